"""Compiled fusion of a depth image into blocks of signed distances."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engram.memory.mapping.frame import RgbdFrame
from engram.memory.spatial.blocks import CELLS, Floats, Slots, find
from engram.memory.spatial.morton import OFFSET, Keys, gather, interleave

Depth = NDArray[np.float32]
Shorts = NDArray[np.uint16]
WHOLE = 16  # weight of a reading of a surface that faces the camera
_LEAST = 1
_FLAT = 0.05  # share of the inverse depth by which that of a flat surface may be off


class View(NamedTuple):
    """A camera in compiled code."""

    axes: NDArray[np.float64]  # (3, 3) map_R_camera
    position: NDArray[np.float64]  # (3,)
    focal: tuple[float, float]
    centre: tuple[float, float]
    tangents: tuple[float, float]  # of the widest half angles across and down
    limits_m: tuple[float, float]  # nearest and farthest depth


def view_of(
    frame: RgbdFrame, near_m: float, far_m: float
) -> tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    tuple[float, float],
    tuple[float, float],
    tuple[float, float],
    tuple[float, float],
]:
    """Return the fields of a ``View``."""
    fx, fy, cx, cy = (float(v) for v in frame.camera[:4])
    h, w = frame.depth.shape
    return (
        np.ascontiguousarray(frame.map_T_camera[:3, :3]),
        np.ascontiguousarray(frame.map_T_camera[:3, 3]),
        (fx, fy),
        (cx, cy),
        (max(cx, w - cx) / fx, max(cy, h - cy) / fy),
        (near_m, far_m),
    )


@njit(cache=True, nogil=True)
def new_blocks(table: Slots, depth: Depth, view: View, voxel_m: float, truncation_m: float, stride: int) -> Keys:
    """Return keys of missing blocks within the truncation of a reading, on every ``stride``-th pixel; some repeat.

    Blocks are wanted a voxel beside each ray too, so that the surface has no seams at their borders.
    """
    steps = math.ceil(2 * truncation_m / (4 * voxel_m)) + 1
    rows, cols = (depth.shape[0] + stride - 1) // stride, (depth.shape[1] + stride - 1) // stride
    found = np.empty(rows * cols * steps * 8, np.int64)
    n = 0
    edge, half = 8 * voxel_m, OFFSET >> 3
    a = view.axes
    for i in range(0, depth.shape[0], stride):
        for j in range(0, depth.shape[1], stride):
            d = depth[i, j]
            if not view.limits_m[0] <= d <= view.limits_m[1]:
                continue
            across, down = (j + 0.5 - view.centre[0]) / view.focal[0], (i + 0.5 - view.centre[1]) / view.focal[1]
            length = math.sqrt(1.0 + across * across + down * down)
            for k in range(steps):
                z = d + (2.0 * k / (steps - 1) - 1.0) * truncation_m / length
                x, y = across * z, down * z
                px = a[0, 0] * x + a[0, 1] * y + a[0, 2] * z + view.position[0]
                py = a[1, 0] * x + a[1, 1] * y + a[1, 2] * z + view.position[1]
                pz = a[2, 0] * x + a[2, 1] * y + a[2, 2] * z + view.position[2]
                for bx in range(math.floor((px - voxel_m) / edge), math.floor((px + voxel_m) / edge) + 1):
                    for by in range(math.floor((py - voxel_m) / edge), math.floor((py + voxel_m) / edge) + 1):
                        for bz in range(math.floor((pz - voxel_m) / edge), math.floor((pz + voxel_m) / edge) + 1):
                            key = interleave(bx + half, by + half, bz + half)
                            if find(table, key) < 0:
                                found[n] = key
                                n += 1
    return found[:n]


@njit(cache=True, nogil=True)
def slant(depth: Depth, view: View) -> Depth:
    """Return, (H, W, 2), the cosine between ray and normal at each pixel, and how much a reading there tells.

    The inverse depth of a plane is linear in the image, and its gradient tells the normal. Where it is not linear, at
    edges, the surface is taken to face the camera, and tells little.
    """
    told = np.empty((*depth.shape, 2), np.float32)
    h, w = depth.shape
    fx, fy = view.focal
    for i in range(h):
        for j in range(w):
            told[i, j, 0], told[i, j, 1] = 1, _LEAST
            if not (1 < i < h - 2 and 1 < j < w - 2) or depth[i, j] <= 0:
                continue
            left, right, up, low = depth[i, j - 2], depth[i, j + 2], depth[i - 2, j], depth[i + 2, j]
            if min(left, right, up, low) <= 0:
                continue
            here = 1.0 / depth[i, j]
            left, right, up, low = 1.0 / left, 1.0 / right, 1.0 / up, 1.0 / low
            if abs(left + right - 2 * here) + abs(up + low - 2 * here) > _FLAT * here:
                continue
            across, down = (j + 0.5 - view.centre[0]) / fx, (i + 0.5 - view.centre[1]) / fy
            gx, gy = (right - left) * fx / 4, (low - up) * fy / 4
            gz = here - gx * across - gy * down
            normal, ray = gx * gx + gy * gy + gz * gz, 1.0 + across * across + down * down
            cosine = here / math.sqrt(normal * ray)
            told[i, j, 0], told[i, j, 1] = cosine, max(_LEAST, round(WHOLE * cosine * cosine))
    return told


@njit(cache=True, nogil=True)
def blocks_in_view(keys: Keys, view: View, voxel_m: float) -> Slots:
    """Return the slots of the blocks that reach into the field of view."""
    found = np.empty(len(keys), np.int64)
    n = 0
    half, radius = 4 * voxel_m, 4 * voxel_m * math.sqrt(3.0)
    tx, ty = view.tangents
    rx, ry = radius * math.sqrt(1 + tx * tx), radius * math.sqrt(1 + ty * ty)
    a = view.axes
    for slot in range(len(keys)):
        dx = ((gather(keys[slot]) << 3) - OFFSET) * voxel_m + half - view.position[0]
        dy = ((gather(keys[slot] >> 1) << 3) - OFFSET) * voxel_m + half - view.position[1]
        dz = ((gather(keys[slot] >> 2) << 3) - OFFSET) * voxel_m + half - view.position[2]
        z = a[0, 2] * dx + a[1, 2] * dy + a[2, 2] * dz
        if z < view.limits_m[0] - radius or z > view.limits_m[1] + radius:
            continue
        x = a[0, 0] * dx + a[1, 0] * dy + a[2, 0] * dz
        y = a[0, 1] * dx + a[1, 1] * dy + a[2, 1] * dz
        if abs(x) <= z * tx + rx and abs(y) <= z * ty + ry:
            found[n] = slot
            n += 1
    return found[:n]


@njit(cache=True, nogil=True)
def fuse(
    store: tuple[Keys, Floats, Shorts, Shorts],
    slots: Slots,
    image: tuple[Depth, Depth, NDArray[np.uint8]],  # depth, slant, colours
    view: View,
    limits: tuple[float, float, int],
) -> int:
    """Average a frame into blocks; return how many changed."""
    keys, values, weights, colours = store
    voxel_m = limits[0]
    a = view.axes
    step = np.empty((CELLS, 3), np.float32)  # from the first voxel of a block to each other one, camera frame
    for cell in range(CELLS):
        x, y, z = gather(cell) * voxel_m, gather(cell >> 1) * voxel_m, gather(cell >> 2) * voxel_m
        for k in range(3):
            step[cell, k] = a[0, k] * x + a[1, k] * y + a[2, k] * z
    changed = 0
    for slot in slots:
        key = keys[slot]
        dx = ((gather(key) << 3) - OFFSET + 0.5) * voxel_m - view.position[0]
        dy = ((gather(key >> 1) << 3) - OFFSET + 0.5) * voxel_m - view.position[1]
        dz = ((gather(key >> 2) << 3) - OFFSET + 0.5) * voxel_m - view.position[2]
        x = np.float32(a[0, 0] * dx + a[1, 0] * dy + a[2, 0] * dz)
        y = np.float32(a[0, 1] * dx + a[1, 1] * dy + a[2, 1] * dz)
        z = np.float32(a[0, 2] * dx + a[1, 2] * dy + a[2, 2] * dz)
        block = (values[slot], weights[slot], colours[slot])
        changed += _fuse_block(block, step, (x, y, z), image, view, limits)
    return changed


@njit(cache=True, nogil=True)
def _fuse_block(
    block: tuple[Floats, Shorts, Shorts],
    step: Floats,
    first: tuple[np.float32, np.float32, np.float32],
    image: tuple[Depth, Depth, NDArray[np.uint8]],  # depth, slant, colours
    view: View,
    limits: tuple[float, float, int],
) -> bool:
    values, weights, colours = block
    depth, told, rgb = image
    _, truncation, heaviest = limits
    cut = np.float32(truncation)
    fx, fy = np.float32(view.focal[0]), np.float32(view.focal[1])
    cx, cy = np.float32(view.centre[0]), np.float32(view.centre[1])
    near, far = np.float32(view.limits_m[0]), np.float32(view.limits_m[1])
    one = np.float32(1)
    touched = False
    for cell in range(CELLS):
        z = first[2] + step[cell, 2]
        if z < near:
            continue
        across, down = (first[0] + step[cell, 0]) / z, (first[1] + step[cell, 1]) / z
        u, v = fx * across + cx, fy * down + cy
        if u < 0 or v < 0 or u >= depth.shape[1] or v >= depth.shape[0]:
            continue
        row, col = int(v), int(u)
        d = depth[row, col]
        if d < near or d > far:
            continue
        behind = (z - d) * np.sqrt(one + across * across + down * down)
        if not behind < cut:
            continue
        if told[row, col, 1] <= _LEAST and behind > -cut:
            continue  # an edge, or a grazing view: all it tells is what lies well before it is free
        signed = min(-behind * told[row, col, 0], cut)
        weight = told[row, col, 1]
        share = weight / (weight + np.float32(weights[cell]))
        old = values[cell] if weights[cell] > 0 else np.float32(0)
        values[cell] = old + (signed - old) * share
        weights[cell] = min(weights[cell] + int(weight), heaviest)
        touched = True
        if signed < cut:
            for k in range(3):  # eight bits before the point, eight behind
                tint = np.float32(colours[cell, k])
                colours[cell, k] = np.uint16(
                    tint + (np.float32(rgb[row, col, k]) * 256 - tint) * share + np.float32(0.5)
                )
    return touched
