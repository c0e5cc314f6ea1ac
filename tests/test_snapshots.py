"""A snapshot spares folding, and never says anything else than folding would."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import attrs
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.journal import (
    ORDERS,
    KeptSnapshot,
    Memory,
    MemoryJournal,
    Orders,
    Recorded,
    SqliteJournal,
    Write,
    open_journal,
    project,
    snapshots,
    verify,
)
from practice_core.orders import EVENTS, ORDER, Order, OrderState, evolve
from practice_core.units import CommandId, OrderId
from tests.stored_events import event_of, events_of
from tests.test_codec import HALLS, HallOpened

if TYPE_CHECKING:
    from pathlib import Path

    from practice_core.journal import Event, Journal
    from practice_core.orders import OrderEvent

KEYS = tuple(OrderId(f"o-{n}") for n in range(3))


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[OrderId, OrderEvent]]:
    """Draw events of three orders, each lawful where it comes, with anything in their fields."""
    states = dict.fromkeys(KEYS, OrderState.ABSENT)
    history = []
    for _ in range(draw(st.integers(0, 25))):
        key = draw(st.sampled_from(KEYS))
        edges = ORDER.table[states[key]]
        if edges:
            kind = draw(st.sampled_from([one for one in EVENTS if one in edges]))
            states[key] = edges[kind]
            history.append((key, draw(events_of(kind).filter(routed))))
    return history


def routed(event: Event) -> bool:
    """Whether the order it brings has a desk."""
    return not hasattr(event, "request") or bool(event.request.route)


def append(journal: Journal, history: list[tuple[OrderId, OrderEvent]]) -> None:
    begin = journal.head().length
    for n, (key, event) in enumerate(history, begin):
        version = sum(1 for _ in journal.stream(f"order/{key}"))
        write = Write(f"order/{key}", version, (event,))
        journal.append([write], command=CommandId(f"c-{n}"), digest=b"1")


def folded(history: list[tuple[OrderId, OrderEvent]]) -> dict[OrderId, Order]:
    orders: dict[OrderId, Order] = {}
    for key, event in history:
        orders[key] = evolve(orders.get(key), event)
    return orders


@given(histories(), st.data())
def test_a_snapshot_and_what_came_after_equal_all_events_folded(
    history: list[tuple[OrderId, OrderEvent]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(history)))
    looked_at = data.draw(st.sets(st.sampled_from(KEYS)))
    memory = Memory()
    with MemoryJournal(memory) as journal:
        append(journal, history[:cut])
        first = project(journal, ORDERS)
        assert dict(first.state) == folded(history[:cut])
        first.keep()
        append(journal, history[cut:])
        again = project(journal, ORDERS)
        assert again.position == len(history)
        for key in looked_at & again.state.keys():
            assert again.state[key] == folded(history)[key]
        again.keep()
        third = project(MemoryJournal(memory), ORDERS)
        assert dict(third.state) == dict(again.state) == folded(history)
        assert len(third.state) == len(folded(history))
        final = ORDER.final
        under_way = [one for _, one in sorted(folded(history).items()) if one.state not in final]
        assert list(project(journal, ORDERS).state.under_way()) == under_way
        assert first.catch_up() == len(history) - cut
        assert dict(first.state) == folded(history)
        assert first.state.dump() == again.state.dump()


def story(number: int) -> tuple[OrderId, list[OrderEvent]]:
    """The first walk of the lifecycle that closes an order, with the stored events."""
    walk = ORDER.walks()[OrderState.CLOSED]
    return OrderId(f"o-{number}"), [event_of(kind) for kind in walk]


def kept_journal(*, orders: int = 3) -> MemoryJournal:
    journal = MemoryJournal()
    for number in range(orders):
        key, events = story(number)
        write = Write(f"order/{key}", 0, tuple(events))
        journal.append([write], command=CommandId(f"c-{number}"), digest=b"1")
    project(journal, ORDERS).keep()
    return journal


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The positions that were folded."""
    seen: list[int] = []
    apply = Orders.apply

    def counted(self: Orders, recorded: object) -> None:
        seen.append(recorded.position)  # type: ignore[attr-defined]  # a Recorded
        apply(self, recorded)  # type: ignore[arg-type]  # as above

    monkeypatch.setattr(snapshots, "ORDERS", attrs.evolve(ORDERS, apply=counted))
    return seen


def again(journal: Journal) -> Orders:
    return project(journal, snapshots.ORDERS).state


def test_what_a_snapshot_holds_is_not_folded_again(applied: list[int]) -> None:
    with kept_journal() as journal:
        assert len(again(journal)) == 3
        assert applied == []
        key, events = story(9)
        write = Write(f"order/{key}", 0, tuple(events[:1]))
        journal.append([write], command=CommandId("c-9"), digest=b"1")
        assert len(again(journal)) == 4
        assert applied == [journal.head().length]


def test_a_snapshot_of_other_code_is_passed_over(applied: list[int]) -> None:
    with kept_journal() as journal:
        newer = attrs.evolve(snapshots.ORDERS, version=2)
        assert len(project(journal, newer).state) == 3
        assert len(applied) == journal.head().length


@pytest.mark.parametrize("raw", [b"", b"\n", b"x\ny\nz", None])
def test_a_snapshot_of_another_shape_or_damaged_is_passed_over(
    applied: list[int], raw: bytes | None
) -> None:
    with kept_journal() as journal:
        kept = journal.snapshot("orders")
        assert kept is not None
        state = kept.state[:-5] if raw is None else raw
        journal.keep_snapshot(attrs.evolve(kept, state=state))
        assert dict(again(journal)).keys() == {"o-0", "o-1", "o-2"}
        assert len(applied) == journal.head().length


def test_a_snapshot_ahead_of_its_journal_is_passed_over(applied: list[int]) -> None:
    """A journal that was restored from a backup may have other events since."""
    with kept_journal() as journal:
        kept = journal.snapshot("orders")
        assert kept is not None
        del journal.memory.rows[-1]
        assert again(journal)[OrderId("o-2")].state is not OrderState.CLOSED
        assert len(applied) == journal.head().length
        other = KeptSnapshot("orders", 1, attrs.evolve(kept.head, hash=bytes(32)), kept.state)
        journal.keep_snapshot(other)
        applied.clear()
        again(journal)
        assert len(applied) == journal.head().length


def test_events_of_other_things_change_no_order() -> None:
    with MemoryJournal(codec=HALLS) as journal:
        write = Write("area/taicang", 0, (HallOpened("h", 1, 2),))
        journal.append([write], command=CommandId("c-1"), digest=b"1")
        orders = project(journal, ORDERS)
        assert (orders.position, dict(orders.state)) == (1, {})


@given(st.sets(st.integers(0, 500), max_size=60), st.sets(st.integers(0, 500), max_size=20))
def test_an_order_that_has_ended_is_found_among_any_number(
    there: set[int], asked: set[int]
) -> None:
    orders = Orders()
    for number in there:
        key, events = story(number)
        for event in events:
            orders.apply(Recorded(1, f"order/{key}", 1, event, CommandId("c")))
    kept = Orders.load(orders.dump())
    assert len(kept) == len(there)
    assert {key: kept[key] for key in kept} == {key: orders[key] for key in orders}
    for number in asked:
        assert (OrderId(f"o-{number}") in kept) == (number in there)


def test_an_order_that_is_not_there_is_not_there() -> None:
    with kept_journal() as journal:
        orders = project(journal, ORDERS).state
        assert "o-7" not in orders
        assert "o-1" in orders
        with pytest.raises(KeyError):
            orders[OrderId("o-7")]


def test_a_snapshot_lies_beside_the_log_in_every_store(tmp_path: Path, postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA snapshots")
    for where in (tmp_path / "a.journal", f"{postgres}&options=-csearch_path%3Dsnapshots"):
        with open_journal(where) as journal:
            for number in range(4):
                key, events = story(number)
                journal.append(
                    [Write(f"order/{key}", 0, tuple(events))],
                    command=CommandId(f"c-{number}"),
                    digest=b"1",
                )
            before = project(journal, ORDERS)
            before.keep()
        with open_journal(where) as journal:
            after = project(journal, ORDERS)
            assert dict(after.state) == dict(before.state)
            assert len(after.state) == 4
            assert verify(journal) == ()


# ------------------------------------------------------------------ backup


def give(journal: Journal, number: int) -> None:
    key, events = story(number)
    write = Write(f"order/{key}", 0, tuple(events))
    journal.append([write], command=CommandId(f"c-{number}"), digest=b"1")


def test_a_backup_is_the_journal_up_to_a_command(tmp_path: Path) -> None:
    with SqliteJournal(tmp_path / "a.journal") as journal:
        for number in range(5):
            give(journal, number)
        head = journal.backup(tmp_path / "copy.journal")
        give(journal, 5)
        with open_journal(tmp_path / "copy.journal") as copy:
            assert copy.head() == head
            rows = list(journal.rows())
            assert list(copy.rows()) == rows[: head.length]
            assert head.length == len(rows) * 5 // 6
            assert verify(copy) == ()
            give(copy, 5)  # it is a journal like any other
            assert list(copy.rows()) == rows


def test_a_backup_writes_over_nothing_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    with SqliteJournal(tmp_path / "a.journal") as journal:
        give(journal, 0)
        (tmp_path / "copy.journal").write_bytes(b"mine")
        with pytest.raises(FileExistsError):
            journal.backup(tmp_path / "copy.journal")
        assert (tmp_path / "copy.journal").read_bytes() == b"mine"
        with pytest.raises(OSError, match="missing"):
            journal.backup(tmp_path / "missing" / "copy.journal")
        names = {one.name for one in tmp_path.iterdir()}
        assert names == {f"a.journal{end}" for end in ("", "-wal", "-shm")} | {"copy.journal"}


def test_a_backup_needs_no_second_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    with SqliteJournal(tmp_path / "a.journal") as journal:
        give(journal, 0)
        monkeypatch.setattr(os, "link", refused)
        head = journal.backup(tmp_path / "copy.journal")
    with open_journal(tmp_path / "copy.journal") as copy:
        assert copy.head() == head
    assert not list(tmp_path.glob("*.part"))


def test_a_backup_is_one_moment_of_a_journal_that_is_written_to(tmp_path: Path) -> None:
    ended = threading.Event()

    def writing() -> None:
        with SqliteJournal(tmp_path / "a.journal") as journal:
            for number in range(10_000):
                give(journal, number)
                if ended.is_set():
                    break

    with SqliteJournal(tmp_path / "a.journal") as journal:
        writer = threading.Thread(target=writing)
        writer.start()
        heads = [journal.backup(tmp_path / f"copy-{n}.journal") for n in range(5)]
        ended.set()
        writer.join()
        rows = list(journal.rows())
    for n, head in enumerate(heads):
        with open_journal(tmp_path / f"copy-{n}.journal") as copy:
            assert list(copy.rows()) == rows[: head.length]
            assert head.length % len(story(0)[1]) == 0
