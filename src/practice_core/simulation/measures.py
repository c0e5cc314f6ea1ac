"""What a run is worth: every measure from its log and its tape, as whole numbers (MODEL section 6).

The cohort are the dispatched orders, those of residents and sites' requests, that were placed in
the weeks that count; own activities are background and left out, but for coverage and utilisation.
A measure keeps its numerator and denominator as integers and recomputes the ratio; where there is
nothing to count it is null. Every measure is given for the whole and for each of `GROUPS`, by one
formula.

Service outside the requested window, or after the last instant, cannot happen here, so there is no
row for either. Neither is there one for the gap between the best and the worst institute: by chance
alone it is .06 where all are served alike.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import numpy as np
from scipy.special import ive

from practice_core.simulation.groups import GROUPS, Group
from practice_core.simulation.outcomes import METRES, outcomes_of
from practice_core.simulation.tape import OWN, RESIDENT, SITE_REQUEST
from practice_core.units import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from practice_core.dispatch import Roster
    from practice_core.simulation.groups import Part
    from practice_core.simulation.log import EventLog
    from practice_core.simulation.outcomes import Outcomes
    from practice_core.simulation.tape import Tape

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["KPIS", "Measure", "measure", "measure_groups", "measured", "measured_groups", "totals"]

TAU_ACCEPT = 168 * HOUR
"""Hours to acceptance count up to here, and as much if it never happens."""
TAU_SERVICE = 504 * HOUR
MINUTES_AN_OFFER = 5
"""What an offer costs the center's desk."""
MANY_OFFERS = 3
"""More offers than so many in a week are a burden to a team."""
_MILLIONTHS = 1_000_000


@attrs.frozen
class Measure:
    """One figure of one run: a ratio of whole numbers.

    Parameters
    ----------
    numerator, denominator
        Their quotient is the value, in the unit that the measure's name says.

    Examples
    --------
    >>> Measure(3, 4).value, Measure(0, 0).value
    (0.75, None)
    """

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The ratio; None if there was nothing to count."""
        return self.numerator / self.denominator if self.denominator else None


KPIS: Mapping[str, str] = {
    "served_share": "served in time / cohort",
    "served_share_resident": "the same of residents' orders",
    "served_share_site": "the same of sites' requests",
    "served_share_scarce": "the same of law, science and theory",
    "served_share_far": "the same of the quarter of stations farthest from the seat",
    "equity": "that minus the same of the quarter nearest to the seat",
    "institute_spread": "standard deviation between institutes, binomial noise removed",
    "accept_rm": "mean hours to acceptance, at most 168",
    "accept_p50": "median of the same",
    "accept_p90": "90 % quantile of the same",
    "service_rm": "mean hours from placing to service, at most 504",
    "service_mean": "mean hours from placing to service, residents' orders served only",
    "offers": "offers / cohort",
    "declines": "declined offers / cohort",
    "expiries": "expired offers / cohort",
    "lost_offers": "accepted too late, the time was gone / cohort",
    "first_offer_share": "accepted by the first team asked, and served by it / cohort",
    "outside_share": "served by a team from outside the institute / served",
    "km_per_served": "road km there and back / served",
    "wasted_km": "road km there and back of teams that came too few / served",
    "load_gini": "Gini coefficient of served jobs per weekly limit, over teams",
    "load_gini_poisson": "the same if the jobs had fallen to teams by chance: Poisson, same mean",
    "utilisation": "member-minutes on jobs / member-minutes free",
    "notifications": "team-weeks with more than three offers / team-weeks",
    "desk_hours": "hours of the desk, five minutes an offer",
    "rated_share": "rated / served",
    "dissatisfied_share": "rated dissatisfied / served",
    "coverage": "cells of station, whole month and category with something held / cells",
}
"""Every measure with its definition; the displayed words are in the vocabulary."""


def measure(tape: Tape, log: EventLog, roster: Roster) -> dict[str, Measure]:
    """Compute every measure of a run.

    Parameters
    ----------
    tape, log
        What was drawn and what happened.
    roster
        Any roster of the tape: for distances.

    Returns
    -------
    dict
        By the names of `KPIS`, in that order.
    """
    return measured(outcomes_of(tape, log, roster))


def measure_groups(
    tape: Tape, log: EventLog, roster: Roster
) -> dict[str, dict[str, dict[str, Measure]]]:
    """Compute every measure of each group of a run's orders.

    Parameters
    ----------
    tape, log, roster
        As for `measure`.

    Returns
    -------
    dict
        By dimension, group and name, in the order of `GROUPS` and `KPIS`.
    """
    return measured_groups(outcomes_of(tape, log, roster))


def measured(outcomes: Outcomes, part: Part | None = None) -> dict[str, Measure]:
    """Compute every measure from what became of the orders, or of a part of them."""
    counted = _Counted(outcomes, part or outcomes.whole)
    found = counted.shares() | counted.waits() | counted.asking() | counted.travel()
    found |= counted.load() | counted.ratings() | counted.coverage()
    return {name: found[name] for name in KPIS}


def measured_groups(outcomes: Outcomes) -> dict[str, dict[str, dict[str, Measure]]]:
    """Compute every measure of each group from what became of the orders."""
    return {
        dimension.value: {
            group.value: measured(outcomes, outcomes.parts[group]) for group in groups
        }
        for dimension, groups in GROUPS.items()
    }


def totals(outcomes: Outcomes) -> dict[str, int]:
    """Count the whole of the weeks that count, to hold beside published totals; own ones included.

    Returns
    -------
    dict
        Orders placed and services held by stream, all services held, and participations.
    """
    demand, (low, high) = outcomes.tape.demand, outcomes.tape.scenario.cohort
    placed = (demand.placed >= low) & (demand.placed < high)
    found = {}
    for code, name in ((RESIDENT, "resident"), (SITE_REQUEST, "site"), (OWN, "own")):
        found[f"placed_{name}"] = _count(placed & (demand.stream == code))
        found[f"held_{name}"] = _count(demand.stream[outcomes.held] == code)
    found["held"] = len(outcomes.held)
    found["participations"] = outcomes.participations
    return found


class _Counted:
    """The orders of one part, counted for all measures."""

    def __init__(self, outcomes: Outcomes, part: Part) -> None:
        self.outcomes = outcomes
        self.part = part
        self.tape = outcomes.tape
        self.cohort = np.flatnonzero(outcomes.cohort & part.orders)
        self.served = self.cohort[outcomes.served[self.cohort]]

    def share(self, of: Mask) -> Measure:
        """Give the served share of some of the cohort."""
        return Measure(_count(of[self.served]), _count(of[self.cohort]))

    def per_order(self, column: Ints | Mask) -> Measure:
        return Measure(int(column[self.cohort].sum()), len(self.cohort))

    def per_served(self, column: Ints | Mask, unit: int = 1) -> Measure:
        return Measure(int(column[self.served].sum()), unit * len(self.served))

    # -- measures -------------------------------------------------------------------------------

    def shares(self) -> dict[str, Measure]:
        stream, groups = self.tape.demand.stream, self.outcomes.parts
        far = self.share(groups[Group.QUARTER_4].orders)
        near = self.share(groups[Group.QUARTER_1].orders)
        return {
            "served_share": Measure(len(self.served), len(self.cohort)),
            "served_share_resident": self.share(stream == RESIDENT),
            "served_share_site": self.share(stream == SITE_REQUEST),
            "served_share_scarce": self.share(groups[Group.SCARCE].orders),
            "served_share_far": far,
            "equity": Measure(
                far.numerator * near.denominator - near.numerator * far.denominator,
                far.denominator * near.denominator,
            ),
            "institute_spread": self._spread(),
        }

    def _spread(self) -> Measure:
        of = self.outcomes.institute
        asked, served = of[self.cohort], of[self.served]
        asked = np.bincount(asked[asked >= 0])
        return _spread(asked, np.bincount(served[served >= 0], minlength=len(asked)))

    def waits(self) -> dict[str, Measure]:
        accepted = np.sort(self.outcomes.accepted_after[self.cohort])
        begun = self.outcomes.begun_after
        resident = self.served[self.tape.demand.stream[self.served] == RESIDENT]
        hour = HOUR // MINUTE
        return {
            "accept_rm": _restricted(accepted, TAU_ACCEPT),
            "accept_p50": _quantile(accepted, 5, TAU_ACCEPT),
            "accept_p90": _quantile(accepted, 9, TAU_ACCEPT),
            "service_rm": _restricted(begun[self.cohort], TAU_SERVICE),
            "service_mean": Measure(int(begun[resident].sum()) // MINUTE, hour * len(resident)),
        }

    def asking(self) -> dict[str, Measure]:
        offers = self.per_order(self.outcomes.offers)
        return {
            "offers": offers,
            "declines": self.per_order(self.outcomes.declines),
            "expiries": self.per_order(self.outcomes.expiries),
            "lost_offers": self.per_order(self.outcomes.losses),
            "first_offer_share": self.per_order(self.outcomes.by_first),
            "desk_hours": Measure(offers.numerator * MINUTES_AN_OFFER, HOUR // MINUTE),
            "notifications": self._notified(),
        }

    def _notified(self) -> Measure:
        weeks, teams = self.outcomes.weeks, len(self.outcomes.limits)
        order, team, week = self.outcomes.asked
        ours = self.part.orders[order]
        counts = np.bincount(team[ours] * weeks + week[ours])
        return Measure(_count(counts > MANY_OFFERS), teams * weeks)

    def travel(self) -> dict[str, Measure]:
        in_vain = int(self.outcomes.metres_in_vain[self.cohort].sum())
        return {
            "outside_share": self.per_served(self.outcomes.outside),
            "km_per_served": self.per_served(self.outcomes.metres, METRES),
            "wasted_km": Measure(in_vain, METRES * len(self.served)),
        }

    def load(self) -> dict[str, Measure]:
        able: Mask = np.any(self.outcomes.serves[:, self.part.categories], axis=1)
        jobs = np.bincount(self.outcomes.team[self.served], minlength=len(able))[able]
        limits = self.outcomes.limits[able]
        used = int(self.outcomes.minutes[self.part.orders].sum())
        return {
            "load_gini": _gini(jobs * (np.lcm.reduce(limits, initial=1) // limits)),
            "load_gini_poisson": _gini_poisson(int(jobs.sum()), len(jobs)),
            "utilisation": Measure(used, self.outcomes.free_minutes),
        }

    def ratings(self) -> dict[str, Measure]:
        return {
            "rated_share": self.per_served(self.outcomes.rated),
            "dissatisfied_share": self.per_served(self.outcomes.dissatisfied),
        }

    def coverage(self) -> dict[str, Measure]:
        done, demand = self.outcomes, self.tape.demand
        months = max(0, len(done.months) - 1)
        categories = _count(done.categories[self.part.categories])
        ours = (done.held_months >= 0) & self.part.orders[done.held]
        order = done.held[ours]
        cells = (len(self.tape.sites), months, len(done.categories))
        held = np.zeros(cells, bool)
        held[demand.site[order], done.held_months[ours], demand.category[order]] = True
        found = _count(held[self.part.stations])
        return {"coverage": Measure(found, len(self.part.stations) * months * categories)}


def _count(which: Mask) -> int:
    return int(np.count_nonzero(which))


def _restricted(spans: Ints, tau: int) -> Measure:
    """Give the mean of min(T, tau), in hours."""
    return Measure(int(np.minimum(spans, tau).sum()) // MINUTE, HOUR // MINUTE * len(spans))


def _quantile(ordered: Ints, tenths: int, tau: int) -> Measure:
    """Give the type-7 quantile of min(T, tau) of ascending spans, in hours."""
    if not len(ordered):
        return Measure(0, 0)
    low, part = divmod(tenths * (len(ordered) - 1), 10)
    a, b = (min(int(ordered[n]), tau) for n in (low, min(low + 1, len(ordered) - 1)))
    return Measure(((10 - part) * a + part * b) // MINUTE, 10 * HOUR // MINUTE)


def _spread(asked: Ints, served: Ints) -> Measure:
    """Give the spread between institutes beyond what equal shares would show by chance."""
    beyond = _variance_beyond_chance(asked, served)
    if beyond is None:
        return Measure(0, 0)
    return Measure(round(math.sqrt(max(0.0, beyond)) * _MILLIONTHS), _MILLIONTHS)


def _variance_beyond_chance(asked: Ints, served: Ints) -> float | None:
    """Give the variance between shares less the mean binomial variance; 0 expected if all alike.

    An institute with fewer than two orders shows no variance of its own and is left out.
    """
    served, asked = served[asked > 1], asked[asked > 1]
    if len(asked) < 2:  # noqa: PLR2004 - one institute has no spread
        return None
    share = served / asked
    noise = math.fsum((share * (1 - share) / (asked - 1)).tolist()) / len(share)
    mean = math.fsum(share.tolist()) / len(share)
    return math.fsum(((share - mean) ** 2).tolist()) / (len(share) - 1) - noise


def _gini(loads: Ints) -> Measure:
    """Give the Gini coefficient of whole loads as a ratio of whole numbers."""
    count, total = len(loads), int(loads.sum())
    ranked = int((np.sort(loads) * np.arange(1, count + 1)).sum())
    return Measure(2 * ranked - (count + 1) * total, count * total)


def _gini_poisson(jobs: int, teams: int) -> Measure:
    """Give the Gini coefficient of a Poisson number of jobs a team, in millionths.

    With mean m it is exp(-2 m) (I0(2 m) + I1(2 m)), I the modified Bessel functions.
    """
    if not jobs:
        return Measure(0, 0)
    mean = jobs / teams
    return Measure(round(float(ive(0, 2 * mean) + ive(1, 2 * mean)) * _MILLIONTHS), _MILLIONTHS)
