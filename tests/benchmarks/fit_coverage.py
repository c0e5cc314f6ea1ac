"""How often the intervals of `fit` hold the truth, over simulated logs; docs/fit.md quotes it.

Run as ``python tests/benchmarks/fit_coverage.py --logs 100``: some minutes a policy.
"""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.dispatch import policy
from practice_core.experiment.fit import fit
from practice_core.simulation import load_scenario, run
from practice_core.simulation.offers import Offers, offers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.experiment.fit import Parameter
    from practice_core.simulation import Scenario

THIN: Mapping[str, Any] = {
    "horizon.weeks": 8,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 1_500.0,
    "site_request.per_year": 500.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
}
ALIKE = {"answer.order_effect_sd": 0.0, "teams.willingness_sd": 0.0}
CASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "random": ("random", {}),
    "nearest": ("nearest", {}),
    "random, all alike": ("random", ALIKE),
}


def truth(scenario: Scenario) -> dict[str, float]:
    """Give what the log was drawn with."""
    law = scenario.answer
    return {
        "eta": law.eta,
        "kd_per_km": law.kd_per_km,
        "kl": law.kl,
        "kn": law.kn,
        "order_effect_sd": law.order_effect_sd,
        "willingness_sd": scenario.teams.willingness_sd,
        "silent_share": law.silent_share,
        "delay_median_hours": law.delay_median_hours,
        "delay_sigma": law.delay_sigma,
    }


def strangers(log: Offers) -> Offers:
    """Give each offer a team of its own: the fit then knows of no team effect."""
    return attrs.evolve(log, team=tuple([str(n) for n in range(len(log))]))


def found(log: Offers) -> dict[str, Mapping[str, Parameter]]:
    """Fit in three ways."""
    both = fit(log)
    return {
        "both effects": both.parameters,
        "order effect only": fit(strangers(log)).parameters,
        "plain": both.plain,
    }


def summary(true: float, fits: Sequence[Parameter]) -> str:
    """Say how often the interval held the truth, and how far off the estimates are on average."""
    kept = [one for one in fits if one.estimate is not None]
    estimates = [one.estimate for one in kept if one.estimate is not None]
    held = sum(one.low <= true <= one.high for one in kept if one.low is not None)  # type: ignore[operator]  # has both ends
    mean = math.fsum(estimates) / len(kept)
    spread = math.sqrt(math.fsum((one - mean) ** 2 for one in estimates) / len(kept))
    error = math.fsum(one.standard_error or 0.0 for one in kept) / len(kept)
    return (
        f"{true:6.3g} {mean - true:+9.4f} {spread:9.4f} {error:9.4f} {held / len(kept):6.3f}"
        f" of {len(kept)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--case", choices=tuple(CASES), action="append")
    asked = parser.parse_args()
    for case in asked.case or CASES:
        name, changes = CASES[case]
        scenario = load_scenario("wujiang").with_values({**THIN, **changes})
        fits: dict[str, list[Mapping[str, Parameter]]] = {}
        rows = 0
        for replication in range(asked.logs):
            log = offers(run(scenario, policy(name), seed=asked.seed, replication=replication))
            rows += len(log)
            for way, parameters in found(log).items():
                fits.setdefault(way, []).append(parameters)
        print(f"{case}: {asked.logs} logs of {rows / asked.logs:.0f} offers")
        print(f"{'':38}  truth      bias    spread     error coverage")
        for way, series in fits.items():
            for parameter, true in truth(scenario).items():
                if parameter in series[0]:
                    ones = [parameters[parameter] for parameters in series]
                    if any(one.estimate is not None for one in ones):
                        print(f"{way:18} {parameter:18} {summary(true, ones)}", flush=True)


if __name__ == "__main__":
    main()
