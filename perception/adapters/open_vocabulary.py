"""Detectors that are told what to look for: Grounding DINO (arXiv 2303.05499) and OWLv2 (arXiv 2306.09683)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.perception.adapters.boxes import Floats, Found, corners_of, keep
from engram.perception.adapters.config import BoxRules, ModelConfig
from engram.perception.adapters.labels import phrase
from engram.perception.adapters.loading import array, image_processor, load, picture, tokenizer

_ARCHITECTURE = "AutoModelForZeroShotObjectDetection"


@dataclass(frozen=True, eq=False)
class _Prompt:
    """A text that names several labels, and the tokens that each of them is."""

    labels: tuple[str, ...]
    inputs: Mapping[str, Any]
    tokens: tuple[NDArray[np.intp], ...]


class GroundingDino:
    """Grounding DINO.

    A box belongs to the label whose tokens it answers to best, by the mean over them; so each box has exactly one of
    the labels, and no phrase has to be guessed from single tokens. More labels than fit one text are asked in turns.
    """

    def __init__(self, config: ModelConfig, labels: Sequence[str], rules: BoxRules | None = None) -> None:
        """Load the model; raises :class:`AdapterError`, or ``ValueError`` for labels without letters."""
        self._rules = rules or BoxRules()
        self._loaded = load(config, _ARCHITECTURE)
        self._processor, self._tokenizer = image_processor(config), tokenizer(config)
        self.look_for(labels)

    def look_for(self, labels: Sequence[str]) -> None:
        """Look for these labels from now on."""
        self._prompts = tuple(self._prompt(part) for part in self._parts(_checked(labels)))

    def find(self, rgb: NDArray[np.uint8]) -> list[Found]:
        """Return what is in an image (H, W, 3), the surest first."""
        size = (rgb.shape[0], rgb.shape[1])
        image = self._processor(picture(rgb), return_tensors="pt")
        corners, scores, labels = [], [], []
        for prompt in self._prompts:
            output = self._loaded.ask({**image, **prompt.inputs})
            # Tokens past the end of the text have -inf.
            beliefs = array(output.logits.sigmoid()[0])
            each = np.stack([beliefs[:, tokens].mean(axis=1) for tokens in prompt.tokens], axis=1)
            corners.append(corners_of(array(output.pred_boxes[0]), size))
            scores.append(each.max(axis=1))
            labels += [prompt.labels[i] for i in each.argmax(axis=1)]
        return keep(np.concatenate(corners), np.concatenate(scores), labels, size, self._rules)

    def _parts(self, labels: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        room = min(self._loaded.model.config.max_text_len, self._tokenizer.model_max_length) - 2  # two mark the ends
        part: list[str] = []
        used = 0
        for label in labels:
            needs = len(self._tokenizer(_sentence([label]), add_special_tokens=False)["input_ids"])
            if part and used + needs > room:
                yield tuple(part)
                part, used = [], 0
            part.append(label)
            used += needs
        yield tuple(part)

    def _prompt(self, labels: tuple[str, ...]) -> _Prompt:
        encoded = self._tokenizer(
            _sentence(labels), return_offsets_mapping=True, return_token_type_ids=True, return_tensors="pt"
        )
        begins, ends = encoded.pop("offset_mapping")[0].numpy().T
        tokens, start = [], 0
        for label in labels:
            stop = start + len(phrase(label))
            tokens.append(np.flatnonzero((begins >= start) & (ends <= stop) & (begins < ends)))
            start = stop + 2
        return _Prompt(labels, encoded, tuple(tokens))


class Owlv2:
    """OWLv2: each label is one query, in the words that CLIP-like models were trained with."""

    def __init__(self, config: ModelConfig, labels: Sequence[str], rules: BoxRules | None = None) -> None:
        """Load the model; raises :class:`AdapterError`, or ``ValueError`` for labels without letters."""
        self._rules = rules or BoxRules()
        self._loaded = load(config, _ARCHITECTURE)
        self._processor, self._tokenizer = image_processor(config), tokenizer(config)
        self.look_for(labels)

    def look_for(self, labels: Sequence[str]) -> None:
        """Look for these labels from now on."""
        self._labels = _checked(labels)
        self._queries = self._tokenizer(
            [f"a photo of a {phrase(label)}" for label in self._labels],
            padding="max_length",
            truncation=True,
            max_length=self._loaded.model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        )

    def find(self, rgb: NDArray[np.uint8]) -> list[Found]:
        """Return what is in an image (H, W, 3), the surest first."""
        image = self._processor(picture(rgb), return_tensors="pt")
        text = {name: self._queries[name] for name in ("input_ids", "attention_mask")}
        output = self._loaded.ask({**image, **text})
        beliefs: Floats = array(output.logits.sigmoid()[0])
        side = max(rgb.shape[:2])  # images are padded to a square, below and to the right
        corners = corners_of(array(output.pred_boxes[0]), (side, side))
        labels = [self._labels[i] for i in beliefs.argmax(axis=1)]
        return keep(corners, beliefs.max(axis=1), labels, (rgb.shape[0], rgb.shape[1]), self._rules)


def _checked(labels: Sequence[str]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(labels))
    if not unique or not all(any(c.isalnum() for c in label) for label in unique):
        raise ValueError(f"labels must be names with letters, and at least one, not {list(labels)!r}")
    return unique


def _sentence(labels: Sequence[str]) -> str:
    return " ".join(f"{phrase(label)}." for label in labels)
