"""``engram train out-of-place``: its options, and the card and the table that it leaves behind."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from engram.evaluation.training.text_run import Say, TextRun, leave, span

if TYPE_CHECKING:
    from engram.evaluation.training.out_of_place import OutOfPlaceTraining, Trained


@dataclass(frozen=True)
class OutOfPlace(TextRun):
    """Train the judges of what is out of place: weights, card and table go to the folder ``out``."""

    part: ClassVar[str] = "out-of-place"

    out: Path = Path("runs/train/out-of-place")
    """Directory for out_of_place.safetensors, out_of_place.md, table.json and the checkpoints."""
    examples: Path = Path("runs/train/out-of-place/examples")
    """Directory of the examples; houses that are missing are looked at."""


def run(options: OutOfPlace, device: str, say: Say) -> None:
    """Train, and write weights, card and table; raise ``CommandError`` where that cannot be done."""
    from engram.evaluation.training.out_of_place import quick_or_full, train_out_of_place

    config = quick_or_full(options.preset, options.seed, options.text)
    with options.running(options.out):
        trained = train_out_of_place(config, options.out, options.examples, device, say)
    leave(options.out, ("out_of_place.md", card(config, trained, options.command())), as_json(trained))
    say(table(trained))


def card(config: OutOfPlaceTraining, trained: Trained, command: str) -> str:
    """Text that goes with the weights."""
    from engram.evaluation.training.out_of_place import FIRST

    c, n = config, trained.counts
    return f"""# Out-of-place judges

Command: `{command}`

Data: {c.houses} training houses (seeds from {FIRST["train"]}, {c.train_mess} things displaced) gave
{n["taught"]} examples; each was also told from true boxes. The fusion was calibrated on {c.calibrate_houses} validation
houses (seeds from {700_000 + FIRST["calibrate"]}) and scored on {c.score_houses} others (seeds from
{700_000 + FIRST["score"]}), with {c.mess} things displaced: {n["scored"]} tracks, of which {n["displaced_scored"]}
displaced and {n["implausible_scored"]} where no row of the placement table has them. What was carried along or knocked
about is left out. Tracks come from the tracker with the simulator's masks; two moments of each tour are taken.

Average precision, with 95 % intervals (houses drawn); the gain is over the counts alone, in the same houses.

{table(trained)}

Belief of the fusion against whether a thing was displaced:

| threshold | displaced things found | things in place taken for displaced, a house |
|---|---|---|
{_curve(trained)}
"""


def table(trained: Trained) -> str:
    """Markdown table of average precision by variant."""
    head = "| judged | variant | out of place | gain over counts | in place |\n|---|---|---|---|---|"
    lines = [
        f"| {r.question} | {r.variant} | {r.out_of_place:.3f} ({span(r.out_of_place_interval)}) "
        f"| {span(r.gain_interval, '+.3f')} | {r.in_place:.4f} ({span(r.in_place_interval, '.4f')}) |"
        for r in trained.rows
    ]
    return "\n".join([head, *lines])


def as_json(trained: Trained) -> str:
    """Return the figures as JSON; equal runs give equal text."""
    figures = {
        "counts": trained.counts,
        "fusion": asdict(trained.fusion),
        "rows": [asdict(r) for r in trained.rows],
        "curve": [asdict(p) for p in trained.curve],
    }
    return json.dumps(figures, indent=1, sort_keys=True) + "\n"


def _curve(trained: Trained) -> str:
    return "\n".join(f"| {p.threshold} | {p.found:.3f} | {p.wrong:.2f} |" for p in trained.curve)
