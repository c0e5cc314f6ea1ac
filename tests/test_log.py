"""The event log: what was written comes back, and the same events are the same bytes."""

from __future__ import annotations

import enum
import struct
from typing import TYPE_CHECKING, Any, get_type_hints

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.orders import (
    EVENTS,
    DeclineReason,
    NeedCollected,
    OfferDeclined,
    OrderEvent,
    OrderPlaced,
    OrderReviewed,
    Request,
    RequestedTime,
    ServiceScheduled,
)
from practice_core.simulation import EventLog
from practice_core.terms import Category
from practice_core.units import ActorId, OrderId, SiteId, TeamId

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ORDERS = tuple(OrderId(f"wj-s{n:03d}.r.0") for n in range(5))
SITES = tuple(SiteId(name) for name in ("wj", "wj-i01", "wj-s001"))
TEAMS = tuple(TeamId(f"wj-t{n:04d}") for n in range(4))
ACTORS = tuple(ActorId(name) for name in ("system", "wj", *TEAMS, "r.wj-s001"))


def request(place: int) -> Request:
    return Request(
        id=ORDERS[place],
        site=SITES[2],
        category=Category.LAW,
        placed_by=ACTORS[-1],
        placed_at=1_586_131_200_000 + place,
        earliest=1_586_131_200_000,
        latest=1_586_736_000_000,
        needed=place + 1,
        duration=90,
        requested_time=RequestedTime.ANY,
        route=(SITES[0],),
    )


def a_log(kind: type[EventLog] = EventLog) -> EventLog:
    return kind(ORDERS, request, SITES, TEAMS)


WORDS = st.integers(-(2**63), 2**63 - 1)
OF_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    int: WORDS,
    OrderId: st.sampled_from(ORDERS),
    SiteId: st.sampled_from(SITES),
    TeamId: st.sampled_from(TEAMS),
    ActorId: st.sampled_from(ACTORS),
}


def events_of(kind: type[OrderEvent], place: int) -> st.SearchStrategy[OrderEvent]:
    """Events of one class about the order at a place, by the types of their fields."""
    hints = get_type_hints(kind)
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in attrs.fields(kind):
        hint = hints[field.name]
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            fields[field.name] = st.sampled_from(hint)
        elif hint is Request:
            fields[field.name] = st.just(request(place))
        else:
            fields[field.name] = OF_TYPE[hint]
    fields["order"] = st.just(ORDERS[place])
    return st.builds(kind, **fields)


OF_KIND = {
    kind: [st.tuples(st.just(n), events_of(kind, n)) for n in range(len(ORDERS))] for kind in EVENTS
}
"""For each class of event and each order: the place of the order, and such an event about it."""
written = st.sampled_from([one for every in OF_KIND.values() for one in every]).flatmap(lambda s: s)


def fill(log: EventLog, found: Sequence[tuple[int, OrderEvent]]) -> EventLog:
    for place, event in found:
        log.write(place, (event,))
    return log


def check_round_trip(log: EventLog, found: Sequence[tuple[int, OrderEvent]]) -> None:
    fill(log, found)
    assert len(log) == len(found)
    assert list(log.events()) == [event for _, event in found]


@given(st.lists(written, max_size=20))
def test_what_was_written_comes_back_in_order(found: list[tuple[int, OrderEvent]]) -> None:
    check_round_trip(a_log(), found)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.kind)
@given(st.data())
@settings(max_examples=10)
def test_every_class_of_event_comes_back_whole(kind: type[OrderEvent], data: st.DataObject) -> None:
    check_round_trip(a_log(), [data.draw(one) for one in OF_KIND[kind]])


class Forgetful(EventLog):
    """A planted fault: it keeps the first of an event's own fields only."""

    def _writer(self, code: int, kind: type[OrderEvent]) -> tuple[int, Any, Any]:
        return (*super()._writer(code, kind)[:2], None)


def test_a_log_that_forgets_a_field_is_found_out() -> None:
    event = ServiceScheduled(ORDERS[0], 1, ACTORS[0], 2, 3)
    check_round_trip(a_log(), [(0, event)])
    with pytest.raises(AssertionError):
        check_round_trip(a_log(Forgetful), [(0, event)])


def test_no_event_has_more_than_two_fields_of_its_own() -> None:
    assert {len(attrs.fields(kind)) - 3 for kind in EVENTS} == {1, 2}
    assert len(EVENTS) < 256


def test_several_events_of_one_decision_are_written_at_once() -> None:
    log = a_log()
    declined = OfferDeclined(ORDERS[1], 7, ActorId("wj-t0002"), TEAMS[2], DeclineReason.UNWILLING)
    reviewed = OrderReviewed(ORDERS[1], 8, ActorId("wj"), 99)
    log.write(1, (declined, reviewed))
    log.write(2, ())
    assert list(log.events()) == [declined, reviewed]
    assert log.actors == ["wj-t0002", "wj"]


def test_a_request_is_not_stored_but_given_back() -> None:
    log = a_log()
    placed = OrderPlaced(ORDERS[3], 5, ACTORS[-1], request(3), 6)
    need = NeedCollected(ORDERS[4], 5, ACTORS[-1], request(4))
    fill(log, [(3, placed), (4, need)])
    assert log.column("a").tolist() == [3, 4]
    assert list(log.events()) == [placed, need]


# ---------------------------------------------------------------------------- bytes and columns

TYPES = {"kind": "u1", "at": "i8", "order": "u4", "by": "u4", "a": "i8", "b": "i8"}


@given(st.lists(written, max_size=8))
@settings(max_examples=40)
def test_the_same_events_are_the_same_bytes(found: list[tuple[int, OrderEvent]]) -> None:
    bytes_ = fill(a_log(), found).to_bytes()
    assert bytes_ == fill(a_log(), found).to_bytes()
    if found:
        assert bytes_ != fill(a_log(), found[:-1]).to_bytes()


@given(st.lists(written, max_size=8))
@settings(max_examples=40)
def test_the_bytes_are_text_lines_and_rows_of_33_bytes(
    found: list[tuple[int, OrderEvent]],
) -> None:
    log = fill(a_log(), found)
    head, kinds, orders, teams, sites, actors, rows = log.to_bytes().split(b"\n", 6)
    assert head.startswith(b"practice_core event log 1; %d events; kind u1" % len(found))
    assert kinds.decode().split()[1:] == [kind.kind for kind in EVENTS]
    assert orders.decode().split()[1:] == list(ORDERS)
    assert teams.decode().split()[1:] == list(TEAMS)
    assert sites.decode().split()[1:] == list(SITES)
    assert actors.decode().split()[1:] == log.actors
    assert len(rows) == 33 * len(found)
    for n, row in enumerate(struct.iter_unpack("<BqIIqq", rows)):
        assert row == tuple(log.column(name)[n] for name in TYPES)
        assert row[1] == found[n][1].at
        assert row[2] == found[n][0]
        assert log.actors[row[3]] == found[n][1].by


def test_the_bytes_of_one_event_are_these(tmp_path: Path) -> None:
    log = a_log()
    declined = OfferDeclined(ORDERS[1], 256, ActorId("wj-t0002"), TEAMS[2], DeclineReason.SLOT_GONE)
    log.write(1, (declined,))
    row = bytes([6, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, *[0] * 7, 1, *[0] * 7])
    assert log.to_bytes().endswith(b"\nactors wj-t0002\n" + row)
    log.save(tmp_path / "events.log")
    assert (tmp_path / "events.log").read_bytes() == log.to_bytes()


def test_columns_have_their_types_and_are_copies() -> None:
    log = a_log()
    assert {name: log.column(name).dtype for name in TYPES} == {
        name: np.dtype(kind) for name, kind in TYPES.items()
    }
    log.write(0, (OrderReviewed(ORDERS[0], 5, ACTORS[0], 9),))
    column = log.column("at")
    column[0] = 6
    assert log.column("at").tolist() == [5]
    log.write(0, (OrderReviewed(ORDERS[0], 7, ACTORS[0], 9),))
    assert column.tolist() == [6]
    assert log.column("at").tolist() == [5, 7]


def test_an_event_about_somebody_unknown_is_refused() -> None:
    log = a_log()
    stranger = OfferDeclined(ORDERS[0], 1, ACTORS[0], TeamId("wj-t9999"), DeclineReason.UNWILLING)
    with pytest.raises(KeyError):
        log.write(0, (stranger,))
    assert len(log) == 0
