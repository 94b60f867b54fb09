"""The tidy agent as a state machine (TIDEE, arXiv 2207.10761): its states, their budgets, and what runs them.

    state            on success                       on failure, or when its budget is spent
    EXPLORE          nothing left -> SEARCH_OOP       ``TidyConfig.explore_steps`` -> SEARCH_OOP
    SEARCH_OOP       something misplaced -> FETCH     nothing left, ``looks`` spent -> DONE
    FETCH            in the hand -> PROPOSE           ``stands`` x ``points`` -> SEARCH_OOP
    PROPOSE          ranked receptacles -> LOCATE     (always succeeds)
    LOCATE           one can be reached -> PLACE      none, or ``holders`` tried -> PLACE_FALLBACK
    PLACE            put down -> SEARCH_OOP           -> LOCATE, for the next
    PLACE_FALLBACK   put down -> SEARCH_OOP           let go, on the floor -> SEARCH_OOP

An attempt begins with each FETCH. The episode ends when ``attempts``, steps or ``failed_actions`` are spent, and never
with something in the hand. What slips out of the hand sends the robot to SEARCH_OOP, where it looks about for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from engram.agents.motion import Skill, turn_to
from engram.agents.situation import Budgets, Situation
from engram.agents.store import Spot
from engram.perception.geometry import Floats
from engram.perception.tracker import Track


class State(Enum):
    """What the robot is about."""

    EXPLORE = "explore"
    SEARCH_OOP = "search_oop"  # for something out of place
    FETCH = "fetch"
    PROPOSE = "propose"
    LOCATE = "locate"
    PLACE = "place"
    PLACE_FALLBACK = "place_fallback"
    DONE = "done"


@dataclass(eq=False)
class Errand:
    """What the states hand on: the thing in question and what is to become of it."""

    attempts: int = 0
    begun: int = 0  # step at which the attempt began
    why: str = ""  # how the last state ended
    track: Track | None = None  # what is to be fetched
    lost: tuple[str, Floats] | None = None  # what slipped out of the hand, and where, (3,)
    label: str = ""  # what the hand holds
    classes: tuple[str, ...] = ()  # receptacles that may be its place, best first
    told: bool = False  # whether to believe that these are it, whatever the prior says
    refused: set[int] = field(default_factory=set)  # tracks of receptacles that it could not be put on
    tried: int = 0
    spot: Spot | None = None  # where it goes


Part = Callable[[Situation, Errand], Skill[State]]


def run(
    sit: Situation, errand: Errand, parts: Mapping[State, Part], budgets: Budgets, state: State = State.EXPLORE
) -> Skill[None]:
    """Go from state to state until DONE; each entry into one is in the journal, with how the last one ended."""
    while state is not State.DONE:
        if state is State.SEARCH_OOP:
            if errand.attempts >= budgets.attempts and not sit.holding:
                errand.why = "out_of_attempts"
                break
            if errand.attempts and sit.step == errand.begun:  # nothing could be tried; time must pass
                yield from turn_to(sit, (sit.heading + 1) % 4)
        sit.phase = state.value
        sit.note("phase", state.value, errand.why)
        errand.why = ""
        state = yield from parts[state](sit, errand)
    sit.phase = State.DONE.value
    sit.note("phase", State.DONE.value, errand.why)
