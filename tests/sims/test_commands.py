from __future__ import annotations

import json

import pytest

from engram.sims import commands, machine
from engram.sims.commands import DoctorOptions, WorldsOptions, doctor, worlds
from engram.sims.machine import Finding


def test_worlds_says_where_each_comes_from(capsys):
    assert worlds(WorldsOptions(json=True)) == 0
    entries = {e["id"]: e for e in json.loads(capsys.readouterr().out)}
    house = entries["engram/House-v0"]
    assert house["package"] == "engram"
    assert house["installed"] is True
    assert house["entry_point"].startswith("engram.sims.house")
    assert house["conformance"] == "pytest tests/conformance --world house"
    assert not any(name.startswith("CartPole") for name in entries)


def test_worlds_as_a_table(capsys):
    assert worlds(WorldsOptions()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["world", "from", "installed", "check", "it", "with"]
    assert any(line.split()[0] == "engram/House-v0" and " yes " in line for line in lines[1:])


def test_code_that_is_not_there():
    assert not commands._is_there("engram.no_such_world.deep:World")
    assert not commands._is_there("")
    assert commands._is_there("engram.sims.contract:World")


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("optional", 0), ("missing", 3)])
@pytest.mark.parametrize("as_json", [True, False])
def test_doctor_exit_code(monkeypatch, capsys, status, code, as_json):
    remedy = '/usr/bin/python -m pip install "engram[gl]"'
    monkeypatch.setattr(machine, "examine", lambda out: [Finding("thing", status, "not installed", remedy)])
    assert doctor(DoctorOptions(json=as_json)) == code
    out = capsys.readouterr().out
    if as_json:
        assert json.loads(out)["ok"] is (code == 0)
        assert json.loads(out)["findings"][0]["remedy"] == remedy
    else:
        assert remedy in out
        assert ("Ready." in out) is (code == 0)


def test_doctor_here(capsys, tmp_path):
    assert doctor(DoctorOptions(out=tmp_path, json=True)) == 0
    found = {f["what"]: f for f in json.loads(capsys.readouterr().out)["findings"]}
    assert {"Python", "numpy", "tyro", "compiled kernels", "EGL", "CPU cores", "disk"} <= set(found)
    assert str(tmp_path) in found["disk"]["found"]
