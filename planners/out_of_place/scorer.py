"""The judge that an agent asks: keeps what was seen of each track, and fuses it with what is said and counted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch

from engram.perception.contracts import Detection
from engram.perception.text import TextConfig, TextEmbedder, text_embedder
from engram.planners.out_of_place.fusion import Fusion, Views, log_odds
from engram.planners.out_of_place.model import OUTPUTS, OutOfPlaceNet, load
from engram.planners.weights import WeightsError

_JUDGED = OUTPUTS.index("displaced")


class OutOfPlaceScorer:
    """Beliefs that tracks are out of place, over the time of one episode."""

    def __init__(
        self,
        fusion: Fusion,
        language: OutOfPlaceNet | None = None,
        embedder: TextEmbedder | None = None,
        visual: OutOfPlaceNet | None = None,
    ) -> None:
        """Take the judges and how to fuse them.

        Args:
            fusion: weighs the sources.
            language: judges by sentences, with ``embedder``.
            embedder: what the language judge was trained with.
            visual: judges by appearance; without it, the detector's own belief is taken.

        """
        self._fusion, self._language, self._embedder, self._visual = fusion, language, embedder, visual
        self._views: dict[int, Views] = {}
        self._said: dict[tuple[str, ...], float] = {}

    def saw(self, track: int, detection: Detection) -> None:
        """Take in one view of a track, given by its number."""
        if self._visual is not None and detection.feature is not None:
            with torch.inference_mode():
                odds = self._visual(None, None, torch.from_numpy(detection.feature)[None])
            self._views.setdefault(track, Views()).add(float(odds[0, _JUDGED]))
        elif detection.out_of_place is not None:
            self._views.setdefault(track, Views()).add(log_odds(detection.out_of_place))

    def belief(self, track: int, sentences: Sequence[str], table: float | None) -> float:
        """Probability that a track is out of place.

        Args:
            track: its number.
            sentences: what is said of its whereabouts.
            table: belief by counts; ``None`` where nothing is known to hold it.

        """
        evidence = {
            "language": self.read(sentences),
            "table": None if table is None else log_odds(table),
            "looks": self._views.get(track, Views()).fused(self._fusion.repeat),
        }
        return self._fusion.belief(evidence)

    def read(self, sentences: Sequence[str]) -> float | None:
        """Log-odds by what is said alone; ``None`` when nothing is said, or nobody reads."""
        if self._language is None or self._embedder is None or not sentences:
            return None
        key = tuple(sentences)
        if key not in self._said:
            vectors = torch.from_numpy(self._embedder.embed(key))[None]
            with torch.inference_mode():
                odds = self._language(vectors, torch.ones(vectors.shape[:2], dtype=torch.bool), None)
            self._said[key] = float(odds[0, _JUDGED])
        return self._said[key]


def load_scorer(path: Path | None = None) -> OutOfPlaceScorer:
    """Return a new judge from trained weights, by default those that come with the package.

    Raises:
        WeightsError: the weights cannot be used, or were trained with an embedder that is not this one.
        TextModelError: the embedder that they were trained with is not installed.

    """
    nets, fusion, embedder = _loaded(path)
    return OutOfPlaceScorer(fusion, nets.get("language"), embedder, nets.get("visual"))


@lru_cache(maxsize=4)
def _loaded(path: Path | None) -> tuple[dict[str, OutOfPlaceNet], Fusion, TextEmbedder]:
    nets, about = load(path)
    embedder = text_embedder(TextConfig(model=about["text_model"]))
    if embedder.name != about["embedder"]:
        raise WeightsError(f"the weights were trained with sentences of {about['embedder']}, not of {embedder.name}")
    return nets, Fusion.from_json(about["fusion"]), embedder
