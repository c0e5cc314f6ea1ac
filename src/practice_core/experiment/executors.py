"""Executors: where cells are computed. Any `concurrent.futures.Executor` will do; two come along.

Examples
--------
>>> with processes(1) as executor:
...     executor is None
True
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from practice_core.errors import DefinitionError, Fault
from practice_core.experiment.keeper import code_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor, Future
    from multiprocessing.connection import Connection

__all__ = ["cores", "dask", "processes"]

P = ParamSpec("P")
T = TypeVar("T")

_DASK = re.compile(r"dask://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):([0-9]{1,5})")
_FAREWELL = 0.1
"""Seconds from the end of what waits to the end of the workers."""
_SECONDS = 10
"""How long a scheduler may take to answer."""


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
        # First what waits, or the pool's own thread would trip over it when its workers are gone.
        try:
            executor.shutdown(wait=False, cancel_futures=True)
            time.sleep(_FAREWELL)
        finally:
            lifeline.close()
        raise
    executor.shutdown()
    lifeline.close()


@contextmanager
def dask(address: str) -> Iterator[Executor]:
    """Use the workers of a running Dask scheduler.

    Parameters
    ----------
    address
        ``dask://HOST:PORT`` of the scheduler. Whoever can reach it can run code on its workers:
        use one of your own only.

    Raises
    ------
    DefinitionError
        If the address is not one, nobody answers there, there are no workers, some have other code
        or library versions than this process, or the extra ``dask`` is not installed.
    """
    found = _DASK.fullmatch(address)
    if found is None:
        raise _refused(address, "not an address of a scheduler", "dask://HOST:PORT")
    try:
        from distributed import Client  # noqa: PLC0415 - an extra, needed here only
    except ImportError:
        expected = "the extra dask: pip install 'practice-core[dask]'"
        raise _refused(address, "the package distributed is not installed", expected) from None
    try:
        client = Client(f"tcp://{found[1]}:{found[2]}", timeout=_SECONDS)
    except (OSError, ValueError) as error:
        expected = "a running scheduler"
        raise _refused(address, f"no answer ({type(error).__name__})", expected) from None
    try:
        try:
            versions = client.run(code_version)
        except ImportError:
            versions = {"a worker": "none"}
        if not versions:
            raise _refused(address, "a scheduler without workers", "one worker or more")
        if set(versions.values()) != {code_version()}:
            expected = "the same code and library versions on every worker as here"
            raise _refused(address, "workers of another version", expected)
        yield client.get_executor()
    finally:
        client.close()


def _refused(address: str, found: str, expected: str) -> DefinitionError:
    return DefinitionError("executor", [Fault(address, found, expected, "mend it and try again")])


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
