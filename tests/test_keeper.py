"""Finished cells on disk: taken up by the same experiment, and by no other."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.dispatch import Nearest, load_policy, policy
from practice_core.experiment import (
    Cell,
    CellFolder,
    Clairvoyant,
    Runner,
    Task,
    code_version,
    compare,
    default_folder,
)
from practice_core.simulation import Measure, Scenario, load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

THIN = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 800.0,
    "site_request.per_year": 200.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
}
SEED = 7
measures = st.dictionaries(
    st.sampled_from(["served_share", "offers"]),
    st.builds(Measure, st.integers(-(10**15), 10**15), st.integers(0, 10**15)),
)
groups = st.dictionaries(st.text(max_size=4), st.dictionaries(st.text(max_size=4), measures))


@pytest.fixture(scope="module")
def week() -> Scenario:
    return load_scenario("wujiang").with_values(THIN)


def task(week: Scenario) -> Task:
    return Task(week, "nearest", policy("nearest"), SEED, 0)


def counted(
    folder: Path, week: Scenario, names: Sequence[str]
) -> tuple[str, list[tuple[str, int]]]:
    """Compare, and say which cells were computed rather than found."""
    put: list[tuple[str, int]] = []

    class Watched(CellFolder):
        def put(self, task: Task, cell: Cell) -> None:
            put.append((task.label, task.replication))
            super().put(task, cell)

    found = compare(week, names, replications=2, seed=SEED, runner=Runner(keeper=Watched(folder)))
    return found.to_json(), put


@given(measures, groups)
def test_a_kept_cell_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    found: dict[str, Measure],
    parts: dict[str, dict[str, dict[str, Measure]]],
) -> None:
    folder = CellFolder(tmp_path_factory.mktemp("cells"))
    one = task(load_scenario("wujiang").with_values(THIN))
    cell = Cell("nearest", 0, 1, found, parts)
    assert folder.get(one) is None
    folder.put(one, cell)
    assert folder.get(one) == cell


def test_a_second_run_computes_nothing_and_says_the_same(week: Scenario, tmp_path: Path) -> None:
    names = ["nearest", "home_first"]
    first, computed = counted(tmp_path, week, names)
    assert sorted(computed) == [(name, n) for name in sorted(names) for n in range(2)]
    again, computed = counted(tmp_path, week, names)
    assert computed == []
    assert again == first == compare(week, names, replications=2, seed=SEED).to_json()


def test_an_interrupted_run_computes_only_what_is_missing(week: Scenario, tmp_path: Path) -> None:
    names = ["nearest", "home_first"]
    seen: list[Cell] = []

    def stop(cell: Cell) -> None:
        seen.append(cell)
        if len(seen) == 3:
            raise KeyboardInterrupt

    runner = Runner(keeper=CellFolder(tmp_path), on_cell=stop)
    with pytest.raises(KeyboardInterrupt):
        compare(week, names, replications=2, seed=SEED, runner=runner)
    found, computed = counted(tmp_path, week, names)
    assert len(computed) == 1
    assert found == compare(week, names, replications=2, seed=SEED).to_json()


def test_the_same_policy_under_another_label_is_the_same_cell(
    week: Scenario, tmp_path: Path
) -> None:
    counted(tmp_path, week, ["nearest"])
    _, computed = counted(tmp_path, week, ["nearest", "nearest"])
    assert computed == []


def test_anything_else_is_another_cell(week: Scenario, tmp_path: Path) -> None:
    folder = CellFolder(tmp_path)
    one = task(week)
    folder.put(one, Cell("nearest", 0, 1, {"served_share": Measure(1, 2)}))
    other_policy = attrs.evolve(one, subject=Nearest(open_for=1))
    for other in (
        attrs.evolve(one, scenario=week.with_values({"answer.eta": 1.5})),
        attrs.evolve(one, subject=policy("random")),
        other_policy,
        attrs.evolve(one, subject=Clairvoyant()),
        attrs.evolve(one, subject=Clairvoyant(Nearest())),
        attrs.evolve(one, subject=Clairvoyant(Nearest(open_for=1))),
        attrs.evolve(one, seed=8),
        attrs.evolve(one, replication=1),
    ):
        assert folder.get(other) is None
    assert folder.get(attrs.evolve(one, label="nearest#2")) is not None


def test_a_policy_of_ones_own_is_another_when_its_source_changes(
    week: Scenario, tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    text = "from practice_core.dispatch import Nearest\n\nclass Mine(Nearest):\n    pass\n"
    folder = CellFolder(tmp_path / "cells")
    file.write_text(text)
    one = attrs.evolve(task(week), subject=load_policy(f"{file}:Mine"))
    folder.put(one, Cell("Mine", 0, 1, {}))
    assert folder.get(attrs.evolve(one, subject=load_policy(f"{file}:Mine"))) is not None
    file.write_text(text + "    open_for = 1\n")
    assert folder.get(attrs.evolve(one, subject=load_policy(f"{file}:Mine"))) is None


def test_a_cell_of_other_code_is_not_taken_up(
    week: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = CellFolder(tmp_path)
    folder.put(task(week), Cell("nearest", 0, 1, {}))
    assert folder.get(task(week)) is not None
    monkeypatch.setattr("practice_core.experiment.keeper.code_version", lambda: "other")
    assert folder.get(task(week)) is None


def test_the_code_version_is_the_same_in_every_process() -> None:
    said = "from practice_core.experiment import code_version; print(code_version())"
    other = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == code_version()


DAMAGE: dict[str, Callable[[str], str]] = {
    "cut": lambda text: text[: len(text) // 2],
    "changed": lambda text: text.replace("[1, 2]", "[2, 2]"),
    "a list": lambda _: "[]",
    "empty object": lambda _: "{}",
    "without measures": lambda text: json.dumps(json.loads(text) | {"measures": 3}),
    "empty": lambda _: "",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cell_is_computed_again(week: Scenario, tmp_path: Path, damage: str) -> None:
    folder = CellFolder(tmp_path)
    folder.put(task(week), Cell("nearest", 0, 1, {"served_share": Measure(1, 2)}))
    (file,) = tmp_path.iterdir()
    file.write_text(DAMAGE[damage](file.read_text()))
    assert folder.get(task(week)) is None


def test_a_cell_is_written_whole_or_not_at_all(week: Scenario, tmp_path: Path) -> None:
    folder = CellFolder(tmp_path)
    with pytest.raises(TypeError):
        folder.put(task(week), Cell("nearest", 0, 1, {"served_share": Measure(1, object())}))  # type: ignore[arg-type]  # cannot be written
    assert folder.get(task(week)) is None
    assert [file.suffix for file in tmp_path.iterdir()] in ([], [".part"])


def test_logs_are_not_kept_so_a_run_that_wants_them_computes_all(
    week: Scenario, tmp_path: Path
) -> None:
    counted(tmp_path, week, ["nearest"])
    seen: list[Cell] = []
    runner = Runner(keeper=CellFolder(tmp_path), on_cell=seen.append, keep_logs=True)
    compare(week, ["nearest"], replications=2, seed=SEED, runner=runner)
    assert all(cell.log for cell in seen)


def test_the_default_folder_is_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "practice-core" / "cells"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "practice-core" / "cells"
