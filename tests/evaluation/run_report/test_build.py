from __future__ import annotations

import html
import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from engram.evaluation.contract import EvaluationError, RunFolder
from engram.evaluation.run_report import write

VOID = {"meta", "img", "br", "image", "line", "circle", "rect", "path", "polyline", "polygon", "input", "link"}


class Checker(HTMLParser):
    """Collects tags and addresses, and checks that tags nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.count, self.addresses, self.ids, self.odd = [], {}, [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.addresses += [v for k, v in attrs if k in ("src", "href", "xlink:href", "action", "data")]
        self.ids += [v for k, v in attrs if k == "id"]
        self.odd += [k for k, _ in attrs if k.startswith("on")]
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
def written(toys):
    write(toys)
    return toys


@pytest.fixture(scope="module")
def text(written):
    return written.page.read_text()


def test_json_says_what_was_run_and_what_came_of_it(written):
    content = json.loads(written.report.read_text())
    assert content["command"] == "eval"
    assert content["seeds"] == list(range(700000, 700006))
    assert content["config"] == {"gain": 1, "perception": "oracle"}
    assert content["perception"] == {v: {"kind": "oracle", "weights": None} for v in ("base", "double")}
    assert content["versions"] == {"engram": "0.1"}
    assert content["revision"] == "abc"
    assert content["table"] == json.loads(written.table.read_text())
    (comparison,) = content["comparison"]["comparisons"]
    assert (comparison["a"]["variant"], comparison["b"]["variant"], comparison["pairs"]) == ("base", "double", 6)
    assert content["latency_ms"]["agent"]["base"] == {"p50": 15.0, "p95": 20.0, "p99": 40.0}
    assert content["timing_secs"]["total"] == {"base": 8.0, "double": 9.0}


def test_equal_runs_give_equal_reports(written):
    before = written.report.read_bytes(), written.page.read_bytes()
    write(written)
    assert (written.report.read_bytes(), written.page.read_bytes()) == before


def test_page_stands_alone_and_is_whole(text):
    page = Checker(text)
    assert page.open == []
    inside = [a[1:] for a in page.addresses if a.startswith("#")]
    assert set(inside) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert all(a.startswith(("#", "data:")) for a in page.addresses)
    assert not re.search(r"https?://|@import|url\((?!data:)", text)
    assert page.count["script"] == 1


def test_nothing_of_a_run_becomes_markup(text, make):
    page = Checker(text)
    assert page.odd == []
    assert "img" not in page.count
    assert make["evil"] not in text
    assert html.escape(make["evil"]).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in text


def test_every_episode_has_a_row_and_a_page(text):
    assert text.count('<section class="episode"') == 12
    assert len(re.findall(r'<td data-v="70000\d"><a href="#run-\d+">70000\d</a></td>', text)) == 12
    assert "engram replay traces/base_700000.mcap" in text
    assert "engram replay traces/base_700001.mcap" not in text  # which has no trace
    assert "hash700003" in text


def test_failures_are_shown_by_reason_with_pictures(text):
    assert "No free patch on the receptacle" in text
    assert "Tried: place 3 times" in text
    assert text.count('class="pic p') >= 2
    first = text.index("Failures</h2>")
    assert text.index("no_space", first) < text.index("exception", first)  # the more frequent first


def test_a_run_without_traces_says_so(toys, tmp_path):
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(toys.path, folder.path)
    shutil.rmtree(folder.path / "traces")
    write(folder)
    page = folder.page.read_text()
    assert "No traces were kept" in page
    assert 'class="pic' not in page
    assert "engram replay" not in page


def test_a_damaged_trace_is_told_on_the_page_of_its_episode(toys, tmp_path):
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(toys.path, folder.path)
    folder.trace("base/700000").write_text("no trace at all")
    write(folder)
    assert "Its trace is no MCAP file." in folder.page.read_text()


def test_a_run_of_one_variant_compares_nothing(make, tmp_path):
    folder = RunFolder(tmp_path / "run")
    make["run"](folder, [make["episode"]("base", 700001)])
    write(folder)
    page = folder.page.read_text()
    assert "Variants</h2>" not in page
    assert "not distinguishable" not in page
    assert Checker(page).open == []


def test_a_run_without_episodes_and_times_is_reported(make, tmp_path):
    folder = RunFolder(tmp_path / "run")
    make["run"](folder, [], seeds=[700000], variants={"base": {}})
    folder.timings.unlink()
    write(folder)
    assert "0 of the 1 episodes of the suite were run." in folder.page.read_text()
    assert "No times were kept." in folder.page.read_text()


def test_a_timing_that_is_none_is_named(make, tmp_path):
    folder = RunFolder(tmp_path / "run")
    make["run"](folder, [make["episode"]("base", 700001)])
    folder.timings.write_text("{}\n")
    with pytest.raises(EvaluationError, match=r"timings.jsonl:1: is no timing"):
        write(folder)


def test_a_shipped_suite_is_run_again_by_its_name(make, tmp_path):
    from engram.evaluation.run_report.data import load
    from engram.evaluation.run_report.page import command
    from engram.evaluation.suite import load as load_suite

    def told(records, **suite):
        folder = RunFolder(tmp_path / str(len(records)))
        make["run"](folder, records, **suite)
        return command(load(folder))

    records = [make["episode"]("base", seed) for seed in (700000, 700001)]
    options = load_suite("tidy-validation", ["max_steps=30"]).document()["options"]
    seeds = list(range(700000, 700040))
    again = told(records, name="tidy-validation", options=options, seeds=seeds)
    assert again == "engram eval tidy-validation --set max_steps=30 --limit 2 --out DIR"
    assert told(records[1:], seeds=seeds) == "engram eval toys.yaml --seeds 700001:700002 --out DIR"
