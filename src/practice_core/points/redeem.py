"""What rules say of points once earned: when they may be spent, and when they expire."""

from __future__ import annotations

import datetime as dt
import enum
from calendar import monthrange
from typing import TYPE_CHECKING

from practice_core.points.rules import Expiry
from practice_core.units import instant, moment

if TYPE_CHECKING:
    from practice_core.points.rules import RuleSet
    from practice_core.units import Instant, Minutes

__all__ = ["Barrier", "barriers", "expires"]

_MONTHS = 12
_QUARTER = 3


class Barrier(enum.StrEnum):
    """Why somebody may not redeem points now."""

    TOO_FEW_POINTS = "too_few_points"
    TOO_FEW_HOURS = "too_few_hours"
    WINDOW_CLOSED = "window_closed"
    QUOTA_USED = "quota_used"


def barriers(
    rules: RuleSet, *, at: Instant, points: int, minutes: Minutes, redeemed: int = 0
) -> tuple[Barrier, ...]:
    """Give all that stands between a person and a redemption; empty if nothing does.

    Parameters
    ----------
    rules
        The version in force.
    at
        When, in ms since 1970-01-01T00:00Z.
    points
        Held.
    minutes
        Served in a lifetime.
    redeemed
        Redemptions so far in the period of the quota.

    Examples
    --------
    >>> from practice_core.points import RuleSet
    >>> rules = RuleSet(
    ...     id="demo",
    ...     version=1,
    ...     effective=0,
    ...     rate_per_hour=1,
    ...     redeem_min_minutes=600,
    ...     redeem_months=(1,),
    ...     source="assumed: demo",
    ... )
    >>> [one.value for one in barriers(rules, at=0, points=5, minutes=599)]
    ['too_few_hours']
    """
    local = moment(at, offset=rules.offset)
    found = {
        Barrier.TOO_FEW_POINTS: points < (rules.redeem_min_points or 0),
        Barrier.TOO_FEW_HOURS: minutes < (rules.redeem_min_minutes or 0),
        Barrier.WINDOW_CLOSED: (
            (bool(rules.redeem_months) and local.month not in rules.redeem_months)
            or (bool(rules.redeem_days) and local.day not in rules.redeem_days)
        ),
        Barrier.QUOTA_USED: rules.redeem_quota is not None and redeemed >= rules.redeem_quota,
    }
    return tuple(barrier for barrier, stands in found.items() if stands)


def expires(rules: RuleSet, earned: Instant) -> Instant | None:
    """Give when points earned at an instant are lost; None if they never are, as far as is said.

    After so many months: on the local day of the same number, at midnight, or on the last of a
    month that has no such day; otherwise with the first instant of the next quarter or year. What
    would be lost only after the year 9999 never is.

    Examples
    --------
    >>> import datetime as dt
    >>> from practice_core.points import RuleSet
    >>> from practice_core.units import HOUR
    >>> rules = RuleSet(
    ...     id="demo",
    ...     version=1,
    ...     effective=0,
    ...     rate_per_hour=1,
    ...     expiry=Expiry.YEAR_END,
    ...     source="assumed: demo",
    ... )
    >>> march = instant(dt.datetime(2020, 3, 5, tzinfo=dt.UTC))
    >>> moment(expires(rules, march), offset=8 * HOUR).isoformat()
    '2021-01-01T00:00:00+08:00'
    """
    local = moment(earned, offset=rules.offset)
    month, day = local.month - 1, 1
    match rules.expiry:
        case Expiry.MONTHS:
            month, day = month + (rules.expiry_months or 0), local.day
        case Expiry.QUARTER_END:
            month = (month // _QUARTER + 1) * _QUARTER
        case Expiry.YEAR_END:
            month = _MONTHS
        case _:
            return None
    year, month = local.year + month // _MONTHS, month % _MONTHS + 1
    if year > dt.MAXYEAR:
        return None
    day = min(day, monthrange(year, month)[1])
    return instant(dt.datetime(year, month, day, tzinfo=local.tzinfo))
