"""A network of sites and relations as a file: TOML, a pair of CSV tables, or GeoJSON.

What is read comes from outside: it is bounded in size and depth, and all that is wrong with it is
said at once, each fault with its file and its line or key. What is written reads back as what was
written, or is refused.

A network in TOML is two lists of tables, ``[[sites]]`` and ``[[relations]]``; in GeoJSON a
FeatureCollection of a point for each site, a feature without geometry for each relation, and the
outline if there is one; in CSV a table of sites, ``NAME.csv``, and beside it one of relations,
``NAME.relations.csv``, if there are any. Keys and columns are named as the fields of a `Site` and a
`Relation`.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - cattrs reads the fields' types
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import tomlkit

from practice_core.areas.files import read_plain, structure
from practice_core.areas.geojson import json_tree, outline_of
from practice_core.areas.hours import hours_text, read_hours
from practice_core.areas.inputs import file_bytes
from practice_core.areas.rows import SiteRow, read_relations, read_sites, relations_csv, sites_csv
from practice_core.areas.tables import MOST_ROWS, summed_up
from practice_core.areas.writing import write_files
from practice_core.errors import DefinitionError, Fault, attempt
from practice_core.hierarchy import Hierarchy, Level, Relation, RelationKind, Site, SiteKind
from practice_core.hierarchy.drawing import dot, graphml, mermaid
from practice_core.terms import Category  # noqa: TC001 - cattrs reads the fields' types
from practice_core.units import Calendar, SiteId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from os import PathLike

    from practice_core.hierarchy import Outline

__all__ = [
    "LARGEST_NETWORK",
    "READ_AS",
    "WRITTEN_AS",
    "check_network",
    "convert_network",
    "is_network",
    "load_network",
    "network_texts",
    "read_network",
    "save_network",
]

T = TypeVar("T")

LARGEST_NETWORK = 64 << 20
"""Bytes of a file, at most: 100,000 sites with all that may be said of them take half."""
_LONGEST_TEXT = 1_000
"""Characters of a text in GeoJSON; the other formats have lines that are bounded."""
_RELATIONS = ".relations.csv"
_FEATURE = re.compile(rb"""\s*\{\s*"type"\s*:\s*"Feature"\s*,""")
"""Begins a line in files that have a feature in each, as most do."""
_INDEX = re.compile(r"^(sites|relations)\[([0-9]+)\]")
_SITE_FIELDS = tuple(field.name for field in attrs.fields(Site))
_RELATION_FIELDS = tuple(field.name for field in attrs.fields(Relation))


@attrs.frozen(kw_only=True)
class _SiteFile:
    """A table of ``[[sites]]``, or the properties of a point."""

    id: str
    name: str
    level: Level
    parent: str | None = None
    lon: float
    lat: float
    synthetic: bool = False
    kind: SiteKind = SiteKind.REGULAR
    hours: str | None = None
    seats: int | None = None
    categories: list[Category] = attrs.field(factory=list)
    demonstration: bool = False
    opened: dt.date | None = None
    closed: dt.date | None = None


@attrs.frozen(kw_only=True)
class _RelationFile:
    """A table of ``[[relations]]``, or the properties of a feature without geometry."""

    kind: RelationKind
    site: str
    other: str
    name: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    hours: str | None = None
    exchanged: int | None = None
    certificate: bool = False


@attrs.frozen
class _NetworkFile:
    sites: list[_SiteFile]
    relations: list[_RelationFile] = attrs.field(factory=list)


def load_network(where: str | PathLike[str]) -> Hierarchy:
    """Load a network from a file, as `save_network` writes it.

    Parameters
    ----------
    where
        A ``.toml``, ``.csv``, ``.geojson`` or ``.json`` file; a table of relations,
        ``NAME.relations.csv``, is read beside the table of sites.

    Raises
    ------
    DefinitionError
        With the first 20 faults, each with its file and its line or key, and how many more.
    """
    path = Path(where)
    known = _kind(path, READ_AS)
    texts = {path.name: file_bytes(path, most=LARGEST_NETWORK)}
    beside = path.with_name(path.name.removesuffix(".csv") + _RELATIONS)
    if known == ".csv" and beside.is_file():
        texts[beside.name] = file_bytes(beside, most=LARGEST_NETWORK)
    return read_network(texts)


def is_network(where: str) -> bool:
    """Tell by its name whether something is the file of a network, and not an area."""
    return Path(where).suffix.lower() in READ_AS


def read_network(texts: Mapping[str, bytes]) -> Hierarchy:
    """Read a network from the bytes of its file, or of its two tables, the sites first.

    Raises
    ------
    DefinitionError
        As for `load_network`.

    Examples
    --------
    >>> text = '''[[sites]]
    ... id = "c"
    ... name = "清水县中心"
    ... level = "center"
    ... lon = 120.6
    ... lat = 31.1
    ... '''
    >>> read_network({"qingshui.toml": text.encode()})
    <Hierarchy of c: center 1, institute 0, station 0, spot 0>
    """
    name, *_ = texts
    return READ_AS[_kind(Path(name), READ_AS)](texts)


def network_texts(hierarchy: Hierarchy, name: str) -> dict[str, str]:
    """Write a network as the text of its file, or of its tables, by name.

    Parameters
    ----------
    hierarchy
        The network; its outline goes into GeoJSON alone.
    name
        Of the file; its suffix says the format: ``.toml``, ``.csv`` and ``.geojson`` read back as
        they were, ``.graphml``, ``.mmd`` (Mermaid) and ``.dot`` are for others.

    Raises
    ------
    DefinitionError
        If the network cannot be said in this format so that it reads back.

    Examples
    --------
    >>> center = Site("c", "清水县中心", Level.CENTER, None, 120.6, 31.1, synthetic=True)
    >>> print(network_texts(Hierarchy([center]), "qingshui.csv")["qingshui.csv"])
    id,name,level,parent,lon,lat,synthetic
    c,清水县中心,center,,120.6,31.1,yes
    <BLANKLINE>
    """
    kind = _kind(Path(name), WRITTEN_AS)
    texts = WRITTEN_AS[kind](hierarchy, name)
    if kind in READ_AS:
        # Whoever finds out later that a file does not say what it should has nothing else.
        read = read_network({file: text.encode() for file, text in texts.items()})
        if read != hierarchy:
            found, expected = "a network that reads back otherwise", "names and hours as in files"
            raise DefinitionError(name, [Fault(name, found, expected, "take another format")])
    return texts


def save_network(hierarchy: Hierarchy, where: str | PathLike[str]) -> tuple[Path, ...]:
    """Write a network to a file, or two, that are not there yet; all or nothing.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    DefinitionError
        As for `network_texts`, or if something is there already or cannot be written.
    """
    path = Path(where)
    texts = network_texts(hierarchy, path.name)
    return write_files(path.parent, {file: text.encode() for file, text in texts.items()})


def convert_network(source: str | PathLike[str], out: str | PathLike[str]) -> tuple[Path, ...]:
    """Write the network of one file as another, in the format that its suffix says.

    Raises
    ------
    DefinitionError
        As for `load_network` and `save_network`; nothing is written then.
    """
    return save_network(load_network(source), out)


def check_network(paths: Iterable[str | PathLike[str]]) -> tuple[Fault, ...]:
    """Give all that is wrong with the files of networks; nothing if they are sound.

    A table of relations may be named beside its table of sites, or alone for both.
    """
    faults: list[Fault] = []
    names = (re.sub(rf"{re.escape(_RELATIONS)}$", ".csv", str(path)) for path in paths)
    for name in dict.fromkeys(names):
        attempt(faults, load_network, name)
    return tuple(faults)


def _kind(path: Path, known: Mapping[str, object]) -> str:
    suffix = path.suffix.lower()
    if suffix not in known:
        found, expected = f"a file {suffix or 'without suffix'}", f"one of {' '.join(known)}"
        raise DefinitionError("network", [Fault(str(path), found, expected, "name it so")])
    return suffix


# -- TOML -----------------------------------------------------------------------------------------


def _from_toml(texts: Mapping[str, bytes]) -> Hierarchy:
    [(name, raw)] = texts.items()
    values = read_plain(raw, name, most=LARGEST_NETWORK)
    lines: dict[str, list[int]] = {"sites": [], "relations": []}
    for number, line in enumerate(raw.splitlines(), 1):
        for key, found in lines.items():
            if line.startswith(b"[[") and line.strip() == f"[[{key}]]".encode():
                found.append(number)

    def place(key: str, n: int) -> str:
        listed = lines[key]
        told = isinstance(values.get(key), list) and len(listed) == len(values[key])
        return f"{name}:{listed[n]}: {key}[{n}]" if told else f"{name}: {key}[{n}]"

    return _built(values, name, place, None)


def _to_toml(hierarchy: Hierarchy, name: str) -> dict[str, str]:
    lines: list[str] = []
    tables = {
        "sites": [_said(site, _SITE_FIELDS) for site in hierarchy],
        "relations": [_said(one, _RELATION_FIELDS) for one in hierarchy.relations],
    }
    for key, listed in tables.items():
        for said in listed:
            lines += [f"[[{key}]]", *(f"{k} = {_toml(v)}" for k, v in said.items()), ""]
    return {name: "\n".join(lines)}


def _toml(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return tomlkit.item(value).as_string()


# -- GeoJSON --------------------------------------------------------------------------------------


def _from_geojson(texts: Mapping[str, bytes]) -> Hierarchy:
    [(name, raw)] = texts.items()
    tree = json_tree(raw, name, most=None)
    listed = tree.get("features") if isinstance(tree, dict) else None
    kind = tree.get("type") if isinstance(tree, dict) else None
    if kind != "FeatureCollection" or not isinstance(listed, list):
        fault = Fault(name, "no FeatureCollection", "one, of sites", "export the sites as GeoJSON")
        raise DefinitionError(name, [fault])
    features: dict[str, dict[int, dict[str, Any]]] = {"sites": {}, "relations": {}, "outlines": {}}
    faults: list[Fault] = []
    lines = [n for n, line in enumerate(raw.splitlines(), 1) if _FEATURE.match(line)]

    def stands(n: int) -> str:
        line = f":{lines[n]}" if len(lines) == len(listed) else ""
        return f"{name}{line}: features[{n}]"

    for n, feature in enumerate(listed):
        key = _purpose(feature)
        if key is None:
            found, expected = "no site, relation or outline", "a Point, a Polygon or no geometry"
            faults.append(Fault(stands(n), found, expected, "remove it"))
        elif key == "outlines" and features[key]:
            expected, remedy = "one", "dissolve them into one"
            faults.append(Fault(stands(n), "a second outline", expected, remedy))
        else:
            features[key][n] = feature
    if faults:
        raise summed_up(name, faults)
    outline = next((outline_of(one, name) for one in features["outlines"].values()), None)
    values = {
        "sites": [one["properties"] | _at(one["geometry"]) for one in features["sites"].values()],
        "relations": [one["properties"] for one in features["relations"].values()],
    }
    numbers = {key: [*found] for key, found in features.items()}

    def place(key: str, n: int) -> str:
        return f"{stands(numbers[key][n])}.properties"

    return _built(values, name, place, outline)


def _purpose(feature: object) -> str | None:
    """Tell what a feature is: a site, a relation, an outline, or nothing that belongs here."""
    if not isinstance(feature, dict):
        return None
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else geometry
    if kind == "Polygon" or kind == "MultiPolygon":  # noqa: PLR1714 - it may be no text at all
        return "outlines"
    said = feature.get("properties")
    if not isinstance(said, dict) or any(
        isinstance(part, str) and len(part) > _LONGEST_TEXT for part in (*said, *said.values())
    ):
        return None
    if kind is None:
        return "relations"
    return "sites" if kind == "Point" else None


def _at(geometry: Any) -> dict[str, object]:  # noqa: ANN401 - a JSON node
    """Give what a point says; what is no position is left to be a fault of its type."""
    given = geometry.get("coordinates")
    if isinstance(given, list) and len(given) in {2, 3}:
        return {"lon": given[0], "lat": given[1]}
    return {"lon": given, "lat": given}


def _to_geojson(hierarchy: Hierarchy, name: str) -> dict[str, str]:
    features: list[dict[str, object]] = []
    if hierarchy.outline is not None:
        many = len(hierarchy.outline.polygons) > 1
        shape = hierarchy.outline.polygons if many else hierarchy.outline.polygons[0]
        geometry = {"type": "MultiPolygon" if many else "Polygon", "coordinates": shape}
        features.append({"type": "Feature", "properties": {}, "geometry": geometry})
    for site in hierarchy:
        said = _said(site, _SITE_FIELDS)
        point = {"type": "Point", "coordinates": [said.pop("lon"), said.pop("lat")]}
        features.append({"type": "Feature", "properties": said, "geometry": point})
    for one in hierarchy.relations:
        said = _said(one, _RELATION_FIELDS)
        features.append({"type": "Feature", "properties": said, "geometry": None})
    lines = [json.dumps(one, ensure_ascii=False, default=str) for one in features]
    return {name: '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n"}


# -- CSV ------------------------------------------------------------------------------------------


def _from_csv(texts: Mapping[str, bytes]) -> Hierarchy:
    faults: list[Fault] = []
    (name, raw), *others = texts.items()
    rows = attempt(faults, read_sites, raw, name)
    relations: tuple[Relation, ...] | None = ()
    for other, content in others:
        relations = attempt(faults, read_relations, content, other, rows)
    if rows is None or relations is None:
        raise DefinitionError(name, faults)
    lacking = [row for row in rows if row.lon is None]
    if lacking:
        expected, remedy = "lon and lat of every site", "add them"
        raise summed_up(
            name, [Fault(f"{name}:{row.line}", "no position", expected, remedy) for row in lacking]
        )
    return Hierarchy(
        (row.standing(row.lon, row.lat, synthetic=row.synthetic) for row in rows),  # type: ignore[arg-type]  # none is lacking
        relations=relations,
    )


def _to_csv(hierarchy: Hierarchy, name: str) -> dict[str, str]:
    rows = [
        SiteRow(**{field: getattr(site, field) for field in _SITE_FIELDS}) for site in hierarchy
    ]
    texts = {name: sites_csv(rows)}
    if hierarchy.relations:
        beside = f"{name[: -len('.csv')]}{_RELATIONS}"
        texts[beside] = relations_csv(hierarchy.relations)
    return texts


# -- what they share ------------------------------------------------------------------------------


def _built(
    values: Mapping[str, Any],
    name: str,
    place: Callable[[str, int], str],
    outline: Outline | None,
) -> Hierarchy:
    """Build a network from plain values; `place` says where a table of a list stands."""
    file = _structured(values, name, place)
    faults: list[Fault] = []

    def hours(key: str, n: int, text: str | None) -> Any:  # noqa: ANN401 - a calendar or nothing
        return None if text is None else attempt(faults, read_hours, text, f"{place(key, n)}.hours")

    sites = [
        Site(
            **{
                **{field: getattr(one, field) for field in _SITE_FIELDS},
                "hours": hours("sites", n, one.hours),
                "categories": tuple(one.categories),
            }
        )
        for n, one in enumerate(file.sites)
    ]
    relations = [
        Relation(
            **{
                **{field: getattr(one, field) for field in _RELATION_FIELDS},
                "hours": hours("relations", n, one.hours),
            }
        )
        for n, one in enumerate(file.relations)
    ]
    places: dict[SiteId, str] = {}
    for n, site in enumerate(sites):
        places.setdefault(site.id, place("sites", n))
    ties = [place("relations", n) for n in range(len(relations))]
    built = attempt(
        faults, Hierarchy, sites, outline, places, relations=relations, relation_places=ties
    )
    if built is None or faults:
        raise summed_up(name, [f if f.place.startswith(name) else f.inside(name) for f in faults])
    return built


def _structured(
    values: Mapping[str, Any], name: str, place: Callable[[str, int], str]
) -> _NetworkFile:
    """Give the tables of a network, every value of its type."""
    for key in ("sites", "relations"):
        listed = values.get(key)
        if isinstance(listed, list) and len(listed) > MOST_ROWS:
            found, expected = f"{len(listed)} {key}", f"at most {MOST_ROWS:,}"
            raise DefinitionError(name, [Fault(name, found, expected, "take a part of it")])

    def told(fault: Fault) -> Fault:
        found = _INDEX.match(fault.place)
        if found is None:
            return fault.inside(name)
        where = place(found[1], int(found[2])) + fault.place[found.end() :]
        return attrs.evolve(fault, place=where)

    try:
        return structure(values, _NetworkFile, name)
    except DefinitionError as error:
        raise DefinitionError(name, [told(fault) for fault in error.faults]) from None


def _said(one: Site | Relation, fields: Sequence[str]) -> dict[str, Any]:
    """Give what a site or a relation says, as far as it says something."""
    said: dict[str, Any] = {}
    for field in fields:
        value = getattr(one, field)
        if value is None or value is False or value in ("", ()) or value is SiteKind.REGULAR:
            continue
        if isinstance(value, Calendar):
            value = hours_text(value)
        elif isinstance(value, tuple):
            value = [str(part) for part in value]
        elif isinstance(value, str):
            value = str(value)
        said[field] = value
    return said


READ_AS: dict[str, Callable[[Mapping[str, bytes]], Hierarchy]] = {
    ".toml": _from_toml,
    ".csv": _from_csv,
    ".geojson": _from_geojson,
    ".json": _from_geojson,
}
"""How a file of each suffix is read."""
WRITTEN_AS: dict[str, Callable[[Hierarchy, str], dict[str, str]]] = {
    ".toml": _to_toml,
    ".csv": _to_csv,
    ".geojson": _to_geojson,
    ".json": _to_geojson,
    ".graphml": lambda hierarchy, name: {name: graphml(hierarchy)},
    ".mmd": lambda hierarchy, name: {name: mermaid(hierarchy)},
    ".dot": lambda hierarchy, name: {name: dot(hierarchy)},
}
"""How a file of each suffix is written."""
