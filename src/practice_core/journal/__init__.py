"""The journal: an append-only log of events in one global order, on memory, SQLite or PostgreSQL.

A command's events go to all their streams or to none, once, however often it is given. Each row is
chained to the one before by its hash; free text lies beside the chain and may be erased. This room
is alone in knowing a database, and decides nothing: what may happen is the domain's to say.
docs/journal.md tells what the chain proves.

Examples
--------
>>> from practice_core.orders import OrderReviewed
>>> reviewed = OrderReviewed("o-1", 0, "desk", due_at=60_000)
>>> journal = open_journal("memory")  # or a path, or a postgresql:// address
>>> journal.append([Write("order/o-1", 0, (reviewed,))], command="c-1", digest=b"1")
Appended(position_first=1, position_last=1)
>>> journal.append([Write("order/o-1", 0, (reviewed,))], command="c-1", digest=b"1")
Appended(position_first=1, position_last=1)
>>> try:
...     journal.append([Write("order/o-1", 0, (reviewed,))], command="c-2", digest=b"2")
... except Conflict as conflict:
...     conflict.stale
(Stale(stream='order/o-1', expected=0, found=1),)
>>> [recorded.event.kind for recorded in journal.read()]
['order.reviewed']
"""

from practice_core.journal.accounts import (
    AccountLine,
    AccountStatement,
    AreaBooks,
    Cause,
    account_statement,
    area_ledger,
)
from practice_core.journal.chain import GENESIS, link, seal
from practice_core.journal.codec import CODEC, Codec, Upcaster
from practice_core.journal.contract import (
    Appended,
    Carried,
    Event,
    Head,
    Journal,
    KeptSnapshot,
    KeptText,
    Recorded,
    Row,
    TextId,
    Write,
    is_stream,
)
from practice_core.journal.errors import (
    AppendRefused,
    BrokenEvent,
    CommandReused,
    Conflict,
    HandleUnusable,
    JournalBusy,
    JournalDamaged,
    JournalError,
    JournalFull,
    JournalReadOnly,
    JournalUnavailable,
    NewerJournal,
    NotAJournal,
    NotAStream,
    Stale,
    StoreError,
    UnknownEvent,
    UnknownText,
)
from practice_core.journal.evidence import Checkpoint, Finding, Tampering, verify
from practice_core.journal.memory import Memory, MemoryJournal
from practice_core.journal.misfits import Misfit, Unfoldable, Unfolded
from practice_core.journal.ocel import ocel, save_ocel
from practice_core.journal.opening import open_journal
from practice_core.journal.reconciling import differences
from practice_core.journal.replay import Credit, Replay, replay
from practice_core.journal.shapes import Body, canonical, iso
from practice_core.journal.snapshots import ORDERS, Orders, Projected, Projection, project
from practice_core.journal.sqlite import SqliteJournal
from practice_core.journal.stored import MAX_BYTES, MAX_EVENTS

__all__ = [
    "CODEC",
    "GENESIS",
    "MAX_BYTES",
    "MAX_EVENTS",
    "ORDERS",
    "AccountLine",
    "AccountStatement",
    "AppendRefused",
    "Appended",
    "AreaBooks",
    "Body",
    "BrokenEvent",
    "Carried",
    "Cause",
    "Checkpoint",
    "Codec",
    "CommandReused",
    "Conflict",
    "Credit",
    "Event",
    "Finding",
    "HandleUnusable",
    "Head",
    "Journal",
    "JournalBusy",
    "JournalDamaged",
    "JournalError",
    "JournalFull",
    "JournalReadOnly",
    "JournalUnavailable",
    "KeptSnapshot",
    "KeptText",
    "Memory",
    "MemoryJournal",
    "Misfit",
    "NewerJournal",
    "NotAJournal",
    "NotAStream",
    "Orders",
    "Projected",
    "Projection",
    "Recorded",
    "Replay",
    "Row",
    "SqliteJournal",
    "Stale",
    "StoreError",
    "Tampering",
    "TextId",
    "Unfoldable",
    "Unfolded",
    "UnknownEvent",
    "UnknownText",
    "Upcaster",
    "Write",
    "account_statement",
    "area_ledger",
    "canonical",
    "differences",
    "is_stream",
    "iso",
    "link",
    "ocel",
    "open_journal",
    "project",
    "replay",
    "save_ocel",
    "seal",
    "verify",
]
