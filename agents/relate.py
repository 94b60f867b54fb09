"""What the robot can say of a thing's whereabouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from engram.perception.contracts import Detection
from engram.perception.relations import FLOOR, Placed, Relation, text_relations
from engram.perception.tracker import Track

if TYPE_CHECKING:
    from engram.agents.situation import Situation

_SURE = 0.5  # least belief in the type of a room to speak of it


class LearnedPartError(Exception):
    """Raised where what a learned part needs is not installed; the message says what to type."""


class Judge(Protocol):
    """What judges whether tracks, given by their numbers, are out of place."""

    def saw(self, track: int, detection: Detection) -> None:
        """Take in one view of a track."""
        ...

    def belief(self, track: int, sentences: Sequence[str], table: float | None) -> float:
        """Probability that a track is out of place, given what is said of it and the belief by counts."""
        ...


def learned_judge() -> Judge:
    """Return a new judge with the weights that come with the package; torch is loaded when this is called.

    Raises:
        LearnedPartError: torch is not installed.
        WeightsError: the weights cannot be used.

    """
    try:
        from engram.planners.out_of_place.scorer import load_scorer
    except ModuleNotFoundError as error:
        raise LearnedPartError(f"out_of_place=learned needs {error.name}; run: pip install 'engram[learn]'") from error
    return load_scorer()


def whereabouts(sit: Situation, track: Track) -> list[str]:
    """Sentences about what holds a thing, the type of its room, and what is near, at most 50."""
    others = [placed(sit, t) for t in sit.tracker.tracks if t.confirmed and t is not track]
    support = sit.support(track)
    held_by = support.track.label if support.track is not None else FLOOR if support.where == "floor" else None
    on_lid = support.track is not None and sit.on_lid(track, support.track)
    room, belief = max(sit.room_at(track.centre).items(), key=lambda item: item[1], default=("", 0.0))
    found = text_relations(placed(sit, track), others, support=held_by)
    return sentences(track.label, found, room if belief > _SURE else "", held_by if on_lid and held_by else "")


def sentences(label: str, found: Sequence[Relation], room: str, lid: str) -> list[str]:
    """Relations in words, with the type of the room and what it lies on top of, where these are known."""
    said = [Relation(label, "on-top-of", lid)] if lid else []
    said += [Relation(label, "in", room)] if room else []
    return [relation.sentence for relation in [*said, *found]][:50]


def placed(sit: Situation, track: Track) -> Placed:
    """Return a track as relations take it."""
    return Placed(track.label, track.lo, track.hi, sit.prior.is_receptacle(track.label))
