"""Files in which every number carries its basis: published, derived or assumed.

A number stands as a table: ``{ value = 2, basis = "assumed", range = [0, 4], why = "..." }``. Reading
takes the bases off, so that a definition is built from plain values and the bases are kept beside
it under the dotted key of each number.
"""

from __future__ import annotations

import enum
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import cattrs
from cattrs.errors import ClassValidationError
from cattrs.v import transform_error

from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Basis", "BasisKind", "read", "structure"]

T = TypeVar("T")

_KEYS = {
    "published": {"document"},
    "derived": {"arithmetic"},
    "assumed": {"why"},
}
_OPTIONAL = {"range", "scale"}


class BasisKind(enum.StrEnum):
    """What a number rests on."""

    PUBLISHED = "published"
    DERIVED = "derived"
    ASSUMED = "assumed"


@attrs.frozen
class Basis:
    """What one number rests on.

    Parameters
    ----------
    kind
        Published, derived or assumed.
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


def read(text: str, subject: str) -> tuple[dict[str, Any], dict[str, Basis]]:
    """Read TOML into plain values and the basis of every number.

    Parameters
    ----------
    text
        The file's text.
    subject
        Its name, for messages.

    Returns
    -------
    values
        The tree, each number table replaced by its value.
    bases
        By dotted key.

    Raises
    ------
    DefinitionError
        If it is not TOML, or with every number that lacks its basis.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = Fault(subject, str(error), "TOML", "mend the file there")
        raise DefinitionError(subject, (fault,)) from None
    bases: dict[str, Basis] = {}
    faults: list[Fault] = []
    values = _plain(tree, "", bases, faults)
    if faults:
        raise DefinitionError(subject, faults)
    return values, bases


def structure(values: Mapping[str, Any], kind: type[T], subject: str) -> T:
    """Build `kind` from plain values; unknown and missing keys and wrong types are faults.

    Raises
    ------
    DefinitionError
        With every fault, each at its dotted key.
    """
    try:
        return _CONVERTER.structure(values, kind)
    except ClassValidationError as error:
        faults = [_fault(line) for line in transform_error(error, path=subject)]
        raise DefinitionError(subject, faults) from None


def _plain(node: Any, key: str, bases: dict[str, Basis], faults: list[Fault]) -> Any:  # noqa: ANN401 - a TOML node
    if isinstance(node, dict) and "basis" in node:
        bases[key] = _basis(node, key, faults)
        return node.get("value")
    if isinstance(node, dict):
        return {
            name: _plain(part, f"{key}.{name}" if key else name, bases, faults)
            for name, part in node.items()
        }
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
    missing = {"value", *wanted} - node.keys()
    extra = node.keys() - {"value", "basis", *wanted, *_OPTIONAL}
    faults.extend(Fault(key, f"no {name}", f"{name} beside basis", "add it") for name in sorted(missing))
    faults.extend(Fault(key, f"unknown {name}", "value, basis and its source", "remove it") for name in sorted(extra))
    if kind == "assumed" and not _OPTIONAL & node.keys():
        faults.append(Fault(key, "assumed without range", "range or scale", "give the plausible range"))
    spans = {name: _span(node[name], f"{key}.{name}", faults) for name in _OPTIONAL & node.keys()}
    source = " ".join(str(node.get(name, "")) for name in sorted(wanted))
    return Basis(BasisKind(kind), source, spans.get("range"), spans.get("scale"))


def _span(node: Any, key: str, faults: list[Fault]) -> tuple[float, float] | None:  # noqa: ANN401 - a TOML node
    numbers = isinstance(node, list) and all(
        isinstance(n, (int, float)) and not isinstance(n, bool) for n in node
    )
    if numbers and len(node) == 2 and node[0] <= node[1]:  # noqa: PLR2004 - least and most
        return float(node[0]), float(node[1])
    faults.append(Fault(key, repr(node), "[least, most]", "write two ascending numbers"))
    return None


def _fault(line: str) -> Fault:
    problem, _, place = line.partition(" @ ")
    return Fault(place or "file", problem, "the keys and types of the room's classes", "mend the key")


def _strict_number(kind: type) -> Any:  # noqa: ANN401 - a cattrs hook
    accepted: Iterable[type] = (int,) if kind is int else (int, float)

    def hook(value: Any, _: Any) -> Any:  # noqa: ANN401 - a cattrs hook
        if isinstance(value, bool) or not isinstance(value, tuple(accepted)):
            message = f"expected {'a whole number' if kind is int else 'a number'}, got {value!r}"
            raise TypeError(message)
        return kind(value)

    return hook


def _strict_text(value: Any, _: Any) -> str:  # noqa: ANN401 - a cattrs hook
    if not isinstance(value, str):
        message = f"expected text, got {value!r}"
        raise TypeError(message)
    return value


_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_CONVERTER.register_structure_hook(int, _strict_number(int))
_CONVERTER.register_structure_hook(float, _strict_number(float))
_CONVERTER.register_structure_hook(str, _strict_text)
