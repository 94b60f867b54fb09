"""What rooms are furnished with, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engram.sims.house.spec import RoomType

Where = Literal["wall", "surface"]


@dataclass(frozen=True)
class Extra:
    """A fixture that a room may have, tried in the order of its list."""

    category: str
    chance: float
    prefer: Literal["any", "corner", "centre"] = "any"
    front_m: float = 0.5  # floor kept clear before it
    z_m: float = 0.0  # above 0 it hangs on the wall
    on: tuple[str, ...] = ()  # stands on one of these
    least_m2: float = 0.0  # only in rooms of at least this area
    near: str = ""  # close to this fixture


# Floor-standing things by preference, then what stands on them, then what hangs where the wall is still free.
EXTRAS: dict[RoomType, tuple[Extra, ...]] = {
    "Kitchen": (
        Extra("GarbageCan", 0.95, "corner", 0.3, near="CounterTop"),
        Extra("ShelvingUnit", 0.45, "corner", 0.6, least_m2=11.0),
        Extra("SideTable", 0.15, "corner", 0.4, least_m2=13.0),
        Extra("HousePlant", 0.25, "corner", 0.0, least_m2=13.0),
        Extra("Shelf", 0.45, "any", 0.4, z_m=1.35),
        Extra("Painting", 0.35, "centre", 0.0, z_m=1.4),
        Extra("Curtains", 0.35),
    ),
    "LivingRoom": (
        Extra("ShelvingUnit", 0.7, "corner", 0.6),
        Extra("Desk", 0.35, "corner", 0.0, least_m2=17.0),
        Extra("SideTable", 0.6, "corner", 0.4),
        Extra("Dresser", 0.3, "any", 0.7, least_m2=16.0),
        Extra("HousePlant", 0.8, "corner", 0.0),
        Extra("FloorLamp", 0.35, "corner", 0.0),
        Extra("DogBed", 0.3, "corner", 0.4),
        Extra("Ottoman", 0.35, "any", 0.3),
        Extra("Footstool", 0.25, "any", 0.3, near="ArmChair"),
        Extra("Stool", 0.12, "corner", 0.3),
        Extra("HousePlant", 0.5, on=("SideTable", "Dresser", "TVStand")),
        Extra("VacuumCleaner", 0.06, "corner", 0.3),
        Extra("Shelf", 0.6, "any", 0.4, z_m=1.35),
        Extra("Painting", 0.8, "centre", 0.0, z_m=1.4),
        Extra("Painting", 0.6, "any", 0.0, z_m=1.4),
        Extra("Curtains", 0.7),
    ),
    "Bedroom": (
        Extra("Dresser", 0.85, "centre", 0.7),
        Extra("Desk", 0.75, "corner", 0.0, least_m2=10.0),
        Extra("ShelvingUnit", 0.45, "corner", 0.6),
        Extra("ArmChair", 0.3, "corner", 0.5, least_m2=13.0),
        Extra("LaundryHamper", 0.5, "corner", 0.4),
        Extra("Footstool", 0.2, "any", 0.3),
        Extra("Safe", 0.15, "corner", 0.5),
        Extra("GarbageCan", 0.5, "corner", 0.3, near="Desk"),
        Extra("HousePlant", 0.3, "corner", 0.0),
        Extra("FloorLamp", 0.25, "corner", 0.0),
        Extra("DogBed", 0.08, "corner", 0.4),
        Extra("VacuumCleaner", 0.05, "corner", 0.3),
        Extra("Television", 0.2, on=("Dresser",)),
        Extra("DeskLamp", 0.6, on=("SideTable",)),
        Extra("HousePlant", 0.3, on=("Dresser", "Desk")),
        Extra("Mirror", 0.7, "any", 0.5, z_m=1.1, near="Dresser"),
        Extra("Shelf", 0.6, "any", 0.4, z_m=1.35),
        Extra("Painting", 0.8, "centre", 0.0, z_m=1.4),
        Extra("Painting", 0.4, "any", 0.0, z_m=1.4),
        Extra("Curtains", 0.8),
    ),
    "Bathroom": (
        Extra("TowelHolder", 0.95, "any", 0.4, z_m=1.15),
        Extra("HandTowelHolder", 0.9, "any", 0.4, z_m=1.2, near="Sink"),
        Extra("GarbageCan", 0.8, "corner", 0.3, near="Toilet"),
        Extra("LaundryHamper", 0.5, "corner", 0.4),
        Extra("ShelvingUnit", 0.2, "corner", 0.6, least_m2=7.0),
        Extra("SideTable", 0.2, "corner", 0.4, least_m2=6.5),
        Extra("Shelf", 0.6, "any", 0.4, z_m=1.3),
        Extra("HousePlant", 0.15, "corner", 0.0, least_m2=7.0),
        Extra("Painting", 0.25, "centre", 0.0, z_m=1.4),
    ),
}

# Without these a room is not what its type says.
ESSENTIAL: dict[RoomType, tuple[str, ...]] = {
    "Kitchen": ("CounterTop", "Sink", "Fridge", "StoveBurner"),
    "LivingRoom": ("Sofa", "Television"),
    "Bedroom": ("Bed",),
    "Bathroom": ("Toilet", "Sink"),
}
