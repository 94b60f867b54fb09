from __future__ import annotations

import os
import signal
import threading

import pytest

from engram.memory import errors
from engram.memory.contract import Event, Source
from engram.memory.log import open_log
from engram.memory.merge import merge
from engram.memory.server.log import PostgresLog
from engram.memory.server.session import Deadlines

QUICK = Deadlines(statement_secs=0.4, lock_secs=5.0)


def note(number: int, robot: str = "r1") -> Event:
    return Event("notes", "add", Source(robot, "e1", number, number), {"id": f"notes-{number}"})


def backend(log: PostgresLog) -> int:
    return int(log.session.run(lambda cursor: cursor.execute("SELECT pg_backend_pid()").fetchone()[0]))


def do(url: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_several_robots_write_to_one_database_at_the_same_time(database, tmp_path):
    names = [f"r{k}" for k in range(4)]
    faults: list[BaseException] = []

    def live(robot: str) -> None:
        try:
            with open_log(f"{database}?robot={robot}") as log:
                for number in range(20):
                    log.append([note(number, robot)])
        except errors.MemoryFileError as error:
            faults.append(error)

    threads = [threading.Thread(target=live, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    for name in names:
        with open_log(database, robot=name, read_only=True) as log:
            assert [event for _, event in log.events()] == [note(k, name) for k in range(20)]
    assert merge(tmp_path / "all", [f"{database}?robot={name}" for name in names[:2]]) == 40


def test_a_robot_that_is_not_there_is_named_with_those_that_are(database):
    open_log(f"{database}?robot=r2").close()
    with pytest.raises(errors.MissingFileError, match=r"no memory of robot 'r1'; add \?robot=NAME.*there are: r2"):
        open_log(database, robot="r1", read_only=True)


def test_the_writer_that_holds_the_lock_is_named(database):
    with (
        open_log(database),
        pytest.raises(errors.TwoWritersError, match=rf"'robot' is open.*by engram .*:{os.getpid()}"),
    ):
        open_log(database)


def test_a_lost_connection_is_made_again(database):
    with PostgresLog(database) as log, open_log(database, read_only=True) as reader:
        log.append([note(1)])
        for k, lost in enumerate((log, reader), 2):
            do(database, f"SELECT pg_terminate_backend({backend(lost)})")
            assert log.append([note(k)]) == k
            assert reader.last == k
        with pytest.raises(errors.TwoWritersError):
            PostgresLog(database, deadlines=Deadlines(lock_secs=0.1))


def test_a_write_whose_answer_was_lost_is_there_once(database, monkeypatch):
    with PostgresLog(database) as log:
        log.append([note(1)])
        whole = log._commit

        def lost_after(cursor, drafts):
            monkeypatch.setattr(log, "_commit", whole)
            before = log._last
            whole(cursor, drafts)
            log._last, log._doubtful = before, [*log.rows(after=before, upto=before + 2)]
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        monkeypatch.setattr(log, "_commit", lost_after)
        assert log.append([note(2), note(3)]) == 3
        assert [event for _, event in log.events()] == [note(1), note(2), note(3)]


def test_another_writer_that_came_between_is_not_overwritten(database):
    with PostgresLog(database) as log:
        log.append([note(1)])
        do(database, f"SELECT pg_terminate_backend({backend(log)})")
        with open_log(database) as other:
            other.append([note(7)])
        with pytest.raises(errors.TwoWritersError, match="written to by another since the connection was lost"):
            log.append([note(2)])
        with open_log(database) as other:
            assert [event for _, event in other.events()] == [note(1), note(7)]


def test_a_slow_statement_is_ended_by_the_server(database):
    with PostgresLog(database, deadlines=QUICK) as log:
        pid = backend(log)
        with pytest.raises(errors.ServerTimeoutError, match=r"in time.*statement timeout"):
            log.session.run(lambda cursor: cursor.execute("SELECT pg_sleep(30)"))
        assert backend(log) == pid
        assert log.append([note(1)]) == 1


def test_a_server_that_hangs_is_left_and_its_late_write_undone(database):
    with PostgresLog(database, deadlines=QUICK) as log:
        log.append([note(1)])
        pid = backend(log)
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(errors.ServerTimeoutError, match=r"in time \(1.4 s\)"):
                log.append([note(2)])
        finally:
            os.kill(pid, signal.SIGCONT)
        assert log.append([note(3)]) == 2
        assert [event for _, event in log.events()] == [note(1), note(3)]


def test_full_disk_and_damage_have_their_names(database):
    with PostgresLog(database) as log:
        for state, kind in (
            ("53100", errors.DiskFullError),
            ("XX001", errors.CorruptFileError),
            ("25006", errors.ReadOnlyFileError),
        ):
            raising = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
            with pytest.raises(kind, match=r"\(no CONTEXT"):
                log.session.run(lambda cursor, raising=raising: cursor.execute(raising))
        assert log.append([note(1)]) == 1


def test_a_changed_row_and_snapshot_are_found(database):
    with open_log(database) as log:
        log.append([note(1), note(2)])
        log.save_snapshot("notes", 2, b"[]")
        do(database, "UPDATE engram.log SET kind = 'x' WHERE seq = 2", "UPDATE engram.snapshots SET state = '\\x00'")
        with pytest.raises(errors.CorruptFileError, match="event 2 of store 'notes' has a wrong checksum"):
            list(log.events())
        with pytest.raises(errors.CorruptFileError, match="snapshot 2"):
            log.load_snapshot("notes", 2)


def test_a_closed_log_stays_closed(database):
    log = open_log(database)
    log.close()
    with pytest.raises(errors.ServerUnreachableError, match="was closed"):
        log.append([note(1)])
