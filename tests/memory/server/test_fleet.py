from __future__ import annotations

import pytest

from engram.memory import errors
from engram.memory.config import MemoryConfig
from engram.memory.contract import Percepts, Query, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.log import open_log
from engram.memory.server.fleet import Fleet, fleet_answers
from engram.memory.stores import default_stores
from engram.perception.text import TextConfig, text_embedder

psycopg = pytest.importorskip(
    "psycopg", reason="psycopg is not installed (pip install 'engram[fleet]')", exc_type=ImportError
)
TEXT = TextConfig("hashed", hashed_dims=64)
NAMES = ("episodic", "semantic")
LIVES = {
    "r1": ("water the plants", "feed the cat"),
    "r2": ("repair the dishwasher", "sweep the floor"),
    "r3": ("wash the windows", "open the garage"),
}


def stores():
    return default_stores(NAMES, MemoryConfig(text=TEXT))


def live(database, robot, tasks, text=TEXT, start=0):
    config = HippocampusConfig(robot=robot, deadline_secs=60.0)
    with Hippocampus(database, default_stores(NAMES, MemoryConfig(text=text)), config) as memory:
        for number, task in enumerate(tasks, start):
            source = Source(robot, f"e{number}", number, number)
            memory.write(Percepts(source, f"Began to {task}.", task=task, outcome="success"))


@pytest.fixture
def fleet(database):
    for robot, tasks in LIVES.items():
        live(database, robot, tasks)
    with Fleet(database) as opened:
        yield opened


def test_the_server_says_whose_notes_are_nearest(fleet):
    embedder = text_embedder(TEXT)
    assert fleet.robots() == ["r1", "r2", "r3"]
    for robot, tasks in LIVES.items():
        for task in tasks:
            found = fleet.nearest(task, embedder, 3)
            assert found[0].robot == robot
            assert found[0].score == pytest.approx(1.0, abs=2e-3)  # half precision
    assert fleet.to_ask("repair the dishwasher", embedder, 1) == ["r2"]
    assert sorted(fleet.to_ask("repair the dishwasher", embedder, 9)) == ["r1", "r2", "r3"]


def test_a_question_is_answered_by_the_robots_that_know(fleet):
    question = "who did repair the dishwasher?"
    recalls = fleet.recall(Query(question), stores, text_embedder(TEXT), limit=2)
    assert next(iter(recalls)) == "r2"
    assert len(recalls) == 2
    best = fleet_answers(recalls, question, 1)[0]
    assert best.source.robot == "r2"
    assert "repair the dishwasher" in best.text


def test_what_is_published_follows_the_snapshots(fleet, database):
    embedder = text_embedder(TEXT)

    def rows():
        query = "SELECT store, count(*) FROM engram.item_vectors GROUP BY store ORDER BY store"
        return dict(fleet.session.run(lambda cursor: cursor.execute(query).fetchall()))

    before = rows()
    live(database, "r1", ["paint the fence"], start=5)
    assert fleet.nearest("paint the fence", embedder, 1)[0].robot == "r1"
    assert rows()["episodic by hashed-ngrams-64"] > before["episodic by hashed-ngrams-64"]
    with Hippocampus(database, stores(), HippocampusConfig(robot="r1", deadline_secs=60.0)) as memory:
        aged = Source("r1", "e9", 9, 400 * 86400 * 10**9)  # by then the attempts have faded
        memory.write(Percepts(aged, "Began to read.", task="read a book", outcome="success"))
    found = [near for near in fleet.nearest("paint the fence", embedder, 20) if near.robot == "r1"]
    assert all("e5" not in near.id for near in found)
    assert any("e9" in near.id for near in found)


def test_vectors_of_two_embedders_are_not_compared(fleet, database):
    other = TextConfig("hashed", hashed_dims=128)
    live(database, "r2", ["polish the silver"], other, start=5)  # r2 changes its embedder, notes and all
    assert {near.robot for near in fleet.nearest("repair the dishwasher", text_embedder(TEXT), 50)} == {"r1", "r3"}
    assert {near.robot for near in fleet.nearest("repair the dishwasher", text_embedder(other), 50)} == {"r2"}
    assert fleet.to_ask("repair the dishwasher", text_embedder(TEXT), 3)[-1] == "r2"


def test_an_empty_database_is_named(database):
    with pytest.raises(errors.MissingFileError, match="has no memories"):
        Fleet(database)
    open_log(database, robot="r1").close()
    with Fleet(database) as fleet:
        assert fleet.robots() == ["r1"]
        assert fleet.nearest("anything", text_embedder(TEXT), 3) == []
