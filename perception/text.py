"""Text to vectors: a sentence encoder when one is installed, hashed n-grams everywhere else.

All embedders give unit vectors, so that a dot product is a cosine. An embedder's ``name`` says what it is, weights of a
folder included; vectors of different names must never be compared, so stores keep the name beside the vectors.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engram.perception import minilm
from engram.perception.minilm import MiniLM, TextModelError, optional
from engram.perception.words import words

Floats = NDArray[np.float32]
_BATCH, _MAX_TOKENS = 32, 512
_MODEL_FILES = frozenset({".safetensors", ".bin", ".json", ".txt", ".model"})
__all__ = [
    "CachedEmbedder",
    "HashedNgrams",
    "SentenceTransformer",
    "TextConfig",
    "TextEmbedder",
    "TextModelError",
    "Transformer",
    "text_embedder",
]


class TextEmbedder(Protocol):
    """Anything that turns texts into vectors."""

    @property
    def name(self) -> str:
        """What made the vectors."""
        ...

    @property
    def dims(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return (N, dims) float32 vectors of unit length; zeros for a text without words."""
        ...


@dataclass(frozen=True)
class TextConfig:
    """Which embedder, and how much it remembers."""

    model: str = "auto"
    """``auto`` (MiniLM if installed, else hashed), ``minilm``, ``hashed``, the name or folder of a
    sentence-transformers model, or the folder of a transformers encoder."""
    hashed_dims: int = 512
    cache: int = 8192
    """Texts whose vectors are kept."""


def text_embedder(config: TextConfig | None = None) -> TextEmbedder:
    """Return the embedder of a configuration.

    Raises:
        TextModelError: the model, or what runs it, is not installed.

    """
    config = config or TextConfig()
    if config.model == "hashed" or (config.model == "auto" and not minilm.available()):
        return CachedEmbedder(HashedNgrams(config.hashed_dims), config.cache)
    if config.model in ("auto", "minilm"):
        return CachedEmbedder(MiniLM(), config.cache)
    folder = Path(config.model)
    plain = folder.is_dir() and not (folder / "modules.json").exists()
    return CachedEmbedder((Transformer if plain else SentenceTransformer)(config.model), config.cache)


class HashedNgrams:
    """Hashed words and character n-grams: knows spelling, not meaning. Needs numpy only.

    Each stem and each 3- to 5-gram of the stem between word marks adds +-weight to one of ``dims`` places (the hashing
    trick, arXiv 0902.2206), so "mugs" is near "mug" and "drawer" near "drawers"; "cup" is not near "mug".
    """

    def __init__(self, dims: int = 512) -> None:
        """Take the length of vectors; longer ones collide less."""
        if dims < 1:
            raise ValueError(f"dims must be positive, got {dims}")
        self.dims = dims
        self.name = f"hashed-ngrams-{dims}"

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return (N, dims) unit vectors; zeros for a text without words."""
        out = np.zeros((len(texts), self.dims), np.float32)
        for row, text in enumerate(texts):
            stems = words(text) or words(text, stop=False)
            for stem in stems:
                places, values = _features(stem, self.dims)
                np.add.at(out[row], places, values)
        norm = np.linalg.norm(out, axis=1, keepdims=True)
        return np.asarray(np.divide(out, norm, out=out, where=norm > 0))


@lru_cache(maxsize=65536)
def _features(stem: str, dims: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the places and signed weights of one stem; the word weighs as much as all its n-grams."""
    marked = f"<{stem}>"
    grams = sorted({marked[i : i + n] for n in (3, 4, 5) for i in range(len(marked) - n + 1)} - {marked})
    hashes = np.array([zlib.crc32(gram.encode()) for gram in [marked, *grams]], np.int64)
    weights = np.ones(len(hashes), np.float32)
    weights[1:] = max(1, len(grams)) ** -0.5
    return (hashes >> 1) % dims, np.where(hashes & 1, weights, -weights).astype(np.float32)


class SentenceTransformer:
    """Any model of the sentence-transformers library, by name or folder."""

    def __init__(self, model: str) -> None:
        """Load the model; a name that is not on this machine is downloaded by the library."""
        library = optional("sentence_transformers", "pip install sentence-transformers")
        with _loading(model):
            self._model: Any = library.SentenceTransformer(model)
        self.name = _name(model)
        self.dims = int(self._model.encode([""]).shape[1])  # the method that tells has two names

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return the (N, dims) unit vectors of N texts."""
        return np.asarray(self._model.encode(list(texts), normalize_embeddings=True), np.float32)


class Transformer:
    """Any encoder of the transformers library: the mean of its last states over the tokens of a text."""

    def __init__(self, model: str) -> None:
        """Load the model, by name or folder, on the CPU."""
        install = "pip install transformers torch"
        self._torch, library = optional("torch", install), optional("transformers", install)
        with _loading(model):
            self._tokenizer: Any = library.AutoTokenizer.from_pretrained(model)
            self._model: Any = library.AutoModel.from_pretrained(model).float().eval()
        self.name = _name(model)
        self.dims = int(self._model.config.hidden_size)
        places = getattr(self._model.config, "max_position_embeddings", _MAX_TOKENS)
        self._max_tokens = min(self._tokenizer.model_max_length, places, _MAX_TOKENS)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return the (N, dims) unit vectors of N texts."""
        out = np.zeros((len(texts), self.dims), np.float32)
        for start in range(0, len(texts), _BATCH):
            out[start : start + _BATCH] = self._means(list(texts[start : start + _BATCH]))
        norm = np.linalg.norm(out, axis=1, keepdims=True)
        return np.asarray(np.divide(out, norm, out=out, where=norm > 0))

    def _means(self, texts: list[str]) -> Floats:
        tokens = self._tokenizer(texts, padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt")
        with self._torch.inference_mode():
            states = self._model(**tokens).last_hidden_state.numpy()
        mask = tokens["attention_mask"].numpy()[:, :, None]
        return np.asarray((states * mask).sum(axis=1) / np.maximum(mask.sum(axis=1), 1), np.float32)


@contextmanager
def _loading(model: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise TextModelError(
            f"The text model {model!r} cannot be loaded ({error}); name 'hashed', 'minilm', or the folder of a model"
        ) from error


def _name(model: str) -> str:
    """Return what a model is known by; a folder by its own name and what is in it, for it may move or change."""
    if not Path(model).is_dir():
        return model
    sum_ = 0
    for file in sorted(f for f in Path(model).rglob("*") if f.suffix in _MODEL_FILES):
        with file.open("rb") as opened:
            while chunk := opened.read(1 << 22):
                sum_ = zlib.crc32(chunk, sum_)
    return f"{Path(model).resolve().name}-{sum_:08x}"


class CachedEmbedder:
    """An embedder that keeps the vectors of the texts it saw last; may be shared by threads."""

    def __init__(self, embedder: TextEmbedder, size: int = 8192) -> None:
        """Wrap an embedder; ``size`` texts are kept."""
        self._embedder, self._size = embedder, size
        self._kept: OrderedDict[str, Floats] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What made the vectors."""
        return self._embedder.name

    @property
    def dims(self) -> int:
        """Length of a vector."""
        return self._embedder.dims

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return (N, dims) unit vectors; only texts that are not kept are computed, in one batch."""
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        fresh = list(dict.fromkeys(text for text in texts if text not in known))
        if fresh:
            known.update(zip(fresh, self._embedder.embed(fresh), strict=True))
        with self._lock:
            for text in texts:
                self._kept[text] = known[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts]) if texts else np.zeros((0, self.dims), np.float32)
