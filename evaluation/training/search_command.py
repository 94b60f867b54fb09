"""``engram train search``: its options, and the card and the table that it leaves behind."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from engram.evaluation.training.text_run import Say, TextRun, leave

if TYPE_CHECKING:
    from engram.evaluation.training.search import SearchTraining, Trained


@dataclass(frozen=True)
class Search(TextRun):
    """Train the network that tells where to look for things: weights, card and table go to the folder ``out``."""

    part: ClassVar[str] = "search"

    out: Path = Path("runs/train/search")
    """Directory for search.safetensors, search.md, table.json and the checkpoint."""
    maps: Path = Path("runs/train/search/maps")
    """Directory of the maps; houses that are missing are walked through."""


def run(options: Search, device: str, say: Say) -> None:
    """Train, and write weights, card and table; raise ``CommandError`` where that cannot be done."""
    from engram.evaluation.training.search import quick_or_full, train_search
    from engram.sims.house.render.base import warm_up

    config = quick_or_full(options.preset, options.seed, options.text)
    warm_up()
    with options.running(options.out):
        trained = train_search(config, options.out, options.maps, device, say)
    leave(options.out, ("search.md", card(config, trained, options.command())), as_json(trained))
    say(table(trained))


def card(config: SearchTraining, trained: Trained, command: str) -> str:
    """Text that goes with the weights."""
    from engram.evaluation.training.search import FIRST

    c = config
    return f"""# Visual search network

Command: `{command}`

A network of {trained.parameters} numbers reads a map from above (cells of 0.2 m) and the name of a thing, and tells
where such a thing is.

Data: {trained.maps} maps of {c.houses} undisturbed training houses (seeds from {FIRST["train"]}), each after a part of
a walk; things in them are known by true masks, of which up to {c.unknown:.0%} are left out and {c.mistaken:.0%} bear
another's name. {c.epochs} epochs of batches of {c.batch} maps with {c.targets} names each. Names are vectors of
`{c.text}`.

Scores are of {c.validation_houses} validation houses (seeds from {700_000 + FIRST["validation"]}): of all kinds of
things that are in the house and of which none is known yet, after so many frames of a walk. Loss is in nats, beside
that of a belief that is the same wherever nobody has looked. Found: one of three waypoints is within 1 m of such a
thing; random: so is one of three random places where nobody has looked.

{table(trained)}
"""


def table(trained: Trained) -> str:
    """Markdown table of how well things are found."""
    head = "| frames | cases | loss | uniform | found | random |\n|---|---|---|---|---|---|"
    lines = [
        f"| {r.frames} | {r.cases} | {r.loss:.2f} | {r.uniform:.2f} | {r.found:.3f} | {r.random:.3f} |"
        for r in trained.rows
    ]
    return "\n".join([head, *lines])


def as_json(trained: Trained) -> str:
    """Return the figures as JSON; equal runs give equal text."""
    figures = {"rows": [asdict(r) for r in trained.rows], "maps": trained.maps, "parameters": trained.parameters}
    return json.dumps(figures, indent=1, sort_keys=True) + "\n"
