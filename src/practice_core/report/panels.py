"""What stands beside each chart: a sentence that says what it shows, and its figures as a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from practice_core.experiment import PRIMARY, readable
from practice_core.report.figures import bound_of, pictures, ranked
from practice_core.report.words import (
    Alternative,
    Both,
    Label,
    PartOfDay,
    Picture,
    Weekday,
    both,
    each,
    known,
    policy_name,
    same,
)
from practice_core.simulation import GROUPS, Dimension
from practice_core.volunteers import BLOCKS_A_DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from practice_core.report.result import Estimated, Result, SiteFigures

__all__ = ["Panel", "Sheet", "figure", "interval", "panels", "share"]

_LARGE = 10
"""From here on a figure has one decimal, not three."""

_FIGURE = re.compile(r"[-+\[\], .0-9e±%]*")
"""Digits, and what may stand around them."""


@attrs.frozen
class Sheet:
    """Texts in rows and columns; the first column names the row.

    Parameters
    ----------
    caption
        What the figures are.
    columns
        Headings, as many as each row has cells.
    rows
        Cells.
    """

    caption: Both
    columns: tuple[Both, ...]
    rows: tuple[tuple[Both, ...], ...]

    def is_figure(self, column: int) -> bool:
        """Whether all cells of a column are figures, to be set flush right."""
        return column > 0 and all(_FIGURE.fullmatch(row[column].en) for row in self.rows)


@attrs.frozen
class Panel:
    """A chart's words.

    Parameters
    ----------
    picture
        Which chart.
    title, said
        Its title, and what it shows in a sentence.
    sheet
        Its figures.
    empty
        Whether there is nothing to show: then everybody must read the sentence.
    """

    picture: Picture
    title: Both
    said: Both
    sheet: Sheet
    empty: bool


def panels(result: Result) -> dict[Picture, Panel]:
    """Give the words of every chart of a result."""
    make: Mapping[Picture, Callable[[Result], tuple[Both | None, _Rows]]] = {
        Picture.TIPPING: _tipping,
        Picture.SETTINGS: _settings,
        Picture.HOURS: _hours,
        Picture.BLOCKS: _blocks,
        Picture.CATEGORIES: _categories,
        Picture.QUARTERS: _quarters,
        Picture.GINI: _gini,
        Picture.POINTS: _points,
    }
    found = {}
    for picture in pictures(result):
        if picture in make:
            said, rows = make[picture](result)
        elif picture.value.startswith("map_"):
            said, rows = _map(result)
        else:
            said, rows = _intervals(result, picture.value)
        columns, *cells = rows
        title = both(picture)
        empty = said is None
        said = both(Alternative.NOTHING, picture=title) if said is None else said
        found[picture] = Panel(picture, title, said, Sheet(title, columns, tuple(cells)), empty)
    return found


_Rows = list[tuple[Both, ...]]


def figure(number: float | None, form: str = ".3f") -> Both:
    """Give a figure as text; a dash if there is none."""
    return same("-" if number is None else f"{number:{form}}")


def share(number: float | None) -> Both:
    """Give a share in percent; a dash if there is none."""
    return figure(None if number is None else 100 * number, ".1f")


def _heads(*labels: Label) -> tuple[Both, ...]:
    return tuple(both(label) for label in labels)


def _intervals(result: Result, kpi: str) -> tuple[Both | None, _Rows]:
    digits = ".1f" if kpi == Picture.SERVICE_RM else ".4f"
    rows = [_heads(Label.POLICY, Label.MEAN, Label.LOW, Label.HIGH)]
    means = []
    for label in ranked(result):
        found = result.mean(label, kpi)
        half = found.half_width
        known_both = found.mean is not None and half is not None
        low = found.mean - half if known_both else None  # type: ignore[operator] # known_both
        high = found.mean + half if known_both else None  # type: ignore[operator] # known_both
        ends = (figure(low, digits), figure(high, digits))
        rows.append((policy_name(label), figure(found.mean, digits), *ends))
        if found.mean is not None:
            means.append((found.mean, label))
    bound = bound_of(result, kpi)
    if bound is not None:
        rows.append((both(Label.BOUND), figure(bound, digits), figure(None), figure(None)))
    if not means:
        return None, rows
    (least, lowest), (most, highest) = min(means), max(means)
    said = both(
        Alternative.INTERVALS if bound is None else Alternative.BOUNDED,
        measure=known("measure", kpi),
        most=figure(most, digits),
        highest=policy_name(highest),
        least=figure(least, digits),
        lowest=policy_name(lowest),
        **({} if bound is None else {"bound": figure(bound, digits)}),
    )
    return said, rows


def _settings(result: Result) -> tuple[Both, _Rows]:
    settings = result.settings or {}
    rows = [_heads(Label.POLICY, Label.GOOD, Label.OF)]
    by_count = sorted(settings.items(), key=lambda pair: -pair[1].best_or_equivalent)
    for label, good in by_count:
        rows.append((policy_name(label), same(good.best_or_equivalent), same(good.of)))
    listed = _listed(
        (policy_name(label), f"{good.best_or_equivalent} / {good.of}") for label, good in by_count
    )
    return both(Alternative.SETTINGS, listed=listed), rows


def _tipping(result: Result) -> tuple[Both, _Rows]:
    tips = result.tipping or ()
    rows = [
        _heads(
            Label.INPUT,
            Label.PAIR,
            Label.BASE,
            Label.TIPS_AT,
            Label.SURE,
            Label.LEAST,
            Label.MOST,
        )
    ]
    for tip in tips:
        low, high = ("-" if end is None else readable(end) for end in (tip.low, tip.high))
        said = (readable(tip.base, 6), readable(tip.value), f"[{low}, {high}]")
        figures = [same(one) for one in said]
        ends = (same(readable(tip.least, 6)), same(readable(tip.most, 6)))
        rows.append((same(tip.input), same(" - ".join(tip.between)), *figures, *ends))
    listed = _listed((same(tip.input), readable(tip.value)) for tip in tips)
    return both(Alternative.TIPPING, listed=listed), rows


def _map(result: Result) -> tuple[Both, _Rows]:
    rows = [
        _heads(
            Label.SITE,
            Label.LEVEL,
            Label.TEAMS,
            Label.ORDERS,
            Label.SERVED,
            Label.SHARE,
            Label.WAIT,
            Label.JOBS,
            Label.LOAD,
        )
    ]
    rows += [_site(site) for site in result.portrait.sites if site.orders or site.teams]
    said = both(
        Alternative.MAP,
        area=each(result.name),
        sites=len(result.portrait.sites),
        asking=sum(site.orders > 0 for site in result.portrait.sites),
    )
    return said, rows


def _site(site: SiteFigures) -> tuple[Both, ...]:
    counts = (site.teams, site.orders, site.served)
    return (
        same(site.name),
        both(site.level),
        *map(same, counts),
        share(site.share),
        figure(site.wait_hours, ".1f"),
        same(site.jobs),
        share(site.load),
    )


def _hours(result: Result) -> tuple[Both | None, _Rows]:
    days = tuple(both(day) for day in Weekday)
    rows = [(both(Label.HOUR), *days)]
    counts = result.portrait.hours
    for hour in range(24):
        cells = (same(counts[24 * day + hour]) for day in range(len(days)))
        rows.append((same(f"{hour:02d}:00"), *cells))
    by_day = [sum(counts[24 * day : 24 * (day + 1)]) for day in range(len(days))]
    busiest = max(range(len(days)), key=lambda day: by_day[day])
    total, most = sum(counts), by_day[busiest]
    if not total:
        return None, rows
    return both(Alternative.HOURS, total=total, day=days[busiest], most=most), rows


def _blocks(result: Result) -> tuple[Both | None, _Rows]:
    days = tuple(both(day) for day in Weekday)
    rows = [(both(Label.BLOCK), *days)]
    counts = result.portrait.blocks
    for place, part in enumerate(PartOfDay):
        cells = (same(counts[BLOCKS_A_DAY * day + place]) for day in range(len(days)))
        rows.append((both(part), *cells))
    late = sum(counts[BLOCKS_A_DAY - 1 :: BLOCKS_A_DAY])
    weekend = sum(counts[-2 * BLOCKS_A_DAY :])
    total = sum(counts)
    if not total:
        return None, rows
    return both(Alternative.BLOCKS, total=total, evening=late, weekend=weekend), rows


def _categories(result: Result) -> tuple[Both | None, _Rows]:
    labels = (Label.CATEGORY, Label.TEAMS, Label.ORDERS, Label.SERVED, Label.SHARE, Label.NOBODY)
    rows = [_heads(*labels)]
    asked = [row for row in result.portrait.categories if row.orders]
    asked.sort(key=lambda row: row.served / row.orders)
    for row in asked:
        counts = map(same, (row.teams, row.orders, row.served))
        part = share(row.served / row.orders)
        rows.append((both(row.category), *counts, part, same(row.nobody)))
    listed = _listed(
        (both(row.category), f"{100 * row.served / row.orders:.0f} %") for row in asked[:3]
    )
    return both(Alternative.CATEGORIES, listed=listed) if asked else None, rows


def _quarters(result: Result) -> tuple[Both | None, _Rows]:
    groups = [group.value for group in GROUPS[Dimension.DISTANCE]]
    rows = [(both(Label.POLICY), *(known("group", group) for group in groups))]
    told = []
    for label in ranked(result):
        parts = result.groups.get(label, {}).get(Dimension.DISTANCE.value, {})
        means = [parts.get(group, {}).get(PRIMARY) for group in groups]
        rows.append((policy_name(label), *map(interval, means)))
        near, far = (None if m is None else m.mean for m in (means[0], means[-1]))
        if near is not None or far is not None:
            told.append((policy_name(label), f"{share(near).en} % / {share(far).en} %"))
    return both(Alternative.QUARTERS, listed=_listed(told)) if told else None, rows


def _gini(result: Result) -> tuple[Both | None, _Rows]:
    rows = [_heads(Label.POLICY, Label.GINI, Label.POISSON)]
    told = []
    for label in ranked(result):
        gini, chance = (result.mean(label, kpi) for kpi in ("load_gini", "load_gini_poisson"))
        rows.append((policy_name(label), interval(gini), interval(chance)))
        if gini.mean is not None or chance.mean is not None:
            told.append((policy_name(label), f"{figure(gini.mean).en} / {figure(chance.mean).en}"))
    return both(Alternative.GINI, listed=_listed(told)) if told else None, rows


def _points(result: Result) -> tuple[Both | None, _Rows]:
    by_week = result.portrait.points.by_week
    rows = [_heads(Label.WEEK, Label.POINTS)]
    rows += [(same(n), figure(points, ",")) for n, points in enumerate(by_week, start=1)]
    if not any(by_week):
        return None, rows
    said = both(
        Alternative.POINTS,
        weeks=len(by_week),
        least=f"{min(by_week):,}",
        most=f"{max(by_week):,}",
    )
    return said, rows


def interval(found: Estimated | None) -> Both:
    """Give a mean and the half-width of its interval; a dash if there is none."""
    if found is None or found.mean is None:
        return same("-")
    digits = ".1f" if abs(found.mean) >= _LARGE else ".3f"
    half = "" if found.half_width is None else f" ± {found.half_width:{digits}}"
    return same(f"{found.mean:{digits}}{half}")


def _listed(told: Iterable[tuple[Both, str]]) -> Both:
    """Give names with a figure each, as a list in a sentence."""
    pairs = list(told)
    return Both(
        "; ".join(f"{name.en} {said}" for name, said in pairs),
        "；".join(f"{name.zh} {said}" for name, said in pairs),
    )
