"""Tasks by seed: the same each time, about what there is, not done yet, and such that an oracle can do them."""

from __future__ import annotations

from collections import Counter

import pytest

from engram.evaluation.household.check import check, meant
from engram.evaluation.household.draw import draw_task
from engram.evaluation.household.oracle import OracleAgent
from engram.evaluation.household.scene import scene_of
from engram.evaluation.household.tasks import SUBSETS, household, make_task
from engram.sims.house.text import TextHouse

SEED = 11


@pytest.fixture(scope="module")
def home():
    """A house, its scene, and the places where a robot can stand in it."""
    house = household(SEED, 4)
    world = TextHouse()
    world.reset(SEED, {"house": house})
    return house, scene_of(world.truth.objects(), house), world.truth.reachable()


@pytest.fixture(scope="module")
def tasks(home):
    """Tasks of each subset."""
    _, scene, reachable = home
    return {s: [make_task(SEED, s, scene, reachable, k) for k in range(12)] for s in SUBSETS}


def test_the_same_seed_gives_the_same_tasks(home, tasks):
    _, scene, reachable = home
    again = {s: [make_task(SEED, s, scene, reachable, k) for k in range(12)] for s in SUBSETS}
    assert again == tasks
    assert make_task(SEED + 1, "base", scene, reachable) != tasks["base"][0]


def test_half_of_the_dishes_are_dirty(home):
    house, scene, _ = home
    assert household(SEED, 4) == house
    dishes = [t for t in scene.things if t.pickupable and "dirty" in t.state]
    assert 0 < sum(t.state["dirty"] for t in dishes) < len(dishes)


def test_no_task_is_done_when_it_begins(home, tasks):
    _, scene, _ = home
    for subset, made in tasks.items():
        for task in made:
            found = check(task.goal, scene, scene)
            assert not found.success, f"{subset}: {task.text}"
            assert found.total >= 1


def test_tasks_are_about_what_there_is(home, tasks):
    _, scene, _ = home
    whole = {"AppleSliced": "Apple", "BreadSliced": "Bread", "LettuceSliced": "Lettuce", "PotatoSliced": "Potato"}
    present = {t.category for t in scene.things}
    for made in tasks.values():
        for want in (w for task in made for w in task.goal.wants):
            kinds = {whole.get(k, k.removesuffix("Sliced")) for k in want.thing.kinds}
            assert kinds & present
            assert want.at is None or want.at.kinds & present


def test_all_families_are_drawn(tasks):
    families = Counter(task.family for task in tasks["base"] + tasks["complex_instruction"])
    assert {"place", "two", "light", "clean", "heat", "cool", "stack"} - set(families) <= {"two", "stack", "light"}
    assert len(families) >= 4


def test_descriptions_tell_a_thing_from_others_of_its_kind(home, tasks):
    _, scene, _ = home
    for task in tasks["spatial"] + tasks["visual_appearance"]:
        told = next(
            w.thing for w in task.goal.wants if w.thing.room or w.thing.place or w.thing.beside or w.thing.colour
        )
        of_kind = [t for t in scene.things if t.category in told.kinds]
        assert 0 < len(meant(told, scene)) < len(of_kind), task.text
    assert all(any(w.thing.colour for w in t.goal.wants) for t in tasks["visual_appearance"])
    assert all(t.goal.wants[0].thing.colour in t.text for t in tasks["visual_appearance"] if t.family != "light")


def test_what_each_subset_is_about(tasks):
    assert all(len(t.goal.wants) >= 3 and t.family.count("+") in (2, 3) for t in tasks["long_horizon"])
    short, long = ([len(t.text) for t in tasks[s]] for s in ("base", "complex_instruction"))
    assert min(long) > 80
    assert sum(long) > 1.5 * sum(short)
    by_use = [w.thing.kinds for t in tasks["common_sense"] for w in t.goal.wants]
    assert any(len(kinds) > 1 for kinds in by_use)
    assert len({t.text for t in tasks["base"]}) > 6, "wordings vary"


def test_texts_are_sentences(tasks):
    for made in tasks.values():
        for task in made:
            assert task.text[0].isupper()
            assert task.text[-1] in ".?"
            assert "{" not in task.text
            assert "  " not in task.text


def test_an_oracle_does_what_is_drawn(home):
    house, _, _ = home
    drawn = draw_task(SEED, "base", house)
    assert drawn == draw_task(SEED, "base", house)
    world = TextHouse()
    world.reset(SEED, {"house": house})
    start = scene_of(world.truth.objects(), house)
    ended = OracleAgent(world, drawn.task.goal, start).run()
    assert (ended.claimed, ended.reason, ended.moves) == (True, "success", drawn.oracle_moves)
    assert check(drawn.task.goal, start, scene_of(world.truth.objects(), house)).success


@pytest.mark.slow
@pytest.mark.parametrize("subset", SUBSETS)
def test_twenty_tasks_of_each_subset_can_be_done(subset):
    for seed in range(20, 40):
        assert draw_task(seed, subset, household(seed, 4)).oracle_moves > 0
