"""The page in a browser: offline, without a complaint, readable by anybody, and nobody's puppet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from practice_core.report import page, result_of
from practice_core.report.result import printable
from tests.browsing import DESKTOP, PHONE, chromium, picture, visit
from tests.report_sample import injections, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.browsing import Visit

OUT = Path(__file__).resolve().parent.parent / "out" / "screenshots"
"""What the page looked like in this test run; nothing reads it but people."""
LANGS = ("en", "zh")
STRANGE = (
    "document.querySelectorAll('iframe, object, embed, base, form:not(.vega-bindings)').length"
)
SERIOUS = {"serious", "critical"}
CHARTS = {"exclude": [[".drawing svg"]]}
"""Hidden from whoever does not see them: beside each stand its words and its figures."""
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    "resultTypes": ["violations"],
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser(require: Callable[[str], str]) -> Iterator[Browser]:
    with chromium(require("chromium")) as found:
        yield found


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    return plain()


@pytest.fixture(scope="module")
def report(summary: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_bytes(page(result_of(summary)).encode())
    return file


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_bytes(page(result_of(plain(decided=False)), "zh").encode())
    return file


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same page with fewer sites: axe looks at every row of every table."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_bytes(page(result_of(plain(stations=12, spots=6))).encode())
    return file


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_bytes(page(result_of(infected())).encode())
    return file


@pytest.fixture
def read(browser: Browser, report: Path) -> Iterator[Visit]:
    with visit(browser, report) as found:
        found.drawn("en")
        yield found


def keep(found: Visit, name: str) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    found.page.screenshot(path=OUT / f"{name}.png", full_page=True)


# ---------------------------------------------------------------------------- as a reader opens it


def test_the_page_asks_nobody_for_anything_and_the_console_stays_silent(
    browser: Browser, report: Path
) -> None:
    with visit(browser, report) as found:
        found.drawn("en")
        for chart in ("map_wait", "map_load"):
            found.page.check(f"input[value={chart}]")
            found.drawn("en", chart)
        found.page.click("#switch")
        found.drawn("zh", "map_load")
        assert found.requests == [report.as_uri()]
        assert found.complaints == []


def test_a_page_that_asked_for_something_would_be_found(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text('<!doctype html><img src="https://example.org/x.png">', encoding="utf-8")
    with visit(browser, file) as found:
        found.page.wait_for_load_state()
        assert "https://example.org/x.png" in found.requests
        assert found.complaints


def test_a_script_that_the_policy_does_not_know_is_refused(
    browser: Browser, report: Path, tmp_path: Path
) -> None:
    text = report.read_text(encoding="utf-8")
    changed = tmp_path / "page.html"
    changed.write_bytes(
        text.replace('"use strict";\n(() => {', '"use strict";\n (() => {').encode()
    )
    with visit(browser, changed) as found:
        found.page.wait_for_load_state()
        assert any("Content Security Policy" in said for said in found.complaints)
        assert found.ask("document.documentElement.dataset.drawn === undefined")


def test_every_site_is_on_the_map(read: Visit, summary: dict[str, Any]) -> None:
    marks = "#map .mark-symbol path"
    drawn = read.ask(
        "marks => [...document.querySelectorAll(marks)].filter(m => m.getAttribute('d')).length",
        marks,
    )
    shapes_in_the_legend = 4
    assert len(summary["portrait"]["sites"]) == 801
    assert drawn == 801 + shapes_in_the_legend


def facts(found: Visit) -> dict[str, str]:
    """What the panel beside the map says."""
    return dict(
        found.ask(
            "() => [...document.querySelectorAll('#place [data-fact]')]"
            ".map(dd => [dd.dataset.fact, dd.textContent])"
        )
    )


def expected(site: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    none = "none"
    share = f"{100 * site['served'] / site['orders']:.1f} %" if site["orders"] else none
    wait, load = site["wait_hours"], site["load"]
    return {
        "level": site["level"],
        "chain": ", ".join(names[each] for each in site["chain"]) or none,
        "position": f"{site['lat']:.5f}, {site['lon']:.5f} (made up)",
        "teams": str(site["teams"]),
        "orders": str(site["orders"]),
        "served": str(site["served"]),
        "share": share,
        "wait": none if wait is None else f"{wait:.1f}",
        "jobs": str(site["jobs"]),
        "load": none if load is None else f"{100 * load:.1f} %",
    }


@pytest.mark.parametrize("n", [0, 5, 14, 200, 700])
def test_a_choice_in_the_list_shows_the_sites_figures(
    read: Visit, summary: dict[str, Any], n: int
) -> None:
    sites = summary["portrait"]["sites"]
    names = {site["id"]: site["name"] for site in sites}
    read.page.select_option("#sites", sites[n]["id"])
    assert read.page.inner_text("#place h3") == sites[n]["name"]
    assert facts(read) == expected(sites[n], names)
    cells = read.ask(
        "() => [...document.querySelectorAll('#place tbody td')].map(td => +td.textContent)"
    )
    assert cells == sites[n]["week"]


def test_a_click_on_a_site_shows_its_figures(read: Visit, summary: dict[str, Any]) -> None:
    sites = summary["portrait"]["sites"]
    names = {site["id"]: site["name"] for site in sites}
    # The center is drawn last, so that nothing lies over it.
    spot = read.ask(
        "() => { const all = [...document.querySelectorAll('#map .mark-symbol path')];"
        " const one = all.find(p => p.__data__ && p.__data__.datum.id === 'wj');"
        " one.scrollIntoView({block: 'center'});"
        " const box = one.getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; }"
    )
    read.page.mouse.move(*spot)
    assert read.page.inner_text("#tip b") == "center 1"
    read.page.mouse.click(*spot)
    read.page.wait_for_selector("#place h3")
    assert read.page.inner_text("#place h3") == "center 1"
    assert facts(read) == expected(sites[0], names)
    assert read.page.input_value("#sites") == "wj"


def test_the_list_is_searched_by_name_and_by_id(read: Visit) -> None:
    read.page.fill("#search", "station 17")
    assert read.page.locator("#sites option").all_inner_texts()[0] == "station 17 · station"
    read.page.fill("#search", "WJ-I003")
    assert read.page.locator("#sites option").count() == 1
    read.page.focus("#sites")
    read.page.keyboard.press("ArrowDown")
    assert read.page.inner_text("#place h3") == "institute 3"


def test_the_assumptions_are_filtered_by_basis(read: Visit, summary: dict[str, Any]) -> None:
    rows = read.page.locator("[data-basis]:visible")
    assert rows.count() == len(summary["assumptions"])
    read.page.check("input[name=basis][value=published]")
    assert rows.count() == 1
    assert read.page.inner_text("#filtered") == "1 / 6"


def test_the_language_is_switched_in_the_page_and_in_its_charts(read: Visit) -> None:
    assert "The verdict" in read.page.inner_text("main")
    assert "orders placed" in read.page.inner_text("[data-chart=hours]")
    read.page.click("#switch")
    read.drawn("zh")
    said = read.page.inner_text("body")
    assert "结论" in said
    assert "The verdict" not in said
    assert "点单数" in read.page.inner_text("[data-chart=hours]")
    assert read.ask("document.documentElement.lang") == "zh-Hans"
    assert read.page.title().startswith("吴江")
    read.page.click("#switch")
    read.drawn("en")
    assert "结论" not in read.page.inner_text("body")


def test_of_two_languages_asked_for_in_haste_the_later_one_stays(read: Visit) -> None:
    read.ask("for (let n = 0; n < 3; n += 1) document.getElementById('switch').click()")
    read.drawn("zh")
    read.page.wait_for_timeout(500)
    assert "点单数" in read.page.inner_text("[data-chart=hours]")
    assert "上午" in read.page.inner_text("[data-chart=blocks]")


def test_a_preview_says_so_at_the_top_and_opens_in_the_language_asked_for(
    browser: Browser, preview: Path
) -> None:
    with visit(browser, preview) as found:
        found.drawn("zh")
        assert "这是预览，不作结论" in found.page.inner_text("#verdict")
        assert found.complaints == []


def test_a_county_where_nothing_happened_is_drawn_without_a_complaint(
    browser: Browser, tmp_path: Path
) -> None:
    tree = plain(decided=False, stations=0, spots=0)
    nothing = {"mean": None, "half_width": None}
    tree["measures"] = {"nearest": dict.fromkeys(tree["measures"]["nearest"], nothing)}
    tree |= {"comparisons": [], "groups": {}, "assumptions": []}
    portrait = tree["portrait"]
    center = portrait["sites"][0]
    center |= {"orders": 0, "served": 0, "wait_hours": None, "teams": 0, "load": None, "jobs": 0}
    portrait |= {"policy": "nearest", "outline": None, "sites": [center], "categories": []}
    portrait |= {"hours": [0] * 168, "blocks": [0] * 21}
    portrait["points"] |= {"by_week": [0] * 4, "points": 0, "records": 0, "volunteers": 0}
    file = tmp_path / "report.html"
    file.write_bytes(page(result_of(tree)).encode())
    with visit(browser, file) as found:
        found.drawn("en")
        for chart in ("map_wait", "map_load"):
            found.page.check(f"input[value={chart}]")
            found.drawn("en", chart)
        found.page.select_option("#sites", "wj")
        assert facts(found)["share"] == "none"
        assert found.complaints == []


def test_the_picture_of_the_readmes_is_small_enough_to_be_kept(
    browser: Browser, report: Path
) -> None:
    png = OUT / "report.png"
    picture(browser, report, png)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert png.stat().st_size < 300_000


# ---------------------------------------------------------------------------- for everybody


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious_in_either_language(
    browser: Browser, short: Path, size: tuple[int, int]
) -> None:
    with visit(browser, short, size, bypass_csp=True) as found:
        for lang in LANGS:
            if lang == "zh":
                found.page.click("#switch")
            found.drawn(lang)
            found.page.select_option("#sites", "wj-i003")
            found.ask("document.querySelectorAll('details').forEach(each => { each.open = true; })")
            violations = Axe().run(found.page, CHARTS, RULES).response["violations"]
            serious = [
                (one["id"], [node["target"] for node in one["nodes"]][:3])
                for one in violations
                if one["impact"] in SERIOUS
            ]
            assert serious == []


def test_axe_would_find_an_image_without_words(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<!doctype html><img src='data:,'>", encoding="utf-8")
    with visit(browser, file) as found:
        violations = Axe().run(found.page, options=RULES).response["violations"]
        assert {"image-alt"} <= {one["id"] for one in violations if one["impact"] in SERIOUS}


@pytest.mark.parametrize("lang", LANGS)
def test_a_phone_scrolls_down_and_never_sideways(browser: Browser, report: Path, lang: str) -> None:
    with visit(browser, report, PHONE) as found:
        found.drawn("en")
        if lang == "zh":
            found.page.click("#switch")
            found.drawn("zh")
        wide = found.ask("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1] == PHONE[0]
        keep(found, f"phone-{lang}")


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_prints_on_a_few_sheets_without_its_controls(
    browser: Browser, report: Path, lang: str
) -> None:
    with visit(browser, report) as found:
        found.drawn("en")
        if lang == "zh":
            found.page.click("#switch")
            found.drawn("zh")
        keep(found, f"desktop-{lang}")
        content = found.page.pdf(format="A4", print_background=True)
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / f"print-{lang}.pdf").write_bytes(content)
        assert 6 <= content.count(b"/Type /Page\n") <= 16
        assert found.page.locator("details[open]").count() == 0
        found.page.emulate_media(media="print")
        for hidden in ("#switch", "nav", "#sites", "input[name=shown]", "summary", ".screen"):
            assert found.page.locator(f"{hidden}:visible").count() == 0, hidden
        found.page.set_viewport_size({"width": 680, "height": 960})
        cut = found.ask(
            "() => [...document.querySelectorAll('.drawing svg')]"
            ".filter(svg => svg.getBoundingClientRect().right > window.innerWidth).length"
        )
        assert cut == 0


def test_the_figures_of_what_decides_are_on_paper(read: Visit) -> None:
    read.page.emulate_media(media="print")
    read.ask("window.dispatchEvent(new Event('beforeprint'))")
    for chart in ("tipping", "served_share", "service_rm", "served_share_far"):
        shown = read.page.locator(f"table[aria-labelledby=t-{chart}-caption]:visible")
        assert shown.count() == 1, chart
    assert read.page.locator("table[aria-labelledby=t-sites-caption]:visible").count() == 0
    read.ask("window.dispatchEvent(new Event('afterprint'))")
    assert read.page.locator("details[open]").count() == 0


def test_no_site_stays_chosen_where_a_search_finds_none(read: Visit) -> None:
    read.page.select_option("#sites", "wj-i003")
    assert facts(read)
    read.page.fill("#search", "there is no such site")
    assert facts(read) == {}
    assert read.page.locator("#place h3").count() == 0


def test_a_phone_cuts_no_text_of_a_chart(browser: Browser, report: Path) -> None:
    with visit(browser, report, PHONE) as found:
        found.drawn("en")
        for chart in ("settings", "tipping"):
            cut = found.ask(
                """chart => {
                    const svg = document.querySelector(`[data-chart=${chart}] svg`);
                    const box = svg.getBoundingClientRect();
                    return [...svg.querySelectorAll("text")].filter(text => {
                        const own = text.getBoundingClientRect();
                        return own.left < box.left - 1 || own.right > box.right + 1;
                    }).map(text => text.textContent);
                }""",
                chart,
            )
            assert cut == [], chart


def test_whoever_uses_a_keyboard_gets_past_the_contents_and_past_the_map(read: Visit) -> None:
    read.page.keyboard.press("Tab")
    assert read.ask("document.activeElement.className") == "skip"
    read.page.keyboard.press("Enter")
    assert read.ask("document.activeElement.id") == "report"
    stops = read.ask(
        "() => [...document.querySelectorAll('#map-chapter *')]"
        ".filter(e => e.tabIndex >= 0 && e.offsetParent).length"
    )
    assert stops < 20


# ---------------------------------------------------------------------------- hostile names


def infected() -> dict[str, Any]:
    """Put a text that would run into every field that takes free text."""
    found = plain()
    bad = injections()
    joined = " ".join(bad)
    tree: dict[str, Any] = json.loads(json.dumps(found))
    relabelled = dict(zip(found["measures"], (bad[3], bad[15], bad[73]), strict=True))

    def label(node: Any) -> Any:  # noqa: ANN401 - a JSON node
        if isinstance(node, dict):
            return {relabelled.get(key, key): label(part) for key, part in node.items()}
        if isinstance(node, list):
            return [label(part) for part in node]
        return relabelled.get(node, node) if isinstance(node, str) else node

    for key in ("measures", "comparisons", "groups", "verdict", "settings", "tipping"):
        tree[key] = label(tree[key])
    tree["portrait"]["policy"] = label(tree["portrait"]["policy"])
    tree["area"] = joined
    tree["portrait"]["name"] = {"zh": joined, "en": joined}
    tree["verdict"]["wording"] = {"zh": joined, "en": joined}
    tree["portrait"]["points"] |= {"rules": bad[0], "source": joined}
    for n, site in enumerate(tree["portrait"]["sites"]):
        site["name"] = bad[n % len(bad)]
    ids = {
        site["id"]: f"{site['id']}{bad[n % len(bad)]}"
        for n, site in enumerate(tree["portrait"]["sites"])
    }
    for site in tree["portrait"]["sites"]:
        site["id"] = ids[site["id"]]
        site["chain"] = [ids[above] for above in site["chain"]]
    for n, tip in enumerate(tree["tipping"]):
        tip["input"] = bad[22 + n]
    tree["assumptions"] = [
        tree["assumptions"][0] | {"key": text, "source": text, "value": {text: [text, 1]}}
        for text in bad
    ]
    method = tree["method"]
    method["versions"] = {text: text for text in bad}
    method |= {"code": joined, "scenario": joined, "starts_on": joined, "city": joined}
    for policy, measures in tree["measures"].items():
        tree["measures"][policy] = measures | {bad[4]: measures["served_share"]}
    return tree


@pytest.mark.parametrize("bypass_csp", [False, True], ids=["as written", "without its policy"])
def test_no_text_of_a_hundred_runs_and_all_are_shown_as_they_are(
    browser: Browser, hostile: Path, *, bypass_csp: bool
) -> None:
    """The policy is the second wall: with it taken away the first must hold by itself."""
    texts = [printable(text) for text in injections()]
    with visit(browser, hostile, bypass_csp=bypass_csp) as found:
        found.drawn("en")
        for chart in ("map_wait", "map_share"):
            found.page.check(f"input[value={chart}]")
            found.drawn("en", chart)
        shown = found.ask(
            """async () => {
                const list = document.getElementById("sites");
                const names = [];
                for (const option of [...list.options].slice(0, 110)) {
                    list.value = option.value;
                    list.dispatchEvent(new Event("change"));
                    names.push(document.querySelector("#place h3").textContent);
                }
                return names;
            }"""
        )
        assert shown == [texts[n % len(texts)] for n in range(len(shown))]
        whole = found.ask("document.body.textContent")
        assert [text for text in texts if text not in whole] == []
        found.ask("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        found.page.click("#switch")
        found.drawn("zh")
        found.page.mouse.move(
            *found.ask(
                "() => { const box = document.querySelector("
                "'[data-chart=served_share] .mark-symbol path').getBoundingClientRect();"
                " return [box.x + 2, box.y + 2]; }"
            )
        )
        assert found.hits() == 0
        assert found.dialogs == []
        assert found.requests == [hostile.as_uri()]
        assert found.complaints == []
        assert found.ask(STRANGE) == 0


def test_most_of_these_texts_would_run_where_nobody_escapes(
    browser: Browser, tmp_path: Path
) -> None:
    fired = 0
    file = tmp_path / "page.html"
    file.write_text("", encoding="utf-8")
    with visit(browser, file) as found:
        for text in injections()[:25]:
            file.write_text(f"<!doctype html><p>{printable(text)}</p>", encoding="utf-8")
            found.page.goto(file.as_uri())
            found.page.wait_for_timeout(20)
            fired += found.hits() > 0
    assert fired >= 15
