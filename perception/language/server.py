"""A client of the chat completions of any OpenAI-compatible server.

The key comes from an environment variable and goes nowhere but into the header of a request. No redirects are followed
and no proxy is used. A call has one deadline, for all that it takes: connecting, trying again, and the last byte.
"""

from __future__ import annotations

import base64
import http.client
import io
import ipaddress
import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engram.perception.language.contract import Failure, LanguageError, Reply, Request, Usage
from engram.perception.language.ledger import Prices

DEFAULT_URL = "http://127.0.0.1:8000/v1"
Form = Literal["json_schema", "json_object", "none"]
_FORMS: tuple[Form, ...] = ("json_schema", "json_object", "none")
_FORM_REFUSED = frozenset({400, 415, 422, 501})  # what servers say that do not know a ``response_format``
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_TOO_LARGE = 413
_CHUNK = 1 << 16
_CHARS_PER_TOKEN = 4  # a rule of thumb, for servers that do not count


@dataclass(frozen=True)
class ServerConfig:
    """Which server is asked, and how."""

    model: str = "default"
    """Its name at the server."""
    url: str = ""
    """Address, such as http://127.0.0.1:8000/v1; empty: what the environment says, or else this machine."""
    url_variable: str = "ENGRAM_LLM_URL"
    """Environment variable with the address."""
    key_variable: str = "ENGRAM_LLM_KEY"
    """Environment variable with the key, if the server needs one."""
    remote: bool = False
    """Whether the server may be another machine: it is sent what the robot sees and knows."""
    timeout_secs: float = 30.0
    """For a call with all its attempts."""
    retries: int = 3
    """Further attempts when the server is busy or cannot be reached."""
    backoff_secs: float = 0.5
    """Wait before the first of them, which doubles each time; at random between half of it and all of it."""
    backoff_max_secs: float = 8.0
    max_bytes: int = 262_144
    """Of an answer."""
    max_tokens: int = 1024
    temperature: float = 0.0
    form: Form = "json_schema"
    """How the server is told the form of an answer; one that does not know it is asked more simply."""
    side_px: int = 512
    """The longer side of the image that is sent; 0: none is sent."""
    image: Literal["jpeg", "png"] = "jpeg"
    prices: Prices = field(default_factory=Prices)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.timeout_secs <= 0 or min(self.max_bytes, self.max_tokens) < 1:
            raise ValueError("timeout_secs, max_bytes and max_tokens must be positive")
        if min(self.side_px, self.retries, self.backoff_secs, self.backoff_max_secs, self.temperature) < 0:
            raise ValueError("side_px, retries, waits and temperature must not be negative")
        if self.form not in _FORMS or self.image not in ("jpeg", "png"):
            raise ValueError(f"form must be one of {', '.join(_FORMS)}, and image jpeg or png")


class _BusyError(LanguageError):
    """Raised for what may pass if it is tried again, after ``wait_secs`` at least."""

    def __init__(self, reason: Failure, message: str, status: int = 0, wait_secs: float = 0.0) -> None:
        super().__init__(reason, message, status=status)
        self.wait_secs = wait_secs


class OpenAiServer:
    """A language model at a server. It may be asked from several threads."""

    def __init__(
        self,
        config: ServerConfig | None = None,
        environ: Mapping[str, str] | None = None,
        wait: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Read the address and the key.

        Args:
            config: options.
            environ: environment; that of the process when not given.
            wait: waits so many seconds.
            jitter: numbers in [0, 1).

        Raises:
            LanguageError: the address is not one of http or https, it holds a password or a query, it is another
                machine and ``remote`` is not set, or the key would cross a network unencrypted.

        """
        self.config = c = config or ServerConfig()
        environ = os.environ if environ is None else environ
        self._key = environ.get(c.key_variable, "")
        parts = urlsplit(c.url or environ.get(c.url_variable, "") or DEFAULT_URL)
        where = "url" if c.url else c.url_variable
        try:
            port = parts.port
        except ValueError as error:
            raise LanguageError("address", f"{where} has no valid port") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise LanguageError("address", f"{where} must be an http or https URL, such as {DEFAULT_URL}")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise LanguageError("address", f"{where} must hold no user, password or query; the key: {c.key_variable}")
        if not self._key.isascii() or not self._key.isprintable():
            raise LanguageError("address", f"{c.key_variable} holds characters that no key has")
        self._host, self._port, self._secure = parts.hostname, port, parts.scheme == "https"
        self._path = f"{parts.path.rstrip('/')}/chat/completions"
        self._check_host(where)
        self._form: Form = c.form
        self._wait, self._jitter = wait, jitter

    def __repr__(self) -> str:
        """Name the model and the host, and no more."""
        return f"OpenAiServer({self.config.model!r} at {self._host!r})"

    def ask(self, request: Request) -> Reply:
        """Return the answer; see :class:`engram.perception.language.contract.LanguageModel`."""
        end = time.monotonic() + self.config.timeout_secs
        attempts = 0
        while True:
            attempts += 1
            try:
                return self._negotiate(request, end, attempts)
            except LanguageError as error:
                pause = self._pause(error, attempts, end)
                if pause is None:
                    error.usage = replace(error.usage, attempts=attempts)
                    raise
            self._wait(pause)

    def _check_host(self, where: str) -> None:
        if _is_here(self._host):
            return
        if not self.config.remote:
            raise LanguageError("address", f"{where} is another machine, {self._host}; allow that by remote=True")
        if self._key and not self._secure:
            raise LanguageError(
                "address", f"{where} must be https: the key of {self.config.key_variable} would be read"
            )

    def _pause(self, error: LanguageError, attempts: int, end: float) -> float | None:
        """Return how long to wait before the next attempt; None when there shall be none."""
        if not isinstance(error, _BusyError) or attempts > self.config.retries:
            return None
        longest = min(self.config.backoff_secs * 2.0 ** (attempts - 1), self.config.backoff_max_secs)
        pause = max(longest * (1 + self._jitter()) / 2, error.wait_secs)
        return pause if time.monotonic() + pause < end else None

    def _negotiate(self, request: Request, end: float, attempts: int) -> Reply:
        """Ask, more simply each time that the server does not know how it is told the form of the answer."""
        for form in _FORMS[_FORMS.index(self._form) :]:
            try:
                reply = self._try(request, form, end, attempts)
            except LanguageError as error:
                if form == "none" or error.status not in _FORM_REFUSED:
                    raise
            else:
                self._form = form
                return reply
        raise AssertionError("the last form is tried or raises")

    def _try(self, request: Request, form: Form, end: float, attempts: int) -> Reply:
        body = json.dumps(self._body(request, form)).encode()
        try:
            return _read_chat(json.loads(self._exchange(body, end)), request, attempts)
        except (ValueError, RecursionError) as error:
            raise LanguageError("not_json", "the server's answer is no JSON") from error

    def _body(self, request: Request, form: Form) -> dict[str, Any]:
        c = self.config
        body = {"model": c.model, "temperature": c.temperature, "max_tokens": c.max_tokens}
        answer = {"name": "answer", "strict": True, "schema": request.schema}
        forms: Mapping[Form, dict[str, Any]] = {
            "json_schema": {"response_format": {"type": "json_schema", "json_schema": answer}},
            "json_object": {"response_format": {"type": "json_object"}},
            "none": {},
        }
        return {**body, "messages": self._messages(request), **forms[form]}

    def _messages(self, request: Request) -> list[dict[str, Any]]:
        first: list[dict[str, Any]] = [{"type": "text", "text": request.turns[0]}]
        if request.rgb is not None and self.config.side_px:
            url = data_url(request.rgb, self.config.side_px, self.config.image)
            first.append({"type": "image_url", "image_url": {"url": url}})
        roles = ("user", "assistant")
        said: list[dict[str, Any]] = [{"role": "system", "content": request.system}] if request.system else []
        said.append({"role": "user", "content": first})
        said += [{"role": roles[n % 2], "content": turn} for n, turn in enumerate(request.turns[1:], 1)]
        return said

    def _exchange(self, body: bytes, end: float) -> bytes:
        """Post and return the body of the answer, all before the deadline."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        left = end - time.monotonic()
        if left <= 0:
            raise LanguageError("timeout", f"no time left to ask {self._host}")
        connection = kind(self._host, self._port, timeout=left)
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
            message = f"no answer from {self._host}: {type(error).__name__}"
            if time.monotonic() >= end or isinstance(error, TimeoutError):
                raise LanguageError("timeout", message) from error
            raise _BusyError("unreachable", message) from error
        finally:
            if timer is not None:
                timer.cancel()
            connection.close()
        return answer

    def _headers(self) -> dict[str, str]:
        key = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return {"Content-Type": "application/json", "Accept": "application/json", **key}

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        status, host = response.status, self._host
        if status in _BUSY:
            after = response.getheader("Retry-After", "")
            wait_secs = float(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0.0
            raise _BusyError("status", f"{host} answered with status {status}", status, wait_secs)
        if status != 200:
            reason: Failure = "too_long" if status == _TOO_LARGE else "status"
            raise LanguageError(reason, f"{host} answered with status {status}", status=status)
        data = bytearray()
        while chunk := response.read(min(_CHUNK, self.config.max_bytes + 1)):
            data += chunk
            if len(data) > self.config.max_bytes:
                raise LanguageError("too_long", f"{host} answered with more than {self.config.max_bytes} bytes")
        if response.length:
            raise http.client.IncompleteRead(bytes(data), response.length)
        return bytes(data)


def data_url(rgb: NDArray[np.uint8], side_px: int, image: Literal["jpeg", "png"] = "jpeg") -> str:
    """Return an image (H, W, 3) as a ``data:`` URL, made smaller where its longer side is longer than that."""
    picture = Image.fromarray(rgb)
    picture.thumbnail((side_px, side_px))
    out = io.BytesIO()
    picture.save(out, image.upper(), **({"quality": 85} if image == "jpeg" else {}))
    return f"data:image/{image};base64,{base64.b64encode(out.getvalue()).decode()}"


def _read_chat(answer: Any, request: Request, attempts: int) -> Reply:
    try:
        choice = answer["choices"][0]
        message, end = choice["message"], choice.get("finish_reason")
        text, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise LanguageError("schema", "the server's answer is no chat completion") from error
    usage = _usage(answer.get("usage"), request, text, attempts)
    if refusal or end == "content_filter":
        raise LanguageError("refused", "the model refused to answer", usage)
    if end == "length":
        raise LanguageError("too_long", "the model did not come to an end in the tokens that it had", usage)
    if not isinstance(text, str):
        raise LanguageError("schema", "the server's answer holds no text", usage)
    return Reply(text, usage)


def _usage(told: Any, request: Request, text: Any, attempts: int) -> Usage:
    """Return the tokens that the server counted, or a guess."""
    counts: list[Any] = (
        [told.get(f"{part}_tokens") for part in ("prompt", "completion")] if isinstance(told, dict) else []
    )
    if counts and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in counts):
        return Usage(counts[0], counts[1], attempts)
    asked = sum(map(len, (request.system, *request.turns)))
    said = len(text) if isinstance(text, str) else 0
    return Usage(asked // _CHARS_PER_TOKEN, said // _CHARS_PER_TOKEN, attempts, estimated=True)


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hang_up(connected: socket.socket) -> None:
    """End a connection from another thread: what reads from it gets an end of file."""
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
