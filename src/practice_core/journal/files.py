"""Files that appear whole, on the disk, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["settle"]


def settle(part: Path, target: Path) -> None:
    """Give a finished file its name, on the disk, unless something else has it.

    Parameters
    ----------
    part
        The file under the name that it was written by; it may be left there, as a second name.
    target
        The name to give it, in the same folder.

    Raises
    ------
    FileExistsError
        If something has the name.
    """
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # no second names there, as on a stick
        part.rename(target)
    with suppress(PermissionError):  # where a folder cannot be opened, as on Windows
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
