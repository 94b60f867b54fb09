"""What every log does, kept by a file or by a server."""

from __future__ import annotations

import random

import pytest

from engram.memory import errors
from engram.memory.check import check
from engram.memory.contract import Event, HippocampusError, Percepts, Query, Source
from engram.memory.crashes import crash
from engram.memory.export import lines
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.log import open_log
from engram.memory.packing import pack, unpack
from engram.memory.records import to_row
from engram.memory.testing import Notes


@pytest.fixture(params=["file", "server"])
def place(request, tmp_path):
    return str(tmp_path / "m.engram") if request.param == "file" else request.getfixturevalue("database")


def note(number: int, text: str = "", store: str = "notes") -> Event:
    source = Source("robot", "e1", number, number * 1_000_000)
    return Event(store, "add", source, {"id": f"{store}-{number}", "text": text or f"text {number}"})


def fill(log, count: int, store: str = "notes") -> Notes:
    live = Notes(store)
    for number in range(count):
        log.append([note(number, store=store)])
        live.apply(note(number, store=store))
    return live


def test_events_come_back_in_order_and_as_they_were(place):
    odd = note(3, "Küche \x1f \x00 ✓ \\ \" ' {1,2}")
    with open_log(place) as log:
        assert (log.last, log.base, log.append([])) == (0, 0, 0)
        assert log.append([note(1), note(2)]) == 2
        assert log.append([odd]) == 3
    with open_log(place) as log:
        assert (log.robot, log.last) == ("robot", 3)
        assert list(log.events()) == [(1, note(1)), (2, note(2)), (3, odd)]
        assert [seq for seq, _ in log.events(after=1, upto=2)] == [2]
        assert list(log.rows())[2] == to_row(3, odd, list(log.rows())[2].data)
        assert log.size_bytes() > 0


def test_pages_of_the_log_join_and_stores_are_told_apart(place):
    with open_log(place) as log:
        log.append([note(k, store="b" if k % 5 == 0 else "a") for k in range(2500)])
        assert [seq for seq, _ in log.events()] == list(range(1, 2501))
        assert [seq for seq, _ in log.events(store="b")] == list(range(1, 2501, 5))
        assert log.counts() == {"a": 2000, "b": 500}


def test_an_event_that_is_not_json_adds_nothing(place):
    with open_log(place) as log:
        with pytest.raises(ValueError, match="JSON compliant"):
            log.append([note(1), Event("notes", "add", note(1).source, {"x": float("nan")})])
        assert log.append([note(1)]) == 1


def test_replay_is_equal_with_and_without_snapshots_and_in_the_past(place):
    empty = Notes().dump()
    with open_log(place) as log:
        live = fill(log, 10)
        again = Notes()
        assert log.replay(again, empty) == 10
        assert again.dump() == live.dump()
        log.save_snapshot("notes", 10, live.dump())
        assert log.load_snapshot("notes", 10) == live.dump()
        log.append([note(10)])
        live.apply(note(10))
        for upto, expected in ((None, live.notes), (10, live.notes[:10]), (4, live.notes[:4])):
            log.replay(again, empty, upto)
            assert again.notes == expected
        assert check(log, [Notes()]).problems == ()
        with pytest.raises(errors.CorruptFileError, match="snapshot 7 of store 'notes' is damaged or missing"):
            log.load_snapshot("notes", 7)


class Packed(Notes):
    """Notes of a second layout."""

    def dump(self):
        return pack(self.notes, {}, layout=2)

    def load(self, state):
        self.notes = unpack(state, layout=2)[0]


def test_a_snapshot_of_another_layout_is_passed_over_for_an_older_one_or_the_log(place, caplog):
    with open_log(place) as log:
        live = fill(log, 4)
        log.save_snapshot("notes", 3, pack(live.notes[:3], {}, layout=1))
        again = Packed()
        assert log.replay(again, Packed().dump()) == 4  # from the log
        assert again.notes == live.notes
        assert (
            "snapshot 3 of store 'notes' is passed over: StateError: the state of a store has layout 1" in caplog.text
        )
        log.save_snapshot("notes", 2, pack([["a", "of the snapshot"]], {}, layout=2))
        log.replay(again, Packed().dump())
        assert again.notes == [["a", "of the snapshot"], *live.notes[2:]]
        with pytest.raises(errors.CorruptFileError):
            log.load_snapshot("notes", 4)


def test_a_store_that_fails_on_a_snapshot_is_replayed_from_the_log(place):
    with open_log(place) as log:
        live = fill(log, 4)
        log.save_snapshot("notes", 3, b"[[1, 2], 3")
        again = Notes()
        log.replay(again, Notes().dump())
        assert again.notes == live.notes


def test_without_its_events_a_snapshot_that_cannot_be_read_is_an_error(place):
    with open_log(place) as log:
        live = fill(log, 4)
        log.save_snapshot("notes", 4, live.dump())
        log.compact(drop_events=True)
        with pytest.raises(errors.CorruptFileError, match="no intact snapshot at or before event 4, as this version"):
            log.replay(Packed(), Packed().dump())


def test_check_says_what_it_cannot_compare_and_finds_what_is_wrong_beside_it(place):
    with open_log(place) as log:
        live = fill(log, 4)
        log.save_snapshot("notes", 3, pack(live.notes[:3], {}, layout=1))
        log.save_snapshot("notes", 4, pack(live.notes, {}, layout=2))
        report = check(log, [Packed()])
        assert (report.ok, report.replayed, len(report.notes)) == (True, ("notes",), 1)
        assert "store 'notes' at event 3 was not compared: the state of a store has layout 1" in report.notes[0]
        log.save_snapshot("notes", 4, pack(live.notes[1:], {}, layout=2))
        assert check(log, [Packed()]).problems == ("replay: store 'notes' at event 4 differs from its snapshot",)


def test_only_the_newest_snapshots_are_kept(place):
    with open_log(place) as log:
        for seq in (3, 5, 9):
            log.save_snapshot("notes", seq, b"x", keep=2)
        log.save_snapshot("other", 1, b"y")
        log.save_snapshot("other", 1, b"z")
        assert [(s.store, s.seq) for s in log.snapshots()] == [("notes", 5), ("notes", 9), ("other", 1)]
        assert log.load_snapshot("other", 1) == b"z"


def test_compact_drops_what_is_dispensable_only(place):
    with open_log(place) as log:
        first, second = fill(log, 3, "first"), fill(log, 3, "second")
        log.save_snapshot("first", 6, first.dump())
        log.compact(drop_events=True)
        assert (log.base, log.counts()) == (0, {"first": 3, "second": 3})
        log.save_snapshot("second", 6, second.dump())
        log.compact(drop_events=True)
        assert (log.base, log.counts(), log.last) == (6, {}, 6)
    with open_log(place) as log:
        assert log.append([note(3, store="first")]) == 7
        again = Notes("second")
        log.replay(again, b"[]")
        assert again.dump() == second.dump()
        with pytest.raises(errors.CorruptFileError, match="no intact snapshot at or before event 5"):
            log.replay(Notes("first"), b"[]", upto=5)


def test_one_writer_and_readers_beside_it(place):
    with open_log(place) as log:
        log.append([note(1)])
        with pytest.raises(errors.TwoWritersError, match=r"open for writing elsewhere.*read-only"):
            open_log(place)
        with open_log(place, read_only=True) as reader:
            assert reader.last == 1
            log.append([note(2)])
            assert reader.last == 2
            with pytest.raises(errors.ReadOnlyFileError):
                reader.append([note(3)])
    with open_log(place) as log:
        assert log.last == 2


def test_nothing_is_made_that_was_not_asked_for(place):
    for how in ({"read_only": True}, {"create": False}):
        with pytest.raises(errors.MissingFileError):
            open_log(place, **how)


def test_the_facade_answers_the_same_after_reopening(place):
    config = HippocampusConfig(deadline_secs=30.0)
    with Hippocampus(place, [Notes()], config) as memory:
        for step, text in enumerate(["the mug is on the table", "the cup is on the shelf", "the mug is in the sink"]):
            memory.write(Percepts(Source("robot", "e", step, step), text))
        hits = memory.recall(Query("mug")).hits["notes"]
        assert [h.text for h in hits] == ["the mug is in the sink", "the mug is on the table"]
    with Hippocampus(place, [Notes()], config) as memory:
        assert (memory.version, memory.recall(Query("mug")).hits["notes"]) == (3, hits)


def test_a_killed_writer_loses_nothing(place):
    rng = random.Random(1)
    crashes = [crash(place, rng.uniform(0.0, 0.1), after) for after in range(5)]
    assert [c.problems for c in crashes] == [()] * 5
    assert all(c.acknowledged > 0 for c in crashes[1:])
    assert [c.found for c in crashes] == sorted(c.found for c in crashes)


def test_both_give_the_same_export(tmp_path, database):
    exports = []
    for place in (tmp_path / "m", database):
        with open_log(place) as log:
            log.append([note(1), note(2, "ü")])
            exports.append(list(lines(log))[1:])
    assert exports[0] == exports[1]
    assert len(exports[0]) == 2


def test_a_url_of_another_kind_is_refused():
    with pytest.raises(HippocampusError, match=r"no memory is kept by 'mysql'.*postgresql://"):
        open_log("mysql://user:secret@host/db")
