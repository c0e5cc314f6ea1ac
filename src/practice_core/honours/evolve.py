"""From a nomination and an event to the next nomination: all that replaying a journal needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.honours import commands as c
from practice_core.honours import events as e
from practice_core.honours.loop import NOMINATION
from practice_core.honours.model import Nomination, NominationState

if TYPE_CHECKING:
    from practice_core.units import Instant

__all__ = ["clock_of", "evolve"]


def evolve(nomination: Nomination | None, event: e.NominationEvent) -> Nomination:
    """Apply one event.

    Parameters
    ----------
    nomination
        The nomination before, or None if this is its first event.
    event
        What happened.

    Raises
    ------
    ImpossibleEvent
        If the lifecycle has no such edge.
    """
    n = nomination
    target = NOMINATION.target(NominationState.ABSENT if n is None else n.state, type(event))
    if isinstance(event, e.RoleModelNominated):
        return Nomination(
            event.nomination, event.nominee, event.by, event.deed, target, 1, event.due_at
        )
    known: Nomination = n  # type: ignore[assignment]  # the first event alone has none before it
    due_at = known.due_at if target is known.state else None
    known = attrs.evolve(known, state=target, version=known.version + 1, due_at=due_at)
    return _told(known, event)


def _told(n: Nomination, event: e.NominationEvent) -> Nomination:
    """Write down what an event says beside the state it leads to."""
    match event:
        case e.NomineeEvaluated(by=by, score=score):
            return attrs.evolve(n, scores=(*n.scores, (by, score)))
        case e.NominationPublished(title=title, due_at=due_at):
            return attrs.evolve(n, title=title, due_at=due_at)
        case e.ObjectionRaised(by=by):
            return attrs.evolve(n, objectors=(*n.objectors, by), open=(*n.open, by))
        case e.ObjectionRejected(objector=objector):
            return attrs.evolve(n, open=tuple(one for one in n.open if one != objector))
        case _:
            return n


def clock_of(nomination: Nomination) -> tuple[Instant, type] | None:
    """Give the clock of a nomination: when it runs out, and what the system then commands."""
    if nomination.state is not NominationState.NOMINATED or nomination.due_at is None:
        return None
    return nomination.due_at, c.ExpireEvaluation
