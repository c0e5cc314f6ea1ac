"""From signing in to a certificate: what counts, who confirms, what stands, what is certified."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import BasisKind, load_record_rules, load_rules, record_rules_names
from practice_core.areas.files import shipped
from practice_core.areas.record_rules import read_record_rules
from practice_core.errors import DefinitionError, UnknownName
from practice_core.points import award
from practice_core.terms import Category, Lang
from practice_core.units import DAY, HOUR, MINUTE, ActorId, OrderId, VolunteerId, instant, moment
from practice_core.volunteers import (
    Asker,
    Attendance,
    Certificate,
    CertificateRequest,
    Certifier,
    Confirmer,
    Entry,
    Exchange,
    Issuer,
    Objection,
    RecordRules,
    ServiceRecord,
    ServiceRole,
    Span,
    TimeUse,
    certify,
    exchange_certificates,
    hours_text,
    kept_until,
    record_book,
    served_minutes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

GOLDEN = Path(__file__).resolve().parent / "data" / "certificates"
ANN, BEN = VolunteerId("v-7"), VolunteerId("v-8")
CLERK, HOST = ActorId("a-3"), ActorId("a-9")
CHINA = load_record_rules("china").says
CENTER = Issuer("吴江区新时代文明实践中心", "Wujiang practice center", CLERK, Certifier.PUBLIC_BODY)
ALLY = Issuer("青浦区新时代文明实践中心", "Qingpu practice center", HOST, Certifier.PUBLIC_BODY)


def at(month: int, day: int, hour: int = 11, minute: int = 30, year: int = 2026) -> int:
    zone = dt.timezone(dt.timedelta(hours=8))
    return instant(dt.datetime(year, month, day, hour, minute, tzinfo=zone))


def entry(order: str, ended: int, minutes: int, **more: Any) -> Entry:  # noqa: ANN401 - any field of an entry
    who, category = more.pop("who", ANN), more.pop("category", None)
    record = ServiceRecord(who, OrderId(order), ended, minutes, category=category)
    confirmed = {"confirmed_by": CLERK, "confirmed_as": Confirmer.ORGANISER}
    return Entry(record, **{"at": ended + HOUR, "by": CLERK, **confirmed, **more})


def request(**more: Any) -> CertificateRequest:  # noqa: ANN401 - any field of a request
    plain = {"number": "wj-2026-000017", "volunteer": ANN, "at": at(7, 1)}
    span = {"since": at(1, 1, 0, 0), "until": at(7, 1, 0, 0)}
    return CertificateRequest(**{**plain, **span, **more})


def certified(
    entries: Iterable[Entry], asked: CertificateRequest | None = None
) -> Certificate | None:
    return certify(asked or request(), record_book(entries, CHINA), CHINA, (CENTER,))


HALF_YEAR = [
    entry("o-11", at(3, 5), 150, category=Category.LAW),
    entry("o-12", at(4, 12), 95, category=Category.AID),
    entry("o-12", at(4, 12), 100, category=Category.AID, at=at(4, 20), corrects=True),
    entry("o-13", at(5, 2), 119),
    entry("o-14", at(5, 9), 240, confirmed_by=None, confirmed_as=None),
    entry("o-15", at(6, 1), 60, who=BEN),
    entry("o-16", at(7, 2), 60),
]

# ------------------------------------------------------------------ what counts

instants = st.integers(0, 3 * DAY // MINUTE).map(lambda n: n * MINUTE + 17)
spans = st.builds(
    lambda start, length, use: Span(start, start + length * 30_000, use),
    instants,
    st.integers(1, 1_000),
    st.sampled_from(TimeUse),
)
lists_of_spans = st.lists(spans, max_size=8)


def brute(given_spans: list[Span], uncounted: frozenset[TimeUse]) -> int:
    """Half minute by half minute, as a clerk with a tally would."""
    counted: set[int] = set()
    taken: set[int] = set()
    for span in given_spans:
        halves = range(span.start // 30_000, span.end // 30_000)
        (taken if span.use in uncounted else counted).update(halves)
    return len(counted - taken) // 2


@given(lists_of_spans, st.frozensets(st.sampled_from(sorted(set(TimeUse) - {TimeUse.SERVICE}))))
def test_minutes_are_those_that_somebody_was_signed_in_for_and_nothing_else_took(
    found: list[Span], uncounted: frozenset[TimeUse]
) -> None:
    assert served_minutes(found, RecordRules(uncounted=uncounted)) == brute(found, uncounted)


@given(lists_of_spans, spans)
def test_signing_in_more_never_lowers_and_a_break_never_raises(
    found: list[Span], extra: Span
) -> None:
    rules = RecordRules(uncounted=frozenset({TimeUse.BREAK, TimeUse.TRAVEL}))
    before, after = served_minutes(found, rules), served_minutes([*found, extra], rules)
    assert after <= before if extra.use in rules.uncounted else after >= before


def test_a_day_in_dongying_loses_half_an_hour_of_lunch_and_the_organiser_gains_an_hour() -> None:
    rules = load_record_rules("dongying").says
    day = (
        Span(at(3, 5, 8, 0), at(3, 5, 12, 42)),
        Span(at(3, 5, 11, 30), at(3, 5, 12, 0), TimeUse.BREAK),
    )
    served = Attendance(ANN, OrderId("o-1"), day)
    assert hours_text(served.record(rules).minutes) == "4.2"
    led = attrs.evolve(served, role=ServiceRole.LEADER)
    assert hours_text(led.record(rules).minutes) == "5.2"


@pytest.mark.parametrize("use", [TimeUse.TRAVEL, TimeUse.BREAK, TimeUse.TRAINING])
def test_nationally_travel_breaks_and_training_are_no_service(use: TimeUse) -> None:
    only = Attendance(ANN, OrderId("o-1"), (Span(0, HOUR, use),))
    with pytest.raises(DefinitionError, match="no minute that counts"):
        only.record(CHINA)


@pytest.mark.parametrize(
    "use", [TimeUse.MEETING, TimeUse.LECTURE, TimeUse.OFFICE_DUTY, TimeUse.REHEARSAL]
)
def test_guangzhou_counts_no_meeting_lecture_duty_or_rehearsal(use: TimeUse) -> None:
    guangzhou = load_record_rules("guangzhou").says
    assert served_minutes([Span(0, HOUR, use)], guangzhou) == 0
    assert served_minutes([Span(0, HOUR, use)], CHINA) == 60  # no national rule says so


def test_in_guangzhou_one_signs_in_three_times_a_day_and_out_every_day() -> None:
    rules = load_record_rules("guangzhou").says
    thrice = tuple(Span(at(3, 5, hour), at(3, 5, hour) + HOUR) for hour in (8, 11, 14))
    assert Attendance(ANN, OrderId("o-1"), thrice).record(rules).minutes == 180
    again = (*thrice, Span(at(3, 5, 20), at(3, 5, 21)))
    with pytest.raises(DefinitionError, match="signed in 4 times on one day; expected at most 3"):
        Attendance(ANN, OrderId("o-1"), again).record(rules)
    week = (Span(at(3, 5), at(3, 8)),)
    with pytest.raises(DefinitionError, match="more than 24 h; expected a sign-out every day"):
        Attendance(ANN, OrderId("o-1"), week).record(rules)
    years = (Span(at(3, 5), at(3, 5, 12)), Span(at(3, 6, year=2027), at(3, 6, 12, year=2027)))
    with pytest.raises(DefinitionError, match="an activity of 367 days; expected at most 365"):
        Attendance(ANN, OrderId("o-1"), years).record(rules)


def test_an_attendance_is_refused_with_all_that_is_impossible() -> None:
    wrong = (Span(5, 5), Span(9, 3), Span(0, HOUR))
    with pytest.raises(DefinitionError) as refused:
        Attendance(ANN, OrderId("o-1"), wrong).record(CHINA)
    assert [fault.place for fault in refused.value.faults] == ["spans[0]", "spans[1]"]


def test_a_record_of_an_attendance_ends_with_the_service_and_earns_points() -> None:
    day = (Span(at(3, 5, 8), at(3, 5, 10)), Span(at(3, 5, 10), at(3, 5, 11), TimeUse.TRAVEL))
    record = Attendance(ANN, OrderId("o-1"), day, category=Category.LAW).record(CHINA)
    assert (record.at, record.category) == (at(3, 5, 10), Category.LAW)
    assert award(load_rules("kunshan").versions[-1], record).points == 20


# ------------------------------------------------------------------ what stands

entries = st.lists(
    st.builds(
        lambda order, who, ended, wait, minutes, more: entry(
            f"o-{order}",
            ended * DAY,
            minutes,
            who=who,
            at=ended * DAY + wait * HOUR,
            confirmed_by=more[0],
            confirmed_as=more[1],
            corrects=more[2],
        ),
        st.integers(0, 3),
        st.sampled_from([ANN, BEN]),
        st.integers(0, 400),
        st.integers(-1, 200),
        st.integers(0, 600),
        st.tuples(
            st.sampled_from([None, CLERK, ActorId(ANN)]),
            st.sampled_from([None, *Confirmer]),
            st.booleans(),
        ),
    ),
    max_size=12,
)


@given(entries)
def test_every_entry_is_in_one_of_three_parts_and_no_service_stands_twice(
    found: list[Entry],
) -> None:
    book = record_book(found, CHINA)
    parts = [*book.standing, *book.replaced, *(one for one, _ in book.refused)]
    assert sorted(map(repr, parts)) == sorted(map(repr, found))
    assert len({one.key for one in book.standing}) == len(book.standing)


@given(entries)
def test_what_stands_is_confirmed_by_somebody_else_after_the_service(found: list[Entry]) -> None:
    for one in record_book(found, CHINA).standing:
        assert one.confirmed_by is not None
        assert str(one.confirmed_by) != one.record.volunteer
        assert one.confirmed_as in CHINA.confirmers
        assert one.at >= one.record.at


OBJECTED = {
    Objection.UNTIMELY: [entry("o-1", at(3, 5), 60, at=at(3, 5, 10))],
    Objection.LATE: [entry("o-1", at(3, 5), 60, at=at(3, 9))],
    Objection.UNCONFIRMED: [entry("o-1", at(3, 5), 60, confirmed_as=None)],
    Objection.OWN_WORD: [entry("o-1", at(3, 5), 60, confirmed_by=ActorId(ANN))],
    Objection.NOTHING_TO_CORRECT: [entry("o-1", at(3, 5), 60, corrects=True)],
    Objection.TWICE: [entry("o-1", at(3, 5), 60), entry("o-1", at(3, 5), 90)],
}


@pytest.mark.parametrize("objection", Objection)
def test_every_objection_is_met(objection: Objection) -> None:
    rules = attrs.evolve(CHINA, entry_days=3, late_entry=False)
    book = record_book(OBJECTED[objection], rules)
    assert [why for _, why in book.refused] == [objection]


def test_a_service_may_be_entered_late_where_there_is_a_way_for_it() -> None:
    rules = attrs.evolve(CHINA, entry_days=3, late_entry=True)
    assert record_book(OBJECTED[Objection.LATE], rules).refused == ()


def test_a_correction_may_come_at_any_time_and_an_entry_as_the_service_ends() -> None:
    rules = attrs.evolve(CHINA, entry_days=3, late_entry=False)
    first = entry("o-1", at(3, 5), 60, at=at(3, 5))
    book = record_book([first, entry("o-1", at(3, 5), 45, at=at(9, 5), corrects=True)], rules)
    assert [one.record.minutes for one in book.standing] == [45]
    assert [one.record.minutes for one in book.replaced] == [60]


def test_a_correction_takes_the_place_of_what_it_corrects_and_both_are_kept() -> None:
    book = record_book(HALF_YEAR, CHINA)
    standing = {one.record.order: one.record.minutes for one in book.standing}
    assert standing[OrderId("o-12")] == 100
    assert [one.record.minutes for one in book.replaced] == [95]


def test_records_are_kept_for_ten_years_of_the_calendar() -> None:
    def until(ended: int) -> str:
        kept = kept_until(ServiceRecord(ANN, OrderId("o-1"), ended, 60), CHINA)
        assert kept is not None
        return moment(kept, offset=CHINA.offset).isoformat()

    assert until(at(3, 5)) == "2036-03-05T11:30:00+08:00"
    assert until(at(2, 29, year=2024)) == "2034-03-01T11:30:00+08:00"
    assert kept_until(ServiceRecord(ANN, OrderId("o-1"), 0, 60), RecordRules()) is None


# ------------------------------------------------------------------ the certificate


@given(entries, st.integers(0, 400), st.integers(1, 400))
def test_a_certificate_says_the_minutes_of_the_records_that_stand(
    found: list[Entry], since: int, days: int
) -> None:
    book = record_book(found, CHINA)
    asked = request(since=since * DAY, until=(since + days) * DAY, at=1_000 * DAY)
    mine = [
        one.record
        for one in book.standing
        if one.record.volunteer == ANN and asked.since <= one.record.at < asked.until
    ]
    given_out = certify(asked, book, CHINA, (CENTER,))
    if given_out is None:
        assert sum(record.minutes for record in mine) == 0
    else:
        assert given_out.minutes == sum(record.minutes for record in mine)
        assert f"{given_out.minutes} min)" in given_out.text()
        assert f"{given_out.minutes} 分钟）" in given_out.text("zh")


@given(entries, st.randoms(use_true_random=False))
def test_the_same_records_give_the_same_certificate_to_the_last_digit(
    found: list[Entry],
    rng: Any,  # noqa: ANN401 - a Random
) -> None:
    unique = list({one.at: one for one in found}.values())  # of one instant, order is a fact
    asked = request(since=0, until=1_000 * DAY, at=1_001 * DAY)
    one = certified(unique, asked)
    rng.shuffle(unique)
    again = certified(unique, asked)
    assert again == one
    if one is not None and again is not None:
        assert again.digest == one.digest
        assert again.text() == one.text()


@pytest.mark.parametrize(
    "change",
    [
        {"minutes": 151},
        {"category": Category.AID},
        {"at": at(3, 5, 11, 31)},
    ],
    ids=str,
)
def test_a_certificate_of_other_records_has_another_digest(change: dict[str, Any]) -> None:
    one = certified(HALF_YEAR)
    first = attrs.evolve(HALF_YEAR[0], record=attrs.evolve(HALF_YEAR[0].record, **change))
    other = certified([first, *HALF_YEAR[1:]])
    assert one is not None
    assert other is not None
    assert re.fullmatch("[0-9a-f]{32}", one.digest)
    assert other.digest != one.digest


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_certificate_reads_as_it_always_has(lang: Lang) -> None:
    given_out = certified(HALF_YEAR)
    assert given_out is not None
    assert given_out.text(lang) == (GOLDEN / f"half_year.{lang}.txt").read_text(encoding="utf-8")


def test_a_certificate_leaves_out_what_does_not_stand_and_is_of_nobody_else() -> None:
    given_out = certified(HALF_YEAR)
    assert given_out is not None
    assert [one.order for one in given_out.services] == ["o-11", "o-12", "o-13"]
    assert given_out.minutes == 150 + 100 + 119
    assert BEN not in given_out.text()


def test_a_period_begins_with_its_first_instant_and_ends_before_its_last() -> None:
    served = [entry("o-1", at(3, 5), 60), entry("o-2", at(3, 6), 30)]
    found = certified(served, request(since=at(3, 5), until=at(3, 6)))
    assert found is not None
    assert [one.order for one in found.services] == ["o-1"]


def test_of_nothing_there_is_no_certificate() -> None:
    assert certified([]) is None
    assert certified(HALF_YEAR, request(orders=frozenset({OrderId("o-99")}))) is None
    void = entry("o-11", at(3, 5), 0, at=at(3, 20), corrects=True)
    assert certified([HALF_YEAR[0], void]) is None


def test_what_is_entered_after_a_certificate_was_issued_is_not_on_it() -> None:
    late = entry("o-17", at(6, 1), 60, at=at(8, 1))
    assert certified([late]) is None


def test_a_request_is_refused_with_all_its_faults_and_repeats_no_number_of_a_person() -> None:
    wrong = request(
        number="一号",
        volunteer=VolunteerId("320584199001011234"),
        until=0,
        exchange="e 1",
    )
    phone = Issuer("", "x" * 81, ActorId("13800138000"))
    with pytest.raises(DefinitionError) as refused:
        certify(wrong, record_book([], CHINA), CHINA, (phone,))
    assert [fault.place for fault in refused.value.faults] == [
        "request: volunteer",
        "request: number",
        "request: exchange",
        "request: until",
        "issuers[0].handler",
        "issuers[0].name_zh",
        "issuers[0].name_en",
    ]
    assert "320584199001011234" not in str(refused.value)
    assert "13800138000" not in str(refused.value)
    with pytest.raises(DefinitionError, match="0 issuers; expected 1 to 4"):
        certify(request(), record_book([], CHINA), CHINA, ())


def test_where_no_rule_says_how_long_a_certificate_has_no_line_of_public_notice() -> None:
    rules = load_record_rules("guangzhou").says
    given_out = certify(request(), record_book(HALF_YEAR[:1], rules), rules, (CENTER,))
    assert given_out is not None
    assert "Public notice" not in given_out.text()
    with_notice = certified(HALF_YEAR)
    assert with_notice is not None
    assert "Public notice: inside the unit for 7 days, until 2026-07-08" in with_notice.text()


# ------------------------------------------------------------------ exchange

TEN = tuple(VolunteerId(f"v-{n}") for n in range(10))
"""As many as Qingpu, Wujiang and Jiashan exchanged."""
SENT = Exchange(
    id="alliance-2021-1",
    home="wujiang",
    host="qingpu",
    alliance=frozenset({"qingpu", "wujiang", "jiashan"}),
    volunteers=TEN,
    since=at(6, 1, 0, 0),
    until=at(6, 8, 0, 0),
    orders=frozenset({OrderId("q-1"), OrderId("q-2")}),
)


def week_away() -> list[Entry]:
    served = [entry("q-1", at(6, 2), 120, who=who, category=Category.CULTURE) for who in TEN[:9]]
    elsewhere = [entry("o-1", at(6, 3), 600, who=who) for who in TEN]
    after = [entry("q-2", at(6, 9), 60, who=TEN[9])]
    return [*served, entry("q-2", at(6, 4), 45, who=TEN[0]), *elsewhere, *after]


def issued(exchange: Exchange = SENT) -> tuple[Certificate, ...]:
    book = record_book(week_away(), CHINA)
    return exchange_certificates(exchange, book, CHINA, (CENTER, ALLY), at=at(6, 10))


def test_all_who_served_on_an_exchange_get_a_certificate_of_both_areas() -> None:
    found = issued()
    assert [one.request.volunteer for one in found] == list(TEN[:9])
    assert [one.minutes for one in found] == [165, *[120] * 8]
    assert {one.issuers for one in found} == {(CENTER, ALLY)}
    assert {one.request.asked_by for one in found} == {Asker.ALLIANCE}
    assert len({one.request.number for one in found}) == 9


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_certificate_of_an_exchange_reads_as_it_always_has(lang: Lang) -> None:
    golden = (GOLDEN / f"exchange.{lang}.txt").read_text(encoding="utf-8")
    assert issued()[0].text(lang) == golden


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"host": "nanjing"}, "exchange: host"),
        ({"home": "nanjing"}, "exchange: home"),
        ({"host": "wujiang"}, "exchange: host"),
        ({"volunteers": ()}, "exchange: volunteers"),
        ({"volunteers": (ANN, ANN)}, "exchange: volunteers"),
        ({"volunteers": (VolunteerId("13800138000"),)}, "exchange: volunteers[0]"),
        ({"until": 0}, "exchange: until"),
        ({"id": "一"}, "exchange: id"),
    ],
    ids=str,
)
def test_an_exchange_is_between_allied_areas_for_a_while(
    change: dict[str, Any], place: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        attrs.evolve(SENT, **change)
    assert [fault.place for fault in refused.value.faults] == [place]


# ------------------------------------------------------------------ the rules as files

PUBLISHED = {
    "china": {"notice_days": 7, "keep_years": 10},
    "guangzhou": {"spans_a_day": 3},
    "dongying": {f"role_minutes.{role}": 60 for role in ServiceRole},
}
DERIVED = {"guangzhou": {"activity_days": 365}}


@pytest.mark.parametrize("name", record_rules_names())
def test_no_number_is_published_or_derived_but_those_that_the_documents_print(name: str) -> None:
    found = load_record_rules(name)
    says = found.says
    given_out: dict[str, Any] = {
        "notice_days": says.notice_days,
        "keep_years": says.keep_years,
        "spans_a_day": says.spans_a_day,
        "activity_days": says.activity_days,
        "entry_days": says.entry_days,
        **{f"role_minutes.{role}": minutes for role, minutes in says.role_minutes.items()},
    }
    for kind, expected in ((BasisKind.PUBLISHED, PUBLISHED), (BasisKind.DERIVED, DERIVED)):
        numbers = {
            key: number
            for key, number in given_out.items()
            if number is not None and (basis := found.basis(key)) and basis.kind is kind
        }
        assert numbers == expected.get(name, {})


def test_record_rules_are_refused_with_all_their_faults() -> None:
    text = shipped("records")["china"].read_text(encoding="utf-8")
    wrong = text.replace("value = 7,", "value = 0,").replace("value = 10,", "value = 10_000,")
    with pytest.raises(DefinitionError) as refused:
        read_record_rules(wrong.encode(), "own.toml")
    assert {fault.place for fault in refused.value.faults} == {
        "own.toml: notice_days",
        "own.toml: keep_years",
    }
    with pytest.raises(UnknownName, match="did you mean 'china'"):
        load_record_rules("chine")


def test_rules_of_records_are_refused_with_every_impossible_number() -> None:
    with pytest.raises(DefinitionError) as refused:
        RecordRules(
            uncounted=frozenset({TimeUse.SERVICE}),
            spans_a_day=0,
            role_minutes={ServiceRole.LEADER: 0},
            entry_days=-1,
        )
    assert [fault.place for fault in refused.value.faults] == [
        "spans_a_day",
        "entry_days",
        "role_minutes.leader",
        "uncounted",
    ]
