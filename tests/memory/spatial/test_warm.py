import numpy as np

from engram.memory.contract import Percepts, Query, Seen, Source
from engram.memory.spatial import blocks, carve, queries, scan
from engram.memory.spatial.store import SpatialStore
from engram.memory.spatial.warm import warm_up


def compiled() -> dict[str, int]:
    kernels = [(m.__name__, name, f) for m in (blocks, carve, queries, scan) for name, f in vars(m).items()]
    return {f"{module}.{name}": len(f.signatures) for module, name, f in kernels if hasattr(f, "signatures")}


def test_nothing_is_left_to_compile_after_the_warm_up() -> None:
    assert warm_up() > 0
    before = compiled()
    store, rng = SpatialStore(), np.random.default_rng(0)
    for step in range(3):
        points = rng.uniform(-9, 9, (3000, 3)).astype(np.float32)
        seen = [Seen("Mug", 0.5, (1.0, 1.0, 1.0), (2.0, 2.0, 2.0))]
        percepts = Percepts(Source("r", "e", step, step), things=seen, points=points, camera_m=(0.0, 0.0, 1.0))
        for event in store.propose(percepts):
            store.apply(event)
    assert len(store.recall(Query("mug", near_m=(1.0, 1.0, 1.0)))) > 0
    store.load(store.dump())
    store.octree.box((0, 0, 0), (1, 1, 1), level=2)
    store.octree.cast(np.zeros((5, 3)), rng.uniform(-1, 1, (5, 3)), 5, ignore_unknown=True)
    assert compiled() == before
    assert len(before) > 15
