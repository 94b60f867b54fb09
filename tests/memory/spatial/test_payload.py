import numpy as np
import pytest

from engram.memory.spatial.payload import Payload

KEYS = np.array([70, 3, 512], np.int64)


def test_one_look_leaves_doubt_and_more_looks_less() -> None:
    payload = Payload()
    payload.add_label(KEYS, "Mug", 0.8)
    assert payload.belief(3) == pytest.approx({"Mug": 0.8 / 1.3})
    payload.add_label(KEYS[:2], "Mug", 0.8)
    assert payload.belief(3) == pytest.approx({"Mug": 1.6 / 2.1})
    assert payload.belief(512) == pytest.approx({"Mug": 0.8 / 1.3})
    assert payload.belief(4) == {}


def test_beliefs_share_and_the_strongest_wins() -> None:
    payload = Payload()
    payload.add_label(KEYS, "Mug", 0.6)
    payload.add_label(KEYS, "Cup", 0.9)
    assert payload.belief(70) == pytest.approx({"Mug": 0.3, "Cup": 0.45})
    labels, beliefs = payload.best(np.array([3, 4]))
    assert [payload.names[labels[0]], labels[1]] == ["Cup", -1]
    assert beliefs.tolist() == pytest.approx([0.45, 0.0])


def test_a_fourth_label_wears_the_weakest_down() -> None:
    payload = Payload()
    for label, score in (("A", 0.9), ("B", 0.5), ("C", 0.7), ("D", 0.3)):
        payload.add_label(KEYS, label, score)
    assert payload.belief(3) == pytest.approx({"A": 0.9 / 2.3, "B": 0.2 / 2.3, "C": 0.7 / 2.3})
    payload.add_label(KEYS, "D", 0.3)
    assert payload.belief(3) == pytest.approx({"A": 0.9 / 2.2, "D": 0.1 / 2.2, "C": 0.7 / 2.2})


def test_a_changed_mind_takes_a_bounded_number_of_looks() -> None:
    payload = Payload()
    for _ in range(1000):
        payload.add_label(KEYS, "Mug", 1.0)
    for _ in range(11):
        payload.add_label(KEYS, "Cup", 1.0)
    assert payload.belief(3) == pytest.approx({"Mug": 10 / 20.5, "Cup": 10 / 20.5})


def test_a_label_given_twice_at_once_counts_once() -> None:
    payload = Payload()
    payload.add_label(np.array([5, 5, 5]), "Mug", 0.5)
    assert payload.belief(5) == pytest.approx({"Mug": 0.5})
    assert payload.keys.tolist() == [5]


def test_tokens_and_labels_share_rows_until_cleared() -> None:
    payload = Payload()
    payload.set_token(KEYS[:1], 9)
    payload.add_label(KEYS, "Mug", 0.5)
    assert payload.keys.tolist() == [3, 70, 512]
    assert payload.token(np.array([70, 3, 8])).tolist() == [9, -1, -1]
    assert payload.nbytes == 3 * (8 + 8 + 12 + 12)
    payload.clear(np.array([70, 1]))
    assert payload.keys.tolist() == [3, 512]
    assert payload.token(np.array([70, 3])).tolist() == [-1, -1]
    assert payload.belief(512) == pytest.approx({"Mug": 0.5})


def test_empty_payload_answers_nothing() -> None:
    payload = Payload()
    payload.clear(KEYS)
    assert payload.token(KEYS).tolist() == [-1, -1, -1]
    assert payload.best(KEYS)[0].tolist() == [-1, -1, -1]
