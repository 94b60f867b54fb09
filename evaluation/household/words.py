"""How tasks are said. Written for the suite, apart from any parser: what an agent does not understand counts."""

from __future__ import annotations

import numpy as np

_PLAIN = {
    "AlarmClock": "alarm clock", "AluminumFoil": "roll of aluminum foil", "ArmChair": "armchair", "Bathtub": "bathtub",
    "BathtubBasin": "bathtub", "ButterKnife": "butter knife", "CD": "CD", "CellPhone": "phone",
    "CoffeeMachine": "coffee machine", "CoffeeTable": "coffee table", "CounterTop": "counter",
    "CreditCard": "credit card", "DeskLamp": "desk lamp", "DiningTable": "dining table", "DishSponge": "sponge",
    "DogBed": "dog bed", "FloorLamp": "floor lamp", "GarbageCan": "trash can", "HandTowel": "hand towel",
    "KeyChain": "key chain", "LaundryHamper": "laundry hamper", "LivingRoom": "living room",
    "PaperTowelRoll": "roll of paper towels", "PepperShaker": "pepper shaker", "RemoteControl": "remote control",
    "SaltShaker": "salt shaker", "ScrubBrush": "scrub brush", "ShelvingUnit": "shelving unit",
    "SideTable": "side table", "SinkBasin": "sink", "SoapBar": "bar of soap", "SoapBottle": "soap bottle",
    "SprayBottle": "spray bottle", "StoveBurner": "stove burner", "TVStand": "TV stand", "TableTopDecor": "ornament",
    "TeddyBear": "teddy bear", "TennisRacket": "tennis racket", "TissueBox": "box of tissues",
    "ToiletPaper": "roll of toilet paper", "WateringCan": "watering can", "WineBottle": "wine bottle",
}  # fmt: skip
_PLURALS = {"knife": "knives", "box": "boxes", "toothbrush": "toothbrushes", "shelf": "shelves"}
_IN = frozenset(
    ("BathtubBasin", "Bowl", "Box", "Cabinet", "CoffeeMachine", "Cup", "Drawer", "Fridge", "GarbageCan",
     "LaundryHamper", "Microwave", "Mug", "Pan", "Pot", "Safe", "SinkBasin")
)  # fmt: skip
NUMBERS = {2: "two", 3: "three"}
BESIDE = ("next to", "beside", "close to")

# What a thing is for: how it is said, and every kind of thing that serves.
USES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "drink": (("something to drink tea from", "something I can drink coffee out of"), ("Mug", "Cup")),
    "cut": (("something to cut bread with", "something for cutting"), ("Knife", "ButterKnife")),
    "channels": (("the thing that changes the channels on the TV",), ("RemoteControl",)),
    "time": (("something that tells me the time", "something that shows the time"), ("AlarmClock", "Watch")),
    "read": (("something to read",), ("Book", "Newspaper")),
    "soup": (("something to eat soup with",), ("Spoon",)),
    "keys": (("what I unlock the front door with",), ("KeyChain",)),
    "head": (("something soft to rest my head on",), ("Pillow",)),
    "call": (("the thing I make calls with",), ("CellPhone",)),
    "write": (("something to write with",), ("Pen", "Pencil")),
    "dry": (("something to dry my hands with",), ("HandTowel", "Towel", "PaperTowelRoll")),
    "lather": (("something to wash my hands with",), ("SoapBar", "SoapBottle")),
    "fry": (("something to fry eggs in",), ("Pan",)),
    "flowers": (("something to put flowers in",), ("Vase",)),
    "pay": (("something to pay with at the shop",), ("CreditCard",)),
    "scrub": (("something to scrub the dishes with",), ("DishSponge",)),
    "nose": (("something to blow my nose with",), ("TissueBox",)),
    "season": (("something to season the food with",), ("SaltShaker", "PepperShaker")),
    "fruit": (("a piece of fruit that grows on trees",), ("Apple",)),
    "salad": (("a leafy green vegetable",), ("Lettuce",)),
    "sandwich": (("something to make sandwiches from",), ("Bread",)),
    "music": (("something with music on it",), ("CD",)),
    "work": (("the computer that I can carry around",), ("Laptop",)),
    "boil": (("something to boil water in for tea",), ("Kettle",)),
}
# The same for places: preposition included.
PLACE_USES: dict[str, tuple[str, ...]] = {
    "Fridge": ("in the appliance that keeps food fresh", "where the milk is kept cold"),
    "GarbageCan": ("where the rubbish goes", "where we throw things away"),
    "SinkBasin": ("where the dishes are washed",),
    "Bed": ("on the thing that people sleep in",),
    "DiningTable": ("on the table where we eat",),
    "Desk": ("on the table where I do my work",),
    "TVStand": ("on the piece of furniture that carries the television",),
    "CoffeeMachine": ("in the machine that makes espresso",),
}
_CLAUSES = {
    "place": (
        "put {a} {at}", "move {a} so that it ends up {at}", "find {a} and leave it {at}", "place {a} {at}",
        "take {a} and set it down {at}",
    ),
    "two": (
        "put {a} {at}", "bring {a} together {at}", "find {a} and leave them {at}", "place {a} {at}",
        "collect {a} and set them down {at}",
    ),
    "light": (
        "look at {a} under the light of {b}", "examine {a} by the light of {b}", "pick up {a} and turn on {b}",
        "hold {a} and switch {b} on",
    ),
    "clean": (
        "wash {a} and put it {at}", "rinse {a}, then leave it {at}", "clean {a} and place it {at}",
        "give {a} a wash before you put it {at}",
    ),
    "heat": (
        "heat {a} and put it {at}", "warm up {a}, then leave it {at}", "microwave {a} and set it {at}",
        "make {a} hot and place it {at}",
    ),
    "cool": (
        "cool {a} and put it {at}", "chill {a}, then leave it {at}", "cool {a} down and set it {at}",
        "make {a} cold and place it {at}",
    ),
    "stack": (
        "put {a} in {b} and then put {that} {at}", "place {b} with {a} in it {at}",
        "drop {a} into {b} and carry {that} over, leaving it {at}",
    ),
    "switch": ("turn on {a}", "switch {a} on"),
}  # fmt: skip
_FRAMES = (
    "{C}.", "Please {c}.", "Could you {c}?", "I would like you to {c}.", "Can you {c}, please?", "I need you to {c}.",
    "{C}, please.",
)  # fmt: skip
_ORDER = (
    ("First, {c}.", "Then {c}.", "After that, {c}.", "Finally, {c}."),
    ("{C}.", "Next, {c}.", "Also, {c}.", "Lastly, {c}."),
    ("Please {c}.", "Once that is done, {c}.", "Then {c}.", "And at the end, {c}."),
)
_BEFORE = (
    "My sister is coming over for dinner tonight and there is still a lot to do.",
    "It has been a long day and I am too tired to get up.",
    "I was in the middle of sorting out the house when the telephone rang.",
    "We had guests yesterday, so not everything is where I expect it.",
    "I am running late and you would really help me.",
)
_AFTER = (
    "Take your time with it.", "I will be back in an hour.", "Thanks, that is all for now.",
    "Nothing else has to be done today.",
)  # fmt: skip
_ASIDE = (
    "There may be {others} about as well, but they are fine as they are.", "Never mind {others}.",
    "You can leave {others} alone.", "I have already taken care of {others}.",
)  # fmt: skip


def noun(kind: str, count: int = 1) -> str:
    """Say a category: ``"butter knife"``, ``"rolls of toilet paper"``."""
    word = _PLAIN.get(kind) or "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip()
    if count == 1:
        return word
    head, _, rest = word.partition(" of ")
    last = head.rpartition(" ")[2]
    many = _PLURALS.get(last) or (f"{last}es" if last.endswith(("s", "x", "ch", "sh", "to")) else f"{last}s")
    return head[: len(head) - len(last)] + many + (f" of {rest}" if rest else "")


def with_article(words: str) -> str:
    """Put ``a`` or ``an`` before a noun."""
    return f"{'an' if words[0].lower() in 'aeio' else 'a'} {words}"


def at(kind: str) -> str:
    """Say where something is that lies in or on a thing: ``in``, ``on``."""
    return "in" if kind in _IN else "on"


def clause(family: str, rng: np.random.Generator, **slots: str) -> str:
    """Say what is to be done, as an order without a capital or a full stop."""
    options = _CLAUSES[family]
    return options[int(rng.integers(len(options)))].format(**slots)


def sentence(said: str, rng: np.random.Generator) -> str:
    """Make a sentence of an order."""
    return _fill(_FRAMES[int(rng.integers(len(_FRAMES)))], said)


def in_order(orders: list[str], rng: np.random.Generator) -> str:
    """Make a paragraph of up to four orders."""
    frames = _ORDER[int(rng.integers(len(_ORDER)))]
    chosen = [*frames[: len(orders) - 1], frames[-1]]
    return " ".join(_fill(frame, said) for frame, said in zip(chosen, orders, strict=True))


def with_distractions(said: str, others: str, rng: np.random.Generator) -> str:
    """Surround a sentence with what is beside the point, such as ``others``, things that nothing is asked of."""
    before, after = _BEFORE[int(rng.integers(len(_BEFORE)))], _AFTER[int(rng.integers(len(_AFTER)))]
    aside = _ASIDE[int(rng.integers(len(_ASIDE)))].format(others=others)
    parts = [before, said, aside] if rng.random() < 0.5 else [before, aside, said]
    return " ".join([*parts, after] if rng.random() < 0.5 else parts)


def _fill(frame: str, said: str) -> str:
    return frame.format(c=said, C=said[0].upper() + said[1:])
