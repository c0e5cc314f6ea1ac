"""Attack the own lifecycle of each loop that ships for a minute: ``machines.py``.

Prints for each the transition that fired least often, and fails where one fired fewer than 20 times
or a refusal that the loop can give was never met. A minute is one of a processor, however busy.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from time import process_time
from typing import TYPE_CHECKING

import attrs
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from practice_core.areas import load_loop, loop_names
from practice_core.testing import OrderAdapter, lifecycle_machine

if TYPE_CHECKING:
    from collections.abc import Mapping

BATCH = settings(
    max_examples=50,
    stateful_step_count=20,
    deadline=None,
    database=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
"""Few examples at a time: Hypothesis remembers those of a run, and tries the like of them."""


@attrs.frozen
class Attack:
    """What an attack on one loop has met: how often each transition, and what never."""

    loop: str
    fired: Mapping[str, int]
    missing: tuple[str, ...]

    @property
    def rarest(self) -> str:
        """The transition that fired least often."""
        return min(self.fired, key=lambda transition: self.fired[transition])

    def passes(self, least: int) -> bool:
        """Tell whether nothing is missing, and each transition fired so often."""
        return not self.missing and self.fired[self.rarest] >= least

    def __str__(self) -> str:
        count, missing = self.fired[self.rarest], "; ".join(self.missing)
        told = f"{self.loop:14} {len(self.fired)} transitions, {count:4} times {self.rarest}"
        return f"{told}; never met: {missing}" if missing else told


def attack(loop: str, seconds: float) -> Attack:
    """Attack one loop until so much time of a processor is spent."""
    machine = lifecycle_machine(OrderAdapter(profile=load_loop(loop).profile))
    begun = process_time()
    while process_time() < begun + seconds:
        run_state_machine_as_test(machine, settings=BATCH)
    met = machine.coverage
    fired = {
        f"{edge.source} --{edge.event.__name__}--> {edge.target}": met.fired[
            edge.source, edge.event
        ]
        for edge in met.lifecycle.edges
    }
    return Attack(loop, fired, met.missing())


def main() -> None:
    """Attack as the command line says."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("loops", nargs="*", help="all of them, if none is named")
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--least", type=int, default=20)
    options.add_argument("--workers", type=int, default=1)
    asked = options.parse_args()
    passed = True
    with ProcessPoolExecutor(asked.workers, get_context("spawn")) as pool:
        attacked = partial(attack, seconds=asked.seconds)
        for found in pool.map(attacked, asked.loops or loop_names()):
            print(found, flush=True)
            passed &= found.passes(asked.least)
    sys.exit(not passed)


if __name__ == "__main__":
    main()
