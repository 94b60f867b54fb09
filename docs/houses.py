"""Draws the pictures of ``docs/houses``: ``python docs/houses.py``.

Each shows one generated house from above, without its ceilings, beside views into its rooms.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engram.sims.contract import Camera
from engram.sims.house.generate import generate
from engram.sims.house.model import HouseModel, compile_house
from engram.sims.house.render import Renderer, make_renderer
from engram.sims.house.render.base import CEILING_GROUP, VISIBLE_GROUPS
from engram.sims.house.spec import RoomSpec

HOUSES = {7: 4, 21: 6, 33: 3, 58: 5, 104: 8, 211: 2}  # seed: number of rooms
TALL, WIDE = 480, 640
EYE_M = 1.7

Floats = NDArray[np.float64]


def look_at(eye: Floats, target: Floats, up: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> Floats:
    """(3, 3) rotation of a camera at ``eye`` whose optical axis meets ``target``."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward], 1)


def from_above(house: HouseModel, renderer: Renderer) -> NDArray[np.uint8]:
    """The whole house, seen from a little south of straight above."""
    rooms = house.spec.rooms
    lo = np.array([min(r.x0 for r in rooms), min(r.y0 for r in rooms)])
    hi = np.array([max(r.x1 for r in rooms), max(r.y1 for r in rooms)])
    corners = np.array([[x, y, z] for x in (lo[0], hi[0]) for y in (lo[1], hi[1]) for z in (0.0, house.spec.ceiling_m)])
    camera = Camera.from_fov(WIDE, TALL, 50.0)
    middle = corners.mean(0)
    for far_m in np.arange(3.0, 60.0, 0.1):
        eye = middle + far_m * np.array([0.0, -0.4, 0.9])
        rotation = look_at(eye, middle)
        seen = (corners - eye) @ rotation
        across = np.abs(seen[:, :2] / seen[:, 2:]) * camera.fx
        if (seen[:, 2] > 0).all() and (across < 0.47 * np.array([WIDE, TALL])).all():
            break
    return renderer.render(house.data, eye, rotation, camera).rgb


def into(room: RoomSpec, house: HouseModel, renderer: Renderer) -> NDArray[np.uint8]:
    """A room from the corner that shows most different things."""
    views = []
    for x, tx in ((room.x0 + 0.35, room.x1), (room.x1 - 0.35, room.x0)):
        for y, ty in ((room.y0 + 0.35, room.y1), (room.y1 - 0.35, room.y0)):
            eye = np.array([x, y, EYE_M])
            target = np.array([0.8 * tx + 0.2 * x, 0.8 * ty + 0.2 * y, 0.35])
            image = renderer.render(house.data, eye, look_at(eye, target), Camera.from_fov(WIDE // 2, TALL // 2, 75.0))
            owners, counts = np.unique(house.owner[image.geom[image.geom >= 0]], return_counts=True)
            near = int((image.depth < 0.7).sum())
            views.append((int((counts[owners >= 0] > 40).sum()) - near / 2000, len(views), image.rgb))
    return max(views, key=lambda v: v[:2])[2]


def picture(seed: int, rooms: int) -> Image.Image:
    """The house from above and four of its rooms, or some twice from where fewer are."""
    house = compile_house(generate(seed, rooms=rooms))
    mujoco.mj_forward(house.model, house.data)
    above = from_above(house, make_renderer("auto", house.model, VISIBLE_GROUPS - {CEILING_GROUP}))
    inside = make_renderer("auto", house.model)
    by_type = {room.type: room for room in house.spec.rooms}
    chosen = [*by_type.values(), *(r for r in house.spec.rooms if r not in by_type.values())][:4]
    tiles = [into(room, house, inside) for room in chosen]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % 2)
    columns = [np.concatenate(pair, 0) for pair in list(pairwise(tiles))[::2]]
    return Image.fromarray(np.concatenate([above, *columns], 1))


def main() -> None:
    """Write one picture a house."""
    folder = Path(__file__).parent / "houses"
    folder.mkdir(exist_ok=True)
    for seed, rooms in HOUSES.items():
        picture(seed, rooms).save(folder / f"house_{seed}.jpg", quality=88)


if __name__ == "__main__":
    main()
