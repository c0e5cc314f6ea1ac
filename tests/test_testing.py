"""The conformance kit: what conforms passes, and every planted fault is caught."""

from __future__ import annotations

import unittest
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from practice_core.areas import load_area
from practice_core.hierarchy import Level
from practice_core.lifecycle import AfterPause
from practice_core.orders import (
    ORDER,
    AcceptOffer,
    Actor,
    CallBack,
    CancelOrder,
    ClockStarted,
    CloseReason,
    CompleteService,
    Desk,
    EscalateOrder,
    Mode,
    NeedCollected,
    OfferAccepted,
    Order,
    OrderClosed,
    OrderEscalated,
    OrderEvent,
    OrderHandedBack,
    OrderPaused,
    OrderPlaced,
    OrderPosted,
    OrderRejected,
    OrderReopened,
    OrderResumed,
    OrderReviewed,
    OrderSplit,
    OrderState,
    PauseOrder,
    PlaceOrder,
    RateOrder,
    Refusal,
    Refused,
    RejectReason,
    ReviewOrder,
    StartService,
    Step,
    SuperviseOrder,
    decide,
    evolve,
    step,
)
from practice_core.testing import (
    Call,
    Loop,
    OrderAdapter,
    Stepped,
    calendars,
    hierarchies,
    lifecycle_machine,
    profiles,
    requests,
    run_lifecycle_machine,
)
from practice_core.units import DAY, WEEK, ActorId, Calendar, Instant, OrderId, SiteId, TeamId
from tests.benchmarks.machines import Attack, attack

if TYPE_CHECKING:
    from random import Random

    from practice_core.hierarchy import Hierarchy
    from practice_core.lifecycle import Edge
    from practice_core.orders import LoopProfile

Answer: TypeAlias = "tuple[OrderEvent, ...] | Refusal"

# Faults are to be found, not to be made small, which takes much longer.
FEW = settings(
    max_examples=1_500,
    stateful_step_count=10,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
)


# ------------------------------------------------------------------ orders as they are

WUJIANG = load_area("wujiang").profile
THREE_DESKS = attrs.evolve(
    WUJIANG,
    name="three desks",
    chain=(Desk.STATION, Desk.INSTITUTE, Desk.CENTER),
    desk_within=DAY,
)
UNREVIEWED = attrs.evolve(
    WUJIANG,
    name="a center's pool on two days of a month, without a review",
    steps=(Step("接单", "accept", ("AcceptOffer",)),),
    chain=(Desk.CENTER,),
    review_within=None,
    collects=False,
    modes=(Mode.POOL,),
    takers=(Level.CENTER,),
    issue_days=(5, 20),
    redos=0,
    pause_within=None,
)

TestOrders = lifecycle_machine(OrderAdapter()).TestCase
TestOrders.settings = settings(max_examples=100, stateful_step_count=20)

TestWujiang = lifecycle_machine(OrderAdapter(profile=WUJIANG)).TestCase
TestWujiang.settings = settings(max_examples=100, stateful_step_count=20)

TestUnreviewed = lifecycle_machine(OrderAdapter(profile=UNREVIEWED)).TestCase
TestUnreviewed.settings = settings(max_examples=100, stateful_step_count=20)


@pytest.mark.parametrize(
    ("change", "possible"),
    [
        ({}, set()),
        ({"showcase": DAY}, {Refusal.NO_CONSENT}),
        ({"takers": ()}, {Refusal.NOT_TAKER}),
        ({"collects": True}, {Refusal.REPEATED}),
        ({"call_back": True}, set()),
        ({"call_back": True, "showcase": DAY}, {Refusal.REPEATED, Refusal.NO_CONSENT}),
        ({"modes": (Mode.DIRECTED,)}, {Refusal.NO_TEAM, Refusal.TOO_MANY, Refusal.ASKED}),
        ({"modes": (Mode.SEVERAL,)}, {Refusal.NO_TEAM, Refusal.TOO_MANY, Refusal.ASKED}),
        (
            {"chain": (Desk.CENTER, Desk.FALLBACK)},
            {Refusal.FIRST_DESK, Refusal.FURTHER_DESK, Refusal.REPEATED},
        ),
    ],
)
def test_a_run_must_meet_the_refusals_that_the_loop_can_give(
    change: dict[str, Any], possible: set[Refusal]
) -> None:
    narrow = set(OrderAdapter(profile=UNREVIEWED).refusals)
    changed = set(OrderAdapter(profile=attrs.evolve(UNREVIEWED, **change)).refusals)
    assert changed ^ narrow == possible


def test_a_test_case_fails_if_it_met_too_little() -> None:
    case = lifecycle_machine(OrderAdapter()).TestCase
    case.settings = settings(FEW, max_examples=1)
    result = unittest.TestResult()
    case().run(result)
    assert "order: never met: " in result.failures[0][1]


# ------------------------------------------------------------------ orders with a planted fault


class Faulty(Stepped):
    """An implementation with one thing wrong with it, and what the machine says of it."""

    said: ClassVar[str]
    profile: ClassVar[LoopProfile | None] = None
    """The loop in which it shows; None: in any that leaves nothing out."""

    def answers(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002 - for those below
        """Give the answer to a call, where `answer` is right."""
        return answer

    def becomes(self, call: Call, answer: Answer, after: Order | None) -> Order | None:  # noqa: ARG002 - as above
        """Give the order after a call, where `after` is what the answer leads to."""
        return after

    def give(self, call: Call) -> Answer:
        world = self.world
        decided = decide(self.order, call.command, call.at, call.by, world.profile, world.standings)
        answer = self.answers(
            call, Refusal(decided.reason) if isinstance(decided, Refused) else decided
        )
        events = () if isinstance(answer, Refusal) else answer
        self.order = self.becomes(call, answer, reduce(evolve, events, self.order))
        return answer

    def misread(self, call: Call, **wrong: Any) -> Answer:  # noqa: ANN401 - whatever it is
        """Give the answer to a call where something of the docket is taken for something else."""
        order, world = self.order, self.world
        assert order is not None
        read = attrs.evolve(order, docket=attrs.evolve(order.docket, **wrong))
        found = decide(read, call.command, call.at, call.by, world.profile, world.standings)
        return Refusal(found.reason) if isinstance(found, Refused) else found


class AcceptanceIsForgotten(Faulty):
    said = "is not in state accepted"

    def becomes(self, call: Call, answer: Answer, after: Order | None) -> Order | None:
        forgets = isinstance(call.command, AcceptOffer) and not isinstance(answer, Refusal)
        return self.order if forgets else after


class ReviewLeadsToThePool(Faulty):
    said = "is not in state reviewed"

    def becomes(self, call: Call, answer: Answer, after: Order | None) -> Order | None:
        if isinstance(call.command, ReviewOrder) and after and not isinstance(answer, Refusal):
            return attrs.evolve(after, state=OrderState.POOLED)
        return after


class OffersAreAskedTwice(Faulty):
    said = "its events say"

    def becomes(self, call: Call, answer: Answer, after: Order | None) -> Order | None:  # noqa: ARG002 - whatever was said
        return attrs.evolve(after, asked=()) if after else None


class ReviewRejects(Faulty):
    said = "OrderRejected is no declared outcome"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, ReviewOrder) and not isinstance(answer, Refusal):
            event = answer[0]
            return (OrderRejected(event.order, event.at, event.by, RejectReason.UNSAFE),)
        return answer


class CancelsTwice(Faulty):
    said = "OrderCancelled in state cancelled"

    def give(self, call: Call) -> Answer:
        answer = super().give(call)
        twice = isinstance(call.command, CancelOrder) and not isinstance(answer, Refusal)
        return (*answer, *answer) if twice else answer


class CancelsInSilence(Faulty):
    said = "carried out without an event"

    def give(self, call: Call) -> Answer:
        answer = super().give(call)
        cancelled = isinstance(call.command, CancelOrder) and not isinstance(answer, Refusal)
        return () if cancelled else answer


class RefusalLeavesATrace(Faulty):
    said = "refused, but it left a trace"

    def becomes(self, call: Call, answer: Answer, after: Order | None) -> Order | None:  # noqa: ARG002 - whichever call
        refused = isinstance(answer, Refusal)
        return attrs.evolve(after, version=after.version + 1) if after and refused else after


class ServiceNeverEnds(Faulty):
    said = "refused as state, though legal"

    def answers(self, call: Call, answer: Answer) -> Answer:
        lost = isinstance(call.command, CompleteService) and not isinstance(answer, Refusal)
        return Refusal.STATE if lost else answer


class ADeskKeepsTheOrder(Faulty):
    said = "moved the order by 0 desks"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, EscalateOrder) and not isinstance(answer, Refusal):
            return tuple(
                attrs.evolve(event, holder=self.order.holder)
                if self.order and isinstance(event, OrderEscalated)
                else event
                for event in answer
            )
        return answer


class RedoIsNeverGiven(Faulty):
    said = "should redo: True"

    def answers(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002 - whichever call
        redone = not isinstance(answer, Refusal) and isinstance(answer[-1], OrderReopened)
        return answer[:1] if redone else answer  # type: ignore[return-value]  # events, or untouched


class ADeskIsSkipped(Faulty):
    said = "escalated by 2 desks"
    profile = THREE_DESKS

    def answers(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002 - whichever call
        if isinstance(answer, Refusal):
            return answer
        r = self.order.request if self.order else None
        return tuple(
            attrs.evolve(event, holder=r.route[-1])
            if r and isinstance(event, OrderEscalated)
            else event
            for event in answer
        )


class ATeamIsForced(Faulty):
    said = "though it never accepted"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, AcceptOffer) and isinstance(answer[0], OfferAccepted):
            friends = attrs.evolve(answer[0], team=TeamId("friends-of-the-desk"))
            return (friends, *answer[1:])
        return answer


class LateIsEarlyEnough(Faulty):
    said = "instead of the refusal late"

    def give(self, call: Call) -> Answer:
        due = self.order.due_at if self.order else None
        if isinstance(call.command, AcceptOffer) and due is not None:
            return super().give(attrs.evolve(call, at=min(call.at, due)))
        return super().give(call)


class StateBeforeScope(Faulty):
    said = "state instead of the refusal scope"

    def answers(self, call: Call, answer: Answer) -> Answer:
        fits = self.order and self.order.state in ORDER.rule_of[type(call.command)].sources
        return Refusal.STATE if answer is Refusal.SCOPE and not fits else answer


class ClockInThePast(Faulty):
    said = "sets a clock that should run out at"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, PlaceOrder) and isinstance(answer[0], OrderPlaced):
            return (attrs.evolve(answer[0], due_at=call.at - 1),)
        return answer


class AnotherOrder(Faulty):
    said = "is about another order"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, StartService) and not isinstance(answer, Refusal):
            return (attrs.evolve(answer[0], order=OrderId("order-9")),)
        return answer


class AnotherTime(Faulty):
    said = "is not of Call"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, StartService) and not isinstance(answer, Refusal):
            return (attrs.evolve(answer[0], at=call.at + 1),)
        return answer


class AnOverrunIsNeverTold(Faulty):
    said = "refused as early, though legal"

    def answers(self, call: Call, answer: Answer) -> Answer:
        told = isinstance(call.command, SuperviseOrder) and not isinstance(answer, Refusal)
        return Refusal.EARLY if told else answer


class AnOverrunIsToldTwice(Faulty):
    said = "no such clock ran out"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, SuperviseOrder) and not isinstance(answer, Refusal):
            return (*answer, answer[-1])
        return answer


class NoClockEverStarts(Faulty):
    said = "should start the clocks"

    def answers(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002 - whichever call
        if isinstance(answer, Refusal):
            return answer
        return tuple(event for event in answer if not isinstance(event, ClockStarted))


class APauseKeepsTheOldClock(Faulty):
    said = "should leave a clock until"

    def answers(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002 - whichever call
        if isinstance(answer, Refusal) or not isinstance(answer[0], OrderResumed):
            return answer
        remaining = self.world.profile.after_pause is AfterPause.REMAINING
        if remaining and self.order:
            latest = self.order.request.latest
            return (attrs.evolve(answer[0], latest=latest, due_at=latest), *answer[1:])
        return answer


class APauseForgetsWhoDeclined(Faulty):
    said = "its events say"

    def becomes(self, call: Call, answer: Answer, after: Order | None) -> Order | None:
        pauses = isinstance(call.command, PauseOrder) and not isinstance(answer, Refusal)
        return attrs.evolve(after, asked=()) if after and pauses else after


class ADeskHandsBackByTwo(Faulty):
    said = "handed back by 2 desks"
    profile = THREE_DESKS

    def answers(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002 - whichever call
        if not isinstance(answer, Refusal) and isinstance(answer[0], OrderHandedBack):
            return (attrs.evolve(answer[0], holder=self.world.route[0]),)
        return answer


class ASplitLosesVolunteers(Faulty):
    said = "the child asks for"

    def answers(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002 - whichever call
        if not isinstance(answer, Refusal) and isinstance(answer[0], OrderSplit):
            return (attrs.evolve(answer[0], needed=answer[0].needed + 1),)
        return answer


class ASecondCallBack(Faulty):
    said = "instead of the refusal repeated"

    def give(self, call: Call) -> Answer:
        before = self.order
        if isinstance(call.command, CallBack) and before:
            docket = attrs.evolve(before.docket, called_back=False)
            self.order = attrs.evolve(before, docket=docket)
        answer = super().give(call)
        self.order = before if isinstance(answer, Refusal) else self.order
        return answer


class AServiceCountsFromItsAppointment(Faulty):
    said = "instead of the refusal invalid_value"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, CompleteService) and self.order:
            return self.misread(call, started_at=self.order.start)
        return answer


class NobodyCountsWhoCame(Faulty):
    said = "instead of the refusal invalid_value"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, CompleteService) and self.order:
            return self.misread(call, present=2_000)
        return answer


class AServiceLastsUntilItIsEnded(Faulty):
    said = "instead of the refusal invalid_value"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, CompleteService) and self.order:
            return self.misread(call, agreed=1_000 * DAY)
        return answer


class NobodyIsAMinor(Faulty):
    said = "instead of the refusal guardian"

    def __init__(self, world: Loop) -> None:
        standings = {
            team: attrs.evolve(one, team=attrs.evolve(one.team, guardians=True))
            for team, one in world.standings.items()
        }
        super().__init__(attrs.evolve(world, standings=standings))


class EverybodyIsFree(Faulty):
    said = "instead of the refusal double_booked"

    def __init__(self, world: Loop) -> None:
        standings = {team: attrs.evolve(one, engaged=()) for team, one in world.standings.items()}
        super().__init__(attrs.evolve(world, standings=standings))


class ARatingIsTheEnd(Faulty):
    said = "(closes: False|should redo: True)"

    def answers(self, call: Call, answer: Answer) -> Answer:
        if isinstance(call.command, RateOrder) and not isinstance(answer, Refusal):
            event = answer[0]
            return (event, OrderClosed(event.order, event.at, event.by, CloseReason.RATED))
        return answer


class AnOrderAwaitsAReview(Faulty):
    said = "rests in a state that is passed"
    profile = UNREVIEWED

    def answers(self, call: Call, answer: Answer) -> Answer:  # noqa: ARG002 - whichever call
        if isinstance(answer, Refusal):
            return answer
        return tuple(event for event in answer if not isinstance(event, OrderReviewed))


class ALoopIsWidened(Faulty):
    said = "instead of the refusal role"
    profile = UNREVIEWED

    def __init__(self, world: Loop) -> None:
        wide = attrs.evolve(world.profile, collects=True)
        super().__init__(attrs.evolve(world, profile=wide))


@pytest.mark.parametrize("faulty", Faulty.__subclasses__(), ids=lambda faulty: faulty.__name__)
def test_a_faulty_implementation_is_caught(faulty: type[Faulty]) -> None:
    machine = lifecycle_machine(OrderAdapter(faulty, faulty.profile))
    with pytest.raises(AssertionError, match=f"(?m){faulty.said}"):
        run_lifecycle_machine(machine, settings=FEW)


# ------------------------------------------------------------------ an adapter with a fault


class NothingIsShown(OrderAdapter):
    said = "the walk to showcased ended in rated|never met: .*rated --OrderShowcased--> showcased"

    def worlds(self) -> st.SearchStrategy[Loop]:
        def unshown(loop: Loop) -> Loop:
            return attrs.evolve(loop, profile=attrs.evolve(loop.profile, showcase=None))

        return super().worlds().map(unshown)


class NeedsAreNeverOrdered(OrderAdapter):
    said = "the walk to [a-z_]+ ended in (absent|collected)"

    def refusal(self, world: Loop, subject: Order | None, call: Call) -> Refusal | None:
        placing = isinstance(call.command, PlaceOrder)
        return Refusal.ROLE if placing else super().refusal(world, subject, call)

    def wild(self, world: Loop, subject: Order | None, at: Instant, dice: Random) -> list[Call]:
        del world, subject, at, dice
        return []


class NobodyEndsTheService(NeedsAreNeverOrdered):
    said = "nobody may do anything|the walk to [a-z_]+ ended in in_service"

    def refusal(self, world: Loop, subject: Order | None, call: Call) -> Refusal | None:
        serving = self.state(subject) is OrderState.IN_SERVICE
        refusal = OrderAdapter.refusal(self, world, subject, call)
        return Refusal.ROLE if serving else refusal


@pytest.mark.parametrize(
    "adapter",
    [NothingIsShown, NeedsAreNeverOrdered, NobodyEndsTheService],
    ids=lambda adapter: adapter.__name__,
)
def test_a_faulty_adapter_is_caught(adapter: type[OrderAdapter]) -> None:
    few = settings(FEW, max_examples=20)
    with pytest.raises(AssertionError, match=adapter.said):  # type: ignore[attr-defined]  # each of the three says it
        run_lifecycle_machine(lifecycle_machine(adapter()), settings=few)


class Laissezfaire(OrderAdapter):
    """Holds an implementation to its events alone."""

    def check(self, *deed: object) -> None:
        del deed


def test_an_order_that_never_ends_is_caught() -> None:
    machine = lifecycle_machine(Laissezfaire(ADeskKeepsTheOrder))
    with pytest.raises(AssertionError, match="has not ended after 100 commands"):
        run_lifecycle_machine(machine, settings=FEW)


# ------------------------------------------------------------------ loops attacked for a minute


def test_an_attack_passes_if_its_rarest_transition_fired_often_enough_and_nothing_is_missing() -> (
    None
):
    found = Attack("wujiang", {"a --X--> b": 31, "b --Y--> c": 20}, ())
    assert str(found) == "wujiang        2 transitions,   20 times b --Y--> c"
    assert found.passes(20)
    assert not found.passes(21)
    missing = attrs.evolve(found, missing=("refusal late",))
    assert not missing.passes(20)
    assert str(missing).endswith("b --Y--> c; never met: refusal late")


def test_a_transition_that_never_fired_is_the_rarest() -> None:
    found = attack("wujiang", seconds=0)
    assert found.fired[found.rarest] == 0
    assert not found.passes(0)


# ------------------------------------------------------------------ strategies


@given(profiles(), st.integers(0, WEEK), st.data())
def test_a_drawn_request_may_be_placed_in_a_drawn_loop(
    profile: LoopProfile, at: Instant, data: st.DataObject
) -> None:
    route = tuple(SiteId(f"desk-{n}") for n in range(len(profile.chain)))
    role = data.draw(st.sampled_from(sorted(profile.rules[PlaceOrder].roles)))
    request = data.draw(requests(at=at, route=route, role=role))
    answer = step(None, PlaceOrder(request), at, Actor(ActorId("resident"), role), profile)
    assert not isinstance(answer, Refused)
    assert answer[0].request == request


@given(profiles(whole=True))
def test_a_whole_loop_has_the_lifecycle_of_all_orders(profile: LoopProfile) -> None:
    assert profile.lifecycle.edges == ORDER.edges
    assert profile.lifecycle.rules == ORDER.rules
    assert not profile.lifecycle.passed


def test_a_part_of_the_loop_may_be_missing_from_a_drawn_one() -> None:
    @given(profiles())
    def check(profile: LoopProfile) -> None:
        missing.update({edge for edge in ORDER.edges if edge not in profile.lifecycle.edges})

    missing: set[Edge[OrderState]] = set()
    check()
    assert {edge.event for edge in missing} >= {NeedCollected, OrderPosted, OrderPaused}


@given(hierarchies(max_sites=5))
def test_drawn_trees_have_one_center_and_no_more_sites_than_asked(tree: Hierarchy) -> None:
    assert 1 <= len(tree) <= 5
    assert [site.id for site in tree if site.level is Level.CENTER] == [tree.root.id]


@given(calendars(around=10 * WEEK))
def test_drawn_calendars_open_on_some_weekday_and_except_days_near_the_instant(
    calendar: Calendar,
) -> None:
    assert any(calendar.week)
    assert all(abs(day - 70) <= 60 for day in calendar.exceptions)
