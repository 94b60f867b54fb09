from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from engram.evaluation.household.check import Scene  # noqa: E402
from engram.evaluation.training.planner import PlannerTraining, Trained, _Numbers, fit, save  # noqa: E402
from engram.evaluation.training.planner_command import Planner, as_json, card  # noqa: E402
from engram.evaluation.training.planner_scores import Row, judge  # noqa: E402
from engram.evaluation.training.planner_tokens import END, encode, learn_tokens  # noqa: E402
from engram.evaluation.training.planner_traces import (  # noqa: E402
    Case,
    Sampling,
    collect,
    errand,
    glimpse,
    is_told,
    task_cases,
)
from engram.perception.language.contract import Reply  # noqa: E402
from engram.perception.language.local import LocalConfig, LocalModel  # noqa: E402
from engram.planners.contract import AT, OPEN, Beliefs, Goal, Noun, Plan, Step, Thing, Want  # noqa: E402
from engram.planners.llm.calls import read_draft  # noqa: E402
from engram.planners.llm.planner import small_request  # noqa: E402
from engram.planners.symbolic.affordances import kinds  # noqa: E402
from engram.sims.contract import TrueObject  # noqa: E402
from engram.sims.seeds import SeedError  # noqa: E402

ALL = Sampling(1.0, 1.0, 0.0, 1.0, 0.0, 0.0)
TINY = PlannerTraining(width=32, layers=2, heads=2, steps=120, batch=8, exercises=0, rate=1e-2, save_every=50)


def goal(kind="Mug", place="Fridge", text=""):
    return Goal((Want(Noun(frozenset({kind})), Noun(frozenset({place}))),), text)


def thing(name, holder="", room="Kitchen_1", **state):
    kind = name.split("_")[0]
    traits = kinds()[kind].traits
    return TrueObject(
        name, kind, (1.0, 1.0, 0.5), (0.1, 0.1, 0.1), (holder,) if holder else (), room, "pickupable" in traits,
        "receptacle" in traits, "openable" in traits, state,
    )  # fmt: skip


SCENE = Scene(
    (
        thing("CounterTop_1"), thing("Fridge_1", open=False), thing("Mug_1", "CounterTop_1", dirty=True),
        thing("Mug_2", "CounterTop_1"), thing("Egg_1", "Fridge_1"), thing("Bed_1", room="Bedroom_1"),
    ),
    {"Mug_1": "red"},
    {"Kitchen_1": "Kitchen", "Bedroom_1": "Bedroom"},
)  # fmt: skip
REACHABLE = np.array([[1.0, 2.0]])


def believe(number=1):
    names = {"Mug": f"Mug_{number}", "Fridge": f"Fridge_{number}", "CounterTop": "CounterTop_2"}
    things = {name: Thing(name, kind, (1.0, 2.0, 0.5)) for kind, name in names.items()}
    facts = {(AT, names["Mug"], "CounterTop_2"): True, (OPEN, names["Fridge"]): False}
    return Beliefs(things, facts, here=(1.0, 1.0, 0.0))


def case(number=1):
    steps = (
        Step("pick", (f"Mug_{number}",)),
        Step("open", (f"Fridge_{number}",)),
        Step("place", (f"Fridge_{number}",)),
    )
    return Case(goal(), believe(number), (), steps)


def test_a_glimpse_is_true_and_what_is_shut_in_is_not_in_it():
    hidden = 0
    for seed in range(12):
        seen = glimpse(SCENE, REACHABLE, np.random.default_rng(seed), ALL)
        by_kind = {t.kind: t.name for t in seen.things.values() if t.kind != "Mug"}
        mugs = [t.name for t in seen.things.values() if t.kind == "Mug"]
        assert len(mugs) == 2
        assert sorted(seen.holds("clean", name) for name in mugs) == [False, True]
        assert all(seen.place_of(name) == by_kind["CounterTop"] for name in mugs)
        assert seen.holds(OPEN, by_kind["Fridge"]) is False
        assert (seen.here, seen.explored, seen.held) == ((1.0, 2.0, 0.0), True, "")
        hidden += "Egg" not in by_kind
        assert ("Egg" in by_kind) is bool(seen.holds("searched", by_kind["Fridge"]))
    assert 0 < hidden < 12


def test_a_room_that_was_not_seen_is_unknown():
    seen = [glimpse(SCENE, REACHABLE, np.random.default_rng(s), replace(ALL, room=0.5, whole=0.0)) for s in range(20)]
    assert {any(t.kind == "Bed" for t in b.things.values()) for b in seen} == {True, False}
    assert not any(b.explored for b in seen)


def test_plans_follow_one_another_and_are_told_of():
    cases = task_cases(goal(), SCENE, REACHABLE, np.random.default_rng(3), replace(ALL, reached=1.0))
    assert len(cases) > 1
    assert [s.skill for s in cases[0].steps] == ["pick", "open", "place", "close"]
    assert all(is_told(c) for c in cases)
    assert read_draft(cases[0].answer).steps == cases[0].steps


def test_some_plans_come_after_a_failure():
    rngs = [np.random.default_rng(seed) for seed in range(10)]
    told = [c for rng in rngs for c in task_cases(goal(), SCENE, REACHABLE, rng, replace(ALL, failure=1.0))]
    failed = [c for c in told if c.steps]
    assert failed
    for each in failed:
        assert len(each.feedback) == 1
        assert each.row()["user"].endswith(("no_space\n</data>", "blocked\n</data>", "not_found\n</data>"))


def test_a_plan_is_cut_after_its_first_errand():
    steps = (*case().steps, Step("close", ("Fridge_1",)), Step("pick", ("Mug_1",)), Step("place", ("CounterTop_2",)))
    assert errand(Plan(steps), goal(), believe()) == steps[:4]
    assert errand(Plan(refusal="not_found"), goal(), believe()) is None
    assert errand(Plan((Step("open", ("Fridge_1",)),)), goal("Mug", "CounterTop"), believe()) is None  # beside the goal
    assert errand(Plan(), goal(), believe()) == ()


def test_what_is_not_told_cannot_be_learned():
    assert is_told(case())
    assert not is_told(replace(case(), steps=(Step("pick", ("Mug_9",)),)))


def test_a_name_is_two_tokens_and_nothing_is_lost():
    rows = [case(n).row() for n in range(1, 9)]
    tokens = learn_tokens([row[k] for row in rows for k in ("system", "user", "answer")], 800)
    parts = [tokens.decode([n]) for n in tokens("place TeddyBear_7", add_special_tokens=False)["input_ids"]]
    assert parts[-2:] == ["TeddyBear", "_7"]
    (ids, begin), *_ = encode(tokens, rows)
    assert tokens.decode(ids[begin:]) == rows[0]["answer"] + END
    odd = "‹Ünused› 寿司\n"
    assert tokens.decode(tokens(odd, add_special_tokens=False)["input_ids"]) == odd


@pytest.fixture(scope="module")
def lesson():
    torch.set_num_threads(1)
    rows = [case(n).row() for n in range(1, 13)]
    tokens = learn_tokens([row[k] for row in rows for k in ("system", "user", "answer")], 700)
    return encode(tokens, rows), tokens


def test_a_model_learns_the_form_of_plans_and_is_saved(lesson, tmp_path):
    data, tokens = lesson
    save(tmp_path, fit(TINY, data, tokens), tokens)
    model = LocalModel(LocalConfig(str(tmp_path), max_tokens=60))
    steps = read_draft(model.ask(small_request(goal(), believe(3))).text).steps
    assert [s.skill for s in steps] == ["pick", "open", "place"]
    assert [s.args[0].split("_")[0] for s in steps] == ["Mug", "Fridge", "Fridge"]


def test_exercises_are_names_and_then_their_numbers_to_be_copied(lesson):
    _, tokens = lesson
    ids, learned = _Numbers(tokens).exercise(np.random.default_rng(0))
    said = [tokens.decode([n]) for n in ids]
    end = said.index(END)
    numbers = dict(zip(said[0:end:2], said[1:end:2], strict=True))
    assert len(numbers) >= 4
    assert [said[k] for k in learned] == [numbers[said[k - 1]] for k in learned]
    assert learned.start == end + 2


def test_new_numbers_are_the_same_for_the_same_thing(lesson):
    data, tokens = lesson
    old = data[0][0]
    new = _Numbers(tokens).anew(old, np.random.default_rng(1))
    text = tokens.decode(new)
    (mug,) = set(re.findall(r"Mug_\d+", text))
    (fridge,) = set(re.findall(r"Fridge_\d+", text))
    assert text == tokens.decode(old).replace("Mug_1", mug).replace("Fridge_1", fridge).replace(
        "CounterTop_2", re.findall(r"CounterTop_\d+", text)[0]
    )
    assert text != tokens.decode(old)


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(lesson, tmp_path):
    data, tokens = lesson
    config, path = replace(TINY, steps=20, save_every=10), tmp_path / "c.safetensors"
    whole = fit(config, data, tokens)

    class StopError(Exception):
        pass

    def stop(text):
        raise StopError

    with pytest.raises(StopError):
        fit(config, data, tokens, path, say=stop)
    resumed = fit(config, data, tokens, path)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, resumed.state_dict()[name], atol=1e-5), name


class Says:
    def __init__(self, *answers):
        self.answers = list(answers)

    def ask(self, request):
        return Reply(self.answers.pop(0))


def test_scores_tell_the_same_plan_from_one_that_would_do():
    other = Case(goal(), believe(), (), (Step("find", ("Mug",)),)).answer
    wrong = Case(goal(), believe(), (), (Step("place", ("Fridge_1",)),)).answer
    done = Case(goal(), believe(), (), ())
    rows = {r.cases: r for r in judge(Says(case().answer, other, wrong, done.answer), [case()] * 3 + [done])}
    assert rows["all with something to do"] == Row("all with something to do", 3, 1 / 3, 2 / 3)
    assert rows["nothing left to do"] == Row("nothing left to do", 1, 1.0, 0.0)


def test_traces_are_kept_and_houses_of_other_splits_refused(tmp_path):
    (tmp_path / "train-080000-5.jsonl").write_text(json.dumps(case().row()) + "\n", encoding="utf-8")
    assert collect("train", 1, 5, tmp_path, str) == [case().row()]
    with pytest.raises(SeedError):
        collect("validation", 30_000, 1, tmp_path, str)


def test_the_card_says_what_was_done():
    trained = Trained([Row("one want", 40, 0.5, 0.75)], 1234, 99, 7)
    text = card(TINY, trained, Planner(preset="quick", steps=9).command())
    assert "`engram train planner --preset quick --seed 0 --steps 9`" in text
    assert "1234 plans of the symbolic planner" in text
    assert "| one want | 40 | 0.500 | 0.750 |" in text
    assert '"validated": 0.75' in as_json(trained)
