"""Language models in this process, through the transformers library: from a folder, or from the hub where that is on.

They see no images, and nothing but the prompt holds them to the form of an answer.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from engram.perception.language.contract import LanguageError, Reply, Request, Usage
from engram.perception.language.ledger import Prices

INSTALL = "pip install 'engram[learn]'"


@dataclass(frozen=True)
class LocalConfig:
    """Which model, and how it is run."""

    model: str
    """Folder, or id on the hub."""
    revision: str = ""
    """Commit, tag or branch on the hub; empty: its main branch."""
    device: str = "cpu"
    """``cpu``, ``cuda``, ``cuda:1`` or ``mps``."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    timeout_secs: float = 120.0
    """For an answer, with the wait for those before it; it is looked at between tokens."""
    max_tokens: int = 1024
    """Of an answer."""
    prices: Prices = field(default_factory=Prices)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.model:
            raise ValueError("model must be a folder or an id on the hub")
        if self.timeout_secs <= 0 or self.max_tokens < 1:
            raise ValueError("timeout_secs and max_tokens must be positive")


class LocalModel:
    """A causal language model with its chat template. One request runs at a time."""

    def __init__(self, config: LocalConfig, clock: Callable[[], float] = time.monotonic) -> None:
        """Load the model.

        Raises:
            LanguageError: a library, the model or some of its weights are not there.

        """
        self.config, self._clock = config, clock
        self._lock = threading.Lock()
        self._torch, library = _library("torch"), _library("transformers")
        where = {"revision": config.revision} if config.revision else {}
        with _loading(config):
            self._tokenizer = library.AutoTokenizer.from_pretrained(config.model, trust_remote_code=False, **where)
            model, report = library.AutoModelForCausalLM.from_pretrained(
                config.model,
                dtype=getattr(self._torch, config.dtype),
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                **where,
            )
            self._model = model.to(config.device).eval()
        if report["missing_keys"]:
            raise LanguageError("missing", f"{config.model}: weights are missing; {_fetch(config)}")

    def __repr__(self) -> str:
        """Name the model."""
        return f"LocalModel({self.config.model!r})"

    def ask(self, request: Request) -> Reply:
        """Return the answer; see :class:`engram.perception.language.contract.LanguageModel`."""
        end = self._clock() + self.config.timeout_secs
        if not self._lock.acquire(timeout=self.config.timeout_secs):
            raise LanguageError("timeout", f"{self.config.model} was busy with another request")
        try:
            return self._generate(request, end)
        finally:
            self._lock.release()

    def _generate(self, request: Request, end: float) -> Reply:
        tokens = self._encode(request)
        asked = int(tokens["input_ids"].shape[1])
        room = getattr(self._model.config, "max_position_embeddings", None)
        if room is not None and asked + self.config.max_tokens > room:
            raise LanguageError(
                "too_long", f"{asked} tokens and {self.config.max_tokens} to answer; {self.config.model} has {room}"
            )
        late = _Late(end, self._clock, self._torch)
        said = self._run(tokens, late)[asked:]
        usage = Usage(asked, len(said), 1)
        if late.stopped:
            raise LanguageError("timeout", f"{self.config.model} did not answer in time", usage)
        if not said or said[-1] not in self._ends():
            raise LanguageError("too_long", "the model did not come to an end in the tokens that it had", usage)
        return Reply(self._tokenizer.decode(said, skip_special_tokens=True), usage)

    def _run(self, tokens: dict[str, Any], late: _Late) -> list[int]:
        """Return the tokens of prompt and answer."""
        options = {"do_sample": False, "pad_token_id": self._ends()[0] if self._ends() else None}
        try:
            with self._torch.inference_mode():
                out = self._model.generate(
                    **tokens, **options, max_new_tokens=self.config.max_tokens, stopping_criteria=[late]
                )
        except RuntimeError as error:  # such as no memory left on the device
            raise LanguageError("unreachable", f"{self.config.model} failed: {type(error).__name__}") from error
        ids: list[int] = out[0].tolist()
        return ids

    def _encode(self, request: Request) -> dict[str, Any]:
        """Return the tokens of what was said, by the chat template where the model has one."""
        roles = ("user", "assistant")
        said = [{"role": "system", "content": request.system}]
        said += [{"role": roles[n % 2], "content": turn} for n, turn in enumerate(request.turns)]
        if self._tokenizer.chat_template:
            text = self._tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
        else:
            text = "\n\n".join(f"{m['role'].title()}: {m['content']}" for m in said) + "\n\nAssistant:"
        tokens = self._tokenizer(text, return_tensors="pt", add_special_tokens=not self._tokenizer.chat_template)
        return {k: v.to(self.config.device) for k, v in tokens.items() if k in ("input_ids", "attention_mask")}

    def _ends(self) -> list[int]:
        """Tokens that end an answer."""
        ends = self._model.generation_config.eos_token_id
        ends = self._tokenizer.eos_token_id if ends is None else ends
        return [] if ends is None else list(ends) if isinstance(ends, (list, tuple)) else [ends]


class _Late:
    """Stops when the time is over."""

    def __init__(self, end: float, clock: Callable[[], float], torch: Any) -> None:
        self.stopped = False
        self._end, self._clock, self._torch = end, clock, torch

    def __call__(self, ids: Any, scores: Any, **_: Any) -> Any:
        self.stopped = self._clock() >= self._end
        return self._torch.full((ids.shape[0],), self.stopped, dtype=self._torch.bool, device=ids.device)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise LanguageError("missing", f"models of this process need {name}: {INSTALL}") from error


@contextmanager
def _loading(config: LocalConfig) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0") else ""
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise LanguageError(
            "missing", f"{config.model} cannot be loaded{offline}: {cause}; {_fetch(config)}"
        ) from error


def _fetch(config: LocalConfig) -> str:
    """Return the command that brings a model."""
    local = Path(config.model).expanduser().is_absolute() or config.model.startswith((".", "~"))
    source, folder = ("ID", config.model) if local else (config.model, "DIR")
    return f"fetch it with `hf download {source} --local-dir {folder}`" + ("" if local else " and set model to DIR")
