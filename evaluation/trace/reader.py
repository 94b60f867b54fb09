"""Reads a trace: whole, or as far as it goes when its episode was killed."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, McapRecord, Message
from mcap.stream_reader import CRCValidationError, breakup_chunk
from mcap.writer import MCAP0_MAGIC
from numpy.typing import NDArray
from PIL import Image

from engram.evaluation.trace import format as f
from engram.evaluation.trace.masks import unpack
from engram.evaluation.trace.protobuf import bytes_field
from engram.perception.contracts import Detection
from engram.sims.contract import Observation, Outcome

_HEAD = struct.Struct("<BQ")  # of a record: what it is, and its size
_IMAGE_DATA, _DEPTH_DATA = 2, 6  # numbers of the fields that hold pixels
_BROKEN = (CRCValidationError, McapError, struct.error, UnicodeDecodeError, zstandard.ZstdError)


class Said(NamedTuple):
    """One message."""

    topic: str
    number: int  # of its step or observation
    stamp_ns: int
    data: bytes


@dataclass(frozen=True)
class Job:
    """What the episode was."""

    protocol: str
    seed: int
    config: Mapping[str, Any]  # options of the protocol
    options: Mapping[str, Any]  # of the world's reset
    agent: Mapping[str, Any]  # configuration of the agent
    prior: str  # digest of where things belong
    versions: Mapping[str, str]
    revision: str
    observations: str  # none, keyframes or all


class Trace:
    """One trace file.

    Opening it reads all but images and detections, which are read when asked for.
    """

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            TraceError: it is no trace, is damaged, ends before anything was written, or has another schema version.
            OSError: it cannot be read.

        """
        self.path = path
        self.cut = False
        """Whether the file ends before its episode did: its writer was killed."""
        small = (f.JOB, f.START, f.STEP, f.JOURNAL, f.RECALL, f.RESULT)
        self._said: dict[str, list[dict[str, Any]]] = {topic: [] for topic in small}
        for said in self.messages(small):
            self._said[said.topic].append(self._json(said))
        self.job = self._job()

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Steps: ``step``, ``phase``, ``verb``, ``point`` and what was observed after it: see ``observations``."""
        return self._said[f.STEP]

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Events of the agent: ``step``, ``kind``, ``label``, ``reason``, ``position``, ``target``."""
        return self._said[f.JOURNAL]

    @property
    def recalls(self) -> list[dict[str, Any]]:
        """Questions to a memory: ``step``, ``query``, ``answers``."""
        return self._said[f.RECALL]

    @property
    def observations(self) -> list[dict[str, Any]]:
        """Observations but for their images; the first follows the reset, and step k acts on the k-th.

        Each has ``outcome``, ``base``, ``holding``, ``map_T_camera``, ``stamp_ns``, ``images_crc``.
        """
        return [*self._said[f.START], *self._said[f.STEP]]

    @property
    def result(self) -> dict[str, Any] | None:
        """How the episode ended: ``ended``, ``steps``, ``metrics``, ``error``; ``None`` when the file is cut."""
        return self._said[f.RESULT][-1] if self._said[f.RESULT] else None

    @cached_property
    def frames(self) -> dict[int, bytes]:
        """JPEG (PNG when all observations were kept) of what the robot saw, by number of the observation.

        ``frames[k]`` is what step k acted on, and ``frames[k + 1]`` what came of it.
        """
        return {said.number: bytes_field(said.data, _IMAGE_DATA) for said in self.messages((f.IMAGE,))}

    def detections(self) -> Iterator[tuple[int, list[Detection]]]:
        """Yield what the detector gave each time it was asked, with the number of the observation."""
        maps: list[bytes] = []
        for said in self.messages((f.MASKS, f.DETECTIONS)):
            if said.topic == f.MASKS:
                maps.append(bytes_field(said.data, _IMAGE_DATA))
                continue
            yield said.number, unpack(self._json(said), maps)
            maps = []

    def sensed(self) -> Iterator[Observation]:
        """Yield the observations as the agent got them.

        Raises:
            TraceError: the trace does not hold them all.

        """
        if self.job.observations != "all":
            raise f.TraceError(self.path, f"keeps observations {self.job.observations!r}, not 'all'")
        camera = self.observations[0]["camera"]
        colours = {k: _pixels(data) for k, data in self.frames.items()}
        depths = ((said.number, bytes_field(said.data, _DEPTH_DATA)) for said in self.messages((f.DEPTH,)))
        for (number, depth), said in zip(depths, self.observations, strict=False):
            yield _observation({"camera": camera, **said}, colours[number], depth)

    def messages(self, topics: Collection[str]) -> Iterator[Said]:
        """Yield the messages of some topics in the order in which they were written."""
        names: dict[int, str] = {}
        with self.path.open("rb") as file:
            for record in self._records(file):
                if isinstance(record, Channel):
                    names[record.id] = record.topic
                elif isinstance(record, Message) and names.get(record.channel_id) in topics:
                    yield Said(names[record.channel_id], record.sequence, record.log_time, record.data)

    def _records(self, file: IO[bytes]) -> Iterator[McapRecord]:
        """Yield what the whole chunks hold; a file that ends early is noted in ``cut``."""
        size = self.path.stat().st_size
        if file.read(len(MCAP0_MAGIC)) != MCAP0_MAGIC:
            raise f.TraceError(self.path, "is no MCAP file" if size else "is empty")
        while True:
            head = file.read(_HEAD.size)
            opcode, length = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, size)
            if file.tell() + length > size:
                self.cut = True
                return
            if opcode == Opcode.CHUNK:
                yield from self._chunk(file)
            elif opcode == Opcode.DATA_END:
                return
            else:
                file.seek(length, 1)

    def _chunk(self, file: IO[bytes]) -> list[McapRecord]:
        begin = file.tell()
        try:
            return breakup_chunk(Chunk.read(ReadDataStream(file)), validate_crc=True)
        except _BROKEN as error:
            raise f.TraceError(self.path, f"is damaged at byte {begin}: {error}") from error

    def _json(self, said: Said) -> dict[str, Any]:
        try:
            content = json.loads(said.data)
        except ValueError as error:
            raise f.TraceError(self.path, f"is damaged: {said.topic} {said.number} is no JSON") from error
        if not isinstance(content, dict):
            raise f.TraceError(self.path, f"is damaged: {said.topic} {said.number} is no object")
        return content

    def _job(self) -> Job:
        if not self._said[f.JOB]:
            problem = "ends before its first chunk was whole" if self.cut else "is an MCAP file but no trace of engram"
            raise f.TraceError(self.path, problem)
        said = dict(self._said[f.JOB][0])
        version = said.pop("schema_version", None)
        if version != f.SCHEMA_VERSION:
            known = f"this engram reads version {f.SCHEMA_VERSION}"
            raise f.TraceError(self.path, f"has schema version {version!r}; {known}")
        try:
            return Job(**said)
        except TypeError as error:
            raise f.TraceError(self.path, f"is damaged: {f.JOB}: {error}") from error


def _pixels(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _observation(said: Mapping[str, Any], rgb: NDArray[np.uint8], depth: bytes) -> Observation:
    return {
        "rgb": rgb,
        "depth": np.frombuffer(depth, "<f4").reshape(rgb.shape[:2]).astype(np.float32),
        "camera": np.array(said["camera"], np.float64),
        "map_T_camera": np.array(said["map_T_camera"], np.float64).reshape(4, 4),
        "base": np.array(said["base"], np.float64),
        "holding": int(said["holding"]),
        "stamp_ns": np.array(said["stamp_ns"], np.int64),
        "outcome": int(Outcome[said["outcome"].upper()]),
    }
