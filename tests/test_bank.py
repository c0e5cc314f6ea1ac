"""A bank of points, attacked: whatever is asked of two practices on one journal, the law holds.

A machine draws what people, desks and clocks ask of accounts and of the shop, lets others act in
the middle of that, and after each step holds all that is there against a plain list of events.
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from random import Random
from threading import Barrier
from typing import TYPE_CHECKING, Any, ClassVar, cast

import attrs
import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from practice_core.journal import Conflict
from practice_core.lifecycle import Actor, Refused, Role
from practice_core.orders import (
    AcceptOffer,
    CancelOrder,
    CancelReason,
    CompleteService,
    OfferOrder,
    PlaceOrder,
    RateOrder,
    ReviewOrder,
    ScheduleService,
    Served,
    StartService,
)
from practice_core.points import Occasion, Passing, Period
from practice_core.points.accounts import (
    COMMANDS,
    AuditAward,
    AwardService,
    AwardState,
    CancelRedemption,
    CollectRedemption,
    CorrectAward,
    FreezeAccount,
    GivePoints,
    ItemKind,
    JoinHousehold,
    LeaveHousehold,
    MergeAccount,
    OfferItem,
    RecordOccasion,
    RedeemPoints,
    RedemptionState,
    RefundRedemption,
    RestockItem,
    ThawAccount,
    VoidAward,
    WithdrawItem,
)
from practice_core.service import ClockWentBack, InputRefused, Limits, Transaction
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
from tests import test_races
from tests.bank_law import INVARIANTS, Asked, Seen, broken, hold
from tests.banking import POOL, RULES, SHOP, person
from tests.banking import Bank as Counters
from tests.planted_banks import PLANTED, Planted
from tests.practising import AREA, AT_CENTER, AT_EAST, EAST, EAST_1, RED, SITES, TEAMS, of, request
from tests.telling import MONDAY
from tests.test_races import STORES, in_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from practice_core.journal import Journal
    from practice_core.orders import OrderCommand
    from practice_core.points import RuleSet
    from practice_core.points.accounts import AccountCommand, Passbook
    from practice_core.units import Duration

make = test_races.make
"""A fixture: it opens the journal of a name once more, in each store."""
LONG = int(os.environ.get("LEDGER_STEPS", "0"))
"""Steps of a run that is to be long; it takes twenty with one draw."""
BURST = 20
FEW = settings(
    max_examples=8,
    stateful_step_count=10,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
CODED = attrs.evolve(RULES, expiry_months=2)
SCHEMES = (
    CODED,
    attrs.evolve(CODED, audit_required=True, publicity_days=7, pickup_code=False),
    attrs.evolve(CODED, storage_cap=90, received_debit=3, passing=Passing.DONATION),
    attrs.evolve(CODED, redeem_quota=2, redeem_quota_per=Period.MONTH, refundable=False),
)
PEOPLE = ("ann", "bob", "cy", "dee")
HOMES = ("home", "house")
KINDS = tuple(kind for kind in COMMANDS if kind not in {FreezeAccount, ThawAccount})
WIDE = Limits(commands_a_minute=10**6, open_orders=10**6)


class Bank(RuleBasedStateMachine):
    """Draws what two practices on one journal are asked of accounts, and holds them to the law."""

    make: ClassVar[Callable[[str], Journal]]
    planted: ClassVar[Planted]
    numbers: ClassVar[Iterator[int]] = count(1)
    met: ClassVar[Counter[str]]
    longest: ClassVar[int]
    burst: ClassVar[int]
    salt: ClassVar[int]

    @initialize(scheme=st.sampled_from(SCHEMES))
    def begin(self, scheme: RuleSet) -> None:
        name = f"bank{next(self.numbers)}"
        self.dice = Random(f"{self.salt}")  # noqa: S311 - dice
        area = attrs.evolve(AREA, rules=scheme)
        self.journals = [self.planted.handle(type(self).make(name)) for _ in range(2)]
        self.practices = [
            self.planted.kind.open(
                one.as_journal(), area, hierarchy=SITES, teams=TEAMS, limits=WIDE
            )
            for one in self.journals
        ]
        self.witness = type(self).make(name)
        self.seen = Seen(self.witness, self.practices, scheme, self.planted.area)
        self.now = MONDAY
        self.count = 0
        self.steps = 0
        self.handle = 0
        self.given: list[tuple[CommandId, str, AccountCommand, Actor, Transaction]] = []
        self.acts: tuple[Callable[[], None], ...] = (
            *[self.train] * 4,
            *[self.serve] * 2,
            *[self.redeem] * 5,
            *[self.end_a_redemption] * 6,
            *[self.pay_for_a_service] * 4,
            *[self.give] * 3,
            *[self.look_at_an_award] * 3,
            *[self.change_an_account] * 2,
            *[self.change_an_item] * 3,
            *[self.settle] * 4,
            *[self.repeat] * 2,
            *[self.ask_anything] * 2,
            self.reopen,
        )
        for place, key in enumerate(("soap", "rice", "care")):
            kind = ItemKind.SERVICE if key == "care" else ItemKind.GOODS
            offered = OfferItem(ItemId(key), kind, key, 5, 2 + 5 * place)
            self.ask(SHOP, offered, AT_CENTER)
        self.look()

    @rule(number=st.integers(0, 2**16 - 1))
    def step(self, number: int) -> None:
        """Let something happen, or several things."""
        for _ in range(self.burst):
            self.steps += 1
            type(self).longest = max(self.longest, self.steps)
            self.dice = Random(f"{self.salt} {number} {self.steps}")  # noqa: S311 - dice
            self.handle = self.dice.randrange(2)
            self.now += self.dice.choice((0, 0, 1, MINUTE, HOUR, DAY, 9 * DAY))
            self.planted.tamper(self.journals[0], self.steps)
            self.dice.choice(self.acts)()
            self.seen.thorough = self.steps % 10 == 0
            self.look()

    def look(self) -> None:
        hold(broken(self.seen))

    # -- what happens -----------------------------------------------------------------------------

    def train(self) -> None:
        """Let somebody get points for what is no service."""
        who, number = self.who(), self.dice.randint(1, 4)
        deed = RecordOccasion(VolunteerId(who), Occasion.TRAINING, number)
        self.ask(self.home(who), deed, AT_CENTER)

    def serve(self) -> None:
        """Let an order be served, and at times once more."""
        key = self.placed()
        self.serve_it(key)
        if self.dice.random() < 0.3:
            self.do(key, RateOrder(1), person("ann"))
            self.serve_it(key)

    def pay_for_a_service(self) -> None:
        """Let points be set aside for an order, and let that end one way or another."""
        payer, whom = self.who(), self.who()
        key = self.placed(payer, whom)
        hours = self.dice.randint(1, 3)
        self.ask(payer, self.wanted("care", hours, key), person(payer))
        if self.dice.random() < 0.3:
            offered = OfferItem(ItemId("care"), ItemKind.SERVICE, "care", self.dice.randint(1, 20))
            self.ask(SHOP, attrs.evolve(offered, stock=self.dice.choice((None, 9))), AT_CENTER)
        if self.dice.random() < 0.2:
            self.ask(payer, FreezeAccount(), AT_CENTER)
        if self.dice.random() < 0.3:
            asker = Actor(ActorId(payer), Role.REQUESTER if payer == whom else Role.PROXY)
            self.do(key, CancelOrder(CancelReason.MISTAKE), asker)
        elif self.dice.random() < 0.8:
            self.serve_it(key)

    def redeem(self) -> None:
        who = self.owner()
        item = self.dice.choice(("soap", "soap", "rice", "ghost"))
        asked = self.wanted(item, self.dice.choice((1, 1, 1, 2)))
        by = person(self.member_of(who)) if self.dice.random() < 0.8 else AT_CENTER
        rival: AccountCommand = self.wanted(item, self.dice.choice((1, 2)))
        self.ask(who, asked, by, rival=(self.dice.choice((who, self.owner())), rival))

    def end_a_redemption(self) -> None:
        """Collect with a right or a wrong code, cancel, or give back."""
        found = self.some_redemption()
        if found is None:
            return
        account, key, state = found
        if state is RedemptionState.COLLECTED:
            self.ask(account, RefundRedemption(key), AT_CENTER)
            return
        chance = self.dice.random()
        if chance < 0.3:
            self.ask(account, CancelRedemption(key), person(self.member_of(account)))
            return
        code = self.code(account, key)
        shown = self.dice.choice((code, code, code, "0000000000", None))
        self.ask(account, CollectRedemption(key, shown), AT_CENTER)

    def give(self) -> None:
        who, points = self.owner(), self.dice.randint(1, 30)
        to = self.dice.choice((self.owner(), POOL))
        if self.dice.random() < 0.2:
            self.ask(POOL, GivePoints(AccountId(who), points), AT_CENTER)
        else:
            rival = (who, GivePoints(AccountId(self.owner()), points))
            gift = GivePoints(AccountId(to), points)
            self.ask(who, gift, person(self.member_of(who)), rival=rival)

    def look_at_an_award(self) -> None:
        """Audit one, void it, take it back; or award a service once more."""
        account = self.owner()
        book = self.book(account)
        if book is None:
            return
        waits = [
            number
            for number, one in book.awards.items()
            if one.state in {AwardState.AUDITING, AwardState.SHOWN}
        ]
        if waits and self.dice.random() < 0.6:
            number = self.dice.choice(waits)
            self.ask(account, self.dice.choice((AuditAward, AuditAward, VoidAward))(number))
        elif book.awards and self.dice.random() < 0.7:
            number = self.dice.choice(list(book.awards))
            self.ask(account, CorrectAward(number, self.dice.choice((None, None, 1, 3))))
        elif book.records:
            self.ask(account, AwardService(self.dice.choice(list(book.records))))

    def change_an_account(self) -> None:
        who, home = self.who(), self.dice.choice(HOMES)
        frozen = self.practices[self.handle].books.frozen
        chance = self.dice.random()
        if frozen and chance < 0.5:
            self.ask(self.dice.choice(sorted(frozen)), ThawAccount())
        elif chance < 0.3:
            self.ask(self.owner(), FreezeAccount())
        elif chance < 0.5:
            self.ask(home, JoinHousehold(VolunteerId(who)))
        elif chance < 0.8:
            self.ask(self.home(who), LeaveHousehold(VolunteerId(who)))
        else:
            self.count += 1
            old, new = self.dice.choice(((who, f"{PEOPLE[0]}{self.count}"), (who, self.who())))
            self.ask(old, MergeAccount(AccountId(new)))

    def change_an_item(self) -> None:
        key = ItemId(self.dice.choice(("soap", "soap", "rice", "care")))
        chance = self.dice.random()
        if chance < 0.6:
            self.ask(SHOP, RestockItem(key, self.dice.choice((1, 1, 2, 3, -1))))
        elif chance < 0.7:
            self.ask(SHOP, WithdrawItem(key))
        else:
            offered = OfferItem(
                key,
                ItemKind.SERVICE if key == "care" else ItemKind.GOODS,
                key,
                self.dice.randint(1, 9),
                self.dice.choice((None, 1, 2, 5)),
                self.dice.choice((None, EAST)),
                self.dice.choice((None, 3)),
                Period.MONTH,
                self.dice.choice((None, 0, 3)),
                self.dice.choice((None, True)),
            )
            self.ask(SHOP, offered, self.dice.choice((AT_CENTER, AT_CENTER, AT_EAST)))

    def settle(self) -> None:
        """Let time pass, and do what is due: by one practice, while the other may do it too."""
        self.now += self.dice.choice((0, DAY, 10 * DAY, 30 * DAY))
        other = self.practices[1 - self.handle]
        if self.dice.random() < 0.5:
            self.journals[self.handle].meanwhile["append"] = [lambda: other.settle(self.now)]
        done = self.practices[self.handle].settle(self.now)
        self.journals[self.handle].meanwhile.clear()
        self.met["settled"] += len(done)
        self.seen.look()
        plain = self.seen.plain
        for account in plain.known():
            due_at = plain.due_at(account)
            ahead = plain.latest[account] > self.now
            if due_at is not None and due_at <= self.now and not ahead:
                hold({"clocks_are_kept": f"{account}: due at {due_at}, and it is {self.now}"})

    def repeat(self) -> None:
        """Ask again what was asked, by either handle, now that all is otherwise."""
        if not self.given:
            return
        name, account, deed, by, answer = self.dice.choice(self.given)
        length = self.witness.head().length
        again = self.practices[self.handle].transact(
            AccountId(account), deed, id=name, by=by, at=self.now
        )
        same = isinstance(again, Transaction) and again.again and again.events == answer.events
        if not same or self.witness.head().length != length:
            hold({"repeats_change_nothing": f"{deed} gave {answer}, and again {again}"})

    def ask_anything(self) -> None:
        """Ask what makes no sense, of anybody, by anybody, at an odd time."""
        kind = self.dice.choice(KINDS)
        values: dict[str, tuple[Any, ...]] = {
            "redemption": ("r-1", "code:1", "x"),
            "item": ("soap", "care", "ghost"),
            "order": (None, "o-1", "ghost"),
            "to": ("ann", POOL, SHOP, "area:issuance"),
            "into": ("ann", POOL, "home"),
            "volunteer": ("ann", "area:issuance", "home"),
            "occasion": tuple(Occasion),
            "kind": tuple(ItemKind),
            "name": ("", "soap", "x" * 61),
            "code": (None, "", "ABC"),
        }
        fields = {
            field.name: self.dice.choice(values.get(field.name, (-1, 0, 1, 7, 2**53 - 1)))
            for field in attrs.fields(kind)
            if field.default is attrs.NOTHING or field.name in values
        }
        account = self.dice.choice((*PEOPLE, *HOMES, POOL, SHOP, "area:issuance", "ghost"))
        by = self.dice.choice((person(self.who()), AT_CENTER, AT_EAST, of(RED)))
        back = self.dice.choice((0, 0, MINUTE, 10 * DAY))
        self.ask(account, kind(**fields), by, back=back)

    def reopen(self) -> None:
        """Open a handle anew, from a snapshot."""
        self.practices[self.handle].keep()
        old = self.practices[self.handle]
        self.practices[self.handle] = self.planted.kind.open(
            self.journals[self.handle].as_journal(),
            old.area,
            hierarchy=SITES,
            teams=TEAMS,
            limits=WIDE,
        )

    # -- how it is asked --------------------------------------------------------------------------

    def ask(
        self,
        account: str,
        deed: AccountCommand,
        by: Actor = AT_CENTER,
        *,
        back: Duration = 0,
        rival: tuple[str, AccountCommand] | None = None,
    ) -> None:
        """Ask a practice something; perhaps somebody asks the other one meanwhile."""
        self.count += 1
        journal = self.journals[self.handle]
        if rival is not None and self.dice.random() < 0.5:
            journal.meanwhile["append"] = [lambda: self.asked(1 - self.handle, *rival, AT_CENTER)]
        self.asked(self.handle, account, deed, by, back=back)
        journal.meanwhile.clear()

    def asked(
        self, handle: int, account: str, deed: AccountCommand, by: Actor, *, back: Duration = 0
    ) -> None:
        self.count += 1
        name = CommandId(f"t-{self.count}")
        code = None
        if isinstance(deed, CollectRedemption):
            code = self.code(account, deed.redemption)
        self.seen.asked[name] = Asked(account, deed, code)
        before, conflicts = self.witness.head().length, self.journals[handle].conflicts
        waits = bool(self.journals[handle].meanwhile["append"])
        try:
            answer = self.practices[handle].transact(
                AccountId(account), deed, id=name, by=by, at=max(0, self.now - back)
            )
        except (ClockWentBack, Conflict, InputRefused) as error:
            self.met[type(error).__name__] += 1
            answer = None
        except Exception as error:
            hold({"only_documented_errors_come_out": f"{deed} of {account}: {error!r}"})
            raise
        note(f"{account} {deed} by {by.id}: {answer}")
        if isinstance(answer, Transaction):
            self.given.append((name, account, deed, by, answer))
            self.met["conflicts"] += self.journals[handle].conflicts - conflicts
        elif not waits and self.witness.head().length != before:
            hold({"what_is_refused_writes_nothing": f"{deed}: {answer}"})
        if isinstance(answer, Refused):
            self.met[f"refused {answer.reason}"] += 1

    def do(self, key: str, deed: OrderCommand, by: Actor) -> object:
        self.count += 1
        practice = self.practices[self.handle]
        return practice.do(OrderId(key), deed, id=CommandId(f"o-{self.count}"), by=by, at=self.now)

    def placed(self, payer: str = "ann", whom: str = "ann") -> str:
        self.count += 1
        key = f"o-{self.count}"
        asker = Actor(ActorId(payer), Role.REQUESTER if payer == whom else Role.PROXY)
        wanted = request(
            key,
            EAST_1,
            self.now,
            placed_by=asker.id,
            for_whom=None if payer == whom else ActorId(whom),
        )
        self.do(key, PlaceOrder(wanted), asker)
        self.do(key, ReviewOrder(), AT_CENTER)
        return key

    def serve_it(self, key: str) -> None:
        self.do(key, OfferOrder((RED,), DAY), AT_CENTER)
        self.do(key, AcceptOffer(), of(RED))
        begin = self.now + HOUR
        self.do(key, ScheduleService(begin, begin + 2 * HOUR), of(RED))
        self.now = begin
        self.do(key, StartService(3), of(RED))
        minutes = self.dice.choice((1, 59, 60, 61, 150))
        self.now += minutes * MINUTE
        names = self.dice.sample(PEOPLE, self.dice.randrange(3))
        served = tuple([Served(VolunteerId(who), self.dice.randint(1, minutes)) for who in names])
        self.do(key, CompleteService(minutes, served), of(RED))

    # -- whom and what it concerns ----------------------------------------------------------------

    def who(self) -> str:
        return self.seen.plain.person(self.dice.choice(PEOPLE))

    def home(self, who: str) -> str:
        return str(self.practices[self.handle].books.holder(VolunteerId(who)))

    def owner(self) -> str:
        return self.home(self.who()) if self.dice.random() < 0.8 else self.who()

    def member_of(self, account: str) -> str:
        members = sorted(self.seen.books[account].members) if account in self.seen.books else []
        return str(self.dice.choice(members)) if members else account

    def wanted(self, item: str, quantity: int, order: str | None = None) -> RedeemPoints:
        self.count += 1
        return RedeemPoints(
            RedemptionId(f"r-{self.count}"),
            ItemId(item),
            quantity,
            None if order is None else OrderId(order),
        )

    def book(self, account: str) -> Passbook | None:
        return self.seen.books.get(account)

    def code(self, account: str, key: RedemptionId) -> str | None:
        owner = person(account)
        return self.practices[0].pickup_code(AccountId(account), key, by=owner)

    def some_redemption(self) -> tuple[str, RedemptionId, RedemptionState] | None:
        ends = {RedemptionState.RESERVED, RedemptionState.COLLECTED}
        found = [
            (account, one.id, one.state)
            for account, book in self.seen.books.items()
            for one in book.redemptions.values()
            if one.state in ends
        ]
        return self.dice.choice(found[-9:]) if found else None

    def teardown(self) -> None:
        self.met.update(row.event.kind for row in self.seen.rows)
        for journal in (self.witness, *self.journals):
            journal.close()


def bank(
    make: Callable[[str], Journal], planted: Planted | None = None, *, burst: int = 1, salt: int = 0
) -> type[Bank]:
    """Give the machine for a kind of journal."""
    bound = {
        "make": staticmethod(make),
        "planted": Planted() if planted is None else planted,
        "numbers": count(1),
        "met": Counter(),
        "longest": 0,
        "burst": burst,
        "salt": salt,
    }
    return type("DrawnBank", (Bank,), bound)


EXAMPLES = {"memory": 12, "sqlite": 4, "postgres": 3}


@pytest.mark.slow
@pytest.mark.parametrize("store", STORES)
def test_a_bank_of_two_handles_keeps_the_law(store: str, make: Callable[[str], Journal]) -> None:
    machine = bank(make, burst=BURST)
    steps = -(-LONG // BURST) if LONG else 10
    examples = 4 if LONG else EXAMPLES[store]
    run = settings(FEW, max_examples=examples, stateful_step_count=steps)
    run_state_machine_as_test(machine, settings=run)
    print(f"{store}: {dict(machine.met)}")  # noqa: T201 - figures


# ------------------------------------------------------------------ planted faults


def caught(wrong: type[Planted], salt: int) -> str:
    """Say what is broken first when a wrong bank is attacked in some way; empty if nothing."""
    with pytest.MonkeyPatch.context() as patch:
        planted = wrong()
        planted.plant(patch)
        machine = bank(in_memory(), planted, burst=BURST, salt=salt)
        try:
            run_state_machine_as_test(machine, settings=settings(FEW, max_examples=4))
        except Exception as error:  # noqa: BLE001 - whatever it leads to
            return f"\n{error}".partition("Failing test case")[0]
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("wrong", PLANTED, ids=lambda wrong: wrong.__name__)
def test_a_wrong_bank_is_caught_by_the_sentence_that_it_breaks(wrong: type[Planted]) -> None:
    found = []
    for salt in range(6):
        found.append(caught(wrong, salt))
        if f"\n{PLANTED[wrong]}: " in found[-1]:
            return
    pytest.fail("\n\n".join(one[:500] for one in found))


def test_a_wrong_bank_is_planted_for_every_sentence() -> None:
    others = {
        *("commands_are_all_or_none", "what_expires_is_what_the_dates_say"),
        *("nothing_is_redeemed_twice", "a_service_costs_the_hours_begun"),
        *("goods_are_handed_out_for_their_code", "repeats_change_nothing"),
        *("what_is_refused_writes_nothing", "only_documented_errors_come_out"),
    }
    assert {holds.__name__ for holds in INVARIANTS} | others == set(PLANTED.values())


# ------------------------------------------------------------------ at the same moment


@pytest.mark.parametrize("store", STORES)
def test_two_desks_at_the_same_moment_sell_the_last_piece_once(
    make: Callable[[str], Journal],
) -> None:
    """Two threads, each with a handle of its own, ask for the last piece five times over."""
    desk = Counters(journal=make("desks"))
    for who in ("ann", "bob"):
        desk.trains(who, 20)
    for turn in range(5):
        item = f"last-{turn}"
        desk.offers(item, 5, 1)

        def buy(own: Counters, place: int, item: str = item) -> object:
            who = ("ann", "bob")[place]
            asked = RedeemPoints(RedemptionId(f"r-{item}"), ItemId(item))
            return own.ask(who, asked, person(who), f"{who}-{item}")

        answers = both(lambda: Counters(journal=make("desks")), buy)
        assert sorted(type(one).__name__ for one in answers) == ["Refused", "Transaction"]
        refused = next(one for one in answers if isinstance(one, Refused))
        assert refused.reason == "out_of_stock"
        assert desk.item(item).stock == 0
    desk.check()
    desk.practice.journal.close()


@pytest.mark.parametrize("store", STORES)
def test_two_clocks_at_the_same_moment_settle_an_account_once(
    make: Callable[[str], Journal],
) -> None:
    desk = Counters(journal=make("clocks"))
    people = [f"v-{number}" for number in range(12)]
    for who in people:
        desk.trains(who)
    due_at = desk.practice.next_settlement()
    assert due_at is not None
    answers = both(
        lambda: Counters(journal=make("clocks")), lambda own, _: own.practice.settle(due_at)
    )
    done = [one for some in answers for one in cast("tuple[Transaction]", some)]
    assert sorted(one.events[0].account for one in done) == sorted(people)  # type: ignore[union-attr]  # of accounts
    assert all(desk.points(who) == 0 for who in people)
    desk.check()
    desk.practice.journal.close()


def both(make: Callable[[], Counters], act: Callable[[Counters, int], object]) -> list[object]:
    """Let two threads, each with a desk of its own, act at the same moment."""
    gate = Barrier(2)

    def acts(place: int) -> object:
        desk = make()
        gate.wait()
        try:
            return act(desk, place)
        finally:
            desk.practice.journal.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(acts, range(2)))
