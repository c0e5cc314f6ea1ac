"""``practice-core replay`` and ``export``: what a journal comes to, and as an event log."""

from __future__ import annotations

import enum
import os
import sys
from json import dumps
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotation
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter

from practice_core.cli.console import say, show, stdout
from practice_core.cli.showing import Showing
from practice_core.errors import DefinitionError, Fault, shown
from practice_core.experiment import Table
from practice_core.journal import Checkpoint, iso, open_journal, save_ocel
from practice_core.journal import replay as replayed
from practice_core.simulation import draw_city, load_scenario
from practice_core.terms import Lang, term

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.journal import Credit, Finding, Replay, Unfolded
    from practice_core.journal.stored import StoredJournal
    from practice_core.units import Instant, Minutes

__all__ = ["KEY", "Replaying", "export", "reading", "replay"]

KEY = "PRACTICE_CORE_CHECKPOINT_KEY"
"""The variable that may hold the key of checkpoints."""
FINDINGS = 1
SHOWN = 12
"""More volunteers, or more events that do not fit, are counted and not listed."""

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


class Replaying(enum.StrEnum):
    """What is said around a journal; the words are in the vocabulary."""

    COUNTED = "counted"
    EMPTY = "empty"
    ORDERS = "orders"
    STATE = "state"
    COUNT = "count"
    PEOPLE = "people"
    VOLUNTEERS = "volunteers"
    VOLUNTEER = "volunteer"
    HOURS = "hours"
    POINTS = "points"
    SOUND = "sound"
    CHECKPOINT = "checkpoint"
    NO_CHECKPOINT = "no_checkpoint"
    SIGNED = "signed"
    UNSIGNED = "unsigned"
    UNCHECKED = "unchecked"
    EVENT = "event"
    EVENTS = "events"
    TEXT = "text"
    UNFOLDED = "unfolded"
    EXPORTED = "exported"


def replay(
    journal: str,
    /,
    *,
    since: Path | None = None,
    key_file: Path | None = None,
    json: Flag = False,
    lang: Lang = "en",
) -> int:
    """Verify a journal and let all in it happen again: what it comes to, and what cannot be.

    Nothing is written. Exit code 0 if nothing is found, 1 if something is not as it was appended or
    does not go with what came before, 2 if the journal cannot be read.

    Parameters
    ----------
    journal
        The file of a journal, or a postgresql:// address; leave the password to PGPASSWORD.
    since
        A checkpoint that the journal is to agree with.
    key_file
        A file that holds the key with which the checkpoint must have been signed. Without one, the
        variable PRACTICE_CORE_CHECKPOINT_KEY is asked.
    json
        Print one JSON object instead of tables.
    lang
        Language.
    """
    checkpoint = None if since is None else Checkpoint.load(since)
    key = _key(checkpoint, key_file)
    with reading(journal) as opened:
        found = replayed(opened, since=checkpoint, key=key)
    if json:
        sys.stdout.write(dumps(_data(found), indent=2, ensure_ascii=True, allow_nan=False) + "\n")
    else:
        _show(found, lang)
        for line in (*_findings(found, lang), *_proof(found, checkpoint, key, lang)):
            say(line)
    return 0 if found.is_sound else FINDINGS


def export(journal: str, /, *, ocel: Path, area: str | None = None, lang: Lang = "en") -> None:
    """Write a journal as an object-centric event log, which process miners read.

    Parameters
    ----------
    journal
        The file of a journal, or a postgresql:// address; leave the password to PGPASSWORD.
    ocel
        A new file, for OCEL 2.0 in its JSON form.
    area
        Name of an area, or the folder of one of your own: names and positions of its sites, and
        its teams unless they are made up, are written too.
    lang
        Language of what is said.
    """
    if ocel.exists():
        fault = Fault("--ocel", f"{ocel} exists", "a new file", "name another or remove it")
        raise DefinitionError("export", [fault])
    with reading(journal) as opened:
        scenario = None if area is None else load_scenario(area)
        city = None if scenario is None else draw_city(scenario, 0, 0)
        known = scenario is not None and not scenario.area.made_up["teams"]
        counts = save_ocel(
            ocel,
            (recorded.event for recorded in opened.read()),
            sites=city.hierarchy if city else (),
            teams=city.teams if city and known else (),
        )
    said = term(Replaying.EXPORTED, lang)
    say(said.format(file=ocel, events=counts["events"], objects=counts["objects"]))


def reading(journal: str) -> StoredJournal:
    """Open a journal that is there, only to read it."""
    try:
        return open_journal(journal, read_only=True)
    except ImportError as error:  # the extra for PostgreSQL
        fault = Fault("JOURNAL", "a postgresql:// address", "what it needs installed", str(error))
        raise DefinitionError("journal", [fault]) from error


def _key(checkpoint: Checkpoint | None, file: Path | None) -> bytes | None:
    """Give the key, which is never an argument: others on the machine could read it."""
    if file is None:
        return os.fsencode(os.environ.get(KEY, "")) or None
    key = file.read_bytes()
    faults = []
    if checkpoint is None:
        faults.append(Fault("--key-file", "without --since", "a checkpoint", "add --since"))
    if not key.strip():
        faults.append(Fault("--key-file", f"{file} is empty", "a key", "name another"))
    if faults:
        raise DefinitionError("replay", faults)
    # An editor ends a file with a line's end, which is no part of the key.
    bare = key.rstrip(b"\r\n")
    return bare if checkpoint and checkpoint.is_signed(bare) else key


# ------------------------------------------------------------------ as data


def _data(found: Replay) -> dict[str, Any]:
    return {
        "events": found.events,
        "commands": found.commands,
        "first": _moment(found.first),
        "last": _moment(found.last),
        "orders": {state.value: count for state, count in found.orders.items()},
        "teams": found.teams,
        "volunteers": [attrs.asdict(one) for one in found.volunteers],
        "findings": [attrs.asdict(one) for one in found.findings],
        "unfolded": [attrs.asdict(one) for one in found.unfolded],
    }


def _moment(at: Instant | None) -> str | None:
    if at is None:
        return None
    try:
        return iso(at)
    except OverflowError:  # a journal holds whatever number it was given
        return f"{at} ms"


# ------------------------------------------------------------------ as words


def _show(found: Replay, lang: Lang) -> None:
    counted = term(Replaying.COUNTED if found.events else Replaying.EMPTY, lang)
    first, last = _moment(found.first), _moment(found.last)
    say(counted.format(events=found.events, commands=found.commands, first=first, last=last))
    if found.orders:
        rows = tuple((term(state, lang), str(count)) for state, count in found.orders.items())
        columns = (term(Replaying.STATE, lang), term(Replaying.COUNT, lang))
        say("")
        show(stdout(), Table(term(Replaying.ORDERS, lang), columns, rows))
    if found.teams or found.volunteers:
        minutes = sum(one.minutes for one in found.volunteers)
        say(
            term(Replaying.PEOPLE, lang).format(
                teams=found.teams,
                volunteers=len(found.volunteers),
                hours=_hours(minutes),
                points=sum(one.points for one in found.volunteers),
            )
        )
    if found.volunteers:
        _show_volunteers(sorted(found.volunteers, key=_most_first), lang)
    say("")


def _show_volunteers(volunteers: list[Credit], lang: Lang) -> None:
    rows = tuple(
        (shown(one.volunteer), _hours(one.minutes), str(one.points)) for one in volunteers[:SHOWN]
    )
    heads = (Replaying.VOLUNTEER, Replaying.HOURS, Replaying.POINTS)
    columns = tuple(term(head, lang) for head in heads)
    show(stdout(), Table(term(Replaying.VOLUNTEERS, lang), columns, rows))
    if len(volunteers) > SHOWN:
        say(term(Showing.MORE, lang).format(count=len(volunteers) - SHOWN))


def _most_first(one: Credit) -> tuple[int, int, str]:
    return -one.minutes, -one.points, one.volunteer


def _hours(minutes: Minutes) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


def _findings(found: Replay, lang: Lang) -> Iterator[str]:
    for one in found.findings:
        yield _finding(one, lang)
    for each in found.unfolded[:SHOWN]:
        yield _unfolded(each, lang)
    if len(found.unfolded) > SHOWN:
        yield term(Showing.MORE, lang).format(count=len(found.unfolded) - SHOWN)


def _finding(one: Finding, lang: Lang) -> str:
    said = Replaying.TEXT if one.text else Replaying.EVENTS
    if one.text is None and one.first == one.last:
        said = Replaying.EVENT
    what, text = term(one.kind, lang), shown(one.text or "")
    return term(said, lang).format(what=what, first=one.first, last=one.last, text=text)


def _unfolded(one: Unfolded, lang: Lang) -> str:
    return term(Replaying.UNFOLDED, lang).format(
        what=term(one.kind, lang), position=one.position, stream=shown(one.stream), why=one.why
    )


def _proof(
    found: Replay, checkpoint: Checkpoint | None, key: bytes | None, lang: Lang
) -> Iterator[str]:
    """Say what it proves that nothing was found."""
    if not found.is_sound:
        return
    yield term(Replaying.SOUND, lang)
    if checkpoint is None:
        yield term(Replaying.NO_CHECKPOINT, lang)
        return
    yield term(Replaying.CHECKPOINT, lang).format(length=checkpoint.length)
    if key is not None:
        yield term(Replaying.SIGNED, lang)
    else:
        yield term(Replaying.UNSIGNED if checkpoint.mac is None else Replaying.UNCHECKED, lang)
