"""Authority: over any tree nobody reads or commands beyond his scope, to allies and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.lifecycle import Role
from practice_core.orders import (
    AcceptOffer,
    Access,
    Actor,
    CancelOrder,
    CancelReason,
    CollectNeed,
    Desk,
    EscalateOrder,
    GiveUpOrder,
    HandBackOrder,
    Links,
    OfferOrder,
    Order,
    OrderCommand,
    PlaceOrder,
    RateOrder,
    Refusal,
    Refused,
    RejectOrder,
    RejectReason,
    ReviewOrder,
    authorise,
    may,
    step,
)
from practice_core.terms import Category
from practice_core.testing import hierarchies
from practice_core.units import DAY, ActorId, SiteId, TeamId
from tests.telling import ANN, BO, LOOP, MONDAY, PROXY, RED, REQUEST, SYSTEM, Story, member_of

if TYPE_CHECKING:
    from practice_core.orders import LoopProfile

ALLY, SECTOR, LAST = SiteId("ally"), SiteId("sector"), SiteId("last")
LINKS = Links(sectors={Category.AID: SECTOR}, allied=(ALLY,), fallback=LAST)
FAR = attrs.evolve(
    LOOP,
    chain=(Desk.STATION, Desk.INSTITUTE, Desk.CENTER, Desk.SECTOR, Desk.ALLIED, Desk.FALLBACK),
    tries=9,
)
COMMANDS: tuple[OrderCommand, ...] = (
    ReviewOrder(),
    RejectOrder(RejectReason.UNSAFE),
    OfferOrder((RED,), DAY),
    EscalateOrder(),
    HandBackOrder(),
    GiveUpOrder(),
    CancelOrder(CancelReason.MISTAKE),
)
HIDDEN = {Refusal.UNKNOWN_ORDER}


def officer(site: SiteId | None) -> Actor:
    return Actor(ActorId(f"officer-of-{site}"), Role.OFFICER, site=site)


def do(
    order: Order | None, command: OrderCommand, by: Actor, h: Hierarchy, loop: LoopProfile = FAR
) -> Order | Refusal:
    """Do as a service does: first authority, then the law."""
    answer = authorise(order, command, by, loop, h, LINKS) or step(order, command, MONDAY, by, loop)
    return Refusal(answer.reason) if isinstance(answer, Refused) else answer[0]


def below(above: SiteId, site: SiteId | None, h: Hierarchy) -> bool:
    """Whether `site` is `above` or lies below it, found by climbing."""
    while site is not None and site in h:
        if site == above:
            return True
        site = h.site(site).parent
    return False


def expected(by: Actor, order: Order, h: Hierarchy) -> Access:
    """The contract, read once more: command over the holder's scope, read over the site's."""
    at = by.site
    if at is None:
        return Access.NONE
    if order.holder == at or (at in h and below(at, order.holder, h)):
        return Access.COMMAND
    return Access.READ if at in h and below(at, order.request.site, h) else Access.NONE


@st.composite
def placed(draw: st.DrawFn) -> tuple[Hierarchy, Order]:
    h = draw(hierarchies())
    site = draw(st.sampled_from([site.id for site in h]))
    route = FAR.route(site, h, category=Category.AID, links=LINKS)
    order = do(None, PlaceOrder(attrs.evolve(REQUEST, site=site, route=route)), ANN, h)
    assert isinstance(order, Order)
    return h, order


@given(placed(), st.lists(st.booleans(), max_size=12))
def test_no_officer_reads_or_commands_beyond_his_scope_to_allies_and_back(
    one: tuple[Hierarchy, Order], forward: list[bool]
) -> None:
    h, order = one
    reviewed = do(order, ReviewOrder(), officer(h.root.id), h)
    assert isinstance(reviewed, Order)
    travelled = [order, reviewed]
    for onward in forward:
        command: OrderCommand = EscalateOrder() if onward else HandBackOrder()
        moved = do(travelled[-1], command, officer(travelled[-1].holder), h)
        travelled += [moved] if isinstance(moved, Order) else []
    officers = [officer(s) for s in (*(site.id for site in h), ALLY, SECTOR, LAST, None)]
    for stage in travelled:
        for by in (*officers, officer(SiteId("nowhere"))):
            access = expected(by, stage, h)
            assert may(by, stage, h) is access
            for one_more in COMMANDS:
                answer = do(stage, one_more, by, h)
                if access is Access.NONE:
                    assert answer is Refusal.UNKNOWN_ORDER
                elif access is Access.READ:
                    assert answer is Refusal.SCOPE
                else:
                    assert answer not in {Refusal.UNKNOWN_ORDER, Refusal.SCOPE, Refusal.ROLE}


@given(placed())
def test_who_may_only_read_is_told_of_his_role_before_his_scope(
    one: tuple[Hierarchy, Order],
) -> None:
    h, order = one
    abroad = attrs.evolve(order, holder=ALLY)
    assert do(abroad, RateOrder(5), officer(h.root.id), h) is Refusal.ROLE
    assert do(abroad, ReviewOrder(), officer(h.root.id), h) is Refusal.SCOPE


@given(placed(), st.data())
def test_an_officer_orders_for_his_own_sites_only(
    one: tuple[Hierarchy, Order], data: st.DataObject
) -> None:
    h, order = one
    for site in h:
        for command in (PlaceOrder(order.request), CollectNeed(order.request)):
            answer = do(None, command, officer(site.id), h)
            if below(site.id, order.request.site, h):
                assert isinstance(answer, Order)
            else:
                assert answer is Refusal.SCOPE
    assert do(None, PlaceOrder(order.request), officer(None), h) is Refusal.SCOPE
    wrong = data.draw(st.sampled_from([(LAST,), (*order.request.route, SiteId("x")), ()]))
    elsewhere = PlaceOrder(attrs.evolve(order.request, route=wrong))
    if wrong != order.request.route:
        assert do(None, elsewhere, officer(h.root.id), h) is Refusal.INVALID_REQUEST


AREA = Hierarchy(
    [
        Site(SiteId("center"), "c", Level.CENTER, None, 120.0, 31.0, synthetic=True),
        Site(SiteId("station"), "s", Level.STATION, SiteId("center"), 120.1, 31.0, synthetic=True),
        Site(SiteId("other"), "o", Level.STATION, SiteId("center"), 120.2, 31.0, synthetic=True),
    ]
)
CENTRAL = attrs.evolve(LOOP, chain=(Desk.CENTER,))
REACHING = attrs.evolve(REQUEST, route=(SiteId("center"),))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"site": SiteId("nowhere")}, Refusal.INVALID_REQUEST),
        ({"route": (SiteId("station"),)}, Refusal.INVALID_REQUEST),
    ],
)
def test_a_resident_orders_for_any_site_of_the_area_by_the_loops_route(
    change: dict[str, Any], reason: Refusal | None
) -> None:
    answer = do(None, PlaceOrder(attrs.evolve(REACHING, **change)), ANN, AREA, CENTRAL)
    assert (answer if isinstance(answer, Refusal) else None) is reason


def test_a_site_without_a_desk_orders_nothing() -> None:
    stations = attrs.evolve(LOOP, chain=(Desk.STATION,))
    central = attrs.evolve(REQUEST, site=SiteId("center"), route=(SiteId("center"),))
    assert do(None, PlaceOrder(central), ANN, AREA, stations) is Refusal.INVALID_REQUEST


def test_a_proxy_of_a_village_orders_for_its_own() -> None:
    mine = attrs.evolve(REACHING, placed_by=PROXY.id, for_whom=BO.id)
    here = attrs.evolve(PROXY, site=SiteId("station"))
    assert isinstance(do(None, PlaceOrder(mine), here, AREA, CENTRAL), Order)
    elsewhere = attrs.evolve(PROXY, site=SiteId("other"))
    assert do(None, PlaceOrder(mine), elsewhere, AREA, CENTRAL) is Refusal.SCOPE


def test_state_comes_before_what_was_asked_and_scope_before_a_site_that_is_none() -> None:
    told = Story(CENTRAL).then(PlaceOrder(REACHING), ANN)
    again = PlaceOrder(attrs.evolve(REACHING, route=(SiteId("station"),)))
    assert do(told.order, again, ANN, AREA, CENTRAL) is Refusal.STATE
    nowhere = PlaceOrder(attrs.evolve(REACHING, site=SiteId("nowhere")))
    assert do(None, nowhere, officer(None), AREA, CENTRAL) is Refusal.SCOPE


def test_who_gathered_a_need_at_a_site_orders_it_there_whoever_will_hold_the_order() -> None:
    here = officer(SiteId("station"))
    mine = attrs.evolve(REACHING, placed_by=here.id)
    need = do(None, CollectNeed(mine), here, AREA, CENTRAL)
    assert isinstance(need, Order)
    assert need.holder == "station"
    order = do(need, PlaceOrder(mine), here, AREA, CENTRAL)
    assert isinstance(order, Order)
    assert order.holder == "center"


def test_what_the_law_refuses_anyway_is_left_to_it() -> None:
    assert do(None, PlaceOrder(REACHING), SYSTEM, AREA, CENTRAL) is Refusal.ROLE
    assert do(None, ReviewOrder(), officer(SiteId("center")), AREA) is Refusal.UNKNOWN_ORDER


def test_an_order_is_unknown_to_strangers_of_every_role() -> None:
    told = Story(CENTRAL).then(PlaceOrder(REACHING), ANN)
    told.then(ReviewOrder(), officer(SiteId("center")))
    told.then(OfferOrder((RED,), DAY), officer(SiteId("center")))
    strangers = (BO, PROXY, member_of(TeamId("blue")), officer(SiteId("other")))
    for by, command in zip(
        strangers,
        (CancelOrder(CancelReason.MISTAKE), RateOrder(1), AcceptOffer(), GiveUpOrder()),
        strict=True,
    ):
        assert do(told.order, command, by, AREA, CENTRAL) in HIDDEN
    assert isinstance(do(told.order, AcceptOffer(), member_of(RED), AREA, CENTRAL), Order)
