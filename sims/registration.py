"""Names for ``gymnasium.make``; found through the entry point ``gymnasium.envs``, so nothing heavy is imported here.

The entry point gives the namespace ``engram``: the ids are ``engram/House-v0`` (houses of any number of rooms) and
``engram/HouseKitchen-v0``, ``engram/HouseLivingRoom-v0``, ``engram/HouseBedroom-v0``, ``engram/HouseBathroom-v0``
(single rooms). Keyword arguments of ``gymnasium.make`` become fields of ``HouseConfig``.
"""

from __future__ import annotations

import gymnasium

_HOUSE = "engram.sims.house.world:HouseWorld"
_ROOMS = ("Kitchen", "LivingRoom", "Bedroom", "Bathroom")


def register() -> None:
    """Register the worlds of this distribution."""
    gymnasium.register(id="House-v0", entry_point=_HOUSE)
    for room in _ROOMS:
        gymnasium.register(id=f"House{room}-v0", entry_point=_HOUSE, kwargs={"rooms": room})
