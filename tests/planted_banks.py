"""Banks of points that are wrong, each in one way, and the sentence that must catch each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from practice_core.journal import MemoryJournal, Write
from practice_core.lifecycle import Refused
from practice_core.points.accounts import (
    AccountEvent,
    AreaLedger,
    ItemOffered,
    PointsAwarded,
    PointsExpired,
    PointsGiven,
    RedemptionCollected,
    RedemptionLapsed,
    RedemptionRefunded,
    RedemptionReserved,
    Share,
    postings,
)
from practice_core.points.accounts import passbook as passbooks
from practice_core.service import Books, Practice, Transaction
from practice_core.units import DAY, CommandId, VolunteerId
from tests.meeting import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from practice_core.journal import Appended, Carried
    from practice_core.points.ledger import Lot, Posting

__all__ = ["PLANTED", "Planted"]


class Planted:
    """What a bank is made of; each wrong one changes something."""

    kind: ClassVar[type[Practice]] = Practice
    handle: ClassVar[type[Interrupted]] = Interrupted
    area: ClassVar[type[AreaLedger]] = AreaLedger

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        """Change what the package itself does."""

    def tamper(self, handle: Interrupted, step: int) -> None:
        """Do something to what is stored."""


class Writing(Interrupted):
    """A handle that writes something else than it is given."""

    def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        changed = (attrs.evolve(one, events=tuple(self.changed(one.events))) for one in writes)
        return super().append([one for one in changed if one.events], **rest)

    def changed(self, events: Sequence[Any]) -> Iterator[Any]:
        raise NotImplementedError


class LosesAPosting(Planted):
    """Leaves every third expiry out of the books of all."""

    class Area(AreaLedger):
        seen = 0

        def apply(self, event: AccountEvent, number: int, name: str) -> tuple[Posting, ...]:
            self.seen += isinstance(event, PointsExpired)
            if isinstance(event, PointsExpired) and self.seen % 3 == 0:
                return ()
            return super().apply(event, number, name)

    area = Area


class Unexpecting(Interrupted):
    """Writes to some streams whatever others have written there meanwhile."""

    streams: ClassVar[str]

    def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        self._let("append")
        now = [
            attrs.evolve(one, expected=len(list(self.journal.stream(one.stream))))
            if one.stream.startswith(self.streams)
            else one
            for one in writes
        ]
        return self.journal.append(now, **rest)


class SpendsTwice(Planted):
    class Handle(Unexpecting):
        streams = "account/"

    handle = Handle


class SellsTheLastPieceTwice(Planted):
    class Handle(Unexpecting):
        streams = "item/"

    handle = Handle


class GivesTheNewestFirst(Planted):
    def plant(self, patch: pytest.MonkeyPatch) -> None:
        def front(book: passbooks.Passbook, points: int) -> tuple[Share, ...]:
            shares = []
            for lot in reversed(book.lots):
                taken = min(lot.points, points)
                points -= taken
                shares += [Share(taken, lot.expires)] * (taken > 0)
            return tuple(shares)

        patch.setattr(passbooks.Passbook, "front", front)


class RoundsUp(Planted):
    """Takes all that was set aside for a service."""

    class Handle(Writing):
        def changed(self, events: Sequence[Any]) -> Iterator[Any]:
            for event in events:
                reserved = self.reserved(event)
                yield event if reserved is None else attrs.evolve(event, points=reserved)

        def reserved(self, event: object) -> int | None:
            if isinstance(event, RedemptionCollected):
                for row in self.journal.stream(event.stream):
                    found = row.event
                    if isinstance(found, RedemptionReserved) and (
                        found.redemption == event.redemption
                    ):
                        return found.points
            return None

    handle = Handle


class EditsHistory(Planted):
    """Writes over the amount of an award, later."""

    def tamper(self, handle: Interrupted, step: int) -> None:
        journal = handle.journal
        assert isinstance(journal, MemoryJournal)
        rows = journal.memory.rows
        if step == 30:
            place = next(at for at, row in enumerate(rows) if b'"points":' in row.body)
            changed = attrs.evolve(rows[place], body=rows[place].body.replace(b'"by":', b'"By":'))
            rows[place] = changed


class CutsTheTail(Planted):
    def tamper(self, handle: Interrupted, step: int) -> None:
        journal = handle.journal
        assert isinstance(journal, MemoryJournal)
        if step == 30:
            del journal.memory.rows[-3:]


class RefundsTwice(Planted):
    class Handle(Writing):
        def changed(self, events: Sequence[Any]) -> Iterator[Any]:
            for event in events:
                yield event
                if isinstance(event, RedemptionRefunded):
                    yield event

    handle = Handle


class ExpiresADayEarly(Planted):
    def plant(self, patch: pytest.MonkeyPatch) -> None:
        expired = passbooks.Passbook.expired
        patch.setattr(passbooks.Passbook, "expired", lambda book, at: expired(book, at + DAY))


class ChecksNoCode(Planted):
    class Kind(Practice):
        def _has_code(self, account: object, command: object, given: object) -> bool:  # noqa: ARG002 - it looks at nothing
            return True

    kind = Kind


class LowersHours(Planted):
    """Takes an hour for what is handed out."""

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        applied = Books._on_account  # noqa: SLF001 - what is planted

        def lowers(books: Books, event: AccountEvent) -> None:
            applied(books, event)
            if isinstance(event, RedemptionReserved):
                books._accounts[VolunteerId(event.account)][0] -= 60  # noqa: SLF001 - what is planted

        patch.setattr(Books, "_on_account", lowers)


class GivesFromNothing(Planted):
    class Handle(Writing):
        def changed(self, events: Sequence[Any]) -> Iterator[Any]:
            return (event for event in events if not isinstance(event, PointsGiven))

    handle = Handle


class WritesHalf(Planted):
    """What happens to items gets an append of its own, that is forgotten."""

    class Handle(Interrupted):
        def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
            accounts = [one for one in writes if not one.stream.startswith("item/")]
            return super().append(accounts or writes, **rest)

    handle = Handle


class ForgetsCommands(Planted):
    """Does again what was done under the same id."""

    class Handle(Interrupted):
        again = 0

        def carried(self, command: CommandId) -> Carried | None:
            super().carried(command)
            return None

        def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
            self.again += 1
            rest["command"] = CommandId(f"{rest['command']}-{id(self) % 97}-{self.again}")
            return super().append(writes, **rest)

    handle = Handle


class ForgetsClocks(Planted):
    class Handle(Writing):
        def changed(self, events: Sequence[Any]) -> Iterator[Any]:
            for event in events:
                gives = isinstance(event, PointsAwarded)
                yield attrs.evolve(event, due_at=None) if gives else event

    handle = Handle


class ForgetsHouseholds(Planted):
    def plant(self, patch: pytest.MonkeyPatch) -> None:
        filled = Books._fill  # noqa: SLF001 - what is planted

        def forgetful(books: Books, rest: dict[str, Any]) -> None:
            filled(books, {**rest, "households": {}})

        patch.setattr(Books, "_fill", forgetful)


class ForgetsALot(Planted):
    def plant(self, patch: pytest.MonkeyPatch) -> None:
        def some(book: passbooks.Passbook) -> tuple[Lot, ...]:
            return book.ledger.lots(book.account)[:2]

        patch.setattr(passbooks.Passbook, "lots", property(some))


class RewritesThePast(Planted):
    """Reads what was as if it were now."""

    class Area(AreaLedger):
        def __init__(self) -> None:
            super().__init__()
            holding = self.ledger.holding
            self.ledger.holding = lambda account, at=None: holding(account)  # type: ignore[method-assign]  # noqa: ARG005 - what is planted

    area = Area


class KeepsWhatLapsed(Planted):
    """Sets nothing free that nobody collected."""

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        patch.delitem(postings._NAMED, RedemptionLapsed)  # noqa: SLF001 - what is planted


class WritesRefusals(Planted):
    """Notes a piece more of an item each time that somebody is refused."""

    class Kind(Practice):
        def transact(self, subject: Any, command: Any, **rest: Any) -> Transaction | Refused:  # noqa: ANN401 - as it is given
            answer = super().transact(subject, command, **rest)
            if isinstance(answer, Refused):
                found = [one for one in self.journal.read() if isinstance(one.event, ItemOffered)]
                stream = found[-1].stream
                known = len(list(self.journal.stream(stream)))
                write = Write(stream, known, (found[-1].event,))
                self.journal.append([write], command=CommandId(f"x-{known}"), digest=b"1")
            return answer

    kind = Kind


class RaisesSomething(Planted):
    """Looks for an award under a number that it has not."""

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        history = passbooks.Passbook.history

        def asks(book: passbooks.Passbook, *given: Any) -> object:  # noqa: ANN401 - as it is given
            return (book.awards[0], history(book, *given))[1]

        patch.setattr(passbooks.Passbook, "history", asks)


PLANTED: dict[type[Planted], str] = {
    LosesAPosting: "passbooks_and_the_area_agree",
    SellsTheLastPieceTwice: "the_last_piece_is_had_once",
    GivesTheNewestFirst: "the_oldest_points_go_first",
    RoundsUp: "a_service_costs_the_hours_begun",
    EditsHistory: "nothing_is_edited",
    CutsTheTail: "the_tail_is_there",
    RefundsTwice: "nothing_is_redeemed_twice",
    ExpiresADayEarly: "what_expires_is_what_the_dates_say",
    ChecksNoCode: "goods_are_handed_out_for_their_code",
    LowersHours: "hours_never_fall",
    GivesFromNothing: "accounts_sum_to_zero",
    WritesHalf: "commands_are_all_or_none",
    ForgetsCommands: "repeats_change_nothing",
    ForgetsClocks: "clocks_are_kept",
    ForgetsHouseholds: "books_are_what_events_say",
    ForgetsALot: "lots_make_what_is_available",
    RewritesThePast: "the_past_is_what_a_replay_makes_of_it",
    SpendsTwice: "nobody_is_below_zero",
    KeepsWhatLapsed: "what_is_pending_is_set_aside",
    WritesRefusals: "what_is_refused_writes_nothing",
    RaisesSomething: "only_documented_errors_come_out",
}
"""Each wrong bank, with the sentence that it breaks."""
