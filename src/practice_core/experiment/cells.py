"""Cells: one policy in one replication, computed wherever an executor computes them.

Examples
--------
>>> from concurrent.futures import ThreadPoolExecutor
>>> with ThreadPoolExecutor(2) as executor:
...     sorted(finished([lambda: 1, lambda: 2], executor))
[1, 2]
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import attrs

from practice_core.simulation import run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from concurrent.futures import Executor, Future
    from multiprocessing.connection import Connection

    from practice_core.dispatch import Policy
    from practice_core.simulation import Measure, Scenario

__all__ = ["Cell", "cores", "finished", "processes", "simulate"]

P = ParamSpec("P")
T = TypeVar("T")


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
    log
        The run's event log as bytes, if it was asked for.
    """

    label: str
    replication: int
    weeks: int
    measures: Mapping[str, Measure]
    log: bytes | None = None


def simulate(
    scenario: Scenario,
    policies: Mapping[str, Policy],
    *,
    seed: int,
    replication: int,
    keep_logs: bool = False,
) -> tuple[Cell, ...]:
    """Compute the cells of some policies in one replication, whose tape is drawn once for all.

    A pure function of its arguments, and all of them pickle.
    """
    cells = []
    for label, policy in policies.items():
        done = run(scenario, policy, seed=seed, replication=replication)
        log = done.log.to_bytes() if keep_logs else None
        cells.append(Cell(label, replication, done.weeks, dict(done.measures), log))
    return tuple(cells)


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


def cores() -> int:
    """Count the processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # pragma: no cover - macOS, Windows


@contextmanager
def processes(workers: int) -> Iterator[Executor | None]:
    """Open a pool of `workers` processes; one worker is no pool (None), the caller's own process.

    Workers are started fresh ("spawn"), so a script that calls this needs the usual
    ``if __name__ == "__main__":``. They end at once when the block is left by an exception, such
    as an interrupt, and when the calling process dies.

    Examples
    --------
    >>> with processes(1) as executor:
    ...     executor is None
    True
    """
    if workers == 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    watched, lifeline = context.Pipe(duplex=False)
    executor = _Pool(workers, context, _start_worker, (watched,))
    try:
        yield executor
    except BaseException:
        # First what waits, or the pool would trip over it when its workers are gone.
        executor.shutdown(wait=False, cancel_futures=True)
        lifeline.close()
        raise
    executor.shutdown()
    lifeline.close()


class _Pool(ProcessPoolExecutor):
    """A pool whose workers never see the interrupt that a terminal sends to everyone."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        # A worker is started here and inherits the mask; an interrupt meanwhile is held, not lost.
        if not hasattr(signal, "pthread_sigmask"):  # pragma: no cover - Windows
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(watched: Connection) -> None:  # pragma: no cover - runs in the worker
    # A worker only ever learns of the end from its queue, which it reads between two cells and
    # which stays silent for ever if the parent is killed. The pipe closes in either case.
    def follow() -> None:
        watched.poll(None)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=follow, daemon=True).start()
    gc.freeze()
