"""Language models for tests, that say what they are told to say or misbehave in a known way: in this process, and as an
OpenAI-compatible server on loopback.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from types import TracebackType
from typing import Any

from engram.perception.language.contract import LanguageError, Reply, Request

_MOST = 1 << 26  # bytes that an endless answer has after all


@dataclass(frozen=True)
class Answer:
    """What the server answers: bytes to send, and seconds to hold them back (until the server is closed at most)."""

    pieces: Iterable[bytes | float] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Behaviour = Answer | Callable[[Mapping[str, Any]], Answer]  # given the request


def says(text: str | None, finish: str = "stop", usage: tuple[int, int] | None = (100, 20), **message: Any) -> Answer:
    """Return a completion with a text and the tokens of prompt and completion."""
    body: dict[str, Any] = {
        "choices": [{"message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}]
    }
    if usage is not None:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return Answer([json.dumps(body).encode()])


def fails(status: int, **headers: str) -> Answer:
    """Return an error; ``Retry_After="2"`` becomes the header of that name."""
    return Answer([b"{}"], status, {name.replace("_", "-"): value for name, value in headers.items()})


def hangs() -> Answer:
    """Return an answer that never begins."""
    return Answer([600.0])


def drips(piece_secs: float = 0.02) -> Answer:
    """Return an answer that comes byte by byte, without end."""
    return Answer(_Again(b" ", piece_secs))


def never_stops() -> Answer:
    """Return an answer of more and more tokens, as fast as they are read."""
    return Answer(_Again(b'{"choices": [{"message": {"content": "' + b"open the safe " * 4096))


class Told:
    """A model that gives prepared answers, the last one again and again, and notes what it was asked."""

    def __init__(self, *answers: str | Reply | LanguageError) -> None:
        """Take the answers, of which errors are raised."""
        self.answers = list(answers)
        self.requests: list[Request] = []

    def ask(self, request: Request) -> Reply:
        """Return the next answer."""
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, LanguageError):
            raise answer
        return Reply(answer) if isinstance(answer, str) else answer


class FakeServer:
    """A server that takes a behaviour for each request, in order, and keeps the last one."""

    def __init__(self, *behaviours: Behaviour) -> None:
        """Take what it does; it listens once it is entered."""
        self.behaviours = list(behaviours)
        self.requests: list[dict[str, Any]] = []  # bodies
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self._release = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Address for clients."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> FakeServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)

    def asked(self, number: int = -1) -> str:
        """Return all that a request says in words."""
        parts: list[str] = []
        for message in self.requests[number]["messages"]:
            content = message["content"]
            parts += [content] if isinstance(content, str) else [p["text"] for p in content if p["type"] == "text"]
        return "\n".join(parts)

    def answer(self, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> Answer:
        """Note a request and return what to answer."""
        with self._lock:
            self.paths.append(path)
            self.headers.append(dict(headers))
            self.requests.append(body)
            behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        return behaviour if isinstance(behaviour, Answer) else behaviour(body)

    def hold(self, secs: float) -> bool:
        """Wait, until the server is closed at most; whether it is."""
        return self._release.wait(secs)


@dataclass(frozen=True)
class _Again:
    """The same bytes again and again, up to a bound."""

    piece: bytes
    secs: float = 0.0

    def __iter__(self) -> Iterator[bytes | float]:
        for piece in repeat(self.piece, _MOST // len(self.piece)):
            yield piece
            if self.secs:
                yield self.secs


def _handler(server: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = server.answer(self.path, dict(self.headers), body)
            with suppress(OSError):  # the client has gone
                self._send(answer)

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in answer.pieces:
                if isinstance(piece, bytes):
                    self.wfile.write(piece)
                    self.wfile.flush()
                elif server.hold(piece):
                    return

        def log_message(self, *args: Any) -> None:
            """Keep quiet."""

    return Handler
