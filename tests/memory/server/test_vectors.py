from __future__ import annotations

import numpy as np
import pytest

from engram.memory import errors
from engram.memory.server.log import PostgresLog
from engram.memory.server.vectors import ServerVectors, VectorHealth

psycopg = pytest.importorskip(
    "psycopg", reason="psycopg is not installed (pip install 'engram[fleet]')", exc_type=ImportError
)
DIMS = 24


def unit(count: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMS)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(params=["pgvector", "scan"])
def opened(request, database, monkeypatch):
    """Two robots of one database, and whether pgvector is to be used."""
    if request.param == "scan":
        without = VectorHealth("", "exact scan in this process: the server is without pgvector")
        monkeypatch.setattr("engram.memory.server.vectors.pgvector_version", lambda cursor: without)
    with PostgresLog(database, robot="r1") as one, PostgresLog(database, robot="r2") as two:
        if request.param == "pgvector" and not ServerVectors(one, "notes", DIMS).health.schema:
            pytest.skip("this PostgreSQL server is without pgvector")
        yield one, two


def test_the_nearest_are_those_of_the_definition(opened):
    vectors, query = unit(2300), unit(1, 9)[0]
    index = ServerVectors(opened[0], "notes", DIMS)
    index.put([f"n{k}" for k in range(2300)], vectors)
    cosines = vectors @ query
    best = np.argsort(-cosines)[:10]
    found = index.search(query, 10)
    assert [n.id for n in found] == [f"n{k}" for k in best]
    np.testing.assert_allclose([n.score for n in found], cosines[best], atol=1e-6)
    assert {n.robot for n in found} == {"r1"}


def test_items_are_replaced_removed_and_kept_apart(opened):
    a, b = np.eye(DIMS, dtype=np.float32)[:2]
    index, other = ServerVectors(opened[0], "notes", DIMS), ServerVectors(opened[0], "lessons", DIMS)
    theirs = ServerVectors(opened[1], "notes", DIMS)
    index.put(["x", "y"], [a, b])
    index.put(["y"], [a])
    other.put(["z"], [a])
    theirs.put(["x"], [(a + b) / np.sqrt(2)])
    assert [(n.id, round(n.score, 3)) for n in index.search(a, 5)] == [("x", 1.0), ("y", 1.0)]
    assert [(n.robot, n.id) for n in index.search(b, 1, fleet=True)] == [("r2", "x")]
    index.remove(["x", "unknown"])
    assert [n.id for n in index.search(a, 5)] == ["y"]
    assert [n.id for n in theirs.search(a, 5)] == ["x"]


def test_wrong_vectors_and_readers_change_nothing(opened, database):
    index = ServerVectors(opened[0], "notes", DIMS)
    with pytest.raises(ValueError, match="1 finite vectors of length 24"):
        index.put(["x"], np.zeros((1, 3)))
    with pytest.raises(ValueError, match="finite"):
        index.put(["x"], np.full((1, DIMS), np.nan))
    with PostgresLog(database, robot="r1", read_only=True) as reader:
        view = ServerVectors(reader, "notes", DIMS)
        with pytest.raises(errors.ReadOnlyFileError):
            view.put(["x"], unit(1))
        assert view.search(unit(1)[0], 3) == []


def test_vectors_from_before_the_extension_are_taken_over(database, monkeypatch):
    with PostgresLog(database) as log:
        with monkeypatch.context() as without:
            without.setattr("engram.memory.server.vectors.pgvector_version", lambda cursor: VectorHealth("", "none"))
            ServerVectors(log, "notes", DIMS).put(["x", "y"], unit(2))
        index = ServerVectors(log, "notes", DIMS)
        if index.health.schema:
            query = "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attname = 'embedding' AND attnum > 0"
            types = log.session.run(lambda c: c.execute(query).fetchall())
            assert ("vector",) in types
        assert index.search(unit(2)[1], 1)[0].id == "y"


def test_health_says_how_vectors_are_searched(database):
    with PostgresLog(database) as log:
        index = ServerVectors(log, "notes", DIMS)
        assert log.health()["vectors"] == index.health.detail
        assert ("pgvector" if index.health.schema else "exact scan") in index.health.detail
        assert log.health()["kept by"].startswith("PostgreSQL ")


def test_without_the_right_to_make_the_extension_vectors_are_searched_here(database, server):
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS robots")
        admin.execute("CREATE ROLE robots LOGIN PASSWORD 'robots'")
        name = database.rpartition("/")[2]
        admin.execute(f"GRANT CREATE ON DATABASE {name} TO robots")
        with PostgresLog(server.url(name, "robots", "robots")) as log:
            index = ServerVectors(log, "notes", DIMS)
            index.put(["x", "y"], unit(2))
            assert index.health.detail.startswith("exact scan in this process")
            assert index.search(unit(2)[1], 1)[0].id == "y"
        admin.execute("DROP OWNED BY robots")
        admin.execute("DROP ROLE robots")
