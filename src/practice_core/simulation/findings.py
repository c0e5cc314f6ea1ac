"""What is lawful in an area's files and yet deserves a second look before a run."""

from __future__ import annotations

import enum
from collections import defaultdict
from typing import TYPE_CHECKING

import attrs

from practice_core.hierarchy import Level, great_circle_km
from practice_core.simulation.city import draw_city

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from practice_core.hierarchy import Hierarchy
    from practice_core.simulation.scenario import Scenario

__all__ = ["Finding", "Odd", "findings"]


class Odd(enum.StrEnum):
    """What may be odd; the words are in the vocabulary."""

    NO_TEAM = "no_team"
    ONE_PLACE = "one_place"
    NO_STATION = "no_station"
    FAR = "far"
    NEVER_FREE = "never_free"


_FAR_KM = 100
"""Hardly a county is so wide; two swapped degrees are soon farther."""


@attrs.frozen
class Finding:
    """One thing that deserves a second look.

    Parameters
    ----------
    odd
        What it is.
    what
        The sites, teams or categories it is about, by id.
    """

    odd: Odd
    what: tuple[str, ...]


def findings(scenario: Scenario) -> tuple[Finding, ...]:
    """Look for what is lawful and probably not meant.

    That is: a category that is asked for and that no team serves; sites at one and the same given
    place; an institute without a station; a site far from the one it belongs to; a team that is
    never free. Where sites or teams are made up, replication 0 of seed 0 is looked at.

    Examples
    --------
    >>> from practice_core.simulation import load_scenario
    >>> findings(load_scenario("wujiang"))
    ()
    """
    city = draw_city(scenario, 0, 0)
    mixes = (scenario.resident.mix, scenario.site_request.mix, scenario.own_activity.mix)
    asked = {category for mix in mixes for category, share in mix.items() if share > 0}
    served = {category for team in city.teams for category in team.categories}
    found: dict[Odd, Sequence[str]] = {
        Odd.NO_TEAM: sorted(asked - served),
        Odd.ONE_PLACE: list(_one_place(city.hierarchy)),
        Odd.NO_STATION: list(_no_station(city.hierarchy)),
        Odd.FAR: list(_far(city.hierarchy)),
        Odd.NEVER_FREE: [team.id for team in city.teams if not any(team.free)],
    }
    # A made-up roster has small teams by design: too few members to have one free.
    if scenario.area.teams is None:
        del found[Odd.NEVER_FREE]
    return tuple([Finding(odd, tuple(what)) for odd, what in found.items() if what])


def _one_place(hierarchy: Hierarchy) -> Iterator[str]:
    """Give the sites of one level that share a given position."""
    at = defaultdict(list)
    for site in hierarchy:
        if not site.synthetic:
            at[site.level, site.lon, site.lat].append(site.id)
    for sites in at.values():
        if len(sites) > 1:
            yield from sites


def _no_station(hierarchy: Hierarchy) -> Iterator[str]:
    for institute in hierarchy.at_level(Level.INSTITUTE):
        below = (hierarchy.site(site).level for site in hierarchy.children(institute.id))
        if Level.STATION not in below:
            yield institute.id


def _far(hierarchy: Hierarchy) -> Iterator[str]:
    for site in hierarchy:
        if site.parent is not None and not site.synthetic:
            above = hierarchy.site(site.parent)
            if great_circle_km(site.lon, site.lat, above.lon, above.lat) > _FAR_KM:
                yield site.id
