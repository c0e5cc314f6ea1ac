"""What a journal says, event by event from the first, and what in it cannot be so.

A replay trusts nothing that was kept beside the events: it walks the chain, makes every event anew
from what is stored, lets every order go through its events, and posts every account's.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import ImpossibleEvent
from practice_core.journal.accounts import AreaBooks
from practice_core.journal.course import Course
from practice_core.journal.errors import BrokenEvent, UnknownEvent
from practice_core.journal.evidence import verify
from practice_core.journal.misfits import Misfit, Unfolded
from practice_core.orders import OrderEvent, OrderState
from practice_core.points import PointsAwarded
from practice_core.units import VolunteerId
from practice_core.volunteers import ServiceRecorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from practice_core.journal.contract import Event, Row
    from practice_core.journal.evidence import Checkpoint, Finding
    from practice_core.journal.stored import StoredJournal
    from practice_core.units import Instant, Minutes

__all__ = ["Credit", "Replay", "replay"]


@attrs.frozen
class Credit:
    """What a volunteer has served and earned.

    Parameters
    ----------
    volunteer
        Who; an account of points is named as its volunteer is.
    minutes
        Whole minutes of service, as recorded.
    points
        Points awarded.
    """

    volunteer: VolunteerId
    minutes: Minutes
    points: int


@attrs.frozen
class Replay:
    """What all events of a journal come to.

    Parameters
    ----------
    events, commands
        How many events there are, and of how many commands they came.
    first, last
        The earliest and the latest instant at which one happened; None if there is none.
    orders
        How many orders stand in each state.
    teams
        How many teams the events name.
    volunteers
        Everyone who served or got points, by id.
    findings
        What is not as it was appended.
    unfolded
        What does not go with the events before it; of each stream the first.
    """

    events: int
    commands: int
    first: Instant | None
    last: Instant | None
    orders: Mapping[OrderState, int]
    teams: int
    volunteers: tuple[Credit, ...]
    findings: tuple[Finding, ...]
    unfolded: tuple[Unfolded, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings and not self.unfolded


def replay(
    journal: StoredJournal, *, since: Checkpoint | None = None, key: bytes | None = None
) -> Replay:
    """Verify a journal from its first row, and fold all its events.

    Parameters
    ----------
    journal
        Others may append meanwhile.
    since
        A checkpoint that the journal is to agree with.
    key
        With which the checkpoint must have been signed; None: its signature is not looked at.

    Raises
    ------
    StoreError
        If the journal can no longer be read.

    Examples
    --------
    >>> from practice_core.journal import Write, open_journal
    >>> from practice_core.orders import OrderReviewed
    >>> journal = open_journal("memory")
    >>> write = Write("order/o-1", 0, (OrderReviewed("o-1", 0, "desk", due_at=60_000),))
    >>> _ = journal.append([write], command="c-1", digest=b"1")
    >>> found = replay(journal)
    >>> found.events, found.findings
    (1, ())
    >>> for one in found.unfolded:
    ...     print(one.kind, one.position, one.stream, one.why)
    impossible 1 order/o-1 order: no edge for OrderReviewed in state absent
    """
    findings = verify(journal)
    if since is not None:
        findings += verify(journal, since=since, key=key)
    folding = _Folding(journal)
    for row in journal.rows():
        folding.fold(row)
    return folding.replay(tuple(dict.fromkeys(findings)))


class _Folding:
    """What the rows so far have come to."""

    def __init__(self, journal: StoredJournal) -> None:
        self._codec = journal.codec
        self._course = Course()
        self._books = AreaBooks()
        self._versions: dict[str, int] = {}
        self._stuck: set[str] = set()
        self._unfolded: dict[str, Unfolded] = {}
        self._command = ""
        self._counts: Counter[str] = Counter()
        self._instants: list[Instant] = []
        self._teams: set[str] = set()
        self._minutes: Counter[VolunteerId] = Counter()
        self._points: Counter[VolunteerId] = Counter()

    def fold(self, row: Row) -> None:
        """Fold one more."""
        self._counts["events"] += 1
        # The events of a command stand side by side, and no id is used twice.
        self._counts["commands"] += row.command != self._command
        self._command = row.command
        number = self._versions.get(row.stream, 0) + 1
        self._versions[row.stream] = row.version
        if row.version != number:
            why = f"number {row.version} of its stream, expected {number}"
            self._note(Misfit.MISPLACED, row, why)
        try:
            event = self._codec.decode(row.body)
        except UnknownEvent as error:
            self._note(Misfit.UNKNOWN, row, str(error), of=f"{error.kind} {error.schema}")
            if error.kind.startswith("order."):  # without it what follows cannot fit
                self._stuck.add(row.stream)
        except BrokenEvent as error:
            self._note(Misfit.BROKEN, row, str(error))
            self._stuck.add(row.stream)
        else:
            self._count(event)
            if isinstance(event, OrderEvent) and row.stream not in self._stuck:
                self._follow(row, event)
            self._keep(self._books.follow(row, event))

    def _follow(self, row: Row, event: OrderEvent) -> None:
        if row.stream != f"order/{event.order}":
            self._note(Misfit.MISPLACED, row, f"an event of order/{event.order}")
            return
        try:
            self._course.follow(event)
        except ImpossibleEvent as error:
            self._note(Misfit.IMPOSSIBLE, row, str(error))
            self._stuck.add(row.stream)

    def _note(self, kind: Misfit, row: Row, why: str, *, of: str | None = None) -> None:
        """Keep the first of a stream, or of what else they have in common."""
        first = Unfolded(kind, row.position, row.stream, why)
        self._unfolded.setdefault(row.stream if of is None else of, first)

    def _keep(self, found: Iterable[Unfolded]) -> None:
        for one in found:
            self._unfolded.setdefault(one.stream, one)

    def _count(self, event: Event) -> None:
        at: Instant | None = getattr(event, "at", None)
        if at is not None:
            self._instants = [min((*self._instants, at)), max((*self._instants, at))]
        request = getattr(event, "request", None)
        teams = (getattr(event, "team", None), getattr(request, "host", None))
        self._teams.update(team for team in teams if team is not None)
        if isinstance(event, ServiceRecorded):
            self._minutes[event.volunteer] += event.minutes
        elif isinstance(event, PointsAwarded):
            self._points[VolunteerId(event.account)] += event.points

    def replay(self, findings: tuple[Finding, ...]) -> Replay:
        """Say what all of them come to."""
        self._keep(self._books.end())
        ended = Counter(self._course.ended.values())
        states = ended + Counter(order.state for order in self._course.under_way.values())
        first, last = self._instants or (None, None)
        return Replay(
            events=self._counts["events"],
            commands=self._counts["commands"],
            first=first,
            last=last,
            orders={state: states[state] for state in OrderState if states[state]},
            teams=len(self._teams),
            volunteers=tuple(
                Credit(one, self._minutes[one], self._points[one])
                for one in sorted({*self._minutes, *self._points})
            ),
            findings=findings,
            unfolded=tuple(sorted(self._unfolded.values(), key=lambda one: one.position)),
        )
