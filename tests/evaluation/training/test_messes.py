from __future__ import annotations

from collections import Counter

import pytest

from engram.evaluation.training.messes import TourConfig, examples
from engram.sims.seeds import SeedError


@pytest.fixture(scope="module")
def found():
    return examples(12, "train", TourConfig(mess=8, spacing_m=2.5, moments=(1.0,), size=128))


def test_most_of_the_mess_is_found_and_labelled(found):
    assert 5 <= sum(e.displaced for e in found) <= 8
    assert len(found) > 20
    assert {e.house for e in found} == {12}
    tidy = [e for e in found if not e.displaced]
    assert not any(e.implausible for e in tidy)  # an undisturbed house is tidy
    assert any(e.implausible for e in found if e.displaced)


def test_what_the_robot_says_is_mostly_true(found):
    supports = [
        {s for s in told if "supported by" in s} for e in found for told in [e.sentences] if e.table is not None
    ]
    truth = [{s for s in e.oracle if "supported by" in s} for e in found if e.table is not None]
    agreed = Counter(a == b for a, b in zip(supports, truth, strict=True))
    assert agreed[True] / len(truth) > 0.75


def test_counts_tell_displaced_things(found):
    displaced = [e.table for e in found if e.implausible and e.table is not None]
    tidy = [e.table for e in found if not e.displaced and e.table is not None]
    assert sum(displaced) / len(displaced) > 0.8
    assert sum(tidy) / len(tidy) < 0.2


def test_test_houses_are_never_looked_at():
    with pytest.raises(SeedError):
        examples(800_000, "train")
    with pytest.raises(SeedError):
        examples(700_000, "train")
