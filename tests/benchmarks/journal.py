"""How fast a journal is on this machine: ``python tests/benchmarks/journal.py [--events N]``.

Figures, not assertions: events a second in batches and one by one, bytes an event, and how soon a
journal of a million events answers from its snapshot.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from practice_core.journal import (
    ORDERS,
    Write,
    open_journal,
    project,
    replay,
    save_ocel,
    verify,
)
from practice_core.orders import (
    CloseReason,
    OfferAccepted,
    OfferMade,
    OrderClosed,
    OrderPlaced,
    OrderRated,
    OrderReviewed,
    Request,
    RequestedTime,
    ServiceCompleted,
    ServiceScheduled,
    ServiceStarted,
)
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, ActorId, CommandId, OrderId, SiteId, TeamId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.journal import Journal
    from practice_core.orders import OrderEvent

BEGIN = 1_583_110_800_000
DESK, TEAM = ActorId("desk-1"), TeamId("t-12")
_APART = 100_000_000
"""Orders from this number on are not among those of the batches."""
REQUEST = Request(
    id=OrderId("o-0"),
    site=SiteId("station-3"),
    category=Category.LAW,
    placed_by=ActorId("resident-7"),
    placed_at=BEGIN,
    earliest=BEGIN + HOUR,
    latest=BEGIN + 7 * DAY,
    needed=3,
    duration=90,
    requested_time=RequestedTime.ANY,
    route=(SiteId("station-3"), SiteId("center")),
)


def story(number: int) -> tuple[OrderEvent, ...]:
    """Give what an order goes through that nothing goes wrong with."""
    order, at = OrderId(f"o-{number}"), BEGIN + number * 1_000
    return (
        OrderPlaced(order, at, DESK, attrs.evolve(REQUEST, id=order), at + DAY),
        OrderReviewed(order, at, DESK, at + DAY),
        OfferMade(order, at, DESK, TEAM, at + HOUR),
        OfferAccepted(order, at + 60, DESK, TEAM, at + DAY),
        ServiceScheduled(order, at + 90, DESK, at + DAY, at + DAY + HOUR),
        ServiceStarted(order, at + DAY, DESK, 3),
        ServiceCompleted(order, at + DAY + HOUR, DESK, 60, at + 2 * DAY),
        OrderRated(order, at + DAY + 2 * HOUR, DESK, 5, at + 3 * DAY),
        OrderClosed(order, at + 3 * DAY, DESK, CloseReason.RATED),
    )


def batches(events: int, size: int) -> Iterator[list[Write]]:
    orders = iter(range(events // 9))
    while chosen := list(islice(orders, size // 9)):
        yield [Write(f"order/o-{number}", 0, story(number)) for number in chosen]


def batched(journal: Journal, events: int, *, size: int = 1_000) -> float:
    """Append so many events in batches; give how many a second, the making of them apart."""
    seconds, written = 0.0, 0
    for number, writes in enumerate(batches(events, size)):
        begun = time.perf_counter()
        command = CommandId(f"batch-{number}")
        written = journal.append(writes, command=command, digest=b"1").position_last
        seconds += time.perf_counter() - begun
    return written / seconds


def single(journal: Journal, appends: int) -> dict[str, float]:
    """Append one event at a time; give how many a second and how long they take."""
    taken = []
    for number in range(_APART, _APART + appends):
        write = Write(f"order/o-{number}", 0, story(number)[:1])
        begun = time.perf_counter()
        journal.append([write], command=CommandId(f"single-{number}"), digest=b"1")
        taken.append((time.perf_counter() - begun) * 1_000)
    taken.sort()
    return {
        "per_second": round(1_000 * appends / sum(taken)),
        "p50_ms": round(taken[appends // 2], 3),
        "p99_ms": round(taken[appends * 99 // 100], 3),
    }


def measured(where: Path, events: int) -> dict[str, object]:
    """Measure a journal in a new file."""
    with open_journal(where) as journal:
        rate = batched(journal, events)
        one_by_one = single(journal, 1_000)
        begun = time.perf_counter()
        projected = project(journal, ORDERS)
        folding = time.perf_counter() - begun
        begun = time.perf_counter()
        projected.keep()
        keeping = time.perf_counter() - begun
        begun = time.perf_counter()
        assert verify(journal) == ()
        verifying = time.perf_counter() - begun
        begun = time.perf_counter()
        assert replay(journal).is_sound
        replaying = time.perf_counter() - begun
        log = where.with_name("bench.json")
        begun = time.perf_counter()
        save_ocel(log, (recorded.event for recorded in journal.read()))
        exporting = time.perf_counter() - begun
        kept = journal.snapshot(ORDERS.name)
    size = where.stat().st_size - (len(kept.state) if kept else 0)
    begun = time.perf_counter()
    with open_journal(where) as journal:
        orders = project(journal, ORDERS).state
        answer = orders[OrderId("o-17")].state
        waiting = len(orders.under_way())
        opening = time.perf_counter() - begun
    return {
        "events": projected.position,
        "batched_events_per_second": round(rate),
        "single_appends": one_by_one,
        "bytes_per_event": round(size / projected.position),
        "fold_all_seconds": round(folding, 2),
        "keep_snapshot_seconds": round(keeping, 2),
        "verify_seconds": round(verifying, 2),
        "replay_seconds": round(replaying, 2),
        "export_seconds": round(exporting, 2),
        "export_bytes_per_event": round(log.stat().st_size / projected.position),
        "open_and_answer_from_snapshot_seconds": round(opening, 3),
        "orders": len(orders),
        "answered": [answer, waiting],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder) / "bench.journal", chosen.events)
    text = json.dumps(figures, indent=2)
    print(text)
    if chosen.out:
        chosen.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
