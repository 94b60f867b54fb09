"""Which things tasks are about, and where households want them."""

from __future__ import annotations

_GROUPS: tuple[tuple[str, str], ...] = (
    ("Apple Bread Egg Lettuce Potato Tomato", "Fridge CounterTop DiningTable CoffeeTable SideTable GarbageCan"),
    ("Bowl Plate", "CounterTop DiningTable SinkBasin CoffeeTable Cabinet ShelvingUnit"),
    ("Mug Cup", "CounterTop DiningTable SinkBasin CoffeeTable CoffeeMachine SideTable Desk Cabinet"),
    ("Pot Pan Kettle", "CounterTop DiningTable StoveBurner"),
    ("Fork Spoon Knife ButterKnife Spatula Ladle", "Drawer CounterTop DiningTable SinkBasin"),
    ("SaltShaker PepperShaker DishSponge", "CounterTop Drawer DiningTable Cabinet ShelvingUnit"),
    ("PaperTowelRoll AluminumFoil", "CounterTop DiningTable ShelvingUnit"),
    ("Bottle WineBottle", "Fridge CounterTop DiningTable ShelvingUnit"),
    ("Book Newspaper", "CoffeeTable SideTable Desk Bed Sofa DiningTable TVStand ArmChair"),
    ("CD CellPhone CreditCard KeyChain Pen Pencil RemoteControl Watch",
     "Drawer SideTable CoffeeTable Desk TVStand Dresser Sofa Bed ArmChair"),
    ("Vase Statue TableTopDecor Candle AlarmClock TissueBox TeddyBear",
     "SideTable CoffeeTable Dresser Desk TVStand DiningTable"),
    ("Pillow", "Bed Sofa ArmChair"),
    ("Laptop", "Desk Bed DiningTable CoffeeTable Sofa"),
    ("SoapBar SoapBottle SprayBottle ToiletPaper Cloth HandTowel", "CounterTop Cabinet SideTable Drawer GarbageCan"),
)  # fmt: skip
DESTINATIONS: dict[str, tuple[str, ...]] = {
    kind: tuple(places.split()) for kinds, places in _GROUPS for kind in kinds.split()
}
WASHED = ("Bowl", "Cup", "Mug", "Pan", "Plate", "Pot", "Cloth")  # what can be dirty
HEATED = ("Apple", "Bread", "Egg", "Potato", "Tomato", "Mug", "Cup", "Plate", "Bowl")
COOLED = ("Apple", "Bread", "Egg", "Lettuce", "Potato", "Tomato", "Mug", "Cup", "Bowl", "Plate", "Pot", "Pan",
          "Bottle", "WineBottle")  # fmt: skip
SLICED = {kind: f"{kind}Sliced" for kind in ("Apple", "Bread", "Lettuce", "Potato", "Tomato")}
EXAMINED = ("Book", "CD", "CellPhone", "CreditCard", "KeyChain", "Laptop", "Newspaper", "Pen", "Pencil", "Pillow",
            "RemoteControl", "Statue", "TissueBox", "Vase", "Watch", "AlarmClock", "Mug", "Bowl")  # fmt: skip
LAMPS = ("DeskLamp", "FloorLamp")
KNIVES = ("Knife", "ButterKnife")
# What goes into what, and where that is then put.
STACKED: dict[str, tuple[str, ...]] = {
    "Bowl": ("Fork", "Spoon", "Apple", "Egg", "Tomato", "KeyChain", "Potato"),
    "Plate": ("Fork", "Spoon", "ButterKnife", "Apple", "Tomato", "Egg"),
    "Pot": ("Spoon", "Potato", "Egg", "Tomato", "Ladle"),
    "Pan": ("Egg", "Potato", "Spatula", "Tomato"),
}
STACK_PLACES = ("CounterTop", "DiningTable", "CoffeeTable", "SideTable")
