from __future__ import annotations

import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from engram.agents.cli import CommandError  # noqa: E402
from engram.evaluation.training import commands  # noqa: E402
from engram.evaluation.training.detector import (  # noqa: E402
    FULL,
    QUICK,
    DetectorTrainer,
    DetectorTraining,
    evaluate,
    house_net,
    train_detector,
)
from engram.evaluation.training.frames import FrameOptions, Shard, make_shard  # noqa: E402
from engram.evaluation.training.targets import make_batch  # noqa: E402
from engram.perception.detector.detector import EmbeddedDetector  # noqa: E402

TINY = DetectorTraining(
    steps=4,
    batch=2,
    houses=2,
    first_houses=1,
    grow_steps=2,
    frames=FrameOptions(frames=3, mess=2, size=64),
    warmup_steps=2,
    validation_houses=1,
    validation_every=1,
    validate_steps=100,
    half=False,
    widths=(8, 16, 16, 16),
)


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for one another are slow where other tests run beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    return tmp_path_factory.mktemp("frames")


def weights(trainer_or_path):
    from safetensors.torch import load_file

    return load_file(trainer_or_path / "checkpoint.safetensors")


def test_a_resumed_run_ends_with_the_weights_of_an_unbroken_one(tmp_path, rendered):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train_detector(TINY, whole, rendered, workers=0)

    class StoppedError(Exception):
        pass

    def stop(step):
        trainer = DetectorTrainer.train_step

        def stepped(self, batch):
            if self.step == step:
                self.save(broken / "checkpoint.safetensors")
                raise StoppedError
            return trainer(self, batch)

        return stepped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DetectorTrainer, "train_step", stop(2))
        with pytest.raises(StoppedError):
            train_detector(TINY, broken, rendered, workers=0)
    said: list[str] = []
    train_detector(TINY, broken, rendered, resume=True, workers=0, say=said.append)
    assert said[0] == "resumed at step 2"
    a, b = weights(whole), weights(broken)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["net.head.weight"], a["average.head.weight"])


def test_a_run_leaves_weights_card_and_log(tmp_path, rendered):
    score = train_detector(TINY, tmp_path, rendered, workers=0, command="engram train detector")
    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert line["step"] == 4
    assert line["images"] == 8
    assert line["ap50"] == score
    assert line["frames"] == 3
    card = (tmp_path / "detector.md").read_text()
    assert "`engram train detector`" in card
    assert "houses 0 to 1 (training split), 3 frames each" in card
    assert len(EmbeddedDetector.load(tmp_path / "detector.safetensors").labels) == 114


def test_a_checkpoint_of_another_network(tmp_path, rendered):
    DetectorTrainer(TINY)
    trainer = DetectorTrainer(TINY)
    trainer.save(tmp_path / "checkpoint.safetensors")
    with pytest.raises(ValueError, match="another network"):
        DetectorTrainer(replace(TINY, widths=(8, 16, 16, 24))).load(tmp_path / "checkpoint.safetensors")


def test_the_rate_rises_stays_and_falls():
    config = replace(TINY, steps=100, warmup_steps=10, cooldown=0.2, rate=1.0)
    rates = [config.rate_at(step) for step in (0, 4, 9, 50, 80, 90, 99)]
    assert rates == pytest.approx([0.1, 0.5, 1.0, 1.0, 1.0, 0.5, 0.05])


def test_the_pool_grows():
    assert [TINY.pool(step) for step in (0, 1, 2, 50)] == [1, 1, 2, 2]
    assert QUICK.pool(0) == QUICK.houses
    assert FULL.pool(10**9) == FULL.houses


@pytest.mark.slow
def test_a_short_training_learns_eight_frames_by_heart(tmp_path):
    options = FrameOptions(frames=8, size=96)
    shard = Shard(make_shard(tmp_path, 3, "train", options))
    frames = [shard[k] for k in range(8)]
    numbers = {name: k for k, name in enumerate(house_net().labels)}
    trainer = DetectorTrainer(replace(QUICK, steps=400, warmup_steps=10, average=0.9, half=False))
    batch = make_batch(frames, numbers, None)
    losses = [trainer.train_step(batch)["loss"] for _ in range(160)]
    assert losses[-1] < 0.3 * losses[0]
    assert evaluate(trainer.averaged(), frames)["ap50"] > 0.8


def test_the_command_makes_its_configuration():
    config = commands._configured(commands.Detector(preset="quick", steps=7, seed=3, precision="fp32"))
    assert (config.steps, config.seed, config.half, config.houses) == (7, 3, False, QUICK.houses)
    assert commands._configured(commands.Detector()) == FULL
    text = commands._command(commands.Detector(preset="quick", seed=3))
    assert text == "engram train detector --preset quick --seed 3 --precision bf16"


def test_a_gpu_that_is_not_there():
    with pytest.raises(CommandError, match="no GPU") as error:
        commands._device("cuda", cuda=False)
    assert error.value.exit_code == 3
    assert [commands._device("auto", cuda=there) for there in (True, False)] == ["cuda", "cpu"]


def test_frames_are_rendered_ahead(tmp_path, capsys):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "engram.evaluation.training.frames.FrameOptions.__init__.__defaults__", (2, 0, 32, 1, 0, 0, 0.5, 3, 0)
        )
        assert commands.train(commands.Frames(tmp_path, houses=2, workers=0)) == 0
    assert capsys.readouterr().out == "2 of 2 houses\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["house-000000.frames", "house-000001.frames"]
