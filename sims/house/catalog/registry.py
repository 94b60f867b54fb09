"""Register of shape builders: one function a category, at least four variants each."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from importlib import import_module

import numpy as np

from engram.sims.house.categories import CATEGORIES, category
from engram.sims.house.geometry import Shape

VARIANTS = 4
_MODULES = (
    "food",
    "kitchenware",
    "tableware",
    "bath",
    "office",
    "decor",
    "tables",
    "seats",
    "kitchen",
    "bathroom",
    "devices",
)

Builder = Callable[[int, np.random.Generator], Shape]
_builders: dict[str, Builder] = {}


def shape(name: str) -> Callable[[Builder], Builder]:
    """Register a builder ``(variant, rng) -> Shape`` for a category.

    ``variant`` in [0, VARIANTS) chooses form and colours; ``rng`` is seeded by category and variant, for small
    proportions. The same variant always gives the same shape.
    """
    category(name)

    def register(builder: Builder) -> Builder:
        if name in _builders:
            raise ValueError(f"two builders for {name!r}")
        _builders[name] = builder
        return builder

    return register


@cache
def build(name: str, variant: int) -> Shape:
    """Return the shape of one variant of a category; raise ``UnknownCategoryError`` or ``ValueError``."""
    category(name)
    if not 0 <= variant < VARIANTS:
        raise ValueError(f"variant of {name} must be in [0, {VARIANTS}), not {variant}")
    for module in _MODULES:
        import_module(f"engram.sims.house.catalog.{module}")
    rng = np.random.default_rng([zlib.crc32(name.encode()), variant])
    return _builders[name](variant, rng)


def built_categories() -> frozenset[str]:
    """Return the categories that have a builder; all of them, once the catalogue is loaded."""
    build(next(iter(CATEGORIES)), 0)
    return frozenset(_builders)
