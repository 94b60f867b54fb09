"""How many objects a room has, and which ones a household hardly does without."""

from __future__ import annotations

from engram.sims.house.spec import RoomType

COUNTS: dict[RoomType, tuple[float, float]] = {
    "Kitchen": (23.0, 30.0),
    "LivingRoom": (14.0, 19.0),
    "Bedroom": (14.0, 19.0),
    "Bathroom": (9.0, 13.0),
}

USUAL: dict[RoomType, tuple[str, ...]] = {
    "Kitchen": (
        "Plate", "Plate", "Bowl", "Mug", "Cup", "Fork", "Spoon", "Knife", "ButterKnife", "Pan", "Pot", "Kettle",
        "Apple", "Bread", "Egg", "Lettuce", "Potato", "Tomato", "SaltShaker", "PepperShaker", "DishSponge",
        "SoapBottle", "Spatula", "PaperTowelRoll",
    ),
    "LivingRoom": (
        "RemoteControl", "Pillow", "Pillow", "Book", "Book", "Newspaper", "Vase", "Statue", "KeyChain", "TableTopDecor",
        "Laptop",
    ),
    "Bedroom": (
        "Pillow", "Pillow", "Book", "AlarmClock", "CellPhone", "Pen", "Pencil", "Laptop", "Watch", "TissueBox", "CD",
    ),
    "Bathroom": (
        "ToiletPaper", "ToiletPaper", "SoapBar", "SoapBottle", "Towel", "HandTowel", "Cloth", "SprayBottle", "Plunger",
        "ScrubBrush",
    ),
}  # fmt: skip

# Of these a room may have up to three.
SEVERAL = frozenset(
    {
        "Apple", "Book", "Bottle", "Bowl", "ButterKnife", "CD", "Candle", "Cloth", "Cup", "Egg", "Fork", "Mug", "Pen",
        "Pencil", "Pillow", "Plate", "Potato", "Spoon", "Statue", "ToiletPaper", "Tomato", "Towel", "Vase",
        "WineBottle",
    }
)  # fmt: skip

# Most objects in one region of a receptacle; six where nothing is said.
CAPACITY: dict[str, int] = {
    "ArmChair": 1, "Bed": 4, "Chair": 1, "CoffeeMachine": 1, "CoffeeTable": 5, "Drawer": 4, "Footstool": 1,
    "HandTowelHolder": 1, "LaundryHamper": 3, "Ottoman": 2, "Plate": 1, "Shelf": 4, "ShelvingUnit": 3, "SideTable": 3,
    "Sink": 3, "SinkBasin": 2, "Sofa": 3, "Stool": 1, "StoveBurner": 1, "TVStand": 3, "Toaster": 1, "Toilet": 2,
    "ToiletPaperHanger": 1, "TowelHolder": 1,
}  # fmt: skip

# What lies here may be larger than the place: it hangs over a bar or stands on a ring.
OVERHANG = frozenset({"CoffeeMachine", "HandTowelHolder", "StoveBurner", "Toaster", "ToiletPaperHanger", "TowelHolder"})

# Fixture beside which a thing stands on the floor.
NEAR_WALL: dict[str, str] = {"Plunger": "Toilet", "ScrubBrush": "Toilet", "WateringCan": "HousePlant"}
