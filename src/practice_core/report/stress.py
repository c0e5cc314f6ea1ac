"""The account of a run by STRESS-DES, made from its data.

References
----------
Monks, Currie, Onggo, Robinson, Kunc and Taylor, "Strengthening the reporting of empirical
simulation studies: introducing the STRESS guidelines", Journal of Simulation 13, 2019: the items.
What is said under them is this package's own.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from practice_core.experiment import DELTA
from practice_core.orders import ORDER, OrderState
from practice_core.report.words import Account, Both, Stress, both, each, policy_name, same
from practice_core.terms import word

if TYPE_CHECKING:
    from practice_core.report.result import Result
    from practice_core.terms import Lang

__all__ = ["account", "bases"]

_JUDGED = 3
"""The primary measure and two guardrails."""


def bases(result: Result) -> dict[str, int]:
    """Count the numbers of a result by what they rest on."""
    counts = Counter(each.basis for each in result.assumptions)
    return {basis: counts[basis] for basis in ("published", "derived", "assumed", "set")}


def account(result: Result) -> tuple[tuple[Stress, Both], ...]:
    """Say under every item of STRESS-DES what holds for a result.

    Parameters
    ----------
    result
        From `read_result`.
    """
    method, portrait, counts = result.method, result.portrait, bases(result)
    decided = result.verdict is not None
    policies = _listed([policy_name(label) for label in result.policies])
    versions = ", ".join(f"{name} {version}" for name, version in method.versions.items())
    delta = DELTA if method.delta is None else method.delta
    times = result.replications
    aims = (
        both(Account.AIMS_DECISION, delta=f"{delta:g}", settings=method.settings or 0)
        if decided
        else both(Account.AIMS_PREVIEW)
    )
    looks = ", ".join(map(str, method.looks or ()))
    estimation = (
        both(Account.ESTIMATION_DECISION, looks=looks, replications=times)
        if decided
        else both(Account.ESTIMATION_PREVIEW, replications=times)
    )
    teams = sum(site.teams for site in portrait.sites)
    measures = len(result.measures[result.policies[0]])
    said = {
        Stress.PURPOSE: both(Account.PURPOSE, area=each(result.name), policies=policies),
        Stress.OUTPUTS: both(Account.OUTPUTS, others=max(0, measures - _JUDGED)),
        Stress.AIMS: aims,
        Stress.DIAGRAM: both(Account.DIAGRAM, walk=each(_walk)),
        Stress.LOGIC: both(Account.LOGIC),
        Stress.SCENARIOS: both(Account.SCENARIOS, policies=policies),
        Stress.ALGORITHMS: both(Account.ALGORITHMS),
        Stress.ENTITIES: both(Account.ENTITIES, sites=len(portrait.sites)),
        Stress.ACTIVITIES: both(Account.ACTIVITIES),
        Stress.RESOURCES: both(Account.RESOURCES, teams=teams),
        Stress.QUEUES: both(Account.QUEUES),
        Stress.ENTRY: both(Account.ENTRY),
        Stress.SOURCES: both(Account.SOURCES, **counts),
        Stress.PREPARATION: both(Account.PREPARATION),
        Stress.PARAMETERS: both(Account.PARAMETERS, count=sum(counts.values())),
        Stress.ASSUMPTIONS: _assumed(result),
        Stress.INITIAL: both(
            Account.INITIAL, starts_on=method.starts_on, warmup=method.warmup_weeks
        ),
        Stress.LENGTH: _length(result),
        Stress.ESTIMATION: estimation,
        Stress.SOFTWARE: both(Account.SOFTWARE, versions=versions),
        Stress.SAMPLING: both(Account.SAMPLING, seed=result.seed),
        Stress.EXECUTION: both(Account.EXECUTION),
        Stress.SYSTEM: both(Account.SYSTEM),
        Stress.ACCESS: both(Account.ACCESS, code=method.code, scenario=method.scenario),
    }
    return tuple(said.items())


def _length(result: Result) -> Both:
    """Say how long a run is, and a shorter one if there were any."""
    method = result.method
    whole = both(Account.LENGTH, weeks=result.weeks, runout=method.runout_days)
    if method.short_weeks is None:
        return whole
    short = both(Account.SHORT, weeks=method.short_weeks)
    return Both(f"{whole.en} {short.en}", f"{whole.zh}{short.zh}")


def _assumed(result: Result) -> Both:
    """Say how much is assumed; with `compare --assume` how teams answer may have been fitted."""
    fitted = [
        same(one.key)
        for one in result.assumptions
        if one.key.startswith("answer.") and one.basis == "derived"
    ]
    if fitted:
        return both(Account.FITTED, fitted=_listed(fitted), **bases(result))
    return both(Account.ASSUMPTIONS, **bases(result))


def _walk(lang: Lang) -> str:
    """Give the shortest way of an order to being rated, event by event."""
    events = ORDER.walks()[OrderState.RATED]
    arrow = " → " if lang == "zh" else " > "
    kinds: list[str] = [event.kind for event in events]  # type: ignore[attr-defined] # events carry their kind; `type` cannot say so
    return arrow.join(word("event", kind, lang) for kind in kinds)


def _listed(names: list[Both]) -> Both:
    return Both(", ".join(name.en for name in names), "、".join(name.zh for name in names))
