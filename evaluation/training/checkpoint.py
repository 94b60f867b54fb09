"""Checkpoints of a training run: one safetensors file, never a pickle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer


def save_checkpoint(
    path: Path, net: nn.Module, optimisers: Sequence[Optimizer], average: Mapping[str, Tensor], step: int
) -> None:
    """Write all that a run needs to go on; a reader never sees half a file."""
    tensors = {f"net.{name}": value for name, value in net.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    for n, optimiser in enumerate(optimisers):
        for k, state in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{n}.{k}.{name}": value for name, value in state.items()}
    part = path.with_suffix(".part")
    save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, part, {"step": str(step)})
    part.replace(path)


def load_checkpoint(path: Path, net: nn.Module, optimisers: Sequence[Optimizer], average: Mapping[str, Tensor]) -> int:
    """Put a run back to where it was and return its step.

    Raises:
        ValueError: the checkpoint is of another network.
        FileNotFoundError: there is none.

    """
    with safe_open(path, "pt") as file:
        step = int(file.metadata()["step"])
        tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    try:
        net.load_state_dict(_part(tensors, "net."))
    except RuntimeError as error:
        raise ValueError(f"{path} is of another network: {error}") from error
    kept = _part(tensors, "average.")
    with torch.no_grad():
        for name, value in average.items():
            value.copy_(kept[name])
    for n, optimiser in enumerate(optimisers):
        states: dict[int, dict[str, Tensor]] = {}
        for name, value in _part(tensors, f"optimiser.{n}.").items():
            number, _, what = name.partition(".")
            states.setdefault(int(number), {})[what] = value
        optimiser.load_state_dict({**optimiser.state_dict(), "state": states})
    return step


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
