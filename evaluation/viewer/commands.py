"""The command that shows a memory: ``engram view``."""

from __future__ import annotations

import os
import sys
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from engram.agents.cli import DONE, MISSING, CommandError

if TYPE_CHECKING:
    from engram.evaluation.viewer.sources import Source

_LIVE_NICENESS = 10  # whoever looks on yields to the run


@dataclass(frozen=True)
class ViewOptions:
    """Options of ``engram view``."""

    place: tyro.conf.Positional[str]
    """Memory file, trace (.mcap), or the folder of a run that holds them."""
    memory: str | None = None
    """Memory file (or URL of a memory server) of the run, where it lies elsewhere."""
    live: bool = False
    """Follow a run that is still going on."""
    port: int = 0
    """Port of the page on this machine; 0 takes a free one."""
    host: str = "127.0.0.1"
    """Loopback address: 127.0.0.1 or ::1."""
    browser: bool = True
    """Open the page in a browser."""
    rerun: bool = False
    """Write a recording for Rerun instead of showing the page; needs engram[view]."""
    out: Path = Path("engram.rrd")
    """The recording to write."""


def view(options: ViewOptions) -> int:
    """Show a memory in a local page: the map, the things, the graph, what was recalled and why, at any step.

    The page is for this machine only, and for who has the address that is printed: it carries a token, a random one or
    that of the environment variable ENGRAM_VIEW_TOKEN.
    """
    from engram.evaluation.contract import EvaluationError
    from engram.evaluation.viewer.rerun_export import RerunMissingError
    from engram.evaluation.viewer.sources import find_source
    from engram.memory.contract import HippocampusError

    try:
        source = find_source(options.place, options.memory)
        return _record(options, source) if options.rerun else _serve(options, source)
    except RerunMissingError as error:
        raise CommandError(str(error), MISSING) from error
    except (EvaluationError, HippocampusError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        if error.filename is None:
            raise
        raise CommandError(f"{error.filename}: {error.strerror}") from error


def _record(options: ViewOptions, source: Source) -> int:
    from engram.evaluation.viewer.api import View
    from engram.evaluation.viewer.rerun_export import write_recording

    with View(source) as opened:
        steps = write_recording(opened, options.out)
    sys.stdout.write(f"{options.out}: {steps} steps; rerun {options.out} shows them\n")
    return DONE


def _serve(options: ViewOptions, source: Source) -> int:
    from engram.evaluation.viewer.api import View
    from engram.evaluation.viewer.server import ViewServer

    if options.live:
        os.nice(_LIVE_NICENESS)
    with View(source, options.live) as opened, ViewServer(opened, options.host, options.port) as server:
        sys.stdout.write(f"{server.url}\nCtrl-C ends it.\n")
        sys.stdout.flush()
        if options.browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.stdout.write("\n")
    return DONE
