"""Kinds of episodes by name. Each is imported when it is asked for.

A protocol of another package is named ``module:Class``, or comes by an entry point of the group ``engram.protocols``.
"""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from typing import cast

from engram.evaluation.contract import EpisodeProtocol, EvaluationError
from engram.evaluation.document import nearest

GROUP = "engram.protocols"
_OWN = {
    "household": "engram.evaluation.protocols.household:HouseholdProtocol",
    "lifelong": "engram.evaluation.protocols.household:LifelongProtocol",
    "rearrange": "engram.evaluation.protocols.rearrange:RearrangeProtocol",
    "search": "engram.evaluation.protocols.search:SearchProtocol",
    "tidy": "engram.evaluation.protocols.tidy:TidyProtocol",
}


class ProtocolError(EvaluationError):
    """Raised for a protocol that is not known or cannot be imported."""


def known() -> dict[str, str]:
    """Return where each named protocol lies."""
    return {**{entry.name: entry.value for entry in entry_points(group=GROUP)}, **_OWN}


def load(name: str) -> EpisodeProtocol:
    """Make a protocol.

    Raises:
        ProtocolError: there is none of this name, or it cannot be imported.

    """
    place = name if ":" in name else known().get(name)
    if place is None:
        raise ProtocolError(f"no protocol {name!r}; {nearest(name, known())}")
    module, _, attribute = place.partition(":")
    try:
        return cast(EpisodeProtocol, getattr(importlib.import_module(module), attribute)())
    except (ImportError, AttributeError) as error:
        raise ProtocolError(f"the protocol {name!r} ({place}) cannot be loaded: {error}") from error
