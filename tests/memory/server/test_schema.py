from __future__ import annotations

import pytest

from engram.memory import errors
from engram.memory.contract import SCHEMA_VERSION
from engram.memory.log import open_log
from engram.memory.server.schema import CREATE, STEPS, require_schema

psycopg = pytest.importorskip(
    "psycopg", reason="psycopg is not installed (pip install 'engram[fleet]')", exc_type=ImportError
)


@pytest.fixture
def cursor(database):
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection.cursor()


def test_versions_are_those_of_the_file():
    assert len(STEPS) == SCHEMA_VERSION


def test_only_the_missing_steps_are_taken(cursor):
    assert not require_schema(cursor, "db", False)
    assert require_schema(cursor, "db", True, [CREATE])
    assert require_schema(cursor, "db", True, [CREATE, ["ALTER TABLE engram.log ADD COLUMN place text"]])
    assert cursor.execute("SELECT version FROM engram.version").fetchall() == [(2,)]
    assert "place" in [c.name for c in cursor.execute("SELECT * FROM engram.log").description]
    with pytest.raises(errors.SchemaVersionError, match="version 2, current is 3; open it once for writing"):
        require_schema(cursor, "db", False, [CREATE, [], []])


def test_newer_and_foreign_tables_are_left_alone(cursor, database):
    cursor.execute("CREATE SCHEMA engram")
    cursor.execute("CREATE TABLE engram.log (x integer)")
    with pytest.raises(errors.NotAMemoryFileError, match="that engram did not make"):
        open_log(database)
    cursor.execute("DROP TABLE engram.log")
    open_log(database).close()
    cursor.execute("UPDATE engram.version SET version = 99")
    for read_only in (False, True):
        with pytest.raises(errors.SchemaVersionError, match=r"version 99, newest known is \d+; upgrade engram"):
            open_log(database, read_only=read_only)


def test_a_user_without_rights_is_told_which_it_needs(cursor, database, server):
    cursor.execute("DROP ROLE IF EXISTS guest")
    cursor.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    url = server.url(database.rpartition("/")[2], "guest", "guest")
    with pytest.raises(errors.ReadOnlyFileError, match="grant CREATE on the database"):
        open_log(url)
    with pytest.raises(errors.MissingFileError, match="there are: none"):
        open_log(url, read_only=True)
