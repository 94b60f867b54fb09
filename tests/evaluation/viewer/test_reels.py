from __future__ import annotations

import sqlite3

import pytest

from engram.evaluation.viewer.reels import NotYetError, Reel, ReelConfig, StoreUnreadableError
from engram.memory.contract import Percepts, Source
from engram.memory.file import MemoryFile
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.testing import Notes

WRITES = 40


@pytest.fixture
def path(tmp_path):
    with Hippocampus(tmp_path / "m", [Notes()], HippocampusConfig(snapshot_events=0)) as opened:
        for step in range(WRITES):
            opened.write(Percepts(Source("r", "e", step, step), summary=f"note {step}"))
    return tmp_path / "m"


def texts(reel, version):
    with reel.at(version) as store:
        return [note[1] for note in store.notes]


@pytest.mark.parametrize("order", [range(WRITES + 1), range(WRITES, -1, -1), [7, 33, 2, 40, 0, 20, 20, 19]])
def test_a_reel_shows_any_version_in_any_order(path, order):
    with MemoryFile(path, read_only=True) as log:
        reel = Reel(log, Notes(), ReelConfig(mark_secs=0.0, marks=4))
        for version in order:
            assert texts(reel, version) == [f"note {k}" for k in range(version)]


def test_a_long_replay_goes_on_where_it_stopped(path):
    with MemoryFile(path, read_only=True) as log:
        reel = Reel(log, Notes(), ReelConfig(move_secs=0.0))
        shares = []
        for _ in range(WRITES):
            try:
                found = texts(reel, WRITES - 1)
                break
            except NotYetError as error:
                shares.append(error.share)
        assert found == [f"note {k}" for k in range(WRITES - 1)]
        assert len(shares) == WRITES - 1
        assert shares == sorted(shares)
        assert texts(reel, WRITES - 1) == found


def test_a_partial_look_shows_how_far_it_came(path):
    with MemoryFile(path, read_only=True) as log:
        reel = Reel(log, Notes(), ReelConfig(move_secs=0.0))
        for count in range(1, 4):
            with reel.at(WRITES - 1, partial=True) as store:
                assert len(store.notes) == count
            assert reel.reached == count


def test_a_snapshot_that_cannot_be_read_is_passed_over(path):
    log = sqlite3.connect(path)
    log.execute("UPDATE snapshots SET state = x'00'")
    log.commit()
    log.close()
    with MemoryFile(path, read_only=True) as log:
        assert len(texts(Reel(log, Notes()), WRITES)) == WRITES
        slow = Reel(log, Notes(), ReelConfig(move_secs=0.0))
        for count in range(1, 5):  # and what was replayed instead is not begun anew
            with slow.at(WRITES, partial=True):
                assert slow.reached == count


def test_the_newest_version_comes_from_the_snapshot(path):
    applied = []
    store = Notes()
    store.hooks["apply"] = lambda: applied.append(1)
    with MemoryFile(path, read_only=True) as log:
        assert len(texts(Reel(log, store), WRITES)) == WRITES
    assert applied == []


def test_going_back_costs_no_more_than_the_way_from_the_mark_before(path):
    applied = []
    store = Notes()
    store.hooks["apply"] = lambda: applied.append(1)
    with MemoryFile(path, read_only=True) as log:
        reel = Reel(log, store, ReelConfig(mark_secs=0.0, marks=WRITES))
        texts(reel, WRITES - 1)
        applied.clear()
        texts(reel, 20)
    assert len(applied) <= 1


def test_a_store_that_fails_says_so_and_recovers(path):
    broken = [True]

    def fail():
        if broken:
            raise ValueError("not today")

    store = Notes()
    store.hooks["apply"] = fail
    with MemoryFile(path, read_only=True) as log:
        reel = Reel(log, store)
        with pytest.raises(StoreUnreadableError, match="not today"):
            texts(reel, 5)
        assert reel.fault == "ValueError: not today"
        broken.clear()
        assert len(texts(reel, 5)) == 5
        assert reel.fault == ""


def test_dropped_events_cannot_be_seen(path):
    with Hippocampus(path, [Notes()], HippocampusConfig()):
        pass
    with MemoryFile(path) as log:
        log.compact(1, drop_events=True)
    with Hippocampus(path, [Notes()], HippocampusConfig(snapshot_events=0)) as opened:
        opened.write(Percepts(Source("r", "e", WRITES, WRITES), summary="later"))
    with MemoryFile(path, read_only=True) as log:
        reel = Reel(log, Notes())
        assert texts(reel, WRITES + 1)[-1] == "later"
        with pytest.raises(StoreUnreadableError, match="dropped"):
            texts(reel, 10)
        assert len(texts(reel, WRITES)) == WRITES
