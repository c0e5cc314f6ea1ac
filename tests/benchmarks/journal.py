"""How fast a journal is on this machine: ``PYTHONPATH=. python tests/benchmarks/journal.py``.

Figures, not assertions: how many events a second are on the disk in batches, how long a single one
takes, and bytes an event, beside eventsourcing's recorders (`tests.benchmarks.recorders`); and how
soon a journal of a million events is folded, verified, and answers from its snapshot. The times of
shared machines vary: the contenders take turns, and the ratios are the figures to look at.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import attrs

from practice_core.journal import ORDERS, Write, open_journal, project, replay, save_ocel, verify
from practice_core.orders import (
    CloseReason,
    OfferAccepted,
    OfferMade,
    OrderClosed,
    OrderPlaced,
    OrderRated,
    OrderReviewed,
    OrderState,
    Request,
    RequestedTime,
    ServiceCompleted,
    ServiceScheduled,
    ServiceStarted,
)
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, ActorId, CommandId, OrderId, SiteId, TeamId
from tests.benchmarks.clock import seconds
from tests.benchmarks.recorders import OTHERS, contenders, file_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from practice_core.journal import Finding, Orders, Projected
    from practice_core.orders import OrderEvent
    from tests.benchmarks.recorders import Contender

BATCH, TURN = 1_000, 20
"""Events of a batch, and batches of a turn."""
SINGLES = 1_000
"""Appends of one event."""

BEGIN = 1_583_110_800_000
DESK, TEAM = ActorId("desk-1"), TeamId("t-12")
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


def batches(events: int, size: int = BATCH) -> Iterator[list[Write]]:
    """Give so many events, or a few less, in batches of whole orders."""
    orders = iter(range(events // 9))
    while chosen := list(islice(orders, size // 9)):
        yield [Write(f"order/o-{number}", 0, story(number)) for number in chosen]


# ---------------------------------------------------------------------------- appending


def appending(folder: Path, events: int) -> dict[str, float]:
    """Store the same events with every contender, by turns: in batches, then one by one."""
    with contenders(folder) as known:
        rates = batched(known, events)
        files = {name: file_of(folder, name) for name in known}
    sizes = {name: file.stat().st_size / (events // 9 * 9) for name, file in files.items()}
    (folder / "singles").mkdir()
    with contenders(folder / "singles") as known:
        taken = single(known, SINGLES)
    middle = {name: median(times) for name, times in taken.items()}
    rate = {name: median(found) for name, found in rates.items()}
    return {
        "durable_events_per_s": round(rate["ours"]),
        "durable_events_per_s_in_the_slowest_turn": round(min(rates["ours"])),
        **{f"durable_events_per_s_{name}": round(rate[name]) for name in OTHERS},
        **{f"durable_events_over_{name}": round(rate["ours"] / rate[name], 2) for name in OTHERS},
        "single_append_p50_ms": round(middle["ours"], 3),
        "single_append_p99_ms": round(_p99(taken["ours"]), 3),
        **{f"single_append_p50_ms_{name}": round(middle[name], 3) for name in OTHERS},
        **{f"single_append_p99_ms_{name}": round(_p99(taken[name]), 3) for name in OTHERS},
        **{
            f"single_append_time_over_{name}": round(middle["ours"] / middle[name], 2)
            for name in OTHERS
        },
        "bytes_per_event": round(sizes["ours"]),
        **{f"bytes_per_event_{name}": round(sizes[name]) for name in OTHERS},
    }


def batched(known: Mapping[str, Contender], events: int) -> dict[str, list[float]]:
    """Give how many events a second each contender stored in each of its turns."""
    rates: dict[str, list[float]] = {name: [] for name in known}
    waiting = batches(events)
    while turn := list(islice(waiting, TURN)):
        count = sum(len(write.events) for writes in turn for write in writes)
        for name, contender in known.items():
            acts = [contender(writes) for writes in turn]

            def act(acts: list[Callable[[], object]] = acts) -> None:
                for one in acts:
                    one()

            rates[name].append(count / seconds(act))
    return rates


def single(known: Mapping[str, Contender], appends: int) -> dict[str, list[float]]:
    """Give how many milliseconds each append of one event took each contender."""
    taken: dict[str, list[float]] = {name: [] for name in known}
    for number in range(appends):
        writes = [Write(f"order/s-{number}", 0, story(number)[:1])]
        for name, contender in known.items():
            act = contender(writes)
            begun = time.perf_counter()
            act()
            taken[name].append((time.perf_counter() - begun) * 1_000)
    return taken


def _p99(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]


# ---------------------------------------------------------------------------- reading


def reading(folder: Path, events: int) -> dict[str, float]:
    """Fold a journal of so many events, keep a snapshot, verify, replay, export and reopen it."""
    file = file_of(folder, "ours")
    with open_journal(file) as journal:
        for number, writes in enumerate(batches(events)):
            journal.append(writes, command=CommandId(f"c-{number}"), digest=b"digest")
        folded: list[Projected[Orders]] = []
        folding = seconds(lambda: folded.append(project(journal, ORDERS)))
        keeping = seconds(folded.pop().keep)
        wrong: list[Finding] = []
        verifying = seconds(lambda: wrong.extend(verify(journal)))
        assert not wrong
        sound: list[bool] = []
        replaying = seconds(lambda: sound.append(replay(journal).is_sound))
        assert sound == [True]
        log = folder / "log.json"
        exporting = seconds(lambda: save_ocel(log, (one.event for one in journal.read())))

    def answered() -> None:
        with open_journal(file) as again:
            orders = project(again, ORDERS).state
            assert orders[OrderId("o-17")].state is OrderState.CLOSED
            assert not orders.under_way()

    return {
        "events": events // 9 * 9,
        "fold_all_seconds": round(folding, 2),
        "keep_snapshot_seconds": round(keeping, 2),
        "verify_seconds": round(verifying, 2),
        "replay_seconds": round(replaying, 2),
        "export_seconds": round(exporting, 2),
        "export_bytes_per_event": round(log.stat().st_size / (events // 9 * 9)),
        "open_and_answer_from_snapshot_seconds": round(seconds(answered), 3),
    }


# ---------------------------------------------------------------------------- figures

PARTS: tuple[Callable[[Path, int], Mapping[str, float]], ...] = (appending, reading)
"""What is measured, one after the other: each is given an empty folder and how many events, and
gives figures by their names. Those of the service are measured in practice.py."""


def measured(events: int) -> dict[str, float]:
    """Measure everything."""
    figures: dict[str, float] = {}
    for part in PARTS:
        with tempfile.TemporaryDirectory() as folder:
            figures |= part(Path(folder), events)
    return figures


def main() -> None:
    """Measure as the command line says."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    text = json.dumps(measured(asked.events), indent=2) + "\n"
    print(text, end="")
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
