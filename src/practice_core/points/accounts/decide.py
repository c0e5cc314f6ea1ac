"""Commands to accounts and to the shop: refused with the first reason, or turned into events.

The caller gives what is to be known of accounts, of items and of orders (`Counter`), and says who
acts. Whatever a command changes, in however many accounts and items, comes as events to be written
at once. Nothing else is touched but the passbooks given: they go along with the events.
"""

from __future__ import annotations

from collections import ChainMap
from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from practice_core.lifecycle import Refused, Role
from practice_core.points.accounts import commands as c
from practice_core.points.accounts import events as e
from practice_core.points.accounts.merits import had_by, merits
from practice_core.points.accounts.model import (
    AREA_ACCOUNTS,
    OWN_ACCOUNTS,
    AwardState,
    Item,
    ItemKind,
    Redemption,
    RedemptionState,
)
from practice_core.points.accounts.redemption import OWNERS
from practice_core.points.accounts.refusals import PointsRefusal as R
from practice_core.points.earning import Award, OccasionRecord, award
from practice_core.points.honouring import entitlements
from practice_core.points.ledger import LIMIT, AccountKind
from practice_core.points.redeem import Barrier, barriers, expires
from practice_core.points.rules import Occasion, Passing
from practice_core.units import DAY, AccountId, ActorId, VolunteerId, is_identifier, value
from practice_core.volunteers import ServiceRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from practice_core.lifecycle import Actor
    from practice_core.points.accounts.commands import AccountCommand
    from practice_core.points.accounts.events import AccountEvent, ItemEvent
    from practice_core.points.accounts.passbook import Awarded, Passbook
    from practice_core.points.rules import RuleSet
    from practice_core.terms import Category
    from practice_core.units import Instant, ItemId, Minutes, OrderId, RedemptionId, SiteId
    from practice_core.volunteers import ServiceRecorded

    Events: TypeAlias = tuple[AccountEvent | ItemEvent, ...]

__all__ = ["Asked", "Counter", "awarded", "charged", "decide", "ended", "expired", "served"]

POOL = AREA_ACCOUNTS[AccountKind.DONATION_POOL]
SHOP = AREA_ACCOUNTS[AccountKind.SHOP]
MOST = 1_000_000
"""The highest price, the largest stock, and the most pieces of one redemption."""
_LONGEST_NAME = 60
_OCCASIONS = 10_000
_COSTLY = frozenset({Occasion.RECEIVED, Occasion.NO_SHOW})
_FAMILY = frozenset({Passing.FAMILY, Passing.FREE})
_DAYS = 366
_REPORTED = 30
"""Days after the end of an order's time within which its service is reported."""
_MINUTES = 60
_SYSTEM = ActorId("system")


@value
class Asked:
    """What is to be known of an order that points are spent on, or were earned by.

    Parameters
    ----------
    people
        Who placed it, and for whom.
    for_whom
        Who is served.
    until
        The end of its time, in ms since 1970-01-01T00:00Z.
    category
        Of its service.
    is_open
        Whether it has neither been served nor ended otherwise.
    is_paid
        Whether points are set aside for it.
    """

    people: frozenset[ActorId]
    for_whom: ActorId
    until: Instant
    category: Category
    is_open: bool
    is_paid: bool


@attrs.frozen(kw_only=True)
class Counter:
    """What a decision about an account looks at beside it.

    Parameters
    ----------
    rules
        The version of the area's points rules.
    books
        Every account by its id, one that nothing has happened to as well.
    items
        The items that were ever offered.
    covers
        Whether the acting officer's scope holds a site; None: the center.
    holder
        The account that gets what a volunteer earns.
    homes
        Every account that ever got it: his own, those where it went on, households.
    minutes
        Minutes that the people of an account have served.
    asked
        An order; None: there is none.
    stands
        Whether a volunteer is in good standing.
    rules_at
        The version that held at an instant; None: `rules` have always held.
    """

    rules: RuleSet
    books: Mapping[AccountId, Passbook]
    items: Mapping[ItemId, Item]
    covers: Callable[[SiteId | None], bool]
    holder: Callable[[VolunteerId], AccountId] = lambda who: AccountId(who)  # noqa: PLW0108 - a type
    homes: Callable[[VolunteerId], Iterable[AccountId]] = lambda who: (AccountId(who),)
    minutes: Callable[[AccountId], Minutes] | None = None
    asked: Callable[[OrderId], Asked | None] = lambda _: None
    stands: Callable[[VolunteerId], bool] = lambda _: True
    rules_at: Callable[[Instant], RuleSet] | None = None

    def served(self, book: Passbook) -> Minutes:
        """Give the minutes that the people of an account have served."""
        return book.minutes if self.minutes is None else self.minutes(book.account)

    def rules_of(self, service: ServiceRecorded) -> RuleSet:
        """Give the version that held when a service ended."""
        return self.rules if self.rules_at is None else self.rules_at(service.at)

    def accounts_of(self, volunteer: VolunteerId) -> tuple[Passbook, ...]:
        """Give every account that ever got what a volunteer earned."""
        return tuple(self.books[one] for one in self.homes(volunteer))


@attrs.frozen
class _Call:
    """A command with all that is to be known of it."""

    account: AccountId
    command: Any
    at: Instant
    by: Actor
    counter: Counter

    @property
    def book(self) -> Passbook:
        return self.counter.books[self.account]

    @property
    def people(self) -> set[str]:
        """Whose the account is."""
        return set(map(str, self.book.people(self.counter.holder)))

    def owns(self) -> bool:
        """Tell whether the actor is whose the account is."""
        return self.by.role in OWNERS and str(self.by.id) in self.people

    def covers(self, site: SiteId | None) -> bool:
        """Tell whether the actor is an officer whose scope holds a site; None: the center."""
        return self.by.role is Role.OFFICER and self.counter.covers(site)


def decide(
    account: AccountId, command: AccountCommand, at: Instant, by: Actor, counter: Counter
) -> Events | Refused:
    """Say what a command comes to.

    Parameters
    ----------
    account
        The account it is given to; those about items are given to the shop's.
    command
        What is asked.
    at
        When, in ms since 1970-01-01T00:00Z; not before the account's last event.
    by
        Who asks.
    counter
        What is to be known beside.

    Returns
    -------
    tuple of events, or Refused
        Events of one or several accounts and items, to be written all or none: the passbooks given
        are then as these leave them. The reason of a refusal is a `PointsRefusal`; it changes
        nothing.

    Examples
    --------
    >>> from practice_core.lifecycle import Actor, Role
    >>> from practice_core.points import RuleSet
    >>> from practice_core.points.accounts import FreezeAccount, Passbook, ThawAccount
    >>> rules = RuleSet(id="demo", version=1, effective=0, rate_per_hour=10, source="assumed: demo")
    >>> center = Actor("desk", Role.OFFICER, site="center")
    >>> counter = Counter(
    ...     rules=rules, books={"v-7": Passbook("v-7")}, items={}, covers=lambda _: True
    ... )
    >>> decide("v-7", ThawAccount(), 0, center, counter).reason.value
    'frozen'
    >>> [event.kind for event in decide("v-7", FreezeAccount(), 0, center, counter)]
    ['account.frozen']
    >>> counter.books["v-7"].is_frozen
    True
    """
    kind = type(command)
    if not _is_asked_of(account, kind):
        return Refused(kind, R.UNKNOWN_ACCOUNT)
    lost, call = _without_expired(_Call(account, command, at, by, counter))
    answer = _LAW[kind](call)
    if isinstance(answer, R):
        return Refused(kind, answer)
    told = lost + _dated(answer, call.counter)
    for event in told if lost else ():  # what was tried on a copy now holds
        if isinstance(event, e.AccountEvent) and event.account == account:
            counter.books[account].apply(event)
    return told


def _is_asked_of(account: AccountId, kind: type) -> bool:
    """Tell whether such a command is for an account: people's have no items, the area's no more."""
    if account.startswith(OWN_ACCOUNTS):
        return kind in _OF_AREA.get(account, ())
    return kind not in _OF_AREA[SHOP]


def _without_expired(call: _Call) -> tuple[Events, _Call]:
    """Let points expire first that have: whoever is faster than the clock cannot spend them."""
    lost = expired(call.book, call.at)
    if lost is None or isinstance(call.command, c.SettleAccount):
        return (), call
    own = {call.account: deepcopy(call.book)}
    books = ChainMap(own, call.counter.books)  # type: ignore[arg-type]  # it is only read
    counter = attrs.evolve(call.counter, books=books)
    return _dated([lost], counter), attrs.evolve(call, counter=counter)


def expired(book: Passbook, at: Instant) -> e.PointsExpired | None:
    """Give the event of points that have expired and are still there; None: there are none."""
    is_shut = book.is_frozen or book.merged_into is not None
    lost = 0 if is_shut else book.expired(at)
    return e.PointsExpired(book.account, at, _SYSTEM, None, lost) if lost else None


def _dated(events: Iterable[AccountEvent | ItemEvent], counter: Counter) -> Events:
    """Let each event of an account say when something next falls due on it."""
    told: list[AccountEvent | ItemEvent] = []
    for event in events:
        if isinstance(event, e.AccountEvent):
            book = counter.books[event.account]
            book.apply(event)
            told.append(attrs.evolve(event, due_at=book.due_at()))
        else:
            told.append(event)
    return tuple(told)


# ------------------------------------------------------------------ awards


def awarded(  # noqa: PLR0913, PLR0917 - as many as an award has sides
    rules: RuleSet,
    account: AccountId,
    record: ServiceRecord | OccasionRecord,
    given: Award,
    at: Instant,
    by: ActorId,
) -> e.PointsAwarded:
    """Give the event of an award: what is audited or shown first is set aside until then."""
    is_service = isinstance(record, ServiceRecord)
    waits = given.points > 0
    audit = waits and bool(rules.audit_required) and is_service
    shown = waits and not audit and is_service and bool(rules.publicity_days)
    return e.PointsAwarded(
        account,
        at,
        by,
        None,
        record.volunteer,
        record.at,
        given.points,
        given.lines,
        rules.id,
        rules.version,
        expires(rules, record.at),
        record.order if isinstance(record, ServiceRecord) else None,
        None if isinstance(record, ServiceRecord) else record.occasion,
        1 if isinstance(record, ServiceRecord) else record.count,
        audit,
        _shown_until(rules, at) if shown else None,
    )


def _shown_until(rules: RuleSet, at: Instant) -> Instant:
    """Give the end of the local day until which an award is shown."""
    return (rules.day(at) + 1 + (rules.publicity_days or 0)) * DAY - rules.offset


def charged(  # noqa: PLR0913, PLR0917 - as many as a charge has sides
    rules: RuleSet,
    book: Passbook,
    record: OccasionRecord,
    at: Instant,
    by: ActorId,
    order: OrderId | None = None,
) -> e.PointsCharged | None:
    """Give the event of what an occasion costs: no more than is there; None: nothing."""
    cost = -award(rules, record).points
    if cost <= 0:
        return None
    paid = 0 if book.is_frozen else min(cost, book.holding.available)
    return e.PointsCharged(
        book.account,
        at,
        by,
        None,
        record.volunteer,
        record.occasion,
        record.count,
        paid,
        cost - paid,
        rules.id,
        rules.version,
        order,
    )


def _award_service(call: _Call) -> Events | R:
    refused = next(_not_awarded(call), None)
    if refused is not None:
        return refused
    found, target = _service(call)
    rules, extra = call.counter.rules_of(found), call.command
    record = ServiceRecord(
        found.volunteer,
        found.order,
        found.at,
        found.minutes,
        None if (asked := call.counter.asked(found.order)) is None else asked.category,
        role=extra.role,
        grade=extra.grade,
        claimed=extra.claimed,
        complaint=extra.complaint,
    )
    given = award(rules, record, target.history(rules, record))
    return (awarded(rules, target.account, record, given, call.at, call.by.id),)


def _not_awarded(call: _Call) -> Iterator[R]:
    yield from _central(call, closed=False)  # what it served, its successor is awarded
    if call.command.grade not in {None, 1, 2, 3}:
        yield R.INVALID_VALUE
    if call.command.order not in call.book.records:
        yield R.UNKNOWN_AWARD
    found, target = _service(call)
    books = call.counter.accounts_of(found.volunteer)
    if any(_is_of(one, found) for book in books for one in book.awards.values()):
        yield R.REPEATED
    if target.is_frozen:
        yield R.FROZEN
    if found.at < call.counter.rules_of(found).effective:
        yield R.NO_RULES


def _service(call: _Call) -> tuple[ServiceRecorded, Passbook]:
    """Give a service that was recorded, and the account that is to get its points."""
    found = call.book.records[call.command.order]
    return found, call.counter.books[call.counter.holder(found.volunteer)]


def _is_of(one: Awarded, service: ServiceRecorded) -> bool:
    """Tell whether an award is a service's, and was not taken back altogether."""
    same = (one.event.volunteer, one.event.order) == (service.volunteer, service.order)
    return same and not one.is_undone


def _record_occasion(call: _Call) -> Events | R:
    refused = next(_not_recorded(call), None)
    if refused is not None:
        return refused
    command, rules, book = call.command, call.counter.rules, call.book
    record = OccasionRecord(command.volunteer, command.occasion, call.at, command.count)
    if command.occasion in _COSTLY:
        cost = charged(rules, book, record, call.at, call.by.id)
        return R.NO_RULES if cost is None else (cost,)
    given = award(rules, record, book.history(rules, record))
    return (awarded(rules, call.account, record, given, call.at, call.by.id),)


def _not_recorded(call: _Call) -> Iterator[R]:
    command, rules = call.command, call.counter.rules
    yield from _central(call)
    if not 1 <= command.count <= _OCCASIONS or not _is_person(command.volunteer):
        yield R.INVALID_VALUE
    if call.counter.holder(command.volunteer) != call.account:
        yield R.STATE
    costs = command.occasion in _COSTLY
    if not costs and call.book.is_frozen:
        yield R.FROZEN
    if call.at < rules.effective or not (costs or command.occasion in rules.events):
        yield R.NO_RULES


def _forfeit(call: _Call) -> Events | R:
    command, book = call.command, call.book

    def reasons() -> Iterator[R]:
        yield from _central(call)
        if not 1 <= command.points <= LIMIT:
            yield R.INVALID_VALUE
        if call.counter.holder(command.volunteer) != call.account:
            yield R.STATE
        if book.is_frozen:
            yield R.FROZEN

    paid = min(max(0, command.points), book.holding.available)
    lost = e.PointsForfeited(
        *_head(call), command.volunteer, command.reason, paid, command.points - paid
    )
    return next(reasons(), None) or (lost,)


def _give_benefit(call: _Call) -> Events | R:
    command, rules = call.command, call.counter.rules

    def reasons() -> Iterator[R]:
        yield from _central(call)
        if call.counter.holder(command.volunteer) != call.account:
            yield R.STATE
        books = call.counter.accounts_of(command.volunteer)
        done = merits(rules, command.volunteer, books, call.at)
        had = had_by(command.volunteer, books)
        due = entitlements(rules, done, at=call.at, received=had)
        if not any(one.benefit.id == command.benefit and one.due for one in due):
            yield R.NOT_ENTITLED
        if call.at < rules.effective:
            yield R.NO_RULES

    given = e.BenefitGiven(
        *_head(call), command.volunteer, command.benefit, rules.id, rules.version
    )
    return next(reasons(), None) or (given,)


def _audit(call: _Call) -> Events | R:
    found = _open_award(call, AwardState.AUDITING)
    if isinstance(found, R):
        return found
    rules = call.counter.rules
    if rules.publicity_days:
        until = _shown_until(rules, call.at)
        return (e.AwardAudited(*_head(call), found.number, until),)
    return (e.AwardConfirmed(*_head(call), found.number, found.points),)


def _void(call: _Call) -> Events | R:
    found = _open_award(call, AwardState.AUDITING, AwardState.SHOWN)
    return found if isinstance(found, R) else (e.AwardVoided(*_head(call), found.number),)


def _correct(call: _Call) -> Events | R:
    found = _open_award(call, AwardState.COUNTED)
    if isinstance(found, R):
        return found
    points = found.points if call.command.points is None else call.command.points
    if not 1 <= points <= min(found.points, call.book.holding.available):
        return R.TOO_FEW_POINTS
    return (e.PointsCorrected(*_head(call), found.number, points),)


def _open_award(call: _Call, *states: AwardState) -> Awarded | R:
    """Give an award that stands in one of some states, or why nothing can be done about it."""
    found = call.book.awards.get(call.command.award)

    def reasons() -> Iterator[R]:
        yield from _central(call)
        points = getattr(call.command, "points", None)
        if points is not None and points <= 0:
            yield R.INVALID_VALUE
        if found is None:
            yield R.UNKNOWN_AWARD
        elif found.state not in states:
            yield R.STATE
        if call.book.is_frozen:
            yield R.FROZEN

    return next(reasons(), None) or found  # type: ignore[return-value]  # no reason: it is there


# ------------------------------------------------------------------ redemptions


def _redeem(call: _Call) -> Events | R:
    refused = next(_not_redeemed(call), None)
    if refused is not None:
        return refused
    command, counter = call.command, call.counter
    item = counter.items[command.item]
    asked = None if command.order is None else counter.asked(command.order)
    if asked is None:
        until = _collect_until(counter.rules, item, call.at)
    else:  # its end ends the redemption: this is for an order whose end nobody reports
        until = asked.until + _REPORTED * DAY
    reserved = e.RedemptionReserved(
        *_head(call),
        command.redemption,
        item.id,
        command.quantity,
        command.quantity * item.price,
        until,
        command.order,
        0 if item.stock is None else command.quantity,
    )
    return (reserved, *_moved(item, reserved.redemption, -reserved.taken, call.at, call.by.id))


def _not_redeemed(call: _Call) -> Iterator[R]:
    command, rules, book = call.command, call.counter.rules, call.book
    item = call.counter.items.get(command.item)
    yield from _by_owner(call, None)
    if not 1 <= command.quantity <= MOST or not is_identifier(command.redemption):
        yield R.INVALID_VALUE
    if item is None or not item.is_offered:
        yield R.UNKNOWN_ITEM
        return
    if (item.kind is ItemKind.SERVICE) != (command.order is not None):
        yield R.UNKNOWN_ORDER
    if command.order is not None:
        yield from _not_served(call, command.order)
    if command.redemption in book.redemptions:
        yield R.REPEATED
    if book.is_frozen:
        yield R.FROZEN
    if call.at < rules.effective:
        yield R.NO_RULES
    yield from _barred(call)
    yield from _too_much(call, item)


def _too_much(call: _Call, item: Item) -> Iterator[R]:
    """Give why an account cannot have so much of an item."""
    rules, book, quantity = call.counter.rules, call.book, call.command.quantity
    if item.limit is not None:
        _, pieces = book.had(rules, call.at, item.limit_per, item.id)
        if pieces + quantity > item.limit:
            yield R.LIMIT_REACHED
    if item.stock is not None and quantity > item.stock:
        yield R.OUT_OF_STOCK
    if max(quantity * item.price, rules.redeem_min_points or 0) > book.holding.available:
        yield R.TOO_FEW_POINTS


def _not_served(call: _Call, order: OrderId) -> Iterator[R]:
    """Give why a service is not had by way of an order."""
    asked = call.counter.asked(order)
    owners = call.people
    if asked is None or not asked.is_open or not owners & set(map(str, asked.people)):
        yield R.UNKNOWN_ORDER
        return
    if str(asked.for_whom) not in owners and call.counter.rules.passing not in _FAMILY:
        yield R.NOT_PASSED_ON
    if asked.is_paid:
        yield R.REPEATED


def _barred(call: _Call) -> Iterator[R]:
    """Give what keeps an account from redeeming anything now, but for points."""
    book, rules = call.book, call.counter.rules
    so_far = 0
    if rules.redeem_quota_per is not None:
        so_far, _ = book.had(rules, call.at, rules.redeem_quota_per)
    found = barriers(
        rules,
        at=call.at,
        points=book.holding.available,
        minutes=call.counter.served(book),
        redeemed=so_far,
    )
    yield from (R(barrier.value) for barrier in found if barrier is not Barrier.TOO_FEW_POINTS)


def _collect_until(rules: RuleSet, item: Item, at: Instant) -> Instant | None:
    """Give the end of the local day until which goods can be collected."""
    days = rules.pickup_deadline_days if item.deadline_days is None else item.deadline_days
    return None if days is None else (rules.day(at) + 1 + days) * DAY - rules.offset


def _collect(call: _Call) -> Events | R:
    found = _redemption(call, RedemptionState.RESERVED)
    if isinstance(found, R):
        return found
    if found.order is not None:
        return R.STATE  # its order's end ends it
    if found.due_at is not None and call.at >= found.due_at:
        return R.LATE
    if call.book.is_frozen:
        return R.FROZEN
    return (e.RedemptionCollected(*_head(call), found.id, found.points),)


def _cancel(call: _Call) -> Events | R:
    found = _redemption(call, RedemptionState.RESERVED)
    if isinstance(found, R):
        return found
    if found.order is not None and not call.covers(None):
        return R.STATE  # its order's end ends it
    return (e.RedemptionCancelled(*_head(call), found.id), *_put_back(call, found))


def _refund(call: _Call) -> Events | R:
    found = _redemption(call, RedemptionState.COLLECTED)
    if isinstance(found, R):
        return found
    item = call.counter.items[found.item]
    allowed = call.counter.rules.refundable if item.refundable is None else item.refundable
    if not allowed or found.order is not None:
        return R.NOT_REFUNDABLE
    if call.book.is_frozen:
        return R.FROZEN
    return (e.RedemptionRefunded(*_head(call), found.id), *_put_back(call, found))


def _redemption(call: _Call, state: RedemptionState) -> Redemption | R:
    """Give a redemption in a state, or why nothing can be done about it."""
    found = call.book.redemptions.get(call.command.redemption)
    outlet = None if found is None else call.counter.items[found.item].outlet
    if isinstance(call.command, c.CollectRedemption) and call.counter.rules.pickup_code is False:
        outlet = None  # nothing shows the outlet that the owner wants it
    is_owners = isinstance(call.command, c.CancelRedemption)
    refused = next(_by_owner(call, outlet) if is_owners else _by_officer(call, outlet), None)
    if refused is not None:
        return refused
    if found is None:
        return R.UNKNOWN_REDEMPTION
    return found if found.state is state else R.STATE


def _put_back(call: _Call, redemption: Redemption) -> Iterator[e.StockChanged]:
    item = call.counter.items[redemption.item]
    return _moved(item, redemption.id, redemption.taken, call.at, call.by.id)


def _moved(
    item: Item, redemption: RedemptionId, pieces: int, at: Instant, by: ActorId
) -> Iterator[e.StockChanged]:
    """Take pieces from a stock, or put them back, where there is one."""
    if pieces and item.stock is not None:
        yield e.StockChanged(item.id, at, by, pieces, redemption)


def served(  # noqa: PLR0913, PLR0917 - as many as an end has sides
    book: Passbook, item: Item, redemption: Redemption, minutes: Minutes, at: Instant, by: ActorId
) -> Events:
    """Pay for the service of an order that was given: the hours begun, no more than set aside.

    Each at the price at which it was; hours that were not needed can be reserved again.
    """
    hours = min(-(-minutes // _MINUTES), redemption.quantity)
    head = (book.account, at, by, None)
    points = hours * redemption.points // redemption.quantity
    told = (
        e.RedemptionCancelled(*head, redemption.id)
        if book.is_frozen
        else e.RedemptionCollected(*head, redemption.id, points)
    )
    left = max(0, redemption.taken - hours)
    return (told, *_moved(item, redemption.id, left, at, by))


def ended(book: Passbook, item: Item, redemption: Redemption, at: Instant, by: ActorId) -> Events:
    """Set free what was set aside for an order that came to nothing."""
    free = e.RedemptionCancelled(book.account, at, by, None, redemption.id)
    return (free, *_moved(item, redemption.id, redemption.taken, at, by))


# ------------------------------------------------------------------ passing on


def _give(call: _Call) -> Events | R:
    refused = next(_not_given(call), None)
    if refused is not None:
        return refused
    to, shares = call.command.to, call.book.front(call.command.points)
    return (
        e.PointsGiven(*_head(call), to, shares),
        e.PointsReceived(to, call.at, call.by.id, None, call.account, shares),
    )


def _not_given(call: _Call) -> Iterator[R]:
    command, book, to = call.command, call.book, call.command.to
    is_pool = call.account == POOL
    yield from _central(call) if is_pool else _by_owner(call, None, officers=False)
    if not 1 <= command.points <= LIMIT or to == call.account:
        yield R.INVALID_VALUE
    if not (_is_person(to) or to == POOL):
        yield R.INVALID_VALUE
    if not is_pool and not _passes(call.counter.rules.passing, to):
        yield R.NOT_PASSED_ON
    getter = call.counter.books[to]
    if getter.merged_into is not None:
        yield R.STATE
    if book.is_frozen or getter.is_frozen:
        yield R.FROZEN
    if not is_pool and call.at < call.counter.rules.effective:
        yield R.NO_RULES
    if command.points > book.holding.available:
        yield R.TOO_FEW_POINTS


def _passes(passing: Passing | None, to: AccountId) -> bool:
    """Tell whether points may pass to an account; who is family is for the platform to know."""
    return passing in _FAMILY or (passing is Passing.DONATION and to == POOL)


# ------------------------------------------------------------------ accounts


def _join(call: _Call) -> Events | R:
    who = call.command.volunteer
    holder = call.counter.holder(who)

    def reasons() -> Iterator[R]:
        yield from _central(call)
        if not _is_person(who) or str(who) == str(call.account) or _is_one_person(call.book):
            yield R.INVALID_VALUE
        if str(holder) not in {str(who), str(call.account)}:
            yield R.STATE
        if holder == call.account:
            yield R.REPEATED

    return next(reasons(), None) or (e.HouseholdJoined(*_head(call), who),)


def _leave(call: _Call) -> Events | R:
    who = call.command.volunteer

    def reasons() -> Iterator[R]:
        yield from _central(call)
        if who not in call.book.members:
            yield R.STATE

    return next(reasons(), None) or (e.HouseholdLeft(*_head(call), who),)


def _is_one_person(book: Passbook) -> bool:
    """Tell whether an account is a volunteer's own: it has had things happen, and no members."""
    return bool(book.records) or any(
        str(one.event.volunteer) == str(book.account) for one in book.awards.values()
    )


def _freeze(call: _Call) -> Events | R:
    refused = next(_central(call), None)
    return refused or (R.FROZEN if call.book.is_frozen else (e.AccountFrozen(*_head(call)),))


def _thaw(call: _Call) -> Events | R:
    refused = next(_central(call), None)
    return refused or ((e.AccountThawed(*_head(call)),) if call.book.is_frozen else R.FROZEN)


def _merge(call: _Call) -> Events | R:
    refused = next(_not_merged(call), None)
    if refused is not None:
        return refused
    book, into = call.book, call.command.into
    shares = book.front(book.holding.available)
    return (
        e.AccountMerged(*_head(call), into),
        e.AccountAbsorbed(into, call.at, call.by.id, None, call.account, shares, book.minutes),
    )


def _not_merged(call: _Call) -> Iterator[R]:
    book, into, holder = call.book, call.command.into, call.counter.holder
    yield from _central(call)
    if not _is_person(into) or into == call.account:
        yield R.INVALID_VALUE
    other = call.counter.books[into]
    people = [VolunteerId(call.account), VolunteerId(into)]
    if book.is_household or other.is_household or other.merged_into is not None:
        yield R.STATE
    if not all(str(holder(who)) == str(who) and call.counter.stands(who) for who in people):
        yield R.STATE  # nobody gets rid of a blacklisting by a second number
    if book.is_frozen or other.is_frozen:
        yield R.FROZEN
    held = book.holding
    if held.pending_debits or held.pending_credits:
        yield R.HAS_PENDING


def _settle(call: _Call) -> Iterator[AccountEvent | ItemEvent] | R:
    if call.by.role is not Role.SYSTEM:
        return R.ROLE if call.owns() or call.by.role is Role.OFFICER else R.UNKNOWN_ACCOUNT
    if call.book.merged_into is not None:
        return R.CLOSED
    due_at = call.book.due_at()
    if due_at is None or due_at > call.at:
        return R.EARLY
    return _due(call)


def _due(call: _Call) -> Iterator[AccountEvent | ItemEvent]:
    """Give what is due: the book changes as it is given, for what lapses may then expire."""
    at, head, book = call.at, _head(call), call.book
    for one in tuple(book.redemptions.values()):
        if one.state is RedemptionState.RESERVED and one.due_at is not None and one.due_at <= at:
            yield e.RedemptionLapsed(*head, one.id)
            yield from _put_back(call, one)
    if book.is_frozen:
        return
    for shown in tuple(book.awards.values()):
        until = shown.shown_until
        if shown.state is AwardState.SHOWN and until is not None and until <= at:
            yield e.AwardConfirmed(*head, shown.number, shown.points)
    lost = book.expired(at)
    if lost:
        yield e.PointsExpired(*head, lost)


# ------------------------------------------------------------------ the shop


def _offer(call: _Call) -> Events | R:
    command = call.command
    known = call.counter.items.get(command.item)

    def reasons() -> Iterator[R]:
        yield from _by_officer(call, command.outlet)
        if known is not None:
            yield from _by_officer(call, known.outlet)
        if not (_is_item(command) and (command.outlet is None or call.covers(command.outlet))):
            yield R.INVALID_VALUE

    offered = e.ItemOffered(
        command.item,
        call.at,
        call.by.id,
        command.kind,
        command.name,
        command.price,
        command.stock,
        command.outlet,
        command.limit,
        command.limit_per,
        command.deadline_days,
        command.refundable,
    )
    return next(reasons(), None) or (offered,)


def _is_item(command: c.OfferItem) -> bool:
    return (
        is_identifier(command.item)
        and 0 < len(command.name) <= _LONGEST_NAME
        and command.name.isprintable()
        and 1 <= command.price <= MOST
        and 0 <= (command.stock or 0) <= MOST
        and 1 <= (1 if command.limit is None else command.limit) <= MOST
        and 0 <= (command.deadline_days or 0) <= _DAYS
    )


def _restock(call: _Call) -> Events | R:
    item, change = call.counter.items.get(call.command.item), call.command.change

    def reasons() -> Iterator[R]:
        yield from _by_officer(call, None if item is None else item.outlet)
        if not 1 <= abs(change) <= MOST:
            yield R.INVALID_VALUE
        if item is None:
            yield R.UNKNOWN_ITEM
        elif item.stock is None:
            yield R.STATE
        elif not 0 <= item.stock + change <= MOST:
            yield R.OUT_OF_STOCK

    changed = e.StockChanged(call.command.item, call.at, call.by.id, change)
    return next(reasons(), None) or (changed,)


def _withdraw(call: _Call) -> Events | R:
    item = call.counter.items.get(call.command.item)

    def reasons() -> Iterator[R]:
        yield from _by_officer(call, None if item is None else item.outlet)
        if item is None:
            yield R.UNKNOWN_ITEM
        elif not item.is_offered:
            yield R.REPEATED

    withdrawn = e.ItemWithdrawn(call.command.item, call.at, call.by.id)
    return next(reasons(), None) or (withdrawn,)


# ------------------------------------------------------------------ who may


def _central(call: _Call, *, closed: bool = True) -> Iterator[R]:
    """Refuse whoever is not an officer of the center, and him in his own case."""
    yield from _by_officer(call, None, closed=closed)
    mine = {str(call.by.id), str(call.counter.holder(VolunteerId(call.by.id)))}
    named = [getattr(call.command, name, "") for name in ("to", "into", "volunteer")]
    if mine & {str(call.account), *map(str, named)}:
        yield R.OWN_CASE


def _by_officer(call: _Call, outlet: SiteId | None, *, closed: bool = True) -> Iterator[R]:
    """Refuse whoever is not an officer of the center, or in charge of an outlet."""
    if call.by.role is not Role.OFFICER:
        yield R.ROLE if call.owns() else R.UNKNOWN_ACCOUNT
    if not (call.covers(None) or (outlet is not None and call.covers(outlet))):
        yield R.SCOPE
    if closed and call.book.merged_into is not None:
        yield R.CLOSED


def _by_owner(call: _Call, outlet: SiteId | None, *, officers: bool = True) -> Iterator[R]:
    """Refuse whoever does not own the account, and is no such officer either."""
    if call.owns():
        if call.book.merged_into is not None:
            yield R.CLOSED
    elif call.by.role is Role.OFFICER and officers:
        yield from _by_officer(call, outlet)
    else:
        yield R.ROLE if call.by.role is Role.OFFICER else R.UNKNOWN_ACCOUNT


def _is_person(who: str) -> bool:
    return is_identifier(who) and not who.startswith(OWN_ACCOUNTS)


def _head(call: _Call) -> tuple[AccountId, Instant, ActorId, None]:
    return call.account, call.at, call.by.id, None


_OF_AREA: Mapping[AccountId, tuple[type, ...]] = {
    POOL: (c.GivePoints, c.SettleAccount),
    SHOP: (c.OfferItem, c.RestockItem, c.WithdrawItem),
}
"""What may be asked of the area's own accounts."""
_LAW: Mapping[type, Callable[[_Call], Iterable[AccountEvent | ItemEvent] | R]] = {
    c.RedeemPoints: _redeem,
    c.CollectRedemption: _collect,
    c.CancelRedemption: _cancel,
    c.RefundRedemption: _refund,
    c.GivePoints: _give,
    c.AwardService: _award_service,
    c.RecordOccasion: _record_occasion,
    c.ForfeitPoints: _forfeit,
    c.GiveBenefit: _give_benefit,
    c.AuditAward: _audit,
    c.VoidAward: _void,
    c.CorrectAward: _correct,
    c.JoinHousehold: _join,
    c.LeaveHousehold: _leave,
    c.FreezeAccount: _freeze,
    c.ThawAccount: _thaw,
    c.MergeAccount: _merge,
    c.SettleAccount: _settle,
    c.OfferItem: _offer,
    c.RestockItem: _restock,
    c.WithdrawItem: _withdraw,
}
