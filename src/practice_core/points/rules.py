"""Points rules as versioned data: what service is worth, and what becomes of the points.

Integers and exact ratios only. There is no national rule: every area publishes its own, so a rule
set is data and names the document it comes from. What a document does not say is None.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError
from practice_core.points.checks import faults_of
from practice_core.units import DAY, HOUR, Duration, Instant, Minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from practice_core.terms import Category, Lang
    from practice_core.volunteers import ServiceRole

__all__ = [
    "AccountScope",
    "Benefit",
    "BenefitKind",
    "EventPoints",
    "Expiry",
    "Occasion",
    "Passing",
    "Period",
    "RoleBonus",
    "Rounding",
    "RuleSet",
    "StarLevel",
    "in_force",
]

_HOUR: Minutes = 60


class Rounding(enum.StrEnum):
    """What becomes of time short of a whole step, and of points short of a whole one."""

    FLOOR = "floor"
    NEAREST = "nearest"
    """A half goes up."""
    CEILING = "ceiling"


class Period(enum.StrEnum):
    """A span of local time over which something is counted."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    LIFETIME = "lifetime"


class Expiry(enum.StrEnum):
    """When points that nobody spent are lost; the oldest go first."""

    NEVER = "never"
    MONTHS = "months"
    """So many months after they were earned."""
    QUARTER_END = "quarter_end"
    YEAR_END = "year_end"


class Passing(enum.StrEnum):
    """To whom points may pass from one account."""

    NONE = "none"
    FAMILY = "family"
    DONATION = "donation"
    """To a pool for people in need."""
    FREE = "free"


class AccountScope(enum.StrEnum):
    """Whose an account is."""

    PERSON = "person"
    HOUSEHOLD = "household"


class Occasion(enum.StrEnum):
    """What earns or costs points beside service time. An offer declined is none and never will be.

    What was received and what was missed have fields of their own in a rule set.
    """

    REGISTER = "register"
    REFERRAL = "referral"
    TRAINING = "training"
    DONATION = "donation"
    BLOOD = "blood"
    RESCUE = "rescue"
    FOLLOW = "follow"
    SHARE = "share"
    HONOUR = "honour"
    RECEIVED = "received"
    """A service was received."""
    NO_SHOW = "no_show"
    """Somebody had accepted, and stayed away without notice."""


class BenefitKind(enum.StrEnum):
    """What a level, or hours, entitle to (礼遇)."""

    CERTIFICATE = "certificate"
    PRIZE = "prize"
    PRIVILEGE = "privilege"


@attrs.frozen(kw_only=True)
class EventPoints:
    """What an occasion earns.

    Parameters
    ----------
    points
        For one, whatever is counted: a referral, 100 ml of blood, a yuan.
    most
        The most points that it earns in a period; None: no limit.
    per
        That period.
    """

    points: int
    most: int | None = None
    per: Period = Period.LIFETIME


@attrs.frozen(kw_only=True)
class RoleBonus:
    """What a role earns in one activity: points, or minutes that count as if served."""

    points: int = 0
    minutes: Minutes = 0


@attrs.frozen(kw_only=True)
class StarLevel:
    """A level, and what it takes: minutes served, points earned, or both, and more beside.

    Parameters
    ----------
    zh, en
        What it is called.
    minutes, points
        The least of each; None: it does not depend on that.
    community_minutes
        Served for the community besides, in a lifetime.
    registered_months
        Months of registration without a break.
    """

    zh: str
    en: str
    minutes: Minutes | None = None
    points: int | None = None
    community_minutes: Minutes | None = None
    registered_months: int | None = None

    def name(self, lang: Lang = "en") -> str:
        """Give what it is called."""
        return self.zh if lang == "zh" else self.en


@attrs.frozen(kw_only=True)
class Benefit:
    """What a level, or hours, entitle to: once, once in a period, or again with more hours.

    Parameters
    ----------
    id
        By which it is remembered who has had it.
    zh, en
        What it is called.
    kind
        A certificate, a prize or a privilege.
    level
        The number of the level it takes, from 1 for the lowest; None: any.
    minutes
        The least time served; None: it takes the level alone.
    minutes_per
        Whether that is of a lifetime or a year.
    every
        It comes again with every so many minutes more; None: it does not.
    per
        It is given once in each such period; None: once for each time that it came.
    yuan
        What it is worth; None: not said.
    """

    id: str
    zh: str
    en: str
    kind: BenefitKind = attrs.field(converter=BenefitKind)
    level: int | None = None
    minutes: Minutes | None = None
    minutes_per: Period = Period.LIFETIME
    every: Minutes | None = None
    per: Period | None = None
    yuan: int | None = None

    def name(self, lang: Lang = "en") -> str:
        """Give what it is called."""
        return self.zh if lang == "zh" else self.en


def _exact(ratio: Fraction | int) -> Fraction:
    # A float is left as it is, for the checks to find.
    return Fraction(ratio) if isinstance(ratio, int) else ratio


def _ratios(found: Mapping[Category, Fraction | int]) -> Mapping[Category, Fraction]:
    return {category: _exact(ratio) for category, ratio in found.items()}


def _grades(found: Iterable[Fraction | int]) -> tuple[Fraction, ...]:
    return tuple(map(_exact, found))


@attrs.frozen(kw_only=True)
class RuleSet:
    """One version of an area's points rules.

    The caller picks the version in force; nothing here reads a clock. None means that the document
    does not say.

    Parameters
    ----------
    id
        Name of the rule set, the same in all its versions.
    version
        1, 2, 3, ...
    effective
        From when on it holds, in ms since 1970-01-01T00:00Z.
    source
        The document that says so, or the word ``assumed`` and the reason.
    offset
        Local time east of UTC, in ms: days, months and years are local.
    rate_per_hour
        Points for one counted hour, as a whole number or an exact ratio.
    per_service
        Points for a service as such, however long.
    quantum
        Service time counts in whole steps of this many minutes; 6 is 0.1 h, the precision of
        published records.
    rounding
        What becomes of the rest of a step, and of a point.
    category_coefficient
        By which the points of an hour are multiplied, by category; 1 for the others.
    grade_coefficient
        Likewise, for grades 1, 2 and 3 of difficulty, skill and risk; empty: there are no grades.
    roles
        What a role earns beside.
    events
        What occasions other than service earn.
    received_debit
        What a service received costs.
    no_show_penalty
        What it costs to have accepted and not to come, without notice.
    no_show_limit_per_year, malicious_limit_per_year
        So many such absences in a calendar year, or so many out of malice, end a registration.
    misconduct_limit
        So many points forfeited for listed misconduct cost a star and blacklist.
    year_debt_ends, lifetime_debt_ends
        Whether points below zero, of a year or all together, end a registration.
    max_minutes_per_activity, max_minutes_per_day
        The most that counts of one person's time.
    max_points_per_day, max_points_per_year
        The most that one person earns.
    storage_cap
        The most points that an account may hold by earning.
    zero_on_complaint
        Whether a service earns nothing after a complaint.
    claim_window_days
        How many days after the service it may be entered.
    audit_required
        Whether somebody checks an entry before it counts.
    publicity_days
        How long awards are shown before they count (公示).
    redeem_min_points, redeem_min_minutes
        What a person must have before the first redemption: points held, minutes served.
    redeem_months, redeem_days
        In which months, 1 to 12, and on which days of a month points are redeemed; empty: any.
    redeem_quota, redeem_quota_per
        How often an account redeems in a period: a household's, for all its members.
    expiry, expiry_months
        When points are lost.
    passing
        To whom they may pass.
    account_scope
        Whose an account is: told, not enforced.
    refundable
        Whether a redemption may be taken back.
    pickup_code, pickup_deadline_days
        Whether goods are handed out for a code, and until when.
    cents_per_point
        What a point is worth in goods, in hundredths of a yuan.
    help_points_per_hour
        So many points stand behind each hour of help that a person may claim for his own hours.
    levels
        From the lowest on.
    levels_per
        Over what the hours and points of a level are counted.
    demotion
        Whether a level is lost again with its points.
    benefits
        What levels and hours entitle to.
    benefit_quota, benefit_quota_per
        How many privileges a person has in a period.
    benefits_add_up
        Whether those of the lower levels are given beside those of a higher one.

    Raises
    ------
    DefinitionError
        With all that is wrong, if anything is.

    Examples
    --------
    >>> RuleSet(id="a b", version=1, effective=0, source="assumed: example", storage_cap=0)
    Traceback (most recent call last):
    ...
    practice_core.errors.DefinitionError: points rules a b: 3 faults
      id: 'a b'; expected 1 to 64 of A-Za-z0-9._:-; rename it
      rate_per_hour: 0; expected points for an hour, a service or an event; say what earns points
      storage_cap: 0; expected a whole number from 1 to 1,000,000,000; change storage_cap
    """

    id: str
    version: int
    effective: Instant
    source: str
    offset: Duration = 8 * HOUR
    rate_per_hour: Fraction = attrs.field(default=Fraction(0), converter=_exact)
    per_service: int = 0
    quantum: Minutes = 6
    rounding: Rounding = attrs.field(default=Rounding.FLOOR, converter=Rounding)
    category_coefficient: Mapping[Category, Fraction] = attrs.field(
        factory=dict, converter=_ratios, hash=False
    )
    grade_coefficient: tuple[Fraction, ...] = attrs.field(default=(), converter=_grades)
    roles: Mapping[ServiceRole, RoleBonus] = attrs.field(factory=dict, hash=False)
    events: Mapping[Occasion, EventPoints] = attrs.field(factory=dict, hash=False)
    received_debit: int | None = None
    no_show_penalty: int | None = None
    no_show_limit_per_year: int | None = None
    malicious_limit_per_year: int | None = None
    misconduct_limit: int | None = None
    year_debt_ends: bool | None = None
    lifetime_debt_ends: bool | None = None
    max_minutes_per_activity: Minutes | None = None
    max_minutes_per_day: Minutes | None = None
    max_points_per_day: int | None = None
    max_points_per_year: int | None = None
    storage_cap: int | None = None
    zero_on_complaint: bool | None = None
    claim_window_days: int | None = None
    audit_required: bool | None = None
    publicity_days: int | None = None
    redeem_min_points: int | None = None
    redeem_min_minutes: Minutes | None = None
    redeem_months: tuple[int, ...] = ()
    redeem_days: tuple[int, ...] = ()
    redeem_quota: int | None = None
    redeem_quota_per: Period | None = None
    expiry: Expiry | None = None
    expiry_months: int | None = None
    passing: Passing | None = None
    account_scope: AccountScope | None = None
    refundable: bool | None = None
    pickup_code: bool | None = None
    pickup_deadline_days: int | None = None
    cents_per_point: int | None = None
    help_points_per_hour: int | None = None
    levels: tuple[StarLevel, ...] = ()
    levels_per: Period | None = None
    demotion: bool | None = None
    benefits: tuple[Benefit, ...] = ()
    benefit_quota: int | None = None
    benefit_quota_per: Period | None = None
    benefits_add_up: bool | None = None
    _worths: Mapping[tuple[Category | None, int], tuple[int, int]] = attrs.field(
        init=False, repr=False, eq=False
    )

    def __attrs_post_init__(self) -> None:
        faults = faults_of(self)
        if faults:
            subject = f"points rules {self.id}"
            raise DefinitionError(subject, faults)
        grades = enumerate((Fraction(1), *self.grade_coefficient))
        kinds = {None: Fraction(1)} | dict(self.category_coefficient)
        worths = {
            (category, grade): (self.rate_per_hour * one * other / _HOUR).as_integer_ratio()
            for grade, one in grades
            for category, other in kinds.items()
        }
        object.__setattr__(self, "_worths", worths)

    def worth(self, category: Category | None = None, grade: int | None = None) -> tuple[int, int]:
        """Give the points of one minute, as a numerator and a denominator.

        Parameters
        ----------
        category, grade
            Of the service; None: without the coefficient.

        Examples
        --------
        >>> rules = RuleSet(
        ...     id="demo",
        ...     version=1,
        ...     effective=0,
        ...     rate_per_hour=10,
        ...     grade_coefficient=(1, Fraction("1.02"), 2),
        ...     source="assumed: demo",
        ... )
        >>> rules.worth(), rules.worth(grade=2)
        ((1, 6), (17, 100))
        """
        known = category if category in self.category_coefficient else None
        return self._worths[known, grade or 0 if self.grade_coefficient else 0]

    def day(self, at: Instant) -> int:
        """Give the number of the local day of an instant, from 1970-01-01."""
        return (at + self.offset) // DAY


def in_force(versions: Sequence[RuleSet], at: Instant) -> RuleSet | None:
    """Give the version that holds at an instant; None before the first.

    What was earned is not touched by a later version: an award asks for the one in force when the
    service ended.

    Parameters
    ----------
    versions
        By the instant from which on they hold.
    at
        In ms since 1970-01-01T00:00Z.

    Examples
    --------
    >>> old = RuleSet(id="demo", version=1, effective=10, rate_per_hour=1, source="assumed: demo")
    >>> new = attrs.evolve(old, version=2, effective=20, rate_per_hour=2)
    >>> [one and one.version for one in (in_force((old, new), at) for at in (9, 10, 19, 20))]
    [None, 1, 1, 2]
    """
    place = bisect_right(versions, at, key=lambda one: one.effective)
    return versions[place - 1] if place else None
