"""A comparison as a person reads it: tables and the words that must stand beside them."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING

import attrs

from practice_core.terms import term, word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from practice_core.experiment.compare import Comparison
    from practice_core.experiment.statistics import Estimate
    from practice_core.terms import Lang

__all__ = ["PRIMARY", "Phrase", "Table", "caveats", "footnotes", "markdown", "tables", "title"]

PRIMARY = "served_share"
"""The one measure to judge by: settled beforehand, lest the best of many be picked."""


class Phrase(enum.StrEnum):
    """What is said around the figures of a comparison; the words are in the vocabulary."""

    TITLE = "title"
    MEASURE = "measure"
    MEANS = "means"
    DIFFERENCES = "differences"
    PREVIEW = "preview"
    UNCALIBRATED = "uncalibrated"
    HINGE = "hinge"
    PRIMARY = "primary"
    LEFT_OUT = "left_out"
    MISSING = "missing"
    KEPT = "kept"


@attrs.frozen
class Table:
    """Text in rows and columns; the first column names the row.

    Parameters
    ----------
    caption
        What the figures are.
    columns
        Headings, as many as each row has cells.
    rows
        Cells, ready to read.
    lead
        How many rows, from the top, are to stand out.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lead: int = 0


def title(comparison: Comparison, lang: Lang = "en") -> str:
    """Say what was compared: area, weeks, replications, seed."""
    return term(Phrase.TITLE, lang).format(
        area=comparison.area,
        weeks=comparison.weeks,
        replications=comparison.replications,
        seed=comparison.seed,
    )


def caveats(lang: Lang = "en") -> tuple[str, ...]:
    """Say what must not be concluded; never shown apart from the figures."""
    said = (Phrase.PREVIEW, Phrase.UNCALIBRATED, Phrase.HINGE, Phrase.PRIMARY)
    return tuple(term(phrase, lang) for phrase in said)


def footnotes(comparison: Comparison, lang: Lang = "en") -> tuple[str, ...]:
    """Say what the star and the dash in the tables mean, if they are there."""
    found = [
        comparison.mean(label, kpi) for label in comparison.policies for kpi in comparison.kpis
    ]
    said = []
    if any(one.left_out and one.used for one in found):
        said.append(Phrase.LEFT_OUT)
    if any(not one.used for one in found):
        said.append(Phrase.MISSING)
    return tuple(term(phrase, lang) for phrase in said)


def tables(comparison: Comparison, lang: Lang = "en") -> tuple[Table, ...]:
    """Lay out the means and, if there is something to compare, the paired differences.

    One row a measure, the primary one first; one column a policy. A row is rounded to two digits of
    its widest interval, else to three decimals. A star marks a figure of some replications only, a
    dash one of none.
    """
    measure = term(Phrase.MEASURE, lang)
    kpis = sorted(comparison.kpis, key=lambda kpi: kpi != PRIMARY)
    lead = int(PRIMARY in kpis)
    means = Table(
        term(Phrase.MEANS, lang),
        (measure, *comparison.policies),
        tuple(
            _row(
                word("measure", kpi, lang),
                [comparison.mean(p, kpi) for p in comparison.policies],
            )
            for kpi in kpis
        ),
        lead,
    )
    if not comparison.challengers:
        return (means,)
    differences = Table(
        term(Phrase.DIFFERENCES, lang).format(baseline=comparison.baseline),
        (measure, *comparison.challengers),
        tuple(
            _row(
                word("measure", kpi, lang),
                [comparison.difference(p, kpi) for p in comparison.challengers],
                sign="+",
                most=5,
            )
            for kpi in kpis
        ),
        lead,
    )
    return means, differences


def markdown(comparison: Comparison, lang: Lang = "en") -> str:
    """Write the title, the caveats, the tables and their footnotes as Markdown."""
    parts = [f"# {title(comparison, lang)}", *caveats(lang)]
    for table in tables(comparison, lang):
        head = [_line(table.columns), _line(["---", *["---:"] * (len(table.columns) - 1)])]
        leading = [_line(f"**{cell}**" for cell in row) for row in table.rows[: table.lead]]
        rest = [_line(row) for row in table.rows[table.lead :]]
        parts += [table.caption, "\n".join([*head, *leading, *rest])]
    return "\n\n".join([*parts, *footnotes(comparison, lang)]) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(name: str, estimates: list[Estimate], sign: str = "-", most: int = 4) -> tuple[str, ...]:
    widest = max((one.half_width or 0.0 for one in estimates), default=0.0)
    decimals = min(most, max(0, 1 - math.floor(math.log10(widest)))) if widest else 3
    return (name, *(_cell(one, sign, f"z.{decimals}f") for one in estimates))


def _cell(found: Estimate, sign: str, form: str) -> str:
    if found.mean is None:
        return "-"
    width = "" if found.half_width is None else f" ± {found.half_width:{form}}"
    return f"{found.mean:{sign}{form}}{width}{'*' if found.left_out else ''}"
