"""What has happened to a nomination: facts, with every deadline they set; no free text."""

from __future__ import annotations

import enum
from typing import ClassVar

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
class NominationEvent:
    """What every event of a nomination says first."""

    kind: ClassVar[str]
    schema: ClassVar[int] = 1

    nomination: NominationId
    at: Instant
    by: ActorId

    @property
    def stream(self) -> str:
        """Where it belongs."""
        return f"nomination/{self.nomination}"


@value
class RoleModelNominated(NominationEvent):
    """Somebody is nominated, and evaluated until `due_at`."""

    kind: ClassVar[str] = "honour.nominated"

    nominee: ActorId
    deed: Deed
    due_at: Instant


@value
class NomineeEvaluated(NominationEvent):
    """One of the panel has evaluated him."""

    kind: ClassVar[str] = "honour.evaluated"

    score: int


@value
class EvaluationPassed(NominationEvent):
    """Enough have evaluated him, and well enough."""

    kind: ClassVar[str] = "honour.evaluation_passed"


@value
class NominationPublished(NominationEvent):
    """He is shown in public until `due_at`."""

    kind: ClassVar[str] = "honour.published"

    title: HonourTitle
    due_at: Instant


@value
class ObjectionRaised(NominationEvent):
    """Somebody objects."""

    kind: ClassVar[str] = "honour.objection_raised"

    ground: ObjectionGround


@value
class ObjectionRejected(NominationEvent):
    """Somebody's objection was looked into, and there is nothing in it."""

    kind: ClassVar[str] = "honour.objection_rejected"

    objector: ActorId


@value
class RoleModelHonoured(NominationEvent):
    """He is honoured."""

    kind: ClassVar[str] = "honour.honoured"

    title: HonourTitle


@value
class StoryConsented(NominationEvent):
    """He agrees to being told of."""

    kind: ClassVar[str] = "honour.consented"


@value
class ConsentRevoked(NominationEvent):
    """He does not agree any more."""

    kind: ClassVar[str] = "honour.consent_revoked"


@value
class StoryTold(NominationEvent):
    """His story is shown."""

    kind: ClassVar[str] = "honour.told"


@value
class NominationDropped(NominationEvent):
    """It leads no further, or the honour is taken back."""

    kind: ClassVar[str] = "honour.dropped"

    reason: DropReason


@value
class NominationWithdrawn(NominationEvent):
    """He does not want it."""

    kind: ClassVar[str] = "honour.withdrawn"


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
