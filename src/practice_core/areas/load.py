"""Areas as folders of files: those that ship, and a county's own.

A folder holds ``area.toml`` and ``scenario.toml`` and, as the first names them, an outline
(GeoJSON) and tables of sites and teams (CSV). A folder of one's own comes from outside: only
ordinary files of the folder itself are read, each is bounded, and all that is wrong with any of
them is said at once.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from practice_core.areas.area import Area
from practice_core.areas.files import read, structure
from practice_core.areas.geojson import read_outline
from practice_core.areas.inputs import LARGEST_TABLE, file_bytes
from practice_core.areas.rows import read_sites, read_teams
from practice_core.errors import DefinitionError, Fault, UnknownName, attempt
from practice_core.hierarchy import Level
from practice_core.orders import LoopProfile, Step
from practice_core.points import RuleSet
from practice_core.units import DAY, HOUR, Calendar, clock, instant, is_identifier
from practice_core.volunteers import DayParts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable
    from os import PathLike

    from practice_core.areas.files import Basis
    from practice_core.areas.rows import SiteRow, TeamRow
    from practice_core.hierarchy import Outline

__all__ = ["area_names", "load_area", "scenario_bytes"]

T = TypeVar("T")

_MOST_SITES = 200_000
"""Of one level: a whole country's county has a thousandth of it."""
_FARTHEST_EAST = 14


@attrs.frozen
class _CalendarFile:
    utc_offset_hours: int
    working_weekdays: list[int]
    opens: str
    closes: str


@attrs.frozen
class _LoopFile:
    name: str
    chain: list[Level]
    tries: int
    review_within_hours: float
    offer_open_hours: float
    schedule_within_hours: float
    rating_within_days: float
    satisfied_from: int
    redos: int
    redo_within_working_days: int
    steps: list[Step]
    desk_within_hours: float | None = None
    showcase_within_days: float | None = None


@attrs.frozen
class _PointsFile:
    id: str
    version: int
    rate_per_hour: int
    quantum_minutes: int
    effective: str
    source: str


@attrs.frozen
class _AreaFile:
    id: str
    prefix: str
    name_zh: str
    name_en: str
    document: str
    calendar: _CalendarFile
    day_parts: dict[str, list[str]]
    loop: _LoopFile
    points: _PointsFile
    outline: str | None = None
    sites: str | None = None
    teams: str | None = None
    seat: list[float] | None = None
    network: dict[Level, int] | None = None
    published: dict[str, int] = attrs.field(factory=dict)


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
    ('吴江', 801, (<Level.CENTER: 'center'>,))
    """
    if isinstance(where, str) and where in area_names():
        return _shipped(where)
    return _Reader(_folder(where), str(where)).area()


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


def _package() -> Traversable:
    return resources.files("practice_core.areas")


def _folder(where: str | PathLike[str]) -> Traversable:
    """Give the folder of an area: one that ships, else one of the user's."""
    if isinstance(where, str) and where in area_names():
        return _package().joinpath(where)
    folder = Path(where)
    if not str(where) or not folder.is_dir():
        kind = "area or folder"
        raise UnknownName(kind, str(where), area_names())
    return folder


def _bytes(folder: Traversable, file: str, most: int = LARGEST_TABLE) -> bytes:
    """Read a file of the folder itself: no other place, no link, nothing but an ordinary file."""
    if not isinstance(folder, Path):
        return folder.joinpath(file).read_bytes()
    if Path(file).name != file or "\0" in file or "\\" in file:
        fault = Fault(file, "not the name of a file", "a file of the folder", "move it there")
        raise DefinitionError(file, (fault,))
    return file_bytes(folder / file, most=most, follow=False)


class _Reader:
    """Reads the files of one area and keeps account of what is wrong with any."""

    def __init__(self, folder: Traversable, subject: str) -> None:
        self.folder = folder
        self.subject = subject
        self.faults: list[Fault] = []
        self.digest = blake2b(digest_size=16)

    def area(self) -> Area:
        given = self.attempt("area.toml", self.definition)
        if given is None:
            raise DefinitionError(self.subject, self.faults)
        file, values, bases = given
        calendar = self.attempt("area.toml", lambda: _calendar(file.calendar))
        parts = self.attempt("area.toml", lambda: _day_parts(file.day_parts))
        profile = rules = None
        if calendar is not None:
            profile = self.attempt("area.toml", lambda: _profile(file.loop, calendar))
            rules = self.attempt("area.toml", lambda: _rules(file.points, calendar))
        outline, seat = self.outline(file)
        sites = self.sites(file, outline)
        teams = self.teams(file, sites)
        counts = self.counts(file, sites)
        if file.sites is None and outline is None and file.outline is None:
            self.fault("outline", "nothing, and no sites", "a GeoJSON file", "name the outline")
        center = next((row for row in sites or () if row.level is Level.CENTER), None)
        if center is not None and center.lon is not None and center.lat is not None:
            seat = center.lon, center.lat
        if seat is None and not self.faults:
            self.fault("seat", "nothing", "[lon, lat] of the seat", "give it, with its basis")
        if self.faults or not (calendar and parts and profile and rules and seat):
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
            rules=rules,
            sites=sites,
            teams=teams,
            values=values,
            bases=bases,
            digest=self.digest.hexdigest(),
        )

    # -- the files ------------------------------------------------------------------------------

    def attempt(self, file: str, build: Callable[[], T]) -> T | None:
        """Build something from a file, or keep what is wrong with it, under the file's name."""
        found: list[Fault] = []
        built = attempt(found, build)
        for fault in found:
            inside = fault.place.startswith(file)
            place = fault.place if inside else f"{file}: {fault.place}"
            self.faults.append(attrs.evolve(fault, place=place))
        return built

    def fault(self, key: str, found: str, expected: str, remedy: str) -> None:
        self.faults.append(Fault(f"area.toml: {key}", found, expected, remedy))

    def raw(self, file: str) -> bytes:
        """Read a file, and make it part of the digest."""
        raw = _bytes(self.folder, file)
        self.digest.update(f"\n{file} {len(raw)}\n".encode())
        self.digest.update(raw)
        return raw

    def definition(self) -> tuple[_AreaFile, dict[str, Any], dict[str, Basis]]:
        values, bases = read(self.raw("area.toml"), "area.toml")
        file = structure(values, _AreaFile, "area.toml")
        identifiers = {"id": file.id, "prefix": file.prefix}
        texts = ("name_zh", "name_en", "document")
        faults = [
            Fault(key, repr(getattr(file, key)), "text without control characters", "retype it")
            for key in texts
            if not getattr(file, key).isprintable()
        ]
        faults += [
            Fault(key, repr(text), "1 to 58 of A-Za-z0-9._:-, first a letter or digit", "rename it")
            for key, text in identifiers.items()
            if not is_identifier(f"{text}-s0001")
        ]
        if faults:
            raise DefinitionError("area.toml", faults)
        return file, values, bases

    def outline(self, file: _AreaFile) -> tuple[Outline | None, tuple[float, float] | None]:
        """Give the outline, and the seat that area.toml or the outline's own properties name."""
        seat = None
        if file.seat is not None:
            if len(file.seat) == 2:  # noqa: PLR2004 - longitude and latitude
                seat = file.seat[0], file.seat[1]
            else:
                self.fault("seat", repr(file.seat), "[lon, lat]", "give two numbers")
        if file.outline is None:
            return None, seat
        name = file.outline
        found = self.attempt(name, lambda: read_outline(self.raw(name), name))
        if found is None:
            return None, seat
        return found.outline, seat or found.seat

    def sites(self, file: _AreaFile, outline: Outline | None) -> tuple[SiteRow, ...] | None:
        name = file.sites
        if name is None:
            return None
        return self.attempt(name, lambda: read_sites(self.raw(name), name, outline))

    def teams(
        self, file: _AreaFile, sites: tuple[SiteRow, ...] | None
    ) -> tuple[TeamRow, ...] | None:
        name = file.teams
        if name is None:
            return None
        if file.sites is None:
            remedy = "name the table of sites too"
            self.fault("teams", "teams without sites", "the sites of their homes", remedy)
        return self.attempt(name, lambda: read_teams(self.raw(name), name, sites))

    def counts(self, file: _AreaFile, sites: tuple[SiteRow, ...] | None) -> Mapping[Level, int]:
        """Give the sites by level: as counted in the table, else as area.toml says."""
        if sites is None:
            if file.network is None and file.sites is None:
                expected = "how many sites of each level, or a table of sites"
                self.fault("network", "nothing", expected, "add one of the two")
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


def _day_parts(found: Mapping[str, list[str]]) -> DayParts:
    pairs = list(found.values())
    faults = [
        Fault(f"day_parts.{name}", repr(pair), '["HH:MM", "HH:MM"]', "give two times")
        for name, pair in found.items()
        if len(pair) != 2  # noqa: PLR2004 - from and to
    ]
    if faults:
        subject = "day parts"
        raise DefinitionError(subject, faults)
    return DayParts(tuple([(clock(a), clock(b)) for a, b in pairs]))


def _calendar(found: _CalendarFile) -> Calendar:
    if abs(found.utc_offset_hours) > _FARTHEST_EAST:
        hours = found.utc_offset_hours
        fault = Fault("calendar.utc_offset_hours", str(hours), "-14 to 14", "8 is China's")
        raise DefinitionError("calendar", (fault,))
    return Calendar.weekly(
        days=found.working_weekdays,
        opens=found.opens,
        closes=found.closes,
        offset=found.utc_offset_hours * HOUR,
    )


def _profile(found: _LoopFile, calendar: Calendar) -> LoopProfile:
    working_day = max(sum(b - a for a, b in spans) for spans in calendar.week)
    desk, showcase = found.desk_within_hours, found.showcase_within_days
    return LoopProfile(
        name=found.name,
        steps=tuple(found.steps),
        calendar=calendar,
        chain=tuple(found.chain),
        tries=found.tries,
        review_within=_ms(found.review_within_hours, HOUR),
        offer_open=_ms(found.offer_open_hours, HOUR),
        schedule_within=_ms(found.schedule_within_hours, HOUR),
        desk_within=None if desk is None else _ms(desk, HOUR),
        rating_within=_ms(found.rating_within_days, DAY),
        satisfied_from=found.satisfied_from,
        redos=found.redos,
        redo_within=found.redo_within_working_days * working_day,
        showcase=None if showcase is None else _ms(showcase, DAY),
    )


def _rules(found: _PointsFile, calendar: Calendar) -> RuleSet:
    zone = dt.timezone(dt.timedelta(milliseconds=calendar.offset))
    try:
        effective = dt.datetime.fromisoformat(found.effective).replace(tzinfo=zone)
    except ValueError:
        fault = Fault("points.effective", repr(found.effective), "YYYY-MM-DD", "give the date")
        raise DefinitionError("points", (fault,)) from None
    return RuleSet(
        id=found.id,
        version=found.version,
        effective=instant(effective),
        rate_per_hour=found.rate_per_hour,
        quantum=found.quantum_minutes,
        source=found.source,
    )


def _ms(count: float, unit: int) -> int:
    return round(count * unit)
