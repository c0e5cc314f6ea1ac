"""The law of accounts: what refuses a command first, and what refuses it at all."""

from __future__ import annotations

from importlib import import_module
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.lifecycle import Actor, Refused, Role
from practice_core.points import (
    Benefit,
    BenefitKind,
    EventPoints,
    Occasion,
    Passing,
    Period,
    RuleSet,
)
from practice_core.points import accounts as a
from practice_core.points.accounts import (
    COMMANDS,
    REDEMPTION,
    AccountCommand,
    Asked,
    Counter,
    Item,
    ItemKind,
    Passbook,
    PointsRefusal,
    RedemptionState,
    decide,
)
from practice_core.service import Practice
from practice_core.terms import Category
from practice_core.units import (
    DAY,
    HOUR,
    AccountId,
    ActorId,
    ItemId,
    OrderId,
    RedemptionId,
    SiteId,
    VolunteerId,
)
from practice_core.volunteers import ServiceRecorded
from practice_core.volunteers.standing import BlacklistReason
from tests.banking import POOL, RULES, SHOP, Bank, R, person, redeem
from tests.practising import AT_CENTER, AT_EAST, AT_WEST, CENTER, EAST, SITES, SYSTEM, TEAMS, WEST
from tests.telling import MONDAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from practice_core.lifecycle import Rule

AT = MONDAY
ANN, BOB, HOME, ELSE, NOBODY = map(AccountId, ("ann", "bob", "home", "else", "area:x"))
V_ANN = VolunteerId(ANN)
BY = ActorId("desk")
SOAP, CARE, KEY = ItemId("soap"), ItemId("care"), RedemptionId("r-1")
S_1, O_1 = OrderId("s-1"), OrderId("o-1")
GIFT = Benefit(id="mug", zh="杯子", en="mug", kind=BenefitKind.PRIZE, minutes=60)


class Books(dict[AccountId, Passbook]):
    """Every account there may be."""

    def __missing__(self, account: AccountId) -> Passbook:
        return self.setdefault(account, Passbook(account))


class Scene:
    """What a command meets: all is well, but for the faults that are switched on."""

    def __init__(self, on: Iterable[str]) -> None:
        self.on = frozenset(on)
        self.books = Books()
        self.items: dict[ItemId, Item] = {}
        self.asked: Asked | None = None
        self.holder: dict[VolunteerId, AccountId] = {}
        self.rules = RuleSet(
            id="law",
            version=1,
            effective=AT + 1 if "no_rules" in self.on else 0,
            rate_per_hour=10,
            received_debit=1,
            passing=Passing.NONE if "not_passed_on" in self.on else Passing.FREE,
            refundable="not_refundable" not in self.on,
            events={Occasion.TRAINING: EventPoints(points=10)},
            benefits=(attrs.evolve(GIFT, minutes=6_000 if "not_entitled" in self.on else 60),),
            source="assumed: rules with which everything can be refused",
        )
        self.tell(
            ServiceRecorded(V_ANN, AT - 9 * DAY, BY, S_1, 120),
            self.award(20, expires=AT + DAY, occasion=Occasion.TRAINING),
        )

    def __contains__(self, fault: str) -> bool:
        return fault in self.on

    def tell(self, *events: Any) -> None:  # noqa: ANN401 - of accounts, and hours
        for event in events:
            account = event.volunteer if isinstance(event, ServiceRecorded) else event.account
            self.books[AccountId(account)].apply(event)

    @staticmethod
    def award(points: int, **fields: Any) -> a.PointsAwarded:  # noqa: ANN401 - as of the event
        head = (ANN, AT - 8 * DAY, BY, None, V_ANN, AT - 8 * DAY)
        return a.PointsAwarded(*head, points, (), "law", 1, **fields)

    def has(
        self, state: RedemptionState, *, order: OrderId | None = None, late: bool = False
    ) -> None:
        """Let ann have a redemption in some state."""
        self.items.setdefault(SOAP, Item(SOAP, ItemKind.GOODS, "soap", 5, 3))
        until = AT if late else AT + DAY
        head = (ANN, AT - 2 * DAY, BY, None, KEY)
        self.tell(a.RedemptionReserved(*head, SOAP, 1, 5, until, order))
        if state in {RedemptionState.COLLECTED, RedemptionState.REFUNDED}:
            self.tell(a.RedemptionCollected(*head, 5))
        ends = {
            RedemptionState.CANCELLED: a.RedemptionCancelled,
            RedemptionState.LAPSED: a.RedemptionLapsed,
            RedemptionState.REFUNDED: a.RedemptionRefunded,
        }
        if state in ends:
            self.tell(ends[state](*head))

    def shut(self, account: AccountId = ANN) -> None:
        """Merge and freeze an account at last, if that is a fault."""
        if "closed" in self:
            self.tell(a.AccountMerged(account, AT - HOUR, BY, None, ELSE))
        if "frozen" in self:
            self.tell(a.AccountFrozen(account, AT - HOUR, BY, None))

    def by(self, right: Actor, wrong: Actor, scope: Actor = AT_EAST) -> Actor:
        """Give who asks: a stranger, somebody in the wrong role, another site's, or whoever may."""
        for fault, actor in (("stranger", person("zoe")), ("role", wrong), ("scope", scope)):
            if fault in self:
                return actor
        return attrs.evolve(right, id=wrong.id) if "mine" in self else right

    def ask(self, account: AccountId, command: AccountCommand, by: Actor) -> Answer:
        def covers(site: SiteId | None) -> bool:
            return by.site in {CENTER, site} and (site is None or site in SITES)

        counter = Counter(
            rules=self.rules,
            books=self.books,
            items=self.items,
            covers=covers,
            holder=lambda who: self.holder.get(who, AccountId(who)),
            asked=lambda order: self.asked if order == O_1 else None,
        )
        self.shut(account)
        return decide(account, command, AT, by, counter)


# ------------------------------------------------------------------ what is asked, and its faults

Answer: TypeAlias = "tuple[Any, ...] | Refused"
OWN = person("ann")
S = RedemptionState
OFFICERS = {"stranger": R.UNKNOWN_ACCOUNT, "role": R.ROLE, "scope": R.SCOPE, "closed": R.CLOSED}
OWNERS = {"stranger": R.UNKNOWN_ACCOUNT, "scope": R.SCOPE, "closed": R.CLOSED}
CENTERS = OFFICERS | {"mine": R.OWN_CASE}
CENTRAL = {"stranger": R.UNKNOWN_ACCOUNT, "scope": R.SCOPE}
"""Who may not: officers' commands, those of owners, the center's, and those to what is nobody's."""


def redeems(s: Scene) -> Answer:
    key = RedemptionId("no id!") if "id" in s else KEY
    quantity = 0 if "value" in s else 2
    kind = ItemKind.GOODS if "goods" in s else ItemKind.SERVICE
    price, stock = 1_000 if "points" in s else 5, 1 if "stock" in s else 5
    limit = 1 if "limit" in s else None
    if "unknown" not in s:
        offered = "withdrawn" not in s
        s.items[CARE] = Item(CARE, kind, "care", price, stock, None, limit, is_offered=offered)
    if "repeated" in s:
        s.has(S.CANCELLED)
    if "quota" in s:
        s.items[SOAP] = Item(SOAP, ItemKind.GOODS, "soap", 5)
        before = (ANN, AT - HOUR, BY, None, RedemptionId("r-0"))
        s.tell(a.RedemptionReserved(*before, SOAP, 1, 5))
    if "no_order" not in s:
        people = frozenset({ActorId("zoe" if "others" in s else "ann")})
        whom = ActorId("zoe" if "others" in s or "not_passed_on" in s else "ann")
        is_open, is_paid = "ended" not in s, "paid" in s
        s.asked = Asked(people, whom, AT + DAY, Category.AID, is_open, is_paid)
    s.rules = attrs.evolve(
        s.rules,
        redeem_min_minutes=121 if "hours" in s else 120,
        redeem_months=(1,) if "window" in s else (),
        redeem_quota=1,
        redeem_quota_per=Period.LIFETIME,
        redeem_min_points=21 if "least" in s else None,
    )
    return s.ask(ANN, a.RedeemPoints(key, CARE, quantity, O_1), s.by(OWN, OWN))


def collects(s: Scene) -> Answer:
    if "unknown" not in s:
        order = O_1 if "service" in s else None
        s.has(S.COLLECTED if "state" in s else S.RESERVED, order=order, late="late" in s)
    return s.ask(ANN, a.CollectRedemption(KEY), s.by(AT_CENTER, OWN))


def cancels(s: Scene) -> Answer:
    if "unknown" not in s:
        s.has(S.LAPSED if "state" in s else S.RESERVED, order=O_1 if "service" in s else None)
    return s.ask(ANN, a.CancelRedemption(KEY), s.by(OWN, OWN))


def refunds(s: Scene) -> Answer:
    if "unknown" not in s:
        s.has(S.RESERVED if "state" in s else S.COLLECTED, order=O_1 if "service" in s else None)
    return s.ask(ANN, a.RefundRedemption(KEY), s.by(AT_CENTER, OWN))


def gives(s: Scene) -> Answer:
    to = ANN if "self" in s else NOBODY if "nobody" in s else BOB
    points = 0 if "value" in s else 1_000 if "points" in s else 5
    others(s, BOB)
    return s.ask(ANN, a.GivePoints(to, points), s.by(OWN, AT_CENTER))


def gives_from_the_pool(s: Scene) -> Answer:
    s.tell(a.PointsReceived(POOL, AT - DAY, BY, None, ANN, (a.Share(9, None),)))
    points = 0 if "value" in s else 1_000 if "points" in s else 5
    others(s, BOB)
    command = a.GivePoints(NOBODY if "nobody" in s else BOB, points)
    return s.ask(POOL, command, s.by(AT_CENTER, OWN))


def others(s: Scene, account: AccountId) -> None:
    """Merge and freeze another account, if that is a fault."""
    if "others_closed" in s:
        s.tell(a.AccountMerged(account, AT - HOUR, BY, None, ELSE))
    if "others_frozen" in s:
        s.tell(a.AccountFrozen(account, AT - HOUR, BY, None))


def awards(s: Scene) -> Answer:
    if "repeated" in s:
        s.tell(s.award(20, order=S_1))
    order = OrderId("ghost") if "unknown" in s else S_1
    command = a.AwardService(order, grade=4 if "value" in s else None)
    return s.ask(ANN, command, s.by(AT_CENTER, OWN))


def records(s: Scene) -> Answer:
    if "held" in s:
        s.holder[V_ANN] = HOME
    who = VolunteerId(NOBODY) if "nobody" in s else V_ANN
    occasion = Occasion.BLOOD if "unnamed" in s else Occasion.TRAINING
    command = a.RecordOccasion(who, occasion, 0 if "value" in s else 1)
    return s.ask(ANN, command, s.by(AT_CENTER, OWN))


def charges(s: Scene) -> Answer:
    if "held" in s:
        s.holder[V_ANN] = HOME
    if "unnamed" in s:
        s.rules = attrs.evolve(s.rules, received_debit=None)
    command = a.RecordOccasion(V_ANN, Occasion.RECEIVED, 0 if "value" in s else 1)
    return s.ask(ANN, command, s.by(AT_CENTER, OWN))


def forfeits(s: Scene) -> Answer:
    if "held" in s:
        s.holder[V_ANN] = HOME
    points = 0 if "value" in s else 5
    command = a.ForfeitPoints(V_ANN, BlacklistReason.PAYMENT_TAKEN, points)
    return s.ask(ANN, command, s.by(AT_CENTER, OWN))


def gives_a_benefit(s: Scene) -> Answer:
    if "held" in s:
        s.holder[V_ANN] = HOME
    benefit = "ghost" if "unknown" in s else GIFT.id
    return s.ask(ANN, a.GiveBenefit(V_ANN, benefit), s.by(AT_CENTER, OWN))


def audits(s: Scene) -> Answer:
    return s.ask(ANN, a.AuditAward(audited(s)), s.by(AT_CENTER, OWN))


def voids(s: Scene) -> Answer:
    return s.ask(ANN, a.VoidAward(audited(s)), s.by(AT_CENTER, OWN))


def audited(s: Scene) -> int:
    """Let ann have an award that is to be audited, and give its number."""
    s.tell(s.award(20, order=S_1, audit=True))
    if "state" in s:
        s.tell(a.AwardVoided(ANN, AT - DAY, BY, None, 3))
    return 99 if "unknown" in s else 3


def corrects(s: Scene) -> Answer:
    if "state" in s:
        s.tell(s.award(20, order=S_1, audit=True))
    number = 99 if "unknown" in s else 3 if "state" in s else 2
    points = 0 if "value" in s else 1_000 if "points" in s else 5
    return s.ask(ANN, a.CorrectAward(number, points), s.by(AT_CENTER, OWN))


def joins(s: Scene) -> Answer:
    who = V_ANN
    if "value" in s:
        who = VolunteerId(NOBODY)
    elif "self" in s:
        who = VolunteerId(HOME)
    if "one_person" in s:
        s.tell(ServiceRecorded(VolunteerId(HOME), AT - DAY, BY, S_1, 60))
    if "repeated" in s:
        s.holder[who] = HOME
    if "held" in s:
        s.holder[who] = ELSE
    return s.ask(HOME, a.JoinHousehold(who), s.by(AT_CENTER, person("home")))


def leaves(s: Scene) -> Answer:
    if "state" not in s:
        s.tell(a.HouseholdJoined(HOME, AT - DAY, BY, None, V_ANN))
    return s.ask(HOME, a.LeaveHousehold(V_ANN), s.by(AT_CENTER, person("home")))


def freezes(s: Scene) -> Answer:
    return s.ask(ANN, a.FreezeAccount(), s.by(AT_CENTER, OWN))


def thaws(s: Scene) -> Answer:
    if "thawed" not in s:
        s.on |= {"frozen"}
    return s.ask(ANN, a.ThawAccount(), s.by(AT_CENTER, OWN))


def merges(s: Scene) -> Answer:
    into = NOBODY if "value" in s else ANN if "self" in s else BOB
    if "reserved" in s:
        s.has(S.RESERVED)
    if "awaited" in s:
        s.tell(s.award(20, order=S_1, audit=True))
    if "household" in s:
        s.tell(a.HouseholdJoined(BOB, AT - DAY, BY, None, VolunteerId("cy")))
    if "held" in s:
        s.holder[V_ANN] = HOME
    others(s, BOB)
    return s.ask(ANN, a.MergeAccount(into), s.by(AT_CENTER, OWN))


def settles(s: Scene) -> Answer:
    if "early" not in s:
        s.tell(s.award(5, expires=AT, occasion=Occasion.TRAINING))
    return s.ask(ANN, a.SettleAccount(), s.by(SYSTEM, OWN, AT_CENTER))


def offers(s: Scene) -> Answer:
    if "known" in s:
        s.items[SOAP] = Item(SOAP, ItemKind.GOODS, "soap", 5, outlet=WEST)
    price, outlet = 0 if "value" in s else 5, SiteId("nowhere") if "nowhere" in s else EAST
    command = a.OfferItem(SOAP, ItemKind.GOODS, "soap", price, outlet=outlet)
    by = AT_EAST if "known" in s else AT_CENTER
    return s.ask(ANN if "elsewhere" in s else SHOP, command, s.by(by, OWN, AT_WEST))


def restocks(s: Scene) -> Answer:
    if "unknown" not in s:
        stock = None if "state" in s else 3
        s.items[SOAP] = Item(SOAP, ItemKind.GOODS, "soap", 5, stock, EAST)
    command = a.RestockItem(SOAP, 0 if "value" in s else -4 if "stock" in s else 4)
    return s.ask(ANN if "elsewhere" in s else SHOP, command, s.by(AT_CENTER, OWN, AT_WEST))


def withdraws(s: Scene) -> Answer:
    if "unknown" not in s:
        offered = "repeated" not in s
        s.items[SOAP] = Item(SOAP, ItemKind.GOODS, "soap", 5, 3, EAST, is_offered=offered)
    command = a.WithdrawItem(SOAP)
    return s.ask(ANN if "elsewhere" in s else SHOP, command, s.by(AT_CENTER, OWN, AT_WEST))


CASES: dict[Callable[[Scene], Answer], dict[str, PointsRefusal]] = {
    redeems: OWNERS
    | dict.fromkeys(("value", "id"), R.INVALID_VALUE)
    | dict.fromkeys(("unknown", "withdrawn"), R.UNKNOWN_ITEM)
    | dict.fromkeys(("goods", "no_order", "others", "ended"), R.UNKNOWN_ORDER)
    | {"not_passed_on": R.NOT_PASSED_ON, "repeated": R.REPEATED, "paid": R.REPEATED}
    | {"frozen": R.FROZEN, "no_rules": R.NO_RULES, "hours": R.TOO_FEW_HOURS}
    | {"window": R.WINDOW_CLOSED, "quota": R.QUOTA_USED, "limit": R.LIMIT_REACHED}
    | {"stock": R.OUT_OF_STOCK, "points": R.TOO_FEW_POINTS, "least": R.TOO_FEW_POINTS},
    collects: OFFICERS
    | {"unknown": R.UNKNOWN_REDEMPTION, "state": R.STATE, "service": R.STATE}
    | {"late": R.LATE, "frozen": R.FROZEN},
    cancels: OWNERS | {"unknown": R.UNKNOWN_REDEMPTION, "state": R.STATE, "service": R.STATE},
    refunds: OFFICERS
    | {"unknown": R.UNKNOWN_REDEMPTION, "state": R.STATE, "frozen": R.FROZEN}
    | {"not_refundable": R.NOT_REFUNDABLE, "service": R.NOT_REFUNDABLE},
    gives: {"stranger": R.UNKNOWN_ACCOUNT, "role": R.ROLE, "closed": R.CLOSED}
    | dict.fromkeys(("value", "self", "nobody"), R.INVALID_VALUE)
    | {"not_passed_on": R.NOT_PASSED_ON, "others_closed": R.STATE, "frozen": R.FROZEN}
    | {"others_frozen": R.FROZEN, "no_rules": R.NO_RULES, "points": R.TOO_FEW_POINTS},
    gives_from_the_pool: CENTRAL
    | {"value": R.INVALID_VALUE, "nobody": R.INVALID_VALUE, "others_closed": R.STATE}
    | {"others_frozen": R.FROZEN, "points": R.TOO_FEW_POINTS},
    awards: {key: CENTERS[key] for key in ("stranger", "role", "scope", "mine")}
    | {"value": R.INVALID_VALUE, "unknown": R.UNKNOWN_AWARD, "repeated": R.REPEATED}
    | {"frozen": R.FROZEN, "no_rules": R.NO_RULES},
    records: CENTERS
    | {"value": R.INVALID_VALUE, "nobody": R.INVALID_VALUE, "held": R.STATE}
    | {"frozen": R.FROZEN, "no_rules": R.NO_RULES, "unnamed": R.NO_RULES},
    charges: CENTERS
    | {"value": R.INVALID_VALUE, "held": R.STATE, "no_rules": R.NO_RULES, "unnamed": R.NO_RULES},
    forfeits: CENTERS | {"value": R.INVALID_VALUE, "held": R.STATE, "frozen": R.FROZEN},
    gives_a_benefit: CENTERS
    | {"held": R.STATE, "no_rules": R.NO_RULES}
    | {"not_entitled": R.NOT_ENTITLED, "unknown": R.NOT_ENTITLED},
    audits: CENTERS | {"unknown": R.UNKNOWN_AWARD, "state": R.STATE, "frozen": R.FROZEN},
    voids: CENTERS | {"unknown": R.UNKNOWN_AWARD, "state": R.STATE, "frozen": R.FROZEN},
    corrects: CENTERS
    | {"value": R.INVALID_VALUE, "unknown": R.UNKNOWN_AWARD, "state": R.STATE}
    | {"frozen": R.FROZEN, "points": R.TOO_FEW_POINTS},
    joins: CENTERS
    | dict.fromkeys(("value", "self", "one_person"), R.INVALID_VALUE)
    | {"held": R.STATE, "repeated": R.REPEATED},
    leaves: CENTERS | {"state": R.STATE},
    freezes: CENTERS | {"frozen": R.FROZEN},
    thaws: CENTERS | {"thawed": R.FROZEN},
    merges: CENTERS
    | {"value": R.INVALID_VALUE, "self": R.INVALID_VALUE, "others_closed": R.STATE}
    | {"household": R.STATE, "held": R.STATE, "frozen": R.FROZEN, "others_frozen": R.FROZEN}
    | {"reserved": R.HAS_PENDING, "awaited": R.HAS_PENDING},
    settles: OFFICERS | {"scope": R.ROLE, "early": R.EARLY},
    offers: CENTRAL
    | {"elsewhere": R.UNKNOWN_ACCOUNT, "value": R.INVALID_VALUE, "nowhere": R.INVALID_VALUE}
    | {"known": R.SCOPE},
    restocks: CENTRAL
    | {"elsewhere": R.UNKNOWN_ACCOUNT, "value": R.INVALID_VALUE, "unknown": R.UNKNOWN_ITEM}
    | {"state": R.STATE, "stock": R.OUT_OF_STOCK},
    withdraws: CENTRAL
    | {"elsewhere": R.UNKNOWN_ACCOUNT, "unknown": R.UNKNOWN_ITEM, "repeated": R.REPEATED},
}
"""What can be asked, with every fault that it can have, and what that is refused with."""
PRECEDENCE = list(R)
by_name = pytest.mark.parametrize("act", CASES, ids=lambda act: act.__name__)


def first(act: Callable[[Scene], Answer], on: Iterable[str]) -> PointsRefusal:
    return min((CASES[act][fault] for fault in on), key=PRECEDENCE.index)


def reason(answer: Answer) -> PointsRefusal:
    assert isinstance(answer, Refused), answer
    return PointsRefusal(answer.reason)


@by_name
def test_what_has_no_fault_is_done(act: Callable[[Scene], Answer]) -> None:
    answer = act(Scene(()))
    assert isinstance(answer, tuple), answer
    assert answer


@by_name
def test_of_two_faults_the_earlier_of_the_list_is_told(act: Callable[[Scene], Answer]) -> None:
    faults = CASES[act]
    for on in [(one,) for one in faults] + list(combinations(faults, 2)):
        assert reason(act(Scene(on))) is first(act, on), on


@by_name
@given(data=st.data())
def test_of_many_faults_the_first_of_the_list_is_told(
    act: Callable[[Scene], Answer], data: st.DataObject
) -> None:
    on = data.draw(st.sets(st.sampled_from(sorted(CASES[act])), min_size=1))
    assert reason(act(Scene(on))) is first(act, on)


def test_a_planted_change_of_order_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    law = import_module("practice_core.points.accounts.decide")
    barred, too_much = law._barred, law._too_much  # noqa: SLF001 - they are exchanged
    monkeypatch.setattr(law, "_barred", lambda call: too_much(call, call.counter.items[CARE]))
    monkeypatch.setattr(law, "_too_much", lambda call, _: barred(call))
    assert reason(redeems(Scene({"hours"}))) is R.TOO_FEW_HOURS
    assert reason(redeems(Scene({"limit"}))) is R.LIMIT_REACHED
    with pytest.raises(AssertionError, match="hours"):
        test_of_two_faults_the_earlier_of_the_list_is_told(redeems)


def test_whatever_refuses_is_met_here_but_a_wrong_code() -> None:
    met = {refusal for faults in CASES.values() for refusal in faults.values()}
    assert set(R) - met == {R.WRONG_CODE}, "of which the next test is"


def test_every_command_is_met_here() -> None:
    answers = [act(Scene(["stranger"])) for act in CASES]
    assert {one.command for one in answers if isinstance(one, Refused)} == set(COMMANDS)


def test_a_wrong_code_is_told_last() -> None:
    bank = Bank()
    bank.trains("ann")
    bank.offers()
    key = bank.redeems("ann")
    wrong = a.CollectRedemption(key, "0000000000")
    assert bank.cannot("ann", wrong) is R.WRONG_CODE
    assert bank.cannot("ann", wrong, AT_EAST) is R.SCOPE
    bank.can("ann", a.FreezeAccount())
    assert bank.cannot("ann", wrong) is R.FROZEN
    bank.later(20 * DAY)
    assert bank.cannot("ann", wrong) is R.LATE
    bank.settles()
    assert bank.cannot("ann", wrong) is R.STATE


# ------------------------------------------------------------------ the lifecycle of redemptions


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("rule", REDEMPTION.rules, ids=lambda rule: rule.command.__name__)
@pytest.mark.parametrize("role", Role)
def test_the_lifecycle_of_a_redemption_says_what_is_decided(
    state: RedemptionState, rule: Rule[RedemptionState], role: Role
) -> None:
    scene = Scene(())
    scene.items[SOAP] = Item(SOAP, ItemKind.GOODS, "soap", 5, 3)
    settles = rule.command is a.SettleAccount
    if state is not S.ABSENT:
        scene.has(state, late=settles)
    command = {
        a.RedeemPoints: a.RedeemPoints(KEY, SOAP),
        a.SettleAccount: a.SettleAccount(),
    }.get(rule.command) or rule.command(KEY)
    site = CENTER if role is Role.OFFICER else None
    answer = scene.ask(ANN, command, Actor(ActorId("ann"), role, site=site))
    allowed = state in rule.sources and role in rule.roles
    assert allowed is isinstance(answer, tuple), answer
    if isinstance(answer, tuple):
        told = [one for one in answer if hasattr(one, "redemption") and hasattr(one, "account")]
        assert len(told) == 1
        (event,) = told
        assert type(event) in rule.outcomes
        target = REDEMPTION.target(state, type(event))
        assert scene.books[ANN].redemptions[KEY].state is target


# ------------------------------------------------------------------ rules that say nothing


def test_before_rules_are_in_force_hours_count_and_points_are_neither_got_nor_spent() -> None:
    bank = Bank()
    bank.trains("ann", 3)
    bank.offers()
    effective = bank.at + 30 * DAY
    old = bank.practice
    rules = attrs.evolve(RULES, version=2, effective=effective)
    bank.practice = Practice.open(
        old.journal, attrs.evolve(old.area, rules=rules), hierarchy=SITES, teams=TEAMS
    )
    order = OrderId(bank.serves("ann", 60))
    assert (bank.book("ann").minutes, bank.points("ann")) == (60, 30)
    assert bank.cannot("ann", a.AwardService(order)) is R.NO_RULES
    for occasion in Occasion:
        assert bank.cannot("ann", a.RecordOccasion(V_ANN, occasion)) is R.NO_RULES
    assert bank.cannot("ann", redeem(), OWN) is R.NO_RULES
    assert bank.cannot("ann", a.GivePoints(BOB, 1), OWN) is R.NO_RULES
    bank.at = effective - 1
    assert bank.cannot("ann", redeem(), OWN) is R.NO_RULES
    bank.can("ann", a.FreezeAccount())
    bank.can("ann", a.ThawAccount())
    bank.at = effective
    bank.redeems("ann")
    bank.can("ann", a.GivePoints(BOB, 1), OWN)
    bank.trains("ann")
    assert bank.cannot("ann", a.AwardService(order)) is R.NO_RULES, "it was served before them"
    assert bank.points("ann") == 30 - 5 - 1 + 10


@pytest.mark.parametrize("occasion", [one for one in Occasion if one is not Occasion.TRAINING])
def test_of_occasions_that_rules_do_not_name_nothing_comes(occasion: Occasion) -> None:
    bank = Bank()
    bank.trains("ann")
    assert bank.cannot("ann", a.RecordOccasion(V_ANN, occasion)) is R.NO_RULES
    assert bank.points("ann") == 10
