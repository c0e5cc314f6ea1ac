"""What must be remembered of teams to know whom a policy may ask: a roster made of events."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.dispatch.roster import MEMORY, NOTE_MEMORY, way_back
from practice_core.orders import (
    OfferAccepted,
    OfferMade,
    OrderState,
    ServiceCompleted,
    ServiceScheduled,
)
from practice_core.units import WEEK, OrderId, TeamId

if TYPE_CHECKING:
    from practice_core.dispatch import Roster
    from practice_core.orders import Order, OrderEvent
    from practice_core.units import Instant, Minutes, SiteId

__all__ = ["Job", "Lately"]

_GIVEN = frozenset({OrderState.ACCEPTED, OrderState.SCHEDULED, OrderState.IN_SERVICE})
"""Somebody has accepted and is not done."""
_KEPT = 2 * WEEK
"""How long jobs that are over still count: those of this week do, whatever the time zone."""
_OFTEN = 256
"""Of so many things remembered, those are dropped once that the last so many have outlived: no
single clock that goes ahead makes anything forgotten."""
_MEMBERS = 10_000
_MINUTES = 2**40
"""Bounds that a roster's numbers hold, should a journal hold more."""


@attrs.frozen
class Job:
    """A time at which some members of a team are busy."""

    team: TeamId
    site: SiteId
    start: Instant
    end: Instant
    members: int


@attrs.define(eq=False)
class Lately:
    """The recent past of all teams, enough to make a `Roster` at any time.

    While there is a roster it is told the same.
    """

    offers: list[tuple[TeamId, Instant]] = attrs.field(factory=list)
    accepted: list[tuple[TeamId, Instant, Minutes]] = attrs.field(factory=list)
    last_offered: dict[TeamId, Instant] = attrs.field(factory=dict)
    open_jobs: Counter[TeamId] = attrs.field(factory=Counter)
    jobs: dict[OrderId, Job] = attrs.field(factory=dict)
    spent: list[Job] = attrs.field(factory=list)
    roster: Roster | None = attrs.field(default=None, init=False)

    def apply(self, before: Order | None, event: OrderEvent, after: Order) -> TeamId | None:
        """Remember what an event means for teams; give the team that it has set free, if one."""
        request = after.request
        if isinstance(event, OfferMade):
            if event.team != request.host:
                self._offered(event.team, event.at)
        elif isinstance(event, OfferAccepted):
            self._taken(event.team, event.at, after)
        elif isinstance(event, ServiceScheduled):
            self._drop(event.order)
            team: TeamId = after.team  # type: ignore[assignment]  # scheduled: has a team
            members = min(request.needed, _MEMBERS)
            job = Job(team, request.site, event.start, event.end, members)
            self.jobs[event.order] = job
            self._on_roster(job, 1)
        elif before is not None and before.state in _GIVEN and after.state not in _GIVEN:
            return self._ended(before, event)
        return None

    def _offered(self, team: TeamId, at: Instant) -> None:
        self.offers.append((team, at))
        self.last_offered[team] = at
        if not len(self.offers) % _OFTEN:
            oldest = min(when for _, when in self.offers[-_OFTEN:]) - NOTE_MEMORY
            self.offers = [one for one in self.offers if one[1] > oldest]
        if self.roster is not None and team in self.roster.index:
            self.roster.note_offer(self.roster.index[team], at)

    def _taken(self, team: TeamId, at: Instant, order: Order) -> None:
        request = order.request
        if team == request.host:
            return
        minutes = min(request.needed * request.duration, _MINUTES)
        self.accepted.append((team, at, minutes))
        self.open_jobs[team] += 1
        if not len(self.accepted) % _OFTEN:
            oldest = min(when for _, when, _ in self.accepted[-_OFTEN:]) - MEMORY
            self.accepted = [one for one in self.accepted if one[1] > oldest]
        if self.roster is not None and team in self.roster.index:
            self.roster.note_accepted(self.roster.index[team], at, minutes)

    def _ended(self, before: Order, event: OrderEvent) -> TeamId | None:
        team: TeamId = before.team  # type: ignore[assignment]  # given: has a team
        known = self.roster is not None and team in self.roster.index
        if team != before.request.host:
            self.open_jobs[team] -= 1
            if known:
                self.roster.note_done(self.roster.index[team])  # type: ignore[union-attr]  # known
        if isinstance(event, ServiceCompleted):
            # The time is spent, and the way back may still lie ahead.
            self._spend(self.jobs.pop(before.id))
            return None
        self._drop(before.id)
        return team

    def _spend(self, job: Job) -> None:
        self.spent.append(job)
        if not len(self.spent) % _OFTEN:
            oldest = min(one.end for one in self.spent[-_OFTEN:]) - _KEPT
            self.spent = [one for one in self.spent if one.end > oldest]

    def _drop(self, order: OrderId) -> None:
        job = self.jobs.pop(order, None)
        if job is not None:
            self._on_roster(job, -1)

    def _on_roster(self, job: Job, sign: int) -> None:
        roster = self.roster
        if roster is None or job.team not in roster.index or job.site not in roster.hierarchy:
            return
        travel = way_back(roster.km(job.site, job.team))
        slot = roster.grid.slot(job.start, job.end, travel)
        if slot is not None:
            act = roster.book if sign > 0 else roster.release
            act(roster.index[job.team], slot, job.members)

    def fill(self, roster: Roster) -> None:
        """Tell a new roster all of it, and from now on whatever comes."""
        self.roster = roster
        for team, at in self.offers:
            if team in roster.index:
                roster.note_offer(roster.index[team], at)
        for team, at, minutes in self.accepted:
            if team in roster.index:
                roster.note_accepted(roster.index[team], at, minutes)
        for team, at in self.last_offered.items():
            if team in roster.index:
                roster.last_offered_at[roster.index[team]] = at
        roster.open_jobs[:] = [self.open_jobs[team] for team in roster.ids]
        for job in (*self.jobs.values(), *self.spent):
            self._on_roster(job, 1)

    def dump(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "offers": self.offers,
            "accepted": self.accepted,
            "last_offered": self.last_offered,
            "open_jobs": {team: count for team, count in self.open_jobs.items() if count},
            "jobs": {order: attrs.astuple(job) for order, job in self.jobs.items()},
            "spent": [attrs.astuple(job) for job in self.spent],
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Lately:
        """Take it from plain data."""
        return cls(
            [(team, at) for team, at in data["offers"]],
            [(team, at, minutes) for team, at, minutes in data["accepted"]],
            data["last_offered"],
            Counter(data["open_jobs"]),
            {order: Job(*fields) for order, fields in data["jobs"].items()},
            [Job(*fields) for fields in data["spent"]],
        )
