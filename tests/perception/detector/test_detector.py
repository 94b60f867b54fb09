from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engram.perception.detector.detector import EmbeddedConfig, EmbeddedDetector, likely  # noqa: E402
from engram.perception.detector.model import DetectorNet, NetConfig  # noqa: E402
from engram.perception.detector.weights import DetectorWeightsError, load_weights, save_weights  # noqa: E402
from engram.sims.contract import Camera  # noqa: E402

CONFIG = NetConfig(("Mug", "Table"), (True, False), widths=(8, 8, 8, 8), decoder=(8, 8, 8))


def seeing_net(label=0):
    """A network that sees one label everywhere, in boxes of 16 pixels around each cell."""
    net = DetectorNet(CONFIG)
    with torch.no_grad():
        net.head.weight.zero_()
        net.head.bias.copy_(torch.tensor([0.0, -9.0, -9.0, *[np.log(8.0) - 3.0] * 4, 9.0, 9.0]))
        net.head.bias[1 + label] = 9.0
    return net


def observation(height=64, width=64, depth=2.0, rgb=100):
    pose = np.eye(4)
    pose[:3, :3] = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    pose[2, 3] = 1.5
    return {
        "rgb": np.full((height, width, 3), rgb, np.uint8),
        "depth": np.full((height, width), depth, np.float32),
        "camera": np.array(Camera.from_fov(width, height, 90.0), np.float64),
        "map_T_camera": pose,
        "base": np.zeros(3),
        "holding": 0,
        "stamp_ns": np.array(0, np.int64),
        "outcome": 0,
    }


@pytest.mark.parametrize(("height", "width"), [(64, 64), (224, 224), (120, 160), (33, 47)])
def test_detections_fit_the_image(height, width):
    detector = EmbeddedDetector(seeing_net(), EmbeddedConfig(height=64))
    found = detector.detect(observation(height, width))
    assert found
    for d in found:
        row0, col0, row1, col1 = d.box
        assert d.label == "Mug"
        assert 0.3 < d.score <= 1.0
        assert 0 <= row0 < row1 <= height
        assert 0 <= col0 < col1 <= width
        assert d.mask.shape == (height, width)
        assert d.pixels == d.mask.sum() == d.mask[row0:row1, col0:col1].sum() > 0
        assert np.linalg.norm(d.feature) == pytest.approx(1.0, abs=1e-3)
    assert sum(d.mask.astype(int) for d in found).max() == 1  # a pixel shows one thing


def test_furniture_is_not_judged():
    assert all(d.out_of_place > 0.99 for d in EmbeddedDetector(seeing_net(0)).detect(observation()))
    assert all(d.out_of_place is None for d in EmbeddedDetector(seeing_net(1)).detect(observation()))
    silent = EmbeddedDetector(seeing_net(0), EmbeddedConfig(judge=False))
    assert all(d.out_of_place is None for d in silent.detect(observation()))


def test_the_same_observation_gives_the_same_detections():
    torch.manual_seed(3)
    detector = EmbeddedDetector(DetectorNet(CONFIG), EmbeddedConfig(min_presence=0.0, height=64))
    noise = observation()
    noise["rgb"] = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    first, again = detector.detect(noise), detector.detect(noise)
    assert [(d.label, d.score, d.box, d.pixels) for d in first] == [(d.label, d.score, d.box, d.pixels) for d in again]


@pytest.mark.parametrize("depth", [0.0, np.nan, np.inf, -1.0, 1e6])
def test_bad_depth_and_black_frames_go_through(depth):
    for d in EmbeddedDetector(seeing_net()).detect(observation(depth=depth, rgb=0)):
        assert np.isfinite(d.score)
        assert d.pixels > 0


def test_a_pose_that_is_no_number_goes_through():
    broken = observation()
    broken["map_T_camera"] = np.full((4, 4), np.nan)
    assert all(np.isfinite(d.score) for d in EmbeddedDetector(seeing_net()).detect(broken))


def test_nothing_to_see():
    net = seeing_net()
    with torch.no_grad():
        net.head.bias[0] = 99.0
    assert EmbeddedDetector(net).detect(observation()) == []


def test_weights_come_back(tmp_path):
    path = tmp_path / "w.safetensors"
    net = seeing_net().eval()
    save_weights(path, net, {"seed": "0"})
    again = load_weights(path).eval()
    assert again.config == CONFIG
    x = torch.rand(1, 21, 32, 32)
    with torch.no_grad():
        assert torch.allclose(again(x), net(x), atol=2e-2)  # they are stored in half precision
    assert EmbeddedDetector.load(path).labels == ("Mug", "Table")


def test_missing_and_foreign_weights(tmp_path):
    from safetensors.torch import save_file

    with pytest.raises(DetectorWeightsError, match="engram train detector"):
        load_weights(tmp_path / "none.safetensors")
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"no weights at all")
    with pytest.raises(DetectorWeightsError, match="no safetensors file"):
        load_weights(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(DetectorWeightsError, match="of format None"):
        load_weights(path)
    save_weights(path, seeing_net(), {})
    damaged = path.read_bytes().replace(b"head.bias", b"head.bean")
    path.write_bytes(damaged)
    with pytest.raises(DetectorWeightsError, match="does not fit"):
        load_weights(path)


def test_detections_tell_what_else_a_thing_may_be():
    (*found,) = EmbeddedDetector(seeing_net()).detect(observation())
    for d in found:
        assert d.beliefs["Mug"] == max(d.beliefs.values()) > 0.9
        assert sum(d.beliefs.values()) <= 1.0 + 1e-5


def test_few_labels_are_told():
    assert likely(np.array([0.001, 0.5, 0.2, 0.005], np.float32)).tolist() == [1, 2]
    assert likely(np.full(20, 0.05, np.float32)).tolist() == list(range(12))
    assert likely(np.array([0.001, 0.002], np.float32)).tolist() == [1]
