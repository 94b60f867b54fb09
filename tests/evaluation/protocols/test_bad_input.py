"""Whatever sensors, detector and hand do to it, an episode ends, with an empty hand, and its record counts what was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engram.agents.tidy import TidyConfig
from engram.evaluation.tidy import TidyTask, run_tidy, slips
from engram.perception.contracts import Detection
from engram.sims.contract import Verb

TASK = TidyTask(
    seed=7, mess=3, width=64, height=64, max_steps=90, perception="oracle", agent=TidyConfig(explore_steps=12)
)
LONG = replace(TASK, width=96, height=96, max_steps=400)


def blinded(make, **change):
    """Make worlds whose sensors are spoilt from the 20th frame on."""

    def made(task):
        world = make(task)
        sense, seen = world._sense, []

        def spoilt():
            frame = sense()
            seen.append(1)
            return replace(frame, **{k: v(getattr(frame, k)) for k, v in change.items()}) if len(seen) > 20 else frame

        world._sense = spoilt
        return world

    return made


def slippery(make):
    """Make worlds where the first thing that is carried falls at the second move."""

    def made(task):
        world = make(task)
        act, moves = world._act, []

        def slip(verb, point):
            if world.held is not None and verb <= Verb.ROTATE_RIGHT:
                moves.append(verb)
                if len(moves) == 2:
                    world._drop()
            return act(verb, point)

        world._act = slip
        return world

    return made


def ended_well(run):
    assert run.episode.ended == "done"
    assert not run.episode.steps[-1].holding
    assert not any(o.end.held for o in run.score.objects)
    return run


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"rgb": np.zeros_like}, {"black_frame"}),
        ({"depth": np.zeros_like}, {"no_depth"}),
        ({"depth": lambda d: np.full_like(d, np.nan)}, {"no_depth", "broken_depth"}),
        ({"depth": lambda d: np.where(np.arange(64) % 3 == 0, np.float32(np.inf), d)}, {"broken_depth"}),
    ],
    ids=["black", "no depth", "NaN depth", "some infinite depth"],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_frames_that_show_nothing(make_world, change, reasons):
    run = ended_well(run_tidy(TASK, make=blinded(make_world, **change)))
    assert set(run.bad_input) == reasons
    assert set(run.bad_input.values()) == {len(run.episode.steps) - 20}


def test_a_detector_that_sees_nothing(make_world):
    class Nothing:
        def detect(self, observation):
            return []

    run = ended_well(run_tidy(TASK, make=make_world, detector=Nothing()))
    assert not run.episode.picked
    assert not run.bad_input


def test_a_detector_that_gives_garbage(make_world):
    class Garbage:
        def __init__(self):
            self.calls = 0

        def detect(self, observation):
            self.calls += 1
            if self.calls % 5 == 0:
                raise RuntimeError("out of memory")
            everything = np.ones(observation["depth"].shape, bool)
            n = int(everything.sum())
            return [
                Detection("Mug", float("nan"), everything, (0, 0, 64, 64), n),
                Detection("Mug", 0.9, everything, (60, 60, 10, 10), n),
                Detection("Mug", 0.9, everything, (-900, 0, 900, 64), n),
                Detection("Mug", 0.9, ~everything, (0, 0, 64, 64), 0),
                Detection("Mug", 0.9, everything[:9], (0, 0, 9, 64), n),
                Detection("Unicorn", 0.9, everything, (0, 0, 64, 64), n),
            ]

    run = ended_well(run_tidy(TASK, make=make_world, detector=Garbage()))
    failed = len(run.episode.steps) // 5
    seen = len(run.episode.steps) - failed
    assert run.bad_input == {
        "bad_box": 2 * seen, "bad_mask": 2 * seen, "bad_score": seen, "detector_failed": failed, "unknown_label": seen,
    }  # fmt: skip


def test_true_walls_taken_for_things_do_not_stop_it(make_world):
    class Walls:
        def detect(self, observation):
            everything = np.ones(observation["depth"].shape, bool)
            return [Detection("Mug", 0.9, everything, (0, 0, 64, 64), int(everything.sum()))]

    ended_well(run_tidy(TASK, make=make_world, detector=Walls()))


def test_a_thing_that_slips_out_of_the_hand(make_world):
    run = ended_well(run_tidy(LONG, make=slippery(make_world)))
    assert run.bad_input == {"slipped": 1}
    assert slips(run.episode.steps) == 1


def test_setting_down_is_no_slip(make_world):
    run = ended_well(run_tidy(LONG, make=make_world))
    assert run.episode.picked
    assert not run.bad_input
