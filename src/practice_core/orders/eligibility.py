"""The law that no desk and no policy passes: which team may be offered, and take, which order.

Nothing else decides: not distance, not rating, not how often a team declined. Whether a team would
like to come is its own question; when it is free is asked once it answers.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, TypeAlias

import attrs

from practice_core.orders.model import UNCONDITIONAL
from practice_core.units import MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from practice_core.hierarchy import Level
    from practice_core.orders.model import Conditions, Order, Request
    from practice_core.units import Instant, TeamId
    from practice_core.volunteers import Team

__all__ = [
    "Ineligible",
    "Standing",
    "Standings",
    "ineligible",
    "is_engaged",
    "leaves_time",
    "unfit",
    "wanting",
]

ADULT = 18
"""Younger volunteers serve with the consent of their guardians."""


class Ineligible(enum.StrEnum):
    """Why a team may not be offered an order, in order of precedence."""

    ASKED = "asked"
    """It was already asked for this order."""
    CATEGORY = "category"
    """It does not serve this category."""
    MEMBERS = "members"
    """It has fewer members than are needed."""
    AGE = "age"
    """Some of its members are too young for this service."""
    GUARDIAN = "guardian"
    """Some of its members are under age, and their guardians have not consented."""
    SKILL = "skill"
    """It was not trained in what the service takes."""
    QUALIFICATION = "qualification"
    """It is not licensed for what the service takes."""
    INSURANCE = "insurance"
    """The service is dangerous, and its members are not insured."""


@attrs.frozen
class Standing:
    """What the law must know of a team.

    Parameters
    ----------
    team
        The team.
    level
        Of the site it is at home at; None: unknown.
    engaged
        The times at which other orders leave it too few members for this one, as (start, end).
    """

    team: Team
    level: Level | None = None
    engaged: tuple[tuple[Instant, Instant], ...] = ()


Standings: TypeAlias = "Mapping[TeamId, Standing]"


def ineligible(team: Team, order: Order) -> Ineligible | None:
    """Give the first reason why `team` may not be offered `order`, or None."""
    request = order.request
    if team.id in order.asked:
        return Ineligible.ASKED
    return unfit(team, request)


def unfit(team: Team, request: Request) -> Ineligible | None:
    """Give the first reason why `team` may not serve what was asked for, or None."""
    if request.category not in team.categories:
        return Ineligible.CATEGORY
    if team.members < request.needed and request.host != team.id:
        return Ineligible.MEMBERS
    return wanting(team, request.conditions)


def wanting(team: Team, conditions: Conditions) -> Ineligible | None:  # noqa: PLR0911 - one for each reason
    """Give the first of some conditions that `team` does not meet, or None."""
    if team.youngest < conditions.min_age:
        return Ineligible.AGE
    if team.youngest < ADULT and not team.guardians:
        return Ineligible.GUARDIAN
    if conditions is UNCONDITIONAL:
        return None
    if not conditions.skills <= team.skills:
        return Ineligible.SKILL
    if not conditions.qualifications <= team.qualifications:
        return Ineligible.QUALIFICATION
    if conditions.danger and not team.insured:
        return Ineligible.INSURANCE
    return None


def is_engaged(standing: Standing, start: Instant, end: Instant) -> bool:
    """Tell whether other orders leave a team too few members between two instants."""
    return any(start < until and since < end for since, until in standing.engaged)


def leaves_time(standing: Standing, request: Request, at: Instant) -> bool:
    """Tell whether what else a team serves leaves it time for a service within its window."""
    free_from, length = max(at, request.earliest), request.duration * MINUTE
    if not is_engaged(standing, free_from, request.latest):
        return True
    for since, until in sorted(standing.engaged):
        if since - free_from >= length:
            break
        free_from = max(free_from, until)
    return request.latest - free_from >= length
