"""Muon and AdamW together: kernels are changed in place, and their steps are orthogonal matrices."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from engram.evaluation.training.optimiser import MuonAdamW  # noqa: E402


def _net() -> torch.nn.Sequential:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(8, 16, 3, bias=False), torch.nn.ReLU(), torch.nn.Conv2d(16, 4, 1))
    return net.to(memory_format=torch.channels_last)


def test_a_step_of_a_kernel_is_an_orthogonal_matrix() -> None:
    net = _net()
    before = net[0].weight.detach().clone()
    optimiser = MuonAdamW(net, rate=1.0, weight_decay=0.0, plain=("2.weight",))
    net(torch.randn(2, 8, 9, 9)).square().sum().backward()
    optimiser.step()
    step = (net[0].weight.detach() - before).permute(0, 2, 3, 1).flatten(1)
    values = torch.linalg.svdvals(step)
    assert values.min() > 0.5 * values.max()  # five Newton-Schulz steps come about that near


def test_the_last_layer_and_its_bias_are_left_to_adam() -> None:
    net = _net()
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    optimiser = MuonAdamW(net, rate=0.01, weight_decay=0.0, plain=("2.weight",))
    net(torch.randn(2, 8, 9, 9)).square().sum().backward()
    optimiser.step()
    for name in ("2.weight", "2.bias"):  # AdamW's first step has the size of the rate, whatever the gradient
        change = (dict(net.named_parameters())[name].detach() - before[name]).abs()
        assert float(change.median()) == pytest.approx(0.01, rel=1e-2)


def test_the_rate_reaches_both() -> None:
    net = _net()
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    optimiser = MuonAdamW(net, rate=1.0, weight_decay=0.0)
    optimiser.set_rate(0.0)
    net(torch.randn(2, 8, 9, 9)).square().sum().backward()
    optimiser.step()
    assert all(torch.equal(p, before[name]) for name, p in net.named_parameters())


def test_kernels_of_another_layout_are_refused() -> None:
    with pytest.raises(RuntimeError, match="view"):
        MuonAdamW(torch.nn.Sequential(torch.nn.Conv2d(8, 16, 3)), rate=1.0, weight_decay=0.0)
