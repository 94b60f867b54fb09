"""Words of English text as retrieval counts them: lower case, without stop words, cut to a stem."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_STOP = (
    "a about after all also am an and any are aren't as at be because been before being both but by can can't could "
    "couldn't did didn't do does doesn't doing don't down during each few for from further get gets got had hadn't has "
    "hasn't have haven't having he he's her here hers herself him himself his how i i'd i'll i'm i've if in into is "
    "isn't it it's its itself just let let's me more most my myself no nor not now of off on once only or other our "
    "ours ourselves out over own really same shan't she she's should shouldn't so some such than that that's the their "
    "theirs them themselves then there there's these they they're they've this those through to too under until up "
    "upon us very was wasn't we we're we've were weren't what what's when where which while who whom whose why will "
    "with won't would wouldn't you you'd you'll you're you've your yours yourself yourselves"
)
STOP_WORDS = frozenset(_STOP.split())
_VOWELS = frozenset("aeiouy")
_IRREGULAR = {
    "bought": "buy",
    "brought": "bring",
    "came": "come",
    "children": "child",
    "felt": "feel",
    "found": "find",
    "gave": "give",
    "given": "give",
    "gone": "go",
    "kept": "keep",
    "knives": "knife",
    "knew": "know",
    "left": "leave",
    "lost": "lose",
    "made": "make",
    "making": "make",
    "men": "man",
    "met": "meet",
    "moving": "move",
    "people": "person",
    "ran": "run",
    "said": "say",
    "sang": "sing",
    "saw": "see",
    "seen": "see",
    "sent": "send",
    "shelves": "shelf",
    "sold": "sell",
    "spent": "spend",
    "spoke": "speak",
    "taken": "take",
    "taking": "take",
    "taught": "teach",
    "thought": "think",
    "told": "tell",
    "took": "take",
    "went": "go",
    "women": "woman",
    "won": "win",
    "wrote": "write",
    "written": "write",
}
_ENDINGS = (
    ("ational", "at"),
    ("fulness", "ful"),
    ("iveness", "iv"),
    ("ization", "iz"),
    ("ations", "at"),
    ("ation", "at"),
    ("ities", "iti"),
    ("ments", "ment"),
    ("ingly", ""),
    ("edly", ""),
    ("ness", ""),
    ("ing", ""),
    ("ied", "i"),
    ("ies", "i"),
    ("ely", ""),
    ("ed", ""),
    ("es", ""),
    ("ly", ""),
    ("er", ""),
    ("s", ""),
    ("e", ""),
    ("y", "i"),
)


def words(text: str, stop: bool = True) -> list[str]:
    """Return the stems of a text in order, stop words left out unless ``stop`` is False."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'")).encode("ascii", "ignore").decode().lower()
    found = _WORD.findall(_split_names(plain, text))
    return [stem(word) for word in found if not (stop and word in STOP_WORDS)]


def _split_names(plain: str, text: str) -> str:
    """Add the parts of names such as CoffeeTable or coffee_table to a text that has some."""
    if "_" in text:
        plain = plain.replace("_", " ")
    parts = re.findall(r"\b(?:[A-Z][a-z]+){2,}\b", text)
    return " ".join([plain, *(p.lower() for name in parts for p in re.findall("[A-Z][a-z]+", name))])


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a word without its inflection; a light suffix stripper, for matching and not for showing."""
    word = word.removesuffix("'s").replace("'", "")
    word = _IRREGULAR.get(word, word)
    for ending, replacement in _ENDINGS:
        body = word[: -len(ending)]
        if word.endswith(ending) and len(body) >= 3 and _VOWELS & set(body):
            if ending == "s" and body[-1] in "su":
                return word
            word = body + replacement
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word
