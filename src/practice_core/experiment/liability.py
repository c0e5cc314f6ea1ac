"""What a county owes in points under other settings of what was assumed of redemption.

How readily members redeem, and what goods cost, moves no order: it is no input of a sweep of
policies. Here it is varied alone, by the same Latin hypercube, and one run serves for all settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from practice_core.experiment.sweep import SETTINGS, settings
from practice_core.simulation.liability import MONTHS

if TYPE_CHECKING:
    from practice_core.experiment.sweep import Setting
    from practice_core.simulation import MonthEnd, Run

__all__ = ["LiabilityRange", "sweep_liability"]

SECTION = "redemption"


@attrs.frozen
class LiabilityRange:
    """What members hold, month by month, as the scenario says and in every setting.

    Parameters
    ----------
    base
        The months as the scenario says.
    settings
        The settings, in order.
    months
        The months of each setting.
    """

    base: tuple[MonthEnd, ...]
    settings: tuple[Setting, ...]
    months: tuple[tuple[MonthEnd, ...], ...]

    def to_dict(self) -> list[dict[str, Any]]:
        """Give a row a month: its end, and the least and the most outstanding of all settings."""
        rows = zip(self.base, zip(*self.months, strict=True), strict=True)
        return [
            base.to_dict()
            | {
                "least_outstanding": min(each.outstanding for each in (base, *others)),
                "most_outstanding": max(each.outstanding for each in (base, *others)),
            }
            for base, others in rows
        ]


def sweep_liability(
    run: Run, *, seed: int, count: int = SETTINGS, months: int = MONTHS
) -> LiabilityRange:
    """Simulate redemption in many settings of the scenario's section ``redemption``.

    Who would redeem, and when, is drawn from the same numbers in each.

    Parameters
    ----------
    run
        Its records serve for all settings.
    seed
        Of the settings.
    count
        How many, at least 1.
    months
        How many local months.
    """
    scenario = run.tape.scenario
    chosen = settings(scenario, count, seed, SECTION)
    laws = [scenario.with_values(setting.values).redemption for setting in chosen]
    found = tuple([run.liability(months, law).months for law in laws])
    return LiabilityRange(run.liability(months).months, chosen, found)
