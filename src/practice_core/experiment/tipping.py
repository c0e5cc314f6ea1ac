"""Tipping values: where an assumed number takes away the lead of one policy over another.

Found by bisection on common random numbers: the same orders and draws at every value, so that the
difference of two policies changes with the number and with nothing else.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.errors import UnknownName
from practice_core.experiment.cells import Runner
from practice_core.experiment.compare import comparison_of, tasks
from practice_core.experiment.statistics import Estimate, paired
from practice_core.experiment.sweep import inputs
from practice_core.experiment.verdict import DELTA, PRIMARY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from practice_core.dispatch import Policy
    from practice_core.experiment.sweep import Input
    from practice_core.simulation import Scenario

__all__ = ["Tipping", "tipping"]

REPLICATIONS = 4
FIRST = 20_000
"""Number of the first replication: none that the verdict or the sweep rests on."""
STEPS = 4
"""Halvings of the way from the scenario's value to the end of the range."""


@attrs.frozen
class Tipping:
    """Where the difference of two policies falls to delta as one assumed number changes.

    Parameters
    ----------
    input
        Dotted key of the number.
    policy, against
        The better policy at the scenario's value, and the other.
    base
        The scenario's value.
    value
        Where the mean difference is delta.
    low, high
        Where the ends of its 95 % interval are; None if not before the end of the range.
    least, most
        The ends of the number's plausible range.
    """

    input: str
    policy: str
    against: str
    base: float
    value: float
    low: float | None
    high: float | None
    least: float
    most: float

    @property
    def falls(self) -> bool:
        """Whether the policy stops being better below the value; else above it."""
        return self.value < self.base

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "input": self.input,
            "between": [self.policy, self.against],
            "base": self.base,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "least": self.least,
            "most": self.most,
        }


@attrs.define(eq=False)
class _Differences:
    """The difference of two policies under any change of one number, each computed once."""

    scenario: Scenario
    policies: Mapping[str, Policy]
    seed: int
    runner: Runner
    known: dict[tuple[Scenario, int], Estimate] = attrs.field(factory=dict)

    def at(self, points: Sequence[tuple[Input, float]], replications: int) -> list[Estimate]:
        """Give the paired difference at some values of some inputs, all computed at once."""
        scenarios = [self.scenario.with_values({one.key: value}) for one, value in points]
        missing = [s for s in dict.fromkeys(scenarios) if (s, replications) not in self.known]
        numbers = range(FIRST, FIRST + replications)
        wanted = [task for s in missing for task in tasks(s, self.policies, self.seed, numbers)]
        cells = self.runner.cells(wanted)
        size = len(self.policies) * replications
        for n, scenario in enumerate(missing):
            found = comparison_of(scenario, self.seed, cells[n * size : (n + 1) * size])
            ours, theirs = found.policies
            self.known[scenario, replications] = paired(*found.common(ours, theirs, PRIMARY))
        return [self.known[scenario, replications] for scenario in scenarios]


def tipping(  # noqa: PLR0913 - an experiment has this many factors
    scenario: Scenario,
    keys: Sequence[str],
    policies: Mapping[str, Policy],
    *,
    seed: int,
    count: int = 2,
    replications: int = REPLICATIONS,
    delta: float = DELTA,
    runner: Runner | None = None,
) -> tuple[Tipping, ...]:
    """Find where the first of two policies stops being better than the other by more than delta.

    Each number is tried at both ends of its range; of those that tip the difference at an end, the
    ones that move it most are searched, towards that end.

    Parameters
    ----------
    scenario
        The base; its horizon should be short.
    keys
        Dotted keys of numbers that have a plausible range.
    policies
        Two, by label, the better one first.
    seed
        With the replication's number, the key of every draw.
    count
        How many tipping values at most.
    replications
        At each value, two at least; at the ends half as many.
    delta
        Differences below it do not matter.
    runner
        Where cells are computed and kept.

    Raises
    ------
    UnknownName
        If the scenario has no such number, or no range for it.

    Returns
    -------
    tuple of Tipping
        One an input, the strongest first; empty if the difference is not above delta at the base,
        or if no number alone takes it below within its range.

    Notes
    -----
    The search halves the way from the base to the end of the range and interpolates between the
    last two values. It assumes that the difference crosses delta once on the way.
    """
    ranged = {one.name: one for one in inputs(scenario) if one.part is None}
    for key in keys:
        if key not in ranged:
            kind = "number with a range"
            raise UnknownName(kind, key, ranged)
    chosen = [ranged[key] for key in keys]
    differences = _Differences(scenario, policies, seed, runner or Runner())
    ends = [(one, end) for one in chosen for end in (one.low, one.high)]
    tried = [(one, one.value) for one in chosen[:1]] + [(one, one.rounded(e)) for one, e in ends]
    base, *others = map(_mean, differences.at(tried, (replications + 1) // 2)) if chosen else [0.0]
    tipped = [(base - there, *end) for end, there in zip(ends, others, strict=True)]
    tipped = [each for each in tipped if base > delta >= base - each[0]]
    strongest: dict[str, tuple[Input, float]] = {}
    for _, one, end in sorted(tipped, key=lambda each: -each[0]):
        strongest.setdefault(one.key, (one, end))
    found = (_search(differences, one, end, replications, delta) for one, end in strongest.values())
    return tuple(islice((each for each in found if each is not None), count))


def _search(
    differences: _Differences, one: Input, end: float, replications: int, delta: float
) -> Tipping | None:
    def at(share: float) -> Estimate:
        value = one.rounded(one.value + share * (end - one.value))
        return differences.at([(one, value)], replications)[0]

    def crossing(figure: Callable[[Estimate], float]) -> float | None:
        """Give the value at which a figure of the difference falls to delta."""
        near, far = 0.0, 1.0
        at_near, at_far = figure(at(near)), figure(at(far))
        if at_far > delta:
            return None
        if at_near <= delta:
            return one.value
        for _ in range(STEPS):
            middle = (near + far) / 2
            there = figure(at(middle))
            if there > delta:
                near, at_near = middle, there
            else:
                far, at_far = middle, there
        share = (at_near - delta) / (at_near - at_far)
        return one.value + (near + (far - near) * share) * (end - one.value)

    value = crossing(_mean)
    if value is None or value == one.value:
        return None  # with more replications it does not tip
    first = crossing(lambda found: _mean(found) - (found.half_width or 0.0))
    last = crossing(lambda found: _mean(found) + (found.half_width or 0.0))
    ends = (last, first) if end < one.value else (first, last)
    low, high = ends
    low, high = None if low is None else min(low, value), None if high is None else max(high, value)
    ours, theirs = differences.policies
    return Tipping(one.key, ours, theirs, one.value, value, low, high, one.low, one.high)


def _mean(found: Estimate) -> float:
    return found.mean or 0.0
