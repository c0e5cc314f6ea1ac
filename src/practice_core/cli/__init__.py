"""The command line: ``practice-core``.

Figures go to the standard output, progress and errors to the standard error. Exit codes: 0 fine,
1 findings, 2 wrong use, 130 interrupted. A command that fails has written nothing, but for the
finished cells of a decision, from which the same command goes on.

Examples
--------
>>> main(["compare", "wujiang", "--policies", "nearest", "--weeks", "0"])
2
"""

from __future__ import annotations

import sys
from concurrent.futures.process import BrokenProcessPool
from io import TextIOWrapper
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError

from practice_core.cli.beginning import new
from practice_core.cli.bookkeeping import Bookkeeping, ledger
from practice_core.cli.comparison import Interrupted, compare
from practice_core.cli.fitting import fit
from practice_core.cli.listing import Heading, areas
from practice_core.cli.looping import Looping, loop, loops
from practice_core.cli.pointing import Pointing, points
from practice_core.cli.replaying import Replaying, export, replay
from practice_core.cli.reporting import report
from practice_core.cli.showing import Showing, check, convert, draw, network
from practice_core.errors import PracticeError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Bookkeeping", "Heading", "Looping", "Pointing", "Replaying", "Showing", "app", "main"]

FINE, WRONG_USE, INTERRUPTED = 0, 2, 130
BROKEN = "a worker process died, perhaps for want of memory; lower --workers"

app = App(
    name="practice-core",
    help="Run a county's network of practice sites on paper before running it for real.",
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
app.command(areas)
app.command(network, name="show")
app.command(check)
app.command(draw)
app.command(convert)
app.command(loops)
app.command(loop)
app.command(points)
app.command(ledger)
app.command(compare)
app.command(fit)
app.command(report)
app.command(new)
app.command(replay)
app.command(export)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code.

    Parameters
    ----------
    arguments
        Words after the program's name; None takes those it was started with.
    """
    for standard in (sys.stdout, sys.stderr):
        if isinstance(standard, TextIOWrapper):  # a name that it cannot encode is said in escapes
            standard.reconfigure(errors="backslashreplace")
    try:
        found = app(arguments, exit_on_error=False, print_error=False, verbose=False)
    except (PracticeError, CycloptsError, OSError) as error:
        return _complain(str(error), WRONG_USE)
    except BrokenProcessPool:
        return _complain(BROKEN, WRONG_USE)
    except Interrupted as interrupt:
        return _complain(str(interrupt), INTERRUPTED)
    except KeyboardInterrupt:
        return _complain("interrupted, nothing written", INTERRUPTED)
    return FINE if found is None else found


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"practice-core: {message}\n")
    return code
