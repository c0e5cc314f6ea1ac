"""A decision whole: verdict, settings, tipping values, bound, and the words that say them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import attrs
import pytest

from practice_core.dispatch import policy
from practice_core.errors import DefinitionError
from practice_core.experiment import (
    Cell,
    CellFolder,
    Clairvoyant,
    Comparison,
    Decision,
    Phase,
    Runner,
    Setting,
    Status,
    Sweep,
    Tipping,
    decide,
    decision_tables,
    judge,
    paragraph,
)
from practice_core.simulation import Measure, Scenario, load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from practice_core.experiment import Task
    from practice_core.terms import Lang

THIN = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 800.0,
    "site_request.per_year": 200.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
}
KD = "answer.kd_per_km"
BOUND = ("served_share", "no_start", "late", "nobody", "unwilling", "contested")


@pytest.fixture(scope="module")
def week() -> Scenario:
    return load_scenario("wujiang").with_values(THIN)


@attrs.frozen(eq=False)
class Analytic(Runner):
    """Computes cells by a formula, and remembers what was asked."""

    share: Callable[[Task], float] = lambda _: 0.5
    asked: list[Task] = attrs.field(factory=list)

    def cells(self, tasks: Sequence[Task]) -> tuple[Cell, ...]:
        self.asked.extend(tasks)
        return tuple(self._cell(task) for task in tasks)

    def _cell(self, task: Task) -> Cell:
        if isinstance(task.subject, Clairvoyant):
            counts = dict(zip(BOUND, (96, 1, 0, 2, 1, 0), strict=True))
            measures = {name: Measure(count, 100) for name, count in counts.items()}
            measures["km_per_served"] = Measure(6, 1)
            return Cell(task.label, task.replication, 1, measures)
        noise = 0.002 * (task.replication * 7 % 5 - 2)
        share = Measure(round((self.share(task) + noise) * 10**6), 10**6)
        kpis = {
            "served_share": share,
            "service_rm": Measure(40, 1),
            "served_share_far": share,
            "km_per_served": Measure(7, 1),
        }
        return Cell(task.label, task.replication, 1, kpis)


def by_kd(task: Task) -> float:
    """Nearest leads by 1.5 points for each .01 of kd; home_first is close behind it."""
    kd = task.scenario.answer.kd_per_km
    wobble = 0.0004 * (task.replication % 3 - 1)
    lead = {"nearest": 1.5 * kd, "home_first": 1.5 * kd - 0.003 + wobble, "random": wobble}
    return 0.75 + lead[task.label.partition("#")[0]]


def decided(
    names: Sequence[str], share: Callable[[Task], float] = by_kd
) -> tuple[Decision, Analytic]:
    runner = Analytic(share=share)
    return decide(load_scenario("wujiang"), names, seed=7, settings=6, runner=runner), runner


# ------------------------------------------------------------------ what is decided


def test_a_clear_case_is_decided_at_the_first_look() -> None:
    found, runner = decided(["nearest", "random", "home_first"])
    verdict = found.verdict
    assert (verdict.policy, verdict.against) == ("nearest", "home_first")
    assert verdict.headline.status is Status.EQUIVALENT
    assert verdict.pair("nearest", "random").status is Status.BETTER
    assert found.comparison.replications == 10
    base = [t for t in runner.asked if t.scenario.horizon.weeks == 52]
    assert len(base) == 3 * 10 + 10  # and the bound


def test_all_go_on_as_long_as_one_is_undecided_so_every_pair_has_the_same_replications() -> None:
    def share(task: Task) -> float:
        swing = 0.05 * (task.replication % 2) if task.label == "home_first" else 0.0
        return {"nearest": 0.9, "home_first": 0.88, "random": 0.5}[task.label] + swing

    found, runner = decided(["nearest", "random", "home_first"], share)
    lengths = {label: len(series) for label, series in found.comparison.measures.items()}
    assert lengths == {"nearest": 40, "home_first": 40, "random": 40}
    assert len(found.bound) == 40
    base = [t for t in runner.asked if t.scenario.horizon.weeks == 52]
    assert {(t.label, t.replication) for t in base} == {
        (label, n) for label in (*lengths, "clairvoyant") for n in range(40)
    }


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"answer.kl": -0.1}, "answer.kl: -0.1"),
        ({"answer.kn": -0.1}, "answer.kn: -0.1"),
    ],
)
def test_what_cannot_be_bounded_is_refused_before_anything_is_computed(
    changes: dict[str, float], fault: str
) -> None:
    runner = Analytic(share=by_kd)
    scenario = load_scenario("wujiang").with_values(changes)
    with pytest.raises(DefinitionError, match=fault):
        decide(scenario, ["nearest", "random"], seed=7, runner=runner)
    assert runner.asked == []


def test_a_range_that_holds_impossible_values_is_refused_before_anything_is_computed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "wide.toml"
    file.write_text(
        "[answer]\nsilent_share = { value = 0.4, basis = 'assumed', range = [0.4, 7], why = 'x' }\n"
        "eta = { value = 1, basis = 'assumed', range = [-101, 101], why = 'x' }\n"
    )
    runner = Analytic(share=by_kd)
    scenario = load_scenario("wujiang").with_file(file)
    with pytest.raises(DefinitionError) as refused:
        decide(scenario, ["nearest", "random"], seed=7, runner=runner)
    assert [(fault.place, fault.remedy) for fault in refused.value.faults] == [
        ("answer.eta.range", "narrow the range"),
        ("answer.eta.range", "narrow the range"),
        ("answer.silent_share.range", "narrow the range"),
    ]
    assert refused.value.faults[2].found.startswith("7: answer.silent_share: 7.0; expected a ")
    assert runner.asked == []


def test_ranges_whose_ends_do_not_go_together_are_named(tmp_path: Path) -> None:
    file = tmp_path / "wide.toml"
    file.write_text(
        "[resident]\n"
        "duration_median_min = { value = 90, basis = 'assumed', range = [60, 119], why = 'x' }\n"
        "duration_mean_min = { value = 120, basis = 'assumed', range = [91, 180], why = 'x' }\n"
    )
    runner = Analytic(share=by_kd)
    scenario = load_scenario("wujiang").with_file(file)
    with pytest.raises(DefinitionError, match="a setting drawn from the ranges") as refused:
        decide(scenario, ["nearest", "random"], seed=7, runner=runner)
    *found, last = refused.value.faults
    assert [fault.place for fault in found] == ["resident.duration_median_min"]
    assert last.remedy == "narrow the range of resident.duration_median_min"
    assert runner.asked == []


def test_any_seed_will_do() -> None:
    runner = Analytic(share=by_kd)
    found = decide(
        load_scenario("wujiang"), ["nearest", "random"], seed=-1, settings=2, runner=runner
    )
    assert found.verdict.policy == "nearest"


def test_what_was_fitted_is_said_and_not_called_assumed(tmp_path: Path) -> None:
    file = tmp_path / "fit.toml"
    file.write_text(
        "[answer]\nkd_per_km = { value = 0.08, basis = 'derived', arithmetic = 'fit', "
        "range = [0.07, 0.09] }"
    )
    scenario = load_scenario("wujiang").with_file(file)
    runner = Analytic(share=by_kd)
    found = decide(scenario, ["nearest", "random"], seed=7, settings=2, runner=runner)
    assert found.fitted == ("answer.kd_per_km",)
    words = said(found)
    assert words.endswith(
        "Not assumed but derived, from a log or otherwise, were answer.kd_per_km; "
        "all else about wujiang is assumed."
    )
    assert "calibrated" not in words


def test_a_single_look_is_a_whole_alpha() -> None:
    runner = Analytic(share=by_kd)
    one = decide(
        load_scenario("wujiang"),
        ["nearest", "random"],
        seed=7,
        looks=[10],
        settings=2,
        runner=runner,
    )
    many, _ = decided(["nearest", "random"])
    narrow, wide = one.verdict.headline.difference, many.verdict.headline.difference
    assert (narrow.half_width or 0) < (wide.half_width or 0)


def test_the_verdict_hinges_on_the_number_that_makes_it() -> None:
    found, _ = decided(["nearest", "random", "home_first"])
    (tip,) = found.tipping
    assert (tip.input, tip.policy, tip.against) == (KD, "nearest", "random")
    assert tip.value == pytest.approx(0.01 / 1.5, abs=0.001)


def test_the_sweep_and_the_tipping_values_rest_on_no_replication_of_the_verdict() -> None:
    _, runner = decided(["nearest", "random", "home_first"])
    base = {t.replication for t in runner.asked if t.scenario.horizon.weeks == 52}
    others = {t.replication for t in runner.asked if t.scenario.horizon.weeks == 4}
    assert others
    assert not base & others


def test_each_phase_says_how_many_cells_it_takes() -> None:
    said: list[tuple[Phase, int]] = []
    runner = Analytic(share=by_kd)
    decide(
        load_scenario("wujiang"),
        ["nearest", "random"],
        seed=7,
        settings=6,
        runner=runner,
        on_phase=lambda phase, cells: said.append((phase, cells)),
    )
    assert said == [
        (Phase.LOOK, 20),
        (Phase.BOUND, 10),
        (Phase.SETTINGS, 24),
        (Phase.TIPPING, 0),
    ]


def test_everything_wrong_with_what_was_asked_is_said_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        decide(load_scenario("wujiang"), ["nearest"], seed=7, looks=[20, 10], settings=1)
    assert [fault.place for fault in caught.value.faults] == ["policies", "looks", "settings"]


# ------------------------------------------------------------------ for real, small


def test_a_decision_is_the_same_wherever_it_is_interrupted(week: Scenario, tmp_path: Path) -> None:
    def small(runner: Runner) -> str:
        names = ["nearest", "random"]
        found = decide(week, names, seed=7, looks=[2], settings=2, runner=runner)
        return found.to_json()

    whole = small(Runner())
    for stop_after in (1, 5, 8):
        folder = CellFolder(tmp_path / str(stop_after))
        seen: list[Cell] = []

        def stop(cell: Cell, seen: list[Cell] = seen, stop_after: int = stop_after) -> None:
            seen.append(cell)
            if len(seen) == stop_after:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            small(Runner(keeper=folder, on_cell=stop))
        assert small(Runner(keeper=folder)) == whole
    found = json.loads(whole)
    assert all(
        served >= share
        for series in found["measures"].values()
        for served, share in zip(
            found["bound"]["served_share"],
            [
                n / d
                for n, d in zip(
                    series["served_share"]["numerator"],
                    series["served_share"]["denominator"],
                    strict=True,
                )
            ],
            strict=True,
        )
    )


# ------------------------------------------------------------------ as data


def test_the_object_is_the_comparison_with_verdict_settings_tipping_and_bound() -> None:
    found, _ = decided(["nearest", "random", "home_first"])
    read = json.loads(found.to_json())
    assert read == json.loads(json.dumps(found.to_dict()))
    assert list(read)[-4:] == ["verdict", "settings", "tipping", "bound"]
    assert read["verdict"]["policy"] == "nearest"
    assert read["verdict"]["status"] == "equivalent"
    assert {"delta", "low", "high"} <= read["verdict"].keys()
    assert set(read["verdict"]["wording"]) == {"en", "zh"}
    assert read["settings"]["nearest"] == {"best_or_equivalent": 6, "of": 6}
    (tip,) = read["tipping"]
    assert {"input", "between", "value", "low", "high"} <= tip.keys()
    assert (tip["least"], tip["base"], tip["most"]) == (0.0, 0.1, 0.2)
    assert read["bound"]["served_share"] == [0.96] * 10
    assert read["bound"]["reasons"]["nobody"] == pytest.approx(0.02)


# ------------------------------------------------------------------ in words


def written(
    status: str = "better", tip: Tipping | None = None, *, others: bool = True
) -> Decision:  # a decision made by hand
    shift = {"better": 0.08, "equivalent": 0.001, "undecided": 0.012}[status]
    noise = 0.05 if status == "undecided" else 0.0002
    series = {
        "status_quo": [0.80, 0.81, 0.79],
        "nearest": [0.80 + shift, 0.81 + shift + noise, 0.79 + shift - noise / 2],
    }
    if others:
        series["random"] = [0.5, 0.51, 0.49]
    measures = {
        label: tuple(
            {
                "served_share": Measure(round(v * 10**6), 10**6),
                "service_rm": Measure(40 + n, 1),
                "served_share_far": Measure(4, 5),
                "km_per_served": Measure(70, 10),
            }
            for n, v in enumerate(values)
        )
        for label, values in series.items()
    }
    comparison = Comparison("wujiang", 7, 52, measures)
    settings = tuple(Setting({}, {}) for _ in range(20))
    means = dict.fromkeys(series, (0.5,) * 20)
    counts = dict(zip(BOUND, (967, 10, 2, 15, 5, 1), strict=True))
    measured = {name: Measure(n, 1000) for name, n in counts.items()}
    bound = (measured | {"km_per_served": Measure(62, 10)},) * 3
    tips = () if tip is None else (tip,)
    return Decision(comparison, judge(comparison), Sweep(settings, means, 0.01), tips, bound)


def said(decision: Decision, lang: Lang = "en") -> str:
    return " ".join(paragraph(decision, lang))


TIP = Tipping(KD, "nearest", "status_quo", 0.1, 0.0254, 0.021, 0.03, 0.0, 0.2)


def test_a_better_policy_is_said_to_be_better_with_its_interval_and_where_that_ends() -> None:
    words = said(written(tip=TIP))
    assert words.startswith(
        "At the assumptions of this scenario nearest serves 88.0 % of dispatched orders, "
        "8.00 points more than status_quo (simultaneous 95 % interval "
    )
    assert "nearest is also better, by the points in brackets, than random (38.00)." in words
    assert "nearest was best or equivalent in 20 of 20 settings of the assumed numbers." in words
    assert (
        "nearest stops being better than status_quo when answer.kd_per_km falls below 0.0254 "
        "(95 % interval 0.021 to 0.03; assumed 0.1): measure that first." in words
    )
    assert "could serve more than 96.7 % of these orders; nearest serves 88.0 %." in words
    assert (
        "1.5 % of orders had no free qualified team at all (recruit, do not re-dispatch)" in words
    )
    assert "nearest drives 7.0 km there and back for each service" in words
    assert "the same orders could have been served with 6.2 km" in words
    assert words.endswith(
        "No figure here was calibrated to the orders of wujiang: answers and their delays are "
        "assumptions."
    )


def test_equivalent_is_said_with_the_margin_and_never_as_no_difference() -> None:
    words = said(written("equivalent"))
    assert "status_quo is within the margin of 1 points, so the two are equivalent" in words
    assert "difference" in words
    assert "no detectable" not in words


def test_undecided_is_said_with_what_it_would_take() -> None:
    decision = written("undecided", others=False)
    words = said(decision)
    needed = decision.verdict.headline.needed
    assert "is undecided (difference" in words
    assert f"about {needed} more replications would tell" in words


def test_a_number_that_tips_above_an_interval_that_is_open_and_none_at_all_are_said_so() -> None:
    above = Tipping("answer.kn", "nearest", "status_quo", 0.25, 0.5, 0.4, None, 0.0, 0.75)
    assert "when answer.kn rises above 0.5 (95 % interval from 0.4 to beyond" in said(
        written(tip=above)
    )
    below = attrs.evolve(TIP, low=None)
    assert "falls below 0.0254 (95 % interval from 0.03 to beyond" in said(written(tip=below))
    assert "No tipping value was found among the assumed numbers" in said(written())


def test_the_words_never_claim_an_optimum_a_gap_or_calibration() -> None:
    for decision in (written(tip=TIP), written("equivalent"), written("undecided")):
        words = said(decision).lower()
        assert "optim" not in words
        assert "gap" not in words
        assert words.count("calibrated") == 1
        assert "no figure here was calibrated" in words


@pytest.mark.parametrize("status", ["better", "equivalent", "undecided"])
def test_the_chinese_words_carry_the_same_figures(status: str) -> None:
    decision = written(status, TIP)
    figures = [sorted(re.findall(r"\d+(?:\.\d+)?", said(decision, lang))) for lang in ("en", "zh")]
    assert figures[0] == figures[1]
    assert "测量" in said(decision, "zh")


def test_the_tables_of_a_decision_say_pairs_guardrails_settings_and_tipping_values() -> None:
    verdicts, guardrails, settings, tipping, *_ = decision_tables(written(tip=TIP))
    assert verdicts.rows[0][0] == "nearest - status_quo"
    assert verdicts.rows[0][4] == "better"
    assert [row[4] for row in guardrails.rows] == ["kept", "kept"]
    assert settings.rows[0] == ("status_quo", "20 / 20")
    assert tipping.rows == ((f"{KD}: nearest - status_quo", "0.1", "0.0254", "[0.021, 0.03]"),)
    assert len(decision_tables(written(), "zh")) == len(decision_tables(written()))


def test_the_policy_object_decided_on_is_the_one_that_was_given() -> None:
    _, runner = decided(["nearest", "random"])
    subjects = {type(t.subject) for t in runner.asked if t.label == "nearest"}
    assert subjects == {type(policy("nearest"))}
