"""The five areas of the documents: what is printed of them is what ships, and all of it runs."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import pytest

from practice_core import load_area
from practice_core.areas import (
    BasisKind,
    area_names,
    load_corps,
    load_loop,
    load_rules,
    load_standard,
)
from practice_core.cli import main
from practice_core.dispatch import policy
from practice_core.errors import DefinitionError
from practice_core.hierarchy import Level, RelationKind, SiteKind
from practice_core.lifecycle import Actor, Role
from practice_core.orders import Mode, PlaceOrder, Request, RequestedTime, ReviewOrder
from practice_core.service import Done, Practice
from practice_core.simulation import draw_city, load_scenario, make_tape, network_of, run_tape
from practice_core.standards import audit
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, ActorId, CommandId, OrderId
from practice_core.volunteers import UnitLevel, build_corps

Output = Any

HERE = Path(__file__).parent
PRINTED: dict[str, Any] = tomllib.loads((HERE / "data" / "cities.toml").read_text("utf-8"))
"""What the documents publish, figure by figure."""
AREAS = ("jintan", "taicang", "tengzhou", "wujiang", "zhangjiagang")
LEVELS = {"centers": Level.CENTER, "institutes": Level.INSTITUTE, "stations": Level.STATION}
LEVELS |= {"spots": Level.SPOT}
STANDARDS = {
    "jintan": ("six", "rooms"),
    "taicang": ("taicang_targets",),
    "tengzhou": ("tengzhou_five", "hongxu_monthly"),
    "wujiang": ("wujiang_seven", "wujiang_targets"),
    "zhangjiagang": ("six", "rooms"),
}
CONDITIONAL = {"tengzhou", "zhangjiagang", "taicang"}


def printed(area: str, *keys: str) -> Any:  # noqa: ANN401 - whatever is printed
    found = PRINTED[area]
    for key in keys:
        found = found[key]
    return found


def shown(area: str, capsys: Output) -> dict[str, Any]:
    assert main(["show", area, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


# ------------------------------------------------------------------ what is printed


def test_all_five_ship() -> None:
    assert set(area_names()) == set(AREAS) == set(PRINTED)


@pytest.mark.parametrize("area", AREAS)
def test_the_printed_network_is_the_one_that_is_shown(area: str, capsys: Output) -> None:
    counts = shown(area, capsys)["counts"]
    for key, level in LEVELS.items():
        if key in printed(area, "network"):
            assert counts[level] == printed(area, "network", key)
    if "sector_subcenters" in printed(area, "network"):
        assert counts["sector_subcenter"] == printed(area, "network", "sector_subcenters")


@pytest.mark.parametrize(
    ("area", "keys", "name"),
    [
        ("wujiang", ("volunteers", "registered"), "registered"),
        ("wujiang", ("volunteers", "teams"), "teams"),
        ("wujiang", ("year_2020", "activities"), "activities_2020"),
        ("wujiang", ("year_2020", "participations"), "participations_2020"),
        ("jintan", ("pairing", "units"), "paired_units"),
        ("jintan", ("volunteers", "standing_detachments"), "standing_detachments"),
        ("jintan", ("volunteers", "specialty_teams"), "specialty_teams"),
        ("jintan", ("volunteers", "lecture_teams"), "lecture_teams"),
        ("jintan", ("volunteers", "lecturers_over"), "lecturers_over"),
        (
            "jintan",
            ("volunteers", "lu_xudong_team_parents_over"),
            "lu_xudong_team_parents_over",
        ),
        ("jintan", ("points", "first_month", "activities"), "first_month_activities"),
        (
            "jintan",
            ("points", "first_month", "service_hours_over"),
            "first_month_service_hours_over",
        ),
        ("jintan", ("programmes", "projects_in_two_years"), "projects_in_two_years"),
        ("zhangjiagang", ("network", "venues_over"), "venues_over"),
        ("zhangjiagang", ("network", "demonstration_spots_over"), "demonstration_spots_over"),
        ("zhangjiagang", ("shared_venues", "schools"), "schools"),
        ("zhangjiagang", ("offline_channel", "letters_per_month"), "letters_per_month"),
        ("taicang", ("network", "sector_subcenters"), "sector_subcenters"),
        ("taicang", ("targets", "comprehensive_sites"), "target_comprehensive_sites"),
        ("taicang", ("targets", "feature_stations"), "target_feature_stations"),
        ("taicang", ("targets", "practice_spots"), "target_practice_spots"),
        ("taicang", ("targets", "leaders"), "target_leaders"),
        ("taicang", ("incubated_project", "team_over"), "incubated_team_over"),
        ("tengzhou", ("volunteers", "specialty_detachments"), "specialty_detachments"),
        ("tengzhou", ("volunteers", "village_example_volunteers"), "village_example_volunteers"),
        ("tengzhou", ("large_activities_over",), "large_activities_over"),
        ("tengzhou", ("monthly_minimum", "per_station"), "monthly_minimum_per_station"),
    ],
)
def test_every_printed_figure_is_in_the_area(area: str, keys: tuple[str, ...], name: str) -> None:
    found = load_area(area)
    assert found.published[name] == printed(area, *keys)
    assert found.bases[f"published.{name}"].kind is BasisKind.PUBLISHED


def test_zhangjiagang_books_99_of_100() -> None:
    share = load_area("zhangjiagang").published["booked_share_percent"]
    assert share / 100 == printed("zhangjiagang", "booking", "booked_share")


def test_zhangjiagang_has_as_many_venues_as_are_printed_at_least() -> None:
    network = load_area("zhangjiagang").hierarchy()
    assert len(network) == printed("zhangjiagang", "network", "venues_over")
    shared = network.of_kind(SiteKind.SHARED_VENUE)
    assert len(shared) == printed("zhangjiagang", "shared_venues", "schools")
    ties = [one for one in network.relations if one.kind is RelationKind.SHARED_VENUE]
    assert {one.site for one in ties} == {site.id for site in shared}
    for site in shared:  # early, late, on weekends: never while pupils are there
        assert site.hours is not None
    demonstration = [site for site in network if site.demonstration]
    assert len(demonstration) == printed("zhangjiagang", "network", "demonstration_spots_over")
    assert {site.level for site in demonstration} == {Level.SPOT}


def test_jintan_pairs_its_units_and_runs_four_venues_as_one() -> None:
    network = load_area("jintan").hierarchy()
    ties = Counter(one.kind for one in network.relations)
    assert ties[RelationKind.PAIRING] == printed("jintan", "pairing", "units")
    venues = network.of_kind(SiteKind.VENUE_SUBCENTER)
    assert [site.name for site in venues] == printed("jintan", "merged_venues_zh")
    assert ties[RelationKind.MERGED_OPERATION] == len(venues) - 1
    others = {one.other for one in network.relations if one.kind is RelationKind.MERGED_OPERATION}
    assert others == {venues[0].id}


def test_taicang_has_its_sectors_its_themes_and_hosts() -> None:
    area = load_area("taicang")
    network = area.hierarchy()
    sectors = network.of_kind(SiteKind.SECTOR_SUBCENTER)
    assert len(sectors) == printed("taicang", "network", "sector_subcenters")
    assert set(area.links.sectors.values()) <= {site.id for site in sectors}
    homes = network.of_kind(SiteKind.MICRO_HOME)
    assert [site.name for site in homes] == printed("taicang", "micro_sites_zh")
    hosts = [one for one in network.relations if one.kind is RelationKind.HOST]
    assert {one.site for one in hosts} == {site.id for site in homes}


def test_tengzhou_has_its_venues_beside_its_towns() -> None:
    network = load_area("tengzhou").hierarchy()
    venues = network.of_kind(SiteKind.VENUE_SUBCENTER)
    assert [site.name for site in venues] == printed("tengzhou", "venue_subcenters_zh")


def test_wujiang_is_allied_with_qingpu_and_jiashan() -> None:
    network = load_area("wujiang").hierarchy()
    allies = {one.other for one in network.relations if one.kind is RelationKind.ALLIANCE}
    assert allies == {f"{name}-center" for name in printed("wujiang", "alliance", "partners")}


@pytest.mark.parametrize("area", ["jintan", "tengzhou", "wujiang"])
def test_the_printed_corps_is_built_on_its_sites(area: str) -> None:
    plan = load_corps(area).says
    assert plan.pattern == printed(area, "volunteers", "corps_pattern")
    corps = build_corps(plan, load_area(area).hierarchy())
    levels = Counter(unit.level for unit in corps)
    assert levels[UnitLevel.CORPS] == 1
    towns = load_area(area).counts[Level.INSTITUTE]
    expected = {
        "jintan": {UnitLevel.DETACHMENT: 8, UnitLevel.SERVICE_TEAM: 22},
        "tengzhou": {UnitLevel.DETACHMENT: 12 + towns, UnitLevel.SERVICE_TEAM: 1_224},
        "wujiang": {UnitLevel.DETACHMENT: 11 + 8},
    }
    for level, count in expected[area].items():
        assert levels[level] == count


# ------------------------------------------------------------------ what is made up


@pytest.mark.parametrize("area", AREAS)
def test_the_network_is_whole_inside_its_outline_and_the_same_every_time(area: str) -> None:
    found = load_area(area)
    network = found.hierarchy()
    assert found.outline is not None
    assert all(found.outline.contains(site.lon, site.lat) for site in network)
    assert list(network) == list(found.hierarchy())
    ordinary = [site for site in network if site.kind is SiteKind.REGULAR]
    assert ordinary == list(found.hierarchy(special=False))  # special sites move nobody


@pytest.mark.parametrize("area", AREAS)
def test_every_number_says_what_it_rests_on(area: str, capsys: Output) -> None:
    assert main(["show", area, "--basis", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["numbers"]
    kinds = Counter(one["basis"] for one in listed)
    assert kinds["published"] > 0
    assert kinds["assumed"] > 0
    assert all(one["source"] for one in listed)
    keys = {one["key"] for one in listed}
    assert {"network.center", "resident.per_year", "loop.tries"} <= keys
    assert main(["show", area, "--basis", "--lang", "zh"]) == 0
    assert "假设" in capsys.readouterr().out


@pytest.mark.parametrize("area", AREAS)
def test_each_has_its_own_loop_and_rules(area: str) -> None:
    found = load_area(area)
    assert found.profile.name == area
    assert found.profile == load_loop(area).profile or area == "taicang"
    if area in {"jintan", "zhangjiagang"}:  # those that have points rules in a file of their own
        assert found.rules == load_rules(area).versions[-1]


@pytest.mark.parametrize("area", AREAS)
def test_its_audit_runs_and_facts_end_findings(area: str) -> None:
    network = load_area(area).hierarchy()
    for name in STANDARDS[area]:
        standard = load_standard(name).says
        within = network.children(network.root.id)[0] if name == "hongxu_monthly" else None
        found = audit(standard, network, [], months=[(2020, 11)], within=within)
        assert found  # nothing is there yet, and each demand says so
        assert all(one.text("zh") and one.text("en") for one in found)


# ------------------------------------------------------------------ it runs


@pytest.mark.parametrize("area", AREAS)
def test_an_order_walks_its_loop_to_a_team(area: str) -> None:
    scenario = load_scenario(area)
    city = draw_city(scenario, 0, 0)
    found = scenario.area
    practice = Practice.open("memory", found, hierarchy=city.hierarchy, teams=city.teams)
    site = city.hierarchy.at_level(Level.STATION)[0].id
    at = scenario.begins + 9 * HOUR
    request = Request(
        OrderId("o-1"),
        site,
        Category.AID,
        ActorId("ann"),
        at,
        at,
        at + 14 * DAY,
        2,
        60,
        RequestedTime.ANY,
        practice.route(site, category=Category.AID),
    )
    ann = Actor(ActorId("ann"), Role.REQUESTER)
    done = practice.do(request.id, PlaceOrder(request), id=CommandId("c-1"), by=ann, at=at)
    assert isinstance(done, Done), done
    desk = Actor(ActorId("desk"), Role.OFFICER, site=done.order.holder)
    if ReviewOrder in found.profile.rules and done.order.state.value == "placed":
        reviewed = practice.do(request.id, ReviewOrder(), id=CommandId("c-2"), by=desk, at=at)
        assert isinstance(reviewed, Done), reviewed
    pools = found.profile.modes == (Mode.POOL,)
    asked = practice.dispatch(policy("grab" if pools else "nearest"), at=at)
    assert [one.order.state.value for one in asked] == ["pooled" if pools else "offered"]


@pytest.mark.parametrize("area", AREAS)
def test_its_scenario_runs_and_serves(area: str) -> None:
    scenario = load_scenario(area).with_values({"horizon.weeks": 1, "horizon.warmup_weeks": 0})
    name = "grab" if scenario.area.profile.modes == (Mode.POOL,) else "nearest"
    run = run_tape(make_tape(scenario, 7, 0), policy(name))
    served = run.measures["served_share"].value
    assert served is not None
    assert 0 < served < 1


@pytest.mark.parametrize("area", sorted(CONDITIONAL))
def test_its_preview_says_that_it_is_a_conditional_what_if(area: str, capsys: Output) -> None:
    assert load_scenario(area).is_conditional
    short = ["--preview", "--weeks", "1", "--replications", "2", "--workers", "1"]
    assert main(["compare", area, *short]) == 0
    assert "A conditional what-if" in capsys.readouterr().out


def test_whose_volumes_are_published_is_no_what_if() -> None:
    assert not load_scenario("wujiang").is_conditional
    assert not load_scenario("jintan").is_conditional  # 800 activities in a month


def test_a_policy_that_asks_teams_is_refused_where_orders_are_only_posted(capsys: Output) -> None:
    assert main(["compare", "tengzhou", "--preview", "--policies", "nearest"]) == 2
    assert "this loop only posts orders to the pool" in capsys.readouterr().err


# ------------------------------------------------------------------ a fault is found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("count = { value = 11", "count = { value = 0", "special.sector_subcenter.count: 0"),
        ("[special.micro_home]", "[special.micro_homes]", "micro_homes"),
        ("[special.micro_home]", "[special.regular]", "special.regular: regular; expected one of"),
        ('["茶道馆", ', "[", "special.micro_home.names: 3 names; expected 4"),
        ('loop = "taicang"', 'loop = "taichang"', "did you mean 'taicang'"),
        ('"Mo-Su 08:30-21:00"', '"always"', "special.micro_home.hours"),
        ('on = { value = "station"', 'on = { value = "center"', "special.micro_home.on: center"),
    ],
)
def test_what_is_wrong_with_special_sites_has_its_place(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    folder = tmp_path / "county"
    package = Path(str(load_area.__globals__["_package"]()))
    shutil.copytree(package / "taicang", folder)
    text = (folder / "area.toml").read_text("utf-8")
    assert old in text
    (folder / "area.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DefinitionError) as refused:
        load_area(folder)
    assert said in str(refused.value)


def test_a_demonstration_is_of_what_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "county"
    shutil.copytree(Path(str(load_area.__globals__["_package"]())) / "zhangjiagang", folder)
    text = (folder / "area.toml").read_text("utf-8")
    text = text.replace(
        "[demonstration]\nspot = { value = 100", "[demonstration]\nspot = { value = 1_714"
    )
    (folder / "area.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"demonstration.spot: 1714; expected 0 to 1,713"):
        load_area(folder)


def test_special_sites_are_not_made_up_beside_a_table() -> None:
    area = load_area("taicang")
    assert area.special
    assert attrs.evolve(area, special=()).hierarchy().kinds()[SiteKind.SECTOR_SUBCENTER] == 0
    scenario = load_scenario("taicang")
    assert len(network_of(scenario, 0, 0)) - len(draw_city(scenario, 0, 0).hierarchy) == 11 + 4


@pytest.mark.parametrize("area", AREAS)
def test_a_county_of_its_own_may_begin_like_any_of_them(area: str, tmp_path: Path) -> None:
    county = HERE.parent / "docs" / "examples" / "county"
    folder = tmp_path / "qingshui"
    tables = ["--sites", str(county / "sites.csv"), "--teams", str(county / "teams.csv")]
    assert main(["new", str(folder), "--like", area, *tables]) == 0
    assert main(["check", str(folder)]) == 0
    began = load_area(folder)
    assert (began.id, began.profile.name) == ("qingshui", "qingshui")
    assert not began.special
    assert not began.links.sectors
