"""Writers that ask a practice one thing after the other: some for a while, some until they die.

It is a module of its own because processes of their own run it.
"""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING, TypeAlias

import attrs

from practice_core.dispatch import policy
from practice_core.journal import CommandReused, Conflict, open_journal
from practice_core.service import ClockWentBack
from practice_core.units import MINUTE
from tests.crash_writer import Death
from tests.meeting import Interrupted
from tests.town import NOON, Asked, Folk, opened

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from practice_core.orders import Refused
    from practice_core.service import Done, Practice
    from practice_core.units import Instant

Answer: TypeAlias = "Done | Refused | str"
"""What was answered; the name of an error if it was one."""

PACE = 3_600
"""In a second of a race an hour passes in the town."""
POLICIES = ("nearest", "waves", "batch", "grab")
CALLS = 80_000
"""Some twenty commands take so many calls."""
STEPS = 4_000
"""So many steps of SQLite's machine."""
SECONDS = 0.12


@attrs.frozen
class Told:
    """What a writer has asked, and what he was answered.

    Parameters
    ----------
    asked
        None if it was a tick, or for a policy to decide.
    answers
        One, or those of all that was done.
    """

    asked: Asked | None
    answers: tuple[Answer, ...]


def race(where: str, name: str, begun: float, seconds: float, say: Connection) -> None:
    """Ask as fast as one can, and say at the end how many conflicts that met and all of it."""
    journal = Interrupted(open_journal(where))
    practice, folk, dice = opened(journal.as_journal()), Folk(name, many=10), Random(name)  # noqa: S311 - dice
    told: list[Told] = []
    while time.time() < begun + seconds:
        at = NOON + max(0, int((time.time() - begun) * 1_000 * PACE))
        told.append(_one_thing(practice, folk, at, dice))
    practice.close()
    say.send((journal.conflicts, told))


def _one_thing(practice: Practice, folk: Folk, at: Instant, dice: Random) -> Told:
    chance = dice.random()
    if chance < 0.03:
        return Told(None, practice.tick(at))
    if chance < 0.06:
        return Told(None, practice.dispatch(policy(dice.choice(POLICIES)), at=at))
    if chance < 0.065:
        practice.keep()
    asked = folk.next(practice.books, at, dice)
    return Told(asked, (answered(practice, asked),))


def answered(practice: Practice, asked: Asked) -> Answer:
    """Ask a practice; an error that it may raise is an answer too."""
    try:
        return asked.of(practice)
    except (ClockWentBack, CommandReused, Conflict) as error:
        return type(error).__name__


def ask_until_killed(where: str, at: Instant, seed: int, say: Connection) -> None:
    """Say what is asked, ask it, and say what was answered, again and again."""
    folk, dice = Folk(f"w{seed}"), Random(seed)  # noqa: S311 - dice
    with open_journal(where) as journal:
        practice = opened(journal)
        death = Death(journal, seed, calls=CALLS, steps=STEPS)
        say.send(dice.random() * SECONDS)
        while True:
            at += dice.randrange(MINUTE)
            asked = folk.next(practice.books, at, dice) if dice.random() < 0.9 else None
            say.send(asked or at)
            with death:
                if asked is not None:
                    answers: tuple[Answer, ...] = (answered(practice, asked),)
                else:
                    answers = practice.tick(at)
                    practice.keep()
            say.send(Told(asked, answers))
