"""The closed loop: recall, believe, plan, criticise, act, look what came of it, remember.

RoboMemory (arXiv 2508.01415), Algorithm 1: each plan is taken step by step; a critic looks at every step but the first
of a plan, and a rejected step ends the plan. Beyond it: what the critic says reaches the planner, a plan also ends with
a step that came to nothing, a loop guard breaks what goes round, and both limits and the goal are looked at before each
step. Success is judged from what the world has shown, never from the word of a planner or of a body.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from engram.agents.beliefs import Known, estimate, in_view
from engram.agents.evidence import claims_of, gone_by, reached, shown, unproven
from engram.agents.lessons import Lessons, told
from engram.agents.scribe import Scribe, View
from engram.memory.contract import Percepts, Point
from engram.planners.contract import NO_EFFECT, OPEN, Beliefs, Fact, Goal, Planner, Result, Step
from engram.planners.critic import CriticConfig, CriticPanel
from engram.planners.goals import Unparsed, parse_goal
from engram.planners.loop_guard import Allowed, ExploreFirst, LoopGuard, LoopGuardConfig, Stop
from engram.planners.symbolic.affordances import OPENABLE, kind_of
from engram.planners.symbolic.domain import applicable
from engram.planners.symbolic.feedback import failure

SUCCESS, BUDGET, UNREACHED = "success", "budget", "not_shown"
_CHANGES_PLACE = frozenset({"find", "search", "explore", "tidy"})  # steps that bring news, after which is planned anew


@dataclass(frozen=True)
class BrainConfig:
    """Switches and limits; every part can be left out."""

    critic: bool = True
    first_step_exempt: bool = True
    """Whether the first step of a plan is taken without asking the critic; without it a critic can stop all."""
    rejection_budget: int = CriticConfig.max_rejections
    """Rejections in a row after which a step passes; 0 for no limit."""
    spatial: bool = True
    """Whether positions and places are remembered beyond the current view."""
    temporal: bool = True
    """Whether what went wrong before the last step is told to the planner."""
    episodic: bool = True
    """Whether earlier attempts are recalled: where things were found, what refused them."""
    semantic: bool = True
    """Whether lessons are recalled: in what kinds of things a kind is found."""
    graph: bool = True
    """Whether the knowledge graph is believed: states, rooms, what was looked into."""
    long_term: bool = True
    """Whether anything of earlier episodes is known."""
    loop_guard: bool = True
    max_steps: int = 100
    """Steps of one task."""
    max_moves: int = 2000
    """Actions that the body may take for one task."""
    settle_secs: float = 0.2
    """How long a decision waits for memory to take in what was seen."""
    feedback: int = 4
    """Sentences of what went wrong that the planner is told; those of temporal memory."""
    seed: int = 0

    @property
    def known(self) -> Known:
        """Which memories beliefs are estimated from."""
        return Known(self.spatial, self.graph, self.long_term)


@dataclass(frozen=True)
class Ending:
    """How a task ended."""

    claimed: bool  # whether the brain says that the goal is reached
    reason: str  # "success", or a code: of a refusal, of the loop guard, budget
    text: str = ""
    steps: tuple[Result, ...] = ()  # what was done
    moves: int = 0  # actions of the body
    plans: int = 0
    rejections: int = 0
    decision_secs: tuple[float, ...] = ()  # from a result to the next step


class MakePlanner(Protocol):
    """Makes the planner of one task."""

    def __call__(self, where: Callable[[str], Sequence[str]]) -> Planner:
        """Return a planner; ``where`` ranks names of what a kind may be in or on, the likeliest first."""
        ...


@dataclass(eq=False)
class _Task:
    """What is kept of the task under way."""

    goal: Goal
    guard: LoopGuard
    critic: CriticPanel
    planner: Planner
    feedback: deque[str]
    done: list[Result] = field(default_factory=list)
    looked: set[str] = field(default_factory=set)  # names of what was looked at because it was only remembered
    moves: int = 0
    plans: int = 0
    rejections: int = 0
    decision_secs: list[float] = field(default_factory=list)
    since: float = 0.0  # when the last result came


class Brain:
    """Thinks for one body. Tell it what is seen with ``see``, then run what ``think`` gives."""

    def __init__(
        self,
        scribe: Scribe,
        planner: MakePlanner,
        config: BrainConfig | None = None,
        critic: Callable[[CriticConfig], CriticPanel] = lambda config: CriticPanel(config, applicable),
    ) -> None:
        """Take the way into memory, and who plans and judges.

        Args:
            scribe: writes to memory, and reads from it.
            planner: makes the planner of each task.
            config: switches and limits.
            critic: makes the critic of each task.

        """
        self.config, self.scribe = config or BrainConfig(), scribe
        self._make_planner, self._make_critic = planner, critic
        self.beliefs = Beliefs()  # of the last decision

    def see(self, view: View) -> None:
        """Take in what the senses show; memory gets it without anyone waiting."""
        self.scribe.see(view)

    def name_at(self, kind: str, place_m: Point) -> str:
        """Return what memory calls the thing of a kind at a place, once all that was seen is in it; empty for none."""
        self.scribe.settle(self.config.settle_secs)
        return self.scribe.name_at(kind, place_m)

    def update(self) -> None:
        """Bring beliefs up to date with all that was seen, in the middle of a step."""
        self.beliefs = self._believe()

    @property
    def unfinished(self) -> str:
        """The task that was under way when memory was last written; empty when there is none."""
        self.scribe.settle(self.config.settle_secs)
        return self.scribe.pursued

    def think(self, task: str) -> Generator[Step, Result, Ending]:
        """Give one step after another until the task has ended; send the result of each.

        The body tells what it sees with ``see`` before the first step and before each result.
        """
        try:
            goal = parse_goal(task)
        except Unparsed as error:
            return Ending(False, error.reason, str(error))
        return (yield from self.pursue(goal, task))

    def pursue(self, goal: Goal, task: str) -> Generator[Step, Result, Ending]:
        """As :meth:`think`, for a goal that is understood already."""
        c = self.config
        start = time.perf_counter()
        self.beliefs = self._believe()
        lessons = Lessons(self.scribe, c.episodic and c.long_term, c.semantic and c.long_term)
        t = _Task(
            goal,
            LoopGuard(replace(LoopGuardConfig(), enabled=c.loop_guard, max_steps=c.max_steps)),
            self._make_critic(CriticConfig(max_rejections=c.rejection_budget)),
            self._make_planner(lambda kind: lessons.where(kind, self.beliefs)),
            deque(maxlen=c.feedback if c.temporal else 1),
            since=start,
        )
        self._pursue(task)
        ending = yield from self._loop(t)
        self._end(task, ending)
        return ending

    def _loop(self, t: _Task) -> Generator[Step, Result, Ending]:
        while True:
            plan = t.planner.plan(t.goal, self.beliefs, tuple(t.feedback))
            t.plans += 1
            if plan.refusal:
                return self._ending(t, plan.refusal, plan.text)
            if not plan.steps:
                ending = yield from self._conclude(t)
                if ending is not None:
                    return ending
                continue
            stop = yield from self._follow(t, plan.steps)
            if stop is not None:
                return self._ending(t, stop.reason, stop.text)

    def _follow(self, t: _Task, steps: Sequence[Step]) -> Generator[Step, Result, Stop | None]:
        """Take the steps of a plan, until one is rejected or brings news; why all must end, if it must."""
        for number, step in enumerate(steps):
            if len(t.done) >= self.config.max_steps or t.moves >= self.config.max_moves:
                return Stop(BUDGET, "the steps of this task are spent")
            verdict = self._rejected(t, step, first=not number)
            if verdict:
                t.feedback.append(verdict)
                return t.guard.refused()
            advice = t.guard.advise(step, self.beliefs)
            if isinstance(advice, Stop):
                return advice
            if isinstance(advice, ExploreFirst):
                step = Step("explore")
            elif not isinstance(advice, Allowed):
                t.feedback.append(advice.text)
                return None
            result = yield from self._take(t, step)
            if not result.ok or step.skill in _CHANGES_PLACE:
                return None
        return None

    def _rejected(self, t: _Task, step: Step, *, first: bool) -> str:
        """Return what the critic says against a step; empty when nothing."""
        if not self.config.critic or (first and self.config.first_step_exempt):
            return ""
        verdict = t.critic.judge(step, t.goal, self.beliefs)
        t.rejections += not verdict.suitable
        return "" if verdict.suitable else f"{step} was rejected: {verdict.feedback or verdict.reason}"

    def _take(self, t: _Task, step: Step) -> Generator[Step, Result, Result]:
        """Have a step carried out, and judge from what the world shows now what came of it."""
        before = self.beliefs
        t.decision_secs.append(time.perf_counter() - t.since)
        result = yield step
        t.since = time.perf_counter()
        now = self._believe()
        if result.ok and not shown(step, result, before, now, self._seen()):
            text = f"{step} is said to be done, and nothing of it can be seen."
            result = replace(result, outcome=NO_EFFECT, text=text)
        t.guard.took(step, before, result)
        t.done.append(result)
        t.moves += result.actions
        if not result.ok:
            t.feedback.append(failure(result))
        self.beliefs = self._believe() if self._remember(t, result, before, now) else now
        return result

    def _conclude(self, t: _Task) -> Generator[Step, Result, Ending | None]:
        """End with the goal reached, if all that says so was seen now; go and look at what is only remembered."""
        if not reached(t.goal, t.done, self.beliefs):
            return self._ending(t, UNREACHED, "the planner says that the goal is reached, and what was seen does not")
        doubted = unproven(t.goal, self.beliefs, self.scribe.is_fresh)
        if not doubted:
            return self._ending(t, SUCCESS)
        name = next((name for name in doubted if name not in t.looked), "")
        if not name or len(t.done) >= self.config.max_steps:
            return self._ending(t, UNREACHED, f"{doubted[0]} is remembered, and was not seen again")
        t.looked.add(name)
        holder = self.beliefs.place_of(name)
        shut = holder in self.beliefs.things and self.beliefs.holds(OPEN, holder) is not True
        closes = shut and OPENABLE in kind_of(self.beliefs.things[holder].kind)
        yield from self._take(t, Step("search", (holder,)) if closes else Step("go_to", (name,)))
        return None

    def _ending(self, t: _Task, reason: str, text: str = "") -> Ending:
        spent = time.perf_counter() - t.since
        return Ending(
            reason == SUCCESS, reason, text, tuple(t.done), t.moves, t.plans, t.rejections, (*t.decision_secs, spent)
        )

    def _believe(self) -> Beliefs:
        self.scribe.settle(self.config.settle_secs)
        return estimate(self.scribe, self.config.known)

    def _pursue(self, task: str) -> None:
        if self.scribe.sight is not None:
            self.scribe.pursue(task, self.scribe.sight.view.percepts.source)

    def _seen(self) -> dict[Fact, bool]:
        return {} if self.scribe.sight is None else in_view(self.scribe.sight)

    def _remember(self, t: _Task, result: Result, before: Beliefs, now: Beliefs) -> bool:
        """Write what a step has shown, in facts and in a sentence; whether there were facts."""
        sight = self.scribe.sight
        if sight is None:
            return False
        last = replace(sight.view.percepts, task=t.goal.text)
        claims, gone = claims_of(result, before, now), gone_by(result, before)
        if claims:
            self.scribe.claim(claims, last.source)
        if gone:
            self.scribe.gone(gone, last.source)
        kinds = {kind for want in t.goal.wants for kind in want.thing.kinds}
        for percepts in told(result, now, kinds, last):
            self.scribe.tell(percepts)
        return bool(claims or gone)

    def _end(self, task: str, ending: Ending) -> None:
        """Write how the task ended, and see that memory has all of it."""
        sight = self.scribe.sight
        if sight is not None:
            last = sight.view.percepts
            self._pursue("")
            self.scribe.tell(Percepts(last.source, base=last.base, room=last.room, task=task, outcome=ending.reason))
        self.scribe.flush(self.scribe.hippocampus.config.snapshot_secs)
