"""The offers of a run as a platform's own log would hold them: who was asked, and what came of it.

What only the tape knows (how willing a team is, how little an order pleases) is not in it.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import attrs
import numpy as np

from practice_core.dispatch.roster import MEMORY, NOTE_MEMORY
from practice_core.orders import (
    EVENTS,
    DeclineReason,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
)
from practice_core.simulation.tape import OWN
from practice_core.units import DAY, HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from practice_core.simulation.log import EventLog
    from practice_core.simulation.runs import Run

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["COLUMNS", "Offers", "offers"]

COLUMNS = (
    "order",
    "team",
    "km",
    "load",
    "notifications",
    "answered",
    "accepted",
    "delay_hours",
    "hour",
    "open_hours",
)
"""The columns of an offers log; the last two may be missing."""


@attrs.frozen(eq=False)
class Offers:
    """Offers made to teams, a row each, in the order they were made; columns of one length.

    Parameters
    ----------
    order, team
        Ids.
    km
        Road km from the team's home to the site, one way.
    load
        Jobs the team accepted in the 28 days before, as a share of the most in four weeks.
    notifications
        Offers the team received in the 7 days before, this one not counted.
    answered, accepted
        Whether an answer came in time, and whether it was yes. A yes that came when the time was
        gone is a yes.
    delay_hours
        Hours from offer to answer; nan if none came.
    hour
        Local time of day of the offer, 0 to 24; None if the log does not say.
    open_hours
        Hours for which the offer stood open; None if the log does not say.
    """

    order: tuple[str, ...]
    team: tuple[str, ...]
    km: Floats
    load: Floats
    notifications: Floats
    answered: Mask
    accepted: Mask
    delay_hours: Floats
    hour: Floats | None = None
    open_hours: Floats | None = None

    def __len__(self) -> int:
        return len(self.order)

    def take(self, rows: Ints | slice) -> Offers:
        """Give some of the rows."""
        places = np.arange(len(self))[rows].tolist()
        return Offers(
            tuple([self.order[n] for n in places]),
            tuple([self.team[n] for n in places]),
            self.km[rows],
            self.load[rows],
            self.notifications[rows],
            self.answered[rows],
            self.accepted[rows],
            self.delay_hours[rows],
            None if self.hour is None else self.hour[rows],
            None if self.open_hours is None else self.open_hours[rows],
        )

    def to_csv(self) -> str:
        r"""Give the rows as CSV with a head line; km to a metre, times to a second.

        Examples
        --------
        >>> one = np.array([1.0])
        >>> yes = np.array([True])
        >>> row = Offers(("o-1",), ("t-1",), 2.5 * one, one / 12, one, yes, yes, one / 3)
        >>> row.to_csv().splitlines()[1]
        'o-1,t-1,2.5,0.0833333,1,1,1,0.333333'
        """
        columns = [
            self.order,
            self.team,
            _short(np.round(self.km, 3)),
            _short(self.load),
            _short(self.notifications),
            self.answered.astype(int).tolist(),
            self.accepted.astype(int).tolist(),
            _short(self.delay_hours),
        ]
        names = [*COLUMNS[: len(columns)]]
        for name in COLUMNS[len(columns) :]:
            if getattr(self, name) is not None:
                names.append(name)
                columns.append(_short(getattr(self, name)))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(zip(*columns, strict=True))
        return text.getvalue()


def _short(column: Floats) -> list[str]:
    return ["" if np.isnan(number) else f"{number:.6g}" for number in column.tolist()]


def offers(run: Run) -> Offers:
    """Give every offer that a run made to a team, as the team met it.

    Own activities, whose host was asked when they were planned, are left out; so are postings to
    the pool, which ask nobody by name, and offers that were void before they were answered because
    another team took the order. Both count among the notifications and the load of a team as far
    as they do in the model: void offers are notifications, jobs taken from the pool are load.

    Parameters
    ----------
    run
        Its log says what happened, its tape where teams and sites are.

    Examples
    --------
    >>> from practice_core.dispatch import policy
    >>> from practice_core.simulation import load_scenario
    >>> from practice_core.simulation import run as simulate
    >>> changes = {"horizon.weeks": 1, "horizon.warmup_weeks": 0, "own_activity.per_year": 0.0}
    >>> week = load_scenario("wujiang").with_values({**changes, "resident.per_year": 500.0})
    >>> found = offers(simulate(week, policy("nearest"), seed=7, replication=0))
    >>> bool(0.4 < found.accepted.mean() < found.answered.mean() < 1)
    True
    """
    tape, log = run.tape, run.log
    roster = tape.roster()
    made, answers, void = _matched(log, tape.demand.stream == OWN)
    order, at = log.column("order").astype(np.int64), log.column("at")
    kind, team = log.column("kind"), log.column("a")
    accepted_rows = np.flatnonzero(_is(kind, OfferAccepted) & (tape.demand.stream[order] != OWN))
    received = _within(at, team, made, made, NOTE_MEMORY)
    taken = _within(at, team, made, accepted_rows, MEMORY)
    kept = ~void
    made, answers = made[kept], answers[kept]
    km = np.empty(len(made))
    sites = tape.demand.site[order[made]]
    for site in np.unique(sites).tolist():
        here = sites == site
        km[here] = roster.km_from(tape.sites[site])[team[made[here]]]
    answered = answers >= 0
    # A team that declines because the time is gone had said yes.
    is_unwilling = log.column("b")[answers] == tuple(DeclineReason).index(DeclineReason.UNWILLING)
    unwilling = _is(kind, OfferDeclined)[answers] & is_unwilling
    delay = np.where(answered, at[answers] - at[made], 0) / HOUR
    return Offers(
        tuple([log.orders[n] for n in order[made].tolist()]),
        tuple([log.teams[n] for n in team[made].tolist()]),
        km,
        taken[kept] / (4 * roster.jobs_limit[team[made]]),
        received[kept].astype(np.float64),
        answered,
        answered & ~unwilling,
        np.where(answered, delay, np.nan),
        (at[made] - tape.scenario.begins) % DAY / HOUR,
        (log.column("b")[made] - at[made]) / HOUR,
    )


def _is(kind: NDArray[np.uint8], event: type) -> Mask:
    return np.asarray(kind == EVENTS.index(event))


def _matched(log: EventLog, own: Mask) -> tuple[Ints, Ints, Mask]:
    """Give the row of every offer, the row of its answer (-1 if none), and whether it was void."""
    kind, order = log.column("kind"), log.column("order").astype(np.int64)
    team = log.column("a")
    dispatched = ~own[order]
    is_made, is_accepted = _is(kind, OfferMade), _is(kind, OfferAccepted)
    is_answer = is_accepted | _is(kind, OfferDeclined)
    ends = is_answer | _is(kind, OfferExpired)
    rows = np.flatnonzero(dispatched & (is_made | ends))
    rows = rows[np.lexsort((rows, team[rows], order[rows]))]
    follows = np.append(rows[1:], rows[:1])
    same = (order[follows] == order[rows]) & (team[follows] == team[rows]) & (follows > rows)
    starts = is_made[rows]
    made, end = rows[starts], np.where(same & ends[follows], follows, -1)[starts]
    # An acceptance ends the round for everybody: what a team did later answers another question.
    taken = np.flatnonzero(dispatched & is_accepted)
    taken = taken[np.lexsort((taken, order[taken]))]
    span = len(kind) + 1
    place = np.searchsorted(order[taken] * span + taken, order[made] * span + made)
    padded = np.append(taken, -1)
    is_same_order = np.append(order[taken], -1)[place] == order[made]
    round_ends = np.where(is_same_order, padded[place], span)
    void = (end < 0) | (end > round_ends)
    answer = np.where(~void & is_answer[end], end, -1)
    by = np.argsort(made)
    return made[by], answer[by], void[by]


def _within(at: Ints, team: Ints, rows: Ints, events: Ints, memory: int) -> Ints:
    """Count for each row the events of its team that came before it and are remembered."""
    events = events[np.lexsort((events, team[events]))]
    span = len(at) + 1
    before = np.searchsorted(team[events] * span + events, team[rows] * span + rows)
    begins = int(at[0])
    reach = int(at[-1]) - begins + memory + 1
    when = team[events] * reach + at[events] - begins
    since = np.maximum(at[rows] - begins - memory, -1)
    forgotten = np.searchsorted(when, team[rows] * reach + since, side="right")
    return np.asarray(before - forgotten)
