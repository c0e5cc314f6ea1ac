"""Several areas as one: what holds over all, and whom an order of one reaches in another."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import TYPE_CHECKING

import attrs
import pytest

from practice_core.areas import load_area
from practice_core.dispatch import policy
from practice_core.errors import DefinitionError, OperationError
from practice_core.hierarchy import (
    Federation,
    Hierarchy,
    Level,
    Relation,
    RelationKind,
    Site,
    SiteId,
)
from practice_core.lifecycle import Role
from practice_core.orders import (
    AcceptOffer,
    Actor,
    Desk,
    EscalateOrder,
    Links,
    OfferOrder,
    OrderState,
    PostOrder,
    Refusal,
    ReviewOrder,
)
from practice_core.terms import Category
from practice_core.units import DAY, ActorId, TeamId
from practice_core.volunteers import Team
from tests.practising import AT_CENTER, CENTER, EAST_1, FREE, RED, SEVERAL, SITES, TEAMS, Days, of

if TYPE_CHECKING:
    from collections.abc import Iterable

NORTH, FAR = SiteId("north"), SiteId("far")
NORTH_1 = SiteId("north-1")
SINCE = dt.date(2021, 5, 1)
WHITE = TeamId("white")


def area(center: SiteId, lon: float, relations: Iterable[Relation] = ()) -> Hierarchy:
    town, village = SiteId(f"{center}-town"), SiteId(f"{center}-1")
    return Hierarchy(
        [
            Site(center, center, Level.CENTER, None, lon, 31.1, synthetic=True),
            Site(town, town, Level.INSTITUTE, center, lon, 31.2, synthetic=True),
            Site(village, village, Level.STATION, town, lon, 31.25, synthetic=True),
        ],
        relations=relations,
    )


def ally(a: SiteId, b: SiteId) -> Relation:
    return Relation(RelationKind.ALLIANCE, a, b, since=SINCE, exchanged=10, certificate=True)


HOME = SITES.with_relation(ally(CENTER, NORTH))
THREE = Federation(HOME, [area(NORTH, 120.6, [ally(NORTH, FAR)]), area(FAR, 124.0)])


def test_what_a_hierarchy_is_asked_a_federation_is_asked_over_all_its_areas() -> None:
    assert len(THREE) == len(SITES) + 3 + 3
    assert THREE.root.id == CENTER
    assert THREE.counts()[Level.CENTER] == 3
    assert THREE.chain(NORTH_1) == ("north-1", "north-town", "north")
    assert THREE.scope(NORTH) == {"north", "north-town", "north-1"}
    assert THREE.children(NORTH) == ("north-town",)
    assert THREE.center(NORTH_1) == NORTH
    assert THREE.nearest(NORTH_1, 2)[1][0] == "north-town"
    assert {site for site, _ in THREE.within(CENTER, 40)} >= {CENTER, NORTH, NORTH_1}
    assert not THREE.covers(CENTER, NORTH_1)
    for site in HOME:
        assert THREE.chain(site.id) == HOME.chain(site.id)
        assert THREE.scope(site.id) == HOME.scope(site.id)
    with pytest.raises(OperationError, match="no site covers both"):
        THREE.common_ancestor(EAST_1, NORTH_1)
    assert pickle.loads(pickle.dumps(THREE)) == THREE  # noqa: S301 - pickled on this line
    assert repr(THREE).startswith("<Federation of center: center 3, ")


def test_an_alliance_is_one_of_both_sides_and_no_further() -> None:
    assert THREE.allies() == (NORTH,)
    assert THREE.allies(NORTH_1) == (CENTER, FAR)  # the nearer center first
    assert THREE.allies(FAR) == (NORTH,)
    assert HOME.allies() == (NORTH,)
    before = THREE.as_of(SINCE - dt.timedelta(days=1))
    assert before.allies() == ()
    assert THREE.as_of(SINCE) == THREE


def test_no_site_is_in_two_areas() -> None:
    with pytest.raises(DefinitionError) as caught:
        Federation(HOME, [area(CENTER, 121.0)])
    assert [(fault.place, fault.found) for fault in caught.value.faults] == [
        ("site center", "in center and center")
    ]


def test_a_change_is_made_in_the_area_it_belongs_to() -> None:
    moved = THREE.changed(NORTH_1, lon=120.7)
    assert isinstance(moved, Federation)
    assert [len(one) for one in moved.areas] == [len(one) for one in THREE.areas]
    assert moved.areas[1].site(NORTH_1).lon == 120.7
    assert moved.areas[0] == HOME
    spot = Site(SiteId("x"), "x", Level.SPOT, NORTH_1, 120.6, 31.2, synthetic=True)
    assert THREE.with_site(spot).center(spot.id) == NORTH
    with pytest.raises(DefinitionError, match="north-1' is no site"):
        THREE.with_site(spot).without_site(NORTH_1)
    with pytest.raises(DefinitionError, match="in a cycle"):
        THREE.changed(SiteId("north-town"), parent=NORTH_1, level=Level.STATION)


def test_a_network_says_itself_which_desks_lie_beyond_its_tree() -> None:
    wujiang = load_area("wujiang")
    assert wujiang.linked(SITES).links == wujiang.links  # nothing is said
    assert wujiang.linked(THREE).links.allied == (NORTH,)
    pair = Relation(RelationKind.PAIRING, EAST_1, "hospital", "县医院")
    assert wujiang.linked(HOME.with_relation(pair)).links.paired == {EAST_1: "hospital"}


# ------------------------------------------------------------------ an order that escalates


ALLIED = attrs.evolve(SEVERAL, chain=(Desk.CENTER, Desk.ALLIED))
ABROAD = Team(WHITE, NORTH_1, (Category.AID,), 5, 7, FREE)
AT_NORTH = Actor(ActorId("officer-north"), Role.OFFICER, site=NORTH)


def days() -> Days:
    opened = Days(profile=ALLIED, hierarchy=THREE, teams=(*TEAMS, ABROAD))
    opened.practice.area = opened.practice.area.linked(THREE)
    return opened


def reviewed(opened: Days) -> Days:
    opened.placed(route=opened.practice.route(EAST_1))
    opened.do("o-1", ReviewOrder(), AT_CENTER)
    return opened


def test_an_order_escalated_to_an_ally_is_accepted_by_a_team_of_the_allied_area() -> None:
    one = reviewed(days())
    assert one.order().request.route == (CENTER, NORTH)
    assert one.refuses("o-1", OfferOrder((WHITE,), DAY), AT_CENTER) is Refusal.UNKNOWN_TEAM
    one.do("o-1", EscalateOrder(), AT_CENTER)
    assert one.order().holder == NORTH
    assert one.refuses("o-1", OfferOrder((RED,), DAY), AT_NORTH) is Refusal.UNKNOWN_TEAM
    one.do("o-1", OfferOrder((WHITE,), DAY), AT_NORTH)
    accepted = one.do("o-1", AcceptOffer(), of(WHITE))
    assert (accepted.order.state, accepted.order.team) == (OrderState.ACCEPTED, WHITE)


@pytest.mark.parametrize("name", ["nearest", "home_first", "random"])
def test_a_policy_asks_an_allied_team_once_the_ally_holds_the_order(name: str) -> None:
    one = reviewed(days())
    [done] = one.practice.dispatch(policy(name), at=one.at)
    assert done.order.offers[0].team in {team.id for team in TEAMS}
    other = reviewed(days())
    other.do("o-1", EscalateOrder(), AT_CENTER)
    [done] = other.practice.dispatch(policy(name), at=other.at)
    assert [offer.team for offer in done.order.offers] == [WHITE]


def test_the_open_pool_of_an_ally_is_its_own_teams() -> None:
    one = reviewed(days())
    one.do("o-1", EscalateOrder(), AT_CENTER)
    one.do("o-1", PostOrder(DAY), AT_NORTH)
    shown = [one.practice.inbox(team, by=of(team)).items for team in (WHITE, RED)]
    assert [len(items) for items in shown] == [1, 0]
    assert one.refuses("o-1", AcceptOffer(), of(RED)) is Refusal.UNKNOWN_TEAM
    assert one.do("o-1", AcceptOffer(), of(WHITE)).order.team == WHITE


def test_nobody_orders_here_for_a_site_of_an_allied_area() -> None:
    one = days()
    with pytest.raises(AssertionError, match="INVALID_REQUEST"):
        one.placed(site=NORTH_1, route=(NORTH,))


def test_an_area_that_knows_no_ally_is_as_it_was() -> None:
    alone = Days()
    alone.reviewed()
    assert alone.practice.area.links == Links()
    assert alone.practice.hierarchy.reaches(SiteId("elsewhere"), EAST_1)
