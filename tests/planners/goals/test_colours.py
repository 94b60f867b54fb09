import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram.planners.goals import COLOURS, colour_word


@pytest.mark.parametrize(
    ("rgb", "word"),
    [
        ((200, 30, 30), "red"),
        ((90, 14, 16), "red"),
        ((235, 130, 30), "orange"),
        ((240, 215, 40), "yellow"),
        ((40, 140, 60), "green"),
        ((40, 80, 190), "blue"),
        ((60, 130, 150), "blue"),
        ((120, 50, 160), "purple"),
        ((240, 150, 180), "pink"),
        ((250, 170, 170), "pink"),
        ((150, 100, 60), "brown"),
        ((90, 55, 30), "brown"),
        ((12, 12, 14), "black"),
        ((50, 50, 55), "black"),
        ((245, 245, 240), "white"),
        ((235, 225, 200), "white"),
        ((130, 130, 135), "grey"),
    ],
)
def test_colours_have_the_names_that_people_give_them(rgb, word):
    assert colour_word(rgb) == word


def test_bytes_and_fractions_are_the_same_colour():
    assert colour_word(np.array([0.2, 0.3, 0.8])) == colour_word(np.array([51, 77, 204], np.uint8)) == "blue"


def test_the_most_frequent_colour_of_pixels_wins_and_none_have_no_name():
    pixels = np.array([[200, 20, 20]] * 3 + [[20, 20, 200]] * 5 + [[250, 250, 250]] * 4, np.uint8)

    assert colour_word(pixels) == "blue"
    assert colour_word(pixels[:0]) == ""


@pytest.mark.parametrize("wrong", [[1, 2], [[[1, 2, 3]]], [300, 0, 0], [0.5, -0.1, 0.0], [0.1, float("nan"), 0.2]])
def test_what_is_no_colour_is_refused(wrong):
    with pytest.raises(ValueError, match="pixels"):
        colour_word(wrong)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_colour_has_a_name(rgb):
    assert colour_word(rgb) in COLOURS


@given(st.sampled_from([(200, 30, 30), (40, 140, 60), (40, 80, 190), (240, 215, 40)]), st.floats(0.6, 1.0))
def test_shade_does_not_change_the_name(rgb, light):
    assert colour_word(np.array(rgb) / 255 * light) == colour_word(rgb)
