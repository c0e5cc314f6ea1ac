"""What sites and areas should have: the audit finds what is missing, and nothing else."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import (
    BasisKind,
    corps_names,
    load_standard,
    record_rules_names,
    standard_names,
)
from practice_core.areas.files import shipped
from practice_core.areas.standards import read_standard
from practice_core.errors import DefinitionError, UnknownName
from practice_core.hierarchy import Hierarchy, Level, Site, SiteId
from practice_core.standards import (
    Demand,
    Fact,
    Finding,
    Reading,
    Standard,
    audit,
    grants,
    month_of,
    service_facts,
    site_facts,
)
from practice_core.terms import Category
from practice_core.testing import hierarchies
from practice_core.units import HOUR, instant

if TYPE_CHECKING:
    from practice_core.standards import Month

every = pytest.mark.parametrize("name", standard_names())
CENTER, TOWN, OTHER, VILLAGE, HAMLET = map(SiteId, ("tz", "hx", "lq", "hx-1", "lq-1"))


def site(name: SiteId, zh: str, level: Level, parent: SiteId | None) -> Site:
    return Site(name, zh, level, parent, 117.2, 35.1, synthetic=True)


TENGZHOU = Hierarchy(
    [
        site(CENTER, "滕州中心", Level.CENTER, None),
        site(TOWN, "洪绪镇", Level.INSTITUTE, CENTER),
        site(OTHER, "龙泉街道", Level.INSTITUTE, CENTER),
        site(VILLAGE, "甲村", Level.STATION, TOWN),
        site(HAMLET, "乙村", Level.STATION, OTHER),
    ]
)
NOVEMBER: Month = (2020, 11)


def says(name: str) -> Standard:
    return load_standard(name).says


def all_there(standard: Standard, sites: Hierarchy, months: list[Month]) -> list[Fact]:
    """Exactly what a standard asks for."""
    return [
        Fact(demand.key, one, demand.least, month, demand.category)
        for demand in standard.demands
        if demand.least
        for one in (
            [each.id for level in demand.levels for each in sites.at_level(level)]
            if demand.levels
            else [None]
        )
        for month in (months if demand.monthly else [None])
    ]


def at(finding: Finding) -> SiteId | None:
    return None if finding.site is None else finding.site.id


def keys(findings: tuple[Finding, ...]) -> set[tuple[Demand, SiteId | None, Month | None]]:
    return {(one.demand, at(one), one.month) for one in findings}


# ------------------------------------------------------------------ properties

standards = st.sampled_from([says(name) for name in standard_names()])
readings = st.sampled_from(Reading)
months_drawn = st.lists(st.tuples(st.just(2020), st.integers(1, 12)), max_size=3, unique=True)


@st.composite
def facts(draw: st.DrawFn, standard: Standard, sites: Hierarchy) -> Fact:
    demand = draw(st.sampled_from(standard.demands))
    key = draw(st.sampled_from([demand.key, "else"]))
    where = draw(st.sampled_from([None, *(one.id for one in sites)]))
    month = draw(st.none() | st.tuples(st.just(2020), st.integers(1, 12)))
    category = draw(st.none() | st.sampled_from(Category))
    return Fact(key, where, draw(st.integers(1, 200)), month, category)


@given(standards, readings, hierarchies(), months_drawn, st.data())
def test_one_more_fact_never_brings_a_finding(
    standard: Standard,
    reading: Reading,
    sites: Hierarchy,
    months: list[Month],
    data: st.DataObject,
) -> None:
    known = data.draw(st.lists(facts(standard, sites), max_size=8))
    extra = data.draw(facts(standard, sites))
    taken = standard.read(reading)
    before = keys(audit(taken, sites, known, months=months))
    after = keys(audit(taken, sites, [*known, extra], months=months))
    assert after <= before


@given(standards, readings, hierarchies(), months_drawn, st.data())
def test_a_fact_that_was_taken_away_is_found_missing_and_nothing_else_is(
    standard: Standard,
    reading: Reading,
    sites: Hierarchy,
    months: list[Month],
    data: st.DataObject,
) -> None:
    taken = standard.read(reading)
    there = all_there(taken, sites, months)
    assert audit(taken, sites, there, months=months) == ()
    if there:
        gone = data.draw(st.sampled_from(there))
        left = [one for one in there if one is not gone]
        found = audit(taken, sites, left, months=months)
        if gone.category is None and gone.key == "service":  # the nine kinds are services too
            assert len(found) <= 1
        else:
            assert [(one.demand.key, at(one), one.month) for one in found] == [
                (gone.key, gone.site, gone.month)
            ]


@given(standards, hierarchies(), months_drawn, st.data())
def test_the_strict_reading_finds_all_that_the_lenient_one_finds(
    standard: Standard, sites: Hierarchy, months: list[Month], data: st.DataObject
) -> None:
    known = data.draw(st.lists(facts(standard, sites), max_size=8))

    def found(reading: Reading) -> set[tuple[str, SiteId | None, Month | None, Any]]:
        taken = audit(standard.read(reading), sites, known, months=months)
        return {(one.demand.key, at(one), one.month, one.demand.category) for one in taken}

    assert found(Reading.LENIENT) <= found(Reading.AS_GIVEN) <= found(Reading.STRICT)


# ------------------------------------------------------------------ what the documents ask for

ITEMS = {
    "tengzhou_five": ["有阵地", "有计划", "有队伍", "有实践", "有成效"],
    "six": ["有内容", "有队伍", "有场所", "有活动", "有保障", "有标识"],
    "wujiang_seven": [
        "有标牌标识",
        "有志愿服务站",
        "有志愿团队",
        "有工作制度",
        "有工作计划",
        "有实践活动",
        "有工作特色",
    ],
}
TARGETS = {
    "wujiang_targets": {
        "brand_route": 10,
        "demonstration_station": 100,
        "demonstration_spot": 100,
        "demonstration_team": 100,
        "excellent_worker": 1_000,
        "demonstration_household": 10_000,
    },
    "taicang_targets": {
        "comprehensive_site": 10,
        "feature_station": 100,
        "spot": 1_000,
        "leader": 10_000,
    },
}


@pytest.mark.parametrize("name", ITEMS)
def test_a_checklist_asks_for_the_items_that_its_document_names(name: str) -> None:
    standard = says(name)
    assert [demand.zh for demand in standard.demands] == ITEMS[name]
    assert [demand.least for demand in standard.demands] == [1] * len(ITEMS[name])


@pytest.mark.parametrize("name", TARGETS)
def test_ten_a_hundred_a_thousand_ten_thousand_count_other_things_in_each_place(
    name: str,
) -> None:
    standard = says(name)
    assert {demand.key: demand.least for demand in standard.demands} == TARGETS[name]
    assert standard.name("zh") == "十百千万"
    assert all(demand.levels == () for demand in standard.demands)


PUBLISHED = {
    "hongxu_monthly": {"demands[0].least": 1},
    "rooms": {"demands[0].least": 50, "demands[1].least": 20},
    "shanxian_stars": {
        f"five_star_yuan.{level}": yuan
        for level, yuan in (("institute", 30_000), ("station", 6_000), ("spot", 1_000))
    },
    **{
        name: {f"demands[{n}].least": 1 for n in range(len(items))} for name, items in ITEMS.items()
    },
    **{
        name: {f"demands[{n}].least": least for n, least in enumerate(targets.values())}
        for name, targets in TARGETS.items()
    },
}


@every
def test_no_number_is_published_but_those_that_the_documents_print(name: str) -> None:
    found = load_standard(name)
    assert found.id == name
    assert found.name_en.isascii()
    numbers = {f"demands[{n}].least": one.least for n, one in enumerate(found.says.demands)}
    numbers |= {
        f"five_star_yuan.{level}": yuan for level, yuan in found.says.five_star_yuan.items()
    }
    published = {
        key: number
        for key, number in numbers.items()
        if (basis := found.basis(key)) is not None and basis.kind is BasisKind.PUBLISHED
    }
    assert published == PUBLISHED[name]


def test_a_missing_item_is_found_at_its_site_in_both_languages() -> None:
    five = says("tengzhou_five")
    there = all_there(five, TENGZHOU, [])
    planted = [one for one in there if (one.key, one.site) != ("plan", VILLAGE)]
    [finding] = audit(five, TENGZHOU, planted)
    assert (finding.site, finding.demand.key, finding.found) == (
        TENGZHOU.site(VILLAGE),
        "plan",
        0,
    )
    assert finding.text() == "甲村 (hx-1): missing: a plan"
    assert finding.text("zh") == "甲村（hx-1）：缺少“有计划”"


def test_a_target_that_is_not_reached_says_how_far_it_is() -> None:
    wujiang = says("wujiang_targets")
    reached = all_there(wujiang, TENGZHOU, [])
    short = [one for one in reached if one.key != "excellent_worker"]
    [finding] = audit(wujiang, TENGZHOU, [*short, Fact("excellent_worker", TOWN, 999)])
    assert finding.site is None
    assert finding.text() == "the area: excellent workers: 999, at least 1,000 expected"
    assert finding.text("zh") == "全域：“优秀工作者”现有 999，应不少于 1,000"


def test_the_stations_of_hongxu_serve_every_month_and_those_of_other_towns_are_not_asked() -> None:
    monthly = says("hongxu_monthly")
    zone = dt.timezone(dt.timedelta(hours=8))
    ended = [instant(dt.datetime(2020, 11, day, 16, tzinfo=zone)) for day in (3, 30)]
    served = service_facts([(VILLAGE, each, Category.LAW) for each in ended], 8 * HOUR)
    months = [NOVEMBER, (2020, 12)]
    found = audit(monthly, TENGZHOU, served, months=months, within=TOWN)
    assert [(at(one), one.month) for one in found] == [(VILLAGE, (2020, 12))]
    assert found[0].text("zh") == "甲村（hx-1），2020-12：缺少“志愿服务”"
    assert found[0].text() == "甲村 (hx-1), 2020-12: missing: services"


def test_that_each_of_the_nine_kinds_is_due_every_month_is_the_strict_reading_alone() -> None:
    local = load_standard("hongxu_monthly")
    kinds = [one for one in local.says.demands if one.category is not None]
    assert [one.zh for one in kinds] == [
        "文明宣讲",
        "法治",
        "风尚",
        "环保",
        "帮扶",
        "演艺",
        "礼教",
        "健体",
        "科普",
    ]
    for n in range(1, 10):
        basis = local.basis(f"demands[{n}].least")
        assert basis is not None
        assert (basis.kind, basis.range) == (BasisKind.ASSUMED, (0, 1))
    served = [Fact("service", VILLAGE, 2, NOVEMBER, Category.LAW)]

    def count(reading: Reading) -> int:
        taken = local.says.read(reading)
        return len(audit(taken, TENGZHOU, served, months=[NOVEMBER], within=TOWN))

    assert {reading: count(reading) for reading in Reading} == {
        Reading.AS_GIVEN: 0,
        Reading.LENIENT: 0,
        Reading.STRICT: 8,
    }


def test_an_unrated_site_of_shan_county_is_found_and_five_stars_are_paid_for() -> None:
    stars = says("shanxian_stars")
    rated = [Fact("star", TOWN, 5), Fact("star", VILLAGE, 5), Fact("star", HAMLET, 4)]
    found = audit(stars, TENGZHOU, rated)
    assert [at(one) for one in found] == [OTHER]
    assert grants(stars, TENGZHOU, rated) == {TOWN: 30_000, VILLAGE: 6_000}


def test_a_room_holds_fifty_in_a_town_and_twenty_in_a_village() -> None:
    seats = [Fact("seat", TOWN, 49), Fact("seat", OTHER, 50), Fact("seat", VILLAGE, 20)]
    found = audit(says("rooms"), TENGZHOU, seats)
    assert [(at(one), one.found, one.demand.least) for one in found] == [
        (TOWN, 49, 50),
        (HAMLET, 0, 20),
    ]


def test_sites_are_facts_of_their_level() -> None:
    count = dict.fromkeys(Level, 0)
    for fact in site_facts(TENGZHOU):
        count[Level(fact.key)] += fact.amount
    assert count == TENGZHOU.counts()


def test_months_are_local() -> None:
    midnight = instant(dt.datetime(2020, 12, 1, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    assert month_of(midnight, 8 * HOUR) == (2020, 12)
    assert month_of(midnight - 1, 8 * HOUR) == NOVEMBER


# ------------------------------------------------------------------ refusals


def test_a_fact_at_a_site_that_there_is_not_is_told() -> None:
    with pytest.raises(UnknownName, match="did you mean"):
        audit(says("rooms"), TENGZHOU, [Fact("seat", SiteId("hx-2"))])
    with pytest.raises(UnknownName):
        grants(says("shanxian_stars"), TENGZHOU, [Fact("star", SiteId("hx-2"))])


@pytest.mark.parametrize(
    ("amount", "month", "places"),
    [(0, None, ["amount"]), (-1, (2020, 13), ["amount", "month"]), (1, (2020, 0), ["month"])],
)
def test_a_fact_takes_nothing_away(amount: int, month: Month | None, places: list[str]) -> None:
    with pytest.raises(DefinitionError) as refused:
        Fact("seat", TOWN, amount, month)
    assert [fault.place for fault in refused.value.faults] == places


def test_a_standard_is_refused_with_all_its_faults() -> None:
    seat = Demand(key="座", zh="座", en="seats", least=3, plausible=(4, 5))
    with pytest.raises(DefinitionError) as refused:
        Standard(
            id="own",
            name_zh="座",
            name_en="seats",
            demands=(seat,),
            five_star_yuan={Level.SPOT: -1},
        )
    assert [fault.place for fault in refused.value.faults] == [
        "demands[0].key",
        "demands[0].least",
        "five_star_yuan.spot",
    ]
    with pytest.raises(DefinitionError, match="demands: nothing"):
        Standard(id="own", name_zh="无", name_en="nothing", demands=())


def test_a_file_of_ones_own_is_read_and_a_wrong_one_refused(tmp_path: Path) -> None:
    text = shipped("standards")["rooms"].read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text, encoding="utf-8")
    assert load_standard(own).says == says("rooms")
    wrong = text.replace("value = 50", "value = -50").replace('en = "people', 'english = "people')
    with pytest.raises(DefinitionError) as refused:
        read_standard(wrong.encode(), "own.toml")
    assert {fault.place for fault in refused.value.faults} == {
        "own.toml: demands[0].en",
        "own.toml: demands[0].english",
        "own.toml: demands[1].en",
        "own.toml: demands[1].english",
    }
    with pytest.raises(DefinitionError, match=r"own\.toml: demands\[0\]\.least: -50"):
        read_standard(text.replace("value = 50", "value = -50").encode(), "own.toml")
    with pytest.raises(DefinitionError, match=r"own\.toml: demands\[0\]\.zh: nothing"):
        read_standard(text.replace('zh = "室内可容纳人数"', 'zh = ""', 1).encode(), "own.toml")
    headless = text.replace('id = "rooms"', 'id = "房"').replace(
        'document = "template on town sub-centers, undated, weak source"', 'document = ""'
    )
    with pytest.raises(DefinitionError) as refused:
        read_standard(headless.encode(), "own.toml")
    assert [fault.place for fault in refused.value.faults] == ["own.toml: id", "own.toml: document"]


def test_a_demand_of_nothing_is_always_met() -> None:
    none = attrs.evolve(says("rooms").demands[0], least=0)
    standard = attrs.evolve(says("rooms"), demands=(none,))
    assert audit(standard, TENGZHOU, []) == ()


def test_the_page_names_every_file_that_ships() -> None:
    page = (Path(__file__).parents[1] / "docs" / "volunteers.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(named) == sorted([*corps_names(), *standard_names()])
    for name in record_rules_names():
        assert f"`{name}`" in page
