from __future__ import annotations

import random

from engram.memory.crashes import crash


def test_a_killed_writer_loses_nothing_at_25_random_points(tmp_path):
    rng = random.Random(0)
    crashes = [crash(tmp_path / f"{k // 5}.engram", rng.uniform(0.0, 0.06)) for k in range(25)]
    assert [c.problems for c in crashes] == [()] * 25
    assert sum(c.acknowledged > 0 for c in crashes) >= 10
    for group in range(0, 25, 5):  # five crashes of one file
        found = [c.found for c in crashes[group : group + 5]]
        assert found == sorted(found)
