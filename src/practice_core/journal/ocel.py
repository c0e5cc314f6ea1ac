"""Events as an object-centric event log: OCEL 2.0 in its JSON form.

The standard is at https://www.ocel-standard.org. Process miners read it: one log that can be looked
at by order, by team, by site or by volunteer.

- An event is named ``event/<number>``, which in a journal is its position; its type is its kind. It
  is related to what its fields name, to the team and the desk that its order then had, and, when it
  brings a request, to where the service is wanted. What else its fields say are its attributes.
- An object is named ``order/<id>``, ``team/<id>``, ``site/<id>``, ``volunteer/<id>``, ``item/<id>``
  or ``redemption/<id>``. An account of points is named as its volunteer is.
- What was asked for are attributes of the order, each with the instant from which it holds: a redo,
  a pause or a split changes some. What is known of sites and teams beforehand holds since 1970, as
  the standard has it. What is not known is left out.
"""

from __future__ import annotations

import enum
import json
import os
from contextlib import suppress
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args, get_origin

import attrs

from practice_core.errors import DefinitionError, Fault, ImpossibleEvent, PracticeError
from practice_core.journal.codec import CODEC
from practice_core.journal.course import Course
from practice_core.journal.files import settle
from practice_core.journal.shapes import iso
from practice_core.orders import Conditions, OrderEvent, Request
from practice_core.units import (
    AccountId,
    ItemId,
    OrderId,
    RedemptionId,
    SiteId,
    TeamId,
    VolunteerId,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from practice_core.hierarchy import Site
    from practice_core.journal.codec import Codec
    from practice_core.journal.contract import Event
    from practice_core.journal.shapes import Body
    from practice_core.orders import Order
    from practice_core.units import Instant
    from practice_core.volunteers import Team

__all__ = ["ocel", "save_ocel"]

Part: TypeAlias = Literal["events", "objects"]
Link: TypeAlias = "tuple[str, str]"
"""The name of an object, and as what it is related."""

_NAMED: Final[Mapping[object, str]] = {
    OrderId: "order",
    TeamId: "team",
    SiteId: "site",
    VolunteerId: "volunteer",
    AccountId: "volunteer",
    ItemId: "item",
    RedemptionId: "redemption",
}
"""Types of objects by the type of the field that names one."""
_SCALARS: Final = {bool: "boolean", int: "integer", float: "float", str: "string"}
_INSTANTS: Final = frozenset(
    {
        "at",
        "due_at",
        "earned",
        "end",
        "expires",
        "latest",
        "missed",
        "shown_until",
        "start",
        "until",
    }
)
"""Fields of events that are instants: to Python they are whole numbers."""
_OBJECT_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "order": {
        "category": "string",
        "channel": "string",
        "danger": "boolean",
        "duration": "integer",
        "earliest": "time",
        "for_whom": "string",
        "group": "string",
        "latest": "time",
        "min_age": "integer",
        "needed": "integer",
        "placed_at": "time",
        "placed_by": "string",
        "priority": "string",
        "qualifications": "string",
        "requested_time": "string",
        "skills": "string",
    },
    "site": {
        "lat": "float",
        "level": "string",
        "lon": "float",
        "name": "string",
        "synthetic": "boolean",
    },
    "team": {
        "categories": "string",
        "guardians": "boolean",
        "insured": "boolean",
        "jobs_per_week": "integer",
        "members": "integer",
        "qualifications": "string",
        "skills": "string",
        "youngest": "integer",
    },
    "volunteer": {},
    "item": {},
    "redemption": {},
}
"""Attributes of objects and their types."""
_CONDITIONS: Final = frozenset(field.name for field in attrs.fields(Conditions))
_NOTHING: Final = frozenset({None, ""})
_ALWAYS: Final = "1970-01-01T00:00:00.000Z"
_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def ocel(
    events: Iterable[Event],
    *,
    sites: Iterable[Site] = (),
    teams: Iterable[Team] = (),
    first: int = 1,
    codec: Codec = CODEC,
) -> dict[str, list[Body]]:
    """Give events as an object-centric event log.

    Parameters
    ----------
    events
        In order, with all events of each order from its first: of a journal,
        ``[recorded.event for recorded in journal.read()]``, or of a run, ``run.log.events()``.
    sites, teams
        What is known of those that the events name, and of the sites above them; others are left
        out.
    first
        The number of the first event.
    codec
        The kinds of events that may occur; for those of one's own, ``CODEC.adding(...)``.

    Returns
    -------
    dict
        ``eventTypes``, ``objectTypes``, ``events`` and ``objects``: plain data.

    Raises
    ------
    DefinitionError
        If an event cannot have happened to its order as the events before have left it, is of no
        kind that the codec knows, or has a time outside the years 1 to 9999.

    Examples
    --------
    >>> from practice_core.volunteers import TeamBooked
    >>> booked = TeamBooked("t-1", 0, "desk", "o-1", start=3_600_000, end=7_200_000, members=5)
    >>> log = ocel([booked])
    >>> for key, value in log["events"][0].items():
    ...     print(key, value)
    id event/1
    type team.booked
    time 1970-01-01T00:00:00.000Z
    attributes [{'name': 'by', 'value': 'desk'},
    {'name': 'start', 'value': '1970-01-01T01:00:00.000Z'},
    {'name': 'end', 'value': '1970-01-01T02:00:00.000Z'},
    {'name': 'members', 'value': 5}]
    relationships [{'objectId': 'team/t-1', 'qualifier': 'team'},
    {'objectId': 'order/o-1', 'qualifier': 'order'}]
    >>> [one["id"] for one in log["objects"]]
    ['order/o-1', 'team/t-1']
    """
    teller = _Teller(sites, teams, codec)
    parts: dict[str, list[Body]] = {**teller.types(), "events": [], "objects": []}
    for part, body in teller.told(events, first):
        parts[part].append(body)
    return parts


def save_ocel(  # noqa: PLR0913 - a file, and what `ocel` takes
    path: str | os.PathLike[str],
    events: Iterable[Event],
    *,
    sites: Iterable[Site] = (),
    teams: Iterable[Team] = (),
    first: int = 1,
    codec: Codec = CODEC,
) -> Mapping[Part, int]:
    """Write what `ocel` gives to a new file, whole or not at all; the same events, the same bytes.

    Events go to the file as they come: kept are only orders under way and the names of objects.

    Parameters
    ----------
    path
        A file that is not there yet.
    events, sites, teams, first, codec
        As `ocel` takes them.

    Returns
    -------
    mapping
        How many events and objects were written.

    Raises
    ------
    DefinitionError
        As `ocel` does.
    OSError
        If the file cannot be written; FileExistsError if something is there.
    """
    target = Path(path)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    teller = _Teller(sites, teams, codec)
    counts: dict[Part, int] = {"events": 0, "objects": 0}
    try:
        with part.open("wb") as file, TemporaryFile(dir=target.parent) as objects:
            places = {"events": file, "objects": objects}
            types = ",\n".join(f'"{key}":{_to_json(each)}' for key, each in teller.types().items())
            file.write(_utf8(f'{{{types},\n"events":['))
            for into, body in teller.told(events, first):
                comma = "," if counts[into] else ""
                places[into].write(_utf8(f"{comma}\n{_to_json(body)}"))
                counts[into] += 1
            file.write(b'\n],\n"objects":[')
            objects.seek(0)
            copyfileobj(objects, file)
            file.write(b"\n]}\n")
        settle(part, target)
    except PracticeError:  # as a journal that can no longer be read, which is an OSError too
        raise
    except OSError as error:
        # It names the file under which it was being written, which nobody asked for.
        raise type(error)(error.errno, error.strerror, os.fspath(target)) from error
    finally:
        with suppress(OSError):  # where none could be made, none is to be removed
            part.unlink()
    return counts


def _utf8(text: str) -> bytes:
    # What UTF-8 cannot hold is escaped as JSON has it.
    return text.encode("utf-8", "backslashreplace")


# ------------------------------------------------------------------ what a class of events holds


@attrs.frozen
class _Form:
    """Which fields of a class of events name objects, and which are attributes.

    Parameters
    ----------
    links
        Name and type of object.
    attributes
        Name and type of value.
    request
        The field that brings a request, if one does.
    """

    links: Sequence[tuple[str, str]]
    attributes: Sequence[tuple[str, str]]
    request: str | None

    @classmethod
    def of(cls, kind: type[Event]) -> _Form:
        """Take it from the fields, whose types the codec has resolved."""
        fields = [(field.name, _bare(field.type)) for field in attrs.fields(kind)]  # type: ignore[arg-type]  # every class of events is made by attrs
        named = [(name, _NAMED[hint]) for name, hint in fields if hint in _NAMED]
        typed = [(name, _typed(name, hint)) for name, hint in fields if name != "at"]
        brought = [name for name, hint in fields if hint is Request]
        return cls(
            named,
            [(name, type_) for name, type_ in typed if type_ is not None],
            brought[0] if brought else None,
        )


def _bare(hint: Any) -> Any:  # noqa: ANN401 - whatever a field is declared as
    """Give a type without the None that it allows."""
    parts = [part for part in get_args(hint) if part is not type(None)]
    return parts[0] if len(parts) == 1 and type(None) in get_args(hint) else hint


def _typed(name: str, hint: Any) -> str | None:  # noqa: ANN401 - as above
    """Give the type of the attribute that a field makes; None if it makes none."""
    if hint in _NAMED:
        return None
    if name in _INSTANTS and hint is int:
        return "time"
    bare = getattr(hint, "__supertype__", hint)
    if isinstance(bare, type) and issubclass(bare, enum.StrEnum):
        return "string"
    return "string" if get_origin(hint) is tuple else _SCALARS.get(bare)


# ------------------------------------------------------------------ what a log tells


class _Teller:
    """Tells events one after the other, and of objects what the events have made known."""

    def __init__(self, sites: Iterable[Site], teams: Iterable[Team], codec: Codec) -> None:
        self._sites = {site.id: site for site in sites}
        self._teams = {team.id: team for team in teams}
        self._forms = {kind: _Form.of(kind) for kind in codec.events}
        self._course = Course()
        self._asked: dict[OrderId, _Asked] = {}
        self._names: set[str] = set()
        self._told: set[str] = set()

    def types(self) -> dict[str, list[Body]]:
        """Declare every type of events and objects, whether or not one occurs."""
        forms = {kind.kind: dict(form.attributes) for kind, form in self._forms.items()}
        declared = {"eventTypes": forms, "objectTypes": _OBJECT_TYPES}
        return {
            key: [
                {"name": name, "attributes": [{"name": k, "type": v} for k, v in each.items()]}
                for name, each in types.items()
            ]
            for key, types in declared.items()
        }

    def told(self, events: Iterable[Event], first: int) -> Iterator[tuple[Part, Body]]:
        """Give each event, and each order where it has ended; then all other objects."""
        for number, event in enumerate(events, first):
            key = f"event/{number}"
            try:
                yield from self._event(key, event)
            except ImpossibleEvent as error:
                remedy = "give all events of each order, from its first"
                raise _refusal(key, str(error), "what can have happened", remedy) from error
            except OverflowError as error:
                found = f"{type(event).__name__} with an instant that no calendar has"
                raise _refusal(key, found, "the years 1 to 9999", "leave it out") from error
        for key in sorted(self._asked):
            yield "objects", self._order(key)
        yield from self._others()

    def _event(self, key: str, event: Event) -> Iterator[tuple[Part, Body]]:
        form = self._forms.get(type(event))
        at: Instant | None = getattr(event, "at", None)
        if form is None or at is None:
            known = "an event with an instant `at`, of a kind that the codec knows"
            raise _refusal(key, type(event).__name__, known, "add it to the codec, or leave it out")
        named = [(getattr(event, name), name, kind) for name, kind in form.links]
        links = [(f"{kind}/{one}", name) for one, name, kind in named if one is not None]
        ended = None
        if isinstance(event, OrderEvent):
            before, after = self._course.follow(event)
            links += _around(before, after)
            if form.request is not None:
                links += _brought(getattr(event, form.request))
            self._hear(event, before, after)
            ended = event.order if event.order in self._course.ended else None
        links = list(dict.fromkeys(links))
        self._names.update([name for name, _ in links])
        attributes = []
        for name, type_ in form.attributes:
            value = getattr(event, name)
            if value is not None:
                value = iso(value) if type_ == "time" else _plain(value)
                attributes.append({"name": name, "value": value})
        yield (
            "events",
            {
                "id": key,
                "type": event.kind,
                "time": iso(at),
                "attributes": attributes,
                "relationships": _linked(links),
            },
        )
        if ended is not None:
            yield "objects", self._order(ended)

    def _hear(self, event: OrderEvent, before: Order | None, after: Order) -> None:
        """Keep what is asked for, and from when."""
        if before is not None and before.request is after.request:
            return
        asked = self._asked.setdefault(event.order, _Asked())
        asked.links += _order_links(after.request)
        told = {} if before is None else _order_attributes(before.request)
        asked.attributes += [
            {"name": name, "time": iso(event.at), "value": value}
            for name, value in _order_attributes(after.request).items()
            if told.get(name) != value
        ]

    def _order(self, key: OrderId) -> Body:
        asked = self._asked.pop(key)
        return self._object(f"order/{key}", asked.attributes, dict.fromkeys(asked.links))

    def _others(self) -> Iterator[tuple[Part, Body]]:
        """Tell of what was only named, and of the sites above: each once, by name."""
        while names := sorted(self._names - self._told):
            for name in names:
                yield "objects", self._known(name)

    def _known(self, name: str) -> Body:
        kind, _, key = name.partition("/")
        values: Body = {}
        links: list[Link] = []
        # Of an order it is known only that others named it.
        if kind == "site" and key in self._sites:
            site = self._sites[SiteId(key)]
            values = {one: _plain(getattr(site, one)) for one in _OBJECT_TYPES[kind]}
            links = [] if site.parent is None else [(f"site/{site.parent}", "parent")]
        elif kind == "team" and key in self._teams:
            team = self._teams[TeamId(key)]
            values = {one: _plain(getattr(team, one)) for one in _OBJECT_TYPES[kind]}
            links = [(f"site/{team.home}", "home")]
        said = [
            {"name": one, "time": _ALWAYS, "value": value}
            for one, value in values.items()
            if value not in _NOTHING
        ]
        return self._object(name, said, links)

    def _object(self, name: str, attributes: list[Body], links: Iterable[Link]) -> Body:
        self._told.add(name)
        links = list(links)
        self._names.update([other for other, _ in links])
        return {
            "id": name,
            "type": name.partition("/")[0],
            "attributes": attributes,
            "relationships": _linked(links),
        }


def _refusal(key: str, found: str, expected: str, remedy: str) -> DefinitionError:
    return DefinitionError("ocel", [Fault(key, found, expected, remedy)])


@attrs.define
class _Asked:
    """What is known of an order under way."""

    attributes: list[Body] = attrs.field(factory=list)
    links: list[Link] = attrs.field(factory=list)


def _around(before: Order | None, after: Order) -> list[Link]:
    """Give whom an order has: its desk, and the team that serves it, or did until now."""
    team = after.team or (before.team if before else None)
    holder = (f"site/{after.holder}", "holder")
    return [holder] if team is None else [(f"team/{team}", "team"), holder]


def _brought(request: Request) -> list[Link]:
    """Give what a request names that the order does not have at all times."""
    host = [] if request.host is None else [(f"team/{request.host}", "host")]
    parent = [] if request.parent is None else [(f"order/{request.parent}", "parent")]
    return [(f"site/{request.site}", "site"), *host, *parent]


def _order_links(request: Request) -> list[Link]:
    return [*_brought(request), *((f"site/{desk}", "desk") for desk in request.route)]


def _order_attributes(request: Request) -> Body:
    values = {name: _of_request(request, name) for name in _OBJECT_TYPES["order"]}
    return {name: value for name, value in values.items() if value not in _NOTHING}


def _of_request(request: Request, name: str) -> Any:  # noqa: ANN401 - one of its fields
    value = getattr(request.conditions if name in _CONDITIONS else request, name)
    return iso(value) if _OBJECT_TYPES["order"][name] == "time" else _plain(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field of any of them
    """Make a text of a member of a closed list, and one of several: an attribute has one value."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, tuple):
        return ", ".join(str(_plain(part)) for part in value)
    if attrs.has(type(value)):
        return " ".join(str(part) for part in attrs.astuple(value))
    return value


def _linked(links: Iterable[Link]) -> list[Body]:
    return [{"objectId": name, "qualifier": qualifier} for name, qualifier in links]
