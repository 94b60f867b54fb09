"""What every agent offers to the one who runs it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engram.agents.events import Event
from engram.sims.contract import Action, Observation


class Agent(Protocol):
    """Chooses actions from observations; ``act`` is called once for each observation."""

    def reset(self, observation: Observation) -> None:
        """Begin an episode with the observation that ``World.reset`` gave."""
        ...

    def act(self, observation: Observation) -> Action:
        """Return the next action; DONE when there is nothing left to do."""
        ...

    def journal(self) -> list[Event]:
        """Return what happened so far, oldest first."""
        ...

    def status(self) -> dict[str, Any]:
        """Return progress figures: ``phase``, ``step``, ``found``, ``tidied``, ``failed``, ``holding``."""
        ...

    def map_image(self) -> NDArray[np.uint8]:
        """(H, W, 3) picture of the agent's own map from above, north (y) up."""
        ...

    def map_to_pixel(self, x: float, y: float) -> tuple[float, float]:
        """(column, row) of a point of the map frame in :meth:`map_image`."""
        ...
