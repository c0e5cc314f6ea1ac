"""A writer is killed at any point: what was answered is there once, and nothing is there by half.

The test command kills 25 writers of each store; ``make crash`` kills 1,000.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from itertools import groupby
from typing import TYPE_CHECKING

import psycopg
import pytest

from practice_core.journal import Checkpoint, SqliteJournal, UnknownText, open_journal, verify
from tests.crash_writer import events_of, give, texts_of, write_until_killed

if TYPE_CHECKING:
    from pathlib import Path

    from practice_core.journal import Journal

multiprocessing.set_forkserver_preload(["tests.crash_writer"])
CRASHES = int(os.environ.get("CRASHES", "25"))


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "a.journal")
    address: str = request.getfixturevalue("postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crashes")
    return f"{address}&options=-csearch_path%3Dcrashes"


def killed(where: str, begin: int, seed: int) -> int:
    """Let a writer begin with that command, kill it, and give how many it said were answered."""
    context = multiprocessing.get_context("forkserver")
    hear, say = context.Pipe(duplex=False)
    writer = context.Process(target=write_until_killed, args=(where, begin, seed, say))
    writer.start()
    say.close()
    answered = []
    try:
        seconds = hear.recv()
        if seed % 3 == 2 or (seed % 3 == 1 and where.startswith("postgres")):
            time.sleep(seconds)
            writer.kill()
        while True:
            answered.append(hear.recv())
    except EOFError:
        pass
    writer.join()
    assert writer.exitcode == -9
    assert answered == list(range(begin, begin + len(answered)))
    return len(answered)


def whole(journal: Journal, after: int, begin: int) -> int:
    """Assert that commands stand there whole, once and in order; give the number of the next."""
    number = begin
    for command, records in groupby(journal.read(after=after), key=lambda one: one.command):
        found = list(records)
        assert command == f"c-{number}"
        assert len(found) == events_of(number)
        assert len({one.stream for one in found}) == 2
        for key, text in texts_of(number).items():
            assert journal.text(key) == text
        number += 1
    return number


@pytest.mark.parametrize(
    "fault",
    [
        "DELETE FROM events WHERE position = (SELECT max(position) FROM events)",
        "DELETE FROM events WHERE command = 'c-1'",
        "DELETE FROM texts WHERE id = 'note-0'",
        "UPDATE events SET command = 'c-1' WHERE command = 'c-2'",
    ],
)
def test_half_a_command_would_be_found(tmp_path: Path, fault: str) -> None:
    with SqliteJournal(tmp_path / "a.journal") as journal:
        for number in range(3):
            give(journal, number)
        assert whole(journal, 0, 0) == 3
        journal.connection.execute(fault)
        with pytest.raises((AssertionError, UnknownText)):
            whole(journal, 0, 0)


@pytest.mark.slow
def test_what_was_answered_survives_a_kill_and_nothing_is_half_there(where: str) -> None:
    open_journal(where).close()
    number, checked = 0, Checkpoint(0, bytes(32))
    hit = 0
    for seed in range(CRASHES):
        answered = killed(where, number, seed)
        with open_journal(where) as journal:
            there = whole(journal, checked.length, number)
            # The last one may have been carried out and not said, or not been carried out.
            assert there - number in {answered, answered + 1}
            hit += there - number > answered
            assert verify(journal, since=checked) == ()
            number += answered + 1
            before = journal.head().length
            first = give(journal, number - 1)
            assert give(journal, number - 1) == first
            assert first.position_last == journal.head().length
            assert before in {first.position_last, first.position_first - 1}
            assert whole(journal, checked.length, number - answered - 1) == number
            checked = Checkpoint.of(journal)
    with open_journal(where) as journal:
        assert verify(journal) == ()
        assert whole(journal, 0, 0) == number
    print(f"{CRASHES} killed, {number} commands, {hit} carried out and not said")  # noqa: T201 - a figure
