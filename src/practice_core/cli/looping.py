"""``practice-core loops`` and ``loop``: how orders run in which place, and by which rules."""

from __future__ import annotations

import enum
import sys
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from practice_core.areas import load_loop, loop_names, traits
from practice_core.cli.console import say, show_words, stdout
from practice_core.experiment import Table
from practice_core.terms import Lang, term, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from practice_core.areas import Basis, Loop

__all__ = ["Looping", "loop", "loops"]

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


class Looping(enum.StrEnum):
    """What is said around loops; the words are in the vocabulary."""

    LOOPS = "loops"
    LOOP = "loop"
    PLACE = "place"
    STEPS = "steps"
    TITLE = "title"
    DOCUMENT = "document"
    STEPS_FOLLOW = "steps_follow"
    STEPS_REST_ON = "steps_rest_on"
    STEP = "step"
    SAYS = "says"
    TRAIT = "trait"
    TRAIT_BASIS = "trait_basis"
    BASIS = "basis"
    BASIS_RANGE = "basis_range"


def loops(*, json: Flag = False, lang: Lang = "en") -> None:
    """List the order loops that ship, each with its place and its public steps.

    Parameters
    ----------
    json
        Print one JSON object instead of a table.
    lang
        Language of the table.
    """
    found = [load_loop(name) for name in loop_names()]
    if json:
        known = ("loop", "name_zh", "name_en", "place_zh", "place_en", "document", "steps")
        listed = [{key: one[key] for key in known} for one in (each.to_dict() for each in found)]
        sys.stdout.write(_json({"loops": listed}))
        return
    rows = tuple((each.id, each.place(lang), _steps(each, lang)) for each in found)
    columns = tuple(term(one, lang) for one in (Looping.LOOP, Looping.PLACE, Looping.STEPS))
    show_words(stdout(), Table(term(Looping.LOOPS, lang), columns, rows))


def loop(name: str, /, *, mermaid: Flag = False, json: Flag = False, lang: Lang = "en") -> None:
    """Show an order loop: who takes which step, how long each may take, and on what that rests.

    Parameters
    ----------
    name
        Name of a loop or an area that ships (the command loops lists them), the file of a loop of
        your own, or the folder of a county of your own.
    mermaid
        Print the diagram of its states instead, as Mermaid.
    json
        Print one JSON object instead: steps, clocks, and who may give which command when.
    lang
        Language.
    """
    found = load_loop(name)
    if json:
        sys.stdout.write(_json(found.to_dict()))
    elif mermaid:
        sys.stdout.write(found.profile.lifecycle.mermaid(lang))
    else:
        for line in _said(found, lang):
            say(line)


def _json(content: Mapping[str, Any]) -> str:
    return dumps(content, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _steps(found: Loop, lang: Lang) -> str:
    return " > ".join(step.name(lang) for step in found.profile.steps)


def _said(found: Loop, lang: Lang) -> Iterator[str]:
    title = term(Looping.TITLE, lang)
    yield title.format(name=found.name(lang), id=found.id, place=found.place(lang))
    yield term(Looping.DOCUMENT, lang).format(document=found.document)
    yield ""
    basis = found.basis("loop.steps")
    if basis is None:
        yield term(Looping.STEPS_FOLLOW, lang)
    else:
        yield term(Looping.STEPS_REST_ON, lang).format(basis=_basis(basis, lang))
    comma = "、" if lang == "zh" else ", "
    for number, step in enumerate(found.profile.steps, 1):
        roles = comma.join(term(role, lang) for role in found.profile.roles_of(step))
        commands = comma.join(word("command", name, lang) for name in step.commands)
        line = term(Looping.STEP, lang)
        yield line.format(number=number, step=step.name(lang), roles=roles, commands=commands)
    yield ""
    yield term(Looping.SAYS, lang)
    for one in traits(found, lang):
        line = term(Looping.TRAIT if one.basis is None else Looping.TRAIT_BASIS, lang)
        rests_on = "" if one.basis is None else _basis(one.basis, lang)
        yield line.format(key=term(one.key, lang), text=one.text, basis=rests_on)


def _basis(basis: Basis, lang: Lang) -> str:
    kind = term(basis.kind, lang)
    if basis.range is None:
        return term(Looping.BASIS, lang).format(kind=kind, source=basis.source)
    low, high = basis.range
    line = term(Looping.BASIS_RANGE, lang)
    return line.format(kind=kind, low=low, high=high, source=basis.source)
