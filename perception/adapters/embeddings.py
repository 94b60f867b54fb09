"""Images and texts in one space: CLIP (arXiv 2103.00020), SigLIP (arXiv 2303.15343) and SigLIP 2 (arXiv 2502.14786)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.perception.adapters.boxes import Floats
from engram.perception.adapters.config import ModelConfig
from engram.perception.adapters.loading import array, image_processor, load, picture, tokenizer

_BATCH = 32


class ImageTextEmbedder:
    """Any ``AutoModel`` with image and text features."""

    def __init__(self, config: ModelConfig) -> None:
        """Load the model; raises :class:`AdapterError`."""
        self._loaded = load(config, "AutoModel")
        self._processor, self._tokenizer = image_processor(config), tokenizer(config)
        self._text: Any = self._loaded.model.config.text_config
        self._sigmoid = config.family != "clip"
        self.name = f"{config.source}@{config.revision}" if config.revision else config.source
        self.dims: int = self.embed_texts(["a"]).shape[1]

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> Floats:
        """Return (N, dims) unit vectors of N images (h, w, 3)."""
        vectors = [
            self._features("get_image_features", self._processor([picture(i) for i in part], return_tensors="pt"))
            for part in _parts(images)
        ]
        return np.concatenate(vectors) if vectors else np.zeros((0, self.dims), np.float32)

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """Return (N, dims) unit vectors of N texts; long ones are cut."""
        vectors = [self._features("get_text_features", self._tokens(part)) for part in _parts(texts)]
        return np.concatenate(vectors) if vectors else np.zeros((0, self.dims), np.float32)

    def _tokens(self, texts: Sequence[str]) -> Mapping[str, Any]:
        """Tokenise as in training: SigLIP saw lower case, padded to full length, and attended to the padding."""
        encoded = self._tokenizer(
            [text.lower() for text in texts] if self._sigmoid else list(texts),
            padding="max_length" if self._sigmoid else True,
            truncation=True,
            max_length=self._text.max_position_embeddings,
            return_tensors="pt",
        )
        names = ("input_ids",) if self._sigmoid else ("input_ids", "attention_mask")
        return {name: encoded[name] for name in names}

    def _features(self, method: str, batch: Mapping[str, Any]) -> Floats:
        output = self._loaded.ask(batch, method)
        vectors = array(output if isinstance(output, self._loaded.torch.Tensor) else output.pooler_output)
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def _parts(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
