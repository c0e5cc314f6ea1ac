"""Why a command on a volunteer's standing is not carried out: a closed list, in precedence."""

from __future__ import annotations

import enum

__all__ = ["StandingRefusal"]


class StandingRefusal(enum.StrEnum):
    """Why a command was refused, in order of precedence: the first that applies is given."""

    UNKNOWN_VOLUNTEER = "unknown_volunteer"
    """The standing is another volunteer's, or this is no volunteer's number."""
    ROLE = "role"
    """Nobody in this role gives this command."""
    SCOPE = "scope"
    """A volunteer speaks for himself alone."""
    OWN_CASE = "own_case"
    """No officer acts on his own standing."""
    STATE = "state"
    """Not in the present state."""
    LATE = "late"
    """The window for it is over."""
    EARLY = "early"
    """The clock has not run out yet, or what was missed has not begun."""
    REASON = "reason"
    """Nobody in this role gives this reason; no program calls an absence malicious."""
    SAME_OFFICER = "same_officer"
    """Who blacklisted somebody does not decide the appeal."""
    APPEAL_OPEN = "appeal_open"
    """Somebody who may still appeal is not removed, unless he asks for it himself."""
    NOT_ACCEPTED = "not_accepted"
    """He had not accepted that order: staying away from it is no absence."""
    INVALID_VALUE = "invalid_value"
    """An absence not in the time of its order, excused and malicious, or of one who served."""
    REPEATED = "repeated"
    """It was done already."""
