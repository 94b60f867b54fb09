"""What the robot has handled: picked, put where, or failed with; asked before a thing is handled once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engram.memory.contract import Event, Hit, Query, Recall, Source
from engram.memory.mapping.planar import Poses, inverse, matrix
from engram.perception.geometry import Floats

What = Literal["tried", "placed", "failed"]
SAME_M = 0.5  # what happened within this of a thing, and to its label, happened to it
_STORE = "semantic"  # keeps what is learnt by doing, with its place
_LIMIT = 40  # deeds asked for around one place


@dataclass(frozen=True, eq=False)
class Deed:
    """One thing that was done, or could not be done."""

    what: What
    label: str
    place: Floats  # (3,) where the thing was, or is now when it was placed; map frame of the episode
    target: str = ""  # receptacle that it was put on
    reason: str = ""  # why it failed
    earlier: bool = False  # in an earlier episode

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        if self.what == "placed":
            return f"Put {self.label} on {self.target}"
        why = f", {self.reason.replace('_', ' ')}" if self.reason else ""
        return f"Tried {self.label}" if self.what == "tried" else f"Failed to put away {self.label}{why}"


class HandledThings(Protocol):
    """Who remembers what was handled."""

    def add(self, deed: Deed, step: int, stamp_ns: int) -> None:
        """Remember a deed of a step."""
        ...

    def about(self, label: str, place: Floats) -> list[Deed]:
        """Return what was done to a thing of this label at (3,) a place, oldest first."""
        ...


@runtime_checkable
class Asked(Protocol):
    """A memory that takes changes which no step brought, and that can be asked; a hippocampus."""

    @property
    def newest(self) -> Source | None:
        """Source of the newest event."""
        ...

    def change(self, events: Sequence[Event]) -> int:
        """Commit events and return the new version."""
        ...

    def recall(self, queries: Query | Iterable[Query]) -> Recall:
        """Answer questions."""
        ...


class HandledNow:
    """What was handled in this episode, for a robot without a memory."""

    def __init__(self, deeds: Iterable[Deed] = ()) -> None:
        """Start with these deeds."""
        self._deeds = list(deeds)

    def add(self, deed: Deed, step: int = 0, stamp_ns: int = 0) -> None:
        """Remember a deed."""
        self._deeds.append(deed)

    def about(self, label: str, place: Floats) -> list[Deed]:
        """Return what was done to a thing of this label at a place."""
        return [d for d in self._deeds if d.label == label and float(np.linalg.norm(d.place - place)) < SAME_M]


class HandledInMemory:
    """What was handled, written into a memory and asked there; a later episode in the same memory knows it.

    Until the robot knows where it is in the map of that memory, and where memory gives no answer in time, it goes by
    what it has done in this episode.
    """

    def __init__(
        self, memory: Asked, robot: str, episode: str, frame: Callable[[], Poses | None] | None = None
    ) -> None:
        """Take the memory.

        Args:
            memory: where deeds are kept.
            robot: who does them.
            episode: in which episode.
            frame: pose (3,), x, y, yaw, of the map frame of the episode in that of the memory, ``None`` while that is
                not known; they are the same frame when this is not given.

        """
        self._memory, self._robot, self._episode = memory, robot, episode
        self._frame = frame or (lambda: np.zeros(3))
        self._now = HandledNow()
        self._unwritten: list[tuple[Deed, int, int]] = []

    def add(self, deed: Deed, step: int, stamp_ns: int) -> None:
        """Remember a deed, in the memory as soon as the robot knows where that is."""
        self._now.add(deed)
        self._unwritten.append((deed, step, stamp_ns))
        pose = self._frame()
        if pose is None:
            return
        unwritten, self._unwritten = self._unwritten, []
        self._memory.change([self._event(*entry, pose) for entry in unwritten])

    def about(self, label: str, place: Floats) -> list[Deed]:
        """Return what was done to a thing of this label at a place."""
        pose = self._frame()
        if pose is None or self._unwritten:
            return self._now.about(label, place)
        x, y, z = _moved(place, pose).tolist()
        asked = Query(f"handled {label}", _LIMIT, near_m=(x, y, z), within_m=SAME_M, stores=frozenset({_STORE}))
        recall = self._memory.recall(asked)
        if _STORE in recall.stale or _STORE in recall.failed:
            return self._now.about(label, place)
        hits = [h for h in recall.hits.get(_STORE, ()) if h.data.get("handled") == label]
        return [self._deed(h, pose) for h in sorted(hits, key=lambda h: (h.source.stamp_ns, h.id))]

    def _event(self, deed: Deed, step: int, stamp_ns: int, pose: Poses) -> Event:
        newest = self._memory.newest
        late = stamp_ns if newest is None else max(stamp_ns, newest.stamp_ns)  # the episode may have a clock of its own
        about = {
            "subject": f"handled {deed.label}",
            "claim": deed.sentence,
            "handled": deed.label,
            "deed": deed.what,
            "target": deed.target,
            "reason": deed.reason,
            "position_m": [round(float(v), 3) for v in _moved(deed.place, pose)],
        }
        text = f"{deed.sentence} (handled {deed.label})."
        add = {"op": "add", "level": "action", "text": text, "code": {}, "similar": [], "support": 1, "against": 0}
        source = Source(self._robot, self._episode, step, late)
        return Event(_STORE, "lessons", source, {"operations": [{**add, "about": about}]})

    def _deed(self, hit: Hit, pose: Poses) -> Deed:
        data = hit.data
        place = _moved(np.array(data["position_m"], np.float64), inverse(pose))
        earlier = hit.source.episode != self._episode
        return Deed(data["deed"], data["handled"], place, data["target"], data["reason"], earlier)


def _moved(place: NDArray[np.floating], pose: Poses) -> Floats:
    transform = matrix(pose)
    return np.asarray(transform[:3, :3] @ np.asarray(place, np.float64) + transform[:3, 3])
