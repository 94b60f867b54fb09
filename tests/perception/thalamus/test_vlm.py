from __future__ import annotations

import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from engram.perception.thalamus.ask import AskConfig, RuleAsker
from engram.perception.thalamus.contract import Question, Step, Thing
from engram.perception.thalamus.summary import Summariser
from engram.perception.thalamus.vlm import OpenAiVlm, VlmAsker, VlmConfig, VlmError, read_questions

QUESTION = {"kind": "where", "text": "Where is the blue cup?", "about": "cup"}
GOOD = json.dumps({"questions": [QUESTION]})
RGB = np.full((480, 640, 3), (255, 0, 0), np.uint8)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), json.loads(body)))
        status, headers, pieces = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for piece in pieces:
                if isinstance(piece, float):
                    self.server.release.wait(piece)
                else:
                    self.wfile.write(piece)
                    self.wfile.flush()
        except OSError:
            pass  # the client has gone

    def log_message(self, *args):
        pass


def chat(content):
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.requests, made.release = [], threading.Event()
    made.answer = 200, {}, [chat(GOOD)]
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.release.set()
    made.shutdown()
    made.server_close()
    thread.join(5.0)


def client(server, key="", **choices):
    environ = {"ENGRAM_VLM_URL": f"http://127.0.0.1:{server.server_address[1]}/v1/", "ENGRAM_VLM_KEY": key}
    return OpenAiVlm(VlmConfig(**choices), environ)


def reason(vlm):
    with pytest.raises(VlmError) as caught:
        vlm.complete("?", None, {})
    return caught.value.reason


def test_a_request_holds_prompt_picture_schema_and_key(server):
    text = client(server, key="sk-1", model="eyes", side_px=160).complete("look", RGB, {"type": "object"})
    assert text == GOOD
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer sk-1"
    assert (body["model"], body["temperature"]) == ("eyes", 0)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    words, picture = body["messages"][0]["content"]
    assert words == {"type": "text", "text": "look"}
    head, _, data = picture["image_url"]["url"].partition(",")
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (head, image.size) == ("data:image/jpeg;base64", (160, 120))
    assert image.getpixel((80, 60))[0] > 240


def test_without_a_key_or_a_picture_none_is_sent(server):
    client(server, side_px=0).complete("look", RGB, {})
    _, headers, body = server.requests[0]
    assert "Authorization" not in headers
    assert [part["type"] for part in body["messages"][0]["content"]] == ["text"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((500, {}, [b"no"]), "status"),
        ((302, {"Location": "http://127.0.0.1:9/v1/chat/completions"}, []), "status"),
        ((200, {}, [b"<html>"]), "not_json"),
        ((200, {}, [b"[" * 50_000]), "not_json"),
        ((200, {}, [b"{}"]), "schema"),
        ((200, {}, [b'{"choices": []}']), "schema"),
        ((200, {}, [chat(None)]), "schema"),
        ((200, {}, [b" " * 70_000]), "too_long"),
        ((200, {"Content-Length": "500"}, [b"{}"]), "unreachable"),
    ],
)
def test_answers_that_are_none(server, answer, expected):
    server.answer = answer
    assert reason(client(server)) == expected


@pytest.mark.parametrize("pieces", [[10.0], [b"{", 10.0], [b" ", 0.05] * 40])
def test_a_server_that_hangs_or_dawdles_is_hung_up_on(server, pieces):
    server.answer = 200, {}, pieces
    assert reason(client(server, timeout_secs=0.2)) == "timeout"


def test_nobody_there():
    with pytest.raises(VlmError) as caught:
        OpenAiVlm(VlmConfig(timeout_secs=1.0), {"ENGRAM_VLM_URL": "http://127.0.0.1:9"}).complete("?", None, {})
    assert caught.value.reason == "unreachable"


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/v1", "file:///etc/passwd", "127.0.0.1:8000", "http://", "http://me:pw@host/v1",
            "http://host/v1?key=1", "http://host:99999/v1"]
)  # fmt: skip
def test_addresses_that_are_none_are_refused(url):
    with pytest.raises(VlmError, match="ENGRAM_VLM_URL") as caught:
        OpenAiVlm(environ={"ENGRAM_VLM_URL": url})
    assert caught.value.reason == "address"
    assert "pw" not in str(caught.value)


def test_a_key_cannot_add_headers():
    with pytest.raises(VlmError, match="ENGRAM_VLM_KEY"):
        OpenAiVlm(environ={"ENGRAM_VLM_KEY": "a\r\nHost: b"})


@pytest.mark.parametrize("text", [GOOD, f"```json\n{GOOD}\n```", f"Here: {GOOD} Good luck!"])
def test_what_stands_around_an_answer_is_cut_off(text):
    assert read_questions(text) == [Question("where", "Where is the blue cup?", "cup")]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("", "not_json"),
        ("{'questions': []}", "not_json"),
        ("[1]", "not_json"),
        ('{"questions": 3}', "schema"),
        ('{"questions": [], "more": 1}', "schema"),
        (json.dumps({"questions": ["where?"]}), "schema"),
        (json.dumps({"questions": [{**QUESTION, "kind": "why"}]}), "schema"),
        (json.dumps({"questions": [{**QUESTION, "kind": ["where"]}]}), "schema"),
        (json.dumps({"questions": [{**QUESTION, "text": "x" * 201}]}), "schema"),
        (json.dumps({"questions": [{**QUESTION, "text": " "}]}), "schema"),
        (json.dumps({"questions": [{**QUESTION, "text": "a\x1b[2Jb"}]}), "schema"),
        (json.dumps({"questions": [{**QUESTION, "about": 3}]}), "schema"),
        (json.dumps({"questions": [{"kind": "where", "text": "?"}]}), "schema"),
    ],
)
def test_answers_of_another_form_are_refused(answer, expected):
    with pytest.raises(VlmError) as caught:
        read_questions(answer)
    assert caught.value.reason == expected


class Told:
    """A model that gives prepared answers and notes what it was asked."""

    def __init__(self, *answers):
        self.answers, self.prompts = list(answers), []

    def complete(self, prompt, rgb, schema):
        self.prompts.append(prompt)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            return answer
        raise answer


def ask(asker, number, **facts):
    step = Step(number, "look_up", **facts)
    return asker.ask("tidy {the} house", step, Summariser().summarise(step), RGB)


def test_the_model_asks_in_place_of_the_rules(server):
    asker = VlmAsker(client(server), RuleAsker())
    assert [q.text for q in ask(asker, 0)] == ["Where is the blue cup?"]
    assert ask(asker, 1) == []  # it was asked just now
    assert (asker.counts.asked, asker.counts.answered, dict(asker.counts.failures)) == (2, 2, {})


def test_the_prompt_tells_the_step():
    told = Told(GOOD)
    ask(VlmAsker(told, RuleAsker(), ask=AskConfig(most=2)), 0, held="Mug", room="Kitchen", seen=[Thing("Pan")])
    for part in ("at most 2", "tidy {the} house", "Looked up", "hand: Mug", "Room: Kitchen", "view: Pan"):
        assert part in told.prompts[0]


def test_there_is_a_most_for_the_model_too():
    many = json.dumps({"questions": [{**QUESTION, "text": f"Where is cup {k}?"} for k in range(40)]})
    assert len(ask(VlmAsker(Told(many), RuleAsker()), 0)) == 5


def test_where_the_model_fails_the_rules_ask_and_it_is_counted(server):
    server.answer = 200, {}, [chat("I do not know.")]
    asker = VlmAsker(client(server), RuleAsker())
    assert [q.kind for q in ask(asker, 0, new=[Thing("Mug")])] == ["changed", "task"]
    assert dict(asker.counts.failures) == {"not_json": 1}


def test_a_model_that_keeps_failing_is_left_alone_for_a_while():
    told = Told(VlmError("timeout", "late"), VlmError("timeout", "late"), GOOD)
    asker = VlmAsker(told, RuleAsker(), VlmConfig(patience=2, pause_steps=5))
    for k in range(10):
        ask(asker, k)
    assert (asker.counts.asked, asker.counts.answered, asker.counts.paused) == (5, 3, 5)
    assert dict(asker.counts.failures) == {"timeout": 2}


def test_a_success_ends_the_count_of_failures():
    late = VlmError("timeout", "late")
    asker = VlmAsker(Told(late, GOOD, late, GOOD), RuleAsker(), VlmConfig(patience=2))
    for k in range(6):
        ask(asker, k)
    assert asker.counts.paused == 0


@pytest.mark.parametrize("wrong", [{"timeout_secs": 0}, {"max_bytes": 0}, {"patience": 0}, {"pause_steps": -1}])
def test_limits_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        VlmConfig(**wrong)
