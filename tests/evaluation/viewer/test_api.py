from __future__ import annotations

import base64
import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from engram.agents.cli import main
from engram.evaluation.viewer.api import View, changes_of
from engram.evaluation.viewer.sources import Source, ViewError, find_source, read_steps
from engram.memory.file import MemoryFile
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores


def _scenario():
    spec = spec_from_file_location("view_scenario", Path(__file__).with_name("conftest.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCENARIO = _scenario()


def version(view, step):
    return str(next(m.version for m in view.timeline.moments if m.step == step))


def mug_at(view, step):
    found = view.answer("state", {"version": version(view, step)})["objects"]
    return next(o for o in found if o["id"] == "Mug_1")


def ask(view, step, text="where is the mug?"):
    return view.answer("ask", {"version": version(view, step), "text": text})


def test_the_time_line_tells_what_happened_when(view):
    found = view.answer("timeline", {})
    moments = found["moments"]
    assert found["robot"] == "robi"
    assert [m["step"] for m in moments] == list(range(SCENARIO.STEPS))
    assert moments[4]["text"] == "Picked up Mug."
    assert moments[4]["marks"] == ["picked up Mug_1"]
    assert moments[8]["marks"] == ["put down Mug_1"]
    assert moments[-1]["marks"] == ["ended: success"]
    assert moments[3]["camera_m"] == pytest.approx([0.75, 1.0, 1.5])
    assert moments[3]["stamp_ns"] == 4 * SCENARIO.SECOND
    later = view.answer("timeline", {"after": str(moments[9]["version"])})["moments"]
    assert [m["step"] for m in later] == [10, 11]


def test_a_thing_is_shown_as_it_was(view):
    on_shelf, carried, on_table = (mug_at(view, step) for step in (11, 5, 2))
    assert (on_table["state"], on_table["support"]) == ("visible", "CoffeeTable_1")
    assert on_table["centre_m"] == pytest.approx([2.0, 0.0, 0.86])
    assert (carried["state"], carried["support"]) == ("held", "")
    assert (on_shelf["support"], on_shelf["last_step"]) == ("Shelf_1", 11)
    assert [m["state"] for m in on_shelf["past"]][:2] == ["seen", "held"]
    assert 0.8 < on_table["confidence"] <= 1.0


@pytest.mark.parametrize(("step", "support"), [(2, "CoffeeTable_1"), (5, ""), (11, "Shelf_1")])
def test_a_question_is_answered_by_what_was_known_then(view, step, support):
    best = ask(view, step)["answers"][0]
    assert (best["id"], best["store"], best["step"]) == ("Mug_1", "objects", step)
    assert best["why"].get("support", "") == support
    assert best["why"]["words"] == ["mug"]
    assert best["why"]["rank"] == 1


def test_an_answer_about_an_earlier_time_is_of_then(view):
    found = ask(view, 11, "where was the mug at 2 s?")
    assert found["at_ns"] == 2 * SCENARIO.SECOND
    assert found["answers"][0]["position_m"] == pytest.approx([2.0, 0.0, 0.86])


@pytest.mark.parametrize("text", ["where is the mug?", "where was the mug at 3 s?", "what was picked up?", "shelf"])
def test_answers_are_those_of_the_command(view, memory, capsys, text):
    assert main(["memory", "query", memory, text, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = ask(view, 11, text)
    assert found["version"] == told["version"]
    assert found["at_ns"] == told["at_ns"]
    keys = [(h["store"], h["id"], h["text"], round(h["score"], 4), round(h["confidence"], 4)) for h in told["hits"]]
    assert [(a["store"], a["id"], a["text"], a["score"], a["confidence"]) for a in found["answers"]] == keys


def test_the_memories_are_those_of_the_step(view):
    early, late = (view.answer("state", {"version": version(view, s)}) for s in (5, 11))
    assert early["temporal"][-1]["last_step"] == 5
    assert early["running"]["count"] == 6
    assert early["running"]["steps"][4] == [4, "Picked up Mug."]
    assert early["episodic"] == []
    assert late["running"] is None
    assert late["episodic"][0]["text"] == "tidy the house: succeeded after 12 steps"
    lessons = {n["text"]: n for n in late["semantic"]}
    assert lessons["pick Mug: works"]["belief"] == pytest.approx(2 / 3, abs=1e-3)
    assert "place Shelf: works" not in {n["text"] for n in early["semantic"]}
    assert early["topology"]["here"] == "place_1"
    assert early["topology"]["spots"][0]["room"] == "Kitchen"


def test_the_slice_shows_the_wall_where_it_is(view):
    found = view.answer("map", {"version": version(view, 11), "low": "0.1", "high": "1.4"})["spatial"]
    width, depth = found["size"]
    cells = np.frombuffer(base64.b64decode(found["cells"]), np.uint8).reshape(depth, width)
    row = int((3.0 - found["low"][1]) / found["edge_m"] + 0.5)
    column = int((1.0 - found["low"][0]) / found["edge_m"])
    assert cells[row, column] > 200
    assert set(np.argwhere(cells > 1)[:, 0].tolist()) <= {row - 1, row}
    free = cells[int((2.0 - found["low"][1]) / found["edge_m"]), column]
    assert free == 1
    above = view.answer("map", {"version": version(view, 11), "low": "2.0", "high": "2.5"})["spatial"]
    assert above["cells"] == ""


def test_the_graph_is_shown_around_a_node_within_a_budget(view):
    at = version(view, 11)
    found = view.answer("graph", {"version": at, "node": "Mug_1"})["graph"]
    facts = {(e["subject"], e["relation"], e["object"]) for e in found["edges"]}
    assert ("Mug_1", "on", "Shelf_1") in facts
    assert ("Mug_1", "on", "CoffeeTable_1") in {(e["subject"], e["relation"], e["object"]) for e in found["past"]}
    assert len(view.answer("graph", {"version": at, "node": "Mug_1", "budget": "2"})["graph"]["edges"]) == 2
    assert view.answer("graph", {"version": at})["graph"]["node"] == "robi"
    then = view.answer("graph", {"version": version(view, 2), "node": "Mug_1"})["graph"]
    assert ("Mug_1", "on", "CoffeeTable_1") in {(e["subject"], e["relation"], e["object"]) for e in then["edges"]}


def test_a_step_lists_its_changes(view):
    found = view.answer("step", {"version": version(view, 4)})
    assert "hold Mug_1" in found["changes"]["objects"]
    assert any(text.startswith("believe robi holds Mug_1") for text in found["changes"]["graph"])
    assert found["changes"]["temporal"] == ["Picked up Mug."]
    assert found["plan"] is None


def test_health_counts_what_the_file_holds(view, memory):
    found = view.answer("health", {})
    with MemoryFile(memory, read_only=True) as file:
        assert {name: s["events"] for name, s in found["stores"].items()} == {
            name: file.counts().get(name, 0) for name in found["stores"]
        }
        assert found["version"] == file.last
    assert found["damaged"] == 0
    assert found["unknown"] == []


def test_an_unknown_route_is_none(view):
    assert view.answer("close", {}) is None


def test_a_live_view_follows_the_writer(tmp_path):
    path = tmp_path / "live.engram"
    with Hippocampus(path, default_stores(), HippocampusConfig("robi", deadline_secs=60.0)) as writer:
        with View(Source(str(path)), live=True) as view:
            assert view.answer("timeline", {})["moments"] == []
            assert view.answer("state", {})["objects"] == []
            for step in range(3):
                writer.write(SCENARIO.percepts(step))
            assert [m["step"] for m in view.answer("timeline", {})["moments"]] == [0, 1, 2]
            assert mug_at(view, 2)["support"] == "CoffeeTable_1"
            last = view.timeline.moments[-1].version
            for step in range(3, 6):
                writer.write(SCENARIO.percepts(step))
            later = view.answer("timeline", {"after": str(last)})["moments"]
            assert [m["step"] for m in later] == [3, 4, 5]
            assert mug_at(view, 5)["state"] == "held"
            assert view.answer("ask", {"text": "where is the mug?"})["answers"][0]["step"] == 5
        writer.write(SCENARIO.percepts(6))


def test_an_empty_memory_can_be_seen(tmp_path):
    with Hippocampus(tmp_path / "m", default_stores()):
        pass
    with View(Source(str(tmp_path / "m"))) as view:
        assert view.answer("timeline", {})["moments"] == []
        assert view.answer("map", {})["spatial"]["cells"] == ""
        assert view.answer("graph", {})["graph"]["node"] == ""
        assert view.answer("ask", {"text": "where is the mug?"})["answers"] == []
        assert view.answer("step", {})["changes"] == {}


def test_steps_of_a_run_tell_what_was_decided(tmp_path, memory):
    (tmp_path / "m.engram").write_bytes(Path(memory).read_bytes())
    rows = [{"step": k, "verb": "move_ahead", "outcome": "ok", "base": [k, 0, 0.5]} for k in range(3)]
    (tmp_path / "steps.jsonl").write_text("\n".join(map(json.dumps, rows)) + '\n{"step": 3, "ver')
    assert sorted(read_steps(tmp_path / "steps.jsonl")) == [0, 1, 2]
    with View(find_source(str(tmp_path))) as view:
        found = view.answer("step", {"version": version(view, 2)})
    assert found["plan"]["verb"] == "move_ahead"
    assert found["pose"] == [1, 0, 0.5]  # where the step before had led


def test_what_cannot_be_seen_is_said(tmp_path):
    for place, words in (("missing", "no such"), (".", "holds no memory")):
        with pytest.raises(ViewError, match=words):
            find_source(str(tmp_path / place))
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(ViewError, match="no memory file"):
        find_source(str(tmp_path / "note.txt"))
    for name in ("a", "b"):
        with Hippocampus(tmp_path / name, default_stores(["temporal"])):
            pass
    with pytest.raises(ViewError, match="several memories"):
        find_source(str(tmp_path))
    assert find_source(str(tmp_path), memory=str(tmp_path / "a")).memory == str(tmp_path / "a")


@pytest.mark.parametrize(
    ("store", "kind", "data", "told"),
    [
        ("objects", "update", {"changes": [{"op": "became", "id": "A_1", "other": "A_2"}]}, ["became A_1 as A_2"]),
        ("graph", "update", {"changes": [{"op": "close", "triple": ["a", "on", "b"]}]}, ["close a on b"]),
        ("topology", "update", {"changes": [{"op": "blocked", "from": "a", "to": "b"}]}, ["blocked a b"]),
        ("spatial", "frame", {"things": [1, 2]}, ["frame, 2 things labelled"]),
        ("semantic", "lessons", {"operations": [{"op": "add", "text": "x works"}]}, ["add x works"]),
        ("semantic", "recalled", {"ids": ["n1", "n2"]}, ["recalled n1, n2"]),
        ("other", "thing", {}, ["thing"]),
    ],
)
def test_changes_in_words(store, kind, data, told):
    assert changes_of(store, kind, data) == told
