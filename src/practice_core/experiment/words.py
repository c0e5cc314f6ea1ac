"""The decision in words: one paragraph, in both languages, claiming nothing that was not shown."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from practice_core.experiment.statistics import estimate
from practice_core.experiment.verdict import Kept, Status
from practice_core.terms import term, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from practice_core.experiment.decide import Decision
    from practice_core.experiment.tipping import Tipping
    from practice_core.simulation import Measure
    from practice_core.terms import Lang

__all__ = ["Sentence", "paragraph", "readable", "wording"]


class Sentence(enum.StrEnum):
    """The sentences of a decision; the words are in the vocabulary."""

    BETTER = "better"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"
    ALSO_BETTER = "also_better"
    ALSO_EQUIVALENT = "also_equivalent"
    ALSO_UNDECIDED = "also_undecided"
    GUARD_KEPT = "guard_kept"
    GUARD_BROKEN = "guard_broken"
    GUARD_UNCLEAR = "guard_unclear"
    SETTINGS = "settings"
    TIPS_BELOW = "tips_below"
    TIPS_ABOVE = "tips_above"
    TIPS_RANGE = "tips_range"
    TIPS_OPEN = "tips_open"
    TIPS_NOWHERE = "tips_nowhere"
    BOUND = "bound"
    BEYOND = "beyond"
    TRAVEL = "travel"
    UNCALIBRATED = "uncalibrated"
    FITTED = "fitted"


def paragraph(decision: Decision, lang: Lang = "en") -> tuple[str, ...]:
    """Say a decision in sentences: who, by how much, how sure, on what it hinges, what is possible.

    Parameters
    ----------
    decision
        From `decide`.
    lang
        Language.

    References
    ----------
    MODEL section 5, "Verdict wording", and section 4, "Honest wording".
    """
    return (
        *_headline(decision, lang),
        *_others(decision, lang),
        *_guardrails(decision, lang),
        *_hinges(decision, lang),
        *_bound(decision, lang),
        _calibration(decision, lang),
    )


def wording(decision: Decision, lang: Lang = "en") -> str:
    """Say a decision in one paragraph: its sentences, one after the other."""
    return ("" if lang == "zh" else " ").join(paragraph(decision, lang))


def _calibration(decision: Decision, lang: Lang) -> str:
    area, fitted = decision.comparison.area, _listed(decision.fitted, lang)
    said = Sentence.FITTED if decision.fitted else Sentence.UNCALIBRATED
    return term(said, lang).format(area=area, fitted=fitted)


def _headline(decision: Decision, lang: Lang) -> Iterator[str]:
    verdict = decision.verdict
    pair = verdict.headline
    said = {
        Status.BETTER: Sentence.BETTER,
        Status.EQUIVALENT: Sentence.EQUIVALENT,
        Status.UNDECIDED: Sentence.UNDECIDED,
    }[pair.status]
    found = pair.difference
    yield term(said, lang).format(
        best=pair.policy,
        other=pair.against,
        share=_percent(decision.comparison.mean(pair.policy, verdict.kpi).mean),
        points=_points(found.mean),
        low=_points(found.low),
        high=_points(found.high),
        delta=readable(100 * verdict.delta),
        needed="?" if pair.needed is None else pair.needed,
    )


def _others(decision: Decision, lang: Lang) -> Iterator[str]:
    verdict = decision.verdict
    for status, said in (
        (Status.BETTER, Sentence.ALSO_BETTER),
        (Status.EQUIVALENT, Sentence.ALSO_EQUIVALENT),
        (Status.UNDECIDED, Sentence.ALSO_UNDECIDED),
    ):
        others = [each for each in verdict.against_best(status) if each != verdict.against]
        if others:
            listed = _listed(
                [
                    f"{each} ({_points(verdict.pair(verdict.policy, each).difference.mean)})"
                    for each in others
                ],
                lang,
            )
            yield term(said, lang).format(
                best=verdict.policy, others=listed, delta=readable(100 * verdict.delta)
            )


def _guardrails(decision: Decision, lang: Lang) -> Iterator[str]:
    verdict = decision.verdict
    for status, said in (
        (Kept.BROKEN, Sentence.GUARD_BROKEN),
        (Kept.UNCLEAR, Sentence.GUARD_UNCLEAR),
        (Kept.KEPT, Sentence.GUARD_KEPT),
    ):
        names = [word("measure", g.kpi, lang) for g in verdict.guardrails if g.status is status]
        if names:
            yield term(said, lang).format(
                best=verdict.policy,
                other=verdict.against,
                measures=("；" if lang == "zh" else "; ").join(names),
            )


def _hinges(decision: Decision, lang: Lang) -> Iterator[str]:
    verdict = decision.verdict
    yield term(Sentence.SETTINGS, lang).format(
        best=verdict.policy,
        good=decision.sweep.good(verdict.policy),
        settings=len(decision.sweep.settings),
    )
    for tip in decision.tipping:
        yield _tip(tip, lang)
    if not decision.tipping and verdict.against_best(Status.BETTER):
        yield term(Sentence.TIPS_NOWHERE, lang)


def _tip(tip: Tipping, lang: Lang) -> str:
    """Say where a number tips the verdict."""
    if tip.low is None or tip.high is None:
        known = tip.low if tip.high is None else tip.high
        surely = term(Sentence.TIPS_OPEN, lang).format(
            end="?" if known is None else readable(known)
        )
    else:
        surely = term(Sentence.TIPS_RANGE, lang).format(
            low=readable(tip.low), high=readable(tip.high)
        )
    said = Sentence.TIPS_BELOW if tip.falls else Sentence.TIPS_ABOVE
    return term(said, lang).format(
        best=tip.policy,
        other=tip.against,
        input=tip.input,
        value=readable(tip.value),
        surely=surely,
        base=readable(tip.base, 6),
    )


def _bound(decision: Decision, lang: Lang) -> Iterator[str]:
    found = decision.reasons
    if found is None:
        return
    yield term(Sentence.BOUND, lang).format(
        best=decision.verdict.policy,
        bound=_percent(found.possible),
        share=_percent(found.served),
        points=_points(found.distance),
    )
    yield term(Sentence.BEYOND, lang).format(
        nobody=_percent(found.nobody),
        unwilling=_percent(found.unwilling),
        no_start=_percent(found.no_start),
        late=_percent(found.late),
        contested=_percent(found.contested),
    )
    least = _mean([each["km_per_served"] for each in decision.bound if "km_per_served" in each])
    series = decision.comparison.series(decision.verdict.policy, "km_per_served")
    driven = _mean(series[: len(decision.bound)])
    if least is not None and driven is not None:
        yield term(Sentence.TRAVEL, lang).format(
            best=decision.verdict.policy, driven=f"{driven:.1f}", least=f"{least:.1f}"
        )


def _mean(measures: Sequence[Measure]) -> float | None:
    return estimate([each.value for each in measures]).mean


def _listed(names: Sequence[str], lang: Lang) -> str:
    return ("、" if lang == "zh" else ", ").join(names)


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{100 * share:.1f}"


def _points(share: float | None) -> str:
    return "?" if share is None else f"{100 * share:z.2f}"


def readable(number: float, digits: int = 3) -> str:
    """Give a number to so many digits, as a person writes it: without an exponent.

    Examples
    --------
    >>> readable(3_692.4), readable(13_872.0, 6), readable(0.03764)
    ('3,690', '13,872', '0.0376')
    """
    return f"{float(f'{number:.{digits}g}'):,.15g}"
