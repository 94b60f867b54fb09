"""How a planner is told what went wrong: one sentence for each step that failed, and how they are read again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engram.planners.contract import PRECONDITION, Result, Step

REJECTED = PRECONDITION  # outcome of a step that was rejected, of which no more is told
_STEP = r"(?P<skill>[a-z_]+)\((?P<args>[^()]*)\)"
_PATTERNS = (
    re.compile(rf"{_STEP} (?:has just )?failed(?:: (?P<code>\w+))?"),
    re.compile(rf"failed {_STEP}(?:: (?P<code>\w+))?"),
    re.compile(rf"{_STEP} was rejected(?P<code>)"),
)


@dataclass(frozen=True)
class Failed:
    """A step that came to nothing."""

    step: Step
    outcome: str


def failure(result: Result) -> str:
    """Return the sentence that tells of a step which failed: ``place(Cabinet_1) failed: no_space.`` and why."""
    return f"{result.step} failed: {result.outcome}. {result.text}".strip()


def read_failure(text: str) -> Failed | None:
    """Return what a sentence tells of, also of a step that was rejected; ``None`` when it tells of no step."""
    for pattern in _PATTERNS:
        match = pattern.search(text)
        if match is not None:
            args = tuple(arg.strip() for arg in match["args"].split(",") if arg.strip())
            return Failed(Step(match["skill"], args), match["code"] or REJECTED)
    return None
