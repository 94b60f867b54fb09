"""The three stores behind the facade, in a file."""

from pathlib import Path

from engram.memory.contract import Percepts, Query, Source, Store
from engram.memory.episodic import EpisodicStore
from engram.memory.hippocampus import Hippocampus
from engram.memory.semantic import SemanticStore
from engram.memory.temporal import TemporalStore


def stores() -> list[Store]:
    return [TemporalStore(), EpisodicStore(), SemanticStore()]


def percepts(episode: int, step: int) -> Percepts:
    last = step == 3
    source = Source("robot", f"e{episode}", step, (10 * episode + step) * 10**9)
    action = {"verb": "pick", "target": "Mug_1", "outcome": "ok" if step < 3 else "unreachable"}
    outcome = ("success" if episode else "unreachable") if last else ""
    return Percepts(source, f"picked at shelf {step}", action=action, task="collect the mugs", outcome=outcome)


def test_written_recalled_and_replayed(tmp_path: Path) -> None:
    path, question = tmp_path / "memory.engram", Query("collect the mugs", limit=3)
    with Hippocampus(path, stores()) as memory:
        for episode in range(4):
            for step in range(1, 4):
                memory.write(percepts(episode, step))
        memory.sleep()
        before = memory.recall(question)
        version = memory.version
    assert not before.failed
    assert len(before.hits["temporal"]) == 3
    assert before.hits["episodic"][0].data["task"] == "collect the mugs"
    lessons = {hit.text for hit in before.hits["semantic"]}
    assert "tasks like 'collect the mugs': succeeded in 3 of 4 attempts; failed of unreachable (1)" in lessons
    with Hippocampus(path, stores()) as memory:
        assert memory.version == version
        assert memory.recall(question).hits == before.hits
