"""What points schemes say, in words: key by key, and side by side."""

from __future__ import annotations

import enum
from fractions import Fraction
from typing import TYPE_CHECKING

import attrs

from practice_core.areas.files import BasisKind
from practice_core.points import AwardReason, Period
from practice_core.points.explain import ratio_text
from practice_core.terms import term

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from practice_core.areas.files import Basis
    from practice_core.areas.schemes import Scheme
    from practice_core.points import (
        Award,
        Benefit,
        EventPoints,
        Occasion,
        RoleBonus,
        RuleSet,
        StarLevel,
    )
    from practice_core.terms import Lang
    from practice_core.volunteers import ServiceRole

__all__ = ["RuleKey", "RuleTrait", "RuleWord", "assumed_in", "rule_traits", "rules_table"]


class RuleKey(enum.StrEnum):
    """What a file may say of a scheme, in the order in which it is told."""

    RATE = "rate_per_hour"
    PER_SERVICE = "per_service"
    QUANTUM = "quantum_minutes"
    ROUNDING = "rounding"
    CATEGORIES = "category_coefficient"
    GRADES = "grade_coefficient"
    ROLES = "roles"
    EVENTS = "events"
    RECEIVED = "received_debit"
    ACTIVITY_MINUTES = "max_minutes_per_activity"
    DAY_MINUTES = "max_minutes_per_day"
    DAY_POINTS = "max_points_per_day"
    YEAR_POINTS = "max_points_per_year"
    STORAGE = "storage_cap"
    COMPLAINT = "zero_on_complaint"
    NO_SHOW = "no_show_penalty"
    NO_SHOWS = "no_show_limit_per_year"
    MALICIOUS = "malicious_limit_per_year"
    MISCONDUCT = "misconduct_limit"
    YEAR_DEBT = "year_debt_ends"
    LIFETIME_DEBT = "lifetime_debt_ends"
    CLAIM = "claim_window_days"
    AUDIT = "audit_required"
    PUBLICITY = "publicity_days"
    MIN_POINTS = "redeem_min_points"
    MIN_HOURS = "redeem_min_hours"
    MONTHS = "redeem_months"
    DAYS = "redeem_days"
    QUOTA = "redeem_quota"
    PICKUP = "pickup_code"
    DEADLINE = "pickup_deadline_days"
    REFUND = "refundable"
    HELP = "help_points_per_hour"
    WORTH = "cents_per_point"
    EXPIRY = "expiry"
    PASSING = "passing"
    SCOPE = "account_scope"
    LEVELS = "levels"
    LEVELS_PER = "levels_per"
    DEMOTION = "demotion"
    BENEFITS = "benefits"
    BENEFIT_QUOTA = "benefit_quota"
    ADD_UP = "benefits_add_up"


_COLUMNS = {
    "earning": (RuleKey.RATE, RuleKey.RECEIVED),
    "limits": (RuleKey.ACTIVITY_MINUTES, RuleKey.PUBLICITY),
    "redeeming": (RuleKey.MIN_POINTS, RuleKey.WORTH),
    "keeping": (RuleKey.EXPIRY, RuleKey.ADD_UP),
}
"""The first and the last key of each column of the table."""


class RuleWord(enum.StrEnum):
    """Words for what stands under a key, and around it."""

    YES = "yes"
    NO = "no"
    MINUTES = "minutes"
    DAYS = "days"
    HOURS = "hours"
    POINTS = "points"
    TIMES = "times"
    MONTHS = "months"
    BOTH = "both"
    BESIDES = "besides"
    REGISTERED = "registered"
    BENEFIT = "benefit"
    EVERY = "every"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    QUOTA = "quota"
    MONTH = "month"
    DAY_OF_MONTH = "day_of_month"
    YUAN = "yuan"
    AFTER_MONTHS = "after_months"
    RESTS_ON = "rests_on"
    PAIR = "pair"
    SCHEME = "scheme"
    EARNING = "earning"
    LIMITS = "limits"
    REDEEMING = "redeeming"
    KEEPING = "keeping"
    CELL = "cell"
    NOTHING = "nothing"


_PARTS = {RuleWord.HOURS: 60, RuleWord.EVERY: 60, RuleWord.YUAN: 100}
_COUNTS = {
    RuleKey.PER_SERVICE: ("per_service", RuleWord.POINTS),
    RuleKey.QUANTUM: ("quantum", RuleWord.MINUTES),
    RuleKey.RECEIVED: ("received_debit", RuleWord.POINTS),
    RuleKey.ACTIVITY_MINUTES: ("max_minutes_per_activity", RuleWord.MINUTES),
    RuleKey.DAY_MINUTES: ("max_minutes_per_day", RuleWord.MINUTES),
    RuleKey.DAY_POINTS: ("max_points_per_day", RuleWord.POINTS),
    RuleKey.YEAR_POINTS: ("max_points_per_year", RuleWord.POINTS),
    RuleKey.STORAGE: ("storage_cap", RuleWord.POINTS),
    RuleKey.NO_SHOW: ("no_show_penalty", RuleWord.POINTS),
    RuleKey.NO_SHOWS: ("no_show_limit_per_year", RuleWord.TIMES),
    RuleKey.MALICIOUS: ("malicious_limit_per_year", RuleWord.TIMES),
    RuleKey.MISCONDUCT: ("misconduct_limit", RuleWord.POINTS),
    RuleKey.CLAIM: ("claim_window_days", RuleWord.DAYS),
    RuleKey.PUBLICITY: ("publicity_days", RuleWord.DAYS),
    RuleKey.MIN_POINTS: ("redeem_min_points", RuleWord.POINTS),
    RuleKey.MIN_HOURS: ("redeem_min_minutes", RuleWord.HOURS),
    RuleKey.DEADLINE: ("pickup_deadline_days", RuleWord.DAYS),
    RuleKey.HELP: ("help_points_per_hour", RuleWord.POINTS),
    RuleKey.WORTH: ("cents_per_point", RuleWord.YUAN),
}
_FLAGS = {
    RuleKey.YEAR_DEBT: "year_debt_ends",
    RuleKey.LIFETIME_DEBT: "lifetime_debt_ends",
    RuleKey.ADD_UP: "benefits_add_up",
    RuleKey.COMPLAINT: "zero_on_complaint",
    RuleKey.AUDIT: "audit_required",
    RuleKey.PICKUP: "pickup_code",
    RuleKey.REFUND: "refundable",
    RuleKey.DEMOTION: "demotion",
}
_CHOICES = {
    RuleKey.ROUNDING: "rounding",
    RuleKey.EXPIRY: "expiry",
    RuleKey.PASSING: "passing",
    RuleKey.SCOPE: "account_scope",
    RuleKey.LEVELS_PER: "levels_per",
}
"""Under which key a field of a rule set is told, by the kind of what it holds."""
_OF_TIME = {RuleKey.QUANTUM, RuleKey.ROUNDING}
_REASONS = {
    AwardReason.SERVICE_TIME: RuleKey.RATE,
    AwardReason.ROLE_TIME: RuleKey.ROLES,
    AwardReason.COMPLAINT: RuleKey.COMPLAINT,
    AwardReason.LATE_CLAIM: RuleKey.CLAIM,
    AwardReason.ACTIVITY_TIME: RuleKey.ACTIVITY_MINUTES,
    AwardReason.DAY_TIME: RuleKey.DAY_MINUTES,
    AwardReason.CATEGORY: RuleKey.CATEGORIES,
    AwardReason.GRADE: RuleKey.GRADES,
    AwardReason.SERVICE: RuleKey.PER_SERVICE,
    AwardReason.ROLE: RuleKey.ROLES,
    AwardReason.OCCASION: RuleKey.EVENTS,
    AwardReason.OCCASION_CAP: RuleKey.EVENTS,
    AwardReason.RECEIVED: RuleKey.RECEIVED,
    AwardReason.NO_SHOW: RuleKey.NO_SHOW,
    AwardReason.DAY_CAP: RuleKey.DAY_POINTS,
    AwardReason.YEAR_CAP: RuleKey.YEAR_POINTS,
    AwardReason.STORAGE_CAP: RuleKey.STORAGE,
}
"""The key under which a file says what a line of an award follows."""


@attrs.frozen
class RuleTrait:
    """What a scheme says under one key.

    Parameters
    ----------
    key
        The key.
    text
        What it says, in words.
    basis
        What that rests on; None if nothing is said of it.
    """

    key: RuleKey
    text: str
    basis: Basis | None


def rule_traits(scheme: Scheme, version: int = -1, lang: Lang = "en") -> tuple[RuleTrait, ...]:
    """Give what a version of a scheme says, in words; what it leaves open is not told.

    Parameters
    ----------
    scheme
        The scheme.
    version
        Place of the version; the latest unless said.
    lang
        Language.

    Examples
    --------
    >>> from practice_core.areas import load_rules
    >>> for one in rule_traits(load_rules("xihu")):
    ...     print(f"{one.key}: {one.text} ({one.basis.kind})")
    per_service: 1 (published)
    events: registered +5, at most 5 in a lifetime (published)
    received_debit: 1 (published)
    passing: to family (published)
    """
    said = _texts(scheme.versions[version], lang)
    if RuleKey.ROUNDING not in scheme.bases[version]:
        said.pop(RuleKey.ROUNDING, None)  # the usual
    return tuple(
        RuleTrait(key, said[key], _basis(scheme, version, key)) for key in RuleKey if key in said
    )


def assumed_in(scheme: Scheme, rules: RuleSet, given: Award) -> tuple[RuleKey, ...]:
    """Give the keys that an award rests on and whose value is assumed.

    Parameters
    ----------
    scheme
        The scheme.
    rules
        That version of it by which the award was given.
    given
        The award.
    """
    version = scheme.versions.index(rules)
    keys = {_REASONS[line.reason] for line in given.lines if line.reason in _REASONS}
    if not rules.rate_per_hour:
        keys.discard(RuleKey.RATE)
    elif RuleKey.RATE in keys:
        keys.add(RuleKey.QUANTUM)
    found = {key: _basis(scheme, version, key) for key in RuleKey if key in keys}
    return tuple(key for key, basis in found.items() if basis and basis.kind is BasisKind.ASSUMED)


def rules_table(
    schemes: Sequence[Scheme], lang: Lang = "en", columns: Sequence[str] = tuple(_COLUMNS)
) -> str:
    """Write schemes as a Markdown table: a row for each, with what its latest version says.

    Parameters
    ----------
    schemes
        One or more.
    lang
        Language.
    columns
        Which: of earning, limits, redeeming and keeping.
    """
    words = (RuleWord.SCHEME, *map(RuleWord, columns))
    rows = [[term(one, lang) for one in words], ["---"] * len(words)]
    rows += [[_name(scheme, lang), *_cells(scheme, lang, columns)] for scheme in schemes]
    return "".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n" for row in rows
    )


def _name(scheme: Scheme, lang: Lang) -> str:
    cell = term(RuleWord.CELL, lang)
    return cell.format(place=scheme.place(lang), name=scheme.name(lang), id=scheme.id)


def _cells(scheme: Scheme, lang: Lang, columns: Sequence[str]) -> Iterator[str]:
    order = list(RuleKey)
    traits = rule_traits(scheme, lang=lang)
    for first, last in map(_COLUMNS.__getitem__, columns):
        keys = order[order.index(first) : order.index(last) + 1]
        told = [_told(one, lang) for one in traits if one.key in keys]
        yield "<br>".join(told) or term(RuleWord.NOTHING, lang)


def _told(trait: RuleTrait, lang: Lang) -> str:
    pair = term(RuleWord.PAIR, lang).format(key=term(trait.key, lang), text=trait.text)
    if trait.basis is None:
        return pair
    return term(RuleWord.RESTS_ON, lang).format(text=pair, kind=term(trait.basis.kind, lang))


def _basis(scheme: Scheme, version: int, key: RuleKey) -> Basis | None:
    """Give what a key rests on; of several parts, what the first does."""
    found = scheme.basis(key, version)
    if found is None:
        parts = [one for one in scheme.bases[version] if one.startswith((f"{key}.", f"{key}["))]
        return scheme.basis(parts[0], version) if parts else None
    return found


def _texts(rules: RuleSet, lang: Lang) -> dict[RuleKey, str]:
    """Give what a rule set says under each key; what it leaves open is not in it."""
    plain = _plain(rules, lang)
    listed = {
        key: ("、" if lang == "zh" else ", ").join(parts) for key, parts in _lists(rules, lang)
    }
    found = plain | {key: text for key, text in listed.items() if text}
    if rules.redeem_quota is not None and rules.redeem_quota_per is not None:
        quota, per = rules.redeem_quota, term(rules.redeem_quota_per, lang)
        found[RuleKey.QUOTA] = term(RuleWord.QUOTA, lang).format(n=quota, period=per)
    if rules.benefit_quota is not None and rules.benefit_quota_per is not None:
        quota, per = rules.benefit_quota, term(rules.benefit_quota_per, lang)
        found[RuleKey.BENEFIT_QUOTA] = term(RuleWord.QUOTA, lang).format(n=quota, period=per)
    if rules.expiry_months is not None:
        found[RuleKey.EXPIRY] = _of(RuleWord.AFTER_MONTHS, rules.expiry_months, lang)
    if rules.rate_per_hour:
        return found | {RuleKey.RATE: ratio_text(rules.rate_per_hour)}
    # Time earns nothing.
    return {key: text for key, text in found.items() if key not in _OF_TIME}


def _plain(rules: RuleSet, lang: Lang) -> dict[RuleKey, str]:
    """Give what stands under the keys of numbers, flags and choices."""
    found = {}
    for key, (name, unit) in _COUNTS.items():
        count: int | None = getattr(rules, name)
        if count is not None:
            found[key] = _of(unit, count, lang)
    for key, name in _FLAGS.items():
        flag: bool | None = getattr(rules, name)
        if flag is not None:
            found[key] = term(RuleWord.YES if flag else RuleWord.NO, lang)
    for key, name in _CHOICES.items():
        choice: enum.Enum | None = getattr(rules, name)
        if choice is not None:
            found[key] = term(choice, lang)
    if not rules.per_service:
        del found[RuleKey.PER_SERVICE]
    return found


def _lists(rules: RuleSet, lang: Lang) -> Iterator[tuple[RuleKey, list[str]]]:
    coefficients = rules.category_coefficient.items()
    yield RuleKey.CATEGORIES, [f"{term(one, lang)} {ratio_text(by)}" for one, by in coefficients]
    yield RuleKey.GRADES, [ratio_text(by) for by in rules.grade_coefficient]
    yield RuleKey.ROLES, [_role(one, bonus, lang) for one, bonus in rules.roles.items()]
    yield RuleKey.EVENTS, [_event(one, event, lang) for one, event in rules.events.items()]
    yield RuleKey.MONTHS, [_of(RuleWord.MONTH, one, lang) for one in rules.redeem_months]
    yield RuleKey.DAYS, [_of(RuleWord.DAY_OF_MONTH, one, lang) for one in rules.redeem_days]
    yield RuleKey.LEVELS, [_level(one, lang) for one in rules.levels]
    yield RuleKey.BENEFITS, [_benefit(rules, one, lang) for one in rules.benefits]


def _role(role: ServiceRole, bonus: RoleBonus, lang: Lang) -> str:
    parts = [f"+{bonus.points}"] if bonus.points else []
    parts += [f"+{_of(RuleWord.MINUTES, bonus.minutes, lang)}"] if bonus.minutes else []
    return " ".join((term(role, lang), *parts))


def _event(occasion: Occasion, event: EventPoints, lang: Lang) -> str:
    if event.most is None:
        return f"{term(occasion, lang)} +{event.points}"
    said, period = term(RuleWord.AT_MOST, lang), term(event.per, lang)
    name = term(occasion, lang)
    return said.format(occasion=name, points=event.points, most=event.most, period=period)


def _level(level: StarLevel, lang: Lang) -> str:
    hours = "" if level.minutes is None else _of(RuleWord.HOURS, level.minutes, lang)
    points = "" if level.points is None else _of(RuleWord.POINTS, level.points, lang)
    both = term(RuleWord.BOTH, lang).format(hours=hours, points=points)
    said = f"{level.name(lang)} {both if hours and points else hours or points}"
    if level.community_minutes is not None:
        besides = _of(RuleWord.HOURS, level.community_minutes, lang)
        said = term(RuleWord.BESIDES, lang).format(level=said, hours=besides)
    if level.registered_months is not None:
        months = _of(RuleWord.MONTHS, level.registered_months, lang)
        said = term(RuleWord.REGISTERED, lang).format(level=said, months=months)
    return said


def _benefit(rules: RuleSet, benefit: Benefit, lang: Lang) -> str:
    """Give what a benefit is called, and what it takes."""
    takes = [] if benefit.level is None else [rules.levels[benefit.level - 1].name(lang)]
    if benefit.minutes is not None:
        hours = _of(RuleWord.HOURS, benefit.minutes, lang)
        yearly = benefit.minutes_per is Period.YEAR
        quota = term(RuleWord.AT_LEAST, lang).format(hours=hours, period=term(Period.YEAR, lang))
        takes.append(quota if yearly else hours)
    if benefit.every is not None:
        takes.append(_of(RuleWord.EVERY, benefit.every, lang))
    said = ("、" if lang == "zh" else ", ").join(takes)
    return term(RuleWord.BENEFIT, lang).format(benefit=benefit.name(lang), takes=said)


def _of(unit: RuleWord, count: int, lang: Lang) -> str:
    """Give a number in its unit: hours are held as minutes, yuan as hundredths."""
    number = ratio_text(Fraction(count, _PARTS.get(unit, 1)))
    return term(unit, lang).format(n=number)
