"""Columns of integers: growing them, finding in them, adding them up within owners."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Bools", "Ints", "column", "firsts", "grown", "locate", "running"]

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]


def column(numbers: npt.ArrayLike) -> Ints:
    """Make a column of what 64 bits hold; what they may not hold is a `TypeError`."""
    entries = np.asarray(numbers)
    if not entries.size:
        return np.empty(entries.shape, np.int64)
    return entries.astype(np.int64, casting="safe", copy=False)


def grown(entries: Ints, size: int) -> Ints:
    """Give a column room for `size` entries, doubling it at least; new entries are 0."""
    if size <= entries.size:
        return entries
    larger = np.zeros(max(size, 2 * entries.size), entries.dtype)
    larger[: entries.size] = entries
    return larger


def firsts(keys: Ints) -> tuple[Ints, Ints]:
    """Give the distinct keys, ascending, and where each comes first."""
    if (keys[1:] > keys[:-1]).all():
        return keys, np.arange(keys.size)
    return np.unique(keys, return_index=True)


def locate(ascending: Ints, wanted: Ints) -> tuple[Ints, Bools]:
    """Find where each wanted entry stands among the ascending ones, and whether it is there."""
    if not ascending.size:
        return np.zeros(wanted.size, np.int64), np.zeros(wanted.size, np.bool_)
    place = np.minimum(np.searchsorted(ascending, wanted), ascending.size - 1)
    return place, ascending[place] == wanted


def running(owner: Ints, change: Ints) -> Ints:
    """Add up changes within each stretch of one owner.

    >>> running(np.array([3, 3, 7]), np.array([5, -2, 4])).tolist()
    [5, 3, 4]
    """
    total = np.cumsum(change)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    before = total[starts] - change[starts]
    return total - np.repeat(before, np.diff(starts, append=owner.size))
