"""How commands from outside are taken: within bounds, and with what a practice knows of them."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, UnknownName
from practice_core.orders import COMMANDS, CollectNeed, PlaceOrder
from practice_core.service.contract import LimitReached
from practice_core.service.queries import Queries
from practice_core.service.reading import read_given
from practice_core.units import MINUTE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from practice_core.journal import TextId
    from practice_core.lifecycle import Actor
    from practice_core.service.reading import Deed, Given
    from practice_core.units import CommandId, Instant

__all__ = ["NO_TEXTS", "Taking"]

_ACTORS = 10_000
"""Actors whose last minute is remembered."""
NO_TEXTS: Mapping[TextId, str] = {}


class Taking(Queries):
    """What is asked of a practice, counted and made exact before anything believes it."""

    def __init__(self) -> None:
        self._attempts: dict[str, deque[Instant]] = {}

    def _taken(  # noqa: PLR0913 - what a command comes with
        self,
        deeds: Iterable[tuple[str, object]],
        id: CommandId,  # noqa: A002 - as `do`
        by: Actor,
        at: Instant,
        kinds: Collection[type] = COMMANDS,
        *,
        texts: Mapping[TextId, str] = NO_TEXTS,
    ) -> Given:
        """Take a command from outside, within bounds, with what the practice knows of an order."""
        self._meter(by, at)
        given = read_given(deeds, id=id, by=by, at=at, texts=texts, kinds=kinds, limits=self.limits)
        return attrs.evolve(
            given, deeds=[(order, self._known(deed, given)) for order, deed in given.deeds]
        )

    def _known(self, deed: Deed, given: Given) -> Deed:
        """Give a command with what it leaves open of an order: when, by whom, at which desks."""
        if not isinstance(deed, CollectNeed | PlaceOrder):
            return deed
        asked = deed.request
        route = asked.route
        if not route:
            with suppress(DefinitionError, UnknownName):  # no such site: that is refused below
                route = self.route(asked.site, category=asked.category)
        placed_by = asked.placed_by or given.by.id
        request = attrs.evolve(asked, placed_at=given.at, placed_by=placed_by, route=route)
        return attrs.evolve(deed, request=request)

    def _meter(self, by: Actor, at: Instant) -> None:
        """Count an attempt, whatever it is, and refuse one too many of a minute."""
        who = getattr(by, "id", None)
        if type(who) is not str or type(at) is not int:
            return  # nobody: that is refused
        most = self.limits.commands_a_minute
        lately = self._attempts.pop(who, None) or deque()
        self._attempts[who] = lately
        if len(self._attempts) > _ACTORS:
            self._attempts.pop(next(iter(self._attempts)))
        while lately and not at - MINUTE < lately[0] <= at:
            lately.popleft()
        if len(lately) >= most:
            raise LimitReached(who, "commands_a_minute", most, lately[0] + MINUTE)
        lately.append(at)
