"""Areas as folders of files: those that ship, and a county's own.

A folder holds ``area.toml`` and ``scenario.toml`` and, as the first names them, an outline
(GeoJSON) and tables of sites and teams (CSV). A folder of one's own comes from outside: only
ordinary files of the folder itself are read, each is bounded, and all that is wrong with any of
them is said at once.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache, partial
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from practice_core.areas.area import Area
from practice_core.areas.files import beside, read, structure
from practice_core.areas.geojson import read_outline
from practice_core.areas.inputs import LARGEST_TABLE, file_bytes
from practice_core.areas.rows import read_sites, read_teams
from practice_core.areas.tables import summed_up
from practice_core.errors import DefinitionError, Fault, UnknownName, attempt
from practice_core.hierarchy import Level
from practice_core.orders import Desk, LoopProfile, Step
from practice_core.points import RuleSet
from practice_core.units import DAY, HOUR, Calendar, clock, instant, is_identifier
from practice_core.volunteers import BLOCKS_A_DAY, DayParts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from importlib.resources.abc import Traversable
    from os import PathLike

    from practice_core.areas.files import Basis
    from practice_core.areas.rows import SiteRow
    from practice_core.units import Duration

__all__ = ["area_names", "load_area", "scenario_bytes"]

T = TypeVar("T")

_MOST_SITES = 200_000
"""Of one level: a whole country's county has a thousandth of it."""
_FARTHEST_EAST = 14
_LONGEST_HOLIDAY = 31
_DATES = re.compile(r"(\d{4}-\d\d-\d\d)(?:/(\d{4}-\d\d-\d\d))?", re.ASCII)
_NAMED = 3
_EPOCH = dt.date(1970, 1, 1)
_WITHIN = {
    "review_within_hours": (HOUR, 8_760),
    "offer_open_hours": (HOUR, 8_760),
    "schedule_within_hours": (HOUR, 8_760),
    "desk_within_hours": (HOUR, 8_760),
    "rating_within_days": (DAY, 366),
    "showcase_within_days": (DAY, 366),
}
_COUNTS = {
    "tries": (1, 1_000),
    "satisfied_from": (1, 5),
    "redos": (0, 100),
    "redo_within_working_days": (1, 366),
}
"""What a loop may say: its clocks with their units and the most of each, its counts."""


@attrs.frozen
class _CalendarFile:
    utc_offset_hours: int
    working_weekdays: list[int]
    opens: str
    closes: str
    holidays: list[str] = attrs.field(factory=list)
    make_up_days: list[str] = attrs.field(factory=list)
    holidays_document: str = ""


@attrs.frozen
class _LoopFile:
    name: str
    chain: list[Desk]
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
    ('吴江', 801, (<Desk.CENTER: 'center'>,))
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

    def area(self) -> Area:
        file, values, bases = self.definition()
        boundary = self.named("outline", values, read_outline)
        outline = None if boundary is None else boundary.outline
        sites = self.named("sites", values, partial(read_sites, outline=outline))
        teams = self.named("teams", values, partial(read_teams, sites=sites))
        if file is None:
            raise DefinitionError(self.subject, self.faults)
        calendar = self.attempt("area.toml", lambda: _calendar(file.calendar))
        parts = self.attempt("area.toml", lambda: _day_parts(file.day_parts))
        # What is wrong with the loop and the points can be said without the right calendar.
        usual = calendar or Calendar.weekly(days=range(5), opens="08:30", closes="17:30")
        profile = self.attempt("area.toml", lambda: _profile(file.loop, usual))
        rules = self.attempt("area.toml", lambda: _rules(file.points, usual), "points.")
        seat = self.seat(file) or (None if boundary is None else boundary.seat)
        if file.teams is not None and file.sites is None:
            remedy = "name the table of sites too"
            self.fault("teams", "teams without sites", "the sites of their homes", remedy)
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
        others: list[Fault] = []
        file = attempt(others, structure, values, _AreaFile, "area.toml") if given else None
        self.add("area.toml", summed_up("area.toml", beside(bare, others)).faults)
        identifiers = {"id": file.id, "prefix": file.prefix} if file else {}
        for key, text in identifiers.items():
            if not is_identifier(f"{text}-s0001"):
                expected = "1 to 58 of A-Za-z0-9._:-, first a letter or digit"
                self.fault(key, repr(text), expected, "rename it")
        return file, values, bases

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

    def seat(self, file: _AreaFile) -> tuple[float, float] | None:
        if file.seat is None:
            return None
        if len(file.seat) != 2:  # noqa: PLR2004 - longitude and latitude
            self.fault("seat", repr(file.seat), "[lon, lat]", "give two numbers")
            return None
        return file.seat[0], file.seat[1]

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
    faults: list[Fault] = []
    spans = []
    for name, pair in found.items():
        key = f"day_parts.{name}"
        if len(pair) == 2:  # noqa: PLR2004 - from and to
            opens, closes = (_clock(f"{key}[{n}]", text, faults) for n, text in enumerate(pair))
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


def _calendar(found: _CalendarFile) -> Calendar:
    faults: list[Fault] = []
    opens = _clock("calendar.opens", found.opens, faults)
    closes = _clock("calendar.closes", found.closes, faults)
    if not faults and opens >= closes:
        expected = f"a time after {found.opens}"
        faults.append(Fault("calendar.closes", repr(found.closes), expected, "mend the hours"))
    days = set(found.working_weekdays)
    if not days or not days <= set(range(7)):
        key, expected = "calendar.working_weekdays", "one or more of 0 for Monday to 6 for Sunday"
        faults.append(Fault(key, repr(found.working_weekdays), expected, "renumber the days"))
    hours = found.utc_offset_hours
    if abs(hours) > _FARTHEST_EAST:
        faults.append(Fault("calendar.utc_offset_hours", str(hours), "-14 to 14", "8 is China's"))
    free = _dates("calendar.holidays", found.holidays, faults)
    worked = _dates("calendar.make_up_days", found.make_up_days, faults)
    both = sorted(free & worked)
    if both:
        twice = ", ".join(map(str, both[:_NAMED]))
        remedy = "leave each in one list"
        faults.append(Fault("calendar.make_up_days", f"{twice} is a holiday too", "others", remedy))
    if (free or worked) and not found.holidays_document.strip():
        expected = "the notice that says so"
        faults.append(Fault("calendar.holidays_document", "nothing", expected, "name it"))
    if faults:
        raise DefinitionError("calendar", faults)
    plain = Calendar.weekly(days=days, opens=found.opens, closes=found.closes, offset=hours * HOUR)
    exceptions = {_day(date): () for date in free} | {
        _day(date): ((opens, closes),) for date in worked
    }
    return attrs.evolve(plain, exceptions=dict(sorted(exceptions.items())))


def _dates(key: str, texts: Sequence[str], faults: list[Fault]) -> set[dt.date]:
    """Read dates and spans of dates, ``2020-01-01`` and ``2020-01-24/2020-01-30``."""
    found: set[dt.date] = set()
    for n, text in enumerate(texts):
        first, _, last = text.partition("/")
        try:
            begin, end = (dt.date.fromisoformat(day) for day in (first, last or first))
        except ValueError:
            begin, end = dt.date.max, dt.date.min
        if not 0 <= (end - begin).days < _LONGEST_HOLIDAY or any(
            len(day) not in {0, 10} for day in (first, last)
        ):
            expected = f"YYYY-MM-DD, or YYYY-MM-DD/YYYY-MM-DD of at most {_LONGEST_HOLIDAY} days"
            faults.append(Fault(f"{key}[{n}]", repr(text), expected, "mend the date"))
            continue
        found |= {begin + dt.timedelta(days=more) for more in range((end - begin).days + 1)}
    return found


def _day(date: dt.date) -> int:
    """Give the number of a local day, from 1970-01-01."""
    return (date - _EPOCH).days


def _clock(key: str, text: str, faults: list[Fault]) -> Duration:
    """Read a time of day; 0, and a fault at its key, if it is none."""
    found: list[Fault] = []
    read_time = attempt(found, clock, text)
    faults += [attrs.evolve(fault, place=key) for fault in found]
    return read_time or 0


def _profile(found: _LoopFile, calendar: Calendar) -> LoopProfile:
    working_day = max(sum(b - a for a, b in spans) for spans in calendar.week)
    desk, showcase = found.desk_within_hours, found.showcase_within_days
    faults = list(_loop_faults(found))
    others: list[Fault] = []
    profile = attempt(
        others,
        LoopProfile,
        name="loop",
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
    # The same number has the key of the file here and the profile's own, a part of it, there.
    said = [fault.place for fault in faults]
    faults += [fault for fault in others if not any(key.startswith(fault.place) for key in said)]
    if profile is None or faults:
        raise DefinitionError("loop", faults)
    return attrs.evolve(profile, name=found.name)


def _loop_faults(found: _LoopFile) -> Iterator[Fault]:
    """Find numbers of a loop that are impossible, or a slip of the pen."""
    for key, (unit, most) in _WITHIN.items():
        length = getattr(found, key)
        if length is not None and not (_ms(length, unit) > 0 and length <= most):
            expected = f"more than 0 and at most {most:,}"
            yield Fault(f"loop.{key}", repr(length), expected, f"change {key}")
    for key, (least, most) in _COUNTS.items():
        count = getattr(found, key)
        if not least <= count <= most:
            yield Fault(f"loop.{key}", repr(count), f"{least} to {most:,}", f"change {key}")


def _rules(found: _PointsFile, calendar: Calendar) -> RuleSet:
    zone = dt.timezone(dt.timedelta(milliseconds=calendar.offset))
    try:
        day = dt.date.fromisoformat(found.effective)
    except ValueError:
        day = None
    if day is None or day.isoformat() != found.effective:
        fault = Fault("effective", repr(found.effective), "YYYY-MM-DD", "give the date")
        raise DefinitionError("points", (fault,))
    effective = dt.datetime(day.year, day.month, day.day, tzinfo=zone)
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
