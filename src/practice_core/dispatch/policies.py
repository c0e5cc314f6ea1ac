"""The policies that ship. Each is a plain object; each sort key ends in the keyed hash.

A policy that ended its key in a team's place in a list would send every tie to the same few
teams: with small whole loads the tie rule *is* the policy (MODEL section 2.3).
"""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs
import numpy as np

from practice_core.dispatch.contract import Decision, Draw, Offer, Policy, View, Wait
from practice_core.errors import UnknownName
from practice_core.units import DAY, HOUR, Duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.orders import Order
    from practice_core.units import SiteId

__all__ = ["POLICIES", "HomeFirst", "Nearest", "Random", "policy"]

RECHECK: Duration = 12 * HOUR
"""How long an order that nobody can serve now waits before it is looked at again."""


@attrs.frozen
class Nearest:
    """Offer to the nearest lawful team.

    Idea: less travel, and teams accept near jobs more readily, if they do. Key: (km, hash). Cost:
    one walk to the first lawful team. Bad when willing teams are few and near ones are asked
    again and again; the nearest unit is not in general the best to send (Larson and Odoni,
    *Urban Operations Research*, section 5.3).
    """

    open_for: Duration = DAY
    period: Duration = 0

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:  # noqa: ARG002 - the contract
        """Decide about each order by itself."""
        return [self._one(order, view) for order in orders]

    def _one(self, order: Order, view: View) -> Decision:
        for candidate in view.candidates(order):
            return Offer(order.id, (candidate.team,), self.open_for)
        return Wait(order.id, view.now + RECHECK)


@attrs.frozen
class Random:
    """Offer to a lawful team drawn uniformly.

    Idea: the foil; it spreads offers evenly and ignores distance. Key: the hash alone. Cost: all
    candidates of the order. Bad whenever distance lowers acceptance.
    """

    open_for: Duration = DAY
    period: Duration = 0

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:  # noqa: ARG002 - the contract
        """Decide about each order by itself."""
        return [self._one(order, view) for order in orders]

    def _one(self, order: Order, view: View) -> Decision:
        found = view.candidates(order).arrays()
        if not found.teams:
            return Wait(order.id, view.now + RECHECK)
        team = found.teams[int(np.argmin(found.tie))]
        return Offer(order.id, (team,), self.open_for)


@attrs.frozen
class HomeFirst:
    """Offer within the order's own station first, then its institute, then the whole county.

    Idea: the status quo of most counties, "community first, then upwards". Inside a level the
    nearest lawful team, by (km, hash); `tries` teams are asked at a level before the next; a level
    without a lawful team is passed at once. Cost: a walk up to the first team of the level. Bad
    when home teams are few: it asks them first even if a better one lives across the border.
    """

    tries: int = 3
    open_for: Duration = DAY
    period: Duration = 0

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:  # noqa: ARG002 - the contract
        """Decide about each order by itself."""
        return [self._one(order, view) for order in orders]

    def _one(self, order: Order, view: View) -> Decision:
        chain = view.hierarchy.chain(order.request.site)
        covers = view.hierarchy.covers

        def level_of(home: SiteId) -> int:
            return next(level for level, site in enumerate(chain) if covers(site, home))

        asked = Counter(level_of(view.home(team)) for team in order.asked)
        county = len(chain) - 1
        for level, site in enumerate(chain):
            if asked[level] < self.tries or level == county:
                for candidate in view.candidates(order, within=site):
                    if level == county or level_of(candidate.home) == level:
                        return Offer(order.id, (candidate.team,), self.open_for)
        return Wait(order.id, view.now + RECHECK)


POLICIES: Mapping[str, Policy] = MappingProxyType(
    {"random": Random(), "nearest": Nearest(), "home_first": HomeFirst()}
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
