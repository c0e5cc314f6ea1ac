"""A county that is none of those that ship: its folder of files, begun from an area's own."""

from __future__ import annotations

import re
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import tomlkit

from practice_core.areas.files import read
from practice_core.areas.folder import staged_folder
from practice_core.areas.geojson import Boundary, outline_geojson, read_outline
from practice_core.areas.inputs import LARGEST_OUTLINE, LARGEST_TABLE, file_bytes
from practice_core.areas.load import area_names, load_area
from practice_core.areas.loops import loop_files
from practice_core.areas.rows import SiteRow, TeamRow, read_sites, read_teams, sites_csv, teams_csv
from practice_core.areas.schemes import scheme_files
from practice_core.errors import DefinitionError, Fault, UnknownName, attempt
from practice_core.hierarchy import Level
from practice_core.units import is_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["NewArea", "new_area"]

T = TypeVar("T")

SITES, TEAMS, OUTLINE = "sites.csv", "teams.csv", "outline.geojson"
_COUNTY = "county"
_FOLDER = "a new or empty folder"
_MOST_INSTITUTES = 1_000
_IN_A_LINE = 40
_CENTER = re.compile(r"(新时代)?(文明)?(实践)?中心$")
_ALONE = re.compile(r"^#:.*\n", re.MULTILINE)
_AREA_HEAD = """\
# {name}: begun by practice-core new from {like}.
# Counted is what comes from files of the county; all else stands as in {like}, for you to change.
"""
_SCENARIO_HEAD = """\
# The base scenario of {name}, begun by practice-core new from {like}'s.
# Volumes go by the number of stations, as in {like}; nothing here was measured in this county.
"""
_LIKE = (("own_activity", "mix"), ("teams", "jobs_per_week_shares"))
"""Assumed in view of the other area's figures: that is said, as they are not this county's."""
_TIED = ("links", "relations", "special", "demonstration")
_DERIVED = (("own_activity", "mean_needed"), ("teams", "members_mean"))
"""Derived from the other area's figures, and so assumed here."""
_LEVEL_SHARES = (
    ("site_request", "level_shares"),
    ("own_activity", "level_shares"),
    ("teams", "tier_shares"),
)


@attrs.frozen
class NewArea:
    """What has been written, and on what it rests.

    Parameters
    ----------
    id, name_zh, name_en
        Of the county.
    like
        Name of the area from which it was begun.
    files
        Names of the files in the folder.
    counts
        Sites by level.
    counted
        Whether the sites come from a file of the county.
    positions
        How many sites have a position of their own.
    teams
        How many teams come from a file of the county; None without one.
    """

    id: str
    name_zh: str
    name_en: str
    like: str
    files: tuple[str, ...]
    counts: Mapping[Level, int]
    counted: bool
    positions: int
    teams: int | None


def new_area(
    folder: Path,
    *,
    like: str = "wujiang",
    sites: Path | None = None,
    teams: Path | None = None,
    outline: Path | None = None,
) -> NewArea:
    """Begin a county of one's own: a folder of commented files that runs at once.

    ``area.toml`` and ``scenario.toml`` are those of an area that ships, with their comments. Only
    what cannot be true of another county is changed: its names, its published figures, the numbers
    of sites and teams; and volumes, which go by the number of stations. Every number still says
    what it rests on. Spreadsheets and outline are copied as they were understood: UTF-8 (with the
    mark by which Excel knows it), ids written out, parents and homes by id.

    The id is the folder's name if that may be one, else ``county``; the English name is the
    folder's, the Chinese one the center's without 新时代文明实践中心.

    Parameters
    ----------
    folder
        New or empty.
    like
        An area that ships.
    sites, teams
        Spreadsheets, as `read_sites` and `read_teams` take them. Without sites, the numbers of the
        other area's are kept and drawn inside the outline; teams cannot come without sites.
    outline
        GeoJSON, as `read_outline` takes it. Without one and without sites, the other area's is
        taken; sites that all have a position need none.

    Raises
    ------
    UnknownName
        If no such area ships.
    DefinitionError
        With the faults of all files, or if the folder cannot be written; nothing is written then.
    """
    if like not in area_names():
        raise UnknownName("area", like, area_names())
    given = _Given(sites, teams, outline)
    faults = [*_folder_faults(folder), *given.faults]
    if faults:
        raise DefinitionError("new", faults)
    before = {file: _text(like, file) for file in ("area.toml", "scenario.toml")}
    values = {file: read(text, f"{like}/{file}")[0] for file, text in before.items()}
    county = _county(folder.resolve().name, like, values["area.toml"], given)
    title = {"name": county.name_en, "like": values["area.toml"]["name_en"]}
    area = _headed(_AREA_HEAD.format(**title), before["area.toml"])
    _write_out(area)
    _change_area(area, county, given, title["like"])
    scenario = _headed(_SCENARIO_HEAD.format(**title), before["scenario.toml"])
    _change_scenario(scenario, county, values)
    _add_archetypes(scenario["teams"], given.teams or (), title["like"])
    texts = {"area.toml": tomlkit.dumps(area), "scenario.toml": tomlkit.dumps(scenario)}
    # Excel takes a CSV for UTF-8 by its mark alone.
    if given.sites is not None:
        texts[SITES] = f"\ufeff{sites_csv(given.sites)}"
    if given.teams is not None:
        texts[TEAMS] = f"\ufeff{teams_csv(given.teams)}"
    boundary = given.boundary
    if boundary is None and given.sites is None:
        boundary = _outline_of(like, values["area.toml"]["outline"])
    if boundary is not None:
        at = _center_position(given.sites or ())
        seat = at or boundary.seat or boundary.outline.inner_point()
        texts[OUTLINE] = outline_geojson(boundary.outline, seat)
    _write(folder, texts)
    return attrs.evolve(county, files=tuple(texts))


class _Given:
    """What the county's own files say, and all that is wrong with them."""

    def __init__(self, sites: Path | None, teams: Path | None, outline: Path | None) -> None:
        self.faults: list[Fault] = []
        self.sites: tuple[SiteRow, ...] | None = None
        self.teams: tuple[TeamRow, ...] | None = None
        self.boundary: Boundary | None = None
        if teams is not None and sites is None:
            found, expected = "teams without sites", "the sites that they belong to"
            self.faults.append(Fault("--teams", found, expected, "give --sites too"))
        if outline is not None:
            self.boundary = self._read(outline, LARGEST_OUTLINE, read_outline)
        inside = self.boundary.outline if self.boundary else None
        if sites is not None:
            self.sites = self._read(sites, LARGEST_TABLE, partial(read_sites, outline=inside))
            self._check_sites(sites.name, outlined=outline is not None)
        if teams is not None:
            self.teams = self._read(teams, LARGEST_TABLE, partial(read_teams, sites=self.sites))

    def _read(self, path: Path, most: int, understand: Callable[[bytes, str], T]) -> T | None:
        raw = attempt(self.faults, file_bytes, path, most=most)
        return None if raw is None else attempt(self.faults, understand, raw, path.name)

    def _check_sites(self, name: str, *, outlined: bool) -> None:
        if self.sites is None:
            return
        counts = _counts(self.sites)
        if not counts[Level.STATION]:
            found, expected = "no station", "stations, where residents order"
            self.faults.append(Fault(name, found, expected, "list the stations"))
        if counts[Level.INSTITUTE] > _MOST_INSTITUTES:
            found = f"{counts[Level.INSTITUTE]} institutes"
            expected = f"at most {_MOST_INSTITUTES}"
            self.faults.append(Fault(name, found, expected, "take one county alone"))
        unplaced = len(self.sites) - _placed(self.sites)
        if unplaced and not outlined:
            found = f"{unplaced} of {len(self.sites)} sites without a position, and no outline"
            expected = "lon and lat of every site, or an outline to draw them in"
            self.faults.append(Fault(name, found, expected, "give --outline, or add lon and lat"))


def _county(name: str, like: str, values: Mapping[str, Any], given: _Given) -> NewArea:
    sites = given.sites
    shown = name if name.isprintable() and name else _COUNTY
    center = next((row.name for row in sites or () if row.level is Level.CENTER), shown)
    return NewArea(
        # Other ids begin with it.
        id=name if is_identifier(f"{name}-default") else _COUNTY,
        name_zh=_CENTER.sub("", center) or shown,
        name_en=shown,
        like=like,
        files=(),
        counts=_like_counts(values) if sites is None else _counts(sites),
        counted=sites is not None,
        positions=_placed(sites or ()),
        teams=None if given.teams is None else len(given.teams),
    )


def _headed(head: str, text: str) -> Any:  # noqa: ANN401 - tomlkit's types fit no use
    """Parse an area's text, without what is true of it alone and under a head of its own."""
    return tomlkit.parse(head + _ALONE.sub("", text))


def _write_out(doc: Any) -> None:  # noqa: ANN401 - as above
    """Write loop and points out where the other area names those that ship: they are changed."""
    for section, files in (("loop", loop_files()), ("points", scheme_files())):
        if not isinstance(doc[section], str):
            continue
        raw = files[str(doc[section])].read_text(encoding="utf-8")
        found = tomlkit.parse(_ALONE.sub("", raw))
        del doc[section]
        if section == "loop":
            chain = found["loop"]["chain"]
            found["loop"]["chain"] = chain["value"] if isinstance(chain, dict) else chain
            doc.add(section, found[section])
            if "calendar" not in doc:
                doc.add("calendar", found["calendar"])
        else:
            number = _number(1, "assumed", "first version of this file", (1, 1))
            points = tomlkit.table()
            for key, value in {"id": "", "version": number, "source": ""}.items():
                points.add(key, value)
            for key, value in found["versions"][-1].items():
                if key not in points:
                    points.add(key, value)
            doc.add(section, points)


def _change_area(doc: Any, county: NewArea, given: _Given, like: str) -> None:  # noqa: ANN401 - as above
    doc["id"] = doc["prefix"] = doc["loop"]["name"] = county.id
    doc["loop"]["chain"] = [desk for desk in doc["loop"]["chain"] if county.counts.get(desk)]
    for key in _TIED:  # others are tied to the other area, or stand in it
        doc.pop(key, None)
    doc["name_zh"], doc["name_en"] = county.name_zh, county.name_en
    doc["document"] = f"set by practice-core new, from {like} and files of the county"
    doc["points"]["id"] = f"{county.id}-default"
    doc["points"]["source"] = f"as in {like}; this county's own rules may differ"
    doc["outline"] = OUTLINE
    if given.sites is not None:
        doc["sites"] = SITES
        if given.boundary is None:
            del doc["outline"]
    if given.teams is not None:
        doc["teams"] = TEAMS
    if county.counted:
        del doc["network"]  # the sites are counted, whenever the table changes
    else:
        for level, count in county.counts.items():
            most = 1 if level is Level.CENTER else 2 * count
            why = f"as in {like}, until sites are listed"
            doc["network"][level] = _number(count, "assumed", why, span=((count + 1) // 2, most))
    published = tomlkit.table()
    published.add(
        tomlkit.comment("Figures of your county that documents give, each with its basis.")
    )
    published.add(tomlkit.nl())
    doc["published"] = published


def _change_scenario(doc: Any, county: NewArea, values: Mapping[str, Any]) -> None:  # noqa: ANN401 - as above
    before, like = values["scenario.toml"], values["area.toml"]["name_en"]
    here, there = county.counts[Level.STATION], _like_counts(values["area.toml"])[Level.STATION]
    if county.counted:
        weights = [1] * county.counts[Level.INSTITUTE]
        why = "by id; equal until the population of each town is known"
        doc["city"]["institute_weights"] = _number(weights, "assumed", why, scale=(0.5, 2))
    node, per_year = doc["resident"]["per_year"], before["resident"]["per_year"]
    usual, least, most = (n / there / 12 for n in (per_year, *map(int, node["range"])))
    arithmetic = (
        f"{usual:g} orders x {here:,} stations x 12 months; "
        f"{usual:g} is assumed, {least:g} to {most:g}"
    )
    span = (round(least * here * 12), round(most * here * 12))
    doc["resident"]["per_year"] = _number(round(usual * here * 12), "derived", arithmetic, span)
    scaled = {
        ("site_request", "per_year"): before["site_request"]["per_year"],
        ("own_activity", "per_year"): before["own_activity"]["per_year"],
        ("teams", "count"): before["teams"]["count"],
    }
    for (section, key), number in scaled.items():
        given = doc[section][key].get("range", (number / 2, 2 * number))
        least = min(1, number)  # none at all stays none
        low, high = (max(least, round(float(n) * here / there)) for n in given)
        count = max(least, round(number * here / there))
        why = f"{number:,} x {here:,} / {there:,}: by stations, as in {like}"
        doc[section][key] = _number(count, "assumed", why, (low, high))
    if county.teams is not None:
        doc["teams"]["count"] = _number(county.teams, "derived", f"counted in {TEAMS}")
    for section, key in _DERIVED:
        node, number = doc[section][key], before[section][key]
        said = node.get("arithmetic")
        why = f"as in {like}, where it is {said}" if said else f"as in {like}: {node['why']}"
        span = tuple(node.get("range", (number, number)))
        doc[section][key] = _number(number, "assumed", why, span)
    for section, key in _LIKE:
        node = doc[section][key]
        node["why"] = f"as in {like}: {node['why']}"
    for section, key in _LEVEL_SHARES:
        _move_up(doc[section][key], county.counts)
    if not county.counts[Level.INSTITUTE]:
        why = "there is no institute to belong to"
        doc["teams"]["lifted_share"] = _number(0, "assumed", why, (0, 0))


def _add_archetypes(doc: Any, teams: Iterable[TeamRow], like: str) -> None:  # noqa: ANN401 - as above
    """Say who the members are for categories of which the other area says nothing."""
    kinds = len(doc["free"])
    for category in sorted({row.categories[0] for row in teams} - doc["archetypes"].keys()):
        why = f"{like} says nothing of {category}: equal until it is known who the members are"
        shares = _number([1 / kinds] * kinds, "assumed", why, scale=(0.5, 2))
        doc["archetypes"][str(category)] = shares


def _move_up(node: Any, counts: Mapping[Level, int]) -> None:  # noqa: ANN401 - as above
    """Give the share of levels that the county has not to the next above that it has."""
    shares, order, absent = node["value"], list(Level), []
    for level in reversed(order):
        share = float(shares.get(str(level), 0))
        if share and not counts[level]:
            above = next(one for one in reversed(order[: level.rank]) if counts[one])
            shares[str(above)] = round(float(shares.get(str(above), 0)) + share, 9)
            shares[str(level)] = 0
            absent.append(f"no {level}")
    if absent:
        node["why"] = (
            f"{node['why']}; there is {' and '.join(absent)}: the level above has its part"
        )


def _number(
    value: float | Sequence[float],
    basis: str,
    source: str,
    span: tuple[float, ...] | None = None,
    scale: tuple[float, float] | None = None,
) -> Any:  # noqa: ANN401 - as above
    """Give a number table as it stands in a file."""
    said = {"derived": "arithmetic", "assumed": "why"}[basis]
    parts = [f"value = {_literal(value)}", f'basis = "{basis}"']
    parts += [f"range = {_literal(span)}"] if span else []
    parts += [f"scale = {_literal(scale)}"] if scale else []
    parts.append(f"{said} = {tomlkit.string(source).as_string()}")
    return tomlkit.parse(f"number = {{ {', '.join(parts)} }}\n")["number"]


def _literal(value: float | Sequence[float]) -> str:
    if isinstance(value, (int, float)):
        return f"{value:_}"
    parts = [_literal(part) for part in value]
    if len(parts) <= _IN_A_LINE:
        return f"[{', '.join(parts)}]"
    # A file may not have lines of any length, but a county any number of institutes.
    lines = (", ".join(parts[n : n + _IN_A_LINE]) for n in range(0, len(parts), _IN_A_LINE))
    return "[\n  " + ",\n  ".join(lines) + "\n]"


def _outline_of(like: str, file: str) -> Boundary:
    folder = resources.files("practice_core.areas")
    return read_outline(folder.joinpath(like, file).read_bytes(), f"{like}/{file}")


def _text(like: str, file: str) -> str:
    folder = resources.files("practice_core.areas")
    return folder.joinpath(like, file).read_text(encoding="utf-8")


def _like_counts(values: Mapping[str, Any]) -> dict[Level, int]:
    return {level: values["network"].get(str(level), 0) for level in Level}


def _counts(sites: Iterable[SiteRow]) -> dict[Level, int]:
    found = dict.fromkeys(Level, 0)
    for row in sites:
        found[row.level] += 1
    return found


def _placed(sites: Iterable[SiteRow]) -> int:
    return sum(row.lon is not None for row in sites)


def _center_position(sites: Iterable[SiteRow]) -> tuple[float, float] | None:
    for row in sites:
        if row.level is Level.CENTER and row.lon is not None and row.lat is not None:
            return row.lon, row.lat
    return None


def _folder_faults(folder: Path) -> Iterator[Fault]:
    if str(folder) in area_names():
        known, expected = "the name of an area that ships", "a name that means nothing else"
        yield Fault(str(folder), known, expected, "name the folder otherwise")
        return
    try:
        found = "a symbolic link" if folder.is_symlink() else _foreign(folder.resolve())
    except OSError as error:
        found = str(error.strerror)
    except (RuntimeError, ValueError) as error:  # links in a circle; a name that no folder can have
        found = str(error)
    if found is not None:
        yield Fault(str(folder), found, _FOLDER, "name another folder")


def _foreign(folder: Path) -> str | None:
    if not folder.exists():
        return None
    if not folder.is_dir():
        return "a file"
    inside = min(folder.iterdir(), default=None)
    return None if inside is None else f"holds {inside.name}"


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    try:
        with staged_folder(folder, _foreign, subject="new", expected=_FOLDER) as fresh:
            for file, text in texts.items():
                (fresh / file).write_bytes(text.encode())
            load_area(fresh)
    except OSError as error:
        remedy = "make room, or name another folder"
        fault = Fault(str(folder), str(error.strerror), "a folder that can be written", remedy)
        raise DefinitionError("new", (fault,)) from None
