"""A fit as a person reads it: tables, and what would make it surer."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from practice_core.experiment.table import Table
from practice_core.terms import term, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.experiment.fit import Fit
    from practice_core.terms import Lang

__all__ = ["Estimated", "fit_notes", "fit_tables"]


class Estimated(enum.StrEnum):
    """What is said around the figures of a fit; the words are in the vocabulary."""

    PARAMETERS = "parameters"
    PARAMETER = "parameter"
    ESTIMATE = "estimate"
    STANDARD_ERROR = "standard_error"
    INTERVAL = "interval"
    NOTE = "note"
    CALIBRATION = "calibration"
    TENTH = "tenth"
    OFFERS = "offers"
    PREDICTED = "predicted"
    OBSERVED = "observed"
    ADVICE = "advice"
    RANDOMISED = "randomised"
    NO_ADVICE = "no_advice"
    NOT_A_CAUSE = "not_a_cause"
    KEPT = "kept"


def fit_tables(fit: Fit, lang: Lang = "en") -> tuple[Table, ...]:
    """Lay out the estimates, and what was predicted beside what was observed."""
    heads = (
        Estimated.PARAMETER,
        Estimated.ESTIMATE,
        Estimated.STANDARD_ERROR,
        Estimated.INTERVAL,
        Estimated.NOTE,
    )
    rows = tuple(
        (
            word("parameter", name, lang),
            _figure(found.estimate),
            _figure(found.standard_error),
            f"[{_figure(found.low)}, {_figure(found.high)}]",
            found.reason or "",
        )
        for name, found in fit.parameters.items()
    )
    caption = term(Estimated.PARAMETERS, lang).format(
        offers=fit.offers, orders=fit.orders, teams=fit.teams
    )
    parameters = Table(caption, tuple(term(head, lang) for head in heads), rows)
    tenths = tuple(
        (
            str(n),
            str(tenth["offers"]),
            f"{tenth['predicted']:.3f}",
            f"{tenth['observed']:.3f}",
        )
        for n, tenth in enumerate(fit.goodness["calibration"], 1)
    )
    columns = (Estimated.TENTH, Estimated.OFFERS, Estimated.PREDICTED, Estimated.OBSERVED)
    caption = term(Estimated.CALIBRATION, lang)
    return parameters, Table(caption, tuple(term(head, lang) for head in columns), tenths)


def fit_notes(fit: Fit, lang: Lang = "en") -> Iterator[str]:
    """Say how many offers would make kd sure, and what the estimates do not show."""
    advice = fit.advice
    if "reason" in advice:
        yield term(Estimated.NO_ADVICE, lang).format(reason=advice["reason"])
    else:
        yield term(Estimated.ADVICE, lang).format(
            now=_figure(advice["half_width_now"]),
            wanted=_figure(advice["half_width"]),
            offers=advice["offers_like_these"],
        )
        if advice["randomised_km"] == "as given":
            yield term(Estimated.RANDOMISED, lang).format(
                offers=advice["randomised_offers"], spread=_figure(advice["randomised_km_sd"])
            )
    yield term(Estimated.NOT_A_CAUSE, lang)


def _figure(number: float | None) -> str:
    return "-" if number is None else f"{number:.3g}"
