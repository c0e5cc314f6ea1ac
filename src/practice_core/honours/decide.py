"""From a nomination and a command to events, or to a refusal; nothing here reads a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from practice_core.honours import commands as c
from practice_core.honours import events as e
from practice_core.honours.loop import NOMINATION
from practice_core.honours.model import Nomination, NominationState, Selection
from practice_core.honours.refusals import NominationRefusal as Refusal
from practice_core.lifecycle import Actor, Refused
from practice_core.units import Instant, is_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["decide"]

Outcome: TypeAlias = "tuple[e.NominationEvent, ...] | Refusal"
_PERSONAL = (c.ConsentToStory, c.RevokeConsent, c.WithdrawNomination)
"""The nominee alone gives these, and no others of his own case."""
_OF_PANEL = frozenset({e.DropReason.NO_QUORUM, e.DropReason.SCORE})
"""What the panel says, and no officer."""


def decide(
    nomination: Nomination | None,
    command: c.NominationCommand,
    at: Instant,
    by: Actor,
    selection: Selection,
) -> tuple[e.NominationEvent, ...] | Refused:
    """Decide what a command does to a nomination.

    Parameters
    ----------
    nomination
        As it stands, or None if there is none under this id.
    command
        What is asked.
    at
        When, in ms since the epoch.
    by
        Who asks.
    selection
        How the place chooses.

    Returns
    -------
    tuple of NominationEvent, or Refused
        One event or several, to be applied in order; or the first refusal that applies.

    Examples
    --------
    >>> from practice_core.honours import evolve
    >>> from practice_core.lifecycle import Role
    >>> from practice_core.units import ActorId, NominationId
    >>> neighbour = Actor(ActorId("r-1"), Role.REQUESTER)
    >>> proposal = c.NominateRoleModel(NominationId("n-1"), ActorId("v-7"), "rescue")
    >>> (event,) = decide(None, proposal, 0, neighbour, Selection())
    >>> decide(evolve(None, event), c.EvaluateNominee(9), 1, neighbour, Selection()).reason.value
    'own_nominee'
    """
    kind = type(command)
    outcome: Outcome | None = _barred(nomination, command, by)
    if outcome is None:
        outcome = _DECIDE[kind](nomination, command, at, by, selection)
    return outcome if isinstance(outcome, tuple) else Refused(kind, outcome)


def _barred(n: Nomination | None, command: c.NominationCommand, by: Actor) -> Refusal | None:
    """Give what keeps this actor from this command on this nomination at any time."""
    rule = NOMINATION.rule_of[type(command)]
    if n is None and NominationState.ABSENT not in rule.sources:
        return Refusal.UNKNOWN_NOMINATION
    if by.role not in rule.roles:
        return Refusal.ROLE
    if n is not None:
        if isinstance(command, _PERSONAL) and by.id != n.nominee:
            return Refusal.SCOPE
        if n.state not in rule.sources:
            return Refusal.STATE
    return None


def _nominate(n: None, v: c.NominateRoleModel, at: Instant, by: Actor, p: Selection) -> Outcome:
    if not is_identifier(v.nomination) or not is_identifier(v.nominee):
        return Refusal.INVALID_VALUE
    due_at = at + p.evaluate_within
    return (e.RoleModelNominated(v.nomination, at, by.id, v.nominee, v.deed, due_at),)


def _partial(n: Nomination, by: Actor) -> Refusal | None:
    """Give what makes somebody no judge of a nomination."""
    if by.id == n.nominee:
        return Refusal.OWN_CASE
    return Refusal.OWN_NOMINEE if by.id == n.nominated_by else None


def _evaluate(  # noqa: PLR0911 - one return for each refusal, flat
    n: Nomination, v: c.EvaluateNominee, at: Instant, by: Actor, p: Selection
) -> Outcome:
    if at > n.due_at:  # type: ignore[operator]  # nominated: has a clock
        return Refusal.LATE
    if not 1 <= v.score <= p.best:
        return Refusal.INVALID_VALUE
    if p.panel and by.id not in p.panel:
        return Refusal.NOT_ON_PANEL
    reason = _partial(n, by)
    if reason is not None:
        return reason
    if by.id in {who for who, _ in n.scores}:
        return Refusal.REPEATED
    said = e.NomineeEvaluated(n.id, at, by.id, v.score)
    if len(n.scores) + 1 < p.quorum:
        return (said,)
    if _passed(n, said, p):
        return (said, e.EvaluationPassed(n.id, at, by.id))
    return (said, e.NominationDropped(n.id, at, by.id, e.DropReason.SCORE))


def _passed(n: Nomination, last: e.NomineeEvaluated, p: Selection) -> bool:
    """Tell whether the mean of all scores, the last one too, reaches the mark; exactly."""
    scores = [*(score for _, score in n.scores), last.score]
    return sum(scores) >= p.mark * len(scores)


def _expire(n: Nomination, v: c.ExpireEvaluation, at: Instant, by: Actor, p: Selection) -> Outcome:
    if at < n.due_at:  # type: ignore[operator]  # nominated: has a clock
        return Refusal.EARLY
    return (e.NominationDropped(n.id, at, by.id, e.DropReason.NO_QUORUM),)


def _publish(
    n: Nomination, v: c.PublishNomination, at: Instant, by: Actor, p: Selection
) -> Outcome:
    if by.id == n.nominee:
        return Refusal.OWN_CASE
    return (e.NominationPublished(n.id, at, by.id, v.title, at + p.publish_for),)


def _object(n: Nomination, v: c.RaiseObjection, at: Instant, by: Actor, p: Selection) -> Outcome:
    if at > n.due_at:  # type: ignore[operator]  # published: has a clock
        return Refusal.LATE
    if by.id == n.nominee:
        return Refusal.OWN_CASE
    if by.id in n.objectors:
        return Refusal.REPEATED
    return (e.ObjectionRaised(n.id, at, by.id, v.ground),)


def _reject(n: Nomination, v: c.RejectObjection, at: Instant, by: Actor, p: Selection) -> Outcome:
    reason = _partial(n, by)
    if reason is not None:
        return reason
    if v.objector not in n.open:
        return Refusal.NO_OBJECTION
    return (e.ObjectionRejected(n.id, at, by.id, v.objector),)


def _honour(n: Nomination, v: c.HonourNominee, at: Instant, by: Actor, p: Selection) -> Outcome:
    if at < n.due_at:  # type: ignore[operator]  # published: has a clock
        return Refusal.EARLY
    if by.id == n.nominee:
        return Refusal.OWN_CASE
    if n.open:
        return Refusal.OBJECTION_OPEN
    return (e.RoleModelHonoured(n.id, at, by.id, n.title),)  # type: ignore[arg-type]  # published: has a title


def _consent(n: Nomination, v: c.ConsentToStory, at: Instant, by: Actor, p: Selection) -> Outcome:
    return (e.StoryConsented(n.id, at, by.id),)


def _revoke(n: Nomination, v: c.RevokeConsent, at: Instant, by: Actor, p: Selection) -> Outcome:
    return (e.ConsentRevoked(n.id, at, by.id),)


def _tell(n: Nomination, v: c.TellStory, at: Instant, by: Actor, p: Selection) -> Outcome:
    return (e.StoryTold(n.id, at, by.id),)


def _drop(n: Nomination, v: c.DropNomination, at: Instant, by: Actor, p: Selection) -> Outcome:
    if v.reason in _OF_PANEL:
        return Refusal.INVALID_VALUE
    if by.id == n.nominee:
        return Refusal.OWN_CASE
    return (e.NominationDropped(n.id, at, by.id, v.reason),)


def _withdraw(
    n: Nomination, v: c.WithdrawNomination, at: Instant, by: Actor, p: Selection
) -> Outcome:
    return (e.NominationWithdrawn(n.id, at, by.id),)


_DECIDE: Mapping[type[c.NominationCommand], Callable[..., Outcome]] = {
    c.NominateRoleModel: _nominate,
    c.EvaluateNominee: _evaluate,
    c.ExpireEvaluation: _expire,
    c.PublishNomination: _publish,
    c.RaiseObjection: _object,
    c.RejectObjection: _reject,
    c.HonourNominee: _honour,
    c.ConsentToStory: _consent,
    c.RevokeConsent: _revoke,
    c.TellStory: _tell,
    c.DropNomination: _drop,
    c.WithdrawNomination: _withdraw,
}
