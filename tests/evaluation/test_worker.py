from __future__ import annotations

import errno

import numpy as np
import pytest

from engram.evaluation.contract import Job, Outcome, Tracing
from engram.evaluation.options import plain
from engram.evaluation.worker import DiskFullError, perform, told


@pytest.fixture
def toy(toy_on_path):
    import toy_protocol

    def run(seed, trace=None, **options):
        config = plain(toy_protocol.ToyOptions(**options))
        return perform(toy_protocol.Toy(), Job(f"base/{seed}", "base", seed, config), trace)

    return run


def test_an_outcome(toy, tmp_path):
    finished = toy(8, Tracing(tmp_path / "t.mcap"))
    assert (finished.outcome.steps, finished.outcome.values["right"], finished.error) == (18, 0, "")
    assert (tmp_path / "t.mcap").read_text() == "trace of 8"


def test_a_crash_is_told_without_paths_and_addresses(toy, toy_on_path):
    first, second = toy(3, crash_at=3), toy(3, crash_at=3)
    assert first.outcome is None
    assert first.reason == "exception"
    assert first.error == second.error
    lines = first.error.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].startswith("  toy_protocol.py:")
    assert lines[1].endswith(" in run")
    assert lines[-1] == "RuntimeError: fell over <object object at 0x...> in house.json"
    assert str(toy_on_path) not in first.error


def test_causes_come_first():
    def fail():
        try:
            {}["mug"]
        except KeyError as error:
            raise ValueError("no mug") from error

    with pytest.raises(ValueError, match="no mug") as caught:
        fail()
    text = told(caught.value)
    assert text.index("KeyError: 'mug'") < text.index("which caused:") < text.index("ValueError: no mug")


@pytest.mark.parametrize(
    ("value", "said"), [(np.int32(3), "int32 is not JSON serializable"), (float("nan"), "not JSON compliant")]
)
def test_figures_that_cannot_be_kept_are_a_crash(value, said):
    class Odd:
        def run(self, config, seed, trace):
            return Outcome("done", 1, {"x": value}, {}, {})

    finished = perform(Odd(), Job("a/1", "a", 1), None)
    assert finished.outcome is None
    assert said in finished.error


def test_a_full_disk_is_no_crash(toy):
    with pytest.raises(DiskFullError):
        toy(3, full_at=3)


def test_a_full_disk_behind_another_error(toy_on_path):
    class Failing:
        def run(self, config, seed, trace):
            try:
                raise OSError(errno.ENOSPC, "No space left on device")
            except OSError as error:
                raise RuntimeError("cannot write") from error

    with pytest.raises(DiskFullError):
        perform(Failing(), Job("a/1", "a", 1), None)
