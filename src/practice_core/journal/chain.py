"""The hash chain over the global order, and the seals of free texts.

Each row's hash is the SHA-256 of the hash before it and of all that the row says, so a change in
any row breaks the chain there, unless every later hash is computed anew. Against that helps a
checkpoint that lies elsewhere: see `practice_core.journal.evidence`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from practice_core.journal.contract import Row

__all__ = ["GENESIS", "SALT_BYTES", "link", "seal"]

GENESIS: Final = bytes(32)
"""What stands for the hash before the first row."""
SALT_BYTES: Final = 32


def link(before: bytes, row: Row, *, position: int | None = None) -> bytes:
    r"""Give the hash of a row from the hash before it and from all else that the row says.

    Its parts are joined by line ends, which neither names nor canonical JSON contain.

    Parameters
    ----------
    before
        The hash of the row before.
    row
        The row; its own hash plays no part.
    position
        Where it stands, if not where it says.

    Examples
    --------
    >>> from practice_core.journal import Row
    >>> row = Row(1, "order/o-1", 1, "c-1", b"{}", b"", hash=b"")
    >>> link(GENESIS, row).hex()[:16]
    '333c8cbf25007d17'
    """
    place = row.position if position is None else position
    names = f"{place}\n{row.stream}\n{row.version}\n{row.command}\n"
    named = names.encode("utf-8", "surrogatepass")
    return sha256(b"%b%b%b\n%b" % (before, named, row.body, row.seals)).digest()


def seal(text: str, salt: bytes) -> str:
    """Give the salted hash of a text: without the salt, nobody can tell what it was of.

    >>> seal("keys are under the mat", bytes(SALT_BYTES))[:16]
    'd8248eda71746302'
    """
    return sha256(salt + text.encode()).hexdigest()
