"""What a dispatch policy sees, and what it may answer: the whole contract.

The same policy object is asked by a service about real orders and by the simulation about drawn
ones. It sees lawful candidates only, and whatever it answers stays an offer.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from practice_core.units import HOUR, Duration, Instant, OrderId, SiteId, TeamId, value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from practice_core.hierarchy import Hierarchy
    from practice_core.orders import Order

__all__ = [
    "RECHECK_AFTER",
    "Candidate",
    "CandidateArrays",
    "Candidates",
    "Channel",
    "Decision",
    "Draw",
    "Escalate",
    "Fitted",
    "Key",
    "Offer",
    "Policy",
    "Post",
    "View",
    "Wait",
]


RECHECK_AFTER: Duration = 12 * HOUR
"""How long an order waits that a policy says nothing about (MODEL section 2.3)."""


class Channel(enum.StrEnum):
    """How an offer reaches a team."""

    PLATFORM = "platform"
    """A message that the platform sends."""
    PHONE = "phone"
    """A call by the desk; the answer takes longer to come back."""


@value
class Offer:
    """Offer `order` to `teams`, for `open_for` ms; several teams compete, the first yes wins."""

    order: OrderId
    teams: tuple[TeamId, ...]
    open_for: Duration
    channel: Channel = Channel.PLATFORM


@value
class Post:
    """Post `order` to the open pool for `open_for` ms."""

    order: OrderId
    open_for: Duration


@value
class Wait:
    """Do nothing about `order` now; look again at `until`, or when a team becomes free."""

    order: OrderId
    until: Instant


@value
class Escalate:
    """Hand `order` to the next desk before the profile would."""

    order: OrderId


Decision: TypeAlias = Offer | Post | Wait | Escalate


@value
class Candidate:
    """A team that may lawfully be offered the order now.

    Parameters
    ----------
    team
        The team.
    home
        The site it belongs to.
    km
        Road distance from its home to the order's site, one way.
    load
        Offers it accepted in the last 28 days, as a share of the jobs it takes at most in four
        weeks; activities it hosts itself do not count.
    open_jobs
        Jobs accepted and not yet done.
    minutes_28d
        Expected member-minutes of the jobs it accepted in the last 28 days.
    offers_7d
        Offers it received in the last 7 days.
    last_offered_at
        When it last received one; None if never.
    tie
        A keyed hash of (order, team), uniform in (0, 1): the last part of every sort key.
    """

    team: TeamId
    home: SiteId
    km: float
    load: float
    open_jobs: int
    minutes_28d: int
    offers_7d: int
    last_offered_at: Instant | None
    tie: float


@value
class CandidateArrays:
    """Candidates as columns of one length, nearest first; see `Candidate` for units.

    ``last_offered_at`` is -1 where a team never received an offer.
    """

    teams: tuple[TeamId, ...]
    km: NDArray[np.float64]
    load: NDArray[np.float64]
    open_jobs: NDArray[np.int64]
    minutes_28d: NDArray[np.int64]
    offers_7d: NDArray[np.int64]
    last_offered_at: NDArray[np.int64]
    tie: NDArray[np.float64]


Key: TypeAlias = "Callable[[CandidateArrays], Sequence[NDArray[np.float64] | NDArray[np.int64]]]"
"""Gives columns to compare teams by, the first one first."""


class Candidates(Protocol):
    """The lawful teams for one order now, nearest first, equal distances by `tie`.

    Computed on demand: taking the first costs little, taking all costs more.
    """

    def __iter__(self) -> Iterator[Candidate]:
        """Give one candidate after another."""
        ...

    def arrays(self, k: int | None = None) -> CandidateArrays:
        """Give the first `k` (all, if None) as columns."""
        ...

    def least(self, key: Key) -> Candidate | None:
        """Give the one with the least key, equal ones by `tie`; None if there is none.

        `key` takes columns of teams, lawful or not, and gives columns of numbers: the first to
        compare, the second among equal ones, and so on; none at all leaves it to `tie`. This costs
        less than to look at `arrays`, as only teams that come first are looked at by the law.
        """
        ...


class View(Protocol):
    """What a policy may know: the present, and nothing of what teams would answer."""

    @property
    def now(self) -> Instant:
        """The present instant."""
        ...

    @property
    def hierarchy(self) -> Hierarchy:
        """The network of sites."""
        ...

    def candidates(self, order: Order, *, within: SiteId | None = None) -> Candidates:
        """Give the lawful teams for an order; with `within`, only those homed in its scope."""
        ...

    def home(self, team: TeamId) -> SiteId:
        """Give the home site of a team, candidate or not."""
        ...

    def waiting(self, scope: SiteId | None = None) -> Sequence[Order]:
        """Give the orders that wait on a desk in `scope` (all, if None), oldest first."""
        ...


class Draw(Protocol):
    """Randomness of a policy's own: a pure function of its key, without hidden state."""

    def uniform(self, *key: str | int) -> float:
        """Draw a number in (0, 1) for a key of one to three parts."""
        ...


@runtime_checkable
class Policy(Protocol):
    """Decides what to do about orders that wait on a desk.

    Attributes
    ----------
    period : Duration
        0: asked about each order whenever it waits; else asked every `period` ms about all.
    """

    @property
    def period(self) -> Duration:
        """How often it is asked."""
        ...

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:
        """Decide about some of `orders`; those without a decision wait."""
        ...


@runtime_checkable
class Fitted(Protocol):
    """A policy that uses a model of how teams answer, whose numbers a county fits from its log."""

    def fitted(self, *, eta: float, kd_per_km: float, kl: float, kn: float) -> Policy:
        """Give a copy with these coefficients.

        Parameters
        ----------
        eta
            Log-odds of yes to an offer next door, of an idle team without offers.
        kd_per_km
            How much lower they are per road km.
        kl
            Per unit of `Candidate.load`.
        kn
            Per offer of the last 7 days.
        """
        ...
