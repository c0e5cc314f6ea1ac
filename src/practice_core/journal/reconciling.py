"""Whether an area's books agree with the services that its journal records."""

from __future__ import annotations

from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from practice_core.journal.accounts import events_until
from practice_core.points import NEVER, NOTHING, History, OccasionRecord, award, in_force
from practice_core.points.accounts import (
    AccountEvent,
    AwardVoided,
    HouseholdJoined,
    HouseholdLeft,
    Passbook,
    PointsAwarded,
    PointsCorrected,
)
from practice_core.points.treasury import reconcile
from practice_core.units import AccountId, TransferId
from practice_core.volunteers import ServiceRecord, ServiceRecorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from practice_core.journal.accounts import AreaBooks
    from practice_core.journal.contract import Row
    from practice_core.journal.stored import StoredJournal
    from practice_core.points import RuleSet
    from practice_core.points.treasury import Difference
    from practice_core.units import OrderId, VolunteerId

    Service: TypeAlias = tuple[VolunteerId, OrderId | None]
    Named: TypeAlias = tuple[AccountId, int]
    """An account, and the number of an award's event in it."""

__all__ = ["differences"]

_LIMITS = (
    "max_minutes_per_activity",
    "max_minutes_per_day",
    "max_points_per_day",
    "max_points_per_year",
    "storage_cap",
)


_EXTRAS: tuple[Mapping[str, Any], ...] = tuple(
    {"grade": grade, **rest}
    for rest in ({}, {"complaint": True}, {"claimed": NEVER})
    for grade in (None, 1, 2, 3)
)
"""What an officer may have known of a service when he awarded it."""


@attrs.define
class _Earned:
    """What should have been issued to whom, and where in the journal that is said."""

    position: int
    account: AccountId
    points: int
    transfer: TransferId | None = None
    """None: there is no award, and its place is its name."""


@attrs.define
class _Served:
    """A volunteer's services on an order, and how many of them were decided on."""

    records: list[tuple[int, AccountId, ServiceRecorded]] = attrs.field(factory=list)
    awarded: int = 0
    voided: int = 0


def differences(
    journal: StoredJournal, books: AreaBooks, versions: Sequence[RuleSet] | None = None
) -> tuple[Difference, ...]:
    """Compare what was issued with the services and occasions that are on record.

    What an officer decided stands: an award that was voided, or corrected, or waits to be decided
    on, differs from the rules as he wanted. An award given with a grade, late or after a complaint
    is held to the rules with that.

    Parameters
    ----------
    journal
        From which the books were made.
    books
        What `practice_core.journal.area_ledger` gave.
    versions
        Of the points rules, by the instant from which on they hold: every service is awarded once
        more, and one that earns points and was not awarded is told. None: it is only asked whether
        each award has its service, and was posted as it was told.

    Returns
    -------
    tuple of Difference
        In the order of the journal; the id of what is missing is the place of its service's
        record, such as ``p17``.

    Examples
    --------
    >>> from practice_core.journal import Write, area_ledger, open_journal
    >>> from practice_core.points import RuleSet
    >>> rules = RuleSet(id="demo", version=1, effective=0, rate_per_hour=10, source="assumed: demo")
    >>> journal = open_journal("memory")
    >>> served = ServiceRecorded("v-7", 0, "desk", "o-1", minutes=90)
    >>> _ = journal.append([Write("account/v-7", 0, (served,))], command="c-1", digest=b"1")
    >>> for one in differences(journal, area_ledger(journal), [rules]):
    ...     print(one.kind, one.transfer, one.account, one.expected, one.found)
    missing p1 v-7 15 0
    """
    return reconcile(
        books.ledger,
        _Earnings(journal, books, versions).all(),
        points=lambda one: one.points,
        transfer=lambda one: one.transfer or TransferId(f"p{one.position}"),
        account=lambda one: one.account,
    )


class _Earnings:
    """What all services and occasions should have earned."""

    def __init__(
        self, journal: StoredJournal, books: AreaBooks, versions: Sequence[RuleSet] | None
    ) -> None:
        self._journal = journal
        self._books = books
        self._versions = versions
        self._is_limited = any(map(_is_limited, versions or ()))
        self._holders: dict[VolunteerId, AccountId] = {}
        self._served: dict[Service, _Served] = {}
        self._awards: dict[Named, tuple[_Earned, _Served | None]] = {}
        self._histories: dict[Named, History] = {}
        self._read: set[AccountId] = set()

    def all(self) -> list[_Earned]:
        """Give one for each award, and for each service that was not decided on."""
        told = events_until(self._journal, self._books.until)
        for _, command in groupby(told, key=lambda one: one[0].command):
            asked = []  # a command writes stream by stream, so an award may stand before its record
            for row, event in command:
                if isinstance(event, ServiceRecorded):
                    self._record(row, event)
                elif isinstance(event, AccountEvent):
                    asked.append((row, event))
            for row, told_of in asked:
                self._take(row, told_of)
        for (account, number), (one, _) in self._awards.items():
            one.transfer = self._books.award(account, number)
            if self._books.waits(account, number):
                one.points = 0
        found = [*(one for one, _ in self._awards.values()), *self._missed()]
        return sorted(found, key=lambda one: one.position)

    def _record(self, row: Row, event: ServiceRecorded) -> None:
        served = self._served.setdefault((event.volunteer, event.order), _Served())
        served.records.append((row.position, self._holder(event.volunteer), event))

    def _holder(self, volunteer: VolunteerId) -> AccountId:
        return self._holders.get(volunteer, AccountId(volunteer))

    def _take(self, row: Row, event: AccountEvent) -> None:
        if isinstance(event, HouseholdJoined):
            self._holders[event.volunteer] = event.account
        elif isinstance(event, HouseholdLeft):
            self._holders.pop(event.volunteer, None)
        elif isinstance(event, PointsAwarded):
            self._award(row, event)
        elif isinstance(event, AwardVoided):
            _, served = self._awards.pop((event.account, event.award), (None, None))
            if served is not None:
                served.awarded -= 1
                served.voided += 1
        elif isinstance(event, PointsCorrected):
            known = self._awards.get((event.account, event.award))
            if known is not None:
                known[0].points -= event.points

    def _award(self, row: Row, event: PointsAwarded) -> None:
        """Hold an award to its service or occasion; one that has none is not founded."""
        served, record = None, None
        if event.order is not None:
            served = self._served.get((event.volunteer, event.order))
            if served is None or served.awarded == len(served.records):
                return
            *_, said = served.records[served.awarded]
            record = self._service(said)
            served.awarded += 1
        one = _Earned(row.position, self._holder(event.volunteer), self._points(row, event, record))
        self._awards[event.account, row.version] = (one, served)

    def _points(self, row: Row, event: PointsAwarded, record: ServiceRecord | None) -> int:
        """Give what the rules give for it; without rules, what was awarded."""
        if self._versions is None:
            return event.points
        rules = in_force(self._versions, event.earned if record is None else record.at)
        if rules is None:
            return 0
        history = self._history(row, event) if self._is_limited else NOTHING
        if record is None:
            return award(rules, _occasion(event), history).points
        given = (award(rules, attrs.evolve(record, **extra), history) for extra in _EXTRAS)
        plain = next(given)
        alike = (one.points for one in chain([plain], given) if one.lines == event.lines)
        return next(alike, plain.points)

    def _history(self, row: Row, event: PointsAwarded) -> History:
        """Give what its volunteer had earned before, as the account's passbook had it then."""
        if event.account not in self._read:
            self._read.add(event.account)
            self._histories |= self._histories_of(event.account)
        return self._histories.pop((event.account, row.version), NOTHING)

    def _histories_of(self, account: AccountId) -> dict[Named, History]:
        book, found, until = Passbook(account), {}, self._books.until
        for recorded in self._journal.stream(f"account/{account}"):
            event: Any = recorded.event
            if until is not None and event.at > until:
                continue
            rules = in_force(self._versions or (), getattr(event, "earned", event.at))
            if isinstance(event, PointsAwarded) and rules is not None:
                known = _occasion(event) if event.order is None else _service(event)
                found[account, recorded.version] = book.history(rules, known)
            book.apply(event)
        return found

    def _service(self, said: ServiceRecorded) -> ServiceRecord:
        category = self._books.of_order(said.order).category
        return ServiceRecord(said.volunteer, said.order, said.at, said.minutes, category)

    def _missed(self) -> Iterator[_Earned]:
        """Give the services that nobody decided on, with what they earn."""
        for served in self._served.values() if self._versions else ():
            for position, holder, said in served.records[served.awarded + served.voided :]:
                rules = in_force(self._versions or (), said.at)
                points = 0 if rules is None else award(rules, self._service(said)).points
                yield _Earned(position, holder, points)


def _is_limited(rules: RuleSet) -> bool:
    """Tell whether an award depends on what was earned before."""
    return any(getattr(rules, limit) is not None for limit in _LIMITS) or any(
        one.most is not None for one in rules.events.values()
    )


def _service(event: PointsAwarded) -> ServiceRecord:
    assert event.order is not None  # noqa: S101 - asked of services only
    return ServiceRecord(event.volunteer, event.order, event.earned, 0)


def _occasion(event: PointsAwarded) -> OccasionRecord:
    assert event.occasion is not None  # noqa: S101 - an award is of a service or of an occasion
    return OccasionRecord(event.volunteer, event.occasion, event.earned, event.count)
