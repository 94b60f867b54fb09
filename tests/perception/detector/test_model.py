from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from engram.perception.detector.loss import LossWeights, Targets, box_overlap, detector_loss  # noqa: E402
from engram.perception.detector.model import (  # noqa: E402
    CHANNELS,
    Cells,
    DetectorNet,
    NetConfig,
    boxes_of,
    channels,
    multiply_adds,
    read_cells,
)

LABELS = ("Mug", "Plate", "Table")
CONFIG = NetConfig(LABELS, (True, True, False))


def level_pose(height_m, pitch_deg=0.0):
    """Camera that looks along map x and down by the pitch."""
    c, s = math.cos(math.radians(pitch_deg)), math.sin(math.radians(pitch_deg))
    pose = torch.eye(4)
    pose[:3, 0] = torch.tensor([0.0, -1.0, 0.0])
    pose[:3, 1] = torch.tensor([-s, 0.0, -c])
    pose[:3, 2] = torch.tensor([c, 0.0, -s])
    pose[2, 3] = height_m
    return pose[None]


def floor_depth(size, height_m, pitch_deg):
    """Depth of an endless floor, 0 above the horizon."""
    rows = (torch.arange(size) + 0.5 - size / 2) / (size / 2)
    c, s = math.cos(math.radians(pitch_deg)), math.sin(math.radians(pitch_deg))
    fall = (rows * c + s)[:, None].expand(size, size)
    return torch.where(fall > 0.05, height_m / fall.clamp(min=1e-3), 0.0)[None]


CAMERA = torch.tensor([[32.0, 32.0, 32.0, 32.0]])


def test_shapes():
    net = DetectorNet(CONFIG)
    raw = net(torch.zeros(2, CHANNELS, 32, 48))
    cells = read_cells(raw, 3)
    assert cells.classes.shape == (2, 4, 16, 24)
    assert cells.sides.shape == (2, 4, 16, 24)
    assert cells.quality.shape == cells.out_of_place.shape == (2, 16, 24)
    assert cells.features.shape == (2, CONFIG.decoder[0], 16, 24)


def test_it_costs_what_two_cores_can_bear():
    labels = tuple(f"label {k}" for k in range(114))
    config = NetConfig(labels, (True,) * 114)
    assert 0.5e9 < multiply_adds(config, 224, 224) < 0.75e9
    assert sum(p.numel() for p in DetectorNet(config).parameters()) * 2 < 8e6


def test_the_floor_has_height_zero_and_faces_up():
    depth = floor_depth(64, 1.5, 30.0)
    seen = channels(torch.zeros(1, 3, 64, 64), depth, CAMERA, level_pose(1.5, 30.0))
    assert seen.shape == (1, CHANNELS, 32, 32)
    height, right, up, ahead, valid = seen[0, 16:, 28, 5:-5]
    assert torch.allclose(height, torch.full_like(height, -1.0), atol=1e-5)  # heights are counted from 1 m
    assert torch.allclose(up, torch.ones_like(up), atol=1e-3)
    assert right.abs().max() < 1e-3
    assert ahead.abs().max() < 1e-3
    assert (valid == 1.0).all()


def test_a_wall_ahead_faces_the_camera():
    seen = channels(torch.zeros(1, 3, 64, 64), torch.full((1, 64, 64), 2.0), CAMERA, level_pose(1.5))
    _, right, up, ahead, _ = seen[0, 16:, 16, 4:-4]
    assert torch.allclose(ahead, torch.full_like(ahead, -1.0), atol=1e-4)
    assert right.abs().max() < 1e-4
    assert up.abs().max() < 1e-4


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 0.0, -1.0])
def test_invalid_depth_is_no_geometry(bad):
    seen = channels(torch.zeros(1, 3, 64, 64), torch.full((1, 64, 64), bad), CAMERA, level_pose(1.5))
    assert torch.isfinite(seen).all()
    assert (seen[0, 16:] == 0.0).all()


def test_fusing_changes_nothing_but_the_speed():
    torch.manual_seed(0)
    net = DetectorNet(CONFIG)
    x = torch.rand(2, CHANNELS, 32, 32)
    for _ in range(3):
        net(x)  # so that the normalisations have seen something
    net.eval()
    with torch.no_grad():
        assert torch.allclose(net.fused()(x), net(x), atol=1e-4)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in net.fused().modules())


def test_boxes_from_sides():
    sides = torch.zeros(1, 4, 2, 2)
    sides[0, :, 1, 0] = torch.tensor([6.0, 2.0, 1.0, 5.0])
    assert boxes_of(sides)[0, :, 1, 0].tolist() == [0.0, 0.0, 7.0, 7.0]


def test_overlap_by_hand():
    a = torch.tensor([0.0, 0.0, 2.0, 2.0]).view(1, 4, 1, 1)
    b = torch.tensor([0.0, 1.0, 2.0, 3.0]).view(1, 4, 1, 1)
    far = torch.tensor([0.0, 3.0, 2.0, 5.0]).view(1, 4, 1, 1)
    overlap, generalised = box_overlap(a, b)
    assert overlap.item() == pytest.approx(1 / 3)
    assert generalised.item() == pytest.approx(1 / 3)  # the hull is the union
    assert box_overlap(a, far)[1].item() == pytest.approx(-2 / 10)


def test_the_loss_of_a_perfect_answer_is_small_and_counts_only_what_is_there():
    classes = torch.tensor([[[0, 1], [2, 1]]])
    logits = torch.nn.functional.one_hot(classes, 4).permute(0, 3, 1, 2) * 20.0
    sides = torch.full((1, 4, 2, 2), 2.0)
    targets = Targets(
        classes=classes,
        weight=torch.ones(1, 2, 2),
        boxes=boxes_of(sides),
        out_of_place=torch.tensor([[[-1.0, 1.0], [0.0, -1.0]]]),
    )
    sure = torch.tensor([[[9.0, 9.0], [-9.0, 9.0]]])
    good = Cells(logits, sides, torch.full((1, 2, 2), 9.0), sure, torch.zeros(1, 1, 2, 2))
    _, parts = detector_loss(good, targets, LossWeights())
    assert parts["boxes"].item() == pytest.approx(0.0, abs=1e-5)
    assert parts["quality"].item() < 1e-3
    assert parts["out_of_place"].item() < 1e-3
    other = Cells(logits, sides, good.quality, -sure, good.features)
    assert detector_loss(other, targets, LossWeights())[1]["out_of_place"].item() == pytest.approx(9.0, abs=0.01)


def test_a_batch_without_things_has_a_loss():
    nothing = Targets(
        torch.zeros(1, 2, 2, dtype=torch.int64), torch.ones(1, 2, 2), torch.zeros(1, 4, 2, 2), -torch.ones(1, 2, 2)
    )
    cells = Cells(torch.zeros(1, 4, 2, 2), torch.ones(1, 4, 2, 2), *torch.zeros(2, 1, 2, 2), torch.zeros(1, 1, 2, 2))
    total, parts = detector_loss(cells, nothing, LossWeights())
    assert torch.isfinite(total)
    assert parts["boxes"].item() == parts["out_of_place"].item() == 0.0
