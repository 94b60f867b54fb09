from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from engram.evaluation.detector_options import DEFAULT_PERCEPTION, DetectorOptions
from engram.evaluation.detectors import Later, PerceptionError, depth_filler, learned_detector, pretrained, weights_of
from engram.evaluation.tidy import TidyTask, make_agent, run_tidy
from engram.perception.adapters.config import ModelConfig
from engram.sims.contract import Verb


@pytest.fixture
def weights(tmp_path):
    """Weights of a small network that has learned nothing."""
    torch = pytest.importorskip("torch")
    from engram.perception.detector.model import DetectorNet, NetConfig
    from engram.perception.detector.weights import save_weights

    torch.manual_seed(0)
    path = tmp_path / "small.safetensors"
    labels = ("Mug", "Pillow", "CounterTop")
    save_weights(path, DetectorNet(NetConfig(labels, (True, True, False), (8, 8, 8, 8), (8, 8, 8))), {"seed": "0"})
    return path


def test_all_that_decides_has_one_default():
    assert TidyTask(7).perception == DEFAULT_PERCEPTION


def test_missing_weights_say_how_to_make_them(tmp_path):
    pytest.importorskip("torch")
    with pytest.raises(PerceptionError) as caught:
        learned_detector(DetectorOptions(str(tmp_path / "none.safetensors")))
    assert "engram train detector" in str(caught.value)
    assert "--detector" in str(caught.value)
    assert "owlv2" not in str(caught.value)
    with pytest.raises(PerceptionError, match="pretrained models are named by rt-detr, d-fine, grounding-dino, owlv2"):
        learned_detector(DetectorOptions("owlv3"))


def test_damaged_weights_are_an_error_that_names_them(tmp_path):
    pytest.importorskip("torch")
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(PerceptionError, match=r"broken\.safetensors is no safetensors file"):
        learned_detector(DetectorOptions(str(path)))


def test_without_torch_the_extra_is_named(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("engram.perception.detector.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(PerceptionError, match=r'torch.*pip install "engram\[learn\]"'):
        learned_detector(DetectorOptions())


def test_learned_perception_is_loaded_before_the_world_is_made(tmp_path):
    pytest.importorskip("torch")
    task = TidyTask(7, perception="learned", detector=DetectorOptions(str(tmp_path / "none.safetensors")))
    with pytest.raises(PerceptionError, match="no detector weights"):
        run_tidy(task, make=lambda task: pytest.fail("a world was made"))


def test_an_agent_that_is_given_detections_needs_no_weights(tmp_path, box_task, make_world):
    missing = DetectorOptions(str(tmp_path / "none.safetensors"))
    task = replace(box_task, perception="learned", detector=missing)
    world = make_world(task)
    observation, _ = world.reset(seed=7)

    class Recorded:
        def detect(self, observation):
            return []

    assert make_agent(world, task, watch=lambda _: Recorded()).act(observation)["verb"] != Verb.DONE


def test_weights_of_a_file_see(weights, box_task, make_world):
    options = DetectorOptions(str(weights), least_score=0.0)
    detector = learned_detector(options, judge=False)
    assert detector.config.min_presence == 0.0
    assert not detector.config.judge
    world = make_world(box_task)
    observation, _ = world.reset(seed=7)
    assert {d.label for d in detector.detect(observation)} <= {"Mug", "Pillow", "CounterTop"}
    assert len(weights_of(options)) == 16


def test_a_pretrained_model_is_named_by_family_source_and_revision():
    assert pretrained("owlv2") == ModelConfig("owlv2")
    assert pretrained("rt-detr:/models/it", "cpu") == ModelConfig("rt-detr", "/models/it", device="cpu")
    assert pretrained("d-fine:org/name@abc") == ModelConfig("d-fine", "org/name", "abc")
    assert weights_of(DetectorOptions("owlv2:org/name@abc")) == "owlv2:org/name@abc"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (DetectorOptions("sam2"), "boxes needs one of"),
        (DetectorOptions("rt-detr:./nowhere"), "no such folder"),
        (DetectorOptions("rt-detr:./nowhere", masks="sam3"), "unknown family of models 'sam3'"),
    ],
)
def test_pretrained_models_that_cannot_be_had(options, said):
    pytest.importorskip("transformers")
    with pytest.raises(PerceptionError, match=said):
        learned_detector(options)


def test_depth_is_filled_in_only_when_a_model_is_named():
    assert depth_filler(DetectorOptions()) is None
    pytest.importorskip("transformers")
    with pytest.raises(PerceptionError, match="no such folder"):
        depth_filler(DetectorOptions(depth="depth-anything:./nowhere"))
    with pytest.raises(PerceptionError, match="owlv2 is for open-vocabulary, not for depth"):
        depth_filler(DetectorOptions(depth="owlv2"))


def test_a_later_detector_is_made_once_and_only_when_asked():
    made = []

    class Nothing:
        def detect(self, observation):
            return []

    later = Later(lambda: made.append(1) or Nothing())
    assert not made
    assert later.detect({}) == later.detect({}) == []
    assert made == [1]


def test_options_are_checked():
    with pytest.raises(ValueError, match="least_score"):
        DetectorOptions(least_score=float(np.nan))
