"""How large things of a category can be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources

UNBOUNDED_M = 6.0  # nothing is assumed of what the table does not have
_SPARE = 1.3  # lids open, towels unfold, and other houses have larger mugs
_LIKELY = 0.2  # labels less likely than this share of the likeliest do not count


def diagonal_m(label: str) -> float:
    """Return the largest diagonal of a category's box, with something to spare, or ``UNBOUNDED_M``."""
    return _SPARE * _table().get(label, UNBOUNDED_M / _SPARE)


def reach_m(beliefs: Mapping[str, float]) -> float:
    """Return how far apart two points of a thing can be, by what it may be: label -> probability."""
    likely = max(beliefs.values(), default=0.0)
    sizes = [diagonal_m(name) for name, p in beliefs.items() if p >= _LIKELY * likely]
    return max(sizes, default=UNBOUNDED_M)


@cache
def _table() -> dict[str, float]:
    path = resources.files("engram.perception").joinpath("category_sizes.json")
    table: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["diagonal_m"]
    return table
