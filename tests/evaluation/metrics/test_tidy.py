from __future__ import annotations

import pytest

from engram.evaluation.metrics.tidy import (
    TIDY_METRICS,
    correctly_moved,
    energy,
    energy_removed,
    false_successes,
    incorrectly_moved,
    likelihood,
    missed,
    tidied,
)

PRESENT = {"Drawer", "DiningTable", "Floor"}
FORK = {"DiningTable": 8.0, "Drawer": 12.0, "Bed": 100.0}


def test_a_thing_picked_twice_counts_once():
    displaced, picked = ["a", "b", "c", "d", "e"], ["a", "a", "b", "x", "x"]
    assert correctly_moved(displaced, picked) == 2
    assert incorrectly_moved(displaced, picked) == 1
    assert missed(displaced, picked) == 3


@pytest.mark.parametrize(
    ("holders", "expected"),
    [
        (["Drawer"], 12 / 20),  # there is no bed in this house
        (["Plate", "DiningTable"], 8 / 20),
        (["Floor"], 0.0),
        ([], 0.0),
        (["Bed"], 0.0),
    ],
)
def test_likelihood_among_the_receptacles_of_the_house(holders, expected):
    assert likelihood(FORK, holders, PRESENT) == pytest.approx(expected)


def test_likelihood_of_what_nobody_counted():
    assert likelihood({}, ["Drawer"], PRESENT) == 0.0


@pytest.mark.parametrize(
    ("now", "original", "messy", "expected"),
    [
        (2.0, 2.0, 0.5, 0.0),
        (0.5, 2.0, 0.5, 1.0),
        (1.0, 2.0, 0.4, (1 - 0.5) / (1 - 0.2)),
        (2.5, 2.0, 0.5, 0.0),  # better than it was
        (0.1, 2.0, 0.5, 1.0),  # worse than the mess
        (0.5, 0.0, 0.0, None),  # nothing to compare with
        (0.5, 2.0, 2.0, None),  # no mess
        (0.5, 2.0, 2.5, None),  # the mess made it better
    ],
)
def test_energy_and_its_guards(now, original, messy, expected):
    value = energy(now, original, messy)
    assert value == (None if expected is None else pytest.approx(expected))


def test_energy_removed_is_what_papers_print():
    assert energy_removed(0.546) == pytest.approx(45.4)  # TIDEE as HELPER-X reports it
    assert energy_removed(None) is None


def test_false_successes_are_claims_that_do_not_hold():
    assert false_successes(["a", "b", "b", "c"], ["a", "z"]) == 2
    assert false_successes([], ["a"]) == 0


@pytest.mark.parametrize(
    ("displaced", "proper", "worse", "expected"),
    [(5, 5, 0, True), (5, 4, 0, False), (5, 5, 1, False), (0, 0, 0, True)],
)
def test_tidied(displaced, proper, worse, expected):
    assert tidied(displaced, proper, worse) is expected


def test_metrics_are_named_by_their_key_and_say_what_they_are():
    assert all(name == m.name and m.about for name, m in TIDY_METRICS.items())
    assert {name for name, m in TIDY_METRICS.items() if m.kind == "rate"} == {"success"}
    assert all(bool(m.total) == (m.kind == "share") for m in TIDY_METRICS.values())


def test_values_of_an_episode_have_every_figure(box_task, make_world):
    from engram.evaluation.report import metrics
    from engram.evaluation.tidy import run_tidy

    values = metrics(run_tidy(box_task, make=make_world))
    assert {name for m in TIDY_METRICS.values() for name in (m.value, m.total) if name} <= set(values)
    assert (values["claimed"], values["false_success"], values["success"]) == (3, 0, 1)
