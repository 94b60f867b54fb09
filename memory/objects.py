"""Object map: which things there are, where each was seen last, and what became of it.

A thing has an identity of its own. A view of it is matched by label, distance and appearance; whether a thing that
turns up elsewhere is the old one or a second one is decided by looking at the old place: only what is gone from there
can have moved. When the place is looked at later, the link is made later (``became``).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.memory.absence import AbsenceConfig
from engram.memory.contract import Event, HippocampusError, Hit, Percepts, Point, Query, Source
from engram.memory.graph.model import clamp, log_odds
from engram.memory.graph.names import Embed, Names
from engram.memory.identity import Association
from engram.memory.instances import Cells, Columns, Instance, Moment, best, from_row, gap_m, source_row, to_row
from engram.memory.matching import MatchConfig, Matcher
from engram.memory.packing import pack, unpack
from engram.memory.stepback import discount, forgotten, moved_back, step_of

_PART_M = 0.1  # what is seen of a large thing may reach out of its box by this


class ObjectError(HippocampusError):
    """Raised when an event does not fit the object map."""


@dataclass(frozen=True)
class ObjectConfig:
    """Options of the object map."""

    match: MatchConfig = field(default_factory=MatchConfig)
    absence: AbsenceConfig = field(default_factory=AbsenceConfig)
    absent_log_odds: float = 2.8  # a clear look at the empty place: a little less than one clear sight
    presence_limit: float = 4.0  # certainty of being there stays within this
    smoothing: int = 8  # views that a position is averaged over
    moved_m: float = 0.15  # positions farther apart are different places
    half_life_secs: float = 86_400.0  # certainty about what is out of sight halves in this time
    seeds: int = 3  # labels nearest in meaning to the question
    seed_cosine: float = 0.3


class ObjectStore:
    """Instances with pose, extent, class belief, support and state."""

    name = "objects"

    def __init__(self, config: ObjectConfig | None = None, embed: Embed | None = None) -> None:
        """Start with no things; ``embed`` gives (N, D) sentence vectors of length 1."""
        self.config = config or ObjectConfig()
        self._embed = embed
        self._clear()

    def _clear(self) -> None:
        self.things: dict[str, Instance] = {}
        self.latest: Source | None = None
        self.held = ""  # id of the thing in the hand
        self.lost: dict[str, None] = {}  # removed from where they were, and not known to be another thing
        self._showing = False  # whether the last view showed anything
        self.cells = Cells()
        self.columns = Columns()
        self._counts: dict[str, int] = {}
        self._names = Names(self._embed)
        self._version = 0
        self._memo: tuple[int, Percepts, Matcher] | None = None

    def associate(self, percepts: Percepts) -> Association:
        """Return who the things in view are; the knowledge graph asks this too, and gets the same answer."""
        return self._match(percepts).association

    def propose(self, percepts: Percepts) -> list[Event]:
        """Return what the percepts say about things, as one event or none."""
        matcher = self._match(percepts)
        changes = [*matcher.acts, *self._views(percepts, matcher)]
        changes += [{"op": "miss", "id": id_} for id_ in matcher.association.absent]
        gone = self.config.absent_log_odds
        changes += [
            {"op": "became", "id": old, "other": new}
            for old, new in matcher.became
            if self.things[old].presence <= gone
        ]
        if not changes and not self._showing:
            return []  # an empty view after a full one is news: nothing is visible any more
        return [Event(self.name, "update", percepts.source, {"changes": changes})]

    def undo(self, events: Sequence[Event], source: Source) -> list[Event]:
        """Return what takes back the events of one step, as one event or none; see `stepback`."""
        if any(event.kind == "undo" for event in events):
            return []
        kept = ("op", "id", "label", "score", "other")  # what evidence consists of
        changes = [{k: c[k] for k in kept if k in c} for event in events for c in event.data["changes"]]
        return [Event(self.name, "undo", source, {"changes": changes})] if changes else []

    def apply(self, event: Event) -> None:
        """Make the changes of an event.

        Raises:
            ObjectError: the event is not one of this store, or names a thing that does not exist.

        """
        if event.kind not in ("update", "undo"):
            raise ObjectError(f"the object map has no events of kind {event.kind!r}, only 'update' and 'undo'")
        self._version += 1
        if event.kind == "undo":
            self._step_back(event.data["changes"], event.source)
            return
        for change in event.data["changes"]:
            self._change(change, event.source)
        self.latest = event.source
        self._showing = any(change["op"] == "see" for change in event.data["changes"])

    def recall(self, query: Query) -> list[Hit]:
        """Return the things that the question names or means, or those near a point, the surest first."""
        rows, worth = self._relevance(query)
        times = [t for t in (query.at_ns, query.known_ns) if t is not None]  # of what came later, nothing was known
        then = min(times, default=None)
        now = then if then is not None else self.latest.stamp_ns if self.latest else 0
        belief = self.columns.certainty(rows, now, self.config.half_life_secs)
        scores = worth * belief
        ids = self.columns.ids
        # Which of them are in a place is seen one by one, so then all may be needed.
        found = best(scores, len(rows) if query.within_m is not None else query.limit)
        hits: list[Hit] = []
        for score, id_, sure in sorted((-float(scores[k]), ids[rows[k]], float(belief[k])) for k in found):
            moment = self.things[id_].at(then)
            if len(hits) == query.limit:
                break
            if moment is not None and _within(moment.centre_m, query):
                hits.append(self._hit(self.things[id_], moment, -score, sure, then is None))
        return hits

    def _hit(self, thing: Instance, moment: Moment, score: float, belief: float, present: bool) -> Hit:
        data = {
            "label": thing.label,
            "state": self.state(thing) if present else moment.state,
            "support": moment.support,
            "extent_m": list(thing.extent_m),
            "last_seen_ns": (thing.last if present else moment.source).stamp_ns,
            "became": thing.became,
        }
        place = f" on {moment.support}" if moment.support else ""
        doubt = f", probably {thing.became} by now" if present and thing.became else ""
        text = f"{thing.id}{place}, {data['state']}{doubt}"
        return Hit(self.name, thing.id, text, score, belief, moment.source, moment.centre_m, data)

    def dump(self) -> bytes:
        """Return the whole state."""
        meta = {
            "counts": self._counts,
            "showing": self._showing,
            "things": [to_row(self.things[i]) for i in sorted(self.things)],
            "latest": self.latest and source_row(self.latest),
            "names": self._names.state(),
        }
        return pack(meta, {})

    def load(self, state: bytes) -> None:
        """Replace the state by a dumped one."""
        meta, _ = unpack(state)
        self._clear()
        self._counts, self._showing = dict(meta["counts"]), bool(meta["showing"])
        self.latest = None if meta["latest"] is None else Source(*meta["latest"])
        self._names.restore(meta["names"])
        for row in meta["things"]:
            thing = from_row(row)
            self.things[thing.id] = thing
            self._place(thing)

    def state(self, thing: Instance) -> str:
        """``held``, ``placed`` (and not seen since), ``removed``, or ``visible`` or ``stale`` by the last view."""
        if thing.state != "seen":
            return thing.state
        return "visible" if self.latest is not None and thing.last == self.latest else "stale"

    def labelled(self, label: str) -> list[Instance]:
        """Return the things that a label can mean, in order of acquaintance."""
        return [self.things[i] for i in self._names.candidates(label)]

    def named(self, label: str) -> Collection[str]:
        """Return the ids that a label can mean; a view that must not be kept."""
        return self._names.ids(label)

    def is_part(self, thing: Instance, centre_m: Point, extent_m: Point) -> bool:
        """Whether a box may be a part of a large thing, the rest of which is out of view."""
        if max(thing.extent_m) <= self.config.match.movable_m or thing.state != "seen":
            return False
        sides = list(zip(extent_m, thing.extent_m, strict=True))
        fits = all(part <= whole + _PART_M for part, whole in sides) and any(
            part < 0.8 * whole for part, whole in sides
        )
        return fits and gap_m(thing.centre_m, thing.extent_m, centre_m) <= _PART_M

    def next_id(self, label: str, taken: int = 0) -> str:
        """Return the id of the next new thing with a label, when ``taken`` more were made in this step."""
        return f"{label}_{self._counts.get(label, 0) + taken + 1}"

    def _match(self, percepts: Percepts) -> Matcher:
        memo = self._memo
        if memo is not None and memo[0] == self._version and memo[1] is percepts:
            return memo[2]
        matcher = Matcher(self, percepts, self.config.match, self.config.absence)
        self._memo = self._version, percepts, matcher
        return matcher

    def _views(self, percepts: Percepts, matcher: Matcher) -> Iterable[dict[str, Any]]:
        for id_, thing in zip(matcher.association.ids, percepts.things, strict=True):
            change: dict[str, Any] = {
                "op": "see",
                "id": id_,
                "label": thing.label,
                "score": round(thing.score, 4),
                "centre_m": [round(float(x), 3) for x in thing.centre_m],
                "extent_m": [round(float(x), 3) for x in thing.extent_m],
            }
            if thing.held and id_ == matcher.held:
                change["held"] = True
            elif thing.support:
                change["support"] = matcher.support(id_, thing)
            if thing.feature:
                change["feature"] = [round(float(x), 4) for x in thing.feature]
            yield change

    def _step_back(self, changes: Sequence[Mapping[str, Any]], source: Source) -> None:
        step = step_of(source)
        for id_ in forgotten(self.things, step):
            self._forget(id_)
        changed = dict.fromkeys(c["id"] for c in changes if c["id"] in self.things)
        for id_ in changed:
            mine = [c for c in changes if c["id"] == id_]
            discount(self.things[id_], mine, self.config.absent_log_odds, self.config.presence_limit)
        for thing in sorted(moved_back(self.things, step), key=lambda t: t.state == "held"):  # the hand is freed first
            if thing.state == "held" and self.held not in ("", thing.id):
                thing.state = "placed"  # the hand has got another by now
            self._place(thing)
        for id_ in changed:
            self._place(self.things[id_])

    def _forget(self, id_: str) -> None:
        del self.things[id_]
        self.held = "" if self.held == id_ else self.held
        self.lost.pop(id_, None)
        self.cells.drop(id_)
        self.columns.drop()
        self._names.drop(id_)
        for thing in self.things.values():
            if thing.became == id_:
                thing.became = ""
                self._place(thing)

    def _change(self, change: Mapping[str, Any], source: Source) -> None:
        op, id_ = change["op"], change["id"]
        if op == "see":
            self._see(change, source)
            return
        thing = self.things.get(id_)
        if thing is None:
            raise ObjectError(f"the object map knows no {id_!r}; is an earlier event missing from the log?")
        if op == "miss":
            self._miss(thing, source)
        elif op == "hold":
            self._move(thing, source, "held", thing.centre_m, "")
        elif op == "place":
            self._move(thing, source, "placed", _point(change["centre_m"]), change["support"])
        elif op == "became":
            thing.became = change["other"]
            self.lost.pop(id_, None)
        else:
            raise ObjectError(f"unknown change {op!r} of the object map; was it written by a newer version?")

    def _see(self, change: Mapping[str, Any], source: Source) -> None:
        centre, extent = _point(change["centre_m"]), _point(change["extent_m"])
        thing = self.things.get(change["id"])
        if thing is None:
            thing = self._meet(change, centre, extent, source)
        weight = log_odds(change["score"])
        for label in {*thing.labels, change["label"]}:
            step = weight if label == change["label"] else -0.5 * max(weight, 0.0)
            thing.labels[label] = clamp(thing.labels.get(label, 0.0) + step)
        self._names.add(change["label"], thing.id)
        thing.look(change.get("feature"))
        thing.views += 1
        thing.became = ""
        limit = self.config.presence_limit
        thing.presence = min(max(thing.presence, 0.0) + max(weight, 0.5), limit)
        if change.get("held"):
            self._move(thing, source, "held", centre, "")
            return
        if self.is_part(thing, centre, extent):
            centre, extent = thing.centre_m, thing.extent_m
        moved = thing.state != "seen" or math.dist(centre, thing.centre_m) > self.config.moved_m
        share = 1.0 if moved else 1.0 / min(thing.views, self.config.smoothing)
        thing.extent_m = _mix(thing.extent_m, extent, 1.0 / min(thing.views, self.config.smoothing))
        self._move(thing, source, "seen", _mix(thing.centre_m, centre, share), change.get("support", thing.support))

    def _meet(self, change: Mapping[str, Any], centre: Point, extent: Point, source: Source) -> Instance:
        thing = Instance(change["id"], {}, centre, extent, source, source)
        self.things[thing.id] = thing
        self._counts[change["label"]] = self._counts.get(change["label"], 0) + 1
        self._names.add(thing.id, thing.id)
        return thing

    def _miss(self, thing: Instance, source: Source) -> None:
        thing.misses += 1
        thing.presence -= self.config.absent_log_odds
        if thing.presence <= 0.0:
            self._move(thing, source, "removed", thing.centre_m, "", seen=False)
        self.columns.put(thing)

    def _move(
        self, thing: Instance, source: Source, state: str, centre_m: Point, support: str, seen: bool = True
    ) -> None:
        """Set where a thing is and in what state; a change that matters is kept for questions about the past."""
        last = thing.past[-1] if thing.past else None
        if (
            last is None
            or (last.state, last.support) != (state, support)
            or (math.dist(last.centre_m, centre_m) > self.config.moved_m)
        ):
            thing.past.append(Moment(source, state, centre_m, support))
        if state == "held" and self.held not in ("", thing.id):  # put down unnoticed: a hand holds one thing
            other = self.things[self.held]
            self._move(other, source, "placed", other.centre_m, "", seen=False)
        thing.state, thing.centre_m, thing.support = state, centre_m, support
        if seen:
            thing.last = source
        self._place(thing)

    def _place(self, thing: Instance) -> None:
        """Keep the indices in step with where a thing is."""
        if thing.state == "held":
            self.held = thing.id
        elif self.held == thing.id:
            self.held = ""
        if thing.state in ("held", "removed"):
            self.cells.drop(thing.id)
        else:
            self.cells.put(thing.id, thing.centre_m)
        self.columns.put(thing)
        if thing.state == "removed" and not thing.became:
            self.lost[thing.id] = None
        else:
            self.lost.pop(thing.id, None)

    def _relevance(self, query: Query) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows of what is asked for, and the worth of each in [0, 1]."""
        named = self._names.mentioned(query.text)
        near = [] if named else self._names.nearest(query.text, self.config.seeds)
        worth = [*((name, 1.0) for name in named), *(n for n in near if n[1] >= self.config.seed_cosine)]
        if not worth and query.near_m is not None:
            rows = self.columns.rows(self.cells.around(query.near_m, query.within_m or 1.0))
            return rows, np.ones(len(rows), np.float32)
        groups = [self.columns.group(name, self._names.ids(name)) for name, _ in worth]
        values = [np.full(len(g), min(w, 1.0), np.float32) for g, (_, w) in zip(groups, worth, strict=True)]
        if len(groups) == 1:
            return groups[0], values[0]
        rows, places = np.unique(np.concatenate([*groups, np.zeros(0, np.int64)]), return_inverse=True)
        most = np.zeros(len(rows), np.float32)
        np.maximum.at(most, places, np.concatenate([*values, np.zeros(0, np.float32)]))
        return rows, most


def _point(values: Sequence[float]) -> Point:
    return float(values[0]), float(values[1]), float(values[2])


def _mix(old: Point, new: Point, share: float) -> Point:
    x, y, z = (a + (b - a) * share for a, b in zip(old, new, strict=True))
    return x, y, z


def _within(position_m: Point, query: Query) -> bool:
    if query.near_m is None or query.within_m is None:
        return True
    return math.dist(position_m, query.near_m) <= query.within_m
