"""Measure how often the verdict errs, on simulated runs: ``error_rates.py --out FILE``.

A policy is compared with itself under another hash purpose: same rule, other luck. Whatever
difference is called better is an error. Shifted by delta, whatever is called equivalent is one;
shifted by more, whatever is not found is a lack of power.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from practice_core.dispatch import Offer, Wait
from practice_core.experiment import (
    PRIMARY,
    Runner,
    Status,
    compare,
    cores,
    judge_pair,
    processes,
)
from practice_core.simulation import load_scenario
from practice_core.units import DAY, HOUR, Duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.dispatch import Decision, Draw, View
    from practice_core.orders import Order

# A county so thin that hundreds of comparisons can be simulated; its noise is that of 13 orders.
THIN = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 600.0,
    "site_request.per_year": 0.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
    "city.draw": "fixed",
}
LOOKS = (5, 10, 20)
"""Half of a decision's replications, so that two hundred comparisons take minutes."""
DELTA = 0.05
"""Wide, as thirteen orders a replication cannot show less."""
ALPHA = 0.05


@attrs.frozen
class OneOfFive:
    """Offer to one of the five nearest teams, by a hash of a purpose of its own."""

    purpose: int
    period: Duration = 0

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:
        """Decide about each order by itself."""
        return [self._one(order, view, draw) for order in orders]

    def _one(self, order: Order, view: View, draw: Draw) -> Decision:
        near = list(islice(view.candidates(order), 5))
        if not near:
            return Wait(order.id, view.now + 12 * HOUR)
        chosen = min(near, key=lambda one: draw.uniform(order.id, one.team, self.purpose))
        return Offer(order.id, (chosen.team,), DAY)


def differences(seed: int, replications: int, runner: Runner) -> list[float]:
    """Give the differences of one comparison of the policy with itself, by replication."""
    scenario = load_scenario("wujiang").with_values(THIN)
    both = {"ours": OneOfFive(1), "theirs": OneOfFive(2)}
    found = compare(scenario, both, replications=replications, seed=seed, runner=runner)
    pairs = zip(*found.common("ours", "theirs", PRIMARY), strict=True)
    return [a - b for a, b in pairs if a is not None and b is not None]


def status(values: Sequence[float], looks: Sequence[int], delta: float) -> Status:
    """Give the verdict that a decision would give after its looks."""
    found = Status.UNDECIDED
    for look in looks:
        some = values[:look]
        sign = 1 if sum(some) >= 0 else -1
        ours = [sign * value for value in some]
        level = ALPHA / len(looks)
        found = judge_pair("a", "b", ours, [0.0] * len(ours), delta=delta, level=level).status
        if found is not Status.UNDECIDED:
            break
    return found


def rates(found: Sequence[Sequence[float]], looks: Sequence[int], delta: float) -> dict[str, float]:
    """Give how often each error is made over some comparisons."""

    def share(shift: float, wanted: Status, margin: float) -> float:
        shifted = [[value + shift for value in values] for values in found]
        return sum(status(values, looks, margin) is wanted for values in shifted) / len(found)

    return {
        "comparisons": len(found),
        "false_better": share(0.0, Status.BETTER, 1e-9),
        "false_equivalent_at_delta": share(delta, Status.EQUIVALENT, delta),
        "equivalent_when_equal": share(0.0, Status.EQUIVALENT, delta),
        "better_at_twice_delta": share(2 * delta, Status.BETTER, delta),
    }


def main() -> None:
    """Measure as the command line says."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--comparisons", type=int, default=200)
    asked = options.parse_args()
    with processes(cores()) as pool:
        runner = Runner(pool, cores())
        found = [differences(seed, LOOKS[-1], runner) for seed in range(asked.comparisons)]
    text = json.dumps(rates(found, LOOKS, DELTA) | {"delta": DELTA}, indent=2) + "\n"
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
