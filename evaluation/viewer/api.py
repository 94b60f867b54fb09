"""What the page asks for, as plain data: routes are methods of an opened view, whatever serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from engram.evaluation.viewer import scenes
from engram.evaluation.viewer.asking import ask
from engram.evaluation.viewer.recorded import Recorded
from engram.evaluation.viewer.reels import Reels, StoreUnreadableError
from engram.evaluation.viewer.sources import Source, read_steps
from engram.evaluation.viewer.timeline import Moment, Timeline
from engram.memory.log import open_log
from engram.memory.stores import default_stores

MOST_CHARS = 300  # of a question
_MOST_TEXT = 200  # characters of a change that is told
_MOST_CHANGES = 60  # of a step and store
_RUNNING = 40  # steps shown of an attempt under way
_NO_MEMORY = "this trace comes without a memory; name its file with --memory"
Params = Mapping[str, str]
Answer = dict[str, Any]


class BadRequestError(Exception):
    """Raised for parameters that make no sense; the message says which."""


class TooLongError(BadRequestError):
    """Raised for a question that is too long."""


class View:
    """An open memory, and what the page may ask of it. May be called from any thread; a with block closes it."""

    def __init__(self, source: Source, live: bool = False) -> None:
        """Open the memory for reading.

        Raises:
            HippocampusError: the memory cannot be opened.
            TraceError, OSError: the trace cannot be read.

        """
        self._live, self._source = live, source
        self._recorded = Recorded(source.trace) if source.trace else None
        self._log = open_log(source.memory, read_only=True) if source.memory else None
        shown = self._recorded.moments() if self._recorded and self._log is None else ()
        self.timeline = Timeline(self._log, shown)
        self.reels = Reels(self._log, default_stores()) if self._log else None
        self._read_steps()
        self._routes: Mapping[str, Callable[[Params], Answer]] = {
            "timeline": self._timeline,
            "state": self._state,
            "map": self._map,
            "graph": self._graph,
            "step": self._step,
            "camera": self._camera,
            "ask": self._ask,
            "health": self._health,
        }

    def answer(self, route: str, params: Params) -> Answer | None:
        """Return the answer of a route, None when there is no such route.

        Raises:
            BadRequestError: a parameter is missing or makes no sense.
            NotYetError: a replay is under way; ask again.
            HippocampusError: the memory cannot be read.

        """
        handler = self._routes.get(route)
        return None if handler is None else handler(params)

    def close(self) -> None:
        """Close the memory."""
        if self._log is not None:
            self._log.close()

    def frame(self, number: int) -> bytes | None:
        """Return the last image up to an observation, JPEG or PNG; None when there is none."""
        found = self._recorded.frame(number) if self._recorded else None
        return None if found is None else found[1]

    def __enter__(self) -> View:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _timeline(self, params: Params) -> Answer:
        """Moments after a version; a live memory is looked at again."""
        after = _integer(params, "after", -1, -1)
        if self._live:
            self.timeline.refresh()
            self._read_steps()
        moments = self.timeline.moments
        return {
            "name": self._log.name if self._log else str(self._source.trace),
            "robot": self._log.robot if self._log else moments[0].robot if moments else "",
            "live": self._live,
            "memory": self._log is not None,
            "frames": self._recorded is not None,
            "moments": [m.row() for m in self.timeline.after(after)],
        }

    def _state(self, params: Params) -> Answer:
        """What the small stores hold at a version."""
        moment, version = self._moment(params)
        now_ns = moment.stamp_ns if moment else 0
        found: Answer = {"version": version, "failed": {}}
        self._read(found, "objects", version, lambda s: scenes.objects(s, now_ns))
        self._read(found, "topology", version, scenes.topology)
        self._read(found, "temporal", version, scenes.temporal)
        self._read(found, "episodic", version, lambda s: scenes.notes(s, now_ns))
        self._read(found, "semantic", version, lambda s: scenes.notes(s, now_ns))
        found["running"] = self._running(moment, found.get("episodic", ()))
        return found

    def _map(self, params: Params) -> Answer:
        """The map between two heights at a version."""
        _, version = self._moment(params)
        low, high = _number(params, "low", 0.1), _number(params, "high", 1.8)
        if not -10.0 <= low < high <= 20.0:
            raise BadRequestError("low and high are metres, low below high, within -10 and 20")
        found: Answer = {"version": version, "reached": version, "failed": {}}
        partial = self._live  # a map that lags behind is better than none
        self._read(found, "spatial", version, lambda s: scenes.slice_of(s, low, high), partial)
        return found

    def _graph(self, params: Params) -> Answer:
        """The facts around a node at a version."""
        _, version = self._moment(params)
        hops, budget = _integer(params, "hops", 2, 1, 4), _integer(params, "budget", 40, 1, 200)
        found: Answer = {"version": version, "failed": {}}
        node = params.get("node", "")
        self._read(found, "graph", version, lambda s: scenes.graph(s, node, hops, budget))
        return found

    def _step(self, params: Params) -> Answer:
        """What changed in a step, and what was planned."""
        moment, version = self._moment(params)
        if moment is None:
            return {"version": version, "changes": {}, "plan": None, "pose": None, "journal": [], "recalls": []}
        recorded, number = self._recorded, moment.step
        before = self._steps.get(number - 1)
        pose = recorded.pose(number) if recorded else before["base"] if before else None
        return {
            "version": version,
            "changes": self._changes(moment),
            "plan": self._steps.get(number),
            "pose": pose,
            "journal": recorded.journal.get(number, []) if recorded else [],
            "recalls": recorded.recalls.get(number, []) if recorded else [],
        }

    def _camera(self, params: Params) -> Answer:
        """Which image belongs to a moment, and what was detected in it."""
        moment, version = self._moment(params)
        found = self._recorded.frame(moment.step) if self._recorded and moment else None
        wanted, number = moment.step if moment else 0, found[0] if found else None
        detected = self._recorded.detections(found[0]) if self._recorded and found else []
        return {"version": version, "number": number, "wanted": wanted, "detections": detected}

    def _ask(self, params: Params) -> Answer:
        """Answers to a question at a version."""
        text = " ".join(params.get("text", "").split())
        if not text:
            raise BadRequestError("ask something, such as: where is the mug?")
        if len(text) > MOST_CHARS:
            raise TooLongError(f"a question has at most {MOST_CHARS} characters")
        moment, version = self._moment(params)
        if self.reels is None:
            raise BadRequestError(_NO_MEMORY)
        return ask(self.reels, version, moment.stamp_ns if moment else 0, text, _integer(params, "limit", 5, 1, 20))

    def _health(self, params: Params) -> Answer:
        """How the file and the stores are."""
        if self._log is None or self.reels is None:
            return {"file": self._source.trace and str(self._source.trace), "stores": {}, "failed": {"": _NO_MEMORY}}
        counts = self._log.counts()
        kept = self._log.snapshots()
        stores = {
            reel.name: {
                "events": counts.get(reel.name, 0),
                "snapshots": [[s.seq, s.size] for s in kept if s.store == reel.name],
                "fault": reel.fault,
            }
            for reel in self.reels
        }
        return {
            "file": self._log.name,
            "robot": self._log.robot,
            "version": self._log.last,
            "dropped_upto": self._log.base,
            "bytes": self._log.size_bytes(),
            "created_ns": int(self._log.meta("created_ns")),
            "damaged": self.timeline.damaged,
            **self._log.health(),
            "stores": stores,
            "unknown": sorted(set(counts) - set(stores)),
        }

    def _moment(self, params: Params) -> tuple[Moment | None, int]:
        """Return the moment that is asked about, by default the newest, and its version."""
        moments = self.timeline.moments
        if not moments:
            return None, 0
        version = _integer(params, "version", moments[-1].version, 0)
        return self.timeline.moment(version), min(version, moments[-1].version)

    def _read(self, found: Answer, name: str, version: int, look: Callable[[Any], Any], partial: bool = False) -> None:
        """Put what a store shows into the answer, or why it shows nothing."""
        if self.reels is None:
            found["failed"] = {"": _NO_MEMORY}
            return
        try:
            with self.reels[name].at(version, partial) as store:
                found[name] = look(store)
                if partial:
                    found["reached"] = self.reels[name].reached
        except StoreUnreadableError as error:
            found["failed"][name] = str(error)

    def _read_steps(self) -> None:
        """Read what was decided: from the trace, or else from the log of steps."""
        if self._recorded is not None:
            self._recorded.refresh()
            self._steps: Mapping[int, Mapping[str, Any]] = self._recorded.steps
        else:
            self._steps = read_steps(self._source.steps)

    def _changes(self, moment: Moment) -> dict[str, list[str]]:
        changes: dict[str, list[str]] = {}
        for _, event in self._log.events(moment.first - 1, moment.version) if self._log else ():
            told = [text[:_MOST_TEXT] for text in changes_of(event.store, event.kind, event.data)]
            if told:
                changes.setdefault(event.store, []).extend(told[:_MOST_CHANGES])
        return changes

    def _running(self, moment: Moment | None, notes: Any) -> Answer | None:
        """Return the attempt under way at a moment: its steps so far."""
        if moment is None or any(n["episode"] == moment.episode for n in notes):
            return None
        told = [m for m in self.timeline.moments if m.episode == moment.episode and m.version <= moment.version]
        steps = [[m.step, m.text] for m in told if m.text]
        return {"episode": moment.episode, "count": len(steps), "steps": steps[-_RUNNING:]}


def changes_of(store: str, kind: str, data: Mapping[str, Any]) -> list[str]:
    """Return what an event changed, in words."""
    if store == "objects":
        return [_object_change(c) for c in data.get("changes", ())]
    if store in ("graph", "topology"):
        return [_graph_change(c) for c in data.get("changes", ())]
    if store == "spatial":
        return [f"{kind}, {len(data.get('things', ()))} things labelled"]
    if store == "semantic" and kind == "lessons":
        return [f"{o['op']} {o.get('text') or o.get('id', '')}" for o in data.get("operations", ())]
    if "text" in data:
        return [str(data["text"])]
    return [f"{kind} {', '.join(map(str, data.get('ids', ())))}".strip()]


def _object_change(change: Mapping[str, Any]) -> str:
    words = [str(change["op"]), str(change["id"])]
    words += [f"on {change['support']}"] if change.get("support") else []
    words += [f"as {change['other']}"] if change.get("other") else []
    return " ".join(words)


def _graph_change(change: Mapping[str, Any]) -> str:
    if "triple" in change:
        return f"{change['op']} {' '.join(change['triple'])}"
    ends = [str(change[key]) for key in ("id", "from", "to", "label", "room") if change.get(key)]
    return " ".join([str(change["op"]), *ends])


def _integer(params: Params, name: str, default: int, least: int, most: int = 2**63 - 1) -> int:
    text = params.get(name, "")
    try:
        value = int(text) if text else default
    except ValueError as error:
        raise BadRequestError(f"{name} must be a whole number") from error
    if not least <= value <= most:
        raise BadRequestError(f"{name} must be within {least} and {most}")
    return value


def _number(params: Params, name: str, default: float) -> float:
    text = params.get(name, "")
    try:
        return float(text) if text else default
    except ValueError as error:
        raise BadRequestError(f"{name} must be a number") from error
