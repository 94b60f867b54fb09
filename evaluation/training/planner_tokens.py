"""Tokens of the small planner: byte pairs that cross no name, so that a kind is one and its number another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from engram.planners.symbolic.affordances import kinds

PAD, END = "<|pad|>", "<|end|>"
_ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
_NUMBERS = 30  # of names and metres that are a token of their own
_PARTS = r"[A-Z][A-Za-z]*|_\d+|\d+m"
_CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def learn_tokens(texts: Iterable[str], vocabulary: int, repeat: int = 20) -> Any:
    """Learn byte pairs from texts; names of kinds and small numbers are learned whether they occur or not."""
    tokens = Tokenizer(models.BPE())
    tokens.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PARTS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokens.decoder = decoders.ByteLevel()
    names = [*kinds(), *(f"_{n}" for n in range(_NUMBERS)), *(f"{n}m" for n in range(_NUMBERS))]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, END, *_ROLES],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=80,
        show_progress=False,
    )
    tokens.train_from_iterator([*texts, *(names * repeat)], trainer)
    make: Any = PreTrainedTokenizerFast
    fast = make(tokenizer_object=tokens, pad_token=PAD, eos_token=END)
    fast.chat_template = _CHAT
    return fast


def encode(tokens: Any, rows: Sequence[Mapping[str, str]]) -> list[tuple[list[int], int]]:
    """Return the tokens of each question with its answer, and where the answer begins."""
    asked = [[{"role": "system", "content": row["system"]}, {"role": "user", "content": row["user"]}] for row in rows]
    texts = [tokens.apply_chat_template(each, tokenize=False, add_generation_prompt=True) for each in asked]
    questions = tokens(texts, add_special_tokens=False)["input_ids"]
    answers = tokens([row["answer"] + END for row in rows], add_special_tokens=False)["input_ids"]
    return [(question + answer, len(question)) for question, answer in zip(questions, answers, strict=True)]
