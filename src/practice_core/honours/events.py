"""What has happened to a nomination: facts, with every deadline they set; no free text."""

from __future__ import annotations

import enum
from typing import ClassVar, TypeAlias

from practice_core.honours.model import Deed, HonourTitle  # noqa: TC001 - cattrs reads the fields' types
from practice_core.units import ActorId, Instant, NominationId, value

__all__ = [
    "EVENTS",
    "ConsentRevoked",
    "DropReason",
    "EvaluationPassed",
    "NominationDropped",
    "NominationEvent",
    "NominationPublished",
    "NominationWithdrawn",
    "NomineeEvaluated",
    "ObjectionGround",
    "ObjectionRaised",
    "ObjectionRejected",
    "RoleModelHonoured",
    "RoleModelNominated",
    "StoryConsented",
    "StoryTold",
]


class ObjectionGround(enum.StrEnum):
    """What is held against a nominee."""

    UNTRUE = "untrue"
    """It was not so, or it was somebody else."""
    MISCONDUCT = "misconduct"
    UNFAIR = "unfair"
    """The choice was not made as it should be."""


class DropReason(enum.StrEnum):
    """Why a nomination is dropped, or an honour taken back."""

    NO_QUORUM = "no_quorum"
    """Too few evaluated in time."""
    SCORE = "score"
    """The panel's mean is below the mark."""
    DUPLICATE = "duplicate"
    UNTRUE = "untrue"
    MISCONDUCT = "misconduct"


@value
class RoleModelNominated:
    """Somebody is nominated, and evaluated until `due_at`."""

    kind: ClassVar[str] = "honour.nominated"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId
    nominee: ActorId
    deed: Deed
    due_at: Instant


@value
class NomineeEvaluated:
    """One of the panel has evaluated him."""

    kind: ClassVar[str] = "honour.evaluated"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId
    score: int


@value
class EvaluationPassed:
    """Enough have evaluated him, and well enough."""

    kind: ClassVar[str] = "honour.evaluation_passed"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId


@value
class NominationPublished:
    """He is shown in public until `due_at`."""

    kind: ClassVar[str] = "honour.published"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId
    title: HonourTitle
    due_at: Instant


@value
class ObjectionRaised:
    """Somebody objects."""

    kind: ClassVar[str] = "honour.objection_raised"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId
    ground: ObjectionGround


@value
class ObjectionRejected:
    """Somebody's objection was looked into, and there is nothing in it."""

    kind: ClassVar[str] = "honour.objection_rejected"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId
    objector: ActorId


@value
class RoleModelHonoured:
    """He is honoured."""

    kind: ClassVar[str] = "honour.honoured"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId
    title: HonourTitle


@value
class StoryConsented:
    """He agrees to being told of."""

    kind: ClassVar[str] = "honour.consented"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId


@value
class ConsentRevoked:
    """He does not agree any more."""

    kind: ClassVar[str] = "honour.consent_revoked"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId


@value
class StoryTold:
    """His story is shown."""

    kind: ClassVar[str] = "honour.told"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId


@value
class NominationDropped:
    """It leads no further, or the honour is taken back."""

    kind: ClassVar[str] = "honour.dropped"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId
    reason: DropReason


@value
class NominationWithdrawn:
    """He does not want it."""

    kind: ClassVar[str] = "honour.withdrawn"
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId


NominationEvent: TypeAlias = (
    RoleModelNominated
    | NomineeEvaluated
    | EvaluationPassed
    | NominationPublished
    | ObjectionRaised
    | ObjectionRejected
    | RoleModelHonoured
    | StoryConsented
    | ConsentRevoked
    | StoryTold
    | NominationDropped
    | NominationWithdrawn
)
EVENTS: tuple[type[NominationEvent], ...] = (
    RoleModelNominated,
    NomineeEvaluated,
    EvaluationPassed,
    NominationPublished,
    ObjectionRaised,
    ObjectionRejected,
    RoleModelHonoured,
    StoryConsented,
    ConsentRevoked,
    StoryTold,
    NominationDropped,
    NominationWithdrawn,
)
