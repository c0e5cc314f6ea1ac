"""How fast a practice is here: ``python tests/benchmarks/practice.py [--events N] [--orders N]``.

Figures, not assertions: single commands through `Practice.do` on SQLite with full synchronisation,
each one authorised, decided, looked up and appended; and how soon a journal of a million events
opens and answers, from its snapshot.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from practice_core import Actor, Role, load_area
from practice_core.journal import Write, open_journal, project
from practice_core.orders import (
    AcceptOffer,
    CompleteService,
    OfferOrder,
    PlaceOrder,
    RateOrder,
    Request,
    RequestedTime,
    ReviewOrder,
    ScheduleService,
    Served,
    StartService,
)
from practice_core.service import BOOKS, Done, Limits, Practice
from practice_core.terms import Category
from practice_core.units import (
    DAY,
    HOUR,
    MINUTE,
    ActorId,
    CommandId,
    OrderId,
    SiteId,
    TeamId,
    VolunteerId,
)
from practice_core.volunteers import Team

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from practice_core.journal import Event, Journal
    from practice_core.orders import OrderCommand
    from practice_core.units import Instant

BEGIN: Instant = 1_583_110_800_000
AREA = load_area("wujiang")
HOME = SiteId("wj-s001")
SITES = AREA.hierarchy()
RED = Team(TeamId("red"), HOME, (Category.AID,), 40, 7, (40,) * 21)
OFFICER = Actor(ActorId("desk"), Role.OFFICER, site=SITES.root.id)
MEMBER = Actor(ActorId("member"), Role.TEAM, team=RED.id)
WHO = tuple(Served(VolunteerId(f"v-{n}"), 90) for n in range(3))
FREE = Limits(commands_a_minute=10**9, open_orders=10**9)


def opened(journal: Journal | Path | str) -> Practice:
    return Practice.open(journal, AREA, hierarchy=SITES, teams=[RED], limits=FREE)


def life(number: int) -> Iterator[tuple[OrderCommand, Actor, Instant]]:
    """Give the commands of an order that nothing goes wrong with, each at its time."""
    resident = Actor(ActorId(f"resident-{number % 50_000}"), Role.REQUESTER)
    at = BEGIN + number * 3 * HOUR
    wanted = Request(
        id=OrderId(f"o-{number}"),
        site=HOME,
        category=Category.AID,
        placed_by=resident.id,
        placed_at=at,
        earliest=at,
        latest=at + 7 * DAY,
        needed=3,
        duration=90,
        requested_time=RequestedTime.ANY,
        route=ROUTE,
    )
    yield PlaceOrder(wanted), resident, at
    yield ReviewOrder(), OFFICER, at + MINUTE
    yield OfferOrder((RED.id,), DAY), OFFICER, at + 2 * MINUTE
    yield AcceptOffer(), MEMBER, at + 3 * MINUTE
    yield ScheduleService(at + HOUR, at + 3 * HOUR), MEMBER, at + 4 * MINUTE
    yield StartService(3), MEMBER, at + HOUR
    yield CompleteService(90, WHO), MEMBER, at + 150 * MINUTE
    yield RateOrder(5), resident, at + 160 * MINUTE


def lived(practice: Practice, orders: Sequence[int]) -> list[float]:
    """Let so many orders be lived through; give how long each command took, in ms."""
    taken = []
    for number in orders:
        for place, (command, by, at) in enumerate(life(number)):
            name = CommandId(f"c-{number}-{place}")
            begun = time.perf_counter()
            done = practice.do(OrderId(f"o-{number}"), command, id=name, by=by, at=at)
            taken.append((time.perf_counter() - begun) * 1_000)
            assert isinstance(done, Done), done
    return taken


def one_by_one(where: Path, orders: int) -> dict[str, object]:
    """Time single commands through `Practice.do`."""
    with opened(where) as practice:
        taken = sorted(lived(practice, range(orders)))
        events = practice.journal.head().length
    return {
        "practice_commands_per_s": round(1_000 * len(taken) / sum(taken)),
        "practice_do_p50_ms": round(taken[len(taken) // 2], 3),
        "practice_do_p99_ms": round(taken[len(taken) * 99 // 100], 3),
        "practice_commands": len(taken),
        "practice_events": events,
    }


def in_memory(orders: int) -> dict[str, object]:
    """Time the same without a disk: what the service itself takes."""
    with opened("memory") as practice:
        taken = lived(practice, range(orders))
    return {"practice_commands_per_s_in_memory": round(1_000 * len(taken) / sum(taken))}


def copies(events: int) -> Iterator[list[Write]]:
    """Give the streams of one order's life, as the practice wrote them, over and over."""
    with opened("memory") as practice:
        lived(practice, [0])
        rows = list(practice.journal.read())
    versions: dict[str, int] = {}
    for number in count():
        if number * len(rows) >= events:
            return
        by_stream: dict[str, list[Event]] = {}
        for row in rows:
            event: Any = row.event
            if hasattr(event, "order"):
                event = attrs.evolve(event, order=OrderId(f"o-{number}"))
            if hasattr(event, "request"):
                asked = attrs.evolve(
                    event.request,
                    id=OrderId(f"o-{number}"),
                    placed_by=ActorId(f"resident-{number % 50_000}"),
                )
                event = attrs.evolve(event, request=asked)
            stream = row.stream
            if stream == "order/o-0":
                stream = f"order/o-{number}"
            elif stream.startswith("account/"):
                who = f"v-{(number * 3 + int(stream[-1])) % 100_000}"
                stream = f"account/{who}"
                event = renamed(event, who)
            by_stream.setdefault(stream, []).append(event)
        writes = []
        for stream, told in by_stream.items():
            writes.append(Write(stream, versions.get(stream, 0), tuple(told)))
            versions[stream] = versions.get(stream, 0) + len(told)
        yield writes


def renamed(event: Any, who: str) -> Event:  # noqa: ANN401 - of some class with that field
    name = "volunteer" if hasattr(event, "volunteer") else "account"
    renamed_event: Event = attrs.evolve(event, **{name: who})
    return renamed_event


def a_million(where: Path, events: int) -> dict[str, object]:
    """Time opening a journal of so many events, without a snapshot and with one."""
    with open_journal(where) as journal:
        for number, writes in enumerate(copies(events)):
            journal.append(writes, command=CommandId(f"life-{number}"), digest=b"1")
        begun = time.perf_counter()
        project(journal, BOOKS).keep()
        folding = time.perf_counter() - begun
    begun = time.perf_counter()
    with opened(where) as practice:
        found = practice.orders_of(ActorId("resident-7"), by=OFFICER)
        account = practice.account(VolunteerId("v-7"), by=OFFICER)
        overview = practice.overview(BEGIN, by=OFFICER)
        seconds = time.perf_counter() - begun
        length = practice.journal.head().length
    assert account is not None
    return {
        "practice_events_folded": length,
        "practice_fold_and_keep_s": round(folding, 2),
        "practice_open_and_answer_s": round(seconds, 3),
        "practice_answered": [len(found.items), account.minutes, len(overview)],
    }


ROUTE = AREA.profile.route(HOME, SITES, links=AREA.links)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            **one_by_one(Path(folder, "singles"), chosen.orders),
            **in_memory(chosen.orders),
            **a_million(Path(folder, "million"), chosen.events),
        }
    text = json.dumps(figures, indent=2)
    print(text)
    if chosen.out is not None:
        chosen.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
