"""A local loop as data: which steps are public, how long each may take, which desks it climbs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.hierarchy import Level  # noqa: TC001 - cattrs reads the fields' types
from practice_core.orders.commands import COMMANDS
from practice_core.units import Calendar, Duration, SiteId  # noqa: TC001 - as above

if TYPE_CHECKING:
    from collections.abc import Iterable

    from practice_core.hierarchy import Hierarchy

__all__ = ["LoopProfile", "Step"]


def _tuple(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


@attrs.frozen
class Step:
    """A step as the area's people know it.

    Parameters
    ----------
    zh, en
        Its local name.
    commands
        The commands that take it, by class name.
    """

    zh: str
    en: str
    commands: tuple[str, ...] = attrs.field(converter=_tuple)


@attrs.frozen(kw_only=True)
class LoopProfile:
    """The law of one area's loop: after its tries or its clock, `decide` itself moves the order on.

    Parameters
    ----------
    name
        Of the loop.
    steps
        The public steps, in order.
    calendar
        Working time, for the clocks that count in it.
    chain
        The levels whose desks may hold an order, first to last.
    tries
        Failed rounds at one desk before the order moves on, at least 1.
    review_within
        Working time in which a desk should review; reported, not enforced.
    offer_open
        The longest an offer or a posting stays open.
    schedule_within
        How long a team that accepted may take to agree on a time.
    desk_within
        How long one desk may hold a reviewed order before it escalates; None: no such clock.
    rating_within
        How long a served order waits for its rating.
    satisfied_from
        The lowest score, 1 to 5, that counts as satisfied.
    redos
        How often a dissatisfied requester gets a redo.
    redo_within
        Working time for a redo.
    showcase
        Whether results are shown, and how long a rated order waits for it; None: no such step.

    Raises
    ------
    DefinitionError
        With every fault of the profile.
    """

    name: str
    steps: tuple[Step, ...]
    calendar: Calendar
    chain: tuple[Level, ...]
    tries: int
    review_within: Duration
    offer_open: Duration
    schedule_within: Duration
    desk_within: Duration | None
    rating_within: Duration
    satisfied_from: int
    redos: int
    redo_within: Duration
    showcase: Duration | None

    def __attrs_post_init__(self) -> None:
        faults = tuple(self._faults())
        if faults:
            raise DefinitionError(self._subject, faults)

    @property
    def _subject(self) -> str:
        return f"loop profile {self.name}"

    def route(self, site: SiteId, hierarchy: Hierarchy) -> tuple[SiteId, ...]:
        """Give the desks that may hold an order for `site`: its chain, at the profile's levels.

        Raises
        ------
        DefinitionError
            If the site has no desk at any level of the profile's chain.
        """
        by_level = {hierarchy.site(s).level: s for s in hierarchy.chain(site)}
        route = tuple(by_level[level] for level in self.chain if level in by_level)
        if not route:
            levels = ", ".join(self.chain)
            expected = f"one of {levels} at or above it"
            fault = Fault(f"site {site}", "no desk", expected, "mend the chain")
            raise DefinitionError(self._subject, (fault,))
        return route

    def _faults(self) -> Iterable[Fault]:  # noqa: C901 - one test for each key, flat
        def fault(key: str, found: object, expected: str) -> Fault:
            return Fault(f"{self.name}.{key}", repr(found), expected, f"change {key}")

        clocks = ("review_within", "offer_open", "schedule_within", "rating_within", "redo_within")
        for key in (*clocks, "desk_within", "showcase"):
            length = getattr(self, key)
            if length is not None and length <= 0:
                yield fault(key, length, "more than 0 ms")
        if not self.chain or len(set(self.chain)) != len(self.chain):
            yield fault("chain", self.chain, "one or more different levels")
        if self.tries < 1:
            yield fault("tries", self.tries, "at least 1")
        if not 1 <= self.satisfied_from <= 5:  # noqa: PLR2004 - the scores
            yield fault("satisfied_from", self.satisfied_from, "1 to 5")
        if self.redos < 0:
            yield fault("redos", self.redos, "0 or more")
        if not self.steps:
            yield fault("steps", self.steps, "at least one public step")
        known = {command.__name__ for command in COMMANDS}
        named = ((n, name) for n, step in enumerate(self.steps) for name in step.commands)
        for n, name in named:
            if name not in known:
                yield fault(f"steps[{n}].commands", name, "the class of a command")
