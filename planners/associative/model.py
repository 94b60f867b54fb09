"""The network that recalls where things belong: messages within the memory, within the scene, and between the two.

Memory nodes talk over the edges of the memory graph; what was learnt of each label in each type of room is then
pooled, so that the memory is encoded once and a question costs little. Target, scene and pooled memory talk over
bridges: memory to target and memory to scene by label (by likeness of names where a label is unknown), room type to
both, scene to target and to memory. A place is scored with the target, and with how often the memory has such a thing
on such a place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from engram.planners.associative.graph import RELATIONS
from engram.planners.weights import WeightsFormat, joined, part_of

_WEIGHTS = WeightsFormat(
    key="associative",
    what="placement weights",
    version=1,
    package="engram.planners.associative",
    name="placement.safetensors",
    command="engram train placement",
)
SAME = 0.999  # names with at least this cosine are the same
_NEAR_M = 2.0  # furniture this far away says 1/e as much
_RARE = 0.01  # shares below this are as good as none


@dataclass(frozen=True)
class NetConfig:
    """Shape of the network."""

    room_types: tuple[str, ...]
    text_dims: int = 512
    feature_dims: int = 0  # of appearance; 0 when nothing is ever seen of a thing but its label
    width: int = 64
    memory_layers: int = 2
    scene_layers: int = 1
    bridge_layers: int = 2
    memory: bool = True
    scene: bool = True
    alike: float = 0.15  # cosine from which on the name of a known label says something about an unknown one
    dropout: float = 0.1


class MemoryTensors(NamedTuple):
    """A memory graph of N nodes and C labels in K types of rooms."""

    vocabulary: Tensor  # (C, D) names of the labels
    label: Tensor  # (N,) int64
    room: Tensor  # (N,) int64
    source: Tensor  # (E,) int64, each edge twice: forth and back
    target: Tensor  # (E,)
    relation: Tensor  # (E,) below 2 R; those that go back come after those that go forth
    pool: Tensor  # (N,) int64 pooled node, one a label and room type
    pooled_label: Tensor  # (P,)
    pooled_room: Tensor  # (P,)
    pooled_share: Tensor  # (P,) share of the nodes of the label
    held: Tensor  # (C, C, K) share of the things of a label that are kept on another in a type of room
    features: Tensor | None = None  # (N, F) appearance; zeros where there is none


class Memory(NamedTuple):
    """An encoded memory."""

    nodes: Tensor  # (P, H) what is known of each label in each type of room
    vocabulary: Tensor
    label: Tensor  # (P,)
    room: Tensor
    share: Tensor
    held: Tensor


class Query(NamedTuple):
    """B questions of T targets each, about Q places, in scenes of S nodes."""

    targets: Tensor  # (B, T, D) names
    nodes: Tensor  # (B, S, D) names
    node_rooms: Tensor  # (B, S, K) beliefs
    node_centres: Tensor  # (B, S, 3) metres; NaN where unknown
    node_mask: Tensor  # (B, S) bool, which there are
    places: Tensor  # (B, Q, D) names
    place_rooms: Tensor  # (B, Q, K)
    place_centres: Tensor  # (B, Q, 3)
    unnamed: Tensor | None = None  # (B, T) bool: the name of the target says nothing to the network itself
    forgotten: Tensor | None = None  # (B, T) bool: the memory has nothing of the target's own label
    target_features: Tensor | None = None  # (B, T, F) appearance
    node_features: Tensor | None = None  # (B, S, F)


class RelationalLayer(nn.Module):
    """One layer of a relational graph convolution (Schlichtkrull et al., 2018): the mean over each relation."""

    def __init__(self, width: int, relations: int, dropout: float) -> None:
        super().__init__()
        self.relations = relations
        self.mix = nn.Linear(width * (relations + 1), width)
        self.norm, self.drop = nn.LayerNorm(width), nn.Dropout(dropout)

    def forward(self, nodes: Tensor, source: Tensor, target: Tensor, relation: Tensor) -> Tensor:
        """(N, H) nodes after one round of messages over the edges (E,)."""
        slot = target * self.relations + relation
        size = len(nodes) * self.relations
        total = nodes.new_zeros(size, nodes.shape[1]).index_add(0, slot, nodes[source])
        count = nodes.new_zeros(size).index_add(0, slot, torch.ones_like(slot, dtype=nodes.dtype))
        mean = (total / count.clamp(min=1.0)[:, None]).view(len(nodes), -1)
        changed: Tensor = self.drop(nn.functional.gelu(self.mix(torch.cat([self.norm(nodes), mean], dim=1))))
        return nodes + changed


class Mix(nn.Module):
    """What a node becomes of itself and of one message a relation."""

    def __init__(self, width: int, relations: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.mix, self.drop = nn.Linear(width * (relations + 1), width), nn.Dropout(dropout)

    def forward(self, nodes: Tensor, messages: Sequence[Tensor]) -> Tensor:
        """(..., H) nodes with the messages (..., H) taken in."""
        changed: Tensor = self.drop(nn.functional.gelu(self.mix(torch.cat([self.norm(nodes), *messages], dim=-1))))
        return nodes + changed


class Bridge(nn.Module):
    """One round of messages between memory, scene and target."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        h, d, m, s = config.width, config.dropout, int(config.memory), int(config.scene)
        self.to_target = Mix(h, 1 + m + s, d)
        self.to_scene = Mix(h, 1 + m + 2 * s, d)
        self.to_memory = Mix(h, 1, d) if m and s else None


class AssociativeNet(nn.Module):
    """Scores of places for targets; a softmax over places tells where a tidy household keeps the target."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        h, d = config.width, config.dropout
        self.name = nn.Linear(config.text_dims, h)
        self.look = nn.Linear(config.feature_dims, h, bias=False) if config.feature_dims else None
        self.room = nn.Parameter(torch.randn(len(config.room_types), h) * 0.3)
        self.is_target = nn.Parameter(torch.zeros(h))
        self.drop = nn.Dropout(d)
        if config.memory:
            layers = [RelationalLayer(h, 2 * len(RELATIONS), d) for _ in range(config.memory_layers)]
            self.recall = nn.ModuleList(layers)
        self.around = nn.ModuleList([Mix(h, 2, d) for _ in range(config.scene_layers if config.scene else 0)])
        self.bridges = nn.ModuleList([Bridge(config) for _ in range(config.bridge_layers)])
        self.of_target, self.of_place = nn.Linear(h, h), nn.Linear(h, h)
        self.of_both = nn.Linear(h, h, bias=False)
        self.of_memory = nn.Linear(3, h) if config.memory else None
        self.score = nn.Linear(h, 1)

    def encode(self, memory: MemoryTensors) -> Memory:
        """Encode a memory; do it once and keep it."""
        names = self.name(memory.vocabulary * self.config.text_dims**0.5)
        nodes = names[memory.label] + self.room[memory.room]
        if self.look is not None and memory.features is not None:
            nodes = nodes + self.look(memory.features)
        for layer in self.recall:
            nodes = layer(nodes, memory.source, memory.target, memory.relation)
        size = len(memory.pooled_label)
        total = nodes.new_zeros(size, nodes.shape[1]).index_add(0, memory.pool, nodes)
        count = torch.bincount(memory.pool, minlength=size).to(nodes.dtype)
        return Memory(
            total / count[:, None], memory.vocabulary, memory.pooled_label, memory.pooled_room, memory.pooled_share,
            memory.held,
        )  # fmt: skip

    def forward(self, memory: Memory | None, query: Query) -> Tensor:
        """(B, T, Q) scores, logarithms up to a constant of each target; ``memory`` is for nets that have one."""
        q, c = query, self.config
        target = self.name(self.drop(q.targets * c.text_dims**0.5))
        if q.unnamed is not None:
            target = target.masked_fill(q.unnamed[..., None], 0.0)
        scene, place = (self.name(t * c.text_dims**0.5) for t in (q.nodes, q.places))
        if self.look is not None:
            target = target if q.target_features is None else target + self.look(q.target_features)
            scene = scene if q.node_features is None else scene + self.look(q.node_features)
        links = link(memory, q, c.alike) if memory is not None and c.memory else None
        state = _State(
            target + self.is_target,
            scene + q.node_rooms @ self.room,
            place + q.place_rooms @ self.room,
            None if links is None else links.nodes,
        )
        ways = _ways(q)
        for layer in self.around:
            state = _within(layer, state, ways)
        for bridge in self.bridges:
            state = self._across(cast(Bridge, bridge), state, ways, links, q)
        return self._scored(state, links)

    def _across(self, bridge: Bridge, state: _State, ways: _Ways, links: Links | None, q: Query) -> _State:
        """One round over the bridges; places hear what the scene hears, and nobody hears them."""
        target, scene, place, memory = state
        to_target, to_scene, to_place = ([rooms @ self.room] for rooms in (ways.rooms, q.node_rooms, q.place_rooms))
        to_target[0] = to_target[0].expand_as(target)
        if self.config.scene:
            house = ways.whole @ scene
            to_target.append(house.expand_as(target))
            to_scene += [house.expand_as(scene), ways.near @ scene]
            to_place += [house.expand_as(place), ways.near_place @ scene]
        if links is not None and memory is not None:
            to_target.append(links.target @ memory)
            to_scene.append(links.scene @ memory)
            to_place.append(links.place @ memory)
            if bridge.to_memory is not None:
                memory = bridge.to_memory(memory.expand(len(scene), -1, -1), [links.back @ scene])
        return _State(
            bridge.to_target(target, to_target),
            bridge.to_scene(scene, to_scene),
            bridge.to_scene(place, to_place),
            memory,
        )

    def _scored(self, state: _State, links: Links | None) -> Tensor:
        target, place = state.target[:, :, None], state.place[:, None]
        hidden = self.of_target(target) + self.of_place(place) + self.of_both(target * place)
        if links is not None and self.of_memory is not None:
            hidden = hidden + self.of_memory(links.evidence)
        scores: Tensor = self.score(nn.functional.gelu(hidden)).squeeze(-1)
        return scores


class Links(NamedTuple):
    """How a question hangs together with the memory; weights of messages, and what the memory says outright."""

    nodes: Tensor  # (1, P, H) the memory
    target: Tensor  # (B, T, P)
    scene: Tensor  # (B, S, P)
    place: Tensor  # (B, Q, P)
    back: Tensor  # (B, P, S)
    evidence: Tensor  # (B, T, Q, 3) how often on such a place, in such a room and in any; whether the target is known


class _State(NamedTuple):
    target: Tensor  # (B, T, H)
    scene: Tensor  # (B, S, H)
    place: Tensor  # (B, Q, H)
    memory: Tensor | None  # (B, P, H)


class _Ways(NamedTuple):
    whole: Tensor  # (B, 1, S) mean over the house
    near: Tensor  # (B, S, S) mean over what is near and in a room of the same type
    near_place: Tensor  # (B, Q, S)
    rooms: Tensor  # (B, 1, K) share of each type of room


def link(memory: Memory, q: Query, alike: float) -> Links:
    """Tie a question to the memory by labels."""
    target = associate(q.targets, memory.vocabulary, alike, q.forgotten)
    scene, place = (associate(names, memory.vocabulary, alike) for names in (q.nodes, q.places))
    scene = scene * q.node_mask[..., None]
    scene_links = scene[..., memory.label] * q.node_rooms[..., memory.room]
    back = scene_links.transpose(1, 2)
    on_place = (place[..., :, None] * q.place_rooms[..., None, :]).flatten(-2) @ memory.held.flatten(1).T  # (B, Q, C)
    anywhere = place @ memory.held.sum(-1).T
    shares = torch.stack([target @ on_place.transpose(1, 2), target @ anywhere.transpose(1, 2)], dim=-1)
    known = target.sum(-1)[:, :, None, None].expand(*shares.shape[:3], 1)
    return Links(
        memory.nodes[None],
        target[..., memory.label] * memory.share,
        scene_links,
        place[..., memory.label] * q.place_rooms[..., memory.room],
        back / back.sum(-1, keepdim=True).clamp(min=1.0),
        torch.cat([torch.log((shares.float() + _RARE) / _RARE) / 4.6, known], dim=-1),
    )


def associate(names: Tensor, vocabulary: Tensor, alike: float, forgotten: Tensor | None = None) -> Tensor:
    """(B, M, C) how much each label says of each name: its own label all, or several alike ones together at most all.

    Args:
        names: (B, M, D) unit vectors.
        vocabulary: (C, D) unit vectors of the labels.
        alike: cosine from which on a label says anything.
        forgotten: (B, M) names whose own label is not to be used.

    """
    likeness = names @ vocabulary.T
    same = likeness > SAME
    if forgotten is not None:
        own = same & forgotten[..., None]
        likeness, same = likeness.masked_fill(own, 0.0), same & ~own
    near = nn.functional.relu(likeness - alike) ** 2
    near = near / near.sum(-1, keepdim=True).clamp(min=0.1)
    return torch.where(same.any(-1, keepdim=True), same.to(near.dtype), near)


def _within(layer: nn.Module, state: _State, ways: _Ways) -> _State:
    house = ways.whole @ state.scene
    place = layer(state.place, [house.expand_as(state.place), ways.near_place @ state.scene])
    scene = layer(state.scene, [house.expand_as(state.scene), ways.near @ state.scene])
    return state._replace(scene=scene, place=place)


def _ways(q: Query) -> _Ways:
    there = q.node_mask[:, None].to(q.nodes.dtype)
    whole = there / there.sum(-1, keepdim=True).clamp(min=1.0)
    return _Ways(
        whole,
        _near(q.node_rooms, q.node_centres, q),
        _near(q.place_rooms, q.place_centres, q),
        whole @ q.node_rooms,
    )


def _near(rooms: Tensor, centres: Tensor, q: Query) -> Tensor:
    """(B, M, S) weights, a mean over the scene: alike in type of room, and near where both centres are known."""
    away = torch.linalg.vector_norm(centres[:, :, None] - q.node_centres[:, None], dim=-1)
    weight = (rooms @ q.node_rooms.transpose(1, 2)) * torch.exp(-torch.nan_to_num(away) / _NEAR_M)
    weight = weight * q.node_mask[:, None]
    return weight / weight.sum(-1, keepdim=True).clamp(min=1e-6)


def save(path: Path, nets: Mapping[str, AssociativeNet], about: Mapping[str, Any]) -> None:
    """Write networks by name, and what is to be known of them, as one safetensors file."""
    shapes = {name: asdict(net.config) for name, net in nets.items()}
    tensors = joined({name: net.state_dict() for name, net in nets.items()})
    _WEIGHTS.write(path, tensors, {"nets": shapes, "about": dict(about)})


def load(path: Path | None = None) -> tuple[dict[str, AssociativeNet], dict[str, Any]]:
    """Read networks, ready to be asked, and what is known of them; without a path those that come with the package.

    Raises:
        WeightsError: the file is not there, broken, or of another version.

    """
    _, tensors, head = _WEIGHTS.read(path)
    nets = {}
    for name, shape in head["nets"].items():
        net = AssociativeNet(NetConfig(**{**shape, "room_types": tuple(shape["room_types"])}))
        net.load_state_dict(part_of(tensors, name))
        nets[name] = net.eval()
    return nets, head["about"]
