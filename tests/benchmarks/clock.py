"""The clock of the benchmarks."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def seconds(act: Callable[[], object]) -> float:
    """Time one call, the garbage of what came before swept away first."""
    gc.collect()
    before = time.perf_counter()
    act()
    return time.perf_counter() - before
