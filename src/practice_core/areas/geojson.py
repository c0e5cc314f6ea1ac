"""A county's outline from a GeoJSON file of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

from practice_core.areas.inputs import refuse_binary, utf8
from practice_core.areas.tables import quoted, summed_up
from practice_core.errors import DefinitionError, Fault
from practice_core.hierarchy import Outline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Boundary", "json_tree", "outline_geojson", "outline_of", "read_outline"]

_MOST_POSITIONS = 10_000
"""An outline true to 100 m has some hundreds; tests of what is inside take time in proportion."""
_LONGEST_NUMBER = 400
_SAVE = "export the outline as GeoJSON in UTF-8"
_SHAPES = ("Polygon", "MultiPolygon")
_EXPECTED = "a Polygon or MultiPolygon, alone or as the one Feature"


@attrs.frozen
class Boundary:
    """An outline as a file gives it.

    Parameters
    ----------
    outline
        Of the county.
    seat
        (lon, lat) of the county's seat if the feature's property ``seat_lon_lat`` says so.
    """

    outline: Outline
    seat: tuple[float, float] | None


def read_outline(raw: bytes, name: str) -> Boundary:
    """Read a county's outline: GeoJSON (RFC 7946), degrees, longitude first.

    Parameters
    ----------
    raw
        A Feature, a FeatureCollection of one, or the geometry alone: a Polygon or MultiPolygon of
        at most 10,000 positions.
    name
        Of the file, for messages.

    Raises
    ------
    DefinitionError
        With the first 20 faults and the number of the others.

    Examples
    --------
    >>> square = '{"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 0]]]}'
    >>> read_outline(square.encode(), "outline.geojson").outline.bounds
    (0.0, 0.0, 2.0, 2.0)
    """
    feature = _feature(json_tree(raw, name), name)
    outline = outline_of(feature, name)
    return Boundary(outline, _seat(feature, outline, name))


def outline_of(feature: Mapping[str, Any], name: str) -> Outline:
    """Give the outline of a Feature; one with room inside, of a bounded number of positions.

    Raises
    ------
    DefinitionError
        With the first 20 faults and the number of the others.
    """
    count = _lists(feature.get("geometry"))
    if count > _MOST_POSITIONS:
        raise _too_many(name, count)
    try:
        outline = Outline.from_geojson(feature)
        outline.inner_point()
    except DefinitionError as error:
        raise summed_up(name, _shortened(error.faults, name)) from None
    return outline


def _lists(node: object) -> int:
    """Count the lists in a JSON node: the positions, and some more."""
    found, waiting = 0, [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (dict, list)):
            found += isinstance(one, list)
            waiting += one.values() if isinstance(one, dict) else one
    return found


def _too_many(name: str, count: int) -> DefinitionError:
    found, expected = f"{count} positions", f"at most {_MOST_POSITIONS}"
    return _refused(name, found, expected, "simplify the outline to 100 m or so")


def outline_geojson(outline: Outline, seat: tuple[float, float] | None) -> str:
    """Write an outline as `read_outline` reads it: one Feature, its seat as a property."""
    many = len(outline.polygons) > 1
    feature = {
        "type": "Feature",
        "properties": {} if seat is None else {"seat_lon_lat": seat},
        "geometry": {
            "type": _SHAPES[many],
            "coordinates": outline.polygons if many else outline.polygons[0],
        },
    }
    return json.dumps(feature) + "\n"


def json_tree(raw: bytes, name: str, *, most: int | None = _MOST_POSITIONS) -> object:
    """Read JSON from outside: text in UTF-8, numbers that are some, lists not too deep.

    Parameters
    ----------
    raw, name
        Of the file.
    most
        How many lists it may have; None: its bytes are bounded, and that is enough.

    Raises
    ------
    DefinitionError
        At its line and column, as far as they are known.
    """
    refuse_binary(raw, name, _SAVE)
    text = utf8(raw, name, _SAVE)
    if most is not None and text.count("[") > most:
        raise _too_many(name, text.count("["))
    try:
        return json.loads(text, parse_int=_whole, parse_constant=_no_number)
    except RecursionError:
        raise _refused(name, "lists or objects too deep", "a few levels", _SAVE) from None
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}"
        found = f"{error.msg} at column {error.colno}"
        raise _refused(name, found, "JSON", _SAVE, place=place) from None
    except ValueError as error:
        raise _refused(name, str(error), "JSON with finite numbers", _SAVE) from None


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        message = f"a number of {len(digits)} digits"
        raise ValueError(message)
    return int(digits)


def _no_number(constant: str) -> NoReturn:
    message = f"{constant} is no number"
    raise ValueError(message)


def _feature(tree: object, name: str) -> dict[str, Any]:
    if isinstance(tree, dict) and tree.get("type") == "FeatureCollection":
        features = tree.get("features")
        count = len(features) if isinstance(features, list) else 0
        if not isinstance(features, list) or count != 1:
            remedy = "dissolve them into the county's outline" if count else _SAVE
            raise _refused(name, f"{count} features", "one", remedy)
        tree = features[0]
    if isinstance(tree, dict) and tree.get("type") in _SHAPES:
        tree = {"type": "Feature", "geometry": tree}
    if not isinstance(tree, dict) or tree.get("type") != "Feature":
        found = tree.get("type") if isinstance(tree, dict) else tree
        raise _refused(name, f"type {quoted(str(found))}", _EXPECTED, _SAVE)
    geometry = tree.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in _SHAPES:
        raise _refused(name, f"a geometry of type {quoted(str(kind))}", _EXPECTED, _SAVE)
    return tree


def _shortened(faults: Sequence[Fault], name: str) -> list[Fault]:
    swap = "swap lon and lat"
    if len(faults) > 1 and all(fault.remedy == swap for fault in faults):
        found = f"the latitude first in {len(faults)} positions"
        return [Fault(name, found, "lon, then lat", swap)]
    return [attrs.evolve(fault, place=f"{name}: {fault.place}") for fault in faults]


def _seat(feature: dict[str, Any], outline: Outline, name: str) -> tuple[float, float] | None:
    properties = feature.get("properties")
    given = properties.get("seat_lon_lat") if isinstance(properties, dict) else None
    if given is None:
        return None
    numbers = isinstance(given, list) and all(type(part) in {int, float} for part in given)
    if numbers and len(given) == 2 and max(map(abs, given)) < 1_000:  # noqa: PLR2004 - lon and lat
        lon, lat = map(float, given)
        if outline.contains(lon, lat):
            return lon, lat
    place = f"{name}: properties.seat_lon_lat"
    expected = "[lon, lat] inside the outline"
    raise _refused(name, quoted(str(given)), expected, "mend or remove it", place=place)


def _refused(
    name: str, found: str, expected: str, remedy: str, *, place: str | None = None
) -> DefinitionError:
    return DefinitionError(name, (Fault(place or name, found, expected, remedy),))
