"""The order lifecycle as data: every edge and every rule, for every area.

A `LoopProfile` narrows it to a local loop; it never adds an edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from practice_core.lifecycle import Edge, Lifecycle, Role, Rule
from practice_core.orders import commands as c
from practice_core.orders import events as e
from practice_core.orders.model import OrderState as S

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ORDER"]

REQUESTER, PROXY, OFFICER, TEAM, SYSTEM, _ = Role

_ENDED = (S.REJECTED, S.CLOSED, S.CANCELLED, S.UNSERVED)
_GIVEN = (S.OFFERED, S.POOLED, S.ACCEPTED, S.SCHEDULED)
"""With a team, or with those who may become one."""
_WATCHED = (S.PLACED, S.REVIEWED, *_GIVEN, S.IN_SERVICE)
"""Where a clock under supervision may run out."""
_CANCELLABLE = (S.COLLECTED, S.PLACED, S.REVIEWED, S.PAUSED, *_GIVEN, S.IN_SERVICE)
_BACK = frozenset({e.OrderEscalated, e.OrderUnserved})
"""What may follow at once when an order comes back to its desk."""
_DONE = frozenset({e.OrderReopened, e.OrderEscalated, e.OrderClosed})
"""What may follow at once when the requester has spoken."""
_ASKING = frozenset({REQUESTER, PROXY})


def _edges() -> tuple[Edge[S], ...]:
    targets: dict[S, dict[type, S]] = {
        S.ABSENT: {e.NeedCollected: S.COLLECTED, e.OrderPlaced: S.PLACED},
        S.COLLECTED: {
            e.OrderPlaced: S.PLACED,
            e.NeedMerged: S.CLOSED,
            e.NeedAbsorbed: S.COLLECTED,
            e.OrderUnserved: S.UNSERVED,
        },
        S.PLACED: {
            e.OrderReviewed: S.REVIEWED,
            e.OrderRejected: S.REJECTED,
            e.OrderUnserved: S.UNSERVED,
            e.NeedAbsorbed: S.PLACED,
            e.ClockStarted: S.PLACED,
        },
        S.REVIEWED: {
            e.OfferMade: S.OFFERED,
            e.OrderPosted: S.POOLED,
            e.OrderEscalated: S.REVIEWED,
            e.OrderHandedBack: S.REVIEWED,
            e.OrderSplit: S.REVIEWED,
            e.NeedAbsorbed: S.REVIEWED,
            e.ClockStarted: S.REVIEWED,
            e.OrderPaused: S.PAUSED,
            e.OrderUnserved: S.UNSERVED,
        },
        S.PAUSED: {e.OrderResumed: S.REVIEWED},
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
            e.ClockStarted: S.ACCEPTED,
            e.ProgressReported: S.ACCEPTED,
        },
        S.SCHEDULED: {
            e.ServiceScheduled: S.SCHEDULED,
            e.OtherTimeAsked: S.SCHEDULED,
            e.TeamWithdrew: S.REVIEWED,
            e.TeamAbsent: S.REVIEWED,
            e.ServiceStarted: S.IN_SERVICE,
            e.ProgressReported: S.SCHEDULED,
        },
        S.IN_SERVICE: {e.ServiceCompleted: S.SERVED},
        S.SERVED: {
            e.OrderRated: S.RATED,
            e.RequesterCalledBack: S.RATED,
            e.ServiceAssessed: S.SERVED,
            e.OrderClosed: S.CLOSED,
        },
        S.RATED: {
            e.OrderReopened: S.REVIEWED,
            e.OrderShowcased: S.SHOWCASED,
            e.RequesterCalledBack: S.RATED,
            e.ServiceAssessed: S.RATED,
            e.OrderClosed: S.CLOSED,
        },
        S.SHOWCASED: {e.OrderClosed: S.CLOSED},
    }
    for state in _GIVEN:
        targets[state] |= {e.OrderRecalled: S.REVIEWED, e.OrderPaused: S.PAUSED}
    for state in _WATCHED:
        targets[state][e.OrderSupervised] = state
    for state in _CANCELLABLE:
        targets[state][e.OrderCancelled] = S.CANCELLED
    return tuple(Edge(s, event, t) for s, row in targets.items() for event, t in row.items())


def _rule(command: type, sources: Iterable[S], roles: Iterable[Role], *outcomes: type) -> Rule[S]:
    return Rule(command, frozenset(sources), frozenset(roles), frozenset(outcomes))


_BEFORE = (S.ABSENT, S.COLLECTED)
_AGREED = (S.ACCEPTED, S.SCHEDULED)
_RULES = (
    _rule(c.CollectNeed, [S.ABSENT], [REQUESTER, PROXY, OFFICER], e.NeedCollected),
    _rule(c.MergeNeed, [S.COLLECTED], [OFFICER], e.NeedMerged),
    _rule(c.AbsorbNeed, [S.COLLECTED, S.PLACED, S.REVIEWED], [OFFICER], e.NeedAbsorbed),
    _rule(
        c.PlaceOrder,
        _BEFORE,
        [REQUESTER, PROXY, OFFICER],
        e.OrderPlaced,
        e.OrderReviewed,
        e.ClockStarted,
    ),
    _rule(c.RejectOrder, [S.PLACED], [OFFICER], e.OrderRejected),
    _rule(c.ReviewOrder, [S.PLACED], [OFFICER], e.OrderReviewed, e.ClockStarted),
    _rule(c.OfferOrder, [S.REVIEWED, S.OFFERED], [OFFICER], e.OfferMade),
    _rule(c.PostOrder, [S.REVIEWED], [OFFICER], e.OrderPosted),
    _rule(c.AcceptOffer, [S.OFFERED, S.POOLED], [TEAM], e.OfferAccepted, e.ClockStarted),
    _rule(c.DeclineOffer, [S.OFFERED], [TEAM], e.OfferDeclined, e.OrderReturned, *_BACK),
    _rule(
        c.ExpireOffers,
        [S.OFFERED, S.POOLED],
        [SYSTEM],
        e.OfferExpired,
        e.OrderReturned,
        *_BACK,
    ),
    _rule(c.EscalateOrder, [S.REVIEWED], [OFFICER, SYSTEM], *_BACK),
    _rule(c.HandBackOrder, [S.REVIEWED], [OFFICER], e.OrderHandedBack),
    _rule(c.RecallOrder, _GIVEN, [OFFICER], e.OrderRecalled),
    _rule(c.SplitOrder, [S.REVIEWED], [OFFICER], e.OrderSplit),
    _rule(c.PauseOrder, [S.REVIEWED, *_GIVEN], [*_ASKING, OFFICER], e.OrderPaused),
    _rule(
        c.ResumeOrder,
        [S.PAUSED],
        [*_ASKING, OFFICER, SYSTEM],
        e.OrderResumed,
        e.OrderUnserved,
        e.ClockStarted,
    ),
    _rule(c.SuperviseOrder, _WATCHED, [SYSTEM], e.OrderSupervised),
    _rule(c.ReportProgress, _AGREED, [TEAM, OFFICER], e.ProgressReported),
    _rule(c.ScheduleService, _AGREED, [TEAM], e.ServiceScheduled),
    _rule(c.AskOtherTime, [S.SCHEDULED], [*_ASKING, OFFICER], e.OtherTimeAsked),
    _rule(c.WithdrawTeam, _AGREED, [TEAM], e.TeamWithdrew, *_BACK),
    _rule(
        c.ReportAbsence,
        _AGREED,
        [REQUESTER, PROXY, OFFICER, SYSTEM],
        e.TeamAbsent,
        *_BACK,
    ),
    _rule(c.StartService, [S.SCHEDULED], [TEAM, OFFICER], e.ServiceStarted),
    _rule(c.CompleteService, [S.IN_SERVICE], [TEAM, OFFICER], e.ServiceCompleted),
    _rule(c.RateOrder, [S.SERVED], _ASKING, e.OrderRated, *_DONE),
    _rule(c.AssessService, [S.SERVED, S.RATED], [TEAM, OFFICER], e.ServiceAssessed, e.OrderClosed),
    _rule(c.CallBack, [S.SERVED, S.RATED], [OFFICER], e.RequesterCalledBack, *_DONE),
    _rule(c.ShowcaseOrder, [S.RATED], [OFFICER], e.OrderShowcased),
    _rule(c.CloseOrder, [S.SERVED, S.RATED, S.SHOWCASED], [OFFICER, SYSTEM], e.OrderClosed),
    _rule(c.CancelOrder, _CANCELLABLE, [*_ASKING, OFFICER], e.OrderCancelled),
    _rule(c.GiveUpOrder, [S.COLLECTED, S.PLACED, S.REVIEWED], [OFFICER, SYSTEM], e.OrderUnserved),
)

ORDER: Lifecycle[S] = Lifecycle(
    name="order",
    initial=S.ABSENT,
    final=frozenset(_ENDED),
    edges=_edges(),
    rules=_RULES,
)
"""The lifecycle of every order."""
