"""Networks on the command line: shown, checked, drawn, converted."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from practice_core.areas import load_area, load_network, save_network
from practice_core.cli import main
from practice_core.errors import DefinitionError
from practice_core.hierarchy import Hierarchy, Level, Relation, RelationKind, Site, SiteId, SiteKind
from practice_core.report import draw

if TYPE_CHECKING:
    from pathlib import Path

Output = Any

CENTER, TOWN, GROUND = SiteId("c"), SiteId("i"), SiteId("g")
COUNTY = Hierarchy(
    [
        Site(CENTER, "清水县<中心>", Level.CENTER, None, 120.5, 31.0, synthetic=False),
        Site(
            SiteId("law"),
            "政法分中心",
            Level.INSTITUTE,
            CENTER,
            120.51,
            31.0,
            synthetic=True,
            kind=SiteKind.SECTOR_SUBCENTER,
        ),
        Site(TOWN, "东镇所", Level.INSTITUTE, CENTER, 120.6, 31.1, synthetic=True, seats=80),
        Site(
            GROUND,
            "一中操场",
            Level.SPOT,
            TOWN,
            120.61,
            31.1,
            synthetic=True,
            kind=SiteKind.SHARED_VENUE,
            opened=dt.date(2019, 9, 1),
        ),
    ],
    relations=[
        Relation(RelationKind.PAIRING, TOWN, "u-07", "县医院", dt.date(2023, 1, 1)),
        Relation(RelationKind.SHARED_VENUE, GROUND, "u-01", "第一中学"),
        Relation(RelationKind.MERGED_OPERATION, GROUND, "law"),
    ],
)


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return save_network(COUNTY, tmp_path / "county.toml")[0]


def test_show_counts_the_sites_of_a_file_by_level_and_kind(county: Path, capsys: Output) -> None:
    assert main(["show", str(county), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    counts = {key: count for key, count in found["counts"].items() if count}
    assert counts == {
        "center": 1,
        "institute": 1,
        "sector_subcenter": 1,
        "shared_venue": 1,
    }
    assert found["counts"]["station"] == 0
    assert found["relations"][1] == {
        "kind": "pairing",
        "site": "i",
        "other": "u-07",
        "name": "县医院",
        "since": "2023-01-01",
    }


def test_show_tells_of_kinds_and_ties(county: Path, capsys: Output) -> None:
    assert main(["show", str(county), "--lang", "zh"]) == 0
    out = capsys.readouterr().out
    assert "各类阵地数" in out
    assert "行业分中心" in out
    assert "结对共建" in out
    assert main(["show", str(county), "i"]) == 0
    assert "relations: pairing (县医院), from 2023-01-01\n" in capsys.readouterr().out
    assert main(["show", str(county), "一中操场", "--lang", "zh"]) == 0
    out = capsys.readouterr().out
    assert "实践点，" not in out
    assert "共享阵地" in out
    assert "合并运营（政法分中心 (law)）" in out
    assert main(["show", str(county), "g", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["opened"], len(found["relations"])) == (
        "shared_venue",
        "2019-09-01",
        2,
    )


def test_check_takes_several_and_says_all_that_is_wrong(county: Path, capsys: Output) -> None:
    assert main(["check", str(county), "wujiang"]) == 0
    assert "county.toml: the file is sound; 4 sites, 3 relations." in capsys.readouterr().out
    broken = county.with_name("broken.toml")
    text = county.read_text(encoding="utf-8")
    broken.write_text(text.replace('parent = "c"', 'parent = "d"'), encoding="utf-8")
    lost = county.with_name("lost.csv")
    assert main(["check", str(broken), str(county), str(lost)]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert "check: 3 faults" in err
    assert err.count("parent 'd' is no site") == 2
    assert "lost.csv: no such file" in err


def test_convert_writes_what_the_name_says(county: Path, capsys: Output) -> None:
    for name in ("x.csv", "x.geojson", "x.graphml", "x.mmd", "x.dot"):
        assert main(["convert", str(county), str(county.with_name(name))]) == 0
        assert f"{name}\n" in capsys.readouterr().out
    assert load_network(county.with_name("x.csv")) == COUNTY
    assert main(["convert", str(county), str(county.with_name("x.csv"))]) == 2
    assert "x.csv: there already" in capsys.readouterr().err
    assert main(["convert", str(county.with_name("x.dot")), "y.csv"]) == 2
    assert "expected one of .toml .csv .geojson .json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "begins"),
    [("x.svg", b"<svg "), ("x.png", b"\x89PNG\r\n"), ("x.html", b"<!doctype html>")],
)
def test_draw_writes_what_the_name_says(
    county: Path, capsys: Output, name: str, begins: bytes
) -> None:
    out = county.with_name(name)
    assert main(["draw", str(county), "--out", str(out)]) == 0
    content = out.read_bytes()
    assert content.startswith(begins)
    assert "<中心>".encode() not in content
    assert main(["draw", str(county), "--out", str(out)]) == 2
    assert "there already" in capsys.readouterr().err


def test_an_area_is_drawn_on_its_map(tmp_path: Path) -> None:
    out = tmp_path / "wujiang.svg"
    assert main(["draw", "wujiang", "--out", str(out), "--lang", "zh"]) == 0
    text = out.read_text(encoding="utf-8")
    assert text.count('class="outline"') == 1
    rings = 1  # around the center, which is allied
    sites = sum(load_area("wujiang").counts.values())
    assert text.count("</title></circle>") == sites + rings
    assert "<title>吴江</title>" in text


def test_a_drawing_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"a file \.pdf"):
        draw(COUNTY, tmp_path / "x.pdf")
    with pytest.raises(DefinitionError, match="without suffix"):
        draw(COUNTY, tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_a_page_lists_what_is_drawn(tmp_path: Path) -> None:
    page = draw(COUNTY, tmp_path / "x.html", lang="zh", title="<清水>").read_text(encoding="utf-8")
    assert "<title>&lt;清水&gt;</title>" in page
    assert "<tr><th>行业分中心</th><td>1</td></tr>" in page
    assert "<tr><th>结对共建</th><td>东镇所 - 县医院</td></tr>" in page
    assert "default-src 'none'" in page
