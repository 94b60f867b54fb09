from __future__ import annotations

import gymnasium
import pytest

from engram.agents.brain import Brain, BrainConfig
from engram.agents.household import HouseholdAgent, HouseholdConfig
from engram.agents.scribe import Scribe
from engram.agents.situation import TidyConfig
from engram.evaluation.oracles import mask_detector
from engram.evaluation.runner import run_episode
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores
from engram.planners.contract import AT, Plan, Step
from engram.sims.contract import Outcome

TASK = "Put a mug in the fridge."
STORES = ("objects", "graph", "temporal", "episodic", "semantic")


class MugIntoFridge:
    """Looks around, opens the fridge, and puts the first mug in it that it has seen."""

    def plan(self, goal, beliefs, feedback=()):
        names = {kind: [t.name for t in beliefs.things.values() if t.kind == kind] for kind in ("Mug", "Fridge")}
        if not beliefs.explored:
            return Plan((Step("explore"),))
        if not all(names.values()):
            return Plan(refusal="not_found")
        mug, fridge = beliefs.held or names["Mug"][0], names["Fridge"][0]
        if beliefs.holds(AT, mug, fridge):
            return Plan()
        steps = [] if beliefs.held else [Step("pick", (mug,))]
        return Plan((*steps, Step("open", (fridge,)), Step("place", (fridge,))))


class House:
    """A kitchen, and an agent in it with a memory."""

    def __init__(self, path, seed=3, steps=900, brain=None):
        self.world = gymnasium.make("engram/House-v0", disable_env_checker=True, max_steps=steps).unwrapped
        stores = default_stores(STORES)
        self.memory = Hippocampus(path, stores, HippocampusConfig(naps=False, deadline_secs=10.0))
        self.scribe = Scribe(self.memory, stores)
        config = brain or BrainConfig(max_steps=12, settle_secs=10.0)
        self.brain = Brain(self.scribe, lambda where: MugIntoFridge(), config)
        self.agent = HouseholdAgent(
            TASK, self.brain, mask_detector(self.world), HouseholdConfig(skills=TidyConfig(max_steps=steps))
        )

    def run(self, seed=3):
        self.episode = run_episode(self.world, self.agent, seed, {"rooms": ["Kitchen"]})
        return self.agent.ending

    def close(self):
        self.scribe.close()
        self.memory.close()
        self.world.close()


@pytest.fixture
def house(tmp_path):
    made = []

    def make(**choices):
        made.append(House(tmp_path / "memory.db", **choices))
        return made[-1]

    yield make
    for each in made:
        each.close()


def mugs_in_fridge(house):
    return [t.id for t in house.world.truth.objects() if t.category == "Mug" and "Fridge_1" in t.receptacles]


@pytest.mark.slow
def test_a_task_is_done_and_claimed_by_what_was_seen(house):
    kitchen = house()
    ending = kitchen.run()
    assert ending.claimed, (ending.reason, ending.text, [str(r.step) + r.outcome for r in ending.steps])
    assert len(mugs_in_fridge(kitchen)) == 1
    assert ending.moves == len(kitchen.episode.steps) - 1


@pytest.mark.slow
def test_a_hand_that_does_nothing_makes_no_success(house):
    kitchen = house()
    act = kitchen.world._act
    kitchen.world._act = lambda verb, point: Outcome.OK if verb.takes_point else act(verb, point)
    ending = kitchen.run()
    assert not ending.claimed
    assert mugs_in_fridge(kitchen) == []
    assert not kitchen.scribe.objects.held
