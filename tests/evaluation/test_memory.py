from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from engram.agents.cli import main
from engram.evaluation.commands import TidyOptions
from engram.evaluation.session import remembering, run_and_report
from engram.evaluation.tidy import run_tidy
from engram.memory.answers import answers
from engram.memory.contract import Percepts, Query, Source
from engram.memory.file import MemoryFile
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.mapping.errors import LostError
from engram.memory.stores import STORES, default_stores
from engram.sims.house.generate import generate


def ask(path, question, capsys):
    assert main(["memory", "query", str(path), question, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["hits"]


def test_the_house_of_boxes_is_remembered(tmp_path, capsys, make_world):
    path = tmp_path / "house.mem"
    worlds = []

    def make(task):
        worlds.append(make_world(task))
        return worlds[0]

    options = TidyOptions(perception="oracle", out=tmp_path / "run", memory=str(path), width=96, height=96)
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


def test_a_second_episode_goes_on_with_the_map_of_the_first(tmp_path, capsys, make_world, from_elsewhere):
    path = tmp_path / "house.mem"
    options = TidyOptions(perception="oracle", out=tmp_path / "run", memory=str(path), width=64, height=64)
    run_and_report(options, make_world)
    before, rooms, old = instances(path), nodes(path, "room"), rows_of(path)
    run_and_report(replace(options, max_steps=70), from_elsewhere)
    new = rows_of(path)[len(old) :]
    assert {row.episode for row in new} == {f"tidy-7-{len(old)}"}
    assert min(row.stamp_ns for row in new) == max(row.stamp_ns for row in old) + 60 * 10**9
    after = instances(path)
    moved = ("Mug", "Pan", "Pillow")  # they lie elsewhere again
    still = [name for name in before if name.split("_")[0] not in moved]
    assert len(still) == 8
    for name in still:
        assert math.dist(after[name].centre_m, before[name].centre_m) < 0.15
        assert after[name].last.episode == f"tidy-7-{len(old)}"
    assert all(name.split("_")[0] in moved for name in after.keys() - before.keys())
    assert nodes(path, "room") == rooms  # none is doubled
    assert {"Bedroom", "Kitchen"} <= set(rooms)
    assert main(["memory", "check", str(path)]) == 0
    capsys.readouterr()
    best = ask(path, "where is the bread?", capsys)[0]
    assert (best["id"], best["data"]["support"], best["data"]["room"]) == ("Bread_1", "CounterTop_1", "Kitchen")
    assert best["source"]["episode"] == f"tidy-7-{len(old)}"


def test_a_memory_of_another_house_is_left_alone(tmp_path, capsys, make_world, another_house):
    path = tmp_path / "house.mem"
    options = TidyOptions(
        perception="oracle", out=tmp_path / "run", memory=str(path), width=64, height=64, max_steps=70
    )
    run_and_report(options, another_house)
    before = rows_of(path)
    capsys.readouterr()
    with pytest.raises(LostError, match=r"did not find itself in its map: .*; name a new file"):
        run_and_report(options, make_world)
    assert "report.html" in capsys.readouterr().out  # the run itself went on to its end
    assert rows_of(path) == before


def test_a_memory_without_a_map_is_refused_before_the_run(tmp_path, make_world):
    path = tmp_path / "house.mem"
    with Hippocampus(path, default_stores()) as memory:
        memory.write(Percepts(Source("tidy", "e", 0, 0), "Began."))
    with pytest.raises(LostError, match="no map"):
        run_and_report(TidyOptions(perception="oracle", out=tmp_path / "run", memory=str(path)), make_world)
    assert not (tmp_path / "run" / "report.json").exists()


def rows_of(path):
    with MemoryFile(path, read_only=True) as file:
        return list(file.rows())


def replayed(path, name):
    (store,) = default_stores([name])
    with MemoryFile(path, read_only=True) as file:
        file.replay(store, store.dump())
    return store


def instances(path):
    return {name: thing for name, thing in replayed(path, "objects").things.items() if not thing.became}


def nodes(path, kind):
    return sorted(n.name for n in replayed(path, "graph").knowledge.graph.nodes.values() if n.kind.value == kind)


def test_memory_is_off_by_default():
    with remembering(TidyOptions()) as remember:
        assert remember is None


@pytest.mark.slow
def test_what_was_moved_is_found_where_it_is_now(tmp_path, capsys):
    path = tmp_path / "house.mem"
    options = TidyOptions(perception="oracle", seed=21, rooms=1, width=96, height=96, memory=str(path))
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


@pytest.mark.slow
def test_a_robot_goes_on_with_its_memory_of_a_house(tmp_path, capsys):
    path, house = tmp_path / "house.mem", tmp_path / "house.json"
    house.write_text(generate(21, rooms=1).to_json(), encoding="utf-8")
    runs = []
    for seed in (21, 22):  # the start and the mess differ
        options = TidyOptions(
            perception="oracle", seed=seed, house=house, mess=3, width=96, height=96, memory=str(path)
        )
        with remembering(options) as remember:
            runs.append(run_tidy(options.task(), remember=remember).episode)
    first, second = ({o.id: o for o in run.start if not o.pickupable} for run in runs)
    shifts = [math.dist(first[name].position, second[name].position) for name in first]
    assert min(shifts) > 0.5  # their frames differ
    found, episodes = instances(path), {row.episode for row in rows_of(path)}
    assert len(episodes) == 2
    true = Counter(o.category for o in first.values())
    extra = [name for name in found if 0 < true[found[name].label] < int(name.rpartition("_")[2])]
    assert extra == []
    for thing in (o for o in first.values() if true[o.category] == 1 and f"{o.category}_1" in found):
        assert math.dist(found[f"{thing.category}_1"].centre_m[:2], thing.position[:2]) < 0.3
    assert len(nodes(path, "room")) == 1
    assert main(["memory", "check", str(path)]) == 0


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
