"""What a site is and on which levels sites stand: plain data, checked by the tree as a whole."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from practice_core.units import SiteId

__all__ = ["PARENT_LEVELS", "Level", "Site"]


class Level(enum.StrEnum):
    """How high a site stands; the fourth is *spot* so that *points* always means 积分.

    >>> [level.rank for level in Level]
    [0, 1, 2, 3]
    """

    CENTER = "center"
    INSTITUTE = "institute"
    STATION = "station"
    SPOT = "spot"

    @property
    def rank(self) -> int:
        """Steps below the center: 0 to 3."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Level)}

PARENT_LEVELS: dict[Level, tuple[Level, ...]] = {
    Level.CENTER: (),
    Level.INSTITUTE: (Level.CENTER,),
    Level.STATION: (Level.INSTITUTE, Level.CENTER),
    Level.SPOT: (Level.STATION, Level.INSTITUTE),
}
"""On which levels a site of each level may hang, the usual one first."""


@attrs.frozen
class Site:
    """One practice site.

    Parameters
    ----------
    id
        Opaque, unique in its area.
    name
        What people call it.
    level
        How high it stands.
    parent
        The site it hangs on; None for the center alone.
    lon, lat
        Position in degrees, EPSG:4326.
    synthetic
        True if the site or its position was made up here rather than taken from a document.
    """

    id: SiteId
    name: str
    level: Level
    parent: SiteId | None
    lon: float
    lat: float
    synthetic: bool
