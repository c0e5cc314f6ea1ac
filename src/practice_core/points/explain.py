"""An award in words: a sentence for each line, in Chinese or English."""

from __future__ import annotations

import enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from practice_core.points.earning import AwardReason, OccasionRecord
from practice_core.points.rules import Period
from practice_core.terms import term

if TYPE_CHECKING:
    from practice_core.points.earning import Award, Line
    from practice_core.points.rules import RuleSet
    from practice_core.terms import Lang
    from practice_core.volunteers import ServiceRecord

__all__ = ["AwardClause", "explain", "ratio_text"]


class AwardClause(enum.StrEnum):
    """What is said of an award: why, for each reason; what a line does; what all lines come to."""

    NO_RULES = "no_rules"
    SERVICE_TIME = "service_time"
    ROLE_TIME = "role_time"
    COMPLAINT = "complaint"
    LATE_CLAIM = "late_claim"
    ACTIVITY_TIME = "activity_time"
    DAY_TIME = "day_time"
    QUANTUM = "quantum"
    CATEGORY = "category"
    GRADE = "grade"
    SERVICE = "service"
    ROLE = "role"
    OCCASION = "occasion"
    OCCASION_CAP = "occasion_cap"
    RECEIVED = "received"
    NO_SHOW = "no_show"
    DAY_CAP = "day_cap"
    YEAR_CAP = "year_cap"
    STORAGE_CAP = "storage_cap"
    LINE = "line"
    TIMELESS = "timeless"
    TOTAL = "total"
    UNTIMED = "untimed"
    """Of service time where an hour earns nothing."""


def explain(
    rules: RuleSet | None,
    record: ServiceRecord | OccasionRecord,
    given: Award,
    lang: Lang = "en",
) -> tuple[str, ...]:
    """Say why an award is what it is: a sentence for each line, and one for what they come to.

    Parameters
    ----------
    rules
        By which it was given; None: no version was in force.
    record
        For which.
    given
        The award.
    lang
        Language.

    Examples
    --------
    >>> from practice_core.points import RuleSet, award
    >>> from practice_core.units import OrderId, VolunteerId
    >>> from practice_core.volunteers import ServiceRecord
    >>> rules = RuleSet(
    ...     id="demo",
    ...     version=1,
    ...     effective=0,
    ...     rate_per_hour=10,
    ...     max_minutes_per_activity=120,
    ...     source="assumed: demo",
    ... )
    >>> record = ServiceRecord(VolunteerId("v-1"), OrderId("o-1"), at=0, minutes=150)
    >>> for line in explain(rules, record, award(rules, record)):
    ...     print(line)
    Service of 150 min, at 10 an hour: time +150 min, points +25
    Of one activity at most 120 min count: time -30 min, points -5
    In all: 120 min that count, points 20 (demo, version 1)
    """
    said = [_line(rules, record, line, lang) for line in given.lines]
    if rules is not None:
        total = term(AwardClause.TOTAL, lang)
        figures = {"minutes": given.minutes, "points": given.points}
        said.append(total.format(**figures, rules=rules.id, version=rules.version))
    return tuple(said)


def ratio_text(ratio: Fraction) -> str:
    """Give an exact ratio as a decimal number if it is one of few digits, else as a fraction.

    >>> ratio_text(Fraction(51, 5)), ratio_text(Fraction(10)), ratio_text(Fraction(1, 3))
    ('10.2', '10', '1/3')
    """
    decimal = f"{float(ratio):.9g}"
    return decimal if Fraction(decimal) == ratio else str(ratio)


def _line(
    rules: RuleSet | None, record: ServiceRecord | OccasionRecord, line: Line, lang: Lang
) -> str:
    clause = term(AwardClause(line.reason), lang)
    if rules is None:
        return clause
    if line.reason is AwardReason.SERVICE_TIME and not rules.rate_per_hour:
        clause = term(AwardClause.UNTIMED, lang)
    why = clause.format(**_figures(rules, record, line, lang))
    form = AwardClause.LINE if line.minutes else AwardClause.TIMELESS
    return term(form, lang).format(why=why, minutes=f"{line.minutes:+}", points=f"{line.points:+}")


def _figures(
    rules: RuleSet, record: ServiceRecord | OccasionRecord, line: Line, lang: Lang
) -> dict[str, Any]:
    """Give what the clause of a line may speak of."""
    if isinstance(record, OccasionRecord):
        event = rules.events.get(record.occasion)
        period = Period.LIFETIME if event is None else event.per
        return {
            "occasion": term(record.occasion, lang),
            "count": record.count,
            "most": event and event.most,
            "period": term(period, lang),
        }
    most = {
        AwardReason.ACTIVITY_TIME: rules.max_minutes_per_activity,
        AwardReason.DAY_TIME: rules.max_minutes_per_day,
        AwardReason.DAY_CAP: rules.max_points_per_day,
        AwardReason.YEAR_CAP: rules.max_points_per_year,
        AwardReason.STORAGE_CAP: rules.storage_cap,
    }
    grades = (Fraction(1), *rules.grade_coefficient)
    found = {
        "minutes": record.minutes,
        "rate": ratio_text(rules.rate_per_hour),
        "quantum": rules.quantum,
        "days": rules.claim_window_days,
        "most": most.get(line.reason),
        "grade": record.grade,
        "role": record.role and term(record.role, lang),
        "category": record.category and term(record.category, lang),
    }
    if line.reason is AwardReason.CATEGORY and record.category is not None:
        found["coefficient"] = ratio_text(rules.category_coefficient[record.category])
    if line.reason is AwardReason.GRADE:
        found["coefficient"] = ratio_text(grades[record.grade or 0])
    return found
