"""What the points room promises: the worth of service, and books that cannot go wrong."""

from __future__ import annotations

import pickle
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.errors import DefinitionError
from practice_core.points import (
    LIMIT,
    AccountKind,
    AccountNotOpen,
    AwardReason,
    Batch,
    Ledger,
    Result,
    RuleSet,
    Transfer,
    award,
    award_points,
)
from practice_core.terms import term
from practice_core.units import AccountId, OrderId, TransferId, VolunteerId, is_identifier
from practice_core.volunteers import ServiceRecord

KUNSHAN = RuleSet(id="kunshan", version=1, effective=0, rate_per_hour=10, source="DOMAIN A2")
QUFU = RuleSet(id="qufu", version=1, effective=0, rate_per_hour=10, source="DOMAIN A11")

ISSUANCE, ANN, BO, SHOP, GHOST = (AccountId(name) for name in ("iss", "ann", "bo", "shop", "ghost"))
NAMES = (ISSUANCE, ANN, BO, SHOP, GHOST)

rule_sets = st.builds(
    RuleSet,
    id=st.just("drawn"),
    version=st.integers(1, 9),
    effective=st.integers(0, 10**12),
    rate_per_hour=st.integers(1, 10**6),
    source=st.just("assumed: drawn"),
    quantum=st.integers(1, 1440),
)
minutes_served = st.integers(0, 600) | st.integers(0, 2**31 - 1)


def record(minutes: int) -> ServiceRecord:
    return ServiceRecord(VolunteerId("v-1"), OrderId("o-1"), at=0, minutes=minutes)


def ledger_of_four() -> Ledger:
    ledger = Ledger()
    ledger.open(ISSUANCE, kind=AccountKind.ISSUANCE)
    ledger.open(ANN, BO, SHOP)
    return ledger


def transfer(
    name: str = "t",
    debit: AccountId = ISSUANCE,
    credit: AccountId = ANN,
    amount: int = 10,
    at: int = 0,
) -> Transfer:
    return Transfer(TransferId(name), debit, credit, amount, at)


# Few of everything, so that ids collide, accounts run dry and limits are met. A row is an id's
# number, the two accounts, an amount and an instant.
rows = st.tuples(
    st.sampled_from([0, 1, 2, 3, 4, 5, 17, 999_999_999, 10**9, -1]) | st.integers(0, 40),
    st.integers(0, 4) | st.just(0),
    st.integers(0, 4),
    st.integers(-1, 9) | st.sampled_from([LIMIT, LIMIT + 1, LIMIT // 2]),
    st.integers(0, 3) | st.sampled_from([10**15, -(10**15)]),
)
plain_rows = st.tuples(
    st.integers(0, 60), st.integers(0, 3), st.integers(0, 3), st.integers(1, 9), st.just(5)
)
row_lists = st.lists(rows, max_size=30) | st.lists(plain_rows, max_size=60)
prefixes = st.sampled_from(["", "a:", "b-"])


def batch_of(prefix: str, drawn: list[tuple[int, int, int, int, int]]) -> Batch:
    numbers, debit, credit, amount, at = np.array(drawn, np.int64).reshape(-1, 5).T
    return Batch(
        prefix=prefix,
        numbers=numbers,
        accounts=NAMES,
        debit=debit,
        credit=credit,
        amount=amount,
        at=at,
    )


batches = st.builds(batch_of, prefixes, row_lists)


def said(posted: dict[str, Transfer], balances: dict[AccountId, int], new: Transfer) -> Result:  # noqa: C901, PLR0911, PLR0912 - the precedence, one line each
    """Say what becomes of a transfer: the specification, in the order in which it is told."""
    if not is_identifier(new.id):
        return Result.ID_INVALID
    old = posted.get(new.id)
    if old is not None:
        for field in ("debit", "credit", "amount", "at"):
            if getattr(old, field) != getattr(new, field):
                return Result(f"exists_with_different_{field}")
        return Result.EXISTS
    if new.amount <= 0:
        return Result.AMOUNT_MUST_BE_POSITIVE
    if new.amount > LIMIT:
        return Result.AMOUNT_TOO_LARGE
    if abs(new.at) == 10**15:
        return Result.AT_OUT_OF_RANGE
    if new.debit not in balances:
        return Result.DEBIT_ACCOUNT_NOT_FOUND
    if new.credit not in balances:
        return Result.CREDIT_ACCOUNT_NOT_FOUND
    if new.debit == new.credit:
        return Result.ACCOUNTS_MUST_DIFFER
    if new.at < max((old.at for old in posted.values()), default=new.at):
        return Result.AT_BEFORE_LATEST
    left, gained = balances[new.debit] - new.amount, balances[new.credit] + new.amount
    if new.debit != ISSUANCE and left < 0:
        return Result.OVERDRAWN
    if left < -LIMIT or gained > LIMIT:
        return Result.OVERFLOW
    posted[new.id] = new
    balances[new.debit], balances[new.credit] = left, gained
    return Result.CREATED


# ---------------------------------------------------------------- what service is worth


@given(rule_sets, st.lists(minutes_served, max_size=20))
def test_a_column_of_minutes_earns_what_each_record_earns(
    rules: RuleSet, served: list[int]
) -> None:
    singly = [award(rules, record(minutes)).points for minutes in served]
    assert award_points(rules, np.array(served, np.int64)).tolist() == singly


@given(rule_sets, minutes_served)
def test_points_are_the_whole_part_of_credited_hours_times_rate(
    rules: RuleSet, minutes: int
) -> None:
    credited = floor(Fraction(minutes, rules.quantum)) * rules.quantum
    points = floor(Fraction(credited, 60) * rules.rate_per_hour)
    assert award(rules, record(minutes)).points == points


@given(rule_sets, minutes_served, minutes_served)
def test_serving_longer_never_earns_less(rules: RuleSet, some: int, other: int) -> None:
    shorter, longer = sorted((some, other))
    assert award(rules, record(shorter)).points <= award(rules, record(longer)).points


def test_an_hour_in_kunshan_is_ten_points() -> None:
    assert award(KUNSHAN, record(60)).points == 10


def test_402_hours_in_qufu_are_4020_points() -> None:
    assert award(QUFU, record(402 * 60)).points == 4_020


def test_time_short_of_a_quantum_is_told_and_earns_nothing() -> None:
    whole, short = award(KUNSHAN, record(96)), award(KUNSHAN, record(100))
    assert [line.reason for line in whole.lines] == [AwardReason.SERVICE_TIME]
    assert [line.reason for line in short.lines] == [AwardReason.SERVICE_TIME, AwardReason.QUANTUM]
    assert (short.points, short.minutes, short.lines[1].minutes) == (whole.points, 96, -4)


@pytest.mark.parametrize("minutes", [-1, 2**31])
def test_minutes_that_nobody_can_have_served_earn_an_error(minutes: int) -> None:
    with pytest.raises(DefinitionError, match=f"v-1 on o-1.*\n.*minutes: {minutes};"):
        award(KUNSHAN, record(minutes))
    with pytest.raises(DefinitionError, match=rf"1 of 2 entries.*\n.*minutes\[1\]: {minutes};"):
        award_points(KUNSHAN, np.array([60, minutes]))


def test_minutes_in_fractions_are_refused() -> None:
    with pytest.raises(TypeError):
        award_points(KUNSHAN, np.array([60.5]))


def test_a_rule_set_tells_all_its_faults_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        RuleSet(id="", version=0, effective=0, rate_per_hour=0, source=" ", quantum=0)
    places = [fault.place for fault in caught.value.faults]
    assert places == ["id", "source", "rate_per_hour", "version", "quantum"]


# ---------------------------------------------------------------- the books


@given(st.lists(batches, max_size=4))
def test_batches_and_single_postings_do_what_the_specification_says(given: list[Batch]) -> None:
    together, singly = ledger_of_four(), ledger_of_four()
    posted: dict[str, Transfer] = {}
    balances = singly.balances()
    for batch in given:
        expected, alone = [], []
        for number, row in zip(batch.numbers, batch.transfers(), strict=True):
            numbered = 0 <= number <= 999_999_999  # else not an id of a batch
            expected.append(said(posted, balances, row) if numbered else Result.ID_INVALID)
            alone.append(singly.post(row) if numbered else Result.ID_INVALID)
        assert alone == expected
        assert list(together.post_many(batch)) == expected
    assert together.balances() == singly.balances() == balances
    assert list(together.transfers()) == list(singly.transfers()) == list(posted.values())


@given(st.lists(batches, max_size=3))
def test_balances_are_together_zero_and_none_is_overdrawn_at_any_instant(
    given: list[Batch],
) -> None:
    ledger = ledger_of_four()
    for batch in given:
        ledger.post_many(batch)
        assert ledger.total() == 0
    for at in range(-1, 6):
        then = {account: ledger.as_of(account, at) for account in ledger.balances()}
        assert sum(then.values()) == 0
        assert min(held for account, held in then.items() if account != ISSUANCE) >= 0
    assert all(ledger.as_of(a, 10**30) == held for a, held in ledger.balances().items())
    assert all(ledger.as_of(a, -(10**30)) == 0 for a in ledger.balances())


@given(st.lists(batches, max_size=3))
def test_posting_everything_again_changes_nothing(given: list[Batch]) -> None:
    ledger = ledger_of_four()
    for batch in given:
        ledger.post_many(batch)
    balances, stored = ledger.balances(), list(ledger.transfers())
    assert all(ledger.post(row) is Result.EXISTS for row in stored)
    assert (ledger.balances(), list(ledger.transfers())) == (balances, stored)


@given(st.permutations(range(40)), st.integers(1, 7))
def test_an_id_is_found_again_in_whatever_order_and_portions_ids_came(
    numbers: list[int], portion: int
) -> None:
    ledger = ledger_of_four()
    for begin in range(0, 40, portion):
        part = [(number, 0, 1, 1, 0) for number in numbers[begin : begin + portion]]
        ledger.post_many(batch_of("p:", part))
    again = ledger.post_many(batch_of("p:", [(number, 0, 1, 1, 0) for number in range(41)]))
    assert list(again) == [Result.EXISTS] * 40 + [Result.CREATED]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("t", Result.EXISTS),
        ("t0", Result.CREATED),
        ("t00", Result.CREATED),
        ("t:2025123456789", Result.CREATED),
        ("9", Result.CREATED),
        ("", Result.ID_INVALID),
        ("-t", Result.ID_INVALID),
        ("t\n", Result.ID_INVALID),
        ("t" * 65, Result.ID_INVALID),
    ],
)
def test_ids_are_the_same_only_if_they_read_the_same(name: str, result: Result) -> None:
    ledger = ledger_of_four()
    ledger.post(transfer("t"))
    assert ledger.post(transfer(name)) is result
    assert ledger.post(transfer(name)) in {Result.EXISTS, Result.ID_INVALID}
    assert {row.id for row in ledger.transfers()} == {"t"} | (
        {name} if result is Result.CREATED else set()
    )


def test_a_row_of_a_batch_and_a_single_transfer_share_one_id() -> None:
    ledger = ledger_of_four()
    ledger.post(transfer("2025-04:17"))
    assert list(ledger.post_many(batch_of("2025-04:", [(17, 0, 1, 10, 0), (18, 0, 1, 10, 0)]))) == [
        Result.EXISTS,
        Result.CREATED,
    ]
    assert ledger.post(transfer("2025-04:18", amount=9)) is Result.EXISTS_WITH_DIFFERENT_AMOUNT


def test_a_row_refused_for_what_came_before_it_leaves_the_rest_of_its_batch_to_be_decided() -> None:
    ledger = ledger_of_four()
    drawn = [
        (1, 0, 1, 5, 1),  # Ann earns 5,
        (2, 1, 3, 9, 1),  # has not 9 to spend,
        (2, 1, 3, 5, 2),  # but 5,
        (3, 0, 1, 5, 1),  # and earns nothing in the past,
        (2, 1, 3, 9, 2),  # where her purchase stands as it is.
    ]
    assert list(ledger.post_many(batch_of("p:", drawn))) == [
        Result.CREATED,
        Result.OVERDRAWN,
        Result.CREATED,
        Result.AT_BEFORE_LATEST,
        Result.EXISTS_WITH_DIFFERENT_AMOUNT,
    ]
    assert (ledger.balance(ANN), ledger.balance(SHOP)) == (0, 5)
    assert (ledger.as_of(ANN, 0), ledger.as_of(ANN, 1), ledger.as_of(ANN, 2)) == (0, 5, 0)


def test_a_refused_id_is_free() -> None:
    ledger = ledger_of_four()
    assert ledger.post(transfer("t", debit=ANN, credit=SHOP)) is Result.OVERDRAWN
    assert ledger.post(transfer("t")) is Result.CREATED


def test_a_retry_of_the_past_is_known_again() -> None:
    ledger = ledger_of_four()
    ledger.post(transfer("t", at=1))
    ledger.post(transfer("u", at=2))
    assert ledger.post(transfer("t", at=1)) is Result.EXISTS
    assert ledger.post(transfer("w", at=1)) is Result.AT_BEFORE_LATEST
    assert ledger.latest == 2


@pytest.mark.parametrize("huge", [2**53, 2**63, 2**80])
def test_numbers_beyond_any_ledger_are_refused(huge: int) -> None:
    ledger = ledger_of_four()
    assert ledger.post(transfer(amount=huge)) is Result.AMOUNT_TOO_LARGE
    assert ledger.post(transfer(amount=-huge)) is Result.AMOUNT_MUST_BE_POSITIVE
    assert ledger.post(transfer(at=huge)) is Result.AT_OUT_OF_RANGE
    assert ledger.post(transfer(at=-huge)) is Result.AT_OUT_OF_RANGE
    assert (len(ledger), ledger.latest) == (0, None)


def test_no_balance_passes_the_limit_either_way() -> None:
    ledger = ledger_of_four()
    assert ledger.post(transfer("t", amount=LIMIT)) is Result.CREATED
    assert ledger.post(transfer("u", credit=BO, amount=1)) is Result.OVERFLOW
    assert ledger.post(transfer("w", debit=ANN, credit=ISSUANCE, amount=LIMIT)) is Result.CREATED
    assert ledger.post(transfer("u", credit=BO, amount=1)) is Result.CREATED


def test_the_turnover_of_blind_box_machines_in_qufu_adds_up() -> None:
    """7,000 users, 2,131,580 points in all (DOMAIN A11)."""
    ledger = Ledger()
    users = [AccountId(f"u-{number}") for number in range(7_000)]
    ledger.open(ISSUANCE, kind=AccountKind.ISSUANCE)
    ledger.open(*users)
    share, rest = divmod(2_131_580, 7_000)
    index = np.arange(7_000)
    batch = Batch(
        prefix="2021:",
        numbers=index,
        accounts=(ISSUANCE, *users),
        debit=np.zeros(7_000, np.int64),
        credit=index + 1,
        amount=share + (index < rest),
        at=np.zeros(7_000, np.int64),
    )
    assert len(batch) == 7_000
    assert ledger.post_many(batch).tally() == {Result.CREATED: 7_000}
    assert ledger.balance(ISSUANCE) == -2_131_580


def test_results_are_a_sequence() -> None:
    results = ledger_of_four().post_many(batch_of("p:", [(1, 0, 1, 1, 0), (1, 0, 2, 1, 0)]))
    assert results[-1] is Result.EXISTS_WITH_DIFFERENT_CREDIT
    assert list(results[:1]) == [Result.CREATED]


def test_accounts_open_all_or_none_and_twice_alike() -> None:
    ledger = ledger_of_four()
    ledger.open(ANN, GHOST, GHOST)
    with pytest.raises(DefinitionError) as caught:
        ledger.open(AccountId("new"), AccountId("a b"), ANN, kind=AccountKind.ISSUANCE)
    assert [fault.place for fault in caught.value.faults] == ["account", ANN]
    assert list(ledger.balances()) == [ISSUANCE, ANN, BO, SHOP, GHOST]


def test_an_account_that_is_not_open_has_no_balance() -> None:
    ledger = ledger_of_four()
    with pytest.raises(AccountNotOpen, match="'ghost' is not open") as caught:
        ledger.balance(GHOST)
    with pytest.raises(LookupError):
        ledger.as_of(GHOST, 0)
    assert pickle.loads(pickle.dumps(caught.value)).account == GHOST  # noqa: S301 - our own bytes


@pytest.mark.parametrize("prefix", ["a1", "-a", "a b", "a" * 56])
def test_a_batch_needs_a_prefix_that_leaves_its_numbers_apart(prefix: str) -> None:
    with pytest.raises(DefinitionError, match="prefix"):
        batch_of(prefix, [])


def test_a_batch_tells_all_its_faults_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        Batch(
            prefix="7",
            numbers=np.arange(2),
            accounts=[ISSUANCE, ANN],
            debit=np.array([0, 2]),
            credit=np.array([1, -1]),
            amount=np.array([1]),
            at=np.array([[0, 0]]),
        )
    places = [fault.place for fault in caught.value.faults]
    assert places == ["prefix", "amount", "at", "debit", "credit"]


@pytest.mark.parametrize("amount", [np.array([1.5]), np.array([1], np.uint64)])
def test_a_batch_takes_integers_that_64_bits_hold(amount: np.ndarray) -> None:
    with pytest.raises(TypeError):
        Batch(
            prefix="p:",
            numbers=[1],
            accounts=[ISSUANCE, ANN],
            debit=[0],
            credit=[1],
            amount=amount,
            at=[0],
        )


# ---------------------------------------------------------------- words


@pytest.mark.parametrize("member", [*Result, *AwardReason])
def test_every_result_and_reason_has_its_words(member: Result | AwardReason) -> None:
    assert term(member, "zh") != term(member, "en")
