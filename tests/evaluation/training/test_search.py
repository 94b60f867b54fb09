from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engram.evaluation.training.search import (  # noqa: E402
    SearchTraining,
    Trained,
    fit,
    judge,
    turned,
    turned_boxes,
)
from engram.evaluation.training.search_command import Search, as_json, card  # noqa: E402
from engram.evaluation.training.search_maps import (  # noqa: E402
    HouseMaps,
    MapsError,
    SeenThings,
    collect,
    house_maps,
    read_maps,
    write_maps,
)
from engram.perception.geometry import PointImage  # noqa: E402
from engram.perception.text import HashedNgrams  # noqa: E402
from engram.planners.search.grid import LAYERS, BirdsEye  # noqa: E402
from engram.planners.search.scorer import SearchPrior  # noqa: E402
from engram.sims.seeds import SeedError  # noqa: E402

CONFIG = SearchTraining(epochs=12, batch=4, targets=2, unknown=0.1, mistaken=0.0, rate=1e-2, save_every=4)


def house(seed):
    """A bed somewhere, seen; a pillow beside it and a mug on the other side of the map, both unseen."""
    random = np.random.default_rng(seed)
    scenes, spans = [], []
    for _ in range(2):
        layers = np.zeros((len(LAYERS), 32, 24), np.float32)
        layers[LAYERS.index("seen"), 4:28, 4:20] = 1.0
        if not spans:
            x, y = random.integers(6, 9), random.integers(6, 16)
            spans = [[x, y, x + 3, y + 2], [x, y + 2, x + 1, y + 3], [31 - x, 23 - y, 32 - x, 24 - y]]
        scenes.append(BirdsEye(layers, np.zeros(2, np.int64), 0.2, ("Bed",), np.array(spans[:1])))
    return HouseMaps(
        seed, (4, 9), tuple(scenes), ("Bed", "Pillow", "Mug"), np.array(spans) * 0.2 + [0.01, 0.01, -0.01, -0.01]
    )


@pytest.fixture(scope="module")
def net():
    return fit(CONFIG, [house(k) for k in range(16)], HashedNgrams(64))


def test_training_finds_what_lies_beside_what_is_known(net):
    rows = judge(SearchPrior(net, HashedNgrams(64)), [house(k) for k in range(100, 108)])
    assert [r.frames for r in rows] == [4, 9]
    for row in rows:
        assert row.cases == 16
        assert row.uniform == pytest.approx(np.log(32 * 24))
        assert row.loss < row.uniform - 1.0
        assert row.found > row.random


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path):
    houses, embedder, path = [house(k) for k in range(4)], HashedNgrams(64), tmp_path / "c.safetensors"
    config = replace(CONFIG, epochs=4)
    whole = fit(config, houses, embedder)

    class StopError(Exception):
        pass

    def stop(text):
        raise StopError

    with pytest.raises(StopError):
        fit(config, houses, embedder, path, progress=stop)
    resumed = fit(config, houses, embedder, path)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, resumed.state_dict()[name], atol=1e-6), name


def test_without_maps_there_is_nothing_to_learn_from():
    with pytest.raises(ValueError, match="no maps"):
        fit(CONFIG, [], HashedNgrams(64))


@pytest.mark.parametrize("turn", [(a, b, c) for a in (False, True) for b in (False, True) for c in (False, True)])
def test_boxes_turn_with_their_layers(turn):
    boxes = np.array([[1, 2, 4, 3]])
    layers = np.zeros((1, 8, 6), np.float32)
    layers[0, 1:4, 2:3] = 1.0
    after = turned(layers, turn)
    x0, y0, x1, y1 = turned_boxes(boxes, (8, 6), turn)[0]
    assert after[0, x0:x1, y0:y1].min() == 1.0
    assert after.sum() == (x1 - x0) * (y1 - y0)


def test_things_are_known_by_what_was_shown_of_them():
    seen = SeenThings(3)
    points = np.stack([*np.meshgrid(np.arange(4.0), np.arange(2.0), indexing="ij"), np.zeros((4, 2))], -1)
    image = PointImage(points.astype(np.float32), np.ones((4, 2), bool), np.ones((4, 2), np.float32), np.zeros(3), 1)
    seen.add(image, np.array([[-1, -1], [2, 2], [2, 1], [-1, -1]], np.int32))
    assert seen.numbers() == [2]  # one point of the other is not enough
    assert seen.spans[2].tolist() == [1.0, 0.0, 2.0, 1.0]


def test_maps_come_back_from_their_file_and_others_are_refused(tmp_path):
    path, maps = tmp_path / "house-000001.npz", house(1)
    write_maps(path, maps)
    again = read_maps(path)
    assert again.labels == maps.labels
    assert again.moments == maps.moments
    assert np.array_equal(again.spans, maps.spans)
    assert np.array_equal(again.scenes[1].layers, maps.scenes[1].layers)
    assert np.array_equal(again.scenes[1].boxes, maps.scenes[1].boxes)
    path.write_bytes(b"PK nothing")
    with pytest.raises(MapsError, match="delete it"):
        read_maps(path)


def test_houses_of_other_splits_are_refused(tmp_path):
    with pytest.raises(SeedError):
        collect("train", 599_999, 2, tmp_path)
    with pytest.raises(SeedError):
        house_maps(800_000, "validation")


def test_the_card_says_what_was_done(net):
    rows = judge(SearchPrior(net, HashedNgrams(64)), [house(100)])
    trained = Trained(net, rows, 32, 5)
    text = card(CONFIG, trained, Search(preset="quick").command())
    assert "`engram train search --preset quick --seed 0 --text hashed`" in text
    assert "32 maps of 200 undisturbed training houses (seeds from 30000)" in text
    assert f"| 9 | {rows[1].cases} |" in text
    assert '"maps": 32' in as_json(trained)


@pytest.mark.slow
def test_a_walk_through_a_house_sees_more_and_more_of_it():
    maps = house_maps(40_001, "train")
    assert len(maps.scenes) == 8
    seen = [float(s.layers[LAYERS.index("seen")].sum()) for s in maps.scenes[:4]]
    assert seen == sorted(seen)
    known = [len(s.labels) for s in maps.scenes[:4]]
    assert known == sorted(known)
    assert set(maps.scenes[3].labels) <= {*maps.labels, *maps.scenes[3].labels}
    assert len(maps.labels) == len(maps.spans)
