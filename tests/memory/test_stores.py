from __future__ import annotations

import pytest

from engram.memory.contract import HippocampusError, Percepts, Query, Seen, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import STORES, default_stores


def test_all_stores_are_built_under_their_names():
    assert [s.name for s in default_stores()] == list(STORES)
    assert {s.name for s in default_stores(["temporal", "spatial"])} == {"temporal", "spatial"}


def test_a_store_that_there_is_not():
    with pytest.raises(HippocampusError, match="did you mean episodic"):
        default_stores(["episodes"])


def test_graph_and_object_map_mean_the_same_things(tmp_path):
    mugs = [Seen("Mug", 0.95, (x, 0.0, 0.9), (0.1, 0.1, 0.1), "Desk") for x in (0.0, 1.0)]
    desk = Seen("Desk", 0.95, (0.5, 0.0, 0.4), (1.5, 0.6, 0.8), "Floor")
    with Hippocampus(tmp_path / "m", default_stores(), HippocampusConfig(deadline_secs=60.0)) as memory:
        memory.write(Percepts(Source("r", "e", 0, 0), things=[*mugs, desk]))
        hits = memory.recall(Query("where is the mug?", limit=20)).hits
    assert {h.id for h in hits["objects"]} == {"Mug_1", "Mug_2"}
    placed = {tuple(h.data["triple"]) for h in hits["graph"]}
    assert {("Mug_1", "on", "Desk_1"), ("Mug_2", "on", "Desk_1")} <= placed


def test_lessons_are_drawn_from_the_attempts(tmp_path):
    with Hippocampus(tmp_path / "m", default_stores(), HippocampusConfig(deadline_secs=60.0)) as memory:
        for k in range(4):
            source = Source("r", f"e{k}", 0, k)
            memory.write(Percepts(source, "Put the mug away.", task="put the mug away", outcome="success"))
        hits = memory.recall(Query("put the mug away", limit=10)).hits
    assert any(h.data.get("kind") != "action" and "episodes" in h.data for h in hits["semantic"]), hits["semantic"]
