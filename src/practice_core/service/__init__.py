"""The service: one area running on one journal.

`Practice` carries out commands: authorised by role and scope, once each, whatever they change in
one append. It ticks the clocks, lets any policy dispatch the orders that wait, and answers what a
platform shows. This room decides nothing that the domain decides, keeps nothing but the journal,
and reads no clock.
"""

from practice_core.service.books import BOOKS, Books
from practice_core.service.contract import (
    Booking,
    ClockWentBack,
    Done,
    Due,
    InputRefused,
    InstituteOrders,
    LimitReached,
    Limits,
    Page,
    Transaction,
    UnlawfulDecision,
)
from practice_core.service.practice import Practice
from practice_core.service.reading import read_command, read_transaction

__all__ = [
    "BOOKS",
    "Booking",
    "Books",
    "ClockWentBack",
    "Done",
    "Due",
    "InputRefused",
    "InstituteOrders",
    "LimitReached",
    "Limits",
    "Page",
    "Practice",
    "Transaction",
    "UnlawfulDecision",
    "read_command",
    "read_transaction",
]
