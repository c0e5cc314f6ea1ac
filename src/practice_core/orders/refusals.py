"""Why a command is not carried out: a closed list, in order of precedence."""

from __future__ import annotations

import enum

__all__ = ["Refusal"]


class Refusal(enum.StrEnum):
    """Why a command was refused, in order of precedence: the first that applies is given."""

    UNKNOWN_ORDER = "unknown_order"
    """There is no such order, or the actor may not even read it."""
    ROLE = "role"
    """Nobody in this role gives this command in this loop."""
    SCOPE = "scope"
    """Somebody in this role does, but not this actor for this order."""
    STATE = "state"
    """Not in the order's present state."""
    LATE = "late"
    """The window for it is over."""
    EARLY = "early"
    """The clock has not run out yet, or the day of issue not come."""
    INVALID_REQUEST = "invalid_request"
    """Bad id, another's name, nobody needed or more than 10,000, no desk, or one twice.

    Or a window before 1970, over, or shorter than the service; or not the need that was collected;
    or no order for somebody, or by nobody who may say so.
    """
    NO_TEAM = "no_team"
    """An offer to nobody, to one team twice, or to what is no team's id."""
    TOO_MANY = "too_many"
    """More than 100 teams asked at once, or several where the loop asks one at a time."""
    ASKED = "asked"
    """A team was already asked for this order."""
    UNKNOWN_TEAM = "unknown_team"
    """The order asks something of those who serve, and nothing is known of the team."""
    NOT_TAKER = "not_taker"
    """In this loop teams from elsewhere take orders."""
    CATEGORY = "category"
    """The team does not serve this category."""
    MEMBERS = "members"
    """The team has fewer members than are needed."""
    AGE = "age"
    """Some of its members are too young."""
    GUARDIAN = "guardian"
    """Some of its members are under age, and their guardians have not consented."""
    SKILL = "skill"
    """The team was not trained in what the service takes."""
    QUALIFICATION = "qualification"
    """The team is not licensed for what the service takes."""
    INSURANCE = "insurance"
    """The service is dangerous, and the team's members are not insured."""
    LAST_DESK = "last_desk"
    """There is no further desk to escalate to."""
    FIRST_DESK = "first_desk"
    """There is no desk before this one."""
    FURTHER_DESK = "further_desk"
    """A desk gives up only if there is none after it."""
    OUTSIDE_WINDOW = "outside_window"
    """The service would not lie inside the requested window, start in the past, or be too short."""
    DOUBLE_BOOKED = "double_booked"
    """The team serves another order at that time."""
    INVALID_VALUE = "invalid_value"
    """A number is out of its range."""
    NO_CONSENT = "no_consent"
    """Nothing is shown without consent."""
    SAME_ORDER = "same_order"
    """An order is neither merged into itself nor a part of itself."""
    REPEATED = "repeated"
    """It was done already."""
