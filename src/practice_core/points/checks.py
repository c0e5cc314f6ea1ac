"""What can be wrong with points rules: every fault, each at its field."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from practice_core.errors import Fault
from practice_core.units import DAY, is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from practice_core.points.rules import Benefit, RuleSet

__all__ = ["LONGEST", "MOST_MINUTES", "MOST_RATIO", "faults_of"]

MOST_MINUTES = 2**31 - 1
"""Of one record."""
MOST_RATIO = 2**30
"""Of either part of the points of a minute: with the minutes it stays inside 64 bits."""
LONGEST = 40
"""Levels of a scheme, at most."""
_MOST_POINTS = 1_000_000_000
_DAY_MINUTES = 24 * 60
_GRADES = 3
_MOST_RATE, _MOST_COEFFICIENT = 1_000_000, 1_000

_WHOLE = {
    "version": (1, 1_000_000),
    "per_service": (0, 1_000_000),
    "quantum": (1, _DAY_MINUTES),
    "received_debit": (0, 1_000_000),
    "no_show_penalty": (0, 1_000_000),
    "no_show_limit_per_year": (1, 366),
    "malicious_limit_per_year": (1, 366),
    "misconduct_limit": (1, _MOST_POINTS),
    "max_minutes_per_activity": (1, 1_000_000),
    "max_minutes_per_day": (1, _DAY_MINUTES),
    "max_points_per_day": (1, _MOST_POINTS),
    "max_points_per_year": (1, _MOST_POINTS),
    "storage_cap": (1, _MOST_POINTS),
    "claim_window_days": (0, 3_660),
    "publicity_days": (0, 366),
    "redeem_min_points": (1, _MOST_POINTS),
    "redeem_min_minutes": (1, _MOST_POINTS),
    "redeem_quota": (1, 1_000_000),
    "expiry_months": (1, 1_200),
    "pickup_deadline_days": (1, 3_660),
    "cents_per_point": (1, 1_000_000),
    "help_points_per_hour": (1, 1_000_000),
    "benefit_quota": (1, 1_000_000),
}
"""The least and the most of each whole number of a rule set."""
_PAIRS = {
    "redeem_quota": "redeem_quota_per",
    "redeem_quota_per": "redeem_quota",
    "levels_per": "levels",
    "demotion": "levels",
    "benefit_quota": "benefit_quota_per",
    "benefit_quota_per": "benefit_quota",
    "benefits_add_up": "benefits",
}
"""What says nothing without something else."""


def faults_of(rules: RuleSet) -> list[Fault]:
    """Find all that is wrong with a rule set."""
    faults = [*_names(rules), *_ratios(rules), *_numbers(rules), *_parts(rules)]
    faults += [*_redemption(rules), *_levels(rules), *_benefits(rules)]
    # What a minute is worth can only be said of ratios that are some.
    return faults or list(_together(rules))


def _names(rules: RuleSet) -> Iterator[Fault]:
    if not is_identifier(rules.id):
        yield Fault("id", repr(rules.id), "1 to 64 of A-Za-z0-9._:-", "rename it")
    if not rules.source.strip():
        yield Fault("source", repr(rules.source), "a document", "say where the rule stands")
    if abs(rules.offset) > DAY:
        yield Fault("offset", repr(rules.offset), "at most a day", "China is 8 hours east")


def _ratios(rules: RuleSet) -> Iterator[Fault]:
    yield from _ratio("rate_per_hour", rules.rate_per_hour, _MOST_RATE)
    timed = any(level.minutes for level in rules.levels)
    if rules.rate_per_hour == 0 and not rules.per_service and not rules.events and not timed:
        expected = "points for an hour, a service or an event"
        yield Fault("rate_per_hour", "0", expected, "say what earns points")
    for category, ratio in rules.category_coefficient.items():
        yield from _ratio(f"category_coefficient.{category}", ratio, _MOST_COEFFICIENT)
    grades = rules.grade_coefficient
    for n, ratio in enumerate(grades):
        yield from _ratio(f"grade_coefficient[{n}]", ratio, _MOST_COEFFICIENT)
    if len(grades) not in {0, _GRADES}:
        expected = "one for each of the grades 1, 2 and 3"
        yield Fault("grade_coefficient", f"{len(grades)} numbers", expected, "give three")


def _ratio(place: str, ratio: object, most: int) -> Iterator[Fault]:
    if not isinstance(ratio, Fraction):
        remedy = "write a Fraction, such as Fraction(51, 5)"
        yield Fault(place, repr(ratio), "a whole number or an exact ratio", remedy)
    elif ratio.denominator > MOST_RATIO:
        found, expected = f"{float(ratio):g}", "a ratio of few digits"
        yield Fault(place, found, expected, f"round {place}")
    elif not 0 <= ratio <= most:
        yield Fault(place, str(ratio), f"0 to {most:,}", f"change {place}")


def _numbers(rules: RuleSet) -> Iterator[Fault]:
    for name, (least, most) in _WHOLE.items():
        yield from _whole(name, getattr(rules, name), least, most)


def _whole(place: str, number: object, least: int, most: int) -> Iterator[Fault]:
    if number is None:
        return
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        expected = f"a whole number from {least:,} to {most:,}"
        yield Fault(place, repr(number), expected, f"change {place.rpartition('.')[2]}")


def _parts(rules: RuleSet) -> Iterator[Fault]:
    for role, bonus in rules.roles.items():
        for name, most in (("points", 1_000_000), ("minutes", _DAY_MINUTES)):
            yield from _whole(f"roles.{role}.{name}", getattr(bonus, name), 0, most)
        if not bonus.points and not bonus.minutes:
            yield Fault(f"roles.{role}", "nothing", "points or minutes", "give one of them")
    # These two have fields of their own.
    elsewhere = {"received": "received_debit", "no_show": "no_show_penalty"}
    for occasion, event in rules.events.items():
        place = f"events.{occasion}"
        if occasion in elsewhere:
            remedy = f"give {elsewhere[occasion]}"
            yield Fault(place, "something that costs points", "something that earns them", remedy)
        yield from _whole(f"{place}.points", event.points, 1, 1_000_000)
        yield from _whole(f"{place}.most", event.most, 1, _MOST_POINTS)


def _redemption(rules: RuleSet) -> Iterator[Fault]:
    for name, most in (("redeem_months", 12), ("redeem_days", 31)):
        given: tuple[object, ...] = getattr(rules, name)
        if not all(isinstance(one, int) and 1 <= one <= most for one in given) or (
            len(set(given)) != len(given)
        ):
            listed = ", ".join(map(str, given[:LONGEST]))
            yield Fault(name, listed, f"different ones of 1 to {most}", f"change {name}")
    if rules.expiry_months is None and rules.expiry == "months":
        yield Fault("expiry_months", "nothing", "so many months", "add expiry_months")
    if rules.expiry_months is not None and rules.expiry != "months":
        found = f"{rules.expiry_months}, and points that expire otherwise"
        yield Fault("expiry_months", found, 'expiry = "months"', "drop one of the two")
    for name, other in _PAIRS.items():
        if getattr(rules, name) is not None and getattr(rules, other) in {None, ()}:
            yield Fault(other, "nothing", f"something, beside {name}", f"add {other}")


def _levels(rules: RuleSet) -> Iterator[Fault]:
    levels = rules.levels
    if len(levels) > LONGEST:
        yield Fault("levels", f"{len(levels)} levels", f"at most {LONGEST}", "shorten levels")
        return
    for n, level in enumerate(levels):
        for name in ("minutes", "points", "community_minutes", "registered_months"):
            yield from _whole(f"levels[{n}].{name}", getattr(level, name), 1, _MOST_POINTS)
        if level.minutes is None and level.points is None:
            place, expected = f"levels[{n}].minutes", "hours, points or both"
            yield Fault(place, "nothing", expected, "say what it takes")
        for name in ("zh", "en"):
            if not getattr(level, name).strip():
                yield Fault(f"levels[{n}].{name}", "nothing", "what it is called", "name the level")
    yield from _rising(
        {name: [getattr(level, name) for level in levels] for name in ("minutes", "points")}
    )


def _benefits(rules: RuleSet) -> Iterator[Fault]:
    benefits = rules.benefits
    if len(benefits) > LONGEST:
        expected = f"at most {LONGEST}"
        yield Fault("benefits", f"{len(benefits)} benefits", expected, "shorten benefits")
        return
    ids = [one.id for one in benefits]
    for n, one in enumerate(benefits):
        place = f"benefits[{n}]"
        if not is_identifier(one.id) or one.id in ids[:n]:
            yield Fault(f"{place}.id", repr(one.id), "an id of its own", "rename it")
        yield from _benefit(place, one, len(rules.levels))


def _benefit(place: str, one: Benefit, levels: int) -> Iterator[Fault]:
    for name in ("zh", "en"):
        if not getattr(one, name).strip():
            yield Fault(f"{place}.{name}", "nothing", "what it is called", "name the benefit")
    for name, most in (("minutes", _MOST_POINTS), ("every", _MOST_POINTS), ("yuan", 10**7)):
        yield from _whole(f"{place}.{name}", getattr(one, name), 1, most)
    if one.level is None and one.minutes is None:
        yield Fault(f"{place}.minutes", "nothing", "a level or hours", "say what it takes")
    if one.level is not None and not 1 <= one.level <= levels:
        expected = f"the number of one of {levels} levels"
        yield Fault(f"{place}.level", str(one.level), expected, "change level")
    if one.minutes_per not in {"year", "lifetime"}:
        expected = "year or lifetime"
        yield Fault(f"{place}.minutes_per", one.minutes_per, expected, "change minutes_per")
    if one.every is not None and (one.minutes is None or one.minutes_per != "lifetime"):
        expected = "time of a lifetime, from which it is counted"
        yield Fault(f"{place}.every", str(one.every), expected, "change every")


def _rising(columns: Mapping[str, Sequence[int | None]]) -> Iterator[Fault]:
    for name, column in columns.items():
        known = [(n, least) for n, least in enumerate(column) if isinstance(least, int)]
        for (_, below), (n, least) in pairwise(known):
            if least < below:
                place, expected = f"levels[{n}].{name}", f"at least {below:,}, as one below"
                yield Fault(place, str(least), expected, "order levels from the lowest on")


def _together(rules: RuleSet) -> Iterator[Fault]:
    """Find ratios that are each possible and together too long for exact columns."""
    grades = (Fraction(1), *rules.grade_coefficient)
    kinds = (Fraction(1), *rules.category_coefficient.values())
    worths = [rules.rate_per_hour * one * other / 60 for one in grades for other in kinds]
    longest = max((max(worth.as_integer_ratio()) for worth in worths), default=0)
    if longest > MOST_RATIO:
        found = "ratios that together are too fine or too large"
        yield Fault("rate_per_hour", found, "rates and coefficients of few digits", "round them")
