"""Measure the speed of a simulated year and of one order, as JSON: ``run.py --out FILE``.

A year of Wujiang against its floor, in one process and one run: the same arrivals and the same
number of timeouts, one SimPy process an order that does nothing else. Times of shared machines
vary, so the two take turns and each keeps its best; the ratio is the figure to look at. Then the
state changes of one order, beside three libraries: `state_changes`.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import simpy

from practice_core.areas import load_area
from practice_core.dispatch import POLICIES, policy
from practice_core.experiment import Runner, bound, edges, labelled, processes, sweep
from practice_core.simulation import load_scenario, make_tape, run_tape
from practice_core.simulation.model import Model
from tests.benchmarks.clock import seconds
from tests.benchmarks.state_changes import state_changes

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from practice_core.dispatch import Decision, Draw, View
    from practice_core.orders import Order
    from practice_core.simulation import Tape

SEED, REPLICATION = 7, 0
HOUR = 3_600_000
SEASON = 4
"""Weeks in which every policy's decisions are timed."""
_PLACE = 0xFFFF_FFFF


class Timed:
    """A policy that keeps the time its decisions take."""

    def __init__(self, name: str) -> None:
        self.inner = policy(name)
        self.period = self.inner.period
        self.seconds = 0.0
        self.decisions = 0

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:
        """Ask the policy, and look at the clock before and after."""
        before = time.perf_counter()
        decisions = self.inner.choose(orders, view, draw)
        self.seconds += time.perf_counter() - before
        self.decisions += len(decisions)
        return decisions


def timeouts(tape: Tape) -> list[int]:
    """Count the timeouts of every order's story, the one that begins it included."""
    model = Model(tape, policy("nearest"))
    counts = [0] * len(tape.demand)
    schedule = model.env.schedule

    def count(event: simpy.Event, priority: Any = 1, delay: float = 0) -> None:  # noqa: ANN401 - SimPy's own type
        if priority > _PLACE:
            counts[priority & _PLACE] += 1
        schedule(event, priority, delay)

    model.env.schedule = count  # type: ignore[method-assign]  # counts what the model waits for
    model.run()
    return counts


def floor(tape: Tape, counts: Sequence[int]) -> None:
    """Run the floor: the arrivals and timeouts of a run, and nothing else."""
    env = simpy.Environment(tape.grid.begins)
    placed = tape.demand.placed.tolist()

    def order(count: int) -> Generator[simpy.Event, Any, None]:
        for _ in range(count):
            yield env.timeout(HOUR)

    def arrivals() -> Generator[simpy.Event, Any, None]:
        for at, count in zip(placed, counts, strict=True):
            yield env.timeout(at - env.now)
            env.process(order(count - 1))

    env.process(arrivals())
    env.run()


def rounds(count: int, tape: Tape, counts: Sequence[int]) -> Iterator[tuple[float, float]]:
    """Give times of the floor and of the model, by turns."""
    for _ in range(count):
        yield (
            seconds(lambda: floor(tape, counts)),
            seconds(lambda: Model(tape, policy("nearest")).run()),
        )


def decided(weeks: int) -> dict[str, float]:
    """Time the decisions of every policy over some weeks, own activities left out."""
    few = {"horizon.weeks": min(weeks, SEASON), "own_activity.per_year": 0.0}
    tape = make_tape(load_scenario("wujiang").with_values(few), SEED, REPLICATION)
    found = {}
    for name in POLICIES:
        timed = Timed(name)
        Model(tape, timed).run()
        found[f"decision_us_{name}"] = round(timed.seconds / timed.decisions * 1e6, 1)
    return found


def swept() -> dict[str, float]:
    """Count the settings that a sweep of two policies gets through in a minute."""
    short = load_scenario("wujiang").with_values({"horizon.weeks": 2, "horizon.warmup_weeks": 1})
    both = labelled(["nearest", "random"])
    found = {}
    for workers in (1, 2):
        with processes(workers) as pool:
            runner = Runner(pool, workers)
            sweep(short, both, seed=SEED, count=2, replications=1, runner=runner)  # a warm start

            def run(runner: Runner = runner) -> object:
                return sweep(short, both, seed=SEED + 1, count=6, replications=1, runner=runner)

            found[f"settings_a_minute_{workers}"] = round(6 * 60 / seconds(run), 1)
    ratio = found["settings_a_minute_2"] / found["settings_a_minute_1"]
    return {**found, "two_workers_over_one": round(ratio, 2)}


def measured(weeks: int, turns: int) -> dict[str, float]:
    """Measure everything."""
    scenario = load_scenario("wujiang").with_values({"horizon.weeks": weeks})
    tape_seconds = seconds(lambda: make_tape(scenario, SEED, REPLICATION))
    tape = make_tape(scenario, SEED, REPLICATION)
    counts = timeouts(tape)
    gc.collect()
    gc.freeze()
    times = list(rounds(turns, tape, counts))
    floor_seconds, model_seconds = (min(column) for column in zip(*times, strict=True))
    timed = Timed("nearest")
    Model(tape, timed).run()
    orders = len(tape.demand)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    decisions = decided(weeks)
    bounded = seconds(lambda: bound(edges(tape)))
    peak_bound = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    whole = run_tape(tape, policy("nearest"))
    records_seconds = seconds(lambda: whole.records)
    ledger_seconds = seconds(whole.ledger)
    return {
        "wujiang_year_over_floor": round(model_seconds / floor_seconds, 2),
        "wujiang_year_over_floor_without_decisions": round(
            (model_seconds - timed.seconds) / floor_seconds, 2
        ),
        "weeks": weeks,
        "orders": orders,
        "timeouts_an_order": round(sum(counts) / orders, 2),
        "events_an_order": round(len(whole.log) / orders, 2),
        "floor_us_an_order": round(floor_seconds / orders * 1e6, 1),
        "model_us_an_order": round(model_seconds / orders * 1e6, 1),
        "decisions_us_an_order": round(timed.seconds / orders * 1e6, 1),
        **decisions,
        "bound_seconds": round(bounded, 1),
        "bound_peak_mib": round(peak_bound / 1024, 1),
        **swept(),
        "tape_seconds": round(tape_seconds, 2),
        "records": len(whole.records),
        "records_seconds": round(records_seconds, 2),
        "ledger_seconds": round(ledger_seconds, 2),
        "peak_mib": round(peak / 1024, 1),
        **{f"year_{name}": count for name, count in whole.totals.items()},
        **{f"published_{name}": count for name, count in load_area("wujiang").published.items()},
    }


def main() -> None:
    """Measure as the command line says."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--weeks", type=int, default=52)
    options.add_argument("--turns", type=int, default=3)
    asked = options.parse_args()
    figures = {**measured(asked.weeks, asked.turns), **state_changes()}
    text = json.dumps(figures, indent=2) + "\n"
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
