"""Conformance: the same lifecycles, driven by Hypothesis against anybody's implementation.

A platform that keeps its orders in its own tables gives `OrderAdapter` a way to start an order,
read it and give it a command; the machine then walks it through every state, at every clock, with
every refusal: those of all orders or, given a profile, those of its loop. `check_journal` holds
anybody's journal to its contract, and `ledger_machine` anybody's ledger of points. Here are also
strategies for the domain's values; `StandingAdapter` and `NominationAdapter` drive a volunteer's
standing and the choice of role models likewise. Hypothesis is imported in here and nowhere else;
nothing here is needed at run time, and nothing knows how the tested side works.

Examples
--------
>>> from hypothesis import settings
>>> machine = lifecycle_machine(OrderAdapter())  # or OrderAdapter(my_orders, my_profile)
>>> few = settings(max_examples=1, stateful_step_count=2, database=None, derandomize=True)
>>> try:
...     run_lifecycle_machine(machine, settings=few)
... except AssertionError as error:  # far too few to have met everything
...     print(str(error)[:17])
order: never met:
"""

from practice_core.testing.histories import journal_machine
from practice_core.testing.journals import check_journal
from practice_core.testing.ledger_machine import LedgerMachine, ledger_machine
from practice_core.testing.ledgers import INVARIANTS, LedgerLike, broken
from practice_core.testing.machine import (
    Adapter,
    Call,
    Coverage,
    Implementation,
    LifecycleMachine,
    lifecycle_machine,
    run_lifecycle_machine,
)
from practice_core.testing.nominations import NominationAdapter, SteppedNomination
from practice_core.testing.orders import Loop, OrderAdapter, Stepped
from practice_core.testing.plain_ledger import PlainLedger
from practice_core.testing.standings import StandingAdapter, StandingWorld, SteppedStanding
from practice_core.testing.strategies import (
    availabilities,
    calendars,
    conditions,
    corps,
    hierarchies,
    names,
    networks,
    profiles,
    requests,
)

__all__ = [
    "INVARIANTS",
    "Adapter",
    "Call",
    "Coverage",
    "Implementation",
    "LedgerLike",
    "LedgerMachine",
    "LifecycleMachine",
    "Loop",
    "NominationAdapter",
    "OrderAdapter",
    "PlainLedger",
    "StandingAdapter",
    "StandingWorld",
    "Stepped",
    "SteppedNomination",
    "SteppedStanding",
    "availabilities",
    "broken",
    "calendars",
    "check_journal",
    "conditions",
    "corps",
    "hierarchies",
    "journal_machine",
    "ledger_machine",
    "lifecycle_machine",
    "names",
    "networks",
    "profiles",
    "requests",
    "run_lifecycle_machine",
]
