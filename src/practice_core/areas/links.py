"""The desks of an area that its tree does not hold, as its file names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.areas.tables import summed_up
from practice_core.errors import Fault, did_you_mean
from practice_core.hierarchy import Level, RelationKind, SiteKind
from practice_core.orders import Desk, Links
from practice_core.terms import Category  # noqa: TC001 - cattrs reads the fields' types
from practice_core.units import SiteId, is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from practice_core.areas.rows import SiteRow
    from practice_core.hierarchy import Relation, Site
    from practice_core.orders import LoopProfile

__all__ = ["LinksFile", "chain_faults", "linked", "links_of"]

_MOST_ALLIES = 20
_HELPED = 20
"""A message lists no more faults, and none that is not listed needs a guess at what was meant."""


@attrs.frozen
class LinksFile:
    """The section ``[links]`` of an area's file."""

    document: str
    sectors: dict[Category, str] = attrs.field(factory=dict)
    paired: dict[str, str] = attrs.field(factory=dict)
    allied: list[str] = attrs.field(factory=list)
    fallback: str | None = None


def links_of(found: LinksFile, sites: Sequence[str] | None) -> Links:
    """Build the links of an area from what its file says of them.

    Parameters
    ----------
    found
        The section of the file.
    sites
        The ids of the area's sites, sorted; None if they are made up.

    Raises
    ------
    DefinitionError
        With every fault, each at its key: the first 20 and how many more.
    """
    faults = list(_faults(found, sites))
    if faults:
        raise summed_up("links", faults)
    return Links(
        sectors={category: SiteId(desk) for category, desk in found.sectors.items()},
        paired={SiteId(site): SiteId(desk) for site, desk in found.paired.items()},
        allied=tuple(map(SiteId, found.allied)),
        fallback=None if found.fallback is None else SiteId(found.fallback),
    )


def linked(
    links: Links,
    sites: Iterable[Site | SiteRow],
    relations: Iterable[Relation],
    allied: Sequence[SiteId] = (),
) -> Links:
    """Give the desks beyond the tree that a network says itself, beside those that a file names.

    Parameters
    ----------
    links
        What a file names; what the network does not say stays so.
    sites
        Of the area: the desk of a category is the sector sub-center that offers it, of several the
        first.
    relations
        Of the area: a site's paired unit is that of its first pairing, allied centers are the other
        ends of alliances.
    allied
        The centers of allied areas in the order in which they are asked, if it is known.

    Examples
    --------
    >>> from practice_core.hierarchy import Relation
    >>> ally = Relation(RelationKind.ALLIANCE, "wj", "qp", exchanged=10, certificate=True)
    >>> linked(Links(fallback="wj"), [], [ally])
    Links(sectors={}, paired={}, allied=('qp',), fallback='wj')
    """
    sectors: dict[Category, SiteId] = {}
    for site in sites:
        if site.kind is SiteKind.SECTOR_SUBCENTER:
            for category in site.categories:
                sectors.setdefault(category, site.id)
    ends: dict[RelationKind, dict[SiteId, SiteId]] = {kind: {} for kind in RelationKind}
    for one in relations:
        by = SiteId(one.other) if one.kind is RelationKind.ALLIANCE else one.site
        ends[one.kind].setdefault(by, SiteId(one.other))
    return attrs.evolve(
        links,
        sectors={**links.sectors, **sectors},
        paired={**links.paired, **ends[RelationKind.PAIRING]},
        allied=tuple(allied) or tuple(ends[RelationKind.ALLIANCE]) or links.allied,
    )


def chain_faults(
    profile: LoopProfile, counts: Mapping[Level, int], links: Links
) -> Iterator[Fault]:
    """Find desks of a loop's chain, and levels of its takers, that an area does not have."""
    levels = [level for level in Level if counts.get(level, 0)]
    named = {
        Desk.SECTOR: links.sectors,
        Desk.PAIRED: links.paired,
        Desk.ALLIED: links.allied,
        Desk.FALLBACK: links.fallback,
    }
    desks = [desk for desk in Desk if desk.value in levels or named.get(desk)]
    for desk in profile.lacking(desks):
        found = f"{desk.value}, which the area has not"
        remedy = f"name it in links, or drop {desk}" if desk in named else f"drop {desk}"
        yield Fault("loop.chain", found, f"one or more of {', '.join(desks)}", remedy)
    for level in profile.takers:
        if level not in levels:
            found = f"{level.value}, of which the area has no site"
            yield Fault("loop.takers", found, f"some of {', '.join(levels)}", f"drop {level}")


def _faults(found: LinksFile, sites: Sequence[str] | None) -> Iterator[Fault]:
    if not found.document.strip():
        yield Fault("links.document", "nothing", "what says so", "name it")
    named = {f"links.sectors.{category}": desk for category, desk in found.sectors.items()}
    named |= {f"links.paired.{site}": desk for site, desk in found.paired.items()}
    named |= {f"links.allied[{n}]": desk for n, desk in enumerate(found.allied)}
    named |= {} if found.fallback is None else {"links.fallback": found.fallback}
    for key, desk in named.items():
        if not is_identifier(desk):
            expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
            yield Fault(key, repr(desk), expected, "rename it")
    if len(found.allied) > _MOST_ALLIES:
        expected = f"at most {_MOST_ALLIES}: an order asks them one after another"
        yield Fault("links.allied", f"{len(found.allied)} centers", expected, "name the nearest")
    ours, seen = set(sites or ()), set[str]()
    for n, center in enumerate(found.allied):
        if is_identifier(center) and (center in seen or center in ours):
            stands = f"{center!r}, {'named before' if center in seen else 'a site of this area'}"
            yield Fault(f"links.allied[{n}]", stands, "the center of another area", "remove it")
        seen.add(center)
    if sites is not None:
        unknown = [site for site in found.paired if site not in ours]
        for n, site in enumerate(unknown):
            meant = did_you_mean(site, sites) if n < _HELPED else ""
            key = f"links.paired.{site}"
            yield Fault(key, repr(site), "the id of a site", f"{meant}change {site}")
