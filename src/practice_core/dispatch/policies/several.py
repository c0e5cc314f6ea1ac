"""Policies that let several teams compete for an order."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import attrs

from practice_core.dispatch.contract import Offer, Post
from practice_core.dispatch.policies.each import EachByItself, wait
from practice_core.units import DAY, Duration

if TYPE_CHECKING:
    from practice_core.dispatch.contract import Decision, View
    from practice_core.orders import Order

__all__ = ["Grab", "Waves"]


@attrs.frozen
class Waves(EachByItself):
    """Offer to the `k` nearest lawful teams at once; the first yes ends the offers to the others.

    Idea: several answers are awaited at the same time. Key: (km, hash), the first `k`. If each
    accepts with probability p, a wave finds somebody with 1 - (1 - p)^k, and k p less that are
    acceptances in vain. Source: van den Berg et al., "Simulation of phased alerting of community
    first responders" (2024). Cost: a walk to the k-th lawful team. Bad when teams tire of offers or
    of being told that another was faster: it sends up to `k` times as many.

    Parameters
    ----------
    k
        How many teams; 1 is `Nearest`.
    open_for, period
        As for every policy.

    Raises
    ------
    ValueError
        If `k` is below 1.
    """

    k: int = attrs.field(default=3, validator=attrs.validators.ge(1))
    open_for: Duration = DAY
    period: Duration = 0

    def _one(self, order: Order, view: View) -> Decision:
        teams = tuple([each.team for each in islice(view.candidates(order), self.k)])
        return Offer(order.id, teams, self.open_for) if teams else wait(order, view)


@attrs.frozen
class Grab(EachByItself):
    """Post the order to the open pool, for whoever comes first.

    Idea: nobody is notified, the willing help themselves. Key: none, the teams decide; an order
    that no lawful team could take now is not posted. Source: the order boards (抢单) of volunteer
    platforms. Cost: a walk to the first lawful team. Bad when few look at the board, for orders
    that please nobody, and for travel: the fastest is not the nearest.
    """

    open_for: Duration = DAY
    period: Duration = 0

    def _one(self, order: Order, view: View) -> Decision:
        if next(iter(view.candidates(order)), None) is None:
            return wait(order, view)
        return Post(order.id, self.open_for)
