"""All of the placement training: memory graph, networks, and how each way of placing does on validation houses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engram.evaluation.oracles import TruePlaces
from engram.evaluation.training.houses import Use, house_seeds
from engram.evaluation.training.placement import Course, PlacementTraining, course, fit, left_out, shape
from engram.evaluation.training.placement_houses import Look, TidyHouse, houses, memory_graph
from engram.evaluation.training.placement_scores import LEAVE, Case, Put, Row, put_all, rows, validation_cases
from engram.perception import minilm
from engram.perception.text import TextConfig, text_embedder
from engram.planners.associative.baselines import CommonMemory, RandomReceptacle
from engram.planners.associative.graph import MemoryGraph
from engram.planners.associative.model import AssociativeNet, save
from engram.planners.associative.scorer import AssociativePrior, encoded
from engram.planners.associative.tensors import Names
from engram.planners.placement import PlacementPrior

FIRST = {"memory": 0, "train": 30_000, "validation": 60_000}  # number of the first house, in its use
SHIPPED = ("full", "no_memory")
Say = Callable[[str], None]
Asked = Sequence[tuple[Look, Sequence[Case]]]


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished run."""

    nets: dict[str, AssociativeNet]
    graph: MemoryGraph
    rows: list[Row]  # the first is the full network
    held_out: list[str]  # categories that some networks never heard of
    held_rows: dict[str, list[Row]]  # by what embedded the names, on things of those categories
    counts: dict[str, int]


def train_placement(
    config: PlacementTraining, out: Path, folder: Path, device: str = "cpu", say: Say = lambda text: None
) -> Trained:
    """Make the houses, build the memory, train the networks and score; weights and memory graph go to ``out``.

    Args:
        config: what decides the run.
        out: directory of weights, memory graph and checkpoints, from which a run that was stopped goes on.
        folder: directory of the houses.
        device: ``"cpu"`` or ``"cuda"``.
        say: told what is being done.

    """
    out.mkdir(parents=True, exist_ok=True)
    c, prior = config, PlacementPrior.load()
    graph = memory_graph(_houses("memory", c.memory_houses, folder, say))
    taught, scored = _houses("train", c.houses, folder, say), _houses("validation", c.score_houses, folder, say)
    (out / "memory_graph.json").write_text(graph.to_json(), encoding="utf-8")
    names = Names(text_embedder(TextConfig(model=c.text)))
    lessons = course(taught, graph, prior, names)

    def trained(name: str, what: Course, own: PlacementTraining, **parts: bool) -> AssociativeNet:
        def told(epoch: int, loss: float) -> None:
            say(f"{name}: epoch {epoch} of {own.epochs}, loss {loss:.3f}")

        net_shape = shape(own, what.names, prior.room_types, **parts)
        return fit(own, net_shape, what, out / f"{name}.checkpoint.safetensors", told, device)

    nets = {
        "full": trained("full", lessons, c),
        "no_memory": trained("no_memory", lessons, c, memory=False),
        "no_scene": trained("no_scene", lessons, c, scene=False),
    }
    about = {"embedder": names.embedder.name, "text_model": c.text, "holders": list(lessons.holders), "seed": c.seed}
    about["taught"] = sorted(lessons.taught)
    shipped = {name: nets[name] for name in SHIPPED}
    save(out / "placement.safetensors", shipped, {**about, "memory_graph": graph.digest})
    asked = validation_cases(scored, prior, c.seed)
    placed = _placed(nets, lessons, asked)
    say(f"placed {len(placed['network'])} things by {len(placed)} priors")
    hidden = left_out(graph, c.held_out, c.seed)
    held_rows = {}
    for text in dict.fromkeys((c.text, *(("minilm",) if minilm.available() else ()))):
        own = replace(c, text=text, epochs=c.held_out_epochs)
        what = course(taught, graph, prior, Names(text_embedder(TextConfig(model=text))), hidden)
        net = trained(f"held_out_{text}", what, own)
        held_rows[text] = rows(_unheard(net, what, graph, asked, placed), only=hidden)
    counts = {
        "memory_nodes": len(graph.nodes),
        "memory_edges": len(graph.edges),
        "taught": sum(len(h.kept) for h in taught),
        "scored": len(placed["network"]),
    }
    return Trained(nets, graph, rows(placed), hidden, held_rows, counts)


def _houses(use: Use, count: int, folder: Path, say: Say) -> list[TidyHouse]:
    found = []
    for house in houses(house_seeds(use, count, FIRST[use]), use, folder):
        found.append(house)
        if len(found) % 20 == 0 or len(found) == count:
            say(f"{use}: {len(found)} of {count} houses")
    return found


def _placed(nets: dict[str, AssociativeNet], lessons: Course, asked: Asked) -> dict[str, list[Put]]:
    """Return what every way of placing does, the full network first."""
    prior = lessons.prior

    def network(name: str) -> AssociativePrior:
        return _prior(nets[name], lessons, lessons.graph)

    def put(placer: PlacementPrior | None) -> list[Put]:
        return put_all(asked, placer, prior)

    full, without, sceneless = network("full"), network("no_memory"), network("no_scene")
    return {
        "network": put_all(asked, full, prior, full.see),
        "designer's table": put(TruePlaces(prior)),
        "counts": put(prior),
        "network, told of receptacles only": put(network("full")),
        "network without scene": put_all(asked, sceneless, prior, sceneless.see),
        "network without memory": put_all(asked, without, prior, without.see),
        "CommonMemory": put(CommonMemory(prior, lessons.graph)),
        "random receptacle": put(RandomReceptacle(prior)),
        LEAVE: put(None),
    }


def _unheard(
    net: AssociativeNet, what: Course, graph: MemoryGraph, asked: Asked, placed: dict[str, list[Put]]
) -> dict[str, list[Put]]:
    """Return what a network does with categories that it was not taught, beside what others do."""
    prior = what.prior
    by_name, shown = _prior(net, what, what.graph), _prior(net, what, graph)
    taught = {k: v for k, v in prior.counts.items() if k not in what.without}
    counts = PlacementPrior({"version": 1, "counts": taught, "rooms": prior.fixtures}, config=prior.config)
    return {
        "by name alone": put_all(asked, by_name, prior, by_name.see),
        "shown in the memory": put_all(asked, shown, prior, shown.see),
        "CommonMemory, shown": placed["CommonMemory"],
        "taught and shown": placed["network"],
        "designer's table": placed["designer's table"],
        "counts of other categories (nearest)": put_all(asked, counts, prior),
        "random receptacle": placed["random receptacle"],
        LEAVE: placed[LEAVE],
    }


def _prior(net: AssociativeNet, what: Course, graph: MemoryGraph) -> AssociativePrior:
    memory = encoded(net, graph, what.names) if net.config.memory else None
    return AssociativePrior(what.prior, net, what.names, what.holders, memory, what.taught)
