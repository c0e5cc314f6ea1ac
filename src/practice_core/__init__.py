"""What the words of a county's volunteer practice network mean, once.

The names a platform needs; everything else is in its room (``practice_core.orders``,
``practice_core.dispatch``, ``practice_core.simulation`` and so on).

Examples
--------
>>> area = load_area("wujiang")
>>> [step.en for step in area.profile.steps]  # doctest: +NORMALIZE_WHITESPACE
['collect needs', 'grassroots order', 'center dispatches', 'team accepts', 'people rate']
"""

from practice_core.areas import Area, area_names, load_area
from practice_core.dispatch import Offer, Policy, Roster, policy
from practice_core.errors import DefinitionError, PracticeError
from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.lifecycle import Role
from practice_core.orders import (
    ORDER,
    Access,
    Actor,
    LoopProfile,
    Order,
    OrderState,
    Refusal,
    Refused,
    Request,
    RequestedTime,
    decide,
    evolve,
    may,
    step,
)
from practice_core.points import Ledger, RuleSet, Transfer, award
from practice_core.service import Done, Practice
from practice_core.terms import Category, term
from practice_core.units import Calendar, Instant, instant, moment
from practice_core.volunteers import ServiceRecord, Team

__all__ = [
    "ORDER",
    "Access",
    "Actor",
    "Area",
    "Calendar",
    "Category",
    "DefinitionError",
    "Done",
    "Hierarchy",
    "Instant",
    "Ledger",
    "Level",
    "LoopProfile",
    "Offer",
    "Order",
    "OrderState",
    "Policy",
    "Practice",
    "PracticeError",
    "Refusal",
    "Refused",
    "Request",
    "RequestedTime",
    "Role",
    "Roster",
    "RuleSet",
    "ServiceRecord",
    "Site",
    "Team",
    "Transfer",
    "area_names",
    "award",
    "decide",
    "evolve",
    "instant",
    "load_area",
    "may",
    "moment",
    "policy",
    "step",
    "term",
]
