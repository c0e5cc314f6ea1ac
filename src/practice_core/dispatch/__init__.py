"""Dispatch: who may be offered an order (the law), and whom to ask first (the policy).

A policy is a plain object with a ``period`` and a ``choose``; it sees a `View` with lawful
candidates only and answers with decisions that are offers, never assignments. This room never
reads a clock, and never knows what a team would answer.

Examples
--------
>>> list(POLICIES)[:4]
['random', 'nearest', 'home_first', 'least_busy']
>>> isinstance(policy("nearest"), Policy)
True
"""

from practice_core.dispatch.contract import (
    RECHECK_AFTER,
    Candidate,
    CandidateArrays,
    Candidates,
    Channel,
    Decision,
    Draw,
    Escalate,
    Fitted,
    Key,
    Offer,
    Policy,
    Post,
    View,
    Wait,
)
from practice_core.dispatch.policies import (
    POLICIES,
    Batch,
    BestAnswer,
    Grab,
    HomeFirst,
    LeastBusy,
    LeastRecentlyNotified,
    Nearest,
    Random,
    StatusQuo,
    TwoChoices,
    Waves,
    load_policy,
    policy,
)
from practice_core.dispatch.roster import Roster
from practice_core.dispatch.slots import Grid, Slot
from practice_core.dispatch.view import RosterView
from practice_core.orders.eligibility import Ineligible, ineligible

__all__ = [
    "POLICIES",
    "RECHECK_AFTER",
    "Batch",
    "BestAnswer",
    "Candidate",
    "CandidateArrays",
    "Candidates",
    "Channel",
    "Decision",
    "Draw",
    "Escalate",
    "Fitted",
    "Grab",
    "Grid",
    "HomeFirst",
    "Ineligible",
    "Key",
    "LeastBusy",
    "LeastRecentlyNotified",
    "Nearest",
    "Offer",
    "Policy",
    "Post",
    "Random",
    "Roster",
    "RosterView",
    "Slot",
    "StatusQuo",
    "TwoChoices",
    "View",
    "Wait",
    "Waves",
    "ineligible",
    "load_policy",
    "policy",
]
