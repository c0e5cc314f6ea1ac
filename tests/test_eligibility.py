"""The hard filters: what alone keeps a team from an order, and that a decline costs nothing."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.dispatch import Candidate
from practice_core.hierarchy import Level
from practice_core.lifecycle import Role
from practice_core.orders import (
    UNCONDITIONAL,
    AcceptOffer,
    Conditions,
    DeclineOffer,
    DeclineReason,
    ExpireOffers,
    OfferOrder,
    PostOrder,
    Refusal,
    Refused,
    ScheduleService,
    Standing,
    WithdrawReason,
    WithdrawTeam,
    decide,
)
from practice_core.points import History, Occasion, award
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, MINUTE, WEEK, SiteId, TeamId
from practice_core.volunteers import BLOCKS_A_WEEK, ServiceRecord, Team
from tests.telling import (
    LOOP,
    MONDAY,
    OFFICER,
    RED,
    REQUEST,
    SYSTEM,
    Story,
    member_of,
    offered,
    reviewed,
)

if TYPE_CHECKING:
    from practice_core.orders import Request

WIRED = frozenset({"electrician"})
TRAINED = frozenset({"first-aid"})
RISKY = Conditions(min_age=16, skills=TRAINED, qualifications=WIRED, danger=True)
DEMANDING = attrs.evolve(REQUEST, conditions=RISKY)


def able(**changes: Any) -> Team:  # noqa: ANN401 - any field of the team
    """A team that may serve the demanding request, but for what is changed."""
    team = Team(
        id=RED,
        home=SiteId("town"),
        categories=(Category.AID,),
        members=9,
        jobs_per_week=2,
        free=(9,) * BLOCKS_A_WEEK,
        skills=TRAINED,
        qualifications=WIRED,
        youngest=17,
        guardians=True,
        insured=True,
    )
    return attrs.evolve(team, **changes)


def told(request: Request, standing: Standing | None, **loop: Any) -> Story:  # noqa: ANN401 - any field of the profile
    """An order on its desk, and what is known of the red team."""
    story = reviewed(attrs.evolve(LOOP, **loop), conditions=request.conditions)
    story.standings = {} if standing is None else {RED: standing}
    return story


def answers(request: Request, standing: Standing | None, **loop: Any) -> set[Refusal | None]:  # noqa: ANN401 - as above
    """What the law says of offering to the red team, and of its taking it from the pool."""
    on_desk = told(request, standing, **loop)
    posted = told(request, standing, **loop).then(PostOrder(DAY), OFFICER)
    found = set()
    for story, command, by in (
        (on_desk, OfferOrder((RED,), DAY), OFFICER),
        (posted, AcceptOffer(), member_of(RED)),
    ):
        answer = decide(story.order, command, MONDAY, by, story.profile, story.standings)
        found.add(Refusal(answer.reason) if isinstance(answer, Refused) else None)
    return found


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"categories": (Category.LAW,)}, Refusal.CATEGORY),
        ({"members": 4, "free": (4,) * BLOCKS_A_WEEK}, Refusal.MEMBERS),
        ({"youngest": 15}, Refusal.AGE),
        ({"guardians": False}, Refusal.GUARDIAN),
        ({"guardians": False, "youngest": 18}, None),
        ({"skills": frozenset()}, Refusal.SKILL),
        ({"qualifications": TRAINED}, Refusal.QUALIFICATION),
        ({"insured": False}, Refusal.INSURANCE),
    ],
)
def test_each_filter_keeps_a_team_from_an_offer_and_from_the_pool(
    changes: dict[str, Any], reason: Refusal | None
) -> None:
    assert answers(DEMANDING, Standing(able(**changes))) == {reason}


def test_minors_serve_nobody_without_their_guardians_consent() -> None:
    minors = Standing(able(guardians=False))
    assert answers(REQUEST, minors) == {Refusal.GUARDIAN}


def test_of_an_order_that_asks_for_something_an_unknown_team_is_kept_away() -> None:
    assert answers(REQUEST, None) == {None}
    assert answers(DEMANDING, None) == {Refusal.UNKNOWN_TEAM}
    same = attrs.evolve(REQUEST, conditions=attrs.evolve(UNCONDITIONAL))
    assert answers(same, None) == {None}


def test_a_loop_may_leave_orders_to_teams_of_one_level() -> None:
    """Zhangjiagang: the grassroots order, bodies of the city take it."""
    city = Standing(able(), level=Level.CENTER)
    assert answers(REQUEST, city, takers=(Level.CENTER,)) == {None}
    village = Standing(able(), level=Level.STATION)
    assert answers(REQUEST, village, takers=(Level.CENTER,)) == {Refusal.NOT_TAKER}
    assert answers(REQUEST, None, takers=(Level.CENTER,)) == {Refusal.UNKNOWN_TEAM}


def test_of_several_teams_the_first_reason_in_precedence_is_given() -> None:
    story = told(DEMANDING, None)
    story.standings = {
        RED: Standing(able(insured=False)),
        TeamId("blue"): Standing(able(id=TeamId("blue"), youngest=12)),
    }
    teams = (RED, TeamId("blue"))
    assert story.refuses(OfferOrder(teams, DAY), OFFICER) is Refusal.AGE


# ------------------------------------------------------------------ nothing but the filters

YES = st.booleans()


@given(
    st.fixed_dictionaries(
        {
            "categories": st.sampled_from([(Category.AID,), (Category.LAW,)]),
            "youngest": st.integers(10, 30),
            "guardians": YES,
            "insured": YES,
            "skills": st.sampled_from([frozenset(), TRAINED, TRAINED | WIRED]),
            "qualifications": st.sampled_from([frozenset(), WIRED]),
            "jobs_per_week": st.integers(1, 9),
        }
    ),
    st.builds(
        Conditions,
        min_age=st.integers(0, 25),
        skills=st.sampled_from([frozenset(), TRAINED]),
        qualifications=st.sampled_from([frozenset(), WIRED]),
        danger=YES,
    ),
    st.sampled_from(Level),
)
def test_nothing_but_the_filters_decides(
    has: dict[str, Any], asks: Conditions, level: Level
) -> None:
    """Neither its home, its load nor anything else about a team."""
    team = able(**has)
    lawful = (
        Category.AID in team.categories
        and team.youngest >= asks.min_age
        and (team.youngest >= 18 or team.guardians)
        and asks.skills <= team.skills
        and asks.qualifications <= team.qualifications
        and (team.insured or not asks.danger)
    )
    found = answers(attrs.evolve(REQUEST, conditions=asks), Standing(team, level=level))
    assert (found == {None}) is lawful


@given(st.lists(st.sampled_from([DeclineOffer(reason) for reason in DeclineReason]), max_size=4))
def test_a_team_that_declined_other_orders_is_judged_as_one_that_never_did(
    declines: list[DeclineOffer],
) -> None:
    """All that the law, a roster or a ledger could read of a decline is that the order was asked.

    The events of a decline are about the order alone, and the next order does not know of it.
    """
    standing = Standing(able())
    for decline in declines:
        before = told(REQUEST, standing).then(OfferOrder((RED,), DAY), OFFICER)
        silent = told(REQUEST, standing).then(OfferOrder((RED,), DAY), OFFICER)
        before.then(decline, member_of(RED), DAY)
        silent.then(ExpireOffers(), SYSTEM, DAY)
        assert attrs.evolve(before.order, version=0) == attrs.evolve(silent.order, version=0)
    assert answers(DEMANDING, standing) == {None}


def test_what_a_policy_sees_of_a_team_does_not_tell_a_decline_from_a_yes() -> None:
    """Distance, open and done work, and that it was asked: never what it answered."""
    assert {field.name for field in attrs.fields(Candidate)} == {
        "team",
        "home",
        "km",
        "load",
        "open_jobs",
        "minutes_28d",
        "offers_7d",
        "last_offered_at",
        "tie",
    }


def test_points_are_awarded_for_service_alone() -> None:
    """An award is made of what was served and earned, which knows no offer and no answer."""
    assert list(signature(award).parameters) == ["rules", "record", "history"]
    told = {field.name for field in attrs.fields(ServiceRecord)}
    served = {"volunteer", "order", "at", "minutes", "category", "grade", "role"}
    assert told == served | {"complaint", "claimed"}
    assert {field.name for field in attrs.fields(History)} == {
        "activity_minutes",
        "day_minutes",
        "day_points",
        "year_points",
        "balance",
        "occasion_points",
    }
    assert {one.value for one in Occasion} & {"decline", "declined", "offer", "expired"} == set()


def test_nobody_else_answers_for_a_team() -> None:
    for role in Role:
        by = attrs.evolve(OFFICER, role=role, team=None if role is Role.TEAM else RED)
        assert offered(RED).refuses(AcceptOffer(), by) in {Refusal.ROLE, Refusal.SCOPE}


# ------------------------------------------------------------------ double booking

START = MONDAY + DAY
LENGTH = 90 * MINUTE


@pytest.mark.parametrize(
    ("engaged", "fine"),
    [
        ((), True),
        (((START - HOUR, START),), True),
        (((START + LENGTH, START + 2 * HOUR),), True),
        (((START - HOUR, START + 1),), False),
        (((START + LENGTH - 1, START + 2 * HOUR),), False),
        (((START - WEEK, START - DAY), (START, START + 1)), False),
    ],
)
def test_a_team_is_at_one_place_at_a_time(
    engaged: tuple[tuple[int, int], ...], *, fine: bool
) -> None:
    story = told(REQUEST, None).then(OfferOrder((RED,), DAY), OFFICER)
    story.then(AcceptOffer(), member_of(RED))
    story.standings = {RED: Standing(able(), engaged=engaged)}
    at = ScheduleService(START, START + LENGTH)
    if fine:
        story.then(at, member_of(RED))
    else:
        assert story.refuses(at, member_of(RED)) is Refusal.DOUBLE_BOOKED


@pytest.mark.parametrize(
    ("engaged", "fine"),
    [
        (((MONDAY, MONDAY + WEEK - 90 * MINUTE),), True),
        (((MONDAY, MONDAY + WEEK - 90 * MINUTE + 1),), False),
        (((MONDAY + 90 * MINUTE, MONDAY + WEEK),), True),
        (((MONDAY + DAY, MONDAY + WEEK), (MONDAY - DAY, MONDAY + DAY)), False),
        (((MONDAY + DAY, MONDAY + WEEK), (MONDAY - DAY, MONDAY + DAY - 90 * MINUTE)), True),
    ],
)
def test_a_team_without_time_left_in_the_window_does_not_accept(
    engaged: tuple[tuple[int, int], ...], *, fine: bool
) -> None:
    """The service takes 90 minutes, within a week."""
    story = told(REQUEST, Standing(able(), engaged=engaged)).then(OfferOrder((RED,), DAY), OFFICER)
    if fine:
        story.then(AcceptOffer(), member_of(RED))
    else:
        assert story.refuses(AcceptOffer(), member_of(RED)) is Refusal.DOUBLE_BOOKED


def test_a_team_may_be_asked_however_much_it_serves() -> None:
    busy = Standing(able(), engaged=((MONDAY - WEEK, MONDAY + 9 * WEEK),))
    told(REQUEST, busy).then(OfferOrder((RED,), DAY), OFFICER)


def test_a_team_that_gave_its_order_back_is_judged_no_worse() -> None:
    story = told(DEMANDING, Standing(able())).then(PostOrder(DAY), OFFICER)
    story.then(AcceptOffer(), member_of(RED))
    story.then(WithdrawTeam(WithdrawReason.ILLNESS), member_of(RED))
    assert answers(DEMANDING, story.standings[RED]) == {None}


def test_a_team_says_how_old_its_youngest_is() -> None:
    with pytest.raises(ValueError, match="youngest: -1; expected an age in years"):
        able(youngest=-1)
