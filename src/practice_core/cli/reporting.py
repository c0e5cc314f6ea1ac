"""``practice-core report``: a kept result as a page to read."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotation
from typing import TYPE_CHECKING

from practice_core.cli.console import say
from practice_core.terms import Lang, word

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["report", "report_beside"]

EXTRA = ("altair", "jinja2", "vl_convert")


def report(
    result: Path,
    /,
    *,
    out: Path | None = None,
    lang: Lang = "en",
    figures: Path | None = None,
) -> None:
    """Write a kept result as one page that opens offline.

    Parameters
    ----------
    result
        A folder that compare --out wrote, or its summary.json.
    out
        The page; by default report.html beside the summary. An earlier report is replaced.
    lang
        Which language it opens in; it holds both.
    figures
        Write every chart to this folder too, as SVG and PNG: new, empty or earlier figures.
    """
    file = _room().write_report(result, out, lang, figures)
    for each in (file, figures):
        if each is not None:
            say(word("remark", "kept", lang).format(file=each))


def report_beside(folder: Path, lang: Lang = "en") -> Path | None:
    """Write the page beside a summary, if what it takes is installed.

    Parameters
    ----------
    folder
        With ``summary.json`` in it.
    lang
        Which language the page opens in.

    Returns
    -------
    Path or None
        The page; None without the extra ``report``.
    """
    if any(find_spec(name) is None for name in EXTRA):
        return None
    file: Path = _room().write_report(folder, lang=lang)
    return file


def _room() -> ModuleType:
    """Give the room, which takes half a second to open, only when it is needed."""
    from practice_core import report as room  # noqa: PLC0415 - see above

    return room
