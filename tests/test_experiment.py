"""Several policies, the same replications: what a comparison is, wherever it is computed."""

from __future__ import annotations

import json
import math
import re
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_core import dispatch
from practice_core.errors import DefinitionError, UnknownName
from practice_core.experiment import (
    PRIMARY,
    Cell,
    Comparison,
    Runner,
    caveats,
    compare,
    footnotes,
    labelled,
    markdown,
    processes,
    results_folder,
    save_log,
    tables,
    title,
)
from practice_core.experiment.cells import finished
from practice_core.simulation import KPIS, Measure, Scenario, load_scenario
from practice_core.terms import Lang, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SEED = 7
# A county thin enough that a replication takes part of a second.
THIN = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 1_500.0,
    "site_request.per_year": 500.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
}
ratios = st.tuples(st.integers(-(10**6), 10**6), st.integers(0, 10**6))


@pytest.fixture(scope="module")
def week() -> Scenario:
    return load_scenario("wujiang").with_values(THIN)


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    return []


@pytest.fixture(scope="module")
def found(week: Scenario, cells: list[Cell]) -> Comparison:
    return compare(
        week,
        ["nearest", "home_first", "nearest"],
        replications=2,
        seed=SEED,
        runner=Runner(on_cell=cells.append, keep_logs=True),
    )


def made(**series: list[tuple[int, int]]) -> Comparison:
    """A comparison of served shares written by hand: label = numerator and denominator each."""
    measures = {
        label: tuple({"served_share": Measure(n, d)} for n, d in pairs)
        for label, pairs in series.items()
    }
    return Comparison("wujiang", SEED, 8, measures)


class LastFirst(Executor):
    """An executor on which of `size` jobs the one submitted last is done first."""

    def __init__(self, size: int) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []
        self.size = size

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - the signature of Executor
        future: Future[Any] = Future()
        self.waiting.append((future, partial(fn, *args, **kwargs)))
        if len(self.waiting) == self.size:
            for pending, job in reversed(self.waiting):
                pending.set_result(job())
        return future


class Remembering(ThreadPoolExecutor):
    """Threads, and every future they were given."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.submitted: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - the signature of Executor
        self.submitted.append(super().submit(fn, *args, **kwargs))
        return self.submitted[-1]


# ------------------------------------------------------------------ labels and baseline


def test_a_policy_named_twice_is_told_apart_by_its_number() -> None:
    assert list(labelled(["nearest", "nearest", "random", "nearest"])) == [
        "nearest",
        "nearest#2",
        "random",
        "nearest#3",
    ]


def test_policies_of_ones_own_keep_their_labels() -> None:
    own = {"ours": dispatch.policy("nearest")}
    assert labelled(own) == own


def test_an_unknown_policy_is_answered_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownName, match="did you mean 'nearest'"):
        labelled(["neerest"])


@pytest.mark.parametrize("none", [[], {}])
def test_a_comparison_needs_a_policy(none: list[str] | dict[str, dispatch.Policy]) -> None:
    with pytest.raises(DefinitionError, match="at least one"):
        labelled(none)


def test_a_comparison_needs_a_replication(week: Scenario) -> None:
    with pytest.raises(DefinitionError, match="replications: 0"):
        compare(week, ["nearest"], replications=0, seed=SEED)


def test_the_baseline_is_the_status_quo_else_the_first() -> None:
    assert made(nearest=[(1, 2)], home_first=[(1, 2)]).baseline == "home_first"
    both = made(home_first=[(1, 2)], status_quo=[(1, 2)])
    assert both.baseline == "status_quo"
    assert made(random=[(1, 2)], nearest=[(1, 2)]).baseline == "random"
    assert made(random=[(1, 2)], nearest=[(1, 2)]).challengers == ("nearest",)


# ------------------------------------------------------------------ what is compared


def test_every_policy_goes_through_every_replication(found: Comparison) -> None:
    assert found.policies == ("nearest", "home_first", "nearest#2")
    assert (found.area, found.seed, found.weeks, found.replications) == ("wujiang", SEED, 1, 2)
    assert found.kpis == tuple(KPIS)


def test_the_same_policy_twice_differs_by_exactly_nothing(found: Comparison) -> None:
    assert found.measures["nearest"] == found.measures["nearest#2"]


def test_replications_differ(found: Comparison) -> None:
    first, second = found.measures["nearest"]
    assert first != second


def test_a_replication_is_the_same_however_many_follow(week: Scenario, found: Comparison) -> None:
    alone = compare(week, {"ours": dispatch.policy("nearest")}, replications=1, seed=SEED)
    assert alone.measures["ours"] == found.measures["nearest"][:1]


def test_each_cell_is_reported_once_replication_by_replication(
    found: Comparison, cells: list[Cell]
) -> None:
    assert [(cell.replication, cell.label) for cell in cells] == [
        (replication, label) for replication in range(2) for label in found.policies
    ]


def test_a_cell_carries_its_event_log_and_same_policy_same_log(
    found: Comparison, cells: list[Cell]
) -> None:
    logs = {(cell.replication, cell.label): cell.log for cell in cells}
    assert len(logs) == len(found.policies) * found.replications
    assert logs[0, "nearest"]
    assert logs[0, "nearest"] == logs[0, "nearest#2"]
    assert logs[0, "nearest"] != logs[1, "nearest"]


def test_a_cell_is_without_its_log_unless_asked(week: Scenario) -> None:
    seen: list[Cell] = []
    compare(week, ["nearest"], replications=1, seed=SEED, runner=Runner(on_cell=seen.append))
    assert [cell.log for cell in seen] == [None]


# ------------------------------------------------------------------ wherever it is computed


def test_the_result_is_the_same_on_processes_threads_and_in_any_order(week: Scenario) -> None:
    def on(executor: Executor | None, workers: int = 1) -> str:
        found = compare(
            week,
            ["nearest", "home_first"],
            replications=3,
            seed=SEED,
            runner=Runner(executor, workers),
        )
        return found.to_json()

    alone = on(None)
    # Replications that there are workers for go whole, the others policy by policy.
    assert on(LastFirst(3)) == alone
    assert on(LastFirst(2 + 2), workers=2) == alone
    assert on(LastFirst(6), workers=4) == alone
    with ThreadPoolExecutor(2) as threads:
        assert on(threads, workers=2) == alone
    with processes(2) as pool:
        assert on(pool, workers=2) == alone


def test_a_comparison_that_is_stopped_starts_no_further_job(week: Scenario) -> None:
    def stop(cell: Cell) -> None:
        raise KeyboardInterrupt(cell.replication)

    with Remembering(1) as threads, pytest.raises(KeyboardInterrupt, match="0"):
        compare(week, ["nearest"], replications=9, seed=SEED, runner=Runner(threads, on_cell=stop))
    # One was done, one may have begun meanwhile.
    assert [future.cancelled() for future in threads.submitted[2:]] == [True] * 7


def test_jobs_not_yet_begun_are_cancelled_when_one_fails() -> None:
    done: list[int] = []
    slow = partial(time.sleep, 0.05)
    later = [partial(done.append, n) for n in range(5)]
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(TypeError),
    ):
        list(finished([partial(len, 5), slow, *later], executor))  # type: ignore[arg-type] # it must fail
    assert done == []


# ------------------------------------------------------------------ as data


def test_the_mean_is_that_of_replications_never_of_pooled_orders() -> None:
    found = made(nearest=[(1, 1), (0, 9)])
    assert found.mean("nearest", "served_share").mean == 0.5


def test_the_difference_is_paired() -> None:
    found = made(home_first=[(5, 10), (8, 10)], nearest=[(6, 10), (9, 10)])
    difference = found.difference("nearest", "served_share")
    assert difference.mean == pytest.approx(0.1)
    assert difference.half_width == pytest.approx(0, abs=1e-9)


def test_the_object_has_these_keys_and_no_others() -> None:
    found = made(home_first=[(5, 10), (8, 10)], nearest=[(6, 10), (9, 10)]).to_dict()
    assert list(found) == [
        "area",
        "seed",
        "replications",
        "weeks",
        "measures",
        "comparisons",
        "groups",
    ]
    assert found["measures"]["nearest"]["served_share"] == {
        "mean": 0.75,
        "half_width": pytest.approx(12.706 * 0.15, rel=1e-3),
        "numerator": [6, 9],
        "denominator": [10, 10],
    }
    (one,) = found["comparisons"]
    assert list(one) == ["policy", "baseline", "kpi", "mean", "low", "high"]
    assert (one["policy"], one["baseline"], one["kpi"]) == ("nearest", "home_first", "served_share")
    assert one["low"] <= one["mean"] <= one["high"]


def test_there_is_a_comparison_for_every_other_policy_and_measure(found: Comparison) -> None:
    pairs = [(one["policy"], one["kpi"]) for one in found.to_dict()["comparisons"]]
    assert pairs == [(p, kpi) for p in ("nearest", "nearest#2") for kpi in found.kpis]


def test_the_json_is_the_object_in_full_precision(found: Comparison) -> None:
    assert json.loads(found.to_json()) == found.to_dict()


def test_an_empty_denominator_is_null_never_zero() -> None:
    found = made(home_first=[(0, 0), (1, 2)], nearest=[(1, 2), (1, 2)])
    read = json.loads(found.to_json())
    assert read["measures"]["home_first"]["served_share"]["mean"] == 0.5
    assert read["measures"]["home_first"]["served_share"]["half_width"] is None
    assert read["measures"]["home_first"]["served_share"]["denominator"] == [0, 2]
    assert read["comparisons"][0]["low"] is None


def test_a_number_that_is_none_is_refused_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        made(nearest=[(math.nan, 1)]).to_json()  # type: ignore[list-item] # the wrong type is the point


# ------------------------------------------------------------------ as a person reads it


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_measure_has_its_row_under_its_word(found: Comparison, lang: Lang) -> None:
    means, differences = tables(found, lang)
    names = [words()["measure"][kpi][lang] for kpi in found.kpis]
    assert means.columns[1:] == found.policies
    assert differences.columns[1:] == ("nearest", "nearest#2")
    for table in (means, differences):
        assert [row[0] for row in table.rows] == names
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_the_primary_measure_comes_first_and_stands_out() -> None:
    one, other = Measure(1, 2), Measure(1, 3)
    found = Comparison("wujiang", SEED, 8, {"nearest": ({"offers": one, PRIMARY: other},)})
    (means,) = tables(found)
    assert [row[0] for row in means.rows] == ["served share", "offers an order"]
    assert means.lead == 1
    assert "| **served share** | **0.333** |\n| offers an order | 0.500 |" in markdown(found)


def test_without_the_primary_measure_none_stands_out() -> None:
    found = Comparison("wujiang", SEED, 8, {"nearest": ({"offers": Measure(1, 2)},)})
    assert [table.lead for table in tables(found)] == [0]


@given(st.lists(ratios, min_size=1, max_size=4), st.lists(ratios, min_size=1, max_size=4))
def test_a_figure_is_its_estimate_rounded_and_zero_has_no_minus(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    least = min(len(one), len(other))
    found = made(nearest=one[:least], random=other[:least])
    means, differences = tables(found)
    shown = [
        (means.rows[0][1], found.mean("nearest", "served_share")),
        (means.rows[0][2], found.mean("random", "served_share")),
        (differences.rows[0][1], found.difference("random", "served_share")),
    ]
    for cell, estimate in shown:
        figures = re.findall(r"[-+]?[0-9]+(?:\.[0-9]+)?", cell)
        known = [x for x in (estimate.mean, estimate.half_width) if x is not None]
        assert len(figures) == len(known)
        assert ("*" in cell) == (estimate.left_out > 0 and estimate.used > 0)
        for figure, exact in zip(figures, known, strict=True):
            unit = 10.0 ** -len(figure.partition(".")[2])
            assert abs(float(figure) - exact) <= unit * (0.5 + 1e-6)
            assert float(figure) != 0 or not figure.startswith("-")


def test_a_row_is_rounded_to_two_digits_of_its_widest_interval() -> None:
    found = made(
        home_first=[(9000, 10000), (9010, 10000), (9020, 10000)],
        nearest=[(9150, 10000), (9160, 10000), (9170, 10000)],
    )
    means, differences = tables(found)
    assert means.rows[0][1:] == ("0.9010 ± 0.0025", "0.9160 ± 0.0025")
    assert differences.rows[0][1] == "+0.015 ± 0.000"


def test_a_wide_interval_leaves_no_decimals() -> None:
    means, *_ = tables(made(home_first=[(100, 1), (200, 1), (300, 1)]))
    assert means.rows[0][1] == "200 ± 248"


def test_a_small_difference_with_a_narrow_interval_is_not_shown_as_nothing() -> None:
    found = made(home_first=[(10_000, 10**6)] * 2, nearest=[(10_021, 10**6), (10_022, 10**6)])
    _, differences = tables(found)
    assert differences.rows[0][1] == "+0.00002 ± 0.00001"


def test_a_missing_figure_is_a_dash_and_a_replication_left_out_a_star() -> None:
    found = made(home_first=[(0, 0), (0, 0)], nearest=[(0, 0), (1, 2)])
    means, differences = tables(found)
    assert means.rows[0][1:] == ("-", "0.500*")
    assert differences.rows[0][1:] == ("-",)


def test_what_a_star_and_a_dash_mean_is_said_if_there_is_one() -> None:
    def said(found: Comparison) -> list[str]:
        return [footnote.split(":")[0] for footnote in footnotes(found)]

    assert said(made(nearest=[(1, 2)])) == []
    assert said(made(nearest=[(0, 0)])) == ["A dash"]
    assert said(made(nearest=[(0, 0), (1, 2)])) == ["A star"]
    both = made(home_first=[(0, 0), (0, 0)], nearest=[(0, 0), (1, 2)])
    assert said(both) == ["A star", "A dash"]
    assert markdown(both).endswith("\n\n".join(footnotes(both)) + "\n")


def test_a_single_policy_has_no_differences() -> None:
    assert len(tables(made(nearest=[(1, 2), (1, 3)]))) == 1


def test_no_table_without_its_caveats() -> None:
    found = made(home_first=[(1, 2)], nearest=[(1, 2)])
    written = markdown(found)
    for caveat in ("preview", "does not know", "calibrated", "unadjusted", "home_first"):
        assert caveat in written
    assert written.startswith(f"# {title(found)}\n\n" + "\n\n".join(caveats()))


def test_the_caveats_are_in_chinese_too() -> None:
    written = markdown(made(home_first=[(1, 2)], nearest=[(1, 2)]), "zh")
    for caveat in ("预览", "取决于哪一个假设", "校准", "假设", "未作多重比较校正"):
        assert caveat in written


# ------------------------------------------------------------------ the results folder


def test_a_results_folder_appears_whole(tmp_path: Path) -> None:
    out = tmp_path / "new" / "results"
    with results_folder(out) as folder:
        save_log(folder, Cell("nearest#2", 3, 8, {}, log=b"log"))
        save_log(folder, Cell("nearest", 3, 8, {}))
        (folder / "summary.json").write_text("{}")
        assert not out.exists()
    assert [p.name for p in out.rglob("*.log")] == ["nearest#2-3.log"]
    assert [p.name for p in tmp_path.iterdir()] == ["new"]


def test_a_failed_run_leaves_nothing_and_touches_nothing(tmp_path: Path) -> None:
    out = tmp_path / "results"

    def keep(text: str, error: type[BaseException] | None = None) -> None:
        with results_folder(out) as folder:
            (folder / "summary.json").write_text(text)
            if error is not None:
                raise error

    keep("old")
    with pytest.raises(KeyboardInterrupt):
        keep("new", KeyboardInterrupt)
    assert (out / "summary.json").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["results"]


def test_an_earlier_result_is_replaced_whole(tmp_path: Path) -> None:
    for label in ("nearest", "random"):
        with results_folder(tmp_path / "results") as folder:
            save_log(folder, Cell(label, 0, 8, {}, log=b"log"))
            (folder / "summary.json").write_text(label)
    assert [p.name for p in tmp_path.rglob("*.log")] == ["random-0.log"]
    assert (tmp_path / "results" / "summary.json").read_text() == "random"


@pytest.mark.parametrize("name", ["thesis.txt", "logs/notes.txt", "logs/a.log/thesis.txt"])
def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "summary.json").write_text("{}")
    (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
    (tmp_path / name).write_text("years of work")
    with pytest.raises(DefinitionError, match="name another folder"), results_folder(tmp_path):
        pytest.fail("the block must not begin")
    assert (tmp_path / name).read_text() == "years of work"


@pytest.mark.parametrize("name", ["logs/server.log", "summary.json/thesis.txt", "logs"])
def test_logs_without_a_summary_are_somebody_elses(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("years of work")
    with pytest.raises(DefinitionError, match="holds"), results_folder(tmp_path):
        pytest.fail("the block must not begin")
    assert (tmp_path / name).read_text() == "years of work"


def test_a_place_that_cannot_be_written_to_is_a_fault_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DefinitionError, match="Not a directory; expected a new"),
        results_folder(tmp_path / "file" / "results"),
    ):
        pytest.fail("the block must not begin")


def test_a_file_is_not_a_results_folder(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("years of work")
    with (
        pytest.raises(DefinitionError, match="results: a file"),
        results_folder(tmp_path / "results"),
    ):
        pytest.fail("the block must not begin")
