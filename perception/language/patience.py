"""When to leave a model alone that keeps failing, so that what stands in for it does not wait each time."""

from __future__ import annotations


class Patience:
    """Counts failures in a row: after ``most`` of them, the next ``pause`` turns go without the model."""

    def __init__(self, most: int = 3, pause: int = 50) -> None:
        """Start with trust."""
        if most < 1 or pause < 0:
            raise ValueError("most must be positive, and pause not negative")
        self._most, self._pause = most, pause
        self._failed = self._left = 0

    def may_ask(self) -> bool:
        """Whether to ask in this turn; called once a turn."""
        if self._left:
            self._left -= 1
            return False
        return True

    def note(self, good: bool) -> None:
        """Take note of what an answer was."""
        self._failed = 0 if good else self._failed + 1
        if self._failed >= self._most:
            self._failed, self._left = 0, self._pause
