"""Configuration, reset options and registration."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings

import gymnasium
import pytest

from engram.sims.contract import Verb, act
from engram.sims.house.options import ConfigError, HouseConfig
from engram.sims.house.spec import HouseSpecError
from engram.sims.house.world import HouseWorld
from engram.sims.registration import register
from engram.sims.seeds import SeedError


@pytest.fixture
def world():
    return HouseWorld(width=32, height=32)


def test_unknown_field_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'width'"):
        HouseWorld(widht=10)


@pytest.mark.parametrize(
    ("field", "value"),
    [("width", 0), ("fov_deg", 180.0), ("depth_noise", -1.0), ("drop_rate", 1.0), ("max_steps", 1.5)],
)
def test_impossible_fields_are_refused(field, value):
    with pytest.raises(ConfigError, match=field):
        HouseWorld(**{field: value})


def test_fields_add_to_a_configuration():
    world = HouseWorld(HouseConfig(width=64, height=48), mess=2)
    assert (world.config.width, world.config.height, world.config.mess) == (64, 48, 2)


def test_a_house_comes_as_spec_dict_or_file(world, plan, tmp_path):
    spec = plan()
    path = tmp_path / "house.json"
    path.write_text(spec.to_json(), encoding="utf-8")
    for house in (spec, json.loads(spec.to_json()), path, str(path)):
        world.reset(seed=1, options={"house": house})
        assert world.truth.house == spec


def test_a_broken_house_file_is_named(world, plan, tmp_path):
    raw = json.loads(plan().to_json())
    raw["fixtures"][1]["category"] = "Frigde"
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(HouseSpecError, match=r"broken\.json.*fixtures\[1\]\.category.*'Fridge'"):
        world.reset(seed=1, options={"house": path})
    with pytest.raises(ConfigError, match="absent"):
        world.reset(seed=1, options={"house": tmp_path / "absent.json"})
    with pytest.raises(ConfigError, match="house"):
        world.reset(seed=1, options={"house": 7})


def test_contradicting_options_are_refused(world, plan):
    with pytest.raises(ConfigError, match="rooms"):
        world.reset(seed=1, options={"house": plan(), "rooms": 2})


def test_a_failed_reset_keeps_the_running_episode(world, plan):
    world.reset(seed=1, options={"house": plan()})
    with pytest.raises(ConfigError):
        world.reset(seed=1, options={"house": plan(), "mess": "much"})
    assert world.step(act(Verb.ROTATE_LEFT))[4]["outcome"] == "ok"


def test_seeds_outside_the_splits_are_refused(world, plan):
    with pytest.raises(SeedError):
        world.reset(seed=900_000, options={"house": plan()})


def test_rooms_by_number_and_type(world):
    assert world.reset(seed=5, options={"rooms": "Bathroom"})[1]["rooms"] == ["Bathroom"]
    assert len(world.reset(seed=5, options={"rooms": 2, "objects": 10})[1]["rooms"]) == 2


def test_categories_label_the_instances(world, plan, on_counter):
    world.reset(seed=1, options={"house": plan(on_counter["Mug_1"]), "start": (1.4, 1.0, 180.0)})
    truth = world.truth
    assert truth.categories() == [o.category for o in truth.objects()]
    names = [o.id for o in truth.objects()]
    mug = truth.instances() == names.index("Mug_1")
    assert mug.any()
    assert len(set(truth.category_image()[mug].tolist())) == 1
    assert (truth.category_image()[truth.instances() < 0] == -1).all()
    assert truth.rooms() == {"Kitchen_1": "Kitchen"}


def test_registered_worlds_work_with_all_wrappers_and_no_warning():
    register()
    register()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make("engram/HouseBathroom-v0", width=32, height=24, render_mode="rgb_array")
        _, info = env.reset(seed=1)
        assert info["rooms"] == ["Bathroom"]
        for verb in Verb:
            env.step(act(verb))
        assert env.render().shape == (24, 32, 3)
        env.close()


def test_registration_is_light():
    code = (
        "import sys; from engram.sims.registration import register; register();"
        "print([m for m in ('mujoco', 'numba', 'scipy', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("renderer", ["raster", "rays"])
def test_renderers_can_be_chosen(plan, renderer):
    world = HouseWorld(width=32, height=32, renderer=renderer)
    observation, _ = world.reset(seed=1, options={"house": plan(), "start": (2.5, 2.5, 0.0)})
    assert observation["depth"].max() > 1.0
    assert observation["rgb"].std() > 5
    world.close()
