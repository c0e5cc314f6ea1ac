"""A folder that appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["staged_folder"]


@contextmanager
def staged_folder(
    path: Path, foreign: Callable[[Path], str | None], *, subject: str, expected: str
) -> Iterator[Path]:
    """Yield a folder to write into, which becomes `path` when the block ends well.

    Until then it is hidden, beside `path` or in it, and is removed if the block fails. An empty
    folder at `path` stays and is filled, for it may be where somebody stands, or a disk of its
    own; anything else there is replaced. Missing parents are made at the end.

    Parameters
    ----------
    path
        Where the folder shall be.
    foreign
        Says what at the resolved path may not be replaced, if anything may not.
    subject, expected
        For the fault: what is being written, and what `path` should be.

    Raises
    ------
    DefinitionError
        On entry or at the end, if something foreign is there; if nothing can be written.
    OSError
        If the place is lost meanwhile.
    """
    try:
        target = path.resolve()
        found = foreign(target)
        if found is None:
            fills = target.is_dir() and not any(target.iterdir())
            home = target if fills else next(one for one in target.parents if one.exists())
            staging = home / tempfile.mkdtemp(prefix=f".{target.name}-", dir=home)
    except OSError as error:
        found = str(error.strerror)
    except (RuntimeError, ValueError) as error:  # links in a circle; a name that no folder can have
        found = str(error)
    _refuse(found, path, subject, expected)
    fresh = staging / "new"
    try:
        fresh.mkdir()
        yield fresh
        if fills:
            others = sorted(entry.name for entry in target.iterdir() if entry != staging)
            _refuse(f"holds {others[0]}" if others else None, path, subject, expected)
            _fill(target, fresh)
        else:
            _refuse(foreign(target), path, subject, expected)
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, fresh, staging / "old")
    finally:
        shutil.rmtree(staging)


def _refuse(found: str | None, path: Path, subject: str, expected: str) -> None:
    if found is not None:
        raise DefinitionError(subject, [Fault(str(path), found, expected, "name another folder")])


def _fill(target: Path, fresh: Path) -> None:
    """Move all that is in `fresh` to `target`, or nothing."""
    moved: list[tuple[Path, Path]] = []
    try:
        for entry in sorted(fresh.iterdir()):
            moved.append((entry, target / entry.name))
            entry.rename(target / entry.name)
    except BaseException:
        for entry, place in moved:
            if not entry.exists():
                place.rename(entry)
        raise


def _replace(target: Path, fresh: Path, former: Path) -> None:
    """Put `fresh` in the place of `target`, or leave that as it was."""
    if target.exists():
        target.rename(former)
    try:
        fresh.rename(target)
    finally:
        if former.exists() and not target.exists():  # pragma: no cover - a rename that failed
            former.rename(target)
