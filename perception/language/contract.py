"""The boundary between the brain and a language model, wherever that runs.

A request names the prompt that it was made from and the form of the answer; a reply is text, not yet checked, and what
it cost. Whatever goes wrong is a :class:`LanguageError` with a code, so that no caller needs to know the transport.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Failure = Literal[
    "address",  # the server's address, or the key, is none that may be used
    "missing",  # no such model, or a library that it needs, is on this machine
    "unreachable",
    "timeout",
    "status",  # the server answered with an error
    "too_long",  # the answer, or the prompt, is longer than it may be
    "not_json",
    "schema",  # JSON of another form
    "refused",  # the model will not answer
]
Schema = Mapping[str, Any]
_SHOWN_CHARS = 4000


@dataclass(frozen=True)
class Usage:
    """What a request took."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    attempts: int = 0
    estimated: bool = False  # the tokens are a guess from the length of the texts


class LanguageError(Exception):
    """Raised when a model gives no usable answer; ``reason`` is the code that reports count."""

    def __init__(self, reason: Failure, message: str, usage: Usage | None = None, status: int = 0) -> None:
        """Say what went wrong, what it took nevertheless, and the HTTP status if there was one."""
        super().__init__(message)
        self.reason: Failure = reason
        self.usage = usage or Usage()
        self.status = status


@dataclass(frozen=True, eq=False)
class Request:
    """What a model is asked."""

    prompt: str  # name and version of the file that it was made from, such as "planner.v1"
    digest: str  # of the text of that file
    system: str
    turns: tuple[str, ...]  # what was said, in turn by us and the model; we begin and end
    schema: Schema  # form of the answer
    rgb: NDArray[np.uint8] | None = None  # (H, W, 3), what the robot sees; goes with the first turn

    def again(self, answer: str, complaint: str) -> Request:
        """Return the request that asks once more, after an answer with which something is wrong."""
        return replace(self, turns=(*self.turns, answer[:_SHOWN_CHARS], complaint))


@dataclass(frozen=True)
class Reply:
    """What a model said."""

    text: str
    usage: Usage = Usage()


class LanguageModel(Protocol):
    """Anything that answers requests."""

    def ask(self, request: Request) -> Reply:
        """Return the answer, which should be JSON of the schema but may be anything.

        Raises:
            LanguageError: there is no answer.

        """
        ...
