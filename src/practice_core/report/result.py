"""What a page is made of: the plain data of ``summary.json``, looked at before it is believed.

The file may come from anybody. Its size, its shape and its figures are checked as a whole; texts
are kept as they are, but for characters that no page can hold or that would turn the text after
them around.
"""

from __future__ import annotations

import json
import math
import re
import stat
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import attrs

from practice_core.areas import structure
from practice_core.areas.tables import summed_up
from practice_core.errors import DefinitionError, Fault
from practice_core.experiment import PRIMARY, Kept, Status
from practice_core.hierarchy import Level  # noqa: TC001 - as below
from practice_core.terms import Category, Lang  # noqa: TC001 - cattrs reads the fields' types
from practice_core.volunteers import BLOCKS_A_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "Assumption",
    "CategoryFigures",
    "Portrait",
    "Result",
    "SiteFigures",
    "printable",
    "read_result",
    "result_of",
]

SUMMARY = "summary.json"
LARGEST = 8 << 20
"""Bytes of a summary, twenty times that of a county with 801 sites."""
DAYS = 7
BLOCKS = DAYS * BLOCKS_A_DAY
HOURS = DAYS * 24
_MOST_POLICIES = 40
_MOST_SITES = 20_000
_RING = 4
_DEEPEST = 4
_SHOWN = 80
"""Characters of what was found that a message repeats."""
_MOST = 2.0**63
# Controls and what is no character; then what turns the text after it around.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)


@attrs.frozen
class Estimated:
    """A mean over replications and the half-width of its interval; None if there is none."""

    mean: float | None
    half_width: float | None


@attrs.frozen
class Compared:
    """By how much a policy differs from the baseline on one measure."""

    policy: str
    baseline: str
    kpi: str
    mean: float | None
    low: float | None
    high: float | None


@attrs.frozen
class JudgedPair:
    """Two policies on the primary measure; the interval holds for all pairs at once."""

    policy: str
    against: str
    status: Status
    mean: float | None
    low: float | None
    high: float | None
    replications: int
    needed: int | None


@attrs.frozen
class JudgedGuardrail:
    """What became of a measure that must not be spoilt."""

    kpi: str
    status: Kept
    delta: float
    mean: float | None
    low: float | None
    high: float | None


@attrs.frozen
class Said:
    """A text in both languages."""

    zh: str
    en: str


@attrs.frozen
class Judgement:
    """The verdict."""

    policy: str
    against: str
    status: Status
    delta: float
    difference: float | None
    low: float | None
    high: float | None
    may_be_best: list[str]
    pairs: list[JudgedPair]
    guardrails: list[JudgedGuardrail]
    wording: Said


@attrs.frozen
class Good:
    """In how many settings a policy is best or equivalent."""

    best_or_equivalent: int
    of: int


@attrs.frozen
class Tip:
    """Where an assumed number takes away the lead, and the range that is plausible for it."""

    input: str
    between: list[str]
    base: float
    value: float
    low: float | None
    high: float | None
    least: float
    most: float


@attrs.frozen
class Beyond:
    """The bound, what the best policy serves, and the shares of what lies beyond the bound."""

    possible: float
    served: float
    distance: float
    no_start: float
    late: float
    nobody: float
    unwilling: float
    contested: float
    capture: float | None


@attrs.frozen
class Bounds:
    """The bounds, replication by replication."""

    served_share: list[float | None]
    service_rm: list[float | None] | None = None
    reasons: Beyond | None = None


@attrs.frozen
class MadeUp:
    """Whether positions and roster are synthetic."""

    sites: bool
    teams: bool


@attrs.frozen
class SiteFigures:
    """One site of the portrait and what happened there and by its teams."""

    id: str
    name: str
    level: Level
    chain: list[str]
    lon: float
    lat: float
    synthetic: bool
    teams: int
    orders: int
    served: int
    wait_hours: float | None
    jobs: int
    load: float | None
    week: list[int]

    @property
    def share(self) -> float | None:
        """Orders served in time, of those placed here; None without orders."""
        return self.served / self.orders if self.orders else None


@attrs.frozen
class CategoryFigures:
    """One category of the portrait."""

    category: Category
    teams: int
    orders: int
    served: int
    nobody: int


@attrs.frozen
class Issued:
    """The points of the portrait's weeks."""

    rules: str
    source: str
    rate_per_hour: float
    quantum_minutes: int
    records: int
    volunteers: int
    points: int
    by_week: list[int]


@attrs.frozen
class Portrait:
    """One replication under one policy."""

    policy: str
    replication: int
    weeks: int
    name: Said
    made_up: MadeUp
    outline: list[list[list[list[float]]]] | None
    sites: list[SiteFigures]
    hours: list[int]
    blocks: list[int]
    categories: list[CategoryFigures]
    points: Issued


@attrs.frozen
class Assumption:
    """One number that the result rests on; `value` is a number, a list or a table of numbers."""

    key: str
    value: Any
    basis: Literal["published", "derived", "assumed", "set"]
    source: str
    range: list[float] | None
    scale: list[float] | None


@attrs.frozen
class Method:
    """How it was computed."""

    versions: dict[str, str]
    code: str
    scenario: str
    looks: list[int] | None
    delta: float | None
    settings: int | None
    warmup_weeks: int
    runout_days: int
    starts_on: str
    city: str
    short_weeks: int | None = None
    setting_replications: int | None = None
    tipping_replications: int | None = None
    candidates: int | None = None
    informed: list[str] = attrs.field(factory=list)


@attrs.frozen
class Result:
    """A comparison or a decision, as ``compare --out`` keeps it.

    Parameters
    ----------
    area, seed, replications, weeks
        What was run; replications every policy went through, at least.
    measures
        By policy and KPI.
    comparisons
        Every policy but the baseline, by KPI.
    groups
        By policy, dimension, group and KPI.
    portrait
        One replication, drawn.
    assumptions
        Every number and what it rests on.
    method
        How it was computed.
    verdict, settings, tipping, bound
        Of a decision; all None in a preview.
    """

    area: str
    seed: int
    replications: int
    weeks: int
    measures: dict[str, dict[str, Estimated]]
    comparisons: list[Compared]
    groups: dict[str, dict[str, dict[str, dict[str, Estimated]]]]
    portrait: Portrait
    assumptions: list[Assumption]
    method: Method
    verdict: Judgement | None = None
    settings: dict[str, Good] | None = None
    tipping: list[Tip] | None = None
    bound: Bounds | None = None

    @property
    def policies(self) -> tuple[str, ...]:
        """The labels, in the order they were given."""
        return tuple(self.measures)

    @property
    def baseline(self) -> str:
        """The label all others are compared with; the only one, if there is no other."""
        return next((each.baseline for each in self.comparisons), self.policies[0])

    def mean(self, policy: str, kpi: str) -> Estimated:
        """Give one measure of one policy; nothing if it was not measured."""
        return self.measures[policy].get(kpi, NOTHING)

    def name(self, lang: Lang) -> str:
        """Give the area's name."""
        return self.portrait.name.zh if lang == "zh" else self.portrait.name.en


NOTHING = Estimated(None, None)


def read_result(path: Path) -> Result:
    """Read a summary.

    Parameters
    ----------
    path
        The file, or the folder that ``compare --out`` wrote.

    Raises
    ------
    DefinitionError
        If it is missing, too large or not JSON; or with every fault of its data.
    """
    file = path / SUMMARY if path.is_dir() else path
    try:
        tree = _parsed(_text(file))
    except OSError as error:
        said = str(error.strerror)
    except RecursionError:
        said = "tables or lists too deep"
    except ValueError as error:
        said = f"not JSON: {error}"
    else:
        return result_of(tree, str(file))
    remedy = "name a folder that compare --out wrote, or its summary.json"
    raise DefinitionError("report", [Fault(str(file), _short(said), f"a {SUMMARY}", remedy)])


def result_of(data: Mapping[str, Any], subject: str = SUMMARY) -> Result:
    """Make a result of plain data.

    Keys that are not known are passed over: a summary of a later version may say more.

    Parameters
    ----------
    data
        As in ``summary.json``.
    subject
        What to call it in messages.

    Raises
    ------
    DefinitionError
        With the faults, each at its dotted key: the first 20 and how many more.
    """
    try:
        tree = _clean(data)
        found = structure(_known(tree, Result), Result, subject)
    except RecursionError:
        fault = Fault(subject, "tables or lists too deep", "a few levels", "make it flatter")
        raise DefinitionError(subject, [fault]) from None
    except DefinitionError as error:
        raise DefinitionError(subject, _shortened(error.faults)) from None
    faults = _shortened(_faults(found))
    if faults:
        raise summed_up(subject, faults)
    return found


# ---------------------------------------------------------------------------- text


def printable(text: str) -> str:
    """Replace what neither HTML nor XML can hold, and what would turn the text after it around.

    >>> printable(f"a{chr(0)}b") == f"a{chr(0xFFFD)}b"
    True
    """
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def _text(file: Path) -> str:
    if file.exists() and not stat.S_ISREG(file.stat().st_mode):
        message = "no regular file"
        raise ValueError(message)
    with file.open("rb") as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        message = f"more than {LARGEST} bytes"
        raise ValueError(message)
    return content.decode("utf-8-sig")


def _parsed(text: str) -> Mapping[str, Any]:
    tree = json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
    if not isinstance(tree, dict):
        message = "no table at the top"
        raise ValueError(message)  # noqa: TRY004 - the file is wrong, not the program
    return tree


def _refuse(constant: str) -> None:
    message = f"{constant} is no number"
    raise ValueError(message)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        message = f"key {twice!r} twice"
        raise ValueError(message)
    return table


def _clean(node: Any) -> Any:  # noqa: ANN401 - a JSON node
    if isinstance(node, str):
        return printable(node)
    if isinstance(node, dict):
        return {_clean(str(key)): _clean(part) for key, part in node.items()}
    if isinstance(node, (list, tuple)):
        return [_clean(part) for part in node]
    return node


def _known(node: Any, kind: Any) -> Any:  # noqa: ANN401 - a JSON node and its type
    """Leave out what `kind` has no field for."""
    if attrs.has(kind) and isinstance(node, dict):
        hints = get_type_hints(kind)
        return {key: _known(part, hints[key]) for key, part in node.items() if key in hints}
    inner = [part for part in get_args(kind) if part is not type(None)]
    if get_origin(kind) is dict and isinstance(node, dict):
        return {key: _known(part, inner[1]) for key, part in node.items()}
    if get_origin(kind) is list and isinstance(node, list):
        return [_known(part, inner[0]) for part in node]
    if type(None) in get_args(kind):
        return _known(node, inner[0])
    return node


def _shortened(faults: Iterable[Fault]) -> list[Fault]:
    """Give the faults with no more of what was found than a person will read."""
    return [
        attrs.evolve(fault, place=_short(fault.place), found=_short(fault.found))
        for fault in faults
    ]


def _short(text: str) -> str:
    clean = printable(text)
    return clean if len(clean) <= _SHOWN else f"{clean[:_SHOWN]}..."


# ---------------------------------------------------------------------------- figures


def _faults(found: Result) -> Iterator[Fault]:
    yield from _policies(found)
    yield from _decision(found)
    yield from _portrait(found.portrait)
    for n, each in enumerate(found.assumptions):
        yield from _assumption(each, f"assumptions[{n}]")
    yield from _at_least(1, {"replications": found.replications, "weeks": found.weeks})
    method = {"warmup_weeks": found.method.warmup_weeks, "runout_days": found.method.runout_days}
    yield from _at_least(0, {f"method.{key}": count for key, count in method.items()})


def _policies(found: Result) -> Iterator[Fault]:
    if not 0 < len(found.measures) <= _MOST_POLICIES:
        said, expected = f"{len(found.measures)} policies", f"1 to {_MOST_POLICIES}"
        yield Fault("measures", said, expected, "compare so many")
    for policy, measures in found.measures.items():
        if PRIMARY not in measures:
            yield Fault(f"measures.{policy}", f"no {PRIMARY}", "the primary measure", "add it")
    named = {
        f"comparisons[{n}].{key}": label
        for n, each in enumerate(found.comparisons)
        for key, label in (("policy", each.policy), ("baseline", each.baseline))
    }
    named |= {f"groups.{label}": label for label in found.groups}
    named["portrait.policy"] = found.portrait.policy
    yield from _unknown(found, named)


def _decision(found: Result) -> Iterator[Fault]:
    parts = {
        "verdict": found.verdict,
        "settings": found.settings,
        "tipping": found.tipping,
        "bound": found.bound,
    }
    missing = [key for key, part in parts.items() if part is None]
    if 0 < len(missing) < len(parts):
        for key in missing:
            yield Fault(key, "nothing", "a value, as in every decision", f"add {key}")
    verdict = found.verdict
    named = {f"settings.{label}": label for label in found.settings or {}}
    if verdict is not None:
        named |= {"verdict.policy": verdict.policy, "verdict.against": verdict.against}
        named |= {f"verdict.may_be_best[{n}]": one for n, one in enumerate(verdict.may_be_best)}
        for n, pair in enumerate(verdict.pairs):
            named |= {f"verdict.pairs[{n}].policy": pair.policy}
            named |= {f"verdict.pairs[{n}].against": pair.against}
    yield from _unknown(found, named)
    for label, good in (found.settings or {}).items():
        if not 0 <= good.best_or_equivalent <= good.of:
            said = f"{good.best_or_equivalent} of {good.of}"
            yield Fault(f"settings.{label}", said, "a part of all", "mend the counts")
    for n, tip in enumerate(found.tipping or ()):
        place = f"tipping[{n}]"
        if len(tip.between) != 2:  # noqa: PLR2004 - a difference is between two
            yield Fault(f"{place}.between", f"{len(tip.between)} policies", "two", "name two")
        between = {f"{place}.between[{k}]": label for k, label in enumerate(tip.between)}
        yield from _unknown(found, between)
        if not tip.least <= min(tip.base, tip.value) <= max(tip.base, tip.value) <= tip.most:
            said = f"{tip.base:g} and {tip.value:g} in [{tip.least:g}, {tip.most:g}]"
            yield Fault(place, said, "both inside the range", "mend the range")


def _portrait(portrait: Portrait) -> Iterator[Fault]:
    yield from _sites(portrait.sites)
    yield from _counts(portrait.hours, HOURS, "portrait.hours")
    yield from _counts(portrait.blocks, BLOCKS, "portrait.blocks")
    for n, row in enumerate(portrait.categories):
        place = f"portrait.categories[{n}]"
        yield from _at_least(0, {f"{place}.teams": row.teams, f"{place}.orders": row.orders})
        yield from _part(row.served, row.orders, f"{place}.served")
        yield from _part(row.nobody, row.orders - row.served, f"{place}.nobody")
    points = portrait.points
    counts = {"records": points.records, "volunteers": points.volunteers, "points": points.points}
    yield from _at_least(0, {f"portrait.points.{key}": count for key, count in counts.items()})
    yield from _counts(points.by_week, len(points.by_week), "portrait.points.by_week")
    for p, polygon in enumerate(portrait.outline or ()):
        for r, ring in enumerate(polygon):
            yield from _outline(ring, f"portrait.outline[{p}][{r}]")


def _sites(sites: Sequence[SiteFigures]) -> Iterator[Fault]:
    if not 0 < len(sites) <= _MOST_SITES:
        said, expected = f"{len(sites)} sites", f"1 to {_MOST_SITES}"
        yield Fault("portrait.sites", said, expected, "take part of the area")
    ids = {site.id for site in sites}
    seen: set[str] = set()
    for n, site in enumerate(sites):
        place = f"portrait.sites[{n}]"
        if site.id in seen:
            yield Fault(f"{place}.id", repr(site.id), "an id of its own", "give it another")
        seen.add(site.id)
        for above in site.chain:
            if above not in ids:
                yield Fault(f"{place}.chain", repr(above), "a site of the list", "add that site")
        yield from _position(site.lon, site.lat, place)
        counts = {"teams": site.teams, "orders": site.orders, "jobs": site.jobs}
        yield from _at_least(0, {f"{place}.{key}": count for key, count in counts.items()})
        yield from _part(site.served, site.orders, f"{place}.served")
        for key, figure in (("wait_hours", site.wait_hours), ("load", site.load)):
            if figure is not None and figure < 0:
                yield Fault(f"{place}.{key}", f"{figure:g}", "0 or more", f"change {key}")
        yield from _counts(site.week, BLOCKS, f"{place}.week")


def _outline(ring: list[list[float]], place: str) -> Iterator[Fault]:
    if len(ring) < _RING:
        yield Fault(place, f"{len(ring)} corners", f"{_RING} or more", "close the ring")
    for n, corner in enumerate(ring):
        if len(corner) != 2:  # noqa: PLR2004 - longitude and latitude
            yield Fault(f"{place}[{n}]", f"{len(corner)} numbers", "[lon, lat]", "write two")
        else:
            yield from _position(corner[0], corner[1], f"{place}[{n}]")


def _position(lon: float, lat: float, place: str) -> Iterator[Fault]:
    if abs(lon) > 180 or abs(lat) >= 90:  # noqa: PLR2004 - degrees
        expected = "a longitude of -180 to 180 and a latitude between -90 and 90"
        yield Fault(place, f"{lon:g}, {lat:g}", expected, "write degrees, longitude first")


def _assumption(found: Assumption, place: str) -> Iterator[Fault]:
    if not _plain(found.value, _DEEPEST):
        expected = "a number, a list or a table of numbers"
        yield Fault(f"{place}.value", repr(found.value), expected, "write numbers")
    for key, span in (("range", found.range), ("scale", found.scale)):
        if span is not None and not (len(span) == 2 and span[0] <= span[1]):  # noqa: PLR2004 - least and most
            yield Fault(
                f"{place}.{key}", repr(span), "[least, most]", "write two ascending numbers"
            )


def _plain(node: Any, levels: int) -> bool:  # noqa: ANN401 - a JSON node
    if isinstance(node, (list, dict)):
        parts = node.values() if isinstance(node, dict) else node
        return levels > 0 and all(_plain(part, levels - 1) for part in parts)
    if isinstance(node, (int, float)):
        return math.isfinite(node) if isinstance(node, float) else abs(node) < _MOST
    return node is None or isinstance(node, str)


def _unknown(found: Result, named: Mapping[str, str]) -> Iterator[Fault]:
    for place, label in named.items():
        if label not in found.measures:
            yield Fault(place, repr(label), "a policy of measures", "name one of them")


def _at_least(least: int, counts: Mapping[str, int]) -> Iterator[Fault]:
    for place, count in counts.items():
        if count < least:
            yield Fault(place, str(count), f"{least} or more", "mend the count")


def _part(part: int, whole: int, place: str) -> Iterator[Fault]:
    if not 0 <= part <= max(0, whole):
        yield Fault(place, f"{part} of {whole}", "a part of all", "mend the count")


def _counts(found: Iterable[int], length: int, place: str) -> Iterator[Fault]:
    counts = list(found)
    if len(counts) != length:
        yield Fault(place, f"{len(counts)} counts", f"{length} counts", "write one for each")
    if any(count < 0 for count in counts):
        yield Fault(place, str(min(counts)), "0 or more", "mend the counts")
