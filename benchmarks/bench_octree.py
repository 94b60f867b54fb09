"""The octree beside OctoMap (pyoctomap), in one run: ``python benchmarks/bench_octree.py``.

Frames are ray casts of a furnished room of boxes, 10 x 8 x 3 m. Both maps take the same frames in turn, so that load of
the machine hits both. Times are CPU milliseconds or microseconds, medians; the peer inserts with discretised rays. Its
box query is an iterator in Python, and its radius query that iterator with a distance check: it has no other.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from engram.memory.spatial.octomap_io import read_octomap
from engram.memory.spatial.octree import KNOWN, OCCUPIED, Octree

TARGETS = {"insert": ">= 10x", "occupied": "100 %", "free": ">= 98 %", "query": "> 1x"}
SIZES = ((640, 480), (224, 224))
WALLS = (
    ((-5, -4, -0.1), (5, 4, 0)),
    ((-5, -4, 2.8), (5, 4, 3)),
    ((-5.2, -4, 0), (-5, 4, 3)),
    ((5, -4, 0), (5.2, 4, 3)),
    ((-5, -4.2, 0), (5, -4, 3)),
    ((-5, 4, 0), (5, 4.2, 3)),
)
Frame = tuple[NDArray[np.float32], NDArray[np.float32]]  # points (N, 3), camera (3,)


@dataclass(frozen=True)
class OctreeBenchmark:
    """Options."""

    frames: int = 30
    """Frames of each measurement."""
    resolution_m: float = 0.05
    """Edge of a voxel."""
    noise: float = 0.0
    """Standard deviation of depth noise, as a share of the depth."""
    queries: int = 300
    """Queries of each kind."""
    seed: int = 0
    """Of room, poses and queries."""
    json: bool = False
    """Print JSON instead of a table."""


def main(options: OctreeBenchmark) -> int:
    """Measure and print."""
    try:
        import pyoctomap
    except ImportError:
        print("this benchmark compares with OctoMap: pip install pyoctomap", file=sys.stderr)
        return 3
    figures = {f"{w}x{h}": compare(options, w, h, pyoctomap.OcTree) for w, h in SIZES}
    if options.json:
        print(json.dumps(figures, indent=1, sort_keys=True))
    else:
        show(figures)
    return 0


def compare(options: OctreeBenchmark, width: int, height: int, peer: Callable[[float], Any]) -> dict[str, Any]:
    """Insert the same frames into both maps and compare speed, cells, memory and queries."""
    rng = np.random.default_rng(options.seed)
    room = furnished_room(rng)
    frames = [look_around(room, rng, width, height, options.noise) for _ in range(options.frames)]
    ask(Octree(options.resolution_m), frames[0])  # compiles
    ours, theirs = Octree(options.resolution_m), peer(options.resolution_m)
    spent: dict[str, list[float]] = {"ours": [], "octomap": []}
    for points, camera in frames:
        wide = points.astype(np.float64), camera.astype(np.float64)
        spent["ours"].append(cpu_secs(lambda p=points, c=camera: ours.insert(p, c)))
        spent["octomap"].append(cpu_secs(lambda w=wide: theirs.insertPointCloud(*w, discretize=True)))
    figures: dict[str, Any] = {name: {"insert_ms": 1e3 * median(times)} for name, times in spent.items()}
    for figure in figures.values():
        figure["points_per_sec"] = width * height / figure["insert_ms"] * 1e3
    figures["insert_ratio"] = sum(spent["octomap"]) / sum(spent["ours"])
    figures["cells"] = agreement(ours, theirs)
    occupied = len(ours.voxels())
    for name, used in (("ours", ours.nbytes), ("octomap", theirs.memoryUsage())):
        figures[name]["mbytes"] = used / 1e6
        figures[name]["bytes_per_occupied_leaf"] = used / occupied
        figures[name]["bytes_per_known_voxel"] = used / len(ours.voxels(0, KNOWN))
    figures["queries_us"] = questions(ours, theirs, rng, options)
    return figures


def furnished_room(rng: np.random.Generator) -> NDArray[np.float64]:
    """Boxes, (N, 2, 3): floor, ceiling, walls and furniture, the middle left free."""
    boxes = [*WALLS]
    while len(boxes) < 30:
        x, y, size = rng.uniform(-4.5, 4.5), rng.uniform(-3.5, 3.5), rng.uniform((0.2, 0.2, 0.2), (1.0, 1.0, 1.8))
        if np.hypot(x, y) > 1.5:
            a, b, c = size
            boxes.append(((x - a / 2, y - b / 2, 0), (x + a / 2, y + b / 2, c)))
    return np.array(boxes, float)


def look_around(room: NDArray[np.float64], rng: np.random.Generator, width: int, height: int, noise: float) -> Frame:
    """Points of a depth image from a place in the middle, 65 degrees wide, looking somewhat down."""
    camera = np.array([*rng.uniform(-0.8, 0.8, 2), 1.2], np.float32)
    yaw, pitch, focal = rng.uniform(0, 2 * np.pi), 0.3, width / 2 / np.tan(np.radians(32.5))
    u, v = np.meshgrid((np.arange(width) + 0.5 - width / 2) / focal, (np.arange(height) + 0.5 - height / 2) / focal)
    rays = np.stack([np.ones_like(u), -u, -v], axis=-1).reshape(-1, 3)
    rays = rays @ np.array([[np.cos(pitch), 0, -np.sin(pitch)], [0, 1, 0], [np.sin(pitch), 0, np.cos(pitch)]])
    rays = rays @ np.array([[np.cos(yaw), np.sin(yaw), 0], [-np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    depth = np.full(len(rays), np.inf)
    for low, high in room:
        a, b = (low - camera) / rays, (high - camera) / rays
        enter, leave = np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)
        depth = np.where((enter <= leave) & (enter > 0), np.minimum(depth, enter), depth)
    depth *= 1.0 + noise * rng.standard_normal(len(depth))
    return (camera + rays * depth[:, None]).astype(np.float32), camera


def agreement(ours: Octree, theirs: Any) -> dict[str, float]:
    """Compare the cells of the two maps, read from the peer's own file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peer.ot"
        theirs.write(str(path))
        other = read_octomap(path, ours.sensor)
    figures: dict[str, float] = {}
    for name, wanted in (("occupied", OCCUPIED), ("free", 0)):
        a, b = ours.voxels(0, wanted).keys, other.voxels(0, wanted).keys
        figures[name] = float(len(a))
        figures[f"{name}_same_percent"] = 100.0 * len(np.intersect1d(a, b)) / len(np.union1d(a, b))
    a, b = ours.voxels(0, KNOWN).log_odds, other.voxels(0, KNOWN).log_odds
    figures["largest_difference_log_odds"] = float(np.abs(a - b).max()) if len(a) == len(b) else float("nan")
    return figures


def questions(ours: Octree, theirs: Any, rng: np.random.Generator, options: OctreeBenchmark) -> dict[str, Any]:
    """Time a query of each kind in microseconds, the same ones for both; answers are compared too."""
    places = rng.uniform((-4.5, -3.5, 0.1), (4.5, 3.5, 2.5), (options.queries, 3))
    starts = np.concatenate([rng.uniform(-1, 1, (options.queries, 2)), np.full((options.queries, 1), 1.2)], axis=1)
    ways = rng.standard_normal((options.queries, 3))
    kinds: dict[str, tuple[Callable[[int], Any], Callable[[int], Any]]] = {
        "radius 0.5 m": (lambda i: len(ours.radius(places[i], 0.5)), lambda i: peer_radius(theirs, places[i], 0.5)),
        "box 1 m": (
            lambda i: len(ours.box(places[i] - 0.5, places[i] + 0.5)),
            lambda i: peer_box(theirs, places[i], 0.5),
        ),
        "ray 10 m": (lambda i: our_ray(ours, starts[i], ways[i]), lambda i: peer_ray(theirs, starts[i], ways[i])),
        "point": (lambda i: int(ours.state(places[i])[0]), lambda i: peer_point(theirs, places[i])),
    }
    figures = {name: timed(*pair, options.queries) for name, pair in kinds.items()}
    batches = {
        "ray 10 m": lambda: ours.cast(starts, ways, 10.0, ignore_unknown=True),
        "point": lambda: ours.state(places),
    }
    for name, batch in batches.items():
        batch_us = 1e6 * median(cpu_secs(batch) for _ in range(5)) / options.queries
        figures[f"{name}, in a batch"] = {
            "ours": batch_us,
            "octomap": figures[name]["octomap"],
            "ratio": figures[name]["octomap"] / batch_us,
            "same_percent": figures[name]["same_percent"],
        }
    return figures


def timed(ours: Callable[[int], Any], theirs: Callable[[int], Any], count: int) -> dict[str, float]:
    """Ask both each question in turn."""
    spent: tuple[list[float], list[float]] = ([], [])
    same = 0
    for i in range(count):
        answers = []
        for ask_one, times in zip((ours, theirs), spent, strict=True):
            begin = time.perf_counter()
            answers.append(ask_one(i))
            times.append(1e6 * (time.perf_counter() - begin))
        same += answers[0] == answers[1]
    a, b = (median(times) for times in spent)
    return {"ours": a, "octomap": b, "ratio": b / a, "same_percent": 100.0 * same / count}


def peer_box(tree: Any, centre: NDArray[np.float64], half: float) -> int:
    """Occupied voxels in a box; a pruned leaf counts as the voxels of it that lie inside."""
    return sum(1 for _ in peer_occupied(tree, centre, half))


def peer_radius(tree: Any, centre: NDArray[np.float64], radius: float) -> int:
    x, y, z = centre.tolist()
    squared = radius * radius
    return sum(
        (c[0] - x) ** 2 + (c[1] - y) ** 2 + (c[2] - z) ** 2 <= squared for c in peer_occupied(tree, centre, radius)
    )


def peer_occupied(tree: Any, centre: NDArray[np.float64], half: float) -> Any:
    for leaf in tree.begin_leafs_bbx(centre - half, centre + half):
        if tree.isNodeOccupied(leaf):
            yield leaf.getCoordinate()


def our_ray(octree: Octree, start: NDArray[np.float64], way: NDArray[np.float64]) -> int:
    return int(octree.cast(start, way, 10.0, ignore_unknown=True).state[0])


def peer_ray(tree: Any, start: NDArray[np.float64], way: NDArray[np.float64]) -> int:
    return int(tree.castRay(start, way, np.zeros(3), True, 10.0))


def peer_point(tree: Any, place: NDArray[np.float64]) -> int:
    node = tree.search(place)
    return -1 if node is None else int(tree.isNodeOccupied(node))


def ask(octree: Octree, frame: Frame) -> None:
    """Use every kernel once."""
    octree.insert(*frame)
    octree.box((-1, -1, 0), (1, 1, 1))
    our_ray(octree, np.zeros(3), np.ones(3))
    octree.state((0, 0, 0))


def cpu_secs(work: Callable[[], Any]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def show(figures: dict[str, Any]) -> None:
    """Print the tables."""
    for size, f in figures.items():
        view = Table("figure", "engram", "OctoMap", "ratio", "target", title=f"{size} at the same voxels", box=None)
        a, b = f["ours"], f["octomap"]
        view.add_row(
            "insert, CPU ms a frame",
            f"{a['insert_ms']:.1f}",
            f"{b['insert_ms']:.1f}",
            f"{f['insert_ratio']:.1f}x",
            TARGETS["insert"],
        )
        view.add_row(
            "  million points a second", f"{a['points_per_sec'] / 1e6:.1f}", f"{b['points_per_sec'] / 1e6:.2f}", "", ""
        )
        for name in ("occupied", "free"):
            view.add_row(
                f"same {name} cells",
                f"{f['cells'][name]:.0f}",
                "",
                f"{f['cells'][f'{name}_same_percent']:.2f} %",
                TARGETS[name],
            )
        for name in ("mbytes", "bytes_per_occupied_leaf", "bytes_per_known_voxel"):
            view.add_row(name.replace("_", " "), f"{a[name]:.1f}", f"{b[name]:.1f}", f"{b[name] / a[name]:.2f}x", "")
        for name, q in f["queries_us"].items():
            view.add_row(
                f"{name}, us", f"{q['ours']:.2f}", f"{q['octomap']:.2f}", f"{q['ratio']:.1f}x", TARGETS["query"]
            )
            view.add_row("  same answers", "", "", f"{q['same_percent']:.1f} %", "")
        Console(width=120).print(view)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(OctreeBenchmark)))
