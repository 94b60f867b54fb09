from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engram.perception.adapters.boxes import OpenVocabulary
from engram.perception.adapters.closed_set import ClosedSetFinder
from engram.perception.adapters.config import BoxRules, DetectorConfig, ModelConfig
from engram.perception.adapters.depth import DepthAnything, fill_depth
from engram.perception.adapters.errors import AdapterError
from engram.perception.adapters.labels import LabelMap
from engram.perception.adapters.masks import Sam2
from engram.perception.adapters.open_vocabulary import GroundingDino, Owlv2
from engram.perception.adapters.registry import depth_estimator, detector, embedder, finder, segmenter
from engram.sims.contract import Observation

Models = Callable[[str], ModelConfig]
ALL = BoxRules(threshold=0.0, overlap=1.0)
LABELS = ("CoffeeTable", "Mug", "Sofa")


def answers(part: Any, monkeypatch: pytest.MonkeyPatch, logits: Any, boxes: Any) -> None:
    """Let the model of a finder answer this, whatever it is asked."""
    import torch

    output = SimpleNamespace(logits=torch.tensor([logits]), pred_boxes=torch.tensor([boxes]))
    monkeypatch.setattr(type(part._loaded), "ask", lambda *_, **__: output)


@pytest.mark.parametrize("family", ["rt-detr", "d-fine", "grounding-dino", "owlv2"])
def test_a_finder_gives_boxes_within_the_image_and_the_same_again(
    model: Models, observation: Observation, family: str
) -> None:
    config = DetectorConfig(model(family), LABELS if family in ("grounding-dino", "owlv2") else (), rules=ALL)
    found = finder(config).find(observation["rgb"])
    assert 1 <= len(found) <= ALL.most
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)
    known = set(LABELS) if config.labels else {"tv", "dining table", "giraffe"}
    for f in found:
        row0, col0, row1, col1 = f.box
        assert 0 <= row0 < row1 <= 60
        assert 0 <= col0 < col1 <= 80
        assert 0.0 <= f.score <= 1.0
        assert f.label in known
    assert finder(config).find(observation["rgb"]) == found


@pytest.mark.parametrize("family", ["rt-detr", "owlv2"])
def test_nothing_above_the_threshold_is_nothing(model: Models, observation: Observation, family: str) -> None:
    sure = BoxRules(threshold=1.0)
    config = DetectorConfig(model(family), LABELS if family == "owlv2" else (), rules=sure)
    black = {**observation, "rgb": np.zeros_like(observation["rgb"])}
    assert detector(config).detect(black) == []  # type: ignore[arg-type]


def test_classes_that_mean_no_label_are_left_out(
    model: Models, observation: Observation, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = ClosedSetFinder(model("rt-detr"), LabelMap(["Television", "DiningTable"]))
    assert closed.classes == {0: "Television", 1: "DiningTable"}
    logits = [[-9.0, 2.0, -9.0], [1.0, -9.0, -9.0], [-9.0, -9.0, 5.0]]
    boxes = [[0.5, 0.5, 0.5, 0.5], [0.125, 0.25, 0.25, 0.5], [0.5, 0.5, 0.2, 0.2]]
    answers(closed, monkeypatch, logits, boxes)
    found = closed.find(observation["rgb"])
    assert [(f.label, f.box) for f in found] == [("DiningTable", (15, 20, 45, 60)), ("Television", (0, 0, 30, 20))]
    assert [f.score for f in found] == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-1))], abs=1e-6)


def test_garbage_from_a_model_is_left_out(
    model: Models, observation: Observation, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = ClosedSetFinder(model("rt-detr"))
    nan = float("nan")
    boxes = [[nan, 0.5, 0.5, 0.5], [3.0, 3.0, 0.5, 0.5], [0.5, 0.5, 0.0, 0.5], [0.5, 0.5, -0.5, -0.5], [0.5] * 4]
    answers(closed, monkeypatch, [[9.0, nan, nan]] * 4 + [[nan, nan, nan]], boxes)
    assert closed.find(observation["rgb"]) == []


def test_classes_that_mean_none_of_the_labels_are_an_error(model: Models) -> None:
    with pytest.raises(AdapterError, match=r"\(tv, dining table, giraffe, \.\.\.\) mean none of the labels"):
        ClosedSetFinder(model("rt-detr"), LabelMap(["Mug"]))


def test_grounding_dino_names_a_box_by_all_tokens_of_a_label(
    model: Models, observation: Observation, monkeypatch: pytest.MonkeyPatch
) -> None:
    dino = GroundingDino(model("grounding-dino"), LABELS)
    (prompt,) = dino._prompts  # [CLS] coffee table . mug . sofa . [SEP]
    assert [tokens.tolist() for tokens in prompt.tokens] == [[1, 2], [4], [6]]
    low = -float("inf")
    logits = [[low, 4.0, 4.0, 9.0, -4.0, low, -4.0, low, low], [low, 4.0, -4.0, 9.0, 0.5, low, -4.0, low, low]]
    answers(dino, monkeypatch, logits, [[0.25, 0.5, 0.5, 1.0], [0.75, 0.5, 0.5, 1.0]])
    first, second = dino.find(observation["rgb"])
    assert (first.label, first.box, first.score) == ("CoffeeTable", (0, 0, 60, 40), pytest.approx(0.982, abs=1e-3))
    assert (second.label, second.box, second.score) == ("Mug", (0, 40, 60, 80), pytest.approx(0.6225, abs=1e-3))


def test_grounding_dino_asks_in_turns_for_more_labels_than_one_text_holds(
    model: Models, observation: Observation
) -> None:
    labels = [f"{color}{name}" for color in ("Red", "Coffee") for name in ("Table", "Mug", "Sofa")]
    dino = GroundingDino(model("grounding-dino"), labels, ALL)
    assert [p.labels for p in dino._prompts] == [tuple(labels[:4]), tuple(labels[4:])]  # 3 tokens each, 14 in a text
    assert all(len(tokens) == 2 for p in dino._prompts for tokens in p.tokens)
    found = dino.find(observation["rgb"])
    assert {f.label for f in found} & set(labels[:4])
    assert {f.label for f in found} & set(labels[4:])
    dino.look_for(["Mug"])
    assert {f.label for f in dino.find(observation["rgb"])} == {"Mug"}
    with pytest.raises(ValueError, match="labels must be names"):
        dino.look_for(["Mug", "..."])


def test_owlv2_sees_images_padded_to_a_square(
    model: Models, observation: Observation, monkeypatch: pytest.MonkeyPatch
) -> None:
    owl = Owlv2(model("owlv2"), LABELS)
    assert isinstance(owl, OpenVocabulary)
    boxes = [[0.25, 0.25, 0.5, 0.5], [0.5, 0.9, 0.2, 0.2]]  # the second lies in the padding
    answers(owl, monkeypatch, [[-3.0, 3.0, -3.0], [3.0, -3.0, -3.0]], boxes)
    assert [(f.label, f.box) for f in owl.find(observation["rgb"])] == [("Mug", (0, 0, 40, 40))]


def test_sam2_draws_one_mask_a_box(model: Models, observation: Observation) -> None:
    sam = segmenter(model("sam2"))
    boxes = [(20, 30, 40, 50), (0, 0, 60, 80), (0, 0, 5, 5)]
    masks = sam.segment(observation, boxes)
    assert [(m.shape, m.dtype) for m in masks] == [((60, 80), np.dtype(bool))] * 3
    assert all(np.array_equal(a, b) for a, b in zip(masks, sam.segment(observation, boxes), strict=True))
    assert sam.segment(observation, []) == []


def test_sam2_is_asked_with_boxes_of_its_own_image_size(
    model: Models, observation: Observation, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    asked: list[Any] = []
    logits = -torch.ones(1, 1, 1, 16, 16)
    logits[..., 4:8, 8:] = 1.0  # a quarter of the way down, the right half

    def ask(_: Any, batch: Any, **__: Any) -> Any:
        asked.append(batch["input_boxes"])
        return SimpleNamespace(pred_masks=logits)

    sam = Sam2(model("sam2"))
    monkeypatch.setattr(type(sam._loaded), "ask", ask)
    (mask,) = sam.segment(observation, [(15, 40, 30, 80)])
    assert asked[0].tolist() == [[[32.0, 16.0, 64.0, 32.0]]]  # x0, y0, x1, y1 of 64 by 64
    rows, cols = np.nonzero(mask)
    assert (rows.min(), rows.max() + 1, cols.min(), cols.max() + 1) == (15, 30, 40, 80)


def test_sam2_prepares_images_by_the_settings_beside_its_weights(model: Models) -> None:
    sam = Sam2(model("sam2"))
    pixels = sam._pixels(np.full((60, 80, 3), 153, np.uint8))
    assert pixels.shape == (1, 3, 64, 64)
    assert pixels == pytest.approx((0.6 - 0.5) / 0.25, abs=1e-6)


@pytest.mark.parametrize("family", ["clip", "siglip", "siglip2"])
def test_vectors_have_unit_length_and_do_not_depend_on_the_batch(
    model: Models, observation: Observation, family: str
) -> None:
    embed = embedder(model(family))
    rgb = observation["rgb"]
    images = embed.embed_images([rgb, rgb[:9, :14], rgb[20:, 30:]])
    texts = embed.embed_texts(["a mug", "a table and a very long text that no model reads to its end", "Mug"])
    for vectors in (images, texts):
        assert (vectors.shape, vectors.dtype) == ((3, embed.dims), np.float32)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
        assert not np.allclose(vectors[0], vectors[1], atol=1e-3)
    assert embed.embed_images([rgb[:9, :14]])[0] == pytest.approx(images[1], abs=1e-5)
    assert embed.embed_texts(["a mug"])[0] == pytest.approx(texts[0], abs=1e-5)
    assert embed.embed_texts(["mug"])[0] == pytest.approx(texts[2], abs=1e-5)
    assert embed.embed_images([]).shape == embed.embed_texts([]).shape == (0, embed.dims)
    assert embed.name == model(family).model


@pytest.mark.parametrize("family", ["clip", "owlv2", "sam2", "depth-anything"])
def test_half_precision(model: Models, observation: Observation, family: str) -> None:
    config = replace(model(family), dtype="bfloat16")
    if family == "clip":
        assert embedder(config).embed_texts(["mug"])[0] == pytest.approx(
            embedder(model(family)).embed_texts(["mug"])[0], abs=0.05
        )
    elif family == "owlv2":
        assert finder(DetectorConfig(config, LABELS, rules=ALL)).find(observation["rgb"])
    elif family == "sam2":
        assert len(segmenter(config).segment(observation, [(20, 30, 40, 50)])) == 1
    else:
        assert depth_estimator(config).estimate(observation).dtype == np.float32


def test_metric_depth_takes_the_scale_of_the_sensor(model: Models, observation: Observation) -> None:
    estimator = DepthAnything(model("depth-anything"))
    assert estimator.metric
    alone = estimator.estimate({**observation, "depth": np.zeros((60, 80), np.float32)})
    assert (alone.shape, alone.dtype) == ((60, 80), np.float32)
    assert alone.min() > 0.0
    assert alone.max() <= 20.0
    aligned = estimator.estimate(observation)
    assert np.median(observation["depth"] / aligned) == pytest.approx(1.0, rel=1e-4)
    holes = {**observation, "depth": np.where(observation["depth"] > 2.0, np.nan, observation["depth"])}
    filled = fill_depth(holes, estimator)["depth"]  # type: ignore[arg-type]
    assert (filled[20:40, 30:50] == 1.0).all()
    assert (filled > 0.0).all()
    assert fill_depth(observation, estimator) is observation


def test_a_detector_of_models_only(model: Models, observation: Observation) -> None:
    config = DetectorConfig(model("owlv2"), LABELS, features=model("clip"), rules=replace(ALL, most=8))
    composed = detector(config)
    found = composed.detect(observation)
    assert found
    for d in found:
        row0, col0, row1, col1 = d.box
        assert d.mask.shape == (60, 80)
        assert d.pixels == d.mask.sum() == d.mask[row0:row1, col0:col1].sum() >= config.min_pixels
        assert d.feature is not None
        assert np.linalg.norm(d.feature) == pytest.approx(1.0, abs=1e-5)
    assert composed.look_for(["Sofa"])
    assert {d.label for d in composed.detect(observation)} == {"Sofa"}
    assert not detector(DetectorConfig(model("rt-detr"))).look_for(["Sofa"])
