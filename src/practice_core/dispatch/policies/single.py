"""Policies that ask one team at a time."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

import attrs

from practice_core.dispatch.contract import Channel, Offer
from practice_core.dispatch.policies.each import EachByItself, offer, wait
from practice_core.units import DAY, Duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from practice_core.dispatch.contract import CandidateArrays, Decision, Draw, View
    from practice_core.orders import Order
    from practice_core.units import SiteId

__all__ = [
    "BestAnswer",
    "HomeFirst",
    "LeastBusy",
    "LeastRecentlyNotified",
    "Nearest",
    "Random",
    "StatusQuo",
    "TwoChoices",
]


@attrs.frozen
class Nearest(EachByItself):
    """Offer to the nearest lawful team.

    Idea: less travel, and teams accept near jobs more readily, if they do. Key: (km, hash).
    Source: Larson and Odoni, *Urban Operations Research*, section 5.3, where the nearest unit is
    not in general the best to send. Cost: one walk to the first lawful team. Bad when willing teams
    are few and near ones are asked again and again.
    """

    open_for: Duration = DAY
    period: Duration = 0

    def _one(self, order: Order, view: View) -> Decision:
        for candidate in view.candidates(order):
            return Offer(order.id, (candidate.team,), self.open_for)
        return wait(order, view)


@attrs.frozen
class Random(EachByItself):
    """Offer to a lawful team drawn uniformly.

    Idea: the foil; it spreads offers evenly and ignores distance. Key: the hash alone. Source:
    MODEL section 2.3. Cost: all teams of the category, by column. Bad whenever distance lowers
    acceptance.
    """

    open_for: Duration = DAY
    period: Duration = 0

    def _one(self, order: Order, view: View) -> Decision:
        return offer(order, view, view.candidates(order).least(_by_hash), self.open_for)


@attrs.frozen
class HomeFirst(EachByItself):
    """Offer within the order's own station first, then its institute, then the whole county.

    Idea: the rule of most counties, "community first, then upwards". Key: (level, km, hash);
    `tries` teams are asked at a level before the next; a level without a lawful team is passed at
    once. Source: MODEL section 2.3. Cost: a walk up to the first team of the level. Bad when home
    teams are few: it asks them first even if a better one lives across the border.
    """

    tries: int = 3
    open_for: Duration = DAY
    period: Duration = 0

    def _one(self, order: Order, view: View) -> Decision:
        chain = view.hierarchy.chain(order.request.site)
        covers = view.hierarchy.covers

        county = len(chain) - 1

        def level_of(home: SiteId) -> int:  # an ally's is as far as any in the county
            return next((n for n, site in enumerate(chain) if covers(site, home)), county)

        asked = Counter(level_of(view.home(team)) for team in order.asked)
        for level, site in enumerate(chain):
            if asked[level] < self.tries or level == county:
                for candidate in view.candidates(order, within=site):
                    if level == county or level_of(candidate.home) == level:
                        return Offer(order.id, (candidate.team,), self.open_for)
        return wait(order, view)


@attrs.frozen
class StatusQuo:
    """Do as `HomeFirst`, but by phone.

    Idea: what a county does without a platform, and so the baseline: a desk calls the contact of a
    team it knows, and the answer takes longer to come back. Key and cost: those of `HomeFirst`.
    Source: MODEL section 2.2 (the answer takes twice as long there; assumed). Bad when requesters
    are in a hurry: every refusal costs more of the time that is left.
    """

    tries: int = 3
    open_for: Duration = DAY
    period: Duration = 0

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:
        """Decide about each order by itself."""
        decisions = HomeFirst(self.tries, self.open_for, self.period).choose(orders, view, draw)
        return [
            attrs.evolve(each, channel=Channel.PHONE) if isinstance(each, Offer) else each
            for each in decisions
        ]


@attrs.frozen
class LeastBusy(EachByItself):
    """Offer to the team that did least of what it does at most.

    Idea: share the work by capacity. Key: (load, km, hash), load = jobs accepted in 28 days / (4 x
    jobs a week at most). Source: MODEL section 2.3. Cost: all teams of the category, by column. Bad
    when distance lowers acceptance, because most loads are 0 or small and equal but the least is
    often far away; and when demand is high, because it then sends far teams out for small jobs.
    """

    open_for: Duration = DAY
    period: Duration = 0

    def _one(self, order: Order, view: View) -> Decision:
        return offer(order, view, view.candidates(order).least(_by_load), self.open_for)


@attrs.frozen
class TwoChoices(EachByItself):
    """Of the two nearest lawful teams, offer to the one that received less so far.

    Idea: a little choice evens out most of the load and costs little distance. Key among the two:
    (load, km, hash). Source: Mertzanidis, Psomas and Verma, "Automating Food Drop: the power of
    two choices" (2024), where it is what each received ever; here of 28 days, by capacity. Cost: a
    walk to the second lawful team. Bad when the two nearest refuse as a rule: it does not look at
    the third before one of them was asked.
    """

    open_for: Duration = DAY
    period: Duration = 0

    def _one(self, order: Order, view: View) -> Decision:
        two = islice(view.candidates(order), 2)
        chosen = min(two, key=attrgetter("load", "km", "tie"), default=None)
        return offer(order, view, chosen, self.open_for)


@attrs.frozen
class LeastRecentlyNotified(EachByItself):
    """Offer to the team whose last offer is longest ago, teams without any before all others.

    Idea: let nobody tire of messages, and everybody have a turn. Key: (last offered at, hash).
    Source: a round by turns, the standard of fair service; alarm fatigue drives responders away
    (Prytz et al., *Scand. J. Trauma Resusc. Emerg. Med.*, 2023). Cost: all teams of the category,
    by column. Bad whenever distance lowers acceptance, as for `Random`, which it resembles.
    """

    open_for: Duration = DAY
    period: Duration = 0

    def _one(self, order: Order, view: View) -> Decision:
        return offer(order, view, view.candidates(order).least(_by_last_offer), self.open_for)


@attrs.frozen
class BestAnswer(EachByItself):
    """Offer to the team most likely to accept, as far as a county can know.

    Idea: ask whom the answer model expects a yes from. Key: (-log-odds, hash), log-odds = eta -
    kd x km - kl x load - kn x offers of the last 7 days; the willingness of a team and the appeal
    of an order stay unknown. Source: MODEL sections 2.1 and 2.3. Cost: all teams of the category,
    by column. Bad when the coefficients were fitted to other teams or guessed, as these defaults
    are: it is only as good as they are, and with all of them 0 it is `Random`.

    Parameters
    ----------
    eta, kd_per_km, kl, kn
        Coefficients of the answer model; see `Fitted.fitted`.
    open_for, period
        As for every policy.
    """

    eta: float = 1.6
    kd_per_km: float = 0.1
    kl: float = 0.8
    kn: float = 0.25
    open_for: Duration = DAY
    period: Duration = 0

    def fitted(self, *, eta: float, kd_per_km: float, kl: float, kn: float) -> BestAnswer:
        """Give a copy with these coefficients.

        >>> BestAnswer().fitted(eta=1.2, kd_per_km=0.05, kl=0.8, kn=0.3).kd_per_km
        0.05
        """
        return attrs.evolve(self, eta=eta, kd_per_km=kd_per_km, kl=kl, kn=kn)

    def _one(self, order: Order, view: View) -> Decision:
        return offer(order, view, view.candidates(order).least(self._unlikely), self.open_for)

    def _unlikely(self, teams: CandidateArrays) -> tuple[NDArray[np.float64]]:
        odds = self.eta - self.kd_per_km * teams.km
        odds -= self.kl * teams.load + self.kn * teams.offers_7d
        return (-odds,)


def _by_hash(_: CandidateArrays) -> tuple[()]:
    return ()


def _by_load(teams: CandidateArrays) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return teams.load, teams.km


def _by_last_offer(teams: CandidateArrays) -> tuple[NDArray[np.int64]]:
    return (teams.last_offered_at,)
