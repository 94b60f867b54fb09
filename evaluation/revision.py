"""Which source made a result."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path


@cache
def revision(folder: Path | None = None) -> str:
    """Commit of the source, with ``+`` when it was changed since; empty when it is no checkout."""
    here = folder or Path(__file__).resolve().parent
    words = ["git", "-C", str(here), "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"]
    try:
        found = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
