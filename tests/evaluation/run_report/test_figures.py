from __future__ import annotations

from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from engram.evaluation.contract import Metric
from engram.evaluation.run_report.curves import Curve
from engram.evaluation.run_report.figures import Scale, curves, interval, quantiles, scale_of

MEAN = Metric("steps", "mean", "steps")
SHARE = Metric("share", "share", "a", "b")


def curve(values, spread=1.0):
    v = np.array(values, float)
    return Curve(np.arange(1, len(v) + 1, dtype=float), v, v - spread, v + spread)


@pytest.mark.parametrize(
    ("scale", "value", "share"),
    [
        (Scale(0, 4), 1, 0.25),
        (Scale(0, 4), 9, 1),
        (Scale(0, 4), -1, 0),
        (Scale(1, 100, log=True), 10, 0.5),
        (Scale(3, 3), 3, 0.5),
    ],
)
def test_scales(scale, value, share):
    assert scale.share(value) == pytest.approx(share)


def test_scales_hold_what_they_show():
    assert scale_of(SHARE, [0.4, 0.6]) == Scale(0, 1)
    assert scale_of(SHARE, [0.01, 0.014]) == Scale(0, 0.02)
    assert scale_of(SHARE, []) == Scale(0, 1)
    assert scale_of(Metric("e", "mean", "e", unit="%"), [20.0, 80.0, None]) == Scale(0, 100)
    assert scale_of(MEAN, [100.0, 200.0, float("nan")]) == Scale(92, 208)
    assert scale_of(MEAN, [1.0, 100.0]) == Scale(0, 107.92)  # what is never negative is not drawn below 0
    assert scale_of(MEAN, [5.0]) == Scale(2.5, 7.5)
    assert scale_of(MEAN, [None]) == Scale(0, 1)


def test_an_interval_is_drawn_around_its_point():
    drawn = fromstring(interval(Scale(0, 1), 11, (0.5, 0.25, 1.0), base=0.0))  # noqa: S314 - it is our own
    span, base, circle = (next(e for e in drawn if e.get("class") == c) for c in ("span", "base", None))
    assert (span.get("x1"), span.get("x2"), circle.get("cx")) == ("26.00%", "98.00%", "50.00%")
    assert base.get("x1") == "2.00%"
    assert drawn.get("class") == "forest v1"  # colours come round


def test_what_is_not_known_is_not_drawn():
    drawn = interval(Scale(0, 1), 0, (None, None, None))
    assert "circle" not in drawn
    assert "span" not in drawn


def test_quantiles_lie_in_order():
    drawn = fromstring(quantiles(Scale(1, 10000, log=True), 0, 10, 100, 1000))  # noqa: S314 - it is our own
    ends = {e.get("class"): (e.get("x1"), e.get("x2")) for e in drawn if e.get("x1")}
    assert ends == {"axis": ("0", "100%"), "tail": ("50.00%", "74.00%"), "span": ("26.00%", "50.00%")}
    assert drawn[-1].get("cx") == "26.00%"


def test_curves_stay_within_their_frame_and_escape_names():
    drawn = curves(MEAN, [("a<b", curve([1, 50, 3], 100)), ("c", curve([2, 2, 2]))], 3)
    root = fromstring(drawn)  # noqa: S314 - it is our own
    points = [p for e in root.iter() if e.get("points") for p in e.get("points").split()]
    assert len(points) == 2 * 3 + 2 * 6  # lines and bands
    assert all(44 <= float(p.split(",")[0]) <= 310 and 8 <= float(p.split(",")[1]) <= 146 for p in points)
    assert {t.text for t in root.iter("title")} == {"a<b", "c"}


def test_bands_of_many_variants_are_left_out():
    assert "band" not in curves(MEAN, [(str(k), curve([1, 2])) for k in range(4)], 2)


def test_curves_without_points_are_an_empty_frame():
    assert "polyline" not in curves(MEAN, [("a", curve([]))], 0)
