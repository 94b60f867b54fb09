"""How far the robot can trust what it sees: whether a thing is there, what it is, and what the hand holds.

A detector that is given the truth is always right; nothing here doubts it. Any other one confuses labels and sees
what is not there, which shows in things of several labels at one place, in few views, and in views from afar.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from engram.agents.situation import Situation
from engram.perception.contracts import Detection, Detector
from engram.perception.geometry import Floats
from engram.perception.lifting import beliefs_of
from engram.perception.tracker import Track
from engram.sims.contract import Observation

_LABEL = 0.5  # least belief in its label for a thing to be acted upon
_MOVABLE = 0.7  # ... or that it is something to put away, whatever exactly: the hand will show
_TOGETHER_M = 0.1  # tracks nearer than this may be views of one thing


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


def plausible(sit: Situation, track: Track) -> bool:
    """Whether a thing is there and is what it is taken for, by all views of it and of what is at its place."""
    return certain(sit) or (track.confirmed and _known(sit, track) and not _rival(sit, track))


def existence(sit: Situation, track: Track) -> float:
    """Belief in [0, 1] that a thing is there and is what it is taken for."""
    if certain(sit):
        return 1.0
    known = max(track.label_belief, sit.movable(track)) * (0.5 if _rival(sit, track) else 1.0)
    return known / (1.0 + math.exp(-track.existence))


def held_label(sit: Situation, expected: str, belief: Mapping[str, float]) -> str:
    """Return what the held thing is, by what is believed of it, or what was expected where nothing is."""
    return min((n for n in belief if sit.prior.knows(n)), key=lambda name: (-belief[name], name), default=expected)


def still_there(sit: Situation, track: Track, place: Floats) -> bool:
    """Whether the image still shows a thing where it was, though something was just taken: it was another."""
    return any(
        s.track is track and float(np.linalg.norm(np.median(s.points, axis=0) - place)) < _TOGETHER_M
        for s in sit.sightings
    )


def held_belief(sit: Situation) -> dict[str, float]:
    """Return what the held thing may be, by all views of it."""
    held = sit.tracker.held
    if certain(sit):
        return {sit.held: 1.0}
    believed = in_hand(sit) if held is None else sit.labels_of(held)
    known = {name: p for name, p in believed.items() if sit.prior.knows(name)}
    return known or {sit.held: 1.0}


def in_hand(sit: Situation) -> dict[str, float]:
    """Return what the hand holds by its looks in this frame alone; empty where nothing shows it."""
    return {} if sit.tracker.hand is None else beliefs_of(sit.tracker.hand)


def _known(sit: Situation, track: Track) -> bool:
    return track.label_belief >= _LABEL or sit.movable(track) >= _MOVABLE


def _rival(sit: Situation, track: Track) -> bool:
    """Whether a track of another label, which was seen more often, is at the same place and of about the same size."""
    return any(
        other.views > track.views
        and other.label != track.label
        and float(np.linalg.norm(track.centre - other.centre)) < _TOGETHER_M
        and max(track.size.max(), other.size.max()) < 2.0 * min(track.size.max(), other.size.max()) + 0.05
        for other in sit.tracker.tracks
    )
