from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engram.evaluation.training.judges import TrainConfig, encode, fit, predict  # noqa: E402
from engram.perception.text import HashedNgrams  # noqa: E402
from engram.planners.out_of_place.data import Example, ExamplesError, read_examples, write_examples  # noqa: E402
from engram.planners.out_of_place.model import NetConfig  # noqa: E402

HOLDERS = {"Mug": "countertop", "Pillow": "bed", "Towel": "towel holder", "Book": "desk"}


def made(count=240, seed=5, dims=6):
    """Things on their own holder, or on another one: displaced. Looks say so too, in the first feature."""
    random = np.random.default_rng(seed)
    found = []
    for k in range(count):
        label = list(HOLDERS)[random.integers(4)]
        displaced = bool(random.random() < 0.25)
        other = [h for name, h in HOLDERS.items() if name != label][random.integers(3)]
        near = f"The {label.lower()} is next to the {('lamp', 'chair', 'box')[random.integers(3)]}"
        holder = f"The {label.lower()} is supported by the {other if displaced else HOLDERS[label]}"
        looks = random.normal(size=(int(random.integers(1, 4)), dims))
        looks[:, 0] += 3.0 if displaced else -3.0
        found.append(
            Example(k // 8, label, (near, holder), (holder,), 0.5, (), tuple(map(tuple, looks)), displaced, displaced)
        )
    return found


@pytest.mark.parametrize("variant", ["language", "visual", "both"])
def test_learns_what_can_be_learnt(variant):
    embedder = HashedNgrams(128)
    data, unseen = encode(made(), embedder), encode(made(seed=6), embedder)
    shape = NetConfig(0 if variant == "visual" else 128, 0 if variant == "language" else 6, 32)
    odds = predict(fit(shape, data, TrainConfig(epochs=20, batch=32)), unseen)
    right = (odds > 0) == unseen.labels.numpy().astype(bool)
    assert right.mean() > 0.95


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    data, shape = encode(made(64), HashedNgrams(32)), NetConfig(32, 0, 8)
    config = TrainConfig(epochs=4, batch=16)
    whole = fit(shape, data, config)
    epochs: list[int] = []

    def stop(epoch, loss):
        epochs.append(epoch)
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(shape, data, config, tmp_path / "run.safetensors", stop)
    again = fit(shape, data, config, tmp_path / "run.safetensors", lambda epoch, loss: epochs.append(epoch))
    assert epochs == [1, 2, 3, 4]
    # Dropout draws from the global stream, which a new process starts anew: close, and not the same bits.
    assert np.abs(predict(again, data) - predict(whole, data)).max() < 1.0
    with pytest.raises(ValueError, match="another network"):
        fit(NetConfig(32, 0, 9), data, config, tmp_path / "run.safetensors")


def test_nothing_to_learn_from():
    with pytest.raises(ValueError, match="no examples"):
        fit(NetConfig(32), encode([], HashedNgrams(32)), TrainConfig())


def test_examples_come_back_from_a_file(tmp_path):
    path = tmp_path / "1.jsonl"
    examples = [replace(e, table=None, judged=(0.25, 0.5)) for e in made(3)]
    write_examples(path, examples)
    assert read_examples(path) == examples
    assert [p.name for p in tmp_path.iterdir()] == ["1.jsonl"]
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(ExamplesError, match="version 1"):
        read_examples(path)
    path.write_text(path.read_text().replace('"version": 2', '"version": 1')[:-30])
    with pytest.raises(ExamplesError, match="broken"):
        read_examples(path)
