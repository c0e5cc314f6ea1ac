"""Strategies for the domain's values, each named as the plural of what it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.hierarchy.sites import PARENT_LEVELS
from practice_core.orders import Desk, LoopProfile, Request, RequestedTime, Step
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, MINUTE, ActorId, Calendar, OrderId, SiteId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.units import Duration, Instant

__all__ = ["calendars", "hierarchies", "profiles", "requests"]

_STEPS = (
    Step("点单", "order", ("PlaceOrder",)),
    Step("派单", "dispatch", ("OfferOrder", "PostOrder")),
    Step("接单", "accept", ("AcceptOffer",)),
    Step("评单", "rate", ("RateOrder",)),
)
_DESKS = (Desk.STATION, Desk.INSTITUTE, Desk.CENTER)


@st.composite
def _days(draw: st.DrawFn, *, fewest: int = 0) -> tuple[tuple[Duration, Duration], ...]:
    count = draw(st.integers(fewest, 2))
    edges = st.lists(
        st.integers(0, DAY // MINUTE), min_size=2 * count, max_size=2 * count, unique=True
    )
    minutes = sorted(draw(edges))
    return tuple((minutes[n] * MINUTE, minutes[n + 1] * MINUTE) for n in range(0, len(minutes), 2))


@st.composite
def calendars(draw: st.DrawFn, *, around: Instant = 0) -> Calendar:
    """Draw working time: one or two kinds of day, closed days, and dated exceptions.

    Parameters
    ----------
    around
        Holidays and make-up days lie within two months of this instant.
    """
    kinds = [(), draw(_days(fewest=1)), draw(_days())]
    week = [kinds[draw(st.integers(0, 2))] for _ in range(6)]
    today = around // DAY
    exceptions = st.dictionaries(st.integers(today - 60, today + 60), _days(), max_size=5)
    offset = st.integers(-12, 14).map(lambda hours: hours * HOUR)
    return Calendar((*week, kinds[1]), draw(exceptions), draw(offset))


@st.composite
def _plain_weeks(draw: st.DrawFn) -> Calendar:
    """Draw the same hours on some weekdays; ten times as fast as `calendars`."""
    opens = draw(st.integers(0, 23))
    hours = (opens * HOUR, draw(st.integers(opens + 1, 24)) * HOUR)
    days = draw(st.integers(1, 2**7 - 1))
    return Calendar(tuple((hours,) * (days >> n & 1) for n in range(7)))


@st.composite
def hierarchies(draw: st.DrawFn, *, max_sites: int = 12) -> Hierarchy:
    """Draw site trees by a parent for each site; they shrink to a center alone.

    Parameters
    ----------
    max_sites
        At least 1.
    """
    sites = [Site(SiteId("s0"), "s0", Level.CENTER, None, 120.0, 31.0, synthetic=True)]
    for n in range(1, draw(st.integers(1, max_sites))):
        parent = draw(st.sampled_from([site for site in sites if site.level is not Level.SPOT]))
        levels = [level for level in Level if parent.level in PARENT_LEVELS[level]]
        level, name = draw(st.sampled_from(levels)), f"s{n}"
        lon, lat = 120.0 + n / 100, 31.0 + n / 100
        sites.append(Site(SiteId(name), name, level, parent.id, lon, lat, synthetic=True))
    return Hierarchy(sites)


@st.composite
def profiles(draw: st.DrawFn, *, showcase: bool | None = None) -> LoopProfile:
    """Draw loops: one desk or several, few tries or many, with clocks or without.

    Parameters
    ----------
    showcase
        Whether the loop shows results; None: either.
    """
    clocks = st.integers(1, 3 * DAY)
    shown = draw(st.booleans()) if showcase is None else showcase
    chain = draw(st.lists(st.sampled_from(_DESKS), min_size=1, unique=True))
    return LoopProfile(
        name="drawn",
        steps=_STEPS,
        calendar=draw(_plain_weeks()),
        chain=tuple(sorted(chain, key=_DESKS.index)),
        tries=draw(st.integers(1, 3)),
        review_within=draw(clocks),
        offer_open=draw(clocks),
        schedule_within=draw(clocks),
        desk_within=draw(st.none() | clocks),
        rating_within=draw(clocks),
        satisfied_from=draw(st.sampled_from([3, 5, 4, 2, 1])),
        redos=draw(st.sampled_from([1, 2, 0])),
        redo_within=draw(clocks),
        showcase=draw(clocks) if shown else None,
    )


@st.composite
def requests(
    draw: st.DrawFn,
    *,
    at: Instant,
    route: Sequence[SiteId],
    placed_by: ActorId = ActorId("resident"),  # noqa: B008 - a str
    order: OrderId = OrderId("order-1"),  # noqa: B008 - a str
) -> Request:
    """Draw what may be asked for at the instant `at` through the desks of `route`."""
    latest = at + draw(st.integers(1, 14 * DAY))
    return Request(
        id=order,
        site=route[0],
        category=draw(st.sampled_from(Category)),
        placed_by=placed_by,
        placed_at=at,
        earliest=draw(st.integers(at - DAY, latest - 1)),
        latest=latest,
        needed=draw(st.integers(1, 40)),
        duration=draw(st.integers(1, 480)),
        requested_time=draw(st.sampled_from(RequestedTime)),
        route=tuple(route),
    )
