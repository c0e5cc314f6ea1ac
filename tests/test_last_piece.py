"""Two counters, each a process of its own, ask for the last piece at one instant: one gets it."""

from __future__ import annotations

import multiprocessing
import time
from typing import TYPE_CHECKING

import pytest

from practice_core.journal import open_journal, verify
from practice_core.points.accounts import RedemptionReserved
from tests.banking import Bank, R
from tests.shop_writer import ask_for_the_last

if TYPE_CHECKING:
    from pathlib import Path

multiprocessing.set_forkserver_preload(["tests.shop_writer"])
ROUNDS = 5
COUNTERS = ("ann", "bob")
ITEMS = tuple(f"soap-{place}" for place in range(ROUNDS))
SOON = 0.05
"""Seconds until both begin: both have heard of it by then."""
PATIENCE = 20.0


def raced(where: str, at: int) -> tuple[list[tuple[str, ...]], int]:
    """Let both ask for every item; give what each was answered, by rounds, and the conflicts."""
    context = multiprocessing.get_context("forkserver")
    pipes = [context.Pipe() for _ in COUNTERS]
    writers = [
        context.Process(target=ask_for_the_last, args=(where, name, ITEMS, at, theirs))
        for name, (_, theirs) in zip(COUNTERS, pipes, strict=True)
    ]
    for writer, (_, theirs) in zip(writers, pipes, strict=True):
        writer.start()
        theirs.close()
    answers = []
    for _ in ITEMS:
        for ours, _ in pipes:
            assert ours.poll(PATIENCE), "a counter never got ready"
            assert ours.recv() == "ready"  # it ends here with EOFError if the counter failed
        begun = time.time() + SOON
        for ours, _ in pipes:
            ours.send(begun)
        answers.append(tuple([ours.recv() for ours, _ in pipes]))
    conflicts = sum(ours.recv() for ours, _ in pipes)
    for writer in writers:
        writer.join(PATIENCE)
    assert [writer.exitcode for writer in writers] == [0] * len(writers)
    return answers, conflicts


def opened(where: str, stock: int) -> Bank:
    """Open a shop in which there are so many pieces of each item, and both can pay for all."""
    bank = Bank(journal=open_journal(where))
    for item in ITEMS:
        bank.offers(item, 1, stock)
    for name in COUNTERS:
        bank.trains(name)
    return bank


@pytest.mark.slow
@pytest.mark.parametrize("stock", [1, 2])
def test_two_processes_at_once_sell_the_last_piece_once(tmp_path: Path, stock: int) -> None:
    where = str(tmp_path / "shop.journal")
    bank = opened(where, stock)
    answers, conflicts = raced(where, bank.at)
    print(f"{conflicts} conflicts; {answers}")  # noqa: T201 - figures
    expected = ["redeemed"] * stock + [R.OUT_OF_STOCK.value] * (len(COUNTERS) - stock)
    for answer in answers:
        assert sorted(answer, key=expected.index) == expected
    bank.practice.catch_up()
    assert [bank.item(item).stock for item in ITEMS] == [0] * ROUNDS
    sold = [one.event for one in bank.practice.journal.read()]
    reserved = [one for one in sold if isinstance(one, RedemptionReserved)]
    assert sorted(one.item for one in reserved) == sorted(ITEMS * stock)
    assert sum(bank.points(name) for name in COUNTERS) == 20 - ROUNDS * stock
    bank.check()
    assert verify(bank.practice.journal) == ()
    bank.practice.close()
