"""Volunteers by number, teams, and the blocks in which they are free."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, find, given
from hypothesis import strategies as st

from practice_core.errors import DefinitionError
from practice_core.terms import Category
from practice_core.testing import availabilities
from practice_core.units import HOUR, SiteId, TeamId, VolunteerId
from practice_core.volunteers import (
    ALWAYS,
    BLOCKS_A_WEEK,
    NEVER,
    Availability,
    DayParts,
    Qualification,
    Team,
    Volunteer,
    VolunteerStatus,
    free_members,
    opaque_faults,
)

FREE = (3,) * BLOCKS_A_WEEK


def team(**changes: object) -> Team:
    fields: dict[str, object] = {
        "id": TeamId("t-1"),
        "home": SiteId("wj"),
        "categories": (Category.LAW,),
        "members": 5,
        "jobs_per_week": 1,
        "free": FREE,
    }
    return Team(**(fields | changes))  # type: ignore[arg-type]  # wrong ones are the point


@given(members=st.integers(1, 600), data=st.data())
def test_never_more_members_are_free_than_there_are(members: int, data: st.DataObject) -> None:
    free = data.draw(st.tuples(*[st.integers(0, members + 1)] * BLOCKS_A_WEEK))
    if max(free) > members:
        with pytest.raises(DefinitionError, match="free"):
            team(members=members, free=free)
    else:
        assert team(members=members, free=free).free == free


def test_all_faults_of_a_team_are_named_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        team(id="no id!", categories=(), members=0, jobs_per_week=0, free=(1,))
    places = [fault.place.rpartition(" ")[2] for fault in caught.value.faults]
    assert places == ["id", "categories", "members", "jobs_per_week", "free"]


def test_a_team_has_a_million_members_at_most() -> None:
    assert team(members=1_000_000).members == 1_000_000
    with pytest.raises(DefinitionError, match="members: 1000001; expected from 1 to 1,000,000"):
        team(members=1_000_001)


def test_a_category_is_named_once() -> None:
    with pytest.raises(DefinitionError, match="different categories"):
        team(categories=(Category.LAW, Category.LAW))


@pytest.mark.parametrize(
    "hours",
    [
        [(8, 12), (13, 17)],
        [(8, 12), (13, 17), (16, 21)],
        [(8, 12), (13, 13), (18, 21)],
        [(18, 21), (13, 17), (8, 12)],
    ],
)
def test_a_day_has_three_parts_in_order_and_apart(hours: list[tuple[int, int]]) -> None:
    spans = tuple((a * HOUR, b * HOUR) for a, b in hours)
    with pytest.raises(DefinitionError, match="three ascending spans"):
        DayParts(spans)


# ------------------------------------------------------------------ availability

free = availabilities()


@given(free, free, free)
def test_availability_is_a_boolean_algebra(
    one: Availability, two: Availability, three: Availability
) -> None:
    assert (one | two) | three == one | (two | three)
    assert (one & two) & three == one & (two & three)
    assert one | two == two | one
    assert one & two == two & one
    assert one | one == one & one == one
    assert one | (one & two) == one & (one | two) == one
    assert one & (two | three) == (one & two) | (one & three)
    assert one | NEVER == one & ALWAYS == one
    assert (one | ALWAYS, one & NEVER) == (ALWAYS, NEVER)


@given(st.lists(free, max_size=6))
def test_as_many_are_free_in_a_block_as_have_it_and_a_team_may_have_them(
    members: list[Availability],
) -> None:
    counts = free_members(members)
    assert counts == tuple(sum(block in one for one in members) for block in range(BLOCKS_A_WEEK))
    if members:
        assert team(members=len(members), free=counts).free == counts


@given(st.sets(st.integers(0, 6)), st.sets(st.integers(0, 2)))
def test_the_same_parts_of_some_days_are_the_days_in_those_parts(
    days: set[int], parts: set[int]
) -> None:
    whole_days, parts_of_week = Availability.of(days), Availability.of(range(7), parts)
    assert Availability.of(days, parts) == whole_days & parts_of_week
    assert len(Availability.of(days, parts)) == len(days) * len(parts)


def test_availabilities_shrink_to_never() -> None:
    assert find(availabilities(), lambda _: True) == NEVER


def test_the_blocks_of_a_week_are_counted_from_monday_morning() -> None:
    assert list(Availability.of([6, 0], [2])) == [2, 20]
    assert 20 in ALWAYS
    assert 21 not in ALWAYS


@pytest.mark.parametrize(
    ("days", "parts", "found"),
    [([7], [0], r"\[21\]"), ([0], [3], r"parts \[3\]"), ([-1], [0], "-3")],
)
def test_a_week_has_no_other_blocks(days: list[int], parts: list[int], found: str) -> None:
    with pytest.raises(DefinitionError, match=found):
        Availability.of(days, parts)


# ------------------------------------------------------------------ opaque numbers


@st.composite
def identity_numbers(draw: st.DrawFn) -> str:
    """Numbers built as GB 11643-1999 says, with a right check sign."""
    place = draw(st.integers(110_000, 659_999))
    born = draw(st.dates(dt.date(1900, 1, 1), dt.date(2026, 1, 1)))
    digits = f"{place}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    weighed = sum(int(digit) * 2 ** (17 - n) for n, digit in enumerate(digits))
    return digits + "10X98765432"[weighed % 11]


mobiles = st.integers(13_000_000_000, 19_999_999_999).map(str)
wrapped = st.sampled_from(["{}", "v-{}", "{}.a", "id:{}", "86{}"])


def said(text: str) -> list[str]:
    return [fault.found for fault in opaque_faults("volunteers.csv:2", text)]


@given(identity_numbers(), st.sampled_from(["{}", "v-{}", "{}-a", "id:{}"]))
@example("11010519491231002X", "{}")  # the specimen of the standard
def test_an_identity_number_is_refused_wherever_it_stands(number: str, frame: str) -> None:
    for text in (number, number.lower(), f"{number[:6]}-{number[6:14]}-{number[14:]}"):
        assert said(frame.format(text)) == ["what looks like an identity number"]


@given(mobiles, wrapped)
def test_a_mobile_number_is_refused_wherever_it_stands(number: str, frame: str) -> None:
    for text in (number, f"{number[:3]}-{number[3:7]}-{number[7:]}"):
        assert said(frame.format(text)) == ["what looks like a mobile number"]


@given(st.one_of(identity_numbers(), mobiles, st.text("王小明张伟", min_size=2)))
def test_a_fault_never_repeats_what_it_refuses(text: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        Volunteer(id=VolunteerId(text), home=SiteId("wj"), adult=True)
    assert text not in str(refused.value)


@given(st.from_regex(r"[a-z]{1,3}-[0-9]{1,10}", fullmatch=True))
def test_a_number_made_for_the_purpose_is_taken(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "320584199002301234",
        "320584187902281234",
        "320584210002281234",
        "320584-1700-0000-1234",
        "12800138000",
        "138001380001",
    ],
)
def test_digits_that_no_person_can_have_are_no_number_of_a_person(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "found"), [("", "no number"), ("王小明", "3 signs"), ("a" * 65, "65 signs")]
)
def test_what_is_no_id_is_refused_without_repeating_it(text: str, found: str) -> None:
    [fault] = said(text)
    assert fault.startswith(found)


# ------------------------------------------------------------------ volunteers


def volunteer(**changes: object) -> Volunteer:
    fields: dict[str, object] = {"id": VolunteerId("v-1"), "home": SiteId("wj"), "adult": True}
    return Volunteer(**(fields | changes))  # type: ignore[arg-type]  # wrong ones are the point


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({}, True),
        ({"adult": False}, False),
        ({"adult": False, "guardian_consents": True}, True),
        ({"status": VolunteerStatus.PAUSED}, False),
    ],
    ids=str,
)
def test_who_is_active_and_of_age_or_allowed_may_serve(
    changes: dict[str, object], *, may: bool
) -> None:
    assert volunteer(**changes).may_serve is may


def test_qualifications_and_insurance_end_when_they_end() -> None:
    lawyer = volunteer(
        qualifications=(Qualification("lawyer", until=10), Qualification("teacher")),
        insured_until=10,
    )
    assert lawyer.licensed_for(9) == {"lawyer", "teacher"}
    assert lawyer.licensed_for(10) == {"teacher"}
    assert [lawyer.is_insured(at) for at in (9, 10)] == [True, False]
    assert not volunteer().is_insured(0)


def test_all_faults_of_a_volunteer_are_named_at_once() -> None:
    with pytest.raises(DefinitionError) as refused:
        volunteer(
            id="13800138000",
            home="",
            skills=frozenset({"急救"}),
            qualifications=(Qualification("lawyer"), Qualification("lawyer", until=1)),
            guardian_consents=True,
        )
    assert [fault.place for fault in refused.value.faults] == [
        "volunteer: id",
        "volunteer: home",
        "volunteer: skills",
        "volunteer: qualifications",
        "volunteer: guardian_consents",
    ]
