"""Things that stay: detections of single frames, lifted to the map and merged over views.

A track is one thing believed to be in the world. It grows as more of it is seen and goes when it is repeatedly absent
from where it should be in plain view (negative evidence).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engram.perception.contracts import Detection
from engram.perception.geometry import Floats, PointImage, in_view, lift, project, up_facing
from engram.sims.contract import Observation

VOXEL_M = 0.05
_BIAS, _BITS = 1 << 15, 16


@dataclass(frozen=True)
class TrackerConfig:
    """Thresholds of lifting, merging and forgetting."""

    min_points: int = 3
    max_points: int = 400  # a mask's pixels are thinned to about this many
    hand_depth_m: float = 0.5  # while something is held, what is nearer than this is the held thing
    radius_m: float = 0.15  # centres of two views of a small thing may differ by this and half its size
    slack_m: float = 0.05  # a view of a large thing belongs to a track when it lies within its box grown by this
    min_inside: float = 0.3  # ... with at least this share of its points
    surface_range_m: float = 4.0  # farther surfaces are too coarse to stand things on
    absent_views: int = 3  # consecutive clear views without it that remove a track
    absent_range_m: float = 2.5
    absent_pixels: float = 12.0  # it must be expected to show this many pixels for its absence to count


@dataclass(eq=False)
class Track:
    """One thing in the world. Positions are in the map frame, metres."""

    number: int
    belief: dict[str, float]  # label -> summed score
    lo: Floats  # (3,) box of all that was seen of it
    hi: Floats
    first_step: int
    last_step: int
    views: int = 1
    missed: int = 0  # consecutive clear views without it
    nearest_m: float = np.inf  # nearest horizontal distance it was seen from
    pixel_m2: float = 0.0  # pixels times squared depth: how large it shows
    out_of_place: float | None = None  # the detector's own judgement, when it gives one
    surface: set[int] = field(default_factory=set)  # keys of 5 cm voxels with up-facing surface
    _points: Floats | None = None

    @property
    def label(self) -> str:
        """The most believed label."""
        return max(self.belief, key=lambda name: self.belief[name])

    @property
    def centre(self) -> Floats:
        """(3,) centre of the box."""
        return (self.lo + self.hi) / 2

    @property
    def size(self) -> Floats:
        """(3,) sides of the box."""
        return self.hi - self.lo

    def surface_points(self) -> Floats:
        """(N, 3) centres of its up-facing voxels."""
        if self._points is None or len(self._points) != len(self.surface):
            self._points = unpack_voxels(np.fromiter(self.surface, np.int64, len(self.surface)))
        return self._points


@dataclass(frozen=True, eq=False)
class Sighting:
    """One detection of the current frame and what it was matched to."""

    detection: Detection
    track: Track
    points: Floats  # (N, 3) map frame


class Tracker:
    """Keeps the tracks of an episode."""

    def __init__(self, config: TrackerConfig | None = None) -> None:
        """Start with no tracks."""
        self.config = config or TrackerConfig()
        self.tracks: list[Track] = []
        self._next = 0

    def update(
        self, observation: Observation, detections: Sequence[Detection], image: PointImage, step: int
    ) -> list[Sighting]:
        """Match the detections of a frame to tracks, make new ones, and drop what is gone."""
        lifted = [(d, q) for d in detections if len(q := self._lift(d, observation)) >= self.config.min_points]
        sightings = self._match(lifted, observation, step)
        self._add_surfaces(sightings, image)
        self._merge({s.track.number for s in sightings if s.track.size.max() > 0.5})
        self._miss(observation, sightings)
        return [s for s in sightings if s.track in self.tracks]

    def remove(self, track: Track) -> None:
        """Forget a track, for instance because it was picked up."""
        self.tracks = [t for t in self.tracks if t is not track]

    def labelled(self, labels: Iterable[str]) -> list[Track]:
        """Tracks whose label is one of these."""
        wanted = set(labels)
        return [t for t in self.tracks if t.label in wanted]

    def _lift(self, detection: Detection, observation: Observation) -> Floats:
        row0, col0, row1, col1 = detection.box
        rows, cols = np.nonzero(detection.mask[row0:row1, col0:col1])
        thin = max(1, len(rows) // self.config.max_points)
        rows, cols = rows[::thin] + row0, cols[::thin] + col0
        if observation["holding"]:
            depth = observation["depth"][rows, cols]
            if np.median(depth) < self.config.hand_depth_m:
                return np.empty((0, 3))
        return lift(observation, rows, cols)

    def _match(self, lifted: Sequence[tuple[Detection, Floats]], observation: Observation, step: int) -> list[Sighting]:
        boxes = [np.percentile(q, (2, 98), axis=0) for _, q in lifted]
        pairs = [
            (score, i, track)
            for i, (detection, points) in enumerate(lifted)
            for track in self.tracks
            if detection.label in track.belief
            and (score := self._affinity(track, points, boxes[i][0], boxes[i][1])) > 0.0
        ]
        pairs.sort(key=lambda p: (-p[0], p[1], p[2].number))
        matched: dict[int, Track] = {}
        taken: set[int] = set()
        for _, i, track in pairs:
            if i not in matched and track.number not in taken:
                matched[i] = track
                taken.add(track.number)
        sightings = []
        for i, (detection, points) in enumerate(lifted):
            track = matched.get(i) or self._new(detection, boxes[i], step)
            self._absorb(track, detection, points, boxes[i], observation, step)
            sightings.append(Sighting(detection, track, points))
        return sightings

    def _affinity(self, track: Track, points: Floats, lo: Floats, hi: Floats) -> float:
        """Return how well a view fits a track, in (0, 2]; 0 when it does not."""
        c = self.config
        inside = np.all((points >= track.lo - c.slack_m) & (points <= track.hi + c.slack_m), axis=1).mean()
        distance = float(np.linalg.norm((lo + hi) / 2 - track.centre))
        allowed = c.radius_m + 0.5 * min(float(np.max(hi - lo)), float(track.size.max()))
        if inside < c.min_inside and distance > allowed:
            return 0.0
        return float(inside) + 1.0 / (1.0 + distance)

    def _new(self, detection: Detection, box: Floats, step: int) -> Track:
        track = Track(self._next, {detection.label: 0.0}, box[0].copy(), box[1].copy(), step, step, views=0)
        self._next += 1
        self.tracks.append(track)
        return track

    def _absorb(
        self, track: Track, detection: Detection, points: Floats, box: Floats, observation: Observation, step: int
    ) -> None:
        track.belief[detection.label] = track.belief.get(detection.label, 0.0) + detection.score
        track.lo, track.hi = np.minimum(track.lo, box[0]), np.maximum(track.hi, box[1])
        track.last_step, track.missed, track.views = step, 0, track.views + 1
        offset = np.median(points, axis=0) - observation["map_T_camera"][:3, 3]
        track.nearest_m = min(track.nearest_m, float(np.hypot(offset[0], offset[1])))
        track.pixel_m2 = max(track.pixel_m2, detection.pixels * float(offset @ offset))
        if detection.out_of_place is not None:
            track.out_of_place = detection.out_of_place

    def _add_surfaces(self, sightings: Sequence[Sighting], image: PointImage) -> None:
        usable = up_facing(image) & (image.range_m < self.config.surface_range_m)
        for sighting in sightings:
            d = sighting.detection
            if d.pixels < 10 * image.stride**2:
                continue
            s = image.stride
            part = np.s_[-(-d.box[0] // s) : -(-d.box[2] // s), -(-d.box[1] // s) : -(-d.box[3] // s)]
            level = d.mask[::s, ::s][part] & usable[part]
            if level.any():
                sighting.track.surface.update(np.unique(pack_voxels(image.points[part][level])).tolist())

    def _merge(self, touched: set[int]) -> None:
        """Join large tracks that have grown into one another: two ends of the same counter, seen apart."""
        for number in sorted(touched):
            track = next((t for t in self.tracks if t.number == number), None)
            if track is None:
                continue
            for other in [t for t in self.tracks if t is not track and t.label == track.label]:
                overlap = np.minimum(track.hi, other.hi) - np.maximum(track.lo, other.lo)
                smaller = min(float(np.prod(track.size + 0.02)), float(np.prod(other.size + 0.02)))
                if (overlap > -0.02).all() and float(np.prod(overlap + 0.02)) > 0.6 * smaller:
                    self._join(track, other)

    def _join(self, track: Track, other: Track) -> None:
        track.lo, track.hi = np.minimum(track.lo, other.lo), np.maximum(track.hi, other.hi)
        for name, score in other.belief.items():
            track.belief[name] = track.belief.get(name, 0.0) + score
        track.surface |= other.surface
        track.views += other.views
        track.first_step = min(track.first_step, other.first_step)
        track.nearest_m = min(track.nearest_m, other.nearest_m)
        track.pixel_m2 = max(track.pixel_m2, other.pixel_m2)
        self.remove(other)

    def _miss(self, observation: Observation, sightings: Sequence[Sighting]) -> None:
        seen = {s.track.number for s in sightings}
        small = [t for t in self.tracks if t.number not in seen and t.size.max() < 0.8]
        if not small:
            return
        centres = np.array([t.centre for t in small])
        uv, depth = project(centres, observation)
        near = in_view(uv, depth, 0.05) & (depth < self.config.absent_range_m)
        height, width = observation["depth"].shape
        for k in np.flatnonzero(near):
            track = small[k]
            if track.pixel_m2 / depth[k] ** 2 < self.config.absent_pixels:
                continue
            row, col = int(uv[k, 1] * height), int(uv[k, 0] * width)
            window = observation["depth"][max(0, row - 1) : row + 2, max(0, col - 1) : col + 2]
            if window.min() > depth[k] - 0.03:  # nothing in front of it hides it
                track.missed += 1
        gone = {t.number for t in small if t.missed >= self.config.absent_views}
        self.tracks = [t for t in self.tracks if t.number not in gone]


def pack_voxels(points: NDArray[np.floating]) -> NDArray[np.int64]:
    """(N,) keys of the 5 cm voxels of (N, 3) points."""
    cells = np.floor(points / VOXEL_M).astype(np.int64) + _BIAS
    return np.asarray((cells[:, 0] << 2 * _BITS) | (cells[:, 1] << _BITS) | cells[:, 2])


def unpack_voxels(keys: NDArray[np.int64]) -> Floats:
    """(N, 3) centres of voxels."""
    mask = (1 << _BITS) - 1
    cells = np.stack([keys >> 2 * _BITS, (keys >> _BITS) & mask, keys & mask], 1) - _BIAS
    return (cells + 0.5) * VOXEL_M
