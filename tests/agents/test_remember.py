from __future__ import annotations

import numpy as np
import pytest

from engram.agents.remember import Remember, RememberConfig, Supports, at_point, result, seen
from engram.agents.situation import Situation, TidyConfig
from engram.agents.tidy import TidyAgent
from engram.perception.oracle import MaskDetector
from engram.planners.placement import PlacementPrior
from engram.sims.contract import Outcome, Verb, act


class Kept:
    """A memory that keeps what it is told."""

    def __init__(self) -> None:
        self.percepts = []

    def write(self, percepts) -> int:
        self.percepts.append(percepts)
        return len(self.percepts)


def tidied(world, **choices):
    """What a whole episode tells."""
    kept = Kept()
    remember = Remember(kept, RememberConfig("r1", "e1"))
    detector = MaskDetector(world.masks, world.labels)
    agent = TidyAgent(detector, TidyConfig(**choices), remember=remember)
    observation, _ = world.reset(seed=0)
    agent.reset(observation)
    for _ in range(400):
        observation, _, terminated, _, _ = world.step(agent.act(observation))
        if terminated:
            break
    return kept.percepts, remember


@pytest.fixture
def just_begun(box_world):
    """The situation at the first sight of the house, and the house."""
    observation, _ = box_world.reset(seed=0)
    sit = Situation(TidyConfig(), MaskDetector(box_world.masks, box_world.labels), PlacementPrior.load())
    sit.perceive(observation)
    return sit, box_world


def test_things_are_where_they_are_and_rest_on_what_they_rest_on(just_begun):
    sit, world = just_begun
    for verb in [Verb.LOOK_DOWN, *[Verb.MOVE_AHEAD] * 12, Verb.ROTATE_LEFT]:
        observation, *_ = world.step(act(verb))
        sit.step += 1
        sit.perceive(observation)
    found = {thing.label: thing for thing in seen(sit, Supports(8))}
    bread = world.where("Bread")
    assert found["Bread"].support == "CounterTop"
    np.testing.assert_allclose(found["Bread"].centre_m, (bread.lo + bread.hi) / 2, atol=0.06)
    assert found["CounterTop"].support == "Floor"
    assert found["Bread"].score == 1.0
    sighting = next(s for s in sit.sightings if s.track.label == "Bread")
    rows, cols = np.nonzero(sighting.detection.mask)
    size = world.config.width
    u, v = (cols[0] + 0.5) / size, (rows[0] + 0.5) / size
    track, at = at_point(sit, u, v)
    assert track is sighting.track
    assert np.all(np.abs(np.array(at) - track.centre) <= track.size / 2 + 0.05)
    assert at_point(sit, 0.5, 0.0)[0] is None  # wall


def test_an_episode_is_told_step_by_step(box_world):
    percepts, _ = tidied(box_world)
    steps, end = percepts[:-1], percepts[-1]
    assert [p.source.step for p in steps] == list(range(len(steps)))
    assert {(p.source.robot, p.source.episode) for p in percepts} == {("r1", "e1")}
    assert steps[0].action == {}
    assert steps[0].summary.startswith("Began")
    assert all(p.points.shape[1] == 3 and p.points.dtype == np.float32 and len(p.points) > 1000 for p in steps)
    assert (end.task, end.outcome, end.summary) == ("tidy the house", "success", "")
    assert end.source == steps[-1].source
    assert not any(p.outcome for p in steps)
    rooms = [p.room for p in steps]
    assert (rooms.count("Kitchen") > 10, rooms.count("Bedroom") > 10) == (True, True)


def test_rooms_of_furniture_are_told_twice_and_then_no_more(box_world):
    percepts, _ = tidied(box_world)
    told = [(thing.label, thing.room) for p in percepts for thing in p.things if thing.room]
    latest = dict(told)
    assert {k: latest.get(k) for k in ("Bed", "Fridge", "CounterTop", "DiningTable")} == {
        "Bed": "Bedroom", "Fridge": "Kitchen", "CounterTop": "Kitchen", "DiningTable": "Kitchen"
    }  # fmt: skip
    assert told.count(("Fridge", "Kitchen")) == 2
    assert "Bread" not in latest  # it is where the counter is


def test_what_was_handled_is_named_with_its_outcome(box_world):
    percepts, _ = tidied(box_world)
    done = [dict(p.action) for p in percepts if p.action.get("verb") in ("pick", "place")]
    good = [(a["verb"], a.get("held") or a["target"]) for a in done if a["outcome"] == "ok"]
    assert sorted(good) == [("pick", label) for label in ("Mug", "Pan", "Pillow")] + [
        ("place", label) for label in ("Mug", "Pan", "Pillow")
    ]
    pillow = next(a for a in done if a.get("held") == "Pillow")
    at = pillow.pop("position_m")
    assert pillow == {"verb": "place", "target": "Bed", "held": "Pillow", "outcome": "ok"}
    *_, bed = (t for p in percepts for t in p.things if t.label == "Bed")  # by now all of it has been seen
    assert all(abs(at[k] - bed.centre_m[k]) <= bed.extent_m[k] / 2 + 0.1 for k in range(3))
    said = [p.summary for p in percepts]
    assert "Put Pillow on Bed." in said
    assert any(s.startswith("Picked up Mug") for s in said)
    first = next(s for s in said if "Mug" in s)
    assert "found" in first


def test_a_failure_is_told_with_its_reason(box_world):
    box_world._pick = lambda point: Outcome.UNREACHABLE
    percepts, _ = tidied(box_world)
    assert any(p.summary == "Could not pick Mug, unreachable." for p in percepts)
    assert percepts[-1].outcome == "unreachable"


def test_the_end_is_told_once(box_world):
    percepts, remember = tidied(box_world, max_steps=20)
    assert percepts[-1].outcome == "out_of_steps"
    remember.ended("interrupted")
    assert sum(bool(p.outcome) for p in percepts) == 1


def test_an_interruption_before_the_first_step_tells_nothing():
    kept = Kept()
    Remember(kept).ended("interrupted")
    assert kept.percepts == []


def test_what_is_left_out_of_place_is_no_success(just_begun):
    sit, world = just_begun
    observation, *_ = world.step(act(Verb.LOOK_DOWN))
    sit.perceive(observation)
    assert any(t.label == "Mug" for t in sit.tracker.tracks)
    assert result(sit, spent=False) == "out_of_place"
    assert result(sit, spent=True) == "out_of_steps"
    sit.note("failed", "Mug", "no_path")
    assert result(sit, spent=False) == "no_path"
    sit.tracker.tracks = [t for t in sit.tracker.tracks if not sit.prior.knows(t.label)]
    assert result(sit, spent=False) == "success"


def test_a_frame_that_was_not_looked_at_tells_of_no_absence(just_begun):
    sit, _ = just_begun
    kept = Kept()
    remember = Remember(kept)
    remember.perceived(sit)
    sit.looked, sit.step = False, 1
    remember.perceived(sit)
    first, second = kept.percepts
    assert len(first.things) > 2
    assert first.points is not None
    assert (second.things, second.points, second.camera_m, sit.looked) == ([], None, None, False)


def test_attention_asks_the_detector_less_and_tidies_as_well(box_world):
    percepts, _ = tidied(box_world, attention=True)
    looked = sum(p.points is not None for p in percepts)
    assert 20 < looked < 0.8 * len(percepts)
    assert percepts[-1].outcome == "success"
    assert box_world.under("Pillow") == "Bed"
