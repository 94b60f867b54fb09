"""Traces of the house of boxes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from engram.agents.tidy import TidyConfig
from engram.evaluation.contract import TraceConfig, Tracing
from engram.evaluation.tidy import TidyTask, run_tidy
from engram.evaluation.trace.reader import Trace
from engram.evaluation.trace.tidy import decided

TASK = TidyTask(
    seed=7, mess=3, perception="oracle", width=64, height=64, max_steps=80, agent=TidyConfig(explore_steps=12)
)


@pytest.fixture(scope="session")
def record(make_world):
    """Write a trace of the boxes, and return the run."""

    def write(path: Path, task: TidyTask = TASK, **keep):
        return run_tidy(task, make=make_world, tracing=Tracing(path, TraceConfig(**keep)))

    return write


@pytest.fixture(scope="session")
def recorded(record, tmp_path_factory):
    """One run and its trace, which no test may change."""
    path = tmp_path_factory.mktemp("trace") / "boxes.mcap"
    return record(path, chunk_bytes=8192), path


@pytest.fixture(scope="session")
def whole(record, tmp_path_factory):
    """A trace that keeps all observations of a short run."""
    path = tmp_path_factory.mktemp("trace") / "all.mcap"
    record(path, replace(TASK, max_steps=20), observations="all")
    return Trace(path)


@pytest.fixture
def trace(recorded) -> Trace:
    return Trace(recorded[1])


@pytest.fixture(scope="session")
def boxes(make_world):
    """Return what decides a trace of the boxes again."""
    return partial(decided, make=make_world)


@pytest.fixture(scope="session")
def rewrite():
    """Copy a trace, its messages passed through a function of topic, number and bytes; None leaves one out."""
    from mcap.reader import make_reader
    from mcap.writer import Writer

    def copy(source: Path, to: Path, change) -> Path:
        with source.open("rb") as read, to.open("wb") as out:
            writer, ids = Writer(out), {}
            writer.start()
            for schema, channel, message in make_reader(read).iter_messages(log_time_order=False):
                if channel.topic not in ids:
                    known = writer.register_schema(schema.name, schema.encoding, schema.data)
                    ids[channel.topic] = writer.register_channel(channel.topic, channel.message_encoding, known)
                data = change(channel.topic, message.sequence, message.data)
                if data is not None:
                    writer.add_message(ids[channel.topic], message.log_time, data, message.log_time, message.sequence)
            writer.finish()
        return to

    return copy
