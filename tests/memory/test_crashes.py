from __future__ import annotations

import random

from engram.memory.crashes import crash
from engram.memory.file import MemoryFile


def test_a_killed_writer_loses_nothing_at_19_random_points(tmp_path):
    rng = random.Random(0)
    crashes = [crash(tmp_path / f"{k // 5}.engram", rng.uniform(0.0, 0.03), k % 5) for k in range(19)]
    assert [c.problems for c in crashes] == [()] * 19
    assert all(c.acknowledged > 0 for k, c in enumerate(crashes) if k % 5)
    for group in range(0, 19, 5):  # crashes of one file
        found = [c.found for c in crashes[group : group + 5]]
        assert found == sorted(found)


def test_a_killed_robot_answers_as_its_log_says_at_6_random_points(tmp_path):
    rng = random.Random(1)
    path = tmp_path / "robot.engram"
    crashes = [crash(path, rng.uniform(0.0, 0.05), rng.randrange(15) if k else 0, real=True) for k in range(6)]
    assert [c.problems for c in crashes] == [()] * 6
    found = [c.found for c in crashes]
    assert found == sorted(found)
    assert found[-1] > 100
    with MemoryFile(path, read_only=True) as file:
        kinds = {event.kind for _, event in file.events(store="semantic")}
        assert "lessons" in kinds
        assert len(file.snapshots()) > len(file.counts())  # some were taken, and replay began from them
