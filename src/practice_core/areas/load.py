"""The areas that ship, each as a folder of data files."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.areas.files import Basis, read, structure
from practice_core.areas.placement import place_sites
from practice_core.errors import UnknownName
from practice_core.hierarchy import Hierarchy, Level, Outline
from practice_core.orders import LoopProfile, Step
from practice_core.points import RuleSet
from practice_core.units import DAY, HOUR, Calendar, clock, instant
from practice_core.volunteers import DayParts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.resources.abc import Traversable

__all__ = ["Area", "area_names", "load_area", "scenario_text"]


@attrs.frozen(kw_only=True)
class Area:
    """One area: its published facts, its loop and its rules.

    Parameters
    ----------
    id, name_zh, name_en
        Its name.
    document
        What publishes its figures.
    prefix
        With which its site ids begin.
    counts
        Sites by level.
    published
        Other published figures, by name.
    outline
        Its real outline.
    seat
        (lon, lat) of its seat, in degrees.
    calendar
        When its desks work.
    parts
        The blocks of a day.
    profile
        Its order loop.
    rules
        Its points rules.
    values
        The plain values by section and key, as in the file.
    bases
        What every number rests on, by dotted key.
    """

    id: str
    name_zh: str
    name_en: str
    document: str
    prefix: str
    counts: Mapping[Level, int]
    published: Mapping[str, int]
    outline: Outline
    seat: tuple[float, float]
    calendar: Calendar
    parts: DayParts
    profile: LoopProfile
    rules: RuleSet
    values: Mapping[str, Any]
    bases: Mapping[str, Basis]

    def hierarchy(
        self,
        weights: Sequence[float] | None = None,
        *,
        seed: int = 0,
        replication: int = 0,
        station_sigma_km: float = 4.0,
        spot_sigma_km: float = 1.0,
    ) -> Hierarchy:
        """Give the published number of sites at made-up places inside the real outline.

        Parameters
        ----------
        weights
            Size of each institute; equal if None.
        seed, replication
            Which map: the same arguments give the same one.
        station_sigma_km, spot_sigma_km
            Spread of stations around their institute, of spots around their station.
        """
        sites = place_sites(
            prefix=self.prefix,
            counts=self.counts,
            weights=weights or [1.0] * self.counts[Level.INSTITUTE],
            seat=self.seat,
            outline=self.outline,
            seed=seed,
            replication=replication,
            station_sigma_km=station_sigma_km,
            spot_sigma_km=spot_sigma_km,
        )
        return Hierarchy(sites, self.outline)


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
    outline: str
    network: dict[Level, int]
    published: dict[str, int]
    calendar: _CalendarFile
    day_parts: dict[str, list[str]]
    loop: _LoopFile
    points: _PointsFile


def area_names() -> tuple[str, ...]:
    """Give the names of the areas that ship."""
    return tuple(sorted(f.name for f in _folder().iterdir() if f.joinpath("area.toml").is_file()))


@cache
def load_area(name: str) -> Area:
    """Load an area that ships.

    Raises
    ------
    UnknownName
        If there is none of this name.

    Examples
    --------
    >>> area = load_area("wujiang")
    >>> area.name_zh, sum(area.counts.values()), area.profile.chain
    ('吴江', 801, (<Level.CENTER: 'center'>,))
    """
    subject = f"{name}/area.toml"
    values, bases = read(_text(name, "area.toml"), subject)
    found = structure(values, _AreaFile, subject)
    outlines = json.loads(_folder().joinpath("outlines", found.outline).read_text(encoding="utf-8"))
    feature = outlines["features"][0] if outlines.get("type") == "FeatureCollection" else outlines
    calendar = _calendar(found.calendar)
    return Area(
        id=found.id,
        name_zh=found.name_zh,
        name_en=found.name_en,
        document=found.document,
        prefix=found.prefix,
        counts=found.network,
        published=found.published,
        outline=Outline.from_geojson(feature),
        seat=tuple(feature["properties"]["seat_lon_lat"]),
        calendar=calendar,
        parts=DayParts(tuple((clock(a), clock(b)) for a, b in found.day_parts.values())),
        profile=_profile(found.loop, calendar),
        rules=_rules(found.points, calendar),
        values=values,
        bases=bases,
    )


def scenario_text(name: str) -> str:
    """Give the text of an area's base scenario.

    Raises
    ------
    UnknownName
        If there is no area of this name.
    """
    return _text(name, "scenario.toml")


def _calendar(found: _CalendarFile) -> Calendar:
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
    effective = dt.datetime.fromisoformat(found.effective).replace(tzinfo=zone)
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


def _folder() -> Traversable:
    return resources.files("practice_core.areas")


def _text(name: str, file: str) -> str:
    if name not in area_names():
        raise UnknownName("area", name, area_names())
    return _folder().joinpath(name, file).read_text(encoding="utf-8")
