"""A strip: what is known of a stretch of up to ``SPAN`` pixels of one row, between the steps of shading.

A strip is one flat float32 array of fields of ``SPAN`` values each. Fixed distances between the fields and unsigned
indices let LLVM see that the loops over a strip are free of overlaps, and use vector instructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SPAN = 256
FIELDS = 16
# Normal in the world frame, not normalised; linear colour; reflectance ahead and at grazing angles; strength of
# highlights; glow; how open the place is, and how free of cover above; inverse depth; place in the pattern along and
# across in texels; squared texels a pixel.
NX, NY, NZ, RED, GREEN, BLUE, AHEAD, GRAZING, SPOT, GLOW, OPEN, LIT, IZ, ALONG, ACROSS, RATIO = (
    np.uint64(k * SPAN) for k in range(FIELDS)
)


def make_strip() -> Any:
    """Return an empty strip."""
    return np.zeros(FIELDS * SPAN, np.float32)
