"""The page: what it reads, what it says, what it may hold, and where it is written."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import re
import stat
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_core.cli import main, reporting
from practice_core.errors import DefinitionError
from practice_core.experiment import caveats, results_folder
from practice_core.report import (
    Picture,
    Result,
    charts,
    page,
    read_result,
    result_of,
    save_figures,
    saving,
    write_report,
)
from practice_core.report.figures import HUES, SHAPES, ranked
from practice_core.report.page import content_security_policy, embedded
from practice_core.report.panels import panels
from practice_core.report.result import printable
from practice_core.report.stress import account
from practice_core.report.words import Chapter, Stress
from practice_core.terms import Lang, words
from tests.patience import within
from tests.report_sample import injections, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LANGS: tuple[Lang, ...] = ("en", "zh")
ROOMS_WORDS = (
    "account",
    "alternative",
    "chapter",
    "label",
    "picture",
    "remark",
    "stress",
)


@pytest.fixture(scope="module")
def decision() -> Result:
    return result_of(plain())


@pytest.fixture(scope="module")
def text(decision: Result) -> str:
    return page(decision)


@pytest.fixture(scope="module")
def preview() -> str:
    return page(result_of(plain(decided=False, stations=12, spots=6)))


class Tags(HTMLParser):
    """Every start tag with its attributes, and the text of every script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.raw: list[tuple[str, dict[str, str], str]] = []
        self.said: list[str] = []
        self._open: tuple[str, dict[str, str]] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        self._open = (tag, found) if tag in {"script", "style"} else None

    def handle_data(self, data: str) -> None:
        if self._open is None:
            self.said.append(data)
        else:
            self.raw.append((*self._open, data))

    def handle_endtag(self, tag: str) -> None:
        self._open = None if tag in {"script", "style"} else self._open

    @property
    def policy(self) -> str:
        key = "http-equiv"
        return next(a["content"] for t, a in self.tags if t == "meta" and a.get(key))


def unknown_to_the_policy(text: str) -> list[str]:
    """The scripts and styles of a page that its own policy would refuse."""
    found = Tags(text)
    return [
        content[:60]
        for _, attributes, content in found.raw
        if attributes.get("type") != "application/json"
        and base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() not in found.policy
    ]


def faults(error: pytest.ExceptionInfo[DefinitionError]) -> dict[str, str]:
    return {fault.place: fault.found for fault in error.value.faults}


def changed(*path: str | int, to: object) -> dict[str, Any]:
    """A small summary with one value put in, or taken out with ``...``."""
    tree = plain(stations=12, spots=6)
    *way, last = path
    node: Any = tree
    for step in way:
        node = node[step]
    if to is ...:
        del node[last]
    else:
        node[last] = to
    return tree


# ---------------------------------------------------------------------------- reading


def test_a_summary_is_read_from_its_folder_or_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "summary.json"
    file.write_text(json.dumps(plain(stations=12, spots=6)), encoding="utf-8")
    found = read_result(tmp_path)
    assert found == read_result(file)
    assert found.policies == ("status_quo", "nearest", "random")
    assert found.baseline == "status_quo"
    assert found.mean("nearest", "served_share").mean == 0.88


def test_keys_of_a_later_version_are_passed_over() -> None:
    later = plain(stations=12, spots=6)
    later["weather"] = "rain"
    later["portrait"]["sites"][0]["roof"] = ["green"]
    later["measures"]["nearest"]["served_share"]["denominator"] = [1, 2]
    assert result_of(later) == result_of(plain(stations=12, spots=6))


@pytest.mark.parametrize(
    ("path", "to", "place"),
    [
        (("area",), ..., "area"),
        (("area",), 7, "area"),
        (("seed",), "7", "seed"),
        (("seed",), 7.5, "seed"),
        (("replications",), 0, "replications"),
        (("weeks",), True, "weeks"),
        (("weeks",), 521, "weeks"),
        (("weeks",), 5, "portrait.weeks"),
        (("measures",), [], "measures"),
        (("measures",), {}, "measures"),
        (("measures", "nearest"), {}, "measures.nearest"),
        (("measures", "nearest", "served_share"), {}, "measures.nearest.served_share.mean"),
        (
            ("measures", "nearest", "served_share", "mean"),
            "much",
            "measures.nearest.served_share.mean",
        ),
        (
            ("measures", "nearest", "served_share", "mean"),
            1e308,
            "measures.nearest.served_share.mean",
        ),
        (
            ("measures", "nearest", "served_share", "half_width"),
            -0.1,
            "measures.nearest.served_share.half_width",
        ),
        (
            ("groups", "nearest", "tier", "scarce", "served_share", "half_width"),
            -0.1,
            "groups.nearest.tier.scarce.served_share.half_width",
        ),
        (("comparisons", 0, "policy"), "luck", "comparisons[0].policy"),
        (("groups", "luck"), {}, "groups.luck"),
        (("verdict",), ..., "verdict"),
        (("verdict", "status"), "won", "verdict.status"),
        (("verdict", "policy"), "luck", "verdict.policy"),
        (("verdict", "pairs", 1, "against"), "luck", "verdict.pairs[1].against"),
        (("verdict", "wording", "zh"), ..., "verdict.wording.zh"),
        (("verdict", "guardrails", 0, "status"), 1, "verdict.guardrails[0].status"),
        (("settings", "nearest", "best_or_equivalent"), 21, "settings.nearest"),
        (("settings", "nearest"), {"best_or_equivalent": 0, "of": 0}, "settings.nearest.of"),
        (("settings",), {}, "settings"),
        (("verdict", "pairs"), [], "verdict.pairs"),
        (("verdict", "delta"), 0.0, "verdict.delta"),
        (("method", "delta"), -1.0, "method.delta"),
        (("bound", "served_share"), [], "bound.served_share"),
        (("tipping", 0, "least"), ..., "tipping[0].least"),
        (("tipping", 0, "value"), 9.0, "tipping[0]"),
        (("tipping", 0, "between"), ["nearest"], "tipping[0].between"),
        (("bound", "served_share"), 0.9, "bound.served_share"),
        (("bound", "reasons", "late"), None, "bound.reasons.late"),
        (("portrait",), None, "portrait"),
        (("portrait", "policy"), "luck", "portrait.policy"),
        (("portrait", "made_up", "sites"), 1, "portrait.made_up.sites"),
        (("portrait", "sites"), [], "portrait.sites"),
        (("portrait", "sites", 3, "id"), "wj", "portrait.sites[3].id"),
        (("portrait", "sites", 3, "level"), "shed", "portrait.sites[3].level"),
        (("portrait", "sites", 3, "chain"), ["nowhere"], "portrait.sites[3].chain"),
        (("portrait", "sites", 3, "chain"), ["wj", "wj"], "portrait.sites[3].chain"),
        (("portrait", "sites", 0, "chain"), ["wj"], "portrait.sites[0].chain"),
        (("portrait", "sites", 3, "name"), " ", "portrait.sites[3].name"),
        (("portrait", "name", "zh"), "", "portrait.name.zh"),
        (("portrait", "sites", 3, "lat"), 120.6, "portrait.sites[3]"),
        (("portrait", "sites", 3, "served"), 99, "portrait.sites[3].served"),
        (("portrait", "sites", 3, "orders"), -1, "portrait.sites[3].orders"),
        (("portrait", "sites", 3, "load"), -0.1, "portrait.sites[3].load"),
        (("portrait", "sites", 3, "week"), [1] * 20, "portrait.sites[3].week"),
        (("portrait", "sites", 3, "week", 4), -1, "portrait.sites[3].week"),
        (("portrait", "hours"), [0] * 24, "portrait.hours"),
        (("portrait", "blocks", 2), 1.5, "portrait.blocks[2]"),
        (("portrait", "categories", 0, "category"), "magic", "portrait.categories[0].category"),
        (("portrait", "categories", 0, "nobody"), 90, "portrait.categories[0].nobody"),
        (("portrait", "categories", 0, "category"), "law", "portrait.categories"),
        (("portrait", "points", "records"), -1, "portrait.points.records"),
        (("portrait", "points", "by_week"), [1] * 5, "portrait.points.by_week"),
        (("portrait", "outline", 0, 0), [[120.0, 31.0]], "portrait.outline[0][0]"),
        (("portrait", "outline", 0, 0, 5), [120.0], "portrait.outline[0][0][5]"),
        (("portrait", "outline", 0, 0, 5), [31.0, 120.0], "portrait.outline[0][0][5]"),
        (("assumptions", 0, "basis"), "guessed", "assumptions[0].basis"),
        (("assumptions", 0, "value"), [[[[[[1]]]]]], "assumptions[0].value"),
        (("assumptions", 0, "value"), 1e308 * 10, "assumptions[0].value"),
        (("assumptions", 0, "range"), [2.0, 1.0], "assumptions[0].range"),
        (("method", "looks"), "10", "method.looks"),
        (("method", "warmup_weeks"), -1, "method.warmup_weeks"),
    ],
    ids=str,
)
def test_a_fault_is_told_at_its_key(path: tuple[str | int, ...], to: object, place: str) -> None:
    with pytest.raises(DefinitionError) as error:
        result_of(changed(*path, to=to))
    assert place in faults(error)


def test_all_faults_are_told_at_once_but_not_a_thousand_of_a_kind() -> None:
    tree = plain()
    for site in tree["portrait"]["sites"]:
        site["teams"] = "x" * 10_000
    tree["seed"] = None
    with pytest.raises(DefinitionError) as error:
        result_of(tree)
    told = error.value.faults
    assert told[0].place == "seed"
    assert len(told) == 21
    assert "782" in str(told[-1])
    assert len(str(error.value)) < 20_000


ONE_SITE = plain(stations=12, spots=6)["portrait"]["sites"][5]
NEGATIVE = {"teams": -1, "orders": -1, "jobs": -1, "week": [-1] * 21, "chain": ["nowhere"] * 10}


@pytest.mark.parametrize(
    ("path", "to", "place"),
    [
        (("portrait", "points", "by_week"), [1] * 20_000, "portrait.points.by_week"),
        (("portrait", "hours"), ["x"] * 500_000, "portrait.hours"),
        (("portrait", "sites"), [{"id": 1}] * 5_000, "portrait.sites[142]"),
        (("portrait", "sites"), [{"id": 1}] * 20_000, "portrait.sites"),
        (("portrait", "sites"), [ONE_SITE | NEGATIVE] * 5_000, "portrait.sites[1].id"),
        (("portrait", "outline"), [[[[120, 31]] * 4]] * 10_000, "portrait.outline"),
        (("portrait", "outline"), [[[]] * 500_000], "portrait.outline[0]"),
        (("measures",), {f"p{n}": 1 for n in range(200_000)}, "measures"),
        (("measures", "nearest"), {f"p{n}": 1 for n in range(200_000)}, "measures.nearest"),
        (
            ("groups", "nearest", "tier"),
            {str(n): {} for n in range(21)},
            "groups.nearest.tier",
        ),
        (("comparisons",), [{}] * 200_000, "comparisons"),
        (("assumptions",), [{}] * 200_000, "assumptions"),
        (("assumptions", 0, "value"), [1] * 2_000_000, "assumptions[0].value"),
        (("method", "looks"), [1] * 1_000_000, "method.looks"),
        (("bound", "served_share"), [1.0] * 1_000_000, "bound.served_share"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_far_too_much_of_something_is_refused_at_once(
    path: tuple[str | int, ...], to: object, place: str
) -> None:
    tree = changed(*path, to=to)
    with within(2), pytest.raises(DefinitionError) as error:
        result_of(tree)
    assert place in faults(error)
    assert len(str(error.value)) < 20_000


def test_as_much_as_is_allowed_is_read_in_two_seconds() -> None:
    tree = changed(
        "portrait", "sites", to=[ONE_SITE | {"id": f"s{n}", "chain": []} for n in range(5_000)]
    )
    with within(2):
        assert len(result_of(tree).portrait.sites) == 5_000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON in line 1, column 2"),
        (b'{"seed": ' + b"9" * 6_000 + b"}", "a number with thousands of digits"),
        (b'{"seed": ' + b"9" * 400 + b"}", "about 10^400"),
        (b'{"seed": NaN}', "NaN is no number"),
        (bytes(range(0x80, 0x90)), "not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_words_of_our_own(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "summary.json"
    file.write_bytes(content)
    with pytest.raises(DefinitionError) as error:
        read_result(file)
    assert said in faults(error).values()


@pytest.mark.parametrize("name", ["pipe", "x" * 250, "x" * 300, "nowhere"])
def test_a_source_that_is_no_file_is_not_called_bad_json(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DefinitionError) as error:
        read_result(tmp_path / name)
    assert "JSON" not in str(error.value)


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


def number(text: str) -> bytes:
    whole = json.dumps(plain(stations=12, spots=6))
    return whole.replace('"seed": 7', f'"seed": {text}').encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="nothing"),
        pytest.param(b'"text"', id="a text"),
        pytest.param(bytes(range(256)), id="binary"),
        pytest.param("{}".encode("utf-16"), id="another encoding"),
        pytest.param(b'{"a": 1, "a": 2}', id="a key twice"),
        pytest.param(deep(100_000).encode(), id="deep"),
        pytest.param(('{"portrait":' * 900 + "1" + "}" * 900).encode(), id="tables in tables"),
        pytest.param(number("NaN"), id="not a number"),
        pytest.param(number("-Infinity"), id="infinity"),
        pytest.param(number("1e999"), id="beyond every number"),
        pytest.param(number("9" * 5_000), id="5,000 digits"),
        pytest.param(number("9" * 300), id="300 digits"),
        pytest.param(b" " * (8 << 20) + b"{}", id="more than 8 MiB"),
        pytest.param(b'{"area": "' + b"x" * (7 << 20) + b'"}', id="one long text"),
    ],
)
def test_a_file_that_is_no_summary_is_refused_in_a_few_words(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "summary.json"
    file.write_bytes(content)
    with pytest.raises(DefinitionError) as error:
        read_result(file)
    assert error.value.faults
    assert len(str(error.value)) < 10_000


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "summary.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(plain(stations=12, spots=6)).encode())
    assert read_result(file).area == "wujiang"


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (tmp_path, tmp_path / "nowhere", tmp_path / "nowhere" / "deep", pipe):
        with pytest.raises(DefinitionError, match="1 fault"):
            read_result(place)


PARTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def ways(node: object, so_far: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    parts: Any = ()
    if isinstance(node, dict):
        parts = node.items()
    elif isinstance(node, list):
        parts = enumerate(node)
    for key, part in parts:
        yield (*so_far, key)
        yield from ways(part, (*so_far, key))


TINY = plain(stations=2, spots=1, weeks=1)
WAYS = list(ways(TINY))


@pytest.mark.slow
@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(WAYS), PARTS), min_size=1, max_size=3))
def test_whatever_is_put_into_a_summary_it_is_shown_or_refused(
    changes: list[tuple[tuple[str | int, ...], object]],
) -> None:
    tree = copy.deepcopy(TINY)
    for (*way, last), part in changes:
        node: Any = tree
        try:
            for step in way:
                node = node[step]
            node[last] = part
        except (LookupError, TypeError):
            continue  # an earlier change took that place away
    try:
        found = result_of(tree)
    except DefinitionError as error:
        assert error.faults  # noqa: PT017 - either is right
    else:
        assert panels(found)
        assert account(found)


def test_a_text_keeps_its_letters_and_loses_what_no_page_can_hold() -> None:
    assert printable("第1站 <b>&'\"") == "第1站 <b>&'\""
    assert printable("a\x00b\ud800c\u202ed\uffffe") == "a\ufffdb\ufffdc\ufffdd\ufffde"


# ---------------------------------------------------------------------------- the page


def test_the_chapters_stand_in_the_order_in_which_they_are_asked_for(text: str) -> None:
    heads = re.findall(r'<h2 id="h-(\w+)">', text)
    assert heads == [chapter.value for chapter in Chapter]
    assert heads == [
        "verdict",
        "hinge",
        "policies",
        "map",
        "week",
        "scarce",
        "equity",
        "points",
        "assumptions",
        "method",
    ]


def test_headings_go_down_one_level_at_a_time(text: str) -> None:
    levels = [int(tag[1]) for tag, _ in Tags(text).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(lower <= upper + 1 for upper, lower in pairwise(levels))


def test_a_preview_says_so_first_and_gives_no_verdict(text: str, preview: str) -> None:
    first = preview.index('<section id="verdict"'), preview.index('<section id="hinge"')
    for caveat in (*caveats("en"), *caveats("zh")):
        assert caveat.replace("'", "&#39;") in preview[slice(*first)]
    assert "This is a preview. It gives no verdict." in preview
    assert "This is a preview. It gives no verdict." not in text
    assert 'data-chart="tipping"' in text
    assert 'data-chart="tipping"' not in preview
    assert 'data-chart="settings"' not in preview


def test_a_decision_gives_its_verdict_in_the_words_of_the_summary(text: str) -> None:
    wording = plain()["verdict"]["wording"]
    assert wording["zh"] in text
    assert wording["en"].replace("'", "&#39;") in text


def test_beside_the_map_it_is_said_that_the_map_is_one_replication_and_made_up(text: str) -> None:
    beside = text[text.index('id="map-chapter"') : text.index('id="week"')]
    assert "show one replication, not an estimate" in beside
    assert "The outline is that of the area" in beside
    assert "Site positions, some or all, are made up" in beside
    assert "every replication draws anew what is made up here" in beside


def test_what_is_not_made_up_or_not_there_is_not_spoken_of() -> None:
    tree = plain()
    tree["portrait"] |= {"outline": None, "made_up": {"sites": False, "teams": True}}
    said = page(result_of(tree))
    assert "The outline is that of the area" not in said
    assert "Site positions, some or all" not in said
    assert "The roster of teams is made up" in said
    tree["portrait"]["made_up"]["teams"] = False
    assert "made up here" not in page(result_of(tree))


def test_wait_and_load_are_defined_beside_the_map(text: str) -> None:
    beside = text[text.index('id="map-chapter"') : text.index('id="week"')]
    assert "an order never served counted as 504" in beside
    assert "own activities are not in it" in beside


def test_a_policy_that_was_told_the_answer_model_is_named_as_such() -> None:
    tree = plain()
    best = tree["verdict"]["policy"]
    assert "told the answer model of the scenario itself" not in page(result_of(tree))
    tree["method"]["informed"] = [best]
    told = page(result_of(tree))
    assert f"{best}: told the answer model of the scenario itself" in told


def test_settings_and_tipping_values_say_on_what_they_rest() -> None:
    tree = plain()
    tree["method"] |= {
        "short_weeks": 4,
        "setting_replications": 2,
        "tipping_replications": 3,
        "candidates": 5,
    }
    told = page(result_of(tree))
    best, other = tree["tipping"][0]["between"]
    assert "in each setting replications: 2, weeks: 4" in told
    assert f"Only between {best} and {other}, over weeks: 4, on other replications: 3" in told
    assert "Settings and tipping values: weeks that count, 4" in told


def test_a_preview_claims_to_know_nothing_of_what_it_hinges_on() -> None:
    tree = plain()
    for key in ("verdict", "settings", "tipping", "bound"):
        del tree[key]
    told = page(result_of(tree))
    assert "kd = 0" not in told
    assert "The diamond is the best" not in told
    assert "varies no assumption; a decision (--decide) does" in told


def test_one_replication_has_no_intervals_to_speak_of() -> None:
    tree = plain()
    for key in ("verdict", "settings", "tipping", "bound"):
        del tree[key]
    for kpis in tree["measures"].values():
        for one in kpis.values():
            one["half_width"] = None
    told = page(result_of(tree))
    assert "One replication alone: no intervals" in told


def test_no_word_claims_an_optimum_or_a_calibration() -> None:
    for group in ROOMS_WORDS:
        for key, row in words()[group].items():
            said = row["en"].lower()
            assert "optim" not in said, key
            assert "最优" not in row["zh"], key
            assert "calibrat" not in said or "none " in said, key


def test_intervals_say_what_they_hold_for(text: str) -> None:
    assert text.count("95 % each, unadjusted") >= 4
    assert "hold for all pairs and looks together" in text


def test_every_assumption_is_there_with_its_basis_and_range(text: str) -> None:
    rows = re.findall(r'<tr data-basis="(\w+)"><th scope="row">(.*?)</th>(.*?)</tr>', text)
    given = plain()["assumptions"]
    assert [(row[0], row[1]) for row in rows] == [(one["basis"], one["key"]) for one in given]
    assert "0 - 0.2" in rows[0][2]
    assert "nothing published" in rows[0][2]


def test_the_account_has_every_item_of_stress_des_once_and_in_order(
    decision: Result, text: str
) -> None:
    told = account(decision)
    assert [item for item, _ in told] == list(Stress)
    assert all(said.en and said.zh for _, said in told)
    numbers = re.findall(r"<dt><span class=\"en\" lang=\"en\">(\d(?:\.\d)+) ", text)
    assert numbers == [item.value.replace("_", ".") for item in Stress]


def test_the_account_names_what_was_fitted_and_calls_the_rest_assumed() -> None:
    tree = plain(stations=3, spots=2)
    assert "None was calibrated" in dict(account(result_of(tree)))[Stress.ASSUMPTIONS].en
    tree["assumptions"][0]["basis"] = "derived"
    said = dict(account(result_of(tree)))[Stress.ASSUMPTIONS].en
    assert "derived from a log or otherwise: answer.kd_per_km; none of the others" in said


@pytest.mark.slow
def test_the_same_result_gives_the_same_page(decision: Result, text: str) -> None:
    assert page(decision) == text


def test_the_page_of_a_county_with_801_sites_stays_below_three_megabytes(
    decision: Result, text: str
) -> None:
    assert len(decision.portrait.sites) == 801
    assert len(text.encode()) < 3_000_000


def test_every_table_and_chart_has_a_name_and_every_label_leads_somewhere(text: str) -> None:
    tags = Tags(text).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in tags:
        if tag == "table" or "data-chart" in attributes:
            assert "aria-labelledby" in attributes
        for key in ("aria-labelledby", "for"):
            assert attributes.get(key, ids[0]) in ids
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids


# ---------------------------------------------------------------------------- what may run


def test_the_policy_allows_the_scripts_of_the_page_and_no_others(text: str) -> None:
    found = Tags(text)
    assert unknown_to_the_policy(text) == []
    assert len([1 for tag, _, _ in found.raw if tag == "script"]) == 3
    assert "unsafe" not in found.policy
    assert found.policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in found.policy
    position = text.index("Content-Security-Policy")
    assert position < text.index("<style") < text.index("<script")


def test_a_script_with_one_letter_changed_would_be_found(text: str) -> None:
    assert unknown_to_the_policy(text.replace('"use strict";', '"use strict" ;'))
    assert unknown_to_the_policy(text.replace("</head>", "<script>1</script></head>"))


def test_nothing_in_the_page_leads_out_of_it(text: str) -> None:
    for tag, attributes in Tags(text).tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        assert "src" not in attributes, tag
        if "href" in attributes:
            assert attributes["href"].startswith("#") or attributes["href"] == "data:,"


def test_embedded_data_reads_back_and_closes_nothing() -> None:
    data = {text: [text] for text in map(printable, injections())}
    said = embedded(data)
    assert json.loads(said) == data
    assert not re.search(r"[<>&\u2028\u2029]", said)


def test_a_policy_without_scripts_allows_none() -> None:
    assert "script-src 'none'" in content_security_policy([], "")


def test_the_corpus_holds_a_hundred_texts_all_different() -> None:
    assert len(set(injections())) == len(injections()) >= 100
    assert sum("canary" in text for text in injections()) > 90


# ---------------------------------------------------------------------------- charts


def test_every_site_has_its_place_and_figures_in_the_map(decision: Result) -> None:
    drawn = charts(decision)[Picture.MAP_SHARE]["datasets"]["places"]
    by_id = {row["id"]: row for row in drawn}
    assert len(by_id) == 801
    for site in decision.portrait.sites:
        row = by_id[site.id]
        assert row["level"] == site.level
        assert row["wait"] == site.wait_hours
        assert row["load"] == site.load
    assert drawn[-1]["level"] == "center"  # over all others


def test_a_map_keeps_its_distances(decision: Result) -> None:
    """A ring of 0.02 degrees of latitude is as high as it is in km."""
    drawn = charts(decision)[Picture.MAP_SHARE]["datasets"]["rings"]
    ys = [row["y"] for row in drawn if row["hole"]]
    assert max(ys) - min(ys) == pytest.approx(2 * 0.02 * 111.2, abs=0.01)


@pytest.mark.parametrize("lang", LANGS)
def test_charts_show_the_figures_of_the_result(decision: Result, lang: Lang) -> None:
    drawn = charts(decision, lang)
    assert list(drawn) == list(Picture)

    def rows(picture: Picture) -> list[dict[str, Any]]:
        return [row for data in drawn[picture]["datasets"].values() for row in data]

    shares = sorted(row["mean"] for row in rows(Picture.SERVED_SHARE))
    assert shares == pytest.approx([0.72, 0.86, 0.88, 0.955])
    hours = sorted((r for r in rows(Picture.HOURS) if "count" in r), key=lambda row: row["from"])
    assert [row["count"] for row in hours] == decision.portrait.hours
    assert [row["count"] for row in rows(Picture.BLOCKS)] == decision.portrait.blocks
    good = {row["good"] for row in rows(Picture.SETTINGS)}
    assert good == {6, 17, 1}
    tips = {row["value_said"] for row in rows(Picture.TIPPING)}
    assert tips == {"0.031", "0.61"}


def test_every_chart_has_words_and_a_table_with_its_figures(decision: Result) -> None:
    beside = panels(decision)
    assert list(beside) == list(Picture)
    for panel in beside.values():
        assert panel.said.en != panel.said.zh
        assert panel.sheet.rows
        assert all(len(row) == len(panel.sheet.columns) for row in panel.sheet.rows)
    assert "0.9550" in beside[Picture.SERVED_SHARE].said.en


def without_figures() -> dict[str, Any]:
    """A preview of a county where nothing happened."""
    tree = plain(decided=False, stations=3, spots=2)
    none = {"mean": None, "half_width": None}
    tree["measures"] = {p: dict.fromkeys(kpis, none) for p, kpis in tree["measures"].items()}
    tree |= {"comparisons": [], "groups": {}}
    portrait = tree["portrait"]
    portrait |= {"hours": [0] * 168, "blocks": [0] * 21}
    for row in portrait["categories"]:
        row |= {"orders": 0, "served": 0, "nobody": 0}
    portrait["points"] |= {"by_week": [0] * 4, "points": 0, "records": 0, "volunteers": 0}
    return tree


def test_where_nothing_was_counted_no_figure_is_said() -> None:
    beside = panels(result_of(without_figures()))
    for picture, panel in beside.items():
        if picture.value.startswith("map_"):
            continue
        assert panel.empty, picture
        assert panel.said.en == f"{panel.title.en}: there was nothing to count."


def test_what_there_is_nothing_of_is_said_to_everybody() -> None:
    text = page(result_of(without_figures()))
    assert '<p class="soft" id="served_share-said">' in text
    assert '<p class="apart" id="served_share-said">' not in text


def test_a_policy_without_a_figure_stands_last() -> None:
    tree = changed("measures", "nearest", "served_share", "mean", to=None)
    for policy in ("status_quo", "random"):
        tree["measures"][policy]["served_share"]["mean"] = -0.1
    assert ranked(result_of(tree)) == ("status_quo", "random", "nearest")


def test_of_one_replication_no_interval_is_drawn_or_told() -> None:
    tree = plain(decided=False, stations=3, spots=2)

    def bare(node: Any) -> None:  # noqa: ANN401 - a JSON node
        for part in node.values() if isinstance(node, dict) else ():
            bare(part)
        if isinstance(node, dict) and "half_width" in node:
            node["half_width"] = None

    ends = {"low_said", "high_said"}
    for picture in (Picture.SERVED_SHARE, Picture.QUARTERS):
        assert ends <= tooltips(charts(result_of(tree))[picture])
    bare(tree["measures"])
    bare(tree["groups"])
    drawn = charts(result_of(tree))
    for picture in (Picture.SERVED_SHARE, Picture.QUARTERS):
        rows = [row for data in drawn[picture]["datasets"].values() for row in data]
        assert {row["low"] for row in rows} == {row["high"] for row in rows} == {None}
        assert tooltips(drawn[picture]) & (ends | {"mean"}) == {"mean"}


def tooltips(chart: dict[str, Any]) -> set[str]:
    """The fields that a chart's tooltips tell."""
    places = (pair for pair in texts_in(chart) if re.search(r"tooltip\[\d+\]\.field$", pair[0]))
    return {field for _, field in places}


def encoded(chart: dict[str, Any], channel: str) -> Iterator[dict[str, Any]]:
    """What the layers of a chart have on a channel."""
    for layer in chart["layer"]:
        if "scale" in layer["encoding"].get(channel, {}):
            yield layer["encoding"][channel]


def test_the_axis_of_a_share_ends_at_0_and_1_whatever_its_intervals() -> None:
    tree = plain(stations=3, spots=2)
    for shares in tree["measures"].values():
        shares["served_share"]["half_width"] = 1.3
    for dimensions in tree["groups"].values():
        for group in dimensions["distance"].values():
            group["served_share"]["half_width"] = 1.3
    drawn = charts(result_of(tree))
    for picture, channel in ((Picture.SERVED_SHARE, "x"), (Picture.QUARTERS, "y")):
        domains = [one["scale"]["domain"] for one in encoded(drawn[picture], channel)]
        assert domains
        assert all(domain == [0.0, 1.0] for domain in domains)


def test_a_count_of_settings_is_written_where_it_has_room(decision: Result) -> None:
    drawn = charts(decision)[Picture.SETTINGS]
    assert {tuple(one["scale"]["domain"]) for one in encoded(drawn, "x")} == {(0, 20)}
    rows = [row for data in drawn["datasets"].values() for row in data]
    assert {row["said"]: row["long"] for row in rows} == {
        "17 / 20": True,
        "6 / 20": False,
        "1 / 20": False,
    }


def test_where_a_number_has_no_range_no_part_of_it_is_lost() -> None:
    tree = plain(stations=3, spots=2)
    tree["tipping"] = [tree["tipping"][0] | dict.fromkeys(("base", "value", "least", "most"), 0.1)]
    drawn = charts(result_of(tree))[Picture.TIPPING]
    (row,) = (row for data in drawn["datasets"].values() for row in data)
    assert row["lost_from"] == row["lost_to"]


def test_no_two_of_forty_policies_look_the_same() -> None:
    looks = {(HUES[n % len(HUES)], SHAPES[n % len(SHAPES)]) for n in range(40)}
    assert len(looks) == 40


def test_the_words_on_a_tipping_bar_stand_in_lines_of_their_own(decision: Result) -> None:
    layers = charts(decision)[Picture.TIPPING]["layer"]
    texts = [layer["mark"] for layer in layers if layer["mark"]["type"] == "text"]
    heights = {
        layer["encoding"]["text"]["field"]: layer["mark"]["dy"]
        for layer in layers
        if "text" in layer["encoding"]
    }
    assert len(texts) == 4
    assert heights["value_said"] < 0 < heights["base_said"] < heights["least"] - 12
    assert heights["least"] == heights["most"]


def texts_in(node: object, so_far: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a tree, with its place."""
    if isinstance(node, str):
        yield so_far, node
    elif isinstance(node, dict):
        for key, part in node.items():
            yield from texts_in(part, f"{so_far}.{key}")
    elif isinstance(node, list):
        for n, part in enumerate(node):
            yield from texts_in(part, f"{so_far}[{n}]")


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGS)
def test_a_name_is_a_value_of_a_chart_and_never_part_of_an_expression(lang: Lang) -> None:
    tree = json.loads(json.dumps(plain(stations=3, spots=2)).replace("nearest", "NAME"))
    tree["tipping"][0]["input"] = "NAME"
    seen = set()
    for chart in charts(result_of(tree), lang).values():
        compiled = vl_convert.vegalite_to_vega(chart, "6.4")
        for place, said in texts_in(compiled):
            if "NAME" in said:
                assert re.search(r"^\.data\[\d+\]\.values\[|^\.scales\[\d+\]\.domain\[", place)
                seen.add(place.partition("[")[0])
    assert seen == {".data", ".scales"}


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, 1, 2])
def test_hostile_names_are_text_in_the_files_of_the_charts(tmp_path: Path, part: int) -> None:
    tree = plain(decided=False, stations=3, spots=2)
    labels = injections()[40 * part : 40 * (part + 1)]
    shares = tree["measures"]["nearest"]
    groups = tree["groups"]["nearest"]
    tree["measures"] = dict.fromkeys(labels, shares)
    tree["groups"] = dict.fromkeys(labels, groups)
    tree["comparisons"] = []
    tree["portrait"]["policy"] = labels[0]
    tree["portrait"]["name"] = {"zh": labels[0], "en": labels[1]}
    files = save_figures(result_of(tree), tmp_path / "figures", "zh" if part else "en")
    assert len(files) == 2 * (len(Picture) - 2)
    told = ""
    for file in files:
        if file.suffix == ".svg":
            told += holds_nothing_that_runs(file.read_text(encoding="utf-8"))
        else:
            assert file.read_bytes().startswith(b"\x89PNG")
    assert [label for label in labels if printable(label) not in told] == []


def holds_nothing_that_runs(svg: str) -> str:
    """Check an image as XML, element by element; give all its texts and descriptions."""
    said = []
    for element in ET.fromstring(svg).iter():  # noqa: S314 - our own file, just written
        tag = str(element.tag).rpartition("}")[2]
        assert tag in {"svg", "g", "path", "line", "rect", "text", "tspan", "defs", "clipPath"} | {
            "linearGradient",
            "stop",
        }, tag
        for name, value in element.attrib.items():
            bare = name.rpartition("}")[2].lower()
            assert not bare.startswith("on"), name
            assert bare not in {"href", "src"}, name
            assert "javascript:" not in value or bare == "aria-label", name
            said.append(value)
        said.append(element.text or "")
    return "\n".join(said)


@pytest.mark.parametrize(
    "svg",
    [
        "<svg><script>1</script></svg>",
        "<svg><g onload='1'/></svg>",
        "<svg xmlns:x='http://www.w3.org/1999/xlink'><g x:href='https://example.org'/></svg>",
        "<svg><g fill='javascript:1'/></svg>",
    ],
)
def test_an_image_that_could_run_would_be_found(svg: str) -> None:
    with pytest.raises(AssertionError):
        holds_nothing_that_runs(svg)


# ---------------------------------------------------------------------------- files


@pytest.fixture(scope="module")
def small() -> str:
    return json.dumps(plain(stations=12, spots=6))


@pytest.fixture
def kept(tmp_path: Path, small: str) -> Path:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "summary.json").write_text(small, encoding="utf-8")
    return folder


def listed(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.slow
def test_a_report_stands_beside_its_summary_and_replaces_an_earlier_one(kept: Path) -> None:
    assert write_report(kept) == kept / "report.html"
    before = (kept / "report.html").read_bytes()
    assert b'data-lang="en"' in before
    write_report(kept / "summary.json", lang="zh")
    assert b'<html lang="zh-Hans" data-lang="zh">' in (kept / "report.html").read_bytes()
    assert listed(kept) == ["report.html", "summary.json"]
    assert stat.S_IMODE((kept / "report.html").stat().st_mode) & 0o444


@pytest.mark.parametrize("where", ["summary.json", "notes.txt", ".", "nowhere/report.html"])
def test_a_report_is_written_over_nothing_but_a_report(kept: Path, where: str) -> None:
    (kept / "notes.txt").write_text("mine", encoding="utf-8")
    before = listed(kept)
    with pytest.raises(DefinitionError, match="name another file"):
        write_report(kept, kept / where)
    assert listed(kept) == before
    assert (kept / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("to", ["report.html", "notes.txt", "nowhere", "link.html"])
def test_a_report_is_written_through_no_link(
    kept: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    (kept / "notes.txt").write_text("mine", encoding="utf-8")
    (kept / "report.html").write_text('<meta content="practice_core report">', encoding="utf-8")
    (kept / "link.html").symlink_to(to)
    before = listed(kept)
    monkeypatch.setattr(saving, "page", None)  # nothing is made in vain
    with pytest.raises(DefinitionError, match="symbolic link"):
        write_report(kept, kept / "link.html")
    assert listed(kept) == before
    assert (kept / "link.html").is_symlink()


@pytest.mark.parametrize("out", ["/proc/x.html", "x" * 256, "x" * 300, "a\0b"])
def test_where_nothing_can_be_written_is_said_before_the_page_is_made(
    kept: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.setattr(saving, "page", None)
    before = listed(kept.parent)
    with pytest.raises(DefinitionError, match="name another file") as error:
        write_report(kept, kept / out, figures=kept.parent / "figures")
    assert len(str(error.value)) < 600
    assert listed(kept.parent) == before


def test_a_report_may_have_the_longest_name_there_is(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "page", lambda *_: "a page")
    out = kept / ("x" * 255)
    assert write_report(kept, out) == out
    assert out.read_text(encoding="utf-8") == "a page"


def test_a_source_with_too_long_a_name_is_a_fault_too(kept: Path) -> None:
    for name in ("x" * 250, "x" * 300):
        with pytest.raises(DefinitionError, match="1 fault"):
            write_report(kept / name)


@pytest.mark.slow
def test_figures_are_written_over_nothing_but_figures(kept: Path) -> None:
    figures = kept.parent / "figures"
    figures.mkdir()
    (figures / "hours.svg").write_text("an earlier one", encoding="utf-8")
    write_report(kept, figures=figures)
    assert {path.suffix for path in figures.iterdir()} == {".svg", ".png"}
    assert {path.stem for path in figures.iterdir()} == set(Picture)
    (figures / "mine.svg").write_text("mine", encoding="utf-8")
    report = (kept / "report.html").stat().st_mtime_ns
    with pytest.raises(DefinitionError, match=r"holds mine\.svg"):
        write_report(kept, figures=figures)
    assert (kept / "report.html").stat().st_mtime_ns == report


def test_a_page_that_cannot_be_written_leaves_nothing_behind(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device", str(self), None, len(content))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_report(kept, figures=kept.parent / "figures")
    assert listed(kept.parent) == ["kept", "kept/summary.json"]


def test_a_folder_of_results_with_a_report_in_it_may_be_replaced(kept: Path) -> None:
    (kept / "report.html").write_text("a page", encoding="utf-8")
    with results_folder(kept) as fresh:
        (fresh / "summary.json").write_text("{}", encoding="utf-8")
    assert listed(kept) == ["logs", "summary.json"]


@pytest.mark.slow
def test_the_command_writes_the_page_and_says_where(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(kept), "--lang", "zh"]) == 0
    assert capsys.readouterr().out == f"已写入：{kept / 'report.html'}\n"
    figures = kept.parent / "figures"
    out = kept.parent / "page.html"
    assert main(["report", str(kept), "--out", str(out), "--figures", str(figures)]) == 0
    assert capsys.readouterr().out == f"Written: {out}\nWritten: {figures}\n"
    assert 'data-lang="en"' in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda kept: (kept / "summary.json").write_text("{}", encoding="utf-8"),
        lambda kept: (kept / "summary.json").unlink(),
        lambda kept: (kept / "report.html").mkdir(),
    ],
    ids=["no figures", "no summary", "a folder in the way"],
)
def test_the_command_refuses_in_one_go_and_writes_nothing(
    kept: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], object]
) -> None:
    spoil(kept)
    before = listed(kept.parent)
    assert main(["report", str(kept), "--figures", str(kept.parent / "figures")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "fault" in said.err
    assert "Traceback" not in said.err
    assert listed(kept.parent) == before


def test_a_comparison_gets_its_page_only_where_the_extra_is_installed(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "find_spec", lambda _: None)
    assert reporting.report_beside(kept) is None
    assert listed(kept) == ["summary.json"]
    monkeypatch.undo()
    assert reporting.report_beside(kept, "zh") == kept / "report.html"
    assert listed(kept) == ["report.html", "summary.json"]
