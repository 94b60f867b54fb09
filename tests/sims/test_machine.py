from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from engram.sims import machine


@pytest.mark.parametrize(
    ("line", "name", "specifiers", "extra"),
    [
        ("numpy>=1.26", "numpy", ((">=", "1.26"),), ""),
        ("gymnasium", "gymnasium", (), ""),
        ('mujoco-core<5,>=4.0; python_version >= "3.10"', "mujoco-core", (("<", "5"), (">=", "4.0")), ""),
        ('pyopengl>=3.1; extra == "gl"', "pyopengl", ((">=", "3.1"),), "gl"),
        ("ray[default]>=2; extra == 'ray'", "ray", ((">=", "2"),), "ray"),
    ],
)
def test_requirements_are_read(line, name, specifiers, extra):
    requirement = machine.parse_requirement(line)
    assert (requirement.name, requirement.specifiers, requirement.extra) == (name, specifiers, extra)
    assert requirement.applies


def test_markers_for_other_pythons_do_not_apply():
    assert not machine.parse_requirement('mujoco<4; python_version < "3.10"').applies
    assert not machine.parse_requirement('mujoco<4; python_version > "4.0" and extra == "x"').applies


@pytest.mark.parametrize(
    ("version", "operator", "bound", "expected"),
    [
        ("1.26.4", ">=", "1.26", True),
        ("1.9", ">=", "1.26", False),
        ("4.0.1", "<", "5", True),
        ("5.0", "<", "5", False),
        ("3.11", "==", "3.11.0", True),
        ("2.0rc1", ">=", "2.0", True),
        ("3.12", "!=", "3.12", False),
    ],
)
def test_versions_compare_by_number(version, operator, bound, expected):
    assert machine.compare(version, operator, bound) is expected


def test_requirement_text_is_what_pip_takes():
    requirement = machine.parse_requirement("mujoco-core<5,>=4.0")
    assert requirement.text == "mujoco-core<5,>=4.0"
    assert requirement.met_by("4.2")
    assert not requirement.met_by("5.0")


def test_missing_packages_come_with_the_command(monkeypatch):
    lines = ["numpy>=1.26", "no-such-thing>=2", "rich>=999", 'absent-too>=1; extra == "gl"', 'scipy; extra == "gl"']
    monkeypatch.setattr(machine.metadata, "requires", lambda name: lines)
    found = {f.what: f for f in machine._packages()}
    assert found["numpy"].status == "ok"
    assert (found["no-such-thing"].status, found["no-such-thing"].found) == ("missing", "not installed")
    assert found["no-such-thing"].remedy.endswith('-m pip install "no-such-thing>=2"')
    assert found["rich"].status == "missing"
    assert (found["extra [gl]"].status, found["extra [gl]"].found) == ("optional", "without absent-too")
    assert found["extra [gl]"].remedy.endswith('-m pip install "engram[gl]"')


@pytest.mark.parametrize(
    ("version", "status"), [((3, 9), "missing"), ((3, 10), "ok"), ((3, 13), "ok"), ((3, 14), "missing")]
)
def test_python_versions(monkeypatch, version, status):
    monkeypatch.setattr(machine.sys, "version_info", (*version, 0))
    assert machine._python().status == status


def test_full_disk_is_reported(monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10, 9, 1))
    finding = machine._disk(tmp_path / "not" / "there")
    assert finding.status == "missing"
    assert str(tmp_path) in finding.found
    assert "--out" in finding.remedy


def test_no_egl_is_no_obstacle(monkeypatch):
    monkeypatch.setattr(machine.ctypes.util, "find_library", lambda name: None)
    assert machine._egl().status == "optional"


def test_cache_that_cannot_be_written(monkeypatch):
    monkeypatch.setattr(machine.os, "access", lambda *args: False)
    finding = machine._numba_cache()
    assert finding.status == "optional"
    assert finding.remedy.startswith("export NUMBA_CACHE_DIR=")


def test_cache_counts_kernels(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert machine._numba_cache().found.startswith("none yet")
    (tmp_path / "a").mkdir()
    Path(tmp_path / "a" / "k.nbi").touch()
    assert machine._numba_cache().found.startswith("1 cached")


def test_versions_are_of_this_installation():
    import numpy as np

    found = machine.versions()
    assert found["numpy"] == np.__version__
    assert list(found)[:2] == ["python", "engram"]
