"""The tree of an area's sites, immutable and validated as a whole.

Everything is computed once, in time linear in the sites: a depth-first numbering makes "is this
site below that one" two comparisons, and everything below a site one slice. What is near is found
in a k-d tree of the positions on the sphere, made when it is first asked for.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, overload

import attrs
import networkx as nx
import numpy as np
from scipy.spatial import KDTree

from practice_core.errors import DefinitionError, Fault, OperationError, UnknownName
from practice_core.hierarchy.geometry import EARTH_RADIUS_KM, great_circle_km, position_faults
from practice_core.hierarchy.relations import RelationKind, relation_faults
from practice_core.hierarchy.sites import KIND_PARENTS, Level, Site, SiteKind
from practice_core.units import SiteId, is_identifier

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from practice_core.hierarchy.geometry import Outline
    from practice_core.hierarchy.relations import Relation

__all__ = ["Hierarchy", "site_position_faults"]

_CLOSE = 1e-12
"""Of the Earth's radius: 6 micrometres, far beyond what rounding can do to a distance."""


@attrs.frozen(init=False, repr=False)
class Hierarchy:
    """The sites of one area as a tree, and their relations.

    Equal if sites and relations are equal, in whatever order they came.

    Parameters
    ----------
    sites
        In any order; iteration is by id.
    outline
        If given, every site must lie inside, now and after every change.
    places
        Where each id was written (file and line), for the faults; ``site ID`` if absent.
    relations
        In any order.
    relation_places
        Where each of them was written; ``KIND of SITE`` if absent.

    Attributes
    ----------
    relations : tuple of Relation
        By kind, site and other end.

    Raises
    ------
    DefinitionError
        With every fault at once: ids that are none or not unique, unknown parents, cycles, a level
        on the wrong level, not exactly one center, a child that outlives its parent, positions that
        are impossible or outside, relations of which an end is missing or does not fit.

    Examples
    --------
    >>> Hierarchy([Site("a", "所", Level.INSTITUTE, "b", 120.6, 31.1, synthetic=True)])
    Traceback (most recent call last):
    practice_core.errors.DefinitionError: sites: 2 faults
      site a: parent 'b' is no site; expected the id of a center; add it or name another
      sites: no center among 1; expected exactly one; name the center
    """

    _sites: tuple[Site, ...]
    relations: tuple[Relation, ...]
    outline: Outline | None = attrs.field(eq=False)
    _index: dict[SiteId, int] = attrs.field(eq=False)
    _below: tuple[SiteId, ...] = attrs.field(eq=False)
    _starts: array[int] = attrs.field(eq=False)
    _tour: tuple[SiteId, ...] = attrs.field(eq=False)
    _first: array[int] = attrs.field(eq=False)
    _end: array[int] = attrs.field(eq=False)
    _groups: dict[Level | None, tuple[Site, ...]] = attrs.field(eq=False)
    _positions: dict[Level | None, NDArray[np.float64]] = attrs.field(eq=False)
    _ties: dict[SiteId, tuple[Relation, ...]] = attrs.field(eq=False)
    _trees: dict[Level | None, KDTree] = attrs.field(eq=False)

    def __init__(
        self,
        sites: Iterable[Site],
        outline: Outline | None = None,
        places: Mapping[SiteId, str] | None = None,
        *,
        relations: Iterable[Relation] = (),
        relation_places: Sequence[str] = (),
    ) -> None:
        ordered = _ordered(sites)
        given = list(relations)
        named = relation_places or [f"{one.kind} of {one.site}" for one in given]
        ties = sorted(zip(given, named, strict=True), key=lambda tie: tie[0].order)
        known = {site.id: site for site in ordered}
        faults = [
            *_faults(ordered, known, outline, places or {}),
            *relation_faults(ties, known),
        ]
        if faults:
            raise DefinitionError("sites", faults)
        root = next(site.id for site in ordered if site.parent is None)
        self._fill(ordered, tuple(tie for tie, _ in ties), outline, (root,))

    def _fill(
        self,
        ordered: tuple[Site, ...],
        relations: tuple[Relation, ...],
        outline: Outline | None,
        roots: Sequence[SiteId],
    ) -> None:
        """Compute, of sound sites by id, all that is asked for later."""
        ids = [site.id for site in ordered]
        index = {site: n for n, site in enumerate(ids)}
        ranks = np.array([site.level.rank for site in ordered])
        above = np.array([-1 if s.parent is None else index[s.parent] for s in ordered])
        by_parent = np.argsort(above, kind="stable")  # those of one parent stay by id
        first, sizes = _numbered(ranks, above, by_parent, [index[root] for root in roots])
        tour = np.argsort(first)
        at = np.array([(site.lon, site.lat) for site in ordered]).reshape(-1, 2)
        groups: dict[Level | None, tuple[Site, ...]] = {None: ordered}
        positions: dict[Level | None, NDArray[np.float64]] = {None: at.T.copy()}
        for level in Level:
            here = np.flatnonzero(ranks == level.rank)
            groups[level] = tuple([ordered[n] for n in here.tolist()])
            positions[level] = at[here].T.copy()
        ties: dict[SiteId, list[Relation]] = {}
        for one in relations:
            for site in dict.fromkeys((one.site, one.other)) if one.is_inside else (one.site,):
                ties.setdefault(site, []).append(one)  # type: ignore[arg-type]  # inside: a site
        self.__attrs_init__(
            sites=ordered,
            relations=relations,
            outline=outline,
            index=index,
            below=tuple([ids[n] for n in by_parent.tolist()]),
            starts=_whole(np.searchsorted(above[by_parent], np.arange(len(ids) + 1))),
            tour=tuple([ids[n] for n in tour.tolist()]),
            first=_whole(first),
            end=_whole(first + sizes),
            groups=groups,
            positions=positions,
            ties={site: tuple(found) for site, found in ties.items()},
            trees={},
        )

    def __hash__(self) -> int:
        """Hash by center and size: hashing every site would cost more than it tells apart."""
        return hash((self.root, len(self)))

    def __repr__(self) -> str:
        counts = ", ".join(f"{level} {count}" for level, count in self.counts().items())
        return f"<{type(self).__name__} of {self.root.id}: {counts}>"

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

    # -- the tree -------------------------------------------------------------------------------

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
        at = self._at(site)
        return self._below[self._starts[at] : self._starts[at + 1]]

    def siblings(self, site: SiteId) -> tuple[SiteId, ...]:
        """Give the other sites that hang on the same one, by id."""
        above = self.parent(site)
        return () if above is None else tuple(s for s in self.children(above) if s != site)

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
        at = self._at(site)
        return frozenset(self._tour[self._first[at] : self._end[at]])

    def covers(self, of: SiteId, site: SiteId) -> bool:
        """Tell whether `site` is in the scope of `of`, in constant time."""
        above, below = self._at(of), self._at(site)
        return self._first[above] <= self._first[below] < self._end[above]

    def common_ancestor(self, a: SiteId, b: SiteId) -> SiteId:
        """Give the lowest site that covers both; one of them if it covers the other.

        Raises
        ------
        OperationError
            If they are of two areas of a federation.
        """
        for above in self.chain(a):
            if self.covers(above, b):
                return above
        message = f"no site covers both {a} and {b}"
        raise OperationError(message)

    def center(self, site: SiteId) -> SiteId:
        """Give the center of the area that `site` is of."""
        self._at(site)
        return self.root.id

    def allies(self, center: SiteId | None = None) -> tuple[SiteId, ...]:
        """Give the centers of the areas allied with this one, by id.

        Parameters
        ----------
        center
            Of which area of a federation; None: of this.
        """
        here = self.root.id if center is None else self.center(center)
        ties = self.relations_of(here, RelationKind.ALLIANCE)
        return tuple(dict.fromkeys(SiteId(one.other) for one in ties))

    def reaches(self, holder: SiteId, home: SiteId) -> bool:  # noqa: ARG002 - a federation asks
        """Tell whether an order on a desk may go to a team at home at a site: here any may."""
        self._at(home)
        return True

    def at_level(self, level: Level) -> tuple[Site, ...]:
        """Give the sites of one level, by id."""
        return self._groups[level]

    def of_kind(self, kind: SiteKind) -> tuple[Site, ...]:
        """Give the sites of one kind, by id."""
        return tuple([site for site in self._sites if site.kind is kind])

    def counts(self) -> dict[Level, int]:
        """Count the sites of every level, the center first."""
        return {level: len(self._groups[level]) for level in Level}

    def kinds(self) -> dict[SiteKind, int]:
        """Count the sites of every kind, the regular ones first."""
        found = Counter(site.kind for site in self._sites)
        return {kind: found[kind] for kind in SiteKind}

    def census(self) -> dict[Level | SiteKind, int]:
        """Count the regular sites of every level and the others by kind: each site once."""
        found = Counter(
            site.level if site.kind is SiteKind.REGULAR else site.kind for site in self._sites
        )
        kinds = [kind for kind in SiteKind if kind is not SiteKind.REGULAR]
        return {key: found[key] for key in (*Level, *kinds)}

    # -- relations and time -----------------------------------------------------------------------

    def relations_of(self, site: SiteId, kind: RelationKind | None = None) -> tuple[Relation, ...]:
        """Give the relations of a site, at whichever end it stands; those of one kind if named."""
        self._at(site)
        found = self._ties.get(site, ())
        return found if kind is None else tuple([one for one in found if one.kind is kind])

    def as_of(self, day: dt.date) -> Hierarchy:
        """Give the network as it was, or will be, on a day.

        Its sites are those that have opened by then and not closed; its relations those that hold
        then and of which both ends are there.

        Raises
        ------
        DefinitionError
            If the center is not there on that day.
        """
        sites = [site for site in self._sites if site.is_there(day)]
        there = {site.id for site in sites}
        return self.evolved(sites, [one for one in self.relations if _holds(one, day, there)])

    # -- distances --------------------------------------------------------------------------------

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
            If `k` is negative, or the position is none on Earth.
        """
        if k < 0:
            message = f"asked for the {k} nearest sites"
            raise OperationError(message)
        lon, lat = self._position(where)
        count = min(k, len(self._groups[level]))
        if count == 0:
            return ()
        tree, here = self._tree(level), _on_sphere(lon, lat)
        chords, _ = tree.query(here, k=count)
        farthest = float(np.max(chords)) + _CLOSE
        found = tree.query_ball_point(here, farthest)
        return self._measured(lon, lat, found, level)[:count]

    def within(
        self, where: SiteId | tuple[float, float], km: float, level: Level | None = None
    ) -> tuple[tuple[SiteId, float], ...]:
        """Give the sites at most `km` from a site or a position, as `nearest` does.

        Raises
        ------
        OperationError
            If `km` is negative or no number, or the position is none on Earth.
        """
        _refuse_distance(km)
        lon, lat = self._position(where)
        if not self._groups[level]:
            return ()
        found = self._tree(level).query_ball_point(_on_sphere(lon, lat), _chord(km))
        return tuple([near for near in self._measured(lon, lat, found, level) if near[1] <= km])

    def coverage(
        self, km: float, by: Iterable[SiteId], demand: Mapping[SiteId, float] | None = None
    ) -> float:
        """Give the share of the sites that have one of some sites within `km`.

        This is the coverage of the maximal covering location problem (Church and ReVelle, Papers
        of the Regional Science Association 32, 1974), of points that are sites.

        Parameters
        ----------
        km
            Great-circle distance.
        by
            The sites that serve.
        demand
            What each site weighs, such as the people who live around it; None: all alike.

        Returns
        -------
        float
            From 0 to 1.

        Raises
        ------
        OperationError
            If `km` is negative or no number, or nothing is demanded.

        Examples
        --------
        >>> here = Site("c", "中心", Level.CENTER, None, 120.6, 31.1, synthetic=True)
        >>> far = Site("i", "所", Level.INSTITUTE, "c", 120.7, 31.1, synthetic=True)
        >>> county = Hierarchy([here, far])
        >>> county.coverage(5, by=["c"]), county.coverage(5, ["c"], {"c": 3, "i": 1})
        (0.5, 0.75)
        """
        _refuse_distance(km)
        places = np.arange(len(self)) if demand is None else self._places(demand)
        weights = np.ones(len(self)) if demand is None else np.array([*demand.values()], float)
        total = weights.sum()
        if not (total > 0 and (weights >= 0).all() and np.isfinite(total)):
            message = "coverage of a demand that is nothing, negative or without end"
            raise OperationError(message)
        serving = self._places(by)
        if not serving.size:
            return 0.0
        lons, lats = self._positions[None]
        tree = KDTree(_on_sphere(lons[serving], lats[serving]))
        _, nearest = tree.query(_on_sphere(lons[places], lats[places]))
        serves = serving[nearest]
        away = great_circle_km(lons[places], lats[places], lons[serves], lats[serves])
        return float(weights[away <= km].sum() / total)

    # -- changes ----------------------------------------------------------------------------------

    def evolved(self, sites: Iterable[Site], relations: Iterable[Relation]) -> Hierarchy:
        """Give a hierarchy of other sites and relations inside the same outline, validated anew."""
        return Hierarchy(sites, self.outline, relations=relations)

    def with_site(self, site: Site) -> Hierarchy:
        """Give a copy with one site more.

        Raises
        ------
        DefinitionError
            With all that is wrong then, as of the class; so do all changes.
        """
        return self.evolved([*self._sites, site], self.relations)

    def changed(self, site: SiteId, **fields: Any) -> Hierarchy:  # noqa: ANN401 - any of a site's
        """Give a copy in which some fields of a site are others: moved, hung on another, renamed.

        Examples
        --------
        >>> center = Site("c", "中心", Level.CENTER, None, 120.6, 31.1, synthetic=True)
        >>> Hierarchy([center]).changed("c", seats=300).root.seats
        300
        """
        at = self._at(site)
        other = attrs.evolve(self._sites[at], **fields)
        return self.evolved([*self._sites[:at], other, *self._sites[at + 1 :]], self.relations)

    def without_site(self, site: SiteId) -> Hierarchy:
        """Give a copy without a site; none may hang on it or be tied to it."""
        at = self._at(site)
        return self.evolved([*self._sites[:at], *self._sites[at + 1 :]], self.relations)

    def with_relation(self, relation: Relation) -> Hierarchy:
        """Give a copy with one relation more."""
        return self.evolved(self._sites, [*self.relations, relation])

    def without_relation(self, relation: Relation) -> Hierarchy:
        """Give a copy without a relation.

        Raises
        ------
        UnknownName
            If there is none such.
        """
        if relation not in self.relations:
            known = (f"{one.kind} of {one.site}" for one in self.relations)
            raise UnknownName("relation", f"{relation.kind} of {relation.site}", known)
        return self.evolved(self._sites, [one for one in self.relations if one != relation])

    # -- as a graph -------------------------------------------------------------------------------

    @overload
    def to_networkx(self, *, relations: Literal[False] = False) -> nx.DiGraph[SiteId]: ...
    @overload
    def to_networkx(self, *, relations: Literal[True]) -> nx.MultiDiGraph[str]: ...
    def to_networkx(self, *, relations: bool = False) -> nx.DiGraph[SiteId] | nx.MultiDiGraph[str]:
        """Give a copy as a graph: edges from parent to child, a site's fields on its node.

        Parameters
        ----------
        relations
            Whether it holds relations too, as edges whose field ``kind`` says which; those of the
            tree say ``tree`` then. Units, areas and persons become nodes with nothing but a name.
        """
        if not relations:
            tree = _graph(self._sites)
            for site in self._sites:
                tree.nodes[site.id].update(_fields(site))
            return tree
        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        graph.add_nodes_from((site.id, _fields(site)) for site in self._sites)
        graph.add_edges_from(
            (site.parent, site.id, {"kind": "tree"})
            for site in self._sites
            if site.parent is not None
        )
        for one in self.relations:
            if one.other not in graph:
                graph.add_node(one.other, name=one.name)
            dates = {"since": one.since, "until": one.until}
            graph.add_edge(one.site, one.other, kind=one.kind, **dates)
        return graph

    # -- what they share --------------------------------------------------------------------------

    def _at(self, site: SiteId) -> int:
        try:
            return self._index[site]
        except KeyError:
            raise UnknownName("site", site, self._index) from None

    def _places(self, sites: Iterable[SiteId]) -> NDArray[np.int64]:
        return np.array([self._at(site) for site in sites], np.int64)

    def _position(self, where: SiteId | tuple[float, float]) -> tuple[float, float]:
        if isinstance(where, str):
            site = self.site(where)
            return site.lon, site.lat
        lon, lat = where
        for found, expected, _ in position_faults(lon, lat):
            message = f"a position with {found}, not {expected}"
            raise OperationError(message)
        return lon, lat

    def _tree(self, level: Level | None) -> KDTree:
        found = self._trees.get(level)
        if found is None:
            found = self._trees[level] = KDTree(_on_sphere(*self._positions[level]))
        return found

    def _measured(
        self, lon: float, lat: float, found: Iterable[int], level: Level | None
    ) -> tuple[tuple[SiteId, float], ...]:
        """Measure what the k-d tree found, and give it nearest first, ties by id."""
        # Sites stand by id and a stable sort leaves ties so.
        near = np.sort(np.fromiter(found, np.int64))
        lons, lats = self._positions[level]
        km = great_circle_km(lon, lat, lons[near], lats[near])
        among = self._groups[level]
        return tuple(
            [(among[near.item(n)].id, km.item(n)) for n in np.argsort(km, kind="stable").tolist()]
        )


def _on_sphere(lon: Any, lat: Any) -> NDArray[np.float64]:  # noqa: ANN401 - numbers or arrays
    """Give positions as points (x, y, z) on a sphere of radius 1: near there is near here."""
    phi, theta = np.radians(lat), np.radians(lon)
    flat = np.cos(phi)
    return np.stack([flat * np.cos(theta), flat * np.sin(theta), np.sin(phi)], axis=-1)


def _chord(km: float) -> float:
    """Give how far apart points `km` apart are through the sphere, a hair more."""
    half = min(km / (2 * EARTH_RADIUS_KM), np.pi / 2)
    return float(2 * np.sin(half)) + _CLOSE


def _refuse_distance(km: float) -> None:
    if not km >= 0:  # so written, NaN fails too
        message = f"a distance of {km} km"
        raise OperationError(message)


def _holds(one: Relation, day: dt.date, there: set[SiteId]) -> bool:
    ends = one.site in there and (not one.is_inside or one.other in there)
    return ends and one.is_there(day)


def _fields(site: Site) -> dict[str, Any]:
    """Give what a site says beside its id and parent, as far as it says something."""
    said = {
        "name": site.name,
        "level": site.level,
        "lon": site.lon,
        "lat": site.lat,
        "synthetic": site.synthetic,
    }
    if site.kind is not SiteKind.REGULAR:
        said["kind"] = site.kind
    if site.demonstration:
        said["demonstration"] = True
    for key in ("seats", "categories", "hours", "opened", "closed"):
        value = getattr(site, key)
        if value is not None and value != ():
            said[key] = value
    return said


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


def _numbered(
    ranks: NDArray[np.int64],
    above: NDArray[np.int64],
    by_parent: NDArray[np.int64],
    roots: Sequence[int],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give depth-first numbers to sites, those of one parent in their order, level by level.

    Parameters
    ----------
    ranks
        Of their levels: a parent's is lower than its children's.
    above
        The parent of each, -1 for roots.
    by_parent
        All of them, by parent.
    roots
        In the order in which their trees follow one another.

    Returns
    -------
    first, sizes
        The number of each, and how many are in its scope: these follow one another from there.
    """
    sizes = np.ones(len(ranks), np.int64)
    levels = [np.flatnonzero(ranks == rank) for rank in range(len(Level))]
    for here in reversed(levels[1:]):
        np.add.at(sizes, above[here], sizes[here])
    ordered = sizes[by_parent]
    before = np.cumsum(ordered) - ordered
    groups = above[by_parent]
    offset = np.empty_like(sizes)
    offset[by_parent] = before - before[np.searchsorted(groups, groups)]
    first = np.zeros_like(sizes)
    place = 0
    for root in roots:
        first[root] = place
        place += sizes.item(root)
    for here in levels[1:]:
        first[here] = first[above[here]] + 1 + offset[here]
    return first, sizes


def _whole(numbers: NDArray[np.int64]) -> array[int]:
    """Give numbers as an array from which one alone is read twice as fast as from numpy's."""
    return array("q", numbers.astype(np.int64).tobytes())


def _faults(
    ordered: Sequence[Site],
    known: Mapping[SiteId, Site],
    outline: Outline | None,
    places: Mapping[SiteId, str],
) -> list[Fault]:
    def place(site: SiteId) -> str:
        return places.get(site, f"site {site}")

    misplaced = list(_parent_faults(ordered, known, place))
    return [
        *_id_faults(ordered, known, place),
        *misplaced,
        # Whoever hangs on a higher level all the way up is in no cycle.
        *(_cycle_faults(ordered, place) if misplaced else ()),
        *_center_faults(ordered, place),
        *_field_faults(ordered, known, place),
        *site_position_faults(ordered, outline, place),
    ]


def _id_faults(
    ordered: Sequence[Site], known: Mapping[SiteId, Site], place: Callable[[SiteId], str]
) -> Iterator[Fault]:
    counts = Counter(site.id for site in ordered) if len(known) < len(ordered) else {}
    for site in known:
        if not is_identifier(site):
            expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
            yield Fault(place(site), f"id {site!r}", expected, "give it another id")
        if counts and (count := counts[site]) > 1:
            found = f"{count} sites of id {site!r}"
            yield Fault(place(site), found, "one", "give the others ids of their own")


def _parent_faults(
    ordered: Sequence[Site], known: Mapping[SiteId, Site], place: Callable[[SiteId], str]
) -> Iterator[Fault]:
    for site in ordered:
        rule = KIND_PARENTS[site.kind]
        allowed = rule.get(site.level)
        if allowed is None:
            found, expected = f"{site.kind} of level {site.level}", " or ".join(rule)
            yield Fault(place(site.id), found, f"a {expected}", "mend the kind or the level")
            continue
        what = site.level if site.kind is SiteKind.REGULAR else site.kind
        kinds = " or ".join(allowed)
        if site.parent is None:
            if allowed:
                found = f"{what} without a parent"
                yield Fault(place(site.id), found, f"a parent of level {kinds}", "name it")
        elif not allowed:
            found = f"{what} with parent {site.parent!r}"
            yield Fault(place(site.id), found, "no parent", "delete the parent")
        elif (above := known.get(site.parent)) is None:
            found = f"parent {site.parent!r} is no site"
            expected = f"the id of a {kinds}"
            yield Fault(place(site.id), found, expected, "add it or name another")
        elif above.level not in allowed:
            found = f"{what} on {above.level} {site.parent!r}"
            expected = f"a parent of level {kinds}"
            yield Fault(place(site.id), found, expected, "mend the level or the parent")


def _cycle_faults(ordered: Sequence[Site], place: Callable[[SiteId], str]) -> Iterator[Fault]:
    parents = {site.id: site.parent for site in ordered}
    seen: dict[SiteId, SiteId] = {}  # each site, and on whose way up it was first met
    cycles = []
    for site in parents:
        here: SiteId | None = site
        while here is not None and here in parents and here not in seen:
            seen[here] = site
            here = parents[here]
        if here is not None and seen.get(here) == site:
            cycle = [here]
            while (above := parents[cycle[-1]]) != here and above is not None:
                cycle.append(above)
            cycles.append(sorted(cycle))
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


def _field_faults(
    ordered: Sequence[Site], known: Mapping[SiteId, Site], place: Callable[[SiteId], str]
) -> Iterator[Fault]:
    for site in ordered:
        for found, expected, remedy in site.faults():
            yield Fault(place(site.id), found, expected, remedy)
        above = None if site.parent is None else known.get(site.parent)
        if above is None or (above.opened is None and above.closed is None):
            continue
        if above.opened is not None and (site.opened is None or site.opened < above.opened):
            found = f"opened on {site.opened or 'no day'}, before its parent {above.id!r}"
            expected = f"{above.opened} or later"
            yield Fault(place(site.id), found, expected, "mend its opening, or hang it elsewhere")
        if above.closed is not None and (site.closed is None or site.closed > above.closed):
            found = f"closed on {site.closed or 'no day'}, after its parent {above.id!r}"
            expected = f"{above.closed} or before"
            yield Fault(place(site.id), found, expected, "mend its closing, or hang it elsewhere")


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
    at = np.array([(site.lon, site.lat) for site in ordered], float).reshape(-1, 2)
    is_possible = (np.abs(at) <= (180.0, 90.0)).all(axis=1)  # so written, NaN is not
    for n in np.flatnonzero(~is_possible).tolist():
        site = ordered[n]
        for found, expected, remedy in position_faults(site.lon, site.lat):
            yield Fault(place(site.id), found, expected, remedy)
    if outline is None:
        return
    possible = [ordered[n] for n in np.flatnonzero(is_possible).tolist()]
    lon, lat = at[is_possible].T
    swapped = outline.contains(lat, lon)
    for n in np.flatnonzero(~outline.contains(lon, lat)).tolist():
        found = f"lon {possible[n].lon!r}, lat {possible[n].lat!r} is outside the outline"
        remedy = "swap lon and lat" if swapped[n] else "mend the position"
        west, south, east, north = outline.bounds
        expected = f"inside; it spans lon {west:g} to {east:g}, lat {south:g} to {north:g}"
        yield Fault(place(possible[n].id), found, expected, remedy)
