from __future__ import annotations

import os

import pytest

from engram.agents.cli import DONE, USAGE, main
from engram.evaluation.viewer.server import TOKEN_VARIABLE, ViewServer


@pytest.fixture
def served(monkeypatch):
    """Servers that were started; each is interrupted at once."""
    started = []

    def serve(self):
        started.append(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(ViewServer, "serve_forever", serve)
    return started


@pytest.fixture
def opened(monkeypatch):
    """Addresses that a browser was sent to."""
    addresses = []
    monkeypatch.setattr("webbrowser.open", addresses.append)
    return addresses


def test_the_address_is_printed_and_opened(memory, served, opened, capsys, monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "a" * 20)
    assert main(["view", memory]) == DONE
    url = capsys.readouterr().out.splitlines()[0]
    assert url == f"http://127.0.0.1:{served[0].port}/?token={'a' * 20}"
    assert opened == [url]


def test_no_browser_is_opened_when_not_wanted(memory, served, opened):
    assert main(["view", memory, "--no-browser"]) == DONE
    assert len(served) == 1
    assert opened == []


def test_who_looks_on_yields_to_the_run(memory, served, monkeypatch):
    nice = []
    monkeypatch.setattr(os, "nice", nice.append)
    assert main(["view", memory, "--live", "--no-browser"]) == DONE
    assert nice == [10]
    assert main(["view", memory, "--no-browser"]) == DONE
    assert nice == [10]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["missing.engram"], "no such file"),
        (["{memory}", "--host", "192.168.0.1"], "can be reached from other machines"),
        (["{memory}", "--port", "70000"], "from 0 to 65535"),
        (["{memory}", "--rerun", "--out", "{memory}/x.rrd"], "File exists"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(memory, served, capsys, words, told):
    assert main(["view", *(word.format(memory=memory) for word in words), "--no-browser"]) == USAGE
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert served == []
