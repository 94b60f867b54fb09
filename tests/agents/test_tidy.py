from __future__ import annotations

import json
from importlib import resources

import numpy as np

from engram.agents.tidy import TidyAgent, TidyConfig
from engram.perception.oracle import MaskDetector
from engram.planners.placement import PlacementPrior
from engram.sims.contract import Verb


def run(world, agent, limit=400):
    observation, _ = world.reset(seed=0)
    agent.reset(observation)
    for _ in range(limit):
        observation, _, terminated, truncated, _ = world.step(agent.act(observation))
        if terminated or truncated:
            return terminated
    return False


def test_tidies_a_house_of_boxes(box_world):
    agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels))
    assert run(box_world, agent)
    assert box_world.under("Mug") in {"CounterTop", "DiningTable", "Desk"}
    assert box_world.under("Pillow") == "Bed"
    assert box_world.under("Pan") in {"CounterTop", "DiningTable"}
    assert (box_world.under("Laptop"), box_world.under("Bread")) == ("Desk", "CounterTop")
    status = agent.status()
    assert (status["phase"], status["tidied"], status["failed"], status["holding"]) == ("done", 3, 0, "")
    assert status["step"] < 250
    kinds = [e.kind for e in agent.journal()]
    assert kinds.count("picked") == kinds.count("placed") == 3
    placed = [e for e in agent.journal() if e.kind == "placed"]
    assert all(e.reason == "verified" and e.before is not None and e.before.shape == (128, 128, 3) for e in placed)


def test_crouches_for_what_lies_under_a_table(box_world):
    box_world.reset(seed=0)
    mug = box_world.where("Mug")
    shift = np.array([1.7, -1.75, 0.05]) - (mug.lo + mug.hi) / 2  # behind the edge of the desk
    mug.lo, mug.hi = mug.lo + shift, mug.hi + shift
    box_world._make = box_world.boxes
    agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels))
    assert run(box_world, agent)
    assert box_world.under("Mug") in {"CounterTop", "DiningTable", "Desk"}
    assert box_world.eye_m == 1.576  # it stands again


def test_lays_boots_on_the_floor_of_the_bedroom(box_world):
    box_world.reset(seed=0)
    box_world.where("Pillow").label = "Boots"  # in the kitchen, where none are kept
    box_world._make = box_world.boxes
    agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels))
    assert run(box_world, agent)
    boots = box_world.where("Boots")
    assert box_world.under("Boots") == "Floor"
    assert boots.hi[0] < 2.5
    placed = [e for e in agent.journal() if e.kind == "placed" and e.label == "Boots"]
    assert [e.target for e in placed] == ["Floor"]


class Wavering(PlacementPrior):
    """Takes beds for the place of mugs until the first is put there."""

    held = True

    def proper(self, category, receptacle, rooms):
        if category == "Mug" and self.held:
            return 1.0 if receptacle == "Bed" else 0.0
        return super().proper(category, receptacle, rooms)


def test_moves_on_what_it_finds_to_have_put_wrong(box_world):
    prior = Wavering(json.loads(resources.files("engram.planners").joinpath("placement_counts.json").read_text()))
    agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels), prior=prior)
    observation, _ = box_world.reset(seed=0)
    agent.reset(observation)
    beds = 0
    for _ in range(400):
        observation, _, terminated, _, _ = box_world.step(agent.act(observation))
        if prior.held and box_world.under("Mug") == "Bed":
            prior.held, beds = False, beds + 1
        if terminated:
            break
    assert beds == 1
    assert box_world.under("Mug") in {"CounterTop", "DiningTable", "Desk"}


def test_map_matches_the_house(box_world):
    agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels))
    run(box_world, agent)
    picture = agent.map_image()
    for x, y, bright in ((-1.0, -0.7, True), (4.5, 0.2, True), (-1.5, 0.5, False), (5.6, -1.2, False)):
        column, row = agent.map_to_pixel(x, y)
        assert (picture[int(row), int(column)].mean() > 200) == bright, (x, y)


def test_stops_in_time_and_starts_afresh(box_world):
    agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels), TidyConfig(max_steps=30))
    assert run(box_world, agent)
    assert agent.status()["step"] <= 30
    observation, _ = box_world.reset(seed=0)
    agent.reset(observation)
    assert agent.status()["step"] == 0
    assert agent.journal() == []
    assert agent.act(observation)["verb"] == Verb.LOOK_DOWN


def test_does_not_move_what_no_table_knows(box_world):
    box_world.reset(seed=0)
    for b in box_world.boxes:
        b.label = "Gizmo" if b.movable else b.label
    box_world._make = box_world.boxes
    before = [b.lo.copy() for b in box_world.boxes]
    agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels))
    assert run(box_world, agent)
    assert all(np.array_equal(a, b.lo) for a, b in zip(before, box_world.boxes, strict=True))
