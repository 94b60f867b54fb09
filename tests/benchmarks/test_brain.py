from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from engram.perception.tracker import Track

FOLDER = Path(__file__).parents[2] / "benchmarks"


def script(name):
    spec = importlib.util.spec_from_file_location(f"{name}_benchmark", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def brain():
    pytest.importorskip("torch")
    yield script("bench_brain")
    del sys.modules["bench_brain_benchmark"]


@pytest.fixture(scope="module")
def gate():
    yield script("bench_gate")
    del sys.modules["bench_gate_benchmark"]


def test_what_only_the_benchmark_does_is_not_counted(brain):
    laps = brain.Laps()
    laps.now.update({brain.STEP: 0.1, "perceive": 0.06, "perceive.detect": 0.03, "masks": 0.02, "remember": 0.01})
    laps.cpu_now.update({brain.STEP: 0.2, "perceive": 0.12, "perceive.detect": 0.06, "masks": 0.02, "remember": 0.02})
    laps.next()
    found = brain.summary(laps)
    assert found[brain.STEP]["p50_ms"] == pytest.approx(80.0)
    assert found["perceive"]["p50_ms"] == pytest.approx(40.0)
    assert found["decide"]["p50_ms"] == pytest.approx(30.0)  # what is neither perceiving nor remembering
    assert found["decide"]["cpu_p50_ms"] == pytest.approx(60.0)
    assert found["perceive.detect"]["p50_ms"] == pytest.approx(30.0)


def test_laps_of_one_step_add_up_and_steps_are_apart(brain):
    laps = brain.Laps()
    call = laps.timed(lambda x: x + 1, "add")
    assert [call(1), call(2)] == [2, 3]
    laps.next()
    laps.next()
    assert len(laps.of("add")) == 1
    assert laps.of("add")[0] > 0.0


def test_the_parts_that_are_timed_are_there(brain):
    for name, owner, method in brain.PARTS:
        assert callable(getattr(owner, method)), name


def thing(label, x):
    return Track(0, {label: 1.0}, np.array([x, 0.0, 0.0]), np.array([x + 0.1, 0.1, 0.1]), 0, 0)


def test_a_thing_is_missed_where_nothing_like_it_lies(gate):
    found = [thing("Mug", 0.0), thing("Mug", 2.0), thing("Pan", 4.0)]
    assert gate.missing(found, [thing("Mug", 0.1), thing("Cup", 2.0), thing("Pan", 5.0)]) == found[1:]
    assert gate.split([thing("Mug", 0.0), thing("Bed", 0.0), thing("Bed", 1.0)]) == {"movable": 1, "other": 2}


@pytest.mark.parametrize(("frames", "count"), [(10, 10), (10, 4), (7, 1)])
def test_even_intervals_take_as_many_frames(gate, frames, count):
    taken = gate.evenly(frames, count)
    assert (len(taken), sum(taken), taken[0]) == (frames, count, True)
    gaps = np.diff(np.flatnonzero(taken))
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1
