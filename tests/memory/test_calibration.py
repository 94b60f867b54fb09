"""Whether confidence means something: noisy views of small worlds whose things move while nobody looks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engram.memory.contract import Percepts, Query, Seen, Source
from engram.memory.graph.store import GraphStore
from engram.memory.objects import ObjectStore

LABELS = ("Mug", "Bowl", "Book", "Phone")
TABLES = [(3.0 * math.cos(a), 3.0 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 6, endpoint=False)]
SLOTS = [(x + dx, y + dy, 0.85) for x, y in TABLES for dx in (-0.3, 0.3) for dy in (-0.3, 0.3)]
MINUTE_NS = 60 * 10**9


class World:
    """Things on tables. The robot looks at a table a minute, misses some things and takes some for others."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        slots = self.rng.permutation(len(SLOTS))[:12].tolist()
        self.things = dict(zip(slots, self.rng.choice(LABELS, 12).tolist(), strict=True))  # label by slot
        self.objects = ObjectStore()
        self.graph = GraphStore(associate=self.objects.associate)
        for step in range(60):
            self.live()
            percepts = self.look(step, int(self.rng.integers(len(TABLES))))
            events = [(s, e) for s in (self.objects, self.graph) for e in s.propose(percepts)]
            for store, event in events:
                store.apply(event)

    def live(self):
        """Somebody moves a thing now and then."""
        if self.rng.random() < 0.1:
            free = [s for s in range(len(SLOTS)) if s not in self.things]
            old = list(self.things)[int(self.rng.integers(len(self.things)))]
            self.things[int(self.rng.choice(free))] = self.things.pop(old)

    def look(self, step, table):
        rng, (x, y) = self.rng, TABLES[table]
        eye = (x / 2, y / 2, 1.5)
        seen = [Seen("Table", 0.95, (x, y, 0.4), (1.0, 1.0, 0.8), "Floor")]
        rays = []
        for slot in range(4 * table, 4 * table + 4):
            at = np.array(SLOTS[slot])
            aimed = at + rng.uniform(-0.03, 0.03, (40, 3)) - eye
            through = slot not in self.things or rng.random() < 0.05  # glass, thin parts, depth that fails
            rays.append(np.asarray(eye) + aimed * (1.5 if through else 1.0))
            if slot in self.things and rng.random() < 0.85:
                score = float(rng.uniform(0.5, 1.0))
                others = [name for name in LABELS if name != self.things[slot]]
                label = self.things[slot] if rng.random() < score else str(rng.choice(others))
                seen.append(Seen(label, score, tuple((at + rng.normal(0, 0.02, 3)).tolist()), (0.1, 0.1, 0.1), "Table"))
        points = np.concatenate(rays).astype(np.float32)
        return Percepts(Source("r", "e", step, step * MINUTE_NS), things=seen, points=points, camera_m=eye)

    def label_at(self, at_m):
        return next((name for slot, name in self.things.items() if math.dist(SLOTS[slot], at_m) < 0.3), None)

    def claims_of_things(self):
        """(confidence, truth) of every answer about where a thing of a name is."""
        for name in LABELS:
            for hit in self.objects.recall(Query(name, limit=99)):
                if hit.data["label"] == name and hit.data["state"] != "removed":
                    yield hit.confidence, self.label_at(hit.position_m) == name

    def claims_of_facts(self):
        """(confidence, truth) of every fact that something lies on a table."""
        for edge in self.graph.graph.current():
            if edge.relation == "on" and edge.object.startswith("Table"):
                yield edge.confidence(60 * MINUTE_NS), self.label_at(edge.position_m) is not None


@pytest.fixture(scope="module")
def worlds():
    return [World(seed) for seed in range(24)]


def brier(confidence, truth):
    return float(np.mean((confidence - truth) ** 2))


def ece(confidence, truth, bins=10):
    """Expected calibration error: gap between mean confidence and share of truth, over bins of equal width."""
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs((confidence - truth)[bin_of == b].sum()) for b in range(bins)]
    return sum(gaps) / len(truth)


@pytest.mark.parametrize("claims", [World.claims_of_things, World.claims_of_facts], ids=["things", "facts"])
def test_confidence_beats_a_constant(worlds, claims):
    pairs = [pair for world in worlds for pair in claims(world)]
    confidence, truth = np.array(pairs, np.float64).T
    share = float(truth.mean())
    assert 0.8 < share < 0.95  # neither is trivial
    assert brier(confidence, truth) < 0.97 * share * (1 - share)  # of the constant that fits best
    assert ece(confidence, truth) < min(0.1, 0.8 * (1 - share))  # of one that is always sure


@pytest.mark.parametrize("claims", [World.claims_of_things, World.claims_of_facts], ids=["things", "facts"])
def test_the_doubtful_are_wrong_more_often(worlds, claims):
    pairs = sorted(pair for world in worlds for pair in claims(world))
    half = len(pairs) // 2
    doubtful, sure = (np.mean([truth for _, truth in part]) for part in (pairs[:half], pairs[half:]))
    assert sure > doubtful + 0.1
