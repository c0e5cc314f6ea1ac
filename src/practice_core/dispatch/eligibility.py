"""The law that no policy passes: which team may be offered which order at all.

Whether the team is free in the requested window is the roster's question; whether it would like
to come is its own.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from practice_core.orders import Order
    from practice_core.volunteers import Team

__all__ = ["Ineligible", "ineligible"]


class Ineligible(enum.StrEnum):
    """Why a team may not be offered an order, in order of precedence."""

    CATEGORY = "category"
    """It does not serve this category."""
    MEMBERS = "members"
    """It has fewer members than are needed."""
    ASKED = "asked"
    """It was already asked for this order."""


def ineligible(team: Team, order: Order) -> Ineligible | None:
    """Give the first reason why `team` may not be offered `order`, or None."""
    request = order.request
    if request.category not in team.categories:
        return Ineligible.CATEGORY
    if team.members < request.needed and request.host != team.id:
        return Ineligible.MEMBERS
    if team.id in order.asked:
        return Ineligible.ASKED
    return None
