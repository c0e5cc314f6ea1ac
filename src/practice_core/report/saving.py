"""A page and its charts as files: whole or not at all, and over nothing but what was theirs."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import vl_convert

from practice_core.areas.folder import staged_folder
from practice_core.errors import DefinitionError, Fault
from practice_core.experiment import REPORT
from practice_core.report.figures import charts
from practice_core.report.page import GENERATOR, VEGA_LITE, page
from practice_core.report.result import read_result
from practice_core.report.words import Picture

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from practice_core.report.result import Result
    from practice_core.terms import Lang

__all__ = ["save_figures", "write_report"]

_PIXELS = 2
"""A chart's pixels beside its points: sharp in print."""
_HEAD = 8192


def write_report(
    source: Path, out: Path | None = None, lang: Lang = "en", figures: Path | None = None
) -> Path:
    """Write the page of a kept result, and its charts if they are wanted.

    Parameters
    ----------
    source
        A folder that ``compare --out`` wrote, or its ``summary.json``.
    out
        The file; None is ``report.html`` beside the summary. An earlier report is replaced, any
        other file is left alone.
    lang
        Which language the page opens in, and that of the charts.
    figures
        A folder for the charts; see `save_figures`.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    DefinitionError
        If the summary cannot be read, or something else stands where it would write; nothing is
        written.
    OSError
        If the place is lost meanwhile.
    """
    folder = source if source.is_dir() else source.parent
    target = folder / REPORT if out is None else out
    result = read_result(source)
    found = _in_the_way(target)
    if found is not None:
        expected = "a new file in a folder that is there, or an earlier report"
        raise DefinitionError("report", [Fault(str(target), found, expected, "name another file")])
    with ExitStack() as stack:
        if figures is not None:
            _draw(result, stack.enter_context(_figures_folder(figures)), lang)
        _write_whole(target, page(result, lang).encode())
    return target


def save_figures(result: Result, folder: Path, lang: Lang = "en") -> tuple[Path, ...]:
    """Write every chart of a result as SVG and as PNG.

    Parameters
    ----------
    result
        From `read_result`.
    folder
        New, empty, or with nothing but earlier figures in it, which are replaced.
    lang
        Of titles, axes and legends.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    DefinitionError
        If the folder holds something else or cannot be written to; nothing is written.
    OSError
        If the place is lost meanwhile.
    """
    with _figures_folder(folder) as fresh:
        names = _draw(result, fresh, lang)
    return tuple(folder / name for name in names)


def _figures_folder(folder: Path) -> AbstractContextManager[Path]:
    expected = "a new, empty or earlier figures folder"
    return staged_folder(folder, _not_a_figure, subject="figures", expected=expected)


def _draw(result: Result, folder: Path, lang: Lang) -> list[str]:
    names = []
    for picture, chart in charts(result, lang).items():
        svg = vl_convert.vegalite_to_svg(chart, VEGA_LITE, allowed_base_urls=[])
        png = vl_convert.vegalite_to_png(chart, VEGA_LITE, _PIXELS, allowed_base_urls=[])
        for suffix, content in ((".svg", svg.encode()), (".png", png)):
            names.append(f"{picture.value}{suffix}")
            (folder / names[-1]).write_bytes(content)
    return names


def _write_whole(target: Path, content: bytes) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fresh = staging / "new"
        fresh.write_bytes(content)
        fresh.replace(target)
    finally:
        shutil.rmtree(staging)


def _in_the_way(target: Path) -> str | None:
    """Say why a report may not be written to `target`; None if it may."""
    try:
        if not target.parent.is_dir():
            return "no such folder"
        if target.is_dir():
            return "a folder"
        if target.exists():
            if not target.is_file():
                return "no regular file"
            with target.open("rb") as stream:
                if f'content="{GENERATOR}"'.encode() not in stream.read(_HEAD):
                    return "another file"
    except OSError as error:
        return str(error.strerror)
    return None


def _not_a_figure(folder: Path) -> str | None:
    """Say what in `folder` is no chart; None if there is nothing else."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        return "a file"
    ours = {f"{picture.value}{suffix}" for picture in Picture for suffix in (".svg", ".png")}
    others = sorted(e.name for e in folder.iterdir() if e.name not in ours or not e.is_file())
    return f"holds {others[0]}" if others else None
