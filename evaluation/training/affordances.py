"""Write what can be done with things of each kind: ``python -m engram.evaluation.training.affordances``.

Kinds come from the household's categories; which appliance does what to a thing in it, from its rules of states. The
planners read the file that this makes, and never the household itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from engram.planners.contract import CLEAN, COLD, FILLED, HOT
from engram.sims.house.categories import CATEGORIES, Category
from engram.sims.house.states import KNIVES

PATH = Path(__file__).resolve().parents[2] / "planners" / "symbolic" / "affordances.json"
_TRAITS = ("pickupable", "receptacle", "openable", "toggleable", "dirtyable", "fillable")
# What an appliance makes of what is in it, or of what is in its basin, while it runs or is closed.
MAKES = {
    "Bathtub": (CLEAN, FILLED),
    "BathtubBasin": (CLEAN, FILLED),
    "CoffeeMachine": (FILLED, HOT),
    "Faucet": (CLEAN, FILLED),
    "Fridge": (COLD,),
    "Microwave": (HOT,),
    "ShowerHead": (CLEAN, FILLED),
    "Sink": (CLEAN, FILLED),
    "SinkBasin": (CLEAN, FILLED),
    "StoveBurner": (HOT,),
    "Toaster": (HOT,),
}
# What has room for some kinds only.
ONLY = {
    "CoffeeMachine": ("Cup", "Mug"),
    "HandTowelHolder": ("HandTowel",),
    "StoveBurner": ("Kettle", "Pan", "Pot"),
    "Toaster": ("BreadSliced",),
    "ToiletPaperHanger": ("ToiletPaper",),
    "TowelHolder": ("Towel",),
}


@dataclass(frozen=True)
class Options:
    """What to write."""

    out: Path = PATH
    """File of the table."""


def table() -> dict[str, Any]:
    """What can be done with each kind, as the file has it."""
    return {"version": 1, "kinds": {name: _row(category) for name, category in sorted(CATEGORIES.items())}}


def text() -> str:
    """Return the file's text: one kind a line."""
    rows = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in table()["kinds"].items()]
    return '{\n "version": 1,\n "kinds": {\n' + ",\n".join(rows) + "\n }\n}\n"


def _row(category: Category) -> dict[str, Any]:
    traits = [trait for trait in _TRAITS if getattr(category, trait)]
    row: dict[str, Any] = {"traits": [*traits, *(["knife"] if category.name in KNIVES else [])]}
    if category.sliced:
        row["pieces"] = category.sliced
    if category.name in MAKES:
        row["makes"] = MAKES[category.name]
    if category.name in ONLY:
        row["only"] = ONLY[category.name]
    return row


def main() -> None:
    """Write the table."""
    options = tyro.cli(Options, description=__doc__)
    options.out.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
