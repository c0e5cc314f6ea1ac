"""Positions on the Earth: great-circle distance, and an area's outline as polygons with holes.

Degrees are EPSG:4326, longitude first. The Earth is the sphere of mean radius, which is within
0.6 % of the ellipsoid: far below what road detours add. Nothing here handles an outline across the
antimeridian or around a pole.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import attrs
import numpy as np

from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["EARTH_RADIUS_KM", "Outline", "great_circle_km"]

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG, R1 of GRS80; Moritz, Journal of Geodesy 74, 2000)."""

_LON_LIMIT = 180.0
_LAT_LIMIT = 90.0
_SHORTEST_RING = 4  # a triangle whose first position is repeated at its end (RFC 7946, 3.1.6)
_BLOCK = 1 << 18  # pairs of point and edge at once: bounds the memory of `contains` at a few MB
_LINES = 15  # on which `inner_point` looks for room

Floats: TypeAlias = "NDArray[np.float64]"
Ring: TypeAlias = tuple[tuple[float, float], ...]
Polygon: TypeAlias = tuple[Ring, ...]


@overload
def great_circle_km(lon1: float, lat1: float, lon2: float, lat2: float) -> float: ...
@overload
def great_circle_km(
    lon1: Floats, lat1: Floats, lon2: float | Floats, lat2: float | Floats
) -> Floats: ...
@overload
def great_circle_km(lon1: float, lat1: float, lon2: Floats, lat2: Floats) -> Floats: ...
def great_circle_km(
    lon1: float | Floats, lat1: float | Floats, lon2: float | Floats, lat2: float | Floats
) -> float | Floats:
    """Give the great-circle distance in km by the haversine formula.

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        Degrees; numbers or arrays, broadcast against each other.

    Returns
    -------
    float or ndarray of float64
        A float if all four are numbers. Symmetric to the last bit.

    Examples
    --------
    >>> round(great_circle_km(0.0, 0.0, 0.0, 90.0), 1)  # a quarter of a meridian
    10007.6
    """
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_lat = np.sin((phi2 - phi1) / 2)
    half_lon = np.sin(np.radians(np.subtract(lon2, lon1)) / 2)
    chord = half_lat * half_lat + np.cos(phi1) * np.cos(phi2) * (half_lon * half_lon)
    # Rounding may lift antipodes a hair above 1, where arcsin is not defined.
    km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return km if isinstance(km, np.ndarray) else float(km)


@attrs.frozen
class Outline:
    """An area's outline: polygons that do not overlap, each an outer ring and its holes.

    Parameters
    ----------
    polygons
        Each a tuple of rings, the outer one first; a ring is a tuple of (lon, lat) in degrees, the
        last equal to the first. The direction in which a ring runs does not matter.

    Raises
    ------
    DefinitionError
        If there is no polygon, or a ring is short, open or holds an impossible position.

    Examples
    --------
    >>> square = Outline(((((0, 0), (2, 0), (2, 2), (0, 2), (0, 0)),),))
    >>> square.contains(1.0, 1.0), square.contains(3.0, 1.0)
    (True, False)
    >>> square.bounds
    (0.0, 0.0, 2.0, 2.0)
    """

    polygons: tuple[Polygon, ...]

    def __attrs_post_init__(self) -> None:
        faults = [
            fault
            for p, polygon in enumerate(self.polygons)
            for r, ring in enumerate(polygon)
            for fault in _ring_faults(f"polygon {p}, ring {r}", ring)
        ]
        faults += [
            Fault(f"polygon {p}", "no ring", "an outer ring first", "delete or draw the polygon")
            for p, polygon in enumerate(self.polygons)
            if not polygon
        ]
        if not self.polygons:
            faults.append(Fault("outline", "no polygon", "at least one", "draw the outline"))
        if faults:
            raise DefinitionError("outline", faults)

    @classmethod
    def from_geojson(cls, feature: Mapping[str, Any]) -> Outline:
        """Read a GeoJSON Feature of a Polygon or MultiPolygon (RFC 7946); heights are ignored.

        Raises
        ------
        DefinitionError
            If it is not such a feature, or its rings are not sound.
        """
        geometry = feature.get("geometry") if feature.get("type") == "Feature" else None
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if not isinstance(geometry, dict) or kind not in ("Polygon", "MultiPolygon"):
            found = f"type {feature.get('type')!r} with geometry {kind!r}"
            expected = "a Feature whose geometry is a Polygon or MultiPolygon"
            raise DefinitionError("outline", [Fault("geometry", found, expected, "pick that one")])
        try:
            given = geometry["coordinates"]
            polygons = tuple(
                tuple(
                    tuple((_degrees(lon), _degrees(lat)) for lon, lat, *_ in ring)
                    for ring in polygon
                )
                for polygon in (given if kind == "MultiPolygon" else [given])
            )
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            found, expected = f"unreadable ({error})", f"nested lists of positions of a {kind}"
            fault = Fault("geometry.coordinates", found, expected, "export the outline again")
            raise DefinitionError("outline", [fault]) from error
        return cls(polygons)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north limit in degrees."""
        lon1, lat1, _, _ = self._edges
        return float(lon1.min()), float(lat1.min()), float(lon1.max()), float(lat1.max())

    @overload
    def contains(self, lon: float, lat: float) -> bool: ...
    @overload
    def contains(self, lon: Floats, lat: Floats) -> NDArray[np.bool_]: ...
    def contains(self, lon: float | Floats, lat: float | Floats) -> bool | NDArray[np.bool_]:
        """Tell whether positions are inside, by the even-odd rule over all edges at once.

        A position exactly on an edge may count either way; one that is not finite is outside.

        Parameters
        ----------
        lon, lat
            Degrees: two numbers, or two arrays of one shape.

        Returns
        -------
        bool or ndarray of bool
            In the shape of `lon`.
        """
        shape = np.shape(lon)
        x, y = np.ravel(np.asarray(lon, np.float64)), np.ravel(np.asarray(lat, np.float64))
        inside = np.zeros(x.size, np.bool_)
        step = max(1, _BLOCK // self._edges[0].size)
        for start in range(0, x.size, step):
            block = slice(start, start + step)
            inside[block] = self._odd_crossings(x[block, None], y[block, None])
        return inside.reshape(shape) if shape else bool(inside[0])

    def area_km2(self) -> float:
        """Give the area in square km, holes taken out.

        Each edge is taken as straight in the cylindrical equal-area projection (Lambert 1772), in
        which the shoelace sum is exact on the sphere.
        """
        return sum(
            _ring_area(ring) * (1 if position == 0 else -1)
            for polygon in self.polygons
            for position, ring in enumerate(polygon)
        )

    def inner_point(self) -> tuple[float, float]:
        """Give (lon, lat) of a position well inside: the middle of the widest stretch found.

        Raises
        ------
        DefinitionError
            If there is no room inside.

        Examples
        --------
        >>> Outline(((((0, 0), (2, 0), (2, 2), (0, 2), (0, 0)),),)).inner_point()
        (1.0, 0.125)
        """
        lon1, lat1, lon2, lat2 = self._edges
        largest = max((polygon[0] for polygon in self.polygons), key=_ring_area)
        south, north = min(lat for _, lat in largest), max(lat for _, lat in largest)
        widest, point = 0.0, (math.nan, math.nan)
        for n in range(_LINES):
            lat = south + (north - south) * (n + 1) / (_LINES + 1)
            cut = (lat1 > lat) != (lat2 > lat)
            slope = (lon2[cut] - lon1[cut]) / (lat2[cut] - lat1[cut])
            crossings = np.sort(lon1[cut] + (lat - lat1[cut]) * slope)
            for west, east in zip(crossings[::2].tolist(), crossings[1::2].tolist(), strict=True):
                if east - west > widest and self.contains((west + east) / 2, lat):
                    widest, point = east - west, ((west + east) / 2, lat)
        if not widest:
            fault = Fault("outline", "no room inside", "an area", "draw the outline again")
            raise DefinitionError("outline", [fault])
        return point

    @cached_property
    def _edges(self) -> tuple[Floats, Floats, Floats, Floats]:
        rings = [np.array(ring, np.float64) for polygon in self.polygons for ring in polygon]
        starts = np.concatenate([ring[:-1] for ring in rings])
        ends = np.concatenate([ring[1:] for ring in rings])
        return starts[:, 0].copy(), starts[:, 1].copy(), ends[:, 0].copy(), ends[:, 1].copy()

    def _odd_crossings(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        lon1, lat1, lon2, lat2 = self._edges
        straddles = (lat1 > y) != (lat2 > y)
        # Level edges never straddle; their slope is set to 0 only to keep the division quiet.
        rise = lat2 - lat1
        slope = np.divide(lon2 - lon1, rise, out=np.zeros_like(rise), where=rise != 0)
        with np.errstate(invalid="ignore"):  # 0 * inf of a position that is not finite
            west_of_edge = x < lon1 + (y - lat1) * slope
        odd: NDArray[np.bool_] = np.bitwise_xor.reduce(straddles & west_of_edge, axis=1)
        return odd


def _degrees(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        message = f"a {type(given).__name__} is no number"
        raise TypeError(message)
    return float(given)


def _ring_area(ring: Ring) -> float:
    lon, lat = np.radians(np.array(ring, np.float64)).T
    height = np.sin(lat)
    strips = np.diff(lon) * (height[1:] + height[:-1]) / 2
    return abs(math.fsum(strips.tolist())) * EARTH_RADIUS_KM**2


def _ring_faults(place: str, ring: Ring) -> list[Fault]:
    faults = [
        Fault(f"{place}, position {n}", found, expected, remedy)
        for n, (lon, lat) in enumerate(ring)
        for found, expected, remedy in position_faults(lon, lat)
    ]
    if len(ring) < _SHORTEST_RING:
        faults.append(
            Fault(place, f"{len(ring)} positions", "4 or more", "draw at least 3 corners")
        )
    elif ring[0] != ring[-1]:
        faults.append(Fault(place, "an open ring", "last position = first", "repeat the first"))
    return faults


def position_faults(lon: float, lat: float) -> list[tuple[str, str, str]]:
    """List what is impossible about a position, as (found, expected, remedy).

    >>> position_faults(31.1, 120.6)
    [('lat 120.6', 'degrees from -90 to 90', 'swap lon and lat')]
    """
    swapped = abs(lon) <= _LAT_LIMIT < abs(lat) <= _LON_LIMIT
    remedy = "swap lon and lat" if swapped else "give WGS 84 degrees"
    return [
        (f"{name} {given!r}", f"degrees from -{limit:.0f} to {limit:.0f}", remedy)
        for name, given, limit in (("lon", lon, _LON_LIMIT), ("lat", lat, _LAT_LIMIT))
        if not abs(given) <= limit  # so written, NaN fails too
    ]
