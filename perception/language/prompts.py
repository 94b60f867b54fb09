"""Prompts as files with a version, and what is filled in as data that cannot pass for part of the prompt.

A file ``NAME.vN.md`` has a header between lines of ``---`` with ``name``, ``version`` and ``reads`` (the blanks that it
has), and then the sections ``# System`` and ``# User`` with blanks such as ``$task``. A changed text is a new version.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

import numpy as np
from numpy.typing import NDArray

from engram.perception.language.contract import Request, Schema

_FORM = re.compile(r"---\n(.*?)\n---\n# System\n(.*?)\n# User\n(.*)", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_|.-]*")
_ANGLES = str.maketrans("<>", "‹›")
_LINE_CHARS, _LINES = 400, 200


@dataclass(frozen=True)
class Prompt:
    """One version of a prompt."""

    name: str
    version: int
    digest: str  # first 16 hexadecimal digits of the SHA-256 of the file
    system: Template
    user: Template
    reads: tuple[str, ...]  # blanks

    @property
    def label(self) -> str:
        """Name and version, as records of calls have it."""
        return f"{self.name}.v{self.version}"

    def fill(
        self,
        schema: Schema,
        data: Mapping[str, str | Sequence[str]],
        words: Mapping[str, str] | None = None,
        rgb: NDArray[np.uint8] | None = None,
    ) -> Request:
        """Return the request that it makes.

        Args:
            schema: form of the answer.
            data: what comes from outside, by blank: text, or lines of text. It is fenced off.
            words: what the program itself says, by blank.
            rgb: (H, W, 3) image that goes with it.

        Raises:
            ValueError: the blanks are others.

        """
        blanks = {name: fenced(name, value) for name, value in data.items()} | dict(words or {})
        if set(blanks) != set(self.reads):
            raise ValueError(f"{self.label} has the blanks {sorted(self.reads)}, not {sorted(blanks)}")
        system, user = self.system.safe_substitute(blanks), self.user.safe_substitute(blanks)
        return Request(self.label, self.digest, system, (user,), schema, rgb)


@cache
def read_prompt(package: str, name: str, version: int = 1) -> Prompt:
    """Return a prompt of a package, such as ``read_prompt("engram.planners.llm.prompts", "planner")``.

    Raises:
        ValueError: the file has another form, or says that it is another prompt.

    """
    text = files(package).joinpath(f"{name}.v{version}.md").read_text(encoding="utf-8")
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"the prompt {name} needs a header, '# System' and '# User'")
    header = dict(line.split(": ", 1) for line in form[1].splitlines())
    if (header.get("name"), header.get("version")) != (name, str(version)):
        raise ValueError(
            f"the prompt {name}.v{version}.md says that it is {header.get('name')} {header.get('version')}"
        )
    reads = tuple(header.get("reads", "").split(", "))
    system, user = Template(form[2].strip()), Template(form[3].strip())
    if {*system.get_identifiers(), *user.get_identifiers()} != set(reads):
        raise ValueError(f"the prompt {name} reads {', '.join(reads)}, which are not its blanks")
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Prompt(name, version, digest, system, user, reads)


def fenced(name: str, value: str | Sequence[str]) -> str:
    """Return text from outside between ``<data>`` tags, which nothing in it can end; long text is cut."""
    lines = value.splitlines() if isinstance(value, str) else list(value)
    more = [f"... and {len(lines) - _LINES} lines more"] if len(lines) > _LINES else []
    body = "\n".join([clean(line) for line in lines[:_LINES]] + more)
    return f'<data name="{name}">\n{body or "nothing"}\n</data>'


def clean(line: str, most: int = _LINE_CHARS) -> str:
    """Return one line of printable characters, without angle brackets, at most so long."""
    plain = "".join(c if c.isprintable() else " " for c in line).translate(_ANGLES).strip()
    return plain if len(plain) <= most else plain[: most - 3] + "..."


def named(name: str, most: int = 64) -> str:
    """Return a name of the scene: as it is where it is one word, else as a quoted string."""
    if _PLAIN.fullmatch(name) and len(name) <= most:
        return name
    return json.dumps(clean(name, most), ensure_ascii=False)
