"""Where sites stand when no document says so: a made-up map that is a pure function of its key.

The documents print how many sites a county has, not where. This module puts the center at the seat,
the first town there too and the others apart, stations around their institute and spots around
their station, all inside the county's outline. Every draw is keyed by the id of the site it is for,
so a site added at the end moves no other site's draw; positions are synthetic and marked so.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.special import ndtri

from practice_core.areas.rows import SiteRow
from practice_core.areas.special import special_rows
from practice_core.errors import DefinitionError, Fault
from practice_core.hierarchy import Level, Site, great_circle_km
from practice_core.hierarchy.geometry import EARTH_RADIUS_KM
from practice_core.keyed import Purpose, entity, stream, uniforms
from practice_core.units import SiteId, is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from practice_core.areas.special import Special
    from practice_core.hierarchy import Outline

__all__ = ["made_up_rows", "place_sites", "place_special", "stand"]

Keys: TypeAlias = "NDArray[np.uint64]"
Positions: TypeAlias = "NDArray[np.float64]"  # one row (lon, lat) per site

_KM_PER_DEGREE = math.radians(EARTH_RADIUS_KM)
_DECIMALS = 5  # about 1 m: rounds away last-bit differences of `ndtri` between processors
_CANDIDATES = 64  # draws per town, of which about half fall inside an ordinary outline
_CHOSEN_AMONG = 16  # the more, the more regular the towns and the nearer to the border
_STEMS = {
    Level.INSTITUTE: ("i", 2, "第{}实践所"),
    Level.STATION: ("s", 3, "第{}实践站"),
    Level.SPOT: ("p", 3, "第{}实践点"),
}
"""Of a level: how its ids begin, how many digits follow, and what its sites are called."""
_ATTEMPTS = 100  # with one draw in ten inside, one site in 38,000 would exhaust them


def place_sites(  # noqa: PLR0913 - all keywords, and a county is no less
    *,
    prefix: str,
    counts: Mapping[Level, int],
    weights: Sequence[float],
    seat: tuple[float, float],
    outline: Outline,
    seed: int,
    replication: int,
    station_sigma_km: float = 4.0,
    spot_sigma_km: float = 1.0,
) -> tuple[Site, ...]:
    """Invent a county's sites from how many there are of each level (MODEL 2.1).

    Parameters
    ----------
    prefix
        Id of the center; the others are ``prefix-i01``, ``prefix-s001`` and ``prefix-p001``.
    counts
        How many sites of each level: one center, any number of the others, absent for none.
    weights
        Relative size of each institute: it gets stations in proportion, by largest remainder. The
        heaviest stands in the town of the seat.
    seat
        (lon, lat) in degrees of the county's seat, where the center stands.
    outline
        Every site lies inside.
    seed, replication
        The key of the map: another replication is another map around the same center.
    station_sigma_km, spot_sigma_km
        Standard deviation, north and east each, of a station around its institute and a spot around
        its station, in km.

    Returns
    -------
    tuple of Site
        Center, institutes, stations, spots, each by number; all synthetic. Stations hang on the
        center if there is no institute, spots on institutes if there is no station.

    Raises
    ------
    DefinitionError
        If the counts, weights or spreads make no county or the seat is outside the outline.

    Notes
    -----
    A spot's station is drawn by the spot's key, so one more spot moves nothing. One more station
    shifts the quotas: draws stay, but some stations may hang on another institute.

    Examples
    --------
    >>> from practice_core.hierarchy import Outline
    >>> square = Outline(((((120, 31), (121, 31), (121, 32), (120, 32), (120, 31)),),))
    >>> sites = place_sites(
    ...     prefix="wj",
    ...     counts={Level.CENTER: 1, Level.INSTITUTE: 2, Level.STATION: 3},
    ...     weights=(2, 1),
    ...     seat=(120.645, 31.139),
    ...     outline=square,
    ...     seed=1,
    ...     replication=0,
    ... )
    >>> [(site.id, site.parent) for site in sites[3:]]
    [('wj-s001', 'wj-i01'), ('wj-s002', 'wj-i01'), ('wj-s003', 'wj-i02')]
    """
    sigmas = {"station_sigma_km": station_sigma_km, "spot_sigma_km": spot_sigma_km}
    faults = [
        *_count_faults(prefix, counts, weights),
        *_place_faults(seat, outline, sigmas),
    ]
    if faults:
        raise DefinitionError("placement", faults)
    lon_key, lat_key, parent_key = (
        stream(seed, replication, purpose)
        for purpose in (Purpose.SITE_LON, Purpose.SITE_LAT, Purpose.SITE_PARENT)
    )

    def scatter(ids: Sequence[SiteId], around: Positions, sigma_km: float) -> Positions:
        return _scatter((lon_key, lat_key), _keys(ids), around, sigma_km, outline)

    center = Site(SiteId(prefix), "实践中心", Level.CENTER, None, *seat, synthetic=True)

    ids = _level_ids(prefix, Level.INSTITUTE, counts)
    heaviest = max(range(len(ids)), key=weights.__getitem__, default=0)
    at_seat = scatter(ids[heaviest : heaviest + 1], _positions([center]), spot_sigma_km)
    towns = _apart((lon_key, lat_key), _keys(ids), heaviest, at_seat, outline)
    institutes = _sites(Level.INSTITUTE, ids, [center] * len(ids), towns)

    ids = _level_ids(prefix, Level.STATION, counts)
    quotas = _largest_remainder(weights, len(ids)) if institutes else [len(ids)]
    shares = zip(institutes or [center], quotas, strict=True)
    hosts = [host for host, quota in shares for _ in range(quota)]
    around = scatter(ids, _positions(hosts), station_sigma_km)
    stations = _sites(Level.STATION, ids, hosts, around)

    ids = _level_ids(prefix, Level.SPOT, counts)
    among = stations or institutes
    drawn = uniforms(parent_key, _keys(ids)).tolist()
    hosts = [among[min(int(u * len(among)), len(among) - 1)] for u in drawn]
    around = scatter(ids, _positions(hosts), spot_sigma_km)
    spots = _sites(Level.SPOT, ids, hosts, around)
    return (center, *institutes, *stations, *spots)


def place_special(  # noqa: PLR0913 - as `place_sites`
    sites: Sequence[Site],
    special: Sequence[Special],
    outline: Outline,
    key: tuple[int, int],
    *,
    station_sigma_km: float = 4.0,
    spot_sigma_km: float = 1.0,
) -> tuple[Site, ...]:
    """Invent the special sites of a county beside those that are there.

    Parameters
    ----------
    sites
        As of `place_sites`; none of them is changed, or moved.
    special
        Of which kinds, and how many.
    outline
        Every site lies inside.
    key
        Seed and replication of the map.
    station_sigma_km, spot_sigma_km
        Spread around the center, and around any other site, in km.
    """
    streams = stream(*key, Purpose.SITE_LON), stream(*key, Purpose.SITE_LAT)
    parents = stream(*key, Purpose.SITE_PARENT)
    prefix = sites[0].id
    at = {site.id: (site.lon, site.lat) for site in sites}
    hosts: dict[SiteId, SiteId] = {}
    for one in special:
        ids = [row.id for row in special_rows(prefix, [one], {})]
        among = [site.id for site in sites if site.level is one.on]
        drawn = uniforms(parents, _keys(ids)).tolist()
        chosen = [among[min(int(u * len(among)), len(among) - 1)] for u in drawn]
        hosts |= dict(zip(ids, chosen, strict=True))
        around = np.array([at[host] for host in chosen])
        sigma_km = station_sigma_km if one.on is Level.CENTER else spot_sigma_km
        found = _scatter(streams, _keys(ids), around, sigma_km, outline)
        at |= dict(zip(ids, map(tuple, found.tolist()), strict=True))
    rows = special_rows(prefix, special, hosts)
    return tuple([row.standing(*at[row.id], synthetic=True) for row in rows])


def made_up_rows(
    prefix: str, counts: Mapping[Level, int], special: Sequence[Special] = ()
) -> tuple[SiteRow, ...]:
    """Give the ids, names and levels that are invented, for files that refer to them.

    Every site stands on the first of the level above: only where they are drawn tells on which.

    Examples
    --------
    >>> [row.id for row in made_up_rows("wj", {Level.CENTER: 1, Level.STATION: 2})]
    ['wj', 'wj-s001', 'wj-s002']
    """
    found = [SiteRow(SiteId(prefix), "实践中心", Level.CENTER, None, None, None)]
    above: dict[Level, SiteId] = {Level.CENTER: found[0].id}
    for level in _STEMS:
        ids = _level_ids(prefix, level, counts)
        parent = next(above[one] for one in reversed(Level) if one in above)
        found += [SiteRow(one, _name(level, one), level, parent, None, None) for one in ids]
        if ids:
            above[level] = ids[0]
    firsts = {
        row.id: above.get(one.on, found[0].id)
        for one in special
        for row in special_rows(prefix, [one], {})
    }
    return (*found, *special_rows(prefix, special, firsts))


def stand(  # noqa: PLR0913 - what is known, and how the rest is drawn
    rows: Sequence[SiteRow],
    seat: tuple[float, float],
    outline: Outline | None,
    key: tuple[int, int],
    *,
    station_sigma_km: float = 4.0,
    spot_sigma_km: float = 1.0,
) -> tuple[Site, ...]:
    """Give known sites their positions; those that have none get made-up ones inside the outline.

    Parameters
    ----------
    rows
        A tree of sites.
    seat
        (lon, lat) in degrees: where the center stands if it has no position.
    outline
        Needed only if a site has no position.
    key
        Seed and replication of what is made up.
    station_sigma_km, spot_sigma_km
        As for `place_sites`; institutes stand apart from one another.

    Returns
    -------
    tuple of Site
        In the order of `rows`; synthetic where the position is made up.
    """
    at = {row.id: (row.lon, row.lat) for row in rows if row.lon is not None and row.lat is not None}
    known = set(at)
    at.update({row.id: seat for row in rows if row.level is Level.CENTER and row.id not in at})
    streams = stream(*key, Purpose.SITE_LON), stream(*key, Purpose.SITE_LAT)
    levels = {
        Level.INSTITUTE: 0.0,
        Level.STATION: station_sigma_km,
        Level.SPOT: spot_sigma_km,
    }
    for level, sigma_km in levels.items():  # parents come before their children
        lacking = [row for row in rows if row.level is level and row.id not in known]
        if not lacking or outline is None:
            continue
        keys = _keys([row.id for row in lacking])
        if level is Level.INSTITUTE:
            upper = [row.id for row in rows if row.level is Level.CENTER]
            standing = [at[row.id] for row in rows if row.level is level and row.id in known]
            taken = np.array([*(at[site] for site in upper), *standing])
            found = _apart(streams, keys, None, taken, outline)
        else:
            around = np.array([at[row.parent] for row in lacking if row.parent is not None])
            found = _scatter(streams, keys, around, sigma_km, outline)
        at.update(zip([row.id for row in lacking], map(tuple, found.tolist()), strict=True))
    return tuple(
        [row.standing(*at[row.id], synthetic=row.synthetic or row.id not in known) for row in rows]
    )


def _level_ids(prefix: str, level: Level, counts: Mapping[Level, int]) -> list[SiteId]:
    # The width must not depend on the count, or one more site would rename, and so move, all.
    letter, width, _ = _STEMS[level]
    return [SiteId(f"{prefix}-{letter}{n:0{width}d}") for n in range(1, counts.get(level, 0) + 1)]


def _name(level: Level, site: SiteId) -> str:
    return _STEMS[level][2].format(site.rpartition("-")[2][1:])


def _keys(ids: Sequence[SiteId]) -> Keys:
    return np.array([entity(site) for site in ids], np.uint64)


def _positions(sites: Sequence[Site]) -> Positions:
    return np.array([(site.lon, site.lat) for site in sites]).reshape(-1, 2)


def _sites(level: Level, ids: Sequence[SiteId], hosts: Sequence[Site], at: Positions) -> list[Site]:
    return [
        Site(site, _name(level, site), level, host.id, lon, lat, synthetic=True)
        for site, host, (lon, lat) in zip(ids, hosts, at.tolist(), strict=True)
    ]


def _scatter(
    streams: tuple[int, int], keys: Keys, around: Positions, sigma_km: float, outline: Outline
) -> Positions:
    """Place each site normally about its row of `around`, drawing again while outside.

    A site that is outside every time stands where `around` says, which is inside.
    """
    at = around.copy()
    degrees = (
        sigma_km
        / _KM_PER_DEGREE
        / np.column_stack([np.cos(np.radians(around[:, 1])), np.ones(len(around))])
    )
    waiting = np.arange(len(keys))
    for attempt in range(_ATTEMPTS):
        if not waiting.size:
            break
        drawn = [uniforms(base, keys[waiting], k=attempt) for base in streams]
        tried = around[waiting] + degrees[waiting] * ndtri(np.column_stack(drawn))
        tried = tried.round(_DECIMALS)
        inside = outline.contains(tried[:, 0], tried[:, 1])
        at[waiting[inside]] = tried[inside]
        waiting = waiting[~inside]
    return at


def _apart(
    streams: tuple[int, int], keys: Keys, first: int | None, placed: Positions, outline: Outline
) -> Positions:
    """Place towns one after the other, each at the candidate farthest from all before it.

    The `first` of them, if any, stands already: at the first row of `placed`.

    This is the best-candidate sampling of Mitchell, "Spectrally optimal sampling for distribution
    ray tracing", SIGGRAPH 1991, with a fixed number of candidates: a town added at the end moves
    none. A town without any candidate inside stands at the first row of `placed`.
    """
    west, south, east, north = outline.bounds
    attempts = np.arange(_CANDIDATES, dtype=np.uint64)
    drawn = [uniforms(base, keys[:, None], k=attempts) for base in streams]
    lon = (west + (east - west) * drawn[0]).round(_DECIMALS)
    lat = (south + (north - south) * drawn[1]).round(_DECIMALS)
    inside = outline.contains(lon, lat)
    at = np.repeat(placed[:1], len(keys), axis=0)
    for town in range(len(keys)):
        candidates = np.column_stack([lon[town], lat[town]])[inside[town]][:_CHOSEN_AMONG]
        if town == first or not candidates.size:
            continue
        km = great_circle_km(candidates[:, :1], candidates[:, 1:], placed[:, 0], placed[:, 1])
        at[town] = candidates[km.min(axis=1).argmax()]
        placed = np.vstack([placed, at[town]])
    return at


def _largest_remainder(weights: Sequence[float], seats: int) -> list[int]:
    total = math.fsum(weights)
    exact = [seats * weight / total for weight in weights]
    quotas = [math.floor(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda n: quotas[n] - exact[n])
    for n in by_remainder[: seats - sum(quotas)]:
        quotas[n] += 1
    return quotas


def _count_faults(
    prefix: str, counts: Mapping[Level, int], weights: Sequence[float]
) -> Iterator[Fault]:
    institutes = counts.get(Level.INSTITUTE, 0)
    if not is_identifier(f"{prefix}-s0001"):
        expected = "up to 58 of A-Za-z0-9._:-, first a letter or digit"
        yield Fault("prefix", repr(prefix), expected, "give the center another id")
    if counts.get(Level.CENTER, 0) != 1:
        found = f"{counts.get(Level.CENTER, 0)} centers"
        yield Fault(f"counts.{Level.CENTER}", found, "exactly one", "make it 1")
    for level, count in counts.items():
        if count < 0:
            yield Fault(f"counts.{level}", str(count), "0 or more", "give the number of sites")
    if counts.get(Level.SPOT, 0) > 0 and not institutes and not counts.get(Level.STATION, 0):
        found = "spots, but neither a station nor an institute"
        yield Fault(f"counts.{Level.SPOT}", found, "sites to hang on", "add stations")
    if len(weights) != institutes:
        found = f"{len(weights)} weights for {institutes} institutes"
        yield Fault("weights", found, "one each", "add or delete weights")
    for n, weight in enumerate(weights):
        if not 0 < weight < math.inf:
            yield Fault(f"weights[{n}]", str(weight), "a positive number", "mend the weight")


def _place_faults(
    seat: tuple[float, float], outline: Outline, sigmas: Mapping[str, float]
) -> Iterator[Fault]:
    if not outline.contains(*seat):
        yield Fault("seat", f"{seat} is outside the outline", "(lon, lat) inside", "mend the seat")
    for place, sigma in sigmas.items():
        if not 0 <= sigma < math.inf:
            yield Fault(place, str(sigma), "km, 0 or more", "mend the spread")
