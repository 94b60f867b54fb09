"""What many views say together: which label, whether there is anything at all, and whether it is out of place.

Views from nearly the same place see the same thing in the same light and err alike, so a place counts by the mean of
its views, and twice at most. All is a sum over places: the order of views does not matter. The hand is a place of its
own: what it holds is near, whole and always seen from the same side, and counts more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

OTHER = ""  # stands for every label that a view does not name
_FLOOR = 0.1  # probability that any label has in any view: one view is worth log(1.1 / 0.1) at most
_MOST = 0.999  # no view is surer than this
_SPREAD = 0.1  # what is left of a view's beliefs is spread over many labels: none has more of it than this share
_FAINT = 0.005  # less likely labels are not told, unless there is no other
_JUDGED = 2.0  # log-odds of being out of place that one view is worth at most
_HAND_TRUST = 3.0  # a view in the hand counts for so many others
_EXACT = (0.0, 1.0)  # a judgement that is no belief but knowledge

Cell = tuple[int, int, int]
HAND: Cell = (0, 0, -1 << 30)  # the place from which the robot sees what it holds


def evidence_of(probability: float) -> float:
    """Return how much is known by a view that is mistaken with what is left of a probability; at least 0."""
    return -math.log(1.0 - min(max(probability, 0.0), _MOST))


@dataclass(eq=False)
class _Place:
    """Sums over the views from one place."""

    views: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    presence: float = 0.0
    judged: int = 0
    log_odds: float = 0.0


@dataclass(eq=False)
class Fusion:
    """Beliefs about one thing."""

    labels: dict[str, float] = field(default_factory=dict)  # log-likelihood of each, over that of what is never named
    presence: float = 0.0  # log-odds that it is there, by the views that show it; at least 0
    log_odds: float = 0.0  # of being out of place
    judged: int = 0  # views that say whether it is
    known: float | None = None  # the last judgement that was knowledge
    places: dict[Cell, _Place] = field(default_factory=dict)

    def add(self, cell: Cell, beliefs: Mapping[str, float], score: float, out_of_place: float | None) -> None:
        """Take in a view from a place, given the probabilities of labels, the detector's score and its judgement."""
        place = self.places.setdefault(cell, _Place())
        self._count(cell, place, -1.0)
        place.views += 1
        rest = _SPREAD * max(0.0, 1.0 - sum(beliefs.values()))
        for name, p in (*beliefs.items(), (OTHER, rest)):
            place.sums[name] = place.sums.get(name, 0.0) + math.log((p + _FLOOR) / _FLOOR)
        place.presence += evidence_of(score)
        if out_of_place is not None:
            place.judged += 1
            place.log_odds += _clipped_log_odds(out_of_place)
            self.judged += 1
            self.known = out_of_place if out_of_place in _EXACT else self.known
        self._count(cell, place, 1.0)

    def join(self, other: Fusion) -> None:
        """Take in all views of another, which was the same thing."""
        for cell, theirs in other.places.items():
            place = self.places.setdefault(cell, _Place())
            self._count(cell, place, -1.0)
            place.views += theirs.views
            for name, value in theirs.sums.items():
                place.sums[name] = place.sums.get(name, 0.0) + value
            place.presence += theirs.presence
            place.judged += theirs.judged
            place.log_odds += theirs.log_odds
            self._count(cell, place, 1.0)
        self.judged += other.judged
        self.known = other.known if self.known is None else self.known

    def forget_place(self) -> None:
        """Keep what it is, and forget where it was seen to lie."""
        self.log_odds, self.judged, self.known = 0.0, 0, None
        for place in self.places.values():
            place.judged, place.log_odds = 0, 0.0

    @property
    def out_of_place(self) -> float | None:
        """Probability that it is out of place; ``None`` when no view says."""
        if self.known is not None:
            return self.known
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.log_odds)))) if self.judged else None

    def belief(self) -> dict[str, float]:
        """Return the probability of each likely label; what is left of 1 is any other."""
        most = max(self.labels.values(), default=0.0)
        odds = {name: math.exp(value - most) for name, value in self.labels.items()}
        total = sum(odds.values())
        return {name: value / total for name, value in odds.items() if name != OTHER and value >= _FAINT * total}

    def _count(self, cell: Cell, place: _Place, sign: float) -> None:
        """Add what a place contributes, or take it back."""
        weight = sign * _weight(place.views) * (_HAND_TRUST if cell == HAND else 1.0)
        for name, value in place.sums.items():
            self.labels[name] = self.labels.get(name, 0.0) + weight * value
        self.presence += weight * place.presence
        self.log_odds += sign * _weight(place.judged) * place.log_odds


def agreement(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """Return how alike two beliefs about labels are, in [0, 1]: 0 when they share none, 1 when they are the same."""
    shared = sum(math.sqrt(p * b[name]) for name, p in a.items() if name in b)
    named = sum(a.values()) * sum(b.values())
    return min(1.0, shared / math.sqrt(named)) if named > 0.0 else 0.0


def _weight(views: int) -> float:
    """Weight of each view of a place: together they count for one to two."""
    return (2.0 - 1.0 / views) / views if views else 0.0


def _clipped_log_odds(probability: float) -> float:
    p = min(max(probability, 1e-6), 1.0 - 1e-6)
    return max(-_JUDGED, min(_JUDGED, math.log(p / (1.0 - p))))
