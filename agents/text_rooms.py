"""The rooms of a household in words: which there are, which lead where, and in which the robot has looked around."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from engram.planners.contract import kind_in
from engram.sims.text import TextObservation


class Rooms:
    """What one episode knows of rooms, by their names."""

    def __init__(self) -> None:
        """Start knowing none."""
        self._exits: dict[str, tuple[str, ...]] = {}  # of rooms that the robot was in
        self._looked: set[str] = set()
        self._shut: set[str] = set()  # there is no way into these

    @property
    def known(self) -> list[str]:
        """All rooms that were told of, in order."""
        told = (room for exits in self._exits.values() for room in exits)
        return list(dict.fromkeys([*self._exits, *told]))

    @property
    def explored(self) -> bool:
        """Whether the robot has looked around in all rooms that it can get to."""
        return bool(self._exits) and not any(self._open(room) for room in self.known)

    def saw(self, seen: TextObservation, *, around: bool = False) -> None:
        """Take in where the robot is, and whether it has turned about there."""
        if seen.room:
            self._exits[seen.room] = seen.exits
            self._shut.discard(seen.room)
            if around:
                self._looked.add(seen.room)

    def refused(self, room: str) -> None:
        """Note that there is no way into a room."""
        self._shut.add(room)

    def unseen(self, here: str) -> Iterator[str]:
        """Yield the rooms not looked around in, by the number of doors between."""
        return (room for room in self._near(here) if self._open(room))

    def likely(self, here: str, kind: str) -> str:
        """Return the room to go to for something in a room of a kind: one of that kind, else one to pass through."""
        left = sorted(self.unseen(here), key=lambda room: (kind_in(room) != kind, room in self._exits))
        return left[0] if left else ""

    def is_new(self, room: str) -> bool:
        """Whether the robot was never in a room."""
        return room not in self._exits

    def _open(self, room: str) -> bool:
        return room not in self._looked and room not in self._shut

    def _near(self, here: str) -> list[str]:
        """Rooms in the order of the number of doors on the way."""
        found, queue = dict.fromkeys([here] if here else []), deque([here])
        while queue:
            for room in self._exits.get(queue.popleft(), ()):
                if room not in found:
                    found[room] = None
                    queue.append(room)
        return [*found, *(room for room in self.known if room not in found)]
