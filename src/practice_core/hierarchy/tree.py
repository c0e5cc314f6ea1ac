"""The tree of an area's sites, immutable and validated as a whole.

Everything is computed once, in time linear in the sites: a depth-first numbering makes "is this
site below that one" two comparisons, and everything below a site one slice. networkx orders the
tree and finds cycles; nobody outside this room sees it unless they ask for a copy.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs
import networkx as nx
import numpy as np

from practice_core.errors import DefinitionError, Fault, OperationError, UnknownName
from practice_core.hierarchy.geometry import great_circle_km, position_faults
from practice_core.hierarchy.sites import PARENT_LEVELS, Level, Site
from practice_core.units import is_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from practice_core.hierarchy.geometry import Outline
    from practice_core.units import SiteId

__all__ = ["Hierarchy", "site_position_faults"]


@attrs.frozen(init=False, repr=False)
class Hierarchy:
    """The sites of one area as a tree; equal if its sites are equal, in whatever order they came.

    Parameters
    ----------
    sites
        In any order; iteration is by id.
    outline
        If given, every site must lie inside; it is only checked against, not kept.
    places
        Where each id was written (file and line), for the faults; ``site ID`` if absent.

    Raises
    ------
    DefinitionError
        With every fault at once: ids that are none or not unique, unknown parents, cycles, a level
        on the wrong level, not exactly one center, positions that are impossible or outside.

    Examples
    --------
    >>> Hierarchy([Site("a", "所", Level.INSTITUTE, "b", 120.6, 31.1, synthetic=True)])
    Traceback (most recent call last):
    practice_core.errors.DefinitionError: sites: 2 faults
      site a: parent 'b' is no site; expected the id of a center; add it or name another
      sites: no center among 1; expected exactly one; name the center
    """

    _sites: tuple[Site, ...]
    _index: dict[SiteId, int] = attrs.field(eq=False)
    _children: dict[SiteId, tuple[SiteId, ...]] = attrs.field(eq=False)
    _tour: tuple[SiteId, ...] = attrs.field(eq=False)
    _spans: dict[SiteId, tuple[int, int]] = attrs.field(eq=False)
    _groups: dict[Level | None, tuple[Site, ...]] = attrs.field(eq=False)
    _positions: dict[Level | None, NDArray[np.float64]] = attrs.field(eq=False)

    def __init__(
        self,
        sites: Iterable[Site],
        outline: Outline | None = None,
        places: Mapping[SiteId, str] | None = None,
    ) -> None:
        ordered = _ordered(sites)
        graph = _graph(ordered)
        faults = _faults(ordered, graph, outline, places or {})
        if faults:
            raise DefinitionError("sites", faults)
        root = next(site.id for site in ordered if site.parent is None)
        tour = tuple(nx.dfs_preorder_nodes(graph, root))
        groups: dict[Level | None, tuple[Site, ...]] = {None: ordered}
        for level in Level:
            groups[level] = tuple(site for site in ordered if site.level is level)
        self.__attrs_init__(
            sites=ordered,
            index={site.id: n for n, site in enumerate(ordered)},
            children={site.id: tuple(graph.successors(site.id)) for site in ordered},
            tour=tour,
            spans=_spans(tour, {site.id: site.parent for site in ordered}),
            groups=groups,
            positions={
                key: np.array([(site.lon, site.lat) for site in group]).reshape(-1, 2).T.copy()
                for key, group in groups.items()
            },
        )

    def __hash__(self) -> int:
        """Hash by center and size: hashing every site would cost more than it tells apart."""
        return hash((self.root, len(self)))

    def __repr__(self) -> str:
        counts = ", ".join(f"{level} {count}" for level, count in self.counts().items())
        return f"<Hierarchy of {self.root.id}: {counts}>"

    def __contains__(self, site: object) -> bool:
        """Tell whether there is a site of this id."""
        return site in self._index

    def __len__(self) -> int:
        """Count the sites."""
        return len(self._sites)

    def __iter__(self) -> Iterator[Site]:
        """Go through the sites by id."""
        return iter(self._sites)

    @property
    def root(self) -> Site:
        """The center, on which all others hang."""
        return self._sites[self._index[self._tour[0]]]

    def site(self, site: SiteId) -> Site:
        """Give the site of this id.

        Raises
        ------
        UnknownName
            If there is none; so do all methods that take an id.
        """
        return self._sites[self._at(site)]

    def parent(self, site: SiteId) -> SiteId | None:
        """Give the site that `site` hangs on; None for the center."""
        return self.site(site).parent

    def children(self, site: SiteId) -> tuple[SiteId, ...]:
        """Give the sites that hang on `site` directly, by id."""
        self._at(site)
        return self._children[site]

    def chain(self, site: SiteId) -> tuple[SiteId, ...]:
        """Give the way up: `site` itself, its parent and so on, the center last."""
        way = [site]
        above = self.parent(site)
        while above is not None:
            way.append(above)
            above = self.parent(above)
        return tuple(way)

    def scope(self, site: SiteId) -> frozenset[SiteId]:
        """Give `site` and all that hang on it, directly or not."""
        self._at(site)
        first, end = self._spans[site]
        return frozenset(self._tour[first:end])

    def covers(self, of: SiteId, site: SiteId) -> bool:
        """Tell whether `site` is in the scope of `of`, in constant time."""
        self._at(of)
        self._at(site)
        first, end = self._spans[of]
        return first <= self._spans[site][0] < end

    def at_level(self, level: Level) -> tuple[Site, ...]:
        """Give the sites of one level, by id."""
        return self._groups[level]

    def counts(self) -> dict[Level, int]:
        """Count the sites of every level, the center first."""
        return {level: len(self._groups[level]) for level in Level}

    def km(self, a: SiteId, b: SiteId) -> float:
        """Give the great-circle distance between two sites in km."""
        one, other = self.site(a), self.site(b)
        return great_circle_km(one.lon, one.lat, other.lon, other.lat)

    def nearest(
        self, where: SiteId | tuple[float, float], k: int, level: Level | None = None
    ) -> tuple[tuple[SiteId, float], ...]:
        """Give the `k` sites nearest to a site or a position, nearest first, ties by id.

        Parameters
        ----------
        where
            A site (which is its own nearest, at 0 km) or (lon, lat) in degrees.
        k
            How many at most; all if there are fewer.
        level
            Look only among the sites of this level.

        Returns
        -------
        tuple of (SiteId, float)
            Each with its great-circle distance in km.

        Raises
        ------
        OperationError
            If `k` is negative.
        """
        if k < 0:
            message = f"asked for the {k} nearest sites"
            raise OperationError(message)
        if isinstance(where, str):
            site = self.site(where)
            lon, lat = site.lon, site.lat
        else:
            lon, lat = where
        among = self._groups[level]
        count = min(k, len(among))
        if count == 0:
            return ()
        lons, lats = self._positions[level]
        km = great_circle_km(lon, lat, lons, lats)
        # Sites stand by id and a stable sort leaves ties so; sorting only what is as near as the
        # k-th one matters to a county of many sites that asks this once per site.
        near = np.flatnonzero(km <= np.partition(km, count - 1)[count - 1])
        best = near[np.argsort(km[near], kind="stable")][:count]
        return tuple((among[n].id, float(km[n])) for n in best)

    def to_networkx(self) -> nx.DiGraph[SiteId]:
        """Give a copy as a graph: edges from parent to child, a site's fields on its node."""
        graph = _graph(self._sites)
        for site in self._sites:
            graph.nodes[site.id].update(
                name=site.name,
                level=site.level,
                lon=site.lon,
                lat=site.lat,
                synthetic=site.synthetic,
            )
        return graph

    def _at(self, site: SiteId) -> int:
        try:
            return self._index[site]
        except KeyError:
            raise UnknownName("site", site, self._index) from None


def _ordered(sites: Iterable[Site]) -> tuple[Site, ...]:
    ordered = sorted(sites, key=lambda site: site.id)
    if len({site.id for site in ordered}) < len(ordered):
        # Only a refusal gets here: it must read the same in whatever order the sites came.
        ordered.sort(key=lambda site: (site.id, repr(site)))
    return tuple(ordered)


def _graph(ordered: Sequence[Site]) -> nx.DiGraph[SiteId]:
    # Nodes and edges enter by id, and networkx keeps that order in all it gives back.
    graph: nx.DiGraph[SiteId] = nx.DiGraph()
    graph.add_nodes_from(site.id for site in ordered)
    graph.add_edges_from((site.parent, site.id) for site in ordered if site.parent is not None)
    return graph


def _spans(
    tour: Sequence[SiteId], parents: Mapping[SiteId, SiteId | None]
) -> dict[SiteId, tuple[int, int]]:
    # In reverse pre-order every site is met after all below it, so one pass sums the sizes.
    sizes = Counter(tour)
    for site in reversed(tour):
        above = parents[site]
        if above is not None:
            sizes[above] += sizes[site]
    return {site: (first, first + sizes[site]) for first, site in enumerate(tour)}


def _faults(
    ordered: Sequence[Site],
    graph: nx.DiGraph[SiteId],
    outline: Outline | None,
    places: Mapping[SiteId, str],
) -> list[Fault]:
    def place(site: SiteId) -> str:
        return places.get(site, f"site {site}")

    return [
        *_id_faults(ordered, place),
        *_parent_faults(ordered, place),
        *_cycle_faults(graph, place),
        *_center_faults(ordered, place),
        *site_position_faults(ordered, outline, place),
    ]


def _id_faults(ordered: Sequence[Site], place: Callable[[SiteId], str]) -> Iterator[Fault]:
    for site, count in Counter(site.id for site in ordered).items():
        if not is_identifier(site):
            expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
            yield Fault(place(site), f"id {site!r}", expected, "give it another id")
        if count > 1:
            found = f"{count} sites of id {site!r}"
            yield Fault(place(site), found, "one", "give the others ids of their own")


def _parent_faults(ordered: Sequence[Site], place: Callable[[SiteId], str]) -> Iterator[Fault]:
    levels = {site.id: site.level for site in ordered}
    for site in ordered:
        allowed = PARENT_LEVELS[site.level]
        kinds = " or ".join(allowed)
        if site.parent is None:
            if allowed:
                found = f"{site.level} without a parent"
                yield Fault(place(site.id), found, f"a parent of level {kinds}", "name it")
        elif not allowed:
            found = f"{site.level} with parent {site.parent!r}"
            yield Fault(place(site.id), found, "no parent", "delete the parent")
        elif site.parent not in levels:
            found = f"parent {site.parent!r} is no site"
            expected = f"the id of a {kinds}"
            yield Fault(place(site.id), found, expected, "add it or name another")
        elif levels[site.parent] not in allowed:
            found = f"{site.level} on {levels[site.parent]} {site.parent!r}"
            expected = f"a parent of level {kinds}"
            yield Fault(place(site.id), found, expected, "mend the level or the parent")


def _cycle_faults(graph: nx.DiGraph[SiteId], place: Callable[[SiteId], str]) -> Iterator[Fault]:
    cycles = [
        sorted(component)
        for component in nx.strongly_connected_components(graph)
        if len(component) > 1 or any(graph.has_edge(site, site) for site in component)
    ]
    for cycle in sorted(cycles):
        found = f"sites that hang on one another in a cycle: {', '.join(cycle)}"
        yield Fault(place(cycle[0]), found, "a way up to the center", "break the cycle")


def _center_faults(ordered: Sequence[Site], place: Callable[[SiteId], str]) -> Iterator[Fault]:
    centers = sorted({site.id for site in ordered if site.level is Level.CENTER})
    if not centers:
        yield Fault("sites", f"no center among {len(ordered)}", "exactly one", "name the center")
    elif len(centers) > 1:
        for site in centers:
            found = f"one of {len(centers)} centers"
            yield Fault(place(site), found, "exactly one", "lower its level or delete it")


def site_position_faults(
    ordered: Sequence[Site], outline: Outline | None, place: Callable[[SiteId], str]
) -> Iterator[Fault]:
    """List positions that are impossible or outside; by itself for sites of which some have none.

    Parameters
    ----------
    ordered
        Sites that have a position.
    outline
        In which they must lie, if it is known.
    place
        Where each id was written.
    """
    possible = []
    for site in ordered:
        faults = position_faults(site.lon, site.lat)
        for found, expected, remedy in faults:
            yield Fault(place(site.id), found, expected, remedy)
        if not faults:
            possible.append(site)
    if outline is None:
        return
    lon, lat = np.array([(site.lon, site.lat) for site in possible]).reshape(-1, 2).T
    swapped = outline.contains(lat, lon)
    for n in np.flatnonzero(~outline.contains(lon, lat)):
        found = f"lon {possible[n].lon!r}, lat {possible[n].lat!r} is outside the outline"
        remedy = "swap lon and lat" if swapped[n] else "mend the position"
        west, south, east, north = outline.bounds
        expected = f"inside; it spans lon {west:g} to {east:g}, lat {south:g} to {north:g}"
        yield Fault(place(possible[n].id), found, expected, remedy)
