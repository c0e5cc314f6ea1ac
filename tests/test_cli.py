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
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import pytest
from rich.cells import cell_len

from practice_core import experiment
from practice_core.cli import comparison, main
from practice_core.errors import DefinitionError, Fault
from practice_core.simulation import KPIS, load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable

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
# Started from tests that a shell runs in the background, a program would ignore interrupts.
HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
PROGRAM = HEED + "import sys; from practice_core.cli import main; sys.exit(main())"


@pytest.fixture
def ask(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Ask:
    """Run the command line on a thin county; give exit code, standard output, standard error."""
    monkeypatch.setattr(
        comparison, "load_scenario", lambda area: load_scenario(area).with_values(THIN)
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))

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
    # What is to be interrupted is not measured: coverage holds a lock of its own now and then, and
    # an interrupt that falls into it is never told.
    kept = {k: v for k, v in os.environ.items() if not (group and k.startswith("COVERAGE_"))}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        env=kept | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=stdout,
        stderr=stderr,
        start_new_session=group,
    )


BESIDES = ["portrait", "assumptions", "method"]
"""What a summary has that is not printed."""


def summary_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return found


# ------------------------------------------------------------------ compare


def test_compare_prints_the_same_bytes_on_one_worker_and_on_two(ask: Ask) -> None:
    asked = [*ASKED, "--replications", 2, "--policies", "nearest,home_first", "--json"]
    alone = ask(*asked, "--workers", 1)
    assert alone == ask(*asked, "--workers", 2)
    code, out, err = alone
    assert (code, err) == (0, "")
    found = json.loads(out)
    known = ["area", "seed", "replications", "weeks", "measures", "comparisons", "groups"]
    assert list(found) == known
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
    for words in (
        "This is a preview",
        "calibrated",
        "winner is an assumption",
        "a preview does not know",
    ):
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
    found, figures = summary_of(out), json.loads(printed)
    assert list(found) == [*figures, *BESIDES]
    assert {key: found[key] for key in figures} == figures
    assert (found["portrait"]["policy"], found["method"]["looks"]) == ("nearest", None)
    logs = {path.name: path.read_bytes() for path in (out / "logs").iterdir()}
    assert sorted(logs) == [
        "nearest#2-0.log",
        "nearest#2-1.log",
        "nearest-0.log",
        "nearest-1.log",
    ]
    assert logs["nearest-0.log"] == logs["nearest#2-0.log"] != logs["nearest-1.log"]


def test_a_page_that_cannot_be_made_costs_no_figure(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(_: Path, __: str) -> None:
        raise DefinitionError("report", [Fault("sites", "5,001", "at most 5,000", "take a part")])

    monkeypatch.setattr(comparison, "report_beside", too_large)
    code, out, err = ask(*ONCE, "--policies", "nearest", "--out", tmp_path / "kept")
    assert (code, "sites: 5,001" in err) == (0, True)
    assert out.splitlines()[-1].endswith("summary.json, logs")
    assert (tmp_path / "kept" / "summary.json").is_file()


def test_a_result_has_its_page_beside_it(ask: Ask, tmp_path: Path) -> None:
    _, out, _ = ask(*ONCE, "--policies", "nearest", "--out", tmp_path / "kept", "--lang", "zh")
    assert out.splitlines()[-1].endswith("（summary.json, report.html, logs）")
    page = (tmp_path / "kept" / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh' in page


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
def test_a_bar_moves_on_the_standard_error_when_someone_watches(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    asked = [*ONCE, "--policies", "nearest", "--json", "--out", str(tmp_path / "kept")]
    asked += ["--assume", str(assumed(tmp_path))]
    running = start(*asked, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    watched = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while said := os.read(ours, 1024):
            watched += said
    os.close(ours)
    out, _ = running.communicate(timeout=60)
    assert b"comparing policies" in watched
    assert b"drawing one run" in watched
    assert b"1/1" in watched
    assert json.loads(out)["area"] == "wujiang"


# ------------------------------------------------------------------ to decide


def assumed(folder: Path) -> Path:
    """A thin county as a file of other assumptions, for programs that are started."""
    lines = []
    for key, value in (THIN | {"resident.per_year": 400.0, "site_request.per_year": 0.0}).items():
        section, _, name = key.rpartition(".")
        basis = f'{{ value = {value}, basis = "derived", arithmetic = "thin" }}'
        lines.append(f"[{section}]\n{name} = {basis}")
    file = folder / "thin.toml"
    sections: dict[str, list[str]] = {}
    for line in lines:
        head, _, rest = line.partition("\n")
        sections.setdefault(head, []).append(rest)
    file.write_text("\n".join("\n".join([head, *rest]) for head, rest in sections.items()))
    return file


def deciding(folder: Path, *more: object) -> list[object]:
    """A decision that takes seconds: one look at two replications, two settings."""
    asked = ["compare", "wujiang", "--decide", "--weeks", 1, "--replications", 2, "--settings", 2]
    return [
        *asked,
        *("--policies", "nearest,nearest", "--assume", assumed(folder), "--json"),
        *("--workers", 1, *more),
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Path]:
    """What a decision prints that nobody disturbs, and the cells it keeps."""
    folder = tmp_path_factory.mktemp("whole")
    running = start(*deciding(folder, "--cells", folder / "cells"), stdout=subprocess.PIPE)
    out, _ = running.communicate(timeout=120)
    assert running.returncode == 0
    return out, folder / "cells"


def test_a_decision_has_a_verdict_settings_tipping_values_and_the_bound(
    whole: tuple[bytes, Path],
) -> None:
    found = json.loads(whole[0])
    assert found["verdict"]["status"] == "equivalent"
    assert found["settings"]["nearest#2"] == {"best_or_equivalent": 2, "of": 2}
    assert found["tipping"] == []
    assert len(found["bound"]["served_share"]) == 2


def test_a_decision_that_is_killed_goes_on_and_ends_with_the_same_bytes(
    whole: tuple[bytes, Path], tmp_path: Path
) -> None:
    cells = tmp_path / "cells"
    asked = deciding(tmp_path, "--cells", cells)
    running = start(*asked, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if cells.is_dir() and len(list(cells.glob("*.json"))) >= 2:
            break
        time.sleep(0.02)
    running.kill()
    killed, _ = running.communicate(timeout=60)
    assert running.returncode == -signal.SIGKILL
    assert killed == b""
    before = {path.name: path.stat().st_mtime_ns for path in cells.glob("*.json")}
    again = start(*asked, stdout=subprocess.PIPE)
    out, _ = again.communicate(timeout=120)
    assert out == whole[0]
    after = {path.name: path.stat().st_mtime_ns for path in cells.glob("*.json")}
    assert after.keys() == {path.name for path in whole[1].glob("*.json")}
    assert {name: after[name] for name in before} == before, "a kept cell was computed again"


def test_a_decision_that_is_interrupted_says_where_it_goes_on(tmp_path: Path) -> None:
    cells = tmp_path / "cells"
    running = start(*deciding(tmp_path, "--cells", cells), stderr=subprocess.PIPE, group=True)
    deadline = time.monotonic() + 60
    while not cells.is_dir() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    kept = f"what was done is kept in {cells}: the same command goes on"
    assert err.decode() == f"practice-core: interrupted; {kept}\n"


def test_to_decide_cells_are_kept_in_the_users_cache_and_the_table_says_it_all(
    ask: Ask, tmp_path: Path, whole: tuple[bytes, Path]
) -> None:
    asked = deciding(tmp_path, "--cells", whole[1], "--out", tmp_path / "kept")
    asked.remove("--json")
    code, out, err = ask(*asked)
    assert (code, err) == (0, "")
    for words in (
        "At the assumptions of this scenario",
        "equivalent",
        "Guardrails",
        "best or equivalent",
    ):
        assert words in out
    assert "preview" not in out
    assert f"Kept in {tmp_path / 'kept'}: summary.json" in out
    found, figures = summary_of(tmp_path / "kept"), json.loads(whole[0])
    assert list(found) == [*figures, *BESIDES]
    assert {key: found[key] for key in figures} == figures
    assert found["portrait"]["policy"] == figures["verdict"]["policy"]
    assert (found["method"]["looks"], found["method"]["settings"]) == ([2, 4, 8], 2)


def test_a_preview_says_that_it_is_one_and_gives_no_verdict(ask: Ask) -> None:
    _, out, _ = ask(*ONCE, "--preview", "--policies", "nearest,random")
    assert "This is a preview" in out
    assert "Decide with --decide" in out
    _, out, _ = ask(*ONCE, "--preview", "--policies", "nearest", "--json")
    assert not {"verdict", "settings", "tipping", "bound"} & json.loads(out).keys()


def test_a_policy_of_ones_own_is_compared_under_its_name(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from practice_core.dispatch import Nearest\n\nclass Mine(Nearest):\n    pass\n"
    )
    asked = [*ONCE, "--policy", f"{file}:Mine", "--json"]
    code, out, err = ask(*asked, "--policies", "nearest,home_first")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert list(found["measures"]) == ["nearest", "home_first", "Mine"]
    assert found["measures"]["Mine"] == found["measures"]["nearest"]
    _, out, _ = ask(*asked)
    assert list(json.loads(out)["measures"]) == ["status_quo", "Mine"]
    _, out, _ = ask(*asked, "--policy", f"{file}:Mine")
    assert list(json.loads(out)["measures"]) == ["status_quo", "Mine", "Mine#2"]


def test_a_policy_of_ones_own_never_takes_the_name_of_one_that_ships(
    ask: Ask, tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from practice_core.dispatch import Nearest\n\nstatus_quo = Nearest()\n")
    asked = [*ONCE, "--policies", "nearest", "--policy", f"{file}:status_quo", "--json"]
    found = json.loads(ask(*asked)[1])
    assert list(found["measures"]) == ["nearest", "status_quo#2"]
    assert found["comparisons"][0]["baseline"] == "nearest"


def test_a_policy_that_cannot_travel_is_refused(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import attrs\n\n@attrs.frozen\nclass Mine:\n    how: object = lambda: 1\n"
        "    period: int = 0\n\n    def choose(self, orders, view, draw):\n        return []\n"
    )
    code, out, err = ask(*ONCE, "--policy", f"{file}:Mine")
    assert (code, out) == (2, "")
    assert "does not pickle" in err


@pytest.mark.parametrize(("cells", "out"), [("res/cells", "res"), ("all", "all/res")])
def test_cells_and_results_stand_apart(ask: Ask, tmp_path: Path, cells: str, out: str) -> None:
    asked = deciding(tmp_path, "--cells", tmp_path / cells, "--out", tmp_path / out)
    code, _, err = ask(*asked)
    assert code == 2
    assert "inside --out, or around it" in err


def test_cells_named_for_a_preview_are_taken_up_too(ask: Ask, tmp_path: Path) -> None:
    asked = [*ONCE, "--policies", "nearest", "--json", "--cells", tmp_path / "cells"]
    first = ask(*asked)
    assert len(list((tmp_path / "cells").iterdir())) == 1
    assert ask(*asked) == first


# ------------------------------------------------------------------ wrong use


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "wujian"], "AREA: no area or folder named 'wujian'; expected one"),
        (["compare", "wujiang", "--policies", "nearest,neerest"], "no policy named 'neerest'"),
        (["compare", "wujiang", "--policies", ","], "--policies: none; expected one of random, "),
        (["compare", "wujiang", "--weeks", "0"], "--weeks: 0; expected at least 1"),
        (["compare", "wujiang", "--decide", "--preview"], "--preview: beside --decide"),
        (["compare", "wujiang", "--settings", "3"], "--settings: without --decide"),
        (["compare", "wujiang", "--decide", "--settings", "1"], "settings: 1; expected 2 or more"),
        (
            ["compare", "wujiang", "--decide", "--policies", "nearest"],
            "policies: nearest; expected",
        ),
        (["compare", "wujiang", "--decide", "--cells", "pyproject.toml"], "is a file; expected a"),
        (["compare", "wujiang", "--cells", "new-cells"], "beside --out, which keeps event logs"),
        (["compare", "wujiang", "--executor", "ray://x"], "expected dask://HOST:PORT"),
        (["compare", "wujiang", "--assume", "nowhere.toml"], "nowhere.toml: no such file; "),
        (["compare", "wujiang", "--assume", "."], ".: a folder; expected a regular file"),
        (["compare", "wujiang", "--assume", "/dev/zero"], "/dev/zero: a device; expected a"),
        (["compare", "n" * 300], f"{'n' * 300}: File name too long; expected the name of an area"),
        (["compare", "pyproject.toml"], "pyproject.toml: a file; expected a folder; name the fol"),
        (["compare", "wujiang", "--policy", "nowhere.py:Mine"], "nowhere.py: cannot be read"),
        (["compare", "wujiang", "--policy", "nowhere"], "no colon; expected file.py:Name"),
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
    said = "No space left on device; expected a folder that can be written; make room, or name"
    assert f"{tmp_path / 'kept'}: {said}" in err
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


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8"])
def test_what_a_terminal_cannot_encode_is_said_in_escapes(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "show", "wujiang", "--lang", "zh"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": encoding},
        check=False,
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    name = "\\u5434\\u6c5f" if encoding == "ascii" else "吴江"
    assert f"{name} (wujiang)" in done.stdout.decode(encoding)


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


# ------------------------------------------------------------------ fit

OFFERS = "docs/examples/offers.csv"


@pytest.fixture(scope="module")
def log() -> Path:
    return Path(__file__).resolve().parent.parent / OFFERS


def test_a_log_of_offers_is_fitted_with_standard_errors_and_intervals(ask: Ask, log: Path) -> None:
    code, out, err = ask("fit", log, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert set(found["parameters"]) == set(experiment.PARAMETERS)
    for name in ("eta", "kd_per_km", "kl", "kn"):
        one = found["parameters"][name]
        truth = {"eta": 1.6, "kd_per_km": 0.1, "kl": 0.8, "kn": 0.25}[name]
        assert one["low"] < truth < one["high"]
        assert one["low"] < one["estimate"] < one["high"]
        assert one["standard_error"] > 0


def test_what_was_fitted_takes_the_place_of_what_was_assumed(
    ask: Ask, log: Path, tmp_path: Path
) -> None:
    file = tmp_path / "overrides.toml"
    code, out, _ = ask("fit", log, "--out", file)
    assert code == 0
    assert f"Written to {file}" in out
    assert "offers.csv" in file.read_text()
    fitted = json.loads(ask("fit", log, "--json")[1])["parameters"]["kd_per_km"]["estimate"]
    assert load_scenario("wujiang").with_file(file).answer.kd_per_km == pytest.approx(fitted)
    asked = [*ONCE, "--policies", "best_answer", "--json"]
    assert ask(*asked)[1] != ask(*asked, "--assume", file)[1]


def test_the_tables_of_a_fit_say_what_would_make_it_surer(ask: Ask, log: Path) -> None:
    _, out, _ = ask("fit", log)
    for words in ("from 2002 offers of 621 orders", "Goodness of fit", "offers like these"):
        assert words in out
    assert "drawn at random" not in out
    _, out, _ = ask("fit", log, "--area", "wujiang")
    assert "drawn at random" in out
    assert "派单" in ask("fit", log, "--lang", "zh")[1]


def test_a_fit_overwrites_nothing_and_writes_nothing_if_it_fails(
    ask: Ask, log: Path, tmp_path: Path
) -> None:
    (tmp_path / "thesis.toml").write_text("years of work")
    code, _, err = ask("fit", log, "--out", tmp_path / "thesis.toml")
    assert code == 2
    assert "expected a new file" in err
    assert (tmp_path / "thesis.toml").read_text() == "years of work"
    (tmp_path / "bad.csv").write_text("order,team\n1,2\n")
    code, out, err = ask("fit", tmp_path / "bad.csv", "--out", tmp_path / "new.toml")
    assert (code, out) == (2, "")
    assert "bad.csv" in err
    assert not (tmp_path / "new.toml").exists()
    assert ask("fit", tmp_path / "nowhere.csv")[0] == 2
    assert "nowhere" in ask("fit", log, "--area", "nowhere")[2]
