"""Events are stored as canonical JSON, and what was stored once is read for ever."""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.errors import DefinitionError
from practice_core.journal import (
    CODEC,
    AppendRefused,
    BrokenEvent,
    Codec,
    JournalError,
    UnknownEvent,
    canonical,
)
from practice_core.journal.exact import writers_of
from practice_core.journal.shapes import Shape
from practice_core.orders import OfferMade, OrderPlaced, OrderRejected, OrderReviewed
from practice_core.units import ActorId, Instant, OrderId
from tests.stored_events import FOLDER, REQUEST, event_of, events_of, file_of, names_of

if TYPE_CHECKING:
    from practice_core.journal import Body, Event

REVIEWED = OrderReviewed(OrderId("o-1"), 5, ActorId("desk"), 60_000)


# ------------------------------------------------------------------ there and back


@pytest.mark.parametrize("kind", CODEC.events, ids=lambda kind: kind.kind)
@settings(max_examples=25)
@given(data=st.data())
def test_an_event_of_any_kind_comes_back_as_it_was(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(events_of(kind))
    body = CODEC.encode(event)
    back = CODEC.decode(body)
    assert back == event
    assert type(back) is type(event)
    for name in names_of(kind):  # an enum equals its text
        assert type(getattr(back, name)) is type(getattr(event, name)), name
    assert CODEC.encode(back) == body


@given(events_of(OrderPlaced))
def test_a_body_is_canonical(event: Event) -> None:
    body = CODEC.encode(event)
    again = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert body == again.encode()
    assert b"\n" not in body


def test_what_was_an_enum_a_set_or_a_value_is_one_again() -> None:
    placed = OrderPlaced(OrderId("o-1"), 0, ActorId("proxy-3"), REQUEST, 1)
    back = CODEC.decode(CODEC.encode(placed))
    assert isinstance(back, OrderPlaced)
    for field in ("category", "channel", "group", "priority", "requested_time", "conditions"):
        assert type(getattr(back.request, field)) is type(getattr(REQUEST, field)), field
    assert isinstance(back.request.conditions.skills, frozenset)
    assert isinstance(back.request.route, tuple)


def test_the_same_set_is_always_written_alike() -> None:
    skills = [f"skill-{n}" for n in range(50)]
    bodies = {
        CODEC.encode(
            OrderPlaced(
                OrderId("o-1"),
                0,
                ActorId("a"),
                attrs.evolve(
                    REQUEST, conditions=attrs.evolve(REQUEST.conditions, skills=frozenset(order))
                ),
                0,
            )
        )
        for order in (skills, skills[::-1])
    }
    assert len(bodies) == 1


# ------------------------------------------------------------------ written at once


class Written(NamedTuple):
    """How an event of a class is written: at once, or by a converter, read back and compared."""

    at_once: str
    compared: bytes


def written(event: Event) -> Written:
    kind = type(event)
    labels = {"kind": kind.kind, "schema": kind.schema}
    fields = Shape(kind).fields(event)
    said = {name: canonical(label).decode() for name, label in labels.items()}
    return Written(writers_of(kind, said)[kind](event), canonical({**fields, **labels}))


@pytest.mark.parametrize("kind", CODEC.events, ids=lambda kind: kind.kind)
@settings(max_examples=25)
@given(data=st.data())
def test_what_is_written_at_once_is_what_a_comparison_would_have_let_through(
    kind: type[Event], data: st.DataObject
) -> None:
    event = data.draw(events_of(kind))
    found = written(event)
    assert found.at_once.encode() == found.compared


class Weather(enum.IntEnum):
    WET = -1
    DRY = 7


class Word(enum.StrEnum):
    QUOTED = 'a "word", 水\n'


@attrs.frozen
class Told:
    """An event with whatever a field may be declared as."""

    kind: ClassVar[str] = "told.100%s"
    schema: ClassVar[int] = 1

    weather: Weather | None
    words: frozenset[Word]
    numbers: tuple[tuple[int, ...], ...]
    sure: bool
    by: ActorId
    pair: tuple[int, str] = (1, "a")


TOLD = Told(Weather.WET, frozenset(Word), ((1, 2), ()), sure=True, by=ActorId("100%"))


@pytest.mark.parametrize(
    "event",
    [
        TOLD,
        attrs.evolve(TOLD, weather=None, words=frozenset(), numbers=()),
        attrs.evolve(TOLD, by=ActorId(Word.QUOTED)),  # equal to its text
        attrs.evolve(TOLD, numbers=((Weather.DRY,),)),  # equal to its number
        attrs.evolve(TOLD, pair=(2, "b")),
    ],
)
def test_whatever_is_equal_when_it_is_read_is_written(event: Told) -> None:
    codec = Codec([Told])
    body = codec.encode(event)
    assert codec.decode(body) == event
    assert body == canonical(json.loads(body))


@pytest.mark.parametrize(
    "changed",
    [
        {"weather": -1},  # equal to the member, and no member
        {"weather": True},
        {"sure": 1},
        {"numbers": ((True,),)},
        {"numbers": [(1,)]},
        {"words": frozenset({"quiet"})},
        {"by": None},
        {"by": b"desk"},
        {"pair": (1, "a", 2)},
        {"pair": (1.0, "a")},
    ],
)
def test_whatever_would_be_read_as_something_else_is_not_written(changed: dict[str, Any]) -> None:
    with pytest.raises(AppendRefused, match=r"told\.100%s"):
        Codec([Told]).encode(attrs.evolve(TOLD, **changed))


def quarters(minutes: int) -> int:
    return minutes // 15 * 15


@attrs.define
class Rounded:
    """An event that is not what it is made of: its fields alone do not tell what is read."""

    kind: ClassVar[str] = "rounded"
    schema: ClassVar[int] = 1

    minutes: int = attrs.field(converter=quarters)


@attrs.define
class Counted:
    kind: ClassVar[str] = "counted"
    schema: ClassVar[int] = 1

    left: int

    def __attrs_post_init__(self) -> None:
        self.left -= 1


@attrs.define
class Checked:
    kind: ClassVar[str] = "checked"
    schema: ClassVar[int] = 1

    hours: int = attrs.field(validator=attrs.validators.le(8), on_setattr=attrs.setters.NO_OP)


def test_a_class_that_does_more_than_hold_its_fields_is_read_back_and_compared() -> None:
    codec = Codec([Rounded, Counted, Checked])
    assert codec.encode(Rounded(17)) == b'{"kind":"rounded","minutes":15,"schema":1}'
    with pytest.raises(AppendRefused, match="counted: it would not be read as it was written"):
        codec.encode(Counted(5))
    checked = Checked(8)
    assert codec.decode(codec.encode(checked)) == checked
    checked.hours = 9
    with pytest.raises(AppendRefused, match="checked: invalid value"):
        codec.encode(checked)


# ------------------------------------------------------------------ what stays readable for ever


@pytest.mark.parametrize("kind", CODEC.events, ids=lambda kind: kind.kind)
def test_every_kind_has_a_stored_line_that_still_gives_the_same_event(kind: type[Event]) -> None:
    for schema in range(1, kind.schema + 1):
        assert CODEC.decode(file_of(kind, schema).read_bytes()) == event_of(kind), schema
    newest = file_of(kind, kind.schema).read_bytes()
    assert CODEC.encode(event_of(kind)) + b"\n" == newest


def test_every_stored_line_is_of_a_kind_that_is_still_known() -> None:
    known = {file_of(kind, n) for kind in CODEC.events for n in range(1, kind.schema + 1)}
    assert set(FOLDER.iterdir()) == known


@pytest.mark.parametrize("kind", CODEC.events, ids=lambda kind: kind.kind)
def test_a_stored_line_says_something_in_every_field(kind: type[Event]) -> None:
    fields = json.loads(file_of(kind, 1).read_bytes())
    assert None not in fields.values()
    assert None not in fields.get("request", {}).values()


# ------------------------------------------------------------------ schemas


@attrs.frozen
class HallOpened:
    """An event of a platform's own, of which two schemas are stored."""

    kind: ClassVar[str] = "hall.opened"
    schema: ClassVar[int] = 3

    hall: str
    at: Instant
    seats: int


def seated(body: Body) -> Body:
    return {**body, "seats": 40}


def timed(body: Body) -> Body:
    hours = body.pop("hour")
    return {**body, "at": hours * 3_600_000}


UPCASTERS = {("hall.opened", 1): seated, ("hall.opened", 2): timed}
HALLS = CODEC.adding([HallOpened], UPCASTERS)


@pytest.mark.parametrize(
    ("stored", "seats"),
    [
        (b'{"hall":"h","hour":2,"kind":"hall.opened","schema":1}', 40),
        (b'{"hall":"h","hour":2,"kind":"hall.opened","schema":2,"seats":12}', 12),
        (b'{"at":7200000,"hall":"h","kind":"hall.opened","schema":3,"seats":12}', 12),
    ],
)
def test_an_older_body_is_brought_up_schema_by_schema(stored: bytes, seats: int) -> None:
    assert HALLS.decode(stored) == HallOpened("h", 7_200_000, seats)


def test_an_event_is_stored_by_its_present_schema() -> None:
    assert json.loads(HALLS.encode(HallOpened("h", 1, 2)))["schema"] == 3


def test_a_codec_that_is_added_to_still_knows_what_it_knew() -> None:
    assert HALLS.decode(CODEC.encode(REVIEWED)) == REVIEWED
    with pytest.raises(UnknownEvent, match=r"hall\.opened: no such kind"):
        CODEC.decode(HALLS.encode(HallOpened("h", 1, 2)))


def test_a_schema_without_a_way_up_is_no_codec() -> None:
    with pytest.raises(DefinitionError, match=r"hall\.opened, schema 2: no upcaster") as told:
        Codec([HallOpened], {("hall.opened", 1): seated})
    assert len(told.value.faults) == 1


def test_a_kind_belongs_to_one_class() -> None:
    class Hall(HallOpened):
        pass

    with pytest.raises(DefinitionError, match=r"hall\.opened: Hall; expected one class a kind"):
        HALLS.adding([Hall])


# ------------------------------------------------------------------ what is no event


def stored(**changed: object) -> bytes:
    fields = json.loads(CODEC.encode(REVIEWED)) | changed
    return json.dumps({key: one for key, one in fields.items() if one is not None}).encode()


def test_a_newer_schema_is_told_with_what_to_do() -> None:
    with pytest.raises(UnknownEvent) as told:
        CODEC.decode(stored(schema=2, seats=1))
    assert (told.value.kind, told.value.schema, told.value.known) == ("order.reviewed", 2, 1)
    assert str(told.value) == ("order.reviewed of schema 2; this program knows schema 1: update it")


def test_an_unknown_kind_is_told_with_what_to_do() -> None:
    with pytest.raises(UnknownEvent, match="give the journal a codec with it, or update"):
        CODEC.decode(stored(kind="hall.shut"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON object"),
        (b"[]", "no JSON object"),
        (b"\xff", "no JSON object"),
        (b"[" * 100_000, "no JSON object"),
        (b'{"kind":"order.reviewed"}', "no JSON object with kind and schema"),
        (stored(kind=[1]), "no JSON object with kind"),
        (stored(schema="1"), "its schema is no whole number"),
        (stored(schema=True), "its schema is no whole number"),
        (stored(schema=0), "KeyError|order.reviewed"),
        (stored(at="5"), "at"),
        (stored(at=True), "at"),
        (stored(at=5.0), "at"),
        (stored(at=None), "at"),
        (stored(by=7), "by"),
        (stored(due=7), "due"),
    ],
)
def test_what_is_no_event_is_told(body: bytes, said: str) -> None:
    with pytest.raises(BrokenEvent, match=said) as told:
        CODEC.decode(body)
    assert told.value.body == body


@settings(max_examples=300)
@given(st.sampled_from(CODEC.events).flatmap(events_of), st.data())
def test_a_broken_body_is_an_event_or_an_error_of_the_journal(
    event: Event, data: st.DataObject
) -> None:
    body = CODEC.encode(event)
    where = data.draw(st.integers(0, len(body)))
    broken = body[:where] + data.draw(st.binary(max_size=4)) + body[where + 1 :]
    try:
        back = CODEC.decode(broken)
    except JournalError:
        return
    assert CODEC.decode(CODEC.encode(back)) == back


def reviewed(**changed: Any) -> Event:  # noqa: ANN401 - some of it wrong
    return attrs.evolve(REVIEWED, **changed)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (reviewed(at="5"), r"order\.reviewed: .*expected int @ OrderReviewed\.at"),
        (reviewed(at=None), r"order\.reviewed: .*at"),
        (reviewed(at=10**5000), r"order\.reviewed: "),
        (reviewed(by=3), r"order\.reviewed: .*by"),
        (reviewed(by="\ud800"), r"order\.reviewed: .*surrogates"),
        (OrderRejected(OrderId("o"), 0, ActorId("a"), "dull"), r"order\.rejected: "),  # type: ignore[arg-type]  # a word for an enum
        (OrderPlaced(OrderId("o"), 0, ActorId("a"), None, 0), r"order\.placed: "),  # type: ignore[arg-type]  # nothing for a request
        (HallOpened("h", 1, 2), "HallOpened: not an event that this journal's codec knows"),
        (object(), "object: not an event"),
    ],
)
def test_what_would_not_be_read_as_it_is_is_not_written(event: Event, said: str) -> None:
    with pytest.raises(AppendRefused, match=said):
        CODEC.encode(event)


def test_a_subclass_is_not_written_as_its_parent() -> None:
    class Quiet(OfferMade):
        pass

    with pytest.raises(AppendRefused, match="Quiet: not an event"):
        CODEC.encode(event_of(Quiet))
