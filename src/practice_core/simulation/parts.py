"""The sections of a scenario, as a file gives them: plain values, of the right types."""

from __future__ import annotations

from typing import Literal

import attrs

from practice_core.areas import Level  # noqa: TC001 - as below
from practice_core.orders import RequestedTime  # noqa: TC001 - as below
from practice_core.terms import Category  # noqa: TC001 - cattrs reads the fields' types

__all__ = [
    "AnswerModel",
    "City",
    "Horizon",
    "OwnActivity",
    "Parts",
    "Redemption",
    "RequestedTimes",
    "Resident",
    "Season",
    "Service",
    "SiteRequest",
    "Teams",
]


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

    shares: dict[RequestedTime, float]


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
    phone_delay_factor: float
    board_share: float
    quiet_from_hour: int
    quiet_to_hour: int
    points_elasticity: float


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
class Redemption:
    """What members do with their points; no part of how orders are dispatched."""

    redeemer_share: float
    per_month: float
    share_redeemed: float
    price_least_hours: float
    price_most_hours: float


@attrs.frozen
class Parts:
    """All of a scenario, section by section."""

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
    redemption: Redemption
