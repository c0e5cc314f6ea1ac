"""Every study runs, small, through public names only; its README quotes its kept result."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from practice_core.experiment import Comparison, compare, markdown
from practice_core.simulation import KPIS, Measure, load_scenario

ROOT = Path(__file__).parents[1]
STUDIES = sorted(path.parent for path in (ROOT / "simulations").glob("*/study.toml"))
each_study = pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
LONGEST = 60
# A link to a table of the result, and the rows that are quoted from it below the link.
QUOTED = re.compile(r"\]\((result/[\w/]*table\.md)\)[^|]*?\n\n((?:\|.*\n)+)")


def plan(study: Path) -> dict[str, Any]:
    return tomllib.loads((study / "study.toml").read_text(encoding="utf-8"))


def settings(study: Path) -> dict[str, dict[str, Any]]:
    """What a study changes in the base scenario, by the folder of its result."""
    asked = plan(study)
    what_if = {name: asked["overrides"] | changes for name, changes in asked["what_if"].items()}
    return {".": asked["overrides"], **what_if}


def read(folder: Path) -> Comparison:
    found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))

    def measures(kept: dict[str, Any], replication: int) -> dict[str, Measure]:
        return {
            kpi: Measure(one["numerator"][replication], one["denominator"][replication])
            for kpi, one in kept.items()
        }

    series = {
        policy: tuple(measures(kept, replication) for replication in range(found["replications"]))
        for policy, kept in found["measures"].items()
    }
    return Comparison(found["area"], found["seed"], found["weeks"], series)


def answer(study: Path) -> str:
    said = (study / "README.md").read_text(encoding="utf-8")
    return said.partition("## Answer")[2].partition("\n## ")[0]


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
    asked = plan(study)
    out = tmp_path / "result"
    done = subprocess.run(
        [sys.executable, study / "study.py", "--small", "--workers", "1", "--out", out],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in settings(study):
        found = read(out / name)
        assert found.policies == tuple(asked["policies"])
        assert (found.area, found.weeks) == (asked["area"], asked["small"]["weeks"])
        assert (out / name / "table.md").read_text(encoding="utf-8") in done.stdout


@each_study
def test_the_kept_result_is_that_of_the_study_as_it_stands(study: Path) -> None:
    asked = plan(study)
    for name, changes in settings(study).items():
        found = read(study / "result" / name)
        assert found.policies == tuple(asked["policies"])
        assert found.kpis == tuple(KPIS)
        for key in ("area", "seed", "weeks", "replications"):
            assert getattr(found, key) == asked[key]
        table = (study / "result" / name / "table.md").read_text(encoding="utf-8")
        changed = ", ".join(f"{key} = {changed}" for key, changed in changes.items())
        assert table == f"{markdown(found)}\nSet otherwise: {changed or 'nothing'}.\n"
    kept = {path.relative_to(study / "result") for path in (study / "result").rglob("*.*")}
    assert kept == {Path(n, file) for n in settings(study) for file in ("summary.json", "table.md")}


@pytest.mark.slow
@each_study
def test_the_kept_result_is_that_of_the_model_as_it_stands(study: Path) -> None:
    """Of the first policy and replication, within what another processor may change."""
    asked = plan(study)
    base = load_scenario(asked["area"]).with_values({"horizon.weeks": asked["weeks"]})
    label, seed = asked["policies"][0], asked["seed"]
    now = compare(base.with_values(asked["overrides"]), [label], replications=1, seed=seed)
    kept = read(study / "result")
    for kpi, allowed in (("served_share", 0.005), ("offers", 0.02), ("km_per_served", 0.1)):
        (found,), (expected, *_) = now.series(label, kpi), kept.series(label, kpi)
        assert found.value == pytest.approx(expected.value, abs=allowed), "run study.py again"


@each_study
def test_every_figure_that_the_answer_quotes_is_in_the_kept_result(study: Path) -> None:
    quoted = QUOTED.findall(answer(study))
    assert {table for table, _ in quoted} == {
        Path("result", name, "table.md").as_posix() for name in settings(study)
    }
    for table, rows in quoted:
        lines = (study / table).read_text(encoding="utf-8").splitlines()
        assert [row for row in rows.splitlines() if row not in lines] == []
    prose = [line for line in answer(study).splitlines() if not line.startswith("|")]
    assert [line for line in prose if re.search(r"\d\.\d|%", line)] == []


@each_study
def test_a_study_says_what_may_and_may_not_be_concluded(study: Path) -> None:
    said = (study / "README.md").read_text(encoding="utf-8")
    for heading in ("## Answer", "## What may be concluded", "## What may not be concluded"):
        assert heading in said
