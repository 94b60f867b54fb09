"""A run as a recording for Rerun (https://rerun.io): camera, boxes, map, things, places and the way that was taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engram.evaluation.contract import EvaluationError
from engram.evaluation.viewer.api import View
from engram.evaluation.viewer.reels import NotYetError, Reel
from engram.evaluation.viewer.timeline import Moment
from engram.memory.contract import Store
from engram.memory.times import YEAR_2000_NS

if TYPE_CHECKING:
    import rerun

_MAP_EVERY = 25  # steps between two states of the map
_COLOURS = {"visible": (43, 138, 62), "held": (217, 72, 15), "removed": (201, 42, 42)}
_QUIET, _PATH, _PLACE, _WALL = (134, 142, 150), (37, 99, 168), (112, 72, 182), (70, 83, 106)


class RerunMissingError(EvaluationError):
    """Raised when Rerun's SDK is not installed."""


def write_recording(view: View, path: Path) -> int:
    """Write a view as an .rrd file and return the number of steps in it.

    Raises:
        RerunMissingError: the SDK is not installed.
        OSError: the file cannot be written.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rr = _sdk()
    path.open("ab").close()  # says what is wrong with the path, which the SDK does not
    recording = rr.RecordingStream("engram", recording_id=f"engram-{path.stem}")
    recording.save(path)
    recording.log("map", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
    moments = view.timeline.moments
    for k, moment in enumerate(moments):
        recording.set_time("step", sequence=moment.step)
        if moment.stamp_ns < YEAR_2000_NS:
            recording.set_time("robot", duration=moment.stamp_ns / 1e9)
        else:
            recording.set_time("robot", timestamp=moment.stamp_ns / 1e9)
        _log_step(rr, recording, view, moments[: k + 1])
        if k % _MAP_EVERY == 0 or k == len(moments) - 1:
            _log_map(rr, recording, view, moment)
    recording.flush()
    recording.disconnect()
    return len(moments)


def _sdk() -> Any:
    try:
        import rerun
    except ImportError as error:
        raise RerunMissingError("Rerun's SDK is not installed; pip install 'engram[view]' (about 170 MB)") from error
    return rerun


def _log_step(rr: Any, recording: rerun.RecordingStream, view: View, past: Sequence[Moment]) -> None:
    moment = past[-1]
    if moment.text:
        recording.log("said", rr.TextLog(moment.text))
    for mark in moment.marks:
        recording.log("said", rr.TextLog(mark, level=rr.TextLogLevel.WARN))
    way = [m.camera_m for m in past if m.camera_m is not None and m.episode == moment.episode]
    if way:
        recording.log("map/way", rr.LineStrips3D([way], colors=[_PATH], radii=0.01))
        recording.log("map/robot", rr.Points3D([way[-1]], colors=[_PATH], radii=0.12))
    params = {"version": str(moment.version)}
    _log_camera(rr, recording, view, view.answer("camera", params) or {})
    state = view.answer("state", params) or {}
    if "objects" in state:
        _log_things(rr, recording, state["objects"])
    if "topology" in state:
        _log_places(rr, recording, state["topology"])


def _log_camera(rr: Any, recording: rerun.RecordingStream, view: View, camera: dict[str, Any]) -> None:
    if camera.get("number") is None or camera["number"] != camera["wanted"]:
        return
    image = view.frame(camera["number"]) or b""
    kind = "image/png" if image.startswith(b"\x89PNG") else "image/jpeg"
    recording.log("camera", rr.EncodedImage(contents=image, media_type=kind))
    boxes = [[left, top, right, bottom] for top, left, bottom, right in (d["box"] for d in camera["detections"])]
    labels = [f"{d['label']} {d['score']:.2f}" for d in camera["detections"]]
    recording.log("camera/detections", rr.Boxes2D(array=boxes, array_format=rr.Box2DFormat.XYXY, labels=labels))


def _log_things(rr: Any, recording: rerun.RecordingStream, things: list[dict[str, Any]]) -> None:
    there = [t for t in things if t["state"] != "removed"]
    recording.log(
        "map/things",
        rr.Boxes3D(
            centers=[t["centre_m"] for t in there],
            half_sizes=[[side / 2 for side in t["extent_m"]] for t in there],
            labels=[f"{t['id']} {t['confidence']:.2f}" for t in there],
            colors=[_COLOURS.get(t["state"], _QUIET) for t in there],
            show_labels=False,
        ),
    )


def _log_places(rr: Any, recording: rerun.RecordingStream, topology: dict[str, Any]) -> None:
    at = {spot["id"]: spot["position_m"] for spot in topology["spots"] if not spot["landmark"]}
    names = [spot["room"] or spot["id"] for spot in topology["spots"] if not spot["landmark"]]
    ways = [[at[w["from"]], at[w["to"]]] for w in topology["ways"] if w["from"] in at and w["to"] in at]
    recording.log("map/places", rr.Points3D(list(at.values()), labels=names, colors=[_PLACE], radii=0.08))
    recording.log("map/ways", rr.LineStrips3D(ways, colors=[_PLACE], radii=0.015))


def _log_map(rr: Any, recording: rerun.RecordingStream, view: View, moment: Moment) -> None:
    if view.reels is None:
        return
    with _waited(view.reels["spatial"], moment.version) as store:
        voxels = getattr(store, "octree").voxels()  # noqa: B009 (only the spatial store has one)
        centres, edge = voxels.centres_m, voxels.edge_m
    shade = np.clip(centres[:, 2:] / 2.5, 0.0, 1.0) if len(centres) else np.zeros((0, 1))
    colours = (np.array(_WALL) + shade * (235 - np.array(_WALL))).astype(np.uint8)
    recording.log("map/voxels", rr.Points3D(centres, colors=colours, radii=edge / 2))


@contextmanager
def _waited(reel: Reel, version: int) -> Iterator[Store]:
    """Lend a store at a version, however long its replay takes.

    Raises:
        StoreUnreadableError: it cannot be replayed.

    """
    while True:
        try:
            with reel.at(version) as store:
                yield store
                return
        except NotYetError:
            continue
