"""Uniform numbers as pure functions of a key: no generator, no hidden state, no order of drawing.

A draw belongs to what it is about (a seed, a replication, a purpose, an entity or a pair of
entities), never to the moment it is asked for. Adding a team, changing a policy or asking twice
therefore shifts nothing. The mixing function is the finaliser of SplitMix64.

Examples
--------
>>> base = stream(7, 0, Purpose.ANSWER)
>>> pair = uniform(base, entity("order-1"), entity("team-9"))
>>> pair == uniform(base, entity("order-1"), entity("team-9"))
True
>>> many = uniforms(base, entity("order-1"), np.array([entity("team-9")], np.uint64))
>>> float(many[0]) == pair
True

References
----------
Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

import enum
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Draws", "Purpose", "entity", "stream", "uniform", "uniforms"]

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_GOLD = 0x9E37_79B9_7F4A_7C15
_M1 = 0xBF58_476D_1CE4_E5B9
_M2 = 0x94D0_49BB_1331_11EB
_STEP = 2.0**-53

Keys: TypeAlias = "int | NDArray[np.uint64]"


class Purpose(enum.IntEnum):
    """What a draw decides. A number is never reused and never renumbered."""

    COUNT = 1
    ARRIVAL = 2
    NEED = 3
    DURATION = 4
    CATEGORY = 5
    REQUESTED_TIME = 6
    PATIENCE = 7
    REVIEW = 8
    BLOCK = 9
    ORDER_EFFECT = 10
    HOST = 11
    MASS = 12
    ANSWER = 20
    SILENT = 21
    DELAY = 22
    MORNING_MINUTE = 23
    TEAM_NO_SHOW = 24
    MEMBERS_PRESENT = 25
    MEMBER_CHOICE = 26
    LOOKS = 27
    RATING_GIVEN = 30
    SATISFIED = 31
    POLICY = 40
    SITE_LON = 50
    SITE_LAT = 51
    SITE_PARENT = 52
    TEAM_TIER = 60
    TEAM_HOME = 61
    TEAM_CATEGORY = 62
    TEAM_SECOND = 63
    TEAM_SECOND_CHOICE = 64
    TEAM_MEMBERS = 65
    TEAM_JOBS = 66
    TEAM_WILLINGNESS = 67
    TEAM_ARCHETYPE = 68
    TEAM_LIFT = 69
    INDIVIDUAL = 70
    INDIVIDUAL_CHOICE = 71
    REDEEMER = 80
    REDEEM = 81
    PRICE = 82


@lru_cache(maxsize=1 << 16)
def entity(identifier: str) -> int:
    """Give the 64-bit key of an id: the first 8 bytes of its BLAKE2b digest.

    >>> hex(entity("wj"))
    '0x3239dece1e08bee8'
    """
    return int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "little")


def stream(seed: int, replication: int, purpose: Purpose) -> int:
    """Give the base key of one purpose in one replication of one experiment."""
    inner = _mix((seed * _GOLD + replication) & _MASK)
    return _mix((inner + purpose * _GOLD) & _MASK)


def uniform(base: int, a: int, b: int = 0, k: int = 0) -> float:
    """Draw one uniform number for the key ``(base, a, b, k)``.

    In (0, 1), but that one word in 2**53 rounds up to 1.0.
    """
    z = _mix((base + a * _GOLD) & _MASK)
    z = _mix((z + b * _GOLD) & _MASK)
    z = _mix((z + k * _GOLD) & _MASK)
    return ((z >> 11) + 0.5) * _STEP


def uniforms(base: int, a: Keys, b: Keys = 0, k: Keys = 0) -> NDArray[np.float64]:
    """Draw for arrays of keys at once: the same numbers as `uniform`, broadcast.

    Parameters
    ----------
    base
        From `stream`.
    a, b, k
        Whole numbers or arrays of unsigned 64-bit keys, broadcast against each other.

    Returns
    -------
    ndarray of float64
        In (0, 1), of the broadcast shape (at least one-dimensional).
    """
    z = np.full(1, base, np.uint64)
    gold = np.uint64(_GOLD)
    for part in (a, b, k):
        key = part if isinstance(part, np.ndarray) else np.full(1, part & _MASK, np.uint64)
        z = _mix_array(z + key * gold)
    return ((z >> np.uint64(11)).astype(np.float64) + 0.5) * _STEP


class Draws:
    """The draws of one purpose in one replication, asked for by id or key.

    Parameters
    ----------
    seed, replication, purpose
        As for `stream`.
    """

    def __init__(self, seed: int, replication: int, purpose: Purpose) -> None:
        self._base = stream(seed, replication, purpose)

    def uniform(self, *key: str | int) -> float:
        """Draw one uniform number for a key of one to three parts; a text part is an id."""
        return uniform(self._base, *[entity(k) if isinstance(k, str) else k for k in key])

    def uniforms(self, a: str | int, b: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Draw one number for each of the keys ``(a, b[n])``."""
        return uniforms(self._base, entity(a) if isinstance(a, str) else a, b)


def _mix(z: int) -> int:
    z ^= z >> 30
    z = (z * _M1) & _MASK
    z ^= z >> 27
    z = (z * _M2) & _MASK
    return z ^ (z >> 31)


def _mix_array(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_M1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_M2)
    return z ^ (z >> np.uint64(31))
