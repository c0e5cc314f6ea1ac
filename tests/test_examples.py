"""The programs in docs/examples run, and say what they are meant to say."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

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
        "Account(volunteer='v-8', minutes=90, points=15)",
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
