"""Who served, and what it earned: every member of every service, in one vectorised pass.

The model decides how many volunteers came and for how long; here they get their numbers, a record
each and points. Which members of a team come is a keyed draw and counts heads, not diaries: it may
name one member for two jobs of one hour. Other volunteers of a mass event are drawn from all teams
but the host; those beyond the roster are not registered and get no record.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

import attrs
import numpy as np

from practice_core.keyed import Purpose, stream, uniforms
from practice_core.orders import EVENTS, OfferAccepted, ServiceCompleted, ServiceStarted
from practice_core.points import LIMIT, AccountKind, Batch, Ledger, award_points, expiries
from practice_core.units import AccountId, VolunteerId
from practice_core.volunteers import ServiceRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from practice_core.points import RuleSet
    from practice_core.simulation.log import EventLog
    from practice_core.simulation.tape import Tape
    from practice_core.units import OrderId

    Ints = NDArray[np.int64]

__all__ = ["ISSUANCE", "Records", "awarded", "credit", "service_records"]

ISSUANCE = AccountId("issuance")
"""The account that points come from; below zero by what volunteers hold."""
_STRIDE = 1_000_003  # a prime above any roster: steps of it meet everybody before anybody twice


@attrs.frozen(eq=False)
class Records:
    """Service records as columns of one length, in the order in which services ended.

    Parameters
    ----------
    orders
        Ids of all orders.
    teams, members
        The teams, by id, and how many members each has: volunteers are numbered through them.
    order
        Place in `orders`.
    volunteer
        Number of the volunteer, from 0.
    at
        End of the service, in ms since 1970-01-01T00:00Z.
    minutes
        Whole minutes served.
    category
        Of the order: place in `Category`.
    """

    orders: tuple[OrderId, ...]
    teams: tuple[str, ...]
    members: Ints
    order: Ints
    volunteer: Ints
    at: Ints
    minutes: Ints
    category: Ints

    def __len__(self) -> int:
        return len(self.order)

    @cached_property
    def volunteers(self) -> tuple[VolunteerId, ...]:
        """The ids of all volunteers, by number: opaque, no names."""
        pairs = zip(self.teams, self.members.tolist(), strict=True)
        return tuple([VolunteerId(f"{team}.{n}") for team, count in pairs for n in range(count)])

    def __iter__(self) -> Iterator[ServiceRecord]:
        columns = (self.order, self.volunteer, self.at, self.minutes)
        volunteers, orders = self.volunteers, self.orders
        for order, who, at, minutes in zip(*(c.tolist() for c in columns), strict=True):
            yield ServiceRecord(volunteers[who], orders[order], at, minutes)


def service_records(tape: Tape, log: EventLog) -> Records:
    """Give every volunteer who served a record of it.

    Parameters
    ----------
    tape, log
        What was drawn and what happened.
    """
    teams = sorted(tape.city.teams, key=lambda team: team.id)
    members = np.array([team.members for team in teams], np.int64)
    first = np.cumsum(members) - members
    order, at, team, present, minutes, opening = _services(log)
    individuals = np.zeros(len(order), np.int64)
    hosted = [(n, tape.hostings.get(rank)) for n, rank in enumerate(order.tolist())]
    for n, hosting in hosted:
        if hosting is not None:
            present[n], individuals[n] = hosting.members_present, hosting.individuals_present
    total = int(members.sum())
    others = total - members[team]
    individuals = np.minimum(individuals, others)
    keys = tape.demand.key[order]
    base = partial(stream, tape.seed, tape.replication)
    # Members of the team: a run through its numbers, from a drawn place, around the end.
    who = team.astype(np.uint64)
    u = uniforms(base(Purpose.MEMBER_CHOICE), keys, who, opening)
    begin = (u * members[team]).astype(np.int64)
    service, step = _each(present)
    own = first[team[service]] + (begin[service] + step) % members[team[service]]
    # Everybody else: steps through all other numbers, from a drawn place.
    u = uniforms(base(Purpose.INDIVIDUAL_CHOICE), keys, who, opening)
    begin = (u * others).astype(np.int64)
    event, step = _each(individuals)
    other = (begin[event] + step * _STRIDE) % others[event]
    other += np.where(other >= first[team[event]], members[team[event]], 0)
    which = np.concatenate([service, event])
    by = np.argsort(which, kind="stable")
    which, volunteer = which[by], np.concatenate([own, other])[by]
    ids = tuple(team.id for team in teams)
    order = order[which]
    return Records(
        tape.demand.ids,
        ids,
        members,
        order=order,
        volunteer=volunteer,
        at=at[which],
        minutes=minutes[which],
        category=tape.demand.category[order],
    )


def awarded(records: Records, rules: RuleSet) -> Ints:
    """Give the points of each record: by the coefficient of its category, within all limits.

    Nobody has earned anything before the first record, and no complaint, role or grade is
    simulated; hours are entered as they are served.

    Parameters
    ----------
    records
        In time order.
    rules
        The version in force.
    """
    return award_points(
        rules,
        records.minutes,
        volunteer=records.volunteer,
        order=records.order,
        at=records.at,
        category=records.category,
    )


def credit(records: Records, rules: RuleSet) -> Ledger:
    """Post the points of all records to a new ledger: from issuance to each volunteer.

    Each award expires as the rules say; nothing is redeemed, and nothing is taken yet.

    Parameters
    ----------
    records
        In time order.
    rules
        The version in force.

    Returns
    -------
    Ledger
        With `ISSUANCE` and one account for each volunteer; its balances sum to zero.
    """
    points = awarded(records, rules)
    earned = np.flatnonzero(points)
    accounts = (ISSUANCE, *(AccountId(volunteer) for volunteer in records.volunteers))
    ledger = Ledger()
    ledger.open(ISSUANCE, kind=AccountKind.ISSUANCE)
    ledger.open(*accounts[1:], cap=rules.storage_cap or LIMIT)
    ledger.post_many(
        Batch(
            prefix="service:",
            numbers=earned,
            accounts=accounts,
            debit=np.zeros(len(earned), np.int64),
            credit=records.volunteer[earned] + 1,
            amount=points[earned],
            at=records.at[earned],
            expires=expiries(rules, records.at[earned]),
        )
    )
    return ledger


def _services(log: EventLog) -> tuple[Ints, Ints, Ints, Ints, Ints, NDArray[np.uint64]]:
    """Give order, end, team, volunteers present, minutes and opening of every service."""
    kind, order, a = log.column("kind"), log.column("order").astype(np.int64), log.column("a")
    code = {
        event: EVENTS.index(event) for event in (OfferAccepted, ServiceStarted, ServiceCompleted)
    }
    rows = np.flatnonzero(np.isin(kind, list(code.values())))
    rows = rows[np.argsort(order[rows], kind="stable")]
    # In each order's story, a completed service follows its start, which follows its acceptance.
    ends = np.flatnonzero(kind[rows] == code[ServiceCompleted])
    done, begun, accepted = rows[ends], rows[ends - 1], rows[ends - 2]
    opening = (np.diff(order[done], prepend=-1) == 0).astype(np.uint64)
    by = np.argsort(done)
    columns = (order[done], log.column("at")[done], a[accepted], a[begun], a[done], opening)
    return tuple(column[by] for column in columns)  # type: ignore[return-value]  # six columns


def _each(counts: Ints) -> tuple[Ints, Ints]:
    """Give the group of each member of groups of these sizes, and its place in the group."""
    group = np.repeat(np.arange(len(counts)), counts)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
