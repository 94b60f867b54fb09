"""Kitchens at training seeds, and a body in them that sees with the world's own masks."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from engram.agents.body import Body
from engram.agents.situation import Situation, TidyConfig
from engram.agents.verify import Watched
from engram.evaluation.oracles import mask_detector
from engram.planners.contract import Step
from engram.planners.placement import PlacementPrior
from engram.planners.symbolic.domain import BUDGETS
from engram.sims.contract import Outcome


class Household:
    """A house, the body in it, and what the truth says."""

    def __init__(self, seed, rooms=("Kitchen",), budgets=BUDGETS, **options):
        self.world = gymnasium.make("engram/House-v0", disable_env_checker=True, max_steps=3000).unwrapped
        self.observation, _ = self.world.reset(seed=seed, options={"rooms": list(rooms), **options})
        self.budgets, self.idle, self.positions = dict(budgets), False, {}
        self.wake()

    def wake(self):
        """Begin anew with nothing known, as after a crash."""
        self.sit = Situation(TidyConfig(max_steps=3000), Watched(mask_detector(self.world)), PlacementPrior.load())
        self.body = Body(
            self.sit,
            lambda name: (name.partition("_")[0], self.positions.get(name)),
            lambda kind, at: f"{kind}_seen",
            self.budgets,
        )
        self.body.perceive(self.observation)

    def act(self, action):
        self.body.decided(action)
        if self.idle:  # an actuator that does nothing, and says that it did
            self.observation = {**self.observation, "outcome": int(Outcome.OK)}
        else:
            self.observation, *_ = self.world.step(action)
        self.body.perceive(self.observation)

    def do(self, skill, *args, cancel_after=None):
        """Carry a step out and return its result."""
        script, taken, results = self.body.run(Step(skill, args)), 0, []

        def ended():
            results.append((yield from script))

        for action in ended():
            self.act(action)
            taken += 1
            if taken == cancel_after:
                self.body.cancel()
        assert results[0].actions == taken
        return results[0]

    def all(self, *categories):
        return [t for t in self.world.truth.objects() if t.category in categories]

    def one(self, category):
        return self.all(category)[0]

    def thing(self, name):
        return next(t for t in self.world.truth.objects() if t.id == name)

    def away_m(self, place):
        return float(np.hypot(*(np.array(place[:2]) - self.observation["base"][:2])))


@pytest.fixture
def household():
    made = []

    def make(seed, **choices):
        made.append(Household(seed, **choices))
        made[-1].do("explore")
        return made[-1]

    yield make
    for each in made:
        each.world.close()
