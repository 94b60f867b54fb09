"""Weights of the planners' networks on disk: safetensors, with what is to be known of them as JSON in the head."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import load_file, save_file
from torch import Tensor


class WeightsError(ValueError):
    """Raised for weights that cannot be used; the message names the file and what to do."""


@dataclass(frozen=True)
class WeightsFormat:
    """A kind of weights."""

    key: str  # of the head in the metadata
    what: str  # in words
    version: int
    package: str  # that the weights come with
    name: str  # of their file there
    command: str  # that makes them

    @property
    def remedy(self) -> str:
        """What to do where they cannot be used."""
        return f"make it by {self.command}"

    def write(self, path: Path, tensors: Mapping[str, Tensor], head: Mapping[str, Any]) -> None:
        """Write tensors and head as one file."""
        text = json.dumps({"version": self.version, **head}, sort_keys=True)
        save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, path, metadata={self.key: text})

    def read(self, path: Path | None = None) -> tuple[Path, dict[str, Tensor], dict[str, Any]]:
        """Return what to call the file, its tensors and its head; without a path those of the package.

        Raises:
            WeightsError: the file is not there, broken, or of another version.

        """
        if path is None:
            with as_file(files(self.package).joinpath(self.name)) as own:
                return self.read(own)
        try:
            with safetensors.safe_open(path, "pt") as opened:
                head = json.loads((opened.metadata() or {}).get(self.key, "{}"))
            tensors = load_file(path)
        except (OSError, safetensors.SafetensorError) as error:
            raise WeightsError(f"{path}: cannot be read ({error}); {self.remedy}") from error
        if head.get("version") != self.version:
            raise WeightsError(f"{path}: not {self.what} of version {self.version}; {self.remedy}")
        return path, tensors, head


def joined(nets: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Put the tensors of several networks, by their names, into one mapping."""
    return {f"{name}.{key}": tensor for name, tensors in nets.items() for key, tensor in tensors.items()}


def part_of(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """Take the tensors of one network out again."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
