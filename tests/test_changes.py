"""A network over time: relations beside the tree, versions and what sets them apart, coverage."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st

from practice_core.errors import DefinitionError, OperationError, UnknownName
from practice_core.hierarchy import (
    Change,
    Difference,
    Hierarchy,
    Level,
    Outline,
    Relation,
    RelationKind,
    Site,
    SiteId,
    SiteKind,
    difference,
    great_circle_km,
    tree,
)
from practice_core.hierarchy.relations import RELATION_RULES
from practice_core.hierarchy.sites import KIND_PARENTS
from practice_core.terms import term
from practice_core.testing.strategies import networks
from practice_core.units import Calendar

if TYPE_CHECKING:
    from collections.abc import Callable

days = st.dates(dt.date(2017, 1, 1), dt.date(2031, 1, 1))
positions = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


def site(
    name: str,
    level: Level,
    parent: str | None,
    at: tuple[float, float] = (120.6, 31.1),
    **said: Any,  # noqa: ANN401 - fields of a site
) -> Site:
    above = None if parent is None else SiteId(parent)
    return Site(SiteId(name), f"site {name}", level, above, *at, synthetic=True, **said)


def county(*more: Site, relations: tuple[Relation, ...] = ()) -> Hierarchy:
    return Hierarchy(
        [
            site("c", Level.CENTER, None),
            site("i", Level.INSTITUTE, "c", (120.7, 31.1)),
            site("s", Level.STATION, "i", (120.8, 31.1)),
            *more,
        ],
        relations=relations,
    )


def found_in(act: Callable[[], object]) -> list[str]:
    with pytest.raises(DefinitionError) as refused:
        act()
    return [fault.found for fault in refused.value.faults]


# ------------------------------------------------------------------ kinds


def test_networks_shrink_to_a_center_alone_that_says_nothing() -> None:
    least = find(networks(), lambda _: True)
    center = least.root
    assert (len(least), least.relations) == (1, ())
    assert center == Site(SiteId("s0"), center.name, Level.CENTER, None, 0, 0, synthetic=False)


@pytest.mark.parametrize("kind", SiteKind)
@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("above", Level)
def test_a_site_of_a_kind_stands_where_its_kind_may(
    kind: SiteKind, level: Level, above: Level
) -> None:
    new = site(
        "new", level, {"center": "c", "institute": "i", "station": "s"}.get(above), kind=kind
    )
    if above is Level.SPOT:
        base = county(site("p", Level.SPOT, "s"))
        new = attrs.evolve(new, parent=SiteId("p"))
    else:
        base = county()
    if above in KIND_PARENTS[kind].get(level, ()):
        assert base.with_site(new).of_kind(kind)[-1].id in {"new", "s"}
        assert base.with_site(new).kinds()[kind] >= 1
    else:
        assert found_in(lambda: base.with_site(new))


def test_kinds_and_relations_have_words() -> None:
    assert [term(kind, "zh") for kind in SiteKind][1:4] == ["行业分中心", "场馆分中心", "实践基地"]
    assert term(RelationKind.PAIRING, "zh") == "结对共建"
    assert set(KIND_PARENTS) == set(SiteKind)
    assert set(RELATION_RULES) == set(RelationKind)


BAD_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "no seat": ({"seats": 0}, "0 seats"),
    "a category twice": ({"categories": ("aid", "aid")}, "categories aid, aid"),
    "closed before it opened": (
        {"opened": dt.date(2020, 5, 1), "closed": dt.date(2020, 5, 1)},
        "closed on 2020-05-01, opened on 2020-05-01",
    ),
}


@pytest.mark.parametrize("case", BAD_FIELDS)
def test_what_a_site_says_of_itself_is_checked(case: str) -> None:
    fields, found = BAD_FIELDS[case]
    assert found_in(lambda: county().changed(SiteId("s"), **fields)) == [found]


def test_no_site_outlives_the_one_that_it_hangs_on() -> None:
    town = county().changed(SiteId("s"), opened=dt.date(2020, 1, 1), closed=dt.date(2022, 1, 1))
    assert found_in(
        lambda: town.changed(SiteId("i"), opened=dt.date(2020, 1, 2), closed=dt.date(2021, 1, 1))
    ) == [
        "opened on 2020-01-01, before its parent 'i'",
        "closed on 2022-01-01, after its parent 'i'",
    ]
    assert found_in(lambda: county().changed(SiteId("i"), closed=dt.date(2021, 1, 1))) == [
        "closed on no day, after its parent 'i'"
    ]


# ------------------------------------------------------------------ relations

EARLY_AND_LATE = Calendar.weekly(days=range(7), opens="18:00", closes="21:00")
GROUND = site("g", Level.SPOT, "i", kind=SiteKind.SHARED_VENUE)
SOUND = (
    Relation(RelationKind.PAIRING, SiteId("i"), "u-1", "县医院", dt.date(2023, 1, 1)),
    Relation(RelationKind.PAIRING, SiteId("s"), "u-1"),
    Relation(RelationKind.ALLIANCE, SiteId("c"), "qp", exchanged=10, certificate=True),
    Relation(RelationKind.SHARED_VENUE, SiteId("g"), "school-1", "一中", hours=EARLY_AND_LATE),
    Relation(RelationKind.HOST, SiteId("s"), "v-17"),
    Relation(RelationKind.MERGED_OPERATION, SiteId("s"), "i"),
    Relation(RelationKind.MERGED_OPERATION, SiteId("g"), "i"),
)
TIED = county(GROUND, relations=SOUND)


def test_relations_are_found_at_whichever_end_a_site_stands() -> None:
    assert TIED.relations == tuple(sorted(SOUND, key=lambda one: one.order))
    assert [one.site for one in TIED.relations_of(SiteId("i"))] == ["g", "s", "i"]
    assert TIED.relations_of(SiteId("s"), RelationKind.HOST) == (SOUND[4],)
    assert TIED.relations_of(SiteId("c"), RelationKind.HOST) == ()
    assert TIED.allies() == ("qp",)
    with pytest.raises(UnknownName):
        TIED.relations_of(SiteId("x"))


A, B, C = SOUND[0], SOUND[2], SOUND[5]
BAD_TIES = {
    "no site": (attrs.evolve(A, site=SiteId("x")), "site 'x' is no site"),
    "a level": (attrs.evolve(A, site=SiteId("c")), "pairing of center 'c'"),
    "a kind": (
        Relation(RelationKind.SHARED_VENUE, SiteId("s"), "u"),
        "shared_venue of station 's'",
    ),
    "a regular spot": (
        Relation(RelationKind.SHARED_VENUE, SiteId("p"), "u"),
        "shared_venue of regular 'p'",
    ),
    "a unit that is a site": (attrs.evolve(A, other="s"), "other 's' is a site of this area"),
    "no id": (attrs.evolve(A, other="two words"), "other 'two words'"),
    "no venue": (attrs.evolve(C, other="u"), "other 'u' is no site"),
    "the center as a venue": (attrs.evolve(C, other="c"), "other 'c'"),
    "itself": (attrs.evolve(C, other="s"), "other 's'"),
    "two leaders": (attrs.evolve(C, other="g"), "'s' run together with 'g' and with 'i'"),
    "a leader that is led": (
        attrs.evolve(C, site=SiteId("i"), other="p"),
        "'i' leads an operation and is led in another",
    ),
    "days": (
        attrs.evolve(B, other="js", since=dt.date(2021, 1, 2), until=dt.date(2021, 1, 1)),
        "until 2021-01-01, since 2021-01-02",
    ),
    "a person's name": (
        Relation(RelationKind.HOST, SiteId("c"), "v", "somebody"),
        "the name of a person",
    ),
    "no name": (attrs.evolve(A, other="u-2", name=" x"), "name ' x'"),
    "hours": (attrs.evolve(A, other="u-2", hours=EARLY_AND_LATE), "hours of pairing"),
    "exchange": (attrs.evolve(A, other="u-2", exchanged=1), "pairing that exchanges volunteers"),
    "too many": (attrs.evolve(B, other="js", exchanged=-1), "-1 exchanged"),
    "again": (attrs.evolve(A, since=dt.date(2024, 1, 1)), "pairing of 'i' and 'u-1' again"),
}


@pytest.mark.parametrize("case", BAD_TIES)
def test_a_relation_that_does_not_fit_is_refused_and_the_old_stays(case: str) -> None:
    one, found = BAD_TIES[case]
    old = TIED.with_site(site("p", Level.SPOT, "s"))
    assert found in found_in(lambda: old.with_relation(one))
    assert old.relations == TIED.relations


def test_a_pairing_may_be_renewed_once_it_has_ended() -> None:
    ended = attrs.evolve(A, until=dt.date(2024, 1, 1))
    again = attrs.evolve(A, since=dt.date(2024, 1, 1))
    renewed = TIED.without_relation(A).with_relation(ended).with_relation(again)
    assert [
        renewed.as_of(day).relations_of(SiteId("i"), RelationKind.PAIRING)
        for day in (dt.date(2022, 12, 31), dt.date(2023, 12, 31), dt.date(2024, 1, 1))
    ] == [(), (ended,), (again,)]
    with pytest.raises(UnknownName, match="no relation named 'pairing of i'"):
        renewed.without_relation(A)


def test_faults_of_relations_come_with_the_others_and_their_lines() -> None:
    with pytest.raises(DefinitionError) as refused:
        Hierarchy(
            [site("c", Level.CENTER, "x")],
            relations=[attrs.evolve(A, site=SiteId("y"))],
            relation_places=["ties.csv:2"],
        )
    assert [fault.place for fault in refused.value.faults] == ["site c", "ties.csv:2"]


def test_a_graph_with_relations_holds_the_other_ends_too() -> None:
    graph = TIED.to_networkx(relations=True)
    assert graph.nodes["u-1"] == {"name": "县医院"}
    assert {said["kind"] for _, _, said in graph.edges(data=True)} == {"tree", *RelationKind}
    assert graph.number_of_edges() == len(TIED) - 1 + len(SOUND)


# ------------------------------------------------------------------ the network on a day


@settings(max_examples=50)
@given(networks(), days)
def test_on_a_day_there_is_what_has_opened_and_not_closed(network: Hierarchy, day: dt.date) -> None:
    assume(network.root.is_there(day))
    then = network.as_of(day)
    assert [one.id for one in then] == [one.id for one in network if one.is_there(day)]
    for one in then:
        assert then.chain(one.id) == network.chain(one.id)  # nobody hangs on what is not there
    there = {one.id for one in then}
    assert set(then.relations) == {
        one
        for one in network.relations
        if one.is_there(day) and one.site in there and (not one.is_inside or one.other in there)
    }
    assert then.as_of(day) == then


def test_before_its_center_there_is_no_network() -> None:
    alone = Hierarchy([site("c", Level.CENTER, None, opened=dt.date(2019, 1, 1))])
    assert found_in(lambda: alone.as_of(dt.date(2018, 12, 31))) == ["no center among 0"]
    assert alone.as_of(dt.date(2019, 1, 1)) == alone


# ------------------------------------------------------------------ versions


def refuse_a_wrong_difference(found: Difference, old: Hierarchy, new: Hierarchy) -> None:
    assert found.apply(old) == new
    assert bool(found) == (old != new)
    both = {one.id for one in old} & {one.id for one in new}
    assert {one.id for one in found.opened} == {one.id for one in new} - both
    assert {one.id for one in found.closed} == {one.id for one in old} - both
    moved = {
        site
        for site in both
        if (old.site(site).lon, old.site(site).lat) != (new.site(site).lon, new.site(site).lat)
    }
    assert {one.after.id for one in found.moved} == moved
    hung = {site for site in both if old.parent(site) != new.parent(site)}
    assert {one.after.id for one in found.reattached} == hung


@settings(max_examples=50)
@given(networks(), networks())
def test_a_difference_applied_to_the_old_gives_the_new(old: Hierarchy, new: Hierarchy) -> None:
    found = difference(old, new)
    refuse_a_wrong_difference(found, old, new)
    refuse_a_wrong_difference(difference(new, old), new, old)
    refuse_a_wrong_difference(difference(old, old), old, old)


OLD, NEW = TIED, TIED.changed(SiteId("s"), lon=120.9).with_site(site("n", Level.SPOT, "s"))


@pytest.mark.parametrize("field", ["opened", "changed"])
def test_a_difference_that_forgets_something_is_found_out(field: str) -> None:
    found = difference(OLD, NEW)
    refuse_a_wrong_difference(found, OLD, NEW)
    with pytest.raises(AssertionError):
        refuse_a_wrong_difference(attrs.evolve(found, **{field: ()}), OLD, NEW)


def test_a_difference_does_not_fit_what_has_changed_since() -> None:
    found = difference(OLD, NEW)
    assert found_in(lambda: found.apply(NEW)) == ["changed since", "there already"]
    assert found_in(lambda: found.apply(Hierarchy([site("c", Level.CENTER, None)]))) == [
        "not there"
    ]
    gone = difference(OLD, OLD.without_relation(A))
    assert found_in(lambda: gone.apply(OLD.without_relation(A))) == ["not there"]
    assert found_in(lambda: Difference(tied=(A,)).apply(OLD)) == ["there already"]
    broken = Difference(changed=(Change(OLD.site(SiteId("s")), site("s", Level.STATION, "x")),))
    assert found_in(lambda: broken.apply(OLD)) == ["parent 'x' is no site"]


@settings(max_examples=50)
@given(networks(), st.data())
def test_an_edit_gives_a_sound_copy_or_is_refused_and_the_old_stays(
    old: Hierarchy, data: st.DataObject
) -> None:
    before, ties = tuple(old), old.relations
    chosen = data.draw(st.sampled_from(before)).id
    other = data.draw(st.sampled_from(before)).id
    lon, lat = data.draw(positions)
    edits: list[Callable[[], Hierarchy]] = [
        lambda: old.changed(chosen, lon=lon, lat=lat),
        lambda: old.changed(chosen, parent=other),
        lambda: old.changed(chosen, level=data.draw(st.sampled_from(Level))),
        lambda: old.without_site(chosen),
        lambda: old.with_site(attrs.evolve(old.site(chosen), id=SiteId("new"))),
        lambda: old.with_site(old.site(chosen)),
        lambda: old.with_relation(
            Relation(data.draw(st.sampled_from(RelationKind)), chosen, other)
        ),
    ]
    edit = data.draw(st.sampled_from(edits))
    try:
        new = edit()
    except DefinitionError:
        new = old
    assert (tuple(old), old.relations) == (before, ties)
    assert Hierarchy(new, relations=new.relations) == new
    assert difference(old, new).apply(old) == new


def test_edits_stay_inside_the_outline() -> None:
    box = Outline(((((120, 31), (121, 31), (121, 32), (120, 32), (120, 31)),),))
    inside = Hierarchy(county(), box)
    assert inside.changed(SiteId("s"), lon=120.9).changed(SiteId("s"), lat=31.5).outline is box
    assert "outside the outline" in found_in(lambda: inside.changed(SiteId("s"), lon=122.0))[0]


# ------------------------------------------------------------------ the tree, further


@settings(max_examples=50)
@given(networks(), st.data())
def test_siblings_and_common_ancestors_are_as_the_chains_say(
    network: Hierarchy, data: st.DataObject
) -> None:
    a, b = (data.draw(st.sampled_from(tuple(network))).id for _ in range(2))
    assert set(network.siblings(a)) == {
        one.id for one in network if one.parent == network.parent(a) and one.id != a
    }
    shared = [above for above in network.chain(a) if above in network.chain(b)]
    assert network.common_ancestor(a, b) == shared[0] == network.common_ancestor(b, a)
    assert network.center(a) == network.root.id


# ------------------------------------------------------------------ near and far


def refuse_a_wrong_neighbourhood(network: Hierarchy, at: tuple[float, float], km: float) -> None:
    measured = sorted((great_circle_km(*at, one.lon, one.lat), one.id) for one in network)
    assert network.nearest(at, len(network)) == tuple((site, away) for away, site in measured)
    for k in range(len(network)):
        assert network.nearest(at, k) == tuple((site, away) for away, site in measured[:k])
    near = tuple((site, away) for away, site in measured if away <= km)
    assert network.within(at, km) == near
    assert network.within(at, measured[-1][0])[-1][1] == measured[-1][0]


@settings(max_examples=50)
@given(networks(), positions, st.floats(0, 25_000))
def test_what_is_near_is_what_measuring_every_site_gives_all_over_the_earth(
    network: Hierarchy, at: tuple[float, float], km: float
) -> None:
    refuse_a_wrong_neighbourhood(network, at, km)


def test_a_search_that_stops_short_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    same_place = county(*(site(f"p{n}", Level.SPOT, "s") for n in range(5)))
    refuse_a_wrong_neighbourhood(same_place, (120.65, 31.1), 10)
    monkeypatch.setattr(tree, "_CLOSE", -1e-9)
    with pytest.raises(AssertionError):
        refuse_a_wrong_neighbourhood(same_place, (120.65, 31.1), 10)


@settings(max_examples=50)
@given(networks(), st.floats(0, 20_000), st.data())
def test_coverage_is_the_share_of_demand_with_a_site_near(
    network: Hierarchy, km: float, data: st.DataObject
) -> None:
    by = [one.id for one in data.draw(st.lists(st.sampled_from(tuple(network)), max_size=3))]
    demand = {one.id: data.draw(st.integers(0, 9)) for one in network}
    covered = {one.id for one in network if any(network.km(one.id, other) <= km for other in by)}
    assert network.coverage(km, by) == pytest.approx(len(covered) / len(network))
    assume(sum(demand.values()))
    share = sum(demand[site] for site in covered) / sum(demand.values())
    assert network.coverage(km, by, demand) == pytest.approx(share)


def test_what_cannot_be_asked_of_distances_is_a_defect() -> None:
    asks: list[Callable[[], object]] = [
        lambda: TIED.within((120, 31), -1),
        lambda: TIED.within((120, 31), float("nan")),
        lambda: TIED.nearest((31, 120), 1),
        lambda: TIED.coverage(1, [SiteId("c")], {}),
        lambda: TIED.coverage(1, [SiteId("c")], {SiteId("c"): -1.0}),
        lambda: TIED.coverage(-1, [SiteId("c")]),
    ]
    for ask in asks:
        with pytest.raises(OperationError):
            ask()
    assert TIED.within((120, 31), 1e9, Level.SPOT)[0][0] == "g"
    assert county().within((120, 31), 1e9, Level.SPOT) == ()
