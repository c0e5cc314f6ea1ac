"""A platform in fifty lines: one area on one journal, killed in the middle, and going on.

A county of five sites and three teams takes an order through the loop of Wujiang. The process that
does so is killed right after it has carried out a command and before anybody has heard of it. A
second process opens the same file. The command that got no answer is given again, under its id.
docs/platform.md explains each part.

Counted are all lines of code, those of the county and its people too: 53. Not counted are imports,
docstrings, comments and empty lines.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import tempfile
from multiprocessing import Process
from pathlib import Path

from practice_core import (
    Actor,
    Category,
    Hierarchy,
    Level,
    Refused,
    Request,
    RequestedTime,
    Role,
    Site,
    Team,
    instant,
    load_area,
    moment,
    policy,
    term,
)
from practice_core.journal import verify
from practice_core.orders import (
    AcceptOffer,
    CollectNeed,
    CompleteService,
    DeclineOffer,
    PlaceOrder,
    RateOrder,
    ReviewOrder,
    ScheduleService,
    Served,
    StartService,
)
from practice_core.service import Practice
from practice_core.terms import word
from practice_core.units import DAY, HOUR, ActorId, CommandId, OrderId, SiteId, TeamId, VolunteerId

# A county: its sites, its teams, its people.
CENTER, EAST, WEST, MILL, FORD = map(SiteId, ("center", "east", "west", "mill", "ford"))
SITES = Hierarchy(
    [
        Site(CENTER, "Center", Level.CENTER, None, 120.64, 31.16, synthetic=True),
        Site(EAST, "Eastern Institute", Level.INSTITUTE, CENTER, 120.72, 31.16, synthetic=True),
        Site(WEST, "Western Institute", Level.INSTITUTE, CENTER, 120.56, 31.16, synthetic=True),
        Site(MILL, "Mill Station", Level.STATION, EAST, 120.74, 31.18, synthetic=True),
        Site(FORD, "Ford Station", Level.STATION, WEST, 120.54, 31.14, synthetic=True),
    ]
)
TEAMS = [
    Team(TeamId(name), home, (Category.AID,), members=6, jobs_per_week=3, free=(4, 4, 2) * 7)
    for name, home in [("carp", FORD), ("heron", EAST), ("willow", CENTER)]
]
ANN, DESK = Actor(ActorId("ann"), Role.REQUESTER), Actor(ActorId("desk-1"), Role.OFFICER, CENTER)
HERON, WILLOW = (Actor(ActorId(t), Role.TEAM, team=TeamId(t)) for t in ("heron", "willow"))

# What they do, and when: Ann wants two volunteers for 60 minutes, placed at nine, within a week.
AREA, ORDER, VOLUNTEER = load_area("wujiang"), OrderId("o-1"), VolunteerId("v-8")
NINE = instant(dt.datetime(2026, 3, 2, 9, tzinfo=dt.timezone(dt.timedelta(hours=8))))
WINDOW, ROUTE = (NINE, NINE + 7 * DAY), AREA.profile.route(MILL, SITES, links=AREA.links)
WANTED = Request(ORDER, MILL, Category.AID, ANN.id, NINE, *WINDOW, 2, 60, RequestedTime.ANY, ROUTE)
STORY = [
    (NINE, ANN, CollectNeed(WANTED)),
    (NINE, ANN, PlaceOrder(WANTED)),
    (NINE, DESK, ReviewOrder()),
    (NINE + 1 * HOUR, HERON, DeclineOffer()),
    (NINE + 2 * HOUR, WILLOW, AcceptOffer()),
    (NINE + 3 * HOUR, WILLOW, ScheduleService(NINE + DAY, NINE + DAY + 2 * HOUR)),
    (NINE + DAY, WILLOW, StartService(present=2)),
    (NINE + DAY + 2 * HOUR, WILLOW, CompleteService(90, (Served(VOLUNTEER, 90),))),
    (NINE + DAY + 5 * HOUR, ANN, RateOrder(5)),
]


def live(journal: Path, first: int, dies_at: int | None = None) -> Practice:
    """Carry out the story from one command on; die after one, before it is answered."""
    practice = Practice.open(journal, AREA, hierarchy=SITES, teams=TEAMS)
    for number, (at, by, command) in enumerate(STORY[first:], first):
        done = practice.do(ORDER, command, id=CommandId(f"c-{number}"), by=by, at=at)
        if number == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        said = term(done.reason) if isinstance(done, Refused) else term(done.order.state)
        print(f"c-{number} {type(command).__name__}: {said}", flush=True)
        practice.tick(at)
        practice.dispatch(policy("nearest"), at=at)
    return practice


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        process = Process(target=live, args=(Path(folder, "area.journal"), 0, 4))
        process.start()
        process.join()
        print(f"killed by signal {-(process.exitcode or 0)}: nobody has answered c-4")
        with live(Path(folder, "area.journal"), 4) as practice:
            for e in practice.history(ORDER, by=DESK).items:
                print(f"{moment(e.at, offset=8 * HOUR):%a %H:%M} {word('event', e.kind)} by {e.by}")
            print(practice.account(VOLUNTEER, by=DESK))
            print(f"tampered with: {verify(practice.journal) or 'nothing'}")
