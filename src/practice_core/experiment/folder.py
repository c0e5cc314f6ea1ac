"""A folder of results: all of it or nothing."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from practice_core.experiment.cells import Cell

__all__ = ["REPORT", "results_folder", "save_log", "whole_folder"]

REPORT = "report.html"
"""The page beside a summary."""


@contextmanager
def results_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to write into, which becomes `path` when the block ends well.

    An empty folder, or an earlier ``summary.json`` with nothing but ``report.html`` and
    ``logs/*.log`` beside it, is replaced; anything else at `path` is left alone.

    Raises
    ------
    DefinitionError
        On entry, if `path` is a file or holds something else, or cannot be written to.
    OSError
        If the place is lost meanwhile.
    """
    with whole_folder(path, "results", _foreign) as fresh:
        (fresh / "logs").mkdir()
        yield fresh


@contextmanager
def whole_folder(path: Path, what: str, foreign: Callable[[Path], str | None]) -> Iterator[Path]:
    """Yield a folder to write into, which becomes `path` when the block ends well.

    Until then it is a hidden sibling, removed if the block fails; missing parents are made at the
    end.

    Parameters
    ----------
    path
        Where.
    what
        What it holds, in a word.
    foreign
        Says what in an existing folder may not be replaced; None if all of it may.

    Raises
    ------
    DefinitionError
        On entry, if `path` is a file or holds something else, or cannot be written to.
    OSError
        If the place is lost meanwhile.
    """
    target = path.resolve()
    try:
        found = "a file" if target.exists() and not target.is_dir() else None
        if found is None and target.exists():
            found = foreign(target)
        if found is None:
            home = next(parent for parent in target.parents if parent.exists())
            staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=home))
    except OSError as error:
        found = str(error.strerror)
    if found is not None:
        expected = f"a new, empty or earlier {what} folder"
        raise DefinitionError(what, [Fault(str(path), found, expected, "name another folder")])
    fresh, former = staging / "new", staging / "old"
    try:
        fresh.mkdir()
        yield fresh
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.rename(former)
        fresh.rename(target)
    finally:
        if former.exists() and not target.exists():  # pragma: no cover - a rename that failed
            former.rename(target)
        shutil.rmtree(staging)


def save_log(folder: Path, cell: Cell) -> None:
    """Write the event log of `cell` to ``logs/<label>-<replication>.log`` in `folder`."""
    if cell.log is not None:
        (folder / "logs" / f"{cell.label}-{cell.replication}.log").write_bytes(cell.log)


def _foreign(target: Path) -> str | None:
    """Say what in `target` is not an earlier result; None if all of it is."""
    logs = target / "logs"
    inside = {entry for folder in (target, logs) if folder.is_dir() for entry in folder.iterdir()}
    summary = target / "summary.json"
    report = target / REPORT
    ours = {logs, summary, report, *logs.glob("*.log")} if summary.is_file() else set()
    others = sorted(
        entry for entry in inside if entry not in ours or entry.is_dir() != (entry == logs)
    )
    return f"holds {others[0].relative_to(target).as_posix()}" if others else None
