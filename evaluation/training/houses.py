"""Which houses a trainer may use. Every trainer takes its seeds from here, so that no test house is ever learned from.

Training seeds are cut in two: ``train`` houses give examples, ``memory`` houses are the ones that a memory graph is
built from, so that a network never learns to place things with the very house its memory holds.
"""

from __future__ import annotations

from typing import Literal

from engram.sims.seeds import SPLITS, SeedError, check_seed

Use = Literal["train", "memory", "validation"]

USES: dict[Use, range] = {
    "train": range(SPLITS["train"].start, 600_000),
    "memory": range(600_000, SPLITS["train"].stop),
    "validation": SPLITS["validation"],
}


def check_use(seed: int, use: Use) -> int:
    """Return the seed as an ``int``.

    Raises:
        SeedError: the seed belongs to no split, or to one that may not be used so; the message says which may.

    """
    value = check_seed(seed)
    if value not in USES[use]:
        allowed = USES[use]
        raise SeedError(f"seed {value:,} may not be used for {use}: that is {allowed.start:,}-{allowed.stop - 1:,}")
    return value


def house_seeds(use: Use, count: int, first: int = 0) -> list[int]:
    """Seeds of ``count`` houses, from the ``first``-th of that use on; raise :class:`SeedError` beyond its end."""
    if count < 0 or first < 0:
        raise ValueError(f"count and first must not be negative, not {count} and {first}")
    start = USES[use].start + first
    return [check_use(seed, use) for seed in range(start, start + count)]
