"""What speaks against a plan that a language model wrote, before anything moves.

A plan passes when every step is a skill of the domain on things that are believed to be there, when nothing that a step
needs is believed false by then, and when no step is beside the goal:

* looking (``find``, ``search``, ``explore``, ``go_to``) is always to the point, and so is putting down and closing;
* ``pick``, ``place``, ``open``, ``slice``, the appliances and switches are to the point when they bring about what a
  want asks for, of a thing of its kinds;
* so is a step after which more of the goal is reached;
* any other step must be needed: without it, and without what it alone makes possible, a step that is to the point
  would lack more of what it needs, or less of the goal would be reached;
* in the end no less of the goal may be reached than before.

So a plan that obeys an order from the scene ("open the safe") is refused unless the goal itself speaks of such things.
The rule looks at kinds: among things of the kinds that the goal names, a model can be led to the wrong one, and it can
be led to look in places in vain. Both cost steps and are seen by the loop guard and the budget, not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from engram.planners.contract import CLEAN, COLD, FILLED, HOT, ON, OPEN, SLICED, Beliefs, Goal, Noun, Step, Want
from engram.planners.goals import is_tidy
from engram.planners.symbolic.affordances import KNIFE, kind_of, kinds
from engram.planners.symbolic.domain import KIND, PLACE, SKILLS, advance, applicable, lacks
from engram.planners.symbolic.state import State

Code = Literal["unknown_skill", "unknown_name", "too_long", "invalid_plan", "off_goal", "empty"]
LOOKING = frozenset({"find", "search", "explore", "go_to"})
_HARMLESS = frozenset({"put_down", "close"})
_MADE = {"heat": HOT, "cool": COLD, "clean": CLEAN, "fill": FILLED}


@dataclass(frozen=True)
class Fault:
    """Something wrong with a plan."""

    code: Code
    text: str  # a sentence for the model, of names in the plan


def faults(steps: Sequence[Step], goal: Goal, beliefs: Beliefs, most_steps: int) -> list[Fault]:
    """Return what is wrong with a plan, the first step that is wrong first; none when it may be taken."""
    if not steps:
        return [Fault("empty", "there are no steps")]
    if len(steps) > most_steps:
        return [Fault("too_long", f"there are {len(steps)} steps; at most {most_steps} are allowed")]
    state = State.of(beliefs)
    for number, step in enumerate(steps, 1):
        fault = _fault(step, state)
        if fault is not None:
            return [Fault(fault.code, f"step {number}: {fault.text}")]
        advance(step, state)
    return _beside(steps, goal, beliefs) + _lost(goal, beliefs, state)


def reached(goal: Goal, beliefs: Beliefs) -> int:
    """Return how many conditions of a goal are believed to hold: states, place and hand of what is wanted."""
    return _reached(goal, State.of(beliefs))


def _reached(goal: Goal, state: State) -> int:
    return sum(sum(_best(want, state)) for want in goal.wants)


def _fault(step: Step, state: State) -> Fault | None:
    skill = SKILLS.get(step.skill)
    if skill is None:
        return Fault("unknown_skill", f"there is no skill of that name; there are {', '.join(SKILLS)}")
    if len(step.args) != bool(skill.sort):
        return Fault("invalid_plan", f"{step.skill} takes {skill.sort or 'no argument'}")
    if step.args and not _is_known(step.args[0], skill.sort, state):
        what = "kind" if skill.sort == KIND else "thing"
        return Fault("unknown_name", f"the argument of {step.skill} is no {what} that is known; find or search first")
    if step.skill == "explore" and state.explored:
        return Fault("invalid_plan", "nothing is left to explore")
    verdict = applicable(step, state.beliefs())
    return None if verdict.suitable else Fault("invalid_plan", verdict.feedback)


def _is_known(name: str, sort: str, state: State) -> bool:
    if sort == KIND:
        return name in kinds() or any(thing.kind == name for thing in state.things.values())
    return name in state.things or (sort == PLACE and name in state.rooms.values())


def _beside(steps: Sequence[Step], goal: Goal, beliefs: Beliefs) -> list[Fault]:
    """Return the steps that are not to the point."""
    states = _states(steps, beliefs)
    gains = [_reached(goal, after) > _reached(goal, before) for before, after in pairwise(states)]
    good = {n for n, step in enumerate(steps) if gains[n] or _serves(step, goal, states[n])}
    wrong = [
        n
        for n, step in enumerate(steps)
        if n not in good
        and step.skill not in LOOKING | _HARMLESS
        and not _undoes(n, steps)
        and not _is_needed(n, steps, goal, good, states)
    ]
    return [
        Fault("off_goal", f"step {n + 1}, {steps[n].skill}, does nothing for the task; leave it out") for n in wrong
    ]


def _states(steps: Sequence[Step], beliefs: Beliefs) -> list[State]:
    """Return the state before each step, and after the last."""
    state, states = State.of(beliefs), []
    for step in steps:
        states.append(state.copy())
        advance(step, state)
    return [*states, state]


def _undoes(place: int, steps: Sequence[Step]) -> bool:
    """Whether a step switches off what the plan has switched on."""
    step = steps[place]
    return step.skill == "toggle_off" and Step("toggle_on", step.args) in steps[:place]


def _is_needed(place: int, steps: Sequence[Step], goal: Goal, good: set[int], states: Sequence[State]) -> bool:
    """Whether a step that is to the point lacks more when this one is left out, or less is reached in the end.

    Steps that are not to the point themselves and lack more without it are left out along with it.
    """
    state = states[place].copy()
    for other in range(place + 1, len(steps)):
        if len(lacks(steps[other], state)) <= len(lacks(steps[other], states[other])):
            advance(steps[other], state)
        elif other in good:
            return True
    return _reached(goal, state) < _reached(goal, states[-1])


def _serves(step: Step, goal: Goal, state: State) -> bool:
    """Whether a step brings about something that a want asks for."""
    if step.skill == "tidy":
        return is_tidy(goal)
    return any(_serves_want(step, want, state) for want in goal.wants)


def _serves_want(step: Step, want: Want, state: State) -> bool:
    it = step.args[0] if step.args else ""
    states, held = want.thing.states, state.held
    if step.skill == "pick":
        return _is_meant(it, want.thing, state) or (SLICED in states and KNIFE in state.kind(it))
    if step.skill == "place":
        return want.at is not None and _is_meant(held, want.thing, state) and _is_meant(it, want.at, state)
    if step.skill in _MADE:
        return _MADE[step.skill] in states and _is_meant(held, want.thing, state)
    if step.skill == "slice":
        return SLICED in states | _sliced(want.thing) and _is_meant(it, want.thing, state)
    if step.skill == "toggle_on":
        return ON in states and _is_meant(it, want.thing, state)
    if step.skill == "open":
        inside = any(_is_meant(name, want.thing, state) for name in state.contents(it))
        target = want.at is not None and _is_meant(held, want.thing, state) and _is_meant(it, want.at, state)
        return inside or target or (OPEN in states and _is_meant(it, want.thing, state))
    return False


def _sliced(noun: Noun) -> frozenset[str]:
    """SLICED, if a noun means slices by its kinds."""
    return frozenset({SLICED}) if any(kind.endswith("Sliced") for kind in noun.kinds) else frozenset()


def _is_meant(name: str, noun: Noun, state: State) -> bool:
    """Whether a thing is of the kinds of a noun, or what is cut into such, or cut from such."""
    if not name:
        return False
    kind = state.kind(name)
    cut_from = any(kind_of(each).pieces == kind.name for each in noun.kinds)
    return kind.name in noun.kinds or kind.pieces in noun.kinds or cut_from


def _lost(goal: Goal, before: Beliefs, after: State) -> list[Fault]:
    if _reached(goal, after) >= reached(goal, before):
        return []
    return [Fault("off_goal", "after the last step less of the goal is reached than before; go on until it is not")]


def _best(want: Want, state: State) -> list[int]:
    """Return the conditions that hold of the things that come nearest to a want."""
    things = [name for name in state.things if _is_meant(name, want.thing, state)]
    return sorted((_holding(name, want, state) for name in things), reverse=True)[: want.count]


def _holding(name: str, want: Want, state: State) -> int:
    true = sum(state.truth((each, name)) is True for each in want.thing.states)
    holder = state.holder.get(name, "")
    true += want.at is not None and bool(holder) and _is_meant(holder, want.at, state)
    return true + (want.held and state.truth(("holding", name)) is True)
