from __future__ import annotations

import base64
import io
import json
import traceback

import numpy as np
import pytest
from PIL import Image

from engram.perception.language.contract import LanguageError, Request
from engram.perception.language.ledger import Prices
from engram.perception.language.server import OpenAiServer, ServerConfig
from engram.perception.language.testing import Answer, FakeServer, drips, fails, hangs, never_stops, says

RGB = np.full((480, 640, 3), (255, 0, 0), np.uint8)
KEY = "sk-very-secret"
ASKED = Request("look.v1", "0" * 16, "be brief", ("what is there?",), {"type": "object"}, RGB)


def client(server, waits=None, environ=None, **choices):
    choices = {"timeout_secs": 20.0, **choices}
    wait = (lambda secs: None) if waits is None else waits.append
    return OpenAiServer(ServerConfig(url=server.url, **choices), environ or {}, wait, jitter=lambda: 0.5)


def failure(model, request=ASKED):
    with pytest.raises(LanguageError) as caught:
        model.ask(request)
    return caught.value


def test_a_request_holds_prompt_picture_schema_and_key():
    with FakeServer(says("{}")) as server:
        client(server, environ={"ENGRAM_LLM_KEY": KEY}, model="eyes", side_px=160).ask(ASKED)
    assert server.paths == ["/v1/chat/completions"]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    body = server.requests[0]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("eyes", 0.0, 1024)
    form = body["response_format"]
    assert (form["type"], form["json_schema"]["schema"]) == ("json_schema", {"type": "object"})
    system, user = body["messages"]
    assert system == {"role": "system", "content": "be brief"}
    words, picture = user["content"]
    assert words == {"type": "text", "text": "what is there?"}
    head, _, data = picture["image_url"]["url"].partition(",")
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (head, image.size) == ("data:image/jpeg;base64", (160, 120))
    assert image.getpixel((80, 60))[0] > 240


def test_a_picture_can_be_exact():
    with FakeServer(says("{}")) as server:
        client(server, image="png", side_px=1000).ask(ASKED)
    url = server.requests[0]["messages"][1]["content"][1]["image_url"]["url"]
    head, _, data = url.partition(",")
    assert head == "data:image/png;base64"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), RGB)


def test_without_a_key_or_a_picture_none_is_sent():
    with FakeServer(says("{}")) as server:
        client(server, side_px=0).ask(ASKED)
    assert "Authorization" not in server.headers[0]
    assert [part["type"] for part in server.requests[0]["messages"][1]["content"]] == ["text"]


def test_asking_again_tells_the_answer_and_the_complaint():
    with FakeServer(says("{}")) as server:
        client(server).ask(ASKED.again("nonsense", "that is no JSON"))
    said = server.requests[0]["messages"]
    assert [m["role"] for m in said] == ["system", "user", "assistant", "user"]
    assert [m["content"] for m in said[2:]] == ["nonsense", "that is no JSON"]


def test_tokens_are_those_that_the_server_counts():
    with FakeServer(says("{}", usage=(70, 9)), says("{}  ", usage=None)) as server:
        model = client(server)
        counted, guessed = model.ask(ASKED).usage, model.ask(ASKED).usage
    assert (counted.prompt_tokens, counted.completion_tokens, counted.estimated) == (70, 9, False)
    assert (guessed.prompt_tokens, guessed.completion_tokens, guessed.estimated) == (5, 1, True)


def test_counts_that_are_none_are_not_believed():
    with FakeServer(Answer([json.dumps({"choices": [{"message": {"content": "{}"}}], "usage": {
        "prompt_tokens": "7", "completion_tokens": -1}}).encode()])) as server:  # fmt: skip
        assert client(server).ask(ASKED).usage.estimated


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (fails(401), "status"),
        (Answer([], 302, {"Location": "http://127.0.0.1:9/v1/chat/completions"}), "status"),
        (fails(413), "too_long"),
        (Answer([b"<html>"]), "not_json"),
        (Answer([b"[" * 50_000]), "not_json"),
        (Answer([b"{}"]), "schema"),
        (Answer([b"[1]"]), "schema"),
        (Answer([b'{"choices": []}']), "schema"),
        (Answer([b'{"choices": [{"message": "hello"}]}']), "schema"),
        (says(None), "schema"),
        (says(None, refusal="I will not"), "refused"),
        (says("", finish="content_filter"), "refused"),
        (says('{"a": "and so on', finish="length"), "too_long"),
        (never_stops(), "too_long"),
        (Answer([b"{}"], headers={"Content-Length": "500"}), "unreachable"),
    ],
)
def test_answers_that_are_none(answer, expected):
    with FakeServer(answer) as server:
        assert failure(client(server, retries=0)).reason == expected


@pytest.mark.parametrize("answer", [hangs(), Answer([b"{", 600.0]), drips()])
def test_a_server_that_hangs_or_drips_is_hung_up_on_once(answer):
    with FakeServer(answer) as server:
        error = failure(client(server, timeout_secs=0.2))
        assert (error.reason, error.usage.attempts, len(server.requests)) == ("timeout", 1, 1)


def test_a_busy_server_is_asked_again_ever_later():
    waits = []
    with FakeServer(fails(429), fails(500), fails(503), says("{}")) as server:
        reply = client(server, waits, retries=3, backoff_secs=0.4, backoff_max_secs=1.0).ask(ASKED)
    assert (reply.text, reply.usage.attempts) == ("{}", 4)
    assert waits == pytest.approx([0.3, 0.6, 0.75])  # three quarters of 0.4, 0.8 and, at most, 1.0


def test_a_server_that_says_when_is_waited_for():
    waits = []
    with FakeServer(fails(429, Retry_After="3"), says("{}")) as server:
        client(server, waits).ask(ASKED)
    assert waits == [3.0]


@pytest.mark.parametrize("after", ["60", "soon", "-5", "999999999999999999"])
def test_no_wait_is_longer_than_the_call_may_take(after):
    waits = []
    with FakeServer(fails(429, Retry_After=after)) as server:
        assert failure(client(server, waits, retries=2)).status == 429
    assert all(secs < 20.0 for secs in waits)
    assert len(server.requests) == (1 if after == "60" else 3)


def test_there_is_a_most_for_trying_again():
    with FakeServer(fails(500)) as server:
        error = failure(client(server, retries=2))
    assert (error.reason, error.status, error.usage.attempts, len(server.requests)) == ("status", 500, 3, 3)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_will_not_pass_is_not_tried_again(status):
    waits = []
    with FakeServer(fails(status)) as server:
        assert failure(client(server, waits, form="none")).status == status
    assert (waits, len(server.requests)) == ([], 1)


def test_a_server_without_forms_of_answers_is_asked_more_simply_from_then_on():
    with FakeServer(fails(400), fails(422), says("{}"), says("[]")) as server:
        model = client(server)
        assert [model.ask(ASKED).text, model.ask(ASKED).text] == ["{}", "[]"]
    forms = [body.get("response_format", {}).get("type") for body in server.requests]
    assert forms == ["json_schema", "json_object", None, None]


def test_a_request_that_is_bad_anyhow_changes_no_form():
    with FakeServer(*[fails(400)] * 3, says("{}")) as server:
        model = client(server)
        assert failure(model).status == 400
        model.ask(ASKED)
    assert server.requests[3]["response_format"]["type"] == "json_schema"


def test_nobody_there():
    model = OpenAiServer(ServerConfig(url="http://127.0.0.1:9", retries=1), {}, wait=lambda secs: None)
    error = failure(model)
    assert (error.reason, error.usage.attempts) == ("unreachable", 2)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/v1", "file:///etc/passwd", "127.0.0.1:8000", "http://", "http://me:pw@127.0.0.1/v1",
            "http://127.0.0.1/v1?key=pw", "http://127.0.0.1:99999/v1"]
)  # fmt: skip
def test_addresses_that_are_none_are_refused(url):
    with pytest.raises(LanguageError, match="ENGRAM_LLM_URL") as caught:
        OpenAiServer(environ={"ENGRAM_LLM_URL": url})
    assert caught.value.reason == "address"
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://api.example.com/v1", "http://10.0.0.7:8000/v1", "http://127.0.0.1.evil.io"])
def test_another_machine_needs_a_word(url):
    with pytest.raises(LanguageError, match="remote=True"):
        OpenAiServer(ServerConfig(url=url), {})
    OpenAiServer(ServerConfig(url=url, remote=True), {})


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.9.9.9:1/v1", "http://[::1]:1", "http://localhost"])
def test_this_machine_does_not(url):
    OpenAiServer(ServerConfig(url=url), {})


def test_a_key_crosses_no_network_in_the_clear():
    far = ServerConfig(url="http://10.0.0.7/v1", remote=True, key_variable="HOUSE_KEY")
    with pytest.raises(LanguageError, match="https") as caught:
        OpenAiServer(far, {"HOUSE_KEY": KEY})
    assert KEY not in str(caught.value)
    OpenAiServer(ServerConfig(url="https://10.0.0.7/v1", remote=True), {"ENGRAM_LLM_KEY": KEY})


def test_a_key_cannot_add_headers():
    with pytest.raises(LanguageError, match="ENGRAM_LLM_KEY"):
        OpenAiServer(environ={"ENGRAM_LLM_KEY": "a\r\nHost: b"})


@pytest.mark.parametrize("answer", [fails(401), Answer([b"sk-very-secret"]), hangs(), fails(500)])
def test_the_key_is_in_no_error_log_or_repr(answer, caplog):
    caplog.set_level(0)
    with FakeServer(answer) as server:
        model = client(server, environ={"ENGRAM_LLM_KEY": KEY}, timeout_secs=0.2, retries=1)
        error = failure(model)
    shown = "".join(traceback.format_exception(error)) + repr(model) + str(model) + repr(model.config) + caplog.text
    assert KEY not in shown


@pytest.mark.parametrize(
    "wrong", [{"timeout_secs": 0}, {"max_bytes": 0}, {"retries": -1}, {"form": "yaml"}, {"image": "gif"}]
)
def test_limits_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        ServerConfig(**wrong)


def test_prices_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="negative"):
        Prices(-1.0)
