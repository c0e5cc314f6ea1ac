"""The service: one area running on one journal.

`Practice` carries out commands: authorised by role and scope, once each, whatever they change in
one append. It ticks the clocks, lets any policy dispatch the orders that wait, and answers what a
platform shows. This room decides nothing that the domain decides, keeps nothing but the journal,
and reads no clock.
"""

from practice_core.service.books import BOOKS, Books
from practice_core.service.contract import (
    Account,
    Booking,
    ClockWentBack,
    Done,
    Due,
    InputRefused,
    LimitReached,
    Limits,
    Page,
    Tally,
    UnlawfulDecision,
)
from practice_core.service.practice import Practice
from practice_core.service.reading import read_command

__all__ = [
    "BOOKS",
    "Account",
    "Booking",
    "Books",
    "ClockWentBack",
    "Done",
    "Due",
    "InputRefused",
    "LimitReached",
    "Limits",
    "Page",
    "Practice",
    "Tally",
    "UnlawfulDecision",
    "read_command",
]
