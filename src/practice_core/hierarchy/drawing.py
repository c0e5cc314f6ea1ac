"""A network for others to draw (GraphML, Mermaid, DOT), and drawn: SVG, a map or a tree.

Every text is escaped for where it goes; nothing is drawn by chance.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

import networkx as nx

from practice_core.hierarchy.relations import RelationKind
from practice_core.hierarchy.sites import KIND_PARENTS, Level, SiteKind
from practice_core.terms import term

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.hierarchy.geometry import Outline
    from practice_core.hierarchy.relations import Relation
    from practice_core.hierarchy.sites import Site
    from practice_core.hierarchy.tree import Hierarchy
    from practice_core.terms import Lang
    from practice_core.units import SiteId

__all__ = ["dot", "graphml", "mermaid", "svg"]

_WIDTH, _MARGIN, _LEGEND = 960.0, 40.0, 70.0
_NAMED = 40
"""More sites than so many are drawn without their names, the lower levels first."""
_TREE_HEIGHT = 520.0
_FLAT, _TALL = 0.4, 1.6
"""A map is at least and at most so many times as high as wide."""
_RADII = {Level.CENTER: 9.0, Level.INSTITUTE: 6.0, Level.STATION: 3.5, Level.SPOT: 2.0}
_STYLE = """\
text { font: 14px sans-serif; fill: #222 }
.outline { fill: #f4f1e8; stroke: #a49a7c; fill-rule: evenodd }
.tree { stroke: #b8b8b8; stroke-width: .6 }
.relation { stroke: #8a3ffc; stroke-width: 1.4; stroke-dasharray: 5 3; fill: none }
.name { font-size: 11px; paint-order: stroke; stroke: #fff; stroke-width: 2px }
circle { stroke: #fff; stroke-width: .5 }
.center { fill: #b3261e }
.institute { fill: #d9822b }
.station { fill: #2a6f97 }
.spot { fill: #5c8a4a }
.other { stroke: #222; stroke-width: 1 }"""


def graphml(hierarchy: Hierarchy) -> str:
    """Write a network as GraphML: its sites, units and persons, and all that ties them.

    Examples
    --------
    >>> from practice_core.hierarchy import Hierarchy, Level, Site
    >>> center = Site("c", "清水县中心", Level.CENTER, None, 120.6, 31.1, synthetic=True)
    >>> nx.parse_graphml(graphml(Hierarchy([center]))).nodes["c"]["name"]
    '清水县中心'
    """
    graph = hierarchy.to_networkx(relations=True)
    plain: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    plain.add_nodes_from((node, _plain(said)) for node, said in graph.nodes(data=True))
    plain.add_edges_from((a, b, _plain(said)) for a, b, said in graph.edges(data=True))
    return "\n".join(nx.generate_graphml(plain)) + "\n"


def mermaid(hierarchy: Hierarchy, lang: Lang = "en") -> str:
    """Write a network as a Mermaid flowchart: the tree in full lines, relations dotted.

    Examples
    --------
    >>> from practice_core.hierarchy import Hierarchy, Level, Site
    >>> center = Site("c", '"清水"', Level.CENTER, None, 120.6, 31.1, synthetic=True)
    >>> print(mermaid(Hierarchy([center])))
    flowchart TD
      n0["#34;清水#34;"]:::center
    <BLANKLINE>
    """
    nodes = _nodes(hierarchy)
    sites = [f'  {nodes[s.id]}["{_entities(s.name)}"]:::{s.level}' for s in hierarchy]
    others = [f'  {nodes[o]}(["{_entities(n)}"])' for o, n in _others(hierarchy).items()]
    tree = [f"  {nodes[above]} --> {nodes[site]}" for above, site in _edges(hierarchy)]
    ties = [
        f'  {nodes[one.site]} -. "{term(one.kind, lang)}" .- {nodes[one.other]}'
        for one in hierarchy.relations
    ]
    return "\n".join(["flowchart TD", *sites, *others, *tree, *ties, ""])


def dot(hierarchy: Hierarchy, lang: Lang = "en") -> str:
    r"""Write a network in the DOT language of Graphviz: relations are dashed.

    Examples
    --------
    >>> from practice_core.hierarchy import Hierarchy, Level, Site
    >>> center = Site("c", '"清水"', Level.CENTER, None, 120.6, 31.1, synthetic=True)
    >>> print(dot(Hierarchy([center])))
    digraph {
      "c" [label="\"清水\"", class="center"];
    }
    <BLANKLINE>
    """
    sites = [
        f'  {_quoted(site.id)} [label={_quoted(site.name)}, class="{site.level}"];'
        for site in hierarchy
    ]
    others = [
        f"  {_quoted(other)} [label={_quoted(name)}, shape=box];"
        for other, name in _others(hierarchy).items()
    ]
    tree = [f"  {_quoted(above)} -> {_quoted(site)};" for above, site in _edges(hierarchy)]
    said = {kind: _quoted(term(kind, lang)) for kind in RelationKind}
    ties = [
        f"  {_quoted(one.site)} -> {_quoted(one.other)} "
        f"[style=dashed, dir=none, label={said[one.kind]}];"
        for one in hierarchy.relations
    ]
    return "\n".join(["digraph {", *sites, *others, *tree, *ties, "}", ""])


def svg(
    hierarchy: Hierarchy, lang: Lang = "en", title: str = "", outline: Outline | None = None
) -> str:
    """Draw a network: on the map if its outline is known, else as a tree.

    Sites are circles, larger and of another color the higher their level, ringed if they are of a
    kind of their own; relations are dashed: lines between sites, and rings around sites that are
    tied to somebody else. Each says in a tooltip what it is.

    Parameters
    ----------
    hierarchy
        The network.
    lang
        Of the words.
    title
        Above it; the center's name if empty.
    outline
        Of the map; None: the network's own, if it has one.

    Examples
    --------
    >>> from practice_core.hierarchy import Hierarchy, Level, Site
    >>> center = Site("c", "<清水>", Level.CENTER, None, 120.6, 31.1, synthetic=True)
    >>> drawing = svg(Hierarchy([center]))
    >>> "&lt;清水&gt;" in drawing, "<清水>" in drawing
    (True, False)
    """
    outline = outline or hierarchy.outline
    drawn = _as_tree(hierarchy) if outline is None else _on_map(hierarchy, outline)
    at, height, shapes = drawn
    heading = escape(title or hierarchy.root.name)
    total = height + _LEGEND + _MARGIN
    size, shape = f"{_WIDTH:.0f} {total:.0f}", f'width="{_WIDTH:.0f}" height="{total:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" {shape} role="img">',
            f"<title>{heading}</title>",
            f"<style>\n{_STYLE}\n</style>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            f'<text x="{_MARGIN:.0f}" y="26" font-size="18">{heading}</text>',
            *shapes,
            *_branches(hierarchy, at),
            *_dashed(hierarchy, at, lang),
            *_circles(hierarchy, at, lang),
            *_names(hierarchy, at),
            *_legend(hierarchy, total - _LEGEND + 20, lang),
            "</svg>",
            "",
        ]
    )


def _on_map(
    hierarchy: Hierarchy, outline: Outline
) -> tuple[dict[SiteId, tuple[float, float]], float, list[str]]:
    """Give where sites lie on paper, how high it is, and the outline."""
    west, south, east, north = outline.bounds
    wide = math.cos(math.radians((south + north) / 2)) * (east - west)
    inner = _WIDTH - 2 * _MARGIN
    height = inner * min(max((north - south) / wide, _FLAT), _TALL)
    scale = min(inner / wide, height / (north - south))
    left = _MARGIN + (inner - scale * wide) / 2

    def place(lon: float, lat: float) -> tuple[float, float]:
        return left + (lon - west) * wide / (east - west) * scale, _MARGIN + (north - lat) * scale

    rings = [
        "M" + "L".join("{:.1f} {:.1f}".format(*place(*point)) for point in ring) + "Z"
        for polygon in outline.polygons
        for ring in polygon
    ]
    at = {site.id: place(site.lon, site.lat) for site in hierarchy}
    return at, height + _MARGIN, [f'<path class="outline" d="{"".join(rings)}"/>']


def _as_tree(hierarchy: Hierarchy) -> tuple[dict[SiteId, tuple[float, float]], float, list[str]]:
    """Give where sites stand when levels are rows, every site above the middle of its own."""
    order, waiting = [], [site.id for site in reversed(hierarchy.at_level(Level.CENTER))]
    while waiting:
        order.append(waiting.pop())
        waiting += reversed(hierarchy.children(order[-1]))
    leaves = [site for site in order if not hierarchy.children(site)]
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(leaves) - 1)
    x = {site: _MARGIN + n * step for n, site in enumerate(leaves)}
    if len(leaves) == 1:
        x = {leaves[0]: _WIDTH / 2}
    for site in reversed(order):  # the children come before their parent
        below = hierarchy.children(site)
        if below:
            x[site] = (x[below[0]] + x[below[-1]]) / 2
    rows = _TREE_HEIGHT / (len(Level) - 1)
    top = _MARGIN + 2 * _RADII[Level.CENTER]
    at = {site: (x[site], top + rows * hierarchy.site(site).level.rank) for site in order}
    return at, top + _TREE_HEIGHT, []


def _edges(hierarchy: Hierarchy) -> Iterator[tuple[SiteId, SiteId]]:
    """Give the edges of the tree, from parent to child."""
    for site in hierarchy:
        if site.parent is not None:
            yield site.parent, site.id


def _branches(hierarchy: Hierarchy, at: dict[SiteId, tuple[float, float]]) -> Iterator[str]:
    for above, site in _edges(hierarchy):
        yield f'<line class="tree" {_ends(at[above], at[site])}/>'


def _dashed(
    hierarchy: Hierarchy, at: dict[SiteId, tuple[float, float]], lang: Lang
) -> Iterator[str]:
    rings: dict[SiteId, list[Relation]] = {}
    for one in hierarchy.relations:
        if one.other in hierarchy:  # another site, or the center of an area that is here
            ends = _ends(at[one.site], at[one.other])  # type: ignore[index]  # a site's id
            said = f"<title>{_told(one, lang)}</title>"
            yield f'<line class="relation" {ends}>{said}</line>'
        else:
            rings.setdefault(one.site, []).append(one)
    for site, ties in rings.items():
        said = escape("; ").join(_told(one, lang) for one in ties)
        radius = _RADII[hierarchy.site(site).level] + 4
        place = 'cx="{:.1f}" cy="{:.1f}"'.format(*at[site])
        yield f'<circle class="relation" {place} r="{radius:.1f}"><title>{said}</title></circle>'


def _circles(
    hierarchy: Hierarchy, at: dict[SiteId, tuple[float, float]], lang: Lang
) -> Iterator[str]:
    for site in sorted(hierarchy, key=lambda one: -one.level.rank):  # the higher ones on top
        place = 'cx="{:.1f}" cy="{:.1f}"'.format(*at[site.id])
        kind = "" if site.kind is SiteKind.REGULAR else " other"
        said = escape(f"{site.name} ({site.id}), {_what(site, lang)}")
        shape = f'class="{site.level}{kind}" {place} r="{_RADII[site.level]:.1f}"'
        yield f"<circle {shape}><title>{said}</title></circle>"


def _names(hierarchy: Hierarchy, at: dict[SiteId, tuple[float, float]]) -> Iterator[str]:
    """Give the names of the higher levels, as many as can be read."""
    left = _NAMED
    for level in Level:
        sites = hierarchy.at_level(level)
        left -= len(sites)
        for site in sites if left >= 0 else ():
            x, y = at[site.id]
            away = _RADII[level] + 5
            x, side = (x + away, "start") if x < _WIDTH * 0.7 else (x - away, "end")
            said = f'x="{x:.1f}" y="{y + 4:.1f}" text-anchor="{side}"'
            yield f'<text class="name" {said}>{escape(site.name)}</text>'


def _legend(hierarchy: Hierarchy, y: float, lang: Lang) -> Iterator[str]:
    x = _MARGIN
    for one, count in hierarchy.census().items():
        if isinstance(one, SiteKind):
            if not count:
                continue
            level, other = next(iter(KIND_PARENTS[one])), " other"
        else:
            level, other = one, ""
        said = escape(f"{term(one, lang)} {count}")
        yield f'<circle class="{level}{other}" cx="{x:.1f}" cy="{y:.1f}" r="{_RADII[level]:.1f}"/>'
        yield f'<text x="{x + 14:.1f}" y="{y + 5:.1f}">{said}</text>'
        x += 150
    kinds = sorted({one.kind for one in hierarchy.relations}, key=lambda kind: kind.value)
    if kinds:
        said = escape(", ".join(term(kind, lang) for kind in kinds))
        y += 26
        yield f'<line class="relation" {_ends((_MARGIN - 8, y), (_MARGIN + 10, y))}/>'
        yield f'<text x="{_MARGIN + 14:.1f}" y="{y + 5:.1f}">{said}</text>'


def _ends(a: tuple[float, float], b: tuple[float, float]) -> str:
    return f'x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}"'


def _what(site: Site, lang: Lang) -> str:
    level = term(site.level, lang)
    return level if site.kind is SiteKind.REGULAR else f"{level}, {term(site.kind, lang)}"


def _told(one: Relation, lang: Lang) -> str:
    return escape(f"{term(one.kind, lang)}: {one.site}, {one.name or one.other}")


def _others(hierarchy: Hierarchy) -> dict[str, str]:
    """Give those at the other ends of relations that are no sites, and how they are called."""
    found: dict[str, str] = {}
    for one in hierarchy.relations:
        if one.other not in hierarchy:
            found[one.other] = one.name or found.get(one.other) or one.other
    return found


def _nodes(hierarchy: Hierarchy) -> dict[str, str]:
    """Give each site and each other end a name that Mermaid cannot take for one of its words."""
    ids = [*(site.id for site in hierarchy), *_others(hierarchy)]
    return {one: f"n{n}" for n, one in enumerate(ids)}


def _plain(said: dict[str, Any]) -> dict[str, str | float | bool]:
    """Give fields as GraphML has them: numbers and truths as they are, all else as text."""
    found: dict[str, str | float | bool] = {}
    for key, value in said.items():
        if isinstance(value, (bool, int, float)):
            found[key] = value
        elif key == "categories":
            found[key] = "; ".join(value)
        elif value is not None and key != "hours":
            found[key] = str(value)
    return found


def _entities(text: str) -> str:
    """Escape what Mermaid would take for markup, as its entity codes."""
    return "".join(f"#{ord(sign)};" if sign in '"#;<>&`\\[](){}|' else sign for sign in text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
