"""Compile the kernels of the map before a robot waits for them."""

from __future__ import annotations

import time

import numpy as np

from engram.memory.contract import Percepts, Query, Source
from engram.memory.spatial.store import SpatialStore


def warm_up() -> float:
    """Compile all kernels into numba's cache, or load them from there, and return the seconds that took.

    The first frame of a process pays for this otherwise, and may miss the deadline of the facade.
    """
    begin = time.perf_counter()
    store = SpatialStore()
    points = np.array([(1.0, 0.0, 0.5), (100.0, 0.0, 0.5)], np.float32)  # one in range, one beyond
    percepts = Percepts(Source("", "", 0, 0), points=points, camera_m=(0.0, 0.0, 0.5))
    for event in store.propose(percepts):
        store.apply(event)
    store.recall(Query("", near_m=(1.0, 0.0, 0.5)))
    store.load(store.dump())
    octree = store.octree
    octree.blocks.reserve(len(octree.blocks.keys) + 1)
    octree.state(points, level=1)
    octree.cast(points[:1], np.ones((1, 3)), 1.0)
    return time.perf_counter() - begin
