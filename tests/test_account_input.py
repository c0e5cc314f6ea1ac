"""What is asked beside orders, broken at random: refused with every fault, and nothing is done.

The test command tries 500 broken bodies; ``make fuzz`` tries 20,000.
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Any, get_args

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.journal.shapes import shape_of
from practice_core.lifecycle import Actor, Refused, Role
from practice_core.service import InputRefused, Transaction, read_command, read_transaction
from practice_core.service.reading import TRANSACTIONS
from practice_core.units import ActorId, CommandId
from tests.banking import POOL, SHOP, Bank, person, redeem
from tests.patience import within
from tests.practising import AT_CENTER, AT_EAST, SYSTEM
from tests.test_fuzz import SECONDS, broken, fuzz

if TYPE_CHECKING:
    from collections.abc import Callable

SUBJECTS = ("ann", "bob", "home", "ghost", POOL, SHOP, "area:issuance", "n-1", "r-1", "soap")
WORDS = (*SUBJECTS, "s-1", "goods", "service", "training", "received", "lifetime", "", "any words")
NASTY: tuple[Any, ...] = (
    "\ud800",
    "\0",
    "a\0b",
    "area:",
    "code:1",
    "clock:1",
    "x" * 65,
    "x" * 70_000,
    "../../etc/passwd",
    "{{ 7 * 7 }}",
    "实践站",
    1.5,
    float("nan"),
    float("inf"),
    1e300,
    2**53,
    -(2**53),
    10**4_000,
    True,
    None,
    [],
    {},
    [[["a"]]],
    {"kind": "x"},
)
ASKING = (
    person("ann"),
    Actor(ActorId("ann"), Role.VOLUNTEER),
    AT_CENTER,
    AT_EAST,
    SYSTEM,
)
FITTING: dict[str, tuple[Any, ...]] = {
    "volunteer": ("ann", "bob"),
    "to": ("bob", POOL),
    "into": ("bob", "home"),
    "item": ("soap", "soap", "rice"),
    "redemption": ("r-1", "r-2"),
    "order": (None, "o-1"),
    "outlet": (None, "east"),
    "name": ("soap", "香皂"),
    "benefit": ("mug",),
    "nomination": ("n-1",),
}
"""What fits where texts are asked for."""
VALUES = st.sampled_from(WORDS) | st.integers(-2, 30) | st.booleans() | st.sampled_from(NASTY)


def _fields(kind: type[Any]) -> tuple[attrs.Attribute[Any], ...]:
    """Give the fields of a command, with their types: its shape finds out what these are."""
    shape_of(kind)
    return tuple(attrs.fields(kind))


def _fits(name: str, kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - whatever it is declared as
    """Draw what a field of that name and type may hold, as JSON has it."""
    if name in FITTING:
        return st.sampled_from(FITTING[name])
    if isinstance(kind, enum.EnumMeta):
        return st.sampled_from([member.value for member in list[Any](kind)])
    if type(None) in get_args(kind):
        return st.none()
    return st.booleans() if kind is bool else st.integers(1, 5) if kind is int else VALUES


@st.composite
def sent(draw: st.DrawFn) -> bytes:
    """Draw the body of a command: right, or wrong in one place, or no body at all."""
    kind = draw(st.sampled_from(TRANSACTIONS))
    fields: dict[str, Any] = {
        field.name: draw(_fits(field.name, field.type))
        for field in _fields(kind)
        if field.default is attrs.NOTHING or draw(st.booleans())
    }
    own = SHOP if "item" in fields and "redemption" not in fields else "ann"
    subject = draw(st.sampled_from((fields.get("nomination", own), *SUBJECTS)))
    subject = draw(st.sampled_from((fields.get("volunteer", own), subject)))
    body: dict[str, Any] = {"subject": subject, "command": kind.__name__, **fields}
    match draw(st.sampled_from(("sound", "sound", "sound", "more", "less", "other", "wrong"))):
        case "more":
            body[draw(st.sampled_from(("stars", "", "\ud800", "at", "by", "id", "due_at")))] = 1
        case "less":
            del body[draw(st.sampled_from(sorted(body)))]
        case "other":
            names = ("RateOrder", "PointsAwarded", "AccountCommand", "__class__", "object", "")
            body["command"] = draw(st.sampled_from(names))
        case "wrong":
            body[draw(st.sampled_from(sorted(body)))] = draw(VALUES)
    raw = json.dumps(body, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    return draw(_torn(raw)) if draw(st.sampled_from((False, False, False, True))) else raw


@st.composite
def _torn(draw: st.DrawFn, raw: bytes) -> bytes:
    """Double a field, nest a value deep, write a number that has no end, or break some bytes."""
    deep = draw(st.integers(1, 1_200))
    match draw(st.sampled_from(("doubled", "lists", "objects", "digits", "bytes"))):
        case "doubled":
            return raw[:-1] + b', "subject": "bob"}'
        case "lists":
            return raw[:-1] + b', "x": ' + b"[" * deep + b"]" * deep + b"}"
        case "objects":
            return raw[:-1] + b', "x": ' + b'{"a": ' * deep + b"1" + b"}" * (deep + 1)
        case "digits":
            return raw[:-1] + b', "count": ' + b"9" * deep * 5 + b"}"
    return draw(broken(raw))


def bank() -> Bank:
    """A bank at which something can be had of all kinds."""
    bank = Bank()
    bank.trains("ann")
    bank.offers("soap", 1)
    bank.can("ann", redeem("r-1"), person("ann"))
    return bank


def ask(bank: Bank, raw: bytes, by: Actor) -> Transaction | Refused | None:
    """Ask what was sent, as a platform does; None: it could not even be asked."""
    before = bank.length
    answer: Transaction | Refused | None = None
    with within(SECONDS):
        try:
            subject, command = read_transaction(raw)
            assert type(command) in TRANSACTIONS
            name = CommandId("t-fuzz")
            answer = bank.practice.transact(subject, command, id=name, by=by, at=bank.at)
        except InputRefused as error:
            assert error.faults  # noqa: PT017 - not this error alone is expected
            assert str(error).encode(), "it can be sent back"  # noqa: PT017 - as above
    if isinstance(answer, Transaction):
        assert answer.events
        assert bank.length > before
        bank.check()
    else:
        assert bank.length == before
    return answer


@pytest.mark.slow
@fuzz(1)
@given(raw=sent(), by=st.sampled_from((*ASKING, AT_CENTER, AT_CENTER)))
def test_a_broken_body_is_refused_and_changes_nothing(raw: bytes, by: Actor) -> None:
    ask(bank(), raw, by)


@pytest.mark.parametrize("reader", [read_command, read_transaction])
@pytest.mark.parametrize("nest", [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_however_deep_a_body_is_it_is_refused(
    reader: Callable[[str], object], nest: tuple[str, str]
) -> None:
    before, after = nest
    for deep in range(1, 1_100):
        value = f"{before * deep}1{after * deep}"
        with pytest.raises(InputRefused):
            reader(
                f'{{"subject": "v-7", "order": "o-1", "command": "FreezeAccount", "x": {value}}}'
            )


@pytest.mark.parametrize("raw", [None, 5, 10**15, 1.5, [1, 2], {"subject": "v-7"}, object()])
def test_what_is_no_body_is_refused(raw: Any) -> None:  # noqa: ANN401 - anything but one
    with pytest.raises(InputRefused, match="expected bytes or text"):
        read_transaction(raw)


@pytest.mark.parametrize("kind", ["bytes", "str", "bytearray", "memoryview"])
def test_a_body_is_read_however_it_came(kind: str) -> None:
    body = b'{"subject": "v-7", "command": "FreezeAccount"}'
    forms: dict[str, Any] = {
        "bytes": body,
        "str": body.decode(),
        "bytearray": bytearray(body),
        "memoryview": memoryview(body),
    }
    subject, command = read_transaction(forms[kind])
    assert (subject, type(command).__name__) == ("v-7", "FreezeAccount")


@pytest.mark.parametrize(
    ("subject", "fields", "by", "reason"),
    [
        ("ann", {"command": "EndRegistration", "volunteer": "bob"}, AT_CENTER, "unknown_volunteer"),
        ("ann", {"command": "WithdrawItem", "item": "soap"}, AT_CENTER, "unknown_account"),
        (SHOP, {"command": "FreezeAccount"}, AT_CENTER, "unknown_account"),
        ("area:issuance", {"command": "ThawAccount"}, AT_CENTER, "unknown_account"),
        (POOL, {"command": "MergeAccount", "into": "ann"}, AT_CENTER, "unknown_account"),
        ("ann", {"command": "HonourNominee"}, AT_CENTER, "unknown_nomination"),
    ],
)
def test_a_subject_of_another_kind_is_not_known(
    subject: str, fields: dict[str, Any], by: Actor, reason: str
) -> None:
    if fields["command"] == "EndRegistration":
        fields = {**fields, "reason": "own_wish"}
    answer = ask(bank(), json.dumps({"subject": subject, **fields}).encode(), by)
    assert isinstance(answer, Refused)
    assert answer.reason.value == reason


def test_the_bodies_that_are_broken_here_are_often_right() -> None:
    """What is only ever refused at the door would prove nothing of what is behind it."""
    ends = {type(one).__name__ for one in _many(300)}
    assert ends == {"Transaction", "Refused", "NoneType"}


def _many(count: int) -> list[Transaction | Refused | None]:
    found: list[Transaction | Refused | None] = []

    @fuzz(count / 500)
    @given(raw=sent(), by=st.sampled_from((*ASKING, AT_CENTER, AT_CENTER)))
    def gather(raw: bytes, by: Actor) -> None:
        found.append(ask(bank(), raw, by))

    gather()
    return found


def test_a_planted_error_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise KeyError

    monkeypatch.setattr("practice_core.service.accounting.decide", fails)
    with pytest.raises(KeyError):
        ask(bank(), b'{"subject": "ann", "command": "FreezeAccount"}', AT_CENTER)
