from __future__ import annotations

import pytest

from engram.evaluation.world_option import HouseOptions, WorldOptionError, parse_world


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("house", HouseOptions()),
        ("house:seed=12", HouseOptions(12)),
        ("house:rooms=2,seed=4,objects=30", HouseOptions(4, 2, 30)),
    ],
)
def test_a_world_is_a_name_and_its_options(text, options):
    assert parse_world(text) == options


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("castle:seed=3", "no world 'castle'"),
        ("house:seeds=3", "did you mean seed?"),
        ("house:seed=three", "'three'"),
        ("house:seed", "whole number"),
    ],
)
def test_what_there_is_not_is_named(text, said):
    with pytest.raises(WorldOptionError, match="house") as error:
        parse_world(text)
    assert said in str(error.value)
