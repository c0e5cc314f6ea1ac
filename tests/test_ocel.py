"""An export keeps the rules of OCEL 2.0, says what happened, and is read by a process miner."""

from __future__ import annotations

import datetime as dt
import errno
import inspect
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import load_area
from practice_core.dispatch import policy
from practice_core.errors import DefinitionError
from practice_core.hierarchy import Level, Site
from practice_core.journal import CODEC, JournalDamaged, Write, ocel, open_journal, save_ocel
from practice_core.orders import (
    ORDER,
    AbsorbNeed,
    CloseOrder,
    EscalateOrder,
    OfferAccepted,
    OfferMade,
    OrderEvent,
    OrderPlaced,
    OrderState,
    SplitOrder,
    WithdrawReason,
    WithdrawTeam,
)
from practice_core.simulation import load_scenario, run
from practice_core.terms import Category
from practice_core.units import (
    DAY,
    HOUR,
    ActorId,
    CommandId,
    Instant,
    OrderId,
    SiteId,
    TeamId,
    VolunteerId,
    moment,
    value,
)
from practice_core.volunteers import ServiceRecorded, Team, TeamBooked, TeamFreed
from tests.stored_events import REQUEST as FULL
from tests.stored_events import events_of
from tests.telling import (
    ANN,
    BLUE,
    MONDAY,
    OFFICER,
    RED,
    REQUEST,
    accepted,
    awarded,
    member_of,
    offered,
    rated,
    reviewed,
)
from tests.test_snapshots import histories

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from practice_core.journal import Body, Event
    from practice_core.simulation import Run

DESK = ActorId("desk")
LAST = Instant(4_000_000_000_000)
TYPES = {"string": str, "integer": int, "float": float, "boolean": bool, "time": str}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


# ------------------------------------------------------------------ the rules of the standard


def assert_keeps_the_rules(log: Mapping[str, Any]) -> None:
    """Check what the standard asks of its JSON form."""
    assert set(log) == {"objectTypes", "eventTypes", "objects", "events"}
    declared = {key: attributes_of(log[key]) for key in ("eventTypes", "objectTypes")}
    ids = [one["id"] for one in (*log["events"], *log["objects"])]
    assert len(set(ids)) == len(ids)
    objects = {one["id"] for one in log["objects"]}
    for event in log["events"]:
        assert list(event) == ["id", "type", "time", "attributes", "relationships"]
        assert_is_time(event["time"])
        names = assert_fits(event["attributes"], declared["eventTypes"][event["type"]])
        assert len(set(names)) == len(names)
        assert_leads(event["relationships"], objects)
    for one in log["objects"]:
        assert list(one) == ["id", "type", "attributes", "relationships"]
        assert_fits(one["attributes"], declared["objectTypes"][one["type"]])
        for attribute in one["attributes"]:
            assert_is_time(attribute["time"])
        assert_leads(one["relationships"], objects)


def attributes_of(types: Sequence[Body]) -> dict[str, dict[str, str]]:
    found = {}
    for one in types:
        assert list(one) == ["name", "attributes"]
        attributes = {each["name"]: each["type"] for each in one["attributes"]}
        assert len(attributes) == len(one["attributes"])
        assert set(attributes.values()) <= set(TYPES)
        found[one["name"]] = attributes
    assert len(found) == len(types)
    return found


def assert_fits(attributes: Sequence[Body], declared: Mapping[str, str]) -> list[str]:
    for one in attributes:
        assert type(one["value"]) is TYPES[declared[one["name"]]]
        if declared[one["name"]] == "time":
            assert_is_time(str(one["value"]))
    return [one["name"] for one in attributes]


def assert_is_time(text: str) -> None:
    assert TIME.fullmatch(text)
    assert dt.datetime.fromisoformat(text).tzinfo == dt.UTC


def assert_leads(relationships: Sequence[Body], objects: set[str]) -> None:
    pairs = [(one["objectId"], one["qualifier"]) for one in relationships]
    assert len(set(pairs)) == len(pairs)
    assert {name for name, _ in pairs} <= objects
    assert all(qualifier for _, qualifier in pairs)


def of(log: Mapping[str, Any], name: str) -> Body:
    (found,) = [one for one in (*log["events"], *log["objects"]) if one["id"] == name]
    return dict(found)


def links(one: Body) -> set[tuple[str, str]]:
    return {(each["qualifier"], each["objectId"]) for each in one["relationships"]}


def said(one: Body) -> dict[str, Any]:
    return {each["name"]: each["value"] for each in one["attributes"]}


def told(log: Mapping[str, Any], kind: str) -> list[set[tuple[str, str]]]:
    return [links(one) for one in log["events"] if one["type"] == kind]


# ------------------------------------------------------------------ whatever happened


def timely(event: Any) -> Any:  # noqa: ANN401 - an event or a request
    """Give it with instants that a calendar has."""
    hints = {field.name: type(getattr(event, field.name)) for field in attrs.fields(type(event))}
    numbers = {name: getattr(event, name) % LAST for name, hint in hints.items() if hint is int}
    if hasattr(event, "request"):
        numbers["request"] = timely(event.request)
    return attrs.evolve(event, **numbers)


OTHERS = [kind for kind in CODEC.events if not issubclass(kind, OrderEvent)]


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    """Draw what happened to three orders, and beside them to teams and volunteers."""
    events: list[Event] = []
    for key, event in draw(histories()):
        events.append(timely(attrs.evolve(event, order=key)))
        if draw(st.booleans()):
            events.append(timely(draw(events_of(draw(st.sampled_from(OTHERS))))))
    return events


@given(logs())
def test_whatever_happened_the_rules_are_kept_and_every_event_is_there(events: list[Event]) -> None:
    log = ocel(events)
    assert_keeps_the_rules(log)
    assert [one["type"] for one in log["events"]] == [event.kind for event in events]
    assert [one["id"] for one in log["events"]] == [f"event/{n + 1}" for n in range(len(events))]
    for event, body in zip(events, log["events"], strict=True):
        order = getattr(event, "order", None)
        assert order is None or ("order", f"order/{order}") in links(body)
        assert body["time"] == iso(event.at)  # type: ignore[attr-defined]  # as above
    assert json.loads(json.dumps(log)) == log  # nothing but plain data


def iso(at: Instant) -> str:
    return moment(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03}Z"


@given(logs())
def test_the_file_says_what_the_function_gives(events: list[Event]) -> None:
    log = ocel(events, first=5)
    with TemporaryDirectory() as folder:
        file, again = Path(folder) / "log.json", Path(folder) / "again.json"
        counts = save_ocel(file, iter(events), first=5)
        save_ocel(again, events, first=5)
        assert sorted(Path(folder).iterdir()) == [again, file]
        assert file.read_bytes() == again.read_bytes()
        written = json.loads(file.read_bytes())
    assert counts == {"events": len(log["events"]), "objects": len(log["objects"])}
    assert written == log


@pytest.mark.parametrize("kind", CODEC.events, ids=lambda kind: kind.kind)
def test_no_field_of_an_event_is_left_out(kind: type[Event]) -> None:
    types = attributes_of(ocel([])["eventTypes"])[kind.kind]
    names = {"OrderId", "TeamId", "SiteId", "VolunteerId", "AccountId", "Request"}
    names |= {"ItemId", "RedemptionId"}
    for name, hint in hints(kind).items():
        said = hint.removesuffix(" | None")
        if name == "at" or said in names:
            assert name not in types
        elif said == "Instant":
            assert types[name] == "time"
        else:
            scalars = {"int": "integer", "Minutes": "integer", "bool": "boolean"}
            assert types[name] == scalars.get(said, "string")


def hints(kind: type) -> dict[str, str]:
    """Give the types of fields as they are written, which tell an instant from a number."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found |= inspect.get_annotations(base)
    return {name: hint for name, hint in found.items() if name not in {"kind", "schema"}}


# ------------------------------------------------------------------ what happened to an order


def test_an_order_is_what_was_asked_for() -> None:
    log = ocel([OrderPlaced(OrderId("o-7"), FULL.placed_at, DESK, FULL, FULL.latest)])
    order = of(log, "order/o-7")
    assert said(order) == {
        "category": "law",
        "channel": "letter",
        "danger": True,
        "duration": 90,
        "earliest": "2020-03-02T02:00:00.000Z",
        "for_whom": "resident-5",
        "group": "elderly",
        "latest": "2020-03-09T01:00:00.000Z",
        "min_age": 18,
        "needed": 4,
        "placed_at": "2020-03-02T01:00:00.000Z",
        "placed_by": "proxy-3",
        "priority": "urgent",
        "qualifications": "lawyer",
        "requested_time": "evening_weekend",
        "skills": "first aid, 水电",
    }
    assert {one["time"] for one in order["attributes"]} == {"2020-03-02T01:00:00.000Z"}
    assert links(order) == {
        ("site", "site/spot-12"),
        ("host", "team/t-9"),
        ("parent", "order/o-20200302-0016"),
        ("desk", "site/station-2"),
        ("desk", "site/center"),
    }
    assert links(log["events"][0]) == {
        ("order", "order/o-7"),
        ("site", "site/spot-12"),
        ("host", "team/t-9"),
        ("parent", "order/o-20200302-0016"),
        ("holder", "site/station-2"),
    }
    # Of the order that it is a part of nothing else is known.
    assert of(log, "order/o-20200302-0016")["attributes"] == []


def test_an_event_is_related_to_the_team_and_the_desk_that_the_order_had() -> None:
    story = accepted().then(WithdrawTeam(WithdrawReason.ILLNESS), member_of(RED), HOUR)
    log = ocel([*story.then(EscalateOrder(), OFFICER).events])
    assert told(log, "order.offer_made")[0] >= {("team", "team/red"), ("holder", "site/station")}
    (withdrew,) = told(log, "order.team_withdrew")
    assert ("team", "team/red") in withdrew
    (escalated,) = told(log, "order.escalated")
    assert escalated == {("order", "order/o-1"), ("holder", "site/town")}


def test_a_service_is_related_to_the_team_that_gives_it() -> None:
    log = ocel(rated().then(CloseOrder(), OFFICER, 9 * DAY).events)
    for kind in ("service_scheduled", "service_started", "service_completed", "rated", "closed"):
        (found,) = told(log, f"order.{kind}")
        assert ("team", "team/red") in found, kind
    (placed,) = told(log, "order.placed")
    assert not {qualifier for qualifier, _ in placed} & {"team", "host"}


def test_what_a_redo_or_a_split_changes_holds_from_then_on() -> None:
    story = reviewed().then(SplitOrder(OrderId("o-2"), 2), OFFICER, HOUR)
    log = ocel(story.events)
    needed = [one for one in of(log, "order/o-1")["attributes"] if one["name"] == "needed"]
    assert [(one["value"], one["time"]) for one in needed] == [
        (5, iso(MONDAY)),
        (3, iso(MONDAY + HOUR)),
    ]
    assert ("child", "order/o-2") in told(log, "order.split")[0]
    again = rated(1)
    log = ocel(again.events)
    latest = [one for one in of(log, "order/o-1")["attributes"] if one["name"] == "latest"]
    assert [one["value"] for one in latest] == [
        iso(REQUEST.latest),
        iso(again.order.request.latest),
    ]


def test_needs_that_live_on_in_another_order_are_related_to_it() -> None:
    story = reviewed().then(AbsorbNeed(OrderId("o-9")), OFFICER)
    (absorbed,) = told(ocel(story.events), "order.need_absorbed")
    assert ("need", "order/o-9") in absorbed


def test_bookings_records_and_points_are_related_to_teams_and_volunteers() -> None:
    order, ann = OrderId("o-1"), VolunteerId("v-1")
    log = ocel(
        [
            TeamBooked(RED, MONDAY, DESK, order, MONDAY + DAY, MONDAY + DAY + HOUR, 2),
            TeamFreed(RED, MONDAY + 2 * DAY, DESK, order),
            ServiceRecorded(ann, MONDAY + 2 * DAY, DESK, order, 90),
            awarded(ann, order, 15, MONDAY + 2 * DAY),
        ]
    )
    assert_keeps_the_rules(log)
    both = {("order", "order/o-1")}
    assert [links(one) for one in log["events"]] == [
        {("team", "team/red")} | both,
        {("team", "team/red")} | both,
        {("volunteer", "volunteer/v-1")} | both,
        {("account", "volunteer/v-1"), ("volunteer", "volunteer/v-1")} | both,
    ]
    assert said(log["events"][0]) == {
        "by": "desk",
        "start": iso(MONDAY + DAY),
        "end": iso(MONDAY + DAY + HOUR),
        "members": 2,
    }
    assert said(log["events"][2]) == {"by": "desk", "minutes": 90}
    award = said(log["events"][3])
    assert (award["points"], award["lines"], award["rules"]) == (
        15,
        "service_time 90 15",
        "wujiang",
    )
    assert [one["id"] for one in log["objects"]] == ["order/o-1", "team/red", "volunteer/v-1"]


def test_ids_that_are_alike_are_different_objects() -> None:
    same = "7"
    booked = TeamBooked(TeamId(same), 0, DESK, OrderId(same), 0, 1, 2)
    record = ServiceRecorded(VolunteerId(same), 0, DESK, OrderId(same), 1)
    names = [one["id"] for one in ocel([booked, record])["objects"]]
    assert names == ["order/7", "team/7", "volunteer/7"]


# ------------------------------------------------------------------ what is known beforehand

SITES = (
    Site(SiteId("center"), "实践中心", Level.CENTER, None, 120.6, 31.1, synthetic=False),
    Site(SiteId("town"), "松陵", Level.INSTITUTE, SiteId("center"), 120.7, 31.2, synthetic=False),
    Site(SiteId("station"), "水乡", Level.STATION, SiteId("town"), 120.8, 31.3, synthetic=True),
    Site(SiteId("other"), "别处", Level.STATION, SiteId("town"), 120.9, 31.4, synthetic=True),
)


def test_sites_and_teams_are_told_with_what_is_known_of_them() -> None:
    kind = (Category.AID, Category.LAW)
    skilled = frozenset({"cpr"})
    red = Team(RED, SiteId("other"), kind, 9, 2, (3,) * 21, skills=skilled, insured=True)
    blue = attrs.evolve(red, id=BLUE)
    log = ocel(offered(RED).events, sites=SITES[1:], teams=[red, blue])
    assert_keeps_the_rules(log)
    # Not the other team; the center only because the town names it.
    assert [one["id"] for one in log["objects"]] == [
        "order/o-1",
        "site/center",
        "site/station",
        "site/town",
        "team/red",
        "site/other",
    ]
    assert said(of(log, "site/center")) == {}
    station = of(log, "site/station")
    assert station["attributes"] == [
        {"name": name, "time": "1970-01-01T00:00:00.000Z", "value": value}
        for name, value in {
            "lat": 31.3,
            "level": "station",
            "lon": 120.8,
            "name": "水乡",
            "synthetic": True,
        }.items()
    ]
    assert links(station) == {("parent", "site/town")}
    assert links(of(log, "site/town")) == {("parent", "site/center")}
    assert links(of(log, "team/red")) == {("home", "site/other")}
    assert said(of(log, "team/red")) == {
        "categories": "aid, law",
        "guardians": False,
        "insured": True,
        "jobs_per_week": 2,
        "members": 9,
        "skills": "cpr",
        "youngest": 18,
    }


# ------------------------------------------------------------------ what cannot be


def test_events_that_cannot_have_happened_are_told_with_their_number() -> None:
    events = rated().then(CloseOrder(), OFFICER, 9 * DAY).events
    with pytest.raises(DefinitionError, match=r"event/1: order: no edge for OrderReviewed"):
        ocel(events[1:])
    with pytest.raises(DefinitionError, match=r"event/8: .* OfferAccepted in state served"):
        ocel([*events[:7], events[3]])
    again = len(events) + 1
    with pytest.raises(DefinitionError, match=rf"event/{again}: .* OrderPlaced in state closed"):
        ocel([*events, events[0]])
    request = attrs.evolve(REQUEST, route=())
    nowhere = OrderPlaced(REQUEST.id, MONDAY, ANN.id, request, MONDAY + DAY)
    with pytest.raises(DefinitionError, match=r"event/1: order: .* in state without a desk"):
        ocel([nowhere])


@pytest.mark.parametrize("at", [2**60, -(2**60), 253_402_300_800_000])
def test_a_time_that_no_calendar_has_is_told(at: Instant) -> None:
    with pytest.raises(DefinitionError, match=r"event/1: TeamFreed with .* the years 1 to 9999"):
        ocel([TeamFreed(RED, at, DESK, OrderId("o-1"))])


@value
class HallOpened:
    """An event of a platform's own."""

    kind: ClassVar[str] = "hall.opened"
    schema: ClassVar[int] = 1

    hall: SiteId | None
    at: Instant
    seats: int | None
    share: float
    open: bool


@value
class Bell:
    """One that says nothing, not even when."""

    kind: ClassVar[str] = "bell"
    schema: ClassVar[int] = 1


def test_events_of_ones_own_are_told_by_a_codec_that_knows_them() -> None:
    opened = HallOpened(SiteId("hall"), 5, None, 0.5, open=True)
    with pytest.raises(DefinitionError, match=r"event/1: HallOpened; expected an event with"):
        ocel([opened])
    codec = CODEC.adding([HallOpened, Bell])
    log = ocel([opened], codec=codec)
    assert_keeps_the_rules(log)
    assert said(log["events"][0]) == {"share": 0.5, "open": True}
    assert links(log["events"][0]) == {("hall", "site/hall")}
    declared = attributes_of(log["eventTypes"])["hall.opened"]
    assert declared == {"seats": "integer", "share": "float", "open": "boolean"}
    with pytest.raises(DefinitionError, match="event/1: Bell"):
        ocel([Bell()], codec=codec)


# ------------------------------------------------------------------ the file


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def failing() -> Iterator[Event]:
        yield from rated().events
        raise JournalDamaged("a.journal", "a page is gone")

    with pytest.raises(JournalDamaged, match=r"a\.journal: damaged: a page is gone"):
        save_ocel(tmp_path / "log.json", failing())
    with pytest.raises(DefinitionError):
        save_ocel(tmp_path / "log.json", rated().events[3:])
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"log\.json'$"):
        save_ocel(tmp_path / "log.json", rated().events)
    assert (tmp_path / "log.json").read_text(encoding="utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [tmp_path / "log.json"]


def test_a_place_where_no_file_can_be_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"log\.json'$") as missing:
        save_ocel(tmp_path / "nowhere" / "log.json", [])
    assert missing.value.errno == errno.ENOENT


def test_a_text_that_utf_8_cannot_hold_is_escaped(tmp_path: Path) -> None:
    freed = TeamFreed(TeamId("\ud800"), 0, DESK, OrderId("o-1"))
    save_ocel(tmp_path / "log.json", [freed])
    written = json.loads((tmp_path / "log.json").read_bytes())
    assert written == ocel([freed])


SAVED = """
import sys
from practice_core.journal import save_ocel
from tests.telling import rated
save_ocel(sys.argv[1], rated().events)
"""


def test_the_bytes_do_not_depend_on_the_process(tmp_path: Path) -> None:
    written = set()
    for seed in ("1", "2"):
        file = tmp_path / f"{seed}.json"
        subprocess.run(
            [sys.executable, "-c", SAVED, str(file)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
            check=True,
        )
        written.add(file.read_bytes())
    assert len(written) == 1


def test_a_journal_is_told_by_its_positions() -> None:
    with open_journal("memory") as journal:
        for number, event in enumerate(rated().events):
            write = Write("order/o-1", number, (event,))
            journal.append([write], command=CommandId(f"c-{number}"), digest=b"1")
        log = ocel(recorded.event for recorded in journal.read())
        positions = [f"event/{recorded.position}" for recorded in journal.read()]
    assert [one["id"] for one in log["events"]] == positions


# ------------------------------------------------------------------ read by a process miner

WEEK = {"horizon.weeks": 1, "horizon.warmup_weeks": 0}


@pytest.fixture(scope="module")
def week() -> Run:
    """A week of Wujiang, and what becomes of its orders."""
    scenario = load_scenario("wujiang").with_values(WEEK)
    return run(scenario, policy("home_first"), seed=7, replication=0)


@pytest.fixture(scope="module")
def mined(week: Run, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - of a library without types
    """What a process miner makes of the exported week."""
    import pm4py  # noqa: PLC0415 - takes a second, and only these tests need it

    file = tmp_path_factory.mktemp("ocel") / "week.json"
    city = week.tape.city
    save_ocel(file, week.log.events(), sites=city.hierarchy, teams=city.teams)
    assert_keeps_the_rules(json.loads(file.read_bytes()))
    return pm4py.read_ocel2_json(str(file))


def kinds_of(step: Any) -> set[str]:  # noqa: ANN401 - a step of a loop
    """Give the kinds of events that carry a public step out."""
    carried = [rule for rule in ORDER.rules if rule.command.__name__ in step.commands]
    return {event.kind for rule in carried for event in rule.outcomes}  # type: ignore[attr-defined]  # events all


@pytest.mark.slow
def test_a_process_miner_counts_what_the_run_did(week: Run, mined: Any) -> None:  # noqa: ANN401 - as above
    kinds = Counter(event.kind for event in week.log.events())
    assert Counter(mined.events["ocel:activity"]) == kinds
    types = Counter(mined.objects["ocel:type"])
    placed = {event.order for event in week.log.events() if isinstance(event, OrderPlaced)}
    asked = {event.team for event in week.log.events() if isinstance(event, OfferMade)}
    hosts = {order.host for order in requests(week) if order.host is not None}
    assert types["order"] == len(placed) == kinds["order.placed"]
    assert types["team"] == len(asked | hosts)
    assert set(types) == {"order", "site", "team"}
    closed = sum(1 for state in week.final if state is OrderState.CLOSED)
    assert kinds["order.closed"] == closed


def requests(week: Run) -> Iterable[Any]:
    return [event.request for event in week.log.events() if isinstance(event, OrderPlaced)]


@pytest.mark.slow
def test_a_process_miner_finds_the_loop(mined: Any) -> None:  # noqa: ANN401 - as above
    import pm4py  # noqa: PLC0415 - as above

    flat = pm4py.ocel_flattening(mined, "order")
    rated_ones = flat[flat["concept:name"] == "order.rated"]["case:concept:name"]
    arrows, starts, ends = pm4py.discover_dfg(flat[flat["case:concept:name"].isin(rated_ones)])
    assert list(starts) == ["order.placed"]
    assert set(ends) <= {"order.closed", "order.unserved"}
    path = main_path(arrows, "order.placed")
    assert path == [
        "order.placed",
        "order.reviewed",
        "order.offer_made",
        "order.offer_accepted",
        "order.service_scheduled",
        "order.service_started",
        "order.service_completed",
        "order.rated",
        "order.closed",
    ]
    # The public steps come in their order; the simulation does not gather needs before.
    steps = load_area("wujiang").profile.steps
    places = [min(map(path.index, kinds_of(step) & set(path)), default=-1) for step in steps]
    assert places == sorted(places)
    assert places[0] == -1 < places[1]
    # Of all orders, rated or not, most are offered, accepted, served and closed.
    everywhere, _, _ = pm4py.discover_dfg(flat)
    assert main_path(everywhere, "order.placed") == [one for one in path if one != "order.rated"]


def main_path(arrows: Mapping[tuple[str, str], int], first: str) -> list[str]:
    """Follow from each activity the arrow that most orders took."""
    path = [first]
    while onward := [(count, b) for (a, b), count in arrows.items() if a == path[-1]]:
        path.append(max(onward)[1])
        assert len(path) < 20, "it turns in a circle"
    return path


@pytest.mark.slow
def test_a_process_miner_sees_the_week_by_team_too(week: Run, mined: Any) -> None:  # noqa: ANN401 - as above
    import pm4py  # noqa: PLC0415 - as above

    flat = pm4py.ocel_flattening(mined, "team")
    accepted_ones = flat[flat["concept:name"] == "order.offer_accepted"]
    by_team = Counter(event.team for event in week.log.events() if isinstance(event, OfferAccepted))
    found = Counter(name.partition("/")[2] for name in accepted_ones["case:concept:name"])
    assert found == by_team
    homes = {f"team/{team.id}": f"site/{team.home}" for team in week.tape.city.teams}
    related = mined.o2o[mined.o2o["ocel:qualifier"] == "home"]
    pairs = zip(related["ocel:oid"], related["ocel:oid_2"], strict=True)
    assert all(homes[team] == site for team, site in pairs)
