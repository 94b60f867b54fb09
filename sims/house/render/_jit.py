"""The one way the kernels of this folder are compiled.

``fastmath`` leaves out the flags that assume away infinities and NaN. Indices of hot loops start at 0 or are clamped
to it, which spares Numba's handling of negative indices and lets LLVM use vector instructions.
"""

from __future__ import annotations

from typing import Any

from numba import njit

_FAST = {"contract", "reassoc", "arcp", "nsz", "afn"}
_jit: Any = njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
_inlined: Any = njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST, inline="always")

kernel = _jit
inlined = _inlined
