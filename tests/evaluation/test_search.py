from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from engram.agents.search import SearchConfig
from engram.evaluation import suite
from engram.evaluation.options import OptionError, build
from engram.evaluation.protocols import load
from engram.evaluation.search import (
    Hunt,
    SearchEpisode,
    SearchHouse,
    draw_targets,
    figures,
    findable,
    in_view_within,
    run_search,
)
from engram.sims.contract import TrueObject


def thing(id_, x=0.0, y=0.0, size=0.2, receptacles=(), **flags):
    state = flags.pop("state", {})
    return TrueObject(
        id=id_, category=id_.partition("_")[0], position=(x, y, 0.5), extent=(size, size, size),
        receptacles=receptacles, room="Kitchen_0", pickupable=True, receptacle=flags.get("receptacle", False),
        openable=flags.get("openable", False), state=state,
    )  # fmt: skip


class Truth:
    def __init__(self, things, cells=((0.0, 0.0),), numbers=None):
        self._things, self._cells, self._numbers = things, np.array(cells), numbers

    def objects(self):
        return self._things

    def reachable(self):
        return self._cells

    def instances(self):
        return self._numbers


def test_what_lies_behind_a_shut_door_cannot_be_found():
    fridge = thing("Fridge_0", receptacle=True, openable=True, state={"open": False})
    egg = thing("Egg_0", receptacles=("Bowl_0", "Fridge_0"))
    assert [t.id for t in findable([fridge, egg, thing("Mug_0")])] == ["Fridge_0", "Mug_0"]
    ajar = thing("Fridge_0", receptacle=True, openable=True, state={"open": True})
    assert egg in findable([ajar, egg])


def test_targets_can_be_driven_up_to_and_are_the_same_for_a_seed():
    truth = Truth([thing("Mug_0", 0.5), thing("Mug_1", 0.6), thing("Bed_0", 1.7, size=2.0), thing("Vase_0", 3.0)])
    assert sorted(draw_targets(truth, 5, 1)) == ["Bed", "Mug"]
    assert draw_targets(truth, 5, 1, least_m=0.6) == ["Bed"]
    assert draw_targets(truth, 1, 1) == draw_targets(truth, 1, 1)
    assert len({draw_targets(truth, 1, seed)[0] for seed in range(12)}) == 2


def observation(depth_m):
    pose = np.array([[0.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]])
    return {
        "depth": np.full((4, 4), depth_m, np.float32),
        "camera": np.array([2.0, 2.0, 2.0, 2.0, 4.0, 4.0]),
        "map_T_camera": pose,
        "base": np.zeros(3),
    }


@pytest.mark.parametrize(
    ("depth_m", "category", "seen"), [(0.8, "Mug", True), (1.2, "Mug", False), (0.8, "Cup", False)]
)
def test_success_is_a_thing_of_the_category_in_view_within_a_metre(depth_m, category, seen):
    numbers = np.full((4, 4), -1, np.int32)
    numbers[1:3, 1:3] = 1
    truth = Truth([thing("Cup_0"), thing("Mug_0")], numbers=numbers)
    assert in_view_within(truth, observation(depth_m), category, 1.0) is seen


def test_failures_count_as_the_whole_budget():
    hunts = [
        Hunt("Mug", claimed=True, close=True, steps=20, path_m=3.0),
        Hunt("Bed", claimed=True, close=False, steps=30, path_m=5.0),
        Hunt("Vase", claimed=False, close=True, steps=199, path_m=7.0),
    ]
    values = figures(hunts, 200)
    assert values == {
        "targets": 3.0, "found": 1.0, "claimed": 2.0, "false_success": 1.0, "search_steps": 140.0, "path_m": 5.0
    }  # fmt: skip


def test_options_are_checked():
    with pytest.raises(OptionError):
        build(SearchEpisode, {"targets": 0})
    with pytest.raises(KeyError, match="Mug"):
        SearchEpisode(target="Mugg")


def test_the_suite_compares_methods_on_the_same_houses():
    read = suite.load("object-search")
    configs = {v.name: build(SearchEpisode, v.config) for v in read.variants}
    assert configs["base"].agent.search == "net"
    methods = {(c.agent.search, c.agent.explore_steps) for c in configs.values() if c.agent.lookup}
    assert methods == {(m, e) for m in ("net", "prior", "frontier", "random") for e in (0, 40, 100)}
    assert sum(not c.agent.lookup for c in configs.values()) == 3
    assert min(read.seeds) >= 700_000


@pytest.mark.slow
def test_a_robot_finds_a_bed_in_a_small_house():
    options = SearchEpisode(
        SearchHouse(rooms=2, width=112, height=112),
        SearchConfig(search="frontier", explore_steps=0),
        target="",
        targets=1,
        perception="oracle",
    )
    run = run_search(options, 12)
    assert len(run.hunts) == 1
    assert run.hunts[0].success
    assert run.values["search_steps"] == run.hunts[0].steps
    outcome = load("search").run(
        {"world": {"rooms": 2, "width": 112, "height": 112}, "targets": 1, "perception": "oracle",
         "agent": {"search": "frontier", "explore_steps": 0}},
        12, None,
    )  # fmt: skip
    assert outcome.values == run.values
    assert outcome.ended == "done"
    assert SimpleNamespace(**run.values).found == 1.0
