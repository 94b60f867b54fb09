"""Models of each family with few random weights, saved as the hub has them, and a scene to ask them about."""

import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engram.perception.adapters.config import ModelConfig
from engram.sims.contract import Camera, Observation

_HERE = Path(__file__).parent
_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "coffee", "table", "mug", "red", "sofa"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    absent = [name for name in ("torch", "transformers", "safetensors") if find_spec(name) is None]
    if absent:
        skip = pytest.mark.skip(reason=f"{absent[0]} is not installed: pip install 'engram[learn]'")
        for item in items:
            if _HERE in item.path.parents and "model" in getattr(item, "fixturenames", ()):
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    if find_spec("huggingface_hub"):
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def observation() -> Observation:
    """A wall 3 m away and a box 1 m away before it, in noise, 60 rows by 80 columns."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (60, 80, 3), np.uint8)
    depth = np.full((60, 80), 3.0, np.float32)
    depth[20:40, 30:50] = 1.0
    return {
        "rgb": rgb,
        "depth": depth,
        "camera": np.array(Camera.from_fov(80, 60, 90.0)),
        "map_T_camera": np.eye(4),
        "base": np.zeros(3),
        "holding": 0,
        "stamp_ns": np.array(0),
        "outcome": 0,
    }


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ModelConfig]]:
    """Return the configuration of the tiny model of a family."""
    made: dict[str, ModelConfig] = {}

    def of(family: str) -> ModelConfig:
        if family not in made:
            folder = tmp_path_factory.mktemp(family)
            _save(family, folder)
            made[family] = ModelConfig(family, str(folder), device="cpu")
        return made[family]

    return of


def _save(family: str, folder: Path) -> None:
    import torch

    torch.manual_seed(0)
    _BUILDERS[family](folder)


def _rt_detr(folder: Path) -> None:
    import transformers as t

    backbone = t.RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic", out_features=_STAGES
    )
    config = t.RTDetrV2Config(backbone_config=backbone, encoder_in_channels=[8, 16, 16], **_DETR)
    t.RTDetrV2ForObjectDetection(config).save_pretrained(folder)
    _rt_detr_images(folder)


def _d_fine(folder: Path) -> None:
    import transformers as t

    backbone = t.HGNetV2Config(
        stem_channels=[3, 8, 8],
        stage_in_channels=[8, 16, 16, 16],
        stage_mid_channels=[8, 8, 8, 8],
        stage_out_channels=[16, 16, 16, 16],
        stage_num_blocks=[1, 1, 1, 1],
        stage_numb_of_layers=[1, 1, 1, 1],
        hidden_sizes=[16, 16, 16, 16],
        out_features=_STAGES,
    )
    config = t.DFineConfig(backbone_config=backbone, encoder_in_channels=[16, 16, 16], reg_max=8, **_DETR)
    t.DFineForObjectDetection(config).save_pretrained(folder)
    _rt_detr_images(folder)


_STAGES = ["stage2", "stage3", "stage4"]
_DETR: dict[str, Any] = {
    "d_model": 16,
    "encoder_hidden_dim": 16,
    "encoder_ffn_dim": 16,
    "encoder_attention_heads": 2,
    "decoder_in_channels": [16, 16, 16],
    "decoder_ffn_dim": 16,
    "decoder_layers": 2,
    "decoder_attention_heads": 2,
    "decoder_n_points": 2,
    "num_queries": 12,
    "num_denoising": 0,
    "hidden_expansion": 0.5,
    "num_labels": 3,
    "id2label": {0: "tv", 1: "dining table", 2: "giraffe"},
}


def _rt_detr_images(folder: Path) -> None:
    import transformers as t

    t.RTDetrImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)


def _grounding_dino(folder: Path) -> None:
    import transformers as t

    backbone = t.SwinConfig(
        image_size=64, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1], window_size=4, out_features=_STAGES
    )
    text = t.BertConfig(vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    config = t.GroundingDinoConfig(
        backbone_config=backbone,
        text_config=text,
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        num_queries=12,
        num_feature_levels=4,
        max_text_len=16,
    )
    t.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    t.GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(folder)
    t.BertTokenizer(vocab={word: i for i, word in enumerate(_WORDS)}).save_pretrained(folder)


def _clip_tokenizer(folder: Path) -> None:
    import transformers as t

    letters = "abcdefghijklmnopqrstuvwxyz"
    # The padding is 0 as in OWLv2's, where a query that begins with it counts as none.
    names = ["!", *letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = t.CLIPTokenizer(vocab={name: i for i, name in enumerate(names)}, merges=[], pad_token="!")  # noqa: S106
    tokenizer.save_pretrained(folder)


_TOWER = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
_CLIP_TEXT = {**_TOWER, "vocab_size": 55, "max_position_embeddings": 16, "bos_token_id": 53, "eos_token_id": 54}


def _owlv2(folder: Path) -> None:
    import transformers as t

    vision = {**_TOWER, "image_size": 64, "patch_size": 16}
    config = t.Owlv2Config(text_config=_CLIP_TEXT, vision_config=vision, projection_dim=16)
    t.Owlv2ForObjectDetection(config).save_pretrained(folder)
    t.Owlv2ImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)
    _clip_tokenizer(folder)


def _clip(folder: Path) -> None:
    import transformers as t

    vision = {**_TOWER, "image_size": 32, "patch_size": 16}
    t.CLIPModel(t.CLIPConfig(text_config=_CLIP_TEXT, vision_config=vision, projection_dim=8)).save_pretrained(folder)
    t.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    _clip_tokenizer(folder)


_SIGLIP_TEXT = {
    "vocab_size": 64,
    "max_position_embeddings": 12,
    "projection_size": 16,
    "bos_token_id": 2,
    "eos_token_id": 1,
    "pad_token_id": 0,
}


def _siglip(folder: Path) -> None:
    import transformers as t

    vision = {**_TOWER, "image_size": 32, "patch_size": 16}
    text = {**_TOWER, **_SIGLIP_TEXT}
    t.SiglipModel(t.SiglipConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
    t.SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    _siglip_tokenizer(folder)


def _siglip2(folder: Path) -> None:
    import transformers as t

    vision = {**_TOWER, "num_patches": 16, "patch_size": 16}
    text = {**_TOWER, **_SIGLIP_TEXT}
    t.Siglip2Model(t.Siglip2Config(text_config=text, vision_config=vision)).save_pretrained(folder)
    t.Siglip2ImageProcessorPil(patch_size=16, max_num_patches=16).save_pretrained(folder)
    _siglip_tokenizer(folder)


def _siglip_tokenizer(folder: Path) -> None:
    import transformers as t

    names = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *"abcdefghijklmnopqrstuvwxyz"]
    t.Siglip2Tokenizer(vocab={name: i for i, name in enumerate(names)}, merges=[]).save_pretrained(folder)


def _sam2(folder: Path) -> None:
    import transformers as t

    backbone = t.Sam2HieraDetConfig(
        hidden_size=8,
        image_size=[64, 64],
        blocks_per_stage=[1, 1, 1, 1],
        embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 2, 2],
        window_size_per_stage=[4, 4, 4, 4],
        global_attention_blocks=[99],
        window_positional_embedding_background_size=[4, 4],
    )
    vision = t.Sam2VisionConfig(
        backbone_config=backbone,
        backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]],
        fpn_hidden_size=32,
    )
    config = t.Sam2Config(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 32, "image_size": 64, "patch_size": 16},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16},
    )
    t.Sam2Model(config).save_pretrained(folder)
    # As on the hub: the class itself cannot be made without torchvision.
    settings = {"image_processor_type": "Sam2ImageProcessorFast", "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def _depth_anything(folder: Path) -> None:
    import transformers as t

    backbone = t.Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        mlp_ratio=1,
        image_size=56,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = t.DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=8,
        head_hidden_size=8,
        depth_estimation_type="metric",
        max_depth=20,
    )
    t.DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    size = {"height": 56, "width": 56}
    t.DPTImageProcessorPil(size=size, keep_aspect_ratio=True, ensure_multiple_of=14).save_pretrained(folder)


_BUILDERS: dict[str, Callable[[Path], None]] = {
    "rt-detr": _rt_detr,
    "d-fine": _d_fine,
    "grounding-dino": _grounding_dino,
    "owlv2": _owlv2,
    "clip": _clip,
    "siglip": _siglip,
    "siglip2": _siglip2,
    "sam2": _sam2,
    "depth-anything": _depth_anything,
}
