"""A county of one's own is begun from two spreadsheets: it runs at once, or nothing is written."""

from __future__ import annotations

import csv
import difflib
import io
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.areas import BasisKind, NewArea, load_area, new_area, read
from practice_core.areas.folder import staged_folder
from practice_core.cli import main
from practice_core.dispatch import policy
from practice_core.errors import DefinitionError, UnknownName
from practice_core.hierarchy import Level
from practice_core.simulation import load_scenario, run
from practice_core.terms import Category

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

SITES = """\
名称,层级,上级,经度,纬度
清水县新时代文明实践中心,实践中心,,120.42,31.62
东桥镇实践所,实践所,清水县新时代文明实践中心,120.43,31.63
柳浜镇实践所,实践所,清水县新时代文明实践中心,120.53,31.57
白塘镇实践所,实践所,清水县新时代文明实践中心,120.33,31.53
东升村实践站,实践站,东桥镇实践所,120.44,31.65
西湖村实践站,实践站,东桥镇实践所,120.47,31.61
南庄村实践站,实践站,柳浜镇实践所,120.52,31.56
北港村实践站,实践站,柳浜镇实践所,120.54,31.58
河口村实践站,实践站,白塘镇实践所,120.32,31.54
桥头村实践站,实践站,白塘镇实践所,120.34,31.52
"""
TEAMS = """\
队伍名称,所属,服务类别,人数,类型
红马甲,东桥镇实践所,法律服务、理论宣讲,30,单位
白大褂,清水县新时代文明实践中心,文明健康,40,
老来乐,河口村实践站,文化服务,25,退休
青春,北港村实践站,教育服务；科技科普,20,学生
近邻,西湖村实践站,扶贫帮困;卫生环保,,在职
"""
BOX = (
    '{"type": "Polygon", "coordinates": '
    "[[[120.2, 31.4], [120.7, 31.4], [120.7, 31.8], [120.2, 31.8], [120.2, 31.4]]]}"
)
SHORT = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 800.0,
    "site_request.per_year": 200.0,
    "own_activity.per_year": 50.0,
}
SHIPPED = resources.files("practice_core").joinpath("areas", "wujiang")


class Files(TypedDict, total=False):
    """Where the files of a county are."""

    sites: Path
    teams: Path
    outline: Path


def saved(folder: Path, /, **files: str | bytes) -> Files:
    """Save tables and an outline under their own names, and give where each is."""
    endings = {"sites": "csv", "teams": "csv", "outline": "geojson"}
    paths: dict[str, Path] = {}
    for name, content in files.items():
        paths[name] = folder / f"my-{name}.{endings[name]}"
        paths[name].write_bytes(content if isinstance(content, bytes) else content.encode())
    return cast("Files", paths)


def without_positions(sites: str) -> str:
    rows = list(csv.reader(io.StringIO(sites)))
    return "\n".join(",".join(row[:3]) for row in rows)


def begun(tmp_path: Path, name: str = "qingshui", /, **files: str | bytes) -> Path:
    folder = tmp_path / name
    new_area(folder, **saved(tmp_path, **files))
    return folder


def differences(folder: Path, file: str) -> str:
    """What a new file has instead of the lines of Wujiang's."""
    before = SHIPPED.joinpath(file).read_text(encoding="utf-8").splitlines()
    after = (folder / file).read_text(encoding="utf-8").splitlines()
    lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))
    return "\n".join(line[1:] for line in lines[2:] if line.startswith("+"))


def refused(tmp_path: Path, folder: Path, **files: Unpack[Files]) -> list[str]:
    """Refuse to begin a county; nothing is there that was not before."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DefinitionError) as error:
        new_area(folder, **files)
    assert sorted(tmp_path.rglob("*")) == before
    return [f"{fault.place}: {fault.found}" for fault in error.value.faults]


# ---------------------------------------------------------------------------- what is written

AREA = """\
# qingshui: begun by practice-core new from Wujiang.
# Counted is what comes from files of the county; all else stands as in Wujiang, for you to change.
id = "qingshui"
prefix = "qingshui"
name_zh = "清水县"
name_en = "qingshui"
document = "set by practice-core new, from Wujiang and files of the county"
sites = "sites.csv"
teams = "teams.csv"
# Figures of your county that documents give, each with its basis.
name = "qingshui"
chain = ["center"]
id = "qingshui-default"
source = "as in Wujiang; this county's own rules may differ\""""
SCENARIO = """\
# The base scenario of qingshui, begun by practice-core new from Wujiang's.
# Volumes go by the number of stations, as in Wujiang; nothing here was measured in this county.
institute_weights = { value = [1, 1, 1], basis = "assumed", scale = [0.5, 2], \
why = "by id; equal until the population of each town is known" }
per_year = { value = 288, basis = "derived", range = [72, 1_080], \
arithmetic = "4 orders x 6 stations x 12 months; 4 is assumed, 1 to 15" }
per_year = { value = 125, basis = "assumed", range = [42, 249], \
why = "6,000 x 6 / 289: by stations, as in Wujiang" }
per_year = { value = 725, basis = "assumed", range = [415, 934], \
why = "34,900 x 6 / 289: by stations, as in Wujiang" }
level_shares = { value = { center = 0.02, institute = 0.08, station = 0.9, spot = 0 }, \
basis = "assumed", scale = [0.5, 2], \
why = "most happens at stations; there is no spot: the level above has its part" }
mean_needed = { value = 41.0, basis = "assumed", range = [41.0, 41.0], \
why = "as in Wujiang, where it is (1.43 M - 22.9 k - 20.7 k) / 34,900 / .97" }
mix = { value = { theory = 0.07, education = 0.10, culture = 0.12, science = 0.06, health = 0.20, \
law = 0.03, environment = 0.32, aid = 0.10 }, basis = "assumed", scale = [0.5, 2], \
why = "as in Wujiang: theory: 3,500 lectures and classes of 53,000; the rest assumed" }
count = { value = 5, basis = "derived", arithmetic = "counted in teams.csv" }
members_mean = { value = 55, basis = "assumed", range = [40, 95], \
why = "as in Wujiang, where it is 320,000 / 2,028 x .35 active; active share assumed 25-60 %" }
jobs_per_week_shares = { value = [0.5, 0.3, 0.2], basis = "assumed", scale = [0.5, 2], \
why = "as in Wujiang: 1, 2 or 3 jobs a week; must exceed 26.1 / 52 = .50" }"""
COPIED_SITES = """\
id,name,level,parent,lon,lat
s001,清水县新时代文明实践中心,center,,120.42,31.62
s002,东桥镇实践所,institute,s001,120.43,31.63
s003,柳浜镇实践所,institute,s001,120.53,31.57
s004,白塘镇实践所,institute,s001,120.33,31.53
s005,东升村实践站,station,s002,120.44,31.65
s006,西湖村实践站,station,s002,120.47,31.61
s007,南庄村实践站,station,s003,120.52,31.56
s008,北港村实践站,station,s003,120.54,31.58
s009,河口村实践站,station,s004,120.32,31.54
s010,桥头村实践站,station,s004,120.34,31.52
"""
COPIED_TEAMS = """\
id,home,categories,members,kind
t001,s002,law; theory,30,unit
t002,s001,health,40,
t003,s009,culture,25,retired
t004,s008,education; science,20,student
t005,s006,aid; environment,,office
"""


def test_what_is_written_for_a_small_county(tmp_path: Path) -> None:
    folder = begun(tmp_path, sites=SITES.encode("gbk"), teams=TEAMS)
    files = ["area.toml", "scenario.toml", "sites.csv", "teams.csv"]
    assert sorted(file.name for file in folder.iterdir()) == files
    assert differences(folder, "area.toml") == AREA
    assert differences(folder, "scenario.toml") == SCENARIO
    assert (folder / "sites.csv").read_bytes().decode("utf-8-sig") == COPIED_SITES
    assert (folder / "teams.csv").read_bytes().decode("utf-8-sig") == COPIED_TEAMS


def test_the_comments_and_sections_of_the_other_area_stay_but_not_what_is_true_of_it_alone(
    tmp_path: Path,
) -> None:
    folder = begun(tmp_path, sites=SITES, teams=TEAMS)
    for file in ("area.toml", "scenario.toml"):
        before = SHIPPED.joinpath(file).read_text(encoding="utf-8")
        after = (folder / file).read_text(encoding="utf-8")
        kept = [line for line in before.splitlines() if re.match(r"#[^:]|\[", line)]
        if file == "area.toml":
            kept.remove("[network]")  # the sites are listed
            kept.remove("[links]")  # the alliance is Wujiang's
        assert [line for line in after.splitlines() if line in kept] == kept
        assert "#:" in before
        for gone in ("#:", "seed document 003", "13,872", "吴江"):
            assert gone not in after


def test_every_number_still_says_what_it_rests_on_and_none_is_published_of_this_county(
    tmp_path: Path,
) -> None:
    folder = begun(tmp_path)
    for file in ("area.toml", "scenario.toml"):
        values, bases = read((folder / file).read_bytes(), file)
        before = read(SHIPPED.joinpath(file).read_bytes(), file)[1]
        published = {key for key, basis in bases.items() if basis.kind is BasisKind.PUBLISHED}
        others = {key for key, basis in before.items() if "seed document" not in basis.source}
        assert published <= others
        for key, basis in bases.items():
            node: Any = values
            for part in key.split("."):
                node = node[part]
            if basis.range is not None:
                assert basis.range[0] <= node <= basis.range[1], key


def test_the_copies_make_the_same_county_again(tmp_path: Path) -> None:
    whole = {"sites": without_positions(SITES), "teams": TEAMS, "outline": BOX}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = begun(tmp_path / "a", **whole)
    files = {name: (one / f"{name}.csv").read_bytes() for name in ("sites", "teams")}
    other = begun(tmp_path / "b", **files, outline=(one / "outline.geojson").read_bytes())
    for file in one.iterdir():
        raw = file.read_bytes()
        assert (other / file.name).read_bytes() == raw
        assert str(tmp_path).encode() not in raw
        assert b"my-sites" not in raw


# ---------------------------------------------------------------------------- what runs

FLAT = "id,level,parent,lon,lat\nc,center,,120.4,31.6\ns1,station,c,120.5,31.6\n"
COUNTIES: dict[str, dict[str, str | bytes]] = {
    "two tables": {"sites": SITES, "teams": TEAMS},
    "names alone inside an outline": {
        "sites": without_positions(SITES),
        "teams": TEAMS,
        "outline": BOX,
    },
    "a table of sites alone": {"sites": SITES},
    "some positions": {"sites": SITES.replace("120.44,31.65", ","), "outline": BOX},
    "no institute": {"sites": FLAT, "teams": "home,categories\nc,law\ns1,health\nc,aid\n"},
    "no institute and no table of teams": {"sites": FLAT},
    "stations on the center too": {
        "sites": SITES + "湖心岛站,站,清水县新时代文明实践中心,,\n",
        "outline": BOX,
    },
    "fifty institutes": {
        "sites": FLAT + "".join(f"i{n},institute,c,120.{n:03d},31.6\n" for n in range(300, 350))
    },
    "spots": {"sites": SITES + "广场实践点,点,东升村实践站,120.44,31.66\n", "teams": TEAMS},
    "an outline alone": {"outline": BOX},
    "nothing": {},
}


@pytest.mark.parametrize("county", COUNTIES)
def test_a_new_county_runs_at_once(tmp_path: Path, county: str) -> None:
    folder = begun(tmp_path, **COUNTIES[county])
    scenario = load_scenario(folder)
    few = {} if scenario.area.teams is not None else {"teams.count": 60}
    done = run(scenario.with_values(SHORT | few), policy("nearest"), seed=7, replication=0)
    assert done.measures["served_share"].denominator > 0
    hierarchy = scenario.area.hierarchy()
    assert hierarchy.counts() == scenario.area.counts


@pytest.mark.parametrize("category", Category)
def test_a_new_county_may_serve_any_category(tmp_path: Path, category: Category) -> None:
    folder = begun(tmp_path, sites=FLAT, teams=f"home,categories\nc,{category}\ns1,{category}\n")
    teams = load_scenario(folder).teams
    assert category in teams.archetypes
    _, bases = read((folder / "scenario.toml").read_text(encoding="utf-8"), "scenario.toml")
    basis = bases[f"teams.archetypes.{category}"]
    assert (basis.kind, basis.scale) == (BasisKind.ASSUMED, (0.5, 2))


def test_the_seat_is_the_centers_place_or_the_outlines_or_some_place_inside(
    tmp_path: Path,
) -> None:
    bare = without_positions(SITES)
    seated = (
        f'{{"type": "Feature", "properties": {{"seat_lon_lat": [120.3, 31.5]}}, "geometry": {BOX}}}'
    )
    given = load_area(begun(tmp_path, "a", sites=SITES, outline=seated))
    named = load_area(begun(tmp_path, "b", sites=bare, outline=seated))
    found = load_area(begun(tmp_path, "c", sites=bare, outline=BOX))
    assert (given.seat, named.seat) == ((120.42, 31.62), (120.3, 31.5))
    assert found.outline is not None
    assert found.outline.contains(*found.seat)
    assert load_area(begun(tmp_path, "d")).seat == load_area("wujiang").seat


@pytest.mark.parametrize("stations", [1, 40, 289])
def test_volumes_go_by_the_number_of_stations(tmp_path: Path, stations: int) -> None:
    rows = [f"s{n},station,c,120.5,31.6" for n in range(stations)]
    sites = "id,level,parent,lon,lat\nc,center,,120.4,31.6\n" + "\n".join(rows)
    here, there = load_scenario(begun(tmp_path, sites=sites)), load_scenario("wujiang")
    assert here.resident.per_year == 4 * stations * 12
    for section in ("site_request", "own_activity"):
        rate = getattr(here, section).per_year / getattr(there, section).per_year
        assert rate == pytest.approx(stations / 289, abs=1 / getattr(there, section).per_year)
    assert here.teams.count == round(2_028 * stations / 289)
    assert (here.answer, here.service, here.season) == (there.answer, there.service, there.season)


# ---------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("qingshui", "qingshui"),
        ("清水", "county"),
        ("two words", "county"),
        ("-x", "county"),
        ("x" * 56, "x" * 56),
        ("x" * 57, "county"),
        ('a"b\\c#{}', "county"),
    ],
)
def test_the_id_is_the_folders_name_if_it_may_be_one(tmp_path: Path, name: str, found: str) -> None:
    area = load_area(begun(tmp_path, name, sites=SITES))
    assert (area.id, area.name_en, area.name_zh) == (found, name, "清水县")


def test_a_folder_whose_name_cannot_be_shown_is_a_county(tmp_path: Path) -> None:
    area = load_area(begun(tmp_path, "a\nb\udcff"))
    assert (area.id, area.name_en, area.name_zh) == ("county", "county", "county")


@settings(max_examples=50)
@given(st.text("ab<>&'\"\\#{}[]$%;/清水中心", min_size=1, max_size=20).map(str.strip))
def test_whatever_the_center_is_called_the_files_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    name = f"县{name}"
    table = io.StringIO()
    csv.writer(table).writerows(
        [
            ["id", "name", "level", "parent", "lon", "lat"],
            ["c", name, "center", "", 120.4, 31.6],
            ["s", "站", "station", "c", 120.5, 31.6],
        ]
    )
    area = load_area(begun(tmp_path_factory.mktemp("any"), sites=table.getvalue()))
    assert area.name_zh == re.sub("(实践)?中心$", "", name)
    assert area.hierarchy().root.name == name


# ---------------------------------------------------------------------------- what is refused


def test_the_faults_of_all_files_and_of_the_folder_are_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    files = saved(
        tmp_path,
        sites=SITES.replace("柳浜镇实践所,120.52", "柳滨镇实践所,120.52").replace("31.63", "x"),
        teams=TEAMS.replace("文化服务", "文化") + "无家,,法律服务,3,\n",
        outline=BOX.replace("31.4", "NaN"),
    )
    assert refused(tmp_path, tmp_path / "full", **files) == [
        f"{tmp_path / 'full'}: holds mine.txt",
        "my-outline.geojson: NaN is no number",
        "my-sites.csv:3: lat 'x'",
        "my-sites.csv:8: parent '柳滨镇实践所' is no site",
        "my-teams.csv:4: unknown category '文化'",
        "my-teams.csv:7: no home",
    ]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"teams": TEAMS}, "--teams: teams without sites"),
        ({"sites": without_positions(SITES)}, "my-sites.csv: 10 of 10 sites without a position"),
        ({"sites": SITES.replace("120.44,31.65", ",")}, "my-sites.csv: 1 of 10 sites without"),
        ({"sites": "id,level,parent,lon,lat\nc,center,,1,2\n"}, "my-sites.csv: no station"),
        (
            {"sites": FLAT + "\n".join(f"i{n},institute,c,120.4,31.6" for n in range(1_001))},
            "my-sites.csv: 1001 institutes",
        ),
        ({"sites": SITES.replace("120.44", "121.44"), "outline": BOX}, "is outside the outline"),
        ({"sites": SITES.replace("120.44,31.65", "31.65,120.44"), "outline": BOX}, "lat 120.44"),
    ],
)
def test_what_makes_no_county_is_refused(tmp_path: Path, files: dict[str, str], found: str) -> None:
    said = refused(tmp_path, tmp_path / "county", **saved(tmp_path, **files))
    assert len(said) == 1
    assert found in said[0]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    absent = [tmp_path / name for name in ("sites", "teams", "outline")]
    folder = tmp_path / "county"
    said = refused(tmp_path, folder, sites=absent[0], teams=absent[1], outline=absent[2])
    assert said == [f"{tmp_path / name}: no such file" for name in ("outline", "sites", "teams")]


def test_an_area_that_does_not_ship_is_answered_with_the_one_that_was_meant(
    tmp_path: Path,
) -> None:
    with pytest.raises(UnknownName, match="did you mean 'wujiang'"):
        new_area(tmp_path / "county", like="wujang")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_taken_and_missing_ones_are_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "some" / "where"):
        new_area(folder)
        assert load_area(folder).counts[Level.STATION] == 289
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["empty", "some"]


def test_an_empty_folder_itself_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = tmp_path.stat().st_ino
    new_area(Path())
    assert tmp_path.stat().st_ino == before
    assert sorted(map(str, Path().iterdir())) == [
        "area.toml",
        "outline.geojson",
        "scenario.toml",
    ]
    assert load_area(".").name_en == tmp_path.name


def test_what_came_into_an_empty_folder_meanwhile_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    staged = staged_folder(folder, lambda _: None, subject="x", expected="a new folder")
    fresh = staged.__enter__()
    (fresh / "mine.txt").write_text("theirs")
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(DefinitionError, match=r"holds mine\.txt; expected a new folder"):
        staged.__exit__(None, None, None)
    assert [entry.name for entry in folder.iterdir()] == ["mine.txt"]
    assert (folder / "mine.txt").read_text() == "mine"


def test_what_came_where_nothing_was_meanwhile_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    taken = iter([None, "holds mine.txt"])
    with (
        pytest.raises(DefinitionError, match=r"holds mine\.txt"),
        staged_folder(folder, lambda _: next(taken), subject="x", expected="a new folder"),
    ):
        folder.mkdir()
    assert list(tmp_path.rglob("*")) == [folder]


def test_a_folder_that_cannot_be_filled_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def full(self: Path, target: Path) -> Path:
        if target == tmp_path / "scenario.toml":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", full)
        (said,) = refused(tmp_path, tmp_path)
    assert "No space left" in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_called_as_an_area_that_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (said,) = refused(tmp_path, Path("wujiang"))
    assert said == "wujiang: the name of an area that ships"
    new_area(tmp_path / "wujiang")
    assert load_area(str(tmp_path / "wujiang")).name_en == "wujiang"


def test_only_a_new_or_empty_folder_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "dangling").symlink_to(tmp_path / "absent")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    wrong = {
        "file": "a file",
        "link": "a symbolic link",
        "dangling": "a symbolic link",
        "loop": "a symbolic link",
        "loop/below": "loop",
        "file/below": "Not a directory",
        "x" * 300: "File name too long",
        "a\0b": "embedded null byte",
    }
    for name, found in wrong.items():
        (said,) = refused(tmp_path, tmp_path / name)
        assert found in said, name


@contextmanager
def nobody() -> Iterator[None]:
    """Have no more rights than anybody, root or not."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(me)


def test_a_folder_that_may_not_be_written_is_one_clear_fault(tmp_path: Path) -> None:
    parent = tmp_path / "read only"
    parent.mkdir(mode=0o555)
    with nobody(), pytest.raises(DefinitionError) as error:
        new_area(parent / "county")
    (fault,) = error.value.faults
    assert (fault.place, fault.found) == (str(parent / "county"), "Permission denied")
    assert list(parent.iterdir()) == []


FULL = """\
import resource, sys
from practice_core.cli import main
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))
code = main(["new", sys.argv[1]])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
sys.exit(code)
"""


def test_a_full_disk_is_one_clear_fault_and_leaves_nothing(tmp_path: Path) -> None:
    # No file may grow beyond 4 KiB: the second one fails while it is written.
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "county")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "County" not in done.stderr
    assert done.stderr.count("\n") == 2
    assert f"{tmp_path / 'county'}: File too large; expected a folder that can be written" in (
        done.stderr
    )
    assert (done.stdout, list(tmp_path.iterdir())) == ("", [])


def test_a_place_that_is_lost_meanwhile_is_a_fault_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(self: Path, target: object) -> None:
        raise OSError(28, f"No space left for {self} as {target}")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", lost)
        (said,) = refused(tmp_path, tmp_path / "county")
    assert "No space left" in said
    assert isinstance(new_area(tmp_path / "county"), NewArea)


@pytest.mark.parametrize("name", ["loop/below", "a\0b"])
def test_a_path_that_leads_nowhere_is_a_fault_of_any_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with (
        pytest.raises(DefinitionError, match="a new folder; name another folder"),
        staged_folder(tmp_path / name, lambda _: None, subject="x", expected="a new folder"),
    ):
        pass


# ---------------------------------------------------------------------------- the command line


def test_the_command_says_what_was_taken_what_is_assumed_and_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = saved(tmp_path, sites=SITES, teams=TEAMS)
    folder = tmp_path / "清水 县"
    given = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    assert main(["new", str(folder), "--like", "wujiang", *given]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        f"Written to {folder}: area.toml, scenario.toml, sites.csv, teams.csv",
        (
            "The folder's name cannot be an id (letters, digits and . _ : - only), so the id is "
            "county; change it in area.toml."
        ),
        "From your table of sites: center 1, institute 3, station 6, spot 0; 10 with a position.",
        "From your table of teams: 5 teams.",
        (
            "All else is assumed: volumes by the number of stations as in Wujiang; loop, clocks, "
            "points and how teams answer as in Wujiang. Put what you know in its place, in the "
            "two toml files."
        ),
        f"Next: practice-core compare '{folder}'",
    ]


def test_the_next_command_is_no_option_whatever_the_folder_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "--", "-y"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Next: practice-core compare ./-y"
    assert main(["check", "./-y"]) == 0


def test_the_command_speaks_chinese_and_says_what_was_not_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "x"), "--lang", "zh"]) == 0
    out, _ = capsys.readouterr()
    assert "没有阵地表：数量同吴江（实践中心 1, 实践所 11, 实践站 289, 实践点 500）" in out
    assert "没有队伍表" in out
    assert out.splitlines()[-1] == f"下一步：practice-core compare {tmp_path / 'x'}"


def test_the_command_refuses_with_every_fault_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = saved(tmp_path, sites=SITES.replace("31.63", "x"), teams=TEAMS.replace("30", "-3"))
    given = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    assert main(["new", str(tmp_path / "x"), *given]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("practice-core: new: 2 faults\n")
    assert "my-sites.csv:3: lat 'x'; expected decimal degrees such as 120.64; mend lat\n" in err
    assert "my-teams.csv:2: members '-3'; expected a whole number from 1 to 100000" in err
    assert not (tmp_path / "x").exists()
