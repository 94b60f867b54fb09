"""A second attempt at a task needs fewer steps than the first when memory is kept, over 100 seeds (a paired test)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from engram.memory.answers import answers
from engram.memory.contract import Percepts, Query, Seen, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores

SEEDS = 100
THINGS = ("Mug", "Apple", "Book", "Keys")
FURNITURE = ("Cabinet", "Drawer", "Fridge", "Shelf", "Desk", "Table", "Sink", "Bed", "Sofa", "Safe")
SHUT = frozenset({"Cabinet", "Drawer", "Fridge", "Safe"})  # what is in these is seen only once they are opened
VISIT_STEPS = 2  # at most: to go there, and to open it
QUESTION = "where is the {}?"


@dataclass
class House:
    """Places in a room, and what lies at each; an agent sees only the place where it stands."""

    at_m: dict[str, tuple[float, float]]
    holder: dict[str, str]  # thing -> place

    @classmethod
    def of(cls, seed: int) -> House:
        rng = np.random.default_rng(seed)
        spots = rng.permutation(20)[: len(FURNITURE)]
        at_m = {place: (2.0 * float(k % 5), 2.0 * float(k // 5)) for place, k in zip(FURNITURE, spots, strict=True)}
        return cls(at_m, {thing: str(rng.choice(FURNITURE)) for thing in THINGS})

    def seen(self, place: str, opened: bool) -> list[Seen]:
        x, y = self.at_m[place]
        here = [Seen(place, 0.95, (x, y, 0.4), (0.6, 0.6, 0.8), "Floor")]
        if place in SHUT and not opened:
            return here
        inside = [thing for thing in THINGS if self.holder[thing] == place]
        return here + [Seen(t, 0.9, (x + 0.1 * k, y, 0.85), (0.1, 0.1, 0.1), place) for k, t in enumerate(inside)]


@dataclass
class Agent:
    """Goes where memory says the thing was, then everywhere else; tells memory of every step."""

    house: House
    memory: Hippocampus | None
    target: str
    episode: int
    steps: int = 0

    def attempt(self, order: list[str]) -> int:
        """Return the steps it took to pick up the target."""
        task = f"bring the {self.target}"
        remembered = self._remembered()
        for place in dict.fromkeys([*remembered, *order]):
            self._step(f"Went to the {place}.", place, False, task)
            if place in SHUT:
                self._step(f"Opened the {place}.", place, True, task)
            if self.house.holder[self.target] == place:
                self._step(f"Picked the {self.target}.", place, True, task, "success")
                return self.steps
        raise AssertionError("the target is nowhere")

    def _remembered(self) -> list[str]:
        """Return the place where memory saw the target last, if it did."""
        if self.memory is None:
            return []
        question = QUESTION.format(self.target)
        hits = answers(self.memory.recall(Query(question)), question)
        found = [h for h in hits if h.data.get("label") == self.target and h.position_m is not None]
        if not found:
            return []
        x, y, _ = max(found, key=lambda h: h.source.stamp_ns).position_m
        return [min(self.house.at_m, key=lambda p: np.hypot(self.house.at_m[p][0] - x, self.house.at_m[p][1] - y))]

    def _step(self, summary: str, place: str, opened: bool, task: str, outcome: str = "") -> None:
        self.steps += 1
        if self.memory is None:
            return
        source = Source("r", f"attempt-{self.episode}", self.steps, (1000 * self.episode + self.steps) * 10**9)
        things, base = self.house.seen(place, opened), (*self.house.at_m[place], 0.0)
        self.memory.write(Percepts(source, summary, things, base=base, outcome=outcome, task=task))


def attempt(memory: Hippocampus | None, house: House, seed: int, episode: int) -> int:
    """Return the steps of an attempt; each would search in an order of its own."""
    order = [str(p) for p in np.random.default_rng((seed, episode)).permutation(FURNITURE)]
    return Agent(house, memory, THINGS[seed % len(THINGS)], episode).attempt(order)


def opened(path: Path) -> Hippocampus:
    return Hippocampus(path, default_stores(), HippocampusConfig(deadline_secs=60.0, parallel=False))


def move(house: House, seed: int) -> None:
    target = THINGS[seed % len(THINGS)]
    elsewhere = [place for place in FURNITURE if place != house.holder[target]]
    house.holder[target] = str(np.random.default_rng((seed, 99)).choice(elsewhere))


@pytest.fixture(scope="module")
def steps(tmp_path_factory) -> dict[str, np.ndarray]:
    """Steps of each kind of attempt, (100,) each, paired by seed."""
    folder = tmp_path_factory.mktemp("attempts")
    rows = []
    for seed in range(SEEDS):
        house, kept = House.of(seed), folder / str(seed)
        with opened(kept) as memory:
            first = attempt(memory, house, seed, 1)
        with opened(folder / f"{seed}-wiped") as memory:
            wiped = attempt(memory, house, seed, 2)
        with opened(kept) as memory:
            second = attempt(memory, house, seed, 2)
            move(house, seed)
            blank = attempt(None, house, seed, 3)
            stale = attempt(memory, house, seed, 3)
            after = attempt(memory, house, seed, 4)
        rows.append((first, second, wiped, stale, blank, after))
    names = ("first", "second", "wiped", "stale", "blank", "after")
    return dict(zip(names, np.array(rows).T, strict=True))


def p_fewer(fewer: np.ndarray, more: np.ndarray) -> float:
    """Return the p-value of the paired sign test that the one needs fewer steps than the other."""
    wins, losses = int((fewer < more).sum()), int((fewer > more).sum())
    return float(binomtest(wins, wins + losses, alternative="greater").pvalue)


def test_a_second_attempt_needs_fewer_steps_than_the_first(steps):
    assert p_fewer(steps["second"], steps["first"]) < 1e-9
    assert steps["second"].mean() < 0.5 * steps["first"].mean()


def test_it_is_memory_that_makes_the_difference(steps):
    assert p_fewer(steps["second"], steps["wiped"]) < 1e-9
    assert p_fewer(steps["wiped"], steps["first"]) > 0.05  # without memory a second attempt is a first one


def test_a_thing_that_was_moved_costs_one_visit_at_most(steps):
    assert (steps["stale"] - steps["blank"]).max() <= VISIT_STEPS
    assert steps["stale"].mean() - steps["blank"].mean() <= 1.0


def test_where_it_was_moved_to_is_remembered_next(steps):
    assert p_fewer(steps["after"], steps["stale"]) < 1e-9
    assert steps["after"].mean() < 0.5 * steps["blank"].mean()
