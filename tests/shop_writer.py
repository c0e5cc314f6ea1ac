"""A counter in a process of its own that asks for the last piece of one item after the other.

It is a module of its own because processes of their own run it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import attrs

from practice_core.journal import open_journal
from practice_core.lifecycle import Refused
from practice_core.service import Practice
from practice_core.units import AccountId, CommandId
from tests.banking import RULES, person, redeem
from tests.meeting import Interrupted
from tests.practising import AREA, SITES, TEAMS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from practice_core.journal import Journal
    from practice_core.units import Instant


def counter(journal: Journal) -> Practice:
    """Open a practice in which everything can happen."""
    area = attrs.evolve(AREA, rules=RULES)
    return Practice.open(journal, area, hierarchy=SITES, teams=TEAMS)


def ask_for_the_last(
    where: str, name: str, items: Sequence[str], at: Instant, both: Connection
) -> None:
    """Ask for each item at the instant that is told, and say the answer; and conflicts at last."""
    journal = Interrupted(open_journal(where))
    practice = counter(journal.as_journal())
    practice.catch_up()
    for place, item in enumerate(items):
        both.send("ready")
        begun: float = both.recv()
        while time.time() < begun:
            pass
        answer = practice.transact(
            AccountId(name),
            redeem(f"r-{name}-{place}", item),
            id=CommandId(f"t-{name}-{place}"),
            by=person(name),
            at=at,
        )
        both.send(answer.reason.value if isinstance(answer, Refused) else "redeemed")
    both.send(journal.conflicts)
    practice.close()
