"""What compare keeps: the figures, one run drawn, every assumption, and how it was computed."""

from __future__ import annotations

import json
import platform
import tomllib
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import Basis, BasisKind, scenario_bytes
from practice_core.dispatch import policy
from practice_core.experiment import (
    Decision,
    Runner,
    assumptions,
    code_version,
    compare,
    decide,
    labelled,
    processes,
    summary,
    to_json,
)
from practice_core.experiment.cells import fitted
from practice_core.simulation import Scenario, load_scenario, portrait, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

THIN = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 800.0,
    "site_request.per_year": 200.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
}
NAMES = ("nearest", "home_first", "best_answer")
SOURCE = {"published": "document", "derived": "arithmetic", "assumed": "why"}
BASE = load_scenario("wujiang")


@pytest.fixture(scope="module")
def week() -> Scenario:
    return BASE.with_values(THIN)


@pytest.fixture(scope="module")
def kept(week: Scenario) -> dict[str, Any]:
    """The summary of a comparison."""
    policies = labelled(NAMES)
    return summary(compare(week, policies, replications=2, seed=7), week, policies)


@pytest.fixture(scope="module")
def decision(week: Scenario) -> Decision:
    return decide(week, ["random", "best_answer"], seed=7, looks=[2, 4], settings=2)


# ------------------------------------------------------------------ the summary


def test_a_summary_is_the_comparison_and_three_things_more(
    week: Scenario, kept: dict[str, Any]
) -> None:
    figures = compare(week, NAMES, replications=2, seed=7).to_dict()
    assert {key: kept[key] for key in figures} == figures
    assert list(kept) == [*figures, "portrait", "assumptions", "method"]


def test_without_a_verdict_the_first_replication_of_the_baseline_is_drawn(
    week: Scenario, kept: dict[str, Any]
) -> None:
    done = run(week, policy("home_first"), seed=7, replication=0)
    assert kept["portrait"] == portrait(done, "home_first").to_dict()
    share = kept["measures"]["home_first"]["served_share"]
    sites = kept["portrait"]["sites"]
    assert sum(site["served"] for site in sites) == share["numerator"][0]
    assert sum(site["orders"] for site in sites) == share["denominator"][0]


def test_with_a_verdict_the_best_is_drawn(week: Scenario, decision: Decision) -> None:
    drawn = summary(decision, week, labelled(["random", "best_answer"]))["portrait"]
    best = decision.verdict.policy
    assert drawn["policy"] == best
    served = sum(site["served"] for site in drawn["sites"])
    assert served == decision.comparison.series(best, "served_share")[0].numerator


def test_what_is_drawn_is_fitted_to_the_scenario_as_it_was_compared(week: Scenario) -> None:
    changed = week.with_values({"answer.kd_per_km": 0.0, "answer.kn": 0.75})
    plain = policy("best_answer")
    policies = {"mine": plain}
    drawn = summary(compare(changed, policies, replications=1, seed=7), changed, policies)
    told, untold = (
        portrait(run(changed, one, seed=7, replication=0), "mine").to_dict()
        for one in (fitted(plain, changed), plain)
    )
    assert drawn["portrait"] == told != untold


def test_a_policy_of_ones_own_is_drawn_under_its_label(week: Scenario) -> None:
    policies = labelled(["nearest", "nearest"])
    del policies["nearest"]
    found = compare(week, policies, replications=1, seed=7)
    assert summary(found, week, policies)["portrait"]["policy"] == "nearest#2"


def test_the_method_of_a_comparison(week: Scenario, kept: dict[str, Any]) -> None:
    assert kept["method"] | {"versions": {}} == {
        "versions": {},
        "code": code_version(),
        "scenario": week.digest,
        "looks": None,
        "delta": None,
        "settings": None,
        "warmup_weeks": 0,
        "runout_days": 28,
        "starts_on": "2020-03-02",
        "city": "replication",
        "short_weeks": None,
        "setting_replications": None,
        "tipping_replications": None,
        "candidates": None,
        "informed": ["best_answer"],
    }
    versions = kept["method"]["versions"]
    assert list(versions)[:2] == ["practice-core", "python"]
    assert versions["python"] == platform.python_version()
    others = {name: metadata.version(name) for name in versions if name != "python"}
    assert others == {name: versions[name] for name in others}
    assert {"numpy", "scipy", "simpy"} < others.keys()


def test_the_method_of_a_decision_says_its_looks_its_delta_and_its_settings(
    week: Scenario, decision: Decision
) -> None:
    found = summary(decision, week, labelled(["random", "best_answer"]))
    assert (found["method"]["looks"], found["method"]["settings"]) == ([2, 4], 2)
    assert found["method"]["delta"] == 0.01
    assert {key: found[key] for key in decision.to_dict()} == decision.to_dict()


# ------------------------------------------------------------------ as text


def test_the_text_is_the_same_on_one_worker_and_on_two(
    week: Scenario, kept: dict[str, Any]
) -> None:
    policies = labelled(NAMES)
    with processes(2) as executor:
        found = compare(week, policies, replications=2, seed=7, runner=Runner(executor, 2))
    assert to_json(summary(found, week, policies)) == to_json(kept)


def test_the_text_of_all_sites_is_small_and_holds_no_path_and_nothing_that_is_no_number(
    kept: dict[str, Any], tmp_path: Path
) -> None:
    text = to_json(kept)
    assert json.loads(text) == kept
    assert text.isascii()
    assert len(kept["portrait"]["sites"]) == 801
    assert len(text) < 600_000
    assert str(tmp_path.parent) not in text
    assert platform.node() not in text
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"nan": float("nan")})


plain: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), plain | st.text(), max_size=4))
def test_the_text_of_anything_reads_back(found: dict[str, Any]) -> None:
    text = to_json(found)
    assert json.loads(text) == found
    assert len(text.splitlines()) == len(found) + 2 + (not found)


# ------------------------------------------------------------------ assumptions


def numbers(node: object, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every number table of a file as it stands there, by dotted key."""
    if isinstance(node, dict) and "basis" in node:
        yield key, node
    elif isinstance(node, dict):
        for name, part in node.items():
            yield from numbers(part, f"{key}.{name}" if key else name)


def in_files() -> dict[str, dict[str, Any]]:
    folder = resources.files("practice_core").joinpath("areas", "wujiang")
    area = tomllib.loads(folder.joinpath("area.toml").read_text(encoding="utf-8"))
    return dict(numbers(tomllib.loads(scenario_bytes("wujiang").decode()), "")) | dict(
        numbers(area, "area")
    )


def test_every_number_of_both_files_is_there_once_with_what_it_rests_on() -> None:
    found = [each.to_dict() for each in assumptions(BASE)]
    wanted = in_files()
    assert [each["key"] for each in found] == list(wanted)
    for each, node in zip(found, wanted.values(), strict=True):
        assert each == {
            "key": each["key"],
            "value": node["value"],
            "basis": node["basis"],
            "source": node[SOURCE[node["basis"]]],
            "range": node.get("range"),
            "scale": node.get("scale"),
        }
    assert {"area.network.station", "area.loop.tries", "resident.mix"} < wanted.keys()
    assert {"teams.free.office", "season.night_hours"} < wanted.keys()


def test_texts_switches_and_lists_of_names_are_not_among_them() -> None:
    keys = {each.key for each in assumptions(BASE)}
    texts = {"area", "horizon.starts_on", "city.draw", "teams.lifted", "area.id", "area.loop.chain"}
    assert not keys & texts


CHANGES: dict[str, Any] = {
    "answer.kd_per_km": 0.0,
    "horizon.weeks": 52,
    "resident.mix": {"law": 0.5, "aid": 0.5},
    "season.night_hours": [0, 1],
    "teams.free.office": [0, 0, 0, 0.5],
    "teams.archetypes": BASE.values["teams"]["archetypes"],
    "service": BASE.values["service"],
}


@given(st.sets(st.sampled_from(sorted(CHANGES))))
def test_what_was_changed_for_a_run_is_set_and_all_else_rests_on_what_it_did(
    keys: set[str],
) -> None:
    before = {each.key: each for each in assumptions(BASE)}
    changed = assumptions(BASE.with_values({key: CHANGES[key] for key in keys}))
    assert [each.key for each in changed] == list(before)
    for each in changed:
        touched = [key for key in keys if f"{each.key}.".startswith(f"{key}.")]
        if touched:
            assert each.basis == Basis(BasisKind.SET, "")
            rest = each.key.removeprefix(touched[0]).lstrip(".")
            wanted = CHANGES[touched[0]]
            assert each.value == (wanted[rest] if rest else wanted)
        else:
            assert each == before[each.key]


def test_a_part_of_a_table_that_was_changed_makes_the_table_one_that_was_set() -> None:
    changed = BASE.with_values({"site_request.level_shares.center": 0})
    (found,) = (each for each in assumptions(changed) if each.key == "site_request.level_shares")
    assert found.to_dict() == {
        "key": "site_request.level_shares",
        "value": {"center": 0, "institute": 0.10, "station": 0.90, "spot": 0},
        "basis": "set",
        "source": "",
        "range": None,
        "scale": None,
    }


def test_a_file_of_other_assumptions_brings_its_own_bases(tmp_path: Path) -> None:
    file = tmp_path / "fit.toml"
    file.write_text(
        "[answer]\nkd_per_km = { value = 0.08, basis = 'derived', arithmetic = 'a log', "
        "range = [0.07, 0.09] }"
    )
    found = {each.key: each for each in assumptions(BASE.with_file(file))}["answer.kd_per_km"]
    assert found.value == 0.08
    assert found.basis == Basis(BasisKind.DERIVED, "a log", (0.07, 0.09))
