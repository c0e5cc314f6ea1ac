"""A local loop as data: which steps are public, how long each may take, which desks it climbs."""

from __future__ import annotations

import datetime as dt
import enum
from functools import cache, partial
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault, did_you_mean
from practice_core.hierarchy import Level  # noqa: TC001 - cattrs reads the fields' types
from practice_core.lifecycle import AfterPause, Lifecycle, Role, Rule
from practice_core.orders import commands as c
from practice_core.orders import events as e
from practice_core.orders.commands import COMMANDS
from practice_core.orders.loop import ORDER
from practice_core.orders.model import Clock, OrderState, Priority
from practice_core.units import DAY, Calendar, Duration, SiteId, moment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from practice_core.hierarchy import Hierarchy
    from practice_core.orders.model import Order
    from practice_core.terms import Category, Lang
    from practice_core.units import Instant

__all__ = ["Desk", "Links", "LoopProfile", "Mode", "Step", "Supervised"]

_DAYS = range(1, 29)
"""Days that every month has."""
_LONGEST_MONTH = 31 * DAY


class Desk(enum.StrEnum):
    """A kind of desk that may hold an order; those of the tree are called as its levels are."""

    SPOT = "spot"
    STATION = "station"
    INSTITUTE = "institute"
    CENTER = "center"
    SECTOR = "sector"
    """The sub-center of the order's sector (行业分中心)."""
    PAIRED = "paired"
    """The unit paired with the site (结对共建)."""
    ALLIED = "allied"
    """The centers of allied areas (联盟)."""
    FALLBACK = "fallback"
    """Whoever serves what nobody else does (兜底)."""


class Mode(enum.StrEnum):
    """How an order may get to a team; none of them is more than an offer."""

    DIRECTED = "directed"
    """To one team at a time (指令性派单)."""
    SEVERAL = "several"
    """To several teams at once."""
    POOL = "pool"
    """To the open pool (抢单)."""


@attrs.frozen
class Links:
    """The desks of an area that its tree does not hold.

    Parameters
    ----------
    sectors
        The sub-center of each category that has one.
    paired
        The unit paired with a site.
    allied
        The centers of allied areas, first to last.
    fallback
        Whoever serves what nobody else does.
    """

    sectors: Mapping[Category, SiteId] = attrs.field(factory=dict, hash=False)
    paired: Mapping[SiteId, SiteId] = attrs.field(factory=dict, hash=False)
    allied: tuple[SiteId, ...] = ()
    fallback: SiteId | None = None

    def desks(
        self, desk: Desk, chain: Iterable[SiteId], category: Category | None
    ) -> tuple[SiteId, ...]:
        """Give the desks of a kind, for a site with this chain and an order of this category."""
        match desk:
            case Desk.SECTOR:
                found = self.sectors.get(category) if category else None
            case Desk.PAIRED:
                found = next((self.paired[s] for s in chain if s in self.paired), None)
            case Desk.FALLBACK:
                found = self.fallback
            case _:
                return self.allied
        return () if found is None else (found,)


NO_LINKS = Links()


def _tuple(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


def _roles(names: Iterable[Role]) -> tuple[Role, ...]:
    return tuple(names)


@attrs.frozen
class Step:
    """A step as the area's people know it.

    Parameters
    ----------
    zh, en
        Its local name.
    commands
        The commands that take it, by class name.
    by
        Who alone takes it here; empty: whoever the law lets.
    """

    zh: str
    en: str
    commands: tuple[str, ...] = attrs.field(converter=_tuple)
    by: tuple[Role, ...] = attrs.field(converter=_roles, default=())

    def name(self, lang: Lang = "en") -> str:
        """Give its local name."""
        return self.zh if lang == "zh" else self.en


@attrs.frozen
class Supervised:
    """A clock under supervision: what is done later than `within` is told to the desk (督单).

    Parameters
    ----------
    clock
        What should be done.
    since
        From where the time counts: ``placed``, ``reviewed`` or ``accepted``.
    within
        How long it may take.
    working
        Whether only working time counts.
    priority
        Of orders of this priority only; None: of all.
    """

    clock: Clock
    since: OrderState
    within: Duration
    working: bool = False
    priority: Priority | None = None


@attrs.frozen(kw_only=True)
class LoopProfile:
    """The law of one area's loop: after its tries or its clock, `decide` itself moves the order on.

    A profile narrows the lifecycle of all orders and never adds to it (docs/adr/0009).

    Parameters
    ----------
    name
        Of the loop.
    steps
        The public steps, in order.
    calendar
        Working time, for the clocks that count in it.
    chain
        The kinds of desks that may hold an order, first to last.
    tries
        Failed rounds at one desk before the order moves on, at least 1.
    review_within
        Working time in which a desk should review, reported and not enforced (a supervised clock
        tells of it); None: an order needs no review.
    offer_open
        The longest an offer or a posting stays open.
    schedule_within
        How long a team that accepted may take to agree on a time.
    desk_within
        How long one desk may hold a reviewed order before it escalates; None: no such clock.
    rating_within
        How long a served order waits for its rating, and a rated one for what else is said of it.
    satisfied_from
        The lowest score, 1 to 5, that counts as satisfied.
    redos
        How often a dissatisfied requester gets a redo.
    redo_within
        Working time for a redo.
    showcase
        Whether results are shown, and how long a rated order waits for it; None: no such step.
    collects
        Whether needs are collected and merged before they become orders.
    modes
        How an order may get to a team.
    takers
        The levels at which a team that serves must be at home, if it is not the order's own host;
        empty: any.
    issue_days
        The local days of a month on which orders are first offered or posted; empty: any day.
    supervised
        The clocks under supervision.
    dual_rating
        Whether those who served also say how it went, before the order closes.
    call_back
        Whether the desk asks every requester, before the order closes.
    redo_escalates
        Whether a redo begins at the next desk.
    pause_within
        The longest an order may rest; None: it may not.
    after_pause
        What becomes of its clocks then.

    Attributes
    ----------
    lifecycle : Lifecycle
        What the profile leaves of the lifecycle of all orders.

    Raises
    ------
    DefinitionError
        With every fault of the profile.
    """

    name: str
    steps: tuple[Step, ...]
    calendar: Calendar
    chain: tuple[Desk, ...]
    tries: int
    review_within: Duration | None
    offer_open: Duration
    schedule_within: Duration
    desk_within: Duration | None
    rating_within: Duration
    satisfied_from: int
    redos: int
    redo_within: Duration
    showcase: Duration | None
    collects: bool = True
    modes: tuple[Mode, ...] = tuple(Mode)
    takers: tuple[Level, ...] = ()
    issue_days: tuple[int, ...] = ()
    supervised: tuple[Supervised, ...] = ()
    dual_rating: bool = False
    call_back: bool = False
    redo_escalates: bool = False
    pause_within: Duration | None = 30 * DAY
    after_pause: AfterPause = AfterPause.REMAINING
    lifecycle: Lifecycle[OrderState] = attrs.field(init=False, repr=False, eq=False)
    rules: Mapping[type, Rule[OrderState]] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        faults = list(self._faults())
        if not faults:
            lifecycle = _narrowed(self._without, self._passed, self._roles)
            object.__setattr__(self, "lifecycle", lifecycle)
            object.__setattr__(self, "rules", lifecycle.rule_of)
            faults += self._loop_faults()
        if faults:
            raise DefinitionError(self._subject, faults)

    def __reduce__(self) -> tuple[partial[LoopProfile], tuple[()]]:
        # What is derived is derived again wherever a profile is carried to.
        given = [field.name for field in attrs.fields(LoopProfile) if field.init]
        return partial(LoopProfile, **{name: getattr(self, name) for name in given}), ()

    @property
    def _subject(self) -> str:
        return f"loop profile {self.name}"

    def route(
        self,
        site: SiteId,
        hierarchy: Hierarchy,
        *,
        category: Category | None = None,
        links: Links = NO_LINKS,
    ) -> tuple[SiteId, ...]:
        """Give the desks that may hold an order for `site`: its chain, as far as there are such.

        Parameters
        ----------
        site
            Where the service is wanted.
        hierarchy
            The area's tree.
        category
            Of the order: it may have a sector's desk.
        links
            The area's desks beyond its tree.

        Raises
        ------
        DefinitionError
            If the site has no desk of the profile's chain.
        """
        above = hierarchy.chain(site)
        by_level = {hierarchy.site(s).level.value: s for s in above}
        route: dict[SiteId, None] = {}
        for desk in self.chain:
            if desk not in _LEVELS:
                route |= dict.fromkeys(links.desks(desk, above, category))
            elif desk in by_level:
                route[by_level[desk]] = None
        if not route:
            expected = f"one of {', '.join(self.chain)} at or above it"
            fault = Fault(f"site {site}", "no desk", expected, "mend the chain")
            raise DefinitionError(self._subject, (fault,))
        return tuple(route)

    def issues(self, at: Instant) -> bool:
        """Tell whether orders are offered and posted on the local day of an instant."""
        if not self.issue_days:
            return True
        return moment(at, offset=self.calendar.offset).day in self.issue_days

    def may_ask(self, order: Order, at: Instant) -> bool:
        """Tell whether an order may be offered or posted: once it was issued, on any day."""
        issued = order.opening or order.attempts or order.asked
        return bool(issued) or self.issues(at)

    def next_issue(self, at: Instant) -> Instant:
        """Give the first instant, from `at` on, at which orders are offered and posted."""
        today = moment(at, offset=self.calendar.offset)
        midnight = at - (at + self.calendar.offset) % DAY
        for days in range(32):
            if (today + dt.timedelta(days=days)).day in self.issue_days:
                return max(at, midnight + days * DAY)
        return at

    def lacking(self, desks: Collection[Desk]) -> tuple[Desk, ...]:
        """Give the desks of the chain that are not among those that an area has."""
        return tuple(desk for desk in self.chain if desk not in desks)

    def roles_of(self, step: Step) -> tuple[Role, ...]:
        """Give who takes a step in this loop; the system only what nobody else does."""
        may = frozenset(step.by) or frozenset(
            role for name in step.commands for role in self.rules[_COMMANDS[name]].roles
        )
        return tuple(role for role in Role if role in (may - _SYSTEM or may))

    # -- what the profile leaves of the lifecycle -------------------------------------------------

    @property
    def _without(self) -> frozenset[type | tuple[OrderState, type]]:
        """The commands that nobody gives in this loop, and the events that do not happen."""
        one_desk = len(self.chain) == 1 and self.chain != (Desk.ALLIED,)
        since = {one.since for one in self.supervised}
        if self.pause_within is not None and self.after_pause is not AfterPause.DEADLINE:
            since |= {OrderState.REVIEWED for one in self.supervised if one.clock in _OUTLIVES}
        left_out: list[tuple[bool, tuple[type, ...]]] = [
            (not self.collects, (c.CollectNeed, c.MergeNeed, c.AbsorbNeed)),
            (self.review_within is None, (c.ReviewOrder, c.RejectOrder)),
            (not {Mode.DIRECTED, Mode.SEVERAL} & {*self.modes}, (c.OfferOrder,)),
            (Mode.POOL not in self.modes, (c.PostOrder,)),
            (one_desk, (c.HandBackOrder, e.OrderEscalated)),
            (self.redos == 0 or self.satisfied_from == 1, (e.OrderReopened,)),
            (self.showcase is None, (c.ShowcaseOrder,)),
            (not self.dual_rating, (c.AssessService,)),
            (not self.call_back, (c.CallBack,)),
            (self.pause_within is None, (c.PauseOrder,)),
        ]
        supervised = {state for one in self.supervised for state in _runs_in(one)}
        unseen = {(s, e.OrderSupervised) for s in OrderState if s not in supervised}
        unset = {(s, e.ClockStarted) for s in OrderState if s not in since}
        further = set() if Mode.SEVERAL in self.modes else {(OrderState.OFFERED, e.OfferMade)}
        never = frozenset(one for absent, names in left_out if absent for one in names)
        return never | unseen | unset | further

    @property
    def _passed(self) -> frozenset[OrderState]:
        found = set()
        if self.review_within is None:
            found.add(OrderState.PLACED)
        if self.showcase is None and not self.dual_rating and not self.call_back:
            found.add(OrderState.RATED)
        return frozenset(found)

    @property
    def _roles(self) -> frozenset[tuple[type, frozenset[Role]]]:
        """Who alone gives a command: those whom any of its steps names, and the system's clocks."""
        only: dict[type, frozenset[Role]] = {}
        for step in self.steps:
            for name in step.commands if step.by else ():
                command = _COMMANDS[name]
                only[command] = only.get(command, _SYSTEM) | frozenset(step.by)
        return frozenset(only.items())

    # -- faults -----------------------------------------------------------------------------------

    def _fault(self, key: str, found: object, expected: str, remedy: str = "") -> Fault:
        shown = found if isinstance(found, str) and remedy else repr(found)
        name = key.partition("[")[0].partition(".")[0]
        return Fault(f"{self.name}.{key}", str(shown), expected, remedy or f"change {name}")

    def _faults(self) -> Iterable[Fault]:
        clocks = ("review_within", "offer_open", "schedule_within", "rating_within", "redo_within")
        for key in (*clocks, "desk_within", "showcase", "pause_within"):
            length = getattr(self, key)
            if length is not None and length <= 0:
                yield self._fault(key, length, "more than 0 ms")
        for key, things in (("chain", "desks"), ("modes", "modes")):
            if not getattr(self, key):
                yield self._fault(key, "nothing", f"one or more {things}", f"change {key}")
        for key in ("chain", "modes", "takers", "issue_days"):
            several = getattr(self, key)
            if len(set(several)) != len(several):
                yield self._fault(key, _listed(several), "each once", f"change {key}")
        yield from self._number_faults()
        if not self.steps:
            yield self._fault("steps", "nothing", "at least one public step", "change steps")
        yield from self._step_faults()
        yield from self._supervision_faults()

    def _number_faults(self) -> Iterable[Fault]:
        if self.tries < 1:
            yield self._fault("tries", self.tries, "at least 1")
        if not 1 <= self.satisfied_from <= 5:  # noqa: PLR2004 - the scores
            yield self._fault("satisfied_from", self.satisfied_from, "1 to 5")
        if self.redos < 0:
            yield self._fault("redos", self.redos, "0 or more")
        if not {*self.issue_days} <= {*_DAYS}:
            found, expected = _listed(self.issue_days), "days 1 to 28 of a month"
            yield self._fault("issue_days", found, expected, "change issue_days")
        if self.issue_days and self.desk_within is not None and self.desk_within < _LONGEST_MONTH:
            expected = "31 days or more, as orders are issued monthly"
            yield self._fault("desk_within", self.desk_within, expected)

    def _step_faults(self) -> Iterable[Fault]:
        for n, step in enumerate(self.steps):
            key = f"steps[{n}]"
            if not step.commands:
                yield self._fault(f"{key}.commands", step.commands, "one or more commands")
            for name in step.commands:
                if name not in _COMMANDS:
                    meant = did_you_mean(name, sorted(_COMMANDS))
                    remedy = f"{meant}change steps"
                    yield self._fault(
                        f"{key}.commands", repr(name), "the class of a command", remedy
                    )
                    continue
                roles = ORDER.rule_of[_COMMANDS[name]].roles - _SYSTEM
                for role in step.by:
                    if role not in roles:
                        able = ", ".join(r for r in Role if r in roles)
                        expected = f"who may give {name}: {able or 'nobody but the system'}"
                        yield self._fault(f"{key}.by", repr(role.value), expected, "change steps")

    def _supervision_faults(self) -> Iterable[Fault]:
        for n, one in enumerate(self.supervised):
            key = f"supervised[{n}]"
            if one.within <= 0:
                yield self._fault(f"{key}.within", one.within, "more than 0 ms")
            if one.since not in _SINCE[one.clock]:
                expected = f"one of {', '.join(_SINCE[one.clock])}"
                yield self._fault(f"{key}.since", repr(one.since.value), expected, "change since")
        if self.review_within is None and any(s.clock is Clock.REVIEW for s in self.supervised):
            found, expected = "a clock of reviews, and no review", "a review step"
            yield self._fault(
                "supervised", found, expected, "give review_within, or drop the clock"
            )
        kinds = [(one.clock, one.priority) for one in self.supervised]
        if len(set(kinds)) < len(kinds):
            found, expected = "a clock twice", "one for each clock and priority"
            yield self._fault("supervised", found, expected, "remove one of the two")

    def _loop_faults(self) -> Iterable[Fault]:
        """Find what a loop, though well written, would never do."""
        state = OrderState.IN_SERVICE  # no clock runs there
        if state in self.lifecycle.states and not self.lifecycle.allowed(state, Role.OFFICER):
            found = f"an order that is {state}, with no officer who could end it"
            yield self._fault("steps", found, "one for some step from there", "let an officer act")
        if OrderState.SERVED not in self.lifecycle.states:
            found, expected = "no order is ever served", "somebody for each step to service"
            yield self._fault("steps", found, expected, "let a team accept and serve")
        for n, step in enumerate(self.steps):
            for name in step.commands:
                if _COMMANDS[name] not in self.rules:
                    found, expected = f"{name}, which this loop leaves out", "a command of the loop"
                    remedy = "drop it, or give the loop what it takes"
                    yield self._fault(f"steps[{n}].commands", found, expected, remedy)


def _listed(things: Iterable[object]) -> str:
    return ", ".join(map(str, things))


_COMMANDS: Mapping[str, type] = {command.__name__: command for command in COMMANDS}
_LEVELS = frozenset({Desk.SPOT, Desk.STATION, Desk.INSTITUTE, Desk.CENTER})
_SYSTEM = frozenset({Role.SYSTEM})
_SINCE = {
    Clock.REVIEW: (OrderState.PLACED,),
    Clock.CONTACT: (OrderState.ACCEPTED,),
    Clock.FEEDBACK: (OrderState.PLACED, OrderState.REVIEWED, OrderState.ACCEPTED),
    Clock.COMPLETION: (OrderState.PLACED, OrderState.REVIEWED, OrderState.ACCEPTED),
}
_OUTLIVES = frozenset({Clock.FEEDBACK, Clock.COMPLETION})
"""Clocks that outlive the team that accepted: they run when a pause begins, and after it."""


_WAITING = (OrderState.REVIEWED, OrderState.OFFERED, OrderState.POOLED)
_AGREED = (OrderState.ACCEPTED, OrderState.SCHEDULED)


def _runs_in(one: Supervised) -> tuple[OrderState, ...]:
    """Give the states in which a clock may run out: it outlives the team that accepted."""
    match one.clock:
        case Clock.REVIEW:
            return (OrderState.PLACED,)
        case Clock.CONTACT:
            return _AGREED
        case _:
            first = (OrderState.PLACED,) if one.since is OrderState.PLACED else ()
            last = (OrderState.IN_SERVICE,) if one.clock is Clock.COMPLETION else ()
            return (*first, *_WAITING, *_AGREED, *last)


@cache
def _narrowed(
    without: frozenset[type | tuple[OrderState, type]],
    passed: frozenset[OrderState],
    roles: frozenset[tuple[type, frozenset[Role]]],
) -> Lifecycle[OrderState]:
    return ORDER.narrowed(ORDER.name, without=without, passed=passed, roles=dict(roles))
