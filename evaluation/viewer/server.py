"""The server of the page: this machine only, with a token, and nothing that is not on a short list.

A page in the same browser must neither read a memory nor ask it: each request needs the token, in the query or in the
cookie that the first page sets, and a Host header that names this server, which a name that was rebound to the
loopback address does not. The policy that goes with each answer keeps the page from talking to anybody else.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import logging
import os
import re
import secrets
import socket
from collections.abc import Mapping
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from engram.evaluation.contract import EvaluationError
from engram.evaluation.viewer.api import BadRequestError, TooLongError, View
from engram.evaluation.viewer.reels import NotYetError
from engram.evaluation.viewer.sources import ViewError
from engram.memory.contract import HippocampusError

TOKEN_VARIABLE = "ENGRAM_VIEW_TOKEN"  # noqa: S105 (a name)
_LEAST_TOKEN = 16  # characters
_MOST_FIELDS = 20  # in a query
_MOST_PORT = 65_535
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_PARTS = ("view.css", "app.js", "camera.js", "dom.js", "map.js", "graph.js", "panels.js", "icon.svg")
_PAGES = {"/": "view.html", **{f"/{name}": name for name in _PARTS}}
_NUMBER = re.compile(r"[0-9]{1,9}")
_PNG = b"\x89PNG"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_log = logging.getLogger(__name__)


class ViewServer(ThreadingHTTPServer):
    """Serves one view on a loopback address. ``serve_forever`` and ``shutdown`` are those of the standard library."""

    daemon_threads = True

    def __init__(self, view: View, host: str = "127.0.0.1", port: int = 0, token: str | None = None) -> None:
        """Take the port; 0 for any that is free.

        Raises:
            ViewError: the address is not of this machine alone, the port is taken, or the token is short.

        """
        self.view = view
        self.token = make_token() if token is None else checked_token(token)
        address = loopback(host)
        if not 0 <= port <= _MOST_PORT:
            raise ViewError(f"a port is a number from 0 to {_MOST_PORT}, not {port}")
        self.address_family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        try:
            super().__init__((str(address), port), _Handler)
        except OSError as error:
            raise ViewError(f"port {port} of {address}: {error.strerror}; --port 0 takes a free one") from error
        self.port = int(self.server_address[1])
        shown = f"[{address}]" if address.version == 6 else str(address)
        self.origin = f"http://{shown}:{self.port}"
        self.hosts = frozenset({f"{shown}:{self.port}", f"localhost:{self.port}"})

    @property
    def url(self) -> str:
        """Address of the page, with the token."""
        return f"{self.origin}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """Name of the cookie; cookies do not tell ports apart."""
        return f"engram_view_{self.port}"


def loopback(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return a loopback address.

    Raises:
        ViewError: it is another, or none.

    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError as error:
        raise ViewError(f"{host!r} is no address; the page is shown on 127.0.0.1 or ::1 only") from error
    if not address.is_loopback:
        raise ViewError(
            f"{host} can be reached from other machines, and a memory is private; use 127.0.0.1, and an ssh tunnel"
            " (ssh -L PORT:127.0.0.1:PORT HOST) to look from elsewhere"
        )
    return address


def make_token() -> str:
    """Return the token that the environment gives, or a new one."""
    return checked_token(os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24))


def checked_token(token: str) -> str:
    """Return a token that is long enough and can stand in an address.

    Raises:
        ViewError: it is not.

    """
    if len(token) < _LEAST_TOKEN or not all(c.isascii() and (c.isalnum() or c in "-_") for c in token):
        raise ViewError(
            f"a token has at least {_LEAST_TOKEN} letters, digits, - and _; unset {TOKEN_VARIABLE} to get one"
        )
    return token


class _Handler(BaseHTTPRequestHandler):
    server: ViewServer
    protocol_version = "HTTP/1.1"
    server_version = "engram"
    sys_version = ""
    timeout = 30  # seconds a client may be silent

    def do_GET(self) -> None:
        """Answer, if the request is from the page."""
        url = urlsplit(self.path)
        try:
            params = dict(parse_qsl(url.query, max_num_fields=_MOST_FIELDS))
        except ValueError:
            self._error(HTTPStatus.BAD_REQUEST, "too many fields in the query")
            return
        given = params.pop("token", None)
        if self.headers.get("Host") not in self.server.hosts:
            self._error(HTTPStatus.FORBIDDEN, "this server has another name")
        elif not self._may(given):
            self._error(HTTPStatus.FORBIDDEN, "open the address that engram view printed; it carries a token")
        elif url.path == "/" and given is not None:
            self._welcome()
        elif url.path in _PAGES:
            self._page(_PAGES[url.path])
        elif url.path == "/frame":
            self._frame(params.get("number", ""))
        elif url.path.startswith("/api/"):
            self._api(url.path.removeprefix("/api/"), params)
        else:
            self._error(HTTPStatus.NOT_FOUND, "there is nothing here")

    def log_message(self, format: str, *args: Any) -> None:
        """Log without the query, which may hold the token."""
        _log.debug("%s %s", self.command, urlsplit(getattr(self, "path", "")).path)

    def _may(self, given: str | None) -> bool:
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(self.server.cookie)
        except CookieError:
            cookie = None
        shown = given if given is not None else cookie.value if cookie is not None else ""
        return hmac.compare_digest(shown.encode(), self.server.token.encode())

    def _welcome(self) -> None:
        """Take the token out of the address, so that it does not stay in the history."""
        cookie = f"{self.server.cookie}={self.server.token}; Path=/; HttpOnly; SameSite=Strict"
        self._send(HTTPStatus.SEE_OTHER, b"", "text/plain", {"Location": "/", "Set-Cookie": cookie})

    def _page(self, name: str) -> None:
        content = (files("engram.evaluation.viewer") / "static" / name).read_bytes()
        self._send(HTTPStatus.OK, content, f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8")

    def _frame(self, number: str) -> None:
        found = self.server.view.frame(int(number)) if _NUMBER.fullmatch(number) else None
        if found is None:
            self._error(HTTPStatus.NOT_FOUND, "there is no such image")
        else:
            self._send(HTTPStatus.OK, found, "image/png" if found.startswith(_PNG) else "image/jpeg")

    def _api(self, route: str, params: Mapping[str, str]) -> None:
        try:
            found = self.server.view.answer(route, params)
        except NotYetError as wait:
            self._json(HTTPStatus.ACCEPTED, {"waiting": round(wait.share, 3)})
        except TooLongError as error:
            self._error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
        except BadRequestError as error:
            self._error(HTTPStatus.BAD_REQUEST, str(error))
        except (EvaluationError, HippocampusError, OSError) as error:
            self._error(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        else:
            if found is None:
                self._error(HTTPStatus.NOT_FOUND, "there is nothing here")
            else:
                self._json(HTTPStatus.OK, found)

    def _json(self, status: HTTPStatus, data: Any) -> None:
        self._send(status, json.dumps(data, separators=(",", ":")).encode(), "application/json")

    def _error(self, status: HTTPStatus, message: str) -> None:
        self._json(status, {"error": message})

    def _send(self, status: HTTPStatus, content: bytes, kind: str, more: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, **(more or {}), "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the page has gone on
