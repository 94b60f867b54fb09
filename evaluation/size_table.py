"""Builds the table of sizes of :mod:`engram.perception.sizes` from the catalogue of the embedded household.

Run ``python -m engram.evaluation.size_table`` after a change of the catalogue.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from engram.sims.house.catalog.registry import build, built_categories, variants


@dataclass(frozen=True)
class SizeOptions:
    """Options of the size table."""

    out: Path | None = None
    """File to write; the table of the package when not given."""


def main(options: SizeOptions) -> int:
    """Measure and write the table."""
    out = options.out or Path(str(files("engram.perception").joinpath("category_sizes.json")))
    out.write_text(json.dumps(measure(built_categories()), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


def measure(categories: Iterable[str]) -> dict[str, Any]:
    """Return the table: for each category, the diagonal of the largest variant's box, metres rounded up to a cm."""
    return {
        "version": 1,
        "source": "largest diagonal over the variants of the catalogue",
        "diagonal_m": {name: max(_diagonal_m(name, k) for k in range(variants(name))) for name in categories},
    }


def _diagonal_m(category: str, variant: int) -> float:
    low, high = build(category, variant).bounds()
    return float(np.ceil(100 * np.linalg.norm(high - low)) / 100)


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(SizeOptions, description=__doc__)))
