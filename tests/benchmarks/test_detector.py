from __future__ import annotations

import sys

import pytest

pytest.importorskip("torch")

import importlib.util
from pathlib import Path

from engram.perception.detector.model import DetectorNet, NetConfig
from engram.perception.detector.weights import save_weights

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bench_detector.py"


@pytest.fixture
def bench():
    spec = importlib.util.spec_from_file_location("bench_detector", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bench_detector"]


def test_precision_and_speed_are_printed(bench, tmp_path, capsys):
    net = DetectorNet(NetConfig(("Mug", "Chair"), (True, False), widths=(8, 8, 8, 8), decoder=(8, 8, 8)))
    save_weights(tmp_path / "small.safetensors", net, {})
    bench.main(bench.Options(tmp_path / "small.safetensors", "validation", houses=1, frames=4, threads=1))
    printed = capsys.readouterr().out
    assert "4 frames of validation houses range(700000, 700001)" in " ".join(printed.split())
    assert "AP50, all sizes" in printed
    assert "on 1 threads" in printed
