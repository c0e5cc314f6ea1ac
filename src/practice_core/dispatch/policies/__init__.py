"""The policies that ship. Each is a plain object; each sort key ends in the keyed hash.

A policy that ended its key in a team's place in a list would send every tie to the same few
teams: with small whole loads the tie rule *is* the policy (MODEL section 2.3).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from practice_core.dispatch.policies.batch import Batch
from practice_core.dispatch.policies.own import load_policy
from practice_core.dispatch.policies.several import Grab, Waves
from practice_core.dispatch.policies.single import (
    BestAnswer,
    HomeFirst,
    LeastBusy,
    LeastRecentlyNotified,
    Nearest,
    Random,
    StatusQuo,
    TwoChoices,
)
from practice_core.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from practice_core.dispatch.contract import Policy

__all__ = [
    "POLICIES",
    "Batch",
    "BestAnswer",
    "Grab",
    "HomeFirst",
    "LeastBusy",
    "LeastRecentlyNotified",
    "Nearest",
    "Random",
    "StatusQuo",
    "TwoChoices",
    "Waves",
    "load_policy",
    "policy",
]

POLICIES: Mapping[str, Policy] = MappingProxyType(
    {
        "random": Random(),
        "nearest": Nearest(),
        "home_first": HomeFirst(),
        "least_busy": LeastBusy(),
        "batch": Batch(),
        "best_answer": BestAnswer(),
        "two_choices": TwoChoices(),
        "least_recently_notified": LeastRecentlyNotified(),
        "status_quo": StatusQuo(),
        "waves": Waves(),
        "grab": Grab(),
    }
)
"""Every policy that ships, by name."""


def policy(name: str) -> Policy:
    """Give a shipped policy.

    Raises
    ------
    UnknownName
        If none has this name; the nearest known one is offered.

    Examples
    --------
    >>> policy("nearest").period
    0
    """
    try:
        return POLICIES[name]
    except KeyError:
        raise UnknownName("policy", name, POLICIES) from None
