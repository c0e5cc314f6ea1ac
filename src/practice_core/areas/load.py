"""Areas as folders of files: those that ship, and a county's own.

A folder holds ``area.toml`` and ``scenario.toml`` and, as the first names them, an outline
(GeoJSON) and tables of sites and teams (CSV). A folder of one's own comes from outside: only
ordinary files of the folder itself are read, each is bounded, and all that is wrong with any of
them is said at once.
"""

from __future__ import annotations

from functools import cache, partial
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from practice_core.areas.area import Area
from practice_core.areas.calendars import USUAL, CalendarFile, calendar_of, time_of_day
from practice_core.areas.files import beside, read, structure
from practice_core.areas.geojson import read_outline
from practice_core.areas.inputs import LARGEST_TABLE, file_bytes
from practice_core.areas.links import LinksFile, chain_faults, linked, links_of
from practice_core.areas.loops import LoopFile, loop_files, profile_of, read_loop
from practice_core.areas.placement import made_up_rows
from practice_core.areas.rows import read_relations, read_sites, read_teams
from practice_core.areas.schemes import PointsFile, read_rules, rule_set, scheme_files
from practice_core.areas.special import SpecialFile, special_of
from practice_core.areas.tables import summed_up
from practice_core.errors import DefinitionError, Fault, UnknownName, attempt, did_you_mean
from practice_core.hierarchy import Level, Relation, RelationKind, SiteKind
from practice_core.orders import Links
from practice_core.units import SiteId, is_identifier
from practice_core.volunteers import BLOCKS_A_DAY, DayParts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from importlib.resources.abc import Traversable
    from os import PathLike

    from practice_core.areas.files import Basis
    from practice_core.areas.loops import Loop
    from practice_core.areas.rows import SiteRow
    from practice_core.areas.schemes import Scheme
    from practice_core.areas.special import Special
    from practice_core.points import RuleSet
    from practice_core.units import Duration

__all__ = [
    "area_names",
    "load_area",
    "load_loop",
    "load_rules",
    "loop_names",
    "rules_names",
    "scenario_bytes",
]

T = TypeVar("T")

_MOST_SITES = 200_000
"""Of one level: a whole country's county has a thousandth of it."""


@attrs.frozen
class _AreaFile:
    id: str
    prefix: str
    name_zh: str
    name_en: str
    document: str
    calendar: CalendarFile
    day_parts: dict[str, list[str]]
    loop: LoopFile
    points: PointsFile | None = None
    outline: str | None = None
    sites: str | None = None
    teams: str | None = None
    relations: str | None = None
    seat: list[float] | None = None
    network: dict[Level, int] | None = None
    published: dict[str, int] = attrs.field(factory=dict)
    links: LinksFile | None = None
    special: dict[SiteKind, SpecialFile] = attrs.field(factory=dict)
    demonstration: dict[Level, int] = attrs.field(factory=dict)


def area_names() -> tuple[str, ...]:
    """Give the names of the areas that ship."""
    return tuple(sorted(f.name for f in _package().iterdir() if f.joinpath("area.toml").is_file()))


def load_area(where: str | PathLike[str]) -> Area:
    """Load an area.

    Parameters
    ----------
    where
        The name of an area that ships, or the folder of one of your own.

    Raises
    ------
    UnknownName
        If it is neither.
    DefinitionError
        With every fault of the area's files, each with its file and its line or key.

    Examples
    --------
    >>> area = load_area("wujiang")
    >>> area.name_zh, sum(area.counts.values()), area.profile.chain
    ('吴江', 801, (<Desk.CENTER: 'center'>, <Desk.ALLIED: 'allied'>))
    """
    if isinstance(where, str) and where in area_names():
        return _shipped(where)
    return _Reader(_folder(where), str(where)).area()


def loop_names() -> tuple[str, ...]:
    """Give the names of the loops that ship, those of areas among them."""
    return tuple(sorted({*area_names(), *loop_files()}))


def load_loop(where: str | PathLike[str]) -> Loop:
    """Load an order loop.

    Parameters
    ----------
    where
        The name of a loop or of an area that ships; the file of a loop of your own, as ``*.toml``;
        or the folder of an area of your own.

    Raises
    ------
    UnknownName
        If it is none of them.
    DefinitionError
        With every fault of the file or the area, each at its line or key.

    Examples
    --------
    >>> loop = load_loop("tengzhou")
    >>> [step.zh for step in loop.profile.steps]
    ['群众点单', '志愿者接单', '群众评单']
    >>> loop.basis("loop.steps").kind.value, loop.basis("loop.tries").kind.value
    ('published', 'assumed')
    """
    if isinstance(where, str) and where in loop_files():
        return _shipped_loop(where)
    if (raw := _file(where, "loop", "the file of a loop, *.toml")) is not None:
        return read_loop(raw, Path(where).name)
    return _area_of(where, "loop", loop_names()).loop


def rules_names() -> tuple[str, ...]:
    """Give the names of the points schemes that ship, those of areas among them."""
    return tuple(sorted({*area_names(), *scheme_files()}))


def load_rules(where: str | PathLike[str]) -> Scheme:
    """Load a points scheme.

    Parameters
    ----------
    where
        The name of a scheme or of an area that ships; the file of a scheme of your own, as
        ``*.toml``; or the folder of an area of your own.

    Raises
    ------
    UnknownName
        If it is none of them.
    DefinitionError
        With every fault of the file or the area, each at its line or key.

    Examples
    --------
    >>> scheme = load_rules("huangyan")
    >>> rules = scheme.versions[-1]
    >>> rules.rate_per_hour, rules.quantum, scheme.basis("rate_per_hour").kind.value
    (Fraction(1, 2), 120, 'published')
    """
    if isinstance(where, str) and where in scheme_files():
        return _shipped_rules(where)
    if (raw := _file(where, "points rules", "the file of points rules, *.toml")) is not None:
        return read_rules(raw, Path(where).name)
    return _area_of(where, "points rules", rules_names()).scheme


def scenario_bytes(where: str | PathLike[str]) -> bytes:
    """Give an area's base scenario, as `read` takes it.

    Raises
    ------
    UnknownName
        If there is no area of this name, and no such folder.
    DefinitionError
        If the file is missing, unreadable or too large.
    """
    return _bytes(_folder(where), "scenario.toml")


@cache
def _shipped(name: str) -> Area:
    return _Reader(_folder(name), name).area()


@cache
def _shipped_loop(name: str) -> Loop:
    return read_loop(loop_files()[name].read_bytes(), f"{name}.toml")


@cache
def _shipped_rules(name: str) -> Scheme:
    return read_rules(scheme_files()[name].read_bytes(), f"{name}.toml")


def _file(where: str | PathLike[str], subject: str, expected: str) -> bytes | None:
    """Give the bytes of a file of one's own; None if it is none, as the folder of an area."""
    path = Path(where)
    if path.suffix == ".toml":
        return file_bytes(path, most=LARGEST_TABLE)
    if path.is_file():
        fault = Fault(str(where), "a file of another kind", expected, "rename it")
        raise DefinitionError(subject, (fault,))
    return None


def _area_of(where: str | PathLike[str], subject: str, known: Iterable[str]) -> Area:
    """Give the area that a loop or a scheme belongs to."""
    try:
        return load_area(where)
    except UnknownName:
        kind = f"{subject}, file or folder"
        raise UnknownName(kind, str(where), known) from None


def _package() -> Traversable:
    return resources.files("practice_core.areas")


def _folder(where: str | PathLike[str]) -> Traversable:
    """Give the folder of an area: one that ships, else one of the user's."""
    if isinstance(where, str) and where in area_names():
        return _package().joinpath(where)
    folder = Path(where)
    try:
        is_folder, is_file = folder.is_dir(), folder.is_file()
    except OSError as error:  # a name too long, a folder above that may not be entered
        expected = "the name of an area, or a folder"
        fault = Fault(str(where), str(error.strerror), expected, "mend the path or the permissions")
        raise DefinitionError("area", (fault,)) from None
    if is_file:
        fault = Fault(
            str(where), "a file", "a folder", f"name the folder it is in, {folder.parent}"
        )
        raise DefinitionError("area", (fault,))
    if not str(where) or not is_folder:
        kind = "area or folder"
        raise UnknownName(kind, str(where), area_names())
    return folder


def _bytes(folder: Traversable, file: str) -> bytes:
    """Read a file of the folder itself: no link, nothing but an ordinary file."""
    if not isinstance(folder, Path):
        return folder.joinpath(file).read_bytes()
    return file_bytes(folder / file, most=LARGEST_TABLE, follow=False)


class _Reader:
    """Reads the files of one area and keeps account of what is wrong with any."""

    def __init__(self, folder: Traversable, subject: str) -> None:
        self.folder = folder
        self.subject = subject
        self.faults: list[Fault] = []
        self.digest = blake2b(digest_size=16)
        self.scheme: Scheme | None = None

    def area(self) -> Area:
        file, values, bases = self.definition()
        boundary = self.named("outline", values, read_outline)
        outline = None if boundary is None else boundary.outline
        sites = self.named("sites", values, partial(read_sites, outline=outline))
        teams = self.named("teams", values, partial(read_teams, sites=sites))
        special = self.special(file)
        known = self.made_up(file, special) if sites is None else sites
        relations = self.named("relations", values, partial(read_relations, sites=known))
        if file is None:
            raise DefinitionError(self.subject, self.faults)
        calendar = self.attempt("area.toml", lambda: calendar_of(file.calendar))
        parts = self.attempt("area.toml", lambda: _day_parts(file.day_parts))
        # What is wrong with the loop and the points can be said without the right calendar.
        usual = calendar or USUAL
        profile = self.attempt("area.toml", lambda: profile_of(file.loop, usual))
        rules = self.rules(file, usual.offset)
        seat = self.seat(file) or (None if boundary is None else boundary.seat)
        if file.teams is not None and file.sites is None:
            remedy = "name the table of sites too"
            self.fault("teams", "teams without sites", "the sites of their homes", remedy)
        counts = self.counts(file, sites)
        links = self.links(file, sites)
        if links is not None:
            links = linked(links, sites or (), relations or ())
        if profile is not None and links is not None and any(counts.values()):
            self.add("area.toml", chain_faults(profile, counts, links))
        if file.sites is None and outline is None and file.outline is None:
            self.fault("outline", "nothing, and no sites", "a GeoJSON file", "name the outline")
        center = next((row for row in sites or () if row.level is Level.CENTER), None)
        if center is not None and center.lon is not None and center.lat is not None:
            seat = center.lon, center.lat
        if seat is None and not self.faults:
            self.fault("seat", "nothing", "[lon, lat] of the seat", "give it, with its basis")
        if self.faults or not (calendar and parts and profile and rules and seat and links):
            raise DefinitionError(self.subject, self.faults)
        return Area(
            id=file.id,
            name_zh=file.name_zh,
            name_en=file.name_en,
            document=file.document,
            prefix=file.prefix if center is None else center.id,
            counts=counts,
            published=file.published,
            outline=outline,
            seat=seat,
            calendar=calendar,
            parts=parts,
            profile=profile,
            links=links,
            rules=rules,
            sites=sites,
            teams=teams,
            relations=(*(relations or ()), *_alliances(file, links, relations or ())),
            special=special,
            demonstration=file.demonstration,
            values=values,
            bases=bases,
            digest=self.digest.hexdigest(),
        )

    # -- the files ------------------------------------------------------------------------------

    def attempt(self, file: str, build: Callable[[], T], section: str = "") -> T | None:
        """Build something from a file, or keep what is wrong with it, under the file's name."""
        found: list[Fault] = []
        built = attempt(found, build)
        self.add(file, [attrs.evolve(one, place=f"{section}{one.place}") for one in found])
        return built

    def add(self, file: str, faults: Iterable[Fault]) -> None:
        """Keep faults of a file, under its name."""
        self.faults += [fault.inside(file) for fault in faults]

    def fault(self, key: str, found: str, expected: str, remedy: str) -> None:
        self.faults.append(Fault(f"area.toml: {key}", found, expected, remedy))

    def raw(self, file: str) -> bytes:
        """Read a file, and make it part of the digest."""
        raw = _bytes(self.folder, file)
        self.digest.update(f"\n{file} {len(raw)}\n".encode())
        self.digest.update(raw)
        return raw

    def definition(self) -> tuple[_AreaFile | None, dict[str, Any], dict[str, Basis]]:
        """Give what area.toml says: as a whole unless something is missing, and value by value."""
        bare: list[Fault] = []
        given = self.attempt("area.toml", lambda: read(self.raw("area.toml"), "area.toml", bare))
        values, bases = given or ({}, {})
        self.fetch(values, bases)
        others: list[Fault] = []
        file = attempt(others, structure, values, _AreaFile, "area.toml") if given else None
        self.add("area.toml", summed_up("area.toml", beside(bare, others)).faults)
        identifiers = {"id": file.id, "prefix": file.prefix} if file else {}
        for key, text in identifiers.items():
            if not is_identifier(f"{text}-s0001"):
                expected = "1 to 58 of A-Za-z0-9._:-, first a letter or digit"
                self.fault(key, repr(text), expected, "rename it")
        return file, values, bases

    def fetch(self, values: dict[str, Any], bases: dict[str, Basis]) -> None:
        """Put in the loop and the points rules that are named: they ship in files of their own."""
        loop, points = values.get("loop"), values.get("points")
        if isinstance(loop, str) and (file := self.shipped("loop", loop, loop_files())) is not None:
            told, based = read(file, f"{loop}.toml")
            sections = ("loop", *({"calendar"} - values.keys()))
            values |= {key: told[key] for key in sections if key in told}
            inside = tuple(f"{key}." for key in sections)
            bases |= {key: one for key, one in based.items() if f"{key}.".startswith(inside)}
        if isinstance(points, str):
            del values["points"]
            if self.shipped("points", points, scheme_files()) is not None:
                self.scheme = _shipped_rules(points)
                bases |= {f"points.{key}": one for key, one in self.scheme.bases[-1].items()}

    def shipped(self, key: str, name: str, files: Mapping[str, Traversable]) -> bytes | None:
        """Read a file that ships, and make it part of the digest."""
        if name not in files:
            remedy = f"{did_you_mean(name, sorted(files))}name one, or write the section"
            self.fault(key, repr(name), f"one of {', '.join(sorted(files))}", remedy)
            return None
        raw = files[name].read_bytes()
        self.digest.update(f"\n{key} {name} {len(raw)}\n".encode())
        self.digest.update(raw)
        return raw

    def rules(self, file: _AreaFile, offset: Duration) -> RuleSet | None:
        """Give the points rules: those named, or those that the section says."""
        if self.scheme is not None:
            return self.scheme.versions[-1]
        section = file.points
        if section is None:
            self.fault("points", "nothing", "points rules", "name some, or write the section")
            return None
        return self.attempt("area.toml", lambda: _rules(section, offset), "points.")

    def named(
        self, key: str, values: Mapping[str, Any], understand: Callable[[bytes, str], T]
    ) -> T | None:
        """Read the file that a key of area.toml names, if it names one: a file of the folder."""
        name = values.get(key)
        if not isinstance(name, str):
            return None
        if not name or Path(name).name != name or "\0" in name or "\\" in name:
            self.fault(key, repr(name), "the name of a file of the folder", "move it there")
            return None
        return self.attempt(name, lambda: understand(self.raw(name), name))

    def special(self, file: _AreaFile | None) -> tuple[Special, ...]:
        """Give the special sites that will be made up beside the ordinary ones."""
        if file is None or not file.special:
            return ()
        if file.sites is not None:
            remedy = "list them in the table of sites"
            self.fault("special", f"made-up sites beside {file.sites}", "one of the two", remedy)
            return ()
        found = self.attempt("area.toml", lambda: special_of(file.special)) or ()
        for one in found:
            if not (file.network or {}).get(one.on):
                expected = f"sites of the level {one.on} in [network]"
                self.fault(f"special.{one.kind}", "nothing to hang on", expected, "count them")
        return found

    def made_up(
        self, file: _AreaFile | None, special: tuple[Special, ...]
    ) -> tuple[SiteRow, ...] | None:
        """Give the sites that will be made up, so that relations may name them."""
        if file is None or file.sites is not None or file.relations is None:
            return None
        counts = file.network or {}
        sound = all(0 <= count <= _MOST_SITES for count in counts.values())
        return made_up_rows(file.prefix, counts, special) if sound else None

    def seat(self, file: _AreaFile) -> tuple[float, float] | None:
        if file.seat is None:
            return None
        if len(file.seat) != 2:  # noqa: PLR2004 - longitude and latitude
            self.fault("seat", repr(file.seat), "[lon, lat]", "give two numbers")
            return None
        return file.seat[0], file.seat[1]

    def links(self, file: _AreaFile, sites: tuple[SiteRow, ...] | None) -> Links | None:
        """Give the desks beyond the tree; their sites are looked up where they are known."""
        section = file.links
        if section is None:
            return Links()
        known = None if sites is None else sorted(row.id for row in sites)
        return self.attempt("area.toml", lambda: links_of(section, known))

    def counts(self, file: _AreaFile, sites: tuple[SiteRow, ...] | None) -> Mapping[Level, int]:
        """Give the sites by level: as counted in the table, else as area.toml says."""
        if sites is None:
            if file.network is None and file.sites is None:
                expected = "how many sites of each level, or a table of sites"
                self.fault("network", "nothing", expected, "add one of the two")
            for level, count in file.demonstration.items():
                most = (file.network or {}).get(level, 0)
                if not 0 <= count <= most:
                    expected = f"0 to {most:,}, as many as there are"
                    self.fault(f"demonstration.{level}", str(count), expected, "mend the number")
            for level, count in (file.network or {}).items():
                if not 0 <= count <= _MOST_SITES:
                    expected = f"0 to {_MOST_SITES:,}"
                    self.fault(f"network.{level}", str(count), expected, "mend the number")
            return file.network or {}
        counted = {level: sum(row.level is level for row in sites) for level in Level}
        for level, count in (file.network or {}).items():
            if count != counted[level]:
                found, expected = str(count), f"{counted[level]}, as many as {file.sites} has"
                self.fault(f"network.{level}", found, expected, "remove it: the sites are counted")
        return counted


def _alliances(file: _AreaFile, links: Links, known: Iterable[Relation]) -> Iterable[Relation]:
    """Give the ties to allied centers that orders may escalate to, and that no table names."""
    if file.sites is not None:
        return ()  # who has a table of sites has one of relations, or none
    named = {one.other for one in known if one.kind is RelationKind.ALLIANCE}
    center = SiteId(file.prefix)
    return tuple(
        Relation(RelationKind.ALLIANCE, center, other)
        for other in links.allied
        if other not in named
    )


def _day_parts(found: Mapping[str, list[str]]) -> DayParts:
    faults: list[Fault] = []
    spans = []
    for name, pair in found.items():
        key = f"day_parts.{name}"
        if len(pair) == 2:  # noqa: PLR2004 - from and to
            opens, closes = (
                time_of_day(f"{key}[{n}]", text, faults) for n, text in enumerate(pair)
            )
            spans.append((opens, closes))
        else:
            faults.append(Fault(key, repr(pair), '["HH:MM", "HH:MM"]', "give two times"))
    if len(found) != BLOCKS_A_DAY or (not faults and not _ascend(spans)):
        expected = f"{BLOCKS_A_DAY} parts of a day, one after another"
        faults.append(Fault("day_parts", repr(dict(found)), expected, "mend the hours"))
    if faults:
        raise DefinitionError("day_parts", faults)
    return DayParts(tuple(spans))


def _ascend(spans: Iterable[tuple[Duration, Duration]]) -> bool:
    edges = [edge for span in spans for edge in span]
    return edges == sorted(set(edges))


def _rules(found: PointsFile, offset: Duration) -> RuleSet:
    return rule_set(found, (found.id, found.version, found.source), offset)
