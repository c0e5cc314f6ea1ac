"""Where an assumed number takes the lead away: found on common draws, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from practice_core.dispatch import policy
from practice_core.experiment import Cell, Runner, Tipping, tipping
from practice_core.simulation import Measure, load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from practice_core.experiment import Task

BASE = load_scenario("wujiang")
PAIR = {"nearest": policy("nearest"), "random": policy("random")}
KD = "answer.kd_per_km"


@attrs.frozen(eq=False)
class Analytic(Runner):
    """Computes cells by a formula: what the policies serve at a setting, without simulating it."""

    lead: Callable[[Task], float] = lambda _: 0.0
    asked: list[Task] = attrs.field(factory=list)

    def cells(self, tasks: Sequence[Task]) -> tuple[Cell, ...]:
        self.asked.extend(tasks)
        return tuple(self._cell(task) for task in tasks)

    def _cell(self, task: Task) -> Cell:
        share = 0.5 + (self.lead(task) if task.label == "nearest" else 0.0)
        return Cell(
            task.label, task.replication, 1, {"served_share": Measure(round(share * 10**9), 10**9)}
        )


def linear(task: Task) -> float:
    """A lead of 1.5 points for each .01 of kd, a little different in each replication."""
    return 1.5 * task.scenario.answer.kd_per_km + 0.004 * (task.replication % 4 - 1.5)


def search(lead: Callable[[Task], float], *keys: str, count: int = 2) -> tuple[Tipping, ...]:
    return tipping(BASE, keys or (KD,), PAIR, seed=7, count=count, runner=Analytic(lead=lead))


def test_the_value_is_where_the_mean_difference_is_delta() -> None:
    (tip,) = search(linear)
    assert (tip.input, tip.policy, tip.against, tip.base) == (KD, "nearest", "random", 0.1)
    assert tip.value == pytest.approx(0.01 / 1.5, abs=1e-4)
    assert tip.falls


def test_the_interval_is_where_the_ends_of_the_differences_interval_are_delta() -> None:
    (tip,) = search(linear)
    half = 3.182446 * 0.004 * (5 / 3) ** 0.5 / 2  # Student's t with three degrees of freedom
    assert tip.high == pytest.approx((0.01 + half) / 1.5, abs=1e-4)
    assert tip.low == pytest.approx((0.01 - half) / 1.5, abs=1e-4)
    assert tip.low is not None
    assert tip.high is not None
    assert tip.low < tip.value < tip.high


def test_an_end_that_the_plausible_range_does_not_reach_is_none() -> None:
    (tip,) = search(lambda task: linear(task) + 0.008)
    assert tip.low is None
    assert tip.high is not None


def test_a_number_may_tip_above_too() -> None:
    (tip,) = search(lambda task: 0.2 - task.scenario.answer.kl / 5, "answer.kl")
    assert tip.value == pytest.approx(0.95)
    assert not tip.falls


def test_what_never_takes_the_lead_away_does_not_tip() -> None:
    assert search(lambda _: 0.1) == ()


def test_what_is_not_ahead_cannot_lose_the_lead() -> None:
    assert search(lambda _: 0.01) == ()
    assert search(lambda task: -linear(task)) == ()


def test_the_number_that_moves_most_comes_first_and_no_more_are_sought_than_asked() -> None:
    def lead(task: Task) -> float:
        answer = task.scenario.answer
        return answer.kd_per_km + 0.095 * min(1.0, answer.eta / 1.6) - 0.095

    both = search(lead, "answer.eta", KD)
    assert [tip.input for tip in both] == [KD, "answer.eta"]
    assert [tip.input for tip in search(lead, "answer.eta", KD, count=1)] == [KD]


def test_a_whole_number_is_tried_at_whole_values_only() -> None:
    runner = Analytic(lead=lambda task: 0.01 * task.scenario.own_activity.host_reach - 0.2)
    (tip,) = tipping(BASE, ["own_activity.host_reach"], PAIR, seed=7, runner=runner)
    assert 20 < tip.value < 23
    assert all(isinstance(task.scenario.own_activity.host_reach, int) for task in runner.asked)


def test_both_policies_meet_the_same_draws_at_every_value_and_no_cell_is_asked_twice() -> None:
    runner = Analytic(lead=linear)
    tipping(BASE, [KD, "answer.eta"], PAIR, seed=7, runner=runner)
    asked = [(t.label, t.scenario.digest, t.seed, t.replication) for t in runner.asked]
    ours = {key[1:] for key in asked if key[0] == "nearest"}
    assert ours == {key[1:] for key in asked if key[0] == "random"}
    # The first two replications at the ends are those of the first trial.
    assert len(asked) <= len(set(asked)) + 2 * 2 * 4


def test_the_tipping_value_as_data() -> None:
    tip = Tipping(KD, "nearest", "random", 0.1, 0.025, 0.02, None, 0, 0.2)
    assert tip.to_dict() == {
        "input": KD,
        "between": ["nearest", "random"],
        "base": 0.1,
        "value": 0.025,
        "low": 0.02,
        "high": None,
        "least": 0,
        "most": 0.2,
    }


def test_a_tipping_value_lies_within_the_plausible_range_that_it_carries() -> None:
    for key, lead in ((KD, linear), ("answer.kl", lambda t: 0.2 - t.scenario.answer.kl / 5)):
        (tip,) = search(lead, key)
        assert (tip.least, tip.most) == BASE.bases[key].range
        assert tip.least < tip.value < tip.most
        assert tip.least <= tip.base <= tip.most
