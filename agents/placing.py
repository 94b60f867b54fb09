"""Who says where things belong: the counts, a learned network, or what these are measured against."""

from __future__ import annotations

from typing import Literal

from engram.agents.relate import LearnedPartError
from engram.planners.placement import PlacementPrior

Placing = Literal["table", "net", "no_memory", "common", "random"]
_NETS = {"net": "full", "no_memory": "no_memory"}


def placing_of(method: Placing, prior: PlacementPrior) -> PlacementPrior:
    """Return what ranks receptacles; torch is loaded only where a network does.

    Args:
        method: ``table`` is the prior itself, ``net`` the network with its memory graph, ``no_memory`` one without,
            ``common`` goes by what the memory graph has most often, and ``random`` draws.
        prior: names, and what furniture says of rooms.

    Raises:
        LearnedPartError: torch is not installed.
        WeightsError, MemoryGraphError, TextModelError: the network cannot be used.

    """
    if method == "table":
        return prior
    if method in _NETS:
        try:
            from engram.planners.associative.scorer import load_prior
        except ModuleNotFoundError as error:
            raise LearnedPartError(f"placing={method} needs {error.name}; run: pip install 'engram[learn]'") from error
        return load_prior(prior, _NETS[method])
    from engram.planners.associative.baselines import CommonMemory, RandomReceptacle
    from engram.planners.associative.graph import MemoryGraph

    return CommonMemory(prior, MemoryGraph.load()) if method == "common" else RandomReceptacle(prior)
