"""The winner is an assumption: without an effect of distance nobody is better, with it it tips."""

from __future__ import annotations

import pytest

from practice_core.dispatch import policy
from practice_core.experiment import Status, compare, judge, tipping
from practice_core.simulation import load_scenario

KD = "answer.kd_per_km"
# All of Wujiang's teams and a quarter of its orders, over few weeks, without own activities.
SHORT = load_scenario("wujiang").with_values(
    {
        "horizon.weeks": 2,
        "horizon.warmup_weeks": 0,
        "resident.per_year": 3_468.0,
        "site_request.per_year": 1_500.0,
        "own_activity.per_year": 0.0,
    }
)


@pytest.mark.slow
def test_without_an_effect_of_distance_no_policy_is_better() -> None:
    flat = SHORT.with_values({KD: 0.0})
    found = compare(flat, ["nearest", "random", "home_first"], replications=4, seed=7)
    statuses = {pair.status for pair in judge(found, looks=1).pairs}
    assert Status.BETTER not in statuses
    steep = compare(SHORT, ["nearest", "random"], replications=4, seed=7)
    assert judge(steep, looks=1).headline.status is Status.BETTER


@pytest.mark.slow
def test_nearest_beats_random_from_a_few_hundredths_of_kd_on() -> None:
    pair = {name: policy(name) for name in ("nearest", "random")}
    (tip,) = tipping(SHORT, [KD], pair, seed=7, replications=2)
    assert tip.falls
    assert 0.01 <= tip.value <= 0.06
