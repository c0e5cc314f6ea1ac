"""Intervals over replications, and over differences between two policies on the same ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.experiment import Estimate, estimate, paired

values = st.floats(-1e6, 1e6).map(lambda x: round(x, 6) + 0.0)
samples = st.lists(values, min_size=2, max_size=12)
gappy = st.lists(st.none() | values, max_size=12)


def test_three_replications_give_the_published_interval() -> None:
    found = estimate([10, 20, 30])
    assert found.mean == 20
    assert found.half_width == pytest.approx(24.841, abs=5e-4)
    assert found.low == pytest.approx(-4.841, abs=5e-4)
    assert found.high == pytest.approx(44.841, abs=5e-4)


@pytest.mark.parametrize(("n", "t"), [(2, 12.706), (6, 2.571), (10, 2.262), (20, 2.093)])
def test_the_quantile_is_that_of_students_table(n: int, t: float) -> None:
    sample = [float(k % 2) for k in range(n)]
    sd = np.std(sample, ddof=1)
    assert estimate(sample).half_width == pytest.approx(t * sd / n**0.5, rel=1e-3)


def test_one_replication_has_a_mean_and_no_interval() -> None:
    found = estimate([0.9])
    assert (found.mean, found.half_width, found.low, found.high) == (0.9, None, None, None)


def test_without_a_value_there_is_no_mean() -> None:
    assert estimate([]) == Estimate(None, None, 0, 0)
    assert estimate([None, None]) == Estimate(None, None, 0, 2)
    assert estimate([None]).low is None


def test_a_replication_with_nothing_to_count_is_left_out_and_counted() -> None:
    assert estimate([1.0, None, 3.0]).mean == 2
    assert estimate([1.0, None, 3.0]).left_out == 1


def test_a_pair_is_left_out_when_either_side_has_nothing_to_count() -> None:
    found = paired([1.0, None, 3.0, 5.0], [0.5, 2.0, None, 4.5])
    assert found == Estimate(0.5, 0.0, used=2, left_out=2)


def test_one_pair_has_a_difference_and_no_interval() -> None:
    found = paired([1.0, None], [0.5, 2.0])
    assert (found.mean, found.low, found.high) == (0.5, None, None)


def test_pairs_need_the_same_replications() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired([1.0, 2.0], [1.0])


@given(gappy)
def test_a_policy_against_itself_differs_by_exactly_nothing(sample: list[float | None]) -> None:
    found = paired(sample, sample)
    assert found.mean in (0.0, None)
    assert found.half_width in (0.0, None)
    assert found.used + found.left_out == len(sample)


@given(gappy, st.data())
def test_swapping_the_two_policies_swaps_the_sign(
    ours: list[float | None], data: st.DataObject
) -> None:
    theirs = data.draw(st.lists(st.none() | values, min_size=len(ours), max_size=len(ours)))
    one, other = paired(ours, theirs), paired(theirs, ours)
    assert one.half_width == other.half_width
    if one.mean is not None and other.mean is not None:
        assert one.mean == -other.mean
    if one.low is not None and other.high is not None:
        assert one.low == -other.high


@given(samples, st.permutations(range(12)))
def test_the_order_of_replications_changes_no_bit(sample: list[float], order: list[int]) -> None:
    shuffled = [sample[k] for k in order if k < len(sample)]
    assert estimate(shuffled) == estimate(sample)


@given(samples, values)
def test_a_shifted_sample_has_a_shifted_interval(sample: list[float], shift: float) -> None:
    before, after = estimate(sample), estimate([value + shift for value in sample])
    assert after.mean == pytest.approx((before.mean or 0) + shift, abs=1e-6)
    assert after.half_width == pytest.approx(before.half_width, abs=1e-5)


@given(samples, st.floats(0.01, 0.98))
def test_more_confidence_is_never_a_narrower_interval(sample: list[float], level: float) -> None:
    narrow, wide = estimate(sample, level=level), estimate(sample, level=level + 0.01)
    assert narrow.half_width is not None
    assert wide.half_width is not None
    assert narrow.half_width <= wide.half_width


def test_ninety_five_of_a_hundred_intervals_hold_the_truth() -> None:
    count = 2_000
    draws = np.random.default_rng(7).normal(3.0, 2.0, (count, 4))
    found = [estimate(row.tolist()) for row in draws]
    held = sum((e.low or 9.0) <= 3.0 <= (e.high or -9.0) for e in found)
    assert held / count == pytest.approx(0.95, abs=4 * (0.95 * 0.05 / count) ** 0.5)
