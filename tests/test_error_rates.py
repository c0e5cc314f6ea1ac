"""How often the verdict errs on simulated runs: a few here, two hundred with `make error_rates`."""

from __future__ import annotations

import pytest

from practice_core.experiment import Runner
from tests.benchmarks.error_rates import DELTA, differences, rates

LOOKS = (2, 4)
COMPARISONS = 20


@pytest.fixture(scope="module")
def found() -> list[list[float]]:
    return [differences(seed, LOOKS[-1], Runner()) for seed in range(COMPARISONS)]


def test_the_two_differ_by_luck_alone(found: list[list[float]]) -> None:
    every = [value for values in found for value in values]
    assert any(every)
    assert abs(sum(every) / len(every)) < 0.05


def test_luck_is_rarely_called_better(found: list[list[float]]) -> None:
    # Five or more of twenty errors of probability .05 have a probability of .003.
    assert rates(found, LOOKS, DELTA)["false_better"] <= 4 / COMPARISONS


def test_a_difference_of_delta_is_rarely_called_equivalent(found: list[list[float]]) -> None:
    assert rates(found, LOOKS, DELTA)["false_equivalent_at_delta"] <= 4 / COMPARISONS


def test_a_great_difference_is_found_and_a_wide_margin_makes_equals(
    found: list[list[float]],
) -> None:
    wide = rates(found, LOOKS, 10.0)
    assert (wide["better_at_twice_delta"], wide["equivalent_when_equal"]) == (1, 1)
    shifted = [[value + 10 for value in values] for values in found]
    assert rates(shifted, LOOKS, DELTA)["false_better"] == 1
