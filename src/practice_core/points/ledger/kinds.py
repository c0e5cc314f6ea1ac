"""The kinds of rows, as they are stored: what moves points first, then what sets them aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from practice_core.points.ledger.arrays import Bools, Ints

__all__ = [
    "CORRECTION",
    "ENDS",
    "FREEZE",
    "MERGE",
    "MOVES",
    "PENDING",
    "POST",
    "SIZED",
    "THAW",
    "TIMEOUT",
    "TRANSFER",
    "VOID",
    "among",
]

TRANSFER, POST, CORRECTION, PENDING, VOID, TIMEOUT, FREEZE, THAW, MERGE = range(9)
MOVES = frozenset({TRANSFER, POST, CORRECTION})
"""They move points."""
SIZED = frozenset({TRANSFER, POST, CORRECTION, PENDING})
"""They have an amount of their own."""
ENDS = frozenset({POST, VOID, TIMEOUT})
"""They end what is pending."""


def among(kinds: Iterable[int], stored: Ints) -> Bools:
    """Tell of each row whether it is of one of these kinds.

    >>> among(ENDS, np.array([POST, PENDING])).tolist()
    [True, False]
    """
    table = np.zeros(MERGE + 1, np.bool_)
    table[list(kinds)] = True
    return table[stored]
