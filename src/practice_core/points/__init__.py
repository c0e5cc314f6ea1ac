"""Points (积分): what service is worth, and the books in which the points are kept.

Rules are versioned data, an award carries its reasons, and the ledger is double entry over
integers. This room never reads a clock, never makes up an id, never uses a float, never changes or
removes what was posted, and never lowers anyone's service hours.

Examples
--------
>>> from practice_core.units import AccountId, OrderId, TransferId, VolunteerId
>>> from practice_core.volunteers import ServiceRecord
>>> rules = RuleSet(id="kunshan", version=1, effective=0, rate_per_hour=10, source="DOMAIN A2")
>>> record = ServiceRecord(VolunteerId("v-7"), OrderId("o-1"), at=7_200_000, minutes=125)
>>> given = award(rules, record)
>>> given.points
20
>>> issuance, holder = AccountId("issuance"), AccountId("v-7")
>>> ledger = Ledger()
>>> ledger.open(issuance, kind=AccountKind.ISSUANCE)
>>> ledger.open(holder)
>>> transfer = Transfer(TransferId("o-1:v-7"), issuance, holder, given.points, at=record.at)
>>> ledger.post(transfer).name, ledger.post(transfer).name
('CREATED', 'EXISTS')
>>> ledger.balance(holder), ledger.total()
(20, 0)
"""

from __future__ import annotations

from practice_core.points.accounts import EVENTS, PointsAwarded
from practice_core.points.columns import award_points, cap_points, expiries, may_redeem
from practice_core.points.earning import (
    NOTHING,
    Award,
    AwardReason,
    History,
    Line,
    OccasionRecord,
    award,
)
from practice_core.points.explain import AwardClause, explain
from practice_core.points.honouring import (
    Entitlement,
    EntitlementClause,
    Merits,
    Received,
    claimable,
    entitlements,
    level_of,
    sanctions,
    told,
)
from practice_core.points.ledger import (
    LIMIT,
    NEVER,
    Account,
    AccountKind,
    AccountNotOpen,
    Batch,
    BeforeLatest,
    Correction,
    Due,
    Entries,
    Entry,
    Freeze,
    Holding,
    Ledger,
    Lot,
    Merge,
    Pending,
    Posting,
    PostPending,
    Result,
    Results,
    Statement,
    StatementLine,
    Thaw,
    Timeout,
    Transfer,
    VoidPending,
)
from practice_core.points.redeem import Barrier, barriers, expires
from practice_core.points.rules import (
    AccountScope,
    Benefit,
    BenefitKind,
    EventPoints,
    Expiry,
    Occasion,
    Passing,
    Period,
    RoleBonus,
    Rounding,
    RuleSet,
    StarLevel,
    in_force,
)
from practice_core.points.tally import Tally, awards

__all__ = [
    "EVENTS",
    "LIMIT",
    "NEVER",
    "NOTHING",
    "Account",
    "AccountKind",
    "AccountNotOpen",
    "AccountScope",
    "Award",
    "AwardClause",
    "AwardReason",
    "Barrier",
    "Batch",
    "BeforeLatest",
    "Benefit",
    "BenefitKind",
    "Correction",
    "Due",
    "Entitlement",
    "EntitlementClause",
    "Entries",
    "Entry",
    "EventPoints",
    "Expiry",
    "Freeze",
    "History",
    "Holding",
    "Ledger",
    "Line",
    "Lot",
    "Merge",
    "Merits",
    "Occasion",
    "OccasionRecord",
    "Passing",
    "Pending",
    "Period",
    "PointsAwarded",
    "PostPending",
    "Posting",
    "Received",
    "Result",
    "Results",
    "RoleBonus",
    "Rounding",
    "RuleSet",
    "StarLevel",
    "Statement",
    "StatementLine",
    "Tally",
    "Thaw",
    "Timeout",
    "Transfer",
    "VoidPending",
    "award",
    "award_points",
    "awards",
    "barriers",
    "cap_points",
    "claimable",
    "entitlements",
    "expires",
    "expiries",
    "explain",
    "in_force",
    "level_of",
    "may_redeem",
    "sanctions",
    "told",
]
