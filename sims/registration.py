"""Names for ``gymnasium.make``, registered by ``import engram``.

The ids are ``engram/House-v0`` (houses of any number of rooms) and ``engram/HouseKitchen-v0``,
``engram/HouseLivingRoom-v0``, ``engram/HouseBedroom-v0``, ``engram/HouseBathroom-v0`` (single rooms). Keyword arguments
of ``gymnasium.make`` become fields of ``HouseConfig``. Entry points are strings, so nothing heavy is imported here.

Gymnasium 1.0 dropped the plug-in loading of ``gymnasium.envs`` entry points; ours tells tools where this is.
"""

from __future__ import annotations

import gymnasium

_HOUSE = "engram.sims.house.world:HouseWorld"
_ROOMS = ("Kitchen", "LivingRoom", "Bedroom", "Bathroom")


def register() -> None:
    """Register the worlds of this distribution; again is harmless."""
    _register("engram/House-v0", {})
    for room in _ROOMS:
        _register(f"engram/House{room}-v0", {"rooms": room})


def _register(name: str, fields: dict[str, str]) -> None:
    if name not in gymnasium.registry:
        gymnasium.register(id=name, entry_point=_HOUSE, kwargs=fields)
