"""Needs that become one order, orders that become several, and desks that hand them on."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.lifecycle import Role
from practice_core.orders import (
    AbsorbNeed,
    AcceptOffer,
    Actor,
    Clock,
    CollectNeed,
    Conditions,
    EscalateOrder,
    GiveUpOrder,
    HandBackOrder,
    MergeNeed,
    Mode,
    OfferOrder,
    OrderChannel,
    OrderEscalated,
    OrderHandedBack,
    OrderRecalled,
    OrderState,
    PlaceOrder,
    PostOrder,
    Priority,
    RecallOrder,
    RecallReason,
    Refusal,
    Refused,
    ReviewOrder,
    SplitOrder,
    Step,
    Supervised,
    consolidate,
    divide,
)
from practice_core.terms import BeneficiaryGroup, Category
from practice_core.units import DAY, HOUR, MINUTE, WEEK, ActorId, OrderId, TeamId
from tests.telling import (
    ANN,
    BLUE,
    BO,
    CENTER,
    GREEN,
    LOOP,
    MONDAY,
    OFFICER,
    PROXY,
    RED,
    REQUEST,
    ROUTE,
    STATION,
    TOWN,
    Story,
    accepted,
    failed,
    member_of,
    offered,
    placed,
    pooled,
    reviewed,
    scheduled,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from practice_core.orders import Order, Request

GRAB = Step("抢单", "grab", ("PostOrder", "AcceptOffer"))
DONE = Supervised(Clock.COMPLETION, OrderState.PLACED, 3 * DAY)
DIRECTED = attrs.evolve(LOOP, modes=(Mode.DIRECTED,))


def need(name: str, **changes: Any) -> Order:  # noqa: ANN401 - any field of the request
    request = attrs.evolve(REQUEST, id=OrderId(name), **changes)
    return Story().then(CollectNeed(request), OFFICER).order


# ------------------------------------------------------------------ alike needs become one


def test_alike_needs_live_on_in_one_which_remembers_them() -> None:
    """统单: three villagers want a haircut in the same week."""
    changed = consolidate(need("a"), [need("b"), need("c")], MONDAY, OFFICER, LOOP)
    assert not isinstance(changed, Refused)
    states = [(order.id, order.state) for order, _ in changed]
    assert states == [
        ("a", OrderState.COLLECTED),
        ("b", OrderState.CLOSED),
        ("c", OrderState.CLOSED),
    ]
    assert changed[0][0].docket.merged == ("b", "c")
    assert [len(events) for _, events in changed] == [2, 1, 1]


@pytest.mark.parametrize(
    "other",
    [
        {"category": Category.LAW},
        {"earliest": MONDAY + WEEK, "latest": MONDAY + 2 * WEEK},
        {"group": BeneficiaryGroup.ELDERLY},
        {"conditions": Conditions(danger=True)},
        {"site": TOWN, "route": (TOWN, CENTER)},
        {"duration": 30, "latest": MONDAY + 90 * MINUTE - 1},
        {"priority": Priority.URGENT},
    ],
)
def test_what_is_not_alike_is_not_merged_and_nothing_else_is(other: dict[str, Any]) -> None:
    needs = [need("b"), need("c", **other)]
    refused = consolidate(need("a"), needs, MONDAY, OFFICER, LOOP)
    assert refused == Refused(MergeNeed, Refusal.INVALID_REQUEST)


def test_a_need_is_absorbed_once_and_never_by_itself() -> None:
    one = need("a")
    twice = consolidate(one, [need("b"), need("b")], MONDAY, OFFICER, LOOP)
    assert twice == Refused(AbsorbNeed, Refusal.REPEATED)
    itself = consolidate(one, [one], MONDAY, OFFICER, LOOP)
    assert itself == Refused(AbsorbNeed, Refusal.SAME_ORDER)


def test_what_was_merged_is_known_when_the_need_becomes_an_order() -> None:
    told = Story().then(CollectNeed(REQUEST), OFFICER).then(AbsorbNeed(OrderId("b")), OFFICER)
    told.then(PlaceOrder(attrs.evolve(REQUEST, placed_at=told.at + DAY)), OFFICER, DAY)
    told.then(ReviewOrder(), OFFICER).then(AbsorbNeed(OrderId("c")), OFFICER)
    assert told.order.docket.merged == ("b", "c")
    told.then(OfferOrder((RED,), DAY), OFFICER)
    assert told.refuses(AbsorbNeed(OrderId("d")), OFFICER) is Refusal.STATE


@pytest.mark.parametrize(
    "change",
    [
        {"placed_by": BO.id},
        {"category": Category.LAW},
        {"site": TOWN},
        {"for_whom": BO.id},
        {"group": BeneficiaryGroup.CHILDREN},
        {"conditions": Conditions(danger=True)},
    ],
)
def test_what_is_ordered_is_what_was_collected(change: dict[str, Any]) -> None:
    told = Story().then(CollectNeed(REQUEST), ANN)
    other = PlaceOrder(attrs.evolve(REQUEST, **change))
    assert told.refuses(other, OFFICER) is Refusal.INVALID_REQUEST
    told.then(PlaceOrder(attrs.evolve(REQUEST, needed=2, latest=MONDAY + 2 * WEEK)), OFFICER)


@pytest.mark.parametrize("command", [MergeNeed(OrderId("no id")), AbsorbNeed(OrderId(""))])
def test_needs_have_ids(command: MergeNeed | AbsorbNeed) -> None:
    told = Story().then(CollectNeed(REQUEST), OFFICER)
    assert told.refuses(command, OFFICER) is Refusal.INVALID_VALUE


def test_a_desk_gives_up_only_where_there_is_no_further_one() -> None:
    told = reviewed()
    assert told.refuses(GiveUpOrder(), OFFICER) is Refusal.FURTHER_DESK
    told.then(EscalateOrder(), OFFICER).then(EscalateOrder(), OFFICER).then(GiveUpOrder(), OFFICER)
    assert told.order.state is OrderState.UNSERVED


@pytest.mark.parametrize("by", [ANN, OFFICER])
def test_a_host_is_named_by_an_officer(by: Actor) -> None:
    hosted = PlaceOrder(attrs.evolve(REQUEST, host=RED))
    if by is OFFICER:
        Story().then(hosted, by)
    else:
        assert Story().refuses(hosted, by) is Refusal.INVALID_REQUEST


def test_an_offer_goes_to_a_teams_id_and_a_request_comes_from_an_id() -> None:
    assert reviewed().refuses(OfferOrder((TeamId("a b"),), DAY), OFFICER) is Refusal.NO_TEAM
    named = attrs.evolve(REQUEST, placed_by=ActorId("张三 13800000000"))
    assert Story().refuses(PlaceOrder(named), OFFICER) is Refusal.INVALID_REQUEST


def test_a_loop_may_collect_no_needs() -> None:
    told = Story(attrs.evolve(LOOP, collects=False))
    assert told.refuses(CollectNeed(REQUEST), OFFICER) is Refusal.ROLE
    assert told.refuses(MergeNeed(OrderId("b")), OFFICER) is Refusal.UNKNOWN_ORDER


# ------------------------------------------------------------------ for others


@pytest.mark.parametrize(
    "change",
    [{"for_whom": None}, {"for_whom": "old Mr"}, {"for_whom": BO.id, "parent": OrderId("p")}],
)
def test_a_proxy_says_for_whom_he_orders(change: dict[str, Any]) -> None:
    mine = attrs.evolve(REQUEST, placed_by=PROXY.id, for_whom=BO.id)
    Story().then(PlaceOrder(mine), PROXY)
    wrong = PlaceOrder(attrs.evolve(mine, **change))
    assert Story().refuses(wrong, PROXY) is Refusal.INVALID_REQUEST


def test_a_resident_orders_for_himself() -> None:
    for_another = PlaceOrder(attrs.evolve(REQUEST, for_whom=BO.id))
    assert Story().refuses(for_another, ANN) is Refusal.INVALID_REQUEST
    Story().then(for_another, OFFICER)


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(min_age=-1),
        Conditions(skills=frozenset({"not an id"})),
        Conditions(qualifications=frozenset(str(n) for n in range(17))),
    ],
)
def test_what_is_asked_of_volunteers_can_be_met(conditions: Conditions) -> None:
    wrong = PlaceOrder(attrs.evolve(REQUEST, conditions=conditions))
    assert Story().refuses(wrong, ANN) is Refusal.INVALID_REQUEST


@pytest.mark.parametrize("channel", OrderChannel)
def test_an_order_may_come_by_every_channel_and_says_by_which(channel: OrderChannel) -> None:
    told = placed(channel=channel, group=BeneficiaryGroup.ELDERLY)
    told.then(ReviewOrder(), OFFICER).then(SplitOrder(OrderId("b"), 1), OFFICER)
    assert told.order.request.channel is channel
    assert told.order.request.group is BeneficiaryGroup.ELDERLY


# ------------------------------------------------------------------ one order becomes several


@given(st.integers(2, 40), st.data())
def test_no_volunteer_is_lost_or_won_when_an_order_is_divided(
    needed: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, min(needed - 1, 5)))
    cuts = data.draw(st.sets(st.integers(1, needed - 1), min_size=count, max_size=count))
    edges = [0, *sorted(cuts)]
    shares = {OrderId(f"part-{n}"): b - a for n, (a, b) in enumerate(pairwise(edges))}
    divided = divide(reviewed(needed=needed).order, shares, MONDAY, OFFICER, LOOP)
    assert not isinstance(divided, Refused)
    assert sum(order.request.needed for order, _ in divided) == needed
    assert {order.state for order, _ in divided} == {OrderState.REVIEWED}
    parents: list[Request] = [order.request for order, _ in divided[1:]]
    assert {request.parent for request in parents} == {REQUEST.id}


def test_a_part_goes_on_with_the_clocks_of_the_whole_whoever_places_orders_here() -> None:
    """In Tengzhou residents and proxies alone place orders; the desk divides them."""
    by = (Role.REQUESTER, Role.PROXY)
    told = Story(
        attrs.evolve(LOOP, supervised=(DONE,), steps=(Step("点", "o", ("PlaceOrder",), by),))
    )
    told.then(PlaceOrder(REQUEST), ANN).then(ReviewOrder(), OFFICER)
    divided = divide(told.order, {OrderId("b"): 2}, MONDAY + DAY, OFFICER, told.profile)
    assert not isinstance(divided, Refused)
    whole, part = (order for order, _ in divided)
    assert part.docket.watches == whole.docket.watches
    assert (part.due_at, part.request.placed_at) == (whole.due_at, whole.request.placed_at)


def test_each_part_has_a_team_of_its_own_and_may_be_served_by_the_same_desk_or_a_later() -> None:
    told = reviewed().then(EscalateOrder(), OFFICER)
    divided = divide(told.order, {OrderId("b"): 2}, told.at, OFFICER, LOOP)
    assert not isinstance(divided, Refused)
    (_, _), (child, _) = divided
    assert (child.holder, child.request.route) == (TOWN, (TOWN, CENTER))
    assert child.request.placed_by == ANN.id


@pytest.mark.parametrize(
    ("share", "reason"),
    [
        ({"b": 0}, Refusal.INVALID_VALUE),
        ({"b": 5}, Refusal.INVALID_VALUE),
        ({"b": 2, "c": 3}, Refusal.INVALID_VALUE),
        ({"not an id": 1}, Refusal.INVALID_VALUE),
        ({REQUEST.id: 1}, Refusal.SAME_ORDER),
    ],
)
def test_an_order_keeps_some_volunteers_for_itself(
    share: dict[OrderId, int], reason: Refusal
) -> None:
    assert divide(reviewed().order, share, MONDAY, OFFICER, LOOP) == Refused(SplitOrder, reason)


def test_an_order_is_divided_before_it_is_offered_and_in_its_window() -> None:
    assert offered().refuses(SplitOrder(OrderId("b"), 1), OFFICER) is Refusal.STATE
    assert reviewed().refuses(SplitOrder(OrderId("b"), 1), OFFICER, WEEK) is Refusal.LATE


def test_a_part_is_reviewed_only_where_orders_are() -> None:
    loop = attrs.evolve(LOOP, review_within=None)
    divided = divide(placed(loop).order, {OrderId("b"): 2}, MONDAY, OFFICER, loop)
    assert not isinstance(divided, Refused)
    assert divided[1][0].state is OrderState.REVIEWED


# ------------------------------------------------------------------ back and forth


def test_a_desk_hands_an_order_back_to_the_one_before_where_the_count_begins_anew() -> None:
    told = failed(reviewed().then(EscalateOrder(), OFFICER), RED)
    told.then(HandBackOrder(), OFFICER)
    assert told.last(1) == [OrderHandedBack]
    assert told.left == (OrderState.REVIEWED, 0, STATION)
    assert (told.order.due, told.order.due_at) == (EscalateOrder, told.at + 2 * DAY)
    assert told.refuses(HandBackOrder(), OFFICER) is Refusal.FIRST_DESK
    assert told.refuses(HandBackOrder(), OFFICER, WEEK) is Refusal.LATE
    told.then(EscalateOrder(), OFFICER)
    assert told.last(1) == [OrderEscalated]
    assert told.refuses(HandBackOrder(), OFFICER) is Refusal.REPEATED  # a desk does that once


@pytest.mark.parametrize("told", [offered, pooled, accepted, scheduled])
def test_a_desk_may_take_an_order_back_which_counts_as_no_failed_round(
    told: Callable[[], Story],
) -> None:
    back = told().then(RecallOrder(RecallReason.WRONG_TEAM), OFFICER)
    assert back.last(1) == [OrderRecalled]
    assert back.left == (OrderState.REVIEWED, 0, STATION)
    assert (back.order.team, back.order.offers) == (None, ())


def test_a_team_that_an_order_was_taken_back_from_is_not_asked_again() -> None:
    open_still = offered(RED, BLUE).then(RecallOrder(RecallReason.OTHER), OFFICER)
    assert open_still.order.asked == (RED, BLUE)
    taken = accepted().then(RecallOrder(RecallReason.WRONG_TEAM), OFFICER)
    assert taken.refuses(OfferOrder((RED,), DAY), OFFICER) is Refusal.ASKED


def test_an_order_is_not_taken_back_from_a_service_that_should_have_begun() -> None:
    recall = RecallOrder(RecallReason.OTHER)
    assert scheduled().refuses(recall, OFFICER, DAY + 1) is Refusal.LATE
    assert offered().refuses(recall, OFFICER, WEEK) is Refusal.LATE
    assert serving().refuses(recall, OFFICER) is Refusal.STATE


# ------------------------------------------------------------------ modes


def test_a_loop_may_ask_one_team_at_a_time() -> None:
    told = reviewed(DIRECTED)
    assert told.refuses(OfferOrder((RED, BLUE), DAY), OFFICER) is Refusal.TOO_MANY
    told.then(OfferOrder((RED,), DAY), OFFICER)
    assert told.refuses(OfferOrder((BLUE,), DAY), OFFICER) is Refusal.STATE
    assert told.refuses(PostOrder(DAY), OFFICER) is Refusal.ROLE


def test_a_loop_may_know_the_open_pool_alone() -> None:
    told = reviewed(attrs.evolve(LOOP, modes=(Mode.POOL,), steps=(GRAB,)))
    assert told.refuses(OfferOrder((RED,), DAY), OFFICER) is Refusal.ROLE
    told.then(PostOrder(DAY), OFFICER).then(AcceptOffer(), member_of(GREEN), HOUR)
    assert told.order.team == GREEN
    assert told.order.request.route == ROUTE
