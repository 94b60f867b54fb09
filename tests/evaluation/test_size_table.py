from __future__ import annotations

import json
from importlib import resources

import pytest

from engram.evaluation.size_table import SizeOptions, main, measure


def test_measures_the_largest_variant():
    sizes = measure(["Mug", "Sofa"])["diagonal_m"]
    assert sizes["Mug"] == pytest.approx(0.2, abs=0.05)
    assert 2.0 < sizes["Sofa"] < 3.0


def test_the_table_of_the_package_is_up_to_date(tmp_path):
    main(SizeOptions(tmp_path / "sizes.json"))
    shipped = resources.files("engram.perception").joinpath("category_sizes.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "sizes.json").read_text()) == json.loads(shipped)
