"""What loops say, in words: key by key, side by side, and their steps as a diagram."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

from practice_core.areas.calendars import hours_of, working_day
from practice_core.terms import term, word
from practice_core.units import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from practice_core.areas.files import Basis
    from practice_core.areas.loops import Loop
    from practice_core.orders import LoopProfile, Supervised
    from practice_core.terms import Lang
    from practice_core.units import Calendar, Duration

__all__ = ["LoopKey", "LoopWord", "Trait", "comparison", "flowchart", "traits"]

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class LoopKey(enum.StrEnum):
    """What a file may say of a loop beside its steps, in the order in which it is told."""

    CHAIN = "chain"
    MODES = "modes"
    TAKERS = "takers"
    COLLECTS = "collects"
    REVIEW = "review_within_hours"
    ISSUE_DAYS = "issue_days"
    TRIES = "tries"
    OFFER = "offer_open_hours"
    SCHEDULE = "schedule_within_hours"
    DESK = "desk_within_hours"
    SUPERVISED = "supervised"
    PAUSE = "pause_within_days"
    AFTER_PAUSE = "after_pause"
    RATING = "rating_within_days"
    SATISFIED = "satisfied_from"
    DUAL_RATING = "dual_rating"
    CALL_BACK = "call_back"
    REDOS = "redos"
    REDO = "redo_within_working_days"
    REDO_ESCALATES = "redo_escalates"
    SHOWCASE = "showcase_within_days"
    CALENDAR = "calendar"


class LoopWord(enum.StrEnum):
    """Words for what stands under a key."""

    YES = "yes"
    NO = "no"
    NONE = "none"
    ANY = "any"
    HOURS = "hours"
    DAYS = "days"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    WATCHED = "watched"
    WATCHED_OF = "watched_of"
    DAY_OF_MONTH = "day_of_month"
    SCORE = "score"
    SAYS = "says"
    STEPS = "steps"
    SAME = "same"
    PAIR = "pair"
    RESTS_ON = "rests_on"


@attrs.frozen
class Trait:
    """What a loop says under one key.

    Parameters
    ----------
    key
        The key; a loop may say several things under one.
    text
        What it says, in words.
    basis
        What that rests on; None if nothing is said of it.
    """

    key: LoopKey
    text: str
    basis: Basis | None


def traits(loop: Loop, lang: Lang = "en") -> tuple[Trait, ...]:
    """Give what a loop says beside its steps, in words.

    Examples
    --------
    >>> from practice_core.areas import load_loop
    >>> for one in traits(load_loop("hujiamiao")):
    ...     if one.key is LoopKey.SUPERVISED:
    ...         print(one.text, f"({one.basis.kind})")
    contact: 1 h from accepted on (published)
    feedback: 24 h from placed on (published)
    completion: 72 h from placed on, ordinary orders (published)
    """
    return tuple(_traits(loop, lang))


def comparison(loops: Sequence[Loop], lang: Lang = "en") -> str:
    """Write as Markdown how loops differ: a row for each key under which they do.

    Parameters
    ----------
    loops
        One or more.
    lang
        Language of the words.
    """
    said = [_by_key(loop, lang) for loop in loops]
    same = [key for key in LoopKey if len({texts[key] for texts in said}) == 1]
    rows = [
        [term(LoopWord.SAYS, lang), *(f"{loop.place(lang)} `{loop.id}`" for loop in loops)],
        ["---"] * (1 + len(loops)),
        [term(LoopWord.STEPS, lang), *(_steps(loop, lang) for loop in loops)],
    ]
    rows += [
        [term(key, lang), *(texts[key] for texts in said)] for key in LoopKey if key not in same
    ]
    table = "".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n" for row in rows
    )
    alike = "; ".join(f"{term(key, lang)}: {said[0][key]}" for key in same)
    return f"{table}\n{term(LoopWord.SAME, lang).format(same=alike)}\n" if same else table


def flowchart(loop: Loop, lang: Lang = "en") -> str:
    """Draw the public steps of a loop as a Mermaid flowchart, each with who takes it.

    Examples
    --------
    >>> from practice_core.areas import load_loop
    >>> print(flowchart(load_loop("tengzhou")))
    flowchart LR
        s1["people order<br/>requester, proxy"]
        s2["volunteers take the order<br/>team"]
        s3["people rate<br/>requester, proxy"]
        s1 --> s2 --> s3
    <BLANKLINE>
    """
    profile = loop.profile
    lines = ["flowchart LR"]
    for number, step in enumerate(profile.steps, 1):
        roles = _listed((term(role, lang) for role in profile.roles_of(step)), lang)
        said = _quoted(step.name(lang))
        lines.append(f'    s{number}["{said}<br/>{roles}"]')
    lines.append(f"    {' --> '.join(f's{n + 1}' for n in range(len(profile.steps)))}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Give a text as Mermaid takes it between quotation marks."""
    for sign, name in (("#", "35"), ('"', "quot"), ("<", "lt"), (">", "gt")):
        text = text.replace(sign, f"#{name};")
    return text


def _steps(loop: Loop, lang: Lang) -> str:
    return " > ".join(step.name(lang) for step in loop.profile.steps)


def _by_key(loop: Loop, lang: Lang) -> dict[LoopKey, str]:
    """Give what a loop says under each key, with the kind of what it rests on."""
    found: dict[LoopKey, list[str]] = {}
    for one in traits(loop, lang):
        text = one.text
        if one.basis is not None:
            rests_on = term(LoopWord.RESTS_ON, lang)
            text = rests_on.format(text=text, kind=term(one.basis.kind, lang))
        found.setdefault(one.key, []).append(text)
    return {key: "; ".join(texts) for key, texts in found.items()}


def _traits(loop: Loop, lang: Lang) -> Iterator[Trait]:
    said = dict(_texts(loop.profile, lang))
    for key in LoopKey:
        if key is not LoopKey.SUPERVISED:
            yield Trait(key, said[key], loop.basis(_place(key, loop.profile)))
            continue
        watched = loop.profile.supervised
        if not watched:
            yield Trait(key, term(LoopWord.NONE, lang), None)
        for n, one in enumerate(watched):
            unit = "within_working_hours" if one.working else "within_hours"
            yield Trait(key, _watched(one, lang), loop.basis(f"loop.supervised[{n}].{unit}"))


def _place(key: LoopKey, p: LoopProfile) -> str:
    """Give the key of the file whose basis is told."""
    if key is LoopKey.CALENDAR:
        return "calendar.working_weekdays"
    return "loop.pauses" if key is LoopKey.PAUSE and p.pause_within is None else f"loop.{key}"


def _texts(p: LoopProfile, lang: Lang) -> Iterator[tuple[LoopKey, str]]:
    any_, none = term(LoopWord.ANY, lang), term(LoopWord.NONE, lang)
    yield LoopKey.CHAIN, " > ".join(term(desk, lang) for desk in p.chain)
    yield LoopKey.MODES, _listed((term(mode, lang) for mode in p.modes), lang)
    yield LoopKey.TAKERS, _listed((term(level, lang) for level in p.takers), lang) or any_
    days = (term(LoopWord.DAY_OF_MONTH, lang).format(day=day) for day in p.issue_days)
    yield LoopKey.ISSUE_DAYS, _listed(days, lang) or any_
    for key, length in (
        (LoopKey.OFFER, p.offer_open),
        (LoopKey.SCHEDULE, p.schedule_within),
        (LoopKey.DESK, p.desk_within),
        (LoopKey.RATING, p.rating_within),
        (LoopKey.SHOWCASE, p.showcase),
        (LoopKey.PAUSE, p.pause_within),
    ):
        yield key, none if length is None else _lasting(length, key, lang)
    review = p.review_within
    working = term(LoopWord.WORKING_HOURS, lang)
    yield LoopKey.REVIEW, none if review is None else working.format(n=f"{review / HOUR:g}")
    redo = p.redo_within / working_day(p.calendar)
    yield LoopKey.REDO, term(LoopWord.WORKING_DAYS, lang).format(n=f"{redo:g}")
    yield LoopKey.TRIES, str(p.tries)
    yield LoopKey.REDOS, str(p.redos)
    yield LoopKey.SATISFIED, term(LoopWord.SCORE, lang).format(score=p.satisfied_from)
    for key, flag in (
        (LoopKey.COLLECTS, p.collects),
        (LoopKey.DUAL_RATING, p.dual_rating),
        (LoopKey.CALL_BACK, p.call_back),
        (LoopKey.REDO_ESCALATES, p.redo_escalates),
    ):
        yield key, term(LoopWord.YES if flag else LoopWord.NO, lang)
    yield LoopKey.AFTER_PAUSE, term(p.after_pause, lang)
    yield LoopKey.CALENDAR, _open(p.calendar, lang)


def _watched(one: Supervised, lang: Lang) -> str:
    unit = LoopWord.WORKING_HOURS if one.working else LoopWord.HOURS
    said = LoopWord.WATCHED if one.priority is None else LoopWord.WATCHED_OF
    return term(said, lang).format(
        clock=term(one.clock, lang),
        length=term(unit, lang).format(n=f"{one.within / HOUR:g}"),
        since=term(one.since, lang),
        priority="" if one.priority is None else term(one.priority, lang),
    )


def _open(calendar: Calendar, lang: Lang) -> str:
    """Give the working days of a week with their hours."""
    hours: dict[str, list[str]] = {}
    for name, spans in zip(_WEEKDAYS, calendar.week, strict=True):
        open_ = ", ".join(hours_of(spans))
        if open_:
            hours.setdefault(open_, []).append(word("weekday", name, lang))
    return "; ".join(f"{_listed(days, lang)} {open_}" for open_, days in hours.items())


def _lasting(length: Duration, key: LoopKey, lang: Lang) -> str:
    """Give a duration in the unit in which the file gives it."""
    said, unit = (LoopWord.DAYS, DAY) if key.endswith("_days") else (LoopWord.HOURS, HOUR)
    return term(said, lang).format(n=f"{length / unit:g}")


def _listed(parts: Iterable[str], lang: Lang) -> str:
    """Give parts one after another, as the language does it."""
    return ("、" if lang == "zh" else ", ").join(parts)
