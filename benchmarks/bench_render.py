"""CPU milliseconds a frame of each renderer (colour, depth and ids) over a scripted house of primitives and meshes.

python benchmarks/bench_render.py --geoms 600 --size 224
"""

from __future__ import annotations

import argparse
import math
import statistics
import time

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Camera
from engram.sims.house.geometry import lathe
from engram.sims.house.render import Renderer, RenderError, make_renderer, warm_up

Pose = tuple[NDArray[np.float64], NDArray[np.float64]]
ROOM_M, HEIGHT_M = 5.0, 2.6
MATERIALS = ("plain", "wood", "tile", "cloth", "metal")


class Scene:
    """Rooms in a grid with doors between them; each holds tables and shelves with things on them."""

    def __init__(self, geoms: int) -> None:
        self.rng = np.random.default_rng(0)
        self.mj = mujoco.MjSpec()
        for name in MATERIALS:
            self.mj.add_material(name=name)
        vase = lathe([(0, 0), (0.04, 0), (0.06, 0.05), (0.03, 0.16), (0.035, 0.2), (0.025, 0.19), (0, 0.02)], 20)
        self.mj.add_mesh(
            name="vase",
            uservert=vase.vertices.ravel(),
            userface=vase.faces.ravel(),
            inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
        )
        self.side = max(1, round(math.sqrt(geoms / 66)))
        for i in range(self.side):
            for j in range(self.side):
                self.room(i * ROOM_M, j * ROOM_M)
        while len(self.mj.geoms) < geoms:
            x, y = self.rng.uniform(0.5, self.side * ROOM_M - 0.5, 2)
            self.thing(x, y, 0.0)

    def geom(self, kind: str, pos: tuple[float, ...], size: tuple[float, ...], material: str = "plain") -> None:
        """Add a geom of a random colour."""
        geom = self.mj.worldbody.add_geom(
            type=getattr(mujoco.mjtGeom, f"mjGEOM_{kind.upper()}"),
            pos=pos,
            rgba=[*self.rng.uniform(0.3, 0.9, 3), 1.0],
            material=material,
        )
        if kind == "mesh":
            geom.meshname = "vase"
        else:
            geom.size = [*size, 0.0, 0.0][:3]

    def room(self, x: float, y: float) -> None:
        """Add a room with its lower corner at (x, y)."""
        mid = ROOM_M / 2
        self.geom("box", (x + mid, y + mid, -0.05), (mid, mid, 0.05), "wood")
        self.geom("box", (x + mid, y + mid, HEIGHT_M + 0.05), (mid, mid, 0.05))
        for along in (0.95, 4.05):
            self.geom("box", (x + along, y, HEIGHT_M / 2), (0.95, 0.05, HEIGHT_M / 2))
            self.geom("box", (x, y + along, HEIGHT_M / 2), (0.05, 0.95, HEIGHT_M / 2))
        for cx, cy in ((1.4, 1.4), (3.6, 3.5)):
            self.table(x + cx, y + cy)
        for k in range(5):
            self.geom("box", (x + 0.3, y + 3.8, 0.1 + 0.4 * k), (0.2, 0.5, 0.015), "wood")
            self.thing(x + 0.3, y + 3.5 + 0.12 * k, 0.115 + 0.4 * k)

    def table(self, x: float, y: float) -> None:
        """Add a table with things on it."""
        self.geom("box", (x, y, 0.73), (0.7, 0.4, 0.02), "wood")
        for dx in (-0.65, 0.65):
            for dy in (-0.35, 0.35):
                self.geom("box", (x + dx, y + dy, 0.355), (0.03, 0.03, 0.355), "wood")
        for dx in np.linspace(-0.6, 0.6, 12):
            self.thing(x + dx, y + self.rng.uniform(-0.3, 0.3), 0.75)

    def thing(self, x: float, y: float, z: float) -> None:
        """Add a small object that stands at (x, y, z); every third one is a mesh."""
        s = self.rng.uniform(0.03, 0.07)
        kind = ("mesh", "box", "sphere", "mesh", "cylinder", "ellipsoid", "mesh", "capsule")[int(self.rng.integers(8))]
        size, up = {
            "mesh": ((), 0.1),
            "box": ((s, 0.8 * s, s), s),
            "sphere": ((s,), s),
            "ellipsoid": ((s, 0.7 * s, 0.5 * s), 0.5 * s),
            "cylinder": ((0.7 * s, s), s),
            "capsule": ((0.5 * s, s), 1.5 * s),
        }[kind]
        self.geom(kind, (x, y, z + up), size, str(self.rng.choice(MATERIALS)))

    def poses(self, count: int) -> list[Pose]:
        """Cameras 1.5 m above the floors that look slightly down."""
        out = []
        for _ in range(count):
            corner = self.rng.integers(0, self.side, 2) * ROOM_M
            eye = np.array([*(corner + self.rng.uniform(2.2, 2.8, 2)), 1.5])
            yaw, pitch = self.rng.uniform(-math.pi, math.pi), self.rng.uniform(0.0, 0.6)
            ahead = np.array([math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch), -math.sin(pitch)])
            right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
            out.append((eye, np.stack([right, np.cross(ahead, right), ahead], axis=1)))
        return out


def cpu_ms(renderer: Renderer, data: mujoco.MjData, poses: list[Pose], camera: Camera) -> float:
    """CPU milliseconds of one frame, all threads, over the poses."""
    start = time.process_time()
    for position, rotation in poses:
        renderer.render(data, position, rotation, camera)
    return (time.process_time() - start) / len(poses) * 1e3


def main() -> None:
    """Measure the renderers in turn, so that other load on the machine falls on all of them alike."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--geoms", type=int, default=600)
    parser.add_argument("--size", type=int, default=224, help="width and height in pixels")
    parser.add_argument("--poses", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(f"compiling: {warm_up():.1f} s")
    scene = Scene(args.geoms)
    model = scene.mj.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    poses, camera = scene.poses(args.poses), Camera.from_fov(args.size, args.size, 90.0)
    renderers: dict[str, Renderer] = {}
    for kind in ("raster", "rays", "gl"):
        try:
            renderers[kind] = make_renderer(kind, model)
        except RenderError as error:
            print(f"{kind}: {error}")
    times: dict[str, list[float]] = {kind: [] for kind in renderers}
    for renderer in renderers.values():
        cpu_ms(renderer, data, poses[:2], camera)
    for _ in range(args.rounds):
        for kind, renderer in renderers.items():
            few = poses if kind != "rays" else poses[: max(1, len(poses) // 6)]
            times[kind].append(cpu_ms(renderer, data, few, camera))
    base = statistics.median(times["raster"]) if "raster" in times else math.nan
    print(f"{model.ngeom} geoms, {model.nmesh} mesh, {args.size} x {args.size} pixels, {args.rounds} rounds")
    for kind, values in times.items():
        median = statistics.median(values)
        print(f"{kind:>7}: {median:7.2f} CPU ms a frame (from {min(values):.2f}), {median / base:5.1f} x raster")


if __name__ == "__main__":
    main()
