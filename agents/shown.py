"""What an agent that goes by a situation shows of itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.agents.events import Event
from engram.agents.picture import MapPicture
from engram.agents.situation import Situation


class Shown:
    """The part of :class:`engram.agents.base.Agent` that looks and does nothing."""

    _sit: Situation

    def journal(self) -> list[Event]:
        """Return what happened so far, oldest first; where there are phases, in this one."""
        return list(self._sit.events)

    def status(self) -> dict[str, Any]:
        """Return figures for a progress display."""
        sit = self._sit
        return {
            "phase": sit.phase,
            "step": sit.step,
            "found": self._found_count(),
            "tidied": sit.tidied,
            "failed": sit.failures,
            "holding": sit.held,
            "tracks": len(sit.tracker.tracks),
        }

    def map_image(self) -> NDArray[np.uint8]:
        """(H, W, 3) picture of the map from above."""
        return MapPicture(self._sit.grid).draw(self._sit.trail)

    def map_to_pixel(self, x: float, y: float) -> tuple[float, float]:
        """(column, row) of a point of the map frame in :meth:`map_image`."""
        return MapPicture(self._sit.grid).to_pixel(x, y)

    def _found_count(self) -> int:
        """How many of the things that it looks for it has found."""
        raise NotImplementedError
