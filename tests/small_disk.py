"""A journal on a disk that runs full: what a process does that has such a disk for itself.

Run by tests/test_faults.py in a namespace of its own, where it may mount one.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from practice_core.journal import JournalFull, KeptSnapshot, SqliteJournal, StoreError, verify
from tests.crash_writer import give

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(act: Callable[[], object]) -> None:
    """Assert that something is refused for want of room."""
    try:
        act()
    except JournalFull:
        return
    raise AssertionError(act)


def filled(journal: SqliteJournal, number: int) -> int:
    """Give one command after the other until there is no room; give the number of the refused."""
    while True:
        try:
            give(journal, number)
        except JournalFull:
            return number
        number += 1


def main(folder: Path) -> None:
    path, filler = folder / "a.journal", folder / "filler"
    filler.write_bytes(bytes(150_000))
    with SqliteJournal(path) as journal:
        number = filled(journal, 0)
        before = list(journal.rows())
        kept = KeptSnapshot("orders", 1, journal.head(), bytes(200_000))
        refused(lambda: journal.keep_snapshot(kept))
        refused(lambda: journal.backup(folder / "copy"))
        assert not [one for one in folder.iterdir() if one.name.startswith(("copy", "tmp"))]
        assert list(journal.rows()) == before
    with suppress(StoreError), SqliteJournal(path) as journal:  # it may be refused to open it
        assert list(journal.rows()) == before
        assert filled(journal, number) == number
    filler.unlink()
    with SqliteJournal(path) as journal:
        assert list(journal.rows()) == before
        assert give(journal, number).position_first == len(before) + 1
        assert verify(journal) == ()
    print(number, "commands")  # noqa: T201 - it is asked how many


if __name__ == "__main__":
    main(Path(sys.argv[1]))
