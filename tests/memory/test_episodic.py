import pytest

from engram.memory.contract import Percepts, Query, Source
from engram.memory.episodic import EpisodicConfig, EpisodicStore
from engram.memory.notebook import NoteError

DAY_NS = 86400 * 10**9
MUG = ["went to the kitchen", "opened the cupboard", "picked the mug", "put the mug on the shelf"]
SOCK = ["looked under the bed", "picked the sock", "the basket was full"]


def live(store: EpisodicStore, episode: str, task: str, steps: list[str], outcome: str, start_ns: int = 0) -> None:
    for number, text in enumerate(steps, 1):
        last = number == len(steps)
        source = Source("robot", episode, number, start_ns + number * 10**9)
        percepts = Percepts(source, text, task=task, outcome=outcome if last else "", base=(1.0, 2.0, 0.0))
        for event in store.propose(percepts):
            store.apply(event)


@pytest.fixture
def store() -> EpisodicStore:
    store = EpisodicStore()
    live(store, "e1", "put the mug away", MUG, "success")
    live(store, "e2", "tidy the socks", SOCK, "no_space", 10**11)
    return store


def test_an_attempt_is_one_note_with_outcome_and_cause(store: EpisodicStore) -> None:
    first, second = store.notebook.notes
    assert first.id == "episode:robot:e1:4"
    assert first.text == "put the mug away: succeeded after 4 steps"
    assert second.text == "tidy the socks: failed, no_space after 3 steps"
    assert (first.data["cause"], second.data["cause"]) == ("", "no_space")
    assert second.data["steps"] == [[1, SOCK[0]], [2, SOCK[1]], [3, SOCK[2]]]


def test_recalled_by_task_and_by_a_step(store: EpisodicStore) -> None:
    assert store.recall(Query("socks"))[0].data["task"] == "tidy the socks"
    assert store.recall(Query("cupboard opened", limit=1))[0].data["task"] == "put the mug away"


def test_time_and_place_are_conditions(store: EpisodicStore) -> None:
    early = store.recall(Query("tidy the socks", at_ns=10**10))
    assert [hit.data["task"] for hit in early] == ["put the mug away"]
    assert store.recall(Query("socks", near_m=(9.0, 9.0, 0.0), within_m=1.0)) == []
    assert len(store.recall(Query("socks", near_m=(1.0, 2.0, 0.0), within_m=1.0))) == 2


def test_recall_changes_nothing_but_the_next_event_strengthens(store: EpisodicStore) -> None:
    before = store.dump()
    hit = store.recall(Query("tidy the socks", limit=1))[0]
    assert store.dump() == before
    event = store.propose(Percepts(Source("robot", "e3", 1, 2 * 10**11), "a"))[0]
    assert (event.kind, event.data) == ("recalled", {"ids": [hit.id]})
    store.apply(event)
    assert store.notebook[hit.id].trace.strength == 2
    assert [e.kind for e in store.propose(Percepts(Source("robot", "e3", 1, 2 * 10**11), "a"))] == ["step"]


def test_what_fades_is_archived_and_kept(store: EpisodicStore) -> None:
    live(store, "e9", "water the plant", ["took the can"], "success", 60 * DAY_NS)
    for event in store.sleep(store.notebook.notes[-1].source):
        store.apply(event)
    assert [note.state for note in store.notebook.notes] == ["archived", "archived", "active"]
    assert [hit.data["task"] for hit in store.recall(Query("socks"))] == ["water the plant"]


def test_a_question_about_nothing_known_has_no_confidence(store: EpisodicStore) -> None:
    hits = store.recall(Query("quantum chromodynamics"))
    assert all(hit.confidence == 0 and not hit.data["known"] for hit in hits)
    assert store.recall(Query("tidy the socks"))[0].confidence > 0.5


def test_state_with_a_running_attempt_is_restored(store: EpisodicStore) -> None:
    (event,) = store.propose(Percepts(Source("robot", "e3", 1, 3 * 10**11), "began"))
    store.apply(event)
    other = EpisodicStore()
    other.load(store.dump())
    assert other.dump() == store.dump()
    for each in (store, other):
        live(each, "e3", "clean", ["ended"], "success", 4 * 10**11)
    assert other.dump() == store.dump()
    assert other.notebook.notes[-1].data["steps"] == [[1, "began"], [1, "ended"]]


def test_an_attempt_that_was_cut_off_ends_with_the_next_episode(store: EpisodicStore) -> None:
    for number, text in enumerate(["took the can", "filled the can"], 1):
        source = Source("robot", "e3", number, 2 * 10**11 + number * 10**9)
        for event in store.propose(Percepts(source, text, task="water the plant")):
            store.apply(event)
    reopened = EpisodicStore()
    reopened.load(store.dump())
    other = Percepts(Source("dog", "d1", 1, 3 * 10**11), "barked")  # another robot's episode cuts nothing off
    assert [event.kind for event in reopened.propose(other)] == ["step"]
    live(reopened, "e4", "water the plant", ["took the can"], "success", 4 * 10**11)
    cut, last = reopened.notebook.notes[-2:]
    assert (cut.text, cut.data["outcome"], cut.data["cause"]) == (
        "water the plant: interrupted after 2 steps",
        "interrupted",
        "",
    )
    assert cut.source == Source("robot", "e3", 2, 2 * 10**11 + 2 * 10**9)
    assert last.data["outcome"] == "success"
    assert reopened.recall(Query("filled the can", limit=1))[0].id == cut.id
    assert cut.id not in {note.id for note, _ in reopened.attempts()}
    again = EpisodicStore()
    again.load(reopened.dump())
    assert again.dump() == reopened.dump()
    assert [event.kind for event in again.propose(Percepts(Source("robot", "e5", 1, 5 * 10**11), "a"))] == ["step"]


def test_long_attempts_are_thinned() -> None:
    store = EpisodicStore(EpisodicConfig(max_steps=10))
    live(store, "e", "walk", [f"step {k}" for k in range(40)], "success")
    steps = [number for number, _ in store.notebook.notes[0].data["steps"]]
    assert len(steps) <= 10
    assert steps == sorted(steps)
    assert steps[-1] == 40


def test_foreign_events_are_refused(store: EpisodicStore) -> None:
    event = store.propose(Percepts(Source("r", "e", 1, 1), "x"))[-1]
    with pytest.raises(NoteError, match="no events of kind 'dance'"):
        store.apply(type(event)("episodic", "dance", event.source, {}))
