from __future__ import annotations

import http.client
import json
import socket
import threading
from dataclasses import replace

import pytest

from engram.perception.language.contract import LanguageError, Reply, Request, Usage
from engram.perception.language.serve import LanguageServer, ServeConfig, ServeError
from engram.perception.language.server import OpenAiServer, ServerConfig

ASKED = Request("look.v1", "0" * 16, "be brief", ("mug?", "pan", "sure?"), {"type": "object"})
CONFIG = ServeConfig(port=0, read_secs=5.0)
CHAT = {"messages": [{"role": "user", "content": "mug?"}]}


class Echo:
    """A model that says what it was asked."""

    def __init__(self, error=None):
        self.error, self.requests = error, []

    def ask(self, request):
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        return Reply(f"you said {request.turns[-1]}", Usage(7, 3, 1))


def serve(model=None, environ=None, **changes):
    return LanguageServer(model or Echo(), replace(CONFIG, **changes), environ or {})


def send(server, method="POST", path="/v1/chat/completions", body=CHAT, headers=None):
    host, port = server.server_address[:2]
    connection = http.client.HTTPConnection(host, port, timeout=10)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read()), dict(answer.getheaders())
    connection.close()
    return found


def test_a_client_of_ours_is_answered():
    model = Echo()
    with serve(model) as server:
        reply = OpenAiServer(ServerConfig(url=server.url), {}).ask(ASKED)
    assert reply == Reply("you said sure?", Usage(7, 3, 1))
    (request,) = model.requests
    assert (request.system, request.turns, request.schema) == ("be brief", ASKED.turns, {"type": "object"})


def test_the_model_and_the_health_of_the_server_are_told():
    with serve(name="small") as server:
        status, models, _ = send(server, "GET", "/v1/models")
        assert (status, [m["id"] for m in models["data"]]) == (200, ["small"])
        assert send(server, "GET", "/health")[:2] == (200, {"status": "ok"})
        assert send(server, "GET", "/v1/else")[0] == 404
        assert send(server, path="/v1/completions")[0] == 404


def test_with_a_key_in_the_environment_it_is_needed():
    with serve(environ={"ENGRAM_LLM_KEY": "open sesame"}) as server:
        assert send(server)[0] == 401
        assert send(server, headers={"Authorization": "Bearer open"})[0] == 401
        assert send(server, "GET", "/v1/models")[0] == 401
        assert send(server, "GET", "/health")[0] == 200
        assert send(server, headers={"Authorization": "Bearer open sesame"})[0] == 200
        reply = OpenAiServer(ServerConfig(url=server.url), {"ENGRAM_LLM_KEY": "open sesame"}).ask(ASKED)
    assert reply.text == "you said sure?"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 5000, 400),
        (b"\xff\xfe", 400),
        ([1], 400),
        ({}, 400),
        ({"messages": []}, 400),
        ({"messages": [{"role": "system", "content": "x"}]}, 400),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400),
        ({"messages": [{"role": "user", "content": 3}]}, 400),
        ({"messages": [{"role": ["user"], "content": "x"}]}, 400),
        ({"messages": ["x"]}, 400),
        ({"messages": CHAT["messages"] * 2}, 400),
        ({"messages": CHAT["messages"] * 99}, 400),
        ({**CHAT, "stream": True}, 400),
        ({**CHAT, "model": "gpt"}, 404),
        ({**CHAT, "pad": "x" * 3000}, 413),
    ],
)
def test_what_is_no_chat_is_refused_and_the_model_not_asked(body, status):
    model = Echo()
    with serve(model, max_bytes=2500 if status == 413 else 6000) as server:
        found, answer, _ = send(server, body=body)
    assert found == status
    assert answer["error"]["message"]
    assert model.requests == []


def test_pages_of_a_browser_cannot_ask():
    with serve() as server:
        assert send(server, headers={"Content-Type": "text/plain"})[0] == 415
        assert send(server, headers={"Host": "rebound.example"})[0] == 403


def test_images_are_left_out():
    parts = [{"type": "text", "text": "mug?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    with serve(model := Echo()) as server:
        assert send(server, body={"messages": [{"role": "user", "content": parts}]})[0] == 200
    assert model.requests[0].turns == ("mug?",)


def test_an_answer_that_is_longer_than_asked_for_says_so():
    with serve() as server:
        ends = [send(server, body={**CHAT, "max_tokens": n})[1]["choices"][0]["finish_reason"] for n in (2, 3)]
    assert ends == ["length", "stop"]


@pytest.mark.parametrize(
    ("reason", "status"), [("too_long", 413), ("timeout", 504), ("unreachable", 503), ("missing", 500)]
)
def test_what_goes_wrong_in_the_model_has_a_status(reason, status):
    with serve(Echo(LanguageError(reason, "no"))) as server:
        found, answer, _ = send(server)
    assert (found, answer["error"]["code"]) == (status, reason)


def test_a_request_that_does_not_come_to_an_end_is_hung_up_on():
    with serve(read_secs=0.2) as server, socket.create_connection(server.server_address[:2], timeout=10) as line:
        line.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n")
        assert line.recv(1) == b""


class Holding(Echo):
    """A model that answers once it may."""

    def __init__(self):
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def ask(self, request):
        self.begun.set()
        self.go.wait(10)
        return super().ask(request)


def test_no_more_requests_than_it_takes_are_in_the_works():
    model, found = Holding(), []
    with serve(model, most_waiting=1) as server:
        first = threading.Thread(target=lambda: found.append(send(server)[0]))
        first.start()
        assert model.begun.wait(10)
        status, _, headers = send(server)
        assert (status, headers["Retry-After"]) == (503, "1")
        model.go.set()
        first.join(10)
        assert found == [200]
        assert send(server)[0] == 200


def test_a_server_for_others_or_on_a_port_that_is_taken_is_refused():
    with pytest.raises(ServeError, match=r"127\.0\.0\.1"):
        ServeConfig(host="0.0.0.0")  # noqa: S104
    with pytest.raises(ServeError, match="no address"):
        ServeConfig(host="example.org")
    with pytest.raises(ServeError, match="port"):
        ServeConfig(port=70_000)
    with pytest.raises(ServeError, match="positive"):
        ServeConfig(max_bytes=0)
    with serve() as server, pytest.raises(ServeError, match="takes a free one"):
        serve(port=server.server_address[1])
