"""From an order and a command to events, or to a refusal: the law of the loop.

Nothing here reads a clock, a hierarchy or a random number. What a policy may ask is limited here:
after its tries or its clock an order moves on by itself, and no command makes a team accept.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from practice_core.lifecycle import Actor, AfterPause, Refused, Role, resumed
from practice_core.orders import commands as c
from practice_core.orders import events as e
from practice_core.orders.deadlines import (
    clocks_after_pause,
    clocks_from,
    due_at_desk,
    next_desk,
    waits_until,
)
from practice_core.orders.eligibility import is_engaged, leaves_time, unfit
from practice_core.orders.evolve import evolve
from practice_core.orders.loop import ORDER
from practice_core.orders.model import UNCONDITIONAL, Order, OrderState
from practice_core.orders.profile import Mode
from practice_core.orders.refusals import Refusal
from practice_core.units import MINUTE, Instant, is_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from practice_core.orders.eligibility import Standings
    from practice_core.orders.model import Request
    from practice_core.orders.profile import LoopProfile
    from practice_core.units import Duration, SiteId, TeamId

__all__ = ["decide", "step"]

# A member of an enum takes fifteen times as long to look up as a name of this module.
REQUESTER, PROXY, OFFICER, TEAM, SYSTEM, _ = Role
ABSENT, COLLECTED, PLACED, REVIEWED, OFFERED, POOLED, ACCEPTED, RATED = (
    OrderState.ABSENT,
    OrderState.COLLECTED,
    OrderState.PLACED,
    OrderState.REVIEWED,
    OrderState.OFFERED,
    OrderState.POOLED,
    OrderState.ACCEPTED,
    OrderState.RATED,
)
_BEST_SCORE = 5
_MOST_SKILLS = 16
_MOST_NEEDED = 10_000
_MOST_OFFERS = 100
"""Open at once: teams that compete for one order."""
_MOST_PRESENT = 1_000_000
"""As many as a team has members at most."""
_LONGEST = 2
"""As long as agreed, so many times, a service may have taken: nobody serves for days unasked."""
_MOST_SERVED = 2_000
"""Volunteers named with the end of a service: two events each of the 10,000 of an append."""
NOBODY: Standings = MappingProxyType({})


Outcome: TypeAlias = "tuple[e.OrderEvent, ...] | Refusal"


def decide(  # noqa: PLR0913, PLR0917 - the contract's five, and what is known of the teams
    order: Order | None,
    command: c.OrderCommand,
    at: Instant,
    by: Actor,
    profile: LoopProfile,
    standings: Standings = NOBODY,
) -> tuple[e.OrderEvent, ...] | Refused:
    """Decide what a command does to an order.

    Scope is checked here as far as the order itself tells: a team answers for its own offer or
    job, a requester for what he placed. What takes the hierarchy (an officer's desks, who may
    read) is `may`, which a service asks first.

    Parameters
    ----------
    order
        The order as it stands, or None if there is none under this id.
    command
        What is asked.
    at
        When, in ms since the epoch.
    by
        Who asks.
    profile
        The loop of the area.
    standings
        What is known of the teams that the command is about. Of a team that is not among them
        nothing is checked, unless the order or the loop asks something of those who serve.

    Returns
    -------
    tuple of OrderEvent, or Refused
        One event or several, to be applied in order; or the first refusal that applies.
    """
    kind = type(command)
    rule = profile.rules.get(kind)
    if rule is None:  # nobody gives it in this loop
        unknown = order is None and ABSENT not in ORDER.rule_of[kind].sources
        return Refused(kind, Refusal.UNKNOWN_ORDER if unknown else Refusal.ROLE)
    sources, role = rule.sources, by.role
    if order is None and ABSENT not in sources:
        return Refused(kind, Refusal.UNKNOWN_ORDER)
    if role not in rule.roles:
        return Refused(kind, Refusal.ROLE)
    if order is not None:
        if role is not OFFICER and role is not SYSTEM and not _is_theirs(order, by):
            return Refused(kind, Refusal.SCOPE)
        if order.state not in sources:
            return Refused(kind, Refusal.STATE)
    decided = _DECIDE[kind]
    if kind in _ASKS_OF_TEAMS:
        outcome = decided(order, command, at, by, profile, standings)
    else:
        outcome = decided(order, command, at, by, profile)
    return outcome if isinstance(outcome, tuple) else Refused(kind, outcome)


def step(  # noqa: PLR0913, PLR0917 - as `decide`
    order: Order | None,
    command: c.OrderCommand,
    at: Instant,
    by: Actor,
    profile: LoopProfile,
    standings: Standings = NOBODY,
) -> tuple[Order, tuple[e.OrderEvent, ...]] | Refused:
    """Decide and apply: the one function that service and simulation both call.

    Returns
    -------
    (Order, tuple of OrderEvent), or Refused
        The order after all its new events, and the events; or the refusal.
    """
    events = decide(order, command, at, by, profile, standings)
    if isinstance(events, Refused):
        return events
    for event in events:
        order = evolve(order, event)
    return order, events  # type: ignore[return-value]  # at least one event was applied


def _is_theirs(order: Order, by: Actor) -> bool:
    """Tell whether a team answers for this offer or job, or a requester placed this order."""
    if by.role is not TEAM:
        return by.id == order.request.placed_by
    state, team = order.state, by.team
    if state is OFFERED:
        return team in [offer.team for offer in order.offers]
    if state is POOLED:
        return team is not None and team not in order.asked
    return team is not None and team == order.team


def _valid(request: Request, at: Instant, by: Actor) -> bool:
    return (
        is_identifier(request.id)
        and is_identifier(request.placed_by)
        and (by.role is OFFICER or by.id == request.placed_by)
        and request.placed_at == at
        and request.earliest >= 0
        and at < request.latest
        and 1 <= request.needed <= _MOST_NEEDED
        and request.duration >= 1
        and request.duration * MINUTE <= request.latest - request.earliest
        and 0 < len(request.route) == len(set(request.route))
        and _is_for_somebody(request, by)
        and (request.conditions is UNCONDITIONAL or _meetable(request))
    )


def _is_for_somebody(request: Request, by: Actor) -> bool:
    """Tell whether it says for whom a proxy ordered, and an officer its parent or host, if any."""
    whom, parent, host = request.for_whom, request.parent, request.host
    if whom is None and parent is None and host is None:
        return by.role is not PROXY
    if by.role is PROXY and whom is None:
        return False
    if whom is not None and (by.role is REQUESTER or not is_identifier(whom)):
        return False
    said = [one for one in (parent, host) if one is not None]
    return (
        parent != request.id and (not said or by.role is OFFICER) and all(map(is_identifier, said))
    )


def _meetable(request: Request) -> bool:
    asked = request.conditions
    names = (*asked.skills, *asked.qualifications)
    return asked.min_age >= 0 and len(names) <= _MOST_SKILLS and all(map(is_identifier, names))


def _is_that_need(request: Request, need: Request) -> bool:
    """Tell whether what is ordered is what was collected; window and numbers may be other ones."""
    same = ("id", "site", "category", "placed_by", "for_whom", "group", "conditions", "priority")
    return all(getattr(request, name) == getattr(need, name) for name in same)


def _moves_on(
    order: Order, at: Instant, by: Actor, profile: LoopProfile
) -> tuple[e.OrderEvent, ...]:
    """Give what the law does after one more failed round: nothing, the next desk, or the end."""
    request = order.request
    if at >= request.latest:
        return (e.OrderUnserved(request.id, at, by.id, e.UnservedReason.DUE),)
    desk_due_at = order.docket.desk_due_at
    if order.attempts + 1 < profile.tries and (desk_due_at is None or at < desk_due_at):
        return ()
    holder = next_desk(order)
    if holder is None:
        return (e.OrderUnserved(request.id, at, by.id, e.UnservedReason.TRIES),)
    return (_escalation(order, holder, at, by, profile),)


def _escalation(
    order: Order, holder: SiteId, at: Instant, by: Actor, profile: LoopProfile
) -> e.OrderEvent:
    r = order.request
    due_at = due_at_desk(r, holder, at, profile, r.latest)
    return e.OrderEscalated(r.id, at, by.id, holder, due_at)


def _asked_of(
    team: TeamId, request: Request, profile: LoopProfile, standings: Standings
) -> Refusal | None:
    """Give the first reason why the law keeps a team from an order, or None."""
    standing = standings.get(team)
    elsewhere = profile.takers and team != request.host
    if standing is None:
        free = request.conditions is UNCONDITIONAL or request.conditions == UNCONDITIONAL
        return None if free and not elsewhere else Refusal.UNKNOWN_TEAM
    if elsewhere and standing.level not in profile.takers:
        return Refusal.NOT_TAKER
    found = unfit(standing.team, request)
    return None if found is None else Refusal(found.value)


def _collect(o: Order | None, v: c.CollectNeed, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if not _valid(v.request, at, by):
        return Refusal.INVALID_REQUEST
    return (e.NeedCollected(v.request.id, at, by.id, v.request),)


def _merge(o: Order, v: c.MergeNeed, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if not is_identifier(v.into):
        return Refusal.INVALID_VALUE
    if v.into == o.request.id:
        return Refusal.SAME_ORDER
    return (e.NeedMerged(o.request.id, at, by.id, v.into),)


def _absorb(o: Order, v: c.AbsorbNeed, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if not is_identifier(v.need):
        return Refusal.INVALID_VALUE
    if v.need == o.request.id:
        return Refusal.SAME_ORDER
    if v.need in o.docket.merged:
        return Refusal.REPEATED
    return (e.NeedAbsorbed(o.request.id, at, by.id, v.need),)


def _place(o: Order | None, v: c.PlaceOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    r = v.request
    if not _valid(r, at, by) or (o is not None and not _is_that_need(r, o.request)):
        return Refusal.INVALID_REQUEST
    placed: tuple[e.OrderEvent, ...] = (e.OrderPlaced(r.id, at, by.id, r, r.latest),)
    if p.supervised:
        placed += tuple(clocks_from(None, r, PLACED, at, by, p))
    if p.review_within is not None:
        return placed
    due_at = due_at_desk(r, r.route[0], at, p, r.latest)
    reviewed = e.OrderReviewed(r.id, at, by.id, due_at)
    return (*placed, reviewed, *clocks_from(None, r, REVIEWED, at, by, p))


def _reject(o: Order, v: c.RejectOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    return (e.OrderRejected(o.request.id, at, by.id, v.reason),)


def _review(o: Order, v: c.ReviewOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    r = o.request
    if at >= r.latest:
        return Refusal.LATE
    due_at = due_at_desk(r, o.holder, at, p, r.latest)
    reviewed = e.OrderReviewed(r.id, at, by.id, due_at)
    if not p.supervised:
        return (reviewed,)
    return (reviewed, *clocks_from(o.docket, r, REVIEWED, at, by, p))


def _offer(  # noqa: PLR0911, PLR0913, PLR0917 - one return for each refusal, as `decide`
    o: Order, v: c.OfferOrder, at: Instant, by: Actor, p: LoopProfile, standings: Standings
) -> Outcome:
    r = o.request
    if at >= r.latest:
        return Refusal.LATE
    if p.issue_days and not p.may_ask(o, at):
        return Refusal.EARLY
    if not v.teams or len(set(v.teams)) < len(v.teams) or not all(map(is_identifier, v.teams)):
        return Refusal.NO_TEAM
    if len(v.teams) + len(o.offers) > (_MOST_OFFERS if Mode.SEVERAL in p.modes else 1):
        return Refusal.TOO_MANY
    if any(team in o.asked for team in v.teams):
        return Refusal.ASKED
    unlawful = [found for team in v.teams if (found := _asked_of(team, r, p, standings))]
    if unlawful:
        return min(unlawful, key=_PRECEDENCE.index)
    if v.open_for <= 0:
        return Refusal.INVALID_VALUE
    until = min(at + min(v.open_for, p.offer_open), r.latest)
    return tuple([e.OfferMade(r.id, at, by.id, team, until) for team in v.teams])


def _post(o: Order, v: c.PostOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at >= o.request.latest:
        return Refusal.LATE
    if p.issue_days and not p.may_ask(o, at):
        return Refusal.EARLY
    if v.open_for <= 0:
        return Refusal.INVALID_VALUE
    until = min(at + min(v.open_for, p.offer_open), o.request.latest)
    return (e.OrderPosted(o.request.id, at, by.id, until),)


def _accept(  # noqa: PLR0913, PLR0917 - as `decide`
    o: Order, v: c.AcceptOffer, at: Instant, by: Actor, p: LoopProfile, standings: Standings
) -> Outcome:
    if at > _answer_until(o, by):
        return Refusal.LATE
    r = o.request
    team: TeamId = by.team  # type: ignore[assignment]  # in scope: has a team
    unlawful = _asked_of(team, r, p, standings)
    if unlawful is not None:
        return unlawful
    standing = standings.get(team)
    if standing is not None and standing.engaged and not leaves_time(standing, r, at):
        return Refusal.DOUBLE_BOOKED
    accepted = e.OfferAccepted(r.id, at, by.id, team, min(at + p.schedule_within, r.latest))
    if not p.supervised:
        return (accepted,)
    return (accepted, *clocks_from(o.docket, r, ACCEPTED, at, by, p))


def _answer_until(o: Order, by: Actor) -> Instant:
    for offer in o.offers:
        if offer.team == by.team:
            return offer.until
    return o.due_at  # type: ignore[return-value]  # pooled: the posting's end


def _decline(o: Order, v: c.DeclineOffer, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > _answer_until(o, by):
        return Refusal.LATE
    r = o.request
    declined = e.OfferDeclined(r.id, at, by.id, by.team, v.reason)  # type: ignore[arg-type]  # in scope: has a team
    if len(o.offers) > 1:
        return (declined,)
    returned = e.OrderReturned(r.id, at, by.id, waits_until(o, at))
    return (declined, returned, *_moves_on(o, at, by, p))


def _expire(o: Order, v: c.ExpireOffers, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at < o.due_at:  # type: ignore[operator]  # offered or pooled: has a clock
        return Refusal.EARLY
    r = o.request
    over = [e.OfferExpired(r.id, at, by.id, f.team) for f in o.offers if f.until <= at]
    if len(over) < len(o.offers):
        return tuple(over)
    returned = e.OrderReturned(r.id, at, by.id, waits_until(o, at))
    return (*over, returned, *_moves_on(o, at, by, p))


def _escalate(o: Order, v: c.EscalateOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    clocked = by.role is SYSTEM
    if at >= o.request.latest:
        # A clock that ran out while nobody looked must still lead somewhere.
        return _given_up(o, at, by, o.request.latest) if clocked else Refusal.LATE
    if clocked and at < o.due_at:  # type: ignore[operator]  # reviewed: has a clock
        return Refusal.EARLY
    holder = next_desk(o)
    if holder is None:
        return Refusal.LAST_DESK
    return (_escalation(o, holder, at, by, p),)


def _hand_back(o: Order, v: c.HandBackOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    r = o.request
    if at >= r.latest:
        return Refusal.LATE
    place = r.route.index(o.holder)
    if place == 0:
        return Refusal.FIRST_DESK
    if o.holder in o.docket.handed_back:
        return Refusal.REPEATED
    holder = r.route[place - 1]
    due_at = due_at_desk(r, holder, at, p, r.latest)
    return (e.OrderHandedBack(r.id, at, by.id, holder, due_at),)


def _recall(o: Order, v: c.RecallOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    r = o.request
    if at >= r.latest or (o.start is not None and at > o.start):
        return Refusal.LATE
    return (e.OrderRecalled(r.id, at, by.id, v.reason, waits_until(o, at)),)


def _split(o: Order, v: c.SplitOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    r = o.request
    if at >= r.latest:
        return Refusal.LATE
    if not 1 <= v.needed < r.needed or not is_identifier(v.child):
        return Refusal.INVALID_VALUE
    if v.child == r.id:
        return Refusal.SAME_ORDER
    return (e.OrderSplit(r.id, at, by.id, v.child, v.needed),)


def _pause(o: Order, v: c.PauseOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    r = o.request
    if at >= r.latest or (o.start is not None and at > o.start):
        return Refusal.LATE
    if not at < v.until <= at + p.pause_within - o.docket.paused_for:  # type: ignore[operator]  # a loop with pauses
        return Refusal.INVALID_VALUE
    return (e.OrderPaused(r.id, at, by.id, v.reason, v.until),)


def _resume(o: Order, v: c.ResumeOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if by.role is SYSTEM and at < o.due_at:  # type: ignore[operator]  # paused: has a clock
        return Refusal.EARLY
    r, docket = o.request, o.docket
    since = r.placed_at if docket.since is None else docket.since
    paused_at: Instant = docket.paused_at  # type: ignore[assignment]  # paused: since some time

    def after(due_at: Instant) -> Instant:
        return resumed(p.after_pause, since=since, due_at=due_at, paused_at=paused_at, at=at)

    latest = after(r.latest)
    if latest <= at:
        over = e.OrderResumed(r.id, at, by.id, latest, at)
        return (over, *_given_up(o, at, by, latest))
    if docket.desk_due_at is None or p.after_pause is AfterPause.RESTART:
        due_at = due_at_desk(r, o.holder, at, p, latest)
    else:
        due_at = min(latest, max(at, after(docket.desk_due_at)))
    goes_on = e.OrderResumed(r.id, at, by.id, latest, due_at)
    if p.after_pause is AfterPause.DEADLINE:
        return (goes_on,)
    return (goes_on, *clocks_after_pause(o, paused_at, at, by, p))


def _supervise(o: Order, v: c.SuperviseOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    over = [w.clock for w in o.docket.watches if w.due_at <= at]
    if not over:
        return Refusal.EARLY
    return tuple([e.OrderSupervised(o.request.id, at, by.id, clock) for clock in over])


def _report(o: Order, v: c.ReportProgress, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    return (e.ProgressReported(o.request.id, at, by.id, v.progress),)


def _schedule(  # noqa: PLR0913, PLR0917 - as `decide`
    o: Order, v: c.ScheduleService, at: Instant, by: Actor, p: LoopProfile, standings: Standings
) -> Outcome:
    if at > o.due_at:  # type: ignore[operator]  # accepted or scheduled: has a clock
        return Refusal.LATE
    if not _in_window(o.request, v, at):
        return Refusal.OUTSIDE_WINDOW
    standing = standings.get(o.team)  # type: ignore[arg-type]  # accepted or scheduled: has a team
    if standing is not None and is_engaged(standing, v.start, v.end):
        return Refusal.DOUBLE_BOOKED
    return (e.ServiceScheduled(o.request.id, at, by.id, v.start, v.end),)


def _in_window(r: Request, v: c.ScheduleService | c.AskOtherTime, at: Instant) -> bool:
    long_enough = v.end - v.start >= r.duration * MINUTE
    return long_enough and at <= v.start and r.earliest <= v.start and v.end <= r.latest


def _ask_other(o: Order, v: c.AskOtherTime, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > o.start:  # type: ignore[operator]  # scheduled: has a start
        return Refusal.LATE
    if not _in_window(o.request, v, at):
        return Refusal.OUTSIDE_WINDOW
    return (e.OtherTimeAsked(o.request.id, at, by.id, v.start, v.end),)


def _withdraw(o: Order, v: c.WithdrawTeam, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    # Notice ends where the service starts: from then on it is an absence, and may be the other's.
    in_vain = v.reason is e.WithdrawReason.NOBODY_THERE
    if at > (o.due_at if o.start is None or in_vain else o.start):  # type: ignore[operator]  # has a clock
        return Refusal.LATE
    if in_vain and (o.start is None or at < o.start):
        return Refusal.EARLY
    r = o.request
    back = e.TeamWithdrew(r.id, at, by.id, v.reason, waits_until(o, at))
    return (back, *_moves_on(o, at, by, p))


def _absent(o: Order, v: c.ReportAbsence, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    r = o.request
    clock = o.due_at if o.start is None or by.role is SYSTEM else o.start
    if at < clock:  # type: ignore[operator]  # accepted or scheduled: has a clock
        return Refusal.EARLY
    if not 0 <= v.present < o.request.needed:
        return Refusal.INVALID_VALUE
    absent = e.TeamAbsent(r.id, at, by.id, v.present, waits_until(o, at))
    return (absent, *_moves_on(o, at, by, p))


def _start(o: Order, v: c.StartService, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > o.due_at:  # type: ignore[operator]  # scheduled: has a clock
        return Refusal.LATE
    if at < o.start:  # type: ignore[operator]  # scheduled: has a start
        return Refusal.EARLY
    if not 1 <= v.present <= _MOST_PRESENT:
        return Refusal.INVALID_VALUE
    return (e.ServiceStarted(o.request.id, at, by.id, v.present),)


def _complete(o: Order, v: c.CompleteService, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    d = o.docket
    lasted: Duration = at - d.started_at  # type: ignore[operator]  # in service: since some time
    if not MINUTE <= v.minutes * MINUTE <= min(lasted, _LONGEST * d.agreed):
        return Refusal.INVALID_VALUE
    if v.served and not _are_those(v, d.present):
        return Refusal.INVALID_VALUE
    return (e.ServiceCompleted(o.request.id, at, by.id, v.minutes, at + p.rating_within),)


def _are_those(v: c.CompleteService, present: int) -> bool:
    """Tell whether each volunteer is named once, with a part of the time, and was there at all."""
    names = {one.volunteer for one in v.served}
    return len(names) == len(v.served) <= min(present, _MOST_SERVED) and all(
        is_identifier(one.volunteer) and 1 <= one.minutes <= v.minutes for one in v.served
    )


def _rate(o: Order, v: c.RateOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > o.due_at:  # type: ignore[operator]  # served: has a clock
        return Refusal.LATE
    if not 1 <= v.score <= _BEST_SCORE:
        return Refusal.INVALID_VALUE
    rated = e.OrderRated(o.request.id, at, by.id, v.score, _heard_until(at, p))
    return (rated, *_spoken(o, v.score, at, by, p, called_back=False))


def _call_back(o: Order, v: c.CallBack, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if not 1 <= v.score <= _BEST_SCORE:
        return Refusal.INVALID_VALUE
    if o.docket.called_back:
        return Refusal.REPEATED
    said = e.RequesterCalledBack(o.request.id, at, by.id, v.score, _heard_until(at, p))
    return (said, *_spoken(o, v.score, at, by, p, called_back=True))


def _assess(o: Order, v: c.AssessService, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > o.due_at:  # type: ignore[operator]  # served or rated: has a clock
        return Refusal.LATE
    if not 1 <= v.score <= _BEST_SCORE:
        return Refusal.INVALID_VALUE
    if o.docket.assessment is not None:
        return Refusal.REPEATED
    i = o.request.id
    said = e.ServiceAssessed(i, at, by.id, v.score)
    if o.state is RATED and _settled(p, assessed=True, called=o.docket.called_back):
        return (said, e.OrderClosed(i, at, by.id, e.CloseReason.RATED))
    return (said,)


def _heard_until(at: Instant, p: LoopProfile) -> Instant:
    """Give how long an order on which the requester has spoken waits for what may follow."""
    if p.showcase is not None:
        return at + p.showcase
    return at + p.rating_within if p.dual_rating or p.call_back else at


def _settled(p: LoopProfile, *, assessed: bool, called: bool) -> bool:
    """Tell whether nothing more is to come once the requester has spoken."""
    return p.showcase is None and (assessed or not p.dual_rating) and (called or not p.call_back)


def _spoken(  # noqa: PLR0913 - what an event is made of
    o: Order, score: int, at: Instant, by: Actor, p: LoopProfile, *, called_back: bool
) -> tuple[e.OrderEvent, ...]:
    """Give what follows at once from what the requester says: a redo, the end, or nothing."""
    r = o.request
    if score < p.satisfied_from and o.opening < p.redos:
        latest = p.calendar.add_working(at, p.redo_within)
        holder = next_desk(o) if p.redo_escalates else None
        due_at = due_at_desk(r, o.holder, at, p, latest)
        reopened = e.OrderReopened(r.id, at, by.id, latest, due_at)
        if holder is None:
            return (reopened,)
        due_at = due_at_desk(r, holder, at, p, latest)
        return (reopened, e.OrderEscalated(r.id, at, by.id, holder, due_at))
    called = called_back or o.docket.called_back
    if not _settled(p, assessed=o.docket.assessment is not None, called=called):
        return ()
    reason = e.CloseReason.CALLED_BACK if called_back else e.CloseReason.RATED
    return (e.OrderClosed(r.id, at, by.id, reason),)


def _showcase(o: Order, v: c.ShowcaseOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if at > o.due_at:  # type: ignore[operator]  # rated: has a clock
        return Refusal.LATE
    if not v.consent:
        return Refusal.NO_CONSENT
    return (e.OrderShowcased(o.request.id, at, by.id, at + (p.showcase or 0)),)


def _close(o: Order, v: c.CloseOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    if by.role is SYSTEM and at < o.due_at:  # type: ignore[operator]  # served on: has a clock
        return Refusal.EARLY
    over = at >= o.due_at  # type: ignore[operator]  # as above
    if p.call_back and not over and not o.docket.called_back:
        return Refusal.EARLY
    reason = e.CloseReason.WINDOW_OVER if over else e.CloseReason.CALLED_BACK
    return (e.OrderClosed(o.request.id, at, by.id, reason),)


def _cancel(o: Order, v: c.CancelOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    return (e.OrderCancelled(o.request.id, at, by.id, v.reason),)


def _give_up(o: Order, v: c.GiveUpOrder, at: Instant, by: Actor, p: LoopProfile) -> Outcome:
    latest = o.request.latest
    if by.role is SYSTEM and at < latest:
        return Refusal.EARLY
    # No desk holds a need yet: there is none before or after.
    if by.role is OFFICER and o.state is not COLLECTED and next_desk(o) is not None:
        return Refusal.FURTHER_DESK
    return _given_up(o, at, by, latest)


def _given_up(o: Order, at: Instant, by: Actor, latest: Instant) -> tuple[e.OrderEvent, ...]:
    if not o.asked:
        reason = e.UnservedReason.NOBODY
    elif at < latest:
        reason = e.UnservedReason.TRIES
    else:
        reason = e.UnservedReason.DUE
    return (e.OrderUnserved(o.request.id, at, by.id, reason),)


_PRECEDENCE = list(Refusal)
_ASKS_OF_TEAMS = frozenset({c.OfferOrder, c.AcceptOffer, c.ScheduleService})
"""What is decided with a look at the teams it is about."""
_DECIDE: Mapping[type[c.OrderCommand], Callable[..., Outcome]] = {
    c.CollectNeed: _collect,
    c.MergeNeed: _merge,
    c.AbsorbNeed: _absorb,
    c.PlaceOrder: _place,
    c.RejectOrder: _reject,
    c.ReviewOrder: _review,
    c.OfferOrder: _offer,
    c.PostOrder: _post,
    c.AcceptOffer: _accept,
    c.DeclineOffer: _decline,
    c.ExpireOffers: _expire,
    c.EscalateOrder: _escalate,
    c.HandBackOrder: _hand_back,
    c.RecallOrder: _recall,
    c.SplitOrder: _split,
    c.PauseOrder: _pause,
    c.ResumeOrder: _resume,
    c.SuperviseOrder: _supervise,
    c.ReportProgress: _report,
    c.ScheduleService: _schedule,
    c.AskOtherTime: _ask_other,
    c.WithdrawTeam: _withdraw,
    c.ReportAbsence: _absent,
    c.StartService: _start,
    c.CompleteService: _complete,
    c.RateOrder: _rate,
    c.AssessService: _assess,
    c.CallBack: _call_back,
    c.ShowcaseOrder: _showcase,
    c.CloseOrder: _close,
    c.CancelOrder: _cancel,
    c.GiveUpOrder: _give_up,
}
