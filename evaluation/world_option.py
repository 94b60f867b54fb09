"""Worlds as the command line names them: ``house:seed=3,rooms=2``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches


class WorldOptionError(ValueError):
    """Raised for a world that there is not, or an option that it has not; the message says what there is."""


@dataclass(frozen=True)
class HouseOptions:
    """Options of the embedded house."""

    seed: int = 3
    rooms: int | None = 4  # a home with a kitchen; None: the generator chooses
    objects: int | None = None


def parse_world(text: str) -> HouseOptions:
    """Return the options of a world.

    Raises:
        WorldOptionError: the world or an option is unknown, or a value is no number.

    """
    name, _, rest = text.partition(":")
    if name != "house":
        raise WorldOptionError(f"there is no world {name!r} to run in; write house:seed=3")
    known = [field.name for field in fields(HouseOptions)]
    values: dict[str, int] = {}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        if key not in known:
            near = get_close_matches(key, known, n=1) or known
            raise WorldOptionError(f"the house has no option {key!r}; did you mean {' or '.join(near)}?")
        if not value.isdecimal():
            raise WorldOptionError(f"{key} of the house is a whole number, not {value!r}; write house:seed=3")
        values[key] = int(value)
    return HouseOptions(**values)
