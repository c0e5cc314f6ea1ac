"""Several handles on one journal: whoever meets whom, it is as if each had come alone.

A machine draws what the people of a small town ask three practices, and lets one act while
another is in the middle of a command. What the journal holds then is proven command by command.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import psycopg
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from practice_core.dispatch import policy
from practice_core.errors import ImpossibleEvent
from practice_core.journal import (
    CommandReused,
    Conflict,
    Memory,
    MemoryJournal,
    Projected,
    SqliteJournal,
    project,
    verify,
)
from practice_core.journal.postgres import PostgresJournal
from practice_core.orders import (
    AbsorbNeed,
    AcceptOffer,
    MergeNeed,
    OfferOrder,
    PlaceOrder,
    Refusal,
    Refused,
    ReviewOrder,
    ScheduleService,
    SplitOrder,
)
from practice_core.points import PointsAwarded
from practice_core.service import BOOKS, Books, ClockWentBack, Done, Practice
from practice_core.terms import Category
from practice_core.units import HOUR, MINUTE, CommandId, OrderId, SiteId, TeamId
from practice_core.volunteers import TeamBooked, TeamFreed
from tests.meeting import Interrupted, Overtaken
from tests.serial import Serial, plain
from tests.town import AREA, NOON, RESIDENTS, TOWN, Asked, Folk, member, officer, opened, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from practice_core.dispatch import Policy
    from practice_core.journal import Appended, Carried, Journal, Write
    from practice_core.orders import Actor, OrderCommand
    from practice_core.units import Duration

HANDLES = st.integers(0, 2)
SEEDS = st.integers(0, 2**32 - 1)
"""What is thrown by dice is drawn as one number: drawing is slow, and much is thrown."""
HALVES = (AbsorbNeed, MergeNeed, SplitOrder)
"""Refused before anything is looked at: nobody gives them alone."""
FEW = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


class Town(RuleBasedStateMachine):
    """Draws what three practices on one journal are asked, and proves what they write."""

    make: ClassVar[Callable[[str], Journal]]
    kind: ClassVar[type[Practice]]
    handle: ClassVar[type[Interrupted]]
    numbers: ClassVar[Iterator[int]]
    met: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.name = f"town{next(self.numbers)}"
        self.witness = type(self).make(self.name)
        self.journals = [self.opened() for _ in range(3)]
        self.practices = [self.began(journal) for journal in self.journals]
        self.now = NOON
        self.folk = Folk("c")
        self.asked: dict[CommandId, list[Asked]] = defaultdict(list)
        self.serial = Serial()
        self.unsound = 0

    def opened(self) -> Interrupted:
        return self.handle(type(self).make(self.name))

    def began(self, journal: Interrupted) -> Practice:
        return opened(journal.as_journal(), self.kind)

    def dice(self, seed: int) -> Random:
        """Give dice that fall otherwise each time: what is drawn is often drawn again."""
        return Random(f"{seed} {self.folk.count}")  # noqa: S311 - dice

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        """Let the town be busy before anybody meets."""
        dice = self.dice(seed)
        for _ in range(60):
            self.now += dice.randrange(60_000)
            self.give(dice.randrange(3), self.wish(0, dice))

    # -- what happens -----------------------------------------------------------------------------

    @rule(handle=HANDLES, seed=SEEDS)
    def ask(self, handle: int, seed: int) -> None:
        """Ask one practice some things, one after the other."""
        dice = self.dice(seed)
        for _ in range(10):
            self.now += dice.randrange(40_000)
            self.give(handle, self.wish(handle, dice))

    @rule(handle=HANDLES, seed=SEEDS, times=st.sampled_from([1, 1, 1, 2, 3]))
    def meet(self, handle: int, seed: int, times: int) -> None:
        """Ask one practice something, and another something else in the middle of that."""
        dice = self.dice(seed)
        for _ in range(4):
            self.now += dice.randrange(20_000)
            asked = self.wish(handle, dice)
            views: list[str] = []
            rivals: list[Callable[[], object]] = [
                self.rival(handle, dice, asked, views) for _ in range(times)
            ]
            self.journals[handle].meanwhile[dice.choice(["append", "append", "carried"])] = rivals
            self.give(handle, asked, views)

    @rule(handle=HANDLES, seed=SEEDS, back=st.integers(0, 3 * MINUTE))
    def ask_by_a_slow_clock(self, handle: int, seed: int, back: Duration) -> None:
        """Ask something by a clock that is behind."""
        dice = self.dice(seed)
        asked = self.wish(handle, dice)
        self.give(handle, attrs.evolve(asked, at=asked.at - back))

    @rule(handle=HANDLES, seed=SEEDS, later=st.sampled_from([0, 0, 20 * MINUTE, HOUR]))
    def tick(self, handle: int, seed: int, later: Duration) -> None:
        """Let clocks run out, perhaps while somebody acts."""
        dice = self.dice(seed)
        self.now += later
        if dice.randrange(2):
            self.journals[handle].meanwhile["append"] = [self.rival(handle, dice)]
        with self.looking():
            done = self.practices[handle].tick(self.now)
            self.settle(handle, done)
            for due in self.practices[handle].due(self.now):
                _, last = self.serial.last[due.order]
                assert last > self.now + MINUTE, f"{due} has run out, and nobody saw it"
        self.met["ticks"] += len(done)

    @rule(handle=HANDLES, seed=SEEDS, name=st.sampled_from(["nearest", "waves", "batch", "grab"]))
    def dispatch(self, handle: int, seed: int, name: str) -> None:
        """Let a policy decide, perhaps while somebody acts."""
        dice = self.dice(seed)
        asked: Policy = policy(name)
        if dice.randrange(2):
            asked = Overtaken(asked, self.rival(handle, dice))
        with self.looking():
            done = self.practices[handle].dispatch(asked, at=self.now)
            self.settle(handle, done)
        self.met["dispatched"] += len(done)

    @rule(handle=HANDLES, kept=st.booleans())
    def reopen(self, handle: int, *, kept: bool) -> None:
        """Open a handle anew, from a snapshot if one was kept."""
        with self.looking():
            if kept:
                self.practices[handle].keep()
            self.practices[handle].close()
            self.journals[handle] = self.opened()
            self.practices[handle] = self.began(self.journals[handle])
            self.serial.check_books(self.practices[handle].books)

    # -- how it is looked at ----------------------------------------------------------------------

    def wish(self, handle: int, dice: Random, about: OrderId | None = None) -> Asked:
        """Give what somebody wants who sees the town as a handle does that may be behind."""
        asked = self.folk.next(self.practices[handle].books, self.now, dice, about)
        self.asked[asked.id].append(asked)
        return asked

    def rival(
        self,
        handle: int,
        dice: Random,
        asked: Asked | None = None,
        views: list[str] | None = None,
    ) -> Callable[[], None]:
        """Give what somebody does by another handle: often to the same order, at times the same.

        Afterwards he writes down what would now be answered to what was asked before.
        """
        other = (handle + dice.randint(1, 2)) % 3
        own, later, chance = Random(dice.randrange(2**16)), dice.randrange(100_000), dice.random()  # noqa: S311 - dice

        def act() -> None:
            self.prove()
            about = None if asked is None else self.near(other, asked, own)
            wish = self.wish(other, own, about if chance < 0.8 else None)
            wish = asked if asked is not None and chance < 0.2 else wish
            self.give(other, attrs.evolve(wish, at=self.now + later))
            if asked is not None and views is not None:
                views.append(self.foreseen(asked))

        return act

    def near(self, handle: int, asked: Asked, dice: Random) -> OrderId:
        """Give the order that something is about, or another of the same team."""
        orders = self.practices[handle].books.orders
        team = asked.by.team
        if team is None and asked.order in orders:
            team = orders[asked.order].team
        others = [key for key, one in self.serial.orders.items() if team and one.team == team]
        return dice.choice([asked.order, *others[-3:]])

    def foreseen(self, asked: Asked) -> str:
        """Give what the law answers now."""
        known = self.serial.carried.get(asked.id)
        if known is not None and not isinstance(asked.deed, HALVES):
            return "Done" if known.asked.same(asked) else "CommandReused"
        answer = self.serial.answer(asked)
        return kind_of(answer) if isinstance(answer, Refused | str) else "Done"

    def give(self, handle: int, asked: Asked, views: Sequence[str] = ()) -> None:
        """Ask a practice, and assert that the answer is one that the law gives meanwhile."""
        with self.looking():
            self._give(handle, asked, views)

    def _give(self, handle: int, asked: Asked, views: Sequence[str]) -> None:
        first, repeated = self.foreseen(asked), asked.id in self.serial.carried
        journal = self.journals[handle]
        before = journal.conflicts
        try:
            answer: Done | Refused | Exception = asked.of(self.practices[handle])
        except (CommandReused, ClockWentBack, Conflict) as error:
            answer = error
        except ImpossibleEvent:
            self.prove()  # it says more of what is wrong with the journal
            raise
        self.settle(handle, [answer] if isinstance(answer, Done) else [])
        conflicts, found = journal.conflicts - before, kind_of(answer)
        if isinstance(answer, Conflict):
            assert conflicts == len(views) == 3, (
                f"{asked.id} met {conflicts} conflicts, and others acted {len(views)} times"
            )
            assert asked.id not in self.serial.carried, f"{asked.id} met a conflict, and is there"
        else:
            assert found in {first, *views}, (
                f"{asked} was answered {found}, the law says {[first, *views]}"
            )
        self.met[f"{type(asked.deed).__name__} done" if found == "Done" else found] += 1
        self.met["conflicts"] += conflicts
        self.met["repeated"] += repeated and found == "Done"

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look at something: if that fails, what is there at the end need not be looked at."""
        self.unsound += 1
        yield
        self.unsound -= 1

    def settle(self, handle: int, done: Sequence[Done]) -> None:
        """Prove what was written, and that it is what was answered."""
        self.journals[handle].meanwhile.clear()
        self.prove()
        for one in done:
            self.serial.check_answer(one)

    def prove(self) -> None:
        early = self.serial.early
        self.serial.prove(self.witness, self.asked)
        self.met["early"] += self.serial.early - early

    def teardown(self) -> None:
        """At the end all see the same, from whatever they have made it."""
        if not self.unsound:
            folded = Projected(self.witness, BOOKS, BOOKS.begin(), 0)
            folded.catch_up()
            for practice in self.practices:
                practice.catch_up()
                self.serial.check_books(practice.books)
                assert plain(practice.books) == plain(folded.state), "books that others do not have"
            self.practices[0].keep()
            loaded = project(self.witness, BOOKS)
            assert plain(loaded.state) == plain(folded.state), "another town in the snapshot"
            assert verify(self.witness) == ()
            self.met["commands"] += len(self.serial.carried)
        for journal in (self.witness, *self.journals):
            journal.close()


def kind_of(answer: Done | Refused | Exception | str) -> str:
    """Give the kind of an answer in a word."""
    match answer:
        case Refused():
            return f"{answer.command.__name__}: {answer.reason}"
        case str():
            return answer
        case _:
            return type(answer).__name__


def town(
    make: Callable[[str], Journal],
    kind: type[Practice] = Practice,
    handle: type[Interrupted] = Interrupted,
) -> type[Town]:
    """Give the machine for a kind of journal, and of practice."""
    bound = {
        "make": staticmethod(make),
        "kind": kind,
        "handle": handle,
        "numbers": count(1),
        "met": Counter(),
    }
    return type("DrawnTown", (Town,), bound)


# ------------------------------------------------------------------ every store

STORES = ("memory", "sqlite", "postgres")
EXAMPLES = {"memory": 40, "sqlite": 10, "postgres": 5}
MET = (
    *("PlaceOrder done", "AcceptOffer done", "ScheduleService done", "CompleteService done"),
    *("Consolidate done", "Divide done", "dispatched", "ticks", "repeated", "conflicts"),
    *("ClockWentBack", "CommandReused", "ScheduleService: double_booked"),
)
"""What the longest run must have met, or it shows nothing."""


@pytest.fixture
def make(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Journal]:
    """A function that opens the journal of a name once more."""
    if store == "memory":
        return in_memory()
    if store == "sqlite":
        return lambda name: SqliteJournal(tmp_path / f"{name}.journal")
    address: str = request.getfixturevalue("postgres")

    def opened_there(name: str) -> Journal:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{name}"')
        return PostgresJournal(f"{address}&options=-csearch_path%3D{name}")

    return opened_there


def in_memory() -> Callable[[str], Journal]:
    memories: defaultdict[str, Memory] = defaultdict(Memory)
    return lambda name: MemoryJournal(memories[name])


@pytest.mark.slow
@pytest.mark.parametrize("store", STORES)
def test_three_handles_are_as_one(store: str, make: Callable[[str], Journal]) -> None:
    machine = town(make)
    run_state_machine_as_test(machine, settings=settings(FEW, max_examples=EXAMPLES[store]))
    missing = [what for what in MET if not machine.met[what]]
    assert store != "memory" or not missing, f"never met: {missing}"
    print(f"{store}: {machine.met['commands']} commands, {machine.met['conflicts']} conflicts")  # noqa: T201 - a figure


def test_an_acceptance_comes_before_the_time_that_was_agreed_on_in_the_middle_of_it() -> None:
    make, serial = in_memory(), Serial()
    asked: defaultdict[CommandId, list[Asked]] = defaultdict(list)
    journal, other = Interrupted(make("a")), opened(make("a"))
    practice = opened(journal.as_journal())
    site = SiteId("station-0")
    ann, blue, desk = RESIDENTS[0], member(TeamId("blue")), officer(site)
    time = ScheduleService(NOON, NOON + HOUR)

    def give(key: str, deed: OrderCommand, by: Actor, to: Practice = practice) -> Done | Refused:
        name = CommandId(f"c-{len(asked)}")
        asked[name].append(Asked(OrderId(key), deed, name, by, NOON))
        return asked[name][0].of(to)

    for key in ("o-1", "o-2"):
        wanted = attrs.evolve(
            request(OrderId(key), ann, NOON, Random(1)),  # noqa: S311 - dice
            site=site,
            category=Category.AID,
            earliest=NOON,
            latest=NOON + HOUR,
            needed=2,
            duration=60,
            route=AREA.profile.route(site, TOWN),
        )
        give(key, PlaceOrder(wanted), ann)
        give(key, ReviewOrder(), desk)
        give(key, OfferOrder((TeamId("blue"),), HOUR), desk)
    give("o-1", AcceptOffer(), blue)
    journal.meanwhile["append"] = [lambda: give("o-1", time, blue, other)]
    assert isinstance(give("o-2", AcceptOffer(), blue), Done)
    serial.prove(make("a"), asked)
    assert serial.early == 1
    assert give("o-2", time, blue) == Refused(ScheduleService, Refusal.DOUBLE_BOOKED)


# ------------------------------------------------------------------ planted faults


class ForgetsBookings(Practice):
    def _writes(self, *args: Any) -> list[Write]:  # noqa: ANN401 - as it is given
        return without(super()._writes(*args), TeamBooked)


class NeverFrees(Practice):
    def _writes(self, *args: Any) -> list[Write]:  # noqa: ANN401 - as it is given
        return without(super()._writes(*args), TeamFreed)


class ForgetsPoints(Practice):
    def _writes(self, *args: Any) -> list[Write]:  # noqa: ANN401 - as it is given
        return without(super()._writes(*args), PointsAwarded)


class SeesNobody(Practice):
    def catch_up(self) -> int:
        return 0


def without(writes: Sequence[Write], kind: type) -> list[Write]:
    """Give writes without the events of a kind."""
    kept = ((one, tuple([e for e in one.events if not isinstance(e, kind)])) for one in writes)
    return [attrs.evolve(one, events=events) for one, events in kept if events]


class LooksNothingUp(Interrupted):
    def carried(self, command: CommandId) -> Carried | None:
        super().carried(command)
        return None


class IgnoresExpected(Interrupted):
    def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        self._let("append")
        now = {one.stream: len(list(self.journal.stream(one.stream))) for one in writes}
        writes = [attrs.evolve(one, expected=now[one.stream]) for one in writes]
        return self.journal.append(writes, **rest)


class WritesTwice(Interrupted):
    """What stands beside the orders gets an append of its own."""

    def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        orders = [one for one in writes if one.stream.startswith("order/")]
        others = [one for one in writes if one not in orders]
        appended = super().append(orders, **rest)
        if others:
            second = CommandId(f"{rest['command']}-2")
            self.journal.append(others, **{**rest, "command": second})
        return appended


class TakesAnothersAnswer(Interrupted):
    """It cannot tell its own answer from that to the same command, given elsewhere."""

    def append(self, writes: Sequence[Write], **rest: Any) -> Appended:  # noqa: ANN401 - as it is given
        return super().append(writes, **{**rest, "digest": rest["digest"][:32]})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (ForgetsBookings, "the teams are booked for .*, and their orders say"),
        (NeverFrees, "the teams are booked for .*, and their orders say"),
        (ForgetsPoints, "gave .* for a service of .*'points'"),
        (SeesNobody, "met 3 conflicts, and others acted 0 times|was answered .*, the law says"),
        (LooksNothingUp, "was answered .*, the law says .*'Done'"),
        (IgnoresExpected, "is not what the law gives after all before it|was answered"),
        (WritesTwice, "the teams are booked for .*, and their orders say"),
        (TakesAnothersAnswer, "was answered Carried.*, and there is Carried"),
    ],
)
def test_a_practice_or_journal_with_a_fault_is_found_out(fault: type, said: str) -> None:
    kind = fault if issubclass(fault, Practice) else Practice
    handle = fault if issubclass(fault, Interrupted) else Interrupted
    with pytest.raises(AssertionError, match=said):
        run_state_machine_as_test(town(in_memory(), kind, handle), settings=FEW)


def test_a_snapshot_that_forgets_bookings_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    filled = Books._fill  # noqa: SLF001 - what is planted

    def forgetful(books: Books, rest: dict[str, Any]) -> None:
        filled(books, {**rest, "bookings": []})

    monkeypatch.setattr(Books, "_fill", forgetful)
    with pytest.raises(AssertionError, match=r"the books hold other calendars|another town in"):
        run_state_machine_as_test(town(in_memory()), settings=FEW)
