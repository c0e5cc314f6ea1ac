"""A volunteer's standing as it stands: good, on the blacklist, ended; and what it goes by."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.units import (
    DAY,
    HOUR,
    ActorId,
    Duration,
    Instant,
    OrderId,
    VolunteerId,
    value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Absence",
    "BlacklistReason",
    "EndReason",
    "StandingRules",
    "StandingState",
    "VolunteerStanding",
]

_MOST_A_YEAR = 366


class StandingState(enum.StrEnum):
    """Where a volunteer stands."""

    UNRECORDED = "unrecorded"
    """In good standing, and nothing was ever written down."""
    GOOD = "good"
    """In good standing."""
    BLACKLISTED = "blacklisted"
    APPEALED = "appealed"
    """On the blacklist, and an appeal is to be decided."""
    UPHELD = "upheld"
    """On the blacklist, and the appeal was in vain."""
    ENDED = "ended"
    """The registration has ended, and may be renewed."""
    REMOVED = "removed"
    """The file is closed for good."""


class BlacklistReason(enum.StrEnum):
    """For what a volunteer is blacklisted; no free text, which would stand in events for ever.

    What is forbidden in articles 20 to 25 of the 志愿服务条例, and false records; Longquanyi's own
    list is not in the part seen.
    """

    LOST_POINTS = "lost_points"
    """So many points were lost for misconduct."""
    FALSE_RECORD = "false_record"
    PAYMENT_TAKEN = "payment_taken"
    PROFIT_MADE = "profit_made"
    PRIVACY_BREACHED = "privacy_breached"
    HARM_DONE = "harm_done"


class EndReason(enum.StrEnum):
    """Why a registration ends."""

    OWN_WISH = "own_wish"
    NO_SHOWS = "no_shows"
    """So many unexcused absences in a calendar year."""
    MALICIOUS_NO_SHOWS = "malicious_no_shows"
    """So many malicious ones."""
    YEAR_POINTS = "year_points"
    """The points of a year are below zero."""
    LIFETIME_POINTS = "lifetime_points"
    """All points together are: the file is closed for good."""


@value
class Absence:
    """A service that a volunteer had accepted and did not come to.

    Parameters
    ----------
    order
        Which.
    missed
        When it began.
    year
        The local calendar year of that.
    excused
        Whether there was a reason: then it never counts.
    malicious
        Whether it was out of malice: then it counts twice over, as an unexcused one too.
    """

    order: OrderId
    missed: Instant
    year: int
    excused: bool
    malicious: bool


@value
class VolunteerStanding:
    """A volunteer's standing.

    Parameters
    ----------
    volunteer
        Whose.
    state
        Where he stands.
    version
        How many events made it.
    absences
        Every absence written down, in order.
    reason
        For what he is on the blacklist; None: he is not.
    blacklisted_by
        By whom.
    due_at
        Until when he may appeal, or an appeal is decided; from when on a registration may be
        renewed; None elsewhere.
    settled
        The latest year whose absences have ended a registration: they do so once.
    """

    volunteer: VolunteerId
    state: StandingState
    version: int
    absences: tuple[Absence, ...] = ()
    reason: BlacklistReason | None = None
    blacklisted_by: ActorId | None = None
    due_at: Instant | None = None
    settled: int | None = None

    @property
    def may_serve(self) -> bool:
        """Whether orders may be offered to him."""
        return self.state in {StandingState.UNRECORDED, StandingState.GOOD}


@attrs.frozen(kw_only=True)
class StandingRules:
    """What a place says of standing; None: nothing, and no number of absences ends anything.

    Parameters
    ----------
    no_show_limit_per_year
        So many unexcused absences in a calendar year end a registration (Longquanyi: 5).
    malicious_limit_per_year
        So many malicious ones do (Longquanyi: 3).
    appeal_within
        How long somebody on the blacklist may appeal, in ms. Assumed, 15 to 60 days: the
        regulation asks for complaints to be handled and gives no figure.
    decide_within
        How long an appeal waits before it succeeds by itself, in ms. Assumed, 7 to 60 days.
    offset
        Local time east of UTC, in ms: the year is local.

    Raises
    ------
    DefinitionError
        With all that is wrong.

    Examples
    --------
    >>> StandingRules(no_show_limit_per_year=0, decide_within=0)
    Traceback (most recent call last):
    ...
    practice_core.errors.DefinitionError: standing rules: 2 faults
      no_show_limit_per_year: 0; expected 1 to 366, or nothing; change no_show_limit_per_year
      decide_within: 0; expected at least 1 ms; change decide_within
    """

    no_show_limit_per_year: int | None = None
    malicious_limit_per_year: int | None = None
    appeal_within: Duration = 30 * DAY
    decide_within: Duration = 30 * DAY
    offset: Duration = 8 * HOUR

    def __attrs_post_init__(self) -> None:
        faults = tuple(self._faults())
        if faults:
            subject = "standing rules"
            raise DefinitionError(subject, faults)

    def _faults(self) -> Iterator[Fault]:
        for name in ("no_show_limit_per_year", "malicious_limit_per_year"):
            limit = getattr(self, name)
            if limit is not None and not 1 <= limit <= _MOST_A_YEAR:
                expected = f"1 to {_MOST_A_YEAR}, or nothing"
                yield Fault(name, repr(limit), expected, f"change {name}")
        for name in ("appeal_within", "decide_within"):
            if getattr(self, name) < 1:
                yield Fault(name, repr(getattr(self, name)), "at least 1 ms", f"change {name}")
        if abs(self.offset) > DAY:
            yield Fault("offset", repr(self.offset), "at most a day", "China is 8 hours east")
