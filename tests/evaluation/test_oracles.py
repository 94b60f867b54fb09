from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engram.evaluation.detector_options import DetectionNoise
from engram.evaluation.oracles import OracleOptions, TrueJudge, TruePlaces, TrueRooms, mask_detector
from engram.evaluation.scoring import is_proper, locate
from engram.evaluation.tidy import TidyTask, make_agent, make_detector, make_world
from engram.planners.placement import PlacementPrior


@pytest.fixture(scope="module")
def world():
    task = TidyTask(700_003, rooms=2, mess=4, width=96, height=96, perception="oracle")
    world = make_world(task)
    world.reset(seed=task.seed, options={"rooms": 2, "mess": 4})
    yield world
    world.close()


def test_rooms_are_those_that_things_are_in(world):
    rooms = TrueRooms(world)
    things = [o for o in world.truth.objects() if o.room and not o.pickupable]
    assert len({o.room.partition("_")[0] for o in things}) == 2
    assert all(rooms(np.array(o.position)) == {o.room.partition("_")[0]: 1.0} for o in things)


def test_a_judging_detector_says_what_is_out_of_place(world):
    observation, _ = world.reset(seed=700_003, options={"rooms": 2, "mess": 4})
    things = world.truth.objects()
    places = locate(things)
    numbers = [n for n in np.unique(world.truth.instances()) if n >= 0]
    wanted = sorted(
        (things[n].category, None if things[n].id not in places
         else float(not is_proper(things[n].category, places[things[n].id])))
        for n in numbers if (world.truth.instances() == n).sum() >= 4
    )  # fmt: skip
    judged = sorted((d.label, d.out_of_place) for d in mask_detector(world, judging=True).detect(observation))
    assert judged == wanted
    assert {d.out_of_place for d in mask_detector(world).detect(observation)} == {None}


def test_a_learned_detector_is_told_what_is_out_of_place(world):
    observation, _ = world.reset(seed=700_003, options={"rooms": 2, "mess": 4})
    true = mask_detector(world, judging=True).detect(observation)
    wrong = [replace(d, label="Mug", score=0.4, out_of_place=0.5) for d in true]

    class Learned:
        def detect(self, observation):
            return wrong

    told = TidyTask(700_003, perception="learned", oracle=OracleOptions(misplaced=True))
    judged = make_detector(world, told, Learned())
    assert isinstance(judged, TrueJudge)
    found = judged.detect(observation)
    assert [d.out_of_place for d in found] == [d.out_of_place for d in true]
    assert {(d.label, d.score) for d in found} == {("Mug", 0.4)}
    assert make_detector(world, replace(told, oracle=OracleOptions()), Learned()).detect(observation) is wrong


def test_noisy_masks_are_those_of_the_seed(world):
    observation, _ = world.reset(seed=700_003, options={"rooms": 2, "mess": 4})

    def seen(seed, level):
        detector = make_detector(world, TidyTask(seed, perception="noisy", noise=DetectionNoise(level)))
        return [[(d.label, d.score, d.pixels) for d in detector.detect(observation)] for _ in range(3)]

    true = [(d.label, d.score, d.pixels) for d in mask_detector(world).detect(observation)]
    assert seen(1, 0.0) == [true] * 3
    assert seen(1, 1.0) == seen(1, 1.0) != seen(2, 1.0)
    assert true not in seen(1, 1.0)


def test_true_places_are_those_that_score():
    places = TruePlaces(PlacementPrior.load())
    kitchen, half = {"Kitchen": 1.0}, {"Kitchen": 0.5, "Bedroom": 0.5}
    assert places.proper("Mug", "CounterTop", kitchen) == 1.0
    assert places.proper("Mug", "CounterTop", half) == 0.5
    assert places.proper("Mug", None, kitchen) == 0.0


def test_an_agent_has_the_oracles_of_its_task(world):
    plain = make_agent(world, TidyTask(1, perception="oracle"))
    told = make_agent(world, TidyTask(1, perception="oracle", oracle=OracleOptions(True, True, True)))
    assert not isinstance(plain._prior, TruePlaces)
    assert isinstance(told._prior, TruePlaces)
    assert isinstance(told._rooms, TrueRooms)
