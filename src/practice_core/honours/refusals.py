"""Why a command on a nomination is not carried out: a closed list, in order of precedence."""

from __future__ import annotations

import enum

__all__ = ["NominationRefusal"]


class NominationRefusal(enum.StrEnum):
    """Why a command was refused, in order of precedence: the first that applies is given."""

    UNKNOWN_NOMINATION = "unknown_nomination"
    """There is no such nomination."""
    ROLE = "role"
    """Nobody in this role gives this command."""
    SCOPE = "scope"
    """The nominee alone withdraws, and says whether he is told of."""
    STATE = "state"
    """Not in the present state."""
    LATE = "late"
    """The window for it is over."""
    EARLY = "early"
    """The clock has not run out yet."""
    INVALID_VALUE = "invalid_value"
    """A bad id, a score out of its range, or a reason that only the panel gives."""
    NOT_ON_PANEL = "not_on_panel"
    """He was not asked to evaluate."""
    OWN_CASE = "own_case"
    """Nobody evaluates, shows, honours, drops or objects to himself."""
    OWN_NOMINEE = "own_nominee"
    """Nobody evaluates whom he nominated, or rejects objections to him."""
    REPEATED = "repeated"
    """He did it already."""
    NO_OBJECTION = "no_objection"
    """He has raised none, or it was rejected."""
    OBJECTION_OPEN = "objection_open"
    """Nobody is honoured over an objection."""
