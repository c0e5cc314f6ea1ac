"""What ties sites to one another and to others beside the tree: typed and dated."""

from __future__ import annotations

import datetime as dt
import enum
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import Fault
from practice_core.hierarchy.sites import Level, SiteKind, is_name, is_reversed, lasts
from practice_core.units import is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from practice_core.hierarchy.sites import Site
    from practice_core.units import Calendar, SiteId

__all__ = ["RELATION_RULES", "OtherEnd", "Relation", "RelationKind", "RelationRule"]

MOST_EXCHANGED = 1_000_000


class RelationKind(enum.StrEnum):
    """How a site is tied to somebody beside the tree."""

    PAIRING = "pairing"
    """A civilised unit works with an institute or a station (结对共建)."""
    ALLIANCE = "alliance"
    """Two areas send each other volunteers, with a certificate or not (联盟)."""
    SHARED_VENUE = "shared_venue"
    """A body opens what is its own to all, at hours of its own (阵地共享)."""
    HOST = "host"
    """Somebody runs what happens at a site (主理人)."""
    MERGED_OPERATION = "merged_operation"
    """A venue is run together with another, as one (合并运营)."""


class OtherEnd(enum.StrEnum):
    """Who stands at the other end of a relation."""

    UNIT = "unit"
    AREA = "area"
    PERSON = "person"
    SITE = "site"


@attrs.frozen
class RelationRule:
    """What a kind of relation may tie.

    Parameters
    ----------
    levels, kinds
        Of the site.
    other
        Who stands at the other end.
    """

    levels: tuple[Level, ...]
    kinds: tuple[SiteKind, ...]
    other: OtherEnd


_ALL, _BELOW = tuple(SiteKind), (Level.INSTITUTE, Level.STATION, Level.SPOT)

RELATION_RULES: dict[RelationKind, RelationRule] = {
    RelationKind.PAIRING: RelationRule((Level.INSTITUTE, Level.STATION), _ALL, OtherEnd.UNIT),
    RelationKind.ALLIANCE: RelationRule((Level.CENTER,), _ALL, OtherEnd.AREA),
    RelationKind.SHARED_VENUE: RelationRule((Level.SPOT,), (SiteKind.SHARED_VENUE,), OtherEnd.UNIT),
    RelationKind.HOST: RelationRule(tuple(Level), _ALL, OtherEnd.PERSON),
    RelationKind.MERGED_OPERATION: RelationRule(_BELOW, _ALL, OtherEnd.SITE),
}


@attrs.frozen
class Relation:
    """One tie of a site.

    Parameters
    ----------
    kind
        Which kind.
    site
        The site of this area: what is paired, the center of an alliance, the venue that is shared,
        what is hosted, the venue that is run together with another.
    other
        Id of who is at the other end: a unit, the center of another area, a person by an opaque
        number, or the venue with which, as the leading one, the site is run.
    name
        Of a unit or an area, if it is known; of persons no name is kept, and sites have theirs.
    since
        The first day on which it holds; None: always did.
    until
        The first day on which it holds no more; None: not known to end.
    hours
        When a shared venue is open to all.
    exchanged
        How many volunteers an alliance exchanges.
    certificate
        Whether those get a certificate of both areas.

    Examples
    --------
    >>> Relation(RelationKind.ALLIANCE, "wj", "qp", exchanged=10, certificate=True).is_there(
    ...     dt.date(2021, 6, 25)
    ... )
    True
    """

    kind: RelationKind
    site: SiteId
    other: str
    name: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    hours: Calendar | None = attrs.field(default=None, kw_only=True)
    exchanged: int | None = attrs.field(default=None, kw_only=True)
    certificate: bool = attrs.field(default=False, kw_only=True)

    def is_there(self, day: dt.date) -> bool:
        """Tell whether it holds on a day."""
        return lasts(self.since, self.until, day)

    @property
    def rule(self) -> RelationRule:
        """What its kind may tie."""
        return RELATION_RULES[self.kind]

    @property
    def is_inside(self) -> bool:
        """Whether both ends are sites of one area."""
        return self.rule.other is OtherEnd.SITE

    @property
    def order(self) -> tuple[str, str, str, dt.date, str]:
        """What relations are sorted by."""
        return self.kind, self.site, self.other, self.since or dt.date.min, repr(self)

    def faults(self, sites: Mapping[SiteId, Site]) -> Iterator[tuple[str, str, str]]:
        """Give what is wrong with it among some sites, as (found, expected, remedy)."""
        yield from self._end_faults(sites)
        if is_reversed(self.since, self.until):
            found = f"until {self.until}, since {self.since}"
            yield found, "a day after its beginning", "mend since or until"
        if self.name and self.rule.other in {OtherEnd.PERSON, OtherEnd.SITE}:
            yield f"the name of a {self.rule.other}", "none: it has its id", "remove the name"
        elif self.name and not is_name(self.name):
            yield f"name {self.name!r}", "a name that can be seen", "write it so"
        if self.hours is not None and self.kind is not RelationKind.SHARED_VENUE:
            yield f"hours of {self.kind}", "those of a shared venue alone", "remove hours"
        if self.kind is not RelationKind.ALLIANCE:
            if self.exchanged is not None or self.certificate:
                found = f"{self.kind} that exchanges volunteers"
                yield found, "an alliance", "remove exchanged and certificate"
        elif self.exchanged is not None and not 0 <= self.exchanged <= MOST_EXCHANGED:
            yield f"{self.exchanged} exchanged", f"0 to {MOST_EXCHANGED:,}", "mend exchanged"

    def _end_faults(self, sites: Mapping[SiteId, Site]) -> Iterator[tuple[str, str, str]]:
        here, rule = sites.get(self.site), self.rule
        if here is None:
            yield f"site {self.site!r} is no site", "the id of a site", "add it or name another"
        elif here.level not in rule.levels:
            expected = f"a {' or '.join(rule.levels)}"
            yield f"{self.kind} of {here.level} {here.id!r}", expected, "name another site"
        elif here.kind not in rule.kinds:
            expected = f"a site of kind {' or '.join(rule.kinds)}"
            yield f"{self.kind} of {here.kind} {here.id!r}", expected, "mend its kind"
        there = sites.get(self.other)  # type: ignore[call-overload]  # it may be no site's id
        if rule.other is OtherEnd.SITE:
            if there is None:
                yield (
                    f"other {self.other!r} is no site",
                    "the id of a site",
                    "add it or name another",
                )
            elif there.level is Level.CENTER or self.other == self.site:
                yield f"other {self.other!r}", "another venue below the center", "name another"
        elif not is_identifier(self.other):
            expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
            yield f"other {self.other!r}", expected, "give it another id"
        elif there is not None:
            found = f"other {self.other!r} is a site of this area"
            yield found, f"the id of a {rule.other}", "give it an id of its own"


def relation_faults(
    relations: Iterable[tuple[Relation, str]], sites: Mapping[SiteId, Site]
) -> Iterator[Fault]:
    """List what is wrong with relations, each given with its place, among an area's sites."""
    last: dict[tuple[str, str, str], Relation] = {}
    leads, led = set[str](), dict[str, tuple[str, str]]()
    for one, place in relations:
        for found, expected, remedy in one.faults(sites):
            yield Fault(place, found, expected, remedy)
        key = one.kind, one.site, one.other
        before = last.get(key)
        if before is not None and (
            before.until is None or one.since is None or one.since < before.until
        ):
            found = f"{one.kind} of {one.site!r} and {one.other!r} again"
            yield Fault(place, found, "once at a time", "remove one, or part their days")
        last[key] = one
        if one.is_inside:
            leads.add(one.other)
            lead, _ = led.setdefault(one.site, (one.other, place))
            if lead != one.other:
                found = f"{one.site!r} run together with {lead!r} and with {one.other!r}"
                yield Fault(place, found, "one leading venue", "name the same one in each")
    for site in sorted(leads & led.keys()):
        found = f"{site!r} leads an operation and is led in another"
        yield Fault(led[site][1], found, "one leading venue for all", "name the same one in each")
