"""What a house world can be told: its configuration and the options of ``reset``."""

from __future__ import annotations

import dataclasses
import json
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any, cast

from engram.sims.contract import WorldConfig
from engram.sims.house.render.base import Kind
from engram.sims.house.spec import HouseSpec, HouseSpecError, RoomType

RESET_OPTIONS = frozenset({"house", "rooms", "area_m2", "objects", "mess", "start"})
Rooms = int | RoomType | Sequence[RoomType] | None


class ConfigError(ValueError):
    """Raised for a configuration or reset option that makes no sense; the message names it."""


@dataclass(frozen=True, kw_only=True)
class HouseConfig(WorldConfig):
    """Options of a house world. Those under "defaults of reset" hold where ``reset`` is not told otherwise."""

    renderer: Kind = "auto"
    # Noise models, all off: the sensors are exact.
    move_noise_m: float = 0.0  # standard deviation of believed position a move (TIDEE: 0.005)
    turn_noise_deg: float = 0.0  # standard deviation of believed yaw a turn, and of pitch a look (TIDEE: 0.5)
    depth_noise: float = 0.0  # standard deviation of disparity (TIDEE: 0.2)
    drop_rate: float = 0.0  # probability that the camera repeats its previous frame
    # Defaults of reset.
    rooms: Rooms = None
    area_m2: float | None = None
    objects: int | None = None
    mess: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no world can have."""
        for name in ("width", "height", "max_steps"):
            if integer(name, getattr(self, name)) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)!r}")
        for name in ("fov_deg", "move_m", "rotate_deg", "look_deg", "reach_m"):
            if not 0.0 < getattr(self, name) < 1e3:
                raise ConfigError(f"{name} must be above 0, not {getattr(self, name)!r}")
        for name in ("move_noise_m", "turn_noise_deg", "depth_noise"):
            if not 0.0 <= getattr(self, name) < 1e3:
                raise ConfigError(f"{name} must not be negative, not {getattr(self, name)!r}")
        if not self.fov_deg < 180.0:
            raise ConfigError(f"fov_deg must be below 180, not {self.fov_deg!r}")
        if not 0.0 <= self.drop_rate < 1.0:
            raise ConfigError(f"drop_rate must be in [0, 1), not {self.drop_rate!r}")


@dataclass(frozen=True)
class ResetOptions:
    """Checked options of one episode."""

    house: HouseSpec | None
    rooms: int | Sequence[RoomType] | None
    area_m2: float | None
    objects: int | None
    mess: int
    start: tuple[float, float, float] | None  # x, y in metres and yaw in degrees, house frame


def make_config(config: HouseConfig | None, fields: Mapping[str, Any]) -> HouseConfig:
    """Return ``config`` with some fields replaced; raise :class:`ConfigError` for a name that is no field."""
    known = [f.name for f in dataclasses.fields(HouseConfig)]
    for name in fields:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise ConfigError(f"a house world has no option {name!r}; {hint}")
    return dataclasses.replace(config or HouseConfig(), **fields)


def reset_options(config: HouseConfig, options: Mapping[str, Any]) -> ResetOptions:
    """Check the options of ``reset``.

    Raises:
        ConfigError: an option makes no sense, or two contradict each other.
        HouseSpecError: the house is broken.

    """
    house = options.get("house")
    clash = [name for name in ("rooms", "area_m2", "objects") if options.get(name) is not None]
    if house is not None and clash:
        raise ConfigError(f"the option 'house' says all about the house, so {clash[0]!r} has no place beside it")
    rooms = options.get("rooms", config.rooms)
    if isinstance(rooms, str):
        rooms = (cast(RoomType, rooms),)
    objects = options.get("objects", config.objects)
    mess = integer("mess", options.get("mess", config.mess))
    if mess < 0:
        raise ConfigError(f"mess must not be negative, not {mess}")
    return ResetOptions(
        house=None if house is None else load_house(house),
        rooms=rooms,
        area_m2=options.get("area_m2", config.area_m2),
        objects=None if objects is None else integer("objects", objects),
        mess=mess,
        start=_start(options.get("start")),
    )


def load_house(house: HouseSpec | Mapping[str, Any] | str | PathLike[str]) -> HouseSpec:
    """Return a house given as a spec, as the content of its JSON, or as the path of a JSON file."""
    if isinstance(house, HouseSpec):
        return house
    if isinstance(house, Mapping):
        return HouseSpec.from_json(json.dumps(house))
    if not isinstance(house, (str, PathLike)):
        raise ConfigError(f"house must be a HouseSpec, a dict or the path of a JSON file, not {house!r}")
    path = Path(house)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read the house {str(path)!r}: {error.strerror}") from error
    try:
        return HouseSpec.from_json(text)
    except HouseSpecError as error:
        raise HouseSpecError(f"{path}: {error.path}", str(error).removeprefix(f"{error.path}: ")) from error


def integer(name: str, value: Any) -> int:
    """Return a whole number; raise :class:`ConfigError` for anything else."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ConfigError(f"{name} must be a whole number, not {value!r}") from None
    if isinstance(value, bool):
        raise ConfigError(f"{name} must be a whole number, not {value!r}")
    return number


def _start(value: Any) -> tuple[float, float, float] | None:
    if value is None:
        return None
    try:
        x, y, yaw = (float(v) for v in value)
    except (TypeError, ValueError):
        raise ConfigError(f"start must be (x, y, yaw in degrees), not {value!r}") from None
    if not all(-1e4 < v < 1e4 for v in (x, y, yaw)):
        raise ConfigError(f"start must be finite, not {value!r}")
    if yaw % 90.0:
        raise ConfigError(f"the yaw of start must be a multiple of 90 degrees, not {yaw}")
    return x, y, yaw
