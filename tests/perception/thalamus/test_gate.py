from __future__ import annotations

import numpy as np
import pytest

from engram.perception.geometry import point_image
from engram.perception.thalamus.gate import GateConfig, NoveltyGate
from engram.sims.contract import Outcome


def reasons(gate, frames, verbs=None):
    return [gate.attend(*f, verb).reason for f, verb in zip(frames, verbs or [""] * len(frames), strict=True)]


def test_the_first_frame_passes_and_the_same_again_does_not(corner):
    gate = NoveltyGate()
    first = gate.attend(*corner.frame())
    assert (first.attended, first.reason, first.novelty.fresh) == (True, "first", 1.0)
    again = gate.attend(*corner.frame())
    assert (again.attended, again.reason, again.skipped) == (False, "known", 1)
    assert again.novelty.score == 0.0


def test_a_turn_to_unseen_walls_is_news_and_back_is_none(corner):
    gate = NoveltyGate()
    gate.attend(*corner.frame(yaw_deg=0))
    turned = gate.attend(*corner.frame(yaw_deg=90))
    assert (turned.reason, turned.novelty.fresh > 0.7) == ("novel", True)
    assert not gate.attend(*corner.frame(yaw_deg=0)).attended


def test_what_is_put_down_and_what_goes_is_noticed(corner):
    gate = NoveltyGate()
    gate.attend(*corner.frame())
    corner.put("chair", (2.0, 0.0, 0.4), (0.5, 0.5, 0.8))
    came = gate.attend(*corner.frame())
    assert came.attended
    assert came.novelty.fresh > 0.03
    assert gate.attend(*corner.frame()).novelty.score < 0.03
    del corner.boxes["chair"]
    went = gate.attend(*corner.frame())
    assert went.attended
    assert went.novelty.vanished > 0.02
    assert went.novelty.fresh < 0.02  # the wall and the floor behind it were known
    assert gate.attend(*corner.frame()).novelty.vanished == 0.0


def test_a_small_thing_that_goes_is_noticed(corner):
    corner.put("pot", (1.6, 0.1, 0.15), (0.25, 0.25, 0.3))
    gate = NoveltyGate()
    gate.attend(*corner.frame())
    del corner.boxes["pot"]
    assert gate.attend(*corner.frame()).novelty.vanished > 0.0


def test_another_colour_is_noticed(corner):
    corner.put("screen", (3.9, 0.0, 1.2), (0.1, 2.0, 1.2), colour=10)
    gate = NoveltyGate()
    gate.attend(*corner.frame(pitch_deg=0))
    corner.paint["screen"] = 240
    seen = gate.attend(*corner.frame(pitch_deg=0))
    assert (seen.reason, seen.novelty.fresh) == ("novel", 0.0)
    assert seen.novelty.recoloured > 0.06


def test_far_surfaces_are_news_once_more_from_near(corner):
    gate = NoveltyGate(GateConfig(range_m=5.0))
    gate.attend(*corner.frame(x=1.0, pitch_deg=0))
    assert not gate.attend(*corner.frame(x=1.1, pitch_deg=0)).attended
    assert gate.attend(*corner.frame(x=2.2, pitch_deg=0)).novelty.fresh > 0.2
    assert not gate.attend(*corner.frame(x=2.2, pitch_deg=0)).attended


def test_attention_lasts_longer_than_it_takes_to_begin(corner):
    """The same share of news, between the two thresholds, passes only while attention lasts."""
    corner.put("crate", (2.5, 0.0, 0.3), (0.4, 0.4, 0.6))
    news = NoveltyGate(GateConfig(max_skipped=99))
    news.attend(*corner.frame())
    bare, crate = corner.frame(), corner.boxes.pop("crate")
    share = news.attend(*corner.frame()).novelty.score
    config = GateConfig(start=2.0 * share, stop=0.5 * share, max_skipped=99)
    asleep = NoveltyGate(config)
    assert reasons(asleep, [bare, bare, corner.frame()]) == ["first", "known", "known"]
    awake = NoveltyGate(config)
    corner.boxes["crate"] = crate
    turned = corner.frame(yaw_deg=90)
    frames = [corner.frame(), turned]
    del corner.boxes["crate"]
    assert reasons(awake, [*frames, corner.frame()]) == ["first", "novel", "novel"]


@pytest.mark.parametrize("verb", ["pick", "place", "open", "close", "toggle_on", "toggle_off", "slice", "drop"])
def test_frames_after_interactions_pass(corner, verb):
    gate = NoveltyGate(GateConfig(after_interaction=2))
    frames = [corner.frame()] * 5
    got = reasons(gate, frames, ["", "move_ahead", verb, "move_back", "move_back"])
    assert got == ["first", "known", "interaction", "interaction", "known"]


def test_a_change_of_the_hand_and_a_failure_pass(corner):
    gate = NoveltyGate(GateConfig(after_interaction=1))
    frames = [
        corner.frame(),
        corner.frame(outcome=int(Outcome.BLOCKED)),
        corner.frame(),
        corner.frame(holding=1),
        corner.frame(holding=1),
        corner.frame(holding=0),
    ]
    assert reasons(gate, frames) == ["first", "failure", "known", "hand", "known", "hand"]


@pytest.mark.parametrize("most", [0, 1, 4])
def test_skipped_frames_are_bounded(corner, most):
    gate = NoveltyGate(GateConfig(max_skipped=most))
    judged = [gate.attend(*corner.frame()) for _ in range(21)]
    assert max(a.skipped for a in judged) == most
    assert [a.attended for a in judged] == [k % (most + 1) == 0 for k in range(21)]


@pytest.mark.parametrize("reading", [0.0, np.nan, np.inf])
def test_a_frame_that_tells_nothing_is_not_judged_as_known(corner, reading):
    gate = NoveltyGate()
    gate.attend(*corner.frame())
    observation, _ = corner.frame()
    observation["depth"][:] = reading
    with np.errstate(invalid="ignore"):
        blind = gate.attend(observation, point_image(observation))
    assert (blind.attended, blind.reason) == (True, "blind")
    assert not gate.attend(*corner.frame()).attended  # and it has made nothing unknown


def test_switched_off_everything_passes(corner):
    gate = NoveltyGate(GateConfig(enabled=False))
    assert reasons(gate, [corner.frame()] * 3) == ["first", "novel", "novel"]


@pytest.mark.parametrize("wrong", [{"start": 0.01, "stop": 0.02}, {"max_skipped": -1}, {"voxel_m": 0.0}])
def test_thresholds_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="gate"):
        GateConfig(**wrong)
