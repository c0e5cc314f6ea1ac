"""The command line: what it prints, what it keeps, and how it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, TypeAlias

import pytest

from practice_core import experiment
from practice_core.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONCE = ["compare", "wujiang", "--weeks", "1", "--replications", "1", "--seed", "7"]
TWICE = [*ONCE[:5], "2", *ONCE[6:]]
Ask: TypeAlias = "Callable[..., tuple[int, str, str]]"
PROGRAM = "import sys; from practice_core.cli import main; sys.exit(main())"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run the command line; give exit code, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def start(
    *arguments: object, stdout: int | None = None, stderr: int | None = None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=stdout,
        stderr=stderr,
    )


# ------------------------------------------------------------------ compare


def test_compare_prints_the_same_bytes_on_one_worker_and_on_two(ask: Ask) -> None:
    asked = [*TWICE, "--policies", "nearest,random", "--json"]
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
    for one in found["comparisons"]:
        assert {one["mean"], one["low"], one["high"]} <= {0.0, None}
    assert any(one["mean"] == 0.0 for one in found["comparisons"])


def test_the_table_says_what_must_not_be_concluded(ask: Ask) -> None:
    code, out, err = ask(*ONCE, "--policies", "home_first,nearest")
    assert (code, err) == (0, "")
    for words in ("served share", "home_first", "preview", "kd", "calibrated", "95 % each, unadj"):
        assert words in out


def test_the_table_speaks_chinese(ask: Ask) -> None:
    _, out, _ = ask(*ONCE, "--policies", "nearest", "--lang", "zh")
    assert "指标" in out
    assert "预览" in out


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


def test_a_run_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    asked = ["compare", "wujiang", "--weeks", 520, "--workers", 2, "--out", tmp_path / "kept"]
    running = start(*asked, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err.decode().splitlines()[0] == "practice-core: interrupted, nothing written"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_bar_moves_on_the_standard_error_when_someone_watches() -> None:
    ours, theirs = os.openpty()
    asked = [*ONCE, "--policies", "nearest", "--workers", 1, "--json"]
    running = start(*asked, stdout=subprocess.PIPE, stderr=theirs)
    out, _ = running.communicate(timeout=60)
    os.close(theirs)
    watched = os.read(ours, 65536).decode()
    os.close(ours)
    assert "simulating" in watched
    assert json.loads(out)["area"] == "wujiang"


# ------------------------------------------------------------------ wrong use


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "wujian"], "did you mean 'wujiang'?"),
        (["compare", "wujiang", "--policies", "nearest,neerest"], "did you mean 'nearest'?"),
        (["compare", "wujiang", "--policies", ","], "at least one"),
        (["compare", "wujiang", "--weeks", "0"], "--weeks: 0"),
        (["compare", "wujiang", "--replications", "0"], "--replications: 0"),
        (["compare", "wujiang", "--workers", "-1"], "--workers: -1"),
        (["compare", "wujiang", "--weeks", "many"], "--weeks"),
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


def test_all_wrong_numbers_are_named_at_once(ask: Ask) -> None:
    _, _, err = ask("compare", "wujiang", "--weeks", 0, "--replications", -2, "--workers", 0)
    assert err.splitlines()[0] == "practice-core: compare: 3 faults"
    assert len(err.splitlines()) == 4


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
    assert "Not a directory" in err


def test_a_dead_worker_is_one_message(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise BrokenProcessPool

    monkeypatch.setattr(experiment, "compare", die)
    code, _, err = ask(*TWICE)
    assert code == 2
    assert "lower --workers" in err


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
    assert code == 0
    assert out.strip()[0].isdigit()
