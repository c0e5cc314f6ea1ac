"""Experiments: several dispatch policies, the same replications, and how sure the difference is.

The room runs simulations and counts; it decides nothing about an order and draws nothing at random.
Replications share their orders and answers between policies (common random numbers), so that a
difference is the policies' own. Whatever computes the cells, the result is the same, bit for bit.

Examples
--------
>>> from practice_core.simulation import load_scenario
>>> short = {"horizon.weeks": 1, "horizon.warmup_weeks": 0, "own_activity.per_year": 0.0}
>>> week = load_scenario("wujiang").with_values(short)
>>> found = compare(week, ["nearest", "nearest"], replications=2, seed=7)
>>> found.policies, found.baseline
(('nearest', 'nearest#2'), 'nearest')
>>> found.difference("nearest#2", "served_share")
Estimate(mean=0.0, half_width=0.0, used=2, left_out=0)
"""

from __future__ import annotations

from practice_core.experiment.cells import Cell, cores, processes
from practice_core.experiment.compare import STATUS_QUO, Comparison, compare, labelled
from practice_core.experiment.folder import results_folder, save_log
from practice_core.experiment.statistics import Estimate, estimate, paired
from practice_core.experiment.table import (
    PRIMARY,
    Phrase,
    Table,
    caveats,
    footnotes,
    markdown,
    tables,
    title,
)

__all__ = [
    "PRIMARY",
    "STATUS_QUO",
    "Cell",
    "Comparison",
    "Estimate",
    "Phrase",
    "Table",
    "caveats",
    "compare",
    "cores",
    "estimate",
    "footnotes",
    "labelled",
    "markdown",
    "paired",
    "processes",
    "results_folder",
    "save_log",
    "tables",
    "title",
]
