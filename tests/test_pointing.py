"""``practice-core points``: the list of rules, an award explained, and how both refuse."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, TypeAlias

import pytest

from practice_core.areas import load_rules, rules_names
from practice_core.cli import main
from tests.test_schemes import FULL, RECORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from practice_core.terms import Lang

Ask: TypeAlias = "Callable[..., tuple[int, str, str]]"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run the command line; give exit code, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["points", *(str(argument) for argument in arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def record(tmp_path: Path) -> Path:
    file = tmp_path / "record.toml"
    file.write_text(RECORD, encoding="utf-8")
    return file


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_rules_lists_every_version_with_its_place_date_and_source(ask: Ask, lang: Lang) -> None:
    code, out, err = ask("rules", "--lang", lang)
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    for name in rules_names():
        scheme = load_rules(name)
        assert scheme.place(lang) in rows[name]
        assert scheme.versions[0].source in rows[name]
    assert "2022-06-01" in rows["beijing"]


def test_rules_as_data_are_a_list_of_objects(ask: Ask) -> None:
    code, out, err = ask("rules", "--json")
    listed = json.loads(out)
    assert (code, err) == (0, "")
    assert [one["name"] for one in listed] == list(rules_names())
    for one in listed:
        assert {"name", "area", "source", "effective_from"} <= one.keys()
        assert all(one.values())
    (jintan,) = [one for one in listed if one["name"] == "jintan"]
    assert (jintan["area"], jintan["area_zh"]) == ("Jintan, Changzhou, Jiangsu", "江苏常州金坛")
    assert jintan["effective_from"] == "2023-03-17"
    assert out.isascii()


def test_an_award_is_explained_line_by_line_with_what_is_assumed(ask: Ask, record: Path) -> None:
    code, out, err = ask("explain", "hainan", record)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "Volunteer Hainan, Hainan (from: Volunteer Hainan, 2025-10)",
        "Service of 150 min, at 10 an hour: time +150 min, points +25",
        "Coefficient 1.2 of grade 2: points +5",
        "Bonus as leader: points +2",
        "In all: 150 min that count, points 32 (hainan, version 1)",
        "Assumed, not published: an hour; steps of time; coefficients of three grades; roles",
    ]


def test_an_award_is_explained_in_chinese(ask: Ask, record: Path) -> None:
    code, out, _ = ask("explain", "hailin", record, "--lang", "zh")
    assert code == 0
    assert out.splitlines()[1:] == [
        "服务 150 分钟，每小时 1 分：时长 +150 分钟，积分 +2",
        "单次活动最多计 120 分钟：时长 -30 分钟，积分 +0",
        "合计：计入时长 120 分钟，积分 2（hailin 第 1 版）",
        "以下各项没有公布，是假设：计时单位",
    ]


def test_an_award_as_data_has_lines_that_add_up(ask: Ask, record: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(FULL, encoding="utf-8")
    code, out, err = ask("explain", file, record, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["name"], found["version"], found["effective_from"]) == (
        "qingshui",
        2,
        "2025-01-01",
    )
    assert sum(line["points"] for line in found["lines"]) == found["points"]
    assert sum(line["minutes"] for line in found["lines"]) == found["minutes"]
    assert found["assumed"] == []
    assert out.isascii()


def test_of_service_whose_length_earns_nothing_that_is_said(ask: Ask, record: Path) -> None:
    _, out, _ = ask("explain", "jinchang", record)
    assert "Service of 150 min, whose length earns nothing: time +150 min, points +0" in out
    assert "Assumed, not published: a service\n" in out


def test_an_occasion_is_explained_too(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "referred.toml"
    file.write_text('at = "2025-03-05"\noccasion = "referral"\ncount = 3\n', encoding="utf-8")
    _, out, _ = ask("explain", "hailin", file)
    assert "referred somebody, count 3: points +6" in out
    assert "Assumed" not in out


def test_before_the_first_version_there_is_something_to_find(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "early.toml"
    file.write_text('at = "2019-12-31T23:59"\nminutes = 60\n', encoding="utf-8")
    code, out, err = ask("explain", "hailin", file)
    assert (code, err) == (1, "")
    assert out == "The rules of hailin begin on 2020-01-01; on 2019-12-31 none were in force\n"
    code, out, _ = ask("explain", "hailin", file, "--json")
    assert (code, json.loads(out)) == (1, {"name": "hailin", "version": None, "at": "2019-12-31"})


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("kunshen", "no points rules, file or folder named 'kunshen'; did you mean 'kunshan'"),
        ("none.toml", "no such file"),
    ],
)
def test_what_is_no_rules_is_wrong_use(ask: Ask, record: Path, rules: str, said: str) -> None:
    code, out, err = ask("explain", rules, record)
    assert (code, out) == (2, "")
    assert said in err


def test_an_unknown_command_of_points_is_met_with_the_nearest(ask: Ask) -> None:
    code, _, err = ask("explian")
    assert code == 2
    assert 'Did you mean "explain"?' in err


def test_every_fault_of_rules_and_of_a_record_is_told(ask: Ask, record: Path) -> None:
    record.write_text(RECORD.replace('"law"', '"lawn"').replace("grade = 2", "grade = 2.5"))
    code, out, err = ask("explain", "hainan", record)
    assert (code, out) == (2, "")
    assert "record.toml: category: 'lawn'; expected one of theory" in err
    assert "record.toml: grade: 2.5; expected a whole number" in err
    own = record.with_name("own.toml")
    own.write_text(FULL.replace('"nearest"', '"neerest"'), encoding="utf-8")
    code, _, err = ask("explain", own, record)
    assert code == 2
    assert "own.toml: versions[1].rounding: 'neerest'" in err


def test_a_hostile_record_is_refused_soon(ask: Ask, record: Path) -> None:
    record.write_bytes(b"# " + b"x" * (2 << 20))
    assert ask("explain", "hainan", record)[0] == 2
    record.write_bytes(b"a = " + b"[" * 10_000)
    assert ask("explain", "hainan", record)[0] == 2
    record.write_text(RECORD.replace('"law"', '"\\u001b[31m"'))
    code, _, err = ask("explain", "hainan", record)
    assert code == 2
    assert "\x1b" not in err
    record.unlink()
    os.mkfifo(record)
    code, _, err = ask("explain", "hainan", record)
    assert code == 2
    assert "a pipe" in err
