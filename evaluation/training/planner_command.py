"""``engram train planner``: its options, and the card and the table that it leaves behind."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engram.agents.cli import CommandError
from engram.evaluation.training.text_run import Say, leave

if TYPE_CHECKING:
    from engram.evaluation.training.planner import PlannerTraining, Trained


@dataclass(frozen=True)
class Planner:
    """Train a small language model that plans: model, card and table go to the folder ``out``."""

    preset: Literal["quick", "full"] = "full"
    """quick takes minutes and shows that all parts work together; full is what the model was made with."""
    out: Path = Path("runs/train/planner")
    """Directory for the model as transformers has it, planner.md, table.json and the checkpoint."""
    traces: Path = Path("runs/train/planner/traces")
    """Directory of the plans that are learned from; houses that are missing are planned in."""
    resume: bool = False
    """Go on from the checkpoint in the output directory, if there is one; traces are always kept."""
    steps: int | None = None
    """Steps in all, if not those of the preset."""
    seed: int = 0
    """Seed of weights, order and names."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute; auto takes a GPU where there is one."""
    threads: int = 1
    """Threads of the network on the CPU."""

    def command(self) -> str:
        """What to type to get the same model; folders are everyone's own."""
        steps = "" if self.steps is None else f" --steps {self.steps}"
        return f"engram train planner --preset {self.preset} --seed {self.seed}{steps}"

    def config(self) -> PlannerTraining:
        """Return what decides the run."""
        from engram.evaluation.training.planner import FULL, QUICK

        config = replace(QUICK if self.preset == "quick" else FULL, seed=self.seed)
        return config if self.steps is None else replace(config, steps=self.steps)


def run(options: Planner, device: str, say: Say) -> None:
    """Train, and write model, card and table; raise ``CommandError`` where that cannot be done."""
    from engram.evaluation.training.planner import train_planner

    config = options.config()
    if not options.resume:
        for path in options.out.glob("*.checkpoint.safetensors"):
            path.unlink()
    try:
        trained = train_planner(config, options.out, options.traces, device, say)
    except ValueError as error:
        raise CommandError(str(error)) from error
    leave(options.out, ("planner.md", card(config, trained, options.command())), as_json(trained))
    say(table(trained))


def card(config: PlannerTraining, trained: Trained, command: str) -> str:
    """Text that goes with the model."""
    from engram.evaluation.training.planner_traces import FIRST

    c = config
    return f"""# Small planner

Command: `{command}`

A Llama of {trained.parameters} numbers ({c.layers} layers of {c.width}, {trained.tokens} byte pairs), in float16. It
reads the prompt `planner-small.v1` and answers with a plan for the next errand as JSON. Things that a noun of the goal
may mean are ranked for it by the symbolic matcher; it knows the skills by heart, and no words but those of its prompt.

Data: {trained.plans} plans of the symbolic planner, for {c.tasks} tasks of the household suite in each of {c.houses}
training houses (seeds from {FIRST["train"]}), on glimpses: what is believed is drawn from the truth of the house and
not lived through. Rooms are unseen, things missed, states unknown and names given at random; some plans come after a
step that failed. Plans are cut after the first errand. {c.steps} steps of batches of {c.batch} plans, whose
things get other numbers each time, and {c.exercises} exercises in copying names.

Scores are of glimpses of {c.validation_houses} validation houses (seeds from {700_000 + FIRST["validation"]}), one
answer for each. Exact: it is the very plan of the symbolic planner. Validated: it passes the checks of
`planners/llm/checks.py` and is taken; else the symbolic planner stands in. Where nothing is left to do, it should give
no steps, and the symbolic planner says that the goal is reached.

{table(trained)}

What it cannot do: understand a task by its words, explain, refuse, judge steps, fill the memories, mend an answer when
it is told what is wrong, or use what it was never shown, such as skills and kinds beyond those of the household. It is
there so that the whole way to a language model can be run and tested with nothing downloaded; the symbolic planner
that it imitates plans better.
"""


def table(trained: Trained) -> str:
    """Markdown table of how well it plans."""
    lines = [f"| {r.cases} | {r.count} | {r.exact:.3f} | {r.validated:.3f} |" for r in trained.rows]
    return "\n".join(["| cases | count | exact | validated |\n|---|---|---|---|", *lines])


def as_json(trained: Trained) -> str:
    """Return the figures as JSON; equal runs give equal text."""
    return json.dumps(asdict(trained), indent=1, sort_keys=True) + "\n"
