from __future__ import annotations

import numpy as np
import pytest

from engram.agents.scout import FrontierScout, RandomScout, WorthScout, scout_of, unlooked, worth_by_counts
from engram.agents.search import SearchAgent, SearchConfig, SearchWaypoints, faces, locate
from engram.agents.situation import Situation, TidyConfig
from engram.perception.oracle import MaskDetector
from engram.planners.placement import PlacementPrior
from engram.sims.contract import Verb


class Peak:
    """Believes that everything is at one place."""

    def __init__(self, xy):
        self.xy, self.asked = np.array(xy, float), []

    def heat(self, grid, tracks, label):
        self.asked.append(label)
        return self

    def on(self, grid):
        density = np.zeros(grid.shape, np.float32)
        cells = grid.cells(self.xy + np.stack(np.meshgrid([-0.1, 0.0, 0.1], [-0.1, 0.0, 0.1]), -1).reshape(-1, 2))
        cells = cells[grid.inside(cells)]
        density[cells[:, 0], cells[:, 1]] = 1.0 / 0.0225
        return density

    def places(self, grid, tracks, label):
        return [(self.xy, 0.9)]


def detector_of(world):
    return MaskDetector(world.masks, world.labels)


def hunt(world, target, **choices):
    searcher = choices.pop("searcher", None)
    agent = SearchAgent(target, detector_of(world), SearchConfig(**choices), searcher=searcher)
    observation, _ = world.reset(seed=0)
    agent.reset(observation)
    for _ in range(600):
        action = agent.act(observation)
        observation, *_ = world.step(action)
        if action["verb"] == Verb.DONE:
            return agent, observation
    raise AssertionError("it never ended")


@pytest.mark.parametrize("method", ["net", "prior", "frontier", "random"])
def test_every_method_finds_a_thing_of_the_next_room_and_faces_it(box_world, method):
    agent, observation = hunt(
        box_world, "Pillow", search=method, explore_steps=0, searcher=Peak((4.9, 0.1)) if method == "net" else None
    )
    assert agent.found
    assert 5 < agent.search_steps <= 200
    pillow = box_world.where("Pillow")
    assert np.hypot(*((pillow.lo + pillow.hi)[:2] / 2 - observation["base"][:2])) < 1.2
    number = box_world.labels().index("Pillow")
    assert (box_world.masks() == number).sum() > 10
    assert [e.kind for e in agent.journal()] == ["phase", "phase", "found"]


def test_what_is_not_there_is_given_up_when_the_steps_are_spent(box_world):
    agent, _ = hunt(box_world, "Toaster", search="frontier", explore_steps=0, search_steps=30)
    assert not agent.found
    assert agent.search_steps == 30
    assert agent.status()["phase"] == "search"


def test_the_search_begins_when_the_exploration_is_spent(box_world):
    agent, _ = hunt(box_world, "Toaster", search="random", explore_steps=20, search_steps=10)
    assert agent.begun is not None
    assert 20 <= agent.begun < 50
    begun = [e.step for e in agent.journal() if e.label == "search"]
    assert begun == [agent.begun]


def test_lookup_goes_straight_to_what_exploration_has_found(box_world):
    known, _ = hunt(box_world, "Pan", search="random", explore_steps=10)
    unknown, _ = hunt(box_world, "Pan", search="net", explore_steps=10, lookup=False, searcher=Peak((-0.6, 1.2)))
    assert known.found
    assert unknown.found
    assert known.search_steps <= unknown.search_steps


def test_a_good_belief_leads_through_the_door(box_world):
    agent, _ = hunt(box_world, "Fridge", search="net", explore_steps=0, searcher=Peak((5.4, -1.3)))
    assert agent.found
    assert agent.search_steps <= 40


def explored(world, steps=40):
    sit = Situation(TidyConfig(), detector_of(world), PlacementPrior.load())
    agent = SearchAgent("Toaster", detector_of(world), SearchConfig(search="frontier", explore_steps=steps))
    observation, _ = world.reset(seed=0)
    agent.reset(observation)
    for _ in range(steps):
        sit.perceive(observation)
        sit.step += 1
        observation, *_ = world.step(agent.act(observation))
    sit.perceive(observation)
    return sit


def run(world, sit, skill):
    try:
        while True:
            observation, *_ = world.step(next(skill))
            sit.step += 1
            sit.perceive(observation)
    except StopIteration as end:
        return end.value


def test_locate_takes_what_is_known_and_else_looks_where_it_may_be(box_world):
    sit = explored(box_world, 4)
    net = Peak((4.1, -1.2))
    bed = run(box_world, sit, locate(sit, ["Bed"], net))
    assert bed.label == "Bed"
    assert net.asked == []
    table = run(box_world, sit, locate(sit, ["DiningTable"], net, views=6))
    assert table is not None
    assert table.label == "DiningTable"
    assert set(net.asked) == {"DiningTable"}


def test_locate_gives_up_after_its_views(box_world):
    sit = explored(box_world, 4)
    before = sit.step
    assert run(box_world, sit, locate(sit, ["Toaster"], Peak((0.5, -0.9)), views=2)) is None
    assert sit.step > before


def test_waypoints_for_the_tidy_agent(box_world):
    sit = explored(box_world, 4)
    (place,) = SearchWaypoints(Peak((4.0, 1.0)))(sit, "Sink")
    assert np.allclose(place, (4.0, 1.0))


def test_what_was_looked_at_in_vain_is_worth_less(box_world):
    sit = explored(box_world, 4)
    left = unlooked(sit, [((0, 0), 0)])
    ahead, behind = sit.grid.cells(np.array([[1.2, 0.0], [-1.2, 0.0]]))
    assert left[tuple(ahead)] < left[tuple(behind)] == 1.0
    assert unlooked(sit, [((0, 0), 0), ((0, 0), 0)])[tuple(ahead)] < left[tuple(ahead)]


def test_counts_send_the_robot_to_where_a_thing_is_kept(box_world):
    sit = explored(box_world, 8)
    worth = worth_by_counts(sit, "Pillow")
    bed = next(t for t in sit.tracker.tracks if t.label == "Bed")
    desk = next(t for t in sit.tracker.tracks if t.label == "Desk")
    (bx, by), (dx, dy) = sit.grid.cells(np.array([bed.centre[:2], desk.centre[:2]]))
    assert worth[bx, by] > 0.1 > worth[dx, dy]


def test_scouts_never_name_a_refused_pose(box_world):
    sit = explored(box_world, 4)
    scout = WorthScout(lambda sit, label: np.ones(sit.grid.shape, np.float32))
    first = scout.view(sit, "Mug", set())
    second = scout.view(sit, "Mug", {(first.node, first.heading)})
    assert (first.node, first.heading) != (second.node, second.heading)
    assert isinstance(scout_of("frontier")[0], FrontierScout)
    assert isinstance(scout_of("random")[0], RandomScout)


def test_facing_needs_the_thing_in_view_and_near(box_world):
    sit = explored(box_world, 0)
    bed = next(t for t in sit.tracker.tracks if t.label in ("Bed", "Desk", "Mug"))
    assert not faces(sit, bed, 0.06)
    assert faces(sit, bed, 20.0)
