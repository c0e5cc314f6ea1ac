"""A county of one's own: its folder stands where an area's name does, or every fault is told."""

from __future__ import annotations

import datetime as dt
import json
import os
import pickle
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import Basis, BasisKind, SiteRow, load_area, read_sites, read_teams
from practice_core.areas.placement import stand
from practice_core.cli import main
from practice_core.dispatch import policy
from practice_core.errors import DefinitionError, UnknownName
from practice_core.experiment import assumptions, inputs
from practice_core.hierarchy import Hierarchy, Level, Outline, SiteKind
from practice_core.orders import Desk
from practice_core.simulation import Odd, draw_city, findings, load_scenario, run
from practice_core.terms import Category
from practice_core.units import HOUR, SiteId, instant

if TYPE_CHECKING:
    from collections.abc import Callable

SITES = """\
id,name,level,parent,lon,lat
c,Center,center,,120.42,31.62
i1,East,institute,c,120.43,31.63
i2,West,institute,c,120.35,31.60
s1,Mill,station,i1,120.44,31.64
s2,Pond,station,i1,120.46,31.61
s3,Hill,station,i2,120.33,31.59
s4,Ford,station,i2,120.36,31.58
"""
TEAMS = """\
id,home,categories,members,jobs_per_week,kind
t1,c,law;theory,40,3,unit
t2,i1,health,30,2,retired
t3,i2,aid;environment,25,2,office
t4,s1,culture,20,1,student
t5,s3,education;science,,,
"""
SQUARE = ((((120.2, 31.5), (120.6, 31.5), (120.6, 31.8), (120.2, 31.8), (120.2, 31.5)),),)
TEXTS = {
    file: resources.files("practice_core")
    .joinpath("areas", "wujiang", file)
    .read_text(encoding="utf-8")
    for file in ("area.toml", "scenario.toml")
}
SHORT = {"horizon.weeks": 1, "horizon.warmup_weeks": 0, "own_activity.per_year": 50.0}


def area_toml() -> str:
    """Give Wujiang's file with tables of sites and teams in the place of its counts and outline."""
    text = TEXTS["area.toml"].replace('outline = "outline.geojson"', 'sites = "sites.csv"')
    text = text.replace('id = "wujiang"', 'id = "dale"\nteams = "teams.csv"')
    return re.sub(r"\[network\].*?(?=\[calendar\])", "", text, flags=re.DOTALL)


def scenario_toml() -> str:
    text = TEXTS["scenario.toml"]
    for old, new in (
        ("[4, 3, 2.5, 2, 2, 1.5, 1.5, 1, 1, 1, 0.8]", "[1, 1]"),
        ("station = 0.60, spot = 0.30", "station = 0.90, spot = 0"),
        ("count = { value = 2_028", "count = { value = 5"),
        ("value = 13_872", "value = 192"),
        ("range = [3_468, 52_020]", "range = [48, 720]"),
        ("value = 6_000", "value = 80"),
        ("range = [2_000, 12_000]", "range = [20, 160]"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def county(tmp_path: Path) -> Path:
    """A county of two institutes, four stations and five teams."""
    folder = tmp_path / "dale"
    folder.mkdir()
    for name, text in (
        ("area.toml", area_toml()),
        ("scenario.toml", scenario_toml()),
        ("sites.csv", SITES),
        ("teams.csv", TEAMS),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def faults(folder: Path) -> list[str]:
    with pytest.raises(DefinitionError) as refused:
        load_scenario(folder)
    return [fault.place for fault in refused.value.faults]


# ---------------------------------------------------------------------------- what is loaded


def test_a_folder_is_an_area_with_its_own_sites_and_teams(county: Path) -> None:
    area = load_area(county)
    assert (area.id, area.prefix, area.seat, area.outline) == ("dale", "c", (120.42, 31.62), None)
    assert area.counts == {
        Level.CENTER: 1,
        Level.INSTITUTE: 2,
        Level.STATION: 4,
        Level.SPOT: 0,
    }
    assert area.sites == read_sites(SITES.encode(), "sites.csv")
    assert area.teams == read_teams(TEAMS.encode(), "teams.csv", area.sites or ())
    assert area.made_up == {"sites": False, "teams": False}


def test_the_same_folder_may_be_named_by_text_or_path(county: Path) -> None:
    assert load_area(str(county)) == load_area(county)


def test_given_sites_stand_where_they_are_in_every_replication(county: Path) -> None:
    area = load_area(county)
    one, other = (area.hierarchy(seed=7, replication=n) for n in (0, 1))
    assert one == other
    assert {(site.id, site.lon, site.lat) for site in one} == {
        (row.id, row.lon, row.lat) for row in area.sites or ()
    }
    assert not any(site.synthetic for site in one)


def test_what_the_table_says_of_a_team_holds_and_the_rest_is_drawn(county: Path) -> None:
    scenario = load_scenario(county)
    cities = [draw_city(scenario, 7, replication) for replication in range(8)]
    for city in cities:
        law, *_, open_one = sorted(city.teams, key=lambda team: team.id)
        assert (law.home, law.members, law.jobs_per_week) == ("c", 40, 3)
        assert law.categories == (Category.LAW, Category.THEORY)
        # A fifth of the members of a unit's team is free on a weekday's day: scenario.toml.
        assert law.free[0] == 8
        assert (open_one.home, open_one.categories[0]) == ("s3", Category.EDUCATION)
    drawn = {city.teams[-1].members for city in cities}
    assert len(drawn) > 1


def test_a_run_of_a_county_serves_its_orders(county: Path) -> None:
    scenario = load_scenario(county).with_values(SHORT)
    done = run(scenario, policy("nearest"), seed=7, replication=0)
    assert done.measures["served_share"].numerator > 0
    assert set(done.log.teams) == {"t1", "t2", "t3", "t4", "t5"}


def test_a_scenario_travels_with_its_area(county: Path) -> None:
    scenario = load_scenario(county)
    for file in county.iterdir():
        file.unlink()
    carried = pickle.loads(pickle.dumps(scenario))  # noqa: S301 - our own bytes
    assert carried == scenario
    assert carried.area.sites == scenario.area.sites
    assert draw_city(carried, 7, 0).teams == draw_city(scenario, 7, 0).teams


@pytest.mark.parametrize("file", ["area.toml", "sites.csv", "teams.csv", "scenario.toml"])
def test_a_changed_file_is_another_scenario(county: Path, file: str) -> None:
    before = load_scenario(county)
    old, new = {
        "area.toml": ('opens = "08:30"', 'opens = "09:30"'),
        "sites.csv": ("120.44,31.64", "120.44,31.65"),
        "teams.csv": ("law;theory,40", "law;theory,41"),
        "scenario.toml": ("eta = { value = 1.6", "eta = { value = 1.5"),
    }[file]
    change(county / file, old, new)
    assert load_scenario(county).digest != before.digest


# ---------------------------------------------------------------------------- odd networks


def test_stations_may_hang_on_the_center_beside_institutes(county: Path) -> None:
    change(county / "sites.csv", "s4,Ford,station,i2", "s4,Ford,station,c")
    scenario = load_scenario(county).with_values(SHORT | {"resident.per_year": 2_000.0})
    done = run(scenario, policy("nearest"), seed=7, replication=0)
    asked = {done.tape.site_of(n) for n in range(len(done.tape.demand))}
    assert "s4" in asked


def test_a_county_may_have_no_institute_at_all(county: Path) -> None:
    flat = "id,name,level,parent,lon,lat\nc,Center,center,,120.42,31.62\n"
    flat += "s1,Mill,station,c,120.44,31.64\ns3,Hill,station,c,120.33,31.59\n"
    (county / "sites.csv").write_text(flat, encoding="utf-8")
    (county / "teams.csv").write_text(
        "home,categories\nc,law\ns1,health\ns1,aid\ns3,culture\nc,theory\n", encoding="utf-8"
    )
    shares = "center = 0.02, institute = 0.08, station = 0.90, spot = 0"
    change(county / "scenario.toml", shares, "center = 0.1, institute = 0, station = 0.9, spot = 0")
    shares = "center = 0, institute = 0.10, station = 0.90, spot = 0"
    change(county / "scenario.toml", shares, "center = 0, institute = 0, station = 1, spot = 0")
    change(
        county / "scenario.toml",
        "institute_weights = { value = [1, 1]",
        "institute_weights = { value = []",
    )
    scenario = load_scenario(county).with_values(SHORT | {"resident.per_year": 2_000.0})
    assert scenario.city.institute_weights == []
    done = run(scenario, policy("nearest"), seed=7, replication=0)
    assert done.measures["served_share"].denominator > 0
    assert done.measures["institute_spread"].value is None


def test_a_category_without_an_archetype_is_to_be_added(county: Path) -> None:
    change(county / "teams.csv", "education;science", "sport_fitness")
    with pytest.raises(DefinitionError, match="add sport_fitness") as refused:
        load_scenario(county)
    assert [fault.found for fault in refused.value.faults] == ["nothing"]


def test_a_share_of_a_level_without_sites_is_a_fault(county: Path) -> None:
    change(
        county / "scenario.toml",
        "station = 0.90, spot = 0 }, basis",
        "station = 0.60, spot = 0.30 }, basis",
    )
    assert "scenario.toml: own_activity.level_shares.spot" in faults(county)


@pytest.mark.parametrize("line", ["count = { value = 6", "cuont = { value = 6"])
def test_teams_are_counted_in_their_table_whatever_the_file_says(county: Path, line: str) -> None:
    change(county / "scenario.toml", "count = { value = 5", line)
    if line.startswith("cuont"):
        change(county / "scenario.toml", line, "# count = { value = 6")
    scenario = load_scenario(county)
    assert scenario.teams.count == 5
    assert scenario.bases["teams.count"] == Basis(BasisKind.DERIVED, "counted in teams.csv")
    with pytest.raises(DefinitionError, match="5, as many as dale has"):
        scenario.with_values({"teams.count": 6})


@pytest.mark.parametrize(
    ("chain", "level", "found"),
    [
        ('["institute"]', "", ["area.toml: loop.chain"]),
        ('["institute"]', "s4,Ford,station,c", ["area.toml: loop.chain"] * 2),
        ('["center"]', "s4,Ford,station,c", []),
        ('["station", "institute", "center"]', "", []),
        ("[]", "", ["area.toml: loop.chain"]),
    ],
)
def test_every_site_that_may_be_asked_for_has_a_desk(
    county: Path, chain: str, level: str, found: list[str]
) -> None:
    change(county / "area.toml", 'chain = ["center", "allied"]', f"chain = {chain}")
    change(county / "sites.csv", "s4,Ford,station,i2", level or "s4,Ford,station,i2")
    if found:
        assert faults(county) == found
    else:
        assert load_scenario(county).area.deskless == frozenset()


def test_made_up_sites_have_a_desk_too() -> None:
    area = load_area("wujiang")
    assert area.deskless == frozenset()
    for chain, without in (
        ((Desk.INSTITUTE,), {Level.CENTER}),
        ((Desk.SPOT, Desk.STATION), {Level.CENTER, Level.INSTITUTE}),
    ):
        other = attrs.evolve(area, profile=attrs.evolve(area.profile, chain=chain))
        assert other.deskless == without


def test_a_level_that_is_never_asked_for_needs_no_desk(county: Path) -> None:
    change(county / "area.toml", 'chain = ["center", "allied"]', 'chain = ["institute"]')
    shares = "center = 0.02, institute = 0.08, station = 0.90, spot = 0"
    change(county / "scenario.toml", shares, "center = 0, institute = 0.1, station = 0.9, spot = 0")
    assert load_scenario(county).area.deskless == {Level.CENTER}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("review_within_hours", "-1.0", "more than 0 and at most 8,760"),
        ("review_within_hours", "1e-9", "more than 0 and at most 8,760"),
        ("offer_open_hours", "1e300", "a number"),
        ("offer_open_hours", "8761", "more than 0 and at most 8,760"),
        ("schedule_within_hours", "0", "more than 0 and at most 8,760"),
        ("rating_within_days", "1e18", "more than 0 and at most 366"),
        ("tries", "0", "1 to 1,000"),
        ("tries", "1001", "1 to 1,000"),
        ("satisfied_from", "6", "1 to 5"),
        ("redos", "-1", "0 to 100"),
        ("redo_within_working_days", "0", "1 to 366"),
    ],
)
def test_what_a_loop_says_is_bounded_under_the_keys_of_the_file(
    county: Path, key: str, value: str, expected: str
) -> None:
    file = county / "area.toml"
    text = file.read_text(encoding="utf-8")
    number = f'{key} = {{ value = {value}, basis = "derived", arithmetic = "x" }}'
    file.write_text(re.sub(rf"(?m)^{key} = .*$", number, text), encoding="utf-8")
    with pytest.raises(DefinitionError) as refused:
        load_scenario(county)
    assert [(fault.place, fault.expected) for fault in refused.value.faults] == [
        (f"area.toml: loop.{key}", expected)
    ]


# ---------------------------------------------------------------------------- made-up positions

ROWS = tuple(
    SiteRow(SiteId(site), site, level, SiteId(parent) if parent else None, *at)
    for site, level, parent, at in (
        ("c", Level.CENTER, None, (120.4, 31.6)),
        ("i1", Level.INSTITUTE, "c", (None, None)),
        ("i2", Level.INSTITUTE, "c", (120.3, 31.7)),
        ("s1", Level.STATION, "i1", (None, None)),
        ("s2", Level.STATION, "i2", (120.31, 31.71)),
        ("s3", Level.STATION, "i2", (None, None)),
        ("p1", Level.SPOT, "s3", (None, None)),
    )
)


@given(st.tuples(st.integers(0, 99), st.integers(0, 9)), st.sets(st.sampled_from(range(1, 7))))
def test_only_what_has_no_position_gets_a_made_up_one_inside(
    key: tuple[int, int], lacking: set[int]
) -> None:
    rows = [
        attrs.evolve(row, lon=None, lat=None) if n in lacking else row for n, row in enumerate(ROWS)
    ]
    outline = Outline(SQUARE)
    sites = stand(rows, (120.4, 31.6), outline, key)
    assert [(site.id, site.parent, site.level) for site in sites] == [
        (row.id, row.parent, row.level) for row in rows
    ]
    for row, site in zip(rows, sites, strict=True):
        assert site.synthetic == (row.lon is None)
        assert row.lon is None or (site.lon, site.lat) == (row.lon, row.lat)
        assert outline.contains(site.lon, site.lat)
    assert stand(rows, (120.4, 31.6), outline, key) == sites
    assert len(Hierarchy(sites, outline)) == len(rows)


def test_a_made_up_position_does_not_depend_on_the_other_stations() -> None:
    outline, key = Outline(SQUARE), (7, 0)
    whole = {site.id: site for site in stand(ROWS, (120.4, 31.6), outline, key)}
    fewer = stand([row for row in ROWS if row.id != "s1"], (120.4, 31.6), outline, key)
    assert all(whole[site.id] == site for site in fewer)


def test_a_center_without_a_position_stands_at_the_seat() -> None:
    rows = [attrs.evolve(ROWS[0], lon=None, lat=None), *ROWS[1:]]
    center = stand(rows, (120.5, 31.75), Outline(SQUARE), (7, 0))[0]
    assert (center.lon, center.lat, center.synthetic) == (120.5, 31.75, True)


# ---------------------------------------------------------------------------- what is refused


def test_every_fault_of_every_file_is_said_at_once(county: Path) -> None:
    change(county / "area.toml", 'opens = "08:30"', 'opens = "half past eight"')
    change(county / "area.toml", "tries = { value = 9", "tries = { value = 0")
    change(county / "scenario.toml", "eta = {", "etta = {")
    change(county / "sites.csv", "s4,Ford,station,i2", "s4,Ford,station,nowhere")
    change(county / "teams.csv", "health,30", "healing,30")
    found = " ".join(faults(county))
    for place in ("area.toml: ", "scenario.toml: answer.etta", "sites.csv:8", "teams.csv:3"):
        assert place in found


def test_what_is_wrong_with_one_thing_hides_no_other(county: Path) -> None:
    change(county / "area.toml", 'name_en = "Wujiang"', "name_en = 3")
    change(county / "area.toml", 'sites = "sites.csv"', 'sites = "sites.csv"\nicon = "x"')
    change(county / "area.toml", '2021-06-25"\nsites', '\\u001b"\nsites')
    change(county / "sites.csv", "s4,Ford,station,i2", "s4,Ford,station,nowhere")
    change(county / "teams.csv", "health,30", "healing,30")
    change(county / "scenario.toml", "eta = {", "etta = {")
    change(county / "scenario.toml", "kn = { value = 0.25", "kn = 0.25 # {")
    assert set(faults(county)) == {
        "area.toml: name_en",
        "area.toml: document",
        "area.toml: icon",
        "scenario.toml: answer.eta",
        "scenario.toml: answer.etta",
        "scenario.toml: answer.kn",
        "sites.csv:8",
        "teams.csv:3",
    }


def test_impossible_numbers_are_said_beside_missing_bases_and_under_the_files_name(
    county: Path,
) -> None:
    change(county / "scenario.toml", "kn = { value = 0.25", "kn = 0.25 # {")
    change(county / "scenario.toml", "quorum = { value = 0.6, basis", "quorum = { value = 6, basis")
    change(county / "scenario.toml", "range = [0.3, 1]", "range = [0.3, 6]")
    weights = "institute_weights = { value = "
    change(county / "scenario.toml", f"{weights}[1, 1]", f"{weights}[1]")
    assert faults(county) == [
        "scenario.toml: answer.kn",
        "scenario.toml: service.quorum",
        "scenario.toml: city.institute_weights",
    ]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('opens = "08:30"', 'opens = "8.30"', ["calendar.opens"]),
        ('opens = "08:30"', 'opens = "18:30"', ["calendar.closes"]),
        ('closes = "17:30"', 'closes = ""', ["calendar.closes"]),
        ("value = [0, 1, 2, 3, 4]", "value = []", ["calendar.working_weekdays"]),
        ("value = [0, 1, 2, 3, 4]", "value = [7]", ["calendar.working_weekdays"]),
        ('morning = ["08:00",', 'morning = ["8",', ["day_parts.morning[0]"]),
        ('"17:00"]', '"17"]', ["day_parts.afternoon[1]"]),
        ('morning = ["08:00", "12:00"]', 'morning = ["08:00"]', ["day_parts.morning"]),
        ('morning = ["08:00", "12:00"]', 'morning = ["12:00", "08:00"]', ["day_parts"]),
        ('morning = ["08:00", "12:00"]', "", ["day_parts"]),
        ('commands = ["RateOrder"]', 'commands = ["Rate"]', ["loop.steps[4].commands"]),
        ('effective = "2020-01-01"', 'effective = "2020-01-01T08:00Z"', ["points.effective"]),
        ('effective = "2020-01-01"', 'effective = "soon"', ["points.effective"]),
        ("rate_per_hour = { value = 10", "rate_per_hour = { value = 0", ["points.rate_per_hour"]),
        ('sites = "sites.csv"', 'sites = ""', ["sites"]),
    ],
)
def test_what_is_wrong_in_area_toml_is_said_once_under_its_key(
    county: Path, old: str, new: str, found: list[str]
) -> None:
    change(county / "area.toml", old, new)
    assert [place.removeprefix("area.toml: ") for place in faults(county)] == found


@pytest.mark.parametrize("file", ["area.toml", "scenario.toml", "sites.csv", "teams.csv"])
def test_a_missing_file_is_named(county: Path, file: str) -> None:
    (county / file).unlink()
    assert any(file in place for place in faults(county))


@pytest.mark.parametrize("file", ["area.toml", "scenario.toml", "sites.csv", "teams.csv"])
@pytest.mark.parametrize("raw", [b"\x00\x01\x02", b"\xff\xfea\x00", "é".encode("latin-1"), b""])
def test_what_is_no_text_of_the_kind_is_a_fault_of_that_file(
    county: Path, file: str, raw: bytes
) -> None:
    (county / file).write_bytes(raw)
    assert any(file in place for place in faults(county))


@pytest.mark.parametrize("key", ["sites", "teams"])
@pytest.mark.parametrize(
    "name", ["../sites.csv", "/etc/hostname", "a/b.csv", "..", ".", "", "sites.csv/", "a\\b.csv"]
)
def test_a_file_elsewhere_is_not_read(county: Path, key: str, name: str) -> None:
    change(county / "area.toml", f'{key} = "{key}.csv"', f"{key} = '{name}'")
    assert faults(county)


@pytest.mark.parametrize("file", ["area.toml", "scenario.toml", "sites.csv", "teams.csv"])
def test_a_symbolic_link_in_the_folder_is_not_followed(
    county: Path, tmp_path: Path, file: str
) -> None:
    outside = tmp_path / "outside"
    (county / file).rename(outside)
    (county / file).symlink_to(outside)
    with pytest.raises(DefinitionError, match="a symbolic link"):
        load_scenario(county)


def test_a_pipe_in_the_folder_does_not_hang(county: Path) -> None:
    (county / "sites.csv").unlink()
    os.mkfifo(county / "sites.csv")
    with pytest.raises(DefinitionError, match="a pipe"):
        load_scenario(county)


def test_counts_beside_a_table_must_agree_with_it(county: Path) -> None:
    network = '[network]\nstation = { value = 5, basis = "derived", arithmetic = "a guess" }\n\n'
    change(county / "area.toml", "[calendar]", f"{network}[calendar]")
    assert faults(county) == ["area.toml: network.station"]


@pytest.mark.parametrize("where", ["nowhere", "", "wujang", "./wujiang"])
def test_neither_an_area_nor_a_folder_is_an_unknown_name(where: str) -> None:
    with pytest.raises(UnknownName):
        load_scenario(where)


# ---------------------------------------------------------------------------- what is idle


def test_numbers_that_the_tables_make_idle_are_neither_assumed_nor_varied(county: Path) -> None:
    scenario = load_scenario(county)
    idle = scenario.unused
    assert {"teams.category_shares", "city.station_sigma_km", "teams.archetypes.law"} <= idle
    # Of one team neither members nor kind are listed: for it these are drawn.
    assert not {"teams.members_median", "teams.archetypes.education"} & idle
    assert not {one.key for one in inputs(scenario)} & idle
    assert not {one.key for one in assumptions(scenario)} & idle
    # Wujiang's are made up, so there is nothing that only tables make idle.
    points = {key for key in idle if key.startswith("redemption.")} | {"answer.points_elasticity"}
    assert load_scenario("wujiang").unused == points < idle


@pytest.mark.parametrize("replication", [0, 1])
def test_an_idle_number_moves_nothing(county: Path, replication: int) -> None:
    plain = load_scenario(county)
    other = plain.with_values(
        {"city.station_sigma_km": 7.5, "teams.second_share": 0.6, "teams.lifted_share": 0.9}
    )
    assert other.digest != plain.digest
    one, two = (draw_city(each, 7, replication) for each in (plain, other))
    assert (one.teams, one.hierarchy) == (two.teams, two.hierarchy)


# ---------------------------------------------------------------------------- holidays

CHINA_2020 = Path(__file__).parents[1] / "docs" / "examples" / "china-2020.toml"


def with_calendar(county: Path, lines: str) -> None:
    change(county / "area.toml", "[day_parts]", f"{lines}\n[day_parts]")


def test_the_statutory_holidays_of_2020_are_free_and_their_make_up_days_worked(
    county: Path,
) -> None:
    plain = load_area(county).calendar
    with_calendar(county, CHINA_2020.read_text(encoding="utf-8"))
    calendar = load_area(county).calendar

    def worked(date: str) -> bool:
        noon = dt.datetime.fromisoformat(f"{date}T11:00+08:00")
        return calendar.is_working(instant(noon))

    days = [dt.date(2020, 1, 1) + dt.timedelta(days=n) for n in range(366)]
    # By the notices: 30 days free, 6 weekend days worked; of 2020's 262 weekdays 19 are free.
    assert sum(worked(day.isoformat()) for day in days) == 262 - 19 + 6
    assert not worked("2020-01-31")  # a Friday, free by the second notice alone
    assert worked("2020-02-03")
    assert worked("2020-10-10")  # a Saturday
    assert len(calendar.exceptions) == 30 + 6
    assert plain.exceptions == {}


def test_what_is_reviewed_over_a_holiday_is_reviewed_after_it(county: Path) -> None:
    with_calendar(county, CHINA_2020.read_text(encoding="utf-8"))
    calendar = load_area(county).calendar
    eve = instant(dt.datetime.fromisoformat("2020-09-30T17:00+08:00"))
    after = instant(dt.datetime.fromisoformat("2020-10-09T09:00+08:00"))
    assert calendar.add_working(eve, HOUR) == after


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ('holidays = ["2020-02-30"]', "calendar.holidays[0]"),
        ('holidays = ["2020-01-05/2020-01-01"]', "calendar.holidays[0]"),
        ('holidays = ["2020-01-01/2020-12-31"]', "calendar.holidays[0]"),
        ('holidays = ["0001-01-01", "1 May"]', "calendar.holidays[1]"),
        ('make_up_days = ["20200119"]', "calendar.make_up_days[0]"),
        ('holidays = ["2020-01-01"]', "calendar.holidays_document"),
        (
            'holidays_document = "a"\nholidays = ["2020-01-01"]\nmake_up_days = ["2020-01-01"]',
            "calendar.make_up_days",
        ),
    ],
)
def test_a_wrong_holiday_is_a_fault_at_its_place(county: Path, lines: str, place: str) -> None:
    with_calendar(county, lines)
    assert f"area.toml: {place}" in faults(county)


# ---------------------------------------------------------------------------- findings


def test_a_category_that_nobody_serves_is_a_finding(county: Path) -> None:
    change(county / "teams.csv", "law;theory", "theory")
    found = {finding.odd: finding.what for finding in findings(load_scenario(county))}
    assert found == {Odd.NO_TEAM: ("law",)}


def test_sites_at_one_place_and_an_institute_without_a_station_are_findings(county: Path) -> None:
    change(
        county / "sites.csv", "s2,Pond,station,i1,120.46,31.61", "s2,Pond,station,i1,120.44,31.64"
    )
    change(county / "sites.csv", "s3,Hill,station,i2", "s3,Hill,station,i1")
    change(county / "sites.csv", "s4,Ford,station,i2", "s4,Ford,station,i1")
    found = {finding.odd: finding.what for finding in findings(load_scenario(county))}
    assert found == {Odd.ONE_PLACE: ("s1", "s2"), Odd.NO_STATION: ("i2",)}


def test_a_site_far_from_the_one_above_is_a_finding_and_the_county_runs(county: Path) -> None:
    change(county / "sites.csv", "s3,Hill,station,i2,120.33,31.59", "s3,Hill,station,i2,0,0")
    change(county / "sites.csv", "i1,East,institute,c,120.43,31.63", "i1,East,institute,c,-60,-31")
    scenario = load_scenario(county)
    found = {finding.odd: finding.what for finding in findings(scenario)}
    assert found == {Odd.FAR: ("i1", "s1", "s2", "s3")}
    done = run(scenario.with_values(SHORT), policy("nearest"), seed=7, replication=0)
    assert done.measures["served_share"].denominator > 0


def test_a_team_may_be_as_large_as_a_table_says(county: Path) -> None:
    change(county / "teams.csv", "health,30,2", "health,100000,1000")
    done = run(load_scenario(county).with_values(SHORT), policy("nearest"), seed=7, replication=0)
    assert done.tape.roster().capacity.max() == 35_000


def test_a_team_with_nobody_free_is_a_finding(county: Path) -> None:
    change(county / "teams.csv", "culture,20,1,student", "culture,2,1,student")
    found = {finding.odd: finding.what for finding in findings(load_scenario(county))}
    assert found == {Odd.NEVER_FREE: ("t4",)}


# ---------------------------------------------------------------------------- relations

RELATIONS = """\
关系,阵地,对方,名称,起,互派人数,证书
结对共建,Mill,unit-7,县医院,2023-01-01,,
联盟,c,vale-center,谷县,,10,是
"""


def related(county: Path, text: str = RELATIONS) -> Path:
    change(
        county / "area.toml", 'sites = "sites.csv"', 'sites = "sites.csv"\nrelations = "ties.csv"'
    )
    (county / "ties.csv").write_text(text, encoding="utf-8")
    return county


def test_an_area_may_name_its_relations_beside_its_sites(county: Path) -> None:
    before = load_area(county)
    area = load_area(related(county))
    assert area.digest != before.digest
    assert area.hierarchy().relations == tuple(sorted(area.relations, key=lambda one: one.order))
    [pair] = area.hierarchy().relations_of(SiteId("s1"))
    assert (pair.other, pair.name, str(pair.since)) == ("unit-7", "县医院", "2023-01-01")
    assert area.links.paired == {"s1": "unit-7"}
    assert area.links.allied == ("vale-center",)


def test_a_relation_that_does_not_fit_has_its_line_beside_other_faults(county: Path) -> None:
    related(county, RELATIONS.replace("Mill", "Mil").replace("联盟,c", "联盟,i1"))
    change(county / "teams.csv", "law;theory", "laws")
    assert faults(county) == ["teams.csv:2", "ties.csv:2", "ties.csv:3"]


def test_what_a_table_says_of_a_site_is_on_the_map(county: Path) -> None:
    kept = (county / "sites.csv").read_text(encoding="utf-8").splitlines()
    extra = ["kind,hours,opened", ",,", "sector_subcenter,,", ",,", ",Mo-Fr 08:00-18:00,2020/5/1"]
    rows = [f"{row},{more}" for row, more in zip(kept, [*extra, *[",,"] * 9], strict=False)]
    (county / "sites.csv").write_text("\n".join(rows), encoding="utf-8")
    network = load_area(county).hierarchy()
    assert network.kinds()[SiteKind.SECTOR_SUBCENTER] == 1
    mill = network.site(SiteId("s1"))
    assert (str(mill.opened), len(mill.hours.week) if mill.hours else 0) == ("2020-05-01", 7)


def test_relations_may_name_sites_that_are_made_up(county: Path) -> None:
    for file in ("outline.geojson", "scenario.toml"):
        text = resources.files("practice_core").joinpath("areas", "wujiang", file).read_bytes()
        (county / file).write_bytes(text)
    named = 'outline = "outline.geojson"\nrelations = "ties.csv"'
    area = TEXTS["area.toml"].replace('outline = "outline.geojson"', named)
    (county / "area.toml").write_text(area, encoding="utf-8")
    ties = RELATIONS.replace("Mill", "wj-s007").replace("联盟,c", "联盟,wj")
    (county / "ties.csv").write_text(ties, encoding="utf-8")
    found = load_area(county)
    assert [one.site for one in found.hierarchy().relations] == ["wj", "wj-s007"]
    (county / "ties.csv").write_text(ties.replace("s007", "s290"), encoding="utf-8")
    assert faults(county) == ["ties.csv:2"]


# ---------------------------------------------------------------------------- the command line

Output = Any


def test_show_counts_the_sites_of_a_folder(county: Path, capsys: Output) -> None:
    assert main(["show", str(county), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    levels = {"center": 1, "institute": 2, "station": 4, "spot": 0}
    kinds = {str(kind): 0 for kind in SiteKind if kind is not SiteKind.REGULAR}
    assert found["counts"] == levels | kinds
    assert found["relations"] == []
    assert found["made_up"] == {"sites": False, "teams": False}
    assert [site["id"] for site in found["sites"]] == ["c", "i1", "i2", "s1", "s2", "s3", "s4"]


def test_show_tells_of_one_site(county: Path, capsys: Output) -> None:
    assert main(["show", str(county), "s1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["chain"], found["level"]) == ("Mill", ["i1", "c"], "station")
    assert [team["id"] for team in found["teams"]] == ["t4"]
    assert main(["show", str(county), "s1", "--lang", "zh"]) == 0
    assert "East > Center" in capsys.readouterr().out


def test_show_takes_a_name_that_one_site_alone_has(county: Path, capsys: Output) -> None:
    assert main(["show", str(county), "Mill", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "s1"
    change(county / "sites.csv", "Pond", "Mill")
    assert main(["show", str(county), "Mill"]) == 2
    assert "no site named 'Mill'" in capsys.readouterr().err


def test_show_names_the_site_that_was_meant(county: Path, capsys: Output) -> None:
    assert main(["show", str(county), "s11"]) == 2
    assert "did you mean" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (("sites.csv", "Mill", "Mills"), 0),
        (("teams.csv", "law;theory", "theory"), 1),
        (("teams.csv", "law;theory", "laws"), 2),
    ],
)
def test_check_says_by_its_exit_code_what_it_found(
    county: Path, capsys: Output, edit: tuple[str, str, str], code: int
) -> None:
    file, old, new = edit
    change(county / file, old, new)
    assert main(["check", str(county)]) == code
    out, err = capsys.readouterr()
    assert ("look again" in out) == (code == 1)
    assert ("teams.csv:2" in err) == (code == 2)


def test_compare_takes_a_folder_and_names_its_faults_beside_the_others(
    county: Path, capsys: Output, run_short: Callable[[Path], int]
) -> None:
    assert run_short(county) == 0
    assert json.loads(capsys.readouterr().out)["area"] == "dale"
    change(county / "teams.csv", "law;theory", "laws")
    assert main(["compare", str(county), "--policies", "nearst", "--weeks", "0"]) == 2
    err = capsys.readouterr().err
    assert all(place in err for place in ("teams.csv:2", "nearst", "--weeks"))


@pytest.fixture
def run_short() -> Callable[[Path], int]:
    """Compare on a county for a week, here and in one process."""

    def compared(folder: Path) -> int:
        few = ["--weeks", "1", "--replications", "1", "--workers", "1", "--policies", "nearest"]
        return main(["compare", str(folder), *few, "--json"])

    return compared
