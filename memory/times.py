"""Words about time in a question: "where was the cup at 9:00?" asks for the cup, as of nine o'clock.

Understood are times of day ("at 9:00", "at 12:30:05", "at 9 pm", "at noon"), days ("today", "yesterday",
"2 days ago", "on 2026-03-01"), both together ("yesterday at 9:00", "2026-03-01T09:00"), spans ("10 minutes ago",
"half an hour ago") and seconds of the robot's clock ("at 35 s").

Convention
    Stamps before the year 2000 count from the robot's start, later ones are nanoseconds of UTC; days begin at midnight
    UTC, or at the start. A time of day without a day is the latest one that is not to come; since the robot's start,
    "9:00" is nine hours, and nine minutes in the first hour. A day without a time means its end.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from engram.memory.contract import Query

YEAR_2000_NS = 946_684_800 * 10**9
_SECOND = 10**9
_DAY = 86_400 * _SECOND
_UNITS: Mapping[str, int] = {
    "second": _SECOND,
    "sec": _SECOND,
    "s": _SECOND,
    "minute": 60 * _SECOND,
    "min": 60 * _SECOND,
    "hour": 3600 * _SECOND,
    "h": 3600 * _SECOND,
    "day": _DAY,
    "week": 7 * _DAY,
}
_UNIT = "(?P<unit>seconds?|secs?|s|minutes?|mins?|hours?|h|days?|weeks?)"
_COUNT = r"(?P<count>\d+(?:\.\d+)?|an?|one|half an?|two|three|five|ten)"
_WORDS = {"a": 1.0, "an": 1.0, "one": 1.0, "half a": 0.5, "half an": 0.5, "two": 2.0, "three": 3.0, "five": 5.0}
_HOURS = r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d(?:\.\d+)?))?)?"
_TIME = rf"(?:{_HOURS}\s*(?:(?P<half>[ap])\.?m\b\.?|(?P<clock>o'clock\b))?|(?P<name>noon|midnight)\b)"
_DAYS = r"(?P<day>today|yesterday|the day before yesterday|\d{4}-\d\d-\d\d)"
_AGO = re.compile(rf"\b{_COUNT} {_UNIT} ago\b", re.IGNORECASE)
_ELAPSED = re.compile(r"\bat (?:second )?(?P<count>\d+(?:\.\d+)?) ?(?:s|secs?|seconds?)\b", re.IGNORECASE)
_DATED = re.compile(rf"\b(?:on )?{_DAYS}(?:,? at |[ T]){_TIME}(?![\w:])", re.IGNORECASE)
_DAY_ONLY = re.compile(rf"\b(?:on )?{_DAYS}(?![\w:])", re.IGNORECASE)
_TIMED = re.compile(rf"\b(?:at|as of) {_TIME}(?:,? (?:on )?{_DAYS})?(?![\w:])", re.IGNORECASE)


def dated(query: Query, now_ns: int) -> Query:
    """Return the question with its words about time taken out and made its ``at_ns``; one that has none is returned.

    Args:
        query: the question; an ``at_ns`` that it has already stands.
        now_ns: what "ago" and "yesterday" count from, such as the newest stamp of a memory.

    """
    if query.at_ns is not None:
        return query
    for pattern, meaning in _PATTERNS:
        for found in pattern.finditer(query.text):
            at_ns = meaning(found, now_ns)
            if at_ns is not None:
                rest = f"{query.text[: found.start()]} {query.text[found.end() :]}"
                return replace(query, text=_tidied(rest), at_ns=at_ns)
    return query


def _ago(found: re.Match[str], now_ns: int) -> int | None:
    count = found["count"].lower()
    number = _WORDS.get(count) or (10.0 if count == "ten" else float(count))
    unit = found["unit"].lower()
    return now_ns - round(number * _UNITS[unit if unit in _UNITS else unit.removesuffix("s")])


def _elapsed(found: re.Match[str], now_ns: int) -> int | None:
    return round(float(found["count"]) * _SECOND) if now_ns < YEAR_2000_NS else None


def _on_day(found: re.Match[str], now_ns: int) -> int | None:
    day_ns, time_ns = _day(found["day"].lower(), now_ns), _time(found)
    return None if day_ns is None or time_ns is None else day_ns + time_ns


def _end_of(found: re.Match[str], now_ns: int) -> int | None:
    day_ns = _day(found["day"].lower(), now_ns)
    return None if day_ns is None else min(day_ns + _DAY - 1, now_ns)


def _at_time(found: re.Match[str], now_ns: int) -> int | None:
    if not (found["minute"] or found["half"] or found["clock"] or found["name"]):
        return None  # "at 9" may be anything
    if found["day"]:
        return _on_day(found, now_ns)
    time_ns = _time(found)
    if time_ns is None:
        return None
    short = now_ns < _UNITS["hour"] and not (found["second"] or found["half"])
    if short and time_ns > now_ns >= time_ns // 60:
        return time_ns // 60
    at_ns = now_ns // _DAY * _DAY + time_ns
    return at_ns - _DAY if at_ns > now_ns and at_ns >= _DAY else at_ns


def _day(name: str, now_ns: int) -> int | None:
    """Return the first nanosecond of a day; None for one that is in no calendar."""
    back = {"today": 0, "yesterday": 1, "the day before yesterday": 2}.get(name)
    if back is not None:
        return (now_ns // _DAY - back) * _DAY
    try:
        return calendar.timegm(time.strptime(name, "%Y-%m-%d")) * _SECOND
    except ValueError:
        return None


def _time(found: re.Match[str]) -> int | None:
    """Return nanoseconds since midnight; None for what no clock shows."""
    if found["name"]:
        return 12 * _UNITS["hour"] if found["name"].lower() == "noon" else 0
    hour, minute, second = int(found["hour"]), int(found["minute"] or 0), float(found["second"] or 0.0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"].lower() == "p" else 0)
    if hour > 23 or minute > 59 or second >= 60.0:
        return None
    return (3600 * hour + 60 * minute) * _SECOND + round(second * _SECOND)


def _tidied(text: str) -> str:
    return re.sub(r"\s+([?!.,])", r"\1", " ".join(text.split()))


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], int], int | None]], ...] = (
    (_AGO, _ago),
    (_DATED, _on_day),
    (_TIMED, _at_time),
    (_DAY_ONLY, _end_of),
    (_ELAPSED, _elapsed),
)
