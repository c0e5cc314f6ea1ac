"""Move a journal to another store: ``python move_journal.py FROM TO``.

Each command is appended again, with its id, its digest, its events and its texts. Stop the platform
first: what it writes meanwhile is not moved, and TO must be new. It may be run again after a crash,
and goes on. docs/operations.md says what that changes in the chain.
"""

from __future__ import annotations

import sys
from itertools import groupby
from typing import TYPE_CHECKING

from practice_core.journal import Checkpoint, Write, open_journal, verify

if TYPE_CHECKING:
    from practice_core.journal import Journal, TextId


def move(old: Journal, new: Journal) -> None:
    """Append all commands of a journal to another one, in their order."""
    erased: list[TextId] = []
    for command, group in groupby(old.read(), key=lambda one: one.command):
        rows = list(group)
        writes = [
            Write(stream, some[0].version - 1, tuple(one.event for one in some))
            for stream, some in (
                (stream, list(part)) for stream, part in groupby(rows, key=lambda one: one.stream)
            )
        ]
        kept = {key: old.text(key) for row in rows for key in row.texts}
        erased += [key for key, text in kept.items() if text is None]
        carried = old.carried(command)
        if carried is None:
            message = f"command {command} is not in the table of commands"
            raise SystemExit(message)
        texts = {key: text or "" for key, text in kept.items()}
        appended = new.append(writes, command=command, digest=carried.digest, texts=texts)
        if appended != carried.appended:
            message = f"command {command} stands elsewhere: TO was not new, or is another journal"
            raise SystemExit(message)
    for key in erased:
        new.erase_text(key)


def main() -> None:
    """Verify, move, verify, compare."""
    with open_journal(sys.argv[1], read_only=True) as old, open_journal(sys.argv[2]) as new:
        if verify(old):
            message = "FROM is not whole"
            raise SystemExit(message)
        move(old, new)
        pairs = zip(old.read(), new.read(), strict=False)
        alike = old.head().length == new.head().length and all(one == other for one, other in pairs)
        if verify(new) or not alike:
            message = "TO is not the same"
            raise SystemExit(message)
        same_chain = Checkpoint.of(old) == Checkpoint.of(new)
        print(f"{new.head().length} events, {'the same chain' if same_chain else 'another chain'}")


if __name__ == "__main__":
    main()
