"""The repository keeps its own rules: reasons, pins, links, names, and nothing of one machine."""

from __future__ import annotations

import importlib
import io
import re
import subprocess
import tokenize
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
MADE = {"__pycache__", "build", "dist", "out"}
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.+!]*)")
# Each pattern is written so that it does not find itself.
MACHINE = re.compile(
    r"(?<![\w.:/-])/(?:[f]arm|[h]ome|[m]nt|[o]pt|[r]oot|[t]mp|[U]sers|[w]ork)/[\w.]"
    r"|[A-Z]:\\[U]sers"
    r"|[p]ypi\.org|[p]ythonhosted|[r]egistry\.npmjs|[d]eb\.debian\.org|[f]iles\.pypi"
)
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma:\s*no\s*(?:cover|branch))")
REASONED = re.compile(
    r"#\s*(?:noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\]|pragma: no (?:cover|branch))"
    r"\s+(?:-|#)\s*\w"
)


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def files() -> tuple[Path, ...]:
    """Every file of the repository: tracked or about to be, or outside a checkout all but made."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - whichever git there is
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split("\0")
        found = [ROOT / name for name in listed if name]
    except (FileNotFoundError, subprocess.CalledProcessError):
        found = [
            path
            for path in ROOT.rglob("*")
            if not any(
                part in MADE or (part.startswith(".") and part not in {".ci", ".gitignore"})
                for part in path.relative_to(ROOT).parts
            )
        ]
    return tuple(sorted(path for path in found if path.is_file()))


def with_suffix(suffix: str) -> list[Path]:
    return [path for path in files() if path.suffix == suffix]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [PIN.fullmatch(line) for line in lines]
    return {canonicalize_name(pin[1]): pin[2] for pin in found if pin}


def direct_requirements() -> list[Requirement]:
    table = project()["project"]
    listed = [
        *project()["build-system"]["requires"],
        *table["dependencies"],
        *(line for extra in table["optional-dependencies"].values() for line in extra),
    ]
    found = [Requirement(line) for line in listed]
    return [requirement for requirement in found if requirement.name != table["name"]]


def needed_by(requirement: Requirement) -> set[str]:
    """Names of everything that `requirement` brings along here, itself included."""
    reached: set[str] = set()
    waiting = [(requirement.name, frozenset(requirement.extras))]
    while waiting:
        name, extras = waiting.pop()
        if canonicalize_name(name) in reached:
            continue
        reached.add(canonicalize_name(name))
        for line in metadata.requires(name) or ():
            child = Requirement(line)
            if child.marker is None or any(
                child.marker.evaluate({"extra": extra}) for extra in ("", *extras)
            ):
                waiting.append((child.name, frozenset(child.extras)))
    return reached


# ---------------------------------------------------------------------------- reasons


def test_every_rule_that_ruff_may_not_apply_has_a_reason_beside_it() -> None:
    lint = project()["tool"]["ruff"]["lint"]
    ignored = [*lint["ignore"], *(c for codes in lint["per-file-ignores"].values() for c in codes)]
    source = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    reasoned = re.findall(r'^\s*"([A-Z]+[0-9]*)",\s+# \w+(?:\W+\w+){2}', source, re.MULTILINE)
    assert ignored
    assert sorted(reasoned) == sorted(ignored)


def test_every_dependency_has_a_reason_beside_it() -> None:
    table = project()["project"]
    extras = (line for extra in table["optional-dependencies"].values() for line in extra)
    source = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    bare = [
        line
        for line in (*table["dependencies"], *extras)
        if not re.search(rf'^\s*"{re.escape(line)}",\s+# \w+', source, re.MULTILINE)
    ]
    assert bare == []


def test_every_suppressed_finding_names_its_rule_and_its_reason() -> None:
    bare = []
    for path in with_suffix(".py"):
        for token in tokenize.generate_tokens(io.StringIO(text_of(path)).readline):
            comment = token.type == tokenize.COMMENT and SUPPRESSION.search(token.string)
            if comment and not REASONED.search(token.string):
                bare.append(f"{name_of(path)}:{token.start[0]}: {token.string}")
    assert bare == []


# ---------------------------------------------------------------------------- versions


def test_constraints_hold_one_name_and_one_exact_version_a_line() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    assert len(pins()) == len(lines)
    assert lines == sorted(lines, key=str.lower)


@pytest.mark.parametrize("requirement", direct_requirements(), ids=lambda r: r.name)
def test_a_direct_dependency_is_pinned_within_its_bounds(requirement: Requirement) -> None:
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("requirement", direct_requirements(), ids=lambda r: r.name)
def test_whatever_a_dependency_brings_along_is_pinned_too(requirement: Requirement) -> None:
    assert needed_by(requirement) - pins().keys() == set()


# ---------------------------------------------------------------------------- what is written


def test_no_file_names_a_path_of_one_machine_or_the_host_of_a_registry() -> None:
    found = [
        f"{name_of(path)}: {hit[0]}" for path in files() for hit in MACHINE.finditer(text_of(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "cd /" + "work/main",
        "'/" + "root/.venv'",
        "see /" + "tmp/a",
        "https://" + "pypi" + ".org/simple",
        "C:" + r"\Users\one",
    ],
)
def test_a_path_or_a_host_would_be_found(line: str) -> None:
    assert MACHINE.search(line)


@pytest.mark.parametrize(
    "line", ["#!/usr/bin/env bash", "https://example.org/home/x", "tests/work/x"]
)
def test_what_is_the_same_everywhere_is_not_found(line: str) -> None:
    assert MACHINE.search(line) is None


def test_every_link_to_a_local_file_leads_somewhere() -> None:
    pages = with_suffix(".md")
    broken = []
    for page in pages:
        for target in LINK.findall(FENCED.sub("", text_of(page))):
            place = target.partition("#")[0]
            if place and ":" not in place and not (page.parent / place).exists():
                broken.append(f"{name_of(page)}: {target}")
    assert pages
    assert broken == []


def test_both_readmes_run_the_same_code_and_lead_to_the_same_places() -> None:
    english, chinese = (text_of(ROOT / name) for name in ("README.md", "README.zh-CN.md"))
    examples = re.compile(r"^>>> .*|^\.\.\. .*|^make \w+|^practice-core compare \w+", re.MULTILINE)

    def code(text: str) -> set[str]:
        return {line.partition("  #")[0].strip() for line in examples.findall(text)}

    assert code(english) <= code(chinese)
    apart = {"README.md", "README.zh-CN.md"}
    assert set(LINK.findall(english)) - apart <= set(LINK.findall(chinese))


def test_the_changelog_has_a_place_for_the_next_change() -> None:
    headings = re.findall(r"^## .*$", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "## [Unreleased]"


def test_decision_records_are_numbered_without_gaps_and_have_the_four_parts() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    parts = ["Status", "Context", "Decision", "Consequences"]
    for record in records:
        assert re.findall(r"^## (.*)$", text_of(record), re.MULTILINE) == parts, record.name


def test_the_map_of_the_house_shows_every_room() -> None:
    source = ROOT / "src" / "practice_core"
    rooms = {
        path.stem if path.suffix else f"{path.name}/"
        for path in source.iterdir()
        if (path.suffix == ".py" and path.stem[0] != "_") or (path / "__init__.py").exists()
    }
    shown = set(re.findall(r"^\| `(\w+/?)` \|", text_of(ROOT / "CONTRIBUTING.md"), re.MULTILINE))
    assert shown == rooms


# ---------------------------------------------------------------------------- the public names


def test_the_public_names_are_listed_once_in_order_and_all_exist() -> None:
    package = importlib.import_module("practice_core")
    names: list[str] = package.__all__

    def place(name: str) -> tuple[int, str]:
        """Order as ruff's RUF022 does: constants, then classes, then the rest."""
        return (0 if name.isupper() else 1 if name[0].isupper() else 2), name

    assert names == sorted(set(names), key=place)
    assert [name for name in names if not hasattr(package, name)] == []


def test_the_package_says_that_it_is_typed_and_which_version_it_is() -> None:
    assert (ROOT / "src" / "practice_core" / "py.typed").read_bytes() == b""
    assert metadata.version("practice-core") == project()["project"]["version"]
