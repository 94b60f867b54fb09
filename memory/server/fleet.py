"""The memories of all robots in one database, asked together.

When a store of texts is snapshotted, the vectors of its notes go to the server. A question to the fleet is compared
with all of them there, which tells whom to ask: the memories of the robots with the nearest notes are opened for
reading and answer as ever, each from its own stores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from engram.memory.answers import answers
from engram.memory.contract import Hit, Query, Recall, Store
from engram.memory.errors import MissingFileError
from engram.memory.notebook import vectors_of
from engram.memory.server.address import parse, without_robot
from engram.memory.server.schema import require_schema
from engram.memory.server.session import Deadlines, Session
from engram.memory.server.vectors import Holder, Near, ServerVectors
from engram.perception.text import TextEmbedder

STORES = ("episodic", "semantic")  # whose snapshots hold notes
_BATCH = 1000
# Of an embedder that the robot no longer uses.
_FORMER = "DELETE FROM engram.item_vectors WHERE memory = %s AND starts_with(store, %s) AND store <> %s"


def publish(memory: Holder, store: str, state: bytes) -> None:
    """Bring the vectors that the server has of a robot's notes to those of a snapshot."""
    embedder, ids, vectors = vectors_of(state)
    mine = (memory.memory, f"{store} by ", _kind(store, embedder))
    memory.session.run(lambda cursor: cursor.execute(_FORMER, mine), bulk=True)
    index = ServerVectors(memory, _kind(store, embedder), vectors.shape[1])
    known, wanted = index.ids(), set(ids)
    index.remove(sorted(known - wanted))
    fresh = [row for row, id_ in enumerate(ids) if id_ not in known]
    for start in range(0, len(fresh), _BATCH):
        rows = fresh[start : start + _BATCH]
        index.put([ids[row] for row in rows], vectors[rows])


class Fleet:
    """A database of several robots' memories, open for reading; a with block closes it."""

    read_only = True
    memory = 0  # no robot's own

    def __init__(self, url: str, deadlines: Deadlines | None = None) -> None:
        """Connect; a robot that the URL names is of no account here.

        Raises:
            HippocampusError: the URL cannot be read.
            MissingFileError: there is no memory in the database.
            MemoryFileError: the server cannot be used.

        """
        address = parse(url)
        self.name, self._url, self._deadlines = address.name, url, deadlines or Deadlines()
        self._known = False
        self.session = Session(address, self._deadlines, {"default_transaction_read_only": "on"}, self._take_up)
        if not self._known:
            self.session.close()
            raise MissingFileError(self.name, "has no memories", "let a robot write to it, or name another database")

    def robots(self) -> list[str]:
        """Return the names of all robots, in order."""
        query = "SELECT robot FROM engram.memories ORDER BY robot"
        return [row[0] for row in self.session.run(lambda cursor: cursor.execute(query).fetchall())]

    def nearest(self, text: str, embedder: TextEmbedder, count: int) -> list[Near]:
        """Return the notes of the fleet that are nearest to a text, best first; those of other embedders are not."""
        vector = embedder.embed([text])[0]
        found: list[Near] = []
        for store in STORES:
            index = ServerVectors(self, _kind(store, embedder.name), embedder.dims)
            found += index.search(vector, count, fleet=True)
        return sorted(found, key=lambda near: (-near.score, near.robot, near.id))[:count]

    def to_ask(self, text: str, embedder: TextEmbedder, limit: int) -> list[str]:
        """Return whom to ask: the robots with the nearest notes, best first, then others while there is room."""
        near = [found.robot for found in self.nearest(text, embedder, 20 * limit)]
        return list(dict.fromkeys([*near, *self.robots()]))[:limit]

    def recall(
        self,
        query: Query,
        stores: Callable[[], Sequence[Store]],
        embedder: TextEmbedder,
        limit: int = 8,
        deadline_secs: float = 60.0,
    ) -> dict[str, Recall]:
        """Return what the robots worth asking answer, by name.

        Args:
            query: the question.
            stores: makes the empty stores of a memory.
            embedder: of the question, the one that the robots use.
            limit: of robots asked.
            deadline_secs: how long to wait for each store.

        """
        from engram.memory.hippocampus import Hippocampus, HippocampusConfig  # which opens memories, this one too

        out = {}
        for robot in self.to_ask(query.text, embedder, limit):
            config = HippocampusConfig(robot=robot, read_only=True, deadline_secs=deadline_secs)
            with Hippocampus(without_robot(self._url)[0], stores(), config) as memory:
                out[robot] = memory.recall(query)
        return out

    def close(self) -> None:
        """Close the connection."""
        self.session.close()

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_up(self, cursor: Any) -> None:
        self._known = require_schema(cursor, self.name, False)


def fleet_answers(recalls: Mapping[str, Recall], text: str, limit: int = 5) -> list[Hit]:
    """Return the best hits of several robots for a question, best first; each says in its source whose it is."""
    found = [hit for recall in recalls.values() for hit in answers(recall, text, limit)]
    return sorted(found, key=lambda hit: (-hit.score, -hit.source.stamp_ns, hit.source.robot, hit.id))[:limit]


def _kind(store: str, embedder: str) -> str:
    """Return the name under which vectors lie that may be compared."""
    return f"{store} by {embedder}"
