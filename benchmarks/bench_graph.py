"""Speed of the knowledge graph beside networkx, in one run: ``python benchmarks/bench_graph.py``.

Both hold the same facts: a random digraph in which some nodes are hubs. ``networkx`` stands for a MultiDiGraph whose
neighbourhood is found by breadth-first search over its adjacency, with the same seeds and hops.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from engram.memory.contract import Query, Source
from engram.memory.graph.neighbourhood import NeighbourhoodConfig, both_ways, k_hop, retrieve
from engram.memory.graph.state import graph_of, graph_state
from engram.memory.graph.store import GraphStore

RELATIONS = ("on", "in", "near", "left_of", "above")
TARGETS = {"retrieve_ms_p50": "< 1", "k_hop_capped_ms_p50": "< 1", "upsert_us_p50": "< 20"}
SECOND = 1_000_000_000


@dataclass(frozen=True)
class GraphBenchmark:
    """Options."""

    nodes: int = 20_000
    """Things in the graph."""
    edges: int = 100_000
    """Facts in the graph."""
    seeds: int = 5
    """Nodes that a neighbourhood starts from."""
    rounds: int = 400
    """Measurements of each kind."""
    seed: int = 0
    """Of the random graph."""
    json: bool = False
    """Print JSON instead of a table."""


def main(options: GraphBenchmark) -> int:
    """Measure and print."""
    rng = np.random.default_rng(options.seed)
    subjects = rng.integers(options.nodes, size=options.edges).tolist()
    objects = (options.nodes * rng.random(options.edges) ** 3).astype(int).tolist()  # low numbers are hubs
    kinds = rng.integers(len(RELATIONS), size=options.edges).tolist()
    rows = [(f"thing_{s}", RELATIONS[k], f"thing_{o}") for s, k, o in zip(subjects, kinds, objects, strict=True)]
    starts = [[f"thing_{i}" for i in rng.integers(options.nodes, size=options.seeds)] for _ in range(options.rounds)]
    figures = {"engram": ours(rows, starts, options), "networkx": theirs(rows, starts, options)}
    if options.json:
        print(json.dumps(figures, indent=1, sort_keys=True))
    else:
        show(figures, options)
    return 0


def ours(
    rows: Sequence[tuple[str, str, str]], starts: Sequence[list[str]], options: GraphBenchmark
) -> dict[str, float]:
    """Figures of engram's graph."""
    store = GraphStore()
    graph = store.graph
    build = clock(lambda: fill(store, rows, options.nodes))
    now = len(rows) * SECOND
    config = NeighbourhoodConfig()
    capped = both_ways(graph, config.degree)
    everything = both_ways(graph)
    fresh = iter(fresh_rows(rows, options))
    sizes = [sum(map(len, k_hop(capped, s, 2))) for s in starts]
    out = {
        "build_secs": build,
        **spread("k_hop_ms", [clock(lambda s=s: k_hop(everything, s, 2)) * 1e3 for s in starts]),
        **spread("k_hop_capped_ms", [clock(lambda s=s: k_hop(capped, s, 2)) * 1e3 for s in starts]),
        **spread(
            "retrieve_ms",
            [clock(lambda s=s: retrieve(graph, dict.fromkeys(s, 1.0), now, config)) * 1e3 for s in starts],
        ),
        **spread(
            "then_ms",
            [
                clock(lambda s=s: retrieve(graph, dict.fromkeys(s, 1.0), now, config, now // 2)) * 1e3
                for s in starts[:100]
            ],
        ),
        **spread("recall_ms", [clock(lambda s=s: store.recall(Query(" ".join(s)))) * 1e3 for s in starts]),
        **spread(
            "upsert_us",
            [clock(lambda row=row: graph.believe(row, 2.0, Source("r", "e", 1, now))) * 1e6 for row in fresh],
        ),
        "nodes_capped": float(np.median(sizes)),
    }
    state: list[Any] = []
    out["dump_secs"] = clock(lambda: state.extend(graph_state(graph)))
    out["load_secs"] = clock(lambda: graph_of(state[0], state[1]))
    return out


def theirs(
    rows: Sequence[tuple[str, str, str]], starts: Sequence[list[str]], options: GraphBenchmark
) -> dict[str, float]:
    """Figures of networkx."""
    graph = nx.MultiDiGraph()

    def build() -> None:
        graph.add_nodes_from(f"thing_{k}" for k in range(options.nodes))
        for step, (s, r, o) in enumerate(rows):
            graph.add_edge(s, o, key=r, log_odds=2.0, valid_from=step * SECOND)

    secs = clock(build)
    fresh = fresh_rows(rows, options)
    return {
        "build_secs": secs,
        **spread("k_hop_ms", [clock(lambda s=s: breadth_first(graph, s, 2)) * 1e3 for s in starts]),
        **spread(
            "upsert_us",
            [clock(lambda r=r: graph.add_edge(r[0], r[2], key=r[1], log_odds=2.0, valid_from=0)) * 1e6 for r in fresh],
        ),
    }


def fill(store: GraphStore, rows: Sequence[tuple[str, str, str]], nodes: int) -> None:
    """Write nodes with their names, then facts."""
    source = Source("r", "e", 0, 0)
    for k in range(nodes):
        store.knowledge.change({"op": "node", "id": f"thing_{k}", "kind": "object", "name": f"thing_{k}"}, source)
    for step, row in enumerate(rows):
        store.graph.believe(row, 2.0, Source("r", "e", step, step * SECOND))


def fresh_rows(rows: Sequence[tuple[str, str, str]], options: GraphBenchmark) -> list[tuple[str, str, str]]:
    """Facts to write: every second one is known already."""
    rng = np.random.default_rng(options.seed + 1)
    ends = rng.integers(options.nodes, size=(10 * options.rounds, 2)).tolist()
    return [rows[k] if k % 2 else (f"thing_{a}", "near", f"thing_{b}") for k, (a, b) in enumerate(ends)]


def breadth_first(graph: nx.MultiDiGraph, seeds: Sequence[str], hops: int) -> set[str]:
    """Nodes within some hops in either direction."""
    seen, frontier = set(seeds), list(seeds)
    for _ in range(hops):
        ring = []
        for node in frontier:
            for way in (graph.succ[node], graph.pred[node]):
                for other in way:
                    if other not in seen:
                        seen.add(other)
                        ring.append(other)
        frontier = ring
    return seen


def clock(run: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def spread(name: str, values: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile."""
    return {f"{name}_p50": float(np.median(values)), f"{name}_p99": float(np.percentile(values, 99))}


def show(figures: dict[str, dict[str, float]], options: GraphBenchmark) -> None:
    """Print a table with the ratio to networkx where both have a figure."""
    mine, peer = figures["engram"], figures["networkx"]
    table = Table(title=f"Knowledge graph, {options.nodes} nodes, {options.edges} facts, {options.seeds} seeds, 2 hops")
    for column in ("", "engram", "networkx", "networkx / engram", "target"):
        table.add_column(column, justify="left" if not column else "right")
    for name, value in mine.items():
        other = peer.get(name)
        cells = ("", "") if other is None else (f"{other:.3g}", f"{other / value:.2f}")
        table.add_row(name, f"{value:.3g}", *cells, TARGETS.get(name, ""))
    Console().print(table)


if __name__ == "__main__":
    raise SystemExit(main(tyro.cli(GraphBenchmark)))
