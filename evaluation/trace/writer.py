"""Writes the trace of an episode while it goes on."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

import numpy as np
from mcap.writer import CompressionType, Writer
from PIL import Image

from engram.agents.events import Event
from engram.evaluation.contract import TraceConfig
from engram.evaluation.runner import Turn
from engram.evaluation.trace import format as f
from engram.evaluation.trace.masks import pack
from engram.evaluation.trace.poses import calibration, transforms
from engram.evaluation.trace.protobuf import descriptor, encode, timestamp
from engram.perception.contracts import Detection, Detector
from engram.sims.contract import Observation, Outcome, Verb, parse_action

_INFO, _WARNING, _FATAL = 2, 3, 5  # levels of foxglove.Log


class TraceWriter:
    """A watcher that writes what it is shown; a context that leaves a whole file.

    Equal episodes give equal bytes: times are those of the world.
    """

    def __init__(self, path: Path, job: Mapping[str, Any], config: TraceConfig | None = None) -> None:
        """Begin the file.

        Args:
            path: of the file; its folder is made.
            job: what the episode is, by the names of ``/engram/job`` in :mod:`engram.evaluation.trace.format`.
            config: what is kept.

        """
        self.config = config or TraceConfig()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _File(path)
        self._mcap = Writer(cast(IO[bytes], self._file), self.config.chunk_bytes, CompressionType.ZSTD)
        self._channels: dict[str, int] = {}
        self._number, self._stamp_ns, self._told, self._ended = 0, 0, 0, False
        self._last: Observation | None = None
        self._pictured = -1  # number of the last observation whose image was written
        self._mcap.start(library=f.LIBRARY)
        self._say(f.JOB, {**job, "schema_version": f.SCHEMA_VERSION, "observations": self.config.observations})

    def __enter__(self) -> TraceWriter:
        """Return the writer."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Finish the file; an error that went through is its result."""
        try:
            if error is not None and not self._ended:
                said = f"{type(error).__name__}: {error}"
                self._log(_FATAL, said)
                self.result("interrupted" if isinstance(error, KeyboardInterrupt) else "crashed", error=said)
            self._mcap.finish()  # type: ignore[no-untyped-call]
        finally:
            self._file.close()

    def watched(self, detector: Detector) -> Detector:
        """Return a detector that hands on what the given one finds, and writes it down."""
        return _Watched(detector, self)

    def __call__(self, turn: Turn) -> None:
        """Write a turn."""
        before, self._stamp_ns = self._last, int(turn.observation["stamp_ns"])
        self._last = turn.observation
        seen = _observed(turn.observation, self._stamp_ns)
        if turn.record is None:
            self._say(f.START, {**seen, "camera": turn.observation["camera"].tolist()})
            self._add(f.CALIBRATION, encode("foxglove.CameraCalibration", calibration(turn.observation)))
        else:
            self._number = turn.record.step + 1
            point = turn.record.point
            if point is not None and turn.action is not None:
                point = parse_action(turn.action)[1]  # the record's is rounded
            self._say(f.STEP, {**vars(turn.record), **seen, "point": point}, turn.record.step)
        self._add(f.TRANSFORMS, encode("foxglove.FrameTransforms", transforms(turn.observation)))
        events = turn.agent.journal()
        for event in events[self._told :]:
            self._event(event)
        failed = any(event.kind == "failed" for event in events[self._told :])
        self._told = len(events)
        self._images(turn, before, failed)
        if turn.record is None:
            self._mcap.flush()  # type: ignore[no-untyped-call] # a killed episode has its job, too
        self._file.flush()

    def detected(self, observation: Observation, found: Sequence[Detection]) -> None:
        """Write what a detector found in the last observation."""
        height, width = observation["depth"].shape
        content, maps = pack(self._number, (height, width), found)
        for data in maps:
            self._image(f.MASKS, data, "png", self._number, self._stamp_ns)
        self._say(f.DETECTIONS, content)

    def recalled(self, query: str, answers: Sequence[Mapping[str, Any]]) -> None:
        """Write what was asked of a memory and what it answered."""
        self._say(f.RECALL, {"step": self._number, "query": query, "answers": list(answers)})

    def result(self, ended: str, metrics: Mapping[str, Any] | None = None, error: str = "") -> None:
        """Write how the episode ended."""
        self._ended = True
        content = {"ended": ended, "steps": self._number, "metrics": dict(metrics or {}), "error": error}
        self._say(f.RESULT, content)

    def _event(self, event: Event) -> None:
        content = {
            "step": event.step,
            "kind": event.kind,
            "label": event.label,
            "reason": event.reason,
            "position": event.position,
            "target": event.target,
        }
        self._say(f.JOURNAL, content)
        words = (event.kind, event.label, f"({event.target})" if event.target else "", event.reason)
        self._log(_WARNING if event.kind == "failed" else _INFO, " ".join(word for word in words if word))

    def _log(self, level: int, message: str) -> None:
        content = {"timestamp": timestamp(self._stamp_ns), "level": level, "message": message, "name": "agent"}
        self._add(f.LOG, encode("foxglove.Log", content))

    def _images(self, turn: Turn, before: Observation | None, failed: bool) -> None:
        if self.config.observations == "none":
            return
        if self.config.observations == "all":
            self._picture(turn.observation, self._number)
            self._depth(turn.observation)
            return
        touched = turn.record is not None and Verb[turn.record.verb.upper()].takes_point
        if (touched or failed) and before is not None:
            self._picture(before, self._number - 1)
        if touched or failed or self._number % self.config.every == 0:
            self._picture(turn.observation, self._number)

    def _picture(self, o: Observation, number: int) -> None:
        if number <= self._pictured:
            return
        self._pictured = number
        lossless = self.config.observations == "all"
        file = io.BytesIO()
        if lossless:
            Image.fromarray(o["rgb"]).save(file, "PNG", compress_level=1)
        else:
            Image.fromarray(o["rgb"]).save(file, "JPEG", quality=self.config.jpeg_quality)
        self._image(f.IMAGE, file.getvalue(), "png" if lossless else "jpeg", number, int(o["stamp_ns"]))

    def _image(self, topic: str, data: bytes, kind: str, number: int, stamp_ns: int) -> None:
        content = {"timestamp": timestamp(stamp_ns), "frame_id": "camera", "data": data, "format": kind}
        self._add(topic, encode("foxglove.CompressedImage", content), number, stamp_ns)

    def _depth(self, o: Observation) -> None:
        height, width = o["depth"].shape
        content = {
            "timestamp": timestamp(self._stamp_ns),
            "frame_id": "camera",
            "width": width,
            "height": height,
            "encoding": "32FC1",
            "step": width * 4,
            "data": o["depth"].astype("<f4").tobytes(),
        }
        self._add(f.DEPTH, encode("foxglove.RawImage", content))

    def _say(self, topic: str, content: Mapping[str, Any], number: int | None = None) -> None:
        self._add(topic, f.dump(content), number)

    def _add(self, topic: str, data: bytes, number: int | None = None, stamp_ns: int | None = None) -> None:
        time = self._stamp_ns if stamp_ns is None else stamp_ns
        self._mcap.add_message(self._channel(topic), time, data, time, self._number if number is None else number)

    def _channel(self, topic: str) -> int:
        if topic not in self._channels:
            name = f.FOXGLOVE.get(topic)
            if name is not None:
                schema, encoding = self._mcap.register_schema(name, "protobuf", descriptor(name)), "protobuf"
            else:
                title = f"engram.{topic.rpartition('/')[2]}"
                schema, encoding = self._mcap.register_schema(title, "jsonschema", f.schema(topic)), "json"
            self._channels[topic] = self._mcap.register_channel(topic, encoding, schema)
        return self._channels[topic]


def _observed(o: Observation, stamp_ns: int) -> dict[str, Any]:
    return {
        "outcome": Outcome(o["outcome"]).code,
        "base": o["base"].tolist(),
        "holding": bool(o["holding"]),
        "map_T_camera": o["map_T_camera"].ravel().tolist(),
        "stamp_ns": stamp_ns,
        "images_crc": images_crc(o),
    }


def images_crc(o: Observation) -> int:
    """CRC-32 of each eighth row of the colour and depth of an observation."""
    colour, depth = (np.ascontiguousarray(o[name][::8]).data for name in ("rgb", "depth"))
    return zlib.crc32(depth, zlib.crc32(colour))


class _File:
    """A file whose errors name it: a full disk is met in the middle of an episode."""

    def __init__(self, path: Path) -> None:
        self._path, self._file = path, path.open("wb")
        self.tell, self.close = self._file.tell, self._file.close

    def write(self, data: bytes) -> int:
        with self._named():
            return self._file.write(data)

    def flush(self) -> None:
        with self._named():
            self._file.flush()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error


@dataclass(frozen=True, eq=False)
class _Watched:
    detector: Detector
    writer: TraceWriter

    def detect(self, observation: Observation) -> Sequence[Detection]:
        found = self.detector.detect(observation)
        self.writer.detected(observation, found)
        return found
