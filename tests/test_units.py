"""Instants, ids and working time."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import load_area
from practice_core.errors import DefinitionError, OperationError
from practice_core.testing import calendars
from practice_core.units import (
    DAY,
    HOUR,
    MINUTE,
    WEEK,
    Calendar,
    Instant,
    clock,
    instant,
    is_identifier,
    moment,
    value,
)

CHINA = dt.timezone(dt.timedelta(hours=8))
OFFICE = Calendar.weekly(days=range(5), opens="08:30", closes="17:30")
MONDAY = instant(dt.datetime(2020, 4, 6, tzinfo=CHINA))

# Near the days that drawn calendars except, and at the minutes at which their spans begin and end.
instants = st.integers(-30 * DAY, 30 * DAY) | st.integers(-9_000, 9_000).map(lambda n: n * MINUTE)
durations = st.integers(0, 2 * WEEK) | st.integers(0, 200).map(lambda n: n * MINUTE)


# ------------------------------------------------------------------ instants


@given(st.datetimes(timezones=st.timezones()))
def test_a_moment_comes_back_from_its_instant_to_the_millisecond(when: dt.datetime) -> None:
    lost = when - moment(instant(when))
    assert dt.timedelta(0) <= lost < dt.timedelta(milliseconds=1)


@given(st.integers(-(10**13), 10**13), st.integers(-24 * 60 + 1, 24 * 60 - 1))
def test_an_instant_comes_back_from_its_moment_at_any_offset(at: Instant, minutes: int) -> None:
    when = moment(at, offset=minutes * MINUTE)
    assert instant(when) == at
    assert when.utcoffset() == dt.timedelta(minutes=minutes)


@given(st.datetimes())
def test_a_time_without_its_zone_is_no_instant(when: dt.datetime) -> None:
    with pytest.raises(TypeError, match="naive datetime"):
        instant(when)


def test_the_epoch_is_zero_and_china_is_eight_hours_ahead() -> None:
    assert instant(dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) == 0
    assert instant(dt.datetime(1970, 1, 1, 8, tzinfo=CHINA)) == 0


# ------------------------------------------------------------------ ids


@given(st.text(max_size=70) | st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:-]{0,69}\Z"))
def test_an_id_is_a_letter_or_digit_and_up_to_63_more_of_a_few_signs(text: str) -> None:
    plain = all(c.isascii() and (c.isalnum() or c in "._:-") for c in text)
    assert is_identifier(text) == (plain and text[:1].isalnum() and len(text) <= 64)


@pytest.mark.parametrize("text", ["st-001\n", " st-001", "吴江", "a b", "", "a" * 65, ".st"])
def test_what_would_not_pass_unchanged_through_every_store_is_no_id(text: str) -> None:
    assert not is_identifier(text)


# ------------------------------------------------------------------ working time


@given(calendars(), instants, durations)
def test_adding_and_measuring_working_time_are_inverse(
    calendar: Calendar, at: Instant, length: int
) -> None:
    end = calendar.add_working(at, length)
    assert end >= at
    assert calendar.working_between(at, end) == length
    # No later instant has the same measure, and of the earlier ones none is open.
    assert calendar.is_working(end)
    assert calendar.working_between(at, end + 1) == length + 1


@given(calendars(), instants, instants, instants)
def test_working_time_adds_up(calendar: Calendar, one: Instant, two: Instant, end: Instant) -> None:
    first, second, last = sorted((one, two, end))
    parts = calendar.working_between(first, second) + calendar.working_between(second, last)
    assert calendar.working_between(first, last) == parts
    assert calendar.working_between(last, first) == 0
    assert 0 <= parts <= last - first


@given(calendars(), instants, durations, durations)
def test_working_time_may_be_added_in_parts(
    calendar: Calendar, at: Instant, some: int, more: int
) -> None:
    halfway = calendar.add_working(at, some)
    assert calendar.add_working(halfway, more) == calendar.add_working(at, some + more)


@given(calendars(), st.integers(-3_000, 3_000), st.integers(0, 3_000))
def test_working_time_is_the_minutes_at_which_a_desk_is_open(
    calendar: Calendar, start: int, count: int
) -> None:
    counted = sum(calendar.is_working(n * MINUTE) for n in range(start, start + count))
    end = (start + count) * MINUTE
    assert calendar.working_between(start * MINUTE, end) == counted * MINUTE


@given(calendars(), instants, durations)
def test_an_offset_moves_the_whole_calendar(calendar: Calendar, at: Instant, length: int) -> None:
    here = attrs.evolve(calendar, offset=0)
    east = calendar.offset
    assert calendar.add_working(at, length) == here.add_working(at + east, length) - east
    assert calendar.is_working(at) == here.is_working(at + east)


@given(calendars(), st.integers(-60, 60))
def test_only_an_excepted_day_differs_from_its_weekday(calendar: Calendar, day: int) -> None:
    holiday = attrs.evolve(calendar, exceptions={day: ()})
    midnight = day * DAY - calendar.offset
    assert holiday.working_between(midnight, midnight + DAY) == 0
    plain = attrs.evolve(calendar, exceptions={})
    for other in (day - 7, day - 1, day + 1, day + 7):
        assert holiday.spans(other) == plain.spans(other) == plain.week[(other + 3) % 7]


def test_a_make_up_day_is_worked_though_it_is_a_sunday() -> None:
    sunday = MONDAY + 6 * DAY
    number = (sunday + 8 * HOUR) // DAY
    made_up = attrs.evolve(OFFICE, exceptions={number: ((8 * HOUR, 12 * HOUR),)})
    assert OFFICE.working_between(sunday, sunday + DAY) == 0
    assert made_up.working_between(sunday, sunday + DAY) == 4 * HOUR


def test_friday_afternoon_runs_on_into_monday() -> None:
    friday = MONDAY + 4 * DAY
    at_five = friday + 17 * HOUR
    assert OFFICE.add_working(at_five, HOUR) == MONDAY + WEEK + 9 * HOUR
    assert OFFICE.add_working(at_five, 30 * MINUTE) == MONDAY + WEEK + 8 * HOUR + 30 * MINUTE
    assert OFFICE.add_working(at_five + HOUR, 0) == MONDAY + WEEK + 8 * HOUR + 30 * MINUTE


def test_a_span_includes_its_start_and_not_its_end() -> None:
    assert OFFICE.is_working(MONDAY + 8 * HOUR + 30 * MINUTE)
    assert not OFFICE.is_working(MONDAY + 8 * HOUR + 30 * MINUTE - 1)
    assert OFFICE.is_working(MONDAY + 17 * HOUR + 30 * MINUTE - 1)
    assert not OFFICE.is_working(MONDAY + 17 * HOUR + 30 * MINUTE)


def test_a_redo_in_wujiang_within_three_working_days_skips_the_weekend() -> None:
    profile = load_area("wujiang").profile
    friday_at_ten = MONDAY + 4 * DAY + 10 * HOUR
    wednesday_at_ten = friday_at_ten + 5 * DAY
    assert profile.calendar.add_working(friday_at_ten, profile.redo_within) == wednesday_at_ten


@given(calendars(), st.integers(max_value=-1))
def test_working_time_is_not_counted_backwards(calendar: Calendar, length: int) -> None:
    with pytest.raises(OperationError, match=f"working time of {length} ms"):
        calendar.add_working(0, length)


@pytest.mark.parametrize(
    "spans",
    [
        ((9, 9),),
        ((10, 9),),
        ((-1, 9),),
        ((9, DAY + 1),),
        ((9, 11), (10, 12)),
        ((11, 12), (9, 10)),
    ],
)
def test_hours_that_overlap_run_backwards_or_leave_the_day_are_refused(
    spans: tuple[tuple[int, int], ...],
) -> None:
    with pytest.raises(DefinitionError, match=r"week\[0\]"):
        Calendar((spans, *[((9, 10),)] * 6))


def test_a_calendar_tells_all_its_faults_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        Calendar(((), ((9, 9),)), exceptions={20: ((1, 0),)})
    places = [fault.place for fault in caught.value.faults]
    assert places == ["week[1]", "exceptions[20]", "week"]


def test_a_week_without_an_open_day_is_refused_since_no_clock_would_run_out() -> None:
    with pytest.raises(DefinitionError, match="expected seven, one open"):
        Calendar(((),) * 7, exceptions={20: ((9, 10),)})


def test_weekdays_run_from_0_to_6() -> None:
    with pytest.raises(DefinitionError, match=r"days: \[-1, 7\]"):
        Calendar.weekly(days=[0, 7, -1], opens="09:00", closes="17:00")


@given(st.integers(0, 24 * 60))
def test_hours_are_read_as_they_are_written(minute: int) -> None:
    assert clock(f"{minute // 60:02}:{minute % 60:02}") == minute * MINUTE


@pytest.mark.parametrize("text", ["8:30", "24:01", "25:00", "12:60", "noon", "12:30\n", "1２:30"])  # noqa: RUF001 - digits of another width, on purpose
def test_what_is_no_hour_is_refused(text: str) -> None:
    with pytest.raises(DefinitionError, match="HH:MM from 00:00 to 24:00"):
        clock(text)


# ------------------------------------------------------------------ values


@value
class Pair:
    one: int
    other: int


def test_a_value_cannot_be_changed_where_tests_run() -> None:
    pair = Pair(1, 2)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        pair.one = 3  # type: ignore[misc]  # that is the point
    assert pair == Pair(1, 2)
    assert len({pair, Pair(1, 2), Pair(2, 1)}) == 2


def test_a_value_is_as_quick_as_a_plain_class_in_production_and_still_equal_and_hashed() -> None:
    program = """
from practice_core.units import value

@value
class Pair:
    one: int

assert Pair(1) == Pair(1) and len({Pair(1), Pair(1)}) == 1 and not hasattr(Pair(1), "__dict__")
assert Pair.__setattr__ is object.__setattr__
"""
    environment = {k: v for k, v in os.environ.items() if k != "PRACTICE_CORE_FROZEN"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
