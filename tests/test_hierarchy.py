"""The tree of sites: what it answers, and what it refuses."""

from __future__ import annotations

import math
import pickle
from typing import TYPE_CHECKING, Any

import attrs
import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.errors import DefinitionError, OperationError, UnknownName
from practice_core.hierarchy import Hierarchy, Level, Outline, Site, SiteId
from practice_core.hierarchy.sites import PARENT_LEVELS
from practice_core.terms import term

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

BOX = Outline(((((119, 30), (122, 30), (122, 32), (119, 32), (119, 30)),),))

# A coarse grid, so that equal distances are common and ties are tested.
eastings = st.integers(0, 4).map(lambda n: 120 + n / 8)
northings = st.integers(0, 4).map(lambda n: 31 + n / 8)


def site(
    name: str,
    level: Level,
    parent: str | None,
    lon: float = 120.6,
    lat: float = 31.1,
) -> Site:
    above = None if parent is None else SiteId(parent)
    return Site(SiteId(name), f"site {name}", level, above, lon, lat, synthetic=True)


def wujiang_in_small() -> list[Site]:
    return [
        site("c", Level.CENTER, None),
        site("i1", Level.INSTITUTE, "c"),
        site("i2", Level.INSTITUTE, "c"),
        site("s1", Level.STATION, "i1"),
        site("s2", Level.STATION, "c"),
        site("p1", Level.SPOT, "s1"),
        site("p2", Level.SPOT, "i2"),
    ]


@st.composite
def site_trees(draw: st.DrawFn, max_size: int = 25) -> list[Site]:
    """Trees by a parent index for each node after the first; shrinks to a lone center."""
    sites = [site("n0", Level.CENTER, None, draw(eastings), draw(northings))]
    for n in range(1, draw(st.integers(1, max_size))):
        hosts = [above for above in sites if above.level is not Level.SPOT]
        above = hosts[draw(st.integers(0, len(hosts) - 1))]
        level = draw(st.sampled_from([le for le in Level if above.level in PARENT_LEVELS[le]]))
        sites.append(site(f"n{n}", level, above.id, draw(eastings), draw(northings)))
    return sites


def edited(sites: Sequence[Site], name: str, **changes: Any) -> list[Site]:  # noqa: ANN401 - any field
    return [attrs.evolve(s, **changes) if s.id == name else s for s in sites]


def faults_of(
    sites: Sequence[Site],
    outline: Outline | None = None,
    places: dict[SiteId, str] | None = None,
) -> dict[str, str]:
    """Build what must not build; give what was found at each place."""
    with pytest.raises(DefinitionError) as caught:
        Hierarchy(sites, outline, places)
    return {fault.place: fault.found for fault in caught.value.faults}


@given(site_trees())
def test_every_chain_starts_at_its_site_and_ends_at_the_center(sites: list[Site]) -> None:
    tree = Hierarchy(sites)
    for one in tree:
        chain = tree.chain(one.id)
        assert chain[0] == one.id
        assert chain[-1] == tree.root.id
        ranks = [tree.site(above).level.rank for above in chain]
        assert ranks == sorted(set(ranks), reverse=True)


@given(site_trees())
def test_scope_is_the_inverse_of_chain_and_covers_says_the_same(sites: list[Site]) -> None:
    tree = Hierarchy(sites)
    for above in tree:
        scope = tree.scope(above.id)
        assert scope == {one.id for one in tree if above.id in tree.chain(one.id)}
        assert scope == {one.id for one in tree if tree.covers(above.id, one.id)}
    assert tree.scope(tree.root.id) == {one.id for one in sites}


@given(site_trees())
def test_the_graph_is_an_arborescence_of_the_same_sites(sites: list[Site]) -> None:
    tree = Hierarchy(sites)
    graph = tree.to_networkx()
    assert nx.is_arborescence(graph)
    assert sorted(graph) == sorted(one.id for one in sites)
    for one in tree:
        assert tree.scope(one.id) == nx.descendants(graph, one.id) | {one.id}
        assert tree.children(one.id) == tuple(sorted(graph.successors(one.id)))
        assert all(tree.parent(below) == one.id for below in tree.children(one.id))


@given(site_trees(), st.data())
def test_nearest_is_what_measuring_every_site_gives(sites: list[Site], data: st.DataObject) -> None:
    tree = Hierarchy(sites)
    one = data.draw(st.sampled_from(sites))
    k = data.draw(st.integers(0, len(sites) + 1))
    level = data.draw(st.none() | st.sampled_from(Level))
    measured = sorted(
        (tree.km(one.id, other.id), other.id)
        for other in sites
        if level is None or other.level is level
    )
    expected = tuple((other, km) for km, other in measured[:k])
    assert tree.nearest(one.id, k, level) == expected
    assert tree.nearest((one.lon, one.lat), k, level) == expected


@given(site_trees(), st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(sites: list[Site], rng: random.Random) -> None:
    shuffled = list(sites)
    rng.shuffle(shuffled)
    one, other = Hierarchy(sites), Hierarchy(shuffled)
    assert one == other
    assert hash(one) == hash(other)
    assert list(one) == list(other) == sorted(sites, key=lambda s: s.id)
    assert list(one.to_networkx().edges) == list(other.to_networkx().edges)
    for s in sites:
        assert one.children(s.id) == other.children(s.id)


@given(site_trees())
def test_levels_partition_the_sites(sites: list[Site]) -> None:
    tree = Hierarchy(sites)
    assert len(tree) == len(sites) == sum(tree.counts().values())
    assert sorted(s.id for level in Level for s in tree.at_level(level)) == [s.id for s in tree]
    assert all(s.level is level for level in Level for s in tree.at_level(level))
    assert tree.counts()[Level.CENTER] == 1


@given(site_trees())
def test_a_hierarchy_survives_pickling(sites: list[Site]) -> None:
    tree = Hierarchy(sites, BOX)
    copy = pickle.loads(pickle.dumps(tree))  # noqa: S301 - pickled on this line
    assert copy == tree
    assert copy.nearest(tree.root.id, 3) == tree.nearest(tree.root.id, 3)
    assert copy.scope(tree.root.id) == tree.scope(tree.root.id)


def test_a_small_county_reads_as_drawn() -> None:
    tree = Hierarchy(wujiang_in_small())
    assert tree.root == site("c", Level.CENTER, None)
    assert tree.parent(SiteId("c")) is None
    assert tree.parent(SiteId("p2")) == "i2"
    assert tree.children(SiteId("c")) == ("i1", "i2", "s2")
    assert tree.chain(SiteId("p1")) == ("p1", "s1", "i1", "c")
    assert tree.scope(SiteId("i1")) == {"i1", "s1", "p1"}
    assert "s1" in tree
    assert "s9" not in tree
    assert repr(tree) == "<Hierarchy of c: center 1, institute 2, station 2, spot 2>"


def test_the_graph_carries_the_fields_and_is_a_copy() -> None:
    tree = Hierarchy(wujiang_in_small())
    graph = tree.to_networkx()
    assert graph.nodes[SiteId("s1")] == {
        "name": "site s1",
        "level": Level.STATION,
        "lon": 120.6,
        "lat": 31.1,
        "synthetic": True,
    }
    graph.remove_node(SiteId("s1"))
    assert "s1" in tree
    assert "s1" in tree.to_networkx()


def test_a_hierarchy_cannot_be_changed() -> None:
    tree = Hierarchy(wujiang_in_small())
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        tree._sites = ()  # type: ignore[misc]  # noqa: SLF001 - what must not be possible


def test_two_counties_that_differ_in_one_position_differ() -> None:
    sites = wujiang_in_small()
    assert Hierarchy(sites) != Hierarchy(edited(sites, "p1", lon=120.7))


def test_an_unknown_site_is_named_whatever_is_asked() -> None:
    tree = Hierarchy(wujiang_in_small())
    nobody, somebody = SiteId("s9"), SiteId("s1")
    for ask in (
        tree.site,
        tree.parent,
        tree.children,
        tree.chain,
        tree.scope,
        lambda name: tree.covers(name, somebody),
        lambda name: tree.covers(somebody, name),
        lambda name: tree.km(somebody, name),
        lambda name: tree.nearest(name, 1),
    ):
        with pytest.raises(UnknownName, match="no site named 's9'"):
            ask(nobody)


def test_a_negative_number_of_neighbours_is_a_defect() -> None:
    with pytest.raises(OperationError, match="-1 nearest"):
        Hierarchy(wujiang_in_small()).nearest((120.6, 31.1), -1)


def test_levels_have_ranks_and_words() -> None:
    assert [level.rank for level in Level] == [0, 1, 2, 3]
    assert [term(level, "zh") for level in Level] == ["实践中心", "实践所", "实践站", "实践点"]
    assert [term(level) for level in Level] == list(Level)


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("above", Level)
def test_a_site_hangs_only_on_the_levels_its_own_allows(level: Level, above: Level) -> None:
    line = {
        Level.CENTER: site("c", Level.CENTER, None),
        Level.INSTITUTE: site("i", Level.INSTITUTE, "c"),
        Level.STATION: site("s", Level.STATION, "i"),
        Level.SPOT: site("p", Level.SPOT, "s"),
    }
    sites = [*line.values(), site("new", level, line[above].id)]
    allowed = {
        (Level.INSTITUTE, Level.CENTER),
        (Level.STATION, Level.INSTITUTE),
        (Level.STATION, Level.CENTER),
        (Level.SPOT, Level.STATION),
        (Level.SPOT, Level.INSTITUTE),
    }
    if (level, above) in allowed:
        assert Hierarchy(sites).parent(SiteId("new")) == sites[-1].parent
    else:
        assert "site new" in faults_of(sites)


EDITS = {
    "a bad id": ("p1", {"id": "no id"}, "site no id", "id 'no id'"),
    "an unknown parent": ("p1", {"parent": "s9"}, "site p1", "parent 's9' is no site"),
    "no parent": ("p1", {"parent": None}, "site p1", "spot without a parent"),
    "a wrong level": ("p1", {"parent": "p2"}, "site p1", "spot on spot 'p2'"),
    "itself as parent": ("p1", {"parent": "p1"}, "site p1", "in a cycle: p1"),
    "a second center": (
        "i2",
        {"level": Level.CENTER, "parent": None},
        "site i2",
        "one of 2 centers",
    ),
    "a center below": ("c", {"parent": "i1"}, "site c", "center with parent 'i1'"),
    "no center": ("c", {"level": Level.STATION}, "sites", "no center among 7"),
    "lon not a number": ("p1", {"lon": math.nan}, "site p1", "lon nan"),
    "lat without end": ("p1", {"lat": -math.inf}, "site p1", "lat -inf"),
    "lon out of range": ("p1", {"lon": 180.5}, "site p1", "lon 180.5"),
    "lat out of range": ("p1", {"lat": -90.5}, "site p1", "lat -90.5"),
    "outside": ("p1", {"lon": 122.5}, "site p1", "lon 122.5, lat 31.1 is outside"),
}


@pytest.mark.parametrize(("name", "change", "place", "found"), EDITS.values(), ids=EDITS)
def test_every_kind_of_fault_is_found_at_its_place(
    name: str, change: dict[str, Any], place: str, found: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        Hierarchy(edited(wujiang_in_small(), name, **change), BOX)
    assert any(fault.place == place and found in fault.found for fault in caught.value.faults), (
        caught.value
    )


@given(site_trees(), st.data())
def test_any_cycle_is_found_once_with_all_its_sites(sites: list[Site], data: st.DataObject) -> None:
    tree = Hierarchy(sites)
    bottom = data.draw(st.sampled_from(sites)).id
    chain = tree.chain(bottom)
    top = data.draw(st.sampled_from(chain))
    cycle = sorted(chain[: chain.index(top) + 1])
    with pytest.raises(DefinitionError) as caught:
        Hierarchy(edited(sites, top, parent=bottom))
    found = [fault.found for fault in caught.value.faults if "cycle" in fault.found]
    assert found == [f"sites that hang on one another in a cycle: {', '.join(cycle)}"]


def test_all_faults_come_at_once_each_with_the_line_it_came_from() -> None:
    sites = wujiang_in_small()
    sites = edited(sites, "p1", parent="s9")
    sites = edited(sites, "p2", lat=131.1)
    sites = edited(sites, "s2", lon=31.1, lat=120.6)
    sites = edited(sites, "s1", parent="p2")
    sites = edited(sites, "i2", lon=118.0)
    sites.append(site("i1", Level.INSTITUTE, "c"))
    lines = {s.id: f"sites.csv:{n}" for n, s in enumerate(wujiang_in_small(), 2)}
    assert faults_of(sites, BOX, lines) == {
        "sites.csv:3": "2 sites of id 'i1'",
        "sites.csv:4": "lon 118.0, lat 31.1 is outside the outline",
        "sites.csv:5": "station on spot 'p2'",
        "sites.csv:6": "lat 120.6",
        "sites.csv:7": "parent 's9' is no site",
        "sites.csv:8": "lat 131.1",
    }


@given(site_trees(max_size=8), st.randoms(use_true_random=False), st.data())
def test_a_refusal_reads_the_same_in_whatever_order_the_sites_came(
    sites: list[Site], rng: random.Random, data: st.DataObject
) -> None:
    twin = attrs.evolve(
        data.draw(st.sampled_from(sites)),
        level=data.draw(st.sampled_from(Level)),
        lon=data.draw(eastings),
    )
    messages = set()
    for _ in range(3):
        rows = [*sites, twin]
        rng.shuffle(rows)
        with pytest.raises(DefinitionError) as caught:
            Hierarchy(rows)
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_swapped_coordinates_are_told_from_misplaced_ones() -> None:
    # Both numbers are possible latitudes, so only the outline of the county can tell.
    hotan = Outline(((((79, 37), (81, 37), (81, 38), (79, 38), (79, 37)),),))
    center = site("c", Level.CENTER, None, 80.0, 37.1)
    for lon, lat, remedy in ((37.1, 80.0, "swap lon and lat"), (80.0, 36.0, "mend the position")):
        with pytest.raises(DefinitionError) as caught:
            Hierarchy([attrs.evolve(center, lon=lon, lat=lat)], hotan)
        assert [fault.remedy for fault in caught.value.faults] == [remedy]


def test_no_sites_are_no_hierarchy() -> None:
    assert faults_of([], BOX) == {"sites": "no center among 0"}


@pytest.mark.slow
def test_a_hundred_thousand_sites_are_no_other_matter() -> None:
    towns = [site(f"i{n}", Level.INSTITUTE, "c") for n in range(1_000)]
    villages = [site(f"s{n}", Level.STATION, f"i{n % 1_000}") for n in range(98_999)]
    tree = Hierarchy([site("c", Level.CENTER, None), *towns, *villages], BOX)
    assert len(tree) == 100_000
    assert len(tree.scope(SiteId("i7"))) == 100
