"""What the hash chain shows: which rows were tampered with, and how.

Whoever may write to the store can change rows, and can also compute every later hash anew. The
first is found by walking the chain; the second only by a checkpoint that lies where he cannot
reach it. docs/journal.md says what neither finds.
"""

from __future__ import annotations

import enum
import hmac
import json
import os
from bisect import bisect_left
from collections import deque
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.journal.chain import GENESIS, link, seal
from practice_core.journal.contract import Head, TextId
from practice_core.journal.shapes import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.journal.contract import Journal, Row

__all__ = ["Checkpoint", "Finding", "Tampering", "verify"]

_WINDOW: Final = 1_000
"""How many rows ahead are searched for the one that should stand here."""
_SEAM: Final = 50
"""How many rows in a row may be edited until the chain is taken up again."""
_HOLE: Final = 1_000
"""How many rows may be missing where all later ones were numbered anew."""
_MOST: Final = 100
"""So many seams are explained; the rest is told as one edit."""
_MAX_FILE: Final = 4_096


class Tampering(enum.StrEnum):
    """What was done to a journal."""

    EDITED = "edited"
    """Rows say something else; or the one before does, with its hash computed anew."""
    INSERTED = "inserted"
    """Rows stand there that were never appended."""
    DELETED = "deleted"
    """Rows are missing."""
    REORDERED = "reordered"
    """Rows stand in another order."""
    TRUNCATED = "truncated"
    """The last rows are missing."""
    REWRITTEN = "rewritten"
    """The chain is whole, but not the one that the checkpoint was taken of."""
    FORGED = "forged"
    """The checkpoint is not signed with this key."""
    TEXT_CHANGED = "text_changed"
    """A free text is another than was appended, or is gone without having been erased."""


@attrs.frozen
class Finding:
    """Something that is not as it was appended.

    Parameters
    ----------
    kind
        What was done.
    first, last
        The positions concerned: as they stand there now, or would stand there if they are missing.
    text
        The text concerned, if it is one.
    """

    kind: Tampering
    first: int
    last: int
    text: TextId | None = None


@attrs.frozen
class Checkpoint:
    """Where a journal ended once, to be kept where those who may write to it cannot reach it.

    Parameters
    ----------
    length
        How many events it had.
    head
        The hash of the last.
    mac
        HMAC-SHA256 of both, if it was taken with a key.
    """

    length: int
    head: bytes
    mac: bytes | None = None

    @classmethod
    def of(cls, journal: Journal, *, key: bytes | None = None) -> Checkpoint:
        """Take a checkpoint of a journal, signed if there is a key."""
        head = journal.head()
        bare = cls(head.length, head.hash)
        return bare if key is None else attrs.evolve(bare, mac=bare._signed(key))

    def is_signed(self, key: bytes) -> bool:
        """Tell whether it was signed with this key."""
        return self.mac is not None and hmac.compare_digest(self.mac, self._signed(key))

    def _signed(self, key: bytes) -> bytes:
        said = b"practice-core checkpoint\n%d\n%b" % (self.length, self.head)
        return hmac.digest(key, said, "sha256")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a small JSON file, whole or not at all."""
        content: dict[str, str | int] = {"length": self.length, "head": self.head.hex()}
        if self.mac is not None:
            content["hmac"] = self.mac.hex()
        file = Path(path)
        part = file.with_name(f"{file.name}.part")
        with part.open("wb") as opened:
            opened.write(canonical(content) + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Checkpoint:
        """Read it from its file.

        Raises
        ------
        DefinitionError
            If it is none.
        OSError
            If it cannot be read.
        """
        with Path(path).open("rb") as file:
            raw = file.read(_MAX_FILE)
        try:
            content = json.loads(raw)
            length, head = content.pop("length"), bytes.fromhex(content.pop("head"))
            mac = bytes.fromhex(content.pop("hmac")) if "hmac" in content else None
            sound = type(length) is int and length >= 0 and len(head) == len(GENESIS)
            if content or not sound:
                raise ValueError  # noqa: TRY301 - told below
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            place = os.fspath(path)
            fault = Fault(place, "no checkpoint", "length, head and perhaps hmac", "export it anew")
            raise DefinitionError("checkpoint", [fault]) from error
        return cls(length, head, mac)


def verify(
    journal: Journal, *, since: Checkpoint | None = None, key: bytes | None = None
) -> tuple[Finding, ...]:
    """Say what in a journal is not as it was appended.

    Parameters
    ----------
    journal
        Others may append meanwhile.
    since
        Where to begin: what lies before is not walked, only that it ends as it did then. None:
        from the first row.
    key
        With which the checkpoint must have been signed; None: its signature is not looked at.

    Returns
    -------
    tuple of Finding
        By position; empty if the chain is whole.

    Examples
    --------
    >>> from practice_core.journal import Write, open_journal
    >>> from practice_core.orders import OrderReviewed
    >>> events = tuple(OrderReviewed("o-1", n, "desk", due_at=n) for n in range(3))
    >>> with open_journal("memory") as journal:
    ...     _ = journal.append([Write("order/o-1", 0, events)], command="c-1", digest=b"1")
    ...     before = Checkpoint.of(journal)
    ...     assert verify(journal) == verify(journal, since=before) == ()
    ...     del journal.memory.rows[1]
    ...     for finding in verify(journal):
    ...         print(finding.kind, finding.first, finding.last)
    deleted 2 2
    """
    findings = []
    claimed = journal.head()
    start = Head(0, GENESIS)
    if since is not None:
        if key is not None and not since.is_signed(key):
            findings.append(Finding(Tampering.FORGED, since.length, since.length))
        start = Head(since.length, since.head)
        row = next(journal.rows(after=max(0, since.length - 1), limit=1), None)
        if row is None and since.length:
            ends = _end(journal, since.length)
            return (*findings, Finding(Tampering.TRUNCATED, ends + 1, since.length))
        if row and since.length and row.position > since.length:
            findings.append(Finding(Tampering.DELETED, since.length, since.length))
        elif row and since.length and row.hash != since.head:
            findings.append(Finding(Tampering.REWRITTEN, 1, since.length))
            start = Head(since.length, row.hash)
    walk = _Walk(journal, start)
    findings += walk.findings()
    ends = walk.place - 1 + walk.shift
    if ends < claimed.length:
        findings.append(Finding(Tampering.TRUNCATED, ends + 1, claimed.length))
    return tuple(findings)


def _end(journal: Journal, limit: int) -> int:
    """Give the last position of a journal that has none from `limit` on."""
    return bisect_left(range(limit), True, key=lambda n: not any(journal.rows(after=n, limit=1)))  # noqa: FBT003 - what is looked for


class _Walk:
    """Follows the chain, and at each seam looks for what explains it.

    `place` is where the next row stood when it was appended; `shift` is by how much rows are
    numbered differently now, for what was inserted or deleted before them.
    """

    def __init__(self, journal: Journal, start: Head) -> None:
        self.journal = journal
        self.rows = journal.rows(after=start.length)
        self.ahead: deque[Row] = deque()
        self.before = start.hash
        self.place = start.length + 1
        self.shift = 0
        self.strays: list[Row] = []
        self.seams = 0
        self.found: list[Finding] = []

    def findings(self) -> list[Finding]:
        while self._look(1):
            row = self.ahead[0]
            if link(self.before, row, position=self.place) != row.hash:
                self._mend()
                continue
            if row.position != self.place + self.shift:
                self._note(Tampering.EDITED, row.position)
                self.shift = row.position - self.place
            self._follow(row, self.place)
            self._take(1)
        while self._is_out_of_order():
            pass
        for stray in self.strays:
            self._note(Tampering.INSERTED, stray.position)
        return _merged(self.found)

    def _look(self, count: int) -> int:
        """Have so many rows ahead, if there are; tell how many there are."""
        self.ahead.extend(islice(self.rows, max(0, count - len(self.ahead))))
        return len(self.ahead)

    def _take(self, count: int) -> list[Row]:
        taken = [self.ahead.popleft() for _ in range(count)]
        for row in taken:
            if row.seals:
                self._check_texts(row)
        return taken

    def _follow(self, row: Row, place: int) -> None:
        self.before, self.place = row.hash, place + 1

    def _note(self, kind: Tampering, first: int, last: int | None = None) -> None:
        self.found.append(Finding(kind, first, first if last is None else last))

    def _check_texts(self, row: Row) -> None:
        try:
            seals = {TextId(key): str(value) for key, value in json.loads(row.seals).items()}
        except (ValueError, AttributeError, RecursionError):
            return  # then the row itself was edited
        kept = self.journal.texts(list(seals))
        for key, sealed in seals.items():
            text, salt = (kept[key].text, kept[key].salt) if key in kept else ("", None)
            if text is not None and (salt is None or seal(text, salt) != sealed):
                self.found.append(Finding(Tampering.TEXT_CHANGED, row.position, row.position, key))

    # -------------------------------------------------------------- seams

    def _mend(self) -> None:
        """Explain why the next row does not follow from the one before."""
        self.seams += 1
        if self.seams > _MOST:
            self._give_up()
        elif not (self._is_out_of_order() or self._comes_too_early() or self._goes_on()):
            self._ends_here()

    def _is_out_of_order(self) -> bool:
        """Find the row that stood here among those that were set aside."""
        for stray in self.strays:
            if link(self.before, stray, position=self.place) == stray.hash:
                self.strays.remove(stray)
                self._note(Tampering.REORDERED, stray.position)
                self._follow(stray, self.place)
                self.shift -= 1
                return True
        return False

    def _comes_too_early(self) -> bool:
        """Find the row that stood here ahead, and set aside what stands between."""
        for n in range(1, self._look(_WINDOW)):
            row = self.ahead[n]
            if link(self.before, row, position=self.place) == row.hash:
                self.strays += self._take(n)
                self.shift += n
                return True
        return False

    def _goes_on(self) -> bool:
        """Find where the chain goes on, if the row that stood here is gone or edited."""
        for n in range(min(_SEAM, self._look(_SEAM + 1) - 1)):
            row, after = self.ahead[n], self.ahead[n + 1]
            here = self.place + n
            for place in self._places(here, row, _SEAM if n else _HOLE):
                if link(row.hash, after, position=place + 1) == after.hash:
                    self._explain(here, place, n)
                    return True
        return False

    def _places(self, here: int, row: Row, most: int) -> Iterator[int]:
        """Give where a row may have stood, the likeliest first."""
        numbered = row.position - self.shift
        fewer = range(max(1, here - _SEAM), here)
        return chain((here, numbered), range(here + 1, here + most), reversed(fewer))

    def _explain(self, here: int, place: int, n: int) -> None:
        first, last = self.ahead[0].position, self.ahead[n].position
        if place == here:
            self._note(Tampering.EDITED, first, last)
        else:
            if n:
                self._note(Tampering.EDITED, first, self.ahead[n - 1].position)
            if place > here:
                self._note(Tampering.DELETED, self.place, self.place + place - here - 1)
            else:
                self._note(Tampering.INSERTED, last - (here - place), last - 1)
        self.shift = last - place
        self._follow(self.ahead[n], place)
        self._take(n + 1)

    def _ends_here(self) -> None:
        row = self.ahead[0]
        numbered = row.position - self.shift
        if numbered > self.place:
            self._note(Tampering.DELETED, self.place, numbered - 1)
            self._follow(row, numbered)
            self._take(1)
        else:
            self._give_up()

    def _give_up(self) -> None:
        first = last = self.ahead[0].position
        while self._look(1):
            last = self._take(1)[0].position
        self._note(Tampering.EDITED, first, last)
        self.place = last + 1 - self.shift


def _merged(findings: list[Finding]) -> list[Finding]:
    """Make one finding of those of one kind that lie side by side."""
    merged: list[Finding] = []
    for one in sorted(findings, key=lambda finding: (finding.first, finding.kind)):
        if (
            merged
            and not one.text
            and (one.kind, one.first)
            == (
                merged[-1].kind,
                merged[-1].last + 1,
            )
        ):
            merged[-1] = attrs.evolve(merged[-1], last=one.last)
        else:
            merged.append(one)
    return merged
