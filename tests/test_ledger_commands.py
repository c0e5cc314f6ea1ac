"""``practice-core ledger``: the books of a journal, what is owed, and how both refuse."""

from __future__ import annotations

import json
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from practice_core.areas.schemes import read_rules
from practice_core.cli import main
from practice_core.journal import (
    MemoryJournal,
    Misfit,
    Unfoldable,
    Write,
    account_statement,
    area_ledger,
    differences,
    open_journal,
    replay,
)
from practice_core.lifecycle import Refused, Role
from practice_core.orders import (
    AcceptOffer,
    Actor,
    CompleteService,
    OfferOrder,
    RateOrder,
    ScheduleService,
    Served,
    StartService,
)
from practice_core.points import AccountKind, AwardReason, Line, PointsAwarded, RuleSet
from practice_core.points.accounts import (
    AREA_ACCOUNTS,
    AuditAward,
    AwardService,
    AwardVoided,
    CancelRedemption,
    CollectRedemption,
    CorrectAward,
    FreezeAccount,
    GivePoints,
    ItemKind,
    ItemWithdrawn,
    JoinHousehold,
    MergeAccount,
    OfferItem,
    Passbook,
    PointsGiven,
    PointsReceived,
    RecordOccasion,
    RedeemPoints,
    RedemptionCollected,
    RefundRedemption,
    Share,
    ThawAccount,
    VoidAward,
)
from practice_core.points.rules import Occasion
from practice_core.points.treasury import DifferenceKind, Flow, flows
from practice_core.service import Limits, Practice, Transaction
from practice_core.units import (
    DAY,
    HOUR,
    AccountId,
    ActorId,
    CommandId,
    ItemId,
    OrderId,
    RedemptionId,
    VolunteerId,
)
from practice_core.volunteers import ServiceRecorded
from tests.practising import ANN, AREA, AT_CENTER, EAST_1, RED, SITES, TEAMS, Days, of
from tests.telling import MONDAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from practice_core.journal import AreaBooks, Event, Journal
    from practice_core.journal.stored import StoredJournal
    from practice_core.points.accounts import AccountCommand
    from practice_core.terms import Lang
    from practice_core.units import Duration, Instant, Minutes

Ask: TypeAlias = "Callable[..., tuple[int, str, str]]"

OWN = """\
id = "qingshui"
name_zh = "清水积分"
name_en = "Points of Qingshui"
place_zh = "清水县"
place_en = "Qingshui"
document = "rules of the center"

[[versions]]
effective = "2020-01-01"
rate_per_hour = { value = 10, basis = "published", document = "rules" }
expiry = { value = "months", basis = "published", document = "rules" }
expiry_months = { value = 3, basis = "published", document = "rules" }
passing = { value = "free", basis = "published", document = "rules" }
refundable = { value = true, basis = "published", document = "rules" }
pickup_code = { value = false, basis = "published", document = "rules" }
pickup_deadline_days = { value = 30, basis = "published", document = "rules" }
cents_per_point = { value = 5, basis = "published", document = "rules" }

[versions.events.register]
points = { value = 5, basis = "published", document = "rules" }
"""
RULES = read_rules(OWN.encode(), "own.toml").versions[-1]
DESK = ActorId("desk")
SHOP = AREA_ACCOUNTS[AccountKind.SHOP]
POOL = AREA_ACCOUNTS[AccountKind.DONATION_POOL]
V1, V2, V3 = (AccountId(f"v-{number}") for number in (1, 2, 3))
SOAP = ItemId("soap")


def owner(account: str) -> Actor:
    return Actor(ActorId(account), Role.REQUESTER)


class Center(Days):
    """Days of a county that has rules of its own, and a shop."""

    def __init__(self, journal: Journal | str = "memory", rules: RuleSet = RULES) -> None:
        area = attrs.evolve(AREA, rules=rules)
        self.practice = Practice.open(journal, area, hierarchy=SITES, teams=TEAMS, limits=Limits())
        self.at = MONDAY
        self.numbers = count(1)

    def try_(self, account: str, command: AccountCommand, by: Actor) -> Transaction | Refused:
        name = CommandId(f"c-{next(self.numbers)}")
        return self.practice.transact(AccountId(account), command, id=name, by=by, at=self.at)

    def ask(self, account: str, command: AccountCommand, by: Actor = AT_CENTER) -> None:
        done = self.try_(account, command, by)
        assert isinstance(done, Transaction), done

    def serve(self, order: str, **minutes: Minutes) -> None:
        """Let an order be served: ``v1=90`` is a volunteer's service."""
        people = {VolunteerId(f"v-{name[1:]}"): served for name, served in minutes.items()}
        self.served(order, max(people.values()), *(Served(*one) for one in people.items()))
        self.do(order, RateOrder(5), ANN)

    def after(self, duration: Duration) -> Center:
        self.later(duration)
        return self

    def offer(self, price: int = 4, stock: int | None = 9) -> None:
        self.ask(SHOP, OfferItem(SOAP, ItemKind.GOODS, "soap", price, stock, EAST_1))

    @property
    def journal(self) -> StoredJournal:
        return self.practice.journal  # type: ignore[return-value]  # as opened by its address


def months_of(center: Center) -> Center:
    """Let there be awards, a redemption taken back, a gift, a donation and points that expire."""
    center.serve("o-1", v1=90, v2=60)
    center.offer()
    center.after(DAY).ask(V1, RedeemPoints(RedemptionId("r-1"), SOAP, 2), owner(V1))
    center.after(DAY).ask(V1, CollectRedemption(RedemptionId("r-1")))
    center.after(DAY).ask(V1, RefundRedemption(RedemptionId("r-1")))
    center.ask(V1, RedeemPoints(RedemptionId("r-2"), SOAP), owner(V1))
    center.after(DAY).ask(V1, CollectRedemption(RedemptionId("r-2")))
    center.ask(V1, GivePoints(V2, 3), owner(V1))
    center.ask(V2, GivePoints(POOL, 2), owner(V2))
    center.after(DAY).ask("home", JoinHousehold(VolunteerId(V3)))
    center.serve("o-2", v3=30, v1=18)
    center.after(100 * DAY).practice.settle(center.at)
    center.serve("o-3", v2=60)
    return center


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run the command line; give exit code, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The journal of those months."""
    path = tmp_path / "county.journal"
    with months_of(Center(str(path))).practice:
        return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.toml"
    file.write_text(OWN, encoding="utf-8")
    return file


def put(journal: Journal, stream: str, *events: Event) -> None:
    """Append events to a stream, as one command."""
    number = journal.head().length
    write = Write(stream, sum(1 for _ in journal.stream(stream)), events)
    journal.append([write], command=CommandId(f"put-{number}"), digest=b"1")


def award_of(  # noqa: PLR0917 - what an award says
    account: AccountId, order: str, points: int, at: Instant, who: str = "", rate: int = 6
) -> PointsAwarded:
    why = (Line(AwardReason.SERVICE_TIME, rate * points, points),)
    volunteer = VolunteerId(who or account)
    return PointsAwarded(
        account, at, DESK, None, volunteer, at, points, why, "qingshui", 1, order=OrderId(order)
    )


# ------------------------------------------------------------------ a statement

GOLDEN = """\
Books from 2020-04-07 10:30 to 2020-07-23 12:00
Balance before: 0 points
Statement of v-1

 when              what                  order or item  other account  hours served  points  balance
 ───────────────────────────────────────────────────────────────────────────────────────────────────
 2020-04-07 10:30  service recorded      o-1            -              1:30          -       0
 2020-04-07 10:30  points awarded        o-1            area:issuance  -             +15     15
 2020-04-08 10:30  redemption reserved   soap           -              -             -       15
 2020-04-09 10:30  redemption collected  soap           area:shop      -             -8      7
 2020-04-10 10:30  redemption refunded   soap           area:shop      -             +8      15
 2020-04-10 10:30  redemption reserved   soap           -              -             -       15
 2020-04-11 10:30  redemption collected  soap           area:shop      -             -4      11
 2020-04-11 10:30  points given          -              v-2            -             -3      8
 2020-04-13 11:00  service recorded      o-2            -              0:18          -       8
 2020-04-13 11:00  points awarded        o-2            area:issuance  -             +3      11
 2020-07-22 11:00  points expired        -              area:expired   -             -11     0

Balance after: 0 points
Served in all: 1:48 h
"""


def bare(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def test_a_statement_lists_every_event_with_its_points_and_the_balance_after(
    ask: Ask, path: Path
) -> None:
    raw = path.read_bytes()
    code, out, err = ask("ledger", "statement", path, "v-1")
    assert (code, err) == (0, "")
    assert bare(out) == GOLDEN
    assert path.read_bytes() == raw
    assert list(path.parent.iterdir()) == [path]


def test_a_statement_speaks_chinese(ask: Ask, path: Path) -> None:
    _, out, _ = ask("ledger", "statement", path, "v-1", "--lang", "zh")
    for words in ("v-1 的对账单", "积分已发放", "兑换已退", "期末余额：0 分", "累计服务 1:48 小时"):
        assert words in out


def test_a_statement_as_data_adds_up_to_what_the_passbook_says(ask: Ask, path: Path) -> None:
    with Practice.open(str(path), AREA, hierarchy=SITES, teams=TEAMS) as practice:
        for account in (V1, V2, AccountId("home"), POOL):
            book = practice.passbook(account, by=AT_CENTER)
            assert book is not None
            code, out, err = ask("ledger", "statement", path, account, "--json")
            found = json.loads(out)
            assert (code, err, found["account"]) == (0, "", account)
            assert out.isascii()
            assert found["closing"] == book.holding.balance == found["lines"][-1]["balance"]
            assert found["minutes"] == book.minutes == sum(one["minutes"] for one in found["lines"])
            assert len(found["lines"]) == book.number
            balance = found["opening"]
            for line in found["lines"]:
                balance += line["points"]
                assert line["balance"] == balance


def test_each_line_says_what_it_was_for(ask: Ask, path: Path) -> None:
    lines = json.loads(ask("ledger", "statement", path, "v-1", "--json")[1])["lines"]
    told = {
        (one["event"], one["order"], one["item"]): (one["site"], one["team"], one["category"])
        for one in lines
    }
    assert told["points.awarded", "o-1", None] == ("east-1", "red", "aid")
    assert told["redemption.refunded", None, "soap"] == ("east-1", None, None)
    assert told["points.expired", None, None] == (None, None, None)


def test_of_a_gift_both_sides_are_told_in_their_own_words(ask: Ask, path: Path) -> None:
    gave = json.loads(ask("ledger", "statement", path, "v-1", "--json")[1])["lines"]
    got = json.loads(ask("ledger", "statement", path, "v-2", "--json")[1])["lines"]
    (given_,) = [one for one in gave if one["event"] == "points.given"]
    (received,) = [one for one in got if one["event"] == "points.received"]
    assert (given_["other"], given_["points"]) == ("v-2", -3)
    assert (received["other"], received["points"]) == ("v-1", 3)


def test_a_shop_has_a_statement_too(ask: Ask, path: Path) -> None:
    found = json.loads(ask("ledger", "statement", path, SHOP, "--json")[1])
    assert [(one["event"], one["other"], one["points"]) for one in found["lines"]] == [
        ("redemption.collected", "v-1", 8),
        ("redemption.refunded", "v-1", -8),
        ("redemption.collected", "v-1", 4),
    ]
    assert {one["item"] for one in found["lines"]} == {"soap"}


def test_a_part_of_a_statement_goes_on_from_the_balance_before(ask: Ask, path: Path) -> None:
    part = ("--from", "2020-04-09", "--to", "2020-04-10", "--json")
    found = json.loads(ask("ledger", "statement", path, "v-1", *part)[1])
    assert (found["opening"], found["closing"]) == (15, 15)
    assert [one["points"] for one in found["lines"]] == [-8, 8, 0]
    assert found["minutes"] == 90
    _, out, _ = ask("ledger", "statement", path, "v-1", "--from", "2020-04-10T10:31+08:00")
    assert "Balance before: 15 points" in out
    _, out, _ = ask("ledger", "statement", path, "v-1", "--from", "2021-01-01")
    assert "Balance before: 0 points" in out


def test_two_accounts_of_one_person_go_on_as_one(ask: Ask, tmp_path: Path) -> None:
    with Center(str(tmp_path / "a.journal")).practice as practice:
        center = Center(practice.journal)
        center.serve("o-1", v1=90, v2=60)
        center.ask(V1, GivePoints(V2, 3), owner(V1))
        center.ask(V1, MergeAccount(V2))
    with open_journal(tmp_path / "a.journal") as journal:
        assert replay(journal).is_sound
    old, new = (
        json.loads(ask("ledger", "statement", tmp_path / "a.journal", one, "--json")[1])
        for one in (V1, V2)
    )
    assert (old["closing"], new["closing"], new["minutes"]) == (0, 25, 150)
    assert old["lines"][-1]["event"] == "account.merged"
    last = new["lines"][-1]
    assert (last["event"], last["points"], last["minutes"]) == ("account.absorbed", 12, 90)


def test_a_service_that_was_given_again_counts_again() -> None:
    center = Center()
    center.served("o-1", 60, Served(VolunteerId("v-1"), 60))
    center.do("o-1", RateOrder(1), ANN)
    center.do("o-1", OfferOrder((RED,), DAY), AT_CENTER)
    center.do("o-1", AcceptOffer(), of(RED))
    start = center.at + DAY
    center.do("o-1", ScheduleService(start, start + 2 * HOUR), of(RED))
    center.after(DAY).do("o-1", StartService(3), of(RED))
    center.after(HOUR).do("o-1", CompleteService(30, (Served(VolunteerId("v-1"), 30),)), of(RED))
    books = area_ledger(center.journal)
    found = account_statement(center.journal, books, V1)
    book = center.practice.passbook(V1, by=AT_CENTER)
    assert book is not None
    assert found.minutes == books.minutes[VolunteerId("v-1")] == book.minutes == 90
    assert found.closing == 15
    assert differing(center) == []


# ------------------------------------------------------------------ all balances


def test_balances_are_told_by_kind_and_add_up_to_nothing(ask: Ask, path: Path) -> None:
    code, out, err = ask("ledger", "balances", path, "--json")
    found = json.loads(out)
    assert (code, err, found["total"]) == (0, "", 0)
    held = {one["account"]: one["points"] for one in found["accounts"]}
    assert sum(one["points"] for one in found["kinds"]) == 0 == sum(held.values())
    kinds = {one["kind"]: one["points"] for one in found["kinds"]}
    assert kinds == {
        "issuance": -(15 + 10 + 5 + 3 + 10),
        "member": 10,
        "household": 0,
        "shop": 4,
        "donation_pool": 0,
        "expired": 29,
        "forfeited": 0,
    }
    assert [one["points"] for one in found["accounts"]] == sorted(held.values(), reverse=True)
    with open_journal(path) as journal:
        assert held == area_ledger(journal).ledger.balances()


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("In all: 0 points", "expired", "v-2")), ("zh", ("合计：0 分", "过期", "志愿者"))],
)
def test_balances_are_told_in_words(
    ask: Ask, path: Path, lang: Lang, words: tuple[str, ...]
) -> None:
    _, out, _ = ask("ledger", "balances", path, "--lang", lang)
    assert all(word in out for word in words)


def test_more_accounts_than_anybody_reads_are_counted(ask: Ask, tmp_path: Path) -> None:
    with open_journal(tmp_path / "a.journal") as journal:
        for number in range(1, 16):
            account = AccountId(f"v-{number}")
            put(journal, f"account/{account}", award_of(account, "o-1", number, MONDAY))
    _, out, _ = ask("ledger", "balances", tmp_path / "a.journal")
    lines = [line.split() for line in out.splitlines()]
    assert ["v-4", "member", "4"] in lines
    assert ["v-3", "member", "3"] not in lines
    assert "and 4 more" in out  # the pool too
    found = json.loads(ask("ledger", "balances", tmp_path / "a.journal", "--json")[1])
    assert len(found["accounts"]) == 15 + len(AREA_ACCOUNTS)


# ------------------------------------------------------------------ what is owed


def test_what_is_owed_is_told_with_where_it_came_from(ask: Ask, path: Path, own: Path) -> None:
    at = ("--as-of", "2020-04-30", "--rules", own)
    code, out, err = ask("ledger", "liability", path, *at, "--json")
    found = json.loads(out)
    assert (code, err, found["differences"]) == (0, "", [])
    assert found["rules"] == {"name": "qingshui", "version": 1}
    assert found["outstanding"] == {"points": 29, "cents": 145, "set_aside": 0, "coming": 0}
    for bands in ("by_age", "by_expiry"):
        assert sum(one["points"] for one in found[bands]) == 29
    assert found["by_age"][0] == {"from_days": None, "to_days": 90, "points": 29, "cents": 145}
    (soon,) = [one for one in found["by_expiry"] if one["points"]]
    assert soon["from"] < "2020-07-07" < soon["to"]
    later = {one["at"][:10]: one["points"] for one in found["forecast"]}
    assert len(later) == 13
    assert (later["2020-04-30"], later["2020-07-01"], later["2020-08-01"]) == (29, 29, 0)
    flow = {
        (one["site"], one["team"], one["category"], one["month"], one["flow"]): one["points"]
        for one in found["flows"]
    }
    assert flow == {
        ("east-1", "red", "aid", "2020-04", "issued"): 33,
        ("east-1", None, None, "2020-04", "used"): 4,
        (None, None, None, "2020-04", "moved"): 3,
        (None, None, None, "2020-04", "donated"): 2,
    }


def test_what_has_expired_is_no_longer_owed(ask: Ask, path: Path) -> None:
    found = json.loads(ask("ledger", "liability", path, "--json")[1])
    assert (found["outstanding"]["points"], found["cents_per_point"]) == (10, None)
    lost = [one["points"] for one in found["flows"] if one["flow"] == "expired"]
    assert lost == [29]
    late = json.loads(ask("ledger", "liability", path, "--as-of", "2020-07-15", "--json")[1])
    assert late["by_expiry"][0]["points"] == 29  # nobody has settled yet
    assert late["forecast"][0]["points"] == 0


def test_what_is_set_aside_or_still_to_be_confirmed_is_told(tmp_path: Path, ask: Ask) -> None:
    rules = attrs.evolve(RULES, audit_required=True)
    center = Center(str(tmp_path / "a.journal"), rules)
    with center.practice:
        center.serve("o-1", v1=90, v2=60)
        center.ask(V1, AuditAward(2))
        center.offer()
        center.ask(V1, RedeemPoints(RedemptionId("r-1"), SOAP), owner(V1))
    code, out, _ = ask("ledger", "liability", tmp_path / "a.journal", "--json")
    owed = json.loads(out)["outstanding"]
    assert (code, owed) == (0, {"points": 15, "cents": None, "set_aside": 4, "coming": 10})
    (issued,) = json.loads(out)["flows"]
    assert (issued["site"], issued["team"], issued["points"]) == ("east-1", "red", 15)
    _, out, _ = ask("ledger", "liability", tmp_path / "a.journal")
    assert "Of these set aside: 4 points" in out
    assert "Beside these to be confirmed: 10 points" in out
    _, out, _ = ask("ledger", "statement", tmp_path / "a.journal", V2)
    assert "Beside these to be confirmed: 10 points" in out


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "en",
            (
                "Outstanding at 2020-04-30 23:59: 29 points",
                "That is 1.45 yuan, at 0.05 yuan a point",
                "The books agree with the services on record.",
            ),
        ),
        ("zh", ("未兑换积分 29 分", "折合 1.45 元", "扶贫帮困", "账目与服务记录相符。")),
    ],
)
def test_what_is_owed_is_told_in_words(
    ask: Ask, path: Path, own: Path, lang: Lang, words: tuple[str, ...]
) -> None:
    at = ("--as-of", "2020-04-30", "--rules", own, "--lang", lang)
    code, out, err = ask("ledger", "liability", path, *at)
    assert (code, err) == (0, "")
    for said in words:
        assert said in out


def test_without_rules_it_is_said_that_awards_were_not_worked_out_again(
    ask: Ask, path: Path
) -> None:
    code, out, _ = ask("ledger", "liability", path)
    assert code == 0
    assert "What a point is worth is not said." in out
    assert out.splitlines()[-1].startswith("No rules were given")


# ------------------------------------------------------------------ whether it is right


def differing(
    center: Center, rules: RuleSet | None = RULES
) -> list[tuple[DifferenceKind, str, int, int]]:
    books = area_ledger(center.journal)
    found = differences(center.journal, books, None if rules is None else [rules])
    return [(one.kind, one.account, one.expected, one.found) for one in found]


def test_a_difference_is_told_and_ends_with_one(ask: Ask, path: Path, own: Path) -> None:
    with open_journal(path) as journal:
        at = MONDAY + 200 * DAY
        served = ServiceRecorded(VolunteerId("v-8"), at, DESK, OrderId("o-8"), 60)
        put(journal, "account/v-8", served)
        length = journal.head().length
        put(journal, "account/v-9", award_of(AccountId("v-9"), "o-9", 7, at))
    code, out, err = ask("ledger", "liability", path, "--rules", own, "--json")
    assert (code, err) == (1, "")
    assert json.loads(out)["differences"] == [
        {
            "kind": "missing",
            "transfer": f"p{length}",
            "account": "v-8",
            "expected": 10,
            "found": 0,
        },
        {
            "kind": "unfounded",
            "transfer": f"p{length + 1}",
            "account": "v-9",
            "expected": 0,
            "found": 7,
        },
    ]
    code, out, _ = ask("ledger", "liability", path, "--rules", own)
    assert code == 1
    said = f"found: nothing issued for a record: p{length}, account v-8: 10 points expected, 0"
    assert said in out
    assert "The books agree" not in out
    assert ask("ledger", "liability", path, "--as-of", "2020-08-01", "--rules", own)[0] == 0
    code, out, _ = ask("ledger", "liability", path, "--lang", "zh")  # without rules: the second
    assert code == 1
    assert out.count("发现问题：") == 1
    assert "无服务记录而发放" in out


def test_other_points_than_the_rules_give_are_told() -> None:
    center = Center()
    center.serve("o-1", v1=90)
    wrong = attrs.evolve(RULES, rate_per_hour=20)
    assert differing(center, wrong) == [(DifferenceKind.AMOUNT, "v-1", 30, 15)]
    assert differing(center) == []
    late = attrs.evolve(RULES, effective=center.at + DAY)
    assert differing(center, late) == [(DifferenceKind.AMOUNT, "v-1", 0, 15)]


def test_an_award_to_another_account_is_told() -> None:
    center = Center()
    at = MONDAY
    served = ServiceRecorded(VolunteerId("v-1"), at, DESK, OrderId("o-1"), 60)
    put(center.journal, "account/v-1", served)
    put(center.journal, "account/v-2", award_of(V2, "o-1", 10, at, who="v-1"))
    assert differing(center) == [(DifferenceKind.ACCOUNT, "v-1", 10, 10)]


def test_what_an_officer_decided_is_no_difference() -> None:
    audited = attrs.evolve(RULES, audit_required=True)
    center = Center(rules=audited)
    center.serve("o-1", v1=90, v2=60, v3=30)
    assert differing(center, audited) == []  # nobody has decided yet
    center.ask(V1, AuditAward(2))
    center.ask(V2, VoidAward(2))
    assert differing(center, audited) == []
    center.ask(V1, CorrectAward(2, 4))
    assert differing(center, audited) == []
    center.ask(V2, AwardService(OrderId("o-1"), grade=2))
    center.ask(V2, AuditAward(4))
    assert differing(center, audited) == []
    assert area_ledger(center.journal).ledger.balances()[V1] == 11


def test_an_award_with_a_grade_or_a_complaint_is_held_to_the_rules_with_that() -> None:
    center = Center()
    frozen = [V1, V2, V3]
    for account in frozen:
        center.ask(account, FreezeAccount())
    center.serve("o-1", v1=60, v2=60, v3=60)
    graded = attrs.evolve(
        RULES, grade_coefficient=(1, 2, 3), zero_on_complaint=True, claim_window_days=3
    )
    assert [kind for kind, *_ in differing(center, graded)] == [DifferenceKind.MISSING] * 3
    center.practice.area = attrs.evolve(center.practice.area, rules=graded)
    for account in frozen:
        center.ask(account, ThawAccount())
    center.ask(V1, AwardService(OrderId("o-1"), grade=3))
    center.ask(V2, AwardService(OrderId("o-1"), complaint=True))
    center.ask(V3, AwardService(OrderId("o-1"), claimed=center.at + 9 * DAY))
    assert area_ledger(center.journal).ledger.balances()[V1] == 30
    assert differing(center, graded) == []


def test_a_limit_is_counted_over_what_was_earned_before() -> None:
    strict = attrs.evolve(RULES, max_points_per_year=20)
    center = Center(rules=strict)
    for order in ("o-1", "o-2"):
        center.serve(order, v1=90)
    center.ask("v-1", RecordOccasion(VolunteerId("v-1"), Occasion.REGISTER))
    assert area_ledger(center.journal).ledger.balances()[V1] == 20
    assert differing(center, strict) == []
    assert differing(center) == [
        (DifferenceKind.AMOUNT, "v-1", 15, 5),
        (DifferenceKind.MISSING, "v-1", 5, 0),
    ]


def test_an_occasion_needs_no_service() -> None:
    center = Center()
    center.ask("v-1", RecordOccasion(VolunteerId("v-1"), Occasion.REGISTER))
    assert differing(center) == []
    assert differing(center, None) == []


# ------------------------------------------------------------------ as of an instant

STEPS = ("serve", "redeem", "collect", "cancel", "refund", "give", "donate", "correct", "settle")


def stepped(center: Center, step: str, number: int, points: int, who: AccountId) -> None:
    """Try something; what the law refuses does not happen."""
    key = RedemptionId(f"r-{points}")
    commands: dict[str, tuple[AccountCommand, Actor]] = {
        "redeem": (RedeemPoints(key, SOAP), owner(who)),
        "collect": (CollectRedemption(key), AT_CENTER),
        "cancel": (CancelRedemption(key), owner(who)),
        "refund": (RefundRedemption(key), AT_CENTER),
        "give": (GivePoints(V1 if who == V2 else V2, points), owner(who)),
        "donate": (GivePoints(POOL, points), owner(who)),
        "correct": (CorrectAward(2, points), AT_CENTER),
    }
    if step == "serve":
        center.serve(f"o-{number}", v1=30 + points, v2=60)
    elif step == "settle":
        center.practice.settle(center.at)
    else:
        command, by = commands[step]
        center.try_(who, command, by)


def naive(journal: Journal, until: Instant) -> Counter[AccountId]:
    """Give what each account holds by the passbooks of those that have one."""
    streams = {one.stream for one in journal.read() if one.stream.startswith("account/")}
    held: Counter[AccountId] = Counter()
    for stream in streams:
        book = Passbook(AccountId(stream.removeprefix("account/")))
        for one in journal.stream(stream):
            if one.event.at <= until:  # type: ignore[attr-defined]  # of an account
                book.apply(one.event)  # type: ignore[arg-type]  # of an account
        held[book.account] = book.holding.balance
    return held


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(STEPS),
            st.integers(1, 4),
            st.sampled_from([V1, V2]),
            st.sampled_from([0, HOUR, 40 * DAY]),
        ),
        min_size=1,
        max_size=10,
    ),
    st.data(),
)
def test_books_as_of_an_instant_are_those_of_what_had_happened_by_then(
    steps: list[tuple[str, int, AccountId, int]], data: st.DataObject
) -> None:
    center = Center()
    center.offer()
    center.serve("o-first", v1=60, v2=30)
    for number, (step, points, who, later) in enumerate(steps):
        stepped(center.after(later), step, number, points, who)
    instants = {one.event.at for one in center.journal.read() if hasattr(one.event, "at")}
    until = data.draw(st.sampled_from(sorted({*instants, *(at - 1 for at in instants)})))
    whole, then = area_ledger(center.journal), area_ledger(center.journal, until)
    assert then.ledger.total() == 0
    for account, points in then.ledger.balances().items():
        assert points == whole.ledger.as_of(account, until)
    held = naive(center.journal, until)
    assert {one: then.ledger.balances().get(one, 0) for one in held} == dict(held)
    line_by_flow = Counter[Flow]()
    for line in flows(then.ledger, then.labels()):
        line_by_flow[line.flow] += line.points
    assert +line_by_flow == +Counter({one.flow: one.points for one in flows(then.ledger)})
    for account in (V1, V2):
        found = account_statement(center.journal, whole, account, end=until + 1)
        assert found.closing == then.ledger.balances().get(account, 0)
    assert replay(center.journal).is_sound
    assert differing(center) == []


@pytest.mark.parametrize("command", [("statement", "v-1"), ("balances",), ("liability",)])
def test_before_the_first_event_the_books_are_empty(
    ask: Ask, path: Path, command: tuple[str, ...]
) -> None:
    name, *rest = command
    early = ("ledger", name, path, *rest, "--as-of", "2020-04-06")
    code, out, err = ask(*early)
    assert (code, err) == (0, "")
    assert out == (
        "By 2020-04-06 23:59 nothing had happened to any account: the books are empty.\n"
    )
    code, out, _ = ask(*early, "--json")
    found = json.loads(out)
    whole = json.loads(ask("ledger", name, path, *rest, "--json")[1])
    assert (code, found["first"], found["as_of"]) == (0, None, "2020-04-06T23:59:59.999000+08:00")
    assert found.keys() == whole.keys()
    assert "为空" in ask(*early, "--lang", "zh")[1]


def test_a_journal_without_events_has_empty_books(ask: Ask, tmp_path: Path) -> None:
    open_journal(tmp_path / "a.journal").close()
    code, out, _ = ask("ledger", "balances", tmp_path / "a.journal")
    assert (code, out) == (0, "Nothing has happened to any account: the books are empty.\n")


def test_a_day_ends_with_its_last_millisecond(ask: Ask, path: Path) -> None:
    for until, balance in (("2020-04-08", 15), ("2020-04-09T10:29+08:00", 15), ("2020-04-09", 7)):
        out = ask("ledger", "statement", path, "v-1", "--as-of", until, "--json")[1]
        assert json.loads(out)["closing"] == balance


# ------------------------------------------------------------------ what cannot be


def broken(*events: tuple[str, Event]) -> tuple[Misfit, int, str, str]:
    """Append what cannot be; give what a replay says, which is where a ledger stops."""
    with MemoryJournal() as journal:
        for stream, event in events:
            put(journal, stream, event)
        (found,) = replay(journal).unfolded
        with pytest.raises(Unfoldable) as caught:
            area_ledger(journal)
        assert caught.value.found == found
    return found.kind, found.position, found.stream, found.why


def test_a_redemption_that_is_collected_twice_is_told_with_its_place(ask: Ask, path: Path) -> None:
    with open_journal(path) as journal:
        again = RedemptionCollected(V1, MONDAY + 200 * DAY, DESK, None, RedemptionId("r-2"), 4)
        put(journal, "account/v-1", again)
        place = journal.head().length
    code, out, err = ask("replay", path, "--json")
    assert (code, err) == (1, "")
    assert json.loads(out)["unfolded"] == [
        {
            "kind": "impossible",
            "position": place,
            "stream": "account/v-1",
            "why": "redemption: no edge for RedemptionCollected in state collected",
        }
    ]
    for rest in (("statement", path, "v-1"), ("balances", path), ("liability", path)):
        code, out, err = ask("ledger", *rest)
        assert (code, out) == (2, "")
        assert f"event {place} in account/v-1: impossible: redemption: no edge" in err
        assert err.count("\n") == 1
    assert ask("ledger", "balances", path, "--as-of", "2020-08-01")[0] == 0


def test_points_that_only_one_account_knows_of_are_told() -> None:
    shares = (Share(4, None),)
    earned = ("account/v-1", award_of(V1, "o-1", 9, MONDAY))
    gave = PointsGiven(V1, MONDAY, DESK, None, V2, shares)
    got = PointsReceived(V2, MONDAY, DESK, None, V1, shares)
    why = "points pass from v-1 to v-2, and only one of them knows"
    assert broken(earned, ("account/v-1", gave)) == (Misfit.IMPOSSIBLE, 2, "account/v-1", why)
    assert broken(earned, ("account/v-2", got)) == (Misfit.IMPOSSIBLE, 2, "account/v-2", why)
    assert broken(earned, ("account/v-2", got), earned)[1] == 2


def test_more_than_is_there_cannot_be_given() -> None:
    gave = PointsGiven(V1, MONDAY, DESK, None, V2, (Share(4, None),))
    kind, position, _, why = broken(("account/v-1", gave))
    assert (kind, position) == (Misfit.IMPOSSIBLE, 1)
    assert why.endswith("is refused: overdrawn")


def test_an_event_of_another_account_or_of_nothing_is_told() -> None:
    award = award_of(V1, "o-1", 9, MONDAY)
    assert broken(("account/v-2", award))[::3] == (Misfit.MISPLACED, "an event of account/v-1")
    void = AwardVoided(V1, MONDAY, DESK, None, 7)
    assert broken(("account/v-1", void))[0] is Misfit.IMPOSSIBLE
    gone = ItemWithdrawn(SOAP, MONDAY, DESK)
    assert broken(("item/soap", gone))[3] == "item soap was never offered"


def test_a_late_misfit_does_not_keep_the_rest_from_being_posted() -> None:
    with MemoryJournal() as journal:
        put(journal, "account/v-1", AwardVoided(V1, MONDAY, DESK, None, 7))
        put(journal, "account/v-1", award_of(V1, "o-1", 9, MONDAY))
        gave = PointsGiven(V1, MONDAY, DESK, None, V2, (Share(9, None),))
        got = PointsReceived(V2, MONDAY, DESK, None, V1, (Share(9, None),))
        length = journal.head().length
        writes = [Write("account/v-1", 2, (gave,)), Write("account/v-2", 0, (got,))]
        journal.append(writes, command=CommandId("gift"), digest=b"1")
        assert [one.position for one in replay(journal).unfolded] == [1]
        assert length == 2


# ------------------------------------------------------------------ wrong use


def one_line(answer: tuple[int, str, str]) -> str:
    code, out, err = answer
    assert (code, out) == (2, "")
    assert err.startswith("practice-core: ")
    return err


@pytest.mark.parametrize("command", [("statement", "v-1"), ("balances",), ("liability",)])
def test_what_is_no_journal_is_wrong_use(
    ask: Ask, tmp_path: Path, command: tuple[str, ...]
) -> None:
    name, *rest = command
    missing = one_line(ask("ledger", name, tmp_path / "none.journal", *rest))
    assert "none.journal" in missing
    assert list(tmp_path.iterdir()) == []
    table = tmp_path / "table.csv"
    table.write_bytes(b"id,name\n" * 99)
    assert "table.csv: not a journal" in one_line(ask("ledger", name, table, *rest))


@pytest.mark.parametrize(
    "date", ["yesterday", "2020-13-01", "2020-04-09T10:00", "20200409", "2020-W15", "0001-01-01"]
)
@pytest.mark.parametrize("option", ["--from", "--to", "--as-of"])
def test_what_is_no_day_is_wrong_use(ask: Ask, path: Path, option: str, date: str) -> None:
    said = one_line(ask("ledger", "statement", path, "v-1", option, date))
    assert f"{option}: '{date}'; expected a day as 2025-03-31" in said


def test_an_unknown_account_and_days_the_wrong_way_round_are_wrong_use(
    ask: Ask, path: Path
) -> None:
    assert "no account named 'v-11'; did you mean" in one_line(
        ask("ledger", "statement", path, "v-11")
    )
    said = one_line(
        ask("ledger", "statement", path, "v-1", "--from", "2020-05-02", "--to", "2020-05-01")
    )
    assert "--from: 2020-05-02 is after 2020-05-01" in said
    early = ("--as-of", "2020-04-08")
    assert "no account named 'home'" in one_line(ask("ledger", "statement", path, "home", *early))
    assert "no points rules" in one_line(ask("ledger", "liability", path, "--rules", "qingshu"))


def test_what_a_terminal_would_obey_is_escaped(ask: Ask, tmp_path: Path) -> None:
    with open_journal(tmp_path / "a.journal") as journal:
        order = OrderId("o\x1b[31m")
        put(journal, "account/v-1", ServiceRecorded(VolunteerId("v-1"), MONDAY, DESK, order, 5))
    code, out, _ = ask("ledger", "statement", tmp_path / "a.journal", "v-1")
    assert code == 0
    assert "\x1b" not in out
    assert r"o\x1b[31m" in out


def test_the_books_of_a_strange_clock_are_told_all_the_same(ask: Ask, tmp_path: Path) -> None:
    with open_journal(tmp_path / "a.journal") as journal:
        served = ServiceRecorded(VolunteerId("v-1"), 2**60, DESK, OrderId("o-1"), 5)
        put(journal, "account/v-1", served)
        put(journal, "account/v-2", award_of(V2, "o-1", 3, MONDAY))
    for rest in (("statement", "v-1"), ("balances",)):
        name, *more = rest
        code, _, err = ask("ledger", name, tmp_path / "a.journal", *more)
        assert (code, err) == (0, "")
    assert ask("ledger", "liability", tmp_path / "a.journal")[0] == 1  # no record of that award


def counted(books: AreaBooks) -> int:
    return len(books.positions)


def test_every_movement_has_its_place_kind_and_cause(path: Path) -> None:
    with open_journal(path) as journal:
        books = area_ledger(journal)
        kinds = {one.position: one.event.kind for one in journal.read()}
    assert len(books.kinds) == len(books.causes) == counted(books)
    assert counted(books) == sum(1 for _ in books.ledger.transfers())
    assert [kinds[int(place)] for place in books.positions] == list(books.kinds)
    names = [one.id for one in books.ledger.transfers()]
    assert all(
        name.split(".")[0] == f"p{place}"
        for name, place in zip(names, books.positions, strict=True)
    )
