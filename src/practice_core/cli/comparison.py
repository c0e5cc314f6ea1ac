"""``practice-core compare``: which policy, how sure, and on what it hinges."""

from __future__ import annotations

import pickle
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotation
from typing import TYPE_CHECKING, Annotated, TypeAlias

import attrs
from cyclopts import Parameter, Token

from practice_core import experiment
from practice_core.cli.console import progress, say, show, stdout
from practice_core.cli.reporting import report_beside
from practice_core.dispatch import POLICIES, load_policy
from practice_core.errors import DefinitionError, Fault, UnknownName, attempt, did_you_mean
from practice_core.experiment import CellFolder, Comparison, Decision, Runner
from practice_core.orders import Mode
from practice_core.simulation import load_scenario
from practice_core.terms import Lang, term

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from practice_core.cli.console import Bar
    from practice_core.dispatch import Policy
    from practice_core.experiment import Cell
    from practice_core.simulation import Scenario

__all__ = ["Interrupted", "compare"]

POOLED = ("grab",)
"""What is compared where the loop only posts orders to the pool: no policy of these asks a team."""
USUAL = ("status_quo", "nearest", "least_busy", "best_answer", "random")
PREVIEW_WEEKS, PREVIEW_REPLICATIONS, DECISION_WEEKS = 8, 4, 52


class Interrupted(KeyboardInterrupt):
    """An interrupt, and what became of what was done."""


def _whole(_: object, tokens: Sequence[Token]) -> int:
    try:
        return int(tokens[0].value)
    except ValueError:
        message = f"{tokens[0].value!r}; expected a whole number"
        raise ValueError(message) from None


Whole: TypeAlias = Annotated[int, Parameter(converter=_whole)]
"""A whole number as it was typed: 1.5 is refused, not rounded."""
Flag: TypeAlias = Annotated[bool, Parameter(negative="", show_default=False)]


def compare(  # noqa: PLR0913 - one parameter an option
    area: str,
    /,
    *,
    decide: Flag = False,
    preview: Flag = False,
    policies: str | None = None,
    policy: Annotated[list[str] | None, Parameter(negative="")] = None,
    assume: Path | None = None,
    weeks: Whole | None = None,
    replications: Whole | None = None,
    settings: Whole | None = None,
    seed: Whole = 7,
    workers: Whole | None = None,
    executor: str | None = None,
    cells: Path | None = None,
    json: Flag = False,
    out: Path | None = None,
    lang: Lang = "en",
) -> None:
    """Compare dispatch policies on the same orders and the same answers.

    Parameters
    ----------
    area
        Name of an area that ships (the command areas lists them), or the folder of one of your own.
    decide
        Give a verdict: a year, looks at 10, 20 and 40 replications, other settings of what is
        assumed, tipping values, and the bound. Takes long, and goes on where it was interrupted.
    preview
        Give no verdict, only figures: 8 weeks, 4 replications. This is the default.
    policies
        Names, separated by commas. The baseline is status_quo if it is among them, else home_first,
        else the first.
    policy
        One of your own, as FILE.py:NAME; may be given several times. Its code is run.
    assume
        A file of other assumptions, such as the one that fit writes.
    weeks
        How many weeks of orders are counted; by default 8, or 52 to decide.
    replications
        How many times they are lived through; two are needed for an interval. To decide: before the
        first look, twice as many before the second, four times before the third.
    settings
        How many settings of the assumed numbers to try, to decide; by default 20.
    seed
        Same seed, same result, whatever the number of workers.
    workers
        How many processes; by default one for each core. With an executor, the number of its own.
    executor
        dask://HOST:PORT of a scheduler whose workers to use instead of processes here.
    cells
        A folder to keep finished cells in, and to take up those that are there; to decide, one in
        the user's cache if none is named.
    json
        Print one JSON object instead of tables.
    out
        Write the result to this folder, new, empty or an earlier result: summary.json and, with the
        extra report, the page report.html.
    lang
        Language of the tables.
    """
    counts = {
        "--weeks": weeks,
        "--replications": replications,
        "--settings": settings,
        "--workers": workers,
    }
    faults: list[Fault] = []
    base = attempt(faults, _base, area)
    names = _names(policies, policy, base)
    faults += [*_unknown(names), *_below_one(counts), *_unfit(names, base)]
    faults += _at_odds(counts, decide=decide, preview=preview)
    faults += _misplaced(cells, out, decide=decide)
    if faults or base is None:
        raise DefinitionError("compare", faults)
    chosen = _chosen(names, policy or ())
    if assume is not None:
        base = base.with_file(assume)
    scenario = base.with_values(
        {"horizon.weeks": weeks or (DECISION_WEEKS if decide else PREVIEW_WEEKS)}
    )
    pageless = ""
    kept = cells or (experiment.default_folder() if decide else None)
    with ExitStack() as stack:
        folder = None if out is None else stack.enter_context(experiment.results_folder(out))
        jobs = workers or experiment.cores()
        pool = experiment.processes(jobs) if executor is None else experiment.dask(executor)
        runner = Runner(stack.enter_context(pool), jobs, None if kept is None else CellFolder(kept))
        bar = stack.enter_context(progress())
        found: Comparison | Decision
        try:
            if decide:
                first = replications or experiment.LOOKS[0]
                found = experiment.decide(
                    scenario,
                    chosen,
                    seed=seed,
                    looks=[first * look // experiment.LOOKS[0] for look in experiment.LOOKS],
                    settings=settings or experiment.SETTINGS,
                    runner=attrs.evolve(runner, on_cell=lambda _: bar.advance()),
                    on_phase=lambda phase, count: bar.begin(term(phase, lang), count),
                )
            else:
                times = replications or PREVIEW_REPLICATIONS
                bar.begin(term(experiment.Phase.LOOK, lang), times * len(chosen))
                found = experiment.compare(
                    scenario,
                    chosen,
                    replications=times,
                    seed=seed,
                    runner=attrs.evolve(
                        runner,
                        on_cell=partial(_previewed, bar, folder),
                        keep_logs=folder is not None,
                    ),
                )
            if folder is not None:
                bar.begin(term(experiment.Phase.PORTRAIT, lang), 1)
                text = experiment.to_json(experiment.summary(found, scenario, chosen))
                (folder / "summary.json").write_text(text, encoding="utf-8")
                pageless = _paged(folder, lang)
                bar.advance()
        except KeyboardInterrupt:
            if kept is None:
                raise
            message = f"interrupted; what was done is kept in {kept}: the same command goes on"
            raise Interrupted(message) from None
    if pageless:
        sys.stderr.write(f"practice-core: {pageless}\n")
    if json:
        sys.stdout.write(found.to_json())
        return
    _show(found, lang, conditional=scenario.is_conditional)
    if out is not None:
        files = [
            name for name in ("summary.json", experiment.REPORT, "logs") if (out / name).exists()
        ]
        say(term(experiment.Phrase.KEPT, lang).format(folder=out, files=", ".join(files)))


def _paged(folder: Path, lang: Lang) -> str:
    """Write the page beside the summary; if it cannot be made, say why: the figures stay."""
    try:
        report_beside(folder, lang)
    except DefinitionError as error:
        return str(error)
    return ""


def _previewed(bar: Bar, folder: Path | None, cell: Cell) -> None:
    if folder is not None:
        experiment.save_log(folder, cell)
    bar.advance()


def _names(
    policies: str | None, own: Sequence[str] | None, base: Scenario | None
) -> tuple[str, ...]:
    """Give the names of the shipped policies asked for; the usual ones if none is named at all."""
    usual = POOLED if _only_posts(base) else USUAL
    if policies is None:
        return usual if not own else usual[:1]
    return tuple(name.strip() for name in policies.split(",") if name.strip())


def _only_posts(base: Scenario | None) -> bool:
    return base is not None and base.area.profile.modes == (Mode.POOL,)


def _unfit(names: Sequence[str], base: Scenario | None) -> Iterator[Fault]:
    """Find policies that ask teams where the loop only posts orders to the pool."""
    for name in names if _only_posts(base) else ():
        if name in POLICIES and name not in POOLED:
            expected = f"{', '.join(POOLED)}: this loop only posts orders to the pool"
            yield Fault("--policies", name, expected, "name another, or another area")


def _chosen(names: Sequence[str], own: Sequence[str]) -> Mapping[str, Policy]:
    """Give all policies by label; one of your own by the name it has in its file."""
    chosen = experiment.labelled(names) if names else {}
    for text in own:
        name = label = text.rpartition(":")[2]
        number = 1
        while label in chosen or label in POLICIES:
            number += 1
            label = f"{name}#{number}"
        chosen[label] = _carried(text)
    return experiment.labelled(chosen)


def _carried(text: str) -> Policy:
    """Load a policy that can travel to another process and into a kept cell's key."""
    policy = load_policy(text)
    try:
        pickle.dumps(policy)
    except Exception as error:  # noqa: BLE001 - whatever a user's object may raise
        found = f"does not pickle: {error}"
        fault = Fault(text, found, "plain fields", "make it of names in the file")
        raise DefinitionError("policy", [fault]) from None
    return policy


def _base(area: str) -> Scenario:
    try:
        return load_scenario(area)
    except UnknownName as unknown:
        found = f"no area or folder named {area!r}"
        known = f"one of {', '.join(unknown.known)}, or the folder of your own"
        fault = Fault("AREA", found, known, f"{did_you_mean(area, unknown.known)}name one of them")
        raise DefinitionError("compare", [fault]) from None


def _unknown(policies: Sequence[str]) -> Iterator[Fault]:
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


def _at_odds(counts: Mapping[str, int | None], *, decide: bool, preview: bool) -> Iterator[Fault]:
    if decide and preview:
        yield Fault("--preview", "beside --decide", "one of the two", "drop one")
    if not decide and counts["--settings"] is not None:
        yield Fault("--settings", "without --decide", "a decision", "add --decide")


def _misplaced(cells: Path | None, out: Path | None, *, decide: bool) -> Iterator[Fault]:
    if cells is None:
        return
    if cells.exists() and not cells.is_dir():
        yield Fault("--cells", f"{cells} is a file", "a folder", "name another")
    if out is None:
        return
    inner, outer = cells.resolve(), out.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        yield Fault("--cells", "inside --out, or around it", "a folder apart", "name another")
    if not decide:
        found = "beside --out, which keeps event logs, and cells have none"
        yield Fault("--cells", found, "one of the two", "drop one")


def _show(found: Comparison | Decision, lang: Lang, *, conditional: bool) -> None:
    """Print a comparison or a decision: title, words, tables."""
    console = stdout()
    comparison = found.comparison if isinstance(found, Decision) else found
    console.print(experiment.title(comparison, lang), style="bold")
    if conditional:
        console.print(term(experiment.Phrase.CONDITIONAL, lang), style="bold")
    if isinstance(found, Decision):
        tables = experiment.decision_tables(found, lang)
        console.print(experiment.wording(found, lang))
    else:
        tables = experiment.tables(found, lang)
        for caveat in experiment.caveats(lang):
            console.print(caveat)
    for table in tables:
        console.print()
        show(console, table)
    for footnote in experiment.footnotes(comparison, lang):
        console.print(footnote)
