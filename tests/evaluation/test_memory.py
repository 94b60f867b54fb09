from __future__ import annotations

import json
import math

import numpy as np
import pytest

from engram.agents.cli import main
from engram.evaluation.commands import TidyOptions
from engram.evaluation.session import remembering, run_and_report
from engram.evaluation.tidy import run_tidy
from engram.memory.answers import answers
from engram.memory.contract import HippocampusError, Query
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import STORES, default_stores


def ask(path, question, capsys):
    assert main(["memory", "query", str(path), question, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["hits"]


def test_the_house_of_boxes_is_remembered(tmp_path, capsys, make_world):
    path = tmp_path / "house.mem"
    worlds = []

    def make(task):
        worlds.append(make_world(task))
        return worlds[0]

    options = TidyOptions(out=tmp_path / "run", memory=str(path), width=96, height=96)
    assert run_and_report(options, make) == "done"
    capsys.readouterr()
    assert main(["memory", "check", str(path)]) == 0
    assert capsys.readouterr().out.startswith("Sound: ")
    assert main(["memory", "show", str(path), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["robot"], set(shown["events"])) == ("tidy", set(STORES))
    true = {o.category: o for o in worlds[0].truth.objects()}
    for label in ("Mug", "Pan", "Pillow", "Bread"):
        best = ask(path, f"where is the {label.lower()}?", capsys)[0]
        assert (best["store"], best["id"]) == ("objects", f"{label}_1")
        assert math.dist(best["position_m"], true[label].position) < 0.2
        assert best["data"]["support"] == f"{true[label].receptacles[0]}_1"
        assert best["data"]["room"] == true[label].room.removesuffix("_1")
    assert main(["memory", "query", str(path), "where is the pillow?"]) == 0
    first = capsys.readouterr().out.splitlines()[1]
    assert first.startswith("Pillow_1 on Bed_1")
    assert "Bed_1, Bedroom" in first
    attempt = next(h for h in ask(path, "tidy the house", capsys) if h["store"] == "episodic")
    assert attempt["text"].startswith("tidy the house: succeeded")


def test_a_memory_of_another_episode_is_left_alone(tmp_path, make_world):
    path = tmp_path / "house.mem"
    options = TidyOptions(out=tmp_path / "run", memory=str(path), width=64, height=64, max_steps=10)
    run_and_report(options, make_world)
    before = path.read_bytes()
    with pytest.raises(HippocampusError, match="another episode"):
        run_and_report(options, make_world)
    assert path.read_bytes() == before


def test_memory_is_off_by_default():
    with remembering(TidyOptions()) as remember:
        assert remember is None


@pytest.mark.slow
def test_what_was_moved_is_found_where_it_is_now(tmp_path, capsys):
    path = tmp_path / "house.mem"
    options = TidyOptions(seed=21, rooms=1, width=96, height=96, memory=str(path))
    with remembering(options) as remember:
        run = run_tidy(options.task(), remember=remember)
    plain = run_tidy(options.task())
    assert [s.verb for s in plain.episode.steps] == [s.verb for s in run.episode.steps]  # remembering changes nothing
    assert main(["memory", "check", str(path)]) == 0
    capsys.readouterr()

    true = {o.id: o for o in run.episode.end}
    start = {o.id: o.position for o in run.episode.start}
    moved = [true[name] for _, name in run.episode.picked]
    moved = [o for o in moved if sum(t.category == o.category for t in true.values()) == 1]
    assert moved
    for thing in moved:
        best = ask(path, f"where is the {thing.category}?", capsys)[0]
        assert math.dist(start[thing.id], thing.position) > 0.5
        assert math.dist(best["position_m"], thing.position) < 0.5
        assert best["data"]["support"].split("_")[0] == thing.receptacles[0].split("/")[-1].split("_")[0]
        assert thing.room.startswith(best["data"]["room"])
        placed = next(s for s, name in run.episode.picked if name == thing.id)
        assert placed < best["source"]["step"] < len(run.episode.steps)
        assert 0.5 < best["confidence"] <= 1.0
    assert _seen_within(path, run.episode.end, 0.5) > 0.9


def _seen_within(path, things, metres):
    """Share of the things in memory that are where memory says."""
    errors = []
    with Hippocampus(path, default_stores(), HippocampusConfig(read_only=True, deadline_secs=60.0)) as memory:
        for thing in (o for o in things if o.pickupable):
            question = f"where is the {thing.category}?"
            found = answers(memory.recall(Query(question, limit=25)), question, 20)
            at = [h.position_m for h in found if h.store == "objects"]
            errors += [min(math.dist(p, thing.position) for p in at)] if at else []
    assert len(errors) > 8
    return float(np.mean(np.array(errors) < metres))
