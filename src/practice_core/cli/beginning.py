"""``practice-core new``: a county of one's own, from two spreadsheets."""

from __future__ import annotations

import enum
import shlex
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotation

from practice_core.areas import load_area, new_area
from practice_core.cli.console import say
from practice_core.terms import Lang, term

__all__ = ["Begun", "new"]


class Begun(enum.StrEnum):
    """What is said about a new county; the words are in the vocabulary."""

    WRITTEN = "written"
    RENAMED = "renamed"
    SITES = "sites"
    NO_SITES = "no_sites"
    TEAMS = "teams"
    NO_TEAMS = "no_teams"
    ASSUMED = "assumed"
    NEXT = "next"


def new(  # noqa: PLR0913 - one parameter an option
    directory: Path,
    /,
    *,
    like: str = "wujiang",
    sites: Path | None = None,
    teams: Path | None = None,
    outline: Path | None = None,
    lang: Lang = "en",
) -> None:
    """Begin a county of your own: a folder of commented files that runs at once.

    Parameters
    ----------
    directory
        A new or empty folder; compare takes it in the place of an area's name.
    like
        Name of the area whose files to begin from.
    sites
        A CSV file, a row for each site: level (层级) and parent (上级), id (编号) or name (名称) or
        both, lon (经度) and lat (纬度) if known.
    teams
        A CSV file, a row for each team: home (所属) and categories (类别), and id (编号), members
        (人数), jobs_per_week (每周次数) and kind (类型) if known.
    outline
        A GeoJSON file of the county's outline; needed if sites have no position.
    lang
        Language of what is said.
    """
    # What begins with a hyphen would be taken for an option.
    named = f"./{directory}" if str(directory).startswith("-") else str(directory)
    begun = new_area(directory, like=like, sites=sites, teams=teams, outline=outline)
    other = load_area(like)
    name = other.name_zh if lang == "zh" else other.name_en
    counts = ", ".join(f"{term(level, lang)} {count}" for level, count in begun.counts.items())
    lines = [Begun.WRITTEN, Begun.SITES if begun.counted else Begun.NO_SITES]
    lines += [Begun.NO_TEAMS if begun.teams is None else Begun.TEAMS, Begun.ASSUMED, Begun.NEXT]
    if begun.id != begun.name_en:
        lines.insert(1, Begun.RENAMED)
    for line in lines:
        said = term(line, lang).format(
            folder=directory,
            files=", ".join(begun.files),
            id=begun.id,
            like=name,
            sites=counts,
            positions=begun.positions,
            teams=begun.teams,
            command=shlex.join(["practice-core", "compare", named]),
        )
        say(said)
