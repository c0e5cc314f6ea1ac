"""The parts of the demand that every measure is also given for (MODEL sections 1 and 6).

They are fixed before anything happens: by what was ordered, when and how far out, never by what
came of it. So a group holds the same orders under every policy.

Examples
--------
>>> [group.value for group in GROUPS[Dimension.TIER]]
['scarce', 'common']
"""

from __future__ import annotations

import enum
from itertools import pairwise
from typing import TYPE_CHECKING

import attrs
import numpy as np

from practice_core.hierarchy import Level
from practice_core.orders import RequestedTime
from practice_core.terms import Category

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from practice_core.simulation.tape import Tape

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["GROUPS", "Dimension", "Group", "Part", "parts", "whole"]

SCARCE = (Category.LAW, Category.SCIENCE, Category.THEORY)
"""The categories with few teams."""


class Dimension(enum.StrEnum):
    """By what the orders are told apart."""

    TIER = "tier"
    """By whether many teams serve the category."""
    REQUESTED_TIME = "requested_time"
    DISTANCE = "distance"
    """By the quarter of the stations, counted outwards from the seat."""


class Group(enum.StrEnum):
    """One part of the orders; the groups of a dimension share none."""

    SCARCE = "scarce"
    COMMON = "common"
    WEEKDAY_DAY = "weekday_day"
    EVENING_WEEKEND = "evening_weekend"
    ANY = "any"
    QUARTER_1 = "quarter_1"
    """The stations nearest to the seat."""
    QUARTER_2 = "quarter_2"
    QUARTER_3 = "quarter_3"
    QUARTER_4 = "quarter_4"
    """The stations farthest from the seat."""


GROUPS: Mapping[Dimension, tuple[Group, ...]] = {
    Dimension.TIER: (Group.SCARCE, Group.COMMON),
    Dimension.REQUESTED_TIME: tuple(Group(asked.value) for asked in RequestedTime),
    Dimension.DISTANCE: (Group.QUARTER_1, Group.QUARTER_2, Group.QUARTER_3, Group.QUARTER_4),
}
"""The groups of each dimension. Orders of sites that are no stations are in no quarter."""


@attrs.frozen(eq=False)
class Part:
    """Some of the orders, and where they may come from.

    Parameters
    ----------
    orders
        Which of the tape's orders, whatever their stream; one flag each.
    categories
        Places of the categories they may have.
    stations
        Places of the stations they may come from among the tape's sites, from the seat outwards.
    """

    orders: Mask
    categories: Ints
    stations: Ints


def whole(tape: Tape) -> Part:
    """Give all orders of a tape as one part."""
    hierarchy = tape.city.hierarchy
    seat = hierarchy.root.id
    outwards = sorted(
        (hierarchy.km(seat, site.id), site.id) for site in hierarchy.at_level(Level.STATION)
    )
    place = {site: n for n, site in enumerate(tape.sites)}
    stations = np.array([place[site] for _, site in outwards], np.int64)
    return Part(np.ones(len(tape.demand), bool), np.arange(len(Category)), stations)


def parts(tape: Tape, everything: Part) -> dict[Group, Part]:
    """Split all orders of a tape by group."""
    demand = tape.demand
    scarce = np.array([category in SCARCE for category in Category])
    found = {}
    for group, tier in ((Group.SCARCE, scarce), (Group.COMMON, ~scarce)):
        orders, categories = tier[demand.category], np.flatnonzero(tier)
        found[group] = attrs.evolve(everything, orders=orders, categories=categories)
    for place, asked in enumerate(RequestedTime):
        orders = demand.requested_time == place
        found[Group(asked.value)] = attrs.evolve(everything, orders=orders)
    for group, stations in zip(
        GROUPS[Dimension.DISTANCE], _quarters(everything.stations), strict=True
    ):
        orders = np.isin(demand.site, stations)
        found[group] = attrs.evolve(everything, orders=orders, stations=stations)
    return found


def _quarters(outwards: Ints) -> list[Ints]:
    """Split the stations by quarter; the nearest and the farthest have equally many."""
    count = len(outwards)
    edges = (0, count // 4, count // 2, count - count // 4, count)
    return [outwards[low:high] for low, high in pairwise(edges)]
