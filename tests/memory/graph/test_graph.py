from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.memory.contract import Source
from engram.memory.graph.graph import Graph
from engram.memory.graph.model import FOREVER, GraphError, log_odds, make_node, probability
from engram.memory.graph.state import graph_of, graph_state
from engram.memory.packing import pack, unpack

NODES = ("cup", "table", "shelf")
HOUR = 3_600_000_000_000


def at(stamp_ns, step=0):
    return Source("robot", "episode", step, stamp_ns)


def graph(nodes=NODES):
    out = Graph()
    for id_ in nodes:
        out.put_node(make_node(id_, "object", id_, at(0)))
    return out


def triples(edges):
    return {e.triple for e in edges}


def test_what_was_true_then_and_what_was_believed_then_differ():
    g = graph()
    g.believe(("cup", "on", "table"), 2.0, at(8 * HOUR))
    g.close(("cup", "on", "table"), at(12 * HOUR), valid_to=10 * HOUR)
    g.believe(("cup", "on", "shelf"), 2.0, at(12 * HOUR), valid_from=10 * HOUR)
    assert triples(g.as_of(9 * HOUR)) == {("cup", "on", "table")}
    assert triples(g.as_of(11 * HOUR)) == {("cup", "on", "shelf")}
    assert triples(g.as_of(11 * HOUR, known_ns=11 * HOUR)) == {("cup", "on", "table")}
    assert triples(g.as_of(7 * HOUR)) == set()
    assert triples(g.current()) == {("cup", "on", "shelf")}


def test_intervals_are_half_open():
    g = graph()
    g.believe(("cup", "on", "table"), 2.0, at(10))
    g.close(("cup", "on", "table"), at(20))
    assert [len(g.as_of(t)) for t in (9, 10, 19, 20)] == [0, 1, 1, 0]


def test_evidence_accumulates_in_place_and_stays_bounded():
    g = graph()
    for k in range(9):
        edge = g.believe(("cup", "on", "table"), 1.0, at(k, step=k))
    assert (edge.seen, edge.log_odds, edge.source.step, edge.last_ns, len(g)) == (9, 6.0, 0, 8, 1)
    for k in range(9, 12):
        g.doubt(("cup", "on", "table"), 2.0, at(k))
    assert (edge.missed, edge.log_odds, edge.last_ns) == (3, 0.0, 8)
    assert g.doubt(("cup", "on", "shelf"), 2.0, at(12)) is None


def test_certainty_fades_towards_ignorance():
    g = graph()
    edge = g.believe(("cup", "on", "table"), log_odds(0.9), at(0))
    day = 24 * HOUR
    assert edge.confidence(0) == pytest.approx(0.9)
    assert edge.confidence(day) == pytest.approx(probability(log_odds(0.9) / 2))
    assert 0.5 < edge.confidence(10 * day) < 0.501


def test_a_fact_that_ends_where_it_began_was_never_true():
    g = graph()
    g.believe(("cup", "on", "table"), 1.0, at(5))
    assert g.close(("cup", "on", "table"), at(5)) is None
    assert g.as_of(5) == []


def test_retracted_facts_are_out_of_the_present_but_not_out_of_the_past():
    g = graph()
    g.believe(("cup", "on", "table"), 1.0, at(5))
    g.retract(("cup", "on", "table"), at(8))
    assert g.as_of(6) == []
    assert triples(g.as_of(6, known_ns=7)) == {("cup", "on", "table")}
    assert [*g.outgoing("cup"), *g.incoming("cup")] == []


def test_belief_has_a_clock_that_never_runs_backwards():
    g = graph()
    g.believe(("cup", "on", "table"), 1.0, at(100))
    late = g.believe(("cup", "near", "shelf"), 1.0, at(40))
    assert (late.valid_from, late.known_from) == (40, 100)
    assert triples(g.as_of(50, known_ns=60)) == set()


def test_errors_name_what_is_wrong():
    g = graph()
    with pytest.raises(GraphError, match="'lamp'"):
        g.believe(("lamp", "on", "table"), 1.0, at(0))
    with pytest.raises(GraphError, match="before its start"):
        g.believe(("cup", "on", "table"), 1.0, at(9), valid_to=9)
    with pytest.raises(GraphError, match="known are object, place"):
        make_node("x", "thing", "x", at(0))


def test_a_node_keeps_its_first_source_and_its_position():
    g = graph()
    g.put_node(make_node("cup", "object", "mug", at(7), (1.0, 2.0, 3.0)))
    g.put_node(make_node("cup", "object", "mug", at(9)))
    assert (g.nodes["cup"].name, g.nodes["cup"].source, g.nodes["cup"].position_m) == ("mug", at(0), (1.0, 2.0, 3.0))


OPERATION = st.tuples(
    st.sampled_from(["assert", "told", "close", "retract", "doubt"]),
    st.sampled_from([(a, r, b) for a in NODES for b in NODES for r in ("on", "near")]),
    st.integers(0, 30),
    st.integers(0, 30),
)


def test_a_second_fact_between_two_nodes_makes_them_recent_neighbours_again():
    g = graph()
    for triple in (("cup", "near", "shelf"), ("cup", "on", "table"), ("cup", "above", "shelf")):
        g.believe(triple, 1.0, at(0))
    assert list(g.successors("cup")) == ["table", "shelf"]
    assert list(graph_of(*unpack(pack(*graph_state(g)))).successors("cup")) == ["table", "shelf"]


class Naive:
    """A list of [triple, valid_from, valid_to, known_from, known_to]: the meaning of the operations, spelled out."""

    def __init__(self):
        self.rows, self.clock = [], 0

    def do(self, kind, triple, stamp, other):
        self.clock = max(self.clock, stamp)
        now = next((r for r in self.rows if r[0] == triple and r[2] == r[4] == FOREVER), None)
        if kind == "told" and stamp < other:
            self.rows.append([triple, stamp, other, self.clock, FOREVER])
        elif kind == "assert" and now is None:
            self.rows.append([triple, stamp, FOREVER, self.clock, FOREVER])
        elif kind in ("close", "retract") and now is not None:
            now[4] = self.clock
            if kind == "close" and stamp > now[1]:
                self.rows.append([triple, now[1], stamp, self.clock, FOREVER])

    def as_of(self, valid, known):
        return {r[0] for r in self.rows if r[1] <= valid < r[2] and r[3] <= known < r[4]}


def do(g, kind, triple, stamp, other):
    source = at(stamp)
    if kind == "assert":
        g.believe(triple, 1.0, source)
    elif kind == "told" and stamp < other:
        g.believe(triple, 1.0, source, valid_to=other)
    elif kind == "told":
        g.doubt(triple, 0.0, source)
    else:
        {"close": g.close, "retract": g.retract, "doubt": lambda t, s: g.doubt(t, 1.0, s)}[kind](triple, source)


@settings(max_examples=150, deadline=None)
@given(st.lists(OPERATION, max_size=25))
def test_graph_equals_a_naive_model(operations):
    g, naive = graph(), Naive()
    for operation in operations:
        do(g, *operation)
        naive.do(*operation)
    for valid in range(0, 31, 3):
        for known in (*range(0, 31, 5), 99):
            assert triples(g.as_of(valid, known)) == naive.as_of(valid, known)
    for node in NODES:
        about = {t for t in naive.as_of(30, 99) if node in (t[0], t[2])}
        assert triples(g.as_of(30, 99, [node])) == about
    assert triples(g.current()) == {r[0] for r in naive.rows if r[2] == r[4] == FOREVER}


@settings(max_examples=100, deadline=None)
@given(st.lists(OPERATION, max_size=25), st.lists(OPERATION, max_size=8))
def test_a_restored_graph_is_the_same_graph(before, after):
    g = graph()
    for operation in before:
        do(g, *operation)
    packed = pack(*graph_state(g))
    back = graph_of(*unpack(packed))
    assert pack(*graph_state(back)) == packed
    for operation in after:
        do(g, *operation)
        do(back, *operation)
    assert pack(*graph_state(back)) == pack(*graph_state(g))
    for node in NODES:
        assert list(back.successors(node)) == list(g.successors(node))
        assert list(back.predecessors(node)) == list(g.predecessors(node))


def test_neighbours_come_in_order_of_their_last_evidence():
    g = graph()
    g.believe(("cup", "on", "table"), 1.0, at(0))
    g.believe(("cup", "near", "shelf"), 1.0, at(1))
    assert list(g.successors("cup")) == ["table", "shelf"]
    g.believe(("cup", "on", "table"), 1.0, at(2))
    assert list(g.successors("cup")) == ["shelf", "table"]


def test_sights_of_a_fact_are_thinned_and_found_by_time():
    minute = 60 * 10**9
    graph = Graph()
    for id_ in ("Cup", "Table"):
        graph.put_node(make_node(id_, "object", id_, Source("r", "e", 0, 0)))
    for step in range(200):
        graph.believe(("Cup", "on", "Table"), 0.1, Source("r", "e", step, step * minute // 2))
    edge = graph.get(("Cup", "on", "Table"))
    assert len(edge.sights) == 32
    assert edge.sight() == edge.latest == Source("r", "e", 199, 199 * minute // 2)
    assert edge.sight(-1) == edge.source
    for at_ns in range(0, 99 * minute, minute // 3):
        sight = edge.sight(at_ns)
        assert 0 <= at_ns - sight.stamp_ns < 7 * minute  # 100 minutes, 33 gaps; at most two of them in one
    back = graph_of(*graph_state(graph)).get(edge.triple)
    assert back.sights == edge.sights
