"""``practice-core loops`` and ``loop``: what they print, and how they refuse."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, TypeAlias

import pytest
from rich.cells import cell_len

from practice_core.areas import load_loop, loop_names
from practice_core.cli import main
from tests.test_loops import FULL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from practice_core.terms import Lang

Ask: TypeAlias = "Callable[..., tuple[int, str, str]]"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run the command line; give exit code, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_loops_lists_every_loop_with_its_place_and_its_steps(ask: Ask, lang: Lang) -> None:
    code, out, err = ask("loops", "--lang", lang)
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    for name in loop_names():
        loop = load_loop(name)
        steps = [step.zh if lang == "zh" else step.en for step in loop.profile.steps]
        assert " > ".join(steps) in rows[name]
        assert loop.place(lang) in rows[name]


def test_on_a_screen_the_list_is_folded_between_words(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _, out, _ = ask("loops")
    assert max(map(cell_len, out.splitlines())) <= 80
    said = out.split()
    assert {"Chongqing", "organization", "emergency", "jufengyuan"} <= set(said)


def test_loops_as_data_has_steps_with_commands_and_roles(ask: Ask) -> None:
    code, out, _ = ask("loops", "--json")
    found = json.loads(out)["loops"]
    assert code == 0
    assert [one["loop"] for one in found] == list(loop_names())
    (grabbed,) = [one for one in found if one["loop"] == "tengzhou"]
    assert grabbed["steps"][1] == {
        "zh": "志愿者接单",
        "en": "volunteers take the order",
        "commands": ["AcceptOffer"],
        "by": ["team"],
    }


def test_a_loop_is_told_with_what_it_rests_on(ask: Ask) -> None:
    code, out, err = ask("loop", "hujiamiao")
    assert (code, err) == (0, "")
    watched = "1 h from accepted on (published: Xincheng District, Xi'an (year not printed))"
    for line in (
        f"- supervised: contact: {watched}",
        "1130 (hujiamiao), Hujiamiao, Xi'an, Shaanxi",
        "1. residents order: requester, proxy (place the order)",
        "2. the grid takes the order: team (accept the offer, report progress)",
        "- satisfied from: 3 of 5 (assumed, 2 to 4: scores of 1 and 2 ask for a redo)",
        "- showcase: none",
        "- working time: Mon, Tue, Wed, Thu, Fri 08:30-17:30 (assumed: the file says nothing)",
    ):
        assert line in out.splitlines()


def test_a_loop_is_told_in_chinese(ask: Ask) -> None:
    _, out, _ = ask("loop", "jintan", "--lang", "zh")
    lines = out.splitlines()
    assert lines[0] == "金坛五单（jintan），江苏金坛"
    assert "5. 晒单：工作人员（晒单）" in lines
    assert "- 经手的工作台：实践中心（假设：" in out


def test_the_loop_of_an_area_rests_on_its_document(ask: Ask) -> None:
    _, out, _ = ask("loop", "wujiang")
    assert "from: seed document 003, Suzhou Daily, 2021-06-25\n\nPublic steps:\n1. " in out
    assert "working time: Mon, Tue, Wed, Thu, Fri 08:30-17:30 (assumed: Monday to Friday" in out


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_diagram_is_that_of_the_loops_own_states(ask: Ask, lang: Lang) -> None:
    _, out, _ = ask("loop", "tengzhou", "--mermaid", "--lang", lang)
    assert out == load_loop("tengzhou").profile.lifecycle.mermaid(lang)
    assert "OFFERED" not in out


def test_a_loop_as_data_is_the_same_wherever_it_is_printed(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(FULL, encoding="utf-8")
    code, out, err = ask("loop", file, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == load_loop(file).to_dict()
    assert str(tmp_path) not in out
    assert out.isascii()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jintann", "no loop, file or folder named 'jintann'; did you mean 'jintan'?"),
        ("none.toml", "no such file"),
    ],
)
def test_what_is_no_loop_is_wrong_use(ask: Ask, name: str, said: str) -> None:
    code, out, err = ask("loop", name)
    assert (code, out) == (2, "")
    assert said in err


def test_every_fault_of_a_file_is_told_at_once(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    wrong = FULL.replace('"AcceptOffer"', '"Accept"').replace('"sector"', '"sektor"')
    file.write_text(wrong, encoding="utf-8")
    code, out, err = ask("loop", file)
    assert (code, out) == (2, "")
    assert "own.toml: loop.chain[1]: 'sektor'; expected one of spot, station" in err
    file.write_text(FULL.replace('"AcceptOffer"', '"AcceptOfer"'), encoding="utf-8")
    _, _, err = ask("loop", file)
    assert "own.toml: loop.steps[1].commands: 'AcceptOfer'; expected the class of a command" in err
    assert "did you mean 'AcceptOffer'" in err
