"""Text to vectors: a sentence encoder when one is installed, hashed n-grams everywhere else.

All embedders give unit vectors, so that a dot product is a cosine. An embedder's ``name`` says what it is; vectors of
different names must never be compared, so stores keep the name beside the vectors.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engram.perception import minilm
from engram.perception.minilm import MiniLM, TextModelError, optional
from engram.perception.words import words

Floats = NDArray[np.float32]
__all__ = [
    "CachedEmbedder",
    "HashedNgrams",
    "SentenceTransformer",
    "TextConfig",
    "TextEmbedder",
    "TextModelError",
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
    """``auto`` (MiniLM if installed, else hashed), ``minilm``, ``hashed``, or the name or folder of a
    sentence-transformers model."""
    hashed_dims: int = 512
    cache: int = 8192
    """Texts whose vectors are kept."""


def text_embedder(config: TextConfig | None = None) -> TextEmbedder:
    """Return the embedder of a configuration.

    Raises:
        TextModelError: the model is not installed.

    """
    config = config or TextConfig()
    if config.model == "hashed" or (config.model == "auto" and not minilm.available()):
        return CachedEmbedder(HashedNgrams(config.hashed_dims), config.cache)
    if config.model in ("auto", "minilm"):
        return CachedEmbedder(MiniLM(), config.cache)
    return CachedEmbedder(SentenceTransformer(config.model), config.cache)


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
        self._model: Any = library.SentenceTransformer(model)
        self.name = model
        self.dims = int(self._model.get_sentence_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return the (N, dims) unit vectors of N texts."""
        return np.asarray(self._model.encode(list(texts), normalize_embeddings=True), np.float32)


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
