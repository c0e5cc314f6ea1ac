"""A nomination as it stands, and what a place says of how role models are chosen."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.units import DAY, ActorId, Duration, Instant, NominationId, value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Deed", "HonourTitle", "Nomination", "NominationState", "Selection"]

_MOST_SCORE = 100
_MOST_QUORUM = 1_000


class NominationState(enum.StrEnum):
    """Where a nomination stands."""

    ABSENT = "absent"
    NOMINATED = "nominated"
    """Being evaluated."""
    EVALUATED = "evaluated"
    """Good enough, says the panel."""
    PUBLISHED = "published"
    """Shown in public (公示), open to objections."""
    HONOURED = "honoured"
    CONSENTED = "consented"
    """Honoured, and agrees to being told of."""
    TOLD = "told"
    DROPPED = "dropped"
    WITHDRAWN = "withdrawn"


class Deed(enum.StrEnum):
    """For what somebody is nominated; no free text, which would stand in events for ever."""

    SERVICE = "service"
    """For long or much service."""
    RESCUE = "rescue"
    CARE = "care"
    """For years of care for somebody."""
    HONESTY = "honesty"
    DEVOTION = "devotion"
    """To work beyond duty."""
    CUSTOMS = "customs"
    """For better customs (移风易俗)."""


class HonourTitle(enum.StrEnum):
    """What somebody is honoured as."""

    GOOD_PERSON = "good_person"
    """A good person among us (身边好人)."""
    MOST_BEAUTIFUL = "most_beautiful"
    """A most beautiful volunteer (最美志愿者), as Fuzhou's credit points have it."""
    SPECIAL = "special"
    """A special award, likewise."""


@value
class Nomination:
    """A nomination.

    Parameters
    ----------
    id
        Of the nomination.
    nominee, nominated_by
        Who is to be honoured, and who thought so; they may be one.
    deed
        For what.
    state
        Where it stands.
    version
        How many events made it.
    due_at
        Until when the panel evaluates, or the public may object; None elsewhere.
    scores
        Who gave which, in order.
    title
        As what he is shown or honoured; None: not yet.
    objectors
        Whoever has raised an objection.
    open
        Those whose objection nobody has rejected yet.
    """

    id: NominationId
    nominee: ActorId
    nominated_by: ActorId
    deed: Deed
    state: NominationState
    version: int
    due_at: Instant | None = None
    scores: tuple[tuple[ActorId, int], ...] = ()
    title: HonourTitle | None = None
    objectors: tuple[ActorId, ...] = ()
    open: tuple[ActorId, ...] = ()


@attrs.frozen(kw_only=True)
class Selection:
    """How a place chooses its role models. No figure is published; all are assumed.

    Parameters
    ----------
    quorum
        As soon as so many have evaluated, their mean decides: 3, assumed, 1 to 15.
    best
        The best score: 10, assumed.
    mark
        The mean that is good enough, rounded never: 6, assumed.
    panel
        Who evaluates; empty: anybody in the roles of the command.
    evaluate_within
        How long the panel has, in ms: 30 days, assumed.
    publish_for
        How long somebody is shown before he is honoured, in ms: 7 days, as certificates are
        (DOMAIN 4.3), for want of a figure of its own.

    Raises
    ------
    DefinitionError
        With all that is wrong.

    Examples
    --------
    >>> Selection(panel=frozenset({"a", "b"}), mark=11)
    Traceback (most recent call last):
    ...
    practice_core.errors.DefinitionError: selection: 2 faults
      mark: 11; expected 1 to 10; change mark
      panel: 2 persons; expected none, or at least 3; name more or lower quorum
    """

    quorum: int = 3
    best: int = 10
    mark: int = 6
    panel: frozenset[ActorId] = frozenset()
    evaluate_within: Duration = 30 * DAY
    publish_for: Duration = 7 * DAY

    def __attrs_post_init__(self) -> None:
        faults = tuple(self._faults())
        if faults:
            subject = "selection"
            raise DefinitionError(subject, faults)

    def _faults(self) -> Iterator[Fault]:
        limits = {"quorum": _MOST_QUORUM, "best": _MOST_SCORE, "mark": self.best}
        for name, most in limits.items():
            if not 1 <= getattr(self, name) <= most:
                expected = f"1 to {most:,}"
                yield Fault(name, repr(getattr(self, name)), expected, f"change {name}")
        if self.panel and len(self.panel) < self.quorum:
            found, expected = f"{len(self.panel)} persons", f"none, or at least {self.quorum}"
            yield Fault("panel", found, expected, "name more or lower quorum")
        for name in ("evaluate_within", "publish_for"):
            if getattr(self, name) < 1:
                yield Fault(name, repr(getattr(self, name)), "at least 1 ms", f"change {name}")
