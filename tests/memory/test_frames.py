from __future__ import annotations

import math

import numpy as np
import pytest

from engram.memory.contract import Event, Percepts, Query, Seen, Source
from engram.memory.frames import moved
from engram.memory.spatial.store import SpatialStore

SOURCE = Source("r", "e", 0, 0)
QUARTER = (1.0, 2.0, math.pi / 2)  # (x, y) becomes (1 - y, 2 + x)


def test_points_move_and_boxes_turn():
    data = {
        "changes": [{"centre_m": [1.0, 0.5, 0.9], "extent_m": [0.4, 0.2, 0.1], "label": "Mug"}, {"position_m": None}]
    }
    found = moved(Event("objects", "update", SOURCE, data), QUARTER).data["changes"]
    assert found[0] == {"centre_m": [0.5, 3.0, 0.9], "extent_m": [0.2, 0.4, 0.1], "label": "Mug"}
    assert found[1] == {"position_m": None}
    half = moved(Event("objects", "update", SOURCE, data), (0.0, 0.0, math.pi / 4)).data["changes"][0]
    assert half["extent_m"][:2] == pytest.approx([0.6 / math.sqrt(2)] * 2, abs=1e-4)


@pytest.mark.parametrize("pose", [QUARTER, (0.35, -0.2, 0.0), (-1.0, 0.5, math.pi)])
def test_a_map_that_moves_is_the_map_of_what_moved(pose):
    """A frame seen in one map and moved is, but for the rounding of cells, the frame seen in the other."""
    rng = np.random.default_rng(1)
    wide, inside = ([1, -1, 0], [3, 1, 1.5]), ([1.9, 0.48, 0.65], [2.15, 0.57, 0.8])
    points = np.concatenate([rng.uniform(*wide, (400, 3)), rng.uniform(*inside, (60, 3))]).astype(np.float32)
    camera = np.array([0.025, 0.025, 1.025])
    c, s = math.cos(pose[2]), math.sin(pose[2])
    turn, shift = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]), np.array([pose[0], pose[1], 0.0])
    mug = Seen("Mug", 0.9, (2.025, 0.525, 0.725), (0.35, 0.15, 0.25))
    here, there = SpatialStore(), SpatialStore()
    for event in here.propose(Percepts(SOURCE, things=[mug], points=points, camera_m=tuple(camera))):
        here.apply(event)
        there.apply(moved(event, pose))
    old, new = here.octree.voxels().centres_m, there.octree.voxels().centres_m
    expected = {tuple(v) for v in np.floor((old @ turn.T + shift) / 0.05 + 1e-9).astype(int).tolist()}
    assert {tuple(v) for v in np.floor(new / 0.05).astype(int).tolist()} == expected
    (hit,), (was,) = there.recall(Query("mug")), here.recall(Query("mug"))
    assert hit.data["voxels"] == was.data["voxels"] > 10
    assert hit.position_m == pytest.approx(turn @ np.array(was.position_m) + shift, abs=0.026)
