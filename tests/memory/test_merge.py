from __future__ import annotations

import pytest

from engram.memory.check import check
from engram.memory.contract import Event, Source
from engram.memory.errors import MergeError
from engram.memory.file import MemoryFile
from engram.memory.merge import ids_in, merge, prefixed
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


def test_ids_and_prefixes():
    data = {"id": "a", "items": [{"id": "b", "label": "c"}], "ids": ["d", "e"], "other_id": "f", "n": 1}
    assert sorted(ids_in(data)) == ["a", "b", "d", "e"]
    assert prefixed({"id": "mug", "name": "mug"}, {"mug"}, "r") == {"id": "r/mug", "name": "mug"}
    assert prefixed({"x": ["a", 1, None], "a": "c"}, {"a"}, "r") == {"x": ["r/a", 1, None], "r/a": "c"}
