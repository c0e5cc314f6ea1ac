"""The sweep: in how many other settings of what was assumed a policy is still best.

Every number of a scenario that has a plausible range is an input. A Latin hypercube draws settings
of all inputs at once; in each of them the policies meet the same orders and answers.

References
----------
McKay, Beckman and Conover, "A comparison of three methods for selecting values of input variables
in the analysis of output from a computer code", Technometrics 21, 1979.
"""

from __future__ import annotations

import math
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from scipy.stats import qmc, spearmanr

from practice_core.experiment.cells import Runner
from practice_core.experiment.compare import comparison_of, tasks
from practice_core.experiment.verdict import DELTA, PRIMARY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.dispatch import Policy
    from practice_core.simulation import Scenario

__all__ = ["SETTINGS", "Input", "Setting", "Sweep", "inputs", "settings", "sweep"]

SETTINGS = 20
"""Points of the Latin hypercube (MODEL section 5.1)."""
REPLICATIONS = 2
FIRST = 10_000
"""Number of the first replication of a sweep: none that the verdict rests on."""
_WORD = (1 << 64) - 1
_SHARES = 1e-9
"""How near to 1 a list must sum to be one of shares."""


@attrs.frozen
class Input:
    """A number of a scenario that may be something else.

    Parameters
    ----------
    key
        Its dotted key in the scenario.
    part
        Which part, if it stands in a list or table; else None.
    low, high
        The plausible values; of a part the plausible factors.
    value
        What the scenario says.
    whole
        Whether it can only be a whole number.
    """

    key: str
    part: int | str | None
    low: float
    high: float
    value: float
    whole: bool = False

    @property
    def name(self) -> str:
        """Its key, with the part in brackets."""
        return self.key if self.part is None else f"{self.key}[{self.part}]"

    def at(self, u: float) -> float:
        """Give the value or factor at a share `u` of its range: by ratio if all of it is above 0.

        >>> Input("a", None, 0, 4, 2).at(0.5), round(Input("a", None, 1, 9, 2).at(0.5), 9)
        (2.0, 3.0)
        """
        if self.whole:  # each value as likely as the others
            return int(min(self.high, math.floor(self.low + (self.high - self.low + 1) * u)))
        if self.low > 0:
            return self.rounded(self.low * (self.high / self.low) ** u)
        return self.rounded(self.low + (self.high - self.low) * u)

    def rounded(self, value: float) -> float:
        """Give the nearest value that it can have."""
        return round(value) if self.whole else float(value)


@attrs.frozen
class Setting:
    """One point of the hypercube.

    Parameters
    ----------
    values
        What differs from the base, by dotted key; for `Scenario.with_values`.
    drawn
        The value or factor of each input, by its name.
    """

    values: Mapping[str, Any]
    drawn: Mapping[str, float]


@attrs.frozen
class Sweep:
    """What the policies did in every setting.

    Parameters
    ----------
    settings
        The settings, in order.
    means
        By policy, its mean on the primary measure in each setting; None where nothing counted.
    delta
        Differences below it do not matter.
    """

    settings: tuple[Setting, ...]
    means: Mapping[str, tuple[float | None, ...]]
    delta: float

    def good(self, policy: str) -> int:
        """Count the settings in which a policy is best, or lower than the best by at most delta.

        By the means of few replications: a count of settings, not a finding about any one of them.
        """
        rows = zip(*self.means.values(), strict=True)
        best = [max((m for m in row if m is not None), default=math.inf) for row in rows]
        ours = self.means[policy]
        return sum(
            m is not None and m >= top - self.delta for m, top in zip(ours, best, strict=True)
        )

    def strongest(self, ours: str, theirs: str, count: int) -> tuple[str, ...]:
        """Give the single numbers that move the difference of two policies most.

        By the rank correlation of the input with the difference over the settings. With few
        settings and many inputs some of them are there by chance: they are candidates.

        Parameters
        ----------
        ours, theirs
            Labels.
        count
            How many inputs at most.

        Returns
        -------
        tuple of str
            Dotted keys, strongest first; parts of lists are not among them.
        """
        rows = zip(self.means[ours], self.means[theirs], self.settings, strict=True)
        known = [(a - b, s.drawn) for a, b, s in rows if a is not None and b is not None]
        apart = [difference for difference, _ in known]
        if len(set(apart)) < 2:  # noqa: PLR2004 - nothing moves
            return ()
        names = [name for name in known[0][1] if "[" not in name]
        strength = {}
        for name in names:
            drawn = [values[name] for _, values in known]
            strength[name] = (
                abs(float(spearmanr(drawn, apart).statistic)) if len(set(drawn)) > 1 else 0.0
            )
        return tuple(sorted(names, key=lambda name: -strength[name])[:count])

    def to_dict(self) -> dict[str, Any]:
        """Give for every policy in how many settings it is best or equivalent."""
        of = len(self.settings)
        return {
            policy: {"best_or_equivalent": self.good(policy), "of": of} for policy in self.means
        }


def inputs(scenario: Scenario, section: str | None = None) -> tuple[Input, ...]:
    """Give every number of a scenario that has a plausible range, by key.

    A list or table has a factor for each part that is not 0. Numbers on which no measure rests are
    left out.

    Parameters
    ----------
    scenario
        The base.
    section
        Those of one section alone, whatever rests on them, such as ``redemption``.
    """
    found = []
    idle = scenario.unused
    for key, basis in sorted(scenario.bases.items()):
        if key in idle if section is None else key.partition(".")[0] != section:
            continue
        value = _at(scenario.values, key)
        if isinstance(value, (list, dict)):
            low, high = basis.scale or (1.0, 1.0)
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            if low < high:
                found += [Input(key, part, low, high, 1.0) for part, share in parts if share]
        elif basis.range is not None and basis.range[0] < basis.range[1]:
            number = attrgetter(key)(scenario)
            found.append(Input(key, None, *basis.range, number, whole=isinstance(number, int)))
    return tuple(found)


def settings(
    scenario: Scenario, count: int, seed: int, section: str | None = None
) -> tuple[Setting, ...]:
    """Draw settings of all inputs at once, each input once in each of `count` equal strata.

    Parameters
    ----------
    scenario
        The base.
    count
        How many, at least 1.
    seed
        Of the draw; independent of all draws of the simulation.
    section
        As for `inputs`.
    """
    among = inputs(scenario, section)
    cube = qmc.LatinHypercube(len(among), rng=np.random.Generator(np.random.Philox(seed & _WORD)))
    return tuple(_setting(scenario, among, row) for row in cube.random(count).tolist())


def sweep(  # noqa: PLR0913 - an experiment has this many factors
    scenario: Scenario,
    policies: Mapping[str, Policy],
    *,
    seed: int,
    count: int = SETTINGS,
    replications: int = REPLICATIONS,
    delta: float = DELTA,
    runner: Runner | None = None,
) -> Sweep:
    """Run every policy in every setting, on the same orders and answers.

    Parameters
    ----------
    scenario
        The base; its horizon should be short.
    policies
        By label.
    seed
        Of the settings and, with the replication's number, of every draw.
    count, replications
        How many settings, and replications in each.
    delta
        Differences below it do not matter.
    runner
        Where cells are computed and kept.
    """
    chosen = settings(scenario, count, seed)
    scenarios = [scenario.with_values(setting.values) for setting in chosen]
    numbers = range(FIRST, FIRST + replications)
    wanted = [task for each in scenarios for task in tasks(each, policies, seed, numbers)]
    cells = (runner or Runner()).cells(wanted)
    size = len(policies) * replications
    found = [
        comparison_of(each, seed, cells[n * size : (n + 1) * size])
        for n, each in enumerate(scenarios)
    ]
    means = {label: tuple([each.mean(label, PRIMARY).mean for each in found]) for label in policies}
    return Sweep(chosen, means, delta)


def _setting(scenario: Scenario, among: Sequence[Input], row: Sequence[float]) -> Setting:
    drawn = {one.name: one.at(u) for one, u in zip(among, row, strict=True)}
    values: dict[str, Any] = {}
    for one in among:
        if one.part is None:
            values[one.key] = drawn[one.name]
        else:
            changed = values.setdefault(one.key, _at(scenario.values, one.key).copy())
            changed[one.part] *= drawn[one.name]
    for key, changed in values.items():
        base = _at(scenario.values, key)
        if isinstance(changed, (list, dict)) and abs(math.fsum(_parts(base)) - 1) < _SHARES:
            total = math.fsum(_parts(changed))
            places = changed if isinstance(changed, dict) else range(len(changed))
            for place in places:
                changed[place] /= total
    return Setting(values, drawn)


def _parts(node: list[float] | dict[str, float]) -> list[float]:
    return list(node.values()) if isinstance(node, dict) else node


def _at(values: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 - a plain value of the file
    node: Any = values
    for name in key.split("."):
        node = node[name]
    return node
