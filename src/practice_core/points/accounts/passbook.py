"""A passbook (存折): what the events of one account come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from practice_core.points.accounts import events as e
from practice_core.points.accounts.model import (
    AREA_ACCOUNTS,
    AwardState,
    Item,
    RedemptionState,
    Share,
)
from practice_core.points.accounts.postings import Postings, moved_out, post
from practice_core.points.accounts.redemption import redeemed
from practice_core.points.earning import Award, History, OccasionRecord
from practice_core.points.honouring import Received
from practice_core.points.ledger import NEVER, AccountKind, Ledger
from practice_core.points.tally import Tally, span_of
from practice_core.units import VolunteerId
from practice_core.volunteers import ServiceRecord, ServiceRecorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from practice_core.points.accounts.events import AccountEvent, ItemEvent
    from practice_core.points.accounts.model import Redemption
    from practice_core.points.ledger import Holding, Lot
    from practice_core.points.rules import Period, RuleSet
    from practice_core.units import (
        AccountId,
        Instant,
        ItemId,
        Minutes,
        OrderId,
        RedemptionId,
    )

__all__ = ["Awarded", "Passbook", "stocked"]

_GONE = {RedemptionState.CANCELLED, RedemptionState.LAPSED, RedemptionState.REFUNDED}


@attrs.frozen
class Awarded:
    """An award, and where it stands.

    Parameters
    ----------
    number
        Of its event in the account.
    event
        What was awarded, and why.
    state
        Where it stands.
    shown_until
        Until when it is shown in public; None: it is not.
    taken
        Points of it that were taken back.
    """

    number: int
    event: e.PointsAwarded
    state: AwardState
    shown_until: Instant | None = None
    taken: int = 0

    @property
    def points(self) -> int:
        """Points that are left of it, spent ones included."""
        return 0 if self.state is AwardState.VOIDED else self.event.points - self.taken

    @property
    def is_undone(self) -> bool:
        """Whether it came to nothing: it was not confirmed, or taken back altogether."""
        return self.state is AwardState.VOIDED or (self.taken > 0 and not self.points)


class Passbook:
    """What the events of one account come to: a ledger of its own, its hours, awards, redemptions.

    Parameters
    ----------
    account
        Whose. Everything outside it is in its ledger as an account without a floor: what others
        have is not known here.

    Attributes
    ----------
    number : int
        How many events it has.
    at : Instant or None
        When the last one happened.
    minutes : int
        Minutes of service recorded of it, and of accounts that live on in it: nothing that happens
        to points changes them.
    records : dict
        The services recorded of it, by order; of an order that was served again, the last one.
    awards : dict
        Its awards, by the number of their event.
    redemptions : dict
        Its redemptions, by id.
    charges : list
        What occasions and misconduct have cost it.
    benefits : dict
        By volunteer, what its people have got for their levels and hours.
    absorbed : list
        The accounts that live on in it.
    since : Instant or None
        When its first event happened.
    members : set
        The volunteers whose points it gets, if it is a household's.
    is_household : bool
        Whether it is a household's, or once was.
    merged_into : AccountId or None
        The account that goes on in its place.

    Examples
    --------
    >>> from practice_core.points.accounts import PointsAwarded
    >>> from practice_core.points.earning import AwardReason, Line
    >>> book = Passbook("v-7")
    >>> why = (Line(AwardReason.SERVICE_TIME, 120, 20),)
    >>> given = PointsAwarded("v-7", 0, "desk", 90, "v-7", 0, 20, why, "demo", 1, expires=90)
    >>> book.apply(given)
    >>> book.holding.available, book.due_at()
    (20, 90)
    """

    def __init__(self, account: AccountId) -> None:
        self.account = account
        self.number = 0
        self.at: Instant | None = None
        self.minutes: Minutes = 0
        self.records: dict[OrderId, ServiceRecorded] = {}
        self.awards: dict[int, Awarded] = {}
        self.redemptions: dict[RedemptionId, Redemption] = {}
        self.charges: list[e.PointsCharged | e.PointsForfeited] = []
        self.benefits: dict[VolunteerId, list[Received]] = {}
        self.absorbed: list[AccountId] = []
        self.since: Instant | None = None
        self.members: set[VolunteerId] = set()
        self.is_household = False
        self.merged_into: AccountId | None = None
        self.ledger = Ledger()
        self._postings = Postings()
        own = {known: kind for kind, known in AREA_ACCOUNTS.items()}
        self.ledger.open(account, kind=own.get(account, AccountKind.MEMBER))
        self._outside(*(known for known in own if known != account))

    # -- what it says ---------------------------------------------------------------------------

    @property
    def holding(self) -> Holding:
        """What it holds."""
        return self.ledger.holding(self.account)

    @property
    def lots(self) -> tuple[Lot, ...]:
        """What is available, in the order in which it will be used."""
        return self.ledger.lots(self.account)

    @property
    def is_frozen(self) -> bool:
        """Whether it neither gives nor gets."""
        return self.ledger.account(self.account).is_frozen

    def people(self, holder: Callable[[VolunteerId], AccountId]) -> set[VolunteerId]:
        """Give whose it is: its volunteer's, and those members' who earn for it by `holder`.

        Who joined two households at one moment is a member of both, and earns for one.
        """
        own = {one for one in self.members if holder(one) == self.account}
        return {VolunteerId(self.account), *own}

    def history(self, rules: RuleSet, record: ServiceRecord | OccasionRecord) -> History:
        """Give what limits the award of a record: what its volunteer has earned here before."""
        tally = Tally()
        for one in self.awards.values():
            said = one.event
            if said.volunteer == record.volunteer and not one.is_undone:
                minutes = sum(line.minutes for line in said.lines)
                tally.add(rules, _record(said), Award(one.points, minutes, said.lines))
        held = self.holding
        history = tally.history(rules, record)
        return attrs.evolve(history, balance=held.balance + held.pending_credits)

    def had(
        self, rules: RuleSet, at: Instant, period: Period, item: ItemId | None = None
    ) -> tuple[int, int]:
        """Give the redemptions in the period of an instant, and their pieces, of one item or all.

        Those that came to nothing do not count.
        """
        span = span_of(rules, at, period)
        found = [
            one.quantity
            for one in self.redemptions.values()
            if one.state not in _GONE
            and item in {None, one.item}
            and span_of(rules, one.at, period) == span
        ]
        return len(found), sum(found)

    def front(self, points: int) -> tuple[Share, ...]:
        """Give the oldest points, so many, with their expiries.

        Raises
        ------
        ValueError
            If there are not so many.
        """
        shares: dict[Instant, int] = {}
        for lot in self.lots:
            taken = min(lot.points, points)
            if taken:
                shares[lot.expires] = shares.get(lot.expires, 0) + taken
                points -= taken
        if points:
            message = f"{points} points too few"
            raise ValueError(message)
        return tuple(
            Share(count, None if expires == NEVER else expires) for expires, count in shares.items()
        )

    def expired(self, at: Instant) -> int:
        """Give how many points have expired at an instant and are still there."""
        return sum(lot.points for lot in self.lots if lot.expires <= at)

    def due_at(self) -> Instant | None:
        """Give when something next falls due here; None: nothing does."""
        if self.merged_into is not None:
            return None
        return min(self._due(), default=None)

    def _due(self) -> Iterator[Instant]:
        for one in self.redemptions.values():
            if one.state is RedemptionState.RESERVED and one.due_at is not None:
                yield one.due_at
        if self.is_frozen:
            return  # neither gives nor gets
        for shown in self.awards.values():
            if shown.state is AwardState.SHOWN and shown.shown_until is not None:
                yield shown.shown_until
        for lot in self.lots:
            if lot.expires != NEVER:
                yield lot.expires
                return  # the first one expires first

    # -- how events change it -------------------------------------------------------------------

    def apply(self, event: AccountEvent | ServiceRecorded) -> None:
        """Change it by its next event.

        Raises
        ------
        ValueError, KeyError, ImpossibleEvent
            If it does not go with those before it.
        """
        self.number += 1
        self.since = event.at if self.since is None else self.since
        self.at = event.at if self.at is None else max(self.at, event.at)
        if isinstance(event, ServiceRecorded):
            self.records[event.order] = event
            self.minutes += event.minutes
            return
        if isinstance(event, e.PointsGiven):
            self._outside(event.to)
        elif isinstance(event, e.PointsReceived):
            self._outside(event.giver)
        elif isinstance(event, e.AccountAbsorbed):
            self._outside(event.old)
            self.minutes += event.minutes
            self.absorbed.append(event.old)
        elif isinstance(event, e.AccountMerged):
            self._outside(event.into)
        number, at = self.number, max(event.at, self.ledger.latest or event.at)
        if isinstance(event, e.AccountMerged):
            moved = moved_out(event, self.holding.available, f"e{number}", at)
        else:
            moved = self._postings.of(event, number, f"e{number}", at)
        post(self.ledger, tuple(moved))
        self._note(event)

    def _note(self, event: AccountEvent) -> None:
        """Keep what no ledger does: of awards, of redemptions and of households."""
        if isinstance(event, _OF_REDEMPTIONS):
            key = event.redemption
            self.redemptions[key] = redeemed(self.redemptions.get(key), event)
        elif isinstance(event, e.PointsCharged | e.PointsForfeited):
            self.charges.append(event)
        elif isinstance(event, e.BenefitGiven):
            had = Received(event.benefit, event.at)
            self.benefits.setdefault(event.volunteer, []).append(had)
        elif isinstance(event, e.HouseholdJoined):
            self.is_household = True
            self.members.add(event.volunteer)
        elif isinstance(event, e.HouseholdLeft):
            self.members.discard(event.volunteer)
        elif isinstance(event, e.AccountMerged):
            self.merged_into = event.into
        else:
            self._note_award(event)

    def _note_award(self, event: AccountEvent) -> None:
        if isinstance(event, e.PointsAwarded):
            self.awards[self.number] = Awarded(self.number, event, _state(event), event.shown_until)
        elif isinstance(event, e.AwardAudited):
            self._award(event.award, state=AwardState.SHOWN, shown_until=event.shown_until)
        elif isinstance(event, e.AwardConfirmed):
            self._award(event.award, state=AwardState.COUNTED)
        elif isinstance(event, e.AwardVoided):
            self._award(event.award, state=AwardState.VOIDED)
        elif isinstance(event, e.PointsCorrected):
            self._award(event.award, taken=self.awards[event.award].taken + event.points)

    def _award(self, number: int, **changes: Any) -> None:  # noqa: ANN401 - fields of `Awarded`
        self.awards[number] = attrs.evolve(self.awards[number], **changes)

    def _outside(self, *accounts: AccountId) -> None:
        new = [account for account in accounts if account not in self.ledger]
        self.ledger.open(*new, kind=AccountKind.ISSUANCE)


_OF_REDEMPTIONS = (
    e.RedemptionReserved,
    e.RedemptionCollected,
    e.RedemptionCancelled,
    e.RedemptionLapsed,
    e.RedemptionRefunded,
)


def _state(event: e.PointsAwarded) -> AwardState:
    if event.audit:
        return AwardState.AUDITING
    return AwardState.COUNTED if event.shown_until is None else AwardState.SHOWN


def _record(event: e.PointsAwarded) -> ServiceRecord | OccasionRecord:
    """Give the record of an award, as far as limits look at it."""
    if event.occasion is not None:
        return OccasionRecord(event.volunteer, event.occasion, event.earned, event.count)
    assert event.order is not None  # noqa: S101 - an award is of a service or of an occasion
    return ServiceRecord(event.volunteer, event.order, event.earned, 0)


def stocked(item: Item | None, event: ItemEvent) -> Item:
    """Apply an event to an item, or to none if it is its first.

    Raises
    ------
    ValueError
        If there is no such item yet.
    """
    if isinstance(event, e.ItemOffered):
        return Item(
            event.item,
            event.goods,
            event.name,
            event.price,
            event.stock,
            event.outlet,
            event.limit,
            event.limit_per,
            event.deadline_days,
            event.refundable,
        )
    if item is None:
        message = f"item {event.item} was never offered"
        raise ValueError(message)
    if isinstance(event, e.ItemWithdrawn):
        return attrs.evolve(item, is_offered=False)
    assert isinstance(event, e.StockChanged)  # noqa: S101 - the last kind there is
    return item if item.stock is None else attrs.evolve(item, stock=item.stock + event.change)
