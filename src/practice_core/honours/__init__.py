"""Honours: how role models are chosen: select, evaluate, honour, tell (选、评、礼、述).

Anybody may be nominated. Several evaluate him, nobody himself or whom he nominated; he is shown in
public before he is honoured, nobody is honoured over an objection, and nobody is told of without
his consent.

Examples
--------
>>> from practice_core.lifecycle import Role
>>> NOMINATION.allowed(NominationState.PUBLISHED, Role.VOLUNTEER) == (
...     RaiseObjection,
...     WithdrawNomination,
... )
True
"""

from __future__ import annotations

from practice_core.honours.commands import (
    COMMANDS,
    ConsentToStory,
    DropNomination,
    EvaluateNominee,
    ExpireEvaluation,
    HonourNominee,
    NominateRoleModel,
    NominationCommand,
    PublishNomination,
    RaiseObjection,
    RejectObjection,
    RevokeConsent,
    TellStory,
    WithdrawNomination,
)
from practice_core.honours.decide import decide
from practice_core.honours.events import (
    EVENTS,
    ConsentRevoked,
    DropReason,
    EvaluationPassed,
    NominationDropped,
    NominationEvent,
    NominationPublished,
    NominationWithdrawn,
    NomineeEvaluated,
    ObjectionGround,
    ObjectionRaised,
    ObjectionRejected,
    RoleModelHonoured,
    RoleModelNominated,
    StoryConsented,
    StoryTold,
)
from practice_core.honours.evolve import clock_of, evolve
from practice_core.honours.loop import NOMINATION
from practice_core.honours.model import Deed, HonourTitle, Nomination, NominationState, Selection
from practice_core.honours.refusals import NominationRefusal

__all__ = [
    "COMMANDS",
    "EVENTS",
    "NOMINATION",
    "ConsentRevoked",
    "ConsentToStory",
    "Deed",
    "DropNomination",
    "DropReason",
    "EvaluateNominee",
    "EvaluationPassed",
    "ExpireEvaluation",
    "HonourNominee",
    "HonourTitle",
    "NominateRoleModel",
    "Nomination",
    "NominationCommand",
    "NominationDropped",
    "NominationEvent",
    "NominationPublished",
    "NominationRefusal",
    "NominationState",
    "NominationWithdrawn",
    "NomineeEvaluated",
    "ObjectionGround",
    "ObjectionRaised",
    "ObjectionRejected",
    "PublishNomination",
    "RaiseObjection",
    "RejectObjection",
    "RevokeConsent",
    "RoleModelHonoured",
    "RoleModelNominated",
    "Selection",
    "StoryConsented",
    "StoryTold",
    "TellStory",
    "WithdrawNomination",
    "clock_of",
    "decide",
    "evolve",
]
