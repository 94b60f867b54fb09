"""Training of a small language model on plans of the symbolic planner, and how well it plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from engram.evaluation.training.checkpoint import load_checkpoint, save_checkpoint
from engram.evaluation.training.optimiser import cosine, descend, set_rate
from engram.evaluation.training.planner_scores import Row, judge
from engram.evaluation.training.planner_tokens import encode, learn_tokens
from engram.evaluation.training.planner_traces import collect, held_out
from engram.perception.language.local import LocalConfig, LocalModel

Say = Callable[[str], None]
Tokens = list[tuple[list[int], int]]
MOST_TOKENS = 64  # of an answer
_ROOM = 2048  # tokens of question and answer together
_WARM_UP = 50  # steps


@dataclass(frozen=True)
class PlannerTraining:
    """What decides a run."""

    houses: int = 100
    tasks: int = 100  # of a house
    validation_houses: int = 12
    validation_tasks: int = 24
    vocabulary: int = 1280
    width: int = 128
    layers: int = 4
    heads: int = 4
    steps: int = 4000
    batch: int = 32
    rate: float = 3e-3
    weight_decay: float = 0.05
    clip: float = 1.0
    seed: int = 0
    save_every: int = 200  # steps between checkpoints


FULL = PlannerTraining()
QUICK = PlannerTraining(houses=6, validation_houses=3, steps=300)


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    rows: list[Row]
    plans: int  # that it learned from
    parameters: int
    tokens: int


def train_planner(config: PlannerTraining, out: Path, traces: Path, device: str = "cpu", say: Say = str) -> Trained:
    """Make the traces, train the model, leave it in ``out`` as transformers has it, and judge it.

    Args:
        config: what decides the run.
        out: directory of the model and of the checkpoint, from which a run that was stopped goes on.
        traces: directory of the traces.
        device: ``"cpu"`` or ``"cuda"``.
        say: told what is being done.

    Raises:
        ValueError: the checkpoint is of another network, or there is nothing to learn from.

    """
    c = config
    out.mkdir(parents=True, exist_ok=True)
    rows = collect("train", c.houses, c.tasks, traces, say)
    if not rows:
        raise ValueError("there is nothing to learn from: no plans")
    tokens = learn_tokens([row[key] for row in rows for key in ("system", "user", "answer")], c.vocabulary)
    net = fit(c, encode(tokens, rows), tokens, out / "planner.checkpoint.safetensors", device, say)
    save(out, net, tokens)
    scores = judge(
        LocalModel(LocalConfig(str(out), max_tokens=MOST_TOKENS)), held_out(c.validation_houses, c.validation_tasks)
    )
    return Trained(scores, len(rows), sum(p.numel() for p in net.parameters()), len(tokens))


def fit(
    config: PlannerTraining,
    data: Tokens,
    tokens: Any,
    checkpoint: Path | None = None,
    device: str = "cpu",
    say: Say = str,
) -> LlamaForCausalLM:
    """Train a model; with ``checkpoint`` it goes on where a run that was stopped left off."""
    c = config
    torch.manual_seed(c.seed)
    net = LlamaForCausalLM(_architecture(c, tokens)).to(device)
    optimisers = _optimisers(net, c)
    begun = load_checkpoint(checkpoint, net, optimisers, {}) if checkpoint and checkpoint.exists() else 0
    numbers = _Numbers(tokens)
    losses: list[float] = []
    net.train()
    for step, chosen in enumerate(_batches(data, c)):
        if step < begun:
            continue
        rng = np.random.default_rng([c.seed, 2, step])
        for optimiser in optimisers:
            set_rate(optimiser, min(1.0, (step + 1) / _WARM_UP) * cosine(c.rate, step / c.steps))
        ids, answers = _tensors([(numbers.anew(data[k][0], rng), data[k][1]) for k in chosen], device)
        loss = loss_of(net, ids, answers)
        losses.append(descend(net, _Both(optimisers), loss, c.clip))
        if (step + 1) % c.save_every == 0 or step + 1 == c.steps:
            if checkpoint is not None:
                save_checkpoint(checkpoint, net, optimisers, {}, step + 1)
            say(f"step {step + 1} of {c.steps}, loss {np.mean(losses[-c.save_every :]):.4f}")
    return net.cpu().eval()


def loss_of(net: LlamaForCausalLM, ids: Tensor, answers: Tensor) -> Tensor:
    """Mean loss of the tokens of answers; ``ids`` and ``answers``, which marks them, are (N, T), filled up behind."""
    hidden = net.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    marked = answers[:, 1:]
    return nn.functional.cross_entropy(net.lm_head(hidden[marked]), ids[:, 1:][marked])


def save(out: Path, net: LlamaForCausalLM, tokens: Any) -> None:
    """Write the model as transformers has it, in float16."""
    end, pad = tokens.eos_token_id, tokens.pad_token_id
    net.generation_config = GenerationConfig(eos_token_id=end, pad_token_id=pad, do_sample=False)
    net.half().save_pretrained(out)
    net.float()
    tokens.save_pretrained(out)


class _Both:
    """Optimisers that step together."""

    def __init__(self, parts: Sequence[torch.optim.Optimizer]) -> None:
        self._parts = parts

    def zero_grad(self) -> None:
        for part in self._parts:
            part.zero_grad()

    def step(self) -> None:
        for part in self._parts:
            part.step()


class _Numbers:
    """Gives the things of a trace other numbers."""

    def __init__(self, tokens: Any) -> None:
        found = [tokens.convert_tokens_to_ids(f"_{n}") for n in range(1, 25)]
        self._ids = np.array([n for n in found if n is not None])
        self._known = {int(n): k for k, n in enumerate(self._ids)}

    def anew(self, ids: Sequence[int], rng: np.random.Generator) -> list[int]:
        """Return tokens with new numbers: the same for the same number of the same kind."""
        out, orders = list(ids), dict[int, NDArray[np.int64]]()
        for k in range(1, len(ids)):
            number = self._known.get(ids[k])
            if number is None:
                continue
            if ids[k - 1] not in orders:
                orders[ids[k - 1]] = rng.permutation(self._ids)
            out[k] = int(orders[ids[k - 1]][number])
        return out


def _architecture(c: PlannerTraining, tokens: Any) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=c.width,
        intermediate_size=8 * c.width // 3 // 16 * 16,
        num_hidden_layers=c.layers,
        num_attention_heads=c.heads,
        num_key_value_heads=c.heads,
        max_position_embeddings=_ROOM,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokens.eos_token_id,
        pad_token_id=tokens.pad_token_id,
    )


def _optimisers(net: LlamaForCausalLM, c: PlannerTraining) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for the rest."""
    matrices = [p for name, p in net.named_parameters() if p.ndim == 2 and ".layers." in name]
    chosen = {id(p) for p in matrices}
    rest = [p for p in net.parameters() if id(p) not in chosen]
    muon = torch.optim.Muon(matrices, lr=c.rate, weight_decay=c.weight_decay, adjust_lr_fn="match_rms_adamw")
    return [torch.optim.AdamW(rest, c.rate, betas=(0.9, 0.98), weight_decay=0.0), muon]


def _batches(data: Tokens, c: PlannerTraining) -> Iterator[NDArray[np.int64]]:
    """Yield the batches of a run: texts of about the same length together."""
    lengths, step, epoch = np.array([len(ids) for ids, _ in data]), 0, 0
    while True:
        rng = np.random.default_rng([c.seed, 1, epoch])
        order = np.argsort(lengths + rng.uniform(0, 24, len(lengths)), kind="stable")
        cuts = range(0, len(order), c.batch)
        for begin in rng.permutation(np.array(cuts)):
            if step == c.steps:
                return
            yield order[begin : begin + c.batch]
            step += 1
        epoch += 1


def _tensors(batch: Tokens, device: str) -> tuple[Tensor, Tensor]:
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.zeros((len(batch), longest), dtype=torch.long)
    answers = torch.zeros((len(batch), longest), dtype=torch.bool)
    for k, (row, begin) in enumerate(batch):
        ids[k, : len(row)] = torch.tensor(row)
        answers[k, begin : len(row)] = True
    return ids.to(device), answers.to(device)


def as_plain(trained: Trained) -> dict[str, Any]:
    """Return the figures as JSON data."""
    return asdict(trained)
