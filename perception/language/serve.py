"""A small OpenAI-compatible server for a model of this process: this machine only, with bounds on all that comes in.

``POST /v1/chat/completions`` answers without streaming, ``GET /v1/models`` names the model, and ``GET /health`` says
that the server runs. With a key in the environment, all but the last need it. A page in a browser cannot ask: requests
must be of the type ``application/json``, which pages may not send elsewhere unasked, and name this server as host.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import os
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from engram.perception.language.contract import Failure, LanguageError, LanguageModel, Reply, Request

_MOST_PORT = 65_535
_ROLES = ("user", "assistant")
_STATUS: Mapping[Failure, HTTPStatus] = {
    "too_long": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "timeout": HTTPStatus.GATEWAY_TIMEOUT,
    "unreachable": HTTPStatus.SERVICE_UNAVAILABLE,
}


class ServeError(ValueError):
    """Raised for a server that cannot be opened; the message says what to do."""


@dataclass(frozen=True)
class ServeConfig:
    """Where a model is served, and what a request may be."""

    host: str = "127.0.0.1"
    """Loopback address."""
    port: int = 8000
    """0 takes a free one."""
    name: str = "default"
    """Of the model, as clients ask for it."""
    key_variable: str = "ENGRAM_LLM_KEY"
    """Environment variable with the key; unset or empty: none is needed."""
    max_bytes: int = 1 << 20
    """Of a request."""
    max_turns: int = 20
    """Of a conversation."""
    read_secs: float = 10.0
    """For a request to come in."""
    most_waiting: int = 8
    """Requests that may be in the works; others are told to come again."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.port <= _MOST_PORT:
            raise ServeError(f"a port is a number from 0 to {_MOST_PORT}, not {self.port}")
        if min(self.max_bytes, self.max_turns, self.most_waiting) < 1 or self.read_secs <= 0:
            raise ServeError("max_bytes, max_turns, most_waiting and read_secs must be positive")
        if not _loopback(self.host).is_loopback:
            raise ServeError(f"{self.host} can be reached from other machines; serve on 127.0.0.1 or ::1")


class LanguageServer(ThreadingHTTPServer):
    """Serves one model. Call ``serve_forever``, or enter it to have it run in a thread until it is left."""

    daemon_threads = True

    def __init__(
        self, model: LanguageModel, config: ServeConfig | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        """Take the port.

        Args:
            model: what is served; it may be asked from several threads.
            config: options.
            environ: environment with the key; that of the process when not given.

        Raises:
            ServeError: the port is taken.

        """
        self.model, self.config = model, config or ServeConfig()
        self.key = (os.environ if environ is None else environ).get(self.config.key_variable, "")
        self.slots = threading.BoundedSemaphore(self.config.most_waiting)
        address = _loopback(self.config.host)
        self.address_family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        try:
            super().__init__((str(address), self.config.port), _Handler)
        except OSError as error:
            raise ServeError(f"port {self.config.port} of {address}: {error.strerror}; 0 takes a free one") from error
        shown, port = (f"[{address}]" if address.version == 6 else str(address)), int(self.server_address[1])
        self.url = f"http://{shown}:{port}/v1"
        self.hosts = frozenset({f"{shown}:{port}", f"localhost:{port}"})
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
        if self._thread is not None:
            self._thread.join(5.0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that have gone."""


class RefusedError(Exception):
    """Raised for a request that is answered with a status other than 200."""

    def __init__(self, status: HTTPStatus, message: str, code: str = "invalid_request") -> None:
        """Take what to answer."""
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class _Handler(BaseHTTPRequestHandler):
    server: LanguageServer
    server_version = "engram"
    sys_version = ""

    def setup(self) -> None:
        """Give the request a deadline: timeouts of a socket begin anew with each byte."""
        super().setup()
        self._timer = threading.Timer(self.server.config.read_secs, _hang_up, (self.connection,))
        self._timer.daemon = True
        self._timer.start()

    def finish(self) -> None:
        """End the connection; whoever does not take the answer is not waited for."""
        self._timer.cancel()
        with suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        """Answer what is asked of the server."""
        if self.path == "/health":
            self._send(HTTPStatus.OK, {"status": "ok"})
            return
        try:
            self._check()
            if self.path != "/v1/models":
                raise RefusedError(HTTPStatus.NOT_FOUND, "there is /v1/models, /v1/chat/completions and /health")
        except RefusedError as refusal:
            self._refuse(refusal)
            return
        listed = {"id": self.server.config.name, "object": "model", "created": 0, "owned_by": "engram"}
        self._send(HTTPStatus.OK, {"object": "list", "data": [listed]})

    def do_POST(self) -> None:
        """Answer a chat."""
        try:
            self._check()
            body = self._body()
            self._timer.cancel()
            self._send(HTTPStatus.OK, self._answer(body))
        except RefusedError as refusal:
            self._refuse(refusal)

    def _check(self) -> None:
        key, given = self.server.key, self.headers.get("Authorization", "")
        if self.headers.get("Host") not in self.server.hosts:
            raise RefusedError(HTTPStatus.FORBIDDEN, "this server has another name", "host")
        if key and not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "the key is missing or wrong", "key")

    def _body(self) -> Mapping[str, Any]:
        if self.path != "/v1/chat/completions":
            raise RefusedError(HTTPStatus.NOT_FOUND, "chats are at /v1/chat/completions")
        if self.headers.get_content_type() != "application/json":
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
        told, most = self.headers.get("Content-Length", ""), self.server.config.max_bytes
        if not (told.isascii() and told.isdigit()):
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "say how long the request is")
        if len(told) > 18 or int(told) > most:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {most} bytes", "too_long")
        try:
            data = self.rfile.read(int(told))
            body = json.loads(data)
        except (OSError, ValueError, RecursionError) as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the request is no JSON") from error
        if not isinstance(body, dict):
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the request is no JSON object")
        return body

    def _answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        request = read_request(body, self.server.config)
        if not self.server.slots.acquire(blocking=False):
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests at once", "busy")
        try:
            reply = self.server.model.ask(request)
        except LanguageError as error:
            status = _STATUS.get(error.reason, HTTPStatus.INTERNAL_SERVER_ERROR)
            raise RefusedError(status, str(error), error.reason) from error
        finally:
            self.server.slots.release()
        return completion(reply, self.server.config.name, body.get("max_tokens"))

    def _refuse(self, refusal: RefusedError) -> None:
        error = {"message": refusal.message, "type": refusal.code, "code": refusal.code}
        headers = {"Retry-After": "1"} if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        self._send(refusal.status, {"error": error}, headers)

    def _send(self, status: HTTPStatus, data: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(data).encode()
        with suppress(OSError):  # the client has gone
            self.send_response(status)
            about = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Cache-Control": "no-store"}
            for name, value in {**about, **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Keep quiet: requests hold what a robot sees."""


def read_request(body: Mapping[str, Any], config: ServeConfig) -> Request:
    """Return the request of a chat; images in it are left out, and a form of the answer is not enforced.

    Raises:
        RefusedError: it is no chat that this server takes.

    """
    messages = body.get("messages")
    if body.get("stream"):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "answers are not streamed")
    if body.get("model", config.name) != config.name:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"the model here is {config.name!r}", "model")
    if not isinstance(messages, list) or not 0 < len(messages) <= config.max_turns:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"messages is a list of 1 to {config.max_turns}")
    said = [_message(each) for each in messages]
    system = said.pop(0)[1] if said[0][0] == "system" else ""
    if not len(said) % 2 or any(role != _ROLES[n % 2] for n, (role, _) in enumerate(said)):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "user and assistant take turns; user begins and ends")
    form = body.get("response_format")
    told = form.get("json_schema") if isinstance(form, dict) else None
    schema = told.get("schema") if isinstance(told, dict) else None
    return Request("served", "", system, tuple(t for _, t in said), schema if isinstance(schema, dict) else {})


def completion(reply: Reply, name: str, most: Any = None) -> dict[str, Any]:
    """Return what a client reads; an answer of more tokens than it asked for counts as not come to an end."""
    usage = reply.usage
    long = isinstance(most, int) and usage.completion_tokens > most
    message = {"role": "assistant", "content": reply.text}
    return {
        "id": f"chatcmpl-{time.time_ns():x}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": name,
        "choices": [{"index": 0, "message": message, "finish_reason": "length" if long else "stop"}],
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        },
    }


def _message(message: Any) -> tuple[str, str]:
    """Return who says what."""
    role, content = (message.get("role"), message.get("content")) if isinstance(message, dict) else (None, None)
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        said = [text for text in texts if isinstance(text, str)]
        content = "\n".join(said) if len(said) == len(texts) else None
    if not isinstance(role, str) or not isinstance(content, str):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "a message has a role, and text as its content")
    return role, content


def _loopback(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError as error:
        raise ServeError(f"{host!r} is no address; serve on 127.0.0.1 or ::1") from error


def _hang_up(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
