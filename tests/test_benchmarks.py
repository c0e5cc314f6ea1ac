"""What is timed side by side is the same: orders, the states they go through, and their events."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from functools import reduce
from typing import TYPE_CHECKING

import pytest
from beancount.core import data, inventory
from statemachine.exceptions import TransitionNotAllowed
from transitions import MachineError

from practice_core.hierarchy import Hierarchy
from practice_core.orders import Order, OrderState, evolve
from practice_core.simulation import EventLog
from practice_core.units import AccountId, moment
from tests.benchmarks import hierarchy, journal, points, recorders
from tests.benchmarks import state_changes as timed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", timed.CONTENDERS)
def test_every_contender_takes_every_order_through_the_same_seven_states(name: str) -> None:
    assert len(set(timed.STATES)) == 7
    assert list(timed.CONTENDERS[name](3)) == [*timed.STATES] * 3


def test_all_that_happens_to_our_orders_is_in_the_log() -> None:
    requests = [timed.request(n) for n in range(2)]
    ids = [asked.id for asked in requests]
    log = EventLog(ids, requests.__getitem__, (timed.DESK, timed.SITE), (timed.TEAM,))
    seen = list(timed.recorded(requests, log))
    nothing: Order | None = None
    for asked in requests:
        events = [event for event in log.events() if event.order == asked.id]
        order = reduce(evolve, events, nothing)
        assert order is not None
        assert (order.state, order.version) == (seen[-1], len(timed.STATES))


def test_the_others_refuse_a_change_out_of_turn() -> None:
    model, machine, aggregate = timed.Model(), timed.OrderMachine(), timed.OrderAggregate()
    with pytest.raises(MachineError):
        timed.MACHINE.events["start"].trigger(model)
    with pytest.raises(TransitionNotAllowed):
        machine.start()
    with pytest.raises(timed.OutOfTurn):
        aggregate.start()


def test_the_memory_measured_is_that_of_an_accepted_order() -> None:
    order = timed.accepted(1)
    assert order.state is OrderState.ACCEPTED
    assert order.id != timed.accepted(2).id
    assert timed.bytes_a_live_order(50) > 0


def test_every_figure_has_its_name() -> None:
    others = ("transitions", "python_statemachine", "eventsourcing")
    assert set(timed.state_changes(turns=1, turn=1e-6, live=1)) == {
        "state_changes_per_s",
        *(f"state_changes_per_s_{name}" for name in others),
        *(f"state_changes_over_{name}" for name in others),
        "bytes_a_live_order",
    }


# ------------------------------------------------------------------ the journal


def test_every_contender_stores_the_same_events(tmp_path: Path) -> None:
    with recorders.contenders(tmp_path) as known:
        assert tuple(known) == ("ours", *recorders.OTHERS)
        rates = journal.batched(known, 45)
        taken = journal.single(known, 2)
    assert all(len(rates[name]) == 1 and len(taken[name]) == 2 for name in known)
    with closing(sqlite3.connect(recorders.file_of(tmp_path, "ours"))) as ours:
        stored = ours.execute("SELECT stream, version, body FROM events").fetchall()
    assert len(stored) == 45 + 2
    events = {(stream, version): json.loads(body) for stream, version, body in stored}
    for name in recorders.OTHERS:
        with closing(sqlite3.connect(recorders.file_of(tmp_path, name))) as others:
            assert others.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            found = others.execute(
                "SELECT originator_id, originator_version, state FROM stored_events"
            ).fetchall()
        states = {(stream, version): json.loads(state) for stream, version, state in found}
        whole = {key: state.get("fields", state) for key, state in states.items()}
        assert whole == events, name


def test_every_figure_of_the_journal_has_its_name() -> None:
    figures = journal.measured(200)
    compared = ("durable_events_per_s", "single_append_p50_ms", "single_append_p99_ms")
    alone = {*compared, "bytes_per_event", "durable_events_per_s_in_the_slowest_turn"}
    beside = {
        f"{figure}_{name}"
        for figure in (
            *compared,
            "bytes_per_event",
            "durable_events_over",
            "single_append_time_over",
        )
        for name in recorders.OTHERS
    }
    read = ("fold_all", "keep_snapshot", "verify", "open_and_answer_from_snapshot")
    times = {f"{name}_seconds" for name in (*read, "replay", "export")}
    assert set(figures) == alone | beside | times | {"events", "export_bytes_per_event"}
    assert figures["events"] == 198
    assert all(figures[name] > 0 for name in alone | beside)


# ------------------------------------------------------------------ the points ledger


def test_beancount_finds_the_lots_that_our_ledger_finds(tmp_path: Path) -> None:
    given = points.transfers(4_000)  # each volunteer twice around
    ledger = points.ours_in_a_batch(given, tmp_path)()
    assert (
        list(ledger.entries()) == given == list(points.ours_one_by_one(given, tmp_path)().entries())
    )
    held: dict[str, inventory.Inventory] = {}
    for entry in points.beancount_booking(given, tmp_path)():
        for posting in entry.postings if isinstance(entry, data.Transaction) else ():
            held.setdefault(posting.account, inventory.Inventory()).add_position(posting)
    for number in range(500):
        who = AccountId(f"v-{number}")
        ours = sorted((moment(lot.expires).date(), lot.points) for lot in ledger.lots(who))
        theirs = held[f"Assets:{who.capitalize()}"]
        assert sorted((one.cost.date, int(one.units.number)) for one in theirs) == ours
        assert sum(left for _, left in ours) == 20


def test_the_recorder_stores_every_posting(tmp_path: Path) -> None:
    assert points.eventsourcing_recorder(points.transfers(1_001), tmp_path)() == 1_001


def test_every_figure_of_the_points_ledger_has_its_name() -> None:
    figures = points.measured(awards=2_000, volunteers=300, count=400, turns=1)
    assert {f"postings_per_s_{name}" for name in points.CONTENDERS} < set(figures)
    assert figures["year_awards"] == figures["durable_awards"] == 2_000
    assert figures["durable_awards_per_s"] > 0
    assert figures["read_back_into_a_ledger_per_s"] > 0
    assert all(figure >= 0 for figure in figures.values())


# ------------------------------------------------------------------ networks


def test_networkx_holds_the_sites_that_our_hierarchy_holds() -> None:
    sites = hierarchy.county(300)
    ours, theirs = Hierarchy(sites), hierarchy.inserted(sites)
    graph = ours.to_networkx()
    assert all(theirs.nodes[site.id] == graph.nodes[site.id] for site in ours)
    assert set(theirs.edges) == set(graph.edges)
    assert [fault.found for fault in hierarchy.refused(sites).faults] == [
        "parent 'nobody' is no site"
    ]


def test_every_figure_of_networks_has_its_name() -> None:
    figures = hierarchy.measured((100, 400), turns=1, queries=10)
    names = ("build_seconds", "refuse_seconds", "networkx_seconds", "build_over_networkx")
    rates = ("chains_per_s", "nearest_per_s", "bytes_per_site")
    reads = [f"read_{suffix}_seconds" for suffix in ("toml", "csv", "geojson")]
    timed = [name for name in (*names, *reads) if name.endswith("_seconds")]
    fitted = {f"{name.removesuffix('_seconds')}_exponent" for name in timed}
    sized = {f"{name}_{size}" for name in (*names, *rates, *reads) for size in (100, 400)}
    assert set(figures) == fitted | sized
    assert hierarchy.exponent({1: 3.0, 10: 300.0}) == 2
