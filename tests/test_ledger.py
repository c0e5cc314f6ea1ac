"""The ledger: one example a sentence, batches, and whatever is done to it, beside a plain model."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from practice_core.errors import DefinitionError, OperationError
from practice_core.points import (
    LIMIT,
    NEVER,
    Account,
    AccountKind,
    AccountNotOpen,
    Batch,
    BeforeLatest,
    Correction,
    Due,
    Freeze,
    Holding,
    Ledger,
    Lot,
    Merge,
    Pending,
    PostPending,
    Result,
    StatementLine,
    Thaw,
    Timeout,
    Transfer,
    VoidPending,
)
from practice_core.points.ledger.books import Books, Row
from practice_core.points.ledger.kinds import MERGE, TRANSFER
from practice_core.points.ledger.law import likeness, limits, refusals
from practice_core.testing import INVARIANTS, PlainLedger, ledger_machine
from practice_core.units import AccountId, TransferId
from tests.planted_ledgers import PLANTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from practice_core.points import Entry, Posting
    from practice_core.testing import LedgerLike

STEPS = int(os.environ.get("LEDGER_STEPS", "40"))
"""Steps of a run; a long one takes twenty with one draw."""
BURST = 20

FEW = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

ISSUANCE, ANN, BO, CY, HOME, SHOP, GONE, GHOST = (
    AccountId(name) for name in ("issuance", "ann", "bo", "cy", "home", "shop", "gone", "ghost")
)
NAMES = (ISSUANCE, ANN, BO, CY, HOME, SHOP, GHOST)
BIG = 2**63


def opened(ledger: LedgerLike) -> None:
    ledger.open(ISSUANCE, kind=AccountKind.ISSUANCE)
    ledger.open(ANN, CY)
    ledger.open(BO, cap=20)
    ledger.open(HOME, kind=AccountKind.HOUSEHOLD)
    ledger.open(SHOP, kind=AccountKind.SHOP)
    ledger.open(GONE, kind=AccountKind.EXPIRED)


def ledger_of(*entries: Posting) -> Ledger:
    """Give a ledger to which these were posted, every one of them lawfully."""
    ledger = Ledger()
    opened(ledger)
    for entry in entries:
        assert ledger.post(entry) is Result.CREATED, entry
    return ledger


def award(
    name: str, amount: int = 10, at: int = 0, expires: int = NEVER, to: AccountId = ANN
) -> Transfer:
    return Transfer(TransferId(name), ISSUANCE, to, amount, at, expires)


def spend(name: str, amount: int = 10, at: int = 0, by: AccountId = ANN) -> Transfer:
    return Transfer(TransferId(name), by, SHOP, amount, at)


def pend(name: str, amount: int = 10, at: int = 0, deadline: int = NEVER) -> Pending:
    return Pending(TransferId(name), ANN, SHOP, amount, at, deadline)


def post(name: str, pending: str, at: int = 0, amount: int | None = None) -> PostPending:
    return PostPending(TransferId(name), TransferId(pending), at, amount)


def void(name: str, pending: str, at: int = 0) -> VoidPending:
    return VoidPending(TransferId(name), TransferId(pending), at)


def correct(name: str, original: str, at: int = 0, amount: int | None = None) -> Correction:
    return Correction(TransferId(name), TransferId(original), at, amount)


def freeze(name: str, account: AccountId = ANN, at: int = 0) -> Freeze:
    return Freeze(TransferId(name), account, at)


def merge(name: str, old: AccountId, into: AccountId, at: int = 0) -> Merge:
    return Merge(TransferId(name), old, into, at)


def amounts(entries: Sequence[Entry]) -> list[int]:
    return [one.amount for one in entries if isinstance(one, Transfer)]


def lots(ledger: Ledger, account: AccountId = ANN, at: int | None = None) -> list[tuple[int, int]]:
    return [(lot.expires, lot.points) for lot in ledger.lots(account, at)]


# ---------------------------------------------------------------- every result has its example

EXAMPLES: dict[Result, tuple[Posting, ...]] = {
    Result.ID_INVALID: (award("-t"),),
    Result.ID_RESERVED: (award("ledger:expire:0:0"),),
    Result.EXISTS_WITH_DIFFERENT_KIND: (award("t"), pend("t")),
    Result.EXISTS_WITH_DIFFERENT_ORIGINAL: (
        award("t"),
        pend("p", 3),
        pend("q", 3),
        void("v", "p"),
        void("v", "q"),
    ),
    Result.EXISTS_WITH_DIFFERENT_DEBIT: (freeze("f"), freeze("f", BO)),
    Result.EXISTS_WITH_DIFFERENT_CREDIT: (award("t"), award("t", to=BO)),
    Result.EXISTS_WITH_DIFFERENT_AMOUNT: (
        award("t"),
        pend("p", 8),
        post("q", "p", amount=5),
        post("q", "p"),
    ),
    Result.EXISTS_WITH_DIFFERENT_AT: (award("t"), award("t", at=1)),
    Result.EXISTS_WITH_DIFFERENT_EXPIRES: (award("t"), award("t", expires=9)),
    Result.EXISTS_WITH_DIFFERENT_DEADLINE: (award("t"), pend("p", 8), pend("p", 8, deadline=9)),
    Result.EXISTS: (award("t"), pend("p", 8), post("q", "p"), post("q", "p", amount=8)),
    Result.ORIGINAL_NOT_FOUND: (post("q", "p"),),
    Result.ORIGINAL_NOT_PENDING: (award("t"), void("v", "t")),
    Result.ORIGINAL_NOT_POSTED: (award("t"), pend("p"), correct("c", "p")),
    Result.AMOUNT_MUST_BE_POSITIVE: (award("t"), correct("c", "t", amount=0)),
    Result.AMOUNT_TOO_LARGE: (award("t", BIG),),
    Result.AT_OUT_OF_RANGE: (freeze("f", at=BIG),),
    Result.EXPIRES_OUT_OF_RANGE: (award("t", expires=NEVER + 1),),
    Result.DEADLINE_OUT_OF_RANGE: (pend("p", deadline=-BIG),),
    Result.DEBIT_ACCOUNT_NOT_FOUND: (freeze("f", GHOST),),
    Result.CREDIT_ACCOUNT_NOT_FOUND: (award("t", to=GHOST),),
    Result.ACCOUNTS_MUST_DIFFER: (merge("m", ANN, ANN),),
    Result.ACCOUNTS_MUST_BE_ALIKE: (merge("m", ANN, HOME),),
    Result.EXPIRES_NOT_LATER: (award("t", at=9, expires=9),),
    Result.DEADLINE_NOT_LATER: (award("t"), pend("p", at=9, deadline=9)),
    Result.PENDING_POSTED: (award("t"), pend("p"), post("q", "p", amount=1), void("v", "p")),
    Result.PENDING_VOIDED: (award("t"), pend("p"), void("v", "p"), post("q", "p")),
    Result.PENDING_TIMED_OUT: (award("t"), pend("p", deadline=9), post("q", "p", at=9)),
    Result.AMOUNT_EXCEEDS_ORIGINAL: (award("t"), correct("c", "t", amount=6), correct("d", "t")),
    Result.DEBIT_ACCOUNT_CLOSED: (merge("m", ANN, CY), freeze("f")),
    Result.CREDIT_ACCOUNT_CLOSED: (merge("m", ANN, CY), award("t")),
    Result.DEBIT_ACCOUNT_FROZEN: (award("t"), pend("p"), freeze("f"), post("q", "p")),
    Result.CREDIT_ACCOUNT_FROZEN: (freeze("f"), award("t")),
    Result.ACCOUNT_NOT_FROZEN: (Thaw(TransferId("w"), ANN, 0),),
    Result.ACCOUNT_HAS_PENDING: (award("t"), pend("p"), merge("m", ANN, CY)),
    Result.AT_BEFORE_LATEST: (award("t", at=9), award("u", at=8)),
    Result.OVERDRAWN: (award("t"), pend("p", 6), spend("s", 5)),
    Result.CAP_EXCEEDED: (
        award("t"),
        Pending(TransferId("p"), ANN, BO, 5, 0),
        award("u", 16, to=BO),
    ),
    Result.OVERFLOW: (award("t", LIMIT), award("u", 1, to=CY)),
    Result.CREATED: (award("t"),),
}


@pytest.mark.parametrize("result", EXAMPLES)
def test_every_result_has_its_example_and_changes_nothing_but_the_last(result: Result) -> None:
    *before, entry = EXAMPLES[result]
    ledger = ledger_of(*before)
    held, count = ledger.balances(), len(ledger)
    assert ledger.post(entry) is result
    assert ((ledger.balances(), len(ledger)) == (held, count)) is (result is not Result.CREATED)


def test_the_examples_are_of_every_result_but_that_of_a_group() -> None:
    assert [Result.LINKED_EVENT_FAILED, *EXAMPLES] == list(Result)


@pytest.mark.parametrize("end", [void("e", "p", at=8), post("e", "p", at=8)])
def test_a_pending_transfer_that_has_timed_out_is_over(end: Posting) -> None:
    ledger = ledger_of(award("t"), pend("p", deadline=7))
    assert ledger.expire_pending(6) == ()
    assert ledger.expire_pending(8) == (pend("p", deadline=7),)
    assert ledger.expire_pending(8) == ()
    assert ledger.post(end) is Result.PENDING_TIMED_OUT
    assert ledger.holding(ANN) == Holding(10, 0, 0)
    assert ledger.entries()[-1] == Timeout(TransferId("p"), 8)


def test_pending_transfers_time_out_by_deadline() -> None:
    ledger = ledger_of(award("t", 30), *(pend(f"p{n}", deadline=20 - n) for n in range(3)))
    assert [one.id for one in ledger.expire_pending(30)] == ["p2", "p1", "p0"]


@pytest.mark.parametrize("kind", range(MERGE + 1))
def test_the_law_asks_in_the_order_in_which_results_are_documented(kind: int) -> None:
    books = Books()
    books.open(NAMES, AccountKind.MEMBER, LIMIT)
    books.append(Row(0, TRANSFER, 0, 1, 1, 0, NEVER, 0, -1))
    row = Row(1, kind, 0, 1, 1, 0, NEVER, 0, 0)
    asked = [*likeness(kind, row, row), *refusals(books, kind, row), *limits(books, kind, row)]
    places = [list(Result).index(result) for result, _ in asked]
    assert places == sorted(set(places))
    assert len(places) > 4


# ---------------------------------------------------------------- two phases


def test_pending_points_are_nobody_elses_and_still_there() -> None:
    ledger = ledger_of(award("t", 20), pend("p", 15))
    assert ledger.holding(ANN) == Holding(20, 15, 0)
    assert ledger.holding(SHOP) == Holding(0, 0, 15)
    assert ledger.holding(ANN).available == 5
    assert ledger.total() == 0


def test_what_is_not_posted_of_a_pending_transfer_is_free_again() -> None:
    ledger = ledger_of(award("t", 20), pend("p", 15), post("q", "p", amount=4))
    assert ledger.holding(ANN) == Holding(16, 0, 0)
    assert ledger.holding(SHOP) == Holding(4, 0, 0)


def test_points_that_were_pending_expire_as_the_pending_transfer_said() -> None:
    waiting = Pending(TransferId("p"), ISSUANCE, ANN, 8, 0, expires=50)
    assert lots(ledger_of(waiting, post("q", "p", 3, 5))) == [(50, 5)]


def test_what_is_pending_to_a_frozen_account_may_be_voided() -> None:
    ledger = ledger_of(award("t"), pend("p"), freeze("f"), void("v", "p"))
    assert ledger.holding(ANN) == Holding(10, 0, 0)


# ---------------------------------------------------------------- lots


def test_the_lot_that_expires_first_is_used_first_and_of_one_date_the_older() -> None:
    ledger = ledger_of(
        award("t", 5, expires=90),
        award("u", 5, expires=70),
        award("v", 5, expires=90),
        award("w", 5),
        spend("s", 8),
    )
    assert ledger.lots(ANN) == (
        Lot(TransferId("t"), 0, 90, 2),
        Lot(TransferId("v"), 0, 90, 5),
        Lot(TransferId("w"), 0, NEVER, 5),
    )
    assert ledger.next_expiries(ANN, 3) == (Due(90, 7),)
    assert ledger.lots(ISSUANCE) == ledger.lots(GONE) == ()


def test_a_void_leaves_no_trace_and_reserved_points_do_not_expire() -> None:
    ledger = ledger_of(award("t", 10, expires=50), award("u", 10, expires=90), pend("p", 4))
    assert lots(ledger) == [(50, 6), (90, 10)]
    assert amounts(ledger.expire(60, GONE)) == [6]
    ledger.post(void("v", "p", at=60))
    assert lots(ledger) == [(50, 4), (90, 10)]
    again = list(ledger.expire(60, GONE))
    assert again == [Transfer(TransferId("ledger:expire:1:0"), ANN, GONE, 4, 60)]
    assert ledger.balance(GONE) == 10


def test_lots_expire_at_their_instant_not_before_and_once() -> None:
    ledger = ledger_of(award("t", 5, expires=50), award("u", 7, to=BO, expires=50), spend("s", 2))
    assert len(ledger.expire(49, GONE)) == 0
    gone = ledger.expire(50, GONE)
    assert list(gone) == [
        Transfer(TransferId("ledger:expire:0:0"), ANN, GONE, 3, 50),
        Transfer(TransferId("ledger:expire:0:1"), BO, GONE, 7, 50),
    ]
    assert list(gone[1:]) == [gone[1]]
    assert len(ledger.expire(99, GONE)) == 0


def test_lots_of_a_frozen_account_expire_once_it_is_thawed() -> None:
    ledger = ledger_of(award("t", 5, expires=50), freeze("f"))
    assert len(ledger.expire(60, GONE)) == 0
    assert ledger.account(ANN).is_frozen
    ledger.post(Thaw(TransferId("w"), ANN, 61))
    assert amounts(ledger.expire(61, GONE)) == [5]


def test_a_credit_that_expires_earlier_takes_over_earlier_uses() -> None:
    ledger = ledger_of(award("t", 5, expires=90), spend("s", 5), award("u", 5, expires=50))
    assert lots(ledger) == [(90, 5)]
    assert len(ledger.expire(60, GONE)) == 0


def test_an_expiry_can_be_told_from_the_id_of_its_lot() -> None:
    ledger = ledger_of(award("t", 5, expires=50))
    (gone,) = ledger.expire(50, GONE)
    assert isinstance(gone, Transfer)
    row = int(gone.id.rpartition(":")[2])
    assert ledger.entries()[row] == award("t", 5, expires=50)


def test_lots_are_exact_when_turnover_is_beyond_64_bits() -> None:
    ledger = ledger_of()
    half = LIMIT // 2
    for number in range(2**10 + 1):
        there, back = award(f"t-{number}", half, expires=50 + number), spend(f"s-{number}", half)
        again = Transfer(TransferId(f"b-{number}"), SHOP, ISSUANCE, half, 0)
        assert {ledger.post(one) for one in (there, back, again)} == {Result.CREATED}
    ledger.post(award("t-last", 9, expires=60))
    assert lots(ledger) == [(50 + 2**10, 9)]
    assert amounts(ledger.expire(50 + 2**10, GONE)) == [9]


# ---------------------------------------------------------------- corrections


def test_points_given_back_are_as_old_as_they_were() -> None:
    ledger = ledger_of(
        award("t", 5, expires=50), award("u", 5, expires=90), spend("s", 7), correct("c", "s")
    )
    assert lots(ledger) == [(50, 5), (90, 5)]
    assert ledger.balance(SHOP) == 0


def test_an_award_taken_back_is_missing_from_its_own_lot() -> None:
    ledger = ledger_of(
        award("t", 5, expires=50), award("u", 5, expires=90), correct("c", "u", amount=3)
    )
    assert lots(ledger) == [(50, 5), (90, 2)]


def test_an_award_that_was_spent_cannot_be_taken_back() -> None:
    assert ledger_of(award("t"), spend("s", 1)).post(correct("c", "t")) is Result.OVERDRAWN


def test_an_expiry_and_the_award_behind_it_are_taken_back_together() -> None:
    ledger = ledger_of(award("t", 5, expires=50))
    (gone,) = ledger.expire(50, GONE)
    assert isinstance(gone, Transfer)
    both = (correct("c", gone.id, at=60), correct("d", "t", at=60))
    assert set(ledger.post_linked(both)) == {Result.CREATED}
    assert set(ledger.balances().values()) == {0}
    assert ledger.lots(ANN) == ()


def test_what_was_posted_of_a_pending_transfer_is_corrected_by_the_id_that_posted_it() -> None:
    ledger = ledger_of(award("t"), pend("p", 8), post("q", "p", amount=6), correct("c", "q"))
    assert ledger.balance(ANN) == 10
    assert ledger.post(correct("d", "q", amount=1)) is Result.AMOUNT_EXCEEDS_ORIGINAL


# ---------------------------------------------------------------- groups


def test_a_group_is_posted_wholly_or_not_at_all() -> None:
    ledger = ledger_of(award("t"))
    group = (pend("p", 4), freeze("f", BO), merge("m", CY, ANN), spend("s", 7))
    failed = [Result.LINKED_EVENT_FAILED] * 3
    before = list(ledger.entries()), ledger.balances()
    assert list(ledger.post_linked(group)) == [*failed, Result.OVERDRAWN]
    assert (list(ledger.entries()), ledger.balances()) == before
    assert ledger.holding(ANN) == Holding(10, 0, 0)
    assert not ledger.account(BO).is_frozen
    assert ledger.account(CY).merged_into is None
    assert list(ledger.post_linked(group[:3])) == [Result.CREATED] * 3


def test_a_group_given_again_exists_and_one_that_partly_exists_fails() -> None:
    ledger = ledger_of()
    group = [award("t"), spend("s")]
    assert ledger.post_linked(group) == (Result.CREATED, Result.CREATED)
    assert ledger.post_linked(group) == (Result.EXISTS, Result.EXISTS)
    assert ledger.post_linked([award("u"), *group]) == (
        Result.LINKED_EVENT_FAILED,
        Result.EXISTS,
        Result.LINKED_EVENT_FAILED,
    )
    assert ledger.post_linked([]) == ()
    assert len(ledger) == 2


def test_what_a_group_took_back_leaves_room_for_a_batch() -> None:
    ledger = ledger_of(award("t"))
    ledger.post_linked([pend("p", deadline=9), spend("s")])
    batch = Batch(
        prefix="b-", numbers=[1], accounts=NAMES, debit=[0], credit=[1], amount=[5], at=[0]
    )
    assert list(ledger.post_many(batch)) == [Result.CREATED]
    assert ledger.entries()[1] == Transfer(TransferId("b-1"), ISSUANCE, ANN, 5, 0)


# ---------------------------------------------------------------- merging


def test_all_lots_of_a_merged_account_move_with_their_expiry() -> None:
    ledger = ledger_of(
        award("t", 5, expires=50), award("u", 5), award("w", 3, to=CY, expires=70), spend("s", 2)
    )
    assert ledger.post(merge("m", ANN, CY, at=9)) is Result.CREATED
    assert lots(ledger, CY) == [(50, 3), (70, 3), (NEVER, 5)]
    assert ledger.account(ANN) == Account(ANN, AccountKind.MEMBER, LIMIT, merged_into=CY)
    assert ledger.balance(ANN) == 0
    assert lots(ledger, ANN, at=8) == [(50, 3), (NEVER, 5)]
    assert ledger.post(merge("m", ANN, CY, at=9)) is Result.EXISTS
    assert ledger.post(merge("n", ANN, CY, at=9)) is Result.DEBIT_ACCOUNT_CLOSED


def test_accounts_do_not_merge_beyond_a_cap() -> None:
    ledger = ledger_of(award("t", 15), award("u", 6, to=BO))
    assert ledger.post(merge("m", ANN, BO)) is Result.CAP_EXCEEDED
    assert ledger.account(ANN).merged_into is None


def test_an_empty_account_merges_too() -> None:
    ledger = ledger_of(merge("m", ANN, CY))
    assert list(ledger.entries()) == [merge("m", ANN, CY)]


# ---------------------------------------------------------------- looking back


def test_the_past_stays_as_it_was() -> None:
    ledger = ledger_of(
        award("t", 10, at=1, expires=50),
        pend("p", 6, at=2),
        post("q", "p", at=4, amount=5),
        correct("c", "q", at=6, amount=2),
    )
    held = [ledger.holding(ANN, at) for at in range(7)]
    assert [one.balance for one in held] == [0, 10, 10, 10, 5, 5, 7]
    assert [one.pending_debits for one in held] == [0, 0, 6, 6, 0, 0, 0]
    assert [lots(ledger, at=at) for at in (0, 1, 2, 4, 6)] == [
        [],
        [(50, 10)],
        [(50, 4)],
        [(50, 5)],
        [(50, 7)],
    ]
    assert ledger.as_of(ANN, BIG) == 7
    assert ledger.as_of(ANN, -BIG - 1) == 0


def test_a_statement_opens_runs_and_closes() -> None:
    ledger = ledger_of(
        award("t", 10, at=1, expires=50), spend("s", 4, at=2), correct("c", "s", at=3)
    )
    found = ledger.statement(ANN, 2, 4)
    assert (found.opening, found.closing) == (10, 10)
    assert found.lines == (
        StatementLine(TransferId("s"), 2, SHOP, -4, 6, NEVER),
        StatementLine(TransferId("c"), 3, SHOP, 4, 10, NEVER, TransferId("s")),
    )
    assert ledger.statement(ANN, 0, 2).lines[0].expires == 50
    assert ledger.statement(ANN, 9, 9).lines == ()


def test_everything_that_moved_points_is_a_transfer() -> None:
    ledger = ledger_of(
        award("t"), pend("p", 8, at=1), post("q", "p", at=2, amount=3), correct("c", "q", at=3)
    )
    assert [(one.id, one.debit, one.credit, one.amount) for one in ledger.transfers()] == [
        ("t", ISSUANCE, ANN, 10),
        ("q", ANN, SHOP, 3),
        ("c", SHOP, ANN, 3),
    ]


# ---------------------------------------------------------------- what cannot be asked


def test_what_is_due_is_not_done_in_the_past() -> None:
    ledger = ledger_of(award("t", at=9))
    for act in (lambda: ledger.expire_pending(8), lambda: ledger.expire(8, GONE)):
        with pytest.raises(BeforeLatest, match="8 is before the ledger's latest entry, 9") as error:
            act()
        assert pickle.loads(pickle.dumps(error.value)).latest == 9  # noqa: S301 - our own bytes
    with pytest.raises(OperationError, match="outside the years"):
        ledger.expire_pending(BIG)


def test_only_an_account_for_it_takes_what_has_expired() -> None:
    ledger = ledger_of(award("t", expires=9))
    with pytest.raises(OperationError, match="shop keeps no expired points"):
        ledger.expire(9, SHOP)
    with pytest.raises(AccountNotOpen):
        ledger.expire(9, GHOST)
    ledger.post(freeze("f", GONE))
    with pytest.raises(OperationError, match="frozen=True"):
        ledger.expire(9, GONE)


def test_expired_points_are_not_beyond_the_limit_either() -> None:
    ledger = ledger_of(award("t", expires=9), award("u", LIMIT - 12, to=GONE))
    other = AccountId("other")
    ledger.open(other, kind=AccountKind.ISSUANCE)
    ledger.post(Transfer(TransferId("w"), other, ANN, 5, 0, 9))
    with pytest.raises(OperationError, match="cannot hold 15 points more"):
        ledger.expire(9, GONE)


def test_a_cap_is_for_points_that_are_for_use() -> None:
    ledger = Ledger()
    with pytest.raises(DefinitionError, match="cap: 5; expected none for issuance"):
        ledger.open(ISSUANCE, kind=AccountKind.ISSUANCE, cap=5)
    with pytest.raises(DefinitionError, match="cap: -1"):
        ledger.open(ANN, cap=-1)
    ledger.open(ANN, cap=5)
    with pytest.raises(DefinitionError, match="open as member with cap 5; expected one way"):
        ledger.open(ANN, cap=6)


# ---------------------------------------------------------------- batches

rows = st.tuples(
    st.integers(0, 40) | st.sampled_from([-1, 10**9]),
    st.just(0) | st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 9) | st.sampled_from([LIMIT, LIMIT + 1]),
    st.just(5) | st.integers(3, 7),
    st.sampled_from([NEVER, 4, 7, 8, 10**15]),
)
batches = st.builds(
    lambda prefix, drawn: Batch(
        prefix=prefix,
        accounts=NAMES,
        **dict(
            zip(
                ("numbers", "debit", "credit", "amount", "at", "expires"),
                np.array(drawn, np.int64).reshape(-1, 6).T,
                strict=True,
            )
        ),
    ),
    st.sampled_from(["", "a:", "ledger:"]),
    st.lists(rows, max_size=60),
)
befores = st.lists(
    st.sampled_from(
        [
            award("t1", 18, to=BO),
            award("t2", 30),
            pend("p1", 12),
            Pending(TransferId("p2"), ISSUANCE, BO, 1, 0),
            freeze("f1", CY),
            freeze("f2", SHOP),
            merge("m1", CY, ANN),
            award("7", 3, at=2),
        ]
    ),
    unique=True,
)


@settings(max_examples=300)
@given(befores, st.lists(batches, max_size=3))
def test_a_batch_does_what_its_rows_do_one_by_one(
    before: list[Posting], given: list[Batch]
) -> None:
    together, singly, plain = Ledger(), Ledger(), PlainLedger()
    ledgers: list[LedgerLike] = [together, singly, plain]
    for ledger in ledgers:
        opened(ledger)
        for entry in before:
            ledger.post(entry)
    for batch in given:
        alone = [
            singly.post(row) if 0 <= number < 10**9 else Result.ID_INVALID
            for number, row in zip(batch.numbers, batch.transfers(), strict=True)
        ]
        assert list(together.post_many(batch)) == alone == plain.post_many(batch)
    for account in NAMES[:-1]:
        assert together.holding(account) == singly.holding(account) == plain.holding(account)
        assert together.lots(account) == singly.lots(account) == plain.lots(account)
    assert list(together.entries()) == list(singly.entries()) == plain.entries()


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 9)), max_size=40))
def test_awards_to_accounts_that_fill_up_are_refused_one_by_one(
    awards: list[tuple[int, int]],
) -> None:
    ledger, held = Ledger(), {1: 0, 2: 0}
    ledger.open(ISSUANCE, kind=AccountKind.ISSUANCE)
    ledger.open(ANN, BO, cap=20)
    credit, amount = np.array(awards, np.int64).reshape(-1, 2).T
    size = len(awards)
    batch = Batch(
        prefix="b-",
        numbers=np.arange(size),
        accounts=NAMES,
        debit=np.zeros(size, np.int64),
        credit=credit,
        amount=amount,
        at=np.zeros(size, np.int64),
    )
    expected = []
    for account, points in awards:
        fits = held[account] + points <= 20
        held[account] += points * fits
        expected.append(Result.CREATED if fits else Result.CAP_EXCEEDED)
    assert list(ledger.post_many(batch)) == expected
    assert (ledger.balance(ANN), ledger.balance(BO)) == (held[1], held[2])


def test_one_expiry_may_be_given_for_a_whole_batch() -> None:
    ledger = ledger_of()
    batch = Batch(
        prefix="b-",
        numbers=[1, 2],
        accounts=NAMES,
        debit=[0, 0],
        credit=[1, 1],
        amount=[5, 6],
        at=[0, 0],
        expires=50,
    )
    ledger.post_many(batch)
    assert lots(ledger) == [(50, 5), (50, 6)]
    assert [row.expires for row in batch.transfers()] == [50, 50]


# ---------------------------------------------------------------- whatever is done to it


@pytest.mark.slow
def test_the_ledger_does_what_the_plain_model_does_whatever_is_done_to_it() -> None:
    is_long = FEW.stateful_step_count < STEPS
    machine = ledger_machine(Ledger, burst=BURST if is_long else 1)
    long = settings(FEW, max_examples=5, stateful_step_count=-(-STEPS // BURST))
    run_state_machine_as_test(machine, settings=long if is_long else FEW)
    assert machine.longest >= STEPS
    never_met = [result for result in Result if not machine.met[result]]
    assert len(never_met) <= (0 if is_long else 4), never_met


def caught(wrong: Callable[[], LedgerLike], salt: int) -> str:
    """Say what is broken first when a wrong ledger is attacked in some way; empty if nothing."""
    once = settings(FEW, phases=[Phase.generate], report_multiple_bugs=False)
    try:
        run_state_machine_as_test(ledger_machine(wrong, salt=salt), settings=once)
    except AssertionError as error:
        return str(error).partition("Failing test case")[0]
    return ""


@pytest.mark.parametrize("wrong", PLANTED, ids=lambda wrong: wrong.__name__)
def test_a_wrong_ledger_is_caught_by_the_sentence_that_it_breaks(wrong: type[PlainLedger]) -> None:
    said = (caught(wrong, salt) for salt in range(10))
    assert any(f"\n{PLANTED[wrong]}: " in one for one in said)


def test_the_model_itself_breaks_nothing() -> None:
    run_state_machine_as_test(ledger_machine(PlainLedger), settings=settings(FEW, max_examples=5))


def test_a_wrong_ledger_is_planted_for_every_sentence() -> None:
    machine = {
        "linked_groups_are_all_or_none",
        "repeats_change_nothing",
        "results_are_as_documented",
        "the_past_is_what_a_replay_makes_of_it",
        "what_expires_is_what_the_dates_say",
        "what_is_due_ends_on_time",
    }
    assert {holds.__name__ for holds in INVARIANTS} | machine == set(PLANTED.values())


def test_a_ledger_that_cannot_be_read_is_broken_too() -> None:
    class Torn(PlainLedger):
        def entries(self) -> list[object]:  # type: ignore[override]  # that is what is torn
            message = "torn"
            raise RuntimeError(message)

    machine = ledger_machine(Torn)  # type: ignore[arg-type]  # that is what is torn
    with pytest.raises((AssertionError, RuntimeError), match="torn"):
        run_state_machine_as_test(machine, settings=settings(FEW, phases=[Phase.generate]))
