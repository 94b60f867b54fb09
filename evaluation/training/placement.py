"""Training of the associative memory for placement: what is taught, by what loss, and which networks are made.

Training houses teach, memory houses are remembered, validation houses score: no network ever places things with the
house that its memory holds. Labels are where tidy houses keep things.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engram.evaluation.training.checkpoint import load_checkpoint, save_checkpoint
from engram.evaluation.training.optimiser import cosine, descend, set_rate
from engram.evaluation.training.placement_houses import Kept, Look, TidyHouse, holder_label, look
from engram.planners.associative.graph import MemoryGraph, SceneNode
from engram.planners.associative.model import AssociativeNet, MemoryTensors, NetConfig, Query
from engram.planners.associative.tensors import Names, holders_of, memory_tensors, node_tensors, places_of
from engram.planners.placement import PlacementPrior

ALIKE = {"hashed": 0.15, "minilm": 0.4}  # cosine from which on names are alike; MiniLM finds any two words alike


@dataclass(frozen=True)
class PlacementTraining:
    """What decides a run."""

    houses: int = 320
    memory_houses: int = 32
    score_houses: int = 80
    held_out: int = 16  # categories that one network never hears of
    epochs: int = 16
    held_out_epochs: int = 8  # ... of the networks that some categories are kept from
    batch: int = 8  # houses
    targets: int = 16  # things of a house
    recalled: int = 8  # memory houses that a step draws
    rate: float = 3e-3
    weight_decay: float = 0.02
    clip: float = 1.0
    unnamed: float = 0.2  # share of targets whose name the network does not hear: it must recall
    forgotten: float = 0.25  # share of targets whose own label is struck from the memory: it must infer
    bare: float = 0.3  # share of scenes of which only receptacles are known, and not where they stand
    text: str = "hashed"
    width: int = 64
    seed: int = 0


QUICK = PlacementTraining(houses=60, memory_houses=12, score_houses=20, epochs=12)
FULL = PlacementTraining()


@dataclass(frozen=True, eq=False)
class Course:
    """What a network learns from."""

    houses: Sequence[TidyHouse]
    graph: MemoryGraph
    prior: PlacementPrior
    names: Names
    holders: Sequence[str]
    room_types: Sequence[str]
    without: Collection[str] = ()  # categories that are not taught

    @property
    def taught(self) -> set[str]:
        """Categories that are taught."""
        return {k.label for house in self.houses for k in house.kept} - set(self.without)


@dataclass(frozen=True, eq=False)
class Lesson:
    """One batch: questions and their answers."""

    query: Query
    asked: Tensor  # (B, T) bool, which targets there are
    candidates: Tensor  # (B, Q) bool, which places stand in the scene
    right: Tensor  # (B, T, Q) bool, candidates of the kind where a tidy household keeps the target
    answer: Tensor  # (B, T) int64 place in general
    general: int  # number of places in general; they come last

    def to(self, device: str) -> Lesson:
        """Return it on a device."""
        query = Query._make(None if t is None else t.to(device) for t in self.query)
        asked, candidates, right = (t.to(device) for t in (self.asked, self.candidates, self.right))
        return Lesson(query, asked, candidates, right, self.answer.to(device), self.general)


def course(
    houses: Sequence[TidyHouse], graph: MemoryGraph, prior: PlacementPrior, names: Names, without: Collection[str] = ()
) -> Course:
    """Put together what a network learns from; categories that it must not hear of are also struck from the memory."""
    graph = graph.only(without=without)
    return Course(houses, graph, prior, names, holders_of(graph), prior.room_types, without)


def shape(config: PlacementTraining, names: Names, room_types: Sequence[str], **parts: bool) -> NetConfig:
    """Return the shape of a network; ``parts`` are ``memory`` and ``scene``, which it has unless told otherwise."""
    return NetConfig(tuple(room_types), names.embedder.dims, width=config.width, alike=ALIKE[config.text], **parts)


def lessons(config: PlacementTraining, taught: Course, epoch: int) -> Iterator[Lesson]:
    """Yield the batches of an epoch; each time the robot has looked around anew."""
    rng = np.random.default_rng([config.seed, epoch])
    order = rng.permutation(len(taught.houses))
    for start in range(0, len(order), config.batch):
        yield _lesson(config, taught, [taught.houses[k] for k in order[start : start + config.batch]], rng)


def lesson_loss(scores: Tensor, lesson: Lesson) -> Tensor:
    """Mean surprise, in nats, at where a thing is kept in general, and at which of the candidates it is kept on.

    Args:
        scores: (B, T, Q) of the network.
        lesson: what was asked.

    """
    scores = scores.float()
    general = scores[..., scores.shape[-1] - lesson.general :]
    in_general = -torch.log_softmax(general, dim=-1).gather(-1, lesson.answer[..., None]).squeeze(-1)
    among = torch.logsumexp(scores.masked_fill(~lesson.candidates[:, None], -1e4), dim=-1)
    right = torch.logsumexp(scores.masked_fill(~lesson.right, -1e4), dim=-1)
    there = lesson.asked & lesson.right.any(-1)
    here = ((among - right) * there).sum() / there.sum().clamp(min=1)
    return (in_general * lesson.asked).sum() / lesson.asked.sum().clamp(min=1) + here


def fit(
    config: PlacementTraining,
    net_shape: NetConfig,
    taught: Course,
    checkpoint: Path | None = None,
    progress: Callable[[int, float], None] = lambda epoch, loss: None,
    device: str = "cpu",
) -> AssociativeNet:
    """Train a network; with ``checkpoint`` it goes on where a run that was stopped left off.

    Args:
        config: how.
        net_shape: shape of the network.
        taught: what it learns from.
        checkpoint: file that is written after each epoch, and read first when it is there.
        progress: told each epoch and its mean loss.
        device: ``"cpu"`` or ``"cuda"``, where it is compiled and computes in bfloat16.

    Raises:
        ValueError: there are no houses, or the checkpoint is of another network.

    """
    if not taught.houses:
        raise ValueError("there is nothing to learn from: no houses")
    torch.manual_seed(config.seed)
    net = AssociativeNet(net_shape).to(device)
    forward: Callable[..., Tensor] = torch.compile(net, dynamic=True) if device == "cuda" else net
    optimiser = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=config.weight_decay)
    begun = load_checkpoint(checkpoint, net, [optimiser], {}) if checkpoint and checkpoint.exists() else 0
    for epoch in range(begun, config.epochs):
        torch.manual_seed(config.seed * 10_007 + epoch)
        set_rate(optimiser, cosine(config.rate, epoch / config.epochs))
        net.train()
        losses = []
        for number, lesson in enumerate(lessons(config, taught, epoch)):
            moved = lesson.to(device)
            with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
                memory = None
                if net_shape.memory:
                    drawn = _recalled(config, taught, [config.seed, epoch, number])
                    tensors = memory_tensors(drawn, taught.names, taught.room_types)
                    memory = net.encode(MemoryTensors._make(None if t is None else t.to(device) for t in tensors))
                loss = lesson_loss(forward(memory, moved.query), moved)
            losses.append(descend(net, optimiser, loss, config.clip))
        if checkpoint is not None:
            save_checkpoint(checkpoint, net, [optimiser], {}, epoch + 1)
        progress(epoch + 1, float(np.mean(losses)))
    return net.cpu().eval()


def quick_or_full(preset: str, seed: int, text: str) -> PlacementTraining:
    """Return a configuration by name, with a seed and an embedder of its own."""
    return replace(QUICK if preset == "quick" else FULL, seed=seed, text=text)


def left_out(graph: MemoryGraph, count: int, seed: int) -> list[str]:
    """Draw categories to be left out, among those that the memory has at least twice."""
    kept = [label for label, holders in sorted(graph.support_counts().items()) if holders.total() > 1]
    chosen = np.random.default_rng([seed, 77]).permutation(len(kept))[:count]
    return sorted(kept[k] for k in chosen)


def _lesson(config: PlacementTraining, taught: Course, houses: Sequence[TidyHouse], rng: np.random.Generator) -> Lesson:
    looks = [look(house, taught.prior, rng) for house in houses]
    drawn = [_drawn(config, taught, house, rng) for house in houses]
    bare = [rng.random() < config.bare for _ in houses]
    receptacles = [[k for k, n in enumerate(v.nodes) if taught.prior.is_receptacle(n.label)] for v in looks]
    scenes = [_scene(v, own, b) for v, own, b in zip(looks, receptacles, bare, strict=True)]
    standing = [
        [_bare(v.nodes[k]) if b else v.nodes[k] for k in own]
        for v, own, b in zip(looks, receptacles, bare, strict=True)
    ]
    node_text, node_rooms, node_centres, node_mask = node_tensors(scenes, taught.names, taught.room_types)
    place_text, place_rooms, place_centres, candidates = node_tensors(standing, taught.names, taught.room_types)
    general = places_of(taught.holders, taught.room_types)
    everywhere = node_tensors([general], taught.names, taught.room_types)
    text, rooms, centres = (t.expand(len(houses), -1, -1) for t in everywhere[:3])
    asked = torch.zeros(len(houses), config.targets, dtype=torch.bool)
    answer = torch.zeros(len(houses), config.targets, dtype=torch.int64)
    right = torch.zeros(len(houses), config.targets, candidates.shape[1] + len(general), dtype=torch.bool)
    names = torch.zeros(len(houses), config.targets, taught.names.embedder.dims)
    number = {(p.label, room): k for k, p in enumerate(general) for room in p.rooms}
    for b, (house, things, own, view) in enumerate(zip(houses, drawn, receptacles, looks, strict=True)):
        for t, thing in enumerate(things):
            place = holder_label(thing.holder), house.room_type(thing.room)
            asked[b, t], answer[b, t] = True, number[place]
            right[b, t, : len(own)] = torch.tensor([view.truth[k] == place for k in own], dtype=torch.bool)
        if things:
            names[b, : len(things)] = torch.from_numpy(taught.names([t.label for t in things]))
    chance = torch.from_numpy(rng.random(asked.shape))
    unnamed = chance < config.unnamed
    query = Query(
        names, node_text, node_rooms, node_centres, node_mask,
        torch.cat([place_text, text], 1), torch.cat([place_rooms, rooms], 1), torch.cat([place_centres, centres], 1),
        unnamed, ~unnamed & (chance < config.unnamed + config.forgotten),
    )  # fmt: skip
    in_general = torch.zeros(len(houses), len(general), dtype=torch.bool)
    return Lesson(query, asked, torch.cat([candidates, in_general], 1), right, answer, len(general))


def _drawn(config: PlacementTraining, taught: Course, house: TidyHouse, rng: np.random.Generator) -> list[Kept]:
    known = set(taught.holders)
    things = [k for k in house.kept if k.label not in taught.without and holder_label(k.holder) in known]
    return [things[k] for k in rng.permutation(len(things))[: config.targets]]


def _scene(view: Look, receptacles: Sequence[int], bare: bool) -> list[SceneNode]:
    return [_bare(view.nodes[k]) for k in receptacles] if bare else list(view.nodes)


def _bare(node: SceneNode) -> SceneNode:
    return SceneNode(node.label, node.rooms)


def _recalled(config: PlacementTraining, taught: Course, seed: Sequence[int]) -> MemoryGraph:
    houses = taught.graph.houses
    drawn = np.random.default_rng(seed).permutation(len(houses))[: config.recalled]
    return taught.graph.only(houses={houses[k] for k in drawn})
