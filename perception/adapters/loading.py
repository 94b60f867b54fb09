"""Pretrained models from a folder or the hub: safetensors only, and no code but that of the installed library."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engram.perception.adapters.config import FAMILIES, ModelConfig
from engram.perception.adapters.errors import AdapterError

INSTALL = "pip install 'engram[learn]'"
_SAFE: Mapping[str, Any] = {"trust_remote_code": False}


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model ready to be asked, and the libraries that run it."""

    config: ModelConfig
    model: Any
    torch: Any
    device: str

    def tensors(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Put inputs where the model is; fractions take its dtype."""
        dtype = getattr(self.torch, self.config.dtype)
        given = {name: self.torch.as_tensor(value) for name, value in batch.items()}
        # The dtype first: not every device has float64.
        cast = {name: value.to(dtype) if value.is_floating_point() else value for name, value in given.items()}
        return {name: value.to(self.device) for name, value in cast.items()}

    def ask(self, batch: Mapping[str, Any], method: str = "__call__", **options: Any) -> Any:
        """Run the model, or one of its methods, without gradients."""
        with self.torch.inference_mode():
            return getattr(self.model, method)(**self.tensors(batch), **options)


def load(config: ModelConfig, architecture: str) -> Loaded:
    """Load a model by the name of its class in transformers, such as ``AutoModel``.

    Raises:
        AdapterError: a library, the model or some of its weights are not there, or it is another kind of model.

    """
    torch, library = _library("torch", config), _library("transformers", config)
    device = _device(torch, config)
    options = {"use_safetensors": True, "dtype": getattr(torch, config.dtype), "output_loading_info": True, **_SAFE}
    with _reading(config):
        model, report = getattr(library, architecture).from_pretrained(_where(config), **_revision(config), **options)
    # The library only warns of these, and makes them up.
    missing = sorted(k for k in report["missing_keys"] if not k.endswith("num_batches_tracked"))
    if missing:
        raise AdapterError(config.source, f"{len(missing)} weights are missing, {missing[0]!r} first", _fetch(config))
    return Loaded(config, model.to(device).eval(), torch, device)


def image_processor(config: ModelConfig) -> Any:
    """Return what turns images into a model's inputs, by Pillow and numpy: the results depend on no further library."""
    library = _library("transformers", config)
    with _reading(config):
        return library.AutoImageProcessor.from_pretrained(_where(config), backend="pil", **_revision(config), **_SAFE)


def image_settings(config: ModelConfig) -> dict[str, Any]:
    """Return the settings of a model's image processor, for families whose processor is not run here."""
    _library("transformers", config)
    module = importlib.import_module("transformers.models.auto.image_processing_auto")
    with _reading(config):
        return dict(module.get_image_processor_config(_where(config), **_revision(config)))


def tokenizer(config: ModelConfig) -> Any:
    """Return what turns texts into a model's inputs."""
    library = _library("transformers", config)
    with _reading(config):
        return library.AutoTokenizer.from_pretrained(_where(config), **_revision(config), **_SAFE)


def picture(rgb: NDArray[np.uint8]) -> Image.Image:
    """Return an image (H, W, 3) as Pillow has it: its axes cannot be mistaken, however small it is."""
    return Image.fromarray(np.ascontiguousarray(rgb))


def array(tensor: Any) -> NDArray[np.float32]:
    """Return a tensor of any device and dtype as float32."""
    return np.asarray(tensor.detach().float().cpu().numpy(), np.float32)


def _library(name: str, config: ModelConfig) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise AdapterError(config.source, f"it needs {name}, which is not installed", INSTALL) from error


def _device(torch: Any, config: ModelConfig) -> str:
    cuda = bool(torch.cuda.is_available())
    if config.device == "auto":
        return "cuda" if cuda else "cpu"
    mps = bool(torch.backends.mps.is_available())
    if (config.device.startswith("cuda") and not cuda) or (config.device == "mps" and not mps):
        raise AdapterError(config.source, f"this machine has no device {config.device!r}", "set device to auto or cpu")
    return config.device


def _folder(config: ModelConfig) -> Path:
    return Path(config.source).expanduser()


def _where(config: ModelConfig) -> str:
    """Return the folder or id; a path to nothing is told from an id, which the library would look up on the hub."""
    path = _folder(config)
    if path.is_dir():
        return str(path)
    if path.is_absolute() or config.source.startswith((".", "~")) or len(path.parts) > 2:
        raise AdapterError(config.source, "there is no such folder", _fetch(config))
    return config.source


def _revision(config: ModelConfig) -> dict[str, str]:
    return {"revision": config.revision} if config.revision else {}


def _fetch(config: ModelConfig) -> str:
    """Return the command that brings a model: into the folder that was named, or into one to be named."""
    local = _folder(config).is_dir() or len(Path(config.source).parts) != 2
    hub_id = FAMILIES[config.family].hub_id if local else config.source
    folder = config.source if local else "DIR"
    then = "" if local else " and set model to DIR"
    return f"fetch it with `hf download {hub_id} --local-dir {folder}`{then}"


@contextmanager
def _reading(config: ModelConfig) -> Iterator[None]:
    """Turn all that reading a model can raise into one error."""
    safetensors = _library("safetensors", config)
    hub = _library("huggingface_hub.errors", config)
    try:
        yield
    except ImportError as error:
        sentencepiece = any(name in str(error).lower() for name in ("sentencepiece", "protobuf"))
        remedy = "pip install sentencepiece protobuf" if sentencepiece else INSTALL
        raise AdapterError(config.source, _first(error), remedy) from error
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        RuntimeError,
        safetensors.SafetensorError,
        hub.StrictDataclassError,
    ) as error:
        kept_off = os.environ.get("HF_HUB_OFFLINE") not in (None, "", "0") and not _folder(config).is_dir()
        offline = " (HF_HUB_OFFLINE is set)" if kept_off else ""
        raise AdapterError(config.source, f"it cannot be loaded{offline}: {_first(error)}", _fetch(config)) from error


def _first(error: BaseException) -> str:
    """Return the first sentence of an error; what follows in the library's is advice for other cases."""
    text = re.split(r"\.\s|\n", str(error).strip())[0]
    return text.rstrip(".") or type(error).__name__
