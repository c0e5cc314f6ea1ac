"""The made-up city: sites inside the real outline, and a roster of teams (MODEL 2.1)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import attrs
import numpy as np
from scipy.special import ndtri

from practice_core.areas import TeamRow
from practice_core.dispatch.roster import DETOUR
from practice_core.hierarchy import Hierarchy, Level, great_circle_km
from practice_core.keyed import Purpose, entity, stream, uniforms
from practice_core.units import SiteId, TeamId
from practice_core.volunteers import BLOCKS_A_DAY, Team

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from practice_core.simulation.parts import Teams
    from practice_core.simulation.scenario import Scenario
    from practice_core.terms import Category

__all__ = ["DrawnCity", "draw_city", "log_normal", "road_km"]

_WEEKEND = 5
_EVENING = BLOCKS_A_DAY - 1
_LIFT_HALF = 0.5


@attrs.frozen(eq=False)
class DrawnCity:
    """Sites and teams of one replication.

    Parameters
    ----------
    hierarchy
        The sites.
    teams
        The teams, in any order.
    willingness
        How much more readily than the average each team says yes, in log-odds.
    institute_weight
        Relative population of each institute.
    """

    hierarchy: Hierarchy
    teams: tuple[Team, ...]
    willingness: Mapping[TeamId, float]
    institute_weight: Mapping[SiteId, float]


@lru_cache(maxsize=2)
def draw_city(scenario: Scenario, seed: int, replication: int) -> DrawnCity:
    """Draw the city of one replication; the same for every policy.

    Parameters
    ----------
    scenario
        Of an area.
    seed, replication
        Which draw; with ``city.draw = "fixed"`` the replication plays no part.
    """
    area = scenario.area
    if scenario.city.draw == "fixed":
        replication = 0
    hierarchy = network_of(scenario, seed, replication, special=False)
    weight = _weights(hierarchy, scenario.city.institute_weights)

    def draw(purpose: Purpose) -> int:
        return stream(seed, replication, purpose)

    rows = area.teams or _made_up(area.prefix, scenario.teams, hierarchy, weight, draw)
    return DrawnCity(hierarchy, *_teams(scenario.teams, rows, draw), weight)


def network_of(
    scenario: Scenario, seed: int, replication: int, *, special: bool = True
) -> Hierarchy:
    """Give the network of a city that is drawn: its special sites and what ties it, or neither.

    Nothing of what is simulated happens at special sites, so a drawn city leaves them out.
    """
    return scenario.area.hierarchy(
        scenario.city.institute_weights,
        seed=seed,
        replication=0 if scenario.city.draw == "fixed" else replication,
        station_sigma_km=scenario.city.station_sigma_km,
        spot_sigma_km=scenario.city.spot_sigma_km,
        special=special,
    )


def _weights(hierarchy: Hierarchy, weights: Sequence[float]) -> dict[SiteId, float]:
    """Give the relative population of whatever stations hang on.

    That is an institute; where stations hang on the center itself, the center counts as one more
    institute of mean weight.
    """
    institutes = [site.id for site in hierarchy.at_level(Level.INSTITUTE)]
    found = dict(zip(institutes, weights, strict=True))
    seat = hierarchy.root.id
    direct = any(hierarchy.site(site).level is Level.STATION for site in hierarchy.children(seat))
    if direct or not found:
        found[seat] = math.fsum(weights) / len(weights) if weights else 1.0
    return found


def road_km(city: DrawnCity) -> NDArray[np.float64]:
    """Give the road distance of every team from every station, one way.

    Returns
    -------
    ndarray of float64
        Of shape (stations, teams), in km: the ways of orders whose team is drawn at random.
    """
    stations = city.hierarchy.at_level(Level.STATION)
    homes = [city.hierarchy.site(team.home) for team in city.teams]
    lon, lat = np.array([site.lon for site in homes]), np.array([site.lat for site in homes])
    found = [great_circle_km(site.lon, site.lat, lon, lat) for site in stations]
    return DETOUR * np.array(found).reshape(len(stations), len(homes))


def log_normal(
    u: NDArray[np.float64], median: float, sigma: float, least: float, most: float
) -> NDArray[np.float64]:
    """Give clipped log-normal values for uniform numbers, by inversion."""
    return np.clip(median * np.exp(sigma * ndtri(u)), least, most)


def _made_up(
    prefix: str,
    law: Teams,
    hierarchy: Hierarchy,
    weight: Mapping[SiteId, float],
    base: Callable[[Purpose], int],
) -> tuple[TeamRow, ...]:
    """Draw so many teams: what each serves, and where it is at home."""
    ids = [TeamId(f"{prefix}-t{n:04d}") for n in range(1, law.count + 1)]
    keys = _keys(ids)

    def draw(purpose: Purpose) -> NDArray[np.float64]:
        return uniforms(base(purpose), keys)

    categories = list(law.category_shares)
    first = [categories[n] for n in pick(draw(Purpose.TEAM_CATEGORY), law.category_shares.values())]
    has_second = draw(Purpose.TEAM_SECOND) < law.second_share
    second = draw(Purpose.TEAM_SECOND_CHOICE)
    homes = _homes(law, hierarchy, weight, first, draw)
    rows = []
    for n, team in enumerate(ids):
        others = [c for c in law.second if c != first[n]]
        extra = (others[int(second[n] * len(others))],) if has_second[n] and others else ()
        rows.append(TeamRow(team, homes[n], (first[n], *extra), None, None, None))
    return tuple(rows)


def _teams(
    law: Teams, rows: Sequence[TeamRow], base: Callable[[Purpose], int]
) -> tuple[tuple[Team, ...], dict[TeamId, float]]:
    """Give the teams, with whatever is not known of each drawn, and their willingness."""
    ids = [row.id for row in rows]
    keys = _keys(ids)

    def draw(purpose: Purpose) -> NDArray[np.float64]:
        return uniforms(base(purpose), keys)

    sigma = float(np.sqrt(2 * np.log(law.members_mean / law.members_median)))
    members = log_normal(
        draw(Purpose.TEAM_MEMBERS), law.members_median, sigma, law.members_least, law.members_most
    ).astype(np.int64)
    jobs = pick(draw(Purpose.TEAM_JOBS), law.jobs_per_week_shares) + 1
    willing = np.round(law.willingness_sd * ndtri(draw(Purpose.TEAM_WILLINGNESS)), 6)
    archetype = draw(Purpose.TEAM_ARCHETYPE)
    kinds = list(law.free)
    week = {kind: _week(law.free[kind], law.availability_factor) for kind in kinds}
    teams = []
    for n, row in enumerate(rows):
        kind: str | None = row.kind
        if kind is None:
            kind = kinds[int(pick(archetype[n : n + 1], law.archetypes[row.categories[0]])[0])]
        count = int(members[n]) if row.members is None else row.members
        limit = int(jobs[n]) if row.jobs_per_week is None else row.jobs_per_week
        free = tuple(min(count, int(count * share)) for share in week[kind])
        teams.append(Team(row.id, row.home, row.categories, count, limit, free))
    return tuple(teams), dict(zip(ids, willing.tolist(), strict=True))


def _keys(ids: Sequence[TeamId]) -> NDArray[np.uint64]:
    return np.array([entity(team) for team in ids], np.uint64)


def pick(u: NDArray[np.float64], shares: Iterable[float]) -> NDArray[np.int64]:
    """Give for each uniform number the index of its share."""
    edges = np.cumsum(np.fromiter(shares, float))
    found: NDArray[np.int64] = np.searchsorted(edges, u * edges[-1], side="right")
    found[found == len(edges)] -= 1
    return found


def _homes(
    law: Teams,
    hierarchy: Hierarchy,
    weight: Mapping[SiteId, float],
    first: list[Category],
    draw: Callable[[Purpose], NDArray[np.float64]],
) -> list[SiteId]:
    levels = list(law.tier_shares)
    tier = [levels[n] for n in pick(draw(Purpose.TEAM_TIER), law.tier_shares.values())]
    lift = draw(Purpose.TEAM_LIFT)
    home = draw(Purpose.TEAM_HOME)
    institutes = list(weight)
    institute = pick(home, weight.values())
    stations = [site.id for site in hierarchy.at_level(Level.STATION)]
    found = []
    for n, level in enumerate(tier):
        if level is Level.STATION and first[n] in law.lifted and lift[n] < law.lifted_share:
            upper = lift[n] < law.lifted_share * _LIFT_HALF
            level = Level.CENTER if upper else Level.INSTITUTE  # noqa: PLW2901 - lifted
        if level is Level.CENTER:
            found.append(hierarchy.root.id)
        elif level is Level.INSTITUTE:
            found.append(institutes[institute[n]])
        else:
            found.append(stations[int(home[n] * len(stations))])
    return found


def _week(free: Sequence[float], factor: float) -> tuple[float, ...]:
    weekday, weekday_evening, weekend, weekend_evening = (share * factor for share in free)
    return tuple(
        (weekend_evening if part == _EVENING else weekend)
        if day >= _WEEKEND
        else (weekday_evening if part == _EVENING else weekday)
        for day in range(7)
        for part in range(BLOCKS_A_DAY)
    )
