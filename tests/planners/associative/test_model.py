from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from engram.perception.text import TextConfig, text_embedder  # noqa: E402
from engram.planners.associative.graph import FLOOR, MemoryNode, SceneNode, merged  # noqa: E402
from engram.planners.associative.model import (  # noqa: E402
    AssociativeNet,
    NetConfig,
    Query,
    RelationalLayer,
    associate,
    link,
    load,
    save,
)
from engram.planners.associative.tensors import Names, memory_tensors, node_tensors, places_of  # noqa: E402
from engram.planners.weights import WeightsError  # noqa: E402

ROOMS = ("Bedroom", "Kitchen")


def remembered():
    """Mugs on the countertop twice and on the desk once, a butter knife on the countertop."""

    def room(seed, kind, holder, *things):
        nodes = [MemoryNode(seed, f"{kind}_1", kind, label) for label in (FLOOR, holder, *things)]
        return nodes, [(k, 1, 2, 1) for k in range(2, 2 + len(things))] + [(1, 0, 2, 0)]

    return merged([room(1, "Kitchen", "CounterTop", "Mug", "Mug", "ButterKnife"), room(2, "Bedroom", "Desk", "Mug")])


@pytest.fixture(scope="module")
def names():
    return Names(text_embedder(TextConfig(model="hashed", hashed_dims=128)))


@pytest.fixture
def net():
    torch.manual_seed(1)
    return AssociativeNet(NetConfig(ROOMS, text_dims=128, width=16)).eval()


def asked(names, targets=("Mug", "Book"), scene=None, centres=True):
    scene = scene or [
        SceneNode("CounterTop", {"Kitchen": 0.9, "Bedroom": 0.1}, (0.0, 0.0, 0.5) if centres else None),
        SceneNode("Desk", {"Bedroom": 1.0}, (4.0, 0.0, 0.4) if centres else None),
    ]
    nodes = node_tensors([scene], names, ROOMS)
    places = node_tensors([places_of(["CounterTop", "Desk", FLOOR], ROOMS)], names, ROOMS)
    return Query(torch.from_numpy(names(targets))[None], *nodes, *places[:3])


def test_a_layer_takes_the_mean_over_each_relation():
    layer = RelationalLayer(1, 2, 0.0)
    with torch.no_grad():
        layer.mix.weight[:] = torch.tensor([[0.0, 1.0, 10.0]])
        layer.mix.bias[:] = 0.0
    nodes = torch.tensor([[0.0], [2.0], [4.0], [100.0]])
    source, target, relation = torch.tensor([1, 2, 3]), torch.tensor([0, 0, 0]), torch.tensor([0, 0, 1])
    out = layer(nodes, source, target, relation)
    assert out[0].item() == pytest.approx((2.0 + 4.0) / 2 + 10.0 * 100.0)  # GELU leaves large numbers as they are
    assert out[1:].flatten().tolist() == [2.0, 4.0, 100.0]


def test_a_memory_is_laid_out_by_label_and_room(names):
    tensors = memory_tensors(remembered(), names, ROOMS)
    labels = ["ButterKnife", "CounterTop", "Desk", "Floor", "Mug"]
    pooled = list(zip(tensors.pooled_label.tolist(), tensors.pooled_room.tolist(), strict=True))
    assert pooled == [(0, 1), (1, 1), (2, 0), (3, 0), (3, 1), (4, 0), (4, 1)]
    assert tensors.pooled_share.tolist() == pytest.approx([1, 1, 1, 0.5, 0.5, 1 / 3, 2 / 3])
    mug, counter, desk = (labels.index(label) for label in ("Mug", "CounterTop", "Desk"))
    assert tensors.held[mug, counter].tolist() == pytest.approx([0, 2 / 3])
    assert tensors.held[mug, desk].tolist() == pytest.approx([1 / 3, 0])
    assert tensors.held[desk].sum() == 0  # furniture on the floor is guessed from boxes, and nothing that is put away
    assert len(tensors.source) == 2 * len(remembered().edges)
    with pytest.raises(ValueError, match="Kitchen"):
        memory_tensors(remembered(), names, ("Bedroom",))
    with pytest.raises(ValueError, match="empty"):
        memory_tensors(remembered().only(houses=()), names, ROOMS)


def test_known_labels_stand_for_themselves_and_unknown_ones_for_those_alike(names):
    vocabulary = torch.from_numpy(names(["ButterKnife", "Mug", "Fridge"]))
    asked_for = torch.from_numpy(names(["Mug", "Knife", "Zzyzx"]))[None]
    weights = associate(asked_for, vocabulary, alike=0.2)
    assert weights[0, 0].tolist() == [0.0, 1.0, 0.0]
    assert weights[0, 1, 0] > 0.5
    assert weights[0, 1, 1:].tolist() == [0.0, 0.0]
    assert weights[0, 2].sum() < 0.2
    forgotten = associate(asked_for, vocabulary, 0.2, torch.tensor([[True, False, False]]))
    assert forgotten[0, 0, 1] == 0.0
    assert torch.equal(forgotten[0, 1:], weights[0, 1:])


def test_what_the_memory_says_outright(names, net):
    memory = net.encode(memory_tensors(remembered(), names, ROOMS))
    evidence = link(memory, asked(names), 0.3).evidence[0, 0]
    share = torch.exp(evidence[:, :2] * 4.6) * 0.01 - 0.01
    in_room, anywhere = (share[:, k].tolist() for k in range(2))
    assert in_room == pytest.approx([0, 2 / 3, 1 / 3, 0, 0, 0], abs=1e-3)
    assert anywhere == pytest.approx([2 / 3, 2 / 3, 1 / 3, 1 / 3, 0, 0], abs=1e-3)
    assert evidence[:, 2].tolist() == [1.0] * 6


def test_filling_up_does_not_matter(names, net):
    memory = net.encode(memory_tensors(remembered(), names, ROOMS))
    query = asked(names)
    more = node_tensors([[SceneNode("Bed", {"Bedroom": 1.0})] * 5], names, ROOMS)
    padded = query._replace(
        nodes=torch.cat([query.nodes, more[0]], 1),
        node_rooms=torch.cat([query.node_rooms, more[1]], 1),
        node_centres=torch.cat([query.node_centres, more[2]], 1),
        node_mask=torch.cat([query.node_mask, torch.zeros_like(more[3])], 1),
    )
    assert torch.allclose(net(memory, query), net(memory, padded), atol=1e-5)
    seen = padded._replace(node_mask=torch.ones_like(padded.node_mask))
    assert not torch.allclose(net(memory, query), net(memory, seen), atol=1e-4)


def test_targets_are_asked_independently(names, net):
    memory = net.encode(memory_tensors(remembered(), names, ROOMS))
    both, one = asked(names, ("Mug", "Book")), asked(names, ("Book",))
    assert torch.allclose(net(memory, both)[:, 1:], net(memory, one), atol=1e-5)


def test_without_a_scene_it_still_answers(names, net):
    memory = net.encode(memory_tensors(remembered(), names, ROOMS))
    query = asked(names)
    blind = query._replace(node_mask=torch.zeros_like(query.node_mask))
    assert torch.isfinite(net(memory, blind)).all()
    assert torch.isfinite(net(memory, asked(names, centres=False))).all()


def test_ablated_networks_do_not_look_at_what_they_lack(names):
    torch.manual_seed(2)
    config = NetConfig(ROOMS, text_dims=128, width=16)
    no_scene = AssociativeNet(replace(config, scene=False)).eval()
    no_memory = AssociativeNet(replace(config, memory=False)).eval()
    memory = no_scene.encode(memory_tensors(remembered(), names, ROOMS))
    other = asked(names, scene=[SceneNode("Sofa", {"Kitchen": 0.1, "Bedroom": 0.9})])
    same_rooms = other._replace(node_rooms=asked(names).node_rooms.mean(1, keepdim=True))
    assert torch.allclose(no_scene(memory, asked(names)), no_scene(memory, same_rooms), atol=1e-5)
    assert no_memory(None, asked(names)).shape == (1, 2, 6)


def test_appearance_counts_where_there_is_any(names):
    torch.manual_seed(3)
    net = AssociativeNet(NetConfig(ROOMS, text_dims=128, width=16, feature_dims=4, memory=False)).eval()
    query = asked(names)
    unseen = net(None, query)
    assert torch.allclose(unseen, net(None, query._replace(target_features=torch.zeros(1, 2, 4))), atol=1e-6)
    assert not torch.allclose(unseen, net(None, query._replace(target_features=torch.ones(1, 2, 4))), atol=1e-4)


def test_weights_come_back(net, names, tmp_path):
    path = tmp_path / "placement.safetensors"
    save(path, {"full": net}, {"seed": 3})
    nets, about = load(path)
    assert about == {"seed": 3}
    assert nets["full"].config == net.config
    memory = net.encode(memory_tensors(remembered(), names, ROOMS))
    assert torch.equal(nets["full"](memory, asked(names)), net(memory, asked(names)))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="engram train placement"):
        load(tmp_path / "none.safetensors")
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="version 1"):
        load(tmp_path / "other.safetensors")
