"""Floor plans: rooms tile without overlap, doors connect them all, impossible areas are refused."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from engram.sims.house.layout import MAX_SIDE_M, MIN_SIDE_M, HouseRequestError, make_layout, walls

FLAT = ("Kitchen", "LivingRoom", "Bedroom", "Bathroom")
LARGE = ("Kitchen", "LivingRoom", "Bedroom", "Bathroom", "Bedroom", "Bathroom", "Bedroom", "LivingRoom")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("types", [FLAT, LARGE], ids=["4 rooms", "8 rooms"])
def test_doors_connect_all_rooms(types, seed):
    rooms, openings = make_layout(types, None, np.random.default_rng(seed))
    graph = nx.Graph()
    graph.add_nodes_from(r.id for r in rooms)
    graph.add_edges_from(o.rooms for o in openings if o.kind == "door")
    assert sorted(r.type for r in rooms) == sorted(types)
    assert nx.is_connected(graph)


@pytest.mark.parametrize("seed", range(8))
def test_rooms_have_usual_sizes_and_do_not_overlap(seed):
    rooms, _ = make_layout(LARGE, None, np.random.default_rng(seed))
    for room in rooms:
        short, long = sorted((room.x1 - room.x0, room.y1 - room.y0))
        assert short >= MIN_SIDE_M[room.type] - 1e-9
        assert long <= MAX_SIDE_M + 1e-9
    for a, b in combinations(rooms, 2):
        assert min(a.x1, b.x1) - max(a.x0, b.x0) < 1e-9 or min(a.y1, b.y1) - max(a.y0, b.y0) < 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_openings_lie_within_one_stretch_of_wall(seed):
    rooms, openings = make_layout(FLAT, None, np.random.default_rng(seed))
    by_id = {r.id: r for r in rooms}
    for o in openings:
        along = o.x if o.axis == "x" else o.y
        across = o.y if o.axis == "x" else o.x
        neighbour = o.rooms[1] if o.kind == "door" else ""
        stretch = [w for w in walls(by_id[o.rooms[0]], rooms) if w.axis == o.axis and w.neighbour == neighbour]
        assert any(
            abs(w.at - across) < 1e-9 and w.lo <= along - o.width / 2 and along + o.width / 2 <= w.hi for w in stretch
        )
        assert o.width >= (0.9 if o.kind == "door" else 0.6)


def test_area_is_met():
    rooms, _ = make_layout(FLAT, 60.0, np.random.default_rng(3))
    assert sum((r.x1 - r.x0) * (r.y1 - r.y0) for r in rooms) == pytest.approx(60.0, rel=0.2)


@pytest.mark.parametrize("area_m2", [10.0, 1000.0, float("nan")])
def test_impossible_area_is_refused_with_the_possible_range(area_m2):
    with pytest.raises(HouseRequestError, match=r"possible are \d+ to \d+ m2"):
        make_layout(FLAT, area_m2, np.random.default_rng(0))
