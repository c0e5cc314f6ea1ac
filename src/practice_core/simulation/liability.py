"""What a county owes its members in points, month by month, once a run is done.

Points do not feed back into dispatch, so this is computed after the run, and only when asked. The
weeks that count are repeated, one after the other, until the months are full: three years of points
are one year three times, with the same members. Nobody holds anything at the beginning.

A month is told in this order, as a center may keep its books:

1. What is earned before its redemption day, which is the last day of the month on which the rules
   let anybody redeem; in a month without one nobody redeems.
2. On that day, at 0:00, what has expired is taken. Then those members redeem who would, who may by
   the rules, and who can pay for some good.
3. What is earned from then on; at the end of the month what has expired is taken.

All of it goes through the ledger itself, with the cap of the rules on every account.
"""

from __future__ import annotations

from calendar import monthrange
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from practice_core.errors import DefinitionError, Fault, OperationError
from practice_core.keyed import Purpose, entity, stream, uniforms
from practice_core.points import (
    LIMIT,
    AccountKind,
    Barrier,
    Batch,
    Ledger,
    Period,
    Result,
    barriers,
    cap_points,
    expiries,
    may_redeem,
)
from practice_core.points.treasury import Worth
from practice_core.simulation.records import ISSUANCE, awarded
from practice_core.units import DAY, AccountId

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from practice_core.points import RuleSet
    from practice_core.simulation.parts import Redemption
    from practice_core.simulation.records import Records
    from practice_core.units import Instant

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = [
    "EXPIRED",
    "MONTHS",
    "SHOP",
    "Liability",
    "MonthEnd",
    "liability_of",
    "propensities",
]

MONTHS = 36
"""Three years."""
SHOP = AccountId("shop")
"""The account that redeemed points go to."""
EXPIRED = AccountId("expired")
"""The account that keeps what has expired."""
_KEEPERS = (ISSUANCE, SHOP, EXPIRED)
_FIRST = len(_KEEPERS)
"""Place of the first volunteer's account."""
_MOST_MONTHS = 240
_A_YEAR = 12
_EPOCH = 1970
_MONTHS_OF = {Period.DAY: 1, Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: _A_YEAR}
"""Months after which a quota begins anew: one redemption a month leaves the days no part in it."""


@attrs.frozen
class MonthEnd:
    """The books at the end of one local month.

    Parameters
    ----------
    month
        Such as ``2020-04``.
    issued, redeemed, expired
        Points of the month. What expired on its way is found in the month in which it is taken.
    outstanding
        Points that members hold at its end.
    money
        What these are worth, in hundredths of a yuan; None where the rules set no value.
    members
        Members who have earned any points so far.
    redeemers
        Members who have redeemed any so far.
    """

    month: str
    issued: int
    redeemed: int
    expired: int
    outstanding: int
    money: int | None
    members: int
    redeemers: int

    @property
    def redeemed_share(self) -> float | None:
        """Share of these members who have ever redeemed; None before anybody earned a point."""
        return self.redeemers / self.members if self.members else None

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data; the share to .0001."""
        share = self.redeemed_share
        return attrs.asdict(self) | {"redeemed_share": None if share is None else round(share, 4)}


@attrs.frozen(eq=False)
class Liability:
    """What members hold, month by month, and the books that say so.

    Parameters
    ----------
    rules
        By which rules.
    months
        The months in order; the first begins with the weeks that count, wherever in it that is.
    ledger
        With every posting; `practice_core.points.treasury` reads it.
    """

    rules: RuleSet
    months: tuple[MonthEnd, ...]
    ledger: Ledger

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data: the rules and one row a month."""
        return {
            "rules": self.rules.id,
            "source": self.rules.source,
            "cents_per_point": self.rules.cents_per_point,
            "months": [each.to_dict() for each in self.months],
        }


def propensities(records: Records, law: Redemption, *, seed: int, replication: int) -> Floats:
    """Draw of every member the probability to redeem in a month in which the rules let him.

    Parameters
    ----------
    records
        They number the members.
    law
        A share of the members redeems at all.
    seed, replication
        The key of the draws: who else is a member changes none.

    Returns
    -------
    ndarray of float64
        One for each member, by number.
    """
    u = uniforms(stream(seed, replication, Purpose.REDEEMER), *_keys(records))
    return np.where(u < law.redeemer_share, law.per_month, 0.0)


def liability_of(  # noqa: PLR0913 - a run, and what is done after it
    records: Records,
    rules: RuleSet,
    law: Redemption,
    *,
    cohort: tuple[Instant, Instant],
    seed: int,
    replication: int,
    months: int = MONTHS,
    propensity: Floats | None = None,
) -> Liability:
    """Simulate what members redeem and what expires.

    Parameters
    ----------
    records
        In time order.
    rules
        The version in force, all the time. What it says of households, passing on, publicity and
        occasions other than service is left out.
    law
        How readily members redeem, and what goods cost.
    cohort
        The window [from, to) of the records that are repeated: whole weeks.
    seed, replication
        The key of every draw; each is of one member and one month.
    months
        How many local months, 1 to 240.
    propensity
        Of every member, if not as drawn by `propensities`.

    Raises
    ------
    DefinitionError
        If there are no months or too many, no cohort, or not a propensity for each member.
    """
    if propensity is None:
        propensity = propensities(records, law, seed=seed, replication=replication)
    people = int(records.members.sum())
    faults = []
    if not 1 <= months <= _MOST_MONTHS:
        faults.append(Fault("months", str(months), f"1 to {_MOST_MONTHS}", "change months"))
    if cohort[0] >= cohort[1]:
        faults.append(Fault("cohort", str(cohort), "whole weeks, one at least", "change cohort"))
    if propensity.shape != (people,):
        found, expected = f"shape {propensity.shape}", f"shape ({people},), one for each member"
        faults.append(Fault("propensity", found, expected, "give one for each"))
    if faults:
        subject = "liability"
        raise DefinitionError(subject, faults)
    first = _month_of(rules, cohort[0])
    awards = _awards(records, rules, cohort, _begins(rules, first + months))
    shoppers = _Shoppers.of(records, rules, law, propensity, (seed, replication))
    center = _Center(rules, awards, shoppers, tuple(map(AccountId, records.volunteers)))
    return Liability(rules, tuple(map(center.month, range(first, first + months))), center.ledger)


# ------------------------------------------------------------------ what is earned


@attrs.frozen(eq=False)
class _Awards:
    """What is earned in all months, in time order; points without what redemptions move."""

    volunteer: Ints
    at: Ints
    minutes: Ints
    points: Ints
    expires: Ints


def _awards(
    records: Records, rules: RuleSet, cohort: tuple[Instant, Instant], until: Instant
) -> _Awards:
    """Repeat the records of some weeks up to an instant, and award them.

    Where an account holds no more than so many points, what it takes depends on what was redeemed:
    then the limits of points are left to the months.
    """
    begin, end = cohort
    ours = np.flatnonzero((records.at >= begin) & (records.at < end))
    times = -((begin - until) // (end - begin))
    turn = np.repeat(np.arange(times), len(ours))
    rows = np.tile(ours, times)
    at = records.at[rows] + turn * (end - begin)
    kept = at < until
    rows, turn, at = rows[kept], turn[kept], at[kept]
    issued = attrs.evolve(
        records,
        order=records.order[rows] + turn * len(records.orders),
        volunteer=records.volunteer[rows],
        at=at,
        minutes=records.minutes[rows],
        category=records.category[rows],
    )
    bare = attrs.evolve(rules, **_BOUNDLESS) if rules.storage_cap is not None else rules
    points = awarded(issued, bare)
    return _Awards(issued.volunteer, at, issued.minutes, points, expiries(rules, at))


_BOUNDLESS: dict[str, Any] = {
    "max_points_per_day": None,
    "max_points_per_year": None,
    "storage_cap": None,
}


# ------------------------------------------------------------------ who redeems


@attrs.frozen(eq=False)
class _Shoppers:
    """The members who would redeem, with the keys of their draws, and what goods cost."""

    who: Ints
    propensity: Floats
    keys: tuple[NDArray[np.uint64], NDArray[np.uint64]]
    redeem: int
    price: int
    share: float
    least: int
    most: int

    @classmethod
    def of(
        cls,
        records: Records,
        rules: RuleSet,
        law: Redemption,
        propensity: Floats,
        key: tuple[int, int],
    ) -> _Shoppers:
        """Tell them from those who never redeem."""
        who = np.flatnonzero(propensity > 0)
        teams, numbers = _keys(records)
        hour = rules.rate_per_hour or rules.per_service or 1
        least = max(1, round(law.price_least_hours * hour))
        return cls(
            who,
            propensity[who],
            (teams[who], numbers[who]),
            stream(*key, Purpose.REDEEM),
            stream(*key, Purpose.PRICE),
            law.share_redeemed,
            least,
            max(least, round(law.price_most_hours * hour)),
        )

    def spend(self, month: int, held: Ints, *, may: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Give the members who redeem in a month, and the points that each spends.

        The price of a good is log-uniform between the least and the most that the member can pay;
        of such goods a member takes as many as a share of what he holds buys, but one at least.
        """
        u = uniforms(self.redeem, *self.keys, month)
        able = may[self.who] & (held[self.who] >= self.least)
        chosen = np.flatnonzero((u < self.propensity) & able)
        who = self.who[chosen]
        u = uniforms(self.price, self.keys[0][chosen], self.keys[1][chosen], month)
        most = np.minimum(self.most, held[who])
        price = np.minimum(most, np.rint(self.least * (most / self.least) ** u).astype(np.int64))
        goods = np.maximum(1, np.floor(self.share * held[who]).astype(np.int64) // price)
        return who, goods * price


def _keys(records: Records) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Give of every member the key of the team, and the number in it."""
    teams = np.array([entity(team) for team in records.teams], np.uint64)
    first = np.cumsum(records.members) - records.members
    team = np.repeat(np.arange(len(teams)), records.members)
    return teams[team], (np.arange(len(team)) - first[team]).astype(np.uint64)


# ------------------------------------------------------------------ month by month


class _Center:
    """Keeps the books of one center through the months."""

    def __init__(
        self, rules: RuleSet, awards: _Awards, shoppers: _Shoppers, members: tuple[AccountId, ...]
    ) -> None:
        self.rules = rules
        self.awards = awards
        self.shoppers = shoppers
        self.accounts = (*_KEEPERS, *members)
        self.ledger = ledger = Ledger()
        ledger.open(ISSUANCE, kind=AccountKind.ISSUANCE)
        ledger.open(SHOP, kind=AccountKind.SHOP)
        ledger.open(EXPIRED, kind=AccountKind.EXPIRED)
        ledger.open(*members, cap=rules.storage_cap or LIMIT)
        self.worth = None if rules.cents_per_point is None else Worth(1, rules.cents_per_point)
        self.held, self.minutes, self.this_year, self.count = np.zeros((4, len(members)), np.int64)
        self.earned, self.shopped = np.zeros((2, len(members)), bool)
        self.due = np.unique(awards.expires)
        self.swept: Instant | None = None
        self.moved = (0, 0, 0)

    def month(self, month: int) -> MonthEnd:
        """Tell one month, counted from 1970-01."""
        rules = self.rules
        begins, ends = _begins(rules, month), _begins(rules, month + 1)
        if month % _A_YEAR == 0:
            self.this_year[:] = 0
        if rules.redeem_quota_per in _MONTHS_OF and month % _MONTHS_OF[rules.redeem_quota_per] == 0:
            self.count[:] = 0
        day = _window(rules, month)
        if day is None:
            self._award(begins, ends)
        else:
            self._award(begins, day)
            self._sweep(day)
            self._redeem(month, day)
            self._award(day, ends)
        self._sweep(ends - 1)
        return self._ended(month)

    def _award(self, begin: Instant, end: Instant) -> None:
        low, high = np.searchsorted(self.awards.at, (begin, end)).tolist()
        some = slice(low, high)
        who, points = self.awards.volunteer[some], self.awards.points[some]
        if self.rules.storage_cap is not None:
            points = cap_points(
                self.rules,
                points,
                volunteer=who,
                at=self.awards.at[some],
                held=self.held,
                earned=self.this_year,
            )
        np.add.at(self.minutes, who, self.awards.minutes[some])
        np.add.at(self.this_year, who, points)
        np.add.at(self.held, who, points)
        got = np.flatnonzero(points)
        self.earned[who[got]] = True
        self._post(
            "service:",
            low + got,
            debit=np.zeros(len(got), np.int64),
            credit=who[got] + _FIRST,
            amount=points[got],
            at=self.awards.at[some][got],
            expires=self.awards.expires[some][got],
        )

    def _redeem(self, month: int, at: Instant) -> None:
        may = may_redeem(self.rules, points=self.held, minutes=self.minutes, redeemed=self.count)
        who, spent = self.shoppers.spend(month, self.held, may=may)
        self._post(
            f"redemption:{month}:",
            who,
            debit=who + _FIRST,
            credit=np.full(len(who), _KEEPERS.index(SHOP)),
            amount=spent,
            at=np.full(len(who), at),
        )
        self.held[who] -= spent
        self.count[who] += 1
        self.shopped[who] = True

    def _sweep(self, at: Instant) -> None:
        """Take what has expired, if anything may have since this was last done."""
        low = 0 if self.swept is None else np.searchsorted(self.due, self.swept, side="right")
        self.swept = at
        if np.searchsorted(self.due, at, side="right") > low and len(
            self.ledger.expire(at, EXPIRED)
        ):
            self.held[:] = list(self.ledger.balances().values())[_FIRST:]

    def _post(self, prefix: str, numbers: Ints, *, debit: Ints, credit: Ints, **rest: Ints) -> None:
        used, places = np.unique(np.concatenate((debit, credit)), return_inverse=True)
        batch = Batch(
            prefix=prefix,
            numbers=numbers,
            accounts=[self.accounts[n] for n in used.tolist()],
            debit=places[: len(debit)],
            credit=places[len(debit) :],
            **rest,
        )
        refused = self.ledger.post_many(batch).tally()
        if refused.pop(Result.CREATED, 0) < len(numbers):
            message = f"the ledger refuses postings {prefix}: {dict(refused)}"
            raise OperationError(message)

    def _ended(self, month: int) -> MonthEnd:
        balance = self.ledger.balance
        moved = -balance(ISSUANCE), balance(SHOP), balance(EXPIRED)
        issued, redeemed, expired = (
            now - then for now, then in zip(moved, self.moved, strict=True)
        )
        self.moved = moved
        outstanding = int(self.held.sum())
        year, place = divmod(month, _A_YEAR)
        return MonthEnd(
            f"{_EPOCH + year}-{place + 1:02d}",
            issued,
            redeemed,
            expired,
            outstanding,
            None if self.worth is None else self.worth.of(outstanding),
            int(self.earned.sum()),
            int(self.shopped.sum()),
        )


# ------------------------------------------------------------------ days and months


def _begins(rules: RuleSet, month: int) -> Instant:
    """Give the first instant of a local month, counted from 1970-01."""
    days = np.datetime64(month, "M").astype("datetime64[D]").astype(int)
    return int(days) * DAY - rules.offset


def _month_of(rules: RuleSet, at: Instant) -> int:
    return int(np.datetime64(rules.day(at), "D").astype("datetime64[M]").astype(int))


def _window(rules: RuleSet, month: int) -> Instant | None:
    """Give the beginning of a month's last day on which points are redeemed; None: of no day."""
    year, place = divmod(month, _A_YEAR)
    days = monthrange(_EPOCH + year, place + 1)[1]
    begins = _begins(rules, month)
    for at in range(begins + (days - 1) * DAY, begins - 1, -DAY):
        if Barrier.WINDOW_CLOSED not in barriers(rules, at=at, points=0, minutes=0):
            return at
    return None
