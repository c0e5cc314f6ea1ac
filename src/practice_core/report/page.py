"""The page: one file that holds all it shows, asks nobody and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import attrs
import jinja2
import vl_convert
from markupsafe import Markup

from practice_core.areas import BasisKind
from practice_core.experiment import caveats
from practice_core.report.figures import charts
from practice_core.report.panels import Sheet, figure, interval, panels, share
from practice_core.report.stress import account, bases
from practice_core.report.words import (
    Both,
    Chapter,
    Label,
    PartOfDay,
    Picture,
    Remark,
    Weekday,
    both,
    each,
    known,
    policy_name,
    same,
)
from practice_core.simulation import GROUPS, Dimension
from practice_core.terms import Lang, term

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from practice_core.report.result import Assumption, Result

__all__ = ["GENERATOR", "page"]

GENERATOR = "practice_core report"
"""What a page calls itself, so that only a page is ever replaced by a page."""
VEGA_LITE = "6.4"
MAPS = {
    Picture.MAP_SHARE: Label.SHARE,
    Picture.MAP_WAIT: Label.WAIT,
    Picture.MAP_LOAD: Label.LOAD,
}
EQUITY = ("equity", "institute_spread", "load_gini", "load_gini_poisson")
# Only what a reader of HTML or of JavaScript could take for an end of the data.
_ESCAPED = {
    "<": r"\u003c",
    ">": r"\u003e",
    "&": r"\u0026",
    "\u2028": r"\u2028",
    "\u2029": r"\u2029",
}
_END_OF_SCRIPT = re.compile(r"<(?=/script|!--|script)", re.IGNORECASE)


def page(result: Result, lang: Lang = "en") -> str:
    """Write a result as one HTML file in both languages.

    The page is complete by itself: no link to a style, script, image or font leads out of it, and
    its content security policy forbids any, as it forbids every script but the two it holds.

    Parameters
    ----------
    result
        From `read_result`.
    lang
        Which language it opens in.

    Returns
    -------
    str
        The same for the same result and versions: no time and no path is in it.
    """
    scripts = (_bundle(), _packed(_file("page.js")))
    style = _file("page.css")
    template = _environment().get_template("page.html.j2")
    return template.render(
        _shown(result)
        | {
            "lang": lang,
            "policy": content_security_policy(scripts, style),
            "style": Markup(style),  # noqa: S704 - our own file
            "scripts": [Markup(script) for script in scripts],  # noqa: S704 - our own, and Vega's
            "data": Markup(_data(result)),  # noqa: S704 - nothing to break out of: see `embedded`
        }
    )


def content_security_policy(scripts: Iterable[str], style: str) -> str:
    """Allow these scripts and this style, by their digests, and nothing else.

    >>> content_security_policy([], "p {}")[:40]
    "default-src 'none'; script-src 'none'; s"
    """
    allowed = " ".join(_digest(script) for script in scripts) or "'none'"
    parts = {
        "default-src": "'none'",
        "script-src": allowed,
        "style-src": _digest(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def embedded(data: object) -> str:
    """Give plain data as JSON that no HTML reader can take for anything else.

    >>> "<" in embedded(["</script>"])
    False
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return "".join(_ESCAPED.get(letter, letter) for letter in text)


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("practice_core.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _file(name: str) -> str:
    text = resources.files("practice_core.report").joinpath("templates", name)
    return text.read_text(encoding="utf-8")


@cache
def _bundle() -> str:
    """Give Vega, Vega-Lite and Vega-Embed as one script, which takes some seconds to make."""
    return _packed(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE))


def _packed(script: str) -> str:
    """Make a script safe between its tags: in JavaScript the escaped text means the same."""
    return _END_OF_SCRIPT.sub(r"\\x3c", script.replace("\r\n", "\n"))


# ---------------------------------------------------------------------------- data


def _data(result: Result) -> str:
    pool: dict[str, Any] = {}
    specs: dict[str, dict[str, Any]] = {}
    for lang in ("en", "zh"):
        specs[lang] = {}
        for picture, chart in charts(result, lang).items():
            own = chart.pop("datasets", {})
            pool |= own
            chart["usermeta"] = chart.get("usermeta", {}) | {"datasets": list(own)}
            specs[lang][picture.value] = chart
    return embedded(
        {
            "specs": specs,
            "datasets": pool,
            "sites": [_site(site) for site in result.portrait.sites],
            "days": [day.value for day in Weekday],
            "parts": [part.value for part in PartOfDay],
            "words": _words(result),
            "titles": {lang: _title(result, lang) for lang in ("en", "zh")},
        }
    )


def _site(site: Any) -> dict[str, Any]:  # noqa: ANN401 - attrs.asdict takes any
    plain = attrs.asdict(site)
    return plain | {"level": site.level.value, "share": site.share, "wait": plain.pop("wait_hours")}


def _words(result: Result) -> dict[str, dict[str, str]]:
    """Give the words that the script shows, by key and language."""
    members = [
        *(Label(key) for key in SCRIPTED),
        *{site.level: None for site in result.portrait.sites},
        *Weekday,
        *PartOfDay,
    ]
    words = {member.value: {"en": term(member), "zh": term(member, "zh")} for member in members}
    note = both(Remark.SCHEDULE)
    return words | {"schedule_note": {"en": note.en, "zh": note.zh}}


SCRIPTED = (
    "chain",
    "day",
    "given",
    "jobs",
    "level",
    "load",
    "matches",
    "no_figure",
    "not_chosen",
    "orders",
    "position",
    "schedule",
    "served",
    "share",
    "synthetic",
    "teams",
    "wait",
)


def _title(result: Result, lang: Lang) -> str:
    said = Remark.TITLE_CONDITIONAL if result.is_conditional else Remark.TITLE
    return both(said, area=each(result.name)).get(lang)


# ---------------------------------------------------------------------------- what is shown


def _shown(result: Result) -> dict[str, Any]:
    verdict = result.verdict
    counts = bases(result)
    return {
        "result": result,
        "say": both,
        "Chapter": Chapter,
        "Label": Label,
        "Remark": Remark,
        "generator": GENERATOR,
        "titles": {lang: _title(result, lang) for lang in ("en", "zh")},
        "name": each(result.name),
        "decided": verdict is not None,
        "wording": None if verdict is None else Both(verdict.wording.en, verdict.wording.zh),
        "caveats": [Both(en, zh) for en, zh in zip(caveats("en"), caveats("zh"), strict=True)],
        "informed": _informed(result),
        "settings_said": both(
            Remark.SETTINGS,
            weeks=_count(result.method.short_weeks),
            replications=_count(result.method.setting_replications),
        ),
        "no_tips": both(Remark.NO_TIPS, candidates=_count(result.method.candidates)),
        "tipped": _tipped(result),
        "intervals": any(
            one.half_width is not None for kpis in result.measures.values() for one in kpis.values()
        ),
        "panels": {picture.value: panel for picture, panel in panels(result).items()},
        "simultaneous": None
        if verdict is None
        else both(Remark.SIMULTANEOUS, delta=f"{verdict.delta:g}"),
        "pairs": _pairs(result),
        "guardrails": _guardrails(result),
        "beyond": _beyond(result),
        "measures": _measures(result),
        "differences": _differences(result),
        "honest": _honest(result),
        "run_on": _run_on,
        "maps": [(picture.value, label) for picture, label in MAPS.items()],
        "tiers": _tiers(result),
        "equity": _table(result, both(Remark.SPREAD), EQUITY),
        "points": _points(result),
        "counted": both(Remark.COUNTED, count=sum(counts.values()), **counts),
        "any_set": counts["set"] > 0,
        "kinds": [("all", both(Label.ALL)), *((kind, _kind(kind)) for kind in counts)],
        "assumptions": [_assumption(one) for one in result.assumptions],
        "method": _method(result),
        "account": account(result),
    }


def _honest(result: Result) -> list[Both]:
    """Say what the portrait is not."""
    portrait = result.portrait
    figures = {"replication": portrait.replication, "weeks": portrait.weeks}
    said = [both(Remark.PORTRAIT, policy=policy_name(portrait.policy), **figures)]
    if portrait.outline is not None:
        said.append(both(Remark.OUTLINE))
    if portrait.made_up.sites:
        said.append(both(Remark.MADE_UP_SITES))
    if portrait.made_up.teams:
        said.append(both(Remark.MADE_UP_TEAMS))
    if portrait.made_up.sites or portrait.made_up.teams:
        fixed = result.method.city == "fixed"
        said.append(both(Remark.FIXED if fixed else Remark.REDRAWN))
    return said


def _informed(result: Result) -> Both | None:
    """Say which policies were told how teams answer."""
    if not result.method.informed:
        return None
    names = [policy_name(label) for label in result.method.informed]
    listed = Both(", ".join(name.en for name in names), "、".join(name.zh for name in names))
    return both(Remark.INFORMED, policies=listed)


def _tipped(result: Result) -> Both | None:
    """Say between whom, on what and among what tipping values were sought."""
    if not result.tipping:
        return None
    best, other = (policy_name(label) for label in result.tipping[0].between)
    method = result.method
    return both(
        Remark.TIPPED,
        best=best,
        other=other,
        weeks=_count(method.short_weeks),
        replications=_count(method.tipping_replications),
        candidates=_count(method.candidates),
    )


def _count(count: int | None) -> str:
    return "-" if count is None else str(count)


def _run_on(*sentences: Both | None) -> Both:
    """Let sentences follow each other, as each language does it."""
    said = [one for one in sentences if one is not None]
    return Both(" ".join(one.en for one in said), "".join(one.zh for one in said))


def _pairs(result: Result) -> Sheet | None:
    if result.verdict is None:
        return None
    heads = (
        Label.PAIR,
        Label.DIFFERENCE,
        Label.LOW,
        Label.HIGH,
        Label.STATUS,
        Label.REPLICATIONS,
        Label.NEEDED,
    )
    rows = tuple(
        (
            _difference(pair.policy, pair.against),
            *(figure(one, "+.4f") for one in (pair.mean, pair.low, pair.high)),
            both(pair.status),
            same(pair.replications),
            same("-" if pair.needed is None else pair.needed),
        )
        for pair in result.verdict.pairs
    )
    return Sheet(both(Label.PAIRS), tuple(map(both, heads)), rows)


def _difference(one: str, other: str) -> Both:
    return each(lambda lang: f"{policy_name(one).get(lang)} - {policy_name(other).get(lang)}")


def _guardrails(result: Result) -> Sheet | None:
    verdict = result.verdict
    if verdict is None:
        return None
    heads = (
        Label.MEASURE,
        Label.DIFFERENCE,
        Label.LOW,
        Label.HIGH,
        Label.ALLOWED,
        Label.STATUS,
    )
    rows = tuple(
        (
            known("measure", rail.kpi),
            *(figure(one, "+.3f") for one in (rail.mean, rail.low, rail.high)),
            figure(rail.delta, "g"),
            both(rail.status),
        )
        for rail in verdict.guardrails
    )
    best, other = policy_name(verdict.policy), policy_name(verdict.against)
    caption = both(Label.GUARDRAILS, best=best, other=other)
    return Sheet(caption, tuple(map(both, heads)), rows)


def _beyond(result: Result) -> Sheet | None:
    found = None if result.bound is None else result.bound.reasons
    if found is None:
        return None
    rows = (
        (Label.UNASKABLE, found.nobody),
        (Label.UNWILLING, found.unwilling),
        (Label.NO_START, found.no_start),
        (Label.LATE, found.late),
        (Label.CONTESTED, found.contested),
    )
    heads = (both(Label.STATUS), both(Label.SHARE_OF_ORDERS))
    cells = tuple((both(label), share(part)) for label, part in rows)
    return Sheet(both(Label.BEYOND), heads, cells)


def _measures(result: Result) -> Sheet:
    kpis = list(dict.fromkeys(kpi for found in result.measures.values() for kpi in found))
    return _table(result, both(Label.ALL_MEASURES), kpis)


def _table(result: Result, caption: Both, kpis: Iterable[str]) -> Sheet:
    columns = (both(Label.MEASURE), *map(policy_name, result.policies))
    rows = tuple(
        (
            known("measure", kpi),
            *(interval(result.mean(label, kpi)) for label in result.policies),
        )
        for kpi in kpis
    )
    return Sheet(caption, columns, rows)


def _differences(result: Result) -> Sheet | None:
    if not result.comparisons:
        return None
    challengers = list(dict.fromkeys(one.policy for one in result.comparisons))
    kpis = list(dict.fromkeys(one.kpi for one in result.comparisons))
    found = {(one.policy, one.kpi): one for one in result.comparisons}

    def cell(label: str, kpi: str) -> Both:
        one = found.get((label, kpi))
        if one is None or one.mean is None:
            return same("-")
        ends = f"[{figure(one.low, '+.4g').en}, {figure(one.high, '+.4g').en}]"
        return same(f"{one.mean:+.4g} {ends}")

    columns = (both(Label.MEASURE), *map(policy_name, challengers))
    rows = tuple(
        (known("measure", kpi), *(cell(label, kpi) for label in challengers)) for kpi in kpis
    )
    caption = both(Label.DIFFERENCES, baseline=policy_name(result.baseline))
    return Sheet(caption, columns, rows)


def _tiers(result: Result) -> Sheet | None:
    groups = [group.value for group in GROUPS[Dimension.TIER]]
    rows = []
    for label in result.policies:
        parts = result.groups.get(label, {}).get(Dimension.TIER.value, {})
        found = [parts.get(group, {}).get("served_share") for group in groups]
        rows.append(
            (policy_name(label), *(same("-") if one is None else interval(one) for one in found))
        )
    columns = (both(Label.POLICY), *(known("group", group) for group in groups))
    return Sheet(both(Remark.TIERS), columns, tuple(rows)) if result.groups else None


def _points(result: Result) -> list[tuple[Both, Both]]:
    points = result.portrait.points
    return [
        (both(Label.TOTAL), figure(points.points, ",")),
        (both(Label.VOLUNTEERS), figure(points.volunteers, ",")),
        (both(Label.RECORDS), figure(points.records, ",")),
        (both(Label.RULES), same(points.rules)),
        (both(Label.RATE), figure(points.rate_per_hour, "g")),
        (both(Label.QUANTUM), same(points.quantum_minutes)),
    ]


def _kind(basis: str) -> Both:
    return both(Label.SET) if basis == "set" else both(BasisKind(basis))


def _assumption(found: Assumption) -> Mapping[str, Any]:
    spans = []
    if found.range is not None:
        spans.append(same(f"{found.range[0]:g} - {found.range[1]:g}"))
    if found.scale is not None:
        times = f"{found.scale[0]:g} - {found.scale[1]:g}"
        spans.append(each(lambda lang: f"{times} {term(Label.SCALE, lang)}"))
    return {
        "key": found.key,
        "value": _written(found.value),
        "basis": found.basis,
        "kind": _kind(found.basis),
        "range": spans[0] if spans else same("-"),
        "source": found.source or "-",
    }


def _written(value: Any) -> str:  # noqa: ANN401 - a JSON node
    if isinstance(value, dict):
        return ", ".join(f"{key} {_written(part)}" for key, part in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "-" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.12g}"


def _method(result: Result) -> list[tuple[Both, Both]]:
    method = result.method
    said = [
        (both(Label.AREA), same(result.area)),
        (both(Label.SEED), same(result.seed)),
        (both(Label.WEEKS), same(result.weeks)),
        (both(Label.REPLICATIONS), same(result.replications)),
        (both(Label.BASELINE), policy_name(result.baseline)),
    ]
    if method.looks is not None:
        said.append((both(Label.LOOKS), same(", ".join(map(str, method.looks)))))
    if method.delta is not None:
        said.append((both(Label.DELTA), figure(method.delta, "g")))
    versions = ", ".join(f"{name} {version}" for name, version in method.versions.items())
    return [
        *said,
        (both(Label.CODE), same(method.code)),
        (both(Label.SCENARIO), same(method.scenario)),
        (both(Label.VERSIONS), same(versions)),
    ]
