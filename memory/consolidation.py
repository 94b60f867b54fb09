"""Sleep: attempts that resemble each other become one lesson, with the counts that support it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engram.memory.contract import Json
from engram.memory.notebook import Note
from engram.memory.retrieval.dense import Floats


@dataclass(frozen=True)
class ConsolidationConfig:
    """Options of sleep."""

    enabled: bool = True
    cosine: float = 0.7
    """Attempts at least so near to the mean of a cluster join it."""
    min_attempts: int = 2
    """Smaller clusters teach nothing yet."""
    recent: int = 200
    """Attempts that a sleep looks at, the newest; lessons that it draws no more stay as they are."""


@dataclass(frozen=True)
class Lesson:
    """Something learnt. Lessons with one ``subject`` and different ``claim`` contradict each other."""

    level: str  # "action" or "task"
    subject: str
    claim: str
    support: int = 1
    against: int = 0
    data: Json = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The lesson as a sentence."""
        return f"{self.subject}: {self.claim}"


def consolidate(attempts: Sequence[tuple[Note, Floats]], config: ConsolidationConfig | None = None) -> list[Lesson]:
    """Return one task-level lesson a cluster of attempts.

    Args:
        attempts: notes of episodic memory, oldest first, and the (D,) unit vectors of their tasks.
        config: options.

    """
    config = config or ConsolidationConfig()
    if not config.enabled:
        return []
    groups = clusters([vector for _, vector in attempts], config.cosine)
    return [lesson([attempts[i][0] for i in group]) for group in groups if len(group) >= config.min_attempts]


def clusters(vectors: Sequence[Floats], cosine: float) -> list[list[int]]:
    """Return groups of rows, in order: each row joins the group with the nearest mean, if that is near enough.

    A group keeps its first row for good as rows are added, so that its lesson keeps its name.
    """
    groups: list[list[int]] = []
    sums = np.zeros((len(vectors), len(vectors[0]) if len(vectors) else 0), np.float32)
    norms = np.ones(len(vectors), np.float32)
    for row, vector in enumerate(vectors):
        near = sums[: len(groups)] @ vector / norms[: len(groups)]
        best = int(np.argmax(near)) if groups else -1
        if not groups or near[best] < cosine:
            best = len(groups)
            groups.append([])
        groups[best].append(row)
        sums[best] += vector
        norms[best] = max(float(np.linalg.norm(sums[best])), 1e-9)
    return groups


def lesson(notes: Sequence[Note]) -> Lesson:
    """Return what a cluster of attempts, oldest first, teaches: how it mostly ends, and of what it fails."""
    causes = Counter(str(note.data["cause"]) for note in notes if note.data["cause"])
    failures, total = sum(causes.values()), len(notes)
    ways = ", ".join(f"{cause} ({count})" for cause, count in sorted(causes.items(), key=lambda c: (-c[1], c[0])))
    claim = f"succeeded in {total - failures} of {total} attempts" + (f"; failed of {ways}" if ways else "")
    most = max(failures, total - failures)
    data = {"episodes": [note.id for note in notes], "causes": dict(causes)}
    return Lesson("task", f"tasks like '{notes[0].data['task']}'", claim, most, total - most, data)
