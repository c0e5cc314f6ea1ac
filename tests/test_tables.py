"""A county's own spreadsheets: read whatever Excel made of them, or refused with file and line."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.areas import SiteRow, TeamKind, TeamRow, file_bytes, read_sites, read_teams
from practice_core.areas.geojson import outline_geojson, read_outline
from practice_core.areas.inputs import LARGEST_TABLE
from practice_core.areas.rows import sites_csv, teams_csv
from practice_core.errors import DefinitionError, Fault
from practice_core.hierarchy import Level, Outline, SiteId
from practice_core.terms import Category, term
from practice_core.units import TeamId
from tests.patience import within

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

HEAD = "id,name,level,parent,lon,lat\n"
SOUND = (
    HEAD
    + "c,中心,center,,120.6,31.1\ni1,东所,institute,c,120.5,31.0\ns1,一村站,station,i1,120.7,31.2\n"
)
HOMES = read_sites(SOUND.encode(), "sites.csv")
SQUARE = Outline(((((120, 31), (121, 31), (121, 32), (120, 32), (120, 31)),),))


def faults_of(read: Callable[..., object], *arguments: object) -> tuple[Fault, ...]:
    with pytest.raises(DefinitionError) as refused:
        read(*arguments)
    return refused.value.faults


def wide(text: str) -> str:
    """Give the full-width forms, as a Chinese keyboard types them."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def of_sites(sheet: str | bytes, outline: Outline | None = None) -> tuple[Fault, ...]:
    raw = sheet if isinstance(sheet, bytes) else sheet.encode()
    return faults_of(read_sites, raw, "sites.csv", outline)


def of_teams(sheet: str) -> tuple[Fault, ...]:
    return faults_of(read_teams, sheet.encode(), "teams.csv", HOMES)


# ---------------------------------------------------------------------------- written and read

called = st.text("东西南北一二三河口城关（）ab 1,;\"'<&é", min_size=1, max_size=8).map(
    lambda text: f"{' '.join(text.split())}实践".strip()
)
degrees = st.tuples(
    st.just(1e-6) | st.floats(-180, 180).map(lambda lon: round(lon, 6)),
    st.floats(-90, 90).map(lambda lat: round(lat, 6)),
)


@st.composite
def counties(draw: st.DrawFn) -> tuple[SiteRow, ...]:
    counts = {Level.INSTITUTE: draw(st.integers(0, 3)), Level.STATION: draw(st.integers(0, 4))}
    counts[Level.SPOT] = draw(st.integers(0, 3)) if any(counts.values()) else 0
    above = {
        Level.INSTITUTE: ["c"],
        Level.STATION: ["c", *(f"i{n}" for n in range(counts[Level.INSTITUTE]))],
        Level.SPOT: [
            *(f"i{n}" for n in range(counts[Level.INSTITUTE])),
            *(f"s{n}" for n in range(counts[Level.STATION])),
        ],
    }
    letter = {Level.INSTITUTE: "i", Level.STATION: "s", Level.SPOT: "p"}
    shape: list[tuple[str, Level, str | None]] = [("c", Level.CENTER, None)]
    for level, count in counts.items():
        shape += [
            (f"{letter[level]}{n}", level, draw(st.sampled_from(above[level])))
            for n in range(count)
        ]
    size = len(shape)
    names = draw(
        st.lists(called, min_size=size, max_size=size, unique_by=lambda n: n.replace(" ", ""))
    )
    rows = [
        SiteRow(
            SiteId(site),
            f"{name}{term(level, 'zh')}",
            level,
            None if parent is None else SiteId(parent),
            *draw(degrees | st.just((None, None))),
        )
        for (site, level, parent), name in zip(shape, names, strict=True)
    ]
    return tuple(draw(st.permutations(rows)))


@st.composite
def rosters(draw: st.DrawFn) -> tuple[TeamRow, ...]:
    return tuple(
        TeamRow(
            TeamId(f"t{n}"),
            draw(st.sampled_from([row.id for row in HOMES])),
            tuple(draw(st.lists(st.sampled_from(Category), min_size=1, max_size=3, unique=True))),
            draw(st.none() | st.integers(1, 600)),
            draw(st.none() | st.integers(1, 9)),
            draw(st.none() | st.sampled_from(TeamKind)),
        )
        for n in range(draw(st.integers(1, 4)))
    )


CHINESE = {
    "id": "编号",
    "name": "名称",
    "level": "层级",
    "parent": "上级",
    "lon": "经度",
    "lat": "纬度",
    "home": "所属",
    "categories": "服务类别",
    "members": "人数（人）",
    "jobs_per_week": "每周次数",
    "kind": "类型",
}
WORDS = {
    member.value: term(member, "zh") for kind in (Level, Category, TeamKind) for member in kind
}
dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t"),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "gbk", "gb18030"]),
        "chinese": st.booleans(),
        "ends": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        "said": st.booleans(),
        "blank": st.booleans(),
    }
)


def in_chinese(cell: str) -> str:
    parts = cell.split("; ")
    return "、".join(WORDS[part] for part in parts) if WORDS.keys() >= set(parts) else cell


def saved(text: str, dialect: dict[str, Any]) -> bytes:
    """Save a table as a spreadsheet program set up in some way would."""
    rows = list(csv.reader(io.StringIO(text)))
    if dialect["chinese"]:
        rows[0] = [CHINESE[cell] for cell in rows[0]]
        rows[1:] = [[in_chinese(cell) for cell in row] for row in rows[1:]]
    out = io.StringIO()
    if dialect["said"]:
        out.write(f"sep={dialect['delimiter']}{dialect['ends']}")
    writer = csv.writer(
        out,
        delimiter=dialect["delimiter"],
        lineterminator=dialect["ends"],
        quoting=dialect["quoting"],
    )
    for row in rows:
        writer.writerow(row)
        if dialect["blank"]:
            writer.writerow([""] * len(row))
    return out.getvalue().encode(dialect["encoding"])


@given(counties(), dialects)
def test_sites_are_read_as_written_however_they_were_saved(
    rows: tuple[SiteRow, ...], dialect: dict[str, Any]
) -> None:
    if dialect["encoding"] == "gbk":
        rows = tuple(attrs.evolve(row, name=row.name.replace("é", "e")) for row in rows)
    read = read_sites(saved(sites_csv(rows), dialect), "sites.csv")
    assert read == rows
    step = 2 if dialect["blank"] else 1
    first = 1 + dialect["said"] + step
    assert [row.line for row in read] == [first + step * n for n in range(len(rows))]


@given(rosters(), dialects)
def test_teams_are_read_as_written_however_they_were_saved(
    rows: tuple[TeamRow, ...], dialect: dict[str, Any]
) -> None:
    assert read_teams(saved(teams_csv(rows), dialect), "teams.csv", HOMES) == rows


@given(counties())
def test_a_sheet_of_names_alone_gives_the_same_tree(rows: tuple[SiteRow, ...]) -> None:
    names = {row.id: row.name for row in rows}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["名称", "层级", "上级"])
    for row in rows:
        parent = "" if row.parent is None else names[row.parent]
        writer.writerow([row.name, term(row.level, "zh"), parent])
    read = read_sites(out.getvalue().encode(), "sites.csv")
    assert [row.id for row in read] == [f"s{n:03d}" for n in range(1, len(rows) + 1)]
    above = {row.id: row.name for row in read}
    assert [(row.name, row.level, row.parent and above[row.parent]) for row in read] == [
        (row.name, row.level, row.parent and names[row.parent]) for row in rows
    ]


def test_full_width_letters_and_odd_spaces_are_plain_ones_but_in_names() -> None:
    sheet = HEAD + (
        f"{wide('C1')},吴江（新）　中心,{wide('CENTER')},,{wide('120.6')},31.1\n"
        f" i1 ,\u00a0东  所\u3000,新时代文明实践所,{wide('C1')},120.5,31\n"
    )
    center, institute = read_sites(sheet.encode(), "sites.csv")
    assert (center.id, center.name, center.lon) == ("C1", "吴江（新） 中心", 120.6)
    assert (institute.id, institute.name, institute.level) == ("i1", "东 所", Level.INSTITUTE)
    assert institute.parent == "C1"


def test_a_name_that_several_sites_have_means_the_one_that_may_be_a_parent() -> None:
    sheet = "名称,层级,上级\n清水,中心,\n东桥,所,清水\n东桥,站,东桥\n"
    assert [row.parent for row in read_sites(sheet.encode(), "a.csv")] == [None, "s001", "s002"]


def test_an_id_is_meant_before_a_name() -> None:
    sheet = "id,name,level,parent\nc,i,center,\ni,东所,institute,c\ns,站,station,i\n"
    sites = read_sites(sheet.encode(), "sites.csv")
    assert [site.parent for site in sites] == [None, "c", "i"]
    [team] = read_teams(b"home,categories\ni,law\n", "teams.csv", sites)
    assert team.home == "i"


def test_a_teams_name_is_read_over_but_not_kept() -> None:
    (team,) = read_teams("队伍名称,所属,类别\n张三工作室,一村站,law\n".encode(), "t.csv", HOMES)
    assert "张三" not in repr(team)
    assert (team.id, team.home, team.members, team.kind) == ("t001", "s1", None, None)


def test_an_outline_is_read_as_written() -> None:
    two = Outline((*SQUARE.polygons, (((0, 0), (1, 0), (1, 1), (0, 0)),)))
    for outline in (SQUARE, two):
        bare = read_outline(outline_geojson(outline, None).encode(), "o.geojson")
        assert (bare.outline, bare.seat) == (outline, None)
        seat = outline.inner_point()
        found = read_outline(outline_geojson(outline, seat).encode(), "o.geojson")
        assert (found.outline, found.seat) == (outline, seat)


# ---------------------------------------------------------------------------- what is refused

SITE = "s1,一村站,station,i1,120.7,31.2"
TEAM_HEAD = "id,home,categories,members,jobs_per_week,kind\n"


def with_site(row: str) -> str:
    assert SITE in SOUND
    return SOUND.replace(SITE, row)


def cell(column: str, text: str) -> str:
    """A sound table of sites with one cell of its fourth line changed."""
    cells = dict(zip(HEAD.strip().split(","), SITE.split(","), strict=True)) | {column: text}
    return with_site(",".join(cells.values()))


SITE_FAULTS: dict[str, tuple[str | bytes, str, str]] = {
    "empty file": ("", "sites.csv:1", "no column level"),
    "head alone": (HEAD, "sites.csv:1", "no row; expected a row for each site"),
    "missing column": (SOUND.replace(",level,", ",lvl,"), "sites.csv:1", "no column level"),
    "unknown column": (
        SOUND.replace(",level,", ",levl,"),
        "sites.csv:1",
        "opened, closed, synthetic; did you mean 'level'? rename or remove it",
    ),
    "unknown Chinese column": (
        SOUND.replace(",level,", ",阵地层级,"),
        "sites.csv:1",
        "did you mean '阵地级别'",
    ),
    "a phone column": (SOUND.replace(",lat\n", ",电话\n"), "sites.csv:1", "unknown column '电话'"),
    "duplicate column": (SOUND.replace("\n", ",经度\n"), "sites.csv:1", "lon twice"),
    "neither id nor name": ("level,parent\ncenter,\n", "sites.csv:2", "neither id nor name"),
    "duplicate id": (
        SOUND + SITE + "\n",
        "sites.csv:5",
        "id 's1' again; expected another than on line 4",
    ),
    "empty id": (cell("id", " "), "sites.csv:4", "no id"),
    "id with a space": (cell("id", "s 1"), "sites.csv:4", "id 's 1'"),
    "Chinese id": (cell("id", "一村"), "sites.csv:4", "id '一村'"),
    "unknown level": (
        cell("level", "statoin"),
        "sites.csv:4",
        "实践点 spot; did you mean 'station'? mend level",
    ),
    "unknown Chinese level": (cell("level", "实践戰"), "sites.csv:4", "unknown level '实践戰'"),
    "no level": (cell("level", ""), "sites.csv:4", "no level"),
    "station without institute": (
        cell("parent", ""),
        "sites.csv:4",
        "station without a parent; expected a parent of level institute",
    ),
    "unknown parent": (
        cell("parent", "i11"),
        "sites.csv:4",
        "parent 'i11' is no site; expected the id of a site, or a name",
    ),
    "unknown parent by name": (cell("parent", "东街所"), "sites.csv:4", "did you mean '东所'?"),
    "parent of a wrong level": (SOUND + "p1,点,spot,c,,\n", "sites.csv:5", "spot on center 'c'"),
    "center with a parent": (
        SOUND.replace("center,,", "center,i1,"),
        "sites.csv:2",
        "center with parent 'i1'",
    ),
    "ambiguous parent": (
        SOUND + "i2,东所,institute,c,,\ns2,二,station,东所,,\n",
        "sites.csv:6",
        "parent '东所' names 2 sites",
    ),
    "cycle": (SOUND + "s2,二,station,s3,,\ns3,三,station,s2,,\n", "sites.csv:5", "cycle: s2, s3"),
    "itself": (cell("parent", "s1"), "sites.csv:4", "cycle: s1"),
    "no center": (HEAD + "i1,所,institute,c,,\n", "sites.csv", "no center among 1"),
    "several centers": (SOUND + "d,另,center,,,\n", "sites.csv:5", "one of 2 centers"),
    "lat outside": (cell("lat", "95"), "sites.csv:4", "lat 95.0; expected degrees from -90 to 90"),
    "lon outside": (cell("lon", "-200.5"), "sites.csv:4", "lon -200.5"),
    "swapped": (with_site("s1,一村站,station,i1,31.2,120.7"), "sites.csv:4", "swap lon and lat"),
    "half a position": (cell("lat", ""), "sites.csv:4", "lon without lat"),
    "the other half": (cell("lon", ""), "sites.csv:4", "lat without lon"),
    "lon in words": (
        cell("lon", "120°42'"),
        "sites.csv:4",
        'lon "120°42\'"; expected decimal degrees',
    ),
    "lon that is no number": (cell("lon", "nan"), "sites.csv:4", "lon 'nan'"),
    "an endless lon": (cell("lon", "1e999"), "sites.csv:4", "lon inf"),
    "formula": (cell("name", "=1+1"), "sites.csv:4", "name '=1+1', which a spreadsheet would run"),
    "formula with +": (cell("name", "+1"), "sites.csv:4", "would run"),
    "formula with -": (cell("parent", "-i1"), "sites.csv:4", "would run"),
    "formula with @": (cell("name", " @SUM(A1)"), "sites.csv:4", "would run"),
    "formula in full width": (cell("name", wide("=1")), "sites.csv:4", "would run"),
    "formula behind a tab": (cell("name", "\t=1"), "sites.csv:4", "hidden character U+0009"),
    "a carriage return": (cell("name", '"\r=1"'), "sites.csv:4", "hidden character U+000A"),
    "two lines in a cell": (cell("name", '"一村\n站"'), "sites.csv:4", "hidden character U+000A"),
    "bell": (cell("name", "一村\a站"), "sites.csv:4", "hidden character U+0007"),
    "text turned round": (cell("name", "\u202e一村"), "sites.csv:4", "hidden character U+202E"),
    "long cell": (cell("name", "村" * 101), "sites.csv:4", "name of 101 characters"),
    "long line": (cell("name", "村" * 2_000), "sites.csv:4", "a line of 2026 characters"),
    "long head": ("x" * 10_000_000, "sites.csv:1", "a line of 10000000 characters"),
    "too few cells": (with_site("s1,一村站,station"), "sites.csv:4", "3 cells; expected 6"),
    "too many cells": (SOUND.replace("31.2", "31.2,"), "sites.csv:4", "7 cells; expected 6"),
    "cell below no column": (
        SOUND.replace("\n", ",\n").replace("31.2,", "31.2,x"),
        "sites.csv:4",
        "a cell below no column",
    ),
    "quote never closed": (
        with_site('s1,"一村站,station') + "x\n" * 9,
        "sites.csv:4",
        "a quote that is never closed",
    ),
    "quote out of place": (
        with_site('s1,"一"村,station,i1,,') + "\n",
        "sites.csv:4",
        "a quote out of place",
    ),
    "NUL": (SOUND.replace("一", "\0").encode(), "sites.csv:4", "binary content (a NUL byte)"),
    "UTF-16": (
        SOUND.encode("utf-16"),
        "sites.csv",
        "UTF-16; expected CSV in UTF-8, GBK or GB18030",
    ),
    "workbook": (b"PK\x03\x04" + bytes(99), "sites.csv", "an .xlsx workbook"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + bytes(99), "sites.csv", "an .xls workbook"),
    "no encoding": (
        HEAD.encode() + b"\xff\xff\xff",
        "sites.csv:2",
        "neither UTF-8 nor, at line 2, GB18030",
    ),
    "damaged UTF-8": (
        SOUND.encode().replace("站".encode(), b"\xe7\xab\x3f"),
        "sites.csv:4",
        "damaged UTF-8 (byte 0xe7)",
    ),
    "damaged after a mark": (
        b"\xef\xbb\xbf" + HEAD.encode() + b"\xb1\xe0",
        "sites.csv:2",
        "damaged UTF-8",
    ),
    "two separators": ("id;name,level\n", "sites.csv:1", "cells between ',' or ';'"),
    "an unknown separator": ("sep=|\nid|level\n", "sites.csv:1", "separator '|'"),
    "too many rows": (HEAD + "\n" * 200_001, "sites.csv:200002", "more than 200000 rows"),
}
TEAM_FAULTS = {
    "no column": ("id,home\nt1,s1\n", "teams.csv:1", "no column categories"),
    "head alone": (TEAM_HEAD, "teams.csv:1", "no row"),
    "unknown home": ("t1,s2,law,,,", "teams.csv:2", "home 's2' is no site"),
    "nearest home": ("t1,一村,law,,,", "teams.csv:2", "did you mean '一村站'?"),
    "no home": ("t1,,law,,,", "teams.csv:2", "no home"),
    "unknown category": (
        "t1,s1,lwa,,,",
        "teams.csv:2",
        "unknown category 'lwa'; expected one of 理论宣讲 theory",
    ),
    "nearest category": ("t1,s1,法律,,,", "teams.csv:2", "did you mean '法律服务'?"),
    "no category": ("t1,s1,,,,", "teams.csv:2", "no category"),
    "separators alone": ("t1,s1,;、|,,,", "teams.csv:2", "no category"),
    "a category twice": ("t1,s1,law;法律服务,,,", "teams.csv:2", "a category twice"),
    "unknown kind": ("t1,s1,law,,,retird", "teams.csv:2", "did you mean 'retired'?"),
    "negative members": (
        "t1,s1,law,-5,,",
        "teams.csv:2",
        "members '-5'; expected a whole number from 1 to",
    ),
    "no members": ("t1,s1,law,0,,", "teams.csv:2", "members '0'"),
    "half a member": ("t1,s1,law,2.5,,", "teams.csv:2", "members '2.5'"),
    "members in words": ("t1,s1,law,many,,", "teams.csv:2", "members 'many'"),
    "endless members": ("t1,s1,law," + "9" * 500 + ",,", "teams.csv:2", "members '999"),
    "members in Thai digits": ("t1,s1,law,๑๒,,", "teams.csv:2", "members '๑๒'"),
    "negative jobs": ("t1,s1,law,,-1,", "teams.csv:2", "jobs_per_week '-1'"),
    "duplicate id": ("t1,s1,law,,,\nt1,s1,aid,,,", "teams.csv:3", "id 't1' again"),
    "bad id": ("一队,s1,law,,,", "teams.csv:2", "id '一队'"),
    "formula for a home": ("t1,=s1,law,,,", "teams.csv:2", "would run"),
    "formula for a category": ("t1,s1,@law,,,", "teams.csv:2", "would run"),
}


@pytest.mark.parametrize("case", SITE_FAULTS)
def test_each_fault_of_a_table_of_sites_has_its_line(case: str) -> None:
    sheet, place, found = SITE_FAULTS[case]
    with within(2):
        said = [str(fault) for fault in of_sites(sheet)]
    assert any(one.startswith(f"{place}: ") and found in one for one in said), said
    assert all(len(one) < 1_000 for one in said)


@pytest.mark.parametrize("case", TEAM_FAULTS)
def test_each_fault_of_a_table_of_teams_has_its_line(case: str) -> None:
    row, place, found = TEAM_FAULTS[case]
    said = [
        str(fault) for fault in of_teams(row if row.startswith("id,") else f"{TEAM_HEAD}{row}\n")
    ]
    assert any(one.startswith(f"{place}: ") and found in one for one in said), said


SAID_TWICE = {
    "unknown column",  # and the one that is then missing
    "unknown Chinese column",
    "center with a parent",  # and a cycle
    "itself",  # and a level on the wrong level
    "no center",  # and a parent that there is not
    "several centers",  # each of them
    "empty file",  # both columns
}
MANY = {"cycle", "too many cells", "missing column", "a phone column", "two separators"}


@pytest.mark.parametrize("case", sorted({*SITE_FAULTS} - MANY))
def test_one_fault_is_said_once(case: str) -> None:
    sheet, _, _ = SITE_FAULTS[case]
    assert len(of_sites(sheet)) == (2 if case in SAID_TWICE else 1)


def test_a_site_outside_the_outline_has_its_line() -> None:
    sheet = SOUND.replace("120.7,31.2", "120.7,33.2") + "s2,二,station,i1,31.5,120.5\n"
    below = SQUARE.polygons[0][0]
    outline = Outline(((tuple((lon - 90, lat - 1) for lon, lat in below),),))
    inside = HEAD + "c,中心,center,,30.5,30.5\ni1,所,institute,c,30.7,30.2\n"
    assert [
        (f.place, f.remedy) for f in of_sites(inside.replace("30.7,30.2", "90,30"), outline)
    ] == [("sites.csv:3", "mend the position")]
    places = {(fault.place, fault.remedy) for fault in of_sites(sheet, SQUARE)}
    assert places == {("sites.csv:4", "mend the position"), ("sites.csv:5", "swap lon and lat")}


def test_a_site_without_a_position_is_not_outside() -> None:
    rows = read_sites(SOUND.replace("120.7,31.2", ",").encode(), "sites.csv", SQUARE)
    assert [row.lon for row in rows] == [120.6, 120.5, None]


def test_all_faults_of_a_file_are_said_at_once() -> None:
    sheet = HEAD + (
        "c,中心,center,,120.6,31.1\n"
        "i1,=所,institute,nowhere,120.5,x\n"
        "s1,站,station,i1,120.7\n"
        "s1,站,station,i1,120.7,\n"
        "s1,站,station,i9,120.7,31\n"
        "d,另,center,,95,120\n"
    )
    assert [(fault.place, fault.found) for fault in of_sites(sheet)] == [
        ("sites.csv:4", "5 cells"),
        ("sites.csv:6", "id 's1' again"),
        ("sites.csv:3", "name '=所', which a spreadsheet would run"),
        ("sites.csv:3", "parent 'nowhere' is no site"),
        ("sites.csv:3", "lat 'x'"),
        ("sites.csv:5", "lon without lat"),
        ("sites.csv:6", "parent 'i9' is no site"),
        ("sites.csv:2", "one of 2 centers"),
        ("sites.csv:7", "one of 2 centers"),
        ("sites.csv:7", "lat 120.0"),
    ]


def test_twenty_faults_are_listed_and_the_others_counted() -> None:
    sheet = SOUND + "".join(f"x{n},站,station,nowhere,,\n" for n in range(1_001))
    faults = of_sites(sheet)
    assert len(faults) == 21
    assert faults[-1].found == "981 more faults"


def test_what_is_refused_does_not_make_others_wrong() -> None:
    sheet = HEAD + (
        "c,中心,center,,,\n东所,东所,institute,c,,\n"
        "s1,一村站,station,东所,,\ni2,西所,institute,nowhere,,\ns2,二村站,station,i2,,\n"
    )
    assert [fault.place for fault in of_sites(sheet)] == ["sites.csv:3", "sites.csv:5"]


# ---------------------------------------------------------------------------- any bytes at all

pieces = st.sampled_from(
    [*SOUND.encode().split(b","), b",", b";", b"\t", b"\n", b'"', b"=", b"\0", b"\xff", b"sep="]
)
mutations = st.lists(
    st.tuples(st.integers(0, len(SOUND.encode())), st.integers(0, 9), pieces), max_size=4
)


def mutated(raw: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
    for at, gone, new in changes:
        raw = raw[:at] + new + raw[at + gone :]
    return raw


@settings(max_examples=300)
@given(st.binary(max_size=200) | mutations.map(lambda c: mutated(SOUND.encode(), c)))
def test_whatever_the_bytes_they_are_read_or_refused_with_their_faults(raw: bytes) -> None:
    readers: list[Callable[[bytes], object]] = [
        lambda raw: read_sites(raw, "a.csv"),
        lambda raw: read_sites(raw, "a.csv", SQUARE),
        lambda raw: read_teams(raw, "a.csv", HOMES),
        lambda raw: read_teams(raw, "a.csv", None),
    ]
    for read in readers:
        found: object = None
        faults: tuple[Fault, ...] = ()
        try:
            found = read(raw)
        except DefinitionError as refused:
            faults = refused.faults
        assert found or faults
        assert all(fault.place.startswith("a.csv") and fault.remedy for fault in faults)


# ---------------------------------------------------------------------------- outlines

RING = "[[120, 31], [121, 31], [121, 32], [120, 31]]"
FEATURE = '{"type": "Feature", "properties": {"seat_lon_lat": SEAT}, "geometry": GEOMETRY}'


def geometry(coordinates: str, kind: str = "Polygon") -> str:
    return f'{{"type": "{kind}", "coordinates": {coordinates}}}'


def with_seat(seat: str) -> str:
    return FEATURE.replace("SEAT", seat).replace("GEOMETRY", geometry(f"[{RING}]"))


OUTLINE_FAULTS: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "o.geojson:1: Expecting value"),
    "no JSON": ('{"type": \n oops}', "o.geojson:2: "),
    "a number": ("3", "type '3'"),
    "NaN": (geometry("[[[NaN, 31]]]"), "NaN is no number"),
    "endless": (geometry(f"[[[{'9' * 5_000}, 31]]]"), "a number of 5000 digits"),
    "Infinity": (geometry("[[[-Infinity, 31]]]"), "Infinity is no number"),
    "beyond all numbers": (geometry("[[[1e999, 31], [1, 1], [2, 2], [1e999, 31]]]"), "lon inf"),
    "more digits than fit": (geometry(f"[[[{'9' * 400}, 31]]]"), "unreadable"),
    "digits without end": (geometry(f"[[[{'9' * 5_000}, 31]]]"), "digits"),
    "words for numbers": (geometry('[[["120", "31"]]]'), "a str is no number"),
    "truth for numbers": (geometry("[[[true, false]]]"), "a bool is no number"),
    "one number": (geometry("[[[120]]]"), "unreadable"),
    "no list": (geometry("3"), "unreadable"),
    "no coordinates": ('{"type": "Polygon"}', "unreadable"),
    "deep lists": ("[" * 9_000 + "]" * 9_000, "too deep"),
    "deep objects": ('{"a":' * 100_000 + "1" + "}" * 100_000, "too deep"),
    "a point": ('{"type": "Point", "coordinates": [1, 2]}', "type 'Point'"),
    "a feature of a line": (
        '{"type": "Feature", "geometry": {"type": "LineString"}}',
        "'LineString'",
    ),
    "a feature of nothing": ('{"type": "Feature", "geometry": null}', "'None'"),
    "two features": ('{"type": "FeatureCollection", "features": [1, 2]}', "2 features"),
    "no feature": ('{"type": "FeatureCollection", "features": []}', "0 features"),
    "no features at all": ('{"type": "FeatureCollection"}', "0 features"),
    "a long type": ('{"type": "' + "x" * 1_000_000 + '"}', "type 'xxx"),
    "open ring": (
        geometry("[[[120, 31], [121, 31], [121, 32], [120, 32]]]"),
        "polygon 0, ring 0: an open ring",
    ),
    "short ring": (geometry("[[[120, 31], [120, 31]]]"), "2 positions"),
    "no polygon": (geometry("[]", "MultiPolygon"), "no polygon"),
    "no ring": (geometry("[]"), "no ring"),
    "no room": (geometry("[[[120, 31], [121, 31], [120, 31], [120, 31]]]"), "no room inside"),
    "swapped": (
        geometry("[[[31, 120], [31, 121], [32, 121], [31, 120]]]"),
        "the latitude first in 4 positions; expected lon, then lat",
    ),
    "one wrong": (
        geometry("[[[120, 31], [121, 310], [121, 32], [120, 31]]]"),
        "polygon 0, ring 0, position 1: lat 310.0",
    ),
    "many positions": (geometry(f"[[{','.join(['[1,2]'] * 20_000)}]]"), "20002 positions"),
    "NUL": (geometry(f"[{RING}]").encode() + b"\0", "binary content"),
    "UTF-16": (geometry(f"[{RING}]").encode("utf-16"), "binary content"),
    "GBK": ("编号".encode("gbk"), "not UTF-8"),
    "seat outside": (with_seat("[1, 1]"), "properties.seat_lon_lat: '[1, 1]'"),
    "seat that is none": (with_seat('["a", null]'), "properties.seat_lon_lat"),
    "seat beyond numbers": (with_seat(f"[{'9' * 400}, 1]"), "properties.seat_lon_lat"),
}


@pytest.mark.parametrize("case", OUTLINE_FAULTS)
def test_each_fault_of_an_outline_is_said_in_bounded_time(case: str) -> None:
    text, found = OUTLINE_FAULTS[case]
    raw = text if isinstance(text, bytes) else text.encode()
    with within(2):
        said = [str(fault) for fault in faults_of(read_outline, raw, "o.geojson")]
    assert any(found in one for one in said), said
    assert all(one.startswith("o.geojson") and len(one) < 1_000 for one in said)
    assert len(said) <= 21


@pytest.mark.parametrize(
    "text",
    [
        geometry(f"[{RING}]"),
        geometry(f"[[{RING}]]", "MultiPolygon"),
        f'{{"type": "Feature", "properties": null, "geometry": {geometry(f"[{RING}]")}}}',
        f'{{"type": "FeatureCollection", "features": [{geometry(f"[{RING}]")}]}}',
        "\ufeff" + geometry("[[[120, 31, 5], [121, 31, 5], [121, 32, 5], [120, 31, 5]]]"),
    ],
)
def test_an_outline_may_come_in_several_wrappings(text: str) -> None:
    found = read_outline(text.encode(), "o.geojson")
    assert found.outline.bounds == (120.0, 31.0, 121.0, 32.0)
    assert found.outline.contains(*found.outline.inner_point())


json_pieces = st.sampled_from([*'[]{},:"', "120", "31.5", "null", '"type"', "NaN", "-", "1e9"])


@given(st.binary(max_size=99) | st.lists(json_pieces).map(lambda p: geometry("".join(p)).encode()))
def test_whatever_the_bytes_of_an_outline_they_are_read_or_refused(raw: bytes) -> None:
    area, faults = 0.0, 0
    try:
        area = read_outline(raw, "o.geojson").outline.area_km2()
    except DefinitionError as refused:
        faults = len(refused.faults)
    assert area > 0 or faults


# ---------------------------------------------------------------------------- files


def test_a_file_is_read_if_it_is_a_regular_one_of_bounded_size(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_bytes(b"x" * 10)
    assert file_bytes(path, most=10) == b"x" * 10
    (fault,) = faults_of(lambda: file_bytes(path, most=9))
    assert fault.place == str(path)


def test_a_link_is_followed_only_if_it_may_be(tmp_path: Path) -> None:
    path, link = tmp_path / "sites.csv", tmp_path / "link.csv"
    path.write_bytes(b"x")
    link.symlink_to(path)
    assert file_bytes(link, most=9) == b"x"
    (fault,) = faults_of(lambda: file_bytes(link, most=9, follow=False))
    assert fault.found == "a symbolic link"


def test_what_is_no_file_is_said_to_be_what_it_is_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LARGEST_TABLE + 1)
    wrong = {
        tmp_path / "absent.csv": "no such file",
        tmp_path: "a folder",
        tmp_path / "pipe": "a pipe",
        tmp_path / "loop": "Too many levels of symbolic links",
        tmp_path / "large": "more than 16 MiB",
        tmp_path / "large" / "below": "Not a directory",
        tmp_path / ("x" * 300): "File name too long",
        tmp_path / "a\0b": "embedded null byte",
        type(tmp_path)("/dev/zero"): "a device",
    }
    for path, found in wrong.items():
        (fault,) = faults_of(lambda path=path: file_bytes(path, most=LARGEST_TABLE))
        assert found in fault.found, path


def test_an_unreadable_file_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_bytes(b"x")
    path.chmod(0)
    nobody = 65_534
    me = os.geteuid()
    if me == 0:  # to whom everything is readable
        os.seteuid(nobody)
    try:
        (fault,) = faults_of(lambda: file_bytes(path, most=9))
    finally:
        os.seteuid(me)
    assert fault.found == "Permission denied"
