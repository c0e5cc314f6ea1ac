"""The lifecycle of a nomination as data: select, evaluate, honour, tell (选、评、礼、述)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from practice_core.honours import commands as c
from practice_core.honours import events as e
from practice_core.honours.model import NominationState as S
from practice_core.lifecycle import Edge, Lifecycle, Role, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NOMINATION"]

REQUESTER, PROXY, OFFICER, TEAM, SYSTEM, VOLUNTEER = Role

_UNDECIDED = (S.NOMINATED, S.EVALUATED, S.PUBLISHED)
_ENDED = (S.TOLD, S.DROPPED, S.WITHDRAWN)
_PEOPLE = (REQUESTER, PROXY, OFFICER, TEAM, VOLUNTEER)
_PERSON = (REQUESTER, VOLUNTEER)
"""In which role a nominee speaks for himself."""
_TARGETS: dict[S, dict[type, S]] = {
    S.ABSENT: {e.RoleModelNominated: S.NOMINATED},
    S.NOMINATED: {
        e.NomineeEvaluated: S.NOMINATED,
        e.EvaluationPassed: S.EVALUATED,
        e.NominationDropped: S.DROPPED,
        e.NominationWithdrawn: S.WITHDRAWN,
    },
    S.EVALUATED: {
        e.NominationPublished: S.PUBLISHED,
        e.NominationDropped: S.DROPPED,
        e.NominationWithdrawn: S.WITHDRAWN,
    },
    S.PUBLISHED: {
        e.ObjectionRaised: S.PUBLISHED,
        e.ObjectionRejected: S.PUBLISHED,
        e.RoleModelHonoured: S.HONOURED,
        e.NominationDropped: S.DROPPED,
        e.NominationWithdrawn: S.WITHDRAWN,
    },
    S.HONOURED: {
        e.StoryConsented: S.CONSENTED,
        e.NominationDropped: S.DROPPED,
    },
    S.CONSENTED: {
        e.ConsentRevoked: S.HONOURED,
        e.StoryTold: S.TOLD,
        e.NominationDropped: S.DROPPED,
    },
}


def _rule(command: type, sources: Iterable[S], roles: Iterable[Role], *outcomes: type) -> Rule[S]:
    return Rule(command, frozenset(sources), frozenset(roles), frozenset(outcomes))


NOMINATION: Lifecycle[S] = Lifecycle(
    name="nomination",
    initial=S.ABSENT,
    final=frozenset(_ENDED),
    edges=tuple(Edge(s, event, t) for s, row in _TARGETS.items() for event, t in row.items()),
    rules=(
        _rule(c.NominateRoleModel, [S.ABSENT], _PEOPLE, e.RoleModelNominated),
        _rule(
            c.EvaluateNominee,
            [S.NOMINATED],
            [REQUESTER, OFFICER, TEAM, VOLUNTEER],
            e.NomineeEvaluated,
            e.EvaluationPassed,
            e.NominationDropped,
        ),
        _rule(c.ExpireEvaluation, [S.NOMINATED], [SYSTEM], e.NominationDropped),
        _rule(c.PublishNomination, [S.EVALUATED], [OFFICER], e.NominationPublished),
        _rule(c.RaiseObjection, [S.PUBLISHED], _PEOPLE, e.ObjectionRaised),
        _rule(c.RejectObjection, [S.PUBLISHED], [OFFICER], e.ObjectionRejected),
        _rule(c.HonourNominee, [S.PUBLISHED], [OFFICER], e.RoleModelHonoured),
        _rule(c.ConsentToStory, [S.HONOURED], _PERSON, e.StoryConsented),
        _rule(c.RevokeConsent, [S.CONSENTED], _PERSON, e.ConsentRevoked),
        _rule(c.TellStory, [S.CONSENTED], [OFFICER], e.StoryTold),
        _rule(
            c.DropNomination,
            [*_UNDECIDED, S.HONOURED, S.CONSENTED],
            [OFFICER],
            e.NominationDropped,
        ),
        _rule(c.WithdrawNomination, _UNDECIDED, _PERSON, e.NominationWithdrawn),
    ),
)
"""The lifecycle of every nomination."""
