"""Weights of the embedded detector on disk: half precision, with all that is needed to rebuild the network."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engram.perception.detector.model import DetectorNet, NetConfig

DEFAULT = Path(__file__).with_name("detector.safetensors")
_FORMAT = "engram-detector-1"


class DetectorWeightsError(RuntimeError):
    """Raised when weights are missing or do not fit; the message says how to make them."""


def save_weights(path: Path, net: DetectorNet, made: dict[str, str]) -> None:
    """Write the weights and, as text, how they were ``made``; a reader never sees half a file."""
    tensors = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in net.state_dict().items()
    }
    part = path.with_suffix(".part")
    save_file(tensors, part, {"format": _FORMAT, "network": json.dumps(asdict(net.config)), **made})
    part.replace(path)


def load_weights(path: Path = DEFAULT) -> DetectorNet:
    """Read a network, in full precision.

    Raises:
        DetectorWeightsError: there is no such file, or it holds something else.

    """
    if not path.is_file():
        raise DetectorWeightsError(
            f"no detector weights at {path}; make some with `engram train detector --out DIR` "
            "and name them with `--detector DIR/detector.safetensors`"
        )
    try:
        with safe_open(path, "pt") as file:
            head = file.metadata() or {}
            state: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise DetectorWeightsError(f"{path} is no safetensors file: {error}") from error
    if head.get("format") != _FORMAT:
        raise DetectorWeightsError(f"{path} is of format {head.get('format')!r}, not {_FORMAT!r}")
    try:
        net = DetectorNet(_config(json.loads(head["network"])))
    except (KeyError, TypeError, ValueError) as error:
        raise DetectorWeightsError(f"{path} does not say what network it is of: {error}") from error
    try:
        net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except RuntimeError as error:
        raise DetectorWeightsError(f"{path} does not fit its own description of the network") from error
    return net


def _config(fields: dict[str, list[object]]) -> NetConfig:
    return NetConfig(**{name: tuple(value) for name, value in fields.items()})  # type: ignore[arg-type]
