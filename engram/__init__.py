"""engram: a brain for robots that remembers.

Importing it registers the worlds, so that ``gymnasium.make("engram/House-v0")`` finds them;
``gymnasium.make("engram:engram/House-v0")`` does both.
"""

from engram.sims.registration import register

__version__ = "0.1.0"

register()
