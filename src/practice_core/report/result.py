"""What a page is made of: the plain data of ``summary.json``, looked at before it is believed.

The file may come from anybody. Its size, its shape and its figures are checked as a whole; texts
are kept as they are, but for characters that no page can hold or that would turn the text after
them around.
"""

from __future__ import annotations

import enum
import json
import math
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import attrs

from practice_core.areas import file_bytes, structure
from practice_core.areas.inputs import utf8
from practice_core.areas.tables import summed_up
from practice_core.errors import DefinitionError, Fault
from practice_core.experiment import PRIMARY, Kept, Status
from practice_core.hierarchy import Level  # noqa: TC001 - as below
from practice_core.terms import Category, Lang
from practice_core.volunteers import BLOCKS_A_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
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
_MOST_SITES = 5_000
"""Six times those of a county: with more the page would no longer follow the hand."""
_MOST_WEEKS = 520
"""As many as a scenario may have."""
_MOST_CORNERS = 10_000
"""As many as an area's outline may have."""
_MOST_REPLICATIONS = 10_000
_MOST_OF = {
    "measures": _MOST_POLICIES,
    "measures.*": 100,
    "comparisons": 4_000,
    "groups": _MOST_POLICIES,
    "groups.*": 10,
    "groups.*.*": 20,
    "groups.*.*.*": 100,
    "verdict.may_be_best": _MOST_POLICIES,
    "verdict.pairs": _MOST_POLICIES * (_MOST_POLICIES - 1) // 2,
    "verdict.guardrails": 20,
    "settings": _MOST_POLICIES,
    "tipping": 200,
    "tipping[].between": 2,
    "bound.served_share": _MOST_REPLICATIONS,
    "bound.service_rm": _MOST_REPLICATIONS,
    "portrait.outline": _MOST_CORNERS,
    "portrait.outline[]": _MOST_CORNERS,
    "portrait.outline[][]": _MOST_CORNERS,
    "portrait.outline[][][]": 2,
    "portrait.sites": _MOST_SITES,
    "portrait.sites[].chain": 10,
    "portrait.sites[].week": BLOCKS,
    "portrait.hours": HOURS,
    "portrait.blocks": BLOCKS,
    "portrait.categories": len(Category),
    "portrait.points.by_week": _MOST_WEEKS,
    "assumptions": 2_000,
    "assumptions[].range": 2,
    "assumptions[].scale": 2,
    "method.versions": 1_000,
    "method.looks": 100,
}
"""How many entries a list or a table of free keys may have, by its place."""
_MOST_ENTRIES = 1_000
"""The same for any other."""
_MOST_PARTS = 400_000
"""Values in all, ten times those of a county."""
_MOST_ODD = 2_000
"""Values of a wrong type or missing, before the rest is no longer looked at."""
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

    @property
    def is_conditional(self) -> bool:
        """Whether no volume of the area is published: what was compared then is a what-if."""
        volumes = [one.basis for one in self.assumptions if one.key.endswith(".per_year")]
        return not {"published", "derived"} & set(volumes)

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
    remedy = "name a folder that compare --out wrote, or its summary.json"
    try:
        file = path / SUMMARY if path.is_dir() else path
        text = utf8(file_bytes(file, most=LARGEST), str(file), remedy)
        return result_of(_parsed(text), str(file))
    except DefinitionError as error:
        raise DefinitionError("report", _shortened(error.faults)) from None
    except OSError as error:  # a name too long to be looked at
        said = str(error.strerror)
    except RecursionError:
        said = "tables or lists too deep"
    except json.JSONDecodeError as error:
        said = f"not JSON in line {error.lineno}, column {error.colno}"
    except _UnfitError as error:
        said = str(error)
    except ValueError:  # of so many digits Python makes no number
        said = "a number with thousands of digits"
    raise DefinitionError("report", [Fault(_short(str(path)), said, f"a {SUMMARY}", remedy)])


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
        found = structure(_taken(data), Result, subject)
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


class _UnfitError(ValueError):
    """A text that is no summary, and why."""


def _parsed(text: str) -> Mapping[str, Any]:
    tree = json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
    if not isinstance(tree, dict):
        message = "no table at the top"
        raise _UnfitError(message)
    return tree


def _refuse(constant: str) -> None:
    message = f"{constant} is no number"
    raise _UnfitError(message)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        message = f"key {_short(repr(twice))} twice"
        raise _UnfitError(message)
    return table


# ---------------------------------------------------------------------------- size


def _taken(data: Any) -> Any:  # noqa: ANN401 - JSON
    """Take over what `Result` has fields for, with texts that can be shown.

    To make values of plain data and to word its faults takes long; so what is far too much is
    refused here, in one walk.

    Raises
    ------
    DefinitionError
        With lists and tables that are too long and numbers that are too large; or at the place
        where there was too much of everything.
    """
    taking = _Taking()
    tree = taking.take(data, Result, "", ())
    if taking.faults:
        raise summed_up(SUMMARY, taking.faults)
    return tree


@cache
def _shape(kind: Any) -> tuple[bool, Any, tuple[Any, ...]]:  # noqa: ANN401 - a type
    """Give whether None will do, then the bare type and the types or names inside it."""
    inner = get_args(kind)
    if type(None) in inner:
        bare = next(part for part in inner if part is not type(None))
        return True, *_shape(bare)[1:]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return False, Literal, tuple(member.value for member in kind)
    return False, get_origin(kind) or kind, inner


@cache
def _fields(kind: type) -> tuple[dict[str, Any], frozenset[str]]:
    """Give the types of a table's fields, and the names of those that must be there."""
    needed = frozenset(field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING)
    return get_type_hints(kind), needed


@attrs.define
class _Taking:
    """What was taken over so far."""

    parts: int = 0
    odd: int = 0
    faults: list[Fault] = attrs.field(factory=list)

    def take(self, node: Any, kind: Any, key: str, place: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - a JSON node and its type
        self._count(place)
        may_lack, bare, inner = _shape(kind)
        if bare is Any:
            return self._any(node, place)
        if node is None and may_lack:
            return None
        if isinstance(node, dict) and attrs.has(bare):
            hints, needed = _fields(bare)
            self._odd(len(needed - node.keys()), place)
            return {
                name: self.take(part, hints[name], f"{key}.{name}", (*place, name))
                for name, part in node.items()
                if name in hints
            }
        if isinstance(node, dict) and bare is dict:
            self._bound(node, key, place)
            return {
                printable(str(name)): self.take(part, inner[1], f"{key}.*", (*place, name))
                for name, part in node.items()
            }
        if isinstance(node, (list, tuple)) and bare is list:
            self._bound(node, key, place)
            return [
                self.take(part, inner[0], f"{key}[]", (*place, n)) for n, part in enumerate(node)
            ]
        return self._single(node, bare, inner, place)

    def _single(
        self,
        node: Any,  # noqa: ANN401 - a JSON node
        kind: Any,  # noqa: ANN401 - its type
        names: tuple[Any, ...],
        place: tuple[str | int, ...],
    ) -> Any:  # noqa: ANN401 - a JSON node
        if isinstance(node, str):
            fits = kind is str or (kind is Literal and node in names)
            self._odd(0 if fits else 1, place)
            return printable(node)
        number = isinstance(node, (int, float)) and not isinstance(node, bool)
        if number and kind in {int, float} and not abs(node) < _MOST:
            expected = "a number between -2^63 and 2^63"
            self.faults.append(Fault(_dotted(place), _large(node), expected, "mend the number"))
            self._odd(1, place)
        fits = (number if kind is float else type(node) is kind) and kind in {int, float, bool}
        self._odd(0 if fits else 1, place)
        return node

    def _any(self, node: Any, place: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - a JSON node
        self._count(place)
        if isinstance(node, str):
            return printable(node)
        if isinstance(node, dict):
            return {printable(str(name)): self._any(part, place) for name, part in node.items()}
        if isinstance(node, (list, tuple)):
            return [self._any(part, place) for part in node]
        return node

    def _bound(
        self, node: list[Any] | tuple[Any, ...] | dict[str, Any], key: str, place: tuple[Any, ...]
    ) -> None:
        most = _MOST_OF.get(key.removeprefix("."), _MOST_ENTRIES)
        if len(node) > most:
            found = f"{len(node)} entries"
            raise summed_up(
                SUMMARY,
                [*self.faults, Fault(_dotted(place), found, f"at most {most}", "keep so many")],
            )

    def _count(self, place: tuple[str | int, ...]) -> None:
        self.parts += 1
        if self.parts > _MOST_PARTS:
            found, expected = f"more than {_MOST_PARTS} values up to here", "fewer"
            fault = Fault(_dotted(place), found, expected, "take part of the area")
            raise DefinitionError(SUMMARY, [fault])

    def _odd(self, count: int, place: tuple[str | int, ...]) -> None:
        self.odd += count
        if self.odd > _MOST_ODD:
            found = f"more than {_MOST_ODD} missing or wrong values up to here"
            remedy = "name a summary that compare --out wrote"
            raise DefinitionError(SUMMARY, [Fault(_dotted(place), found, "none", remedy)])


def _dotted(place: Sequence[str | int]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


def _large(number: float) -> str:
    """Give a number that may be too long to be written."""
    if isinstance(number, int):
        return f"about {'-' if number < 0 else ''}10^{round(math.log10(abs(number)))}"
    return str(number)


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
    yield from _estimated(found)
    yield from _decision(found)
    yield from _portrait(found.portrait)
    if found.portrait.weeks != found.weeks:
        said, expected = f"{found.portrait.weeks} weeks", f"the {found.weeks} of weeks"
        yield Fault("portrait.weeks", said, expected, "draw the weeks that were compared")
    for n, each in enumerate(found.assumptions):
        yield from _assumption(each, f"assumptions[{n}]")
    yield from _at_least(1, {"replications": found.replications, "weeks": found.weeks})
    if found.weeks > _MOST_WEEKS:
        yield Fault("weeks", str(found.weeks), f"at most {_MOST_WEEKS}", "compare fewer weeks")
    method = {"warmup_weeks": found.method.warmup_weeks, "runout_days": found.method.runout_days}
    yield from _at_least(0, {f"method.{key}": count for key, count in method.items()})


def _policies(found: Result) -> Iterator[Fault]:
    if not found.measures:
        yield Fault("measures", "no policy", f"1 to {_MOST_POLICIES}", "compare so many")
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
    yield from _not_empty(found)
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
        yield from _part(good.best_or_equivalent, good.of, f"settings.{label}")
        yield from _at_least(1, {f"settings.{label}.of": good.of})
    for n, tip in enumerate(found.tipping or ()):
        place = f"tipping[{n}]"
        if len(tip.between) != 2:  # noqa: PLR2004 - a difference is between two
            yield Fault(f"{place}.between", f"{len(tip.between)} policies", "two", "name two")
        between = {f"{place}.between[{k}]": label for k, label in enumerate(tip.between)}
        yield from _unknown(found, between)
        if not tip.least <= min(tip.base, tip.value) <= max(tip.base, tip.value) <= tip.most:
            said = f"{tip.base:g} and {tip.value:g} in [{tip.least:g}, {tip.most:g}]"
            yield Fault(place, said, "both inside the range", "mend the range")


def _not_empty(found: Result) -> Iterator[Fault]:
    """Find what a decision always has, and has not here."""
    parts: dict[str, Sized] = {}
    deltas = {"method.delta": found.method.delta}
    if found.settings is not None:
        parts["settings"] = found.settings
    if found.bound is not None:
        parts["bound.served_share"] = found.bound.served_share
    if found.verdict is not None:
        parts["verdict.pairs"] = found.verdict.pairs
        deltas["verdict.delta"] = found.verdict.delta
    for place, part in parts.items():
        if not part:
            yield Fault(place, "nothing in it", "an entry or more, as in every decision", "add it")
    for place, delta in deltas.items():
        if delta is not None and delta <= 0:
            yield Fault(place, f"{delta:g}", "more than 0", "mend the margin")


def _estimated(found: Result) -> Iterator[Fault]:
    """Find half-widths below 0."""
    tables = {f"measures.{label}": kpis for label, kpis in found.measures.items()}
    for label, dimensions in found.groups.items():
        for dimension, groups in dimensions.items():
            tables |= {f"groups.{label}.{dimension}.{key}": kpis for key, kpis in groups.items()}
    for place, kpis in tables.items():
        for kpi, one in kpis.items():
            if one.half_width is not None and one.half_width < 0:
                said = f"{one.half_width:g}"
                yield Fault(f"{place}.{kpi}.half_width", said, "0 or more", "mend it")


def _portrait(portrait: Portrait) -> Iterator[Fault]:
    names = {"zh": portrait.name.zh, "en": portrait.name.en}
    yield from _named({f"portrait.name.{lang}": name for lang, name in names.items()})
    yield from _sites(portrait.sites)
    twice = [c for c, n in Counter(row.category for row in portrait.categories).items() if n > 1]
    for category in twice:
        yield Fault("portrait.categories", f"{category} twice", "each once", "drop a row")
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
    yield from _counts(points.by_week, portrait.weeks, "portrait.points.by_week")
    corners = sum(len(ring) for polygon in portrait.outline or () for ring in polygon)
    if corners > _MOST_CORNERS:
        said, expected = f"{corners} corners", f"at most {_MOST_CORNERS}"
        yield Fault("portrait.outline", said, expected, "simplify the outline")
    for p, polygon in enumerate(portrait.outline or ()):
        for r, ring in enumerate(polygon):
            yield from _outline(ring, f"portrait.outline[{p}][{r}]")


def _sites(sites: Sequence[SiteFigures]) -> Iterator[Fault]:
    if not sites:
        yield Fault("portrait.sites", "no site", f"1 to {_MOST_SITES}", "take part of the area")
    ids = {site.id for site in sites}
    seen: set[str] = set()
    for n, site in enumerate(sites):
        place = f"portrait.sites[{n}]"
        if site.id in seen:
            yield Fault(f"{place}.id", repr(site.id), "an id of its own", "give it another")
        seen.add(site.id)
        yield from _named({f"{place}.id": site.id, f"{place}.name": site.name})
        for above in site.chain:
            if above not in ids:
                yield Fault(f"{place}.chain", repr(above), "a site of the list", "add that site")
        if len({site.id, *site.chain}) <= len(site.chain):
            expected = "sites above this one, each once"
            yield Fault(f"{place}.chain", "a site twice", expected, "mend the chain")
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


def _named(names: Mapping[str, str]) -> Iterator[Fault]:
    for place, name in names.items():
        if not name.strip():
            yield Fault(place, "no letter", "a name", "give it one")


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
