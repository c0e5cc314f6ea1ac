"""Better, equivalent or undecided: how often the verdict may be wrong, and that it is not more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from practice_core.experiment import (
    DELTA,
    LOOKS,
    Comparison,
    Kept,
    Status,
    Verdict,
    estimate,
    judge,
    judge_pair,
)
from practice_core.simulation import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SCALE = 10**9
ALPHA = 0.05
shares = st.lists(st.floats(0, 1, allow_nan=False), min_size=2, max_size=12)


def made(**series: Sequence[float]) -> Comparison:
    """A comparison in which all three measures of a verdict are the given numbers."""
    kpis = ("served_share", "service_rm", "served_share_far")
    measures = {
        label: tuple({kpi: Measure(round(v * SCALE), SCALE) for kpi in kpis} for v in values)
        for label, values in series.items()
    }
    return Comparison("wujiang", 7, 52, measures)


def rails(kpi: str, ours: Sequence[float], theirs: Sequence[float]) -> Kept:
    """The guardrail of one measure, of a policy that serves more."""
    measures = {
        label: tuple(
            {
                "served_share": Measure(share, 100),
                "service_rm": Measure(0, 1),
                "served_share_far": Measure(0, 1),
                kpi: Measure(round(v * SCALE), SCALE),
            }
            for v in values
        )
        for label, share, values in (("new", 95, ours), ("home_first", 80, theirs))
    }
    verdict = judge(Comparison("wujiang", 7, 52, measures))
    return next(g.status for g in verdict.guardrails if g.kpi == kpi)


def looked(differences: NDArray[np.float64], delta: float) -> Status:
    """The verdict after the looks, as a decision takes them; of the higher over the lower mean."""
    status = Status.UNDECIDED
    for look in LOOKS:
        some = differences[:look]
        some = some if some.mean() >= 0 else -some
        zeros = [0.0] * len(some)
        level = ALPHA / len(LOOKS)
        status = judge_pair("a", "b", some.tolist(), zeros, delta=delta, level=level).status
        if status is not Status.UNDECIDED:
            return status
    return status


def statuses(shift: float, delta: float, count: int = 2_000) -> dict[Status, float]:
    """How often each status is given, over experiments with a true difference of `shift`."""
    rng = np.random.default_rng(5)
    drawn = rng.normal(shift, 1.0, (count, LOOKS[-1]))
    found = [looked(row, delta) for row in drawn]
    return {status: found.count(status) / count for status in Status}


# ------------------------------------------------------------------ how often it may be wrong


def test_equal_policies_are_called_better_in_at_most_five_of_a_hundred_experiments() -> None:
    # Delta is so small that nothing can be shown to be equivalent: every other error is "better".
    assert statuses(0.0, delta=1e-6)[Status.BETTER] <= ALPHA + 0.01


def test_without_the_split_of_alpha_over_the_looks_it_would_be_more() -> None:
    rng = np.random.default_rng(5)
    wrong = 0
    for row in rng.normal(0, 1, (2_000, LOOKS[-1])):
        wrong += any(
            abs(row[:n].mean()) > student.ppf(1 - ALPHA / 2, n - 1) * row[:n].std(ddof=1) / n**0.5
            for n in LOOKS
        )
    assert wrong / 2_000 > ALPHA + 0.02


def test_policies_that_differ_by_delta_are_called_equivalent_in_at_most_five_of_a_hundred() -> None:
    assert statuses(0.8, delta=0.8)[Status.EQUIVALENT] <= ALPHA + 0.01


def test_equal_policies_are_found_equivalent_when_delta_is_wide_enough() -> None:
    # Of a standard deviation: with 40 replications two one-sided tests nearly always pass.
    found = statuses(0.0, delta=0.7)
    assert found[Status.EQUIVALENT] > 0.9
    assert found[Status.BETTER] < 0.03


def test_a_difference_well_above_delta_is_found() -> None:
    assert statuses(1.0, delta=0.3)[Status.BETTER] > 0.95


def test_all_pairs_together_are_wrong_no_more_often_than_one() -> None:
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(300):
        shared = rng.normal(0.9, 0.02, 10)
        series = {f"p{n}": (shared + rng.normal(0, 0.01, 10)).tolist() for n in range(5)}
        verdict = judge(made(**series), delta=1e-9, looks=1)
        wrong += any(pair.status is Status.BETTER for pair in verdict.pairs)
    assert wrong / 300 <= ALPHA + 0.04


# ------------------------------------------------------------------ what a verdict is


@given(shares, st.floats(-0.1, 0.1))
def test_what_all_policies_share_changes_nothing(ours: list[float], shift: float) -> None:
    theirs = [0.5] * len(ours)
    one = judge_pair("a", "b", ours, theirs)
    other = judge_pair("a", "b", [v + shift for v in ours], [v + shift for v in theirs])
    assert one.difference.mean == pytest.approx(other.difference.mean, abs=1e-9)
    assert one.difference.half_width == pytest.approx(other.difference.half_width, abs=1e-9)


@given(st.dictionaries(st.sampled_from("abcde"), st.just(0), min_size=2), st.data())
def test_the_best_has_the_highest_mean_and_every_pair_is_judged_once(
    labels: dict[str, int], data: st.DataObject
) -> None:
    series = {
        label: data.draw(
            st.lists(st.integers(0, 100).map(lambda n: n / 100), min_size=3, max_size=3)
        )
        for label in labels
    }
    found = made(**series)
    verdict = judge(found)
    means = {label: found.mean(label, "served_share").mean or 0.0 for label in series}
    assert means[verdict.policy] == max(means.values())
    assert len(verdict.pairs) == math.comb(len(series), 2)
    assert {frozenset((p.policy, p.against)) for p in verdict.pairs} == {
        frozenset((a, b)) for a in series for b in series if a != b
    }
    assert all((p.difference.mean or 0.0) >= -1e-12 for p in verdict.pairs)
    assert verdict.policy in verdict.may_be_best
    assert verdict.headline.policy == verdict.policy


def test_a_small_sure_difference_is_equivalent_not_better() -> None:
    near, home = [0.9100, 0.9110, 0.9120], [0.9070, 0.9081, 0.9089]
    verdict = judge(made(nearest=near, home_first=home), looks=1)
    assert verdict.headline.status is Status.EQUIVALENT
    assert verdict.headline.difference.low is not None
    assert verdict.headline.difference.low > 0
    assert verdict.may_be_best == ("nearest",)


def test_a_policy_beside_itself_is_equivalent_and_both_may_be_best() -> None:
    same = [0.9, 0.8, 0.85]
    verdict = judge(made(nearest=same, nearest2=same))
    assert verdict.headline.status is Status.EQUIVALENT
    assert verdict.headline.difference.mean == 0
    assert verdict.may_be_best == ("nearest", "nearest2")


def test_one_replication_decides_nothing() -> None:
    pair = judge(made(nearest=[0.9], random=[0.5])).headline
    assert (pair.status, pair.needed, pair.variance_removed) == (Status.UNDECIDED, None, None)


def test_the_best_is_held_against_the_baseline_or_if_it_is_the_baseline_the_second_best() -> None:
    low, middle, high = [0.1, 0.2], [0.5, 0.6], [0.8, 0.9]
    found = judge(made(random=middle, nearest=high, status_quo=low))
    assert (found.policy, found.against) == ("nearest", "status_quo")
    found = judge(made(random=middle, nearest=low, status_quo=high))
    assert (found.policy, found.against) == ("status_quo", "random")


def test_the_baseline_is_the_best_of_equals() -> None:
    same = [0.5, 0.6]
    assert judge(made(nearest=same, home_first=same)).policy == "home_first"


def test_policies_with_different_numbers_of_replications_are_compared_on_those_in_common() -> None:
    verdict = judge(made(nearest=[0.9, 0.8, 0.7, 0.6], random=[0.5, 0.4]))
    assert verdict.headline.difference.used == 2
    assert verdict.headline.difference.mean == pytest.approx(0.4)


def test_undecided_says_how_many_more_replications_would_tell() -> None:
    rng = np.random.default_rng(1)
    apart = rng.normal(0.004, 0.03, 10)
    pair = judge_pair("a", "b", apart.tolist(), [0.0] * 10, level=ALPHA / 3, pairs=3)
    assert pair.status is Status.UNDECIDED
    assert pair.needed is not None
    count = 10 + pair.needed
    deviation = float(apart.std(ddof=1))

    def half(n: int) -> float:
        return float(student.ppf(1 - ALPHA / 18, n - 1)) * deviation / math.sqrt(n)

    assert half(count) <= DELTA / 2 < half(count - 1)


def test_a_hopeless_number_of_replications_is_not_named() -> None:
    pair = judge_pair("a", "b", [1e9, -1e9, 5e8], [0.0] * 3)
    assert (pair.status, pair.needed) == (Status.UNDECIDED, None)


def test_common_draws_remove_the_variance_that_two_policies_share() -> None:
    shared = [0.9, 0.8, 0.7, 0.6]
    same = judge_pair("a", "b", [v + 0.1 for v in shared], shared).variance_removed
    assert same == pytest.approx(1.0)
    against = judge_pair("a", "b", shared, shared[::-1]).variance_removed
    assert against == pytest.approx(-1.0)
    assert judge_pair("a", "b", [0.5, 0.5], [0.4, 0.4]).variance_removed is None


def test_a_replication_without_the_figure_is_left_out_of_its_pair() -> None:
    pair = judge_pair("a", "b", [0.9, None, 0.8, 0.7], [0.1, 0.2, None, 0.3])
    assert (pair.difference.used, pair.difference.left_out) == (2, 2)


# ------------------------------------------------------------------ guardrails


def test_a_guardrail_is_kept_broken_or_unclear() -> None:
    base = [100.0, 101.0, 99.0, 100.5]
    assert rails("service_rm", [v - 5 for v in base], base) is Kept.KEPT
    assert rails("service_rm", [v + 1 for v in base], base) is Kept.KEPT
    assert rails("service_rm", [v + 5 for v in base], base) is Kept.BROKEN
    assert rails("service_rm", [90.0, 120.0, 80.0, 115.0], base) is Kept.UNCLEAR
    share = [0.80, 0.81, 0.79, 0.80]
    assert rails("served_share_far", [v - 0.01 for v in share], share) is Kept.KEPT
    assert rails("served_share_far", [v - 0.05 for v in share], share) is Kept.BROKEN
    assert rails("served_share_far", [0.9], [0.8]) is Kept.UNCLEAR


# ------------------------------------------------------------------ as data


def verdict_of_three() -> Verdict:
    return judge(
        made(
            nearest=[0.90, 0.91, 0.92],
            home_first=[0.899, 0.909, 0.919],
            random=[0.70, 0.72, 0.73],
        ),
        looks=1,
    )


def test_the_verdict_as_data_names_policy_status_delta_and_interval() -> None:
    found = verdict_of_three().to_dict()
    assert (found["policy"], found["against"]) == ("nearest", "home_first")
    assert (found["status"], found["delta"], found["kpi"]) == ("equivalent", 0.01, "served_share")
    assert found["low"] <= found["difference"] <= found["high"]
    assert [pair["status"] for pair in found["pairs"]] == ["equivalent", "better", "better"]
    assert [rail["kpi"] for rail in found["guardrails"]] == ["service_rm", "served_share_far"]


def test_policies_are_listed_by_how_the_best_stands_to_them_nearest_first() -> None:
    verdict = verdict_of_three()
    assert verdict.against_best(Status.EQUIVALENT) == ("home_first",)
    assert verdict.against_best(Status.BETTER) == ("random",)
    assert verdict.against_best(Status.UNDECIDED) == ()


def test_the_interval_of_a_single_pair_at_one_look_is_that_of_student() -> None:
    values = [0.1, 0.2, 0.4]
    pair = judge_pair("a", "b", values, [0.0] * 3, level=0.05)
    assert pair.difference == estimate(values)
