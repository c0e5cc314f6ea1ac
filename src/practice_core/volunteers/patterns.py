"""Patterns by which corps are described, such as 1+11+X, and a corps built to one."""

from __future__ import annotations

from collections import Counter
from itertools import cycle, islice
from typing import TYPE_CHECKING, TypeAlias

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.hierarchy import SiteKind
from practice_core.terms import term
from practice_core.units import TeamId
from practice_core.volunteers.corps import Corps, Office, Unit, UnitKind, UnitLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from practice_core.hierarchy import Hierarchy, Level, Site
    from practice_core.terms import Category, Lang
    from practice_core.units import SiteId

    _Place: TypeAlias = tuple[UnitLevel, SiteId | None, tuple[Category, ...]]

__all__ = ["CorpsPlan", "Part", "build_corps"]

_MOST_OF_A_PART = 10_000
_MOST_UNITS = 200_000


@attrs.frozen(kw_only=True)
class Part:
    """Units of one kind in a plan.

    Parameters
    ----------
    sign
        What stands for them in the pattern: a number, or a letter for as many as there are; empty
        if the pattern does not name them.
    level
        How high they stand.
    leader
        The office that leads each.
    at
        Territorial: they are at the sites of this level. None: they are functional.
    count
        Territorial: how many at each site. Functional: how many in all.
    categories
        Functional: what the first serves in, the second and so on, and from the beginning again.
    zh, en
        What they are called, if they have a name of their own.
    """

    sign: str
    level: UnitLevel
    leader: Office = Office.UNIT_HEAD
    at: Level | None = None
    count: int = 1
    categories: tuple[tuple[Category, ...], ...] = ()
    zh: str = ""
    en: str = ""

    def name(self, lang: Lang = "en") -> str:
        """Give what they are called: their own name, or else that of their level."""
        return (self.zh if lang == "zh" else self.en) or term(self.level, lang)

    @property
    def kind(self) -> UnitKind:
        """What holds them together."""
        return UnitKind.FUNCTIONAL if self.at is None else UnitKind.TERRITORIAL


@attrs.frozen(kw_only=True)
class CorpsPlan:
    """How a corps is made up: a pattern and what each of its signs stands for.

    Parameters
    ----------
    pattern
        Such as ``1+11+X`` or ``1822``: the signs one after another.
    parts
        In the order of the signs. Several may have one sign, which then stands for all of them.

    Raises
    ------
    DefinitionError
        With every fault: signs that do not spell the pattern, no corps or several, impossible
        numbers, functional units without categories.

    Examples
    --------
    >>> CorpsPlan(pattern="1+N", parts=())
    Traceback (most recent call last):
    practice_core.errors.DefinitionError: corps pattern 1+N: 2 faults
      pattern: signs ''; expected '1+N'; give the signs in their order
      parts: 0 parts of level corps; expected exactly one, of one; mend the levels
    """

    pattern: str
    parts: tuple[Part, ...]

    def __attrs_post_init__(self) -> None:
        faults = [*self._pattern_faults(), *self._part_faults()]
        if faults:
            subject = f"corps pattern {self.pattern}"
            raise DefinitionError(subject, faults)

    @property
    def signs(self) -> tuple[str, ...]:
        """The signs of the pattern, in order."""
        return tuple(dict.fromkeys(part.sign for part in self.parts if part.sign))

    def _pattern_faults(self) -> Iterator[Fault]:
        if self.pattern not in {"+".join(self.signs), "".join(self.signs)} or not self.pattern:
            found, expected = f"signs {'+'.join(self.signs)!r}", repr(self.pattern)
            yield Fault("pattern", found, expected, "give the signs in their order")
        heads = [part for part in self.parts if part.level is UnitLevel.CORPS]
        if len(heads) != 1 or heads[0].count != 1:
            found = f"{len(heads)} parts of level corps"
            yield Fault("parts", found, "exactly one, of one", "mend the levels")

    def _part_faults(self) -> Iterator[Fault]:
        for n, part in enumerate(self.parts):
            place = f"parts[{n}]"
            odd = part.sign.isdecimal() and (part.sign != str(int(part.sign)) or part.sign == "0")
            if odd or not (part.sign.isalnum() or not part.sign) or not part.sign.isascii():
                expected = "a number or a letter"
                yield Fault(f"{place}.sign", repr(part.sign), expected, "change sign")
            if not 1 <= part.count <= _MOST_OF_A_PART:
                expected = f"1 to {_MOST_OF_A_PART:,}"
                yield Fault(f"{place}.count", str(part.count), expected, "change count")
            if part.kind is UnitKind.FUNCTIONAL and not all([part.categories, *part.categories]):
                found = "functional units without categories"
                yield Fault(f"{place}.categories", found, "one list or more", "add categories")


def build_corps(plan: CorpsPlan, hierarchy: Hierarchy) -> Corps:
    """Build a corps from its plan, and check it against its pattern.

    A territorial unit belongs to the lowest one above it that is at its site or at a site above; a
    functional one to the lowest functional one above it that serves in one of its categories, each
    in its turn, or else to the corps.

    Parameters
    ----------
    plan
        Pattern and parts.
    hierarchy
        The sites of the area.

    Returns
    -------
    Corps
        Units are called after the center, their level and a number.

    Raises
    ------
    DefinitionError
        If a number of the pattern is not the number of its units, or a letter stands for none; if
        there would be more than 200,000 units.

    Examples
    --------
    >>> from practice_core.hierarchy import Hierarchy, Level, Site
    >>> from practice_core.terms import Category
    >>> sites = Hierarchy([Site("jt", "中心", Level.CENTER, None, 119.6, 31.7, synthetic=True)])
    >>> parts = (
    ...     Part(sign="1", level=UnitLevel.CORPS, at=Level.CENTER),
    ...     Part(
    ...         sign="2",
    ...         level=UnitLevel.DETACHMENT,
    ...         count=2,
    ...         categories=((Category.LAW,), (Category.AID,)),
    ...     ),
    ... )
    >>> corps = build_corps(CorpsPlan(pattern="1+2", parts=parts), sites)
    >>> corps.chain("jt-detachment-2")
    ('jt-detachment-2', 'jt-corps-1')
    """
    faults = tuple(_count_faults(plan, hierarchy))
    if faults:
        subject = f"corps pattern {plan.pattern}"
        raise DefinitionError(subject, faults)
    builder = _Builder(hierarchy)
    for part in sorted(plan.parts, key=lambda part: part.level.rank):
        builder.add(part)
    return Corps(builder.units, hierarchy)


def _count_faults(plan: CorpsPlan, hierarchy: Hierarchy) -> Iterator[Fault]:
    count: Counter[str] = Counter()
    for part in plan.parts:
        count[part.sign] += part.count * (
            1 if part.at is None else len(_ordinary(hierarchy, part.at))
        )
    if count.total() > _MOST_UNITS:
        expected = f"at most {_MOST_UNITS:,}"
        yield Fault("parts", f"{count.total():,} units", expected, "mend the counts")
    for sign in plan.signs:
        exact = int(sign) if sign.isdecimal() else None
        if count[sign] != exact and (exact is not None or not count[sign]):
            levels = " and ".join(
                dict.fromkeys(part.level for part in plan.parts if part.sign == sign)
            )
            found = f"{count[sign]} of level {levels} for {sign!r}"
            expected = "1 or more" if exact is None else str(exact)
            yield Fault("pattern", found, expected, "mend the parts, or the sites they are at")


def _ordinary(hierarchy: Hierarchy, level: Level) -> list[Site]:
    """Give the sites of a level that have units: those of towns and villages, no sub-center."""
    return [site for site in hierarchy.at_level(level) if site.kind is SiteKind.REGULAR]


@attrs.define
class _Builder:
    """Makes units, those of higher levels first, and finds each its superior."""

    hierarchy: Hierarchy
    units: list[Unit] = attrs.field(factory=list)
    at: dict[SiteId, list[Unit]] = attrs.field(factory=dict)
    serving: dict[Category, list[Unit]] = attrs.field(factory=dict)
    turns: dict[_Place, Iterator[TeamId]] = attrs.field(factory=dict)
    numbers: Counter[UnitLevel] = attrs.field(factory=Counter)

    def add(self, part: Part) -> None:
        if part.at is None:
            for categories in islice(cycle(part.categories), part.count):
                self._enter(part, None, categories)
        else:
            for site in _ordinary(self.hierarchy, part.at):
                for _ in range(part.count):
                    self._enter(part, site.id, ())

    def _enter(self, part: Part, site: SiteId | None, categories: tuple[Category, ...]) -> None:
        self.numbers[part.level] += 1
        place = part.level, site, categories
        if place not in self.turns:
            self.turns[place] = cycle(self._superiors(*place))
        unit = Unit(
            id=TeamId(f"{self.hierarchy.root.id}-{part.level}-{self.numbers[part.level]}"),
            level=part.level,
            kind=part.kind,
            superior=next(self.turns[place], None),
            site=site,
            categories=categories,
            leader=part.leader,
        )
        self.units.append(unit)
        if site is not None:
            self.at.setdefault(site, []).append(unit)
        for category in categories:
            self.serving.setdefault(category, []).append(unit)

    def _superiors(
        self, level: UnitLevel, site: SiteId | None, categories: tuple[Category, ...]
    ) -> list[TeamId]:
        """Give the units to which those of one level and place belong, each in its turn."""
        if site is None:
            near = [unit for category in categories for unit in self.serving.get(category, ())]
        else:
            ways = (self.at.get(above, ()) for above in self.hierarchy.chain(site))
            near = next((found for way in ways if (found := _above(level, way))), [])
        found = _above(level, near) or _above(level, self.units[:1])
        lowest = max((unit.level.rank for unit in found), default=0)
        return list(dict.fromkeys(unit.id for unit in found if unit.level.rank == lowest))


def _above(level: UnitLevel, units: Iterable[Unit]) -> list[Unit]:
    return [unit for unit in units if unit.level.rank < level.rank]
