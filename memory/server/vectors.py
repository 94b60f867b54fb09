"""Embeddings of items on the server, searched by pgvector where the server has it; for the whole fleet if wanted.

They are derived from the items, which are in the log: what is missing can be put again. Without pgvector, every search
reads all vectors and compares them here, with the same answers; `ServerVectors.health` says so.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engram.memory.errors import ReadOnlyFileError
from engram.memory.server.driver import driver
from engram.memory.server.session import Session

_PAGE = 1000
_ARRAY_HEADER = 20  # bytes of PostgreSQL's binary form of an array of one dimension
_ELEMENT = np.dtype([("size", ">i4"), ("value", ">f4")])
_PUT = """INSERT INTO engram.item_vectors (memory, store, id, dims, embedding) VALUES (%s, %s, %s, %s, %s::real[])
    ON CONFLICT (memory, store, id) DO UPDATE SET dims = excluded.dims, embedding = excluded.embedding"""
_WHERE = "store = %s AND dims = %s AND (%s OR memory = %s)"
# Binary, for numpy reads it many times faster than text.
_SCAN = f"""SELECT memory, id, array_send(embedding::real[]) FROM engram.item_vectors
    WHERE {_WHERE} AND (memory, id) > (%s, %s) ORDER BY memory, id LIMIT %s"""  # noqa: S608 (no value in the text)
_EXTENSION = """SELECT a.default_version, e.extversion, quote_ident(n.nspname)
    FROM pg_available_extensions a LEFT JOIN pg_extension e ON e.extname = a.name
    LEFT JOIN pg_namespace n ON n.oid = e.extnamespace WHERE a.name = 'vector'"""
_COLUMN = """SELECT atttypid = 'real[]'::regtype FROM pg_attribute
    WHERE attrelid = 'engram.item_vectors'::regclass AND attname = 'embedding'"""


class Holder(Protocol):
    """Whose vectors they are: one robot's memory, or the fleet's."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether nothing may be changed."""
        ...

    @property
    def memory(self) -> int:
        """Number of the memory in the database."""
        ...

    @property
    def session(self) -> Session:
        """The connection."""
        ...


class Near(NamedTuple):
    """An item found."""

    robot: str
    id: str
    score: float  # cosine


class VectorHealth(NamedTuple):
    """How vectors are searched."""

    schema: str  # of pgvector, quoted; empty when the server is without it
    detail: str


class ServerVectors:
    """The unit vectors of one store's items, (D,) each; may be called from any thread.

    All methods raise a MemoryFileError when the server cannot be used, ValueError for vectors of another length.
    """

    def __init__(self, log: Holder, store: str, dims: int) -> None:
        """Take pgvector into use if the server has it and this user may."""
        self.log = log
        self.store = store
        self.dims = dims
        if not log.read_only:
            log.session.run(lambda cursor: _take_into_use(cursor, driver(log.name)), bulk=True)
        self.health = log.session.run(pgvector_version)
        """How this object searches."""

    def ids(self) -> set[str]:
        """Return the items that have vectors."""
        query = "SELECT id FROM engram.item_vectors WHERE memory = %s AND store = %s AND dims = %s"
        values = (self.log.memory, self.store, self.dims)
        return {row[0] for row in self.log.session.run(lambda c: c.execute(query, values).fetchall(), bulk=True)}

    def put(self, ids: Sequence[str], vectors: ArrayLike) -> None:
        """Keep (N, D) unit vectors of N items, in place of those they had."""
        rows = self._checked(vectors, len(ids)).tolist()
        values = [(self.log.memory, self.store, i, self.dims, row) for i, row in zip(ids, rows, strict=True)]
        self._change(lambda cursor: cursor.executemany(_PUT, values))

    def remove(self, ids: Sequence[str]) -> None:
        """Forget the vectors of items; those that have none are passed over."""
        query = "DELETE FROM engram.item_vectors WHERE memory = %s AND store = %s AND id = ANY(%s)"
        self._change(lambda cursor: cursor.execute(query, (self.log.memory, self.store, list(ids))))

    def search(self, vector: ArrayLike, count: int, fleet: bool = False) -> list[Near]:
        """Return the nearest items to a (D,) unit vector, best first: this robot's, or those of the whole fleet."""
        wanted = self._checked(vector, 1)[0]
        if self.health.schema:
            found = self.log.session.run(lambda cursor: self._ask(cursor, wanted, count, fleet))
        else:
            found = heapq.nsmallest(count, self._scan(wanted, fleet))
        robots = dict(self.log.session.run(lambda c: c.execute("SELECT id, robot FROM engram.memories").fetchall()))
        return [Near(robots[memory], i, -float(minus)) for minus, memory, i in found]

    def _ask(self, cursor: Any, vector: NDArray[np.float32], count: int, fleet: bool) -> list[tuple[float, int, str]]:
        schema = self.health.schema
        query = f"""SELECT embedding::{schema}.vector OPERATOR({schema}.<#>) %s::real[]::{schema}.vector AS minus,
            memory, id FROM engram.item_vectors WHERE {_WHERE} ORDER BY minus, memory, id LIMIT %s"""  # noqa: S608
        found: list[tuple[float, int, str]] = cursor.execute(
            query, (vector.tolist(), *self._which(fleet), count)
        ).fetchall()
        return found

    def _scan(self, vector: NDArray[np.float32], fleet: bool) -> Iterator[tuple[float, int, str]]:
        after: tuple[int, str] = (0, "")
        while True:
            page = self._page((*self._which(fleet), *after, _PAGE))
            scores = -_decoded((row[2] for row in page), self.dims) @ vector
            yield from zip(scores.tolist(), (r[0] for r in page), (r[1] for r in page), strict=True)
            if len(page) < _PAGE:
                return
            after = page[-1][:2]

    def _page(self, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        page: list[tuple[Any, ...]] = self.log.session.run(lambda cursor: cursor.execute(_SCAN, values).fetchall())
        return page

    def _which(self, fleet: bool) -> tuple[Any, ...]:
        return (self.store, self.dims, fleet, self.log.memory)

    def _change(self, work: Any) -> None:
        if self.log.read_only:
            raise ReadOnlyFileError(self.log.name, "was opened read-only", "open it for writing")
        self.log.session.run(work, bulk=True)

    def _checked(self, vectors: ArrayLike, count: int) -> NDArray[np.float32]:
        rows = np.atleast_2d(np.asarray(vectors, np.float32))
        if rows.shape != (count, self.dims) or not np.isfinite(rows).all():
            raise ValueError(f"expected {count} finite vectors of length {self.dims}, got shape {rows.shape}")
        return rows


def pgvector_version(cursor: Any) -> VectorHealth:
    """Return whether the database has pgvector, and what to do where it has not."""
    row = cursor.execute(_EXTENSION).fetchone()
    if row is None:
        return VectorHealth("", "exact scan in this process: the server is without pgvector")
    available, installed, schema = row
    if installed is None:
        detail = f"exact scan in this process: let a superuser run CREATE EXTENSION vector (pgvector {available})"
        return VectorHealth("", detail)
    return VectorHealth(schema, f"pgvector {installed}")


def _take_into_use(cursor: Any, psycopg: Any) -> None:
    """Make the extension and the column of its type, unless they are there or may not be made."""
    privilege: type[Exception] = psycopg.errors.InsufficientPrivilege
    health = pgvector_version(cursor)
    try:
        with cursor.connection.transaction():
            if not health.schema and "CREATE EXTENSION" in health.detail:
                cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
                health = pgvector_version(cursor)
            if health.schema and cursor.execute(_COLUMN).fetchone()[0]:
                kind = f"{health.schema}.vector"
                cursor.execute(f"ALTER TABLE engram.item_vectors ALTER COLUMN embedding TYPE {kind}")
    except privilege:
        return  # an array searched here, or converted at each search, gives the same answers


def _decoded(arrays: Iterable[bytes], dims: int) -> NDArray[np.float32]:
    data = b"".join(bytes(a)[_ARRAY_HEADER:] for a in arrays)
    return np.frombuffer(data, _ELEMENT)["value"].astype(np.float32).reshape(-1, dims)
