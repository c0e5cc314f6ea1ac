"""A network drawn into a file: SVG, PNG, or a page that opens offline."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import vl_convert

from practice_core.areas.writing import write_files
from practice_core.errors import DefinitionError, Fault
from practice_core.hierarchy.drawing import svg
from practice_core.terms import term

if TYPE_CHECKING:
    from os import PathLike

    from practice_core.hierarchy import Hierarchy, Outline
    from practice_core.terms import Lang

__all__ = ["draw"]

_PIXELS = 2
"""A drawing's pixels beside its points: sharp in print."""
_PAGE = """\
<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }}
svg {{ height: auto; max-width: 100% }}
th, td {{ padding: .2rem 1rem .2rem 0; text-align: left }}
</style>
</head>
<body>
{drawing}
<table>
{rows}
</table>
</body>
</html>
"""


def draw(
    hierarchy: Hierarchy,
    out: str | PathLike[str],
    *,
    lang: Lang = "en",
    title: str = "",
    outline: Outline | None = None,
) -> Path:
    """Draw a network into a new file.

    Parameters
    ----------
    hierarchy
        The network.
    out
        The file: its suffix, ``.svg``, ``.png`` or ``.html``, says what it becomes.
    lang, title, outline
        As of `practice_core.hierarchy.drawing.svg`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DefinitionError
        If the file is of another kind, or there already, or cannot be written.
    """
    path = Path(out)
    drawing = svg(hierarchy, lang, title, outline)
    match path.suffix.lower():
        case ".svg":
            content = drawing.encode()
        case ".png":
            content = bytes(vl_convert.svg_to_png(drawing, _PIXELS))
        case ".html":
            content = _page(hierarchy, drawing, title or hierarchy.root.name, lang).encode()
        case other:
            found = f"a file {other or 'without suffix'}"
            fault = Fault(str(path), found, "one of .svg .png .html", "name it so")
            raise DefinitionError("draw", [fault])
    return write_files(path.parent, {path.name: content})[0]


def _page(hierarchy: Hierarchy, drawing: str, title: str, lang: Lang) -> str:
    counted = [*hierarchy.counts().items(), *hierarchy.kinds().items()]
    lines = [(term(key, lang), str(count)) for key, count in counted if count]
    lines += [
        (term(one.kind, lang), f"{hierarchy.site(one.site).name} - {one.name or one.other}")
        for one in hierarchy.relations
    ]
    rows = "\n".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in lines)
    return _PAGE.format(lang=lang, title=escape(title), drawing=drawing, rows=rows)
