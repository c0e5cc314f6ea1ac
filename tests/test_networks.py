"""Networks as files: what goes out comes back, and what is wrong has its place."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import attrs
import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.areas import networks as files
from practice_core.areas.hours import hours_text, read_hours
from practice_core.areas.networks import (
    READ_AS,
    check_network,
    convert_network,
    load_network,
    network_texts,
    read_network,
    save_network,
)
from practice_core.errors import DefinitionError
from practice_core.hierarchy import Hierarchy, Level, Outline, Relation, RelationKind, Site, SiteId
from practice_core.hierarchy.drawing import dot, graphml, mermaid, svg
from practice_core.testing.strategies import calendars, names, networks
from practice_core.units import DAY, HOUR, Calendar

if TYPE_CHECKING:
    from pathlib import Path

BOX = Outline(((((119, 30), (122, 30), (122, 32), (119, 32), (119, 30)),),))
NAMED = "\"苏州湾\",'一'; <馆> & 亭"
COUNTY = Hierarchy(
    [
        Site(SiteId("c"), NAMED, Level.CENTER, None, 120.5, 31.0, synthetic=False),
        Site(SiteId("i"), "东镇所", Level.INSTITUTE, SiteId("c"), 120.6, 31.1, synthetic=True),
        Site(SiteId("s"), "河村站", Level.STATION, SiteId("i"), 120.7, 31.2, synthetic=True),
    ],
    BOX,
    relations=[
        Relation(RelationKind.PAIRING, SiteId("i"), "u-07", "县医院", dt.date(2023, 1, 1)),
        Relation(RelationKind.MERGED_OPERATION, SiteId("s"), "i"),
    ],
)
FORMATS = [".toml", ".csv", ".geojson"]
RUN = "which a spreadsheet would run"


def texts(county: Hierarchy, suffix: str) -> dict[str, bytes]:
    return {name: text.encode() for name, text in network_texts(county, f"x{suffix}").items()}


# ------------------------------------------------------------------ out and in


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=40)
@given(county=networks())
def test_what_is_written_reads_back(suffix: str, county: Hierarchy) -> None:
    try:
        written = texts(county, suffix)
    except DefinitionError as refused:
        # Only what would harm whoever opens the table is refused, and it says so.
        assert suffix == ".csv"
        found = [fault.found for fault in refused.faults if fault.many == 1]
        assert all(RUN in one for one in found)
        return
    assert read_network(written) == county


@settings(max_examples=40)
@given(networks())
def test_one_format_can_be_had_from_any_other(county: Hierarchy) -> None:
    assert read_network(texts(read_network(texts(county, ".toml")), ".geojson")) == county


@given(networks(max_sites=1, max_relations=0), names())
def test_a_name_that_a_spreadsheet_would_run_is_refused_in_csv_alone(
    county: Hierarchy, name: str
) -> None:
    harmful = Hierarchy([attrs.evolve(county.root, name=f"={name}"[:100])])
    with pytest.raises(DefinitionError, match=RUN):
        network_texts(harmful, "x.csv")
    assert read_network(texts(harmful, ".toml")) == harmful


@pytest.mark.parametrize(
    "name", ["two\nlines", "tab\there", " before", "", "a" * 101, "\u202e", "a  b"]
)
def test_a_name_that_files_would_not_keep_is_none(name: str) -> None:
    with pytest.raises(DefinitionError, match="that can be seen, single spaces between"):
        COUNTY.changed(SiteId("s"), name=name)


def test_an_outline_goes_out_with_geojson_and_comes_back() -> None:
    read = read_network(texts(COUNTY, ".geojson"))
    assert (read, read.outline) == (COUNTY, BOX)


def test_a_county_in_toml_reads_like_this() -> None:
    assert (
        network_texts(COUNTY, "x.toml")["x.toml"]
        == """\
[[sites]]
id = "c"
name = "\\"苏州湾\\",'一'; <馆> & 亭"
level = "center"
lon = 120.5
lat = 31.0

[[sites]]
id = "i"
name = "东镇所"
level = "institute"
parent = "c"
lon = 120.6
lat = 31.1
synthetic = true

[[sites]]
id = "s"
name = "河村站"
level = "station"
parent = "i"
lon = 120.7
lat = 31.2
synthetic = true

[[relations]]
kind = "merged_operation"
site = "s"
other = "i"

[[relations]]
kind = "pairing"
site = "i"
other = "u-07"
name = "县医院"
since = 2023-01-01
"""
    )


def test_a_county_in_csv_is_a_pair_of_tables() -> None:
    pair = network_texts(COUNTY, "x.csv")
    assert pair["x.csv"].splitlines()[1] == 'c,"""苏州湾"",\'一\'; <馆> & 亭",center,,120.5,31.0,'
    assert pair["x.relations.csv"] == (
        "kind,site,other,name,since\nmerged_operation,s,i,,\npairing,i,u-07,县医院,2023-01-01\n"
    )


@settings(max_examples=40)
@given(networks())
def test_the_other_formats_hold_every_site_and_tie(county: Hierarchy) -> None:
    graph = nx.parse_graphml(graphml(county), force_multigraph=True)
    assert {site.id for site in county} <= set(graph)
    assert graph.number_of_edges() == len(county) - 1 + len(county.relations)
    assert {node: said["name"] for node, said in graph.nodes(data=True) if node in county} == {
        site.id: site.name for site in county
    }
    tree, ties = len(county) - 1, len(county.relations)
    assert mermaid(county).count(" --> ") == tree
    assert mermaid(county).count("-. ") == ties
    assert dot(county).count("style=dashed") == ties


# ------------------------------------------------------------------ drawn


@settings(max_examples=40)
@given(networks(), st.sampled_from(["zh", "en"]))
def test_a_drawing_is_xml_with_a_circle_a_site(county: Hierarchy, lang: str) -> None:
    root = ET.fromstring(svg(county, "zh" if lang == "zh" else "en"))  # noqa: S314 - drawn here
    space = "{http://www.w3.org/2000/svg}"
    titles = [t.text or "" for t in root.iterfind(f".//{space}circle/{space}title")]
    for site in county:
        assert any(title.startswith(f"{site.name} ({site.id}), ") for title in titles)
    assert len(root.findall(f"{space}line[@class='tree']")) == len(county) - 1


def test_sites_lie_on_the_map_where_they_lie() -> None:
    root = ET.fromstring(svg(COUNTY, "zh", title="清水"))  # noqa: S314 - drawn here
    space = "{http://www.w3.org/2000/svg}"
    at = {
        (one.findtext(f"{space}title") or "").partition(" (")[0]: (
            float(one.attrib["cx"]),
            float(one.attrib["cy"]),
        )
        for one in root.iterfind(f"{space}circle")
    }
    assert at["东镇所"][0] < at["河村站"][0]  # further east
    assert at["东镇所"][1] > at["河村站"][1]  # further north
    assert root.findtext(f"{space}title") == "清水"
    assert len(root.findall(f"{space}path[@class='outline']")) == 1
    dashed = [
        one.findtext(f"{space}title") for one in root.iter() if one.get("class") == "relation"
    ]
    assert dashed == ["合并运营: s, i", "结对共建: i, 县医院", None]  # the last in the legend


# ------------------------------------------------------------------ files


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_network_is_saved_loaded_checked_and_converted(tmp_path: Path, suffix: str) -> None:
    saved = save_network(COUNTY, tmp_path / f"county{suffix}")
    assert load_network(saved[0]) == COUNTY
    assert check_network(saved) == ()
    [converted] = convert_network(saved[0], tmp_path / "other.dot")
    assert converted.read_text(encoding="utf-8") == dot(COUNTY)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*(path.name for path in saved), "other.dot"]
    )


def test_nothing_is_written_over_or_half(tmp_path: Path) -> None:
    there = tmp_path / "x.relations.csv"
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(DefinitionError, match="there already"):
        save_network(COUNTY, tmp_path / "x.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["x.relations.csv"]
    assert there.read_text(encoding="utf-8") == "mine"
    for where in (tmp_path / "no" / "x.toml", tmp_path / "x\0.toml"):
        with pytest.raises(DefinitionError):
            save_network(COUNTY, where)
    for name in ("x.svg", "x"):
        with pytest.raises(DefinitionError, match=r"expected one of \.toml \.csv"):
            save_network(COUNTY, tmp_path / name)


# ------------------------------------------------------------------ what is wrong

CENTER = '[[sites]]\nid = "c"\nname = "中心"\nlevel = "center"\nlon = 120.5\nlat = 31.0\n'
INSTITUTE = CENTER.replace('"c"', '"i"').replace('"center"', '"institute"\nparent = "c"')
TOML_FAULTS = {
    "no TOML": ("[[sites]\n", "x.toml:1", "column 8"),
    "unknown key": (f'{CENTER}level2 = "x"\n', "x.toml:1: sites[0].level2", "unknown key"),
    "no number": (CENTER.replace("31.0", '"31"'), "x.toml:1: sites[0].lat", "'31'"),
    "no kind": (f'{CENTER}kind = "basis"\n', "x.toml:1: sites[0].kind", "'basis'"),
    "no day": (f'{CENTER}opened = "2020-02-30"\n', "x.toml:1: sites[0].opened", "2020-02-30"),
    "no hours": (f'{CENTER}hours = "always"\n', "x.toml:1: sites[0].hours", "hours 'always'"),
    "no parent": (
        f"{CENTER}\n{INSTITUTE}".replace('parent = "c"', 'parent = "x"'),
        "x.toml:8: sites[1]",
        "parent 'x' is no site",
    ),
    "kind out of place": (
        f'{CENTER}\n{INSTITUTE}kind = "household_station"\n',
        "x.toml:8: sites[1]",
        "household_station of level institute",
    ),
    "no end": (
        f'{CENTER}\n[[relations]]\nkind = "alliance"\nsite = "x"\nother = "y"\n',
        "x.toml:8: relations[0]",
        "site 'x' is no site",
    ),
    "an end that does not fit": (
        f'{CENTER}\n[[relations]]\nkind = "pairing"\nsite = "c"\nother = "y"\n',
        "x.toml:8: relations[0]",
        "pairing of center 'c'",
    ),
    "twice": (f"{CENTER}\n{CENTER}", "x.toml:1: sites[0]", "2 sites of id 'c'"),
    "too deep": ("a = " + "[\n" * 5_000, "x.toml", "too deep"),
    "a long line": (f"a = {'1' * 1001}", "x.toml", "a line of 1005 characters"),
    "no site": ("", "x.toml: sites", "nothing"),
    "a text for a list": ('sites = "c"', "x.toml: sites", "'c'"),
}


@pytest.mark.parametrize("case", TOML_FAULTS)
def test_each_fault_of_toml_has_its_place(case: str) -> None:
    text, place, found = TOML_FAULTS[case]
    with pytest.raises(DefinitionError) as refused:
        read_network({"x.toml": text.encode()})
    told = [(fault.place, fault.found) for fault in refused.value.faults]
    assert any(where == place and found in what for where, what in told), told


def points(*features: object) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def point(lon: object, lat: object, **said: object) -> dict[str, object]:
    geometry = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "properties": said, "geometry": geometry}


def outlined(west: float) -> dict[str, object]:
    ring = [[west, 30], [west + 1, 30], [west + 1, 32], [west, 30]]
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}


SOUND = point(120.5, 31.0, id="c", name="中心", level="center")
GEOJSON_FAULTS = {
    "no JSON": ('{"type": }', "x.json:1", "Expecting value at column 10"),
    "not a number": ('{"type": NaN}', "x.json", "NaN is no number"),
    "no collection": ("[]", "x.json", "no FeatureCollection"),
    "too deep": ("[" * 100_000, "x.json", "too deep"),
    "no feature": (points(SOUND, 7), "x.json: features[1]", "no site"),
    "a line": (
        points(SOUND, {"geometry": {"type": "LineString"}, "properties": {}}),
        "x.json: features[1]",
        "no site",
    ),
    "a geometry of no kind": (points({"geometry": {"type": []}}), "x.json: features[0]", "no site"),
    "a list for a geometry": (
        points(SOUND, {"geometry": [], "properties": {}}),
        "x.json: features[1]",
        "no site",
    ),
    "a text without end": (points(point(1, 2, id="c" * 1_001)), "x.json: features[0]", "no site"),
    "no position": (points(point("a", 31, id="c")), "x.json: features[0].properties.lon", "'a'"),
    "outside": (points(outlined(110), SOUND), "x.json: features[1].properties", "outside"),
    "two outlines": (points(outlined(120), outlined(1)), "x.json: features[1]", "second outline"),
    "no outline": (
        points({**outlined(120), "geometry": {"type": "Polygon", "coordinates": [[1]]}}, SOUND),
        "x.json: geometry.coordinates",
        "unreadable",
    ),
    "an end": (
        points(SOUND, {"geometry": None, "properties": {"kind": "host", "site": "c"}}),
        "x.json: features[1].properties.other",
        "nothing",
    ),
}


@pytest.mark.parametrize("case", GEOJSON_FAULTS)
def test_each_fault_of_geojson_has_its_place(case: str) -> None:
    text, place, found = GEOJSON_FAULTS[case]
    with pytest.raises(DefinitionError) as refused:
        read_network({"x.json": text.encode()})
    told = [(fault.place, fault.found) for fault in refused.value.faults]
    assert any(where == place and found in what for where, what in told), told


def test_files_of_any_size_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ring = [[120 + n / 10**6, 31] for n in range(10_001)]
    wide = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}
    with pytest.raises(DefinitionError, match="at most 10000"):
        read_network({"x.json": points(wide, SOUND).encode()})
    monkeypatch.setattr(files, "MOST_ROWS", 1)
    with pytest.raises(DefinitionError, match="2 sites; expected at most 1"):
        read_network({"x.json": points(SOUND, SOUND).encode()})
    monkeypatch.setattr(files, "LARGEST_NETWORK", 1 << 20)
    large = tmp_path / "x.toml"
    large.write_bytes(b"#\n" * (1 << 19) + b"#")
    with pytest.raises(DefinitionError, match="more than 1 MiB"):
        load_network(large)


def test_a_fault_of_geojson_has_its_line_where_a_line_is_a_feature() -> None:
    text = network_texts(COUNTY, "x.geojson")["x.geojson"]
    with pytest.raises(DefinitionError) as refused:
        read_network({"x.geojson": text.replace('"parent": "i"', '"parent": "j"').encode()})
    assert [fault.place for fault in refused.value.faults] == [
        "x.geojson:5: features[3].properties"
    ]


SITES = "id,name,level,parent,lon,lat,kind,hours,opened,demonstration,categories,seats\n"
TIES = "kind,site,other,since,exchanged\n"
CSV_FAULTS = {
    "kind": ("c,中心,center,,120,31,bse,,,,,", "", "x.csv:2", "unknown kind 'bse'"),
    "hours": ("c,中心,center,,120,31,,Mo 9-17,,,,", "", "x.csv:2", "hours 'Mo 9-17'"),
    "day": ("c,中心,center,,120,31,,,2020/2/30,,,", "", "x.csv:2", "opened '2020/2/30'"),
    "truth": ("c,中心,center,,120,31,,,,maybe,,", "", "x.csv:2", "demonstration 'maybe'"),
    "category": ("c,中心,center,,120,31,,,,,lw,", "", "x.csv:2", "unknown category 'lw'"),
    "seats": ("c,中心,center,,120,31,,,,,,0", "", "x.csv:2", "seats '0'"),
    "no position": ("c,中心,center,,,,,,,,,", "", "x.csv:2", "no position"),
    "relation": ("c,中心,center,,120,31,,,,,,", "pair,c,u,,", "x.relations.csv:2", "unknown kind"),
    "end": (
        "c,中心,center,,120,31,,,,,,",
        "host,d,u,,",
        "x.relations.csv:2",
        "site 'd' is no site",
    ),
    "no end": ("c,中心,center,,120,31,,,,,,", "host,c,,,", "x.relations.csv:2", "no other"),
    "fit": (
        "c,中心,center,,120,31,,,,,,",
        "pairing,c,u,,",
        "x.relations.csv:2",
        "pairing of center",
    ),
    "exchange": (
        "c,中心,center,,120,31,,,,,,",
        "host,c,u,,3",
        "x.relations.csv:2",
        "that exchanges",
    ),
}


@pytest.mark.parametrize("case", CSV_FAULTS)
def test_each_fault_of_a_pair_of_tables_has_its_line(case: str) -> None:
    sites, ties, place, found = CSV_FAULTS[case]
    pair = {"x.csv": f"{SITES}{sites}\n".encode()}
    if ties:
        pair["x.relations.csv"] = f"{TIES}{ties}\n".encode()
    with pytest.raises(DefinitionError) as refused:
        read_network(pair)
    told = [(fault.place, fault.found) for fault in refused.value.faults]
    assert any(where == place and found in what for where, what in told), told


def test_all_files_are_checked_and_all_that_is_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(INSTITUTE, encoding="utf-8")
    (tmp_path / "b.relations.csv").write_text(TIES, encoding="utf-8")
    files = [tmp_path / "a.toml", tmp_path / "b.relations.csv", tmp_path / "c.txt"]
    places = [fault.place for fault in check_network(files)]
    assert places == [
        "a.toml:1: sites[0]",
        "a.toml: sites",
        str(tmp_path / "b.csv"),
        str(tmp_path / "c.txt"),
    ]


@given(st.binary(max_size=200), st.sampled_from(sorted(READ_AS)))
def test_whatever_stands_in_a_file_there_is_no_traceback(raw: bytes, suffix: str) -> None:
    try:
        read_network({f"x{suffix}": raw})
    except DefinitionError as refused:
        assert all(fault.place.startswith("x") for fault in refused.faults)  # noqa: PT017 - each


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=40)
@given(county=networks(max_sites=4), data=st.data())
def test_a_damaged_file_is_read_or_refused(
    suffix: str, county: Hierarchy, data: st.DataObject
) -> None:
    plain = Hierarchy([attrs.evolve(site, name="站") for site in county])
    files = {name: bytearray(text) for name, text in texts(plain, suffix).items()}
    name = data.draw(st.sampled_from(sorted(files)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(files[name]) - 1))
        files[name][place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=4))
    try:
        read_network({file: bytes(text) for file, text in files.items()})
    except DefinitionError as refused:
        assert refused.faults  # noqa: PT017 - nothing else may be raised


# ------------------------------------------------------------------ opening hours


@given(calendars(around=18_000 * DAY))
def test_opening_hours_read_back(hours: Calendar) -> None:
    assert read_hours(hours_text(hours)) == hours


def test_school_grounds_are_open_early_late_at_weekends_and_on_holidays() -> None:
    text = "Mo-Fr 05:30-07:30,18:00-21:00; Sa-Su 06:00-21:00; 2026 Oct 1-7 06:00-21:00"
    hours = read_hours(text)
    assert hours_text(hours) == text
    day = (dt.date(2026, 10, 1) - dt.date(1970, 1, 1)).days
    assert hours.spans(day) == ((6 * HOUR, 21 * HOUR),)
    assert hours.spans(day - 1) == (
        (5 * HOUR + HOUR // 2, 7 * HOUR + HOUR // 2),
        (18 * HOUR, 21 * HOUR),
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "0 weekdays"),
        ("Mo-Fr", "'Mo-Fr'"),
        ("Mo 17:00-08:00", "spans"),
        ("Mo 08:00-12:00; Mo 13:00-17:00", "'Mo 13:00-17:00'"),
        ("Mo,Mo 08:00-12:00", "'Mo,Mo 08:00-12:00'"),
        ("Mo 08:00-12:00; 2020 Feb 30 off", "'2020 Feb 30 off'"),
        ("Mo 08:00-12:00; 2020 Feb 9-3 off", "'2020 Feb 9-3 off'"),
        ("Mo 08:00-25:00", "25:00"),
        ("Mo 08:00-12:00; UTC+19:00", "'UTC+19:00'"),
        ("Mo 08:00-12:00;" * 99, "1485 characters"),
    ],
)
def test_hours_that_are_none_are_refused(text: str, found: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        read_hours(text, "here")
    assert [fault.place for fault in refused.value.faults] == ["here"]
    assert found in refused.value.faults[0].found or not text


def test_hours_to_the_second_cannot_be_written() -> None:
    odd = Calendar((((1_000, 2_000),),) + ((),) * 6)
    with pytest.raises(DefinitionError, match="whole minutes"):
        hours_text(odd)
