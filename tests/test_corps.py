"""Corps as trees of units, and the patterns by which areas describe them."""

from __future__ import annotations

import pickle
import re
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from practice_core.areas import BasisKind, corps_names, load_area, load_corps, read_units
from practice_core.areas.corps import read_corps
from practice_core.areas.files import shipped
from practice_core.errors import DefinitionError, UnknownName
from practice_core.hierarchy import Hierarchy, Level, Site, SiteId
from practice_core.terms import Category, term
from practice_core.testing import corps, hierarchies
from practice_core.units import TeamId, VolunteerId
from practice_core.volunteers import (
    ALWAYS,
    Availability,
    Corps,
    CorpsPlan,
    Office,
    Part,
    Qualification,
    Unit,
    UnitKind,
    UnitLevel,
    Volunteer,
    VolunteerStatus,
    build_corps,
    muster,
)
from tests.patience import within

if TYPE_CHECKING:
    import random
    from pathlib import Path


def site(name: str, level: Level, parent: str | None = None) -> Site:
    above = None if parent is None else SiteId(parent)
    return Site(SiteId(name), name, level, above, 120.6, 31.1, synthetic=True)


TOWNS = Hierarchy(
    [
        site("c", Level.CENTER),
        site("i1", Level.INSTITUTE, "c"),
        site("i2", Level.INSTITUTE, "c"),
        site("s1", Level.STATION, "i1"),
        site("s2", Level.STATION, "i2"),
    ]
)


def unit(name: str, level: UnitLevel, superior: str | None = None, **more: Any) -> Unit:  # noqa: ANN401 - any field of a unit
    above = None if superior is None else TeamId(superior)
    return Unit(id=TeamId(name), level=level, superior=above, **more)


HEAD = unit("u", UnitLevel.CORPS, site=SiteId("c"))
TOWN = unit("d1", UnitLevel.DETACHMENT, "u", site=SiteId("i1"))
LAW = unit("law", UnitLevel.DETACHMENT, "u", kind=UnitKind.FUNCTIONAL, categories=(Category.LAW,))


def network(institutes: int, stations: int) -> Hierarchy:
    """So many sites as a source prints, wherever they stand."""
    towns = [site(f"i{n}", Level.INSTITUTE, "c") for n in range(institutes)]
    villages = [
        site(f"s{n}", Level.STATION, f"i{n % institutes}" if institutes else "c")
        for n in range(stations)
    ]
    return Hierarchy([site("c", Level.CENTER), *towns, *villages])


# ------------------------------------------------------------------ properties


@given(hierarchies(), st.data())
def test_every_way_up_ends_at_the_corps_through_ever_higher_levels(
    sites: Hierarchy, data: st.DataObject
) -> None:
    tree = data.draw(corps(sites))
    for one in tree:
        chain = tree.chain(one.id)
        ranks = [tree.unit(each).level.rank for each in chain]
        assert chain[0] == one.id
        assert chain[-1] == tree.root.id
        assert ranks == sorted(set(ranks), reverse=True)


@given(hierarchies(), st.data())
def test_scope_is_the_inverse_of_chain_and_covers_says_the_same(
    sites: Hierarchy, data: st.DataObject
) -> None:
    tree = data.draw(corps(sites))
    for of in tree:
        scope = tree.scope(of.id)
        assert scope == {one.id for one in tree if of.id in tree.chain(one.id)}
        assert scope == {one.id for one in tree if tree.covers(of.id, one.id)}
        assert set(tree.subordinates(of.id)) == {one.id for one in tree if one.superior == of.id}


@given(hierarchies(), st.data())
def test_a_territorial_unit_serves_where_its_superior_does(
    sites: Hierarchy, data: st.DataObject
) -> None:
    tree = data.draw(corps(sites))
    for one in tree:
        if one.kind is UnitKind.TERRITORIAL and one.superior is not None:
            above = tree.unit(one.superior).site
            assert above is not None
            assert one.site is not None
            assert sites.covers(above, one.site)


@given(hierarchies(), st.data(), st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter_and_a_corps_survives_pickling(
    sites: Hierarchy, data: st.DataObject, rng: random.Random
) -> None:
    tree = data.draw(corps(sites))
    units = list(tree)
    rng.shuffle(units)
    again = Corps(units, sites)
    assert again == tree
    assert hash(again) == hash(tree)
    assert pickle.loads(pickle.dumps(tree)) == tree  # noqa: S301 - our own bytes


@given(hierarchies(), st.data())
def test_any_cycle_is_found_once_with_all_its_units(sites: Hierarchy, data: st.DataObject) -> None:
    tree = data.draw(corps(sites))
    bottom = data.draw(st.sampled_from(sorted(tree, key=lambda one: one.id)))
    chain = tree.chain(bottom.id)
    top = tree.unit(data.draw(st.sampled_from(chain)))
    turned = attrs.evolve(top, superior=bottom.id)
    units = [turned if one.id == top.id else one for one in tree]
    with pytest.raises(DefinitionError) as refused:
        Corps(units, sites)
    said = [fault for fault in refused.value.faults if "cycle" in fault.found]
    looped = sorted(chain[: chain.index(top.id) + 1])
    assert [fault.found.rpartition(": ")[2].split(", ") for fault in said] == [looped]


def test_corps_shrink_to_a_corps_alone() -> None:
    alone = find(corps(TOWNS), lambda _: True)
    assert [one.level for one in alone] == [UnitLevel.CORPS]
    small = find(corps(TOWNS), lambda tree: len(tree) > 1)
    assert len(small) == 2


# ------------------------------------------------------------------ refusals


BROKEN: dict[str, tuple[list[Unit], str, str]] = {
    "no corps": ([], "corps", "no corps among 0"),
    "two corps": ([HEAD, unit("v", UnitLevel.CORPS, site=SiteId("c"))], "unit v", "one of 2 corps"),
    "corps below": (
        [HEAD, TOWN, unit("v", UnitLevel.CORPS, "d1", site=SiteId("c"))],
        "unit v",
        "corps with superior 'd1'",
    ),
    "orphan": (
        [HEAD, attrs.evolve(TOWN, superior=None)],
        "unit d1",
        "detachment without a superior",
    ),
    "unknown": (
        [HEAD, attrs.evolve(TOWN, superior=TeamId("x"))],
        "unit d1",
        "superior 'x' is no unit",
    ),
    "levels": (
        [HEAD, TOWN, unit("b", UnitLevel.BRIGADE, "d1", site=SiteId("i1"))],
        "unit b",
        "brigade below detachment 'd1'",
    ),
    "same level": (
        [HEAD, TOWN, unit("b", UnitLevel.DETACHMENT, "d1", site=SiteId("i1"))],
        "unit b",
        "detachment below detachment 'd1'",
    ),
    "twice": ([HEAD, TOWN, attrs.evolve(TOWN, site=SiteId("i2"))], "unit d1", "2 units of id 'd1'"),
    "no id": ([HEAD, attrs.evolve(TOWN, id=TeamId("一队"))], "unit 一队", "id '一队'"),
    "no site": ([HEAD, attrs.evolve(TOWN, site=None)], "unit d1", "territorial without a site"),
    "unknown site": (
        [HEAD, attrs.evolve(TOWN, site=SiteId("x"))],
        "unit d1",
        "site 'x' is no site",
    ),
    "elsewhere": (
        [HEAD, TOWN, unit("t", UnitLevel.SQUAD, "d1", site=SiteId("s2"))],
        "unit t",
        "site 's2' is not below 'i1', where its superior is",
    ),
    "corps elsewhere": ([attrs.evolve(HEAD, site=SiteId("i1"))], "unit u", "a corps at 'i1'"),
    "no categories": (
        [HEAD, attrs.evolve(LAW, categories=())],
        "unit law",
        "functional without categories",
    ),
    "category twice": (
        [HEAD, attrs.evolve(LAW, categories=(Category.LAW, Category.LAW))],
        "unit law",
        "a category twice",
    ),
    "territorial below functional": (
        [HEAD, LAW, unit("t", UnitLevel.SQUAD, "law", site=SiteId("s1"))],
        "unit t",
        "territorial below functional 'law'",
    ),
    "somebody twice": (
        [attrs.evolve(HEAD, roster=(VolunteerId("v-1"), VolunteerId("v-1")))],
        "unit u: roster",
        "1 number again",
    ),
    "a telephone": (
        [attrs.evolve(HEAD, roster=(VolunteerId("13912345678"),))],
        "unit u: roster[0]",
        "what looks like a mobile number",
    ),
}


@pytest.mark.parametrize(("units", "place", "found"), BROKEN.values(), ids=BROKEN)
def test_every_kind_of_fault_is_found_at_its_place(
    units: list[Unit], place: str, found: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        Corps(units, TOWNS)
    assert (place, found) in {(fault.place, fault.found) for fault in refused.value.faults}


def test_all_faults_come_at_once_each_with_the_line_it_came_from() -> None:
    units = [
        HEAD,
        unit("a", UnitLevel.SQUAD, "b", site=SiteId("i1")),
        unit("b", UnitLevel.SQUAD, "a", site=SiteId("s9")),
        unit("d", UnitLevel.SQUAD, "z", kind=UnitKind.FUNCTIONAL),
    ]
    lines = {one.id: f"corps.csv:{n}" for n, one in enumerate(units, 2)}
    with pytest.raises(DefinitionError) as refused:
        Corps(units, TOWNS, lines)
    assert [(fault.place, fault.found) for fault in refused.value.faults] == [
        ("corps.csv:3", "squad below squad 'b'"),
        ("corps.csv:4", "squad below squad 'a'"),
        ("corps.csv:5", "superior 'z' is no unit"),
        ("corps.csv:3", "units that belong to one another in a cycle: a, b"),
        ("corps.csv:4", "site 's9' is no site"),
        ("corps.csv:5", "functional without categories"),
    ]


def test_a_unit_that_there_is_not_is_told_with_those_that_there_are() -> None:
    tree = Corps([HEAD, TOWN], TOWNS)
    for asked in (tree.unit, tree.superior, tree.chain, tree.scope, tree.subordinates):
        with pytest.raises(UnknownName, match="no unit named 'd2'; known: d1, u"):
            asked(TeamId("d2"))
    assert "d1" in tree
    assert "d2" not in tree


def test_a_volunteer_of_several_teams_counts_once() -> None:
    ann, ben = VolunteerId("v-1"), VolunteerId("v-2")
    tree = Corps(
        [
            HEAD,
            attrs.evolve(TOWN, roster=(ann, ben)),
            attrs.evolve(LAW, roster=(ann,)),
        ],
        TOWNS,
    )
    assert tree.volunteers(TeamId("u")) == {ann, ben}
    assert tree.volunteers(TeamId("law")) == {ann}


# ------------------------------------------------------------------ the patterns of the sources


def test_the_corps_of_tengzhou_has_twelve_specialty_detachments_and_one_for_each_town() -> None:
    sites = network(21, 1_224)
    tree = build_corps(load_corps("tengzhou").says, sites)
    detachments = UnitLevel.DETACHMENT
    assert len(tree.at_level(detachments, UnitKind.FUNCTIONAL)) == 12
    assert len(tree.at_level(detachments, UnitKind.TERRITORIAL)) == 21
    assert len(tree.at_level(UnitLevel.SERVICE_TEAM)) == 1_224
    assert tree.root.leader is Office.COUNTY_PARTY_SECRETARY
    team = tree.at_level(UnitLevel.SERVICE_TEAM)[0]
    levels = [tree.unit(one).level for one in tree.chain(team.id)]
    assert levels == [
        UnitLevel.SERVICE_TEAM,
        UnitLevel.SQUAD,
        UnitLevel.DETACHMENT,
        UnitLevel.CORPS,
    ]
    assert team.leader is Office.VILLAGE_PARTY_SECRETARY
    assert tree.unit(tree.chain(team.id)[2]).leader is Office.TOWN_PARTY_SECRETARY


def test_the_corps_of_jintan_has_eight_standing_detachments_and_twenty_two_teams_below() -> None:
    jintan = load_corps("jintan")
    assert jintan.says.signs == ("1", "8", "22")
    assert [part.name("zh") for part in jintan.says.parts] == ["总队", "常备支队", "特色服务队"]
    tree = build_corps(jintan.says, network(9, 123))
    assert list(tree.counts().values()) == [1, 0, 8, 0, 22]
    assert tree.root.leader is Office.COUNTY_PARTY_SECRETARY
    for team in tree.at_level(UnitLevel.SERVICE_TEAM):
        assert team.superior is not None
        above = tree.unit(team.superior)
        assert above.level is UnitLevel.DETACHMENT
        assert set(team.categories) <= set(above.categories)


def test_the_corps_of_wujiang_has_one_detachment_for_each_of_its_eleven_towns() -> None:
    area = load_area("wujiang")
    tree = build_corps(load_corps("wujiang").says, area.hierarchy())
    towns = tree.at_level(UnitLevel.DETACHMENT, UnitKind.TERRITORIAL)
    assert len(towns) == 11
    institutes = {one.id for one in area.hierarchy().at_level(Level.INSTITUTE)}
    assert {one.site for one in towns} == institutes


def test_the_other_published_patterns_have_the_numbers_that_are_printed() -> None:
    laizhou = build_corps(load_corps("laizhou").says, network(5, 20))
    assert len(laizhou.at_level(UnitLevel.DETACHMENT)) == 17
    assert len(laizhou.at_level(UnitLevel.SQUAD)) == 25
    jingyuan = build_corps(load_corps("jingyuan").says, network(7, 99))
    teams = [one for one in jingyuan if one.level is not UnitLevel.CORPS]
    assert len(teams) == 980
    assert len(jingyuan.at_level(UnitLevel.DETACHMENT)) == 8


PUBLISHED = {
    "jintan": {"parts[1].count": 8, "parts[2].count": 22},
    "tengzhou": {"parts[1].count": 12},
    "laizhou": {"parts[1].count": 17},
    "jingyuan": {"parts[1].count": 8},
}


@pytest.mark.parametrize("name", corps_names())
def test_no_number_of_a_pattern_is_published_but_those_that_the_sources_print(name: str) -> None:
    found = load_corps(name)
    assert found.id == name
    assert found.name_en.isascii()
    numbers = {
        f"parts[{n}].count": part.count
        for n, part in enumerate(found.says.parts)
        if (basis := found.basis(f"parts[{n}].count")) and basis.kind is BasisKind.PUBLISHED
    }
    assert numbers == PUBLISHED.get(name, {})


def test_a_place_with_ten_towns_has_no_corps_of_the_pattern_of_wujiang() -> None:
    with pytest.raises(DefinitionError) as refused:
        build_corps(load_corps("wujiang").says, network(10, 10))
    [fault] = refused.value.faults
    assert (fault.found, fault.expected) == ("10 of level detachment for '11'", "11")


def test_a_letter_stands_for_one_or_more() -> None:
    with pytest.raises(DefinitionError, match="0 of level detachment and squad and service_team"):
        build_corps(
            attrs.evolve(
                load_corps("tengzhou").says,
                parts=tuple(
                    part for part in load_corps("tengzhou").says.parts if part.kind.value[0] == "t"
                ),
            ),
            Hierarchy([site("c", Level.CENTER)]),
        )


def test_a_plan_is_refused_with_all_its_faults() -> None:
    parts = (
        Part(sign="1", level=UnitLevel.CORPS, at=Level.CENTER),
        Part(sign="08", level=UnitLevel.DETACHMENT, count=0, categories=((),)),
        Part(sign="二", level=UnitLevel.SQUAD),
    )
    with pytest.raises(DefinitionError) as refused:
        CorpsPlan(pattern="1+8", parts=parts)
    assert [fault.place for fault in refused.value.faults] == [
        "pattern",
        "parts[1].sign",
        "parts[1].count",
        "parts[1].categories",
        "parts[2].sign",
        "parts[2].categories",
    ]


def test_far_too_many_units_are_refused_before_any_is_made() -> None:
    many = Part(sign="N", level=UnitLevel.SQUAD, at=Level.STATION, count=10_000)
    head = Part(sign="1", level=UnitLevel.CORPS, at=Level.CENTER)
    plan = CorpsPlan(pattern="1+N", parts=(head, many))
    with within(1), pytest.raises(DefinitionError, match="at most 200,000"):
        build_corps(plan, network(1, 100))


# ------------------------------------------------------------------ files


def test_a_file_of_ones_own_is_read_and_a_wrong_one_refused_as_a_whole(tmp_path: Path) -> None:
    text = shipped("corps")["jintan"].read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text.replace('id = "jintan"', 'id = "own"'), encoding="utf-8")
    assert load_corps(own).says == load_corps("jintan").says
    wrong = (
        text.replace('pattern = "1822"', 'pattern = "1823"')
        .replace(
            'level = { value = "service_team", basis = "assumed"',
            'level = { value = "team", basis = "assumed"',
        )
        .replace('zh = "总队"', 'zh = ""')
    )
    with pytest.raises(DefinitionError) as refused:
        read_corps(wrong.encode(), "own.toml")
    assert [fault.place for fault in refused.value.faults] == ["own.toml: parts[2].level"]
    mended = wrong.replace('value = "team"', 'value = "service_team"')
    with pytest.raises(DefinitionError) as refused:
        read_corps(mended.encode(), "own.toml")
    assert [fault.place for fault in refused.value.faults] == ["own.toml: parts[0].zh"]
    bare = text.replace(
        'count = { value = 22, basis = "published", document = "1822: 22 specialty teams" }',
        "count = 22",
    )
    with pytest.raises(DefinitionError, match="count: 22 without a basis"):
        read_corps(bare.encode(), "own.toml")
    choice = re.sub('leader = {.*heads the corps" }', 'leader = "unit_head"', text)
    with pytest.raises(DefinitionError, match="leader: a choice without a basis"):
        read_corps(choice.encode(), "own.toml")


SHEET = """\
编号,层级,上级,阵地,类型,类别,负责人
u,总队,,c,,,县（市、区）委书记
d1,支队,u,i1,属地队伍,,镇（街道）党委书记
law,detachment,u,,,法律服务、aid,
t1,服务队,d1,s1,,,village_party_secretary
"""


def test_a_county_writes_its_own_units_in_either_language() -> None:
    tree = read_units(SHEET.encode(), "corps.csv", TOWNS)
    assert tree == Corps(
        [
            attrs.evolve(HEAD, leader=Office.COUNTY_PARTY_SECRETARY),
            attrs.evolve(TOWN, leader=Office.TOWN_PARTY_SECRETARY),
            attrs.evolve(LAW, categories=(Category.LAW, Category.AID)),
            unit(
                "t1",
                UnitLevel.SERVICE_TEAM,
                "d1",
                site=SiteId("s1"),
                leader=Office.VILLAGE_PARTY_SECRETARY,
            ),
        ],
        TOWNS,
    )
    assert read_units(SHEET.encode("gb18030"), "corps.csv", TOWNS) == tree


def test_a_wrong_table_of_units_is_refused_with_every_line() -> None:
    words = SHEET.replace("服务队,d1", "小组,d1").replace("法律服务、aid", "法律、aid")
    with pytest.raises(DefinitionError) as refused:
        read_units(words.encode(), "corps.csv", TOWNS)
    assert [(fault.place, fault.found) for fault in refused.value.faults] == [
        ("corps.csv:4", "'法律'"),
        ("corps.csv:5", "'小组'"),
    ]
    person = SHEET.replace("village_party_secretary", "王小明")
    with pytest.raises(DefinitionError, match=r"corps\.csv:5: '王小明'; expected one of"):
        read_units(person.encode(), "corps.csv", TOWNS)
    tree = SHEET.replace("t1,服务队,d1,s1", "t1,服务队,d2,s2").replace(
        "law,detachment,u,,", "law,detachment,d1,,"
    )
    with pytest.raises(DefinitionError) as refused:
        read_units(tree.encode(), "corps.csv", TOWNS)
    assert [(fault.place, fault.found) for fault in refused.value.faults] == [
        ("corps.csv:4", "detachment below detachment 'd1'"),
        ("corps.csv:5", "superior 'd2' is no unit"),
    ]
    with pytest.raises(DefinitionError, match="no column level"):
        read_units(b"id\nu\n", "corps.csv", TOWNS)
    with pytest.raises(DefinitionError, match=r"corps\.csv: corps: no corps among 0"):
        read_units(b"id,level\n", "corps.csv", TOWNS)


def test_a_pattern_that_does_not_ship_is_told_with_those_that_do() -> None:
    with pytest.raises(UnknownName, match="did you mean 'wujiang'"):
        load_corps("wujang")


# ------------------------------------------------------------------ from a roster to a team


def somebody(number: int, **more: Any) -> Volunteer:  # noqa: ANN401 - any field of a volunteer
    plain = {"id": VolunteerId(f"v-{number}"), "home": SiteId("c"), "adult": True}
    return Volunteer(**{**plain, **more})


def test_a_team_has_what_all_have_who_may_serve() -> None:
    people = [
        somebody(
            1,
            skills=frozenset({"first_aid", "driving"}),
            qualifications=(Qualification("lawyer", until=100), Qualification("teacher")),
            insured_until=100,
            availability=ALWAYS,
        ),
        somebody(
            2,
            skills=frozenset({"first_aid"}),
            qualifications=(Qualification("lawyer"), Qualification("teacher")),
            insured_until=50,
            availability=Availability.of(days=[0]),
        ),
        somebody(3, status=VolunteerStatus.PAUSED, availability=ALWAYS),
    ]
    roster = {one.id: one for one in people}
    unit_of_all = attrs.evolve(TOWN, categories=(Category.AID,), roster=tuple(roster))
    team = muster(unit_of_all, roster, at=49, jobs_per_week=2)
    assert team.members == 2
    assert team.free == (2,) * 3 + (1,) * 18
    assert team.skills == {"first_aid"}
    assert team.qualifications == {"lawyer", "teacher"}
    assert team.insured
    later = muster(unit_of_all, roster, at=100, jobs_per_week=2)
    assert later.qualifications == {"teacher"}
    assert not later.insured


def test_a_minor_whose_guardian_consents_makes_a_team_of_which_no_age_is_sure() -> None:
    minor = somebody(1, adult=False, guardian_consents=True)
    roster = {minor.id: minor}
    team = muster(
        attrs.evolve(LAW, roster=tuple(roster)), roster, at=0, jobs_per_week=1, home=SiteId("c")
    )
    assert (team.youngest, team.guardians, team.members) == (0, True, 1)


def test_a_team_of_nobody_is_refused_with_all_that_is_missing() -> None:
    with pytest.raises(DefinitionError) as refused:
        muster(attrs.evolve(LAW, roster=(VolunteerId("v-9"),)), {}, at=0, jobs_per_week=1)
    assert [fault.found for fault in refused.value.faults] == [
        "1 unknown",
        "nobody who may serve",
        "neither site nor home",
    ]


def test_levels_of_units_are_called_as_in_the_glossary() -> None:
    assert [term(level, "zh") for level in UnitLevel] == ["总队", "大队", "支队", "小队", "服务队"]


def test_a_corps_of_twenty_thousand_units_is_no_other_matter() -> None:
    head = Part(sign="1", level=UnitLevel.CORPS, at=Level.CENTER)
    law = ((Category.LAW,),)
    squads = Part(sign="N", level=UnitLevel.SQUAD, count=10_000, categories=law)
    teams = Part(sign="N", level=UnitLevel.SERVICE_TEAM, count=10_000, categories=law)
    plan = CorpsPlan(pattern="1+N", parts=(head, squads, teams))
    with within(5):
        tree = build_corps(plan, network(0, 0))
    assert {len(tree.subordinates(one.id)) for one in tree.at_level(UnitLevel.SQUAD)} == {1}


def test_a_corps_says_what_it_is_made_of_and_a_part_without_a_name_is_called_as_its_level() -> None:
    assert repr(Corps([HEAD, TOWN, LAW], TOWNS)) == "<Corps u: corps 1, detachment 2>"
    squad = Part(sign="N", level=UnitLevel.SQUAD, at=Level.STATION)
    assert (squad.name("zh"), squad.name()) == ("小队", "squad")
    local = load_corps("tengzhou")
    assert (local.name("zh"), local.place()) == ("滕州志愿服务总队", "Tengzhou")
    assert (local.name(), local.place("zh")) == ("Volunteer corps of Tengzhou", "滕州")


def test_functional_units_take_their_teams_in_turn() -> None:
    head = Part(sign="1", level=UnitLevel.CORPS, at=Level.CENTER)
    law, aid = (Category.LAW,), (Category.AID,)
    above = Part(sign="3", level=UnitLevel.DETACHMENT, count=3, categories=(law, law, aid))
    below = Part(sign="5", level=UnitLevel.SQUAD, count=5, categories=(law,))
    other = Part(sign="1", level=UnitLevel.SQUAD, count=1, categories=((Category.HEALTH,),))
    plan = CorpsPlan(pattern="1+3+5", parts=(head, above, below, attrs.evolve(other, sign="")))
    tree = build_corps(plan, TOWNS)
    found = [tree.superior(TeamId(f"c-squad-{n}")) for n in range(1, 7)]
    detachments = [f"c-detachment-{n}" for n in (1, 2, 1, 2, 1)]
    assert found == [*detachments, "c-corps-1"]
