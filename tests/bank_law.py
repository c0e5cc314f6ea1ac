"""What must hold of the accounts of a practice, a sentence a function.

All of it is held against a plain list of what the journal says (`Plain`), made without ledgers,
lots or postings of the package; `broken` names what fails.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.journal import Projected, verify
from practice_core.orders import ServiceCompleted
from practice_core.points import NEVER
from practice_core.points import accounts as a
from practice_core.points.accounts import (
    AREA_ACCOUNTS,
    AccountEvent,
    AreaLedger,
    AwardState,
    Passbook,
    RedemptionState,
)
from practice_core.points.ledger import AccountKind
from practice_core.service import BOOKS
from practice_core.units import AccountId, VolunteerId
from practice_core.volunteers import ServiceRecorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from practice_core.journal import Journal, Recorded
    from practice_core.points import RuleSet
    from practice_core.service import Books, Practice
    from practice_core.units import CommandId, Instant

    Key = tuple[str, Any]

__all__ = ["INVARIANTS", "Asked", "Plain", "Seen", "broken", "hold"]

POOL = AREA_ACCOUNTS[AccountKind.DONATION_POOL]
S = RedemptionState
STEPS = {
    a.RedemptionCollected: (S.RESERVED, S.COLLECTED),
    a.RedemptionCancelled: (S.RESERVED, S.CANCELLED),
    a.RedemptionLapsed: (S.RESERVED, S.LAPSED),
    a.RedemptionRefunded: (S.COLLECTED, S.REFUNDED),
}
"""Where a redemption may go."""


@attrs.frozen
class Asked:
    """What was asked of an account, and the code that was valid then, if it was for goods."""

    account: str
    command: Any
    code: str | None = None


@attrs.define
class Gain:
    """Points that an account got together."""

    expires: Instant
    place: int
    points: int


@attrs.define
class Had:
    """A redemption."""

    item: str
    quantity: int
    points: int
    due_at: Instant | None
    order: str | None
    taken: int
    state: RedemptionState = S.RESERVED
    used: int = 0
    """Pieces that did not come back, once it has ended."""


@attrs.define
class Given:
    """An award."""

    points: int
    expires: Instant
    state: AwardState
    shown_until: Instant | None
    gain: Gain | None = None


@attrs.define
class Shelf:
    """An item, as it was offered last."""

    stock: int | None
    before: int
    added: int = 0


class Plain:
    """Points, hours and pieces by the events alone, in plain lists; `wrong` is what cannot be."""

    def __init__(self) -> None:
        self.gains: defaultdict[str, list[Gain]] = defaultdict(list)
        self.used: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        """Points that went out of use, and those that came into it."""
        self.latest: dict[str, Instant] = {}
        self.due: dict[str, Instant | None] = {}
        """What the last event of each account says."""
        self.awards: dict[Key, Given] = {}
        self.redemptions: dict[Key, Had] = {}
        self.shelves: dict[str, Shelf] = {}
        self.minutes: Counter[str] = Counter()
        self.earned: Counter[str] = Counter()
        self.merged: dict[str, str] = {}
        self.homes: dict[str, str] = {}
        self.frozen: set[str] = set()
        self.wrong: dict[str, str] = {}
        self.expired = 0
        self.place = 0
        self.served: int | None = None
        """Minutes of the service that the command at hand has ended."""

    # -- what it says ---------------------------------------------------------------------------

    def known(self) -> list[str]:
        return list(self.latest)

    def person(self, who: str) -> str:
        while who in self.merged:
            who = self.merged[who]
        return who

    def lots(self, account: str) -> list[tuple[Instant, int]]:
        """Give what is left, by expiry: what was used was the first to expire."""
        used, found = self.used[account], []
        for gain in sorted(self.gains[account], key=lambda one: (one.expires, one.place)):
            taken = min(gain.points, used)
            used -= taken
            if gain.points > taken:
                found.append((gain.expires, gain.points - taken))
        return found

    def available(self, account: str) -> int:
        return sum(gain.points for gain in self.gains[account]) - self.used[account]

    def going(self, account: str) -> int:
        mine = (one for (who, _), one in self.redemptions.items() if who == account)
        return sum(one.points for one in mine if one.state is S.RESERVED)

    def coming(self, account: str) -> int:
        mine = (one for (who, _), one in self.awards.items() if who == account)
        waits = {AwardState.AUDITING, AwardState.SHOWN}
        return sum(one.points for one in mine if one.state in waits)

    def over(self, account: str, at: Instant) -> int:
        return sum(points for expires, points in self.lots(account) if expires <= at)

    def due_at(self, account: str) -> Instant | None:
        if account in self.merged:
            return None
        of = [one for (who, _), one in self.redemptions.items() if who == account]
        dates = [one.due_at for one in of if one.state is S.RESERVED and one.due_at is not None]
        if account not in self.frozen:
            mine = [one for (who, _), one in self.awards.items() if who == account]
            dates += [one.shown_until for one in mine if one.state is AwardState.SHOWN]  # type: ignore[misc]  # it is shown
            dates += [expires for expires, _ in self.lots(account) if expires != NEVER]
        return min(dates, default=None)

    def out(self, item: str) -> int:
        """Count the pieces of an item that people have, or that are set aside for them."""
        found = 0
        for one in self.redemptions.values():
            if one.item == item:
                held = one.state is S.RESERVED or (one.state is S.COLLECTED and one.order is None)
                found += one.taken if held else min(one.used, one.taken)
        return found

    def stock(self, item: str) -> int | None:
        shelf = self.shelves[item]
        if shelf.stock is None:
            return None
        return shelf.stock + shelf.added - (self.out(item) - shelf.before)

    # -- how events change it -------------------------------------------------------------------

    def apply(self, row: Recorded) -> None:
        event = row.event
        if isinstance(event, ServiceCompleted):
            self.served = event.minutes
        elif isinstance(event, ServiceRecorded):
            self.minutes[event.volunteer] += event.minutes
        elif isinstance(event, AccountEvent):
            account = str(event.account)
            at = max(event.at, self.latest.get(account, event.at))
            self._on_account(account, event, at, row.version)
            self.latest[account], self.due[account] = at, event.due_at
        elif isinstance(event, a.ItemOffered):
            self.shelves[event.item] = Shelf(event.stock, self.out(event.item))
        elif isinstance(event, a.StockChanged) and event.redemption is None:
            self.shelves[event.item].added += event.change

    def _on_account(self, account: str, event: Any, at: Instant, number: int) -> None:  # noqa: ANN401, C901, PLR0912 - one line an event
        self.place += 1
        match event:
            case a.PointsAwarded():
                self._award(account, event, at, number)
            case a.AwardAudited():
                award = self.awards[account, event.award]
                award.state, award.shown_until = AwardState.SHOWN, event.shown_until
            case a.AwardConfirmed():
                award = self.awards[account, event.award]
                award.state = AwardState.COUNTED
                award.gain = self._gain(account, award.points, award.expires)
                self.ends["issued"] -= award.points
                self.earned[account] += award.points
            case a.AwardVoided():
                self.awards[account, event.award].state = AwardState.VOIDED
            case a.PointsCharged():
                self.used[account] += event.points
                self.ends["charged"] += event.points
            case a.PointsCorrected():
                award = self.awards[account, event.award]
                assert award.gain is not None
                award.gain.points -= event.points
                self.ends["issued"] += event.points
                self.earned[account] -= event.points
                self._see("nobody_is_below_zero", award.gain.points >= 0, event)
            case a.PointsGiven():
                self._front(account, event.shares, event)
                self.used[account] += sum(share.points for share in event.shares)
            case a.PointsReceived() | a.AccountAbsorbed():
                for share in event.shares:
                    self.place += 1
                    self._gain(account, share.points, later(share.expires, at))
            case a.PointsExpired():
                self._expire(account, event)
            case a.AccountFrozen():
                self.frozen.add(account)
            case a.AccountThawed():
                self.frozen.discard(account)
            case a.AccountMerged():
                self.used[account] += self.available(account)
                self.merged[account] = str(event.into)
                for counted in (self.minutes, self.earned):
                    counted[str(event.into)] += counted.pop(account, 0)
            case a.HouseholdJoined():
                self.homes[event.volunteer] = account
            case a.HouseholdLeft():
                self.homes.pop(event.volunteer)
            case a.RedemptionReserved():
                self._reserve(account, event)
            case _:
                self._end(account, event)

    def _award(self, account: str, event: a.PointsAwarded, at: Instant, number: int) -> None:
        state = AwardState.COUNTED
        if event.audit:
            state = AwardState.AUDITING
        elif event.shown_until is not None:
            state = AwardState.SHOWN
        made = Given(event.points, later(event.expires, at), state, event.shown_until)
        self.awards[account, number] = made
        if state is AwardState.COUNTED and event.points:
            made.gain = self._gain(account, event.points, made.expires)
            self.ends["issued"] -= event.points
            self.earned[account] += event.points

    def _gain(self, account: str, points: int, expires: Instant) -> Gain:
        gain = Gain(expires, self.place, points)
        self.gains[account].append(gain)
        return gain

    def _front(self, account: str, shares: Iterable[a.Share], event: object) -> None:
        """See that what is given is the first to expire."""
        told: Counter[Instant] = Counter()
        front: Counter[Instant] = Counter()
        for share in shares:
            told[NEVER if share.expires is None else share.expires] += share.points
        points = told.total()
        for expires, found in self.lots(account):
            front[expires] += min(found, points)
            points -= min(found, points)
        self._see("the_oldest_points_go_first", told == +front, f"{event}, of {+front}")

    def _expire(self, account: str, event: a.PointsExpired) -> None:
        over = 0 if account in self.frozen else self.over(account, event.at)
        said = f"{event}: the dates say {over}"
        self._see("what_expires_is_what_the_dates_say", event.points == over, said)
        self.used[account] += event.points
        self.ends["expired"] += event.points
        self.expired += event.points

    def _reserve(self, account: str, event: a.RedemptionReserved) -> None:
        key = (account, event.redemption)
        self._see("nothing_is_redeemed_twice", key not in self.redemptions, event)
        taken = 0 if self.shelves[event.item].stock is None else event.quantity
        made = Had(event.item, event.quantity, event.points, event.until, event.order, taken)
        self.redemptions[key] = made
        self.used[account] += event.points

    def _end(self, account: str, event: Any) -> None:  # noqa: ANN401 - of a redemption
        had = self.redemptions[account, event.redemption]
        before, after = STEPS[type(event)]
        self._see("nothing_is_redeemed_twice", had.state is before, f"{event}: {had}")
        paid = event.points if isinstance(event, a.RedemptionCollected) else 0
        if had.order is not None:
            hours = 0 if self.served is None else min(-(-self.served // 60), had.quantity)
            had.used = hours
            price = hours * had.points // had.quantity
            right = after is not S.COLLECTED or paid == price
            self._see("a_service_costs_the_hours_begun", right, f"{event}: {price}")
        self.used[account] -= had.points - paid
        self.ends["paid"] += paid - (had.points if before is S.COLLECTED else 0)
        had.points, had.state = paid, after

    def _see(self, name: str, holds: bool, said: object) -> None:  # noqa: FBT001 - what is seen
        if not holds:
            self.wrong.setdefault(name, f"{said}")


def later(expires: Instant | None, at: Instant) -> Instant:
    return NEVER if expires is None else max(expires, at + 1)


class Seen:
    """A journal and the practices on it, and what both come to."""

    def __init__(
        self,
        witness: Journal,
        practices: Sequence[Practice],
        rules: RuleSet,
        area: Callable[[], AreaLedger] = AreaLedger,
    ) -> None:
        self.witness, self.practices, self.rules = witness, practices, rules
        self.make = area
        self.area = area()
        self.plain = Plain()
        self.books: dict[str, Passbook] = {}
        self.rows: list[Recorded] = []
        self.asked: dict[CommandId, Asked] = {}
        self.hours: Counter[str] = Counter()
        self.torn: dict[str, str] = {}
        self.thorough = True
        """Whether what takes long is looked at too."""

    def look(self) -> None:
        """Take in what is new."""
        new = list(self.witness.read(after=len(self.rows)))
        for _, command in groupby(new, key=lambda row: row.command):
            told = list(command)
            self.rows += told
            self.plain.served = None
            for row in sorted(told, key=lambda row: not isinstance(row.event, ServiceCompleted)):
                self._take(row)
            self._whole(told)

    def _take(self, row: Recorded) -> None:
        event = row.event
        self.plain.apply(row)
        if isinstance(event, ServiceRecorded | AccountEvent):
            account = row.stream.partition("/")[2]
            book = self.books.setdefault(account, Passbook(AccountId(account)))
            self._try("passbooks_can_be_read", lambda: book.apply(event))
        if isinstance(event, AccountEvent):
            self._try("the_books_of_all_can_be_made", lambda: post(self.area, row))
        if isinstance(event, a.RedemptionCollected):
            self._handed_out(row, event)

    def _try(self, name: str, act: Callable[[], object]) -> None:
        try:
            act()
        except (ValueError, KeyError, RuntimeError) as error:
            self.torn.setdefault(name, repr(error))

    def _handed_out(self, row: Recorded, event: a.RedemptionCollected) -> None:
        """See that goods are handed out for the code that was valid."""
        asked = self.asked.get(row.command)
        is_goods = self.plain.redemptions[event.account, event.redemption].order is None
        if is_goods and self.rules.pickup_code is not False:
            assert asked is not None
            shown = (asked.command.code or "").upper()
            if asked.code is None or shown != asked.code:
                name = "goods_are_handed_out_for_their_code"
                self.torn.setdefault(name, f"{event} for {shown!r}, not {asked.code!r}")

    def _whole(self, rows: Sequence[Recorded]) -> None:
        """See that a command has written both sides of whatever has two."""
        events = [row.event for row in rows]
        said = {
            "gifts": Counter(
                [(e.account, e.to, e.shares) for e in events if isinstance(e, a.PointsGiven)]
            ),
            "mergers": Counter(
                [(e.account, e.into) for e in events if isinstance(e, a.AccountMerged)]
            ),
            "pieces": self._pieces(events),
        }
        mirrored = {
            "gifts": Counter(
                [(e.giver, e.account, e.shares) for e in events if isinstance(e, a.PointsReceived)]
            ),
            "mergers": Counter(
                [(e.old, e.account) for e in events if isinstance(e, a.AccountAbsorbed)]
            ),
            "pieces": Counter(
                [
                    (e.redemption, e.change)
                    for e in events
                    if isinstance(e, a.StockChanged) and e.redemption is not None
                ]
            ),
        }
        if said != mirrored:
            self.torn.setdefault("commands_are_all_or_none", f"{said}, but {mirrored}")

    def _pieces(self, events: Sequence[Any]) -> Counter[tuple[Any, int]]:
        """Count the pieces that redemptions should have moved."""
        found: Counter[tuple[Any, int]] = Counter()
        kinds = {a.RedemptionReserved, *STEPS}
        for event in events:
            if type(event) in kinds:
                had = self.plain.redemptions[event.account, event.redemption]
                if self.plain.shelves[had.item].stock is None:
                    continue
                if isinstance(event, a.RedemptionReserved):
                    found[event.redemption, -event.quantity] += 1
                elif had.order is not None or not isinstance(event, a.RedemptionCollected):
                    found[event.redemption, had.taken - had.used] += had.taken > had.used
        return +found


def post(area: AreaLedger, row: Recorded) -> None:
    area.apply(row.event, row.version, f"p{row.position}")  # type: ignore[arg-type]  # of an account


# ------------------------------------------------------------------ what must hold


def accounts_sum_to_zero(seen: Seen) -> None:
    """See that all points are somewhere, and come from somewhere."""
    plain = seen.plain
    held = sum(plain.available(one) + plain.going(one) for one in plain.known())
    total = held + plain.ends.total()
    assert total == 0, f"all together are {total}: {plain.ends}"
    balances = seen.area.ledger.balances()
    assert sum(balances.values()) == 0, f"the ledger has {balances}"


def nobody_is_below_zero(seen: Seen) -> None:
    """See that nobody gives what he has not."""
    for account in seen.plain.known():
        available = seen.plain.available(account)
        assert available >= 0, f"{account} has {available}"


def hours_never_fall(seen: Seen) -> None:
    """See that hours are what was recorded, whatever becomes of points."""
    plain = seen.plain
    for who in {*seen.hours, *plain.minutes}:
        last = plain.person(who)
        found = seen.practices[0].books.account(VolunteerId(last)).minutes
        assert found == plain.minutes[last], f"{last}: {found}, not {plain.minutes[last]}"
        assert found >= seen.hours[who], f"{who} had {seen.hours[who]}, and has {found}"
        seen.hours[who] = found
        assert seen.books[last].minutes == found, f"{last}: {seen.books[last].minutes} in his book"


def lots_make_what_is_available(seen: Seen) -> None:
    """See that the lots of an account sum to what is available."""
    for account, book in seen.books.items():
        total = sum(lot.points for lot in book.lots)
        assert total == book.holding.available, f"{account}: {total} in {book.lots}"


def the_oldest_points_go_first(seen: Seen) -> None:
    """See that what is left is what expires last."""
    for account, book in seen.books.items():
        found = [(lot.expires, lot.points) for lot in book.lots]
        expected = seen.plain.lots(account)
        assert found == expected, f"{account} has {found}, not {expected}"


def what_is_pending_is_set_aside(seen: Seen) -> None:
    """See that what is pending and what is available make the balance, as the events say."""
    plain = seen.plain
    for account, book in seen.books.items():
        held = book.holding
        assert held.available + held.pending_debits == held.balance
        found = (held.available, held.pending_debits, held.pending_credits)
        expected = (plain.available(account), plain.going(account), plain.coming(account))
        assert found == expected, f"{account} holds {found}, not {expected}"


def passbooks_and_the_area_agree(seen: Seen) -> None:
    """See that the books of all say of each account what its own say."""
    for account, book in seen.books.items():
        if AccountId(account) in seen.area.ledger:
            found, expected = seen.area.ledger.holding(AccountId(account)), book.holding
            assert found == expected, f"{account} holds {found}, and by its own book {expected}"


def clocks_are_kept(seen: Seen) -> None:
    """See that each account's last event says when something next falls due on it."""
    plain = seen.plain
    for account, said in plain.due.items():
        expected, own = plain.due_at(account), seen.books[account].due_at()
        assert said == own == expected, f"{account}: {said} in its last event, {own}, {expected}"


def the_last_piece_is_had_once(seen: Seen) -> None:
    """See that what is left, set aside and handed out is what was stocked."""
    for item, found in seen.practices[0].books.items.items():
        expected = seen.plain.stock(item)
        assert found.stock == expected, f"{item}: {found.stock} are left, not {expected}"
        assert expected is None or expected >= 0, f"{item}: {expected} are left"


def books_are_what_events_say(seen: Seen) -> None:
    """See that every practice knows what is due, who gets points, and who is frozen."""
    plain = seen.plain
    for practice in seen.practices:
        books = practice.books
        assert books.frozen == plain.frozen, f"frozen: {books.frozen}, not {plain.frozen}"
        for account in plain.known():
            found, expected = books.settles_at(AccountId(account)), plain.due_at(account)
            assert found == expected, f"{account} settles at {found}, not {expected}"
            own = plain.person(account)
            holder, home = books.holder(VolunteerId(account)), plain.homes.get(own, own)
            assert holder == home, f"{account} earns for {holder}, not {home}"
            earned = books.account(VolunteerId(account)).points
            assert earned == plain.earned[account], f"{account}: {earned}, not {plain.earned}"
    if seen.thorough:
        fresh = Projected(seen.witness, BOOKS, BOOKS.begin(), 0)
        fresh.catch_up()
        for practice in seen.practices:
            assert answers(practice.books) == answers(fresh.state), "another fold"
            loaded = type(practice.books).load(practice.books.dump())
            assert answers(loaded) == answers(fresh.state), "another snapshot"


def answers(books: Books) -> Mapping[str, Any]:
    """Give all that books say of accounts and items."""
    return {
        "accounts": {str(key): books.account(key) for key in books._accounts},  # noqa: SLF001 - all there are
        "latest": books._latest,  # noqa: SLF001 - as above
        "holders": {key: books.holder(VolunteerId(key)) for key in books._latest},  # noqa: SLF001 - as above
        "homes": {key: [*books.homes(VolunteerId(key))] for key in books._latest},  # noqa: SLF001 - as above
        "due": (books.next_settlement(), sorted(books.to_settle(2**53))),
        "settles": {key: books.settles_at(AccountId(key)) for key in books._latest},  # noqa: SLF001 - as above
        "frozen": books.frozen,
        "items": dict(books.items),
        "serving": dict(books.serving),
    }


def nothing_is_edited(seen: Seen) -> None:
    """See that the journal still says what it said."""
    if not seen.thorough:
        return
    for old, new in zip(seen.rows, seen.witness.read(), strict=False):
        assert (old.stream, old.event) == (new.stream, new.event), f"{old} has become {new}"
    assert verify(seen.witness) == ()


def the_tail_is_there(seen: Seen) -> None:
    """See that nothing of the journal is missing."""
    length = seen.witness.head().length
    assert length >= len(seen.rows), f"{length} of {len(seen.rows)} events are there"


def the_past_is_what_a_replay_makes_of_it(seen: Seen) -> None:
    """See that what accounts had at an instant is what the events until then come to."""
    if not (seen.thorough and seen.rows) or seen.torn:
        return
    ledger, latest, times = seen.area.ledger, 0, []
    for row in seen.rows:
        if isinstance(row.event, AccountEvent):
            latest = max(latest, row.event.at)
            times.append((latest, row))
    if not times:
        return
    at = times[len(seen.rows) * 7919 % len(times)][0]
    replayed = seen.make()
    for when, row in times:
        if when <= at:
            post(replayed, row)
    for account in replayed.ledger.balances():
        then = ledger.holding(account, at), ledger.lots(account, at)
        was = replayed.ledger.holding(account), replayed.ledger.lots(account)
        assert then == was, f"{account} had {then} at {at}, not {was}"


INVARIANTS: tuple[Callable[[Seen], None], ...] = (
    accounts_sum_to_zero,
    nobody_is_below_zero,
    hours_never_fall,
    lots_make_what_is_available,
    the_oldest_points_go_first,
    what_is_pending_is_set_aside,
    passbooks_and_the_area_agree,
    clocks_are_kept,
    the_last_piece_is_had_once,
    books_are_what_events_say,
    the_tail_is_there,
    nothing_is_edited,
    the_past_is_what_a_replay_makes_of_it,
)
"""What must hold after every step."""


def broken(seen: Seen) -> dict[str, str]:
    """Give all that is broken, by name, with what was found."""
    try:
        seen.look()
    except Exception as error:  # noqa: BLE001 - a journal that cannot be read is broken
        seen.torn.setdefault("the_journal_can_be_read", repr(error))
    for practice in seen.practices:
        practice.catch_up()
    found = {**seen.plain.wrong, **seen.torn}
    for holds in INVARIANTS:
        try:
            holds(seen)
        except AssertionError as error:
            found[holds.__name__] = str(error)
        except Exception as error:  # noqa: BLE001 - what cannot even be asked is broken
            found[holds.__name__] = repr(error)
    return found


def hold(wrong: Mapping[str, str]) -> None:
    """Fail with all that is broken, by name."""
    if wrong:
        said = "\n".join(f"{name}: {what}" for name, what in wrong.items())
        message = f"broken:\n{said}"
        raise AssertionError(message)
