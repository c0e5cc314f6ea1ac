"""The decision: the verdict, what it hinges on, and how far from the possible."""

from __future__ import annotations

import enum
import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.areas import BasisKind
from practice_core.errors import DefinitionError, Fault, attempt
from practice_core.experiment.bound import Clairvoyant, reasons, refuse_unbounded
from practice_core.experiment.cells import Runner
from practice_core.experiment.compare import comparison_of, labelled, tasks
from practice_core.experiment.sweep import SETTINGS, inputs, sweep
from practice_core.experiment.sweep import settings as draw_settings
from practice_core.experiment.tipping import tipping
from practice_core.experiment.verdict import DELTA, LOOKS, Status, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from practice_core.dispatch import Policy
    from practice_core.experiment.bound import Reasons
    from practice_core.experiment.cells import Cell, Subject
    from practice_core.experiment.compare import Comparison
    from practice_core.experiment.sweep import Sweep
    from practice_core.experiment.tipping import Tipping
    from practice_core.experiment.verdict import Verdict
    from practice_core.simulation import Measure, Scenario

__all__ = ["Decision", "Phase", "decide"]

SWEEP_WEEKS = 4
"""Longest cohort of a setting or a tipping value."""
CANDIDATES = 5
"""Inputs tried for a tipping value."""
BOUND = "clairvoyant"
FOIL = "random"
"""The policy from which the way to the bound is measured."""


class Phase(enum.StrEnum):
    """What a decision is busy with; the words are in the vocabulary."""

    LOOK = "look"
    BOUND = "bound"
    SETTINGS = "settings"
    TIPPING = "tipping"
    PORTRAIT = "portrait"
    """Of its summary: one run is drawn."""


@attrs.frozen
class Decision:
    """Everything a county needs to decide on a dispatch policy.

    Parameters
    ----------
    comparison
        What every policy did.
    verdict
        Who is best, and how sure.
    sweep
        In how many plausible settings each is best or equivalent.
    tipping
        At which values of which assumptions the best stops being better.
    bound
        The measures of the clairvoyant bound, replication by replication.
    fitted
        The numbers of the answer model that are not assumed but fitted, by dotted key.
    looks
        The replications after which the verdict might have been given.
    """

    comparison: Comparison
    verdict: Verdict
    sweep: Sweep
    tipping: tuple[Tipping, ...]
    bound: tuple[Mapping[str, Measure], ...]
    fitted: tuple[str, ...] = ()
    looks: tuple[int, ...] = LOOKS

    @property
    def reasons(self) -> Reasons | None:
        """How far the best policy is from the bound and why, on the bound's replications."""
        series = self.comparison.series
        foil = series(FOIL, self.verdict.kpi) if FOIL in self.comparison.measures else None
        return reasons(self.bound, series(self.verdict.policy, self.verdict.kpi), foil)

    def to_dict(self) -> dict[str, Any]:
        """Give the decision as plain data, the object that ``compare --decide --json`` prints."""
        from practice_core.experiment.words import wording  # noqa: PLC0415 - words come last

        said = {"en": wording(self, "en"), "zh": wording(self, "zh")}
        return self.comparison.to_dict() | {
            "verdict": self.verdict.to_dict() | {"wording": said},
            "settings": self.sweep.to_dict(),
            "tipping": [each.to_dict() for each in self.tipping],
            "bound": {kpi: [each[kpi].value for each in self.bound] for kpi in self.bound[0]}
            | {"reasons": None if self.reasons is None else attrs.asdict(self.reasons)},
        }

    def to_json(self) -> str:
        """Give `to_dict` as JSON text: no path, time, host or number of workers is in it."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"


def decide(  # noqa: PLR0913 - an experiment has this many factors
    scenario: Scenario,
    policies: Sequence[str] | Mapping[str, Policy],
    *,
    seed: int,
    looks: Sequence[int] = LOOKS,
    settings: int = SETTINGS,
    delta: float = DELTA,
    runner: Runner | None = None,
    on_phase: Callable[[Phase, int], None] | None = None,
) -> Decision:
    """Decide between policies.

    All policies go on to the next look as long as one is undecided against the best.

    Parameters
    ----------
    scenario
        The area and its assumptions; a year decides, less is for trying it out.
    policies
        Two or more: names of shipped ones, or policies of one's own by label.
    seed
        Of everything.
    looks
        Replications, ascending, after each of which the verdict may be given; alpha is split.
    settings
        Points of the Latin hypercube.
    delta
        Differences in the served share below it do not matter.
    runner
        Where cells are computed and kept.
    on_phase
        Called as a phase begins with how many cells it takes; 0: not known beforehand.

    Raises
    ------
    UnknownName
        If there is no policy of a given name.
    DefinitionError
        If there are fewer than two policies, no settings, or looks that do not ascend from 2 on.
    """
    chosen = labelled(policies)
    _check(chosen, looks, settings)
    runner = runner or Runner()
    begin = on_phase or _silent
    weeks = min(scenario.horizon.weeks, SWEEP_WEEKS)
    short = scenario.with_values({"horizon.weeks": weeks})
    _try_out(short, settings, seed)
    cells: list[Cell] = []
    done = 0
    for look in looks:
        begin(Phase.LOOK, (look - done) * len(chosen))
        cells += runner.cells(tasks(scenario, chosen, seed, range(done, look)))
        comparison = comparison_of(scenario, seed, cells)
        verdict = judge(comparison, delta=delta, looks=len(looks))
        done = look
        if not verdict.against_best(Status.UNDECIDED):
            break
    begin(Phase.BOUND, done)
    clairvoyant: Mapping[str, Subject] = {BOUND: Clairvoyant(chosen[verdict.policy])}
    bound = runner.cells(tasks(scenario, clairvoyant, seed, range(done)))
    begin(Phase.SETTINGS, 2 * settings * len(chosen))
    swept = sweep(short, chosen, seed=seed, count=settings, delta=delta, runner=runner)
    begin(Phase.TIPPING, 0)
    rival = _rival(verdict, comparison.baseline)
    tips: tuple[Tipping, ...] = ()
    if rival is not None:
        keys = swept.strongest(verdict.policy, rival, CANDIDATES)
        pair = {label: chosen[label] for label in (verdict.policy, rival)}
        tips = tipping(short, keys, pair, seed=seed, delta=delta, runner=runner)
    fitted = [
        key
        for key, basis in sorted(scenario.bases.items())
        if key.startswith("answer.") and basis.kind is BasisKind.DERIVED
    ]
    bounds = tuple([cell.measures for cell in bound])
    return Decision(comparison, verdict, swept, tips, bounds, tuple(fitted), tuple(looks))


def _try_out(short: Scenario, count: int, seed: int) -> None:
    """Raise now, not after an hour, if a setting, an end of a range or the bound is impossible."""
    refuse_unbounded(short)
    faults = [
        Fault(f"{one.key}.range", f"{end:g}: {fault}", "ends that are possible", "narrow the range")
        for one in inputs(short)
        if one.part is None
        for end in (one.low, one.high)
        for fault in _faults(short, {one.key: one.rounded(end)})
    ]
    if faults:
        raise DefinitionError("ranges", faults)
    for setting in draw_settings(short, count, seed):
        found = _faults(short, setting.values)
        if found:
            places = {fault.place for fault in found}
            moved = ", ".join([key for key in setting.values if key in places] or setting.values)
            expected, remedy = "numbers that go together", f"narrow the range of {moved}"
            last = Fault("ranges", "a setting drawn from the ranges", expected, remedy)
            raise DefinitionError("ranges", (*found, last))


def _faults(short: Scenario, values: Mapping[str, Any]) -> Sequence[Fault]:
    found: list[Fault] = []
    attempt(found, short.with_values, values)
    return found


def _silent(phase: Phase, cells: int) -> None:
    """Say nothing."""


def _rival(verdict: Verdict, baseline: str) -> str | None:
    """Give whom to look for tipping values against: the baseline, else the next, if beaten so."""
    beaten = [
        each
        for each in verdict.against_best(Status.BETTER)
        if (verdict.pair(verdict.policy, each).difference.mean or 0.0) > verdict.delta
    ]
    return baseline if baseline in beaten else next(iter(beaten), None)


def _check(chosen: Mapping[str, Policy], looks: Sequence[int], settings: int) -> None:
    faults = []
    if len(chosen) < 2:  # noqa: PLR2004 - a decision is between two
        faults.append(Fault("policies", ", ".join(chosen), "two or more", "name another"))
    ascending = all(a < b for a, b in pairwise(looks))
    if not looks or looks[0] < 2 or not ascending:  # noqa: PLR2004 - an interval takes two
        said = ", ".join(map(str, looks)) or "none"
        faults.append(Fault("looks", said, "ascending, the first 2 or more", "change them"))
    if settings < 2:  # noqa: PLR2004 - a rank correlation takes two
        faults.append(Fault("settings", str(settings), "2 or more", "raise it"))
    if faults:
        raise DefinitionError("decision", faults)
