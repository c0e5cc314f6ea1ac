"""Points rules as files: each says what it rests on and gives the figures of its source."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import shutil
import tomllib
from fractions import Fraction
from importlib import resources
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import (
    BasisKind,
    RuleKey,
    assumed_in,
    load_area,
    load_rules,
    rule_traits,
    rules_names,
    rules_table,
)
from practice_core.areas.files import read
from practice_core.areas.point_records import read_record
from practice_core.areas.schemes import VersionFile, read_rules, scheme_files
from practice_core.errors import DefinitionError, UnknownName
from practice_core.points import (
    Barrier,
    Expiry,
    Merits,
    Occasion,
    OccasionRecord,
    Passing,
    Period,
    RuleSet,
    Tally,
    award,
    awards,
    barriers,
    expires,
    level_of,
)
from practice_core.terms import Category
from practice_core.units import HOUR, OrderId, VolunteerId, instant
from practice_core.volunteers import ServiceRecord, ServiceRole
from tests.patience import within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from practice_core.terms import Lang

FILES = {name: file.read_text(encoding="utf-8") for name, file in scheme_files().items()}
alone = pytest.mark.parametrize("name", sorted(FILES))
every = pytest.mark.parametrize("name", rules_names())
ANN = VolunteerId("v-1")

# A scheme of one's own that uses whatever a file may say.
FULL = """\
id = "qingshui"
name_zh = "清水积分"
name_en = "Points of Qingshui"
place_zh = "清水县"
place_en = "Qingshui"
document = "rules of the center"

[[versions]]
effective = "2024-01-01"
rate_per_hour = { value = 1, basis = "published", document = "rules" }

[[versions]]
effective = "2025-01-01"
source = "rules of 2025"
rate_per_hour = { value = 10.2, basis = "published", document = "rules" }
per_service = { value = 1, basis = "published", document = "rules" }
quantum_minutes = { value = 30, basis = "published", document = "rules" }
rounding = { value = "nearest", basis = "published", document = "rules" }
category_coefficient = { value = { law = 1.5, aid = "4/3" }, basis = "published", document = "R" }
grade_coefficient = { value = [1, 1.2, 1.5], basis = "published", document = "rules" }
received_debit = { value = 2, basis = "published", document = "rules" }
no_show_penalty = { value = 20, basis = "published", document = "rules" }
no_show_limit_per_year = { value = 5, basis = "published", document = "rules" }
malicious_limit_per_year = { value = 3, basis = "published", document = "rules" }
misconduct_limit = { value = 300, basis = "published", document = "rules" }
year_debt_ends = { value = true, basis = "published", document = "rules" }
lifetime_debt_ends = { value = true, basis = "published", document = "rules" }
max_minutes_per_activity = { value = 240, basis = "published", document = "rules" }
max_minutes_per_day = { value = 480, basis = "published", document = "rules" }
max_points_per_day = { value = 100, basis = "published", document = "rules" }
max_points_per_year = { value = 1000, basis = "published", document = "rules" }
storage_cap = { value = 1500, basis = "published", document = "rules" }
zero_on_complaint = { value = true, basis = "published", document = "rules" }
claim_window_days = { value = 3, basis = "published", document = "rules" }
audit_required = { value = true, basis = "published", document = "rules" }
publicity_days = { value = 7, basis = "published", document = "rules" }
redeem_min_points = { value = 50, basis = "published", document = "rules" }
redeem_min_hours = { value = 10, basis = "published", document = "rules" }
redeem_months = { value = [1, 7], basis = "published", document = "rules" }
redeem_days = { value = [15], basis = "published", document = "rules" }
redeem_quota = { value = 2, basis = "published", document = "rules" }
redeem_quota_per = { value = "quarter", basis = "published", document = "rules" }
expiry = { value = "months", basis = "published", document = "rules" }
expiry_months = { value = 36, basis = "published", document = "rules" }
passing = { value = "family", basis = "published", document = "rules" }
account_scope = { value = "household", basis = "published", document = "rules" }
refundable = { value = false, basis = "published", document = "rules" }
pickup_code = { value = true, basis = "published", document = "rules" }
pickup_deadline_days = { value = 30, basis = "published", document = "rules" }
cents_per_point = { value = 250, basis = "published", document = "rules" }
help_points_per_hour = { value = 10, basis = "published", document = "rules" }
benefit_quota = { value = 2, basis = "published", document = "rules" }
benefit_quota_per = { value = "year", basis = "published", document = "rules" }
benefits_add_up = { value = false, basis = "published", document = "rules" }
levels_per = { value = "year", basis = "published", document = "rules" }
demotion = { value = true, basis = "published", document = "rules" }

[versions.levels]
basis = "published"
document = "rules"
value = [
  { zh = "一星", en = "one star", hours = 100, points = 500 },
  { zh = "二星", en = "two stars", points = 900, community_hours = 20, registered_months = 6 },
]

[versions.benefits]
basis = "published"
document = "rules"
value = [
  { id = "cup", zh = "水杯", en = "cup", kind = "prize", hours = 30, every_hours = 300 },
  { id = "bus", zh = "公交卡", en = "bus card", kind = "privilege", level = 2, \
hours = 50, hours_per = "year", per = "year", yuan = 80 },
]

[versions.roles.leader]
minutes = { value = 60, basis = "published", document = "rules" }
points = { value = 3, basis = "published", document = "rules" }

[versions.events.register]
points = { value = 5, basis = "published", document = "rules" }
most = { value = 5, basis = "published", document = "rules" }
per = { value = "lifetime", basis = "published", document = "rules" }
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
        read_rules(raw, "own.toml")
    assert len(str(refused.value)) < 20_000
    return {
        fault.place.removeprefix("own.toml: "): (fault.found, fault.expected, fault.remedy)
        for fault in refused.value.faults
    }


def at(year: int, month: int, day: int, hour: int = 11) -> int:
    return instant(dt.datetime(year, month, day, hour, tzinfo=dt.timezone(dt.timedelta(hours=8))))


def latest(name: str) -> RuleSet:
    return load_rules(name).versions[-1]


def service(hours: float, order: str = "o-1", **more: Any) -> ServiceRecord:  # noqa: ANN401 - any field of a record
    plain = ServiceRecord(ANN, OrderId(order), at(2026, 3, 5), round(hours * 60))
    return attrs.evolve(plain, **more)


def earned(name: str, hours: float, **more: Any) -> int:  # noqa: ANN401 - any field of a record
    return award(latest(name), service(hours, **more)).points


# ------------------------------------------------------------------ what ships


@every
def test_every_scheme_that_ships_loads_under_its_name(name: str) -> None:
    scheme = load_rules(name)
    assert scheme.id == name
    assert re.fullmatch("[a-z]+", name)
    assert all(version.source.strip() for version in scheme.versions)
    for zh, en in ((scheme.name_zh, scheme.name_en), (scheme.place_zh, scheme.place_en)):
        assert re.search("[\u4e00-\u9fff]", zh)
        assert en.isascii()


@alone
def test_everything_that_a_file_says_has_its_basis(name: str) -> None:
    scheme = load_rules(name)
    for place in range(len(scheme.versions)):
        for one in rule_traits(scheme, place):
            assert one.basis is not None, one.key


@alone
def test_dates_that_no_document_gives_are_said_to_be_assumed(name: str) -> None:
    dated = {"beijing", "furong"}
    kind = BasisKind.PUBLISHED if name in dated else BasisKind.ASSUMED
    basis = load_rules(name).basis("effective")
    assert basis is not None
    assert basis.kind is kind


PUBLISHED: dict[str, dict[str, Any]] = {
    "kunshan": {"rate_per_hour": 10},
    "hailin": {
        "rate_per_hour": 1,
        "max_minutes_per_activity": 120,
        "redeem_quota": 1,
        "events.referral.points": 2,
    },
    "longquanyi": {
        "no_show_limit_per_year": 5,
        "malicious_limit_per_year": 3,
        "misconduct_limit": 300,
        "help_points_per_hour": 10,
    },
    "qidong": {"benefit_quota": 1},
    "guangzhou": {
        "rate_per_hour": 1,
        "quantum_minutes": 60,
        "storage_cap": 1_500,
        "redeem_min_hours": 100,
    },
    "beijing": {"rate_per_hour": 1},
    "xihu": {"per_service": 1, "received_debit": 1, "events.register.points": 5},
    "shouguang": {"claim_window_days": 3, "cents_per_point": 300},
    "baihe": {"rate_per_hour": 1},
    "huangyan": {
        "rate_per_hour": "1/2",
        "quantum_minutes": 120,
        "redeem_min_hours": 10,
        "redeem_quota": 1,
    },
    "qufu": {"rate_per_hour": 10},
    "furong": {"rate_per_hour": 1, "redeem_min_points": 10},
    "tangshan": {"per_service": 10},
}
DERIVED: dict[str, dict[str, Any]] = {
    "huangshan": {"expiry_months": 36},
    "longquanyi": {"rate_per_hour": 10},
    "nanjing": {"rate_per_hour": 1, "storage_cap": 1_500},
    "xihu": {"events.register.most": 5},
    "tangshan": {"events.donation.points": 1},
}
LISTS = {
    "longquanyi": {"levels"},
    "zhangjiagang": {"levels", "benefits"},
    "qidong": {"levels", "benefits"},
    "beijingstars": {"levels"},
    "boluo": {"levels"},
    "longgang": {"levels"},
    "dalian": {"levels"},
    "national": {"levels"},
    "guangzhou": {"levels"},
    "shouguang": {"redeem_days"},
    "baihe": {"grade_coefficient"},
    "huangyan": {"redeem_months"},
    "tangshan": {"levels"},
}


def grounded(text: str, kind: BasisKind) -> Iterator[tuple[str, Any]]:
    """The numbers, and lists, of a file that rest on something of a kind."""
    values, bases = read(text, "file")
    for key, basis in bases.items():
        node: Any = values
        for part in re.findall(r"\w+", key):
            node = node[int(part)] if part.isdigit() else node[part]
        number = not isinstance(node, bool) and (
            isinstance(node, (int, float, list)) or re.fullmatch(r"\d+/\d+", str(node))
        )
        if basis.kind is kind and number:
            yield key.partition("].")[2], node


def test_no_number_is_published_or_derived_but_those_that_the_documents_give() -> None:
    for kind, expected in ((BasisKind.PUBLISHED, PUBLISHED), (BasisKind.DERIVED, DERIVED)):
        found = {name: dict(grounded(text, kind)) for name, text in FILES.items()}
        lists = {
            name: {key for key, node in nodes.items() if isinstance(node, list)}
            for name, nodes in found.items()
        }
        numbers = {
            name: {key: node for key, node in nodes.items() if not isinstance(node, list)}
            for name, nodes in found.items()
        }
        assert {name: nodes for name, nodes in numbers.items() if nodes} == expected
        assert {name: keys for name, keys in lists.items() if keys} == (
            LISTS if kind is BasisKind.PUBLISHED else {}
        )


def test_a_number_that_was_slipped_in_would_be_found() -> None:
    slipped = FILES["jintan"].replace(
        'basis = "assumed", range = [240, 720], why =', 'basis = "published", document ='
    )
    assert dict(grounded(slipped, BasisKind.PUBLISHED)) == {"max_minutes_per_day": 480}


# ------------------------------------------------------------------ the figures of the sources


@pytest.mark.parametrize(
    ("name", "hours", "points"),
    [
        ("qufu", 402, 4_020),
        ("kunshan", 1, 10),
        ("kunshan", 80, 800),  # the cheapest of the goods
        ("hailin", 1, 1),
        ("hailin", 2, 2),
        ("hailin", 3, 2),  # at most two hours of an activity
        ("longquanyi", 50, 500),
        ("guangzhou", 1, 1),
        ("guangzhou", 1.9, 1),  # whole hours only
        ("nanjing", 1_500, 1_500),
        ("nanjing", 1_600, 1_500),
        ("beijing", 1, 1),
        ("huangyan", 2, 1),
        ("huangyan", 1.9, 0),  # two full hours
        ("huangyan", 10, 5),
        ("furong", 10, 10),
        ("wujiang", 402, 4_020),
        ("xihu", 1, 1),
        ("xihu", 3, 1),  # a service, however long
        ("tangshan", 5, 10),  # a participation
        ("huangshan", 1, 10),  # assumed
        ("jintan", 8, 80),  # assumed, as is that no more of a day counts
        ("jintan", 9, 80),
        ("shouguang", 1, 1),  # assumed
        ("jinchang", 2, 1),  # assumed
    ],
)
def test_service_earns_what_the_source_prints(name: str, hours: float, points: int) -> None:
    assert earned(name, hours) == points


def test_an_hour_in_baihe_earns_one_two_or_five_by_activity() -> None:
    assert [earned("baihe", 1, grade=grade) for grade in (1, 2, 3)] == [1, 2, 5]


def test_an_hour_in_hainan_is_multiplied_by_its_grade_and_organising_earns_a_little_more() -> None:
    graded = [earned("hainan", 1, grade=grade) for grade in (1, 2, 3)]
    assert graded == [10, 12, 15]
    plain, led = earned("hainan", 2), earned("hainan", 2, role=ServiceRole.LEADER)
    assert plain < led < 1.2 * plain


def test_hailin_gives_two_for_a_referral_and_nothing_after_a_complaint() -> None:
    referred = OccasionRecord(ANN, Occasion.REFERRAL, at(2024, 3, 5))
    assert award(latest("hailin"), referred).points == 2
    assert earned("hailin", 2, complaint=True) == 0
    spring, once = at(2024, 3, 5), {"points": 9, "minutes": 600, "redeemed": 1}
    assert barriers(latest("hailin"), at=spring, **once) == (Barrier.QUOTA_USED,)
    assert latest("hailin").redeem_quota_per is Period.QUARTER


def test_points_in_huangshan_last_three_years_and_are_not_given_back() -> None:
    rules = latest("huangshan")
    assert expires(rules, at(2020, 6, 5, 0)) == at(2023, 6, 5, 0)
    assert (rules.refundable, rules.pickup_code) == (False, True)


@pytest.mark.parametrize(
    ("hours", "points", "level"),
    [
        (50, 500, "一星"),
        (50, 499, None),
        (49, 500, None),
        (200, 2_000, "二星"),  # three stars ask for 5 percent more than the hours
        (200, 2_100, "三星"),
        (400, 4_200, "四星"),
        (800, 8_400, "五星"),
        (1_000, 10_500, "金星"),
        (2_000, 21_000, "钻石星"),
        (2_000, 20_999, "金星"),
    ],
)
def test_a_level_in_longquanyi_takes_hours_and_points(
    hours: int, points: int, level: str | None
) -> None:
    found = level_of(latest("longquanyi"), Merits(hours * 60, points))
    assert (found and found.zh) == level
    assert latest("longquanyi").demotion is True


@pytest.mark.parametrize(("points", "stars"), [(299, None), (300, 1), (999, 2), (3_000, 5)])
def test_a_star_in_tangshan_takes_points_alone(points: int, stars: int | None) -> None:
    rules = latest("tangshan")
    assert level_of(rules, Merits(points=points)) == (stars and rules.levels[stars - 1])
    gift = OccasionRecord(ANN, Occasion.DONATION, at(2011, 5, 1), 100)
    assert award(rules, gift).points == 100


def test_redemption_in_guangzhou_opens_with_100_hours_and_1500_are_stored() -> None:
    rules = latest("guangzhou")
    assert barriers(rules, at=at(2020, 3, 5), points=99, minutes=99 * 60) == (
        Barrier.TOO_FEW_HOURS,
    )
    assert barriers(rules, at=at(2020, 3, 5), points=100, minutes=100 * 60) == ()
    tally = Tally({ANN: 1_499})
    assert [one.points for one in awards((rules,), [service(8)], tally)] == [1]
    assert tally.balance(ANN) == 1_500
    assert rules.passing is Passing.DONATION


def test_coins_in_beijing_hold_from_june_2022_on_and_may_go_to_family() -> None:
    scheme = load_rules("beijing")
    assert scheme.in_force(at(2022, 5, 31, 23)) is None
    assert scheme.in_force(at(2022, 6, 1, 0)) == scheme.versions[0]
    assert scheme.versions[0].passing is Passing.FAMILY


def test_who_registers_in_xihu_may_receive_five_services() -> None:
    done: list[ServiceRecord | OccasionRecord] = [
        OccasionRecord(ANN, Occasion.REGISTER, at(2026, 3, 1)),
        OccasionRecord(ANN, Occasion.RECEIVED, at(2026, 3, 2), 5),
        service(2),
        OccasionRecord(ANN, Occasion.RECEIVED, at(2026, 3, 6)),
        OccasionRecord(ANN, Occasion.REGISTER, at(2026, 3, 7)),
    ]
    tally = Tally()
    assert [one.points for one in awards((latest("xihu"),), done, tally)] == [5, -5, 1, -1, 0]
    assert tally.balance(ANN) == 0


def test_in_shouguang_a_household_fetches_three_yuan_a_point_on_the_15th() -> None:
    rules = latest("shouguang")
    assert rules.cents_per_point == 300
    held = {"points": 1, "minutes": 60}
    assert barriers(rules, at=at(2024, 5, 15), **held) == ()
    assert barriers(rules, at=at(2024, 5, 16), **held) == (Barrier.WINDOW_CLOSED,)
    ended = at(2026, 3, 5)
    in_time, late = (ended + days * 24 * HOUR for days in (3, 4))
    assert earned("shouguang", 1, claimed=in_time) == 1
    assert earned("shouguang", 1, claimed=late) == 0
    assert (rules.audit_required, rules.account_scope) == (True, "household")


def test_in_baihe_a_hundred_points_are_a_film_and_never_expire() -> None:
    rules = latest("baihe")
    assert barriers(rules, at=0, points=99, minutes=0) == (Barrier.TOO_FEW_POINTS,)
    assert barriers(rules, at=0, points=100, minutes=0) == ()
    assert rules.expiry is latest("jinchang").expiry is Expiry.NEVER
    assert expires(rules, at(2023, 3, 5)) is None


def test_goods_in_huangyan_are_settled_in_january_from_ten_hours_on() -> None:
    rules = latest("huangyan")
    assert rules.rate_per_hour == Fraction(1, 2)
    assert barriers(rules, at=at(2024, 1, 20), points=5, minutes=600) == ()
    assert barriers(rules, at=at(2023, 12, 31), points=4, minutes=599) == (
        Barrier.TOO_FEW_HOURS,
        Barrier.WINDOW_CLOSED,
    )


def test_goods_in_furong_cost_ten_points_and_more() -> None:
    assert barriers(latest("furong"), at=0, points=9, minutes=0) == (Barrier.TOO_FEW_POINTS,)
    assert barriers(latest("furong"), at=0, points=10, minutes=0) == ()


def test_the_first_month_of_jintan_is_within_its_assumptions() -> None:
    """About 800 activities, more than 10,000 hours; every coefficient is assumed and says so."""
    scheme = load_rules("jintan")
    share = service(12.5 / 5)  # of an activity of five
    records = [attrs.evolve(share, volunteer=VolunteerId(f"v-{n}")) for n in range(5 * 800)]
    given = list(awards(scheme.versions, records))
    assert sum(record.minutes for record in records) == 10_000 * 60
    assert sum(one.points for one in given) == 100_000
    kinds = {basis.kind for key, basis in scheme.bases[0].items() if key != "effective"}
    assert kinds == {BasisKind.ASSUMED}
    assert assumed_in(scheme, scheme.versions[0], given[0]) == (RuleKey.RATE, RuleKey.QUANTUM)


# ------------------------------------------------------------------ a file of one's own


def test_a_file_may_say_all_that_rules_hold() -> None:
    scheme = read_rules(FULL.encode(), "own.toml")
    old, new = scheme.versions
    assert (old.version, new.version) == (1, 2)
    assert (old.source, new.source) == ("rules of the center", "rules of 2025")
    assert new.rate_per_hour == Fraction(102, 10)
    assert new.category_coefficient == {
        Category.LAW: Fraction(3, 2),
        Category.AID: Fraction(4, 3),
    }
    unset = {
        field.name for field in attrs.fields(RuleSet) if getattr(new, field.name) in (None, (), {})
    }
    assert unset == set()
    said = set(tomllib.loads(FULL)["versions"][1])
    assert said == {field.name for field in attrs.fields(VersionFile)}
    assert {one.key for one in rule_traits(scheme)} == set(RuleKey)
    assert scheme.basis("events.register.most") == scheme.basis("events.register.points", 1)
    assert scheme.basis("events.register.most", 0) is None


def test_a_change_of_rules_touches_nothing_earned_before_its_date() -> None:
    scheme = read_rules(FULL.encode(), "own.toml")
    before, after = (
        attrs.evolve(service(1), at=at(year, month, day, hour))
        for year, month, day, hour in ((2024, 12, 31, 23), (2025, 1, 1, 0))
    )
    assert [one.points for one in awards(scheme.versions, [before, after])] == [1, 11]
    (alone_,) = awards(scheme.versions[:1], [before])
    assert alone_.points == 1


def test_what_a_file_leaves_out_is_unset_or_assumed() -> None:
    plain = read_rules(changed().split('\n[[versions]]\neffective = "2025')[0].encode(), "own.toml")
    (rules,) = plain.versions
    assert rules == RuleSet(
        id="qingshui",
        version=1,
        effective=at(2024, 1, 1, 0),
        rate_per_hour=1,
        source="rules of the center",
    )
    assert (rules.expiry, rules.refundable, rules.storage_cap) == (None, None, None)
    for key in ("quantum_minutes", "rounding"):
        basis = plain.basis(key)
        assert basis is not None
        assert basis.kind is BasisKind.ASSUMED
    assert plain.basis("expiry") is None


def test_a_scheme_is_found_by_name_file_or_folder(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(FULL, encoding="utf-8")
    assert load_rules(file).id == "qingshui"
    assert load_rules("wujiang").versions == (load_area("wujiang").rules,)
    basis = load_rules("wujiang").basis("rate_per_hour")
    assert basis is not None
    assert basis.kind is BasisKind.PUBLISHED
    with pytest.raises(UnknownName, match=r"no points rules, file or folder named 'kunshen'; did"):
        load_rules("kunshen")
    other = tmp_path / "own.txt"
    other.write_text(FULL, encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"the file of points rules, \*.toml"):
        load_rules(other)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_schemes_stand_side_by_side_in_a_table(lang: Lang) -> None:
    schemes = [load_rules(name) for name in rules_names()]
    schemes.append(read_rules(FULL.encode(), "own.toml"))
    lines = rules_table(schemes, lang).splitlines()
    assert len(lines) == 2 + len(schemes)
    assert {line.count(" | ") for line in lines} == {4}
    for scheme, line in zip(schemes, lines[2:], strict=True):
        assert f"`{scheme.id}`" in line
        assert "None" not in line
        assert "{" not in line


# ------------------------------------------------------------------ faults

PUBLIC = ', basis = "published", document = "rules" }'
RATE = f"rate_per_hour = {{ value = 10.2{PUBLIC}"
GUESS = 'rate_per_hour = { value = "1/2", basis = "assumed", why = "a guess" }'


def rate(text: str) -> tuple[str, str, str]:
    return RATE, RATE.replace("10.2", text), "rate_per_hour"


HEAD: list[tuple[str, str, str]] = [
    ('id = "qingshui"', 'id = "a b"', "id"),
    ('name_zh = "清水积分"', 'name_zh = " "', "name_zh"),
    ('document = "rules of the center"', 'document = ""', "document"),
    ('place_en = "Qingshui"\n', "", "place_en"),
]
IMPOSSIBLE: list[tuple[str, str, str]] = [
    ('effective = "2025-01-01"', 'effective = "2025-1-1"', "effective"),
    ('effective = "2025-01-01"', 'effective = "2024-01-01"', "effective"),
    rate("0.00000000001"),
    rate("-1"),
    ("{ law = 1.5,", "{ law = -1.5,", "category_coefficient.law"),
    ("[1, 1.2, 1.5]", "[1, 1.2]", "grade_coefficient"),
    ("[1, 1.2, 1.5]", "[1, 1.2, 1.5, 2]", "grade_coefficient"),
    ("minutes = { value = 30,", "minutes = { value = 0,", "quantum_minutes"),
    ("_per_day = { value = 480", "_per_day = { value = 1500", "max_minutes_per_day"),
    ("hours = { value = 10,", "hours = { value = 0,", "redeem_min_hours"),
    ("[1, 7]", "[0, 7]", "redeem_months"),
    ("[1, 7]", str([1] * 13), "redeem_months"),
    ("months = { value = 36", "months = { value = 0", "expiry_months"),
    ('value = "months"', 'value = "never"', "expiry_months"),
    ("hours = 100", "hours = 0", "levels[0].hours"),
    ("points = 900", "points = 499", "levels[1].points"),
    (", points = 900", "", "levels[1].hours"),
    ("community_hours = 20", "community_hours = 0", "levels[1].community_hours"),
    ("registered_months = 6", "registered_months = 0", "levels[1].registered_months"),
    ('id = "bus"', 'id = "cup"', "benefits[1].id"),
    ("hours = 30,", "hours = 0,", "benefits[0].hours"),
    ("every_hours = 300", "every_hours = 0", "benefits[0].every_hours"),
    ("level = 2", "level = 3", "benefits[1].level"),
    ('hours_per = "year"', 'hours_per = "day"', "benefits[1].hours_per"),
    ('en = "bus card"', 'en = ""', "benefits[1].en"),
    ('en = "one star"', 'en = ""', "levels[0].en"),
    ("[versions.events.register]", "[versions.events.no_show]", "events.no_show"),
    ("most = { value = 5", "most = { value = 0", "events.register.most"),
    ("cap = { value = 1500, basis", "cap = 1500 # { basis", "storage_cap"),
    (f'passing = {{ value = "family"{PUBLIC}', 'passing = "family"', "passing"),
    (f'per = {{ value = "lifetime"{PUBLIC}', 'per = "lifetime"', "events.register.per"),
    (RATE, 'rate_per_hour = "1/2"', "rate_per_hour"),
    (RATE, GUESS, "rate_per_hour"),
]
OF_ANOTHER_TYPE: list[tuple[str, str, str]] = [
    ('effective = "2025-01-01"', "effective = 2025-01-01", "effective"),
    rate("nan"),
    rate("true"),
    rate('"1/0"'),
    rate('"ten"'),
    ("rate_per_hour = { value = 10.2", "rates_per_hour = { value = 10", "rates_per_hour"),
    ("{ law = 1.5,", "{ lawn = 1.5,", "category_coefficient.lawn"),
    ('value = "nearest"', 'value = "neerest"', "rounding"),
    ("[versions.roles.leader]", "[versions.roles.boss]", "roles.boss"),
]


@pytest.mark.parametrize(("old", "new", "place"), HEAD)
def test_a_fault_of_the_head_is_told_once_at_its_place(old: str, new: str, place: str) -> None:
    assert list(faults(changed((old, new)))) == [place]


@pytest.mark.parametrize(("old", "new", "place"), [*IMPOSSIBLE, *OF_ANOTHER_TYPE])
def test_a_fault_of_a_version_is_told_once_at_its_place(old: str, new: str, place: str) -> None:
    assert list(faults(changed((old, new)))) == [f"versions[1].{place}"]


@pytest.mark.parametrize(
    "mistakes",
    [
        [IMPOSSIBLE[n] for n in (0, 3, 4, 5, 7, 8, 9, 10, 12, 14, 17, 19, 20, 21)],
        [IMPOSSIBLE[n] for n in (6, 11)],  # what is far too long is not looked into
        OF_ANOTHER_TYPE[5:],  # what has not the right type is not asked whether it is possible
    ],
)
def test_every_fault_of_a_file_is_told_at_once(mistakes: list[tuple[str, str, str]]) -> None:
    found = faults(changed(*((old, new) for old, new, _ in mistakes)))
    assert set(found) == {f"versions[1].{place}" for *_, place in mistakes}


def test_a_misspelt_word_is_met_with_the_nearest_known() -> None:
    assert (
        "did you mean 'nearest'?"
        in faults(changed(('"nearest"', '"neerest"')))["versions[1].rounding"][2]
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "versions = []",
        "versions = 3",
        "versions = [1, 2]",
        "[versions]\na = 1",
        "id = {}",
        FULL.replace("[[versions]]", "[versions]", 1),
        "a = " + "[" * 5_000,
        "x" * 200_000,
        FULL + "# " + "y" * 2_000,
        FULL.replace('"qingshui"', '"qing\\u202eshui"'),
    ],
)
def test_what_is_no_scheme_is_refused_soon(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize("raw", [b"\x00\x01", b"\xff\xfea\x00", "é".encode("latin-1")])
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    assert faults(raw)


def test_no_more_versions_are_read_than_anybody_has() -> None:
    head, version = FULL.split("[[versions]]")[:2]
    many = head + "".join(
        "[[versions]]" + version.replace("2024-01-01", f"{2000 + n}-01-01") for n in range(101)
    )
    assert faults(many)["versions"][0] == "101 versions"


# ------------------------------------------------------------------ the section of an area


def test_an_area_may_say_all_that_a_scheme_may(tmp_path: Path) -> None:
    folder = tmp_path / "county"
    with resources.as_file(resources.files("practice_core.areas") / "wujiang") as shipped:
        shutil.copytree(shipped, folder)
    source = load_area("wujiang")
    area = folder / "area.toml"
    more = (
        'quantum_minutes = { value = 60, basis = "published", document = "rules" }\n'
        'max_minutes_per_day = { value = 480, basis = "published", document = "rules" }\n'
        'passing = "family"\n'
    )
    text = re.sub(r"quantum_minutes = .*\n", more, area.read_text(encoding="utf-8"))
    area.write_text(text, encoding="utf-8")
    rules = load_area(folder).rules
    assert rules == attrs.evolve(
        source.rules, quantum=60, max_minutes_per_day=480, passing=Passing.FAMILY
    )
    assert load_rules(folder).versions == (rules,)
    area.write_text(text.replace("value = 480", "value = 4800"), encoding="utf-8")
    with pytest.raises(DefinitionError) as refused:
        load_area(folder)
    assert [fault.place for fault in refused.value.faults] == [
        "area.toml: points.max_minutes_per_day"
    ]


# ------------------------------------------------------------------ a record as a file

RECORD = """\
at = "2025-11-02T11:30"
minutes = 150
category = "law"
grade = 2
role = "leader"
complaint = false
claimed = "2025-11-03"

[before]
balance = -5
day_points = 3
"""


def record_faults(text: str) -> list[str]:
    with within(5), pytest.raises(DefinitionError) as refused:
        read_record(text.encode(), "record.toml")
    return [fault.place.removeprefix("record.toml: ") for fault in refused.value.faults]


def test_a_record_is_read_with_what_was_earned_before() -> None:
    record, before = read_record(RECORD.encode(), "record.toml")
    assert isinstance(record, ServiceRecord)
    assert (record.at, record.claimed) == (at(2025, 11, 2) + HOUR // 2, at(2025, 11, 3, 0))
    assert (record.minutes, record.category, record.grade) == (150, Category.LAW, 2)
    assert (record.role, record.complaint) == (ServiceRole.LEADER, False)
    assert (before.balance, before.day_points, before.year_points) == (-5, 3, 0)


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ("minutes = 150", "minutes = -1", ["minutes"]),
        ("minutes = 150", "minutes = 1.5", ["minutes"]),
        ("minutes = 150\n", "", ["minutes"]),
        ("minutes = 150", 'minutes = 150\noccasion = "share"', ["minutes"]),
        ("minutes = 150", "minutes = 150\ncount = 2", ["count"]),
        (
            "minutes = 150",
            'occasion = "share"\ncount = 0',
            ["category", "grade", "role", "complaint", "claimed", "count"],
        ),
        ("grade = 2", "grade = 4", ["grade"]),
        ('"law"', '"lawn"', ["category"]),
        ('at = "2025-11-02T11:30"', 'at = "2025-11-02 11:30"', ["at"]),
        ('at = "2025-11-02T11:30"', 'at = "0001-01-01"', ["at"]),
        ('at = "2025-11-02T11:30"', 'at = "2025-11-02T11:30+08:00"', ["at"]),
        ('claimed = "2025-11-03"', 'claimed = "soon"', ["claimed"]),
        ("day_points = 3", "day_points = -3", ["before.day_points"]),
        ("day_points = 3", "week_points = 3", ["before.week_points"]),
    ],
)
def test_a_fault_of_a_record_is_told_at_its_key(old: str, new: str, places: list[str]) -> None:
    assert RECORD.count(old) == 1
    assert record_faults(RECORD.replace(old, new)) == places


# ------------------------------------------------------------------ whatever a file holds

PIECES = [
    "",
    "\n",
    "[",
    "]]",
    "{",
    "=",
    '"',
    "0",
    "-",
    "1e300",
    "nan",
    "true",
    "[]",
    "{}",
    "\u202e",
]
PIECES += [
    "[[versions]]\n",
    "[versions.events.share]\n",
    'value = "1/7"',
    "a.b.c = 1\n",
    "2024-01-01",
]


@given(
    st.sampled_from([FULL, RECORD]),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(PIECES)),
        min_size=1,
        max_size=3,
    ),
)
def test_a_broken_file_is_read_or_refused_and_nothing_else(
    text: str, breaks: list[tuple[float, int, str]]
) -> None:
    understand = read_rules if text is FULL else read_record
    for where, length, piece in breaks:
        place = int(where * len(text))
        text = text[:place] + piece + text[place + length :]
    with contextlib.suppress(DefinitionError), within(5):
        understand(text.encode(), "own.toml")
