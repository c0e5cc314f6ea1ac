"""Events as canonical JSON and back, whatever schema they were stored with.

A body is one JSON object in UTF-8 with sorted keys and no spaces: the event's fields with its
``kind`` and ``schema``. A class that changes its fields counts its schema up and gives an upcaster,
which turns a body of the schema before into one of the next; what is stored is never changed.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from practice_core import honours, orders, points, volunteers
from practice_core.errors import DefinitionError, Fault
from practice_core.journal.errors import AppendRefused, BrokenEvent, UnknownEvent
from practice_core.journal.shapes import Body, Shape, plain
from practice_core.volunteers import standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from practice_core.journal.contract import Event

__all__ = ["CODEC", "Codec", "Upcaster"]

Upcaster: TypeAlias = "Callable[[Body], Body]"
"""Turns the fields of one schema into those of the next."""


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
        shapes: dict[str, Shape[Event]] = {}
        faults = []
        for event in self.events:
            name, schema = event.kind, event.schema
            if name in shapes:
                faults.append(Fault(name, event.__name__, "one class a kind", "rename the kind"))
            faults += [
                Fault(f"{name}, schema {old}", "no upcaster", "a way up", "write one")
                for old in range(1, schema)
                if (name, old) not in self.upcasters
            ]
            shapes[name] = Shape(event, labels={"kind": name, "schema": schema})
        if faults:
            raise DefinitionError("codec", faults)
        self._shapes = shapes

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
        known = self._shapes.get(getattr(event, "kind", ""))
        if known is None or type(event) is not known.kind:
            raise AppendRefused(
                type(event).__name__, "not an event that this journal's codec knows"
            )
        try:
            return known.body(event)
        except (AttributeError, TypeError, ValueError, RecursionError) as error:
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
            fields = plain(body)
            name, schema = fields.pop("kind"), fields.pop("schema")
            known = self._shapes.get(name)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise BrokenEvent(body, "no JSON object with kind and schema") from error
        if type(schema) is not int:
            raise BrokenEvent(body, "its schema is no whole number")
        newest = known.kind.schema if known else 0
        if known is None or schema > newest:
            raise UnknownEvent(str(name), schema, newest)
        try:
            while schema < newest:
                fields = self.upcasters[name, schema](fields)
                schema += 1
            return known.value(fields)
        except Exception as error:
            raise BrokenEvent(body, str(error) or type(error).__name__) from error


CODEC = Codec(
    (*orders.EVENTS, *volunteers.EVENTS, *standing.EVENTS, *points.EVENTS, *honours.EVENTS)
)
"""Every event of the package."""
