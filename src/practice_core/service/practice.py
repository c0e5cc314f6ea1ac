"""One area running on one journal: authorised, idempotent, atomic, dispatching."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from practice_core.dispatch import Escalate, Offer, Post, Wait
from practice_core.errors import DefinitionError, Fault
from practice_core.honours import Selection
from practice_core.journal import (
    canonical,
    open_journal,
)
from practice_core.lifecycle import Role
from practice_core.orders import (
    ORDER,
    AbsorbNeed,
    Access,
    Actor,
    EscalateOrder,
    MergeNeed,
    OfferOrder,
    OrderEvent,
    PostOrder,
    Refusal,
    Refused,
    SplitOrder,
    consolidate,
    divide,
    may,
)
from practice_core.service.accounting import Accounting
from practice_core.service.carrying import own_id
from practice_core.service.contract import (
    Done,
    Due,
    InputRefused,
    Limits,
    UnlawfulDecision,
)
from practice_core.service.reading import Given
from practice_core.service.taking import NO_TEXTS
from practice_core.units import ActorId, CommandId, is_identifier

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self, TypeAlias

    from practice_core.areas import Area
    from practice_core.dispatch import Decision, Policy
    from practice_core.hierarchy import Hierarchy
    from practice_core.journal import Journal, TextId
    from practice_core.orders import Order, OrderCommand
    from practice_core.points import RuleSet
    from practice_core.service.books import Books
    from practice_core.units import Instant, OrderId
    from practice_core.volunteers import Team

    Changed: TypeAlias = tuple[Order, tuple[OrderEvent, ...]]

__all__ = ["Practice"]

T = TypeVar("T")

_SYSTEM = Actor(ActorId("system"), Role.SYSTEM)
_HALVES = (MergeNeed, AbsorbNeed, SplitOrder)
"""What is only ever done to several orders at once."""


class Practice(Accounting):
    """One area on one journal.

    It belongs to the thread that opened it, as its journal does. Any number may be open on one
    journal, in any number of processes: each sees what the others did before it does anything, and
    of two that meet one decides anew.

    Parameters
    ----------
    journal
        An open journal.
    area
        Whose loop, points rules and calendar hold.
    hierarchy
        Its sites.
    teams
        The teams that may be offered orders.
    seed
        Of the draws by which ties are broken and policies that use chance decide.
    limits
        How much is taken of anybody.
    selection
        How role models are chosen.
    earlier
        Earlier versions of the area's points rules: each holds until the next one does.

    Examples
    --------
    A resident orders; the center reviews it and lets the nearest team be asked.

    >>> from practice_core import Actor, Category, Request, RequestedTime, Role, Team, load_area
    >>> from practice_core.dispatch import policy
    >>> from practice_core.orders import PlaceOrder, ReviewOrder
    >>> from practice_core.units import DAY
    >>> area, free = load_area("wujiang"), (5, 5, 0) * 7
    >>> red = Team("red", "wj-s002", (Category.AID,), members=8, jobs_per_week=3, free=free)
    >>> practice = Practice.open("memory", area, teams=[red])
    >>> now, site = 1_583_110_800_000, "wj-s001"
    >>> request = Request(
    ...     id="o-1",
    ...     site=site,
    ...     category=Category.AID,
    ...     placed_by="resident-7",
    ...     placed_at=now,
    ...     earliest=now,
    ...     latest=now + 7 * DAY,
    ...     needed=2,
    ...     duration=60,
    ...     requested_time=RequestedTime.ANY,
    ...     route=practice.route(site),
    ... )
    >>> resident = Actor("resident-7", Role.REQUESTER)
    >>> done = practice.do("o-1", PlaceOrder(request), id="c-1", by=resident, at=now)
    >>> done.order.state.value
    'placed'
    >>> desk = Actor("officer-2", Role.OFFICER, site="wj")
    >>> _ = practice.do("o-1", ReviewOrder(), id="c-2", by=desk, at=now)
    >>> [
    ...     (one.decision.teams, one.order.state.value)
    ...     for one in practice.dispatch(policy("nearest"), at=now)
    ... ]
    [(('red',), 'offered')]

    Whoever gets no answer may give the same command again.

    >>> again = practice.do("o-1", PlaceOrder(request), id="c-1", by=resident, at=now + 5)
    >>> again == done
    True
    """

    def __init__(  # noqa: PLR0913 - what a practice is made of
        self,
        journal: Journal,
        area: Area,
        *,
        hierarchy: Hierarchy,
        teams: Sequence[Team] = (),
        seed: int = 0,
        limits: Limits = Limits(),  # noqa: B008 - a value that never changes
        selection: Selection = Selection(),  # noqa: B008 - as above
        earlier: Sequence[RuleSet] = (),
    ) -> None:
        super().__init__(
            journal,
            area,
            hierarchy=hierarchy,
            teams=teams,
            seed=seed,
            limits=limits,
            selection=selection,
            earlier=earlier,
        )
        _refuse_another_area(self.books, area, hierarchy)

    @classmethod
    def open(  # noqa: PLR0913 - as the class
        cls,
        journal: Journal | str | os.PathLike[str],
        area: Area,
        *,
        hierarchy: Hierarchy | None = None,
        teams: Sequence[Team] = (),
        seed: int = 0,
        limits: Limits = Limits(),  # noqa: B008 - a value that never changes
        selection: Selection = Selection(),  # noqa: B008 - as above
        earlier: Sequence[RuleSet] = (),
    ) -> Self:
        """Open a practice on a journal, or on the one at an address as of `open_journal`.

        Parameters
        ----------
        journal, area, teams, seed, limits, selection, earlier
            As for the class.
        hierarchy
            The area's sites; by default those that the area knows, or made-up ones.

        Raises
        ------
        DefinitionError
            If a team's home is no site, two teams share an id, or the journal is another area's.
        StoreError
            If the journal cannot be opened.
        """
        options: dict[str, Any] = {
            "hierarchy": hierarchy or area.hierarchy(),
            "teams": teams,
            "seed": seed,
            "limits": limits,
            "selection": selection,
            "earlier": earlier,
        }
        if not isinstance(journal, str | os.PathLike):
            return cls(journal, area, **options)
        opened = open_journal(journal)
        try:
            return cls(opened, area, **options)
        except BaseException:
            opened.close()
            raise

    # -- commands -------------------------------------------------------------------------------

    def do(  # noqa: PLR0913 - the contract's
        self,
        order: OrderId,
        command: OrderCommand,
        *,
        id: CommandId,  # noqa: A002 - the contract's word
        by: Actor,
        at: Instant,
        texts: Mapping[TextId, str] = NO_TEXTS,
    ) -> Done | Refused:
        """Carry out a command, or say why not; whatever it changes is written at once or not.

        Parameters
        ----------
        order
            The order it is given to.
        command
            What is asked. An order is placed, and a need collected, at `at`, whatever the request
            says; if it names nobody who places it, that is `by`, and if it names no desks, those
            that may hold it are filled in.
        id
            Of the command, made by the caller: given again it changes nothing, and gets the answer
            that it got when it was carried out. What was refused is decided anew.
        by
            Who asks; the caller has made sure that he is who he says.
        at
            When, in ms since the epoch.
        texts
            Free texts by ids of their own, kept where they can be erased.

        Returns
        -------
        Done or Refused

        Raises
        ------
        InputRefused
            If what was given is no command, or out of bounds.
        LimitReached
            If the actor has asked for more than `limits` takes of one.
        ClockWentBack
            If `at` lies before what has already happened to the order.
        CommandReused
            If another command was carried out under this id.
        AppendRefused
            If the id of a text was used before.
        Conflict
            If others were faster three times.
        StoreError
            If the journal fails; whether the command was carried out shows when it is given again.
        """
        given = self._taken([(order, command)], id, by, at, texts=texts)
        if isinstance(command, _HALVES):
            return Refused(type(command), Refusal.ROLE)
        return self._carry_out(given)

    def consolidate(
        self,
        into: OrderId,
        needs: Sequence[OrderId],
        *,
        id: CommandId,  # noqa: A002 - as `do`
        by: Actor,
        at: Instant,
    ) -> Done | Refused:
        """Let collected needs live on in one that is alike (统单): all of them or none.

        Raises
        ------
        InputRefused, LimitReached, ClockWentBack, CommandReused, Conflict, StoreError
            As for `do`.
        """
        needs = _listed(needs)
        deeds: list[tuple[OrderId, OrderCommand]] = [(into, AbsorbNeed(need)) for need in needs]
        deeds += [(need, MergeNeed(into)) for need in needs]
        given = self._taken(deeds, id, by, at)

        def plan() -> tuple[Changed, ...] | Refused:
            orders = self.books.orders
            found = [orders[key] for key, deed in given.deeds if isinstance(deed, MergeNeed)]
            return consolidate(orders[into], found, given.at, given.by, self.area.profile)

        if not needs or len(set(needs)) < len(needs):
            return Refused(MergeNeed, Refusal.INVALID_VALUE)
        return self._change(given, plan)

    def divide(
        self,
        order: OrderId,
        shares: Mapping[OrderId, int],
        *,
        id: CommandId,  # noqa: A002 - as `do`
        by: Actor,
        at: Instant,
    ) -> Done | Refused:
        """Let several teams serve an order: each share of its volunteers becomes an order.

        Raises
        ------
        InputRefused, LimitReached, ClockWentBack, CommandReused, Conflict, StoreError
            As for `do`.
        """
        pairs = sorted(_listed(getattr(shares, "items", list)()), key=str)
        given = self._taken(
            [(order, SplitOrder(child, needed)) for child, needed in pairs], id, by, at
        )

        def plan() -> tuple[Changed, ...] | Refused:
            parts = [deed for _, deed in given.deeds if isinstance(deed, SplitOrder)]
            known = self.books.orders
            if any(part.child in known for part in parts):
                return Refused(SplitOrder, Refusal.INVALID_VALUE)
            exact = {part.child: part.needed for part in parts}
            return divide(known[order], exact, given.at, given.by, self.area.profile)

        if not pairs:
            return Refused(SplitOrder, Refusal.INVALID_VALUE)
        return self._change(given, plan)

    # -- clocks ---------------------------------------------------------------------------------

    def due(self, at: Instant) -> tuple[Due, ...]:
        """Give every clock that has run out, the first one first."""
        self.catch_up()
        return tuple(self.books.due(at))

    def next_tick(self) -> Instant | None:
        """Give when there is next something to `tick`, if nobody does anything; None: nothing."""
        self.catch_up()
        return self.books.next_due_at()

    def tick(self, at: Instant, *, orders: Collection[OrderId] | None = None) -> tuple[Done, ...]:
        """Do what every clock that has run out demands, until none has.

        A platform calls it every minute or so, from one process or from several. An order that
        lies ahead of `at` by more than the limits allow waits until this clock has caught up.

        Parameters
        ----------
        at
            Now.
        orders
            Only of these; all if None.
        """
        done: list[Done] = []
        idle: set[tuple[OrderId, int]] = set()
        while True:
            again = False
            for due in self.due(at):
                version = self.books.orders[due.order].version
                if (due.order, version) in idle or (orders is not None and due.order not in orders):
                    continue
                idle.add((due.order, version))
                name = own_id("clock", due.order, version, type(due.command).__name__)
                deeds = [(due.order, due.command)]
                answer = self._unasked(Given(deeds, name, _SYSTEM, at, NO_TEXTS))
                if answer is not None:
                    done.append(answer)
                    again = True
            if not again:
                return tuple(done)

    # -- dispatching ----------------------------------------------------------------------------

    def dispatch(
        self, policy: Policy, *, at: Instant, orders: Collection[OrderId] | None = None
    ) -> tuple[Done, ...]:
        """Let a policy decide about orders that wait on a desk, and do what it decides.

        A policy without a period is asked about each order that it has not been asked about since
        something happened to it, that it wanted to look at again by now, or that a team has become
        free for; one with a period about all of them, whenever this is called. No order is asked
        about whose clock has run out (`tick` first), or that the loop does not issue now.

        Parameters
        ----------
        policy
            Of the library, or any other: it sees a `View` and answers with decisions.
        at
            Now. When teams may be disturbed is the platform's to say: by calling this then.
        orders
            Only about these; all that wait if None.

        Returns
        -------
        tuple of Done
            What was done, each with its decision; to wait is nothing to do.

        Raises
        ------
        UnlawfulDecision
            If it decides what the law forbids: nothing of what it decided with it is done. Orders
            that it was asked about singly are dispatched first; the error holds what was done.
        """
        self.catch_up()
        desk, books = self._desk, self.books
        desk.look(at, books)
        asked = [
            order.id
            for order in books.waiting().values()
            if (orders is None or order.id in orders) and desk.is_open(policy, order, at)
        ]
        done: list[Done] = []
        unlawful: UnlawfulDecision | None = None
        for keys in [asked] if policy.period else [[key] for key in asked]:
            # What was done about the first may have shown what others did to those that follow.
            desk.look(at, books)
            some = [books.orders[key] for key in keys if self._waits(key, at)]
            try:
                if some:
                    done += self._decided(desk.choose(policy, some, at), some, at)
            except UnlawfulDecision as error:
                desk.set_aside([order.id for order in some], at)
                unlawful = error
        if unlawful is not None:
            raise UnlawfulDecision(unlawful.order, unlawful.command, unlawful.why, done)
        return tuple(done)

    def _waits(self, order: OrderId, at: Instant) -> bool:
        """Tell whether an order still waits, and is not ahead of a clock that went back."""
        last, _ = self.books.under_way.get(order, (at, 0))
        return self.books.is_waiting(order) and at >= last - self.limits.backwards

    def next_dispatch(self, policy: Policy, at: Instant) -> Instant | None:
        """Give when a policy without a period next wants to be asked, if nobody does anything.

        Parameters
        ----------
        policy
            Which; one with a period wants to be asked every so often.
        at
            Now: orders that it may be asked about now give this.

        Returns
        -------
        Instant or None
            None if no order waits, or the policy has a period.
        """
        self.catch_up()
        wanted = () if policy.period else self._desk.asks_at(self.books.waiting(), at)
        return min(wanted, default=None)

    def _decided(
        self, decisions: Sequence[Decision], asked: Sequence[Order], at: Instant
    ) -> Iterator[Done]:
        """Carry out decisions, after a look at all of them."""
        by_id = {order.id: order for order in asked}
        plans = []
        for decision in decisions:
            order = by_id[decision.order]
            if isinstance(decision, Wait):
                continue
            command = _command_of(decision)
            officer = Actor(ActorId(order.holder), Role.OFFICER, site=order.holder)
            self._desk.refuse_unlawful(decision, order, at)
            expected = self._stepped(order.id, command, officer, at)
            if isinstance(expected, Refused):
                name = type(command).__name__
                raise UnlawfulDecision(order.id, name, f"refused: {expected.reason}")
            plans.append((decision, order, command, officer))
        for decision, order, command, officer in plans:
            said = canonical([type(decision).__name__, attrs.astuple(decision)]).decode()
            own = own_id("dispatch", order.id, order.version, said)
            answer = self._unasked(Given([(order.id, command)], own, officer, at, NO_TEXTS))
            if answer is not None:
                yield attrs.evolve(answer, decision=decision)

    # -- texts ----------------------------------------------------------------------------------

    def text(self, key: TextId, *, by: Actor) -> str | None:
        """Give a free text to somebody who may read its order; None if it is erased or not his."""
        order = self._with_text(key, by, Access.READ)
        return None if order is None else self.journal.text(key)

    def erase_text(self, key: TextId, *, by: Actor) -> bool:
        """Remove a free text for good; tell whether the actor may.

        Whoever placed its order may, and the officers in charge of the desk that holds it.
        """
        order = self._with_text(key, by, Access.COMMAND)
        if order is None or by.role in {Role.TEAM, Role.SYSTEM}:
            return False
        self.journal.erase_text(key)
        return True

    def _with_text(self, key: TextId, by: Actor, least: Access) -> Order | None:
        self.catch_up()
        owner = self.books.text_of(key) if is_identifier(key) else None
        order = None if owner is None else self.books.orders.get(owner)
        if order is None or may(by, order, self.hierarchy) < least:
            return None
        # What is posted to the pool any team may read, but where to go only who was asked.
        asked = by.team == order.team or any(offer.team == by.team for offer in order.offers)
        return order if by.role is not Role.TEAM or asked else None

    # -- the rest -------------------------------------------------------------------------------

    def keep(self) -> None:
        """Keep a snapshot beside the journal, so that the next opening reads less."""
        self.catch_up()
        self._projected.keep()

    def close(self) -> None:
        """Close the journal's handle; once more does nothing."""
        self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _command_of(decision: Decision) -> OrderCommand:
    if isinstance(decision, Offer):
        return OfferOrder(decision.teams, decision.open_for)
    if isinstance(decision, Post):
        return PostOrder(decision.open_for)
    assert isinstance(decision, Escalate)  # noqa: S101 - the last kind there is
    return EscalateOrder()


def _refuse_another_area(books: Books, area: Area, hierarchy: Hierarchy) -> None:
    """Refuse a journal with orders under way that this area or its loop does not have."""
    strange: list[Fault] = []
    allowed = area.profile.lifecycle.allowed
    for (site, state), count in sorted(books.counts.items()):
        if not count or state in ORDER.final:
            continue
        place = f"orders under way at {site}, {state}: {count}"
        if site not in hierarchy:
            remedy = "open the journal with its own area"
            strange.append(Fault(place, f"site {site}", f"a site of {area.id}", remedy))
        if not any(allowed(state, role) for role in Role):
            remedy = "let the old loop bring them to their ends first"
            strange.append(
                Fault(
                    place,
                    str(state),
                    f"a state in which the loop {area.profile.name} goes on",
                    remedy,
                )
            )
    if strange:
        raise DefinitionError("journal", strange[:20])


def _listed(values: Iterable[T]) -> list[T]:
    try:
        return list(values)
    except TypeError as error:
        fault = Fault("orders", type(values).__name__, "several orders", "give a list of them")
        raise InputRefused("command", [fault]) from error
