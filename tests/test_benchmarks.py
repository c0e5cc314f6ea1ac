"""What is timed side by side is the same order, going through the same states."""

from __future__ import annotations

from functools import reduce

import pytest
from statemachine.exceptions import TransitionNotAllowed
from transitions import MachineError

from practice_core.orders import Order, OrderState, evolve
from practice_core.simulation import EventLog
from tests.benchmarks import state_changes as timed


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
