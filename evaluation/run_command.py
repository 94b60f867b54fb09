"""The command that has a robot do what it is told: ``engram run --task "put a washed apple in the fridge"``."""

from __future__ import annotations

import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engram.agents.cli import DONE, ENDED, CommandError
from engram.evaluation.commands import known_errors
from engram.evaluation.detector_options import DEFAULT_PERCEPTION, DetectorOptions, Perception

if TYPE_CHECKING:
    from engram.evaluation.run_task import RunTask, TaskRun


@dataclass(frozen=True)
class RunOptions:
    """Options of ``engram run``."""

    task: str
    """What to do, in plain English: "put a washed apple in the fridge", "bring me the red book"."""
    world: str = "house:seed=3"
    """World to do it in: house:seed=N, and rooms=N and objects=N after commas."""
    text: bool = False
    """Live in the house in words, with nothing rendered."""
    out: Path | None = None
    """Directory for report.json; nothing is written when not given."""
    seed: int | None = None
    """Seed of the house, in place of the one that --world names."""
    memory: str | None = None
    """Memory file (or URL of a memory server) that the robot goes by and writes into; one that is thrown away
    afterwards by default."""
    perception: Perception = DEFAULT_PERCEPTION
    """Where detections come from: the simulator's own masks, those made worse (noisy), or a network (learned)."""
    detector: str = ""
    """What learned perception sees with in place of the weights that come with engram, as in engram tidy."""
    max_steps: int = 60
    """Steps of plans, such as pick and place, that the robot may take."""
    max_moves: int = 2000
    """Actions that the robot may take."""
    critic: bool = True
    """Let a critic look at steps before they are taken."""
    loop_guard: bool = True
    """Watch out for going round in circles."""
    json: bool = False
    """Print the report as JSON instead of lines."""

    def run_task(self) -> RunTask:
        """Return what decides the run."""
        from dataclasses import replace

        from engram.agents.brain import BrainConfig
        from engram.evaluation.run_task import SETTLE_SECS, RunTask
        from engram.evaluation.world_option import WorldOptionError, parse_world

        if self.max_steps < 1 or self.max_moves < 1:
            raise CommandError("--max-steps and --max-moves are 1 or more")
        try:
            house = parse_world(self.world)
        except WorldOptionError as error:
            raise CommandError(str(error)) from error
        house = house if self.seed is None else replace(house, seed=self.seed)
        brain = BrainConfig(
            critic=self.critic, loop_guard=self.loop_guard, max_steps=self.max_steps, max_moves=self.max_moves,
            settle_secs=SETTLE_SECS,
        )  # fmt: skip
        return RunTask(
            self.task, house, self.text, self.memory, self.perception, DetectorOptions(self.detector), self.max_moves,
            brain,
        )  # fmt: skip


def run(options: RunOptions) -> int:
    """Have a robot do a task in a house.

    The task is understood without a language model, planned, and carried out step by step; what is seen is remembered.
    Exit code 0: the goal is reached, as the world shows; 1: it is not.
    """
    from engram.evaluation.run_task import run_task, symbolic
    from engram.planners.goals import Unparsed

    with known_errors():
        task = options.run_task()
        try:
            ran = run_task(task, symbolic)
        except Unparsed as error:
            raise CommandError(f"the task is not understood: {error} ({error.reason})") from error
        report = document(options, task, ran)
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            text = json.dumps(report, indent=1, sort_keys=True)
            (options.out / "report.json").write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(report, indent=1, sort_keys=True)}\n" if options.json else summary(ran))
    return DONE if ran.reached else ENDED


def document(options: RunOptions, task: RunTask, ran: TaskRun) -> dict[str, Any]:
    """Return the report as JSON data."""
    import engram

    ending = ran.ending
    return {
        "version": engram.__version__,
        "task": task.text,
        "world": {"name": "house", "text": task.in_words, **vars(task.house)},
        "perception": "text" if task.in_words else task.perception,
        "brain": vars(task.brain),
        "reached": ran.reached,
        "claimed": ending.claimed,
        "false_success": ran.false_success,
        "conditions": {"met": ran.met, "total": ran.conditions},
        "reason": ending.reason,
        "text": ending.text,
        "steps": [
            {"step": str(r.step), "outcome": r.outcome, "actions": r.actions, "text": r.text} for r in ending.steps
        ],
        "moves": ending.moves,
        "plans": ending.plans,
        "rejections": ending.rejections,
        "decision_p50_ms": decision_ms(ran),
        "secs": {"setup": round(ran.setup_secs, 3), "task": round(ran.secs, 3)},
    }


def summary(ran: TaskRun) -> str:
    """Return the steps, a line each, and how it went in one line."""
    lines = [f"  {r.step} {r.outcome.replace('_', ' ')}" for r in ran.ending.steps]
    end = "goal reached" if ran.reached else "goal not reached"
    why = "" if ran.ending.claimed else f" ({ran.ending.text or ran.ending.reason.replace('_', ' ')})"
    told = f"{len(lines)} steps, {ran.ending.moves} actions, decisions {decision_ms(ran):.0f} ms"
    return "\n".join([*lines, f"{end}{why}: {told}", ""])


def decision_ms(ran: TaskRun) -> float:
    """Return the median time of a decision."""
    return round(1000.0 * statistics.median(ran.ending.decision_secs or (0.0,)), 3)
