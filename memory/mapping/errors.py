"""What can go wrong with the metric map: one class per kind of failure."""

from __future__ import annotations

from engram.memory.contract import HippocampusError


class MappingError(HippocampusError):
    """Base of the errors of the metric map."""


class FrameError(MappingError, ValueError):
    """Raised for a frame whose arrays do not fit together."""


class MeshFileError(MappingError, ValueError):
    """Raised for a PLY file that cannot be read; the message names file and cause."""


class EmptyMapError(MappingError, ValueError):
    """Raised when a map, or a scan, holds nothing that could be matched."""


class PoseGraphError(MappingError, ValueError):
    """Raised for a pose graph that has no single solution."""


class Open3DMissingError(MappingError, ImportError):
    """Raised when Open3D was asked for and cannot be imported; the message says what to install."""
