"""Commands from outside: checked before anything believes them.

Whatever comes in is data and never evaluated; it is bounded in size, exact in every type, and told
back with every fault it has.
"""

from __future__ import annotations

import hashlib
import json
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

from practice_core import honours
from practice_core.errors import Fault, did_you_mean
from practice_core.journal import TextId
from practice_core.journal.shapes import canonical, shape_of
from practice_core.lifecycle import Actor
from practice_core.orders import COMMANDS, CollectNeed, CompleteService, PlaceOrder
from practice_core.points import accounts
from practice_core.service.contract import InputRefused, Limits
from practice_core.units import DAY, CommandId, OrderId, is_identifier
from practice_core.volunteers import standing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from practice_core.honours import NominationCommand
    from practice_core.orders import OrderCommand, Request
    from practice_core.points.accounts import AccountCommand
    from practice_core.units import Instant
    from practice_core.volunteers.standing import StandingCommand

    Deed: TypeAlias = OrderCommand | AccountCommand | StandingCommand | NominationCommand
    """What may be asked."""

__all__ = [
    "CODES",
    "OWN",
    "TRANSACTIONS",
    "Deed",
    "Given",
    "read_command",
    "read_given",
    "read_transaction",
]

T = TypeVar("T")

_LARGEST = 2**53 - 1
"""What JSON readers hold exactly."""
_LAST: Instant = 253_370_764_799_999
"""The end of the year 9998: a year later is still a date."""
_DEEPEST = 16
"""Levels of lists and objects in one body: no command has more than four, and deep ones exhaust."""
_TOLD = 100
"""Faults that are told at once."""
TRANSACTIONS = (*accounts.COMMANDS, *standing.COMMANDS, *honours.COMMANDS)
"""What may be asked beside orders."""
OWN = ("clock:", "dispatch:")
"""What the ids begin with of commands that a practice gives itself."""
_SUBJECTS = {"order": "an order", "subject": "an account, a volunteer or a nomination"}
CODES = "code:"
"""What the ids begin with of texts that are codes: a practice's own."""


def read_command(raw: bytes | str, *, limits: Limits = Limits()) -> tuple[OrderId, OrderCommand]:  # noqa: B008 - a value that never changes
    r"""Read a command as a platform's users send it: one JSON object.

    Parameters
    ----------
    raw
        With ``order``, ``command`` (the name of its class) and the command's own fields.
    limits
        How much is read.

    Returns
    -------
    (OrderId, OrderCommand)
        The order it is given to, and the command.

    Raises
    ------
    InputRefused
        With every fault.

    Notes
    -----
    What is ordered or collected need not say what a practice knows: its id, when and by whom it is
    placed, and the desks that may hold it.

    Examples
    --------
    >>> read_command('{"order": "o-1", "command": "RateOrder", "score": 5}')
    ('o-1', RateOrder(score=5))
    >>> read_command('{"order": "-", "command": "RateOrder", "score": "5", "stars": 1}')
    Traceback (most recent call last):
    ...
    practice_core.service.contract.InputRefused: command: 3 faults
      order: '-'; expected 1 to 64 of A-Za-z0-9._:-; send the id of an order
      score: invalid value for type, expected int; mend it
      fields: extra fields found (stars); mend it
    """
    fields = _object(raw, limits)
    if isinstance(fields.get("request"), dict):
        known: dict[str, Any] = {
            "id": fields.get("order"),
            "placed_by": "",
            "placed_at": 0,
            "route": [],
        }
        fields["request"] = known | fields["request"]
    order, command = _command_in(fields, "order", COMMANDS)
    return OrderId(order), command


def read_transaction(
    raw: bytes | str,
    *,
    limits: Limits = Limits(),  # noqa: B008 - a value that never changes
) -> tuple[Any, AccountCommand | StandingCommand | NominationCommand]:
    r"""Read a command that is no order's as a platform's users send it: one JSON object.

    Parameters
    ----------
    raw
        With ``subject`` (the id of an account, a volunteer or a nomination), ``command`` (the name
        of its class) and the command's own fields.
    limits
        How much is read.

    Returns
    -------
    (str, command)
        What `Practice.transact` takes: whom it is for, and the command.

    Raises
    ------
    InputRefused
        With every fault.

    Examples
    --------
    >>> read_transaction(
    ...     '{"subject": "v-7", "command": "RedeemPoints", "redemption": "r-1", "item": "soap"}'
    ... )
    ('v-7', RedeemPoints(redemption='r-1', item='soap', quantity=1, order=None))
    """
    return _command_in(_object(raw, limits), "subject", TRANSACTIONS)


def _command_in(fields: dict[str, Any], subject: str, kinds: Collection[type]) -> tuple[str, Any]:
    """Give whom a command is for, and the command."""
    named = {kind.__name__: kind for kind in kinds}
    key, name = fields.pop(subject, None), fields.pop("command", None)
    faults = []
    if not _is_id(key):
        faults.append(_no_id(subject, key, f"send the id of {_SUBJECTS[subject]}"))
    kind = named.get(name) if isinstance(name, str) else None
    if kind is None:
        near = did_you_mean(name, sorted(named)) if isinstance(name, str) else ""
        faults.append(Fault("command", _said(name), "a command", f"{near}name one of its kind"))
        raise InputRefused("command", faults)
    faults += _wrong_in(kind, fields)
    if faults:
        raise InputRefused("command", faults)
    return key, shape_of(kind).value(fields)


def _object(raw: bytes | str, limits: Limits) -> dict[str, Any]:
    try:
        text = (
            raw.encode(errors="surrogatepass") if isinstance(raw, str) else bytes(memoryview(raw))
        )
    except TypeError as error:
        fault = Fault("text", type(raw).__name__, "bytes or text", "give the body as it came")
        raise InputRefused("command", [fault]) from error
    if len(text) > limits.command_bytes:
        raise InputRefused("command", [_too_large(len(text), limits)])
    try:
        fields = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        fault = Fault("text", f"no JSON: {error!s:.80}", "one JSON object", "send one")
        raise InputRefused("command", [fault]) from error
    if not isinstance(fields, dict):
        fault = Fault("text", f"{type(fields).__name__}", "one JSON object", "send one")
        raise InputRefused("command", [fault])
    if _is_deep(fields):
        fault = Fault("text", "deeper ones", f"at most {_DEEPEST} levels", "nest it less")
        raise InputRefused("command", [fault])
    return fields


def _is_deep(fields: dict[str, Any]) -> bool:
    """Tell whether lists and objects are nested deeper than any command's are."""
    level: list[Any] = [fields]
    for _ in range(_DEEPEST + 1):
        holders = [part for part in level if isinstance(part, dict | list)]
        level = [
            inner for one in holders for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(level)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        message = "a field that comes twice"
        raise ValueError(message)
    return fields


@attrs.frozen
class Given:
    """Commands as they are given to a practice: one, or several that belong together.

    Parameters
    ----------
    deeds
        Orders or an account, each with what is asked of it.
    id
        Of all of it.
    by, at
        Who asks, and when.
    texts
        Free texts by their ids.
    digest
        Of what is asked, who asks and the ids of the texts: equal ones for equal commands, whenever
        they are given. The texts themselves stay out: their hash would outlive their erasure.
    """

    deeds: Sequence[tuple[Any, Any]]
    id: CommandId
    by: Actor
    at: Instant
    texts: Mapping[TextId, str] = attrs.field(factory=dict)
    digest: bytes = attrs.field(kw_only=True)

    @digest.default
    def _digest(self) -> bytes:
        content = [
            [order, type(deed).__name__, _lasting(shape_of(type(deed)).fields(deed))]
            for order, deed in self.deeds
        ]
        who = [self.by.id, self.by.role, self.by.site, self.by.team]
        said = [who, content, sorted(self.texts)] if self.texts else [who, content]
        return hashlib.sha256(canonical(said)).digest()


def _lasting(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out when an order is placed: given again, a command is given later."""
    if "request" in fields:
        request = {key: one for key, one in fields["request"].items() if key != "placed_at"}
        return fields | {"request": request}
    return fields


def read_given(  # noqa: PLR0913 - what `Practice.do` takes
    deeds: Iterable[tuple[Any, Any]],
    *,
    id: Any,  # noqa: A002, ANN401 - as it came
    by: Any,  # noqa: ANN401 - as it came
    at: Any,  # noqa: ANN401 - as it came
    texts: Any = (),  # noqa: ANN401 - as it came
    kinds: Collection[type] = COMMANDS,
    limits: Limits,
) -> Given:
    """Take commands as plain data, and make them anew of that, exact in every type.

    Raises
    ------
    InputRefused
        With every fault, whatever the objects are.
    """
    faults: list[Fault] = []
    if not _is_id(id) or str.startswith(id, OWN):
        faults.append(_no_id("id", id, f"give each command an id of its own, not {OWN[0]}..."))
    actor = _made(Actor, by, "by", faults)
    if actor is not None and not is_identifier(actor.id):
        faults.append(_no_id("by.id", actor.id, "say who acts"))
    if type(at) is not int or not 0 <= at <= _LAST:
        faults.append(Fault("at", _said(at), f"0 to {_LAST} ms", "give ms since 1970-01-01T00:00Z"))
    kept = _texts(texts, limits, faults)
    given = list(islice(deeds, limits.orders + 1))
    if len(given) > limits.orders:
        faults.append(Fault("orders", "more", f"at most {limits.orders}", "give some at a time"))
    exact = [(key, _deed(key, deed, kinds, limits, faults)) for key, deed in given[: limits.orders]]
    if faults:
        named = type(given[0][1]).__name__ if given else "none"
        subject = f"command {named:.80}"
        raise InputRefused(subject, faults[:_TOLD])
    return Given(
        [(str.__str__(key), deed) for key, deed in exact if deed is not None],
        CommandId(str.__str__(id)),
        actor,  # type: ignore[arg-type]  # no faults: it is one
        at,
        kept,
    )


def _texts(texts: Any, limits: Limits, faults: list[Fault]) -> dict[TextId, str]:  # noqa: ANN401 - as it came
    try:
        pairs = list(islice(texts.items() if texts else (), limits.texts + 1))
        kept = {str.__str__(key): str.__str__(text) for key, text in pairs}
    except Exception:  # noqa: BLE001 - whatever a wrong value leads to
        faults.append(Fault("texts", type(texts).__name__, "texts by their ids", "give a dict"))
        return {}
    if len(pairs) > limits.texts:
        faults.append(Fault("texts", "more", f"at most {limits.texts}", "give fewer"))
    for key, text in kept.items():
        place = f"text {key:.64}"
        if not is_identifier(key) or key.startswith(CODES):
            faults.append(_no_id(place, key, f"give each text an id of its own, not {CODES}..."))
        if len(text) > limits.text_length:
            found, most = f"{len(text)} characters", f"at most {limits.text_length}"
            faults.append(Fault(place, found, most, "shorten it"))
        elif not _is_storable(text):
            faults.append(Fault(place, "signs that are no text", "UTF-8 without NUL", "clean it"))
    return {TextId(key): text for key, text in kept.items()}


def _deed(
    key: Any,  # noqa: ANN401 - as it came
    deed: Any,  # noqa: ANN401 - as it came
    kinds: Collection[type],
    limits: Limits,
    faults: list[Fault],
) -> Deed | None:
    subject = "order" if kinds is COMMANDS else "subject"
    if not _is_id(key):
        faults.append(_no_id(subject, key, f"give the id of {_SUBJECTS[subject]}"))
    kind = type(deed)
    if kind not in kinds:
        named = f"{kind.__name__:.80}"
        expected = "a command of an order" if kinds is COMMANDS else "a command beside orders"
        faults.append(Fault("command", named, expected, "give one"))
        return None
    exact: Deed | None = _made(kind, deed, "", faults)
    if exact is None:
        return None
    size = len(canonical(shape_of(kind).fields(exact)))
    if size > limits.command_bytes:
        faults.append(_too_large(size, limits))
    if isinstance(exact, PlaceOrder | CollectNeed):
        faults += _wrong_request(key, exact.request, limits)
    if isinstance(exact, CompleteService):
        faults += _wrong_people(exact)
    return exact


def _wrong_people(served: CompleteService) -> Iterator[Fault]:
    for place, one in enumerate(served.served):
        if one.volunteer.startswith(accounts.OWN_ACCOUNTS):
            remedy = f"nobody's begins with {accounts.OWN_ACCOUNTS}"
            yield Fault(f"served[{place}].volunteer", one.volunteer, "a volunteer's number", remedy)
        if one.grade not in {None, 1, 2, 3}:
            yield Fault(f"served[{place}].grade", str(one.grade), "1, 2 or 3", "or leave it out")


def _wrong_request(order: object, request: Request, limits: Limits) -> Iterator[Fault]:
    if request.id != order:
        yield Fault("request.id", _said(request.id), _said(order), "give it the same")
    if request.latest - request.earliest > limits.window:
        days = (request.latest - request.earliest) // DAY
        most = f"at most {limits.window // DAY} days"
        yield Fault("request.latest", f"{days} days after earliest", most, "end it sooner")


def _made(kind: type[T], value: object, place: str, faults: list[Fault]) -> T | None:
    """Make a value anew of its plain data, which nothing of its own can then betray."""
    try:
        if type(value) is not kind:
            raise TypeError  # noqa: TRY301 - told below
        fields = json.loads(json.dumps(_fields(value), default=_foreign))
    except Exception:  # noqa: BLE001 - whatever a wrong value leads to
        found = f"{type(value).__name__:.80}" if type(value) is not kind else "what is no data"
        faults.append(Fault(place or "command", found, kind.__name__, "give one that is whole"))
        return None
    wrong = [_inside(place, fault) for fault in _wrong_in(kind, fields)]
    faults += wrong
    made: T | None = None if wrong else shape_of(kind).value(fields)
    return made


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever somebody gave
    try:
        return dict(shape_of(type(value)).fields(value))
    except Exception:  # noqa: BLE001 - whatever a wrong value leads to; its fields one by one then
        return {field.name: getattr(value, field.name) for field in attrs.fields(type(value))}


def _foreign(value: object) -> dict[str, str]:
    """Stand for what is no data by something that no field takes."""
    return {"": type(value).__name__}


def _inside(place: str, fault: Fault) -> Fault:
    return attrs.evolve(fault, place=f"{place}.{fault.place}") if place else fault


def _wrong_in(kind: type, fields: dict[str, Any]) -> list[Fault]:
    """Give whatever keeps plain data from being a value of a class."""
    wrong = list(_wrong_parts(fields))
    wrong += [Fault(place, said, "", "mend it") for place, said in shape_of(kind).faults(fields)]
    return wrong[:_TOLD]


def _wrong_parts(value: object, place: str = "") -> Iterator[Fault]:
    """Give the numbers that not every reader holds exactly, and the texts that are none."""
    if isinstance(value, int) and abs(value) > _LARGEST:
        found = f"a number of {value.bit_length()} bits"
        yield Fault(place, found, f"at most {_LARGEST}", "give a smaller number")
    elif isinstance(value, str) and not _is_storable(value):
        yield Fault(place, "signs that are no text", "UTF-8 without NUL", "clean it")
    elif isinstance(value, dict):
        for key, part in value.items():
            inside = f"{place}.{key!s:.40}" if place else f"{key!s:.40}"
            yield from _wrong_parts(key, inside)
            yield from _wrong_parts(part, inside)
    elif isinstance(value, list):
        for part in value:
            yield from _wrong_parts(part, place)


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _is_id(found: object) -> bool:
    return isinstance(found, str) and is_identifier(str.__str__(found))


def _said(found: object) -> str:
    """Give what was found, as far as it lets itself be shown."""
    try:
        return f"{found!r:.80}"
    except Exception:  # noqa: BLE001 - whatever a wrong value leads to
        return f"{type(found).__name__:.80}"


def _no_id(place: str, found: object, remedy: str) -> Fault:
    return Fault(place, _said(found), "1 to 64 of A-Za-z0-9._:-", remedy)


def _too_large(size: int, limits: Limits) -> Fault:
    return Fault("command", f"{size} bytes", f"at most {limits.command_bytes}", "send less")
