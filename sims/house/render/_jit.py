"""The one way the kernels of this folder are compiled.

``fastmath`` leaves out the flags that assume away infinities and NaN. Indices of hot loops start at 0, are clamped to
it or are unsigned, which spares Numba's handling of negative indices and lets LLVM use vector instructions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit

_FAST = {"contract", "reassoc", "arcp", "nsz", "afn"}
inlined: Any = njit(nogil=True, error_model="numpy", fastmath=_FAST, inline="always")


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function when it is first called, and keep the result in Numba's cache."""
    compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)(function)
    # Numba looks for changes in a kernel's own file only, but a kernel holds the code of those that it calls.
    index: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(index, "_source_stamp"):
        index._source_stamp = _fingerprint()  # noqa: SLF001
    return compiled


@cache
def _fingerprint() -> str:
    folder = Path(__file__).parent
    sources = [*sorted(folder.glob("_*.py")), folder / "raster.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
