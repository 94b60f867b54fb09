"""What the household protocols need of an agent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Ending:
    """How a task ended."""

    claimed: bool  # whether the agent says that it is done
    reason: str  # "success", or why it stopped
    steps: int = 0  # skills that were carried out
    moves: int = 0  # actions of the body
    decision_ms: tuple[float, ...] = ()  # from a result to the next step
    failures: tuple[str, ...] = field(default=())  # reason codes of steps that came to nothing


class TaskAgent(Protocol):
    """Does one task in the world that it was made for."""

    def run(self, instruction: str) -> Ending:
        """Do what it is told, and return when it has ended."""
        ...
