"""The metric map in embedded houses: ``python benchmarks/bench_mapping.py``.

Fusion: milliseconds a 640x480 frame, beside Open3D's voxel blocks where they are installed (extra ``maps``), on the
same frames, and how far either mesh is from what the cameras saw. Relocalisation: a robot is switched off and put down
elsewhere; how often it finds itself, how exactly, how often it does not know, how often it is wrong, and what it says
in a house that it has never seen.
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
from engram.memory.mapping.errors import Open3DMissingError
from engram.memory.mapping.frame import RgbdFrame
from engram.memory.mapping.planar import between, compose, inverse, matrix
from engram.memory.mapping.relocalise import StoredMap, scan_of
from engram.memory.mapping.tsdf import Tsdf
from engram.memory.mapping.with_open3d import Open3DTsdf
from engram.memory.spatial.octree import Octree
from engram.perception.geometry import point_image
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
    json: bool = False
    """Print JSON instead of tables."""


def main(options: MappingBenchmark) -> int:
    """Measure and print; the exit code is 1 when a robot was sure of a wrong place."""
    figures = {"fusion": fusion(options), "relocalisation": relocalisation(options)}
    if options.json:
        print(json.dumps(figures, indent=1, sort_keys=True))
    else:
        show(figures)
    found = figures["relocalisation"]
    return 1 if any(found[kind]["wrong"] for kind in ("octree", "mesh")) or found["strange_house"]["wrong"] else 0


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
    spent = 1e3 * (time.perf_counter() - start)
    if answer.pose is None:
        return False, np.nan, np.nan, spent
    if true is None:
        return True, np.inf, np.inf, spent
    x, y, yaw = between(true, answer.pose)
    return True, float(np.hypot(x, y)), float(abs(np.degrees(yaw))), spent


def _summary(rows: list[tuple[bool, float, float, float]]) -> dict[str, Any]:
    known = [r for r in rows if r[0]]
    right = [r for r in known if r[1] < 0.1 and r[2] < 3]
    return {
        "starts": len(rows),
        "right": len(right),
        "do_not_know": len(rows) - len(known),
        "wrong": len(known) - len(right),
        "off_m_p50": float(np.median([r[1] for r in right])) if right else None,
        "off_m_worst": max((r[1] for r in right), default=None),
        "off_deg_worst": max((r[2] for r in right), default=None),
        "ms_p50": float(np.median([r[3] for r in rows])) if rows else None,
    }


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


def _places(env: Any) -> dict[str, tuple[float, float]]:
    """Return where things are, in the frame of the episode."""
    return {thing.id: thing.position[:2] for thing in env.unwrapped.truth.objects()}


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
    found = figures["relocalisation"]
    table = Table("relocalisation", *found)
    for key in found["octree"]:
        values = [found[kind][key] for kind in found]
        table.add_row(key, *("-" if v is None else f"{v:.3g}" for v in values))
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(main(tyro.cli(MappingBenchmark, description=__doc__)))
