"""Every study runs, small, from its own folder, through public names only."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STUDIES = sorted(path.parent for path in (ROOT / "simulations").glob("*/study.toml"))
each_study = pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
LONGEST = 60


def test_there_is_a_study_of_wujiang() -> None:
    assert "wujiang_dispatch" in [study.name for study in STUDIES]


@each_study
def test_a_study_is_short(study: Path) -> None:
    assert len((study / "study.py").read_text(encoding="utf-8").splitlines()) <= LONGEST


@each_study
def test_a_study_imports_only_public_names(study: Path) -> None:
    tree = ast.parse((study / "study.py").read_text(encoding="utf-8"))
    ours = [
        (node.module, name.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("practice_core")
        for name in node.names
    ]
    assert ours
    for module, name in ours:
        assert module is not None
        assert module.count(".") <= 1, f"{module} is inside a room"
        assert name in importlib.import_module(module).__all__
    assert not any(
        name.name.startswith("practice_core")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    )


@each_study
def test_a_study_runs_small_and_says_what_it_found(study: Path, tmp_path: Path) -> None:
    asked = settings(study)
    done = subprocess.run(
        [sys.executable, study / "study.py", "--small", "--workers", "1", "--out", tmp_path / "r"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in folders(asked):
        found = json.loads((tmp_path / "r" / name / "summary.json").read_text(encoding="utf-8"))
        assert list(found["measures"]) == asked["policies"]
        assert (found["area"], found["weeks"]) == (asked["area"], asked["small"]["weeks"])
        assert (tmp_path / "r" / name / "table.md").read_text(encoding="utf-8") in done.stdout


@each_study
def test_the_kept_result_is_that_of_the_study(study: Path) -> None:
    asked = settings(study)
    for name in folders(asked):
        found = json.loads((study / "result" / name / "summary.json").read_text(encoding="utf-8"))
        assert list(found["measures"]) == asked["policies"]
        assert {tuple(measures) for measures in found["measures"].values()} == {tuple(KPIS)}
        for key in ("area", "seed", "weeks", "replications"):
            assert found[key] == asked[key]
    kept = {path.parent.name for path in (study / "result").rglob("*.*")}
    assert kept == {"result", *asked["what_if"]}


@each_study
def test_the_kept_table_is_that_of_the_kept_summary(study: Path) -> None:
    asked = settings(study)
    for name, changes in folders(asked).items():
        written = (study / "result" / name / "table.md").read_text(encoding="utf-8")
        assert written.startswith(markdown(kept(study / "result" / name)))
        for key in (*asked["overrides"], *changes):
            assert f"{key} = " in written


@each_study
def test_every_figure_that_the_readme_quotes_is_in_the_kept_result(study: Path) -> None:
    """Rows quoted in the answer are those of the tables; every other figure stands in the text."""
    answer = section(study, "## Answer")
    quoted = {
        name: [line for line in part.splitlines() if "±" in line]
        for name, part in parts(answer, folders(settings(study))).items()
    }
    assert all(quoted.values())
    for name, lines in quoted.items():
        table = (study / "result" / name / "table.md").read_text(encoding="utf-8")
        assert [line for line in lines if line not in table.splitlines()] == []


@each_study
def test_a_study_says_what_may_and_may_not_be_concluded(study: Path) -> None:
    said = (study / "README.md").read_text(encoding="utf-8")
    for heading in ("## Answer", "## What may be concluded", "## What may not be concluded"):
        assert heading in said
    assert "result/" in said
