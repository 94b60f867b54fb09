"""Takes the pictures ``docs/viewer.jpg`` and ``docs/viewer-graph.jpg``: ``python docs/viewer.py RUN``.

``RUN`` is the folder of a run with its memory and trace, or what else ``engram view`` takes. Needs playwright and a
Chromium.
"""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import tyro
from playwright.sync_api import Page, expect, sync_playwright

from engram.evaluation.viewer.api import View
from engram.evaluation.viewer.server import ViewServer
from engram.evaluation.viewer.sources import find_source

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FOLDER = Path(__file__).parent
JPEG_QUALITY = 82


@dataclass(frozen=True)
class Options:
    """What to show."""

    run: tyro.conf.Positional[str]
    """Memory file, trace or folder of a run."""
    step: int | None = None
    """Step to look at; the last by default."""
    question: str = "Where is the apple?"
    """What to ask."""
    node: str = ""
    """Node of the knowledge graph to show; that of the first answer by default."""
    dark: bool = False
    """In dark colours."""


def main(options: Options) -> None:
    """Serve the run, look at it and take the pictures."""
    with View(find_source(options.run)) as view, ViewServer(view) as server, sync_playwright() as driver:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = driver.chromium.launch(executable_path=path, args=flags)
        size = {"width": 1280, "height": 800}
        page = browser.new_page(viewport=size, color_scheme="dark" if options.dark else "light")
        page.goto(server.url)
        page.wait_for_selector("#panel .row")
        show_map(page, options)
        page.screenshot(path=FOLDER / "viewer.jpg", quality=JPEG_QUALITY)
        show_graph(page, options)
        page.screenshot(path=FOLDER / "viewer-graph.jpg", quality=JPEG_QUALITY)
        browser.close()
        server.shutdown()


def show_map(page: Page, options: Options) -> None:
    """Bring the page to the step, with the answers to the question."""
    if options.step is not None:
        moved = (
            "(n) => { const s = document.getElementById('scrub'); s.value = n; s.dispatchEvent(new Event('input')); }"
        )
        page.evaluate(moved, options.step)
    settle(page)
    page.fill("#text", options.question)
    page.press("#text", "Enter")
    page.wait_for_selector(".answer")
    settle(page)


def show_graph(page: Page, options: Options) -> None:
    """Show the knowledge graph around a node, and its facts."""
    page.click("button[data-scene=graph]")
    if options.node:
        page.fill("#node", options.node)
        page.dispatch_event("#node", "change")
    page.click("button[data-panel=facts]")
    settle(page)


def settle(page: Page) -> None:
    """Wait until nothing is under way."""
    page.wait_for_timeout(600)
    expect(page.locator("#busy")).to_be_hidden(timeout=60_000)
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)


if __name__ == "__main__":
    main(tyro.cli(Options))
