"""What the adapters of small lifecycles share: calls made of lists of values, the plain one first.

Of every field of a command an adapter gives the value that is most likely lawful, then odd ones.
From these come the plain calls, their variations, and the wild ones.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
from hypothesis import strategies as st

from practice_core.lifecycle import Actor, Refused
from practice_core.testing.machine import Call

if TYPE_CHECKING:
    import enum
    from collections.abc import Callable, Iterable, Sequence
    from random import Random

    from practice_core.lifecycle import Lifecycle, Role
    from practice_core.testing.machine import Implementation
    from practice_core.units import Instant

__all__ = ["SmallAdapter", "answered"]

S = TypeVar("S", bound="enum.StrEnum")
T = TypeVar("T")
W = TypeVar("W")
R = TypeVar("R", bound="enum.StrEnum")

_THROWS = 8
"""Wild calls of a command that fits the state; of another, one."""


class SmallAdapter(Generic[S, T, W]):
    """An adapter of a lifecycle whose commands have few fields; see `Adapter`.

    Parameters
    ----------
    implementation
        Starts one subject, of which nothing is written down yet, in a world.
    """

    lifecycle: Lifecycle[S]
    refusals: Sequence[enum.StrEnum]

    def __init__(self, implementation: Callable[[W], Implementation[T]]) -> None:
        self.implementation = implementation

    # ------------------------------------------------------------------ what each has of its own

    def step(self, subject: T | None, event: Any) -> T:  # noqa: ANN401 - an event of the lifecycle
        """Apply one event."""
        raise NotImplementedError

    def actor(self, world: W, subject: T | None, command: type, role: Role) -> Actor:
        """Give somebody in a role who may give a command, if anybody may."""
        raise NotImplementedError

    def others(self, world: W, subject: T | None) -> Sequence[Actor]:
        """Give people who mostly may not."""
        raise NotImplementedError

    def values(self, name: str, world: W, subject: T | None, call: Call) -> Sequence[Any]:
        """Give for a field of a command the value most likely lawful, then odd ones.

        The command of the call is still a class.
        """
        raise NotImplementedError

    def moments(self, world: W, subject: T | None, at: Instant) -> Sequence[Instant]:
        """Give the instants after `at` at which something else may be legal; see `Adapter`."""
        raise NotImplementedError

    def refusal(self, world: W, subject: T | None, call: Call) -> enum.StrEnum | None:
        """Give the documented refusal; see `Adapter`."""
        raise NotImplementedError

    def state(self, subject: T | None) -> S:
        """Give the state of a subject."""
        return self.lifecycle.initial if subject is None else subject.state  # type: ignore[attr-defined]  # every subject has one

    # ------------------------------------------------------------------ what follows from it

    def implement(self, world: W) -> Implementation[T]:
        """Start a subject."""
        return self.implementation(world)

    def replay(self, subject: T | None, events: Sequence[Any]) -> T | None:
        """Fold the events."""
        return reduce(self.step, events, subject)

    def plain(self, world: W, subject: T | None, command: type, role: Role, at: Instant) -> Call:
        """Give the first of all values."""
        by = self.actor(world, subject, command, role)
        lots = self._lots(world, subject, command, at, by)
        return Call(command(*(lot[0] for lot in lots)), at, by)

    def varied(
        self,
        world: W,
        subject: T | None,
        call: Call,
        draw: Callable[[st.SearchStrategy[Any]], Any],
    ) -> Call:
        """Draw some values; where that is unlawful, the machine takes the plain ones."""
        command = type(call.command)
        lots = self._lots(world, subject, command, call.at, call.by)
        given = [lot[draw(st.integers(0, len(lot) - 1))] for lot in lots]
        return Call(command(*given), call.at, call.by)

    def wild(self, world: W, subject: T | None, at: Instant, dice: Random) -> Iterable[Call]:
        """Give every command, by anybody, at any instant, with any values."""
        instants = [at, *self.moments(world, subject, at)]
        for rule in self.lifecycle.rules:
            fits = self.state(subject) in rule.sources
            for _ in range(_THROWS if fits else 1):
                role = dice.choice(sorted(rule.roles))
                able = self.actor(world, subject, rule.command, role)
                by = able if dice.randrange(3) else dice.choice(self.others(world, subject))
                when = dice.choice(instants)
                lots = self._lots(world, subject, rule.command, when, by)
                given = [lot[0] if dice.randrange(2) else dice.choice(lot) for lot in lots]
                yield Call(rule.command(*given), when, by)

    def _lots(
        self, world: W, subject: T | None, command: type, at: Instant, by: Actor
    ) -> list[Sequence[Any]]:
        blank = Call(command, at, by)
        names = [field.name for field in attrs.fields(command)]
        return [self.values(name, world, subject, blank) for name in names]


def answered(answer: Sequence[object] | Refused, kind: type[R]) -> tuple[object, ...] | R:
    """Give the events that a command yielded, or the bare refusal."""
    return kind(answer.reason) if isinstance(answer, Refused) else tuple(answer)
