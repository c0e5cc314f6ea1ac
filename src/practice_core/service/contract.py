"""What a practice answers, and what it does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import attrs

from practice_core.errors import DefinitionError, PracticeError, UnlawfulCommand, shown
from practice_core.units import DAY, MINUTE, moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.dispatch import Decision
    from practice_core.errors import Fault
    from practice_core.honours import NominationEvent
    from practice_core.journal import Appended
    from practice_core.orders import Order, OrderCommand, OrderEvent, OrderState
    from practice_core.points.accounts import AccountEvent, ItemEvent
    from practice_core.units import (
        CommandId,
        Duration,
        Instant,
        OrderId,
        SiteId,
        TeamId,
    )
    from practice_core.volunteers import ServiceRecorded, TeamBooked, TeamFreed
    from practice_core.volunteers.standing import StandingEvent

    Beside: TypeAlias = (
        AccountEvent
        | ItemEvent
        | NominationEvent
        | ServiceRecorded
        | StandingEvent
        | TeamBooked
        | TeamFreed
    )
    """What happens beside orders: each says where it belongs."""

__all__ = [
    "Booking",
    "ClockWentBack",
    "Done",
    "Due",
    "InputRefused",
    "InstituteOrders",
    "LimitReached",
    "Limits",
    "Page",
    "Transaction",
    "UnlawfulDecision",
]

T_co = TypeVar("T_co", covariant=True)


# ------------------------------------------------------------------ answers


@attrs.frozen
class Done:
    """A command that was carried out.

    Parameters
    ----------
    command
        Its id.
    order
        The order it was given to, as it left it.
    events
        What happened, to all orders it was given to.
    appended
        Where that stands in the journal.
    decision
        What a policy decided, if it came of that.
    again
        Whether it was carried out before, and this is the answer of then: whom it concerned has
        been told. No part of what was done.
    """

    command: CommandId
    order: Order
    events: tuple[OrderEvent, ...]
    appended: Appended
    decision: Decision | None = None
    again: bool = attrs.field(default=False, eq=False)


@attrs.frozen
class Transaction:
    """A command that was carried out and was no order's.

    Parameters
    ----------
    command
        Its id.
    events
        What happened, to all accounts, items, standings and nominations that it changed.
    appended
        Where that stands in the journal.
    again
        Whether it was carried out before, and this is the answer of then.
    """

    command: CommandId
    events: tuple[Beside, ...]
    appended: Appended
    again: bool = attrs.field(default=False, eq=False)


@attrs.frozen
class Due:
    """A clock that has run out.

    Parameters
    ----------
    order
        Of which order.
    command
        What the system now commands.
    due_at
        Since when.
    """

    order: OrderId
    command: OrderCommand
    due_at: Instant


@attrs.frozen
class Page(Generic[T_co]):
    """Some of what was asked for.

    Parameters
    ----------
    items
        In order.
    after
        What to give as `after` for the next page; None if this is the last.
    """

    items: tuple[T_co, ...]
    after: int | None


@attrs.frozen
class Booking:
    """A time at which so many members of a team are taken by an order."""

    order: OrderId
    team: TeamId
    start: Instant
    end: Instant
    members: int


@attrs.frozen
class InstituteOrders:
    """The orders of one institute's sites, or of the sites below none.

    Parameters
    ----------
    site
        The institute, or the center.
    states
        How many orders stand where; of states without any there is nothing.
    overdue
        How many of them a clock has run out on.
    """

    site: SiteId
    states: Mapping[OrderState, int]
    overdue: int


# ------------------------------------------------------------------ limits


@attrs.frozen(kw_only=True)
class Limits:
    """How much is taken of anybody: what a platform's users are kept to, and its programs.

    Parameters
    ----------
    commands_a_minute
        Of one actor, refused ones too, as far as this handle knows.
    open_orders
        Orders and needs of one requester or proxy that have not ended, as far as this handle has
        read the journal: two that are placed at one moment elsewhere may pass it by one.
    command_bytes
        Of one command, as canonical JSON.
    orders
        Of one command that is given to several.
    texts, text_length
        Free texts with one command, and the characters of each.
    window
        From the earliest start that is asked for to the end of an order's time, in ms.
    page
        Most items of one page.
    backwards
        How far a command may lie before the last event of its order, in ms: the clocks of several
        machines never agree.
    """

    commands_a_minute: int = 120
    open_orders: int = 50
    command_bytes: int = 256 * 1024
    orders: int = 200
    texts: int = 8
    text_length: int = 2_000
    window: Duration = 366 * DAY
    page: int = 200
    backwards: Duration = MINUTE


class InputRefused(DefinitionError):
    """What was given is no command, or out of bounds; every fault is listed, nothing was done."""

    def __init__(self, subject: str, faults: Sequence[Fault]) -> None:
        super().__init__(subject, faults)


class LimitReached(PracticeError, RuntimeError):
    """Somebody asked for more than is taken of one; nothing was done.

    Attributes
    ----------
    actor : str
        Who.
    limit : str
        Which of `Limits`.
    allowed : int
        How much it allows.
    again_at : Instant or None
        When it will be taken; None: once other things have ended.
    """

    def __init__(self, actor: str, limit: str, allowed: int, again_at: Instant | None) -> None:
        self.actor = actor
        self.limit = limit
        self.allowed = allowed
        self.again_at = again_at
        remedy = (
            "let some of them end first"
            if again_at is None
            else f"try again at {moment(again_at):%Y-%m-%dT%H:%M:%SZ}"
        )
        super().__init__(shown(f"actor {actor}: {limit} is {allowed}; nothing was done, {remedy}"))

    def __reduce__(self) -> tuple[type[LimitReached], tuple[str, str, int, Instant | None]]:
        return type(self), (self.actor, self.limit, self.allowed, self.again_at)


class UnlawfulDecision(UnlawfulCommand):
    """A policy decided what the law forbids, or nothing that is a decision; that was not done.

    Attributes
    ----------
    done : tuple of Done
        What was done all the same: of what it was asked about singly, the lawful decisions.
    """

    def __init__(self, order: str, command: str, why: str, done: Sequence[Done] = ()) -> None:
        self.done = tuple(done)
        super().__init__(order, command, why)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.order, self.command, self.why, self.done)


class ClockWentBack(PracticeError, RuntimeError):
    """A command lies before what has already happened to what it is for; nothing was done.

    Attributes
    ----------
    stream : str
        What it is for, such as ``order/o-1`` or ``account/v-7``.
    at : Instant
        When the command was given, as it says.
    last : Instant
        When the last event of that happened.
    """

    def __init__(self, stream: str, at: Instant, last: Instant) -> None:
        self.stream = stream
        self.at = at
        self.last = last
        behind = (last - at) / 1000
        super().__init__(
            shown(
                f"{stream}: commanded {behind:g} s before its last event; "
                "nothing was done, set the machine's clock and try again"
            )
        )

    def __reduce__(self) -> tuple[type[ClockWentBack], tuple[str, Instant, Instant]]:
        return type(self), (self.stream, self.at, self.last)
