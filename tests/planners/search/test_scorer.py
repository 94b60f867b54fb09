from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engram.memory.occupancy import Occupancy  # noqa: E402
from engram.perception.text import HashedNgrams  # noqa: E402
from engram.planners.search.grid import LAYERS, BirdsEye  # noqa: E402
from engram.planners.search.model import (  # noqa: E402
    NetConfig,
    SearchNet,
    lay_out,
    load,
    save,
    search_loss,
)
from engram.planners.search.scorer import Heat, SearchPrior, WaypointConfig, load_search, waypoints  # noqa: E402
from engram.planners.weights import WeightsError  # noqa: E402


def scene(nx=24, ny=16, labels=("Bed", "Sofa"), boxes=((2, 2, 6, 5), (20, 10, 22, 12))):
    layers = np.zeros((len(LAYERS), nx, ny), np.float32)
    layers[LAYERS.index("floor"), :10], layers[LAYERS.index("near"), :10] = 1.0, 1.0
    return BirdsEye(layers, np.array([-5, -5]), 0.2, labels, np.array(boxes).reshape(-1, 4))


def small_net(seed=0):
    torch.manual_seed(seed)
    return SearchNet(NetConfig(text_dims=64)).eval()


def test_scores_are_of_all_cells_and_only_of_the_map():
    net, names = small_net(), ["Bed", "Mug", "Sofa"]
    vectors = torch.from_numpy(HashedNgrams(64).embed(names))
    maps = lay_out([scene(), scene(16, 16, ("Bed",), ((0, 0, 2, 2),))], {n: k for k, n in enumerate(names)}, vectors)
    scores = net(maps, torch.tensor([0, 1, 1]), vectors)
    assert scores.shape == (3, 24, 16)
    share = torch.softmax(scores.detach().flatten(1), 1).view(3, 24, 16)
    assert float(share[1:, 16:].sum()) == 0.0
    assert float(share[0, 16:].sum()) > 0.05


def test_known_things_change_the_answer_where_they_are():
    net = small_net()
    with torch.no_grad():
        net.alike.weight.mul_(20.0)
    prior = SearchPrior(net, HashedNgrams(64))
    with_bed, without = (prior.heats(s, ["Pillow"])[0].value for s in (scene(), scene(labels=(), boxes=())))
    assert not np.allclose(with_bed, without)


def test_a_small_net_learns_that_a_thing_is_where_its_like_is():
    net, names = small_net(), ["Bed", "Pillow", "Sofa"]
    vectors = torch.from_numpy(HashedNgrams(64).embed(names))
    maps = lay_out([scene()], {n: k for k, n in enumerate(names)}, vectors)
    heat = torch.zeros(1, 24, 16)
    heat[0, 3, 3] = 1.0
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(60):
        loss = search_loss(net(maps, torch.tensor([0]), vectors[1:2]), heat).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 2.0


def test_the_loss_of_a_uniform_belief_is_the_log_of_the_number_of_cells():
    heat = torch.zeros(1, 4, 4)
    heat[0, 1, 2] = 1.0
    assert float(search_loss(torch.zeros(1, 4, 4), heat)[0]) == pytest.approx(np.log(16))


def test_free_cells_seen_from_near_are_never_believed_in():
    heat = SearchPrior(small_net(), HashedNgrams(64)).heats(scene(), ["Mug"])[0]
    assert heat.value[:10].sum() == 0.0
    assert heat.value.sum() == pytest.approx(1.0)


def test_names_never_met_have_an_answer():
    heats = SearchPrior(small_net(), HashedNgrams(64)).heats(scene(labels=("Gramophone", "Sofa")), ["Zither", "Mug"])
    assert all(h.value.sum() == pytest.approx(1.0) for h in heats)
    assert not np.allclose(heats[0].value, heats[1].value)


def blobs():
    value = np.zeros((40, 40))
    value[5:10, 5:10], value[28:33, 28:33], value[5:8, 30:33] = 0.02, 0.015, 0.008
    return Heat(BirdsEye(np.zeros((8, 40, 40), np.float32), np.zeros(2, np.int64), 0.2, (), np.zeros((0, 4))), value)


def test_waypoints_are_in_different_places_the_likeliest_first():
    found = waypoints(blobs())
    at = np.array([xy for xy, _ in found]) / 0.2
    assert len(found) == 3
    assert np.all((at[0] > 5) & (at[0] < 10))
    assert np.all((at[1] > 28) & (at[1] < 33))
    assert [p for _, p in found] == sorted((p for _, p in found), reverse=True)
    assert found[0][1] == pytest.approx(0.5, abs=0.02)


def test_a_single_peak_gives_one_waypoint_though_erosion_would_leave_nothing():
    value = np.zeros((40, 40))
    value[20, 7] = 1.0
    heat = replace(blobs(), value=value)
    (xy, probability), *others = waypoints(heat, WaypointConfig(erosions=3))
    assert not others
    assert np.allclose(xy, [4.1, 1.5])
    assert probability == pytest.approx(1.0)


def test_heat_lies_on_the_map_where_it_is_in_the_world():
    grid, value = Occupancy(), np.zeros((40, 40))
    value[3, 4] = 1.0
    density = replace(blobs(), value=value).on(grid)
    assert density.shape == grid.shape
    assert density.sum() * grid.config.cell_m**2 == pytest.approx(1.0, rel=1e-4)
    ix, iy = grid.cells(np.array([[0.7, 0.9]]))[0]
    assert density[ix, iy] == pytest.approx(25.0)


def test_weights_come_back_and_bad_ones_are_refused(tmp_path):
    net, path = small_net(), tmp_path / "search.safetensors"
    save(path, net, {"embedder": "hashed-ngrams-64", "text_model": "hashed", "cell_m": 0.2})
    again, about = load(path)
    assert about["cell_m"] == 0.2
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), again.state_dict().values(), strict=True))
    with pytest.raises(WeightsError, match="hashed-ngrams-64"):
        load_search(path)
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="engram train search"):
        load(path)


def test_the_network_of_the_package_knows_what_lies_on_a_bed():
    layers = np.zeros((len(LAYERS), 48, 48), np.float32)
    layers[:5, 12:36, 12:36] = 1.0
    layers[LAYERS.index("solid"), 12:36, 12:36] = layers[LAYERS.index("wall"), 12:36, 12:36] = 0.0
    boxes = np.array([[14, 14, 24, 20], [28, 28, 34, 31]])
    for name, (x0, y0, x1, y1) in zip(("low", "middle"), boxes.tolist(), strict=True):
        layers[LAYERS.index(name), x0:x1, y0:y1] = layers[LAYERS.index("solid"), x0:x1, y0:y1] = 1.0
        layers[LAYERS.index("floor"), x0:x1, y0:y1] = 0.0
    room = BirdsEye(layers, np.array([-24, -24]), 0.2, ("Bed", "Desk"), boxes)
    pillow, laptop = (h.value for h in load_search().heats(room, ["Pillow", "Laptop"]))
    assert pillow[14:24, 14:20].sum() > laptop[14:24, 14:20].sum()
    assert laptop[28:34, 28:31].sum() > pillow[28:34, 28:31].sum()
