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

from practice_core.experiment.assumptions import Assumption, assumptions
from practice_core.experiment.bound import (
    Bound,
    Clairvoyant,
    Edges,
    Reasons,
    bound,
    edges,
    min_km,
    outside,
    reasons,
    restricted_wait,
)
from practice_core.experiment.cells import Cell, Runner, Task
from practice_core.experiment.compare import STATUS_QUO, Comparison, compare, labelled
from practice_core.experiment.decide import Decision, Phase, decide
from practice_core.experiment.executors import cores, dask, processes
from practice_core.experiment.fit import PARAMETERS, Fit, Parameter, fit
from practice_core.experiment.fitted import Estimated, fit_notes, fit_tables
from practice_core.experiment.folder import REPORT, results_folder, save_log
from practice_core.experiment.keeper import CellFolder, code_version, default_folder
from practice_core.experiment.liability import LiabilityRange, sweep_liability
from practice_core.experiment.reading import read_offers
from practice_core.experiment.statistics import Estimate, estimate, paired
from practice_core.experiment.summary import summary, to_json
from practice_core.experiment.sweep import SETTINGS, Input, Setting, Sweep, inputs, settings, sweep
from practice_core.experiment.table import (
    Phrase,
    Table,
    caveats,
    decision_tables,
    footnotes,
    groups,
    markdown,
    tables,
    title,
)
from practice_core.experiment.tipping import Tipping, tipping
from practice_core.experiment.verdict import (
    DELTA,
    LOOKS,
    PRIMARY,
    Guardrail,
    Kept,
    Pair,
    Status,
    Verdict,
    judge,
    judge_pair,
)
from practice_core.experiment.words import Sentence, paragraph, readable, wording

__all__ = [
    "DELTA",
    "LOOKS",
    "PARAMETERS",
    "PRIMARY",
    "REPORT",
    "SETTINGS",
    "STATUS_QUO",
    "Assumption",
    "Bound",
    "Cell",
    "CellFolder",
    "Clairvoyant",
    "Comparison",
    "Decision",
    "Edges",
    "Estimate",
    "Estimated",
    "Fit",
    "Guardrail",
    "Input",
    "Kept",
    "LiabilityRange",
    "Pair",
    "Parameter",
    "Phase",
    "Phrase",
    "Reasons",
    "Runner",
    "Sentence",
    "Setting",
    "Status",
    "Sweep",
    "Table",
    "Task",
    "Tipping",
    "Verdict",
    "assumptions",
    "bound",
    "caveats",
    "code_version",
    "compare",
    "cores",
    "dask",
    "decide",
    "decision_tables",
    "default_folder",
    "edges",
    "estimate",
    "fit",
    "fit_notes",
    "fit_tables",
    "footnotes",
    "groups",
    "inputs",
    "judge",
    "judge_pair",
    "labelled",
    "markdown",
    "min_km",
    "outside",
    "paired",
    "paragraph",
    "processes",
    "read_offers",
    "readable",
    "reasons",
    "restricted_wait",
    "results_folder",
    "save_log",
    "settings",
    "summary",
    "sweep",
    "sweep_liability",
    "tables",
    "tipping",
    "title",
    "to_json",
    "wording",
]
