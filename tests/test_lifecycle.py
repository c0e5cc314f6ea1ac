"""A lifecycle is data: what does not hold together does not construct, the rest is derived."""

from __future__ import annotations

import enum
import re
from functools import reduce
from itertools import combinations, product
from typing import TYPE_CHECKING, TypeVar

import attrs
import networkx as nx
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from practice_core.errors import DefinitionError, ImpossibleEvent
from practice_core.lifecycle import Edge, Lifecycle, Role, Rule, arguments, signature
from practice_core.orders import (
    COMMANDS,
    EVENTS,
    ORDER,
    OfferOrder,
    OrderState,
    RateOrder,
    ReviewOrder,
)
from practice_core.terms import term, words
from practice_core.units import Instant, TeamId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from practice_core.terms import Lang

T = TypeVar("T")


class Seat(enum.StrEnum):
    FREE = "free"
    HELD = "held"
    TAKEN = "taken"
    GONE = "gone"


class Held: ...


class Taken: ...


class Released: ...


class Lost: ...


class Hold: ...


class Take: ...


class Release: ...


EDGES = (
    Edge(Seat.FREE, Held, Seat.HELD),
    Edge(Seat.HELD, Taken, Seat.TAKEN),
    Edge(Seat.HELD, Released, Seat.FREE),
    Edge(Seat.FREE, Lost, Seat.GONE),
)


def rule(
    command: type, sources: Iterable[Seat], roles: Iterable[Role], *outcomes: type
) -> Rule[Seat]:
    return Rule(command, frozenset(sources), frozenset(roles), frozenset(outcomes))


RULES = (
    rule(Hold, {Seat.FREE}, {Role.REQUESTER, Role.PROXY}, Held),
    rule(Take, {Seat.HELD}, {Role.REQUESTER}, Taken),
    rule(Release, {Seat.HELD}, {Role.REQUESTER, Role.SYSTEM}, Released, Lost),
)


def seat(
    edges: tuple[Edge[Seat], ...] = EDGES,
    rules: tuple[Rule[Seat], ...] = RULES,
    final: Iterable[Seat] = (Seat.TAKEN, Seat.GONE),
) -> Lifecycle[Seat]:
    return Lifecycle("seat", Seat.FREE, frozenset(final), edges, rules)


def faults_of(build: Callable[[], object]) -> set[tuple[str, str]]:
    with pytest.raises(DefinitionError, match="lifecycle seat") as caught:
        build()
    return {(fault.place, fault.found) for fault in caught.value.faults}


# ------------------------------------------------------------------ what constructs


def test_a_definition_without_a_fault_constructs() -> None:
    assert seat().target(Seat.FREE, Held) is Seat.HELD


def test_a_state_that_nothing_leads_to_does_not_construct() -> None:
    edges = tuple(edge for edge in EDGES if edge.event is not Taken)
    assert faults_of(lambda: seat(edges)) == {
        ("seat: taken", "unreachable"),
        ("seat: Take yields Taken", "undeclared outcome"),
        ("seat: Take in held", "leads nowhere"),
    }


def test_a_dead_end_does_not_construct() -> None:
    assert faults_of(lambda: seat(final=(Seat.GONE,))) == {("seat: taken", "dead end")}


def test_a_way_out_of_a_final_state_does_not_construct() -> None:
    edges = (*EDGES, Edge(Seat.GONE, Held, Seat.HELD))
    rules = (*RULES[1:], rule(Hold, {Seat.FREE, Seat.GONE}, {Role.PROXY}, Held))
    assert faults_of(lambda: seat(edges, rules)) == {
        ("seat: gone --Held--> held", "edge out of a final state")
    }


def test_an_edge_that_no_command_takes_does_not_construct() -> None:
    edges = (*EDGES, Edge(Seat.HELD, Lost, Seat.GONE), Edge(Seat.FREE, Taken, Seat.TAKEN))
    assert faults_of(lambda: seat(edges)) == {
        ("seat: free --Taken--> taken", "no command yields it")
    }


def test_an_event_that_leads_two_ways_does_not_construct() -> None:
    edges = (*EDGES, Edge(Seat.FREE, Held, Seat.GONE))
    assert ("seat: free --Held--> gone", "second edge") in faults_of(lambda: seat(edges))


def test_an_outcome_without_an_edge_does_not_construct() -> None:
    rules = (*RULES[:2], rule(Release, {Seat.HELD}, {Role.SYSTEM}, Released, Lost, Taken, Held))
    edges = tuple(edge for edge in EDGES if edge.event is not Released)
    found = faults_of(lambda: seat(edges, rules))
    assert ("seat: Release yields Released", "undeclared outcome") in found


@pytest.mark.parametrize(("sources", "roles"), [((), (Role.TEAM,)), ((Seat.HELD,), ())])
def test_a_command_that_nobody_may_ever_give_does_not_construct(
    sources: tuple[Seat, ...], roles: tuple[Role, ...]
) -> None:
    rules = (*RULES[:2], RULES[2], rule(Take, sources, roles, Taken))
    assert ("seat: Take", "never allowed") in faults_of(lambda: seat(rules=rules))


def test_a_command_with_two_rules_does_not_construct() -> None:
    rules = (*RULES, rule(Take, {Seat.HELD}, {Role.PROXY}, Taken))
    assert faults_of(lambda: seat(rules=rules)) == {("seat: rules", "a command with two rules")}


def test_of_all_parts_of_a_definition_only_the_whole_holds_together() -> None:
    for edges, rules in product(parts(EDGES), parts(RULES)):
        try:
            seat(edges, rules)
        except DefinitionError:
            assert (edges, rules) != (EDGES, RULES)
        else:
            assert (edges, rules) == (EDGES, RULES)


def parts(whole: tuple[T, ...]) -> list[tuple[T, ...]]:
    return [part for size in range(len(whole) + 1) for part in combinations(whole, size)]


# ------------------------------------------------------------------ what is derived


def test_a_command_is_allowed_by_state_and_role() -> None:
    seats = seat()
    assert seats.allowed(Seat.HELD, Role.REQUESTER) == (Take, Release)
    assert seats.allowed(Seat.HELD, Role.SYSTEM) == (Release,)
    assert seats.allowed(Seat.TAKEN, Role.REQUESTER) == ()


def test_an_event_without_an_edge_is_impossible() -> None:
    with pytest.raises(ImpossibleEvent, match="seat: no edge for Taken in state free"):
        seat().target(Seat.FREE, Taken)


def test_one_command_may_pass_through_several_events() -> None:
    seats = seat()
    assert seats.yields(RULES[2]) == ((Seat.HELD, Released), (Seat.FREE, Lost))


def test_walks_to_every_state_of_an_order_are_as_short_as_they_can_be() -> None:
    graph: nx.DiGraph[OrderState] = nx.DiGraph((edge.source, edge.target) for edge in ORDER.edges)
    shortest: Mapping[OrderState, int] = nx.single_source_shortest_path_length(graph, ORDER.initial)
    walks = ORDER.walks()
    assert {state: len(walk) for state, walk in walks.items()} == dict(shortest)
    for state, walk in walks.items():
        assert reduce(ORDER.target, walk, ORDER.initial) is state


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("role", Role)
def test_what_an_actor_may_do_with_an_order_is_what_the_rules_say(
    state: OrderState, role: Role
) -> None:
    allowed = ORDER.allowed(state, role)
    for one in ORDER.rules:
        assert (one.command in allowed) == (state in one.sources and role in one.roles)
    if state in ORDER.final:
        assert allowed == ()


def test_the_order_lifecycle_has_a_rule_for_every_command_and_an_edge_for_every_event() -> None:
    assert [rule.command for rule in ORDER.rules] == list(COMMANDS)
    assert {edge.event for edge in ORDER.edges} == set(EVENTS)


# ------------------------------------------------------------------ what is drawn


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_diagram_shows_every_edge_in_words_and_where_orders_begin_and_end(lang: Lang) -> None:
    head, *lines = ORDER.mermaid(lang).splitlines()
    assert head == "stateDiagram-v2"
    named = dict(re.findall(r'state "(.+)" as (\w+)', "\n".join(lines)))
    assert {term(OrderState[name], lang): name for name in named.values()} == named
    arrows = [re.fullmatch(r"    (\S+) --> (\S+?)(?:: (.+))?", line) for line in lines]
    found = {arrow.groups() for arrow in arrows if arrow}
    said = words()["event"]
    expected = {
        (
            "[*]" if edge.source is ORDER.initial else edge.source.name,
            edge.target.name,
            said[edge.event.kind][lang],  # type: ignore[attr-defined]  # an event has a kind
        )
        for edge in ORDER.edges
    }
    assert found == expected | {(state.name, "[*]", None) for state in ORDER.final}


# ------------------------------------------------------------------ a local form


def test_a_local_form_leaves_out_what_nothing_leads_to_any_more() -> None:
    fewer = seat().narrowed("bench", without={Taken})
    assert fewer.states == (Seat.FREE, Seat.HELD, Seat.GONE)
    assert fewer.lacks == {Seat.TAKEN}
    assert [one.command for one in fewer.rules] == [Hold, Release]
    assert Seat.TAKEN not in fewer.final


def test_an_event_may_be_left_out_in_one_state_alone() -> None:
    held = seat(
        (*EDGES, Edge(Seat.HELD, Lost, Seat.GONE)),
        (*RULES[:2], rule(Release, {Seat.HELD}, {Role.SYSTEM}, Released, Lost)),
    )
    kept = held.narrowed("bench", without={(Seat.FREE, Lost)})
    assert {(edge.source, edge.event) for edge in kept.edges} == {
        (Seat.FREE, Held),
        (Seat.HELD, Taken),
        (Seat.HELD, Released),
        (Seat.HELD, Lost),
    }


def test_a_local_form_may_leave_a_command_to_fewer_roles() -> None:
    kept = seat().narrowed("bench", roles={Hold: {Role.PROXY, Role.TEAM}})
    assert kept.rule_of[Hold].roles == {Role.PROXY}  # nobody is added
    assert kept.rule_of[Take] == RULES[1]


def test_a_local_form_in_which_nothing_ends_does_not_construct() -> None:
    with pytest.raises(DefinitionError, match="bench: free: dead end"):
        seat().narrowed("bench", without={Taken, Lost})


def test_in_a_state_passed_through_nobody_acts() -> None:
    through = seat(
        rules=(rule(Hold, {Seat.FREE}, {Role.PROXY}, Held, Taken), *RULES[1:]),
    ).narrowed("bench", passed={Seat.HELD})
    assert through.passed == {Seat.HELD}
    assert [one.command for one in through.rules] == [Hold]
    assert through.walks()[Seat.TAKEN] == (Held, Taken)


def test_narrowing_by_nothing_changes_nothing() -> None:
    same = ORDER.narrowed("order")
    assert (set(same.edges), set(same.rules)) == (set(ORDER.edges), set(ORDER.rules))
    assert (same.states, same.final) == (ORDER.states, ORDER.final)


@given(st.sets(st.sampled_from([*COMMANDS, *EVENTS]), max_size=8), st.sets(st.sampled_from(Role)))
def test_a_local_form_adds_nothing_and_everything_in_it_can_end(
    without: set[type], roles: set[Role]
) -> None:
    only = dict.fromkeys(COMMANDS[:5], roles)
    try:
        kept = ORDER.narrowed("local", without=without, roles=only)
    except DefinitionError:  # nothing could end in it
        reject()
    assert set(kept.edges) <= set(ORDER.edges)
    for one in kept.rules:
        whole = ORDER.rule_of[one.command]
        assert one.sources <= whole.sources
        assert one.roles <= whole.roles
        assert one.outcomes <= whole.outcomes
    assert not without & {edge.event for edge in kept.edges}


def test_the_arguments_of_a_command_have_names_and_types() -> None:
    """What a form that offers a command has to ask for."""
    assert arguments(OfferOrder) == {"teams": tuple[TeamId, ...], "open_for": int}
    assert arguments(ReviewOrder) == {}
    allowed = ORDER.allowed(OrderState.SERVED, Role.REQUESTER)
    assert {command: arguments(command) for command in allowed} == {RateOrder: {"score": int}}


def test_the_types_of_a_command_are_shown_as_written_whoever_has_resolved_them() -> None:
    @attrs.frozen
    class Ring:
        at: Instant

    before = signature(Ring)
    attrs.resolve_types(Ring, localns={"Instant": int})
    assert signature(Ring) == before == {"at": "Instant"}
