"""Many service records at once: what `awards`, `expires` and `barriers` give, in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from practice_core.errors import DefinitionError, Fault
from practice_core.points.checks import MOST_MINUTES
from practice_core.points.earning import bad_minutes
from practice_core.points.ledger import NEVER
from practice_core.points.rules import Expiry, RoleBonus, Rounding
from practice_core.terms import Category
from practice_core.units import DAY
from practice_core.volunteers import ServiceRole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from practice_core.points.rules import RuleSet

__all__ = ["award_points", "cap_points", "expiries", "may_redeem"]

Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Column: TypeAlias = "npt.NDArray[Any]"

_GRADES = 3
_MONTHS_A_QUARTER, _MONTHS_A_YEAR = 3, 12
_NO_BONUS = RoleBonus()
_CODES = {
    "category": (-1, len(Category) - 1),
    "grade": (0, _GRADES),
    "role": (-1, len(ServiceRole) - 1),
}
"""The least and the most of columns that hold places."""


def award_points(  # noqa: PLR0913 - as many columns as a record has fields
    rules: RuleSet,
    minutes: Ints,
    *,
    volunteer: Ints | None = None,
    order: Ints | None = None,
    at: Ints | None = None,
    category: Ints | None = None,
    grade: Ints | None = None,
    role: Ints | None = None,
    complaint: Flags | None = None,
    claimed: Ints | None = None,
) -> Ints:
    """Give the points of many service records at once: `award` for whole columns.

    Where nothing but minutes is given, each record is the first of a person of its own. Else every
    person begins with nothing, and records are awarded in the order in which they stand.

    Parameters
    ----------
    rules
        The version in force.
    minutes
        Minutes served, one entry per record, any shape; the other columns have the same.
    volunteer
        Number of the person.
    order
        Number of the activity; without it, each record is one of its own.
    at
        End of the service, in ms since 1970-01-01T00:00Z; without it, all are of one day.
    category
        Place in `Category`; -1: not said.
    grade
        1 to 3; 0: not graded.
    role
        Place in `ServiceRole`; -1: none.
    complaint
        Whether a complaint was upheld.
    claimed
        When it was entered; without it, or where it is `at`, it was recorded as it ended.

    Returns
    -------
    ndarray of int64
        Points, in the shape of `minutes`.

    Raises
    ------
    DefinitionError
        If an entry is impossible, or a column of another shape: each column at its first.
    TypeError
        If `minutes` are not integers.

    Examples
    --------
    >>> from practice_core.points import RuleSet
    >>> rules = RuleSet(
    ...     id="demo",
    ...     version=1,
    ...     effective=0,
    ...     rate_per_hour=10,
    ...     max_points_per_day=20,
    ...     source="assumed: demo",
    ... )
    >>> served = np.array([60, 100, 5])
    >>> award_points(rules, served).tolist()
    [10, 16, 0]
    >>> award_points(rules, served, volunteer=np.array([7, 7, 7])).tolist()
    [10, 10, 0]
    """
    served = np.asarray(minutes).astype(np.int64, casting="safe", copy=False)
    given = {
        "volunteer": volunteer,
        "order": order,
        "at": at,
        "category": category,
        "grade": grade,
        "role": role,
        "complaint": complaint,
        "claimed": claimed,
    }
    columns = {name: np.ravel(column) for name, column in given.items() if column is not None}
    _check(served.ravel(), columns)
    return _points(rules, served.ravel(), columns).reshape(served.shape)


def cap_points(  # noqa: PLR0913 - columns, each by its name
    rules: RuleSet,
    points: Ints,
    *,
    volunteer: Ints,
    at: Ints,
    held: Ints,
    earned: Ints,
) -> Ints:
    """Give what a day's, a year's and an account's most leave of points, in order.

    For those who award in parts, with redemptions in between: first by `award_points` under rules
    without these limits, then by this. Parts end with local days, and none reaches over a year.

    Parameters
    ----------
    rules
        The version in force.
    points
        Of each record, before these limits.
    volunteer, at
        Number of the person, and end of the service in ms since 1970-01-01T00:00Z.
    held
        What each person holds before the first of these records, by number.
    earned
        What each person has earned before it in its year, by number.

    Returns
    -------
    ndarray of int64
        Points, one entry per record.

    Examples
    --------
    >>> from practice_core.points import RuleSet
    >>> rules = RuleSet(
    ...     id="demo", version=1, effective=0, rate_per_hour=10, storage_cap=50, source="assumed: x"
    ... )
    >>> who, none = np.array([0, 1, 0]), np.zeros(3, np.int64)
    >>> held, earned = np.array([35, 0]), np.array([0, 0])
    >>> some = np.array([10, 10, 10])
    >>> cap_points(rules, some, volunteer=who, at=none, held=held, earned=earned).tolist()
    [10, 10, 5]
    """
    day, year = _spans(rules, (volunteer,), {"at": at})
    points = _within(points, rules.max_points_per_day, day)
    points = _within(points, rules.max_points_per_year, year, earned[volunteer])
    return _within(points, rules.storage_cap, (volunteer,), held[volunteer])


def expiries(rules: RuleSet, earned: Ints) -> Ints:
    """Give when points earned at each of some instants are lost: `expires` for a whole column.

    Parameters
    ----------
    rules
        The version in force.
    earned
        Instants, in ms since 1970-01-01T00:00Z.

    Returns
    -------
    ndarray of int64
        Instants, `NEVER` for points that are never lost.

    Examples
    --------
    >>> from practice_core.points import RuleSet
    >>> rules = RuleSet(
    ...     id="demo",
    ...     version=1,
    ...     effective=0,
    ...     rate_per_hour=1,
    ...     expiry=Expiry.MONTHS,
    ...     expiry_months=1,
    ...     source="assumed: demo",
    ... )
    >>> ends = expiries(rules, np.array([DAY, 30 * DAY])) + rules.offset
    >>> ends.astype("datetime64[ms]").astype("datetime64[D]").tolist()
    [datetime.date(1970, 2, 2), datetime.date(1970, 2, 28)]
    """
    days = (earned + rules.offset) // DAY
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    day = np.zeros_like(days)
    match rules.expiry:
        case Expiry.MONTHS:
            day = days - _first_day(month)
            month = month + (rules.expiry_months or 0)
        case Expiry.QUARTER_END:
            month = (month // _MONTHS_A_QUARTER + 1) * _MONTHS_A_QUARTER
        case Expiry.YEAR_END:
            month = (month // _MONTHS_A_YEAR + 1) * _MONTHS_A_YEAR
        case _:
            return np.full_like(days, NEVER)
    begin = _first_day(month)
    last = _first_day(month + 1) - begin - 1
    found: Ints = (begin + np.minimum(day, last)) * DAY - rules.offset
    return found


def may_redeem(rules: RuleSet, *, points: Ints, minutes: Ints, redeemed: Ints) -> Flags:
    """Tell whom nothing but the calendar keeps from redeeming: `barriers` for whole columns.

    Parameters
    ----------
    rules
        The version in force.
    points, minutes, redeemed
        Held, served in a lifetime, and redemptions so far in the period of the quota; one entry
        per person.
    """
    found = points >= (rules.redeem_min_points or 0)
    found &= minutes >= (rules.redeem_min_minutes or 0)
    if rules.redeem_quota is not None:
        found &= redeemed < rules.redeem_quota
    return np.asarray(found)


def _first_day(month: Ints) -> Ints:
    """Give the first day of months; both from 1970-01 on."""
    days: Ints = month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return days


def _points(rules: RuleSet, minutes: Ints, columns: Mapping[str, Column]) -> Ints:
    zeroed = _zeroed(rules, columns)
    flat: Ints | int = rules.per_service
    if "role" in columns and rules.roles:
        bonuses = [rules.roles.get(role, _NO_BONUS) for role in (*ServiceRole, None)]
        minutes = minutes + np.array([bonus.minutes for bonus in bonuses])[columns["role"]]
        flat = flat + np.array([bonus.points for bonus in bonuses])[columns["role"]]
    if zeroed is not None:
        minutes, flat = np.where(zeroed, 0, minutes), np.where(zeroed, 0, flat)
    person = (columns["volunteer"],) if "volunteer" in columns else ()
    activity = (*person, columns["order"]) if person and "order" in columns else ()
    day, year = _spans(rules, person, columns)
    minutes = _within(minutes, rules.max_minutes_per_activity, activity)
    minutes = _within(minutes, rules.max_minutes_per_day, day)
    minutes = _rounded(minutes, 1, rules.quantum, rules.rounding) * rules.quantum
    points = _rounded(minutes, *_worth(rules, columns), rules.rounding) + flat
    points = _within(points, rules.max_points_per_day, day)
    points = _within(points, rules.max_points_per_year, year)
    return _within(points, rules.storage_cap, person)


def _spans(
    rules: RuleSet, person: tuple[Column, ...], columns: Mapping[str, Column]
) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """Give the person and the local day, and the person and the local year, of each record."""
    if not person or "at" not in columns:
        return person, person
    days = (columns["at"] + rules.offset) // DAY
    years = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    return (*person, days), (*person, years)


def _zeroed(rules: RuleSet, columns: Mapping[str, Column]) -> Flags | None:
    """Tell which records earn nothing; None if none can be found."""
    found = columns.get("complaint") if rules.zero_on_complaint else None
    if rules.claim_window_days is not None and {"at", "claimed"} <= columns.keys():
        ended, entered = ((columns[name] + rules.offset) // DAY for name in ("at", "claimed"))
        late = entered - ended > rules.claim_window_days
        found = late if found is None else found | late
    return found


def _worth(rules: RuleSet, columns: Mapping[str, Column]) -> tuple[Ints | int, Ints | int]:
    """Give the points of a minute of each record, as numerators and denominators."""
    graded = "grade" in columns and bool(rules.grade_coefficient)
    if not graded and not ("category" in columns and rules.category_coefficient):
        return rules.worth()
    grades = range(1 + _GRADES if graded else 1)
    kinds = (*Category, None) if "category" in columns else (None,)
    table = np.array([[rules.worth(one, grade) for grade in grades] for one in kinds])
    worth = table[columns.get("category", 0), columns["grade"] if graded else 0]
    return worth[..., 0], worth[..., 1]


def _within(
    amount: Ints, most: int | None, keys: tuple[Column, ...], already: Ints | int = 0
) -> Ints:
    """Give what the most of a group leaves of each amount, in order.

    Without keys every record is a group of its own. What a group has already is the same in all of
    its entries.
    """
    if most is None:
        return amount
    amount = np.minimum(amount, most)
    if not keys:
        return amount
    by = np.lexsort(keys)
    ordered = amount[by]
    new = np.ones(len(by), bool)
    new[1:] = np.logical_or.reduce([key[by][1:] != key[by][:-1] for key in keys])
    before = np.cumsum(ordered) - ordered
    group = np.cumsum(new) - 1
    before -= before[new][group]
    found = np.empty_like(amount)
    found[by] = before
    return np.minimum(amount, np.maximum(most - already - found, 0))


def _rounded(amount: Ints, above: Ints | int, below: Ints | int, how: Rounding) -> Ints:
    """Multiply by a ratio and round to whole numbers."""
    if how is Rounding.FLOOR:
        return amount * above // below
    if how is Rounding.NEAREST:
        return (2 * amount * above + below) // (2 * below)
    return -(-amount * above // below)


def _check(minutes: Ints, columns: Mapping[str, Column]) -> None:
    wrong = np.flatnonzero((minutes < 0) | (minutes > MOST_MINUTES))
    if wrong.size:
        first = int(wrong[0])
        faults = [bad_minutes(int(minutes[first]), f"minutes[{first}]")]
        subject = f"service time, {wrong.size} of {minutes.size} entries"
        raise DefinitionError(subject, faults)
    faults = list(_column_faults(minutes.size, columns))
    if faults:
        subject = "columns of service records"
        raise DefinitionError(subject, faults)


def _column_faults(size: int, columns: Mapping[str, Column]) -> Iterator[Fault]:
    for name, column in columns.items():
        kind = "bool" if name == "complaint" else "int64"
        if column.size != size:
            found, expected = f"{column.size} entries", f"{size}, as many as minutes"
            yield Fault(name, found, expected, "give an entry for each record")
        elif column.dtype != kind:
            yield Fault(name, str(column.dtype), kind, f"make it an array of {kind}")
        elif name in _CODES:
            least, most = _CODES[name]
            wrong = np.flatnonzero((column < least) | (column > most))
            if wrong.size:
                place, found = f"{name}[{wrong[0]}]", str(column[wrong[0]])
                yield Fault(place, found, f"{least} to {most}", f"mend {name}")
