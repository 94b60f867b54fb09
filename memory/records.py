"""Rows of the log: events as plain values with a checksum."""

from __future__ import annotations

import json
import zlib
from typing import Any, NamedTuple

from engram.memory.contract import Event, Source

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Row(NamedTuple):
    """An event as it lies in the log; ``data`` is JSON with sorted keys."""

    seq: int
    store: str
    kind: str
    robot: str
    episode: str
    step: int
    stamp_ns: int
    data: str
    crc: int


class Draft(NamedTuple):
    """An event and its data as JSON: encoded once, by whoever proposes it."""

    event: Event
    text: str


def to_draft(event: Event) -> Draft:
    """Encode an event; its data are then what will be read back, with lists for tuples.

    Raises TypeError or ValueError for data that is not plain JSON; NaN and infinity are not.
    """
    text = text_of(event.data)
    return Draft(Event(event.store, event.kind, event.source, json.loads(text)), text)


def to_row(seq: int, event: Event, text: str) -> Row:
    """Return the row of an event; ``text`` is its encoded data."""
    s = event.source
    fields = (seq, event.store, event.kind, s.robot, s.episode, int(s.step), int(s.stamp_ns), text)
    return Row(*fields, crc=_checksum(fields))


def to_event(row: Row) -> Event:
    """Return the event of a row."""
    return Event(row.store, row.kind, Source(row.robot, row.episode, row.step, row.stamp_ns), json.loads(row.data))


def is_intact(row: Row) -> bool:
    """Whether the row is as it was written."""
    return _checksum(row[:-1]) == row.crc


def text_of(data: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, no NaN."""
    return _ENCODER.encode(data)


def _checksum(fields: tuple[Any, ...]) -> int:
    return zlib.crc32("\x1f".join(map(str, fields)).encode("utf-8", "surrogatepass"))
