"""Service records: who served on which order, until when, for how many minutes."""

from __future__ import annotations

from practice_core.units import Instant, Minutes, OrderId, VolunteerId, value

__all__ = ["ServiceRecord"]


@value
class ServiceRecord:
    """One volunteer's service on one order.

    Parameters
    ----------
    volunteer
        Who served.
    order
        On which order.
    at
        End of the service, in ms since 1970-01-01T00:00Z.
    minutes
        Whole minutes served: travel and breaks excluded.
    """

    volunteer: VolunteerId
    order: OrderId
    at: Instant
    minutes: Minutes
