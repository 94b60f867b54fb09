"""The house of boxes of the agents' tests, with the ground truth that evaluation reads."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from engram.evaluation.tidy import TidyTask
from engram.memory.mapping.planar import between, inverse, matrix
from engram.sims.contract import TrueObject


def _boxes() -> ModuleType:
    path = Path(__file__).parents[1] / "agents" / "conftest.py"
    spec = importlib.util.spec_from_file_location("house_of_boxes", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


BOXES = _boxes()
MESS = ("Mug", "Pillow", "Pan")


class BoxTruth:
    """Ground truth of a box world; an id is the label."""

    def __init__(self, world) -> None:
        self._world = world

    def objects(self) -> list[TrueObject]:
        return [self._object(b) for b in self._things()]

    def instances(self) -> np.ndarray:
        order = {id(b): k for k, b in enumerate(self._things())}
        number = [order.get(id(b), -1) for b in self._world.boxes]
        return np.array([*number, -1], np.int32)[self._world.numbers]

    def displaced(self) -> list[str]:
        return list(MESS)

    def original(self) -> list[TrueObject]:
        home = {"Mug": "CounterTop", "Pillow": "Bed", "Pan": "CounterTop"}
        return [replace(o, receptacles=(home[o.id],)) if o.id in home else o for o in self.objects()]

    def _things(self):
        return sorted((b for b in self._world.boxes if b.label), key=lambda b: b.label)

    def _object(self, b) -> TrueObject:
        centre, held = (b.lo + b.hi) / 2, b is self._world.held
        holder = "Floor" if held or not b.movable else self._world.under(b.label)
        room = "Bedroom_1" if centre[0] < 2.5 else "Kitchen_1"
        return TrueObject(
            b.label, b.label, tuple(map(float, centre)), tuple(map(float, b.hi - b.lo)),
            () if holder == "Floor" else (holder,), room, b.movable, b.holds, False,
            {"held": held} if b.movable else {},
        )  # fmt: skip


class JudgedBoxWorld(BOXES.BoxWorld):
    """A box world that evaluation can judge."""

    @property
    def truth(self):
        return BoxTruth(self)


class Elsewhere(JudgedBoxWorld):
    """The same house; the robot starts at another place and takes that for the origin of its map."""

    start = np.array([3.5, 0.25, np.pi / 2])

    def _begin(self, seed, options):
        info = super()._begin(seed, options)
        self.i, self.j, self.h = 14, 1, 1
        return info

    def _sense(self):
        frame = super()._sense()
        back = matrix(inverse(self.start))
        return replace(frame, map_T_camera=back @ frame.map_T_camera, base=between(self.start, frame.base))


def one_hall():
    """Another house: a long hall with a closet."""
    wall, top, box = 0.1, 2.6, BOXES.box
    return [
        box("", (0, 3, -0.05), (3, 9, 0.1)),
        box("", (0, 3, top + 0.05), (3, 9, 0.1)),
        box("", (-1.5, 3, top / 2), (wall, 9, top)),
        box("", (1.5, 3, top / 2), (wall, 9, top)),
        box("", (0, -1.5, top / 2), (3, wall, top)),
        box("", (0, 7.5, top / 2), (3, wall, top)),
        box("", (0.9, 5, top / 2), (1.2, wall, top)),
        box("Sofa", (-1.0, 2, 0.4), (0.8, 2.0, 0.8), holds=True),
        box("CounterTop", (1.1, 2.0, 0.45), (0.6, 1.6, 0.9), holds=True),
        box("Bed", (-0.9, 6.6, 0.25), (1.0, 1.6, 0.5), holds=True),
        box("Mug", (1.0, 2.0, 0.95), (0.09, 0.09, 0.1), movable=True),
        box("Pillow", (-0.9, 6.6, 0.58), (0.45, 0.35, 0.16), movable=True),
        box("Pan", (1.0, 1.5, 0.93), (0.28, 0.2, 0.06), movable=True),
    ]


@pytest.fixture(scope="session")
def from_elsewhere():
    return lambda task: Elsewhere(task.width)


@pytest.fixture(scope="session")
def another_house():
    return lambda task: JudgedBoxWorld(task.width, one_hall())


def make_boxes(task: TidyTask) -> JudgedBoxWorld:
    return JudgedBoxWorld(task.width)


@pytest.fixture
def box_task() -> TidyTask:
    return TidyTask(seed=7, mess=3, perception="oracle", width=96, height=96, max_steps=1000)


@pytest.fixture(scope="session")
def make_world():
    return make_boxes


TOYS = Path(__file__).parent / "toys"


@pytest.fixture
def toy_on_path(monkeypatch) -> Path:
    """Folder of ``toy_protocol``, which can be imported here and in processes that are started."""
    monkeypatch.syspath_prepend(TOYS)
    return TOYS


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium; tests that ask for it are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install 'engram[dev]')")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as driver:
        # Root has no namespaces of its own to put a sandbox into.
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = driver.chromium.launch(executable_path=path, args=flags)
        yield running
        running.close()


@pytest.fixture(params=[(1280, 800, "light"), (1280, 800, "dark"), (390, 844, "light")], ids=["wide", "dark", "phone"])
def blank(request, browser):
    """An empty page that notes what is said on the console (``said``) and what is asked of the network (``asked``)."""
    width, height, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    shown = context.new_page()
    shown.said, shown.asked = [], []
    shown.on("console", lambda message: shown.said.append(message.text))
    shown.on("pageerror", lambda error: shown.said.append(str(error)))
    shown.on("dialog", lambda dialog: shown.said.append(dialog.message))
    shown.on("request", lambda request: shown.asked.append(request.url))
    yield shown
    context.close()
