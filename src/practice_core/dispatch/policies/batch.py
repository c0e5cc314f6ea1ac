"""A policy that decides about all waiting orders together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
from scipy.optimize import linear_sum_assignment

from practice_core.dispatch.contract import Offer, Wait
from practice_core.units import DAY, HOUR, Duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.dispatch.contract import CandidateArrays, Decision, Draw, View
    from practice_core.orders import Order
    from practice_core.units import TeamId

__all__ = ["Batch"]

NOBODY_KM = 1_000.0
"""What it costs to leave an order without an offer: no way inside a county is as long."""
TIE_KM = 1e-6
"""A way is lengthened by up to a millimetre, by hash: of equal assignments one is the shortest."""


@attrs.frozen
class Batch:
    """Every four hours, assign all waiting orders to teams with the least way in all.

    Idea: the nearest team of one order may be the only one of another; deciding together sees it.
    Formula: minimum of the sum of km over pairs (order, lawful team), each team at most once, 1,000
    km for an order without offer, so that as many orders as possible get one; equal sums by hash.
    Source: the assignment problem (Kuhn 1955; Crouse, *IEEE Trans. Aerosp. Electron. Syst.*, 2016);
    MODEL section 2.3. Cost: all candidates of every order, then at worst the cube of the orders.
    Bad when teams are many, because then there is little to gain, and the wait for the next tick
    costs time that refusals need.

    Parameters
    ----------
    at_most
        How many orders are assigned at one tick; the oldest come first. Orders that nobody can
        serve now do not count.
    open_for, period
        As for every policy.
    """

    at_most: int = attrs.field(default=500, validator=attrs.validators.ge(1))
    open_for: Duration = DAY
    period: Duration = 4 * HOUR

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:
        """Decide about all orders together."""

        def age(order: Order) -> tuple[int, float]:
            return order.request.placed_at, draw.uniform(order.id)

        taken, found = [], []
        for order in sorted(orders, key=age):
            # In a batch of n orders nobody is sent farther than to his n-th nearest team.
            candidates = view.candidates(order).arrays(min(len(orders), self.at_most))
            if candidates.teams:
                taken.append(order.id)
                found.append(candidates)
                if len(found) == self.at_most:
                    break
        team_of = dict(zip(taken, _assigned(found), strict=True))
        decisions: list[Decision] = []
        for order in orders:
            team = team_of.get(order.id)
            if team is None:
                decisions.append(Wait(order.id, view.now + self.period))
            else:
                decisions.append(Offer(order.id, (team,), self.open_for))
        return decisions


def _assigned(found: Sequence[CandidateArrays]) -> list[TeamId | None]:
    """Give each order its team in the assignment with the least sum of km, or None."""
    teams = sorted({team for candidates in found for team in candidates.teams})
    column = {team: n for n, team in enumerate(teams)}
    # One column a team, then one an order for being left without.
    cost = np.full((len(found), len(teams) + len(found)), np.inf)
    cost[:, len(teams) :] = NOBODY_KM
    for row, candidates in enumerate(found):
        columns = [column[team] for team in candidates.teams]
        cost[row, columns] = candidates.km + TIE_KM * candidates.tie
    _, chosen = linear_sum_assignment(cost)
    return [teams[n] if n < len(teams) else None for n in chosen.tolist()]
