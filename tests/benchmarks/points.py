"""How fast the points ledger is: ``PYTHONPATH=. python tests/benchmarks/points.py``.

First a year of Wujiang in memory: 1.93 million awards to 320,000 volunteers, each with an expiry
and each account with a cap; then what is asked of such a ledger, and its peak of memory. Then a
slice of 20,000 postings, awards and uses of lots, beside beancount's booking, which finds the lots
too, and beside eventsourcing's recorder on SQLite, which stores the postings and finds nothing.
Neither does quite the same: ours refuses what may not be, and keeps nothing on a disk. What our
journal takes to keep awards there, as events in appends of 2,000, and to post them all again from
there, is measured between the two, on the first 400,000 of the year. The times of
shared machines vary: contenders take turns and keep their best, and the ratios are the figures to
look at.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from beancount.parser import booking, parser
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder

from practice_core.journal import Write, area_ledger, open_journal
from practice_core.points import (
    AccountKind,
    AwardReason,
    Batch,
    Ledger,
    Line,
    Pending,
    PointsAwarded,
    PostPending,
    Result,
    Transfer,
)
from practice_core.units import (
    DAY,
    AccountId,
    ActorId,
    CommandId,
    OrderId,
    TransferId,
    VolunteerId,
    moment,
)
from tests.benchmarks.clock import seconds
from tests.benchmarks.recorders import datastore

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    from practice_core.journal import AreaBooks
    from practice_core.points import Posting

    Contender: TypeAlias = Callable[[Sequence[Transfer], Path], Callable[[], object]]

AWARDS, VOLUNTEERS = 1_930_000, 320_000
"""Awards of a year, and volunteers who have an account."""
SLICE = 20_000
DURABLE, DURABLE_APPEND = 400_000, 2_000
"""Awards that are written to the disk, the first of the year, and how many at a time: with all of
them, what is timed takes over a minute."""
BEGIN = 1_577_808_000_000
"""2020-01-01 in China."""
YEAR = 365 * DAY
ISSUANCE, SHOP, EXPIRED = (AccountId(name) for name in ("issuance", "shop", "expired"))
DESK = ActorId("desk")
SINGLES = 5_000
READS = 5
APPEND = 1_000
"""Events that the recorder is given at a time."""


def opened(volunteers: int, cap: int) -> tuple[Ledger, tuple[AccountId, ...]]:
    """Give a ledger in which everybody has an account, and the accounts of a batch."""
    ledger = Ledger()
    names = tuple(AccountId(f"v-{number}") for number in range(volunteers))
    ledger.open(ISSUANCE, kind=AccountKind.ISSUANCE)
    ledger.open(SHOP, kind=AccountKind.SHOP)
    ledger.open(EXPIRED, kind=AccountKind.EXPIRED)
    ledger.open(*names, cap=cap)
    return ledger, (ISSUANCE, *names)


# ------------------------------------------------------------------ a year


def year(awards: int, volunteers: int) -> dict[str, float]:
    """Post the awards of a year, and ask what a center asks."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ledger, names = opened(volunteers, cap=2_000)
    draw = np.random.default_rng(7)
    at = BEGIN + np.sort(draw.integers(0, YEAR, awards))
    batch = Batch(
        prefix="award:",
        numbers=np.arange(awards),
        accounts=names,
        debit=np.zeros(awards, np.int64),
        credit=1 + (volunteers * draw.random(awards) ** 2).astype(np.int64),
        amount=draw.integers(1, 60, awards),
        at=at,
        expires=at // DAY * DAY + YEAR,
    )
    posting = seconds(lambda: ledger.post_many(batch))
    assert len(ledger) > awards * 0.9, len(ledger)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    again = seconds(lambda: ledger.post_many(batch))
    someone = names[1]

    def read(act: Callable[[], object]) -> float:
        return round(min(seconds(act) for _ in range(READS)) * 1_000, 2)

    figures = {
        "year_awards": awards,
        "year_accounts": volunteers,
        "year_refused_by_caps": awards - len(ledger),
        "year_awards_per_s": round(awards / posting),
        "year_again_per_s": round(awards / again),
        "year_peak_mib": round(peak / 1024),
        "year_peak_mib_before": round(before / 1024),
        "lots_of_one_ms": read(lambda: ledger.lots(someone)),
        "as_of_of_one_ms": read(lambda: ledger.as_of(someone, BEGIN + YEAR // 2)),
        "statement_of_one_ms": read(lambda: ledger.statement(someone, BEGIN, BEGIN + YEAR)),
        "all_lots_seconds": round(seconds(ledger.lot_columns), 2),
    }
    times = [seconds(partial(ledger.expire, BEGIN + YEAR + n * DAY, EXPIRED)) for n in range(7)]
    figures["expire_one_day_seconds"] = round(min(times), 3)
    months = seconds(lambda: ledger.expire(BEGIN + 2 * YEAR, EXPIRED))
    figures["expire_the_rest_seconds"] = round(months, 2)
    assert not any(ledger.balance(name) for name in names[1:1_000])
    return figures


def singles(postings: int) -> dict[str, float]:
    """Post one by one: awards, and payments in two phases."""
    ledger, (_, *names) = opened(1_000, cap=10**9)
    chosen = [names[number % len(names)] for number in range(postings)]
    awards = [
        Transfer(TransferId(f"a-{n}"), ISSUANCE, who, 20, BEGIN, BEGIN + YEAR)
        for n, who in enumerate(chosen)
    ]
    payments: list[Posting] = []
    for n, who in enumerate(chosen):
        payments.append(Pending(TransferId(f"p-{n}"), who, SHOP, 15, BEGIN, BEGIN + DAY))
        payments.append(PostPending(TransferId(f"q-{n}"), TransferId(f"p-{n}"), BEGIN, 12))

    def post(entries: Sequence[Posting]) -> None:
        assert all(ledger.post(entry) is Result.CREATED for entry in entries)

    return {
        "single_awards_per_s": round(postings / seconds(lambda: post(awards))),
        "two_phase_payments_per_s": round(postings / seconds(lambda: post(payments))),
    }


# ------------------------------------------------------------------ on the disk, and back


def awarded(awards: int, volunteers: int) -> Iterator[list[Write]]:
    """Give the awards of a year as the events that a platform keeps, in appends."""
    draw = np.random.default_rng(7)
    chosen = (volunteers * draw.random(awards) ** 2).astype(np.int64).tolist()
    points = draw.integers(1, 60, awards).tolist()
    versions: dict[AccountId, int] = {}
    for first in range(0, awards, DURABLE_APPEND):
        streams: dict[AccountId, list[PointsAwarded]] = {}
        for number in range(first, min(first + DURABLE_APPEND, awards)):
            who, gained = f"v-{chosen[number]}", points[number]
            at = BEGIN + number * YEAR // awards
            event = PointsAwarded(
                AccountId(who),
                at,
                DESK,
                at // DAY * DAY + YEAR,
                VolunteerId(who),
                at,
                gained,
                (Line(AwardReason.SERVICE_TIME, 6 * gained, gained),),
                "wujiang",
                1,
                at // DAY * DAY + YEAR,
                OrderId(f"o-{number // 36}"),
            )
            streams.setdefault(event.account, []).append(event)
        writes = []
        for who, events in streams.items():
            before = versions.get(who, 0)
            writes.append(Write(f"account/{who}", before, tuple(events)))
            versions[who] = before + len(events)
        yield writes


def durable(folder: Path, awards: int, volunteers: int) -> dict[str, float]:
    """Write awards to a journal on the disk, and read the ledger of the area back from there."""
    file = folder / "county.journal"
    taken = worked = 0.0
    with open_journal(file) as journal:
        for number, writes in enumerate(awarded(awards, volunteers)):
            command = CommandId(f"c-{number}")
            before, began = time.perf_counter(), time.process_time()
            journal.append(writes, command=command, digest=b"digest")
            taken += time.perf_counter() - before
            worked += time.process_time() - began
        size = file.stat().st_size
        read = seconds(lambda: sum(1 for _ in journal.read()))
        found: list[AreaBooks] = []
        folded = seconds(lambda: found.append(area_ledger(journal)))
    assert len(found[0].ledger) == awards, len(found[0].ledger)
    assert found[0].ledger.total() == 0
    return {
        "durable_awards": awards,
        "durable_awards_per_s": round(awards / taken),
        "durable_awards_per_s_of_the_processor": round(awards / worked),
        "durable_bytes_an_award": round(size / awards),
        "read_back_per_s": round(awards / read),
        "read_back_into_a_ledger_per_s": round(awards / folded),
    }


# ------------------------------------------------------------------ a slice, beside others


def transfers(count: int) -> list[Transfer]:
    """Give awards, and uses of what is there: each volunteer earns three times and spends once."""
    found = []
    for number in range(count):
        turn, at = number % 4, BEGIN + number * DAY // 100
        who = AccountId(f"v-{number // 4 % 500}")
        name = TransferId(f"t-{number}")
        expires = (at // DAY + 400 - 30 * turn) * DAY
        award = Transfer(name, ISSUANCE, who, 20, at, expires)
        found.append(award if turn < 3 else Transfer(name, who, SHOP, 50, at))
    return found


def ours_in_a_batch(given: Sequence[Transfer], _: Path) -> Callable[[], Ledger]:
    """Post them as one batch."""
    ledger, names = opened(500, cap=10**9)
    places = {name: place for place, name in enumerate((*names, SHOP))}
    columns = [
        [places[one.debit], places[one.credit], one.amount, one.at, one.expires] for one in given
    ]
    debit, credit, amount, at, expires = np.array(columns, np.int64).T
    batch = Batch(
        prefix="t-",
        numbers=np.arange(len(given)),
        accounts=tuple(places),
        debit=debit,
        credit=credit,
        amount=amount,
        at=at,
        expires=expires,
    )

    def act() -> Ledger:
        assert ledger.post_many(batch).tally() == {Result.CREATED: len(given)}
        return ledger

    return act


def ours_one_by_one(given: Sequence[Transfer], _: Path) -> Callable[[], Ledger]:
    """Post them one by one."""
    ledger, _names = opened(500, cap=10**9)

    def act() -> Ledger:
        assert all(ledger.post(one) is Result.CREATED for one in given)
        return ledger

    return act


def beancount_booking(given: Sequence[Transfer], _: Path) -> Callable[[], Sequence[Any]]:
    """Book them: an award is a lot, dated by its expiry, a use takes the first that expire."""
    entries, faults, options = parser.parse_string(_as_beancount(given))
    assert not faults

    def act() -> Sequence[Any]:
        booked, errors = booking.book(entries, options)
        assert not errors
        found: Sequence[Any] = booked
        return found

    return act


def _as_beancount(given: Sequence[Transfer]) -> str:
    names = dict.fromkeys(who for one in given for who in (one.debit, one.credit))
    people = sorted(names.keys() - {ISSUANCE, SHOP})
    lines = [
        "2019-01-01 open Equity:Issuance",
        "2019-01-01 open Expenses:Shop",
        *(f'2019-01-01 open Assets:{who.capitalize()} POINTS "FIFO"' for who in people),
    ]
    for one in given:
        lines.append(f'{_day(one.at)} * "{one.id}"')
        if one.debit == ISSUANCE:
            cost = f"{{1 FEN, {_day(one.expires)}}}"
            lines.append(f"  Assets:{one.credit.capitalize()}  {one.amount} POINTS {cost}")
            lines.append("  Equity:Issuance")
        else:
            lines.append(f"  Assets:{one.debit.capitalize()}  -{one.amount} POINTS {{}}")
            lines.append("  Expenses:Shop")
    return "\n".join((*lines, ""))


def _day(at: int) -> dt.date:
    return moment(at).date()


def eventsourcing_recorder(given: Sequence[Transfer], folder: Path) -> Callable[[], int]:
    """Store them, an event each, on the disk."""
    versions: dict[str, int] = {}
    events = []
    for one in given:
        version = versions[one.debit] = versions.get(one.debit, 0) + 1
        state = json.dumps([one.id, one.debit, one.credit, one.amount, one.at, one.expires])
        events.append(StoredEvent(one.debit, version, "transfer", state.encode()))

    def act() -> int:
        with datastore(folder, f"points-{len(list(folder.iterdir()))}") as opened_there:
            recorder = SQLiteApplicationRecorder(opened_there)
            recorder.create_table()
            waiting = iter(events)
            while part := list(islice(waiting, APPEND)):
                recorder.insert_events(part)
            return recorder.max_notification_id() or 0

    return act


CONTENDERS: dict[str, Contender] = {
    "ours_in_a_batch": ours_in_a_batch,
    "ours_one_by_one": ours_one_by_one,
    "beancount_booking": beancount_booking,
    "eventsourcing_recorder": eventsourcing_recorder,
}


def beside_others(count: int, turns: int) -> dict[str, float]:
    """Post the same transfers with every contender, by turns."""
    given = transfers(count)
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(turns):
            for name, contender in CONTENDERS.items():
                times[name].append(seconds(contender(given, Path(folder))))
    rates = {name: count / min(taken) for name, taken in times.items()}
    ours = [name for name in rates if name.startswith("ours")]
    others = [name for name in rates if name not in ours]
    return {
        "slice_postings": count,
        **{f"postings_per_s_{name}": round(rate) for name, rate in rates.items()},
        **{
            f"{name}_over_{other}": round(rates[name] / rates[other], 1)
            for name in ours
            for other in others
        },
    }


def measured(
    awards: int = AWARDS, volunteers: int = VOLUNTEERS, count: int = SLICE, turns: int = 3
) -> dict[str, float]:
    """Measure everything; the year first, for its peak of memory is that of the process."""
    figures = {**year(awards, volunteers), **singles(SINGLES)}
    with tempfile.TemporaryDirectory() as folder:
        figures |= durable(Path(folder), min(awards, DURABLE), volunteers)
    figures |= beside_others(count, turns)
    beside = figures["postings_per_s_eventsourcing_recorder"]
    ratio = figures["durable_awards_per_s"] / beside
    return {**figures, "durable_awards_over_eventsourcing_recorder": round(ratio, 2)}


def main() -> None:
    """Measure as the command line says."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    text = json.dumps(measured(), indent=2) + "\n"
    print(text, end="")
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
