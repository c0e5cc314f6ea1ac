"""What sets two versions of a network apart, and how to get from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.hierarchy.relations import Relation
    from practice_core.hierarchy.sites import Site
    from practice_core.hierarchy.tree import Hierarchy

__all__ = ["Change", "Difference", "difference"]


@attrs.frozen
class Change:
    """A site that is in both versions, and otherwise in one than in the other."""

    before: Site
    after: Site


@attrs.frozen
class Difference:
    """What sets a newer version apart from an older one; false if nothing does.

    Parameters
    ----------
    opened, closed
        Sites that are in the newer version alone, and in the older alone.
    changed
        Sites that are in both, and differ.
    tied, untied
        Relations of the newer version alone, and of the older alone.
    """

    opened: tuple[Site, ...] = ()
    closed: tuple[Site, ...] = ()
    changed: tuple[Change, ...] = ()
    tied: tuple[Relation, ...] = ()
    untied: tuple[Relation, ...] = ()

    def __bool__(self) -> bool:
        return any((self.opened, self.closed, self.changed, self.tied, self.untied))

    @property
    def moved(self) -> tuple[Change, ...]:
        """The changes of position."""
        return tuple(
            one
            for one in self.changed
            if (one.before.lon, one.before.lat) != (one.after.lon, one.after.lat)
        )

    @property
    def reattached(self) -> tuple[Change, ...]:
        """The changes of parent."""
        return tuple(one for one in self.changed if one.before.parent != one.after.parent)

    def apply(self, old: Hierarchy) -> Hierarchy:
        """Give the newer version of an older one, validated as a whole.

        Parameters
        ----------
        old
            The version from which the difference was taken, or any in which what it closes,
            changes and unties is as it was there.

        Raises
        ------
        DefinitionError
            If something is not as it was, or the newer version would not be sound; `old` stays as
            it is.
        """
        faults = list(self._faults(old))
        if faults:
            raise DefinitionError("difference", faults)
        gone = {site.id for site in self.closed}
        after = {one.after.id: one.after for one in self.changed}
        sites = [after.get(site.id, site) for site in old if site.id not in gone]
        ties = [one for one in old.relations if one not in set(self.untied)]
        return old.evolved([*sites, *self.opened], [*ties, *self.tied])

    def _faults(self, old: Hierarchy) -> Iterator[Fault]:
        for site in (*self.closed, *(one.before for one in self.changed)):
            if site.id not in old:
                yield Fault(f"site {site.id}", "not there", "the site as it was", "take it out")
            elif old.site(site.id) != site:
                yield Fault(
                    f"site {site.id}", "changed since", "the site as it was", "compare anew"
                )
        for site in self.opened:
            if site.id in old:
                yield Fault(f"site {site.id}", "there already", "no such site", "compare anew")
        known = set(old.relations)
        for one, there in (*((t, False) for t in self.tied), *((t, True) for t in self.untied)):
            if (one in known) is not there:
                found = "there already" if one in known else "not there"
                yield Fault(f"{one.kind} of {one.site}", found, "as it was", "compare anew")


def difference(old: Hierarchy, new: Hierarchy) -> Difference:
    """Give what sets a newer version apart from an older one.

    Examples
    --------
    >>> from practice_core.hierarchy import Hierarchy, Level, Site
    >>> old = Hierarchy([Site("c", "中心", Level.CENTER, None, 120.6, 31.1, synthetic=True)])
    >>> new = old.changed("c", lon=120.7)
    >>> found = difference(old, new)
    >>> [(one.before.lon, one.after.lon) for one in found.moved], found.apply(old) == new
    ([(120.6, 120.7)], True)
    """
    before, after = set(old.relations), set(new.relations)
    return Difference(
        opened=tuple(site for site in new if site.id not in old),
        closed=tuple(site for site in old if site.id not in new),
        changed=tuple(
            Change(old.site(site.id), site)
            for site in new
            if site.id in old and old.site(site.id) != site
        ),
        tied=tuple(one for one in new.relations if one not in before),
        untied=tuple(one for one in old.relations if one not in after),
    )
