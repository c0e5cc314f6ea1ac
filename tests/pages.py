"""The pages of docs that the code gives, whole or in part; to write them anew: make pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from practice_core.areas import (
    BasisKind,
    comparison,
    corps_names,
    flowchart,
    load_corps,
    load_loop,
    load_rules,
    rules_names,
    rules_table,
)
from practice_core.hierarchy import Level
from practice_core.honours import NOMINATION, NominationRefusal
from practice_core.lifecycle import Caption
from practice_core.orders import ORDER, Refusal
from practice_core.points.accounts import REDEMPTION, PointsRefusal
from practice_core.simulation import load_scenario
from practice_core.terms import term, word
from practice_core.volunteers.standing import STANDING, StandingRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from practice_core.simulation import Scenario
    from practice_core.terms import Lang

DOCS = Path(__file__).resolve().parent.parent / "docs"
YES, NO = {"en": "yes", "zh": "是"}, {"en": "no", "zh": "否"}
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


def areas(text: str) -> str:
    """What the five areas say, and what it rests on: one part of the page in each language."""
    return filled(text, {lang: sided(lang) for lang in ("en", "zh")})


def sided(lang: Lang) -> str:  # noqa: C901 - one small function for each kind of cell
    """A column for each area; a star marks what is not published."""
    scenarios = {name: load_scenario(name) for name in SEEDS}
    comma = "、" if lang == "zh" else ", "

    def row(said: tuple[str, str], cells: Iterable[str]) -> str:
        return f"| {said[lang == 'zh']} | {' | '.join(cells)} |"

    def number(scenario: Scenario, key: str) -> str:
        area = scenario.area
        bases = scenario.bases if key in scenario.bases else area.bases
        found: Any = scenario.values if key in scenario.bases else area.values
        for part in key.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None:
            return "0" if key.startswith("network.") else "-"
        return f"{found:,}{'' if bases[key].kind is BasisKind.PUBLISHED else '*'}"

    def specials(scenario: Scenario) -> str:
        told = [
            f"{term(one.kind, lang)} {number(scenario, f'special.{one.kind}.count')}"
            for one in scenario.area.special
        ]
        return comma.join(told) or "-"

    def ties(scenario: Scenario) -> str:
        found = Counter(one.kind for one in scenario.area.relations)
        return comma.join(f"{term(kind, lang)} {count}" for kind, count in found.items()) or "-"

    def corps(scenario: Scenario) -> str:
        name = scenario.area.id
        return load_corps(name).says.pattern if name in corps_names() else "-"

    def modes(scenario: Scenario) -> str:
        return comma.join(term(mode, lang) for mode in scenario.area.profile.modes)

    def what_if(scenario: Scenario) -> str:
        return YES[lang] if scenario.is_conditional else NO[lang]

    def yearly(section: str) -> Callable[[Scenario], str]:
        return lambda one: number(one, f"{section}.per_year")

    held = list(scenarios.values())
    names = [one.area.name_zh if lang == "zh" else one.area.name_en for one in held]
    lines = [row(("", ""), names), f"|---{'|---' * len(held)}|"]
    lines += [
        row((term(one, "en"), term(one, "zh")), [number(each, f"network.{one}") for each in held])
        for one in Level
    ]
    told = (
        ("other sites", "其他阵地", specials),
        ("relations", "关系", ties),
        ("corps", "队伍体系", corps),
        ("how orders reach teams", "派单方式", modes),
        ("teams", "队伍数", lambda one: number(one, "teams.count")),
        (
            "residents' orders a year",
            "居民点单（每年）",
            yearly("resident"),
        ),
        (
            "sites' requests a year",
            "阵地点单（每年）",
            yearly("site_request"),
        ),
        (
            "own activities a year",
            "自办活动（每年）",
            yearly("own_activity"),
        ),
        ("points rules", "积分规则", lambda one: f"`{one.area.rules.id}`"),
        ("a conditional what-if", "条件性推演", what_if),
    )
    lines += [row((en, zh), map(say, held)) for en, zh, say in told]
    return "\n" + "\n".join(lines) + "\n\n"


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
    "areas.md": areas,
    "orders.md": orders,
    "points.md": points,
}

if __name__ == "__main__":
    for name, made in PAGES.items():
        page = DOCS / name
        text = page.read_text(encoding="utf-8")
        page.write_text(made(text), encoding="utf-8")
