"""Commands that run agents and judge them, and prepare for it: ``engram tidy`` and ``engram warmup``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engram.agents.cli import DONE, ENDED, MISSING, CommandError
from engram.evaluation.detector_options import DEFAULT_PERCEPTION, DetectorOptions, Perception

if TYPE_CHECKING:
    from engram.evaluation.tidy import TidyTask


@dataclass(frozen=True)
class TidyOptions:
    """Options of ``engram tidy``."""

    seed: int = 7
    """Seed of the house: 0-699999 for free use, 700000-799999 validation, 800000-899999 test."""
    out: Path = Path("runs/tidy")
    """Directory for report.json, report.html, episode.gif and steps.jsonl."""
    rooms: int | None = None
    """Number of rooms, 1 to 8; the house chooses when not given."""
    objects: int | None = None
    """Number of things that can be picked up; the house chooses when not given."""
    mess: int = 5
    """Number of things to displace before the robot begins."""
    house: Path | None = None
    """JSON file of a house to use in place of a generated one."""
    perception: Perception = DEFAULT_PERCEPTION
    """Where detections come from: the simulator's own masks, those made worse (noisy), or a network (learned)."""
    detector: str = ""
    """What learned perception sees with in place of the weights that come with engram: weights of engram train
    detector, or a pretrained model as FAMILY, FAMILY:FOLDER or FAMILY:HUB_ID@REVISION, such as owlv2."""
    max_steps: int = 1000
    """Steps that the robot may take."""
    width: int = 224
    """Width of the camera image in pixels."""
    height: int = 224
    """Height of the camera image in pixels."""
    memory: str | None = None
    """Memory file (or URL of a memory server) that the robot writes what it perceives into; none by default. In a file
    that holds earlier episodes, the robot finds its place in their map first."""
    trace: Literal["off", "none", "keyframes", "all"] = "off"
    """Also write trace.mcap, with these of the pictures; engram replay repeats it, and engram view, Rerun and Foxglove
    show it."""
    mesh: bool = False
    """Also fuse what the camera sees into a coloured surface, mesh.ply, in the map frame."""
    json: bool = False
    """Print the report as JSON instead of one line."""
    progress: bool = True
    """Show how the run goes on, when this is a terminal."""

    def task(self) -> TidyTask:
        """Return what decides the episode."""
        from engram.evaluation.tidy import TidyTask

        if self.detector and self.perception != "learned":
            raise CommandError("--detector names a learned detector: add --perception learned")
        return TidyTask(
            self.seed, self.rooms, self.objects, self.mess, self.house, self.perception, self.max_steps,
            self.width, self.height, detector=DetectorOptions(self.detector),
        )  # fmt: skip


def tidy(options: TidyOptions) -> int:
    """Let the robot tidy a house, and report how it went.

    It explores with its camera and odometry, finds what is out of place, and carries each thing to where it belongs.
    Exit code 0: the episode ran to its end; 1: it was interrupted, and the report covers what was done until then.
    """
    from engram.evaluation.session import run_and_report

    with known_errors():
        ended = run_and_report(options)
    return ENDED if ended == "interrupted" else DONE


@dataclass(frozen=True)
class WarmupOptions:
    """Options of ``engram warmup``."""


def warmup(options: WarmupOptions) -> int:
    """Compile the renderer and the map, once a machine, so that no episode waits for it."""
    from engram.memory.spatial.warm import warm_up as warm_up_map
    from engram.sims.house.render import warm_up as warm_up_renderer

    for name, compile_ in (("renderer", warm_up_renderer), ("map", warm_up_map)):
        sys.stdout.write(f"{name} ready after {compile_():.1f} s\n")
    return DONE


@contextmanager
def known_errors() -> Iterator[None]:
    """Turn errors that the user can do something about into one line each."""
    from gymnasium.error import DependencyNotInstalled, NameNotFound

    from engram.evaluation.detectors import PerceptionError
    from engram.memory.contract import HippocampusError
    from engram.planners.placement import PlacementCountsError
    from engram.sims.house.categories import UnknownCategoryError
    from engram.sims.house.layout import HouseRequestError
    from engram.sims.house.motion import NoStandingRoomError
    from engram.sims.house.options import ConfigError
    from engram.sims.house.placement import PlacementTableError
    from engram.sims.house.render.base import RenderError
    from engram.sims.house.spec import HouseSpecError
    from engram.sims.seeds import SeedError

    usage = (
        ConfigError, HippocampusError, HouseRequestError, HouseSpecError, NoStandingRoomError, PlacementCountsError,
        PlacementTableError, SeedError, UnknownCategoryError,
    )  # fmt: skip
    try:
        yield
    except usage as error:
        raise CommandError(str(error)) from error
    except PerceptionError as error:
        raise CommandError(str(error), MISSING) from error
    except (RenderError, DependencyNotInstalled, NameNotFound) as error:
        raise CommandError(f"{error} (engram doctor says what this machine lacks)", MISSING) from error
    except OSError as error:
        if error.filename is None:
            raise
        raise CommandError(f"{error.filename}: {error.strerror}") from error
