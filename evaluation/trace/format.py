"""What a trace holds: topics, schemas and the version of both.

Every message's log time is the simulated time of the episode, and ``sequence`` is the number of its step or
observation: observation 0 follows the reset, step k acts on observation k, and observation k + 1 shows what came of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engram.evaluation.contract import EvaluationError

SCHEMA_VERSION = 1  # of the messages below; stands in every job
LIBRARY = "engram"

JOB, RESULT = "/engram/job", "/engram/result"
START, STEP, DETECTIONS = "/engram/start", "/engram/step", "/engram/detections"
JOURNAL, RECALL = "/engram/journal", "/engram/recall"
IMAGE, DEPTH, MASKS, CALIBRATION = "/camera/image", "/camera/depth", "/camera/masks", "/camera/calibration"
TRANSFORMS, LOG = "/tf", "/log"

FOXGLOVE: Mapping[str, str] = {
    IMAGE: "foxglove.CompressedImage",
    DEPTH: "foxglove.RawImage",
    MASKS: "foxglove.CompressedImage",
    CALIBRATION: "foxglove.CameraCalibration",
    TRANSFORMS: "foxglove.FrameTransforms",
    LOG: "foxglove.Log",
}

_NUMBER, _TEXT, _FLAG, _WHOLE = {"type": "number"}, {"type": "string"}, {"type": "boolean"}, {"type": "integer"}
_OBJECT = {"type": "object"}


def _list(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _maybe(what: Mapping[str, Any]) -> dict[str, Any]:
    return {"oneOf": [what, {"type": "null"}]}


_OBSERVED = {  # after the reset or step; images are on topics of their own
    "outcome": _TEXT,
    "base": {**_list(_NUMBER), "description": "x, y in metres and yaw, in map"},
    "holding": _FLAG,
    "map_T_camera": {**_list(_NUMBER), "description": "16 numbers, rows first"},
    "stamp_ns": _WHOLE,
    "images_crc": {**_WHOLE, "description": "CRC-32 of each eighth row of rgb and depth"},
}

PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    JOB: {
        "schema_version": _WHOLE,
        "protocol": _TEXT,
        "seed": _WHOLE,
        "config": _OBJECT,  # options of the protocol
        "options": _OBJECT,  # of the world's reset
        "agent": _OBJECT,  # configuration of the agent
        "prior": _TEXT,  # digest of its placement prior
        "versions": _OBJECT,
        "revision": _TEXT,
        "observations": _TEXT,  # none, keyframes or all
    },
    START: {**_OBSERVED, "camera": {**_list(_NUMBER), "description": "fx, fy, cx, cy, width, height in pixels"}},
    STEP: {"step": _WHOLE, "phase": _TEXT, "verb": _TEXT, "point": _maybe(_list(_NUMBER)), **_OBSERVED},
    DETECTIONS: {
        "number": _WHOLE,  # of the observation
        "maps": {**_WHOLE, "description": "messages of /camera/masks before this one that hold its masks"},
        "labels": _list(_TEXT),  # and the rest: one of each detection; a column without content is left out
        "scores": _list(_NUMBER),
        "boxes": _list(_list(_WHOLE)),
        "pixels": _list(_WHOLE),
        "masks": _list({**_list(_WHOLE), "description": "index of the map, and value of the mask's pixels in it"}),
        "out_of_place": _list(_maybe(_NUMBER)),
        "features": _list(_maybe({**_TEXT, "contentEncoding": "base64", "description": "little-endian float32"})),
        "beliefs": _list(_maybe({**_list({"type": "array"}), "description": "pairs of a label and its probability"})),
        "presence": _list(_maybe(_NUMBER)),
    },
    JOURNAL: {
        "step": _WHOLE,
        "kind": _TEXT,
        "label": _TEXT,
        "reason": _TEXT,
        "position": _maybe(_list(_NUMBER)),
        "target": _TEXT,
    },
    RECALL: {"step": _WHOLE, "query": _TEXT, "answers": _list(_OBJECT)},
    RESULT: {"ended": _TEXT, "steps": _WHOLE, "metrics": _OBJECT, "error": _TEXT},
}


class TraceError(EvaluationError):
    """A trace cannot be read or replayed; the message says which and why."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path, self.problem = path, problem


def schema(topic: str) -> bytes:
    """Return the JSON schema of one of engram's own topics."""
    name = f"engram.{topic.rpartition('/')[2].capitalize()}"
    return dump({"title": name, "type": "object", "properties": PROPERTIES[topic]})


def dump(content: Mapping[str, Any]) -> bytes:
    """Return JSON that is the same for equal contents."""
    return _ENCODER.encode(content).encode()


def _plain(value: Any) -> Any:
    """Return what JSON has no type for as what it has."""
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return str(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
