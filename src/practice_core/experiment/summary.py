"""The summary of a comparison or decision: its figures, one run drawn, and what all rests on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from practice_core.dispatch import Fitted
from practice_core.experiment.assumptions import assumptions
from practice_core.experiment.cells import fitted
from practice_core.experiment.decide import CANDIDATES, SWEEP_WEEKS, Decision
from practice_core.experiment.keeper import code_version, versions
from practice_core.experiment.sweep import REPLICATIONS as SETTING_REPLICATIONS
from practice_core.experiment.tipping import REPLICATIONS as TIPPING_REPLICATIONS
from practice_core.simulation import portrait, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from practice_core.dispatch import Policy
    from practice_core.experiment.compare import Comparison
    from practice_core.simulation import Scenario

__all__ = ["summary", "to_json"]


def summary(
    found: Comparison | Decision, scenario: Scenario, policies: Mapping[str, Policy]
) -> dict[str, Any]:
    """Give all that ``summary.json`` holds.

    Besides the figures themselves: one run drawn, of the best policy or, without a verdict, of the
    baseline; what was assumed; and how it was computed. The run is computed here, once more.

    Parameters
    ----------
    found
        The comparison or decision.
    scenario
        What it was made of.
    policies
        Its policies by label.

    Examples
    --------
    >>> from practice_core.experiment import compare, labelled
    >>> from practice_core.simulation import load_scenario
    >>> short = {"horizon.weeks": 1, "horizon.warmup_weeks": 0, "own_activity.per_year": 0.0}
    >>> week, policies = load_scenario("wujiang").with_values(short), labelled(["nearest"])
    >>> found = summary(compare(week, policies, replications=1, seed=7), week, policies)
    >>> list(found)[-3:], found["portrait"]["policy"]
    (['portrait', 'assumptions', 'method'], 'nearest')
    """
    decision = found if isinstance(found, Decision) else None
    comparison = found.comparison if isinstance(found, Decision) else found
    label = comparison.baseline if decision is None else decision.verdict.policy
    policy = fitted(policies[label], scenario)
    drawn = portrait(run(scenario, policy, seed=comparison.seed, replication=0), label)
    return found.to_dict() | {
        "portrait": drawn.to_dict(),
        "assumptions": [each.to_dict() for each in assumptions(scenario)],
        "method": _method(scenario, decision, policies),
    }


def to_json(found: Mapping[str, Any]) -> str:
    """Give a summary as JSON text, a line for each of its keys.

    No path, time, host or number of workers is in it.

    Examples
    --------
    >>> print(to_json({"area": "wujiang", "seed": 7}), end="")
    {
    "area":"wujiang",
    "seed":7
    }
    """
    lines = [
        f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'), allow_nan=False)}"
        for key, value in found.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _method(
    scenario: Scenario, decision: Decision | None, policies: Mapping[str, Policy]
) -> dict[str, Any]:
    horizon = scenario.horizon
    varied = decision is not None
    return {
        "versions": versions(),
        "code": code_version(),
        "scenario": scenario.digest,
        "looks": None if decision is None else list(decision.looks),
        "delta": None if decision is None else decision.verdict.delta,
        "settings": None if decision is None else len(decision.sweep.settings),
        "warmup_weeks": horizon.warmup_weeks,
        "runout_days": horizon.runout_days,
        "starts_on": horizon.starts_on,
        "city": scenario.city.draw,
        "short_weeks": min(horizon.weeks, SWEEP_WEEKS) if varied else None,
        "setting_replications": SETTING_REPLICATIONS if varied else None,
        "tipping_replications": TIPPING_REPLICATIONS if varied else None,
        "candidates": CANDIDATES if varied else None,
        "informed": [label for label, one in policies.items() if isinstance(one, Fitted)],
    }
