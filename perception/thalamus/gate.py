"""The novelty gate: which frames deserve full detection and a write to memory.

It keeps the surfaces that attended frames have shown, as small cubes with the distance that they were seen from and
their colour, and measures how much of a frame these do not tell already. Frames after interactions, failures and
changes of the hand always pass; so does the next frame after a bounded number of skipped ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engram.perception.geometry import PointImage, in_view, project
from engram.perception.thalamus.contract import Attention, Novelty, Reason
from engram.sims.contract import Observation, Outcome, Verb

_BIAS, _BITS = 1 << 19, 20
_ACTED = frozenset(v.name.lower() for v in Verb if v.takes_point) | {"drop"}
_GROW = 1024
_SIDE = 56  # points along the shorter side of an image, at least


@dataclass(frozen=True)
class GateConfig:
    """Thresholds of the gate."""

    enabled: bool = True  # if not, every frame passes
    start: float = 0.06  # attention begins at this share of news
    stop: float = 0.03  # ... and lasts until there is less than this
    max_skipped: int = 6  # frames in a row
    after_interaction: int = 2  # frames that pass after one, the first included
    voxel_m: float = 0.15
    range_m: float = 4.0  # what is farther is no news yet
    nearer: float = 1.5  # a surface is news again when seen from this many times nearer,
    detail_m: float = 1.5  # ... until it has been seen from as near as this
    colour: float = 64.0  # difference of a channel, of 255, that counts as another colour
    through_m: float = 0.15  # a known surface is gone when the frame shows something this far behind it
    loss: float = 5.0  # what is gone counts this many times: it leaves a small hole, which is seldom an error
    min_valid: float = 0.02  # with a smaller share of valid depth the frame tells nothing, and is not judged

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0.0 <= self.stop <= self.start:
            raise ValueError(f"the gate needs 0 <= stop <= start, got stop={self.stop}, start={self.start}")
        if self.max_skipped < 0 or self.after_interaction < 1:
            raise ValueError("the gate needs max_skipped >= 0 and after_interaction >= 1")
        if min(self.voxel_m, self.range_m, self.nearer, self.detail_m) <= 0.0:
            raise ValueError("lengths of the gate must be positive")


class NoveltyGate:
    """Judges the frames of one episode, in order."""

    def __init__(self, config: GateConfig | None = None) -> None:
        """Start with nothing known."""
        self.config = config or GateConfig()
        self.skipped = 0
        self._known = _Surfaces()
        self._awake = False
        self._holding: bool | None = None  # None before the first frame
        self._pending = 0  # frames that pass yet because of an interaction

    def attend(self, observation: Observation, image: PointImage, verb: str = "") -> Attention:
        """Judge the next frame; what it shows is known from then on if it passes.

        Args:
            observation: the frame.
            image: its points.
            verb: name of the action that led here, such as ``"pick"``.

        """
        cubes = _cubes(observation, image, self.config)
        novelty, gone = self._novelty(cubes, observation, image)
        blind = not len(cubes.keys) or float(image.valid.mean()) < self.config.min_valid
        reason = self._reason(observation, verb, novelty, blind)
        attended = reason != "known"
        self.skipped = 0 if attended else self.skipped + 1
        if attended:
            self._known.learn(cubes, gone)
        return Attention(attended, reason, novelty, self.skipped)

    def _reason(self, observation: Observation, verb: str, novelty: Novelty, blind: bool) -> Reason:
        c, first, holding = self.config, self._holding is None, bool(observation["holding"])
        hand, self._holding = not first and holding != self._holding, holding
        if verb in _ACTED or hand:
            self._pending = c.after_interaction
        acted, self._pending = self._pending > 0, max(0, self._pending - 1)
        self._awake = novelty.score >= (c.stop if self._awake else c.start)
        reasons: tuple[tuple[Reason, bool], ...] = (
            ("first", first),
            ("hand", hand),
            ("interaction", acted),
            ("failure", int(observation["outcome"]) != Outcome.OK),
            ("blind", blind),
            ("novel", self._awake or not c.enabled),
            ("overdue", self.skipped >= c.max_skipped),
        )
        return next((reason for reason, holds in reasons if holds), "known")

    def _novelty(self, cubes: _Cubes, observation: Observation, image: PointImage) -> tuple[Novelty, NDArray[np.int64]]:
        """Compare a frame with what is known; also the rows of the surfaces that are gone."""
        c, known = self.config, self._known
        if not len(cubes.keys):
            return Novelty(), np.empty(0, np.int64)
        total = float(cubes.pixels.sum())
        rows = known.rows(cubes.keys)
        old = rows >= 0
        at = rows[old]
        nearer = np.zeros(len(rows), bool)
        nearer[old] = (known.range_m[at] > c.detail_m) & (known.range_m[at] > c.nearer * cubes.range_m[old])
        recoloured = np.zeros(len(rows), bool)
        recoloured[old] = np.abs(known.colour[at] - cubes.colour[old]).max(1, initial=0.0) > c.colour
        fresh = ~old | nearer
        gone = known.seen_through(observation, image, c)
        shares = (
            float(cubes.pixels[fresh].sum()) / total,
            float(cubes.pixels[recoloured & ~fresh].sum()) / total,
            min(1.0, len(gone) / len(rows)),
        )
        return Novelty(*shares, min(1.0, shares[0] + shares[1] + c.loss * shares[2])), gone


@dataclass(frozen=True, eq=False)
class _Cubes:
    """What a frame shows, by cubes."""

    keys: NDArray[np.int64]  # (N,)
    pixels: NDArray[np.float64]  # (N,) how many points of the frame lie in each
    range_m: NDArray[np.float32]  # (N,)
    colour: NDArray[np.float32]  # (N, 3) mean
    centre: NDArray[np.float32]  # (N, 3) mean of the points


class _Surfaces:
    """Cubes that attended frames have shown, in growing columns."""

    def __init__(self) -> None:
        self._row: dict[int, int] = {}
        self._count = 0
        self.range_m = np.full(_GROW, np.inf, np.float32)
        self.colour = np.zeros((_GROW, 3), np.float32)
        self.centre = np.full((_GROW, 3), np.inf, np.float32)

    def rows(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """(N,) row of each cube, -1 where it is unknown."""
        return np.fromiter((self._row.get(key, -1) for key in keys.tolist()), np.int64, len(keys))

    def learn(self, cubes: _Cubes, gone: NDArray[np.int64]) -> None:
        """Take in what an attended frame shows, and forget what is gone."""
        self.range_m[gone], self.centre[gone] = np.inf, np.inf
        rows = self.rows(cubes.keys)
        new = np.flatnonzero(rows < 0)
        rows[new] = np.arange(self._count, self._count + len(new))
        self._row.update(zip(cubes.keys[new].tolist(), rows[new].tolist(), strict=True))
        self._count += len(new)
        self._grow()
        self.range_m[rows] = np.minimum(self.range_m[rows], cubes.range_m)
        self.colour[rows], self.centre[rows] = cubes.colour, cubes.centre

    def seen_through(self, observation: Observation, image: PointImage, config: GateConfig) -> NDArray[np.int64]:
        """Rows of near surfaces in view of which the frame shows what is behind."""
        centre = self.centre[: self._count]
        away = centre[:, :2] - image.camera_m[:2].astype(np.float32)
        near = np.flatnonzero((away * away).sum(1) < config.range_m**2)
        uv, depth = project(centre[near].astype(np.float64), observation)
        inside = in_view(uv, depth, 0.03)
        near, uv, depth = near[inside], uv[inside], depth[inside]
        # The nearest reading about it counts, and holes are not looked through.
        s = _thinning(image) * image.stride
        seen = observation["depth"][::s, ::s]
        seen = ndimage.minimum_filter(np.where(np.isfinite(seen) & (seen > 0.0), seen, 0.0), 3)
        row, col = (uv[:, ::-1] * seen.shape).astype(np.int64).T
        return np.asarray(near[seen[row, col] > depth + config.through_m])

    def _grow(self) -> None:
        while self._count > len(self.range_m):
            more = len(self.range_m)
            self.range_m = np.concatenate([self.range_m, np.full(more, np.inf, np.float32)])
            self.colour = np.concatenate([self.colour, np.zeros((more, 3), np.float32)])
            self.centre = np.concatenate([self.centre, np.full((more, 3), np.inf, np.float32)])


def _thinning(image: PointImage) -> int:
    """Every so many points are looked at: so few that it is cheap, and so many that no cube falls in between."""
    return max(1, int(min(image.valid.shape)) // _SIDE)


def _cubes(observation: Observation, image: PointImage, config: GateConfig) -> _Cubes:
    """Sort points of a frame, within range, into cubes."""
    thin = _thinning(image)
    s = thin * image.stride
    usable = (image.valid & (image.range_m < config.range_m))[::thin, ::thin]
    points = image.points[::thin, ::thin][usable]
    finite = np.isfinite(points).all(1)
    points, rgb = points[finite], observation["rgb"][::s, ::s][usable][finite].astype(np.float32)
    cells = np.floor(points / np.float32(config.voxel_m)).astype(np.int64) + _BIAS
    packed = (cells[:, 0] << 2 * _BITS) | (cells[:, 1] << _BITS) | cells[:, 2]
    keys, group, pixels = np.unique(packed, return_inverse=True, return_counts=True)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([np.bincount(group, values[:, k], len(keys)) / pixels for k in range(3)], 1).astype(np.float32)

    centre = mean(points)
    range_m = np.linalg.norm(centre - image.camera_m.astype(np.float32), axis=1).astype(np.float32)
    return _Cubes(keys, pixels.astype(np.float64), range_m, mean(rgb), centre)
