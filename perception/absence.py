"""Negative evidence: what a clear view should have shown and did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.perception.beliefs import agreement
from engram.perception.geometry import in_view, project
from engram.perception.lifting import beliefs_of
from engram.perception.tracks import Sighting, Track, cell_of
from engram.sims.contract import Observation


@dataclass(frozen=True)
class AbsenceConfig:
    """When a view counts as clear."""

    small_m: float = 0.8  # smaller things are looked for at their centre, others at points of their surface
    near_m: float = 2.5  # small things are looked for no farther than this
    far_m: float = 4.0  # ... and others than this
    pixels: float = 12.0  # it must be expected to show this many pixels for its absence to count
    hidden_m: float = 0.03  # a reading that much nearer hides it
    samples: float = 0.7  # share of the points of a large thing that must be in plain view


def look_for_absent(
    tracks: Sequence[Track],
    sightings: Sequence[Sighting],
    observation: Observation,
    config: AbsenceConfig,
    place_m: float,
) -> None:
    """Tell the tracks that a frame should have shown and did not.

    Args:
        tracks: all tracks.
        sightings: what the frame shows.
        observation: the frame.
        config: when a view counts as clear.
        place_m: side of the cubes in which views from one place lie.

    """
    if not np.isfinite(observation["map_T_camera"]).all():
        return
    seen = {s.track.number for s in sightings}
    cell = cell_of(observation["map_T_camera"][:3, 3], place_m)
    absent = [t for t in tracks if t.number not in seen]
    small = [t for t in absent if t.size.max() < config.small_m]
    if small:
        uv, depth = project(np.array([t.centre for t in small]), observation)
        height, width = observation["depth"].shape
        for k in np.flatnonzero(in_view(uv, depth, 0.05) & (depth < config.near_m)):
            pixels = small[k].pixel_m2 / float(depth[k]) ** 2
            row, col = int(uv[k, 1] * height), int(uv[k, 0] * width)
            window = observation["depth"][max(0, row - 1) : row + 2, max(0, col - 1) : col + 2]
            if pixels >= config.pixels and window.min() > depth[k] - config.hidden_m:
                small[k].miss(cell, pixels)
    for track in _bare([t for t in absent if t.size.max() >= config.small_m], sightings, observation, config):
        away = float(np.linalg.norm(track.centre - observation["map_T_camera"][:3, 3]))
        track.miss(cell, track.pixel_m2 / max(away, 0.5) ** 2)


def _bare(
    large: Sequence[Track], sightings: Sequence[Sighting], observation: Observation, config: AbsenceConfig
) -> list[Track]:
    """Large things of which most points are in plain view, and nothing like them is found there."""
    large = [t for t in large if len(t.samples)]
    if not large:
        return []
    counts = np.array([len(t.samples) for t in large])
    owner = np.repeat(np.arange(len(large)), counts)
    uv, depth = project(np.concatenate([t.samples for t in large]), observation)
    index = np.flatnonzero(in_view(uv, depth, 0.02) & (depth < config.far_m))
    height, width = observation["depth"].shape
    rows, cols = (uv[index, 1] * height).astype(int), (uv[index, 0] * width).astype(int)
    plain = observation["depth"][rows, cols] > depth[index] - config.hidden_m
    rows, cols, owner = rows[plain], cols[plain], owner[index[plain]]
    shown = np.bincount(owner, minlength=len(large))
    found = []
    for k in np.flatnonzero(shown >= config.samples * counts):
        mine = owner == k
        if not any(_explains(s, large[k], rows[mine], cols[mine]) for s in sightings):
            found.append(large[k])
    return found


def _explains(sighting: Sighting, track: Track, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> bool:
    """Whether a sighting covers pixels where a track should be, and may well be that."""
    covers = sighting.detection.mask[rows, cols].mean() > 0.2
    return bool(covers) and agreement(beliefs_of(sighting.detection), track.belief) > 0.0
