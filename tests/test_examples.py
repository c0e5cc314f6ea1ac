"""The programs in docs/examples run, and say what they are meant to say."""

from __future__ import annotations

import subprocess
import sys
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
