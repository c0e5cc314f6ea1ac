"""Dispatch: who may be offered an order (the law), and whom to ask first (the policy).

A policy is a plain object with a ``period`` and a ``choose``; it sees a `View` with lawful
candidates only and answers with decisions that are offers, never assignments. This room never
reads a clock, and never knows what a team would answer.

Examples
--------
>>> sorted(POLICIES)
['home_first', 'nearest', 'random']
>>> isinstance(policy("nearest"), Policy)
True
"""

from practice_core.dispatch.contract import (
    Candidate,
    CandidateArrays,
    Candidates,
    Decision,
    Draw,
    Escalate,
    Offer,
    Policy,
    Post,
    View,
    Wait,
)
from practice_core.dispatch.eligibility import Ineligible, ineligible
from practice_core.dispatch.policies import POLICIES, HomeFirst, Nearest, Random, policy
from practice_core.dispatch.roster import Roster
from practice_core.dispatch.slots import Grid, Slot

__all__ = [
    "POLICIES",
    "Candidate",
    "CandidateArrays",
    "Candidates",
    "Decision",
    "Draw",
    "Escalate",
    "Grid",
    "HomeFirst",
    "Ineligible",
    "Nearest",
    "Offer",
    "Policy",
    "Post",
    "Random",
    "Roster",
    "Slot",
    "View",
    "Wait",
    "ineligible",
    "policy",
]
