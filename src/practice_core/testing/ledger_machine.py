"""A machine that attacks anybody's ledger of points, and says by name what is broken."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from practice_core.points import Result, Transfer
from practice_core.testing.ledgers import LedgerLike, broken, hold
from practice_core.testing.plain_ledger import PlainLedger
from practice_core.testing.throws import ACCOUNTS, GONE, Throws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from practice_core.points import Posting
    from practice_core.units import Instant

__all__ = ["LedgerMachine", "ledger_machine"]

_DATES = "what_expires_is_what_the_dates_say"
_REPEATS = "repeats_change_nothing"
_RESULTS = "results_are_as_documented"


class LedgerMachine(RuleBasedStateMachine):
    """The machine itself; `ledger_machine` says for which ledger.

    A step draws one number and throws all else with it: what Hypothesis may draw for one run is
    limited, and a run of thousands of steps is wanted.
    """

    burst: ClassVar[int]
    salt: ClassVar[int]
    met: ClassVar[Counter[Result]]
    """How often each result was given, in all runs of the machine."""
    longest: ClassVar[int]
    """The steps of its longest run."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger, self.model = self.make(), PlainLedger()
        self.throws = Throws(self.model, Random(0))  # noqa: S311 - dice
        self.done: list[tuple[Instant, Callable[[LedgerLike], object]]] = []
        self.steps = 0
        for account in ACCOUNTS:
            self._open(*account)
        for _ in range(3):
            self.join()
        self.acts: tuple[Callable[[], None], ...] = (
            *[partial(self._post, self.throws.award)] * 5,
            *[partial(self._post, self.throws.payment)] * 4,
            *[partial(self._post, self.throws.pending)] * 3,
            *[partial(self._post, self.throws.settled)] * 3,
            *[partial(self._post, self.throws.correction)] * 3,
            *[partial(self._post, self.throws.freeze)] * 2,
            partial(self._post, self.throws.merge),
            *[self.batch] * 2,
            *[self.group] * 2,
            *[self.repeat] * 2,
            self.time_out,
            self.expire,
            self.join,
            self.look_back,
        )

    def make(self) -> LedgerLike:
        """Make the ledger to attack."""
        raise NotImplementedError

    @rule(number=st.integers(0, 2**16 - 1))
    def step(self, number: int) -> None:
        """Do something, or several things."""
        for _ in range(self.burst):
            self.steps += 1
            type(self).longest = max(self.longest, self.steps)
            dice = self.throws.dice = Random(f"{self.salt} {number} {self.steps}")  # noqa: S311 - dice
            self.throws.now += dice.choice((0, 0, 0, 1))
            dice.choice(self.acts)()
            self.throws.now = max(self.throws.now, self.model.latest or 0)

    # ------------------------------------------------------------------ what is done

    def join(self) -> None:
        """Open an account, if there are few people."""
        account = self.throws.newcomer()
        if account:
            self._open(*account)

    def group(self) -> None:
        """Post a linked group, twice."""
        entries = self.throws.group()
        for _ in range(2):
            before = self._seen()
            given, expected = (one.post_linked(entries) for one in (self.ledger, self.model))
            wrong = {}
            if set(given) != {Result.CREATED} and self._seen() != before:
                what = f"{entries} was answered {given}, and left a trace"
                wrong["linked_groups_are_all_or_none"] = what
            self._answered(entries if Result.CREATED in expected else (), expected)
            self._compare(str(entries), given, expected, wrong)

    def batch(self) -> None:
        """Post a batch."""
        batch = self.throws.batch()
        given, expected = (list(one.post_many(batch)) for one in (self.ledger, self.model))
        rows = zip(batch.transfers(), expected, strict=True)
        self._answered([row for row, result in rows if result is Result.CREATED], expected)
        self._compare(str(list(batch.transfers())), given, expected)

    def repeat(self) -> None:
        """Post again what was posted, as it was and otherwise."""
        entry = self.throws.repeated()
        if entry:
            before, result = self._seen(), self.ledger.post(entry)
            if result is not Result.EXISTS or self._seen() != before:
                hold({_REPEATS: f"{entry} was answered {result}, and done again"})
            self._post(partial(self.throws.altered, entry))

    def time_out(self) -> None:
        """Let some time pass, and end what is past its deadline."""
        now = self._later()
        given, expected = self._both(now, lambda ledger: ledger.expire_pending(now))
        self._compare(f"time out at {now}", given, expected, name="what_is_due_ends_on_time")

    def expire(self) -> None:
        """Let some time pass, and take what has expired: all of it, and nothing else."""
        if self.model.account(GONE).is_frozen:
            return
        now = self._later()
        over = self._over(now)
        given, expected = self._both(now, lambda ledger: list(ledger.expire(now, GONE)))
        taken = sum(one.amount for one in given if isinstance(one, Transfer))
        wrong = {}
        if (taken, self._over(now)) != (over, 0):
            wrong[_DATES] = f"{taken} of {over} points expired, {self._over(now)} are left"
        if self.ledger.expire(now, GONE):
            wrong[_REPEATS] = f"at {now} something expired again"
        self._compare(f"expire at {now}", given, expected, wrong, name=_DATES)

    def look_back(self) -> None:
        """Replay everything up to an instant, and compare with what the ledger says of then."""
        at = self.throws.dice.randint(-1, self.throws.now)
        replayed = PlainLedger()
        for when, act in self.done:
            if when <= at:
                act(replayed)
        for account in replayed.opened:
            then = self.ledger.holding(account, at), self.ledger.lots(account, at)
            if then != (replayed.holding(account), replayed.lots(account)):
                hold({"the_past_is_what_a_replay_makes_of_it": f"{account} had {then} at {at}"})

    # ------------------------------------------------------------------ how it is done

    def _open(self, *account: Any) -> None:  # noqa: ANN401 - id, kind and cap
        name, kind, cap = account
        self._both(-1, lambda ledger: ledger.open(name, kind=kind, cap=cap))

    def _post(self, throw: Callable[[], Posting]) -> None:
        entry = throw()
        given, expected = (one.post(entry) for one in (self.ledger, self.model))
        self._answered([entry] if expected is Result.CREATED else [], [expected])
        self._compare(str(entry), given, expected)

    def _answered(self, created: Iterable[Posting], results: Iterable[Result]) -> None:
        """Count results, and keep what was created for a replay, as if posted one by one."""
        self.met.update(results)
        self.done += [(entry.at, partial(_posted, entry)) for entry in created]

    def _both(self, at: Instant, act: Callable[[Any], Any]) -> tuple[Any, Any]:
        """Do the same to the ledger and to the model, and keep it for a replay."""
        self.done.append((at, act))
        return act(self.ledger), act(self.model)

    def _compare(
        self,
        what: str,
        given: object,
        expected: object,
        wrong: dict[str, str] | None = None,
        name: str = _RESULTS,
    ) -> None:
        """Compare an answer, and all that can be read."""
        note(f"{what}: {expected}")
        found = {**(wrong or {}), **broken(self.ledger, self.model)}
        if given != expected:
            found.setdefault(name, f"{what}: {given}, not {expected}")
        hold(found)

    def _seen(self) -> object:
        return list(self.ledger.entries()), self.ledger.balances()

    def _later(self) -> Instant:
        self.throws.now += self.throws.dice.randint(0, 3)
        return self.throws.now

    def _over(self, at: Instant) -> int:
        """Count the points of lots that have expired, of accounts that are not frozen."""
        ledger = self.ledger
        thawed = [name for name in self.model.opened if not ledger.account(name).is_frozen]
        lots = (lot for account in thawed for lot in ledger.lots(account))
        return sum(lot.points for lot in lots if lot.expires <= at)


def _posted(entry: Posting, ledger: LedgerLike) -> Result:
    return ledger.post(entry)


def ledger_machine(
    make_ledger: Callable[[], LedgerLike], *, burst: int = 1, salt: int = 0
) -> type[LedgerMachine]:
    """Give a machine that attacks a ledger of points.

    It posts what is lawful and what is not, in batches and in groups too, lets time pass, and after
    each step compares all that can be read with a plain model. What is broken it names.

    Parameters
    ----------
    make_ledger
        Makes an empty ledger.
    burst
        How many things a step of the machine does; more for a run that is to be long.
    salt
        With another one, everything is thrown otherwise.

    Examples
    --------
    >>> from hypothesis import settings
    >>> from hypothesis.stateful import run_state_machine_as_test
    >>> from practice_core.points import Ledger
    >>> few = settings(max_examples=2, stateful_step_count=9, database=None, derandomize=True)
    >>> run_state_machine_as_test(ledger_machine(Ledger), settings=few)
    """

    class Attack(LedgerMachine):
        def make(self) -> LedgerLike:
            return make_ledger()

    Attack.burst, Attack.salt = burst, salt
    Attack.met, Attack.longest = Counter(), 0
    return Attack
