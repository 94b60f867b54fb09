from __future__ import annotations

import pytest

from engram.memory.contract import Source
from engram.memory.graph.knowledge import Knowledge
from engram.memory.graph.model import make_node
from engram.memory.graph.resolver import ResolverError, check
from engram.memory.graph.rules import Fact, RuleConfig, resolve

SECOND = 1_000_000_000
CUP_TABLE, CUP_SHELF, CUP_HAND = ("cup", "on", "table"), ("cup", "on", "shelf"), ("robot", "holds", "cup")


class World:
    """Knowledge that claims are put to, one step after another."""

    def __init__(self, config=None, resolver=None):
        self.knowledge = Knowledge()
        self.config, self.resolver = config or RuleConfig(), resolver
        self.step = 0
        for id_ in ("robot", "cup", "plate", "table", "shelf", "tray"):
            self.knowledge.graph.put_node(make_node(id_, "object", id_, Source("robot", "e", 0, 0)))

    def claim(self, *facts, stamp_ns=None):
        source = Source("robot", "e", self.step, self.step * SECOND if stamp_ns is None else stamp_ns)
        changes = resolve(self.knowledge, facts, source, self.config, self.resolver)
        for change in changes:
            self.knowledge.change(change, source)
        self.step += 1
        return changes

    @property
    def facts(self):
        return {e.triple for e in self.knowledge.graph.current()}

    @property
    def suspects(self):
        return set(self.knowledge.suspects)


@pytest.fixture
def world():
    return World()


def test_a_thing_is_in_one_place(world):
    world.claim(Fact(CUP_TABLE, 3.0), Fact(("plate", "on", "table"), 3.0))
    world.claim(Fact(("cup", "in", "shelf"), 3.0))
    assert world.facts == {("cup", "in", "shelf"), ("plate", "on", "table")}
    assert {e.triple for e in world.knowledge.graph.as_of(0)} == {CUP_TABLE, ("plate", "on", "table")}


def test_a_hand_holds_one_thing_and_what_it_holds_lies_nowhere(world):
    world.claim(Fact(CUP_TABLE, 3.0), Fact(("robot", "holds", "plate"), 6.0, acted=True))
    world.claim(Fact(CUP_HAND, 6.0, acted=True))
    assert world.facts == {CUP_HAND}


def test_what_moves_leaves_its_neighbours_and_takes_its_load(world):
    world.claim(
        Fact(("tray", "on", "table"), 3.0),
        Fact(("cup", "on", "tray"), 3.0),
        Fact(("tray", "near", "plate"), 3.0),
        Fact(("plate", "left_of", "tray"), 3.0),
        Fact(("plate", "on", "table"), 3.0),
    )
    world.claim(Fact(("robot", "holds", "tray"), 6.0, acted=True))
    assert world.facts == {("robot", "holds", "tray"), ("cup", "on", "tray"), ("plate", "on", "table")}


def test_a_weak_claim_waits_and_displaces_nothing(world):
    world.claim(Fact(CUP_TABLE, 3.0))
    world.claim(Fact(CUP_SHELF, 0.8))
    assert (world.facts, world.suspects) == ({CUP_TABLE}, {CUP_SHELF})
    world.claim(Fact(CUP_SHELF, 0.8))
    assert (world.facts, world.suspects) == ({CUP_SHELF}, set())


def test_a_claim_in_the_same_step_is_no_confirmation(world):
    world.claim(Fact(CUP_SHELF, 0.8), Fact(CUP_SHELF, 0.8))
    assert (world.facts, world.suspects) == (set(), {CUP_SHELF})


def test_an_unrivalled_claim_was_true_since_it_was_first_made(world):
    world.claim(Fact(CUP_SHELF, 0.8))
    world.claim(Fact(CUP_SHELF, 0.8))
    edge = world.knowledge.graph.get(CUP_SHELF)
    assert (edge.valid_from, edge.known_from, edge.log_odds) == (0, SECOND, pytest.approx(1.6))


def test_a_confirmed_claim_does_not_reach_back_into_the_time_of_another_fact(world):
    world.claim(Fact(CUP_HAND, 6.0, acted=True))
    world.claim(Fact(CUP_SHELF, 0.8))
    world.claim(Fact(("robot", "holds", "plate"), 6.0, acted=True))
    world.claim(Fact(CUP_SHELF, 0.8))
    assert world.knowledge.graph.get(CUP_SHELF).valid_from == 3 * SECOND
    assert [e.triple for e in world.knowledge.graph.as_of(SECOND)] == [CUP_HAND]


def test_nor_into_that_of_a_fact_that_ends_in_the_same_step(world):
    world.claim(Fact(CUP_HAND, 6.0, acted=True))
    world.claim(Fact(CUP_SHELF, 0.8))
    world.claim(Fact(CUP_SHELF, 0.8), Fact(("robot", "holds", "plate"), 6.0, acted=True))
    assert world.knowledge.graph.get(CUP_SHELF).valid_from == 2 * SECOND


def test_unconfirmed_claims_run_out(world):
    world.claim(Fact(CUP_SHELF, 0.8))
    world.claim(Fact(("plate", "on", "table"), 3.0), stamp_ns=601 * SECOND)
    assert world.suspects == set()
    world.claim(Fact(CUP_SHELF, 0.8), stamp_ns=602 * SECOND)
    assert world.facts == {("plate", "on", "table")}


def test_quarantine_has_a_size():
    world = World(RuleConfig(quarantine_size=1))
    for relation in ("near", "above", "below"):
        world.claim(Fact(("cup", relation, "plate"), 0.5))
    world.claim()
    assert world.suspects == {("cup", "below", "plate")}


def test_of_two_sights_of_one_step_the_surer_stands(world):
    world.claim(Fact(CUP_TABLE, 2.5), Fact(CUP_SHELF, 3.5))
    assert (world.facts, world.suspects) == ({CUP_SHELF}, {CUP_TABLE})


def test_one_sight_takes_nothing_out_of_the_hand_two_do(world):
    world.claim(Fact(CUP_HAND, 6.0, acted=True))
    world.claim(Fact(CUP_TABLE, 5.0))
    assert world.facts == {CUP_HAND}
    world.claim(Fact(CUP_TABLE, 5.0))
    assert world.facts == {CUP_TABLE}


def test_looked_and_not_there_weighs_until_the_fact_ends(world):
    for _ in range(2):
        world.claim(Fact(CUP_TABLE, 2.2))  # log-odds 4.4
    world.claim(Fact(CUP_TABLE, -2.0))
    assert world.facts == {CUP_TABLE}
    assert world.knowledge.graph.get(CUP_TABLE).missed == 1
    world.claim(Fact(CUP_TABLE, -2.5))
    assert world.facts == {("cup", "absent_from", "table")}
    assert [e.triple for e in world.knowledge.graph.as_of(1 * SECOND)] == [CUP_TABLE]
    world.claim(Fact(CUP_TABLE, 2.2))
    assert world.facts == {CUP_TABLE}


def test_stale_facts_end_at_the_first_miss(world):
    for _ in range(3):
        world.claim(Fact(CUP_TABLE, 2.2))
    world.claim(Fact(CUP_TABLE, -2.0), stamp_ns=3 * 86_400 * SECOND)
    assert world.facts == {("cup", "absent_from", "table")}


def test_news_of_the_past_leave_the_present_alone(world):
    world.claim(Fact(CUP_TABLE, 3.0), stamp_ns=100 * SECOND)
    world.claim(Fact(CUP_SHELF, 3.0, valid_from=50 * SECOND), stamp_ns=200 * SECOND)
    assert world.facts == {CUP_TABLE}
    assert [e.triple for e in world.knowledge.graph.as_of(60 * SECOND)] == [CUP_SHELF]
    assert [e.triple for e in world.knowledge.graph.as_of(100 * SECOND)] == [CUP_TABLE]


def test_news_with_a_date_end_the_old_fact_then(world):
    world.claim(Fact(CUP_TABLE, 3.0))
    world.claim(Fact(CUP_SHELF, 3.0, valid_from=50 * SECOND), stamp_ns=200 * SECOND)
    assert [e.triple for e in world.knowledge.graph.as_of(49 * SECOND)] == [CUP_TABLE]
    assert [e.triple for e in world.knowledge.graph.as_of(50 * SECOND)] == [CUP_SHELF]


class TestResolver:
    """A language model judges what is left."""

    def quarrel(self, answer):
        """Put a weak claim against a strong fact to a model; returns the world and what it was shown."""
        shown = []

        def resolver(local, new):
            shown.append((list(local), list(new)))
            if isinstance(answer, ResolverError):
                raise answer
            return answer

        world = World(resolver=resolver)
        world.claim(Fact(CUP_TABLE, 3.0))
        world.claim(Fact(CUP_SHELF, 0.8))
        return world, shown

    def test_is_asked_for_the_residue_only(self):
        _, shown = self.quarrel({})
        assert shown == [([CUP_TABLE], [CUP_SHELF])]

    def test_its_answer_is_followed(self):
        for answer in (
            {"add": [list(CUP_SHELF)]},
            {"modify": [[list(CUP_TABLE), list(CUP_SHELF)]]},
            '{"delete": [["cup", "on", "table"]], "add": [["cup", "on", "shelf"]]}',
        ):
            world, _ = self.quarrel(answer)
            assert (world.facts, world.suspects) == ({CUP_SHELF}, set())

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            "not json",
            '{"add": [["cup", "on"]]}',
            [],
            {"remove": []},
            {"add": "cup on shelf"},
            {"add": [["cup", "on", 7]]},
            {"add": [["cup", "on", "moon"]]},
            {"add": [["cup", "eats", "table"]]},
            {"delete": [["plate", "on", "table"]]},
            {"modify": [[list(CUP_TABLE)]]},
            {"delete": [list(CUP_TABLE)], "add": [["cup", "on", "moon"]]},
            ResolverError("no server"),
        ],
    )
    def test_a_malformed_answer_changes_nothing(self, answer):
        world, _ = self.quarrel(answer)
        plain = World()
        plain.claim(Fact(CUP_TABLE, 3.0))
        plain.claim(Fact(CUP_SHELF, 0.8))
        assert (world.facts, world.suspects) == (plain.facts, plain.suspects)

    def test_free_relations_between_the_same_two_things_are_its_business(self):
        asked = []
        world = World(resolver=lambda local, new: asked.append(list(new)) or {})
        world.claim(Fact(("cup", "leans on", "plate"), 3.0))
        world.claim(Fact(("plate", "covers", "cup"), 0.8))
        assert asked == [[("plate", "covers", "cup")]]

    def test_claims_cannot_be_deleted_only_facts(self):
        assert check({"delete": [list(CUP_SHELF)]}, [CUP_TABLE], [CUP_SHELF]).delete == ()
