"""Register of shape builders: one function a category, at least four variants each."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from importlib import import_module

import numpy as np

from engram.sims.house.categories import category
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
    "sinks",
    "appliances",
    "bathroom",
    "devices",
)

Builder = Callable[[int, np.random.Generator], Shape]
_builders: dict[str, tuple[Builder, int]] = {}


def shape(name: str, variants: int = VARIANTS) -> Callable[[Builder], Builder]:
    """Register a builder ``(variant, rng) -> Shape`` for a category.

    ``variant`` in [0, variants) chooses form and colours; ``rng`` is seeded by category and variant, for small
    proportions. The same variant always gives the same shape.
    """
    category(name)
    if variants < VARIANTS:
        raise ValueError(f"{name} needs at least {VARIANTS} variants, not {variants}")

    def register(builder: Builder) -> Builder:
        if name in _builders:
            raise ValueError(f"two builders for {name!r}")
        _builders[name] = (builder, variants)
        return builder

    return register


@cache
def build(name: str, variant: int) -> Shape:
    """Return the shape of one variant of a category; raise ``UnknownCategoryError`` or ``ValueError``."""
    builder, count = _registered(name)
    if not 0 <= variant < count:
        raise ValueError(f"variant of {name} must be in [0, {count}), not {variant}")
    return builder(variant, np.random.default_rng([zlib.crc32(name.encode()), variant]))


def variants(name: str) -> int:
    """Return how many variants a category has."""
    return _registered(name)[1]


def built_categories() -> frozenset[str]:
    """Return the categories that have a builder; all of them, once the catalogue is loaded."""
    _load()
    return frozenset(_builders)


def _registered(name: str) -> tuple[Builder, int]:
    category(name)
    _load()
    return _builders[name]


@cache
def _load() -> None:
    for module in _MODULES:
        import_module(f"engram.sims.house.catalog.{module}")
