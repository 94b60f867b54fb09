"""Which seeds belong to which split, so that no house is both trained and tested on."""

from __future__ import annotations

import operator
from typing import Literal

Split = Literal["train", "validation", "test"]

SPLITS: dict[Split, range] = {
    "train": range(700_000),
    "validation": range(700_000, 800_000),
    "test": range(800_000, 900_000),
}


class SeedError(ValueError):
    """Raised for a seed outside every split."""


def check_seed(seed: int) -> int:
    """Return the seed as an ``int``; raise :class:`SeedError` unless it belongs to a split."""
    split_of(seed)
    return operator.index(seed)


def split_of(seed: int) -> Split:
    """Name the split that a seed belongs to; raise :class:`SeedError` when there is none."""
    ranges = ", ".join(f"{name} {r.start:,}-{r.stop - 1:,}" for name, r in SPLITS.items())
    try:
        value = operator.index(seed)
    except TypeError:
        raise SeedError(f"a seed is an integer, not {seed!r}; seeds are {ranges}") from None
    for name, members in SPLITS.items():
        if value in members and not isinstance(seed, bool):
            return name
    raise SeedError(f"seed {seed!r} belongs to no split; seeds are {ranges}")
