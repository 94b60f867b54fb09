"""What goes through the thalamus: judgements of frames, records of steps, and questions to memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engram.perception.geometry import PointImage
from engram.sims.contract import Observation

Point = tuple[float, float, float]  # metres, map frame

Reason = Literal["first", "interaction", "failure", "hand", "blind", "novel", "overdue", "known"]
Kind = Literal["where", "belongs", "failure", "changed", "around", "task"]


@dataclass(frozen=True)
class Novelty:
    """How much of a frame is news, as shares in [0, 1] of what it shows within range."""

    fresh: float = 0.0  # surfaces that no attended frame has shown, or only from much farther away
    recoloured: float = 0.0  # known surfaces that look different now
    vanished: float = 0.0  # known surfaces that should be in view, of which the frame shows what is behind
    score: float = 0.0  # all of it together


@dataclass(frozen=True)
class Attention:
    """The judgement of one frame."""

    attended: bool
    reason: Reason  # what decided
    novelty: Novelty
    skipped: int  # frames in a row that were not attended, this one included


@dataclass(frozen=True)
class Thing:
    """A thing as the words of a step name it."""

    label: str
    at: Point | None = None


@dataclass(frozen=True)
class Happening:
    """An entry of the agent's journal: ``kind`` is found, picked, placed, failed or phase."""

    kind: str
    label: str
    reason: str = ""
    target: str = ""


@dataclass(frozen=True)
class Step:
    """The facts of one step, as the senses and the agent give them."""

    number: int
    verb: str = ""  # of the action that led here, such as "move_ahead"; empty at the beginning
    outcome: str = "ok"  # reason code of the action
    target: str | None = None  # label of what it was aimed at, empty if unknown; None for verbs that aim at nothing
    held: str = ""  # label of what is in the hand, or was put down by the action
    room: str = ""  # type of the room that the robot is in; empty when unsure
    base: tuple[float, float, float] | None = None  # x, y, yaw in map
    seen: Sequence[Thing] = ()  # things in view that can be put away
    new: Sequence[Thing] = ()  # ... of which there was no track before
    gone: Sequence[Thing] = ()  # things that were believed in, and are no longer
    happened: Sequence[Happening] = ()  # journal since the last step


@dataclass(frozen=True)
class Summary:
    """What a step came to: a short record, and the sentence that says it."""

    number: int
    verb: str
    outcome: str
    target: str
    held: str
    room: str
    entered: bool  # whether the room is another than at the step before
    new: tuple[str, ...]  # labels, sorted, each once
    changed: tuple[str, ...]  # labels of what lies elsewhere than it did, sorted
    gone: tuple[str, ...]  # labels, sorted, each once
    happened: tuple[str, ...]  # clauses
    sentence: str

    def plain(self) -> dict[str, Any]:
        """Return the record as JSON data."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


@dataclass(frozen=True)
class Question:
    """Something that memory is to be asked."""

    kind: Kind
    text: str
    about: str = ""  # label, room or verb that it is about
    near_m: Point | None = None  # asks for what is about this point of the map
    within_m: float | None = None


class Gate(Protocol):
    """Judges frames, one after another."""

    def attend(self, observation: Observation, image: PointImage, verb: str = "") -> Attention:
        """Judge the next frame, given its points and the verb of the action that led to it, such as ``"pick"``."""
        ...


class Asker(Protocol):
    """Decides what memory is asked after a step."""

    def ask(self, task: str, step: Step, summary: Summary, rgb: NDArray[np.uint8] | None = None) -> list[Question]:
        """Return questions, the most important first; ``rgb`` (H, W, 3) is what the robot sees."""
        ...
