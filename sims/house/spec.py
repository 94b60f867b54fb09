"""A house as data: what ``generate`` makes, ``model`` compiles and a JSON file holds.

Convention: house frame, metres, z up, floor at z = 0; yaw in radians about z, 0 = a fixture that faces +x.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from dataclasses import dataclass
from typing import Any, Literal

from engram.sims.house.categories import UnknownCategoryError, category
from engram.sims.house.geometry import Quat, Vec3

SCHEMA_VERSION = 1
RoomType = Literal["Kitchen", "LivingRoom", "Bedroom", "Bathroom"]
ROOM_TYPES: tuple[RoomType, ...] = typing.get_args(RoomType)
RGB = tuple[float, float, float]


@dataclass(frozen=True)
class RoomSpec:
    """An axis-aligned room; walls stand on its outline."""

    id: str  # "Kitchen_1"
    type: RoomType
    x0: float
    y0: float
    x1: float
    y1: float
    floor: Literal["wood", "tile", "cloth"]
    floor_rgb: RGB
    wall_rgb: RGB


@dataclass(frozen=True)
class OpeningSpec:
    """A doorway between two rooms or a window in an outer wall."""

    kind: Literal["door", "window"]
    rooms: tuple[str, ...]  # the two rooms of a door, the one room of a window
    axis: Literal["x", "y"]  # direction in which the wall runs
    x: float  # centre of the opening
    y: float
    width: float
    bottom: float
    top: float


@dataclass(frozen=True)
class FixtureSpec:
    """Furniture or an appliance; its children (drawers, taps) come with the shape."""

    id: str
    category: str
    variant: int
    room: str
    pos: Vec3
    yaw: float


@dataclass(frozen=True)
class ObjectSpec:
    """A pickupable object at rest."""

    id: str
    category: str
    variant: int
    room: str
    receptacle: str  # id of the component that holds it: "CounterTop_1" or "CounterTop_1/Drawer_2"; empty for the floor
    pos: Vec3
    quat: Quat
    dirty: bool = False


@dataclass(frozen=True)
class HouseSpec:
    """A whole house."""

    seed: int
    rooms: tuple[RoomSpec, ...]
    openings: tuple[OpeningSpec, ...]
    fixtures: tuple[FixtureSpec, ...]
    objects: tuple[ObjectSpec, ...]
    ceiling_m: float = 2.6
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """Serialise; :meth:`from_json` gives an equal spec back."""
        return json.dumps(dataclasses.asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> HouseSpec:
        """Parse and check a spec; raise :class:`HouseSpecError` naming the path of what is wrong."""
        try:
            raw = json.loads(text)
        except json.JSONDecodeError as error:
            raise HouseSpecError("$", f"not JSON: {error}") from error
        version = raw.get("schema_version", SCHEMA_VERSION) if isinstance(raw, dict) else SCHEMA_VERSION
        if version != SCHEMA_VERSION:
            raise HouseSpecError("$.schema_version", f"this engram reads version {SCHEMA_VERSION}, not {version!r}")
        spec: HouseSpec = _parse(raw, cls, "$")
        _check(spec)
        return spec


class HouseSpecError(ValueError):
    """Raised for a broken house file. ``path`` is the JSON path of the fault."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


def _parse(raw: Any, kind: Any, path: str) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _parse_dataclass(raw, kind, path)
    if origin is Literal:
        if raw not in args:
            raise HouseSpecError(path, f"must be one of {', '.join(map(repr, args))}, not {raw!r}")
        return raw
    if origin is tuple:
        if not isinstance(raw, list):
            raise HouseSpecError(path, f"must be a list, not {raw!r}")
        if args[-1] is Ellipsis:
            return tuple(_parse(v, args[0], f"{path}[{i}]") for i, v in enumerate(raw))
        if len(raw) != len(args):
            raise HouseSpecError(path, f"must have {len(args)} values, not {len(raw)}")
        return tuple(_parse(v, a, f"{path}[{i}]") for i, (v, a) in enumerate(zip(raw, args, strict=True)))
    if kind is float and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw)
    if not isinstance(raw, kind) or (kind is int and isinstance(raw, bool)):
        raise HouseSpecError(path, f"must be {kind.__name__}, not {raw!r}")
    if kind is float and not -1e4 < raw < 1e4:
        raise HouseSpecError(path, f"must be a finite number of metres or radians, not {raw!r}")
    return raw


def _parse_dataclass(raw: Any, kind: Any, path: str) -> Any:
    if not isinstance(raw, dict):
        raise HouseSpecError(path, f"must be an object, not {raw!r}")
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    for name in raw:
        if name not in fields:
            raise HouseSpecError(f"{path}.{name}", f"unknown key; known are {', '.join(fields)}")
    values = {}
    for name, f in fields.items():
        if name in raw:
            values[name] = _parse(raw[name], hints[name], f"{path}.{name}")
        elif f.default is dataclasses.MISSING:
            raise HouseSpecError(f"{path}.{name}", "is missing")
    return kind(**values)


def _check(spec: HouseSpec) -> None:
    rooms = {r.id for r in spec.rooms}
    if not spec.rooms:
        raise HouseSpecError("$.rooms", "a house has at least one room")
    seen: set[str] = set()
    for name in ("rooms", "fixtures", "objects"):
        for i, item in enumerate(getattr(spec, name)):
            path = f"$.{name}[{i}]"
            if item.id in seen:
                raise HouseSpecError(f"{path}.id", f"{item.id!r} occurs twice")
            seen.add(item.id)
            if name != "rooms":
                _check_thing(item, path, rooms, pickupable=name == "objects")
    for i, opening in enumerate(spec.openings):
        for j, room in enumerate(opening.rooms):
            if room not in rooms:
                raise HouseSpecError(f"$.openings[{i}].rooms[{j}]", f"no room {room!r}")


def _check_thing(item: FixtureSpec | ObjectSpec, path: str, rooms: set[str], *, pickupable: bool) -> None:
    try:
        known = category(item.category)
    except UnknownCategoryError as error:
        raise HouseSpecError(f"{path}.category", str(error)) from error
    if known.pickupable != pickupable:
        raise HouseSpecError(
            f"{path}.category", f"{item.category} belongs in {'objects' if known.pickupable else 'fixtures'}"
        )
    if item.room not in rooms:
        raise HouseSpecError(f"{path}.room", f"no room {item.room!r}")
