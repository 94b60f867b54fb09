from collections.abc import Sequence

import pytest

from engram.memory.contract import Event, Percepts, Query, Source
from engram.memory.temporal import TemporalConfig, TemporalStore, compress_by_rule


def source(step: int) -> Source:
    return Source("robot", "e1", step, step * 10**9)


def write(store: TemporalStore, step: int) -> None:
    for event in store.propose(Percepts(source(step), f"s{step}")):
        store.apply(event)


def texts(store: TemporalStore) -> list[str]:
    return [entry.text for entry in store.entries]


def test_nine_summaries_in_a_list_of_four() -> None:
    calls: list[list[str]] = []

    def compressor(oldest: Sequence[str]) -> str:
        calls.append(list(oldest))
        return "(" + "+".join(oldest) + ")"

    store = TemporalStore(compressor=compressor)
    sizes = []
    for step in range(1, 10):
        write(store, step)
        sizes.append(len(store.entries))
    assert calls == [["s1", "s2", "s3", "s4"], ["(s1+s2+s3+s4)", "s5", "s6", "s7"]]
    assert texts(store) == ["((s1+s2+s3+s4)+s5+s6+s7)", "s8", "s9"]
    assert sizes == [1, 2, 3, 4, 2, 3, 4, 2, 3]
    assert (store.entries[0].first, store.entries[0].last) == (source(1), source(7))


def test_proposing_and_recalling_change_nothing() -> None:
    store = TemporalStore()
    for step in range(1, 5):
        write(store, step)
    before = store.dump()
    store.propose(Percepts(source(5), "s5"))
    store.recall(Query("anything"))
    assert store.dump() == before


def test_a_late_compression_does_not_replace_what_it_did_not_read() -> None:
    store = TemporalStore(compressor=lambda texts: "told")
    for step in range(1, 5):
        write(store, step)
    late = store.propose(Percepts(source(5), "s5"))
    for step in (6, 7, 8):
        write(store, step)
    for event in late:
        store.apply(event)
    assert texts(store) == ["told; s6; s7; s8", "s5"]


def test_a_state_is_restored_to_the_byte() -> None:
    store, other = TemporalStore(), TemporalStore()
    for step in range(1, 8):
        write(store, step)
    other.load(store.dump())
    assert other.entries == store.entries
    assert other.dump() == store.dump()


def test_recall_gives_the_newest_first_and_honours_time() -> None:
    store = TemporalStore()
    for step in range(1, 4):
        write(store, step)
    assert [hit.text for hit in store.recall(Query("?"))] == ["s3", "s2", "s1"]
    assert [hit.text for hit in store.recall(Query("?", at_ns=2 * 10**9))] == ["s2", "s1"]
    assert [hit.text for hit in store.recall(Query("?", limit=1))] == ["s3"]


def test_without_compression_the_oldest_goes() -> None:
    store = TemporalStore(TemporalConfig(capacity=2, compress=False))
    for step in range(1, 5):
        write(store, step)
    assert texts(store) == ["s3", "s4"]


def test_silence_is_no_event() -> None:
    assert TemporalStore().propose(Percepts(source(1))) == []
    with pytest.raises(ValueError, match="at least 1"):
        TemporalConfig(capacity=0)


def test_the_rule_counts_repeats_keeps_order_and_cuts_the_oldest() -> None:
    assert compress_by_rule(["moved ahead (x2); turned", "turned", "moved ahead."]) == (
        "moved ahead (x2); turned (x2); moved ahead"
    )
    short = compress_by_rule([f"picked thing number {i}" for i in range(20)], max_chars=60)
    assert short == "...; picked thing number 18; picked thing number 19"


def test_an_event_says_all_that_a_replay_needs() -> None:
    store = TemporalStore(TemporalConfig(capacity=1), compressor=lambda texts: "never twice")
    write(store, 1)
    (event,) = store.propose(Percepts(source(2), "s2"))
    assert event == Event("temporal", "append", source(2), {"text": "s2", "compressed": "never twice", "until": 10**9})
