"""Pictures of an episode: what the robot sees beside the map that it makes, and the surfaces that it saw."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from engram.evaluation.runner import StepRecord, Turn
from engram.memory.mapping.frame import RgbdFrame
from engram.memory.mapping.mesh import write_ply
from engram.memory.mapping.tsdf import Tsdf

_BACK, _INK, _UNKNOWN = (24, 26, 31), (238, 238, 240), (60, 64, 72)


@dataclass(frozen=True)
class RecordingConfig:
    """Size and length of the picture."""

    height: int = 256  # pixels of the view and of the map
    strip: int = 22  # pixels below for words
    frames: int = 160  # most frames kept, besides those of picks and places
    fps: float = 8.0
    last_secs: float = 3.0  # the final frame stays this long
    colours: int = 144  # of views
    map_colours: int = 24
    max_bytes: int = 6_000_000
    reduce: int = 2  # maps are kept smaller by this factor


@dataclass(frozen=True)
class _Shot:
    step: int
    keep: bool  # a pick or a place
    text: str
    view: bytes  # PNG
    map: bytes  # PNG
    origin: tuple[float, float]  # pixel of the map frame's origin in the map picture


class Recorder:
    """A watcher that keeps frames, thinning them evenly as the episode grows."""

    def __init__(self, config: RecordingConfig | None = None) -> None:
        """Start empty."""
        self.config = config or RecordingConfig()
        self._shots: list[_Shot] = []
        self._stride = 1
        self._latest: Turn | None = None

    def __call__(self, turn: Turn) -> None:
        """Keep this step's frame if it is due or shows a pick or a place."""
        if turn.record is None:  # the agent has not looked yet
            return
        self._latest = turn
        step = turn.record.step
        handled = turn.record.verb in ("pick", "place") and turn.record.outcome == "ok"
        if not handled and step % self._stride:
            return
        self._shots.append(self._shoot(turn, turn.record, handled))
        if len(self._shots) > self.config.frames:
            self._stride *= 2
            self._shots = [s for s in self._shots if s.keep or s.step % self._stride == 0]

    def write(self, path: Path) -> None:
        """Write the GIF; frames are left out until it is small enough."""
        shots = list(self._shots)
        latest = self._latest
        if latest is None or latest.record is None:
            raise ValueError("nothing was recorded")
        if shots[-1].step != latest.record.step:
            shots.append(self._shoot(latest, latest.record, False))
        data = self._encode(shots)
        while len(data) > self.config.max_bytes and len(shots) > 8:
            shots = shots[:-1:2] + shots[-1:]
            data = self._encode(shots)
        path.write_bytes(data)

    def _shoot(self, turn: Turn, record: StepRecord, keep: bool) -> _Shot:
        status = turn.agent.status()
        text = f"step {record.step}   {record.phase}   {record.verb.replace('_', ' ')}"
        if record.outcome != "ok":
            text += f" ({record.outcome.replace('_', ' ')})"
        if status["holding"]:
            text += f"   holds {status['holding']}"
        picture = Image.fromarray(turn.agent.map_image()).reduce(self.config.reduce)
        column, row = turn.agent.map_to_pixel(0.0, 0.0)
        origin = (column / self.config.reduce, row / self.config.reduce)
        return _Shot(record.step, keep, text, _png(Image.fromarray(turn.observation["rgb"])), _png(picture), origin)

    def _encode(self, shots: list[_Shot]) -> bytes:
        c = self.config
        canvas = _Canvas(shots)
        frames = []
        for shot in shots:
            view = _fit(_open(shot.view), c.height, c.height)
            plan = _fit(canvas.paste(shot), round(c.height * canvas.aspect), c.height)
            frame = Image.new("RGB", (view.width + plan.width, c.height + c.strip), _BACK)
            frame.paste(view, (0, 0))
            frame.paste(plan, (view.width, 0))
            ImageDraw.Draw(frame).text((8, c.height + 5), shot.text, fill=_INK)
            frames.append(frame)
        views = [_open(s.view) for s in shots[:: max(1, len(shots) // 12)]]
        palette = _palette(views, c.colours, canvas.paste(shots[-1]), c.map_colours)
        indexed = [f.quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
        each = round(1000 / c.fps)
        durations = [each] * (len(indexed) - 1) + [round(1000 * c.last_secs)]
        out = io.BytesIO()
        indexed[0].save(
            out, "GIF", save_all=True, append_images=indexed[1:], duration=durations, loop=0, optimize=False
        )
        return out.getvalue()


class Surface:
    """A watcher that fuses what the camera sees into one coloured surface."""

    def __init__(self) -> None:
        """Start empty."""
        self._tsdf = Tsdf()

    def __call__(self, turn: Turn) -> None:
        """Fuse the frame of a step."""
        self._tsdf.integrate(RgbdFrame.of(turn.observation))

    def write(self, path: Path) -> None:
        """Write the surface, in the map frame, as PLY."""
        write_ply(path, self._tsdf.mesh())


class _Canvas:
    """The extent of all maps, so that the map grows in place."""

    def __init__(self, shots: list[_Shot]) -> None:
        sizes = [_open(s.map).size for s in shots]
        self._left = max(s.origin[0] for s in shots)
        self._up = max(s.origin[1] for s in shots)
        self._width = round(self._left + max(w - s.origin[0] for s, (w, _) in zip(shots, sizes, strict=True)))
        self._height = round(self._up + max(h - s.origin[1] for s, (_, h) in zip(shots, sizes, strict=True)))

    @property
    def aspect(self) -> float:
        """Width by height of the panel."""
        return float(np.clip(self._width / max(1, self._height), 0.6, 1.8))

    def paste(self, shot: _Shot) -> Image.Image:
        whole = Image.new("RGB", (self._width, self._height), _UNKNOWN)
        whole.paste(_open(shot.map), (round(self._left - shot.origin[0]), round(self._up - shot.origin[1])))
        return whole


def _fit(image: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    panel = Image.new("RGB", (width, height), _BACK)
    panel.paste(image.resize(size, Image.Resampling.BILINEAR), ((width - size[0]) // 2, (height - size[1]) // 2))
    return panel


def _palette(views: list[Image.Image], colours: int, plan: Image.Image, plan_colours: int) -> Image.Image:
    """One palette for all frames: of some views, and of the map, whose thin lines would lose a common vote."""
    width, height = views[0].size
    sheet = Image.new("RGB", (width, height * len(views)))
    for k, view in enumerate(views):
        sheet.paste(view, (0, k * height))
    first = sheet.quantize(colours, method=Image.Quantize.MEDIANCUT).getpalette() or []
    second = plan.quantize(plan_colours, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    both = Image.new("P", (1, 1))
    both.putpalette([*first[: 3 * colours], *second[: 3 * plan_colours], *_BACK, *_INK])
    return both


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")
