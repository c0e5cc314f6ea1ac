"""A made-up map of a county: as many sites as published, inside its outline, keyed by their ids."""

from __future__ import annotations

import json
import math
import time
from importlib import resources
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.areas import placement
from practice_core.areas.placement import place_sites
from practice_core.errors import DefinitionError
from practice_core.hierarchy import Hierarchy, Level, Outline, Site, SiteId

# 1 center, 11 institutes, 289 stations and 500 spots: Suzhou Daily, 2021-06-25, as of end 2019.
WUJIANG_COUNTS = {Level.CENTER: 1, Level.INSTITUTE: 11, Level.STATION: 289, Level.SPOT: 500}
WUJIANG_SEAT = (120.645157, 31.138677)
WEIGHTS = (4, 3, 2.5, 2, 2, 1.5, 1.5, 1, 1, 1, 0.8)  # MODEL 2.1, assumed
OUTLINE = Outline.from_geojson(
    json.loads(
        resources.files("practice_core")
        .joinpath("areas/wujiang/outline.geojson")
        .read_text(encoding="utf-8")
    )
)


def place(**changes: Any) -> tuple[Site, ...]:  # noqa: ANN401 - any argument of place_sites
    arguments: dict[str, Any] = {
        "prefix": "wj",
        "counts": WUJIANG_COUNTS,
        "weights": WEIGHTS,
        "seat": WUJIANG_SEAT,
        "outline": OUTLINE,
        "seed": 2020,
        "replication": 0,
    }
    return place_sites(**arguments | changes)


def positions(sites: tuple[Site, ...]) -> dict[SiteId, tuple[float, float]]:
    return {site.id: (site.lon, site.lat) for site in sites}


def with_count(level: Level, count: int) -> dict[Level, int]:
    return WUJIANG_COUNTS | {level: count}


@pytest.fixture(scope="module")
def wujiang() -> Hierarchy:
    return Hierarchy(place(), OUTLINE)


def test_wujiang_has_the_published_number_of_sites_all_inside(wujiang: Hierarchy) -> None:
    assert wujiang.counts() == WUJIANG_COUNTS
    assert all(OUTLINE.contains(site.lon, site.lat) for site in wujiang)
    assert all(site.synthetic for site in wujiang)


def test_ids_and_names_are_by_level_and_number(wujiang: Hierarchy) -> None:
    named = {"wj": "实践中心", "wj-i11": "第11实践所", "wj-s007": "第007实践站"}
    named |= {"wj-s289": "第289实践站", "wj-p500": "第500实践点"}
    assert {name: wujiang.site(SiteId(name)).name for name in named} == named


def test_the_center_stands_at_the_seat_and_the_heaviest_town_beside_it(wujiang: Hierarchy) -> None:
    assert (wujiang.root.lon, wujiang.root.lat) == WUJIANG_SEAT
    assert wujiang.nearest(wujiang.root.id, 1, Level.INSTITUTE)[0][0] == "wj-i01"
    assert wujiang.km(wujiang.root.id, SiteId("wj-i01")) < 4


def test_the_heaviest_town_is_at_the_seat_wherever_its_weight_stands() -> None:
    sites = Hierarchy(place(weights=WEIGHTS[::-1]))
    assert sites.km(sites.root.id, SiteId("wj-i11")) < 4


@pytest.mark.parametrize("replication", range(10))
def test_towns_are_apart(replication: int) -> None:
    sites = Hierarchy(place(replication=replication))
    towns = sites.at_level(Level.INSTITUTE)
    assert min(sites.nearest(town.id, 2, Level.INSTITUTE)[1][1] for town in towns) > 3


def test_stations_follow_the_weights_by_largest_remainder(wujiang: Hierarchy) -> None:
    towns = wujiang.at_level(Level.INSTITUTE)
    stations = [len(wujiang.children(town.id)) for town in towns]
    assert sum(stations) == 289
    exact = [289 * weight / sum(WEIGHTS) for weight in WEIGHTS]
    assert all(abs(count - share) < 1 for count, share in zip(stations, exact, strict=True))
    assert stations == [57, 43, 36, 29, 29, 21, 21, 14, 14, 14, 11]


def test_stations_and_spots_scatter_as_asked_where_no_border_is_near() -> None:
    plain = Outline(((((110, 25), (130, 25), (130, 37), (110, 37), (110, 25)),),))
    counts = {Level.CENTER: 1, Level.INSTITUTE: 1, Level.STATION: 2000, Level.SPOT: 4000}
    sites = Hierarchy(place(outline=plain, counts=counts, weights=(1,)))
    for level, sigma in ((Level.STATION, 4.0), (Level.SPOT, 1.0)):
        pairs = [(one, sites.site(one.parent)) for one in sites.at_level(level) if one.parent]
        north = np.array([(one.lat - above.lat) * 111.195 for one, above in pairs])
        east = np.array(
            [
                (one.lon - above.lon) * 111.195 * math.cos(math.radians(above.lat))
                for one, above in pairs
            ]
        )
        for offset in (north, east):
            # Four standard errors of a mean and of a standard deviation.
            assert abs(offset.mean()) < 4 * sigma / math.sqrt(len(pairs))
            assert offset.std() == pytest.approx(sigma, rel=4 / math.sqrt(2 * len(pairs)))
        assert abs(np.corrcoef(north, east)[0, 1]) < 4 / math.sqrt(len(pairs))


def test_spots_spread_over_all_stations_evenly(wujiang: Hierarchy) -> None:
    spots = np.array([len(wujiang.children(s.id)) for s in wujiang.at_level(Level.STATION)])
    # 500 spots thrown on 289 stations: chi-square of 288 degrees of freedom, within four sigma.
    chi2 = ((spots - spots.mean()) ** 2).sum() / spots.mean()
    assert abs(chi2 - 288) < 4 * math.sqrt(2 * 288)


def test_the_map_of_a_county_is_drawn_in_well_under_a_tenth_of_a_second() -> None:
    took = []
    for _ in range(3):
        start = time.perf_counter()
        place()
        took.append(time.perf_counter() - start)
    assert min(took) < 0.1


def test_the_same_arguments_give_the_same_sites() -> None:
    assert place() == place()


@pytest.mark.parametrize("changes", [{"replication": 1}, {"seed": 2021}])
def test_another_key_moves_every_site_but_the_center(changes: dict[str, int]) -> None:
    one, other = positions(place()), positions(place(**changes))
    assert {site for site in one if one[site] == other[site]} == {"wj"}


@settings(max_examples=20)
@given(st.integers(0, 700), st.integers(0, 700))
def test_more_spots_leave_all_other_sites_as_they_are(few: int, many: int) -> None:
    one = place(counts=with_count(Level.SPOT, min(few, many)))
    other = place(counts=with_count(Level.SPOT, max(few, many)))
    assert one == other[: len(one)]


def test_the_thousandth_spot_renames_none() -> None:
    one = place(counts=with_count(Level.SPOT, 999))
    other = place(counts=with_count(Level.SPOT, 1000))
    assert one == other[:-1]
    assert other[-1].id == "wj-p1000"


def test_one_more_town_at_the_end_moves_no_town() -> None:
    one = place()[:12]
    other = place(counts=with_count(Level.INSTITUTE, 12), weights=(*WEIGHTS, 0.5))[:13]
    assert one == other[:12]


def test_a_county_may_be_a_center_alone() -> None:
    (center,) = place(counts={Level.CENTER: 1}, weights=())
    assert center.id == "wj"


def test_stations_without_towns_hang_on_the_center() -> None:
    counts = {Level.CENTER: 1, Level.STATION: 5, Level.SPOT: 5}
    sites = Hierarchy(place(counts=counts, weights=()), OUTLINE)
    assert sites.children(SiteId("wj")) == tuple(f"wj-s00{n}" for n in range(1, 6))


def test_spots_without_stations_hang_on_towns() -> None:
    counts = {Level.CENTER: 1, Level.INSTITUTE: 2, Level.SPOT: 20}
    sites = Hierarchy(place(counts=counts, weights=(1, 1)), OUTLINE)
    assert {sites.parent(spot.id) for spot in sites.at_level(Level.SPOT)} == {"wj-i01", "wj-i02"}


def test_where_no_draw_falls_inside_sites_stand_where_they_belong() -> None:
    # A strip a metre wide across a square degree: next to nothing of its bounding box.
    strip = Outline(((((120, 30), (121, 31), (121, 31.00001), (120, 30.00001), (120, 30)),),))
    seat = (120.5, 30.500005)
    counts = {Level.CENTER: 1, Level.INSTITUTE: 2, Level.STATION: 3, Level.SPOT: 4}
    sites = place(outline=strip, seat=seat, counts=counts, weights=(1, 1))
    assert {(site.lon, site.lat) for site in sites} == {seat}


@given(
    st.lists(st.floats(0.01, 100), min_size=1, max_size=30),
    st.integers(0, 2000),
)
def test_largest_remainder_gives_all_and_stays_within_one(weights: list[float], seats: int) -> None:
    quotas = placement._largest_remainder(weights, seats)  # noqa: SLF001 - its own specification
    total = math.fsum(weights)
    assert sum(quotas) == seats
    assert all(abs(q - seats * w / total) < 1 + 1e-9 for q, w in zip(quotas, weights, strict=True))


NOTHING = {Level.CENTER: 1, Level.SPOT: 3}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"prefix": "w j"}, ["prefix"]),
        ({"prefix": "w" * 59}, ["prefix"]),
        ({"counts": with_count(Level.CENTER, 2)}, ["counts.center"]),
        ({"counts": with_count(Level.STATION, -1)}, ["counts.station"]),
        ({"counts": NOTHING, "weights": ()}, ["counts.spot"]),
        ({"weights": (1, 2)}, ["weights"]),
        ({"weights": (*WEIGHTS[:9], 0, math.inf)}, ["weights[9]", "weights[10]"]),
        ({"seat": WUJIANG_SEAT[::-1]}, ["seat"]),
        ({"station_sigma_km": -1.0}, ["station_sigma_km"]),
        ({"spot_sigma_km": math.nan}, ["spot_sigma_km"]),
        ({"counts": {}, "seat": (0.0, 0.0)}, ["counts.center", "weights", "seat"]),
    ],
)
def test_what_makes_no_county_is_refused_with_every_fault(
    changes: dict[str, Any], where: list[str]
) -> None:
    with pytest.raises(DefinitionError) as caught:
        place(**changes)
    assert [fault.place for fault in caught.value.faults] == where
