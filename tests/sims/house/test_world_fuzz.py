"""Any action in any state: what fails changes nothing, and nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest

from engram.sims.contract import Outcome, Verb

_VERBS = [*Verb][: Verb.DONE]
_WEIGHTS = np.array([6.0 if v is Verb.MOVE_AHEAD else 2.0 if v in (Verb.PICK, Verb.PLACE) else 1.0 for v in _VERBS])


@pytest.mark.parametrize("seed", range(3))
def test_random_actions(lab, put, on_counter, seed):
    things = [on_counter[n] for n in ("Mug_1", "Apple_1", "Knife_1")]
    k = lab(*things, put("Bread_1", 4.4, 1.2, 0.901), put("Box_1", 2.0, 3.5), put("Egg_1", 0.4, 2.7, 1.02))
    rng = np.random.default_rng(seed)
    outcomes = set()
    for _ in range(250):
        verb = _VERBS[rng.choice(len(_VERBS), p=_WEIGHTS / _WEIGHTS.sum())]
        names = {k.world.truth.objects()[n].id for n in np.unique(k.world.truth.instances()) if n >= 0}
        target = rng.choice(sorted(names)) if names and rng.random() < 0.8 else tuple(rng.random(2))
        frozen = k.freeze()
        outcome = k.do(verb, str(target) if isinstance(target, str) else target)
        outcomes.add(outcome)
        if outcome is not Outcome.OK:
            assert k.freeze() == frozen, (verb, target, outcome)
        assert k.world.observation_space.contains(k.observation)
    assert len(outcomes) >= 6
    start = k.world.truth.start.matrix()
    for thing in k.world.truth.objects():
        x, y, z, _ = start @ [*thing.position, 1.0]
        assert 0 < x < 5, thing.id
        assert 0 < y < 5, thing.id
        assert 0 < z < 2.5, thing.id
