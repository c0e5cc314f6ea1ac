"""A scenario: everything the simulation assumes, as data, each number with its basis."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

import attrs

from practice_core.areas import Basis, Level, load_area, read, scenario_text, structure
from practice_core.errors import DefinitionError, Fault, UnknownName
from practice_core.terms import Category
from practice_core.units import DAY, WEEK, Instant, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Scenario", "load_scenario"]


@attrs.frozen
class Horizon:
    """When the simulation runs: warm-up, the cohort's weeks, run-out."""

    starts_on: str
    warmup_weeks: int
    weeks: int
    runout_days: int


@attrs.frozen
class City:
    """How the made-up map is drawn."""

    draw: Literal["replication", "fixed"]
    institute_weights: list[float]
    station_sigma_km: float
    spot_sigma_km: float


@attrs.frozen
class Resident:
    """Orders that residents place."""

    per_year: float
    even_share: float
    needed_shares: list[float]
    duration_median_min: float
    duration_mean_min: float
    duration_shortest_min: int
    duration_longest_min: int
    patience_median_days: float
    patience_sigma: float
    patience_shortest_days: float
    patience_longest_days: float
    mix: dict[Category, float]


@attrs.frozen
class SiteRequest:
    """Orders of a site for an outside team, at a fixed time."""

    per_year: float
    needed_least: int
    needed_most: int
    duration_median_min: float
    duration_mean_min: float
    duration_shortest_min: int
    duration_longest_min: int
    ahead_least_days: int
    ahead_most_days: int
    level_shares: dict[Level, float]
    mix: dict[Category, float]


@attrs.frozen
class OwnActivity:
    """Activities that a site plans itself, hosted by a named team; not dispatched."""

    per_year: float
    level_shares: dict[Level, float]
    usual_median: float
    usual_mean: float
    mass_share: float
    mass_median: float
    mean_needed: float
    duration_median_min: float
    duration_mean_min: float
    duration_shortest_min: int
    duration_longest_min: int
    part_shares: list[float]
    weekday_factors: list[float]
    lead_days: int
    host_reach: int
    host_decay_per_km: float
    mix: dict[Category, float]


@attrs.frozen
class Season:
    """How the rate of placing orders varies over hours, days and months."""

    month_factors: list[float]
    weekend_factor: float
    peak_factor: float
    night_factor: float
    peak_hours: list[int]
    night_hours: list[int]


@attrs.frozen
class RequestedTimes:
    """The part of the week asked for."""

    shares: dict[str, float]


@attrs.frozen
class Teams:
    """How the made-up roster of teams is drawn."""

    count: int
    members_median: float
    members_mean: float
    members_least: int
    members_most: int
    tier_shares: dict[Level, float]
    lifted_share: float
    lifted: list[Category]
    category_shares: dict[Category, float]
    second_share: float
    second: list[Category]
    jobs_per_week_shares: list[float]
    willingness_sd: float
    availability_factor: float
    archetypes: dict[Category, list[float]]
    free: dict[str, list[float]]


@attrs.frozen
class AnswerModel:
    """How teams answer offers; nothing published identifies any of it."""

    eta: float
    kd_per_km: float
    kl: float
    kn: float
    order_effect_sd: float
    silent_share: float
    delay_median_hours: float
    delay_sigma: float
    quiet_from_hour: int
    quiet_to_hour: int


@attrs.frozen
class Service:
    """Review, turnout and rating."""

    review_median_hours: float
    review_sigma: float
    team_no_show: float
    member_no_show: float
    quorum: float
    rating_given: float
    dissatisfied: float
    dissatisfied_per_day: float
    dissatisfied_after_days: float


@attrs.frozen
class _Parts:
    area: str
    horizon: Horizon
    city: City
    resident: Resident
    site_request: SiteRequest
    own_activity: OwnActivity
    season: Season
    requested_time: RequestedTimes
    teams: Teams
    answer: AnswerModel
    service: Service


@attrs.frozen(eq=False)
class Scenario:
    """An area with all that is assumed about it.

    Parameters
    ----------
    values
        The plain values by section and key, as in the file.
    bases
        What each number rests on, by dotted key.

    Raises
    ------
    DefinitionError
        With every unknown, missing, mistyped or impossible value.

    Examples
    --------
    >>> flat = load_scenario("wujiang").with_values({"answer.kd_per_km": 0.0, "horizon.weeks": 2})
    >>> flat.answer.kd_per_km, flat.horizon.weeks
    (0.0, 2)
    """

    values: Mapping[str, Any]
    bases: Mapping[str, Basis]
    digest: str = attrs.field(init=False)
    """BLAKE2b of the values: equal digests, equal results."""
    _parts: _Parts = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        parts = structure(self.values, _Parts, "scenario")
        object.__setattr__(self, "_parts", parts)
        text = json.dumps(self.values, ensure_ascii=False)
        object.__setattr__(self, "digest", blake2b(text.encode(), digest_size=16).hexdigest())
        faults = tuple(_faults(parts))
        if faults:
            raise DefinitionError("scenario", faults)

    @property
    def area(self) -> str:
        """The name of its area."""
        return self._parts.area

    @property
    def horizon(self) -> Horizon:
        """When it runs."""
        return self._parts.horizon

    @property
    def city(self) -> City:
        """How the map is drawn."""
        return self._parts.city

    @property
    def resident(self) -> Resident:
        """What residents order."""
        return self._parts.resident

    @property
    def site_request(self) -> SiteRequest:
        """What sites ask other teams for."""
        return self._parts.site_request

    @property
    def own_activity(self) -> OwnActivity:
        """What sites plan themselves."""
        return self._parts.own_activity

    @property
    def season(self) -> Season:
        """When orders are placed."""
        return self._parts.season

    @property
    def requested_time(self) -> RequestedTimes:
        """The part of the week asked for."""
        return self._parts.requested_time

    @property
    def teams(self) -> Teams:
        """How the roster is drawn."""
        return self._parts.teams

    @property
    def answer(self) -> AnswerModel:
        """How teams answer."""
        return self._parts.answer

    @property
    def service(self) -> Service:
        """Review, turnout and rating."""
        return self._parts.service

    @property
    def begins(self) -> Instant:
        """The first instant: a Monday, 00:00 local time."""
        day = dt.date.fromisoformat(self.horizon.starts_on)
        zone = dt.timezone(dt.timedelta(milliseconds=load_area(self.area).calendar.offset))
        return instant(dt.datetime(day.year, day.month, day.day, tzinfo=zone))

    @property
    def cohort(self) -> tuple[Instant, Instant]:
        """The window [from, to) in which the orders that count are placed."""
        first = self.begins + self.horizon.warmup_weeks * WEEK
        return first, first + self.horizon.weeks * WEEK

    @property
    def ends(self) -> Instant:
        """The last instant: demand continues through the run-out, up to here."""
        return self.cohort[1] + self.horizon.runout_days * DAY

    def with_values(self, changes: Mapping[str, Any]) -> Scenario:
        """Give a changed copy.

        Parameters
        ----------
        changes
            New values by dotted key, such as ``{"answer.kd_per_km": 0.0}``.

        Raises
        ------
        UnknownName
            If there is no such key.
        DefinitionError
            If a value is impossible.
        """
        values = _copy(self.values)
        for key, value in changes.items():
            *path, last = key.split(".")
            node = values
            for part in path:
                node = node.get(part) if isinstance(node, dict) else None
            if not isinstance(node, dict) or last not in node:
                raise UnknownName("scenario key", key, _keys(self.values))
            node[last] = value
        return Scenario(values, self.bases)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[type[Scenario], tuple[Mapping[str, Any], Mapping[str, Basis]]]:
        return Scenario, (self.values, self.bases)


@cache
def load_scenario(name: str) -> Scenario:
    """Load the base scenario of an area.

    Raises
    ------
    UnknownName
        If no area has this name.

    Examples
    --------
    >>> load_scenario("wujiang").teams.count
    2028
    """
    values, bases = read(scenario_text(name), f"{name}/scenario.toml")
    return Scenario(values, bases)


def _copy(node: Any) -> Any:  # noqa: ANN401 - a tree of plain values
    return {k: _copy(v) for k, v in node.items()} if isinstance(node, dict) else node


def _keys(node: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for name, part in node.items():
        yield f"{prefix}{name}"
        if isinstance(part, dict):
            yield from _keys(part, f"{prefix}{name}.")


_UNIT = (
    ("resident", "even_share"),
    ("own_activity", "mass_share"),
    ("teams", "lifted_share"),
    ("teams", "second_share"),
    ("answer", "silent_share"),
    ("service", "team_no_show"),
    ("service", "member_no_show"),
    ("service", "quorum"),
    ("service", "rating_given"),
    ("service", "dissatisfied"),
)
_SHARES = (
    ("resident", "needed_shares"),
    ("resident", "mix"),
    ("site_request", "mix"),
    ("site_request", "level_shares"),
    ("own_activity", "mix"),
    ("own_activity", "level_shares"),
    ("own_activity", "part_shares"),
    ("requested_time", "shares"),
    ("teams", "tier_shares"),
    ("teams", "category_shares"),
    ("teams", "jobs_per_week_shares"),
)
_TOLERANCE = 1e-9


def _faults(parts: _Parts) -> Iterable[Fault]:
    def fault(key: str, found: object, expected: str) -> Fault:
        return Fault(key, repr(found), expected, f"change {key.rpartition('.')[2]}")

    for section, key in _UNIT:
        share = getattr(getattr(parts, section), key)
        if not 0 <= share <= 1:
            yield fault(f"{section}.{key}", share, "a probability from 0 to 1")
    for section, key in _SHARES:
        shares = getattr(getattr(parts, section), key)
        numbers = list(shares.values()) if isinstance(shares, dict) else shares
        if any(n < 0 for n in numbers) or abs(sum(numbers) - 1) > _TOLERANCE:
            yield fault(f"{section}.{key}", shares, "shares of 0 or more that sum to 1")
    for section in ("resident", "site_request", "own_activity"):
        stream = getattr(parts, section)
        if stream.per_year < 0:
            yield fault(f"{section}.per_year", stream.per_year, "0 or more")
        if not 0 < stream.duration_median_min <= stream.duration_mean_min:
            pair = (stream.duration_median_min, stream.duration_mean_min)
            yield fault(f"{section}.duration_median_min", pair, "0 < median <= mean")
        if not 1 <= stream.duration_shortest_min <= stream.duration_longest_min:
            pair = (stream.duration_shortest_min, stream.duration_longest_min)
            yield fault(f"{section}.duration_shortest_min", pair, "1 <= shortest <= longest")
    yield from _horizon_faults(parts, fault)


def _horizon_faults(parts: _Parts, fault: Any) -> Iterable[Fault]:  # noqa: ANN401 - a local function
    horizon = parts.horizon
    for key in ("warmup_weeks", "runout_days"):
        if getattr(horizon, key) < 0:
            yield fault(f"horizon.{key}", getattr(horizon, key), "0 or more")
    if horizon.weeks < 1:
        yield fault("horizon.weeks", horizon.weeks, "at least 1")
    try:
        monday = dt.date.fromisoformat(horizon.starts_on).weekday() == 0
    except ValueError:
        monday = False
    if not monday:
        yield fault("horizon.starts_on", horizon.starts_on, "the date of a Monday, YYYY-MM-DD")
    longest = max(parts.resident.patience_longest_days, parts.site_request.ahead_most_days)
    closing = load_area(parts.area).profile.rating_within / DAY
    if horizon.runout_days < longest + closing:
        needed = f"at least {longest + closing:g}: the longest due time and the rating window"
        yield fault("horizon.runout_days", horizon.runout_days, needed)
