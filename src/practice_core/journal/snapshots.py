"""What a journal's events come to, without folding all of them each time.

A projection is folded from the events; a snapshot keeps it beside the log, as of a position, and
only what came after is folded. A snapshot is never the truth: one that does not fit the journal or
the code is passed over, and may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import attrs

from practice_core.journal.chain import GENESIS
from practice_core.journal.contract import Head, KeptSnapshot, Recorded
from practice_core.journal.shapes import Shape, canonical
from practice_core.orders import ORDER, Order, OrderEvent, evolve
from practice_core.units import OrderId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from practice_core.journal.contract import Journal

__all__ = ["ORDERS", "Orders", "Projected", "Projection", "project"]

S = TypeVar("S")


@attrs.frozen
class Projection(Generic[S]):
    """How events are folded, and how what they come to is kept.

    Parameters
    ----------
    name
        Under which it is kept.
    version
        Of its code: counted up whenever the same events would come to something else.
    begin
        Makes what no event has come to.
    apply
        Changes it by one event.
    dump, load
        Turn it into bytes and back; `load` raises ValueError for bytes of another shape.
    """

    name: str
    version: int
    begin: Callable[[], S]
    apply: Callable[[S, Recorded], None]
    dump: Callable[[S], bytes]
    load: Callable[[bytes], S]


@attrs.define
class Projected(Generic[S]):
    """What the events of a journal come to, up to a position.

    Parameters
    ----------
    journal
        Whose.
    projection
        By which code.
    state
        What they come to.
    position
        Up to where.
    """

    journal: Journal
    projection: Projection[S]
    state: S
    position: int

    def catch_up(self) -> int:
        """Fold what was appended since, and give how many events that were."""
        before = self.position
        for recorded in self.journal.read(after=before):
            self.projection.apply(self.state, recorded)
            self.position = recorded.position
        return self.position - before

    def keep(self) -> None:
        """Keep a snapshot of it beside the log."""
        self.journal.keep_snapshot(
            KeptSnapshot(
                self.projection.name,
                self.projection.version,
                Head(self.position, _hash_at(self.journal, self.position)),
                self.projection.dump(self.state),
            )
        )


def project(journal: Journal, projection: Projection[S]) -> Projected[S]:
    """Give what all events of a journal come to, from its snapshot if there is one that fits.

    Examples
    --------
    >>> from practice_core.journal import open_journal
    >>> with open_journal("memory") as journal:
    ...     orders = project(journal, ORDERS)
    ...     orders.position, list(orders.state)
    (0, [])
    """
    projected = _from_snapshot(journal, projection)
    if projected is None:
        projected = Projected(journal, projection, projection.begin(), 0)
    projected.catch_up()
    return projected


def _from_snapshot(journal: Journal, projection: Projection[S]) -> Projected[S] | None:
    kept = journal.snapshot(projection.name)
    if kept is None or kept.version != projection.version:
        return None
    # A journal that was cut off or restored has other events up to there, or none.
    if _hash_at(journal, kept.head.length) != kept.head.hash:
        return None
    try:
        return Projected(journal, projection, projection.load(kept.state), kept.head.length)
    except ValueError:
        return None


def _hash_at(journal: Journal, position: int) -> bytes:
    if position == 0:
        return GENESIS
    row = next(journal.rows(after=position - 1, limit=1), None)
    return row.hash if row and row.position == position else b""


# ------------------------------------------------------------------ orders

_SHAPE: Final = Shape(Order, sparse=True)


class Orders(Mapping[OrderId, Order]):
    """Every order of a journal as its events have left it.

    What comes from a snapshot becomes an order when somebody asks for it; those that have ended,
    nearly all, are not even taken apart.
    """

    def __init__(self) -> None:
        self._orders: dict[OrderId, Order] = {}
        self._kept: dict[OrderId, bytes] = {}
        """Under way, as the snapshot has them."""
        self._ended = _Lines(b"", 0)

    def __getitem__(self, key: OrderId) -> Order:
        if key not in self._orders and key in self._kept:
            self._orders[key] = _order(self._kept.pop(key))
        found = self._orders.get(key)
        if found is None:
            found = _order(self._ended[key.encode()])
        return found

    def __iter__(self) -> Iterator[OrderId]:
        # Looking at an order moves it, so none of them is iterated over.
        ended = [OrderId(key.decode()) for key in self._ended]
        return iter((*self._orders, *self._kept, *ended))

    def __len__(self) -> int:
        return len(self._orders) + len(self._kept) + len(self._ended)

    def under_way(self) -> tuple[Order, ...]:
        """Give the orders that have not ended, by their ids."""
        moved = [key for key, order in self._orders.items() if order.state not in ORDER.final]
        return tuple([self[key] for key in sorted((*self._kept, *moved))])

    def apply(self, recorded: Recorded) -> None:
        """Change the order of an event by it; events of other things change nothing."""
        if isinstance(recorded.event, OrderEvent):
            key = OrderId(recorded.stream.partition("/")[2])
            self._orders[key] = evolve(self.get(key), recorded.event)

    def dump(self) -> bytes:
        """Give it as bytes: orders under way and orders that have ended, each a line by its id."""
        kept = {key.encode(): body for key, body in self._kept.items()}
        ended: dict[bytes, bytes] = {}
        for key, order in self._orders.items():
            part = ended if order.state in ORDER.final else kept
            part[key.encode()] = canonical(_SHAPE.fields(order))
        parts = [
            b"".join(b"%b\t%b\n" % line for line in sorted(lines))
            for lines in (kept.items(), chain(ended.items(), self._ended.items()))
        ]
        counts = b"%d %d %d" % (len(kept), len(ended) + len(self._ended), len(parts[0]))
        text = b"\n".join((counts, b"".join(parts)))
        return b"\n".join((_SHAPE.digest.encode(), _digest(text), text))

    @classmethod
    def load(cls, raw: bytes) -> Orders:
        """Take it from bytes.

        Raises
        ------
        ValueError
            If they are damaged, or orders have other fields now.
        """
        shape, digest, text = raw.split(b"\n", 2)
        if shape != _SHAPE.digest.encode() or digest != _digest(text):
            message = "orders of another shape"
            raise ValueError(message)
        head, _, lines = text.partition(b"\n")
        under_way, ended, length = map(int, head.split())
        orders = cls()
        kept = _Lines(lines[:length], under_way)
        orders._kept = {OrderId(key.decode()): body for key, body in kept.items()}
        orders._ended = _Lines(lines[length:], ended)
        return orders


class _Lines(Mapping[bytes, bytes]):
    """Keys and what belongs to them as sorted lines, looked up without taking the text apart."""

    def __init__(self, text: bytes, count: int) -> None:
        self._text = text
        self._count = count

    def __getitem__(self, key: bytes) -> bytes:
        low, high = 0, len(self._text)
        while low < high:
            middle = (low + high) // 2
            begin = max(low, self._text.rfind(b"\n", low, middle) + 1)
            end = self._text.index(b"\n", middle)
            found, _, body = self._text[begin:end].partition(b"\t")
            if found == key:
                return body
            if found < key:
                low = end + 1
            else:
                high = begin
        raise KeyError(key.decode())

    def __iter__(self) -> Iterator[bytes]:
        return iter([line.partition(b"\t")[0] for line in self._text.splitlines()])

    def __len__(self) -> int:
        return self._count


def _order(body: bytes) -> Order:
    return _SHAPE.value(json.loads(body))


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode()


ORDERS: Final = Projection(
    "orders",
    version=1,
    begin=Orders,
    apply=Orders.apply,
    dump=Orders.dump,
    load=Orders.load,
)
"""Every order by its id."""
