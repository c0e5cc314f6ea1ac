"""Values as canonical JSON, at once, if they are exactly what they are declared as.

To show that an event will be read as it was written, one may read it and compare. Cheaper, and as
sure, is to look at the types: a whole number, a text, a truth, a member of an enum, and the sets,
tuples and plain classes of them come back from JSON as they were. So what a field is declared as
becomes a table, from the exact types that it may hold to what writes them. A type that is not in
the table raises KeyError, which is no verdict: then whoever asked has to read and compare.
"""

from __future__ import annotations

import enum
from json.encoder import encode_basestring
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args, get_origin

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Writers", "writers", "writers_of"]

Writers: TypeAlias = "Mapping[type, Callable[[Any], str]]"
"""By exact types, what writes a value as JSON; a KeyError if there is none for a part of it."""

_NUMBER: Final[Writers] = {int: int.__repr__}
_TEXT: Final[Writers] = {str: encode_basestring}
_TRUTH: Final[Writers] = {bool: {True: "true", False: "false"}.__getitem__}
_NOTHING: Final[Writers] = {NoneType: {None: "null"}.__getitem__}
_LEAVES: Final = {int: _NUMBER, str: _TEXT, bool: _TRUTH}


def writers(kind: Any) -> Writers:  # noqa: ANN401 - whatever a field is declared as
    """Give the table of whatever a field may be declared as; empty if that is not known here.

    Examples
    --------
    >>> route = writers(tuple[str, ...] | None)
    >>> route[tuple](("a", "b")), route[type(None)](None)
    ('["a","b"]', 'null')
    >>> route[tuple](("a", 5))
    Traceback (most recent call last):
    KeyError: <class 'int'>
    """
    kind = getattr(kind, "__supertype__", kind)  # what an id is made of
    parts = get_args(kind)
    if NoneType in parts:
        others = [part for part in parts if part is not NoneType]
        return {**_NOTHING, **writers(others[0])} if len(others) == 1 else {}
    if get_origin(kind) is tuple and parts[1:] == (...,):
        return {tuple: _list(writers(parts[0]))}
    if get_origin(kind) is frozenset:
        return {frozenset: _sorted(writers(parts[0]))}
    if isinstance(kind, type) and issubclass(kind, enum.StrEnum | enum.IntEnum):
        return _members(kind)
    return writers_of(kind) if attrs.has(kind) else _LEAVES.get(kind, {})


def writers_of(kind: type[Any], labels: Mapping[str, str] = MappingProxyType({})) -> Writers:
    """Give the table of a class made by attrs; empty if its values are more than their fields.

    Parameters
    ----------
    kind
        The class.
    labels
        JSON to be written among the fields, by names.

    Examples
    --------
    >>> from practice_core.orders import OpenOffer
    >>> writers_of(OpenOffer, {"of": "1"})[OpenOffer](OpenOffer("t-1", until=5))
    '{"of":1,"team":"t-1","until":5}'
    """
    is_own = hasattr(kind, "__attrs_init__") or hasattr(kind, "__attrs_post_init__")
    fields = attrs.fields(kind)
    is_plain = not is_own and all(
        field.init and field.alias == field.name and not field.converter and not field.validator
        for field in fields
    )
    tables = {field.name: writers(field.type) for field in fields}
    return {kind: _compiled(tables, labels)} if is_plain else {}


def _compiled(fields: Mapping[str, Writers], labels: Mapping[str, str]) -> Callable[[Any], str]:
    """Compile what writes a class, as attrs compiles its methods: a loop takes thrice as long."""
    said = {name: label.replace("%", "%%") for name, label in labels.items()}
    said |= dict.fromkeys(fields, "%s")
    pairs = ",".join([f"{encode_basestring(name)}:{said[name]}" for name in sorted(said)])
    known: dict[str, Any] = {"text": encode_basestring, "template": f"{{{pairs}}}"}
    asked, checks, parts = [], ["True"], []
    for name in sorted(fields):
        value = f"its_{name}"
        asked.append(f"    {value} = found.{name}")
        # Most are numbers and texts, and need no look into a table.
        if fields[name] is _NUMBER:
            checks.append(f"type({value}) is int")
            parts.append(f"{value},")
        elif fields[name] is _TEXT:
            checks.append(f"type({value}) is str")
            parts.append(f"text({value}),")
        else:
            known[f"write_{name}"] = fields[name]
            parts.append(f"write_{name}[type({value})]({value}),")
    source = "\n".join(
        [
            "def write(found):",
            *asked,
            f"    if {' and '.join(checks)}:",
            f"        return template % ({' '.join(parts)})",
            "    raise KeyError(found)",
        ]
    )
    exec(source, known)  # noqa: S102 - there is nothing in it but names of fields
    write: Callable[[Any], str] = known["write"]
    return write


def _list(member: Writers) -> Callable[[Iterable[Any]], str]:
    def write(found: Iterable[Any]) -> str:
        return f"[{','.join([member[type(one)](one) for one in found])}]"

    return write


def _sorted(member: Writers) -> Callable[[Iterable[Any]], str]:
    write = _list(member)
    return lambda found: write(sorted(found))


def _members(kind: type[enum.StrEnum | enum.IntEnum]) -> Writers:
    texts = {
        member: encode_basestring(member) if isinstance(member, str) else int.__repr__(member)
        for member in kind
    }
    return {kind: texts.__getitem__}
