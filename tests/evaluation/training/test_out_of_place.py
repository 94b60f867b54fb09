from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engram.evaluation.training.judges import TrainConfig  # noqa: E402
from engram.evaluation.training.out_of_place import OutOfPlaceTraining, collect, train_out_of_place  # noqa: E402
from engram.evaluation.training.out_of_place_command import as_json, card, table  # noqa: E402
from engram.planners.out_of_place.data import Example, write_examples  # noqa: E402
from engram.planners.out_of_place.scorer import load_scorer  # noqa: E402
from engram.sims.seeds import SeedError  # noqa: E402

CONFIG = OutOfPlaceTraining(
    houses=8, calibrate_houses=4, score_houses=4, train=TrainConfig(epochs=10, batch=32), hidden=32
)
HOLDERS = {"Mug": "countertop", "Pillow": "bed", "Towel": "towel holder", "Book": "desk"}


def house(seed, looks):
    """Forty things; what is said, what is counted and how they look, if they do, each tells most that are displaced."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(40):
        label = list(HOLDERS)[random.integers(4)]
        displaced = bool(random.random() < 0.3)
        other = [h for name, h in HOLDERS.items() if name != label][random.integers(3)]
        elsewhere = displaced != (random.random() < 0.15)
        said = (f"The {label.lower()} is supported by the {other if elsewhere else HOLDERS[label]}",)
        counted = 0.9 if displaced != (random.random() < 0.2) else 0.1
        views = random.normal(1.0 if displaced else -1.0, 1.0, (3, 4)) if looks else np.empty((0, 4))
        found.append(Example(seed, label, said, said, counted, (), tuple(map(tuple, views)), displaced, displaced))
    return found


def filled(folder, looks):
    for first, houses, mess in ((10_000, 8, 8), (720_000, 4, 5), (740_000, 4, 5)):
        for seed in range(first, first + houses):
            write_examples(folder / f"{seed}-{mess}.jsonl", house(seed, looks))
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    return train_out_of_place(CONFIG, out, filled(tmp_path_factory.mktemp("examples"), looks=True)), out


def test_a_row_for_each_variant_and_question(trained):
    rows = {(r.question, r.variant): r for r in trained[0].rows}
    variants = [r.variant for r in trained[0].rows if r.question == "displaced"]
    assert variants == [
        "counts", "language", "language, true relations", "visual", "visual and language",
        "language and counts, fused", "all, fused",
    ]  # fmt: skip
    assert len(rows) == 14
    for row in rows.values():
        assert row.out_of_place_interval[0] <= row.out_of_place <= row.out_of_place_interval[1]
    fused, counts = rows["displaced", "all, fused"], rows["displaced", "counts"]
    assert fused.out_of_place > counts.out_of_place + 0.1
    assert fused.gain_interval[0] > 0.0
    assert counts.gain_interval == (0.0, 0.0)


def test_the_fusion_weighs_all_sources(trained):
    fusion = trained[0].fusion
    assert fusion.sources == ("language", "table", "looks")
    assert min(fusion.weights) > 0.0
    found = [p.found for p in trained[0].curve]
    assert found == sorted(found, reverse=True)


def test_the_weights_judge(trained):
    scorer = load_scorer(trained[1] / "out_of_place.safetensors")
    holders = list(HOLDERS.values())
    odds = {
        (label, holder): scorer.read([f"The {label.lower()} is supported by the {holder}"])
        for label in HOLDERS
        for holder in holders
    }
    own = [odds[item] for item in HOLDERS.items()]
    other = [value for item, value in odds.items() if item not in HOLDERS.items()]
    assert np.mean(other) > np.mean(own) + 1.0
    assert scorer.belief(1, [], 0.9) > scorer.belief(1, [], 0.1)


def test_card_and_table_say_what_was_done(trained):
    text = card(CONFIG, trained[0], "engram train out-of-place --preset quick")
    assert "`engram train out-of-place --preset quick`" in text
    assert "8 training houses (seeds from 10000" in text
    assert f"{trained[0].counts['displaced_scored']} displaced" in " ".join(text.split())
    assert table(trained[0]) in text
    assert json.loads(as_json(trained[0]))["counts"] == trained[0].counts


def test_without_looks_there_is_nothing_to_look_with(tmp_path):
    config = replace(CONFIG, train=replace(CONFIG.train, epochs=1))
    run = train_out_of_place(config, tmp_path / "out", filled(tmp_path, looks=False))
    assert list(run.nets) == ["language"]
    assert run.fusion.sources == ("language", "table")


def test_houses_of_other_splits_are_refused(tmp_path):
    with pytest.raises(SeedError):
        collect("train", 599_999, 2, 5, tmp_path)
