from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from engram.evaluation.options import OptionError, build, flat, merged, names, plain


@dataclass(frozen=True)
class Wheels:
    count: int = 4
    kind: Literal["round", "square"] = "round"
    radius_m: float = field(default=0.1, metadata={"given": "it is the world's"})


@dataclass(frozen=True)
class Car:
    wheels: Wheels = field(default_factory=Wheels)
    name: str | None = None
    speed: float = 1.0
    plan: Path | None = None
    tags: frozenset[str] = frozenset({"b", "a"})
    sizes: tuple[int, ...] = ()
    doors: int | Literal["none"] = 2
    fast: bool = False

    def __post_init__(self):
        if self.speed < 0:
            raise ValueError("speed must not be negative")


def test_values_take_their_types():
    car = build(
        Car, {"wheels": {"count": 3}, "speed": 2, "plan": "a/b", "tags": ["x"], "sizes": [1, 2], "doors": "none"}
    )
    assert car == Car(Wheels(3), None, 2.0, Path("a/b"), frozenset({"x"}), (1, 2), "none")
    assert isinstance(car.speed, float)


def test_there_and_back():
    values = plain(Car(plan=Path("a")))
    assert values == {
        "wheels": {"count": 4, "kind": "round"}, "name": None, "speed": 1.0, "plan": "a", "tags": ["a", "b"],
        "sizes": [], "doors": 2, "fast": False,
    }  # fmt: skip
    assert build(Car, values) == Car(plan=Path("a"))


@pytest.mark.parametrize(
    ("values", "key", "said"),
    [
        ({"whels": {}}, ("whels",), "no option 'whels'; did you mean 'wheels'?"),
        ({"speeed": 1}, ("speeed",), "no option 'speeed'; did you mean 'speed'?"),
        ({"wheels": {"cout": 3}}, ("wheels", "cout"), "no option 'wheels.cout'; did you mean 'wheels.count'?"),
        ({"wheels": {"radius_m": 3.0}}, ("wheels", "radius_m"), "wheels.radius_m cannot be set: it is the world's"),
        ({"wheels": 3}, ("wheels",), "wheels must be a group of options, not 3"),
        ({"wheels": {"kind": "sqare"}}, ("wheels", "kind"), "wheels.kind cannot be 'sqare'; did you mean 'square'?"),
        ({"wheels": {"count": True}}, ("wheels", "count"), "wheels.count must be a whole number, not True"),
        ({"fast": 1}, ("fast",), "fast must be true or false, not 1"),
        ({"name": 3}, ("name",), "name must be text, not 3"),
        ({"tags": "abc"}, ("tags",), "tags must be a list, not 'abc'"),
        ({"speed": -1}, (), "speed must not be negative"),
    ],
)
def test_what_does_not_fit_is_named(values, key, said):
    with pytest.raises(OptionError) as caught:
        build(Car, values)
    assert str(caught.value).startswith(said)
    assert caught.value.key == key


def test_dotted_names():
    assert set(names(Car)) == {
        "wheels.count", "wheels.kind", "name", "speed", "plan", "tags", "sizes", "doors", "fast",
    }  # fmt: skip
    assert merged({"a": {"b": 1, "c": 2}}, {"a.b": 3, "a": {"d": 4}, "e.f": 5}) == {
        "a": {"b": 3, "c": 2, "d": 4},
        "e": {"f": 5},
    }
    assert flat({"a": {"b": 3, "c": {"d": 1}}, "e": 0}) == {"a.b": 3, "a.c.d": 1, "e": 0}
