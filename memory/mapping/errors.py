"""What can go wrong with the metric map: one class per kind of failure."""

from __future__ import annotations

from engram.memory.contract import HippocampusError
from engram.memory.errors import MemoryFileError


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


class LostError(MemoryFileError):
    """Raised when a robot did not find itself in the map of a memory, and so could not write into it."""

    cause = "the robot did not find itself in the map that it holds"
    remedy = "name a new file for another place, or start where the map is complete"
