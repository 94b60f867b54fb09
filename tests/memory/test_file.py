from __future__ import annotations

import os
import sqlite3

import pytest

from engram.memory import errors
from engram.memory.check import check
from engram.memory.contract import SCHEMA_VERSION, Event, Source
from engram.memory.file import MemoryFile
from engram.memory.migrations import APPLICATION_ID, CREATE, STEPS, migrate, version_of
from engram.memory.testing import Notes


def source(step: int = 0) -> Source:
    return Source("r1", "e1", step, step * 1_000_000)


def note(number: int, text: str = "", store: str = "notes") -> Event:
    return Event(store, "add", source(number), {"id": f"{store}-{number}", "text": text or f"text {number}"})


def fill(file: MemoryFile, count: int, store: str = "notes") -> Notes:
    """Append events one by one and return the store that applied them."""
    live = Notes(store)
    for number in range(count):
        event = note(number, store=store)
        file.append([event])
        live.apply(event)
    return live


@pytest.fixture
def path(tmp_path):
    return tmp_path / "memory.engram"


def test_events_come_back_in_order_with_their_source(path):
    with MemoryFile(path, robot="r1") as file:
        assert file.append([note(1), note(2)]) == 2
        assert file.append([note(3, "Küche \x1f ✓")]) == 3
    with MemoryFile(path, robot="other") as file:
        assert file.robot == "r1"
        assert list(file.events()) == [(1, note(1)), (2, note(2)), (3, note(3, "Küche \x1f ✓"))]
        assert [seq for seq, _ in file.events(after=1, upto=2)] == [2]


def test_pages_of_the_log_join(path):
    with MemoryFile(path) as file:
        file.append([note(k) for k in range(2500)])
        assert [seq for seq, _ in file.events()] == list(range(1, 2501))


def test_an_event_that_is_not_json_adds_nothing(path):
    with MemoryFile(path) as file:
        with pytest.raises(ValueError, match="JSON compliant"):
            file.append([note(1), Event("notes", "add", source(), {"x": float("nan")})])
        with pytest.raises(TypeError):
            file.append([note(1), Event("notes", "add", source(), {"x": object()})])
        assert file.last == 0
        assert file.append([note(1)]) == 1


def test_replay_gives_the_same_bytes_with_and_without_snapshots(path):
    with MemoryFile(path) as file:
        live = fill(file, 10)
        empty = Notes().dump()
        again = Notes()
        assert file.replay(again, empty) == 10
        assert again.dump() == live.dump()
        file.save_snapshot("notes", 10, live.dump())
        file.append([note(10)])
        live.apply(note(10))
        fresh = Notes()
        file.replay(fresh, empty)
        assert fresh.dump() == live.dump()


def test_replay_to_a_point_in_time_and_past_a_damaged_snapshot(path):
    with MemoryFile(path) as file:
        live = fill(file, 6)
        file.save_snapshot("notes", 6, live.dump())
        past = Notes()
        file.replay(past, Notes().dump(), upto=4)
        assert [n[1] for n in past.notes] == [f"text {k}" for k in range(4)]
    damage(path, "UPDATE snapshots SET state = x'00'")
    with MemoryFile(path) as file:
        fresh = Notes()
        file.replay(fresh, Notes().dump())
        assert fresh.dump() == live.dump()
        assert any("snapshot 6" in p for p in check(file, [Notes()]).problems)


def test_only_the_newest_snapshots_are_kept(path):
    with MemoryFile(path) as file:
        for seq in (3, 5, 9):
            file.save_snapshot("notes", seq, b"x", keep=2)
        file.save_snapshot("other", 1, b"y")
        assert [(s.store, s.seq) for s in file.snapshots()] == [("notes", 5), ("notes", 9), ("other", 1)]


def test_compact_keeps_all_events_unless_asked(path):
    with MemoryFile(path) as file:
        live = fill(file, 8)
        file.save_snapshot("notes", 8, live.dump())
        file.compact()
        assert (file.base, file.counts()) == (0, {"notes": 8})
        file.compact(drop_events=True)
        assert (file.base, file.counts(), file.last) == (8, {}, 8)
        assert file.append([note(8)]) == 9
        live.apply(note(8))
    with MemoryFile(path) as file:
        fresh = Notes()
        file.replay(fresh, Notes().dump())
        assert fresh.dump() == live.dump()
        assert check(file, [Notes()]).problems == ()
        with pytest.raises(errors.CorruptFileError, match="no intact snapshot at or before event 5"):
            file.replay(Notes(), Notes().dump(), upto=5)


def test_compact_drops_nothing_that_a_store_without_snapshot_needs(path):
    with MemoryFile(path) as file:
        first = fill(file, 3, "first")
        second = fill(file, 3, "second")
        file.save_snapshot("first", 6, first.dump())
        file.compact(drop_events=True)
        assert file.base == 0
        file.save_snapshot("second", 4, b"[]")
        file.compact(drop_events=True)
        assert file.base == 4
        assert [seq for seq, _ in file.events()] == [5, 6]
        assert len(second.notes) == 3


def test_two_writers(path):
    with MemoryFile(path) as file:
        file.append([note(1)])
        with pytest.raises(errors.TwoWritersError, match=rf"process {os.getpid()}.*read-only"):
            MemoryFile(path)
        with MemoryFile(path, read_only=True) as reader:
            assert reader.last == 1
            file.append([note(2)])
            assert reader.last == 2
            with pytest.raises(errors.ReadOnlyFileError):
                reader.append([note(3)])
    with MemoryFile(path) as file:
        assert file.last == 2


def test_read_only_file(path):
    with MemoryFile(path) as file:
        file.append([note(1)])
    path.chmod(0o444)
    with pytest.raises(errors.ReadOnlyFileError, match="chmod"):
        MemoryFile(path)
    with MemoryFile(path, read_only=True) as reader:
        assert [e for _, e in reader.events()] == [note(1)]


def test_missing_and_foreign_files(path, tmp_path):
    with pytest.raises(errors.MissingFileError, match="does not exist"):
        MemoryFile(path, read_only=True)
    with pytest.raises(errors.MissingFileError, match="does not exist"):
        MemoryFile(path, create=False)
    with pytest.raises(errors.MissingFileError, match="folder exists"):
        MemoryFile(tmp_path / "no" / "such" / "folder")
    with pytest.raises(errors.NotAMemoryFileError):
        MemoryFile(tmp_path)
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to be read as the header of one" * 40)
    with pytest.raises(errors.NotAMemoryFileError):
        MemoryFile(text)
    foreign = tmp_path / "foreign"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t (x)")
    before = foreign.read_bytes()
    with pytest.raises(errors.NotAMemoryFileError):
        MemoryFile(foreign)
    assert foreign.read_bytes() == before


def test_newer_schema_is_left_alone(path):
    MemoryFile(path).close()
    damage(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(errors.SchemaVersionError, match=f"version {SCHEMA_VERSION + 1}.*upgrade engram"):
        MemoryFile(path)


def test_a_file_whose_making_was_cut_short_is_made_again(path):
    path.touch()
    with pytest.raises(errors.NotAMemoryFileError):
        MemoryFile(path, read_only=True)
    with MemoryFile(path) as file:
        assert file.append([note(1)]) == 1


def test_migration_takes_only_the_steps_that_are_missing():
    assert len(STEPS) == SCHEMA_VERSION
    connection = sqlite3.connect(":memory:", isolation_level=None)
    assert version_of(connection) == 0
    migrate(connection, 0, [CREATE])
    connection.execute("INSERT INTO meta VALUES ('robot', 'r1')")
    migrate(connection, 1, [CREATE, ["ALTER TABLE log ADD COLUMN place TEXT"], ["UPDATE meta SET value = 'r2'"]])
    assert version_of(connection) == 3
    assert connection.execute("SELECT value FROM meta").fetchall() == [("r2",)]
    assert "place" in [column[1] for column in connection.execute("PRAGMA table_info(log)")]
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_disk_full_loses_nothing(path):
    with MemoryFile(path) as file:
        file.append([note(1)])
        pages = file._connection.execute("PRAGMA page_count").fetchone()[0]
        file._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(errors.DiskFullError, match="free space"):
            file.append([note(2), note(3, "x" * 100_000)])
        with pytest.raises(errors.DiskFullError):
            file.save_snapshot("notes", 1, os.urandom(100_000))
        assert file.last == 1
        file._connection.execute("PRAGMA max_page_count = 1000000")
        assert file.append([note(2)]) == 2
    with MemoryFile(path) as file:
        assert [e for _, e in file.events()] == [note(1), note(2)]
        assert check(file).ok


def test_corrupted_page_is_named_and_found(path):
    with MemoryFile(path) as file:
        file.append([note(k, "y" * 500) for k in range(200)])
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = os.urandom(4096)
    path.write_bytes(data)
    with MemoryFile(path, read_only=True) as file:
        report = check(file)
        assert not report.ok
        assert any(p.startswith("page:") for p in report.problems)
        with pytest.raises(errors.CorruptFileError, match="engram memory check"):
            list(file.events())


def test_check_finds_a_changed_row_a_missing_row_and_a_false_snapshot(path):
    with MemoryFile(path) as file:
        live = fill(file, 6)
        file.save_snapshot("notes", 6, live.dump())
        report = check(file, [Notes()])
        assert (report.ok, report.events, report.first, report.last, report.replayed) == (True, 6, 1, 6, ("notes",))
        live.notes[0][1] = "false"
        file.save_snapshot("notes", 6, live.dump())
        assert check(file, [Notes()]).problems == ("replay: store 'notes' at event 6 differs from its snapshot",)
    damage(path, "UPDATE log SET data = replace(data, 'text 2', 'text 9') WHERE seq = 3")
    damage(path, "DELETE FROM log WHERE seq = 5")
    with MemoryFile(path) as file:
        assert check(file, [Notes()]).problems == (
            "log: event 3 of store 'notes' has a wrong checksum",
            "log: events 5 to 5 are missing",
        )


def damage(path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()
