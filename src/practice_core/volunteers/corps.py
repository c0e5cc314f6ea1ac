"""The corps of an area: a tree of units beside the tree of its sites, checked as a whole.

A superior always stands on a higher level, so a way up has at most five steps: it is walked, not
stored.
"""

from __future__ import annotations

import enum
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault, UnknownName
from practice_core.units import is_identifier
from practice_core.volunteers.volunteer import opaque_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from practice_core.hierarchy import Hierarchy
    from practice_core.terms import Category
    from practice_core.units import SiteId, TeamId, VolunteerId

__all__ = ["Corps", "Office", "Unit", "UnitKind", "UnitLevel"]


class UnitLevel(enum.StrEnum):
    """How high a unit stands.

    >>> [level.rank for level in UnitLevel]
    [0, 1, 2, 3, 4]
    """

    CORPS = "corps"
    BRIGADE = "brigade"
    DETACHMENT = "detachment"
    SQUAD = "squad"
    SERVICE_TEAM = "service_team"

    @property
    def rank(self) -> int:
        """Steps below the corps: 0 to 4."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(UnitLevel)}


class UnitKind(enum.StrEnum):
    """What holds a unit together."""

    TERRITORIAL = "territorial"
    """It serves around a site."""
    FUNCTIONAL = "functional"
    """It serves in some categories, wherever."""


class Office(enum.StrEnum):
    """The office that brings the lead of a unit with it: never a person."""

    COUNTY_PARTY_SECRETARY = "county_party_secretary"
    TOWN_PARTY_SECRETARY = "town_party_secretary"
    VILLAGE_PARTY_SECRETARY = "village_party_secretary"
    DEPARTMENT_HEAD = "department_head"
    """Of the department that leads a category."""
    UNIT_HEAD = "unit_head"
    """Of the unit itself, chosen by it."""


@attrs.frozen(kw_only=True)
class Unit:
    """One unit of a corps: plain data, checked by the tree as a whole.

    Parameters
    ----------
    id
        Of the unit; that of its `Team`, if it serves.
    level
        How high it stands.
    kind
        What holds it together.
    superior
        The unit it belongs to; None for the corps alone.
    site
        Where it is at home; a territorial one always has a site.
    categories
        What it serves in; a functional one always has some.
    leader
        The office that leads it.
    roster
        The numbers of its volunteers, who may be in other units too.
    """

    id: TeamId
    level: UnitLevel
    kind: UnitKind = UnitKind.TERRITORIAL
    superior: TeamId | None = None
    site: SiteId | None = None
    categories: tuple[Category, ...] = ()
    leader: Office = Office.UNIT_HEAD
    roster: tuple[VolunteerId, ...] = ()


@attrs.frozen(init=False, repr=False)
class Corps:
    """The units of one area as a tree; equal if its units are equal, in whatever order they came.

    Parameters
    ----------
    units
        In any order; iteration is by id.
    hierarchy
        The sites of the area; it is only checked against, not kept.
    places
        Where each id was written (file and line), for the faults; ``unit ID`` if absent.

    Raises
    ------
    DefinitionError
        With every fault at once: ids that are none or not unique, not exactly one corps, unknown
        superiors, units without one, levels out of order, cycles, a territorial unit without a site
        or outside its superior's, a functional one without categories, a roster with a number
        twice or with what is no opaque number.

    Examples
    --------
    >>> from practice_core.hierarchy import Hierarchy, Level, Site
    >>> sites = Hierarchy([Site("wj", "中心", Level.CENTER, None, 120.6, 31.1, synthetic=True)])
    >>> head = Unit(id="c", level=UnitLevel.CORPS, site="wj")
    >>> Corps([head], sites)
    <Corps c: corps 1>
    >>> Corps([head, Unit(id="t", level=UnitLevel.SQUAD, superior="d")], sites)
    Traceback (most recent call last):
    practice_core.errors.DefinitionError: corps: 2 faults
      unit t: superior 'd' is no unit; expected the id of a unit above squad; add it or name another
      unit t: territorial without a site; expected the id of a site; name it, or give categories
    """

    _units: tuple[Unit, ...]
    _index: dict[TeamId, Unit] = attrs.field(eq=False)
    _below: dict[TeamId, tuple[TeamId, ...]] = attrs.field(eq=False)

    def __init__(
        self,
        units: Iterable[Unit],
        hierarchy: Hierarchy,
        places: Mapping[TeamId, str] | None = None,
    ) -> None:
        ordered = _ordered(units)
        known = places or {}
        faults = _faults(ordered, hierarchy, lambda unit: known.get(unit.id, f"unit {unit.id}"))
        if faults:
            subject = "corps"
            raise DefinitionError(subject, faults)
        below: dict[TeamId, list[TeamId]] = {}
        for unit in ordered:
            if unit.superior is not None:
                below.setdefault(unit.superior, []).append(unit.id)
        self.__attrs_init__(
            units=ordered,
            index={unit.id: unit for unit in ordered},
            below={above: tuple(found) for above, found in below.items()},
        )

    def __hash__(self) -> int:
        """Hash by the corps and size: hashing every unit would cost more than it tells apart."""
        return hash((self.root, len(self)))

    def __repr__(self) -> str:
        counts = ", ".join(f"{level} {count}" for level, count in self.counts().items() if count)
        return f"<Corps {self.root.id}: {counts}>"

    def __contains__(self, unit: object) -> bool:
        """Tell whether there is a unit of this id."""
        return unit in self._index

    def __len__(self) -> int:
        """Count the units."""
        return len(self._units)

    def __iter__(self) -> Iterator[Unit]:
        """Go through the units by id."""
        return iter(self._units)

    @property
    def root(self) -> Unit:
        """The corps itself, to which all others belong."""
        return next(unit for unit in self._units if unit.superior is None)

    def unit(self, unit: TeamId) -> Unit:
        """Give the unit of this id.

        Raises
        ------
        UnknownName
            If there is none; so do all methods that take an id.
        """
        try:
            return self._index[unit]
        except KeyError:
            raise UnknownName("unit", unit, self._index) from None

    def superior(self, unit: TeamId) -> TeamId | None:
        """Give the unit that `unit` belongs to; None for the corps."""
        return self.unit(unit).superior

    def subordinates(self, unit: TeamId) -> tuple[TeamId, ...]:
        """Give the units that belong to `unit` directly, by id."""
        return self._below.get(self.unit(unit).id, ())

    def chain(self, unit: TeamId) -> tuple[TeamId, ...]:
        """Give the way up: `unit` itself, its superior and so on, the corps last."""
        way = [unit]
        above = self.superior(unit)
        while above is not None:
            way.append(above)
            above = self.superior(above)
        return tuple(way)

    def covers(self, of: TeamId, unit: TeamId) -> bool:
        """Tell whether `unit` is `of` or belongs to it, directly or not."""
        return self.unit(of).id in self.chain(unit)

    def scope(self, unit: TeamId) -> frozenset[TeamId]:
        """Give `unit` and all that belong to it, directly or not."""
        found = [self.unit(unit).id]
        for one in found:
            found += self._below.get(one, ())
        return frozenset(found)

    def at_level(self, level: UnitLevel, kind: UnitKind | None = None) -> tuple[Unit, ...]:
        """Give the units of one level, and perhaps of one kind, by id."""
        return tuple(
            unit for unit in self._units if unit.level is level and kind in (None, unit.kind)
        )

    def counts(self) -> dict[UnitLevel, int]:
        """Count the units of every level, the corps first."""
        count = Counter(unit.level for unit in self._units)
        return {level: count[level] for level in UnitLevel}

    def volunteers(self, unit: TeamId) -> frozenset[VolunteerId]:
        """Give all volunteers of a unit and of those that belong to it, each once."""
        return frozenset(who for one in self.scope(unit) for who in self._index[one].roster)


def _ordered(units: Iterable[Unit]) -> tuple[Unit, ...]:
    ordered = sorted(units, key=lambda unit: unit.id)
    if len({unit.id for unit in ordered}) < len(ordered):
        # Only a refusal gets here: it must read the same in whatever order the units came.
        ordered.sort(key=lambda unit: (unit.id, repr(unit)))
    return tuple(ordered)


def _faults(
    ordered: tuple[Unit, ...], hierarchy: Hierarchy, place: Callable[[Unit], str]
) -> list[Fault]:
    known = {unit.id: unit for unit in ordered}
    return [
        *_id_faults(ordered, place),
        *_superior_faults(ordered, known, place),
        *_cycle_faults(known, place),
        *_root_faults(ordered, place),
        *_site_faults(ordered, known, hierarchy, place),
        *_function_faults(ordered, place),
        *_roster_faults(ordered, place),
    ]


def _id_faults(ordered: tuple[Unit, ...], place: Callable[[Unit], str]) -> Iterator[Fault]:
    count = Counter(unit.id for unit in ordered)
    for unit in {unit.id: unit for unit in ordered}.values():
        if not is_identifier(unit.id):
            expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
            yield Fault(place(unit), f"id {unit.id!r}", expected, "give it another id")
        if count[unit.id] > 1:
            found = f"{count[unit.id]} units of id {unit.id!r}"
            yield Fault(place(unit), found, "one", "give the others ids of their own")


def _superior_faults(
    ordered: tuple[Unit, ...], known: Mapping[TeamId, Unit], place: Callable[[Unit], str]
) -> Iterator[Fault]:
    for unit in ordered:
        expected = f"the id of a unit above {unit.level}"
        above = None if unit.superior is None else known.get(unit.superior)
        if unit.level is UnitLevel.CORPS:
            if unit.superior is not None:
                found = f"corps with superior {unit.superior!r}"
                yield Fault(place(unit), found, "no superior", "delete the superior")
        elif unit.superior is None:
            yield Fault(place(unit), f"{unit.level} without a superior", expected, "name it")
        elif above is None:
            found = f"superior {unit.superior!r} is no unit"
            yield Fault(place(unit), found, expected, "add it or name another")
        elif above.level.rank >= unit.level.rank:
            found = f"{unit.level} below {above.level} {above.id!r}"
            yield Fault(place(unit), found, expected, "mend the level or the superior")


def _cycle_faults(known: Mapping[TeamId, Unit], place: Callable[[Unit], str]) -> Iterator[Fault]:
    settled: set[TeamId] = set()
    for start in known:
        way: dict[TeamId, None] = {}
        at: TeamId | None = start
        while at is not None and at in known and at not in settled and at not in way:
            way[at] = None
            at = known[at].superior
        if at is not None and at in way:
            cycle = sorted(list(way)[list(way).index(at) :])
            found = f"units that belong to one another in a cycle: {', '.join(cycle)}"
            yield Fault(place(known[cycle[0]]), found, "a way up to the corps", "break the cycle")
        settled.update(way)


def _root_faults(ordered: tuple[Unit, ...], place: Callable[[Unit], str]) -> Iterator[Fault]:
    found = [unit for unit in ordered if unit.level is UnitLevel.CORPS]
    if not found:
        yield Fault("corps", f"no corps among {len(ordered)}", "exactly one", "name the corps")
    elif len({unit.id for unit in found}) > 1:
        for unit in found:
            said = f"one of {len(found)} corps"
            yield Fault(place(unit), said, "exactly one", "lower its level or delete it")


def _site_faults(
    ordered: tuple[Unit, ...],
    known: Mapping[TeamId, Unit],
    hierarchy: Hierarchy,
    place: Callable[[Unit], str],
) -> Iterator[Fault]:
    for unit in ordered:
        territorial = unit.kind is UnitKind.TERRITORIAL
        above = None if unit.superior is None else known.get(unit.superior)
        if unit.site is None:
            if territorial:
                remedy = "name it, or give categories"
                yield Fault(place(unit), "territorial without a site", "the id of a site", remedy)
        elif unit.site not in hierarchy:
            found = f"site {unit.site!r} is no site"
            yield Fault(place(unit), found, "the id of a site", "add it or name another")
        elif unit.level is UnitLevel.CORPS and unit.site != hierarchy.root.id:
            found, expected = f"a corps at {unit.site!r}", f"the center {hierarchy.root.id!r}"
            yield Fault(place(unit), found, expected, "name the center")
        elif territorial and above is not None:
            yield from _outside(unit, above, hierarchy, place)


def _outside(
    unit: Unit, above: Unit, hierarchy: Hierarchy, place: Callable[[Unit], str]
) -> Iterator[Fault]:
    """Find a territorial unit that serves where its superior does not."""
    if above.kind is UnitKind.FUNCTIONAL:
        found = f"territorial below functional {above.id!r}"
        yield Fault(place(unit), found, "a territorial superior", "mend the kind or the superior")
    elif (
        unit.site is not None
        and above.site is not None
        and above.site in hierarchy
        and not hierarchy.covers(above.site, unit.site)
    ):
        found = f"site {unit.site!r} is not below {above.site!r}, where its superior is"
        yield Fault(place(unit), found, "a site of its superior's", "mend the site or the superior")


def _function_faults(ordered: tuple[Unit, ...], place: Callable[[Unit], str]) -> Iterator[Fault]:
    for unit in ordered:
        if unit.kind is UnitKind.FUNCTIONAL and not unit.categories:
            found = "functional without categories"
            yield Fault(place(unit), found, "one or more", "say what it serves in")
        if len(set(unit.categories)) < len(unit.categories):
            yield Fault(place(unit), "a category twice", "different ones", "remove one")


def _roster_faults(ordered: tuple[Unit, ...], place: Callable[[Unit], str]) -> Iterator[Fault]:
    for unit in ordered:
        for n, who in enumerate(unit.roster):
            yield from opaque_faults(f"{place(unit)}: roster[{n}]", who)
        again = len(unit.roster) - len(set(unit.roster))
        if again:
            found = f"{again} number{'' if again == 1 else 's'} again"
            yield Fault(f"{place(unit)}: roster", found, "each once", "remove what is twice")
