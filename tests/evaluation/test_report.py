from __future__ import annotations

import base64
import io
import json
import re
import signal
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from engram.agents.events import Event
from engram.agents.tidy import TidyAgent
from engram.evaluation.commands import TidyOptions
from engram.evaluation.page import moves_of
from engram.evaluation.report import document, plain
from engram.evaluation.scoring import Score
from engram.evaluation.session import run_and_report
from engram.evaluation.tidy import run_tidy

VOID = {"meta", "img", "br", "image", "line", "circle", "rect", "path", "polyline"}


class Checker(HTMLParser):
    """Collects tags, checks that they nest, and keeps every address."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.count, self.addresses = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.addresses += [v for k, v in attrs if k in ("src", "href", "xlink:href", "action", "data", "poster")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def done(tmp_path_factory, make_world):
    """A finished run's directory."""
    out = tmp_path_factory.mktemp("tidy")
    options = TidyOptions(perception="oracle", seed=7, out=out, mess=3, width=96, height=96, progress=False)
    assert run_and_report(options, make_world) == "done"
    return out


def test_four_files_and_nothing_else(done):
    assert {p.name for p in done.iterdir()} == {"report.json", "report.html", "episode.gif", "steps.jsonl"}


def test_json_holds_what_was_run_and_what_came_out(done):
    content = json.loads((done / "report.json").read_text())
    assert content["schema_version"] == 1
    assert content["config"]["seed"] == content["seeds"]["house"] == 7
    assert "out" not in content["config"]
    assert content["perception"] == {"kind": "oracle", "weights": None, "bad_input": {}}
    assert {"engram", "python", "numpy"} <= set(content["versions"])
    assert content["metrics"]["displaced_proper"] == 3
    assert content["metrics"]["false_success"] == 0
    assert content["metrics"]["steps"] == sum(content["outcomes"].values())
    assert {"agent", "world", "total"} <= set(content["timing_secs"])
    assert [e["kind"] for e in content["journal"]].count("placed") == 3


def test_log_has_a_line_for_each_step(done):
    lines = [json.loads(line) for line in (done / "steps.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(len(lines)))
    assert set(lines[0]) == {"step", "phase", "verb", "point", "outcome", "base", "holding"}
    assert lines[-1]["verb"] == "done"
    assert sum(line["verb"] == "pick" and line["outcome"] == "ok" for line in lines) == 3


def test_page_stands_alone(done):
    text = (done / "report.html").read_text()
    page = Checker(text)
    assert page.open == []
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert not re.search(r"https?://|@import|url\(|<script|<link", text)
    assert "$" not in text
    assert page.count["article"] == 3
    assert page.count["img"] == 6
    assert page.count["svg"] == 2


def test_page_shows_the_pictures_of_each_move(done):
    text = (done / "report.html").read_text()
    for label in ("Mug", "Pan", "Pillow"):
        assert f"</span>{label}</h3>" in text
    pictures = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)"', text)
    assert {Image.open(io.BytesIO(base64.b64decode(p))).size for p in pictures} == {(96, 96)}
    assert "3 of 3 displaced things are where they belong" in text
    assert text.count('class="ring"') == 6  # where it was and where it went
    assert text.count('class="mark picked"') == text.count('class="mark placed"') == 3


def test_film_moves_and_is_small(done):
    film = Image.open(done / "episode.gif")
    assert film.n_frames > 20
    assert (done / "episode.gif").stat().st_size < 6_000_000
    first = np.asarray(film.convert("RGB"))
    film.seek(film.n_frames - 1)
    assert not np.array_equal(first, np.asarray(film.convert("RGB")))


def test_equal_runs_give_equal_reports(make_world, box_task):
    task = replace(box_task, max_steps=60)
    a, b = (document(run_tidy(task, make=make_world), {}) for _ in range(2))
    assert json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def test_interrupted_run_is_reported(make_world, tmp_path, monkeypatch, capsys):
    whole = TidyAgent.act

    def act(self, observation):
        if self.status()["step"] == 10:
            signal.raise_signal(signal.SIGINT)
        return whole(self, observation)

    monkeypatch.setattr(TidyAgent, "act", act)
    options = TidyOptions(perception="oracle", out=tmp_path, width=64, height=64, progress=False)
    assert run_and_report(options, make_world) == "interrupted"
    assert json.loads((tmp_path / "report.json").read_text())["ended"] == "interrupted"
    assert len((tmp_path / "steps.jsonl").read_text().splitlines()) == 11
    assert "The run was interrupted" in (tmp_path / "report.html").read_text()
    assert (tmp_path / "episode.gif").exists()
    assert capsys.readouterr().out.startswith("interrupted: 0 of 3 displaced things in a proper place")


def test_json_goes_to_standard_output(make_world, tmp_path, monkeypatch, capsys):
    options = TidyOptions(
        perception="oracle", out=tmp_path, width=64, height=64, max_steps=12, json=True, progress=False
    )
    run_and_report(options, make_world)
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "report.json").read_text())


def test_a_thing_that_could_not_be_put_down_keeps_its_reason():
    journal = [
        Event("picked", 5, "Mug"),
        Event("failed", 8, "Mug", "no_space", target="Desk"),
        Event("failed", 9, "Mug", "no_place"),
        Event("picked", 12, "Pan"),
        Event("failed", 14, "Pan", "no_space"),
        Event("placed", 20, "Pan", "verified"),
    ]
    mug, pan = moves_of(journal, {}, Score((), None, None, None))
    assert (mug.number, mug.placed, mug.failure) == (1, None, "no_place")
    assert (pan.number, pan.placed, pan.failure) == (2, journal[-1], "")


def test_plain_values():
    value = {"a": np.float32(0.5), "b": (1, np.arange(2)), "c": {3, 1}, "d": float("nan"), "e": None}
    assert plain(value) == {"a": 0.5, "b": [1, [0, 1]], "c": [1, 3], "d": None, "e": None}
