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
    asked = tomllib.loads((study / "study.toml").read_text(encoding="utf-8"))
    done = subprocess.run(
        [sys.executable, study / "study.py", "--small", "--out", tmp_path / "result"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "result" / "summary.json").read_text(encoding="utf-8"))
    assert list(found["measures"]) == asked["policies"]
    assert (found["area"], found["weeks"]) == (asked["area"], 1)
    assert (tmp_path / "result" / "table.md").read_text(encoding="utf-8") == done.stdout[:-1]


@each_study
def test_the_kept_result_is_that_of_the_study(study: Path) -> None:
    asked = tomllib.loads((study / "study.toml").read_text(encoding="utf-8"))
    found = json.loads((study / "result" / "summary.json").read_text(encoding="utf-8"))
    assert list(found["measures"]) == asked["policies"]
    for key in ("area", "seed", "weeks", "replications"):
        assert found[key] == asked[key]
    assert (study / "result" / "table.md").is_file()


@each_study
def test_a_study_says_what_may_and_may_not_be_concluded(study: Path) -> None:
    said = (study / "README.md").read_text(encoding="utf-8")
    for heading in ("## Answer", "## What may be concluded", "## What may not be concluded"):
        assert heading in said
    assert "result/" in said
