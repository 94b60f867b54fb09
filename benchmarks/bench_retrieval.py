"""Vector scans, hybrid search and text embedding: ``python benchmarks/bench_retrieval.py``.

CPU milliseconds, median, on one thread; recall@10 against the exact answer. The peers (faiss, hnswlib) run beside on
the same vectors where they are installed: ``pip install faiss-cpu hnswlib``.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from engram.memory.contract import Query, Source
from engram.memory.forgetting import Trace
from engram.memory.notebook import Note
from engram.memory.retrieval.dense import DenseConfig, DenseIndex
from engram.memory.retrieval.hybrid import HybridConfig, HybridIndex
from engram.memory.semantic import SemanticStore
from engram.perception import minilm
from engram.perception.text import CachedEmbedder, HashedNgrams

Floats = NDArray[np.float32]
Search = Callable[[Floats], Sequence[int]]
DIMS, K = 384, 10
SCANS: tuple[Literal["exact", "int8", "bits"], ...] = ("exact", "int8", "bits")


@dataclass(frozen=True)
class RetrievalBenchmark:
    """Options."""

    items: int = 100_000
    """Vectors in the store."""
    queries: int = 50
    """Queries of each row."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    cpu_ms: float
    recall: float | None = None
    note: str = ""


def main(options: RetrievalBenchmark) -> int:
    """Run all rows."""
    rows = [*vector_rows(options), *hybrid_rows(options), *store_rows(options), *text_rows()]
    if options.json:
        print(json.dumps({"items": options.items, "rows": [row.__dict__ for row in rows]}, sort_keys=True))
        return 0
    table = Table("what", "CPU ms", "x of numpy", "recall@10", "", title=f"{options.items} vectors of {DIMS}")
    for row in rows:
        ratio = f"{rows[0].cpu_ms / row.cpu_ms:.1f}" if row.recall is not None else ""
        table.add_row(row.what, f"{row.cpu_ms:.3f}", ratio, "" if row.recall is None else f"{row.recall:.3f}", row.note)
    Console().print(table)
    return 0


def vector_rows(options: RetrievalBenchmark) -> Iterator[Row]:
    """Return the vector searches."""
    vectors, queries = data(options.items, options.queries)
    wanted = [set(np.argsort(-(vectors @ query))[:K].tolist()) for query in queries]
    searches: dict[str, Callable[[], Search]] = {"numpy exact": lambda: numpy_search(vectors)}
    searches |= {f"engram {scan}": lambda scan=scan: engram_search(vectors, scan) for scan in SCANS}
    searches |= {"faiss flat": lambda: faiss_search(vectors), "hnswlib": lambda: hnsw_search(vectors)}
    for name, build in searches.items():
        try:
            search = build()
        except ImportError as error:
            Console(stderr=True).print(f"{name} left out: {error}")
            continue
        search(queries[0])
        found, spent = zip(*(timed(search, query) for query in queries), strict=True)
        hits = [len(w & set(f)) / K for w, f in zip(wanted, found, strict=True)]
        yield Row(name, float(np.median(spent)), float(np.mean(hits)))


def hybrid_rows(options: RetrievalBenchmark) -> Iterator[Row]:
    """Return hybrid searches over sentences, with and without the links of similar items."""
    texts = sentences(options.items)
    embedder = HashedNgrams(DIMS)
    vectors = embedder.embed(texts)
    for name, config in {"hybrid": HybridConfig(graph=False), "hybrid + graph": HybridConfig(similar_links=0)}.items():
        index = HybridIndex(DIMS, replace(config, similar_links=0))
        start = time.process_time()
        for row, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
            index.add(text, vector, row, str(row // 20))
        insert_ms = 1000 * (time.process_time() - start) / options.items
        asked = texts[:: max(1, options.items // options.queries)]
        index.search(asked[0], vectors[0], K)
        spent = [timed(index.search, t, embedder.embed([t])[0], K)[1] for t in asked]
        yield Row(name, float(np.median(spent)), note=f"insert {insert_ms:.3f} ms")


def store_rows(options: RetrievalBenchmark) -> Iterator[Row]:
    """Return what one store of as many notes takes: to recall (association, hybrid search and links), save and open."""
    texts = sentences(options.items)
    store = SemanticStore(embedder=CachedEmbedder(HashedNgrams(DIMS), 2 * options.items))
    store.embedder.embed(texts)
    start = time.process_time()
    for step, text in enumerate(texts):
        source = Source("robot", str(step // 20), step, step * 10**9)
        data = {"subject": text, "claim": "works"}
        store.notebook.add(Note(str(step), "action", text, source, Trace(source.stamp_ns), data=data))
    insert_ms = 1000 * (time.process_time() - start) / options.items
    asked = [Query(text) for text in texts[:: max(1, options.items // options.queries)]]
    store.recall(asked[0])
    spent = [timed(store.recall, query)[1] for query in asked]
    note = f"p99 {np.quantile(spent, 0.99):.3f}, insert {insert_ms:.3f} ms"
    yield Row("recall of a store", float(np.median(spent)), note=note)
    state, saving = timed(store.dump)
    yield Row("save a store", saving, note=f"{len(state) / options.items:.0f} bytes a note")
    opened = SemanticStore(embedder=store.embedder)
    _, opening = timed(opened.load, state)
    yield Row("open a store", opening, note=f"{1000 * options.items / opening:,.0f} notes a second")


def sentences(count: int) -> list[str]:
    """Return sentences, some alike."""
    rng = np.random.default_rng(1)
    verbs, things, places = ("moved", "saw", "opened"), [f"thing{k}" for k in range(2000)], [f"p{k}" for k in range(99)]
    return [
        f"{verbs[rng.integers(3)]} the {things[rng.integers(2000)]} near the {places[rng.integers(99)]}"
        for _ in range(count)
    ]


def text_rows() -> Iterator[Row]:
    """Return text embedders, one short sentence."""
    models: list[Any] = [HashedNgrams(), *([minilm.MiniLM()] if minilm.available() else [])]
    for model in models:
        texts = [f"Where did I put the red mug number {k}?" for k in range(32)]
        model.embed(texts[:1])
        one = float(np.median([timed(model.embed, [t])[1] for t in texts]))
        batch = timed(model.embed, texts)[1] / len(texts)
        yield Row(f"embed {model.name}", one, note=f"in batches of 32: {batch:.3f}")


def data(items: int, queries: int) -> tuple[Floats, Floats]:
    """Return unit vectors in clusters, as of sentences, and queries near some of them."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(500, DIMS)).astype(np.float32)
    vectors = centres[rng.integers(0, 500, items)] + rng.normal(size=(items, DIMS)).astype(np.float32)
    asked = vectors[:: max(1, items // queries)][:queries]
    asked = asked + 0.7 * rng.normal(size=asked.shape).astype(np.float32)
    return unit(vectors), unit(asked)


def unit(vectors: Floats) -> Floats:
    """Return vectors at length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def timed(work: Callable[..., Any], *given: Any) -> tuple[Any, float]:
    """Return what work gives, and its CPU milliseconds."""
    start = time.process_time()
    result = work(*given)
    return result, 1000 * (time.process_time() - start)


def numpy_search(vectors: Floats) -> Search:
    """Return the plain exact search."""
    return lambda query: np.argpartition(-(vectors @ query), K)[:K].tolist()


def engram_search(vectors: Floats, scan: Literal["exact", "int8", "bits"]) -> Search:
    """Return ours."""
    index = DenseIndex(DIMS, DenseConfig(scan=scan))
    for vector in vectors:
        index.add(vector)
    return lambda query: index.search(query, K)[0].tolist()


def faiss_search(vectors: Floats) -> Search:
    """Return the flat index of faiss."""
    faiss = importlib.import_module("faiss")
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(DIMS)
    index.add(vectors)
    return lambda query: index.search(query[None], K)[1][0].tolist()


def hnsw_search(vectors: Floats) -> Search:
    """Return the graph index of hnswlib."""
    index = importlib.import_module("hnswlib").Index("ip", DIMS)
    index.init_index(len(vectors), ef_construction=100, M=16)
    index.add_items(vectors, num_threads=1)
    index.set_ef(100)
    return lambda query: index.knn_query(query[None], K)[0][0].tolist()


if __name__ == "__main__":
    if os.environ.get("OMP_NUM_THREADS") != "1":  # one thread, set before numpy loads its BLAS
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "OMP_NUM_THREADS": "1"})  # noqa: S606
    sys.exit(main(tyro.cli(RetrievalBenchmark, description=__doc__)))
