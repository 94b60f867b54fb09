from __future__ import annotations

import calendar

import pytest

from engram.memory.contract import Query
from engram.memory.times import dated

SECOND = 10**9
HOUR = 3600 * SECOND


def utc(*fields: int) -> int:
    return calendar.timegm((*fields, 0, 0, 0)[:6]) * SECOND


NOW = utc(2026, 3, 10, 15, 20, 0)


@pytest.mark.parametrize(
    ("words", "at_ns"),
    [
        ("at 9:00", utc(2026, 3, 10, 9)),
        ("at 12:30:05", utc(2026, 3, 10, 12, 30, 5)),
        ("at 9 am", utc(2026, 3, 10, 9)),
        ("at 12 a.m.", utc(2026, 3, 10)),
        ("at 12:15pm", utc(2026, 3, 10, 12, 15)),
        ("at 9 o'clock", utc(2026, 3, 10, 9)),
        ("at noon", utc(2026, 3, 10, 12)),
        ("at 20:00", utc(2026, 3, 9, 20)),  # today's is still to come
        ("yesterday at 9:00", utc(2026, 3, 9, 9)),
        ("at 9:00 yesterday", utc(2026, 3, 9, 9)),
        ("Yesterday", utc(2026, 3, 10) - 1),
        ("today", NOW),
        ("the day before yesterday", utc(2026, 3, 9) - 1),
        ("on 2026-02-28", utc(2026, 3, 1) - 1),
        ("on 2026-02-28 at 7:30", utc(2026, 2, 28, 7, 30)),
        ("at 7:30 on 2026-02-28", utc(2026, 2, 28, 7, 30)),
        ("2026-02-28T07:30:09", utc(2026, 2, 28, 7, 30, 9)),
        ("10 minutes ago", NOW - 600 * SECOND),
        ("an hour ago", NOW - HOUR),
        ("half an hour ago", NOW - HOUR // 2),
        ("1.5 h ago", NOW - 3 * HOUR // 2),
        ("two days ago", NOW - 48 * HOUR),
        ("ten seconds ago", NOW - 10 * SECOND),
    ],
)
def test_words_about_time_become_the_time_that_is_asked_about(words, at_ns):
    assert dated(Query(f"where was the cup {words}?", limit=3), NOW) == Query("where was the cup?", 3, at_ns)
    assert dated(Query(f"{words}, where was the cup?"), NOW).at_ns == at_ns


@pytest.mark.parametrize(
    ("words", "at_ns"),
    [
        ("at 9:00", 9 * HOUR),
        ("at 35 s", 35 * SECOND),
        ("at 12.5 seconds", 25 * SECOND // 2),
        ("at 0:01:30", 90 * SECOND),
        ("2 minutes ago", 10 * HOUR - 120 * SECOND),
        ("at 11:00", 11 * HOUR),  # there is no day before the first
    ],
)
def test_a_clock_that_counts_from_the_robots_start(words, at_ns):
    assert dated(Query(f"where was the cup {words}"), 10 * HOUR) == Query("where was the cup", at_ns=at_ns)


@pytest.mark.parametrize(
    ("words", "at_ns"), [("at 9:00", 540), ("at 0:35", 35), ("at 0:01:30", 90), ("at 10:01", 36060)]
)
def test_a_clock_that_has_run_for_ten_minutes_shows_minutes(words, at_ns):
    assert dated(Query(f"where was the cup {words}?"), 600 * SECOND).at_ns == at_ns * SECOND


@pytest.mark.parametrize(
    "text",
    [
        "where is the cup?",
        "what is at 9?",
        "put it at 25:00",
        "the vase at 9:99",
        "meet at 13 pm",
        "on 2026-02-30",
        "at 35 s",  # the robot's clock shows the time of day
        "what lies at Shelf_9",
        "at 9:00:00:00",
    ],
)
def test_other_words_stay(text):
    assert dated(Query(text), NOW) == Query(text)


def test_a_time_that_is_given_stands():
    query = Query("where was the cup at 9:00?", at_ns=5)
    assert dated(query, NOW) is query
