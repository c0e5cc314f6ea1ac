"""Several areas with alliances between them, asked as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.hierarchy.relations import RelationKind
from practice_core.hierarchy.tree import Hierarchy

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from practice_core.hierarchy.relations import Relation
    from practice_core.hierarchy.sites import Site
    from practice_core.units import SiteId

__all__ = ["Federation"]


@attrs.frozen(init=False, repr=False)
class Federation(Hierarchy):
    """An area and others, each a tree of its own; all that a `Hierarchy` is asked, over all sites.

    No site covers one of another area. Alliances are the relations of that kind, at whichever of
    the two centers they stand.

    Parameters
    ----------
    home
        The area whose orders are looked after: `root` is its center.
    others
        The other areas.

    Attributes
    ----------
    areas : tuple of Hierarchy
        As given, home first.

    Raises
    ------
    DefinitionError
        If a site is in two areas.

    Examples
    --------
    >>> from practice_core.hierarchy import Level, Relation, Site
    >>> def center(key: str, lon: float) -> Site:
    ...     return Site(key, key, Level.CENTER, None, lon, 31.1, synthetic=True)
    >>> ally = Relation(RelationKind.ALLIANCE, "wujiang", "qingpu", exchanged=10, certificate=True)
    >>> both = Federation(
    ...     Hierarchy([center("wujiang", 120.6)], relations=[ally]),
    ...     [Hierarchy([center("qingpu", 121.1)])],
    ... )
    >>> both.allies(), both.allies("qingpu")
    (('qingpu',), ('wujiang',))
    >>> both.covers("wujiang", "qingpu"), both.reaches("qingpu", "qingpu")
    (False, True)
    """

    areas: tuple[Hierarchy, ...] = attrs.field(init=False)

    def __init__(self, home: Hierarchy, others: Iterable[Hierarchy] = ()) -> None:
        areas = (home, *others)
        faults = list(_twice(areas))
        if faults:
            raise DefinitionError("federation", faults)
        object.__setattr__(self, "areas", areas)
        self._fill(
            tuple(sorted((site for area in areas for site in area), key=lambda site: site.id)),
            tuple(
                sorted((one for area in areas for one in area.relations), key=lambda one: one.order)
            ),
            None,
            [area.root.id for area in areas],
        )

    def __reduce__(self) -> tuple[type[Federation], tuple[Hierarchy, tuple[Hierarchy, ...]]]:
        return Federation, (self.areas[0], self.areas[1:])

    __hash__ = Hierarchy.__hash__

    def center(self, site: SiteId) -> SiteId:
        """Give the center of the area that `site` is of."""
        return self.chain(site)[-1]

    def allies(self, center: SiteId | None = None) -> tuple[SiteId, ...]:
        """Give the centers of the areas allied with one, nearest first: those that are here.

        Parameters
        ----------
        center
            Of which area; None: home.
        """
        here = self.root.id if center is None else self.center(center)
        found = {
            end
            for one in self.relations
            if one.kind is RelationKind.ALLIANCE and here in {one.site, one.other}
            for end in (one.site, one.other)
        }
        allied = [center for center in self._roots if center in found - {here}]
        return tuple(sorted(allied, key=lambda one: (self.km(here, one), one)))

    def reaches(self, holder: SiteId, home: SiteId) -> bool:
        """Tell whether an order on a desk may go to a team at home at a site.

        A desk asks the teams of its own area alone: those of an ally once the order has escalated
        to the ally. A desk that is no site here asks home's.
        """
        desk = self.center(holder) if holder in self else self.root.id
        at = self.center(home)
        return at == desk and (at == self.root.id or at in self.allies())

    def as_of(self, day: dt.date) -> Federation:
        """Give the areas as they were on a day; home must be there, others are left out if not."""
        home, *others = self.areas
        there = [area.as_of(day) for area in others if area.root.is_there(day)]
        return Federation(home.as_of(day), there)

    def evolved(self, sites: Iterable[Site], relations: Iterable[Relation]) -> Federation:
        """Give the same areas with other sites and relations, each validated anew."""
        parents: dict[SiteId, SiteId | None] = {}
        given = list(sites)
        for site in given:
            parents.setdefault(site.id, site.parent)
        homes: dict[SiteId, SiteId] = {}
        shares: dict[SiteId, list[Site]] = {center: [] for center in self._roots}
        for site in given:
            shares[self._belongs(site.id, parents, homes)].append(site)
        ties: dict[SiteId, list[Relation]] = {center: [] for center in self._roots}
        for one in relations:
            ties[self._belongs(one.site, parents, homes)].append(one)
        home, *others = (
            area.evolved(shares[area.root.id], ties[area.root.id]) for area in self.areas
        )
        return Federation(home, others)

    def _belongs(
        self,
        site: SiteId,
        parents: dict[SiteId, SiteId | None],
        homes: dict[SiteId, SiteId],
    ) -> SiteId:
        """Give the center above a site; home's, where it is refused, for what hangs on none."""
        way = [site]
        while (above := parents.get(way[-1])) is not None and above not in homes:
            if above in way:
                break
            way.append(above)
        last = way[-1] if above is None or above not in homes else homes[above]
        center = last if last in self._roots else self.root.id
        homes.update(dict.fromkeys(way, center))
        return center

    @property
    def _roots(self) -> tuple[SiteId, ...]:
        return tuple(area.root.id for area in self.areas)


def _twice(areas: Iterable[Hierarchy]) -> Iterator[Fault]:
    seen: dict[SiteId, SiteId] = {}
    for area in areas:
        for site in area:
            if site.id in seen:
                found = f"in {seen[site.id]} and {area.root.id}"
                yield Fault(f"site {site.id}", found, "one area", "give one another id")
            seen.setdefault(site.id, area.root.id)
