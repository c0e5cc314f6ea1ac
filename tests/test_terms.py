"""The vocabulary: one row for everything that is shown, in both languages, and none besides."""

from __future__ import annotations

import enum
import importlib
import pkgutil
import re
from functools import cache

import pytest

import practice_core
from practice_core import honours
from practice_core.dispatch import POLICIES
from practice_core.errors import UnknownName
from practice_core.experiment import PARAMETERS
from practice_core.journal import CODEC
from practice_core.keyed import Purpose
from practice_core.orders import COMMANDS, ORDER, Access
from practice_core.points import accounts
from practice_core.simulation.measures import KPIS
from practice_core.terms import Category, section, term, word, words
from practice_core.volunteers import standing

NEVER_SHOWN = {Purpose}
"""A number inside a computation: no person reads it."""


@cache
def enums() -> list[type[enum.Enum]]:
    """Every enum that the package defines, in whichever room."""
    found = {}
    for module in pkgutil.walk_packages(practice_core.__path__, "practice_core."):
        if not module.name.endswith("__main__"):
            for kind in vars(importlib.import_module(module.name)).values():
                if isinstance(kind, type) and issubclass(kind, enum.Enum):
                    found[kind.__module__, kind.__qualname__] = kind
    return [
        kind
        for (home, _), kind in sorted(found.items())
        if home.startswith("practice_core.") and kind not in NEVER_SHOWN
    ]


def key(member: enum.Enum) -> str:
    return member.value if isinstance(member, str) else member.name.lower()


def demanded() -> dict[str, set[str]]:
    rows = {section(kind): {key(member) for member in kind} for kind in enums()}
    return rows | {
        "command": {
            command.__name__
            for command in (*COMMANDS, *standing.COMMANDS, *honours.COMMANDS, *accounts.COMMANDS)
        },
        "event": {event.kind for event in CODEC.events},
        "lifecycle": {
            ORDER.name,
            standing.STANDING.name,
            honours.NOMINATION.name,
            accounts.REDEMPTION.name,
        },
        "measure": set(KPIS),
        "parameter": set(PARAMETERS),
        "policy": set(POLICIES),
    }


def test_every_member_event_command_measure_and_policy_has_a_row_and_nothing_else_has() -> None:
    assert {group: set(rows) for group, rows in words().items()} == demanded()


def test_the_enums_of_every_room_are_found() -> None:
    rooms = {kind.__module__.split(".")[1] for kind in enums()}
    assert {"areas", "cli", "dispatch", "experiment", "hierarchy", "lifecycle"} <= rooms
    assert {"orders", "points", "terms"} <= rooms


def test_no_two_enums_share_a_section() -> None:
    sections = [section(kind) for kind in enums()]
    assert len(set(sections)) == len(sections)


@pytest.mark.parametrize("group", sorted(words()))
def test_every_row_has_words_in_both_languages_and_no_third(group: str) -> None:
    for name, row in words()[group].items():
        assert list(row) == ["zh", "en"], name
        assert all(said and said == said.strip() for said in row.values()), name
        if "{" not in row["zh"]:
            assert re.search(r"[\u4e00-\u9fff]", row["zh"]), name
        assert row["en"].isascii() or "±" in row["en"], name


@pytest.mark.parametrize("group", sorted(words()))
def test_both_languages_of_a_row_are_filled_in_with_the_same_figures(group: str) -> None:
    for name, row in words()[group].items():
        assert set(re.findall(r"\{\w+\}", row["zh"])) == set(re.findall(r"\{\w+\}", row["en"])), (
            name
        )


# A table may show these side by side, so a word that stands for two of them would mislead.
@pytest.mark.parametrize("group", sorted(set(demanded()) - {"event"}))
def test_no_two_rows_of_a_group_say_the_same(group: str) -> None:
    for lang in ("zh", "en"):
        said = [row[lang] for row in words()[group].values()]
        assert len(set(said)) == len(said)


def test_a_word_may_be_asked_for_by_member_or_by_group_and_key() -> None:
    assert term(Category.LAW) == word("category", "law") == "law"
    assert term(Category.LAW, "zh") == word("category", "law", "zh") == "法律服务"


def test_the_word_of_a_number_goes_by_the_members_name() -> None:
    assert [term(access) for access in Access] == ["none", "read", "command"]


def test_a_missing_word_is_told_with_what_is_there() -> None:
    class Level(enum.StrEnum):
        CENTRE = "centre"

    with pytest.raises(UnknownName, match=r"'level.centre'; did you mean 'level.center'"):
        term(Level.CENTRE)
    with pytest.raises(UnknownName, match=r"no term named 'weather\.rain'; known: $"):
        word("weather", "rain")
