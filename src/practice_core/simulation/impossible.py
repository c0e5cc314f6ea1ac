"""What no scenario can be: every impossible number at its key, alone or beside the area's facts."""

from __future__ import annotations

import datetime as dt
from operator import attrgetter
from typing import TYPE_CHECKING

from practice_core.areas import Level
from practice_core.dispatch import Grid
from practice_core.errors import Fault
from practice_core.lifecycle import Role
from practice_core.orders import (
    AcceptOffer,
    CompleteService,
    DeclineOffer,
    GiveUpOrder,
    Mode,
    OfferOrder,
    PlaceOrder,
    PostOrder,
    RateOrder,
    ReportAbsence,
    ReviewOrder,
    ScheduleService,
    StartService,
)
from practice_core.units import DAY
from practice_core.volunteers import BLOCKS_A_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from practice_core.areas import Area, TeamRow
    from practice_core.simulation.parts import Parts, Teams

__all__ = ["scenario_faults"]

_STREAMS = ("resident", "site_request", "own_activity")
_UNIT = (
    "resident.even_share",
    "own_activity.mass_share",
    "teams.lifted_share",
    "teams.second_share",
    "answer.silent_share",
    "answer.board_share",
    "service.team_no_show",
    "service.member_no_show",
    "service.quorum",
    "service.rating_given",
    "service.dissatisfied",
    "redemption.redeemer_share",
    "redemption.per_month",
    "redemption.share_redeemed",
)
_SHARES = (
    "resident.needed_shares",
    "resident.mix",
    "site_request.mix",
    "site_request.level_shares",
    "own_activity.mix",
    "own_activity.level_shares",
    "own_activity.part_shares",
    "requested_time.shares",
    "teams.tier_shares",
    "teams.category_shares",
    "teams.jobs_per_week_shares",
)
_POSITIVE = (
    *(f"{stream}.duration_median_min" for stream in _STREAMS),
    "resident.patience_median_days",
    "own_activity.usual_median",
    "own_activity.mass_share",
    "own_activity.mass_median",
    "teams.members_median",
    "answer.delay_median_hours",
    "answer.phone_delay_factor",
    "service.review_median_hours",
    "redemption.price_least_hours",
)
_LEAST = {
    **dict.fromkeys(_POSITIVE, 1e-12),
    "city.station_sigma_km": 0,
    "city.spot_sigma_km": 0,
    "horizon.warmup_weeks": 0,
    "horizon.weeks": 1,
    "horizon.runout_days": 0,
    **{f"{stream}.per_year": 0 for stream in _STREAMS},
    **{f"{stream}.duration_shortest_min": 1 for stream in _STREAMS},
    "resident.patience_sigma": 0,
    "resident.patience_shortest_days": 0,
    "site_request.needed_least": 1,
    "site_request.ahead_least_days": 0,
    "own_activity.lead_days": 0,
    "own_activity.host_reach": 1,
    "own_activity.host_decay_per_km": 0,
    "season.weekend_factor": 0,
    "season.peak_factor": 0,
    "season.night_factor": 0,
    "teams.count": 1,
    "teams.members_least": 1,
    "teams.willingness_sd": 0,
    "teams.availability_factor": 0,
    "answer.eta": -100,
    "answer.kd_per_km": -1,
    "answer.kl": -20,
    "answer.kn": -20,
    "answer.order_effect_sd": 0,
    "answer.delay_sigma": 0,
    "answer.points_elasticity": -10,
    "answer.quiet_to_hour": 0,
    "service.review_sigma": 0,
    "service.dissatisfied_per_day": 0,
    "service.dissatisfied_after_days": 0,
}
_ASCENDING = (
    *((f"{stream}.duration_median_min", "duration_mean_min") for stream in _STREAMS),
    *((f"{stream}.duration_shortest_min", "duration_longest_min") for stream in _STREAMS),
    ("resident.patience_shortest_days", "patience_longest_days"),
    ("site_request.needed_least", "needed_most"),
    ("own_activity.usual_median", "usual_mean"),
    ("teams.members_median", "members_mean"),
    ("teams.members_least", "members_most"),
    ("answer.quiet_to_hour", "quiet_from_hour"),
    ("redemption.price_least_hours", "price_most_hours"),
)
_MOST = {
    "horizon.warmup_weeks": 104,
    "horizon.weeks": 520,
    "horizon.runout_days": 366,
    **{f"{stream}.per_year": 10_000_000 for stream in _STREAMS},
    **{f"{stream}.duration_mean_min": 1_000_000 for stream in _STREAMS},
    **{f"{stream}.duration_longest_min": 1440 for stream in _STREAMS},
    "city.station_sigma_km": 1_000,
    "city.spot_sigma_km": 1_000,
    "resident.patience_median_days": 10_000,
    "resident.patience_sigma": 10,
    "resident.patience_longest_days": 366,
    "site_request.ahead_most_days": 366,
    "site_request.needed_most": 10_000,
    "own_activity.usual_mean": 10_000,
    "own_activity.mass_median": 10_000,
    "own_activity.mean_needed": 10_000,
    "own_activity.lead_days": 366,
    "own_activity.host_reach": 10_000,
    "own_activity.host_decay_per_km": 10,
    "season.peak_factor": 1_000,
    "season.weekend_factor": 1_000,
    "season.night_factor": 1_000,
    "teams.count": 100_000,
    "teams.members_mean": 1_000_000,
    "teams.members_most": 1_000_000,
    "teams.willingness_sd": 10,
    "teams.availability_factor": 1_000,
    "answer.eta": 100,
    "answer.kd_per_km": 5,
    "answer.kl": 20,
    "answer.kn": 20,
    "answer.order_effect_sd": 10,
    "answer.delay_median_hours": 10_000,
    "answer.delay_sigma": 10,
    "answer.phone_delay_factor": 1_000,
    "answer.quiet_from_hour": 24,
    "answer.points_elasticity": 10,
    "service.review_median_hours": 10_000,
    "service.review_sigma": 10,
    "redemption.price_most_hours": 100_000,
}
"""Above these a number is a slip of the pen, and a run would take for ever."""
_FACTORS = {"own_activity.weekday_factors": 7, "season.month_factors": 12}
_HOURS = ("season.peak_hours", "season.night_hours")
_HOURS_A_DAY = 24
_YEARS = range(1990, 2101)
_KINDS_OF_BLOCK = 4
"""Day and evening, on weekdays and at weekends."""
_TOLERANCE = 1e-9


def _fault(key: str, found: object, expected: str) -> Fault:
    return Fault(key, repr(found), expected, f"change {key.rpartition('.')[2]}")


def scenario_faults(parts: Parts, area: Area | None) -> Iterable[Fault]:
    """Find what is impossible by itself, and in the area if there is one."""
    yield from _number_faults(parts)
    yield from _list_faults(parts)
    yield from _team_faults(parts.teams, (area and area.teams) or ())
    yield from _stream_faults(parts)
    if area is not None:
        yield from _area_faults(parts, area)


def _number_faults(parts: Parts) -> Iterable[Fault]:
    for key in _UNIT:
        share = attrgetter(key)(parts)
        if not 0 <= share <= 1:
            yield _fault(key, share, "a probability from 0 to 1")
    for key, least in _LEAST.items():
        number = attrgetter(key)(parts)
        if number < least:
            yield _fault(key, number, f"{least} or more")
    for key, most in _MOST.items():
        number = attrgetter(key)(parts)
        if number > most:
            yield _fault(key, number, f"at most {most:,}")
    yield from _order_faults(parts)
    season = parts.season
    by_hour = {
        **dict.fromkeys(range(_HOURS_A_DAY), 1.0),
        **dict.fromkeys(season.peak_hours, season.peak_factor),
        **dict.fromkeys(season.night_hours, season.night_factor),
    }
    if not any(by_hour.values()):
        found, expected = "every hour has the factor 0", "an hour in which orders are placed"
        remedy = "change peak_factor or night_factor"
        yield Fault("season.night_factor", found, expected, remedy)


def _order_faults(parts: Parts) -> Iterable[Fault]:
    for key, upper in _ASCENDING:
        section, _, lower = key.partition(".")
        pair = attrgetter(lower, upper)(getattr(parts, section))
        if pair[0] > pair[1]:
            yield _fault(key, pair, f"at most {upper}")


def _list_faults(parts: Parts) -> Iterable[Fault]:
    for key in _SHARES:
        shares = attrgetter(key)(parts)
        yield from _share_faults(key, list(shares.values()) if isinstance(shares, dict) else shares)
    for key, length in _FACTORS.items():
        factors = attrgetter(key)(parts)
        if len(factors) != length or min(factors) < 0 or not any(factors):
            yield _fault(key, factors, f"{length} factors of 0 or more, one above 0")
    for key in _HOURS:
        hours = attrgetter(key)(parts)
        if not set(hours) <= set(range(_HOURS_A_DAY)):
            yield _fault(key, hours, "hours from 0 to 23")
    if len(parts.own_activity.part_shares) != BLOCKS_A_DAY:
        found = parts.own_activity.part_shares
        yield _fault("own_activity.part_shares", found, f"{BLOCKS_A_DAY} shares")


def _share_faults(key: str, shares: list[float]) -> Iterable[Fault]:
    if any(share < 0 for share in shares) or abs(sum(shares) - 1) > _TOLERANCE:
        yield _fault(key, shares, "shares of 0 or more that sum to 1")


def _team_faults(teams: Teams, rows: Sequence[TeamRow]) -> Iterable[Fault]:
    for kind, free in teams.free.items():
        if len(free) != _KINDS_OF_BLOCK or min(free) < 0:
            yield _fault(f"teams.free.{kind}", free, f"{_KINDS_OF_BLOCK} shares of 0 or more")
    drawn = {row.categories[0] for row in rows if row.kind is None}
    for category in sorted(teams.category_shares.keys() | teams.archetypes.keys() | drawn):
        key = f"teams.archetypes.{category}"
        shares = teams.archetypes.get(category)
        expected = f"a share for each of {', '.join(teams.free)}"
        if shares is None:
            yield Fault(key, "nothing", expected, f"add {category}")
        elif len(shares) != len(teams.free):
            yield _fault(key, shares, expected)
        else:
            yield from _share_faults(key, shares)


def _stream_faults(parts: Parts) -> Iterable[Fault]:
    own, request = parts.own_activity, parts.site_request
    mass_mean = own.mean_needed - (1 - own.mass_share) * own.usual_mean
    if mass_mean < own.mass_share * own.mass_median:
        expected = "so many that mass events have a mean of mass_median or more"
        yield _fault("own_activity.mean_needed", own.mean_needed, expected)
    if request.ahead_most_days < request.ahead_least_days + 7:
        pair = (request.ahead_least_days, request.ahead_most_days)
        expected = "a week apart or more, so that every part of the week lies between"
        yield _fault("site_request.ahead_most_days", pair, expected)
    if not _is_monday(parts.horizon.starts_on):
        found = parts.horizon.starts_on
        expected = f"the date of a Monday, YYYY-MM-DD, from {_YEARS[0]} to {_YEARS[-1]}"
        yield _fault("horizon.starts_on", found, expected)


def _is_monday(text: str) -> bool:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return False
    # Other ways of writing a date are read too, such as 2020W101.
    return day.isoformat() == text and day.year in _YEARS and day.weekday() == 0


def _area_faults(parts: Parts, area: Area) -> Iterable[Fault]:
    """Find what does not go with the area: its clocks, its sites, its roster."""
    longest = max(parts.resident.patience_longest_days, parts.site_request.ahead_most_days)
    closing = area.profile.rating_within / DAY
    if parts.horizon.runout_days < longest + closing:
        needed = f"at least {longest + closing:g}: the longest due time and the rating window"
        yield _fault("horizon.runout_days", parts.horizon.runout_days, needed)
    grid = Grid(area.parts, 0, 1)
    minutes = parts.site_request.duration_longest_min
    for asked, share in parts.requested_time.shares.items():
        if share > 0 and not grid.pattern(asked, minutes):
            yield _fault("site_request.duration_longest_min", minutes, f"short enough for {asked}")
    yield from _site_faults(parts, area)
    yield from _loop_faults(parts, area)
    yield from _roster_faults(parts.teams, area)


def _site_faults(parts: Parts, area: Area) -> Iterable[Fault]:
    weights, institutes = parts.city.institute_weights, area.counts.get(Level.INSTITUTE, 0)
    if len(weights) != institutes or any(weight <= 0 for weight in weights):
        expected = f"{institutes} numbers above 0, one for each institute"
        yield _fault("city.institute_weights", weights, expected)
    shares = {
        "site_request.level_shares": parts.site_request.level_shares,
        "own_activity.level_shares": parts.own_activity.level_shares,
    }
    if area.teams is None:
        shares["teams.tier_shares"] = parts.teams.tier_shares
    for key, by_level in shares.items():
        for level, share in by_level.items():
            if share > 0 and not area.counts.get(level, 0):
                yield _fault(f"{key}.{level}", share, f"0, as {area.id} has no {level}")
    if parts.resident.per_year > 0 and not area.counts.get(Level.STATION, 0):
        found = parts.resident.per_year
        yield _fault("resident.per_year", found, f"0, as {area.id} has no station")
    asked = {
        level
        for stream in (parts.site_request, parts.own_activity)
        for level, share in stream.level_shares.items()
        if share > 0 and stream.per_year > 0
    }
    asked |= {Level.STATION} if parts.resident.per_year > 0 else set()
    for level in sorted(asked & area.deskless, key=list(Level).index):
        chain = ", ".join(area.profile.chain)
        expected = f"a level at or above every {level}, as it may be asked for"
        yield Fault("area.toml: loop.chain", chain, expected, "add a level")


_PLAYED = (
    (Role.REQUESTER, (PlaceOrder, RateOrder)),
    (Role.OFFICER, (ReviewOrder, OfferOrder, PostOrder, ReportAbsence, GiveUpOrder)),
    (Role.TEAM, (AcceptOffer, DeclineOffer, ScheduleService, StartService, CompleteService)),
)
"""Whom the model plays: who gives which command."""


def _loop_faults(parts: Parts, area: Area) -> Iterable[Fault]:
    """Find what the area's loop forbids and the model would do."""
    profile = area.profile
    for role, commands in _PLAYED:
        for command in commands:
            rule = profile.rules.get(command)
            if rule is not None and role not in rule.roles:
                found = f"{command.__name__} not by the {role}, who gives it in the model"
                expected = f"{role} among those who take the step"
                yield Fault("area.toml: loop.steps", found, expected, f"add {role}, or name nobody")
    hosts = Mode.DIRECTED in profile.modes and not profile.issue_days
    if parts.own_activity.per_year > 0 and not hosts:
        expected = "0, as this loop offers nothing to a host on any day"
        yield _fault("own_activity.per_year", parts.own_activity.per_year, expected)


def _roster_faults(teams: Teams, area: Area) -> Iterable[Fault]:
    rows = area.teams or ()
    for row in rows:
        if row.kind is not None and row.kind not in teams.free:
            known = f"one of {', '.join(teams.free)}"
            found = f"kind {row.kind.value!r}"
            yield Fault(f"team {row.id}", found, known, "name one, or leave it empty")
    if rows and teams.count != len(rows):
        yield _fault("teams.count", teams.count, f"{len(rows)}, as many as {area.id} has")
