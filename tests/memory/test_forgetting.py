import math

import pytest

from engram.memory.forgetting import ForgettingConfig, Trace, recalled, retained, retention


def test_the_stronger_item_fades_more_slowly() -> None:
    assert retention(10, 1, 5) == pytest.approx(math.exp(-2))
    assert retention(10, 4, 5) == pytest.approx(math.exp(-0.5))
    assert retention(10, 4, 5) > retention(10, 1, 5)


def test_classes_fade_at_their_own_pace() -> None:
    config = ForgettingConfig(tau_secs={"cup": 3600, "fridge": 3e7})
    trace = Trace(0)
    hour = 3600 * 10**9
    assert retained(trace, "cup", hour, config) == pytest.approx(math.exp(-1))
    assert retained(trace, "fridge", hour, config) > 0.999
    assert retained(trace, "other", hour, config) == pytest.approx(math.exp(-3600 / config.default_tau_secs))


def test_a_recall_strengthens_and_resets_the_clock() -> None:
    trace = recalled(Trace(0), 100, ForgettingConfig())
    assert trace == Trace(100, 2.0)
    assert recalled(trace, 50, ForgettingConfig()).last_ns == 100


def test_switched_off_nothing_fades() -> None:
    assert retained(Trace(0), "cup", 10**18, ForgettingConfig(enabled=False)) == 1


def test_the_future_counts_as_now_and_bad_values_are_refused() -> None:
    assert retention(-5, 1, 1) == 1
    with pytest.raises(ValueError, match="positive"):
        retention(1, 0, 1)
