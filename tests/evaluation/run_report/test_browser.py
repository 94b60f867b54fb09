"""The page in a browser: it fits, says nothing on the console, asks nobody, sorts, filters and leads to episodes."""

from __future__ import annotations

import pytest

from engram.evaluation.run_report import write

# What sticks out: of the window, or of a box that is not meant to scroll.
OVERFLOWING = """() => {
  const wide = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
  const scrolls = ".scroll, .timeline-scroll, nav, .panel:has(> table)";
  const shown = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest("svg"));
  const out = shown.filter((e) => !e.closest(scrolls) && e.getBoundingClientRect().right > innerWidth + 1);
  const cut = shown.filter((e) => !e.closest(scrolls) && e.matches(".panel, .card, .tile, .row, figure")
    && e.scrollWidth > e.clientWidth + 1);
  return [...wide, ...out.map((e) => "out " + e.outerHTML), ...cut.map((e) => "cut " + e.outerHTML)];
}"""
SHOWN = "els => els.filter(e => !e.hidden).map(e => e.innerText.split(/\\s+/).slice(0, 2).join(' '))"


@pytest.fixture(scope="module")
def address(toys):
    write(toys)
    return toys.page.as_uri()


@pytest.fixture
def page(blank, address):
    blank.goto(address)
    return blank


def rows(page):
    return page.eval_on_selector_all("table.list tbody tr", SHOWN)


def test_nothing_sticks_out_complains_or_asks_anybody(page, address):
    page.eval_on_selector_all("details", "all => all.forEach(d => { d.open = true })")
    assert page.evaluate(OVERFLOWING) == []
    for number in (0, 5):  # with a trace, and crashed
        page.goto(f"{address}#run-{number}")
        assert page.evaluate(OVERFLOWING) == []
    assert page.screenshot(full_page=True)[:4] == b"\x89PNG"
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


def test_episodes_are_sorted_and_filtered(page):
    assert rows(page)[:3] == ["700000 base", "700000 double", "700001 base"]
    page.click("th:has-text('path')")
    page.click("th:has-text('path')")
    assert rows(page)[:2] == ["700005 base", "700005 double"]
    assert rows(page)[-1] == "700002 double"  # crashed: it has none
    page.select_option("select[name=only]", "crashed")
    assert rows(page) == ["700002 double"]
    page.select_option("select[name=only]", "")
    page.select_option("select[name=variant]", "base")
    page.fill("input[name=text]", "no space")
    assert sorted(rows(page)) == ["700000 base", "700003 base"]
    assert page.inner_text(".filter output") == "2 of 12"


def test_links_lead_to_an_episode_and_back(page):
    page.click("table.list a:has-text('700003') >> nth=0")
    assert page.is_visible("h1:has-text('Episode 700003')")
    assert not page.is_visible("#figures")
    assert page.evaluate("scrollY") == 0
    assert page.is_visible("#run-6 svg.timeline")
    page.click("#run-6 >> text=next")
    assert page.is_visible("#run-7 h1")
    page.click("#run-7 >> text=All episodes")
    assert page.is_visible("#figures")


def test_all_is_there_without_scripts(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator("table.list tbody tr").count() == 12
    assert not page.is_visible(".filter")
    page.click("table.list a >> nth=0")
    assert page.is_visible("h1:has-text('Episode 700000')")
    assert not page.is_visible("#figures")
    context.close()
