import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.memory.contract import Event, Percepts, Query, Seen, Source
from engram.memory.packing import StateError
from engram.memory.spatial.coding import decode_cells, encode_cells
from engram.memory.spatial.errors import SpatialError
from engram.memory.spatial.octree import OCCUPIED
from engram.memory.spatial.store import SpatialConfig, SpatialStore

CAMERA = (0.0, 0.0, 1.0)
WALL = np.stack(np.meshgrid(2.0, np.arange(-1.5, 1.5, 0.02), np.arange(0, 2, 0.02), indexing="ij"), -1).reshape(-1, 3)
MUGS = [(1.0, 0.4, 0.9), (1.0, -0.6, 0.9)]


def box(centre: tuple[float, float, float], edge: float = 0.1) -> np.ndarray:
    return np.random.default_rng(2).uniform(-edge / 2, edge / 2, (400, 3)) + np.array(centre)


def step(number: int, with_things: bool = True) -> Percepts:
    seen = [Seen("CoffeeMug", 0.8, m, (0.1, 0.1, 0.1)) for m in MUGS]
    seen += [Seen("Wall", 0.9, (2.0, 0.0, 1.0), (0.04, 3.0, 2.0)), Seen("Plate", 0.9, MUGS[0], (1, 1, 1), held=True)]
    points = np.concatenate([WALL, *(box(m) for m in MUGS)] if with_things else [WALL]).astype(np.float32)
    source = Source("r", "e", number, 1000 * number)
    return Percepts(source, things=seen if with_things else (), points=points, camera_m=CAMERA)


def logged(event: Event) -> Event:
    """The event as it comes back from the log."""
    data = json.loads(json.dumps(asdict(event)))
    return Event(data["store"], data["kind"], Source(**data["source"]), data["data"])


def run(store: SpatialStore, *steps: Percepts) -> SpatialStore:
    for percepts in steps:
        for event in store.propose(percepts):
            store.apply(logged(event))
    return store


def test_near_a_place_labels_answer_with_their_voxels() -> None:
    store = run(SpatialStore(), step(1), step(2))
    hits = store.recall(Query("", near_m=(1.0, 0.4, 0.8), within_m=0.3))
    assert [h.data["label"] for h in hits] == ["CoffeeMug"]
    mug = hits[0]
    assert mug.position_m == pytest.approx(MUGS[0], abs=0.03)
    assert mug.source == Source("r", "e", 2, 2000)
    assert mug.data["belief"] == pytest.approx(1.6 / 2.1)
    assert mug.confidence == pytest.approx(mug.data["belief"] * 1 / (1 + np.exp(-2 * 0.8472979)), abs=1e-5)
    assert mug.score == pytest.approx(0.3 / (1 + 0.05), abs=0.02)
    assert mug.data["low_m"] == pytest.approx([0.95, 0.35, 0.85], abs=0.06)


def test_two_things_of_a_label_are_two_answers() -> None:
    store = run(SpatialStore(), step(1))
    hits = store.recall(Query("where are the coffee mugs?"))
    assert sorted(h.position_m[1] for h in hits if h.position_m) == pytest.approx([-0.6, 0.4], abs=0.03)
    assert len({h.id for h in hits}) == 2
    assert {h.score for h in hits} == {1.0}
    assert [h.data["label"] for h in store.recall(Query("the wall", limit=1))] == ["Wall"]
    assert store.recall(Query("plate")) == []  # it was held, not lying there
    assert store.recall(Query("")) == []


def test_what_the_text_names_comes_first() -> None:
    store = run(SpatialStore(), step(1))
    hits = store.recall(Query("wall", near_m=(1.0, 0.4, 0.9), within_m=1.5, limit=10))
    assert [h.data["label"] for h in hits] == ["Wall", "CoffeeMug", "CoffeeMug"]
    assert [h.data["label"] for h in store.recall(Query("wall", near_m=(1, 0.4, 0.9), within_m=1.5, limit=1))] == [
        "Wall"
    ]


def test_what_is_seen_empty_is_forgotten() -> None:
    store = run(SpatialStore(), step(1))
    assert len(store.recall(Query("mug coffee"))) == 2
    run(store, *(step(n, with_things=False) for n in range(2, 8)))
    assert store.recall(Query("mug coffee")) == []
    assert len(store.recall(Query("wall"))) == 1


def test_unlabelled_matter_answers_near_a_place_only() -> None:
    percepts = step(1, with_things=False)
    store = run(SpatialStore(), percepts)
    assert store.recall(Query("something unlabelled")) == []
    (hit,) = store.recall(Query("", near_m=(1.8, 0.0, 1.0), within_m=0.5))
    assert (hit.data["label"], hit.data["belief"]) == ("", 0.0)
    assert hit.confidence == pytest.approx(0.7)


def test_the_past_is_not_answered() -> None:
    store = run(SpatialStore(), step(3))
    assert store.recall(Query("wall", at_ns=2999)) == []
    assert len(store.recall(Query("wall", at_ns=3000))) == 1
    assert SpatialStore().recall(Query("wall")) == []


def test_an_answer_names_the_step_that_saw_it_last_and_not_its_namesake() -> None:
    both, later = step(1), step(2)
    one = replace(later, things=[t for t in later.things if t.label != "CoffeeMug" or t.centre_m[1] > 0], points=None)
    store = run(SpatialStore(), both, one)
    loaded = SpatialStore()
    loaded.load(store.dump())
    for each in (store, loaded):
        hits = each.recall(Query("coffee mug"))
        assert {h.position_m[1] > 0: h.source.step for h in hits if h.position_m} == {True: 2, False: 1}
    assert loaded.dump() == store.dump()


def test_steps_that_no_voxel_names_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engram.memory.spatial.store._STEPS", 4)
    store = run(SpatialStore(), *(step(n) for n in range(1, 20)))
    (mug, _) = store.recall(Query("coffee mug"))
    assert mug.source.step == 19
    assert len(store._steps) <= 4
    assert store.octree.payload.tokens.max() < len(store._steps)


def test_propose_and_recall_change_nothing() -> None:
    store = run(SpatialStore(), step(1))
    before = store.dump()
    store.propose(step(2))
    store.recall(Query("wall", near_m=(1, 0, 1)))
    store.octree.radius((1.0, 0.0, 1.0), 0.5, level=3)
    assert store.dump() == before
    assert store.propose(Percepts(Source("r", "e", 2, 2))) == []


def test_replay_and_snapshots_give_equal_bytes() -> None:
    steps = [step(1), step(2, with_things=False), step(3)]
    whole = run(SpatialStore(), *steps)
    assert run(SpatialStore(), *steps).dump() == whole.dump()
    resumed = SpatialStore()
    resumed.load(run(SpatialStore(), *steps[:2]).dump())
    assert run(resumed, steps[2]).dump() == whole.dump()
    query = Query("mug", near_m=(1.0, 0.0, 1.0), within_m=3.0, limit=9)
    assert resumed.recall(query) == whole.recall(query)
    assert resumed.octree.voxels(2, OCCUPIED).keys.tolist() == whole.octree.voxels(2, OCCUPIED).keys.tolist()


def test_a_frame_takes_little_room() -> None:
    (event,) = SpatialStore().propose(step(1))
    assert len(json.dumps(asdict(event))) < 2500


def test_errors_name_the_remedy() -> None:
    store = SpatialStore()
    (event,) = SpatialStore(SpatialConfig(resolution_m=0.1)).propose(step(1))
    with pytest.raises(SpatialError, match="set resolution_m"):
        store.apply(event)
    with pytest.raises(SpatialError, match="set resolution_m"):
        store.load(SpatialStore(SpatialConfig(resolution_m=0.1)).dump())
    with pytest.raises(SpatialError, match="unknown event"):
        store.apply(Event("spatial", "dance", event.source, {"resolution_m": 0.05}))
    with pytest.raises(StateError):
        store.load(store.dump()[:-1])


@settings(deadline=None)
@given(st.sets(st.tuples(*[st.integers(-(2**20), 2**20 - 1)] * 3), max_size=30))
def test_cells_through_json(cells: set[tuple[int, int, int]]) -> None:
    given_cells = np.array(sorted(cells), np.int32).reshape(-1, 3)
    back = decode_cells(json.loads(json.dumps(encode_cells(given_cells))))
    assert back.tolist() == [list(c) for c in sorted(cells, key=lambda c: c[::-1])]
