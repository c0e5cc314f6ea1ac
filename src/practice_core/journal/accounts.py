"""An area's books, read out of its journal: what every account holds, and what each point was for.

The events of accounts are posted into one ledger, in the order of the journal. Each posting is
called by its place there, such as ``p17``; one of several parts is ``p17.0``, ``p17.1``.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from practice_core.errors import PracticeError, UnknownName, shown
from practice_core.journal.contract import is_stream
from practice_core.journal.errors import BrokenEvent, UnknownEvent
from practice_core.journal.misfits import Misfit, Unfoldable, Unfolded
from practice_core.orders import NeedCollected, OfferAccepted, OrderEvent, OrderPlaced
from practice_core.points import Freeze, Holding, Merge, Pending, Thaw, VoidPending
from practice_core.points.accounts import (
    AccountAbsorbed,
    AccountEvent,
    AccountMerged,
    AreaLedger,
    AwardAudited,
    AwardConfirmed,
    AwardVoided,
    ItemEvent,
    PointsAwarded,
    PointsGiven,
    PointsReceived,
    RedemptionCancelled,
    RedemptionCollected,
    RedemptionLapsed,
    RedemptionRefunded,
    RedemptionReserved,
    redeemed,
    stocked,
)
from practice_core.points.treasury import months
from practice_core.units import HOUR, AccountId, VolunteerId, value
from practice_core.volunteers import ServiceRecorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from practice_core.journal.contract import Event, Row
    from practice_core.journal.stored import StoredJournal
    from practice_core.points import Ledger
    from practice_core.points.accounts import Item, Redemption
    from practice_core.terms import Category
    from practice_core.units import (
        Duration,
        Instant,
        ItemId,
        Minutes,
        OrderId,
        RedemptionId,
        SiteId,
        TeamId,
    )

    Half: TypeAlias = tuple[object, ...]
    """What both events say of points that pass from one account to another."""

__all__ = [
    "AccountLine",
    "AccountStatement",
    "AreaBooks",
    "Cause",
    "account_statement",
    "area_ledger",
    "events_until",
]

_CHINA = 8 * HOUR
_STILL = (Pending, VoidPending, Freeze, Thaw, Merge)
"""Postings that move no points themselves."""
_OF_REDEMPTIONS = (
    RedemptionReserved,
    RedemptionCollected,
    RedemptionCancelled,
    RedemptionLapsed,
    RedemptionRefunded,
)
_HALVES = (PointsGiven, PointsReceived, AccountMerged, AccountAbsorbed)
_REFUSED = (PracticeError, ValueError, LookupError, ArithmeticError)
"""What is raised by an event that does not go with those before it."""


@value
class Cause:
    """What points were moved for; None: for nothing of the kind, or it is not said.

    Parameters
    ----------
    order
        The order on which a service was given.
    site
        Where the service was wanted; of goods, where they are handed out.
    team
        Which team served.
    category
        Of the service.
    item
        What was had for the points.
    """

    order: OrderId | None = None
    site: SiteId | None = None
    team: TeamId | None = None
    category: Category | None = None
    item: ItemId | None = None


_NOTHING = Cause()


class AreaBooks(AreaLedger):
    """All accounts of an area in one ledger, as its journal tells of them.

    Attributes
    ----------
    until : Instant or None
        Later events were not looked at.
    first, last : Instant or None
        The earliest and the latest event of accounts; None: there is none.
    minutes : Counter of VolunteerId
        Minutes of service, as they were recorded.
    redemptions : dict
        Every redemption, by its account and id.
    items : dict
        Every item that was ever offered.
    """

    def __init__(self, until: Instant | None = None) -> None:
        super().__init__()
        self.until = until
        self.first: Instant | None = None
        self.last: Instant | None = None
        self.minutes: Counter[VolunteerId] = Counter()
        self.redemptions: dict[tuple[AccountId, RedemptionId], Redemption] = {}
        self.items: dict[ItemId, Item] = {}
        self._orders: dict[OrderId, Cause] = {}
        self._waiting: dict[tuple[AccountId, int], Cause] = {}
        self._command = ""
        self._halves: dict[Half, tuple[int, str]] = {}
        # Of each movement: where its event stands, of which kind that is, and what it was for.
        self._positions = array("q")
        self._kinds: list[str] = []
        self._causes: list[Cause] = []
        self._counterparts: dict[int, int] = {}

    # -- what it says ---------------------------------------------------------------------------

    @property
    def positions(self) -> npt.NDArray[np.int64]:
        """Where the event of each movement stands in the journal."""
        return np.array(self._positions, np.int64)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of which kind the event of each movement is."""
        return tuple(self._kinds)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What each movement was for; a correction's says its original."""
        return tuple(self._causes)

    def received_at(self, position: int) -> int:
        """Give where it stands that points were received which the event at `position` gave."""
        return self._counterparts.get(position, position)

    def waits(self, account: AccountId, number: int) -> bool:
        """Tell whether the award that is the event of that number of an account is not decided."""
        return (account, number) in self._waiting

    def labels(self, offset: Duration = _CHINA) -> dict[str, npt.NDArray[np.str_]]:
        """Give site, team, category and local month of each movement, as `flows` takes them.

        Empty where there is none, as of points that expire.

        Parameters
        ----------
        offset
            Local time east of UTC, in ms.
        """
        causes = self._causes
        columns = {
            name: np.array([getattr(cause, name) or "" for cause in causes], np.str_)
            for name in ("site", "team", "category")
        }
        return {**columns, "month": months(self.ledger.movements().at, offset)}

    def of_order(self, order: OrderId | None) -> Cause:
        """Give what an order says of why points are moved, by the team that took it last."""
        if order is None:
            return _NOTHING
        return self._orders.get(order) or Cause(order)

    def of_redemption(self, redemption: Redemption) -> Cause:
        """Give what a redemption says of it: its item, and where or by whom that is given."""
        known, item = self.of_order(redemption.order), self.items.get(redemption.item)
        outlet = item.outlet if redemption.order is None and item is not None else known.site
        return Cause(redemption.order, outlet, known.team, known.category, redemption.item)

    # -- how events change it -------------------------------------------------------------------

    def follow(self, row: Row, event: Event) -> Iterator[Unfolded]:
        """Take the next event, whatever it is of, and give what does not fit.

        An event that does not fit changes nothing. What a command that has ended should have said
        of a second account is missed at the next one, or by `end`.
        """
        if row.command != self._command:
            yield from self.end()
            self._command = row.command
        if isinstance(event, OrderEvent):
            self._note_order(event)
            return
        stream = _stream(event)
        if stream is None:
            return
        if stream != row.stream:
            yield _misfit(Misfit.MISPLACED, row, f"an event of {stream}")
            return
        try:
            self._take(row, event)
        except _REFUSED as error:
            yield _misfit(Misfit.IMPOSSIBLE, row, _why(error))

    def end(self) -> Iterator[Unfolded]:
        """Give what the last command says of one account and not of the other."""
        for (_, giver, getter, *_), (position, stream) in self._halves.items():
            why = f"points pass from {giver} to {getter}, and only one of them knows"
            yield Unfolded(Misfit.IMPOSSIBLE, position, stream, shown(why))
        self._halves.clear()

    def _note_order(self, event: OrderEvent) -> None:
        if isinstance(event, OrderPlaced | NeedCollected):
            asked = event.request
            self._orders[event.order] = Cause(event.order, asked.site, None, asked.category)
        elif isinstance(event, OfferAccepted):
            known = self._orders.get(event.order, _NOTHING)
            self._orders[event.order] = Cause(event.order, known.site, event.team, known.category)

    def _take(self, row: Row, event: Event) -> None:
        if isinstance(event, ItemEvent):
            self.items[event.item] = stocked(self.items.get(event.item), event)
            return
        if isinstance(event, ServiceRecorded):
            self.minutes[event.volunteer] += event.minutes
        elif isinstance(event, AccountEvent):
            self._post(row, event)
        at: Instant = event.at  # type: ignore[attr-defined]  # one of these two
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)

    def _post(self, row: Row, event: AccountEvent) -> None:
        """Post what an event moves, and keep what it was for."""
        redemption, key = None, None
        if isinstance(event, _OF_REDEMPTIONS):
            key = (event.account, event.redemption)
            redemption = redeemed(self.redemptions.get(key), event)
        if isinstance(event, AwardAudited) and (event.account, event.award) not in self._waiting:
            message = f"award {event.award} waits for nobody"
            raise ValueError(message)
        cause = self._cause(event, redemption)
        half = _half(event, self.ledger)
        before, still = len(self.ledger), 0
        try:
            moved = self.apply(event, row.version, f"p{row.position}")
            still = sum(isinstance(one, _STILL) for one in moved)
        finally:
            for _ in range(len(self.ledger) - before - still):
                self._positions.append(row.position)
                self._kinds.append(event.kind)
                self._causes.append(cause)
        if redemption is not None and key is not None:
            self.redemptions[key] = redemption
        if half is not None:
            self._pair(*half, row)
        self._wait(row, event, cause)

    def _cause(self, event: AccountEvent, redemption: Redemption | None) -> Cause:
        if redemption is not None:
            return self.of_redemption(redemption)
        if isinstance(event, PointsAwarded):
            return self.of_order(event.order)
        if isinstance(event, AwardConfirmed):
            return self._waiting.get((event.account, event.award), _NOTHING)
        return _NOTHING

    def _wait(self, row: Row, event: AccountEvent, cause: Cause) -> None:
        """Keep which awards are still to be decided on."""
        if isinstance(event, PointsAwarded):
            if event.points and (event.audit or event.shown_until is not None):
                self._waiting[event.account, row.version] = cause
        elif isinstance(event, AwardConfirmed | AwardVoided):
            self._waiting.pop((event.account, event.award), None)

    def _pair(self, gives: bool, half: Half, row: Row) -> None:  # noqa: FBT001 - which of the two
        other = self._halves.pop((not gives, *half), None)
        if other is None:
            self._halves[gives, *half] = (row.position, row.stream)
        else:
            first, second = (row.position, other[0]) if gives else (other[0], row.position)
            self._counterparts[first] = second


def _stream(event: Event) -> str | None:
    """Give the stream of an event of accounts or items; None: it is of something else."""
    if isinstance(event, ServiceRecorded):
        return f"account/{event.volunteer}"
    return event.stream if isinstance(event, AccountEvent | ItemEvent) else None


def _half(event: AccountEvent, ledger: Ledger) -> tuple[bool, Half] | None:
    """Give what both events say of points that pass on, and whether this one's account gives."""
    if isinstance(event, PointsGiven):
        return True, (event.account, event.to, event.at, event.shares)
    if isinstance(event, PointsReceived):
        return False, (event.giver, event.account, event.at, event.shares)
    if isinstance(event, AccountMerged):
        held = ledger.balance(event.account) if event.account in ledger else 0
        return True, (event.account, event.into, event.at, held)
    if isinstance(event, AccountAbsorbed):
        points = sum(share.points for share in event.shares)
        return False, (event.old, event.account, event.at, points)
    return None


def _why(error: Exception) -> str:
    if isinstance(error, KeyError):
        return shown(f"there is no {error.args[0]!r} before it")
    return shown(str(error))


def _misfit(kind: Misfit, row: Row, why: str) -> Unfolded:
    return Unfolded(kind, row.position, row.stream, shown(why))


# ------------------------------------------------------------------ the whole of it


def area_ledger(journal: StoredJournal, until: Instant | None = None) -> AreaBooks:
    """Post all that a journal says of accounts into one ledger.

    Parameters
    ----------
    journal
        Others may append meanwhile.
    until
        Only what had happened by then, in ms since 1970-01-01T00:00Z; None: everything.

    Returns
    -------
    AreaBooks
        The `AreaLedger` of the area, and what each of its movements was for.

    Raises
    ------
    Unfoldable
        At the first event of an account or an item that does not go with those before it.
    StoreError
        If the journal can no longer be read.

    Examples
    --------
    >>> from practice_core.journal import Write, open_journal
    >>> from practice_core.points.accounts import PointsAwarded, PointsExpired
    >>> from practice_core.points.earning import AwardReason, Line
    >>> journal = open_journal("memory")
    >>> why = (Line(AwardReason.SERVICE_TIME, 120, 20),)
    >>> given = PointsAwarded("v-7", 0, "desk", 90, "v-7", 0, 20, why, "demo", 1, expires=90)
    >>> lost = PointsExpired("v-7", 90, "system", None, 20)
    >>> _ = journal.append([Write("account/v-7", 0, (given, lost))], command="c-1", digest=b"1")
    >>> [area_ledger(journal, until).ledger.balance("v-7") for until in (0, 89, 90)]
    [20, 20, 0]
    """
    books = AreaBooks(until)
    for row, event in events_until(journal, until):
        for found in books.follow(row, event):
            raise Unfoldable(found)
    for found in books.end():
        raise Unfoldable(found)
    return books


def events_until(journal: StoredJournal, until: Instant | None) -> Iterator[tuple[Row, Event]]:
    """Give every event that had happened by an instant, those of a platform's own left out.

    Raises
    ------
    Unfoldable
        At what is stored and no event, or is not where its number says.
    """
    versions: dict[str, int] = {}
    for row in journal.rows():
        number = versions.get(row.stream, 0) + 1
        versions[row.stream] = row.version
        if row.version != number:
            why = f"number {row.version} of its stream, expected {number}"
            raise Unfoldable(_misfit(Misfit.MISPLACED, row, why))
        try:
            event = journal.codec.decode(row.body)
        except UnknownEvent as error:
            if not row.stream.startswith(("account/", "item/", "order/")):
                continue
            raise Unfoldable(_misfit(Misfit.UNKNOWN, row, str(error))) from error
        except BrokenEvent as error:
            raise Unfoldable(_misfit(Misfit.BROKEN, row, str(error))) from error
        at: Instant | None = getattr(event, "at", None)
        if until is None or at is None or at <= until:
            yield row, event


# ------------------------------------------------------------------ one account


@value
class AccountLine:
    """One event of an account.

    Parameters
    ----------
    position
        Where it stands in the journal.
    at
        When, in ms since 1970-01-01T00:00Z.
    kind
        Of the event, such as ``"points.awarded"``.
    cause
        What it was for.
    other
        The account on the other side; None: no points were moved.
    points
        What the account got, below zero what it gave.
    balance
        What it held then.
    minutes
        Of service that was recorded.
    """

    position: int
    at: Instant
    kind: str
    cause: Cause
    other: AccountId | None
    points: int
    balance: int
    minutes: Minutes


@value
class AccountStatement:
    """What has happened to an account from one instant to another.

    Parameters
    ----------
    account
        Whose.
    opening
        What it held before the first line.
    lines
        What happened, in order.
    closing
        What it held after the last.
    minutes
        Of service recorded in all, from the first on: nothing that happens to points changes them.
    holding
        What it holds in the end of the books, pending included.
    """

    account: AccountId
    opening: int
    lines: tuple[AccountLine, ...]
    closing: int
    minutes: Minutes
    holding: Holding


def account_statement(
    journal: StoredJournal,
    books: AreaBooks,
    account: AccountId,
    begin: Instant | None = None,
    end: Instant | None = None,
) -> AccountStatement:
    """Give what has happened to an account, line by line.

    Parameters
    ----------
    journal
        From which the books were made.
    books
        What `area_ledger` gave.
    account
        A volunteer's or a household's, or one of the area's own such as ``area:shop``.
    begin, end
        From when, and up to but not including when; None: all.

    Raises
    ------
    UnknownName
        If the books know of no such account.
    """
    if account not in books.ledger and VolunteerId(account) not in books.minutes:
        accounts = {*books.ledger.balances(), *map(str, books.minutes)}
        raise UnknownName("account", account, accounts)
    lines = _lines(journal, books, account)
    before = [line for line in lines if begin is not None and line.at < begin]
    within = [line for line in lines[len(before) :] if end is None or line.at < end]
    opening = before[-1].balance if before else 0
    is_open = account in books.ledger
    return AccountStatement(
        account,
        opening,
        tuple(within),
        within[-1].balance if within else opening,
        sum(line.minutes for line in lines[: len(before) + len(within)]),
        books.ledger.holding(account) if is_open else Holding(0, 0, 0),
    )


def _lines(journal: StoredJournal, books: AreaBooks, account: AccountId) -> list[AccountLine]:
    found = {line.position: line for line in _moved(books, account)}
    for line in _told(journal, books, account):
        known = found.get(line.position)
        cause = line.cause if known is None or known.cause == _NOTHING else known.cause
        if known is None:
            found[line.position] = line
        else:  # it moved points: the event says what it is called here
            found[line.position] = AccountLine(
                line.position, known.at, line.kind, cause, known.other, known.points, 0,
                line.minutes,
            )  # fmt: skip
    lines, balance, at = [], 0, None
    for _, one in sorted(found.items()):
        balance += one.points
        at = one.at if at is None else max(at, one.at)  # as the ledger posts them
        lines.append(
            AccountLine(
                one.position, at, one.kind, one.cause, one.other, one.points, balance, one.minutes
            )
        )
    return lines


def _moved(books: AreaBooks, account: AccountId) -> Iterator[AccountLine]:
    """Give what moved points of an account, a line for each event."""
    moved = books.ledger.movements()
    if account not in moved.accounts:
        return
    mine = moved.accounts.index(account)
    positions, kinds, causes = books.positions, books.kinds, books.causes
    points: Counter[int] = Counter()
    last: dict[int, int] = {}
    for place in np.flatnonzero((moved.debit == mine) | (moved.credit == mine)).tolist():
        gets = int(moved.credit[place]) == mine
        position = int(positions[place])
        if gets:
            position = books.received_at(position)
        points[position] += int(moved.amount[place]) * (1 if gets else -1)
        last[position] = place
    for position, place in last.items():
        source = int(moved.corrects[place])
        cause = causes[place] if source < 0 or causes[place] != _NOTHING else causes[source]
        gets = int(moved.credit[place]) == mine
        other = moved.accounts[int((moved.debit if gets else moved.credit)[place])]
        at = int(moved.at[place])
        yield AccountLine(position, at, kinds[place], cause, other, points[position], 0, 0)


def _told(journal: StoredJournal, books: AreaBooks, account: AccountId) -> Iterator[AccountLine]:
    """Give every event of an account's own stream."""
    stream = f"account/{account}"
    for recorded in journal.stream(stream) if is_stream(stream) else ():
        event = recorded.event
        if not isinstance(event, AccountEvent | ServiceRecorded):
            continue
        if books.until is not None and event.at > books.until:
            continue
        minutes, cause = 0, _NOTHING
        if isinstance(event, ServiceRecorded | AccountAbsorbed):
            minutes = event.minutes
        if isinstance(event, ServiceRecorded | PointsAwarded):
            cause = books.of_order(event.order)
        elif isinstance(event, _OF_REDEMPTIONS):
            cause = books.of_redemption(books.redemptions[event.account, event.redemption])
        yield AccountLine(recorded.position, event.at, event.kind, cause, None, 0, 0, minutes)
