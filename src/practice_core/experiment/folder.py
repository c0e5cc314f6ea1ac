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
    stranger = _stranger(target)
    if stranger is not None:
        fault = Fault(
            str(path), stranger, "a new, empty or earlier results folder", "name another folder"
        )
        raise DefinitionError("results folder", (fault,))
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


def _stranger(target: Path) -> str | None:
    """Name the first thing at `target` that is not an earlier result; None if there is none."""
    if not target.exists():
        return None
    if not target.is_dir():
        return "a file"
    ours = {entry for pattern in _OURS for entry in target.glob(pattern) if entry.is_file()}
    logs = target / "logs"
    others = sorted(
        e for e in target.rglob("*") if e not in ours and not (e == logs and e.is_dir())
    )
    return str(others[0].relative_to(target)) if others else None
