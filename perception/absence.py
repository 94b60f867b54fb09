"""Negative evidence: what a clear view should have shown and did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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
    for track in absent:
        if track.size.max() >= config.small_m and _is_bare(track, sightings, observation, config):
            away = np.linalg.norm(track.centre - observation["map_T_camera"][:3, 3])
            track.miss(cell, track.pixel_m2 / max(float(away), 0.5) ** 2)


def _is_bare(track: Track, sightings: Sequence[Sighting], observation: Observation, config: AbsenceConfig) -> bool:
    """Whether most points of a large thing are in plain view, and nothing like it is found there."""
    if not len(track.samples):
        return False
    uv, depth = project(track.samples, observation)
    index = np.flatnonzero(in_view(uv, depth, 0.02) & (depth < config.far_m))
    least = config.samples * len(track.samples)
    if len(index) < least:
        return False
    height, width = observation["depth"].shape
    rows, cols = (uv[index, 1] * height).astype(int), (uv[index, 0] * width).astype(int)
    plain = observation["depth"][rows, cols] > depth[index] - config.hidden_m
    if np.count_nonzero(plain) < max(least, 1):
        return False
    rows, cols = rows[plain], cols[plain]
    return not any(
        s.detection.mask[rows, cols].mean() > 0.2 and agreement(beliefs_of(s.detection), track.belief) > 0.0
        for s in sightings
    )
