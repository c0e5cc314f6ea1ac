"""What can go wrong, as types: one root, a definition-time and a run-time branch.

Every class carries its data as attributes, so that a program can act on it without reading the
message, and is also a built-in exception type, so that code which knows nothing of this package
catches it in the usual way.

Examples
--------
>>> fault = Fault(
...     "sites.csv:3", "station without institute", "a parent that exists", "add the parent"
... )
>>> try:
...     raise DefinitionError("sites.csv", [fault])
... except ValueError as error:
...     print(error)
sites.csv: 1 fault
  sites.csv:3: station without institute; expected a parent that exists; add the parent
"""

from __future__ import annotations

import difflib
import unicodedata
from bisect import bisect
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "DefinitionError",
    "Fault",
    "ImpossibleEvent",
    "OperationError",
    "PracticeError",
    "UnknownName",
    "UnlawfulCommand",
    "attempt",
    "did_you_mean",
    "shown",
]

P = ParamSpec("P")
T = TypeVar("T")

_LISTED = 20
"""A message lists no more names than a person will read."""
_NEIGHBOURS = 500


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Give the question whether one of the nearest known names was meant; empty if none is near.

    Parameters
    ----------
    name
        As given.
    known
        What would have been found, sorted.

    Examples
    --------
    >>> did_you_mean("stations", ["institute", "station"])
    "did you mean 'station'? "
    >>> did_you_mean("fish", ["institute", "station"])
    ''
    """
    # Comparing with all of a county's sites would take a second: names spelt alike stand near.
    place = bisect(known, name)
    spelt_alike = known[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS]
    near = [repr(one) for one in difflib.get_close_matches(name, spelt_alike, n=3)]
    return f"did you mean {', '.join(near)}? " if near else ""


def shown(text: str) -> str:
    r"""Give a text with everything escaped that a terminal would obey or no eye could see.

    Examples
    --------
    >>> print(shown("red \x1b[31m, two\nlines, \u202e, 清水\u3000县"))
    red \x1b[31m, two\nlines, \u202e, 清水　县
    """
    return "".join([sign if _is_seen(sign) else _escaped(sign) for sign in text])


def _is_seen(sign: str) -> bool:
    return sign.isprintable() or unicodedata.category(sign) == "Zs"


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode()


class PracticeError(Exception):
    """Root of every error this package raises on purpose."""


@attrs.frozen
class Fault:
    """One thing wrong with something a person wrote.

    Parameters
    ----------
    place
        Where: file and line, or a dotted key.
    found
        What stands there.
    expected
        What should stand there.
    remedy
        What to do about it.
    many
        How many faults it stands for: more than one if it only counts those that are not listed.
    """

    place: str
    found: str
    expected: str
    remedy: str
    many: int = 1

    def inside(self, file: str) -> Fault:
        """Give it with its place in a file, unless that is said already."""
        if self.place.startswith(file):
            return self
        return attrs.evolve(self, place=f"{file}: {self.place}")

    def __str__(self) -> str:
        expected = f"; expected {self.expected}" if self.expected else ""
        return shown(f"{self.place}: {self.found}{expected}; {self.remedy}")


class DefinitionError(PracticeError, ValueError):
    """A file or a definition is wrong; every fault is listed, nothing was built.

    Attributes
    ----------
    subject : str
        What was being defined.
    faults : tuple of Fault
        All that is wrong with it, in the order found.
    """

    def __init__(self, subject: str, faults: Sequence[Fault]) -> None:
        self.subject = subject
        self.faults = tuple(faults)
        count = sum(fault.many for fault in self.faults)
        head = f"{shown(subject)}: {count} fault{'' if count == 1 else 's'}"
        super().__init__("\n  ".join([head, *map(str, self.faults)]))

    def __reduce__(self) -> tuple[type[DefinitionError], tuple[str, tuple[Fault, ...]]]:
        return type(self), (self.subject, self.faults)


def attempt(
    faults: list[Fault], build: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T | None:
    """Build something, or gather what is wrong with it beside what is wrong with other things.

    Parameters
    ----------
    faults
        Takes the faults, if there are any.
    build
        Called with the rest of the arguments.

    Returns
    -------
    object
        What was built; None if `DefinitionError` was raised.

    Examples
    --------
    >>> from practice_core.units import clock
    >>> faults: list[Fault] = []
    >>> attempt(faults, clock, "25:00"), len(faults)
    (None, 1)
    """
    try:
        return build(*args, **kwargs)
    except DefinitionError as error:
        faults.extend(error.faults)
        return None


class UnknownName(PracticeError, LookupError):
    """A name that nothing here answers to; the nearest known ones are offered.

    The message lists what is known if that is short, and else says how much it is.

    Attributes
    ----------
    kind : str
        What was looked for, such as ``"area"``.
    name : str
        The name as given.
    known : tuple of str
        Every name that would have been found, sorted.

    Examples
    --------
    >>> print(UnknownName("area", "wujang", ["taicang", "wujiang"]))
    no area named 'wujang'; did you mean 'wujiang'? known: taicang, wujiang
    >>> print(UnknownName("site", "hall", ["halls", *(f"st-{n}" for n in range(999))]))
    no site named 'hall'; did you mean 'halls'? 1000 are known
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(sorted(known))
        said = f"no {kind} named {name!r}; {did_you_mean(name, self.known)}{self._listed()}"
        super().__init__(shown(said))

    def _listed(self) -> str:
        if len(self.known) > _LISTED:
            return f"{len(self.known)} are known"
        return f"known: {', '.join(self.known)}"

    def __reduce__(self) -> tuple[type[UnknownName], tuple[str, str, tuple[str, ...]]]:
        return type(self), (self.kind, self.name, self.known)


class OperationError(PracticeError, RuntimeError):
    """Something that cannot happen was asked to happen: a defect in the calling program."""


class ImpossibleEvent(OperationError):
    """An event that its lifecycle has no edge for in the present state.

    Attributes
    ----------
    lifecycle : str
        Name of the lifecycle.
    state : str
        The state in which the event arrived.
    event : str
        Name of the event's class.
    """

    def __init__(self, lifecycle: str, state: str, event: str) -> None:
        self.lifecycle = lifecycle
        self.state = state
        self.event = event
        super().__init__(f"{lifecycle}: no edge for {event} in state {state}")

    def __reduce__(self) -> tuple[type[ImpossibleEvent], tuple[str, str, str]]:
        return type(self), (self.lifecycle, self.state, self.event)


class UnlawfulCommand(OperationError):
    """A command that the law of the loop refuses, given by a program that should know better.

    Attributes
    ----------
    order : str
        The order it was given to.
    command : str
        The class of the command.
    why : str
        What forbids it.
    """

    def __init__(self, order: str, command: str, why: str) -> None:
        self.order = order
        self.command = command
        self.why = why
        super().__init__(f"order {order}: {command}: {why}")

    def __reduce__(self) -> tuple[type[UnlawfulCommand], tuple[str, str, str]]:
        return type(self), (self.order, self.command, self.why)
