"""What a center asks of its ledger: what is outstanding, what it owes, and whether it is right.

Pure functions over a ledger. All sums are of whole points; money is in the smallest unit of its
currency (分), rounded down once, at the end.

Examples
--------
>>> from practice_core.points import AccountKind, Ledger, Transfer
>>> ledger = Ledger()
>>> ledger.open("issuance", kind=AccountKind.ISSUANCE)
>>> ledger.open("v-1", "v-2")
>>> ledger.open("shop", kind=AccountKind.SHOP)
>>> for transfer in (
...     Transfer("t-1", "issuance", "v-1", 20, at=1_000, expires=9_000),
...     Transfer("t-2", "issuance", "v-2", 15, at=2_000),
...     Transfer("t-3", "v-1", "shop", 5, at=3_000),
... ):
...     assert ledger.post(transfer).name == "CREATED"
>>> [(band.begin, band.points) for band in by_expiry(ledger, 3_000, edges=[5_000, 10_000])]
[(None, 0), (5000, 15), (10000, 0), (9007199254740991, 15)]
>>> [(line.flow.name, line.points) for line in flows(ledger)]
[('ISSUED', 35), ('USED', 5)]
>>> [(then.points, then.money) for then in forecast(ledger, 3_000, [8_999, 9_000], Worth(2, 5))]
[(30, 75), (15, 37)]
"""

from __future__ import annotations

import enum
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from practice_core.errors import DefinitionError, Fault
from practice_core.points.ledger import NEVER, AccountKind
from practice_core.units import DAY, HOUR, AccountId, Duration, Instant, TransferId, value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from practice_core.points.ledger import Ledger, LotColumns, Movements

__all__ = [
    "OWED",
    "Band",
    "Difference",
    "DifferenceKind",
    "Flow",
    "FlowLine",
    "Outlook",
    "Worth",
    "by_age",
    "by_expiry",
    "by_kind",
    "flows",
    "forecast",
    "months",
    "reconcile",
]

Labels: TypeAlias = tuple[str, ...]
R = TypeVar("R")
_Ints: TypeAlias = npt.NDArray[np.int64]

OWED = frozenset({AccountKind.MEMBER, AccountKind.HOUSEHOLD, AccountKind.DONATION_POOL})
"""The kinds of accounts whose points may still be redeemed; a shop's have been."""

_KINDS = tuple(AccountKind)


# ------------------------------------------------------------------ what is outstanding


@value
class Band:
    """Points of which the age, or the expiry, lies between two edges.

    Parameters
    ----------
    begin
        From where on; None from the beginning.
    end
        Up to but not including where; None to the end.
    points
        How many.
    """

    begin: int | None
    end: int | None
    points: int


def by_kind(ledger: Ledger, at: Instant) -> dict[AccountKind, int]:
    """Give what accounts of each kind held together as of an instant: in all, 0.

    Parameters
    ----------
    ledger
        The ledger.
    at
        As of when.
    """
    moved = ledger.movements()
    before = np.searchsorted(moved.at, at, side="right")
    held = np.zeros(len(_KINDS), np.int64)
    for side, sign in ((moved.credit, 1), (moved.debit, -1)):
        np.add.at(held, moved.kinds[side[:before]], sign * moved.amount[:before])
    return dict(zip(_KINDS, held.tolist(), strict=True))


def by_age(
    ledger: Ledger,
    at: Instant,
    edges: Sequence[Duration] = (90 * DAY, 180 * DAY, 365 * DAY),
    kinds: Collection[AccountKind] = OWED,
) -> tuple[Band, ...]:
    """Give points outstanding by how long ago they were credited.

    Points that a merge moved are as old as the merge, for they were credited then.

    Parameters
    ----------
    ledger
        The ledger.
    at
        As of when.
    edges
        Where one band ends and the next begins, ascending, in ms.
    kinds
        Of which accounts.

    Returns
    -------
    tuple of Band
        One more than edges; together, what these accounts held.

    Raises
    ------
    DefinitionError
        If the edges do not ascend.
    """
    lots = _lots(ledger, at, kinds)
    return _bands(at - lots.at, lots.points, edges)


def by_expiry(
    ledger: Ledger,
    at: Instant,
    edges: Sequence[Instant],
    kinds: Collection[AccountKind] = OWED,
) -> tuple[Band, ...]:
    """Give points outstanding by when they expire.

    Parameters
    ----------
    ledger
        The ledger.
    at
        As of when.
    edges
        Where one band ends and the next begins: instants, ascending.
    kinds
        Of which accounts.

    Returns
    -------
    tuple of Band
        Two more than edges; the last, from `NEVER` on, is what does not expire.

    Raises
    ------
    DefinitionError
        If the edges do not ascend.
    """
    lots = _lots(ledger, at, kinds)
    return _bands(lots.expires, lots.points, (*edges, NEVER))


def _lots(ledger: Ledger, at: Instant, kinds: Collection[AccountKind]) -> LotColumns:
    """Give what was left of the credits of some kinds of accounts, what was pending included."""
    lots = ledger.lot_columns(at)
    wanted = np.array([kind in kinds for kind in _KINDS])
    chosen = wanted[lots.kinds[lots.account]]
    return lots._replace(
        account=lots.account[chosen],
        at=lots.at[chosen],
        expires=lots.expires[chosen],
        points=lots.points[chosen],
    )


def _bands(entries: _Ints, points: _Ints, edges: Sequence[int]) -> tuple[Band, ...]:
    if any(low >= high for low, high in pairwise(edges)):
        subject = "bands of points"
        fault = Fault("edges", str(tuple(edges)), "ascending numbers", "put them in order")
        raise DefinitionError(subject, [fault])
    held = np.zeros(len(edges) + 1, np.int64)
    np.add.at(held, np.searchsorted(np.array(edges, np.int64), entries, side="right"), points)
    return tuple(map(Band, (None, *edges), (*edges, None), held.tolist()))


# ------------------------------------------------------------------ what it is worth


@value
class Worth:
    """What points are worth: so much money for so many points.

    Parameters
    ----------
    points
        So many points, 1 or more.
    money
        In the smallest unit of the currency.

    Examples
    --------
    >>> Worth(points=10, money=95).of(1_234)
    11723
    """

    points: int
    money: int

    def of(self, points: int) -> int:
        """Give what points are worth, rounded down."""
        return points * self.money // self.points


@value
class Outlook:
    """What will be outstanding at an instant if nothing more is issued or used.

    Parameters
    ----------
    at
        The instant.
    points
        What will not have expired by then.
    money
        What that is worth; None where no value is set.
    """

    at: Instant
    points: int
    money: int | None


def forecast(
    ledger: Ledger,
    at: Instant,
    instants: Sequence[Instant],
    worth: Worth | None = None,
    kinds: Collection[AccountKind] = OWED,
) -> tuple[Outlook, ...]:
    """Give what will be outstanding at later instants, from the expiries of the lots there are.

    Parameters
    ----------
    ledger
        The ledger.
    at
        As of when.
    instants
        Then; give `at` itself for what is owed now, in which what has expired and was not taken
        yet is no longer counted.
    worth
        What points are worth, where a value is set.
    kinds
        Of which accounts.
    """
    lots = _lots(ledger, at, kinds)
    order = np.argsort(lots.expires, kind="stable")
    gone = np.concatenate(([0], np.cumsum(lots.points[order])))
    places = np.searchsorted(lots.expires[order], np.array(instants, np.int64), side="right")
    left = (gone[-1] - gone[places]).tolist()
    return tuple(
        Outlook(when, points, None if worth is None else worth.of(points))
        for when, points in zip(instants, left, strict=True)
    )


# ------------------------------------------------------------------ what came and went


class Flow(enum.StrEnum):
    """Where points went: out of issuance, to a shop, back, or to where they end.

    A correction counts below zero in the flow that it corrects.
    """

    ISSUED = "issued"
    USED = "used"
    DONATED = "donated"
    EXPIRED = "expired"
    FORFEITED = "forfeited"
    RETURNED = "returned"
    MOVED = "moved"


_TO = {
    AccountKind.SHOP: Flow.USED,
    AccountKind.DONATION_POOL: Flow.DONATED,
    AccountKind.EXPIRED: Flow.EXPIRED,
    AccountKind.FORFEITED: Flow.FORFEITED,
    AccountKind.ISSUANCE: Flow.RETURNED,
}
_FLOWS = tuple(Flow)


def _flow(debit: AccountKind, credit: AccountKind) -> Flow:
    return Flow.ISSUED if debit is AccountKind.ISSUANCE else _TO.get(credit, Flow.MOVED)


_FLOW_OF = np.array([[_FLOWS.index(_flow(one, other)) for other in _KINDS] for one in _KINDS])


@value
class FlowLine:
    """Points of one flow with the same labels.

    Parameters
    ----------
    labels
        One of each column, in their order.
    flow
        Where the points went.
    points
        How many, corrections taken off.
    transfers
        How many transfers, corrections not counted.
    """

    labels: Labels
    flow: Flow
    points: int
    transfers: int


def months(at: npt.ArrayLike, offset: Duration = 8 * HOUR) -> npt.NDArray[np.str_]:
    """Give the local month of instants, such as ``2025-04``.

    Parameters
    ----------
    at
        Instants.
    offset
        Local time east of UTC, in ms.

    Examples
    --------
    >>> months([1_743_436_799_999, 1_743_436_800_000]).tolist()
    ['2025-03', '2025-04']
    """
    local = (np.asarray(at, np.int64) + offset).astype("datetime64[ms]")
    return np.datetime_as_string(local, unit="M")


def flows(
    ledger: Ledger, columns: Mapping[str, npt.ArrayLike] | None = None
) -> tuple[FlowLine, ...]:
    """Give what was issued, used and so on, by what the transfers were for.

    Parameters
    ----------
    ledger
        The ledger.
    columns
        Labels, by name: the site, team, category or month (`months`) of each movement, one entry
        for each of `Ledger.movements`. A correction is for what its original was for, whatever its
        own entry says.

    Returns
    -------
    tuple of FlowLine
        In the order of labels and flows; together, every movement once.

    Raises
    ------
    DefinitionError
        If a column is of another length.
    """
    moved = ledger.movements()
    given = {name: np.asarray(entries) for name, entries in (columns or {}).items()}
    count = moved.amount.size
    faults = [
        Fault(name, f"shape {labels.shape}", f"shape ({count},)", "give one label a movement")
        for name, labels in given.items()
        if labels.shape != (count,)
    ]
    if faults:
        subject = "columns of what transfers were for"
        raise DefinitionError(subject, faults)
    return tuple(_flow_lines(moved, list(given.values())))


def _flow_lines(moved: Movements, columns: Sequence[npt.NDArray[np.generic]]) -> Iterator[FlowLine]:
    fixes = moved.corrects >= 0
    source = np.where(fixes, moved.corrects, np.arange(fixes.size))
    group = np.zeros(fixes.size, np.int64)
    for column in columns:
        names, codes = np.unique(column, return_inverse=True)
        # Few groups are there, however many there might be: number those that are.
        _, group = np.unique(group * max(1, names.size) + codes, return_inverse=True)
    kinds = moved.kinds
    flow = _FLOW_OF[kinds[moved.debit], kinds[moved.credit]][source]
    cells, first, cell = np.unique(
        group[source] * len(_FLOWS) + flow, return_index=True, return_inverse=True
    )
    points, transfers = np.zeros(cells.size, np.int64), np.zeros(cells.size, np.int64)
    np.add.at(points, cell, np.where(fixes, -moved.amount, moved.amount))
    np.add.at(transfers, cell, ~fixes)
    examples = [column[source[first]] for column in columns]
    for place in range(cells.size):
        labels = tuple(str(column[place]) for column in examples)
        where = _FLOWS[int(cells[place]) % len(_FLOWS)]
        yield FlowLine(labels, where, int(points[place]), int(transfers[place]))


# ------------------------------------------------------------------ whether it is right


class DifferenceKind(enum.StrEnum):
    """How the ledger and the service records differ."""

    MISSING = "missing"
    AMOUNT = "amount"
    ACCOUNT = "account"
    REPEATED = "repeated"
    UNFOUNDED = "unfounded"


@value
class Difference:
    """One thing that the ledger and the service records do not agree on.

    Parameters
    ----------
    kind
        `MISSING`: a record earned points and nothing was issued. `AMOUNT`: other points were
        issued, corrections taken off. `ACCOUNT`: to another account. `REPEATED`: a record that
        another one with the same id came before. `UNFOUNDED`: points were issued for no record.
    transfer
        The id of the award.
    account
        Who should have the points; for what is unfounded, who got them.
    expected
        Points that the records earn.
    found
        Points that were issued.
    """

    kind: DifferenceKind
    transfer: TransferId
    account: AccountId
    expected: int
    found: int


def _own(record: Any) -> AccountId:  # noqa: ANN401 - a record of whichever kind
    """Give the account of the volunteer whom a record is of."""
    return AccountId(record.volunteer)


def reconcile(
    ledger: Ledger,
    records: Iterable[R],
    *,
    points: Callable[[R], int],
    transfer: Callable[[R], TransferId],
    account: Callable[[R], AccountId] = _own,
) -> tuple[Difference, ...]:
    """Compare what was issued with what the service records earn, and list every difference.

    Parameters
    ----------
    ledger
        The ledger.
    records
        All services, and whatever else earned points.
    points
        What a record earns, by the rules in force when it was made.
    transfer
        The id under which its points were, or should have been, issued.
    account
        Who should have them: the volunteer's own account unless told.

    Returns
    -------
    tuple of Difference
        In the order of the records, then what is unfounded in the order of posting; empty if the
        ledger is right.

    Examples
    --------
    >>> from practice_core.points import Ledger, Transfer
    >>> from practice_core.volunteers import ServiceRecord
    >>> ledger = Ledger()
    >>> ledger.open("issuance", kind=AccountKind.ISSUANCE)
    >>> ledger.open("v-1")
    >>> ledger.post(Transfer("o-1:v-1", "issuance", "v-1", 20, at=0)).name
    'CREATED'
    >>> served = [ServiceRecord("v-1", "o-1", 0, 120), ServiceRecord("v-1", "o-2", 0, 60)]
    >>> found = reconcile(
    ...     ledger,
    ...     served,
    ...     points=lambda record: record.minutes // 6,
    ...     transfer=lambda record: f"{record.order}:{record.volunteer}",
    ... )
    >>> [(one.kind.name, one.transfer, one.expected, one.found) for one in found]
    [('MISSING', 'o-2:v-1', 10, 0)]
    """
    issued = _issued(ledger)
    found: list[Difference] = []
    seen: set[TransferId] = set()
    for record in records:
        name, expected = transfer(record), points(record)
        holder = account(record)
        getter, amount = issued.get(name, (holder, 0))
        kind = None
        if name in seen:
            kind = DifferenceKind.REPEATED
        elif name not in issued:
            kind = DifferenceKind.MISSING if expected else None
        elif getter != holder:
            kind = DifferenceKind.ACCOUNT
        elif amount != expected:
            kind = DifferenceKind.AMOUNT
        seen.add(name)
        if kind is not None:
            found.append(Difference(kind, name, holder, expected, amount))
    for name, (getter, amount) in issued.items():
        if name not in seen and amount:
            found.append(Difference(DifferenceKind.UNFOUNDED, name, getter, 0, amount))
    return tuple(found)


def _issued(ledger: Ledger) -> dict[TransferId, tuple[AccountId, int]]:
    """Give what was issued under each id: to whom, and how much, corrections taken off."""
    moved = ledger.movements()
    taken: Counter[int] = Counter()
    fixes = np.flatnonzero(moved.corrects >= 0)
    for place, amount in zip(moved.corrects[fixes].tolist(), moved.amount[fixes], strict=True):
        taken[place] += int(amount)
    issuing = moved.kinds[moved.debit] == _KINDS.index(AccountKind.ISSUANCE)
    issuing &= moved.corrects < 0
    return {
        one.id: (one.credit, one.amount - taken[place])
        for place, (one, issues) in enumerate(zip(ledger.transfers(), issuing, strict=True))
        if issues
    }
