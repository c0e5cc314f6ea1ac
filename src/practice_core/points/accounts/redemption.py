"""The lifecycle of a redemption: reserve, and collect, cancel, let lapse or give back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.lifecycle import Edge, Lifecycle, Role, Rule
from practice_core.points.accounts import commands as c
from practice_core.points.accounts import events as e
from practice_core.points.accounts.model import Redemption
from practice_core.points.accounts.model import RedemptionState as S

if TYPE_CHECKING:
    from practice_core.points.accounts.events import AccountEvent

__all__ = ["OWNERS", "REDEMPTION", "redeemed"]

OWNERS = frozenset({Role.REQUESTER, Role.TEAM, Role.VOLUNTEER})
"""In which roles somebody acts on his own account."""
_OFFICER = frozenset({Role.OFFICER})
_SYSTEM = frozenset({Role.SYSTEM})

REDEMPTION = Lifecycle(
    name="redemption",
    initial=S.ABSENT,
    final=frozenset({S.CANCELLED, S.LAPSED, S.REFUNDED}),
    edges=(
        Edge(S.ABSENT, e.RedemptionReserved, S.RESERVED),
        Edge(S.RESERVED, e.RedemptionCollected, S.COLLECTED),
        Edge(S.RESERVED, e.RedemptionCancelled, S.CANCELLED),
        Edge(S.RESERVED, e.RedemptionLapsed, S.LAPSED),
        Edge(S.COLLECTED, e.RedemptionRefunded, S.REFUNDED),
    ),
    rules=(
        Rule(
            c.RedeemPoints,
            frozenset({S.ABSENT}),
            OWNERS | _OFFICER,
            frozenset({e.RedemptionReserved}),
        ),
        Rule(
            c.CollectRedemption,
            frozenset({S.RESERVED}),
            _OFFICER,
            frozenset({e.RedemptionCollected}),
        ),
        Rule(
            c.CancelRedemption,
            frozenset({S.RESERVED}),
            OWNERS | _OFFICER,
            frozenset({e.RedemptionCancelled}),
        ),
        Rule(c.SettleAccount, frozenset({S.RESERVED}), _SYSTEM, frozenset({e.RedemptionLapsed})),
        Rule(
            c.RefundRedemption,
            frozenset({S.COLLECTED}),
            _OFFICER,
            frozenset({e.RedemptionRefunded}),
        ),
    ),
)
"""Every edge and every rule of a redemption; what was collected may still be given back."""


def redeemed(redemption: Redemption | None, event: AccountEvent) -> Redemption:
    """Apply an event to a redemption, or to none if it is its first.

    Raises
    ------
    ImpossibleEvent
        If it cannot happen in the redemption's state.
    """
    before = S.ABSENT if redemption is None else redemption.state
    state = REDEMPTION.target(before, type(event))
    if isinstance(event, e.RedemptionReserved):
        return Redemption(
            event.redemption,
            event.item,
            event.quantity,
            event.points,
            event.at,
            event.until,
            event.order,
            event.taken,
        )
    assert redemption is not None  # noqa: S101 - only its first event leads from nothing
    paid = event.points if isinstance(event, e.RedemptionCollected) else redemption.points
    return attrs.evolve(redemption, points=paid, state=state)
