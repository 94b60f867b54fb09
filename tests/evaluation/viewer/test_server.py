from __future__ import annotations

import pytest

from engram.evaluation.viewer.server import TOKEN_VARIABLE, ViewServer, loopback, make_token
from engram.evaluation.viewer.sources import ViewError

TOKEN = "0123456789abcdefTOKEN"  # noqa: S105


def test_the_page_comes_with_a_policy_and_without_the_token_in_its_address(fetch, server):
    status, _, headers = fetch(f"/?token={TOKEN}", Cookie=None)
    assert (status, headers["Location"]) == (303, "/")
    assert headers["Set-Cookie"] == f"{server.cookie}={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    status, body, headers = fetch("/")
    assert status == 200
    assert b"<title>engram view</title>" in body
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("name", ["view.css", "app.js", "camera.js", "dom.js", "map.js", "graph.js", "panels.js"])
def test_parts_of_the_page_are_served_and_name_no_other_host(fetch, name):
    status, body, headers = fetch(f"/{name}")
    assert status == 200
    assert headers["Content-Type"].startswith("text/css" if name.endswith("css") else "text/javascript")
    assert b"https://" not in body
    assert body.replace(b"http://www.w3.org/2000/svg", b"").count(b"http://") == 0


@pytest.mark.parametrize("path", ["/", "/app.js", "/api/timeline", "/api/nothing", "/frame?number=0", "/nothing"])
@pytest.mark.parametrize("cookie", [None, "engram_view=0123456789abcdefTOKEN", "wrong", "\x01;;=="])
def test_without_the_token_nothing_is_said(fetch, path, cookie):
    status, body, _ = fetch(path, Cookie=cookie)
    assert status == 403
    assert set(body) == {"error"}


@pytest.mark.parametrize("token", ["", "0123456789abcdefTOKEM", "0123456789abcdefTOKEN0", "é" * 21])
def test_a_wrong_token_in_the_query_is_refused_whatever_the_cookie_says(fetch, token):
    from urllib.parse import quote

    status, _, _ = fetch(f"/api/timeline?token={quote(token)}", Cookie=None)
    assert status == 403
    if token:
        assert fetch(f"/api/timeline?token={quote(token)}")[0] == 403


@pytest.mark.parametrize(
    "host", [None, "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}"]
)
def test_a_foreign_name_is_refused_even_with_the_token(fetch, server, host):
    named = None if host is None else host.format(port=server.port)
    assert fetch("/api/timeline", Host=named)[0] == 403
    assert fetch("/api/timeline", Host=f"localhost:{server.port}")[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/../setup.cfg", "/..%2f..%2fsetup.cfg", "/static/../server.py", "//etc/passwd", "/%2e%2e/server.py",
     "/server.py", "/view.html", "/app.js/", "/api/../app.js", "/api/", "/api/__class__", "/api/close"],
)  # fmt: skip
def test_what_is_not_on_the_list_is_not_there(fetch, path):
    assert fetch(path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_it_can_only_be_read(fetch, method):
    assert fetch("/api/timeline", method=method)[0] == 501


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/ask?text=" + "a" * 300, 200),
        ("/api/ask?text=" + "a" * 301, 413),
        ("/api/ask?text=+++", 400),
        ("/api/ask", 400),
        ("/api/ask?text=mug&limit=21", 400),
        ("/api/ask?text=mug&version=x", 400),
        ("/api/state?version=-1", 400),
        ("/api/graph?budget=100000", 400),
        ("/api/graph?hops=9", 400),
        ("/api/map?low=nan", 400),
        ("/api/map?low=2&high=1", 400),
        ("/api/map?high=1e9", 400),
        ("/api/timeline?" + "&".join(f"k{n}=1" for n in range(30)), 400),
        ("/api/ask?text=" + "a" * 70_000, 414),
        ("/frame?number=0", 404),
        ("/frame?number=" + "9" * 5000, 404),
        ("/frame?number=-1", 404),
    ],
)
def test_bad_parameters_are_refused_in_words(fetch, path, status):
    found, body, _ = fetch(path)
    assert found == status
    if status in (400, 413):
        assert body["error"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.com", "", "127.0.0.1.evil.example"])  # noqa: S104
def test_other_machines_cannot_reach_it(view, host):
    with pytest.raises(ViewError, match=r"127\.0\.0\.1"):
        ViewServer(view, host=host)


def test_loopback_addresses_are_accepted():
    assert [str(loopback(name)) for name in ("localhost", "127.0.0.1", "127.0.0.2", "::1")] == [
        "127.0.0.1", "127.0.0.1", "127.0.0.2", "::1",
    ]  # fmt: skip


def test_a_token_is_long_random_or_that_of_the_environment(monkeypatch, view):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert len({make_token() for _ in range(8)}) == 8
    assert len(make_token()) >= 32
    monkeypatch.setenv(TOKEN_VARIABLE, "a" * 16)
    with ViewServer(view) as server:
        assert server.url == f"http://127.0.0.1:{server.port}/?token={'a' * 16}"
    for bad in ("short", "a" * 15 + "\n", "ü" * 20, "a" * 20 + ";"):
        monkeypatch.setenv(TOKEN_VARIABLE, bad)
        with pytest.raises(ViewError, match="at least 16"):
            ViewServer(view)


def test_a_taken_port_is_named(view):
    with ViewServer(view) as server, pytest.raises(ViewError, match=f"port {server.port}"):
        ViewServer(view, port=server.port)
