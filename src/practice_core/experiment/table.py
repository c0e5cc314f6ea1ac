"""A comparison as a person reads it: tables and the words that must stand beside them."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING

import attrs

from practice_core.experiment.verdict import PRIMARY
from practice_core.experiment.words import readable
from practice_core.terms import term, word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from practice_core.experiment.compare import Comparison
    from practice_core.experiment.decide import Decision
    from practice_core.experiment.statistics import Estimate
    from practice_core.terms import Lang

__all__ = [
    "Phrase",
    "Table",
    "caveats",
    "decision_tables",
    "footnotes",
    "groups",
    "markdown",
    "tables",
    "title",
]


class Phrase(enum.StrEnum):
    """What is said around the figures of a comparison; the words are in the vocabulary."""

    TITLE = "title"
    CONDITIONAL = "conditional"
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
    REPLICATIONS = "replications"
    VERDICTS = "verdicts"
    PAIR = "pair"
    DIFFERENCE = "difference"
    INTERVAL = "interval"
    VERDICT = "verdict"
    NEEDED = "needed"
    REMOVED = "removed"
    GUARDRAILS = "guardrails"
    ALLOWED = "allowed"
    SETTINGS = "settings"
    POLICY = "policy"
    GOOD = "good"
    TIPPING = "tipping"
    INPUT = "input"
    ASSUMED = "assumed"
    TIPS_AT = "tips_at"
    GROUPS = "groups"
    GROUP = "group"


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
    counts = sorted({len(series) for series in comparison.measures.values()})
    return term(Phrase.TITLE, lang).format(
        area=comparison.area,
        weeks=comparison.weeks,
        replications="-".join(map(str, {counts[0]: None, counts[-1]: None})),
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


def groups(comparison: Comparison, lang: Lang = "en") -> tuple[Table, ...]:
    """Lay out the primary measure by part of the cohort; nothing if it was not counted by part."""
    if not comparison.groups:
        return ()
    parts = comparison.groups[comparison.policies[0]][0]
    rows = tuple(
        _row(
            word("group", group, lang),
            [comparison.group_mean(p, dimension, group, PRIMARY) for p in comparison.policies],
        )
        for dimension, found in parts.items()
        for group in found
    )
    columns = (term(Phrase.GROUP, lang), *comparison.policies)
    return (Table(term(Phrase.GROUPS, lang), columns, rows),)


def decision_tables(decision: Decision, lang: Lang = "en") -> tuple[Table, ...]:
    """Lay out a decision: verdicts, guardrails, settings and tipping values; then all figures."""
    found = [_verdicts(decision, lang), _guardrails(decision, lang), _settings(decision, lang)]
    if decision.tipping:
        found.append(_tipping(decision, lang))
    comparison = decision.comparison
    return (*found, *groups(comparison, lang), *tables(comparison, lang))


def _verdicts(decision: Decision, lang: Lang) -> Table:
    rows = tuple(
        (
            f"{pair.policy} - {pair.against}",
            _figure(pair.difference.mean, "+z.4f"),
            f"[{_figure(pair.difference.low, '+z.4f')}, {_figure(pair.difference.high, '+z.4f')}]",
            str(pair.difference.used),
            term(pair.status, lang),
            "-" if pair.needed is None else str(pair.needed),
            _figure(pair.variance_removed, "z.2f"),
        )
        for pair in decision.verdict.pairs
    )
    heads = (
        Phrase.PAIR,
        Phrase.DIFFERENCE,
        Phrase.INTERVAL,
        Phrase.REPLICATIONS,
        Phrase.VERDICT,
        Phrase.NEEDED,
        Phrase.REMOVED,
    )
    caption = term(Phrase.VERDICTS, lang).format(delta=decision.verdict.delta)
    return Table(caption, tuple(term(head, lang) for head in heads), rows)


def _guardrails(decision: Decision, lang: Lang) -> Table:
    verdict = decision.verdict
    rows = tuple(
        (
            word("measure", rail.kpi, lang),
            _figure(rail.difference.mean, "+z.3f"),
            f"[{_figure(rail.difference.low, '+z.3f')}, {_figure(rail.difference.high, '+z.3f')}]",
            f"{rail.delta:g}",
            term(rail.status, lang),
        )
        for rail in verdict.guardrails
    )
    heads = (Phrase.MEASURE, Phrase.DIFFERENCE, Phrase.INTERVAL, Phrase.ALLOWED, Phrase.VERDICT)
    caption = term(Phrase.GUARDRAILS, lang).format(best=verdict.policy, other=verdict.against)
    return Table(caption, tuple(term(head, lang) for head in heads), rows)


def _settings(decision: Decision, lang: Lang) -> Table:
    swept = decision.sweep
    rows = tuple((label, f"{swept.good(label)} / {len(swept.settings)}") for label in swept.means)
    columns = (term(Phrase.POLICY, lang), term(Phrase.GOOD, lang))
    return Table(term(Phrase.SETTINGS, lang), columns, rows)


def _tipping(decision: Decision, lang: Lang) -> Table:
    rows = tuple(
        (
            f"{tip.input}: {tip.policy} - {tip.against}",
            readable(tip.base, 6),
            readable(tip.value),
            f"[{_end(tip.low)}, {_end(tip.high)}]",
        )
        for tip in decision.tipping
    )
    heads = (Phrase.INPUT, Phrase.ASSUMED, Phrase.TIPS_AT, Phrase.INTERVAL)
    return Table(term(Phrase.TIPPING, lang), tuple(term(head, lang) for head in heads), rows)


def _end(number: float | None) -> str:
    return "-" if number is None else readable(number)


def _figure(number: float | None, form: str) -> str:
    return "-" if number is None else f"{number:{form}}"


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
