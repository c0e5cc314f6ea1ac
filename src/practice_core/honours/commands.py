"""What may be asked of a nomination: requests in the imperative."""

from __future__ import annotations

from practice_core.honours.events import DropReason, ObjectionGround  # noqa: TC001 - cattrs reads the fields' types
from practice_core.honours.model import Deed, HonourTitle  # noqa: TC001 - as above
from practice_core.units import ActorId, NominationId, value

__all__ = [
    "COMMANDS",
    "ConsentToStory",
    "DropNomination",
    "EvaluateNominee",
    "ExpireEvaluation",
    "HonourNominee",
    "NominateRoleModel",
    "NominationCommand",
    "PublishNomination",
    "RaiseObjection",
    "RejectObjection",
    "RevokeConsent",
    "TellStory",
    "WithdrawNomination",
]


@value
class NominationCommand:
    """Root of the commands; the nomination is the one it is given to."""


@value
class NominateRoleModel(NominationCommand):
    """Propose somebody, or oneself."""

    nomination: NominationId
    nominee: ActorId
    deed: Deed


@value
class EvaluateNominee(NominationCommand):
    """Score him, from 1 to the best score; the score that makes the quorum decides."""

    score: int


@value
class ExpireEvaluation(NominationCommand):
    """Go no further, since too few have evaluated in time."""


@value
class PublishNomination(NominationCommand):
    """Show him in public, before he is honoured."""

    title: HonourTitle


@value
class RaiseObjection(NominationCommand):
    """Object to him while he is shown."""

    ground: ObjectionGround


@value
class RejectObjection(NominationCommand):
    """Find nothing in somebody's objection; where there is something, the nomination is dropped."""

    objector: ActorId


@value
class HonourNominee(NominationCommand):
    """Honour him."""


@value
class ConsentToStory(NominationCommand):
    """Agree to being told of."""


@value
class RevokeConsent(NominationCommand):
    """Do not agree any more; what was told was told."""


@value
class TellStory(NominationCommand):
    """Show his story."""


@value
class DropNomination(NominationCommand):
    """Go no further, or take the honour back."""

    reason: DropReason


@value
class WithdrawNomination(NominationCommand):
    """Decline being nominated."""


COMMANDS: tuple[type[NominationCommand], ...] = (
    NominateRoleModel,
    EvaluateNominee,
    ExpireEvaluation,
    PublishNomination,
    RaiseObjection,
    RejectObjection,
    HonourNominee,
    ConsentToStory,
    RevokeConsent,
    TellStory,
    DropNomination,
    WithdrawNomination,
)
