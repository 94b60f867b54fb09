"""engram: a brain for robots that remembers."""

__version__ = "0.1.0"
