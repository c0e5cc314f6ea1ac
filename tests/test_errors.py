"""What goes wrong is told as data, survives a process boundary, and is a built-in error too."""

from __future__ import annotations

import inspect
import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core import errors
from practice_core.errors import (
    DefinitionError,
    Fault,
    ImpossibleEvent,
    OperationError,
    PracticeError,
    UnknownName,
    UnlawfulCommand,
)

texts = st.text(max_size=12)
faults = st.builds(Fault, texts, texts, texts, texts)
raised = (
    st.builds(DefinitionError, texts, st.lists(faults, max_size=3))
    | st.builds(UnknownName, texts, texts, st.lists(texts, max_size=30))
    | st.builds(ImpossibleEvent, texts, texts, texts)
    | st.builds(OperationError, texts)
    | st.builds(UnlawfulCommand, texts, texts, texts)
)


@given(raised)
def test_an_error_comes_back_whole_from_another_process(error: PracticeError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled on this line
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@given(raised)
def test_every_error_is_also_a_built_in_one(error: PracticeError) -> None:
    assert isinstance(error, (ValueError, LookupError, RuntimeError))


def test_every_class_of_errors_is_public_and_tested_here() -> None:
    found = {
        name
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, PracticeError)
    }
    assert found == {name for name in errors.__all__ if name[0].isupper()} - {"Fault"}
    assert found <= set(globals())


@given(st.lists(faults, max_size=3))
def test_a_definition_error_says_and_counts_every_fault(given: list[Fault]) -> None:
    error = DefinitionError("sites.csv", given)
    assert error.faults == tuple(given)
    assert all(str(fault) in str(error) for fault in given)
    assert f"{len(given)} fault" in str(error)
    assert ("faults" in str(error).partition("\n")[0]) == (len(given) != 1)


def test_the_names_are_listed_if_a_person_would_read_them() -> None:
    error = UnknownName("policy", "neerest", ["random", "nearest"])
    assert str(error) == (
        "no policy named 'neerest'; did you mean 'nearest'? known: nearest, random"
    )


def test_nothing_is_guessed_where_nothing_is_near() -> None:
    assert str(UnknownName("area", "xyz", [])) == "no area named 'xyz'; known: "
    assert "did you mean" not in str(UnknownName("area", "xyz", ["wujiang"]))


def test_a_hundred_thousand_names_are_counted_and_the_nearest_few_offered() -> None:
    known = [f"site-{n:06}" for n in range(100_000)]
    error = UnknownName("site", "site-005017x", known)
    assert error.known == tuple(known)
    assert "did you mean 'site-005017', " in str(error)
    assert str(error).endswith("? 100000 are known")
    assert len(str(error)) < 120


@pytest.mark.parametrize("length", [20, 21])
def test_up_to_twenty_names_are_listed(length: int) -> None:
    error = UnknownName("area", "xyz", [f"a{n}" for n in range(length)])
    assert ("a19" in str(error)) == (length == 20)


def test_an_impossible_event_names_lifecycle_state_and_event() -> None:
    error = ImpossibleEvent("order", "closed", "OfferMade")
    assert (error.lifecycle, error.state, error.event) == ("order", "closed", "OfferMade")
    assert str(error) == "order: no edge for OfferMade in state closed"


@given(texts, st.builds(Fault, texts, texts, texts, texts))
def test_no_message_holds_what_a_terminal_would_obey(subject: str, fault: Fault) -> None:
    said = [str(DefinitionError(subject, [fault])), str(UnknownName("key", subject, [subject]))]
    for line in "\n".join(said).split("\n"):
        assert all(sign.isprintable() or unicodedata.category(sign) == "Zs" for sign in line)
    assert str(DefinitionError(subject, [fault])).count("\n") == 1


def test_what_can_be_seen_is_said_as_it_is() -> None:
    fault = Fault("清水\u3000县", "\x1b[31m\n\u202e\udcff", "\xa0", "é")
    assert str(fault) == "清水\u3000县: \\x1b[31m\\n\\u202e\\udcff; expected \xa0; é"


def test_a_message_counts_the_faults_that_it_does_not_list() -> None:
    listed = Fault("a.csv:2", "x", "y", "mend it")
    rest = Fault("a.csv", "33 more faults", "", "mend these first", 33)
    said = str(DefinitionError("a.csv", [listed, rest])).splitlines()
    assert said[0] == "a.csv: 34 faults"
    assert said[2] == "  a.csv: 33 more faults; mend these first"
