"""A scenario is everything assumed, as data: changed by key, refused as a whole, told by digest."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
import re
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.dispatch import policy
from practice_core.errors import DefinitionError, PracticeError, UnknownName
from practice_core.experiment.bound import edges
from practice_core.simulation import Scenario, load_scenario, run
from practice_core.simulation.city import draw_city
from practice_core.simulation.tape import tape_for
from practice_core.terms import Category
from practice_core.units import DAY, WEEK, moment

if TYPE_CHECKING:
    from pathlib import Path

BASE = load_scenario("wujiang")
CHINA = dt.timezone(dt.timedelta(hours=8))
RANGES = {key: basis.range for key, basis in BASE.bases.items() if basis.range is not None}

# Impossible values, each by itself; beside it the key at which it is found if that is another.
IMPOSSIBLE: dict[str, tuple[Any, str | None]] = {
    "horizon.starts_on": ("2020-03-03", None),
    "horizon.weeks": (0, None),
    "city.station_sigma_km": (-0.1, None),
    "city.spot_sigma_km": (1_001, None),
    "horizon.warmup_weeks": (-1, None),
    "horizon.runout_days": (27, None),
    "city.institute_weights": ([1.0] * 10, None),
    "resident.per_year": (-1, None),
    "resident.even_share": (1.01, None),
    "resident.needed_shares": ([0.5, 0.5, 0.5], None),
    "resident.duration_median_min": (0, None),
    "resident.duration_mean_min": (1, "resident.duration_median_min"),
    "resident.duration_longest_min": (1, "resident.duration_shortest_min"),
    "resident.patience_median_days": (0, None),
    "resident.patience_sigma": (10.1, None),
    "resident.patience_shortest_days": (22, None),
    "site_request.needed_least": (0, None),
    "site_request.needed_most": (1, "site_request.needed_least"),
    "site_request.duration_longest_min": (601, None),
    "site_request.ahead_least_days": (15, "site_request.ahead_most_days"),
    "site_request.mix": ({"law": 0.9}, None),
    "own_activity.usual_mean": (1, "own_activity.usual_median"),
    "own_activity.mean_needed": (11.0, None),
    "own_activity.part_shares": ([0.5, 0.5], None),
    "own_activity.weekday_factors": ([1.0] * 6, None),
    "own_activity.lead_days": (-1, None),
    "own_activity.host_reach": (0, None),
    "own_activity.host_decay_per_km": (10.1, None),
    "season.month_factors": ([0.0] * 12, None),
    "season.peak_hours": ([8, 24], None),
    "season.night_factor": (-0.1, None),
    "requested_time.shares": ({"weekday_day": 1.0, "any": -0.0001}, None),
    "teams.count": (0, None),
    "teams.members_mean": (1, "teams.members_median"),
    "teams.members_most": (1, "teams.members_least"),
    "teams.tier_shares": ({"center": 2.0, "spot": -1.0}, None),
    "teams.willingness_sd": (10.1, None),
    "teams.free.unit": ([0.1] * 3, None),
    "teams.archetypes.law": ([0.5, 0.5], None),
    "teams.archetypes.aid": ([0.5, 0.5, 0.5, -0.5], None),
    "answer.eta": (-100.1, None),
    "answer.kd_per_km": (5.1, None),
    "answer.kl": (20.1, None),
    "answer.kn": (20.1, None),
    "answer.order_effect_sd": (10.1, None),
    "answer.silent_share": (-0.5, None),
    "answer.delay_median_hours": (0, None),
    "answer.quiet_from_hour": (25, None),
    "answer.quiet_to_hour": (-1, None),
    "service.team_no_show": (2, None),
    "service.dissatisfied_per_day": (-1, None),
}


# ---------------------------------------------------------------------------- changing values


def test_a_changed_copy_leaves_the_scenario_as_it_was() -> None:
    before = copy.deepcopy(dict(BASE.values))
    flat = BASE.with_values({"answer.kd_per_km": 0.0, "teams.category_shares.law": 0.03})
    assert flat.answer.kd_per_km == 0.0
    assert BASE.answer.kd_per_km == 0.1
    flat.values["season"]["month_factors"][0] = 7
    assert BASE.values == before


def test_what_is_set_rests_on_nothing_any_more_and_is_not_swept() -> None:
    flat = BASE.with_values(
        {"answer.kd_per_km": 0.0, "resident.mix.law": 0.07, "season": BASE.values["season"]}
    )
    gone = {"answer.kd_per_km", "resident.mix"} | {k for k in BASE.bases if k[:7] == "season."}
    assert BASE.bases.keys() - flat.bases.keys() == gone
    assert "answer.kl" in flat.bases


def test_a_file_of_other_assumptions_brings_their_basis(tmp_path: Path) -> None:
    file = tmp_path / "overrides.toml"
    file.write_text(
        "[answer]\nkd_per_km = { value = 0.05, basis = 'derived', arithmetic = 'fit', "
        "range = [0.04, 0.06] }\n[resident]\nmix = { value = { law = 1 }, basis = 'assumed', "
        "scale = [1, 1], why = 'a town of lawyers' }\n[city]\ndraw = 'fixed'\n"
    )
    changed = BASE.with_file(file)
    assert (changed.answer.kd_per_km, changed.city.draw) == (0.05, "fixed")
    assert changed.resident.mix == {Category.LAW: 1.0}
    assert changed.bases["answer.kd_per_km"].range == (0.04, 0.06)
    assert changed.bases["answer.kd_per_km"].source == "fit"
    assert changed.bases["answer.kl"] == BASE.bases["answer.kl"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[answer]\nkd_per_km = 0.05", "without a basis"),
        ("[answer]\nkd = { value = 1, basis = 'derived', arithmetic = 'x' }", "answer.kd"),
        ("[answer]\neta = { value = 'a', basis = 'derived', arithmetic = 'x' }", "a number"),
        ("answer = 1", "without a basis"),
        ("[", "TOML"),
        ("x" * 300_000, "characters"),
        ("\x00\udcff", "binary content"),
        ("a = \udcff", "not UTF-8"),
    ],
)
def test_a_bad_file_of_assumptions_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "overrides.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(PracticeError, match=re.escape(fault)):
        BASE.with_file(file)


def test_a_whole_section_may_be_changed() -> None:
    shares = {"weekday_day": 0.2, "evening_weekend": 0.3, "any": 0.5}
    changed = BASE.with_values({"requested_time": {"shares": shares}})
    assert changed.requested_time.shares == shares


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("answer.kd_perkm", "answer.kd_per_km"),
        ("horizon.week", "horizon.weeks"),
        ("resident.mix.lore", "resident.mix.law"),
        ("teams.counts", "teams.count"),
    ],
)
def test_an_unknown_key_is_answered_with_the_one_that_was_meant(key: str, meant: str) -> None:
    with pytest.raises(UnknownName, match=f"'{meant}'") as unknown:
        BASE.with_values({key: 1})
    assert (unknown.value.kind, unknown.value.name) == ("key", key)


@pytest.mark.parametrize("key", ["", ".", "answer.", "answer.kn.x", "season.month_factors.0"])
def test_a_key_that_leads_nowhere_is_unknown(key: str) -> None:
    with pytest.raises(UnknownName):
        BASE.with_values({key: 1})


def test_an_unknown_area_is_no_scenario() -> None:
    with pytest.raises(UnknownName, match="wujiang"):
        load_scenario("wujang")


# ---------------------------------------------------------------------------- refusing values


@pytest.mark.parametrize("key", sorted(IMPOSSIBLE))
def test_an_impossible_value_is_one_fault_at_its_key(key: str) -> None:
    value, place = IMPOSSIBLE[key]
    with pytest.raises(DefinitionError) as refused:
        BASE.with_values({key: value})
    assert refused.value.subject == "scenario"
    (fault,) = refused.value.faults
    assert fault.place == (place or key)
    assert fault.found
    assert fault.expected
    assert fault.remedy.startswith("change ")


@given(st.sets(st.sampled_from(sorted(IMPOSSIBLE)), min_size=1))
def test_all_impossible_values_are_named_at_once(keys: set[str]) -> None:
    with pytest.raises(DefinitionError) as refused:
        BASE.with_values({key: IMPOSSIBLE[key][0] for key in keys})
    places = {IMPOSSIBLE[key][1] or key for key in keys}
    assert {fault.place for fault in refused.value.faults} == places


def test_missing_unknown_and_mistyped_values_are_named_at_once() -> None:
    values = copy.deepcopy(dict(BASE.values))
    del values["answer"]["eta"]
    values["answer"]["etta"] = 1.6
    values["teams"]["count"] = "many"
    values["city"]["draw"] = "often"
    values["requested_time"]["shares"]["night"] = 0.0
    values["own_activity"]["mix"]["gardening"] = 0.0
    with pytest.raises(DefinitionError) as refused:
        Scenario(BASE.area, values, BASE.bases)
    assert {fault.place for fault in refused.value.faults} == {
        "answer.eta",
        "answer.etta",
        "teams.count",
        "city.draw",
        "requested_time.shares.night",
        "own_activity.mix.gardening",
    }


def of_its_kind(key: str, value: float) -> float:
    return round(value) if isinstance(attrgetter(key)(BASE), int) else value


@given(st.data())
@settings(max_examples=50)
def test_every_value_inside_its_range_may_be_assumed_with_every_other(data: st.DataObject) -> None:
    plausible = {
        key: st.sampled_from([least, most]) | st.floats(least, most)
        for key, (least, most) in RANGES.items()
    }
    drawn = data.draw(st.fixed_dictionaries(plausible))
    assumed = BASE.with_values({key: of_its_kind(key, value) for key, value in drawn.items()})
    assert assumed.answer.kn == drawn["answer.kn"]


@pytest.mark.parametrize("end", [0, 1])
def test_a_tape_can_be_drawn_at_the_ends_of_all_ranges(end: int) -> None:
    ends = {key: of_its_kind(key, span[end]) for key, span in RANGES.items()}
    few = {"teams.count": 60, "horizon.weeks": 1, "horizon.warmup_weeks": 0}
    few |= {f"{stream}.per_year": 1_000 for stream in ("resident", "site_request", "own_activity")}
    scenario = BASE.with_values(ends | few)
    tape = tape_for(scenario, draw_city(scenario, 7, 0), 7, 0)
    assert len(tape.demand) > 0
    assert (tape.demand.latest > tape.demand.earliest).all()


@pytest.mark.parametrize("night", [[], [0, 1], list(range(24))])
def test_a_day_has_an_hour_in_which_orders_are_placed(night: list[int]) -> None:
    closed = {"season.peak_hours": list(range(24)), "season.peak_factor": 0.0}
    closed |= {"season.night_hours": night, "season.night_factor": 0.0}
    with pytest.raises(DefinitionError) as refused:
        BASE.with_values(closed)
    assert [fault.place for fault in refused.value.faults] == ["season.night_factor"]
    some = BASE.with_values(closed | {"season.peak_hours": [8], "season.night_hours": [0]})
    assert some.season.peak_hours == [8]


EXTREME = {
    "answer.eta": -100.0,
    "answer.kd_per_km": 5.0,
    "answer.kl": 20.0,
    "answer.kn": 20.0,
    "answer.order_effect_sd": 10.0,
    "answer.delay_median_hours": 10_000.0,
    "answer.delay_sigma": 10.0,
    "service.review_median_hours": 10_000.0,
    "service.review_sigma": 10.0,
    "resident.patience_sigma": 10.0,
    "own_activity.host_decay_per_km": 10.0,
    "own_activity.usual_median": 1e-12,
    "own_activity.mass_share": 1e-12,
    "own_activity.mass_median": 1e-12,
    "own_activity.mean_needed": 10_000.0,
    "teams.members_median": 1e-12,
    "teams.members_mean": 1_000_000.0,
    "teams.members_most": 1_000_000,
    "teams.willingness_sd": 10.0,
    "teams.availability_factor": 1_000.0,
}


@pytest.mark.parametrize("turned", [{}, {"answer.eta": 100.0, "answer.kd_per_km": -1.0}])
def test_a_week_can_be_simulated_and_bounded_at_the_ends_of_what_is_lawful(
    turned: dict[str, float],
) -> None:
    few = {"teams.count": 60, "horizon.weeks": 1, "horizon.warmup_weeks": 0}
    few |= {f"{stream}.per_year": 1_000 for stream in ("resident", "site_request", "own_activity")}
    done = run(BASE.with_values(few | EXTREME | turned), policy("nearest"), seed=7, replication=0)
    assert done.measures["served_share"].denominator > 0
    assert len(edges(done.tape).cohort) == done.measures["served_share"].denominator


# ---------------------------------------------------------------------------- digest and pickle

changes = st.fixed_dictionaries(
    {},
    optional={
        "answer.kd_per_km": st.sampled_from([0.0, 0.05, 0.1]),
        "horizon.weeks": st.integers(1, 60),
        "city.draw": st.sampled_from(["replication", "fixed"]),
        "resident.mix.law": st.just(0.07),
        "season.month_factors": st.just([1.0] * 12),
    },
)


@given(changes, changes)
def test_equal_digests_mean_equal_values(some: dict[str, Any], others: dict[str, Any]) -> None:
    one, other = BASE.with_values(some), BASE.with_values(others)
    same = one.values == other.values
    assert (one.digest == other.digest) is same
    assert (one == other) is same
    assert len({one, other}) == (1 if same else 2)


@given(changes)
def test_the_order_of_the_changes_plays_no_part(some: dict[str, Any]) -> None:
    backwards = dict(reversed(some.items()))
    step_by_step = BASE
    for key, value in some.items():
        step_by_step = step_by_step.with_values({key: value})
    assert BASE.with_values(some) == BASE.with_values(backwards) == step_by_step


def test_the_base_scenario_is_equal_to_its_copy_and_to_nothing_else() -> None:
    assert BASE.with_values({}) == BASE
    assert BASE.with_values({"answer.kd_per_km": 0.1}).digest == BASE.digest
    assert BASE.digest != BASE


@given(changes)
def test_a_scenario_travels_between_processes(some: dict[str, Any]) -> None:
    sent = BASE.with_values(some)
    arrived = pickle.loads(pickle.dumps(sent))  # noqa: S301 - what the line before wrote
    assert arrived == sent
    assert arrived.values == sent.values
    assert arrived.bases == sent.bases
    assert arrived.cohort == sent.cohort


# ---------------------------------------------------------------------------- horizon


@given(
    monday=st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)).map(
        lambda day: day - dt.timedelta(days=day.weekday())
    ),
    warmup=st.integers(0, 10),
    weeks=st.integers(1, 60),
    runout=st.integers(28, 60),
)
def test_the_cohort_lies_between_warm_up_and_run_out(
    monday: dt.date, warmup: int, weeks: int, runout: int
) -> None:
    scenario = BASE.with_values(
        {
            "horizon.starts_on": monday.isoformat(),
            "horizon.warmup_weeks": warmup,
            "horizon.weeks": weeks,
            "horizon.runout_days": runout,
        }
    )
    begins = moment(scenario.begins, offset=8 * 3_600_000)
    assert begins == dt.datetime.combine(monday, dt.time(), CHINA)
    first, end = scenario.cohort
    assert first == scenario.begins + warmup * WEEK
    assert end == first + weeks * WEEK
    assert scenario.ends == end + runout * DAY


def test_by_default_a_year_counts_after_five_weeks_and_closes_in_28_days() -> None:
    first, end = BASE.cohort
    days = [moment(at, offset=8 * 3_600_000).isoformat() for at in (BASE.begins, first, end)]
    assert days == [
        "2020-03-02T00:00:00+08:00",
        "2020-04-06T00:00:00+08:00",
        "2021-04-05T00:00:00+08:00",
    ]
    assert BASE.ends - end == 28 * DAY


@pytest.mark.parametrize(
    "day",
    [
        *("2020-02-30", "soon", "2020-03-01", "", "02.03.2020"),
        *("2020-W10-1", "20200302", "1989-12-25", "2101-01-03", "9998-12-28"),
    ],
)
def test_the_simulation_starts_on_a_monday(day: str) -> None:
    with pytest.raises(DefinitionError, match=r"horizon\.starts_on: .*the date of a Monday"):
        BASE.with_values({"horizon.starts_on": day})


def test_the_run_out_covers_the_longest_wait_and_the_rating() -> None:
    assert BASE.with_values({"horizon.runout_days": 28}) == BASE
    with pytest.raises(DefinitionError, match="at least 28:"):
        BASE.with_values({"horizon.runout_days": 27})
    with pytest.raises(DefinitionError, match="at least 37"):
        BASE.with_values({"resident.patience_longest_days": 30})
    with pytest.raises(DefinitionError, match="at least 31"):
        BASE.with_values({"site_request.ahead_most_days": 24})


# ---------------------------------------------------------------------------- what MODEL says


def test_the_answer_model_has_the_figures_of_the_specification() -> None:
    law = BASE.answer
    assert (law.eta, law.kd_per_km, law.kl, law.kn) == (1.6, 0.1, 0.8, 0.25)
    assert (law.order_effect_sd, law.silent_share) == (0.7, 0.4)
    assert (law.delay_median_hours, law.delay_sigma) == (2, 1)
    assert (law.quiet_from_hour, law.quiet_to_hour) == (21, 8)


def test_the_three_streams_add_up_to_what_was_held_in_2020() -> None:
    held = BASE.resident.per_year * 0.92 + BASE.site_request.per_year * 0.89
    assert held + BASE.own_activity.per_year == pytest.approx(53_000, abs=50)
    assert BASE.teams.count == 2_028
    assert set(BASE.teams.category_shares) == {
        Category.THEORY,
        Category.EDUCATION,
        Category.CULTURE,
        Category.SCIENCE,
        Category.HEALTH,
        Category.LAW,
        Category.ENVIRONMENT,
        Category.AID,
    }
