"""Where things belong, recalled from tidy houses: a memory graph, and a network that reads it with the scene at hand.

The memory graph is a file that anyone can read and change. The network is asked where a thing goes, given what stands
in the house and what the memory holds of such things; it is the associative memory of TIDEE (Sarch et al., ECCV 2022)
with text for classes, so that things nobody has seen are placed by what they are called.
"""

from __future__ import annotations

from typing import Literal

from engram.planners.placement import AnyReceptacle, PlacementPrior

Placing = Literal["table", "net", "no_memory", "common", "random"]


class PlacingError(Exception):
    """Raised where what a way of placing needs is not installed; the message says what to type."""


def placing_prior(kind: Placing, prior: PlacementPrior) -> PlacementPrior:
    """Return what ranks receptacles; everything else is as in ``prior``.

    Args:
        kind: the counts of ``prior`` (``table``), the network with its memory (``net``) or without (``no_memory``), the
            commonest receptacle of the memory (``common``), or any receptacle (``random``).
        prior: names and counts.

    Raises:
        PlacingError: torch is not installed, and a network was asked for.
        MemoryGraphError, WeightsError: the files that come with the package cannot be used.

    """
    from engram.planners.associative.baselines import CommonMemory, RandomReceptacle
    from engram.planners.associative.graph import MemoryGraph

    if kind == "table":
        return prior
    if kind == "common":
        return CommonMemory(prior, MemoryGraph.load())
    if kind == "random":
        return RandomReceptacle(AnyReceptacle(prior))
    try:
        from engram.planners.associative.scorer import load_prior
    except ModuleNotFoundError as error:
        raise PlacingError(f"placing={kind} needs {error.name}; run: pip install 'engram[learn]'") from error
    return load_prior(prior, "full" if kind == "net" else "no_memory")
