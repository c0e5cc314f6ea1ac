"""A folder of results: all of it or nothing."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from practice_core.areas.folder import staged_folder
from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from practice_core.experiment.cells import Cell

__all__ = ["REPORT", "results_folder", "save_log"]

REPORT = "report.html"
"""The page beside a summary."""

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
"""What a disk says that cannot take any more; other errors come from elsewhere."""


@contextmanager
def results_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to write into, which becomes `path` when the block ends well.

    Until then it is hidden, and removed if the block fails; missing parents are made at the end. An
    empty folder is filled, an earlier ``summary.json`` with nothing but ``report.html`` and
    ``logs/*.log`` beside it is replaced; anything else at `path` is left alone.

    Raises
    ------
    DefinitionError
        If `path` is a file or holds something else, or cannot be written to.
    OSError
        If the place is lost meanwhile.
    """
    expected = "a new, empty or earlier results folder"
    try:
        with staged_folder(path, _foreign, subject="results", expected=expected) as fresh:
            (fresh / "logs").mkdir()
            yield fresh
    except OSError as error:
        if error.errno not in _DISK:
            raise
        remedy = "make room, or name another folder"
        fault = Fault(str(path), str(error.strerror), "a folder that can be written", remedy)
        raise DefinitionError("results", (fault,)) from None


def save_log(folder: Path, cell: Cell) -> None:
    """Write the event log of `cell` to ``logs/<label>-<replication>.log`` in `folder`."""
    if cell.log is not None:
        (folder / "logs" / f"{cell.label}-{cell.replication}.log").write_bytes(cell.log)


def _foreign(target: Path) -> str | None:
    """Say what at `target` is not an earlier result; None if all of it is."""
    if not target.exists():
        return None
    if not target.is_dir():
        return "a file"
    logs = target / "logs"
    inside = {entry for folder in (target, logs) if folder.is_dir() for entry in folder.iterdir()}
    summary = target / "summary.json"
    report = target / REPORT
    ours = {logs, summary, report, *logs.glob("*.log")} if summary.is_file() else set()
    others = sorted(
        entry for entry in inside if entry not in ours or entry.is_dir() != (entry == logs)
    )
    return f"holds {others[0].relative_to(target).as_posix()}" if others else None
