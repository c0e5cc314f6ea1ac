"""Policies compared on the same replications: same orders, same answers, other decisions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import attrs

from practice_core import dispatch
from practice_core.errors import DefinitionError, Fault
from practice_core.experiment.cells import finished, simulate
from practice_core.experiment.statistics import Estimate, estimate, paired

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from practice_core.dispatch import Policy
    from practice_core.experiment.cells import Cell
    from practice_core.simulation import Measure, Scenario

__all__ = ["STATUS_QUO", "Comparison", "compare", "labelled"]

STATUS_QUO = "home_first"
"""The policy that stands for what is done today, and so the baseline wherever it takes part."""


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
        By policy label, then one mapping by KPI name for each replication, in order.
    """

    area: str
    seed: int
    weeks: int
    measures: Mapping[str, tuple[Mapping[str, Measure], ...]]

    @property
    def policies(self) -> tuple[str, ...]:
        """The labels, in the order they were given."""
        return tuple(self.measures)

    @property
    def replications(self) -> int:
        """How many replications every policy went through."""
        return len(self.measures[self.policies[0]])

    @property
    def kpis(self) -> tuple[str, ...]:
        """The names of the measures, in the order of the simulation."""
        return tuple(self.measures[self.policies[0]][0])

    @property
    def baseline(self) -> str:
        """The label all others are compared with: the status quo, else the first."""
        return STATUS_QUO if STATUS_QUO in self.measures else self.policies[0]

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
        ours, theirs = self.series(policy, kpi), self.series(self.baseline, kpi)
        return paired([m.value for m in ours], [m.value for m in theirs])

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


def compare(  # noqa: PLR0913 - an experiment has this many factors
    scenario: Scenario,
    policies: Sequence[str] | Mapping[str, Policy],
    *,
    replications: int,
    seed: int,
    executor: Executor | None = None,
    workers: int = 1,
    on_cell: Callable[[Cell], None] | None = None,
    keep_logs: bool = False,
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
    executor
        Where cells are computed; None is here, one by one. Any
        `concurrent.futures.Executor` gives the same result, in whatever order it finishes. In
        other processes a policy of one's own must pickle.
    workers
        How many jobs the executor does at once. It changes the time, never the result: while there
        is a replication for every worker, each takes a whole one and draws its tape once.
    on_cell
        Called here with each cell as it is done: for progress, or to keep its log.
    keep_logs
        Whether cells carry their event log. A comparison never does.

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
    whole = replications - replications % workers if executor is not None else 0
    jobs = [
        partial(simulate, scenario, group, seed=seed, replication=replication, keep_logs=keep_logs)
        for replication in range(replications)
        for group in ([chosen] if replication < whole else [{k: v} for k, v in chosen.items()])
    ]
    done: dict[tuple[str, int], Cell] = {}
    with closing(finished(jobs, executor)) as groups:
        for cell in chain.from_iterable(groups):
            done[cell.label, cell.replication] = attrs.evolve(cell, log=None)
            if on_cell is not None:
                on_cell(cell)
    measures = {
        label: tuple(done[label, replication].measures for replication in range(replications))
        for label in chosen
    }
    return Comparison(scenario.area, seed, next(iter(done.values())).weeks, measures)


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
