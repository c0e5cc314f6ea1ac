"""Commands from outside: checked before anything believes them.

Whatever comes in is data and never evaluated; it is bounded in size, exact in every type, and told
back with every fault it has.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from practice_core.errors import Fault, did_you_mean
from practice_core.journal.shapes import Shape, canonical
from practice_core.orders import COMMANDS, Actor, CollectNeed, PlaceOrder
from practice_core.service.contract import InputRefused, Limits
from practice_core.units import DAY, OrderId, is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from practice_core.journal import TextId
    from practice_core.orders import OrderCommand
    from practice_core.units import CommandId, Instant

__all__ = ["Given", "read_command"]

T = TypeVar("T")

_COMMANDS = {command.__name__: command for command in COMMANDS}
_LARGEST = 2**53 - 1
"""What JSON readers hold exactly."""
_LAST: Instant = 253_402_300_799_999
"""The end of the year 9999."""


_SHAPES: dict[type, Shape[Any]] = {}


def _shape(kind: type) -> Shape[Any]:
    found = _SHAPES.get(kind)
    if found is None:
        found = _SHAPES[kind] = Shape(kind)
    return found


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
    order, name = fields.pop("order", None), fields.pop("command", None)
    faults = []
    if not _is_id(order):
        faults.append(_no_id("order", order, "send the id of an order"))
    kind = _COMMANDS.get(name) if isinstance(name, str) else None
    if kind is None:
        near = did_you_mean(name, sorted(_COMMANDS)) if isinstance(name, str) else ""
        faults.append(Fault("command", f"{name!r:.80}", "a command", f"{near}name one of its kind"))
        raise InputRefused("command", faults)
    faults += _wrong_numbers(fields)
    faults += [Fault(place, said, "", "mend it") for place, said in _shape(kind).faults(fields)]
    if faults:
        raise InputRefused("command", faults)
    return OrderId(order), _shape(kind).value(fields)


def _object(raw: bytes | str, limits: Limits) -> dict[str, Any]:
    text = raw.encode(errors="surrogatepass") if isinstance(raw, str) else raw
    if len(text) > limits.command_bytes:
        raise InputRefused("command", [_too_large(len(text), limits)])
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        fault = Fault("text", f"no JSON: {error!s:.80}", "one JSON object", "send one")
        raise InputRefused("command", [fault]) from error
    if not isinstance(fields, dict):
        fault = Fault("text", f"{type(fields).__name__}", "one JSON object", "send one")
        raise InputRefused("command", [fault])
    return fields


@attrs.frozen
class Given:
    """Commands as they are given to a practice: one, or several that belong together.

    Parameters
    ----------
    deeds
        Orders, each with what is asked of it.
    id
        Of all of it.
    by, at
        Who asks, and when.
    texts
        Free texts by their ids.
    """

    deeds: Sequence[tuple[OrderId, OrderCommand]]
    id: CommandId
    by: Actor
    at: Instant
    texts: Mapping[TextId, str]

    @property
    def digest(self) -> bytes:
        """Of what is asked and who asks: equal ones for equal commands, whenever they are given."""
        content = [
            [order, type(deed).__name__, _shape(type(deed)).fields(deed)]
            for order, deed in self.deeds
        ]
        who = [self.by.id, self.by.role, self.by.site, self.by.team]
        return hashlib.sha256(canonical([who, content])).digest()

    def checked(self, limits: Limits) -> Given:
        """Give the same, exact in every type, whoever made the objects.

        Raises
        ------
        InputRefused
            If that is not what was given, or it is out of bounds, with every fault.
        """
        faults = list(self._wrong_around(limits))
        for order, deed in self.deeds:
            if not _is_id(order):
                faults.append(_no_id("order", order, "give the id of an order"))
            faults += _wrong_with(order, deed, limits)
        if faults:
            named = type(self.deeds[0][1]).__name__ if self.deeds else "none"
            subject = f"command {named}"
            raise InputRefused(subject, faults)
        deeds = [(OrderId(str(order)), _exact(deed)) for order, deed in self.deeds]
        return Given(deeds, self.id, _exact(self.by), self.at, dict(self.texts))

    def _wrong_around(self, limits: Limits) -> Iterator[Fault]:
        at, by = self.at, self.by
        if not _is_id(self.id):
            yield _no_id("id", self.id, "give each command an id of its own")
        if not _is_exact(by, Actor) or not is_identifier(by.id):
            yield _no_id("by", getattr(by, "id", by), "say who acts")
        if type(at) is not int or not 0 <= at <= _LAST:
            yield Fault("at", f"{at!r:.40}", f"0 to {_LAST} ms", "give ms since 1970-01-01T00:00Z")
        if len(self.texts) > limits.texts:
            yield Fault("texts", str(len(self.texts)), f"at most {limits.texts}", "give fewer")
        for key, text in self.texts.items():
            said: object = text
            if not isinstance(said, str) or len(said) > limits.text_length:
                found = f"{len(text)} characters" if isinstance(said, str) else type(text).__name__
                most = f"at most {limits.text_length}"
                yield Fault(f"text {key!s:.64}", found, most, "shorten it")


def _wrong_with(order: OrderId, deed: OrderCommand, limits: Limits) -> Iterator[Fault]:
    kind = type(deed)
    if kind not in COMMANDS:
        yield Fault("command", f"{kind.__name__:.80}", "a command of an order", "give one")
        return
    if not _is_exact(deed, kind):
        wrong = _shape(kind).faults(_fields(deed)) or [("value", "fields of other types")]
        for place, said in wrong:
            yield Fault(place, said, "", "mend it")
        return
    fields = _shape(kind).fields(deed)
    size = len(canonical(fields))
    if size > limits.command_bytes:
        yield _too_large(size, limits)
    yield from _wrong_numbers(fields)
    if isinstance(deed, PlaceOrder | CollectNeed):
        request = deed.request
        if request.id != order:
            yield Fault("request.id", f"{request.id!r:.80}", f"{order!r:.80}", "give it the same")
        if request.latest - request.placed_at > limits.window:
            days = (request.latest - request.placed_at) // DAY
            most = f"at most {limits.window // DAY} days"
            yield Fault("request.latest", f"{days} days after", most, "end it sooner")


def _exact(value: T) -> T:
    """Give an equal value with the types its class says: a text for a member is that member."""
    shape = _shape(type(value))
    exact: T = shape.value(shape.fields(value))
    if exact != value:
        raise ValueError
    return exact


def _is_exact(value: object, kind: type) -> bool:
    try:
        return type(value) is kind and _exact(value) == value
    except Exception:  # noqa: BLE001 - whatever a wrong value leads to
        return False


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever somebody gave
    try:
        return dict(_shape(type(value)).fields(value))
    except Exception:  # noqa: BLE001 - whatever a wrong value leads to
        return {name: getattr(value, name, None) for name in type(value).__slots__}


def _wrong_numbers(value: object, place: str = "") -> Iterator[Fault]:
    if isinstance(value, int) and abs(value) > _LARGEST:
        yield Fault(place, f"{value:.3e}", f"at most {_LARGEST}", "give a smaller number")
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _wrong_numbers(part, f"{place}.{key!s:.40}" if place else f"{key!s:.40}")
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _wrong_numbers(part, place)


def _is_id(found: object) -> bool:
    return isinstance(found, str) and is_identifier(found)


def _no_id(place: str, found: object, remedy: str) -> Fault:
    return Fault(place, f"{found!r:.80}", "1 to 64 of A-Za-z0-9._:-", remedy)


def _too_large(size: int, limits: Limits) -> Fault:
    return Fault("command", f"{size} bytes", f"at most {limits.command_bytes}", "send less")
