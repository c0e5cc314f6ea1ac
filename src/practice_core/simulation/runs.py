"""One run: a scenario, a policy, a seed and a replication, and what came of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from practice_core.simulation.liability import MONTHS, liability_of
from practice_core.simulation.measures import measured, measured_groups, totals
from practice_core.simulation.model import Model
from practice_core.simulation.outcomes import outcomes_of
from practice_core.simulation.records import credit, service_records
from practice_core.simulation.tape import make_tape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.dispatch import Policy
    from practice_core.orders import OrderState
    from practice_core.points import Ledger
    from practice_core.simulation.liability import Liability
    from practice_core.simulation.log import EventLog
    from practice_core.simulation.measures import Measure
    from practice_core.simulation.outcomes import Outcomes
    from practice_core.simulation.parts import Redemption
    from practice_core.simulation.records import Records
    from practice_core.simulation.scenario import Scenario
    from practice_core.simulation.tape import Tape

__all__ = ["Run", "run", "run_tape"]


@attrs.frozen(eq=False)
class Run:
    """What one policy made of one replication.

    Parameters
    ----------
    policy
        The policy that ran.
    tape
        What was drawn: orders, teams, answers.
    log
        Every event.
    final
        The state in which each order of the tape ended, in its order.
    outcomes
        What became of each order.
    measures
        By name; see `KPIS`.
    totals
        Orders and services of the weeks that count, own activities included.
    """

    policy: Policy
    tape: Tape
    log: EventLog
    final: Sequence[OrderState]
    outcomes: Outcomes
    measures: Mapping[str, Measure]
    totals: Mapping[str, int]

    @property
    def weeks(self) -> int:
        """Length of the cohort."""
        return self.tape.scenario.horizon.weeks

    @cached_property
    def groups(self) -> Mapping[str, Mapping[str, Mapping[str, Measure]]]:
        """The same measures of parts of the orders: by dimension, group and name; see `GROUPS`."""
        return measured_groups(self.outcomes)

    @cached_property
    def records(self) -> Records:
        """Who served on what, a row each."""
        return service_records(self.tape, self.log)

    def ledger(self) -> Ledger:
        """Post what the records earned by the area's points rules; its balances sum to zero."""
        return credit(self.records, self.tape.scenario.area.rules)

    def liability(self, months: int = MONTHS, law: Redemption | None = None) -> Liability:
        """Simulate what members redeem and what expires, from the weeks that count on.

        These weeks are repeated until the months are full; see `liability_of`.

        Parameters
        ----------
        months
            How many local months, 1 to 240.
        law
            How readily members redeem, and what goods cost; None: as the scenario says.

        Raises
        ------
        DefinitionError
            If there are no months, or too many.

        Examples
        --------
        >>> from practice_core.dispatch import policy
        >>> from practice_core.simulation import load_scenario
        >>> changes = {"horizon.weeks": 1, "horizon.warmup_weeks": 0, "own_activity.per_year": 0.0}
        >>> week = load_scenario("wujiang").with_values(changes)
        >>> owed = run(week, policy("nearest"), seed=7, replication=0).liability(months=3)
        >>> last = owed.months[-1]
        >>> last.month, sum(each.issued - each.redeemed for each in owed.months) == last.outstanding
        ('2020-05', True)
        """
        tape = self.tape
        scenario = tape.scenario
        return liability_of(
            self.records,
            scenario.area.rules,
            law or scenario.redemption,
            cohort=scenario.cohort,
            seed=tape.seed,
            replication=tape.replication,
            months=months,
        )


def run(scenario: Scenario, policy: Policy, *, seed: int, replication: int) -> Run:
    """Run a policy through one replication of a scenario.

    Parameters
    ----------
    scenario
        What is assumed.
    policy
        Whom to ask; the object a platform would deploy.
    seed, replication
        The key of every draw: the same four arguments give the same run, byte for byte.

    Raises
    ------
    UnlawfulCommand
        If the policy decides what the law of the loop or the roster forbids.

    Examples
    --------
    >>> from practice_core.dispatch import policy
    >>> from practice_core.simulation import load_scenario
    >>> week = load_scenario("wujiang").with_values({"horizon.weeks": 1, "horizon.warmup_weeks": 0})
    >>> done = run(week, policy("nearest"), seed=7, replication=0)
    >>> 0.8 < done.measures["served_share"].value < 1
    True
    """
    return run_tape(make_tape(scenario, seed, replication), policy)


def run_tape(tape: Tape, policy: Policy) -> Run:
    """Run a policy on a tape."""
    model = Model(tape, policy)
    model.run()
    found = outcomes_of(tape, model.log, model.roster)
    return Run(policy, tape, model.log, model.final, found, measured(found), totals(found))
