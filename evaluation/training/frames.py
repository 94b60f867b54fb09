"""Frames to learn seeing from: what a robot sees in a messy house, and the truth about it.

A shard is one file with the frames of one house: 4 bytes of header length, a JSON header, and one zlib stream a frame
(colour, depth and instance numbers, each as differences along the rows). Shards are made once, by worker processes,
and are the same bytes for the same house and options.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engram.evaluation.scoring import is_proper, locate
from engram.evaluation.training.houses import Use, check_use
from engram.sims.contract import Observation, Outcome, TrueObject
from engram.sims.house.stance import Base, Stance
from engram.sims.house.world import HouseWorld

VERSION = 1
_PITCHES_DEG = np.array([-30.0, 0.0, 30.0, 60.0])
_LENGTH_BYTES = 4
_MAX_THINGS = 255  # of one frame: numbers are bytes, 0 is structure or nothing


@dataclass(frozen=True)
class FrameOptions:
    """How a house is looked at."""

    frames: int = 40
    mess: int = 10
    size: int = 224  # pixels, width and height
    aimed: float = 0.75  # share of the views that look at a chosen thing; the rest are random
    turned: float = 0.15  # share of the views whose yaw is no multiple of 90 degrees
    crouched: float = 0.15
    near_m: float = 0.5  # a thing is looked at from between these distances
    far_m: float = 3.5
    held: float = 0.0  # share of the views that show something in the hand


@dataclass(frozen=True)
class SeenThing:
    """The truth about one thing in one frame."""

    label: str
    key: int  # number of the thing in its house: the same in all frames of a shard
    box: tuple[int, int, int, int]  # row0, col0, row1, col1 of its visible pixels, ends excluded
    pixels: int
    out_of_place: bool | None  # None where the question has no answer: furniture; what is in the hand is not


@dataclass(frozen=True, eq=False)
class Frame:
    """One view. ``numbers`` holds k + 1 where ``things[k]`` shows, and 0 elsewhere."""

    rgb: NDArray[np.uint8]  # (H, W, 3)
    depth: NDArray[np.float32]  # (H, W) metres, to the millimetre; 0 = invalid
    numbers: NDArray[np.uint8]  # (H, W)
    camera: tuple[float, ...]  # fx, fy, cx, cy, width, height
    pose: NDArray[np.float64]  # (4, 4) map_T_camera
    things: tuple[SeenThing, ...]

    def observation(self) -> Observation:
        """Return what a robot would have been given."""
        return {
            "rgb": self.rgb,
            "depth": self.depth,
            "camera": np.array(self.camera, np.float64),
            "map_T_camera": self.pose,
            "base": np.array([self.pose[0, 3], self.pose[1, 3], math.atan2(self.pose[1, 2], self.pose[0, 2])]),
            "holding": 0,
            "stamp_ns": np.array(0, np.int64),
            "outcome": int(Outcome.OK),
        }


class Studio(HouseWorld):
    """A house whose camera is put anywhere."""

    def view(self, stance: Stance) -> Observation:
        """Return what is seen from a stance, whose base is in the ``map`` frame."""
        episode = self._episode
        episode.stance = episode.truth.stance = episode.odometry.believed = stance
        episode.arm.hand.carry(episode.camera)
        return self._observe(Outcome.OK)

    @contextmanager
    def holding(self, thing_id: str) -> Iterator[None]:
        """Have a thing in the hand for a while; it is back in its place afterwards. An empty id is nothing."""
        episode = self._episode
        hand, before = episode.arm.hand, episode.physics.save()
        for thing in episode.house.things:
            if thing.id == thing_id:
                hand.take(thing)
        try:
            yield
        finally:
            hand.let_go()
            episode.physics.restore(before)


def house_frames(seed: int, use: Use, options: FrameOptions) -> Iterator[Frame]:
    """Yield the frames of one house; the same arguments always give the same frames.

    Raises:
        SeedError: the seed may not be used so.

    """
    yield from views_of_house(check_use(seed, use), options)


def views_of_house(seed: int, options: FrameOptions) -> Iterator[Frame]:
    """Yield the frames of any house, for scoring; trainers take :func:`house_frames`."""
    studio = Studio(width=options.size, height=options.size)
    try:
        studio.reset(seed=seed, options={"mess": options.mess})
        rng = np.random.default_rng([seed, VERSION])
        things = studio.truth.objects()
        places = locate(things)
        misplaced = [not is_proper(t.category, places[t.id]) if t.id in places else None for t in things]
        cells = studio.truth.reachable()
        movable = [t for t in things if t.pickupable]
        for _ in range(options.frames):
            stance = _stance(things, cells, options, rng)
            held = _target(movable, rng).id if options.held and movable and rng.random() < options.held else ""
            lies = [None if m is None else m and t.id != held for t, m in zip(things, misplaced, strict=True)]
            with studio.holding(held):
                yield _frame(studio.view(stance), studio.truth.instances(), things, lies)
    finally:
        studio.close()


def _stance(
    things: Sequence[TrueObject], cells: NDArray[np.float64], options: FrameOptions, rng: np.random.Generator
) -> Stance:
    crouched = bool(rng.random() < options.crouched)
    jitter = float(rng.uniform(-45.0, 45.0)) if rng.random() < options.turned else 0.0
    if rng.random() >= options.aimed:
        x, y = cells[rng.integers(len(cells))]
        pitch = float(rng.choice(_PITCHES_DEG, p=(0.05, 0.25, 0.5, 0.2)))
        return Stance(Base(float(x), float(y), 90.0 * int(rng.integers(4)) + jitter), pitch, crouched)
    target = _target(things, rng)
    offset = np.array(target.position[:2]) - cells
    away = np.hypot(offset[:, 0], offset[:, 1])
    near = np.flatnonzero((away > options.near_m) & (away < options.far_m))
    k = int(rng.choice(near)) if len(near) else int(away.argmin())
    yaw = round(math.degrees(math.atan2(offset[k, 1], offset[k, 0])) / 90.0) * 90.0
    eye = Stance(crouched=crouched).eye_m
    slope = math.degrees(math.atan2(eye - target.position[2], max(float(away[k]), 1e-3)))
    pitch = float(_PITCHES_DEG[np.abs(_PITCHES_DEG - slope - rng.normal(0.0, 10.0)).argmin()])
    return Stance(Base(float(cells[k, 0]), float(cells[k, 1]), math.remainder(yaw + jitter, 360.0)), pitch, crouched)


def _target(things: Sequence[TrueObject], rng: np.random.Generator) -> TrueObject:
    """Draw a category first, so that rare ones are looked at as often."""
    kinds = sorted({t.category for t in things})
    kind = kinds[rng.integers(len(kinds))]
    members = [t for t in things if t.category == kind]
    return members[rng.integers(len(members))]


def _frame(
    observation: Observation,
    instances: NDArray[np.int32],
    things: Sequence[TrueObject],
    misplaced: Sequence[bool | None],
) -> Frame:
    counts = np.bincount(instances.ravel() + 1, minlength=1)
    numbers = np.zeros(instances.shape, np.uint8)
    seen: list[SeenThing] = []
    for k, where in enumerate(ndimage.find_objects(instances + 1)):
        if where is None or len(seen) == _MAX_THINGS:
            continue
        rows, cols = where
        box = (int(rows.start), int(cols.start), int(rows.stop), int(cols.stop))
        seen.append(SeenThing(things[k].category, k, box, int(counts[k + 1]), misplaced[k]))
        part = numbers[where]
        part[instances[where] == k] = len(seen)
    millimetres = np.round(observation["depth"] * 1000.0).clip(0, 65535).astype(np.float32)
    camera = tuple(float(v) for v in observation["camera"])
    depth = millimetres / np.float32(1000.0)
    return Frame(observation["rgb"], depth, numbers, camera, observation["map_T_camera"], tuple(seen))


def shard_path(folder: Path, seed: int) -> Path:
    """Where the frames of a house lie."""
    return folder / f"house-{seed:06d}.frames"


def write_shard(path: Path, frames: Sequence[Frame], seed: int, options: FrameOptions) -> None:
    """Write the frames of a house; a reader never sees half a file."""
    blobs = [_pack(frame) for frame in frames]
    header = {
        "version": VERSION,
        "seed": seed,
        "options": asdict(options),
        "sizes": [len(blob) for blob in blobs],
        "frames": [
            {
                "camera": f.camera,
                "pose": f.pose.ravel().tolist(),
                "things": [list(asdict(t).values()) for t in f.things],
            }
            for f in frames
        ],
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    part = path.with_suffix(f".part{os.getpid()}")
    part.write_bytes(len(text).to_bytes(_LENGTH_BYTES, "little") + text + b"".join(blobs))
    part.replace(path)


class Shard:
    """The frames of one house, read one at a time."""

    def __init__(self, path: Path) -> None:
        """Read the header; raise ``ValueError`` when the file is of another version."""
        self._path = path
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            self._header: dict[str, Any] = json.loads(file.read(length))
        if self._header["version"] != VERSION:
            raise ValueError(f"{path} is of version {self._header['version']}, not {VERSION}: delete it")
        self._starts = np.cumsum([_LENGTH_BYTES + length, *self._header["sizes"]])
        self.options = FrameOptions(**self._header["options"])

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._header["sizes"])

    def __getitem__(self, k: int) -> Frame:
        """Read the ``k``-th frame."""
        with self._path.open("rb") as file:
            file.seek(int(self._starts[k]))
            blob = file.read(self._header["sizes"][k])
        head, size = self._header["frames"][k], self.options.size
        rgb, depth, numbers = _unpack(blob, size)
        things = tuple(SeenThing(t[0], t[1], tuple(t[2]), t[3], t[4]) for t in head["things"])
        return Frame(rgb, depth, numbers, tuple(head["camera"]), np.array(head["pose"]).reshape(4, 4), things)


def _pack(frame: Frame) -> bytes:
    millimetres = np.round(frame.depth * 1000.0).astype(np.uint16)
    parts = (frame.rgb, millimetres, frame.numbers)
    return zlib.compress(b"".join(np.diff(p, axis=1, prepend=np.zeros_like(p[:, :1])).tobytes() for p in parts), 2)


def _unpack(blob: bytes, size: int) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    raw, area = zlib.decompress(blob), size * size
    rgb = np.frombuffer(raw, np.uint8, 3 * area).reshape(size, size, 3).cumsum(1, dtype=np.uint8)
    millimetres = np.frombuffer(raw, np.uint16, area, 3 * area).reshape(size, size).cumsum(1, dtype=np.uint16)
    numbers = np.frombuffer(raw, np.uint8, area, 5 * area).reshape(size, size).cumsum(1, dtype=np.uint8)
    return rgb, millimetres.astype(np.float32) / np.float32(1000.0), numbers


def make_shard(folder: Path, seed: int, use: Use, options: FrameOptions) -> Path:
    """Make the shard of a house unless it is there with the same options; return its path."""
    check_use(seed, use)
    path = shard_path(folder, seed)
    if not (path.exists() and Shard(path).options == options):
        folder.mkdir(parents=True, exist_ok=True)
        write_shard(path, list(house_frames(seed, use, options)), seed, options)
    return path


def make_shards(
    folder: Path, seeds: Sequence[int], use: Use, options: FrameOptions, workers: int = 1
) -> Iterator[Path]:
    """Make the shards of several houses in worker processes and yield their paths in the order of the seeds."""
    jobs = [(folder, seed, use, options) for seed in seeds]
    if workers < 1 or len(jobs) < 2:
        yield from (make_shard(*job) for job in jobs)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(_make, jobs)


def _make(job: tuple[Path, int, Use, FrameOptions]) -> Path:
    return make_shard(*job)
