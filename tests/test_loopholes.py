"""What somebody could once do to a practice by way of its points, and no longer can."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from practice_core.honours import (
    Deed,
    EvaluateNominee,
    NominateRoleModel,
    NominationRefusal,
)
from practice_core.lifecycle import Actor, Refused, Role
from practice_core.orders import Served
from practice_core.points import Passing, RuleSet
from practice_core.points.accounts import (
    CancelRedemption,
    CollectRedemption,
    GivePoints,
    ItemKind,
    MergeAccount,
    OfferItem,
    RedeemPoints,
)
from practice_core.service import Practice, Transaction
from practice_core.units import AccountId, ActorId, ItemId, NominationId, RedemptionId, VolunteerId
from tests.practising import AREA, AT_CENTER, SITES, Days

N_1, N_2 = NominationId("n-1"), NominationId("n-2")
R_1, SOAP, SHOP = RedemptionId("r-1"), ItemId("soap"), AccountId("area:shop")
ANN, BOB = (Actor(ActorId(name), Role.REQUESTER) for name in ("v-1", "v-2"))
V_1, V_2 = VolunteerId("v-1"), VolunteerId("v-2")
RULES = RuleSet(id="demo", version=1, effective=0, rate_per_hour=10, source="assumed: for a test")


class Asked:
    """A practice under some points rules, of which things are asked one after another."""

    def __init__(self, **changes: Any) -> None:  # noqa: ANN401 - of a rule set
        self.area = attrs.evolve(AREA, rules=attrs.evolve(RULES, **changes))
        self.days = Days()
        self.practice = self.days.practice = Practice.open(
            "memory", self.area, hierarchy=SITES, teams=tuple(self.days.practice.teams.values())
        )

    def ask(self, subject: str, command: Any, by: Actor = AT_CENTER) -> Any:  # noqa: ANN401 - any
        name: Any = f"p-{next(self.days.numbers)}"
        key: Any = subject
        answer = self.practice.transact(key, command, id=name, by=by, at=self.days.at)
        return answer.reason if isinstance(answer, Refused) else answer

    def done(self, subject: str, command: Any, by: Actor = AT_CENTER) -> list[str]:  # noqa: ANN401 - any
        answer = self.ask(subject, command, by)
        assert isinstance(answer, Transaction), answer
        return [event.kind for event in answer.events]

    def book(self, account: str) -> Any:  # noqa: ANN401 - a passbook
        found = self.practice.passbook(AccountId(account), by=AT_CENTER)
        assert found is not None
        return found

    def earn(self, key: str = "o-1", *who: Served) -> None:
        self.days.served(key, 60, *(who or (Served(V_1, 60),)))


def test_nobody_nominates_under_the_id_of_another_nomination() -> None:
    asked = Asked()
    asked.done(N_1, NominateRoleModel(N_1, ActorId("v-9"), Deed.RESCUE), ANN)
    for judge in ("j-1", "j-2", "j-3"):
        asked.done(N_1, EvaluateNominee(9), Actor(ActorId(judge), Role.VOLUNTEER))
    again = NominateRoleModel(N_1, ActorId("v-9"), Deed.RESCUE)
    assert asked.ask(N_2, again, BOB) is NominationRefusal.UNKNOWN_NOMINATION
    assert Practice.open(asked.practice.journal, asked.area, hierarchy=SITES)


@pytest.mark.parametrize("cancelled", [False, True])
def test_goods_without_a_code_are_handed_out_and_cancelled(cancelled: bool) -> None:  # noqa: FBT001 - a case
    asked = Asked(pickup_code=False)
    asked.earn()
    asked.done(SHOP, OfferItem(SOAP, ItemKind.GOODS, "香皂", price=4))
    asked.done(V_1, RedeemPoints(R_1, SOAP), ANN)
    end = CancelRedemption(R_1) if cancelled else CollectRedemption(R_1)
    assert asked.done(V_1, end)[0] == f"redemption.{'cancelled' if cancelled else 'collected'}"


def test_an_account_lives_on_in_one_that_it_has_given_points_to() -> None:
    asked = Asked(passing=Passing.FREE)
    asked.earn()
    asked.done(V_1, GivePoints(AccountId(V_2), 3), ANN)
    asked.done(V_1, MergeAccount(AccountId(V_2)))
    assert asked.book(V_1).holding.balance == 0
    assert asked.book(V_2).holding.balance == 10
