"""Detectors with a fixed list of classes: RT-DETR (arXiv 2304.08069, 2407.17140) and D-FINE (arXiv 2410.13842)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engram.perception.adapters.boxes import Found, keep
from engram.perception.adapters.config import BoxRules, ModelConfig
from engram.perception.adapters.errors import AdapterError
from engram.perception.adapters.labels import LabelMap
from engram.perception.adapters.loading import array, image_processor, load, picture


class ClosedSetFinder:
    """Any ``AutoModelForObjectDetection``. With labels, classes that mean none of them are left out."""

    def __init__(self, config: ModelConfig, labels: LabelMap | None = None, rules: BoxRules | None = None) -> None:
        """Load the model.

        Raises:
            AdapterError: it cannot be loaded, or knows none of the labels.

        """
        self._rules = rules or BoxRules()
        self._loaded = load(config, "AutoModelForObjectDetection")
        self._processor = image_processor(config)
        named: dict[int, str] = {int(i): name for i, name in self._loaded.model.config.id2label.items()}
        meant = {i: labels(name) if labels else name for i, name in named.items()}
        self.classes: dict[int, str] = {i: label for i, label in meant.items() if label}
        if not self.classes:
            some = ", ".join(list(named.values())[:5])
            raise AdapterError(config.source, f"its classes ({some}, ...) mean none of the labels", "name synonyms")

    def find(self, rgb: NDArray[np.uint8]) -> list[Found]:
        """Return what is in an image (H, W, 3), the surest first."""
        size = (rgb.shape[0], rgb.shape[1])
        output = self._loaded.ask(self._processor(picture(rgb), return_tensors="pt"))
        (result,) = self._processor.post_process_object_detection(
            output, threshold=self._rules.threshold, target_sizes=[size]
        )
        classes = result["labels"].tolist()
        wanted = np.array([i in self.classes for i in classes], bool)
        labels = [self.classes[i] for i in classes if i in self.classes]
        return keep(array(result["boxes"])[wanted], array(result["scores"])[wanted], labels, size, self._rules)
