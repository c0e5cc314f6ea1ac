"""The model: SimPy tells the story of every order, through the domain's own objects.

One generator per order. Whatever happens to an order goes through `orders.step`, so a simulated
order cannot do what a real one may not; whom to ask is decided by the policy object a platform
would deploy. The model draws nothing: all chance is on the tape.

Events at one instant happen by (priority, place on the tape), never by the order in which they
were put on the agenda (MODEL section 2.3).
"""

from __future__ import annotations

import math
from functools import cache
from itertools import compress
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import simpy

from practice_core.dispatch import (
    RECHECK_AFTER,
    Channel,
    Escalate,
    Offer,
    Post,
    RosterView,
    Wait,
)
from practice_core.errors import UnlawfulCommand
from practice_core.lifecycle import Role
from practice_core.orders import (
    ORDER,
    AcceptOffer,
    Actor,
    CloseOrder,
    CompleteService,
    DeclineOffer,
    DeclineReason,
    EscalateOrder,
    GiveUpOrder,
    OfferOrder,
    OrderState,
    PlaceOrder,
    PostOrder,
    RateOrder,
    Refused,
    ReportAbsence,
    ReviewOrder,
    ScheduleService,
    Standing,
    StartService,
    step,
)
from practice_core.simulation.log import EventLog
from practice_core.simulation.tape import FAR, OWN
from practice_core.units import DAY, HOUR, MINUTE, ActorId

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from practice_core.dispatch import Decision, Policy, Slot
    from practice_core.orders import Order, OrderCommand, Request, Standings
    from practice_core.simulation.tape import Tape
    from practice_core.units import Duration, Instant, TeamId

    Story: TypeAlias = Generator[simpy.Event, Any, None]
    Chapter: TypeAlias = Generator[simpy.Event, Any, Order]
    Pause: TypeAlias = Generator[simpy.Event, Any, Decision | None]
    Reply: TypeAlias = tuple[Instant, int, TeamId, bool]

__all__ = ["Model"]

_ASKED = (OrderState.OFFERED, OrderState.POOLED)
SATISFIED, DISSATISFIED = 5, 2
"""Scores given: the model draws satisfaction, not stars."""
GRAIN = 1 << 20
"""Probabilities are rounded to 2**-20, so that the last bit of exp decides nothing."""


# What comes first at one instant. The low 32 bits are the place on the tape; 0 and 1 are SimPy's.
WORK_ENDS, ANSWER, START, PLACE, RECHECK, TICK, CLOCK = (n << 32 for n in range(1, 8))


if TYPE_CHECKING:

    class Agenda(simpy.Environment):
        """SimPy counts in any number; here every instant is whole."""

        @property
        def now(self) -> Instant: ...
else:
    Agenda = simpy.Environment


class _At(simpy.Event):
    """Happens at an instant, which is its value; of one instant, by priority."""

    def __init__(self, env: Agenda, at: Instant, priority: int) -> None:
        self.env = env
        self.callbacks = []
        self._value = at
        self._ok = True
        env.schedule(self, priority, at - env.now)  # type: ignore[arg-type]  # SimPy names 0 and 1


class Model:
    """One policy on one tape.

    Parameters
    ----------
    tape
        All that chance decides.
    policy
        Whom to ask; the very object a platform would deploy.

    Attributes
    ----------
    log : EventLog
        What happened, once `run` is done.
    final : list of OrderState
        How each order of the tape ended.

    Raises
    ------
    UnlawfulCommand
        When the policy decides what the law of the loop or the roster forbids.
    """

    def __init__(self, tape: Tape, policy: Policy) -> None:
        area = tape.scenario.area
        self.tape = tape
        self.policy = policy
        self.profile = area.profile
        self.roster = tape.roster()
        self.draw = tape.policy_draw()
        self.env = Agenda(tape.grid.begins)
        self.final = [OrderState.ABSENT] * len(tape.demand)
        self._begins = tape.grid.begins
        self._route = cache(lambda site: self.profile.route(site, tape.city.hierarchy))
        self.log = EventLog(tape.demand.ids, self.request, tape.sites, self.roster.ids)
        self._waiting: dict[int, Order] = {}
        self.view = RosterView(self._begins, tape.city.hierarchy, self.roster, self._waiting)
        self._asleep: dict[int, simpy.Process] = {}
        self._standings = _standings(tape)
        self._system = Actor(ActorId("system"), Role.SYSTEM)
        self._requester = cache(lambda who: Actor(who, Role.REQUESTER))
        self._officer = cache(lambda site: Actor(ActorId(site), Role.OFFICER, site=site))
        self._team = cache(lambda team: Actor(ActorId(team), Role.TEAM, team=team))
        law = tape.scenario.answer
        self._answer = (law.eta, law.kd_per_km, law.kl, law.kn)
        self._phone_delay_factor = law.phone_delay_factor
        self._quiet = (law.quiet_from_hour * HOUR, law.quiet_to_hour * HOUR)
        willingness = tape.city.willingness
        self._willing = [willingness[team] for team in self.roster.ids]
        self._keys = tape.demand.key.tolist()
        self._review = tape.demand.review.tolist()
        self._effect = tape.demand.effect.tolist()
        self._share = tape.scenario.service.quorum
        self._slots: dict[int, Slot] = {}

    def request(self, rank: int) -> Request:
        """Give the request of the order at a place on the tape."""
        return self.tape.request(rank, self._route(self.tape.site_of(rank)))

    def run(self) -> None:
        """Run to the end of every story."""
        self.env.process(self._feed())
        if self.policy.period:
            self.env.process(self._ticks()).callbacks.append(_raise)
        self.env.run()

    # -- time -----------------------------------------------------------------------------------

    def _awake(self, t: Instant, morning: Duration = 0) -> Instant:
        """Give `t`, or `morning` after the end of the quiet hours it falls in."""
        quiet, loud = self._quiet
        since = (t - self._begins) % DAY
        if since < loud:
            return t - since + loud + morning
        if since >= quiet:
            return t - since + DAY + loud + morning
        return t

    def _asks_at(self, order: Order, t: Instant) -> Instant:
        """Give the first instant from `t` on at which a team may be asked."""
        awake = self._awake(t)
        if not self.profile.issue_days or self.profile.may_ask(order, awake):
            return awake
        return self._awake(self.profile.next_issue(awake))

    def _feed(self) -> Story:
        """Begin every story when its order is placed."""
        env = self.env
        demand = self.tape.demand
        own = (demand.stream == OWN).tolist()
        for rank, placed in enumerate(demand.placed.tolist()):
            yield _At(env, placed, PLACE | rank)
            story = env.process(self._hosted(rank) if own[rank] else self._dispatched(rank))
            story.callbacks.append(_raise)

    def _ticks(self) -> Story:
        """Ask a policy that has a period about all waiting orders, in waking hours."""
        quiet, loud = self._quiet
        for midnight in range(self._begins, self.tape.scenario.ends, DAY):
            for at in range(midnight + loud, midnight + quiet, self.policy.period):
                yield _At(self.env, at, TICK)
                waiting = self.view.waiting()
                orders = [o for o in waiting if at < _due_at(o) and self.profile.may_ask(o, at)]
                if orders:
                    ranks = {order.id: rank for rank, order in self._waiting.items()}
                    for decision in self._choose(orders, at):
                        if not isinstance(decision, Wait):
                            self._asleep.pop(ranks[decision.order]).interrupt(decision)

    # -- an order's story -----------------------------------------------------------------------

    def _dispatched(self, rank: int) -> Story:
        """Tell the story of a resident's order or a site's request."""
        request = self.request(rank)
        requester = self._requester(request.placed_by)
        order = self._do(rank, None, PlaceOrder(request), requester, request.placed_at)
        reviewed_at = self._reviewed_at(rank, request.placed_at)
        if order.state is OrderState.PLACED and reviewed_at < request.latest:
            at = yield _At(self.env, reviewed_at, PLACE | rank)
            order = self._do(rank, order, ReviewOrder(), self._officer(order.holder), at)
        while order.state not in ORDER.final:
            if order.state is OrderState.REVIEWED:
                order = yield from self._on_desk(rank, order)
            elif order.state is OrderState.SCHEDULED:
                order = yield from self._in_service(rank, order, requester)
            else:
                order = yield from self._clocked(rank, order, CLOCK)
        self.final[rank] = order.state

    def _hosted(self, rank: int) -> Story:
        """Tell the story of an own activity: its host was asked when it was planned."""
        request = self.request(rank)
        at = request.placed_at
        planner = Actor(request.placed_by, Role.OFFICER, site=request.site)
        order = self._do(rank, None, PlaceOrder(request), planner, at)
        officer = self._officer(order.holder)
        reviewed_at = min(self._reviewed_at(rank, at), request.earliest)
        at = yield _At(self.env, reviewed_at, PLACE | rank)
        if order.state is OrderState.PLACED:
            order = self._do(rank, order, ReviewOrder(), officer, at)
        hosting = self.tape.hostings.get(rank)
        if hosting is None:
            order = self._do(rank, order, GiveUpOrder(), officer, at)
        else:
            slot = hosting.slot
            team = self.roster.ids[hosting.team]
            host = self._team(team)
            offer = OfferOrder((team,), self.profile.offer_open)
            order = self._do(rank, order, offer, officer, at)
            order = self._do(rank, order, AcceptOffer(), host, at)
            order = self._do(rank, order, ScheduleService(slot.start, slot.end), host, at)
            at = yield _At(self.env, slot.start, START | rank)
            present = hosting.members_present + hosting.individuals_present
            order = self._do(rank, order, StartService(present), host, at)
            at = yield _At(self.env, slot.end, WORK_ENDS | rank)
            order = self._do(rank, order, CompleteService(request.duration), host, at)
            order = self._do(rank, order, CloseOrder(), officer, at)
        self.final[rank] = order.state

    def _clocked(self, rank: int, order: Order, priority: int) -> Chapter:
        """Wait for the order's clock, and do what it demands."""
        at = yield _At(self.env, _due_at(order), priority | rank)
        return self._run_out(rank, order, at)

    def _run_out(self, rank: int, order: Order, at: Instant) -> Order:
        return self._do(rank, order, order.due(), self._system, at)  # type: ignore[misc]  # has a clock

    def _reviewed_at(self, rank: int, placed_at: Instant) -> Instant:
        return self.profile.calendar.add_working(placed_at, self._review[rank])

    # -- on the desk ----------------------------------------------------------------------------

    def _on_desk(self, rank: int, order: Order) -> Chapter:
        """Tell the story from the desk to an agreed time, or to the end."""
        on_desk = self._waiting
        while order.state is OrderState.REVIEWED:
            at = self.env.now
            if at >= _due_at(order):
                order = self._run_out(rank, order, at)
                continue
            on_desk[rank] = order
            decision = yield from self._decision(rank, order, at)
            del on_desk[rank]
            if isinstance(decision, Offer):
                order = yield from self._offered(rank, order, decision)
            elif isinstance(decision, Post):
                order = yield from self._posted(rank, order, decision)
            elif isinstance(decision, Escalate):
                officer = self._officer(order.holder)
                order = self._do(rank, order, EscalateOrder(), officer, self.env.now)
        return order

    def _decision(self, rank: int, order: Order, at: Instant) -> Pause:
        """Wait for a decision to act on; None: look again, at the clock or when asked anew."""
        due_at = _due_at(order)
        if self.policy.period:
            return (yield from self._sleep(rank, due_at, due_at))
        asks_at = self._asks_at(order, at)
        if asks_at > at:
            yield self._wakes(rank, asks_at, due_at)
            return None
        decision = next(iter(self._choose((order,), at)), None)
        if decision is not None and not isinstance(decision, Wait):
            return decision
        until = at + RECHECK_AFTER if decision is None else decision.until
        if until <= at:
            raise UnlawfulCommand(order.id, "Wait", f"until {until}, not after now, {at}")
        return (yield from self._sleep(rank, until, due_at))

    def _sleep(self, rank: int, until: Instant, due_at: Instant) -> Pause:
        """Sleep until an instant, the order's clock, a release of a team or a tick's decision."""
        self._asleep[rank] = self.env.active_process  # type: ignore[assignment]  # its own story
        try:
            yield self._wakes(rank, until, due_at)
        except simpy.Interrupt as news:
            if news.cause is None:
                yield _At(self.env, self.env.now, RECHECK | rank)
            return news.cause
        del self._asleep[rank]
        return None

    def _wakes(self, rank: int, until: Instant, due_at: Instant) -> simpy.Event:
        first = RECHECK if until < due_at else CLOCK
        return _At(self.env, min(until, due_at), first | rank)

    def _release(self, team: int) -> None:
        """Wake every waiting order that the released team could serve."""
        if self.policy.period:
            return
        categories = self.roster.teams[team].categories
        for rank in sorted(self._asleep):
            if self._waiting[rank].request.category in categories:
                self._asleep.pop(rank).interrupt()

    def _choose(self, orders: Sequence[Order], at: Instant) -> Sequence[Decision]:
        self.view.now = at
        decisions = self.policy.choose(orders, self.view, self.draw)
        asked = {order.id for order in orders}
        for decision in decisions:
            if decision.order not in asked:
                raise UnlawfulCommand(decision.order, type(decision).__name__, "not asked about")
            asked.remove(decision.order)
        return decisions

    # -- offers and answers ---------------------------------------------------------------------

    def _offered(self, rank: int, order: Order, offer: Offer) -> Chapter:
        at, roster = self.env.now, self.roster
        for team in offer.teams:
            if team not in roster.index or roster.slot(order, team, at) is None:
                raise UnlawfulCommand(order.id, "OfferOrder", f"team {team} may not be asked now")
        command = OfferOrder(offer.teams, offer.open_for)
        order = self._do(rank, order, command, self._officer(order.holder), at)
        roster.forget(at)
        replies = [r for t in offer.teams for r in self._reply(rank, order, t, at, offer.channel)]
        for team in offer.teams:
            roster.note_offer(roster.index[team], at)
        for when, _, team, accepts in sorted(replies):
            at = yield _At(self.env, when, ANSWER | rank)
            order = self._answered(rank, order, team, at, accepts=accepts)
            if order.state is not OrderState.OFFERED:
                return order
        return (yield from self._expired(rank, order))

    def _posted(self, rank: int, order: Order, post: Post) -> Chapter:
        at = self.env.now
        order = self._do(rank, order, PostOrder(post.open_for), self._officer(order.holder), at)
        replies = [
            r for t in self._lookers(rank, order, at) for r in self._reply(rank, order, t, at)
        ]
        for when, _, team, accepts in sorted(replies):
            if accepts:
                at = yield _At(self.env, when, ANSWER | rank)
                slot = self.roster.slot(order, team, at)
                if slot is not None:
                    return self._accepted(rank, order, team, slot, at)
        return (yield from self._expired(rank, order))

    def _lookers(self, rank: int, order: Order, at: Instant) -> Iterable[TeamId]:
        """Give the lawful teams that look at the board while the order is posted."""
        roster = self.roster
        teams = roster.candidates(order, at).arrays().teams
        keys = roster.keys[np.array([roster.index[team] for team in teams], np.int64)]
        return compress(teams, self.tape.looks(self._keys[rank], keys, order.opening).tolist())

    def _expired(self, rank: int, order: Order) -> Chapter:
        while order.state in _ASKED:
            order = yield from self._clocked(rank, order, ANSWER)
        return order

    def _reply(
        self,
        rank: int,
        order: Order,
        team: TeamId,
        at: Instant,
        channel: Channel = Channel.PLATFORM,
    ) -> Sequence[Reply]:
        """Give what a team answers and when; nothing if it keeps silent or is too late."""
        roster = self.roster
        n = roster.index[team]
        key = roster.key_of[n]
        answer = self.tape.answer_of(self._keys[rank], key, order.opening)
        eta, kd, kl, kn = self._answer
        odds = (
            eta + self._willing[n] + self._effect[rank] - kd * roster.km(order.request.site, team)
        )
        odds -= kl * roster.load_of(n) + kn * roster.notes_of(n)
        accepts = answer.u < p_yes(odds)
        if answer.silent and not accepts:
            return ()
        delay = answer.delay
        if channel is Channel.PHONE:
            delay = round(delay * self._phone_delay_factor / MINUTE) * MINUTE
        when = self._awake(at + delay, answer.morning)
        return ((when, key, team, accepts),) if when <= _due_at(order) else ()

    def _answered(
        self, rank: int, order: Order, team: TeamId, at: Instant, *, accepts: bool
    ) -> Order:
        slot = self.roster.slot(order, team, at) if accepts else None
        if slot is not None:
            return self._accepted(rank, order, team, slot, at)
        reason = DeclineReason.SLOT_GONE if accepts else DeclineReason.UNWILLING
        return self._do(rank, order, DeclineOffer(reason), self._team(team), at)

    def _accepted(self, rank: int, order: Order, team: TeamId, slot: Slot, at: Instant) -> Order:
        roster, request = self.roster, order.request
        n = roster.index[team]
        actor = self._team(team)
        order = self._do(rank, order, AcceptOffer(), actor, at)
        order = self._do(rank, order, ScheduleService(slot.start, slot.end), actor, at)
        roster.book(n, slot, request.needed)
        roster.note_accepted(n, at, request.needed * request.duration)
        self._slots[rank] = slot
        return order

    # -- service and rating ---------------------------------------------------------------------

    def _in_service(self, rank: int, order: Order, requester: Actor) -> Chapter:
        tape, roster, request = self.tape, self.roster, order.request
        slot = self._slots.pop(rank)
        at = yield _At(self.env, slot.start, START | rank)
        n = roster.index[order.team]  # type: ignore[index]  # scheduled: has a team
        key, team_key, opening = self._keys[rank], roster.key_of[n], order.opening
        present = 0
        if tape.shows_up(key, team_key, opening):
            present = tape.present(key, team_key, opening, request.needed)
        if present < quorum(request.needed, self._share):
            order = self._do(rank, order, ReportAbsence(present), self._officer(order.holder), at)
            roster.release(n, slot, request.needed)
            roster.note_done(n)
            self._release(n)
            return order
        team = self._team(order.team)
        order = self._do(rank, order, StartService(present), team, at)
        at = yield _At(self.env, slot.end, WORK_ENDS | rank)
        order = self._do(rank, order, CompleteService(request.duration), team, at)
        roster.note_done(n)
        return self._rated(rank, order, requester, at)

    def _rated(self, rank: int, order: Order, requester: Actor, at: Instant) -> Order:
        """Rate at once or not at all; the desk closes an unrated redo, where it need not call."""
        waited = order.start - order.request.earliest  # type: ignore[operator]  # was served
        satisfied = self.tape.rating(self._keys[rank], order.opening, waited)
        if satisfied is not None:
            score = SATISFIED if satisfied else DISSATISFIED
            return self._do(rank, order, RateOrder(score), requester, at)
        if order.opening and not self.profile.call_back:
            return self._do(rank, order, CloseOrder(), self._officer(order.holder), at)
        return order

    # -- the one way anything changes -----------------------------------------------------------

    def _do(
        self, rank: int, order: Order | None, command: OrderCommand, by: Actor, at: Instant
    ) -> Order:
        done = step(order, command, at, by, self.profile, self._standings)
        if isinstance(done, Refused):
            name = type(command).__name__
            raise UnlawfulCommand(self.tape.demand.ids[rank], name, f"refused: {done.reason}")
        order, events = done
        self.log.write(rank, events)
        return order


def _standings(tape: Tape) -> Standings:
    """Give what the law asks of teams: in a loop that leaves orders to some, where each is home.

    The roster keeps their times, so nothing is said of those here.
    """
    if not tape.scenario.area.profile.takers:
        return {}
    level = tape.city.hierarchy.site
    return {team.id: Standing(team, level(team.home).level) for team in tape.city.teams}


def _due_at(order: Order) -> Instant:
    return order.due_at  # type: ignore[return-value]  # in every state that is waited in: has a clock


def _raise(story: simpy.Event) -> None:
    """Let an error in a story out as it is: SimPy would build a copy from its words."""
    if not story.ok:
        story.defused = True
        raise story.value  # type: ignore[misc]  # the error of a story that failed


def p_yes(odds: float) -> float:
    """Give the probability of a yes at log-odds, however far they are from 0.

    >>> p_yes(0.0), p_yes(800.0), p_yes(-1e6)
    (0.5, 1.0, 0.0)
    """
    return round(GRAIN / (1 + math.exp(min(-odds, FAR)))) / GRAIN


def quorum(needed: int, share: float) -> int:
    """Give the least number of volunteers that makes a service.

    >>> [quorum(needed, 0.6) for needed in range(1, 7)]
    [1, 2, 2, 3, 3, 4]
    """
    return max(1, math.ceil(round(share * needed, 9)))
