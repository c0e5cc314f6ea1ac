"""What comes in from outside: never believed nor evaluated, bounded, told back with each fault."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.errors import DefinitionError
from practice_core.journal import TextId, canonical
from practice_core.journal.shapes import Shape
from practice_core.orders import (
    COMMANDS,
    Actor,
    CancelOrder,
    CancelReason,
    CompleteService,
    OfferOrder,
    OrderCancelled,
    PlaceOrder,
    RateOrder,
    Refusal,
    ReviewOrder,
    Served,
    StartService,
)
from practice_core.service import InputRefused, Limits, read_command
from practice_core.units import DAY, HOUR, MINUTE, ActorId, CommandId, OrderId, VolunteerId
from tests.practising import ANN, AT_CENTER, BLUE, EAST_1, RED, SITES, Days, of, request

if TYPE_CHECKING:
    from practice_core.orders import OrderCommand

    Whatever: TypeAlias = Any
    """Not at all what the types say."""

LAST = 253_370_764_799_999


def sent(order: str, command: OrderCommand) -> bytes:
    """Give a command as a user's browser sends it."""
    fields = Shape(type(command)).fields(command)
    return json.dumps({"order": order, "command": type(command).__name__, **fields}).encode()


# ------------------------------------------------------------------ as JSON


@pytest.mark.parametrize(
    "command",
    [
        PlaceOrder(request()),
        RateOrder(5),
        OfferOrder((RED, BLUE), DAY),
        CompleteService(90, (Served(VolunteerId("v-1"), 80),)),
        ReviewOrder(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_command_is_read_as_it_was_sent(command: OrderCommand) -> None:
    assert read_command(sent("o-1", command)) == ("o-1", command)
    assert read_command(sent("o-1", command).decode()) == ("o-1", command)


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        (b"", ["text: no JSON"]),
        (b"{" * 100_000, ["text: no JSON"]),
        (b"[" * 200_000, ["text: no JSON"]),
        (b"\xff\xfe", ["text: no JSON"]),
        ("\ud800", ["text: no JSON"]),
        (b"[1]", ["text: list; expected one JSON object"]),
        (b"{}", ["order: None", "command: None"]),
        (b'{"order": 5, "command": 5}', ["order: 5", "command: 5"]),
        (b'{"order": "o-1", "command": "RateOder"}', ["did you mean 'RateOrder'"]),
        (b'{"order": "o-1", "command": "__class__"}', ["command: '__class__'"]),
        (b'{"order": "o-1", "command": "RateOrder"}', ["score: required field missing"]),
        (b'{"order": "-", "command": "RateOrder", "score": true}', ["order: '-'", "score: "]),
        (b'{"order": "o-1", "command": "RateOrder", "score": 5.0}', ["score: "]),
        (b'{"order": "o-1", "command": "RateOrder", "score": 5, "x": 1}', [r"extra fields .*x"]),
        (b'{"order": "o-1", "command": "RateOrder", "score": 1e999}', ["score: "]),
        (
            b'{"order": "o-1", "command": "RateOrder", "score": 10000000000000000000}',
            ["score: a number of 64 bits; expected at most 9007199254740991"],
        ),
        (
            b'{"order": "o-1", "command": "OfferOrder", "teams": [1, "red"], "open_for": "x"}',
            [r"teams\[0\]: ", "open_for: "],
        ),
        (
            b'{"order": "o-1", "command": "CancelOrder", "reason": "bored"}',
            ["reason: .*CancelReason"],
        ),
        (
            b'{"order": "o-1", "command": "PlaceOrder", "request": {"id": "o-1", "needed": "2"}}',
            ["request.needed: ", "request.site: required", "request.latest: required"],
        ),
    ],
)
def test_what_is_no_command_is_told_with_every_fault(raw: bytes | str, faults: list[str]) -> None:
    with pytest.raises(InputRefused) as caught:
        read_command(raw)
    for fault in faults:
        assert any(re.search(fault, str(one)) for one in caught.value.faults), caught.value


def test_a_command_that_is_too_large_is_not_even_read() -> None:
    body = sent("o-1", OfferOrder((RED,) * 1_000, DAY))
    with pytest.raises(InputRefused, match="bytes; expected at most 1000; send less"):
        read_command(body, limits=Limits(command_bytes=1_000))


WHATEVER = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_whatever_bytes_come_in_are_a_command_or_refused(raw: bytes | str) -> None:
    with suppress(InputRefused):
        read_command(raw)


@given(st.data())
def test_whatever_fields_come_in_are_a_command_or_refused(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(COMMANDS))
    names = [field.name for field in attrs.fields(kind)]
    fields = data.draw(st.dictionaries(st.sampled_from([*names, "other"]), WHATEVER))
    raw = json.dumps({"order": "o-1", "command": kind.__name__, **fields})
    with suppress(InputRefused):
        _, command = read_command(raw)
        assert type(command) is kind
        assert canonical(Shape(kind).fields(command))


# ------------------------------------------------------------------ as objects


@pytest.mark.parametrize(
    ("order", "command", "said"),
    [
        ("-", ReviewOrder(), "order: '-'"),
        ("o-1", RateOrder("5"), "score: invalid value"),  # type: ignore[arg-type]  # that is it
        ("o-1", RateOrder(2**60), "score: a number of 61 bits"),
        ("o-1", CancelOrder("bored"), "reason: invalid value"),  # type: ignore[arg-type]  # that is it
        ("o-1", RateOrder(10**400), "score: a number of 1329 bits"),
        ("o-1", RateOrder(10**5000), "command: what is no data"),
        ("o-1", OfferOrder(("\ud800",), DAY), "teams: signs that are no text"),  # type: ignore[arg-type]  # that is it
        ("o-1", PlaceOrder(request(route=("a\0",))), "request.route: signs"),
        ("o-1", OfferOrder((RED,) * 50_000, DAY), "bytes; expected at most 262144"),
        ("o-2", PlaceOrder(request()), "request.id: 'o-1'; expected 'o-2'"),
        ("o-1", "ReviewOrder", "command: str; expected a command of an order"),
        ("o-1", None, "command: NoneType; expected a command of an order"),
        ("o-1", PlaceOrder(None), "request"),  # type: ignore[arg-type]  # that is it
    ],
)
def test_an_object_that_is_not_what_its_class_says_is_refused(
    order: str, command: Whatever, said: str
) -> None:
    days = Days()
    with pytest.raises(InputRefused, match=said) as caught:
        days.give(order, command, ANN)
    assert isinstance(caught.value, DefinitionError)
    assert days.length == 0


def test_every_fault_of_a_command_is_told_at_once() -> None:
    practice = Days().practice
    nobody = attrs.evolve(ANN, id=ActorId("-"))
    with pytest.raises(InputRefused) as caught:
        practice.do(
            OrderId("-"),
            PlaceOrder(request(latest=request().latest + 400 * DAY)),
            id=CommandId(""),
            by=nobody,
            at=LAST + 1,
            texts={TextId("t"): "x" * 2_001},
        )
    places = [fault.place for fault in caught.value.faults]
    assert places == ["id", "by.id", "at", "text t", "order", "request.id", "request.latest"]


@pytest.mark.parametrize("at", [-1, LAST + 1, 1.5, None, True])
def test_an_instant_is_a_whole_number_of_these_millennia(at: Whatever) -> None:
    practice = Days().practice
    with pytest.raises(InputRefused, match="at: "):
        practice.do(OrderId("o-1"), ReviewOrder(), id=CommandId("c-1"), by=AT_CENTER, at=at)


@pytest.mark.parametrize("by", [None, "ann", Actor("ann", "boss"), Actor(5, ANN.role)])  # type: ignore[arg-type]  # that is it
def test_whoever_acts_is_an_actor(by: Whatever) -> None:
    practice = Days().practice
    with pytest.raises(InputRefused, match=r"by(\.id|\.role)?: "):
        practice.do(OrderId("o-1"), ReviewOrder(), id=CommandId("c-1"), by=by, at=0)


@pytest.mark.parametrize(
    "texts",
    [{TextId("t"): 5}, {TextId(f"t-{n}"): "x" for n in range(9)}, {TextId("t"): "x" * 2_001}],
)
def test_texts_are_few_and_short(texts: Whatever) -> None:
    days = Days()
    with pytest.raises(InputRefused, match="text"):
        days.give("o-1", PlaceOrder(request()), ANN, texts=texts)


def test_a_text_that_stands_for_a_member_is_that_member() -> None:
    days = Days()
    days.placed()
    officer: Whatever = "officer"
    days.do("o-1", ReviewOrder(), attrs.evolve(AT_CENTER, role=officer))
    mistake: Whatever = "mistake"
    done = days.do("o-1", CancelOrder(mistake), ANN)
    (event,) = done.events
    assert isinstance(event, OrderCancelled)
    assert event.reason is CancelReason.MISTAKE


class Evil(int):
    """Says of itself whatever helps."""

    def __le__(self, other: object) -> bool:
        return True

    __lt__ = __ge__ = __gt__ = __le__


class Brief(str):
    """Says that it is short."""

    __slots__ = ()

    def __len__(self) -> int:
        return 1


class Few(dict[TextId, str]):
    """Says that it holds nothing."""

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True


def test_numbers_and_texts_are_what_they_are_and_not_what_they_say() -> None:
    days = Days()
    days.scheduled()
    days.later(DAY).do("o-1", StartService(3), of(RED))
    days.later(10 * MINUTE)
    lie = CompleteService(Evil(100_000), ())
    assert days.refuses("o-1", lie, of(RED)) is Refusal.INVALID_VALUE
    for texts in (
        {TextId("t"): Brief("x" * 3_000)},
        Few({TextId(f"t-{n}"): "x" for n in range(20)}),
    ):
        with pytest.raises(InputRefused, match="text"):
            days.give("o-1", CompleteService(10), of(RED), texts=texts)


@pytest.mark.parametrize("odd", [None, 5, [None], [5, 6]])
def test_several_orders_are_a_list_of_them(odd: Whatever) -> None:
    practice = Days().practice
    with pytest.raises(InputRefused):
        practice.consolidate(OrderId("o-1"), odd, id=CommandId("c-1"), by=AT_CENTER, at=0)
    shares: Whatever = dict.fromkeys(range(300), 1)
    with pytest.raises(InputRefused, match="orders: more; expected at most 200"):
        practice.divide(OrderId("o-1"), shares, id=CommandId("c-2"), by=AT_CENTER, at=0)


@pytest.mark.parametrize("name", ["clock:abc", "dispatch:abc"])
def test_ids_that_the_practice_gives_itself_are_nobody_elses(name: str) -> None:
    days = Days()
    with pytest.raises(InputRefused, match="id: "):
        days.give("o-1", PlaceOrder(request()), ANN, id=CommandId(name))


def test_an_order_leaves_open_what_the_practice_knows() -> None:
    days = Days()
    body = json.dumps(
        {
            "order": "o-1",
            "command": "PlaceOrder",
            "request": {
                "site": "east-1",
                "category": "aid",
                "earliest": days.at,
                "latest": days.at + DAY,
                "needed": 2,
                "duration": 60,
                "requested_time": "any",
            },
        }
    )
    order, command = read_command(body)
    done = days.do(order, command, ANN, id=CommandId("once"))
    asked = done.order.request
    assert (asked.placed_by, asked.placed_at, asked.route) == (ANN.id, days.at, SITES.chain(EAST_1))
    again = days.later(HOUR).do(order, command, ANN, id=CommandId("once"))
    assert again == done
    assert again.again
    assert not done.again


def test_a_field_that_comes_twice_is_refused() -> None:
    with pytest.raises(InputRefused, match="a field that comes twice"):
        read_command('{"order": "o-1", "order": "o-2", "command": "ReviewOrder"}')
