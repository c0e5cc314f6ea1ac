"""The record of a run: order events as columns, and as domain events again."""

from __future__ import annotations

import enum
from operator import attrgetter
from struct import Struct
from typing import TYPE_CHECKING, Any, get_type_hints

import attrs
import numpy as np

from practice_core.orders import EVENTS, OrderEvent, Request
from practice_core.units import ActorId, OrderId, SiteId, TeamId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["EventLog"]

_HEAD = 3
"""Fields every event has first: order, at, by."""
_ROW = Struct("<BqIIqq")
_pack = _ROW.pack
_DTYPE = np.dtype(
    [("kind", "u1"), ("at", "<i8"), ("order", "<u4"), ("by", "<u4"), ("a", "<i8"), ("b", "<i8")]
)


class EventLog:
    """An append-only log of order events, 33 bytes each.

    Columns: ``kind`` (u1, place in `EVENTS`), ``at`` (i8, ms since the epoch), ``order`` and
    ``by`` (u4, place in the lists of ids), ``a`` and ``b`` (i8, the event's own fields: a whole
    number, the place of an id or enum member in its list, or 0).

    Parameters
    ----------
    orders
        Ids of all orders that may occur.
    request
        Gives the request of the order at a place in `orders`.
    sites, teams
        Ids that may occur.
    """

    def __init__(
        self,
        orders: Sequence[OrderId],
        request: Callable[[int], Request],
        sites: Sequence[SiteId],
        teams: Sequence[TeamId],
    ) -> None:
        self.orders = orders
        self.teams = teams
        self.actors: list[ActorId] = []
        self._request = request
        self._places: dict[type, dict[Any, int]] = {
            OrderId: {order: n for n, order in enumerate(orders)},
            SiteId: {site: n for n, site in enumerate(sites)},
            TeamId: {team: n for n, team in enumerate(teams)},
        }
        self._names: dict[type, Sequence[Any]] = {OrderId: orders, SiteId: sites, TeamId: teams}
        self._actor: dict[ActorId, int] = {}
        self._writers = {kind: self._writer(n, kind) for n, kind in enumerate(EVENTS)}
        self._rows = bytearray()

    def __len__(self) -> int:
        return len(self._rows) // _ROW.size

    def write(self, order: int, events: Sequence[OrderEvent]) -> None:
        """Append events of the order at place `order`."""
        for event in events:
            kind, a, b = self._writers[type(event)]
            actor = self._actor.get(event.by)
            if actor is None:
                actor = self._actor[event.by] = len(self.actors)
                self.actors.append(event.by)
            self._rows += _pack(
                kind, event.at, order, actor, a(event) if a else 0, b(event) if b else 0
            )

    def column(self, name: str) -> NDArray[Any]:
        """Give one column as an array; a copy."""
        return np.frombuffer(bytes(self._rows), _DTYPE)[name].copy()

    def events(self) -> Iterator[OrderEvent]:
        """Give the domain events back, in order."""
        readers = [self._reader(kind) for kind in EVENTS]
        orders, actors = self.orders, self.actors
        for kind, at, order, by, *fields in _ROW.iter_unpack(bytes(self._rows)):
            reading = zip(readers[kind], fields, strict=False)
            own = [read(order, number) for read, number in reading]
            yield EVENTS[kind](orders[order], at, actors[by], *own)

    def to_bytes(self) -> bytes:
        """Give the whole log as bytes: the same run, the same bytes.

        A line of text that names the columns, the lists of ids a line each, then the rows,
        little-endian and packed.
        """
        columns = "kind u1, at i8, order u4, by u4, a i8, b i8"
        head = [f"practice_core event log 1; {len(self)} events; {columns}"]
        head += ["kinds " + " ".join(kind.kind for kind in EVENTS)]
        head += [f"orders {' '.join(self.orders)}", f"teams {' '.join(self.teams)}"]
        head += [f"sites {' '.join(self._names[SiteId])}", f"actors {' '.join(self.actors)}", ""]
        return "\n".join(head).encode() + bytes(self._rows)

    def save(self, path: Path) -> None:
        """Write `to_bytes` to a file."""
        path.write_bytes(self.to_bytes())

    def _writer(self, code: int, kind: type[OrderEvent]) -> tuple[int, Any, Any]:
        makers = [self._encode(name, hint) for name, hint in _OWN_FIELDS[kind]]
        first, second = (*makers, None, None)[:2]
        return code, first, second

    def _encode(self, name: str, hint: Any) -> Callable[[OrderEvent], int]:  # noqa: ANN401 - a type
        if hint is Request:
            return lambda event: self._places[OrderId][event.order]
        places = self._places.get(hint)
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            places = {member: n for n, member in enumerate(hint)}
        if places is None:
            return _getter(name)
        found = places
        get = _getter(name)
        return lambda event: found[get(event)]

    def _reader(self, kind: type[OrderEvent]) -> list[Callable[[int, int], Any]]:
        return [self._decode(hint) for _, hint in _OWN_FIELDS[kind]]

    def _decode(self, hint: Any) -> Callable[[int, int], Any]:  # noqa: ANN401 - a type
        if hint is Request:
            return lambda order, _: self._request(order)
        names = self._names.get(hint)
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            names = tuple(hint)
        if names is None:
            return lambda _, number: number
        found = names
        return lambda _, number: found[number]


def _own_fields(kind: type[OrderEvent]) -> list[tuple[str, Any]]:
    hints = get_type_hints(kind)
    return [(field.name, hints[field.name]) for field in attrs.fields(kind)[_HEAD:]]


_OWN_FIELDS = {kind: _own_fields(kind) for kind in EVENTS}


def _getter(name: str) -> Callable[[OrderEvent], int]:
    return attrgetter(name)
