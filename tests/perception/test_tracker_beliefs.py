from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from engram.perception.beliefs import Fusion, agreement, evidence_of
from engram.perception.contracts import Detection
from engram.perception.geometry import point_image
from engram.perception.lifting import beliefs_of
from engram.perception.sizes import UNBOUNDED_M, diagonal_m, reach_m
from engram.perception.tracker import Track, Tracker
from engram.sims.contract import Camera

SIZE = 96
CAMERA = Camera.from_fov(SIZE, SIZE, 90.0)
PLATE = {"Plate": 0.6, "Bowl": 0.3}
BOWL = {"Bowl": 0.5, "Plate": 0.3}


def frame(eye=(0.0, 0.0, 0.5), wall_m=3.0, things=()):
    """A camera that looks along x at a wall, in front of which flat things stand: (row0, col0, row1, col1, depth)."""
    pose = np.eye(4)
    pose[:3, :3] = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    pose[:3, 3] = eye
    depth = np.full((SIZE, SIZE), wall_m, np.float32)
    for row0, col0, row1, col1, m in things:
        depth[row0:row1, col0:col1] = m
    return {"depth": depth, "camera": np.array(CAMERA), "map_T_camera": pose, "holding": 0}


def seen(label, box, score=0.7, beliefs=None, **more):
    row0, col0, row1, col1 = box
    mask = np.zeros((SIZE, SIZE), bool)
    mask[row0:row1, col0:col1] = True
    return Detection(label, score, mask, box, int(mask.sum()), beliefs=beliefs, **more)


def look(tracker, observation, found, step=0):
    return tracker.update(observation, found, point_image(observation), step)


HERE = (44, 44, 52, 52)  # at 1.2 m this is 0.2 m wide
EYES = [(0.0, y, 0.5) for y in (-1.05, -0.55, 0.0, 0.55, 1.05)]


def at(eye, y=0.0, away_m=1.2, half=4):
    """Box in the image, from an eye that looks along x, of a thing at (away_m, y, 0.5)."""
    col = round(SIZE / 2 + CAMERA.fx * (eye[1] - y) / away_m)
    return (44, col - half, 52, col + half)


def five_views(tracker, views):
    for step, (eye, (label, beliefs)) in enumerate(zip(EYES, views, strict=True)):
        box = at(eye)
        look(tracker, frame(eye, things=[(*box, 1.2)]), [seen(label, box, 0.6, beliefs)], step)


def test_views_add_up_in_any_order():
    views = [
        ((0, 0, 0), {"Mug": 0.7, "Cup": 0.2}, 0.6, 0.9),
        ((0, 0, 0), {"Cup": 0.8}, 0.9, None),
        ((1, 0, 0), {"Mug": 0.5}, 0.3, 0.2),
        ((1, 1, 0), {"Bowl": 0.4, "Mug": 0.35}, 0.5, 0.7),
    ]
    results = []
    for order in itertools.permutations(views):
        fusion = Fusion()
        for view in order:
            fusion.add(*view)
        results.append((fusion.belief(), fusion.presence, fusion.out_of_place))
    for belief, presence, out in results[1:]:
        assert belief == pytest.approx(results[0][0])
        assert presence == pytest.approx(results[0][1])
        assert out == pytest.approx(results[0][2])
    assert max(results[0][0], key=results[0][0].get) == "Mug"


def test_joining_is_seeing_all_views():
    a, b, both = Fusion(), Fusion(), Fusion()
    for fusion, cell, beliefs in ((a, (0, 0, 0), PLATE), (b, (0, 0, 0), BOWL), (b, (1, 0, 0), BOWL)):
        for each in (fusion, both):
            each.add(cell, beliefs, 0.5, 0.8)
    a.join(b)
    assert a.belief() == pytest.approx(both.belief())
    assert (a.presence, a.out_of_place) == pytest.approx((both.presence, both.out_of_place))


def test_looking_again_from_the_same_place_says_little():
    near, apart = Fusion(), Fusion()
    for k in range(20):
        near.add((0, 0, 0), {"Mug": 0.5}, 0.5, None)
        apart.add((k, 0, 0), {"Mug": 0.5}, 0.5, None)
    one = evidence_of(0.5)
    assert one < near.presence < 2 * one
    assert apart.presence == pytest.approx(20 * one)


def test_judgements_are_fused_and_knowledge_stands_alone():
    fusion = Fusion()
    assert fusion.out_of_place is None
    for cell, judged in (((0, 0, 0), 0.7), ((1, 0, 0), 0.7), ((2, 0, 0), None)):
        fusion.add(cell, PLATE, 0.5, judged)
    assert fusion.out_of_place == pytest.approx(0.49 / (0.49 + 0.09))
    fusion.add((3, 0, 0), PLATE, 1.0, 0.0)
    assert fusion.out_of_place == 0.0
    fusion.forget_place()
    assert fusion.out_of_place is None
    assert max(fusion.belief(), key=fusion.belief().get) == "Plate"


def test_agreement():
    assert agreement({"Mug": 1.0}, {"Mug": 0.2}) == pytest.approx(1.0)
    assert agreement({"Mug": 1.0}, {"Cup": 1.0}) == agreement({}, {"Cup": 1.0}) == 0.0
    assert 0.3 < agreement(PLATE, BOWL) < 1.0


@pytest.mark.parametrize("wrong", range(5))
def test_one_wrong_view_of_five_does_not_turn_the_label(wrong):
    tracker = Tracker()
    views = [("Plate", PLATE)] * 5
    views[wrong] = ("Bowl", {"Bowl": 0.95, "Plate": 0.04})
    five_views(tracker, views)
    (track,) = tracker.tracks
    assert (track.label, track.views) == ("Plate", 5)
    assert 0.5 < track.label_belief < 1.0


def test_a_confused_label_joins_and_one_of_another_kind_does_not():
    tracker = Tracker()
    here = frame(things=[(*HERE, 1.2)])
    look(tracker, here, [seen("Plate", HERE, beliefs=PLATE)])
    look(tracker, here, [seen("Bowl", HERE, beliefs=BOWL)])
    assert len(tracker.tracks) == 1
    look(tracker, frame(), [seen("Painting", (20, 20, 76, 76), beliefs={"Painting": 0.8})])
    assert sorted(t.label for t in tracker.tracks) == ["Painting", "Plate"]


def test_who_is_sure_of_two_labels_has_two_things():
    tracker = Tracker()
    here = frame(things=[(*HERE, 1.2)])
    for label in ("Plate", "Bowl"):
        look(tracker, here, [seen(label, HERE, 1.0)])
    assert sorted(t.label for t in tracker.tracks) == ["Bowl", "Plate"]
    assert all(t.confirmed for t in tracker.tracks)


def test_the_nearest_of_two_is_taken():
    tracker = Tracker()
    left, right = (44, 38, 52, 46), (44, 50, 52, 58)
    here = frame(things=[(*left, 1.2), (*right, 1.2)])
    look(tracker, here, [seen("Mug", left), seen("Mug", right)])
    first, second = tracker.tracks
    (sighting,) = look(tracker, here, [seen("Mug", right)], 1)
    assert sighting.track is second
    assert (first.state, second.state) == ("stale", "visible")


def test_one_thing_found_twice_is_one():
    tracker = Tracker()
    found = [seen("Plate", HERE, 0.6, PLATE), seen("Bowl", (44, 44, 52, 51), 0.5, BOWL)]
    look(tracker, frame(things=[(*HERE, 1.2)]), found)
    (track,) = tracker.tracks
    assert track.label == "Plate"
    assert track.belief["Bowl"] > 0.2
    assert tracker.dropped["duplicate"] == 1


def test_confirmed_by_two_views_or_a_very_sure_one():
    tracker = Tracker()
    for k, eye in enumerate(EYES[1:4]):
        box = at(eye)
        look(tracker, frame(eye, things=[(*box, 1.2)]), [seen("Mug", box, 0.65)], k)
        assert [t.confirmed for t in tracker.tracks] == [k >= 1]
    sure = Tracker()
    look(sure, frame(things=[(*HERE, 1.2)]), [seen("Mug", HERE, 0.9)])
    assert sure.tracks[0].confirmed
    assert sure.tracks[0].existence == pytest.approx(-math.log(0.1))


def test_what_is_absent_from_clear_views_goes_but_not_what_is_hidden():
    tracker, hidden = Tracker(), Tracker()
    for each in (tracker, hidden):
        look(each, frame(things=[(*HERE, 1.2)]), [seen("Mug", HERE, 0.9)])
    for step in range(1, 9):
        eye = (0.0, 0.6 if step % 2 else -0.6, 0.5)
        look(tracker, frame(eye), [], step)
        look(hidden, frame(eye, wall_m=0.8), [], step)
    assert tracker.tracks == []
    assert [t.missed for t in hidden.tracks] == [0]


def test_a_wavering_detector_does_not_lose_things_by_looking_again_from_the_same_place():
    tracker = Tracker()
    look(tracker, frame(things=[(*HERE, 1.2)]), [seen("Mug", HERE, 0.5)])
    before = tracker.tracks[0].existence
    losses = []
    for step in range(1, 4):
        look(tracker, frame(things=[(*HERE, 1.2)]), [], step)
        losses.append(before - tracker.tracks[0].existence)
        before = tracker.tracks[0].existence
    assert losses[0] > losses[1] > losses[2] > 0.0


def test_furniture_that_never_was_goes_too():
    tracker = Tracker()
    look(tracker, frame(), [seen("Sofa", (20, 20, 76, 76), 0.5)])
    for step, eye in enumerate(EYES[1:4] * 2, 1):
        look(tracker, frame(eye), [], step)
    assert tracker.tracks == []


def test_a_mask_that_spills_over_does_not_reach_the_wall():
    tracker = Tracker()
    look(tracker, frame(things=[(*HERE, 1.2)]), [seen("Mug", (43, 43, 53, 53), 0.8)])
    (mug,) = tracker.tracks
    assert mug.size.max() < 0.25
    assert mug.centre == pytest.approx([1.2, 0.0, 0.5], abs=0.03)


BAD = {
    "box": [seen("Mug", (44, 44, 44, 52)), seen("Mug", (44, 44, 52, 200)), seen("Mug", (-3, 44, 52, 52))],
    "mask": [
        Detection("Mug", 0.5, np.zeros((SIZE, SIZE), bool), HERE, 0),
        Detection("Mug", 0.5, np.ones((3, 3), bool), HERE, 9),
    ],
    "score": [seen("Mug", HERE, math.nan), seen("Mug", HERE, 7.0), seen("Mug", HERE, out_of_place=math.nan)],
}


@pytest.mark.parametrize("fault", BAD)
def test_garbage_is_counted_and_left_out(fault):
    tracker = Tracker()
    sightings = look(tracker, frame(things=[(*HERE, 1.2)]), [*BAD[fault], seen("Mug", HERE)])
    assert [s.track.label for s in sightings] == ["Mug"]
    assert dict(tracker.dropped) == {fault: len(BAD[fault])}


@pytest.mark.parametrize("depth", [math.nan, math.inf, 0.0, -1.0])
def test_depth_that_is_none_is_counted(depth):
    tracker = Tracker()
    look(tracker, frame(things=[(*HERE, 1.2)]), [seen("Mug", HERE)])
    look(tracker, frame(wall_m=depth), [seen("Mug", HERE)], 1)
    assert dict(tracker.dropped) == {"depth": 1}
    assert [t.views for t in tracker.tracks] == [1]


def test_a_pose_that_is_no_number_loses_the_frame():
    tracker = Tracker()
    broken = frame()
    broken["map_T_camera"] = np.full((4, 4), np.nan)
    assert look(tracker, broken, [seen("Mug", HERE)]) == []
    assert dict(tracker.dropped) == {"pose": 1}


def test_held_put_down_and_seen_again():
    tracker = Tracker()
    here = frame(things=[(*HERE, 1.2)])
    look(tracker, here, [seen("Mug", HERE, 0.9, out_of_place=0.9)])
    (mug,) = tracker.tracks
    assert mug.out_of_place > 0.8
    tracker.hold(mug)
    assert (mug.state, tracker.tracks) == ("held", [])
    put = tracker.put(np.array([1.25, 0.0, 0.42]), 1)
    assert (put.state, put.label, put.number, put.out_of_place) == ("placed", "Mug", 1, None)
    assert put.lo[2] == 0.42
    assert put.confirmed
    (sighting,) = look(tracker, here, [seen("Mug", HERE, 0.9)], 2)
    assert sighting.track is put
    assert (put.state, put.views) == ("visible", 2)
    assert put.centre == pytest.approx([1.2, 0.0, 0.5], abs=0.03)
    assert tracker.put(np.zeros(3), 3) is None
    tracker.remove(put)
    assert put.state == "removed"


def test_what_the_hand_shows_outweighs_views_from_afar():
    tracker = Tracker()
    five_views(tracker, [("Cup", {"Cup": 0.7, "Mug": 0.2})] * 5)
    (thing,) = tracker.tracks
    assert thing.label == "Cup"
    carried = {**frame(things=[(70, 40, 96, 56, 0.42)]), "holding": 1}
    beside = seen("Bowl", (70, 60, 80, 70))  # nothing near there: it is not in the hand
    assert look(tracker, carried, [seen("Mug", (70, 40, 96, 56), 0.9, {"Mug": 0.95}), beside], 6) != []
    tracker.hold(thing)
    assert thing.label == "Mug"
    look(tracker, carried, [seen("Mug", (70, 40, 96, 56), 0.9, {"Mug": 0.95})], 7)
    put = tracker.put(np.array([1.25, 0.0, 0.42]), 8)
    assert put.label == "Mug"
    assert put.label_belief > 0.8
    look(tracker, frame(things=[(70, 40, 96, 56, 0.42)]), [], 9)
    assert tracker.hand is None


def test_sizes_bound_what_a_thing_can_be():
    assert 0.1 < diagonal_m("Mug") < 0.4 < diagonal_m("Sofa") < UNBOUNDED_M == diagonal_m("Gizmo")
    assert reach_m({"Mug": 0.6, "Sofa": 0.05}) == diagonal_m("Mug")
    assert reach_m({"Mug": 0.6, "Sofa": 0.4}) == diagonal_m("Sofa")
    assert reach_m({}) == UNBOUNDED_M


def test_beliefs_of_a_detection_are_probabilities():
    assert beliefs_of(seen("Mug", HERE, 0.4)) == {"Mug": 0.4}
    assert beliefs_of(seen("Mug", HERE, beliefs={"Mug": 3.0, "Cup": 1.0, "Pot": math.nan})) == {
        "Mug": 0.75,
        "Cup": 0.25,
    }
    assert beliefs_of(seen("Mug", HERE, 0.0)).keys() == {"Mug"}


def test_the_box_of_a_thing_in_doubt_leaves_out_what_few_views_show():
    track = Track(0, {"Mug": 1.0}, np.zeros(3), np.ones(3), 0, 0, sureness=0.5)
    for k in range(6):
        high = np.full(3, 0.1 if k else 2.0)
        track.grow(np.zeros(3), high, sure=False, small=True)
    np.testing.assert_allclose(track.size, 0.1)


def test_a_thing_of_unknown_kind_is_there_all_the_same():
    tracker = Tracker()
    doubt = {"Mug": 0.1, "Cup": 0.09, "Vase": 0.08}
    look(tracker, frame(things=[(*HERE, 1.2)]), [seen("Mug", HERE, 0.09, doubt, presence=0.9)])
    assert tracker.tracks[0].confirmed
    assert tracker.tracks[0].existence == pytest.approx(-math.log(0.1))


def test_labels_that_are_not_named_do_not_outweigh_one_that_is_named_again_and_again():
    tracker = Tracker()
    five_views(tracker, [("Mug", {"Mug": 0.35, "Cup": 0.1})] * 5)
    assert len(tracker.tracks) == 1
    assert tracker.tracks[0].label_belief > 0.9
