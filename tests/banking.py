"""A practice whose accounts are looked at: what people have, and what they ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from practice_core.areas import load_rules
from practice_core.lifecycle import Actor, Refused, Role
from practice_core.orders import AcceptOffer, CompleteService, OfferOrder, Served
from practice_core.orders import ReviewOrder as Review
from practice_core.orders import ScheduleService as Schedule
from practice_core.orders import StartService as Start
from practice_core.points import EventPoints, Expiry, Occasion, Passing, RuleSet
from practice_core.points.accounts import (
    AREA_ACCOUNTS,
    AccountEvent,
    AreaLedger,
    ItemKind,
    OfferItem,
    PointsRefusal,
    RecordOccasion,
    RedeemPoints,
)
from practice_core.points.ledger import AccountKind
from practice_core.service import Done, Transaction
from practice_core.units import (
    DAY,
    HOUR,
    MINUTE,
    AccountId,
    ActorId,
    CommandId,
    ItemId,
    OrderId,
    RedemptionId,
    VolunteerId,
)
from tests.practising import AT_CENTER, RED, Days, of
from tests.telling import MONDAY

if TYPE_CHECKING:
    from practice_core.journal import Journal
    from practice_core.points.accounts import AccountCommand, Item, Passbook
    from practice_core.units import Minutes
    from tests.practising import Field

SHOP = AREA_ACCOUNTS[AccountKind.SHOP]
POOL = AREA_ACCOUNTS[AccountKind.DONATION_POOL]
RULES = RuleSet(
    id="any",
    version=1,
    effective=0,
    rate_per_hour=10,
    refundable=True,
    passing=Passing.FREE,
    expiry=Expiry.MONTHS,
    expiry_months=12,
    pickup_deadline_days=10,
    events={Occasion.TRAINING: EventPoints(points=10)},
    source="assumed: rules with which everything can happen",
)
"""Rules of no place, with which everything can be asked."""
R = PointsRefusal


def person(name: str) -> Actor:
    """Give somebody who asks for himself."""
    return Actor(ActorId(name), Role.REQUESTER)


NEIGHBOUR = person("neighbour")
"""Who places the orders on which others serve."""


class Bank(Days):
    """A practice with the points rules of a place, and the time."""

    def __init__(
        self, rules: RuleSet | str = RULES, journal: Journal | str = "memory", **changes: Field
    ) -> None:
        if isinstance(rules, str):
            rules = load_rules(rules).versions[-1]
        super().__init__(journal, rules=rules, **changes)
        week = 7 * DAY
        self.at = MONDAY + max(0, -((MONDAY - rules.effective) // week)) * week

    # -- what is asked ----------------------------------------------------------------------------

    def ask(
        self, account: str, command: AccountCommand, by: Actor = AT_CENTER, name: str = ""
    ) -> Transaction | Refused:
        key = CommandId(name or f"t-{next(self.numbers)}")
        return self.practice.transact(AccountId(account), command, id=key, by=by, at=self.at)

    def can(self, account: str, command: AccountCommand, by: Actor = AT_CENTER) -> Transaction:
        answer = self.ask(account, command, by)
        assert isinstance(answer, Transaction), answer
        self.check()
        return answer

    def cannot(self, account: str, command: AccountCommand, by: Actor = AT_CENTER) -> PointsRefusal:
        before = self.length
        answer = self.ask(account, command, by)
        assert isinstance(answer, Refused), answer
        assert answer.command is type(command)
        assert self.length == before
        return PointsRefusal(answer.reason)

    def settles(self) -> list[str]:
        """Do what is due, and give the kinds of events that it came to."""
        done = self.practice.settle(self.at)
        self.check()
        return [event.kind for one in done for event in one.events]

    # -- what people do ---------------------------------------------------------------------------

    def trains(self, who: str, count: int = 1, occasion: Occasion = Occasion.TRAINING) -> None:
        account = self.practice.books.holder(VolunteerId(who))
        self.can(account, RecordOccasion(VolunteerId(who), occasion, count))

    def serves(self, who: str, minutes: Minutes, key: str = "", by: Actor = NEIGHBOUR) -> str:
        """Let somebody serve, once for each five hours or part of them; give the last order."""
        while minutes > 0:
            order = key or f"o-{next(self.numbers)}"
            self.starts(order, by)
            now = min(minutes, 170)
            self.ends(order, now, Served(VolunteerId(who), now))
            minutes -= now
        return order

    def starts(self, key: str, by: Actor = NEIGHBOUR, **changes: Field) -> None:
        self.scheduled(key, by=by, **changes)
        self.later(DAY).do(key, Start(3), of(RED))

    def ends(self, key: str, minutes: Minutes, *who: Served) -> Done:
        self.later(minutes * MINUTE)
        done = self.do(key, CompleteService(minutes, tuple(who)), of(RED))
        self.check()
        return done

    def starts_again(self, key: str) -> None:
        """Let an order that is placed, or placed again, come to its service."""
        self.do(key, OfferOrder((RED,), DAY), AT_CENTER)
        self.do(key, AcceptOffer(), of(RED))
        begin = self.at + HOUR
        self.do(key, Schedule(begin, begin + 2 * HOUR), of(RED))
        self.later(HOUR).do(key, Start(3), of(RED))

    def review(self, key: str) -> None:
        self.do(key, Review(), AT_CENTER)

    def offers(
        self, key: str = "soap", price: int = 5, stock: int | None = 3, **rest: Field
    ) -> None:
        kind = rest.pop("kind", ItemKind.GOODS)
        self.can(SHOP, OfferItem(ItemId(key), kind, key, price, stock, **rest))

    def redeems(
        self, who: str, item: str = "soap", quantity: int = 1, order: str | None = None
    ) -> RedemptionId:
        key = RedemptionId(f"r-{next(self.numbers)}")
        self.can(who, redeem(key, item, quantity, order), person(who))
        return key

    # -- what there is ----------------------------------------------------------------------------

    def book(self, account: str) -> Passbook:
        found = self.practice.passbook(AccountId(account), by=AT_CENTER)
        assert found is not None
        return found

    def points(self, account: str) -> int:
        return self.book(account).holding.available

    def item(self, key: str = "soap") -> Item:
        return next(one for one in self.practice.items(by=AT_CENTER) if one.id == key)

    def code(self, account: str, key: RedemptionId) -> str | None:
        return self.practice.pickup_code(AccountId(account), key, by=person(account))

    def area(self) -> AreaLedger:
        """Give the books of all accounts, made of the journal alone."""
        books = AreaLedger()
        for one in self.practice.journal.read():
            if isinstance(one.event, AccountEvent):
                books.apply(one.event, one.version, f"p{one.position}")
        return books

    def check(self) -> None:
        """See that the books of all are in order: they can be made, and sum to zero."""
        assert sum(self.area().ledger.balances().values()) == 0


def redeem(
    key: str = "r", item: str = "soap", quantity: int = 1, order: str | None = None
) -> RedeemPoints:
    return RedeemPoints(
        RedemptionId(key), ItemId(item), quantity, None if order is None else OrderId(order)
    )
