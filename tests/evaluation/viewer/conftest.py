"""A small memory: a mug that is seen, carried and put down, in a room with a table."""

from __future__ import annotations

import http.client
import json
import threading

import numpy as np
import pytest

from engram.evaluation.viewer.api import View
from engram.evaluation.viewer.server import ViewServer
from engram.evaluation.viewer.sources import Source
from engram.memory.contract import Percepts, Seen
from engram.memory.contract import Source as Provenance
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores

TOKEN = "0123456789abcdefTOKEN"  # noqa: S105 (of a server that lives for a test)
SECOND = 1_000_000_000
STEPS = 12
TABLE = Seen("CoffeeTable", 0.95, (2.0, 0.0, 0.4), (1.0, 0.6, 0.8), "Floor")
SHELF = Seen("Shelf", 0.95, (0.0, 2.0, 0.5), (0.8, 0.3, 1.0), "Floor")


def mug(x: float, y: float, z: float, on: str = "", held: bool = False) -> Seen:
    return Seen("Mug", 0.9, (x, y, z), (0.1, 0.1, 0.12), on, held=held)


def percepts(step: int) -> Percepts:
    """Steps 0 to 3: the mug is on the table; 4 to 7: in the hand; from 8: on the shelf."""
    action: dict[str, str] = {"verb": "move_ahead", "outcome": "ok"} if step else {}
    if step < 4:
        things, text = [TABLE, mug(2.0, 0.0, 0.86, "CoffeeTable")], "Moved ahead." if step else "Began."
    elif step < 8:
        things, text = [TABLE, SHELF, mug(0.5, 0.5, 1.0, held=True)], "Moved ahead."
    else:
        things, text = [SHELF, mug(0.0, 2.0, 1.06, "Shelf")], "Moved ahead."
    if step == 4:
        action, text = {"verb": "pick", "target": "Mug", "outcome": "ok"}, "Picked up Mug."
    if step == 8:
        action, text = {"verb": "place", "target": "Shelf", "held": "Mug", "outcome": "ok"}, "Put Mug on Shelf."
    wall = np.stack(np.meshgrid(np.linspace(-1, 3, 60), np.array([3.0]), np.linspace(0, 1.5, 20)), -1).reshape(-1, 3)
    last = step == STEPS - 1
    return Percepts(
        Provenance("robi", "tidy-7", step, (step + 1) * SECOND), summary=text, things=things,
        points=wall.astype(np.float32), camera_m=(0.25 * step, 1.0, 1.5), base=(0.25 * step, 1.0, 0.0),
        room="Kitchen", action=action, task="tidy the house", outcome="success" if last else "",
    )  # fmt: skip


@pytest.fixture(scope="session")
def memory(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("view") / "robi.engram"
    with Hippocampus(path, default_stores(), HippocampusConfig("robi", deadline_secs=60.0)) as opened:
        for step in range(STEPS):
            opened.write(percepts(step))
    return str(path)


@pytest.fixture
def view(memory):
    with View(Source(memory)) as opened:
        yield opened


@pytest.fixture
def server(view):
    with ViewServer(view, token=TOKEN) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join(5)


@pytest.fixture
def fetch(server):
    """Make a request with the given headers; the cookie and the right Host are there unless they are replaced."""

    def ask(path: str, method: str = "GET", **headers: str | None):
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        sent = {"Host": f"127.0.0.1:{server.port}", "Cookie": f"{server.cookie}={TOKEN}", **headers}
        line.putrequest(method, path, skip_host=True)
        for name, value in sent.items():
            if value is not None:
                line.putheader(name, value)
        line.endheaders()
        answer = line.getresponse()
        body = answer.read()
        line.close()
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return answer.status, json.loads(body) if is_json else body, dict(answer.headers)

    return ask
