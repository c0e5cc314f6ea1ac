"""``practice-core points``: which points rules there are, and why a record earns what it earns."""

from __future__ import annotations

import enum
import sys
from json import dumps
from pathlib import Path  # noqa: TC003 - cyclopts reads the signature
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from practice_core.areas import assumed_in, load_record, load_rules, rules_names
from practice_core.cli.console import say, show_words, stdout
from practice_core.experiment import Table
from practice_core.points import award, explain
from practice_core.terms import Lang, term
from practice_core.units import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.areas import Scheme
    from practice_core.points import RuleSet

__all__ = ["Pointing", "points"]

FINDINGS = 1

Flag = Annotated[bool, Parameter(negative="", show_default=False)]

points = App(name="points", help="Say which points rules there are, and explain an award.")


class Pointing(enum.StrEnum):
    """What is said around points rules; the words are in the vocabulary."""

    RULES = "rules"
    NAME = "name"
    PLACE = "place"
    FROM = "from"
    SOURCE = "source"
    TITLE = "title"
    NOT_YET = "not_yet"
    ASSUMED = "assumed"


@points.command
def rules(*, json: Flag = False, lang: Lang = "en") -> None:
    """List the points rules that ship, those of areas among them: each version, with its source.

    Parameters
    ----------
    json
        Print a list of JSON objects instead of a table.
    lang
        Language of the table.
    """
    found = [version for name in rules_names() for version in _versions(load_rules(name))]
    if json:
        sys.stdout.write(_json([_listed(scheme, version) for scheme, version in found]))
        return
    columns = (Pointing.NAME, Pointing.PLACE, Pointing.FROM, Pointing.SOURCE)
    rows = tuple(
        (scheme.id, scheme.place(lang), _date(version), version.source) for scheme, version in found
    )
    table = Table(term(Pointing.RULES, lang), tuple(term(one, lang) for one in columns), rows)
    show_words(stdout(), table)


@points.command(name="explain")
def told(rules: str, record: Path, /, *, json: Flag = False, lang: Lang = "en") -> int:
    """Explain what a record earns, line by line.

    Exit code 0, 1 if no version of the rules was in force, 2 if something is wrong.

    Parameters
    ----------
    rules
        Name of points rules or of an area that ship (points rules lists them), the file of rules of
        your own, or the folder of a county of your own.
    record
        A file that tells of one service or occasion: see docs/points.md.
    json
        Print one JSON object instead.
    lang
        Language.
    """
    scheme = load_rules(rules)
    one, before = load_record(record, scheme.versions[0].offset)
    version = scheme.in_force(one.at)
    if version is None:
        first = scheme.versions[0]
        day = moment(one.at, offset=first.offset).date().isoformat()
        if json:
            sys.stdout.write(_json({"name": scheme.id, "version": None, "at": day}))
        else:
            said = term(Pointing.NOT_YET, lang)
            say(said.format(name=scheme.id, first=_date(first), day=day))
        return FINDINGS
    given = award(version, one, before)
    sentences = explain(version, one, given, lang)
    if json:
        lines = [
            {
                "reason": line.reason.value,
                "minutes": line.minutes,
                "points": line.points,
                "said": said,
            }
            for line, said in zip(given.lines, sentences, strict=False)
        ]
        whole = _listed(scheme, version) | {"points": given.points, "minutes": given.minutes}
        assumed = [key.value for key in assumed_in(scheme, version, given)]
        sys.stdout.write(_json(whole | {"lines": lines, "assumed": assumed}))
        return 0
    title = term(Pointing.TITLE, lang)
    say(title.format(name=scheme.name(lang), place=scheme.place(lang), source=version.source))
    for sentence in sentences:
        say(sentence)
    assumed = [term(key, lang) for key in assumed_in(scheme, version, given)]
    if assumed:
        listed = ("、" if lang == "zh" else "; ").join(assumed)
        say(term(Pointing.ASSUMED, lang).format(keys=listed))
    return 0


def _versions(scheme: Scheme) -> Iterator[tuple[Scheme, RuleSet]]:
    for version in scheme.versions:
        yield scheme, version


def _listed(scheme: Scheme, version: RuleSet) -> dict[str, Any]:
    return {
        "name": scheme.id,
        "name_zh": scheme.name_zh,
        "name_en": scheme.name_en,
        "area": scheme.place_en,
        "area_zh": scheme.place_zh,
        "source": version.source,
        "version": version.version,
        "effective_from": _date(version),
    }


def _date(version: RuleSet) -> str:
    """Give the local day on which a version begins."""
    return moment(version.effective, offset=version.offset).date().isoformat()


def _json(content: object) -> str:
    return dumps(content, indent=2, ensure_ascii=True, allow_nan=False) + "\n"
