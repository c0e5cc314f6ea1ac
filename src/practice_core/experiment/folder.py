"""A folder of results: all of it or nothing."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.experiment.cells import Cell

__all__ = ["results_folder", "save_log"]

_OURS = ("summary.json", "logs/*.log")


@contextmanager
def results_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to write into, which becomes `path` when the block ends well.

    Until then it is a hidden sibling, removed if the block fails; missing parents are made at the
    end. An empty folder, or one that holds nothing but an earlier ``summary.json`` and
    ``logs/*.log``, is replaced; anything else at `path` is left alone.

    Raises
    ------
    DefinitionError
        On entry, if `path` is a file or holds something else.
    OSError
        If there is no place or no permission to write.
    """
    target = path.resolve()
    fault = _fault(target)
    if fault is not None:
        raise DefinitionError(str(path), (fault,))
    home = next(parent for parent in target.parents if parent.exists())
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=home))
    fresh, former = staging / "new", staging / "old"
    try:
        (fresh / "logs").mkdir(parents=True)
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


def _fault(target: Path) -> Fault | None:
    """Say what at `target` is not an earlier result; None if all of it is."""
    found = None
    if target.is_dir():
        logs = target / "logs"
        ours = {e for pattern in _OURS for e in target.glob(pattern) if e.is_file()}
        ours |= {logs} if logs.is_dir() else set()
        others = sorted(set(target.rglob("*")) - ours)
        found = others[0].relative_to(target).as_posix() if others else None
    elif target.exists():
        found = "a file"
    expected = "a new, empty or earlier results folder"
    return None if found is None else Fault(target.name, found, expected, "name another folder")
