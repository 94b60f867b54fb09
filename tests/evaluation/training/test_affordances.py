"""What planners believe of appliances, against what the household's rules of states do."""

from types import SimpleNamespace

import numpy as np
import pytest

from engram.evaluation.training.affordances import ONLY, PATH, text
from engram.planners.contract import CLEAN, COLD, FILLED, HOT
from engram.planners.symbolic.affordances import kind_of, kinds, slices
from engram.sims.house import interact
from engram.sims.house.categories import CATEGORIES, category
from engram.sims.house.states import States

# A knob is not what things are put on; sinks share the tap of their basins.
APPLIANCES = {name for name in CATEGORIES if category(name).receptacle or category(name).toggleable} - {
    "StoveKnob",
    "Sink",
    "Bathtub",
}
BASIN_OF = {"Faucet": "SinkBasin", "ShowerHead": "BathtubBasin", "StoveKnob": "StoveBurner"}


class Part(SimpleNamespace):
    """A thing of the household, without a body."""

    def part_of(self, unit):
        return self.id.startswith(f"{unit}/")


def part(name, index, **more):
    geoms = np.zeros(0, int)
    state = {"on": False, "dirty": True, "filled": "", "temperature": "RoomTemp", "cooked": False, "openness": 0.0}
    return Part(id=f"unit/{name}_1", category=name, kind=category(name), index=index, geoms=geoms, **(state | more))


def works(appliance, thing):
    """States that a thing gets into, put in an appliance that runs, or that is closed and off."""
    source = next((tap for tap, basin in BASIN_OF.items() if basin == appliance or tap == appliance), appliance)
    holder = BASIN_OF.get(source, appliance)
    content = part(thing, 0)
    things = [content, part(holder, 1), *([part(source, 2)] if source != holder else [])]
    model = SimpleNamespace(
        geom_rgba=np.zeros((0, 4)), geom_matid=np.zeros(0, int), material=lambda _: SimpleNamespace(id=0)
    )
    house = SimpleNamespace(things=things, model=model)
    regions = SimpleNamespace(
        contents=lambda t: [content] if t.category == holder else [], receptacles=lambda _: [1], of=lambda _: []
    )
    states = States(house, SimpleNamespace(), regions)
    runner = things[-1]
    if runner.kind.toggleable:
        states.toggle(runner, on=True)
    states.react()
    told = {CLEAN: not content.dirty, FILLED: bool(content.filled)}
    told |= {HOT: content.temperature == "Hot", COLD: content.temperature == "Cold"}
    return {state for state, true in told.items() if true}


def test_the_file_is_what_the_command_writes():
    assert PATH.read_text(encoding="utf-8") == text()


@pytest.mark.parametrize("appliance", sorted(APPLIANCES))
def test_appliances_do_what_the_household_does(appliance):
    believed = set(kind_of(appliance).makes)
    thing = next(iter(ONLY.get(BASIN_OF.get(appliance, appliance), ("Mug",))))
    done = works(appliance, thing)
    assert done - {CLEAN, FILLED} == believed - {CLEAN, FILLED}
    if category(thing).dirtyable and category(thing).fillable:
        assert done == believed


def test_what_has_room_for_some_kinds_only_agrees():
    assert {name: frozenset(only) for name, only in ONLY.items()} == {
        name: frozenset(only) for name, only in interact._ONLY.items()
    }
    assert kind_of("CoffeeMachine").takes("Mug")
    assert not kind_of("CoffeeMachine").takes("Apple")


def test_kinds_and_traits_agree_with_the_categories():
    table = {name: kind for name, kind in kinds().items() if name != "Floor"}
    assert set(table) == set(CATEGORIES)
    for name, kind in table.items():
        told = category(name)
        want = (told.pickupable, told.receptacle, told.openable, told.toggleable, told.sliced)
        traits = [trait in kind for trait in ("pickupable", "receptacle", "openable", "toggleable")]
        assert (*traits, kind.pieces) == want
    assert slices()["AppleSliced"] == "Apple"
    assert {name for name, kind in table.items() if "knife" in kind} == {"Knife", "ButterKnife"}


def test_an_unknown_kind_can_be_carried_and_no_more():
    kind = kind_of("Gizmo")
    assert (kind.traits, kind.makes, kind.takes("Mug")) == (frozenset({"pickupable"}), frozenset(), False)
