from __future__ import annotations

import json
import os

from engram.memory.contract import Event, Source
from engram.memory.export import intact_rows, lines
from engram.memory.file import MemoryFile


def test_a_header_and_one_event_a_line(tmp_path):
    with MemoryFile(tmp_path / "m", robot="r1") as file:
        file.append([Event("notes", "add", Source("r1", "e1", 4, 4_000_000), {"text": "Küche", "id": "n\n1"})])
        header, line = lines(file)
        created = int(file.meta("created_ns"))
    assert json.loads(header) == {"engram_memory": 1, "robot": "r1", "created_ns": created, "base": 0}
    assert "\n" not in line
    assert json.loads(line) == {
        "seq": 1, "store": "notes", "kind": "add", "robot": "r1", "episode": "e1", "step": 4, "stamp_ns": 4_000_000,
        "data": {"id": "n\n1", "text": "Küche"},
    }  # fmt: skip


def test_a_torn_page_costs_only_its_own_events(tmp_path):
    path = tmp_path / "m"
    with MemoryFile(path) as file:
        file.append([Event("notes", "add", Source("r", "e", k, k), {"text": "y" * 500}) for k in range(300)])
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = os.urandom(4096)
    path.write_bytes(data)
    with MemoryFile(path, read_only=True) as file:
        found = [row.step for row in intact_rows(file)]
    lost = sorted(set(range(300)) - set(found))
    assert 1 <= len(lost) <= 8
    assert lost == list(range(lost[0], lost[-1] + 1))
    assert found == sorted(found)
