"""What a volunteer has done and lost, read from accounts: what levels and benefits depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import attrs

from practice_core.points.accounts.events import PointsForfeited
from practice_core.points.accounts.model import AwardState, RedemptionState
from practice_core.points.honouring import Merits, level_of
from practice_core.points.rules import Occasion, Period
from practice_core.points.tally import span_of
from practice_core.units import VolunteerId, moment

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Iterator

    from practice_core.points.accounts.passbook import Passbook
    from practice_core.points.honouring import Received
    from practice_core.points.rules import RuleSet
    from practice_core.units import Instant, Minutes

__all__ = ["had_by", "merits"]

_HOUR: Minutes = 60
_MONTHS = 12


class _Step(NamedTuple):
    """What was served, earned, or lost for misconduct, at an instant."""

    at: Instant
    minutes: Minutes = 0
    points: int = 0
    lost: int = 0


def merits(
    rules: RuleSet, volunteer: VolunteerId, books: Iterable[Passbook], at: Instant
) -> Merits:
    """Give what a volunteer has done and lost up to an instant.

    Parameters
    ----------
    rules
        The version in force: its years are local, its levels those that he may have had.
    volunteer
        Who.
    books
        Every account that ever got what he earned: his own ones, and households'.
    at
        In ms since 1970-01-01T00:00Z.

    Returns
    -------
    Merits
        Points are those of his awards that count; what he lost for staying away or for misconduct
        is taken off, what he spent is not. Lost for misconduct is what was forfeited. Minutes
        served for the community and months without a break in his registration are not in accounts:
        the first are 0, the second count from the first event of an account of his own.

    Examples
    --------
    >>> from practice_core.points.accounts import Passbook
    >>> from practice_core.points import RuleSet
    >>> from practice_core.volunteers import ServiceRecorded
    >>> rules = RuleSet(id="demo", version=1, effective=0, rate_per_hour=10, source="assumed: demo")
    >>> book = Passbook("v-7")
    >>> book.apply(ServiceRecorded("v-7", 0, "desk", "o-1", 90))
    >>> merits(rules, "v-7", [book], 0).minutes
    90
    """
    books = tuple(books)
    people = _people(volunteer, books)
    steps = sorted(step for book in books for step in _steps(people, book) if step.at <= at)
    total, this, highest = _Step(at), _Step(at), 0
    year: Hashable = None
    for step in steps:
        now = span_of(rules, step.at, Period.YEAR)
        if now != year:
            year, this = now, _Step(step.at)
            highest = 0 if rules.levels_per is Period.YEAR else highest
        total, this = _and(total, step), _and(this, step)
        level = level_of(rules, _summed(total, this))
        highest = max(highest, 0 if level is None else rules.levels.index(level) + 1)
    if year != span_of(rules, at, Period.YEAR):
        this = _Step(at)
        highest = 0 if rules.levels_per is Period.YEAR else highest
    return attrs.evolve(
        _summed(total, this),
        lost_points=total.lost,
        registered_months=_months(rules, _since(people, books, at), at),
        claimed_minutes=sum(_claimed(book) for book in books if _is_theirs(people, book)),
        highest=highest,
    )


def had_by(volunteer: VolunteerId, books: Iterable[Passbook]) -> tuple[Received, ...]:
    """Give the benefits that a volunteer has had, by the accounts of `merits`."""
    books = tuple(books)
    people = _people(volunteer, books)
    return tuple(one for book in books for who in people for one in book.benefits.get(who, ()))


def _people(volunteer: VolunteerId, books: Iterable[Passbook]) -> set[VolunteerId]:
    """Give the numbers that a volunteer goes or went by."""
    joined = [one for book in books if book.absorbed for one in (book.account, *book.absorbed)]
    return {volunteer, *map(VolunteerId, joined)}


def _steps(people: Collection[VolunteerId], book: Passbook) -> Iterator[_Step]:
    for record in book.records.values():
        if record.volunteer in people:
            yield _Step(record.at, minutes=record.minutes)
    for one in book.awards.values():
        if one.event.volunteer in people and one.state is AwardState.COUNTED:
            yield _Step(one.event.earned, points=one.points)
    for cost in book.charges:
        lost = cost.points + cost.short if cost.volunteer in people else 0
        if isinstance(cost, PointsForfeited):
            yield _Step(cost.at, points=-lost, lost=lost)
        elif cost.occasion is not Occasion.RECEIVED:
            yield _Step(cost.at, points=-lost)


def _and(one: _Step, other: _Step) -> _Step:
    """Add what was done and lost in another step."""
    return _Step(
        other.at, one.minutes + other.minutes, one.points + other.points, one.lost + other.lost
    )


def _summed(total: _Step, this: _Step) -> Merits:
    """Give what was done in all, and in a year."""
    return Merits(
        minutes=total.minutes,
        points=total.points,
        year_minutes=this.minutes,
        year_points=this.points,
    )


def _since(people: Collection[VolunteerId], books: Iterable[Passbook], at: Instant) -> Instant:
    """Give when something first happened to an account of his own, or he earned something."""
    own = [
        book.since
        for book in books
        if VolunteerId(book.account) in people and book.since is not None
    ]
    earned = [
        one.event.at
        for book in books
        for one in book.awards.values()
        if one.event.volunteer in people
    ]
    return min((*own, *earned), default=at)


def _is_theirs(people: Collection[VolunteerId], book: Passbook) -> bool:
    """Tell whether an account is a person's own, or the household's to which he belongs."""
    return VolunteerId(book.account) in people or not book.members.isdisjoint(people)


def _claimed(book: Passbook) -> Minutes:
    """Give the minutes of help that were had for points."""
    return _HOUR * sum(
        one.quantity
        for one in book.redemptions.values()
        if one.order is not None and one.state is RedemptionState.COLLECTED
    )


def _months(rules: RuleSet, first: Instant, at: Instant) -> int:
    """Give the whole months between two instants."""
    one, other = (moment(when, offset=rules.offset) for when in (first, max(first, at)))
    months = _MONTHS * (other.year - one.year) + other.month - one.month
    return months - ((other.day, other.time()) < (one.day, one.time()))
