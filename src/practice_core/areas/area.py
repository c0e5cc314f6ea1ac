"""An area: what is published about it, its network, its loop and its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from practice_core.areas.links import linked
from practice_core.areas.loops import Loop
from practice_core.areas.placement import place_sites, place_special, stand
from practice_core.areas.schemes import Scheme, bases_below
from practice_core.errors import DefinitionError, Fault
from practice_core.hierarchy import Hierarchy, Level, RelationKind, SiteKind
from practice_core.orders import Links

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.areas.files import Basis
    from practice_core.areas.rows import SiteRow, TeamRow
    from practice_core.areas.special import Special
    from practice_core.hierarchy import Outline, Relation, Site
    from practice_core.orders import LoopProfile
    from practice_core.points import RuleSet
    from practice_core.units import Calendar
    from practice_core.volunteers import DayParts

__all__ = ["Area"]


@attrs.frozen(kw_only=True)
class Area:
    """One area: its published facts, its loop and its rules.

    Parameters
    ----------
    id, name_zh, name_en
        Its name.
    document
        What publishes its figures.
    prefix
        With which the ids of its made-up sites and teams begin: the center's id.
    counts
        Sites by level.
    published
        Other published figures, by name.
    outline
        Its outline; None if it has none.
    seat
        (lon, lat) of its seat, in degrees.
    calendar
        When its desks work.
    parts
        The blocks of a day.
    profile
        The law of its order loop.
    links
        Its desks beyond the tree of its sites.
    rules
        Its points rules.
    sites
        Its sites, if they are known; None if so many as are counted are made up.
    teams
        Its teams, if they are known; None if a roster is made up.
    relations
        What ties its sites beside the tree.
    special
        Sites that are no ordinary unit of their level, made up beside those that are counted.
    demonstration
        How many sites of a level are shown to others, where that is known and not which.
    values
        The plain values of its file, by section and key.
    bases
        What every number rests on, by dotted key.
    digest
        BLAKE2b of all its files: equal digests, equal areas.
    """

    id: str
    name_zh: str
    name_en: str
    document: str
    prefix: str
    counts: Mapping[Level, int]
    published: Mapping[str, int]
    outline: Outline | None
    seat: tuple[float, float]
    calendar: Calendar
    parts: DayParts
    profile: LoopProfile
    links: Links = attrs.field(factory=Links)
    rules: RuleSet
    sites: tuple[SiteRow, ...] | None = None
    teams: tuple[TeamRow, ...] | None = None
    relations: tuple[Relation, ...] = ()
    special: tuple[Special, ...] = ()
    demonstration: Mapping[Level, int] = attrs.field(factory=dict)
    values: Mapping[str, Any]
    bases: Mapping[str, Basis]
    digest: str

    def __attrs_post_init__(self) -> None:
        if self.outline is None and self.made_up["sites"]:
            found = "sites without a position, and no outline"
            fault = Fault("outline", found, "a GeoJSON file", "name one, or give lon and lat")
            raise DefinitionError(self.id, (fault,))

    def hierarchy(  # noqa: PLR0913 - as `place_sites`
        self,
        weights: Sequence[float] | None = None,
        *,
        seed: int = 0,
        replication: int = 0,
        station_sigma_km: float = 4.0,
        spot_sigma_km: float = 1.0,
        special: bool = True,
    ) -> Hierarchy:
        """Give the sites: at their places as far as they are known, else at made-up ones.

        Parameters
        ----------
        weights
            Size of each institute, where the sites are made up; equal if None.
        seed, replication
            Which map: the same arguments give the same one.
        station_sigma_km, spot_sigma_km
            Spread of stations around their institute, of spots around their station.
        special
            Whether special sites are there too, and what ties them; a simulation leaves them out.
        """
        spread = {"station_sigma_km": station_sigma_km, "spot_sigma_km": spot_sigma_km}
        if self.sites is not None:
            key = (seed, replication)
            known = stand(self.sites, self.seat, self.outline, key, **spread)
            return Hierarchy(known, relations=self.relations)
        sites = place_sites(
            prefix=self.prefix,
            counts=self.counts,
            weights=weights or [1.0] * self.counts.get(Level.INSTITUTE, 0),
            seat=self.seat,
            outline=self.outline,  # type: ignore[arg-type]  # see __attrs_post_init__
            seed=seed,
            replication=replication,
            **spread,
        )
        if special:
            key = (seed, replication)
            sites += place_special(sites, self.special, self.outline, key, **spread)  # type: ignore[arg-type]  # as above
        sites = self._shown(sites)
        here = {site.id for site in sites}
        ties = [one for one in self.relations if one.site in here]
        if not special:
            ties = [one for one in ties if one.kind is not RelationKind.MERGED_OPERATION]
        return Hierarchy(sites, self.outline, relations=ties)

    def _shown(self, sites: tuple[Site, ...]) -> tuple[Site, ...]:
        """Mark as many sites as are shown to others: the first ones of their level."""
        if not self.demonstration:
            return sites
        left = dict(self.demonstration)
        found = []
        for site in sites:
            shown = site.kind is SiteKind.REGULAR and left.get(site.level, 0) > 0
            left[site.level] = left.get(site.level, 0) - shown
            found.append(attrs.evolve(site, demonstration=True) if shown else site)
        return tuple(found)

    def linked(self, hierarchy: Hierarchy) -> Area:
        """Give the area with the desks beyond its tree that a network says: see `links`.

        With a `Federation` its orders escalate to the allied areas that are in it, nearest first,
        and the desk of an ally asks the ally's teams (`Practice`).
        """
        ours = hierarchy.scope(hierarchy.root.id)
        sites = [site for site in hierarchy if site.id in ours]
        ties = [one for one in hierarchy.relations if one.site in ours]
        return attrs.evolve(self, links=linked(self.links, sites, ties, hierarchy.allies()))

    @property
    def loop(self) -> Loop:
        """Its order loop, as those are that ship without an area."""
        return Loop(
            id=self.id,
            name_zh=self.name_zh,
            name_en=self.name_en,
            place_zh=self.name_zh,
            place_en=self.name_en,
            document=self.document,
            profile=self.profile,
            bases={
                key: basis
                for key, basis in self.bases.items()
                if key.startswith(("calendar.", "loop."))
            },
        )

    @property
    def scheme(self) -> Scheme:
        """Its points rules, as those are that ship without an area."""
        return Scheme(
            id=self.id,
            name_zh=self.name_zh,
            name_en=self.name_en,
            place_zh=self.name_zh,
            place_en=self.name_en,
            document=self.rules.source,
            versions=(self.rules,),
            bases=(bases_below(self.bases, "points."),),
        )

    @property
    def deskless(self) -> frozenset[Level]:
        """The levels of which some site has no desk of the chain at or above it, in the tree."""
        chain = {desk.value for desk in self.profile.chain}
        if self.sites is None:
            present = [level for level in Level if self.counts.get(level, 0)]
            above = {level: present[: n + 1] for n, level in enumerate(present)}
            return frozenset(
                level for level in present if not chain & {one.value for one in above[level]}
            )
        # A site stands below its parent: the higher levels come first.
        has_desk: dict[str | None, bool] = {}
        for row in sorted(self.sites, key=lambda row: row.level.rank):
            has_desk[row.id] = row.level.value in chain or has_desk.get(row.parent, False)
        return frozenset(row.level for row in self.sites if not has_desk[row.id])

    @property
    def made_up(self) -> Mapping[str, bool]:
        """Whether any position of a site, and whether the roster of teams, is made up."""
        return {
            "sites": self.sites is None or any(row.lon is None for row in self.sites),
            "teams": self.teams is None,
        }
