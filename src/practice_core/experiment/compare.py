"""Policies compared on the same replications: same orders, same answers, other decisions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from practice_core import dispatch
from practice_core.errors import DefinitionError, Fault
from practice_core.experiment.cells import Runner, Task
from practice_core.experiment.statistics import Estimate, estimate, paired

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from practice_core.dispatch import Policy
    from practice_core.experiment.cells import Cell, Groups, Subject
    from practice_core.simulation import Measure, Scenario

__all__ = ["STATUS_QUO", "Comparison", "compare", "comparison_of", "labelled", "tasks"]

STATUS_QUO = ("status_quo", "home_first")
"""The policies that stand for what is done today: the first that takes part is the baseline."""


@attrs.frozen
class Comparison:
    """What every policy did in every replication, and how they differ.

    Parameters
    ----------
    area
        Name of the area.
    seed
        Seed of all replications.
    weeks
        Length of the cohort, in weeks.
    measures
        By policy label, then one mapping by KPI name for each replication, in order. Policies may
        have gone through different numbers of replications; a pair is compared on those in common.
    groups
        By policy label, then for each replication the same of parts of the cohort: by dimension,
        group and KPI name.
    """

    area: str
    seed: int
    weeks: int
    measures: Mapping[str, tuple[Mapping[str, Measure], ...]]
    groups: Mapping[str, tuple[Groups, ...]] = attrs.field(factory=dict)

    @property
    def policies(self) -> tuple[str, ...]:
        """The labels, in the order they were given."""
        return tuple(self.measures)

    @property
    def replications(self) -> int:
        """How many replications every policy went through, at least."""
        return min(len(series) for series in self.measures.values())

    @property
    def kpis(self) -> tuple[str, ...]:
        """The names of the measures, in the order of the simulation."""
        return tuple(self.measures[self.policies[0]][0])

    @property
    def baseline(self) -> str:
        """The label all others are compared with: the status quo, else the first."""
        return next((label for label in STATUS_QUO if label in self.measures), self.policies[0])

    @property
    def challengers(self) -> tuple[str, ...]:
        """Every label but the baseline, in order."""
        return tuple(label for label in self.policies if label != self.baseline)

    def series(self, policy: str, kpi: str) -> tuple[Measure, ...]:
        """Give one measure of one policy, replication by replication."""
        return tuple(measures[kpi] for measures in self.measures[policy])

    def mean(self, policy: str, kpi: str) -> Estimate:
        """Estimate one measure of one policy: the average of its replications."""
        return estimate([measure.value for measure in self.series(policy, kpi)])

    def difference(self, policy: str, kpi: str) -> Estimate:
        """Estimate how much higher the measure is under `policy` than under the baseline."""
        return paired(*self.common(policy, self.baseline, kpi))

    def common(
        self, one: str, other: str, kpi: str
    ) -> tuple[list[float | None], list[float | None]]:
        """Give the values of two policies in the replications they have in common."""
        both = list(zip(self.series(one, kpi), self.series(other, kpi), strict=False))
        return [ours.value for ours, _ in both], [theirs.value for _, theirs in both]

    def group_mean(self, policy: str, dimension: str, group: str, kpi: str) -> Estimate:
        """Estimate one measure of one policy in a part of the cohort."""
        found = [each[dimension][group][kpi].value for each in self.groups[policy]]
        return estimate(found)

    def to_dict(self) -> dict[str, Any]:
        """Give the comparison as plain data, the object that ``compare --json`` prints."""
        return {
            "area": self.area,
            "seed": self.seed,
            "replications": self.replications,
            "weeks": self.weeks,
            "measures": {
                policy: {kpi: self._measure(policy, kpi) for kpi in self.kpis}
                for policy in self.policies
            },
            "comparisons": [
                self._comparison(policy, kpi) for policy in self.challengers for kpi in self.kpis
            ],
            "groups": {
                policy: {
                    dimension: {
                        group: {kpi: self._group(policy, dimension, group, kpi) for kpi in kpis}
                        for group, kpis in parts.items()
                    }
                    for dimension, parts in found[0].items()
                }
                for policy, found in self.groups.items()
            },
        }

    def to_json(self) -> str:
        """Give `to_dict` as JSON text: no path, time, host or number of workers is in it."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def _measure(self, policy: str, kpi: str) -> dict[str, Any]:
        found = self.mean(policy, kpi)
        series = self.series(policy, kpi)
        return {
            "mean": found.mean,
            "half_width": found.half_width,
            "numerator": [measure.numerator for measure in series],
            "denominator": [measure.denominator for measure in series],
        }

    def _group(self, policy: str, dimension: str, group: str, kpi: str) -> dict[str, Any]:
        found = self.group_mean(policy, dimension, group, kpi)
        return {"mean": found.mean, "half_width": found.half_width}

    def _comparison(self, policy: str, kpi: str) -> dict[str, Any]:
        found = self.difference(policy, kpi)
        return {
            "policy": policy,
            "baseline": self.baseline,
            "kpi": kpi,
            "mean": found.mean,
            "low": found.low,
            "high": found.high,
        }


def compare(
    scenario: Scenario,
    policies: Sequence[str] | Mapping[str, Policy],
    *,
    replications: int,
    seed: int,
    runner: Runner | None = None,
) -> Comparison:
    """Run every policy through the same replications.

    Parameters
    ----------
    scenario
        The area, its demand, capacity and assumptions; its horizon gives the weeks.
    policies
        Names of shipped policies, or policies of one's own by label. A name given twice becomes
        ``nearest`` and ``nearest#2``.
    replications
        How many, at least 1; numbered from 0. Two are needed for an interval.
    seed
        With the replication's number, the key of every draw: all policies meet the same orders
        and, of the same team at the same opening, the same answer.
    runner
        Where cells are computed and kept; None is here, one by one, nowhere kept.

    Raises
    ------
    UnknownName
        If there is no policy of a given name.
    DefinitionError
        If there is no policy or no replication.
    """
    chosen = labelled(policies)
    if replications < 1:
        fault = Fault("replications", str(replications), "at least 1", "raise it")
        raise DefinitionError("comparison", (fault,))
    wanted = tasks(scenario, chosen, seed, range(replications))
    return comparison_of(scenario, seed, (runner or Runner()).cells(wanted))


def tasks(
    scenario: Scenario, subjects: Mapping[str, Subject], seed: int, replications: Iterable[int]
) -> list[Task]:
    """Give the tasks of every subject in every replication, replication by replication."""
    return [
        Task(scenario, label, subject, seed, replication)
        for replication in replications
        for label, subject in subjects.items()
    ]


def comparison_of(scenario: Scenario, seed: int, cells: Iterable[Cell]) -> Comparison:
    """Gather the cells of one scenario, replications of each policy in order."""
    measures: dict[str, tuple[Mapping[str, Measure], ...]] = {}
    groups: dict[str, tuple[Groups, ...]] = {}
    for cell in cells:
        measures[cell.label] = (*measures.get(cell.label, ()), cell.measures)
        groups[cell.label] = (*groups.get(cell.label, ()), cell.groups)
    return Comparison(scenario.area.id, seed, scenario.horizon.weeks, measures, groups)


def labelled(policies: Sequence[str] | Mapping[str, Policy]) -> dict[str, Policy]:
    """Give each policy its label, in order.

    Raises
    ------
    UnknownName
        If there is no policy of a given name.
    DefinitionError
        If none is given.

    Examples
    --------
    >>> list(labelled(["nearest", "random", "nearest"]))
    ['nearest', 'random', 'nearest#2']
    """
    if not policies:
        fault = Fault("policies", "none", "at least one", "name a policy")
        raise DefinitionError("comparison", (fault,))
    if isinstance(policies, Mapping):
        return dict(policies)
    seen: Counter[str] = Counter()
    chosen = {}
    for name in policies:
        seen[name] += 1
        chosen[name if seen[name] == 1 else f"{name}#{seen[name]}"] = dispatch.policy(name)
    return chosen
