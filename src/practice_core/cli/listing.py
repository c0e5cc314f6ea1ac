"""``practice-core areas``: which areas there are."""

from __future__ import annotations

import enum
import sys
from json import dumps
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from practice_core.areas import BasisKind, area_names, load_area
from practice_core.cli.console import show, stdout
from practice_core.experiment import Table
from practice_core.hierarchy import Level
from practice_core.terms import Lang, term

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.areas import Area

__all__ = ["Heading", "areas"]


class Heading(enum.StrEnum):
    """What stands above the list of areas; the words are in the vocabulary."""

    AREAS = "areas"
    AREA = "area"


def areas(
    *,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    lang: Lang = "en",
) -> None:
    """List the areas that ship, with their numbers of sites; a star marks what is not published.

    Parameters
    ----------
    json
        Print one JSON object instead of a table.
    lang
        Language of the table.
    """
    found = [load_area(name) for name in area_names()]
    if json:
        sys.stdout.write(_json(found))
        return
    rows = [
        (
            f"{area.id} ({area.name_zh if lang == 'zh' else area.name_en})",
            *(_counted(area, level) for level in Level),
        )
        for area in found
    ]
    columns = (term(Heading.AREA, lang), *(term(level, lang) for level in Level))
    show(stdout(), Table(term(Heading.AREAS, lang), columns, tuple(rows)))


def _counted(area: Area, level: Level) -> str:
    """Give how many sites of a level there are, with a mark if that is not published."""
    basis = area.bases.get(f"network.{level}")
    mark = "" if basis is None or basis.kind is BasisKind.PUBLISHED else "*"
    return f"{area.counts.get(level, 0)}{mark}"


def _json(found: Sequence[Area]) -> str:
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
