"""The seam to a language model that settles contradictions which no rule decides.

A model is shown the facts around the contradiction and the new claims, and answers with a difference
``{"add": [[s, r, o]], "delete": [[s, r, o]], "modify": [[[s, r, o], [s, r, o]]]}``, as data or as JSON text. It can end
only facts that it was shown, and can add only what is made of ids and relations that it was shown. Any other answer is
no answer: nothing changes, and the claims stay in quarantine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

from engram.memory.contract import HippocampusError
from engram.memory.graph.model import RELATIONS, Triple


class ResolverError(HippocampusError):
    """Raised by a resolver that has no answer: no server, no time, no quota."""


class Resolver(Protocol):
    """Anything that settles contradictions."""

    def __call__(self, local: Sequence[Triple], new: Sequence[Triple]) -> object:
        """Return the difference, as described above.

        Args:
            local: facts that are believed, around the new ones.
            new: claims that contradict them or one another.

        Raises:
            ResolverError: there is no answer.

        """
        ...


@dataclass(frozen=True)
class Verdict:
    """A checked answer."""

    add: tuple[Triple, ...] = ()
    delete: tuple[Triple, ...] = ()


def ask(resolver: Resolver, local: Sequence[Triple], new: Sequence[Triple]) -> Verdict | None:
    """Return the checked answer of a resolver; None when it has none, or one that may not be followed."""
    try:
        return check(resolver(local, new), local, new)
    except ResolverError:
        return None


def check(answer: object, local: Sequence[Triple], new: Sequence[Triple]) -> Verdict | None:
    """Return what an answer says, None when it is malformed or reaches beyond what was shown."""
    if isinstance(answer, (str, bytes)):
        try:
            answer = json.loads(answer)
        except ValueError:
            return None
    if not isinstance(answer, Mapping) or not set(answer) <= {"add", "delete", "modify"}:
        return None
    add, delete = _triples(answer.get("add", [])), _triples(answer.get("delete", []))
    pairs = answer.get("modify", [])
    if add is None or delete is None or not _is_list(pairs):
        return None
    for pair in pairs:
        both = _triples(pair)
        if both is None or len(both) != 2:
            return None
        delete.append(both[0])
        add.append(both[1])
    shown = [*local, *new]
    ids = {end for s, _, o in shown for end in (s, o)}
    relations = {r for _, r, _ in shown} | set(RELATIONS)
    known = all(s in ids and o in ids and r in relations for s, r, o in add)
    if not known or not set(delete) <= set(shown):
        return None
    believed = set(local)
    return Verdict(tuple(dict.fromkeys(add)), tuple(t for t in dict.fromkeys(delete) if t in believed))


def _triples(value: object) -> list[Triple] | None:
    if not _is_list(value):
        return None
    out: list[Triple] = []
    for row in value:
        if not _is_list(row) or len(row) != 3 or not all(isinstance(word, str) and word for word in row):
            return None
        out.append((row[0], row[1], row[2]))
    return out


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))
