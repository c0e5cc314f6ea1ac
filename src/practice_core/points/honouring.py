"""Honours for service: the level somebody has, what it entitles him to now, what he has lost.

Hours never fall. Where a document takes hours from who receives help for them, these are counted
on their own, as claimed.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from practice_core.points.rules import Benefit, BenefitKind, Period
from practice_core.terms import term
from practice_core.units import Instant, Minutes, moment, value
from practice_core.volunteers.standing import BlacklistReason, EndReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.points.rules import RuleSet, StarLevel
    from practice_core.terms import Lang

__all__ = [
    "Entitlement",
    "EntitlementClause",
    "Merits",
    "Received",
    "claimable",
    "entitlements",
    "level_of",
    "sanctions",
    "told",
]

_HOUR: Minutes = 60


class EntitlementClause(enum.StrEnum):
    """Whether a benefit is due to somebody, and if not, what is in the way; the first that is."""

    TOO_LOW = "too_low"
    """He has not the level."""
    TOO_FEW_HOURS = "too_few_hours"
    SUPERSEDED = "superseded"
    """A higher level gives him more, and the two do not add up."""
    HAD = "had"
    """He has had it."""
    QUOTA_USED = "quota_used"
    """He has had as many privileges as there are in this period."""
    DUE = "due"


@value
class Merits:
    """What somebody has done and lost, as far as levels and benefits depend on it.

    Parameters
    ----------
    minutes, points
        Served and earned in a lifetime, points lost taken off.
    year_minutes, year_points
        Likewise, in the local year.
    community_minutes
        Of those of the lifetime, served for the community.
    registered_months
        Registered so long without a break.
    lost_points
        Forfeited for listed misconduct; what staying away costs is not among them.
    claimed_minutes
        Of help received for own hours.
    highest
        The number of the highest level he has had, over the period in which levels count; 0: none.
    """

    minutes: Minutes = 0
    points: int = 0
    year_minutes: Minutes = 0
    year_points: int = 0
    community_minutes: Minutes = 0
    registered_months: int = 0
    lost_points: int = 0
    claimed_minutes: Minutes = 0
    highest: int = 0


@value
class Received:
    """A benefit that somebody has had.

    Parameters
    ----------
    benefit
        Its id.
    at
        When, in ms since 1970-01-01T00:00Z.
    """

    benefit: str
    at: Instant


@value
class Entitlement:
    """What somebody may have of a benefit now, and why.

    Parameters
    ----------
    benefit
        The benefit.
    due
        How many of it.
    clause
        Why so many.
    """

    benefit: Benefit
    due: int
    clause: EntitlementClause


def level_of(rules: RuleSet, merits: Merits) -> StarLevel | None:
    """Give the level that somebody has; None below the first.

    It is the highest whose conditions he meets. One that he has had stays, unless the rules say
    that levels are lost again with their points; points lost for misconduct, where the rules give a
    limit, cost one level in any case.

    Parameters
    ----------
    rules
        The version in force.
    merits
        What he has done and lost.

    Examples
    --------
    >>> from practice_core.points import RuleSet, StarLevel
    >>> one = StarLevel(zh="一星", en="one star", minutes=6_000)
    >>> rules = RuleSet(id="demo", version=1, effective=0, levels=(one,), source="assumed: demo")
    >>> level_of(rules, Merits(minutes=6_000)).en, level_of(rules, Merits(minutes=5_999))
    ('one star', None)
    """
    number = _level(rules, merits)
    return rules.levels[number - 1] if number else None


def _level(rules: RuleSet, merits: Merits) -> int:
    met = [n for n, level in enumerate(rules.levels, 1) if _meets(rules, level, merits)]
    number = max(met, default=0)
    if not rules.demotion:
        number = max(number, min(merits.highest, len(rules.levels)))
    return max(0, number - 1) if _misconduct(rules, merits) else number


def _meets(rules: RuleSet, level: StarLevel, merits: Merits) -> bool:
    yearly = rules.levels_per is Period.YEAR
    return (
        (merits.year_minutes if yearly else merits.minutes) >= (level.minutes or 0)
        and (
            level.points is None
            or (merits.year_points if yearly else merits.points) >= level.points
        )
        and merits.community_minutes >= (level.community_minutes or 0)
        and merits.registered_months >= (level.registered_months or 0)
    )


def _misconduct(rules: RuleSet, merits: Merits) -> bool:
    return rules.misconduct_limit is not None and merits.lost_points >= rules.misconduct_limit


def sanctions(rules: RuleSet, merits: Merits) -> tuple[BlacklistReason | EndReason, ...]:
    """Give what the points that somebody lost bring about, for `volunteers.standing` to decide.

    Examples
    --------
    >>> from practice_core.areas import load_rules
    >>> longquanyi = load_rules("longquanyi").versions[-1]
    >>> [one.value for one in sanctions(longquanyi, Merits(year_points=-1, lost_points=300))]
    ['lost_points', 'year_points']
    """
    found: dict[BlacklistReason | EndReason, bool | None] = {
        BlacklistReason.LOST_POINTS: _misconduct(rules, merits),
        EndReason.YEAR_POINTS: rules.year_debt_ends and merits.year_points < 0,
        EndReason.LIFETIME_POINTS: rules.lifetime_debt_ends and merits.points < 0,
    }
    return tuple(reason for reason, holds in found.items() if holds)


def claimable(rules: RuleSet, merits: Merits) -> Minutes:
    """Give how much free help somebody may still claim for his own hours; 0 where nothing says so.

    All that he has claimed and claims is at most what he has served, and there are so many points
    behind each hour of it. His hours of service stay.

    Examples
    --------
    >>> from practice_core.areas import load_rules
    >>> longquanyi = load_rules("longquanyi").versions[-1]  # 10 points for an hour
    >>> claimable(longquanyi, Merits(minutes=6_000, points=1_000, claimed_minutes=600)) // 60
    90
    >>> claimable(longquanyi, Merits(minutes=6_000, points=500)) // 60
    50
    """
    if rules.help_points_per_hour is None:
        return 0
    backed = max(0, merits.points) * _HOUR // rules.help_points_per_hour
    return max(0, min(merits.minutes, backed) - merits.claimed_minutes)


def entitlements(
    rules: RuleSet, merits: Merits, *, at: Instant, received: Sequence[Received] = ()
) -> tuple[Entitlement, ...]:
    """Give of each benefit what is due to somebody now.

    Parameters
    ----------
    rules
        The version in force.
    merits
        What he has done and lost.
    at
        When, in ms since 1970-01-01T00:00Z: a period is the local one of that.
    received
        What he has had, of whatever period.

    Returns
    -------
    tuple of Entitlement
        One for each benefit, as the rules order them. Where there is a quota of privileges, each
        may be had, but not all of them.

    Examples
    --------
    >>> from practice_core.areas import load_rules
    >>> rules = load_rules("zhangjiagang").versions[-1]
    >>> served = Merits(minutes=660 * 60)  # prizes come again with every 300 h, certificates do not
    >>> found = {one.benefit.id: one for one in entitlements(rules, served, at=0)}
    >>> found["prize-30"].due, found["prize-100"].due, found["certificate-1"].due
    (3, 2, 1)
    >>> found = entitlements(rules, served, at=0, received=[Received("prize-30", 0)] * 3)
    >>> next(told(one) for one in found if one.benefit.id == "prize-30")
    'prize of one star: he has had it'
    """
    level = _level(rules, merits)
    reached = [one for one in rules.benefits if _times(one, merits, level)]
    privileges = {one.id for one in rules.benefits if one.kind is BenefitKind.PRIVILEGE}
    used = sum(
        one.benefit in privileges and _within(rules, rules.benefit_quota_per, one.at, at)
        for one in received
    )
    left = None if rules.benefit_quota is None else max(0, rules.benefit_quota - used)
    found = []
    for one in rules.benefits:
        quota = left if one.kind is BenefitKind.PRIVILEGE else None
        had = sum(
            other.benefit == one.id and _within(rules, one.per, other.at, at) for other in received
        )
        due = max(0, _times(one, merits, level) - had)
        due = due if quota is None else min(due, quota)
        if level < (one.level or 0):
            clause = EntitlementClause.TOO_LOW
        elif one not in reached:
            clause = EntitlementClause.TOO_FEW_HOURS
        elif rules.benefits_add_up is False and _outdone(one, reached):
            clause = EntitlementClause.SUPERSEDED
        elif had >= _times(one, merits, level):
            clause = EntitlementClause.HAD
        else:
            clause = EntitlementClause.DUE if due else EntitlementClause.QUOTA_USED
        found.append(Entitlement(one, due if clause is EntitlementClause.DUE else 0, clause))
    return tuple(found)


def _times(benefit: Benefit, merits: Merits, level: int) -> int:
    """Give how often a benefit has come, or comes in its period."""
    served = merits.year_minutes if benefit.minutes_per is Period.YEAR else merits.minutes
    least = benefit.minutes or 0
    if level < (benefit.level or 0) or served < least:
        return 0
    return 1 if benefit.every is None else 1 + (served - least) // benefit.every


def _outdone(benefit: Benefit, reached: Sequence[Benefit]) -> bool:
    """Tell whether a benefit of a higher level stands beside it."""
    return any(
        other.kind is benefit.kind and (other.level or 0) > (benefit.level or 0)
        for other in reached
    )


def _within(rules: RuleSet, period: Period | None, then: Instant, at: Instant) -> bool:
    """Tell whether two instants lie in the same local period; None: of all times."""
    one, other = (moment(when, offset=rules.offset) for when in (then, at))
    match period:
        case Period.DAY:
            return one.date() == other.date()
        case Period.MONTH:
            return (one.year, one.month) == (other.year, other.month)
        case Period.QUARTER:
            return (one.year, (one.month - 1) // 3) == (other.year, (other.month - 1) // 3)
        case Period.YEAR:
            return one.year == other.year
        case _:
            return True


def told(entitlement: Entitlement, lang: Lang = "en") -> str:
    """Say what somebody may have of a benefit now, or what is in the way.

    Examples
    --------
    >>> from practice_core.areas import load_rules
    >>> rules = load_rules("qidong").versions[-1]
    >>> print(told(entitlements(rules, Merits(), at=0)[0], "zh"))
    一星100元礼券：未达等级
    """
    said = term(entitlement.clause, lang)
    return said.format(benefit=entitlement.benefit.name(lang), due=entitlement.due)
