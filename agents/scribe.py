"""Writes what a brain sees and does into its memory: off the control path, in order, and never longer than it may.

Whoever decides hands views over and goes on; one thread of its own takes them in, one after another, so that memory
is in order without anyone waiting for it. Before the next decision :meth:`Scribe.settle` waits for what is under way,
up to a deadline; a decision that comes too early is made from what memory held before, and the view of the moment.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from engram.memory.contract import Event, HippocampusError, Percepts, Point, Query, Seen, Source, Store
from engram.memory.graph.model import LOG_ODDS_LIMIT, NodeKind
from engram.memory.graph.store import GraphStore
from engram.memory.hippocampus import Hippocampus
from engram.memory.objects import ObjectStore
from engram.planners.contract import IN_ROOM, SEARCHED

IS, IS_NOT, COLOURED, PURSUES = "is", "is_not", "coloured", "pursues"  # relations of what is no place
_MOVERS = frozenset({"pick", "place", "drop"})  # actions by which memory knows where a thing went
_STILL_M = 0.02  # nearer than this, it has not moved
_SAME_M = 0.3  # a thing of the same label this near is the same thing
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class View:
    """What the senses show at a moment, beside what percepts can say."""

    percepts: Percepts
    states: Mapping[int, Mapping[str, bool]] = field(default_factory=dict)  # what can be seen, by index of the thing
    colours: Mapping[int, str] = field(default_factory=dict)  # plain words, by index of the thing
    looked_into: tuple[int, ...] = ()  # indices of what was fully looked into: what is not seen there is not there
    holding: bool = False
    explored: bool = False  # whether nothing is left to see without opening anything


@dataclass(frozen=True, eq=False)
class Sight:
    """A view that memory has taken in, and who the things in it are."""

    view: View
    names: tuple[str, ...]  # ids in memory, in the order of the things

    @property
    def episode(self) -> str:
        """Name of the episode that it belongs to."""
        return self.view.percepts.source.episode


@dataclass(frozen=True)
class Claim:
    """That a thing is so, or is not, since a step has shown it."""

    name: str
    state: str  # a predicate of one name, such as "clean"
    true: bool = True


class Scribe:
    """The way of a brain into its memory. Its methods are for one thread; memory is written in another."""

    def __init__(self, hippocampus: Hippocampus, stores: Sequence[Store]) -> None:
        """Take an open memory and the stores in it.

        Raises:
            HippocampusError: there is no object map among them, by which things are told apart.

        """
        by_name = {store.name: store for store in stores}
        objects, graph = by_name.get("objects"), by_name.get("graph")
        if not isinstance(objects, ObjectStore):
            raise HippocampusError("a brain needs the store 'objects', which tells things apart; open it as well")
        self.hippocampus, self.objects = hippocampus, objects
        self.graph = graph if isinstance(graph, GraphStore) else None
        self.sight: Sight | None = None  # the newest view that was taken in
        self.lost = 0  # writes that failed; memory goes without them
        self._episode = ""  # of the newest view
        self._met: dict[tuple[object, ...], str] = {}  # who things of a look were
        self._pool = ThreadPoolExecutor(1, "scribe")
        self._last: Future[None] | None = None  # of what beliefs rest on
        self._end: Future[None] | None = None  # ... of all

    def write(self, percepts: Percepts) -> int:
        """Take percepts in later, and return the version that memory has now."""
        self.see(View(percepts))
        return self.hippocampus.version

    def see(self, view: View) -> None:
        """Take a view in later."""
        self._submit(self._take_in, view)

    def tell(self, percepts: Percepts) -> None:
        """Write words about a step later: nothing that is in view."""
        self._end = self._pool.submit(self._guarded, self.hippocampus.write, percepts)

    def claim(self, claims: Iterable[Claim], source: Source) -> None:
        """Write what a step has shown later; what contradicts it ends."""
        self._submit(self._state, tuple(claims), source)

    def gone(self, names: Iterable[str], source: Source) -> None:
        """Write later that there are no such things any more."""
        self._submit(self._gone, tuple(names), source)

    def pursue(self, task: str, source: Source) -> None:
        """Keep in mind what is being done, so that a brain that is cut off can go on; empty: nothing is."""
        self._submit(self._pursue, task, source)

    @property
    def pursued(self) -> str:
        """The task that was being done when memory was last written; empty when there is none."""
        if self.graph is None:
            return ""
        robot = self.hippocampus.config.robot
        edges = [e for e in self.graph.graph.outgoing(robot) if e.relation == PURSUES]
        return edges[-1].object if edges else ""

    def settle(self, deadline_secs: float) -> bool:
        """Wait until all that beliefs rest on is in memory, which words are not; whether it is."""
        return _done(self._last, deadline_secs)

    def flush(self, deadline_secs: float) -> bool:
        """Wait until all that was handed over is in memory; whether it is."""
        return _done(self._end, deadline_secs)

    def close(self) -> None:
        """Take in what is under way, and let the thread end; the memory stays open."""
        self._pool.shutdown()

    def is_fresh(self, name: str) -> bool:
        """Whether a thing was seen or handled in this episode, and is not only remembered."""
        thing = self.objects.things.get(name)
        return thing is not None and self.sight is not None and thing.last.episode == self.sight.episode

    def name_at(self, label: str, place_m: Point) -> str:
        """Return the id of the thing of a label that is at a place; empty when there is none."""
        near = [(math.dist(t.centre_m, place_m), t.id) for t in self.objects.labelled(label) if t.state != "removed"]
        distance, name = min(near, default=(math.inf, ""))
        return name if distance <= _SAME_M else ""

    def _submit(self, job: Any, *args: Any) -> None:
        self._last = self._end = self._pool.submit(self._guarded, job, *args)

    def _guarded(self, job: Any, *args: Any) -> None:
        try:
            job(*args)
        except HippocampusError as error:
            self.lost += 1
            _log.warning("memory missed something: %s", error)

    def _take_in(self, view: View) -> None:
        source = view.percepts.source
        self._episode = source.episode
        things = view.percepts.things
        known = [self._again(thing, view) for thing in things]
        fresh = {t.label for t, name in zip(things, known, strict=True) if not name}
        # Namesakes of what is new are told beside it, or it would be taken for one of them.
        news = replace(view.percepts, things=[t for t in things if t.label in fresh])
        if self.sight is None or news.things or news.points is not None or news.action.get("verb") in _MOVERS:
            self.hippocampus.write(news)
            self._wait()
        names = tuple(self._name(t) if t.label in fresh else name for t, name in zip(things, known, strict=True))
        events = [*self._absences(view, names, source), *self._graph_event(self._shown(view, names), source)]
        if events:
            self.hippocampus.change(events)
            self._wait()
        self._met.update((_look(t), name) for t, name in zip(things, names, strict=True) if not t.held)
        self.sight = Sight(view, names)

    def _again(self, thing: Seen, view: View) -> str:
        """Return the id of a thing that looks just as it did in this episode before, and is still believed there.

        Memory need not hear of it again; where there are points, they tell what is gone and nothing is left out.
        """
        name = "" if thing.held or view.percepts.points is not None else self._met.get(_look(thing), "")
        known = self.objects.things.get(name)
        there = known is not None and known.state == "seen" and known.last.episode == view.percepts.source.episode
        return name if there and known is not None and math.dist(known.centre_m, thing.centre_m) <= _STILL_M else ""

    def _name(self, thing: Seen) -> str:
        if thing.held and self.objects.held:
            return self.objects.held
        return self.name_at(thing.label, thing.centre_m)

    def _wait(self) -> None:
        """Wait until the stores that are read here have made all changes, if they are late."""
        names = frozenset({self.objects.name, *([self.graph.name] if self.graph else [])})
        health = self.hippocampus.health()
        if any(health[name].state == "late" for name in names):
            self.hippocampus.recall(Query("", limit=0, stores=names))

    def _absences(self, view: View, names: Sequence[str], source: Source) -> Iterator[Event]:
        """What was believed in something that was fully looked into, and is not there."""
        looked = {names[k] for k in view.looked_into}
        gone = [
            t
            for t in self.objects.things.values()
            if t.support in looked and t.state in ("seen", "placed") and t.id not in names
        ]
        if gone:
            yield self._missed([t.id for t in gone], source)
            changes = [change for t in gone for change in self._not_there(t.id)]
            yield from self._graph_event(changes, source)

    def _missed(self, names: Sequence[str], source: Source) -> Event:
        """Return the event by which the object map believes that things are not where they were."""
        per_miss, things = self.objects.config.absent_log_odds, self.objects.things
        looks = {name: max(1, math.ceil(max(things[name].presence, 0.0) / per_miss)) for name in names}
        misses = [{"op": "miss", "id": name} for name in names for _ in range(looks[name])]
        return Event(self.objects.name, "update", source, {"changes": misses})

    def _gone(self, names: Sequence[str], source: Source) -> None:
        known = [name for name in names if name in self.objects.things]
        if known:
            self.hippocampus.change([self._missed(known, source)])
            self._wait()

    def _not_there(self, name: str) -> Iterator[dict[str, Any]]:
        graph = self.graph.graph if self.graph is not None else None
        for edge in list(graph.locations(name)) if graph is not None else ():
            yield {"op": "close", "triple": list(edge.triple)}
            absent = [name, "absent_from", edge.object]
            yield {"op": "believe", "triple": absent, "weight": LOG_ODDS_LIMIT}

    def _shown(self, view: View, names: Sequence[str]) -> list[dict[str, Any]]:
        """Changes of the graph by what can be seen of things."""
        changes: list[dict[str, Any]] = []
        for index, states in view.states.items():
            for state, true in states.items():
                changes += self._fact(Claim(names[index], state, true))
        for index in view.looked_into:
            changes += self._fact(Claim(names[index], SEARCHED))
        for index, colour in view.colours.items():
            changes += self._believe((names[index], COLOURED, colour))
        for thing, name in zip(view.percepts.things, names, strict=True):
            changes += self._in_room(name, thing.room) if thing.room and not thing.held else []
        return changes

    def _in_room(self, name: str, room: str) -> list[dict[str, Any]]:
        changes = self._believe((name, IN_ROOM, room), NodeKind.ROOM)
        if changes and self.graph is not None:
            old = [e for e in self.graph.graph.outgoing(name) if e.relation == IN_ROOM and e.object != room]
            changes += [{"op": "close", "triple": list(e.triple)} for e in old]
        return changes

    def _state(self, claims: Sequence[Claim], source: Source) -> None:
        events = self._graph_event([c for claim in claims for c in self._fact(claim)], source)
        if events:
            self.hippocampus.change(events)
            self._wait()

    def _pursue(self, task: str, source: Source) -> None:
        if self.graph is None:
            return
        robot = self.hippocampus.config.robot
        changes = [
            {"op": "close", "triple": list(e.triple)}
            for e in self.graph.graph.outgoing(robot)
            if e.relation == PURSUES and e.object != task
        ]
        if task:
            changes += [{"op": "node", "id": task, "kind": NodeKind.TASK.value, "name": task}]
            changes += self._believe((robot, PURSUES, task))
        events = self._graph_event(changes, source)
        if events:
            self.hippocampus.change(events)
            self._wait()

    def _fact(self, claim: Claim) -> list[dict[str, Any]]:
        relation, other = (IS, IS_NOT) if claim.true else (IS_NOT, IS)
        changes = self._believe((claim.name, relation, claim.state))
        if changes and self.graph is not None and self.graph.graph.get((claim.name, other, claim.state)) is not None:
            changes.insert(0, {"op": "close", "triple": [claim.name, other, claim.state]})
        return changes

    def _believe(self, triple: tuple[str, str, str], kind: NodeKind = NodeKind.PLACE) -> list[dict[str, Any]]:
        """Changes that make a fact believed; none when the graph does not know what it is about."""
        if self.graph is None or triple[0] not in self.graph.graph.nodes:
            return []
        known = self.graph.graph.get(triple)
        if known is not None and known.latest.episode == self._episode:  # said before; the log need not hear it again
            return []
        node = {"op": "node", "id": triple[2], "kind": kind.value, "name": triple[2]}
        nodes = [] if triple[2] in self.graph.graph.nodes else [node]
        return [*nodes, {"op": "believe", "triple": list(triple), "weight": LOG_ODDS_LIMIT}]

    def _graph_event(self, changes: Sequence[dict[str, Any]], source: Source) -> list[Event]:
        return [self.graph.event(changes, source)] if changes and self.graph is not None else []


def _look(thing: Seen) -> tuple[object, ...]:
    return thing.label, thing.centre_m, thing.extent_m, thing.support, thing.room


def _done(job: Future[None] | None, deadline_secs: float) -> bool:
    return job is None or job.done() or not wait([job], deadline_secs).not_done
