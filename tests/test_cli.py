"""The command line: what it prints, what it keeps, and how it refuses."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from importlib import metadata
from typing import TYPE_CHECKING, TypeAlias

import attrs
import pytest
from rich.cells import cell_len

from practice_core import cli, experiment
from practice_core.cli import main
from practice_core.simulation import KPIS, load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from practice_core.experiment import Comparison
    from practice_core.terms import Lang

# A county thin enough that a replication takes part of a second.
THIN = {
    "horizon.warmup_weeks": 0,
    "resident.per_year": 1_500.0,
    "site_request.per_year": 500.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
}
ASKED = ["compare", "wujiang", "--weeks", "1", "--seed", "7"]
ONCE = [*ASKED, "--replications", "1", "--workers", "1"]
TWICE = [*ASKED, "--replications", "2", "--workers", "1"]
Ask: TypeAlias = "Callable[..., tuple[int, str, str]]"
PROGRAM = "import sys; from practice_core.cli import main; sys.exit(main())"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run the command line on a thin county; give exit code, standard output, standard error."""
    monkeypatch.setattr(cli, "load_scenario", lambda area: load_scenario(area).with_values(THIN))

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(scope="module")
def five() -> Comparison:
    """Five policies, more than fit on a screen."""
    thin = load_scenario("wujiang").with_values(THIN | {"horizon.weeks": 1})
    found = experiment.compare(thin, ["home_first", "nearest"], replications=2, seed=7)
    home, near = found.measures["home_first"], found.measures["nearest"]
    others = {f"nearest#{number}": near for number in range(2, 5)}
    return attrs.evolve(found, measures={"home_first": home, "nearest": near, **others})


def start(
    *arguments: object, stdout: int | None = None, stderr: int | None = None, group: bool = False
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=stdout,
        stderr=stderr,
        start_new_session=group,
    )


# ------------------------------------------------------------------ compare


def test_compare_prints_the_same_bytes_on_one_worker_and_on_two(ask: Ask) -> None:
    asked = [*ASKED, "--replications", 2, "--policies", "nearest,home_first", "--json"]
    alone = ask(*asked, "--workers", 1)
    assert alone == ask(*asked, "--workers", 2)
    code, out, err = alone
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert list(found) == ["area", "seed", "replications", "weeks", "measures", "comparisons"]
    assert (found["area"], found["seed"], found["replications"], found["weeks"]) == (
        "wujiang",
        7,
        2,
        1,
    )


def test_a_policy_against_itself_differs_by_exactly_nothing(ask: Ask) -> None:
    code, out, _ = ask(*TWICE, "--policies", "nearest,nearest", "--json")
    found = json.loads(out)
    assert code == 0
    assert list(found["measures"]) == ["nearest", "nearest#2"]
    assert [one["kpi"] for one in found["comparisons"]] == list(KPIS)
    for one in found["comparisons"]:
        assert {one["mean"], one["low"], one["high"]} <= {0.0, None}
    assert found["comparisons"][0] == {
        "policy": "nearest#2",
        "baseline": "nearest",
        "kpi": "served_share",
        "mean": 0.0,
        "low": 0.0,
        "high": 0.0,
    }


def test_the_table_says_what_must_not_be_concluded_once(ask: Ask) -> None:
    code, out, err = ask(*ONCE, "--policies", "home_first,nearest")
    assert (code, err) == (0, "")
    for words in ("This is a preview", "calibrated", "winner is an assumption", "hinges on kd"):
        assert out.count(words) == 1
    for words in ("served share", "home_first", "95 % each, unadjusted"):
        assert words in out


def test_the_table_speaks_chinese(ask: Ask) -> None:
    _, out, _ = ask(*ONCE, "--policies", "nearest", "--lang", "zh")
    assert "指标" in out
    assert "预览" in out


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_on_a_screen_columns_stand_in_line_and_no_figure_is_folded(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, five: Comparison, lang: Lang, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(experiment, "compare", lambda *_, **__: five)
    _, out, _ = ask(*TWICE, "--policies", "nearest", "--lang", lang)
    lines = out.splitlines()
    assert max(map(cell_len, lines)) <= columns
    rules = [number for number, line in enumerate(lines) if line.strip().startswith("───")]
    assert len(rules) > 2 or columns > 80, "five policies do not fit side by side"
    for rule in rules:
        below = itertools.takewhile(str.strip, lines[rule:])
        assert {cell_len(line) for line in below} == {cell_len(lines[rule])}
    for table in experiment.tables(five, lang):
        shown = {cell for row in table.rows for cell in row[1:]} | set(table.columns[1:])
        assert [cell for cell in shown if cell not in out] == []


def test_out_keeps_the_summary_and_every_log(ask: Ask, tmp_path: Path) -> None:
    out = tmp_path / "kept" / "here"
    asked = [*TWICE, "--policies", "nearest,nearest", "--json", "--out", out]
    _, printed, _ = ask(*asked)
    assert (out / "summary.json").read_text(encoding="utf-8") == printed
    logs = {path.name: path.read_bytes() for path in (out / "logs").iterdir()}
    assert sorted(logs) == [
        "nearest#2-0.log",
        "nearest#2-1.log",
        "nearest-0.log",
        "nearest-1.log",
    ]
    assert logs["nearest-0.log"] == logs["nearest#2-0.log"] != logs["nearest-1.log"]


def test_with_out_the_table_ends_with_where_it_is_kept(ask: Ask, tmp_path: Path) -> None:
    _, out, _ = ask(*ONCE, "--policies", "nearest", "--out", tmp_path / "kept")
    assert out.splitlines()[-1].startswith(f"Kept in {tmp_path / 'kept'}: summary.json")
    _, out, _ = ask(*ONCE, "--policies", "nearest")
    assert "Kept" not in out


@pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")
def test_a_run_that_is_interrupted_leaves_nothing_and_says_so_in_one_line(tmp_path: Path) -> None:
    asked = ["compare", "wujiang", "--weeks", 52, "--replications", 20, "--workers", 2]
    running = start(*asked, "--out", tmp_path / "kept", stderr=subprocess.PIPE, group=True)
    deadline = time.monotonic() + 60
    while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)  # workers are just being started
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err.decode() == "practice-core: interrupted, nothing written\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_bar_moves_on_the_standard_error_when_someone_watches() -> None:
    ours, theirs = os.openpty()
    asked = [*ONCE, "--policies", "nearest", "--json"]
    running = start(*asked, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    watched = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while said := os.read(ours, 1024):
            watched += said
    os.close(ours)
    out, _ = running.communicate(timeout=60)
    assert b"simulating" in watched
    assert b"1/1" in watched
    assert json.loads(out)["area"] == "wujiang"


# ------------------------------------------------------------------ wrong use


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "wujian"], "AREA: no area named 'wujian'; expected one of wujiang; "),
        (["compare", "wujiang", "--policies", "nearest,neerest"], "no policy named 'neerest'"),
        (["compare", "wujiang", "--policies", ","], "--policies: none; expected one of random, "),
        (["compare", "wujiang", "--weeks", "0"], "--weeks: 0; expected at least 1"),
        (["compare", "wujiang", "--replications", "0"], "--replications: 0"),
        (["compare", "wujiang", "--workers", "-1"], "--workers: -1"),
        (["compare", "wujiang", "--weeks", "many"], "--weeks: 'many'; expected a whole number"),
        (["compare", "wujiang", "--weeks", "1.5"], "--weeks: '1.5'; expected a whole number"),
        (["compare", "wujiang", "--weks", "3"], "--weeks"),
        (["compare", "wujiang", "--lang", "fr"], "--lang"),
        (["compare"], "AREA"),
        (["compar"], "compare"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_message_and_exit_code_2(
    ask: Ask, tmp_path: Path, arguments: list[str], said: str
) -> None:
    if len(arguments) > 1:
        arguments = [*arguments, "--out", str(tmp_path / "kept")]
    code, out, err = ask(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.startswith("practice-core: ")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_everything_wrong_is_named_at_once(ask: Ask) -> None:
    wrong = ["--weeks", 0, "--replications", -2, "--workers", 0, "--policies", "a,nearest,b"]
    _, _, err = ask("compare", "nowhere", *wrong)
    assert err.splitlines()[0] == "practice-core: compare: 6 faults"
    said = [line.split(":")[0].strip() for line in err.splitlines()[1:]]
    assert said == ["AREA", "--policies", "--policies", "--weeks", "--replications", "--workers"]


def test_a_folder_with_other_things_in_it_is_left_alone(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    code, _, err = ask(*TWICE, "--out", tmp_path)
    assert code == 2
    assert "thesis.txt" in err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_place_that_cannot_be_written_to_is_one_message(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, out, err = ask(*TWICE, "--out", tmp_path / "file" / "kept")
    assert (code, out) == (2, "")
    assert "Not a directory; expected a new" in err


def test_a_place_lost_while_running_is_one_message(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(experiment, "save_log", full)
    code, out, err = ask(*ONCE, "--out", tmp_path / "kept")
    assert (code, out) == (2, "")
    assert err == "practice-core: [Errno 28] No space left on device\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("end", "expected", "said"),
    [
        (BrokenProcessPool(), 2, "a worker process died, perhaps for want of memory; "),
        (KeyboardInterrupt(), 130, "interrupted, nothing written"),
    ],
    ids=["a dead worker", "an interrupt"],
)
def test_an_early_end_is_one_message(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, end: BaseException, expected: int, said: str
) -> None:
    def die(*_: object, **__: object) -> None:
        raise end

    monkeypatch.setattr(experiment, "compare", die)
    code, out, err = ask(*TWICE)
    assert (code, out) == (expected, "")
    assert err.startswith(f"practice-core: {said}")
    assert len(err.splitlines()) == 1


# ------------------------------------------------------------------ the rest


def test_the_areas_are_listed_with_their_published_numbers_of_sites(ask: Ask) -> None:
    code, out, err = ask("areas")
    assert (code, err) == (0, "")
    (row,) = [line.split() for line in out.splitlines() if "wujiang" in line]
    assert row == ["wujiang", "(Wujiang)", "1", "11", "289", "500"]
    assert "吴江" in ask("areas", "--lang", "zh")[1]


def test_the_areas_are_data_too(ask: Ask) -> None:
    _, out, _ = ask("areas", "--json")
    (wujiang,) = [one for one in json.loads(out)["areas"] if one["area"] == "wujiang"]
    assert wujiang["sites"] == {"center": 1, "institute": 11, "station": 289, "spot": 500}


def test_help_and_version_are_fine(ask: Ask) -> None:
    code, out, _ = ask("--help")
    assert code == 0
    assert "compare" in out
    assert "areas" in out
    code, out, _ = ask("compare", "--help")
    assert code == 0
    assert "--replications" in out
    code, out, _ = ask("--version")
    assert (code, out.strip()) == (0, metadata.version("practice-core"))


def test_the_program_is_this_command_line() -> None:
    (entry,) = metadata.entry_points(group="console_scripts", name="practice-core")
    assert entry.load() is main
