from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engram.evaluation.oracles import TruePlaces  # noqa: E402
from engram.evaluation.training.placement import (  # noqa: E402
    Lesson,
    PlacementTraining,
    course,
    fit,
    left_out,
    lesson_loss,
    lessons,
    quick_or_full,
    shape,
)
from engram.evaluation.training.placement_command import as_json, card, table  # noqa: E402
from engram.evaluation.training.placement_houses import Furniture, Kept, TidyHouse, memory_graph  # noqa: E402
from engram.evaluation.training.placement_scores import put_all, rows, validation_cases  # noqa: E402
from engram.evaluation.training.placement_study import Trained  # noqa: E402
from engram.perception.text import TextConfig, text_embedder  # noqa: E402
from engram.planners.associative.model import Query  # noqa: E402
from engram.planners.associative.scorer import AssociativePrior, encoded  # noqa: E402
from engram.planners.associative.tensors import Names  # noqa: E402
from engram.planners.placement import PlacementPrior  # noqa: E402

CONFIG = PlacementTraining(epochs=24, batch=4, targets=4, recalled=3, width=16)
PLACES = {"Bread": "CounterTop", "Kettle": "CounterTop", "Plate": "DiningTable", "Pillow": "Bed", "Laptop": "Desk"}
FURNITURE = {"Kitchen": ("CounterTop", "DiningTable", "Fridge"), "Bedroom": ("Bed", "Desk", "Dresser")}


def house(seed):
    rng = np.random.default_rng(seed)
    rooms = {"Kitchen_1": ("Kitchen", 0.0, 0.0, 5.0, 5.0), "Bedroom_1": ("Bedroom", 5.0, 0.0, 10.0, 5.0)}
    furniture, kept = [], []
    for k, (room, labels) in enumerate(FURNITURE.items()):
        for n, label in enumerate(labels):
            x, y = 5.0 * k + 0.2 + 1.4 * n, float(rng.uniform(0.2, 3.0))
            furniture.append(Furniture(f"{label}_1", label, f"{room}_1", (x, y, 0.0, x + 1.0, y + 1.0, 0.8), 0.0))
    for thing, holder in PLACES.items():
        f = next(f for f in furniture if f.label == holder)
        x, y, _, _, _, top = f.box
        kept.append(Kept(thing, f.room, f.id, (x + 0.2, y + 0.2, top, x + 0.3, y + 0.3, top + 0.1)))
    return TidyHouse(seed, rooms, tuple(furniture), tuple(kept))


@pytest.fixture(scope="module")
def taught():
    names = Names(text_embedder(TextConfig(model="hashed", hashed_dims=128)))
    graph = memory_graph([house(600_000 + k) for k in range(4)])
    return course([house(k) for k in range(16)], graph, PlacementPrior.load(), names)


def test_lessons_say_where_things_are_kept(taught):
    lesson = next(lessons(CONFIG, taught, 0))
    assert lesson.general == 5 * len(taught.room_types)  # four holders and the floor
    assert lesson.candidates[:, -lesson.general :].sum() == 0
    assert not (lesson.right & ~lesson.candidates[:, None]).any()
    answers = lesson.answer[lesson.asked]
    holder, room = answers // len(taught.room_types), answers % len(taught.room_types)
    assert {(taught.holders[h], taught.room_types[r]) for h, r in zip(holder, room, strict=True)} == {
        ("CounterTop", "Kitchen"), ("DiningTable", "Kitchen"), ("Bed", "Bedroom"), ("Desk", "Bedroom"),
    }  # fmt: skip
    assert not (lesson.query.unnamed & lesson.query.forgotten).any()
    again = next(lessons(CONFIG, taught, 0))
    assert torch.equal(lesson.query.node_rooms, again.query.node_rooms)
    assert not torch.equal(lesson.answer, next(lessons(CONFIG, taught, 1)).answer)


def test_the_loss_is_the_surprise():
    empty = torch.zeros(1, 1, 1)
    query = Query(*[empty] * 8)
    right = torch.tensor([[[True, False, True, False, False, False]]])
    there = torch.tensor([[True, True, True, False, False, False]])
    lesson = Lesson(query, torch.tensor([[True]]), there, right, torch.tensor([[1]]), 2)
    scores = torch.tensor([[[1.0, 2.0, 0.0, 9.0, 0.5, -0.5]]])
    in_general = -torch.log_softmax(torch.tensor([0.5, -0.5]), 0)[1]
    here = -torch.log(torch.softmax(torch.tensor([1.0, 2.0, 0.0]), 0)[[0, 2]].sum())
    assert lesson_loss(scores, lesson).item() == pytest.approx((in_general + here).item(), rel=1e-5)
    nowhere = replace(lesson, right=torch.zeros_like(right))
    assert lesson_loss(scores, nowhere).item() == pytest.approx(in_general.item(), rel=1e-5)


@pytest.fixture(scope="module")
def net(taught):
    return fit(CONFIG, shape(CONFIG, taught.names, taught.room_types), taught)


def test_it_learns_where_things_are_kept(taught, net):
    prior = AssociativePrior(taught.prior, net, taught.names, taught.holders, encoded(net, taught.graph, taught.names))
    asked = validation_cases([house(700_000 + k) for k in range(6)], taught.prior)
    ways = {"net": put_all(asked, prior, taught.prior, prior.see), "leave": put_all(asked, None, taught.prior)}
    found = rows({**ways, "designer": put_all(asked, TruePlaces(taught.prior), taught.prior)})
    assert found[0].proper > 0.9 * found[2].proper  # some furniture was not seen by anyone
    assert found[0].proper_gain == found[0].energy_gain == (0.0, 0.0)
    assert found[1].proper < 0.2
    assert found[1].energy_removed == 0.0
    assert found[1].proper_gain[0] > 0.4
    for row in found:
        assert row.proper_interval[0] <= row.proper <= row.proper_interval[1]


def test_a_stopped_run_goes_on(taught, tmp_path):
    path, net_shape = tmp_path / "run.safetensors", shape(CONFIG, taught.names, taught.room_types)
    whole = fit(replace(CONFIG, epochs=2), net_shape, taught)
    seen = []

    def stop(epoch, loss):
        seen.append(epoch)
        if len(seen) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(replace(CONFIG, epochs=2), net_shape, taught, path, stop)
    rest = fit(replace(CONFIG, epochs=2), net_shape, taught, path, stop)
    assert seen == [1, 2]
    for name, value in rest.state_dict().items():
        assert torch.allclose(value, whole.state_dict()[name], atol=1e-5), name


def test_nothing_is_taught_of_what_is_left_out(taught):
    names = taught.names
    part = course(taught.houses, taught.graph, taught.prior, names, without=["Bread", "Kettle"])
    assert "Bread" not in {n.label for n in part.graph.nodes}
    assert "CounterTop" not in part.holders
    vectors = torch.from_numpy(names(["Bread", "Kettle"]))
    for lesson in lessons(CONFIG, part, 0):
        assert (lesson.query.targets @ vectors.T).max() < 0.9
    assert set(left_out(taught.graph, 3, 0)) < set(PLACES)
    assert left_out(taught.graph, 3, 0) == left_out(taught.graph, 3, 0)
    with pytest.raises(ValueError, match="no houses"):
        fit(CONFIG, shape(CONFIG, names, taught.room_types), replace(taught, houses=[]))


def test_card_and_table_say_what_was_done(taught, net):
    asked = validation_cases([house(700_000 + k) for k in range(3)], taught.prior)
    found = rows({"counts": put_all(asked, taught.prior, taught.prior)})
    counts = {"memory_nodes": 9, "memory_edges": 8, "taught": 80, "scored": 15}
    trained = Trained({"full": net, "no_memory": net}, taught.graph, found, ["Bread"], {"hashed": found}, counts)
    text = card(CONFIG, trained, "engram train placement --preset quick")
    assert "`engram train placement --preset quick`" in text
    assert taught.graph.digest in text
    assert text.count(table(found)) == 2
    assert json.loads(as_json(trained))["held_out"] == ["Bread"]
    assert quick_or_full("quick", 3, "minilm").text == "minilm"
    assert quick_or_full("full", 3, "hashed").houses > quick_or_full("quick", 3, "hashed").houses
