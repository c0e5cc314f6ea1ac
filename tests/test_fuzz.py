"""Files from outside, broken at random: only the project's own errors, soon, and nothing half done.

The test command tries 500 broken files; ``make fuzz`` tries 20,000.
"""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from practice_core.areas import Local, Loop, new_area, traits
from practice_core.areas.corps import read_corps, read_units
from practice_core.areas.files import shipped
from practice_core.areas.loops import loop_files, read_loop
from practice_core.areas.record_rules import read_record_rules
from practice_core.areas.standards import read_standard
from practice_core.cli import main
from practice_core.errors import PracticeError
from practice_core.hierarchy import Hierarchy, Level, Site, SiteId
from practice_core.simulation import findings, load_scenario
from tests.patience import within

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = int(os.environ.get("FUZZ_CASES", "500"))
SECONDS = 2.0
"""The longest that a broken file may take, of this process's own time."""
EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "county"
FILES = ("area.toml", "scenario.toml", "sites.csv", "teams.csv", "outline.geojson")
NASTY = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\r\n",
    b"-1",
    b"0",
    b"1e999",
    b"nan",
    b"-inf",
    b"9" * 400,
    b"1" + b"0" * 5000,
    b"[" * 2000,
    b"{ a = " * 500,
    b'"' * 3,
    b"'''",
    b"=cmd|' /C calc'!A0",
    b"../../../etc/passwd",
    b"<script>alert(1)</script>",
    b"2020-03-02T00:00:00Z",
    b"true",
    "实践站".encode(),
    "实践站".encode("gbk"),
    "\uff11\uff12\uff0e\uff15".encode(),
    b"id",
    b"center",
    b",",
    b"\t",
    b"{{ 7 * 7 }}",
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a sound county, made by ``new`` from two tables and an outline."""
    folder = tmp_path_factory.mktemp("fuzz")
    box = '{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": '
    ring = "[[[120.0, 31.3], [120.9, 31.3], [120.9, 32.0], [120.0, 32.0], [120.0, 31.3]]]}}"
    outline = folder / "box.geojson"
    outline.write_text(box + ring, encoding="utf-8")
    new_area(
        folder / "county",
        like="wujiang",
        sites=EXAMPLE / "sites.csv",
        teams=EXAMPLE / "teams.csv",
        outline=outline,
    )
    return {name: (folder / "county" / name).read_bytes() for name in FILES}


@st.composite
def broken(draw: st.DrawFn, text: bytes) -> bytes:
    """Break a file in one to four places: cut, double, move, overwrite, insert."""
    for _ in range(draw(st.integers(1, 4))):
        lines = text.split(b"\n")
        where = draw(st.integers(0, max(0, len(text) - 1)))
        length = draw(st.integers(0, 40))
        line = draw(st.integers(0, len(lines) - 1))
        other = draw(st.integers(0, len(lines) - 1))
        nasty = draw(st.sampled_from(NASTY) | st.binary(max_size=6))
        match draw(st.sampled_from(("cut", "insert", "over", "double", "swap", "end", "number"))):
            case "cut":
                text = text[:where] + text[where + length :]
            case "insert":
                text = text[:where] + nasty + text[where:]
            case "over":
                text = text[:where] + nasty + text[where + length :]
            case "double":
                text = b"\n".join([*lines[:line], lines[other], *lines[line:]])
            case "swap":
                lines[line], lines[other] = lines[other], lines[line]
                text = b"\n".join(lines)
            case "end":
                text = text[:where]
            case "number":
                text = _with_number(text, where, nasty)
    return text


def _with_number(text: bytes, where: int, by: bytes) -> bytes:
    """Replace the next number after a place."""
    digits = b"0123456789._"
    begin = next((n for n in range(where, len(text)) if text[n : n + 1].isdigit()), len(text))
    end = begin
    while end < len(text) and text[end : end + 1] in [bytes([d]) for d in digits]:
        end += 1
    return text[:begin] + by + text[end:]


def written(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    return folder


def soon(action: Callable[[], object]) -> object:
    """Do it; only the project's own errors may come out, and soon."""
    with within(SECONDS):
        try:
            return action()
        except PracticeError as error:
            assert str(error)  # noqa: PT017 - not this error alone is expected
            return error


def fuzz(share: float) -> Callable[[Any], Any]:
    return settings(
        max_examples=max(1, round(CASES * share)),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
@fuzz(0.16)
@given(data=st.data())
def test_a_broken_file_of_a_county_is_read_or_refused(
    sound: dict[str, bytes], tmp_path: Path, file: str, data: st.DataObject
) -> None:
    raw = data.draw(broken(sound[file]))
    county = written(tmp_path / "county", sound | {file: raw})
    found = soon(lambda: load_scenario(county))
    if not isinstance(found, PracticeError):
        soon(lambda: findings(load_scenario(county)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jufengyuan", "taicang"])
@fuzz(0.16)
@given(data=st.data())
def test_a_broken_file_of_a_loop_is_read_or_refused(name: str, data: st.DataObject) -> None:
    raw = data.draw(broken(loop_files()[name].read_bytes()))
    found = soon(lambda: read_loop(raw, "own.toml"))
    if isinstance(found, Loop):
        soon(found.to_dict)
        soon(lambda: traits(found))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "name", "reader"),
    [
        ("corps", "tengzhou", read_corps),
        ("records", "china", read_record_rules),
        ("standards", "shanxian_stars", read_standard),
    ],
)
@fuzz(0.1)
@given(data=st.data())
def test_a_broken_file_of_a_local_rule_is_read_or_refused(
    folder: str, name: str, reader: Callable[[bytes, str], Local[Any]], data: st.DataObject
) -> None:
    raw = data.draw(broken(shipped(folder)[name].read_bytes()))
    soon(lambda: reader(raw, "own.toml"))


@pytest.mark.slow
@fuzz(0.1)
@given(data=st.data())
def test_a_broken_table_of_units_is_read_or_refused(data: st.DataObject) -> None:
    rows = ("编号,层级,上级,阵地,类型,类别,负责人", "u,总队,,c,,,", "d,支队,u,c,属地队伍,,")
    sheet = "\n".join([*rows, "l,小队,d,,,法律服务;aid,", ""])
    sites = Hierarchy([Site(SiteId("c"), "中心", Level.CENTER, None, 120, 31, synthetic=True)])
    raw = data.draw(broken(sheet.encode()))
    soon(lambda: read_units(raw, "corps.csv", sites))


@pytest.mark.slow
@pytest.mark.parametrize("file", ["sites.csv", "teams.csv"])
@fuzz(0.1)
@given(data=st.data())
def test_new_writes_a_county_that_loads_or_nothing(
    sound: dict[str, bytes], tmp_path: Path, file: str, data: st.DataObject
) -> None:
    tables = {name: sound[name] for name in ("sites.csv", "teams.csv")}
    given_files = written(tmp_path / "tables", tables | {file: data.draw(broken(sound[file]))})
    folder = tmp_path / "made"
    before = set(tmp_path.iterdir())
    found = soon(
        lambda: new_area(
            folder,
            like="wujiang",
            sites=given_files / "sites.csv",
            teams=given_files / "teams.csv",
            outline=None,
        )
    )
    if isinstance(found, PracticeError):
        assert set(tmp_path.iterdir()) == before
        return
    load_scenario(folder)
    for entry in folder.iterdir():
        entry.unlink()
    folder.rmdir()


def test_a_planted_traceback_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    county = tmp_path / "county"
    county.mkdir()

    def fails(_: object) -> None:
        raise KeyError

    monkeypatch.setattr("practice_core.simulation.scenario.load_area", fails)
    with pytest.raises(KeyError):
        soon(lambda: load_scenario(county))


def test_the_command_line_has_no_traceback_either(
    sound: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = {name: raw[: len(raw) // 2] + b"\xff" for name, raw in sound.items()}
    # Only area.toml says which tables there are.
    county = written(tmp_path / "county", torn | {"area.toml": sound["area.toml"]})
    assert main(["check", str(county)]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    for name in torn.keys() - {"area.toml"}:
        assert name in said


def test_the_sound_files_that_are_broken_here_are_sound(
    sound: dict[str, bytes], tmp_path: Path
) -> None:
    county = written(tmp_path / "county", sound)
    assert load_scenario(county).teams.count == 120
    scenario = resources.files("practice_core").joinpath("areas", "wujiang", "scenario.toml")
    assert len(sound["scenario.toml"]) > len(scenario.read_bytes()) // 2
