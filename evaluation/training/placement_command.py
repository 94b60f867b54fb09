"""``engram train placement``: its options, and the card and the table that it leaves behind."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from engram.evaluation.training.text_run import Say, TextRun, leave, span

if TYPE_CHECKING:
    from engram.evaluation.training.placement import PlacementTraining
    from engram.evaluation.training.placement_scores import Row
    from engram.evaluation.training.placement_study import Trained


@dataclass(frozen=True)
class Placement(TextRun):
    """Train the associative memory for placement: memory graph, weights, card and table go to the folder ``out``."""

    part: ClassVar[str] = "placement"

    out: Path = Path("runs/train/placement")
    """Directory for memory_graph.json, placement.safetensors, placement.md, table.json and the checkpoints."""
    houses: Path = Path("runs/train/placement/houses")
    """Directory of the tidy houses; those that are missing are generated."""


def run(options: Placement, device: str, say: Say) -> None:
    """Train, and write weights, card and table; raise ``CommandError`` where that cannot be done."""
    from engram.evaluation.training.placement import quick_or_full
    from engram.evaluation.training.placement_study import train_placement

    config = quick_or_full(options.preset, options.seed, options.text)
    with options.running(options.out):
        trained = train_placement(config, options.out, options.houses, device, say)
    leave(options.out, ("placement.md", card(config, trained, options.command())), as_json(trained))
    say(table(trained.rows))


def card(config: PlacementTraining, trained: Trained, command: str) -> str:
    """Text that goes with the weights."""
    from engram.evaluation.training.placement_study import FIRST, SHIPPED

    c, n = config, trained.counts
    size = {name: sum(p.numel() for p in net.parameters()) for name, net in trained.nets.items()}
    shipped = ", ".join(f"`{name}` ({size[name]} numbers)" for name in SHIPPED)
    held = "\n\n".join(f"Names by {text}:\n\n{table(found)}" for text, found in trained.held_rows.items())
    return f"""# Associative memory for placement

Command: `{command}`

Networks: {shipped}, for `agent.placing` `net` and `no_memory`.

Memory: {c.memory_houses} tidy memory houses (seeds from {600_000 + FIRST["memory"]}) as a graph of {n["memory_nodes"]}
nodes and {n["memory_edges"]} edges, each with its source; `memory_graph.json`, SHA-256 of the content
`{trained.graph.digest}`.

Data: {c.houses} tidy training houses (seeds from {FIRST["train"]}) with {n["taught"]} things. A label is the kind of
place where the tidy house keeps a thing. Scenes are true furniture with rooms and things missed and labels mistaken,
new ones each epoch; types of rooms are believed from furniture. Scored on {c.score_houses} validation houses (seeds
from {700_000 + FIRST["validation"]}), looked at in the same way: each of the {n["scored"]} things that a mess may
displace is put on the open receptacle that is ranked first.

*Proper* is by the table that scores tidying; *of three* is whether one of the three first is. *Energy removed* is
100 - Energy %, over messes of five things of a house that lie on the floor. Intervals are 95 % (houses drawn); gains
are those of the first row over the row, in the same houses.

{table(trained.rows)}

## Categories that were never taught

A network that never heard of {len(trained.held_out)} categories, drawn by chance, neither in training nor in its
memory, places things of these:
{textwrap.fill(", ".join(trained.held_out), 118)}.
*Shown in the memory* is the same network with a memory graph that has them: it is asked as for the taught category
that the memory keeps in the most similar places.

{held}
"""


def table(found: Sequence[Row]) -> str:
    """Markdown table of ways of placing."""
    head = (
        "| placed by | things | proper | gain | proper of three | energy removed | gain |\n"
        "|---|---|---|---|---|---|---|"
    )
    lines = [
        f"| {r.variant} | {r.things} | {r.proper:.3f} ({span(r.proper_interval)}) | {span(r.proper_gain, '+.3f')} "
        f"| {r.proper_of_three:.3f} | {r.energy_removed:.1f} ({span(r.energy_interval, '.1f')}) "
        f"| {span(r.energy_gain, '+.1f')} |"
        for r in found
    ]
    return "\n".join([head, *lines])


def as_json(trained: Trained) -> str:
    """Return the figures as JSON; equal runs give equal text."""
    figures = {
        "counts": trained.counts,
        "memory_graph": trained.graph.digest,
        "rows": [asdict(r) for r in trained.rows],
        "held_out": trained.held_out,
        "held_rows": {text: [asdict(r) for r in found] for text, found in trained.held_rows.items()},
    }
    return json.dumps(figures, indent=1, sort_keys=True) + "\n"
