"""Where to look: the network asked about the robot's own map, and its answer as a few places.

Waypoints are the places of TIDEE's search (arXiv 2207.10761): the cells above a threshold, eroded, of which a few are
taken far from one another, the likeliest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from engram.memory.occupancy import Occupancy
from engram.perception.text import TextConfig, TextEmbedder, text_embedder
from engram.perception.tracker import Track
from engram.planners.search.grid import BirdsEye, GridConfig, birds_eye, known_things, searched
from engram.planners.search.model import SearchNet, lay_out, load
from engram.planners.weights import WeightsError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WaypointConfig:
    """How a distribution becomes a few places."""

    count: int = 3
    share: float = 0.25  # cells with less than this share of the greatest value are no candidates
    erosions: int = 1
    least_cells: int = 6  # erosion is left out when it leaves fewer
    apart_m: float = 1.0  # no two places are nearer


@dataclass(frozen=True, eq=False)
class Heat:
    """Where a thing is believed to be: a distribution over the cells of a map from above."""

    scene: BirdsEye
    value: Floats  # (nx, ny), sum 1; 0 where it would have been seen

    def on(self, grid: Occupancy) -> NDArray[np.float32]:
        """(mx, my) probability per square metre in the cells of an occupancy map."""
        axes = [
            np.floor((np.arange(grid.shape[k]) + grid.origin[k] + 0.5) * grid.config.cell_m / self.scene.cell_m)
            for k in range(2)
        ]
        ix, iy = (axis.astype(np.int64) - self.scene.origin[k] for k, axis in enumerate(axes))
        padded = np.pad(self.value / self.scene.cell_m**2, 1)  # what lies outside is nowhere
        ix, iy = (np.clip(i + 1, 0, padded.shape[k] - 1) for k, i in enumerate((ix, iy)))
        return np.asarray(padded[np.ix_(ix, iy)], np.float32)


class SearchPrior:
    """A network and the embedder it was trained with."""

    def __init__(self, net: SearchNet, embedder: TextEmbedder, config: GridConfig | None = None) -> None:
        """Take the network and the grid it was trained on."""
        if embedder.dims != net.config.text_dims:
            raise ValueError(f"the network reads vectors of {net.config.text_dims} numbers, not of {embedder.dims}")
        self._net, self._embedder, self.config = net, embedder, config or GridConfig()

    def heats(self, scene: BirdsEye, labels: Sequence[str]) -> list[Heat]:
        """Return where things of some labels are believed to be."""
        names = sorted({*scene.labels, *labels})
        rows = {name: k for k, name in enumerate(names)}
        vectors = torch.from_numpy(self._embedder.embed(names))
        with torch.inference_mode():
            maps = lay_out([scene], rows, vectors)
            which = torch.zeros(len(labels), dtype=torch.int64)
            scores = self._net(maps, which, vectors[[rows[name] for name in labels]])
            shares = torch.softmax(scores.flatten(1).double(), dim=1).numpy().reshape(-1, *scene.shape)
        seen = searched(scene)
        found = []
        for share in shares:
            value = np.where(seen, 0.0, share)
            found.append(Heat(scene, value / max(float(value.sum()), 1e-12)))
        return found

    def heat(self, grid: Occupancy, tracks: Sequence[Track], label: str) -> Heat:
        """Return where a thing of a label is believed to be, given the map and what is known to be in it."""
        return self.heats(birds_eye(grid, *known_things(tracks), self.config), [label])[0]

    def places(self, grid: Occupancy, tracks: Sequence[Track], label: str) -> list[tuple[Floats, float]]:
        """Return the :func:`waypoints` of :meth:`heat`."""
        return waypoints(self.heat(grid, tracks, label))


def waypoints(heat: Heat, config: WaypointConfig | None = None) -> list[tuple[Floats, float]]:
    """Return places (2,) and the probability around each, the likeliest first."""
    c = config or WaypointConfig()
    cell = heat.scene.cell_m
    smooth = ndimage.uniform_filter(heat.value, round(c.apart_m / cell) | 1, mode="constant")
    chosen = heat.value >= c.share * heat.value.max()
    eroded = ndimage.binary_erosion(chosen, iterations=c.erosions) if c.erosions else chosen
    chosen = eroded if eroded.sum() >= c.least_cells else chosen
    cells = np.argwhere(chosen & (heat.value > 0.0))
    found: list[int] = []
    worth = smooth[cells[:, 0], cells[:, 1]]
    away = np.full(len(cells), np.inf)
    while len(found) < c.count and len(cells):
        k = int(worth.argmax()) if not found else int(away.argmax())  # the first is the best, the others are far
        if found and away[k] * cell < c.apart_m:
            break
        found.append(k)
        away = np.minimum(away, np.hypot(*(cells - cells[k]).T))
    found.sort(key=lambda k: -worth[k])
    size = float((round(c.apart_m / cell) | 1) ** 2)
    return [(heat.scene.centres(cells[k][None])[0], float(worth[k]) * size) for k in found]


def load_search(path: Path | None = None) -> SearchPrior:
    """Return the network of trained weights, by default those that come with the package.

    Raises:
        WeightsError: the weights cannot be used, or were trained with an embedder that is not this one.
        TextModelError: the embedder that they were trained with is not installed.

    """
    return _loaded(path)


@lru_cache(maxsize=4)
def _loaded(path: Path | None) -> SearchPrior:
    net, about = load(path)
    embedder = text_embedder(TextConfig(model=about["text_model"]))
    if embedder.name != about["embedder"]:
        raise WeightsError(f"the weights were trained with names of {about['embedder']}, not of {embedder.name}")
    return SearchPrior(net, embedder, replace(GridConfig(), cell_m=float(about["cell_m"])))
