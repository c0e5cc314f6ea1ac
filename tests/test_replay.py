"""``practice-core replay`` and ``export``: what they find, what they say, and how they refuse."""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import psycopg
import pytest
from hypothesis import given

from practice_core.cli import main
from practice_core.cli.replaying import KEY
from practice_core.journal import (
    CODEC,
    Checkpoint,
    Credit,
    MemoryJournal,
    Misfit,
    Tampering,
    Write,
    ocel,
    open_journal,
    replay,
    verify,
)
from practice_core.orders import (
    CloseOrder,
    OrderPlaced,
    OrderReviewed,
    OrderState,
    RateOrder,
    Served,
)
from practice_core.units import (
    DAY,
    HOUR,
    ActorId,
    CommandId,
    OrderId,
    SiteId,
    TeamId,
    VolunteerId,
)
from practice_core.volunteers import ServiceRecorded, TeamBooked, TeamFreed
from tests.practising import Days
from tests.telling import ANN, MONDAY, OFFICER, RED, REQUEST, awarded, offered, rated, reviewed
from tests.test_codec import HALLS, HallOpened
from tests.test_snapshots import append, folded, histories

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from practice_core.journal import Event, Journal
    from practice_core.orders import OrderEvent
    from practice_core.terms import Lang
    from tests.telling import Story

Ask: TypeAlias = "Callable[..., tuple[int, str, str]]"

DESK = ActorId("desk")
SECRET = b"kept by the archive"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run the command line; give exit code, standard output, standard error."""
    monkeypatch.delenv(KEY, raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def put(journal: Journal, stream: str, *events: Event) -> None:
    """Append events to a stream, as one command."""
    number = journal.head().length
    write = Write(stream, sum(1 for _ in journal.stream(stream)), events)
    journal.append([write], command=CommandId(f"c-{number}"), digest=b"1")


def tell(journal: Journal, story: Story, order: str = "o-1") -> None:
    """Append what is told of an order, each event as a command of its own."""
    for event in story.events:
        put(journal, f"order/{order}", attrs.evolve(event, order=OrderId(order)))


def closed() -> Story:
    return rated().then(CloseOrder(), OFFICER, 9 * DAY)


def credit(journal: Journal, volunteer: str, minutes: int, points: int) -> None:
    order, ended = OrderId("o-1"), MONDAY + 2 * DAY
    who = VolunteerId(volunteer)
    served = ServiceRecorded(who, ended, DESK, order, minutes)
    put(journal, f"account/{volunteer}", served, awarded(who, order, points, ended))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of two orders, a booking and two volunteers: 18 events."""
    path = tmp_path / "county.journal"
    with open_journal(path) as journal:
        tell(journal, closed())
        tell(journal, offered(RED), "o-2")
        begin = MONDAY + DAY
        booked = TeamBooked(RED, MONDAY, DESK, OrderId("o-1"), begin, begin + HOUR, members=5)
        put(journal, "team/red", booked, TeamFreed(RED, begin + HOUR, DESK, OrderId("o-1")))
        credit(journal, "v-2", 90, 15)
        credit(journal, "v-1", 125, 20)
    return path


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


# ------------------------------------------------------------------ what all events come to


def test_a_replay_says_what_all_events_come_to(path: Path) -> None:
    with open_journal(path) as journal:
        found = replay(journal)
        length = journal.head().length
    told = (*closed().events, *offered(RED).events)
    assert found.is_sound
    assert (found.events, found.commands) == (length, length - 3)
    assert found.orders == {OrderState.OFFERED: 1, OrderState.CLOSED: 1}
    assert (found.first, found.last) == (MONDAY, max(event.at for event in told))
    assert found.teams == 1
    assert found.volunteers == (
        Credit(VolunteerId("v-1"), 125, 20),
        Credit(VolunteerId("v-2"), 90, 15),
    )


def test_an_empty_journal_comes_to_nothing() -> None:
    with open_journal("memory") as journal:
        found = replay(journal)
    assert found.is_sound
    assert (found.events, found.commands, found.first, found.last) == (0, 0, None, None)
    assert (found.orders, found.teams, found.volunteers) == ({}, 0, ())


@given(histories())
def test_orders_are_left_where_folding_leaves_them(
    history: list[tuple[OrderId, OrderEvent]],
) -> None:
    with MemoryJournal() as journal:
        append(journal, [(key, attrs.evolve(event, order=key)) for key, event in history])
        found = replay(journal)
    assert found.is_sound
    assert found.orders == Counter(order.state for order in folded(history).values())
    assert found.events == found.commands == len(history)
    if history:
        instants = [event.at for _, event in history]
        assert (found.first, found.last) == (min(instants), max(instants))


def test_what_a_practice_has_carried_out_replays_and_exports(ask: Ask, tmp_path: Path) -> None:
    path, log = tmp_path / "a.journal", tmp_path / "log.json"
    days = Days(str(path))
    with days.practice:
        days.served("o-1", 90, Served(VolunteerId("v-1"), 90), Served(VolunteerId("v-2"), 60))
        days.do("o-1", RateOrder(5), ANN)
        length, kinds = days.length, Counter(days.kinds)
    code, out, _ = ask("replay", path, "--json")
    found = json.loads(out)
    assert (code, found["events"], found["teams"]) == (0, length, 1)
    assert [(one["volunteer"], one["minutes"]) for one in found["volunteers"]] == [
        ("v-1", 90),
        ("v-2", 60),
    ]
    assert all(one["points"] > 0 for one in found["volunteers"])
    assert ask("export", path, "--ocel", log)[0] == 0
    exported = json.loads(log.read_text(encoding="utf-8"))
    assert Counter(one["type"] for one in exported["events"]) == kinds
    assert kinds["points.awarded"] == kinds["service.recorded"] == 2
    volunteers = [one["id"] for one in exported["objects"] if one["type"] == "volunteer"]
    assert volunteers == ["volunteer/v-1", "volunteer/v-2"]


def test_a_team_that_hosts_is_named_too() -> None:
    request = attrs.evolve(REQUEST, host=TeamId("host"))
    with open_journal("memory") as journal:
        put(journal, "order/o-1", OrderPlaced(REQUEST.id, MONDAY, ANN.id, request, MONDAY + DAY))
        assert replay(journal).teams == 1


# ------------------------------------------------------------------ what cannot be


def misfits(*events: tuple[str, Event]) -> list[tuple[Misfit, int, str, str]]:
    """Append events to streams, whatever they are, and give what does not fit."""
    with MemoryJournal(codec=HALLS) as journal:
        for stream, event in events:
            put(journal, stream, event)
        journal.codec = CODEC  # as of a program that does not know a platform's own events
        assert verify(journal) == ()
        return [(m.kind, m.position, m.stream, m.why) for m in replay(journal).unfolded]


def in_stream(events: Sequence[Event], stream: str = "order/o-1") -> list[tuple[str, Event]]:
    return [(stream, event) for event in events]


def test_an_event_that_cannot_have_happened_is_told_once_a_stream() -> None:
    events = closed().events
    assert misfits(*in_stream(events[1:])) == [
        (
            Misfit.IMPOSSIBLE,
            1,
            "order/o-1",
            "order: no edge for OrderReviewed in state absent",
        )
    ]
    ((kind, position, _, why),) = misfits(*in_stream([*events, events[0]]))
    assert (kind, position) == (Misfit.IMPOSSIBLE, len(events) + 1)
    assert why == "order: no edge for OrderPlaced in state closed"


def test_a_request_that_no_desk_may_hold_is_told() -> None:
    request = attrs.evolve(REQUEST, route=())
    placed = OrderPlaced(REQUEST.id, MONDAY, ANN.id, request, MONDAY + DAY)
    ((kind, position, _, _),) = misfits(*in_stream([placed]))
    assert (kind, position) == (Misfit.IMPOSSIBLE, 1)


def test_an_event_of_another_order_is_told() -> None:
    story = reviewed()
    strange = OrderReviewed(OrderId("o-7"), MONDAY, DESK, MONDAY + DAY)
    assert misfits(*in_stream([story.events[0], strange, story.events[1]])) == [
        (Misfit.MISPLACED, 2, "order/o-1", "an event of order/o-7")
    ]


def test_an_event_of_an_unknown_kind_is_told_once_a_kind() -> None:
    halls = [("area/a", HallOpened("h", n, 40)) for n in range(3)]
    ((kind, position, stream, why),) = misfits(*halls, *in_stream(closed().events))
    assert (kind, position, stream) == (Misfit.UNKNOWN, 1, "area/a")
    assert why.startswith("hall.opened: no such kind of event is known")


def test_what_is_stored_and_no_event_is_told(path: Path, ask: Ask) -> None:
    newer = "replace(body, '\"schema\":1', '\"schema\":2')"
    change(
        path,
        f"UPDATE events SET body = {newer} WHERE position = 2",  # noqa: S608 - written here
        "UPDATE events SET body = '{}' WHERE stream = 'order/o-2'",
    )
    code, out, _ = ask("replay", path, "--json")
    found = json.loads(out)
    assert code == 1
    assert [one["kind"] for one in found["findings"]] == ["edited"] * 2
    # What comes after them cannot fit either, and is not told.
    assert [(one["kind"], one["stream"]) for one in found["unfolded"]] == [
        ("unknown", "order/o-1"),
        ("broken", "order/o-2"),
    ]
    assert found["orders"] == {"placed": 1}


def test_a_number_that_a_stream_cannot_have_is_told(path: Path) -> None:
    change(path, "UPDATE events SET version = 9 WHERE stream = 'team/red' AND version = 2")
    with open_journal(path) as journal:
        (one,) = replay(journal).unfolded
    assert (one.kind, one.stream) == (Misfit.MISPLACED, "team/red")
    assert one.why == "number 9 of its stream, expected 2"


# ------------------------------------------------------------------ replay


def test_a_sound_journal_is_told_with_its_orders_and_volunteers(ask: Ask, path: Path) -> None:
    raw = path.read_bytes()
    code, out, err = ask("replay", path)
    assert (code, err) == (0, "")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0].startswith("18 events of 15 commands, from 2020-04-06T01:00:00.000Z to 2020-")
    assert "teams named: 1; volunteers: 2, with 3:35 h of service and 35 points" in lines
    rows = [line.split() for line in lines]
    for row in (["offered", "1"], ["closed", "1"], ["v-1", "2:05", "20"], ["v-2", "1:30", "15"]):
        assert row in rows
    assert rows.index(["v-1", "2:05", "20"]) < rows.index(["v-2", "1:30", "15"])
    assert lines[-2].startswith("Nothing was found")
    assert "No checkpoint was given" in lines[-1]
    assert path.read_bytes() == raw
    assert list(path.parent.iterdir()) == [path]


def test_a_replay_speaks_chinese(ask: Ask, path: Path) -> None:
    code, out, _ = ask("replay", path, "--lang", "zh")
    assert code == 0
    for words in ("事件 18 条", "已销单", "志愿者", "未发现问题", "没有给出检查点"):
        assert words in out


def test_a_replay_as_data_is_the_same_wherever_the_journal_lies(
    ask: Ask, path: Path, tmp_path: Path
) -> None:
    code, out, err = ask("replay", path, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found == {
        "events": 18,
        "commands": 15,
        "first": "2020-04-06T01:00:00.000Z",
        "last": found["last"],
        "orders": {"offered": 1, "closed": 1},
        "teams": 1,
        "volunteers": [
            {"volunteer": "v-1", "minutes": 125, "points": 20},
            {"volunteer": "v-2", "minutes": 90, "points": 15},
        ],
        "findings": [],
        "unfolded": [],
    }
    (tmp_path / "elsewhere").mkdir()
    moved = path.rename(tmp_path / "elsewhere" / "b.journal")
    assert ask("replay", moved, "--json") == (code, out, err)
    assert out.isascii()


def test_a_journal_without_events_is_sound(ask: Ask, tmp_path: Path) -> None:
    open_journal(tmp_path / "a.journal").close()
    code, out, _ = ask("replay", tmp_path / "a.journal")
    assert (code, out.splitlines()[0]) == (0, "No events.")
    _, out, _ = ask("replay", tmp_path / "a.journal", "--json")
    assert json.loads(out)["first"] is None


def test_many_volunteers_are_counted_and_the_first_are_listed(ask: Ask, tmp_path: Path) -> None:
    with open_journal(tmp_path / "a.journal") as journal:
        for number in range(15):
            credit(journal, f"v-{number}", number, 1)
    _, out, _ = ask("replay", tmp_path / "a.journal")
    lines = [line.split() for line in out.splitlines()]
    assert ["v-3", "0:03", "1"] in lines
    assert ["v-2", "0:02", "1"] not in lines
    assert "and 3 more" in out


def test_an_instant_that_no_calendar_has_is_told_as_a_number(ask: Ask, tmp_path: Path) -> None:
    with open_journal(tmp_path / "a.journal") as journal:
        put(journal, "team/red", TeamFreed(RED, 2**60, DESK, OrderId("o-1")))
    code, out, _ = ask("replay", tmp_path / "a.journal")
    assert code == 0
    assert f"from {2**60} ms to {2**60} ms" in out


def test_what_a_terminal_would_obey_is_escaped(ask: Ask, tmp_path: Path) -> None:
    red = "\x1b[31m"
    with open_journal(tmp_path / "a.journal") as journal:
        who = VolunteerId(f"v{red}")
        put(journal, "account/v", ServiceRecorded(who, MONDAY, DESK, OrderId("o-1"), 5))
        put(journal, "order/o-1", reviewed().events[1])
    strange = "UPDATE events SET stream = 'order/' || char(27) || '[31m' WHERE position = 2"
    change(tmp_path / "a.journal", strange)
    code, out, _ = ask("replay", tmp_path / "a.journal")
    assert code == 1
    assert "\x1b" not in out
    assert r"v\x1b[31m" in out
    assert r"order/\x1b[31m" in out


# ------------------------------------------------------------------ what was tampered with


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE events SET body = replace(body, '90', '91') WHERE position = 7",
            "found: edited: event 7",
        ),
        ("DELETE FROM events WHERE position IN (3, 4)", "found: deleted: events 3 to 4"),
    ],
)
def test_a_journal_that_was_tampered_with_is_told(
    ask: Ask, path: Path, statement: str, said: str
) -> None:
    change(path, statement)
    code, out, err = ask("replay", path)
    assert (code, err) == (1, "")
    assert said in out.splitlines()
    assert "Nothing was found" not in out


def test_a_text_that_was_changed_is_told(ask: Ask, path: Path) -> None:
    with open_journal(path) as journal:
        write = Write("team/blue", 0, (TeamFreed(TeamId("blue"), MONDAY, DESK, OrderId("o-1")),))
        note: Any = "note-1"
        journal.append([write], command=CommandId("c-note"), digest=b"1", texts={note: "ring"})
    assert ask("replay", path)[0] == 0
    change(path, "UPDATE texts SET text = 'knock'")
    code, out, _ = ask("replay", path)
    assert code == 1
    assert "found: free text changed or lost: text note-1 of event 19" in out.splitlines()


def test_findings_are_told_in_chinese_and_as_data(ask: Ask, path: Path) -> None:
    change(path, "DELETE FROM events WHERE position IN (3, 4)")
    _, out, _ = ask("replay", path, "--lang", "zh")
    assert "发现问题：被删除：第 3 至 4 条事件" in out
    assert "发现问题：不在其位：order/o-1 中的第 5 条事件：" in out
    _, out, _ = ask("replay", path, "--json")
    deleted = {"kind": "deleted", "first": 3, "last": 4, "text": None}
    assert json.loads(out)["findings"] == [deleted]


def test_more_misfits_than_anybody_reads_are_counted(ask: Ask, tmp_path: Path) -> None:
    with open_journal(tmp_path / "a.journal") as journal:
        for number in range(14):
            order = OrderId(f"o-{number}")
            put(journal, f"order/{order}", OrderReviewed(order, MONDAY, DESK, MONDAY + DAY))
    code, out, _ = ask("replay", tmp_path / "a.journal")
    assert code == 1
    assert out.count("found: cannot have happened") == 12
    assert "and 2 more" in out
    _, out, _ = ask("replay", tmp_path / "a.journal", "--json")
    assert len(json.loads(out)["unfolded"]) == 14


# ------------------------------------------------------------------ against a checkpoint


@pytest.fixture
def since(path: Path, tmp_path: Path) -> Path:
    """A signed checkpoint of the journal, behind which it has grown."""
    file = tmp_path / "april.json"
    with open_journal(path) as journal:
        Checkpoint.of(journal, key=SECRET).save(file)
        credit(journal, "v-3", 60, 10)
    return file


def test_a_checkpoint_behind_the_end_holds(ask: Ask, path: Path, since: Path) -> None:
    code, out, err = ask("replay", path, "--since", since)
    assert (code, err) == (0, "")
    assert "The first 18 events are those of the checkpoint." in out
    assert "signed, and no key was given" in out
    with open_journal(path) as journal:
        Checkpoint.of(journal).save(since)
    _, out, _ = ask("replay", path, "--since", since)
    assert "The first 20 events are those of the checkpoint." in out
    assert "The checkpoint is not signed." in out


@pytest.mark.parametrize("ends", [b"", b"\n", b"\r\n"])
def test_the_key_comes_from_a_file(
    ask: Ask, path: Path, since: Path, tmp_path: Path, ends: bytes
) -> None:
    (tmp_path / "key").write_bytes(SECRET + ends)
    code, out, _ = ask("replay", path, "--since", since, "--key-file", tmp_path / "key")
    assert code == 0
    assert "The checkpoint is signed with the key." in out
    assert SECRET.decode() not in out


def test_a_key_may_end_as_a_line_does(ask: Ask, path: Path, since: Path, tmp_path: Path) -> None:
    key = SECRET + b"\n"
    (tmp_path / "key").write_bytes(key)
    with open_journal(path) as journal:
        Checkpoint.of(journal, key=key).save(since)
    assert ask("replay", path, "--since", since, "--key-file", tmp_path / "key")[0] == 0


def test_the_key_comes_from_the_environment(
    ask: Ask, path: Path, since: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, SECRET.decode())
    code, out, _ = ask("replay", path, "--since", since)
    assert code == 0
    assert "The checkpoint is signed with the key." in out
    monkeypatch.setenv(KEY, "another")
    code, out, err = ask("replay", path, "--since", since)
    assert (code, err) == (1, "")
    assert "found: checkpoint not signed with this key: event 18" in out
    assert "another" not in out
    assert ask("replay", path)[0] == 0  # without a checkpoint nothing is to be signed


def test_a_journal_that_was_cut_off_is_told_by_a_checkpoint_only(
    ask: Ask, path: Path, since: Path
) -> None:
    change(path, "DELETE FROM events WHERE position > 16")
    code, out, _ = ask("replay", path, "--since", since)
    assert code == 1
    assert "found: cut off at the end: events 17 to 18" in out.splitlines()
    assert ask("replay", path)[0] == 0


def test_a_journal_that_was_written_anew_is_told_by_a_checkpoint_only(
    ask: Ask, path: Path, since: Path
) -> None:
    path.unlink()
    with open_journal(path) as journal:
        for number in range(25):
            credit(journal, f"v-{number}", 60, 10)
    code, out, _ = ask("replay", path, "--since", since)
    assert code == 1
    assert "found: rewritten as a whole: events 1 to 18" in out.splitlines()
    assert ask("replay", path)[0] == 0


def test_what_both_walks_find_is_told_once(path: Path, since: Path) -> None:
    change(path, "UPDATE events SET body = replace(body, '60', '61') WHERE position = 19")
    with open_journal(path) as journal:
        found = replay(journal, since=Checkpoint.load(since), key=SECRET)
    assert [one.kind for one in found.findings] == [Tampering.EDITED]


def test_what_is_wrong_with_a_checkpoint_or_a_key_is_wrong_use(
    ask: Ask, path: Path, since: Path, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(b"\n")
    code, out, err = ask("replay", path, "--key-file", tmp_path / "key")
    assert (code, out) == (2, "")
    assert "--key-file: without --since; expected a checkpoint; add --since" in err
    assert "is empty; expected a key" in err
    for wrong in (tmp_path / "none", path):
        code, out, err = ask("replay", path, "--since", wrong)
        assert (code, out) == (2, "")
        assert wrong.name in err
    assert ask("replay", path, "--since", since, "--key-file", tmp_path / "none")[0] == 2


# ------------------------------------------------------------------ what is no journal

COMMANDS = ("replay", "export")


def asked(command: str, journal: object, folder: Path) -> list[object]:
    return [command, journal, *(["--ocel", folder / "log.json"] if command == "export" else [])]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["none.journal", "none/none.journal", "memory", "."])
def test_a_journal_that_is_not_there_is_not_made(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = ask(*asked(command, name, tmp_path))
    assert (code, out) == (2, "")
    assert err.startswith(f"practice-core: {name}: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("raw", [b"", b"id,name\n" * 99, b"SQLite format 3\0" + b"\1" * 2000])
def test_a_file_of_another_kind_is_left_as_it_is(
    ask: Ask, tmp_path: Path, command: str, raw: bytes
) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(raw)
    code, out, err = ask(*asked(command, file, tmp_path))
    assert (code, out) == (2, "")
    assert "table.csv: not a journal: " in err
    assert file.read_bytes() == raw
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_newer_journal_is_told(ask: Ask, path: Path, command: str) -> None:
    change(path, "PRAGMA user_version = 99")
    code, out, err = ask(*asked(command, path, path.parent))
    assert (code, out) == (2, "")
    assert "a newer journal than this program knows" in err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_journal_of_which_half_is_gone_is_told(ask: Ask, path: Path, command: str) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    code, _, err = ask(*asked(command, path, path.parent))
    assert code == 2
    assert "county.journal: damaged: " in err


def test_whatever_is_damaged_is_told_without_a_traceback(ask: Ask, path: Path) -> None:
    raw, draw = path.read_bytes(), random.Random(5)  # noqa: S311 - which bytes to break
    for _ in range(120):
        broken = bytearray(raw)
        for place in draw.sample(range(len(raw)), draw.choice([1, 1, 3, 30])):
            broken[place] = draw.randrange(256)
        path.write_bytes(broken)
        code, out, err = ask("replay", path)
        assert (code in {0, 1} and not err) or (code == 2 and not out and err)
        code, _, err = ask("export", path, "--ocel", path.with_name("log.json"))
        assert code in {0, 2}
        assert path.with_name("log.json").exists() == (code == 0)
        for left in path.parent.iterdir():
            left.unlink()


# ------------------------------------------------------------------ PostgreSQL


@pytest.fixture
def address(postgres: str) -> str:
    """The address of a journal with one order, in a schema of its own."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA replayed")
    address = f"{postgres}&options=-csearch_path%3Dreplayed"
    with open_journal(address) as journal:
        tell(journal, closed())
    return address


def test_a_journal_in_postgresql_is_replayed_and_exported(
    ask: Ask, address: str, tmp_path: Path
) -> None:
    code, out, err = ask("replay", address, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["orders"] == {"closed": 1}
    code, _, err = ask("export", address, "--ocel", tmp_path / "log.json")
    assert (code, err) == (0, "")
    written = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    assert written == ocel(closed().events)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("rest", ["ann:sesame@127.0.0.1:1/county", "ann:open/sesame@h/county"])
def test_the_password_of_an_address_is_never_printed(
    ask: Ask, tmp_path: Path, command: str, rest: str
) -> None:
    code, out, err = ask(*asked(command, f"postgresql://{rest}", tmp_path))
    assert (code, out) == (2, "")
    assert "cannot be reached" in err
    assert "sesame" not in err


@pytest.mark.parametrize("command", COMMANDS)
def test_postgresql_without_its_library_says_what_to_install(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "practice_core.journal.postgres", raising=False)
    code, out, err = ask(*asked(command, "postgresql://ann:sesame@host/county", tmp_path))
    assert (code, out) == (2, "")
    assert "pip install 'practice-core[postgres]'" in err
    assert "sesame" not in err


# ------------------------------------------------------------------ export


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_export_is_the_log_of_all_events(ask: Ask, path: Path, lang: Lang) -> None:
    file, raw = path.with_name("log.json"), path.read_bytes()
    code, out, err = ask("export", path, "--ocel", file, "--lang", lang)
    assert (code, err) == (0, "")
    with open_journal(path) as journal:
        log = ocel(recorded.event for recorded in journal.read())
    assert json.loads(file.read_text(encoding="utf-8")) == log
    assert str(len(log["events"])) in out
    assert str(len(log["objects"])) in out
    assert str(file) in out
    assert path.read_bytes() == raw


def test_an_export_may_name_the_sites_of_an_area(ask: Ask, tmp_path: Path) -> None:
    request = attrs.evolve(REQUEST, site=SiteId("wj-s001"), route=(SiteId("wj"),))
    with open_journal(tmp_path / "a.journal") as journal:
        put(journal, "order/o-1", OrderPlaced(REQUEST.id, MONDAY, ANN.id, request, MONDAY + DAY))
    file = tmp_path / "log.json"
    code, _, err = ask("export", tmp_path / "a.journal", "--ocel", file, "--area", "wujiang")
    assert (code, err) == (0, "")
    objects = json.loads(file.read_text(encoding="utf-8"))["objects"]
    (center,) = [one for one in objects if one["id"] == "site/wj"]
    assert {"name": "name", "time": "1970-01-01T00:00:00.000Z", "value": "实践中心"} in center[
        "attributes"
    ]
    code, _, err = ask("export", tmp_path / "a.journal", "--ocel", tmp_path / "b", "--area", "wj")
    assert code == 2
    assert "no area" in err


def test_an_export_replaces_nothing(ask: Ask, path: Path) -> None:
    file = path.with_name("log.json")
    file.write_text("mine", encoding="utf-8")
    code, out, err = ask("export", path, "--ocel", file)
    assert (code, out) == (2, "")
    assert "log.json exists; expected a new file; name another or remove it" in err
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_journal_that_cannot_have_happened_is_not_exported(ask: Ask, path: Path) -> None:
    change(path, "DELETE FROM events WHERE position = 2")
    code, out, err = ask("export", path, "--ocel", path.with_name("log.json"))
    assert (code, out) == (2, "")
    assert "event/2: order: no edge for OfferMade in state placed" in err
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("file", ["none/log.json", "log.json/log.json"])
def test_a_place_where_no_file_can_be_is_told(ask: Ask, path: Path, file: str) -> None:
    target = path.parent / file
    if target.parent.name == "log.json":
        target.parent.touch()
    code, _, err = ask("export", path, "--ocel", target)
    assert code == 2
    assert f"{target}'" in err
    assert ".part" not in err


def test_what_to_write_must_be_said(ask: Ask, path: Path) -> None:
    code, out, err = ask("export", path)
    assert (code, out) == (2, "")
    assert "--ocel" in err
