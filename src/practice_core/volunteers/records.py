"""Service records: who served on which order, until when, for how many minutes, and as what."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from practice_core.units import Instant, Minutes, OrderId, VolunteerId, value

if TYPE_CHECKING:
    from practice_core.terms import Category

__all__ = ["ServiceRecord", "ServiceRole"]


class ServiceRole(enum.StrEnum):
    """What somebody did for an activity beside serving in it."""

    LEADER = "leader"
    """Organised it."""
    REPORTER = "reporter"
    """Wrote its summary."""
    UPLOADER = "uploader"
    """Entered it into the records."""


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
    category
        Of the service; None: not said.
    grade
        1 to 3, by how hard, skilled and risky it was; None: not graded.
    role
        What the volunteer did beside; None: nothing.
    complaint
        Whether a complaint about it was upheld.
    claimed
        When it was entered, if somebody had to; None: it was recorded as it ended.
    """

    volunteer: VolunteerId
    order: OrderId
    at: Instant
    minutes: Minutes
    category: Category | None = None
    grade: int | None = None
    role: ServiceRole | None = None
    complaint: bool = False
    claimed: Instant | None = None
