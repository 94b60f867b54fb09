"""Names and places of a fixture's components: a counter and each of its drawers, a sink and its tap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engram.sims.house.geometry import Shape, Vec3, yaw_matrix


@dataclass(frozen=True, eq=False)
class Component:
    """A shape set down in the house frame; ``id`` is ``Fixture_1`` or ``Fixture_1/Child_2``."""

    id: str
    shape: Shape
    pos: Vec3
    yaw: float


def walk(root_id: str, shape: Shape, pos: Vec3, yaw: float) -> Iterator[Component]:
    """Yield a fixture's component and those of its children, depth first; children count from 1 by category."""
    yield Component(root_id, shape, pos, yaw)
    seen: Counter[str] = Counter()
    turn = yaw_matrix(yaw)
    for child in shape.children:
        seen[child.shape.category] += 1
        x, y, z = np.asarray(pos) + turn @ np.asarray(child.pos)
        name = f"{root_id}/{child.shape.category}_{seen[child.shape.category]}"
        yield from walk(name, child.shape, (float(x), float(y), float(z)), yaw + child.yaw)
