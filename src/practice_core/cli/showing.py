"""``practice-core show``, ``check``, ``draw`` and ``convert``: networks, and if they are sound."""

from __future__ import annotations

import enum
import sys
from collections import Counter
from collections.abc import Mapping
from json import dumps
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotation
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter
from rich.tree import Tree

from practice_core.areas import check_network, convert_network, is_network, load_network
from practice_core.areas.hours import hours_text
from practice_core.cli.console import say, show, stdout
from practice_core.errors import DefinitionError, Fault, attempt
from practice_core.experiment import Table
from practice_core.hierarchy import Level, SiteKind
from practice_core.simulation import draw_city, findings, load_scenario, network_of
from practice_core.terms import Lang, term
from practice_core.units import SiteId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from practice_core.areas import Area
    from practice_core.hierarchy import Hierarchy, Relation, RelationKind, Site
    from practice_core.simulation import Scenario
    from practice_core.volunteers import Team

__all__ = ["Showing", "check", "convert", "draw", "network"]

FINDINGS = 1
SHOWN, MOST_BRANCHES = 12, 60
"""More sites, teams or branches than so many are counted, not listed."""
LONGEST = 60
"""Characters of a value that are shown."""

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


class Showing(enum.StrEnum):
    """What is said around an area's sites; the words are in the vocabulary."""

    SITES = "sites"
    KINDS = "kinds"
    KIND = "kind"
    RELATIONS = "relations"
    TIED = "tied"
    TOLD = "told"
    DAYS = "days"
    NETWORK_SOUND = "network_sound"
    WRITTEN = "written"
    LEVEL = "level"
    COUNT = "count"
    MADE_UP_SITES = "made_up_sites"
    MADE_UP_TEAMS = "made_up_teams"
    GIVEN_SITES = "given_sites"
    GIVEN_TEAMS = "given_teams"
    MORE = "more"
    CHAIN = "chain"
    POSITION = "position"
    BELOW = "below"
    TEAMS = "teams"
    SOUND = "sound"
    FINDING = "finding"
    NUMBERS = "numbers"
    NUMBER = "number"


def network(
    area: str,
    site: str | None = None,
    /,
    *,
    basis: Flag = False,
    json: Flag = False,
    lang: Lang = "en",
) -> None:
    """Show an area's network, or one site of it.

    Parameters
    ----------
    area
        Name of an area that ships, the folder of one of your own, or the file of a network.
    site
        Id of a site, or a name that it alone has: its place in the network, what it is tied to, and
        the teams at home there.
    basis
        List every number of the area and its scenario instead, with what it rests on: published,
        derived or assumed.
    json
        Print one JSON object instead of a tree.
    lang
        Language.
    """
    found = _shown(area)
    hierarchy = found.hierarchy
    if basis:
        _show_basis(found, lang, json=json)
        return
    if site is not None:
        one = _named(site, hierarchy)
        teams = sorted((t for t in found.teams if t.home == one.id), key=lambda t: t.id)
        if json:
            sys.stdout.write(_json(_site(one, hierarchy, teams)))
        else:
            _show_site(one, hierarchy, teams, lang)
        return
    if json:
        counts = {key.value: count for key, count in hierarchy.census().items()}
        about: dict[str, Any] = {"area": found.id, "counts": counts}
        about |= {"name_zh": found.name_zh, "name_en": found.name_en}
        if found.area is not None:
            about |= {"teams": len(found.teams), "made_up": dict(found.area.made_up)}
        ties = [_tie(one) for one in hierarchy.relations]
        sites = [_site(one, hierarchy, ()) for one in hierarchy]
        sys.stdout.write(_json(about | {"relations": ties, "sites": sites}))
        return
    _show_network(found, lang)


def _show_basis(found: _Shown, lang: Lang, *, json: bool) -> None:
    """Print every number of an area and of its scenario, and what it rests on."""
    if found.area is None or found.scenario is None:
        fault = Fault("--basis", f"{found.id}, a network alone", "an area", "name an area")
        raise DefinitionError("show", [fault])
    parts = ((found.area.values, found.area.bases), (found.scenario.values, found.scenario.bases))
    rows = [
        (key, str(_at(values, key)), basis.kind, basis.source)
        for values, bases in parts
        for key, basis in sorted(bases.items())
    ]
    if json:
        keys = ("key", "value", "basis", "source")
        listed = [
            dict(zip(keys, (key, value, kind.value, source), strict=True))
            for key, value, kind, source in rows
        ]
        sys.stdout.write(_json({"area": found.id, "numbers": listed}))
        return
    say(term(Showing.NUMBERS, lang))
    line = term(Showing.NUMBER, lang)
    for key, value, kind, source in rows:
        said = value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
        say(line.format(key=key, value=said, basis=term(kind, lang), source=source))


def _at(values: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 - whatever a file says
    found: Any = values
    for part in key.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return "-"
        found = found[part]
    return found


@attrs.frozen
class _Shown:
    """A network to be shown: of an area, or of a file of its own."""

    hierarchy: Hierarchy
    id: str
    name_zh: str
    name_en: str
    area: Area | None = None
    teams: Sequence[Team] = ()
    scenario: Scenario | None = None


def _shown(where: str) -> _Shown:
    if is_network(where):
        hierarchy = load_network(where)
        root = hierarchy.root
        return _Shown(hierarchy, root.id, root.name, root.name)
    scenario = load_scenario(where)
    city, area = draw_city(scenario, 0, 0), scenario.area
    whole = network_of(scenario, 0, 0)
    return _Shown(whole, area.id, area.name_zh, area.name_en, area, city.teams, scenario)


def convert(source: Path, out: Path, /, *, lang: Lang = "en") -> None:
    """Write the network of one file as another, in the format that the name of the other says.

    Parameters
    ----------
    source
        A network: NAME.toml, NAME.csv (with NAME.relations.csv beside it) or NAME.geojson.
    out
        A new file: .toml, .csv, .geojson, .graphml, .mmd (Mermaid) or .dot (Graphviz).
    lang
        Language of what is said.
    """
    for file in convert_network(source, out):
        say(term(Showing.WRITTEN, lang).format(file=file))


def draw(area: str, /, *, out: Path, lang: Lang = "en") -> None:
    """Draw a network: on the map if its outline is known, else as a tree.

    Parameters
    ----------
    area
        Name of an area that ships, the folder of one of your own, or the file of a network.
    out
        A new file: .svg, .png or .html.
    lang
        Language of the drawing.
    """
    from practice_core.report import draw as into  # noqa: PLC0415 - it takes half a second to open

    found = _shown(area)
    title = found.name_zh if lang == "zh" else found.name_en
    outline = None if found.area is None else found.area.outline
    file = into(found.hierarchy, out, lang=lang, title=title, outline=outline)
    say(term(Showing.WRITTEN, lang).format(file=file))


def _named(text: str, hierarchy: Hierarchy) -> Site:
    """Give the site of an id, or of a name that it alone has."""
    called = [site for site in hierarchy if site.name == text]
    if len(called) == 1 and text not in hierarchy:
        return called[0]
    return hierarchy.site(SiteId(text))


def check(area: str, /, *others: str, lang: Lang = "en") -> int:
    """Check all files of areas and networks: every fault at once, and what deserves a second look.

    Exit code 0 if nothing is found, 1 if something deserves a second look, 2 if a file is wrong.

    Parameters
    ----------
    area
        Name of an area that ships, folder of one of your own, or file of a network: .toml, .csv or
        .geojson.
    others
        More of them.
    lang
        Language.
    """
    faults: list[Fault] = []
    found = [attempt(faults, _looked_at, one, lang) for one in (area, *others)]
    if faults:
        raise DefinitionError("check" if others else area, faults)
    for lines in filter(None, found):
        for line in lines:
            say(line)
    return FINDINGS if any(lines and lines[1:] for lines in found) else 0


def _looked_at(where: str, lang: Lang) -> tuple[str, ...]:
    """Give what is said of a sound area or network, what deserves a second look after it."""
    if is_network(where):
        faults = check_network([where])
        if faults:
            raise DefinitionError(where, faults)
        known = load_network(where)
        ties = len(known.relations)
        said = term(Showing.NETWORK_SOUND, lang)
        return (said.format(file=where, sites=len(known), relations=ties),)
    scenario = load_scenario(where)
    city = draw_city(scenario, 0, 0)
    said = term(Showing.SOUND, lang)
    counts = {"sites": len(city.hierarchy), "teams": len(city.teams)}
    finding = term(Showing.FINDING, lang)
    return (
        said.format(area=scenario.area.id, **counts),
        *(
            finding.format(odd=term(one.odd, lang), what=_some(one.what, lang))
            for one in findings(scenario)
        ),
    )


def _json(content: Mapping[str, Any]) -> str:
    return dumps(content, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _site(site: Site, hierarchy: Hierarchy, teams: Sequence[Team]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": site.id,
        "name": site.name,
        "level": site.level.value,
        "chain": list(hierarchy.chain(site.id)[1:]),
        "children": list(hierarchy.children(site.id)),
        "lon": site.lon,
        "lat": site.lat,
        "synthetic": site.synthetic,
        "kind": site.kind.value,
    }
    said = {
        "hours": site.hours and hours_text(site.hours),
        "seats": site.seats,
        "categories": list(site.categories) or None,
        "demonstration": site.demonstration or None,
        "opened": site.opened and site.opened.isoformat(),
        "closed": site.closed and site.closed.isoformat(),
        "relations": [_tie(one) for one in hierarchy.relations_of(site.id)] or None,
    }
    found |= {key: value for key, value in said.items() if value is not None}
    listed = [
        {"id": team.id, "categories": list(team.categories), "members": team.members}
        for team in teams
    ]
    return found | ({"teams": listed} if teams else {})


def _tie(one: Relation) -> dict[str, Any]:
    found = {
        "kind": one.kind.value,
        "site": one.site,
        "other": one.other,
        "name": one.name or None,
        "since": one.since and one.since.isoformat(),
        "until": one.until and one.until.isoformat(),
        "hours": one.hours and hours_text(one.hours),
        "exchanged": one.exchanged,
        "certificate": one.certificate or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _show_network(found: _Shown, lang: Lang) -> None:
    name = found.name_zh if lang == "zh" else found.name_en
    hierarchy, console = found.hierarchy, stdout()
    console.print(f"{name} ({found.id})", style="bold")
    census = hierarchy.census()
    levels = {level: census[level] for level in Level}
    _count(console, Showing.SITES, Showing.LEVEL, levels, lang)
    kinds = {kind: count for kind in SiteKind if (count := census.get(kind, 0))}
    if kinds:
        _count(console, Showing.KINDS, Showing.KIND, kinds, lang)
    if hierarchy.relations:
        ties = Counter(one.kind for one in hierarchy.relations)
        _count(console, Showing.RELATIONS, Showing.KIND, ties, lang)
    if found.area is not None:
        made_up = found.area.made_up
        say(term(Showing.MADE_UP_SITES if made_up["sites"] else Showing.GIVEN_SITES, lang))
        said = Showing.MADE_UP_TEAMS if made_up["teams"] else Showing.GIVEN_TEAMS
        say(term(said, lang).format(teams=len(found.teams)))
    tree = Tree(_label(hierarchy.root))
    first_ones = hierarchy.children(hierarchy.root.id)
    for first in first_ones[:MOST_BRANCHES]:
        branch = tree.add(_label(hierarchy.site(first)))
        below = hierarchy.children(first)
        if below:
            by_level = [hierarchy.site(site).level for site in hierarchy.scope(first) - {first}]
            parts = [
                f"{term(level, lang)} {by_level.count(level)}"
                for level in Level
                if level in by_level
            ]
            branch.add(", ".join(parts))
    more = len(first_ones) - MOST_BRANCHES
    if more > 0:
        tree.add(term(Showing.MORE, lang).format(count=more))
    console.print(tree)


def _count(
    console: Console,
    caption: Showing,
    column: Showing,
    counts: Mapping[Level, int] | Mapping[SiteKind, int] | Mapping[RelationKind, int],
    lang: Lang,
) -> None:
    rows = tuple((term(key, lang), str(count)) for key, count in counts.items())
    columns = (term(column, lang), term(Showing.COUNT, lang))
    show(console, Table(term(caption, lang), columns, rows))


def _show_site(site: Site, hierarchy: Hierarchy, teams: list[Team], lang: Lang) -> None:
    names = [hierarchy.site(above).name for above in hierarchy.chain(site.id)[1:]]
    kind = "" if site.kind is SiteKind.REGULAR else f", {term(site.kind, lang)}"
    say(f"{_label(site)}, {term(site.level, lang)}{kind}")
    say(term(Showing.CHAIN, lang).format(chain=" > ".join(names) or "-"))
    say(term(Showing.POSITION, lang).format(lon=site.lon, lat=site.lat))
    say(term(Showing.BELOW, lang).format(below=_some(hierarchy.children(site.id), lang)))
    ties = tuple(_told(one, site, hierarchy, lang) for one in hierarchy.relations_of(site.id))
    if ties:
        say(term(Showing.TIED, lang).format(tied=_some(ties, lang)))
    listed = [f"{t.id} ({', '.join(term(c, lang) for c in t.categories)})" for t in teams]
    say(term(Showing.TEAMS, lang).format(teams=_some(tuple(listed), lang)))


def _told(one: Relation, site: Site, hierarchy: Hierarchy, lang: Lang) -> str:
    """Tell of a relation of a site who is at the other end, and since when."""
    other = one.site if one.other == site.id else one.other
    named = _label(hierarchy.site(SiteId(other))) if other in hierarchy else one.name or other
    since, until = one.since or "...", f"- {one.until}" if one.until else ""
    days = term(Showing.DAYS, lang).format(since=since, until=until).rstrip()
    days = days if one.since or one.until else ""
    return term(Showing.TOLD, lang).format(kind=term(one.kind, lang), other=named, days=days)


def _label(site: Site) -> str:
    return f"{site.name} ({site.id})"


def _some(names: tuple[str, ...], lang: Lang) -> str:
    if not names:
        return "-"
    listed = ", ".join(names[:SHOWN])
    more = len(names) - SHOWN
    return f"{listed} {term(Showing.MORE, lang).format(count=more)}" if more > 0 else listed
