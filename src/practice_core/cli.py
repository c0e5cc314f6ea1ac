"""The command line: ``practice-core``.

Figures go to the standard output, progress and errors to the standard error. Exit codes: 0 fine,
1 findings, 2 wrong use, 130 interrupted. A command that fails has written nothing.

Examples
--------
>>> main(["compare", "wujiang", "--policies", "nearest", "--weeks", "0"])
2
"""

from __future__ import annotations

import enum
import sys
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from json import dumps
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotation
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from cyclopts import App, CycloptsError, Parameter, Token
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as RichTable

from practice_core import experiment
from practice_core.areas import area_names, load_area
from practice_core.dispatch import POLICIES
from practice_core.errors import DefinitionError, Fault, PracticeError
from practice_core.hierarchy import Level
from practice_core.simulation import load_scenario
from practice_core.terms import Lang, term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from practice_core.areas import Area
    from practice_core.experiment import Cell, Comparison, Table

__all__ = ["Heading", "app", "main"]

FINE, WRONG_USE, INTERRUPTED = 0, 2, 130
NAME, GAP = 24, 2
"""Columns that a row's name needs at least, and the space before each figure."""
BROKEN = "a worker process died, perhaps for want of memory; lower --workers"


def _whole(_: object, tokens: Sequence[Token]) -> int:
    try:
        return int(tokens[0].value)
    except ValueError:
        message = f"{tokens[0].value!r}; expected a whole number"
        raise ValueError(message) from None


Whole: TypeAlias = Annotated[int, Parameter(converter=_whole)]
"""A whole number as it was typed: 1.5 is refused, not rounded."""

app = App(
    name="practice-core",
    help="Run a county's network of practice sites on paper before running it for real.",
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code.

    Parameters
    ----------
    arguments
        Words after the program's name; None takes those it was started with.
    """
    try:
        app(arguments, exit_on_error=False, print_error=False, verbose=False)
    except (PracticeError, CycloptsError, OSError) as error:
        return _complain(str(error), WRONG_USE)
    except BrokenProcessPool:
        return _complain(BROKEN, WRONG_USE)
    except KeyboardInterrupt:
        return _complain("interrupted, nothing written", INTERRUPTED)
    return FINE


class Heading(enum.StrEnum):
    """What stands above the list of areas; the words are in the vocabulary."""

    AREAS = "areas"
    AREA = "area"


@app.command
def areas(
    *,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    lang: Lang = "en",
) -> None:
    """List the areas that ship, with their published numbers of sites.

    Parameters
    ----------
    json
        Print one JSON object instead of a table.
    lang
        Language of the table.
    """
    found = [load_area(name) for name in area_names()]
    if json:
        sys.stdout.write(_areas_json(found))
        return
    rows = [
        (
            f"{area.id} ({area.name_zh if lang == 'zh' else area.name_en})",
            *(str(area.counts.get(level, 0)) for level in Level),
        )
        for area in found
    ]
    columns = (term(Heading.AREA, lang), *(term(level, lang) for level in Level))
    _print(_stdout(), experiment.Table(term(Heading.AREAS, lang), columns, tuple(rows)))


def _areas_json(found: Sequence[Area]) -> str:
    listed = [
        {
            "area": area.id,
            "name_zh": area.name_zh,
            "name_en": area.name_en,
            "sites": {str(level): count for level, count in area.counts.items()},
            "published": dict(area.published),
            "document": area.document,
        }
        for area in found
    ]
    return dumps({"areas": listed}, indent=2) + "\n"


@app.command
def compare(  # noqa: PLR0913 - one parameter an option
    area: str,
    /,
    *,
    policies: str = ",".join(POLICIES),
    weeks: Whole = 8,
    replications: Whole = 4,
    seed: Whole = 7,
    workers: Whole | None = None,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    out: Path | None = None,
    lang: Lang = "en",
) -> None:
    """Compare dispatch policies on the same orders and the same answers.

    Parameters
    ----------
    area
        Name of an area; the command areas lists them.
    policies
        Names, separated by commas. The baseline is home_first if it is among them, else the first.
    weeks
        How many weeks of orders are counted.
    replications
        How many times the year is lived through; two are needed for an interval.
    seed
        Same seed, same result, whatever the number of workers.
    workers
        How many processes; by default one for each core.
    json
        Print one JSON object instead of tables.
    out
        Write summary.json and logs/ to this folder: new, empty or an earlier result.
    lang
        Language of the tables.
    """
    names = [name.strip() for name in policies.split(",") if name.strip()]
    counts = {"--weeks": weeks, "--replications": replications, "--workers": workers}
    _refuse([*_unknown(area, names), *_below_one(counts)])
    chosen = experiment.labelled(names)
    scenario = load_scenario(area).with_values({"horizon.weeks": weeks})
    cells = replications * len(chosen)
    workers = min(cells, workers or experiment.cores())
    with ExitStack() as stack:
        folder = None if out is None else stack.enter_context(experiment.results_folder(out))
        executor = stack.enter_context(experiment.processes(workers))
        advance = stack.enter_context(_progress(cells))

        def on_cell(cell: Cell) -> None:
            if folder is not None:
                experiment.save_log(folder, cell)
            advance()

        found = experiment.compare(
            scenario,
            chosen,
            replications=replications,
            seed=seed,
            executor=executor,
            workers=workers,
            on_cell=on_cell,
            keep_logs=folder is not None,
        )
        if folder is not None:
            (folder / "summary.json").write_text(found.to_json(), encoding="utf-8")
    if json:
        sys.stdout.write(found.to_json())
    else:
        _show(found, lang)
        if out is not None:
            sys.stdout.write(term(experiment.Phrase.KEPT, lang).format(folder=out) + "\n")


def _unknown(area: str, policies: Sequence[str]) -> Iterator[Fault]:
    if area not in area_names():
        known = f"one of {', '.join(area_names())}"
        yield Fault("AREA", f"no area named {area!r}", known, "name one of them")
    known = f"one of {', '.join(POLICIES)}"
    for name in policies:
        if name not in POLICIES:
            yield Fault("--policies", f"no policy named {name!r}", known, "name one of them")
    if not policies:
        yield Fault("--policies", "none", known, "name at least one")


def _below_one(counts: Mapping[str, int | None]) -> Iterator[Fault]:
    for option, count in counts.items():
        if count is not None and count < 1:
            yield Fault(option, str(count), "at least 1", "raise it")


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise DefinitionError("compare", faults)


@contextmanager
def _progress(cells: int) -> Iterator[Callable[[], None]]:
    """Show a bar on the standard error if a person is watching; yield what moves it by one."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    left = TimeRemainingColumn()
    watched = console.is_terminal
    with Progress(*columns, left, console=console, disable=not watched, transient=True) as bar:
        task = bar.add_task("simulating", total=cells)
        yield lambda: bar.advance(task)


def _show(comparison: Comparison, lang: Lang) -> None:
    """Print a comparison: title, caveats, tables."""
    console = _stdout()
    console.print(experiment.title(comparison, lang), style="bold")
    for caveat in experiment.caveats(lang):
        console.print(caveat)
    for table in experiment.tables(comparison, lang):
        console.print()
        _print(console, table)
    for footnote in experiment.footnotes(comparison, lang):
        console.print(footnote)


def _stdout() -> Console:
    # Into a file or a pipe there is no edge to fold a table at.
    wide = None if sys.stdout.isatty() else 1000
    return Console(width=wide, markup=False, highlight=False, emoji=False)


def _print(console: Console, table: Table) -> None:
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


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"practice-core: {message}\n")
    return code
