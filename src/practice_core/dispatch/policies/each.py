"""What policies share that decide about each order by itself."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

from practice_core.dispatch.contract import Offer, Wait
from practice_core.units import HOUR, Duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.dispatch.contract import Candidate, Decision, Draw, View
    from practice_core.orders import Order

__all__ = ["EachByItself", "offer", "wait"]

RECHECK: Duration = 12 * HOUR
"""How long an order that nobody can serve now waits before it is looked at again."""


class EachByItself(abc.ABC):
    """Decides about each order by itself, without randomness of its own."""

    __slots__ = ()

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:  # noqa: ARG002 - the contract
        """Decide about each order by itself."""
        return [self._one(order, view) for order in orders]

    @abc.abstractmethod
    def _one(self, order: Order, view: View) -> Decision: ...


def offer(order: Order, view: View, to: Candidate | None, open_for: Duration) -> Decision:
    """Offer `order` to a candidate; wait if there is none."""
    return wait(order, view) if to is None else Offer(order.id, (to.team,), open_for)


def wait(order: Order, view: View) -> Wait:
    """Wait half a day: nobody can serve `order` now."""
    return Wait(order.id, view.now + RECHECK)
