from __future__ import annotations

import json
from importlib.metadata import EntryPoint

import pytest

from engram.agents import cli
from engram.memory import stores
from engram.memory.config import MemoryConfig
from engram.memory.contract import Percepts, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores
from engram.memory.testing import Notes
from engram.perception.text import TextConfig


@pytest.fixture
def url(database, monkeypatch):
    """A memory of two steps on the server, and the command with the store it has."""
    entry = EntryPoint("memory", "engram.memory.commands:memory", cli.GROUP)
    monkeypatch.setattr(cli, "entry_points", lambda group: [entry])
    monkeypatch.setattr(stores, "STORES", {"notes": "engram.memory.testing:Notes"})
    place = f"{database}?robot=r1"
    with Hippocampus(place, [Notes()], HippocampusConfig(deadline_secs=30.0)) as memory:
        for step, text in enumerate(["the mug is on the table", "the mug is in the sink"]):
            memory.write(Percepts(Source("r1", "e7", step, step), text))
    return place


def run(*words) -> int:
    return cli.main(["memory", *map(str, words)])


def test_the_memory_on_a_server_is_shown_without_the_password(url, capsys, server):
    assert run("show", url, "--json") == 0
    out = capsys.readouterr().out
    found = json.loads(out)
    assert (found["robot"], found["version"], found["events"]) == ("r1", 2, {"notes": 2})
    assert found["kept_by"].startswith("PostgreSQL")
    assert found["file"].startswith(f"postgresql://engram@127.0.0.1:{server.port}/")
    assert "s3cret" not in out


def test_query_check_export_and_compact_take_the_url(url, capsys):
    assert run("query", url, "mug", "--limit", "1") == 0
    assert "the mug is in the sink" in capsys.readouterr().out
    assert run("check", url) == 0
    assert capsys.readouterr().out == "Sound: 2 events, 1 snapshots; replayed: notes.\n"
    assert run("export", url) == 0
    assert [json.loads(line).get("seq") for line in capsys.readouterr().out.splitlines()] == [None, 1, 2]
    assert run("compact", url, "--drop-events") == 0
    assert "0 events kept" in capsys.readouterr().out


def test_a_robot_that_is_not_there_is_one_line(url, capsys):
    assert run("show", url.replace("r1", "r9")) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "no memory of robot 'r9'" in error
    assert "s3cret" not in error


def test_a_fleet_is_asked_by_the_url_of_its_server(database, capsys, monkeypatch):
    entry = EntryPoint("memory", "engram.memory.commands:memory", cli.GROUP)
    monkeypatch.setattr(cli, "entry_points", lambda group: [entry])
    monkeypatch.setattr(stores, "STORES", {name: stores.STORES[name] for name in ("episodic", "semantic")})
    config = MemoryConfig(text=TextConfig("hashed"))
    for robot, task in (("r1", "water the plants"), ("r2", "repair the dishwasher")):
        setting = HippocampusConfig(robot=robot, deadline_secs=30.0)
        with Hippocampus(database, default_stores(config=config), setting) as memory:
            memory.write(Percepts(Source(robot, "e1", 1, 1), f"Began to {task}.", task=task, outcome="success"))
    assert run("query", f"{database}?robot=r1", "repair the dishwasher", "--fleet", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["versions"].keys() == {"r1", "r2"}
    assert found["hits"][0]["source"]["robot"] == "r2"
    assert run("query", f"{database}?robot=r1", "repair the dishwasher", "--json") == 0
    assert {hit["source"]["robot"] for hit in json.loads(capsys.readouterr().out)["hits"]} <= {"r1"}
