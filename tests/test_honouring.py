"""Levels, and what they and hours entitle to: the published figures, and what holds of any."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import load_rules
from practice_core.errors import DefinitionError
from practice_core.points import (
    Benefit,
    BenefitKind,
    EntitlementClause,
    Merits,
    Period,
    Received,
    RuleSet,
    StarLevel,
    award,
    claimable,
    entitlements,
    level_of,
    sanctions,
    told,
)
from practice_core.units import OrderId, VolunteerId, instant
from practice_core.volunteers import ServiceRecord
from practice_core.volunteers.standing import BlacklistReason, EndReason

if TYPE_CHECKING:
    from practice_core.points import Entitlement
    from practice_core.terms import Lang


def latest(name: str) -> RuleSet:
    return load_rules(name).versions[-1]


def at(year: int, month: int = 3, day: int = 5) -> int:
    return instant(dt.datetime(year, month, day, tzinfo=dt.timezone(dt.timedelta(hours=8))))


def merits(hours: int, **more: Any) -> Merits:  # noqa: ANN401 - any field of merits
    """So many hours, all of them of this year and for the community, registered for ever."""
    minutes = hours * 60
    plain = Merits(minutes, 0, minutes, 0, minutes, registered_months=1_200)
    return attrs.evolve(plain, **more)


def due(rules: RuleSet, one: Merits, *received: Received, when: int = 0) -> dict[str, int]:
    found = entitlements(rules, one, at=when, received=received)
    return {each.benefit.id: each.due for each in found}


def clauses(rules: RuleSet, one: Merits, *received: Received, when: int = 0) -> dict[str, str]:
    found = entitlements(rules, one, at=when, received=received)
    return {each.benefit.id: each.clause.value for each in found}


# ------------------------------------------------------------------ what is published

STARS = ["一星", "二星", "三星", "四星", "五星"]
THRESHOLDS: dict[str, dict[str, int]] = {
    "zhangjiagang": dict(zip(STARS, (30, 60, 100, 200, 300), strict=True))
    | {"铜奖": 600, "银奖": 1_000, "金奖": 1_500, "终身成就奖": 3_000},
    "qidong": dict(zip(STARS, (100, 300, 600, 1_000, 1_500), strict=True))
    | {"铜质奖章": 1_500, "银质奖章": 2_000, "金质奖章": 2_500},
    "beijingstars": dict(zip(STARS, (100, 200, 500, 800, 1_000), strict=True))
    | {"铜质奖章": 2_000, "银质奖章": 3_000, "金质奖章": 5_000},
    "boluo": dict(zip(STARS, (100, 300, 600, 1_000, 1_500), strict=True))
    | {"铜奖": 2_000, "银奖": 3_000, "金奖": 4_000},
    "longgang": dict(zip(STARS[:4], (100, 300, 600, 1_000), strict=True)),
    "dalian": dict(zip(STARS, (50, 150, 300, 800, 1_500), strict=True)),
    "national": dict(zip(STARS, (100, 300, 600, 1_000, 1_500), strict=True)),
}


@pytest.mark.parametrize("name", THRESHOLDS)
def test_every_published_threshold_is_where_a_level_begins(name: str) -> None:
    rules, levels = latest(name), THRESHOLDS[name]
    assert {one.zh: one.minutes for one in rules.levels} == {
        zh: hours * 60 for zh, hours in levels.items()
    }
    for zh, hours in levels.items():
        highest = [other for other, least in levels.items() if least <= hours][-1]
        found = level_of(rules, merits(hours))
        assert found is not None
        assert found.zh == highest
        short = hours * 60 - 1
        below = level_of(rules, merits(hours, minutes=short, year_minutes=short))
        assert below is None or levels[below.zh] < hours, zh


@pytest.mark.parametrize(("hours", "community"), [(2_000, 120), (3_000, 150), (4_000, 200)])
def test_a_medal_of_boluo_takes_hours_for_the_community_besides(hours: int, community: int) -> None:
    rules = latest("boluo")
    medal = level_of(rules, merits(hours, community_minutes=community * 60))
    short = level_of(rules, merits(hours, community_minutes=community * 60 - 1))
    assert medal is not None
    assert short is not None
    assert medal.minutes == hours * 60
    assert short == rules.levels[rules.levels.index(medal) - 1]


@pytest.mark.parametrize(("hours", "months"), [(100, 6), (300, 6), (600, 12), (1_000, 12)])
def test_a_star_of_longgang_takes_a_registration_without_a_break(hours: int, months: int) -> None:
    rules = latest("longgang")
    star = level_of(rules, merits(hours, registered_months=months))
    assert star is not None
    assert star.minutes == hours * 60
    assert level_of(rules, merits(hours, registered_months=months - 1)) != star


def test_in_zhangjiagang_prizes_come_again_with_every_300_hours_and_certificates_do_not() -> None:
    rules = latest("zhangjiagang")
    prizes = [(0, 30), (0, 60), (0, 100), (0, 200), (0, 300), (1, 30), (1, 300), (9, 300)]
    for cycle, star in prizes:
        hours = cycle * 300 + star
        reached, short = merits(hours), merits(hours, minutes=hours * 60 - 1)
        assert due(rules, reached)[f"prize-{star}"] == cycle + 1
        assert due(rules, short)[f"prize-{star}"] == cycle
        certificates = {one: n for one, n in due(rules, reached).items() if "certificate" in one}
        assert set(certificates.values()) <= {0, 1}
    had = Received("certificate-1", 0)
    assert clauses(rules, merits(3_000), had)["certificate-1"] == "had"
    assert due(rules, merits(2_999))["certificate-9"] == 0
    assert due(rules, merits(3_000))["certificate-9"] == 1


def test_in_zhangjiagang_100_hours_of_a_year_open_its_privileges_every_year() -> None:
    rules = latest("zhangjiagang")
    privileges = {one.id for one in rules.benefits if one.kind is BenefitKind.PRIVILEGE}
    assert privileges == {
        "check-up",
        "shows",
        "tourist-card",
        "bus-card",
        "parking-card",
        "insured-death",
        "insured-disability",
        "insured-medical",
    }
    sums = {one.id: one.yuan for one in rules.benefits if one.yuan}
    assert sums == {
        "insured-death": 100_000,
        "insured-disability": 100_000,
        "insured-medical": 5_000,
    }
    old = merits(5_000, year_minutes=100 * 60 - 1)
    assert {due(rules, old)[one] for one in privileges} == {0}
    had = Received("check-up", at(2024))
    assert clauses(rules, merits(100), had, when=at(2024, 12, 31))["check-up"] == "had"
    assert clauses(rules, merits(100), had, when=at(2025, 1, 1))["check-up"] == "due"
    assert clauses(rules, merits(100), had, when=at(2024))["bus-card"] == "due"


@pytest.mark.parametrize(
    ("hours", "yuan"),
    [(100, 100), (300, 200), (600, 300), (1_000, 500), (1_500, 800), (2_500, 800)],
)
def test_in_qidong_a_year_has_one_voucher_that_of_the_highest_star(hours: int, yuan: int) -> None:
    rules, year = latest("qidong"), at(2024)
    found = entitlements(rules, merits(hours), at=year)
    assert [one.benefit.yuan for one in found if one.due] == [yuan]
    lower = [one.clause for one in found if (one.benefit.yuan or 0) < yuan]
    assert set(lower) <= {EntitlementClause.SUPERSEDED}
    other = Received("voucher-100" if yuan != 100 else "voucher-200", year)
    assert clauses(rules, merits(hours), other, when=year)[f"voucher-{yuan}"] == "quota_used"
    assert due(rules, merits(hours), other, when=at(2025))[f"voucher-{yuan}"] == 1


def test_stars_of_qidong_are_of_one_year() -> None:
    assert level_of(latest("qidong"), Merits(minutes=10**6, year_minutes=99 * 60)) is None


# ------------------------------------------------------------------ Longquanyi

LONGQUANYI = latest("longquanyi")


def test_in_longquanyi_deductions_below_a_level_cost_it() -> None:
    three = Merits(200 * 60, 2_100, highest=3)
    assert getattr(level_of(LONGQUANYI, three), "zh", None) == "三星"
    poorer = attrs.evolve(three, points=2_099)
    assert getattr(level_of(LONGQUANYI, poorer), "zh", None) == "二星"
    kind = attrs.evolve(LONGQUANYI, demotion=None)
    assert getattr(level_of(kind, poorer), "zh", None) == "三星"


def test_in_longquanyi_300_points_lost_cost_a_star_and_blacklist() -> None:
    lost = Merits(200 * 60, 2_100, lost_points=299)
    assert getattr(level_of(LONGQUANYI, lost), "zh", None) == "三星"
    assert sanctions(LONGQUANYI, lost) == ()
    more = attrs.evolve(lost, lost_points=300)
    assert getattr(level_of(LONGQUANYI, more), "zh", None) == "二星"
    assert sanctions(LONGQUANYI, more) == (BlacklistReason.LOST_POINTS,)
    first = Merits(50 * 60, 500, lost_points=300)
    assert level_of(LONGQUANYI, first) is None


def test_in_longquanyi_points_below_zero_end_a_registration_or_the_file() -> None:
    assert sanctions(LONGQUANYI, Merits(year_points=0, points=0)) == ()
    assert sanctions(LONGQUANYI, Merits(year_points=-1)) == (EndReason.YEAR_POINTS,)
    both = sanctions(LONGQUANYI, Merits(year_points=-1, points=-1))
    assert both == (EndReason.YEAR_POINTS, EndReason.LIFETIME_POINTS)
    assert sanctions(latest("kunshan"), Merits(year_points=-1, points=-1)) == ()


@given(
    st.integers(0, 10**6),
    st.integers(-(10**5), 10**6),
    st.integers(0, 10**6),
)
def test_free_help_is_claimed_up_to_own_hours_with_ten_points_behind_each_and_lowers_no_hours(
    minutes: int, points: int, claimed: int
) -> None:
    one = Merits(minutes, points, claimed_minutes=claimed)
    left = claimable(LONGQUANYI, one)
    assert 0 <= left <= minutes
    if left:
        assert claimed + left <= minutes
        assert points * 60 >= 10 * (claimed + left)
    after = attrs.evolve(one, claimed_minutes=claimed + left)
    assert claimable(LONGQUANYI, after) == 0
    assert after.minutes == one.minutes
    assert level_of(LONGQUANYI, after) == level_of(LONGQUANYI, one)


def test_where_nothing_is_said_no_help_is_claimed() -> None:
    assert claimable(latest("kunshan"), Merits(10**4, 10**6)) == 0


# ------------------------------------------------------------------ what holds of any scheme

SCHEMES = [latest(name) for name in (*THRESHOLDS, "longquanyi", "tangshan", "guangzhou")]
some = st.builds(
    Merits,
    minutes=st.integers(0, 300_000),
    points=st.integers(-100, 30_000),
    year_minutes=st.integers(0, 200_000),
    year_points=st.integers(-100, 5_000),
    community_minutes=st.integers(0, 20_000),
    registered_months=st.integers(0, 20),
    highest=st.integers(0, 9),
)
MORE = ("minutes", "points", "year_minutes", "year_points", "community_minutes")


def rank(rules: RuleSet, one: Merits) -> int:
    level = level_of(rules, one)
    return 0 if level is None else 1 + rules.levels.index(level)


@given(st.sampled_from(SCHEMES), some, st.sampled_from(MORE), st.integers(0, 50_000))
def test_more_service_never_costs_a_level(
    rules: RuleSet, one: Merits, field: str, more: int
) -> None:
    richer = attrs.evolve(one, **{field: getattr(one, field) + more})
    assert rank(rules, richer) >= rank(rules, one)


@given(st.sampled_from(SCHEMES), some, st.integers(0, 50_000))
def test_without_demotion_only_misconduct_costs_a_level_that_was_reached(
    rules: RuleSet, one: Merits, fewer: int
) -> None:
    had = attrs.evolve(one, highest=rank(rules, one))
    poorer = attrs.evolve(had, points=had.points - fewer, year_points=had.year_points - fewer)
    if rank(rules, poorer) < had.highest:
        assert rules.demotion is True


@given(st.sampled_from(SCHEMES), some, st.integers(0, 50_000))
def test_more_hours_entitle_to_no_less(rules: RuleSet, one: Merits, more: int) -> None:
    richer = attrs.evolve(one, minutes=one.minutes + more, year_minutes=one.year_minutes + more)
    before, after = due(rules, one), due(rules, richer)
    if rules.benefits_add_up is False:
        yuan = {each.id: each.yuan or 0 for each in rules.benefits}
        assert sum(yuan[each] * n for each, n in after.items()) >= sum(
            yuan[each] * n for each, n in before.items()
        )
    else:
        assert all(after[each] >= before[each] for each in before)


@given(st.sampled_from(SCHEMES), some, st.data())
def test_who_takes_what_is_due_to_him_until_nothing_is_has_had_no_more_than_came(
    rules: RuleSet, one: Merits, data: st.DataObject
) -> None:
    received: list[Received] = []
    for _ in range(200):
        open_ = [name for name, n in due(rules, one, *received, when=at(2024)).items() if n]
        if not open_:
            break
        received.append(Received(data.draw(st.sampled_from(open_)), at(2024)))
    else:
        pytest.fail("it never ends")
    first = due(rules, one, when=at(2024))
    for name, n in first.items():
        assert sum(each.benefit == name for each in received) <= n
    if rules.benefit_quota is not None:
        assert len(received) <= rules.benefit_quota


@given(st.sampled_from(SCHEMES), some)
def test_hours_never_fall_whatever_is_levelled_claimed_or_given(
    rules: RuleSet, one: Merits
) -> None:
    kept = attrs.asdict(one)
    entitlements(rules, one, at=0)
    sanctions(rules, one)
    assert claimable(rules, one) <= one.minutes
    assert attrs.asdict(one) == kept


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_clause_is_told_in_a_sentence_of_its_own(lang: Lang) -> None:
    rules = latest("qidong")
    rules = attrs.evolve(
        rules,
        benefits=(
            *rules.benefits,
            Benefit(id="cup", zh="水杯", en="cup", kind=BenefitKind.PRIZE, minutes=60, every=600),
        ),
    )
    had, now = Received("cup", at(2024)), at(2024)
    cases: list[tuple[Entitlement, ...]] = [
        entitlements(rules, Merits(), at=now),
        entitlements(rules, merits(400), at=now, received=[had]),
        entitlements(rules, merits(1), at=now, received=[had]),
        entitlements(rules, merits(400), at=now, received=[Received("voucher-100", now)]),
    ]
    said = {each.clause: told(each, lang) for found in cases for each in found}
    assert set(said) == set(EntitlementClause)
    assert len(set(said.values())) == len(said)
    assert not [sentence for sentence in said.values() if "{" in sentence]


def test_a_scheme_of_stars_alone_gives_no_points() -> None:
    record = ServiceRecord(VolunteerId("v-1"), OrderId("o-1"), at(2024), 600)
    assert award(latest("national"), record).points == 0


@pytest.mark.parametrize(
    ("period", "same", "other"),
    [
        (Period.DAY, at(2024, 3, 5), at(2024, 3, 6)),
        (Period.MONTH, at(2024, 3, 31), at(2024, 4, 1)),
        (Period.QUARTER, at(2024, 1, 1), at(2024, 4, 1)),
        (Period.YEAR, at(2024, 12, 31), at(2025, 1, 1)),
    ],
)
def test_what_is_given_once_in_a_period_is_given_again_in_the_next(
    period: Period, same: int, other: int
) -> None:
    cup = Benefit(id="cup", zh="杯", en="cup", kind=BenefitKind.PRIZE, minutes=60, per=period)
    rules = attrs.evolve(latest("national"), benefits=(cup,))
    had = Received("cup", at(2024, 3, 5))
    assert due(rules, merits(1), had, when=same) == {"cup": 0}
    assert due(rules, merits(1), had, when=other) == {"cup": 1}


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"id": "a b"}, ["benefits[0].id"]),
    ({"en": " "}, ["benefits[0].en"]),
    ({"minutes": None}, ["benefits[0].minutes"]),
    ({"level": 2}, ["benefits[0].level"]),
    ({"minutes_per": Period.MONTH}, ["benefits[0].minutes_per"]),
    ({"every": 0}, ["benefits[0].every"]),
    ({"every": 60, "minutes_per": Period.YEAR}, ["benefits[0].every"]),
    ({"yuan": 0}, ["benefits[0].yuan"]),
]


@pytest.mark.parametrize(("change", "places"), WRONG)
def test_a_wrong_benefit_is_told_at_its_field(change: dict[str, Any], places: list[str]) -> None:
    cup = Benefit(id="cup", zh="杯", en="cup", kind=BenefitKind.PRIZE, minutes=60)
    star = StarLevel(zh="星", en="star", minutes=60)
    with pytest.raises(DefinitionError) as refused:
        RuleSet(
            id="demo",
            version=1,
            effective=0,
            source="assumed: test",
            levels=(star,),
            benefits=(attrs.evolve(cup, **change),),
        )
    assert [fault.place for fault in refused.value.faults] == places


def test_two_benefits_of_one_id_and_too_many_are_faults() -> None:
    cup = Benefit(id="cup", zh="杯", en="cup", kind=BenefitKind.PRIZE, minutes=60)
    rules = latest("national")
    for many, place in ((2, "benefits[1].id"), (41, "benefits")):
        with pytest.raises(DefinitionError) as refused:
            attrs.evolve(rules, benefits=(cup,) * many)
        assert refused.value.faults[0].place == place
