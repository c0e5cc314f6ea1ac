"""One small engine for everything that moves through states: a lifecycle is data.

*Edges* say where an event leads; they are all that replaying needs. *Rules* say from which states
and for which roles a command may be given and which events it may yield; they are all that
deciding needs. From the two come the diagram, "what may this actor do now", the shortest walk to
every state, and the conformance machine of `practice_core.testing`. This room knows no order and
no clock.

Examples
--------
>>> import enum
>>> class Door(enum.StrEnum):
...     OPEN = "open"
...     SHUT = "shut"
>>> class Shut:
...     kind = "door.shut"
>>> class Close: ...
>>> door = Lifecycle(
...     name="door",
...     initial=Door.OPEN,
...     final=frozenset({Door.SHUT}),
...     edges=(Edge(Door.OPEN, Shut, Door.SHUT),),
...     rules=(Rule(Close, frozenset({Door.OPEN}), frozenset({Role.OFFICER}), frozenset({Shut})),),
... )
>>> [command.__name__ for command in door.allowed(Door.OPEN, Role.OFFICER)]
['Close']
>>> door.allowed(Door.OPEN, Role.TEAM)
()
>>> [event.kind for event in door.walks()[Door.SHUT]]
['door.shut']
"""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_type_hints

import attrs

from practice_core.errors import DefinitionError, Fault, ImpossibleEvent
from practice_core.terms import Lang, term, word
from practice_core.units import value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from practice_core.units import ActorId, Instant, SiteId, TeamId

__all__ = [
    "Actor",
    "AfterPause",
    "Caption",
    "Edge",
    "Lifecycle",
    "Refused",
    "Role",
    "Rule",
    "arguments",
    "resumed",
    "signature",
]

S = TypeVar("S", bound=enum.StrEnum)


class Role(enum.StrEnum):
    """Who gives a command."""

    REQUESTER = "requester"
    PROXY = "proxy"
    OFFICER = "officer"
    TEAM = "team"
    SYSTEM = "system"
    VOLUNTEER = "volunteer"


@value
class Actor:
    """Who acts: a role, and the site or team it is held for.

    Parameters
    ----------
    id
        The person or program.
    role
        In which role.
    site
        The site an officer works for.
    team
        The team a team member answers for.
    """

    id: ActorId
    role: Role
    site: SiteId | None = None
    team: TeamId | None = None


@value
class Refused:
    """A command that was not carried out; nothing changed.

    Parameters
    ----------
    command
        Its class.
    reason
        The first refusal that applies.
    """

    command: type
    reason: enum.StrEnum


class AfterPause(enum.StrEnum):
    """What becomes of a clock that was running when a pause began."""

    DEADLINE = "deadline"
    """It runs out when it would have run out: the pause is its own fault."""
    REMAINING = "remaining"
    """It has as much time left as it had."""
    RESTART = "restart"
    """It begins anew."""


class Caption(enum.StrEnum):
    """What stands around the tables of a lifecycle's page."""

    GENERATED = "generated"
    EDGES = "edges"
    RULES = "rules"
    STATE = "state"
    EVENT = "event"
    NEXT_STATE = "next_state"
    COMMAND = "command"
    ROLES = "roles"
    STATES = "states"
    OUTCOMES = "outcomes"
    ARGUMENTS = "arguments"
    EVENTS = "events"
    FIRST = "first"
    KIND = "kind"
    FIELDS = "fields"
    TYPES = "types"
    LISTS = "lists"
    LIST = "list"
    VALUES = "values"
    REFUSALS = "refusals"
    REFUSAL = "refusal"
    MEANING = "meaning"


@attrs.frozen
class Edge(Generic[S]):
    """In state `source` an event of class `event` leads to state `target`."""

    source: S
    event: type
    target: S


@attrs.frozen
class Rule(Generic[S]):
    """Who may give `command` in which states, and the events it may yield."""

    command: type
    sources: frozenset[S]
    roles: frozenset[Role]
    outcomes: frozenset[type]


@attrs.frozen(eq=False)
class Lifecycle(Generic[S]):
    """A checked definition: no unreachable state, no dead end, no undeclared outcome.

    Parameters
    ----------
    name
        For messages and titles.
    initial
        The state before the first event.
    final
        States without a way out; from every other state at least one is reachable.
    edges
        At most one per (source, event).
    rules
        One per command.
    lacks
        States of the enum that this local form does not know.
    passed
        States in which nobody acts: what leads to them leads on at once.

    Raises
    ------
    DefinitionError
        With every fault of the definition.
    """

    name: str
    initial: S
    final: frozenset[S]
    edges: tuple[Edge[S], ...]
    rules: tuple[Rule[S], ...]
    lacks: frozenset[S] = frozenset()
    passed: frozenset[S] = frozenset()
    table: Mapping[S, Mapping[type, S]] = attrs.field(init=False, repr=False)
    rule_of: Mapping[type, Rule[S]] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        nested: dict[S, dict[type, S]] = {state: {} for state in type(self.initial)}
        for edge in self.edges:
            nested[edge.source][edge.event] = edge.target
        object.__setattr__(self, "table", MappingProxyType(nested))
        rules = {rule.command: rule for rule in self.rules}
        object.__setattr__(self, "rule_of", MappingProxyType(rules))
        faults = tuple(self._faults())
        if faults:
            subject = f"lifecycle {self.name}"
            raise DefinitionError(subject, faults)

    @property
    def states(self) -> tuple[S, ...]:
        """The states, in their order."""
        return tuple(state for state in type(self.initial) if state not in self.lacks)

    def narrowed(
        self,
        name: str,
        *,
        without: Collection[type | tuple[S, type]] = (),
        passed: Collection[S] = (),
        roles: Mapping[type, Collection[Role]] | None = None,
    ) -> Lifecycle[S]:
        """Give a local form: nothing is added, and what nothing leads to any more is left out.

        Parameters
        ----------
        name
            Of the local form.
        without
            Commands that nobody gives there; events that do not happen there, ever or in a state.
        passed
            States in which nobody acts there.
        roles
            Who alone gives a command there, by command.

        Raises
        ------
        DefinitionError
            If an order could no longer end.
        """
        only = roles or {}
        rules = [
            Rule(
                rule.command,
                rule.sources - frozenset(passed),
                rule.roles & frozenset(only.get(rule.command, rule.roles)),
                rule.outcomes.difference(without),
            )
            for rule in self.rules
            if rule.command not in without
        ]
        edges = [e for e in self.edges if not {e.event, (e.source, e.event)} & {*without}]
        left = -1
        while left != (left := len(edges) + sum(len(r.sources) + len(r.outcomes) for r in rules)):
            reached = _reached(self.initial, edges)
            leaving = {(edge.source, edge.event) for edge in edges if edge.source in reached}
            rules = [kept for rule in rules if (kept := _kept(rule, leaving, edges))]
            yielded = {pair for r in rules for pair in _yields(r.sources, r.outcomes, edges)}
            edges = [edge for edge in edges if (edge.source, edge.event) in yielded]
        reached = _reached(self.initial, edges)
        return Lifecycle(
            name=name,
            initial=self.initial,
            final=self.final & reached,
            edges=tuple(edges),
            rules=tuple(rules),
            lacks=frozenset(type(self.initial)) - reached,
            passed=frozenset(passed) & reached,
        )

    def target(self, state: S, event: type) -> S:
        """Give the state that `event` leads to.

        Raises
        ------
        ImpossibleEvent
            If there is no such edge.
        """
        try:
            return self.table[state][event]
        except KeyError:
            raise ImpossibleEvent(self.name, state, event.__name__) from None

    def allowed(self, state: S, role: Role) -> tuple[type, ...]:
        """Give the commands that `role` may give in `state`, in the order of the rules."""
        return tuple(
            rule.command for rule in self.rules if state in rule.sources and role in rule.roles
        )

    def walks(self) -> Mapping[S, tuple[type, ...]]:
        """Give for every state the events of a shortest walk from the initial state to it."""
        found: dict[S, tuple[type, ...]] = {self.initial: ()}
        reached = [self.initial]
        for state in reached:  # grows while it is read
            for event, target in self.table[state].items():
                if target not in found:
                    found[target] = (*found[state], event)
                    reached.append(target)
        return found

    def yields(self, rule: Rule[S]) -> tuple[tuple[S, type], ...]:
        """Give the (state, event) pairs that a command may pass through, nearest first.

        A command may yield several events, so some of them happen in states that it leads to.
        """
        return _yields(rule.sources, rule.outcomes, self.edges)

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data, for a program in whatever language.

        Returns
        -------
        dict
            The states; every command with its arguments, each with its type and, of a closed list,
            the values; for every state and role the commands allowed; the edges.
        """
        allowed = {
            state: {
                role.value: [command.__name__ for command in commands]
                for role in Role
                if (commands := self.allowed(state, role))
            }
            for state in self.states
        }
        return {
            "states": [state.value for state in self.states],
            "commands": {rule.command.__name__: _plain(rule.command) for rule in self.rules},
            "allowed": {state.value: by_role for state, by_role in allowed.items()},
            "edges": [[e.source.value, e.event.__name__, e.target.value] for e in self.edges],
        }

    def mermaid(self, lang: Lang = "en") -> str:
        """Draw the lifecycle as a Mermaid state diagram, its words in `lang`.

        Raises
        ------
        UnknownName
            If the vocabulary lacks a word for a state or an event.
        """
        drawn = [state for state in self.states if state is not self.initial]
        lines = ["stateDiagram-v2"]
        lines += [f'    state "{term(state, lang)}" as {state.name}' for state in drawn]
        lines += [
            f"    {'[*]' if edge.source is self.initial else edge.source.name} --> "
            f"{edge.target.name}: {_said(edge.event, lang)}"
            for edge in self.edges
        ]
        lines += [f"    {state.name} --> [*]" for state in drawn if state in self.final]
        return "\n".join(lines) + "\n"

    def markdown(self, refusals: Iterable[enum.Enum] = ()) -> str:
        """Write the lifecycle's reference, first in English and then in Chinese.

        Parameters
        ----------
        refusals
            Why a command may be refused, in order of precedence.

        Returns
        -------
        str
            Markdown: the diagram, every edge, every command with its rule and its arguments, every
            event with its fields, the closed lists of both, and the refusals.

        Raises
        ------
        UnknownName
            If the vocabulary lacks a word for anything shown.
        """
        told = tuple(refusals)
        return "\n".join(line for lang in ("en", "zh") for line in self._page(told, lang))

    def _page(self, refusals: Collection[enum.Enum], lang: Lang) -> Iterable[str]:
        title = word("lifecycle", self.name, lang)
        yield f"# {title[0].upper()}{title[1:]}\n"
        yield f"{term(Caption.GENERATED, lang)}\n"
        yield f"```mermaid\n{self.mermaid(lang)}```\n"
        yield f"## {term(Caption.EDGES, lang)}\n"
        yield from _heading(lang, Caption.STATE, Caption.EVENT, Caption.NEXT_STATE)
        for edge in self.edges:
            event = f"{_said(edge.event, lang)} `{edge.event.__name__}`"
            yield _row(term(edge.source, lang), event, term(edge.target, lang))
        yield ""
        yield from self._commands(lang)
        yield from self._events(lang)
        yield from _closed_lists((*self.rule_of, *self._event_classes), lang)
        if refusals:
            yield f"## {term(Caption.REFUSALS, lang)}\n"
            yield from _heading(lang, Caption.REFUSAL, Caption.MEANING)
            yield from (_row(f"`{one.value}`", term(one, lang)) for one in refusals)
            yield ""

    def _commands(self, lang: Lang) -> Iterable[str]:
        yield f"## {term(Caption.RULES, lang)}\n"
        asked = (Caption.COMMAND, Caption.ARGUMENTS, Caption.ROLES, Caption.STATES)
        yield from _heading(lang, *asked, Caption.OUTCOMES)
        comma = "、" if lang == "zh" else ", "
        for rule in self.rules:
            name = rule.command.__name__
            yield _row(
                f"{word('command', name, lang)} `{name}`",
                _typed(signature(rule.command)),
                comma.join(term(role, lang) for role in Role if role in rule.roles),
                comma.join(term(s, lang) for s in self.states if s in rule.sources),
                comma.join(_said(e, lang) for e in dict.fromkeys(e for _, e in self.yields(rule))),
            )
        yield ""

    def _events(self, lang: Lang) -> Iterable[str]:
        signatures = {event: signature(event) for event in self._event_classes}
        first = {
            name: written
            for name, written in next(iter(signatures.values())).items()
            if all(name in fields for fields in signatures.values())
        }
        yield f"## {term(Caption.EVENTS, lang)}\n"
        yield f"{term(Caption.FIRST, lang).format(fields=_typed(first))}\n"
        yield from _heading(lang, Caption.EVENT, Caption.KIND, Caption.FIELDS)
        for event, fields in signatures.items():
            own = {name: written for name, written in fields.items() if name not in first}
            kind = f"`{event.kind}`"  # type: ignore[attr-defined]  # as in `_said`
            yield _row(f"{_said(event, lang)} `{event.__name__}`", kind, _typed(own))
        yield ""

    @property
    def _event_classes(self) -> tuple[type, ...]:
        return tuple(dict.fromkeys(edge.event for edge in self.edges))

    def _faults(self) -> Iterable[Fault]:
        seen: set[tuple[S, type]] = set()
        yielded = {pair for rule in self.rules for pair in self.yields(rule)}
        for edge in self.edges:
            if (edge.source, edge.event) in seen:
                yield self._fault(edge, "second edge", "one target", "remove one of the two")
            seen.add((edge.source, edge.event))
            if edge.source in self.final:
                yield self._fault(edge, "edge out of a final state", "no way out", "remove it")
            if (edge.source, edge.event) not in yielded:
                yield self._fault(edge, "no command yields it", "a rule", "add it to a rule")
        reachable = self.walks()
        ending = self._can_end()
        for state in self.states:
            if state not in reachable:
                yield self._fault(state, "unreachable", "a walk from the start", "add an edge")
            elif state not in ending:
                yield self._fault(state, "dead end", "a walk to a final state", "add an edge")
        for rule in self.rules:
            yield from self._rule_faults(rule)
        if len(self.rule_of) != len(self.rules):
            yield self._fault("rules", "a command with two rules", "one each", "merge them")

    def _rule_faults(self, rule: Rule[S]) -> Iterable[Fault]:
        name = rule.command.__name__
        possible = {event for _, event in self.yields(rule)}
        for event in sorted(rule.outcomes - possible, key=lambda kind: kind.__name__):
            place = f"{name} yields {event.__name__}"
            yield self._fault(place, "undeclared outcome", "an edge", "add an edge for it")
        for state in sorted(rule.sources):
            if not rule.outcomes & self.table[state].keys():
                yield self._fault(
                    f"{name} in {state}", "leads nowhere", "an edge", "add or drop it"
                )
        if not rule.sources or not rule.roles:
            yield self._fault(name, "never allowed", "a state and a role", "add them or drop it")

    def _can_end(self) -> set[S]:
        ending = set(self.final)
        while True:
            more = {e.source for e in self.edges if e.target in ending} - ending
            if not more:
                return ending
            ending |= more

    def _fault(self, place: object, found: str, expected: str, remedy: str) -> Fault:
        if isinstance(place, Edge):
            place = f"{place.source} --{place.event.__name__}--> {place.target}"
        return Fault(f"{self.name}: {place}", found, expected, remedy)


def arguments(command: type) -> Mapping[str, Any]:
    """Give the arguments of a command and their types, in order.

    Examples
    --------
    >>> from practice_core.orders import ScheduleService
    >>> arguments(ScheduleService)
    {'start': <class 'int'>, 'end': <class 'int'>}
    """
    hints = get_type_hints(command)
    return {field.name: hints[field.name] for field in attrs.fields(command)}


def signature(kind: type) -> Mapping[str, str]:
    """Give the arguments of a command, or the fields of an event, and their types as written.

    Examples
    --------
    >>> from practice_core.orders import ScheduleService
    >>> signature(ScheduleService)
    {'start': 'Instant', 'end': 'Instant'}
    """
    # As written: what attrs keeps of a type is another once somebody has resolved it.
    written = {
        name: hint
        for one in reversed(kind.__mro__)
        for name, hint in vars(one).get("__annotations__", {}).items()
    }
    return {field.name: str(written[field.name]) for field in attrs.fields(kind)}


def _plain(command: type) -> dict[str, dict[str, Any]]:
    """Give the arguments of a command as plain data."""
    kinds = arguments(command)
    return {
        name: {"type": written}
        | (
            {"one_of": [member.value for member in kinds[name]]}
            if isinstance(kinds[name], enum.EnumMeta)
            else {}
        )
        for name, written in signature(command).items()
    }


def resumed(
    answer: AfterPause, *, since: Instant, due_at: Instant, paused_at: Instant, at: Instant
) -> Instant:
    """Give the instant at which a clock runs out that rested from `paused_at` to `at`.

    Parameters
    ----------
    answer
        What becomes of it.
    since, due_at
        When it was set, and when it would have run out.
    paused_at, at
        When the pause began and ended.

    Examples
    --------
    A clock of 10 set at 100 rests from 104 to 150.

    >>> for answer in AfterPause:
    ...     resumed(answer, since=100, due_at=110, paused_at=104, at=150)
    110
    156
    160
    """
    match answer:
        case AfterPause.DEADLINE:
            return due_at
        case AfterPause.REMAINING:
            return at + due_at - paused_at
        case AfterPause.RESTART:
            return at + due_at - since


def _kept(
    rule: Rule[S], leaving: Collection[tuple[S, type]], edges: Iterable[Edge[S]]
) -> Rule[S] | None:
    """Give what is left of a rule where only some edges are; None: nothing."""
    sources = frozenset(
        state for state in rule.sources if any((state, event) in leaving for event in rule.outcomes)
    )
    outcomes = frozenset(event for _, event in _yields(sources, rule.outcomes, edges))
    if not sources or not rule.roles:
        return None
    return Rule(rule.command, sources, rule.roles, outcomes)


def _reached(initial: S, edges: Iterable[Edge[S]]) -> frozenset[S]:
    edges = tuple(edges)
    reached = [initial]
    for state in reached:  # grows while it is read
        reached += {e.target for e in edges if e.source is state} - set(reached)
    return frozenset(reached)


def _yields(
    sources: Collection[S], outcomes: Collection[type], edges: Iterable[Edge[S]]
) -> tuple[tuple[S, type], ...]:
    edges = [edge for edge in edges if edge.event in outcomes]
    passed: list[tuple[S, type]] = []
    reached = sorted(sources, key=list(type(next(iter(sources)))).index) if sources else []
    for state in reached:  # grows while it is read
        for edge in edges:
            if edge.source is state:
                passed.append((state, edge.event))
                if edge.target not in reached:
                    reached.append(edge.target)
    return tuple(passed)


def _said(event: type, lang: Lang) -> str:
    return word("event", event.kind, lang)  # type: ignore[attr-defined]  # events carry their kind; `type` cannot say so


def _closed_lists(kinds: Iterable[type], lang: Lang) -> Iterable[str]:
    """Give the closed lists that commands and events choose from, with every value."""
    hints = {hint for kind in kinds for hint in arguments(kind).values()}
    lists = [hint for hint in hints if isinstance(hint, type) and issubclass(hint, enum.Enum)]
    if not lists:
        return
    yield f"## {term(Caption.LISTS, lang)}\n"
    yield f"{term(Caption.TYPES, lang)}\n"
    yield from _heading(lang, Caption.LIST, Caption.VALUES)
    comma = "、" if lang == "zh" else ", "
    for one in sorted(lists, key=lambda kind: kind.__name__):
        values = comma.join(f"{term(member, lang)} `{member.value}`" for member in one)
        yield _row(f"`{one.__name__}`", values)
    yield ""


def _typed(fields: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}: {written}`" for name, written in fields.items())


def _row(*cells: str) -> str:
    bar = "\\|"
    # A bar within a cell, as between types, would begin another one.
    return f"| {' | '.join(cell.replace('|', bar) for cell in cells)} |"


def _heading(lang: Lang, *captions: Caption) -> tuple[str, str]:
    return _row(*(term(c, lang) for c in captions)), "|---" * len(captions) + "|"
