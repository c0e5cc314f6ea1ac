"""Events of every kind: one to be stored for ever, and any number drawn.

A new kind, or a new schema of one, gets its line in tests/data/events by::

    PYTHONPATH=. .venv/bin/python tests/stored_events.py

which writes the files that are missing and leaves alone those that are there: what a platform has
stored cannot be written again either.
"""

from __future__ import annotations

import enum
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import attrs
from hypothesis import strategies as st

from practice_core.journal import CODEC
from practice_core.orders import Conditions, OrderChannel, Priority, Request, RequestedTime
from practice_core.terms import BeneficiaryGroup, Category
from practice_core.units import ActorId, OrderId, SiteId, TeamId

if TYPE_CHECKING:
    from practice_core.journal import Event

E = TypeVar("E", bound="Event")

FOLDER = Path(__file__).parent / "data" / "events"

REQUEST = Request(
    id=OrderId("o-20200302-0017"),
    site=SiteId("spot-12"),
    category=Category.LAW,
    placed_by=ActorId("proxy-3"),
    placed_at=1_583_110_800_000,
    earliest=1_583_114_400_000,
    latest=1_583_715_600_000,
    needed=4,
    duration=90,
    requested_time=RequestedTime.EVENING_WEEKEND,
    route=(SiteId("station-2"), SiteId("center")),
    host=TeamId("t-9"),
    channel=OrderChannel.LETTER,
    for_whom=ActorId("resident-5"),
    group=BeneficiaryGroup.ELDERLY,
    priority=Priority.URGENT,
    conditions=Conditions(18, frozenset({"水电", "first aid"}), frozenset({"lawyer"}), danger=True),
    parent=OrderId("o-20200302-0016"),
)
"""Something else than the default in every field."""

_INSTANTS = {"at", "due_at", "latest", "start", "earned", "expires", "shown_until"}
NUMBERS = st.integers(-(2**60), 2**60)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
"""The codec keeps whatever a text may be."""
REQUESTS = st.builds(
    Request,
    id=TEXTS,
    site=TEXTS,
    category=st.sampled_from(Category),
    placed_by=TEXTS,
    placed_at=NUMBERS,
    earliest=NUMBERS,
    latest=NUMBERS,
    needed=NUMBERS,
    duration=NUMBERS,
    requested_time=st.sampled_from(RequestedTime),
    route=st.lists(TEXTS, max_size=4).map(tuple),
    host=st.none() | TEXTS,
    channel=st.sampled_from(OrderChannel),
    for_whom=st.none() | TEXTS,
    group=st.none() | st.sampled_from(BeneficiaryGroup),
    priority=st.sampled_from(Priority),
    conditions=st.builds(
        Conditions,
        NUMBERS,
        st.frozensets(TEXTS, max_size=4),
        st.frozensets(TEXTS, max_size=4),
        st.booleans(),
    ),
    parent=st.none() | TEXTS,
)


def events_of(kind: type[E]) -> st.SearchStrategy[E]:
    """Draw events of one class, with anything in its fields that they may hold."""
    return st.builds(kind, **{field.name: _drawn(field.type) for field in _fields(kind)})


def event_of(kind: type[E]) -> E:
    """Give the one event of a class that is stored for ever."""
    fields = enumerate(_fields(kind))
    return kind(**{field.name: _chosen(field.name, field.type, n) for n, field in fields})


def names_of(kind: type[Event]) -> list[str]:
    """Give the names of a class's fields."""
    return [field.name for field in _fields(kind)]


def file_of(kind: type[Event], schema: int) -> Path:
    return FOLDER / f"{kind.kind}.{schema}.json"


def _fields(kind: type[Any]) -> tuple[attrs.Attribute[Any], ...]:
    return tuple(attrs.fields(kind))


def _drawn(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - whatever a field is declared as
    if kind is Request:
        return REQUESTS
    if (inner := _inside(kind)) is not None:
        return st.none() | _drawn(inner)
    if get_origin(kind) is tuple:
        return st.lists(_drawn(get_args(kind)[0]), max_size=3).map(tuple)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    if attrs.has(kind):
        return st.builds(kind, *(_drawn(field.type) for field in attrs.fields(kind)))
    return st.booleans() if kind is bool else NUMBERS if kind is int else TEXTS


def _chosen(name: str, kind: Any, place: int) -> Any:  # noqa: ANN401, PLR0911 - a value for each kind of field
    if kind is Request:
        return REQUEST
    if (inner := _inside(kind)) is not None:
        return _chosen(name, inner, place)
    if get_origin(kind) is tuple:
        return (_chosen(name, get_args(kind)[0], place),)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return list(kind)[-1]
    if attrs.has(kind):
        fields = enumerate(attrs.fields(kind), place)
        return kind(*(_chosen(field.name, field.type, n) for n, field in fields))
    if kind is bool:
        return True
    if kind is int:
        return 1_583_110_800_000 + place if name in _INSTANTS else place
    return f"{name}-7"


def _inside(kind: Any) -> Any | None:  # noqa: ANN401 - as above
    """Give what a field holds that may be None; None for one that may not."""
    parts = get_args(kind)
    return next(part for part in parts if part is not NoneType) if NoneType in parts else None


if __name__ == "__main__":
    for event in CODEC.events:
        file = file_of(event, event.schema)
        if not file.exists():
            file.write_bytes(CODEC.encode(event_of(event)) + b"\n")
            print(file.name)  # noqa: T201 - what it did
