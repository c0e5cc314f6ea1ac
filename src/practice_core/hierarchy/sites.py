"""What a site is, on which levels and of which kinds sites stand: plain data, checked as a tree."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from practice_core.terms import Category
    from practice_core.units import Calendar, SiteId

__all__ = ["KIND_PARENTS", "LONGEST_NAME", "PARENT_LEVELS", "Level", "Site", "SiteKind"]

LONGEST_NAME = 100
"""Characters of a name: as many as a cell of a county's spreadsheet may have."""
MOST_SEATS = 1_000_000


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


class SiteKind(enum.StrEnum):
    """What a site is, apart from how high it stands: a sub-center may be a town's or a sector's."""

    REGULAR = "regular"
    """The ordinary unit of its level."""
    SECTOR_SUBCENTER = "sector_subcenter"
    """Of an industry, led by its department (行业分中心)."""
    VENUE_SUBCENTER = "venue_subcenter"
    """A city's library, theatre or sports center (场馆分中心)."""
    BASE = "base"
    """Of a city-level body, such as a museum, that feeds what it has downward (实践基地)."""
    HOUSEHOLD_STATION = "household_station"
    """In the house of a family (家庭站)."""
    SHARED_VENUE = "shared_venue"
    """Another body's, open to all at times, such as the sports ground of a school (共享阵地)."""
    MICRO_HOME = "micro_home"
    """A small room for one thing, such as tea, poems or errands (微阵地)."""


PARENT_LEVELS: dict[Level, tuple[Level, ...]] = {
    Level.CENTER: (),
    Level.INSTITUTE: (Level.CENTER,),
    Level.STATION: (Level.INSTITUTE, Level.CENTER),
    Level.SPOT: (Level.STATION, Level.INSTITUTE),
}
"""On which levels a regular site of each level may hang, the usual one first."""

KIND_PARENTS: dict[SiteKind, dict[Level, tuple[Level, ...]]] = {
    SiteKind.REGULAR: PARENT_LEVELS,
    SiteKind.SECTOR_SUBCENTER: {Level.INSTITUTE: (Level.CENTER,)},
    SiteKind.VENUE_SUBCENTER: {Level.INSTITUTE: (Level.CENTER,)},
    SiteKind.BASE: {
        Level.INSTITUTE: (Level.CENTER,),
        Level.STATION: (Level.CENTER, Level.INSTITUTE),
    },
    SiteKind.HOUSEHOLD_STATION: {Level.SPOT: (Level.STATION,)},
    SiteKind.SHARED_VENUE: {Level.SPOT: (Level.STATION, Level.INSTITUTE, Level.CENTER)},
    SiteKind.MICRO_HOME: {Level.SPOT: (Level.STATION, Level.INSTITUTE)},
}
"""For each kind the levels at which it may stand, the usual one first, and on which it may hang."""


@attrs.frozen
class Site:
    """One practice site.

    Parameters
    ----------
    id
        Opaque, unique in its area.
    name
        What people call it: 1 to 100 characters that can be seen, single spaces between them.
    level
        How high it stands.
    parent
        The site it hangs on; None for the center alone.
    lon, lat
        Position in degrees, EPSG:4326.
    synthetic
        True if the site or its position was made up here rather than taken from a document.
    kind
        What it is, apart from its level.
    hours
        When it is open, holidays and all; None: unknown.
    seats
        How many people it holds; None: unknown.
    categories
        What is offered there; empty: nothing said.
    demonstration
        Whether it is one of those that are shown to others (示范).
    opened
        The first day on which it is there; None: always was.
    closed
        The first day on which it is there no more; None: not known to close.

    Examples
    --------
    >>> import datetime as dt
    >>> hall = Site(
    ...     "h", "馆", Level.SPOT, "s", 120.6, 31.1, synthetic=True, opened=dt.date(2020, 5, 1)
    ... )
    >>> hall.is_there(dt.date(2020, 4, 30)), hall.is_there(dt.date(2020, 5, 1))
    (False, True)
    """

    id: SiteId
    name: str
    level: Level
    parent: SiteId | None
    lon: float
    lat: float
    synthetic: bool
    kind: SiteKind = attrs.field(default=SiteKind.REGULAR, kw_only=True)
    hours: Calendar | None = attrs.field(default=None, kw_only=True)
    seats: int | None = attrs.field(default=None, kw_only=True)
    categories: tuple[Category, ...] = attrs.field(default=(), kw_only=True)
    demonstration: bool = attrs.field(default=False, kw_only=True)
    opened: dt.date | None = attrs.field(default=None, kw_only=True)
    closed: dt.date | None = attrs.field(default=None, kw_only=True)

    def is_there(self, day: dt.date) -> bool:
        """Tell whether it has opened by a day, and not closed."""
        return lasts(self.opened, self.closed, day)

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """Give what is wrong with it alone, as (found, expected, remedy)."""
        if not is_name(self.name):
            expected = f"1 to {LONGEST_NAME} characters that can be seen, single spaces between"
            yield f"name {self.name[: LONGEST_NAME + 1]!r}", expected, "write it so"
        if self.seats is not None and not 1 <= self.seats <= MOST_SEATS:
            yield f"{self.seats} seats", f"1 to {MOST_SEATS:,}", "mend seats"
        if len(set(self.categories)) < len(self.categories):
            yield f"categories {', '.join(self.categories)}", "each once", "remove one"
        if is_reversed(self.opened, self.closed):
            found = f"closed on {self.closed}, opened on {self.opened}"
            yield found, "a day after its opening", "mend opened or closed"


def is_name(text: str) -> bool:
    """Tell whether a text may be a name: it reads the same in every kind of file.

    >>> is_name("清水 县"), is_name("two  spaces"), is_name("")
    (True, False, False)
    """
    seen = text.isprintable() and text == " ".join(text.split())
    return seen and 1 <= len(text) <= LONGEST_NAME


def lasts(since: dt.date | None, until: dt.date | None, day: dt.date) -> bool:
    """Tell whether a day lies between two, the first of them included; None is without end."""
    return (since is None or since <= day) and (until is None or day < until)


def is_reversed(since: dt.date | None, until: dt.date | None) -> bool:
    """Tell whether nothing lies between two days."""
    return since is not None and until is not None and until <= since
