"""Object categories with AI2-THOR's names and affordances.

Source of names and affordances: AI2-THOR's public object-type table (iTHOR documentation, "Object Types").
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

_PICKUPABLE = """
AlarmClock AluminumFoil Apple AppleSliced BaseballBat BasketBall Book Boots Bottle Bowl Box Bread BreadSliced
ButterKnife CD Candle CellPhone Cloth CreditCard Cup DishSponge Dumbbell Egg EggCracked Fork HandTowel Kettle KeyChain
Knife Ladle Laptop Lettuce LettuceSliced Mug Newspaper Pan PaperTowelRoll Pen Pencil PepperShaker Pillow Plate Plunger
Pot Potato PotatoSliced RemoteControl SaltShaker ScrubBrush SoapBar SoapBottle Spatula Spoon SprayBottle Statue
TableTopDecor TeddyBear TennisRacket TissueBox ToiletPaper Tomato TomatoSliced Towel Vase Watch WateringCan WineBottle
"""
_FIXTURES = """
ArmChair Bathtub BathtubBasin Bed Cabinet Chair CoffeeMachine CoffeeTable CounterTop Curtains Desk DeskLamp DiningTable
DogBed Drawer Dresser Faucet FloorLamp Footstool Fridge GarbageCan HandTowelHolder HousePlant LaundryHamper LightSwitch
Microwave Mirror Ottoman Painting Safe Shelf ShelvingUnit ShowerHead SideTable Sink SinkBasin Sofa Stool StoveBurner
StoveKnob TVStand Television Toaster Toilet ToiletPaperHanger TowelHolder VacuumCleaner
"""
_RECEPTACLE = """
ArmChair Bathtub BathtubBasin Bed Bowl Box Cabinet Chair CoffeeMachine CoffeeTable CounterTop Cup Desk DiningTable
DogBed Drawer Dresser Footstool Fridge GarbageCan HandTowelHolder LaundryHamper Microwave Mug Ottoman Pan Plate Pot
Safe Shelf ShelvingUnit SideTable Sink SinkBasin Sofa Stool StoveBurner TVStand Toaster Toilet ToiletPaperHanger
TowelHolder
"""
_OPENABLE = "Book Box Cabinet Drawer Fridge Kettle LaundryHamper Laptop Microwave Safe Toilet"
_TOGGLEABLE = """
Candle CellPhone CoffeeMachine DeskLamp Faucet FloorLamp Laptop LightSwitch Microwave ShowerHead StoveKnob Television
Toaster
"""
_SLICES = {
    "Apple": "AppleSliced",
    "Bread": "BreadSliced",
    "Egg": "EggCracked",
    "Lettuce": "LettuceSliced",
    "Potato": "PotatoSliced",
    "Tomato": "TomatoSliced",
}
_DIRTYABLE = "Bed Bowl Cloth Cup Mirror Mug Pan Plate Pot"
_FILLABLE = "Bottle Bowl Cup Kettle Mug Pot Vase WateringCan WineBottle"
_COOKABLE = "BreadSliced EggCracked Potato PotatoSliced"


@dataclass(frozen=True)
class Category:
    """What can be done with every object of one category."""

    name: str
    pickupable: bool
    receptacle: bool
    openable: bool
    toggleable: bool
    dirtyable: bool
    fillable: bool
    cookable: bool
    sliced: str  # category of its slices; empty when it cannot be sliced

    @property
    def sliceable(self) -> bool:
        """Whether a knife turns it into slices."""
        return bool(self.sliced)


class UnknownCategoryError(KeyError):
    """Raised for a category name that the house does not know; the message names the nearest one."""

    def __init__(self, name: str) -> None:
        near = get_close_matches(name, CATEGORIES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        super().__init__(f"unknown category {name!r}{hint}")
        self.name = name

    def __str__(self) -> str:
        return str(self.args[0])


def _table() -> dict[str, Category]:
    def names(text: str) -> frozenset[str]:
        return frozenset(text.split())

    pickupable, fixtures, receptacle = names(_PICKUPABLE), names(_FIXTURES), names(_RECEPTACLE)
    openable, toggleable = names(_OPENABLE), names(_TOGGLEABLE)
    dirtyable, fillable, cookable = names(_DIRTYABLE), names(_FILLABLE), names(_COOKABLE)
    return {
        name: Category(
            name=name,
            pickupable=name in pickupable,
            receptacle=name in receptacle,
            openable=name in openable,
            toggleable=name in toggleable,
            dirtyable=name in dirtyable,
            fillable=name in fillable,
            cookable=name in cookable,
            sliced=_SLICES.get(name, ""),
        )
        for name in sorted(pickupable | fixtures)
    }


CATEGORIES: dict[str, Category] = _table()
PICKUPABLE: tuple[str, ...] = tuple(n for n, c in CATEGORIES.items() if c.pickupable)
FIXTURES: tuple[str, ...] = tuple(n for n, c in CATEGORIES.items() if not c.pickupable)


def category(name: str) -> Category:
    """Look a category up; raise :class:`UnknownCategoryError` with the nearest name."""
    try:
        return CATEGORIES[name]
    except KeyError:
        raise UnknownCategoryError(name) from None
