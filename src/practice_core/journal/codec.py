"""Events as canonical JSON and back, whatever schema they were stored with.

A body is one JSON object in UTF-8 with sorted keys and no spaces: the event's fields with its
``kind`` and ``schema``. A class that changes its fields counts its schema up and gives an upcaster,
which turns a body of the schema before into one of the next; what is stored is never changed.
"""

from __future__ import annotations

import enum
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, get_args, get_origin

import attrs
import cattrs
from cattrs import transform_error

from practice_core import lifecycle, orders, terms, units
from practice_core.errors import DefinitionError, Fault
from practice_core.journal.errors import AppendRefused, BrokenEvent, UnknownEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from practice_core.journal.contract import Event

__all__ = ["CODEC", "Body", "Codec", "Upcaster", "canonical"]

Body: TypeAlias = dict[str, Any]
"""The fields of an event as JSON has them."""
Upcaster: TypeAlias = "Callable[[Body], Body]"
"""Turns the fields of one schema into those of the next."""

T = TypeVar("T")

_NAMES = {**vars(units), **vars(terms), **vars(lifecycle)}
"""Where names are found that a module imports for the type checker only."""
_TO_JSON = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def canonical(value: object) -> bytes:
    """Give the canonical JSON of plain data.

    >>> canonical({"b": [1, None], "a": "水"}).decode()
    '{"a":"水","b":[1,null]}'
    """
    return _TO_JSON(value).encode()


@attrs.frozen
class _Kind:
    event: type[Event]
    schema: int
    unstructure: Callable[[Event], Body]
    structure: Callable[[Body, type[Event]], Event]
    explain: Callable[[Body, type[Event]], Event]
    """As `structure`, slower, and says in which field it failed."""


class Codec:
    """Turns events into bytes and bytes into events; an immutable registry of their classes.

    Parameters
    ----------
    events
        Classes of events, each with its ``kind`` and ``schema``.
    upcasters
        By kind and schema, what turns such a body into one of the next schema.

    Raises
    ------
    DefinitionError
        If two classes have the same kind, or a schema has no way up to the present one.

    Examples
    --------
    >>> from practice_core.orders import OrderReviewed
    >>> event = OrderReviewed("o-1", 0, "desk", due_at=60_000)
    >>> body = CODEC.encode(event)
    >>> body.decode()
    '{"at":0,"by":"desk","due_at":60000,"kind":"order.reviewed","order":"o-1","schema":1}'
    >>> CODEC.decode(body) == event
    True
    """

    def __init__(
        self,
        events: Iterable[type[Event]],
        upcasters: Mapping[tuple[str, int], Upcaster] = MappingProxyType({}),
    ) -> None:
        self.events = tuple(events)
        self.upcasters = MappingProxyType(dict(upcasters))
        converter, explaining = _converter(detailed=False), _converter(detailed=True)
        kinds: dict[str, _Kind] = {}
        faults = []
        for event in self.events:
            name, schema = event.kind, event.schema
            if name in kinds:
                faults.append(Fault(name, event.__name__, "one class a kind", "rename the kind"))
            faults += [
                Fault(f"{name}, schema {old}", "no upcaster", "a way up", "write one")
                for old in range(1, schema)
                if (name, old) not in self.upcasters
            ]
            _resolve(event)
            kinds[name] = _Kind(
                event,
                schema,
                converter.get_unstructure_hook(event),
                converter.get_structure_hook(event),
                explaining.get_structure_hook(event),
            )
        if faults:
            raise DefinitionError("codec", faults)
        self._kinds = kinds

    def adding(
        self,
        events: Iterable[type[Event]],
        upcasters: Mapping[tuple[str, int], Upcaster] = MappingProxyType({}),
    ) -> Codec:
        """Give a codec that knows these events too."""
        return Codec((*self.events, *events), {**self.upcasters, **upcasters})

    def encode(self, event: Event) -> bytes:
        """Give the canonical body of an event.

        Raises
        ------
        AppendRefused
            If the event is of no known class, or would not come back equal.
        """
        known = self._kinds.get(getattr(event, "kind", ""))
        if known is None or type(event) is not known.event:
            raise AppendRefused(
                type(event).__name__, "not an event that this journal's codec knows"
            )
        try:
            fields = known.unstructure(event)
            # JSON gives plain fields back as they are: what they make is what will be read.
            if _structured(known, fields) != event:
                raise AppendRefused(event.kind, "it would not be read as it was written")
            fields["kind"], fields["schema"] = event.kind, known.schema
            return _TO_JSON(fields).encode()
        except (AttributeError, TypeError, ValueError, RecursionError) as error:
            if isinstance(error, AppendRefused):
                raise
            raise AppendRefused(event.kind, str(error)) from error

    def decode(self, body: bytes) -> Event:
        """Give the event of a body, brought up to the present schema.

        Raises
        ------
        UnknownEvent
            If its kind is not known or its schema is newer than the class.
        BrokenEvent
            If it is no event.
        """
        try:
            fields = json.loads(body)
            name, schema = fields.pop("kind"), fields.pop("schema")
            known = self._kinds.get(name)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise BrokenEvent(body, "no JSON object with kind and schema") from error
        if known is None or type(schema) is not int or schema > known.schema:
            if type(schema) is int:
                raise UnknownEvent(str(name), schema, known.schema if known else 0)
            raise BrokenEvent(body, "its schema is no whole number")
        try:
            while schema < known.schema:
                fields = self.upcasters[name, schema](fields)
                schema += 1
            return _structured(known, fields)
        except Exception as error:
            raise BrokenEvent(body, str(error) or type(error).__name__) from error


def _structured(known: _Kind, fields: Body) -> Event:
    try:
        return known.structure(fields, known.event)
    except Exception:  # noqa: BLE001 - cattrs fails as the hooks do; the other one says where
        try:
            return known.explain(fields, known.event)
        except Exception as error:
            raise ValueError(transform_error(error, path="event")[0]) from error


def _resolve(kind: Any) -> None:  # noqa: ANN401 - whatever a field is declared as
    """Make types of what the fields of a class, and of those below, are declared as."""
    if attrs.has(kind):
        if any(isinstance(field.type, str) for field in attrs.fields(kind)):
            attrs.resolve_types(kind, localns=_NAMES)
        for field in attrs.fields(kind):
            _resolve(field.type)
    for part in get_args(kind):
        _resolve(part)


def _converter(*, detailed: bool) -> cattrs.Converter:
    """Give a converter that takes nothing for something else, and no field too many."""
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=detailed)
    converter.register_structure_hook(int, _exactly(int, "a whole number"))
    converter.register_structure_hook(bool, _exactly(bool, "true or false"))
    converter.register_structure_hook(str, _exactly(str, "a text"))
    # Nearer to their members than the hook for texts, which would leave them texts.
    converter.register_structure_hook(enum.StrEnum, _member)
    converter.register_structure_hook(enum.IntEnum, _member)
    converter.register_unstructure_hook_func(_is_set, _sorted)
    return converter


def _exactly(kind: type[T], expected: str) -> Callable[[Any, Any], T]:
    def hook(found: Any, _: Any) -> T:  # noqa: ANN401 - a cattrs hook
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
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


CODEC = Codec(orders.EVENTS)
"""Every event of the package."""
