"""Uniform numbers as pure functions of a key: MODEL section 3, computed a second time."""

from __future__ import annotations

from hashlib import blake2b
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from practice_core.keyed import Draws, Purpose, entity, stream, uniform, uniforms

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORD = 2**64
GOLD = 0x9E3779B97F4A7C15
CHANCE = 1e-6
"""How often a statistical test below would fail, had its keys been drawn at random."""

words = st.integers(0, WORD - 1) | st.integers(0, 9)
columns = st.lists(words, min_size=1, max_size=20).map(lambda keys: np.array(keys, np.uint64))
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=1, max_size=12)
seeds = st.integers(0, 2**70)
replications = st.integers(0, 10_000)
purposes = st.sampled_from(Purpose)


def mix(z: int) -> int:
    """Mix as MODEL section 3 says, in whole numbers of any size and a remainder."""
    z ^= z // 2**30
    z = z * 0xBF58476D1CE4E5B9 % WORD
    z ^= z // 2**27
    z = z * 0x94D049BB133111EB % WORD
    return z ^ z // 2**31


def u(seed: int, rep: int, purpose: int, *key: int) -> float:
    base = mix((mix((seed * GOLD + rep) % WORD) + purpose * GOLD) % WORD)
    a, b, k = (*key, 0, 0)[:3]
    for part in (a, b, k):
        base = mix((base + part * GOLD) % WORD)
    # By division, where the package multiplies: 53 bits and a half are not rounded twice.
    return (base // 2**11 + 0.5) / 2**53


@given(seeds, replications, purposes, st.lists(words, min_size=1, max_size=3))
def test_a_draw_is_the_published_function_of_its_key(
    seed: int, rep: int, purpose: Purpose, key: list[int]
) -> None:
    drawn = uniform(stream(seed, rep, purpose), *key)
    assert drawn == u(seed, rep, purpose, *key)
    assert 0 < drawn <= 1


@given(words, words, columns, words)
def test_a_column_of_draws_is_the_draws_one_by_one(
    base: int, a: int, column: NDArray[np.uint64], k: int
) -> None:
    keys = column.tolist()
    assert uniforms(base, a, column, k).tolist() == [uniform(base, a, b, k) for b in keys]
    assert uniforms(base, column, a).tolist() == [uniform(base, b, a) for b in keys]
    assert uniforms(base, a).tolist() == [uniform(base, a)]
    table = uniforms(base, column[:, None], column)
    assert table.tolist() == [[uniform(base, a, b) for b in keys] for a in keys]


@given(words, st.lists(words, min_size=3, max_size=3))
def test_left_out_parts_of_a_key_are_zero(base: int, key: list[int]) -> None:
    a, b, _ = key
    assert uniform(base, a) == uniform(base, a, 0, 0)
    assert uniform(base, a, b) == uniform(base, a, b, 0)


@given(names)
def test_the_key_of_an_id_is_the_start_of_its_digest(name: str) -> None:
    digest = blake2b(name.encode(), digest_size=8).digest()
    assert entity(name) == sum(byte << 8 * place for place, byte in enumerate(digest))


@given(seeds, replications, purposes, st.lists(names, min_size=1, max_size=3), words)
def test_draws_by_id_are_draws_by_key(
    seed: int, rep: int, purpose: Purpose, key: list[str], number: int
) -> None:
    draws = Draws(seed, rep, purpose)
    base = stream(seed, rep, purpose)
    keys = [entity(name) for name in key]
    assert draws.uniform(*key) == draws.uniform(*keys) == uniform(base, *keys)
    assert draws.uniform(key[0], number) == uniform(base, keys[0], number)
    column = np.array(keys, np.uint64)
    expected = uniforms(base, keys[0], column).tolist()
    assert draws.uniforms(key[0], column).tolist() == expected
    assert draws.uniforms(keys[0], column).tolist() == expected


def test_streams_of_different_experiments_replications_and_purposes_differ() -> None:
    streams = {stream(*key) for key in product(range(20), range(20), Purpose)}
    assert len(streams) == 20 * 20 * len(Purpose)


def test_the_draws_of_the_first_release_never_change() -> None:
    base = stream(7, 0, Purpose.ANSWER)
    assert hex(base) == "0x2068ab0112895884"
    assert uniform(base, entity("order-1"), entity("team-9")).hex() == "0x1.5bd69abda5940p-1"


def test_no_number_of_a_purpose_is_used_twice() -> None:
    assert len(Purpose.__members__) == len({int(purpose) for purpose in Purpose})
    assert all(purpose > 0 for purpose in Purpose)


# ------------------------------------------------------------------ quality


def pairs(sequential: bool) -> NDArray[np.float64]:  # noqa: FBT001 - parametrised
    """Draw for 400 orders by 500 teams, with ids for keys or with 0, 1, 2 and so on."""
    base = stream(1, 2, Purpose.ANSWER)
    if sequential:
        a, b = np.arange(400, dtype=np.uint64), np.arange(500, dtype=np.uint64)
    else:
        a = np.array([entity(f"order-{n}") for n in range(400)], np.uint64)
        b = np.array([entity(f"team-{n}") for n in range(500)], np.uint64)
    return uniforms(base, a[:, None], b)


@pytest.mark.parametrize("sequential", [True, False])
def test_draws_are_uniform_and_so_are_neighbouring_pairs(sequential: bool) -> None:  # noqa: FBT001 - as above
    drawn = pairs(sequential).ravel()
    bins = np.bincount((drawn * 1_000).astype(int), minlength=1_000)
    assert stats.chisquare(bins).statistic < stats.chi2.isf(CHANCE, 999)
    cells = (drawn[:-1:2] * 32).astype(int) * 32 + (drawn[1::2] * 32).astype(int)
    counts = np.bincount(cells, minlength=1_024)
    assert stats.chisquare(counts).statistic < stats.chi2.isf(CHANCE, 1_023)


@pytest.mark.parametrize("sequential", [True, False])
def test_neither_an_order_nor_a_team_is_lucky(sequential: bool) -> None:  # noqa: FBT001 - as above
    """Means over an order's teams, and over a team's orders, scatter as independent draws do."""
    drawn = pairs(sequential)
    for axis in (0, 1):
        means = drawn.mean(axis=axis)
        scatter = (means - 0.5) * np.sqrt(12 * drawn.shape[axis])
        known = stats.chi2(len(means))
        assert known.isf(1 - CHANCE / 2) < scatter @ scatter < known.isf(CHANCE / 2)


def test_draws_of_two_purposes_for_the_same_keys_are_not_correlated() -> None:
    keys = np.arange(20_000, dtype=np.uint64)
    columns = np.array([uniforms(stream(1, 2, purpose), keys) - 0.5 for purpose in Purpose])
    found = np.abs(np.triu(columns @ columns.T, k=1))
    # A sum of n products of variance 1/144 is nearly normal; all pairs are looked at together.
    pairs_of_purposes = len(Purpose) * (len(Purpose) - 1) / 2
    worst = stats.norm.isf(CHANCE / 2 / pairs_of_purposes) * np.sqrt(len(keys)) / 12
    assert found.max() < worst
