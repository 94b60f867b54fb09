"""Export of a memory file to JSON Lines: a header, then one event a line, in order.

What is damaged is left out, so that a torn file gives all it still holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from engram.memory.contract import SCHEMA_VERSION
from engram.memory.errors import CorruptFileError
from engram.memory.log import Log
from engram.memory.records import Row, is_intact, text_of

_STRETCH = 4096


def lines(file: Log) -> Iterator[str]:
    """Yield the lines of an export, without line ends."""
    meta = {"robot": file.robot, "created_ns": int(file.meta("created_ns")), "base": file.base}
    yield text_of({"engram_memory": SCHEMA_VERSION, **meta})
    for row in intact_rows(file):
        yield as_line(row)


def intact_rows(file: Log) -> Iterator[Row]:
    """Yield the rows that can be read and have the right checksum."""
    for first in range(file.base + 1, file.last + 1, _STRETCH):
        for row in _readable(file, first, min(first + _STRETCH - 1, file.last)):
            if is_intact(row):
                yield row


def as_line(row: Row) -> str:
    """Return the row as one line of JSON, without its checksum."""
    head = text_of({k: v for k, v in row._asdict().items() if k not in ("crc", "data")})
    return f'{head[:-1]},"data":{row.data}}}'


def _readable(file: Log, first: int, last: int) -> Iterator[Row]:
    try:
        rows = list(file.rows(first - 1, last))
    except CorruptFileError:
        rows = []
        if first < last:  # some page of the stretch is torn: look on either side of it
            middle = (first + last) // 2
            yield from _readable(file, first, middle)
            yield from _readable(file, middle + 1, last)
    yield from rows
