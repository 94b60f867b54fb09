"""Models by the names of their families."""

from __future__ import annotations

from engram.perception.adapters.boxes import BoxFinder
from engram.perception.adapters.closed_set import ClosedSetFinder
from engram.perception.adapters.composed import ComposedDetector
from engram.perception.adapters.config import DetectorConfig, ModelConfig
from engram.perception.adapters.depth import DepthAnything
from engram.perception.adapters.embeddings import ImageTextEmbedder
from engram.perception.adapters.labels import LabelMap
from engram.perception.adapters.masks import DepthBands, Sam2
from engram.perception.adapters.open_vocabulary import GroundingDino, Owlv2
from engram.perception.contracts import DepthEstimator, Embedder, Segmenter


def detector(config: DetectorConfig) -> ComposedDetector:
    """Return the detector of a configuration; raises :class:`AdapterError` for a model that cannot be loaded."""
    masks: Segmenter = segmenter(config.masks) if config.masks else DepthBands(config.bands)
    features = embedder(config.features) if config.features else None
    return ComposedDetector(finder(config), masks, features, config.min_pixels)


def finder(config: DetectorConfig) -> BoxFinder:
    """Return what finds the boxes of a configuration."""
    if config.boxes.kind == "open-vocabulary":
        kind = GroundingDino if config.boxes.family == "grounding-dino" else Owlv2
        return kind(config.boxes, config.labels, config.rules)
    labels = LabelMap(config.labels, config.synonyms) if config.labels else None
    return ClosedSetFinder(config.boxes, labels, config.rules)


def segmenter(config: ModelConfig) -> Segmenter:
    """Return a model that draws masks."""
    _need(config, "masks")
    return Sam2(config)


def embedder(config: ModelConfig) -> Embedder:
    """Return a model that turns images and texts into vectors."""
    _need(config, "embedding")
    return ImageTextEmbedder(config)


def depth_estimator(config: ModelConfig) -> DepthEstimator:
    """Return a model that tells depth from colour."""
    _need(config, "depth")
    return DepthAnything(config)


def _need(config: ModelConfig, kind: str) -> None:
    if config.kind != kind:
        raise ValueError(f"{config.family} is for {config.kind}, not for {kind}")
