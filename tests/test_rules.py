"""What rules of whatever scheme promise: exact awards that add up, and limits that hold."""

from __future__ import annotations

import datetime as dt
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.errors import DefinitionError
from practice_core.points import (
    NOTHING,
    AwardClause,
    AwardReason,
    Barrier,
    EventPoints,
    Expiry,
    History,
    Line,
    Merits,
    Occasion,
    OccasionRecord,
    Period,
    RoleBonus,
    Rounding,
    RuleSet,
    StarLevel,
    Tally,
    award,
    award_points,
    awards,
    barriers,
    expires,
    explain,
    in_force,
    level_of,
)
from practice_core.terms import Category, term
from practice_core.units import DAY, HOUR, OrderId, VolunteerId, instant, moment
from practice_core.volunteers import ServiceRecord, ServiceRole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.terms import Lang

ANN = VolunteerId("v-1")
PLAIN = RuleSet(id="plain", version=1, effective=0, rate_per_hour=10, source="assumed: test")


def rules(**changes: Any) -> RuleSet:  # noqa: ANN401 - any field of a rule set
    return attrs.evolve(PLAIN, **changes)


def at(*when: int) -> int:
    return instant(dt.datetime(*when, tzinfo=dt.timezone(dt.timedelta(hours=8))))  # type: ignore[arg-type,misc]  # year, month, day and on


def served(minutes: int, **more: Any) -> ServiceRecord:  # noqa: ANN401 - any field of a record
    plain = ServiceRecord(ANN, OrderId("o-1"), at(2024, 3, 5, 11), minutes)
    return attrs.evolve(plain, **more)


def told(given: Any) -> list[tuple[str, int, int]]:  # noqa: ANN401 - an award
    return [(line.reason.value, line.minutes, line.points) for line in given.lines]


ratios = st.fractions(0, 3, max_denominator=20)
small = st.none() | st.integers(1, 60)
rule_sets = st.builds(
    RuleSet,
    id=st.just("drawn"),
    version=st.just(1),
    effective=st.just(0),
    source=st.just("assumed: drawn"),
    rate_per_hour=st.fractions(Fraction(1, 10), 30, max_denominator=30),
    per_service=st.integers(0, 2),
    quantum=st.sampled_from([1, 6, 30, 60, 120]),
    rounding=st.sampled_from(Rounding),
    category_coefficient=st.dictionaries(st.sampled_from(Category), ratios, max_size=3),
    grade_coefficient=st.just(()) | st.tuples(ratios, ratios, ratios),
    roles=st.dictionaries(
        st.sampled_from(ServiceRole),
        st.builds(RoleBonus, points=st.integers(1, 5), minutes=st.integers(0, 90)),
    ),
    events=st.dictionaries(
        st.sampled_from([Occasion.REGISTER, Occasion.REFERRAL]),
        st.builds(
            EventPoints,
            points=st.integers(1, 9),
            most=small,
            per=st.sampled_from(Period),
        ),
    ),
    max_minutes_per_activity=st.none() | st.integers(1, 400),
    max_minutes_per_day=st.none() | st.integers(1, 600),
    max_points_per_day=small,
    max_points_per_year=st.none() | st.integers(1, 200),
    storage_cap=st.none() | st.integers(1, 300),
    zero_on_complaint=st.sampled_from([None, False, True]),
    claim_window_days=st.none() | st.integers(0, 3),
)
NOON = at(2023, 12, 30, 12)
services = st.builds(
    ServiceRecord,
    volunteer=st.sampled_from([VolunteerId("v-0"), VolunteerId("v-1")]),
    order=st.sampled_from([OrderId("o-0"), OrderId("o-1"), OrderId("o-2")]),
    at=st.integers(0, 5 * 24).map(lambda hours: NOON + hours * HOUR),
    minutes=st.integers(0, 300),
    category=st.none() | st.sampled_from(Category),
    grade=st.sampled_from([None, 1, 2, 3]),
    role=st.none() | st.sampled_from(ServiceRole),
    complaint=st.booleans(),
).flatmap(
    lambda one: (
        st.none().map(lambda _: one)
        | st.integers(0, 5).map(lambda days: attrs.evolve(one, claimed=one.at + days * DAY))
    )
)
occasions = st.builds(
    OccasionRecord,
    volunteer=st.just(ANN),
    occasion=st.sampled_from([Occasion.REGISTER, Occasion.REFERRAL, Occasion.SHARE]),
    at=st.integers(0, 500).map(lambda days: NOON + days * DAY),
    count=st.integers(1, 3),
)
histories = st.builds(
    History,
    st.integers(0, 500),
    st.integers(0, 700),
    st.integers(0, 70),
    st.integers(0, 250),
    st.integers(-20, 400),
    st.integers(0, 70),
)


# ------------------------------------------------------------------ lines


@given(rule_sets, services | occasions, histories)
def test_the_lines_of_an_award_add_up_to_its_points_and_to_the_time_that_counts(
    drawn: RuleSet, record: ServiceRecord | OccasionRecord, history: History
) -> None:
    earned = award(drawn, record, history)
    assert sum(line.points for line in earned.lines) == earned.points
    assert sum(line.minutes for line in earned.lines) == earned.minutes
    ranks = [list(AwardReason).index(line.reason) for line in earned.lines]
    assert ranks == sorted(set(ranks))
    assert all(line.minutes or line.points for line in earned.lines[1:])


@given(rule_sets, services | occasions, histories)
def test_no_service_and_no_deed_earns_less_than_nothing(
    drawn: RuleSet, record: ServiceRecord | OccasionRecord, history: History
) -> None:
    earned = award(drawn, record, history)
    assert earned.points >= 0
    assert earned.minutes >= 0


@given(rule_sets, services, histories, st.integers(0, 300))
def test_serving_longer_never_earns_less(
    drawn: RuleSet, record: ServiceRecord, history: History, more: int
) -> None:
    longer = attrs.evolve(record, minutes=record.minutes + more)
    shorter, further = award(drawn, record, history), award(drawn, longer, history)
    assert shorter.points <= further.points
    assert shorter.minutes <= further.minutes


@given(rule_sets, services)
def test_points_are_the_exact_product_rounded_once(drawn: RuleSet, record: ServiceRecord) -> None:
    free = attrs.evolve(
        drawn,
        max_minutes_per_activity=None,
        max_minutes_per_day=None,
        max_points_per_day=None,
        max_points_per_year=None,
        storage_cap=None,
        claim_window_days=None,
        zero_on_complaint=None,
        rounding=Rounding.FLOOR,
    )
    bonus = free.roles.get(record.role, RoleBonus()) if record.role else RoleBonus()
    counted = (record.minutes + bonus.minutes) // free.quantum * free.quantum
    exact = Fraction(counted, 60) * free.rate_per_hour
    if record.category is not None:
        exact *= free.category_coefficient.get(record.category, 1)
    if record.grade and free.grade_coefficient:
        exact *= free.grade_coefficient[record.grade - 1]
    assert award(free, record).points == exact // 1 + free.per_service + bonus.points


@given(rule_sets, st.lists(services | occasions, max_size=25))
def test_limits_hold_over_whatever_was_done(
    drawn: RuleSet, records: Sequence[ServiceRecord | OccasionRecord]
) -> None:
    tally = Tally()
    by_day: dict[tuple[str, str | int], int] = {}
    by_year: dict[tuple[str, str | int], int] = {}
    by_activity: dict[tuple[str, str | int], int] = {}
    for record, earned in zip(records, awards((drawn,), records, tally), strict=True):
        day, year = drawn.day(record.at), moment(record.at, offset=drawn.offset).year
        for sums, span in ((by_day, day), (by_year, year)):
            sums[record.volunteer, span] = sums.get((record.volunteer, span), 0) + earned.points
        if isinstance(record, ServiceRecord) and drawn.rounding is Rounding.FLOOR:
            key: tuple[str, str | int] = (record.volunteer, record.order)
            by_activity[key] = by_activity.get(key, 0) + earned.minutes
        if drawn.storage_cap is not None:
            assert tally.balance(record.volunteer) <= drawn.storage_cap
    for sums, most in (
        (by_day, drawn.max_points_per_day),
        (by_year, drawn.max_points_per_year),
        (by_activity, drawn.max_minutes_per_activity),
    ):
        assert most is None or max(sums.values(), default=0) <= most


# ------------------------------------------------------------------ columns


def columns(records: Sequence[ServiceRecord]) -> dict[str, Any]:
    """The columns of records, as `award_points` takes them."""
    return {
        "minutes": np.array([one.minutes for one in records], np.int64),
        "volunteer": np.array([int(one.volunteer[2:]) for one in records], np.int64),
        "order": np.array([int(one.order[2:]) for one in records], np.int64),
        "at": np.array([one.at for one in records], np.int64),
        "category": np.array(
            [-1 if one.category is None else list(Category).index(one.category) for one in records],
            np.int64,
        ),
        "grade": np.array([one.grade or 0 for one in records], np.int64),
        "role": np.array(
            [-1 if one.role is None else list(ServiceRole).index(one.role) for one in records],
            np.int64,
        ),
        "complaint": np.array([one.complaint for one in records], bool),
        "claimed": np.array(
            [one.at if one.claimed is None else one.claimed for one in records], np.int64
        ),
    }


def differs(drawn: RuleSet, records: Sequence[ServiceRecord]) -> bool:
    singly = [one.points for one in awards((drawn,), records)]
    return not np.array_equal(award_points(drawn, **columns(records)), singly)


@given(rule_sets, st.lists(services, max_size=30))
def test_columns_of_records_earn_what_their_fold_earns(
    drawn: RuleSet, records: list[ServiceRecord]
) -> None:
    assert not differs(drawn, records)


@given(rule_sets, st.lists(services, max_size=5))
def test_records_without_persons_are_each_a_first_one(
    drawn: RuleSet, records: list[ServiceRecord]
) -> None:
    given_ = columns(records)
    for name in ("volunteer", "order"):
        del given_[name]
    singly = [award(drawn, one).points for one in records]
    assert award_points(drawn, **given_).tolist() == singly


CAPPED = rules(max_points_per_day=25, max_points_per_year=30, storage_cap=33)
TWICE = [served(120), served(120), served(60, at=at(2024, 3, 6)), served(60, at=at(2025, 3, 6))]


def test_a_column_that_forgot_a_limit_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not differs(CAPPED, TWICE)
    for name in ("max_points_per_day", "max_points_per_year", "storage_cap"):
        without: dict[str, Any] = {name: None}
        forgetful = attrs.evolve(CAPPED, **without)
        singly = [one.points for one in awards((CAPPED,), TWICE)]
        assert award_points(forgetful, **columns(TWICE)).tolist() != singly
    parts = award_points.__globals__
    monkeypatch.setitem(parts, "_within", lambda amount, _most, _keys: amount)
    assert differs(CAPPED, TWICE)


def test_the_limits_of_day_year_and_account_bind_one_after_another() -> None:
    tally = Tally()
    assert [one.points for one in awards((CAPPED,), TWICE, tally)] == [20, 5, 5, 3]
    assert tally.balance(ANN) == 33
    tally.move(ANN, -30)
    (again,) = awards((CAPPED,), [served(60, at=at(2025, 3, 7))], tally)
    assert again.points == 10


def test_a_year_of_awards_takes_no_longer_than_its_arithmetic() -> None:
    """1.93 million participations a year: without limits, one pass over the column."""
    minutes = np.random.default_rng(1).integers(0, 480, 1_930_000)
    begun = time.process_time()
    points = award_points(PLAIN, minutes)
    spent = time.process_time() - begun
    assert points.sum() == (minutes // 6).sum()
    assert spent < 1


@pytest.mark.parametrize(
    ("name", "column", "place"),
    [
        ("grade", [1, 4], "grade[1]"),
        ("grade", [1], "grade"),
        ("role", [-2, 0], "role[0]"),
        ("category", [0, 12], "category[1]"),
        ("complaint", [0, 1], "complaint"),
        ("volunteer", [0.5, 1.5], "volunteer"),
    ],
)
def test_an_impossible_column_is_named(name: str, column: list[Any], place: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        award_points(PLAIN, np.array([60, 60]), **{name: np.array(column)})
    assert [fault.place for fault in refused.value.faults] == [place]


def test_columns_keep_their_shape() -> None:
    minutes = np.array([[60, 30], [6, 0]])
    assert award_points(PLAIN, minutes, grade=np.ones((2, 2), np.int64)).tolist() == [
        [10, 5],
        [1, 0],
    ]


# ------------------------------------------------------------------ single rules


def test_coefficients_multiply_and_are_rounded_once() -> None:
    graded = rules(
        rate_per_hour=Fraction(51, 5),
        category_coefficient={Category.LAW: Fraction(3, 2)},
        grade_coefficient=(1, 2, 3),
    )
    assert told(award(graded, served(60, category=Category.LAW, grade=2))) == [
        ("service_time", 60, 10),
        ("category", 0, 5),
        ("grade", 0, 15),
    ]
    assert award(graded, served(60, category=Category.AID)).points == 10


def test_a_role_earns_points_or_minutes_that_count() -> None:
    led = rules(
        roles={
            ServiceRole.LEADER: RoleBonus(minutes=60),
            ServiceRole.REPORTER: RoleBonus(points=3),
        },
        max_minutes_per_activity=150,
    )
    assert told(award(led, served(120, role=ServiceRole.LEADER))) == [
        ("service_time", 120, 20),
        ("role_time", 60, 10),
        ("activity_time", -30, -5),
    ]
    assert told(award(led, served(60, role=ServiceRole.REPORTER)))[1:] == [("role", 0, 3)]
    assert award(led, served(60, role=ServiceRole.UPLOADER)).points == 10


def test_after_a_complaint_an_activity_counts_no_hour_where_the_rules_say_so() -> None:
    strict = rules(zero_on_complaint=True, per_service=1)
    zeroed = award(strict, served(120, complaint=True))
    assert told(zeroed) == [("service_time", 120, 20), ("complaint", -120, -20)]
    assert (zeroed.points, zeroed.minutes) == (0, 0)
    assert award(rules(), served(120, complaint=True)).points == 20


def test_what_is_entered_after_the_window_does_not_count() -> None:
    window = rules(claim_window_days=3)
    ended = at(2024, 3, 5, 11)
    last, late = at(2024, 3, 8, 23), at(2024, 3, 9, 0)
    assert award(window, served(60, at=ended, claimed=last)).points == 10
    assert told(award(window, served(60, at=ended, claimed=late)))[-1] == ("late_claim", -60, -10)
    assert award(window, served(60, at=ended)).points == 10


def test_what_does_not_count_uses_up_no_limit() -> None:
    limited = rules(zero_on_complaint=True, max_minutes_per_day=120)
    records = [served(120, complaint=True), served(120), served(6)]
    assert [one.points for one in awards((limited,), records)] == [0, 20, 0]


def test_an_activity_of_several_days_has_one_limit() -> None:
    limited = rules(max_minutes_per_activity=120)
    days = [served(90), served(90, at=at(2024, 3, 6)), served(90, order=OrderId("o-2"))]
    assert [one.minutes for one in awards((limited,), days)] == [90, 30, 90]


def test_occasions_earn_up_to_their_own_limit_in_its_own_period() -> None:
    events = {
        Occasion.REGISTER: EventPoints(points=5, most=5),
        Occasion.REFERRAL: EventPoints(points=2, most=4, per=Period.MONTH),
    }
    scheme = rules(events=events)

    def one(occasion: Occasion, month: int, count: int = 1) -> OccasionRecord:
        return OccasionRecord(ANN, occasion, at(2024, month, 1), count)

    done = [
        one(Occasion.REGISTER, 3),
        one(Occasion.REGISTER, 4),
        one(Occasion.REFERRAL, 4, 3),
        one(Occasion.REFERRAL, 5),
        one(Occasion.TRAINING, 5),
    ]
    given_ = list(awards((scheme,), done))
    assert [earned.points for earned in given_] == [5, 0, 4, 2, 0]
    assert told(given_[2]) == [("occasion", 0, 6), ("occasion_cap", 0, -2)]


def test_only_a_service_received_and_an_absence_cost_points_if_the_rules_say_so() -> None:
    closed = rules(received_debit=1, no_show_penalty=20)
    received = OccasionRecord(ANN, Occasion.RECEIVED, 0, 2)
    absent = OccasionRecord(ANN, Occasion.NO_SHOW, 0)
    assert told(award(closed, received)) == [("received", 0, -2)]
    assert told(award(closed, absent)) == [("no_show", 0, -20)]
    assert award(PLAIN, received).points == award(PLAIN, absent).points == 0
    tally = Tally()
    list(awards((closed,), [received], tally))
    assert tally.balance(ANN) == -2


def test_what_was_taken_makes_no_room_below_the_limit_of_a_day() -> None:
    scheme = rules(max_points_per_day=10, received_debit=5)
    done: list[ServiceRecord | OccasionRecord] = [
        served(60),
        OccasionRecord(ANN, Occasion.RECEIVED, at(2024, 3, 5, 12)),
        served(60),
    ]
    assert [one.points for one in awards((scheme,), done)] == [10, -5, 0]


@pytest.mark.parametrize(
    ("how", "points"),
    [(Rounding.FLOOR, 1), (Rounding.NEAREST, 2), (Rounding.CEILING, 3)],
)
def test_time_and_points_are_rounded_as_the_rules_say(how: Rounding, points: int) -> None:
    scheme = rules(rate_per_hour=1, quantum=60, rounding=how)
    assert award(scheme, served({1: 119, 2: 149, 3: 121}[points])).points == points


@pytest.mark.parametrize("count", [0, -1, 1_000_001])
def test_an_impossible_count_is_refused(count: int) -> None:
    with pytest.raises(DefinitionError, match=f"count: {count};"):
        award(PLAIN, OccasionRecord(ANN, Occasion.SHARE, 0, count))


def test_every_fault_of_a_record_is_told_at_once() -> None:
    with pytest.raises(DefinitionError) as refused:
        award(PLAIN, served(-1, grade=4))
    assert [fault.place for fault in refused.value.faults] == ["minutes", "grade"]


# ------------------------------------------------------------------ versions

OLD = rules(rate_per_hour=1, effective=at(2020, 1, 1))
NEW = rules(version=2, rate_per_hour=2, effective=at(2024, 3, 6))


def test_a_change_of_rules_touches_nothing_earned_before_its_date() -> None:
    before, after = served(60, at=at(2024, 3, 5, 23, 59)), served(60, at=at(2024, 3, 6))
    assert [one.points for one in awards((OLD, NEW), [before, after])] == [1, 2]
    assert list(awards((OLD,), [before])) == list(awards((OLD, NEW), [before]))


def test_before_the_first_version_nothing_is_earned() -> None:
    early = served(60, at=at(2019, 12, 31))
    assert in_force((OLD, NEW), early.at) is None
    (earned,) = awards((OLD, NEW), [early])
    assert earned.lines == (Line(AwardReason.NO_RULES, 0, 0),)
    assert explain(None, early, earned, "zh") == (term(AwardClause.NO_RULES, "zh"),)


@given(st.lists(st.integers(0, 50), unique=True, max_size=6), st.integers(-1, 51))
def test_the_version_in_force_is_the_latest_that_has_begun(dates: list[int], now: int) -> None:
    versions = [rules(effective=date) for date in sorted(dates)]
    found = in_force(versions, now)
    begun = [one for one in versions if one.effective <= now]
    assert found == (begun[-1] if begun else None)


# ------------------------------------------------------------------ spending and levels


def test_everything_that_stands_between_a_person_and_a_redemption_is_told() -> None:
    scheme = rules(
        redeem_min_points=10,
        redeem_min_minutes=600,
        redeem_days=(15,),
        redeem_quota=1,
        redeem_quota_per=Period.QUARTER,
    )
    held = {"points": 10, "minutes": 600}
    assert barriers(scheme, at=at(2024, 3, 15), **held) == ()
    assert barriers(scheme, at=at(2024, 3, 14), points=9, minutes=599, redeemed=1) == tuple(Barrier)
    assert barriers(PLAIN, at=0, points=0, minutes=0) == ()


@pytest.mark.parametrize(
    ("expiry", "months", "earned", "lost"),
    [
        (Expiry.MONTHS, 36, (2020, 6, 5), (2023, 6, 5)),
        (Expiry.MONTHS, 1, (2024, 1, 31), (2024, 2, 29)),
        (Expiry.MONTHS, 11, (2024, 1, 31), (2024, 12, 31)),
        (Expiry.QUARTER_END, None, (2024, 3, 31), (2024, 4, 1)),
        (Expiry.QUARTER_END, None, (2024, 10, 1), (2025, 1, 1)),
        (Expiry.YEAR_END, None, (2024, 1, 1), (2025, 1, 1)),
        (Expiry.NEVER, None, (2024, 1, 1), None),
        (None, None, (2024, 1, 1), None),
    ],
)
def test_points_expire_when_the_rules_say(
    expiry: Expiry | None,
    months: int | None,
    earned: tuple[int, ...],
    lost: tuple[int, ...] | None,
) -> None:
    scheme = rules(expiry=expiry, expiry_months=months)
    assert expires(scheme, at(*earned)) == (lost and at(*lost))


@given(st.sampled_from([Expiry.MONTHS, Expiry.QUARTER_END, Expiry.YEAR_END]), st.integers(0, 4000))
def test_nothing_expires_before_it_is_earned(expiry: Expiry, days: int) -> None:
    months = 1 if expiry is Expiry.MONTHS else None
    lost = expires(rules(expiry=expiry, expiry_months=months), days * DAY)
    assert lost is not None
    assert lost > days * DAY


def test_a_joint_level_takes_hours_and_points() -> None:
    levels = (
        StarLevel(zh="一星", en="one star", minutes=3_000, points=500),
        StarLevel(zh="二星", en="two stars", minutes=6_000, points=1_000),
    )
    scheme = rules(levels=levels)
    reached = [level_of(scheme, Merits(m, p)) for m, p in ((3_000, 499), (6_000, 999))]
    assert reached == [None, levels[0]]
    assert level_of(scheme, Merits(6_000, 1_000)) == levels[1]
    assert [levels[0].name(lang) for lang in ("zh", "en")] == ["一星", "one star"]


# ------------------------------------------------------------------ faults

WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"rate_per_hour": 10.2}, ["rate_per_hour"]),
    ({"rate_per_hour": -1}, ["rate_per_hour"]),
    ({"rate_per_hour": 1_000_001}, ["rate_per_hour"]),
    ({"rate_per_hour": 0}, ["rate_per_hour"]),
    ({"rate_per_hour": Fraction(1, 2**29)}, ["rate_per_hour"]),
    ({"offset": 2 * DAY}, ["offset"]),
    ({"category_coefficient": {Category.LAW: 1.5}}, ["category_coefficient.law"]),
    ({"category_coefficient": {Category.LAW: -1}}, ["category_coefficient.law"]),
    ({"grade_coefficient": (1, 2)}, ["grade_coefficient"]),
    ({"grade_coefficient": (1, 2, 1_001)}, ["grade_coefficient[2]"]),
    ({"quantum": 1.5}, ["quantum"]),
    ({"quantum": True}, ["quantum"]),
    ({"roles": {ServiceRole.LEADER: RoleBonus()}}, ["roles.leader"]),
    ({"roles": {ServiceRole.LEADER: RoleBonus(minutes=1_441)}}, ["roles.leader.minutes"]),
    ({"events": {Occasion.SHARE: EventPoints(points=0)}}, ["events.share.points"]),
    ({"events": {Occasion.SHARE: EventPoints(points=1, most=0)}}, ["events.share.most"]),
    ({"events": {Occasion.RECEIVED: EventPoints(points=1)}}, ["events.received"]),
    ({"events": {Occasion.NO_SHOW: EventPoints(points=1)}}, ["events.no_show"]),
    ({"max_minutes_per_day": 1_441}, ["max_minutes_per_day"]),
    ({"redeem_months": (13,)}, ["redeem_months"]),
    ({"redeem_days": (15, 15)}, ["redeem_days"]),
    ({"redeem_quota": 1}, ["redeem_quota_per"]),
    ({"redeem_quota_per": Period.QUARTER}, ["redeem_quota"]),
    ({"expiry": Expiry.MONTHS}, ["expiry_months"]),
    ({"expiry": Expiry.NEVER, "expiry_months": 3}, ["expiry_months"]),
    ({"levels": (StarLevel(zh="星", en="star"),)}, ["levels[0].minutes"]),
    ({"levels": (StarLevel(zh=" ", en="star", points=0),)}, ["levels[0].points", "levels[0].zh"]),
    (
        {"levels": tuple(StarLevel(zh="星", en="star", points=n) for n in (2, 1))},
        ["levels[1].points"],
    ),
    ({"levels": (StarLevel(zh="星", en="star", points=1),) * 41}, ["levels"]),
    ({"demotion": True}, ["levels"]),
    ({"levels_per": Period.YEAR}, ["levels"]),
]


@pytest.mark.parametrize(("change", "places"), WRONG)
def test_a_wrong_rule_is_told_at_its_field(change: dict[str, Any], places: list[str]) -> None:
    with pytest.raises(DefinitionError) as refused:
        rules(**change)
    assert [fault.place for fault in refused.value.faults] == places


def test_all_that_is_wrong_is_told_at_once() -> None:
    together = {key: part for change, _ in WRONG[::7] for key, part in change.items()}
    alone = {place for change, places in WRONG[::7] for place in places}
    with pytest.raises(DefinitionError) as refused:
        rules(**together)
    assert {fault.place for fault in refused.value.faults} == alone


def test_a_word_that_is_no_rounding_is_refused() -> None:
    assert rules(rounding="ceiling").rounding is Rounding.CEILING
    with pytest.raises(ValueError, match="half"):
        rules(rounding="half")


def test_rules_are_equal_and_can_be_keys() -> None:
    one, other = (rules(category_coefficient={Category.LAW: 2}) for _ in range(2))
    assert one == other
    assert len({one, other}) == 1
    assert one != PLAIN


# ------------------------------------------------------------------ words

EVERYTHING = rules(
    per_service=1,
    category_coefficient={Category.LAW: Fraction(3, 2)},
    grade_coefficient=(1, 2, 3),
    roles={ServiceRole.LEADER: RoleBonus(points=3, minutes=60)},
    events={Occasion.SHARE: EventPoints(points=1, most=2, per=Period.YEAR)},
    received_debit=1,
    no_show_penalty=2,
    max_minutes_per_activity=150,
    max_minutes_per_day=100,
    max_points_per_day=60,
    max_points_per_year=50,
    storage_cap=40,
    zero_on_complaint=True,
    claim_window_days=3,
)
SAID: list[ServiceRecord | OccasionRecord] = [
    served(130, category=Category.LAW, grade=3, role=ServiceRole.LEADER),
    served(100, complaint=True),
    served(100, claimed=at(2024, 4, 1)),
    OccasionRecord(ANN, Occasion.SHARE, 0, 3),
    OccasionRecord(ANN, Occasion.RECEIVED, 0),
    OccasionRecord(ANN, Occasion.NO_SHOW, 0),
]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_reason_is_explained_in_a_sentence_of_its_own(lang: Lang) -> None:
    reasons = set()
    for record in SAID:
        given_ = award(EVERYTHING, record)
        said = explain(EVERYTHING, record, given_, lang)
        assert len(said) == len(given_.lines) + 1
        assert not any("None" in line or "{" in line for line in said)
        reasons |= {line.reason for line in given_.lines}
        if lang == "en":
            assert all(line.isascii() for line in said)
        for line, sentence in zip(given_.lines, said, strict=False):
            assert f"{line.points:+}" in sentence
    assert reasons == set(AwardReason) - {AwardReason.NO_RULES}
    assert {one.value for one in AwardReason} < {one.value for one in AwardClause}


def test_an_award_is_told_line_by_line() -> None:
    assert list(explain(EVERYTHING, SAID[0], award(EVERYTHING, SAID[0], NOTHING))) == [
        "Service of 130 min, at 10 an hour: time +130 min, points +21",
        "Time allowed as leader: time +60 min, points +10",
        "Of one activity at most 150 min count: time -40 min, points -6",
        "Of one day at most 100 min count: time -50 min, points -9",
        "Time counts in whole steps of 6 min: time -4 min, points +0",
        "Coefficient 1.5 of the category law: points +8",
        "Coefficient 3 of grade 3: points +48",
        "For a service as such: points +1",
        "Bonus as leader: points +3",
        "Points of one day, at most 60: points -16",
        "Points of one year, at most 50: points -10",
        "Points held, at most 40: points -10",
        "In all: 96 min that count, points 40 (plain, version 1)",
    ]
