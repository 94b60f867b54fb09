"""Takes the pictures ``docs/report.jpg`` and ``docs/report-failures.jpg``: ``python docs/report.py RUN``.

``RUN`` is the folder of a run of ``engram eval``. Needs playwright and a Chromium.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import tyro
from playwright.sync_api import sync_playwright

from engram.evaluation.contract import RunFolder
from engram.evaluation.run_report import write

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FOLDER = Path(__file__).parent
JPEG_QUALITY = 82


@dataclass(frozen=True)
class Options:
    """What to show."""

    run: tyro.conf.Positional[Path]
    """Folder of a run."""
    dark: bool = False
    """In dark colours."""


def main(options: Options) -> None:
    """Make the report of the run anew, look at it and take the pictures."""
    folder = RunFolder(options.run)
    write(folder)
    with sync_playwright() as driver:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = driver.chromium.launch(executable_path=path, args=flags)
        size = {"width": 1280, "height": 1000}
        page = browser.new_page(viewport=size, color_scheme="dark" if options.dark else "light")
        page.goto(folder.page.resolve().as_uri())
        page.screenshot(path=FOLDER / "report.jpg", quality=JPEG_QUALITY)
        page.evaluate("document.getElementById('failures').scrollIntoView()")
        page.screenshot(path=FOLDER / "report-failures.jpg", quality=JPEG_QUALITY)
        browser.close()


if __name__ == "__main__":
    main(tyro.cli(Options))
