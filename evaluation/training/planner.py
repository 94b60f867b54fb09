"""Training of a small language model on plans of the symbolic planner, and how well it plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from engram.evaluation.training.checkpoint import load_checkpoint, save_checkpoint
from engram.evaluation.training.optimiser import set_rate
from engram.evaluation.training.planner_scores import Row, judge
from engram.evaluation.training.planner_tokens import encode, learn_tokens
from engram.evaluation.training.planner_traces import collect, held_out
from engram.perception.language.local import LocalConfig, LocalModel
from engram.planners.symbolic.affordances import kinds

Say = Callable[[str], None]
Net = Any  # a Llama of transformers
Tokens = list[tuple[list[int], int]]
MOST_TOKENS = 64  # of an answer
_ROOM = 2048  # tokens of question and answer together
_WARM_UP = 50  # steps
_FALL = 0.2  # share of the steps, the last ones, in which the rate falls


@dataclass(frozen=True)
class PlannerTraining:
    """What decides a run."""

    houses: int = 40
    tasks: int = 100  # of a house
    validation_houses: int = 8
    validation_tasks: int = 24
    vocabulary: int = 1280
    width: int = 96
    layers: int = 4
    heads: int = 4
    steps: int = 2000
    batch: int = 16  # plans
    exercises: int = 8  # in copying numbers, beside them
    rate: float = 3e-3
    weight_decay: float = 0.05
    clip: float = 1.0
    seed: int = 0
    save_every: int = 100  # steps between checkpoints


FULL = PlannerTraining()
QUICK = PlannerTraining(houses=6, validation_houses=3, steps=300)


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    rows: list[Row]
    plans: int  # that it learned from
    parameters: int
    tokens: int


def _quiet(line: str) -> None:
    """Say nothing."""


def train_planner(config: PlannerTraining, out: Path, traces: Path, device: str = "cpu", say: Say = _quiet) -> Trained:
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
    say: Say = _quiet,
) -> Net:
    """Train a model; with ``checkpoint`` it goes on where a run that was stopped left off."""
    c = config
    torch.manual_seed(c.seed)
    net = _model(c, tokens).to(device)
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
            set_rate(optimiser, c.rate * _share(step, c.steps))
        taught = [(numbers.anew(data[k][0], rng), range(data[k][1], len(data[k][0]))) for k in chosen]
        ids, answers = _tensors(taught + [numbers.exercise(rng) for _ in range(c.exercises)], device)
        loss = loss_of(net, ids, answers)
        losses.append(_descend(net, optimisers, loss, c.clip))
        if (step + 1) % c.save_every == 0 or step + 1 == c.steps:
            if checkpoint is not None:
                save_checkpoint(checkpoint, net, optimisers, {}, step + 1)
            say(f"step {step + 1} of {c.steps}, loss {np.mean(losses[-c.save_every :]):.4f}")
    return net.cpu().eval()


def loss_of(net: Net, ids: Tensor, answers: Tensor) -> Tensor:
    """Mean loss of the tokens of answers; ``ids`` and ``answers``, which marks them, are (N, T), filled up behind."""
    hidden = net.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    marked = answers[:, 1:]
    return nn.functional.cross_entropy(net.lm_head(hidden[marked]), ids[:, 1:][marked])


def save(out: Path, net: Net, tokens: Any) -> None:
    """Write the model as transformers has it, in float16."""
    end, pad = tokens.eos_token_id, tokens.pad_token_id
    make: Any = GenerationConfig
    net.generation_config = make(eos_token_id=end, pad_token_id=pad, do_sample=False)
    net.half().save_pretrained(out)
    net.float()
    tokens.save_pretrained(out, save_jinja_files=False)


def _descend(net: nn.Module, optimisers: Sequence[torch.optim.Optimizer], loss: Tensor, clip: float) -> float:
    net.zero_grad(set_to_none=True)
    torch.autograd.backward([loss])
    torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
    for optimiser in optimisers:
        optimiser.step()
    return float(loss.detach())


class _Numbers:
    """Gives the things of a trace other numbers, and makes exercises in copying them.

    From plans alone, each with few names, it takes very long to learn that the number of a kind is found behind that
    kind in the question. An exercise is nothing but names, and then the same names in another order.
    """

    def __init__(self, tokens: Any) -> None:
        self._kinds = np.array([n for k in kinds() for n in [tokens.vocab.get(k)] if n is not None])
        self._end = tokens.eos_token_id
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

    def exercise(self, rng: np.random.Generator) -> tuple[list[int], range]:
        """Return the tokens of an exercise, and which of them are to be learned."""
        count = int(rng.integers(4, 15))
        pairs = np.stack([rng.permutation(self._kinds)[:count], rng.choice(self._ids, count)], axis=1)
        ids = [*pairs.ravel().tolist(), self._end, *rng.permutation(pairs).ravel().tolist()]
        return ids, range(2 * count + 2, len(ids), 2)


def _model(c: PlannerTraining, tokens: Any) -> Net:
    config = LlamaConfig(
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
    return LlamaForCausalLM(config)


def _optimisers(net: Net, c: PlannerTraining) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for the rest."""
    matrices = [p for name, p in net.named_parameters() if p.ndim == 2 and ".layers." in name]
    chosen = {id(p) for p in matrices}
    rest = [p for p in net.parameters() if id(p) not in chosen]
    muon = torch.optim.Muon(matrices, lr=c.rate, weight_decay=c.weight_decay, adjust_lr_fn="match_rms_adamw")
    return [torch.optim.AdamW(rest, c.rate, betas=(0.9, 0.98), weight_decay=0.0), muon]


def _share(step: int, steps: int) -> float:
    """Share of the learning rate; the same for runs of any length but for the fall, so that a run may be shortened."""
    return min(1.0, (step + 1) / _WARM_UP, (steps - step) / (_FALL * steps))


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


def _tensors(batch: Sequence[tuple[list[int], range]], device: str) -> tuple[Tensor, Tensor]:
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.zeros((len(batch), longest), dtype=torch.long)
    answers = torch.zeros((len(batch), longest), dtype=torch.bool)
    for k, (row, learned) in enumerate(batch):
        ids[k, : len(row)] = torch.tensor(row)
        answers[k, list(learned)] = True
    return ids.to(device), answers.to(device)
