"""Stores that sleep between tasks, in the background."""

from __future__ import annotations

import threading
import time

import pytest

from engram.memory.check import check
from engram.memory.contract import Event, Percepts, Query, Source
from engram.memory.errors import DiskFullError, ReadOnlyFileError
from engram.memory.file import MemoryFile
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores
from engram.memory.testing import Notes

PATIENT = HippocampusConfig(deadline_secs=30.0, sleep_secs=30.0)
HASTY = HippocampusConfig(deadline_secs=0.3, sleep_secs=0.3)
DAY_NS = 86_400 * 10**9


class Dreamer(Notes):
    """Dreams of how many notes it has, unless it has dreamt since the last one."""

    def sleep(self, source, answer=None):
        self._hook("sleep")
        if not self.notes or self.notes[-1][1].startswith("dream"):
            return []
        return [Event(self.name, "add", source, {"id": f"dream-{len(self.notes)}", "text": f"dream of {self.count}"})]

    @property
    def count(self) -> int:
        return sum(not note[1].startswith("dream") for note in self.notes)

    @property
    def texts(self) -> list[str]:
        return [note[1] for note in self.notes]


class Gate:
    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self.opened.wait(30.0)


def fail() -> None:
    raise ZeroDivisionError("on purpose")


def step(number: int, outcome: str = "", stamp_ns: int | None = None) -> Percepts:
    source = Source("robot", "e", number, number if stamp_ns is None else stamp_ns)
    return Percepts(source, f"step {number}", task="put the mug away", outcome=outcome)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m"


def test_lessons_of_a_task_are_there_once_the_nap_after_it_is_over(path):
    with Hippocampus(path, default_stores(["episodic", "semantic"]), PATIENT) as memory:
        for number in range(4):
            memory.write(step(number, "success" if number else "blocked"))
            memory._nap.result(30.0)
        text = "tasks like 'put the mug away': succeeded in 3 of 4 attempts; failed of blocked (1)"
        before = memory.recall(Query("put the mug away")).hits
        assert text in {hit.text for hit in before["semantic"]}
        assert {event.source for _, event in memory.file.events() if event.kind == "lessons"} == {
            step(number).source for number in range(4)
        }
        version = memory.version
        assert memory.sleep() == version  # there is nothing more to learn
    with Hippocampus(path, default_stores(["episodic", "semantic"]), PATIENT) as memory:
        assert (memory.version, memory.newest) == (version, step(3).source)
        assert memory.recall(Query("put the mug away")).hits == before
        assert check(memory.file, default_stores(["episodic", "semantic"])).ok


def test_what_has_faded_is_archived_in_a_sleep(path):
    episodic, semantic = default_stores(["episodic", "semantic"])
    with Hippocampus(path, [episodic, semantic], PATIENT) as memory:
        memory.write(step(0, "success"))
        memory._nap.result(30.0)
        memory.write(step(1, "success", stamp_ns=400 * DAY_NS))
        assert memory.sleep() == memory.version
        assert [note.state for note in episodic.notebook.notes] == ["archived", "active"]


def test_a_step_does_not_wait_for_a_sleep(path):
    slow, quick, gate = Dreamer("slow"), Notes("quick"), Gate()
    slow.hooks["sleep"] = gate
    with Hippocampus(path, [slow, quick], HippocampusConfig(deadline_secs=0.3, sleep_secs=30.0)) as memory:
        start = time.perf_counter()
        memory.write(step(0, "success"))
        assert time.perf_counter() - start < 0.25
        assert gate.reached.wait(30.0)
        memory.write(step(1))
        assert [h.text for h in memory.recall(Query("step")).hits["quick"]] == ["step 1", "step 0"]
        gate.opened.set()
        memory._nap.result(30.0)
    assert slow.texts == ["step 0", "step 1", "dream of 2"]  # of what was late, and dreamt on closing


def test_a_sleep_that_a_change_overtakes_is_dropped_and_made_up_for(path):
    store, gate = Dreamer("a"), Gate()
    store.hooks["sleep"] = gate
    with Hippocampus(path, [store], HippocampusConfig(deadline_secs=0.3, sleep_secs=30.0)) as memory:
        memory.write(step(0, "success"))
        assert gate.reached.wait(30.0)
        memory.change([Event("a", "add", Source("robot", "e", 1, 1), {"id": "x", "text": "told"})])
        gate.opened.set()
        memory._nap.result(30.0)
        assert store.texts == ["step 0", "told"]
        memory.sleep()
        assert store.texts == ["step 0", "told", "dream of 2"]


def test_closing_sleeps_when_there_is_anything_new(path):
    for expected in (
        ["step 0", "dream of 1"],
        ["step 0", "dream of 1"],
        ["step 0", "dream of 1", "step 1", "dream of 2"],
    ):
        store = Dreamer("a")
        with Hippocampus(path, [store], PATIENT) as memory:
            if len(store.texts) != 2 or len(expected) > 2:
                memory.write(step(memory.version // 2))
        assert store.texts == expected


def test_a_nap_waits_for_a_pause_and_closing_for_neither(path):
    store = Dreamer()
    begin = time.monotonic()
    with Hippocampus(path, [store], HippocampusConfig(nap_after_secs=60.0, deadline_secs=30.0)) as memory:
        memory.write(step(0, "success"))
        assert not memory._nap.done()
        assert store.texts == ["step 0"]
    assert store.texts == ["step 0", "dream of 1"]
    assert time.monotonic() - begin < 30.0


def test_a_robot_that_never_pauses_naps_in_the_end(path):
    store = Dreamer()
    config = HippocampusConfig(nap_after_secs=60.0, nap_within_secs=0.01, deadline_secs=30.0)
    with Hippocampus(path, [store], config) as memory:
        memory.write(step(0, "success"))
        memory._nap.result(30.0)
        assert store.texts == ["step 0", "dream of 1"]


def test_without_naps_a_task_leaves_nothing_in_the_background(path):
    store = Dreamer("a")
    with Hippocampus(path, [store], HippocampusConfig(naps=False, deadline_secs=30.0)) as memory:
        memory.write(step(0, "success"))
        assert memory._nap is None
        assert store.texts == ["step 0"]
        memory.sleep()
        memory.write(step(1, "success"))
    assert store.texts == ["step 0", "dream of 1", "step 1", "dream of 2"]


def test_a_sleep_that_hangs_or_fails_costs_its_store_only_the_sleep(path):
    hangs, fails, sound, gate = Dreamer("hangs"), Dreamer("fails"), Dreamer("sound"), Gate()
    hangs.hooks["sleep"], fails.hooks["sleep"] = gate, fail
    start = time.perf_counter()
    with Hippocampus(path, [hangs, fails, sound], HASTY) as memory:
        memory.write(step(0, "success"))
        memory._nap.result(30.0)
        health = memory.health()
        assert {name: h.state for name, h in health.items()} == {"hangs": "late", "fails": "ready", "sound": "ready"}
        assert "sleep of store 'hangs' is late" in health["hangs"].fault
        assert "ZeroDivisionError" in health["fails"].fault
        assert [h.dropped for h in health.values()] == [0, 0, 0]
        assert (hangs.texts, fails.texts, sound.texts) == (["step 0"], ["step 0"], ["step 0", "dream of 1"])
        memory.write(step(1))
    assert time.perf_counter() - start < 10.0  # closing did not wait for it
    gate.opened.set()
    with Hippocampus(path, [Dreamer(name) for name in ("hangs", "fails", "sound")], PATIENT) as memory:
        memory.sleep()
        assert all(store.store.texts[-1].startswith("dream") for store in memory._lanes.values())


def test_a_sleep_without_room_on_the_disk_leaves_memory_as_it_was(path, caplog):
    store = Dreamer("a")
    with Hippocampus(path, [store], PATIENT) as memory:
        memory.write(step(0))
        commit = memory.file.commit

        def full(drafts):
            if drafts:
                raise DiskFullError(path)
            return commit(drafts)

        memory.file.commit = full
        with pytest.raises(DiskFullError):
            memory.sleep()
        memory._take_nap()
        assert "sleep failed" in caplog.text
        assert (memory.version, store.texts) == (1, ["step 0"])
        memory.file.commit = commit
        assert memory.sleep() == 2


def test_nobody_sleeps_in_an_empty_or_read_only_memory(path):
    with Hippocampus(path, [Dreamer("a")], PATIENT) as memory:
        assert memory.newest is None
        assert memory.sleep() == 0
    reader = Hippocampus(path, [Dreamer("a")], HippocampusConfig(read_only=True))
    with reader, pytest.raises(ReadOnlyFileError):
        reader.sleep()
    with MemoryFile(path) as file:
        assert file.last == 0
