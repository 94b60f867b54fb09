"""The metric map in embedded houses: ``python benchmarks/bench_mapping.py``.

Fusion: milliseconds a 640x480 frame, beside Open3D's voxel blocks where they are installed (extra ``maps``), on the
same frames, and how far either mesh is from what the cameras saw. Relocalisation: a robot is switched off and put down
elsewhere; how often it finds itself, how exactly, how often it does not know, how often it is wrong, and what it says
in a house that it has never seen. Second episodes: the tidy agent explores a house, and again from another start in
another mess; how many steps until it goes on with the memory of the first, and whether it does with that of a
different house.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import tyro
from rich.console import Console
from rich.table import Table
from scipy.spatial import cKDTree

import engram  # noqa: F401 - registers the worlds
from engram.agents.relocate import Relocate, RelocateConfig
from engram.agents.remember import Remember
from engram.agents.tidy import TidyAgent, TidyConfig
from engram.memory.contract import Percepts
from engram.memory.mapping.errors import Open3DMissingError
from engram.memory.mapping.frame import RgbdFrame
from engram.memory.mapping.planar import between, compose, inverse, matrix
from engram.memory.mapping.relocalise import StoredMap, scan_of
from engram.memory.mapping.tsdf import Tsdf
from engram.memory.mapping.with_open3d import Open3DTsdf
from engram.memory.spatial.octree import Octree
from engram.memory.spatial.store import SpatialStore
from engram.perception.geometry import point_image
from engram.perception.oracle import MaskDetector
from engram.sims.contract import Observation, Verb, act
from engram.sims.house.generate import generate

_SPIN = [Verb.ROTATE_LEFT] * 4
_WAYS = {Verb.MOVE_AHEAD: (1, 0), Verb.MOVE_BACK: (-1, 0), Verb.MOVE_LEFT: (0, 1), Verb.MOVE_RIGHT: (0, -1)}


@dataclass(frozen=True)
class MappingBenchmark:
    """Options."""

    houses: int = 2
    """Houses, from seed 0 on."""
    rooms: int = 3
    """Rooms of each."""
    goals: int = 10
    """Places that the tour of each house leads to."""
    starts: int = 8
    """Places in each house where the robot is switched on again."""
    frames: int = 60
    """Frames of the measurement of fusion."""
    seconds: int = 12
    """Houses of one to three rooms that a robot comes back to, from seed 100 on."""
    strangers: int = 4
    """Other houses, for each, in whose memory the second episode must not be written."""
    json: bool = False
    """Print JSON instead of tables."""


def main(options: MappingBenchmark) -> int:
    """Measure and print; the exit code is 1 when a robot was sure of a wrong place."""
    figures = {
        "fusion": fusion(options),
        "relocalisation": relocalisation(options),
        "second_episodes": second_episodes(options),
    }
    if options.json:
        print(json.dumps(figures, indent=1, sort_keys=True))
    else:
        show(figures)
    return 1 if any(f["wrong"] for part in ("relocalisation", "second_episodes") for f in figures[part].values()) else 0


def fusion(options: MappingBenchmark) -> dict[str, Any]:
    """Fuse the same frames with both."""
    env = gymnasium.make("engram/House-v0", rooms=options.rooms, width=640, height=480)
    frames = [RgbdFrame.of(o) for o in tour(env, env.reset(seed=0)[0], options.goals)][: options.frames]
    env.close()
    ours = _fuse(Tsdf, frames)
    figures: dict[str, Any] = {"frames": len(frames), "engram": ours}
    try:
        figures["open3d"] = _fuse(Open3DTsdf, frames)
        figures["open3d_over_engram"] = figures["open3d"]["ms_per_frame"] / ours["ms_per_frame"]
    except Open3DMissingError as error:
        figures["open3d_missing"] = str(error)
    return figures


def _fuse(make: Callable[[], Any], frames: list[RgbdFrame]) -> dict[str, float]:
    make().integrate(frames[0])  # compiles
    fused, spent = make(), []
    for frame in frames:
        start = time.perf_counter()
        fused.integrate(frame)
        spent.append(1e3 * (time.perf_counter() - start))
    start = time.perf_counter()
    mesh = fused.mesh()
    mesh_ms = 1e3 * (time.perf_counter() - start)
    tree, normals = cKDTree(mesh.vertices), mesh.normals()
    off = np.concatenate([_off(tree, mesh.vertices, normals, frame) for frame in frames[::10]])
    return {
        "ms_per_frame": float(np.median(spent)),
        "mesh_ms": mesh_ms,
        "triangles": len(mesh.triangles),
        "off_mm_p50": float(np.median(off) * 1e3),
        "off_mm_p90": float(np.percentile(off, 90) * 1e3),
    }


def _off(tree: cKDTree, vertices: Any, normals: Any, frame: RgbdFrame) -> np.ndarray:
    """Distances of readings from the planes of the nearest vertices."""
    rows, cols = np.mgrid[4 : frame.depth.shape[0] : 16, 4 : frame.depth.shape[1] : 16]
    depth, c = frame.depth[rows, cols].astype(float), frame.camera
    good = (depth > 0.4) & (depth < 4.5)
    optical = np.stack([(cols + 0.5 - c.cx) / c.fx, (rows + 0.5 - c.cy) / c.fy, np.ones(rows.shape)], -1)[good]
    points = (optical * depth[good][:, None]) @ frame.map_T_camera[:3, :3].T + frame.map_T_camera[:3, 3]
    _, near = tree.query(points)
    return np.abs(((points - vertices[near]) * normals[near]).sum(axis=1))


def relocalisation(options: MappingBenchmark) -> dict[str, Any]:
    """Map houses and find robots in them, and in the house before that of the map."""
    env = gymnasium.make("engram/House-v0", rooms=options.rooms)
    results: dict[str, list[tuple[bool, float, float, float]]] = {"octree": [], "mesh": [], "strange_house": []}
    strange: list[np.ndarray] = []
    for seed in range(options.houses):
        tree, tsdf = Octree(), Tsdf()
        house, rng = {"house": generate(seed, rooms=options.rooms)}, np.random.default_rng(seed)
        first = env.reset(seed=seed, options=house)[0]
        origin = _places(env)
        for observation in tour(env, first, options.goals):
            image = point_image(observation, 2)
            tree.insert(image.points[image.valid & (image.range_m < 5)], image.camera_m)
            tsdf.integrate(RgbdFrame.of(observation))
        maps = {"octree": StoredMap.of(tree), "mesh": StoredMap.of(tree, tsdf.mesh())}
        maps["octree"].relocalise(scan_of([first]))  # compiles
        for scan in strange:
            results["strange_house"].append(_ask(maps["mesh"], scan, None))
        strange = []
        for _ in range(options.starts):
            scan, true = _switched_on(env, house, origin, rng)
            strange.append(scan)
            for kind, stored in maps.items():
                results[kind].append(_ask(stored, scan, true))
    return {kind: _summary(rows) for kind, rows in results.items()}


def _switched_on(env: Any, house: Any, origin: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Put the robot down somewhere; return what it sees about itself, in an unknown frame, and where that frame is."""
    observation = env.reset(seed=int(rng.integers(1 << 16)), options=house)[0]
    here = _between(_places(env), origin)
    scan = scan_of([observation, *(env.step(act(verb))[0] for verb in _SPIN[1:])])
    frame = np.array([*rng.normal(0, 1, 2), rng.uniform(-np.pi, np.pi)])
    back = matrix(inverse(frame))
    return scan @ back[:3, :3].T + back[:3, 3], compose(here, frame)


def _ask(stored: StoredMap, scan: Any, true: Any) -> tuple[bool, float, float, float]:
    """Return whether there is an answer, how far off it is, metres and degrees, and milliseconds."""
    start = time.perf_counter()
    answer = stored.relocalise(scan)
    return _row(answer.pose, true, 1e3 * (time.perf_counter() - start))


def _row(pose: Any, true: Any, spent: float) -> tuple[bool, float, float, float]:
    if pose is None:
        return False, np.nan, np.nan, spent
    if true is None:
        return True, np.inf, np.inf, spent
    x, y, yaw = between(true, pose)
    return True, float(np.hypot(x, y)), float(abs(np.degrees(yaw))), spent


def _summary(rows: list[tuple[bool, float, float, float]], within_deg: float = 3.0) -> dict[str, Any]:
    known = [r for r in rows if r[0]]
    right = [r for r in known if r[1] < 0.1 and r[2] < within_deg]
    return {
        "starts": len(rows),
        "right": len(right),
        "do_not_know": len(rows) - len(known),
        "wrong": len(known) - len(right),
        "off_m_p50": float(np.median([r[1] for r in right])) if right else None,
        "off_m_worst": max((r[1] for r in right), default=None),
        "off_deg_p50": float(np.median([r[2] for r in right])) if right else None,
        "off_deg_worst": max((r[2] for r in right), default=None),
        "ms_p50": float(np.median([r[3] for r in rows])) if rows else None,
    }


class Kept:
    """A memory that keeps what it is told."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.percepts: list[Percepts] = []

    def write(self, percepts: Percepts) -> int:
        """Keep a step."""
        self.percepts.append(percepts)
        return len(self.percepts)


def second_episodes(options: MappingBenchmark) -> dict[str, Any]:
    """Come back to houses, and to others in place of them."""
    env = gymnasium.make("engram/House-v0", width=128, height=128, disable_env_checker=True)
    told = [_twice(env, seed, 1 + seed % 3) for seed in range(100, 100 + options.seconds)]
    env.close()
    rows: dict[str, list[tuple[bool, float, float, float]]] = {"same_house": [], "other_house": []}
    steps: list[int] = []
    for k, (tree, percepts, true) in enumerate(told):
        for step in range(options.strangers + 1):
            other = told[(k + step) % len(told)][0]
            row, looked = _go_on(tree if not step else other, percepts, None if step else true)
            rows["other_house" if step else "same_house"].append(row)
            if not step and row[0]:
                steps.append(looked)
    figures = {kind: _summary(found, within_deg=2.0) for kind, found in rows.items()}
    figures["same_house"]["steps_p50"] = float(np.median(steps)) if steps else None
    figures["same_house"]["steps_most"] = max(steps, default=None)
    return figures


def _twice(env: Any, seed: int, rooms: int) -> tuple[Octree, list[Percepts], Any]:
    """Return the map of a first episode, what a second one tells, and where its frame is in the map."""
    house, store = generate(seed, rooms=rooms), SpatialStore()
    for percepts in _explored(env, house, seed, 220):
        for event in store.propose(percepts):
            store.apply(event)
    there = _places(env, fixed=True)
    second = _explored(env, house, seed + 1000, RelocateConfig().max_steps)
    return store.octree, second, _between(_places(env, fixed=True), there)


def _explored(env: Any, house: Any, seed: int, steps: int) -> list[Percepts]:
    """Return what the tidy agent tells in its first steps."""
    world, kept = env.unwrapped, Kept()
    detector = MaskDetector(lambda: world.truth.instances(), lambda: [o.category for o in world.truth.objects()])
    agent = TidyAgent(detector, TidyConfig(max_steps=1000), remember=Remember(kept))
    observation = env.reset(seed=seed, options={"house": house, "mess": 5})[0]
    agent.reset(observation)
    for _ in range(steps):
        observation, _, terminated, truncated, _ = env.step(agent.act(observation))
        if terminated or truncated:
            break
    return kept.percepts


def _go_on(tree: Octree, percepts: list[Percepts], true: Any) -> tuple[tuple[bool, float, float, float], int]:
    """Return whether the robot is sure, how far off it is, milliseconds in all; and after how many steps."""
    start, looked = time.perf_counter(), 0
    relocate = Relocate(Kept(), StoredMap.of(tree), 0)
    while relocate.searching and looked < len(percepts):
        relocate.write(percepts[looked])
        looked += 1
    spent = 1e3 * (time.perf_counter() - start)
    return _row(relocate.pose, true, spent), looked


def tour(env: Any, observation: Observation, goals: int) -> list[Observation]:
    """Walk to random places, look about at each, and return every third view of the way and all of the places."""
    cells, rng = env.unwrapped.truth.reachable(), np.random.default_rng(7)
    free = {(round(x * 4), round(y * 4)) for x, y in cells}
    seen = [observation]
    for _ in range(goals):
        goal = cells[rng.integers(len(cells))]
        ahead = _path(free, tuple(round(v * 4) for v in observation["base"][:2]), tuple(round(v * 4) for v in goal))
        for count, verb in enumerate(ahead + _SPIN):
            observation = env.step(act(verb))[0]
            if verb is Verb.ROTATE_LEFT or count % 3 == 0:
                seen.append(observation)
    return seen


def _path(free: set[Any], first: Any, last: Any) -> list[Verb]:
    came: dict[Any, Any] = {first: None}
    queue = [first]
    for here in queue:
        for verb, (dx, dy) in _WAYS.items():
            there = (here[0] + dx, here[1] + dy)
            if there in free and there not in came:
                came[there] = (here, verb)
                queue.append(there)
    moves = []
    while came[last] is not None:
        last, verb = came[last]
        moves.append(verb)
    return moves[::-1]


def _places(env: Any, fixed: bool = False) -> dict[str, tuple[float, float]]:
    """Return where things are, or only those that nobody moves, in the frame of the episode."""
    things = env.unwrapped.truth.objects()
    return {thing.id: thing.position[:2] for thing in things if not (fixed and thing.pickupable)}


def _between(here: dict[str, tuple[float, float]], there: dict[str, tuple[float, float]]) -> Any:
    """Return the frame in which things are here as seen from that in which they are there."""
    names = sorted(here.keys() & there.keys())
    a, b = (np.array([places[name] for name in names]) for places in (here, there))
    p, q = a - a.mean(axis=0), b - b.mean(axis=0)
    yaw = np.arctan2((p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum(), (p * q).sum())
    c, s = np.cos(yaw), np.sin(yaw)
    x, y = b.mean(axis=0) - np.array([[c, -s], [s, c]]) @ a.mean(axis=0)
    return np.array([x, y, yaw])


def show(figures: dict[str, Any]) -> None:
    """Print tables."""
    console = Console()
    fused = figures["fusion"]
    names = [n for n in ("engram", "open3d") if n in fused]
    table = Table("fusion, 640x480", *names, title=f"{fused['frames']} frames")
    for key in fused["engram"]:
        table.add_row(key, *(f"{fused[n][key]:,.1f}" for n in names))
    console.print(table)
    console.print(fused.get("open3d_missing", f"Open3D takes {fused.get('open3d_over_engram', 0):.2f} times as long"))
    for title, first in (("relocalisation", "octree"), ("second_episodes", "same_house")):
        found = figures[title]
        table = Table(title.replace("_", " "), *found)
        for key in found[first]:
            values = [found[kind].get(key) for kind in found]
            table.add_row(key, *("-" if v is None else f"{v:.3g}" for v in values))
        console.print(table)


if __name__ == "__main__":
    raise SystemExit(main(tyro.cli(MappingBenchmark, description=__doc__)))
