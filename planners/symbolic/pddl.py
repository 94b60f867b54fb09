"""The domain and a problem of it for planners of the unified-planning library, made from the same skills.

Things that are believed nowhere in particular count as lying on the floor, and what is unknown as false, so that it is
brought about. Skills that only look are left out: a planner of this kind knows all it needs or fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from unified_planning.environment import Environment, get_environment  # type: ignore[import-untyped]
from unified_planning.model import Fluent, InstantaneousAction, Object, Parameter, Problem, Variable  # type: ignore[import-untyped]
from unified_planning.plans import ActionInstance, SequentialPlan  # type: ignore[import-untyped]

from engram.planners.contract import AT, COLD, FLOOR, HOLDING, HOT, ON, OPEN, STATES, Fact, Step
from engram.planners.symbolic.affordances import KNIFE, PICKUPABLE, RECEPTACLE
from engram.planners.symbolic.domain import HELD, IT, MADE_STATES, SKILLS, TAKES, Literal, Skill, advance, is_a, takes
from engram.planners.symbolic.state import HAND_EMPTY, KNIFE_HELD, LOCATED, REACHABLE, RUNNABLE, State

FAST_DOWNWARD = "fast-downward"  # the engine that the extra ``plan`` brings
FROM, TOOL = "from", "tool"
_SORT, _MAKES, _CAN, _IS_KNIFE, _SHUTS = "sort_", "makes_", "can_be_", "is_knife", "shuts_to_run"
_UNARY = (HOLDING, OPEN, ON, LOCATED, *STATES)
Alternatives = Sequence[Sequence[Fact]]
"""Facts that shall be true together; any one of the sequences will do."""


@dataclass(frozen=True)
class Encoded:
    """A problem, and how its actions become steps."""

    problem: Problem
    names: tuple[str, ...]

    def steps(self, plan: SequentialPlan) -> list[Step]:
        """Return the steps that a plan of the library stands for."""
        found = []
        for instance in plan.actions:
            sort = SKILLS[instance.action.name].sort
            found.append(Step(instance.action.name, (str(instance.actual_parameters[0]),) if sort else ()))
        return found

    def plan(self, steps: Iterable[Step], state: State) -> SequentialPlan:
        """Return steps as a plan of the library; ``state`` is the one that the problem began with."""
        state, instances = state.copy(), []
        for step in steps:
            skill = SKILLS[step.skill]
            values = {IT: step.args[0] if step.args else "", HELD: state.held, TOOL: state.held}
            values[FROM] = state.holder.get(values[IT], FLOOR)
            objects = [self.problem.object(values[name]) for name in _parameters(skill)]
            instances.append(ActionInstance(self.problem.action(step.skill), tuple(_expressions(objects))))
            advance(step, state)
        return SequentialPlan(instances, _environment())


def encode(state: State, names: Iterable[str], goals: Sequence[Alternatives]) -> Encoded:
    """Return the problem of bringing about one alternative of each goal with the named things alone."""
    chosen = tuple(dict.fromkeys([*sorted(names), FLOOR]))
    env = _environment()
    problem = Problem("household", environment=env)
    types = _Types(problem)
    for fluent in types.fluents.values():
        problem.add_fluent(fluent, default_initial_value=False)
    for skill in SKILLS.values():
        if skill.effects and skill.name != "search":
            problem.add_action(_action(skill, types))
    objects = {name: problem.add_object(name, types.of(state, name)) for name in chosen}
    for fact in _initial(state, chosen):
        problem.set_initial_value(types.atom(fact, objects), True)
    e = env.expression_manager
    for alternatives in goals:
        terms = [e.And([types.atom(fact, objects) for fact in facts]) for facts in alternatives]
        problem.add_goal(e.Or(terms))
    return Encoded(problem, chosen)


class _Types:
    """Types and fluents of a problem."""

    def __init__(self, problem: Problem) -> None:
        self.env = problem.environment
        manager = self.env.type_manager
        self.thing = manager.UserType("thing")
        self.holder = manager.UserType("holder", self.thing)
        self.vessel = manager.UserType("vessel", self.holder)
        sorts = {_SORT + skill.sort for skill in SKILLS.values() if skill.sort}
        static = {_IS_KNIFE, _SHUTS, *sorts, *(k + s for k in (_MAKES, _CAN) for s in MADE_STATES)}
        self.fluents: dict[str, Fluent] = {
            name: self._fluent(name, it=self.thing) for name in sorted({*static, *_UNARY})
        }
        self.fluents[HAND_EMPTY] = self._fluent(HAND_EMPTY)
        self.fluents[AT] = self._fluent(AT, it=self.thing, holder=self.thing)
        self.fluents[TAKES] = self._fluent(TAKES, holder=self.thing, it=self.thing)

    def _fluent(self, name: str, **signature: Any) -> Fluent:
        parameters = [Parameter(key, kind, self.env) for key, kind in signature.items()]
        named = f"is_{name}" if name in SKILLS else name  # ``open`` is a predicate and a skill
        return Fluent(named, self.env.type_manager.BoolType(), parameters, self.env)

    def of(self, state: State, name: str) -> Any:
        """Type of a thing."""
        kind = state.kind(name)
        if RECEPTACLE not in kind:
            return self.thing
        return self.vessel if PICKUPABLE in kind else self.holder

    def atom(self, fact: Fact, values: dict[str, Any]) -> Any:
        """A fact about objects, parameters or variables."""
        return self.env.expression_manager.FluentExp(self.fluents[fact[0]], [values[arg] for arg in fact[1:]])


def _parameters(skill: Skill) -> tuple[str, ...]:
    names = [IT] if skill.sort else []
    names += [HELD] if skill.uses_hand or any(n == Literal(HAND_EMPTY, wanted=False) for n in skill.needs) else []
    names += [FROM] if skill.name == "pick" else []
    return tuple(names + ([TOOL] if any(need.predicate == KNIFE_HELD for need in skill.needs) else []))


def _action(skill: Skill, types: _Types) -> InstantaneousAction:
    sort_of = {IT: types.holder if skill.sort == "holder" else types.thing, FROM: types.holder}
    signature = {name: sort_of.get(name, types.thing) for name in _parameters(skill)}
    action = InstantaneousAction(skill.name, _env=types.env, **signature)
    values: dict[str, Any] = {name: action.parameter(name) for name in signature}
    e = types.env.expression_manager
    if skill.sort:
        action.add_precondition(types.atom((_SORT + skill.sort, IT), values))
    if HELD in signature:
        action.add_precondition(types.atom((HOLDING, HELD), values))
    if HELD in signature and IT in signature and skill.effects:
        action.add_precondition(e.Not(e.Equals(values[IT], values[HELD])))
        action.add_precondition(e.Not(types.atom((AT, IT, HELD), values)))
    for need in skill.needs:
        for condition in _needed(need, types, values):
            action.add_precondition(condition)
    for effect in skill.effects:
        _add_effect(action, effect, types, values)
    return action


def _needed(need: Literal, types: _Types, values: dict[str, Any]) -> list[Any]:
    e = types.env.expression_manager
    if need.predicate == HAND_EMPTY and not need.wanted:
        return []  # the thing that is held is a parameter
    if need.predicate == KNIFE_HELD:
        return [types.atom((HOLDING, TOOL), values), types.atom((_IS_KNIFE, TOOL), values)]
    if need.predicate == REACHABLE:
        return _reachable(types, values)
    if need.predicate == RUNNABLE:
        shuts, is_open = types.atom((_SHUTS, IT), values), types.atom((OPEN, IT), values)
        return [e.Not(e.And(shuts, is_open))]
    atom = types.atom((need.predicate, *need.args), values)
    return [atom if need.wanted else e.Not(atom)]


def _reachable(types: _Types, values: dict[str, Any]) -> list[Any]:
    """Nothing that a thing lies in is closed, nor what its vessel lies in."""
    e = types.env.expression_manager
    outer, vessel = Variable("outer", types.holder, types.env), Variable("vessel", types.vessel, types.env)
    at, is_open = types.fluents[AT], e.FluentExp(types.fluents[OPEN], [outer])
    if FROM in values:
        direct = [e.FluentExp(at, [values[IT], values[FROM]]), e.FluentExp(types.fluents[OPEN], [values[FROM]])]
    else:
        direct = [e.Forall(e.Or(e.Not(e.FluentExp(at, [values[IT], outer])), is_open), outer)]
    nested = e.And(e.FluentExp(at, [values[IT], vessel]), e.FluentExp(at, [vessel, outer]))
    return [*direct, e.Forall(e.Or(e.Not(nested), is_open), vessel, outer)]


def _add_effect(action: InstantaneousAction, effect: Literal, types: _Types, values: dict[str, Any]) -> None:
    e = types.env.expression_manager
    if effect.predicate == AT:
        floor = types.env.expression_manager.ObjectExp(Object(FLOOR, types.holder, types.env))
        action.add_effect(types.atom((AT, *effect.args), values | {FLOOR: floor}), True)
        action.add_effect(types.atom((HOLDING, HELD), values), False)
        action.add_effect(types.atom((HAND_EMPTY,), values), True)
    elif effect.predicate == HOLDING:
        action.add_effect(types.atom((HOLDING, IT), values), True)
        action.add_effect(types.atom((AT, IT, FROM), values), False)
        action.add_effect(types.atom((HAND_EMPTY,), values), False)
    elif effect.by_maker:
        made = effect.predicate
        given = e.And(types.atom((_MAKES + made, IT), values), types.atom((_CAN + made, HELD), values))
        action.add_effect(types.atom((made, HELD), values), True, given)
        if made in (HOT, COLD):
            action.add_effect(types.atom((COLD if made == HOT else HOT, HELD), values), False, given)
    elif effect.predicate == OPEN and not effect.wanted:
        action.add_effect(types.atom((OPEN, IT), values), False, types.atom((_SORT + "door", IT), values))
    else:
        action.add_effect(types.atom((effect.predicate, *effect.args), values), effect.wanted)


def _initial(state: State, names: Sequence[str]) -> Iterable[Fact]:
    """Yield the facts that are true at first."""
    sorts = sorted({skill.sort for skill in SKILLS.values() if skill.sort})
    if not state.held:
        yield (HAND_EMPTY,)
    for name in names:
        kind = state.kind(name)
        yield from ((_SORT + sort, name) for sort in sorts if sort not in ("kind", "place") and is_a(state, name, sort))
        yield from ((_MAKES + made, name) for made in MADE_STATES if made in kind.makes)
        yield from ((_CAN + made, name) for made in MADE_STATES if kind.can_be(made))
        yield from ((predicate, name) for predicate in _UNARY if state.truth((predicate, name)))
        if KNIFE in kind:
            yield (_IS_KNIFE, name)
        if kind.shuts_to_run:
            yield (_SHUTS, name)
        if PICKUPABLE in kind and name != state.held:
            holder = state.holder.get(name, FLOOR)
            yield (AT, name, holder if holder in names else FLOOR)
            yield from ((TAKES, other, name) for other in names if takes(state, other, name))
        elif name == state.held:
            yield from ((TAKES, other, name) for other in names if takes(state, other, name))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    env = get_environment()  # the library's validator works in no other
    env.credits_stream = None
    return env


def _expressions(objects: Iterable[Object]) -> list[Any]:
    return [_environment().expression_manager.ObjectExp(obj) for obj in objects]


def solve(encoded: Encoded, deadline_secs: float, engine: str = FAST_DOWNWARD) -> list[Step] | None:
    """Return the steps of a plan; ``None`` when there is none, or none was found in time."""
    with _environment().factory.OneshotPlanner(name=engine, params=limits(engine, deadline_secs)) as planner:
        result = planner.solve(encoded.problem, timeout=deadline_secs)
    return None if result.plan is None else encoded.steps(result.plan)


def limits(engine: str, deadline_secs: float) -> dict[str, str]:
    """Return parameters that make an engine end by itself: its program outlives this one where this one is killed."""
    if engine != FAST_DOWNWARD:
        return {}
    return {"fast_downward_search_time_limit": f"{max(1, math.ceil(deadline_secs))}s"}


def valid(encoded: Encoded, steps: Sequence[Step], state: State) -> bool:
    """Whether the library's own validator accepts steps from a state."""
    with _environment().factory.PlanValidator(name="sequential_plan_validator") as validator:
        return bool(validator.validate(encoded.problem, encoded.plan(steps, state)))
