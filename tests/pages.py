"""The pages of docs that the code gives, whole or in part; to write them anew: make pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from practice_core.areas import (
    comparison,
    flowchart,
    load_loop,
    load_rules,
    rules_names,
    rules_table,
)
from practice_core.honours import NOMINATION, NominationRefusal
from practice_core.lifecycle import Caption
from practice_core.orders import ORDER, Refusal
from practice_core.points.accounts import REDEMPTION, PointsRefusal
from practice_core.terms import term, word
from practice_core.volunteers.standing import STANDING, StandingRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from practice_core.terms import Lang

DOCS = Path(__file__).resolve().parent.parent / "docs"
SEEDS = ("wujiang", "jintan", "zhangjiagang", "taicang", "tengzhou")
PART = re.compile(r"(<!-- from the code: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def lifecycle(_: str) -> str:
    """The reference of the lifecycle: all of the page."""
    return ORDER.markdown(Refusal)


def redemption(_: str) -> str:
    """The reference of the lifecycle of a redemption: all of the page."""
    return REDEMPTION.markdown(PointsRefusal)


def orders(text: str) -> str:
    """How the loops of the five areas differ: one part of the page in each language."""
    return filled(text, {"en": differences("en"), "zh": differences("zh")})


def points(text: str) -> str:
    """What the points rules that ship say: one part of the page in each language."""
    return filled(text, {"en": rules("en"), "zh": rules("zh")})


def honours(text: str) -> str:
    """What levels and hours entitle to where, and the two lifecycles, in each language."""
    return filled(text, {"en": honoured("en"), "zh": honoured("zh")})


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Put the parts of each language between their marks."""
    return PART.sub(lambda found: f"{found[1]}{parts[found[2]]}{found[3]}", text)


def differences(lang: Lang) -> str:
    loops = [load_loop(name) for name in SEEDS]
    drawn = [
        f"**{loop.place(lang)}**\n\n```mermaid\n{flowchart(loop, lang)}```\n" for loop in loops
    ]
    return "\n".join(["", *drawn, comparison(loops, lang), ""])


def rules(lang: Lang) -> str:
    return f"\n{rules_table([load_rules(name) for name in rules_names()], lang)}\n"


def honoured(lang: Lang) -> str:
    starred = [one for one in map(load_rules, rules_names()) if one.versions[-1].levels]
    parts = ["", rules_table(starred, lang, columns=("keeping",))]
    for lifecycle, refusals in ((STANDING, StandingRefusal), (NOMINATION, NominationRefusal)):
        title = word("lifecycle", lifecycle.name, lang)
        parts += [
            f"**{title[0].upper()}{title[1:]}**",
            f"\n```mermaid\n{lifecycle.mermaid(lang)}```\n",
        ]
        parts += [f"{term(Caption.REFUSALS, lang)}:\n"]
        parts += [f"- `{one.value}`: {term(one, lang)}" for one in refusals]
        parts += [""]
    return "\n".join(parts)


PAGES: dict[str, Callable[[str], str]] = {
    "honours.md": honours,
    "lifecycle.md": lifecycle,
    "redemption.md": redemption,
    "orders.md": orders,
    "points.md": points,
}

if __name__ == "__main__":
    for name, made in PAGES.items():
        page = DOCS / name
        text = page.read_text(encoding="utf-8")
        page.write_text(made(text), encoding="utf-8")
