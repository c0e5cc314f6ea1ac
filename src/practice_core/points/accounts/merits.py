"""What a volunteer has done and lost, read from accounts: what levels and benefits depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import attrs

from practice_core.points.accounts.events import PointsForfeited
from practice_core.points.accounts.model import AwardState, RedemptionState
from practice_core.points.honouring import Merits, level_of
from practice_core.points.rules import Occasion, Period
from practice_core.points.tally import span_of
from practice_core.units import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.points.accounts.passbook import Passbook
    from practice_core.points.rules import RuleSet
    from practice_core.units import Instant, Minutes, VolunteerId

__all__ = ["merits"]

_HOUR: Minutes = 60
_MONTHS = 12


class _Step(NamedTuple):
    """What was served, earned or lost at an instant."""

    at: Instant
    minutes: Minutes = 0
    points: int = 0
    lost: int = 0


def merits(
    rules: RuleSet, volunteer: VolunteerId, own: Passbook, held: Passbook, at: Instant
) -> Merits:
    """Give what a volunteer has done and lost up to an instant.

    Parameters
    ----------
    rules
        The version in force: its years are local, its levels those that he may have had.
    volunteer
        Who.
    own
        His own account, with his hours.
    held
        The account that gets what he earns: his own, or his household's.
    at
        In ms since 1970-01-01T00:00Z.

    Returns
    -------
    Merits
        Points are those of his awards that count; what he lost for staying away or for misconduct
        is taken off, what he spent is not. Minutes served for the community and months without a
        break in his registration are not in accounts: the first are 0, the second count from the
        first event.

    Examples
    --------
    >>> from practice_core.points.accounts import Passbook
    >>> from practice_core.points import RuleSet
    >>> from practice_core.volunteers import ServiceRecorded
    >>> rules = RuleSet(id="demo", version=1, effective=0, rate_per_hour=10, source="assumed: demo")
    >>> book = Passbook("v-7")
    >>> book.apply(ServiceRecorded("v-7", 0, "desk", "o-1", 90))
    >>> merits(rules, "v-7", book, book, 0).minutes
    90
    """
    steps = sorted(step for step in _steps(volunteer, own, held) if step.at <= at)
    found = _sum(rules, steps, at)
    first = min((book.since for book in (own, held) if book.since is not None), default=at)
    found = attrs.evolve(
        found, registered_months=_months(rules, first, at), claimed_minutes=_claimed(held)
    )
    highest = 0
    years = rules.levels_per is Period.YEAR
    for place, step in enumerate(steps, 1):
        if years and span_of(rules, step.at, Period.YEAR) != span_of(rules, at, Period.YEAR):
            continue
        then = _sum(rules, steps[:place], step.at)
        level = level_of(rules, attrs.evolve(then, lost_points=0))
        highest = max(highest, 0 if level is None else rules.levels.index(level) + 1)
    return attrs.evolve(found, highest=highest)


def _steps(volunteer: VolunteerId, own: Passbook, held: Passbook) -> Iterator[_Step]:
    for record in own.records.values():
        yield _Step(record.at, minutes=record.minutes)
    for one in held.awards.values():
        if one.event.volunteer == volunteer and one.state is AwardState.COUNTED:
            yield _Step(one.event.earned, points=one.points)
    for cost in held.charges:
        received = not isinstance(cost, PointsForfeited) and cost.occasion is Occasion.RECEIVED
        if cost.volunteer == volunteer and not received:
            lost = cost.points + cost.short
            yield _Step(cost.at, points=-lost, lost=lost)


def _sum(rules: RuleSet, steps: list[_Step], at: Instant) -> Merits:
    year = span_of(rules, at, Period.YEAR)
    this = [step for step in steps if span_of(rules, step.at, Period.YEAR) == year]
    return Merits(
        minutes=sum(step.minutes for step in steps),
        points=sum(step.points for step in steps),
        year_minutes=sum(step.minutes for step in this),
        year_points=sum(step.points for step in this),
        lost_points=sum(step.lost for step in steps),
    )


def _claimed(held: Passbook) -> Minutes:
    """Give the minutes of help that were had for points."""
    return _HOUR * sum(
        one.quantity
        for one in held.redemptions.values()
        if one.order is not None and one.state is RedemptionState.COLLECTED
    )


def _months(rules: RuleSet, first: Instant, at: Instant) -> int:
    """Give the whole months between two instants."""
    one, other = (moment(when, offset=rules.offset) for when in (first, max(first, at)))
    months = _MONTHS * (other.year - one.year) + other.month - one.month
    return months - ((other.day, other.time()) < (one.day, one.time()))
