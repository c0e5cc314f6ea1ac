"""Values as plain data and back, exactly: nothing is taken for something else."""

from __future__ import annotations

import enum
import json
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, get_args, get_origin

import attrs
import cattrs
from cattrs import transform_error

from practice_core import lifecycle, terms, units
from practice_core.journal.exact import writers_of
from practice_core.orders import COMMANDS
from practice_core.units import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from practice_core.journal.exact import Writers
    from practice_core.units import Instant

__all__ = ["Body", "Shape", "canonical", "iso", "plain", "shape_of"]

Body: TypeAlias = dict[str, Any]
"""The fields of a value as JSON has them."""

T = TypeVar("T")

_NAMES = {**vars(units), **vars(terms), **vars(lifecycle)}
"""Where names are found that a module imports for the type checker only."""
_COMMANDS = {command.__name__: command for command in COMMANDS}
_TO_JSON = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
_FROM_JSON = json.JSONDecoder().decode


def canonical(value: object) -> bytes:
    """Give the canonical JSON of plain data.

    >>> canonical({"b": [1, None], "a": "水"}).decode()
    '{"a":"水","b":[1,null]}'
    """
    return _TO_JSON(value).encode()


def plain(body: bytes) -> Any:  # noqa: ANN401 - whatever it says
    """Give the plain data of JSON in UTF-8.

    >>> plain(b'{"a":[1,null]}')
    {'a': [1, None]}
    """
    return _FROM_JSON(body.decode())


def iso(at: Instant) -> str:
    """Give an instant in ISO 8601: to the millisecond, in UTC.

    Raises
    ------
    OverflowError
        If it lies outside the years 1 to 9999.

    Examples
    --------
    >>> iso(1_583_110_800_000)
    '2020-03-02T01:00:00.000Z'
    """
    return moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Shape(Generic[T]):
    """How values of one class become plain data and values again.

    Parameters
    ----------
    kind
        A class made by attrs, of texts, whole numbers, truths, enums, sets, tuples and the like.
    sparse
        Whether to leave out what has its default.
    labels
        Plain data that `body` writes among the fields, by names.

    Examples
    --------
    >>> from practice_core.orders import OpenOffer
    >>> shape = Shape(OpenOffer)
    >>> shape.fields(OpenOffer("t-1", until=5))
    {'team': 't-1', 'until': 5}
    >>> shape.value({"team": "t-1", "until": 5})
    OpenOffer(team='t-1', until=5)
    >>> shape.value({"team": "t-1", "until": "5"})
    Traceback (most recent call last):
    ValueError: invalid value for type, expected int @ OpenOffer.until
    """

    def __init__(
        self,
        kind: type[T],
        *,
        sparse: bool = False,
        labels: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.kind = kind
        self._classes = tuple(_resolved(kind))
        self._labels = labels
        said = {name: canonical(label).decode() for name, label in labels.items()}
        self._writers: Writers = {} if sparse else writers_of(kind, said)
        quick = _converter(detailed=False, sparse=sparse)
        explaining = _converter(detailed=True, sparse=sparse)
        self._to: Callable[[T], Body] = quick.get_unstructure_hook(kind)
        self._from: Callable[[Body, type[T]], T] = quick.get_structure_hook(kind)
        self._explain: Callable[[Body, type[T]], T] = explaining.get_structure_hook(kind)

    def fields(self, value: T) -> Body:
        """Give the plain data of a value; raises whatever a wrong one leads to."""
        return self._to(value)

    def body(self, value: T) -> bytes:
        """Give the canonical JSON of a value, of which `value` will make an equal one.

        Raises whatever a wrong one leads to.
        """
        try:
            return self._writers[type(value)](value).encode()
        except (AttributeError, LookupError):  # not exactly as declared, and perhaps equal to it
            fields = self.fields(value)
            # JSON gives plain fields back as they are: what they make is what will be read.
            if self.value(fields) != value:
                message = "it would not be read as it was written"
                raise ValueError(message) from None
            return canonical({**fields, **self._labels})

    def value(self, fields: Body) -> T:
        """Give the value of plain data.

        Raises
        ------
        ValueError
            If a field is missing, unknown, or not exactly what it should be; it says which.
        """
        try:
            return self._from(fields, self.kind)
        except Exception:  # noqa: BLE001 - as the hooks fail; the slower converter says where
            try:
                return self._explain(fields, self.kind)
            except Exception as error:
                raise ValueError(transform_error(error, path=self.kind.__name__)[0]) from error

    def faults(self, fields: Body) -> list[tuple[str, str]]:
        """Give every place that keeps plain data from being a value, with what is wrong there.

        >>> from practice_core.orders import OpenOffer
        >>> for fault in Shape(OpenOffer).faults({"until": "5", "untill": 5}):
        ...     print(fault)
        ('team', 'required field missing')
        ('until', 'invalid value for type, expected int')
        ('fields', 'extra fields found (untill)')
        """
        try:
            self._explain(fields, self.kind)
        except Exception as error:  # noqa: BLE001 - as the hooks fail
            told = [said.rpartition(" @ ") for said in transform_error(error, path="")]
            return [(place.removeprefix(".") or "fields", said[:200]) for said, _, place in told]
        return []

    @property
    def digest(self) -> str:
        """A digest of the names, types and defaults of all fields."""
        said = [
            [kind.__qualname__, *(_said(field) for field in attrs.fields(kind))]
            for kind in self._classes
        ]
        return sha256(canonical(said)).hexdigest()


_SHAPES: dict[type, Shape[Any]] = {}


def shape_of(kind: type[T]) -> Shape[T]:
    """Give the shape of a class, made once."""
    found = _SHAPES.get(kind)
    if found is None:
        found = _SHAPES[kind] = Shape(kind)
    return found


def _said(field: attrs.Attribute[Any]) -> list[str]:
    return [field.name, str(field.type), repr(field.default)]


def _resolved(kind: Any) -> Iterator[type]:  # noqa: ANN401 - whatever a field is declared as
    """Make types of what the fields of a class, and of those below, are declared as; give them."""
    if attrs.has(kind):
        if any(isinstance(field.type, str) for field in attrs.fields(kind)):
            attrs.resolve_types(kind, localns=_NAMES)
        yield kind
        for field in attrs.fields(kind):
            yield from _resolved(field.type)
    for part in get_args(kind):
        yield from _resolved(part)


def _converter(*, detailed: bool, sparse: bool) -> cattrs.Converter:
    converter = cattrs.Converter(
        forbid_extra_keys=True, detailed_validation=detailed, omit_if_default=sparse
    )
    converter.register_structure_hook(int, _exactly(int, "a whole number"))
    converter.register_structure_hook(bool, _exactly(bool, "true or false"))
    converter.register_structure_hook(str, _exactly(str, "a text"))
    # Nearer to their members than the hook for texts, which would leave them texts.
    converter.register_structure_hook(enum.StrEnum, _member)
    converter.register_structure_hook(enum.IntEnum, _member)
    converter.register_unstructure_hook_func(_is_set, _sorted)
    # The one kind of class that a value refers to: the command that a clock gives.
    converter.register_structure_hook_func(_is_type, _command)
    converter.register_unstructure_hook_func(_is_type, _name)
    return converter


def _exactly(kind: type, expected: str) -> Callable[[Any, Any], Any]:
    def hook(found: Any, _: Any) -> Any:  # noqa: ANN401 - a cattrs hook
        is_exact = type(found) is kind
        if not is_exact and (not isinstance(found, kind) or isinstance(found, bool)):
            message = f"{found!r} instead of {expected}"
            raise ValueError(message)
        return found

    return hook


def _member(found: Any, kind: type[enum.Enum]) -> enum.Enum:  # noqa: ANN401 - a cattrs hook
    return kind(found)


def _is_set(kind: object) -> bool:
    return get_origin(kind) is frozenset


def _sorted(members: AbstractSet[str]) -> list[str]:
    return sorted(members)


def _is_type(kind: object) -> bool:
    return kind is type


def _command(name: Any, _: Any) -> type:  # noqa: ANN401 - a cattrs hook
    return _COMMANDS[name]


def _name(command: type) -> str:
    return command.__name__
