"""The pages that the code gives are those in docs, and say all there is to say."""

from __future__ import annotations

import re

import attrs
import pytest

from practice_core.areas import load_rules, rules_names
from practice_core.areas.loops import LoopFile
from practice_core.areas.point_records import read_record
from practice_core.areas.schemes import VersionFile, read_rules
from practice_core.lifecycle import arguments
from practice_core.orders import COMMANDS, EVENTS, ORDER, Refusal
from practice_core.points import Occasion, award, explain
from tests.pages import DOCS, PAGES, SEEDS, differences, orders


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_in_the_documents_is_the_one_that_the_code_gives(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert PAGES[name](text) == text, "write it anew: make pages"


def test_the_reference_has_every_edge_command_event_choice_and_refusal_in_both_languages() -> None:
    page = ORDER.markdown(Refusal)
    lists = {
        kind
        for told in (*COMMANDS, *EVENTS)
        for kind in arguments(told).values()
        if hasattr(kind, "__members__")
    }
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    headings = 5
    shown = len(ORDER.edges) + len(COMMANDS) + len(EVENTS) + len(lists) + len(Refusal)
    assert len(rows) == 2 * (shown + headings)
    assert {line.count(" | ") for line in rows} == {1, 2, 4}
    for event in EVENTS:
        assert page.count(f"`{event.kind}`") == 2
    assert "| `OfferOrder` |" not in page
    offered = "`teams: tuple[TeamId, ...]`, `open_for: Duration`"
    assert page.count(f"`OfferOrder` | {offered} | ") == 2
    ranks = [page.index(f"\n| `{one.value}` | ") for one in Refusal]
    assert ranks == sorted(ranks)


def test_a_lifecycle_without_refusals_has_no_chapter_of_them() -> None:
    assert ORDER.markdown() in {
        re.sub(r"(?s)## (Refusals|拒绝的理由).*?(?=\n# |\Z)", "", ORDER.markdown(Refusal)),
        ORDER.markdown(),
    }
    assert "Refusals" not in ORDER.markdown()


def test_the_page_of_loops_keeps_what_was_written_by_hand() -> None:
    page = "before\n<!-- from the code: zh -->\nold\n<!-- end -->\nafter\n"
    written = orders(page)
    assert written == page.replace("old\n", differences("zh"))
    assert orders(written) == written
    assert written.count("flowchart LR") == len(SEEDS)


def test_how_to_write_a_loop_explains_every_key_of_a_file() -> None:
    page = (DOCS / "your-loop.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert explained == {field.name for field in attrs.fields(LoopFile)}


def test_the_page_of_points_explains_every_key_of_a_file_and_shows_every_scheme() -> None:
    page = (DOCS / "points.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert explained == [field.name for field in attrs.fields(VersionFile)]
    shown = re.findall(r"^\| [^`|]+ `(\w+)`", page, re.MULTILINE)
    assert shown == [*rules_names(), *rules_names()]
    for occasion in Occasion:
        assert f"`{occasion}`" in page


def test_the_file_on_the_page_of_points_is_a_scheme_and_its_record_a_record() -> None:
    page = (DOCS / "points.md").read_text(encoding="utf-8")
    record, scheme = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    rules = read_rules(scheme.encode(), "own.toml").versions[-1]
    one, before = read_record(record.encode(), "record.toml")
    assert (rules.quantum, before.balance) == (120, 40)
    hainan = load_rules("hainan").versions[-1]
    for sentence in explain(hainan, one, award(hainan, one, before)):
        assert f"\n{sentence}\n" in page
