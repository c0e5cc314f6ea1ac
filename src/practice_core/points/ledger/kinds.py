"""The kinds of rows, as they are stored: what moves points first, then what sets them aside."""

from __future__ import annotations

__all__ = [
    "CORRECTION",
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
]

TRANSFER, POST, CORRECTION, PENDING, VOID, TIMEOUT, FREEZE, THAW, MERGE = range(9)
MOVES = frozenset({TRANSFER, POST, CORRECTION})
"""They move points."""
SIZED = frozenset({TRANSFER, POST, CORRECTION, PENDING})
"""They have an amount of their own."""
