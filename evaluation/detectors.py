"""Makes what an episode sees with, and says plainly why that cannot be had here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path

from engram.evaluation.contract import UnavailableError
from engram.evaluation.detector_options import DetectorOptions
from engram.perception.adapters.config import FAMILIES, BoxRules, DetectorConfig, ModelConfig
from engram.perception.adapters.errors import AdapterError
from engram.perception.contracts import Detection, Detector
from engram.sims.contract import Observation
from engram.sims.house.categories import CATEGORIES

_NEEDED = ("torch", "safetensors")
_FINDING = ("closed-set", "open-vocabulary")


class PerceptionError(UnavailableError):
    """Raised when there is no such detector here; the message says what to do."""


class Later:
    """A detector that is made when it is first asked: one that never is needs no model."""

    def __init__(self, make: Callable[[], Detector]) -> None:
        """Take what makes it."""
        self._make, self._made = make, list[Detector]()

    def detect(self, observation: Observation) -> Sequence[Detection]:
        """Return what the detector sees."""
        if not self._made:
            self._made.append(self._make())
        return self._made[0].detect(observation)


def learned_detector(options: DetectorOptions, judge: bool = True) -> Detector:
    """Load a detector; with ``judge``, the embedded one says what looks out of place.

    Raises:
        PerceptionError: a library or the weights are missing, or they do not fit.

    """
    if not _is_pretrained(options.model):
        return _embedded(options, judge)
    from engram.perception.adapters import registry

    rules = BoxRules() if options.least_score is None else BoxRules(options.least_score)
    with _told():
        config = DetectorConfig(
            pretrained(options.model, options.device),
            tuple(CATEGORIES),
            masks=pretrained(options.masks, options.device) if options.masks else None,
            rules=rules,
        )
        return registry.detector(config)


def depth_filler(options: DetectorOptions) -> Callable[[Observation], Observation] | None:
    """Return what fills in the depth that the sensor does not give; ``None`` when nothing is to.

    Raises:
        PerceptionError: as :func:`learned_detector`.

    """
    if not options.depth:
        return None
    from engram.perception.adapters import registry
    from engram.perception.adapters.depth import fill_depth

    with _told():
        estimator = registry.depth_estimator(pretrained(options.depth, options.device))
    return lambda observation: fill_depth(observation, estimator)


def pretrained(text: str, device: str = "auto") -> ModelConfig:
    """Read FAMILY, FAMILY:FOLDER or FAMILY:HUB_ID@REVISION; raise ``ValueError`` for a family that there is not."""
    family, _, source = text.partition(":")
    model, at, revision = source.rpartition("@")
    return ModelConfig(family, model if at else source, revision if at else "", device)


def weights_of(options: DetectorOptions) -> str:
    """Return what tells the weights of a learned detector from others: their digest, or how the model is named."""
    if _is_pretrained(options.model):
        return options.model
    shipped = resources.files("engram.perception.detector").joinpath("detector.safetensors")
    content = Path(options.model).read_bytes() if options.model else shipped.read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def _is_pretrained(model: str) -> bool:
    return model.partition(":")[0] in FAMILIES


def _embedded(options: DetectorOptions, judge: bool) -> Detector:
    try:
        from engram.perception.detector.detector import EmbeddedConfig, EmbeddedDetector
        from engram.perception.detector.weights import DEFAULT, DetectorWeightsError
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        text = f'learned perception needs {error.name}, which is not installed: pip install "engram[learn]"'
        raise PerceptionError(text) from error
    config = EmbeddedConfig(judge=judge)
    if options.least_score is not None:
        config = replace(config, min_presence=options.least_score)
    try:
        return EmbeddedDetector.load(Path(options.model) if options.model else DEFAULT, config)
    except DetectorWeightsError as error:
        raise PerceptionError(f"{error}{_families(options.model)}") from error


def _families(model: str) -> str:
    """Return what a name may have meant that is no file of weights."""
    if not model or model.endswith(".safetensors"):
        return ""
    return f"; pretrained models are named by {', '.join(n for n, f in FAMILIES.items() if f.kind in _FINDING)}"


@contextmanager
def _told() -> Iterator[None]:
    """Turn what can be wrong with a pretrained model into one error."""
    try:
        yield
    except (AdapterError, ValueError) as error:
        raise PerceptionError(str(error)) from error
