import numpy as np
import pytest

from engram.memory.consolidation import ConsolidationConfig, clusters, consolidate
from engram.memory.contract import Percepts, Source
from engram.memory.episodic import EpisodicStore
from engram.memory.semantic import SemanticConfig, SemanticStore


def attempt(stores: list[EpisodicStore | SemanticStore], number: int, task: str, outcome: str) -> None:
    percepts = Percepts(Source("robot", f"e{number}", 1, number * 10**9), "tried it", task=task, outcome=outcome)
    for events, store in [(store.propose(percepts), store) for store in stores]:
        for event in events:
            store.apply(event)


def test_clusters_by_hand() -> None:
    vectors = [np.array(v, np.float32) for v in ((1, 0), (0, 1), (0.8, 0.6), (0.28, 0.96))]
    assert clusters(vectors, 0.75) == [[0, 2], [1, 3]]
    assert clusters(vectors, 0.99) == [[0], [1], [2], [3]]
    assert clusters([], 0.5) == []


def test_attempts_that_resemble_each_other_become_one_lesson() -> None:
    store = EpisodicStore()
    outcomes = ["success", "no_space", "no_space", "success", "no_space", "blocked"]
    for number, outcome in enumerate(outcomes):
        attempt([store], number, f"tidy the socks in room {number}", outcome)
    attempt([store], 9, "water a plant", "success")
    (found,) = consolidate(store.attempts(), ConsolidationConfig(cosine=0.5))
    assert found.text == (
        "tasks like 'tidy the socks in room 0': succeeded in 2 of 6 attempts; failed of no_space (3), blocked (1)"
    )
    assert (found.level, found.support, found.against) == ("task", 4, 2)
    assert found.data["episodes"][0] == "episode:robot:e0:1"
    assert len(found.data["episodes"]) == 6


def slept(semantic: SemanticStore, episodic: EpisodicStore, number: int) -> int:
    """Let it sleep after an attempt, and return how many changes that brought."""
    source = Source("robot", f"e{number}", 1, number * 10**9)
    events = semantic.sleep(source, semantic.ask(episodic, source))
    for event in events:
        semantic.apply(event)
    return len(events)


def test_sleep_revises_its_lesson_instead_of_adding_more() -> None:
    episodic, semantic = EpisodicStore(), SemanticStore()
    for number in range(5):
        attempt([episodic, semantic], number, "set the table", "success" if number < 3 else "blocked")
        assert slept(semantic, episodic, number) == (number > 0)  # one attempt teaches nothing yet
    (lesson,) = [note for note in semantic.notebook.notes if note.text.startswith("tasks like")]
    assert lesson.text == "tasks like 'set the table': succeeded in 3 of 5 attempts; failed of blocked (2)"
    assert (lesson.support, lesson.against, lesson.version) == (3, 2, 4)
    assert lesson.belief == pytest.approx(4 / 7)
    assert slept(semantic, episodic, 4) == 0


def test_switched_off() -> None:
    store = EpisodicStore()
    for number in range(3):
        attempt([store], number, "same", "success")
    assert consolidate(store.attempts(), ConsolidationConfig(enabled=False)) == []
    assert len(consolidate(store.attempts())) == 1


def test_a_cluster_is_known_by_its_attempts_when_the_oldest_are_out_of_view() -> None:
    episodic = EpisodicStore()
    semantic = SemanticStore(SemanticConfig(consolidation=ConsolidationConfig(recent=3)))
    for number in range(6):
        attempt([episodic, semantic], number, f"set the table number {number}", "success")
        slept(semantic, episodic, number)
    (lesson,) = [note for note in semantic.notebook.notes if note.text.startswith("tasks like")]
    assert lesson.text == "tasks like 'set the table number 3': succeeded in 3 of 3 attempts"
    assert lesson.data["episodes"][-1] == "episode:robot:e5:1"
