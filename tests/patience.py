"""How long a test waits for what might hang: of this process's own time, and more when traced."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACED = 5
"""A line that coverage traces takes some three times as long."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail if the block takes more than so many seconds of this process's own time.

    It finds what hangs and measures nothing: whoever traces the process, as coverage does, waits
    longer.
    """
    begun = time.process_time()
    yield
    allowed = seconds if sys.gettrace() is None else TRACED * seconds
    assert time.process_time() - begun < allowed
