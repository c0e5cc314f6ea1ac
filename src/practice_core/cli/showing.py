"""``practice-core show`` and ``check``: what an area holds, and whether its files are sound."""

from __future__ import annotations

import enum
import sys
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.tree import Tree

from practice_core.cli.console import say, show, stdout
from practice_core.experiment import Table
from practice_core.hierarchy import Level
from practice_core.simulation import draw_city, findings, load_scenario
from practice_core.terms import Lang, term
from practice_core.units import SiteId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.areas import Area
    from practice_core.hierarchy import Hierarchy, Site
    from practice_core.volunteers import Team

__all__ = ["Showing", "check", "network"]

FINDINGS = 1
SHOWN, MOST_BRANCHES = 12, 60
"""More sites, teams or branches than so many are counted, not listed."""

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


class Showing(enum.StrEnum):
    """What is said around an area's sites; the words are in the vocabulary."""

    SITES = "sites"
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


def network(
    area: str, site: str | None = None, /, *, json: Flag = False, lang: Lang = "en"
) -> None:
    """Show an area's network, or one site of it.

    Parameters
    ----------
    area
        Name of an area that ships, or the folder of one of your own.
    site
        Id of a site, or a name that it alone has: its place in the network, and the teams at home
        there.
    json
        Print one JSON object instead of a tree.
    lang
        Language.
    """
    scenario = load_scenario(area)
    city = draw_city(scenario, 0, 0)
    hierarchy, found = city.hierarchy, scenario.area
    if site is not None:
        one = _named(site, hierarchy)
        teams = sorted((t for t in city.teams if t.home == one.id), key=lambda t: t.id)
        if json:
            sys.stdout.write(_json(_site(one, hierarchy, teams)))
        else:
            _show_site(one, hierarchy, teams, lang)
        return
    if json:
        counts = {level.value: count for level, count in hierarchy.counts().items()}
        about = {"area": found.id, "name_zh": found.name_zh, "name_en": found.name_en}
        made_up = dict(found.made_up)
        whole = about | {"counts": counts, "teams": len(city.teams), "made_up": made_up}
        sys.stdout.write(_json(whole | {"sites": [_site(s, hierarchy, ()) for s in hierarchy]}))
        return
    _show_network(found, hierarchy, len(city.teams), lang)


def _named(text: str, hierarchy: Hierarchy) -> Site:
    """Give the site of an id, or of a name that it alone has."""
    called = [site for site in hierarchy if site.name == text]
    if len(called) == 1 and text not in hierarchy:
        return called[0]
    return hierarchy.site(SiteId(text))


def check(area: str, /, *, lang: Lang = "en") -> int:
    """Check all files of an area: every fault at once, and what deserves a second look.

    Exit code 0 if nothing is found, 1 if something deserves a second look, 2 if a file is wrong.

    Parameters
    ----------
    area
        Name of an area that ships, or the folder of one of your own.
    lang
        Language.
    """
    scenario = load_scenario(area)
    city = draw_city(scenario, 0, 0)
    say(
        term(Showing.SOUND, lang).format(
            area=scenario.area.id, sites=len(city.hierarchy), teams=len(city.teams)
        )
    )
    found = findings(scenario)
    for one in found:
        what = _some(one.what, lang)
        say(term(Showing.FINDING, lang).format(odd=term(one.odd, lang), what=what))
    return FINDINGS if found else 0


def _json(content: Mapping[str, Any]) -> str:
    return dumps(content, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _site(site: Site, hierarchy: Hierarchy, teams: Sequence[Team]) -> dict[str, Any]:
    found = {
        "id": site.id,
        "name": site.name,
        "level": site.level.value,
        "chain": list(hierarchy.chain(site.id)[1:]),
        "children": list(hierarchy.children(site.id)),
        "lon": site.lon,
        "lat": site.lat,
        "synthetic": site.synthetic,
    }
    listed = [
        {"id": team.id, "categories": list(team.categories), "members": team.members}
        for team in teams
    ]
    return found | ({"teams": listed} if teams else {})


def _show_network(area: Area, hierarchy: Hierarchy, teams: int, lang: Lang) -> None:
    name = area.name_zh if lang == "zh" else area.name_en
    console = stdout()
    console.print(f"{name} ({area.id})", style="bold")
    counts = tuple((term(level, lang), str(n)) for level, n in hierarchy.counts().items())
    columns = (term(Showing.LEVEL, lang), term(Showing.COUNT, lang))
    show(console, Table(term(Showing.SITES, lang), columns, counts))
    made_up = area.made_up
    say(term(Showing.MADE_UP_SITES if made_up["sites"] else Showing.GIVEN_SITES, lang))
    said = Showing.MADE_UP_TEAMS if made_up["teams"] else Showing.GIVEN_TEAMS
    say(term(said, lang).format(teams=teams))
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


def _show_site(site: Site, hierarchy: Hierarchy, teams: list[Team], lang: Lang) -> None:
    names = [hierarchy.site(above).name for above in hierarchy.chain(site.id)[1:]]
    say(f"{_label(site)}, {term(site.level, lang)}")
    say(term(Showing.CHAIN, lang).format(chain=" > ".join(names) or "-"))
    say(term(Showing.POSITION, lang).format(lon=site.lon, lat=site.lat))
    say(term(Showing.BELOW, lang).format(below=_some(hierarchy.children(site.id), lang)))
    listed = [f"{t.id} ({', '.join(term(c, lang) for c in t.categories)})" for t in teams]
    say(term(Showing.TEAMS, lang).format(teams=_some(tuple(listed), lang)))


def _label(site: Site) -> str:
    return f"{site.name} ({site.id})"


def _some(names: tuple[str, ...], lang: Lang) -> str:
    if not names:
        return "-"
    listed = ", ".join(names[:SHOWN])
    more = len(names) - SHOWN
    return f"{listed} {term(Showing.MORE, lang).format(count=more)}" if more > 0 else listed
