"""Sites that are no ordinary unit of their level, where no document says where they stand.

A document may print that there are eleven sub-centers of industries, or name five venues, and not
where they are. They are made up beside the ordinary sites, which they leave as they are: each hangs
on a site of one level, drawn by its own key, and stands near it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.areas.hours import read_hours
from practice_core.areas.rows import SiteRow
from practice_core.errors import DefinitionError, Fault, attempt
from practice_core.hierarchy import Level, SiteKind
from practice_core.hierarchy.sites import KIND_PARENTS
from practice_core.terms import term
from practice_core.units import SiteId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.units import Calendar

__all__ = ["Special", "SpecialFile", "special_of", "special_rows"]

MOST = 10_000
"""Of one kind."""
_LETTERS = {
    SiteKind.SECTOR_SUBCENTER: "x",
    SiteKind.VENUE_SUBCENTER: "v",
    SiteKind.BASE: "b",
    SiteKind.HOUSEHOLD_STATION: "h",
    SiteKind.SHARED_VENUE: "g",
    SiteKind.MICRO_HOME: "m",
}


@attrs.frozen
class SpecialFile:
    """What ``[special.KIND]`` says."""

    count: int
    on: Level | None = None
    names: list[str] = attrs.field(factory=list)
    hours: str | None = None


@attrs.frozen
class Special:
    """So many sites of a kind.

    Parameters
    ----------
    kind
        What they are.
    level
        How high they stand.
    on
        The level of the sites that they hang on.
    names
        What they are called; one for each.
    hours
        When they are open; None: unknown.
    """

    kind: SiteKind
    level: Level
    on: Level
    names: tuple[str, ...]
    hours: Calendar | None = None


def special_of(found: Mapping[SiteKind, SpecialFile]) -> tuple[Special, ...]:
    """Take what a file says of special sites.

    Raises
    ------
    DefinitionError
        With every count, name and level that cannot be.
    """
    faults: list[Fault] = []
    made = [_special(kind, section, faults) for kind, section in found.items()]
    if faults:
        raise DefinitionError("special", faults)
    return tuple(one for one in made if one is not None)


def _special(kind: SiteKind, section: SpecialFile, faults: list[Fault]) -> Special | None:
    place = f"special.{kind}"
    if kind not in _LETTERS:
        expected = f"one of {', '.join(_LETTERS)}"
        faults.append(Fault(place, str(kind), expected, "count ordinary sites in [network]"))
        return None
    if not 1 <= section.count <= MOST:
        faults.append(
            Fault(f"{place}.count", str(section.count), f"1 to {MOST:,}", "mend the number")
        )
        return None
    level, above = next(iter(KIND_PARENTS[kind].items()))
    on = section.on or above[0]
    if on not in above:
        expected = f"one of {', '.join(above)}"
        faults.append(Fault(f"{place}.on", str(on), expected, "hang them there"))
    if section.names and len(section.names) != section.count:
        found, expected = f"{len(section.names)} names", f"{section.count}, or none"
        faults.append(Fault(f"{place}.names", found, expected, "name each, or leave it out"))
    hours: Calendar | None = None
    if section.hours is not None:
        text = section.hours
        hours = attempt(faults, lambda: read_hours(text, f"{place}.hours"))
    numbered = [f"第{n}{term(kind, 'zh')}" for n in range(1, section.count + 1)]
    return Special(kind, level, on, tuple(section.names or numbered), hours)


def special_rows(
    prefix: str, special: Sequence[Special], hosts: Mapping[SiteId, SiteId]
) -> tuple[SiteRow, ...]:
    """Give special sites, each on its host.

    Parameters
    ----------
    prefix
        Id of the center; the first sub-center of an industry is ``prefix-x01``.
    special
        Of which kinds, and how many.
    hosts
        The site that each hangs on, by id; whoever is not there hangs on the center.
    """
    rows = []
    for one in special:
        for number, name in enumerate(one.names, 1):
            key = SiteId(f"{prefix}-{_LETTERS[one.kind]}{number:02d}")
            host = hosts.get(key, SiteId(prefix))
            rows.append(
                SiteRow(key, name, one.level, host, None, None, kind=one.kind, hours=one.hours)
            )
    return tuple(rows)
