"""What a center reads out of its ledger, counted once more by hand."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.errors import DefinitionError
from practice_core.points import (
    NEVER,
    AccountKind,
    Correction,
    Entry,
    Ledger,
    Merge,
    Pending,
    PostPending,
    Result,
    Transfer,
)
from practice_core.points.treasury import (
    OWED,
    Band,
    Difference,
    DifferenceKind,
    Flow,
    FlowLine,
    Outlook,
    Worth,
    by_age,
    by_expiry,
    by_kind,
    flows,
    forecast,
    months,
    reconcile,
)
from practice_core.terms import term
from practice_core.units import DAY, HOUR, AccountId, OrderId, TransferId, VolunteerId
from practice_core.volunteers import ServiceRecord

KINDS = {
    "issuance": AccountKind.ISSUANCE,
    "ann": AccountKind.MEMBER,
    "bo": AccountKind.MEMBER,
    "home": AccountKind.HOUSEHOLD,
    "shop": AccountKind.SHOP,
    "pool": AccountKind.DONATION_POOL,
    "gone": AccountKind.EXPIRED,
    "lost": AccountKind.FORFEITED,
}


def move(  # noqa: PLR0917 - the fields of a transfer
    name: str, debit: str, credit: str, amount: int, at: int = 0, expires: int = NEVER
) -> Transfer:
    return Transfer(TransferId(name), AccountId(debit), AccountId(credit), amount, at, expires)


def award(name: str, to: str, amount: int, at: int = 0, expires: int = NEVER) -> Transfer:
    return move(name, "issuance", to, amount, at, expires)


def correct(name: str, original: str, at: int = 0, amount: int | None = None) -> Correction:
    return Correction(TransferId(name), TransferId(original), at, amount)


def ledger_of(*entries: Entry) -> Ledger:
    ledger = Ledger()
    for name, kind in KINDS.items():
        ledger.open(AccountId(name), kind=kind)
    for entry in entries:
        assert ledger.post(entry) is Result.CREATED, entry  # type: ignore[arg-type]  # no timeouts
    return ledger


drawn = st.lists(
    st.tuples(
        st.sampled_from(list(KINDS)) | st.just("issuance"),
        st.sampled_from(list(KINDS)),
        st.integers(1, 9),
        st.integers(0, 2),
        st.integers(1, 9) | st.just(NEVER),
        st.booleans(),
    ),
    max_size=25,
)


def ledger_drawn(rows: list[tuple[str, str, int, int, int, bool]]) -> Ledger:
    """Post what is lawful of what was drawn, some of it corrected in part."""
    ledger, at = ledger_of(), 0
    for number, (debit, credit, amount, later, lasts, is_corrected) in enumerate(rows):
        at += later
        expires = lasts if lasts == NEVER else at + lasts
        ledger.post(move(f"t-{number}", debit, credit, amount, at, expires))
        if is_corrected:
            ledger.post(correct(f"c-{number}", f"t-{number}", at, 1 + amount // 2))
    return ledger


# ---------------------------------------------------------------- what is outstanding


def test_points_outstanding_are_told_by_age_and_by_expiry() -> None:
    ledger = ledger_of(
        award("a", "ann", 5, at=0, expires=70),
        award("b", "bo", 7, at=10, expires=90),
        award("c", "home", 4, at=30),
        move("d", "ann", "shop", 2, at=40),
    )
    assert by_age(ledger, 40, edges=[20, 35]) == (
        Band(None, 20, 4),
        Band(20, 35, 7),
        Band(35, None, 3),
    )
    assert by_expiry(ledger, 40, edges=[70, 80]) == (
        Band(None, 70, 0),
        Band(70, 80, 3),
        Band(80, NEVER, 7),
        Band(NEVER, None, 4),
    )
    assert sum(band.points for band in by_age(ledger, 39)) == 16
    assert by_kind(ledger, 40)[AccountKind.SHOP] == 2


def test_pending_points_are_still_owed() -> None:
    waiting = Pending(TransferId("p"), AccountId("ann"), AccountId("shop"), 4, 0)
    ledger = ledger_of(award("a", "ann", 5), waiting)
    assert by_expiry(ledger, 0, edges=[]) == (Band(None, NEVER, 0), Band(NEVER, None, 5))


@given(drawn, st.integers(0, 60), st.lists(st.integers(0, 30), unique=True, max_size=3).map(sorted))
def test_bands_are_together_what_was_held(
    rows: list[tuple[str, str, int, int, int, bool]], at: int, edges: list[int]
) -> None:
    ledger = ledger_drawn(rows)
    held: Counter[AccountKind] = Counter(dict.fromkeys(AccountKind, 0))
    for name, kind in KINDS.items():
        held[kind] += ledger.as_of(AccountId(name), at)
    assert by_kind(ledger, at) == held
    assert sum(held.values()) == 0
    owed = sum(held[kind] for kind in OWED)
    aged, dated = by_age(ledger, at, edges=edges), by_expiry(ledger, at, edges=edges)
    assert sum(band.points for band in aged) == sum(band.points for band in dated) == owed
    lots = [
        lot
        for name, kind in KINDS.items()
        if kind in OWED
        for lot in ledger.lots(AccountId(name), at)
    ]
    for band in dated:
        begin, end = band.begin or 0, NEVER + 1 if band.end is None else band.end
        assert band.points == sum(lot.points for lot in lots if begin <= lot.expires < end)
    for band in aged:
        begin, end = band.begin or 0, NEVER if band.end is None else band.end
        assert band.points == sum(lot.points for lot in lots if begin <= at - lot.at < end)


def test_edges_ascend() -> None:
    with pytest.raises(DefinitionError, match=r"edges: \(5, 5\); expected ascending"):
        by_age(ledger_of(), 0, edges=[5, 5])


# ---------------------------------------------------------------- what it is worth


def test_money_is_rounded_down_once_and_not_account_by_account() -> None:
    ledger = ledger_of(award("a", "ann", 5), award("b", "bo", 5), award("c", "home", 5))
    worth = Worth(points=10, money=5)
    (now,) = forecast(ledger, 0, [0], worth)
    assert now == Outlook(0, 15, 7)
    account_by_account = 3 * worth.of(5)
    rounded_up = 3 * -(-5 * worth.money // worth.points)
    assert account_by_account < 7 < rounded_up


def test_what_is_owed_falls_as_lots_expire() -> None:
    ledger = ledger_of(
        award("a", "ann", 5, expires=70), award("b", "bo", 7, expires=90), award("c", "home", 4)
    )
    found = forecast(ledger, 0, [0, 69, 70, 90, NEVER - 1])
    assert [one.points for one in found] == [16, 16, 11, 4, 4]
    assert {one.money for one in found} == {None}


@given(drawn, st.integers(1, 30))
def test_a_forecast_is_what_is_left_once_it_has_come_true(
    rows: list[tuple[str, str, int, int, int, bool]], later: int
) -> None:
    ledger = ledger_drawn(rows)
    now = ledger.latest or 0
    (then,) = forecast(ledger, now, [now + later])
    ledger.expire(now + later, AccountId("gone"))
    held = by_kind(ledger, now + later)
    assert then.points == sum(held[kind] for kind in OWED)


# ---------------------------------------------------------------- what came and went


def test_a_month_begins_at_local_midnight() -> None:
    midnight = 1_743_436_800_000  # 2025-04-01 in China
    assert months([midnight - 1, midnight]).tolist() == ["2025-03", "2025-04"]
    assert months([midnight], offset=7 * HOUR).tolist() == ["2025-03"]
    assert months([]).tolist() == []


def test_points_are_told_by_what_they_were_for() -> None:
    ledger = ledger_of(
        award("a", "ann", 5),
        award("b", "bo", 7, at=40 * DAY),
        move("d", "ann", "shop", 2, at=40 * DAY),
        correct("c", "b", at=70 * DAY, amount=3),
    )
    month = months(ledger.movements().at)
    assert flows(ledger, {"site": ["x", "y", "x", "?"], "month": month}) == (
        FlowLine(("x", "1970-01"), Flow.ISSUED, 5, 1),
        FlowLine(("x", "1970-02"), Flow.USED, 2, 1),
        FlowLine(("y", "1970-02"), Flow.ISSUED, 4, 1),
    )


@pytest.mark.parametrize(
    ("debit", "credit", "flow"),
    [
        ("issuance", "ann", Flow.ISSUED),
        ("issuance", "shop", Flow.ISSUED),
        ("ann", "shop", Flow.USED),
        ("home", "pool", Flow.DONATED),
        ("ann", "gone", Flow.EXPIRED),
        ("bo", "lost", Flow.FORFEITED),
        ("shop", "issuance", Flow.RETURNED),
        ("ann", "bo", Flow.MOVED),
        ("pool", "home", Flow.MOVED),
    ],
)
def test_a_flow_goes_by_the_accounts_on_both_sides(debit: str, credit: str, flow: Flow) -> None:
    before = [] if debit == "issuance" else [award("a", debit, 5)]
    found = flows(ledger_of(*before, move("t", debit, credit, 3)))
    assert FlowLine((), flow, 3, 1) in found


def flow_of(debit: str, credit: str) -> Flow:
    if debit == "issuance":
        return Flow.ISSUED
    ends = {
        "shop": Flow.USED,
        "pool": Flow.DONATED,
        "gone": Flow.EXPIRED,
        "lost": Flow.FORFEITED,
        "issuance": Flow.RETURNED,
    }
    return ends.get(credit, Flow.MOVED)


@given(drawn, st.lists(st.sampled_from("xyz"), min_size=50, max_size=50))
def test_every_movement_is_counted_once(
    rows: list[tuple[str, str, int, int, int, bool]], labels: list[str]
) -> None:
    ledger = ledger_drawn(rows)
    named = [one.id for one in ledger.transfers()]
    site = dict(zip(named, labels, strict=False))
    expected: Counter[tuple[str, Flow]] = Counter()
    for entry in ledger.transfers():
        if entry.id.startswith("c-"):
            label = site[TransferId(entry.id.replace("c-", "t-"))]
            expected[label, flow_of(entry.credit, entry.debit)] -= entry.amount
        else:
            expected[site[entry.id], flow_of(entry.debit, entry.credit)] += entry.amount
    lines = flows(ledger, {"site": [site[name] for name in named]})
    assert {(line.labels[0], line.flow): line.points for line in lines} == dict(expected)
    assert sum(line.transfers for line in lines) == sum(not one.startswith("c-") for one in named)


def test_a_label_is_given_for_every_movement() -> None:
    with pytest.raises(DefinitionError, match=r"site: shape \(1,\); expected shape \(2,\)"):
        flows(ledger_of(award("a", "ann", 5), award("b", "ann", 5)), {"site": ["x"]})


# ---------------------------------------------------------------- whether it is right


def record(volunteer: str, order: str, minutes: int) -> ServiceRecord:
    return ServiceRecord(VolunteerId(volunteer), OrderId(order), at=0, minutes=minutes)


def compared(ledger: Ledger, *records: ServiceRecord) -> tuple[Difference, ...]:
    return reconcile(
        ledger,
        records,
        points=lambda one: one.minutes // 6,
        transfer=lambda one: TransferId(f"{one.order}:{one.volunteer}"),
    )


def test_every_difference_between_ledger_and_records_is_listed() -> None:
    ledger = ledger_of(
        award("o-1:ann", "ann", 10),
        award("o-2:ann", "ann", 10),
        award("o-3:ann", "bo", 10),
        award("o-4:ann", "ann", 10),
        award("o-5:ann", "ann", 3),
        correct("c", "o-4:ann", amount=4),
        award("gift", "home", 2),
        award("mistake", "home", 2),
        correct("d", "mistake"),
        move("s", "ann", "shop", 1),
    )
    found = compared(
        ledger,
        record("ann", "o-1", 60),
        record("ann", "o-2", 66),
        record("ann", "o-3", 60),
        record("ann", "o-4", 60),
        record("ann", "o-5", 0),
        record("ann", "o-6", 60),
        record("ann", "o-7", 5),
        record("ann", "o-1", 60),
    )
    assert [(one.kind, one.transfer, one.account, one.expected, one.found) for one in found] == [
        (DifferenceKind.AMOUNT, "o-2:ann", "ann", 11, 10),
        (DifferenceKind.ACCOUNT, "o-3:ann", "ann", 10, 10),
        (DifferenceKind.AMOUNT, "o-4:ann", "ann", 10, 6),
        (DifferenceKind.AMOUNT, "o-5:ann", "ann", 0, 3),
        (DifferenceKind.MISSING, "o-6:ann", "ann", 10, 0),
        (DifferenceKind.REPEATED, "o-1:ann", "ann", 10, 10),
        (DifferenceKind.UNFOUNDED, "gift", "home", 0, 2),
    ]


def test_a_ledger_that_is_right_has_no_difference() -> None:
    waiting = Pending(TransferId("p"), AccountId("issuance"), AccountId("ann"), 12, 0)
    confirmed = PostPending(TransferId("o-2:ann"), TransferId("p"), 0, 10)
    ledger = ledger_of(
        award("o-1:ann", "ann", 10),
        waiting,
        confirmed,
        Merge(TransferId("m"), AccountId("ann"), AccountId("bo"), 0),
    )
    assert compared(ledger, record("ann", "o-1", 60), record("ann", "o-2", 60)) == ()


# ---------------------------------------------------------------- words


@pytest.mark.parametrize("member", [*Flow, *DifferenceKind])
def test_every_flow_and_difference_has_its_words(member: Flow | DifferenceKind) -> None:
    assert term(member, "zh") != term(member, "en")
