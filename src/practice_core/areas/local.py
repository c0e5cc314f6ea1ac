"""Local rules of one kind as files: whose they are, what publishes them, and on what each rests.

In such a file everything but names says what it rests on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from practice_core.areas.files import beside, name_faults, read, shipped, structure, text_faults
from practice_core.areas.inputs import LARGEST_TABLE, file_bytes
from practice_core.areas.tables import summed_up
from practice_core.errors import Fault, UnknownName, attempt
from practice_core.units import is_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from os import PathLike

    from practice_core.areas.files import Basis
    from practice_core.terms import Lang

__all__ = [
    "Head",
    "HeadFile",
    "Local",
    "head_faults",
    "head_of",
    "load_local",
    "local_names",
    "part_faults",
    "read_local",
]

T = TypeVar("T")
F = TypeVar("F", bound="HeadFile")

_NAMES = frozenset(
    {"id", "name_zh", "name_en", "place_zh", "place_en", "document"}
    | {"zh", "en", "key", "pattern", "sign"}
)
"""What needs no basis: what something is called."""


@attrs.frozen(kw_only=True)
class HeadFile:
    """What stands at the head of every such file."""

    id: str
    name_zh: str
    name_en: str
    place_zh: str
    place_en: str
    document: str


@attrs.frozen(kw_only=True)
class Head:
    """Whose a local rule is, and what publishes it.

    Parameters
    ----------
    id
        Its name in files and on the command line.
    name_zh, name_en
        What it is called.
    place_zh, place_en
        Where it holds.
    document
        What publishes it.
    """

    id: str
    name_zh: str
    name_en: str
    place_zh: str
    place_en: str
    document: str

    def name(self, lang: Lang = "en") -> str:
        """Give what it is called."""
        return self.name_zh if lang == "zh" else self.name_en

    def place(self, lang: Lang = "en") -> str:
        """Give where it holds."""
        return self.place_zh if lang == "zh" else self.place_en


@attrs.frozen(kw_only=True)
class Local(Head, Generic[T]):
    """A local rule of some kind: whose it is, what publishes it, and what it says.

    Parameters
    ----------
    says
        What it says: a `CorpsPlan`, `RecordRules` or a `Standard`.
    bases
        What its numbers and choices rest on, by dotted key.
    """

    says: T
    bases: Mapping[str, Basis] = attrs.field(repr=False)

    def basis(self, key: str) -> Basis | None:
        """Give what a dotted key of its file rests on, as far as that is said."""
        return self.bases.get(key)


def local_names(folder: str) -> tuple[str, ...]:
    """Give the names of the files of a folder that ship."""
    return tuple(sorted(shipped(folder)))


def load_local(
    where: str | PathLike[str], folder: str, kind: str, reader: Callable[[bytes, str], Local[T]]
) -> Local[T]:
    """Load a local rule: one that ships, by name, or a file of one's own.

    Parameters
    ----------
    where
        The name, or the file as ``*.toml``.
    folder
        In which those of its kind ship.
    kind
        What it is, for the message.
    reader
        What reads it.

    Raises
    ------
    UnknownName
        If it is neither.
    DefinitionError
        With every fault of the file, each at its line or key.
    """
    files = shipped(folder)
    if isinstance(where, str) and where in files:
        return reader(files[where].read_bytes(), f"{where}.toml")
    path = Path(where)
    if path.suffix != ".toml":
        raise UnknownName(kind, str(where), files)
    return reader(file_bytes(path, most=LARGEST_TABLE), path.name)


def read_local(
    raw: bytes, name: str, kind: type[F], build: Callable[[F, Mapping[str, Basis]], T]
) -> Local[T]:
    """Read a local rule from a file.

    Parameters
    ----------
    raw
        The bytes of the file.
    name
        Of the file, for messages.
    kind
        What the file may say.
    build
        Makes of it what it says, or raises `DefinitionError` with faults at dotted keys.

    Raises
    ------
    DefinitionError
        With every fault of the file, each at its line or key: the first 20 and how many more.
    """
    bare: list[Fault] = []
    values, bases = read(raw, name, bare)
    bare = beside(bare, _unbased(values, "", bases))
    others: list[Fault] = []
    file = attempt(others, structure, values, kind, name)
    says = None
    if file is not None:
        others += head_faults(file, "what publishes it, or that it is your own")
        says = attempt(others, build, file, bases)
    faults = beside(bare, others)
    if file is None or says is None or faults:
        raise summed_up(name, [fault.inside(name) for fault in faults])
    return Local(**head_of(file), says=says, bases=bases)


def head_of(file: HeadFile) -> dict[str, str]:
    """Give what a file says at its head, by the fields of a `Head`."""
    return {field.name: getattr(file, field.name) for field in attrs.fields(Head)}


def head_faults(file: HeadFile, document: str) -> Iterator[Fault]:
    """Find what is wrong with a file's head; `document` says what is expected as such."""
    if not is_identifier(file.id):
        expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
        yield Fault("id", repr(file.id), expected, "rename it")
    yield from name_faults(file, document)


def part_faults(key: str, parts: Iterable[Any]) -> list[Fault]:
    """Find names of a file's parts, each with ``zh`` and ``en``, that cannot be shown."""
    return [
        fault
        for n, part in enumerate(parts)
        for lang in ("zh", "en")
        for fault in text_faults(f"{key}[{n}].{lang}", getattr(part, lang))
    ]


def _unbased(node: Any, key: str, bases: Mapping[str, Basis]) -> Iterator[Fault]:  # noqa: ANN401 - a TOML node
    """Find what a file says without saying what it rests on."""
    if key in bases or key.rpartition(".")[2] in _NAMES:
        return
    if isinstance(node, dict):
        for name, part in node.items():
            yield from _unbased(part, f"{key}.{name}" if key else name, bases)
    elif isinstance(node, list) and node and all(isinstance(part, dict) for part in node):
        for n, part in enumerate(node):
            yield from _unbased(part, f"{key}[{n}]", bases)
    else:
        expected = '{ value = ..., basis = "..." }'
        yield Fault(key, "a choice without a basis", expected, "say what it rests on")
