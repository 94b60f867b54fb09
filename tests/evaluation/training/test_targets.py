from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engram.evaluation.training.frames import Frame, SeenThing  # noqa: E402
from engram.evaluation.training.targets import cell_owners, make_batch  # noqa: E402

NUMBERS = {"Table": 0, "Pen": 1}


def frame_of(numbers, labels, out_of_place=None):
    numbers = np.asarray(numbers, np.uint8)
    things = []
    for k, label in enumerate(labels, 1):
        rows, cols = np.nonzero(numbers == k)
        box = (int(rows.min()), int(cols.min()), int(rows.max()) + 1, int(cols.max()) + 1)
        things.append(SeenThing(label, k, box, len(rows), (out_of_place or {}).get(label)))
    size = len(numbers)
    rgb = np.zeros((size, size, 3), np.uint8)
    rgb[:, : size // 2] = 200
    depth = np.full((size, size), 2.0, np.float32)
    camera = (size / 2, size / 2, size / 2, size / 2, size, size)
    return Frame(rgb, depth, numbers, camera, np.eye(4), tuple(things))


@pytest.fixture
def pen_on_table():
    numbers = np.zeros((64, 64), int)
    numbers[16:48, 8:40] = 1
    numbers[21, 12:36] = 2  # one pixel thin: 4 of the 16 pixels of its cells
    return frame_of(numbers, ["Table", "Pen"], {"Pen": True})


def test_thin_things_get_their_cells(pen_on_table):
    owner = cell_owners(pen_on_table)
    assert owner.shape == (16, 16)
    assert (owner[5, 3:9] == 2).all()
    assert (owner == 2).sum() == 6
    assert (owner == 1).sum() == 64 - 6
    assert owner[0].sum() == 0


def test_what_covers_little_of_a_cell_does_not_get_it():
    numbers = np.zeros((32, 32), int)
    numbers[3, 3:7] = 1  # 1 and 3 pixels of two cells
    assert cell_owners(frame_of(numbers, ["Pen"])).sum() == 0


def test_targets(pen_on_table):
    batch = make_batch([pen_on_table], NUMBERS, None)
    t = batch.targets
    assert batch.inputs.shape == (1, 21, 32, 32)
    assert t.classes[0, 5, 2:5].tolist() == [1, 2, 2]
    assert t.boxes[0, :, 5, 4].tolist() == [21, 12, 22, 36]
    assert t.out_of_place[0, 5, 2:4].tolist() == [-1.0, 1.0]
    # Cells of large things weigh less, those of things below 16 x 16 pixels too, and those of movable things more.
    assert t.weight[0][t.classes[0] == 1].sum().item() == pytest.approx(58**0.5, rel=1e-5)
    assert t.weight[0][t.classes[0] == 2].sum().item() == pytest.approx(3 * (24 / 256) ** 0.5 * 6**0.5, rel=1e-5)


class Chosen:
    """Random numbers that change nothing but mirror the frame."""

    def random(self, size=None):
        return 0.99 if size is None else np.zeros(size)

    def uniform(self, low, high, size=None):
        return 1.0 if size is None else np.ones(size)


def test_mirrored_frames_keep_what_they_show(pen_on_table):
    plain = make_batch([pen_on_table], NUMBERS, None)
    mirrored = make_batch([pen_on_table], NUMBERS, Chosen())
    t, m = plain.targets, mirrored.targets
    assert torch.equal(m.classes[0], t.classes[0].flip(1))
    assert m.boxes[0, :, 5, 16 - 5].tolist() == [21, 64 - 36, 22, 64 - 12]
    assert torch.equal(mirrored.inputs[0, 0], plain.inputs[0, 1].flip(1))  # 2 x 2 pixels change places
    assert torch.allclose(mirrored.inputs[0, 16], plain.inputs[0, 16].flip(1), atol=1e-2)  # height


def test_variations_are_drawn_from_the_generator(pen_on_table):
    def drawn(seed):
        return make_batch([pen_on_table] * 3, NUMBERS, np.random.default_rng(seed)).inputs

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    assert torch.isfinite(drawn(1)).all()
