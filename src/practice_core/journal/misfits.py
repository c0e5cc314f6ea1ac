"""Events that do not go with those before them: in which way, and where."""

from __future__ import annotations

import enum

import attrs

from practice_core.errors import shown
from practice_core.journal.errors import JournalError

__all__ = ["Misfit", "Unfoldable", "Unfolded"]


class Misfit(enum.StrEnum):
    """Why an event does not go with those before it."""

    IMPOSSIBLE = "impossible"
    """Its order, account or item was not in a state in which this can happen."""
    MISPLACED = "misplaced"
    """It stands in another one's stream, or not where its number in the stream says."""
    BROKEN = "broken"
    """What is stored is no event."""
    UNKNOWN = "unknown"
    """It is of a kind, or of a schema of it, that this program does not know."""


@attrs.frozen
class Unfolded:
    """The first event of a stream, or of a kind, that does not go with those before it.

    Parameters
    ----------
    kind
        In which way.
    position, stream
        Where it stands.
    why
        What is wrong with it.
    """

    kind: Misfit
    position: int
    stream: str
    why: str


class Unfoldable(JournalError, ValueError):
    """A journal holds an event that does not go with those before it: nothing was made of it.

    Attributes
    ----------
    found : Unfolded
        The first such event.

    Examples
    --------
    >>> print(Unfoldable(Unfolded(Misfit.MISPLACED, 7, "account/v-1", "an event of account/v-2")))
    event 7 in account/v-1: misplaced: an event of account/v-2; see practice-core replay
    """

    def __init__(self, found: Unfolded) -> None:
        self.found = found
        super().__init__(
            shown(
                f"event {found.position} in {found.stream}: {found.kind}: {found.why}; "
                "see practice-core replay"
            )
        )

    def __reduce__(self) -> tuple[type[Unfoldable], tuple[Unfolded]]:
        return type(self), (self.found,)
