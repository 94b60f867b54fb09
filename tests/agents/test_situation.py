from __future__ import annotations

import numpy as np

from engram.agents.situation import Situation, TidyConfig
from engram.perception.tracker import Track
from engram.planners.placement import PlacementPrior


def furniture(number, label, x, y):
    centre = np.array([x, y, 0.4])
    return Track(number, {label: 1.0}, centre - 0.3, centre + 0.3, 0, 0)


def test_rooms_that_the_map_has_not_told_apart_keep_their_types():
    sit = Situation(TidyConfig(), detector=None, prior=PlacementPrior.load())
    sit.grid.floor[:] = 1
    sit.grid.near[:] = 1.0
    sit.grid.version += 1
    sit.tracker.tracks = [
        furniture(k, label, *at)
        for k, (label, at) in enumerate(
            [
                ("Bed", (-2.0, 0.0)),
                ("Dresser", (-2.0, 1.5)),
                ("Fridge", (2.5, 0.0)),
                ("StoveBurner", (2.5, 1.0)),
                ("CounterTop", (2.5, 1.5)),
            ]
        )
    ]
    assert sit.region_of(np.array([-1.5, 0.5])) == sit.region_of(np.array([2.0, 0.5])) != 0
    assert sit.room_at(np.array([-1.5, 0.5]))["Bedroom"] > 0.7
    assert sit.room_at(np.array([2.0, 0.5]))["Kitchen"] > 0.7
