from __future__ import annotations

import pytest

from engram.evaluation.contract import Metric
from engram.evaluation.run_report import words

SHARE = Metric("a", "share", "a", "b")
PATH = Metric("p", "mean", "p", unit="m")


def test_figures_have_their_units():
    assert words.figure(SHARE, 0.8333) == "83.3 %"
    assert words.figure(PATH, 93.25) == "93.2 m"
    assert words.figure(PATH, 1.234) == "1.23 m"
    assert words.figure(PATH, None) == "–"
    assert words.figure(SHARE, -0.0) == "0.0 %"


def test_intervals_name_their_unit_once():
    assert words.span(SHARE, 0.301, 0.954) == "30.1 to 95.4 %"
    assert words.span(PATH, 10.0, 12.0) == "10.0 to 12.0 m"
    assert words.span(PATH, None, None) == ""


def test_changes_of_percentages_are_points():
    assert words.change(SHARE, -0.5) == "−50.0 points"
    assert words.change(PATH, 2.0) == "+2.00 m"


def test_episodes_are_told_in_what_was_counted(make):
    good, bad = make["episode"]("base", 700001), make["episode"]("base", 700001, ended="crashed", values={})
    success, proper, path = make["metrics"]
    assert words.of_episode(success, good) == ("yes", 1.0)
    assert words.of_episode(proper, good) == ("4/4", 1.0)
    assert words.of_episode(path, good) == ("11 m", 11.0)
    assert words.of_episode(success, bad) == ("–", None)


@pytest.mark.parametrize(("value", "said"), [(4.068, "4.07 s"), (150, "2 min"), (7200, "2.0 h"), (None, "–")])
def test_times(value, said):
    assert words.secs(value) == said


@pytest.mark.parametrize(("value", "said"), [(0.5, "0.5 ms"), (131.4, "131 ms"), (2500, "2.5 s")])
def test_times_of_steps(value, said):
    assert words.ms(value) == said
