from __future__ import annotations

import pytest
from scipy.spatial.transform import Rotation

from engram.evaluation.metrics.boxes import Box
from engram.evaluation.metrics.rearrangement import Pose, Rearrangement, energy, equal, rearrangement


def cube(x, **change):
    return Pose(Box.of((x, 0, 0), (1, 1, 1)), **change)


HOME, BROKEN = cube(0), Pose(broken=True)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (HOME, 0.0),
        (cube(1 / 3), 0.0),  # IoU 1/2
        (cube(0.5), 0.5 * (1 - (1 / 3) / 0.5)),
        (cube(2), 0.5 + 0.5 * 1 / 2),  # corners 1 m apart
        (cube(1), 0.5),  # they touch: no overlap, no distance
        (cube(9), 1.0),
        (BROKEN, 1.0),
    ],
)
def test_energy_of_what_moves(now, expected):
    assert energy(HOME, now) == pytest.approx(expected)
    assert equal(HOME, now) is (expected == 0.0)


@pytest.mark.parametrize(("now", "expected"), [(0.3, 0.0), (0.5, 0.0), (0.51, 1.0), (0.09, 1.0)])
def test_energy_of_what_opens(now, expected):
    assert energy(Pose(openness=0.3), Pose(openness=now)) == expected


def test_what_hardly_moved_is_where_it_was_however_thin():
    def knife(x, degrees):
        turn = Rotation.from_euler("y", degrees, degrees=True).as_matrix()
        return Pose(Box.of((0, 0, x), (0.3, 0.03, 0.002), turn))

    assert energy(knife(0, 0), knife(0.009, 9)) == 0.0
    assert energy(knife(0, 0), knife(0.011, 0)) > 0.0
    assert energy(knife(0, 0), knife(0, 11)) > 0.0


def test_a_room_by_hand():
    """Of three misplaced things one is fixed, one is nearer, one is untouched; nothing else was touched."""
    goal = [HOME, HOME, Pose(openness=0.0), HOME]
    room = rearrangement(goal, [cube(9), cube(9), Pose(openness=1.0), HOME], [HOME, cube(2), Pose(openness=1.0), HOME])
    assert room.start == (1.0, 1.0, 1.0, 0.0)
    assert room.end == (0.0, 0.75, 1.0, 0.0)
    assert (room.misplaced_start, room.misplaced_end, room.newly_misplaced) == (3, 2, 0)
    assert room.fixed_strict == pytest.approx(1 / 3)
    assert room.energy_left == pytest.approx(1.75 / 3)
    assert room.misplaced_left == pytest.approx(2 / 3)
    assert not room.success


def test_one_new_mistake_takes_all_fixed_strict():
    room = Rearrangement((1.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.8))
    assert (room.newly_misplaced, room.fixed_strict) == (2, 0.0)
    assert room.energy_left == pytest.approx(0.9)
    assert Rearrangement((1.0, 0.0, 0.0), (1.0, 0.5, 0.5)).misplaced_left == 3.0  # can exceed one


def test_a_room_in_which_nothing_was_misplaced():
    room = Rearrangement((0.0, 0.0), (0.0, 0.0))
    assert (room.success, room.fixed_strict, room.energy_left, room.misplaced_left) == (True, 1.0, None, None)
    worse = Rearrangement((0.0, 0.0), (0.0, 1.0))
    assert (worse.success, worse.fixed_strict, worse.energy_left, worse.misplaced_left) == (False, 0.0, None, None)


@pytest.mark.parametrize(
    ("goal", "now", "said"),
    [
        (BROKEN, HOME, "a goal is an unbroken thing"),
        (Pose(), HOME, "a goal is an unbroken thing"),
        (cube(0, openness=1.0), HOME, "either a box or an openness"),
        (HOME, Pose(openness=1.0), "must have what its goal has"),
        (Pose(openness=1.0), HOME, "must have what its goal has"),
    ],
)
def test_poses_that_cannot_be_compared(goal, now, said):
    with pytest.raises(ValueError, match=said):
        energy(goal, now)


def test_each_thing_needs_its_poses():
    with pytest.raises(ValueError, match="not 2, 1 and 2"):
        rearrangement([HOME, HOME], [HOME], [HOME, HOME])
