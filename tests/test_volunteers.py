"""Teams and the blocks in which their members are free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.errors import DefinitionError
from practice_core.terms import Category
from practice_core.units import HOUR, SiteId, TeamId
from practice_core.volunteers import BLOCKS_A_WEEK, DayParts, Team

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
