"""One run drawn site by site, hour by hour and category by category: what a page shows of it.

A portrait judges nothing: it is a single replication under a single policy, told in whole numbers
that add up to the run's measures. Counted are the dispatched orders of the cohort, as the measures
count them; only the week of a site and the points hold own activities too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from practice_core.orders import EVENTS, OfferMade, OrderPosted
from practice_core.simulation.measures import TAU_SERVICE, Measure
from practice_core.simulation.records import awarded
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, MINUTE, WEEK
from practice_core.volunteers import BLOCKS_A_DAY, BLOCKS_A_WEEK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from numpy.typing import NDArray

    from practice_core.areas import Area
    from practice_core.hierarchy import Level, Outline
    from practice_core.points import RuleSet
    from practice_core.simulation.runs import Run
    from practice_core.units import SiteId

    Ints = NDArray[np.int64]

__all__ = [
    "CategoryPortrait",
    "PointsPortrait",
    "Portrait",
    "SitePortrait",
    "portrait",
]

HOURS_A_WEEK = WEEK // HOUR
_HUNDREDTHS, _TEN_THOUSANDTHS = 2, 4
"""Decimals of what is written: half a minute of a wait, less than a job of a load."""


@attrs.frozen
class SitePortrait:
    """What happened at one site, and to the teams at home there.

    Parameters
    ----------
    id, name, level, lon, lat, synthetic
        The site; degrees, and whether it or its position was made up.
    chain
        The sites above it, upwards.
    teams
        Teams at home here.
    orders, served
        Dispatched orders placed here, and those of them that were served in time.
    wait
        Mean hours from placing to service over its orders, at most 504; no value if it has none.
    jobs
        Dispatched orders that its teams served, anywhere.
    load
        Those by the most that its teams take in the weeks that count; no value without a team.
    week
        Services held here in the weeks that count, own activities too, by the block of the week in
        which they began, Monday morning first.
    """

    id: SiteId
    name: str
    level: Level
    chain: tuple[SiteId, ...]
    lon: float
    lat: float
    synthetic: bool
    teams: int
    orders: int
    served: int
    wait: Measure
    jobs: int
    load: Measure
    week: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data: the wait to .01 hours, the load to .0001."""
        return {
            "id": self.id,
            "name": self.name,
            "level": self.level.value,
            "chain": list(self.chain),
            "lon": self.lon,
            "lat": self.lat,
            "synthetic": self.synthetic,
            "teams": self.teams,
            "orders": self.orders,
            "served": self.served,
            "wait_hours": _rounded(self.wait, _HUNDREDTHS),
            "jobs": self.jobs,
            "load": _rounded(self.load, _TEN_THOUSANDTHS),
            "week": list(self.week),
        }


@attrs.frozen
class CategoryPortrait:
    """What became of the dispatched orders of one category.

    Parameters
    ----------
    category
        Which.
    teams
        Teams that serve it, those with another first category too.
    orders, served
        Dispatched orders, and those of them that were served in time.
    nobody
        Orders that no team was ever asked to serve: neither offered nor posted.
    """

    category: Category
    teams: int
    orders: int
    served: int
    nobody: int

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data."""
        return attrs.asdict(self) | {"category": self.category.value}


@attrs.frozen
class PointsPortrait:
    """What volunteers earned in the weeks that count, at own activities too.

    Parameters
    ----------
    rules
        By which rules.
    records
        Service records, one for each volunteer at each service that ended in these weeks.
    volunteers
        Volunteers who earned any points.
    by_week
        Points earned in each week.
    """

    rules: RuleSet
    records: int
    volunteers: int
    by_week: tuple[int, ...]

    @property
    def points(self) -> int:
        """All points earned."""
        return sum(self.by_week)

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "rules": self.rules.id,
            "source": self.rules.source,
            "rate_per_hour": _number(self.rules.rate_per_hour),
            "quantum_minutes": self.rules.quantum,
            "records": self.records,
            "volunteers": self.volunteers,
            "points": self.points,
            "by_week": list(self.by_week),
        }


@attrs.frozen
class Portrait:
    """One run, drawn.

    Parameters
    ----------
    policy
        The policy's name in the comparison.
    replication, weeks
        Which replication, and how many weeks count.
    name
        The area's name by language.
    made_up
        Whether any site's position, and whether the roster of teams, was made up.
    outline
        The area's outline; None if it has none.
    sites
        Every site, by id.
    hours
        Dispatched orders placed, by hour of the week, Monday 00:00 local time first.
    blocks
        Dispatched orders served, by the block of the week in which the service began.
    categories
        The categories that the scenario places, in the order of `Category`.
    points
        What volunteers earned.
    """

    policy: str
    replication: int
    weeks: int
    name: Mapping[str, str]
    made_up: Mapping[str, bool]
    outline: Outline | None
    sites: tuple[SitePortrait, ...]
    hours: tuple[int, ...]
    blocks: tuple[int, ...]
    categories: tuple[CategoryPortrait, ...]
    points: PointsPortrait

    def to_dict(self) -> dict[str, Any]:
        """Give the portrait as plain data, the object under that key of ``summary.json``."""
        return {
            "policy": self.policy,
            "replication": self.replication,
            "weeks": self.weeks,
            "name": dict(self.name),
            "made_up": dict(self.made_up),
            "outline": None if self.outline is None else _rings(self.outline),
            "sites": [site.to_dict() for site in self.sites],
            "hours": list(self.hours),
            "blocks": list(self.blocks),
            "categories": [each.to_dict() for each in self.categories],
            "points": self.points.to_dict(),
        }


def portrait(run: Run, policy: str) -> Portrait:
    """Draw a run.

    Parameters
    ----------
    run
        One replication under one policy.
    policy
        The policy's name, of which the run itself knows nothing.

    Examples
    --------
    >>> from practice_core.dispatch import policy
    >>> from practice_core.simulation import load_scenario, run
    >>> short = {"horizon.weeks": 1, "horizon.warmup_weeks": 0, "own_activity.per_year": 0.0}
    >>> week = load_scenario("wujiang").with_values(short)
    >>> drawn = portrait(run(week, policy("nearest"), seed=7, replication=0), "nearest")
    >>> len(drawn.sites), sum(site.orders for site in drawn.sites) == sum(drawn.hours)
    (801, True)
    """
    tape = run.tape
    area = tape.scenario.area
    return Portrait(
        policy=policy,
        replication=tape.replication,
        weeks=run.weeks,
        name={"zh": area.name_zh, "en": area.name_en},
        made_up=area.made_up,
        outline=area.outline,
        sites=_sites(run, area),
        hours=_hours(run),
        blocks=_blocks_served(run, area),
        categories=_categories(run),
        points=_points(run, area.rules),
    )


def _sites(run: Run, area: Area) -> tuple[SitePortrait, ...]:
    tape, found = run.tape, run.outcomes
    place = {site: n for n, site in enumerate(tape.sites)}
    teams = sorted(tape.city.teams, key=lambda team: team.id)
    home = np.array([place[team.home] for team in teams], np.int64)
    size = len(place)

    def count(places: Ints, times: Ints | None = None) -> list[int]:
        counts = np.zeros(size, np.int64)
        np.add.at(counts, places, 1 if times is None else times)
        return counts.tolist()

    site = tape.demand.site
    orders = count(site[found.cohort])
    minutes = np.minimum(found.begun_after[found.cohort], TAU_SERVICE) // MINUTE
    waited = count(site[found.cohort], minutes)
    room = count(home, found.limits * run.weeks)
    jobs = count(home[found.team[found.served]])
    begun = found.held_at - tape.demand.duration[found.held] * MINUTE
    weeks = np.zeros((size, BLOCKS_A_WEEK), np.int64)
    np.add.at(weeks, (site[found.held], _blocks(run, area, begun)), 1)
    counts = zip(
        tape.city.hierarchy,
        count(home),
        orders,
        count(site[found.served]),
        waited,
        jobs,
        room,
        weeks.tolist(),
        strict=True,
    )
    return tuple(
        [
            SitePortrait(
                id=one.id,
                name=one.name,
                level=one.level,
                chain=tape.city.hierarchy.chain(one.id)[1:],
                lon=one.lon,
                lat=one.lat,
                synthetic=one.synthetic,
                teams=of_teams,
                orders=placed,
                served=served,
                wait=Measure(wait, HOUR // MINUTE * placed),
                jobs=done,
                load=Measure(done, most),
                week=tuple(week),
            )
            for one, of_teams, placed, served, wait, done, most, week in counts
        ]
    )


def _hours(run: Run) -> tuple[int, ...]:
    placed = run.tape.demand.placed[run.outcomes.cohort]
    return _tallied((placed - run.tape.scenario.begins) // HOUR % HOURS_A_WEEK, HOURS_A_WEEK)


def _blocks_served(run: Run, area: Area) -> tuple[int, ...]:
    served = run.outcomes.served
    begun = run.tape.demand.placed[served] + run.outcomes.begun_after[served]
    return _tallied(_blocks(run, area, begun), BLOCKS_A_WEEK)


def _blocks(run: Run, area: Area, at: Ints) -> Ints:
    """Give the block of the week of each of some instants, all of which are in one."""
    day, since = np.divmod((at - run.tape.scenario.begins) % WEEK, DAY)
    opens = [span[0] for span in area.parts.spans]
    return day * BLOCKS_A_DAY + np.searchsorted(opens, since, side="right") - 1


def _categories(run: Run) -> tuple[CategoryPortrait, ...]:
    found, demand = run.outcomes, run.tape.demand
    size = len(Category)
    kind, order = run.log.column("kind"), run.log.column("order")
    asked = np.zeros(len(demand), bool)
    asked[order[np.isin(kind, [EVENTS.index(OfferMade), EVENTS.index(OrderPosted)])]] = True
    orders, served, nobody = (
        _tallied(demand.category[which], size)
        for which in (found.cohort, found.served, found.cohort & ~asked)
    )
    serving = [category for team in run.tape.city.teams for category in team.categories]
    return tuple(
        CategoryPortrait(category, serving.count(category), orders[n], served[n], nobody[n])
        for n, category in enumerate(Category)
        if found.categories[n]
    )


def _points(run: Run, rules: RuleSet) -> PointsPortrait:
    records, (low, high) = run.records, run.tape.scenario.cohort
    ours = (records.at >= low) & (records.at < high)
    earned = awarded(records, rules)[ours]
    by_week = np.zeros(run.weeks, np.int64)
    np.add.at(by_week, (records.at[ours] - low) // WEEK, earned)
    return PointsPortrait(
        rules=rules,
        records=len(earned),
        volunteers=len(np.unique(records.volunteer[ours][earned > 0])),
        by_week=tuple(by_week.tolist()),
    )


def _tallied(places: Ints, size: int) -> tuple[int, ...]:
    return tuple(np.bincount(places, minlength=size).tolist())


def _number(ratio: Fraction) -> float:
    """Give a ratio as a number of JSON, whole if it is."""
    return ratio.numerator if ratio.denominator == 1 else float(ratio)


def _rounded(measure: Measure, decimals: int) -> float | None:
    return None if measure.value is None else round(measure.value, decimals)


def _rings(outline: Outline) -> list[list[list[list[float]]]]:
    return [
        [[list(position) for position in ring] for ring in polygon] for polygon in outline.polygons
    ]
