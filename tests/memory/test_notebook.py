import pytest

from engram.memory.contract import Source
from engram.memory.forgetting import Trace
from engram.memory.notebook import Note, Notebook, NoteError
from engram.memory.retrieval.hybrid import HybridConfig
from engram.perception.text import HashedNgrams


def note(name: str, text: str, step: int = 1, kind: str = "action") -> Note:
    source = Source("robot", "e", step, step * 10**9)
    return Note(name, kind, text, source, Trace(source.stamp_ns))


@pytest.fixture
def book() -> Notebook:
    book = Notebook(HashedNgrams(256))
    book.add(note("a", "open the fridge slowly"))
    book.add(note("b", "the fridge door opens to the left", 2))
    book.add(note("c", "mugs break when they are dropped", 3, "task"))
    return book


def found(book: Notebook, text: str, count: int = 3) -> list[str]:
    return [n.id for n, _ in book.search(text, book.embedder.embed([text])[0], count)]


def test_similar_notes_are_linked_both_ways() -> None:
    book = Notebook(HashedNgrams(256), link_cosine=0.3)
    book.add(note("a", "open the fridge door"))
    book.add(note("b", "the fridge door is heavy"))
    book.add(note("c", "bananas"))
    assert (book["a"].links, book["b"].links, book["c"].links) == (("b",), ("a",), ())


def test_links_bring_in_what_the_words_do_not() -> None:
    book = Notebook(HashedNgrams(1024), link_cosine=0.99)
    book.add(note("a", "plumber came"))
    for k in range(8):
        book.add(note(f"x{k}", f"unrelated{k} zzz{k}"))
    plain = Note("far", "action", "bicycles", Source("r", "e", 1, 1), Trace(1), links=())
    book.add(plain)
    unlinked = found(book, "plumber", 10)
    linked = Notebook(HashedNgrams(1024), link_cosine=0.99)
    linked.add(plain)
    linked.add(Note("a", "action", "plumber came", Source("r", "e", 1, 1), Trace(1), links=("far",)))
    for k in range(8):
        linked.add(note(f"x{k}", f"unrelated{k} zzz{k}"))
    assert unlinked[0] == "a"
    assert found(linked, "plumber", 10)[:2] == ["a", "far"]


def test_a_new_text_is_a_new_version_with_a_history(book: Notebook) -> None:
    book.rewrite("a", "pull the drawer", Source("robot", "e", 9, 9 * 10**9))
    assert (book["a"].version, [old.text for old in book["a"].history]) == (2, ["open the fridge slowly"])
    assert found(book, "drawer", 1) == ["a"]
    assert found(book, "fridge", 1) == ["b"]


def test_lifecycle(book: Notebook) -> None:
    book.set_state("b", "archived")
    assert "b" not in found(book, "fridge door left")
    assert book["b"].text == "the fridge door opens to the left"
    with pytest.raises(NoteError, match="archived"):
        book.rewrite("b", "x", book["b"].source)
    book.set_state("b", "active")
    assert found(book, "fridge door left", 1) == ["b"]
    book.set_state("b", "deleted")
    assert "b" not in found(book, "fridge door left")
    with pytest.raises(NoteError, match="not 'gone'"):
        book.set_state("b", "gone")


def test_evidence_moves_belief(book: Notebook) -> None:
    assert book["a"].belief == pytest.approx(2 / 3)
    book.evidence("a", 3, 0, Source("r", "e", 5, 5 * 10**9))
    assert book["a"].belief == pytest.approx(5 / 6)
    assert book["a"].trace == Trace(5 * 10**9, 2.0)
    book.evidence("a", 0, 4, Source("r", "e", 6, 6 * 10**9))
    assert book["a"].belief == pytest.approx(5 / 10)
    assert book["a"].trace.last_ns == 5 * 10**9


def test_faded_notes_are_named_by_age_and_class(book: Notebook) -> None:
    day_ns = 86400 * 10**9
    assert book.faded(80 * day_ns) == []
    assert book.faded(100 * day_ns) == ["a", "b"]
    book.strengthen(["a"], 50 * day_ns)
    assert book.faded(100 * day_ns) == ["b"]


def test_state_survives_to_the_byte_and_answers_the_same(book: Notebook) -> None:
    book.rewrite("a", "pull the drawer", Source("robot", "e", 9, 9 * 10**9))
    book.set_state("b", "archived")
    book.add(note("d", "the drawer sticks", 4))
    state = book.dump({"x": 1})
    other = Notebook(HashedNgrams(256))
    assert other.load(state) == {"x": 1}
    assert other.dump({"x": 1}) == state
    assert other.notes == book.notes
    text = "drawer mug fridge"
    vector = book.embedder.embed([text])[0]
    assert other.search(text, vector, 3) == book.search(text, vector, 3)


def test_another_embedder_makes_its_own_vectors(book: Notebook) -> None:
    other = Notebook(HashedNgrams(64))
    other.load(book.dump())
    assert other.vectors("a").shape == (1, 64)
    assert found(other, "mugs dropped", 1) == ["c"]


def test_ids_are_unique(book: Notebook) -> None:
    with pytest.raises(NoteError, match="already"):
        book.add(note("a", "again"))
    with pytest.raises(NoteError, match="no note 'zzz'"):
        book["zzz"]


def test_what_everything_resembles_is_linked_to_the_newest_only() -> None:
    book = Notebook(HashedNgrams(64))
    for number in range(40):
        book.add(note(f"n{number}", "open the fridge", number))
    assert book["n30"].links[:5] == ("n29", "n28", "n27", "n26", "n25")
    book = Notebook(HashedNgrams(64))
    book.add(note("old", "open"))
    book.add(note("hub", "open the fridge"), similar=["old"])
    for number in range(100):
        book.add(note(f"n{number}", "open the fridge", number), similar=["hub"])
    assert book["old"].links == ("hub",)
    assert len(book["hub"].links) == 32
    assert book["hub"].links[-2:] == ("n98", "n99")


def test_of_equal_notes_the_newest_comes_first() -> None:
    book = Notebook(HashedNgrams(64))
    for number in range(12):
        book.add(note(f"n{number}", "open the fridge", number))
    assert found(book, "open the fridge") == ["n11", "n10", "n9"]


def test_links_are_followed_only_when_the_graph_is_switched_on() -> None:
    for graph, expected in ((True, ["a", "far"]), (False, ["a"])):
        book = Notebook(HashedNgrams(1024), HybridConfig(spans=(), group=False, graph=graph, dense=False))
        book.add(note("far", "bicycles"))
        book.add(note("a", "plumber came"), similar=["far"])
        assert found(book, "plumber", 2) == expected


def test_a_note_is_told_as_it_was_at_a_time(book: Notebook) -> None:
    book.evidence("a", 2, 1, Source("robot", "e", 5, 5 * 10**9))
    book.rewrite("a", "pull the drawer", Source("robot", "e", 9, 9 * 10**9))
    book.rewrite("a", "leave the drawer", Source("robot", "e", 12, 12 * 10**9))
    assert book["a"].at(10**9 - 1) is None
    first, second = book["a"].at(8 * 10**9), book["a"].at(10 * 10**9)
    assert first is not None
    assert (first.text, first.version, first.support, first.against) == ("open the fridge slowly", 1, 3, 1)
    assert (first.source.step, first.history) == (1, ())
    assert second is not None
    assert (second.text, second.version, len(second.history)) == ("pull the drawer", 2, 1)
    assert book["a"].at(12 * 10**9) is book["a"]
    other = Notebook(HashedNgrams(256))
    other.load(book.dump())
    assert other["a"] == book["a"]
