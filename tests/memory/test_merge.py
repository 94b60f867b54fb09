from __future__ import annotations

import math

import pytest

from engram.memory.check import check
from engram.memory.contract import Event, Percepts, Query, Seen, Source
from engram.memory.errors import MergeError
from engram.memory.file import MemoryFile
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.merge import ids_in, merge, renamed
from engram.memory.stores import default_stores
from engram.memory.testing import Notes


def note(robot: str, stamp: int, name: str, **more) -> Event:
    return Event("notes", "add", Source(robot, "e", stamp, stamp), {"id": name, "text": f"{robot} {stamp}", **more})


def make(path, robot: str, events: list[Event]):
    with MemoryFile(path, robot=robot) as file:
        file.append(events)
    return path


def test_events_interleave_by_stamp_and_clashing_ids_get_the_robots_name(tmp_path):
    first = make(tmp_path / "a", "r1", [note("r1", 1, "n0"), note("r1", 5, "n1"), note("r1", 3, "n2", near="n0")])
    second = make(tmp_path / "b", "r2", [note("r2", 2, "n0", near={"n0": ["n9"]}), note("r2", 9, "n9")])
    merged = tmp_path / "c"
    assert merge(merged, [second, first]) == 5
    with MemoryFile(merged) as file:
        assert file.robot == "r1+r2"
        events = [event for _, event in file.events()]
        assert check(file, [Notes()]).ok
    assert [(e.source.robot, e.source.stamp_ns) for e in events] == [
        ("r1", 1), ("r2", 2), ("r1", 5), ("r1", 3), ("r2", 9),
    ]  # fmt: skip
    assert [e.data["id"] for e in events] == ["r1/n0", "r2/n0", "n1", "n2", "n9"]
    assert events[3].data["near"] == "r1/n0"
    assert events[1].data["near"] == {"r2/n0": ["n9"]}


def test_references_of_other_stores_follow(tmp_path):
    edge = Event("graph", "link", Source("r1", "e", 2, 2), {"id": "edge-1", "to": "x"})
    first = make(tmp_path / "a", "r1", [note("r1", 1, "x"), edge])
    second = make(tmp_path / "b", "r2", [note("r2", 1, "x")])
    merge(tmp_path / "c", [first, second])
    with MemoryFile(tmp_path / "c") as file:
        assert [e.data for _, e in file.events(store="graph")] == [{"id": "edge-1", "to": "r1/x"}]


def test_the_order_of_the_sources_does_not_matter(tmp_path):
    first = make(tmp_path / "a", "r1", [note("r1", 1, "x"), note("r1", 2, "y")])
    second = make(tmp_path / "b", "r2", [note("r2", 1, "x"), note("r2", 2, "z")])
    merge(tmp_path / "ab", [first, second])
    merge(tmp_path / "ba", [second, first])
    with MemoryFile(tmp_path / "ab") as one, MemoryFile(tmp_path / "ba") as other:
        assert list(one.rows()) == list(other.rows())


def test_what_cannot_be_merged(tmp_path):
    first = make(tmp_path / "a", "r1", [note("r1", 1, "x")])
    twin = make(tmp_path / "b", "r1", [note("r1", 2, "x")])
    with pytest.raises(MergeError, match="robot 'r1'"):
        merge(tmp_path / "c", [first, twin])
    with pytest.raises(MergeError, match="exists already"):
        merge(first, [twin])
    with MemoryFile(twin) as file:
        file.save_snapshot("notes", 1, b"[]")
        file.compact(drop_events=True)
    other = make(tmp_path / "d", "r2", [note("r2", 2, "x")])
    with pytest.raises(MergeError, match="dropped its events up to 1"):
        merge(tmp_path / "c", [other, twin])
    assert not (tmp_path / "c").exists()


def house(path, robot: str, base: tuple[float, float, float], mug_m: tuple[float, float, float]):
    """Write what a robot sees of a mug on a desk in a kitchen."""
    x, y, z = mug_m
    seen = [
        Seen("Mug", 0.95, mug_m, (0.1, 0.1, 0.1), "Desk"),
        Seen("Desk", 0.95, (x, y, z - 0.45), (1.0, 0.6, 0.8), "Floor", room="Kitchen"),
    ]
    with Hippocampus(path, default_stores(), HippocampusConfig(robot=robot, deadline_secs=60.0)) as memory:
        for step in range(3):
            source = Source(robot, "e", step, step * 10**9)
            action = {"verb": "pick", "target": "Desk", "outcome": "too_big"} if step == 2 else {}
            memory.write(Percepts(source, things=seen, base=base, room="Kitchen", action=action, task="tidy"))
    return path


def ask(path, text: str):
    with Hippocampus(path, default_stores(), HippocampusConfig(read_only=True, deadline_secs=60.0)) as memory:
        assert {h.state for h in memory.health().values()} == {"ready"}
        return memory.recall(Query(text, limit=50)).hits


def test_robots_of_two_houses_keep_their_rooms(tmp_path):
    first = house(tmp_path / "a", "r1", (0.0, 0.0, 0.0), (1.0, 0.0, 0.9))
    second = house(tmp_path / "b", "r2", (0.0, 0.0, 0.0), (2.0, 0.0, 0.9))
    merge(tmp_path / "c", [first, second])
    hits = ask(tmp_path / "c", "where is the mug?")
    assert {(h.id, h.data["support"]) for h in hits["objects"]} == {
        ("r1/Mug_1", "r1/Desk_1"),
        ("r2/Mug_1", "r2/Desk_1"),
    }
    mugs = {h.data["thing"]: h for h in hits["graph"] if h.data["triple"][1] == "on"}
    assert {name: h.data["room"] for name, h in mugs.items() if "Mug" in name} == {
        "r1/Mug_1": "r1/Kitchen",
        "r2/Mug_1": "r2/Kitchen",
    }
    assert mugs["r1/Desk_1"].data["triple"] == ["r1/Desk_1", "on", "Floor"]
    acts = [h for h in ask(tmp_path / "c", "tidy")["graph"] if h.data["triple"][1] == "part_of"]
    assert [h.data["triple"][2] for h in acts] == ["tidy", "tidy"]
    assert {h.source.robot for h in acts} == {"r1", "r2"}


def test_robots_of_one_house_share_its_rooms_and_its_frame(tmp_path):
    first = house(tmp_path / "a", "r1", (0.0, 0.0, 0.0), (1.0, 0.0, 0.9))
    second = house(tmp_path / "b", "r2", (0.0, 0.0, 0.0), (2.0, 0.5, 0.9))
    third = house(tmp_path / "d", "r3", (0.0, 0.0, 0.0), (2.0, 0.5, 0.9))
    frames = {"r1": (0.0, 0.0, 0.0), "r2": (3.0, -1.0, math.pi / 2)}
    merge(tmp_path / "c", [first, second, third], frames)
    hits = ask(tmp_path / "c", "where is the mug?")
    at = {h.id: h.position_m for h in hits["objects"]}
    assert at == {"r1/Mug_1": (1.0, 0.0, 0.9), "r2/Mug_1": (2.5, 1.0, 0.9), "r3/Mug_1": (2.0, 0.5, 0.9)}
    rooms = {h.data["thing"]: h.data["room"] for h in hits["graph"] if "Mug" in h.data.get("thing", "")}
    assert rooms == {"r1/Mug_1": "Kitchen", "r2/Mug_1": "Kitchen", "r3/Mug_1": "r3/Kitchen"}
    places = {h.id: h for h in ask(tmp_path / "c", "kitchen")["topology"]}
    assert places["r2/place_1"].position_m == (3.0, -1.0, 0.0)
    assert places["r2/place_1"].source.robot == "r2"
    with MemoryFile(tmp_path / "c", read_only=True) as file:
        assert check(file, default_stores()).ok
    with pytest.raises(MergeError, match=r"r9.*the files are of r1, r2"):
        merge(tmp_path / "e", [first, second], {"r9": (0.0, 0.0, 0.0)})


def test_a_thing_that_two_robots_see_at_one_place_is_one(tmp_path):
    first = house(tmp_path / "a", "r1", (0.0, 0.0, 0.0), (2.0, 0.5, 0.9))
    second = house(tmp_path / "b", "r2", (0.0, 0.0, 0.0), (1.55, 0.95, 0.9))  # the same, in a map that is turned
    merge(tmp_path / "c", [first, second], {"r1": (0.0, 0.0, 0.0), "r2": (3.0, -1.0, math.pi / 2)})
    hits = ask(tmp_path / "c", "where is the mug?")
    (mug,) = hits["objects"]
    assert mug.id == "r1/Mug_1"
    assert mug.position_m == pytest.approx((2.03, 0.53, 0.9), abs=0.03)
    assert mug.data["support"] == "r1/Desk_1"
    facts = [h for h in hits["graph"] if h.data["thing"] == "r1/Mug_1" and h.data["triple"][1] == "on"]
    assert [(h.data["triple"][2], h.data["seen"], h.data["room"]) for h in facts] == [("r1/Desk_1", 6, "Kitchen")]
    with MemoryFile(tmp_path / "c", read_only=True) as file:
        assert check(file, default_stores()).ok
        seen = [e.source.robot for _, e in file.events() if e.store == "objects" and "r1/Mug_1" in str(e.data)]
    assert sorted(seen) == ["r1"] * 3 + ["r2"] * 3
    merge(tmp_path / "d", [first, second])
    assert len(ask(tmp_path / "d", "where is the mug?")["objects"]) == 2  # nobody said that the maps share a frame


def test_ids_and_their_new_names():
    data = {"id": "a", "items": [{"id": "b", "label": "c"}], "ids": ["d", "e"], "other_id": "f", "n": 1}
    assert sorted(ids_in(data)) == ["a", "b", "d", "e"]
    assert renamed({"id": "mug", "name": "mug"}, {"mug": "r/mug"}) == {"id": "r/mug", "name": "mug"}
    assert renamed({"x": ["a", 1, None], "a": "c"}, {"a": "r/a"}) == {"x": ["r/a", 1, None], "r/a": "c"}
