"""What things are called: an alias table from names to ids, and names by meaning.

Identity is never a name. A name leads to candidates; "CD" may be two discs, and "CD_2" is one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, KeysView, Sequence
from functools import lru_cache
from itertools import islice
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], NDArray[np.float32]]  # N texts -> (N, D) rows of length 1

_WORDS = re.compile(r"[A-Z]+s\b|[A-Z]+(?![^\W\dA-Z_])|[A-Z]?[^\W\dA-Z_]+|\d+")
_LONGEST = 4  # words of a name that is looked for in a text
_NONE: dict[str, None] = {}


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """Lower-case words of a name: ``CoffeeTable``, ``coffee_table`` and ``coffee table`` are the same."""
    return " ".join(_WORDS.findall(name)).lower()


class Names:
    """Alias table with search by meaning. Vectors are made when first asked for and are no part of the state.

    A number means nothing, so numbered names, such as those of single things, have no vectors.
    """

    def __init__(self, embed: Embed | None = None) -> None:
        """Start empty; without ``embed`` only names that occur in the question are found."""
        self._embed = embed
        self._ids: dict[str, dict[str, None]] = {}
        self._fresh: list[str] = []  # names that are not looked at yet
        self._texts: list[str] = []
        self._rows: NDArray[np.float32] | None = None
        self._lock = Lock()

    def add(self, name: str, id_: str) -> None:
        """Let a name lead to an id, beside the ids that it leads to already."""
        key = canonical(name)
        if key and key not in self._ids:
            with self._lock:
                self._fresh.append(key)
        if key:
            self._ids.setdefault(key, {})[id_] = None

    def drop(self, id_: str) -> None:
        """Let no name lead to an id any more; names that then lead nowhere go."""
        for name in [name for name, ids in self._ids.items() if id_ in ids]:
            del self._ids[name][id_]
            if not self._ids[name]:
                del self._ids[name]
        self._forget_vectors()

    def ids(self, name: str) -> KeysView[str]:
        """Ids that a name may mean, in order of acquaintance; a view that must not be kept."""
        return self._ids.get(canonical(name), _NONE).keys()

    def candidates(self, name: str, last: int | None = None) -> list[str]:
        """Ids that a name may mean, in order of acquaintance; ``last``: no more than the newest so many."""
        ids = self._ids.get(canonical(name), _NONE)
        return list(ids) if last is None else list(islice(reversed(ids), last))[::-1]

    def mentioned(self, text: str) -> list[str]:
        """Canonical names that occur in a text, plural forms included; a part of a longer name is none."""
        words = canonical(text).split()
        found: dict[str, None] = {}
        i = 0
        while i < len(words):
            for size in range(min(_LONGEST, len(words) - i), 0, -1):
                name = self._known(" ".join(words[i : i + size]))
                if name is not None:
                    found[name] = None
                    i += size - 1
                    break
            i += 1
        return list(found)

    def nearest(self, text: str, count: int) -> list[tuple[str, float]]:
        """Return the canonical names nearest in meaning, with their cosines, best first."""
        if self._embed is None or not self._ids or count <= 0:
            return []
        rows, texts = self._vectors(self._embed)
        if not texts:
            return []
        cosines = rows @ np.asarray(self._embed([text]), np.float32)[0]
        best = np.argpartition(-cosines, count - 1)[:count] if count < len(texts) else np.arange(len(texts))
        ranked = sorted((-float(cosines[k]), texts[k]) for k in best)
        return [(name, -score) for score, name in ranked]

    def state(self) -> dict[str, list[str]]:
        """Return the table as plain data."""
        return {name: list(ids) for name, ids in self._ids.items()}

    def restore(self, state: dict[str, list[str]]) -> None:
        """Replace the table by plain data."""
        self._ids = {name: dict.fromkeys(ids) for name, ids in state.items()}
        self._forget_vectors()

    def _known(self, words: str) -> str | None:
        forms: Iterable[str] = (words, words.removesuffix("s"), words.removesuffix("es"))
        return next((form for form in forms if form in self._ids), None)

    def _forget_vectors(self) -> None:
        with self._lock:
            self._fresh, self._texts, self._rows = list(self._ids), [], None

    def _vectors(self, embed: Embed) -> tuple[NDArray[np.float32], list[str]]:
        with self._lock:
            new = [name for name in self._fresh if not name[-1].isdecimal()]
            if new:
                rows = np.asarray(embed(new), np.float32)
                self._rows = rows if self._rows is None else np.concatenate([self._rows, rows])
                self._texts = self._texts + new
            self._fresh = []
            rows = self._rows if self._rows is not None else np.empty((0, 0), np.float32)
            return rows, self._texts
