"""What may become of an entry: a closed list, in the order in which it is asked."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias, overload

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["CODES", "Codes", "Result", "Results"]

Codes: TypeAlias = npt.NDArray[np.uint8]


class Result(enum.StrEnum):
    """What became of an entry; in order of precedence: the first that applies is given.

    Only `CREATED` changes anything. `EXISTS` means that this very entry was created before: a
    retry may take it for success. A refused id is free to be used again. What was posted is told
    from what is new field by field, so the field that differs is named.

    Where an entry moves no points, its *debit* is the account it is about: the one frozen, thawed
    or, by a merge, closed. Its *original* is the pending transfer that it ends, or the transfer
    that it corrects.
    """

    LINKED_EVENT_FAILED = "linked_event_failed"
    ID_INVALID = "id_invalid"
    ID_RESERVED = "id_reserved"
    EXISTS_WITH_DIFFERENT_KIND = "exists_with_different_kind"
    EXISTS_WITH_DIFFERENT_ORIGINAL = "exists_with_different_original"
    EXISTS_WITH_DIFFERENT_DEBIT = "exists_with_different_debit"
    EXISTS_WITH_DIFFERENT_CREDIT = "exists_with_different_credit"
    EXISTS_WITH_DIFFERENT_AMOUNT = "exists_with_different_amount"
    EXISTS_WITH_DIFFERENT_AT = "exists_with_different_at"
    EXISTS_WITH_DIFFERENT_EXPIRES = "exists_with_different_expires"
    EXISTS_WITH_DIFFERENT_DEADLINE = "exists_with_different_deadline"
    EXISTS = "exists"
    ORIGINAL_NOT_FOUND = "original_not_found"
    ORIGINAL_NOT_PENDING = "original_not_pending"
    ORIGINAL_NOT_POSTED = "original_not_posted"
    AMOUNT_MUST_BE_POSITIVE = "amount_must_be_positive"
    AMOUNT_TOO_LARGE = "amount_too_large"
    AT_OUT_OF_RANGE = "at_out_of_range"
    EXPIRES_OUT_OF_RANGE = "expires_out_of_range"
    DEADLINE_OUT_OF_RANGE = "deadline_out_of_range"
    DEBIT_ACCOUNT_NOT_FOUND = "debit_account_not_found"
    CREDIT_ACCOUNT_NOT_FOUND = "credit_account_not_found"
    ACCOUNTS_MUST_DIFFER = "accounts_must_differ"
    ACCOUNTS_MUST_BE_ALIKE = "accounts_must_be_alike"
    EXPIRES_NOT_LATER = "expires_not_later"
    DEADLINE_NOT_LATER = "deadline_not_later"
    PENDING_POSTED = "pending_posted"
    PENDING_VOIDED = "pending_voided"
    PENDING_TIMED_OUT = "pending_timed_out"
    AMOUNT_EXCEEDS_ORIGINAL = "amount_exceeds_original"
    DEBIT_ACCOUNT_CLOSED = "debit_account_closed"
    CREDIT_ACCOUNT_CLOSED = "credit_account_closed"
    DEBIT_ACCOUNT_FROZEN = "debit_account_frozen"
    CREDIT_ACCOUNT_FROZEN = "credit_account_frozen"
    ACCOUNT_NOT_FROZEN = "account_not_frozen"
    ACCOUNT_HAS_PENDING = "account_has_pending"
    AT_BEFORE_LATEST = "at_before_latest"
    OVERDRAWN = "overdrawn"
    CAP_EXCEEDED = "cap_exceeded"
    OVERFLOW = "overflow"
    CREATED = "created"


_RESULTS = tuple(Result)
CODES = {result: np.uint8(code) for code, result in enumerate(_RESULTS)}
"""The position of each result in `Result`: its one byte in a column."""


@attrs.frozen(eq=False)
class Results(Sequence[Result]):
    """What became of each row of a batch, one byte a row.

    Parameters
    ----------
    codes
        Positions in `Result`, uint8, one per row.
    """

    codes: Codes

    def __len__(self) -> int:
        return self.codes.size

    @overload
    def __getitem__(self, row: int) -> Result: ...
    @overload
    def __getitem__(self, row: slice) -> Results: ...
    def __getitem__(self, row: int | slice) -> Result | Results:
        if isinstance(row, slice):
            return Results(self.codes[row])
        return _RESULTS[int(self.codes[row])]

    def tally(self) -> Counter[Result]:
        """Count the rows by result."""
        counts = np.bincount(self.codes, minlength=len(_RESULTS)).tolist()
        return +Counter(dict(zip(_RESULTS, counts, strict=True)))
