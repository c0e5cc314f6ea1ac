"""Orders followed from event to event, as many as are under way and no more.

A log of a million events has a hundred thousand orders, and few of them are open at any time: of
those that have ended only the state is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.errors import ImpossibleEvent
from practice_core.orders import ORDER, evolve

if TYPE_CHECKING:
    from practice_core.orders import Order, OrderEvent, OrderState
    from practice_core.units import OrderId

__all__ = ["Course"]


@attrs.define
class Course:
    """Where orders stand after the events seen so far.

    Parameters
    ----------
    under_way
        Those that have not ended.
    ended
        The states in which the others did.

    Examples
    --------
    >>> from practice_core.orders import CloseReason, OrderClosed
    >>> course = Course()
    >>> course.follow(OrderClosed("o-1", 0, "desk", CloseReason.RATED))
    Traceback (most recent call last):
    practice_core.errors.ImpossibleEvent: order: no edge for OrderClosed in state absent
    """

    under_way: dict[OrderId, Order] = attrs.field(factory=dict)
    ended: dict[OrderId, OrderState] = attrs.field(factory=dict)

    def follow(self, event: OrderEvent) -> tuple[Order | None, Order]:
        """Give the order before an event and after it.

        Raises
        ------
        ImpossibleEvent
            If the lifecycle has no such edge, or the order has no desk; the course is as it was.
        """
        key = event.order
        if key in self.ended:
            raise ImpossibleEvent(ORDER.name, self.ended[key], type(event).__name__)
        before = self.under_way.get(key)
        try:
            after = evolve(before, event)
        except IndexError:  # a request that no desk of a route may hold
            raise ImpossibleEvent(ORDER.name, "without a desk", type(event).__name__) from None
        if after.state in ORDER.final:
            self.under_way.pop(key, None)
            self.ended[key] = after.state
        else:
            self.under_way[key] = after
        return before, after
