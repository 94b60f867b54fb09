from typing import Any

import pytest

from engram.perception.adapters.config import FAMILIES, BandConfig, BoxRules, DetectorConfig, ModelConfig


def test_a_family_has_a_model_of_its_own() -> None:
    assert ModelConfig("owlv2").source == "google/owlv2-base-patch16-ensemble"
    assert ModelConfig("owlv2", "somewhere/else").source == "somewhere/else"
    assert {family.kind for family in FAMILIES.values()} == {
        "closed-set",
        "open-vocabulary",
        "masks",
        "embedding",
        "depth",
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"family": "owl2"}, "unknown family of models 'owl2'; did you mean 'owlv2'?"),
        ({"family": "zzz"}, "known are rt-detr, d-fine"),
        ({"family": "clip", "device": "gpu"}, "device must be auto"),
        ({"family": "clip", "dtype": "int8"}, "dtype must be one of float32"),
    ],
)
def test_models_that_there_are_not(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        ModelConfig(**settings)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (BoxRules, {"threshold": 1.1}),
        (BoxRules, {"overlap": float("nan")}),
        (BoxRules, {"most": 0}),
        (BandConfig, {"middle": 0.0}),
        (BandConfig, {"min_band_m": -0.1}),
        (BandConfig, {"jump_share": float("nan")}),
    ],
)
def test_values_out_of_range(kind: Any, settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        kind(**settings)


def test_each_part_needs_its_kind_of_model() -> None:
    with pytest.raises(ValueError, match="boxes needs one of rt-detr, d-fine, grounding-dino, owlv2, not sam2"):
        DetectorConfig(ModelConfig("sam2"))
    with pytest.raises(ValueError, match="masks needs one of sam2, not clip"):
        DetectorConfig(ModelConfig("rt-detr"), masks=ModelConfig("clip"))
    with pytest.raises(ValueError, match="features needs one of siglip, siglip2, clip, not sam2"):
        DetectorConfig(ModelConfig("rt-detr"), features=ModelConfig("sam2"))
    with pytest.raises(ValueError, match="labels must not be empty"):
        DetectorConfig(ModelConfig("owlv2"))
