"""The order lifecycle as data: every edge and every rule, for every area.

A `LoopProfile` narrows it to a local loop; it never adds an edge.
"""

from __future__ import annotations

from practice_core.lifecycle import Edge, Lifecycle, Role, Rule
from practice_core.orders import commands as c
from practice_core.orders import events as e
from practice_core.orders.model import OrderState as S

__all__ = ["ORDER"]

REQUESTER, PROXY, OFFICER, TEAM, SYSTEM = Role

_BACK = frozenset({e.OrderEscalated, e.OrderUnserved})
"""What may follow at once when an order comes back to its desk."""
_ASKING = frozenset({REQUESTER, PROXY})


def _edges() -> tuple[Edge[S], ...]:
    targets: dict[S, dict[type, S]] = {
        S.ABSENT: {e.NeedCollected: S.COLLECTED, e.OrderPlaced: S.PLACED},
        S.COLLECTED: {e.OrderPlaced: S.PLACED, e.NeedMerged: S.CLOSED},
        S.PLACED: {
            e.OrderReviewed: S.REVIEWED,
            e.OrderRejected: S.REJECTED,
            e.OrderUnserved: S.UNSERVED,
        },
        S.REVIEWED: {
            e.OfferMade: S.OFFERED,
            e.OrderPosted: S.POOLED,
            e.OrderEscalated: S.REVIEWED,
            e.OrderUnserved: S.UNSERVED,
        },
        S.OFFERED: {
            e.OfferMade: S.OFFERED,
            e.OfferDeclined: S.OFFERED,
            e.OfferExpired: S.OFFERED,
            e.OfferAccepted: S.ACCEPTED,
            e.OrderReturned: S.REVIEWED,
        },
        S.POOLED: {e.OfferAccepted: S.ACCEPTED, e.OrderReturned: S.REVIEWED},
        S.ACCEPTED: {
            e.ServiceScheduled: S.SCHEDULED,
            e.TeamWithdrew: S.REVIEWED,
            e.TeamAbsent: S.REVIEWED,
        },
        S.SCHEDULED: {
            e.ServiceScheduled: S.SCHEDULED,
            e.TeamWithdrew: S.REVIEWED,
            e.TeamAbsent: S.REVIEWED,
            e.ServiceStarted: S.IN_SERVICE,
        },
        S.IN_SERVICE: {e.ServiceCompleted: S.SERVED},
        S.SERVED: {e.OrderRated: S.RATED, e.OrderClosed: S.CLOSED},
        S.RATED: {
            e.OrderReopened: S.REVIEWED,
            e.OrderShowcased: S.SHOWCASED,
            e.OrderClosed: S.CLOSED,
        },
        S.SHOWCASED: {e.OrderClosed: S.CLOSED},
    }
    for state in _CANCELLABLE:
        targets[state][e.OrderCancelled] = S.CANCELLED
    return tuple(Edge(s, event, t) for s, row in targets.items() for event, t in row.items())


_CANCELLABLE = (
    S.COLLECTED,
    S.PLACED,
    S.REVIEWED,
    S.OFFERED,
    S.POOLED,
    S.ACCEPTED,
    S.SCHEDULED,
    S.IN_SERVICE,
)


def _rule(
    command: type, sources: set[S], roles: set[Role] | frozenset[Role], *outcomes: type
) -> Rule[S]:
    return Rule(command, frozenset(sources), frozenset(roles), frozenset(outcomes))


_RULES = (
    _rule(c.CollectNeed, {S.ABSENT}, {PROXY, OFFICER}, e.NeedCollected),
    _rule(c.MergeNeed, {S.COLLECTED}, {OFFICER}, e.NeedMerged),
    _rule(c.PlaceOrder, {S.ABSENT, S.COLLECTED}, {REQUESTER, PROXY, OFFICER}, e.OrderPlaced),
    _rule(c.RejectOrder, {S.PLACED}, {OFFICER}, e.OrderRejected),
    _rule(c.ReviewOrder, {S.PLACED}, {OFFICER}, e.OrderReviewed),
    _rule(c.OfferOrder, {S.REVIEWED, S.OFFERED}, {OFFICER}, e.OfferMade),
    _rule(c.PostOrder, {S.REVIEWED}, {OFFICER}, e.OrderPosted),
    _rule(c.AcceptOffer, {S.OFFERED, S.POOLED}, {TEAM}, e.OfferAccepted),
    _rule(c.DeclineOffer, {S.OFFERED}, {TEAM}, e.OfferDeclined, e.OrderReturned, *_BACK),
    _rule(
        c.ExpireOffers,
        {S.OFFERED, S.POOLED},
        {SYSTEM},
        e.OfferExpired,
        e.OrderReturned,
        *_BACK,
    ),
    _rule(c.EscalateOrder, {S.REVIEWED}, {OFFICER, SYSTEM}, *_BACK),
    _rule(c.ScheduleService, {S.ACCEPTED, S.SCHEDULED}, {TEAM, OFFICER}, e.ServiceScheduled),
    _rule(c.WithdrawTeam, {S.ACCEPTED, S.SCHEDULED}, {TEAM}, e.TeamWithdrew, *_BACK),
    _rule(
        c.ReportAbsence,
        {S.ACCEPTED, S.SCHEDULED},
        {REQUESTER, PROXY, OFFICER, SYSTEM},
        e.TeamAbsent,
        *_BACK,
    ),
    _rule(c.StartService, {S.SCHEDULED}, {TEAM, OFFICER}, e.ServiceStarted),
    _rule(c.CompleteService, {S.IN_SERVICE}, {TEAM, OFFICER}, e.ServiceCompleted),
    _rule(c.RateOrder, {S.SERVED}, _ASKING, e.OrderRated, e.OrderReopened, e.OrderClosed),
    _rule(c.ShowcaseOrder, {S.RATED}, {OFFICER}, e.OrderShowcased),
    _rule(c.CloseOrder, {S.SERVED, S.RATED, S.SHOWCASED}, {OFFICER, SYSTEM}, e.OrderClosed),
    _rule(c.CancelOrder, set(_CANCELLABLE), {*_ASKING, OFFICER}, e.OrderCancelled),
    _rule(c.GiveUpOrder, {S.PLACED, S.REVIEWED}, {OFFICER, SYSTEM}, e.OrderUnserved),
)

ORDER: Lifecycle[S] = Lifecycle(
    name="order",
    initial=S.ABSENT,
    final=frozenset({S.REJECTED, S.CLOSED, S.CANCELLED, S.UNSERVED}),
    edges=_edges(),
    rules=_RULES,
)
"""The lifecycle of every order."""
