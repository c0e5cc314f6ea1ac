"""Ledgers that are wrong, each in one way, and the sentence that a machine must catch them with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.points import (
    LIMIT,
    Correction,
    Freeze,
    Holding,
    Merge,
    PostPending,
    Result,
    Transfer,
    VoidPending,
)
from practice_core.testing import PlainLedger
from practice_core.units import TransferId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.points import Account, Entry, Lot, Pending, Posting, Statement
    from practice_core.testing.plain_ledger import Law, Posted
    from practice_core.units import AccountId, Instant

__all__ = ["PLANTED"]


class LosesAPosting(PlainLedger):
    def post(self, entry: Posting) -> Result:
        result = super().post(entry)
        if isinstance(entry, Transfer) and len(self.posted) % 5 == 0:
            self.posted = [one for one in self.posted if one.entry != entry]
        return result


class SpendsTwice(PlainLedger):
    def _of_the_limits(self, new: Posted) -> Law:
        for applies, why in super()._of_the_limits(new):
            yield applies and why is not Result.OVERDRAWN, why


class IgnoresCaps(PlainLedger):
    def _of_the_limits(self, new: Posted) -> Law:
        for applies, why in super()._of_the_limits(new):
            yield applies and why is not Result.CAP_EXCEEDED, why


class ForgetsWhatIsPending(PlainLedger):
    """Decides by the balance alone."""

    is_deciding = False

    def _of_the_limits(self, new: Posted) -> Law:
        self.is_deciding = True
        decided = list(super()._of_the_limits(new))
        self.is_deciding = False
        yield from decided

    def holding(self, account: AccountId, at: Instant | None = None) -> Holding:
        held = super().holding(account, at)
        return Holding(held.balance, 0, 0) if self.is_deciding else held


class UsesTheNewestFirst(PlainLedger):
    def _left(self, account: AccountId, log: list[Posted]) -> list[tuple[int, int]]:
        available = sum(points for _, points in super()._left(account, log))
        kept = []
        for place, one in enumerate(log):
            if one.credit == account and isinstance(one.entry, Transfer | PostPending):
                points = min(one.amount, available)
                available -= points
                kept += [(place, points)] * (points > 0)
        return kept


class RoundsUp(PlainLedger):
    """Posts pending points in fives."""

    def _taken(self, entry: Posting) -> Posted:
        taken = super()._taken(entry)
        if isinstance(entry, PostPending) and taken.amount > 0:
            return attrs.evolve(taken, amount=-(-taken.amount // 5) * 5)
        return taken


class EditsHistory(PlainLedger):
    """Corrects a transfer by writing over it."""

    def post(self, entry: Posting) -> Result:
        result = super().post(entry)
        if result is Result.CREATED and isinstance(entry, Correction):
            for place, one in enumerate(self.posted):
                if isinstance(one.entry, Transfer) and one.entry.id == entry.corrects:
                    changed = attrs.evolve(one.entry, amount=one.amount + 1)
                    self.posted[place] = attrs.evolve(one, entry=changed)
        return result


class CutsTheTail(PlainLedger):
    def entries(self) -> list[Entry]:
        entries = super().entries()
        return entries[: len(entries) // 10 * 10] if len(entries) > 10 else entries


class RefundsTwice(PlainLedger):
    def _of_the_original(self, new: Posted) -> Law:
        for applies, why in super()._of_the_original(new):
            yield applies and not isinstance(new.entry, Correction), why

    def _of_the_limits(self, new: Posted) -> Law:
        return iter(()) if isinstance(new.entry, Correction) else super()._of_the_limits(new)


class ExpiresADayEarly(PlainLedger):
    def expire(self, at: Instant, to: AccountId) -> list[Entry]:
        before = len(self.posted)
        super().expire(at + 1, to)
        for place in range(before, len(self.posted)):
            one = self.posted[place]
            self.posted[place] = attrs.evolve(one, entry=attrs.evolve(one.entry, at=at))
        return [one.entry for one in self.posted[before:]]


class LetsPointsLast(PlainLedger):
    """Expires what has expired only every other time."""

    def expire(self, at: Instant, to: AccountId) -> list[Entry]:
        return super().expire(at, to) if at % 2 else []


class NeverTimesOut(PlainLedger):
    def expire_pending(self, at: Instant) -> tuple[Pending, ...]:
        return () if at % 2 else super().expire_pending(at)


class KeepsWhatIsVoid(PlainLedger):
    def _pending(self, log: list[Posted]) -> list[Posted]:
        return super()._pending([one for one in log if not isinstance(one.entry, VoidPending)])


class PostsHalfAGroup(PlainLedger):
    def post_linked(self, entries: Sequence[Posting]) -> tuple[Result, ...]:
        before = len(self.posted)
        results = tuple(self.post(entry) for entry in entries)
        whole = len(self.posted) == before + len(entries)
        return results if whole else super().post_linked(entries)


class CountsARetry(PlainLedger):
    """Knows only the last few ids."""

    def post(self, entry: Posting) -> Result:
        is_old = self.find(entry.id) in self.posted[:-3]
        if is_old and isinstance(entry, Transfer):
            entry = attrs.evolve(entry, id=TransferId(f"again-{len(self.posted)}"))
        return super().post(entry)


class PaysWhileFrozen(PlainLedger):
    def _of_the_accounts(self, new: Posted, *, two_sided: bool) -> Law:
        for applies, why in super()._of_the_accounts(new, two_sided=two_sided):
            yield applies and why is not Result.DEBIT_ACCOUNT_FROZEN, why


class ForgetsAMerge(PlainLedger):
    """Moves the points, and leaves the old account open."""

    def account(self, account: AccountId) -> Account:
        return attrs.evolve(super().account(account), merged_into=None)


class MergesWithoutExpiry(PlainLedger):
    def _move_lots(self, merge: Merge) -> None:
        before = len(self.posted)
        super()._move_lots(merge)
        self.posted[before:] = [attrs.evolve(one, expires=LIMIT) for one in self.posted[before:]]


class RewritesThePast(PlainLedger):
    """Reads the past as if all uses had been made by then."""

    def lots(self, account: AccountId, at: Instant | None = None) -> tuple[Lot, ...]:
        return super().lots(account, at if at is None else at + 1)


class WritesOneSide(PlainLedger):
    def balances(self) -> dict[AccountId, int]:
        held = super().balances()
        given = sum(isinstance(one.entry, Freeze) for one in self.posted)
        return {name: points + (name == "shop") * given for name, points in held.items()}


class ForgetsALot(PlainLedger):
    def lots(self, account: AccountId, at: Instant | None = None) -> tuple[Lot, ...]:
        return super().lots(account, at)[:2]


class SaysWhatDoesNotAddUp(PlainLedger):
    def statement(self, account: AccountId, begin: Instant, end: Instant) -> Statement:
        found = super().statement(account, begin, end)
        return attrs.evolve(found, lines=found.lines[:3])


PLANTED = {
    LosesAPosting: "no_posting_is_lost",
    SpendsTwice: "nobody_is_below_zero",
    IgnoresCaps: "no_cap_is_exceeded",
    ForgetsWhatIsPending: "nobody_is_below_zero",
    UsesTheNewestFirst: "the_oldest_lot_goes_first",
    RoundsUp: "no_posting_is_lost",
    EditsHistory: "nothing_is_edited",
    CutsTheTail: "the_tail_is_there",
    RefundsTwice: "nothing_is_refunded_twice",
    ExpiresADayEarly: "what_expires_is_what_the_dates_say",
    LetsPointsLast: "what_expires_is_what_the_dates_say",
    NeverTimesOut: "what_is_due_ends_on_time",
    KeepsWhatIsVoid: "what_is_pending_is_set_aside",
    PostsHalfAGroup: "linked_groups_are_all_or_none",
    CountsARetry: "repeats_change_nothing",
    PaysWhileFrozen: "results_are_as_documented",
    ForgetsAMerge: "accounts_stand_as_they_should",
    MergesWithoutExpiry: "the_oldest_lot_goes_first",
    RewritesThePast: "the_past_is_what_a_replay_makes_of_it",
    WritesOneSide: "accounts_sum_to_zero",
    ForgetsALot: "lots_make_what_is_available",
    SaysWhatDoesNotAddUp: "statements_add_up",
}
"""Each wrong ledger, with the sentence that it breaks."""
