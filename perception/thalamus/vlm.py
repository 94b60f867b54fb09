"""A model that sees, behind an OpenAI-compatible server, in place of the rules for questions.

Where the server is, and its key, come from the environment only; by default it is this machine. What it answers is
checked like any input: its size, its form and each question. Whatever fails, the rules ask instead, and it is counted.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engram.perception.thalamus.ask import AskConfig, Asked
from engram.perception.thalamus.contract import Asker, Kind, Question, Step, Summary

URL_VARIABLE = "ENGRAM_VLM_URL"
KEY_VARIABLE = "ENGRAM_VLM_KEY"
DEFAULT_URL = "http://127.0.0.1:8000/v1"
Failure = Literal["address", "unreachable", "timeout", "status", "too_long", "not_json", "schema"]

_KINDS: tuple[Kind, ...] = get_args(Kind)
_TEXT_CHARS = 200
_CHUNK = 1 << 16
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["questions"],
    "properties": {
        "questions": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["kind", "text", "about"],
                "properties": {
                    "kind": {"type": "string", "enum": list(_KINDS)},
                    "text": {"type": "string", "maxLength": _TEXT_CHARS},
                    "about": {"type": "string", "maxLength": _TEXT_CHARS},
                },
            },
        }
    },
}
_PROMPT = """You help a household robot to remember. It has just finished a step of its task. Say what it should look up
in its memory now: at most {most} short questions, the most useful first, each of another thing.
Answer with JSON: {{"questions": [{{"kind": K, "text": "the question", "about": "the one thing it is about"}}]}}
where K is one of: where (where something is), belongs (where something should go), failure (what helped when something
went wrong before), changed (where something was before), around (what is in a place), task (how the task went before).

Task: {task}
Step: {sentence}
Room: {room}
In the hand: {held}
In view: {seen}"""


class VlmError(Exception):
    """Raised when a model gives no usable answer; ``reason`` is the code that reports count."""

    def __init__(self, reason: Failure, message: str) -> None:
        """Say what went wrong."""
        super().__init__(message)
        self.reason: Failure = reason


class Vlm(Protocol):
    """Anything that answers a prompt about an image."""

    def complete(self, prompt: str, rgb: NDArray[np.uint8] | None, schema: Mapping[str, Any]) -> str:
        """Return the text of the answer, which should be JSON of the schema.

        Raises:
            VlmError: there is no answer.

        """
        ...


@dataclass(frozen=True)
class VlmConfig:
    """How the server is asked."""

    model: str = "default"  # its name at the server
    timeout_secs: float = 4.0  # for the whole exchange
    max_bytes: int = 65536  # of an answer
    max_tokens: int = 400
    side_px: int = 336  # the longer side of the image that is sent; 0: none is sent
    patience: int = 3  # failures in a row after which it is left alone,
    pause_steps: int = 50  # ... for so many steps

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.timeout_secs <= 0 or min(self.max_bytes, self.max_tokens, self.patience) < 1:
            raise ValueError("timeout_secs, max_bytes, max_tokens and patience must be positive")
        if min(self.side_px, self.pause_steps) < 0:
            raise ValueError("side_px and pause_steps must not be negative")


class OpenAiVlm:
    """A client of the chat completions of an OpenAI-compatible server. It follows no redirects and uses no proxy."""

    def __init__(self, config: VlmConfig | None = None, environ: Mapping[str, str] | None = None) -> None:
        """Read where the server is from ``ENGRAM_VLM_URL`` and its key, if it needs one, from ``ENGRAM_VLM_KEY``.

        Raises:
            VlmError: the URL is not one of http or https, or it holds a password or a query.

        """
        self.config = config or VlmConfig()
        environ = os.environ if environ is None else environ
        self._key = environ.get(KEY_VARIABLE, "")
        parts = urlsplit(environ.get(URL_VARIABLE, "") or DEFAULT_URL)
        try:
            port = parts.port
        except ValueError as error:
            raise VlmError("address", f"{URL_VARIABLE} has no valid port") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise VlmError("address", f"{URL_VARIABLE} must be an http or https URL, such as {DEFAULT_URL}")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise VlmError("address", f"{URL_VARIABLE} must hold no user, password or query; the key: {KEY_VARIABLE}")
        if not self._key.isascii() or not self._key.isprintable():
            raise VlmError("address", f"{KEY_VARIABLE} holds characters that no key has")
        self._host, self._port, self._secure = parts.hostname, port, parts.scheme == "https"
        self._path = f"{parts.path.rstrip('/')}/chat/completions"

    def complete(self, prompt: str, rgb: NDArray[np.uint8] | None, schema: Mapping[str, Any]) -> str:
        """Return the text of the answer; see :class:`Vlm`."""
        body = json.dumps(self._request(prompt, rgb, schema)).encode()
        try:
            answer = json.loads(self._exchange(body))
            text = answer["choices"][0]["message"]["content"]
        except (ValueError, RecursionError) as error:
            raise VlmError("not_json", "the server's answer is no JSON") from error
        except (KeyError, IndexError, TypeError) as error:
            raise VlmError("schema", "the server's answer is no chat completion") from error
        if not isinstance(text, str):
            raise VlmError("schema", "the server's answer holds no text")
        return text

    def _request(self, prompt: str, rgb: NDArray[np.uint8] | None, schema: Mapping[str, Any]) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": prompt}]
        if rgb is not None and self.config.side_px:
            content.append({"type": "image_url", "image_url": {"url": _data_url(rgb, self.config.side_px)}})
        form = {"name": "answer", "strict": True, "schema": schema}
        return {
            "model": self.config.model,
            "messages": [{"role": "user", "content": content}],
            "temperature": 0,
            "max_tokens": self.config.max_tokens,
            "response_format": {"type": "json_schema", "json_schema": form},
        }

    def _exchange(self, body: bytes) -> bytes:
        """Post and return the body of the answer, all within the deadline."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self.config.timeout_secs)
        end = time.monotonic() + self.config.timeout_secs
        timer: threading.Timer | None = None
        try:
            connection.connect()
            # Timeouts of a socket begin anew with each byte; the timer holds for all of them together.
            timer = threading.Timer(end - time.monotonic(), _hang_up, (connection.sock,))
            timer.daemon = True
            timer.start()
            connection.request("POST", self._path, body, self._headers())
            answer = self._read(connection.getresponse())
            if time.monotonic() >= end:  # then the end of the answer may be the timer's doing
                raise TimeoutError
        except (OSError, http.client.HTTPException) as error:
            late = time.monotonic() >= end or isinstance(error, TimeoutError)
            reason: Failure = "timeout" if late else "unreachable"
            raise VlmError(reason, f"no answer from {self._host}: {type(error).__name__}") from error
        finally:
            if timer is not None:
                timer.cancel()
            connection.close()
        return answer

    def _headers(self) -> dict[str, str]:
        key = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return {"Content-Type": "application/json", "Accept": "application/json", **key}

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        if response.status != 200:
            raise VlmError("status", f"{self._host} answered with status {response.status}")
        data = bytearray()
        while chunk := response.read(min(_CHUNK, self.config.max_bytes + 1)):
            data += chunk
            if len(data) > self.config.max_bytes:
                raise VlmError("too_long", f"{self._host} answered with more than {self.config.max_bytes} bytes")
        if response.length:
            raise http.client.IncompleteRead(bytes(data), response.length)
        return bytes(data)


@dataclass
class VlmCounts:
    """How often the model was asked, and what became of it."""

    asked: int = 0
    answered: int = 0
    paused: int = 0  # steps at which it was left alone
    failures: Counter[str] = field(default_factory=Counter)  # by reason


class VlmAsker:
    """Lets a model decide what memory is asked, and rules where it fails."""

    def __init__(self, vlm: Vlm, rules: Asker, config: VlmConfig | None = None, ask: AskConfig | None = None) -> None:
        """Take the model and the rules that stand in for it."""
        self.config, self.counts = config or VlmConfig(), VlmCounts()
        self._ask = ask or AskConfig()
        self._vlm, self._rules, self._asked = vlm, rules, Asked(self._ask)
        self._failed = 0  # times in a row
        self._until = 0  # step before which the model is left alone

    def ask(self, task: str, step: Step, summary: Summary, rgb: NDArray[np.uint8] | None = None) -> list[Question]:
        """Return questions, the most important first."""
        if step.number < self._until:
            self.counts.paused += 1
            return self._rules.ask(task, step, summary, rgb)
        self.counts.asked += 1
        try:
            text = self._vlm.complete(_prompt(task, step, summary, self._ask.most), rgb, _SCHEMA)
            questions = read_questions(text)
        except VlmError as error:
            self._note(error.reason, step.number)
            return self._rules.ask(task, step, summary, rgb)
        self._failed = 0
        self.counts.answered += 1
        return self._asked.fresh(questions, step.number)

    def _note(self, reason: Failure, now: int) -> None:
        self.counts.failures[reason] += 1
        self._failed += 1
        if self._failed >= self.config.patience:
            self._failed, self._until = 0, now + 1 + self.config.pause_steps


def read_questions(text: str) -> list[Question]:
    """Return the questions of a model's answer; what stands around the JSON, such as a code fence, is cut off.

    Raises:
        VlmError: it is no JSON, or not of the form that was asked for.

    """
    first, last = text.find("{"), text.rfind("}")
    try:
        answer = json.loads(text[first : last + 1])
    except (ValueError, RecursionError) as error:
        raise VlmError("not_json", "the model's answer is no JSON") from error
    rows = answer.get("questions") if isinstance(answer, dict) and set(answer) == {"questions"} else None
    if not isinstance(rows, list):
        raise VlmError("schema", "the model's answer is no list of questions")
    return [_question(row) for row in rows]


def _question(row: Any) -> Question:
    if not isinstance(row, dict) or set(row) != {"kind", "text", "about"}:
        raise VlmError("schema", "a question has kind, text and about, and nothing else")
    kind, text, about = row["kind"], row["text"], row["about"]
    if kind not in _KINDS:
        raise VlmError("schema", "the kind of a question is not one of those that there are")
    for value in (text, about):
        if not isinstance(value, str) or len(value) > _TEXT_CHARS or not value.isprintable():
            raise VlmError("schema", f"text and about are printable, of at most {_TEXT_CHARS} characters")
    if not text.strip():
        raise VlmError("schema", "a question has a text")
    return Question(kind, text.strip(), about.strip())


def _prompt(task: str, step: Step, summary: Summary, most: int) -> str:
    return _PROMPT.format(
        most=most,
        task=task or "none",
        sentence=summary.sentence,
        room=summary.room or "unknown",
        held=step.held or "nothing",
        seen=", ".join(sorted({t.label for t in step.seen})) or "nothing that can be put away",
    )


def _data_url(rgb: NDArray[np.uint8], side_px: int) -> str:
    image = Image.fromarray(rgb)
    image.thumbnail((side_px, side_px))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


def _hang_up(connected: socket.socket) -> None:
    """End a connection from another thread: what reads from it gets an end of file."""
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
