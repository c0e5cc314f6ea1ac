"""A page and its charts as files: whole or not at all, and over nothing but what was theirs."""

from __future__ import annotations

import shutil
import stat
import tempfile
from contextlib import ExitStack, contextmanager
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
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from practice_core.report.result import Result
    from practice_core.terms import Lang

__all__ = ["save_figures", "write_report"]

_PIXELS = 2
"""A chart's pixels beside its points: sharp in print."""
_HEAD = 8192
_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISLNK, "a symbolic link"))
_SHOWN = 200
"""Letters of a path that a message repeats."""


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
        other file and any link is left alone.
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
    result = read_result(source)
    folder = source if source.is_dir() else source.parent
    target = folder / REPORT if out is None else out
    with ExitStack() as stack:
        fresh = stack.enter_context(_beside(target)) / "new"
        if figures is not None:
            _draw(result, stack.enter_context(_figures_folder(figures)), lang)
        fresh.write_bytes(page(result, lang).encode())
        fresh.replace(target)
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


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Yield a hidden folder on the disk of `target`, if a report may be written there."""
    staging, found = None, _in_the_way(target)
    if found is None:
        try:
            staging = Path(tempfile.mkdtemp(prefix=".report-", dir=target.parent))
        except OSError as error:
            found = str(error.strerror)
    if staging is None:
        expected = "a new file in a folder that is there, or an earlier report"
        place = str(target) if len(str(target)) <= _SHOWN else f"...{str(target)[-_SHOWN:]}"
        raise DefinitionError("report", [Fault(place, str(found), expected, "name another file")])
    try:
        yield staging
    finally:
        shutil.rmtree(staging)


def _in_the_way(target: Path) -> str | None:
    """Say why a report may not be written to `target`; None if it may."""
    try:
        return _foreign(target) if target.parent.is_dir() else "no such folder"
    except FileNotFoundError:
        return None
    except OSError as error:
        return str(error.strerror)
    except ValueError:  # with a NUL in it
        return "a name that no file can have"


def _foreign(target: Path) -> str | None:
    mode = target.lstat().st_mode
    if not stat.S_ISREG(mode):
        return next((kind for test, kind in _KINDS if test(mode)), "no regular file")
    with target.open("rb") as stream:
        ours = f'content="{GENERATOR}"'.encode() in stream.read(_HEAD)
    return None if ours else "another file"


def _not_a_figure(folder: Path) -> str | None:
    """Say what in `folder` is no chart; None if there is nothing else."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        return "a file"
    ours = {f"{picture.value}{suffix}" for picture in Picture for suffix in (".svg", ".png")}
    others = sorted(e.name for e in folder.iterdir() if e.name not in ours or not e.is_file())
    return f"holds {others[0]}" if others else None
