from __future__ import annotations

import json
from importlib.metadata import EntryPoint

import networkx as nx
import numpy as np
import pytest

from engram.agents import cli
from engram.memory import stores
from engram.memory.config import MemoryConfig
from engram.memory.contract import HippocampusError, Percepts, Seen, Source
from engram.memory.file import MemoryFile
from engram.memory.graph.export import from_scene
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.packing import pack
from engram.memory.spatial.octomap_io import read_octomap
from engram.memory.spatial.ply import read_ply
from engram.memory.stores import STORES, default_stores
from engram.memory.testing import Notes
from engram.memory.topology_export import from_json
from engram.perception.text import TextConfig


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    """The command as it is registered, with one small store."""
    entry = EntryPoint("memory", "engram.memory.commands:memory", cli.GROUP)
    monkeypatch.setattr(cli, "entry_points", lambda group: [entry])
    monkeypatch.setattr(stores, "STORES", {"notes": "engram.memory.testing:Notes"})


@pytest.fixture
def path(tmp_path):
    """A memory of three steps."""
    with Hippocampus(tmp_path / "m.engram", [Notes()], HippocampusConfig(robot="r1", deadline_secs=30.0)) as memory:
        for step, text in enumerate(["the mug is on the table", "the cup is on the shelf", "the mug is in the sink"]):
            memory.write(Percepts(Source("r1", "e7", step, step * 1_500_000_000), text))
    return tmp_path / "m.engram"


def run(*words) -> int:
    return cli.main(["memory", *map(str, words)])


def test_query_answers_with_time_confidence_and_source(path, capsys):
    assert run("query", path, "mug", "--limit", "1") == 0
    header, answer = capsys.readouterr().out.splitlines()
    assert header.split() == ["what", "where", "when", "confidence", "source", "from"]
    assert answer.split("  ")[0] == "the mug is in the sink"
    for part in ("3.0 s", "0.50", "r1, e7, step 2", "notes"):
        assert part in answer
    assert run("query", path, "mug", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["version"], [h["id"] for h in found["hits"]]) == (3, ["notes-2", "notes-0"])
    assert run("query", path, "elephant") == 0
    assert "Nothing is known" in capsys.readouterr().out


def test_where_was_the_cup_at_nine(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(stores, "STORES", STORES)
    day, hour = 1_772_323_200 * 10**9, 3_600 * 10**9  # 2026-03-01
    file = tmp_path / "house.mem"
    with Hippocampus(file, default_stores(), HippocampusConfig(robot="r1", deadline_secs=60.0)) as memory:
        for step, (time, x, support) in enumerate([(8, 1.0, "Table"), (9.5, 4.0, "Shelf"), (11, 4.0, "Shelf")]):
            seen = [
                Seen("Cup", 0.95, (x, 0.0, 0.85), (0.1, 0.1, 0.1), support),
                Seen(support, 0.95, (x, 0.0, 0.4), (0.8, 0.8, 0.8), "Floor"),
            ]
            action = {"verb": "pick", "target": "Cup", "outcome": "ok"}
            memory.write(Percepts(Source("r1", "e7", 2 * step, day + int(time * hour)), things=seen))
            memory.write(Percepts(Source("r1", "e7", 2 * step + 1, day + int(time * hour) + 1), action=action))
    assert run("query", file, "where was the cup at 9:00?", "--json", "--limit", "1") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["at_ns"] == day + 9 * hour
    assert run("query", file, "where was the Cup at 8:00 on 2026-03-01?") == 0
    asked, _, answer = capsys.readouterr().out.splitlines()[:3]
    assert asked == "As of 2026-03-01 08:00:00 UTC:"
    for part in ("Cup_1 on Table_1", "Table_1, (1.00, 0.00, 0.85) m", "2026-03-01 08:00:00 UTC", "r1, e7, step 0"):
        assert part in answer
    assert run("query", file, "where was the cup yesterday?") == 0
    assert "Nothing is known" in capsys.readouterr().out


def test_show(path, capsys):
    assert run("show", path, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["robot"], found["version"], found["events"]) == ("r1", 3, {"notes": 3})
    assert [s["seq"] for s in found["snapshots"]] == [3]
    assert run("show", path) == 0
    assert "events of notes" in capsys.readouterr().out


def test_check_tells_sound_from_damaged(path, capsys):
    assert run("check", path) == 0
    assert capsys.readouterr().out == "Sound: 3 events, 1 snapshots; replayed: notes.\n"
    with MemoryFile(path) as file:
        file.save_snapshot("notes", 3, b"[]")
    assert run("check", path, "--json") == 1
    assert json.loads(capsys.readouterr().out)["problems"] == [
        "replay: store 'notes' at event 3 differs from its snapshot"
    ]


def test_export(path, capsys, tmp_path):
    assert run("export", path) == 0
    printed = capsys.readouterr().out
    assert [json.loads(line).get("seq") for line in printed.splitlines()] == [None, 1, 2, 3]
    assert run("export", path, "--out", tmp_path / "x.jsonl") == 0
    assert (tmp_path / "x.jsonl").read_text(encoding="utf-8") == printed


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A memory of a cup in a kitchen, with all stores."""
    monkeypatch.setattr(stores, "STORES", STORES)
    file = tmp_path / "house.mem"
    seen = [
        Seen("Cup", 0.95, (1.0, 0.0, 0.85), (0.1, 0.1, 0.1), "Table"),
        Seen("Table", 0.95, (1.0, 0.0, 0.4), (0.8, 0.8, 0.8), "Floor"),
    ]
    points = np.random.default_rng(0).uniform([0.6, -0.4, 0.8], [1.4, 0.4, 0.9], (200, 3)).astype(np.float32)
    with Hippocampus(file, default_stores(), HippocampusConfig(robot="r1", deadline_secs=60.0)) as memory:
        for step, x in enumerate((0.0, -2.0, 0.0)):
            place = {"base": (x, 0.0, 0.0), "room": "Kitchen", "points": points, "camera_m": (x, 0.0, 1.5)}
            memory.write(Percepts(Source("r1", "e7", step, step * 10**9), f"step {step}", things=seen, **place))
    return file


def test_graphs_and_places_are_exported_for_other_tools(house, tmp_path, capsys):
    assert run("export", house, "--format", "scene-graph") == 0
    graph = from_scene(capsys.readouterr().out)
    assert {("Cup_1", "on", "Table_1"), ("r1", "in_room", "Kitchen")} <= {e.triple for e in graph.current()}
    assert run("export", house, "--format", "graphml", "--history", "--out", tmp_path / "x.graphml") == 0
    read = nx.read_graphml(tmp_path / "x.graphml", force_multigraph=True)
    assert (read.nodes["Cup_1"]["x_m"], "Table_1" in read["Cup_1"]) == (1.0, True)
    assert run("export", house, "--format", "topology", "--out", tmp_path / "x.json") == 0
    places = from_json((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert places.route("place_1", "place_2")[0] == ["place_1", "place_2"]
    assert run("export", house, "--format", "topology", "--history") == 2
    assert "no history" in capsys.readouterr().err


def test_maps_are_exported_for_other_tools(house, tmp_path, capsys):
    with Hippocampus(house, default_stores(["spatial"]), HippocampusConfig(read_only=True)) as memory:
        assert memory.health()["spatial"].state == "ready"
    for name in ("ply", "bt", "ot"):
        assert run("export", house, "--format", name, "--out", tmp_path / f"map.{name}") == 0
    cloud, tree = read_ply(tmp_path / "map.ply"), read_octomap(tmp_path / "map.ot")
    cells = {tuple(c) for c in cloud.voxels().cells.tolist()}
    assert cells == {tuple(c) for c in tree.voxels().cells.tolist()}
    assert cells == {tuple(c) for c in read_octomap(tmp_path / "map.bt").voxels().cells.tolist()}
    assert len(cells) > 50
    assert run("export", house, "--format", "bt") == 2
    assert run("export", house, "--format", "bt", "--out", tmp_path / "map.ot") == 2
    errors = capsys.readouterr().err.splitlines()
    assert run("export", house, "--format", "ply", "--out", tmp_path / "none" / "map.ply") == 2
    assert "No such file" in capsys.readouterr().err
    assert "--out map.bt" in errors[0]
    assert "end in .bt" in errors[1]


def test_undo(house, capsys):
    with Hippocampus(house, default_stores(), HippocampusConfig(robot="r1", deadline_secs=60.0)) as memory:
        action = {"verb": "pick", "target": "Cup", "outcome": "ok"}
        memory.write(Percepts(Source("r1", "e7", 3, 3 * 10**9), action=action))
    for said in ("Undone.", "That step brought nothing that can be taken back."):
        assert run("undo", house, "e7", 3) == 0
        assert capsys.readouterr().out.strip() == said
    assert run("export", house, "--format", "scene-graph") == 0
    facts = {e.triple for e in from_scene(capsys.readouterr().out).current()}
    assert ("Cup_1", "on", "Table_1") in facts
    assert not any(relation == "holds" for _, relation, _ in facts)
    assert run("undo", house.with_name("none"), "e7", 3) == 2
    assert not house.with_name("none").exists()


def test_sleep(house, capsys):
    with Hippocampus(house, default_stores(), HippocampusConfig(deadline_secs=60.0, naps=False)) as memory:
        for k in range(3):
            source = Source("r1", f"e{k}", 9, (k + 9) * 10**9)
            memory.write(Percepts(source, "Took the mug.", task="put the mug away", outcome="success"))
        memory._slept = memory.version  # as after a kill: closing draws no lessons
    for said in ("1 events.", "0 events."):
        assert run("sleep", house) == 0
        assert capsys.readouterr().out.strip() == said
    assert run("query", house, "put the mug away", "--json") == 0
    assert "succeeded in 3 of 3 attempts" in capsys.readouterr().out
    assert run("sleep", house.with_name("none")) == 2


def test_a_snapshot_of_another_layout_is_no_damage(house, capsys):
    with MemoryFile(house) as file:
        version = file.last
        file.save_snapshot("objects", version, pack({}, {}, layout=99))
    assert run("check", house) == 0
    found = capsys.readouterr().out.splitlines()
    assert found[0].startswith(
        f"snapshot: store 'objects' at event {version} was not compared: the state of a store has"
    )
    assert found[1].startswith("Sound: ")


def test_merge(house, tmp_path, capsys):
    twin = tmp_path / "twin.mem"
    with Hippocampus(twin, default_stores(), HippocampusConfig(robot="r2", deadline_secs=60.0)) as memory:
        mug = Seen("Mug", 0.95, (1.0, 0.0, 0.85), (0.1, 0.1, 0.1))
        memory.write(Percepts(Source("r2", "e", 0, 0), things=[mug], base=(0.0, 0.0, 0.0), room="Kitchen"))
    out = tmp_path / "both.mem"
    assert run("merge", out, house, twin, "--frame", "r1=0,0,0", "--frame", "r2=5,1,0") == 0
    assert "events" in capsys.readouterr().out
    assert run("query", out, "where is the mug?", "--json", "--limit", "1") == 0
    (hit,) = json.loads(capsys.readouterr().out)["hits"]
    assert (hit["id"], hit["position_m"], hit["data"]["room"]) == ("Mug_1", [6.0, 1.0, 0.85], "")
    assert run("merge", tmp_path / "c", house, twin, "--frame", "r1=here") == 2
    assert run("merge", out, house, twin) == 2
    errors = capsys.readouterr().err.splitlines()
    assert "ROBOT=X,Y,YAW" in errors[0]
    assert "exists already" in errors[1]


def test_compact_keeps_the_answers(path, capsys):
    assert run("compact", path) == 0
    assert "3 events kept" in capsys.readouterr().out
    assert run("compact", path, "--drop-events") == 0
    assert "0 events kept" in capsys.readouterr().out
    assert run("query", path, "cup") == 0
    assert "the cup is on the shelf" in capsys.readouterr().out


def test_the_stores_are_set_up_as_those_that_wrote_the_memory(tmp_path, capsys, monkeypatch, caplog):
    monkeypatch.setattr(stores, "STORES", {name: STORES[name] for name in ("episodic", "semantic")})
    narrow = MemoryConfig(text=TextConfig("hashed", hashed_dims=64))
    file = tmp_path / "m"
    with Hippocampus(file, default_stores(config=narrow), HippocampusConfig(robot="r1", deadline_secs=60.0)) as memory:
        memory.write(Percepts(Source("r1", "e7", 1, 1), "Began.", task="feed the cat", outcome="success"))
    for words in (("query", file, "feed the cat"), ("check", file), ("compact", file, "--drop-events")):
        assert run(*words) == 0
    assert "embedded anew" not in caplog.text
    assert run("query", file, "feed the cat", "--text", "hashed") == 0
    assert "embedded by hashed-ngrams-64 are embedded anew by hashed-ngrams-512" in caplog.text
    assert run("query", file, "feed the cat", "--text", str(tmp_path / "none")) == 2
    assert capsys.readouterr().err.startswith("engram: Th")


def test_settings_come_from_a_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(stores, "STORES", {name: STORES[name] for name in ("temporal",)})
    file, settings = tmp_path / "m", tmp_path / "settings.json"
    settings.write_text('{"temporal": {"capacity": 2, "compress": false}}')
    with Hippocampus(file, default_stores(), HippocampusConfig(robot="r1", deadline_secs=60.0)) as memory:
        for step in range(3):
            memory.write(Percepts(Source("r1", "e7", step, step), f"Saw the mug {step} times."))
    with MemoryFile(file, read_only=True) as log, MemoryFile(tmp_path / "bare") as bare:
        bare.append([event for _, event in log.events()])
    for words, count in (((), 3), (("--memory-config", settings), 2)):
        assert run("query", tmp_path / "bare", "mug", "--json", *words) == 0
        assert len(json.loads(capsys.readouterr().out)["hits"]) == count
    settings.write_text('{"temporal": {"capacities": 2}}')
    assert run("check", file, "--memory-config", settings) == 2
    assert "there is no setting 'capacities'; did you mean capacity" in capsys.readouterr().err


def test_a_file_has_no_fleet(path, capsys):
    assert run("query", path, "mug", "--fleet") == 2
    assert "is no memory server" in capsys.readouterr().err


def test_what_cannot_be_opened_is_one_line(tmp_path, capsys):
    assert run("show", tmp_path / "none") == 2
    assert capsys.readouterr().err == f"engram: {tmp_path / 'none'}: does not exist; check the path\n"
    assert run("compact", tmp_path / "none") == 2
    (tmp_path / "text").write_text("x" * 5000)
    assert run("check", tmp_path / "text") == 2
    assert "is not a memory file" in capsys.readouterr().err


def test_default_stores_are_named_as_they_are_registered(monkeypatch):
    monkeypatch.setattr(stores, "STORES", STORES)
    assert [s.name for s in default_stores()] == list(STORES)
    assert [s.name for s in default_stores(["graph"])] == ["graph"]
    with pytest.raises(HippocampusError, match="did you mean graph"):
        default_stores(["graphs"])
