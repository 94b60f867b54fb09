from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from engram.planners.out_of_place.model import (  # noqa: E402
    NetConfig,
    OutOfPlaceNet,
    balanced_loss,
    class_weights,
    load,
    save,
)
from engram.planners.weights import WeightsError  # noqa: E402


@pytest.fixture
def net():
    torch.manual_seed(1)
    return OutOfPlaceNet(NetConfig(text_dims=8, feature_dims=4, hidden=16)).eval()


def inputs(seed=2):
    random = torch.Generator().manual_seed(seed)
    return (
        torch.randn(3, 5, 8, generator=random),
        torch.ones(3, 5, dtype=torch.bool),
        torch.randn(3, 4, generator=random),
    )


def test_the_order_of_sentences_does_not_matter(net):
    texts, mask, features = inputs()
    there = net(texts, mask, features)
    assert there.shape == (3, 2)
    assert torch.allclose(there, net(texts.flip(1), mask, features), atol=1e-5)
    assert not torch.allclose(there, net(texts + 1.0, mask, features), atol=1e-3)


def test_what_is_masked_does_not_matter(net):
    texts, mask, features = inputs()
    mask[:, 3:] = False
    changed = texts.clone()
    changed[:, 3:] = 100.0
    assert torch.equal(net(texts, mask, features), net(changed, mask, features))
    assert torch.allclose(net(texts, mask, features), net(texts[:, :3], mask[:, :3], features), atol=1e-5)


def test_without_sentences_it_still_judges(net):
    texts, mask, features = inputs()
    assert torch.isfinite(net(texts, torch.zeros_like(mask), features)).all()


def test_each_variant_needs_its_own_inputs(net):
    texts, mask, features = inputs()
    reader, looker = OutOfPlaceNet(NetConfig(8, 0)), OutOfPlaceNet(NetConfig(0, 4))
    assert [n.config.variant for n in (net, reader, looker)] == ["both", "language", "visual"]
    assert reader(texts, mask, None).shape == looker(None, None, features).shape == (3, 2)
    with pytest.raises(ValueError, match="looks"):
        net(texts, mask, None)
    with pytest.raises(ValueError, match="reads"):
        net(None, None, features)
    with pytest.raises(ValueError, match="text, features"):
        OutOfPlaceNet(NetConfig(0, 0))


def test_the_rarer_class_weighs_more():
    labels = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    weights = class_weights(labels)
    assert weights[:, 0].tolist() == pytest.approx([0.5 / 0.75, 2.0])
    assert weights[:, 1].tolist() == pytest.approx([1.0, 1.0])
    in_sum = [(weights[int(v), 0] * (labels[:, 0] == v).sum()).item() for v in (0.0, 1.0)]
    assert in_sum[0] == pytest.approx(in_sum[1])


def test_loss_of_one_mistake_is_that_of_its_class():
    weights = torch.tensor([[0.5], [2.0]])
    missed = balanced_loss(torch.tensor([[-3.0]]), torch.tensor([[1.0]]), weights)
    alarm = balanced_loss(torch.tensor([[3.0]]), torch.tensor([[0.0]]), weights)
    assert (missed / alarm).item() == pytest.approx(4.0)


def test_weights_come_back(net, tmp_path):
    path = tmp_path / "judges.safetensors"
    save(path, {"both": net, "language": OutOfPlaceNet(NetConfig(8, 0, 4))}, {"seed": 3})
    nets, about = load(path)
    assert about == {"seed": 3}
    assert torch.equal(nets["both"](*inputs()), net(*inputs()))
    assert nets["language"].config == NetConfig(8, 0, 4)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="engram train out-of-place"):
        load(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("hello, this is not a safetensors file")
    with pytest.raises(WeightsError, match="cannot be read"):
        load(tmp_path / "text.safetensors")
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="version 1"):
        load(tmp_path / "other.safetensors")
