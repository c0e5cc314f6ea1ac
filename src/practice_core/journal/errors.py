"""What can go wrong with a journal; whatever it is, nothing is half written."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from practice_core.errors import PracticeError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AppendRefused",
    "BrokenEvent",
    "CommandReused",
    "Conflict",
    "HandleUnusable",
    "JournalBusy",
    "JournalDamaged",
    "JournalError",
    "JournalFull",
    "JournalReadOnly",
    "JournalUnavailable",
    "NewerJournal",
    "NotAJournal",
    "NotAStream",
    "Stale",
    "StoreError",
    "UnknownEvent",
    "UnknownText",
]


class JournalError(PracticeError):
    """Root of what a journal raises."""


# ------------------------------------------------------------------ what was asked for


@attrs.frozen
class Stale:
    """A stream that has another number of events than its writer believed."""

    stream: str
    expected: int
    found: int

    def __str__(self) -> str:
        return f"{self.stream} has {self.found} events, not {self.expected}"


class Conflict(JournalError, RuntimeError):
    """Somebody else wrote first: nothing was written; read again and decide anew.

    Attributes
    ----------
    stale : tuple of Stale
        Every stream that is not as expected, as the writes name them.

    Examples
    --------
    >>> print(Conflict([Stale("order/o-1", expected=2, found=3)]))
    conflict: order/o-1 has 3 events, not 2; nothing was written, read again and decide anew
    """

    def __init__(self, stale: Iterable[Stale]) -> None:
        self.stale = tuple(stale)
        found = ", ".join(map(str, self.stale))
        super().__init__(f"conflict: {found}; nothing was written, read again and decide anew")

    def __reduce__(self) -> tuple[type[Conflict], tuple[tuple[Stale, ...]]]:
        return type(self), (self.stale,)


class CommandReused(JournalError, ValueError):
    """The id of a command that was carried out came back with another content.

    Attributes
    ----------
    command : str
        The id.
    """

    def __init__(self, command: str) -> None:
        self.command = command
        super().__init__(
            shown(
                f"command {command}: carried out before with another digest; "
                "nothing was written, give a new command a new id"
            )
        )

    def __reduce__(self) -> tuple[type[CommandReused], tuple[str]]:
        return type(self), (self.command,)


class AppendRefused(JournalError, ValueError):
    """What was to be appended is out of bounds or cannot be stored; nothing was written.

    Attributes
    ----------
    place : str
        Which part of it.
    why : str
        What is wrong with that, and what would be right.
    """

    def __init__(self, place: str, why: str) -> None:
        self.place = place
        self.why = why
        super().__init__(shown(f"{place}: {why}; nothing was written"))

    def __reduce__(self) -> tuple[type[AppendRefused], tuple[str, str]]:
        return type(self), (self.place, self.why)


class NotAStream(JournalError, ValueError):
    """A name that no stream can have.

    Attributes
    ----------
    name : str
        As given.

    Examples
    --------
    >>> print(NotAStream("orders/o-1"))
    no stream can be named 'orders/o-1'; expected a kind such as order or team, a slash and an id
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            shown(
                f"no stream can be named {name!r:.80}; "
                "expected a kind such as order or team, a slash and an id"
            )
        )

    def __reduce__(self) -> tuple[type[NotAStream], tuple[str]]:
        return type(self), (self.name,)


class UnknownText(JournalError, LookupError):
    """No text was ever kept under this id; one that was erased is known.

    Attributes
    ----------
    id : str
        The id as given.
    """

    def __init__(self, id: str) -> None:  # noqa: A002 - what it is called everywhere
        self.id = id
        super().__init__(shown(f"no text {id!r} was ever kept here"))

    def __reduce__(self) -> tuple[type[UnknownText], tuple[str]]:
        return type(self), (self.id,)


# ------------------------------------------------------------------ what is stored


class UnknownEvent(JournalError, LookupError):
    """An event of a kind, or of a schema of it, that this program does not know.

    Attributes
    ----------
    kind : str
        As stored.
    schema : int
        As stored.
    known : int
        The newest schema of that kind that is known; 0 if the kind is not.

    Examples
    --------
    >>> print(UnknownEvent("order.placed", 2, known=1))
    order.placed of schema 2; this program knows schema 1: update it
    >>> print(UnknownEvent("hall.opened", 1, known=0))
    hall.opened: no such kind of event is known; give the journal a codec with it, or update
    """

    def __init__(self, kind: str, schema: int, known: int) -> None:
        self.kind = kind
        self.schema = schema
        self.known = known
        said = (
            f"{kind} of schema {schema}; this program knows schema {known}: update it"
            if known
            else f"{kind}: no such kind of event is known; "
            "give the journal a codec with it, or update"
        )
        super().__init__(shown(said))

    def __reduce__(self) -> tuple[type[UnknownEvent], tuple[str, int, int]]:
        return type(self), (self.kind, self.schema, self.known)


class BrokenEvent(JournalError, ValueError):
    """A stored body that is no event.

    Attributes
    ----------
    body : bytes
        As stored.
    why : str
        What is wrong with it.
    """

    def __init__(self, body: bytes, why: str) -> None:
        self.body = body
        self.why = why
        begin = body[:80].decode("utf-8", errors="replace")
        super().__init__(
            shown(f"no event: {why}: {begin}; verify the journal and go back to a backup")
        )

    def __reduce__(self) -> tuple[type[BrokenEvent], tuple[bytes, str]]:
        return type(self), (self.body, self.why)


# ------------------------------------------------------------------ where it is stored


class StoreError(JournalError, OSError):
    """The store of a journal failed; whatever was appended and answered is still there.

    Attributes
    ----------
    where : str
        The journal.
    why : str
        What its store says.
    """

    said: ClassVar[str] = "the store failed"
    remedy: ClassVar[str] = "nothing is half written, a command under way may be given again"

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why
        super().__init__(shown(f"{where}: {self.said}: {why}; {self.remedy}"))

    def __reduce__(self) -> tuple[type[StoreError], tuple[str, str]]:
        return type(self), (self.where, self.why)


class NotAJournal(StoreError, ValueError):
    """Something else is there, and it was left as it is."""

    said = "not a journal"
    remedy = "it was left as it is; name another place, or go back to a backup"


class NewerJournal(StoreError):
    """It was written by a later release than this program."""

    said = "a newer journal than this program knows"
    remedy = "it was left as it is; update the program"


class JournalBusy(StoreError, TimeoutError):
    """Somebody else has held it for longer than this handle waits."""

    said = "locked by somebody else"
    remedy = "nothing is half written, try again"


class JournalReadOnly(StoreError, PermissionError):
    """It may not be written to."""

    said = "may not be written to"
    remedy = "nothing was written, mind who owns it and its folder"


class JournalFull(StoreError):
    """There is no room left where it is."""

    said = "no room left"
    remedy = "nothing was written, make room and try again"


class JournalDamaged(StoreError):
    """What is stored cannot be read."""

    said = "damaged"
    remedy = "keep the file, and go back to a backup"


class JournalUnavailable(StoreError, ConnectionError):
    """It cannot be reached; whether a command under way was carried out, its repetition tells."""

    said = "cannot be reached"
    remedy = "mind the address; a command under way may be given again with its id"


class HandleUnusable(StoreError):
    """The handle was closed, or belongs to another thread."""

    said = "this handle cannot be used"
    remedy = "open one of your own"
