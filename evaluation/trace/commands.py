"""``engram replay``: decide an episode again from its trace."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from engram.agents.cli import DONE, ENDED, MISSING, CommandError
from engram.evaluation.commands import known_errors
from engram.evaluation.contract import EvaluationError

if TYPE_CHECKING:
    from engram.evaluation.trace.replay import Difference, Replay


@dataclass(frozen=True)
class ReplayOptions:
    """Options of ``engram replay``."""

    trace: tyro.conf.Positional[Path]
    """MCAP file of an episode."""
    rebuild: bool = False
    """Run the world again even where the trace holds all that it showed."""
    json: bool = False
    """Print the result as JSON."""


def replay(options: ReplayOptions) -> int:
    """Decide an episode again from its trace, without its models, and say whether all is as recorded.

    Exit code 0: every action and its outcome are identical; 1: they differ, and the first difference is shown;
    2: the file is no trace, is damaged or of another version; 3: there is no such file, or something is missing here.
    """
    from engram.evaluation.trace.reader import Trace
    from engram.evaluation.trace.replay import replay as run

    if not options.trace.is_file():
        raise CommandError(f"{options.trace}: no such file", MISSING)
    with known_errors():
        try:
            done = run(Trace(options.trace), rebuild=options.rebuild)
        except EvaluationError as error:
            raise CommandError(str(error)) from error
    sys.stdout.write(f"{json.dumps(done.document(), sort_keys=True)}\n" if options.json else told(done))
    return DONE if done.identical else ENDED


def told(done: Replay) -> str:
    """Return a replay in words."""
    lines = []
    if done.difference is None:
        lines.append(f"identical: {done.steps} of {done.recorded} steps decided as recorded (world {done.world})")
    else:
        lines += _difference(done.difference)
    if done.cut:
        lines.append(f"the trace is cut after step {done.recorded - 1}: its writer was stopped")
    if done.images_differ is not None:
        lines.append(f"images differ from the recorded ones from observation {done.images_differ} on")
    return "\n".join([*lines, ""])


def _difference(d: Difference) -> list[str]:
    what = {
        "action": "another action was chosen",
        "world": "the world did something else",
        "perception": "the agent looked at another time",
    }[d.what]
    return [
        f"differs at step {d.step}: {what}",
        f"  recorded {json.dumps(d.recorded)}",
        f"  now      {json.dumps(d.now)}",
    ]
