"""Keeps a brain from doing the same in vain: what failed is tabu for a while, what goes round is broken, and all ends.

RoboMemory (arXiv 2508.01415, Algorithm 1) guards against one loop only, that of a critic which lets no step through;
its robots still went round in circles of steps. Here the state is a hash of what is believed, without positions, which
jitter: the same step in the same state has the same chances as before.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, deque
from dataclasses import dataclass, field

from engram.planners.contract import Beliefs, Result, Step

EXPLORE = "explore"


@dataclass(frozen=True)
class LoopGuardConfig:
    """Thresholds. ``bound`` is the most calls of ``advise`` before it says stop, whatever is asked."""

    enabled: bool = True
    """Whether anything but the bounds on steps and on refusals is kept to."""
    tabu_steps: int = 2
    """Steps for which one that failed is tabu in the same state; twice as many at each further failure."""
    max_failures: int = 4
    """Failures after which a step stays tabu in that state."""
    max_repeats: int = 3
    """Times that a step may be taken in the same state before something else must be tried."""
    max_blind: int = 12
    """Explorations in the same state: much may be walked before something new is seen."""
    max_period: int = 4
    """Steps of the longest circle that is looked for; the shortest has two."""
    max_rounds: int = 2
    """Times that a circle may be gone round."""
    max_explorations: int = 4
    """Explorations that break loops, of one task."""
    max_refusals: int = 12
    """Steps refused or proposed in a row without one that is taken."""
    max_steps: int = 400
    """Steps of one task."""

    @property
    def bound(self) -> int:
        """The most calls of ``advise`` until it says stop."""
        return (self.max_steps + 1) * (self.max_refusals + 1)


@dataclass(frozen=True)
class Allowed:
    """Nothing speaks against the step."""


@dataclass(frozen=True)
class Tabu:
    """The step failed in this state; plan another."""

    text: str
    steps_left: int  # until it may be tried again; 0 for never in this state


@dataclass(frozen=True)
class ExploreFirst:
    """Nothing new comes of this; look where nobody has looked before planning on."""

    text: str


@dataclass(frozen=True)
class Stop:
    """End the task: ``reason`` is ``loop``, ``livelock`` or ``budget``."""

    reason: str
    text: str = ""


Advice = Allowed | Tabu | ExploreFirst | Stop


@dataclass
class _Failures:
    count: int = 0
    until: int = 0  # number of the step before which it is tabu


@dataclass
class _Memory:
    """Of one task."""

    steps: int = 0
    refusals: int = 0
    explorations: int = 0
    tried: Counter[tuple[str, Step]] = field(default_factory=Counter)
    failed: dict[tuple[str, Step], _Failures] = field(default_factory=dict)
    recent: deque[tuple[str, Step]] = field(default_factory=deque)
    stopped: Stop | None = None


class LoopGuard:
    """Watches the steps of one task. Ask ``advise`` before a step and tell ``took`` after it."""

    def __init__(self, config: LoopGuardConfig | None = None) -> None:
        """Begin a task."""
        self.config = config or LoopGuardConfig()
        self.reset()

    def reset(self) -> None:
        """Begin another task."""
        keep = self.config.max_period * (self.config.max_rounds + 1)
        self._memory = _Memory(recent=deque(maxlen=keep))

    def advise(self, step: Step, beliefs: Beliefs) -> Advice:
        """Return what speaks against taking a step now. Once it has said stop it says nothing else."""
        m = self._memory
        if m.stopped is None:
            m.refusals += 1  # taken back when the step is taken
            m.stopped = self._spent()
        if m.stopped is not None:
            return m.stopped
        if not self.config.enabled:
            return Allowed()
        advice = self._judge((belief_hash(beliefs), step), beliefs)
        if isinstance(advice, Stop):
            m.stopped = advice
        elif isinstance(advice, ExploreFirst):
            m.explorations += 1
            m.recent.clear()
        return advice

    def refused(self) -> Stop | None:
        """Note that a step was refused by somebody else before ``advise`` was asked; return a stop if there is one."""
        m = self._memory
        if m.stopped is None:
            m.refusals += 1
            m.stopped = self._spent()
        return m.stopped

    def took(self, step: Step, beliefs: Beliefs, result: Result) -> None:
        """Note a step that was taken in a state, and what came of it."""
        m, key = self._memory, (belief_hash(beliefs), step)
        m.steps += 1
        m.refusals = 0
        m.tried[key] += 1
        m.recent.append(key)
        if not result.ok:
            failures = m.failed.setdefault(key, _Failures())
            failures.count += 1
            failures.until = m.steps + self.config.tabu_steps * 2 ** (failures.count - 1)

    def _spent(self) -> Stop | None:
        m, c = self._memory, self.config
        if m.refusals > c.max_refusals:
            return Stop("livelock", f"{c.max_refusals} steps were proposed in a row and none was taken")
        if m.steps >= c.max_steps:
            return Stop("budget", f"{c.max_steps} steps were taken")
        return None

    def _judge(self, key: tuple[str, Step], beliefs: Beliefs) -> Advice:
        m, c, step = self._memory, self.config, key[1]
        failures = m.failed.get(key)
        if failures is not None and failures.count >= c.max_failures:
            return Tabu(f"{step} failed {failures.count} times here", 0)
        if failures is not None and failures.until > m.steps:
            return Tabu(f"{step} has just failed here", failures.until - m.steps)
        if m.tried[key] >= (c.max_blind if step.skill == EXPLORE else c.max_repeats):
            return self._break(f"{step} was taken {m.tried[key]} times in the same state", step, beliefs)
        period = self._circle(key)
        if period:
            return self._break(f"the last {period} steps repeat themselves", step, beliefs)
        return Allowed()

    def _circle(self, key: tuple[str, Step]) -> int:
        """Steps of the circle that a step would close once more than allowed; 0 for none."""
        row = [*self._memory.recent, key]
        if all(step.skill == EXPLORE for _, step in row):
            return 0
        for period in range(2, self.config.max_period + 1):
            long = period * self.config.max_rounds + 1
            last = row[-long:]
            if len(last) == long and all(a == b for a, b in zip(last, last[period:], strict=False)):
                return period
        return 0

    def _break(self, text: str, step: Step, beliefs: Beliefs) -> Advice:
        spent = self._memory.explorations >= self.config.max_explorations
        if beliefs.explored or spent or step.skill == EXPLORE:
            return Stop("loop", f"{text}, and there is nothing left to explore")
        return ExploreFirst(text)


def belief_hash(beliefs: Beliefs) -> str:
    """Return 32 hexadecimal digits for what is believed: facts, with the hand, and whether all is explored.

    Positions, confidences and the order of facts do not matter; equal in all processes.
    """
    facts = sorted([list(fact), true] for fact, true in beliefs.facts.items())
    text = json.dumps([facts, beliefs.explored], separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
