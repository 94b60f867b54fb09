"""What can be done with things of each kind, as data (``affordances.json``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from engram.planners.contract import CLEAN, COLD, FILLED, FLOOR, HOT, SLICED

PICKUPABLE, RECEPTACLE, OPENABLE, TOGGLEABLE = "pickupable", "receptacle", "openable", "toggleable"
FILLABLE, KNIFE = "fillable", "knife"
TAPS = frozenset({"Faucet", "ShowerHead"})


@dataclass(frozen=True)
class Kind:
    """What can be done with everything of one kind."""

    name: str
    traits: frozenset[str] = frozenset()
    pieces: str = ""  # kind of its slices; empty when it cannot be sliced
    makes: frozenset[str] = frozenset()  # states that it brings about in what is put in it
    only: frozenset[str] = frozenset()  # kinds that it has room for; empty: any

    def __contains__(self, trait: str) -> bool:
        """Whether it has a trait."""
        return trait in self.traits

    @property
    def shuts_to_run(self) -> bool:
        """Whether it must be closed while it is on."""
        return HOT in self.makes and OPENABLE in self.traits

    def takes(self, kind: str) -> bool:
        """Whether things of a kind can be put in or on it."""
        return RECEPTACLE in self.traits and (not self.only or kind in self.only)

    def can_be(self, state: str) -> bool:
        """Whether a thing of this kind can get into a state."""
        if state == FILLED:
            return FILLABLE in self.traits
        if state == SLICED:
            return bool(self.pieces) or self.name in slices()
        return state not in (CLEAN, HOT, COLD) or PICKUPABLE in self.traits


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, Kind]:
    """Every kind by name."""
    source = resources.files("engram.planners.symbolic").joinpath("affordances.json")
    rows = json.loads(source.read_text(encoding="utf-8"))["kinds"]
    table = {FLOOR: Kind(FLOOR, frozenset({RECEPTACLE}))}
    for name, row in rows.items():
        makes, only = frozenset(row.get("makes", ())), frozenset(row.get("only", ()))
        table[name] = Kind(name, frozenset(row["traits"]), row.get("pieces", ""), makes, only)
    return MappingProxyType(table)


@lru_cache(maxsize=1)
def slices() -> Mapping[str, str]:
    """Kinds of slices, and the kind that each is cut from."""
    return MappingProxyType({kind.pieces: kind.name for kind in kinds().values() if kind.pieces})


def kind_of(name: str) -> Kind:
    """Return a kind; of one that is not in the table it is believed that it can be carried, and no more."""
    return kinds().get(name) or Kind(name, frozenset({PICKUPABLE}))
