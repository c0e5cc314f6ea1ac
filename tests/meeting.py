"""How somebody else comes to act in the middle of a command or of a decision."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

import attrs

from practice_core.journal import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from practice_core.dispatch import Decision, Draw, Policy, View
    from practice_core.journal import Appended, Carried, Journal, Write
    from practice_core.orders import Order
    from practice_core.units import CommandId, Duration


class Interrupted:
    """A handle on a journal, in the middle of whose commands others may act.

    Attributes
    ----------
    meanwhile : dict
        What others do, one thing each time, just before it does what is named so.
    conflicts : int
        How many it has met.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.meanwhile: dict[str, list[Callable[[], object]]] = defaultdict(list)
        self.conflicts = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a journal has
        return getattr(self.journal, name)

    def as_journal(self) -> Journal:
        """Give itself as the journal that it acts like."""
        return cast("Journal", self)

    def carried(self, command: CommandId) -> Carried | None:
        self._let("carried")
        return self.journal.carried(command)

    def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        self._let("append")
        try:
            return self.journal.append(writes, **rest)
        except Conflict:
            self.conflicts += 1
            raise

    def _let(self, moment: str) -> None:
        if self.meanwhile[moment]:
            self.meanwhile[moment].pop(0)()


@attrs.frozen
class Overtaken:
    """A policy that is slow: while it thinks, somebody else acts."""

    policy: Policy
    meanwhile: Callable[[], object]

    @property
    def period(self) -> Duration:
        return self.policy.period

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:
        decisions = self.policy.choose(orders, view, draw)
        self.meanwhile()
        return decisions
