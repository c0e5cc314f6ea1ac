"""Which store a journal is in, by its address."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from practice_core.journal.codec import CODEC
from practice_core.journal.errors import NotAJournal
from practice_core.journal.memory import MemoryJournal
from practice_core.journal.sqlite import SqliteJournal

if TYPE_CHECKING:
    from practice_core.journal.codec import Codec
    from practice_core.journal.stored import StoredJournal

__all__ = ["open_journal"]

_POSTGRES = ("postgresql://", "postgres://")


def open_journal(
    where: str | os.PathLike[str], *, codec: Codec = CODEC, read_only: bool = False
) -> StoredJournal:
    """Open a journal, and make it if it is not there.

    Parameters
    ----------
    where
        ``"memory"`` for a new one in memory, a ``postgresql://`` address, or the path of a file.
    codec
        The events it holds; for those of one's own, ``CODEC.adding(...)``.
    read_only
        Whether only to read a journal that is there: nothing is made and nothing appended.

    Raises
    ------
    StoreError
        If it cannot be opened, as a subclass that says why.

    Examples
    --------
    >>> with open_journal("memory") as journal:
    ...     journal.head().length
    0
    """
    place = os.fspath(where)
    if place == "memory":
        if read_only:
            raise NotAJournal(place, "what is in memory is gone with its program")
        return MemoryJournal(codec=codec)
    if place.startswith(_POSTGRES):
        from practice_core.journal.postgres import PostgresJournal  # noqa: PLC0415 - an extra

        return PostgresJournal(place, codec=codec, read_only=read_only)
    return SqliteJournal(place, codec=codec, read_only=read_only)
