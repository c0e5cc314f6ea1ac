"""Strategies for the domain's values, each named as the plural of what it draws."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

from practice_core.hierarchy import Hierarchy, Level, Relation, RelationKind, Site
from practice_core.hierarchy.relations import RELATION_RULES
from practice_core.hierarchy.sites import KIND_PARENTS, PARENT_LEVELS
from practice_core.lifecycle import AfterPause, Role
from practice_core.orders import (
    UNCONDITIONAL,
    Clock,
    Conditions,
    Desk,
    LoopProfile,
    Mode,
    OrderChannel,
    OrderState,
    Priority,
    Request,
    RequestedTime,
    Step,
    Supervised,
)
from practice_core.terms import BeneficiaryGroup, Category
from practice_core.units import (
    DAY,
    HOUR,
    MINUTE,
    ActorId,
    Calendar,
    OrderId,
    SiteId,
    TeamId,
    VolunteerId,
)
from practice_core.volunteers import (
    BLOCKS_A_WEEK,
    Availability,
    Corps,
    Office,
    Unit,
    UnitKind,
    UnitLevel,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.units import Duration, Instant

__all__ = [
    "availabilities",
    "calendars",
    "conditions",
    "corps",
    "hierarchies",
    "names",
    "networks",
    "profiles",
    "requests",
]

T = TypeVar("T")

_LATELY = 18_000 * DAY  # in 2019
_PLACERS = (Role.REQUESTER, Role.PROXY, Role.OFFICER)
_DESKS = (Desk.STATION, Desk.INSTITUTE, Desk.CENTER)
_SINCE = {
    Clock.REVIEW: (OrderState.PLACED,),
    Clock.CONTACT: (OrderState.ACCEPTED,),
    Clock.FEEDBACK: (OrderState.REVIEWED, OrderState.PLACED, OrderState.ACCEPTED),
    Clock.COMPLETION: (OrderState.PLACED, OrderState.REVIEWED, OrderState.ACCEPTED),
}
"""From which states a clock under supervision may count."""


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


def availabilities() -> st.SearchStrategy[Availability]:
    """Draw availabilities; they shrink to never."""
    return st.frozensets(st.integers(0, BLOCKS_A_WEEK - 1)).map(Availability)


@st.composite
def corps(draw: st.DrawFn, hierarchy: Hierarchy, *, max_units: int = 12) -> Corps:
    """Draw corps by a superior for each unit; they shrink to a corps alone.

    Parameters
    ----------
    hierarchy
        The sites at which they are at home.
    max_units
        At least 1.
    """
    root = Unit(id=TeamId("u0"), level=UnitLevel.CORPS, site=hierarchy.root.id)
    units = [root]
    rosters = st.lists(st.integers(0, 9), max_size=3, unique=True)
    for n in range(1, draw(st.integers(1, max_units))):
        above = draw(
            st.sampled_from([unit for unit in units if unit.level is not UnitLevel.SERVICE_TEAM])
        )
        levels = [level for level in UnitLevel if level.rank > above.level.rank]
        kinds = list(UnitKind) if above.kind is UnitKind.TERRITORIAL else [UnitKind.FUNCTIONAL]
        kind = draw(st.sampled_from(kinds))
        territorial = kind is UnitKind.TERRITORIAL
        within = sorted(hierarchy.scope(above.site)) if territorial and above.site else []
        unit = Unit(
            id=TeamId(f"u{n}"),
            level=draw(st.sampled_from(levels)),
            kind=kind,
            superior=above.id,
            site=draw(st.sampled_from(within)) if territorial else None,
            categories=() if territorial else (draw(st.sampled_from(Category)),),
            leader=draw(st.sampled_from(Office)),
            roster=tuple(VolunteerId(f"v{who}") for who in draw(rosters)),
        )
        units.append(unit)
    return Corps(units, hierarchy)


def names() -> st.SearchStrategy[str]:
    """Draw names of sites as people give them: Chinese, with quotes, commas, brackets, accents."""
    signs = st.sampled_from("实践站点河村（一）“”\"'\\,;|、<>&#[]{}=+-@ éÀａ１😀𠮷")
    seen = st.characters(exclude_categories=("C", "Z"))
    return st.text(signs | seen, min_size=1, max_size=12).map(
        lambda text: " ".join(text.split()) or "站"
    )


@st.composite
def networks(draw: st.DrawFn, *, max_sites: int = 12, max_relations: int = 4) -> Hierarchy:
    """Draw networks in full: sites and relations of every kind, with all they may say.

    They shrink to a center alone that says nothing.

    Parameters
    ----------
    max_sites
        At least 1.
    max_relations
        Drawn; what would be there twice is left out.
    """
    sites = [draw(_sites("s0", None))]
    for n in range(1, draw(st.integers(1, max_sites))):
        hosts = [site for site in sites if site.level is not Level.SPOT]
        sites.append(draw(_sites(f"s{n}", draw(st.sampled_from(hosts)))))
    found: dict[tuple[str, str, str], Relation] = {}
    for n in range(draw(st.integers(0, max_relations))):
        one = draw(_relations(sites, f"u{n}"))
        if one is not None:
            found[one.kind, one.site, one.other] = one
    return Hierarchy(sites, relations=found.values())


@st.composite
def _sites(draw: st.DrawFn, name: str, parent: Site | None) -> Site:
    places = [
        (kind, level)
        for kind, rule in KIND_PARENTS.items()
        for level, above in rule.items()
        if (parent.level in above if parent else not above)
    ]
    kind, level = draw(st.sampled_from(places))
    opened, closed = draw(_lives(parent))
    return Site(
        SiteId(name),
        draw(names()),
        level,
        None if parent is None else parent.id,
        draw(st.floats(-180, 180)),
        draw(st.floats(-90, 90)),
        synthetic=draw(st.booleans()),
        kind=kind,
        hours=draw(st.none() | _plain_weeks() | calendars(around=_LATELY)),
        seats=draw(st.none() | st.integers(1, 500)),
        categories=tuple(draw(st.lists(st.sampled_from(Category), max_size=3, unique=True))),
        demonstration=draw(st.booleans()),
        opened=opened,
        closed=closed,
    )


@st.composite
def _lives(draw: st.DrawFn, parent: Site | None = None) -> tuple[dt.date | None, dt.date | None]:
    """Draw a first and a last day, within those of the parent."""
    begin, end = (None, None) if parent is None else (parent.opened, parent.closed)
    first, last = begin or dt.date(2018, 1, 1), end or dt.date(2030, 1, 1)
    days = sorted(draw(st.tuples(*[st.dates(first, last - dt.timedelta(days=1))] * 2)))
    opened = begin if begin and draw(st.booleans()) else days[0]
    closed = end if end and draw(st.booleans()) else days[1] + dt.timedelta(days=1)
    return (
        opened if begin or draw(st.booleans()) else None,
        closed if end or draw(st.booleans()) else None,
    )


@st.composite
def _relations(draw: st.DrawFn, sites: Sequence[Site], other: str) -> Relation | None:
    kind = draw(st.sampled_from(RelationKind))
    rule = RELATION_RULES[kind]
    ends = [site.id for site in sites if site.level in rule.levels and site.kind in rule.kinds]
    if kind is RelationKind.MERGED_OPERATION:
        ends, other = ends[1:], str(ends[0]) if ends else other  # all with one
    if not ends:
        return None
    since, until = draw(_lives())
    named = kind not in {RelationKind.HOST, RelationKind.MERGED_OPERATION} and draw(st.booleans())
    is_alliance = kind is RelationKind.ALLIANCE
    return Relation(
        kind,
        draw(st.sampled_from(ends)),
        other,
        draw(names()) if named else "",
        since,
        until,
        hours=draw(st.none() | _plain_weeks() | calendars(around=_LATELY))
        if kind is RelationKind.SHARED_VENUE
        else None,
        exchanged=draw(st.none() | st.integers(0, 50)) if is_alliance else None,
        certificate=is_alliance and draw(st.booleans()),
    )


@st.composite
def profiles(draw: st.DrawFn, *, whole: bool = False) -> LoopProfile:
    """Draw loops: one desk or several, few tries or many, each part of the loop there or not.

    Parameters
    ----------
    whole
        Whether nothing is left out: the lifecycle is then that of all orders.
    """
    clocks = st.integers(1, 3 * DAY)

    def some(values: Sequence[T], fewest: int = 0) -> tuple[T, ...]:
        chosen = draw(st.lists(st.sampled_from(values), min_size=fewest, unique=True))
        return tuple(sorted(chosen, key=values.index))

    def there() -> bool:
        return whole or draw(st.booleans())

    modes = tuple(Mode) if whole else some(tuple(Mode), 1)
    dispatch = ("OfferOrder",) * ({*modes} != {Mode.POOL}) + ("PostOrder",) * (Mode.POOL in modes)
    review_within = draw(clocks) if there() else None
    issue_days = some(range(1, 29)) if draw(st.booleans()) else ()
    desk_clocks = st.integers(31 * DAY, 40 * DAY) if issue_days else clocks
    return LoopProfile(
        name="drawn",
        steps=(
            Step("点单", "order", ("PlaceOrder",), () if whole else some(_PLACERS)),
            Step("派单", "dispatch", dispatch),
            Step("接单", "accept", ("AcceptOffer",)),
            Step("评单", "rate", ("RateOrder",)),
        ),
        calendar=draw(_plain_weeks()),
        chain=some(_DESKS, 1 + whole),
        tries=draw(st.integers(1, 3)),
        review_within=review_within,
        offer_open=draw(clocks),
        schedule_within=draw(clocks),
        desk_within=draw(st.none() | desk_clocks),
        rating_within=draw(clocks),
        satisfied_from=draw(st.sampled_from([3, 5, 4, 2] if whole else [3, 5, 4, 2, 1])),
        redos=draw(st.sampled_from([1, 2] if whole else [1, 2, 0])),
        redo_within=draw(clocks),
        showcase=draw(clocks) if there() else None,
        collects=there(),
        modes=modes,
        takers=some(tuple(Level)),
        issue_days=issue_days,
        supervised=draw(_supervised(whole=whole, reviewed=review_within is not None)),
        dual_rating=there(),
        call_back=there(),
        redo_escalates=draw(st.booleans()),
        pause_within=draw(clocks) if there() else None,
        after_pause=draw(st.sampled_from(AfterPause)),
    )


@st.composite
def _supervised(draw: st.DrawFn, *, whole: bool, reviewed: bool) -> tuple[Supervised, ...]:
    """Draw clocks under supervision; some run faster for urgent orders."""
    found = []
    for clock, states in _SINCE.items():
        if (clock is Clock.REVIEW and not reviewed) or not (whole or draw(st.booleans())):
            continue
        # A whole loop starts clocks wherever one may start.
        since = (
            states[0] if whole and clock is not Clock.COMPLETION else draw(st.sampled_from(states))
        )
        within, working = draw(st.integers(1, 3 * DAY)), draw(st.booleans())
        found.append(Supervised(clock, since, within, working))
        if draw(st.booleans()):
            urgent = Supervised(
                clock, since, draw(st.integers(1, within)), working, Priority.URGENT
            )
            found.append(urgent)
    return tuple(found)


@st.composite
def conditions(draw: st.DrawFn) -> Conditions:
    """Draw what is asked of those who serve."""
    names = st.frozensets(st.sampled_from(["first-aid", "driving", "sign-language"]), max_size=2)
    ages = st.sampled_from([0, 14, 18, 60])
    return Conditions(draw(ages), draw(names), draw(names), draw(st.booleans()))


@st.composite
def requests(  # noqa: PLR0913 - what a request rests on
    draw: st.DrawFn,
    *,
    at: Instant,
    route: Sequence[SiteId],
    placed_by: ActorId = ActorId("resident"),  # noqa: B008 - a str
    role: Role = Role.REQUESTER,
    order: OrderId = OrderId("order-1"),  # noqa: B008 - a str
) -> Request:
    """Draw what somebody in a role may ask for at the instant `at` through the desks of `route`."""
    latest = at + draw(st.integers(MINUTE, 14 * DAY) | st.integers(14 * DAY, 60 * DAY))
    earliest = draw(st.integers(max(0, at - DAY), latest - MINUTE))
    residents = st.sampled_from([ActorId("resident"), ActorId("neighbour")])
    whom = {
        Role.REQUESTER: st.none(),
        Role.PROXY: residents,
    }.get(role, st.none() | residents)
    parents = st.none() | st.just(OrderId("order-0")) if role is Role.OFFICER else st.none()
    return Request(
        id=order,
        site=route[0],
        category=draw(st.sampled_from(Category)),
        placed_by=placed_by,
        placed_at=at,
        earliest=earliest,
        latest=latest,
        needed=draw(st.integers(1, 40)),
        duration=draw(st.integers(1, min(480, (latest - earliest) // MINUTE))),
        requested_time=draw(st.sampled_from(RequestedTime)),
        route=tuple(route),
        channel=draw(st.sampled_from(OrderChannel)),
        for_whom=draw(whom),
        group=draw(st.none() | st.sampled_from(BeneficiaryGroup)),
        priority=draw(st.sampled_from(Priority)),
        conditions=draw(st.just(UNCONDITIONAL) | conditions()),
        parent=draw(parents),
    )
