"""The page that the people who decide read, made from what ``compare --out`` keeps.

The room draws and words a result; it computes none and judges nothing. What it reads is taken for
hostile: every name in it reaches the page and the charts as text.

Examples
--------
>>> from practice_core.errors import DefinitionError
>>> try:
...     result_of({"area": 7, "seed": 7, "replications": 2, "weeks": 1})
... except DefinitionError as error:
...     print(error.faults[0])
area: 7; expected text; change area
"""

from __future__ import annotations

from practice_core.report.figures import charts
from practice_core.report.networks import draw
from practice_core.report.page import page
from practice_core.report.result import Result, read_result, result_of
from practice_core.report.saving import save_figures, write_report
from practice_core.report.words import Picture

__all__ = [
    "Picture",
    "Result",
    "charts",
    "draw",
    "page",
    "read_result",
    "result_of",
    "save_figures",
    "write_report",
]
