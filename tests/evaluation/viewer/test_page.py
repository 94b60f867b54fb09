"""The page in a browser: it fits, says nothing on the console, asks nobody else, and answers."""

from __future__ import annotations

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install 'engram[dev]')")
SCRUB = "(n) => { const s = document.getElementById('scrub'); s.value = n; s.dispatchEvent(new Event('input')); }"
# What sticks out: of the window, or of a box that does not scroll and does not mean to cut.
OVERFLOWING = """() => {
  const wide = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
  const out = [...document.querySelectorAll("body *")].filter((e) => {
    if (e.closest("svg, [hidden], .clip, .tabs") || !e.checkVisibility()) return false;
    const box = e.getBoundingClientRect();
    return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
  });
  const cut = [...document.querySelectorAll(".panel, .row, .tools, header, #time, td")].filter((e) =>
    e.checkVisibility() && e.scrollWidth > e.clientWidth + 1);
  const tall = innerWidth > 860 && document.documentElement.scrollHeight > innerHeight ? ["the page is too high"] : [];
  return [...wide, ...tall, ...out.map((e) => "out " + e.outerHTML), ...cut.map((e) => "cut " + e.outerHTML)];
}"""


@pytest.fixture
def page(blank, server):
    blank.goto(server.url)
    blank.wait_for_selector("#panel .row")
    return blank


def settled(page):
    page.wait_for_load_state("networkidle")
    sync_api.expect(page.locator("#busy")).to_be_hidden()


def scrub(page, index):
    page.evaluate(SCRUB, index)
    sync_api.expect(page.locator("#now")).to_contain_text(f"step {index} of 11")


def test_nothing_sticks_out_complains_or_calls_home(page, server):
    for scene in ("map", "graph"):
        page.click(f"button[data-scene={scene}]")
        for panel in ("answers", "objects", "facts", "memories", "step", "health"):
            page.click(f"button[data-panel={panel}]")
            settled(page)
            assert page.evaluate(OVERFLOWING) == [], (scene, panel)
    assert page.said == []
    assert {url.split("/", 3)[2] for url in page.asked if not url.startswith("data:")} == {f"127.0.0.1:{server.port}"}
    assert "token" not in page.url


def test_a_question_is_answered_for_the_chosen_step_and_an_answer_leads_there(page):
    first = page.locator(".answer").first
    scrub(page, 2)
    page.fill("#text", "Where is the mug?")
    page.press("#text", "Enter")
    sync_api.expect(first).to_contain_text("1. Mug_1 on CoffeeTable_1")
    sync_api.expect(page.locator("#panel")).to_contain_text("as of step 2")
    assert page.evaluate(OVERFLOWING) == []
    scrub(page, 11)
    page.press("#text", "Enter")
    sync_api.expect(first).to_contain_text("1. Mug_1 on Shelf_1")
    page.fill("#text", "where was the mug at 3 s?")
    page.press("#text", "Enter")
    sync_api.expect(first).to_contain_text("1. Mug_1 on CoffeeTable_1")
    first.click()
    sync_api.expect(page.locator("#now")).to_contain_text("step 0 of 11")
    assert page.said == []


def test_what_a_memory_says_is_never_markup(browser, tmp_path):
    import threading

    from engram.evaluation.viewer.api import View
    from engram.evaluation.viewer.server import ViewServer
    from engram.evaluation.viewer.sources import Source
    from engram.memory.contract import Percepts, Seen
    from engram.memory.contract import Source as Provenance
    from engram.memory.hippocampus import Hippocampus
    from engram.memory.stores import default_stores

    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    things = [Seen(evil, 0.9, (1.0, 0.0, 0.5), (0.1, 0.1, 0.1), "Floor")]
    with Hippocampus(tmp_path / "m", default_stores()) as memory:
        memory.write(Percepts(Provenance("r", evil, 0, 10**9), summary=evil, things=things, base=(0.0, 0.0, 0.0)))
    with View(Source(str(tmp_path / "m"))) as view, ViewServer(view) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        page = browser.new_page()
        said = []
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("console", lambda message: said.append(message.text))
        page.goto(server.url)
        page.wait_for_selector("#panel .row")
        page.click("button[data-scene=graph]")
        for panel in ("objects", "facts", "memories", "step"):
            page.click(f"button[data-panel={panel}]")
            settled(page)
            assert "<img src=x" in page.inner_text("#panel")
        assert page.query_selector_all("#panel img, #panel script") == []
        assert said == []
        page.close()
        server.shutdown()
        thread.join(5)
