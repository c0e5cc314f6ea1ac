"""Groups: what they hold, that they add up, and that an order counts only where it belongs."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.dispatch import policy
from practice_core.hierarchy import Level
from practice_core.orders import RequestedTime
from practice_core.simulation import GROUPS, KPIS, Dimension, Group, load_scenario, run, run_tape
from practice_core.simulation.groups import _quarters
from practice_core.simulation.measures import measure, measure_groups, measured, measured_groups
from practice_core.terms import term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from practice_core.simulation import Measure, Run
    from practice_core.simulation.groups import Part
    from practice_core.simulation.outcomes import Outcomes

DOCS = Path(__file__).parents[1] / "docs"
FEBRUARY = {
    "horizon.starts_on": "2021-02-01",
    "horizon.weeks": 4,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 2_500,
    "site_request.per_year": 1_500,
    "site_request.level_shares": {"center": 0, "institute": 0, "station": 1, "spot": 0},
    "own_activity.per_year": 2_000,
    "teams.count": 200,
    "service.dissatisfied": 0.2,
    "service.team_no_show": 0.1,
}
SUMS = tuple(
    set(KPIS)
    - {"desk_hours", "utilisation", "coverage", "notifications", "equity", "institute_spread"}
    - {"accept_p50", "accept_p90", "load_gini", "load_gini_poisson"}
)
"""Numerator and denominator add up over the groups of a dimension."""
COUNTS = ("desk_hours", "utilisation")
"""The numerator adds up, the denominator is that of the whole."""


@pytest.fixture(scope="module")
def done() -> Run:
    """A February in which all that is dispatched comes from stations, so from some quarter."""
    scenario = load_scenario("wujiang").with_values(FEBRUARY)
    return run(scenario, policy("nearest"), seed=3, replication=0)


def add_up(parts: Sequence[Mapping[str, Measure]], whole: Mapping[str, Measure]) -> bool:
    """Tell whether the figures of some parts are together those of the whole."""
    return all(
        sum(part[kpi].numerator for part in parts) == whole[kpi].numerator
        and sum(part[kpi].denominator for part in parts) == whole[kpi].denominator
        for kpi in SUMS
    ) and all(
        sum(part[kpi].numerator for part in parts) == whole[kpi].numerator
        and {part[kpi].denominator for part in parts} == {whole[kpi].denominator}
        for kpi in COUNTS
    )


# ------------------------------------------------------------------ what a group holds


@pytest.mark.parametrize("dimension", Dimension)
def test_every_order_of_a_station_is_in_exactly_one_group(done: Run, dimension: Dimension) -> None:
    parts = [done.outcomes.parts[group].orders for group in GROUPS[dimension]]
    ours = done.outcomes.cohort
    assert (np.sum(parts, axis=0)[ours] == 1).all()


def test_orders_of_other_sites_are_in_no_quarter(done: Run) -> None:
    tape, hierarchy = done.tape, done.tape.city.hierarchy
    quarters = [done.outcomes.parts[group].orders for group in GROUPS[Dimension.DISTANCE]]
    inside = np.any(quarters, axis=0).tolist()
    levels = [hierarchy.site(tape.site_of(order)).level for order in range(len(inside))]
    assert inside == [level is Level.STATION for level in levels]
    assert len(set(levels)) == 4


@given(st.integers(0, 400))
def test_quarters_share_no_station_and_the_outer_two_have_equally_many(count: int) -> None:
    quarters = _quarters(np.arange(count))
    assert np.concatenate(quarters).tolist() == list(range(count))
    sizes = [len(quarter) for quarter in quarters]
    assert sizes[0] == sizes[3] == count // 4
    assert max(sizes) - min(sizes) <= 2


def test_each_quarter_begins_where_the_one_before_it_ends(done: Run) -> None:
    hierarchy = done.tape.city.hierarchy
    km = [
        [hierarchy.km(hierarchy.root.id, done.tape.sites[n]) for n in part.stations.tolist()]
        for part in (done.outcomes.parts[group] for group in GROUPS[Dimension.DISTANCE])
    ]
    assert all(max(near) <= min(far) for near, far in pairwise(km))


def test_a_group_holds_the_same_orders_whatever_the_policy(done: Run) -> None:
    other = run_tape(done.tape, policy("random"))
    assert other.measures != done.measures
    for dimension, groups in done.groups.items():
        for group, found in groups.items():
            size = other.groups[dimension][group]["served_share"].denominator
            assert found["served_share"].denominator == size > 0


# ------------------------------------------------------------------ groups add up


@pytest.mark.parametrize("dimension", [Dimension.TIER, Dimension.REQUESTED_TIME])
def test_the_groups_of_a_dimension_add_up_to_the_whole(done: Run, dimension: Dimension) -> None:
    assert add_up(list(done.groups[dimension].values()), done.measures)


def test_the_quarters_add_up_to_what_stations_ordered(done: Run) -> None:
    stations = np.isin(done.tape.demand.site, done.outcomes.whole.stations)
    whole = measured(done.outcomes, attrs.evolve(done.outcomes.whole, orders=stations))
    assert add_up(list(done.groups["distance"].values()), whole)


@given(st.integers(1, 6), st.integers(0, 2**32))
def test_any_split_of_the_orders_adds_up(done: Run, count: int, seed: int) -> None:
    label = np.random.default_rng(seed).integers(0, count, size=len(done.tape.demand))
    parts = [of(done, label == n) for n in range(count)]
    assert add_up([measured(done.outcomes, part) for part in parts], done.measures)


def of(done: Run, orders: np.ndarray) -> Part:
    return attrs.evolve(done.outcomes.whole, orders=orders)


@given(st.integers(0, 2**32))
def test_an_order_counted_twice_or_not_at_all_would_be_seen(done: Run, seed: int) -> None:
    draw = np.random.default_rng(seed)
    label = draw.integers(0, 2, size=len(done.tape.demand))
    one = draw.choice(np.flatnonzero(done.outcomes.cohort))
    for flag in (True, False):
        groups = [label == 0, label == 1]
        for orders in groups:
            orders[one] = flag
        assert not add_up([measured(done.outcomes, of(done, g)) for g in groups], done.measures)


def test_the_cells_of_coverage_add_up_over_tiers_and_over_quarters(done: Run) -> None:
    whole = done.measures["coverage"]
    assert 0 < whole.numerator < whole.denominator
    for dimension in ("tier", "distance"):
        parts = [found["coverage"] for found in done.groups[dimension].values()]
        assert sum(part.numerator for part in parts) == whole.numerator
        assert sum(part.denominator for part in parts) == whole.denominator


# ------------------------------------------------------------------ what an order changes


def more_offers(done: Outcomes, order: int) -> Outcomes:
    return attrs.evolve(done, offers=raised(done.offers, order, 1))


def not_rated(done: Outcomes, order: int) -> Outcomes:
    return attrs.evolve(done, rated=raised(done.rated, order, 1))


def accepted_later(done: Outcomes, order: int) -> Outcomes:
    never = np.iinfo(np.int64).max
    after = done.accepted_after.copy()
    after[order] = 60_000 if after[order] == never else never
    return attrs.evolve(done, accepted_after=after)


def farther(done: Outcomes, order: int) -> Outcomes:
    return attrs.evolve(done, metres_in_vain=raised(done.metres_in_vain, order, 1_000))


def longer(done: Outcomes, order: int) -> Outcomes:
    return attrs.evolve(done, minutes=raised(done.minutes, order, 60))


def raised(column: np.ndarray, order: int, by: int) -> np.ndarray:
    found = column.copy()
    found[order] ^= True if column.dtype == bool else 0
    if column.dtype != bool:
        found[order] += by
    return found


@pytest.mark.parametrize(
    ("change", "kpi"),
    [
        (more_offers, "offers"),
        (not_rated, "rated_share"),
        (accepted_later, "accept_rm"),
        (farther, "wasted_km"),
        (longer, "utilisation"),
    ],
)
@given(st.integers(0, 10**6))
def test_what_became_of_an_order_shows_in_its_groups_and_in_no_other(
    done: Run, change: object, kpi: str, n: int
) -> None:
    assert callable(change)
    served = np.flatnonzero(done.outcomes.served)
    order = int(served[n % len(served)])
    found = measured_groups(change(done.outcomes, order))
    for dimension, groups in GROUPS.items():
        for group in groups:
            before, after = done.groups[dimension][group], found[dimension][group]
            if done.outcomes.parts[group].orders[order]:
                assert after[kpi] != before[kpi]
            else:
                assert after == before


# ------------------------------------------------------------------ what has no meaning is null


def test_what_a_group_cannot_hold_is_null_and_never_zero(done: Run) -> None:
    null = {
        (group, kpi)
        for groups in done.groups.values()
        for group, found in groups.items()
        for kpi, one in found.items()
        if one.value is None
    }
    inner = {"quarter_1", "quarter_2", "quarter_3"}
    assert null == {
        ("common", "served_share_scarce"),
        ("quarter_4", "equity"),
        *((quarter, kpi) for quarter in inner for kpi in ("served_share_far", "equity")),
    }


def test_equity_has_a_meaning_inside_a_tier(done: Run) -> None:
    assert {found["equity"].value is None for found in done.groups["tier"].values()} == {False}


# ------------------------------------------------------------------ as plain data


def test_groups_are_measured_once_and_as_by_the_public_functions(done: Run) -> None:
    roster = done.tape.roster()
    assert done.groups is done.groups
    assert measure_groups(done.tape, done.log, roster) == done.groups
    assert measure(done.tape, done.log, roster) == done.measures


def test_groups_are_plain_text_in_the_order_of_the_vocabulary(done: Run) -> None:
    names = {dimension: list(groups) for dimension, groups in done.groups.items()}
    assert json.loads(json.dumps(names)) == {
        "tier": ["scarce", "common"],
        "requested_time": ["weekday_day", "evening_weekend", "any"],
        "distance": ["quarter_1", "quarter_2", "quarter_3", "quarter_4"],
    }
    assert {type(key) for groups in done.groups.values() for key in groups} == {str}
    every = [found for groups in done.groups.values() for found in groups.values()]
    assert {tuple(found) for found in every} == {tuple(KPIS)}


def test_every_group_is_in_one_dimension_and_has_its_own_words() -> None:
    assert [group for groups in GROUPS.values() for group in groups] == list(Group)
    assert list(GROUPS) == list(Dimension)
    assert {asked.value for asked in RequestedTime} == set(GROUPS[Dimension.REQUESTED_TIME])
    assert len({term(group, "zh") for group in Group}) == len(Group)


@pytest.mark.parametrize(
    "names", [list(KPIS), [group.value for group in Group]], ids=["kpi", "group"]
)
def test_the_page_of_the_measures_has_a_row_for_each_and_no_other(names: list[str]) -> None:
    page = (DOCS / "measures.md").read_text(encoding="utf-8")
    before, _, after = page.partition("## The groups")
    text = after if "scarce" in names else before
    assert re.findall(r"^\| `(\w+)`", text, re.MULTILINE) == names
