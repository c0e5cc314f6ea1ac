"""A Chromium that opens a page as a reader does: from disk, with the network off.

As a program it takes the picture that the READMEs show: ``python tests/browsing.py SUMMARY PNG``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from playwright.sync_api import sync_playwright

from practice_core.report import write_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP, PHONE = (1280, 900), (390, 844)
CANARY = "window.hits = []; window.canary = () => { window.hits.push(1); return ''; };"


@attrs.define(eq=False)
class Visit:
    """An open page, and all that should not have happened while it was open."""

    page: Page
    requests: list[str] = attrs.field(factory=list)
    complaints: list[str] = attrs.field(factory=list)
    dialogs: list[str] = attrs.field(factory=list)

    def drawn(self, lang: str, chart: str = "map_share") -> None:
        """Wait until all charts are there in a language, and the map as chosen."""
        self.page.wait_for_function(
            "said => document.documentElement.dataset.drawn === said", arg=f"{lang} {chart}"
        )

    def hits(self) -> int:
        """How often the canary was called."""
        return int(self.page.evaluate("window.hits.length"))

    def ask(self, script: str, arg: object = None) -> Any:  # noqa: ANN401 - whatever the page says
        """Evaluate in the page."""
        return self.page.evaluate(script, arg)


@contextmanager
def chromium(program: str) -> Iterator[Browser]:
    """Start the browser that is there."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: Browser, file: Path, size: tuple[int, int] = DESKTOP, *, bypass_csp: bool = False
) -> Iterator[Visit]:
    """Open a file in a browser without a network."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        offline=True,
        bypass_csp=bypass_csp,
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    try:
        page = context.new_page()
        page.add_init_script(CANARY)
        found = Visit(page)
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("console", lambda message: _console(found, message))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on("dialog", lambda dialog: _dialog(found, dialog))
        page.goto(file.as_uri())
        yield found
    finally:
        context.close()


def _console(found: Visit, message: ConsoleMessage) -> None:
    if message.type in {"error", "warning"}:
        found.complaints.append(message.text)


def _dialog(found: Visit, dialog: Dialog) -> None:
    found.dialogs.append(dialog.message)
    dialog.dismiss()


def picture(browser: Browser, report: Path, png: Path) -> None:
    """Take the picture of a report that the READMEs show: the map, with a site chosen."""
    with visit(browser, report, (1180, 900)) as found:
        found.drawn("en")
        found.page.select_option("#sites", index=4)
        found.ask("document.querySelector('#h-map').scrollIntoView()")
        png.parent.mkdir(parents=True, exist_ok=True)
        found.page.screenshot(path=png)


def main(summary: Path, png: Path) -> None:
    """Take it of a kept result."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("needs the program 'chromium' on the PATH")
    with tempfile.TemporaryDirectory() as folder, chromium(program) as browser:
        picture(browser, write_report(summary, Path(folder) / "report.html"), png)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
