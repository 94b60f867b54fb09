"""Things that stay: detections of single frames, lifted to the map and merged over views.

A track grows as more of it is seen. What it is, whether it is there at all and whether it is out of place are beliefs
that all views add to (``beliefs.py``); clear views without it speak against it, until it goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engram.perception.absence import AbsenceConfig, look_for_absent
from engram.perception.beliefs import HAND, agreement
from engram.perception.contracts import Detection
from engram.perception.geometry import Floats, PointImage, up_facing
from engram.perception.lifting import LiftConfig, View, beliefs_of, in_hand, presence_of, views_of
from engram.perception.sizes import reach_m
from engram.perception.tracks import VOXEL_M, Sighting, State, Track, cell_of, pack_voxels, unpack_voxels
from engram.sims.contract import Observation

__all__ = ["VOXEL_M", "Sighting", "State", "Track", "Tracker", "TrackerConfig", "pack_voxels", "unpack_voxels"]

_SAMPLES, _SAMPLED = 24, 6  # points of its surface that a track keeps, and how many each view adds
_LARGE_M = 0.5
_SMALL_M = 0.9
_PAD_M = 0.02  # boxes are this much larger where their volumes are compared


@dataclass(frozen=True)
class TrackerConfig:
    """Thresholds of merging and forgetting."""

    lift: LiftConfig = field(default_factory=LiftConfig)
    absence: AbsenceConfig = field(default_factory=AbsenceConfig)
    radius_m: float = 0.15  # centres of two views of a small thing may differ by this and half its size
    slack_m: float = 0.05  # a view of a large thing belongs to a track when it lies within its box grown by this
    min_inside: float = 0.3  # ... with at least this share of its points
    alike: float = 0.2  # agreement of beliefs from which on a view and a track may be one thing
    same_place: float = 0.4  # overlap of boxes from which on they are, whatever their labels, unless these are sure
    surface_range_m: float = 4.0  # farther surfaces are too coarse to stand things on
    place_m: float = 0.5  # views from within a cube of this side err alike
    confirm: float = 2.0  # log-odds of being there from which on a track may be acted upon
    doubt: float = 0.5  # ... and below which no longer
    forget: float = -0.5  # ... and below which it is gone


class Tracker:
    """Keeps the tracks of an episode."""

    def __init__(self, config: TrackerConfig | None = None) -> None:
        """Start with no tracks."""
        self.config = config or TrackerConfig()
        self.tracks: list[Track] = []
        self.held: Track | None = None
        self.hand: Detection | None = None  # what shows the thing in the hand, in the last frame
        self.dropped: Counter[str] = Counter()  # detections that were of no use, by reason
        self._next = 0

    def update(
        self, observation: Observation, detections: Sequence[Detection], image: PointImage, step: int
    ) -> list[Sighting]:
        """Match the detections of a frame to tracks, make new ones, and drop what is gone."""
        for track in self.tracks:
            track.state = "stale" if track.state == "visible" else track.state
        self.hand = in_hand(detections, observation, self.config.lift)
        self._look_at_hand()
        views = views_of(detections, observation, self.config.lift, self.dropped)
        sightings = self._match(views, observation, step)
        self._add_surfaces(sightings, image)
        self._merge(sightings)
        kept = {t.number for t in self.tracks}
        sightings = [s for s in sightings if s.track.number in kept]
        look_for_absent(self.tracks, sightings, observation, self.config.absence, self.config.place_m)
        self._judge()
        return [s for s in sightings if s.track.state != "removed"]

    def remove(self, track: Track) -> None:
        """Forget a track."""
        track.state = "removed"
        self.tracks = [t for t in self.tracks if t is not track]

    def hold(self, track: Track) -> None:
        """Take a track for what the hand now holds: it is no longer where it was."""
        self.remove(track)
        track.state, self.held = "held", track
        self._look_at_hand()

    def put(self, point: Floats, step: int) -> Track | None:
        """Set the held track down at a point (3,) of a surface; its next view says where it lies exactly.

        It gets a new number, for what was judged of its old place no longer holds. ``None`` when nothing is held.
        """
        held, self.held = self.held, None
        if held is None:
            return None
        half = held.size / 2
        held.fusion.forget_place()
        held.misses.clear()
        track = Track(
            self._number(), held.belief, point - half, point + half, step, step, held.views, held.nearest_m,
            held.pixel_m2, state="placed", presence=held.presence, sureness=held.sureness, fusion=held.fusion,
        )  # fmt: skip
        track.lo[2], track.hi[2] = point[2], point[2] + held.size[2]
        self.tracks.append(track)
        return track

    def labelled(self, labels: Iterable[str]) -> list[Track]:
        """Tracks whose label is one of these."""
        wanted = set(labels)
        return [t for t in self.tracks if t.label in wanted]

    def _look_at_hand(self) -> None:
        """Take in what the frame shows of the held thing."""
        if self.held is not None and self.hand is not None:
            self.held.fusion.add(HAND, beliefs_of(self.hand), presence_of(self.hand), None)
            self.held.believe()

    def _match(self, views: Sequence[View], observation: Observation, step: int) -> list[Sighting]:
        pairs = [
            (fit, i, track)
            for i, near in enumerate(self._around(views))
            for track, overlap in near
            if (fit := self._fit(track, views[i], overlap))
        ]
        pairs.sort(key=lambda p: (-p[0], p[1], p[2].number))
        matched: dict[int, Track] = {}
        taken: dict[int, Track] = {}
        for _, i, track in pairs:
            if i not in matched and track.number not in taken:
                matched[i] = taken[track.number] = track
        sightings = []
        for i, view in enumerate(views):
            found = matched.get(i)
            if found is None and any(track.number in taken and _piece(track, view) for _, k, track in pairs if k == i):
                self.dropped["piece"] += 1
                continue
            track = found or self._new(view, step)
            self._absorb(track, view, observation, step)
            sightings.append(Sighting(view.detection, track, view.points))
        return sightings

    def _around(self, views: Sequence[View]) -> list[list[tuple[Track, float]]]:
        """Tracks near enough to each view to be looked at more closely, and the overlap of their boxes with its own."""
        if not self.tracks or not views:
            return [[] for _ in views]
        lo, hi = self._boxes()
        volumes = np.prod(hi - lo + _PAD_M, axis=1)
        found = []
        for view in views:
            both = np.minimum(hi, view.hi) - np.maximum(lo, view.lo)
            near = np.flatnonzero((both >= -self.config.radius_m).all(1))
            shared = np.prod(np.maximum(both[near] + _PAD_M, 0.0), axis=1)
            iou = shared / (volumes[near] + np.prod(view.hi - view.lo + _PAD_M) - shared)
            found.append([(self.tracks[k], float(v)) for k, v in zip(near, iou, strict=True)])
        return found

    def _boxes(self) -> tuple[Floats, Floats]:
        """(T, 3) lower and upper corners of the tracks."""
        return np.array([t.lo for t in self.tracks]), np.array([t.hi for t in self.tracks])

    def _fit(self, track: Track, view: View, overlap: float) -> float:
        """Return how well a view fits a track, in (0, 3]; 0 when it does not.

        Args:
            track: the track.
            view: the view.
            overlap: intersection over union of their boxes.

        """
        c = self.config
        alike = agreement(view.beliefs, track.belief)
        same = max(view.beliefs, key=lambda name: view.beliefs[name]) == track.label
        if not same and (_sure(track, view) or (alike < c.alike and overlap < c.same_place)):
            return 0.0
        inside = float(
            np.all((view.points >= track.lo - c.slack_m) & (view.points <= track.hi + c.slack_m), axis=1).mean()
        )
        distance = float(np.linalg.norm((view.lo + view.hi) / 2 - track.centre))
        size = min(float(np.max(view.hi - view.lo)), float(track.size.max()), reach_m(view.beliefs))
        close = distance <= c.radius_m + 0.5 * size
        if not close and (inside < c.min_inside or not same):  # parts of a thing may be nested in it: a shelf, a sink
            return 0.0
        return inside + 1.0 / (1.0 + distance) + alike

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _new(self, view: View, step: int) -> Track:
        track = Track(
            self._number(), {}, view.lo.copy(), view.hi.copy(), step, step, views=0, confirmed=False, presence=0.0
        )
        self.tracks.append(track)
        return track

    def _absorb(self, track: Track, view: View, observation: Observation, step: int) -> None:
        camera = observation["map_T_camera"][:3, 3]
        d = view.detection
        track.fusion.add(cell_of(camera, self.config.place_m), view.beliefs, presence_of(d), d.out_of_place)
        track.believe()
        track.saw(presence_of(d))
        if track.state == "placed":  # where it was put was but a guess
            track.lo, track.hi = view.lo.copy(), view.hi.copy()
        track.grow(view.lo, view.hi, sure=d.score >= 1.0, small=reach_m(view.beliefs) < _SMALL_M)
        track.last_step, track.state = step, "visible"
        offset = view.middle - camera
        track.nearest_m = min(track.nearest_m, float(np.hypot(offset[0], offset[1])))
        track.pixel_m2 = max(track.pixel_m2, d.pixels * float(offset @ offset))
        some = view.points[:: max(1, len(view.points) // _SAMPLED)][:_SAMPLED]
        track.samples = np.concatenate([track.samples, some])[-_SAMPLES:]

    def _add_surfaces(self, sightings: Sequence[Sighting], image: PointImage) -> None:
        if not sightings:
            return
        usable = up_facing(image) & (image.range_m < self.config.surface_range_m)
        for sighting in sightings:
            d = sighting.detection
            if d.pixels < 10 * image.stride**2:
                continue
            s = image.stride
            part = np.s_[-(-d.box[0] // s) : -(-d.box[2] // s), -(-d.box[1] // s) : -(-d.box[3] // s)]
            level = d.mask[::s, ::s][part] & usable[part]
            if level.any():
                sighting.track.surface.update(np.unique(pack_voxels(image.points[part][level])).tolist())

    def _merge(self, sightings: Sequence[Sighting]) -> None:
        """Join tracks that have grown into one another: two ends of the same counter, seen apart, or a thing twice."""
        seen = {s.track.number: s.track for s in sightings}
        tracks, (lo, hi) = self.tracks, self._boxes()
        for number in sorted(seen):
            track = seen[number]
            if track.state == "removed":
                continue
            if tracks is not self.tracks:  # some were joined, and have grown
                tracks, (lo, hi) = self.tracks, self._boxes()
            near = np.flatnonzero((np.minimum(hi, track.hi) - np.maximum(lo, track.lo) > -_PAD_M).all(1))
            for other in [tracks[k] for k in near]:
                if other is not track and self._one(track, other, together=other.number in seen):
                    self._join(track, other)

    def _one(self, track: Track, other: Track, *, together: bool) -> bool:
        """Whether two tracks are one thing; ``together``: both are in view."""
        overlap = np.minimum(track.hi, other.hi) - np.maximum(track.lo, other.lo) + _PAD_M
        if (overlap <= 0.0).any():
            return False
        both = float(overlap.prod())
        one, two = float((track.size + _PAD_M).prod()), float((other.size + _PAD_M).prod())
        if track.size.max() > _LARGE_M and track.label == other.label:
            return both > 0.6 * min(one, two)
        if together or min(track.sureness, other.sureness) >= 1.0:
            return False  # two small things that are seen side by side are two
        alike = track.label == other.label or agreement(track.belief, other.belief) >= self.config.alike
        return both > (0.3 if alike else 0.6) * (one + two - both)

    def _join(self, track: Track, other: Track) -> None:
        track.join_boxes(other)
        track.fusion.join(other.fusion)
        track.believe()
        track.surface |= other.surface
        views = track.views + other.views
        track.sureness = (track.sureness * track.views + other.sureness * other.views) / max(views, 1)
        track.views = views
        track.first_step = min(track.first_step, other.first_step)
        track.nearest_m = min(track.nearest_m, other.nearest_m)
        track.pixel_m2 = max(track.pixel_m2, other.pixel_m2)
        self.remove(other)

    def _judge(self) -> None:
        """Say which tracks may be acted upon, and drop those that are no longer believed in."""
        c = self.config
        for track in self.tracks:
            track.confirmed = track.existence >= (c.doubt if track.confirmed else c.confirm)
            if track.existence < c.forget:
                track.state = "removed"
        self.tracks = [t for t in self.tracks if t.state != "removed"]


def _sure(track: Track, view: View) -> bool:
    """Whether both are of a detector that knows the label: two labels are two things."""
    return view.detection.score >= 1.0 and track.sureness >= 1.0


def _piece(track: Track, view: View) -> bool:
    """Whether a view shows but a piece of what another view of the same frame is taken for."""
    if _sure(track, view) or agreement(view.beliefs, track.belief) < 0.5:
        return False
    return float(np.all((view.points >= track.lo) & (view.points <= track.hi), axis=1).mean()) >= 0.7
