"""The law of the loop written a second time, as its documentation reads it.

`practice_core.orders` computes what happens; here stands, independently, what may happen: which
refusal is the first to apply (`Case`), and what must hold after every command (`Deed`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from practice_core.lifecycle import AfterPause, Lifecycle, Role, Rule
from practice_core.orders import (
    ORDER,
    Clock,
    CloseReason,
    Conditions,
    Docket,
    Mode,
    Order,
    OrderState,
    Progress,
    Refusal,
    Request,
    Standing,
    Supervised,
    UnservedReason,
    WithdrawReason,
)
from practice_core.orders import commands as c
from practice_core.orders import events as e
from practice_core.units import MINUTE, is_identifier, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from practice_core.orders import Actor, LoopProfile
    from practice_core.testing.machine import Call
    from practice_core.testing.orders import Loop
    from practice_core.units import Duration, Instant, SiteId, TeamId

__all__ = ["REASONS", "Case", "Deed", "free_times", "refusals"]

_ADULT = 18
_MOST_NAMES = 16
_MOST_NEEDED = 10_000
_MOST_OFFERS = 100
_MOST_PRESENT = 1_000_000
_MOST_SERVED = 2_000


def free_times(
    standing: Standing | None, begin: Instant, end: Instant
) -> list[tuple[Instant, Instant]]:
    """Give the times between two instants at which a team serves no other order."""
    free = [(begin, end)] if begin < end else []
    for since, until in () if standing is None else standing.engaged:
        parts = [part for a, b in free for part in ((a, min(b, since)), (max(a, until), b))]
        free = [(a, b) for a, b in parts if a < b]
    return free


# ------------------------------------------------------------------ what is refused


@attrs.frozen
class Case:
    """A call on an order: one method for each refusal says whether it applies.

    Each may rely on those before it, in the order of `Refusal`, not applying, and on the command
    being one that `_CONCERNS` names for it.
    """

    world: Loop
    order: Any
    command: Any
    at: Instant
    by: Actor
    rule: Rule[OrderState] | None = attrs.field(init=False)

    @rule.default
    def _rule(self) -> Rule[OrderState] | None:
        """Give what the loop says of the command; None: nobody gives it there."""
        return self.profile.lifecycle.rule_of.get(type(self.command))

    def first(self) -> Refusal | None:
        """Give the first refusal that applies, or None."""
        for reason, applies in REASONS[type(self.command)]:
            if applies(self):
                return reason
        return None

    @property
    def profile(self) -> LoopProfile:
        """The loop's profile."""
        return self.world.profile

    @property
    def request(self) -> Request:
        """What was asked for."""
        request: Request = self.order.request
        return request

    @property
    def clocked(self) -> bool:
        """Whether a clock gives the command."""
        return self.by.role is Role.SYSTEM

    @property
    def teams(self) -> tuple[TeamId, ...]:
        """The teams that the command is about."""
        if self.given(c.OfferOrder):
            return tuple(self.command.teams)
        team = self.order.team or self.by.team
        return () if team is None else (team,)

    @property
    def known(self) -> list[Standing]:
        """What is known of them."""
        standings = self.world.standings
        return [standings[team] for team in self.teams if team in standings]

    def given(self, *commands: type) -> bool:
        """Tell whether the command is one of these."""
        return isinstance(self.command, commands)

    def unknown_order(self) -> bool:
        rule = self.rule or ORDER.rule_of[type(self.command)]
        return self.order is None and OrderState.ABSENT not in rule.sources

    def role(self) -> bool:
        return self.rule is None or self.by.role not in self.rule.roles

    def scope(self) -> bool:
        if self.order is None or self.by.role in {Role.OFFICER, Role.SYSTEM}:
            return False
        if self.by.role is not Role.TEAM:
            return self.by.id != self.request.placed_by
        offered = [offer.team for offer in self.order.offers]
        if self.order.state is OrderState.POOLED:
            return self.by.team is None or self.by.team in self.order.asked
        return self.by.team is None or self.by.team not in {*offered, self.order.team}

    def state(self) -> bool:
        state = OrderState.ABSENT if self.order is None else self.order.state
        return self.rule is None or state not in self.rule.sources

    def late(self) -> bool:
        order, latest, at = self.order, self.request.latest, self.at
        if self.given(c.EscalateOrder):
            return at >= latest and not self.clocked
        if self.given(c.OfferOrder, c.PostOrder, c.ReviewOrder, c.HandBackOrder, c.SplitOrder):
            return at >= latest
        if self.given(c.RecallOrder, c.PauseOrder):
            return at >= latest or bool(order.start is not None and at > order.start)
        if self.given(c.AcceptOffer, c.DeclineOffer):
            mine = [offer.until for offer in order.offers if offer.team == self.by.team]
            return bool(at > (mine or [order.due_at])[0])
        agreed = order.start is not None and self.given(c.AskOtherTime, c.WithdrawTeam)
        in_vain = self.given(c.WithdrawTeam) and self._found_nobody
        return bool(at > (order.start if agreed and not in_vain else order.due_at))

    @property
    def _found_nobody(self) -> bool:
        return bool(self.command.reason is WithdrawReason.NOBODY_THERE)

    def early(self) -> bool:  # noqa: PLR0911 - one for each kind of clock
        order, at = self.order, self.at
        if self.given(c.OfferOrder, c.PostOrder):
            days = self.profile.issue_days
            issued = bool(order.opening or order.attempts or order.asked)
            today = moment(at, offset=self.profile.calendar.offset).day
            return bool(days) and not issued and today not in days
        if self.given(c.StartService):
            return bool(at < order.start)
        if self.given(c.CloseOrder) and not self.clocked:
            silent = self.profile.call_back and not order.docket.called_back
            return silent and bool(at < order.due_at)
        if self.given(c.WithdrawTeam):
            return self._found_nobody and bool(order.start is None or at < order.start)
        if self.given(c.SuperviseOrder):
            return not any(watch.due_at <= at for watch in order.docket.watches)
        if self.given(c.ReportAbsence) and not self.clocked:
            return bool(at < (order.due_at if order.start is None else order.start))
        if self.given(c.GiveUpOrder):
            return self.clocked and at < self.request.latest
        if self.given(c.ExpireOffers):
            return bool(at < order.due_at)
        return self.clocked and bool(at < order.due_at)

    def invalid_request(self) -> bool:
        r, role, whom = self.command.request, self.by.role, self.command.request.for_whom
        names = [*r.conditions.skills, *r.conditions.qualifications, r.id, r.placed_by]
        names += [one for one in (whom, r.parent, r.host) if one is not None]
        return (
            not all(is_identifier(name) for name in names)
            or (self.order is not None and self._is_another_need())
            or (role is not Role.OFFICER and r.placed_by != self.by.id)
            or r.placed_at != self.at
            or r.latest <= self.at
            or r.earliest < 0
            or r.duration < 1
            or r.latest < r.earliest + r.duration * MINUTE
            or r.needed not in range(1, _MOST_NEEDED + 1)
            or not r.route
            or len(set(r.route)) < len(r.route)
            or (whom is None and role is Role.PROXY)
            or (whom is not None and role is Role.REQUESTER)
            or ({r.parent, r.host} != {None} and role is not Role.OFFICER)
            or r.parent == r.id
            or r.conditions.min_age < 0
            or len(r.conditions.skills) + len(r.conditions.qualifications) > _MOST_NAMES
        )

    def _is_another_need(self) -> bool:
        """Tell whether what is ordered is not what was collected, but for when and how much."""
        when = ("placed_at", "earliest", "latest", "needed", "duration", "requested_time")
        how = ("route", "host", "channel", "parent")
        kept = {name: getattr(self.request, name) for name in (*when, *how)}
        return bool(attrs.evolve(self.command.request, **kept) != self.request)

    def no_team(self) -> bool:
        named = all(is_identifier(team) for team in self.teams)
        return not named or not self.teams or len(set(self.teams)) < len(self.teams)

    def too_many(self) -> bool:
        most = _MOST_OFFERS if Mode.SEVERAL in self.profile.modes else 1
        return len(self.teams) + len(self.order.offers) > most

    def asked(self) -> bool:
        return not set(self.teams).isdisjoint(self.order.asked)

    def unknown_team(self) -> bool:
        unknown = [team for team in self.teams if team not in self.world.standings]
        if self.request.conditions != Conditions():
            return bool(unknown)
        return bool(self.profile.takers) and any(team != self.request.host for team in unknown)

    def not_taker(self) -> bool:
        takers = self.profile.takers
        guests = [one for one in self.known if one.team.id != self.request.host]
        return bool(takers) and any(one.level not in takers for one in guests)

    def category(self) -> bool:
        return any(self.request.category not in one.team.categories for one in self.known)

    def members(self) -> bool:
        guests = [one.team for one in self.known if one.team.id != self.request.host]
        return any(team.members < self.request.needed for team in guests)

    def age(self) -> bool:
        return any(one.team.youngest < self.request.conditions.min_age for one in self.known)

    def guardian(self) -> bool:
        minors = [one.team for one in self.known if one.team.youngest < _ADULT]
        return not all(team.guardians for team in minors)

    def skill(self) -> bool:
        return any(self.request.conditions.skills - one.team.skills for one in self.known)

    def qualification(self) -> bool:
        asked = self.request.conditions.qualifications
        return any(asked - one.team.qualifications for one in self.known)

    def insurance(self) -> bool:
        danger = self.request.conditions.danger
        return danger and not all(one.team.insured for one in self.known)

    def last_desk(self) -> bool:
        return self.at < self.request.latest and bool(self.order.holder == self.request.route[-1])

    def first_desk(self) -> bool:
        return bool(self.order.holder == self.request.route[0])

    def further_desk(self) -> bool:
        last = bool(self.order.holder == self.request.route[-1])
        held = self.order.state is not OrderState.COLLECTED
        return self.by.role is Role.OFFICER and held and not last

    def outside_window(self) -> bool:
        v, r = self.command, self.request
        too_short = v.end - v.start < r.duration * MINUTE
        return too_short or not max(self.at, r.earliest) <= v.start < v.end <= r.latest

    def double_booked(self) -> bool:
        r, v = self.request, self.command
        for one in self.known:
            if self.given(c.ScheduleService):
                return free_times(one, v.start, v.end) != [(v.start, v.end)]
            begin, length = max(self.at, r.earliest), r.duration * MINUTE
            serves = any(since < r.latest and begin < until for since, until in one.engaged)
            free = free_times(one, begin, r.latest)
            return serves and not any(until - since >= length for since, until in free)
        return False

    def invalid_value(self) -> bool:  # noqa: PLR0911 - one for each kind of number
        v = self.command
        match v:
            case c.OfferOrder() | c.PostOrder():
                return v.open_for < 1
            case c.StartService():
                return v.present not in range(1, _MOST_PRESENT + 1)
            case c.CompleteService():
                names = [one.volunteer for one in v.served]
                docket = self.order.docket
                longest = min(self.at - docket.started_at, 2 * docket.agreed)
                return (
                    not MINUTE <= v.minutes * MINUTE <= longest
                    or len(set(names)) < len(names)
                    or not all(map(is_identifier, names))
                    or not all(0 < one.minutes <= v.minutes for one in v.served)
                    or len(names) > min(docket.present, _MOST_SERVED)
                )
            case c.MergeNeed(other) | c.AbsorbNeed(other):
                return not is_identifier(other)
            case c.RateOrder() | c.AssessService() | c.CallBack():
                return v.score not in {1, 2, 3, 4, 5}
            case c.ReportAbsence():
                return v.present not in range(self.request.needed)
            case c.SplitOrder():
                return v.needed not in range(1, self.request.needed) or not is_identifier(v.child)
            case _:
                left = (self.profile.pause_within or 0) - self.order.docket.paused_for
                return not self.at < v.until <= self.at + left

    def no_consent(self) -> bool:
        return not self.command.consent

    def same_order(self) -> bool:
        match self.command:
            case c.MergeNeed(other) | c.AbsorbNeed(other) | c.SplitOrder(other):
                return bool(other == self.order.id)
        return False

    def repeated(self) -> bool:
        if self.given(c.AbsorbNeed):
            return self.command.need in self.order.docket.merged
        if self.given(c.HandBackOrder):
            return self.order.holder in self.order.docket.handed_back
        if self.given(c.CallBack):
            return bool(self.order.docket.called_back)
        return self.order.docket.assessment is not None


_TO_TEAMS = (c.OfferOrder, c.AcceptOffer)
_CONCERNS: Mapping[Refusal, Collection[type]] = {
    Refusal.UNKNOWN_ORDER: c.COMMANDS,
    Refusal.ROLE: c.COMMANDS,
    Refusal.SCOPE: c.COMMANDS,
    Refusal.STATE: c.COMMANDS,
    Refusal.LATE: (
        c.ReviewOrder,
        c.OfferOrder,
        c.PostOrder,
        c.AcceptOffer,
        c.DeclineOffer,
        c.EscalateOrder,
        c.HandBackOrder,
        c.RecallOrder,
        c.SplitOrder,
        c.PauseOrder,
        c.ScheduleService,
        c.AskOtherTime,
        c.WithdrawTeam,
        c.StartService,
        c.RateOrder,
        c.AssessService,
        c.ShowcaseOrder,
    ),
    Refusal.EARLY: (
        c.OfferOrder,
        c.PostOrder,
        c.ExpireOffers,
        c.EscalateOrder,
        c.ResumeOrder,
        c.SuperviseOrder,
        c.WithdrawTeam,
        c.ReportAbsence,
        c.StartService,
        c.CloseOrder,
        c.GiveUpOrder,
    ),
    Refusal.INVALID_REQUEST: (c.CollectNeed, c.PlaceOrder),
    Refusal.NO_TEAM: (c.OfferOrder,),
    Refusal.TOO_MANY: (c.OfferOrder,),
    Refusal.ASKED: (c.OfferOrder,),
    Refusal.UNKNOWN_TEAM: _TO_TEAMS,
    Refusal.NOT_TAKER: _TO_TEAMS,
    Refusal.CATEGORY: _TO_TEAMS,
    Refusal.MEMBERS: _TO_TEAMS,
    Refusal.AGE: _TO_TEAMS,
    Refusal.GUARDIAN: _TO_TEAMS,
    Refusal.SKILL: _TO_TEAMS,
    Refusal.QUALIFICATION: _TO_TEAMS,
    Refusal.INSURANCE: _TO_TEAMS,
    Refusal.LAST_DESK: (c.EscalateOrder,),
    Refusal.FIRST_DESK: (c.HandBackOrder,),
    Refusal.FURTHER_DESK: (c.GiveUpOrder,),
    Refusal.OUTSIDE_WINDOW: (c.ScheduleService, c.AskOtherTime),
    Refusal.DOUBLE_BOOKED: (c.AcceptOffer, c.ScheduleService),
    Refusal.INVALID_VALUE: (
        c.MergeNeed,
        c.AbsorbNeed,
        c.OfferOrder,
        c.PostOrder,
        c.SplitOrder,
        c.PauseOrder,
        c.ReportAbsence,
        c.StartService,
        c.CompleteService,
        c.RateOrder,
        c.AssessService,
        c.CallBack,
    ),
    Refusal.NO_CONSENT: (c.ShowcaseOrder,),
    Refusal.SAME_ORDER: (c.MergeNeed, c.AbsorbNeed, c.SplitOrder),
    Refusal.REPEATED: (c.AbsorbNeed, c.HandBackOrder, c.AssessService, c.CallBack),
}
"""The commands that may be refused for a reason."""
REASONS: Mapping[type, Sequence[tuple[Refusal, Callable[[Case], bool]]]] = {
    command: [(r, getattr(Case, r)) for r in Refusal if command in _CONCERNS[r]]
    for command in c.COMMANDS
}
"""Why a command may be refused, and when, in order of precedence."""


def refusals(
    lifecycle: Lifecycle[OrderState], profile: LoopProfile | None = None
) -> tuple[Refusal, ...]:
    """Give every refusal that some command may meet.

    Parameters
    ----------
    lifecycle
        In this lifecycle.
    profile
        Of this profile; None: of any that leaves the lifecycle as it is.
    """
    rules = lifecycle.rule_of
    never = {
        Refusal.NOT_TAKER: profile is not None and not profile.takers,
        Refusal.FURTHER_DESK: e.OrderEscalated not in {edge.event for edge in lifecycle.edges},
        # A call-back after which nothing more is to come is the last of an opening.
        Refusal.REPEATED: rules.keys() & {*_CONCERNS[Refusal.REPEATED], c.ShowcaseOrder}
        <= {c.CallBack},
    }
    return tuple(
        r for r in Refusal if not never.get(r, False) and not rules.keys().isdisjoint(_CONCERNS[r])
    )


# ------------------------------------------------------------------ what was done


_FAILED = (e.OrderReturned, e.TeamWithdrew, e.TeamAbsent, e.OrderReopened)
"""One more round has failed."""
_BACK = (e.OrderReturned, e.TeamWithdrew, e.TeamAbsent, e.OrderRecalled)
"""The order waits on its desk again."""
_ARRIVED = (e.OrderReviewed, e.OrderReopened, e.OrderEscalated, e.OrderHandedBack)
"""The order begins to wait on a desk."""
_COUNTS_FROM = {
    e.OrderPlaced: OrderState.PLACED,
    e.OrderReviewed: OrderState.REVIEWED,
    e.OfferAccepted: OrderState.ACCEPTED,
}
_STOPS: Mapping[type, Collection[Clock]] = {
    e.OrderReviewed: {Clock.REVIEW},
    e.TeamWithdrew: {Clock.CONTACT},
    e.TeamAbsent: {Clock.CONTACT},
    e.OrderRecalled: {Clock.CONTACT},
    e.OrderPaused: {Clock.CONTACT},
    e.ServiceStarted: {Clock.CONTACT, Clock.FEEDBACK},
    e.ServiceCompleted: {*Clock},
}
_TOLD = {Progress.CONTACTED: Clock.CONTACT, Progress.PLAN_TOLD: Clock.FEEDBACK}


@attrs.frozen
class Deed:
    """A call that was carried out: one method for each law asserts it.

    Parameters
    ----------
    world
        The loop.
    before, after
        The order; before its first event there is none.
    call
        The call.
    events
        What it yielded.
    """

    world: Loop
    before: Any
    call: Call
    events: Sequence[Any]
    after: Order

    def check(self) -> None:
        """Assert every law."""
        self.one_order()
        if self.before is not None:
            self.consent()
            self.desks()
            self.rounds()
            self.request()
            self.taken_back()
            self.resumed()
            self.redone()
            self.begun()
            self.closed()
            self.ended()
        self.deadlines()
        self.supervision()

    @property
    def profile(self) -> LoopProfile:
        """The loop's profile."""
        return self.world.profile

    def of(self, *kinds: type) -> list[Any]:
        """Give the events of these kinds."""
        return [event for event in self.events if isinstance(event, kinds)]

    def one_order(self) -> None:
        """Assert that every event is of this call, and that the order rests where somebody acts."""
        after, call = self.after, self.call
        version = (self.before.version if self.before else 0) + len(self.events)
        assert after.version == version, f"{after} should have version {version}"
        assert after.holder in self.world.route, f"{after.holder} is no desk of {self.world.route}"
        for event in self.events:
            assert event.order == after.id, f"{event} is about another order"
            assert (event.at, event.by) == (call.at, call.by.id), f"{event} is not of {call}"
        passed = self.profile.lifecycle.passed
        assert after.state not in passed, f"{after} rests in a state that is passed"

    def consent(self) -> None:
        """Assert that a team serves only by its own acceptance."""
        by, team = self.call.by, self.after.team
        if team is not None and team != self.before.team:
            forced = f"{team} serves, though it never accepted"
            assert isinstance(self.call.command, c.AcceptOffer), forced
            assert (by.role, by.team) == (Role.TEAM, team), forced

    def desks(self) -> None:
        """Assert that an order climbs one desk at most, and is handed back by one."""
        route = self.world.route
        steps = route.index(self.after.holder) - route.index(self.before.holder)
        if isinstance(self.call.command, c.HandBackOrder):
            assert steps == -1, f"handed back by {-steps} desks"
        else:
            assert steps in {0, 1}, f"escalated by {steps} desks"
        moved = len(self.of(e.OrderEscalated, e.OrderHandedBack))
        assert moved == abs(steps), f"{self.events} moved the order by {steps} desks"

    def rounds(self) -> None:
        """Assert that failed rounds are counted at each desk, and that the last moves it on."""
        before, at = self.before, self.call.at
        failed, moved = len(self.of(*_FAILED)), self.after.holder != before.holder
        rounds = 0 if moved else before.attempts + failed
        assert self.after.attempts == rounds, f"{self.after} should have {rounds} failed rounds"
        if failed and not self.of(e.OrderReopened):
            desk_due_at = before.docket.desk_due_at
            overdue = desk_due_at is not None and desk_due_at <= at
            spent = before.attempts + 1 >= self.profile.tries or overdue
            last = bool(before.holder == self.world.route[-1])
            ends = at >= before.request.latest or (spent and last)
            wrong = f"{self.after}: no try is left: {spent}, at the last desk: {last}"
            assert (self.after.state is OrderState.UNSERVED) is ends, wrong
            assert moved is (spent and not ends), wrong

    def request(self) -> None:
        """Assert that a redo, a pause or a split changes what was asked for, and nothing else."""
        if self.of(e.OrderPlaced):
            return
        fewer = sum(split.needed for split in self.of(e.OrderSplit))
        if isinstance(self.call.command, c.SplitOrder):
            asked = self.call.command.needed
            assert fewer == asked, f"the child asks for {asked}, this order for {fewer} fewer"
        told: dict[str, Any] = {"needed": self.before.request.needed - fewer}
        for event in self.of(e.OrderReopened):
            told |= {"earliest": event.at, "latest": event.latest}
        for event in self.of(e.OrderResumed):
            told |= {"latest": event.latest}
        request = attrs.evolve(self.before.request, **told)
        assert self.after.request == request, f"{self.after} should ask for {request}"

    def taken_back(self) -> None:
        """Assert that a recall or a pause leaves nobody who is asked, and frees no other team."""
        if not self.of(e.OrderRecalled, e.OrderPaused):
            return
        assert self.after.team is None, f"{self.after.team} still serves"
        assert not self.after.offers, f"{self.after.offers} are still open"
        released = {self.before.team, *(offer.team for offer in self.before.offers)}
        free = released if self.of(e.OrderPaused) else set()
        asked = tuple(team for team in self.before.asked if team not in free)
        assert self.after.asked == asked, f"{self.after} should have asked {asked}"

    def resumed(self) -> None:
        """Assert that a pause leaves of the window and its desk's clock what the loop says."""
        for event in self.of(e.OrderResumed):
            r, docket, at = self.before.request, self.before.docket, self.call.at
            rested = at - docket.paused_at
            since = r.placed_at if docket.since is None else docket.since
            latest, anew = r.latest, docket.desk_due_at is None
            due_at = latest if anew else docket.desk_due_at
            match self.profile.after_pause:
                case AfterPause.REMAINING:
                    latest, due_at = latest + rested, due_at + rested
                case AfterPause.RESTART:
                    latest, anew = at + latest - since, True
            due_at = self._arrived(self.before.holder, latest) if anew else min(due_at, latest)
            due_at = max(at, due_at)
            kept = f"{event} should leave a clock until {due_at} in a window until {latest}"
            assert (event.latest, event.due_at) == (latest, due_at), kept
            over = self.after.state is OrderState.UNSERVED
            assert over is (latest <= at), f"{self.after} goes on until {latest}"

    def redone(self) -> None:
        """Assert that the dissatisfied get a redo, as often as the loop gives one."""
        spoken = self.of(e.OrderRated, e.RequesterCalledBack)
        low = any(said.score < self.profile.satisfied_from for said in spoken)
        again = low and self.before.opening < self.profile.redos
        assert bool(self.of(e.OrderReopened)) is again, f"{self.events} should redo: {again}"
        assert self.after.opening == self.before.opening + again
        if again:
            higher = self.profile.redo_escalates and self.before.holder != self.world.route[-1]
            assert (self.after.holder != self.before.holder) is higher, "redone at another desk"

    def begun(self) -> None:
        """Assert that of a service is kept when it began, with how many, and what was agreed."""
        docket = self.before.docket
        kept = (docket.started_at, docket.present, docket.agreed)
        if self.of(e.OrderReopened):
            kept = (None, 0, 0)
        for event in self.of(e.ServiceStarted):
            assert event.present == self.call.command.present, f"{event} is not of {self.call}"
            kept = (event.at, event.present, self.before.due_at - self.before.start)
        docket = self.after.docket
        found = (docket.started_at, docket.present, docket.agreed)
        assert found == kept, f"{self.after} should have begun {kept}"

    def closed(self) -> None:
        """Assert that a rated order closes exactly when nothing more is to come."""
        if not self.of(e.OrderRated, e.RequesterCalledBack, e.ServiceAssessed):
            return
        docket, p = self.after.docket, self.profile
        more = (
            p.showcase is not None
            or (p.dual_rating and docket.assessment is None)
            or (p.call_back and not docket.called_back)
            or bool(self.of(e.OrderReopened))
        )
        rated = self.before.state is OrderState.RATED or not self.of(e.ServiceAssessed)
        closes = rated and not more
        assert (self.after.state is OrderState.CLOSED) is closes, f"{self.after} closes: {closes}"

    def ended(self) -> None:
        """Assert that an order that ends says why."""
        at, command = self.call.at, self.call.command
        for event in self.of(e.OrderUnserved):
            over = at >= self.after.request.latest
            why = UnservedReason.DUE if over else UnservedReason.TRIES
            if not self.before.asked and not self.of(*_FAILED):
                why = UnservedReason.NOBODY
            assert event.reason is why, f"{event} should say {why}"
        for event in self.of(e.OrderClosed):
            given = isinstance(command, c.CloseOrder)
            because = CloseReason.RATED
            if given and at >= self.before.due_at:
                because = CloseReason.WINDOW_OVER
            elif given or isinstance(command, c.CallBack):
                because = CloseReason.CALLED_BACK
            assert event.reason is because, f"{event} should say {because}"

    # -- clocks -----------------------------------------------------------------------------------

    def deadlines(self) -> None:
        """Assert that every clock runs as long as the loop says."""
        first = self.after if self.before is None else self.before
        holder, latest = first.holder, first.request.latest
        for event in self.events:
            match event:
                case e.OrderPlaced(request=request):
                    latest = request.latest
                case e.OrderReopened():
                    latest = self.profile.calendar.add_working(event.at, self.profile.redo_within)
                    assert event.latest == latest, f"{event} should end at {latest}"
                case e.OrderEscalated() | e.OrderHandedBack():
                    holder = event.holder
            due_at = self._due_at(event, holder, latest)
            told = event.until if hasattr(event, "until") else getattr(event, "due_at", None)
            wrong = f"{event} sets a clock that should run out at {due_at}"
            assert due_at is None or told == due_at, wrong

    def _due_at(  # noqa: PLR0911 - one for each kind of clock
        self, event: object, holder: SiteId, latest: Instant
    ) -> Instant | None:
        """Give when the clock runs out that an event sets; None: it says that itself."""
        p, at, command = self.profile, self.call.at, self.call.command
        match event:
            case e.OrderPlaced():
                return latest
            case e.OfferMade() | e.OrderPosted():
                open_for: Duration = min(command.open_for, p.offer_open)
                return min(at + open_for, latest)
            case e.OfferAccepted():
                return min(at + p.schedule_within, latest)
            case e.OrderPaused():
                return int(command.until)
            case e.ServiceCompleted():
                return at + p.rating_within
            case e.OrderRated() | e.RequesterCalledBack():
                others = p.rating_within if p.dual_rating or p.call_back else 0
                return at + (p.showcase or others)
            case e.OrderShowcased():
                return at + (p.showcase or 0)
        if isinstance(event, _BACK):
            held = self.before.docket.desk_due_at
            return latest if held is None else min(latest, max(at, held))
        return self._arrived(holder, latest) if isinstance(event, _ARRIVED) else None

    def _arrived(self, holder: SiteId, latest: Instant) -> Instant:
        """Give the clock of a desk from now on; the last one waits until the window is over."""
        within = self.profile.desk_within
        if within is None or holder == self.world.route[-1]:
            return latest
        return min(latest, self.call.at + within)

    def supervision(self) -> None:
        """Assert that supervised clocks start once, and stop when it is done or when told."""
        docket = self.before.docket if self.before else Docket()
        started: dict[Clock, Instant] = {}
        running = {watch.clock: watch.due_at for watch in docket.watches}
        for event in self.events:
            for clock in _STOPS.get(type(event), ()):
                running.pop(clock, None)
            match event:
                case e.ProgressReported():
                    running.pop(_TOLD[event.progress], None)
                case e.OrderSupervised():
                    due_at = running.pop(event.clock, event.at + 1)
                    assert due_at <= event.at, f"{event}: no such clock ran out"
                case e.OrderResumed():
                    running = self._rested(running)
                    goes_on = self.after.state not in ORDER.final
                    if self.profile.after_pause is not AfterPause.DEADLINE and goes_on:
                        started |= running
            started |= self._begun(event, {*running, *docket.overrun})
            running |= started
        told = {event.clock: event.due_at for event in self.of(e.ClockStarted)}
        assert told == started, f"{self.events} should start the clocks {started}"
        if self.of(e.OrderSupervised):
            over = [clock for clock, due_at in running.items() if due_at <= self.call.at]
            assert not over, f"{self.events} should also tell of {over}"
        if self.after.state in ORDER.final:
            running.clear()
        watches = {watch.clock: watch.due_at for watch in self.after.docket.watches}
        assert watches == running, f"{self.after} should run the clocks {running}"

    def _begun(self, event: object, before: Collection[Clock]) -> dict[Clock, Instant]:
        """Give the clocks that count from an event: each once, but one for each team's contact."""
        since = _COUNTS_FROM.get(type(event))
        ones = [one for one in self._supervised if one.since is since]
        return {
            one.clock: self._runs_out(one)
            for one in ones
            if one.clock is Clock.CONTACT or one.clock not in before
        }

    @property
    def _supervised(self) -> list[Supervised]:
        """What the loop says of each clock: of orders as pressing as this one, else of all."""
        own = self.after.request.priority
        fit = [one for one in self.profile.supervised if one.priority in {own, None}]
        kept = {one.clock: one for one in sorted(fit, key=lambda one: one.priority is not None)}
        return list(kept.values())

    def _runs_out(self, one: Supervised) -> Instant:
        at = self.call.at
        working = self.profile.calendar.add_working
        return working(at, one.within) if one.working else at + one.within

    def _rested(self, running: Mapping[Clock, Instant]) -> dict[Clock, Instant]:
        """Give what a pause leaves of the clocks under supervision."""
        if self.profile.after_pause is AfterPause.DEADLINE:
            return dict(running)
        kept = [one for one in self._supervised if one.clock in running]
        if self.profile.after_pause is AfterPause.RESTART:
            return {one.clock: self._runs_out(one) for one in kept}
        return {one.clock: self._goes_on(one, running[one.clock]) for one in kept}

    def _goes_on(self, one: Supervised, due_at: Instant) -> Instant:
        """Give when a clock runs out that has as much time left as before the pause."""
        at: Instant = self.call.at
        paused_at: Instant = self.before.docket.paused_at
        calendar = self.profile.calendar
        if one.working:
            return calendar.add_working(at, calendar.working_between(paused_at, due_at))
        return at + max(0, due_at - paused_at)
