from collections.abc import Callable, Mapping

import pytest

from engram.planners.contract import AT, HOLDING, IN_ROOM, OPEN, Beliefs, Fact, Thing

KITCHEN = {
    "CounterTop_1": (0, 0), "Fridge_1": (2, 0), "Microwave_1": (0, 1), "SinkBasin_1": (1, 0), "Faucet_1": (1, 0.2),
    "Cabinet_1": (0, 2), "DiningTable_1": (4, 2), "CoffeeMachine_1": (0.3, 0), "GarbageCan_1": (3, 3),
}  # fmt: skip
DOORS = ("Fridge_1", "Microwave_1", "Cabinet_1")


@pytest.fixture
def kitchen() -> Callable[..., Beliefs]:
    """A kitchen with all doors shut; keywords say what things are in or on, and ``facts`` what else is believed."""

    def make(
        held: str = "", explored: bool = True, facts: Mapping[Fact, bool] | None = None,
        colours: Mapping[str, str] | None = None, without: tuple[str, ...] = (), **places: str,
    ) -> Beliefs:  # fmt: skip
        spots = {name: spot for name, spot in KITCHEN.items() if name not in without}
        things = {n: Thing(n, n.split("_")[0], (*map(float, spot), 1.0)) for n, spot in spots.items()}
        believed: dict[Fact, bool] = {(OPEN, door): False for door in DOORS if door in things}
        for name, place in places.items():
            position = things[place].position_m if place in things else None
            things[name] = Thing(name, name.split("_")[0], position, (colours or {}).get(name, ""))
            believed[(AT, name, place)] = True
        if held:
            things[held] = Thing(held, held.split("_")[0])
            believed[(HOLDING, held)] = True
        believed.update({(IN_ROOM, name, "Kitchen"): True for name in spots})
        return Beliefs(things, believed | dict(facts or {}), explored, (0.0, -1.0, 0.0))

    return make
