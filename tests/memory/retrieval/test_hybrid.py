from dataclasses import replace

import numpy as np
import pytest

from engram.memory.retrieval.hybrid import HybridConfig, HybridIndex
from engram.perception.text import HashedNgrams

EMBED = HashedNgrams(256)
TALK = [
    ("a", "Anna: which colour was the parcel that came"),
    ("a", "Ben: blue as far as I know"),
    ("a", "Anna: good, the weather is fine"),
    ("b", "Ben: the kitchen tap drips again"),
    ("b", "Anna: I called the plumber Zebediah"),
    ("c", "Ben: Zebediah repaired bicycles before"),
    ("c", "Anna: blue is a nice colour for a wall"),
]
PLAIN = HybridConfig(spans=(), group=False, router=False, graph=False)


def index(config: HybridConfig) -> HybridIndex:
    out = HybridIndex(EMBED.dims, config)
    for day, (group, text) in enumerate(TALK):
        out.add(text, EMBED.embed([text])[0], day * 10**9, group)
    return out


def rows(config: HybridConfig, text: str, count: int = 7, **options: int) -> list[int]:
    return [f.row for f in index(config).search(text, EMBED.embed([text])[0], count, **options)]


def test_an_answer_is_found_by_what_was_said_before() -> None:
    text = "what colour was the parcel"
    assert rows(PLAIN, text).index(1) > 2
    assert rows(replace(PLAIN, spans=(1,)), text).index(1) <= 2


def test_association_brings_in_what_shares_a_rare_word() -> None:
    text = "plumber"
    alone = replace(PLAIN, dense=False)
    assert 5 not in rows(alone, text)
    assert rows(replace(alone, graph=True), text)[0] == 4
    assert 5 in rows(replace(alone, graph=True), text)


def test_time_window_and_decay() -> None:
    assert set(rows(PLAIN, "blue colour", since_ns=2 * 10**9, until_ns=5 * 10**9)) <= {2, 3, 4, 5}
    assert rows(replace(PLAIN, half_life_secs=0.5), "blue colour", 1) == [6]


def test_dense_alone_is_cosine_and_words_alone_is_bm25() -> None:
    query = "plumber of the kitchen"
    vector = EMBED.embed([query])[0]
    cosines = EMBED.embed([text for _, text in TALK]) @ vector
    assert rows(replace(PLAIN, bm25=False), query, 1) == [int(np.argmax(cosines))]
    words = index(PLAIN).bm25.scores(query)
    assert rows(replace(PLAIN, dense=False), query, 1) == [int(np.argmax(words))]


def test_scores_come_sorted() -> None:
    query = EMBED.embed(["blue colour"])[0]
    found = index(HybridConfig()).search("blue colour", query, 4)
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)


def test_removing_an_item_equals_never_having_had_it() -> None:
    full = index(replace(HybridConfig(), graph=False))
    full.remove(2)
    part = HybridIndex(EMBED.dims, replace(HybridConfig(), graph=False))
    kept = [row for row in range(len(TALK)) if row != 2]
    for row in kept:
        part.add(TALK[row][1], EMBED.embed([TALK[row][1]])[0], row * 10**9, TALK[row][0])
    vector = EMBED.embed(["colour of the parcel"])[0]
    ours = full.search("colour of the parcel", vector, 7)
    theirs = part.search("colour of the parcel", vector, 7)
    assert [f.row for f in ours] == [kept[f.row] for f in theirs]
    assert [f.score for f in ours] == pytest.approx([f.score for f in theirs], abs=1e-3)


def test_an_empty_index_finds_nothing() -> None:
    assert HybridIndex(4).search("mug", np.ones(4, np.float32) / 2, 3) == []
