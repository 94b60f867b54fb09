import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engram.perception.adapters.config import DetectorConfig, ModelConfig
from engram.perception.adapters.errors import AdapterError
from engram.perception.adapters.registry import depth_estimator, embedder, finder, segmenter

Models = Callable[[str], ModelConfig]


@pytest.fixture
def copy(model: Models, tmp_path: Path) -> ModelConfig:
    """Return CLIP in a folder that may be spoilt."""
    shutil.copytree(model("clip").model, tmp_path / "clip")
    return replace(model("clip"), model=str(tmp_path / "clip"))


def refused(config: ModelConfig) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        embedder(config)
    assert config.source in str(caught.value)
    return caught.value


def test_a_model_of_the_hub_that_is_not_here(model: Models) -> None:
    error = refused(ModelConfig("siglip2", device="cpu"))
    assert error.model == "google/siglip2-base-patch16-224"
    assert "HF_HUB_OFFLINE is set" in error.cause
    command = "hf download google/siglip2-base-patch16-224 --local-dir DIR"
    assert error.remedy == f"fetch it with `{command}` and set model to DIR"


def test_a_folder_that_is_not_there(model: Models, tmp_path: Path) -> None:
    folder = str(tmp_path / "none")
    error = refused(ModelConfig("clip", folder, device="cpu"))
    assert error.cause == "there is no such folder"
    assert error.remedy == f"fetch it with `hf download laion/CLIP-ViT-B-32-laion2B-s34B-b79K --local-dir {folder}`"


def test_an_empty_folder_and_one_without_weights(copy: ModelConfig, tmp_path: Path) -> None:
    (Path(copy.model) / "model.safetensors").unlink()
    assert "model.safetensors" in refused(copy).cause
    (tmp_path / "empty").mkdir()
    assert "hf download" in refused(replace(copy, model=str(tmp_path / "empty"))).remedy


def test_pickled_weights_are_not_read(copy: ModelConfig) -> None:
    import torch

    (Path(copy.model) / "model.safetensors").unlink()
    torch.save({}, Path(copy.model) / "pytorch_model.bin")
    assert "model.safetensors" in refused(copy).cause


def test_weights_cut_short(copy: ModelConfig) -> None:
    weights = Path(copy.model) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "cannot be loaded" in refused(copy).cause


def test_weights_that_are_missing_are_not_made_up(copy: ModelConfig) -> None:
    from safetensors.torch import load_file, save_file

    weights = Path(copy.model) / "model.safetensors"
    kept = load_file(weights)
    del kept["visual_projection.weight"]
    save_file(kept, weights, {"format": "pt"})
    assert refused(copy).cause == "1 weights are missing, 'visual_projection.weight' first"


def test_code_beside_the_weights_is_not_run(copy: ModelConfig, tmp_path: Path) -> None:
    folder = Path(copy.model)
    ran = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    auto_map = {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
    (folder / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": auto_map}))
    assert "custom code" in refused(copy).cause
    assert not ran.exists()


def test_a_tokenizer_that_needs_another_library(model: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    def fail(*_: object, **__: object) -> None:
        raise ImportError("SiglipTokenizer requires the SentencePiece library but it was not found. Check out ...")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", fail)
    error = refused(model("siglip"))
    assert error.cause == "SiglipTokenizer requires the SentencePiece library but it was not found"
    assert error.remedy == "pip install sentencepiece protobuf"


def test_another_kind_of_model(model: Models) -> None:
    wrong = replace(model("clip"), family="rt-detr")
    with pytest.raises(AdapterError, match="hf download PekingU/rtdetr_v2_r18vd --local-dir"):
        finder(DetectorConfig(wrong))
    with pytest.raises(ValueError, match="clip is for embedding, not for masks"):
        segmenter(model("clip"))
    with pytest.raises(ValueError, match="sam2 is for masks, not for depth"):
        depth_estimator(model("sam2"))


def test_a_device_that_is_not_there(model: Models) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    assert "no device 'cuda:1'" in refused(replace(model("clip"), device="cuda:1")).cause


@pytest.mark.parametrize("name", ["torch", "transformers"])
def test_a_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    if name == "transformers":
        pytest.importorskip("torch")
    error = refused(ModelConfig("clip", str(tmp_path)))
    assert error.cause == f"it needs {name}, which is not installed"
    assert error.remedy == "pip install 'engram[learn]'"


def test_importing_the_adapters_loads_no_model_library() -> None:
    code = (
        "import engram.perception.adapters.registry, sys; "
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
