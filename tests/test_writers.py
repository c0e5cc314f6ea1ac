"""Several programs ask practices on one journal as fast as they can, and meet all the time.

The test command lets them race for four seconds on each database, ``make crash`` for thirty.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import psycopg
import pytest

from practice_core.journal import Projected, open_journal, project, verify
from practice_core.service import BOOKS, Done
from tests.practice_writer import Told, race
from tests.serial import Serial, plain
from tests.town import opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from practice_core.units import CommandId
    from tests.town import Asked

multiprocessing.set_forkserver_preload(["tests.practice_writer"])
SECONDS = float(os.environ.get("RACE_SECONDS", "4"))
WRITERS = 3


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "a.journal")
    address: str = request.getfixturevalue("postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA races")
    return f"{address}&options=-csearch_path%3Draces"


def raced(where: str, many: int, seconds: float) -> tuple[int, list[Told]]:
    """Let so many race; give how many conflicts they met, and what they were told."""
    open_journal(where).close()
    context = multiprocessing.get_context("forkserver")
    begun, conflicts, told = time.time() + 0.5, 0, []
    pipes = [context.Pipe(duplex=False) for _ in range(many)]
    writers = [
        context.Process(target=race, args=(where, f"w{n}", begun, seconds, say))
        for n, (_, say) in enumerate(pipes)
    ]
    for writer, (_, say) in zip(writers, pipes, strict=True):
        writer.start()
        say.close()
    for writer, (hear, _) in zip(writers, pipes, strict=True):
        met, all_of_it = hear.recv()  # it ends here with EOFError if the writer failed
        conflicts += met
        told += all_of_it
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * many
    return conflicts, told


def proven(where: str, told: Sequence[Told]) -> Serial:
    """Assert that the journal is what one program would have left that was asked all of it."""
    asked: defaultdict[CommandId, list[Asked]] = defaultdict(list)
    for one in told:
        if one.asked is not None:
            asked[one.asked.id].append(one.asked)
    serial, done = Serial(), answered(told)
    with open_journal(where) as journal:
        assert verify(journal) == ()
        serial.prove(journal, asked)
        for answer in done:
            serial.check_answer(answer)
        assert serial.carried.keys() == {answer.command for answer in done}
        folded = Projected(journal, BOOKS, BOOKS.begin(), 0)
        folded.catch_up()
        serial.check_books(folded.state)
        practice = opened(journal)
        assert plain(practice.books) == plain(folded.state)
        practice.keep()
        assert plain(project(journal, BOOKS).state) == plain(folded.state)
    return serial


def answered(told: Sequence[Told]) -> list[Done]:
    return [answer for one in told for answer in one.answers if isinstance(answer, Done)]


def met(serial: Serial, conflicts: int, told: Sequence[Told]) -> Counter[str]:
    """Count what the programs have met, and assert that they have raced."""
    words = (a if isinstance(a, str) else type(a).__name__ for one in told for a in one.answers)
    found = Counter(words)
    found["conflicts"] = conflicts
    found["given again"] = len(answered(told)) - len(serial.carried)
    found["booked"] = len(serial.before)
    found["accepted before"] = serial.early
    found["commands"] = len(serial.carried)
    missing = [what for what in ("conflicts", "given again", "booked") if not found[what]]
    assert not missing, f"they have not raced: no {missing} in {found}"
    return found


@pytest.mark.slow
def test_programs_that_race_leave_what_one_would_have_left_that_was_asked_it_all(
    where: str,
) -> None:
    conflicts, told = raced(where, WRITERS, SECONDS)
    serial = proven(where, told)
    print(dict(met(serial, conflicts, told)))  # noqa: T201 - figures


@pytest.mark.slow
def test_one_program_alone_has_not_raced(tmp_path: Path) -> None:
    where = str(tmp_path / "a.journal")
    conflicts, told = raced(where, 1, 0.5)
    serial = proven(where, told)
    assert serial.carried
    with pytest.raises(AssertionError, match=r"they have not raced: no .'conflicts'"):
        met(serial, conflicts, told)
