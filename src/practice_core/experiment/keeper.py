"""Finished cells on disk, so that an interrupted experiment goes on where it stopped.

A kept cell is found again only by the same scenario, policy, seed and replication under the same
code and the same versions of the libraries that compute it: anything else is another key.
"""

from __future__ import annotations

import json
import os
import pickle
import platform
import sys
import tempfile
from functools import cache
from hashlib import blake2b
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.experiment.bound import Clairvoyant
from practice_core.experiment.cells import Cell
from practice_core.simulation import Measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    from practice_core.experiment.cells import Subject, Task

__all__ = ["CellFolder", "code_version", "default_folder", "versions"]

_LIBRARIES = ("attrs", "cattrs", "networkx", "numpy", "scipy", "simpy")
_CODE = (".py", ".toml", ".geojson")


@attrs.frozen
class CellFolder:
    """A folder of finished cells, one small JSON file each.

    A file is written whole or not at all; one that was damaged is computed again. The folder may
    be deleted at any time.

    Parameters
    ----------
    path
        The folder; made when the first cell is kept.
    """

    path: Path

    def get(self, task: Task) -> Cell | None:
        """Give the cell of a task, if it is kept."""
        try:
            text = self._file(task).read_text(encoding="utf-8")
            found = json.loads(text)
            if found.pop("digest") != _digest(found):
                return None
            groups = {
                dimension: {group: _measures(one) for group, one in parts.items()}
                for dimension, parts in found["groups"].items()
            }
            measures = _measures(found["measures"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        return Cell(task.label, task.replication, task.scenario.horizon.weeks, measures, groups)

    def put(self, task: Task, cell: Cell) -> None:
        """Keep the cell of a task.

        Raises
        ------
        OSError
            If the folder cannot be written to.
        """
        content: dict[str, Any] = {
            "measures": _pairs(cell.measures),
            "groups": {
                dimension: {group: _pairs(one) for group, one in parts.items()}
                for dimension, parts in cell.groups.items()
            },
        }
        content["digest"] = _digest(content)
        self.path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=self.path, suffix=".part", delete=False
        ) as file:
            json.dump(content, file)
        Path(file.name).replace(self._file(task))

    def _file(self, task: Task) -> Path:
        key = (
            code_version(),
            task.scenario.digest,
            *_identity(task.subject),
            task.seed,
            task.replication,
        )
        return self.path / f"{_digest(key)}.json"


def default_folder() -> Path:
    """Give the folder for cells that nobody named another for: the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "practice-core" / "cells"


def versions() -> dict[str, str]:
    """Give the versions of this package, of Python and of the libraries that compute with it."""
    return {
        "practice-core": metadata.version("practice-core"),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


@cache
def code_version() -> str:
    """Give a digest of this package's code and data and of the libraries that compute with it."""
    said = [f"{name} {version}" for name, version in versions().items()]
    digest = blake2b("\n".join(said).encode(), digest_size=16)
    for name, file in sorted(_files(resources.files("practice_core"), "")):
        digest.update(f"\n{name}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _files(entry, f"{name}/")
        elif name.endswith(_CODE):
            yield name, entry


def _identity(subject: Subject) -> tuple[str, ...]:
    """Say what a policy is: its class, its fields and, if it is not of this package, its source."""
    if isinstance(subject, Clairvoyant) and subject.beside is not None:
        return "clairvoyant beside", *_identity(subject.beside)
    kind = type(subject)
    source = ""
    if kind.__module__.partition(".")[0] != "practice_core":
        file = getattr(sys.modules.get(kind.__module__), "__file__", None)
        source = blake2b(Path(file).read_bytes()).hexdigest() if file else ""
    fields = blake2b(pickle.dumps(subject, protocol=5)).hexdigest()
    return f"{kind.__module__}.{kind.__qualname__}", fields, source


def _measures(found: Mapping[str, list[int]]) -> dict[str, Measure]:
    return {kpi: Measure(int(a), int(b)) for kpi, (a, b) in found.items()}


def _pairs(measures: Mapping[str, Measure]) -> dict[str, list[int]]:
    return {kpi: [one.numerator, one.denominator] for kpi, one in measures.items()}


def _digest(content: object) -> str:
    return blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()
