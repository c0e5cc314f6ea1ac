"""The reference simulation: a scenario, its tape, a model on SimPy, and measures.

`run` is pure: the same scenario, policy, seed and replication give the same log, byte for byte.
What is assumed is data with its basis; nothing here was calibrated to an area's orders.
"""

from practice_core.simulation.city import draw_city, network_of, road_km
from practice_core.simulation.findings import Finding, Odd, findings
from practice_core.simulation.groups import GROUPS, Dimension, Group
from practice_core.simulation.liability import (
    EXPIRED,
    SHOP,
    Liability,
    MonthEnd,
    liability_of,
    propensities,
)
from practice_core.simulation.log import EventLog
from practice_core.simulation.measures import KPIS, Measure
from practice_core.simulation.offers import Offers, offers
from practice_core.simulation.parts import Redemption
from practice_core.simulation.portrait import (
    CategoryPortrait,
    PointsPortrait,
    Portrait,
    SitePortrait,
    portrait,
)
from practice_core.simulation.records import ISSUANCE, Records, credit
from practice_core.simulation.runs import Run, run, run_tape
from practice_core.simulation.scenario import Scenario, load_scenario
from practice_core.simulation.tape import Tape, make_tape

__all__ = [
    "EXPIRED",
    "GROUPS",
    "ISSUANCE",
    "KPIS",
    "SHOP",
    "CategoryPortrait",
    "Dimension",
    "EventLog",
    "Finding",
    "Group",
    "Liability",
    "Measure",
    "MonthEnd",
    "Odd",
    "Offers",
    "PointsPortrait",
    "Portrait",
    "Records",
    "Redemption",
    "Run",
    "Scenario",
    "SitePortrait",
    "Tape",
    "credit",
    "draw_city",
    "findings",
    "liability_of",
    "load_scenario",
    "make_tape",
    "network_of",
    "offers",
    "portrait",
    "propensities",
    "road_km",
    "run",
    "run_tape",
]
