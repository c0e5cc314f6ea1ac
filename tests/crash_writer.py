"""A writer that is killed: what it writes, and where it dies.

It is a module of its own because a process of its own runs it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from typing import TYPE_CHECKING

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


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def write_until_killed(where: str, begin: int, seed: int, said: Connection) -> None:
    """Give one command after the other, and say each that was answered.

    Depending on the seed it dies at a call, in the middle of a statement, or by whoever started it.
    """
    draw = random.Random(seed)  # noqa: S311 - a place to die
    with open_journal(where) as journal:
        match seed % 3:
            case 0:
                left = draw.randrange(CALLS)

                def counted(frame: FrameType, event: str, _: object) -> None:  # noqa: ARG001 - a profiler
                    nonlocal left
                    left -= 1
                    if left < 0:
                        die()

                sys.setprofile(counted)
            case 1 if isinstance(journal, SqliteJournal):
                left = draw.randrange(STEPS)

                def stepped() -> None:
                    nonlocal left
                    left -= 1
                    if left < 0:
                        die()

                journal.connection.set_progress_handler(stepped, 1)
            case _:
                pass
        said.send(draw.random() * SECONDS)
        for number in range(begin, begin + 10_000):
            give(journal, number)
            said.send(number)
