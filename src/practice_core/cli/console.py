"""How figures reach a terminal: tables in parts that fit, progress for whoever watches."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as RichTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.experiment import Table

__all__ = ["Bar", "progress", "say", "show", "show_words", "stdout"]

NAME, GAP = 24, 2
"""Columns that a row's name needs at least, and the space before each figure."""


class Bar:
    """A bar of what is being done, and how much of it."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def begin(self, name: str, cells: int) -> None:
        """Begin something of so many cells; 0: not known beforehand."""
        self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=cells or None)

    def advance(self) -> None:
        """Count one cell as done."""
        self._bar.advance(self._task)


@contextmanager
def progress() -> Iterator[Bar]:
    """Show a bar on the standard error, if a person is watching."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    left = TimeRemainingColumn()
    watched = console.is_terminal
    with Progress(*columns, left, console=console, disable=not watched, transient=True) as bar:
        yield Bar(bar)


def say(text: str) -> None:
    """Write a line to the standard output."""
    sys.stdout.write(f"{text}\n")


def stdout() -> Console:
    """Give the console of the standard output."""
    # Into a file or a pipe there is no edge to fold a table at.
    wide = None if sys.stdout.isatty() else 1000
    return Console(width=wide, markup=False, highlight=False, emoji=False)


def show(console: Console, table: Table) -> None:
    """Print a table, in as many parts as it takes for no figure to be folded."""
    console.print(table.caption)
    lines = (table.columns, *table.rows)
    figure = max(cell_len(cell) for line in lines for cell in line[1:])
    fitting = max(1, (console.width - NAME) // (figure + GAP))
    for first in range(1, len(table.columns), fitting):
        part = [(line[0], *line[first : first + fitting]) for line in lines]
        drawn = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        for number, column in enumerate(part[0]):
            justify: Literal["left", "right"] = "right" if number else "left"
            drawn.add_column(column, justify=justify, overflow="fold", no_wrap=number > 0)
        for number, row in enumerate(part[1:]):
            drawn.add_row(*row, style="bold" if number < table.lead else None)
        console.print(drawn)


def show_words(console: Console, table: Table) -> None:
    """Print a table of words, which may be folded where a line ends."""
    console.print(table.caption)
    drawn = RichTable(*table.columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for row in table.rows:
        drawn.add_row(*row)
    console.print(drawn)
