"""Wherever cells are computed: processes here, or the workers of a Dask scheduler."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from practice_core.cli import main
from practice_core.errors import DefinitionError
from practice_core.experiment import Runner, compare, cores, dask, processes
from practice_core.simulation import Scenario, load_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor
    from pathlib import Path

THIN = {
    "horizon.weeks": 1,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 800.0,
    "site_request.per_year": 200.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
}
SCHEDULER = """
import asyncio, sys
from distributed import Scheduler

async def main():
    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        print(scheduler.address, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""
WORKER = """
import asyncio, sys
from distributed import Worker

async def main():
    async with Worker(sys.argv[1], nthreads=1, dashboard=False, host="127.0.0.1"):
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def week() -> Scenario:
    return load_scenario("wujiang").with_values(THIN)


@contextmanager
def running(program: str, *arguments: str) -> Iterator[str]:
    """Run a program until the block is left; give the first line it says."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A scheduler and two workers, each a process of its own on the loopback."""
    with running(SCHEDULER) as address, running(WORKER, address), running(WORKER, address):
        yield address.replace("tcp://", "dask://")


@pytest.fixture
def idle() -> Iterator[str]:
    with running(SCHEDULER) as address:
        yield address.replace("tcp://", "dask://")


def compared(week: Scenario, executor: Executor | None, workers: int) -> str:
    runner = Runner(executor, workers)
    return compare(week, ["nearest", "random"], replications=3, seed=7, runner=runner).to_json()


def test_a_scheduler_and_two_workers_give_the_same_bytes(week: Scenario, scheduler: str) -> None:
    alone = compared(week, None, 1)
    with dask(scheduler) as executor:
        assert compared(week, executor, 2) == alone
        assert compared(week, executor, 4) == alone


def test_the_command_line_uses_a_scheduler(
    scheduler: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sections: dict[str, list[str]] = {}
    for key, value in THIN.items():
        section, _, name = key.partition(".")
        basis = f'{name} = {{ value = {value}, basis = "derived", arithmetic = "thin" }}'
        sections.setdefault(section, []).append(basis)
    thin = tmp_path / "thin.toml"
    thin.write_text("\n".join("\n".join([f"[{name}]", *sections[name]]) for name in sections))
    asked = ["compare", "wujiang", "--policies", "nearest", "--weeks", "1", "--replications", "2"]
    asked += ["--assume", str(thin), "--json"]
    assert main([*asked, "--workers", "1"]) == 0
    alone = capsys.readouterr().out
    assert main([*asked, "--executor", scheduler]) == 0
    assert capsys.readouterr().out == alone


def test_workers_of_another_version_are_refused(
    scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A number that is another in every process.
    monkeypatch.setattr("practice_core.experiment.executors.code_version", os.getpid)
    with pytest.raises(DefinitionError, match="another version"), dask(scheduler):
        pytest.fail("the block must not begin")


def test_a_scheduler_without_workers_is_refused(idle: str) -> None:
    with pytest.raises(DefinitionError, match="without workers"), dask(idle):
        pytest.fail("the block must not begin")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:8786",
        "dask://",
        "dask://host",
        "dask://host:port",
        "dask://a b:1",
        "tcp://h:1",
        "",
    ],
)
def test_what_is_not_an_address_is_refused(address: str) -> None:
    with pytest.raises(DefinitionError, match="dask://HOST:PORT"), dask(address):
        pytest.fail("the block must not begin")


def test_a_place_where_nobody_answers_is_refused_within_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("practice_core.experiment.executors._SECONDS", 1)
    began = time.monotonic()
    with pytest.raises(DefinitionError, match="no answer"), dask("dask://127.0.0.1:9"):
        pytest.fail("the block must not begin")
    assert time.monotonic() - began < 20


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DefinitionError, match=r"practice-core\[dask\]"), dask("dask://h:1"):
        pytest.fail("the block must not begin")


def test_one_worker_is_the_callers_own_process() -> None:
    with processes(1) as executor:
        assert executor is None


def test_there_is_at_least_one_core() -> None:
    assert cores() >= 1


def test_workers_end_at_once_when_the_block_is_left_by_an_interrupt() -> None:
    def interrupted() -> None:
        with processes(2) as pool:
            assert pool is not None
            pool.submit(time.sleep, 60)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < 30
