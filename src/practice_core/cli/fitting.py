"""``practice-core fit``: how teams answer, from a platform's own log."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotation
from typing import Annotated

from cyclopts import Parameter

from practice_core import experiment
from practice_core.cli.console import say, show, stdout
from practice_core.errors import DefinitionError, Fault
from practice_core.simulation import draw_city, load_scenario, road_km
from practice_core.terms import Lang, term

__all__ = ["fit"]


def fit(
    log: Path,
    /,
    *,
    area: str | None = None,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    out: Path | None = None,
    lang: Lang = "en",
) -> None:
    """Estimate from a log of offers how teams answer them.

    Parameters
    ----------
    log
        A CSV file, a row for each offer to a team: order, team, km, load, notifications, answered,
        accepted, delay_hours, and, so that late answers are told from silence, hour and open_hours.
    area
        Name of an area, or the folder of one of your own: to say how many offers to teams drawn at
        random there it would take.
    json
        Print one JSON object instead of tables.
    out
        Write the estimates to this new file, for compare --assume.
    lang
        Language of the tables.
    """
    if out is not None and out.exists():
        fault = Fault("--out", f"{out} exists", "a new file", "name another or remove it")
        raise DefinitionError("fit", [fault])
    km = None if area is None else road_km(draw_city(load_scenario(area), 0, 0)).ravel()
    found = experiment.fit(experiment.read_offers(log), km=km)
    if out is not None:
        with out.open("x", encoding="utf-8") as file:
            file.write(found.overrides(log.name))
    if json:
        sys.stdout.write(found.to_json())
        return
    console = stdout()
    for table in experiment.fit_tables(found, lang):
        show(console, table)
        console.print()
    for line in experiment.fit_notes(found, lang):
        console.print(line)
    if out is not None:
        say(term(experiment.Estimated.KEPT, lang).format(file=out))
