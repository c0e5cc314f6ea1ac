"""Loops as data: each says what it rests on, narrows the lifecycle, and lets every order end."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from practice_core.areas import (
    BasisKind,
    LoopKey,
    comparison,
    flowchart,
    load_area,
    load_loop,
    loop_names,
    traits,
)
from practice_core.areas.files import read
from practice_core.areas.loops import LoopFile, loop_files, read_loop
from practice_core.errors import DefinitionError, UnknownName
from practice_core.hierarchy import Level
from practice_core.lifecycle import AfterPause, Role
from practice_core.orders import (
    ORDER,
    AcceptOffer,
    CancelOrder,
    CancelReason,
    Clock,
    CollectNeed,
    CompleteService,
    Desk,
    EscalateOrder,
    Links,
    LoopProfile,
    Mode,
    OfferOrder,
    OrderState,
    PauseOrder,
    PauseReason,
    PlaceOrder,
    PostOrder,
    Priority,
    RateOrder,
    ReviewOrder,
    ScheduleService,
    ShowcaseOrder,
    Standing,
    StartService,
    Supervised,
    clock_of,
)
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, SiteId
from practice_core.volunteers import BLOCKS_A_WEEK, Team
from tests.patience import within
from tests.telling import ANN, MONDAY, OFFICER, RED, REQUEST, ROUTE, SYSTEM, Story, member_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from practice_core.orders import OrderCommand

FILES = {name: file.read_text(encoding="utf-8") for name, file in loop_files().items()}
alone = pytest.mark.parametrize("name", sorted(FILES))
every = pytest.mark.parametrize("name", loop_names())

# A loop of one's own that uses whatever a file may say.
FULL = """\
name_zh = "清水五单"
name_en = "Five steps"
place_zh = "清水县"
place_en = "Qingshui"
document = "rules of the center"

[calendar]
utc_offset_hours = { value = 8, basis = "published", document = "China Standard Time" }
working_weekdays = { value = [0, 1, 2, 3, 4, 5], basis = "published", document = "rules" }
opens = "08:00"
closes = "18:00"

[loop]
name = "qingshui"
chain = ["station", "sector", "paired", "center", "allied", "fallback"]
tries = { value = 2, basis = "published", document = "rules" }
review_within_hours = { value = 1.5, basis = "published", document = "rules" }
offer_open_hours = { value = 12, basis = "published", document = "rules" }
schedule_within_hours = { value = 24, basis = "published", document = "rules" }
desk_within_hours = { value = 744, basis = "published", document = "rules" }
rating_within_days = { value = 7, basis = "published", document = "rules" }
showcase_within_days = { value = 3, basis = "published", document = "rules" }
pause_within_days = { value = 10, basis = "published", document = "rules" }
satisfied_from = { value = 4, basis = "published", document = "rules" }
redos = { value = 2, basis = "published", document = "rules" }
redo_within_working_days = { value = 3, basis = "published", document = "rules" }
issue_days = { value = [1, 15], basis = "published", document = "rules" }
collects = false
modes = { value = ["several", "pool"], basis = "published", document = "rules" }
takers = ["institute"]
dual_rating = true
call_back = true
redo_escalates = true
after_pause = "restart"

[[loop.supervised]]
clock = "contact"
since = "accepted"
within_hours = { value = 0.5, basis = "published", document = "rules" }
priority = "urgent"

[[loop.supervised]]
clock = "completion"
since = "placed"
within_working_hours = { value = 30, basis = "published", document = "rules" }

[[loop.steps]]
zh = "点单"
en = "order"
commands = ["PlaceOrder"]
by = ["proxy", "officer"]

[[loop.steps]]
zh = "接单"
en = "accept"
commands = ["AcceptOffer"]
"""


def changed(*changes: tuple[str, str]) -> str:
    text = FULL
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def faults(text: str | bytes) -> dict[str, tuple[str, str, str]]:
    raw = text if isinstance(text, bytes) else text.encode()
    with within(5), pytest.raises(DefinitionError) as refused:
        read_loop(raw, "own.toml")
    assert len(str(refused.value)) < 20_000
    return {
        fault.place.removeprefix("own.toml: "): (fault.found, fault.expected, fault.remedy)
        for fault in refused.value.faults
    }


# ------------------------------------------------------------------ what ships


@every
def test_every_loop_that_ships_loads_under_its_name(name: str) -> None:
    loop = load_loop(name)
    assert loop.id == name
    assert re.fullmatch("[a-z]+", name)
    assert loop.document
    for zh, en in ((loop.name_zh, loop.name_en), (loop.place_zh, loop.place_en)):
        assert re.search("[\u4e00-\u9fff]", zh) or zh == "1130"
        assert en.isascii()


@every
def test_every_public_step_maps_to_commands_of_the_loop_and_says_who_takes_it(name: str) -> None:
    profile = load_loop(name).profile
    for step in profile.steps:
        assert re.search("[\u4e00-\u9fff]", step.zh)
        assert step.en.isascii()
        rules = [rule for rule in profile.lifecycle.rules if rule.command.__name__ in step.commands]
        assert [rule.command.__name__ for rule in rules] == sorted(
            step.commands, key=[rule.command.__name__ for rule in ORDER.rules].index
        )
        roles = profile.roles_of(step)
        assert roles
        assert Role.SYSTEM not in roles
        assert set(roles) <= {role for rule in rules for role in rule.roles}


STEPS = {
    "wujiang": "收集需求 基层点单 中心派单 团队接单 群众评单",
    "jintan": "点单 派单 接单 评单 晒单",
    "zhangjiagang": "基层开单 市级接单",
    "tengzhou": "群众点单 志愿者接单 群众评单",
    "gaofengtou": "村民点单 所站配单 志愿者接单 社会评单",
    "changjiangyun": "群众点单 中心(所、站)制单 层层派单 抢单",
    "bishan": "点单 审单 派单 接单 评单",
    "chengcheng": "群众点单 组织建单 党员接单",
    "hujiamiao": "居民点单 网格接单 销号",
    "xiayang": "接单 首次处置 街道回访 再次处置",
    "pingyu": "我晒 你接 大家评",
}


@pytest.mark.parametrize("name", sorted(STEPS))
def test_the_public_steps_are_those_that_the_document_names(name: str) -> None:
    loop = load_loop(name)
    assert " ".join(step.zh for step in loop.profile.steps) == STEPS[name]
    basis = loop.basis("loop.steps")
    assert name == "wujiang" or (basis is not None and basis.kind is BasisKind.PUBLISHED)


def test_steps_that_no_document_names_are_said_to_be_derived_or_assumed() -> None:
    kinds = {name: load_loop(name).basis("loop.steps") for name in FILES if name not in STEPS}
    assert {name: basis and basis.kind for name, basis in kinds.items()} == {
        "taicang": BasisKind.ASSUMED,
        "zhiduoxing": BasisKind.DERIVED,
        "jufengyuan": BasisKind.DERIVED,
    }


@alone
def test_every_choice_of_a_loop_that_ships_says_what_it_rests_on(name: str) -> None:
    section = tomllib.loads(FILES[name])["loop"]
    bare = {key for key, node in section.items() if not isinstance(node, dict)}
    assert bare <= {"name", "supervised"}
    assert {"chain", "modes", "collects", "steps"} <= section.keys()


PUBLISHED = {
    ("hujiamiao", "loop.supervised[0].within_hours"): 1,
    ("hujiamiao", "loop.supervised[1].within_hours"): 24,
    ("hujiamiao", "loop.supervised[2].within_hours"): 72,
    ("xiayang", "loop.redo_within_working_days"): 3,
}
DERIVED = {
    ("chengcheng", "loop.supervised[0].within_hours"): 31 * 24,
    ("xiayang", "loop.supervised[0].within_working_hours"): 1 * 9,
    ("xiayang", "loop.supervised[1].within_working_hours"): 5 * 9,
}


def test_no_number_is_published_or_derived_but_those_that_the_documents_give() -> None:
    kinds = {BasisKind.PUBLISHED: PUBLISHED, BasisKind.DERIVED: DERIVED}
    found: dict[BasisKind, dict[tuple[str, str], float]] = {kind: {} for kind in kinds}
    for name, text in FILES.items():
        values, bases = read(text, name)
        for key, basis in bases.items():
            node: Any = values
            for part in re.findall(r"\w+", key):
                node = node[int(part)] if part.isdigit() else node[part]
            number = isinstance(node, (int, float)) and not isinstance(node, bool)
            if number and basis.kind in kinds and not key.startswith("calendar."):
                found[basis.kind][name, key] = node
    assert found == kinds


def test_what_sets_each_loop_apart_is_in_its_law() -> None:
    law = {name: load_loop(name).profile for name in loop_names()}
    reviewed = {name for name, p in law.items() if OrderState.PLACED not in p.lifecycle.passed}
    assert reviewed == {"wujiang", "bishan", "zhiduoxing"}
    assert {name for name, p in law.items() if p.showcase is not None} == {"jintan"}
    assert {name for name, p in law.items() if p.dual_rating} == {"jufengyuan", "pingyu"}
    assert {name for name, p in law.items() if p.call_back} == {"xiayang"}
    assert {name for name, p in law.items() if p.redo_escalates} == {"xiayang"}
    assert {name: p.issue_days for name, p in law.items() if p.issue_days} == {
        "chengcheng": (10,),
        "pingyu": (1,),
    }
    assert {name: p.takers for name, p in law.items() if p.takers} == {
        "zhangjiagang": (Level.CENTER,)
    }
    grabbed = {name for name, p in law.items() if OrderState.OFFERED not in p.lifecycle.states}
    assert grabbed == {"zhangjiagang", "tengzhou", "chengcheng", "pingyu"}
    assert Desk.SECTOR in law["taicang"].chain
    assert law["wujiang"].chain == (Desk.CENTER, Desk.ALLIED)
    asked = {one.priority: one.within for one in law["jufengyuan"].supervised}
    assert asked == {Priority.ORDINARY: 24 * HOUR, Priority.URGENT: HOUR / 2}


# ------------------------------------------------------------------ every order ends


def standing() -> Standing:
    """Of a team that every loop lets serve."""
    free = (9,) * BLOCKS_A_WEEK
    team = Team(RED, SiteId("center"), (Category.AID,), 9, 5, free)
    return Standing(team, Level.CENTER)


def life(profile: LoopProfile) -> Iterator[Story]:
    """An order's whole life in a loop, and where it stands after each command."""
    issued = profile.next_issue(MONDAY)
    told = Story(profile, at=issued, standings={RED: standing()})
    request = attrs.evolve(
        REQUEST,
        route=ROUTE[: min(3, len(profile.chain))],
        placed_at=issued,
        earliest=issued,
        latest=issued + 20 * DAY,
    )
    team, asker = member_of(RED), ANN

    def gives(command: type[OrderCommand]) -> bool:
        return command in profile.rules

    if gives(CollectNeed):
        role = Role.REQUESTER in profile.rules[CollectNeed].roles
        yield told.then(CollectNeed(request), asker if role else OFFICER)
    role = Role.REQUESTER in profile.rules[PlaceOrder].roles
    yield told.then(PlaceOrder(request), asker if role else OFFICER)
    if gives(ReviewOrder):
        yield told.then(ReviewOrder(), OFFICER)
    if gives(OfferOrder):
        yield told.then(OfferOrder((RED,), HOUR), OFFICER)
    else:
        yield told.then(PostOrder(HOUR), OFFICER)
    yield told.then(AcceptOffer(), team)
    start = told.at + DAY
    yield told.then(ScheduleService(start, start + 2 * HOUR), team)
    yield told.then(StartService(5), team, DAY)
    yield told.then(CompleteService(60), team, HOUR)
    yield told.then(RateOrder(1), asker)
    if told.order.state is OrderState.RATED and gives(ShowcaseOrder):
        yield told.then(ShowcaseOrder(consent=True), OFFICER)


@every
def test_an_order_that_everybody_forgets_ends_by_its_clocks(name: str) -> None:
    profile = load_loop(name).profile
    count = sum(1 for _ in life(profile))
    seen = set()
    for n in range(count):
        *_, told = (story for story, _ in zip(life(profile), range(n + 1), strict=False))
        seen.add(told.order.state)
        for _ in range(50):
            due = clock_of(told.order)
            if due is not None:
                told.then(due[1](), SYSTEM, max(0, due[0] - told.at))
        if told.order.state not in ORDER.final:  # no clock knows when a service is over
            assert told.order.state is OrderState.IN_SERVICE
            told.then(CancelOrder(CancelReason.NO_LONGER_NEEDED), OFFICER)
        assert told.order.state in ORDER.final
    assert {OrderState.REVIEWED, OrderState.ACCEPTED, OrderState.IN_SERVICE} <= seen


@every
def test_from_every_state_of_a_loop_somebody_and_a_clock_lead_on(name: str) -> None:
    lifecycle = load_loop(name).profile.lifecycle
    assert lifecycle.final >= {OrderState.CLOSED, OrderState.CANCELLED, OrderState.UNSERVED}
    for state in lifecycle.states:
        roles = {role for role in Role if lifecycle.allowed(state, role)}
        if state in lifecycle.final:
            assert not roles
        elif state not in lifecycle.passed and state is not OrderState.ABSENT:
            assert roles - {Role.SYSTEM}
            assert Role.SYSTEM in roles or state is OrderState.IN_SERVICE


@every
def test_a_loop_adds_nothing_to_the_lifecycle_of_all_orders(name: str) -> None:
    lifecycle = load_loop(name).profile.lifecycle
    assert set(lifecycle.edges) <= set(ORDER.edges)
    for rule in lifecycle.rules:
        whole = ORDER.rule_of[rule.command]
        assert rule.sources <= whole.sources
        assert rule.roles <= whole.roles
        assert rule.outcomes <= whole.outcomes


# ------------------------------------------------------------------ what a file may say


def test_whatever_a_profile_says_a_file_can_say() -> None:
    loop = read_loop(FULL.encode(), "own.toml")
    profile = loop.profile
    assert (loop.id, loop.name("zh"), loop.name(), loop.place("zh"), loop.place()) == (
        "qingshui",
        "清水五单",
        "Five steps",
        "清水县",
        "Qingshui",
    )
    assert profile.chain == (
        Desk.STATION,
        Desk.SECTOR,
        Desk.PAIRED,
        Desk.CENTER,
        Desk.ALLIED,
        Desk.FALLBACK,
    )
    assert (profile.tries, profile.satisfied_from, profile.redos) == (2, 4, 2)
    assert (profile.review_within, profile.offer_open) == (1.5 * HOUR, 12 * HOUR)
    assert (profile.schedule_within, profile.desk_within) == (24 * HOUR, 744 * HOUR)
    assert (profile.rating_within, profile.showcase) == (7 * DAY, 3 * DAY)
    assert (profile.pause_within, profile.redo_within) == (10 * DAY, 3 * 10 * HOUR)
    assert (profile.collects, profile.modes) == (False, (Mode.SEVERAL, Mode.POOL))
    assert (profile.takers, profile.issue_days) == ((Level.INSTITUTE,), (1, 15))
    assert (profile.dual_rating, profile.call_back, profile.redo_escalates) == (True, True, True)
    assert profile.after_pause is AfterPause.RESTART
    assert profile.supervised == (
        Supervised(Clock.CONTACT, OrderState.ACCEPTED, HOUR // 2, priority=Priority.URGENT),
        Supervised(Clock.COMPLETION, OrderState.PLACED, 30 * HOUR, working=True),
    )
    assert profile.steps[0].by == (Role.PROXY, Role.OFFICER)
    said = {field.name for field in attrs.fields(LoopFile)}
    assert said - tomllib.loads(FULL)["loop"].keys() == {"pauses"}


def test_what_a_file_leaves_out_is_the_usual_and_said_to_be() -> None:
    text = re.sub(r"(?s)\[calendar\].*?(?=\[loop\])", "", FULL)
    text = re.sub(
        r"(?m)^(pause_within|issue|collects|modes|takers|dual|call|redo_esc|after).*\n", "", text
    )
    text = re.sub(r"(?m)^(review|desk|showcase).*\n", "", text)
    text = re.sub(r"(?s)\[\[loop.supervised\]\].*?(?=\[\[loop.steps)", "", text)
    loop = read_loop(text.encode(), "own.toml")
    profile = loop.profile
    usual = {field.name: field.default for field in attrs.fields(LoopProfile)}
    for key in ("collects", "modes", "takers", "issue_days", "supervised", "dual_rating"):
        assert getattr(profile, key) == usual[key]
    for key in ("call_back", "redo_escalates", "pause_within", "after_pause"):
        assert getattr(profile, key) == usual[key]
    assert (profile.review_within, profile.desk_within, profile.showcase) == (None, None, None)
    assert profile.redo_within == 3 * 9 * HOUR
    for key in ("calendar.working_weekdays", "loop.pause_within_days"):
        basis = loop.basis(key)
        assert basis is not None
        assert (basis.kind, "says nothing" in basis.source) == (BasisKind.ASSUMED, True)
    assert loop.basis("loop.modes") is None


def test_a_loop_may_know_no_pauses() -> None:
    old = re.search(r"(?m)^pause_within_days.*$", FULL)
    assert old is not None
    loop = read_loop(changed((old[0], "pauses = false")).encode(), "own.toml")
    profile = loop.profile
    assert profile.pause_within is None
    assert PauseOrder not in profile.rules
    (said,) = [one for one in traits(loop) if one.key is LoopKey.PAUSE]
    assert (said.text, said.basis) == ("none", None)


# ------------------------------------------------------------------ planted faults

HALF = '{ value = 0.5, basis = "published", document = "rules" }\n'
Planted = tuple[str, str, str, str, str]
PLANTED: dict[str, Planted] = {
    "an unknown command": (
        '"AcceptOffer"',
        '"AcceptOfer"',
        "loop.steps[1].commands",
        "'AcceptOfer'",
        "did you mean 'AcceptOffer'",
    ),
    "no command": ('["AcceptOffer"]', "[]", "loop.steps[1].commands", "()", ""),
    "commands that are no list": (
        '["AcceptOffer"]',
        '"AcceptOffer"',
        "loop.steps[1].commands",
        "'AcceptOffer'",
        "",
    ),
    "a role that may not": (
        'by = ["proxy", "officer"]',
        'by = ["officer", "team"]',
        "loop.steps[0].by",
        "'team'",
        "",
    ),
    "the system as a role": (
        'by = ["proxy", "officer"]',
        'by = ["system"]',
        "loop.steps[0].by",
        "'system'",
        "",
    ),
    "an unknown role": (
        'by = ["proxy", "officer"]',
        'by = ["ofice"]',
        "loop.steps[0].by[0]",
        "'ofice'",
        "did you mean 'office",
    ),
    "a step that the loop leaves out": (
        '["AcceptOffer"]',
        '["AcceptOffer", "MergeNeed"]',
        "loop.steps[1].commands",
        "MergeNeed, which this loop leaves out",
        "",
    ),
    "a clock from where it cannot run": (
        'since = "accepted"',
        'since = "placed"',
        "loop.supervised[0].since",
        "'placed'",
        "",
    ),
    "a clock of reviews without a review": (
        'clock = "contact"\nsince = "accepted"',
        'clock = "review"\nsince = "accepted"',
        "loop.supervised[0].since",
        "'accepted'",
        "",
    ),
    "a clock twice": (
        'clock = "completion"\nsince = "placed"',
        'clock = "contact"\npriority = "urgent"\nsince = "accepted"',
        "loop.supervised",
        "a clock twice",
        "",
    ),
    "a clock without a time": (
        'within_hours = { value = 0.5, basis = "published", document = "rules" }\n',
        "",
        "loop.supervised[0].within_hours",
        "nothing",
        "",
    ),
    "a clock with two times": (
        'within_hours = { value = 0.5, basis = "published", document = "rules" }\n',
        "".join(f"{key} = {HALF}" for key in ("within_hours", "within_working_hours")),
        "loop.supervised[0].within_hours",
        "both of them",
        "",
    ),
    "a time that is over at once": (
        "within_hours = { value = 0.5,",
        "within_hours = { value = 0,",
        "loop.supervised[0].within_hours",
        "0.0",
        "",
    ),
    "an unknown desk": ('"sector"', '"sektor"', "loop.chain[1]", "'sektor'", "'sector'"),
    "a desk twice": ('"sector"', '"station"', "loop.chain", "station, station", ""),
    "no mode": ('["several", "pool"]', "[]", "loop.modes", "nothing", ""),
    "a day that no month need have": ("[1, 15]", "[1, 31]", "loop.issue_days", "1, 31", ""),
    "a longest pause without pauses": (
        "dual_rating = true",
        "dual_rating = true\npauses = false",
        "loop.pause_within_days",
        "a longest pause, and no pauses",
        "",
    ),
    "a pause of a decade": (
        "pause_within_days = { value = 10",
        "pause_within_days = { value = 3_650",
        "loop.pause_within_days",
        "3650.0",
        "",
    ),
    "a name that is no id": ('name = "qingshui"', 'name = "清水"', "loop.name", "'清水'", ""),
    "a step without a name": ('zh = "点单"', 'zh = " "', "loop.steps[0].zh", "nothing", ""),
    "a long name": ('"Five steps"', f'"{"x" * 81}"', "name_en", "81 characters", ""),
    "no document": ('"rules of the center"', '""', "document", "nothing", ""),
    "a number without a basis": (
        'tries = { value = 2, basis = "published", document = "rules" }',
        "tries = 2",
        "loop.tries",
        "2 without a basis",
        "",
    ),
    "an assumed choice without a why": (
        'modes = { value = ["several", "pool"], basis = "published", document = "rules" }',
        'modes = { value = ["several", "pool"], basis = "assumed" }',
        "loop.modes",
        "no why",
        "",
    ),
    "an unknown key": (
        "collects = false",
        "colects = false",
        "loop.colects",
        "unknown key",
        "'collects'",
    ),
    "hours that are none": ('opens = "08:00"', 'opens = "8"', "calendar.opens", "'8'", ""),
    "a calendar that is no table": (
        "[calendar]",
        "calendar = 3\n[other]",
        "calendar",
        "3 without a basis",
        "",
    ),
    "a day of eight": ("[0, 1, 2, 3, 4, 5]", "[8]", "calendar.working_weekdays", "[8]", ""),
}


@pytest.mark.parametrize("what", sorted(PLANTED))
def test_each_fault_of_a_loop_is_found_at_its_place(what: str) -> None:
    old, new, place, found, remedy = PLANTED[what]
    told = faults(changed((old, new)))
    assert place in told, told
    assert told[place][0].startswith(found)
    assert remedy in told[place][2]
    assert all(told[place])


def test_all_faults_of_a_loop_are_told_at_once() -> None:
    several: tuple[str, ...] = (
        "a role that may not",
        "a clock from where it cannot run",
        "a pause of a decade",
        "hours that are none",
        "no document",
        "a number without a basis",
        "an unknown command",
    )
    told = faults(changed(*(PLANTED[what][:2] for what in several)))
    assert told.keys() == {PLANTED[what][2] for what in several}


def test_a_review_clock_needs_a_review() -> None:
    text = re.sub(r"(?m)^review_within.*\n", "", FULL)
    text = text.replace(
        'clock = "contact"\nsince = "accepted"', 'clock = "review"\nsince = "placed"'
    )
    assert faults(text)["loop.supervised"][0] == "a clock of reviews, and no review"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (
            '["station", "sector"',
            '["station", ' + '"station",\n' * 9_000 + '"sector"',
            "loop.chain",
        ),
        ('["AcceptOffer"]', "[" + '"AcceptOffer",\n' * 5_000 + "]", "loop.steps[1].commands"),
        ('["AcceptOffer"]', "[" + '"x",\n' * 20_000 + "]", "loop.steps[1].commands"),
        ("[1, 15]", "[" + "1,\n" * 30_000 + "]", "loop.issue_days"),
        (
            '\n[[loop.steps]]\nzh = "接单"',
            '\n[[loop.steps]]\nzh = "x"\nen = "x"\ncommands = []\n' * 2_000
            + '\n[[loop.steps]]\nzh = "接单"',
            "loop.steps",
        ),
        ('zh = "接单"', 'zh = """' + "\\\n接" * 20_000 + '"""', "loop.steps[1].zh"),
    ],
    ids=["chain", "commands", "unknown commands", "days", "steps", "a name"],
)
def test_what_is_far_too_long_is_refused_soon_and_in_few_words(
    old: str, new: str, place: str
) -> None:
    assert place in faults(changed((old, new)))


@pytest.mark.parametrize(
    "number", ["nan", "inf", "1e400", "-1", "1e-9", "true", "'1'", "2020-01-01"]
)
@pytest.mark.parametrize("key", ["offer_open_hours", "pause_within_days", "tries", "redos"])
def test_what_is_no_possible_number_is_a_fault_of_its_key(number: str, key: str) -> None:
    line = f'{key} = {{ value = {number}, basis = "derived", arithmetic = "x" }}'
    assert f"loop.{key}" in faults(re.sub(rf"(?m)^{key} = .*$", line, FULL))


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"\0", b"[loop", b"loop = 3", b"[[loop]]", "清水".encode("gbk")]
)
def test_what_is_no_loop_is_refused(raw: bytes) -> None:
    assert faults(raw)


# ------------------------------------------------------------------ where loops come from


def test_a_loop_is_named_or_a_file_or_belongs_to_an_area(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(FULL, encoding="utf-8")
    assert load_loop(file) == load_loop(str(file)) == read_loop(FULL.encode(), "own.toml")
    area = load_area("wujiang")
    loop = load_loop("wujiang")
    assert loop == area.loop
    assert (loop.profile, loop.place(), loop.place("zh")) == (area.profile, "Wujiang", "吴江")
    assert loop.bases
    assert all(key.startswith(("loop.", "calendar.")) for key in loop.bases)


@pytest.mark.parametrize(
    ("name", "meant"), [("jintann", "'jintan'"), ("Wujiang", "'wujiang'"), ("", "known: bishan")]
)
def test_an_unknown_loop_is_answered_with_the_one_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(UnknownName, match=f"no loop, file or folder named .*{meant}"):
        load_loop(name)


@pytest.mark.parametrize("name", ["none.toml", "folder.toml", "a\0.toml", "x" * 5_000 + ".toml"])
def test_a_file_that_cannot_be_read_is_one_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "folder.toml").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DefinitionError) as refused:
        load_loop(name)
    assert len(refused.value.faults) == 1


def test_no_loop_of_its_own_has_the_name_of_an_area() -> None:
    assert set(FILES) & {"wujiang"} == set()
    assert set(loop_names()) == {*FILES, "wujiang"}
    folder = resources.files("practice_core.areas").joinpath("loops")
    assert all(file.name.endswith(".toml") for file in folder.iterdir())


# ------------------------------------------------------------------ the desks of an area


LINKS = '[links]\ndocument = "agreement"\n'
AREA = resources.files("practice_core").joinpath("areas", "wujiang", "area.toml")


@pytest.fixture
def county(tmp_path: Path) -> Callable[..., Path]:
    """Make a county of Wujiang's files, its links and its chain replaced."""

    def make(links: str = "", chain: str = '["center"]', loop: str = "") -> Path:
        text = AREA.read_text(encoding="utf-8")
        text = re.sub(r"(?s)\[links\].*?(?=\[points\])", "", text)
        text = text.replace('chain = ["center", "allied"]', f"chain = {chain}\n{loop}")
        folder = tmp_path / "county"
        folder.mkdir()
        (folder / "area.toml").write_text(text + "\n" + links, encoding="utf-8")
        outline = AREA.parent / "outline.geojson"  # type: ignore[attr-defined]  # the package lies in a folder
        (folder / "outline.geojson").write_bytes(outline.read_bytes())
        return folder

    return make


def test_wujiang_is_tied_to_the_centers_of_its_alliance() -> None:
    area = load_area("wujiang")
    assert area.links == Links(allied=(SiteId("qingpu-center"), SiteId("jiashan-center")))
    route = area.profile.route(SiteId("wj-s001"), area.hierarchy(), links=area.links)
    assert route == ("wj", "qingpu-center", "jiashan-center")


def test_an_area_says_its_desks_beyond_the_tree(county: Callable[..., Path]) -> None:
    links = f'{LINKS}allied = ["c-1"]\nfallback = "f-1"\nsectors = {{ law = "court" }}\n'
    folder = county(
        f'{links}paired = {{ wj-s001 = "hospital" }}\n',
        '["station", "paired", "sector", "center", "allied", "fallback"]',
    )
    area = load_area(folder)
    hierarchy = area.hierarchy()
    route = area.profile.route(
        SiteId("wj-s001"), hierarchy, category=Category.LAW, links=area.links
    )
    assert route == ("wj-s001", "hospital", "court", "wj", "c-1", "f-1")
    other = area.profile.route(
        SiteId("wj-s002"), hierarchy, category=Category.AID, links=area.links
    )
    assert other == ("wj-s002", "wj", "c-1", "f-1")


def test_without_links_there_are_none(county: Callable[..., Path]) -> None:
    assert load_area(county()).links == Links()


@pytest.mark.parametrize("desk", ["sector", "paired", "allied", "fallback"])
def test_a_desk_of_the_chain_that_the_area_has_not_is_a_fault(
    county: Callable[..., Path], desk: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        load_area(county(chain=f'["center", "{desk}"]'))
    (fault,) = refused.value.faults
    assert (fault.place, fault.found) == (
        "area.toml: loop.chain",
        f"{desk}, which the area has not",
    )
    assert fault.remedy == f"name it in links, or drop {desk}"


def test_a_level_of_the_chain_or_of_takers_without_a_site_is_a_fault(
    county: Callable[..., Path],
) -> None:
    folder = county(chain='["spot", "center"]', loop='takers = ["spot", "station"]')
    file = folder / "area.toml"
    text = re.sub(r"spot = \{ value = 500", "spot = { value = 0", file.read_text(encoding="utf-8"))
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as refused:
        load_area(folder)
    assert [(fault.place, fault.found) for fault in refused.value.faults] == [
        ("area.toml: loop.chain", "spot, which the area has not"),
        ("area.toml: loop.takers", "spot, of which the area has no site"),
    ]


@pytest.mark.parametrize(
    ("line", "place", "found"),
    [
        ('allied = ["a b"]', "links.allied[0]", "'a b'"),
        ('allied = ["c", "c"]', "links.allied[1]", "'c', named before"),
        ('fallback = ""', "links.fallback", "''"),
        ('sectors = { law = "-" }', "links.sectors.law", "'-'"),
        ('sectors = { laws = "x" }', "links.sectors.laws", "'laws'"),
        ('paired = { wj-s001 = "/" }', "links.paired.wj-s001", "'/'"),
        ("allies = []", "links.allies", "unknown key"),
        ('allied = "c"', "links.allied", "'c'"),
    ],
)
def test_each_fault_of_the_links_has_its_place(
    county: Callable[..., Path], line: str, place: str, found: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        load_area(county(f"{LINKS}{line}\n"))
    assert [(fault.place, fault.found) for fault in refused.value.faults] == [
        (f"area.toml: {place}", found)
    ]


def test_links_say_which_document_ties_them(county: Callable[..., Path]) -> None:
    with pytest.raises(DefinitionError, match=r"links\.document: nothing; expected what says so"):
        load_area(county('[links]\ndocument = " "\n'))


def test_where_sites_are_known_a_pair_is_looked_up_and_an_ally_is_another_area(
    county: Callable[..., Path],
) -> None:
    folder = county(f'{LINKS}paired = {{ s01 = "hospital" }}\nallied = ["c"]\n')
    file = folder / "area.toml"
    text = re.sub(r"(?s)\[network\].*?(?=\[published\])", "", file.read_text(encoding="utf-8"))
    file.write_text(text.replace("prefix", 'sites = "sites.csv"\nprefix', 1), encoding="utf-8")
    table = "id,level,parent,lon,lat\nc,center,,120.6,31.0\ns1,station,c,120.7,31.0\n"
    (folder / "sites.csv").write_text(table, encoding="utf-8")
    with pytest.raises(DefinitionError) as refused:
        load_area(folder)
    told = {fault.place: (fault.found, fault.remedy) for fault in refused.value.faults}
    assert told["area.toml: links.allied[0]"][0] == "'c', a site of this area"
    assert told["area.toml: links.paired.s01"] == ("'s01'", "did you mean 's1'? change s01")


# ------------------------------------------------------------------ in words


@every
def test_a_loop_says_in_both_languages_what_stands_under_every_key(name: str) -> None:
    loop = load_loop(name)
    zh, en = traits(loop, "zh"), traits(loop)
    assert [one.key for one in zh] == [one.key for one in en]
    assert set(LoopKey) == {one.key for one in en}
    assert all(one.text for one in (*zh, *en))
    assert all(one.text.isascii() for one in en)


def test_a_loop_in_words_says_its_numbers_in_the_units_of_the_file() -> None:
    loop = read_loop(FULL.encode(), "own.toml")
    said = {one.key: one.text for one in traits(loop)}
    assert said[LoopKey.CHAIN] == (
        "station > sector sub-center > paired unit > center > allied center > fallback"
    )
    assert said[LoopKey.REVIEW] == "1.5 working h"
    assert (said[LoopKey.OFFER], said[LoopKey.PAUSE]) == ("12 h", "10 d")
    assert said[LoopKey.REDO] == "3 working d"
    assert said[LoopKey.ISSUE_DAYS] == "day 1 of the month, day 15 of the month"
    assert said[LoopKey.CALENDAR] == "Mon, Tue, Wed, Thu, Fri, Sat 08:00-18:00"
    watched = [one.text for one in traits(loop) if one.key is LoopKey.SUPERVISED]
    assert watched == [
        "contact: 0.5 h from accepted on, urgent orders",
        "completion: 30 working h from placed on",
    ]


def test_a_table_of_loops_has_a_row_for_each_difference() -> None:
    loops = [load_loop("jintan"), load_loop("bishan")]
    head, rule, *rows = comparison(loops).split("\n\n")[0].splitlines()
    assert head == "| what it says | Jintan, Jiangsu `jintan` | Bishan, Chongqing `bishan` |"
    assert rule.count("---") == 3
    cells = {row.split(" | ")[0].removeprefix("| "): row.split(" | ")[1:] for row in rows}
    assert cells["review"] == ["none", "1 working h (assumed) |"]
    assert "rating" not in cells
    assert "rating: 7 d (assumed)" in comparison(loops)


def test_what_a_file_says_cannot_break_out_of_a_diagram_or_a_table() -> None:
    sly = changed(('en = "order"', "en = 'a\"]; click s1 <b>#|'"))
    loop = read_loop(sly.encode(), "own.toml")
    drawn = flowchart(loop).splitlines()
    assert drawn[1].count('"') == 2
    assert '"a#quot;]; click s1 #lt;b#gt;#35;|<br/>' in drawn[1]
    (row,) = [line for line in comparison([loop]).splitlines() if "click" in line]
    assert row.count("|") == 3


# ------------------------------------------------------------------ for other programs


@every
def test_as_plain_data_a_loop_says_who_may_give_what_with_which_arguments(name: str) -> None:
    loop = load_loop(name)
    plain = json.loads(json.dumps(loop.to_dict()))
    lifecycle = loop.profile.lifecycle
    assert plain["states"] == [state.value for state in lifecycle.states]
    for state in lifecycle.states:
        for role in Role:
            allowed = [command.__name__ for command in lifecycle.allowed(state, role)]
            assert plain["allowed"][state.value].get(role.value, []) == allowed
    assert plain["commands"].keys() == {rule.command.__name__ for rule in lifecycle.rules}
    assert plain["commands"]["ScheduleService"] == {
        "start": {"type": "Instant"},
        "end": {"type": "Instant"},
    }
    assert plain["commands"]["PauseOrder"]["reason"] == {
        "type": "PauseReason",
        "one_of": [reason.value for reason in PauseReason],
    }
    assert len(plain["edges"]) == len(lifecycle.edges)
    assert [step["zh"] for step in plain["steps"]] == [step.zh for step in loop.profile.steps]


def test_as_plain_data_clocks_are_in_hours_and_a_missing_one_is_none() -> None:
    plain = read_loop(FULL.encode(), "own.toml").to_dict()
    assert plain["clocks"] == {
        "review": {"hours": 1.5, "working": True},
        "offer": {"hours": 12, "working": False},
        "schedule": {"hours": 24, "working": False},
        "desk": {"hours": 744, "working": False},
        "rating": {"hours": 168, "working": False},
        "redo": {"hours": 30, "working": True},
        "showcase": {"hours": 72, "working": False},
        "pause": {"hours": 240, "working": False},
    }
    assert plain["supervised"][1] == {
        "clock": "completion",
        "since": "placed",
        "priority": None,
        "hours": 30,
        "working": True,
    }
    assert load_loop("tengzhou").to_dict()["clocks"]["showcase"] is None
    calendar = plain["calendar"]
    assert (calendar["utc_offset_hours"], calendar["exceptions"]) == (8, {})
    assert calendar["week"] == [["08:00-18:00"]] * 6 + [[]]
    assert plain["bases"]["loop.tries"] == {
        "basis": "published",
        "source": "rules",
        "range": None,
    }


def test_an_order_may_leave_its_desk_for_an_allied_center_only_where_the_loop_has_one() -> None:
    assert EscalateOrder in load_loop("wujiang").profile.rules
    alone_at_the_center = load_loop("jintan").profile.lifecycle
    escalated = [e for e in alone_at_the_center.edges if e.event.__name__ == "OrderEscalated"]
    assert escalated == []
