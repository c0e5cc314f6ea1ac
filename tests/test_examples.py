"""The programs in docs/examples run, and say what they are meant to say."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from practice_core.journal import Checkpoint, TextId, Write, open_journal, verify
from practice_core.orders import OfferMade, OrderReviewed
from practice_core.units import ActorId, CommandId, OrderId, TeamId

if TYPE_CHECKING:
    from practice_core.journal import Journal

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


def test_a_platform_deploys_the_policy_that_the_simulation_compared() -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "one_order.py"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "Mon 09:00 order.placed by resident-7",
        "Mon 09:00 order.reviewed by desk-1",
        "Mon 09:00 order.offer_made by desk-1",
        "refused: not this actor's order",
        "Mon 10:00 order.offer_accepted by member-2",
        "accepted by t-2",
    ]
    assert done.stderr == ""


PLATFORM = EXAMPLES / "fifty_lines.py"


def test_a_platform_is_killed_in_the_middle_and_goes_on() -> None:
    done = subprocess.run(
        [sys.executable, PLATFORM], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "c-0 CollectNeed: collected",
        "c-1 PlaceOrder: placed",
        "c-2 ReviewOrder: reviewed",
        "c-3 DeclineOffer: reviewed",
        "killed by signal 9: nobody has answered c-4",
        "c-4 AcceptOffer: accepted",
        "c-5 ScheduleService: scheduled",
        "c-6 StartService: in service",
        "c-7 CompleteService: served",
        "c-8 RateOrder: closed",
        "Mon 09:00 need collected by ann",
        "Mon 09:00 order placed by ann",
        "Mon 09:00 order reviewed by desk-1",
        "Mon 09:00 offer made by center",
        "Mon 10:00 offer declined by heron",
        "Mon 10:00 order returned by heron",
        "Mon 10:00 offer made by center",
        "Mon 11:00 offer accepted by willow",
        "Mon 12:00 service scheduled by willow",
        "Tue 09:00 service started by willow",
        "Tue 11:00 service completed by willow",
        "Tue 14:00 order rated by ann",
        "Tue 14:00 order closed by ann",
        "Credit(volunteer='v-8', minutes=90, points=15)",
        "tampered with: nothing",
    ]
    assert done.stderr == ""


def test_the_platform_has_as_many_lines_as_it_says() -> None:
    text = PLATFORM.read_text(encoding="utf-8")
    said = re.search(r"its people too: (\d+)", text)
    assert said
    assert int(said[1]) == len(code_lines(text)) <= 55


def code_lines(text: str) -> set[int]:
    """Give the lines that hold code, without imports and docstrings."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        if isinstance(node, ast.stmt) and (is_text or is_import):
            left_out |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    empty = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in {*empty, tokenize.ENDMARKER}:
            found |= set(range(token.start[0], token.end[0] + 1))
    return found - left_out


# ------------------------------------------------------------------ moving a journal


MOVE = EXAMPLES / "move_journal.py"


def moved(old: Path, new: str) -> str:
    done = subprocess.run(
        [sys.executable, MOVE, old, new], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout


def written(journal: Journal) -> None:
    """Give two commands, each to an order and to the stream of one team."""
    for number in range(2):
        order = OrderId(f"o-{number}")
        events = tuple(OrderReviewed(order, n, ActorId("desk"), due_at=n) for n in range(3))
        others = (OfferMade(order, 4, ActorId("desk"), TeamId("t-1"), until=9),)
        writes = [Write(f"order/{order}", 0, events), Write("team/t-1", number, others)]
        journal.append(writes, command=CommandId(f"c-{number}"), digest=bytes([number]))


@pytest.fixture(params=["sqlite", "postgres"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "new.journal")
    address: str = request.getfixturevalue("postgres")
    schema = f"moved_{tmp_path.name}".lower()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    return f"{address}&options=-csearch_path%3D{schema}"


def test_a_journal_without_texts_moves_with_its_chain(tmp_path: Path, elsewhere: str) -> None:
    old = tmp_path / "old.journal"
    with open_journal(old) as journal:
        written(journal)
        before = Checkpoint.of(journal)
    assert moved(old, elsewhere) == "8 events, the same chain\n"
    assert moved(old, elsewhere) == "8 events, the same chain\n"  # once more changes nothing
    with open_journal(elsewhere) as new, open_journal(old) as journal:
        assert verify(new) == verify(new, since=before) == ()
        assert new.carried(CommandId("c-1")) == journal.carried(CommandId("c-1"))


def test_a_journal_with_texts_moves_with_another_chain(tmp_path: Path, elsewhere: str) -> None:
    old, kept, erased = tmp_path / "old.journal", TextId("n-1"), TextId("n-2")
    with open_journal(old) as journal:
        written(journal)
        event = OrderReviewed(OrderId("o-9"), 0, ActorId("desk"), due_at=1)
        texts = {kept: "please knock", erased: "the bell is broken"}
        write = Write("order/o-9", 0, (event,))
        journal.append([write], command=CommandId("c-9"), digest=b"9", texts=texts)
        journal.erase_text(erased)
    assert moved(old, elsewhere) == "9 events, another chain\n"
    with open_journal(elsewhere) as new:
        assert verify(new) == ()
        assert (new.text(kept), new.text(erased)) == ("please knock", None)


def test_a_journal_is_moved_to_no_other_one(tmp_path: Path) -> None:
    old, other = tmp_path / "old.journal", tmp_path / "other.journal"
    with open_journal(old) as journal:
        written(journal)
    with open_journal(other) as journal:
        event = OrderReviewed(OrderId("o-9"), 0, ActorId("desk"), due_at=1)
        journal.append([Write("order/o-9", 0, (event,))], command=CommandId("c-9"), digest=b"9")
    done = subprocess.run(
        [sys.executable, MOVE, old, other], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "command c-0 stands elsewhere: TO was not new, or is another journal\n"
