"""What can go wrong with a spatial map: one class per kind of failure."""

from __future__ import annotations

from engram.memory.contract import HippocampusError


class SpatialError(HippocampusError):
    """Base of the errors of the spatial map."""


class OutOfBoundsError(SpatialError, ValueError):
    """Raised for a cell or a point that lies outside what the keys of a map can name."""


class ScanTooWideError(SpatialError, ValueError):
    """Raised when the box around the rays of one scan holds more cells than a frame may touch."""


class MapFileError(SpatialError, ValueError):
    """Raised when a map file cannot be read, or cannot hold the map; the message names file, cause and remedy."""
