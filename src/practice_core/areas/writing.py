"""Files that appear together, whole, and over nothing that was there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["write_files"]


def write_files(folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write files into a folder that is there; all of them, or none.

    Parameters
    ----------
    folder
        Where.
    contents
        By name; nothing of such a name may be there yet.

    Returns
    -------
    tuple of Path
        The files, in the order given.

    Raises
    ------
    DefinitionError
        If something is there already, or nothing can be written.
    """
    targets = tuple(folder / name for name in contents)
    staging, made = None, list[Path]()
    try:
        for target in targets:
            if os.path.lexists(target):
                raise _refused(target, "there already")
        staging = Path(tempfile.mkdtemp(prefix=".practice-", dir=folder))
        for name, content in contents.items():
            (staging / name).write_bytes(content)
        for target in targets:
            os.link(staging / target.name, target)  # fails where something has appeared meanwhile
            made.append(target)
    except (OSError, ValueError) as error:
        for target in made:
            target.unlink(missing_ok=True)
        if isinstance(error, DefinitionError):
            raise
        place = Path(error.filename2 or folder) if isinstance(error, OSError) else folder
        said = error.strerror if isinstance(error, OSError) else error
        raise _refused(place, str(said)) from None
    finally:
        if staging is not None:
            shutil.rmtree(staging)
    return targets


def _refused(place: Path, found: str) -> DefinitionError:
    expected = "a new file in a folder that is there"
    return DefinitionError("write", [Fault(str(place), found, expected, "name another file")])
