"""What a step came to, as a short record and one sentence, by fixed templates: equal facts give equal words.

Clauses say only what is news, so that steps that are alike read alike and temporal memory can count them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engram.perception.thalamus.contract import Happening, Step, Summary, Thing

_DID: Mapping[str, str] = {
    "move_ahead": "moved ahead",
    "move_back": "moved back",
    "move_left": "moved left",
    "move_right": "moved right",
    "rotate_left": "turned left",
    "rotate_right": "turned right",
    "look_up": "looked up",
    "look_down": "looked down",
    "crouch": "crouched",
    "stand": "stood up",
    "pick": "picked up {target}",
    "place": "put {held} on {target}",
    "drop": "dropped {target}",
    "open": "opened {target}",
    "close": "closed {target}",
    "toggle_on": "switched {target} on",
    "toggle_off": "switched {target} off",
    "slice": "sliced {target}",
    "done": "stopped",
}
_TOLD_BY_ACTION = frozenset({"pick", "place", "drop"})


@dataclass(frozen=True)
class SummaryConfig:
    """How much a sentence says."""

    named: int = 4  # things named in one clause
    happenings: int = 3  # entries of the journal that are told, the newest
    moved_m: float = 0.5  # a new thing farther than this from where one of its label went missing has moved,
    missed_steps: int = 40  # ... unless that was so long ago


class Summariser:
    """Sums steps up, one after another; it remembers the room and what went missing."""

    def __init__(self, config: SummaryConfig | None = None) -> None:
        """Start in no room."""
        self.config = config or SummaryConfig()
        self._room = ""
        self._missed: dict[str, tuple[int, Thing]] = {}  # step and thing by label

    def summarise(self, step: Step) -> Summary:
        """Return what a step came to."""
        entered = bool(step.room) and step.room != self._room
        self._room = step.room or self._room
        new, changed, gone = self._news(step)
        happened = tuple(c for h in step.happened[-self.config.happenings :] if (c := _clause(h)))
        clauses = [_act(step)]
        clauses += [f"came into the {step.room}"] if entered and step.verb else []
        clauses += self._named("found {}", new) + self._named("saw that {} moved", changed)
        clauses += self._named("no longer saw {}", gone) + list(happened)
        return Summary(
            number=step.number,
            verb=step.verb,
            outcome=step.outcome,
            target=step.target or "",
            held=step.held,
            room=step.room,
            entered=entered,
            new=new,
            changed=changed,
            gone=gone,
            happened=happened,
            sentence=_sentence(clauses),
        )

    def _news(self, step: Step) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Labels of what is new, what turned up elsewhere, and what is gone, without what the action explains."""
        done = step.verb in _TOLD_BY_ACTION and step.outcome == "ok"
        explained = {step.held, step.target if done else ""}
        new = [t for t in step.new if t.label not in explained]
        gone = [t for t in step.gone if t.label not in explained]
        self._missed.update({t.label: (step.number, t) for t in gone})
        moved = {t.label for t in new if self._has_moved(t, step.number)}
        for thing in new:
            self._missed.pop(thing.label, None)
        return _labels(new, moved), tuple(sorted(moved)), _labels(gone, moved)

    def _has_moved(self, thing: Thing, now: int) -> bool:
        """Whether a new thing is one that was missed not long ago, and lies elsewhere."""
        since, missed = self._missed.get(thing.label, (now, None))
        recent = missed is not None and now - since <= self.config.missed_steps
        return recent and missed is not None and not _near(thing, missed, self.config.moved_m)

    def _named(self, template: str, labels: tuple[str, ...]) -> list[str]:
        if not labels:
            return []
        more = len(labels) - self.config.named
        text = ", ".join(labels[: self.config.named]) + (f" and {more} more" if more > 0 else "")
        return [template.format(text)]


def _labels(things: Iterable[Thing], without: set[str]) -> tuple[str, ...]:
    return tuple(sorted({t.label for t in things} - without))


def _near(a: Thing, b: Thing, within_m: float) -> bool:
    if a.at is None or b.at is None:
        return False
    return sum((x - y) ** 2 for x, y in zip(a.at, b.at, strict=True)) <= within_m**2


def _sentence(clauses: list[str]) -> str:
    text = clauses[0] if len(clauses) == 1 else f"{', '.join(clauses[:-1])} and {clauses[-1]}"
    return f"{text[0].upper()}{text[1:]}."


def _act(step: Step) -> str:
    if not step.verb:
        return "began"
    name = step.verb.replace("_", " ")
    target, held = step.target or "something", step.held or "something"
    if step.outcome == "ok":
        return _DID.get(step.verb, f"did {name} {{target}}").format(target=target, held=held)
    aimed = "" if step.target is None else f" {target}"
    return f"could not {name}{aimed}, {step.outcome.replace('_', ' ')}"


def _clause(h: Happening) -> str:
    """Say an entry of the journal; what the action itself tells is not said twice."""
    if h.kind == "failed":
        return f"gave up on {h.label}, {h.reason.replace('_', ' ')}" if h.reason else f"gave up on {h.label}"
    if h.kind == "found":
        return f"took {h.label} on {h.target} for misplaced" if h.target else f"took {h.label} for misplaced"
    if h.kind == "placed" and h.reason == "not_seen_after":
        return f"did not see {h.label} where it was put"
    if h.kind == "phase" and h.label != "done":
        return f"began to {h.label}"
    return ""
