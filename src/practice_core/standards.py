"""What a site or an area should have, as data, and the audit that says what is missing.

Checklists (五有, 六有, 七有), tiered targets (十百千万), site stars and monthly minimums are one
thing here: demands, each for so much of something, at each site of some levels or in the area as a
whole, once or in every month. What there is comes in as facts. This room reads no file and counts
nothing that it was not told.

Examples
--------
>>> from practice_core.hierarchy import Hierarchy, Level, Site
>>> sites = Hierarchy([Site("tz", "中心", Level.CENTER, None, 117.2, 35.1, synthetic=True)])
>>> plan = Demand(key="plan", zh="有计划", en="a plan", levels=(Level.CENTER,))
>>> five = Standard(id="five", name_zh="五有", name_en="five haves", demands=(plan,))
>>> [finding] = audit(five, sites, [])
>>> finding.text(), finding.text("zh")
('中心 (tz): missing: a plan', '中心（tz）：缺少“有计划”')
>>> audit(five, sites, [Fact("plan", "tz")])
()
"""

from __future__ import annotations

import enum
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import attrs

from practice_core.errors import DefinitionError, Fault, UnknownName
from practice_core.terms import term
from practice_core.units import is_identifier, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from practice_core.hierarchy import Hierarchy, Level, Site
    from practice_core.terms import Category, Lang
    from practice_core.units import Duration, Instant, SiteId

__all__ = [
    "Demand",
    "Fact",
    "Finding",
    "FindingWord",
    "Month",
    "Reading",
    "Standard",
    "audit",
    "grants",
    "month_of",
    "service_facts",
    "site_facts",
]

Month: TypeAlias = tuple[int, int]
"""Year and month, from 1 to 12."""

_Held: TypeAlias = "tuple[str, SiteId | None, Month | None, Category | None]"
_MONTHS = 12
_MOST = 1_000_000_000
_STARS = 5


class FindingWord(enum.StrEnum):
    """How a finding is told."""

    MISSING = "missing"
    TOO_FEW = "too_few"
    SITE = "site"
    AREA = "area"
    MONTH = "month"


class Reading(enum.StrEnum):
    """How to take what a document leaves open."""

    AS_GIVEN = "as_given"
    LENIENT = "lenient"
    """At the least of its plausible range."""
    STRICT = "strict"
    """At the most of its plausible range."""


@attrs.frozen(kw_only=True)
class Demand:
    """One thing that a standard asks for.

    Parameters
    ----------
    key
        The facts that count towards it.
    zh, en
        What it is called.
    levels
        At each site of these levels; empty: in the area as a whole.
    least
        How much; 0 asks for nothing.
    plausible
        The plausible values (least, most) of `least`, if no document prints it.
    monthly
        Whether so much in every month.
    category
        Only facts of this category count; None: all do.
    """

    key: str
    zh: str
    en: str
    levels: tuple[Level, ...] = ()
    least: int = 1
    plausible: tuple[int, int] | None = None
    monthly: bool = False
    category: Category | None = None

    def name(self, lang: Lang = "en") -> str:
        """Give what it is called."""
        return self.zh if lang == "zh" else self.en


@attrs.frozen(kw_only=True)
class Standard:
    """What is asked of the sites of an area.

    Parameters
    ----------
    id
        Its name in files.
    name_zh, name_en
        What it is called.
    demands
        What it asks for.
    five_star_yuan
        What a site of a level is given for five stars, in yuan.

    Raises
    ------
    DefinitionError
        With every fault: keys that are none, impossible numbers, nothing asked for.
    """

    id: str
    name_zh: str
    name_en: str
    demands: tuple[Demand, ...]
    five_star_yuan: Mapping[Level, int] = attrs.field(factory=dict, hash=False)

    def __attrs_post_init__(self) -> None:
        faults = tuple(self._faults())
        if faults:
            subject = f"standard {self.id}"
            raise DefinitionError(subject, faults)

    def name(self, lang: Lang = "en") -> str:
        """Give what it is called."""
        return self.name_zh if lang == "zh" else self.name_en

    def read(self, reading: Reading) -> Standard:
        """Give the standard as it is when everything assumed is taken so."""
        place = {Reading.LENIENT: 0, Reading.STRICT: 1}.get(reading)
        return attrs.evolve(
            self,
            demands=tuple(
                demand
                if place is None or demand.plausible is None
                else attrs.evolve(demand, least=demand.plausible[place])
                for demand in self.demands
            ),
        )

    def _faults(self) -> Iterator[Fault]:
        if not self.demands:
            yield Fault("demands", "nothing", "1 or more", "say what it asks for")
        for n, demand in enumerate(self.demands):
            if not is_identifier(demand.key):
                expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
                yield Fault(f"demands[{n}].key", repr(demand.key), expected, "rename it")
            low, high = demand.plausible or (demand.least, demand.least)
            if not 0 <= low <= demand.least <= high <= _MOST:
                expected = f"0 to {_MOST:,}, within its range"
                yield Fault(f"demands[{n}].least", str(demand.least), expected, "change least")
        for level, yuan in self.five_star_yuan.items():
            if not 0 <= yuan <= _MOST:
                place, expected = f"five_star_yuan.{level}", f"0 to {_MOST:,}"
                yield Fault(place, str(yuan), expected, f"change {level}")


@attrs.frozen
class Fact:
    """Something that there is.

    Parameters
    ----------
    key
        What.
    site
        Where; None: in the area, at no one site.
    amount
        How much of it: 1 or more.
    month
        When, if it happened in a month.
    category
        Of a service.

    Raises
    ------
    DefinitionError
        If the amount is below 1 or there is no such month: nothing that is there takes anything
        away.
    """

    key: str
    site: SiteId | None = None
    amount: int = 1
    month: Month | None = None
    category: Category | None = None

    def __attrs_post_init__(self) -> None:
        faults = []
        if self.amount < 1:
            expected = "1 or more"
            faults.append(Fault("amount", str(self.amount), expected, "leave the fact out"))
        if self.month is not None and not 1 <= self.month[1] <= _MONTHS:
            expected = "a year and a month from 1 to 12"
            faults.append(Fault("month", repr(self.month), expected, "mend the month"))
        if faults:
            subject = f"fact {self.key}"
            raise DefinitionError(subject, faults)


@attrs.frozen
class Finding:
    """Something that is missing.

    Parameters
    ----------
    site
        Where; None: in the area as a whole.
    demand
        What is asked for.
    found
        How much of it there is.
    month
        When, if it is asked for in every month.
    """

    site: Site | None
    demand: Demand
    found: int
    month: Month | None = None

    def text(self, lang: Lang = "en") -> str:
        """Give it as a sentence."""
        site, month = self.site, self.month
        where = FindingWord.AREA if site is None else FindingWord.SITE
        place = term(where, lang).format(
            name="" if site is None else site.name, id="" if site is None else site.id
        )
        if month is not None:
            when = f"{month[0]:04}-{month[1]:02}"
            place = term(FindingWord.MONTH, lang).format(place=place, month=when)
        bare = self.found == 0 and self.demand.least == 1
        return term(FindingWord.MISSING if bare else FindingWord.TOO_FEW, lang).format(
            place=place,
            what=self.demand.name(lang),
            found=f"{self.found:,}",
            least=f"{self.demand.least:,}",
        )


def audit(
    standard: Standard,
    hierarchy: Hierarchy,
    facts: Iterable[Fact],
    *,
    months: Sequence[Month] = (),
    within: SiteId | None = None,
) -> tuple[Finding, ...]:
    """Find what a standard asks for and the facts do not show.

    A fact counts at its own site and in the area; one that a demand does not name changes nothing.
    One more fact never brings a finding.

    Parameters
    ----------
    standard
        What is asked for.
    hierarchy
        The sites.
    facts
        What there is.
    months
        In which what is asked for monthly must have happened, each once.
    within
        Ask only the sites in the scope of this one, as where a town has a standard of its own;
        None: all sites, and the area.

    Returns
    -------
    tuple of Finding
        By demand, then by site, then by month.

    Raises
    ------
    UnknownName
        If a fact is at a site that there is not.
    """
    held = _held(facts, hierarchy)
    return tuple(
        finding
        for demand in standard.demands
        for site in _asked(demand, hierarchy, within)
        for finding in _findings(demand, site, held, months)
    )


def grants(standard: Standard, hierarchy: Hierarchy, facts: Iterable[Fact]) -> Mapping[SiteId, int]:
    """Give what each site of five stars is given, in yuan, by the facts called ``star``.

    Raises
    ------
    UnknownName
        If a fact is at a site that there is not.
    """
    held = _held(facts, hierarchy)
    return {
        site.id: standard.five_star_yuan[site.level]
        for site in hierarchy
        if site.level in standard.five_star_yuan and held["star", site.id, None, None] >= _STARS
    }


def month_of(at: Instant, offset: Duration = 0) -> Month:
    """Give the local month of an instant, `offset` ms east of UTC.

    >>> month_of(0), month_of(-1)
    ((1970, 1), (1969, 12))
    """
    local = moment(at, offset=offset)
    return local.year, local.month


def service_facts(
    services: Iterable[tuple[SiteId, Instant, Category | None]], offset: Duration = 0
) -> tuple[Fact, ...]:
    """Give the facts, called ``service``, that services were held.

    Parameters
    ----------
    services
        Where, when it ended and in what; one for each service, however many served.
    offset
        Local time east of UTC, in ms.

    Examples
    --------
    >>> service_facts([("s-1", 0, None)])[0].month
    (1970, 1)
    """
    return tuple(
        Fact("service", site, month=month_of(at, offset), category=category)
        for site, at, category in services
    )


def site_facts(hierarchy: Hierarchy) -> tuple[Fact, ...]:
    """Give the fact that there is a site, called as its level, for each site.

    Examples
    --------
    >>> from practice_core.hierarchy import Hierarchy, Level, Site
    >>> sites = Hierarchy([Site("tz", "中心", Level.CENTER, None, 117.2, 35.1, synthetic=True)])
    >>> site_facts(sites)[0].key
    'center'
    """
    return tuple(Fact(site.level.value, site.id) for site in hierarchy)


def _held(facts: Iterable[Fact], hierarchy: Hierarchy) -> Counter[_Held]:
    """Sum up what there is, as a demand may ask for it: anywhere, at any time, of any category."""
    held: Counter[_Held] = Counter()
    for fact in facts:
        if fact.site is not None and fact.site not in hierarchy:
            raise UnknownName("site", fact.site, (site.id for site in hierarchy))
        for site in {None, fact.site}:
            for month in {None, fact.month}:
                for category in {None, fact.category}:
                    held[fact.key, site, month, category] += fact.amount
    return held


def _asked(demand: Demand, hierarchy: Hierarchy, within: SiteId | None) -> Iterator[Site | None]:
    if not demand.levels and within is None:
        yield None
    for level in demand.levels:
        for site in hierarchy.at_level(level):
            if within is None or hierarchy.covers(within, site.id):
                yield site


def _findings(
    demand: Demand, site: Site | None, held: Counter[_Held], months: Sequence[Month]
) -> Iterator[Finding]:
    where = None if site is None else site.id
    for month in months if demand.monthly else (None,):
        found = held[demand.key, where, month, demand.category]
        if found < demand.least:
            yield Finding(site, demand, found, month)
