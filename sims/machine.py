"""What this machine has of what engram needs: the facts behind ``engram doctor``."""

from __future__ import annotations

import ctypes.util
import importlib.metadata as metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["ok", "optional", "missing"]

PYTHON_MIN, PYTHON_END = (3, 10), (3, 14)
_DISK_BYTES = 200 * 2**20
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;\s*(.*))?$")
_EXTRA = re.compile(r"extra\s*==\s*[\"']([^\"']+)[\"']")
_PYTHON = re.compile(r"python_version\s*(<=|>=|<|>|==|!=)\s*[\"']([^\"']+)[\"']")
_COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    status: Status
    found: str
    remedy: str = ""  # the exact command, when there is something to do


@dataclass(frozen=True)
class Requirement:
    """A line of a distribution's requirements, as far as engram's own lines go."""

    name: str
    specifiers: tuple[tuple[str, str], ...]  # (operator, version)
    extra: str  # empty for what is always needed
    applies: bool  # to this Python

    def met_by(self, version: str) -> bool:
        """Whether an installed version satisfies all specifiers."""
        return all(compare(version, operator, bound) for operator, bound in self.specifiers)

    @property
    def text(self) -> str:
        """Name and versions, as pip takes them."""
        return self.name + ",".join(f"{operator}{version}" for operator, version in self.specifiers)


def examine(out: Path) -> list[Finding]:
    """Look at Python, packages, caches, graphics and space; ``out`` is where results would go."""
    return [_python(), *_packages(), _numba_cache(), _egl(), _cpus(), _disk(out)]


def versions() -> dict[str, str]:
    """Return the versions of Python, engram and the installed packages that engram names, sorted by name."""
    found = {r.name: v for r in _requirements() if r.extra == "" and (v := _installed(r.name))}
    return {"python": platform.python_version(), "engram": metadata.version("engram"), **dict(sorted(found.items()))}


def parse_requirement(line: str) -> Requirement:
    """Read a requirement such as ``'mujoco<4,>=3.6; python_version < "3.11"'``."""
    match = _REQUIREMENT.match(line)
    if match is None:
        raise ValueError(f"not a requirement: {line!r}")
    name, bounds, marker = match[1], match[2] or "", match[3] or ""
    specifiers = tuple((m[1], m[2]) for m in re.finditer(r"(<=|>=|<|>|==|!=)\s*([0-9][^,\s]*)", bounds))
    extra = _EXTRA.search(marker)
    here = platform.python_version()
    applies = all(compare(here, m[1], m[2]) for m in _PYTHON.finditer(marker))
    return Requirement(name, specifiers, extra[1] if extra else "", applies)


def compare(version: str, operator: str, bound: str) -> bool:
    """Compare the leading numbers of two versions; what the shorter one lacks counts as 0."""
    a, b = _numbers(version), _numbers(bound)
    size = max(len(a), len(b))
    return bool(_COMPARE[operator](a + (0,) * (size - len(a)), b + (0,) * (size - len(b))))


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def _requirements() -> list[Requirement]:
    return [r for r in map(parse_requirement, metadata.requires("engram") or ()) if r.applies]


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _python() -> Finding:
    here = sys.version_info[:2]
    fits = PYTHON_MIN <= here < PYTHON_END
    remedy = "" if fits else "install Python 3.10 to 3.13 and run: make PYTHON=python3.12 tidy"
    return Finding("Python", "ok" if fits else "missing", platform.python_version(), remedy)


def _packages() -> Iterator[Finding]:
    lacking: dict[str, list[str]] = {}
    extras: dict[str, list[str]] = {}
    for requirement in _requirements():
        version = _installed(requirement.name)
        fits = bool(version) and requirement.met_by(version)
        if requirement.extra:
            extras.setdefault(requirement.extra, []).append(requirement.name)
            if not fits:
                lacking.setdefault(requirement.extra, []).append(requirement.name)
        else:
            remedy = "" if fits else f'{sys.executable} -m pip install "{requirement.text}"'
            yield Finding(requirement.name, "ok" if fits else "missing", version or "not installed", remedy)
    for extra, names in sorted(extras.items()):
        absent = lacking.get(extra, [])
        found = f"without {', '.join(absent)}" if absent else ", ".join(names)
        remedy = f'{sys.executable} -m pip install "engram[{extra}]"' if absent else ""
        yield Finding(f"extra [{extra}]", "optional" if absent else "ok", found, remedy)


def _numba_cache() -> Finding:
    """Numba keeps compiled code in NUMBA_CACHE_DIR, or beside the source, or in the user's cache directory."""
    beside = Path(__file__).parent / "house" / "render" / "__pycache__"
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "numba"
    places = [Path(chosen)] if chosen else [beside, home]
    place = next((p for p in places if _writable(p)), None)
    if place is None:
        remedy = f"export NUMBA_CACHE_DIR={Path('/tmp/numba')}"  # noqa: S108 - advice, not use
        return Finding("compiled kernels", "optional", "no writable cache: every start compiles anew", remedy)
    count = sum(1 for _ in place.rglob("*.nbi")) if place.is_dir() else 0
    found = f"{count} cached in {place}" if count else f"none yet; the first run compiles them into {place}"
    return Finding("compiled kernels", "ok", found)


def _writable(place: Path) -> bool:
    return os.access(_existing(place), os.W_OK | os.X_OK)


def _existing(place: Path) -> Path:
    """Return the nearest directory above a path that is there."""
    place = place.absolute()
    return next(p for p in (place, *place.parents) if p.is_dir())


def _egl() -> Finding:
    library = ctypes.util.find_library("EGL")
    if library:
        return Finding("EGL", "ok", library)
    return Finding("EGL", "optional", "no: only the optional GL renderer needs it", "sudo apt-get install libegl1")


def _cpus() -> Finding:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding("CPU cores", "ok", str(count))


def _disk(out: Path) -> Finding:
    place = _existing(out)
    free = shutil.disk_usage(place).free
    found = f"{free / 2**30:.1f} GiB free in {place}"
    if free >= _DISK_BYTES:
        return Finding("disk", "ok", found)
    return Finding("disk", "missing", found, f"free {_DISK_BYTES // 2**20} MiB, or choose another directory with --out")
