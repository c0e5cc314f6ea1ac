"""Order loops as data: what a file may say of one, and those that ship.

A loop stands in the section ``[loop]`` of an area's ``area.toml``, or in a file of its own that
also says whose it is. Every number says what it rests on; a choice, such as how orders get to a
team, may say it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from practice_core.areas.calendars import (
    USUAL,
    CalendarFile,
    calendar_of,
    plain_calendar,
    working_day,
)
from practice_core.areas.files import (
    Basis,
    BasisKind,
    beside,
    name_faults,
    read,
    shipped,
    structure,
    text_faults,
)
from practice_core.areas.local import Head
from practice_core.areas.tables import summed_up
from practice_core.errors import Fault, attempt
from practice_core.hierarchy import Level
from practice_core.lifecycle import AfterPause
from practice_core.orders import (
    Clock,
    Desk,
    LoopProfile,
    Mode,
    OrderState,
    Priority,
    Step,
    Supervised,
)
from practice_core.units import DAY, HOUR, is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    from practice_core.units import Calendar, Duration

__all__ = ["Loop", "LoopFile", "hours", "loop_files", "profile_of", "read_loop"]

_CLOCKS = {
    "review_within_hours": ("review_within", HOUR, 8_760),
    "offer_open_hours": ("offer_open", HOUR, 8_760),
    "schedule_within_hours": ("schedule_within", HOUR, 8_760),
    "desk_within_hours": ("desk_within", HOUR, 8_760),
    "rating_within_days": ("rating_within", DAY, 366),
    "showcase_within_days": ("showcase", DAY, 366),
    "pause_within_days": ("pause_within", DAY, 366),
}
"""What a file calls a clock: the field of the profile, the unit, the most."""
_COUNTS = {
    "tries": (1, 1_000),
    "satisfied_from": (1, 5),
    "redos": (0, 100),
    "redo_within_working_days": (1, 366),
}
_LENGTHS = {
    "chain": len(Desk),
    "modes": len(Mode),
    "takers": len(Level),
    "issue_days": 28,
    "supervised": len(Clock) * (1 + len(Priority)),
    "steps": 40,
}
"""The most parts of each list: reading stays short, and so does what is said of it."""
_MOST_COMMANDS = 40
_LONGEST_HOURS = 8_760
_UNSAID = {
    "calendar.working_weekdays": Basis(BasisKind.ASSUMED, "the file says nothing"),
    "loop.pause_within_days": Basis(BasisKind.ASSUMED, "the file says nothing: the usual"),
}
"""What the usual rests on, where a file leaves something out that every loop has."""


@attrs.frozen
class _SupervisedFile:
    clock: Clock
    since: OrderState
    within_hours: float | None = None
    within_working_hours: float | None = None
    priority: Priority | None = None


@attrs.frozen
class LoopFile:
    """The section ``[loop]`` of a file; a clock that it leaves out does not run.

    What each key means is said with the fields of `LoopProfile`.
    """

    name: str
    chain: list[Desk]
    tries: int
    offer_open_hours: float
    schedule_within_hours: float
    rating_within_days: float
    satisfied_from: int
    redos: int
    redo_within_working_days: int
    steps: list[Step]
    review_within_hours: float | None = None
    desk_within_hours: float | None = None
    showcase_within_days: float | None = None
    collects: bool = True
    modes: list[Mode] = attrs.field(factory=lambda: list(Mode))
    takers: list[Level] = attrs.field(factory=list)
    issue_days: list[int] = attrs.field(factory=list)
    supervised: list[_SupervisedFile] = attrs.field(factory=list)
    dual_rating: bool = False
    call_back: bool = False
    redo_escalates: bool = False
    pauses: bool = True
    pause_within_days: float | None = None
    after_pause: AfterPause = AfterPause.REMAINING


@attrs.frozen
class _File:
    name_zh: str
    name_en: str
    place_zh: str
    place_en: str
    document: str
    loop: LoopFile
    calendar: CalendarFile | None = None


@attrs.frozen(kw_only=True)
class Loop(Head):
    """A local loop: whose it is, what publishes it, and its law.

    Parameters
    ----------
    profile
        Its law.
    bases
        What its numbers and choices rest on, by dotted key.
    """

    profile: LoopProfile
    bases: Mapping[str, Basis] = attrs.field(repr=False)

    def basis(self, key: str) -> Basis | None:
        """Give what a dotted key of its file rests on, as far as that is said.

        What the file leaves out but every loop has, such as a calendar, is the usual and assumed.
        """
        return self.bases.get(key, _UNSAID.get(key))

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data, for a program in whatever language.

        Returns
        -------
        dict
            What the loop says, its clocks in hours (None: there is no such clock); then what its
            narrowed lifecycle gives as plain data: see `Lifecycle.to_dict`.
        """
        profile = self.profile
        law = {
            "loop": self.id,
            "name_zh": self.name_zh,
            "name_en": self.name_en,
            "place_zh": self.place_zh,
            "place_en": self.place_en,
            "document": self.document,
            "steps": [
                {
                    "zh": step.zh,
                    "en": step.en,
                    "commands": list(step.commands),
                    "by": [role.value for role in profile.roles_of(step)],
                }
                for step in profile.steps
            ],
            "chain": [desk.value for desk in profile.chain],
            "modes": [mode.value for mode in profile.modes],
            "takers": [level.value for level in profile.takers],
            "issue_days": list(profile.issue_days),
            "tries": profile.tries,
            "redos": profile.redos,
            "satisfied_from": profile.satisfied_from,
            "collects": profile.collects,
            "dual_rating": profile.dual_rating,
            "call_back": profile.call_back,
            "redo_escalates": profile.redo_escalates,
            "after_pause": profile.after_pause.value,
            "calendar": plain_calendar(profile.calendar),
            "clocks": {
                "review": _clock(profile.review_within, working=True),
                "offer": _clock(profile.offer_open),
                "schedule": _clock(profile.schedule_within),
                "desk": _clock(profile.desk_within),
                "rating": _clock(profile.rating_within),
                "redo": _clock(profile.redo_within, working=True),
                "showcase": _clock(profile.showcase),
                "pause": _clock(profile.pause_within),
            },
            "supervised": [
                {
                    "clock": one.clock.value,
                    "since": one.since.value,
                    "priority": None if one.priority is None else one.priority.value,
                    "hours": hours(one.within),
                    "working": one.working,
                }
                for one in profile.supervised
            ],
            "bases": {
                key: {
                    "basis": basis.kind.value,
                    "source": basis.source,
                    "range": None if basis.range is None else list(basis.range),
                }
                for key, basis in sorted(self.bases.items())
            },
        }
        return law | profile.lifecycle.to_dict()


def loop_files() -> Mapping[str, Traversable]:
    """Give the files of the loops that ship outside an area, by name."""
    return shipped("loops")


def read_loop(raw: bytes, name: str) -> Loop:
    """Read a loop that has a file of its own.

    Parameters
    ----------
    raw
        The bytes of the file.
    name
        Of the file, for messages.

    Raises
    ------
    DefinitionError
        With every fault of the file, each at its line or key: the first 20 and how many more.
    """
    bare: list[Fault] = []
    values, bases = read(raw, name, bare)
    others: list[Fault] = []
    file = attempt(others, structure, values, _File, name)
    profile = None
    if file is not None:
        others += name_faults(file, "what publishes the loop, or that it is your own")
        usual = USUAL if file.calendar is None else attempt(others, calendar_of, file.calendar)
        # What is wrong with the loop can be said without the right calendar.
        profile = attempt(others, profile_of, file.loop, usual or USUAL)
    found = beside(bare, others)
    if file is None or profile is None or found:
        raise summed_up(name, [fault.inside(name) for fault in found])
    return Loop(
        id=profile.name,
        name_zh=file.name_zh,
        name_en=file.name_en,
        place_zh=file.place_zh,
        place_en=file.place_en,
        document=file.document,
        profile=profile,
        bases=bases,
    )


def profile_of(found: LoopFile, calendar: Calendar) -> LoopProfile:
    """Build a profile from what a file says of it.

    Raises
    ------
    DefinitionError
        With every fault, each at its key: the first 20 and how many more.
    """
    faults = [*_number_faults(found), *_supervised_faults(found)]
    numbers = [fault.place for fault in faults]
    faults += _word_faults(found)
    too_long = list(_length_faults(found))
    if too_long:  # what is far too long is not looked into
        raise summed_up("loop", [*faults, *too_long])
    lengths: dict[str, Any] = {
        field: None if (count := getattr(found, key)) is None else round(count * unit)
        for key, (field, unit, _) in _CLOCKS.items()
    }
    if found.pauses and lengths["pause_within"] is None:
        del lengths["pause_within"]  # the usual
    others: list[Fault] = []
    profile = attempt(
        others,
        LoopProfile,
        name="loop",
        steps=tuple(found.steps),
        calendar=calendar,
        chain=tuple(found.chain),
        tries=found.tries,
        satisfied_from=found.satisfied_from,
        redos=found.redos,
        redo_within=found.redo_within_working_days * working_day(calendar),
        collects=found.collects,
        modes=tuple(found.modes),
        takers=tuple(found.takers),
        issue_days=tuple(found.issue_days),
        supervised=tuple(map(_supervised, found.supervised)),
        dual_rating=found.dual_rating,
        call_back=found.call_back,
        redo_escalates=found.redo_escalates,
        after_pause=found.after_pause,
        **lengths,
    )
    # The same number has the key of the file here and the profile's own, a part of it, there.
    faults += [fault for fault in others if not any(key.startswith(fault.place) for key in numbers)]
    if profile is None or faults:
        raise summed_up("loop", faults)
    return attrs.evolve(profile, name=found.name)


def hours(length: Duration) -> float:
    """Give a duration in hours, whole if it is.

    >>> hours(90 * 60_000), hours(7_200_000)
    (1.5, 2)
    """
    return length / HOUR if length % HOUR else length // HOUR


def _clock(length: Duration | None, *, working: bool = False) -> dict[str, Any] | None:
    return None if length is None else {"hours": hours(length), "working": working}


def _supervised(found: _SupervisedFile) -> Supervised:
    working = found.within_working_hours is not None
    within = found.within_working_hours if working else found.within_hours
    length = round((within or 0) * HOUR)
    return Supervised(found.clock, found.since, length, working, found.priority)


def _number_faults(found: LoopFile) -> Iterator[Fault]:
    """Find numbers of a loop that are impossible, or a slip of the pen."""
    for key, (_, unit, most) in _CLOCKS.items():
        length = getattr(found, key)
        if length is not None and not (round(length * unit) > 0 and length <= most):
            expected = f"more than 0 and at most {most:,}"
            yield Fault(f"loop.{key}", repr(length), expected, f"change {key}")
    for key, (least, most) in _COUNTS.items():
        count = getattr(found, key)
        if not least <= count <= most:
            yield Fault(f"loop.{key}", repr(count), f"{least} to {most:,}", f"change {key}")
    if found.pause_within_days is not None and not found.pauses:
        key, expected = "loop.pause_within_days", "pauses, or no longest one"
        yield Fault(key, "a longest pause, and no pauses", expected, "drop one of the two")


def _supervised_faults(found: LoopFile) -> Iterator[Fault]:
    for n, one in enumerate(found.supervised):
        given = {
            "within_hours": one.within_hours,
            "within_working_hours": one.within_working_hours,
        }
        lengths = {key: length for key, length in given.items() if length is not None}
        if len(lengths) != 1:
            stands = "both of them" if lengths else "nothing"
            key, expected = f"loop.supervised[{n}].within_hours", "one of " + ", ".join(given)
            yield Fault(key, stands, expected, "give one of the two")
        for key, length in lengths.items():
            if not (round(length * HOUR) > 0 and length <= _LONGEST_HOURS):
                expected = f"more than 0 and at most {_LONGEST_HOURS:,}"
                place = f"loop.supervised[{n}].{key}"
                yield Fault(place, repr(length), expected, f"change {key}")


def _word_faults(found: LoopFile) -> Iterator[Fault]:
    if not is_identifier(found.name):
        expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
        yield Fault("loop.name", repr(found.name), expected, "rename it")
    for n, step in enumerate(found.steps[: _LENGTHS["steps"]]):
        for key in ("zh", "en"):
            yield from text_faults(f"loop.steps[{n}].{key}", getattr(step, key))


def _length_faults(found: LoopFile) -> Iterator[Fault]:
    lists = {f"loop.{key}": (getattr(found, key), most) for key, most in _LENGTHS.items()}
    lists |= {
        f"loop.steps[{n}].commands": (step.commands, _MOST_COMMANDS)
        for n, step in enumerate(found.steps)
    }
    for key, (parts, most) in lists.items():
        if len(parts) > most:
            remedy = f"shorten {key.rpartition('.')[2]}"
            yield Fault(key, f"{len(parts)} parts", f"at most {most}", remedy)
