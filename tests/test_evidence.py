"""What was done to a journal behind its back is found, and told apart."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.errors import DefinitionError
from practice_core.journal import (
    GENESIS,
    Checkpoint,
    Finding,
    Memory,
    MemoryJournal,
    Row,
    SqliteJournal,
    Tampering,
    TextId,
    Write,
    link,
    open_journal,
    verify,
)
from practice_core.journal.postgres import PostgresJournal
from practice_core.orders import OrderReviewed
from practice_core.units import ActorId, CommandId, OrderId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from practice_core.journal.stored import StoredJournal

KEY = b"a key that the center keeps elsewhere"
NOTE = TextId("note-1")


def filled(journal: StoredJournal, events: int = 12) -> None:
    """Append so many events, two a command, to three streams, with a text at position 5."""
    for n in range(0, events, 2):
        order = OrderId(f"o-{n % 3}")
        version = sum(one.stream == f"order/{order}" for one in journal.read())
        what = tuple(OrderReviewed(order, n + k, ActorId("desk"), n) for k in range(2))
        journal.append(
            [Write(f"order/{order}", version, what)],
            command=CommandId(f"c-{n}"),
            digest=b"1",
            texts={NOTE: "ring twice"} if n == 4 else {},
        )


def replant(journal: StoredJournal, rows: Sequence[Row]) -> None:
    """Put rows in place of those of a journal, behind its back."""
    if isinstance(journal, MemoryJournal):
        journal.memory.rows[:] = rows
        return
    values = [
        (r.position, r.stream, r.version, r.command, r.body.decode(), r.seals.decode(), r.hash)
        for r in rows
    ]
    if isinstance(journal, SqliteJournal):
        journal.connection.execute("DELETE FROM events")
        journal.connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    elif isinstance(journal, PostgresJournal):
        journal.connection.execute("DELETE FROM journal_events")
        with journal.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO journal_events VALUES (%s, %s, %s, %s, %s, %s, %s)", values
            )


def renumbered(rows: Sequence[Row]) -> list[Row]:
    return [attrs.evolve(row, position=n) for n, row in enumerate(rows, 1)]


def rechained(rows: Sequence[Row], start: int = 1) -> list[Row]:
    """Compute the hashes anew from a position on, as one does who knows the code."""
    chained: list[Row] = []
    for row in rows:
        before = chained[-1].hash if chained else GENESIS
        is_new = row.position >= start
        chained.append(attrs.evolve(row, hash=link(before, row)) if is_new else row)
    return chained


def edited(row: Row, **changed: Any) -> Row:  # noqa: ANN401 - one of its fields
    body = row.body.replace(b'"desk"', b'"thief"')
    return attrs.evolve(row, **({"body": body} | changed))


def swapped(rows: Sequence[Row], a: int, b: int) -> list[Row]:
    """Swap what stands at two positions, from 1."""
    other = list(rows)
    other[a - 1], other[b - 1] = other[b - 1], other[a - 1]
    return renumbered(other)


def stranger(row: Row) -> Row:
    return attrs.evolve(row, stream="order/o-9", version=1, hash=bytes(32))


def told(kind: Tampering, first: int, last: int | None = None) -> list[Finding]:
    return [Finding(kind, first, first if last is None else last)]


E, I, D, R = Tampering.EDITED, Tampering.INSERTED, Tampering.DELETED, Tampering.REORDERED  # noqa: E741 - as their names begin

TAMPERED: dict[str, tuple[Callable[[list[Row]], list[Row]], list[Finding]]] = {
    "body": (lambda r: [*r[:6], edited(r[6]), *r[7:]], told(E, 7)),
    "first": (lambda r: [edited(r[0]), *r[1:]], told(E, 1)),
    "last": (lambda r: [*r[:11], edited(r[11])], told(E, 12)),
    "command": (lambda r: [*r[:6], edited(r[6], command="c-x"), *r[7:]], told(E, 7)),
    "stream": (lambda r: [*r[:6], edited(r[6], stream="order/o-8"), *r[7:]], told(E, 7)),
    "version": (lambda r: [*r[:6], edited(r[6], version=77), *r[7:]], told(E, 7)),
    "seals": (lambda r: [*r[:4], edited(r[4], seals=b""), *r[5:]], told(E, 5)),
    "hash": (lambda r: [*r[:6], attrs.evolve(r[6], hash=bytes(32)), *r[7:]], told(E, 7, 8)),
    "two bodies": (lambda r: [*r[:6], edited(r[6]), edited(r[7]), *r[8:]], told(E, 7, 8)),
    "two places": (
        lambda r: [*r[:2], edited(r[2]), *r[3:8], edited(r[8]), *r[9:]],
        [*told(E, 3), *told(E, 9)],
    ),
    "body and its hash": (
        lambda r: [*r[:6], rechained([*r[:6], edited(r[6])], 7)[6], *r[7:]],
        told(E, 8),  # the seam is behind it
    ),
    "gone": (lambda r: [*r[:6], *r[7:]], told(D, 7)),
    "first gone": (lambda r: r[2:], told(D, 1, 2)),
    "three gone": (lambda r: [*r[:4], *r[7:]], told(D, 5, 7)),
    "last but one gone": (lambda r: [*r[:10], r[11]], told(D, 11)),
    "gone, renumbered": (lambda r: renumbered([*r[:6], *r[7:]]), told(D, 7)),
    "three gone, renumbered": (lambda r: renumbered([*r[:4], *r[7:]]), told(D, 5, 7)),
    "added": (lambda r: renumbered([*r[:6], stranger(r[6]), *r[6:]]), told(I, 7)),
    "two added": (
        lambda r: renumbered([*r[:6], stranger(r[6]), edited(stranger(r[6]), version=2), *r[6:]]),
        told(I, 7, 8),
    ),
    "added and chained": (
        lambda r: renumbered([*rechained(renumbered([*r[:6], stranger(r[6])]), 7), *r[6:]]),
        told(I, 7),
    ),
    "neighbours": (lambda r: swapped(r, 6, 7), told(R, 6)),
    "far apart": (lambda r: swapped(r, 3, 9), told(R, 3, 8)),
    "moved to the front": (lambda r: renumbered([r[8], *r[:8], *r[9:]]), told(R, 1)),
    "moved to the end": (lambda r: renumbered([*r[:2], *r[3:], r[2]]), told(R, 3, 11)),
    "number": (lambda r: [*r[:11], attrs.evolve(r[11], position=20)], told(E, 20)),
    "seals of another form": (lambda r: [*r[:4], edited(r[4], seals=b"["), *r[5:]], told(E, 5)),
    "everything": (lambda r: [edited(row) for row in r], told(E, 1, 12)),
}


@pytest.fixture
def stores(tmp_path: Path, postgres: str, request: pytest.FixtureRequest) -> list[StoredJournal]:
    schema = f"s{abs(hash(request.node.name))}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
    return [
        open_journal("memory"),
        open_journal(tmp_path / "a.journal"),
        open_journal(f"{postgres}&options=-csearch_path%3D{schema}"),
    ]


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_done_to_the_rows_is_told(name: str) -> None:
    tamper, expected = TAMPERED[name]
    with open_journal("memory") as journal:
        filled(journal)
        assert verify(journal) == ()
        replant(journal, tamper(list(journal.rows())))
        assert list(verify(journal)) == expected


def test_on_every_store_it_is_told_alike(stores: list[StoredJournal]) -> None:
    chosen = ("body", "gone", "three gone, renumbered", "added", "far apart")
    for journal in stores:
        filled(journal)
        rows = list(journal.rows())
        before = Checkpoint.of(journal)
        for name in chosen:
            tamper, expected = TAMPERED[name]
            replant(journal, tamper(rows))
            found = [one for one in verify(journal) if one.kind is not Tampering.TRUNCATED]
            assert found == expected, (journal.where, name)
        replant(journal, rows)
        assert verify(journal) == verify(journal, since=before) == ()
        replant(journal, rows[:7])
        assert told(Tampering.TRUNCATED, 8, 12) == list(verify(journal, since=before))
        journal.close()


# ------------------------------------------------------------------ checkpoints


@pytest.mark.parametrize("left", [0, 1, 7, 11])
def test_what_is_cut_off_behind_a_checkpoint_is_told(left: int) -> None:
    with open_journal("memory") as journal:
        filled(journal)
        before = Checkpoint.of(journal)
        replant(journal, list(journal.rows())[:left])
        assert verify(journal) == ()  # a shorter chain is a chain
        assert list(verify(journal, since=before)) == told(Tampering.TRUNCATED, left + 1, 12)


def test_a_chain_that_was_computed_anew_is_told_by_a_checkpoint_only() -> None:
    with open_journal("memory") as journal:
        filled(journal)
        before = Checkpoint.of(journal)
        filled_rows = list(journal.rows())
        forged = rechained([*filled_rows[:6], edited(filled_rows[6]), *filled_rows[7:]], 7)
        replant(journal, forged)
        assert verify(journal) == ()
        assert list(verify(journal, since=before)) == told(Tampering.REWRITTEN, 1, 12)


def test_what_comes_after_a_checkpoint_is_walked_and_what_comes_before_is_not() -> None:
    with open_journal("memory") as journal:
        filled(journal, 6)
        before = Checkpoint.of(journal)
        filled(journal, 0)
        for n in range(6, 12):
            event = OrderReviewed(OrderId("o-7"), n, ActorId("desk"), n)
            write = Write("order/o-7", n - 6, (event,))
            journal.append([write], command=CommandId(f"d-{n}"), digest=b"1")
        rows = list(journal.rows())
        replant(journal, [edited(rows[0]), *rows[1:8], edited(rows[8]), *rows[9:]])
        assert list(verify(journal, since=before)) == told(E, 9)
        assert list(verify(journal)) == [*told(E, 1), *told(E, 9)]


def test_a_row_gone_from_under_its_checkpoint_is_told() -> None:
    with open_journal("memory") as journal:
        filled(journal)
        rows = list(journal.rows())
        replant(journal, [*rows[:5], *rows[6:]])
        assert list(verify(journal, since=Checkpoint(6, rows[5].hash))) == told(D, 6)


def test_a_checkpoint_must_be_signed_with_the_key() -> None:
    with open_journal("memory") as journal:
        filled(journal)
        signed = Checkpoint.of(journal, key=KEY)
        assert signed.is_signed(KEY)
        assert verify(journal, since=signed, key=KEY) == ()
        for forged in (
            Checkpoint.of(journal),
            Checkpoint.of(journal, key=b"another"),
            attrs.evolve(signed, mac=bytes(32)),
        ):
            assert list(verify(journal, since=forged, key=KEY)) == told(Tampering.FORGED, 12)
            assert verify(journal, since=forged) == ()
        shorter = attrs.evolve(signed, length=11)
        assert Tampering.FORGED in {one.kind for one in verify(journal, since=shorter, key=KEY)}


def test_a_checkpoint_of_an_empty_journal_holds_whatever_comes() -> None:
    with open_journal("memory") as journal:
        before = Checkpoint.of(journal, key=KEY)
        assert verify(journal, since=before, key=KEY) == ()
        filled(journal)
        assert verify(journal, since=before, key=KEY) == ()


@pytest.mark.parametrize("key", [None, KEY])
def test_a_checkpoint_comes_back_from_its_file(tmp_path: Path, key: bytes | None) -> None:
    with open_journal("memory") as journal:
        filled(journal)
        taken = Checkpoint.of(journal, key=key)
    taken.save(tmp_path / "checkpoint.json")
    assert Checkpoint.load(tmp_path / "checkpoint.json") == taken
    assert [one.name for one in tmp_path.iterdir()] == ["checkpoint.json"]
    content = json.loads((tmp_path / "checkpoint.json").read_text(encoding="utf-8"))
    assert content["length"] == 12
    assert content["head"] == taken.head.hex()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"length": 1}',
        b'{"length": "1", "head": "%s"}' % (b"0" * 64),
        b'{"length": -1, "head": "%s"}' % (b"0" * 64),
        b'{"length": 1, "head": "00"}',
        b'{"length": 1, "head": "%s", "hmac": 7}' % (b"0" * 64),
        b'{"length": 1, "head": "%s", "more": 7}' % (b"0" * 64),
        b"[" * 4096,
        b" " * 5000 + b'{"length": 1, "head": "%s"}' % (b"0" * 64),
    ],
)
def test_a_file_that_is_no_checkpoint_is_told(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "checkpoint.json").write_bytes(raw)
    with pytest.raises(DefinitionError, match="no checkpoint; expected length, head"):
        Checkpoint.load(tmp_path / "checkpoint.json")


# ------------------------------------------------------------------ texts


def test_an_erased_text_is_nothing_to_tell() -> None:
    with open_journal("memory") as journal:
        filled(journal)
        journal.erase_text(NOTE)
        assert verify(journal) == ()
        assert journal.text(NOTE) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept.update({NOTE: attrs.evolve(kept[NOTE], text="ring thrice")}),
        lambda kept: kept.update({NOTE: attrs.evolve(kept[NOTE], salt=bytes(32))}),
        lambda kept: kept.update({NOTE: attrs.evolve(kept[NOTE], salt=None)}),
        lambda kept: kept.pop(NOTE),
    ],
    ids=["text", "salt", "no salt", "gone"],
)
def test_a_text_that_was_changed_or_removed_is_told(change: Callable[[Any], object]) -> None:
    with MemoryJournal() as journal:
        filled(journal)
        change(journal.memory.kept)
        assert list(verify(journal)) == [Finding(Tampering.TEXT_CHANGED, 5, 5, NOTE)]


# ------------------------------------------------------------------ anything


@st.composite
def tampered(draw: st.DrawFn, rows: list[Row]) -> list[Row]:
    """Change rows in one to three ways, with numbers as they come or all anew."""
    for _ in range(draw(st.integers(1, 3))):
        n = draw(st.integers(0, max(0, len(rows) - 1)))
        m = draw(st.integers(0, max(0, len(rows) - 1)))
        match draw(st.sampled_from(("edit", "delete", "insert", "move"))):
            case "edit" if rows:
                command = draw(st.sampled_from(["c-x", "c-y"]))
                rows = [*rows[:n], edited(rows[n], command=command), *rows[n + 1 :]]
            case "delete":
                rows = rows[:n] + rows[n + 1 :]
            case "insert" if rows:
                rows = [*rows[:n], stranger(rows[m]), *rows[n:]]
            case _ if rows:
                moved = rows[n]
                rest = rows[:n] + rows[n + 1 :]
                rows = [*rest[:m], moved, *rest[m:]]
    return renumbered(rows)


@settings(max_examples=300)
@given(st.integers(0, 8).map(lambda n: 2 * n), st.data())
def test_whatever_is_done_to_rows_is_found_unless_it_only_cuts_the_end(
    events: int, data: st.DataObject
) -> None:
    with open_journal("memory") as journal:
        filled(journal, events)
        rows = list(journal.rows())
        before = Checkpoint.of(journal)
        assert verify(journal) == verify(journal, since=before) == ()
        other = data.draw(tampered(rows))
        replant(journal, other)
        assert bool(verify(journal)) == (other != rows[: len(other)])
        if len(other) < len(rows):
            assert verify(journal, since=before)


@settings(max_examples=60)
@given(st.integers(0, 11), st.integers(0, 11), st.sampled_from([0, 6, 12]))
def test_a_row_that_was_changed_last_does_not_hide_another(a: int, b: int, length: int) -> None:
    memories: defaultdict[str, Memory] = defaultdict(Memory)
    with MemoryJournal(memories["one"]) as journal:
        filled(journal)
        rows = list(journal.rows())
        for n in {a, b}:
            rows[n] = edited(rows[n])
        replant(journal, rows)
        before = Checkpoint(length, [GENESIS, *(row.hash for row in rows)][length])
        told_of = {
            position
            for one in verify(journal, since=before)
            for position in range(one.first, one.last + 1)
        }
        assert told_of == {n + 1 for n in (a, b) if n >= length}


def test_more_seams_than_anybody_reads_are_told_as_one() -> None:
    with open_journal("memory") as journal:
        events = tuple(OrderReviewed(OrderId("o-1"), n, ActorId("desk"), n) for n in range(1_000))
        journal.append([Write("order/o-1", 0, events)], command=CommandId("c"), digest=b"1")
        rows = list(journal.rows())
        replant(journal, [edited(row) if row.position % 3 == 0 else row for row in rows])
        found = verify(journal)
        assert len(found) == 101
        assert found[-1].last == 1_000


def test_a_journal_may_grow_while_it_is_verified() -> None:
    class Growing(MemoryJournal):
        def rows(self, *, after: int = 0, limit: int | None = None) -> Iterator[Row]:
            for row in super().rows(after=after, limit=limit):
                yield row
                if row.position == 3:
                    event = OrderReviewed(OrderId("o-9"), 0, ActorId("desk"), 0)
                    self.append(
                        [Write("order/o-9", 0, (event,))], command=CommandId("late"), digest=b"1"
                    )

    with Growing() as journal:
        filled(journal)
        assert verify(journal) == ()
