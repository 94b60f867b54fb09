"""How far the robot can trust what it sees: whether a thing is there, what it is, and what the hand holds.

A detector that is given the truth is always right; nothing here doubts it. Any other one confuses labels and sees
what is not there, which shows in things of several labels at one place, in few views, and in views from afar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engram.agents.situation import Situation
from engram.perception.contracts import Detection, Detector
from engram.perception.geometry import Floats
from engram.perception.tracker import Track
from engram.sims.contract import Observation

_VIEWS = 3  # a thing seen less often may be nothing
_SHARE = 0.5  # of the belief at a place that must be in a label
_TOGETHER_M = 0.1  # tracks nearer than this are views of one thing


class Watched:
    """A detector, and what it gave last."""

    def __init__(self, detector: Detector) -> None:
        """Take the detector."""
        self._detector = detector
        self.last: Sequence[Detection] = ()
        self.certain = True  # whether it was sure of each label so far, as only one that is told the truth is

    def detect(self, observation: Observation) -> Sequence[Detection]:
        """Return the things in view, in any order."""
        self.last = self._detector.detect(observation)
        self.certain = self.certain and all(d.score >= 1.0 for d in self.last)
        return self.last


def certain(sit: Situation) -> bool:
    """Whether what is seen need not be doubted."""
    return sit.detector.certain if isinstance(sit.detector, Watched) else True


def share(sit: Situation, track: Track) -> float:
    """Return how much of all belief at the place of a track is in its label, in (0, 1]."""
    mine, total = 0.0, 0.0
    for other in sit.tracker.tracks:
        if other is not track and not _together(track, other):
            continue
        mine += other.belief.get(track.label, 0.0)
        total += sum(other.belief.values())
    return mine / total if total > 0.0 else 1.0


def plausible(sit: Situation, track: Track) -> bool:
    """Whether a thing is there and is what it is taken for, by enough views."""
    return certain(sit) or (track.views >= _VIEWS and track.missed == 0 and share(sit, track) >= _SHARE)


def existence(sit: Situation, track: Track) -> float:
    """Belief in [0, 1] that a thing is there and is what it is taken for."""
    if certain(sit):
        return 1.0
    return track.views / (track.views + track.missed + 1.0) * share(sit, track)


def in_hand(sit: Situation) -> dict[str, float]:
    """Labels and scores of what the image shows in the hand."""
    if not isinstance(sit.detector, Watched) or not sit.holding:
        return {}
    votes: dict[str, float] = {}
    for d in sit.detector.last:
        row0, col0, row1, col1 = d.box
        part = np.s_[row0:row1, col0:col1]
        depth = sit.observation["depth"][part][d.mask[part]]
        if depth.size and 0.0 < float(np.median(depth)) < sit.config.hand_depth_m:
            votes[d.label] = max(votes.get(d.label, 0.0), d.score)
    return votes


def held_label(sit: Situation, expected: str, belief: Mapping[str, float]) -> str:
    """Return what the held thing is, by all that was believed of it before and by what is seen in the hand."""
    votes = {name: score for name, score in in_hand(sit).items() if sit.prior.knows(name)}
    known = {name: score for name, score in belief.items() if sit.prior.knows(name)}
    names = sorted({*votes, *known}, key=lambda name: (-votes.get(name, 0.0) - known.get(name, 0.0), name))
    return names[0] if names else expected


def still_there(sit: Situation, track: Track, place: Floats) -> bool:
    """Whether the image still shows a thing where it was, though something was just taken: it was another."""
    return any(
        s.track is track and float(np.linalg.norm(np.median(s.points, axis=0) - place)) < _TOGETHER_M
        for s in sit.sightings
    )


def _together(a: Track, b: Track) -> bool:
    return float(np.linalg.norm(a.centre - b.centre)) < _TOGETHER_M and bool(
        max(a.size.max(), b.size.max()) < 3.0 * min(a.size.max(), b.size.max()) + 0.05
    )
