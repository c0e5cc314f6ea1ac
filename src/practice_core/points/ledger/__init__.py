"""The ledger of points: double entry over integers, with lots that expire, in columns.

One module each for what is written (`entries`), what may become of it (`results`), the law that
says so (`law`), what is stored (`books`), batches, lots, statements and what the ledger itself
writes; `Ledger` is what the world sees of them.
"""

from practice_core.points.ledger.accounts import Account, AccountKind, AccountNotOpen, Holding
from practice_core.points.ledger.columns import LotColumns, Movements
from practice_core.points.ledger.entries import (
    LIMIT,
    NEVER,
    Batch,
    Correction,
    Entry,
    Freeze,
    Merge,
    Pending,
    Posting,
    PostPending,
    Thaw,
    Timeout,
    Transfer,
    VoidPending,
)
from practice_core.points.ledger.ledger import BeforeLatest, Ledger
from practice_core.points.ledger.lots import Due, Lot
from practice_core.points.ledger.reading import Statement, StatementLine
from practice_core.points.ledger.results import Result, Results
from practice_core.points.ledger.writing import Entries

__all__ = [
    "LIMIT",
    "NEVER",
    "Account",
    "AccountKind",
    "AccountNotOpen",
    "Batch",
    "BeforeLatest",
    "Correction",
    "Due",
    "Entries",
    "Entry",
    "Freeze",
    "Holding",
    "Ledger",
    "Lot",
    "LotColumns",
    "Merge",
    "Movements",
    "Pending",
    "PostPending",
    "Posting",
    "Result",
    "Results",
    "Statement",
    "StatementLine",
    "Thaw",
    "Timeout",
    "Transfer",
    "VoidPending",
]
