"""What traces show of a run: attempts that failed, and the pictures of episodes, within a budget."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

from engram.evaluation.contract import Record
from engram.evaluation.reasons import explain
from engram.evaluation.run_report.album import Album
from engram.evaluation.run_report.data import Kept, crashed
from engram.evaluation.trace.format import TraceError
from engram.evaluation.trace.reader import Trace

Row = Mapping[str, Any]
T = TypeVar("T")
_HANDLED = ("picked", "placed", "failed")
_BACK = 12  # steps before a failure in which it was tried
_NEAR = 3  # steps within which a picture shows a moment


@dataclass(frozen=True)
class Budget:
    """How much of a run is shown: it bounds the size of the page and the time it takes to make it."""

    traces: int = 40  # read
    pictures: int = 200
    failures: int = 30  # in the gallery
    failures_each: int = 3  # of one episode
    strip: int = 12  # pictures on the page of an episode


@dataclass(frozen=True)
class Picture:
    """A picture in the album, and where in it the robot acted."""

    number: int
    caption: str
    spot: tuple[float, float] | None = None  # image point


@dataclass(frozen=True)
class Failure:
    """An attempt that failed, or the crash of an episode."""

    record: Record
    step: int
    label: str
    target: str
    reason: str
    tried: Sequence[str]  # in plain words
    before: Picture | None = None
    after: Picture | None = None


@dataclass(frozen=True)
class Scene:
    """What the trace of an episode shows."""

    steps: Sequence[Row]
    journal: Sequence[Row]
    strip: Sequence[Picture] = ()
    cut: bool = False


@dataclass(frozen=True)
class Watched:
    """What the traces of a run show."""

    album: Album
    gallery: Sequence[Failure]
    scenes: Mapping[str, Scene] = field(default_factory=dict)  # by id of the episode
    problems: Mapping[str, str] = field(default_factory=dict)  # id -> why its trace shows nothing
    traced: int = 0  # episodes that have a trace


def watch(kept: Kept, budget: Budget | None = None) -> Watched:
    """Read as many traces as the budget allows, those of rare failures first."""
    budget = budget or Budget()
    traced = [r for r in kept.records if kept.folder.trace(r.id).is_file()]
    traces, problems = _read(kept, choose(traced, budget.traces))
    album = Album(budget.pictures)
    gallery = _gallery(kept, traces, album, budget)
    each = min(budget.strip, album.left // max(1, len(traces)))
    scenes = {
        id_: Scene(trace.steps, trace.journal, _strip(trace, album, each), trace.cut) for id_, trace in traces.items()
    }
    return Watched(album, gallery, scenes, problems, len(traced))


def choose(records: Sequence[Record], most: int) -> list[Record]:
    """Choose episodes so that each reason of failure is seen, the rarest first; then those without failures."""
    by_reason: dict[str, list[Record]] = {}
    for record in records:
        for reason in record.failures:
            by_reason.setdefault(reason, []).append(record)
    queues = [by_reason[reason] for reason in sorted(by_reason, key=lambda r: (len(by_reason[r]), r))]
    chosen = {r.id: r for r in [*in_turns(queues), *records]}
    return list(chosen.values())[:most]


def in_turns(queues: Iterable[Iterable[T]]) -> Iterable[T]:
    """Yield the first of each queue, then the second of each, and so on."""
    waiting = deque(iter(q) for q in queues)
    while waiting:
        queue = waiting.popleft()
        for item in queue:
            yield item
            waiting.append(queue)
            break


def _read(kept: Kept, records: Sequence[Record]) -> tuple[dict[str, Trace], dict[str, str]]:
    traces: dict[str, Trace] = {}
    problems: dict[str, str] = {}
    for record in records:
        try:
            traces[record.id] = Trace(kept.folder.trace(record.id))
        except TraceError as error:
            problems[record.id] = f"Its trace {error.problem}."
        except OSError as error:
            problems[record.id] = f"Its trace cannot be read: {error.strerror}."
    return traces, problems


def _gallery(kept: Kept, traces: Mapping[str, Trace], album: Album, budget: Budget) -> list[Failure]:
    """Choose failures of all reasons and episodes in turns, and take their pictures."""
    found: dict[str, list[tuple[Record, Row | None]]] = {}
    seen: set[tuple[Any, ...]] = set()
    for record in kept.records:
        trace = traces.get(record.id)
        events: list[Row | None] = [e for e in trace.journal if e["kind"] == "failed"] if trace else []
        for event in ([None] if crashed(record) else events)[: budget.failures_each]:
            reason = next(iter(record.failures), "exception") if event is None else str(event["reason"])
            same = (record.seed, reason, *((event["label"], event["target"]) if event else (record.variant, "")))
            if same not in seen:  # variants often fail alike in one house
                found.setdefault(reason, []).append((record, event))
            seen.add(same)
    common = sorted(found, key=lambda reason: (-len(found[reason]), reason))
    turns = list(in_turns(_spread(found[reason]) for reason in reversed(common)))[: budget.failures]
    failures = [_failure(record, event, traces.get(record.id), album) for record, event in turns]
    return sorted(failures, key=lambda f: common.index(f.reason))


def _spread(failures: Sequence[tuple[Record, Row | None]]) -> Iterable[tuple[Record, Row | None]]:
    """Take the first failure of each episode before the second of any."""
    return in_turns([list(group) for _, group in groupby(failures, key=lambda f: f[0].id)])


def _failure(record: Record, event: Row | None, trace: Trace | None, album: Album) -> Failure:
    if event is None:
        said = record.error.rstrip().rpartition("\n")[2]
        reason = next(iter(record.failures), "exception")
        last = _picture(trace, album, len(trace.steps), "the last picture") if trace else None
        steps = len(trace.steps) if trace else record.steps
        return Failure(record, steps, "", "", reason, [said] if said else [], last)
    step, reason = int(event["step"]), str(event["reason"])
    if trace is None:
        return Failure(record, step, event["label"], event["target"], reason, [])
    tries = _tries(trace, step)
    aimed = next((t for t in reversed(tries) if t["point"]), None)
    at = int(aimed["step"]) if aimed else step
    before = _picture(trace, album, at, "before", aimed["point"] if aimed else None)
    after = _picture(trace, album, at + 1, "after")
    if before and after and before.number == after.number:
        after = None
    return Failure(record, step, event["label"], event["target"], reason, told(tries, reason), before, after)


def _tries(trace: Trace, step: int) -> list[Row]:
    """Return the actions that went wrong shortly before a failure was written down, since what was done before."""
    first = max((e["step"] + 1 for e in trace.journal if e["kind"] in _HANDLED and e["step"] < step), default=0)
    return [s for s in trace.steps if max(first, step - _BACK) <= s["step"] <= step and s["outcome"] != "ok"]


def told(tries: Sequence[Row], reason: str) -> list[str]:
    """Say which actions went wrong, and how often; why, where it is another reason than that of the failure."""
    counts = Counter((str(t["verb"]), str(t["outcome"])) for t in tries)
    return [
        f"{verb.replace('_', ' ')}{f' {count} times' if count > 1 else ''}"
        f"{f' ({explain(outcome)})' if outcome != reason else ''}"
        for (verb, outcome), count in counts.items()
    ]


def _strip(trace: Trace, album: Album, most: int) -> list[Picture]:
    """Return pictures of what was handled, or of the way where nothing was; evenly chosen."""
    events = [e for e in trace.journal if e["kind"] in ("picked", "placed")]
    moments = [(e["step"] + (e["kind"] == "placed"), f"{e['kind']} {e['label']}", _aim(trace, e)) for e in events] or [
        (k, f"step {k}", None) for k in sorted(trace.frames)
    ]
    if not most or not moments:
        return []
    stride = max(1.0, len(moments) / most)
    chosen = [moments[int(k * stride)] for k in range(min(most, len(moments)))]
    pictures = (_picture(trace, album, number, caption, spot) for number, caption, spot in chosen)
    return [p for p in pictures if p is not None]


def _aim(trace: Trace, event: Row) -> tuple[float, float] | None:
    """Image point of a pick; where a placed thing lies shows by itself."""
    step = int(event["step"])
    point = trace.steps[step]["point"] if event["kind"] == "picked" and step < len(trace.steps) else None
    return (point[0], point[1]) if point else None


def _picture(
    trace: Trace, album: Album, number: int, caption: str, spot: Sequence[float] | None = None
) -> Picture | None:
    """Keep the picture nearest to an observation, if there is one near; the spot holds for the very one only."""
    near = min(trace.frames, key=lambda k: (abs(k - number), -k), default=None)
    if near is None or abs(near - number) > _NEAR:
        return None
    kept = album.keep((str(trace.path), near), trace.frames[near])
    if kept is None:
        return None
    return Picture(kept, caption, (spot[0], spot[1]) if spot and near == number else None)
