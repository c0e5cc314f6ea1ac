"""Files in which every number carries its basis: published, derived or assumed.

A number stands as a table: ``{ value = 2, basis = "assumed", range = [0, 4], why = "..." }``.
A ratio that no decimal number gives exactly is written as ``"1/3"``. A choice, such as a word or a
list of them, may say what it rests on in the same way; an assumed one has no range.
Reading takes the bases off, so that a definition is built from plain values and the bases are kept
beside it under the dotted key of each number.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
import tomllib
from contextlib import suppress
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import attrs
import cattrs
from cattrs.cols import homogenous_tuple_structure_factory, list_structure_factory
from cattrs.errors import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn

from practice_core.areas.inputs import refuse_binary, utf8
from practice_core.areas.tables import summed_up
from practice_core.errors import DefinitionError, Fault, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from importlib.resources.abc import Traversable

__all__ = [
    "Basis",
    "BasisKind",
    "beside",
    "name_faults",
    "read",
    "read_plain",
    "shipped",
    "structure",
    "text_faults",
]

T = TypeVar("T")

_KEYS = {
    "published": {"document"},
    "derived": {"arithmetic"},
    "assumed": {"why"},
}
_OPTIONAL = {"range", "scale"}
_LARGEST = 1 << 17
"""Characters of a file, ten times those of the largest that ships: reading stays below seconds."""
_LONGEST_LINE = 1000
_LINE = re.compile(r"\(at line ([0-9]+), column [0-9]+\)$")
_SAVE = "save the file as UTF-8"
_TEXT = "text"
_MOST = 2.0**63
"""No number is larger: every one fits a machine word."""
_RATIO = re.compile(r"([0-9]{1,9})/([1-9][0-9]{0,8})", re.ASCII)
_LONGEST_NAME = 80
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class BasisKind(enum.StrEnum):
    """What a number rests on."""

    PUBLISHED = "published"
    DERIVED = "derived"
    ASSUMED = "assumed"
    SET = "set"
    """Changed for one run; no file says so."""


@attrs.frozen
class Basis:
    """What one number rests on.

    Parameters
    ----------
    kind
        Published, derived, assumed or set.
    source
        The document, the arithmetic, or why it was assumed so.
    range
        The plausible values (least, most) of a number, if it may be swept.
    scale
        The plausible factors (least, most) on each part of a table or list.
    """

    kind: BasisKind
    source: str
    range: tuple[float, float] | None = None
    scale: tuple[float, float] | None = None


def read(
    text: str | bytes, subject: str, faults: list[Fault] | None = None
) -> tuple[dict[str, Any], dict[str, Basis]]:
    """Read TOML into plain values and the basis of every number.

    Parameters
    ----------
    text
        The file's text, or its bytes: UTF-8, with or without a byte order mark.
    subject
        Its name, for messages.
    faults
        Takes what is wrong with single values and their bases, so that what else is wrong with the
        file can be said beside it; without it they are raised.

    Returns
    -------
    values
        The tree, each number table replaced by its value.
    bases
        By dotted key.

    Raises
    ------
    DefinitionError
        If it is not TOML or far too large; with the numbers that lack their basis or have an
        impossible range, and texts that cannot be shown: the first 20 and how many more.
    """
    bases: dict[str, Basis] = {}

    def based(tree: dict[str, Any], found: list[Fault]) -> dict[str, Any]:
        return {key: _plain(node, key, bases, found) for key, node in tree.items()}

    return _understood(text, subject, faults, based), bases


def read_plain(
    text: str | bytes, subject: str, faults: list[Fault] | None = None, *, most: int | None = None
) -> dict[str, Any]:
    """Read TOML into plain values as `read` does, where no number needs a basis.

    `most` is how many characters it may have, if it is no ordinary file.
    """
    return _understood(text, subject, faults, lambda tree, _: tree, most or _LARGEST)


def structure(values: Mapping[str, Any], kind: type[T], subject: str) -> T:
    """Build `kind` from plain values; unknown and missing keys and wrong types are faults.

    Whether a number is possible is for others to say, once all have their types.

    Raises
    ------
    DefinitionError
        With the faults, each at its dotted key: the first 20 and how many more.
    """
    try:
        return _CONVERTER.structure(values, kind)
    except ClassValidationError as error:
        found = tuple(_faults(error, ""))
    except _Unexpected as error:
        found = (_fault(error, "file"),)
    raise summed_up(subject, found)


def beside(known: Sequence[Fault], others: Iterable[Fault]) -> list[Fault]:
    """Give faults and those of others that are at no place already named."""
    places = {fault.place for fault in known}
    return [*known, *(fault for fault in others if fault.place not in places)]


def name_faults(file: Any, expected: str) -> Iterator[Fault]:  # noqa: ANN401 - a file of any kind that has names
    """Give what is wrong with a file's names and with its document, of which `expected` tells."""
    for key in ("name_zh", "name_en", "place_zh", "place_en"):
        yield from text_faults(key, getattr(file, key))
    if not file.document.strip():
        yield Fault("document", "nothing", expected, "name it")


@cache
def shipped(folder: str) -> Mapping[str, Traversable]:
    """Give the files of a folder that ships with this room, by name."""
    found = resources.files("practice_core.areas").joinpath(folder)
    return {file.name.removesuffix(".toml"): file for file in found.iterdir()}


def text_faults(key: str, text: str) -> Iterator[Fault]:
    """Find a name that is empty, or longer than one."""
    if not text.strip() or len(text) > _LONGEST_NAME:
        found = f"{len(text)} characters" if text.strip() else "nothing"
        expected = f"1 to {_LONGEST_NAME} characters"
        yield Fault(key, found, expected, f"change {key.rpartition('.')[2]}")


def _understood(
    text: str | bytes,
    subject: str,
    faults: list[Fault] | None,
    understand: Callable[[dict[str, Any], list[Fault]], dict[str, Any]],
    most: int = _LARGEST,
) -> dict[str, Any]:
    """Read TOML that somebody else wrote, and what is wrong with single values of it."""
    if isinstance(text, bytes):
        refuse_binary(text, subject, _SAVE)
        text = utf8(text, subject, _SAVE)
    try:
        tree = tomllib.loads(_bounded(text, most))
        found = list(_text_faults(tree))
        values = understand(tree, found)
    except RecursionError:
        fault = Fault(subject, "tables or lists too deep", "a few levels", "make it flatter")
        raise DefinitionError(subject, (fault,)) from None
    except ValueError as error:
        line = _LINE.search(str(error))
        place = f"{subject}:{line[1]}" if line else subject
        fault = Fault(place, str(error), "TOML", "mend the file there")
        raise DefinitionError(subject, (fault,)) from None
    if found and faults is None:
        raise summed_up(subject, found)
    if faults is not None:
        faults += found
    return values


def _bounded(text: str, most: int) -> str:
    if len(text) > most:
        message = f"{len(text)} characters, more than {most}"
        raise ValueError(message)
    longest = max(map(len, text.splitlines()), default=0)
    if longest > _LONGEST_LINE:
        message = f"a line of {longest} characters, more than {_LONGEST_LINE}"
        raise ValueError(message)
    return text


def _plain(node: Any, key: str, bases: dict[str, Basis], faults: list[Fault]) -> Any:  # noqa: ANN401 - a TOML node
    if isinstance(node, dict) and "basis" in node:
        bases[key] = _basis(node, key, faults)
        return node.get("value")
    if isinstance(node, dict):
        return {name: _plain(part, f"{key}.{name}", bases, faults) for name, part in node.items()}
    if isinstance(node, list):
        return [_plain(part, f"{key}[{n}]", bases, faults) for n, part in enumerate(node)]
    if isinstance(node, (int, float)) and not isinstance(node, bool):
        expected = '{ value = ..., basis = "..." }'
        faults.append(Fault(key, f"{node} without a basis", expected, "say what it rests on"))
    return node


def _basis(node: dict[str, Any], key: str, faults: list[Fault]) -> Basis:
    kind = node["basis"]
    wanted = _KEYS.get(kind) if isinstance(kind, str) else None
    if wanted is None:
        expected = "published, derived or assumed"
        faults.append(Fault(key, f"basis {kind!r}", expected, "name one of the three"))
        return Basis(BasisKind.ASSUMED, "")
    present = {name for name in wanted if isinstance(node.get(name), str) and node[name].strip()}
    missing = ({"value", *wanted} - node.keys()) | (wanted - present)
    extra = node.keys() - {"value", "basis", *wanted, *_OPTIONAL}
    faults.extend(
        Fault(key, f"no {name}", f"{name} beside basis", f"add {name}") for name in sorted(missing)
    )
    known = sorted({"value", "basis", *wanted, *_OPTIONAL})
    faults.extend(
        Fault(key, f"unknown {name}", "value, basis and its source", _remove(name, known))
        for name in sorted(extra)
    )
    if kind == "assumed" and not _OPTIONAL & node.keys() and _counts(node.get("value")):
        found = "assumed without range"
        faults.append(Fault(key, found, "range or scale", "give the plausible range"))
    spans = {name: _span(node[name], f"{key}.{name}", faults) for name in _OPTIONAL & node.keys()}
    faults.extend(_span_faults(key, node.get("value"), **spans))
    source = " ".join(node[name] for name in sorted(present))
    return Basis(BasisKind(kind), source, spans.get("range"), spans.get("scale"))


def _counts(value: Any) -> bool:  # noqa: ANN401 - a TOML node
    """Tell whether a value is a number or has one in it: else it is a choice."""
    if isinstance(value, (dict, list)):
        return any(map(_counts, value.values() if isinstance(value, dict) else value))
    if isinstance(value, str):
        return _RATIO.fullmatch(value) is not None
    return not isinstance(value, bool)


def _span(node: Any, key: str, faults: list[Fault]) -> tuple[float, float] | None:  # noqa: ANN401 - a TOML node
    numbers = isinstance(node, list) and all(
        isinstance(n, (int, float)) and not isinstance(n, bool) and abs(n) < _MOST for n in node
    )
    if numbers and len(node) == 2 and node[0] <= node[1]:  # noqa: PLR2004 - least and most
        return float(node[0]), float(node[1])
    faults.append(Fault(key, repr(node), "[least, most]", "write two ascending numbers"))
    return None


def _span_faults(
    key: str,
    value: Any,  # noqa: ANN401 - a TOML node
    range: tuple[float, float] | None = None,  # noqa: A002 - as the file calls it
    scale: tuple[float, float] | None = None,
) -> Iterator[Fault]:
    if range and isinstance(value, (list, dict)):
        found, expected = "the range of a table or list", "a scale, which holds for every part"
        yield Fault(f"{key}.range", found, expected, "give a scale")
    elif range and isinstance(value, (int, float)) and not range[0] <= value <= range[1]:
        expected = f"a range that holds the value, {value}"
        yield Fault(f"{key}.range", repr(list(range)), expected, "widen it or mend the value")
    if scale and not 0 <= scale[0] <= 1 <= scale[1]:
        expected = "factors of 0 or more, around 1"
        yield Fault(f"{key}.scale", repr(list(scale)), expected, "widen it")


def _text_faults(node: Any, key: str = "") -> Iterator[Fault]:  # noqa: ANN401 - a TOML node
    """Find keys and texts that a terminal would obey or no eye could see."""
    if isinstance(node, str) and shown(node) != node:
        expected = "text of one line without control characters"
        yield Fault(key, f"'{shown(node)}'", expected, "retype it")
    elif isinstance(node, list):
        for n, part in enumerate(node):
            yield from _text_faults(part, f"{key}[{n}]")
    elif isinstance(node, dict):
        for name, part in node.items():
            if shown(name) != name:
                yield Fault(_below(key, name), "a key that cannot be shown", "another", "retype it")
            yield from _text_faults(part, _below(key, name))


class _Unexpected(TypeError):
    """A value of another type than its key wants."""

    def __init__(self, found: object, expected: str, meant: str = "") -> None:
        super().__init__(found, expected)
        self.found = found
        self.expected = expected
        self.meant = meant


def _faults(error: ClassValidationError | IterableValidationError, key: str) -> Iterator[Fault]:
    noted, bare = error.group_exceptions()
    for inner, note in noted:
        part = note.index if isinstance(note, IterableValidationNote) else note.name
        below = f"{key}[{part}]" if isinstance(part, int) else _below(key, part)
        if isinstance(inner, (ClassValidationError, IterableValidationError)):
            yield from _faults(inner, below)
        else:
            yield _fault(inner, below)
    for inner in bare:
        if isinstance(inner, ForbiddenExtraKeysError):
            known = [field.name for field in attrs.fields(inner.cl)]
            expected = f"one of {', '.join(known)}"
            for name in sorted(inner.extra_fields):
                remedy = _remove(name, sorted(known))
                yield Fault(_below(key, name), "unknown key", expected, remedy)
        else:
            yield _fault(inner, key or "file")


def _remove(name: str, known: Sequence[str]) -> str:
    meant = did_you_mean(name, known)
    return f"{meant}rename or remove {name}" if meant else f"remove {name}"


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _fault(error: Exception, key: str) -> Fault:
    name = key.rpartition(".")[2]
    if isinstance(error, KeyError):
        return Fault(key, "nothing", "a value", f"add {name}")
    if isinstance(error, _Unexpected) and isinstance(error.found, (dt.date, dt.time)):
        remedy = "put it in quotes" if error.expected == _TEXT else f"change {name}"
        return Fault(key, str(error.found), error.expected, remedy)
    if isinstance(error, _Unexpected):
        return Fault(key, repr(error.found), error.expected, f"{error.meant}change {name}")
    if isinstance(error, AttributeError):  # cattrs asked something else for its items
        return Fault(key, "a single value", "a table", f"change {name}")
    return Fault(key, str(error), "another value", f"change {name}")


def _whole_number(value: Any, _: Any) -> int:  # noqa: ANN401 - a cattrs hook
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= _MOST:
        raise _Unexpected(value, "a whole number")
    return value


def _truth(value: Any, _: Any) -> bool:  # noqa: ANN401 - a cattrs hook
    if not isinstance(value, bool):
        raise _Unexpected(value, "true or false")
    return value


def _number(value: Any, _: Any) -> float:  # noqa: ANN401 - a cattrs hook
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not abs(value) < _MOST:  # nan is below nothing
        raise _Unexpected(value, "a number")
    return float(value)


def _ratio(value: Any, _: Any) -> Fraction:  # noqa: ANN401 - a cattrs hook
    found = _RATIO.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        return Fraction(int(found[1]), int(found[2]))
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not abs(value) < _MOST:  # nan is below nothing
        raise _Unexpected(value, 'a number, or a ratio such as "1/3"')
    return Fraction(repr(value))  # as it is written: 10.2 is 51/5


def _text(value: Any, _: Any) -> str:  # noqa: ANN401 - a cattrs hook
    if not isinstance(value, str):
        raise _Unexpected(value, _TEXT)
    return value


def _day(value: Any, _: Any) -> dt.date:  # noqa: ANN401 - a cattrs hook
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):  # no such day
            return dt.date.fromisoformat(value)
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise _Unexpected(value, "a day such as 2019-12-03")
    return value


def _one_of(value: Any, names: Sequence[str]) -> str:  # noqa: ANN401 - a TOML node
    if not isinstance(value, str) or value not in names:
        meant = did_you_mean(value, sorted(names)) if isinstance(value, str) else ""
        raise _Unexpected(value, f"one of {', '.join(names)}", meant)
    return value


def _guarded(
    accepted: type, expected: str, build: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    def hook(value: Any, kind: Any) -> Any:  # noqa: ANN401 - a cattrs hook
        if not isinstance(value, accepted):
            raise _Unexpected(value, expected)
        return build(value, kind)

    return hook


_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_CONVERTER.register_structure_hook(int, _whole_number)
_CONVERTER.register_structure_hook(bool, _truth)
_CONVERTER.register_structure_hook(float, _number)
_CONVERTER.register_structure_hook(Fraction, _ratio)
_CONVERTER.register_structure_hook(str, _text)
_CONVERTER.register_structure_hook(dt.date, _day)


@_CONVERTER.register_structure_hook_factory(attrs.has)
def _table_hook(kind: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:  # noqa: ANN401 - a class
    build = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)
    return _guarded(dict, "a table", build)


def _is_list(kind: Any) -> bool:  # noqa: ANN401 - a type
    return get_origin(kind) is list


@_CONVERTER.register_structure_hook_factory(_is_list)
def _list_hook(kind: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:  # noqa: ANN401 - a class
    return _guarded(list, "a list", list_structure_factory(kind, converter))


def _is_tuple(kind: Any) -> bool:  # noqa: ANN401 - a type
    return get_origin(kind) is tuple


@_CONVERTER.register_structure_hook_factory(_is_tuple)
def _tuple_hook(kind: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:  # noqa: ANN401 - a class
    return _guarded(list, "a list", homogenous_tuple_structure_factory(kind, converter))


def _is_literal(kind: Any) -> bool:  # noqa: ANN401 - a type
    return get_origin(kind) is Literal


@_CONVERTER.register_structure_hook_factory(_is_literal)
def _literal_hook(kind: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401 - a type
    return lambda value, _: _one_of(value, get_args(kind))


# By class, as for str: else every member would be taken for plain text and not be looked at.
def _member(value: Any, kind: type[enum.StrEnum]) -> enum.StrEnum:  # noqa: ANN401 - a TOML node
    return kind(_one_of(value, [member.value for member in kind]))


_CONVERTER.register_structure_hook(enum.StrEnum, _member)
