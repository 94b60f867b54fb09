"""Draws ``docs/tidy-cases.jpg``, good and bad cases of the tidy agent: ``python docs/cases.py GOOD_SEED BAD_SEED``.

A row is one thing that was put away, in the order of the episode: before it is taken, in the hand, and put down. The
caption says what the robot took it for, what it is, and whether it lies in a proper place in the end.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engram.evaluation.scoring import is_proper, locate
from engram.evaluation.tidy import TidyRun, TidyTask, run_tidy

WIDE, GAP, LINE = 224, 4, 16
MOST = 4  # rows of an episode

Picture = NDArray[np.uint8]


def rows(run: TidyRun) -> Iterator[tuple[str, list[Picture]]]:
    """Caption and pictures of each thing that was picked and then put down."""
    events = [e for e in run.agent.journal() if e.kind in ("picked", "placed")]
    truth = dict(run.episode.picked)
    places = locate(run.episode.end)
    kinds = {thing.id: thing.category for thing in run.episode.end}
    for taken, put in pairwise(events):
        thing = truth.get(taken.step)
        if (taken.kind, put.kind) != ("picked", "placed") or thing is None:
            continue
        good = thing in places and is_proper(kinds[thing], places[thing])
        name = kinds[thing] if kinds[thing] == taken.label else f"{kinds[thing]}, taken for {taken.label},"
        caption = f"{name} from {taken.target} to {put.target}: {'proper' if good else 'not proper'}"
        yield caption, [p for p in (taken.before, taken.after, put.after) if p is not None]


def column(run: TidyRun, title: str) -> Image.Image:
    """All rows of an episode."""
    cases = list(rows(run))[:MOST]
    sheet = Image.new("RGB", (3 * (WIDE + GAP), LINE + MOST * (WIDE + LINE + GAP)), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((2, 2), title, fill="black")
    for k, (caption, pictures) in enumerate(cases):
        top = LINE + k * (WIDE + LINE + GAP)
        for i, picture in enumerate(pictures):
            sheet.paste(Image.fromarray(picture), (i * (WIDE + GAP), top))
        draw.text((2, top + WIDE + 1), caption, fill="black")
    return sheet


def main(good: int, bad: int) -> None:
    """Run both episodes and write the picture."""
    sheets = []
    for seed in (good, bad):
        run = run_tidy(TidyTask(seed))
        proper, total = run.score.displaced_proper, len(run.episode.displaced)
        sheets.append(column(run, f"house {seed}: {proper} of {total} displaced things are proper in the end"))
    whole = Image.new("RGB", (sum(s.width for s in sheets) + 3 * GAP, max(s.height for s in sheets)), "white")
    whole.paste(sheets[0], (0, 0))
    whole.paste(sheets[1], (sheets[0].width + 3 * GAP, 0))
    whole.save(Path(__file__).with_name("tidy-cases.jpg"), quality=80)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
