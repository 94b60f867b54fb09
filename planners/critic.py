"""Critics: what speaks against a step before it is taken.

Three layers, the cheapest first: what a step needs and what is true already; what the world has shown against it; and,
if there is one, a model that looks. Unknown is not false: a critic rejects what is believed wrong, not what is unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from engram.planners.contract import (
    AT,
    CLEAN,
    COLD,
    FILLED,
    FLOOR,
    HOT,
    IN_ROOM,
    NOT_FOUND,
    ON,
    OPEN,
    SEARCHED,
    Beliefs,
    Critic,
    Goal,
    Noun,
    Step,
    Thing,
    Verdict,
    Want,
)
from engram.sims.contract import Outcome

FINE = Verdict(True)
ALREADY, PLACED, SEEN, OVER_BUDGET = "already", "already_placed", "already_searched", "rejection_budget"
_HAND_FREE = frozenset({"pick"})
_HAND_FULL = frozenset({"place", "put_down", "heat", "cool", "clean", "fill"})
_MAKES = {
    "open": (OPEN, True),
    "close": (OPEN, False),
    "toggle_on": (ON, True),
    "toggle_off": (ON, False),
}
_MAKES_HELD = {"heat": HOT, "cool": COLD, "clean": CLEAN, "fill": FILLED}
_KINDS = frozenset({"find"})  # skills whose argument may be a kind, of which nothing need be known

Applicable = Callable[[Step, Beliefs], Verdict]
"""What a domain says of the preconditions of a step."""
ModelJudge = Callable[[Step, Goal, Beliefs, Verdict], Verdict]
"""A model's judgement; takes the verdict of the layers before it, and may raise :class:`JudgeUnavailableError`."""


class JudgeUnavailableError(Exception):
    """A model that should judge cannot; the step is judged without it."""


@dataclass(frozen=True)
class CriticConfig:
    """Which layers judge, and how long they may hold up a plan."""

    preconditions: bool = True
    evidence: bool = True
    model: bool = True
    """Whether the model is asked, if there is one."""
    min_confidence: float = 0.3
    """Confidence in where a thing is below which it is not worth going for."""
    max_rejections: int = 3
    """Rejections in a row after which a step is let through; 0 for no limit."""


class SymbolicCritic:
    """Rejects what cannot be done now, and what is done already."""

    def __init__(self, applicable: Applicable | None = None) -> None:
        """Take what the domain says of preconditions; without it only what holds in every domain is checked."""
        self._applicable = applicable

    def judge(self, step: Step, goal: Goal, beliefs: Beliefs) -> Verdict:
        """Return whether nothing that is believed speaks against a step."""
        for check in (_known, _hand, _reach, _already):
            verdict = check(step, beliefs)
            if not verdict.suitable:
                return verdict
        verdict = _placed(step, goal, beliefs)
        if not verdict.suitable or self._applicable is None:
            return verdict
        return self._applicable(step, beliefs)


class EvidenceCritic:
    """Rejects what the world has spoken against: it was looked for, and it is not there."""

    def __init__(self, min_confidence: float = CriticConfig.min_confidence) -> None:
        """Take the confidence that is worth a step."""
        self._min_confidence = min_confidence

    def judge(self, step: Step, goal: Goal, beliefs: Beliefs) -> Verdict:
        """Return whether the world has shown nothing against a step."""
        if not step.args:
            return FINE
        name = step.args[0]
        if step.skill == "search" and beliefs.holds(SEARCHED, name):
            return Verdict(False, SEEN, f"{name} was looked into, and what is not known of it is not there")
        thing = beliefs.things.get(name)
        if step.skill in ("pick", "go_to", "slice") and thing is not None and name != beliefs.held:
            return self._there(thing, beliefs)
        return FINE

    def _there(self, thing: Thing, beliefs: Beliefs) -> Verdict:
        places = {fact[2]: true for fact, true in beliefs.facts.items() if fact[0] == AT and fact[1] == thing.name}
        if places and not any(places.values()):
            where = ", ".join(sorted(places))
            return Verdict(False, NOT_FOUND, f"{thing.name} is not in or on {where}: that was looked at; find it first")
        if thing.confidence < self._min_confidence:
            return Verdict(False, NOT_FOUND, f"{thing.name} is hardly where it was seen last; find it first")
        return FINE


class CriticPanel:
    """The layers one after another. Too many rejections in a row, and a step passes with a note."""

    def __init__(
        self,
        config: CriticConfig | None = None,
        applicable: Applicable | None = None,
        model: ModelJudge | None = None,
    ) -> None:
        """Take the switches, the domain and the model; see the layers."""
        self.config = config or CriticConfig()
        self._layers: list[Critic] = []
        if self.config.preconditions:
            self._layers.append(SymbolicCritic(applicable))
        if self.config.evidence:
            self._layers.append(EvidenceCritic(self.config.min_confidence))
        self._model = model if self.config.model else None
        self.rejections = 0  # in a row

    def reset(self) -> None:
        """Begin another task."""
        self.rejections = 0

    def judge(self, step: Step, goal: Goal, beliefs: Beliefs) -> Verdict:
        """Return the verdict of the first layer that rejects; the model is asked only when none does."""
        verdict = self._layered(step, goal, beliefs)
        if verdict.suitable:
            self.rejections = 0
            return verdict
        self.rejections += 1
        if 0 < self.config.max_rejections < self.rejections:
            self.rejections = 0
            return Verdict(True, OVER_BUDGET, f"let through after too many rejections; the last: {verdict.feedback}")
        return verdict

    def _layered(self, step: Step, goal: Goal, beliefs: Beliefs) -> Verdict:
        for layer in self._layers:
            verdict = layer.judge(step, goal, beliefs)
            if not verdict.suitable:
                return verdict
        if self._model is None:
            return FINE
        try:
            return self._model(step, goal, beliefs, FINE)
        except JudgeUnavailableError as error:
            return Verdict(True, "no_judge", str(error))


def _known(step: Step, beliefs: Beliefs) -> Verdict:
    rooms = {fact[2] for fact in beliefs.facts if fact[0] == IN_ROOM} | {FLOOR}
    unknown = [name for name in step.args if name not in beliefs.things and name not in rooms]
    if not unknown or step.skill in _KINDS:
        return FINE
    return Verdict(False, NOT_FOUND, f"nothing is known of {unknown[0]}; find it first")


def _hand(step: Step, beliefs: Beliefs) -> Verdict:
    held = beliefs.held
    if step.skill in _HAND_FREE and held:
        if step.args[:1] == (held,):
            return Verdict(False, ALREADY, f"{held} is in the hand already")
        return Verdict(False, Outcome.HAND_FULL.code, f"the hand holds {held}; put it somewhere first")
    if step.skill in _HAND_FULL and not held:
        return Verdict(False, Outcome.HAND_EMPTY.code, f"{step} needs something in the hand")
    return FINE


def _reach(step: Step, beliefs: Beliefs) -> Verdict:
    """Whether what holds the thing, or shall hold it, is believed closed."""
    if not step.args or step.skill not in ("pick", "place", "slice"):
        return FINE
    holder = step.args[0] if step.skill == "place" else beliefs.place_of(step.args[0])
    if holder and beliefs.holds(OPEN, holder) is False:
        return Verdict(False, Outcome.CLOSED.code, f"{holder} is closed; open it first")
    return FINE


def _already(step: Step, beliefs: Beliefs) -> Verdict:
    if step.skill in _MAKES and step.args:
        predicate, value = _MAKES[step.skill]
        if beliefs.holds(predicate, step.args[0]) is value:
            return Verdict(False, ALREADY, f"{step.args[0]} is {'' if value else 'not '}{predicate} already")
    state = _MAKES_HELD.get(step.skill)
    if state and beliefs.held and beliefs.holds(state, beliefs.held):
        return Verdict(False, ALREADY, f"{beliefs.held} is {state} already")
    return FINE


def _placed(step: Step, goal: Goal, beliefs: Beliefs) -> Verdict:
    """Whether a thing that is to be picked up lies where the goal wants it, in the states that it wants."""
    if step.skill != "pick" or not step.args:
        return FINE
    thing = beliefs.things.get(step.args[0])
    if thing is None:
        return FINE
    about = [want for want in goal.wants if _fits(thing, want.thing)]
    if about and all(_settled(thing, want, beliefs) for want in about):
        where = beliefs.place_of(thing.name)
        return Verdict(False, PLACED, f"{thing.name} is in or on {where} already, where it shall be")
    return FINE


def _settled(thing: Thing, want: Want, beliefs: Beliefs) -> bool:
    holder = beliefs.things.get(beliefs.place_of(thing.name))
    if want.at is None or holder is None or not _fits(holder, want.at):
        return False
    if not all(beliefs.holds(state, thing.name) for state in want.thing.states):
        return False
    return holder.name == _fullest(want, want.at, beliefs)


def _fullest(want: Want, at: Noun, beliefs: Beliefs) -> str:
    """Name of the place where most of what is wanted lies: all of it shall be on the same one."""
    lying: Counter[str] = Counter()
    for name, thing in beliefs.things.items():
        holder = beliefs.things.get(beliefs.place_of(name))
        if holder is not None and _fits(thing, want.thing) and _fits(holder, at):
            lying[holder.name] += 1
    return max(sorted(lying), key=lambda name: lying[name], default="")


def _fits(thing: Thing, noun: Noun) -> bool:
    """Whether kind and colour of a thing agree with a noun; where it lay at first is no longer to be seen."""
    return thing.kind in noun.kinds and (not noun.colour or not thing.colour or noun.colour == thing.colour)
