"""Cells: one policy in one replication, computed wherever an executor computes them.

Examples
--------
>>> from concurrent.futures import ThreadPoolExecutor
>>> with ThreadPoolExecutor(2) as executor:
...     sorted(finished([lambda: 1, lambda: 2], executor))
[1, 2]
"""

from __future__ import annotations

from concurrent.futures import as_completed
from contextlib import closing
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

import attrs

from practice_core.dispatch import Fitted, Policy
from practice_core.experiment.bound import Clairvoyant
from practice_core.simulation import make_tape, run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from concurrent.futures import Executor

    from practice_core.simulation import Measure, Scenario

__all__ = [
    "Cell",
    "Keeper",
    "Runner",
    "Subject",
    "Task",
    "finished",
    "fitted",
    "simulate",
]

T = TypeVar("T")


Subject: TypeAlias = Policy | Clairvoyant
"""What goes through a replication: a policy, or the bound that no policy can pass."""
Groups: TypeAlias = "Mapping[str, Mapping[str, Mapping[str, Measure]]]"


@attrs.frozen(eq=False)
class Task:
    """A cell to compute.

    Parameters
    ----------
    scenario
        What is assumed.
    label
        Name of the subject in the experiment, such as ``"nearest#2"``.
    subject
        The policy, or `Clairvoyant`.
    seed, replication
        The key of every draw.
    """

    scenario: Scenario
    label: str
    subject: Subject
    seed: int
    replication: int


@attrs.frozen
class Cell:
    """What one policy did in one replication.

    Parameters
    ----------
    label
        The policy's name in the comparison, such as ``"nearest#2"``.
    replication
        Number of the replication, from 0.
    weeks
        Length of the cohort, in weeks.
    measures
        By KPI name.
    groups
        The same of parts of the cohort: by dimension, group and KPI name.
    log
        The run's event log as bytes, if it was asked for.
    """

    label: str
    replication: int
    weeks: int
    measures: Mapping[str, Measure]
    groups: Groups = attrs.field(factory=dict)
    log: bytes | None = None


class Keeper(Protocol):
    """Keeps finished cells, so that an interrupted experiment need not compute them again."""

    def get(self, task: Task) -> Cell | None:
        """Give the cell of a task, if it is kept."""
        ...

    def put(self, task: Task, cell: Cell) -> None:
        """Keep the cell of a task."""
        ...


def simulate(tasks: Sequence[Task], *, keep_logs: bool = False) -> tuple[Cell, ...]:
    """Compute the cells of some tasks; those of one replication, in a row, share its tape.

    A pure function of its arguments, and all of them pickle.
    """
    return tuple([_simulated(task, keep_logs=keep_logs) for task in tasks])


def _simulated(task: Task, *, keep_logs: bool) -> Cell:
    scenario, subject = task.scenario, task.subject
    weeks = scenario.horizon.weeks
    if isinstance(subject, Clairvoyant):
        beside = None if subject.beside is None else fitted(subject.beside, scenario)
        tape = make_tape(scenario, task.seed, task.replication)
        measures = attrs.evolve(subject, beside=beside).measures(tape)
        return Cell(task.label, task.replication, weeks, measures)
    policy = fitted(subject, scenario)
    done = run(scenario, policy, seed=task.seed, replication=task.replication)
    log = done.log.to_bytes() if keep_logs else None
    return Cell(task.label, task.replication, weeks, dict(done.measures), done.groups, log)


def fitted(policy: Policy, scenario: Scenario) -> Policy:
    """Give a policy that uses an answer model the scenario's: what a long log would tell it."""
    if not isinstance(policy, Fitted):
        return policy
    law = scenario.answer
    return policy.fitted(eta=law.eta, kd_per_km=law.kd_per_km, kl=law.kl, kn=law.kn)


@attrs.frozen(eq=False)
class Runner:
    """Where cells are computed, and what becomes of each as it is done.

    Parameters
    ----------
    executor
        Where; None is here, one by one. Any `concurrent.futures.Executor` gives the same cells, in
        whatever order it finishes. In other processes a policy of one's own must pickle.
    workers
        How many jobs the executor does at once. It changes the time, never the result: while there
        is a replication for every worker, each takes a whole one and draws its tape once.
    keeper
        Where finished cells are kept and taken up again; None: nowhere. Event logs are not kept.
    on_cell
        Called here with each cell as it is done: for progress, or to keep its log.
    keep_logs
        Whether cells carry their event log.
    """

    executor: Executor | None = None
    workers: int = 1
    keeper: Keeper | None = None
    on_cell: Callable[[Cell], None] | None = None
    keep_logs: bool = False

    def cells(self, tasks: Sequence[Task]) -> tuple[Cell, ...]:
        """Give the cell of every task, in the order of the tasks."""
        done: dict[int, Cell] = {}
        keeper = None if self.keep_logs else self.keeper
        for n, task in enumerate(tasks):
            kept = None if keeper is None else keeper.get(task)
            if kept is not None:
                done[n] = self._report(attrs.evolve(kept, label=task.label))
        jobs = [
            partial(_numbered, job, [tasks[n] for n in job], keep_logs=self.keep_logs)
            for job in self._jobs(tasks, [n for n in range(len(tasks)) if n not in done])
        ]
        with closing(finished(jobs, self.executor)) as results:
            for n, cell in chain.from_iterable(results):
                if keeper is not None:
                    keeper.put(tasks[n], cell)
                done[n] = attrs.evolve(self._report(cell), log=None)
        return tuple([done[n] for n in range(len(tasks))])

    def _report(self, cell: Cell) -> Cell:
        if self.on_cell is not None:
            self.on_cell(cell)
        return cell

    def _jobs(self, tasks: Sequence[Task], missing: Sequence[int]) -> list[list[int]]:
        """Split tasks into jobs: whole replications while there is one for every worker."""

        def tape_of(n: int) -> tuple[Scenario, int, int]:
            return tasks[n].scenario, tasks[n].seed, tasks[n].replication

        replications = [list(each) for _, each in groupby(missing, tape_of)]
        whole = 0
        if self.executor is not None:
            whole = len(replications) - len(replications) % self.workers
        jobs = []
        for place, replication in enumerate(replications):
            jobs += [replication] if place < whole else [[n] for n in replication]
        return jobs


def _numbered(
    numbers: Sequence[int], tasks: Sequence[Task], *, keep_logs: bool
) -> list[tuple[int, Cell]]:
    return list(zip(numbers, simulate(tasks, keep_logs=keep_logs), strict=True))


def finished(jobs: Sequence[Callable[[], T]], executor: Executor | None) -> Generator[T]:
    """Yield the result of every job as it is done; in order if `executor` is None.

    All jobs are submitted at once, in order. When the consumer stops early or a job fails, those
    that have not begun are cancelled.
    """
    if executor is None:
        yield from (job() for job in jobs)
        return
    futures = [executor.submit(job) for job in jobs]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()
