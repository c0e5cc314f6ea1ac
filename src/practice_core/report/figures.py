"""The charts of a result, for the page and as files.

Names come from outside, so they are only ever values of the data: never a field, never part of an
expression, never a link.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Literal

import altair as alt

from practice_core.experiment import PRIMARY, readable
from practice_core.hierarchy import Level
from practice_core.report.result import BLOCKS, HOURS
from practice_core.report.words import Label, PartOfDay, Picture, Weekday, known, policy_name
from practice_core.simulation import GROUPS, Dimension
from practice_core.terms import term
from practice_core.volunteers import BLOCKS_A_DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from practice_core.report.result import Estimated, Result
    from practice_core.terms import Lang

__all__ = ["ASPECT", "charts", "name_on_map", "pictures", "places"]

Chart = alt.Chart | alt.LayerChart
Rows = list[dict[str, Any]]

INK, SOFT, PAPER, LAND = "#1f2528", "#5b6368", "#ffffff", "#f1eee5"
BEST, OTHER, MARK = "#00597a", "#6d7579", "#b3440b"
# Okabe and Ito, "Color universal design", 2008; the yellow, faint on white, left out.
HUES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#56b4e9", "#e69f00"]
SHAPES = ["circle", "square", "diamond", "triangle-up", "cross", "triangle-down"]
"""One fewer than hues: only after 42 policies does a pair of both come again."""
LIGHT_TO_DARK = ["#9ccbd8", "#3f8fb0", "#0b4a6b"]
STAR = (
    "M0,-1L0.29,-0.4L0.95,-0.31L0.48,0.15L0.59,0.81"
    "L0,0.5L-0.59,0.81L-0.48,0.15L-0.95,-0.31L-0.29,-0.4Z"
)
LOOK = {
    Level.CENTER: (STAR, 420),
    Level.INSTITUTE: ("square", 150),
    Level.STATION: ("circle", 46),
    Level.SPOT: ("triangle-up", 14),
}
"""Shape and size of a site on the map."""
FONT = "system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
WIDTH, STEP = 640, 34
_UNITS = "length(replace(datum.label,regexp('[\\u2e80-\\uffff]','g'),'__'))"
_LINE = f"({_UNITS} > 1.3 * length(datum.label) ? 14 : 26)"
WRAPPED = (
    f"{_UNITS} <= 27 ? datum.label : [slice(datum.label, 0, {_LINE}), "
    f"(length(datum.label) > 2 * {_LINE} ? '\u2026' : '') + "
    f"slice(datum.label, max({_LINE}, length(datum.label) - {_LINE} + 1))]"
)
"""A long name in two lines, shortened in its middle; a Chinese sign is as wide as two letters."""
PLACES, RINGS = "places", "rings"
"""Data that all maps share, by name."""
ASPECT = "ratio"
"""Where a chart says how high it is beside its width, if that matters."""
SURE = "isValid(datum.low)"
"""Rows with an interval."""
DEGREE_KM = 111.2
_SCALES_KM = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_FARTHEST = 9 / 10


def pictures(result: Result) -> tuple[Picture, ...]:
    """Name the charts that a result has, in the order of the page."""
    decided = [Picture.TIPPING] if result.tipping else []
    decided += [Picture.SETTINGS] if result.settings else []
    return (*decided, *list(Picture)[2:])


def charts(result: Result, lang: Lang = "en") -> dict[Picture, dict[str, Any]]:
    """Draw a result: Vega-Lite by picture, each with its data in it.

    Parameters
    ----------
    result
        From `read_result`.
    lang
        Of titles, axes and legends.
    """
    draw: dict[Picture, Callable[[Result, Lang], Chart]] = {
        Picture.TIPPING: _tipping,
        Picture.SETTINGS: _settings,
        Picture.MAP_SHARE: _map_share,
        Picture.MAP_WAIT: _map_wait,
        Picture.MAP_LOAD: _map_load,
        Picture.HOURS: _hours,
        Picture.BLOCKS: _blocks,
        Picture.CATEGORIES: _categories,
        Picture.QUARTERS: _quarters,
        Picture.GINI: _gini,
        Picture.POINTS: _points,
    }
    found = {}
    for picture in pictures(result):
        if picture in draw:
            chart = draw[picture](result, lang)
        else:
            chart = _intervals(result, picture, lang)
        found[picture] = _finished(chart, picture, lang).to_dict()
    large = {PLACES: places(result), RINGS: _rings(result)}
    for picture in (Picture.MAP_SHARE, Picture.MAP_WAIT, Picture.MAP_LOAD):
        found[picture]["datasets"] |= large
    return found


def _finished(chart: Chart, picture: Picture, lang: Lang) -> Chart:
    finished: Chart = (
        chart.properties(
            width=WIDTH,
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
            background=PAPER,
            description=term(picture, lang),
            padding=2,
        )
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=SOFT,
            titleFontWeight="normal",
            labelFontSize=12,
            titleFontSize=12,
            gridColor="#e6e2d8",
            domainColor="#a9aeb1",
            tickColor="#a9aeb1",
            labelLimit=190,
            titlePadding=8,
        )
        .configure_scale(invalid={"fill": {"value": PAPER}})
        .configure_legend(
            orient="bottom",
            labelColor=INK,
            titleColor=SOFT,
            titleFontWeight="normal",
            labelFontSize=12,
            titleFontSize=12,
            labelLimit=160,
            columns=3,
            symbolSize=90,
        )
    )
    return finished


# ---------------------------------------------------------------------------- policies


def ranked(result: Result) -> tuple[str, ...]:
    """Give the policies, that with the highest mean of the primary measure first.

    Those without a mean come last.
    """
    means = {label: result.mean(label, PRIMARY).mean for label in result.policies}

    def place(label: str) -> tuple[bool, float]:
        mean = means[label]
        return mean is None, 0.0 if mean is None else -mean

    return tuple(sorted(means, key=place))


def _ends(found: Estimated) -> dict[str, Any]:
    """Give the ends of an interval, to draw and to tell; nothing where there is none."""
    if found.mean is None or found.half_width is None:
        return {"low": None, "high": None, "low_said": "-", "high_said": "-"}
    low, high = found.mean - found.half_width, found.mean + found.half_width
    return {"low": low, "high": high, "low_said": f"{low:.4g}", "high_said": f"{high:.4g}"}


def _domain(rows: Rows, bound: float | None, most: float) -> list[float]:
    """Give the span of means, bound and, as far as they are between 0 and `most`, intervals."""
    found = [row["mean"] for row in rows] + ([] if bound is None else [bound])
    ends = [row[end] for row in rows for end in ("low", "high") if row[end] is not None]
    found += [min(most, max(0.0, end)) for end in ends]
    low, high = min(found, default=0.0), max(found, default=1.0)
    room = 0.06 * (high - low) or 0.01 * (abs(high) or 1.0)
    return [max(low - room, min(low, 0.0)), min(high + room, max(high, most))]


def _told_ends(rows: Rows) -> list[tuple[str, Label]]:
    """Give what a tooltip says about intervals: nothing, if no row has one."""
    if all(row["low"] is None for row in rows):
        return []
    return [("low_said", Label.LOW), ("high_said", Label.HIGH)]


def bound_of(result: Result, kpi: str) -> float | None:
    """Give the mean of the bound of a measure; None if it has none."""
    bounds = None if result.bound is None else getattr(result.bound, kpi, None)
    values = [value for value in bounds or () if value is not None]
    return math.fsum(values) / len(values) if values else None


def _intervals(result: Result, picture: Picture, lang: Lang) -> Chart:
    """Draw the mean and interval of every policy on one measure, and the bound as a line."""
    kpi = picture.value
    best = None if result.verdict is None else result.verdict.policy
    rows: Rows = []
    for label in ranked(result):
        found = result.mean(label, kpi)
        if found.mean is not None:
            row = {"policy": policy_name(label).get(lang), "mean": found.mean}
            rows.append(row | _ends(found) | {"best": label == best})
    names = [policy_name(label).get(lang) for label in ranked(result)]
    digits = ".3f" if kpi != Picture.SERVICE_RM else ".1f"
    bound = bound_of(result, kpi)
    domain = _domain(rows, bound, math.inf if kpi == Picture.SERVICE_RM else 1.0)
    scale = alt.Scale(zero=False, nice=False, domain=domain, padding=20)
    x = alt.X("mean:Q", title=None, scale=scale, axis=alt.Axis(tickCount=5, labelBound=True))
    y = _named(names)
    color = alt.condition("datum.best", alt.value(BEST), alt.value(OTHER))
    told = _tooltip(lang, ("policy", Label.POLICY), ("mean", Label.MEAN), *_told_ends(rows))
    base = alt.Chart(_data(rows)).encode(y=y, color=color, tooltip=told)
    layers: list[Chart] = [
        base.transform_filter(SURE)
        .mark_rule(strokeWidth=2.5, clip=True)
        .encode(x=alt.X("low:Q", title=None, scale=scale), x2="high:Q"),
        base.mark_point(filled=True, size=80, opacity=1).encode(
            x=x, shape=alt.condition("datum.best", alt.value("diamond"), alt.value("circle"))
        ),
        base.mark_text(dy=-11, fontSize=11).encode(x=x, text=alt.Text("mean:Q", format=digits)),
    ]
    if bound is not None:
        line = alt.Chart(_data([{"mean": bound, "said": term(Label.BOUND, lang)}]))
        told = _tooltip(lang, ("mean", Label.BOUND))
        at = line.encode(x=x, tooltip=told)
        side: Literal["left", "right"] = "left" if kpi == Picture.SERVICE_RM else "right"
        layers.append(at.mark_rule(strokeDash=[5, 3], strokeWidth=2, color=MARK))
        layers.append(
            at.mark_text(color=MARK, y=-6, align=side, baseline="bottom", fontSize=11).encode(
                text="said:N"
            )
        )
    return _layered(*layers).properties(height=max(1, len(names)) * STEP)


def _settings(result: Result, lang: Lang) -> Chart:
    settings = dict(
        sorted((result.settings or {}).items(), key=lambda pair: -pair[1].best_or_equivalent)
    )
    names = [policy_name(label).get(lang) for label in settings]
    most = max((good.of for good in settings.values()), default=1)
    rows: Rows = [
        {
            "policy": policy_name(label).get(lang),
            "good": good.best_or_equivalent,
            "of": good.of,
            "said": f"{good.best_or_equivalent} / {good.of}",
            "long": 2 * good.best_or_equivalent > most,
        }
        for label, good in settings.items()
    ]
    base = alt.Chart(_data(rows)).encode(
        x=alt.X(
            "good:Q",
            title=term(Label.GOOD, lang),
            scale=alt.Scale(domain=[0, most], nice=False),
            axis=alt.Axis(values=sorted({round(n * most / 4) for n in range(5)}), format="d"),
        ),
        y=_named(names),
        tooltip=_tooltip(lang, ("policy", Label.POLICY), ("good", Label.GOOD), ("of", Label.OF)),
    )
    bars = base.mark_bar(color=BEST, height=18)
    inside = base.transform_filter("datum.long").mark_text(align="right", dx=-6, color=PAPER)
    beside = base.transform_filter("!datum.long").mark_text(align="left", dx=6, color=INK)
    texts = (text.encode(text="said:N") for text in (inside, beside))
    return _layered(bars, *texts).properties(height=max(1, len(rows)) * STEP)


def _tipping(result: Result, lang: Lang) -> Chart:
    """Draw every tipping value on the range of its number, all ranges equally long."""
    rows: Rows = []
    for tip in result.tipping or ():

        def at(value: float, least: float = tip.least, most: float = tip.most) -> float:
            return (value - least) / (most - least) if most > least else 0.5

        falls = tip.value < tip.base
        low = tip.least if tip.low is None else tip.low
        high = tip.most if tip.high is None else tip.high
        rows.append(
            {
                "input": tip.input,
                "least": readable(tip.least, 6),
                "most": readable(tip.most, 6),
                "base": at(tip.base),
                "base_said": readable(tip.base, 6),
                "value": at(tip.value),
                "value_said": readable(tip.value),
                "low": min(1.0, max(0.0, at(low))),
                "high": min(1.0, max(0.0, at(high))),
                "lost_from": 0.0 if falls and tip.least < tip.most else at(tip.value),
                "lost_to": 1.0 if not falls and tip.least < tip.most else at(tip.value),
            }
        )
    base = alt.Chart(_data(rows))
    hidden = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    scale = alt.Scale(domain=[-0.02, 1.02])

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=None, axis=hidden, scale=scale)

    axis = alt.Axis(domain=False, ticks=False, labelExpr=WRAPPED)
    y = alt.Y("input:N", title=None, sort=None, axis=axis)
    whole = base.transform_calculate(from_="0", to_="1").encode(y=y)
    marks = term(Label.TIPS_AT, lang), term(Label.BASE, lang)
    kinds = alt.Scale(domain=list(marks), range=[MARK, INK])
    shapes = alt.Scale(domain=list(marks), range=["diamond", "circle"])

    def marked(field: str, said: str) -> alt.Chart:
        points: alt.Chart = (
            base.transform_calculate(kind=json.dumps(said))
            .mark_point(filled=True, size=120, opacity=1)
            .encode(
                x=x(field),
                y=y,
                color=alt.Color("kind:N", title=None, scale=kinds),
                shape=alt.Shape("kind:N", title=None, scale=shapes),
            )
        )
        return points

    def written(field: str, text: str, **look: Any) -> alt.Chart:  # noqa: ANN401 - passed on
        # Near an end of the bar the text stands on the inner side.
        side = f"datum.{field} < 0.15 ? 'left' : datum.{field} > 0.85 ? 'right' : 'center'"
        texts: alt.Chart = base.mark_text(fontSize=12, align=alt.expr(side), **look).encode(
            x=x(field), y=y, text=f"{text}:N"
        )
        return texts

    # Each in a line of its own, so that none stands over another: tipping value, base, ends.
    ends: dict[str, Any] = {"baseline": "top", "dy": 24, "color": SOFT}
    layers = (
        whole.mark_rule(strokeWidth=8, color="#dcd8cd", strokeCap="round").encode(
            x=x("from_"), x2="to_:Q"
        ),
        base.mark_rule(strokeWidth=8, color="#e9b18f", strokeCap="round").encode(
            x=x("lost_from"), x2="lost_to:Q", y=y
        ),
        base.mark_rule(strokeWidth=2, color=MARK).encode(x=x("low"), x2="high:Q", y=y),
        marked("value", marks[0]),
        marked("base", marks[1]),
        written("value", "value_said", dy=-14, color=MARK, fontWeight="bold"),
        written("base", "base_said", baseline="top", dy=9, color=INK),
        whole.mark_text(fontSize=12, align="left", **ends).encode(x=x("from_"), text="least:N"),
        whole.mark_text(fontSize=12, align="right", **ends).encode(x=x("to_"), text="most:N"),
    )
    return _layered(*layers).properties(height=max(1, len(rows)) * 76)


# ---------------------------------------------------------------------------- the map


def places(result: Result) -> Rows:
    """Give every site's place on the map in km, and its figures; spots first, the center last."""
    sites = sorted(result.portrait.sites, key=lambda site: -site.level.rank)
    flat = _flat(result)
    rows = []
    for site in sites:
        x, y = flat(site.lon, site.lat)
        row: dict[str, Any] = {"id": site.id, "level": site.level.value, "x": x, "y": y}
        row["size"] = LOOK[site.level][1]
        row |= {"share": _decimals(site.share), "wait": site.wait_hours, "load": site.load}
        rows.append(row)
    return rows


def name_on_map(picture: Picture) -> str:
    """Give the field of `places` that a map shows."""
    return picture.value.removeprefix("map_")


def _flat(result: Result) -> Callable[[float, float], tuple[float, float]]:
    """Give the function from degrees to km east and north of the middle of the map."""
    lons, lats = zip(*_corners(result), strict=True)
    lon0, lat0 = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    east = DEGREE_KM * math.cos(math.radians(lat0))

    def flat(lon: float, lat: float) -> tuple[float, float]:
        return round((lon - lon0) * east, 3), round((lat - lat0) * DEGREE_KM, 3)

    return flat


def _corners(result: Result) -> Iterator[tuple[float, float]]:
    for polygon in result.portrait.outline or ():
        for ring in polygon:
            yield from ((lon, lat) for lon, lat in ring)
    yield from ((site.lon, site.lat) for site in result.portrait.sites)


def _rings(result: Result) -> Rows:
    flat = _flat(result)
    return [
        {"ring": f"{p}.{r}", "hole": r > 0, "n": n, "x": spot[0], "y": spot[1]}
        for p, polygon in enumerate(result.portrait.outline or ())
        for r, ring in enumerate(polygon)
        for n, spot in enumerate(flat(lon, lat) for lon, lat in ring)
    ]


def _map_share(result: Result, lang: Lang) -> Chart:
    return _map(
        result, lang, "share", Label.SHARE, alt.Scale(scheme="viridis", domain=[0, 1]), ".0%"
    )


def _map_wait(result: Result, lang: Lang) -> Chart:
    scale = alt.Scale(
        scheme="viridis", domain=[0, _usual(result, "wait")], clamp=True, reverse=True
    )
    return _map(result, lang, "wait", Label.WAIT, scale, "d")


def _map_load(result: Result, lang: Lang) -> Chart:
    scale = alt.Scale(
        scheme="viridis", domain=[0, _usual(result, "load")], clamp=True, reverse=True
    )
    return _map(result, lang, "load", Label.LOAD, scale, ".0%")


def _usual(result: Result, field: str) -> float:
    """Give what nine of ten sites stay below, so that one site does not pale the others."""
    found = sorted(row[field] for row in places(result) if row[field] is not None)
    top = found[min(len(found) - 1, int(_FARTHEST * len(found)))] if found else 0.0
    return top or 1.0


def _map(  # noqa: PLR0913, PLR0917 - a map has as many parts
    result: Result, lang: Lang, field: str, label: Label, scale: alt.Scale, digits: str
) -> Chart:
    flat = _flat(result)
    corners = [flat(lon, lat) for lon, lat in _corners(result)]
    xs, ys = zip(*corners, strict=True)
    margin = 0.03 * max(max(xs) - min(xs), max(ys) - min(ys)) or 1.0
    left, right = min(xs) - margin, max(xs) + margin
    bottom, top = min(ys) - 2 * margin, max(ys) + margin

    def x(of: str = "x:Q") -> alt.X:
        return alt.X(of, axis=None, scale=alt.Scale(domain=[left, right], nice=False, zero=False))

    def y(of: str = "y:Q") -> alt.Y:
        return alt.Y(of, axis=None, scale=alt.Scale(domain=[bottom, top], nice=False, zero=False))

    outline = alt.Chart(alt.NamedData(name=RINGS)).encode(
        x=x(), y=y(), order="n:Q", detail="ring:N"
    )
    land = outline.transform_filter("!datum.hole").mark_line(
        fill=LAND, stroke="#8b8677", strokeWidth=1.2, tooltip=None
    )
    holes = outline.transform_filter("datum.hole").mark_line(
        fill=PAPER, stroke="#8b8677", strokeWidth=1.2, tooltip=None
    )
    levels = [level.value for level in Level]
    words = "{" + ",".join(f"'{level.value}':'{term(level, lang)}'" for level in Level) + "}"
    shape = alt.Shape(
        "level:N",
        title=None,
        scale=alt.Scale(domain=levels, range=[LOOK[level][0] for level in Level]),
        legend=alt.Legend(labelExpr=f"{words}[datum.label]", columns=2, symbolFillColor=SOFT),
    )
    size = alt.Size("size:Q", scale=None, legend=None)
    legend = alt.Legend(
        title=term(label, lang),
        format=digits,
        gradientLength=220,
        gradientThickness=12,
        tickCount=5,
    )
    colored = alt.Color(f"{field}:Q", scale=scale, legend=legend)
    sites = alt.Chart(alt.NamedData(name=PLACES))
    # In the order of the data, so that what is rare lies over what is common.
    marks = sites.mark_point(
        filled=True, opacity=1, strokeWidth=0.8, stroke="#3a4145", invalid=None
    ).encode(x=x(), y=y(), shape=shape, size=size, fill=colored, tooltip=[alt.Tooltip("id:N")])
    chosen = alt.param(name="chosen", value="")
    ring = (
        sites.transform_filter("datum.id === chosen")
        .mark_point(filled=False, size=700, strokeWidth=3, stroke=MARK, shape="circle", opacity=1)
        .encode(x=x(), y=y())
    )
    km = max((one for one in _SCALES_KM if one <= (right - left) / 4), default=1)
    start, low = left + margin / 2, bottom + margin / 2
    bar = alt.Chart(_data([{"x": start, "to": start + km, "y": low, "said": f"{km} km"}]))
    scale_bar = bar.mark_rule(strokeWidth=2, color=INK).encode(x=x(), x2="to:Q", y=y())
    scale_text = bar.mark_text(align="left", dy=-8, color=INK, fontSize=12).encode(
        x=x(), y=y(), text="said:N"
    )
    ratio = (top - bottom) / (right - left)
    return (
        _layered(land, holes, marks, ring, scale_bar, scale_text)
        .add_params(chosen)
        .properties(height=round(WIDTH * ratio), usermeta={ASPECT: ratio})
    )


# ---------------------------------------------------------------------------- the week


def _hours(result: Result, lang: Lang) -> Chart:
    days = "[" + ",".join(f"'{term(day, lang)}'" for day in Weekday) + "]"
    rows: Rows = [
        {
            "from": hour,
            "to": hour + 1,
            "count": count,
            "day": term(list(Weekday)[hour // 24], lang),
            "hour": f"{hour % 24:02d}:00",
        }
        for hour, count in enumerate(result.portrait.hours)
    ]
    axis = alt.Axis(
        values=list(range(12, HOURS, 24)),
        labelExpr=f"{days}[floor(datum.value / 24)]",
        ticks=False,
        grid=False,
        title=None,
    )
    bars = (
        alt.Chart(_data(rows))
        .mark_rect(color=BEST)
        .encode(
            x=alt.X("from:Q", scale=alt.Scale(domain=[0, HOURS], nice=False), axis=axis),
            x2="to:Q",
            y=alt.Y("count:Q", title=term(Label.PLACED, lang), axis=alt.Axis(tickCount=4)),
            y2=alt.datum(0),
            tooltip=_tooltip(
                lang, ("day", Label.DAY), ("hour", Label.HOUR), ("count", Label.PLACED)
            ),
        )
    )
    midnights = alt.Chart(_data([{"from": hour} for hour in range(24, HOURS, 24)]))
    lines = midnights.mark_rule(color="#b9b4a6", strokeDash=[2, 2]).encode(x="from:Q")
    return _layered(lines, bars).properties(height=170)


def _blocks(result: Result, lang: Lang) -> Chart:
    days = [term(day, lang) for day in Weekday]
    parts = [term(part, lang) for part in PartOfDay]
    rows: Rows = [
        {
            "day": days[n // BLOCKS_A_DAY],
            "part": parts[n % BLOCKS_A_DAY],
            "count": result.portrait.blocks[n],
        }
        for n in range(BLOCKS)
    ]
    bars: alt.Chart = (
        alt.Chart(_data(rows))
        .mark_bar()
        .encode(
            x=alt.X("day:N", sort=days, title=None, axis=alt.Axis(labelAngle=0, ticks=False)),
            xOffset=alt.XOffset("part:N", sort=parts),
            y=alt.Y("count:Q", title=term(Label.BEGUN, lang), axis=alt.Axis(tickCount=4)),
            color=alt.Color(
                "part:N",
                title=None,
                sort=parts,
                scale=alt.Scale(domain=parts, range=LIGHT_TO_DARK),
            ),
            tooltip=_tooltip(
                lang, ("day", Label.DAY), ("part", Label.BLOCK), ("count", Label.BEGUN)
            ),
        )
    )
    return bars.properties(height=170)


def _categories(result: Result, lang: Lang) -> Chart:
    kinds = [term(label, lang) for label in (Label.SERVED, Label.MISSED, Label.NOBODY)]
    found = sorted(
        (row for row in result.portrait.categories if row.orders),
        key=lambda row: row.served / row.orders,
    )
    names = {row.category: f"{term(row.category, lang)} ({row.teams})" for row in found}
    rows: Rows = [
        {
            "category": names[row.category],
            "kind": kind,
            "rank": rank,
            "count": count,
            "share": count / row.orders,
            "said": f"{row.served / row.orders:.0%}" if rank == 0 else "",
        }
        for row in found
        for rank, (kind, count) in enumerate(
            zip(kinds, (row.served, row.orders - row.served - row.nobody, row.nobody), strict=True)
        )
    ]
    order = [names[row.category] for row in found]
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("category:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False)),
        order="rank:Q",
        tooltip=_tooltip(
            lang, ("category", Label.CATEGORY), ("kind", Label.STATUS), ("count", Label.ORDERS)
        ),
    )
    x = alt.X(
        "share:Q",
        title=term(Label.SHARE, lang),
        stack="zero",
        axis=alt.Axis(format=".0%"),
        scale=alt.Scale(domain=[0, 1]),
    )
    bars = base.mark_bar(height=18, stroke=PAPER, strokeWidth=1).encode(
        x=x,
        color=alt.Color(
            "kind:N",
            title=None,
            sort=kinds,
            scale=alt.Scale(domain=kinds, range=[BEST, "#b7c3c8", MARK]),
        ),
    )
    text = (
        base.transform_filter("datum.rank === 0")
        .mark_text(align="left", dx=6, color=PAPER, fontSize=12, fontWeight="bold")
        .encode(x=alt.datum(0), text="said:N")
    )
    return _layered(bars, text).properties(height=max(1, len(found)) * 28)


# ---------------------------------------------------------------------------- equity and points


def _quarters(result: Result, lang: Lang) -> Chart:
    groups = [group.value for group in GROUPS[Dimension.DISTANCE]]
    shown = ranked(result)
    names = [policy_name(label).get(lang) for label in shown]
    quarters = [f"{n}" for n in range(1, len(groups) + 1)]
    rows: Rows = []
    for rank, (label, name) in enumerate(zip(shown, names, strict=True)):
        parts = result.groups.get(label, {}).get(Dimension.DISTANCE.value, {})
        for quarter, group in zip(quarters, groups, strict=True):
            found = parts.get(group, {}).get(PRIMARY)
            if found is not None and found.mean is not None:
                row = {"quarter": quarter, "policy": name, "rank": rank, "mean": found.mean}
                rows.append(row | _ends(found) | {"group": known("group", group).get(lang)})
    scale = alt.Scale(zero=False, nice=False, domain=_domain(rows, None, 1.0), padding=6)
    legend = alt.Legend(labelExpr=WRAPPED, labelLimit=190)
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("quarter:O", title=term(Label.QUARTER, lang), axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("rank:O", sort="ascending", scale=alt.Scale(paddingOuter=0.6)),
        color=alt.Color(
            "policy:N", title=None, scale=alt.Scale(domain=names, range=HUES), legend=legend
        ),
        tooltip=_tooltip(
            lang,
            ("policy", Label.POLICY),
            ("group", Label.GROUP),
            ("mean", Label.MEAN),
            *_told_ends(rows),
        ),
    )
    title = term(Label.SHARE, lang)
    rules = (
        base.transform_filter(SURE)
        .mark_rule(strokeWidth=1.6, clip=True)
        .encode(y=alt.Y("low:Q", title=title, scale=scale), y2="high:Q")
    )
    points = base.mark_point(filled=True, size=64, opacity=1).encode(
        y=alt.Y("mean:Q", title=title, scale=scale),
        shape=alt.Shape(
            "policy:N", title=None, scale=alt.Scale(domain=names, range=SHAPES), legend=legend
        ),
    )
    return _layered(rules, points).properties(height=230)


def _gini(result: Result, lang: Lang) -> Chart:
    kinds = term(Label.GINI, lang), term(Label.POISSON, lang)
    names = [policy_name(label).get(lang) for label in ranked(result)]
    rows: Rows = []
    for label, name in zip(ranked(result), names, strict=True):
        for kind, kpi in zip(kinds, ("load_gini", "load_gini_poisson"), strict=True):
            found = result.mean(label, kpi)
            if found.mean is not None:
                rows.append({"policy": name, "kind": kind, "mean": found.mean})
    x = alt.X("mean:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5))
    base = alt.Chart(_data(rows)).encode(
        y=_named(names),
        tooltip=_tooltip(
            lang, ("policy", Label.POLICY), ("kind", Label.MEASURE), ("mean", Label.MEAN)
        ),
    )
    between = base.mark_line(color="#a9aeb1", strokeWidth=2).encode(x=x, detail="policy:N")
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=x,
        color=alt.Color(
            "kind:N",
            title=None,
            sort=list(kinds),
            scale=alt.Scale(domain=kinds, range=[BEST, MARK]),
        ),
        shape=alt.Shape(
            "kind:N",
            title=None,
            sort=list(kinds),
            scale=alt.Scale(domain=kinds, range=["circle", "diamond"]),
        ),
    )
    return _layered(between, points).properties(height=max(1, len(names)) * STEP)


def _points(result: Result, lang: Lang) -> Chart:
    rows: Rows = [
        {"week": n, "points": points}
        for n, points in enumerate(result.portrait.points.by_week, start=1)
    ]
    axis = alt.Axis(labelAngle=0, labelOverlap=True, ticks=False)
    bars: alt.Chart = (
        alt.Chart(_data(rows))
        .mark_bar(color=BEST)
        .encode(
            x=alt.X("week:O", title=term(Label.WEEK, lang), axis=axis),
            y=alt.Y("points:Q", title=term(Label.POINTS, lang), axis=alt.Axis(format="~s")),
            tooltip=_tooltip(lang, ("week", Label.WEEK), ("points", Label.POINTS)),
        )
    )
    return bars.properties(height=170)


# ---------------------------------------------------------------------------- parts


def _layered(*layers: Chart) -> alt.LayerChart:
    return alt.LayerChart(layer=list(layers))


def _named(names: Sequence[str]) -> alt.Y:
    """Give an axis with a policy a row, in this order.

    As a domain: of an order given as ``sort`` Vega-Lite makes an expression with the names in it.
    """
    axis = alt.Axis(domain=False, ticks=False, labelExpr=WRAPPED)
    return alt.Y("policy:N", title=None, scale=alt.Scale(domain=names), axis=axis)


def _data(rows: Rows) -> alt.InlineData:
    return alt.InlineData(values=rows)


def _tooltip(lang: Lang, *shown: tuple[str, Label]) -> Sequence[alt.Tooltip]:
    return [
        alt.Tooltip(f"{field}:Q", title=term(label, lang), format=".4~r")
        if field == "mean"
        else alt.Tooltip(f"{field}:N", title=term(label, lang))
        for field, label in shown
    ]


def _decimals(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)
