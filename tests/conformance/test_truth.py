"""Ground truth: consistent, and apart from what agents observe."""

from __future__ import annotations

import numpy as np

from engram.sims.contract import Outcome, Verb


def test_objects_are_sorted_and_sane(pilot):
    things = pilot.world.truth.objects()
    names = [t.id for t in things]
    assert names == sorted(set(names))
    assert len(names) > 3
    for t in things:
        assert len(t.position) == len(t.extent) == 3
        assert min(t.extent) > 0, t.id
        assert set(t.receptacles) <= set(names), t.id
        assert t.id not in t.receptacles
    assert any(t.pickupable for t in things)
    assert any(t.receptacle for t in things)


def test_holders_hold(pilot):
    things = {t.id: t for t in pilot.world.truth.objects()}
    held = 0
    for t in things.values():
        for name in t.receptacles if t.pickupable else ():
            holder = things[name]
            assert holder.receptacle, name
            gap = np.abs(np.subtract(t.position, holder.position))[:2] - np.array(holder.extent)[:2] / 2
            assert gap.max() < 0.3, (t.id, name)
            held += 1
    assert held > 0


def test_instances_number_the_objects(pilot):
    count = len(pilot.world.truth.objects())
    seen = 0
    for _ in pilot.look_around():
        numbers = pilot.world.truth.instances()
        assert numbers.shape == pilot.observation["depth"].shape
        assert numbers.dtype == np.int32
        assert numbers.min() >= -1
        assert numbers.max() < count
        assert (numbers[pilot.observation["depth"] == 0] == -1).all()
        seen += len(np.unique(numbers)) > 1
    assert seen > 0


def test_without_noise_the_robot_believes_what_is_true(pilot):
    for verb in (Verb.ROTATE_LEFT, Verb.MOVE_AHEAD, Verb.LOOK_DOWN):
        pilot.do(verb)
        believed = pilot.observation["map_T_camera"]
        true = pilot.world.truth.map_T_camera()
        np.testing.assert_allclose(believed, true, atol=1e-6)
        assert believed is not true


def test_reachable_cells_hold_the_robot(pilot):
    cells = pilot.world.truth.reachable()
    assert cells.shape[1] == 2
    for _ in range(12):
        gap = np.linalg.norm(cells - pilot.observation["base"][:2], axis=1).min()
        assert gap < pilot.world.config.move_m / 2
        if pilot.do(Verb.MOVE_AHEAD) is Outcome.BLOCKED:
            pilot.do(Verb.ROTATE_LEFT)


def test_changing_an_answer_does_not_change_the_world(pilot):
    truth = pilot.world.truth
    numbers = truth.instances().copy()
    truth.instances()[:] = 0
    truth.map_T_camera()[:] = 0
    truth.reachable()[:] = 0
    np.testing.assert_array_equal(truth.instances(), numbers)
    np.testing.assert_allclose(truth.map_T_camera(), pilot.observation["map_T_camera"], atol=1e-6)
