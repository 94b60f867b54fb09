from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from engram.memory.retrieval.hybrid import HybridConfig

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "locomo.py"


@pytest.fixture(scope="module")
def locomo():
    spec = importlib.util.spec_from_file_location("locomo_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_options_are_chosen_without_the_dialogues_they_are_reported_on(locomo):
    fold = np.array([0, 0, 1, 1]) == 1
    fits_first = (HybridConfig(spans=()), np.array([1.0, 1.0, 0.1, 0.3]))
    fits_second = (HybridConfig(spans=(1,)), np.array([0.2, 0.4, 1.0, 1.0]))
    alone = {"dense": np.array([0.0, 0.0, 0.5, 0.5]), "bm25": np.array([0.5, 0.5, 0.0, 0.0])}
    found = locomo.held_out([fits_first, fits_second], alone, [~fold, fold], 50)
    assert [row["spans"] for row in found["chosen"]] == [[1], []]
    assert found["recall@10"] == pytest.approx((0.2 + 0.4 + 0.1 + 0.3) / 4)
    assert found["gain"] == pytest.approx(0.25)  # over 0, for what is best alone is chosen in the same way


def test_the_grid_holds_what_is_shipped(locomo):
    tried = list(locomo.grid())
    assert ("fused", locomo.METHODS["fused"]) in tried
    assert ("fused_graph", locomo.METHODS["fused_graph"]) in tried
    assert len({repr(config) for _, config in tried}) == len(tried) == 27
