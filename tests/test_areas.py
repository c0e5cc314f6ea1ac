"""An area is data: every number says what it rests on, and a wrong file is refused as a whole."""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from contextlib import suppress
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core.areas import (
    Basis,
    BasisKind,
    area_names,
    load_area,
    read,
    scenario_bytes,
    structure,
)
from practice_core.areas.loops import loop_files
from practice_core.errors import DefinitionError, UnknownName
from practice_core.hierarchy import Level
from practice_core.orders import Desk
from practice_core.terms import Category
from practice_core.units import DAY, HOUR, instant
from tests.patience import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCE = {"published": "document", "derived": "arithmetic", "assumed": "why"}


def text(name: str, file: str) -> str:
    folder = resources.files("practice_core").joinpath("areas", name)
    return folder.joinpath(file).read_text(encoding="utf-8")


FILES = {
    f"{name}/{file}": text(name, file)
    for name in area_names()
    for file in ("area.toml", "scenario.toml")
} | {f"loops/{name}.toml": text("loops", f"{name}.toml") for name in loop_files()}
shipped = pytest.mark.parametrize("file", sorted(FILES))

Tree = dict[str, Any]


def leaves(node: object, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every number table and every other value of a file, by dotted key; found by this test."""
    if isinstance(node, dict) and "basis" not in node:
        for name, part in node.items():
            yield from leaves(part, f"{key}.{name}" if key else name)
    elif isinstance(node, list) and any(isinstance(part, dict) for part in node):
        for n, part in enumerate(node):
            yield from leaves(part, f"{key}[{n}]")
    else:
        yield key, node


def numbers_in(value: object) -> list[float]:
    if isinstance(value, dict):
        return [n for part in value.values() for n in numbers_in(part)]
    if isinstance(value, list):
        return [n for part in value for n in numbers_in(part)]
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def baseless(tree: Tree) -> list[str]:
    """Keys of all numbers of a file that do not say what they rest on."""
    found = []
    for key, leaf in leaves(tree):
        if not isinstance(leaf, dict):
            found += [key] if numbers_in(leaf) else []
            continue
        source = leaf.get(SOURCE.get(leaf["basis"], ""), "")
        number = numbers_in(leaf["value"])
        swept = leaf["basis"] != "assumed" or leaf.keys() & {"range", "scale"} or not number
        if not (source and swept):
            found.append(key)
    return found


# ---------------------------------------------------------------------------- what ships


@shipped
def test_every_number_of_a_shipped_file_says_what_it_rests_on(file: str) -> None:
    assert baseless(tomllib.loads(FILES[file])) == []


@shipped
def test_reading_gives_the_plain_values_and_the_basis_of_every_number(file: str) -> None:
    values, bases = read(FILES[file], file)
    found = dict(leaves(tomllib.loads(FILES[file])))
    tables = {key: leaf for key, leaf in found.items() if isinstance(leaf, dict)}
    assert bases.keys() == tables.keys()
    for key, basis in bases.items():
        assert basis.kind == tables[key]["basis"]
        assert basis.source == tables[key][SOURCE[basis.kind]]
    assert "basis" not in str(values)


@pytest.mark.parametrize(
    ("number", "instead"),
    [
        ("kn = { value = 0.25", "kn = 0.25 # { value = 0.25"),
        ('kn = { value = 0.25, basis = "assumed"', 'kn = { value = 0.25, basis = "published"'),
        ('kn = { value = 0.25, basis = "assumed", range = [0, 0.75],', "kn = { value = 0.25,"),
        (", range = [0, 0.75]", ""),
    ],
)
def test_a_number_without_its_basis_is_found(number: str, instead: str) -> None:
    text = FILES["wujiang/scenario.toml"]
    assert text.count(number) == 1
    planted = text.replace(number, instead)
    found = baseless(tomllib.loads(planted))
    assert found
    assert all(key.startswith("answer.kn") for key in found)
    with pytest.raises(DefinitionError) as refused:
        read(planted, "planted")
    assert {fault.place.partition(".why")[0] for fault in refused.value.faults} <= {
        "answer.kn",
        "answer.kn.value",
        "answer.kn.range[0]",
        "answer.kn.range[1]",
    }


@shipped
def test_what_is_assumed_lies_inside_what_is_plausible(file: str) -> None:
    values = dict(leaves(tomllib.loads(FILES[file])))
    for key, basis in read(FILES[file], file)[1].items():
        number = values[key]["value"]
        if basis.range is not None:
            assert basis.range[0] <= number <= basis.range[1], key
        if basis.scale is not None:
            assert basis.scale[0] <= 1 <= basis.scale[1], key
            assert not isinstance(number, (int, float)), f"{key} is one number: give its range"


Arithmetic = tuple[tuple[str, ...], "Callable[..., float]", float]

# What the file says was calculated, calculated again from the numbers it names: operands as
# written, the formula, and how far the value was rounded.
DERIVED: dict[str, Arithmetic] = {
    "horizon.warmup_weeks": (("28", "7"), lambda load, notes: (load + notes) / 7, 0),
    "horizon.weeks": ((), lambda: 366 // 7, 0),
    "horizon.runout_days": (("21", "7"), lambda due, rated: due + rated, 0),
    "resident.per_year": (("4", "289", "12"), lambda a, b, c: a * b * c, 0),
    "own_activity.per_year": (
        ("53,000", "13,872", ".92", "6,000", ".89"),
        lambda held, r, served_r, s, served_s: held - r * served_r - s * served_s,
        50,
    ),
    "own_activity.mean_needed": (
        ("1.43 M", "22.9 k", "20.7 k", "34,900", ".97"),
        lambda all_, r, s, held, came: (all_ * 1e6 - (r + s) * 1e3) / held / came,
        0.05,
    ),
    "teams.members_median": (
        ("55", ".95", "2"),
        lambda mean, sigma, _: mean / math.exp(sigma**2 / 2),
        0.5,
    ),
    "teams.members_mean": (
        ("320,000", "2,028", ".35"),
        lambda registered, teams, active: registered / teams * active,
        0.5,
    ),
}


def miscalculated(values: Tree, bases: dict[str, Basis]) -> list[str]:
    """Derived numbers that do not follow from the arithmetic beside them."""
    found = []
    for key, basis in bases.items():
        if basis.kind is BasisKind.DERIVED:
            section, name = key.split(".")
            operands, formula, rounding = DERIVED[key]
            said = all(operand in basis.source for operand in operands)
            result = formula(*(float(o.rstrip(" Mk").replace(",", "")) for o in operands))
            if not said or abs(values[section][name] - result) > rounding:
                found.append(key)
    return found


def test_derived_numbers_follow_from_the_arithmetic_beside_them() -> None:
    values, bases = read(FILES["wujiang/scenario.toml"], "scenario")
    derived = {key for key, basis in bases.items() if basis.kind is BasisKind.DERIVED}
    assert derived == DERIVED.keys()
    assert miscalculated(values, bases) == []


@pytest.mark.parametrize("key", sorted(DERIVED))
def test_a_miscalculated_number_is_found(key: str) -> None:
    values, bases = read(FILES["wujiang/scenario.toml"], "scenario")
    section, name = key.split(".")
    values[section][name] *= 1.02
    assert miscalculated(values, bases) == [key]


# ---------------------------------------------------------------------------- Wujiang


def test_wujiang_is_as_published_at_the_end_of_2019_and_for_2020() -> None:
    area = load_area("wujiang")
    assert (area.name_zh, area.name_en, area.prefix) == ("吴江", "Wujiang", "wj")
    assert area.counts == {
        Level.CENTER: 1,
        Level.INSTITUTE: 11,
        Level.STATION: 289,
        Level.SPOT: 500,
    }
    assert sum(area.counts.values()) == 801
    assert area.published == {
        "activities_2020": 53_000,
        "participations_2020": 1_930_000,
        "registered": 320_000,
        "teams": 2_028,
    }
    published = [area.bases[f"network.{level}"] for level in Level]
    published += [area.bases[f"published.{name}"] for name in area.published]
    assert {basis.kind for basis in published} == {BasisKind.PUBLISHED}
    assert all("003" in basis.source for basis in published)


def test_wujiang_has_the_five_steps_it_announced() -> None:
    steps = load_area("wujiang").profile.steps
    assert [step.zh for step in steps] == [
        "收集需求",
        "基层点单",
        "中心派单",
        "团队接单",
        "群众评单",
    ]


def test_the_center_alone_dispatches_for_every_site() -> None:
    area = load_area("wujiang")
    hierarchy = area.hierarchy()
    assert area.profile.chain == (Desk.CENTER, Desk.ALLIED)
    assert all(isinstance(level, Level) for level in area.counts)
    assert all(area.profile.route(site.id, hierarchy) == ("wj",) for site in hierarchy)


def test_clocks_are_durations_and_working_days_are_the_desks_own() -> None:
    profile = load_area("wujiang").profile
    assert profile.review_within == 4 * HOUR
    assert profile.offer_open == profile.schedule_within == 24 * HOUR
    assert profile.rating_within == 7 * DAY
    assert profile.redo_within == 3 * 9 * HOUR  # 08:30 to 17:30
    assert (profile.tries, profile.redos, profile.satisfied_from) == (9, 1, 3)
    assert profile.desk_within is None
    assert profile.showcase is None


def test_desks_work_from_monday_to_friday_in_china_standard_time() -> None:
    calendar = load_area("wujiang").calendar
    zone = dt.timezone(dt.timedelta(hours=8))
    monday = dt.datetime(2020, 4, 6, 8, 30, tzinfo=zone)
    assert calendar.is_working(instant(monday))
    assert not calendar.is_working(instant(monday.replace(minute=29)))
    assert not calendar.is_working(instant(monday.replace(hour=17)))
    assert not calendar.is_working(instant(monday.replace(day=11)))


def test_a_day_has_three_blocks() -> None:
    spans = load_area("wujiang").parts.spans
    hours = [(opens / HOUR, closes / HOUR) for opens, closes in spans]
    assert hours == [(8, 12), (13, 17), (18, 21)]


def test_an_hour_of_service_earns_ten_points() -> None:
    area = load_area("wujiang")
    assert area.rules.rate_per_hour == 10
    assert area.bases["points.rate_per_hour"].kind is BasisKind.PUBLISHED


def test_the_map_has_the_published_counts_inside_the_outline_and_a_key() -> None:
    area = load_area("wujiang")
    one = area.hierarchy(seed=7, replication=3)
    assert one.counts() == area.counts
    assert area.outline is not None
    assert all(area.outline.contains(site.lon, site.lat) for site in one)
    assert (one.root.lon, one.root.lat) == area.seat
    assert one == area.hierarchy(seed=7, replication=3)
    assert one != area.hierarchy(seed=7, replication=4)


# ---------------------------------------------------------------------------- no such area


@pytest.mark.parametrize("load", [load_area, scenario_bytes])
def test_an_unknown_area_is_answered_with_the_one_that_was_meant(
    load: Callable[[str], object],
) -> None:
    with pytest.raises(UnknownName, match="did you mean 'wujiang'") as unknown:
        load("wujang")
    assert (unknown.value.kind, unknown.value.name) == ("area or folder", "wujang")
    assert unknown.value.known == area_names()


@pytest.mark.parametrize("name", ["", "outlines", "../areas/wujiang", "wujiang/", "WUJIANG"])
def test_what_is_neither_an_area_nor_a_folder_is_unknown(name: str) -> None:
    with pytest.raises(UnknownName):
        load_area(name)


# ---------------------------------------------------------------------------- reading files

names = st.from_regex(r"[a-z]{1,3}", fullmatch=True).filter(lambda name: name != "basis")
finite = st.integers(-1000, 1000) | st.floats(-1000, 1000, width=16)
words = st.sampled_from(["who the members are", "吴江, 2020", "4 x 289 x 12"])


@st.composite
def number_tables(draw: st.DrawFn) -> Tree:
    kind = draw(st.sampled_from(sorted(SOURCE)))
    value = draw(finite | st.lists(finite, max_size=3) | st.dictionaries(names, finite, max_size=3))
    table = {"value": value, "basis": kind, SOURCE[kind]: draw(words)}
    name, middle = ("scale", 1) if isinstance(value, (list, dict)) else ("range", value)
    if kind == "assumed" or draw(st.booleans()):
        least = draw(st.floats(0, 1) if name == "scale" else finite)
        table[name] = [min(least, middle), max(draw(finite), middle)]
    return table


files = st.recursive(
    st.dictionaries(names, number_tables() | words, max_size=3),
    lambda inner: st.dictionaries(names, inner, max_size=3),
    max_leaves=4,
)


def toml(node: object) -> str:
    """Write a value as inline TOML."""
    if isinstance(node, dict):
        return "{ " + ", ".join(f"{key} = {toml(part)}" for key, part in node.items()) + " }"
    if isinstance(node, list):
        return "[" + ", ".join(map(toml, node)) + "]"
    return f'"{node}"' if isinstance(node, str) else repr(node)


def file_of(tree: Tree, prefix: str = "") -> str:
    """Write a tree as TOML, a dotted key a line."""
    lines = []
    for key, part in tree.items():
        if isinstance(part, dict) and part and "basis" not in part:
            lines.append(file_of(part, f"{prefix}{key}."))
        else:
            lines.append(f"{prefix}{key} = {toml(part)}")
    return "\n".join(lines)


def plain(node: object) -> object:
    if isinstance(node, dict):
        return node["value"] if "basis" in node else {k: plain(v) for k, v in node.items()}
    return node


@given(files)
def test_reading_takes_off_the_bases_and_nothing_else(tree: Tree) -> None:
    values, bases = read(file_of(tree), "drawn")
    assert values == plain(tree)
    tables = {key: leaf for key, leaf in leaves(tree) if isinstance(leaf, dict)}
    assert bases.keys() == tables.keys()
    for key, table in tables.items():
        spans = {name: tuple(table[name]) for name in ("range", "scale") if name in table}
        assert bases[key] == Basis(
            BasisKind(table["basis"]), table[SOURCE[table["basis"]]], **spans
        )


@given(files, st.data())
def test_all_numbers_without_basis_are_named_at_once(tree: Tree, data: st.DataObject) -> None:
    keys = [key for key, leaf in leaves(tree) if isinstance(leaf, dict)]
    chosen = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
    for key in chosen:
        *path, last = key.split(".")
        node = tree
        for part in path:
            node = node[part]
        node[last] = data.draw(finite)
    if not chosen:
        assert read(file_of(tree), "drawn")
        return
    with pytest.raises(DefinitionError) as refused:
        read(file_of(tree), "drawn")
    assert {fault.place for fault in refused.value.faults} == chosen
    for fault in refused.value.faults:
        assert "without a basis" in fault.found
        assert "basis" in fault.expected
        assert fault.remedy


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("a = 1", "a", "1 without a basis"),
        ("a = [1, 2]", "a[1]", "2 without a basis"),
        ("a = { b = 1.5 }", "a.b", "1.5 without a basis"),
        ("[[a]]\nb = 1", "a[0].b", "1 without a basis"),
        ('a = { value = 1, basis = "guessed" }', "a", "basis 'guessed'"),
        ("a = { value = 1, basis = 3 }", "a", "basis 3"),
        ('a = { basis = "published", document = "x" }', "a", "no value"),
        ('a = { value = 1, basis = "published" }', "a", "no document"),
        ('a = { value = 1, basis = "published", document = " " }', "a", "no document"),
        ('a = { value = 1, basis = "published", document = 3 }', "a", "no document"),
        ('a = { value = 1, basis = "derived", why = "x" }', "a", "no arithmetic"),
        ('a = { value = 1, basis = "derived", why = "x" }', "a", "unknown why"),
        ('a = { value = 1, basis = "assumed", why = "x" }', "a", "assumed without range"),
        ('a = { value = [1, "x"], basis = "assumed", why = "x" }', "a", "assumed without range"),
        ('a = { value = "x", basis = "assumed" }', "a", "no why"),
        ('a = { value = true, basis = "said" }', "a", "basis 'said'"),
        ('a = { value = 1, basis = "assumed", why = "x", range = [2, 1] }', "a.range", "[2, 1]"),
        ('a = { value = 1, basis = "assumed", why = "x", range = [1] }', "a.range", "[1]"),
        ('a = { value = 1, basis = "assumed", why = "x", scale = 2 }', "a.scale", "2"),
        ('a = { value = 1, basis = "published", document = "x\\u001b" }', "a.document", "'x\\x1b'"),
        ('a = "\\u202e"', "a", "'\\u202e'"),
        ('a = ["x", "\\n"]', "a[1]", "'\\n'"),
        ('a = { value = ["\\r"], basis = "derived", arithmetic = "x" }', "a.value[0]", "'\\r'"),
        ('"a\\u001b" = "x"', "a\x1b", "a key that cannot be shown"),
        ('a = { "b\\u001b" = { c = "x" } }', "a.b\x1b", "a key that cannot be shown"),
        (
            'a = { value = 1, basis = "assumed", why = "x", scale = [false, true] }',
            "a.scale",
            "[False, True]",
        ),
    ],
)
def test_each_fault_of_a_basis_has_its_place(text: str, place: str, found: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        read(text, "one.toml")
    assert refused.value.subject == "one.toml"
    assert (place, found) in [(fault.place, fault.found) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("value", "span", "found"),
    [
        ("3", "range = [1, 2]", "[1.0, 2.0]"),
        ("0", "range = [1, 2]", "[1.0, 2.0]"),
        ("[1]", "range = [1, 2]", "the range of a table or list"),
        ("{ law = 1 }", "range = [1, 2]", "the range of a table or list"),
        ("[1]", "scale = [-1, 2]", "[-1.0, 2.0]"),
        ("[1]", "scale = [0, 0.5]", "[0.0, 0.5]"),
        ("[1]", "scale = [2, 3]", "[2.0, 3.0]"),
    ],
)
@pytest.mark.parametrize("basis", ["basis = 'assumed', why", "basis = 'derived', arithmetic"])
def test_what_is_plausible_lies_around_what_is_assumed(
    value: str, span: str, found: str, basis: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        read(f"a = {{ value = {value}, {basis} = 'x', {span} }}", "one.toml")
    (fault,) = refused.value.faults
    assert (fault.place, fault.found) == (f"a.{span[:5]}", found)


@pytest.mark.parametrize("value", ['"x"', "true", '["x", "y"]', "[]", '[{ a = "x" }]'])
def test_a_choice_may_say_what_it_rests_on_and_needs_no_range(value: str) -> None:
    values, bases = read(f'a = {{ value = {value}, basis = "assumed", why = "x" }}', "one.toml")
    assert values == tomllib.loads(f"a = {value}")
    assert bases == {"a": Basis(BasisKind.ASSUMED, "x")}


def test_a_file_is_not_itself_a_number() -> None:
    values, bases = read('basis = "published"', "odd")
    assert (values, bases) == ({"basis": "published"}, {})


DEEP = 20_000


@pytest.mark.parametrize(
    "text",
    [
        "a = ",
        "\x00",
        "a = 1\na = 2",
        "a = " + "[" * DEEP,
        "\n".join(["a = ["] + ["["] * DEEP),
        "\n".join(["a = ["] + ["["] * DEEP + ["]"] * DEEP + ["]"]),
        "a = " + "{ a = " * 150,
        "[" + ".".join(["a"] * 495) + "]\n" + ".".join(["a"] * 495) + " = 1",
        ".".join(["a"] * DEEP) + " = 1",
        "a = " + "9" * 5_000,
        "a = '''\n" + "x" * 999 + "\n" * (1 << 17) + "'''",
        "a = 1 #" + "x" * 1_000,
        "x\n" * (1 << 20),
    ],
    ids=lambda text: f"{text[:12]!r} of {len(text)}",
)
def test_a_hostile_file_is_one_fault_in_bounded_time(text: str) -> None:
    with within(5), pytest.raises(DefinitionError) as refused:
        read(text, "hostile")
    (fault,) = refused.value.faults
    assert fault.place.partition(":")[0] in {"hostile", "a"} or fault.place.startswith("a.a.")
    assert len(str(fault)) < 3_000


@pytest.mark.parametrize(
    "raw",
    [
        "a = '吴江'\r\n".encode(),
        "\ufeffa = '吴江'".encode(),
    ],
)
def test_bytes_are_read_as_utf8_with_or_without_a_mark(raw: bytes) -> None:
    assert read(raw, "one.toml") == ({"a": "吴江"}, {})


@pytest.mark.parametrize(
    ("raw", "place", "found"),
    [
        ("a = 'x'\nb = '吴江'".encode("gbk"), "one.toml:2", "not UTF-8"),
        ("a = 'x'".encode("utf-16"), "one.toml:1", "binary content (a NUL byte)"),
        (b"a = 'x'\n\0", "one.toml:2", "binary content (a NUL byte)"),
        (b"\xff\xfe", "one.toml:1", "UTF-16, not UTF-8"),
        (b"a = 'x'\na = 'y'\n", "one.toml:2", "Cannot overwrite a value (at line 2, column 8)"),
        (b"a = 'x'\n\n[b\nc", "one.toml:3", "Expected ']' at the end of a table declaration"),
        (b"a" * (100 << 20), "one.toml", "104857600 characters, more than 131072"),
        (b"a = '" + b"x" * 99_999 + b"'", "one.toml", "a line of 100005 characters"),
    ],
    ids=lambda part: part[:12] if isinstance(part, (bytes, str)) else None,
)
def test_a_file_that_is_not_toml_has_its_line(raw: bytes, place: str, found: str) -> None:
    with within(2), pytest.raises(DefinitionError) as refused:
        read(raw, "one.toml")
    (fault,) = refused.value.faults
    assert fault.place == place
    assert fault.found.startswith(found)


@pytest.mark.parametrize(
    "text",
    [
        "a = [\n" + "[\n" * 10_000 + "]\n" * 10_000 + "]",
        "a = [\n" + "[ { a = [\n" * 10_000,
        "a = " + "[" * 490 + "]" * 490,
        "a = " + "{a=" * 300 + "1" + "}" * 300,
    ],
    ids=lambda text: f"{text[:12]!r} of {len(text)}",
)
def test_depth_is_refused_at_once(text: str) -> None:
    with within(2), pytest.raises(DefinitionError):
        structure(read(text, "deep")[0], Room, "deep")


def test_twenty_faults_of_a_file_are_listed_and_the_others_counted() -> None:
    text = "a = [" + "\n1," * 20_000 + "]"
    with pytest.raises(DefinitionError, match="19980 more faults") as refused:
        read(text, "many")
    assert len(refused.value.faults) == 21
    tree = a_room() | {f"x{n}": "y" for n in range(100)}
    with pytest.raises(DefinitionError, match="80 more faults"):
        structure(tree, Room, "room")


NUMBERS = (
    *("inf", "-inf", "nan", "1e999", "9" * 400, "-" + "9" * 400, "0x" + "f" * 400, "1e19"),
    *("2020-03-02", "2020-03-02T00:00:00Z", "08:30:00", "'1'", "true", "[1]", "{ a = 1 }"),
    *("-0x1", "1_", "0b2", "+nan", "1.", "\uff11"),
)


def furnished(shelf: Tree) -> Room:
    return structure(a_room() | {"shelf": a_room()["shelf"] | shelf}, Room, "odd.toml")


@pytest.mark.parametrize("key", ["shelf.width", "shelf.books"])
@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_no_number_is_a_fault_of_its_key(number: str, key: str) -> None:
    section, name = key.split(".")
    text = f'[{section}]\n{name} = {{ value = {number}, basis = "derived", arithmetic = "x" }}'
    with pytest.raises(DefinitionError) as refused:
        furnished(read(text, "odd.toml")[0]["shelf"])
    (fault,) = refused.value.faults
    assert fault.place in {key, "odd.toml:2"}


@pytest.mark.parametrize(
    "span", ["[nan, 1]", "[0, inf]", "[0, 1" + "0" * 400 + "]", "[2020-03-02]"]
)
def test_a_range_without_ends_is_a_fault(span: str) -> None:
    text = f'a = {{ value = 1, basis = "assumed", why = "x", range = {span} }}'
    with pytest.raises(DefinitionError) as refused:
        read(text, "one.toml")
    assert [fault.place for fault in refused.value.faults] == ["a.range"]


def test_a_misspelt_key_of_a_number_is_answered_with_the_one_that_was_meant() -> None:
    text = 'a = { value = 1, basis = "assumed", why = "x", rang = [0, 1] }'
    with pytest.raises(DefinitionError) as refused:
        read(text, "one.toml")
    remedies = [fault.remedy for fault in refused.value.faults if fault.found == "unknown rang"]
    assert remedies == ["did you mean 'range'? rename or remove rang"]


def test_the_worst_file_that_is_still_read_takes_seconds() -> None:
    # Reading TOML takes time quadratic in the length of a dotted key.
    text = "\n".join("a." * 200 + "b." * 290 + f"k{n} = 'x'" for n in range(132))
    assert len(text) < 1 << 17
    with within(10), suppress(DefinitionError):  # how deep is too deep depends on who calls
        read(text, "worst")


fragments = st.sampled_from([*"a.=[]{}'\"\n,#", "basis", " 1", "value"])


@given(st.text() | st.lists(fragments).map("".join))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        values, bases = read(text, "fuzzed")
    except DefinitionError as error:
        found = error.faults
    else:
        found = ()
        assert isinstance(values, dict)
        assert all(isinstance(basis, Basis) for basis in bases.values())
    assert all(fault.place and fault.remedy for fault in found)


# ---------------------------------------------------------------------------- building values


@attrs.frozen
class Shelf:
    width: float
    books: int = attrs.field(validator=attrs.validators.ge(0))


@attrs.frozen
class Room:
    name: str
    kind: Literal["hall", "library"]
    level: Level
    shelf: Shelf
    heights: list[float]
    mix: dict[Category, float]
    words: tuple[str, ...] = ()


def a_room() -> Tree:
    return {
        "name": "书屋",
        "kind": "library",
        "level": "station",
        "shelf": {"width": 2, "books": 300},
        "heights": [1, 2.5],
        "mix": {"law": 0.25, "aid": 0.75},
        "words": ["a", "b"],
    }


def test_plain_values_become_the_class_they_describe() -> None:
    room = structure(a_room(), Room, "room")
    assert room == Room(
        "书屋",
        "library",
        Level.STATION,
        Shelf(2.0, 300),
        [1.0, 2.5],
        {Category.LAW: 0.25, Category.AID: 0.75},
        ("a", "b"),
    )
    assert isinstance(room.level, Level)
    assert all(isinstance(category, Category) for category in room.mix)
    assert isinstance(room.shelf.width, float)


WRONG: dict[str, tuple[Any, str, str]] = {
    "name": (3, "3", "text"),
    "kind": ("cellar", "'cellar'", "one of hall, library"),
    "level": ("town", "'town'", "one of center, institute, station, spot"),
    "shelf.width": ("wide", "'wide'", "a number"),
    "shelf.books": (2.5, "2.5", "a whole number"),
    "heights[1]": (True, "True", "a number"),
    "mix.law": (math.nan, "nan", "a number"),
    "mix.aid": (math.inf, "inf", "a number"),
}


def put(tree: Tree, key: str, value: object) -> None:
    if key == "heights[1]":
        tree["heights"][1] = value
        return
    *path, last = key.split(".")
    for part in path:
        tree = tree[part]
    tree[last] = value


@given(st.sets(st.sampled_from(sorted(WRONG)), min_size=1))
def test_all_wrong_values_are_named_at_once(keys: set[str]) -> None:
    tree = a_room()
    for key in keys:
        put(tree, key, WRONG[key][0])
    with pytest.raises(DefinitionError) as refused:
        structure(tree, Room, "room")
    assert {fault.place: (fault.found, fault.expected) for fault in refused.value.faults} == {
        key: WRONG[key][1:] for key in keys
    }
    assert all(fault.remedy.startswith("change ") for fault in refused.value.faults)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("shelf", 3, "a table"),
        ("shelf", [], "a table"),
        ("name", dt.date(2020, 3, 2), "text"),
        ("shelf.width", dt.time(8, 30), "a number"),
        ("mix", 0.5, "a table"),
        ("heights", "12", "a list"),
        ("heights", {"a": 1}, "a list"),
        ("words", 7, "a list"),
        ("shelf.books", 2**64, "a whole number"),
        ("shelf.width", 10**400, "a number"),
        ("mix", {"laws": 1}, "one of theory"),
        ("level", 2, "one of center"),
    ],
)
def test_a_value_of_another_shape_is_one_fault(key: str, value: object, expected: str) -> None:
    tree = a_room()
    put(tree, key, value)
    with pytest.raises(DefinitionError) as refused:
        structure(tree, Room, "room")
    (fault,) = refused.value.faults
    assert fault.place.startswith(key)
    assert fault.expected.startswith(expected)


def test_unknown_and_missing_keys_are_named_with_what_is_wrong_elsewhere() -> None:
    tree = a_room()
    del tree["name"], tree["shelf"]["books"]
    tree |= {"height": [], "colour": "red"}
    tree["shelf"]["depth"] = 1
    tree["heights"] = ["low"]
    with pytest.raises(DefinitionError) as refused:
        structure(tree, Room, "room")
    found = {fault.place: (fault.found, fault.remedy) for fault in refused.value.faults}
    assert found == {
        "name": ("nothing", "add name"),
        "shelf.books": ("nothing", "add books"),
        "shelf.depth": ("unknown key", "did you mean 'width'? rename or remove depth"),
        "heights[0]": ("'low'", "change heights[0]"),
        "colour": ("unknown key", "remove colour"),
        "height": ("unknown key", "did you mean 'heights'? rename or remove height"),
    }
    places = {fault.place: fault.expected for fault in refused.value.faults}
    assert places["shelf.depth"] == "one of width, books"
    assert places["colour"] == "one of name, kind, level, shelf, heights, mix, words"


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("level", "staton", "did you mean 'station'? change level"),
        ("kind", "libary", "did you mean 'library'? change kind"),
        ("mix", {"laws": 1}, "did you mean 'law'? change laws"),
        ("level", "fish", "change level"),
        ("name", dt.date(2020, 3, 2), "put it in quotes"),
        ("shelf", {"width": dt.date(2020, 3, 2), "books": 3}, "change width"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_one_that_was_meant(
    key: str, value: object, remedy: str
) -> None:
    tree = a_room()
    put(tree, key, value)
    with pytest.raises(DefinitionError) as refused:
        structure(tree, Room, "room")
    assert [fault.remedy for fault in refused.value.faults] == [remedy]


def test_what_the_class_itself_refuses_is_a_fault_of_its_table() -> None:
    tree = a_room()
    tree["shelf"]["books"] = -1
    tree["name"] = 3
    with pytest.raises(DefinitionError) as refused:
        structure(tree, Room, "room")
    assert [fault.place for fault in refused.value.faults] == ["name", "shelf"]
    assert "'books' must be >= 0: -1" in refused.value.faults[1].found


def test_a_number_is_no_file() -> None:
    with pytest.raises(DefinitionError, match="room: 1 fault\n  file: 3; expected a table"):
        structure(3, Room, "room")  # type: ignore[arg-type]  # what a careless caller gives
