"""The verdict: which policy is better, equivalent or undecided, on one measure settled beforehand.

Every pair of policies has a paired interval, wide enough for all pairs and all looks together to
hold at once (Bonferroni, as Hsu's multiple comparisons with the best under common random numbers);
equivalence is shown, not assumed from a failure to tell apart (two one-sided tests).

References
----------
Hsu, *Multiple Comparisons*, 1996, chapter 4. Nelson and Matejcik, "Using common random numbers for
indifference-zone selection and multiple comparisons in simulation", Management Science 41, 1995.
Schuirmann, "A comparison of the two one-sided tests procedure", J. Pharmacokin. Biopharm. 15, 1987.
"""

from __future__ import annotations

import enum
import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

import attrs
from scipy.special import stdtrit

from practice_core.experiment.statistics import Estimate, paired, variance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.experiment.compare import Comparison

__all__ = [
    "DELTA",
    "GUARDRAILS",
    "LOOKS",
    "PRIMARY",
    "Guardrail",
    "Kept",
    "Pair",
    "Status",
    "Verdict",
    "judge",
    "judge_pair",
]

PRIMARY = "served_share"
"""The one measure to judge by: settled beforehand, lest the best of many be picked."""
DELTA = 0.01
"""Served shares that differ by less are as good as equal: 200 orders a year (MODEL section 5.7)."""
ALPHA = 0.05
"""Probability of a wrong "better" anywhere, over all pairs and looks."""
LOOKS = (10, 20, 40)
"""Replications after which the verdict may be given."""
GUARDRAILS: Mapping[str, tuple[int, float]] = {
    "service_rm": (-1, 2.0),
    "served_share_far": (1, 0.02),
}
"""What the best policy must not spoil: the sign of better, and how much may be lost."""
_MOST = 1_000_000


class Status(enum.StrEnum):
    """How a policy stands to another, or the best one to all."""

    BETTER = "better"
    """Higher, and not shown to be within delta."""
    EQUIVALENT = "equivalent"
    """Shown to be within delta, whichever is higher."""
    UNDECIDED = "undecided"
    """Neither could be shown with the replications there are."""


class Kept(enum.StrEnum):
    """Whether a guardrail holds."""

    KEPT = "kept"
    """Shown not to be worse by more than may be lost."""
    BROKEN = "broken"
    """Shown to be worse by more."""
    UNCLEAR = "unclear"
    """Neither could be shown."""


@attrs.frozen
class Pair:
    """Two policies on the primary measure.

    Parameters
    ----------
    policy, against
        The one with the higher mean, and the other.
    difference
        Of the first minus the second; its interval holds for all pairs and looks at once.
    status
        How the first stands to the second.
    needed
        How many further replications would decide it, if the spread stays as it is; None if it is
        decided or unknown.
    variance_removed
        Share of the variance of the difference that common random numbers took away, against
        independent replications; negative if they added to it, None if there was none.
    """

    policy: str
    against: str
    difference: Estimate
    status: Status
    needed: int | None
    variance_removed: float | None


@attrs.frozen
class Guardrail:
    """What became of a measure that must not be spoilt.

    Parameters
    ----------
    kpi
        The measure.
    delta
        How much may be lost, in its unit.
    difference
        Of the best policy minus the one it is held against; 95 %, unadjusted.
    status
        Whether it holds.
    """

    kpi: str
    delta: float
    difference: Estimate
    status: Kept


@attrs.frozen
class Verdict:
    """Who is best, and how sure that is.

    Parameters
    ----------
    kpi
        The primary measure.
    delta
        Differences below it do not matter, in the measure's unit.
    policy
        The policy with the highest mean.
    against
        What it is held against: the baseline, or the second best if it is the baseline itself.
    pairs
        Every pair, by the order of the policies.
    may_be_best
        The policies that no other was shown to be better than, within delta or not.
    guardrails
        Of `policy` against `against`.
    """

    kpi: str
    delta: float
    policy: str
    against: str
    pairs: tuple[Pair, ...]
    may_be_best: tuple[str, ...]
    guardrails: tuple[Guardrail, ...]

    def pair(self, one: str, other: str) -> Pair:
        """Give the pair of two policies, whichever comes first in it."""
        return next(p for p in self.pairs if {p.policy, p.against} == {one, other})

    def against_best(self, status: Status) -> tuple[str, ...]:
        """Give the policies to which the best one stands so, best first."""
        ours = [p for p in self.pairs if p.policy == self.policy and p.status is status]
        by_mean = sorted(ours, key=lambda p: p.difference.mean or 0.0)
        return tuple([p.against for p in by_mean])

    @property
    def headline(self) -> Pair:
        """The pair of the best policy and what it is held against."""
        return self.pair(self.policy, self.against)

    def to_dict(self) -> dict[str, Any]:
        """Give the verdict as plain data."""
        found = self.headline
        return {
            "policy": self.policy,
            "against": self.against,
            "kpi": self.kpi,
            "status": str(found.status),
            "delta": self.delta,
            "difference": found.difference.mean,
            "low": found.difference.low,
            "high": found.difference.high,
            "may_be_best": list(self.may_be_best),
            "pairs": [
                {
                    "policy": p.policy,
                    "against": p.against,
                    "status": str(p.status),
                    "mean": p.difference.mean,
                    "low": p.difference.low,
                    "high": p.difference.high,
                    "replications": p.difference.used,
                    "needed": p.needed,
                    "variance_removed": p.variance_removed,
                }
                for p in self.pairs
            ],
            "guardrails": [
                {
                    "kpi": g.kpi,
                    "status": str(g.status),
                    "delta": g.delta,
                    "mean": g.difference.mean,
                    "low": g.difference.low,
                    "high": g.difference.high,
                }
                for g in self.guardrails
            ],
        }


def judge(
    comparison: Comparison,
    *,
    kpi: str = PRIMARY,
    delta: float = DELTA,
    alpha: float = ALPHA,
    looks: int = len(LOOKS),
) -> Verdict:
    """Judge all policies of a comparison.

    Parameters
    ----------
    comparison
        Two policies at least. Of policies with different numbers of replications, those that a
        pair has in common count.
    kpi
        The measure to judge by, of which more is better.
    delta
        Differences below it do not matter, in the measure's unit.
    alpha
        Probability of a wrong "better" anywhere.
    looks
        How many times, in all, the verdict may be asked for as replications grow.
    """
    labels = comparison.policies
    mean = {label: comparison.mean(label, kpi).mean or 0.0 for label in labels}
    order = sorted(labels, key=lambda label: (-mean[label], label != comparison.baseline))
    count = math.comb(len(labels), 2)
    values = {label: [m.value for m in comparison.series(label, kpi)] for label in labels}

    def pair(one: str, other: str) -> Pair:
        series = values[one], values[other]
        return judge_pair(one, other, *series, delta=delta, level=alpha / looks, pairs=count)

    # Where a replication has no figure, the means of all and of those in common may differ.
    found = [pair(one, other) for one, other in combinations(order, 2)]
    pairs = tuple(
        [pair(p.against, p.policy) if (p.difference.mean or 0.0) < 0 else p for p in found]
    )
    best = order[0]
    against = comparison.baseline if best != comparison.baseline else order[1]
    beaten = {p.against for p in pairs if (p.difference.low or 0.0) > 0}
    return Verdict(
        kpi,
        delta,
        best,
        against,
        pairs,
        tuple([label for label in order if label not in beaten]),
        tuple(_guardrail(comparison, name, best, against) for name in GUARDRAILS),
    )


def judge_pair(  # noqa: PLR0913 - two series and what is asked of them
    policy: str,
    against: str,
    ours: Sequence[float | None],
    theirs: Sequence[float | None],
    *,
    delta: float = DELTA,
    level: float = ALPHA,
    pairs: int = 1,
) -> Pair:
    """Judge two policies by their values, replication by replication.

    Equivalent, if the paired interval of two one-sided tests at `level` lies within delta; else
    better, if the paired interval at ``level / pairs`` lies above 0; else undecided.

    Parameters
    ----------
    policy, against
        Their labels, that with the higher mean first.
    ours, theirs
        One value a replication; beyond the shorter one they are left out.
    delta
        Differences below it do not matter.
    level
        Probability of a wrong "better" and, by itself, of a wrong "equivalent" at this look.
    pairs
        Among how many pairs this is one.

    Examples
    --------
    >>> near, far = [0.91, 0.92, 0.90], [0.80, 0.82, 0.79]
    >>> judge_pair("near", "far", near, far).status.value
    'better'
    >>> judge_pair("near", "near", near, near).status.value
    'equivalent'
    """
    common = min(len(ours), len(theirs))
    ours, theirs = ours[:common], theirs[:common]
    wide = paired(ours, theirs, level=1 - level / pairs)
    narrow = paired(ours, theirs, level=1 - 2 * level)
    removed = _variance_removed(ours, theirs)
    if narrow.low is None or narrow.high is None or wide.low is None:
        return Pair(policy, against, wide, Status.UNDECIDED, None, removed)
    if -delta < narrow.low and narrow.high < delta:
        return Pair(policy, against, wide, Status.EQUIVALENT, None, removed)
    if wide.low > 0:
        return Pair(policy, against, wide, Status.BETTER, None, removed)
    needed = _needed(wide, delta / 2, level / pairs)
    return Pair(policy, against, wide, Status.UNDECIDED, needed, removed)


def _needed(found: Estimate, half_width: float, level: float) -> int | None:
    """Give how many further replications bring an interval down to a half-width."""
    used = found.used
    now = found.half_width or 0.0
    deviation = now * math.sqrt(used) / float(stdtrit(used - 1, 1 - level / 2))

    def wide(count: int) -> bool:
        quantile = float(stdtrit(count - 1, 1 - level / 2))
        return quantile * deviation / math.sqrt(count) > half_width

    low, high = used, 2 * used
    while wide(high):
        if high > _MOST:
            return None
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wide(middle) else (low, middle)
    return high - used


def _variance_removed(ours: Sequence[float | None], theirs: Sequence[float | None]) -> float | None:
    known = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    if len(known) < 2:  # noqa: PLR2004 - a variance takes two
        return None
    apart = variance([a for a, _ in known]) + variance([b for _, b in known])
    return 1 - variance([a - b for a, b in known]) / apart if apart else None


def _guardrail(comparison: Comparison, kpi: str, best: str, against: str) -> Guardrail:
    sign, delta = GUARDRAILS[kpi]
    ours, theirs = comparison.common(best, against, kpi)
    found = paired(ours, theirs)
    status = Kept.UNCLEAR
    if found.low is not None and found.high is not None:
        least, most = sorted((sign * found.low, sign * found.high))
        if least > -delta:
            status = Kept.KEPT
        elif most < -delta:
            status = Kept.BROKEN
    return Guardrail(kpi, delta, found, status)
