import json
from collections.abc import Sequence
from typing import Any

import pytest

from engram.memory.consolidation import Lesson
from engram.memory.contract import Percepts, Query, Source
from engram.memory.notebook import Note
from engram.memory.semantic import AnswerError, SemanticConfig, SemanticStore, parse_answer


def step(number: int, outcome: str = "ok", verb: str = "open", target: str = "Fridge_1") -> Percepts:
    action = {"verb": verb, "target": target, "outcome": outcome}
    return Percepts(Source("robot", "e", number, number * 10**9), "did", action=action)


def write(store: SemanticStore, percepts: Percepts) -> None:
    for event in store.propose(percepts):
        store.apply(event)


def lessons(store: SemanticStore) -> dict[str, tuple[int, int]]:
    return {note.text: (note.support, note.against) for note in store.notebook.notes if note.state == "active"}


def test_support_grows_and_contradiction_lowers_belief() -> None:
    store = SemanticStore()
    for number in range(1, 4):
        write(store, step(number))
    assert lessons(store) == {"open Fridge: works": (3, 0)}
    before = store.notebook.notes[0].belief
    write(store, step(4, "blocked", target="Fridge_2"))
    assert lessons(store) == {"open Fridge: works": (3, 1), "open Fridge: fails, blocked": (1, 3)}
    assert store.notebook.notes[0].belief < before
    assert store.notebook.notes[1].belief == pytest.approx(2 / 6)


def test_task_lessons_and_levels() -> None:
    store = SemanticStore()
    for number, kind in enumerate(("Mug", "Cup", "Box", "Pot", "Pan", "Jar")):
        write(store, step(number, verb="pick", target=kind))
    write(store, Percepts(Source("robot", "e", 9, 9 * 10**9), "end", task="pick things", outcome="no_space"))
    hits = store.recall(Query("pick", limit=4))
    assert [hit.data["kind"] for hit in hits].count("task") == 1
    assert len(hits) == 4


def many(count: int, updater: Any) -> SemanticStore:
    teach = SemanticStore(creator=lambda p: [Lesson("action", f"skill {p.source.step}", "works well here")])
    for number in range(count):
        write(teach, Percepts(Source("robot", "e", number, number)))
    asked = SemanticStore(creator=lambda p: [Lesson("action", "skill new", "works well here")], updater=updater)
    asked.load(teach.dump())
    return asked


def test_an_updater_sees_and_touches_ten_at_most() -> None:
    shown_counts = []

    def greedy(lesson: Lesson, shown: Sequence[Note]) -> list[dict[str, str]]:
        shown_counts.append(len(shown))
        return [{"op": "remove", "id": note.id} for note in shown]

    store = many(25, greedy)
    write(store, Percepts(Source("robot", "f", 1, 1)))
    assert shown_counts == [10]
    assert sum(note.state == "deleted" for note in store.notebook.notes) == 10


@pytest.mark.parametrize(
    "answer",
    [
        "no json",
        '{"op": "add", "text": "x"}',
        [{"op": "explode"}],
        [{"op": "add"}],
        [{"op": "add", "text": " "}],
        [{"op": "add", "text": "fine"}, {"op": "remove", "id": "lesson:unseen"}],
        None,
        [3],
    ],
)
def test_a_malformed_answer_changes_nothing(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    store = many(3, lambda lesson, shown: answer)
    before = store.dump()
    write(store, Percepts(Source("robot", "f", 1, 1)))
    assert store.dump() == before
    assert "left out" in caplog.text


def test_add_update_remove_and_noop() -> None:
    answers = iter(
        [
            json.dumps([{"op": "ADD", "text": "new insight"}]),
            [{"op": "UPDATE", "id": "lesson:robot:e:0:0", "text": "skill 0: rarely works"}],
            [{"op": "DELETE", "id": "lesson:robot:e:1:0"}],
            [{"op": "NONE"}],
        ]
    )
    store = many(3, lambda lesson, shown: next(answers))
    for number in range(4):
        write(store, Percepts(Source("robot", "f", number, 100 + number)))
    notes = {note.id: note for note in store.notebook.notes}
    assert notes["lesson:robot:f:0:0"].text == "new insight"
    changed = notes["lesson:robot:e:0:0"]
    assert (changed.version, [old.text for old in changed.history]) == (2, ["skill 0: works well here"])
    assert changed.source == Source("robot", "f", 1, 101)
    assert notes["lesson:robot:e:1:0"].state == "deleted"
    assert len(notes) == 4


def test_parsing_keeps_only_what_is_known() -> None:
    parsed = parse_answer([{"op": "support", "id": "a", "count": 2, "extra": "x"}], {"a"})
    assert parsed == [{"op": "support", "id": "a", "count": 2}]
    with pytest.raises(AnswerError, match="not shown"):
        parse_answer([{"op": "remove", "id": "b"}], {"a"})


def test_replay_and_restore_give_the_same_bytes() -> None:
    store, replayed, restored = SemanticStore(), SemanticStore(), SemanticStore()
    for number in range(1, 12):
        for event in store.propose(step(number, "ok" if number % 3 else "blocked", target=f"Thing{number % 4}")):
            store.apply(event)
            replayed.apply(event)
    restored.load(store.dump())
    assert replayed.dump() == store.dump() == restored.dump()
    assert restored.recall(Query("open Thing1")) == store.recall(Query("open Thing1"))


def test_faded_lessons_no_longer_answer_but_can_be_learnt_again() -> None:
    store = SemanticStore()
    write(store, step(1))
    year_ns = 365 * 86400 * 10**9
    later = Source("robot", "e", 2, year_ns)
    write(store, Percepts(later, task="t", outcome="success"))
    for event in store.sleep(later):
        store.apply(event)
    assert lessons(store) == {"t: succeeds": (1, 0)}
    write(store, Percepts(Source("robot", "e", 3, year_ns + 1), action=dict(step(3).action)))
    assert lessons(store) == {"t: succeeds": (1, 0), "open Fridge: works": (1, 0)}
    assert [note.state for note in store.notebook.notes] == ["archived", "active", "active"]


def test_switches() -> None:
    store = SemanticStore(SemanticConfig(strengthen=False, links=0))
    write(store, step(1))
    store.recall(Query("open Fridge"))
    assert [e.kind for e in store.propose(step(2))] == ["lessons"]


def test_a_lesson_is_told_as_it_was_at_the_time_that_is_asked_about() -> None:
    answers = iter(
        [[{"op": "add", "text": "fridge: opens"}], [{"op": "update", "id": "lesson:robot:e:1:0", "text": "x"}]]
    )
    store = SemanticStore(updater=lambda lesson, shown: next(answers))
    write(store, step(1))
    write(store, step(5, "blocked"))
    now, then = store.recall(Query("fridge")), store.recall(Query("fridge", at_ns=4 * 10**9))
    assert [hit.text for hit in now] == ["x"]
    assert [(hit.text, hit.source.step, hit.data["version"]) for hit in then] == [("fridge: opens", 1, 1)]
    assert store.recall(Query("fridge", at_ns=10**8)) == []
    assert store.recall(Query("fridge", known_ns=4 * 10**9))[0].text == "fridge: opens"


def test_lessons_that_came_later_do_not_crowd_out_those_of_then() -> None:
    store = SemanticStore(creator=lambda p: [Lesson("action", f"skill {p.source.step}", "works well here")])
    for number in range(400):
        write(store, Percepts(Source("robot", "e", number, number * 10**9)))
    then = store.recall(Query("works well here", limit=3, at_ns=2 * 10**9))
    assert [hit.text.split(":")[0] for hit in then] == ["skill 2", "skill 1", "skill 0"]
