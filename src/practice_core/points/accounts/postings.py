"""From facts to postings: what an event of an account moves in a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from practice_core.points.accounts import events as e
from practice_core.points.accounts.model import AREA_ACCOUNTS
from practice_core.points.ledger import (
    NEVER,
    AccountKind,
    Correction,
    Freeze,
    Ledger,
    Merge,
    Pending,
    PostPending,
    Result,
    Thaw,
    Transfer,
    VoidPending,
)
from practice_core.points.rules import Occasion
from practice_core.units import AccountId, TransferId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TypeAlias

    from practice_core.points.accounts.events import AccountEvent
    from practice_core.points.accounts.model import Share
    from practice_core.points.ledger import Posting
    from practice_core.units import Instant, RedemptionId

    Names: TypeAlias = dict[tuple[AccountId, int | RedemptionId], TransferId]

__all__ = ["AreaLedger", "Postings", "moved_out", "post"]

ISSUANCE, SHOP, POOL, EXPIRED, FORFEITED = (
    AREA_ACCOUNTS[kind]
    for kind in (
        AccountKind.ISSUANCE,
        AccountKind.SHOP,
        AccountKind.DONATION_POOL,
        AccountKind.EXPIRED,
        AccountKind.FORFEITED,
    )
)


class Postings:
    """Reads from each event what it moves; remembers what an award or a reservation is called."""

    def __init__(self) -> None:
        self._names: Names = {}

    def award(self, account: AccountId, number: int) -> TransferId:
        """Give what the award is called that is the event of that number of an account.

        Raises
        ------
        KeyError
            If it is none.
        """
        return self._names[account, number]

    def of(self, event: AccountEvent, number: int, name: str, at: Instant) -> Iterator[Posting]:
        """Give what an event moves.

        Parameters
        ----------
        event
            The event; those that only mirror what another account's event moves move it again:
            whoever has both leaves them out (`MIRRORS`).
        number
            Its number among the events of its account, from 1.
        name
            What its postings are called: an id that nothing else has.
        at
            When they are posted.
        """
        kind = type(event)
        if kind in _NAMED:
            yield from _NAMED[kind](self._names, event, number, TransferId(name), at)
        elif kind in _PLAIN:
            yield from _PLAIN[kind](event, TransferId(name), at)


def _awarded(
    names: Names, event: e.PointsAwarded, number: int, name: TransferId, at: Instant
) -> Iterator[Posting]:
    names[event.account, number] = name
    if event.points:
        expires = _later(event.expires, at)
        waits = event.audit or event.shown_until is not None
        if waits:
            yield Pending(name, ISSUANCE, event.account, event.points, at, expires=expires)
        else:
            yield Transfer(name, ISSUANCE, event.account, event.points, at, expires)


def _confirmed(
    names: Names, event: e.AwardConfirmed, _: int, name: TransferId, at: Instant
) -> Iterator[Posting]:
    key = (event.account, event.award)
    yield PostPending(name, names[key], at)
    names[key] = name


def _voided(
    names: Names, event: e.AwardVoided, _: int, name: TransferId, at: Instant
) -> Iterator[Posting]:
    yield VoidPending(name, names[event.account, event.award], at)


def _charged(event: e.PointsCharged, name: TransferId, at: Instant) -> Iterator[Posting]:
    if event.points:
        to = SHOP if event.occasion is Occasion.RECEIVED else FORFEITED
        yield Transfer(name, event.account, to, event.points, at)


def _forfeited(event: e.PointsForfeited, name: TransferId, at: Instant) -> Iterator[Posting]:
    if event.points:
        yield Transfer(name, event.account, FORFEITED, event.points, at)


def _corrected(
    names: Names, event: e.PointsCorrected, _: int, name: TransferId, at: Instant
) -> Iterator[Posting]:
    yield Correction(name, names[event.account, event.award], at, event.points)


def _given(event: e.PointsGiven, name: TransferId, at: Instant) -> Iterator[Posting]:
    return _shared(event.shares, event.account, event.to, name, at)


def _received(event: e.PointsReceived, name: TransferId, at: Instant) -> Iterator[Posting]:
    return _shared(event.shares, event.giver, event.account, name, at)


def _absorbed(event: e.AccountAbsorbed, name: TransferId, at: Instant) -> Iterator[Posting]:
    return _shared(event.shares, event.old, event.account, name, at)


def _expired(event: e.PointsExpired, name: TransferId, at: Instant) -> Iterator[Posting]:
    yield Transfer(name, event.account, EXPIRED, event.points, at)


def _set_aside(
    names: Names, event: e.RedemptionReserved, _: int, name: TransferId, at: Instant
) -> Iterator[Posting]:
    names[event.account, event.redemption] = name
    yield Pending(name, event.account, SHOP, event.points, at)


def _collected(
    names: Names, event: e.RedemptionCollected, _: int, name: TransferId, at: Instant
) -> Iterator[Posting]:
    key = (event.account, event.redemption)
    yield PostPending(name, names[key], at, event.points)
    names[key] = name


def _freed(
    names: Names,
    event: e.RedemptionCancelled | e.RedemptionLapsed,
    _: int,
    name: TransferId,
    at: Instant,
) -> Iterator[Posting]:
    yield VoidPending(name, names.pop((event.account, event.redemption)), at)


def _refunded(
    names: Names, event: e.RedemptionRefunded, _: int, name: TransferId, at: Instant
) -> Iterator[Posting]:
    yield Correction(name, names.pop((event.account, event.redemption)), at)


def _frozen(event: e.AccountFrozen, name: TransferId, at: Instant) -> Iterator[Posting]:
    yield Freeze(name, event.account, at)


def _thawed(event: e.AccountThawed, name: TransferId, at: Instant) -> Iterator[Posting]:
    yield Thaw(name, event.account, at)


def moved_out(event: e.AccountMerged, points: int, name: str, at: Instant) -> Iterator[Posting]:
    """Give what an account that was merged moves in a ledger that knows nothing of the other."""
    if points:
        yield Transfer(TransferId(name), event.account, event.into, points, at)


def _merged(event: e.AccountMerged, name: TransferId, at: Instant) -> Iterator[Posting]:
    yield Merge(name, event.account, event.into, at)


_NAMED: dict[type, Callable[[Names, Any, int, TransferId, Instant], Iterator[Posting]]] = {
    e.PointsAwarded: _awarded,
    e.AwardConfirmed: _confirmed,
    e.AwardVoided: _voided,
    e.PointsCorrected: _corrected,
    e.RedemptionReserved: _set_aside,
    e.RedemptionCollected: _collected,
    e.RedemptionCancelled: _freed,
    e.RedemptionLapsed: _freed,
    e.RedemptionRefunded: _refunded,
}
"""Those that name something, or end what has a name."""
_PLAIN: dict[type, Callable[[Any, TransferId, Instant], Iterator[Posting]]] = {
    e.PointsCharged: _charged,
    e.PointsForfeited: _forfeited,
    e.PointsGiven: _given,
    e.PointsReceived: _received,
    e.AccountAbsorbed: _absorbed,
    e.PointsExpired: _expired,
    e.AccountFrozen: _frozen,
    e.AccountThawed: _thawed,
    e.AccountMerged: _merged,
}
MIRRORS: Final = (e.PointsReceived, e.AccountAbsorbed)
"""Events that say of one account what another's event says already."""


class AreaLedger:
    """All accounts of an area in one ledger, made of their events.

    Attributes
    ----------
    ledger : Ledger
        Its books. Entries are posted in the order of the events; an event that lies before the one
        before it (the clocks of several machines never agree) is posted at that one's instant.
    """

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._postings = Postings()
        self._households: set[AccountId] = set()
        for kind, account in AREA_ACCOUNTS.items():
            self.ledger.open(account, kind=kind)

    def award(self, account: AccountId, number: int) -> TransferId:
        """Give the posting of the award that is the event of that number of an account.

        Raises
        ------
        KeyError
            If it is none.
        """
        return self._postings.award(account, number)

    def apply(self, event: AccountEvent, number: int, name: str) -> tuple[Posting, ...]:
        """Post what an event moves, and give it.

        Parameters
        ----------
        event, number, name
            As of `Postings.of`.

        Raises
        ------
        ValueError
            If the ledger refuses it: it does not go with the events before it.
        """
        if isinstance(event, MIRRORS):
            return ()
        if isinstance(event, e.HouseholdJoined):
            _open(self.ledger, event.account, AccountKind.HOUSEHOLD)
            return ()
        for account in _named(event):
            _open(self.ledger, account, AccountKind.MEMBER)
        at = max(event.at, self.ledger.latest or event.at)
        moved = tuple(self._postings.of(event, number, name, at))
        post(self.ledger, moved)
        return moved


def post(ledger: Ledger, moved: Sequence[Posting]) -> None:
    """Post what an event moves.

    Raises
    ------
    ValueError
        If the ledger refuses it.
    """
    for one in moved:
        result = ledger.post(one)
        if result is not Result.CREATED:
            message = f"{one} is refused: {result}"
            raise ValueError(message)


def _named(event: AccountEvent) -> Iterator[AccountId]:
    yield event.account
    if isinstance(event, e.PointsGiven):
        yield event.to
    elif isinstance(event, e.AccountMerged):
        yield event.into


def _open(ledger: Ledger, account: AccountId, kind: AccountKind) -> None:
    if account not in ledger:
        ledger.open(account, kind=kind)


def _shared(
    shares: Iterable[Share], giver: AccountId, getter: AccountId, name: TransferId, at: Instant
) -> Iterator[Posting]:
    for place, share in enumerate(shares):
        part = TransferId(f"{name}.{place}")
        yield Transfer(part, giver, getter, share.points, at, _later(share.expires, at))


def _later(expires: Instant | None, at: Instant) -> Instant:
    """Give when points expire that are posted at an instant: after it, for a ledger."""
    return NEVER if expires is None else max(expires, at + 1)
