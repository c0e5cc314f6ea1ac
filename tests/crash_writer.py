"""A writer that is killed: what it writes, and where it dies.

It is a module of its own because a process of its own runs it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from typing import TYPE_CHECKING, Any

from practice_core.journal import SqliteJournal, TextId, Write, open_journal
from practice_core.orders import OfferMade, OrderReviewed
from practice_core.units import ActorId, CommandId, OrderId, TeamId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection
    from types import FrameType

    from practice_core.journal import Appended, Journal

CALLS = 4_000
"""Some twenty appends take so many calls."""
STEPS = 6_000
"""So many steps of SQLite's machine."""
SECONDS = 0.04
DESK = ActorId("desk")


def give(journal: Journal, number: int) -> Appended:
    """Give command number so and so, which writes to two streams, and every third a text."""
    events = 1 + number % 7
    order, team = OrderId(f"o-{number}"), TeamId(f"t-{number % 5}")
    version = sum(1 + n % 7 for n in range(number % 5, number, 5))
    writes = [
        Write(f"order/{order}", 0, (OrderReviewed(order, number, DESK, number + 1),)),
        Write(
            f"team/{team}",
            version,
            tuple(OfferMade(order, n, DESK, team, number) for n in range(events)),
        ),
    ]
    return journal.append(
        writes, command=CommandId(f"c-{number}"), digest=b"1", texts=texts_of(number)
    )


def events_of(number: int) -> int:
    return 2 + number % 7


def texts_of(number: int) -> Mapping[TextId, str]:
    return {} if number % 3 else {TextId(f"note-{number}"): f"note of {number}"}


class Death:
    """Where a writer dies: one place of `PLACES` after the other, by the seed.

    At a call, in the middle of a statement (where it can count them, in SQLite), as soon as an
    append was carried out, or by whoever started him. Calls count that are made inside of it.

    Parameters
    ----------
    journal
        His handle.
    seed
        Which of these, and after how many calls, steps or appends.
    calls, steps, appends
        Fewer of them than he is let live.
    """

    def __init__(
        self, journal: Journal, seed: int, *, calls: int, steps: int, appends: int = 20
    ) -> None:
        draw = random.Random(seed)  # noqa: S311 - a place to die
        self.place = place_of(journal.where, seed)  # type: ignore[attr-defined]  # stored somewhere
        self.left = draw.randrange({"call": calls, "step": steps}.get(self.place, appends))
        if self.place == "step" and isinstance(journal, SqliteJournal):
            journal.connection.set_progress_handler(self.come_nearer, 1)
        if self.place == "append":
            self.append = journal.append
            vars(journal)["append"] = self.appended

    def come_nearer(self) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def called(self, frame: FrameType, event: str, _: object) -> None:  # noqa: ARG002 - a profiler
        self.come_nearer()

    def appended(self, *args: Any, **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        answer = self.append(*args, **rest)
        self.come_nearer()
        return answer

    def __enter__(self) -> None:
        if self.place == "call":
            sys.setprofile(self.called)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)


PLACES = ("call", "step", "append", "outside")


def place_of(where: str, seed: int) -> str:
    """Give where a writer on a journal dies."""
    place = PLACES[seed % len(PLACES)]
    return "outside" if place == "step" and where.startswith("postgres") else place


def write_until_killed(where: str, begin: int, seed: int, say: Connection) -> None:
    """Give one command after the other, and say each that was answered."""
    with open_journal(where) as journal:
        say.send(random.Random(seed).random() * SECONDS)  # noqa: S311 - a time to die
        with Death(journal, seed, calls=CALLS, steps=STEPS):
            for number in range(begin, begin + 10_000):
                give(journal, number)
                say.send(number)
