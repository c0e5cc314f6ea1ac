"""Other settings of what was assumed: every plausible number moves, the scenario stays sound."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.areas import BasisKind
from practice_core.experiment import (
    Input,
    Setting,
    Sweep,
    inputs,
    labelled,
    sweep,
)
from practice_core.experiment import settings as draw_settings
from practice_core.simulation import load_scenario

BASE = load_scenario("wujiang")
THIN = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 1_500.0,
    "site_request.per_year": 500.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
}


def at(values: Any, key: str) -> Any:  # noqa: ANN401 - a plain value
    for name in key.split("."):
        values = values[name]
    return values


# ------------------------------------------------------------------ inputs


def test_every_assumed_number_of_the_scenario_is_an_input_unless_its_range_is_a_point() -> None:
    known = {one.key for one in inputs(BASE)}
    for key, basis in BASE.bases.items():
        span = basis.range or basis.scale
        if key in BASE.unused:
            assert key not in known, key
            continue
        if basis.kind is BasisKind.ASSUMED:
            assert span is not None, key
            assert (key in known) == (span[0] < span[1]), key
        if span is None:
            assert key not in known


def test_the_scenarios_own_value_lies_in_its_range() -> None:
    for one in inputs(BASE):
        assert one.low <= one.value <= one.high, one.name


@given(st.floats(0, 1), st.sampled_from(inputs(BASE)))
def test_an_input_stays_in_its_range_and_whole_if_it_is_whole(u: float, one: Input) -> None:
    found = one.at(u)
    assert one.low - 1e-9 <= found <= one.high + 1e-9
    assert not one.whole or found == int(found)


# ------------------------------------------------------------------ settings


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.integers(2, 20))
def test_every_setting_is_a_sound_scenario(seed: int, count: int) -> None:
    found = draw_settings(BASE, count, seed)
    assert len(found) == count
    for setting in found:
        BASE.with_values(setting.values)  # raises if anything is impossible


def test_each_input_falls_once_into_each_stratum() -> None:
    count = 20
    found = draw_settings(BASE, count, 7)
    for one in inputs(BASE):
        if one.whole:
            continue
        drawn = [setting.drawn[one.name] for setting in found]
        if one.low > 0:
            places = [math.log(v / one.low) / math.log(one.high / one.low) for v in drawn]
        else:
            places = [(v - one.low) / (one.high - one.low) for v in drawn]
        assert sorted(min(count - 1, int(p * count + 1e-9)) for p in places) == list(range(count))


def test_shares_stay_shares_and_other_lists_are_only_scaled() -> None:
    for setting in draw_settings(BASE, 10, 3):
        mix = setting.values["resident.mix"]
        assert math.fsum(mix.values()) == pytest.approx(1)
        assert mix != at(BASE.values, "resident.mix")
        weights, base = (
            setting.values["city.institute_weights"],
            at(BASE.values, "city.institute_weights"),
        )
        factors = [setting.drawn[f"city.institute_weights[{n}]"] for n in range(len(base))]
        assert weights == pytest.approx([w * f for w, f in zip(base, factors, strict=True)])
        student = setting.values["teams.free.student"]
        assert student[0] == 0


def test_settings_are_the_same_for_the_same_seed_and_the_base_is_untouched() -> None:
    before = repr(BASE.values)
    assert draw_settings(BASE, 5, 1) == draw_settings(BASE, 5, 1)
    assert draw_settings(BASE, 5, 1) != draw_settings(BASE, 5, 2)
    assert repr(BASE.values) == before


# ------------------------------------------------------------------ what comes of it


def made(delta: float = 0.01, **means: list[float | None]) -> Sweep:
    count = len(next(iter(means.values())))
    chosen = tuple(
        Setting({}, {"answer.kd_per_km": n, "answer.eta": (n * 7) % count, "a.list[0]": n})
        for n in range(count)
    )
    return Sweep(chosen, {label: tuple(values) for label, values in means.items()}, delta)


def test_a_policy_is_good_where_none_is_higher_by_more_than_delta() -> None:
    found = made(nearest=[0.9, 0.8, 0.70, None], random=[0.9, 0.81, 0.72, None])
    assert (found.good("nearest"), found.good("random")) == (2, 3)
    assert found.to_dict()["random"] == {"best_or_equivalent": 3, "of": 4}


def test_in_every_setting_some_policy_is_good() -> None:
    found = made(a=[0.1, 0.2, 0.9], b=[0.5, 0.1, 0.1])
    assert found.good("a") + found.good("b") >= len(found.settings)


def test_the_strongest_input_is_the_one_that_orders_the_difference() -> None:
    kd = [0.5 + 0.02 * n for n in range(10)]
    found = made(nearest=list(kd), random=[0.5] * 10)
    assert found.strongest("nearest", "random", 1) == ("answer.kd_per_km",)
    assert found.strongest("nearest", "random", 9) == ("answer.kd_per_km", "answer.eta")


def test_nothing_is_strong_where_nothing_moves() -> None:
    assert made(nearest=[0.5, 0.5], random=[0.4, 0.4]).strongest("nearest", "random", 3) == ()
    assert made(nearest=[None, 0.5], random=[0.4, 0.4]).strongest("nearest", "random", 3) == ()


def test_a_sweep_runs_every_policy_in_every_setting_on_the_same_draws() -> None:
    base = BASE.with_values(THIN)
    found = sweep(base, labelled(["nearest", "nearest"]), seed=7, count=2, replications=1)
    assert len(found.settings) == 2
    assert found.means["nearest"] == found.means["nearest#2"]
    assert len(set(found.means["nearest"])) == 2
    assert found.to_dict()["nearest"] == {"best_or_equivalent": 2, "of": 2}
