"""A writer is killed at any point: what was answered is there once, and nothing is there by half.

The test command kills 25 writers of each store, and 25 and 8 more that ask a practice; ``make
crash`` kills 1,000, and 1,000 and 333 more.
"""

from __future__ import annotations

import copy
import multiprocessing
import os
import shutil
import time
from collections import defaultdict
from itertools import groupby
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from practice_core.journal import (
    Checkpoint,
    Projected,
    SqliteJournal,
    UnknownText,
    open_journal,
    project,
    verify,
)
from practice_core.orders import Refused
from practice_core.service import BOOKS, Done
from practice_core.units import MINUTE
from tests.crash_writer import (
    events_of,
    give,
    place_of,
    texts_of,
    write_until_killed,
)
from tests.practice_writer import Told, answered, ask_until_killed
from tests.serial import Serial, plain
from tests.town import NOON, VOLUNTEERS, Asked, Folk, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from practice_core.journal import Journal
    from practice_core.service import Practice
    from practice_core.units import CommandId

multiprocessing.set_forkserver_preload(["tests.practice_writer"])
CRASHES = int(os.environ.get("CRASHES", "25"))


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "a.journal")
    address: str = request.getfixturevalue("postgres")
    schema = f"s{abs(hash(request.node.name))}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
    return f"{address}&options=-csearch_path%3D{schema}"


def killed(where: str, write: Callable[..., None], begin: int, seed: int) -> list[Any]:
    """Let a writer begin there, kill it, and give all that it said."""
    context = multiprocessing.get_context("forkserver")
    hear, say = context.Pipe(duplex=False)
    writer = context.Process(target=write, args=(where, begin, seed, say))
    writer.start()
    say.close()
    said: list[Any] = []
    try:
        ends = time.monotonic() + hear.recv()
        if place_of(where, seed) == "outside":
            while hear.poll(max(0, ends - time.monotonic())) and time.monotonic() < ends:
                said.append(hear.recv())
            writer.kill()
        while True:
            said.append(hear.recv())
    except EOFError:
        pass
    writer.join()
    assert writer.exitcode == -9
    return said


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
        said = killed(where, write_until_killed, number, seed)
        answered = len(said)
        assert said == list(range(number, number + answered))
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


# ------------------------------------------------------------------ those who ask a practice


class Campaign:
    """What was asked of a practice and what it answered, from one death to the next."""

    def __init__(self) -> None:
        self.serial = Serial()
        self.asked: defaultdict[CommandId, list[Asked]] = defaultdict(list)
        self.answers: list[Done] = []
        self.at = NOON
        self.last: Asked | None = None

    def begin(self, practice: Practice, commands: int) -> None:
        """Let the town be busy before anybody dies."""
        folk, dice = Folk("begin"), Random("begin")  # noqa: S311 - dice
        for _ in range(commands):
            asked = folk.next(practice.books, self.at + dice.randrange(MINUTE), dice)
            self.hear([asked, Told(asked, (answered(practice, asked),))])

    def hear(self, said: Sequence[Asked | int | Told]) -> None:
        """Take down what was said; what was asked last and not answered is `last`, or a tick."""
        self.last = None
        for one in said:
            if isinstance(one, Told):
                self.last = None
                self.answers += [answer for answer in one.answers if isinstance(answer, Done)]
            elif isinstance(one, Asked):
                self.at, self.last = one.at, one
                self.asked[one.id].append(one)
            else:
                self.at = one

    def check(self, journal: Journal) -> int:
        """Assert that what is there is whole and was answered; give how much was not.

        That can only be what was asked last, or what the last tick has done.
        """
        before = set(self.serial.carried)
        self.serial.prove(journal, self.asked)
        for done in self.answers:
            self.serial.check_answer(done)
        left = self.serial.carried.keys() - before - {done.command for done in self.answers}
        last = {self.last.id} if self.last else {one for one in left if one.startswith("clock:")}
        assert left <= last, f"{left - last} are there, and nobody asked for them at the end"
        self.answers.clear()
        return len(left)

    def ask_again(self, practice: Practice) -> None:
        """Assert that what was asked last is done once, however often it is asked now."""
        asked = self.last
        if asked is None:
            self.answers += practice.tick(self.at)
            assert practice.tick(self.at) == ()
            return
        position, known = self.serial.position, self.serial.carried.get(asked.id)
        lawful = not isinstance(self.serial.answer(asked), Refused | str)
        is_done = lawful if known is None else known.asked.same(asked)
        first = answered(practice, asked)
        assert isinstance(first, Done) == is_done, f"{asked} was answered {first} afterwards"
        assert answered(practice, asked) == first, f"{asked} was answered in two ways"
        self.serial.prove(practice.journal, self.asked)
        assert known is None or self.serial.position == position, f"{asked} was done twice"
        self.answers += [first] if isinstance(first, Done) else []


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Campaign]:
    """The journal of some hours of the town, with what was asked and answered."""
    path, campaign = tmp_path_factory.mktemp("lived") / "a.journal", Campaign()
    with SqliteJournal(path) as journal:
        practice = opened(journal)
        campaign.begin(practice, 600)
        assert any(practice.books.account(who).points for who in VOLUNTEERS)
        copy.deepcopy(campaign).check(journal)
    return path, campaign


LATER = "position > (SELECT position_last FROM commands ORDER BY position_last LIMIT 1 OFFSET 40)"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("DELETE FROM events WHERE body LIKE '%team.booked%'", "the teams are booked for"),
        ("DELETE FROM events WHERE body LIKE '%team.freed%'", "the teams are booked for"),
        ("DELETE FROM events WHERE body LIKE '%points.awarded%'", "for a service of"),
        ("DELETE FROM events WHERE body LIKE '%service.recorded%'", "for a service of"),
        ("DELETE FROM events WHERE body LIKE '%service_scheduled%'", "has written nothing of"),
        ("DELETE FROM events WHERE body LIKE '%order.reviewed%'", "is not what the law gives"),
        (f"UPDATE events SET command = 'begin-1' WHERE {LATER}", "was carried out twice"),  # noqa: S608 - written here
        (f"DELETE FROM events WHERE {LATER}", "was answered, and is not there"),  # noqa: S608 - as above
    ],
)
def test_half_a_command_of_a_practice_would_be_found(
    tmp_path: Path, lived: tuple[Path, Campaign], fault: str, said: str
) -> None:
    path, campaign = lived
    shutil.copy(path, tmp_path / "a.journal")
    with SqliteJournal(tmp_path / "a.journal") as journal:
        journal.connection.execute(fault)
        with pytest.raises(AssertionError, match=said):
            copy.deepcopy(campaign).check(journal)


@pytest.mark.slow
def test_a_practice_that_is_killed_has_done_what_it_answered_and_nothing_by_half(
    where: str,
) -> None:
    campaign, hit = Campaign(), 0
    with open_journal(where) as journal:
        campaign.begin(opened(journal), 60)
        campaign.check(journal)
    begun = len(campaign.serial.carried), len(campaign.serial.before)
    kills = CRASHES // 3 if where.startswith("postgres") else CRASHES
    for seed in range(kills):
        campaign.hear(killed(where, ask_until_killed, campaign.at, seed))
        with open_journal(where) as journal:
            hit += campaign.check(journal)
            practice = opened(journal)
            if not seed % 8:
                campaign.serial.check_books(practice.books)
            campaign.ask_again(practice)
            campaign.check(journal)
    with open_journal(where) as journal:
        assert verify(journal) == ()
        folded = Projected(journal, BOOKS, BOOKS.begin(), 0)
        folded.catch_up()
        assert plain(project(journal, BOOKS).state) == plain(folded.state)
    commands = len(campaign.serial.carried) - begun[0]
    times = len(campaign.serial.before) - begun[1]
    assert times, "nobody was booked"
    print(f"{kills} killed, {commands} commands, {hit} carried out and not said, {times} bookings")  # noqa: T201 - a figure
