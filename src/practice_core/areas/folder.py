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

    Until then it is a hidden sibling, removed if the block fails; missing parents are made at the
    end. What stood at `path` is replaced.

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
        On entry, if something foreign is there or nothing can be written.
    OSError
        If the place is lost meanwhile.
    """
    try:
        target = path.resolve()
        found = foreign(target)
        if found is None:
            home = next(parent for parent in target.parents if parent.exists())
            staging = home / tempfile.mkdtemp(prefix=f".{target.name}-", dir=home)
    except OSError as error:
        found = str(error.strerror)
    except (RuntimeError, ValueError) as error:  # links in a circle; a name that no folder can have
        found = str(error)
    if found is not None:
        raise DefinitionError(subject, [Fault(str(path), found, expected, "name another folder")])
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
