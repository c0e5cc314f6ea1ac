"""The how-tos are true: whoever types their commands, in order, gets what they say."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from practice_core import journal
from practice_core.journal import StoreError
from practice_core.service import Practice
from practice_core.service.queries import Queries

ROOT = Path(__file__).parents[1]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAM = Path(sys.executable).with_name("practice-core")
EXAMPLE = ROOT / "docs" / "examples" / "county"


def commands(page: Path) -> list[list[str]]:
    """The commands of a page, in order, as words."""
    blocks = CONSOLE.findall(page.read_text(encoding="utf-8"))
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Follow docs/your-county.md in an empty folder with the two spreadsheets."""
    folder = tmp_path_factory.mktemp("county")
    for name in ("sites.csv", "teams.csv"):
        shutil.copy(EXAMPLE / name, folder)
    said = []
    for words in commands(ROOT / "docs" / "your-county.md"):
        assert words[0] == "practice-core"
        done = subprocess.run(
            [PROGRAM, *words[1:]],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    return folder, said


@pytest.mark.slow
def test_two_spreadsheets_become_a_report(followed: tuple[Path, list[str]]) -> None:
    folder, _ = followed
    summary = json.loads((folder / "first" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["area"], summary["replications"], summary["weeks"]) == ("qingshui", 4, 8)
    levels = [site["level"] for site in summary["portrait"]["sites"]]
    assert [levels.count(level) for level in ("center", "institute", "station")] == [1, 3, 40]
    assert summary["portrait"]["made_up"] == {"sites": False, "teams": False}
    page = (folder / "first" / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "东升村实践站" in page


@pytest.mark.slow
def test_the_report_is_there_in_chinese_with_its_charts(followed: tuple[Path, list[str]]) -> None:
    folder, _ = followed
    assert '<html lang="zh' in (folder / "report.zh.html").read_text(encoding="utf-8")
    kinds = {file.suffix for file in (folder / "figures").iterdir()}
    assert kinds == {".svg", ".png"}


@pytest.mark.slow
def test_the_commands_say_what_the_page_promises(followed: tuple[Path, list[str]]) -> None:
    _, (new, check, show, site, *_) = followed
    assert "scenario.toml" in new
    assert "44 sites, 120 teams" in check
    assert "清水县实践中心" in show
    assert "东桥镇实践所 > 清水县实践中心" in site


def test_the_example_county_is_of_the_size_the_page_says() -> None:
    for name, rows in (("sites.csv", 1 + 3 + 40), ("teams.csv", 120)):
        assert len((EXAMPLE / name).read_text(encoding="utf-8").splitlines()) == 1 + rows


# ------------------------------------------------------------------ an order loop of one's own


LOOP_PAGE = (ROOT / "docs" / "your-loop.md").read_text(encoding="utf-8")


def fenced(kind: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{kind}\n(.*?)^```", LOOP_PAGE, re.MULTILINE | re.DOTALL)
    return found


def typed(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(line)
    assert words[0] == "practice-core"
    return subprocess.run(
        [PROGRAM, *words[1:]],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.slow
def test_a_loop_of_ones_own_is_written_mended_and_put_into_a_county(tmp_path: Path) -> None:
    loop, links = fenced("toml")
    wrong_loop, wrong_county = fenced("text")
    show, diagram, new, check, again = " ".join(fenced("console")).splitlines()
    file, area = tmp_path / "qingshui.toml", tmp_path / "county" / "area.toml"
    file.write_text(loop, encoding="utf-8")
    said = typed(show, tmp_path).stdout
    assert "3. offered, or posted to the pool: officer (offer the order, post the order)" in said
    assert typed(diagram, tmp_path).stdout.startswith("stateDiagram-v2\n")
    slip = loop.replace("RateOrder", "RateOder")
    slip = slip.replace('["requester", "proxy"]', '["requester", "proxy", "team"]')
    file.write_text(slip, encoding="utf-8")
    refused = typed(show, tmp_path)
    assert (refused.returncode, refused.stderr) == (2, wrong_loop)
    assert typed(new, tmp_path).returncode == 0
    text = area.read_text(encoding="utf-8")
    section = loop[loop.index("[loop]") :]
    text = re.sub(r"(?s)\[loop\].*?(?=\[points\])", lambda _: f"{section}\n", text)
    area.write_text(text, encoding="utf-8")
    refused = typed(check, tmp_path)
    assert (refused.returncode, refused.stderr) == (2, wrong_county)
    area.write_text(f"{text}\n{links}", encoding="utf-8")
    checked = typed(check, tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "- desks: station > center > allied center\n" in typed(again, tmp_path).stdout


# ------------------------------------------------------------------ running a platform


def test_the_operators_page_says_what_to_do_about_every_error_of_a_store() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    errors = [getattr(journal, name) for name in journal.__all__]
    kinds = {one for one in errors if isinstance(one, type) and issubclass(one, StoreError)}
    assert {kind.__name__ for kind in kinds} - told == {"StoreError"}


def test_the_platforms_page_names_every_question_and_every_deed() -> None:
    page = (ROOT / "docs" / "platform.md").read_text(encoding="utf-8")
    public = {name for name in vars(Practice) | vars(Queries) if not name.startswith("_")}
    aside = {"books", "catch_up", "close", "keep", "open"}
    assert {name for name in public - aside if f"{name}(" not in page} == set()


def test_the_journals_page_says_what_the_chain_does_not_prove_and_how_long_to_keep_it() -> None:
    page = (ROOT / "docs" / "journal.md").read_text(encoding="utf-8")
    unproven = page.partition("It does **not** prove:")[2].partition("\n## ")[0]
    assert len(re.findall(r"^- \*\*", unproven, re.MULTILINE)) >= 5
    assert "keep it for **ten years**" in page
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert "By default keep it for ten years" in operations
