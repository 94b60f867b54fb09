"""The visual search network: from the map from above and a name to where the named thing is.

A small U-Net reads the layers of the map and, in the cells of each known thing, a learned projection of the frozen
vector of its name, so that names never met in training have a place too. A head modulated by the vector of the searched
name (FiLM, Perez et al., 2018) turns each cell into a score; a softmax over all cells, unexplored ones included, makes
it a distribution. The map is read once, however many names are asked for.

Source: the visual search network of TIDEE (arXiv 2207.10761), section on localising objects, with normalised targets, a
grid that follows the explored extent, and 16 numbers for a name in place of one channel for each class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engram.planners.search.grid import LAYERS, BirdsEye
from engram.planners.weights import WeightsError, WeightsFormat

_WEIGHTS = WeightsFormat(
    key="search",
    what="weights of the search network",
    version=1,
    package="engram.planners.search",
    name="search.safetensors",
    command="engram train search",
)
_NEVER = -1e4  # score of cells that are not in a map


@dataclass(frozen=True)
class NetConfig:
    """Shape of the network."""

    text_dims: int = 512
    name_dims: int = 16  # of a known thing in the map
    widths: tuple[int, ...] = (24, 32, 48)  # at half, quarter and eighth resolution
    head: int = 24


class Maps(NamedTuple):
    """B maps of one size; smaller ones are filled up at their ends."""

    layers: Tensor  # (B, L, nx, ny)
    mask: Tensor  # (B, nx, ny) bool, cells that are in the map
    cells: Tensor  # (M,) int64: b * nx * ny + ix * ny + iy of each cell of each known thing
    owners: Tensor  # (M,) int64 rows of ``names``
    names: Tensor  # (U, D) vectors of names


class Block(nn.Module):
    """Two convolutions, each with a group norm."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.GroupNorm(8, width), nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.GroupNorm(8, width), nn.SiLU(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(B, W, nx, ny) of (B, I, nx, ny)."""
        y: Tensor = self.layers(x)
        return y


class SearchNet(nn.Module):
    """Scores of cells for names."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        w, n = config.widths, config.name_dims
        self.name = nn.Linear(config.text_dims, n, bias=False)
        self.stem = nn.Conv2d((len(LAYERS) + n + 1) * 4, w[0], 1)
        self.down = nn.ModuleList(Block(a, b) for a, b in pairwise((w[0], *w)))
        self.up = nn.ModuleList(Block(low + high, high) for high, low in pairwise(w))
        self.target = nn.Sequential(nn.Linear(config.text_dims, 64), nn.SiLU())
        self.mix = nn.ModuleList(nn.Conv2d(k, config.head, 1) for k in (w[0], config.head))
        self.film = nn.ModuleList(nn.Linear(64, 2 * config.head) for _ in self.mix)
        self.score = nn.Conv2d(config.head, 4, 1)  # of the four cells of each cell of half resolution
        self.alike = nn.Linear(64, n)

    def read(self, maps: Maps) -> tuple[Tensor, Tensor]:
        """(B, W, nx / 2, ny / 2) features of maps, and (B, N, nx, ny) summed names of the things in each cell."""
        b, _, nx, ny = maps.layers.shape
        flat = maps.layers.new_zeros(b * nx * ny, self.config.name_dims + 1)
        placed = self.name(maps.names)[maps.owners]
        flat = flat.index_add(0, maps.cells, torch.cat([placed, torch.ones_like(placed[:, :1])], 1).to(flat.dtype))
        things = flat.view(b, nx, ny, -1).permute(0, 3, 1, 2)
        x = self.stem(nn.functional.pixel_unshuffle(torch.cat([maps.layers, things], 1), 2))
        skips = []
        for k, block in enumerate(self.down):
            x = block(nn.functional.avg_pool2d(x, 2) if k else x)
            skips.append(x)
        for k in reversed(range(len(self.up))):
            x = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = self.up[k](torch.cat([x, skips[k]], 1))
        return x, things[:, :-1]

    def forward(self, maps: Maps, which: Tensor, targets: Tensor) -> Tensor:
        """Score the cells of maps for T targets.

        Args:
            maps: B maps.
            which: (T,) int64 map in which each target is looked for.
            targets: (T, D) vectors of their names.

        Returns:
            (T, nx, ny) scores; a softmax over the cells of a target is where it is.

        """
        features, things = self.read(maps)
        t = self.target(targets * self.config.text_dims**0.5)
        x = features
        for k, (mix, film) in enumerate(zip(self.mix, self.film, strict=True)):
            x = mix(x)
            x = x[which] if k == 0 else x
            gain, bias = film(t)[:, :, None, None].chunk(2, dim=1)
            x = nn.functional.silu(x * (1.0 + gain) + bias)
        score = nn.functional.pixel_shuffle(self.score(x), 2).squeeze(1)
        score = score + torch.einsum("tnxy,tn->txy", things[which], self.alike(t))
        found: Tensor = score.masked_fill(~maps.mask[which], _NEVER)
        return found


def search_loss(scores: Tensor, heat: Tensor) -> Tensor:
    """(T,) cross-entropy of distributions over cells (T, nx, ny) against scores of the same shape."""
    log = nn.functional.log_softmax(scores.flatten(1), dim=1)
    return -(heat.flatten(1) * log).sum(dim=1)


def lay_out(scenes: Sequence[BirdsEye], rows: Mapping[str, int], vectors: Tensor) -> Maps:
    """Return maps as tensors; ``rows`` says which of the vectors (U, D) is that of a label."""
    nx, ny = (max(s.shape[k] for s in scenes) for k in range(2))
    layers = np.zeros((len(scenes), len(LAYERS), nx, ny), np.float32)
    mask = np.zeros((len(scenes), nx, ny), bool)
    cells: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    owners: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    for b, scene in enumerate(scenes):
        sx, sy = scene.shape
        layers[b, :, :sx, :sy], mask[b, :sx, :sy] = scene.layers, True
        for label, (x0, y0, x1, y1) in zip(scene.labels, scene.boxes.tolist(), strict=True):
            inside = (b * nx + np.arange(x0, x1)[:, None]) * ny + np.arange(y0, y1)[None, :]
            cells.append(inside.ravel())
            owners.append(np.full(inside.size, rows[label], np.int64))
    return Maps(
        torch.from_numpy(layers),
        torch.from_numpy(mask),
        torch.from_numpy(np.concatenate(cells)),
        torch.from_numpy(np.concatenate(owners)),
        vectors,
    )


def save(path: Path, net: SearchNet, about: Mapping[str, Any]) -> None:
    """Write a network, and what is to be known of it, as one safetensors file."""
    _WEIGHTS.write(path, net.state_dict(), {"net": asdict(net.config), "about": dict(about)})


def load(path: Path | None = None) -> tuple[SearchNet, dict[str, Any]]:
    """Read a network, ready to search, and what is known of it; without a path the one that comes with the package.

    Raises:
        WeightsError: the file is not there, broken, or of another version.

    """
    file, tensors, head = _WEIGHTS.read(path)
    net = SearchNet(NetConfig(**{**head["net"], "widths": tuple(head["net"]["widths"])}))
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"{file}: of another network ({error}); {_WEIGHTS.remedy}") from error
    return net.eval(), head["about"]
