"""What a policy sees, of a roster and the orders that wait: one for service and simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.dispatch.contract import Candidates
    from practice_core.dispatch.roster import Roster
    from practice_core.hierarchy import Hierarchy
    from practice_core.orders import Order
    from practice_core.units import Instant, SiteId, TeamId

__all__ = ["RosterView"]


@attrs.define(eq=False)
class RosterView:
    """What is known at an instant; implements `View`.

    Parameters
    ----------
    now
        The instant.
    hierarchy
        The network of sites.
    roster
        The teams' working state.
    on_desk
        The orders that wait, by age: the least is the oldest.
    """

    now: Instant
    hierarchy: Hierarchy
    roster: Roster
    on_desk: Mapping[int, Order]

    def candidates(self, order: Order, *, within: SiteId | None = None) -> Candidates:
        """Give the lawful teams, nearest first."""
        return self.roster.candidates(order, self.now, within)

    def home(self, team: TeamId) -> SiteId:
        """Give the home of a team."""
        return self.roster.teams[self.roster.index[team]].home

    def waiting(self, scope: SiteId | None = None) -> Sequence[Order]:
        """Give the orders on the desks in `scope`, oldest first."""
        here = self.hierarchy
        found = [self.on_desk[age] for age in sorted(self.on_desk)]
        if scope is None:
            return found
        return [o for o in found if o.holder in here and here.covers(scope, o.holder)]
