"""Positions: great-circle distance, and outlines that tell inside from outside."""

from __future__ import annotations

import json
import math
import pickle
from importlib import resources
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.errors import DefinitionError
from practice_core.hierarchy import Outline, great_circle_km
from practice_core.hierarchy.geometry import EARTH_RADIUS_KM, Polygon, Ring

longitudes = st.floats(-180, 180)
latitudes = st.floats(-90, 90)


def rectangle(west: float, south: float, east: float, north: float) -> Ring:
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


def feature(kind: str, coordinates: object) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}}


RING_WITH_HOLE: Polygon = (rectangle(0, 0, 4, 4), rectangle(1, 1, 3, 3))
ISLAND: Polygon = (rectangle(10, 0, 11, 1),)
COUNTY = Outline((RING_WITH_HOLE, ISLAND))


@pytest.fixture(scope="module")
def wujiang() -> Outline:
    file = resources.files("practice_core").joinpath("areas/wujiang/outline.geojson")
    return Outline.from_geojson(json.loads(file.read_text(encoding="utf-8")))


def test_london_to_paris_is_as_the_cosine_law_says() -> None:
    # Known another way: the spherical law of cosines on the same sphere, worked with math alone.
    london, paris = (-0.1278, 51.5074), (2.3522, 48.8566)
    phi1, phi2 = math.radians(london[1]), math.radians(paris[1])
    turn = math.radians(paris[0] - london[0])
    cosine = math.sin(phi1) * math.sin(phi2) + math.cos(phi1) * math.cos(phi2) * math.cos(turn)
    assert great_circle_km(*london, *paris) == pytest.approx(
        EARTH_RADIUS_KM * math.acos(cosine), rel=1e-9
    )


def test_nashville_to_los_angeles_is_the_published_distance() -> None:
    # Rosetta Code, task "Haversine formula", airports BNA and LAX: 2887.2599506071103 km on a
    # sphere of radius 6372.8 km; scaled to the radius in use.
    km = great_circle_km(-86.67, 36.12, -118.40, 33.94)
    assert km == pytest.approx(2887.2599506071103 / 6372.8 * EARTH_RADIUS_KM, rel=1e-9)


def test_antipodes_are_half_the_circumference_apart() -> None:
    assert great_circle_km(10.0, 37.3, -170.0, -37.3) == pytest.approx(math.pi * EARTH_RADIUS_KM)


@given(longitudes, latitudes, longitudes, latitudes)
def test_distance_is_symmetric_and_zero_only_to_itself(
    lon1: float, lat1: float, lon2: float, lat2: float
) -> None:
    there = great_circle_km(lon1, lat1, lon2, lat2)
    assert there == great_circle_km(lon2, lat2, lon1, lat1)
    assert 0 <= there <= math.pi * EARTH_RADIUS_KM * (1 + 1e-12)
    assert great_circle_km(lon1, lat1, lon1, lat1) == 0


@given(st.lists(st.tuples(longitudes, latitudes), max_size=20), longitudes, latitudes)
def test_arrays_give_what_numbers_give(
    points: list[tuple[float, float]], lon: float, lat: float
) -> None:
    lons, lats = np.array(points).reshape(-1, 2).T
    assert great_circle_km(lon, lat, lons, lats) == pytest.approx(
        [great_circle_km(lon, lat, *point) for point in points]
    )


@pytest.mark.parametrize(
    ("lon", "lat", "inside"),
    [
        (0.5, 0.5, True),
        (2.0, 2.0, False),  # in the hole
        (3.5, 2.0, True),  # east of the hole
        (10.5, 0.5, True),  # on the island
        (7.0, 0.5, False),  # between the two
        (2.0, 9.0, False),
        (math.nan, 0.5, False),
        (0.5, math.nan, False),
        (math.inf, 0.5, False),
        (0.5, math.inf, False),
        (-math.inf, -math.inf, False),
    ],
)
def test_holes_are_outside_and_islands_inside(lon: float, lat: float, *, inside: bool) -> None:
    assert COUNTY.contains(lon, lat) is inside


@given(st.lists(st.tuples(st.floats(-1, 12), st.floats(-1, 5)), max_size=3000))
def test_many_positions_at_once_are_each_told_alone(points: list[tuple[float, float]]) -> None:
    lon, lat = np.array(points).reshape(-1, 2).T
    assert COUNTY.contains(lon, lat).tolist() == [COUNTY.contains(*point) for point in points]


def test_positions_keep_their_shape_across_blocks() -> None:
    lon, lat = np.meshgrid(np.linspace(-1, 12, 90), np.linspace(-1, 5, 50))
    inside = COUNTY.contains(lon, lat)
    in_ring = (lon > 0) & (lon < 4) & (lat > 0) & (lat < 4)
    in_hole = (lon > 1) & (lon < 3) & (lat > 1) & (lat < 3)
    on_island = (lon > 10) & (lon < 11) & (lat > 0) & (lat < 1)
    assert inside.shape == (50, 90)
    assert (inside == (in_ring & ~in_hole | on_island)).all()


def test_bounds_span_all_polygons() -> None:
    assert COUNTY.bounds == (0.0, 0.0, 11.0, 4.0)


def test_area_of_the_whole_sphere_is_four_pi_r_squared() -> None:
    sphere = Outline(((rectangle(-180, -90, 180, 90),),))
    assert sphere.area_km2() == pytest.approx(4 * math.pi * EARTH_RADIUS_KM**2)


def test_area_leaves_out_holes_whichever_way_rings_run() -> None:
    whole = Outline((RING_WITH_HOLE[:1],)).area_km2()
    hole = Outline((RING_WITH_HOLE[1:],)).area_km2()
    backwards = Outline(((RING_WITH_HOLE[0], RING_WITH_HOLE[1][::-1]),))
    assert backwards.area_km2() == pytest.approx(whole - hole)
    assert Outline((RING_WITH_HOLE,)).area_km2() == pytest.approx(whole - hole)


def test_wujiang_is_as_large_as_its_unsimplified_outline(wujiang: Outline) -> None:
    # 1,232.7 square km: property `area_km2` of the source, worked out before simplification.
    assert wujiang.area_km2() == pytest.approx(1232.7, rel=0.01)


def test_the_seat_of_wujiang_is_inside_and_that_of_qingpu_is_not(wujiang: Outline) -> None:
    assert wujiang.contains(120.645157, 31.138677)
    assert not wujiang.contains(121.113021, 31.151209)


def test_an_outline_is_a_value_that_survives_pickling(wujiang: Outline) -> None:
    _ = wujiang.bounds
    copy = pickle.loads(pickle.dumps(wujiang))  # noqa: S301 - pickled on this line
    assert copy == wujiang
    assert hash(copy) == hash(wujiang)
    assert copy.bounds == wujiang.bounds


def test_polygon_and_multipolygon_are_read_alike_and_heights_ignored() -> None:
    ring = [[lon, lat, 3.5] for lon, lat in ISLAND[0]]
    assert Outline.from_geojson(feature("Polygon", [ring])) == Outline((ISLAND,))
    assert Outline.from_geojson(feature("MultiPolygon", [[ring]])) == Outline((ISLAND,))


@pytest.mark.parametrize(
    "given_feature",
    [
        {},
        {"type": "FeatureCollection", "features": []},
        {"type": "Feature", "geometry": None},
        {"type": "Feature", "geometry": {"type": ["Polygon"]}},
        feature("Point", [1, 2]),
    ],
)
def test_what_is_no_area_is_refused(given_feature: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as caught:
        Outline.from_geojson(given_feature)
    assert [fault.place for fault in caught.value.faults] == ["geometry"]


@pytest.mark.parametrize("coordinates", [None, 3, [3], [[3]], [[[3]]], [[["a", 2]]], [["ab"]]])
def test_unreadable_coordinates_are_refused(coordinates: object) -> None:
    with pytest.raises(DefinitionError) as caught:
        Outline.from_geojson(feature("Polygon", coordinates))
    assert [fault.place for fault in caught.value.faults] == ["geometry.coordinates"]


def test_a_geometry_without_coordinates_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"geometry\.coordinates: unreadable"):
        Outline.from_geojson({"type": "Feature", "geometry": {"type": "Polygon"}})


def test_every_fault_of_an_outline_is_listed_with_its_place() -> None:
    short: Ring = ((0, 0), (1, 0), (0, 0))
    open_ring: Ring = ((0, 0), (1, 0), (1, 1), (0, 1))
    swapped: Ring = rectangle(31, 120, 31.5, 120.5)
    with pytest.raises(DefinitionError) as caught:
        Outline(((short,), (open_ring, swapped), ()))
    faults = {fault.place: fault for fault in caught.value.faults}
    assert faults["polygon 0, ring 0"].found == "3 positions"
    assert faults["polygon 1, ring 0"].found == "an open ring"
    assert faults["polygon 1, ring 1, position 4"].remedy == "swap lon and lat"
    assert faults["polygon 2"].found == "no ring"


def test_an_outline_has_a_polygon() -> None:
    with pytest.raises(DefinitionError, match="no polygon"):
        Outline(())
