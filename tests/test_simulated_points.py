"""What simulated volunteers earn, redeem and lose: told again record by record, and audited."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core import areas
from practice_core.areas import load_area, load_rules
from practice_core.dispatch import policy
from practice_core.errors import DefinitionError, OperationError, UnknownName
from practice_core.experiment import (
    assumptions,
    inputs,
    labelled,
    outside,
    sweep,
    sweep_liability,
    tipping,
)
from practice_core.experiment import edges as edges_of
from practice_core.experiment import settings as settings_of
from practice_core.points import (
    NEVER,
    Barrier,
    Expiry,
    Ledger,
    Period,
    RuleSet,
    Tally,
    award,
    awards,
    barriers,
    expires,
    expiries,
    may_redeem,
)
from practice_core.points.treasury import Flow, flows
from practice_core.points.treasury import months as months_of
from practice_core.simulation import (
    EXPIRED,
    ISSUANCE,
    SHOP,
    Liability,
    Records,
    Redemption,
    Run,
    Scenario,
    credit,
    liability,
    liability_of,
    load_scenario,
    make_tape,
    offers,
    propensities,
    run,
)
from practice_core.terms import Category
from practice_core.units import (
    DAY,
    HOUR,
    WEEK,
    AccountId,
    Instant,
    OrderId,
    VolunteerId,
    instant,
    moment,
)
from practice_core.volunteers import ServiceRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from practice_core.points import Entries, Transfer

    Column = NDArray[Any]

CHINA = dt.timezone(dt.timedelta(hours=8))
BEGIN = instant(dt.datetime(2020, 4, 6, tzinfo=CHINA))
"""A Monday."""
MEMBERS = np.array([3, 2], np.int64)
EAGER = Redemption(
    redeemer_share=1.0,
    per_month=0.7,
    share_redeemed=0.6,
    price_least_hours=1.0,
    price_most_hours=6.0,
)
DEMO = RuleSet(id="demo", version=1, effective=0, rate_per_hour=10, source="assumed: demo")


def served(
    rows: Sequence[tuple[int, int, int, int]], members: Sequence[int] = (3, 2), orders: int = 6
) -> Records:
    """Records of (hours after the beginning, volunteer, order, minutes); a category an order."""
    found = sorted(rows)
    hours, who, order, minutes = np.array(found, np.int64).reshape(-1, 4).T
    return Records(
        orders=tuple([OrderId(f"o-{n}") for n in range(orders)]),
        teams=tuple([f"t-{n}" for n in range(len(members))]),
        members=np.array(members, np.int64),
        order=order,
        volunteer=who,
        at=BEGIN + hours * HOUR,
        minutes=minutes,
        category=order % len(Category),
    )


def every_week(hours: int, days: int = 1, who: int = 5) -> Records:
    """One week in which each member serves so many hours on each of so many days."""
    return served(
        [(24 * day + 18, one, day, 60 * hours) for day in range(days) for one in range(who)]
    )


def simulated(
    records: Records,
    rules: RuleSet,
    law: Redemption = EAGER,
    *,
    months: int = 36,
    seed: int = 7,
    propensity: Column | None = None,
) -> Liability:
    """Whole weeks from the beginning on, up to the last record's."""
    weeks = int((records.at.max(initial=BEGIN) - BEGIN) // WEEK + 1)
    return liability_of(
        records,
        rules,
        law,
        cohort=(BEGIN, BEGIN + weeks * WEEK),
        seed=seed,
        replication=0,
        months=months,
        propensity=propensity,
    )


rule_sets = st.builds(
    RuleSet,
    id=st.just("drawn"),
    version=st.just(1),
    effective=st.just(0),
    source=st.just("assumed: drawn"),
    rate_per_hour=st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(10)]),
    quantum=st.sampled_from([1, 6, 30, 120]),
    category_coefficient=st.dictionaries(
        st.sampled_from(Category), st.sampled_from([Fraction(0), Fraction(3, 2), Fraction(3)])
    ),
    max_minutes_per_activity=st.none() | st.integers(30, 300),
    max_minutes_per_day=st.none() | st.integers(30, 500),
    max_points_per_day=st.none() | st.integers(1, 60),
    max_points_per_year=st.none() | st.integers(20, 300),
    storage_cap=st.none() | st.integers(5, 150),
    redeem_min_points=st.none() | st.integers(1, 60),
    redeem_min_minutes=st.none() | st.integers(1, 3_000),
    redeem_months=st.lists(st.integers(1, 12), unique=True, max_size=6).map(tuple),
    redeem_days=st.lists(st.integers(1, 31), unique=True, max_size=4).map(tuple),
    redeem_quota=st.just(1),
    redeem_quota_per=st.sampled_from(Period),
    expiry=st.sampled_from([None, Expiry.NEVER, Expiry.QUARTER_END, Expiry.YEAR_END]),
) | st.builds(
    lambda n, cap: attrs.evolve(DEMO, expiry=Expiry.MONTHS, expiry_months=n, storage_cap=cap),
    st.integers(1, 4),
    st.none() | st.integers(5, 400),
)
rows = st.lists(
    st.tuples(
        st.integers(0, 24 * 28 - 1), st.integers(0, 4), st.integers(0, 5), st.integers(0, 400)
    ),
    max_size=30,
)


# ------------------------------------------------------------------ columns of what rules say


@given(
    st.lists(st.integers(-62_000_000_000_000, 250_000_000_000_000), min_size=1, max_size=20),
    st.sampled_from([None, *Expiry]),
    st.integers(1, 1_200),
    st.integers(1 - DAY // 60_000, DAY // 60_000 - 1),
)
def test_a_column_expires_as_each_of_its_instants_does(
    earned: list[Instant], expiry: Expiry | None, count: int, offset: int
) -> None:
    after = count if expiry is Expiry.MONTHS else None
    rules = attrs.evolve(DEMO, offset=offset * 60_000, expiry=expiry, expiry_months=after)
    singly = [expires(rules, one) for one in earned]
    expected = [NEVER if one is None else one for one in singly]
    assert expiries(rules, np.array(earned, np.int64)).tolist() == expected


@pytest.mark.parametrize(
    ("day", "count", "ends"),
    [
        ((2020, 1, 31), 1, "2020-02-29"),
        ((2019, 1, 31), 1, "2019-02-28"),
        ((2020, 2, 29), 36, "2023-02-28"),
        ((2020, 12, 31), 2, "2021-02-28"),
    ],
)
def test_a_month_without_that_day_ends_points_on_its_last(
    day: tuple[int, int, int], count: int, ends: str
) -> None:
    rules = attrs.evolve(DEMO, expiry=Expiry.MONTHS, expiry_months=count)
    earned = instant(dt.datetime(*day, 23, 59, tzinfo=CHINA))
    (found,) = expiries(rules, np.array([earned]))
    assert moment(int(found), offset=8 * HOUR).isoformat() == f"{ends}T00:00:00+08:00"


@given(rule_sets, st.lists(st.tuples(*[st.integers(0, 4_000)] * 2, st.integers(0, 2)), min_size=1))
def test_whom_only_the_calendar_keeps_from_redeeming_is_told_alike(
    rules: RuleSet, people: list[tuple[int, int, int]]
) -> None:
    points, minutes, redeemed = np.array(people).T
    found = may_redeem(rules, points=points, minutes=minutes, redeemed=redeemed)
    for able, (held, time, times) in zip(found.tolist(), people, strict=True):
        between = barriers(rules, at=BEGIN, points=held, minutes=time, redeemed=times)
        assert able == (not set(between) - {Barrier.WINDOW_CLOSED})


# ------------------------------------------------------------------ credit


def told(records: Records) -> list[ServiceRecord]:
    """The same records one by one, with their categories."""
    kinds = records.category.tolist()
    return [
        attrs.evolve(one, category=list(Category)[kind])
        for one, kind in zip(records, kinds, strict=True)
    ]


@given(rule_sets, rows)
def test_credit_is_awarding_record_by_record(
    rules: RuleSet, drawn: list[tuple[int, int, int, int]]
) -> None:
    records = served(drawn)
    tally = Tally()
    points = [one.points for one in awards((rules,), told(records), tally)]
    ledger = credit(records, rules)
    posted = [
        (one.credit, one.amount, one.at, None if one.expires == NEVER else one.expires)
        for one in ledger.transfers()
    ]
    assert posted == [
        (AccountId(one.volunteer), got, one.at, expires(rules, one.at))
        for one, got in zip(records, points, strict=True)
        if got
    ]
    assert ledger.total() == 0
    for who in records.volunteers:
        assert ledger.balance(AccountId(who)) == tally.balance(who)


def test_a_day_a_year_and_a_coefficient_count_where_they_are_ruled() -> None:
    records = served([(9, 0, 0, 120), (12, 0, 1, 120), (36, 0, 1, 120), (36, 1, 1, 120)])
    category = list(Category)[1]
    limits: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [20, 20, 20, 20]),
        ({"max_points_per_day": 30}, [20, 10, 20, 20]),
        ({"max_points_per_year": 45}, [20, 20, 5, 20]),
        ({"max_minutes_per_day": 180}, [20, 10, 20, 20]),
        ({"max_minutes_per_activity": 180}, [20, 20, 10, 20]),
        ({"category_coefficient": {category: 2}}, [20, 40, 40, 40]),
    ]
    for changed, expected in limits:
        ledger = credit(records, attrs.evolve(DEMO, **changed))
        assert [one.amount for one in ledger.transfers()] == expected


# ------------------------------------------------------------------ the audit


def audit(owed: Liability, records: Records) -> set[str]:
    """Walk through the books with the rules in hand, and name whatever broke one."""
    rules, faults = owed.rules, set[str]()
    held, periods = Counter[str](), defaultdict[tuple[str, Any], int](int)
    gone, lots = Counter[str](), defaultdict[str, list[tuple[Instant, int]]](list)
    for one in owed.ledger.transfers():
        if one.debit == ISSUANCE:
            held[one.credit] += one.amount
            lots[one.credit].append((one.expires, one.amount))
            if held[one.credit] > (rules.storage_cap or NEVER):
                faults.add("storage cap")
            if one.expires != (expires(rules, one.at) or NEVER):
                faults.add("expiry")
            continue
        if one.credit == SHOP:
            period = one.debit, _period(rules, one.at)
            minutes = sum(
                n for at, who, _, n in repeated(records, one.at) if who == one.debit and at < one.at
            )
            between = barriers(
                rules,
                at=one.at,
                points=held[one.debit],
                minutes=minutes,
                redeemed=periods[period],
            )
            faults |= {barrier.value for barrier in between}
            expired = sum(amount for ends, amount in lots[one.debit] if ends <= one.at)
            if expired > gone[one.debit]:
                faults.add("expired points used")
            periods[period] += 1
        held[one.debit] -= one.amount
        gone[one.debit] += one.amount
        if held[one.debit] < 0:
            faults.add("below zero")
    if any(owed.ledger.balance(AccountId(who)) != points for who, points in held.items()):
        faults.add("balance")
    return faults


def _period(rules: RuleSet, at: Instant) -> Any:  # noqa: ANN401 - any value tells periods apart
    local = moment(at, offset=rules.offset)
    return {
        Period.DAY: local.date(),
        Period.MONTH: (local.year, local.month),
        Period.QUARTER: (local.year, (local.month - 1) // 3),
        Period.YEAR: local.year,
    }.get(rules.redeem_quota_per or Period.LIFETIME)


def repeated(records: Records, until: Instant) -> Iterator[tuple[Instant, str, int, int]]:
    """The records of whole weeks, told again and again: (at, who, order, minutes)."""
    span = int((records.at.max(initial=BEGIN) - BEGIN) // WEEK + 1) * WEEK
    columns = (records.at, records.volunteer, records.order, records.minutes)
    for turn in range(int((until - BEGIN) // span) + 1):
        for at, who, order, minutes in zip(*(c.tolist() for c in columns), strict=True):
            if at + turn * span < until:
                name = records.volunteers[who]
                yield at + turn * span, name, order + turn * len(records.orders), minutes


def awarded_again(owed: Liability, records: Records, until: Instant) -> list[tuple[str, int]]:
    """What a tally awards, one record after the other, that is told what was spent and lost."""
    rules, tally = owed.rules, Tally()
    gone: list[Transfer] = [one for one in owed.ledger.transfers() if one.debit != ISSUANCE]
    found = []
    for at, who, order, minutes in repeated(records, until):
        # At the beginning of a day points go before what ends then is awarded; later, after it.
        while gone and (gone[0].at < at or (gone[0].at == at and _is_midnight(rules, at))):
            one = gone.pop(0)
            tally.move(VolunteerId(one.debit), -one.amount)
        category = list(Category)[order % len(records.orders) % len(Category)]
        name = OrderId(f"o-{order}")
        record = ServiceRecord(VolunteerId(who), name, at, minutes, category=category)
        given_ = award(rules, record, tally.history(rules, record))
        tally.add(rules, record, given_)
        if given_.points:
            found.append((who, given_.points))
    return found


def _is_midnight(rules: RuleSet, at: Instant) -> bool:
    return (at + rules.offset) % DAY == 0


@settings(max_examples=60, deadline=None)
@given(rule_sets, rows, st.integers(1, 14), st.integers(0, 2**32))
def test_the_books_obey_the_rules_and_add_up(
    rules: RuleSet, drawn: list[tuple[int, int, int, int]], count: int, seed: int
) -> None:
    records = served(drawn)
    owed = simulated(records, rules, months=count, seed=seed)
    assert audit(owed, records) == set()
    # What is left of a cap depends on what was redeemed and lost meanwhile.
    until = instant(dt.datetime(2020 + (3 + count) // 12, (3 + count) % 12 + 1, 1, tzinfo=CHINA))
    issued = [(o.credit, o.amount) for o in owed.ledger.transfers() if o.debit == ISSUANCE]
    assert issued == awarded_again(owed, records, until)
    # Nothing comes from nowhere.
    sums = Counter[str]()
    for each in owed.months:
        sums.update(issued=each.issued, redeemed=each.redeemed, expired=each.expired)
        assert sums["issued"] == each.outstanding + sums["redeemed"] + sums["expired"]
        assert 0 <= each.redeemers <= each.members <= len(records.volunteers)
    assert owed.ledger.total() == 0
    left = [owed.ledger.balance(AccountId(who)) for who in records.volunteers]
    assert sum(left) == each.outstanding


@settings(max_examples=20, deadline=None)
@given(rule_sets, rows)
def test_the_months_are_those_of_the_treasury(
    rules: RuleSet, drawn: list[tuple[int, int, int, int]]
) -> None:
    owed = simulated(served(drawn), rules, months=9)
    column = months_of(owed.ledger.movements().at, rules.offset)
    found = {
        (line.labels[0], line.flow): line.points for line in flows(owed.ledger, {"month": column})
    }
    for each in owed.months:
        assert found.pop((each.month, Flow.ISSUED), 0) == each.issued
        assert found.pop((each.month, Flow.USED), 0) == each.redeemed
        assert found.pop((each.month, Flow.EXPIRED), 0) == each.expired
    assert found == {}


def on_the_fourth(rules: RuleSet, month: int) -> Instant:
    """Stands for the day of redemption: the fourth, whatever the rules say."""
    days = np.datetime64(month, "M").astype("datetime64[D]").astype(int) + 3
    return int(days) * DAY - rules.offset


def anybody(rules: RuleSet, points: Column, **_: Column) -> Column:  # noqa: ARG001 - as called
    """Stands for who may redeem: whoever holds a point."""
    return points > 0


def too_late(rules: RuleSet, earned: Column) -> Column:
    """Stands for when points expire: a month after that."""
    return expiries(rules, earned) + 30 * DAY


def unbounded(rules: RuleSet, points: Column, **_: Column) -> Column:  # noqa: ARG001 - as called
    """Stands for what limits leave of points: all."""
    return points


class Forgetful(Ledger):
    """Stands for the ledger: takes nothing at the beginning of a day."""

    def expire(self, at: Instant, to: AccountId) -> Entries:
        """Take what has expired, but not at midnight."""
        return self.entries()[:0] if (at + 8 * HOUR) % DAY == 0 else super().expire(at, to)


@pytest.mark.parametrize(
    ("name", "put", "fault"),
    [
        ("_window", on_the_fourth, "window_closed"),
        ("may_redeem", anybody, "quota_used"),
        ("may_redeem", anybody, "too_few_hours"),
        ("expiries", too_late, "expiry"),
        ("Ledger", Forgetful, "expired points used"),
    ],
)
def test_a_model_that_breaks_a_rule_is_found_out(
    monkeypatch: pytest.MonkeyPatch, name: str, put: Callable[..., Any], fault: str
) -> None:
    rules = attrs.evolve(
        DEMO,
        redeem_days=(15, 16),
        redeem_min_minutes=2_000,
        redeem_quota=1,
        redeem_quota_per=Period.QUARTER,
        expiry=Expiry.MONTHS,
        expiry_months=5,
    )
    records = every_week(4)
    assert audit(simulated(records, rules, months=12), records) == set()
    monkeypatch.setattr(liability, name, put)
    assert fault in audit(simulated(records, rules, months=12), records)


def test_a_ledger_that_refuses_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = attrs.evolve(DEMO, storage_cap=30)
    monkeypatch.setattr(liability, "cap_points", unbounded)
    with pytest.raises(OperationError, match="cap_exceeded"):
        simulated(every_week(2), rules)


# ------------------------------------------------------------------ rules of real places


def redemptions(owed: Liability) -> list[Transfer]:
    return [one for one in owed.ledger.transfers() if one.credit == SHOP]


def local(one: Transfer) -> dt.datetime:
    return moment(one.at, offset=8 * HOUR)


def test_huangyan_redeems_in_january_alone_and_once() -> None:
    records = every_week(4)
    owed = simulated(records, load_rules("huangyan").versions[-1])
    found = redemptions(owed)
    assert {local(one).month for one in found} == {1}
    assert max(Counter((one.debit, local(one).year) for one in found).values()) == 1
    assert len(found) > len({one.debit for one in found})
    assert {m.month[-2:] for m in owed.months if m.redeemed} == {"01"}
    assert audit(owed, records) == set()


def test_hailin_redeems_once_a_quarter() -> None:
    records = every_week(2)
    owed = simulated(records, load_rules("hailin").versions[-1], attrs.evolve(EAGER, per_month=1.0))
    quarters = Counter(
        (o.debit, local(o).year, (local(o).month - 1) // 3) for o in redemptions(owed)
    )
    assert set(quarters.values()) == {1}
    assert len(quarters) == 12 * len(records.volunteers)
    assert audit(owed, records) == set()


def test_guangzhou_stores_1500_and_asks_for_100_hours() -> None:
    records = every_week(5, days=4)
    rules = load_rules("guangzhou").versions[-1]
    saving = simulated(records, rules, attrs.evolve(EAGER, redeemer_share=0.0))
    assert saving.months[-1].outstanding == 1_500 * len(records.volunteers)
    assert saving.months[-1].issued == 0
    spending = simulated(records, rules, attrs.evolve(EAGER, price_most_hours=300.0))
    assert sum(m.issued for m in spending.months) > 1_500 * len(records.volunteers)
    assert audit(spending, records) == set()
    first = min(one.at for one in redemptions(spending))
    assert sum(n for at, who, _, n in repeated(records, first) if who == "t-0.0") >= 100 * 60


def test_a_new_year_begins_anew_below_a_cap() -> None:
    rules = attrs.evolve(DEMO, max_points_per_year=100, storage_cap=250)
    nobody = attrs.evolve(EAGER, redeemer_share=0.0)
    owed = simulated(every_week(2), rules, nobody)
    by_year = Counter[str]()
    for each in owed.months:
        by_year[each.month[:4]] += each.issued
    assert by_year == {"2020": 5 * 100, "2021": 5 * 100, "2022": 5 * 50, "2023": 0}


def test_huangshan_loses_after_36_months_what_was_not_redeemed() -> None:
    records = every_week(2)
    rules = load_rules("huangshan").versions[-1]
    idle = attrs.evolve(EAGER, redeemer_share=0.0)
    owed = simulated(records, rules, idle, months=40)
    by_month = {each.month: each for each in owed.months}
    assert [each.month for each in owed.months if each.expired] == [
        "2023-04",
        "2023-05",
        "2023-06",
        "2023-07",
    ]
    assert by_month["2023-05"].expired == by_month["2020-05"].issued
    assert audit(owed, records) == set()
    three = simulated(records, rules, idle)
    assert len(three.months) == 36
    assert three.months[-1].month == "2023-03"
    assert all(each.expired == 0 for each in three.months)


def test_money_is_said_where_a_value_is_set() -> None:
    records = every_week(2)
    rules = load_rules("shouguang").versions[-1]
    assert rules.cents_per_point == 300
    owed = simulated(records, rules)
    assert [each.money for each in owed.months] == [300 * each.outstanding for each in owed.months]
    assert {local(one).day for one in redemptions(owed)} == {15}
    assert all(each.money is None for each in simulated(records, DEMO).months)


# ------------------------------------------------------------------ what follows from what


@given(rows, st.integers(1, 8), st.integers(1, 8))
def test_shorter_expiry_never_leaves_more_where_nobody_redeems(
    drawn: list[tuple[int, int, int, int]], one: int, other: int
) -> None:
    nobody = attrs.evolve(EAGER, redeemer_share=0.0)
    short, long = (
        simulated(
            served(drawn),
            attrs.evolve(DEMO, expiry=Expiry.MONTHS, expiry_months=count),
            nobody,
            months=12,
        ).months
        for count in sorted((one, other))
    )
    assert all(a.outstanding <= b.outstanding for a, b in zip(short, long, strict=True))


@given(rows, st.sampled_from([(), (1,)]), st.sampled_from([(), (3,)]))
def test_what_has_expired_is_owed_at_the_end_of_no_month(
    drawn: list[tuple[int, int, int, int]], in_months: tuple[int, ...], on_days: tuple[int, ...]
) -> None:
    """Also where members redeem early in a month, or in none."""
    rules = attrs.evolve(
        DEMO,
        expiry=Expiry.MONTHS,
        expiry_months=1,
        redeem_months=in_months,
        redeem_days=on_days,
    )
    owed = simulated(served(drawn), rules, attrs.evolve(EAGER, redeemer_share=0.0), months=5)
    lots = [one for one in owed.ledger.transfers() if one.debit == ISSUANCE]
    for each, ends in zip(owed.months, (5, 6, 7, 8, 9), strict=True):
        at = instant(dt.datetime(2020, ends, 1, tzinfo=CHINA)) - 1
        alive = sum(one.amount for one in lots if one.at <= at < one.expires)
        assert each.outstanding == alive


def test_readier_members_leave_less_and_shorter_expiry_too() -> None:
    records = every_week(2, days=2)

    def left(months_: int | None, per_month: float) -> int:
        expiry = Expiry.MONTHS if months_ else None
        rules = attrs.evolve(DEMO, expiry=expiry, expiry_months=months_)
        law = attrs.evolve(EAGER, per_month=per_month)
        return simulated(records, rules, law).months[-1].outstanding

    by_expiry = [left(count, 0.2) for count in (3, 6, 12, None)]
    assert by_expiry == sorted(by_expiry)
    by_readiness = [left(None, share) for share in (1.0, 0.5, 0.2, 0.05, 0.0)]
    assert by_readiness == sorted(by_readiness)
    assert len({*by_expiry, *by_readiness}) > 6


def by_member(owed: Liability) -> Mapping[str, list[tuple[Instant, int]]]:
    found = defaultdict(list)
    for one in redemptions(owed):
        found[str(one.debit)].append((one.at, one.amount))
    return found


@given(st.integers(0, 4), st.floats(0, 1), st.integers(0, 2**40))
def test_the_readiness_of_one_member_moves_no_other(who: int, share: float, seed: int) -> None:
    records = every_week(2)
    drawn = propensities(records, EAGER, seed=seed, replication=0)
    changed = drawn.copy()
    changed[who] = share
    before, after = (
        by_member(simulated(records, DEMO, seed=seed, propensity=one, months=12))
        for one in (drawn, changed)
    )
    names = set(records.volunteers) - {records.volunteers[who]}
    assert {name: before.get(name) for name in names} == {name: after.get(name) for name in names}
    if share == 0:
        assert records.volunteers[who] not in after


def test_a_new_member_moves_no_other() -> None:
    records = every_week(2)
    more = attrs.evolve(
        records,
        members=MEMBERS + np.array([1, 0]),
        volunteer=records.volunteer + (records.volunteer >= MEMBERS[0]),
    )
    assert len(more.volunteers) == len(records.volunteers) + 1
    law = attrs.evolve(EAGER, redeemer_share=0.6)
    found = by_member(simulated(records, DEMO, law))
    assert found == by_member(simulated(more, DEMO, law))
    assert 0 < len(found) < 5


def test_the_share_that_ever_redeems_is_drawn_by_member() -> None:
    many = served([(18, 0, 0, 60)], members=(20_000,))
    drawn = propensities(many, attrs.evolve(EAGER, redeemer_share=0.05), seed=7, replication=0)
    assert set(drawn.tolist()) == {0.0, 0.7}
    assert np.count_nonzero(drawn) == pytest.approx(1_000, abs=4 * 31)
    more = propensities(many, attrs.evolve(EAGER, redeemer_share=0.2), seed=7, replication=0)
    assert set(np.flatnonzero(drawn)) < set(np.flatnonzero(more))


@pytest.mark.parametrize("count", [0, 241])
def test_what_cannot_be_simulated_is_said_at_once(count: int) -> None:
    with pytest.raises(DefinitionError) as refused:
        liability_of(
            every_week(1),
            DEMO,
            EAGER,
            cohort=(BEGIN, BEGIN),
            seed=7,
            replication=0,
            months=count,
            propensity=np.zeros(4),
        )
    assert [one.place for one in refused.value.faults] == ["months", "cohort", "propensity"]


# ------------------------------------------------------------------ a run, and its scenario

SMALL = {
    "horizon.weeks": 3,
    "horizon.warmup_weeks": 1,
    "resident.per_year": 6_000,
    "site_request.per_year": 3_000,
    "own_activity.per_year": 3_000,
    "teams.count": 350,
}


def dearer(**coefficients: int | Fraction) -> Scenario:
    """Wujiang in small, where an hour of some categories earns another number of points."""
    area = load_area("wujiang")
    ratios = {Category(name): ratio for name, ratio in coefficients.items()}
    rules = attrs.evolve(area.rules, category_coefficient=ratios)
    base = load_scenario("wujiang").with_values(SMALL)
    changed = attrs.evolve(area, rules=rules, digest=f"{area.digest} {sorted(ratios.items())}")
    return Scenario(changed, base.values, load_scenario("wujiang").bases)


@pytest.fixture(scope="module")
def done() -> Run:
    wujiang = load_scenario("wujiang").with_values(SMALL)
    return run(wujiang, policy("nearest"), seed=5, replication=1)


def test_a_run_says_what_is_owed_by_its_weeks_that_count(done: Run) -> None:
    owed = done.liability()
    low, high = done.tape.scenario.cohort
    ours = (done.records.at >= low) & (done.records.at < high)
    ledger = done.ledger()
    weekly = ledger.as_of(ISSUANCE, low - 1) - ledger.as_of(ISSUANCE, high - 1)
    assert owed.months[1].month == "2020-04"
    assert sum(each.issued for each in owed.months) == pytest.approx(
        36 * 30.44 / 21 * weekly, rel=0.05
    )
    assert owed.months[-1].members == len(np.unique(done.records.volunteer[ours]))
    assert owed.ledger.balance(EXPIRED) == 0
    plain = json.loads(json.dumps(owed.to_dict()))
    assert plain["rules"] == owed.rules.id == "wujiang-default"
    assert plain["months"][-1]["outstanding"] == owed.months[-1].outstanding
    assert done.liability().to_dict() == owed.to_dict()


def test_what_redemption_assumes_is_swept_by_itself(done: Run) -> None:
    scenario = done.tape.scenario
    keys = {one.key for one in inputs(load_scenario("wujiang"), "redemption")}
    assert keys == {f"redemption.{field.name}" for field in attrs.fields(Redemption)}
    assert not keys & {one.key for one in inputs(load_scenario("wujiang"))}
    assert not keys & {one.key for one in assumptions(scenario)}
    found = sweep_liability(done, seed=7, count=4, months=24)
    assert [set(setting.values) for setting in found.settings] == [keys] * 4
    assert found.base == done.liability(24).months
    last = found.to_dict()[-1]
    assert last["least_outstanding"] < last["most_outstanding"]
    assert last["least_outstanding"] <= last["outstanding"] <= last["most_outstanding"]


def test_a_file_may_say_it_and_need_not(tmp_path: Path) -> None:
    base = load_scenario("wujiang")
    assert base.redemption.per_month == 0.2
    assert base.answer.points_elasticity == 0
    span = base.bases["redemption.per_month"].range
    assert span is not None
    assert span == (0.02, 1.0)
    folder = tmp_path / "wujiang"
    shutil.copytree(Path(areas.__file__).parent / "wujiang", folder)
    file = folder / "scenario.toml"
    plain = file.read_text("utf-8")
    line = 'per_month = {{ value = {}, basis = "assumed", range = [0, 1], why = "ours" }}\n'
    file.write_text(f"{plain}\n[redemption]\n{line.format(0.5)}", "utf-8")
    own = load_scenario(folder)
    assert (own.redemption.per_month, own.redemption.share_redeemed) == (0.5, 0.5)
    assert own.bases["redemption.per_month"].source == "ours"
    file.write_text(f"{plain}\n[redemption]\n{line.format(1.5)}", "utf-8")
    with pytest.raises(DefinitionError, match=r"redemption\.per_month: 1\.5"):
        load_scenario(folder)
    file.write_text(f"{plain}\n[redemption]\nper_week{line.format(0.5)[9:]}", "utf-8")
    with pytest.raises(DefinitionError, match="per_week"):
        load_scenario(folder)
    file.write_text(f"redemption = 3\n{plain}", "utf-8")
    with pytest.raises(DefinitionError, match="redemption"):
        load_scenario(folder)


# ------------------------------------------------------------------ elasticity


def test_without_elasticity_coefficients_move_no_event(done: Run) -> None:
    other = run(dearer(aid=5, health=Fraction(1, 5)), policy("nearest"), seed=5, replication=1)
    assert other.log.to_bytes() == done.log.to_bytes()
    assert other.ledger().total() == 0
    assert other.ledger().balance(ISSUANCE) != done.ledger().balance(ISSUANCE)


def test_without_coefficients_elasticity_moves_no_event(done: Run) -> None:
    ready = done.tape.scenario.with_values({"answer.points_elasticity": 5.0})
    assert (
        run(ready, policy("nearest"), seed=5, replication=1).log.to_bytes() == done.log.to_bytes()
    )


@pytest.mark.parametrize("elasticity", [0.3, -0.3])
def test_the_log_odds_move_by_the_logarithm_of_what_an_hour_earns(elasticity: float) -> None:
    scenario = dearer(aid=4, health=Fraction(1, 4), law=0)
    tapes = [
        make_tape(scenario.with_values({"answer.points_elasticity": e}), 5, 1)
        for e in (0.0, elasticity)
    ]
    before, after = (tape.demand for tape in tapes)
    assert before.ids == after.ids
    moved = after.effect - before.effect
    for category, ratio in (("aid", 4), ("health", 1 / 4), ("culture", 1), ("law", 1e-6)):
        where = before.category == list(Category).index(Category(category))
        assert moved[where] == pytest.approx(elasticity * np.log(ratio), abs=1e-6)
        assert where.any()


def accepted(done: Run) -> Mapping[Category, float]:
    """The share of first offers accepted, by category: what no earlier answer has selected."""
    found = offers(done)
    kind = dict(zip(done.tape.demand.ids, done.tape.demand.category.tolist(), strict=True))
    first: dict[str, bool] = {}
    for order, yes in zip(found.order, found.accepted.tolist(), strict=True):
        first.setdefault(order, yes)
    by_kind = defaultdict[int, list[bool]](list)
    for order, yes in first.items():
        by_kind[kind[OrderId(order)]].append(yes)
    return {list(Category)[n]: sum(all_) / len(all_) for n, all_ in by_kind.items()}


def test_what_earns_more_is_accepted_more_and_more() -> None:
    scenario = dearer(aid=4, health=Fraction(1, 4))
    found = []
    for elasticity in (0.0, 0.3, 1.0, 3.0):
        ready = scenario.with_values({"answer.points_elasticity": elasticity})
        found.append(run(ready, policy("nearest"), seed=5, replication=1))
    shares = [accepted(one) for one in found]
    dear = [each[Category.AID] for each in shares]
    cheap = [each[Category.HEALTH] for each in shares]
    assert dear == sorted(set(dear))
    assert cheap == sorted(set(cheap), reverse=True)
    # The clairvoyant bound knows of it.
    assert outside(edges_of(found[-1].tape), found[-1]) == ()


def test_elasticity_is_swept_where_points_differ_and_idle_where_they_do_not() -> None:
    key = "answer.points_elasticity"
    plain, scenario = load_scenario("wujiang"), dearer(aid=1, health=2)
    assert key in plain.unused
    assert key not in scenario.unused
    assert key not in {one.key for one in inputs(plain)}
    assert key in {one.key for one in assumptions(scenario)}
    assert [(i.low, i.high, i.value) for i in inputs(scenario) if i.key == key] == [(0, 0.3, 0)]
    assert dearer(aid=1).unused == plain.unused
    kept = {name: basis for name, basis in scenario.bases.items() if name == key}
    thin = {"horizon.weeks": 1, "horizon.warmup_weeks": 0, "own_activity.per_year": 0.0}
    alone = Scenario(scenario.area, scenario.with_values(thin).values, kept)
    pair = labelled(["nearest", "random"])
    found = sweep(alone, pair, seed=7, count=3, replications=1)
    drawn = [setting.drawn[key] for setting in found.settings]
    assert len(set(drawn)) == 3
    assert all(0 <= value <= 0.3 for value in drawn)
    assert len(set(found.means["nearest"])) > 1
    assert found.strongest("nearest", "random", 1) == (key,)
    # Nor does it decide anything here: within its range the lead stays.
    assert tipping(alone, (key,), pair, seed=7, replications=2) == ()
    with pytest.raises(UnknownName):
        tipping(plain, (key,), pair, seed=7)
    assert settings_of(plain, 3, 7) == settings_of(plain.with_values({}), 3, 7)
